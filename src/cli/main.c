/* The program: a table of commands, and nothing else that a command could do itself. */
#include "config.h"
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const CliCommand COMMANDS[] = {
  { "import", cli_import, "MODEL.onnx -o WORKLOAD.xml", "turn an ONNX model into a workload file" },
  { "check", cli_check, "FILE...", "check platform, workload, mapping, schedule, trace and validation files" },
  { "cost", cli_cost, "-p PLATFORM -w WORKLOAD [--core ID] [--layer ID]", "what layers cost on a core: the core cost model alone" },
  { "schedule", cli_schedule, "-p PLATFORM -w WORKLOAD [-m MAPPING] -o SCHEDULE", "place and order computation nodes and transfers" },
  { "simulate", cli_simulate, "PLATFORM SCHEDULE [-o TRACE.h5]", "run a schedule on a platform" },
  { "run", cli_run, "-p PLATFORM -w WORKLOAD [-m MAPPING] [-o TRACE.h5]", "schedule and simulate" },
  { "explore", cli_explore, "-p PLATFORM -w WORKLOAD [-m MAPPING] [--objective LIST]", "search mappings for the best by one or more objectives" },
  { "inspect", cli_inspect, "TRACE.h5", "where did the cycles go" },
  { "export", cli_export, "FILE --format FORMAT -o FILE", "draw a trace or platform, or convert a trace" },
  { "compare", cli_compare, "A.h5 B.h5", "the first difference of two traces, and what changed" },
  { "validate", cli_validate, "[TARGET...]", "published measurements of chips against simulations" },
};

static void
print_usage (FILE *out)
{
  fputs ("usage: heddle COMMAND [OPTION...] [ARGUMENT...]\n\ncommands:\n", out);
  for (gsize i = 0; i < G_N_ELEMENTS (COMMANDS); i++)
    fprintf (out, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].help);
  fputs ("\nheddle COMMAND --help tells the options of a command; heddle --version tells the versions.\n", out);
}

static int
unknown_command (const char *name)
{
  const char *names[G_N_ELEMENTS (COMMANDS)];
  for (gsize i = 0; i < G_N_ELEMENTS (COMMANDS); i++)
    names[i] = COMMANDS[i].name;
  const char *near = hd_suggest (name, names, G_N_ELEMENTS (COMMANDS));
  fprintf (stderr, "heddle: there is no command \"%s\"", name);
  if (near != NULL)
    fprintf (stderr, " - did you mean \"%s\"?", near);
  fputs ("\n", stderr);
  print_usage (stderr);
  return HD_ERROR_USAGE;
}

/* A result that did not reach its reader is a failure, whatever the command thought. A reader that has left (`heddle ... | head`) wants no more, nor a message:
 * the program ends by SIGPIPE as others do, but only here, when all else is done. */
static int
finish_output (int status)
{
  gboolean lost = fflush (stdout) != 0 || ferror (stdout) || status == HD_ERROR_WRITE;
  if (lost && cli_reader_left ()) {
    signal (SIGPIPE, SIG_DFL);
    raise (SIGPIPE);
  }
  if (lost && (status == 0 || status == HD_ERROR_NEGATIVE)) {
    fputs ("heddle: the standard output cannot be written\n", stderr);
    return HD_ERROR_WRITE;
  }
  return status;
}

static int
run_command (const CliCommand *command, int argc, char **argv)
{
  g_autofree char *program = g_strdup_printf ("heddle %s", command->name);
  g_set_prgname (program);
  return command->function (argc, argv);
}

int
main (int argc, char **argv)
{
  cli_keep_memory ();
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* a file that may not grow is an error with a message, like a full disk */
  if (argc < 2) {
    print_usage (stderr);
    return HD_ERROR_USAGE;
  }
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help")) {
    print_usage (stdout);
    return finish_output (0);
  }
  if (g_str_equal (argv[1], "--version")) {
    printf ("heddle %s (GLib %u.%u.%u)\n", PACKAGE_VERSION, glib_major_version, glib_minor_version, glib_micro_version);
    return finish_output (0);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (COMMANDS); i++)
    if (g_str_equal (argv[1], COMMANDS[i].name))
      return finish_output (run_command (&COMMANDS[i], argc - 1, argv + 1));
  return unknown_command (argv[1]);
}
