/* From an instance to the platform and schedule that the engines take: columns filled by hand. */
#include "config.h"
#include "instances.h"

#include <string.h>

/* --- the platform ------------------------------------------------------------------------------------- */

static void
build_resource (HdResource *to, const InstanceResource *from, guint i)
{
  *to = (HdResource) {
    .id = g_strdup_printf ("bus%u", i), .kind = HD_RESOURCE_BUS,
    .width_bits = from->width, .period = from->period, .latency = from->latency,
    .arbiter = (HdArbiter) from->arbiter, .n_slots = from->n_slots, .slot_cycles = from->slot_cycles,
    .energy_pj_per_bit = from->bit_pj, .static_pj_per_cycle = from->static_pj, .memory = HD_NONE,
  };
}

static void
build_memory (HdMemory *to, const InstanceMemory *from, guint i)
{
  *to = (HdMemory) {
    .id = g_strdup_printf ("memory%u", i), .dram = from->dram, .capacity_bits = from->capacity,
    .read_port = 0, .write_port = 0, .core = HD_NONE,
    .read_pj_per_bit = from->read_pj, .write_pj_per_bit = from->write_pj, .static_pj_per_cycle = from->static_pj,
  };
}

static void
build_core (HdCore *to, const InstanceCore *from, guint i)
{
  *to = (HdCore) {
    .id = g_strdup_printf ("core%u", i), .kind = HD_CORE_VECTOR, .period = from->period, .static_pj_per_cycle = from->static_pj, .lanes = 1,
    .operand_memory = { HD_NONE, HD_NONE, HD_NONE },
  };
}

static void
build_platform (const Instance *self, HdPlatform *platform)
{
  *platform = (HdPlatform) {
    .name = g_strdup ("random"), .clock_hz = 1000000000, .burst_bits = self->burst_bits, .window = self->window,
    .n_cores = self->n_cores, .core = g_new0 (HdCore, self->n_cores),
    .n_memories = self->n_memories, .memory = g_new0 (HdMemory, self->n_memories),
    .n_resources = self->n_resources, .resource = g_new0 (HdResource, self->n_resources),
  };
  for (guint i = 0; i < self->n_cores; i++)
    build_core (&platform->core[i], &self->core[i], i);
  for (guint i = 0; i < self->n_memories; i++)
    build_memory (&platform->memory[i], &self->memory[i], i);
  for (guint i = 0; i < self->n_resources; i++)
    build_resource (&platform->resource[i], &self->resource[i], i);
}

/* --- the schedule --------------------------------------------------------------------------------------- */

/* The members of a set, appended to the rows; returns the new end. */
static guint64
append_set (guint32 *rows, guint64 n, guint64 set)
{
  for (guint32 i = 0; i < 64; i++)
    if (SET_HAS (set, i))
      rows[n++] = i;
  return n;
}

static void
build_tables (const Instance *self, HdSchedule *s)
{
  s->n_queues = self->n_queues;
  s->queue = g_new0 (HdQueue, self->n_queues);
  for (guint i = 0; i < self->n_queues; i++) {
    const InstanceQueue *q = &self->queue[i];
    s->queue[i] = (HdQueue) { g_strdup_printf ("queue%u", i), (HdQueueOrder) q->order, q->outstanding, q->priority, q->slot, q->core };
  }
  s->route = g_new0 (HdRoute, self->n_routes);
  s->cost = g_new0 (HdTaskCost, self->n_tasks);
}

/* Costs and routes are distinct and numbered by first use. */
static guint32
add_cost (HdSchedule *s, const InstanceTask *t)
{
  const HdTaskCost cost = { t->cycles, t->load_cycles, t->energy, t->load_energy, t->cycles };
  guint32 i = 0;
  while (i < s->n_costs && memcmp (&s->cost[i], &cost, sizeof cost) != 0)
    i++;
  s->cost[i] = cost;
  s->n_costs = MAX (s->n_costs, i + 1);
  return i;
}

static guint32
add_route (HdSchedule *s, const InstanceRoute *route)
{
  gsize size = route->n_hops * sizeof (HdHop);
  for (guint32 i = 0; i < s->n_routes; i++)
    if (s->route[i].source == route->source && s->route[i].n_hops == route->n_hops && memcmp (s->route[i].hop, route->hop, size) == 0)
      return i;
  s->route[s->n_routes] = (HdRoute) { route->source, route->n_hops, g_memdup2 (route->hop, size) };
  return s->n_routes++;
}

static void
build_queue_lists (const Instance *self, HdSchedule *s)
{
  guint64 n = 0;
  s->queue_begin = g_new0 (guint64, self->n_queues + 1);
  s->queue_task = g_new0 (HdTaskId, self->n_tasks + 1);
  for (guint q = 0; q < self->n_queues; q++) {
    guint32 position = 0, next;
    do {
      next = G_MAXUINT32;
      for (guint i = 0; i < self->n_tasks; i++)
        if (self->task[i].queue == q && self->task[i].position == position)
          s->queue_task[n++] = i;
        else if (self->task[i].queue == q && self->task[i].position > position)
          next = MIN (next, self->task[i].position);
      position = next;
    } while (next != G_MAXUINT32);
    s->queue_begin[q + 1] = n;
  }
}

static void
build_tasks (const Instance *self, HdSchedule *s)
{
  guint n = s->n_tasks = self->n_tasks;
  s->kind = g_new0 (guint8, n);
  s->queue_of = g_new0 (HdQueueId, n);
  s->what = g_new0 (guint32, n);
  s->bits = g_new0 (guint64, n);
  s->layer = g_new (guint32, n);
  s->node = g_new (guint32, n);
  s->weight_key = g_new0 (guint32, n);
  s->priority = g_new0 (guint32, n);
  s->use_begin = g_new0 (guint64, n + 1);
  s->use = g_new0 (HdPieceId, (gsize) n * PIECES_MAX + 1);
  s->after_begin = g_new0 (guint64, n + 1);
  s->after = g_new0 (HdTaskId, (gsize) n * TASKS_MAX + 1);
  for (guint i = 0; i < n; i++) {
    const InstanceTask *t = &self->task[i];
    gboolean compute = t->kind == HD_TASK_COMPUTE;
    s->kind[i] = (guint8) t->kind;
    s->queue_of[i] = t->queue;
    s->what[i] = compute ? add_cost (s, t) : add_route (s, &self->route[t->route]);
    s->bits[i] = compute ? 0 : t->bits;
    s->layer[i] = s->node[i] = HD_NONE;
    s->weight_key[i] = compute ? t->weight_key : 0;
    s->priority[i] = t->priority;
    s->use_begin[i + 1] = append_set (s->use, s->use_begin[i], t->uses);
    s->after_begin[i + 1] = append_set (s->after, s->after_begin[i], t->after);
  }
}

static void
build_pieces (const Instance *self, HdSchedule *s)
{
  guint n = s->n_pieces = self->n_pieces;
  s->piece_memory = g_new0 (HdMemoryId, n);
  s->piece_bits = g_new0 (guint64, n);
  s->piece_creator = g_new0 (HdTaskId, n);
  s->piece_tensor = g_new (guint32, n);
  s->piece_box_begin = g_new0 (guint64, n + 1);
  s->piece_range = g_new0 (HdRange, 1);
  s->release_begin = g_new0 (guint64, n + 1);
  s->release = g_new0 (HdTaskId, (gsize) n * TASKS_MAX + 1);
  for (guint i = 0; i < n; i++) {
    s->piece_memory[i] = self->piece[i].memory;
    s->piece_bits[i] = self->piece[i].bits;
    s->piece_creator[i] = self->piece[i].creator;
    s->piece_tensor[i] = HD_NONE;
    s->release_begin[i + 1] = append_set (s->release, s->release_begin[i], self->piece[i].release);
  }
}

void
instance_build (const Instance *self, HdPlatform *platform, HdSchedule *schedule)
{
  build_platform (self, platform);
  *schedule = (HdSchedule) {
    .platform_name = g_strdup ("random"), .platform_sha256 = g_strdup (""), .workload_xml = g_strdup (""), .mapping_xml = g_strdup (""), .pass = g_strdup ("random"),
  };
  build_tables (self, schedule);
  build_tasks (self, schedule);
  build_queue_lists (self, schedule);
  build_pieces (self, schedule);
}

/* --- freeing ---------------------------------------------------------------------------------------------- */

static void
free_platform (HdPlatform *platform)
{
  for (guint i = 0; i < platform->n_cores; i++)
    g_free (platform->core[i].id);
  for (guint i = 0; i < platform->n_memories; i++)
    g_free (platform->memory[i].id);
  for (guint i = 0; i < platform->n_resources; i++)
    g_free (platform->resource[i].id);
  g_free (platform->name);
  g_free (platform->core);
  g_free (platform->memory);
  g_free (platform->resource);
}

void
schedule_free_built (HdSchedule *s)
{
  gpointer columns[] = { s->platform_name, s->platform_sha256, s->workload_xml, s->mapping_xml, s->pass, s->queue, s->route, s->cost, s->kind, s->queue_of, s->what,
                         s->bits, s->layer, s->node, s->weight_key, s->priority, s->queue_begin, s->queue_task, s->use_begin, s->use, s->after_begin, s->after,
                         s->piece_memory, s->piece_bits, s->piece_creator, s->piece_tensor, s->piece_box_begin, s->piece_range, s->release_begin, s->release };
  for (guint i = 0; i < s->n_queues; i++)
    g_free (s->queue[i].name);
  for (guint i = 0; i < s->n_routes; i++)
    g_free (s->route[i].hop);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    g_free (columns[i]);
}

void
instance_free_built (HdPlatform *platform, HdSchedule *schedule)
{
  free_platform (platform);
  schedule_free_built (schedule);
}
