/* The state of every core that has a queue, in every cycle: computing, or why not. Looked at again when something about its queue changed. */
#include "config.h"
#include "engine/private.h"

static HdCoreState
state_of (HdEngine *self, HdQueueId q)
{
  const Queue *queue = &self->queue[q];
  gboolean ready = FALSE;
  HdMemoryId lacking;
  if (queue->running != HD_NONE)
    return HD_STATE_COMPUTE;
  if (queue->unended == 0)
    return HD_STATE_DONE;
  HdTaskId next = _hd_queue_next_task (self, q, &ready);
  if (queue->unissued == 0)
    return HD_STATE_WAIT_TURN;
  if (!ready)
    return HD_STATE_WAIT_INPUT;
  if (queue->in_flight < queue->outstanding && !_hd_fits (self, next, &lacking))
    return HD_STATE_WAIT_SPACE;
  return HD_STATE_WAIT_TURN;
}

static void
enter (HdEngine *self, HdQueueId q, HdCoreState state)
{
  Queue *queue = &self->queue[q];
  if (state == queue->state)
    return;
  self->core_state_cycles[queue->core][queue->state] += self->now - queue->state_since;
  queue->state = state;
  queue->state_since = self->now;
  if (self->recording)
    _hd_series_emit (self, queue->core, self->now, state);
}

/* A core that waits for a clock edge looks at the space of every cycle. */
static void
update_edge_waiters (HdEngine *self)
{
  guint32 kept = 0;
  for (guint32 i = 0; i < self->edge_queues.n; i++) {
    HdQueueId q = self->edge_queues.item[i];
    enter (self, q, state_of (self, q));
    self->queue[q].at_edge_list = self->queue[q].edge > self->now;
    if (self->queue[q].at_edge_list)
      self->edge_queues.item[kept++] = q;
  }
  self->edge_queues.n = kept;
}

/* At the end of a cycle. */
void
_hd_states_update (HdEngine *self)
{
  for (guint32 i = 0; i < self->touched_queues.n; i++) {
    HdQueueId q = self->touched_queues.item[i];
    self->queue[q].touched = FALSE;
    if (self->queue[q].core != HD_NONE)
      enter (self, q, state_of (self, q));
  }
  self->touched_queues.n = 0;
  update_edge_waiters (self);
}

/* Closes the books at the makespan; a state that was entered after it (an edge that moved nothing) counts nothing. */
void
_hd_states_finish (HdEngine *self, guint64 cycles)
{
  const HdPlatform *p = self->platform;
  for (guint q = 0; q < self->schedule->n_queues; q++) {
    const Queue *queue = &self->queue[q];
    if (queue->core == HD_NONE)
      continue;
    hd_assert_invariant (queue->state_since <= cycles, "core %u changed its state at cycle %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
                         queue->core, queue->state_since, cycles);
    self->core_state_cycles[queue->core][queue->state] += cycles - queue->state_since;
  }
  for (guint c = 0; c < p->n_cores; c++) {
    guint64 sum = 0;
    if (!self->core_has_queue[c])
      self->core_state_cycles[c][HD_STATE_DONE] = cycles;
    for (guint state = 0; state < HD_N_STATES; state++)
      sum += self->core_state_cycles[c][state];
    hd_assert_invariant (sum == cycles, "the states of core %s add up to %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " cycles", p->core[c].id, sum, cycles);
  }
}
