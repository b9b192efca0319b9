/* A complete, expanded trace: making and freeing one. */
#include "config.h"
#include "trace.h"

static void
free_series (guint64 **series, guint n)
{
  for (guint i = 0; i < n; i++)
    g_free (series[i]);
  g_free (series);
}

Trace *
trace_new (const HdPlatform *platform, const HdSchedule *schedule)
{
  Trace *self = g_new0 (Trace, 1);
  guint n = self->n_tasks = schedule->n_tasks;
  self->n_cores = platform->n_cores;
  self->n_resources = platform->n_resources;
  self->n_memories = platform->n_memories;
  self->ready = g_new (guint64, n);
  self->issue = g_new (guint64, n);
  self->start = g_new (guint64, n);
  self->end = g_new (guint64, n);
  self->wait_kind = g_new0 (guint8, n);
  self->wait_cause = g_new (guint32, n);
  for (guint i = 0; i < n; i++) {
    self->ready[i] = self->issue[i] = self->start[i] = self->end[i] = NEVER;
    self->wait_cause[i] = HD_NONE;
  }
  self->state = g_new0 (guint64 *, self->n_cores);
  self->bits = g_new0 (guint64 *, self->n_resources);
  self->occupancy = g_new0 (guint64 *, self->n_memories);
  self->state_cycles = g_malloc0_n (self->n_cores, sizeof *self->state_cycles);
  self->memory_peak = g_new0 (guint64, self->n_memories);
  self->resource_busy = g_new0 (guint64, self->n_resources);
  self->resource_bits = g_new0 (guint64, self->n_resources);
  return self;
}

void
trace_free (Trace *self)
{
  g_free (self->ready);
  g_free (self->issue);
  g_free (self->start);
  g_free (self->end);
  g_free (self->wait_kind);
  g_free (self->wait_cause);
  free_series (self->state, self->n_cores);
  free_series (self->bits, self->n_resources);
  free_series (self->occupancy, self->n_memories);
  g_free (self->power);
  g_free (self->state_cycles);
  g_free (self->memory_peak);
  g_free (self->resource_busy);
  g_free (self->resource_bits);
  g_free (self);
}

void
trace_allocate_series (Trace *self, const HdPlatform *platform)
{
  for (guint i = 0; i < self->n_cores; i++)
    self->state[i] = g_new0 (guint64, self->cycles);
  for (guint i = 0; i < self->n_resources; i++)
    self->bits[i] = platform->resource[i].width_bits != 0 ? g_new0 (guint64, self->cycles) : NULL;
  for (guint i = 0; i < self->n_memories; i++)
    self->occupancy[i] = g_new0 (guint64, self->cycles);
  self->power = g_new0 (guint64, self->cycles);
}
