/* The first program on libheddle: loads a platform, a workload and a mapping, schedules and runs them, and prints what came out.
 *
 *     cc first-run.c -o first-run $(pkg-config --cflags --libs heddle)
 *     ./first-run platforms/depfin.xml workloads/fsrcnn.xml workloads/fsrcnn-depfin.mapping.xml
 */
#include <heddle/cost.h>
#include <heddle/engine.h>
#include <heddle/mapping.h>
#include <heddle/passes.h>
#include <heddle/platform.h>
#include <heddle/tiling.h>
#include <heddle/workload.h>

#include <stdio.h>

/* Each arrow of the data flow is one call; what it returns can be kept and used again. */
static gboolean
first_run (char **file, GError **error)
{
  g_autoptr (HdPlatform) platform = hd_platform_load (file[0], error);
  if (platform == NULL)
    return FALSE;
  g_autoptr (HdWorkload) workload = hd_workload_load (file[1], NULL, error);
  if (workload == NULL)
    return FALSE;
  g_autoptr (HdMapping) mapping = hd_mapping_load (file[2], workload, platform, error);
  if (mapping == NULL)
    return FALSE;
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, error);
  if (tiling == NULL)
    return FALSE;
  const HdCostOptions options = { .objective = HD_OBJECTIVE_LATENCY, .rules = HD_RULES_EXACT };
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, &options);
  g_autoptr (HdSchedule) schedule = hd_pass_run ("fused", tiling, cost, NULL, error);
  if (schedule == NULL)
    return FALSE;
  g_autoptr (HdEngine) engine = hd_engine_new (platform, schedule, error);
  HdResult result = { 0 };
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, error))
    return FALSE;

  printf ("%u computation nodes, %" G_GUINT64_FORMAT " cycles, %.4g pJ\n", tiling->n_nodes, result.cycles, result.energy_pj);
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    printf ("%s computes in %" G_GUINT64_FORMAT " of them\n", platform->core[c].id, result.core_state_cycles[c][HD_STATE_COMPUTE]);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (argc != 4) {
    fprintf (stderr, "usage: %s PLATFORM WORKLOAD MAPPING\n", argv[0]);
    return HD_ERROR_USAGE;
  }
  if (!first_run (argv + 1, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return error->code;   /* codes of HD_ERROR are exit codes */
  }
  return 0;
}
