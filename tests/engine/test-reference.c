/* The reference engine on cases worked out by hand from doc/engine.md; what random instances cover; the text form and the shrinking of instances. */
#include "config.h"
#include "engine/reference/coverage.h"
#include "engine/reference/reference.h"
#include "engine/reference/shrink.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  HdPlatform platform;
  HdSchedule schedule;
  Trace *trace;
} Case;

static Case
run_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  Instance instance;
  guint line = 0;
  Case c;
  cr_assert (instance_parse (&instance, text, &line), "line %u", line);
  instance_build (&instance, &c.platform, &c.schedule);
  cr_assert (hd_schedule_validate (&c.schedule, &c.platform, &error), "%s", error != NULL ? error->message : "");
  c.trace = reference_run (&c.platform, &c.schedule, 1000);
  cr_assert_not_null (c.trace);
  return c;
}

static void
end_case (Case *c)
{
  trace_free (c->trace);
  instance_free_built (&c->platform, &c->schedule);
}

static void
assert_moments (const Case *c, guint task, guint64 issue, guint64 start, guint64 end)
{
  cr_assert_eq (c->trace->issue[task], issue, "issue of %u is %" G_GUINT64_FORMAT, task, c->trace->issue[task]);
  cr_assert_eq (c->trace->start[task], start, "start of %u is %" G_GUINT64_FORMAT, task, c->trace->start[task]);
  cr_assert_eq (c->trace->end[task], end, "end of %u is %" G_GUINT64_FORMAT, task, c->trace->end[task]);
}

static void
assert_wait (const Case *c, guint task, HdWaitKind kind, guint32 cause)
{
  cr_assert_eq (c->trace->wait_kind[task], kind, "kind of %u is %u", task, c->trace->wait_kind[task]);
  cr_assert_eq (c->trace->wait_cause[task], cause, "cause of %u is %u", task, c->trace->wait_cause[task]);
}

static void
assert_series (const guint64 *series, const char *expected)
{
  g_autofree char *copy = g_strdup (expected);
  guint64 t = 0;
  for (char *word = strtok (copy, " "); word != NULL; word = strtok (NULL, " "), t++)
    cr_assert_eq (series[t], g_ascii_strtoull (word, NULL, 10), "at %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT ", expected %s", t, series[t], word);
}

#define MEMORIES "memory capacity=unlimited\nmemory capacity=unlimited\nmemory capacity=unlimited\n"
#define TWO_QUEUES "queue order=in-order outstanding=1 core=none\nqueue order=in-order outstanding=1 core=none\n"

/* Two transfers of two bursts want one bus at 0. First-come: the second burst of the first was offered at 0 too, and its queue is the smaller. */
Test (reference, first_come_and_round_robin)
{
  static const char rest[] = MEMORIES TWO_QUEUES "route source=0 hops=0:none:1\ntask kind=transfer queue=0 route=0 bits=16\ntask kind=transfer queue=1 route=0 bits=16\n";
  g_autofree char *first = g_strconcat ("instance burst_bits=8\ncore period=1\nresource width=8 period=1 arbiter=first-come\n", rest, NULL);
  g_autofree char *robin = g_strconcat ("instance burst_bits=8\ncore period=1\nresource width=8 period=1 arbiter=round-robin\n", rest, NULL);
  Case c = run_text (first);
  assert_moments (&c, 0, 0, 0, 2);
  assert_moments (&c, 1, 0, 2, 4);
  assert_wait (&c, 1, HD_WAIT_GRANT, 0);
  end_case (&c);
  c = run_text (robin);
  assert_moments (&c, 0, 0, 0, 3);
  assert_moments (&c, 1, 0, 1, 4);
  end_case (&c);
}

Test (reference, fixed_priority_and_time_slots)
{
  static const char tasks[] = "route source=0 hops=0:none:1\ntask kind=transfer queue=0 route=0 bits=16\ntask kind=transfer queue=1 route=0 bits=16\n";
  static const char queues[] = "queue order=in-order outstanding=1 core=none priority=1 slot=1\nqueue order=in-order outstanding=1 core=none priority=0 slot=2\n";
  g_autofree char *fixed = g_strconcat ("instance burst_bits=8\ncore period=1\nresource width=8 period=1 arbiter=fixed-priority\n", MEMORIES, queues, tasks, NULL);
  g_autofree char *slots = g_strconcat ("instance burst_bits=8\ncore period=1\nresource width=8 period=1 arbiter=time-slots n_slots=3 slot_cycles=1\n", MEMORIES, queues, tasks, NULL);
  Case c = run_text (fixed);
  assert_moments (&c, 0, 0, 2, 4);
  assert_moments (&c, 1, 0, 0, 2);
  end_case (&c);
  c = run_text (slots);   /* slot 1 at 1 and 4, slot 2 at 2 and 5 */
  assert_moments (&c, 0, 0, 1, 5);
  assert_moments (&c, 1, 0, 2, 6);
  assert_wait (&c, 0, HD_WAIT_GRANT, HD_NONE);
  assert_series (c.trace->bits[0], "0 8 8 0 8 8");
  end_case (&c);
}

/* Held for a cycle, then 3 on the way: with one burst in flight the second is offered at 4, without a window it is granted at 1. */
Test (reference, window)
{
  static const char rest[] = "core period=1\nresource width=8 period=1 latency=3 arbiter=first-come\n" MEMORIES TWO_QUEUES "route source=0 hops=0:none:1\ntask kind=transfer queue=0 route=0 bits=16\n";
  g_autofree char *one = g_strconcat ("instance burst_bits=8 window=1\n", rest, NULL), *any = g_strconcat ("instance burst_bits=8 window=0\n", rest, NULL);
  Case c = run_text (one);
  assert_moments (&c, 0, 0, 0, 8);
  end_case (&c);
  c = run_text (any);
  assert_moments (&c, 0, 0, 0, 5);
  end_case (&c);
}

/* Bursts of 16 and 4 bit over 8 bit per 3 base cycles: 8 = 4 + 2 + 2, the short one 4 = 2 + 1 + 1. */
Test (reference, slow_clock_and_short_burst)
{
  Case c = run_text ("instance burst_bits=9\ncore period=1\nresource width=8 period=3 arbiter=first-come bit_pj=0.000001\n" MEMORIES TWO_QUEUES
                     "route source=0 hops=0:none:1\ntask kind=transfer queue=0 route=0 bits=20\n");
  assert_moments (&c, 0, 0, 0, 9);
  assert_series (c.trace->bits[0], "4 2 2 4 2 2 2 1 1");
  assert_series (c.trace->power, "4 2 2 2 2 2 2 2 2");   /* 20 aJ over 9 cycles */
  cr_assert_eq (c.trace->resource_busy[0], 9);
  cr_assert_eq (c.trace->resource_bits[0], 20);
  end_case (&c);
}

/* The trunk carries the burst once, [0, 1); then a branch of 4 bit per cycle, [1, 3), and one of 2, [1, 5). */
Test (reference, multicast)
{
  Case c = run_text ("instance burst_bits=8\ncore period=1\nresource width=8 period=1 arbiter=first-come\nresource width=4 period=1 arbiter=first-come\n"
                     "resource width=2 period=1 arbiter=first-come\n" MEMORIES TWO_QUEUES "route source=0 hops=0:none:none,1:0:1,2:0:2\ntask kind=transfer queue=0 route=0 bits=8\n");
  assert_moments (&c, 0, 0, 0, 5);
  assert_series (c.trace->bits[0], "8 0 0 0 0");
  assert_series (c.trace->bits[1], "0 4 4 0 0");
  assert_series (c.trace->bits[2], "0 2 2 2 2");
  end_case (&c);
}

#define TWO_CORES "instance burst_bits=8\ncore period=1\ncore period=1\nresource width=8 period=1 arbiter=first-come\n"
#define CORE_QUEUES "queue order=in-order outstanding=1 core=0\nqueue order=in-order outstanding=1 core=1\n"

Test (reference, space_is_waited_for)
{
  Case c = run_text (TWO_CORES "memory capacity=10\n" CORE_QUEUES "task kind=compute queue=0 cycles=3\ntask kind=compute queue=1 cycles=2\n"
                     "piece memory=0 creator=0 bits=6 release=0\npiece memory=0 creator=1 bits=5 release=-\n");
  assert_moments (&c, 1, 3, 3, 5);
  assert_wait (&c, 1, HD_WAIT_SPACE, 0);
  assert_series (c.trace->state[1], "3 3 3 1 1");
  assert_series (c.trace->state[0], "1 1 1 0 0");
  assert_series (c.trace->occupancy[0], "6 6 6 5 5");
  cr_assert_eq (c.trace->memory_peak[0], 6);
  end_case (&c);
}

Test (reference, deadlock)
{
  Case c = run_text (TWO_CORES "memory capacity=10\n" CORE_QUEUES "task kind=compute queue=0 cycles=3\ntask kind=compute queue=1 cycles=2\ntask kind=compute queue=0 cycles=1 after=1\n"
                     "piece memory=0 creator=0 bits=6 release=2\npiece memory=0 creator=1 bits=5 release=-\n");
  cr_assert (c.trace->deadlock);
  cr_assert_eq (c.trace->cycles, 3);
  cr_assert_eq (c.trace->tasks, 1);
  assert_moments (&c, 1, NEVER, NEVER, NEVER);
  assert_wait (&c, 1, HD_WAIT_SPACE, HD_NONE);
  assert_wait (&c, 2, HD_WAIT_INPUT, 1);
  end_case (&c);
}

/* A core of period 4 is idle at 3 and may start at 4: that is no deadlock. */
Test (reference, clock_edge_of_a_core)
{
  Case c = run_text ("instance burst_bits=8\ncore period=4\nresource width=8 period=1 arbiter=first-come\nmemory capacity=10\nqueue order=in-order outstanding=1 core=0\n"
                     "task kind=compute queue=0 cycles=3\ntask kind=compute queue=0 cycles=2\n");
  cr_assert_not (c.trace->deadlock);
  assert_moments (&c, 1, 4, 4, 6);
  assert_wait (&c, 1, HD_WAIT_TURN, HD_NONE);
  assert_series (c.trace->state[0], "1 1 1 4 1 1");
  end_case (&c);
}

Test (reference, weights_are_loaded_when_they_change)
{
  Case c = run_text (TWO_CORES "memory capacity=10\n" CORE_QUEUES "task kind=compute queue=0 cycles=3 load_cycles=2 weight_key=1 energy=10 load_energy=5\n"
                     "task kind=compute queue=0 cycles=3 load_cycles=2 weight_key=0 energy=10 load_energy=5\ntask kind=compute queue=0 cycles=3 load_cycles=2 weight_key=1 energy=10 load_energy=5\n"
                     "task kind=compute queue=0 cycles=3 load_cycles=2 weight_key=2 energy=10 load_energy=5\n");
  assert_moments (&c, 0, 0, 0, 5);
  assert_moments (&c, 1, 5, 5, 8);
  assert_moments (&c, 2, 8, 8, 11);
  assert_moments (&c, 3, 11, 11, 16);
  assert_series (c.trace->power, "3 3 3 3 3 4 3 3 4 3 3 3 3 3 3 3");
  end_case (&c);
}

/* --- random instances ------------------------------------------------------------------------------------------ */

enum { N_SEEDS = 2000, LONGEST_RUN = 200000 };

/* What each feature's share must be at least, in instances per thousand. */
static guint
least_share (Feature feature)
{
  switch (feature) {
  case COVERS_NO_CYCLES:
  case COVERS_PASSING_PEAK:
  case COVERS_NO_TASKS:
    return 2;
  case COVERS_DEADLOCK:
    return 50;
  default:
    return 10;
  }
}

Test (instances, random_ones_are_valid_and_cover_the_rules)
{
  guint counts[N_FEATURES] = { 0 };
  for (guint64 seed = 0; seed < N_SEEDS; seed++) {
    g_autoptr (GError) error = NULL;
    gboolean covered[N_FEATURES] = { FALSE };
    Instance instance;
    HdPlatform platform;
    HdSchedule schedule;
    instance_generate (&instance, seed);
    instance_build (&instance, &platform, &schedule);
    cr_assert (hd_schedule_validate (&schedule, &platform, &error), "seed %" G_GUINT64_FORMAT ": %s", seed, error != NULL ? error->message : "");
    g_autoptr (Trace) trace = reference_run (&platform, &schedule, LONGEST_RUN);
    cr_assert_not_null (trace, "seed %" G_GUINT64_FORMAT " does not end", seed);
    coverage_note (&instance, &platform, &schedule, trace, covered);
    instance_free_built (&platform, &schedule);
    for (guint i = 0; i < N_FEATURES; i++)
      counts[i] += covered[i];
  }
  for (guint i = 0; i < N_FEATURES; i++)
    if (g_getenv ("HEDDLE_SHOW_COVERAGE") != NULL)
      fprintf (stderr, "# %5.1f %% %s\n", 100.0 * counts[i] / N_SEEDS, coverage_text[i]);
  for (guint i = 0; i < N_FEATURES; i++)
    cr_assert_geq (counts[i] * 1000, least_share (i) * N_SEEDS, "only %u of %u instances have: %s", counts[i], N_SEEDS, coverage_text[i]);
  cr_assert_leq (counts[COVERS_DEADLOCK] * 10, 3 * N_SEEDS);
}

Test (instances, text_reads_back_as_written)
{
  for (guint64 seed = 0; seed < 300; seed++) {
    Instance instance, again;
    guint line = 0;
    instance_generate (&instance, seed);
    g_autofree char *text = instance_to_text (&instance);
    cr_assert (instance_parse (&again, text, &line), "seed %" G_GUINT64_FORMAT ", line %u", seed, line);
    g_autofree char *text_again = instance_to_text (&again);
    cr_assert_str_eq (text_again, text);
  }
}

Test (instances, broken_text_is_refused)
{
  static const char *const broken[] = { "instance burst=8\n", "corn period=1\n", "core period=x\n", "core period\n", "task kind=other\n", "task uses=64\n", "route hops=0:1\n", "core static_pj=1.5.5\n" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    Instance instance;
    guint line = 0;
    cr_assert_not (instance_parse (&instance, broken[i], &line), "%s", broken[i]);
    cr_assert_eq (line, 1);
  }
}

/* A planted fault: "some transfer of several bursts ends". Its smallest instance is one task of two bits with a burst of one. */
static gboolean
has_bursts (const Instance *instance, gpointer data)
{
  HdPlatform platform;
  HdSchedule schedule;
  gboolean found = FALSE;
  (void) data;
  instance_build (instance, &platform, &schedule);
  g_autoptr (Trace) trace = hd_schedule_validate (&schedule, &platform, NULL) ? reference_run (&platform, &schedule, LONGEST_RUN) : NULL;
  for (guint i = 0; trace != NULL && i < trace->n_tasks; i++)
    found = found || (schedule.kind[i] == HD_TASK_TRANSFER && trace->end[i] != NEVER && schedule.bits[i] > hd_platform_route_burst (&platform, &schedule.route[schedule.what[i]]));
  instance_free_built (&platform, &schedule);
  return found;
}

Test (instances, shrinking_leaves_the_heart_of_the_matter)
{
  guint shrunk = 0;
  for (guint64 seed = 0; seed < 20; seed++) {
    Instance instance;
    instance_generate (&instance, seed);
    if (!has_bursts (&instance, NULL))
      continue;
    shrink_instance (&instance, has_bursts, NULL);
    cr_assert (has_bursts (&instance, NULL));
    cr_assert_eq (instance.n_tasks, 1);
    cr_assert_eq (instance.n_queues, 1);
    cr_assert_eq (instance.n_routes, 1);
    cr_assert_eq (instance.n_pieces, 0);
    cr_assert_eq (instance.task[0].bits, 2);
    shrunk++;
  }
  cr_assert_geq (shrunk, 5);
}
