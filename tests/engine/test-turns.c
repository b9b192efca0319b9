/* Transfers that take turns at one resource, in closed form, against stepping: several long ones from one port to destinations of their own, and others that
 * come at random cycles to the port, to a destination, or elsewhere. The traces must be equal to the reference engine's, cycle for cycle; the
 * count of events tells whether there were closed forms at all.
 *
 * HEDDLE_SLOW=N makes it N instances, if that is more.
 */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/sweep.h"

#include <criterion/criterion.h>
#include <heddle/engine.h>
#include <heddle/random.h>

#define N_INSTANCES 1500
#define CYCLES_MAX 100000
#define N_SINKS 3        /* resource 0 is the port, 1 + i leads to sink i; another two stand in between */

static guint64
below (HdRandom *random, guint64 n)
{
  return hd_random_below (random, n);
}

static void
draw_machine (HdRandom *random, Instance *instance)
{
  gboolean one_clock = below (random, 3) != 0;
  instance->burst_bits = 1 + below (random, 40);
  instance->window = below (random, 12) == 0 ? 1 + below (random, 6) : 0;
  instance->n_cores = 1;
  instance->core[0].period = 1;
  instance->n_memories = 1 + N_SINKS;
  for (guint m = 0; m < instance->n_memories; m++)
    instance->memory[m].capacity = G_MAXUINT64;
  instance->n_resources = 3 + N_SINKS;
  for (guint r = 0; r < instance->n_resources; r++)
    instance->resource[r] = (InstanceResource) {
      .width = r == 0 ? 1 + below (random, 3) : below (random, 3) == 0 ? 0 : (guint64) 1 << below (random, 4), .period = one_clock ? 1 : (guint64) 1 << below (random, 3),
      .latency = below (random, 2) == 0 ? 0 : below (random, 12), .arbiter = r > 0 || below (random, 8) == 0 ? (guint) below (random, 4) : HD_ARBITER_FIRST_COME,
      .n_slots = 1 + (guint) below (random, 2), .slot_cycles = 12, .bit_pj = 1 };
}

/* From the port to sink @sink, often over a resource in between; sometimes a branch to another sink. */
static void
draw_route (HdRandom *random, InstanceRoute *route, guint sink)
{
  guint n = 0;
  gboolean foreign = below (random, 10) == 0;   /* begins elsewhere */
  route->hop[n++] = (HdHop) { .resource = foreign ? 1 + N_SINKS + (guint) below (random, 2) : 0, .parent = HD_NONE, .arrives = HD_NONE };
  if (!foreign && below (random, 3) == 0) {
    route->hop[n] = (HdHop) { .resource = 1 + N_SINKS + (guint) below (random, 2), .parent = 0, .arrives = HD_NONE };
    n++;
  }
  route->hop[n] = (HdHop) { .resource = 1 + sink, .parent = n - 1, .arrives = 1 + sink };
  n++;
  if (n < 3 && below (random, 6) == 0) {
    guint other = (sink + 1) % N_SINKS;
    route->hop[n] = (HdHop) { .resource = 1 + other, .parent = 0, .arrives = 1 + other };
    n++;
  }
  route->n_hops = n;
}

static void
draw_instance (Instance *instance, guint64 seed)
{
  HdRandom random;
  hd_random_init (&random, seed);
  *instance = (Instance) { 0 };
  draw_machine (&random, instance);
  instance->n_queues = 1 + N_SINKS;
  for (guint q = 0; q <= N_SINKS; q++)
    instance->queue[q] = (InstanceQueue) { .outstanding = 1 + (guint) below (&random, 2), .priority = q, .core = q == 0 ? 0 : HD_NONE };
  instance->n_routes = N_SINKS;
  for (guint s = 0; s < N_SINKS; s++)
    draw_route (&random, &instance->route[s], s);
  guint n = 0, together = 2 + (guint) below (&random, N_SINKS - 1);
  for (; n < together; n++)
    instance->task[n] = (InstanceTask) { .kind = HD_TASK_TRANSFER, .queue = 1 + n, .route = n, .bits = 200 + below (&random, 3000) };
  for (guint i = 0; i < 2; i++, n += 3) {   /* behind a compute of no length the transfer comes in a later round of its cycle */
    instance->task[n] = (InstanceTask) { .kind = HD_TASK_COMPUTE, .queue = 0, .cycles = below (&random, 1500) };
    instance->task[n + 1] = (InstanceTask) { .kind = HD_TASK_COMPUTE, .queue = 0 };
    instance->task[n + 2] = (InstanceTask) {
      .kind = HD_TASK_TRANSFER, .queue = 1 + (guint) below (&random, N_SINKS), .route = (guint) below (&random, N_SINKS), .bits = 1 + below (&random, 600), .after = SET_OF (n + below (&random, 2)) };
  }
  instance->n_tasks = n;
}

/* Whether far fewer events were taken than bursts moved; -1: the run was too long for the reference. */
static int
compare_on (guint64 seed)
{
  HdPlatform platform;
  HdSchedule schedule;
  Instance instance;
  HdResult result;
  draw_instance (&instance, seed);
  g_autofree char *difference = check_differential (&instance), *text = instance_to_text (&instance);
  cr_assert (difference == NULL && instance_is_sound (&instance), "seed %" G_GUINT64_FORMAT ": %s\n%s", seed, difference, text);
  instance_build (&instance, &platform, &schedule);
  g_autoptr (HdEngine) engine = hd_engine_new (&platform, &schedule, NULL);
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  guint64 burst = (instance.burst_bits + 23) / 24 * 24;   /* at most: the widths divide 24 */
  gboolean few = result.events * burst * 2 < result.resource_bits[0];
  instance_free_built (&platform, &schedule);
  return result.cycles <= CYCLES_MAX ? few : -1;
}

/* Three of 10,000 bursts: without closed forms each burst is one event at least, as is each arrival at the narrow sinks. */
Test (turns, cost_few_events)
{
  Instance instance = { .burst_bits = 8, .n_cores = 1, .core[0].period = 1, .n_memories = 4, .n_resources = 4, .n_queues = 4, .n_routes = 3, .n_tasks = 3 };
  HdPlatform platform;
  HdSchedule schedule;
  HdResult result;
  for (guint i = 0; i < 4; i++) {
    instance.memory[i].capacity = G_MAXUINT64;
    instance.resource[i] = (InstanceResource) { .width = i == 0 ? 4 : 2, .period = 1, .latency = i, .n_slots = 1, .slot_cycles = 1 };
    instance.queue[i] = (InstanceQueue) { .outstanding = 1, .core = i == 0 ? 0 : HD_NONE };
  }
  for (guint i = 0; i < 3; i++) {
    instance.route[i] = (InstanceRoute) { .n_hops = 2, .hop = { { .resource = 0, .parent = HD_NONE, .arrives = HD_NONE }, { .resource = 1 + i, .parent = 0, .arrives = 1 + i } } };
    instance.task[i] = (InstanceTask) { .kind = HD_TASK_TRANSFER, .queue = 1 + i, .route = i, .bits = 80000 };
  }
  instance_build (&instance, &platform, &schedule);
  g_autoptr (HdEngine) engine = hd_engine_new (&platform, &schedule, NULL);
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  cr_expect_lt (result.events, 60);
  cr_expect_eq (result.cycles, 30000 * 2 + 4 + 3);   /* the last transfer's last burst: all bursts at the port, then its own hop and latency */
  cr_expect_eq (result.resource_busy_cycles[0], 60000);
  for (guint i = 1; i < 4; i++)
    cr_expect_eq (result.resource_busy_cycles[i], 40000);
  instance_free_built (&platform, &schedule);
}

Test (turns, equal_to_stepping, .timeout = 3000)
{
  const char *slow = g_getenv ("HEDDLE_SLOW");
  guint64 n = slow != NULL ? MAX (N_INSTANCES, g_ascii_strtoull (slow, NULL, 10)) : N_INSTANCES;
  guint64 few = 0, many = 0;
  for (guint64 seed = 0; seed < n; seed++) {
    int closed = compare_on (seed);
    few += closed == 1;
    many += closed == 0;
  }
  cr_assert_gt (few, n / 20, "only %" G_GUINT64_FORMAT " runs had closed forms", few);
  cr_assert_gt (many, n / 20, "only %" G_GUINT64_FORMAT " runs were stepped", many);
}
