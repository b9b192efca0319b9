/* How fast the engine is: tasks a second end to end on contended schedules, without a sink; how the cost grows with the number of tasks; bytes for each task.
 *
 * "End to end" is hd_engine_new() and the first run together. Memory is what the process allocates between (malloc_usable_size would count the
 * allocator's rounding; mallinfo2 counts what is in use).
 */
#include "config.h"

#include "engine/workload.h"

#include <malloc.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* Of this process on the CPU: other processes do not count. */
static double
seconds (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static gsize
bytes_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();
  return info.uordblks + info.hblkhd;
}

typedef struct {
  double first, again;   /* [s] */
  double bytes_per_task;
  double events, bursts, busiest;   /* for each task; of the makespan */
  gboolean deadlock;
} Measured;

/* What the result says; its arrays go with the engine. */
static void
note_result (const Contended *c, const HdResult *result, Measured *m)
{
  m->events = (double) result->events / c->schedule->n_tasks;
  m->deadlock = result->deadlock;
  for (guint r = 0; r < c->platform->n_resources; r++) {
    if (c->platform->resource[r].width_bits == 0)
      continue;
    m->busiest = MAX (m->busiest, (double) result->resource_busy_cycles[r] / (double) result->cycles);
    m->bursts += (double) result->resource_bits[r] / (double) c->platform->burst_bits / c->schedule->n_tasks;
  }
}

static Measured
measure (const Contended *c)
{
  g_autoptr (GError) error = NULL;
  Measured m = { 0 };
  HdResult result;
  gsize before = bytes_in_use ();
  double begin = seconds ();
  g_autoptr (HdEngine) engine = hd_engine_new (c->platform, c->schedule, &error);
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, &error))
    contended_stop (error);
  m.first = seconds () - begin;
  m.bytes_per_task = (double) (bytes_in_use () - before) / c->schedule->n_tasks;
  m.again = G_MAXDOUBLE;
  for (int i = 0; i < 3; i++) {
    begin = seconds ();
    if (!hd_engine_run (engine, NULL, &result, &error))
      contended_stop (error);
    m.again = MIN (m.again, seconds () - begin);
  }
  note_result (c, &result, &m);
  return m;
}

/* --- what telling a sink costs ------------------------------------------------------------------------ */

static guint64 n_changes;

static gboolean
sink_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  n_changes = 0;
  return TRUE;
}

static gboolean
sink_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  n_changes += n;
  return TRUE;
}

static gboolean
sink_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  return TRUE;
}

static double
fastest_run (HdEngine *engine, HdSink *sink)
{
  double best = G_MAXDOUBLE;
  HdResult result;
  for (int i = 0; i < 4; i++) {
    g_autoptr (GError) error = NULL;
    double begin = seconds ();
    if (!hd_engine_run (engine, sink, &result, &error))
      contended_stop (error);
    best = MIN (best, seconds () - begin);
  }
  return best;
}

static void
bench_sink (const char *line, guint cores)
{
  static const HdSinkClass counts = { sink_begin, sink_changes, sink_end };
  g_autoptr (GError) error = NULL;
  HdSink sink = { &counts };
  Contended c = contended_make (line, cores, 300000, 2048);
  g_autoptr (HdEngine) engine = hd_engine_new (c.platform, c.schedule, &error);
  if (engine == NULL)
    contended_stop (error);
  double without = fastest_run (engine, NULL), with = fastest_run (engine, &sink);
  printf ("engine, a sink that only counts: %.2f changes a task, %.2f times as long as without a sink\n", (double) n_changes / c.schedule->n_tasks, with / without);
  contended_clear (&c);
}

static void
tell (const char *name, const Contended *c, const Measured *m)
{
  double n = c->schedule->n_tasks;
  printf ("engine, %-30s: %8.0f tasks, %5.2f M tasks/CPU s end to end, %5.2f M/s run again (%4.0f ns a task); busiest resource %3.0f %%; %5.2f events, about %5.1f bursts, %4.1f B a task%s\n",
          name, n, n / m->first / 1e6, n / m->again / 1e6, m->again / n * 1e9, 100 * m->busiest, m->events, m->bursts, m->bytes_per_task,
          m->deadlock ? " - DEADLOCK" : "");
}

static void
bench_machine (const char *name, const char *line, guint cores, guint32 n_tasks, guint64 bits)
{
  Contended c = contended_make (line, cores, n_tasks, bits);
  Measured m = measure (&c);
  tell (name, &c, &m);
  contended_clear (&c);
}

/* The slope of log (time) over log (tasks), by least squares. */
static void
bench_growth (const char *line, guint cores)
{
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  static const guint32 sizes[] = { 10000, 100000, 1000000, 10000000 };
  guint n = G_N_ELEMENTS (sizes);
  for (guint i = 0; i < n; i++) {
    Contended c = contended_make (line, cores, sizes[i], 2048);
    Measured m = measure (&c);
    tell ("8 cores, growth", &c, &m);
    double x = log (c.schedule->n_tasks), y = log (m.again);
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
    contended_clear (&c);
  }
  printf ("engine, growth from 10^4 to 10^7 tasks: time ~ tasks^%.3f\n", (n * sxy - sx * sy) / (n * sxx - sx * sx));
}

int
main (int argc, char **argv)
{
  gboolean quick = argc > 1 && strcmp (argv[1], "--quick") == 0;
  bench_machine ("8 cores, 4 burst loads", "core:8 sram:16KiB bus:128b dram:64b", 8, 1000000, 2048);
  bench_machine ("8 cores, 16 burst loads", "core:8 sram:64KiB bus:128b dram:64b", 8, 300000, 8192);
  bench_machine ("8 cores, 64 burst loads", "core:8 sram:256KiB bus:128b dram:64b", 8, 100000, 32768);
  bench_machine ("64 cores, 4 burst loads", "core:64 sram:16KiB bus:512b dram:256b", 64, 1000000, 2048);
  bench_machine ("8 cores, round robin, latency", "core:8 sram:16KiB bus:128b,arbiter=round-robin,latency=4 dram:64b,latency=20", 8, 1000000, 2048);
  bench_sink ("core:8 sram:16KiB bus:128b dram:64b", 8);
  if (!quick)
    bench_growth ("core:8 sram:16KiB bus:128b dram:64b", 8);
  return 0;
}
