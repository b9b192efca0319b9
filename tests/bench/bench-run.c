/* A run with its trace against the same run without, on two schedules of more than a million tasks:
 *
 *   FSRCNN in nodes of four pixels, whose transfers hardly meet: the engine has next to nothing to do, the trace everything;
 *   eight cores that contend for a bus and a DRAM port, with loads of four bursts: many changes for each task.
 *
 * Three ways: the program from a workload (`heddle run`), the program from a schedule's file (`heddle simulate`), and the engine's run alone, in this process, from
 * the sink's making to its commit; the schedule's digest, which does not change from run to run, is made in the first of them. The two that are compared alternate; the fastest of each counts. Wall time is what a user waits for; CPU time is given beside it, since other processes make the first longer.
 */
#include "config.h"
#include "cli/simulation.h"
#include "engine/workload.h"

#include <heddle/passes.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char MAPPING[] = "<mapping version=\"1\"><stack layers=\"conv1 ... conv8\"><tile OY=\"1\"/><cut rank=\"OY\" size=\"1\"/><cut rank=\"OX\" size=\"4\"/></stack></mapping>";

volatile int cli_signal = 0;

typedef struct {
  double wall, cpu; /* [s] */
} Seconds;

static void
must (gboolean fine, const char *what, const GError *error)
{
  if (!fine)
    g_error ("%s: %s", what, error != NULL ? error->message : "failed");
}

static double
wall_now (void)
{
  return (double) g_get_monotonic_time () / 1e6;
}

static double
cpu_of (int who)
{
  struct rusage usage;
  getrusage (who, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static Seconds
fastest (Seconds a, Seconds b)
{
  return (Seconds) { MIN (a.wall, b.wall), MIN (a.cpu, b.cpu) };
}

static void
tell (const char *what, Seconds without, Seconds with)
{
  g_print ("  %-18s without a trace %6.3f s, with it %6.3f s: %.2f times as long (CPU time: %.3f s, %.3f s: %.2f)\n", what, without.wall, with.wall, with.wall / without.wall, without.cpu,
           with.cpu, with.cpu / without.cpu);
}

/* --- the engine alone ------------------------------------------------------------------------------------------ */

static Seconds
run_engine (HdEngine *engine, CliRecord *record, const char *path)
{
  GError *error = NULL;
  HdResult result;
  if (path != NULL)
    g_unlink (path);   /* to free an old file's blocks is no part of writing a new one */
  double wall = wall_now (), cpu = cpu_of (RUSAGE_SELF);
  HdSink *sink = path != NULL ? hd_trace_sink_new (path, cli_record_header (record, NULL), NULL, &error) : NULL;
  must (hd_engine_run (engine, sink, &result, &error), "run", error);
  must (sink == NULL || (cli_record_result (record, &result, sink, &error) && hd_trace_sink_commit (sink, &error)), "trace", error);
  hd_trace_sink_free (sink);
  return (Seconds) { wall_now () - wall, cpu_of (RUSAGE_SELF) - cpu };
}

static void
compare_engine (const HdPlatform *platform, const HdSchedule *schedule, const char *path)
{
  GError *error = NULL;
  GStatBuf file;
  g_autoptr (HdEngine) engine = hd_engine_new (platform, schedule, &error);
  must (engine != NULL, "engine", error);
  g_autoptr (CliRecord) record = cli_record_new (platform, schedule);
  Seconds without = run_engine (engine, record, NULL), with = run_engine (engine, record, path);
  for (int round = 0; round < 5; round++) {
    without = fastest (without, run_engine (engine, record, NULL));
    with = fastest (with, run_engine (engine, record, path));
  }
  tell ("engine's run alone", without, with);
  g_stat (path, &file);
  g_print ("  %-18s %.2f million tasks/s without a trace; the trace has %.1f MB, %.1f bytes a task\n", "", schedule->n_tasks / without.wall / 1e6, (double) file.st_size / 1e6,
           (double) file.st_size / schedule->n_tasks);
  g_unlink (path);
}

/* --- the program ------------------------------------------------------------------------------------------------- */

static Seconds
run_program (const char *const *argv)
{
  GError *error = NULL;
  int status;
  double wall = wall_now (), cpu = cpu_of (RUSAGE_CHILDREN);
  must (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, &error), argv[0], error);
  must (g_spawn_check_wait_status (status, &error), argv[0], error);
  return (Seconds) { wall_now () - wall, cpu_of (RUSAGE_CHILDREN) - cpu };
}

/* @argv has room for two words before its end. */
static void
compare_program (const char *what, const char **argv, guint n, const char *path, int rounds)
{
  Seconds without = { G_MAXDOUBLE, G_MAXDOUBLE }, with = without;
  for (int round = 0; round < rounds; round++) {
    argv[n] = NULL;
    without = fastest (without, run_program (argv));
    argv[n] = "-o";
    argv[n + 1] = path;
    with = fastest (with, run_program (argv));
  }
  tell (what, without, with);
  g_unlink (path);
}

static const char *
program (void)
{
  return g_getenv ("HEDDLE") != NULL ? g_getenv ("HEDDLE") : "./heddle";
}

static void
compare_simulate (const char *platform, const HdPlatform *parsed, const HdSchedule *schedule, const char *folder, const char *trace)
{
  GError *error = NULL;
  g_autofree char *path = g_build_filename (folder, "schedule.h5", NULL);
  must (hd_schedule_save (schedule, parsed, path, &error), path, error);
  const char *argv[8] = { program (), "simulate", platform, path };
  compare_program ("heddle simulate", argv, 4, trace, 3);
  g_unlink (path);
}

/* --- the two schedules -------------------------------------------------------------------------------------------- */

static void
bench_fsrcnn (const char *folder, const char *trace)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".";
  g_autofree char *platform_path = g_build_filename (source, "platforms", "depfin.xml", NULL), *workload_path = g_build_filename (source, "workloads", "fsrcnn.xml", NULL);
  g_autofree char *mapping_path = g_build_filename (folder, "bench.mapping.xml", NULL);
  GError *error = NULL;
  HdCostOptions simple = { .rules = HD_RULES_SIMPLE };
  must (g_file_set_contents (mapping_path, MAPPING, -1, &error), mapping_path, error);
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  g_autoptr (HdWorkload) workload = platform != NULL ? hd_workload_load (workload_path, NULL, &error) : NULL;
  g_autoptr (HdMapping) mapping = workload != NULL ? hd_mapping_parse_xml (MAPPING, strlen (MAPPING), "mapping", workload, platform, &error) : NULL;
  g_autoptr (HdTiling) tiling = mapping != NULL ? hd_tiling_new (mapping, &error) : NULL;
  must (tiling != NULL, "FSRCNN", error);
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, &simple);
  g_autoptr (HdSchedule) schedule = hd_pass_run ("fused", tiling, cost, NULL, &error);
  must (schedule != NULL, "FSRCNN", error);
  g_print ("FSRCNN in nodes of four pixels: %u nodes, %u tasks\n", tiling->n_nodes, schedule->n_tasks);
  compare_engine (platform, schedule, trace);
  compare_simulate (platform_path, platform, schedule, folder, trace);
  const char *argv[16] = { program (), "run", "--rules", "simple", "-p", platform_path, "-w", workload_path, "-m", mapping_path };
  compare_program ("heddle run", argv, 10, trace, 2);
  g_unlink (mapping_path);
}

static void
bench_contended (const char *folder, const char *trace)
{
  static const char LINE[] = "core:8 sram:16KiB bus:128b dram:64b";
  Contended c = contended_make (LINE, 8, 1000000, 2048);
  g_print ("Eight cores that contend, loads of four bursts: %u tasks\n", c.schedule->n_tasks);
  compare_engine (c.platform, c.schedule, trace);
  compare_simulate (LINE, c.platform, c.schedule, folder, trace);
  contended_clear (&c);
}

int
main (void)
{
  g_autofree char *folder = g_dir_make_tmp ("heddle-bench-XXXXXX", NULL);
  g_autofree char *trace = g_build_filename (folder, "trace.h5", NULL);
  bench_fsrcnn (folder, trace);
  bench_contended (folder, trace);
  g_rmdir (folder);
  return 0;
}
