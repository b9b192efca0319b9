/* A task's moments: it becomes ready when the last end that it waits for has come, is issued when its space was granted, and ends. */
#include "config.h"
#include "engine/private.h"

void
_hd_id_list_grow (IdList *list)
{
  list->capacity = MAX (16, list->capacity * 2);
  list->item = g_renew (guint32, list->item, list->capacity);
}

/* Something changed for the queue: phase 2 looks at it, and its core's state is looked at again. */
void
_hd_queue_dirty (HdEngine *self, HdQueueId q)
{
  HD_MARK (self->queue, dirty, q, self->dirty_queues);
  HD_MARK (self->queue, touched, q, self->touched_queues);
}

/* --- ready --------------------------------------------------------------------------------------------- */

/* @task waited for @ended, which ended now. */
static inline void
dependency_ended (HdEngine *self, HdTaskId task, HdTaskId ended)
{
  guint64 waits = self->issue[task];
  HdTaskId least = self->ready[task] != self->now ? ended : MIN (ended, HD_WAITS_CAUSE (waits));
  self->ready[task] = self->now;
  if (HD_WAITS_COUNT (waits) > 1) {
    self->issue[task] = HD_WAITS (HD_WAITS_COUNT (waits) - 1, least);
    return;
  }
  self->issue[task] = 0;
  self->wait_cause[task] = least;
  _hd_queue_task_ready (self, self->schedule->queue_of[task], task);
}

/* --- issue --------------------------------------------------------------------------------------------- */

static void
note_wait (HdEngine *self, HdTaskId task, const Queue *queue)
{
  gboolean waited = self->now > self->ready[task];
  if (waited && self->start[task] < self->now) {
    self->wait_kind[task] = HD_WAIT_SPACE;
    self->wait_cause[task] = _hd_space_cause (self, task);
  } else if (waited) {
    self->wait_kind[task] = HD_WAIT_TURN;
    self->wait_cause[task] = queue->last_end == self->now ? queue->last_ended : HD_NONE;
  } else {
    self->wait_kind[task] = self->wait_cause[task] != HD_NONE ? HD_WAIT_INPUT : HD_WAIT_NONE;
  }
}

static void
start_compute (HdEngine *self, HdTaskId task, HdQueueId q)
{
  const HdSchedule *s = self->schedule;
  const HdTaskCost *cost = &s->cost[s->what[task]];
  Queue *queue = &self->queue[q];
  gboolean load = s->weight_key[task] != 0 && s->weight_key[task] != queue->resident_key;
  guint64 end = hd_cycle_add (self->now, cost->cycles);
  if (load) {
    queue->resident_key = s->weight_key[task];
    end = hd_cycle_add (end, cost->load_cycles);
  }
  self->start[task] = self->now;
  queue->running = task;
  _hd_power_compute (self, task, load, end);
  if (end == self->now)
    _hd_id_list_add (&self->ending, task);
  else
    hd_event_queue_push (self->events, end, EVENT (EVENT_COMPUTE_END, q));
}

void
_hd_task_issue (HdEngine *self, HdTaskId task)
{
  HdQueueId q = self->schedule->queue_of[task];
  Queue *queue = &self->queue[q];
  note_wait (self, task, queue);
  _hd_space_take (self, task);
  self->issue[task] = self->now;
  self->n_moves++;
  queue->in_flight++;
  queue->unissued--;
  HD_MARK (self->queue, touched, q, self->touched_queues);
  if (self->schedule->kind[task] == HD_TASK_COMPUTE)
    start_compute (self, task, q);
  else
    _hd_transfer_issue (self, task);
}

/* --- end ------------------------------------------------------------------------------------------------- */

/* The piece's creator has ended: its users may go on. */
static void
piece_made (HdEngine *self, HdPieceId p, HdTaskId creator)
{
  const HdSchedule *s = self->schedule;
  if ((self->piece[p].next & LINK_EXTRA) == 0)
    for (guint64 r = s->release_begin[p]; r < s->release_begin[p + 1]; r++)
      dependency_ended (self, s->release[r], creator);
  _hd_piece_condition_met (self, p);
}

static void
task_end (HdEngine *self, HdTaskId task)
{
  const HdSchedule *s = self->schedule;
  HdQueueId q = s->queue_of[task];
  Queue *queue = &self->queue[q];
  self->end[task] = self->now;
  self->n_ended++;
  self->n_moves++;
  queue->in_flight--;
  queue->unended--;
  if (queue->running == task)
    queue->running = HD_NONE;
  queue->last_ended = queue->last_end == self->now ? MIN (queue->last_ended, task) : task;
  queue->last_end = self->now;
  _hd_queue_dirty (self, q);
  for (guint32 p = self->first_piece[task]; p != LINK_END; p = self->piece[p].next & LINK_END)
    piece_made (self, p, task);
  for (guint64 u = s->use_begin[task]; u < s->use_begin[task + 1]; u++)
    if ((self->piece[s->use[u]].next & LINK_EXTRA) == 0)
      _hd_piece_condition_met (self, s->use[u]);
  for (guint32 e = self->extra_begin[task]; e < self->extra_begin[task + 1]; e++) {
    guint32 entry = self->extra[e];
    if (entry & EXTRA_RELEASE)
      _hd_piece_condition_met (self, entry & ~EXTRA_RELEASE);
    else
      dependency_ended (self, entry, task);
  }
}

/* Phase 1: all tasks whose end is now. */
void
_hd_task_end_all (HdEngine *self)
{
  if (self->ending.n == 0)
    return;
  self->last_moved = self->now;
  for (guint32 i = 0; i < self->ending.n; i++)
    task_end (self, self->ending.item[i]);
  self->ending.n = 0;
}
