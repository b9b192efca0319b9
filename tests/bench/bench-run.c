/* A run with its trace against the same run without, as `heddle run` does it: FSRCNN in nodes of four pixels, more than a million tasks. Both in one process, alternating. The
 * engine alone has next to nothing to do here (transfers hardly meet), so its ratio is the hardest case for the trace. */
#include "config.h"
#include "cli/simulation.h"

#include <heddle/passes.h>

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const char MAPPING[] = "<mapping version=\"1\"><stack layers=\"conv1 ... conv8\"><tile OY=\"1\"/><cut rank=\"OY\" size=\"1\"/><cut rank=\"OX\" size=\"4\"/></stack></mapping>";

volatile int cli_signal = 0;

static double
run_once (HdEngine *engine, CliRecord *record, const char *path)
{
  GError *error = NULL;
  HdResult result;
  gint64 begin = g_get_monotonic_time ();
  HdSink *sink = path != NULL ? hd_trace_sink_new (path, cli_record_header (record, NULL), NULL, &error) : NULL;
  if (!hd_engine_run (engine, sink, &result, &error) || (sink != NULL && (!cli_record_result (record, &result, sink, &error) || !hd_trace_sink_commit (sink, &error))))
    g_error ("%s", error->message);
  hd_trace_sink_free (sink);
  return (double) (g_get_monotonic_time () - begin) / 1e6;
}

int
main (void)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".";
  g_autofree char *platform_path = g_build_filename (source, "platforms", "depfin.xml", NULL), *workload_path = g_build_filename (source, "workloads", "fsrcnn.xml", NULL);
  GError *error = NULL;
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  g_autoptr (HdWorkload) workload = platform != NULL ? hd_workload_load (workload_path, NULL, &error) : NULL;
  g_autoptr (HdMapping) mapping = workload != NULL ? hd_mapping_parse_xml (MAPPING, strlen (MAPPING), "mapping", workload, platform, &error) : NULL;
  if (mapping == NULL)
    g_error ("%s", error->message);
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, &error);
  HdCostOptions simple = { .rules = HD_RULES_SIMPLE };
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, &simple);
  g_autoptr (HdSchedule) schedule = hd_pass_run ("fused", tiling, cost, NULL, &error);
  if (schedule == NULL)
    g_error ("%s", error->message);
  double planned = (double) (g_get_monotonic_time () - begin) / 1e6;
  g_autoptr (HdEngine) engine = hd_engine_new (platform, schedule, &error);
  g_autoptr (CliRecord) record = cli_record_new (platform, schedule);
  g_autofree char *path = g_strdup_printf ("%s/heddle-bench-%d.h5", g_get_tmp_dir (), (int) getpid ());
  double without = G_MAXDOUBLE, with = G_MAXDOUBLE;
  for (int round = 0; round < 5; round++) {
    without = MIN (without, run_once (engine, record, NULL));
    with = MIN (with, run_once (engine, record, path));
  }
  GStatBuf file;
  g_stat (path, &file);
  g_unlink (path);
  g_print ("tile and schedule: %u nodes, %u tasks in %.3f s: %.2f million tasks/s\n", tiling->n_nodes, schedule->n_tasks, planned, schedule->n_tasks / planned / 1e6);
  g_print ("run without a trace: %.3f s, %.2f million tasks/s\n", without, schedule->n_tasks / without / 1e6);
  g_print ("run with its trace:  %.3f s, %.1f MB\n", with, (double) file.st_size / 1e6);
  g_print ("with / without, from workload to result (tile, schedule, run): %.2f (at most 2 is wanted)\n", (planned + with) / (planned + without));
  g_print ("with / without, the engine's run alone: %.2f\n", with / without);
  return 0;
}
