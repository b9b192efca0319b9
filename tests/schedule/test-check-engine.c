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
