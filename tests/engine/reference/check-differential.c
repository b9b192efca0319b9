/* The event-driven engine against the reference engine. */
#include "config.h"
#include "checks.h"
#include "compare.h"
#include "expand.h"
#include "reference.h"
#include "sweep.h"

enum { LONGEST_RUN = 200000 };

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

char *
check_differential (const Instance *instance)
{
  HdPlatform platform;
  HdSchedule schedule;
  char *wrong = NULL;
  if (!instance_is_sound (instance))
    return NULL;
  instance_build (instance, &platform, &schedule);
  g_autoptr (Trace) reference = reference_run (&platform, &schedule, LONGEST_RUN);
  if (reference != NULL) {
    g_autoptr (GError) error = NULL;
    g_autoptr (HdEngine) engine = hd_engine_new (&platform, &schedule, &error);
    wrong = engine != NULL ? check_against_reference (engine, &platform, &schedule, reference) : g_strdup (error->message);
  }
  instance_free_built (&platform, &schedule);
  return wrong;
}
