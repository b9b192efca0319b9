/* Inside the legality check. It shares nothing with the engine: it reads doc/engine.md another time, in other words, and with other means.
 *
 * | file                  | rules                                                                                              |
 * |-----------------------|----------------------------------------------------------------------------------------------------|
 * | check-order.c         | dependencies and queue orders have no cycle                                                         |
 * | check-life.c          | a piece is used by others than its maker, and not after it may have gone                             |
 * | check-tasks.c         | transfers move what they read along a sound route; computes reach their pieces; boxes fit their bits   |
 * | check-space.c         | pieces fit their memory, alone and wherever the order makes several stand there at once               |
 * | check-times.c         | moments of each task, queues, cores, durations                                                      |
 * | check-times-route.c   | transfers are no faster than their route alone; no resource does more than its width                  |
 * | check-times-space.c   | capacity at every cycle; no use of what has gone                                                    |
 *
 * All rules are sound: what they report is illegal. They are not complete where completeness would cost more than O(n log n), and each says so.
 */
#pragma once

#include "schedule/private.h"

typedef struct {
  const HdSchedule *s;
  const HdPlatform *platform;
  HdFaults *faults;
  GStringChunk *names;      /* texts for messages */
  guint32 *place;           /* of a task in its queue */
  /* by task: who must wait for it (uses and order dependencies); made by check-order.c */
  guint64 *next_begin;
  HdTaskId *next;
  guint32 *rank;            /* in an order that respects everything; valid when acyclic */
  gboolean acyclic;
  gboolean lives_are_sound; /* check-life.c found nothing */
  /* by piece: who uses it */
  guint64 *user_begin;
  HdTaskId *user;
} HdCheck;

/** A violation; the arguments are evaluated only as long as it will be told. */
#define HD_VIOLATION(check, ...)                                                    \
  do {                                                                              \
    if ((check)->faults->n >= HD_FAULTS_MAX)                                        \
      (check)->faults->n++;                                                         \
    else                                                                            \
      _hd_faults_add ((check)->faults, (HdPlace) { "", HD_ABOUT_ALL, 0 }, __VA_ARGS__); \
  } while (0)

/** Names for messages; they live as long as the check. */
const char *_hd_check_task_name (const HdCheck *check, HdTaskId task);
const char *_hd_check_piece_name (const HdCheck *check, HdPieceId piece);

static inline HdTaskId
_hd_check_queue_next (const HdCheck *check, HdTaskId task)
{
  HdQueueId q = check->s->queue_of[task];
  guint64 at = check->s->queue_begin[q] + check->place[task] + 1;
  return check->s->queue[q].order == HD_QUEUE_IN_ORDER && at < check->s->queue_begin[q + 1] ? check->s->queue_task[at] : HD_NONE;
}

static inline HdTaskId
_hd_check_queue_previous (const HdCheck *check, HdTaskId task)
{
  HdQueueId q = check->s->queue_of[task];
  return check->s->queue[q].order == HD_QUEUE_IN_ORDER && check->place[task] > 0 ? check->s->queue_task[check->s->queue_begin[q] + check->place[task] - 1] : HD_NONE;
}

/** Ascending. */
void _hd_sort_u64 (guint64 *values, gsize n);

void _hd_check_order (HdCheck *check);
void _hd_check_life (HdCheck *check);
void _hd_check_tasks (const HdCheck *check);
void _hd_check_pieces (const HdCheck *check);
void _hd_check_space (const HdCheck *check);
void _hd_check_times (const HdCheck *check, const HdTaskTimes *times);
void _hd_check_times_routes (const HdCheck *check, const HdTaskTimes *times);
void _hd_check_times_space (const HdCheck *check, const HdTaskTimes *times);
