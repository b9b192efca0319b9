/* Graham's anomalies (Bounds on multiprocessing timing anomalies, 1969): a list schedule can get longer with more processors, shorter tasks, fewer constraints, or
 * another list. The greedy list scheduler stands here; what it decides becomes a schedule of in-order queues, and the engine runs it.
 *
 *     tasks 1..9 take 3 2 2 2 4 4 4 4 9;  1 before 9;  4 before 5, 6, 7, 8
 */
#include "config.h"

#include "engine/instance-case.h"

enum { N = 9 };

typedef struct {
  guint processors;
  guint64 time[N];
  guint64 before[N];   /* set of tasks, from 0 */
  guint list[N];
} Problem;

static const Problem graham = {
  3, { 3, 2, 2, 2, 4, 4, 4, 4, 9 },
  { [4] = SET_OF (3), [5] = SET_OF (3), [6] = SET_OF (3), [7] = SET_OF (3), [8] = SET_OF (0) },
  { 0, 1, 2, 3, 4, 5, 6, 7, 8 },
};

typedef struct {
  guint64 busy_until[N];
  guint64 end[N];
  guint64 started, ended;   /* sets */
} Greedy;

/* The first of the list that is ready and not started; N: none. */
static guint
first_ready (const Problem *p, const Greedy *g)
{
  for (guint i = 0; i < N; i++)
    if (!SET_HAS (g->started, p->list[i]) && (p->before[p->list[i]] & ~g->ended) == 0)
      return p->list[i];
  return N;
}

/* Whoever is idle takes the first that is ready; the order in which a processor takes tasks is that of their starts. */
static void
schedule_greedily (const Problem *p, Instance *instance)
{
  Greedy g = { 0 };
  guint position = 0;
  for (guint64 t = 0; g.ended != SET_OF (N) - 1; t++) {
    for (guint i = 0; i < N; i++)
      if (SET_HAS (g.started, i) && g.end[i] == t)
        g.ended |= SET_OF (i);
    for (guint processor = 0; processor < p->processors; processor++) {
      guint task = g.busy_until[processor] <= t ? first_ready (p, &g) : N;
      if (task == N)
        continue;
      g.started |= SET_OF (task);
      g.end[task] = g.busy_until[processor] = t + p->time[task];
      instance->task[task] = (InstanceTask) { .kind = HD_TASK_COMPUTE, .queue = processor, .position = position++, .cycles = p->time[task], .after = p->before[task] };
    }
  }
}

static guint64
makespan (const Problem *p)
{
  Instance instance = { .burst_bits = 8, .n_cores = p->processors, .n_queues = p->processors, .n_tasks = N };
  for (guint i = 0; i < p->processors; i++) {
    instance.core[i].period = 1;
    instance.queue[i] = (InstanceQueue) { .outstanding = 1, .core = i };
  }
  schedule_greedily (p, &instance);
  g_autofree char *text = instance_to_text (&instance);
  EngineCase c;
  case_begin (&c, text);
  guint64 cycles = c.result.cycles;
  case_end (&c);
  return cycles;
}

Test (graham, three_processors)
{
  cr_assert_eq (makespan (&graham), 12);
}

Test (graham, a_fourth_processor_makes_it_longer)
{
  Problem p = graham;
  p.processors = 4;
  cr_assert_eq (makespan (&p), 15);
}

Test (graham, shorter_tasks_make_it_longer)
{
  Problem p = graham;
  for (guint i = 0; i < N; i++)
    p.time[i]--;
  cr_assert_eq (makespan (&p), 13);
}

/* 4 no longer before 5 and 6 */
Test (graham, fewer_constraints_make_it_longer)
{
  Problem p = graham;
  p.before[4] = p.before[5] = 0;
  cr_assert_eq (makespan (&p), 16);
}

Test (graham, another_list_makes_it_longer)
{
  static const guint list[N] = { 0, 1, 3, 4, 5, 2, 8, 6, 7 };
  Problem p = graham;
  for (guint i = 0; i < N; i++)
    p.list[i] = list[i];
  cr_assert_eq (makespan (&p), 14);
}

/* A schedule that is fixed has no such anomaly: with the same queues, shorter tasks and fewer constraints never take longer. */
Test (graham, a_fixed_schedule_is_monotone)
{
  Instance instance = { .burst_bits = 8, .n_cores = 3, .n_queues = 3, .n_tasks = N };
  guint64 last = 0;
  for (guint shorter = 0; shorter < 3; shorter++) {
    for (guint i = 0; i < 3; i++) {
      instance.core[i].period = 1;
      instance.queue[i] = (InstanceQueue) { .outstanding = 1, .core = i };
    }
    schedule_greedily (&graham, &instance);
    for (guint i = 0; i < N; i++)
      instance.task[i].cycles -= shorter > 0;
    if (shorter == 2)
      instance.task[4].after = instance.task[5].after = 0;
    g_autofree char *text = instance_to_text (&instance);
    EngineCase c;
    case_begin (&c, text);
    cr_assert (shorter == 0 || c.result.cycles <= last);
    last = c.result.cycles;
    case_end (&c);
  }
}
