/* The moments of a run: each task's own, and those of the tasks of a queue or core with each other.
 *
 * | rule         | is                                                                                                   |
 * |--------------|------------------------------------------------------------------------------------------------------|
 * | order        | ready <= issue <= start <= end <= makespan, and the makespan is the last end                           |
 * | ready        | the last end of what the task depends on; 0 without any                                               |
 * | cause        | a task issued later than ready is issued when some task ends, or at its core's next clock edge after one |
 * | computes     | start when issued, at a clock edge of the core; last their cycles, plus the load when the weights change  |
 * | queues       | issue in order, no more than `outstanding` at a time                                                   |
 * | cores        | one compute at a time                                                                                |
 *
 * Where several computes of a queue by priority start in one cycle (all but one of no length), their order is not in the times; then either duration is taken.
 */
#include "config.h"
#include "schedule/check.h"
#include <heddle/checked.h>

#include <stdlib.h>
#include <string.h>

#define CYCLE "%" G_GUINT64_FORMAT

/* --- each task ------------------------------------------------------------------------------------ */

static void
check_moments (const HdCheck *check, const HdTaskTimes *times, HdTaskId t)
{
  if (times->issue[t] < times->ready[t])
    HD_VIOLATION (check, "%s is issued at " CYCLE ", before it is ready at " CYCLE, _hd_check_task_name (check, t), times->issue[t], times->ready[t]);
  if (times->start[t] < times->issue[t])
    HD_VIOLATION (check, "%s starts at " CYCLE ", before it is issued at " CYCLE, _hd_check_task_name (check, t), times->start[t], times->issue[t]);
  if (times->end[t] < times->start[t])
    HD_VIOLATION (check, "%s ends at " CYCLE ", before it starts at " CYCLE, _hd_check_task_name (check, t), times->end[t], times->start[t]);
}

static void
check_ready (const HdCheck *check, const HdTaskTimes *times, HdTaskId t)
{
  const HdSchedule *s = check->s;
  guint64 ready = 0;
  HdTaskId last = HD_NONE;
  for (guint64 i = s->use_begin[t]; i < s->use_begin[t + 1]; i++) {
    HdTaskId maker = s->piece_creator[s->use[i]];
    if (maker != HD_NONE && (last == HD_NONE || times->end[maker] > ready)) {
      ready = times->end[maker];
      last = maker;
    }
  }
  for (guint64 i = s->after_begin[t]; i < s->after_begin[t + 1]; i++)
    if (last == HD_NONE || times->end[s->after[i]] > ready) {
      ready = times->end[s->after[i]];
      last = s->after[i];
    }
  if (times->ready[t] == ready)
    return;
  if (last == HD_NONE)
    HD_VIOLATION (check, "%s is ready at " CYCLE " - expected 0: it depends on nothing", _hd_check_task_name (check, t), times->ready[t]);
  else
    HD_VIOLATION (check, "%s is ready at " CYCLE " - expected " CYCLE ", when %s has ended", _hd_check_task_name (check, t), times->ready[t], ready, _hd_check_task_name (check, last));
}

static void
check_makespan (const HdCheck *check, const HdTaskTimes *times)
{
  guint64 last = 0;
  for (HdTaskId t = 0; t < check->s->n_tasks; t++)
    last = MAX (last, times->end[t]);
  if (times->cycles != last)
    HD_VIOLATION (check, "the makespan is " CYCLE " - expected " CYCLE ", the last end", times->cycles, last);
}

/* --- nothing is issued without a cause -------------------------------------------------------------- */

/* Whether some task ends in [@from, @to]; @ends ascends. */
static gboolean
something_ends (const guint64 *ends, gsize n, guint64 from, guint64 to)
{
  gsize low = 0, high = n;
  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (ends[middle] < from)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n && ends[low] <= to;
}

static void
check_cause (const HdCheck *check, const HdTaskTimes *times, HdTaskId t, const guint64 *ends)
{
  const HdSchedule *s = check->s;
  HdCoreId core = s->queue[s->queue_of[t]].core;
  guint64 issue = times->issue[t], period = core != HD_NONE ? check->platform->core[core].period : 1;
  if (issue <= times->ready[t])
    return;
  /* A transfer in a core's queue can follow a compute that waited for the clock. */
  guint64 from = issue >= period ? issue - period + 1 : 0;
  if (from == 0 || something_ends (ends, s->n_tasks, from, issue))
    return;
  HD_VIOLATION (check, "%s is issued at " CYCLE ", when nothing ended that it could have waited for since it was ready at " CYCLE, _hd_check_task_name (check, t), issue, times->ready[t]);
}

static void
check_causes (const HdCheck *check, const HdTaskTimes *times)
{
  g_autofree guint64 *ends = g_memdup2 (times->end, sizeof (guint64) * check->s->n_tasks);
  _hd_sort_u64 (ends, check->s->n_tasks);
  for (HdTaskId t = 0; t < check->s->n_tasks; t++)
    check_cause (check, times, t, ends);
}

/* --- queues --------------------------------------------------------------------------------------- */

static void
check_queue_order (const HdCheck *check, const HdTaskTimes *times, HdQueueId q)
{
  const HdSchedule *s = check->s;
  for (guint64 i = s->queue_begin[q] + 1; i < s->queue_begin[q + 1]; i++) {
    HdTaskId t = s->queue_task[i], before = s->queue_task[i - 1];
    if (times->issue[t] < times->issue[before])
      HD_VIOLATION (check, "%s is issued at " CYCLE ", before %s (at " CYCLE "), which stands before it in queue \"%.60s\"", _hd_check_task_name (check, t), times->issue[t],
                    _hd_check_task_name (check, before), times->issue[before], s->queue[q].name);
  }
}

/* A task is outstanding in the cycles [issue, end): sorted issues against sorted ends. */
static void
check_outstanding (const HdCheck *check, const HdTaskTimes *times, HdQueueId q)
{
  const HdSchedule *s = check->s;
  const HdTaskId *tasks = s->queue_task + s->queue_begin[q];
  gsize n = s->queue_begin[q + 1] - s->queue_begin[q], kept = 0, ended = 0;
  g_autofree guint64 *issues = g_new (guint64, MAX (1, n)), *ends = g_new (guint64, MAX (1, n));
  for (gsize i = 0; i < n; i++)
    if (times->end[tasks[i]] > times->issue[tasks[i]]) {
      issues[kept] = times->issue[tasks[i]];
      ends[kept++] = times->end[tasks[i]];
    }
  _hd_sort_u64 (issues, kept);
  _hd_sort_u64 (ends, kept);
  for (gsize i = 0; i < kept; i++) {
    while (ends[ended] <= issues[i])
      ended++;
    if (i + 1 - ended > s->queue[q].outstanding) {
      HD_VIOLATION (check, "queue \"%.60s\" has %" G_GSIZE_FORMAT " tasks under way at " CYCLE " - expected at most %u", s->queue[q].name, i + 1 - ended, issues[i], s->queue[q].outstanding);
      return;
    }
  }
}

/* --- cores ---------------------------------------------------------------------------------------- */

typedef struct {
  guint64 start, end;
  guint32 place;
  HdTaskId task;
} Stay;

static int
compare_stays (const void *a, const void *b)
{
  const Stay *x = a, *y = b;
  if (x->start != y->start)
    return x->start < y->start ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return (x->place > y->place) - (x->place < y->place);
}

/* The keys that can be resident: one, but where the order of computes without length is not in the times. */
typedef struct {
  GArray *keys;   /* of guint32 */
} Resident;

static gboolean
may_be_resident (const Resident *self, guint32 key)
{
  for (guint i = 0; i < self->keys->len; i++)
    if (g_array_index (self->keys, guint32, i) == key)
      return TRUE;
  return FALSE;
}

static void
check_duration (const HdCheck *check, const Stay *stay, gboolean may_load, gboolean may_keep)
{
  const HdTaskCost *cost = &check->s->cost[check->s->what[stay->task]];
  guint64 lasts = stay->end - stay->start, with = cost->cycles + cost->load_cycles, without = cost->cycles;
  if (stay->end < stay->start || (may_load && lasts == with) || (may_keep && lasts == without))
    return;
  HD_VIOLATION (check, "%s lasts " CYCLE " cycles - expected " CYCLE "%s", _hd_check_task_name (check, stay->task), lasts, may_load ? with : without,
                may_load && cost->load_cycles > 0 ? ", the loading of other weights included" : cost->load_cycles > 0 ? ", as its weights are there" : "");
}

/* Computes that start in one cycle, one or several; what can be resident after them. */
static void
check_group (const HdCheck *check, const Stay *group, gsize n, Resident *resident)
{
  const HdSchedule *s = check->s;
  gboolean keyed = FALSE;
  for (gsize i = 0; i < n; i++) {
    guint32 key = s->weight_key[group[i].task];
    gboolean known = may_be_resident (resident, key), certain = known && resident->keys->len == 1;
    keyed |= key != 0;
    if (key == 0)
      check_duration (check, &group[i], FALSE, TRUE);
    else
      check_duration (check, &group[i], n > 1 || !certain, n > 1 || known);
  }
  if (!keyed)
    return;
  g_array_set_size (resident->keys, 0);
  for (gsize i = 0; i < n; i++) {
    guint32 key = s->weight_key[group[i].task];
    if (key != 0 && !may_be_resident (resident, key))
      g_array_append_val (resident->keys, key);
  }
}

static gsize
collect_computes (const HdCheck *check, const HdTaskTimes *times, HdQueueId q, Stay *stays)
{
  const HdSchedule *s = check->s;
  gsize n = 0;
  for (guint64 i = s->queue_begin[q]; i < s->queue_begin[q + 1]; i++) {
    HdTaskId t = s->queue_task[i];
    if (s->kind[t] == HD_TASK_COMPUTE)
      stays[n++] = (Stay) { times->start[t], times->end[t], (guint32) (i - s->queue_begin[q]), t };
  }
  return n;
}

static void
check_overlap (const HdCheck *check, HdCoreId core, const Stay *stays, gsize n)
{
  gsize longest = 0;
  for (gsize i = 1; i < n; i++) {
    if (stays[i].start < stays[longest].end)
      HD_VIOLATION (check, "%s starts on %s at " CYCLE ", while %s holds the core until " CYCLE, _hd_check_task_name (check, stays[i].task), check->platform->core[core].id, stays[i].start,
                    _hd_check_task_name (check, stays[longest].task), stays[longest].end);
    if (stays[i].end >= stays[longest].end)
      longest = i;
  }
}

static void
check_core (const HdCheck *check, const HdTaskTimes *times, HdQueueId q)
{
  const HdSchedule *s = check->s;
  HdCoreId core = s->queue[q].core;
  g_autofree Stay *stays = g_new (Stay, MAX (1, s->queue_begin[q + 1] - s->queue_begin[q]));
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (guint32));
  Resident resident = { keys };
  guint32 none = 0;
  gsize n = collect_computes (check, times, q, stays), next;
  g_array_append_val (keys, none);
  qsort (stays, n, sizeof *stays, compare_stays);
  check_overlap (check, core, stays, n);
  for (gsize i = 0; i < n; i = next) {
    /* In order of the list, a queue's order is known also within a cycle. */
    for (next = i + 1; next < n && s->queue[q].order == HD_QUEUE_BY_PRIORITY && stays[next].start == stays[i].start; next++)
      ;
    check_group (check, stays + i, next - i, &resident);
  }
  for (gsize i = 0; i < n; i++) {
    HdTaskId t = stays[i].task;
    if (times->start[t] != times->issue[t])
      HD_VIOLATION (check, "%s starts at " CYCLE " - expected " CYCLE ", when it is issued: it is a compute", _hd_check_task_name (check, t), times->start[t], times->issue[t]);
    if (times->start[t] % check->platform->core[core].period != 0)
      HD_VIOLATION (check, "%s starts at " CYCLE " - expected a clock edge of %s, every " CYCLE " cycles", _hd_check_task_name (check, t), times->start[t], check->platform->core[core].id,
                    check->platform->core[core].period);
  }
}

void
_hd_check_times (const HdCheck *check, const HdTaskTimes *times)
{
  const HdSchedule *s = check->s;
  for (HdTaskId t = 0; t < s->n_tasks; t++) {
    check_moments (check, times, t);
    check_ready (check, times, t);
  }
  check_makespan (check, times);
  check_causes (check, times);
  for (HdQueueId q = 0; q < s->n_queues; q++) {
    if (s->queue[q].order == HD_QUEUE_IN_ORDER)
      check_queue_order (check, times, q);
    check_outstanding (check, times, q);
    if (s->queue[q].core != HD_NONE)
      check_core (check, times, q);
  }
}
