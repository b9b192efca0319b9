/* Phase 2, grants of space: among the tasks that are ready and whose turn has come, in the order (priority, ready, queue, task), those whose pieces fit are issued.
 *
 * Only what can have changed is tried: queues with a new head, a new ready task or a free place, and those that lacked space in a memory from
 * which a piece went. What did not fit cannot fit later in the same phase, so one pass in order is the same as beginning again after each issue.
 */
#include "config.h"
#include "engine/private.h"

/* --- whose turn has come ------------------------------------------------------------------------------- */

static gboolean
has_place (const Queue *queue, HdTaskKind kind)
{
  return queue->in_flight < queue->outstanding && (kind == HD_TASK_TRANSFER || queue->running == HD_NONE);
}

static gboolean
at_edge (const HdEngine *self, const Queue *queue, HdTaskKind kind)
{
  return kind == HD_TASK_TRANSFER || queue->period == 1 || self->now % queue->period == 0;
}

static void
wait_for_edge (HdEngine *self, HdQueueId q)
{
  Queue *queue = &self->queue[q];
  guint64 edge = _hd_align (self->now, queue->period);
  HD_MARK (self->queue, at_edge_list, q, self->edge_queues);
  if (queue->edge == edge)
    return;
  queue->edge = edge;
  hd_event_queue_push (self->events, edge, EVENT (EVENT_CLOCK_EDGE, q));
}

/* --- ready tasks of a queue by priority: a binary heap ---------------------------------------------- */

static gboolean
goes_before (const HdEngine *self, HdTaskId a, HdTaskId b)
{
  const guint32 *priority = self->schedule->priority;
  if (priority[a] != priority[b])
    return priority[a] < priority[b];
  return self->ready[a] != self->ready[b] ? self->ready[a] < self->ready[b] : a < b;
}

static void
heap_push (HdEngine *self, IdList *heap, HdTaskId task)
{
  _hd_id_list_add (heap, task);
  guint32 i = heap->n - 1;
  for (; i > 0 && goes_before (self, task, heap->item[(i - 1) / 2]); i = (i - 1) / 2)
    heap->item[i] = heap->item[(i - 1) / 2];
  heap->item[i] = task;
}

static void
heap_pop (HdEngine *self, IdList *heap)
{
  HdTaskId last = heap->item[--heap->n];
  guint32 i = 0;
  for (guint32 child = 1; child < heap->n; child = 2 * i + 1) {
    if (child + 1 < heap->n && goes_before (self, heap->item[child + 1], heap->item[child]))
      child++;
    if (!goes_before (self, heap->item[child], last))
      break;
    heap->item[i] = heap->item[child];
    i = child;
  }
  heap->item[i] = last;
}

void
_hd_queue_task_ready (HdEngine *self, HdQueueId q, HdTaskId task)
{
  Queue *queue = &self->queue[q];
  if (queue->by_priority)
    heap_push (self, &queue->lane[self->schedule->kind[task]].heap, task);
  else if (self->schedule->queue_task[queue->head] != task)
    return;
  _hd_queue_dirty (self, q);
}

/* Space became free where the queue lacked it. */
void
_hd_queue_retry (HdEngine *self, HdQueueId q)
{
  Queue *queue = &self->queue[q];
  for (guint k = 0; queue->by_priority && k < 2; k++) {
    Lane *lane = &queue->lane[k];
    for (guint32 i = 0; i < lane->blocked.n; i++)
      heap_push (self, &lane->heap, lane->blocked.item[i]);
    lane->blocked.n = lane->n_marked = 0;
  }
  _hd_queue_dirty (self, q);
}

/* The first in order of a queue's ready tasks, blocked ones included; HD_NONE: none is ready. */
static HdTaskId
first_ready (const HdEngine *self, const Queue *queue)
{
  HdTaskId best = HD_NONE;
  for (guint k = 0; k < 2; k++) {
    const Lane *lane = &queue->lane[k];
    if (lane->heap.n > 0 && (best == HD_NONE || goes_before (self, lane->heap.item[0], best)))
      best = lane->heap.item[0];
    for (guint32 i = 0; i < lane->blocked.n; i++)
      if (best == HD_NONE || goes_before (self, lane->blocked.item[i], best))
        best = lane->blocked.item[i];
  }
  return best;
}

/* The queue's next task, or HD_NONE when it has none, or none that is ready in a queue by priority; @ready: whether it is. */
HdTaskId
_hd_queue_next_task (const HdEngine *self, HdQueueId q, gboolean *ready)
{
  const Queue *queue = &self->queue[q];
  if (queue->by_priority) {
    HdTaskId task = first_ready (self, queue);
    *ready = task != HD_NONE;
    return task;
  }
  *ready = FALSE;
  if (queue->head == queue->end)
    return HD_NONE;
  HdTaskId task = self->schedule->queue_task[queue->head];
  *ready = self->issue[task] == 0;
  return task;
}

/* --- candidates, in order ------------------------------------------------------------------------------- */

static gboolean
candidate_before (const Candidate *a, const Candidate *b)
{
  if (a->priority != b->priority)
    return a->priority < b->priority;
  if (a->ready != b->ready)
    return a->ready < b->ready;
  return a->queue != b->queue ? a->queue < b->queue : a->task < b->task;
}

static void
candidate_push (HdEngine *self, Candidate c)
{
  if (G_UNLIKELY (self->n_candidates == self->candidate_capacity)) {
    self->candidate_capacity = MAX (16, self->candidate_capacity * 2);
    self->candidate = g_renew (Candidate, self->candidate, self->candidate_capacity);
  }
  guint32 i = self->n_candidates++;
  for (; i > 0 && candidate_before (&c, &self->candidate[(i - 1) / 2]); i = (i - 1) / 2)
    self->candidate[i] = self->candidate[(i - 1) / 2];
  self->candidate[i] = c;
}

static Candidate
candidate_pop (HdEngine *self)
{
  Candidate *heap = self->candidate;
  Candidate top = heap[0], last = heap[--self->n_candidates];
  guint32 i = 0, n = self->n_candidates;
  for (guint32 child = 1; child < n; child = 2 * i + 1) {
    if (child + 1 < n && candidate_before (&heap[child + 1], &heap[child]))
      child++;
    if (!candidate_before (&heap[child], &last))
      break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
  return top;
}

/* Makes @task a candidate if its turn has come. */
static void
propose (HdEngine *self, HdQueueId q, HdTaskId task)
{
  HdTaskKind kind = self->schedule->kind[task];
  if (!has_place (&self->queue[q], kind))
    return;
  if (!at_edge (self, &self->queue[q], kind)) {
    wait_for_edge (self, q);
    return;
  }
  guint32 priority = self->queue[q].by_priority ? self->schedule->priority[task] : 0;
  candidate_push (self, (Candidate) { priority, q, self->ready[task], task, kind });
}

static void
propose_lane (HdEngine *self, HdQueueId q, HdTaskKind kind)
{
  const Lane *lane = &self->queue[q].lane[kind];
  if (lane->heap.n > 0)
    propose (self, q, lane->heap.item[0]);
}

static void
propose_queue (HdEngine *self, HdQueueId q)
{
  Queue *queue = &self->queue[q];
  if (queue->by_priority) {
    HD_MARK (self->queue, tried, q, self->tried_queues);
    propose_lane (self, q, HD_TASK_COMPUTE);
    propose_lane (self, q, HD_TASK_TRANSFER);
    return;
  }
  if (queue->head == queue->end)
    return;
  HdTaskId task = self->schedule->queue_task[queue->head];
  if (self->issue[task] == 0)
    propose (self, q, task);
}

static void
wait_in (HdEngine *self, HdQueueId q, guint32 *list)
{
  Queue *queue = &self->queue[q];
  if (queue->waits)
    return;
  queue->waits = TRUE;
  queue->next_waiter = *list;
  *list = q;
}

static void
note_misfit (HdEngine *self, HdTaskId task)
{
  if (self->start[task] == NEVER)
    self->start[task] = self->now;
}

static void
try_in_order (HdEngine *self, const Candidate *c)
{
  HdMemoryId lacking = 0;
  if (!_hd_fits (self, c->task, &lacking)) {
    note_misfit (self, c->task);
    wait_in (self, c->queue, &self->memory[lacking].waiters);
    return;
  }
  self->queue[c->queue].head++;
  _hd_task_issue (self, c->task);
  propose_queue (self, c->queue);
}

static void
try_by_priority (HdEngine *self, const Candidate *c)
{
  Queue *queue = &self->queue[c->queue];
  Lane *lane = &queue->lane[c->lane];
  HdMemoryId lacking = 0;
  if (!has_place (queue, c->lane))
    return;   /* the other lane took the place in this phase */
  heap_pop (self, &lane->heap);
  if (_hd_fits (self, c->task, &lacking)) {
    _hd_task_issue (self, c->task);
  } else {
    _hd_id_list_add (&lane->blocked, c->task);
    wait_in (self, c->queue, &self->any_waiters);
  }
  propose_lane (self, c->queue, c->lane);
}

/* The phase is over: what is blocked in a lane whose turn has come lacks space in this cycle. */
static void
mark_blocked (HdEngine *self, HdQueueId q)
{
  Queue *queue = &self->queue[q];
  queue->tried = FALSE;
  for (guint k = 0; k < 2; k++) {
    Lane *lane = &queue->lane[k];
    if (lane->n_marked == lane->blocked.n || !has_place (queue, k))
      continue;
    if (!at_edge (self, queue, k)) {
      wait_for_edge (self, q);
      continue;
    }
    while (lane->n_marked < lane->blocked.n)
      note_misfit (self, lane->blocked.item[lane->n_marked++]);
  }
}

void
_hd_grant_space (HdEngine *self)
{
  for (guint32 i = 0; i < self->dirty_queues.n; i++) {
    HdQueueId q = self->dirty_queues.item[i];
    self->queue[q].dirty = FALSE;
    propose_queue (self, q);
  }
  self->dirty_queues.n = 0;
  while (self->n_candidates > 0) {
    Candidate c = candidate_pop (self);
    if (self->queue[c.queue].by_priority)
      try_by_priority (self, &c);
    else
      try_in_order (self, &c);
  }
  for (guint32 i = 0; i < self->tried_queues.n; i++)
    mark_blocked (self, self->tried_queues.item[i]);
  self->tried_queues.n = 0;
}
