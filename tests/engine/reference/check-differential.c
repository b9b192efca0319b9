/* The event-driven engine against the reference engine. */
#include "config.h"
#include "checks.h"
#include "compare.h"
#include "expand.h"
#include "reference.h"
#include "sweep.h"

enum { LONGEST_RUN = 200000, COPIES = 12 };

static char *
describe (const char *what, const char *difference, const Trace *a, const Trace *b, const char *name_a, const char *name_b)
{
  g_autofree char *sides = compare_side_by_side (a, b, name_a, name_b);
  return g_strdup_printf ("%s: %s\n%s", what, difference, sides);
}

static char *
check_against_reference (HdEngine *engine, const HdPlatform *platform, const HdSchedule *schedule, const Trace *reference)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Trace) with_sink = expand_run (engine, platform, schedule, &error), alone = NULL, again = NULL;
  g_autofree char *difference = NULL;
  HdResult result;
  if (with_sink == NULL)
    return g_strdup (error->message);
  difference = compare_traces (reference, with_sink);
  if (difference != NULL)
    return describe ("reference and engine", difference, reference, with_sink, "reference", "engine");
  if (!hd_engine_run (engine, NULL, &result, &error))
    return g_strdup (error->message);
  alone = expand_result (&result, platform, schedule);
  difference = compare_traces (with_sink, alone);
  if (difference != NULL)
    return describe ("with and without a sink", difference, with_sink, alone, "with a sink", "without");
  again = expand_run (engine, platform, schedule, &error);
  if (again == NULL)
    return g_strdup (error->message);
  difference = compare_traces (with_sink, again);
  return difference != NULL ? describe ("first and third run", difference, with_sink, again, "first", "third") : NULL;
}

static char *
compare_engines (const HdPlatform *platform, const HdSchedule *schedule)
{
  g_autoptr (Trace) reference = reference_run (platform, schedule, LONGEST_RUN);
  g_autoptr (GError) error = NULL;
  g_autoptr (HdEngine) engine = NULL;
  if (reference == NULL)
    return NULL;
  engine = hd_engine_new (platform, schedule, &error);
  return engine != NULL ? check_against_reference (engine, platform, schedule, reference) : g_strdup (error->message);
}

char *
check_differential (const Instance *instance)
{
  HdPlatform platform;
  HdSchedule schedule;
  char *wrong;
  if (!instance_is_sound (instance))
    return NULL;
  instance_build (instance, &platform, &schedule);
  wrong = compare_engines (&platform, &schedule);
  instance_free_built (&platform, &schedule);
  return wrong;
}

/* Every created piece goes some time, so that the copies that come later have a chance. */
char *
check_repeated (const Instance *instance)
{
  Instance once = *instance;
  HdPlatform platform;
  HdSchedule one, many;
  char *wrong = NULL;
  for (guint i = 0; i < once.n_pieces; i++)
    if (once.piece[i].creator != HD_NONE && once.piece[i].release == 0)
      once.piece[i].release = SET_OF (once.piece[i].creator);
  if (!instance_is_sound (&once))
    return NULL;
  instance_build (&once, &platform, &one);
  schedule_repeat (&one, COPIES, &many);
  if (hd_schedule_validate (&many, &platform, NULL))
    wrong = compare_engines (&platform, &many);
  else
    wrong = g_strdup ("the copies are no valid schedule");
  schedule_free_built (&many);
  instance_free_built (&platform, &one);
  return wrong;
}
