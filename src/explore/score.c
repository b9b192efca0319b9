/* What a mapping comes to: tiled, scheduled, run. The numbers are the engine's. */
#include "config.h"
#include "explore/space.h"

#include <heddle/bounds.h>
#include <heddle/tiling.h>

static const char *const NAMES[HD_N_METRICS] = { "cycles", "energy", "edp", "memory", "dram" };
static const char *const UNITS[HD_N_METRICS] = { "cycles", "pJ", "pJ*cycles", "bit", "bit" };

const char *
hd_metric_name (HdMetric metric)
{
  return NAMES[metric];
}

const char *
hd_metric_unit (HdMetric metric)
{
  return UNITS[metric];
}

void
hd_explore_take_score (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, HdExploreScore *score)
{
  g_autoptr (HdBounds) bounds = schedule != NULL ? hd_bounds_new (platform, schedule) : NULL;
  score->bound_cycles = bounds != NULL ? bounds->cycles : 0;
  score->value[HD_METRIC_CYCLES] = (double) result->cycles;
  score->value[HD_METRIC_ENERGY] = result->energy_pj;
  score->value[HD_METRIC_EDP] = (double) result->cycles * result->energy_pj;
  score->value[HD_METRIC_MEMORY] = 0;
  score->value[HD_METRIC_DRAM] = (double) result->dram_read_bits + (double) result->dram_write_bits;
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    if (!platform->memory[m].dram)
      score->value[HD_METRIC_MEMORY] += (double) result->memory_peak_bits[m];
}

static gboolean
score_mapping (const HdExploreSpace *self, HdMapping *mapping, HdCostModel *cost, const HdPassOptions *options, HdExploreScore *score, GError **error)
{
  HdResult result;
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, error);
  g_autoptr (HdSchedule) schedule = tiling != NULL ? hd_pass_run (self->pass, tiling, cost, options, error) : NULL;
  g_autoptr (HdEngine) engine = schedule != NULL ? hd_engine_new (mapping->platform, schedule, error) : NULL;
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, error))
    return FALSE;
  if (result.deadlock) {
    g_set_error_literal (error, HD_ERROR, HD_ERROR_NEGATIVE, result.deadlock_text);
    return FALSE;
  }
  hd_explore_take_score (mapping->platform, options->draft ? NULL : schedule, &result, score);
  return TRUE;
}

/* By what the pass tells which of its plans is best. */
static HdObjective
pass_objective (const HdExploreSpace *self)
{
  HdMetric only = self->options.n_metrics == 1 ? self->options.metric[0] : HD_METRIC_EDP;
  return only == HD_METRIC_CYCLES ? HD_OBJECTIVE_LATENCY : only == HD_METRIC_ENERGY ? HD_OBJECTIVE_ENERGY : HD_OBJECTIVE_EDP;
}

/* The search's: one plan. */
static HdPassOptions
draft_options (const HdExploreSpace *self, HdPriority priority)
{
  return (HdPassOptions) { .priority = priority, .objective = pass_objective (self), .draft = TRUE };
}

gboolean
hd_explore_score (const HdExploreSpace *self, HdMapping *mapping, gboolean draft, HdExploreScore *score, GError **error)
{
  HdPassOptions options = HD_PASS_OPTIONS_DEFAULT;
  options.objective = pass_objective (self);
  if (self->options.layer_by_layer)
    options.priority = HD_PRIORITY_STACK;
  if (draft)
    options = draft_options (self, self->options.priority);
  return score_mapping (self, mapping, self->cost, &options, score, error);
}

gboolean
hd_explore_draft (const HdExploreSpace *self, const guint16 *genes, HdExploreScore *score, GError **error)
{
  HdPassOptions options = draft_options (self, _hd_explore_order (self, genes));
  g_autoptr (HdMapping) mapping = _hd_explore_decode (self, self->draft_platform, genes, error);
  return mapping != NULL && _hd_explore_check_effort (self, mapping, error) && score_mapping (self, mapping, self->draft_cost, &options, score, error);
}

gboolean
_hd_explore_evaluate (gpointer context, const guint16 *genes, double *objectives)
{
  const HdExploreSpace *self = context;
  HdExploreScore score;
  objectives[0] = 0;
  if (!hd_explore_draft (self, genes, &score, NULL))
    return FALSE;
  for (guint i = 0; i < self->options.n_metrics; i++)
    objectives[i] = score.value[self->options.metric[i]];
  return TRUE;
}
