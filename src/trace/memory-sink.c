/* Sinks without a file: one that keeps nothing, one that keeps everything in memory. */
#include "config.h"
#include <heddle/trace.h>

/* --- nothing ---------------------------------------------------------------------------------------------- */

static gboolean
null_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  return TRUE;
}

static gboolean
null_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  return TRUE;
}

static gboolean
null_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  return TRUE;
}

HdSink *
hd_null_sink (void)
{
  static const HdSinkClass null_class = { null_begin, null_changes, null_end };
  static HdSink sink = { &null_class };
  return &sink;
}

/* --- everything ---------------------------------------------------------------------------------------------- */

/* The value of a series since a cycle, and the runs before it. */
typedef struct {
  HdSeries series;
  guint64 value;
  guint64 since;
  GArray *runs;   /* HdTraceRun */
} MemorySeries;

typedef struct {
  HdSink sink;
  GArray *series;     /* MemorySeries */
  double power_unit_pj;
  gboolean ended;
  HdTaskColumns columns;
} MemorySink;

static void
clear_series (gpointer data)
{
  MemorySeries *series = data;
  g_free ((char *) series->series.resource);
  g_array_unref (series->runs);
}

static void
forget_columns (MemorySink *self)
{
  g_free ((gpointer) self->columns.ready);
  g_free ((gpointer) self->columns.issue);
  g_free ((gpointer) self->columns.start);
  g_free ((gpointer) self->columns.end);
  g_free ((gpointer) self->columns.wait_kind);
  g_free ((gpointer) self->columns.wait_cause);
  self->columns = (HdTaskColumns) { 0 };
  self->ended = FALSE;
}

static gboolean
memory_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  MemorySink *self = (MemorySink *) sink;
  g_array_set_size (self->series, 0);
  forget_columns (self);
  self->power_unit_pj = info->power_unit_pj;
  for (guint i = 0; i < info->n_series; i++) {
    MemorySeries series = { .series = info->series[i], .runs = g_array_new (FALSE, FALSE, sizeof (HdTraceRun)) };
    series.series.resource = g_strdup (info->series[i].resource);
    g_array_append_val (self->series, series);
  }
  return TRUE;
}

/* A run that has the value of the one before is part of it. */
static void
add_run (MemorySeries *series, guint64 from, guint64 to)
{
  HdTraceRun *last = series->runs->len > 0 ? &g_array_index (series->runs, HdTraceRun, series->runs->len - 1) : NULL;
  if (last != NULL && last->value == series->value) {
    last->to = to;
    return;
  }
  HdTraceRun run = { from, to, { series->value } };
  g_array_append_val (series->runs, run);
}

static gboolean
memory_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  MemorySink *self = (MemorySink *) sink;
  for (gsize i = 0; i < n; i++) {
    MemorySeries *series = &g_array_index (self->series, MemorySeries, changes[i].series);
    hd_assert_invariant (changes[i].cycle >= series->since, "series %u changes at cycle %" G_GUINT64_FORMAT " after it did at %" G_GUINT64_FORMAT,
                         changes[i].series, changes[i].cycle, series->since);
    if (changes[i].cycle > series->since)
      add_run (series, series->since, changes[i].cycle);
    series->since = changes[i].cycle;
    series->value = changes[i].value;
  }
  return TRUE;
}

/* Runs past the end mean nothing. */
static void
end_series (MemorySeries *series, guint64 cycles)
{
  if (series->since < cycles)
    add_run (series, series->since, cycles);
  while (series->runs->len > 0 && g_array_index (series->runs, HdTraceRun, series->runs->len - 1).from >= cycles)
    g_array_set_size (series->runs, series->runs->len - 1);
  if (series->runs->len > 0)
    g_array_index (series->runs, HdTraceRun, series->runs->len - 1).to = cycles;
}

static gboolean
memory_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  MemorySink *self = (MemorySink *) sink;
  guint64 n = columns->n_tasks;
  for (guint i = 0; i < self->series->len; i++)
    end_series (&g_array_index (self->series, MemorySeries, i), columns->cycles);
  self->columns = (HdTaskColumns) {
    .cycles = columns->cycles,
    .n_tasks = n,
    .ready = g_memdup2 (columns->ready, n * sizeof *columns->ready),
    .issue = g_memdup2 (columns->issue, n * sizeof *columns->issue),
    .start = g_memdup2 (columns->start, n * sizeof *columns->start),
    .end = g_memdup2 (columns->end, n * sizeof *columns->end),
    .wait_kind = g_memdup2 (columns->wait_kind, n * sizeof *columns->wait_kind),
    .wait_cause = g_memdup2 (columns->wait_cause, n * sizeof *columns->wait_cause),
  };
  self->ended = TRUE;
  return TRUE;
}

HdSink *
hd_memory_sink_new (void)
{
  static const HdSinkClass memory_class = { memory_begin, memory_changes, memory_end };
  MemorySink *self = g_new0 (MemorySink, 1);
  self->sink.klass = &memory_class;
  self->series = g_array_new (FALSE, FALSE, sizeof (MemorySeries));
  g_array_set_clear_func (self->series, clear_series);
  return &self->sink;
}

void
hd_memory_sink_free (HdSink *sink)
{
  MemorySink *self = (MemorySink *) sink;
  if (self == NULL)
    return;
  forget_columns (self);
  g_array_unref (self->series);
  g_free (self);
}

guint
hd_memory_sink_n_series (const HdSink *sink)
{
  return ((const MemorySink *) sink)->series->len;
}

const HdSeries *
hd_memory_sink_series (const HdSink *sink, guint i)
{
  return &g_array_index (((const MemorySink *) sink)->series, MemorySeries, i).series;
}

double
hd_memory_sink_power_unit_pj (const HdSink *sink)
{
  return ((const MemorySink *) sink)->power_unit_pj;
}

const HdTraceRun *
hd_memory_sink_runs (const HdSink *sink, guint i, gsize *n)
{
  GArray *runs = g_array_index (((const MemorySink *) sink)->series, MemorySeries, i).runs;
  *n = runs->len;
  return (const HdTraceRun *) runs->data;
}

const HdTaskColumns *
hd_memory_sink_columns (const HdSink *sink)
{
  const MemorySink *self = (const MemorySink *) sink;
  return self->ended ? &self->columns : NULL;
}
