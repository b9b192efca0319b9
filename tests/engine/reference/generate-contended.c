/* Random instances whose transfers contend: eight queues, or dozens, load from one or two ports, over one bus, to destinations that they share or have for
 * themselves, with many bursts or one, and begin at random cycles, some in a later round of their cycle. What the engine does in closed form or without events stands or
 * falls here: hops behind hops, rests of bursts, latencies, clocks, all arbiters, resources with and without a width, ports that two directions share.
 */
#include "config.h"
#include "instances.h"

#include <string.h>

enum { BUS = 2, FIRST_SINK = 3, N_SINKS = 3, FEW_TASKS = 24 };   /* resources 0 and 1 are the ports of the source */

static guint64
below (HdRandom *random, guint64 n)
{
  return hd_random_below (random, n);
}

static gboolean
chance (HdRandom *random, guint percent)
{
  return below (random, 100) < percent;
}

/* How often a thing is other than it is in most machines [percent]; drawn once for an instance, so that many are plain in most ways. */
typedef struct {
  guint arbiter, latency, period, unlimited;   /* resources */
  guint direct, inner, from_sink;              /* routes: past the bus, on through a sink, from a sink's port */
  gboolean slow_sinks, odd_ports;
} Oddness;

static Oddness
draw_oddness (HdRandom *random)
{
  return (Oddness) {
    .arbiter = chance (random, 25) ? 40 : 0, .latency = chance (random, 40) ? 40 : 0, .period = chance (random, 25) ? 60 : 0, .unlimited = chance (random, 30) ? 30 : 0,
    .direct = chance (random, 25) ? 70 : 10, .inner = chance (random, 15) ? 40 : 2, .from_sink = chance (random, 25) ? 20 : 0,
    .slow_sinks = chance (random, 25), .odd_ports = chance (random, 20) };
}

static InstanceResource
draw_resource (HdRandom *random, const Oddness *odd, guint widest)
{
  guint64 period = chance (random, odd->period) ? (guint64) 1 << below (random, 3) : 1;
  return (InstanceResource) {
    .width = chance (random, odd->unlimited) ? 0 : (guint64) 1 << below (random, widest), .period = period,
    .latency = chance (random, odd->latency) ? below (random, chance (random, 30) ? 40 : 5) : 0,
    .arbiter = chance (random, odd->arbiter) ? (guint) below (random, 4) : HD_ARBITER_FIRST_COME,
    .n_slots = 1 + (guint) below (random, 2), .slot_cycles = 12, .bit_pj = 1 };
}

static void
draw_machine (HdRandom *random, const Oddness *odd, Instance *self)
{
  self->burst_bits = chance (random, 20) ? 1 : chance (random, 70) ? SET_OF (below (random, 6)) : 1 + below (random, 40);
  self->window = chance (random, 6) ? 1 + below (random, 5) : 0;
  self->n_cores = 1;
  self->core[0].period = 1;
  self->n_memories = 1 + N_SINKS;
  for (guint m = 0; m < self->n_memories; m++)
    self->memory[m].capacity = HD_UNLIMITED_BITS;
  self->n_resources = FIRST_SINK + N_SINKS;
  for (guint r = 0; r < self->n_resources; r++)
    self->resource[r] = draw_resource (random, odd, r == BUS ? 3 : r > BUS && odd->slow_sinks ? 2 : 5);
  for (guint r = 0; r < BUS && odd->odd_ports; r++)
    self->resource[r].width = 3;
  self->n_queues = chance (random, 15) ? QUEUES_MAX : 9;
  for (guint q = 0; q < self->n_queues; q++)
    self->queue[q] = (InstanceQueue) { .outstanding = 1 + (guint) below (random, 2), .priority = (guint32) below (random, 3), .slot = q, .core = q == 0 ? 0 : HD_NONE };
}

static guint
add_hop (InstanceRoute *route, guint resource, guint32 parent, guint32 arrives)
{
  route->hop[route->n_hops] = (HdHop) { .resource = resource, .parent = parent, .arrives = arrives };
  return route->n_hops++;
}

/* Port, bus, one to three sinks; without the port or without the bus, or with a port of another in between, now and then. */
static void
draw_route (HdRandom *random, const Oddness *odd, InstanceRoute *route, guint n_ports)
{
  guint32 last = HD_NONE;
  guint n_sinks = chance (random, 35) ? 2 + (guint) below (random, 2) : 1, sink = (guint) below (random, N_SINKS);
  *route = (InstanceRoute) { 0 };
  if (chance (random, odd->from_sink))
    last = add_hop (route, FIRST_SINK + (guint) below (random, N_SINKS), HD_NONE, HD_NONE);
  else if (!chance (random, 12))
    last = add_hop (route, (guint) below (random, n_ports), HD_NONE, HD_NONE);
  if (last == HD_NONE || !chance (random, odd->direct))
    last = add_hop (route, BUS, last, HD_NONE);
  if (chance (random, 8))
    last = add_hop (route, (guint) below (random, 2), last, HD_NONE);
  for (guint i = 0; i < n_sinks; i++, sink = (sink + 1) % N_SINKS) {
    guint hop = add_hop (route, FIRST_SINK + sink, last, 1 + sink);
    if (chance (random, odd->inner))   /* a sink on the way to the next */
      last = hop;
  }
}

static guint64
draw_bits (HdRandom *random, guint64 burst, guint longest)
{
  guint64 bits = burst * below (random, longest) + 1 + below (random, burst);
  return chance (random, 30) ? MAX (1, bits / burst) * burst : bits;
}

/* A compute of some length on the core, then one of no length: behind the second a transfer comes in a later round of its cycle. */
static void
draw_tasks (HdRandom *random, Instance *self)
{
  guint n = 0, longest = 1 + (guint) below (random, 60), together = (guint) below (random, self->n_queues), n_computes = 2 + 2 * (guint) below (random, 3);
  guint64 apart = 1 + below (random, 400);
  for (; n < n_computes; n++)
    self->task[n] = (InstanceTask) { .kind = HD_TASK_COMPUTE, .queue = 0, .cycles = n % 2 == 0 ? below (random, apart) : 0 };
  self->n_tasks = n_computes + 3 + (guint) below (random, (self->n_queues > 9 ? TASKS_MAX : FEW_TASKS) - n_computes - 2);
  for (; n < self->n_tasks; n++) {
    guint kind = (guint) below (random, 3);
    self->task[n] = (InstanceTask) {
      .kind = HD_TASK_TRANSFER, .queue = 1 + (guint) below (random, self->n_queues - 1), .route = (guint) below (random, self->n_routes),
      .bits = draw_bits (random, self->burst_bits, kind == 0 ? 1 : kind == 1 ? 3 : longest) };
    if (n >= n_computes + together)
      self->task[n].after = SET_OF (chance (random, 70) || n == n_computes ? below (random, n_computes) : n_computes + below (random, n - n_computes));
  }
}

void
instance_generate_contended (Instance *self, guint64 seed)
{
  HdRandom random;
  memset (self, 0, sizeof *self);
  hd_random_init (&random, seed ^ 0x5eed0fc0de);
  Oddness odd = draw_oddness (&random);
  draw_machine (&random, &odd, self);
  guint n_ports = 1 + (guint) below (&random, 2);
  self->n_routes = 1 + (guint) below (&random, ROUTES_MAX);
  for (guint r = 0; r < self->n_routes; r++)
    draw_route (&random, &odd, &self->route[r], n_ports);
  draw_tasks (&random, self);
}
