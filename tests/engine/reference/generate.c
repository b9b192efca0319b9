/* Random instances. Sizes, widths and times are small and drawn from few values, so that ties, contention, several bursts with a short last one, full
 * memories and deadlocks happen often. The test of coverage (test-differential.c) counts how often.
 */
#include "config.h"
#include "instances.h"

#include <string.h>

enum { MANY_TASKS = 24 };

static guint64
below (HdRandom *random, guint64 n)
{
  return hd_random_below (random, n);
}

static guint64
between (HdRandom *random, guint64 from, guint64 to)
{
  return from + below (random, to - from + 1);
}

static gboolean
chance (HdRandom *random, guint percent)
{
  return below (random, 100) < percent;
}

static double
price (HdRandom *random)
{
  static const double prices[] = { 0, 0, 1, 0.5, 0.1, 1.0 / 3, 0.0000007 };
  return prices[below (random, G_N_ELEMENTS (prices))];
}

/* A subset of @set; each member with @percent. */
static guint64
subset (HdRandom *random, guint64 set, guint percent)
{
  guint64 result = 0;
  for (guint i = 0; i < 64; i++)
    if (SET_HAS (set, i) && chance (random, percent))
      result |= SET_OF (i);
  return result;
}

/* --- the platform --------------------------------------------------------------------------------- */

static void
generate_cores (Instance *self, HdRandom *random, gboolean one_clock)
{
  self->n_cores = (guint) between (random, 1, 4);
  for (guint i = 0; i < self->n_cores; i++)
    self->core[i] = (InstanceCore) { one_clock ? 1 : between (random, 1, 4), price (random) };
}

static void
generate_resources (Instance *self, HdRandom *random, gboolean one_clock)
{
  guint unlimited = chance (random, 30) ? 50 : 10;
  gboolean powers = chance (random, 80);
  self->n_resources = (guint) between (random, 1, chance (random, 40) ? 2 : 5);
  for (guint i = 0; i < self->n_resources; i++) {
    guint64 period = one_clock ? 1 : between (random, 1, 4);
    self->resource[i] = (InstanceResource) {
      .width = chance (random, unlimited) ? 0 : powers ? 1u << below (random, 4) : between (random, 1, 6),
      .period = period,
      .latency = chance (random, 50) ? 0 : between (random, 1, 6),
      .arbiter = (guint) below (random, 4),
      .n_slots = (guint) between (random, 1, 4),
      .slot_cycles = period * between (random, 1, 5),
      .bit_pj = price (random),
      .static_pj = price (random),
    };
  }
}

static void
generate_memories (Instance *self, HdRandom *random)
{
  self->n_memories = chance (random, 5) ? 1 : (guint) between (random, 2, 4);
  for (guint i = 0; i < self->n_memories; i++)
    self->memory[i] = (InstanceMemory) { HD_UNLIMITED_BITS, chance (random, 30), price (random), price (random), price (random) };
}

static void
generate_queues (Instance *self, HdRandom *random)
{
  guint extra = (guint) below (random, 4);
  guint64 with_queue = subset (random, SET_OF (self->n_cores) - 1, chance (random, 20) ? 30 : 95);
  guint32 cores[QUEUES_MAX];
  guint n = 0;
  for (guint i = 0; i < self->n_cores; i++)
    if (SET_HAS (with_queue, i))
      cores[n++] = i;
  if (n + extra == 0)
    extra = 1;
  while (extra-- > 0)
    cores[n++] = HD_NONE;
  self->n_queues = n;
  for (guint i = 0; i < n; i++) {
    guint other = (guint) between (random, i, n - 1);
    guint32 core = cores[other];
    cores[other] = cores[i];
    self->queue[i] = (InstanceQueue) {
      .order = chance (random, 30) ? HD_QUEUE_BY_PRIORITY : HD_QUEUE_IN_ORDER,
      .outstanding = chance (random, 50) ? 1 : (guint) between (random, 2, 3),
      .priority = (guint) below (random, 3),
      .slot = (guint) below (random, 5),
      .core = core,
    };
  }
}

/* --- routes ----------------------------------------------------------------------------------------- */

static gboolean
is_leaf (const InstanceRoute *route, guint hop)
{
  for (guint i = 0; i < route->n_hops; i++)
    if (route->hop[i].parent == hop)
      return FALSE;
  return TRUE;
}

/* Adds the hops below @parent, depth first, siblings by resource id, from a tree whose hops stand in any order. */
static void
sort_below (const InstanceRoute *tree, guint parent, guint new_parent, InstanceRoute *sorted)
{
  for (guint resource = 0; resource < RESOURCES_MAX; resource++)
    for (guint i = 0; i < tree->n_hops; i++)
      if (tree->hop[i].parent == parent && tree->hop[i].resource == resource) {
        guint index = sorted->n_hops++;
        sorted->hop[index] = tree->hop[i];
        sorted->hop[index].parent = new_parent;
        sort_below (tree, i, index, sorted);
      }
}

/* Whether a hop below @parent over @resource is new: siblings differ in their resource. */
static gboolean
is_new_hop (const InstanceRoute *route, guint parent, guint resource)
{
  for (guint i = 0; i < route->n_hops; i++)
    if (route->hop[i].parent == parent && route->hop[i].resource == resource)
      return FALSE;
  return TRUE;
}

/* A chain or a tree over random resources; its leaves, and a few hops between, arrive at distinct memories. */
static void
generate_route (const Instance *self, InstanceRoute *route, HdRandom *random)
{
  InstanceRoute tree = { .source = (guint32) below (random, self->n_memories) };
  guint wanted = (guint) between (random, 1, chance (random, 50) ? 2 : 5), spread = chance (random, 40) ? 60 : 0, first = (guint) below (random, self->n_resources);
  guint64 free_memories = (SET_OF (self->n_memories) - 1) & ~SET_OF (tree.source);
  for (guint i = 0; i < wanted; i++) {
    guint32 parent = i == 0 ? HD_NONE : chance (random, spread) ? (guint32) below (random, tree.n_hops) : tree.n_hops - 1;
    guint32 resource = chance (random, 25) ? (guint32) below (random, self->n_resources) : (first + i) % self->n_resources;
    if (is_new_hop (&tree, parent, resource))
      tree.hop[tree.n_hops++] = (HdHop) { resource, parent, HD_NONE };
  }
  *route = (InstanceRoute) { .source = tree.source };
  for (guint i = tree.n_hops; i-- > 0;)
    if (free_memories != 0 && (is_leaf (&tree, i) || chance (random, 10))) {
      guint32 memory = (guint32) below (random, self->n_memories);
      while (!SET_HAS (free_memories, memory))
        memory = (memory + 1) % self->n_memories;
      free_memories &= ~SET_OF (memory);
      tree.hop[i].arrives = memory;
    }
  sort_below (&tree, HD_NONE, HD_NONE, route);
}

/* Whether every leaf arrives: memories may have run out. */
static gboolean
is_whole (const InstanceRoute *route)
{
  for (guint i = 0; i < route->n_hops; i++)
    if (is_leaf (route, i) && route->hop[i].arrives == HD_NONE)
      return FALSE;
  return route->n_hops > 0;
}

static void
generate_routes (Instance *self, HdRandom *random)
{
  guint wanted = (guint) between (random, 1, ROUTES_MAX);
  if (self->n_memories < 2)
    return;
  for (guint i = 0; i < wanted; i++) {
    do
      generate_route (self, &self->route[self->n_routes], random);
    while (!is_whole (&self->route[self->n_routes]));
    self->n_routes++;
  }
}

/* --- tasks and pieces --------------------------------------------------------------------------------- */

static InstanceTask
generate_compute (HdRandom *random, guint64 scale)
{
  return (InstanceTask) {
    .kind = HD_TASK_COMPUTE,
    .weight_key = chance (random, 40) ? 0 : (guint32) between (random, 1, 3),
    .cycles = chance (random, 12) ? 0 : between (random, 1, scale),
    .load_cycles = chance (random, 40) ? 0 : between (random, 1, 6),
    .energy = chance (random, 20) ? 0 : below (random, 3000000),
    .load_energy = chance (random, 50) ? 0 : below (random, 1000),
  };
}

/* @longest: of some transfers, hundreds of bursts. */
static InstanceTask
generate_transfer (const Instance *self, HdRandom *random, guint64 longest)
{
  return (InstanceTask) {
    .kind = HD_TASK_TRANSFER,
    .route = (guint32) below (random, self->n_routes),
    .bits = chance (random, 30) ? self->burst_bits * between (random, 1, 4) : between (random, 1, chance (random, 50) ? 12 : longest),
  };
}

static void
add_piece (Instance *self, HdRandom *random, guint32 creator, guint32 memory, guint64 bits)
{
  if (self->n_pieces < PIECES_MAX)
    self->piece[self->n_pieces++] = (InstancePiece) { memory, creator, chance (random, 80) ? bits : between (random, 1, 20), 0 };
}

static void
generate_pieces (Instance *self, HdRandom *random, guint32 task)
{
  const InstanceTask *t = &self->task[task];
  if (t->kind == HD_TASK_COMPUTE) {
    for (guint n = (guint) below (random, 3); n > 0; n--)
      add_piece (self, random, task, (guint32) below (random, self->n_memories), between (random, 1, 16));
    return;
  }
  for (guint i = 0; i < self->route[t->route].n_hops; i++)
    if (self->route[t->route].hop[i].arrives != HD_NONE && chance (random, 85))
      add_piece (self, random, task, self->route[t->route].hop[i].arrives, t->bits);
}

static guint64
pieces_of (const Instance *self, guint32 creator)
{
  guint64 set = 0;
  for (guint i = 0; i < self->n_pieces; i++)
    if (self->piece[i].creator == creator)
      set |= SET_OF (i);
  return set;
}

static void
generate_tasks (Instance *self, HdRandom *random)
{
  guint wanted = chance (random, 8) ? (guint) between (random, 13, MANY_TASKS) : (guint) below (random, 13);
  gboolean is_long = chance (random, 8);
  guint64 scale = is_long ? 300 : chance (random, 30) ? 3 : 12, longest = is_long ? 1500 : 60;
  guint computes = chance (random, 70) ? 75 : 40, dense = chance (random, 60) ? 8 : 25, after = chance (random, 60) ? 4 : 12;
  gboolean shuffled = chance (random, 6);
  for (guint i = 0; i < wanted; i++) {
    guint32 queue = (guint32) below (random, self->n_queues);
    gboolean compute = self->queue[queue].core != HD_NONE && chance (random, computes);
    if (!compute && self->n_routes == 0)
      continue;
    guint task = self->n_tasks++;
    guint64 possible = SET_OF (self->n_pieces) - 1;
    self->task[task] = compute ? generate_compute (random, scale) : generate_transfer (self, random, longest);
    self->task[task].queue = queue;
    self->task[task].priority = self->queue[queue].order == HD_QUEUE_BY_PRIORITY ? (guint32) below (random, 3) : 0;
    self->task[task].position = shuffled && self->queue[queue].order == HD_QUEUE_IN_ORDER ? (guint32) below (random, 6) : 0;
    self->task[task].uses = subset (random, possible, dense);
    self->task[task].after = subset (random, SET_OF (task) - 1, after);
    generate_pieces (self, random, task);
  }
}

/* A few dependencies that point forwards, against the ids: cycles are deadlocks. */
static void
add_forward_dependencies (Instance *self, HdRandom *random)
{
  for (guint i = 0; i + 1 < self->n_tasks; i++)
    if (chance (random, 10))
      self->task[i].after |= SET_OF (between (random, i + 1, self->n_tasks - 1));
}

static guint64
users (const Instance *self, guint piece)
{
  guint64 set = 0;
  for (guint i = 0; i < self->n_tasks; i++)
    if (SET_HAS (self->task[i].uses, piece))
      set |= SET_OF (i);
  return set;
}

static void
generate_releases (Instance *self, HdRandom *random)
{
  guint keep = chance (random, 70) ? 1 : 15;
  guint64 all = SET_OF (self->n_tasks) - 1;
  for (guint i = 0; i < self->n_pieces; i++) {
    InstancePiece *piece = &self->piece[i];
    if (chance (random, keep))
      continue;
    piece->release = users (self, i);
    if (piece->release == 0 && piece->creator != HD_NONE && chance (random, 93))
      piece->release = SET_OF (piece->creator);
    if (chance (random, 8))
      piece->release |= subset (random, all, 10);
  }
}

/* Capacities: room for the residents and for the largest need of one task (mostly), and for a share of the rest. */
static void
generate_capacities (Instance *self, HdRandom *random)
{
  gboolean tight = chance (random, 55);
  for (guint m = 0; m < self->n_memories; m++) {
    guint64 residents = 0, largest = 0, total = 0;
    for (guint i = 0; i < self->n_pieces; i++)
      if (self->piece[i].memory == m) {
        guint64 need = 0, mine = pieces_of (self, self->piece[i].creator);
        for (guint k = 0; k < self->n_pieces; k++)
          if (SET_HAS (mine, k) && self->piece[k].memory == m)
            need += self->piece[k].bits;
        if (self->piece[i].creator == HD_NONE)
          residents = need;
        else
          largest = MAX (largest, need);
        total += self->piece[i].bits;
      }
    if (chance (random, 60))
      self->memory[m].capacity = MAX (1, residents + (chance (random, 2) ? largest / 2 : largest) + (tight ? below (random, (total - residents) / 3 + 1) : below (random, total + 1)));
  }
}

void
instance_generate (Instance *self, guint64 seed)
{
  HdRandom random;
  memset (self, 0, sizeof *self);
  hd_random_init (&random, seed);
  gboolean one_clock = chance (&random, 45);
  self->burst_bits = chance (&random, 70) ? SET_OF (below (&random, 5)) : between (&random, 1, 12);
  self->window = chance (&random, 60) ? 0 : between (&random, 1, 3);
  generate_cores (self, &random, one_clock);
  generate_resources (self, &random, one_clock);
  generate_memories (self, &random);
  generate_queues (self, &random);
  generate_routes (self, &random);
  for (guint64 n = chance (&random, 50) ? 0 : between (&random, 1, 3); n > 0; n--)
    add_piece (self, &random, HD_NONE, (guint32) below (&random, self->n_memories), between (&random, 1, 16));
  generate_tasks (self, &random);
  if (chance (&random, 6))
    add_forward_dependencies (self, &random);
  generate_releases (self, &random);
  generate_capacities (self, &random);
}
