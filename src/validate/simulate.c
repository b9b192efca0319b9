/* From runs to numbers: each run goes through cost model, pass and engine as `heddle run` would have it; quantities are arithmetic on what came out. */
#include "config.h"

#include <heddle/checked.h>
#include <heddle/cost.h>
#include <heddle/engine.h>
#include <heddle/error.h>
#include <heddle/mapping.h>
#include <heddle/passes.h>
#include <heddle/schedule.h>
#include <heddle/tiling.h>
#include <heddle/validate.h>

#include <math.h>

/* --- one run --------------------------------------------------------------------------------- */

static guint64
operations (const HdWorkload *workload)
{
  guint64 macs = 0;
  for (HdLayerId l = 0; l < workload->n_layers; l++)
    if (workload->layers[l].layer_class == HD_LAYER_MAC)
      macs += workload->layers[l].points;
  return 2 * macs;
}

static const HdTensor *
find_tensor (const HdWorkload *workload, const char *name)
{
  for (HdTensorId t = 0; t < workload->n_tensors; t++)
    if (g_str_equal (workload->tensors[t].name, name))
      return &workload->tensors[t];
  return NULL;
}

/* Bits of one element of each of the schedule's tensors; 0 for weights. */
static guint *
activation_bits (const HdSchedule *schedule, const HdWorkload *workload)
{
  guint *bits = g_new0 (guint, schedule->n_tensors + 1);
  for (guint t = 0; t < schedule->n_tensors; t++) {
    const HdTensor *tensor = find_tensor (workload, schedule->tensor_name[t]);
    bits[t] = tensor != NULL && tensor->kind != HD_TENSOR_WEIGHT ? tensor->bits : 0;
  }
  return bits;
}

/* Whether a transfer begins or ends in a DRAM. */
static gboolean
passes_dram (const HdPlatform *platform, const HdRoute *route)
{
  if (platform->memory[route->source].dram)
    return TRUE;
  for (guint h = 0; h < route->n_hops; h++)
    if (route->hop[h].arrives != HD_NONE && platform->memory[route->hop[h].arrives].dram)
      return TRUE;
  return FALSE;
}

static guint64
traffic (const HdPlatform *platform, const HdSchedule *schedule, const HdWorkload *workload)
{
  g_autofree guint *bits = activation_bits (schedule, workload);
  guint64 elements = 0;
  for (HdTaskId task = 0; task < schedule->n_tasks; task++) {
    if (schedule->kind[task] != HD_TASK_TRANSFER || !passes_dram (platform, &schedule->route[schedule->what[task]]) || schedule->use_begin[task] == schedule->use_begin[task + 1])
      continue;
    guint32 tensor = schedule->piece_tensor[schedule->use[schedule->use_begin[task]]];
    if (tensor != HD_NONE && bits[tensor] > 0)
      elements += schedule->bits[task] / bits[tensor];
  }
  return elements;
}

static gboolean
run_engine (HdValidationRun *run, const HdSchedule *schedule, const volatile int *cancel, GError **error)
{
  g_autoptr (HdEngine) engine = hd_engine_new (run->platform, schedule, error);
  HdResult result;
  if (engine == NULL)
    return FALSE;
  hd_engine_set_cancel (engine, cancel);
  if (!hd_engine_run (engine, NULL, &result, error))
    return FALSE;
  if (result.deadlock) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "%s", result.deadlock_text);
    return FALSE;
  }
  run->cycles = result.cycles;
  run->energy_pj = result.energy_pj;
  run->compute_pj = result.compute_pj;
  run->memory_peak_bits = g_memdup2 (result.memory_peak_bits, run->platform->n_memories * sizeof *result.memory_peak_bits);
  return TRUE;
}

static gboolean
simulate_workload (HdValidationRun *run, HdWorkload *workload, const volatile int *cancel, GError **error)
{
  g_autoptr (HdMapping) mapping = run->mapping_path != NULL ? hd_mapping_load (run->mapping_path, workload, run->platform, error)
                                                            : hd_mapping_default (workload, run->platform, error);
  if (mapping == NULL || !hd_pass_check_dram (mapping, error))
    return FALSE;
  HdCostOptions options = { .objective = HD_OBJECTIVE_LATENCY, .rules = HD_RULES_EXACT };
  g_autoptr (HdCostModel) cost = hd_cost_model_new (run->platform, workload, &options);
  g_autoptr (HdTiling) tiling = NULL;
  g_autoptr (HdSchedule) schedule = NULL;
  if (!hd_cost_model_apply_mapping (cost, mapping, error) || (tiling = hd_tiling_new (mapping, error)) == NULL || (schedule = hd_pass_run (run->pass, tiling, cost, NULL, error)) == NULL)
    return FALSE;
  run->operations = operations (workload);
  run->traffic = traffic (run->platform, schedule, workload);
  for (HdTaskId task = 0; task < schedule->n_tasks; task++)
    run->nodes += schedule->kind[task] == HD_TASK_COMPUTE;
  return run_engine (run, schedule, cancel, error);
}

/* Faults of files begin with the file; what pass and engine refuse begins with the run. */
static gboolean
simulate_run (HdValidationRun *run, const volatile int *cancel, GError **error)
{
  GError *local = NULL;
  run->platform = hd_platform_load (run->platform_path, error);
  g_autoptr (HdWorkload) workload = run->platform != NULL ? hd_workload_load (run->workload_path, NULL, error) : NULL;
  if (workload == NULL)
    return FALSE;
  if (simulate_workload (run, workload, cancel, &local))
    return TRUE;
  if (local->code == HD_ERROR_NEGATIVE)
    g_prefix_error (&local, "run %s: ", run->id);
  g_propagate_error (error, local);
  return FALSE;
}

/* --- quantities ------------------------------------------------------------------------------ */

/* Operations that the platform's arrays and macros can do in a second, all of them in use, with operands of @bits [operation/s]. */
static double
peak_throughput (const HdPlatform *platform, guint bits)
{
  double per_second = 0;
  for (guint c = 0; c < platform->n_cores; c++) {
    const HdCore *core = &platform->core[c];
    double clock_hz = (double) platform->clock_hz / (double) core->period, macs = core->kind == HD_CORE_SPATIAL || core->kind == HD_CORE_SYSTOLIC ? 1 : 0;
    for (guint d = 0; d < core->n_dimensions && macs > 0; d++)
      macs *= (double) core->dimension_size[d];
    if (core->kind == HD_CORE_IMC) {
      guint64 outputs = core->imc_columns / hd_ceil_div (bits, MAX (core->imc_cell_bits, 1));
      guint64 cycles = hd_ceil_div (bits, MAX (core->imc_dac_bits, 1)) * MAX (core->imc_columns_per_adc, 1) * MAX (core->imc_cycles_per_conversion, 1);
      macs = (double) core->imc_rows * (double) outputs * (double) core->imc_macros / (double) cycles;
    }
    per_second += 2 * macs * clock_hz;
  }
  return per_second;
}

static double
peak_kib (const HdValidationRun *run, const char *memory, gboolean *found)
{
  for (HdMemoryId m = 0; m < run->platform->n_memories; m++)
    if (g_str_equal (run->platform->memory[m].id, memory))
      return (double) run->memory_peak_bits[m] / 8192;
  *found = FALSE;
  return 0;
}

static double
quotient (double a, double b)
{
  return b > 0 ? a / b : 0;
}

static double
simulated (const HdValidationTarget *target, const HdValidationRun *run, const HdValidationRun *baseline, gboolean *found)
{
  switch (target->quantity) {
  case HD_QUANTITY_LATENCY: return (double) run->cycles;
  case HD_QUANTITY_PEAK_MEMORY: return peak_kib (run, target->memory, found);
  case HD_QUANTITY_TRAFFIC: return (double) run->traffic;
  case HD_QUANTITY_THROUGHPUT: return quotient ((double) run->operations * (double) run->platform->clock_hz, (double) run->cycles) / 1e12;
  case HD_QUANTITY_PEAK_THROUGHPUT: return peak_throughput (run->platform, target->bits) / 1e12;
  case HD_QUANTITY_EFFICIENCY: return quotient ((double) run->operations, run->energy_pj); /* operations by pJ are TOPS/W */
  case HD_QUANTITY_CORE_EFFICIENCY: return quotient ((double) run->operations, run->compute_pj);
  case HD_QUANTITY_LATENCY_REDUCTION: return 100 - 100 * quotient ((double) run->cycles, (double) baseline->cycles);
  case HD_QUANTITY_MEMORY_RATIO: return quotient (peak_kib (baseline, target->memory, found), peak_kib (run, target->memory, found));
  case HD_QUANTITY_TRAFFIC_RATIO: return quotient ((double) baseline->traffic, (double) run->traffic);
  case HD_QUANTITY_ENERGY_RATIO: return quotient (baseline->energy_pj, run->energy_pj);
  case HD_QUANTITY_INFERENCE_RATE: return quotient ((double) run->platform->clock_hz, (double) run->cycles);
  case HD_QUANTITY_INFERENCES_PER_JOULE: return quotient (1e12, run->energy_pj);
  default: return 0;
  }
}

static gboolean
evaluate (HdValidation *self, HdValidationTarget *target, GError **error)
{
  const HdValidationRun *run = &self->run[target->run];
  gboolean found = TRUE;
  target->simulated = simulated (target, run, target->baseline != HD_NONE ? &self->run[target->baseline] : NULL, &found);
  if (!found) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s: target %s: there is no memory \"%.60s\" on %s", self->chip[run->chip].file, target->id, target->memory, run->platform->name);
    return FALSE;
  }
  target->error_percent = 100 * (target->simulated / target->published - 1);
  target->inside = target->error_percent >= target->least && target->error_percent <= target->most;
  return TRUE;
}

gboolean
hd_validation_simulate (HdValidation *self, const volatile int *cancel, GError **error)
{
  for (guint r = 0; r < self->n_runs; r++)
    if (hd_validation_needs_run (self, r) && self->run[r].platform == NULL && !simulate_run (&self->run[r], cancel, error))
      return FALSE;
  for (guint t = 0; t < self->n_targets; t++)
    if (self->target[t].wanted && !evaluate (self, &self->target[t], error))
      return FALSE;
  return TRUE;
}
