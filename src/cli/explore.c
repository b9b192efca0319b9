/* heddle explore: searches mappings, by one or more objectives, and tells the Pareto front. */
#include "config.h"
#include "base/file.h"
#include "cli/explore.h"

#include <heddle/units.h>

#include <glib/gstdio.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_EVALUATIONS = 2000, NOT_GIVEN = G_MININT };

static const char *const METRICS[HD_N_METRICS] = {
  [HD_METRIC_CYCLES] = "latency", [HD_METRIC_ENERGY] = "energy", [HD_METRIC_EDP] = "edp", [HD_METRIC_MEMORY] = "peak-memory", [HD_METRIC_DRAM] = "traffic",
};

const char *
cli_metric_name (HdMetric metric)
{
  return METRICS[metric];
}

static void
explore_clear (CliExplore *self)
{
  cli_candidate_clear (&self->given);
  g_clear_error (&self->given_error);
  g_clear_pointer (&self->front, g_array_unref);
  g_clear_pointer (&self->starts, g_array_unref);
  hd_search_result_free (self->result);
  hd_explore_space_unref (self->space);
  g_free (self->objectives);
  g_free (self->method);
  g_free (self->vary);
  g_free (self->svg);
  g_free (self->output);
  g_free (self->folder);
  cli_inputs_clear (&self->inputs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliExplore, explore_clear)

/* --- options ---------------------------------------------------------------------------------------------- */

static gboolean
parse_options (CliExplore *self, CliCommon *common, int *argc, char ***argv, int *status)
{
  const GOptionEntry entries[] = {
    { "platform", 'p', 0, G_OPTION_ARG_FILENAME, &self->inputs.platform_path, "The platform file, or a platform in one line", "PLATFORM" },
    { "workload", 'w', 0, G_OPTION_ARG_FILENAME, &self->inputs.workload_path, "The workload: XML or ONNX", "WORKLOAD" },
    { "mapping", 'm', 0, G_OPTION_ARG_FILENAME, &self->inputs.mapping_path, "A mapping to begin from, and to hold the front against", "MAPPING" },
    { "objective", 0, 0, G_OPTION_ARG_STRING, &self->objectives, "What is minimised: latency, energy, edp, peak-memory, traffic, or several with commas (default: latency,energy)", "LIST" },
    { "evaluations", 0, 0, G_OPTION_ARG_INT, &self->evaluations, "How many mappings are scheduled and run (default: 2000)", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &self->seconds, "End after so long, whatever was found (the result then depends on the machine)", "S" },
    { "method", 0, 0, G_OPTION_ARG_STRING, &self->method, "auto, exhaustive, genetic, local or combined (default: auto: exhaustive where the evaluations suffice, else combined)", "NAME" },
    { "vary", 0, 0, G_OPTION_ARG_STRING, &self->vary, "Choose only what one of these patterns matches, e.g. \"conv1 *,* rows\"; the rest stays as it begins", "PATTERNS" },
    { "layer-by-layer", 0, 0, G_OPTION_ARG_NONE, &self->layer_by_layer, "No stacks of more than one layer, one after the other", NULL },
    { "list", 0, 0, G_OPTION_ARG_NONE, &self->list, "Print what can be chosen, and search nothing", NULL },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &self->seed, "Of the random numbers (default: 1); the same seed gives the same front, on any number of threads", "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &self->threads, "Threads (default: one for each processor)", "N" },
    { "population", 0, 0, G_OPTION_ARG_INT, &self->population, "Of the genetic search (default: by the evaluations, 16 to 100)", "N" },
    { "pass", 0, 0, G_OPTION_ARG_STRING, &self->inputs.pass, "The scheduling pass: fused, layer-by-layer or multi-core (default: multi-core)", "NAME" },
    { "priority", 0, 0, G_OPTION_ARG_STRING, &self->inputs.priority, "By what multi-core orders nodes while it searches: latency, memory, stack, or best: that is searched, too (default: best; the front itself always has the best)", "NAME" },
    { "rules", 0, 0, G_OPTION_ARG_STRING, &self->inputs.rules, "What a node costs: exact, zigzag or simple (default: exact)", "NAME" },
    { "svg", 0, 0, G_OPTION_ARG_FILENAME, &self->svg, "Draw the front", "FRONT.svg" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output, "Write the mapping with the least product of the objectives", "MAPPING.xml" },
    { "mappings", 0, 0, G_OPTION_ARG_FILENAME, &self->folder, "Write every mapping of the front into this folder", "FOLDER" },
    { NULL },
  };
  return cli_parse (argc, argv, entries, common, 0, 0, status);
}

static const char *const RULES[] = { "exact", "zigzag", "simple", NULL };
static const char *const OBJECTIVES[] = { "energy", "latency", "edp", NULL };
static const char *const METHODS[] = { "auto", "exhaustive", "genetic", "local", "combined", NULL };

static int
choice (const char *name, const char *const *names, const char *option, GError **error)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_equal (name, names[i]))
      return (int) i;
  g_autofree char *list = g_strjoinv (", ", (char **) names);
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--%s %s - expected one of %s", option, name, list);
  return -1;
}

static int
metric_of (const char *name)
{
  for (guint i = 0; i < HD_N_METRICS; i++)
    if (g_str_equal (name, METRICS[i]))
      return (int) i;
  return -1;
}

static gboolean
parse_objectives (CliExplore *self, GError **error)
{
  g_auto (GStrv) list = g_strsplit (self->objectives != NULL ? self->objectives : "latency,energy", ",", -1);
  if (*list == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--objective is empty - expected latency, energy, edp, peak-memory and traffic, each once at most");
    return FALSE;
  }
  for (char **name = list; *name != NULL; name++) {
    int metric = metric_of (g_strstrip (*name));
    gboolean twice = FALSE;
    for (guint i = 0; i < self->n_metrics; i++)
      twice |= (int) self->metric[i] == metric;
    if (metric < 0 || twice) {
      g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--objective %s: \"%s\"%s - expected latency, energy, edp, peak-memory and traffic, each once at most", self->objectives, *name, twice ? " again" : "");
      return FALSE;
    }
    self->metric[self->n_metrics++] = (HdMetric) metric;
  }
  return TRUE;
}

/* For what a core's loop order, and the best of the pass's plans, is chosen: what is asked for, where that is one thing. */
static const char *
cost_objective (const CliExplore *self)
{
  HdMetric only = self->n_metrics == 1 ? self->metric[0] : HD_METRIC_EDP;
  return only == HD_METRIC_CYCLES ? "latency" : only == HD_METRIC_ENERGY ? "energy" : "edp";
}

static gboolean
check_numbers (const CliExplore *self, GError **error)
{
  static const char *const NAMES[] = { "evaluations", "threads", "population" };
  const gint values[] = { self->evaluations, self->threads, self->population };
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++)
    if (values[i] < 1 && values[i] != NOT_GIVEN) {
      g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--%s %d - expected a number of at least 1", NAMES[i], values[i]);
      return FALSE;
    }
  if (!(self->seconds >= 0) || self->seed < 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--%s - expected a number of at least 0", self->seed < 0 ? "seed" : "seconds");
    return FALSE;
  }
  return TRUE;
}

/* Said before the search, and not after it: a pipe is left alone, which may be opened once only. */
static gboolean
can_be_created (const char *path, GError **error)
{
  if (path == NULL || (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR | G_FILE_TEST_IS_DIR)))
    return TRUE;
  HdFile *file = hd_file_create (path, error);
  hd_file_discard (file);
  return file != NULL;
}

static gboolean
check_outputs (const CliExplore *self, GError **error)
{
  if (self->folder != NULL && g_mkdir_with_parents (self->folder, 0777) != 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: the folder cannot be made (%s)", self->folder, g_strerror (errno));
    return FALSE;
  }
  return can_be_created (self->output, error) && can_be_created (self->svg, error);
}

/* What was not given is 0 from here on: as it comes. */
static void
take_defaults (CliExplore *self)
{
  gint *values[] = { &self->evaluations, &self->threads, &self->population };
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    *values[i] = MAX (*values[i], 0);
}

/* --- the space, and where it begins --------------------------------------------------------------------------- */

static gboolean
make_space (CliExplore *self, GError **error)
{
  HdExploreOptions options = HD_EXPLORE_OPTIONS_DEFAULT;
  if (self->inputs.pass == NULL)
    self->inputs.pass = g_strdup ("multi-core");
  g_autofree char *priority = g_steal_pointer (&self->inputs.priority);
  int by = choice (priority != NULL ? priority : "best", hd_priority_names (), "priority", error);
  int rules = by < 0 ? -1 : choice (self->inputs.rules != NULL ? self->inputs.rules : "exact", RULES, "rules", error);
  if (rules < 0)
    return FALSE;
  self->inputs.objective = g_strdup (cost_objective (self));
  if (!(self->inputs.mapping_path != NULL ? cli_inputs_load (&self->inputs, error) : cli_inputs_load_files (&self->inputs, error)))
    return FALSE;
  options.pass = self->inputs.pass;
  options.priority = (HdPriority) by;
  options.cost.rules = (HdCostRules) rules;
  options.cost.objective = (HdObjective) choice (self->inputs.objective, OBJECTIVES, "objective", NULL);
  options.layer_by_layer = self->layer_by_layer;
  options.n_metrics = self->n_metrics;
  memcpy (options.metric, self->metric, sizeof options.metric);
  self->space = hd_explore_space_new (self->inputs.workload, self->inputs.platform, &options, error);
  return self->space != NULL;
}

/* The mapping that was given first, then what the space itself begins with. */
static void
collect_starts (CliExplore *self)
{
  guint n, n_genes = hd_explore_space_problem (self->space)->n_genes;
  const guint16 *starts = hd_explore_space_starts (self->space, &n);
  self->starts = g_array_new (FALSE, TRUE, sizeof (guint16));
  if (self->inputs.mapping_path != NULL) {
    g_array_set_size (self->starts, n_genes);
    hd_explore_space_genes (self->space, self->inputs.mapping, (guint16 *) (void *) self->starts->data);
  }
  g_array_append_vals (self->starts, starts, n * n_genes);
}

/* --- the search ------------------------------------------------------------------------------------------- */

typedef struct {
  const CliExplore *explore;
  gint64 begun, told;        /* [us] */
} Progress;

static void
append_best (GString *line, HdMetric metric, double value)
{
  g_string_append_printf (line, ", %s ", METRICS[metric]);
  if (isfinite (value))
    hd_append_double (line, "%.4g", value);
  else
    g_string_append_c (line, '-');
}

/* One line, written over and over: on a terminal only. */
static void
show_progress (gpointer data, const HdSearchProgress *progress)
{
  Progress *self = data;
  gint64 now = g_get_monotonic_time ();
  if (now - self->told < G_USEC_PER_SEC / 10 && progress->n_evaluations < progress->budget)
    return;
  self->told = now;
  enum { BAR = 24 };
  char bar[BAR + 1];
  guint full = (guint) ((guint64) progress->n_evaluations * BAR / MAX (progress->budget, 1));
  for (guint i = 0; i < BAR; i++)
    bar[i] = i < full ? '#' : '.';
  bar[BAR] = 0;
  g_autoptr (GString) line = g_string_new (NULL);
  g_string_append_printf (line, "\r\033[K[%s] %u/%u, front %u", bar, progress->n_evaluations, progress->budget, progress->n_front);
  for (guint i = 0; i < self->explore->n_metrics; i++)
    append_best (line, self->explore->metric[i], progress->best[i]);
  double left = (double) (now - self->begun) / 1e6 / MAX (progress->n_evaluations, 1) * (progress->budget - progress->n_evaluations);
  g_string_append_printf (line, ", %u s left", (guint) MIN (left, 1e9));
  fputs (line->str, stderr);
  fflush (stderr);
}

static gboolean
search (CliExplore *self, const CliPart *part, const CliCommon *common, GError **error)
{
  const HdSearchProblem *problem = cli_part_problem (part);
  guint n_genes = hd_explore_space_problem (self->space)->n_genes, n_starts = n_genes > 0 ? self->starts->len / n_genes : 0;
  int method = choice (self->method != NULL ? self->method : "auto", METHODS, "method", error);
  if (method < 0)
    return FALSE;
  g_autofree guint16 *starts = g_new0 (guint16, (gsize) n_starts * problem->n_genes + 1);
  for (guint i = 0; i < n_starts; i++)
    cli_part_project (part, (const guint16 *) (void *) self->starts->data + (gsize) i * n_genes, starts + (gsize) i * problem->n_genes);
  Progress progress = { .explore = self, .begun = g_get_monotonic_time () };
  HdSearchOptions options = {
    .method = (HdSearchMethod) method, .evaluations = self->evaluations != 0 ? (guint) self->evaluations : DEFAULT_EVALUATIONS, .seconds = self->seconds,
    .seed = (guint64) self->seed, .threads = (guint) self->threads, .population = (guint) self->population, .n_starts = n_starts, .starts = starts, .cancel = &cli_signal,
  };
  gboolean terminal = !common->quiet && isatty (STDERR_FILENO);
  if (terminal) {
    options.progress = show_progress;
    options.progress_data = &progress;
  }
  cli_catch_signals ();
  self->result = hd_search_run (problem, &options, error);
  if (terminal)
    fputs ("\r\033[K", stderr);
  if (self->result == NULL)
    return FALSE;
  double seconds = (double) (g_get_monotonic_time () - progress.begun) / 1e6;
  g_autoptr (GString) rate = g_string_new (NULL);
  hd_append_double (rate, "%.1f", seconds);
  cli_note (common, "heddle: searched for %s s, %u mappings/s", rate->str, (guint) (self->result->n_points / MAX (seconds, 1e-6)));
  return TRUE;
}

/* --- results ---------------------------------------------------------------------------------------------- */

static gboolean
write_mapping (CliCandidate *candidate, const char *path, GError **error)
{
  g_autofree char *text = hd_mapping_to_xml (candidate->mapping);
  if (!hd_file_write (path, text, -1, error))
    return FALSE;
  g_free (candidate->path);
  candidate->path = g_strdup (path);
  return TRUE;
}

static gboolean
write_mappings (CliExplore *self, GError **error)
{
  for (guint i = 0; self->folder != NULL && i < self->front->len; i++) {
    g_autofree char *name = g_strdup_printf ("front-%u.mapping.xml", i + 1), *path = g_build_filename (self->folder, name, NULL);
    if (!write_mapping (&g_array_index (self->front, CliCandidate, i), path, error))
      return FALSE;
  }
  return self->output == NULL || write_mapping (&g_array_index (self->front, CliCandidate, self->best), self->output, error);
}

/* Why nothing was feasible: what the first start says. */
static GError *
why_infeasible (const CliExplore *self, GError *found)
{
  g_autoptr (GError) reason = found;
  HdExploreScore score;
  g_autoptr (HdMapping) first = hd_explore_space_mapping (self->space, (const guint16 *) (void *) self->starts->data, NULL);
  if (reason == NULL && first != NULL)
    hd_explore_score (self->space, first, FALSE, &score, &reason);
  return g_error_new (HD_ERROR, HD_ERROR_NEGATIVE, "none of %u mappings is feasible%s%s", self->result->n_points, reason != NULL ? ": " : "", reason != NULL ? reason->message : "");
}

static int
tell (CliExplore *self, const CliPart *part, const CliCommon *common)
{
  GError *error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean terminal = !common->quiet && isatty (STDERR_FILENO);
  if (terminal)
    fputs ("scheduling the front with all that the pass can do ...", stderr);
  gboolean found = cli_explore_take_front (self, part, &error);
  if (terminal)
    fputs ("\r\033[K", stderr);
  if (!found)
    return cli_fail (why_infeasible (self, error));
  gboolean written = write_mappings (self, &error) && (self->svg == NULL || cli_explore_draw (self, part, &error));
  if (common->json)
    cli_explore_json (self, text);
  else
    cli_explore_text (self, text);
  fputs (text->str, stdout);
  if (!written)
    return cli_fail (error);
  return cli_signal != 0 ? 128 + cli_signal : 0;
}

int
cli_explore (int argc, char **argv)
{
  int status;
  CliCommon common = { 0 };
  GError *error = NULL;
  g_auto (CliExplore) self = { .seed = 1, .evaluations = NOT_GIVEN, .threads = NOT_GIVEN, .population = NOT_GIVEN };
  if (!parse_options (&self, &common, &argc, &argv, &status))
    return status;
  if (!check_numbers (&self, &error) || !parse_objectives (&self, &error) || !make_space (&self, &error))
    return cli_fail (error);
  take_defaults (&self);
  collect_starts (&self);
  g_autoptr (CliPart) part = cli_part_new (self.space, self.vary, (const guint16 *) (void *) self.starts->data, &error);
  if (part == NULL)
    return cli_fail (error);
  if (self.list) {
    g_autoptr (GString) text = g_string_new (NULL);
    cli_explore_list (&self, cli_part_problem (part), part, text);
    fputs (text->str, stdout);
    return 0;
  }
  if (!check_outputs (&self, &error) || !search (&self, part, &common, &error))
    return cli_fail (error);
  return tell (&self, part, &common);
}
