/* The engine's loop: takes the events of the next cycle, repeats the three phases until nothing changes, and closes the cycle.
 *
 * The order in which things within one phase are done does not reach the result: offers of a cycle stand in the order of their ids whoever came
 * first, and causes are the smallest ids. So the event queue need not order the entries of a cycle.
 */
#include "config.h"
#include "engine/private.h"

#include <string.h>

#define IDLE_CYCLES_MAX 1000000   /* cycles in a row whose events move nothing: the engine itself would be wrong */
#define CANCEL_EVERY 1024         /* cycles between looks at the flag */

/* --- making and freeing ----------------------------------------------------------------------------------- */

/* The next @n elements of @size in the block, or of none yet: its size is counted first. */
static gpointer
take_column (char *block, gsize *at, gsize n, gsize size)
{
  gpointer column = block == NULL ? NULL : block + *at;
  *at += (n * size + 15) & ~(gsize) 15;
  return column;
}

/* Of tasks and pieces. Returns how large the block must be. */
static gsize
place_columns (HdEngine *self)
{
  gsize n = (gsize) self->schedule->n_tasks + 1, at = 0;
  self->ready = take_column (self->columns, &at, n, sizeof *self->ready);
  self->issue = take_column (self->columns, &at, n, sizeof *self->issue);
  self->start = take_column (self->columns, &at, n, sizeof *self->start);
  self->end = take_column (self->columns, &at, n, sizeof *self->end);
  self->wait_cause = take_column (self->columns, &at, n, sizeof *self->wait_cause);
  self->wait_kind = take_column (self->columns, &at, n, sizeof *self->wait_kind);
  self->first_piece = take_column (self->columns, &at, n, sizeof *self->first_piece);
  self->extra_begin = take_column (self->columns, &at, n, sizeof *self->extra_begin);
  self->piece = take_column (self->columns, &at, (gsize) self->schedule->n_pieces + 1, sizeof *self->piece);
  return at;
}

/* One block: an allocator hands a large one out again, where it would give many back to the system, whose pages cost more than to fill them. */
static gboolean
allocate_columns (HdEngine *self, GError **error)
{
  self->columns = g_try_malloc (place_columns (self));
  if (self->columns != NULL) {
    place_columns (self);
    return TRUE;
  }
  g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "no memory for the records of %u tasks and %u pieces", self->schedule->n_tasks, self->schedule->n_pieces);
  return FALSE;
}

static void
allocate_tables (HdEngine *self)
{
  const HdPlatform *p = self->platform;
  self->queue = g_new0 (Queue, self->schedule->n_queues);
  self->memory = g_new0 (Memory, p->n_memories);
  self->resource = g_new0 (Resource, p->n_resources);
  self->core_has_queue = g_new0 (gboolean, p->n_cores);
  for (guint q = 0; q < self->schedule->n_queues; q++)
    if (self->schedule->queue[q].core != HD_NONE)
      self->core_has_queue[self->schedule->queue[q].core] = TRUE;
  self->free_streams = g_new (guint32, (gsize) self->max_hops + 1);
  self->need = g_new0 (guint64, p->n_memories);
  self->core_state_cycles = g_malloc0_n (MAX (1, p->n_cores), sizeof *self->core_state_cycles);
  self->memory_peak = g_new0 (guint64, p->n_memories);
  self->resource_busy = g_new0 (guint64, p->n_resources);
  self->resource_bits = g_new0 (guint64, p->n_resources);
  self->events = hd_event_queue_new ();
  self->deadlock_text = g_string_new (NULL);
}

HdEngine *
hd_engine_new (const HdPlatform *platform, const HdSchedule *schedule, GError **error)
{
  g_autoptr (HdEngine) self = g_new0 (HdEngine, 1);
  self->platform = platform;
  self->schedule = schedule;
  self->n_queues = schedule->n_queues;
  self->n_resources = platform->n_resources;
  if (!allocate_columns (self, error) || !_hd_plan_make (self, error))
    return NULL;
  allocate_tables (self);
  _hd_power_init (self);
  return g_steal_pointer (&self);
}

static void
free_parts (HdEngine *self)
{
  for (guint q = 0; self->queue != NULL && q < self->n_queues; q++)
    for (guint k = 0; k < 2; k++) {
      g_free (self->queue[q].lane[k].heap.item);
      g_free (self->queue[q].lane[k].blocked.item);
    }
  for (guint r = 0; self->resource != NULL && r < self->n_resources; r++)
    g_free (self->resource[r].waiting);
  IdList *lists[] = { &self->free_transfers, &self->ending, &self->dirty_queues, &self->touched_queues,
                      &self->tried_queues, &self->edge_queues, &self->dirty_resources, &self->touched_memories };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_free (lists[i]->item);
  hd_event_queue_free (self->events);
  hd_event_queue_free (self->power.deltas);
  if (self->deadlock_text != NULL)
    g_string_free (self->deadlock_text, TRUE);
  g_clear_error (&self->sink_error);
}

void
hd_engine_free (HdEngine *self)
{
  if (self == NULL)
    return;
  free_parts (self);
  void *arrays[] = { self->hop, self->passed, self->route, self->columns, self->extra, self->resident_bits, self->queue,
                     self->memory, self->resource, self->transfer, self->stream, self->free_streams, self->run, self->candidate, self->need, self->series,
                     self->resource_series, self->change, self->power.amount, self->power.free_amounts.item, self->core_has_queue,
                     self->core_state_cycles, self->memory_peak, self->resource_busy, self->resource_bits };
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  g_free (self);
}

void
hd_engine_set_cancel (HdEngine *self, const volatile int *flag)
{
  self->cancel = flag;
}

/* --- the state before cycle 0 ---------------------------------------------------------------------------- */

static void
reset_queue (HdEngine *self, HdQueueId q)
{
  const HdSchedule *s = self->schedule;
  Queue *queue = &self->queue[q];
  Lane lanes[2];
  memcpy (lanes, queue->lane, sizeof lanes);
  *queue = (Queue) {
    .head = s->queue_begin[q], .end = s->queue_begin[q + 1], .unended = s->queue_begin[q + 1] - s->queue_begin[q],
    .unissued = s->queue_begin[q + 1] - s->queue_begin[q], .outstanding = s->queue[q].outstanding, .core = s->queue[q].core,
    .period = s->queue[q].core == HD_NONE ? 1 : self->platform->core[s->queue[q].core].period, .running = HD_NONE,
    .last_end = NEVER, .last_ended = HD_NONE, .next_waiter = HD_NONE, .by_priority = s->queue[q].order == HD_QUEUE_BY_PRIORITY,
    .state = HD_STATE_DONE,
  };
  for (guint k = 0; k < 2; k++) {
    queue->lane[k] = lanes[k];
    queue->lane[k].heap.n = queue->lane[k].blocked.n = queue->lane[k].n_marked = 0;
  }
  _hd_queue_dirty (self, q);
  if (!queue->by_priority)
    return;
  for (guint64 i = queue->head; i < queue->end; i++)
    if (self->issue[s->queue_task[i]] == 0)
      _hd_queue_task_ready (self, q, s->queue_task[i]);
}

static void
reset_tables (HdEngine *self)
{
  const HdPlatform *p = self->platform;
  for (guint m = 0; m < p->n_memories; m++)
    self->memory[m] = (Memory) {
      .occupied = self->resident_bits[m], .capacity = p->memory[m].capacity_bits, .peak = self->resident_bits[m],
      .freed_cycle = NEVER, .waiters = HD_NONE,
    };
  for (guint r = 0; r < p->n_resources; r++)
    self->resource[r] = (Resource) {
      .last_task = HD_NONE, .last_queue = HD_NONE, .lone = HD_NONE, .follower = HD_NONE, .pour = HD_NONE, .turns_at = HD_NONE,
      .period = p->resource[r].period, .latency = p->resource[r].latency, .width = p->resource[r].width_bits, .arbiter = p->resource[r].arbiter,
      .waiting = self->resource[r].waiting, .capacity = self->resource[r].capacity,
    };
  memset (self->core_state_cycles, 0, p->n_cores * sizeof *self->core_state_cycles);
  self->any_waiters = HD_NONE;
  self->n_transfers = self->n_streams = 0;
  memset (self->free_streams, 0xff, ((gsize) self->max_hops + 1) * sizeof *self->free_streams);
  self->n_runs = 0;
  self->free_run = HD_NONE;
  IdList *lists[] = { &self->free_transfers, &self->ending, &self->dirty_queues, &self->touched_queues,
                      &self->tried_queues, &self->edge_queues, &self->dirty_resources, &self->touched_memories };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    lists[i]->n = 0;
  self->n_candidates = 0;
}

static void
reset (HdEngine *self)
{
  gsize n = self->schedule->n_tasks;
  self->now = self->last_moved = self->n_ended = self->n_events = self->n_moves = 0;
  self->dram_read_bits = self->dram_write_bits = 0;
  hd_event_queue_clear (self->events);
  memset (self->ready, 0, n * sizeof *self->ready);
  memset (self->start, 0xff, n * sizeof *self->start);
  memset (self->end, 0xff, n * sizeof *self->end);
  memset (self->wait_kind, 0, n);
  memset (self->wait_cause, 0xff, n * sizeof *self->wait_cause);
  reset_tables (self);
  _hd_plan_reset_links (self);
  _hd_power_reset (self);
  for (guint q = 0; q < self->schedule->n_queues; q++)
    reset_queue (self, q);
}

/* --- cycles ------------------------------------------------------------------------------------------------ */

static void
arrive (HdEngine *self, guint32 index)
{
  const Stream *stream = &self->stream[index];
  HdResourceId r = self->hop[self->transfer[stream->transfer].route->first_hop + stream->hop].resource;
  if (self->resource[r].n_waiting > 0 && !_hd_is_unwatched (&self->resource[r]))
    _hd_resource_dirty (self, r);
  _hd_stream_arrive (self, index);
}

static void
take_event (HdEngine *self, guint32 event)
{
  guint32 index = EVENT_INDEX (event);
  switch (EVENT_KIND (event)) {
  case EVENT_COMPUTE_END:
    _hd_id_list_add (&self->ending, self->queue[index].running);
    break;
  case EVENT_CLOCK_EDGE:
    _hd_queue_dirty (self, index);
    break;
  case EVENT_RESOURCE:
    _hd_resource_dirty (self, index);
    break;
  case EVENT_ARRIVE:
    arrive (self, index);
    break;
  case EVENT_LONE_END:
    _hd_lone_end (self, index);
    break;
  case EVENT_TURNS_END:
    _hd_turns_end (self, index);
    break;
  case EVENT_POUR_END:
    _hd_pour_end (self, index);
    break;
  }
}

/* The rounds of a cycle whose events have been taken. */
static void
finish_cycle (HdEngine *self)
{
  do {
    _hd_task_end_all (self);
    _hd_grant_space (self);
    _hd_resources_grant (self);
    hd_assert_invariant (self->round++ <= (guint64) self->schedule->n_tasks + 1, "cycle %" G_GUINT64_FORMAT " does not come to its end", self->now);
  } while (self->ending.n > 0);
  _hd_states_update (self);
  _hd_space_show (self);
}

static gboolean
is_cancelled (const HdEngine *self, guint64 turn)
{
  return self->cancel != NULL && turn % CANCEL_EVERY == 0 && *self->cancel != 0;
}

/* All cycles in which something happens. FALSE: cancelled, or the sink failed. */
static gboolean
run_cycles (HdEngine *self, GError **error)
{
  const guint32 *event;
  gsize n = 0;
  guint64 turn = 0, idle = 0, moves = 0;
  do {
    self->n_events += n;
    self->round = 1;
    for (gsize i = 0; i < n; i++)
      take_event (self, event[i]);
    finish_cycle (self);
    idle = self->n_moves == moves ? idle + 1 : 0;
    moves = self->n_moves;
    hd_assert_invariant (idle < IDLE_CYCLES_MAX, "nothing has moved in %" G_GUINT64_FORMAT " cycles with events up to %" G_GUINT64_FORMAT, idle, self->now);
    if (self->sink_error != NULL) {
      g_propagate_error (error, g_steal_pointer (&self->sink_error));
      return FALSE;
    }
    if (is_cancelled (self, turn++)) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "stopped at cycle %" G_GUINT64_FORMAT, self->now);
      return FALSE;
    }
  } while (hd_event_queue_pop (self->events, NEVER, &self->now, &event, &n));
  return TRUE;
}

/* Hands the rest to the sink. */
static gboolean
end_recording (HdEngine *self, const HdResult *result, GError **error)
{
  _hd_power_finish (self, result->cycles);
  _hd_series_finish (self);
  if (self->sink_error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->sink_error));
    return FALSE;
  }
  return self->sink->klass->end (self->sink, &result->columns, error);
}

gboolean
hd_engine_run (HdEngine *self, HdSink *sink, HdResult *result, GError **error)
{
  self->sink = sink;
  self->recording = FALSE;
  if (sink != NULL && self->series == NULL)
    _hd_series_make (self);
  reset (self);
  if (sink != NULL && !_hd_engine_series_begin (self, error))
    return FALSE;
  if (!run_cycles (self, error))
    return FALSE;
  gboolean deadlock = self->n_ended < self->schedule->n_tasks;
  _hd_states_finish (self, self->last_moved);
  _hd_result_fill (self, deadlock, result);
  return sink == NULL || end_recording (self, result, error);
}
