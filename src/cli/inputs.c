/* The inputs of the commands that schedule: files in, a tiling and a schedule out. */
#include "config.h"
#include "cli/inputs.h"

#include <heddle/error.h>
#include <heddle/explore.h>

#include <string.h>

void
cli_inputs_clear (CliInputs *self)
{
  hd_cost_model_free (self->cost);
  g_clear_pointer (&self->tiling, hd_tiling_unref);
  g_clear_pointer (&self->mapping, hd_mapping_unref);
  g_clear_pointer (&self->workload, hd_workload_unref);
  g_clear_pointer (&self->platform, hd_platform_unref);
  g_free (self->platform_path);
  g_free (self->workload_path);
  g_free (self->mapping_path);
  g_free (self->pass);
  g_free (self->priority);
  g_free (self->rules);
  g_free (self->objective);
  g_free (self->inferences);
  *self = (CliInputs) { 0 };
}

GOptionEntry *
cli_inputs_entries (CliInputs *self, const GOptionEntry *own)
{
  const GOptionEntry common[] = {
    { "platform", 'p', 0, G_OPTION_ARG_FILENAME, &self->platform_path, "The platform file, or a platform in one line", "PLATFORM" },
    { "workload", 'w', 0, G_OPTION_ARG_FILENAME, &self->workload_path, "The workload: XML or ONNX", "WORKLOAD" },
    { "mapping", 'm', 0, G_OPTION_ARG_FILENAME, &self->mapping_path, "The mapping (default: each layer by itself, cut to fit the first core that takes it; with multi-core: by rule)", "MAPPING" },
    { "pass", 0, 0, G_OPTION_ARG_STRING, &self->pass, "The scheduling pass: fused, layer-by-layer or multi-core (default: fused)", "NAME" },
    { "priority", 0, 0, G_OPTION_ARG_STRING, &self->priority, "By what multi-core orders nodes: latency, memory, stack, throughput (of several inferences), or the best of them (default: best)", "NAME" },
    { "rules", 0, 0, G_OPTION_ARG_STRING, &self->rules, "What a node costs: exact, zigzag or simple (default: exact)", "NAME" },
    { "objective", 0, 0, G_OPTION_ARG_STRING, &self->objective, "What a core's loop order, and the best of several plans, is chosen for: energy, latency or edp (default: latency)", "NAME" },
    { "inferences", 0, 0, G_OPTION_ARG_STRING, &self->inferences, "So many inferences back to back, with weights kept where there is room (default: 1)", "N" },
  };
  GArray *all = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  g_array_append_vals (all, common, G_N_ELEMENTS (common));
  for (; own->long_name != NULL; own++)
    g_array_append_vals (all, own, 1);
  return (GOptionEntry *) (void *) g_array_free (all, FALSE);
}

HdPlatform *
cli_load_platform (const char *path, GError **error)
{
  if (strchr (path, ':') != NULL && !g_file_test (path, G_FILE_TEST_EXISTS))
    return hd_platform_parse_synthetic (path, error);
  return hd_platform_load (path, error);
}

static gboolean
require (const char *value, const char *option, GError **error)
{
  if (value != NULL)
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "the option %s is missing", option);
  return FALSE;
}

static int
choice (const char *value, const char *const *names, const char *option, GError **error)
{
  for (int i = 0; names[i] != NULL; i++)
    if (g_str_equal (value, names[i]))
      return i;
  g_autofree char *list = g_strjoinv (", ", (char **) names);
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--%s %s - expected one of %s", option, value, list);
  return -1;
}

static const char *pass_name (const CliInputs *self) { return self->pass != NULL ? self->pass : "fused"; }
static const char *priority_name (const CliInputs *self) { return self->priority != NULL ? self->priority : "best"; }
static const char *rules_name (const CliInputs *self) { return self->rules != NULL ? self->rules : "exact"; }
static const char *objective_name (const CliInputs *self) { return self->objective != NULL ? self->objective : "latency"; }

char *
cli_inputs_recipe (const CliInputs *self)
{
  gboolean multi = g_str_equal (pass_name (self), "multi-core");
  return g_strdup_printf ("%s %s %s%s%s", pass_name (self), rules_name (self), objective_name (self), multi ? " " : "", multi ? priority_name (self) : "");
}

static const char *const OBJECTIVES[] = { "energy", "latency", "edp", NULL };

static const char *const RULES[] = { "exact", "zigzag", "simple", NULL };

/* What a mapping is when nobody says: multi-core has many cores to use, so it gets one made for them. */
static HdMapping *
make_mapping (const CliInputs *self, GError **error)
{
  static const HdMetric METRICS[] = { HD_METRIC_ENERGY, HD_METRIC_CYCLES, HD_METRIC_EDP };
  HdExploreOptions options = HD_EXPLORE_OPTIONS_DEFAULT;
  if (!g_str_equal (pass_name (self), "multi-core"))
    return hd_mapping_default (self->workload, self->platform, error);
  int rules = choice (rules_name (self), RULES, "rules", error);
  int objective = rules < 0 ? -1 : choice (objective_name (self), OBJECTIVES, "objective", error);
  if (objective < 0)
    return NULL;
  options.cost.rules = (HdCostRules) rules;
  options.n_metrics = 1;
  options.metric[0] = METRICS[objective];
  return hd_explore_allocate (self->workload, self->platform, &options, error);
}

static gboolean
make_cost_model (CliInputs *self, GError **error)
{
  int rules = choice (rules_name (self), RULES, "rules", error);
  int objective = rules < 0 ? -1 : choice (objective_name (self), OBJECTIVES, "objective", error);
  if (objective < 0)
    return FALSE;
  HdCostOptions options = { .objective = (HdObjective) objective, .rules = (HdCostRules) rules };
  self->cost = hd_cost_model_new (self->platform, self->workload, &options);
  return hd_cost_model_apply_mapping (self->cost, self->mapping, error);
}

/* Several inferences: the workload and its mapping become those of all of them. */
static gboolean
repeat (CliInputs *self, GError **error)
{
  guint64 n = 1;
  if (self->inferences != NULL && !g_ascii_string_to_unsigned (self->inferences, 10, 1, G_MAXINT32, &n, NULL)) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--inferences %s - expected a number from 1 on", self->inferences);
    return FALSE;
  }
  g_autoptr (HdMapping) one = self->mapping;
  self->mapping = hd_mapping_repeat (one, (guint) n, error);
  if (self->mapping == NULL)
    return FALSE;
  hd_workload_unref (self->workload);
  self->workload = hd_workload_ref (self->mapping->workload);
  return TRUE;
}

gboolean
cli_inputs_load_files (CliInputs *self, GError **error)
{
  if (!require (self->platform_path, "-p PLATFORM", error) || !require (self->workload_path, "-w WORKLOAD", error))
    return FALSE;
  self->platform = cli_load_platform (self->platform_path, error);
  if (self->platform == NULL)
    return FALSE;
  self->workload = hd_workload_load (self->workload_path, NULL, error);
  return self->workload != NULL;
}

gboolean
cli_inputs_load (CliInputs *self, GError **error)
{
  if (!cli_inputs_load_files (self, error))
    return FALSE;
  self->mapping = self->mapping_path != NULL ? hd_mapping_load (self->mapping_path, self->workload, self->platform, error)
                                             : make_mapping (self, error);
  return self->mapping != NULL && repeat (self, error) && make_cost_model (self, error);
}

gboolean
cli_inputs_parse (CliInputs *self, const char *name, const char *platform, const char *workload, const char *mapping, GError **error)
{
  g_autofree char *platform_name = g_strconcat (name, ":/meta/platform", NULL), *workload_name = g_strconcat (name, ":/meta/workload", NULL);
  g_autofree char *mapping_name = g_strconcat (name, ":/meta/mapping", NULL);
  self->platform = hd_platform_parse_xml (platform, strlen (platform), platform_name, error);
  self->workload = self->platform != NULL ? hd_workload_parse_xml (workload, strlen (workload), workload_name, error) : NULL;
  self->mapping = self->workload != NULL ? hd_mapping_parse_xml (mapping, strlen (mapping), mapping_name, self->workload, self->platform, error) : NULL;
  return self->mapping != NULL && make_cost_model (self, error);
}

static gboolean
pass_options (const CliInputs *self, HdPassOptions *options, GError **error)
{
  *options = HD_PASS_OPTIONS_DEFAULT;
  if (self->priority != NULL && !g_str_equal (pass_name (self), "multi-core")) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--priority %s - only the pass multi-core has priorities", self->priority);
    return FALSE;
  }
  int priority = choice (priority_name (self), hd_priority_names (), "priority", error);
  int objective = priority < 0 ? -1 : choice (objective_name (self), OBJECTIVES, "objective", error);
  if (objective < 0)
    return FALSE;
  options->priority = (HdPriority) priority;
  options->objective = (HdObjective) objective;
  return TRUE;
}

HdSchedule *
cli_inputs_schedule (CliInputs *self, GError **error)
{
  HdPassOptions options;
  if (!pass_options (self, &options, error) || !hd_pass_check_dram (self->mapping, error))
    return NULL;
  self->tiling = hd_tiling_new (self->mapping, error);
  if (self->tiling == NULL)
    return NULL;
  return hd_pass_run (pass_name (self), self->tiling, self->cost, &options, error);
}
