/* The three validated chips: cutting, scheduling and simulating each, costs cached, in CPU time; against the recorded passes of the published tool on an idle core (Stream, June 2023: the pass alone,
 * 4.1, 50 and 4.9 s). */
#include "config.h"

#include <heddle/cost.h>
#include <heddle/engine.h>
#include <heddle/passes.h>
#include <heddle/tiling.h>

#include <sys/resource.h>
#include <time.h>

static const struct {
  const char *what, *platform, *workload, *mapping;
  double published_s;
} CASES[] = {
  { "DepFiN, FSRCNN", "depfin-no-overlap.xml", "fsrcnn.xml", "fsrcnn-depfin.mapping.xml", 4.1 },
  { "4x4 AiMC, ResNet-50 segment", "aimc-4x4.xml", "resnet50-segment.xml", "resnet50-segment-aimc-4x4.mapping.xml", 50 },
  { "DIANA, ResNet-18 segment", "diana.xml", "resnet18-segment.xml", "resnet18-segment-diana.mapping.xml", 4.9 },
};

typedef struct {
  double tile, plan, run; /* [ms] */
} Times;

static double
cpu_ms (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static Times
run_once (HdMapping *mapping, HdCostModel *cost, const char *pass, guint32 *nodes, guint64 *cycles)
{
  GError *error = NULL;
  HdResult result;
  double begin = cpu_ms ();
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, &error);
  double tiled = cpu_ms ();
  HdPassOptions options = HD_PASS_OPTIONS_DEFAULT;
  options.draft = TRUE;
  g_autoptr (HdSchedule) schedule = tiling != NULL ? hd_pass_run (pass, tiling, cost, &options, &error) : NULL;
  double planned = cpu_ms ();
  g_autoptr (HdEngine) engine = schedule != NULL ? hd_engine_new (mapping->platform, schedule, &error) : NULL;
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, &error))
    g_error ("%s", error->message);
  *nodes = tiling->n_nodes;
  *cycles = result.cycles;
  return (Times) { tiled - begin, planned - tiled, cpu_ms () - planned };
}

static void
bench_case (const char *source, guint i, const char *pass)
{
  GError *error = NULL;
  g_autofree char *platform_path = g_build_filename (source, "platforms", CASES[i].platform, NULL), *workload_path = g_build_filename (source, "workloads", CASES[i].workload, NULL),
                  *mapping_path = g_build_filename (source, "workloads", CASES[i].mapping, NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  g_autoptr (HdWorkload) workload = platform != NULL ? hd_workload_load (workload_path, NULL, &error) : NULL;
  g_autoptr (HdMapping) mapping = workload != NULL ? hd_mapping_load (mapping_path, workload, platform, &error) : NULL;
  if (mapping == NULL)
    g_error ("%s", error->message);
  HdCostOptions options = { .objective = HD_OBJECTIVE_LATENCY };
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, &options);
  if (!hd_cost_model_apply_mapping (cost, mapping, &error))
    g_error ("%s", error->message);
  guint32 nodes;
  guint64 cycles;
  Times best = run_once (mapping, cost, pass, &nodes, &cycles); /* fills the cache of costs */
  best = run_once (mapping, cost, pass, &nodes, &cycles);
  for (int round = 0; round < 15; round++) {
    Times now = run_once (mapping, cost, pass, &nodes, &cycles);
    if (now.tile + now.plan + now.run < best.tile + best.plan + best.run)
      best = now;
  }
  double all = best.tile + best.plan + best.run;
  g_print ("%-28s %-10s %6u nodes %9" G_GUINT64_FORMAT " cycles: %6.2f ms CPU (cut %.2f, schedule %.2f, simulate %.2f; at most 10 are wanted), %6.0f thousand nodes/s, %.0f times the published tool's pass\n", CASES[i].what, pass,
           nodes, cycles, all, best.tile, best.plan, best.run, nodes / all, CASES[i].published_s * 1e3 / all);
}

int
main (void)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".";
  struct rusage usage;
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    bench_case (source, i, "fused");
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    bench_case (source, i, "multi-core");
  getrusage (RUSAGE_SELF, &usage);
  g_print ("memory at most: %.1f MB\n", (double) usage.ru_maxrss / 1e3);
  return 0;
}
