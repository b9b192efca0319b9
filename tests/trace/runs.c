/* Random runs for the trace's tests. */
#include "trace/runs.h"

enum { SERIES = 8 };

static const HdSeries all_series[SERIES] = {
  { HD_SERIES_CORE_STATE, "core0", 4 },
  { HD_SERIES_CORE_STATE, "cluster/core1", 4 },
  { HD_SERIES_BITS, "bus", 64 },
  { HD_SERIES_BITS, "dram.read", 300 },
  { HD_SERIES_BITS, "idle", 64 },
  { HD_SERIES_OCCUPANCY, "lb", 1 << 20 },
  { HD_SERIES_OCCUPANCY, "dram", G_GUINT64_CONSTANT (1) << 40 },
  { HD_SERIES_POWER, "platform", G_GUINT64_CONSTANT (1) << 30 },
};

/* Short runs and long ones; the idle bus stays idle; some changes are taken back in the same cycle; some lie past the end. */
static void
make_changes (TestRun *self, HdRandom *random, guint64 longest)
{
  guint64 at[SERIES] = { 0 };
  gboolean open = TRUE;
  while (open) {
    open = FALSE;
    for (guint s = 0; s < SERIES; s++) {
      guint64 length = hd_random_below (random, 4) == 0 ? hd_random_below (random, longest * 20) : hd_random_below (random, longest);
      guint64 value = hd_random_below (random, self->series[s].max_value + 1);
      if (s == 4 || at[s] >= self->cycles)
        continue;
      HdChange change = { at[s], value, s, 0 };
      g_array_append_val (self->changes, change);
      at[s] += length;
      open = TRUE;
    }
  }
}

static void
make_tasks (TestRun *self, HdRandom *random)
{
  for (guint64 i = 0; i < self->n_tasks; i++) {
    self->ready[i] = hd_random_below (random, self->cycles + 1);
    self->issue[i] = self->ready[i];
    self->start[i] = MIN (self->cycles, self->ready[i] + hd_random_below (random, 50));
    self->end[i] = MIN (self->cycles, self->start[i] + hd_random_below (random, 1000));
    self->bits[i] = 8 * hd_random_below (random, 100000);
    self->wait_kind[i] = hd_random_below (random, 5);
    self->wait_cause[i] = self->wait_kind[i] == HD_WAIT_NONE ? G_MAXUINT32 : hd_random_below (random, self->n_tasks);
    self->kind[i] = hd_random_below (random, 2);
    self->core[i] = hd_random_below (random, 2);
  }
}

TestRun *
test_run_new (guint64 seed, guint64 cycles, guint64 n_tasks, guint64 longest)
{
  HdRandom random;
  TestRun *self = g_new0 (TestRun, 1);
  hd_random_init (&random, seed);
  self->n_series = SERIES;
  self->series = g_memdup2 (all_series, sizeof all_series);
  self->power_unit_pj = 0.001;
  self->cycles = cycles;
  self->n_tasks = n_tasks;
  self->changes = g_array_new (FALSE, FALSE, sizeof (HdChange));
  self->ready = g_new (guint64, n_tasks);
  self->issue = g_new (guint64, n_tasks);
  self->start = g_new (guint64, n_tasks);
  self->end = g_new (guint64, n_tasks);
  self->bits = g_new (guint64, n_tasks);
  self->wait_kind = g_new (guint8, n_tasks);
  self->kind = g_new (guint8, n_tasks);
  self->wait_cause = g_new (guint32, n_tasks);
  self->core = g_new (guint32, n_tasks);
  make_changes (self, &random, longest);
  make_tasks (self, &random);
  return self;
}

void
test_run_free (TestRun *self)
{
  g_array_unref (self->changes);
  g_free (self->series);
  g_free (self->ready);
  g_free (self->issue);
  g_free (self->start);
  g_free (self->end);
  g_free (self->bits);
  g_free (self->wait_kind);
  g_free (self->kind);
  g_free (self->wait_cause);
  g_free (self->core);
  g_free (self);
}

HdTraceHeader *
test_header_new (const TestRun *self)
{
  static const char *const cores[] = { "core0", "cluster/core1" };
  static const char *const policies[] = { "retain", "refetch", "recompute" };
  static const HdTraceEnum enums[] = { { "policy", policies, 3 } };
  const HdTraceColumn columns[] = {
    { "/names/core", HD_COLUMN_STRING, "1", "names of the cores, by id", NULL, NULL, cores, 2 },
    { "/tasks/kind", HD_COLUMN_U8, "1", "compute or transfer", "task", "task_kind", self->kind, self->n_tasks },
    { "/tasks/core", HD_COLUMN_U32, "1", "core, by id", "task", NULL, self->core, self->n_tasks },
    { "/tasks/bits", HD_COLUMN_U64, "bit", "bits moved", "task", NULL, self->bits, self->n_tasks },
  };
  HdTraceHeader *header = g_new (HdTraceHeader, 1);
  *header = (HdTraceHeader) { .title = "a test", .platform_xml = "<platform version=\"1\"/>\n", .workload_xml = "<workload/>\n", .platform_sha256 = "00ff",
                              .clock_hz = 1000000000, .enums = enums, .n_enums = 1, .n_columns = G_N_ELEMENTS (columns) };
  header->columns = g_memdup2 (columns, sizeof columns);
  return header;
}

void
test_header_free (HdTraceHeader *header)
{
  g_free ((gpointer) header->columns);
  g_free (header);
}

gboolean
test_run_report (const TestRun *self, HdSink *sink, GError **error)
{
  HdRunInfo info = { self->n_series, self->series, self->power_unit_pj, self->n_tasks, self->cycles };
  HdTaskColumns columns = { self->cycles, self->n_tasks, self->ready, self->issue, self->start, self->end, self->wait_kind, self->wait_cause };
  const HdChange *change = (const HdChange *) self->changes->data;
  if (!sink->klass->begin (sink, &info, error))
    return FALSE;
  for (gsize done = 0, size = 1; done < self->changes->len; done += size, size = size * 3 % 7919) {
    size = MIN (size, self->changes->len - done);
    if (!sink->klass->changes (sink, change + done, size, error))
      return FALSE;
  }
  return sink->klass->end (sink, &columns, error);
}

static gboolean
write_and_commit (const TestRun *self, HdSink *sink, GError **error)
{
  guint64 busy[2] = { 17, 4 };
  HdTraceColumn column = { "/summary/cores/compute", HD_COLUMN_U64, "cycle", "cycles spent computing", "core", NULL, busy, 2 };
  return test_run_report (self, sink, error) && hd_trace_sink_write_column (sink, &column, error) &&
         hd_trace_sink_write_number (sink, "energy_pj", 12.5, error) && hd_trace_sink_commit (sink, error);
}

gboolean
test_run_write (const TestRun *self, const char *path, const HdTraceOptions *options, GError **error)
{
  HdTraceHeader *header = test_header_new (self);
  HdSink *sink = hd_trace_sink_new (path, header, options, error);
  gboolean fine = sink != NULL && write_and_commit (self, sink, error);
  hd_trace_sink_free (sink);
  test_header_free (header);
  return fine;
}
