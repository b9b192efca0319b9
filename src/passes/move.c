/* Movements: which queue and route a transfer takes, and the transfers themselves.
 *
 * A transfer into an on-chip memory waits in the first DMA engine (by id) that loads into it; one out to DRAM in the first that stores from the source. Engines that belong to a
 * core put their transfers in the core's own queue, where nothing overlaps. A transfer to several memories waits in the engine of the first.
 */
#include "config.h"
#include "passes/plan.h"

/* --- queues ----------------------------------------------------------------------------------------- */

static HdQueueId
make_queue (Plan *plan, const HdQueue *queue)
{
  HdQueueId id = hd_schedule_builder_queue (plan->builder, queue);
  plan->queue_outstanding = g_renew (guint32, plan->queue_outstanding, id + 1);
  plan->queue_outstanding[id] = queue->outstanding;
  return id;
}

HdQueueId
plan_queue_for_core (Plan *plan, HdCoreId core)
{
  if (plan->core_queue[core] == HD_NONE)
    plan->core_queue[core] = make_queue (plan, &(HdQueue) { .name = plan->platform->core[core].id, .order = HD_QUEUE_IN_ORDER, .outstanding = 1, .core = core });
  return plan->core_queue[core];
}

static HdQueueId
queue_for_dma (Plan *plan, guint d)
{
  const HdDma *dma = &plan->platform->dma[d];
  if (dma->core != HD_NONE)
    return plan_queue_for_core (plan, dma->core);
  if (plan->dma_queue[d] == HD_NONE)
    plan->dma_queue[d] = make_queue (plan, &(HdQueue) { .name = dma->id, .order = HD_QUEUE_IN_ORDER, .outstanding = dma->outstanding, .priority = dma->priority,
                                                        .slot = dma->slot, .core = HD_NONE });
  return plan->dma_queue[d];
}

/* --- routes ----------------------------------------------------------------------------------------- */

/* Entries of route_of: not asked for yet, no way, else route + ROUTE_FIRST. */
enum { ROUTE_UNKNOWN, ROUTE_NONE, ROUTE_FIRST };

guint32
plan_route (Plan *plan, HdMemoryId source, HdMemoryId destination)
{
  if (plan->route_of[source] == NULL)
    plan->route_of[source] = g_new0 (guint32, plan->platform->n_memories);
  guint32 *known = &plan->route_of[source][destination];
  if (*known == ROUTE_UNKNOWN) {
    HdRoute route;
    *known = ROUTE_NONE;
    if (hd_platform_route (plan->platform, source, &destination, 1, &route, NULL)) {
      *known = hd_schedule_builder_route (plan->builder, &route) + ROUTE_FIRST;
      g_array_set_size (plan->route_hops, MAX (plan->route_hops->len, *known - ROUTE_FIRST + 1));
      g_array_index (plan->route_hops, guint, *known - ROUTE_FIRST) = route.n_hops;
      hd_route_clear (&route);
    }
  }
  return *known == ROUTE_NONE ? HD_NONE : *known - ROUTE_FIRST;
}

/* The tree to all listeners, by what it joins. */
static gboolean
cast_route (Plan *plan, HdMemoryId source, guint32 *index, GError **error)
{
  guint n = plan->listeners->len;
  g_autofree HdMemoryId *key = g_new (HdMemoryId, n + 1);
  key[0] = source;
  for (guint i = 0; i < n; i++)
    key[i + 1] = g_array_index (plan->listeners, Listener, i).memory;
  g_autoptr (GBytes) bytes = g_bytes_new (key, (n + 1) * sizeof *key);
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (plan->cast_routes, bytes));
  if (known == 0) {
    HdRoute route;
    if (!hd_platform_route (plan->platform, source, key + 1, n, &route, error))
      return FALSE;
    known = hd_schedule_builder_route (plan->builder, &route) + 1;
    hd_route_clear (&route);
    g_hash_table_insert (plan->cast_routes, g_bytes_ref (bytes), GUINT_TO_POINTER (known));
  }
  *index = known - 1;
  return TRUE;
}

static gboolean
find_way (Plan *plan, HdMemoryId source, HdMemoryId destination, Way *way, GError **error)
{
  HdMemoryId loader = plan->engine_of != HD_NONE ? plan->engine_of : destination;
  guint dma = destination != plan->dram ? plan->space[loader].load_dma : plan->space[source].store_dma;
  if (dma == HD_NONE) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "no DMA engine moves data from memory \"%s\" to \"%s\"", plan->platform->memory[source].id, plan->platform->memory[destination].id);
    return FALSE;
  }
  way->queue = queue_for_dma (plan, dma);
  way->route = plan_route (plan, source, destination);
  HdRoute route;
  /* Asked again for its message. */
  return way->route != HD_NONE || hd_platform_route (plan->platform, source, &destination, 1, &route, error);
}

/* --- transfers ---------------------------------------------------------------------------------------- */

/* Makes the task, with the gates collected so far. */
static HdTaskId
make_transfer (Plan *plan, const Way *way, guint64 bits)
{
  HdNodeId node = plan->order[plan->step];
  HdTaskId task = hd_schedule_builder_transfer (plan->builder, way->queue, way->route, bits, plan->graph->layer[node], node);
  for (guint i = 0; i < plan->gates->len; i++)
    hd_schedule_builder_after (plan->builder, task, g_array_index (plan->gates, User, i).task);
  g_array_set_size (plan->gates, 0);
  return task;
}

gboolean
plan_may_load_for (const Plan *plan, guint32 step)
{
  guint limit = plan->mapping->dram.prefetch;
  return limit == 0 || step == NO_STEP || plan->core_place[step] < plan->core_nodes[plan->graph->core[plan->order[step]]]->len + (guint64) limit;
}

/* A load may be issued for the next `prefetch` nodes of each core for which it is, when the mapping says so: when the node that stands so many places before them has ended, which is planned already. */
static void
gate_prefetch (Plan *plan)
{
  guint limit = plan->mapping->dram.prefetch;
  for (guint i = 0; limit > 0 && i < plan->listeners->len; i++) {
    guint32 step = g_array_index (plan->listeners, Listener, i).step;
    if (step == NO_STEP || plan->core_place[step] < limit)
      continue;
    HdCoreId core = plan->graph->core[plan->order[step]];
    plan_gate (plan, g_array_index (plan->core_nodes[core], HdTaskId, plan->core_place[step] - limit), plan_queue_for_core (plan, core));
  }
}

gboolean
plan_store (Plan *plan, guint32 index, const HdBox *box, guint64 bits, guint32 *copy, GError **error)
{
  Instance source = *plan_instance (plan, index);
  Way way;
  if (!find_way (plan, source.memory, plan->dram, &way, error) || !plan_allocate (plan, plan->dram, bits, source.item, error))
    return FALSE;
  HdTaskId task = make_transfer (plan, &way, bits);
  hd_schedule_builder_use (plan->builder, task, source.piece);
  plan_add_user (plan, index, task, way.queue);
  HdPieceId piece = hd_schedule_builder_piece (plan->builder, plan->dram, bits, task, plan_item_tensor (plan, source.item), box);
  if (copy != NULL)
    *copy = plan_add_instance (plan, &(Instance) { .item = source.item, .memory = plan->dram, .piece = piece, .bits = bits, .part_step = NO_STEP }, task, way.queue);
  return TRUE;
}

gboolean
plan_move (Plan *plan, guint32 item, const HdBox *box, guint64 bits, GError **error)
{
  Way way;
  HdTensorId tensor = plan_item_tensor (plan, item);
  HdMemoryId from = plan->sources->len > 0 ? plan_instance (plan, g_array_index (plan->sources, guint32, 0))->memory : plan->dram;
  if (!find_way (plan, from, g_array_index (plan->listeners, Listener, 0).memory, &way, error)
      || (plan->listeners->len > 1 && !cast_route (plan, from, &way.route, error)))
    return FALSE;
  gate_prefetch (plan);
  HdTaskId task = make_transfer (plan, &way, bits);
  if (plan->sources->len == 0)
    hd_schedule_builder_use (plan->builder, task, plan->tensor_piece[tensor]);
  for (guint i = 0; i < plan->sources->len; i++) {
    guint32 source = g_array_index (plan->sources, guint32, i);
    hd_schedule_builder_use (plan->builder, task, plan_instance (plan, source)->piece);
    plan_add_user (plan, source, task, way.queue);
  }
  for (guint i = 0; i < plan->listeners->len; i++) {
    Listener l = g_array_index (plan->listeners, Listener, i);
    HdPieceId piece = hd_schedule_builder_piece (plan->builder, l.memory, bits, task, tensor, box);
    plan_add_instance (plan, &(Instance) { .item = item, .memory = l.memory, .piece = piece, .bits = bits, .part_step = l.part_step, .part_operand = l.part_operand, .parked = l.parked }, task, way.queue);
  }
  return TRUE;
}
