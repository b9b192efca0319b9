/* Which features an instance and its run exercise. */
#include "config.h"
#include "coverage.h"

#include <heddle/checked.h>

const char *const coverage_text[N_FEATURES] = {
#define X(name, text) text,
  COVERAGE_FEATURES (X)
#undef X
};

typedef struct {
  const Instance *instance;
  const HdPlatform *platform;
  const HdSchedule *schedule;
  const Trace *trace;
  gboolean *covered;
} Noting;

#define NOTE(feature, condition) self->covered[COVERS_##feature] = self->covered[COVERS_##feature] || (condition)

static void
note_route (const Noting *self, const HdRoute *route)
{
  guint limited = 0, arrivals = 0;
  for (guint i = 0; i < route->n_hops; i++) {
    const HdResource *resource = &self->platform->resource[route->hop[i].resource];
    gboolean limits = resource->width_bits != 0;
    arrivals += route->hop[i].arrives != HD_NONE;
    limited += limits;
    NOTE (UNLIMITED_LATER, i > 0 && !limits);
    NOTE (LATENCY, resource->latency > 0);
    NOTE (RESOURCE_PERIOD, limits && resource->period > 1);
    for (guint k = 0; k < i; k++) {
      NOTE (RESOURCE_TWICE, limits && route->hop[k].resource == route->hop[i].resource);
      NOTE (INNER_ARRIVAL, route->hop[i].parent == k && route->hop[k].arrives != HD_NONE);
    }
  }
  NOTE (MULTICAST, arrivals > 1);
  NOTE (UNLIMITED_FIRST, limited > 0 && self->platform->resource[route->hop[0].resource].width_bits == 0);
  NOTE (UNLIMITED_ALL, limited == 0);
}

static void
note_grant (const Noting *self, guint task)
{
  const HdRoute *route = &self->schedule->route[self->schedule->what[task]];
  guint32 cause = self->trace->wait_cause[task];
  guint hop = 0;
  while (self->platform->resource[route->hop[hop].resource].width_bits == 0)
    hop++;
  NOTE (WAIT_GRANT, cause != HD_NONE);
  NOTE (WAIT_GRANT_ALONE, cause == HD_NONE);
  if (cause == HD_NONE || self->schedule->queue_of[cause] == self->schedule->queue_of[task] || self->trace->end[cause] < self->trace->issue[task])
    return;
  switch (self->platform->resource[route->hop[hop].resource].arbiter) {
  case HD_ARBITER_FIRST_COME:
    NOTE (FIRST_COME, TRUE);
    break;
  case HD_ARBITER_ROUND_ROBIN:
    NOTE (ROUND_ROBIN, TRUE);
    break;
  case HD_ARBITER_FIXED_PRIORITY:
    NOTE (FIXED_PRIORITY, TRUE);
    break;
  case HD_ARBITER_TIME_SLOTS:
  default:
    NOTE (TIME_SLOTS, TRUE);
    break;
  }
}

static void
note_transfer (const Noting *self, guint i)
{
  const HdRoute *route = &self->schedule->route[self->schedule->what[i]];
  guint64 burst = hd_platform_route_burst (self->platform, route), bits = self->schedule->bits[i];
  note_route (self, route);
  NOTE (BURSTS, bits > burst);
  NOTE (MANY_BURSTS, bits > 100 * burst);
  NOTE (SHORT_BURST, bits > burst && bits % burst != 0);
  NOTE (WINDOW, self->platform->window > 0 && hd_ceil_div (bits, burst) > self->platform->window);
  NOTE (ZERO_TRANSFER, self->trace->end[i] == self->trace->start[i]);
  if (self->trace->wait_kind[i] == HD_WAIT_GRANT)
    note_grant (self, i);
}

static void
note_compute (const Noting *self, guint i)
{
  const HdTaskCost *cost = &self->schedule->cost[self->schedule->what[i]];
  guint64 length = self->trace->end[i] - self->trace->start[i];
  NOTE (CORE_PERIOD, self->platform->core[self->schedule->queue[self->schedule->queue_of[i]].core].period > 1);
  NOTE (LOAD_PAID, length > cost->cycles);
  NOTE (LOAD_SAVED, self->schedule->weight_key[i] != 0 && cost->load_cycles > 0 && length == cost->cycles);
  NOTE (ZERO_COMPUTE, length == 0);
}

static void
note_wait (const Noting *self, guint i)
{
  guint8 kind = self->trace->wait_kind[i];
  gboolean caused = self->trace->wait_cause[i] != HD_NONE;
  NOTE (WAIT_NONE, kind == HD_WAIT_NONE);
  NOTE (WAIT_INPUT, kind == HD_WAIT_INPUT && caused);
  NOTE (WAIT_SPACE, kind == HD_WAIT_SPACE && caused);
  NOTE (WAIT_TURN, kind == HD_WAIT_TURN && caused);
  NOTE (WAIT_TURN_EDGE, kind == HD_WAIT_TURN && !caused);
}

static void
note_task (const Noting *self, guint i)
{
  const Trace *t = self->trace;
  for (guint k = 0; k < i; k++) {
    gboolean together = self->schedule->queue_of[i] == self->schedule->queue_of[k];
    NOTE (MIXED, together && self->schedule->kind[i] != self->schedule->kind[k]);
    NOTE (BY_PRIORITY, together && self->schedule->queue[self->schedule->queue_of[i]].order == HD_QUEUE_BY_PRIORITY);
    NOTE (OUTSTANDING, together && t->end[i] != NEVER && t->end[k] != NEVER && t->issue[i] < t->end[k] && t->issue[k] < t->end[i]);
    NOTE (QUEUE_AGAINST_IDS, self->instance->task[i].queue == self->instance->task[k].queue && self->instance->task[i].position < self->instance->task[k].position);
  }
  NOTE (ORDER, self->instance->task[i].after != 0);
  NOTE (FORWARD, self->instance->task[i].after >> i != 0);
  if (t->end[i] == NEVER) {
    NOTE (LEFT_SPACE, t->wait_kind[i] == HD_WAIT_SPACE);
    return;
  }
  note_wait (self, i);
  if (self->schedule->kind[i] == HD_TASK_COMPUTE)
    note_compute (self, i);
  else
    note_transfer (self, i);
}

static void
note_piece (const Noting *self, guint i)
{
  const InstancePiece *piece = &self->instance->piece[i];
  gboolean used = FALSE;
  for (guint t = 0; t < self->instance->n_tasks; t++)
    used = used || SET_HAS (self->instance->task[t].uses, i);
  NOTE (RESIDENT, piece->creator == HD_NONE && used);
  NOTE (RESIDENT_GOES, piece->creator == HD_NONE && piece->release != 0);
  NOTE (STAYS, piece->creator != HD_NONE && piece->release == 0);
}

static void
note_memory (const Noting *self, guint i)
{
  guint64 peak = 0;
  for (guint64 t = 0; t < self->trace->cycles; t++)
    peak = MAX (peak, self->trace->occupancy[i][t]);
  NOTE (FULL, self->trace->memory_peak[i] == self->platform->memory[i].capacity_bits);
  NOTE (PASSING_PEAK, self->trace->cycles > 0 && self->trace->memory_peak[i] > peak);
}

static void
note_core (const Noting *self, guint i)
{
  gboolean has_queue = FALSE;
  for (guint q = 0; q < self->schedule->n_queues; q++)
    has_queue = has_queue || self->schedule->queue[q].core == i;
  NOTE (NO_QUEUE, !has_queue);
  NOTE (STATE_INPUT, self->trace->state_cycles[i][HD_STATE_WAIT_INPUT] > 0);
  NOTE (STATE_SPACE, self->trace->state_cycles[i][HD_STATE_WAIT_SPACE] > 0);
  NOTE (STATE_TURN, self->trace->state_cycles[i][HD_STATE_WAIT_TURN] > 0);
}

void
coverage_note (const Instance *instance, const HdPlatform *platform, const HdSchedule *schedule, const Trace *trace, gboolean covered[N_FEATURES])
{
  const Noting noting = { instance, platform, schedule, trace, covered }, *self = &noting;
  NOTE (DEADLOCK, trace->deadlock);
  NOTE (NO_TASKS, trace->n_tasks == 0);
  NOTE (NO_CYCLES, trace->n_tasks > 0 && trace->cycles == 0 && !trace->deadlock);
  NOTE (DRAM, trace->dram_read_bits > 0 && trace->dram_write_bits > 0);
  for (guint i = 0; i < trace->n_tasks; i++)
    note_task (self, i);
  for (guint i = 0; i < instance->n_pieces; i++)
    note_piece (self, i);
  for (guint i = 0; i < trace->n_memories; i++)
    note_memory (self, i);
  for (guint i = 0; i < trace->n_cores; i++)
    note_core (self, i);
}
