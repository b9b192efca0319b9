/* The series that a sink is told of: changes go into one batch, which is handed over when it is full. Without a sink nothing here runs. */
#include "config.h"
#include "engine/private.h"

#define BATCH 8192

/* The most bits that one base cycle can show. The remainder of a division by the period comes first, and a short burst's can be larger. */
static guint64
widest (const HdResource *r)
{
  guint64 whole = r->width_bits / r->period, full = whole + r->width_bits % r->period;
  return whole == 0 ? full : MAX (full, whole + r->period - 2);
}

/* What a memory can hold at most: its capacity, or all the pieces that there are for it. */
static guint64
fullest (const HdEngine *self, HdMemoryId m)
{
  const HdSchedule *s = self->schedule;
  guint64 sum = 0;
  if (self->platform->memory[m].capacity_bits != HD_UNLIMITED_BITS)
    return self->platform->memory[m].capacity_bits;
  for (guint32 p = 0; p < s->n_pieces; p++)
    if (s->piece_memory[p] == m)
      sum += s->piece_bits[p];
  return sum;
}

/* The most energy that one cycle can hold: all there is. */
static guint64
hottest (const HdEngine *self)
{
  const HdSchedule *s = self->schedule;
  double sum = self->power.static_aj;
  for (guint32 t = 0; t < s->n_tasks; t++) {
    if (s->kind[t] == HD_TASK_COMPUTE)
      sum += (double) s->cost[s->what[t]].energy_aj + (double) s->cost[s->what[t]].load_energy_aj;
    else
      sum += (double) s->bits[t] * self->route[s->what[t]].price * HD_AJ_PER_PJ + 1;
  }
  sum *= 1.000001;   /* its rounding */
  return sum >= 1.8e19 ? G_MAXUINT64 : (guint64) sum + 1;
}

/* Series stand in the order: cores, resources with a width, memories, power. */
void
_hd_series_make (HdEngine *self)
{
  const HdPlatform *p = self->platform;
  guint n = 0;
  self->series = g_new0 (HdSeries, (gsize) p->n_cores + p->n_resources + p->n_memories + 1);
  self->resource_series = g_new (guint32, p->n_resources);
  self->change = g_new (HdChange, BATCH);
  self->power.deltas = hd_event_queue_new ();
  for (guint c = 0; c < p->n_cores; c++)
    self->series[n++] = (HdSeries) { HD_SERIES_CORE_STATE, p->core[c].id, HD_N_STATES - 1 };
  for (guint r = 0; r < p->n_resources; r++) {
    self->resource_series[r] = p->resource[r].width_bits != 0 ? n : HD_NONE;
    if (p->resource[r].width_bits != 0)
      self->series[n++] = (HdSeries) { HD_SERIES_BITS, p->resource[r].id, widest (&p->resource[r]) };
  }
  self->memory_series = n;
  for (guint m = 0; m < p->n_memories; m++)
    self->series[n++] = (HdSeries) { HD_SERIES_OCCUPANCY, p->memory[m].id, fullest (self, m) };
  self->power_series = n;
  self->series[n++] = (HdSeries) { HD_SERIES_POWER, "platform", hottest (self) };
  self->info = (HdRunInfo) {
    .n_series = n, .series = self->series, .power_unit_pj = 1 / HD_AJ_PER_PJ, .n_tasks = self->schedule->n_tasks, .expected_cycles = 0,
  };
}

gboolean
_hd_engine_series_begin (HdEngine *self, GError **error)
{
  self->n_changes = 0;
  self->recording = self->sink->klass->begin (self->sink, &self->info, error);
  if (!self->recording)
    return FALSE;
  for (guint m = 0; m < self->platform->n_memories; m++) {
    self->memory[m].shown = self->memory[m].occupied;
    if (self->memory[m].occupied > 0)
      _hd_series_emit (self, self->memory_series + m, 0, self->memory[m].occupied);
  }
  return TRUE;
}

void
_hd_series_flush (HdEngine *self)
{
  if (self->recording && self->n_changes > 0)
    self->recording = self->sink->klass->changes (self->sink, self->change, self->n_changes, &self->sink_error);
  self->n_changes = 0;
}

void
_hd_series_emit (HdEngine *self, guint32 series, guint64 cycle, guint64 value)
{
  self->change[self->n_changes++] = (HdChange) { cycle, value, series, 0 };
  if (self->n_changes == BATCH)
    _hd_series_flush (self);
}

/* --- bits per cycle --------------------------------------------------------------------------------------- */

static void
show_bits (HdEngine *self, HdResourceId r, guint64 cycle, guint64 length, guint64 bits)
{
  Resource *resource = &self->resource[r];
  if (length == 0)
    return;
  if (resource->shown != 0 && cycle > resource->shown_until) {
    resource->shown = 0;
    _hd_series_emit (self, self->resource_series[r], resource->shown_until, 0);
  }
  if (resource->shown != bits)
    _hd_series_emit (self, self->resource_series[r], cycle, bits);
  resource->shown = bits;
  resource->shown_until = cycle + length;
}

/* @n own cycles of @period in each of which @bits move. */
static void
show_own_cycles (HdEngine *self, HdResourceId r, guint64 cycle, guint64 n, guint64 period, guint64 bits)
{
  guint64 even = bits / period, rest = bits % period;
  if (rest == 0) {
    show_bits (self, r, cycle, n * period, even);
    return;
  }
  for (guint64 i = 0; i < n && self->recording; i++) {
    show_bits (self, r, cycle + i * period, 1, even + rest);
    show_bits (self, r, cycle + i * period + 1, period - 1, even);
  }
}

/* @bits move over resource @r from @cycle on without a gap. */
void
_hd_series_hold (HdEngine *self, HdResourceId r, guint64 cycle, guint64 bits)
{
  const HdResource *what = &self->platform->resource[r];
  guint64 full = bits / what->width_bits, rest = bits % what->width_bits;
  show_own_cycles (self, r, cycle, full, what->period, what->width_bits);
  if (rest > 0)
    show_own_cycles (self, r, cycle + full * what->period, 1, what->period, rest);
}

void
_hd_series_finish (HdEngine *self)
{
  for (guint r = 0; r < self->platform->n_resources; r++)
    if (self->resource[r].shown != 0)
      _hd_series_emit (self, self->resource_series[r], self->resource[r].shown_until, 0);
  _hd_series_flush (self);
}
