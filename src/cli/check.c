/* heddle check: is a file what it should be? Platform, workload, mapping, schedule, trace and validation files, told apart by what is in them.
 *
 * Files that stand on one command line are used for each other: a mapping is checked against the workload and platform before it, a schedule against its platform, a trace against its
 * schedule. A trace that heddle itself scheduled brings all of that along (check-trace.c).
 */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/simulation.h"

#include "base/file.h"
#include "base/json.h"
#include <heddle/trace.h>
#include <heddle/validate.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef enum { FILE_PLATFORM, FILE_WORKLOAD, FILE_MAPPING, FILE_SCHEDULE, FILE_TRACE, FILE_VALIDATION } FileKind;

typedef struct {
  HdPlatform *platform;
  HdWorkload *workload;
  HdSchedule *schedule;
} Context;

static void
context_clear (Context *self)
{
  g_clear_pointer (&self->schedule, hd_schedule_unref);
  g_clear_pointer (&self->workload, hd_workload_unref);
  g_clear_pointer (&self->platform, hd_platform_unref);
}

/* --- what a file is ------------------------------------------------------------------------------------- */

/* The name of the first element, after declarations and comments; "" when there is none in the first bytes. */
static char *
root_element (const char *text)
{
  const char *p = text;
  while ((p = strchr (p, '<')) != NULL) {
    if (g_str_has_prefix (p, "<!--")) {
      const char *end = strstr (p, "-->");
      p = end != NULL ? end : p + strlen (p);
    } else if (p[1] == '?' || p[1] == '!') {
      p++;
    } else {
      return g_strndup (p + 1, strspn (p + 1, "abcdefghijklmnopqrstuvwxyz-"));
    }
  }
  return g_strdup ("");
}

/* What is no file may be a platform in one line. What cannot be told is taken for a workload in ONNX, whose importer says what is wrong; HDF5 that is no schedule for a trace. */
static gboolean
find_kind (const char *path, FileKind *kind, GError **error)
{
  static const struct { const char *root; FileKind kind; } ROOTS[] = {
    { "platform", FILE_PLATFORM }, { "workload", FILE_WORKLOAD }, { "mapping", FILE_MAPPING }, { "schedule", FILE_SCHEDULE },
    { "validation", FILE_VALIDATION },
  };
  char head[65536] = { 0 }; /* files begin with long comments */
  if (!g_file_test (path, G_FILE_TEST_EXISTS) && strchr (path, ':') != NULL) {
    *kind = FILE_PLATFORM;
    return TRUE;
  }
  if (!hd_file_is_there (path, error))
    return FALSE;
  FILE *file = fopen (path, "rbe");
  if (file == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: cannot be read: %s", path, g_strerror (errno));
    return FALSE;
  }
  gsize n = fread (head, 1, sizeof head - 1, file);
  fclose (file);
  *kind = FILE_WORKLOAD;
  if ((n >= 8 && memcmp (head, "\211HDF\r\n\032\n", 8) == 0) || g_str_has_suffix (path, ".h5")) {
    *kind = hd_schedule_is_hdf5 (path) ? FILE_SCHEDULE : FILE_TRACE;
    return TRUE;
  }
  g_autofree char *root = root_element (head);
  for (gsize i = 0; i < G_N_ELEMENTS (ROOTS); i++)
    if (g_str_equal (root, ROOTS[i].root))
      *kind = ROOTS[i].kind;
  return TRUE;
}

/* --- each kind --------------------------------------------------------------------------------------------- */

static gboolean
lacks (const char *path, const char *what, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "%s: to check it, give its %s before it: heddle check %s %s", path, what, what, path);
  return FALSE;
}

static gboolean
check_mapping (Context *self, const char *path, GError **error)
{
  if (self->platform == NULL || self->workload == NULL)
    return lacks (path, self->platform == NULL ? "PLATFORM" : "WORKLOAD", error);
  g_autoptr (HdMapping) mapping = hd_mapping_load (path, self->workload, self->platform, error);
  return mapping != NULL;
}

static gboolean
check_schedule (Context *self, const char *path, GError **error)
{
  if (self->platform == NULL)
    return lacks (path, "PLATFORM", error);
  g_clear_pointer (&self->schedule, hd_schedule_unref);
  self->schedule = hd_schedule_load (path, self->platform, error);
  return self->schedule != NULL && hd_schedule_check (self->schedule, self->platform, error);
}

static gboolean
check_trace (Context *self, const char *path, GError **error)
{
  g_autoptr (HdTrace) trace = hd_trace_open (path, error);
  if (trace == NULL)
    return FALSE;
  if (self->schedule == NULL && !hd_trace_has (trace, "/meta/recipe"))
    return lacks (path, "PLATFORM SCHEDULE", error);
  return cli_check_trace (trace, self->platform, self->schedule, error);
}

static gboolean
check_validation (const char *path, GError **error)
{
  g_autoptr (HdValidation) validation = hd_validation_load (&path, 1, error);
  return validation != NULL;
}

static gboolean
check_file (Context *self, const char *path, const char **word, GError **error)
{
  static const char *const WORD[] = { "platform", "workload", "mapping", "schedule", "trace", "validation" };
  FileKind kind;
  if (!find_kind (path, &kind, error))
    return FALSE;
  *word = WORD[kind];
  switch (kind) {
  case FILE_PLATFORM:
    g_clear_pointer (&self->platform, hd_platform_unref);
    self->platform = cli_load_platform (path, error);
    return self->platform != NULL;
  case FILE_WORKLOAD:
    g_clear_pointer (&self->workload, hd_workload_unref);
    self->workload = hd_workload_load (path, NULL, error);
    return self->workload != NULL;
  case FILE_MAPPING:
    return check_mapping (self, path, error);
  case FILE_SCHEDULE:
    return check_schedule (self, path, error);
  case FILE_TRACE:
    return check_trace (self, path, error);
  case FILE_VALIDATION:
    return check_validation (path, error);
  }
  g_assert_not_reached ();
}

static int
print_template (const char *what)
{
  if (!g_str_equal (what, "platform"))
    return cli_usage ("--template %s - expected platform", what);
  fputs (hd_platform_template_xml (), stdout);
  return 0;
}

/* One file more in the list of --json: what it is, and what is wrong with it. */
static void
add_json (HdJson *json, const char *path, const char *word, const GError *error)
{
  hd_json_open_object (json, NULL);
  hd_json_string (json, "file", path);
  hd_json_string (json, "kind", word);
  hd_json_u64 (json, "code", error != NULL ? (guint64) error->code : 0);
  if (error != NULL)
    hd_json_string (json, "message", error->message);
  hd_json_close_object (json);
}

/* The exit code is the worst of all files. */
static int
check_files (int argc, char **argv, const CliCommon *common)
{
  int status = 0;
  Context context = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  HdJson json = { .text = text };
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-check-1");
  hd_json_open_array (&json, "files");
  for (int i = 1; i < argc; i++) {
    GError *error = NULL;
    const char *word = "file";
    gboolean fine = check_file (&context, argv[i], &word, &error);
    if (common->json)
      add_json (&json, argv[i], word, error);
    else if (fine && !common->quiet)
      printf ("%s: %s, fine\n", argv[i], word);
    if (!fine) {
      int fault = cli_fail (error);
      status = MAX (status, fault);
    }
  }
  hd_json_close_array (&json);
  hd_json_close_object (&json);
  if (common->json)
    puts (text->str);
  context_clear (&context);
  return status;
}

int
cli_check (int argc, char **argv)
{
  int status = 0;
  CliCommon common = { 0 };
  g_autofree char *template = NULL;
  const GOptionEntry entries[] = {
    { "template", 0, 0, G_OPTION_ARG_STRING, &template, "Print a commented file to start from, instead: platform", "KIND" },
    { NULL },
  };
  if (!cli_parse (&argc, &argv, entries, &common, 0, G_MAXINT, &status))
    return status;
  if (template != NULL)
    return print_template (template);
  if (argc < 2)
    return cli_usage ("an argument is missing: FILE...");
  return check_files (argc, argv, &common);
}
