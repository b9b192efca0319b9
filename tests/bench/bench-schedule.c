/* How long schedules take to make, check, save and load, by the number of tasks. Printed: tasks a second, bytes a task, and the exponent between sizes.
 *
 * The schedule is that of a long fused run: each tile is loaded, computed on one of four cores, and stored; four transfers and computes in a row, with releases
 * after the last use and rows of boxes.
 */
#include <heddle/engine.h>
#include <heddle/schedule.h>

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CORES 4

typedef struct {
  HdPlatform *platform;
  HdScheduleBuilder *builder;
  HdMemoryId dram, sram[CORES];
  guint32 load[CORES], store[CORES];
  HdQueueId core[CORES], in[CORES], out[CORES];
} Maker;

/* CPU time: other work on the machine does not count. */
static double
now (void)
{
  return (double) clock () / CLOCKS_PER_SEC;
}

static guint32
route (Maker *maker, HdMemoryId from, HdMemoryId to)
{
  HdRoute made;
  if (!hd_platform_route (maker->platform, from, &to, 1, &made, NULL))
    abort ();
  guint32 handle = hd_schedule_builder_route (maker->builder, &made);
  hd_route_clear (&made);
  return handle;
}

static void
begin (Maker *maker)
{
  maker->builder = hd_schedule_builder_new (maker->platform);
  maker->dram = hd_platform_find_memory (maker->platform, "dram");
  hd_schedule_builder_layer (maker->builder, "conv");
  hd_schedule_builder_tensor (maker->builder, "x");
  hd_schedule_builder_tensor (maker->builder, "y");
  for (guint c = 0; c < CORES; c++) {
    g_autofree char *sram = g_strdup_printf ("sram%u", c), *core = g_strdup_printf ("core%u", c), *in = g_strdup_printf ("in%u", c), *out = g_strdup_printf ("out%u", c);
    maker->sram[c] = hd_platform_find_memory (maker->platform, sram);
    maker->load[c] = route (maker, maker->dram, maker->sram[c]);
    maker->store[c] = route (maker, maker->sram[c], maker->dram);
    maker->core[c] = hd_schedule_builder_queue (maker->builder, &(HdQueue) { .name = core, .outstanding = 1, .core = c });
    maker->in[c] = hd_schedule_builder_queue (maker->builder, &(HdQueue) { .name = in, .outstanding = 1, .core = HD_NONE });
    maker->out[c] = hd_schedule_builder_queue (maker->builder, &(HdQueue) { .name = out, .outstanding = 1, .core = HD_NONE });
  }
}

/* load, compute, store: three tasks, four pieces. */
static void
add_tile (Maker *maker, guint32 i)
{
  HdScheduleBuilder *b = maker->builder;
  guint c = i % CORES;
  const HdBox box = { 3, { { 0, 8 }, { i / 64, i / 64 + 1 }, { i % 64, i % 64 + 4 } } };
  HdPieceId x_dram = hd_schedule_builder_piece (b, maker->dram, 256, HD_NONE, 0, &box);
  HdTaskId load = hd_schedule_builder_transfer (b, maker->in[c], maker->load[c], 256, 0, i);
  HdPieceId x = hd_schedule_builder_piece (b, maker->sram[c], 256, load, 0, &box);
  guint32 cost = hd_schedule_builder_cost (b, &(HdTaskCost) { .cycles = 20 + i % 7, .energy_aj = 1000, .macs = 64 });
  HdTaskId compute = hd_schedule_builder_compute (b, maker->core[c], cost, 0, i, 1);
  HdPieceId y = hd_schedule_builder_piece (b, maker->sram[c], 256, compute, 1, &box);
  HdTaskId store = hd_schedule_builder_transfer (b, maker->out[c], maker->store[c], 256, 0, i);
  hd_schedule_builder_piece (b, maker->dram, 256, store, 1, &box);
  hd_schedule_builder_use (b, load, x_dram);
  hd_schedule_builder_use (b, compute, x);
  hd_schedule_builder_use (b, store, y);
  hd_schedule_builder_release (b, x, compute);
  hd_schedule_builder_release (b, y, store);
  if (i >= 2 * CORES)
    hd_schedule_builder_after (b, load, store - 3 * 2 * CORES);
}

static HdSchedule *
make (Maker *maker, guint32 n_tasks)
{
  g_autoptr (GError) error = NULL;
  begin (maker);
  for (guint32 i = 0; i < n_tasks / 3; i++)
    add_tile (maker, i);
  HdSchedule *schedule = hd_schedule_builder_finish (maker->builder, &error);
  if (schedule == NULL)
    g_error ("%s", error->message);
  hd_schedule_builder_free (maker->builder);
  return schedule;
}

typedef enum { MAKE, VALIDATE, CHECK, CHECK_TIMES, SHA256, SAVE, LOAD, RUN, N_STEPS } Step;
static const char *const NAMES[] = { "make", "validate", "check", "check times", "sha256", "save h5", "load h5", "(engine run)" };

static void
check_times (const HdSchedule *schedule, const HdPlatform *platform, double *seconds)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdEngine) engine = hd_engine_new (platform, schedule, NULL);
  HdResult result;
  double start = now ();
  if (!hd_engine_run (engine, NULL, &result, &error))
    g_error ("%s", error->message);
  seconds[RUN] = now () - start;
  const HdTaskTimes times = { result.cycles, schedule->n_tasks, result.columns.ready, result.columns.issue, result.columns.start, result.columns.end };
  start = now ();
  if (!hd_schedule_check_times (schedule, platform, &times, &error))
    g_error ("%s", error->message);
  seconds[CHECK_TIMES] = now () - start;
}

static guint64
measure (Maker *maker, guint32 n, const char *path, double *seconds)
{
  g_autoptr (GError) error = NULL;
  GStatBuf status;
  double at[N_STEPS + 1];
  at[0] = now ();
  g_autoptr (HdSchedule) schedule = make (maker, n);
  at[1] = now ();
  gboolean valid = hd_schedule_validate (schedule, maker->platform, &error);
  at[2] = now ();
  gboolean legal = valid && hd_schedule_check (schedule, maker->platform, &error);
  at[3] = now ();
  g_autofree char *sha256 = hd_schedule_sha256 (schedule);
  at[4] = now ();
  gboolean saved = legal && hd_schedule_save (schedule, maker->platform, path, &error);
  at[5] = now ();
  g_autoptr (HdSchedule) loaded = saved ? hd_schedule_load (path, maker->platform, &error) : NULL;
  at[6] = now ();
  if (loaded == NULL)
    g_error ("%s", error->message);
  const Step steps[] = { MAKE, VALIDATE, CHECK, SHA256, SAVE, LOAD };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    seconds[steps[i]] = at[i + 1] - at[i];
  check_times (schedule, maker->platform, seconds);
  g_stat (path, &status);
  g_unlink (path);
  return (guint64) status.st_size;
}

int
main (int argc, char **argv)
{
  guint32 largest = argc > 1 ? (guint32) g_ascii_strtoull (argv[1], NULL, 10) : 1000000;
  Maker maker = { .platform = hd_platform_parse_synthetic ("core:4 sram:64KiB bus:128b dram:64b", NULL) };
  g_autofree char *folder = g_dir_make_tmp ("heddle-bench-XXXXXX", NULL), *path = g_build_filename (folder, "s.h5", NULL);
  double small[N_STEPS], large[N_STEPS];
  measure (&maker, largest / 10, path, small);
  guint64 bytes = measure (&maker, largest, path, large);
  printf ("%-14s %12s %12s %10s   (CPU time; %u tasks, %.1f byte a task in the file)\n", "step", "s", "tasks/s", "exponent", largest, (double) bytes / largest);
  for (guint i = 0; i < N_STEPS; i++)
    printf ("%-14s %12.3f %12.0f %10.2f\n", NAMES[i], large[i], largest / large[i], log10 (large[i] / small[i]));
  g_rmdir (folder);
  hd_platform_unref (maker.platform);
  return 0;
}
