/* The closed form of a transfer that is alone, and its breaking, against stepping: long transfers of many bursts over random routes, several clocks, windows;
 * another transfer comes at a random cycle. The traces must be equal to the reference engine's, cycle for cycle.
 */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/sweep.h"

#include <criterion/criterion.h>
#include <heddle/engine.h>
#include <heddle/random.h>

#define N_INSTANCES 3000
#define CYCLES_MAX 100000

static guint64
below (HdRandom *random, guint64 n)
{
  return hd_random_below (random, n);
}

/* Leaves are destinations: memory 0 is the source, hop h arrives at memory h + 1. */
static void
draw_route (HdRandom *random, InstanceRoute *route, guint n_resources)
{
  route->n_hops = 1 + (guint) below (random, 3);
  guint first = (guint) below (random, n_resources);
  for (guint h = 0; h < route->n_hops; h++) {
    route->hop[h].resource = (first + h) % n_resources;
    route->hop[h].parent = h == 0 ? HD_NONE : (guint32) below (random, h);
    route->hop[h].arrives = h + 1;
  }
}

static void
draw_machine (HdRandom *random, Instance *instance)
{
  gboolean one_clock = below (random, 2) == 0;
  instance->burst_bits = 1 + below (random, 40);
  instance->window = below (random, 3) == 0 ? 1 + below (random, 6) : 0;
  instance->n_cores = 1;
  instance->core[0].period = 1;
  instance->n_memories = 4;
  for (guint m = 0; m < 4; m++)
    instance->memory[m].capacity = G_MAXUINT64;
  instance->n_resources = 4;
  for (guint r = 0; r < 4; r++)
    instance->resource[r] = (InstanceResource) {
      .width = below (random, 4) == 0 ? 0 : (guint64) 1 << below (random, 4), .period = one_clock ? 1 : 1 + below (random, 4),
      .latency = below (random, 2) == 0 ? 0 : below (random, 30), .arbiter = (guint) below (random, 3), .n_slots = 1, .slot_cycles = 12, .bit_pj = 1 };
}

static void
draw_instance (Instance *instance, guint64 seed)
{
  HdRandom random;
  hd_random_init (&random, seed);
  *instance = (Instance) { 0 };
  draw_machine (&random, instance);
  instance->n_queues = 3;
  for (guint q = 0; q < 3; q++)
    instance->queue[q] = (InstanceQueue) { .outstanding = 1, .priority = 3 - q, .core = q == 0 ? 0 : HD_NONE };
  instance->n_routes = 2;
  draw_route (&random, &instance->route[0], 4);
  draw_route (&random, &instance->route[1], 4);
  instance->n_tasks = 5;
  instance->task[0] = (InstanceTask) { .kind = HD_TASK_TRANSFER, .queue = 1, .route = 0, .bits = 1 + below (&random, 2000), .energy = 0 };
  instance->task[1] = (InstanceTask) { .kind = HD_TASK_COMPUTE, .queue = 0, .cycles = below (&random, 1000) };
  instance->task[2] = (InstanceTask) { .kind = HD_TASK_TRANSFER, .queue = 2, .route = 1, .bits = 1 + below (&random, 300), .after = SET_OF (1) };
  instance->task[3] = (InstanceTask) { .kind = HD_TASK_COMPUTE, .queue = 0, .cycles = below (&random, 300) };
  instance->task[4] = (InstanceTask) { .kind = HD_TASK_TRANSFER, .queue = 2, .route = 0, .bits = 1 + below (&random, 300), .after = SET_OF (3) };
}

/* Returns how many events the engine took; 0: the run was too long for the reference. */
static guint64
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
  instance_free_built (&platform, &schedule);
  return result.cycles <= CYCLES_MAX ? result.events : 0;
}

Test (lone, equal_to_stepping, .timeout = 120)
{
  guint few = 0, many = 0;
  for (guint64 seed = 0; seed < N_INSTANCES; seed++) {
    guint64 events = compare_on (seed);
    few += events > 0 && events <= 7;
    many += events > 29;
  }
  cr_assert_gt (few, N_INSTANCES / 20, "%u runs were all in closed form", few);
  cr_assert_gt (many, N_INSTANCES / 20, "%u runs were stepped", many);
}
