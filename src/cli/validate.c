/* heddle validate: published measurements of chips against simulations, exit code 1 when an error is outside its band; or a user's own measurements against a trace. */
#include "config.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/simulation.h"

#include <heddle/measured.h>
#include <heddle/validate.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *folder;      /* where the targets' files are */
  char *output;      /* a folder for traces */
  char *svg;
  char *measured;    /* the user's own measurements, for the trace that is the argument */
} Options;

static void
options_clear (Options *self)
{
  g_free (self->folder);
  g_free (self->output);
  g_free (self->svg);
  g_free (self->measured);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* --- files ------------------------------------------------------------------------------------ */

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The *.xml of @folder, in the order of their names. */
static char **
list_files (const char *folder)
{
  GPtrArray *paths = g_ptr_array_new ();
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  for (const char *name; directory != NULL && (name = g_dir_read_name (directory)) != NULL;)
    if (g_str_has_suffix (name, ".xml"))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (paths, compare_names);
  g_ptr_array_add (paths, NULL);
  return (char **) g_ptr_array_free (paths, FALSE);
}

/* The files of the folder here; else those that were installed; else those of an installation that was moved, or of the tree in which this program was built. */
static char **
find_default_files (void)
{
  static const char *const BESIDE[] = { "../share/heddle/validation", "validation", "../validation", "../../validation", NULL };
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL), *home = program != NULL ? g_path_get_dirname (program) : NULL;
  char **paths = list_files ("validation");
  if (paths[0] == NULL) {
    g_strfreev (paths);
    paths = list_files (HD_DATA_FOLDER "/validation");
  }
  for (guint i = 0; BESIDE[i] != NULL && paths[0] == NULL && home != NULL; i++) {
    g_autofree char *folder = g_canonicalize_filename (BESIDE[i], home);
    g_strfreev (paths);
    paths = list_files (folder);
  }
  return paths;
}

static char **
find_files (const char *folder, GError **error)
{
  g_auto (GStrv) paths = folder != NULL ? list_files (folder) : find_default_files ();
  if (paths[0] != NULL)
    return g_steal_pointer (&paths);
  if (folder != NULL)
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: no *.xml there - expected a folder with files of targets", folder);
  else
    g_set_error_literal (error, HD_ERROR, HD_ERROR_NO_INPUT, "no targets in ./validation or " HD_DATA_FOLDER "/validation - expected --folder FOLDER, or a file of targets as an argument");
  return NULL;
}

/* Arguments that end in .xml are files of targets; the others are ids. */
static HdValidation *
load (const Options *options, char **arguments, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new (), ids = g_ptr_array_new ();
  for (; *arguments != NULL; arguments++)
    g_ptr_array_add (g_str_has_suffix (*arguments, ".xml") ? files : ids, *arguments);
  g_auto (GStrv) found = NULL;
  if (files->len == 0) {
    found = find_files (options->folder, error);
    for (char **path = found; path != NULL && *path != NULL; path++)
      g_ptr_array_add (files, *path);
  }
  g_autoptr (HdValidation) validation = files->len > 0 ? hd_validation_load ((const char *const *) files->pdata, files->len, error) : NULL;
  if (validation == NULL || (ids->len > 0 && !hd_validation_select (validation, (const char *const *) ids->pdata, ids->len, error)))
    return NULL;
  return g_steal_pointer (&validation);
}

/* --- outputs ---------------------------------------------------------------------------------- */

static gboolean
write_svg (const HdValidation *validation, const char *path, GError **error)
{
  HdFile *file = hd_file_create (path, error);
  if (file == NULL)
    return FALSE;
  hd_validation_svg (validation, file->stream);
  return hd_file_commit (file, error);
}

/* One trace for each run: the same run again, this time recorded. */
static int
write_trace (const HdValidationRun *run, const char *folder)
{
  g_auto (CliInputs) inputs = { .platform_path = g_strdup (run->platform_path), .workload_path = g_strdup (run->workload_path), .mapping_path = g_strdup (run->mapping_path), .pass = g_strdup (run->pass) };
  g_autofree char *name = g_strconcat (run->id, ".h5", NULL), *path = g_build_filename (folder, name, NULL);
  GError *error = NULL;
  g_autoptr (HdSchedule) schedule = cli_inputs_load (&inputs, &error) ? cli_inputs_schedule (&inputs, &error) : NULL;
  if (schedule == NULL)
    return cli_fail (error);
  g_autofree char *recipe = cli_inputs_recipe (&inputs);
  CliTraceOptions options = { .output = path };
  return cli_record_schedule (inputs.platform, schedule, recipe, &options);
}

static int
write_traces (const HdValidation *validation, const char *folder)
{
  if (g_mkdir_with_parents (folder, 0777) != 0) {
    fprintf (stderr, "heddle: %s: cannot be created: %s\n", folder, g_strerror (errno));
    return HD_ERROR_CREATE;
  }
  for (guint r = 0; r < validation->n_runs; r++) {
    int status = hd_validation_needs_run (validation, r) ? write_trace (&validation->run[r], folder) : 0;
    if (status != 0)
      return status;
  }
  return 0;
}

/* --- the user's own measurements ---------------------------------------------------------------- */

static gboolean
write_measured_svg (const HdMeasured *measured, const char *path, GError **error)
{
  HdFile *file = hd_file_create (path, error);
  if (file == NULL)
    return FALSE;
  hd_measured_svg (measured, file->stream);
  return hd_file_commit (file, error);
}

static int
compare_measured (const Options *options, const CliCommon *common, char **arguments)
{
  GError *error = NULL;
  if (options->folder != NULL || options->output != NULL)
    return cli_usage ("--measured %s beside %s - expected a trace as the argument, and --svg or --json at most", options->measured, options->folder != NULL ? "--folder" : "--output");
  if (g_strv_length (arguments) != 1)
    return cli_usage ("--measured %s with %u arguments - expected one, the trace that the measurements are held against", options->measured, g_strv_length (arguments));
  g_autoptr (HdTrace) trace = hd_trace_open (arguments[0], &error);
  g_autoptr (HdMeasured) measured = trace != NULL ? hd_measured_load (options->measured, trace, &error) : NULL;
  if (measured == NULL || (options->svg != NULL && !write_measured_svg (measured, options->svg, &error)))
    return cli_fail (error);
  g_autoptr (GString) text = g_string_new (NULL);
  (common->json ? hd_measured_json : hd_measured_text) (measured, text);
  fputs (text->str, stdout);
  return 0;
}

int
cli_validate (int argc, char **argv)
{
  int status;
  g_auto (Options) options = { NULL };
  CliCommon common = { 0 };
  const GOptionEntry entries[] = {
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &options.folder, "Where the files of targets are (default: ./validation, else the installed ones)", "FOLDER" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "A folder for a trace of each run", "FOLDER" },
    { "svg", 0, 0, G_OPTION_ARG_FILENAME, &options.svg, "Draw the errors", "FILE.svg" },
    { "measured", 0, 0, G_OPTION_ARG_FILENAME, &options.measured, "Your own measurements (CSV: layer, and start and end, or cycles), held against the trace that is the argument", "FILE.csv" },
    { NULL },
  };
  if (!cli_parse (&argc, &argv, entries, &common, 0, G_MAXINT, &status))
    return status;
  if (options.measured != NULL)
    return compare_measured (&options, &common, argv + 1);
  GError *error = NULL;
  g_autoptr (HdValidation) validation = load (&options, argv + 1, &error);
  if (validation == NULL)
    return cli_fail (error);
  cli_catch_signals ();
  if (!hd_validation_simulate (validation, &cli_signal, &error) || (options.svg != NULL && !write_svg (validation, options.svg, &error)))
    return cli_fail (error);
  if (options.output != NULL && (status = write_traces (validation, options.output)) != 0)
    return status;
  g_autoptr (GString) text = g_string_new (NULL);
  if (common.json)
    hd_validation_json (validation, text);
  else
    hd_validation_text (validation, text);
  fputs (text->str, stdout);
  return hd_validation_inside (validation) ? 0 : HD_ERROR_NEGATIVE;
}
