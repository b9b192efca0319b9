/* The reference engine: what the schedule says of a task, queues, and whether there is space. */
#include "config.h"
#include "run.h"

/* --- asking the schedule ----------------------------------------------------------------------- */

const HdQueue *
run_queue_of (const Run *run, HdTaskId task)
{
  return &run->schedule->queue[run->schedule->queue_of[task]];
}

const HdRoute *
run_route_of (const Run *run, HdTaskId task)
{
  return &run->schedule->route[run->schedule->what[task]];
}

gboolean
run_is_compute (const Run *run, HdTaskId task)
{
  return run->schedule->kind[task] == HD_TASK_COMPUTE;
}

gboolean
run_is_issued (const Run *run, HdTaskId task)
{
  return run->trace->issue[task] != NEVER;
}

gboolean
run_is_ready (const Run *run, HdTaskId task)
{
  return run->trace->ready[task] != NEVER;
}

/* Whether @task depends on @other: it uses a piece of its making, or names it. */
gboolean
run_depends_on (const Run *run, HdTaskId task, HdTaskId other)
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

/* --- queues -------------------------------------------------------------------------------------- */

static guint
under_way (const Run *run, HdQueueId queue)
{
  guint n = 0;
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    n += run->schedule->queue_of[i] == queue && run_is_issued (run, i) && !run->ended[i];
  return n;
}

HdTaskId
run_head (const Run *run, HdQueueId queue)
{
  const HdSchedule *s = run->schedule;
  for (guint64 i = s->queue_begin[queue]; i < s->queue_begin[queue + 1]; i++)
    if (!run_is_issued (run, s->queue_task[i]))
      return s->queue_task[i];
  return HD_NONE;
}

static gboolean
at_core_edge (const Run *run, HdTaskId task)
{
  return !run_is_compute (run, task) || run->now % run->platform->core[run_queue_of (run, task)->core].period == 0;
}

/* Whether a task that is not issued has its turn, but for its core's clock edge. */
gboolean
run_has_turn_at_edge (const Run *run, HdTaskId task)
{
  const HdQueue *queue = run_queue_of (run, task);
  HdQueueId id = run->schedule->queue_of[task];
  if (queue->order == HD_QUEUE_IN_ORDER && run_head (run, id) != task)
    return FALSE;
  if (run_is_compute (run, task) && run->computing[queue->core] != HD_NONE)
    return FALSE;
  return under_way (run, id) < queue->outstanding;
}

gboolean
run_fits (const Run *run, HdTaskId task)
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

gboolean
run_has_turn (const Run *run, HdTaskId task)
{
  return !run_is_issued (run, task) && run_is_ready (run, task) && run_has_turn_at_edge (run, task) && at_core_edge (run, task);
}

static guint32
grant_priority (const Run *run, HdTaskId task)
{
  return run_queue_of (run, task)->order == HD_QUEUE_BY_PRIORITY ? run->schedule->priority[task] : 0;
}

gboolean
run_is_candidate_before (const Run *run, HdTaskId a, HdTaskId b)
{
  const HdQueueId *queue = run->schedule->queue_of;
  if (grant_priority (run, a) != grant_priority (run, b))
    return grant_priority (run, a) < grant_priority (run, b);
  if (run->trace->ready[a] != run->trace->ready[b])
    return run->trace->ready[a] < run->trace->ready[b];
  return queue[a] != queue[b] ? queue[a] < queue[b] : a < b;
}
