/* The reference engine. The sections and names follow doc/engine.md. */
#include "config.h"
#include "reference.h"
#include <heddle/checked.h>

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 Aj;

/* A burst at a hop: it waits for the hop's resource, or has left it and travels. */
typedef struct {
  HdTaskId task;
  guint32 burst, hop;
  gboolean waits;
  guint64 cycle;   /* of the offer when it waits; else when its travel is over */
} Burst;

typedef struct {
  HdResourceId resource;
  guint64 from, bits;
} Hold;

typedef struct {
  const HdPlatform *platform;
  const HdSchedule *schedule;
  Trace *trace;
  guint64 now;
  gboolean changed;               /* in this round */
  /* by task */
  gboolean *ended;
  guint64 *lacked_space;          /* first cycle with a phase 2 that left it with its turn but without space */
  guint64 *burst_bits;            /* of its route */
  guint32 *n_bursts, *n_offered, *n_granted, *n_arrived;   /* transfers: bursts offered and granted at hop 0, arrived everywhere */
  gboolean *paid_load;
  guint8 **arrivals;              /* [task][burst]: destinations reached */
  /* by core */
  HdTaskId *computing;            /* HD_NONE: idle */
  guint32 *resident_key;
  /* by resource */
  guint64 *busy_until;
  HdTaskId *served_last;
  HdQueueId *granted_queue;
  /* by memory; by piece */
  guint64 *occupancy;
  guint64 *went;                  /* cycle in which the piece went */
  gboolean *occupies;
  GArray *bursts;                 /* Burst, those that wait or travel */
  GArray *holds;                  /* Hold */
  GArray **recorded_state, **recorded_occupancy;
} Run;

/* --- asking the schedule ----------------------------------------------------------------------- */

static const HdQueue *
queue_of (const Run *run, HdTaskId task)
{
  return &run->schedule->queue[run->schedule->queue_of[task]];
}

static const HdRoute *
route_of (const Run *run, HdTaskId task)
{
  return &run->schedule->route[run->schedule->what[task]];
}

static const HdResource *
resource_at (const Run *run, HdTaskId task, guint32 hop)
{
  return &run->platform->resource[route_of (run, task)->hop[hop].resource];
}

static gboolean
is_compute (const Run *run, HdTaskId task)
{
  return run->schedule->kind[task] == HD_TASK_COMPUTE;
}

static gboolean
is_issued (const Run *run, HdTaskId task)
{
  return run->trace->issue[task] != NEVER;
}

static gboolean
is_ready (const Run *run, HdTaskId task)
{
  return run->trace->ready[task] != NEVER;
}

/* Whether @task depends on @other: it uses a piece of its making, or names it. */
static gboolean
depends_on (const Run *run, HdTaskId task, HdTaskId other)
{
  const HdSchedule *s = run->schedule;
  for (guint64 i = s->use_begin[task]; i < s->use_begin[task + 1]; i++)
    if (s->piece_creator[s->use[i]] == other)
      return TRUE;
  for (guint64 i = s->after_begin[task]; i < s->after_begin[task + 1]; i++)
    if (s->after[i] == other)
      return TRUE;
  return FALSE;
}

/* Whether @task is the creator or in the release list of @piece. */
static gboolean
is_condition (const Run *run, HdPieceId piece, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  for (guint64 i = s->release_begin[piece]; i < s->release_begin[piece + 1]; i++)
    if (s->release[i] == task)
      return TRUE;
  return s->piece_creator[piece] == task;
}

static guint64
route_burst (const HdPlatform *platform, const HdRoute *route)
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

/* --- queues -------------------------------------------------------------------------------------- */

static guint
under_way (const Run *run, HdQueueId queue)
{
  guint n = 0;
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    n += run->schedule->queue_of[i] == queue && is_issued (run, i) && !run->ended[i];
  return n;
}

static HdTaskId
head (const Run *run, HdQueueId queue)
{
  const HdSchedule *s = run->schedule;
  for (guint64 i = s->queue_begin[queue]; i < s->queue_begin[queue + 1]; i++)
    if (!is_issued (run, s->queue_task[i]))
      return s->queue_task[i];
  return HD_NONE;
}

static gboolean
at_core_edge (const Run *run, HdTaskId task)
{
  return !is_compute (run, task) || run->now % run->platform->core[queue_of (run, task)->core].period == 0;
}

/* Whether a task that is not issued has its turn, but for its core's clock edge. */
static gboolean
has_turn_at_edge (const Run *run, HdTaskId task)
{
  const HdQueue *queue = queue_of (run, task);
  HdQueueId id = run->schedule->queue_of[task];
  if (queue->order == HD_QUEUE_IN_ORDER && head (run, id) != task)
    return FALSE;
  if (is_compute (run, task) && run->computing[queue->core] != HD_NONE)
    return FALSE;
  return under_way (run, id) < queue->outstanding;
}

static gboolean
fits (const Run *run, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  for (HdMemoryId m = 0; m < run->platform->n_memories; m++) {
    guint64 need = 0;
    for (HdPieceId p = 0; p < s->n_pieces; p++)
      if (s->piece_creator[p] == task && s->piece_memory[p] == m)
        need += s->piece_bits[p];
    if (run->platform->memory[m].capacity_bits != HD_UNLIMITED_BITS && run->occupancy[m] + need > run->platform->memory[m].capacity_bits)
      return FALSE;
  }
  return TRUE;
}

/* --- transfers: bursts through the tree ------------------------------------------------------------- */

static void offer_next_bursts (Run *run, HdTaskId task);
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
  const HdRoute *route = route_of (run, task);
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
  offer_next_bursts (run, task);
}

static void
leave (Run *run, HdTaskId task, guint32 burst, guint32 hop, guint64 at)
{
  Burst item = { task, burst, hop, FALSE, at };
  run->trace->resource_bits[route_of (run, task)->hop[hop].resource] += bits_of (run, task, burst);
  run->n_granted[task] += hop == 0;
  if (at == run->now)
    land (run, task, burst, hop);
  else
    g_array_append_val (run->bursts, item);
  if (hop == 0)
    offer_next_bursts (run, task);
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

static void
offer_next_bursts (Run *run, HdTaskId task)
{
  guint64 window = run->platform->window;
  while (run->n_offered[task] < run->n_bursts[task] && run->n_offered[task] == run->n_granted[task]
         && (window == 0 || run->n_granted[task] - run->n_arrived[task] < window))
    offer (run, task, run->n_offered[task]++, 0);
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
    if (burst->waits && run->schedule->queue_of[burst->task] == queue && route_of (run, burst->task)->hop[burst->hop].resource == resource
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

static guint32
first_limited_hop (const Run *run, HdTaskId task)
{
  for (guint32 i = 0; i < route_of (run, task)->n_hops; i++)
    if (resource_at (run, task, i)->width_bits != 0)
      return i;
  return HD_NONE;
}

/* --- the moments of a task ---------------------------------------------------------------------------- */

static gboolean
all_ended (const Run *run, HdTaskId task)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (!run->ended[i] && depends_on (run, task, i))
      return FALSE;
  return TRUE;
}

static void
make_ready (Run *run)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (!is_ready (run, i) && all_ended (run, i))
      run->trace->ready[i] = run->now;
}

static gboolean
may_go (const Run *run, HdPieceId piece)
{
  const HdSchedule *s = run->schedule;
  HdTaskId creator = s->piece_creator[piece];
  if (!run->occupies[piece] || s->release_begin[piece] == s->release_begin[piece + 1] || (creator != HD_NONE && !run->ended[creator]))
    return FALSE;
  for (guint64 i = s->release_begin[piece]; i < s->release_begin[piece + 1]; i++)
    if (!run->ended[s->release[i]])
      return FALSE;
  return TRUE;
}

static void
let_pieces_go (Run *run)
{
  for (HdPieceId p = 0; p < run->schedule->n_pieces; p++)
    if (may_go (run, p)) {
      run->occupies[p] = FALSE;
      run->went[p] = run->now;
      run->occupancy[run->schedule->piece_memory[p]] -= run->schedule->piece_bits[p];
    }
}

static void
note_peaks (Run *run)
{
  for (HdMemoryId m = 0; m < run->platform->n_memories; m++)
    run->trace->memory_peak[m] = MAX (run->trace->memory_peak[m], run->occupancy[m]);
}

/* Whether @other's end made a piece go, in this cycle, from a memory in which @task creates one. */
static gboolean
made_space_for (const Run *run, HdTaskId other, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    for (HdPieceId q = 0; q < s->n_pieces; q++)
      if (run->went[p] == run->now && is_condition (run, p, other) && s->piece_creator[q] == task && s->piece_memory[q] == s->piece_memory[p])
        return TRUE;
  return FALSE;
}

/* Why @task, issued now, waited; transfers that start later overwrite it. */
static void
note_wait (Run *run, HdTaskId task)
{
  Trace *trace = run->trace;
  gboolean lacked = run->lacked_space[task] < run->now, late = run->now > trace->ready[task], depends = FALSE;
  for (HdTaskId i = run->schedule->n_tasks; i-- > 0;) {
    gboolean ended_now = run->ended[i] && trace->end[i] == run->now, dependency = depends_on (run, task, i);
    gboolean causes;
    if (late && lacked)
      causes = ended_now && made_space_for (run, i, task);
    else if (late)
      causes = ended_now && run->schedule->queue_of[i] == run->schedule->queue_of[task];
    else
      causes = dependency && trace->end[i] == trace->ready[task];
    if (causes)
      trace->wait_cause[task] = i;
    depends = depends || dependency;
  }
  if (late)
    trace->wait_kind[task] = lacked ? HD_WAIT_SPACE : HD_WAIT_TURN;
  else
    trace->wait_kind[task] = depends ? HD_WAIT_INPUT : HD_WAIT_NONE;
}

static void
start_compute (Run *run, HdTaskId task)
{
  const HdTaskCost *cost = &run->schedule->cost[run->schedule->what[task]];
  HdCoreId core = queue_of (run, task)->core;
  guint32 key = run->schedule->weight_key[task];
  run->paid_load[task] = key != 0 && key != run->resident_key[core];
  if (key != 0)
    run->resident_key[core] = key;
  run->computing[core] = task;
  run->trace->start[task] = run->now;
  run->trace->end[task] = run->now + cost->cycles + (run->paid_load[task] ? cost->load_cycles : 0);
}

static void
issue (Run *run, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  run->changed = TRUE;
  note_wait (run, task);
  run->trace->issue[task] = run->now;
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] == task) {
      run->occupies[p] = TRUE;
      run->occupancy[s->piece_memory[p]] += s->piece_bits[p];
    }
  note_peaks (run);
  if (is_compute (run, task)) {
    start_compute (run, task);
    return;
  }
  if (first_limited_hop (run, task) == HD_NONE)
    run->trace->start[task] = run->now;
  offer_next_bursts (run, task);
}

static void
end (Run *run, HdTaskId task)
{
  run->changed = TRUE;
  run->ended[task] = TRUE;
  run->trace->end[task] = run->now;
  run->trace->tasks++;
  if (is_compute (run, task))
    run->computing[queue_of (run, task)->core] = HD_NONE;
}

static void
grant (Run *run, HdResourceId id, Burst burst)
{
  const HdResource *resource = &run->platform->resource[id];
  guint64 bits = bits_of (run, burst.task, burst.burst), until = run->now + hd_ceil_div (bits, resource->width_bits) * resource->period;
  Hold hold = { id, run->now, bits };
  run->changed = TRUE;
  if (burst.burst == 0 && burst.hop == first_limited_hop (run, burst.task)) {
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

/* --- within a cycle -------------------------------------------------------------------------------------- */

static void
land_bursts (Run *run)
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

static void
phase_ends (Run *run)
{
  land_bursts (run);
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (is_issued (run, i) && !run->ended[i] && (is_compute (run, i) ? run->trace->end[i] == run->now : run->n_arrived[i] == run->n_bursts[i]))
      end (run, i);
  let_pieces_go (run);
  make_ready (run);
}

static guint32
grant_priority (const Run *run, HdTaskId task)
{
  return queue_of (run, task)->order == HD_QUEUE_BY_PRIORITY ? run->schedule->priority[task] : 0;
}

static gboolean
is_candidate_before (const Run *run, HdTaskId a, HdTaskId b)
{
  const HdQueueId *queue = run->schedule->queue_of;
  if (grant_priority (run, a) != grant_priority (run, b))
    return grant_priority (run, a) < grant_priority (run, b);
  if (run->trace->ready[a] != run->trace->ready[b])
    return run->trace->ready[a] < run->trace->ready[b];
  return queue[a] != queue[b] ? queue[a] < queue[b] : a < b;
}

static gboolean
has_turn (const Run *run, HdTaskId task)
{
  return !is_issued (run, task) && is_ready (run, task) && has_turn_at_edge (run, task) && at_core_edge (run, task);
}

static void
phase_space (Run *run)
{
  HdTaskId best;
  do {
    best = HD_NONE;
    for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
      if (has_turn (run, i) && fits (run, i) && (best == HD_NONE || is_candidate_before (run, i, best)))
        best = i;
    if (best != HD_NONE)
      issue (run, best);
  } while (best != HD_NONE);
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (has_turn (run, i) && run->lacked_space[i] == NEVER)
      run->lacked_space[i] = run->now;
}

static void
phase_starts (Run *run)
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

/* --- what is recorded -------------------------------------------------------------------------------------- */

/* The task of the core's queue that its state speaks of. */
static HdTaskId
next_task (const Run *run, HdQueueId queue)
{
  HdTaskId best = HD_NONE;
  if (run->schedule->queue[queue].order == HD_QUEUE_IN_ORDER)
    return head (run, queue);
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (run->schedule->queue_of[i] == queue && !is_issued (run, i) && is_ready (run, i) && (best == HD_NONE || is_candidate_before (run, i, best)))
      best = i;
  return best != HD_NONE ? best : head (run, queue);
}

static HdCoreState
core_state (const Run *run, HdCoreId core)
{
  HdQueueId queue = 0;
  gboolean left = FALSE;
  HdTaskId next;
  if (run->computing[core] != HD_NONE)
    return HD_STATE_COMPUTE;
  while (queue < run->schedule->n_queues && run->schedule->queue[queue].core != core)
    queue++;
  if (queue == run->schedule->n_queues)
    return HD_STATE_DONE;
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    left = left || (run->schedule->queue_of[i] == queue && !run->ended[i]);
  if (!left)
    return HD_STATE_DONE;
  next = next_task (run, queue);
  if (next != HD_NONE && !is_ready (run, next))
    return HD_STATE_WAIT_INPUT;
  if (next != HD_NONE && has_turn_at_edge (run, next) && !fits (run, next))
    return HD_STATE_WAIT_SPACE;
  return HD_STATE_WAIT_TURN;
}

static void
record_cycle (Run *run)
{
  for (HdCoreId c = 0; c < run->platform->n_cores; c++) {
    guint64 state = core_state (run, c);
    g_array_append_val (run->recorded_state[c], state);
    run->trace->state_cycles[c][state]++;
  }
  for (HdMemoryId m = 0; m < run->platform->n_memories; m++)
    g_array_append_val (run->recorded_occupancy[m], run->occupancy[m]);
}

static void
record_hold (Run *run, const Hold *hold)
{
  const HdResource *resource = &run->platform->resource[hold->resource];
  guint64 left = hold->bits, at = hold->from;
  while (left > 0) {
    guint64 moved = MIN (left, resource->width_bits);
    for (guint64 i = 0; i < resource->period; i++)
      run->trace->bits[hold->resource][at++] += moved / resource->period + (i == 0 ? moved % resource->period : 0);
    left -= moved;
  }
}

static guint64
transfer_energy (const Run *run, HdTaskId task)
{
  const HdRoute *route = route_of (run, task);
  double price = run->platform->memory[route->source].read_pj_per_bit;
  for (guint i = 0; i < route->n_hops; i++) {
    price += run->platform->resource[route->hop[i].resource].energy_pj_per_bit;
    if (route->hop[i].arrives != HD_NONE)
      price += run->platform->memory[route->hop[i].arrives].write_pj_per_bit;
  }
  return (guint64) nearbyint ((double) run->schedule->bits[task] * price * HD_AJ_PER_PJ);
}

static guint64
compute_energy (const Run *run, HdTaskId task)
{
  const HdTaskCost *cost = &run->schedule->cost[run->schedule->what[task]];
  return cost->energy_aj + (run->paid_load[task] ? cost->load_energy_aj : 0);
}

static guint64
static_energy (const HdPlatform *platform)
{
  double sum = 0;
  for (guint i = 0; i < platform->n_cores; i++)
    sum += platform->core[i].static_pj_per_cycle;
  for (guint i = 0; i < platform->n_memories; i++)
    sum += platform->memory[i].static_pj_per_cycle;
  for (guint i = 0; i < platform->n_resources; i++)
    sum += platform->resource[i].static_pj_per_cycle;
  return (guint64) nearbyint (sum * HD_AJ_PER_PJ);
}

static void
record_power (Run *run, HdTaskId task, guint64 energy)
{
  Trace *trace = run->trace;
  guint64 start = trace->start[task], length = trace->end[task] - start;
  if (trace->cycles == 0)
    return;
  if (length == 0) {
    trace->power[MIN (start, trace->cycles - 1)] += energy;
    return;
  }
  for (guint64 i = 0; i < length; i++)
    trace->power[start + i] += energy / length + (i == 0 ? energy % length : 0);
}

static void
count_dram (Run *run, HdTaskId task)
{
  const HdRoute *route = route_of (run, task);
  if (run->platform->memory[route->source].dram)
    run->trace->dram_read_bits += run->schedule->bits[task];
  for (guint i = 0; i < route->n_hops; i++)
    if (route->hop[i].arrives != HD_NONE && run->platform->memory[route->hop[i].arrives].dram)
      run->trace->dram_write_bits += run->schedule->bits[task];
}

static void
record_energy (Run *run)
{
  Trace *trace = run->trace;
  Aj compute = 0, transfer = 0, leakage = (Aj) static_energy (run->platform) * trace->cycles;
  for (HdTaskId i = 0; i < trace->n_tasks; i++) {
    guint64 energy = is_compute (run, i) ? compute_energy (run, i) : transfer_energy (run, i);
    if (!run->ended[i])
      continue;
    record_power (run, i, energy);
    if (is_compute (run, i)) {
      compute += energy;
    } else {
      transfer += energy;
      count_dram (run, i);
    }
  }
  for (guint64 t = 0; t < trace->cycles; t++)
    trace->power[t] += static_energy (run->platform);
  trace->compute_pj = (double) compute / HD_AJ_PER_PJ;
  trace->transfer_pj = (double) transfer / HD_AJ_PER_PJ;
  trace->static_pj = (double) leakage / HD_AJ_PER_PJ;
  trace->energy_pj = (double) (compute + transfer + leakage) / HD_AJ_PER_PJ;
}

/* Why a task that was never issued still waits. */
static void
record_left (Run *run, HdTaskId task)
{
  if (is_ready (run, task)) {
    run->trace->wait_kind[task] = has_turn_at_edge (run, task) && !fits (run, task) ? HD_WAIT_SPACE : HD_WAIT_TURN;
    return;
  }
  run->trace->wait_kind[task] = HD_WAIT_INPUT;
  for (HdTaskId i = run->schedule->n_tasks; i-- > 0;)
    if (!run->ended[i] && depends_on (run, task, i))
      run->trace->wait_cause[task] = i;
}

static void
record_end (Run *run)
{
  Trace *trace = run->trace;
  trace->cycles = run->now;
  trace_allocate_series (trace, run->platform);
  for (HdCoreId c = 0; c < trace->n_cores; c++)
    for (guint64 t = 0; t < trace->cycles; t++)
      trace->state[c][t] = g_array_index (run->recorded_state[c], guint64, t);
  for (HdMemoryId m = 0; m < trace->n_memories; m++)
    for (guint64 t = 0; t < trace->cycles; t++)
      trace->occupancy[m][t] = g_array_index (run->recorded_occupancy[m], guint64, t);
  for (guint i = 0; i < run->holds->len; i++)
    record_hold (run, &g_array_index (run->holds, Hold, i));
  record_energy (run);
  for (HdTaskId i = 0; i < trace->n_tasks; i++)
    if (!is_issued (run, i))
      record_left (run, i);
}

/* --- a run ----------------------------------------------------------------------------------------------------- */

static GArray **
new_records (guint n)
{
  GArray **records = g_new (GArray *, n);
  for (guint i = 0; i < n; i++)
    records[i] = g_array_new (FALSE, FALSE, sizeof (guint64));
  return records;
}

static void
free_records (GArray **records, guint n)
{
  for (guint i = 0; i < n; i++)
    g_array_free (records[i], TRUE);
  g_free (records);
}

/* @n words, each with all bits set: HD_NONE, or NEVER. */
static gpointer
new_filled (gsize n, gsize size)
{
  return memset (g_malloc_n (n + 1, size), 0xff, n * size);
}

static void
prepare_tasks (Run *run)
{
  guint n = run->schedule->n_tasks;
  run->ended = g_new0 (gboolean, n);
  run->lacked_space = new_filled (n, sizeof (guint64));
  run->burst_bits = g_new0 (guint64, n);
  run->n_bursts = g_new0 (guint32, n);
  run->n_offered = g_new0 (guint32, n);
  run->n_granted = g_new0 (guint32, n);
  run->n_arrived = g_new0 (guint32, n);
  run->paid_load = g_new0 (gboolean, n);
  run->arrivals = g_new0 (guint8 *, n);
  for (HdTaskId i = 0; i < n; i++)
    if (!is_compute (run, i)) {
      run->burst_bits[i] = route_burst (run->platform, route_of (run, i));
      run->n_bursts[i] = (guint32) hd_ceil_div (run->schedule->bits[i], run->burst_bits[i]);
      run->arrivals[i] = g_new0 (guint8, run->n_bursts[i]);
    }
}

static void
prepare (Run *run, const HdPlatform *platform, const HdSchedule *schedule)
{
  *run = (Run) { .platform = platform, .schedule = schedule, .trace = trace_new (platform, schedule) };
  prepare_tasks (run);
  run->computing = new_filled (platform->n_cores, sizeof (HdTaskId));
  run->resident_key = g_new0 (guint32, platform->n_cores);
  run->busy_until = g_new0 (guint64, platform->n_resources);
  run->served_last = new_filled (platform->n_resources, sizeof (HdTaskId));
  run->granted_queue = new_filled (platform->n_resources, sizeof (HdQueueId));
  run->occupancy = g_new0 (guint64, platform->n_memories);
  run->went = new_filled (schedule->n_pieces, sizeof (guint64));
  run->occupies = g_new0 (gboolean, schedule->n_pieces);
  run->bursts = g_array_new (FALSE, FALSE, sizeof (Burst));
  run->holds = g_array_new (FALSE, FALSE, sizeof (Hold));
  run->recorded_state = new_records (platform->n_cores);
  run->recorded_occupancy = new_records (platform->n_memories);
  for (HdPieceId p = 0; p < schedule->n_pieces; p++)
    if (schedule->piece_creator[p] == HD_NONE) {
      run->occupies[p] = TRUE;
      run->occupancy[schedule->piece_memory[p]] += schedule->piece_bits[p];
    }
  note_peaks (run);
  make_ready (run);
}

static void
clear (Run *run)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    g_free (run->arrivals[i]);
  gpointer arrays[] = { run->ended, run->lacked_space, run->burst_bits, run->n_bursts, run->n_offered, run->n_granted, run->n_arrived, run->paid_load, run->arrivals,
                        run->computing, run->resident_key, run->busy_until, run->served_last, run->granted_queue, run->occupancy, run->went, run->occupies };
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  free_records (run->recorded_state, run->platform->n_cores);
  free_records (run->recorded_occupancy, run->platform->n_memories);
  g_array_free (run->bursts, TRUE);
  g_array_free (run->holds, TRUE);
}

/* Whether anything can still happen: a task is under way, or a compute lacks nothing but its core's clock edge. */
static gboolean
goes_on (const Run *run)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++) {
    if (is_issued (run, i) && !run->ended[i])
      return TRUE;
    if (!is_issued (run, i) && is_ready (run, i) && has_turn_at_edge (run, i) && fits (run, i))
      return TRUE;
  }
  return FALSE;
}

Trace *
reference_run (const HdPlatform *platform, const HdSchedule *schedule, guint64 limit)
{
  Run run;
  Trace *trace;
  prepare (&run, platform, schedule);
  for (;; run.now++) {
    do {
      run.changed = FALSE;
      phase_ends (&run);
      phase_space (&run);
      phase_starts (&run);
    } while (run.changed);
    if (!goes_on (&run) || run.now > limit)
      break;
    record_cycle (&run);
  }
  trace = run.trace;
  if (run.now <= limit) {
    trace->deadlock = trace->tasks < trace->n_tasks;
    record_end (&run);
  } else {
    g_clear_pointer (&trace, trace_free);
  }
  clear (&run);
  return trace;
}
