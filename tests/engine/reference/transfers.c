/* The reference engine: bursts through the tree of a route, and the arbiters of its resources. */
#include "config.h"
#include "run.h"
#include <heddle/checked.h>

static const HdResource *
resource_at (const Run *run, HdTaskId task, guint32 hop)
{
  return &run->platform->resource[run_route_of (run, task)->hop[hop].resource];
}

guint64
run_route_burst (const HdPlatform *platform, const HdRoute *route)
{
  for (guint64 burst = platform->burst_bits;; burst++) {
    gboolean divides = TRUE;
    for (guint i = 0; i < route->n_hops; i++) {
      guint64 width = platform->resource[route->hop[i].resource].width_bits;
      divides = divides && (width == 0 || burst % width == 0);
    }
    if (divides)
      return burst;
  }
}

guint32
run_first_limited_hop (const Run *run, HdTaskId task)
{
  for (guint32 i = 0; i < run_route_of (run, task)->n_hops; i++)
    if (resource_at (run, task, i)->width_bits != 0)
      return i;
  return HD_NONE;
}

/* --- transfers: bursts through the tree ------------------------------------------------------------- */

static void offer (Run *run, HdTaskId task, guint32 burst, guint32 hop);

static guint64
bits_of (const Run *run, HdTaskId task, guint32 burst)
{
  return MIN (run->burst_bits[task], run->schedule->bits[task] - burst * run->burst_bits[task]);
}

/* The burst is at the end of its hop's travel: it has arrived where the hop says so, and is offered to the hop's children. */
static void
land (Run *run, HdTaskId task, guint32 burst, guint32 hop)
{
  const HdRoute *route = run_route_of (run, task);
  guint destinations = 0;
  for (guint32 i = 0; i < route->n_hops; i++)
    destinations += route->hop[i].arrives != HD_NONE;
  for (guint32 i = 0; i < route->n_hops; i++)
    if (route->hop[i].parent == hop)
      offer (run, task, burst, i);
  if (route->hop[hop].arrives == HD_NONE)
    return;
  if (++run->arrivals[task][burst] == destinations)
    run->n_arrived[task]++;
  run_offer_next_bursts (run, task);
}

static void
leave (Run *run, HdTaskId task, guint32 burst, guint32 hop, guint64 at)
{
  Burst item = { task, burst, hop, FALSE, at };
  run->trace->resource_bits[run_route_of (run, task)->hop[hop].resource] += bits_of (run, task, burst);
  run->n_granted[task] += hop == 0;
  if (at == run->now)
    land (run, task, burst, hop);
  else
    g_array_append_val (run->bursts, item);
  if (hop == 0)
    run_offer_next_bursts (run, task);
}

static void
offer (Run *run, HdTaskId task, guint32 burst, guint32 hop)
{
  const HdResource *resource = resource_at (run, task, hop);
  Burst item = { task, burst, hop, TRUE, run->now };
  if (resource->width_bits == 0)
    leave (run, task, burst, hop, run->now + resource->latency);
  else
    g_array_append_val (run->bursts, item);
}

void
run_offer_next_bursts (Run *run, HdTaskId task)
{
  guint64 window = run->platform->window;
  while (run->n_offered[task] < run->n_bursts[task] && run->n_offered[task] == run->n_granted[task]
         && (window == 0 || run->n_granted[task] - run->n_arrived[task] < window))
    offer (run, task, run->n_offered[task]++, 0);
}

void
run_land_bursts (Run *run)
{
  for (;;) {
    const Burst *first = NULL;
    guint index = 0;
    for (guint i = 0; i < run->bursts->len; i++) {
      const Burst *burst = &g_array_index (run->bursts, Burst, i);
      if (!burst->waits && burst->cycle == run->now
          && (first == NULL || burst->task < first->task || (burst->task == first->task && (burst->burst < first->burst || (burst->burst == first->burst && burst->hop < first->hop))))) {
        first = burst;
        index = i;
      }
    }
    if (first == NULL)
      return;
    Burst burst = *first;
    g_array_remove_index (run->bursts, index);
    run->changed = TRUE;
    land (run, burst.task, burst.burst, burst.hop);
  }
}

/* --- arbiters --------------------------------------------------------------------------------------- */

/* The order of the bursts of one queue. */
static gboolean
stands_before (const Burst *a, const Burst *b)
{
  if (a->cycle != b->cycle)
    return a->cycle < b->cycle;
  if (a->task != b->task)
    return a->task < b->task;
  return a->hop != b->hop ? a->hop < b->hop : a->burst < b->burst;
}

static const Burst *
front (const Run *run, HdResourceId resource, HdQueueId queue)
{
  const Burst *first = NULL;
  for (guint i = 0; i < run->bursts->len; i++) {
    const Burst *burst = &g_array_index (run->bursts, Burst, i);
    if (burst->waits && run->schedule->queue_of[burst->task] == queue && run_route_of (run, burst->task)->hop[burst->hop].resource == resource
        && (first == NULL || stands_before (burst, first)))
      first = burst;
  }
  return first;
}

/* Whether the front of queue @q goes before that of queue @other, for two queues that the arbiter may choose; q > other. */
static gboolean
is_preferred (const Run *run, HdResourceId id, HdQueueId q, const Burst *burst, HdQueueId other, const Burst *other_burst)
{
  HdQueueId last = run->granted_queue[id];
  switch (run->platform->resource[id].arbiter) {
  case HD_ARBITER_ROUND_ROBIN:
    return last != HD_NONE && q > last && other <= last;
  case HD_ARBITER_FIXED_PRIORITY:
    if (run->schedule->queue[q].priority != run->schedule->queue[other].priority)
      return run->schedule->queue[q].priority < run->schedule->queue[other].priority;
    return burst->cycle < other_burst->cycle;
  case HD_ARBITER_FIRST_COME:
  case HD_ARBITER_TIME_SLOTS:
  default:
    return burst->cycle < other_burst->cycle;
  }
}

static const Burst *
arbitrate (const Run *run, HdResourceId id)
{
  const HdResource *resource = &run->platform->resource[id];
  const Burst *best = NULL;
  for (HdQueueId q = 0; q < run->schedule->n_queues; q++) {
    const Burst *burst = front (run, id, q);
    if (burst == NULL)
      continue;
    if (resource->arbiter == HD_ARBITER_TIME_SLOTS && run->schedule->queue[q].slot % resource->n_slots != run->now / resource->slot_cycles % resource->n_slots)
      continue;
    if (best == NULL || is_preferred (run, id, q, burst, run->schedule->queue_of[best->task], best))
      best = burst;
  }
  return best;
}

static void
grant (Run *run, HdResourceId id, Burst burst)
{
  const HdResource *resource = &run->platform->resource[id];
  guint64 bits = bits_of (run, burst.task, burst.burst), until = run->now + hd_ceil_div (bits, resource->width_bits) * resource->period;
  Hold hold = { id, run->now, bits };
  run->changed = TRUE;
  if (burst.burst == 0 && burst.hop == run_first_limited_hop (run, burst.task)) {
    run->trace->start[burst.task] = run->now;
    if (run->now > run->trace->issue[burst.task]) {
      run->trace->wait_kind[burst.task] = HD_WAIT_GRANT;
      run->trace->wait_cause[burst.task] = run->served_last[id];
    }
  }
  g_array_append_val (run->holds, hold);
  run->trace->resource_busy[id] += until - run->now;
  run->busy_until[id] = until;
  run->served_last[id] = burst.task;
  run->granted_queue[id] = run->schedule->queue_of[burst.task];
  leave (run, burst.task, burst.burst, burst.hop, until + resource->latency);
}

void
run_phase_starts (Run *run)
{
  for (HdResourceId id = 0; id < run->platform->n_resources; id++) {
    const HdResource *resource = &run->platform->resource[id];
    const Burst *best;
    if (resource->width_bits == 0 || run->now % resource->period != 0 || run->now < run->busy_until[id])
      continue;
    best = arbitrate (run, id);
    if (best != NULL) {
      Burst burst = *best;
      g_array_remove_index (run->bursts, (guint) (best - (const Burst *) (gpointer) run->bursts->data));
      grant (run, id, burst);
    }
  }
}
