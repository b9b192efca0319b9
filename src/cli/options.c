/* Options, errors and signals, the same for every command. */
#include "config.h"
#include "cli/cli.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile int cli_signal = 0;

static void
raise_flag (int number)
{
  if (cli_signal != 0)
    _exit (128 + number);
  cli_signal = number;
}

void
cli_catch_signals (void)
{
  struct sigaction action = { .sa_handler = raise_flag };
  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
}

gboolean
cli_reader_left (void)
{
  struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
  return poll (&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

int
cli_fail (GError *error)
{
  int status = error->domain == HD_ERROR ? error->code : HD_ERROR_NEGATIVE;
  /* What was written to /dev/stdout: main() ends as others do. */
  if (status == HD_ERROR_WRITE && cli_reader_left ()) {
    g_error_free (error);
    return status;
  }
  if (cli_signal != 0)
    status = 128 + cli_signal;
  fprintf (stderr, "heddle: %s\n", error->message);
  g_error_free (error);
  return status;
}

int
cli_usage (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "%s: %s\nTry \"%s --help\".\n", g_get_prgname (), message, g_get_prgname ());
  return HD_ERROR_USAGE;
}

void
cli_note (const CliCommon *common, const char *format, ...)
{
  if (common->quiet)
    return;
  va_list args;
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
}

static const char *
arguments_line (const char *command)
{
  static const struct { const char *name, *line; } LINES[] = {
    { "heddle import", "MODEL.onnx" },         { "heddle check", "FILE..." },
    { "heddle schedule", "" },                 { "heddle simulate", "PLATFORM SCHEDULE" },
    { "heddle run", "" },                      { "heddle inspect", "TRACE.h5" },
    { "heddle export", "TRACE.h5|PLATFORM" },  { "heddle compare", "A.h5 B.h5" },
    { "heddle validate", "[TARGET...]" },
    { "heddle explore", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (LINES); i++)
    if (g_str_equal (LINES[i].name, command))
      return LINES[i].line;
  return "";
}

gboolean
cli_parse (int *argc, char ***argv, const GOptionEntry *entries, CliCommon *common, int least, int most, int *status)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (arguments_line (g_get_prgname ()));
  gboolean help = FALSE;
  const GOptionEntry help_entry[] = { { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL }, { NULL } };
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, help_entry, NULL);
  if (common != NULL) {
    const GOptionEntry common_entries[] = {
      { "json", 0, 0, G_OPTION_ARG_NONE, &common->json, "Print one JSON object with stable keys", NULL },
      { "quiet", 'q', 0, G_OPTION_ARG_NONE, &common->quiet, "Print the result only", NULL },
      { NULL },
    };
    g_option_context_add_main_entries (context, common_entries, NULL);
  }
  if (!g_option_context_parse (context, argc, argv, &local)) {
    *status = cli_usage ("%s", local->message);
    return FALSE;
  }
  if (help) {
    g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
    fputs (text, stdout);
    *status = 0;
    return FALSE;
  }
  /* A "--" that ended the options is left behind by GOption. */
  if (*argc > 1 && g_str_equal ((*argv)[1], "--")) {
    memmove (*argv + 1, *argv + 2, (gsize) (*argc - 1) * sizeof **argv);
    *argc -= 1;
  }
  if (*argc - 1 < least || *argc - 1 > most) {
    *status = *argc - 1 < least ? cli_usage ("an argument is missing: %s", arguments_line (g_get_prgname ())) : cli_usage ("\"%s\" is one argument too many", (*argv)[most + 1]);
    return FALSE;
  }
  return TRUE;
}

void
cli_keep_memory (void)
{
#ifdef __GLIBC__
  mallopt (M_MMAP_THRESHOLD, 32 << 20);
  mallopt (M_TRIM_THRESHOLD, 256 << 20);
#endif
}
