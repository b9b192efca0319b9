/* The check against the engine: what the engine runs to its end is legal, and so are its times; what the check calls impossible does not run to its end. */
#include "schedule/random-schedule.h"

#include <heddle/engine.h>

#include <stdlib.h>

static HdTaskTimes
times_of (const HdResult *result)
{
  const HdTaskColumns *columns = &result->columns;
  return (HdTaskTimes) { columns->cycles, columns->n_tasks, columns->ready, columns->issue, columns->start, columns->end };
}

typedef struct {
  guint runs, deadlocks, illegal;
} Counts;

static void
try (guint64 seed, guint n_tasks, gboolean roomy, Counts *counts)
{
  g_auto (RandomSchedule) random = { 0 };
  g_autoptr (HdSchedule) schedule = random_schedule (&random, seed, n_tasks, roomy);
  g_autoptr (GError) illegal = NULL, wrong = NULL;
  g_autoptr (HdEngine) engine = hd_engine_new (random.platform, schedule, NULL);
  HdResult result;
  gboolean legal = hd_schedule_check (schedule, random.platform, &illegal);
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  HdTaskTimes times = times_of (&result);
  gboolean accepted = hd_schedule_check_times (schedule, random.platform, &times, &wrong);
  counts->runs++;
  counts->deadlocks += result.deadlock;
  counts->illegal += !legal;
  if (result.deadlock) {
    cr_assert_not (accepted, "seed %" G_GUINT64_FORMAT ": a run that stops is not one of all tasks", seed);
    return;
  }
  cr_assert (legal, "seed %" G_GUINT64_FORMAT ": %s", seed, illegal != NULL ? illegal->message : "");
  cr_assert (accepted, "seed %" G_GUINT64_FORMAT ": %s", seed, wrong != NULL ? wrong->message : "");
}

Test (check_engine, what_runs_to_its_end_is_legal)
{
  Counts counts = { 0 };
  const char *n = g_getenv ("HEDDLE_CASES");
  guint64 cases = n != NULL ? g_ascii_strtoull (n, NULL, 10) : 1500;
  for (guint64 seed = 0; seed < cases; seed++)
    try (seed, (guint) (seed % 40), seed % 3 != 0, &counts);
  cr_assert_gt (counts.deadlocks, 0, "some runs deadlock");
  cr_assert_gt (counts.illegal, 0, "and some of these are found without a run");
  cr_assert_gt (counts.runs - counts.deadlocks, counts.runs / 2, "%u of %u deadlock", counts.deadlocks, counts.runs);
}

/* --- a cycle more or less is told ------------------------------------------------------------------------ */

typedef struct {
  guint changed, told;
} Told;

/* Changes @moment for a while; TRUE when the check minds. */
static gboolean
minds (const HdSchedule *schedule, const HdPlatform *platform, const HdTaskTimes *times, const guint64 *moment, gint64 by)
{
  guint64 *changed = (guint64 *) moment;
  *changed += (guint64) by;
  gboolean accepted = hd_schedule_check_times (schedule, platform, times, NULL);
  *changed -= (guint64) by;
  return !accepted;
}

static void
change_moments (guint64 seed, Told *transfers)
{
  g_auto (RandomSchedule) random = { 0 };
  g_autoptr (HdSchedule) schedule = random_schedule (&random, seed, 12, TRUE);
  g_autoptr (HdEngine) engine = hd_engine_new (random.platform, schedule, NULL);
  HdResult result;
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  HdTaskTimes times = times_of (&result);
  for (HdTaskId t = 0; t < schedule->n_tasks && !result.deadlock; t++) {
    const guint64 *moments[] = { &times.ready[t], &times.issue[t], &times.start[t], &times.end[t] };
    for (guint m = 0; m < G_N_ELEMENTS (moments); m++)
      for (gint64 by = *moments[m] > 0 ? -1 : 1; by <= 1; by += 2) {
        gboolean told = minds (schedule, random.platform, &times, moments[m], by);
        /* What a compute does is known to the cycle, and so is when a task is ready. How long a transfer waits for others is not. */
        if (schedule->kind[t] == HD_TASK_COMPUTE || m == 0)
          cr_assert (told, "seed %" G_GUINT64_FORMAT ", task %u, moment %u", seed, t, m);
        else {
          transfers->changed++;
          transfers->told += told;
        }
      }
  }
}

Test (check_engine, a_changed_moment_is_told)
{
  Told transfers = { 0 };
  for (guint64 seed = 0; seed < 60; seed++)
    change_moments (seed, &transfers);
  cr_assert_gt (transfers.told * 4, transfers.changed * 3, "of transfers %u of %u", transfers.told, transfers.changed);
}
