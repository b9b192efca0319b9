/* A sink that keeps the engine's changes and expands them into one value per cycle when the run is over. */
#include "config.h"
#include "expand.h"

#include <string.h>

typedef struct {
  HdSink sink;
  const HdPlatform *platform;
  guint n_series;
  HdSeriesKind *kind;
  guint *index;             /* of the core, resource or memory */
  guint64 *max_value, *last_cycle;
  GArray *changes;
  HdTaskColumns columns;    /* copied: they are to be the same as the result's */
  guint begins, ends;
} ExpandSink;

static gboolean
refuse (GError **error, const char *what, guint64 value)
{
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "the sink's contract is broken: %s (%" G_GUINT64_FORMAT ")", what, value);
  return FALSE;
}

static guint
find_series (const HdPlatform *platform, const HdSeries *series)
{
  for (guint i = 0; series->kind == HD_SERIES_CORE_STATE && i < platform->n_cores; i++)
    if (strcmp (platform->core[i].id, series->resource) == 0)
      return i;
  for (guint i = 0; series->kind == HD_SERIES_BITS && i < platform->n_resources; i++)
    if (strcmp (platform->resource[i].id, series->resource) == 0 && platform->resource[i].width_bits != 0)
      return i;
  for (guint i = 0; series->kind == HD_SERIES_OCCUPANCY && i < platform->n_memories; i++)
    if (strcmp (platform->memory[i].id, series->resource) == 0)
      return i;
  return series->kind == HD_SERIES_POWER && strcmp (series->resource, "platform") == 0 ? 0 : G_MAXUINT;
}

static guint
expected_series (const HdPlatform *platform)
{
  guint n = platform->n_cores + platform->n_memories + 1;
  for (guint i = 0; i < platform->n_resources; i++)
    n += platform->resource[i].width_bits != 0;
  return n;
}

static gboolean
on_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  ExpandSink *self = (ExpandSink *) sink;
  self->begins++;
  self->n_series = info->n_series;
  if (info->n_series != expected_series (self->platform))
    return refuse (error, "number of series", info->n_series);
  if (info->power_unit_pj != 1 / HD_AJ_PER_PJ)
    return refuse (error, "unit of power, in aJ", (guint64) (info->power_unit_pj * HD_AJ_PER_PJ));
  self->kind = g_new (HdSeriesKind, info->n_series);
  self->index = g_new (guint, info->n_series);
  self->max_value = g_new (guint64, info->n_series);
  self->last_cycle = g_new0 (guint64, info->n_series);
  for (guint i = 0; i < info->n_series; i++) {
    self->kind[i] = info->series[i].kind;
    self->max_value[i] = info->series[i].max_value;
    self->index[i] = find_series (self->platform, &info->series[i]);
    if (self->index[i] == G_MAXUINT)
      return refuse (error, "no such resource for series", i);
    for (guint k = 0; k < i; k++)
      if (self->kind[k] == self->kind[i] && self->index[k] == self->index[i])
        return refuse (error, "a series twice", i);
  }
  return TRUE;
}

static gboolean
on_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  ExpandSink *self = (ExpandSink *) sink;
  for (gsize i = 0; i < n; i++) {
    if (changes[i].series >= self->n_series)
      return refuse (error, "a change of no series", changes[i].series);
    if (changes[i].cycle < self->last_cycle[changes[i].series])
      return refuse (error, "a change before the one before it, at cycle", changes[i].cycle);
    if (changes[i].value > self->max_value[changes[i].series])
      return refuse (error, "a value above the declared greatest", changes[i].value);
    self->last_cycle[changes[i].series] = changes[i].cycle;
  }
  g_array_append_vals (self->changes, changes, (guint) n);
  return TRUE;
}

static gboolean
on_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  ExpandSink *self = (ExpandSink *) sink;
  (void) error;
  self->ends++;
  self->columns = *columns;
  return TRUE;
}

static guint64 *
series_of (Trace *trace, HdSeriesKind kind, guint index)
{
  switch (kind) {
  case HD_SERIES_CORE_STATE:
    return trace->state[index];
  case HD_SERIES_BITS:
    return trace->bits[index];
  case HD_SERIES_OCCUPANCY:
    return trace->occupancy[index];
  case HD_SERIES_POWER:
  default:
    return trace->power;
  }
}

/* Each change holds from its cycle on: it is written to the end, and the later ones overwrite it. */
static void
expand_changes (const ExpandSink *self, Trace *trace)
{
  for (guint i = 0; i < self->changes->len; i++) {
    const HdChange *change = &g_array_index (self->changes, HdChange, i);
    guint64 *series = series_of (trace, self->kind[change->series], self->index[change->series]);
    for (guint64 t = change->cycle; t < trace->cycles; t++)
      series[t] = change->value;
  }
}

static void
copy_columns (Trace *trace, const HdTaskColumns *columns)
{
  gsize n = trace->n_tasks;
  if (n == 0)
    return;
  memcpy (trace->ready, columns->ready, n * sizeof (guint64));
  memcpy (trace->issue, columns->issue, n * sizeof (guint64));
  memcpy (trace->start, columns->start, n * sizeof (guint64));
  memcpy (trace->end, columns->end, n * sizeof (guint64));
  memcpy (trace->wait_kind, columns->wait_kind, n);
  memcpy (trace->wait_cause, columns->wait_cause, n * sizeof (guint32));
}

static void
copy_words (guint64 *to, const guint64 *from, gsize n)
{
  for (gsize i = 0; i < n; i++)
    to[i] = from[i];
}

Trace *
expand_result (const HdResult *result, const HdPlatform *platform, const HdSchedule *schedule)
{
  Trace *trace = trace_new (platform, schedule);
  trace->cycles = result->cycles;
  trace->deadlock = result->deadlock;
  trace->tasks = result->tasks;
  copy_columns (trace, &result->columns);
  for (guint i = 0; i < trace->n_cores; i++)
    copy_words (trace->state_cycles[i], result->core_state_cycles[i], HD_N_STATES);
  copy_words (trace->memory_peak, result->memory_peak_bits, trace->n_memories);
  copy_words (trace->resource_busy, result->resource_busy_cycles, trace->n_resources);
  copy_words (trace->resource_bits, result->resource_bits, trace->n_resources);
  trace->dram_read_bits = result->dram_read_bits;
  trace->dram_write_bits = result->dram_write_bits;
  trace->energy_pj = result->energy_pj;
  trace->compute_pj = result->compute_pj;
  trace->transfer_pj = result->transfer_pj;
  trace->static_pj = result->static_pj;
  return trace;
}

static gboolean
check_end (const ExpandSink *self, const HdResult *result, GError **error)
{
  if (self->begins != 1 || self->ends != 1)
    return refuse (error, "begun or ended not once", self->begins * 10 + self->ends);
  if (self->columns.cycles != result->cycles || self->columns.n_tasks != result->columns.n_tasks || self->columns.end != result->columns.end)
    return refuse (error, "columns other than the result's", self->columns.cycles);
  if (result->deadlock != (result->deadlock_text != NULL))
    return refuse (error, "a deadlock and its text do not go together", result->cycles);
  return TRUE;
}

Trace *
expand_run (HdEngine *engine, const HdPlatform *platform, const HdSchedule *schedule, GError **error)
{
  static const HdSinkClass klass = { on_begin, on_changes, on_end };
  ExpandSink sink = { .sink = { &klass }, .platform = platform, .changes = g_array_new (FALSE, FALSE, sizeof (HdChange)) };
  HdResult result;
  Trace *trace = NULL;
  if (hd_engine_run (engine, &sink.sink, &result, error) && check_end (&sink, &result, error)) {
    trace = expand_result (&result, platform, schedule);
    trace_allocate_series (trace, platform);
    expand_changes (&sink, trace);
  }
  g_free (sink.kind);
  g_free (sink.index);
  g_free (sink.max_value);
  g_free (sink.last_cycle);
  g_array_free (sink.changes, TRUE);
  return trace;
}
