/* Movements: which queue a transfer takes, and the transfers themselves.
 *
 * A transfer into an on-chip memory waits in the first DMA engine (by id) that loads into it; one out to DRAM in the first that stores from the source. Engines that belong to a
 * core put their transfers in the core's own queue, where nothing overlaps. A transfer to several memories waits in the engine of the first;
 * what is parked, in that of the memory that it is for.
 */
#include "config.h"
#include "passes/plan.h"

/* --- queues ----------------------------------------------------------------------------------------- */

static HdQueueId
make_queue (Plan *plan, const HdQueue *queue)
{
  HdQueueId id = hd_schedule_builder_queue (plan->builder, queue);
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
  for (guint i = 0; i < plan->gates.n; i++)
    hd_schedule_builder_after (plan->builder, task, plan->gates.at[i].task);
  plan_clear_gates (plan);
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
  for (guint i = 0; limit > 0 && i < plan->listeners.n; i++) {
    guint32 step = plan->listeners.at[i].step;
    if (step == NO_STEP || plan->core_place[step] < limit)
      continue;
    HdCoreId core = plan->graph->core[plan->order[step]];
    plan_gate (plan, g_array_index (plan->core_nodes[core], HdTaskId, plan->core_place[step] - limit), plan_queue_for_core (plan, core));
  }
}

/* The piece of a copy, of which there is one already: of all of the item, or @part of it. */
static HdPieceId
copy_piece (Plan *plan, HdMemoryId memory, guint64 bits, HdTaskId task, guint32 source, const HdBox *part)
{
  if (part != NULL)
    return hd_schedule_builder_piece (plan->builder, memory, bits, task, plan_item_tensor (plan, plan->instance[source].item), part);
  return hd_schedule_builder_piece_like (plan->builder, memory, bits, task, plan->instance[source].piece);
}

gboolean
plan_store (Plan *plan, guint32 index, const HdBox *part, guint64 bits, guint32 *copy, GError **error)
{
  guint32 item = plan->instance[index].item;
  HdMemoryId memory = plan->link[index].memory, dram = plan->dram;
  Way way;
  if (!find_way (plan, memory, dram, &way, error) || !plan_allocate (plan, dram, bits, item, error))
    return FALSE;
  HdTaskId task = make_transfer (plan, &way, bits);
  hd_schedule_builder_use (plan->builder, task, plan->instance[index].piece);
  plan_add_user (plan, index, task, way.queue);
  HdPieceId piece = copy_piece (plan, dram, bits, task, index, part);
  if (copy != NULL)
    *copy = plan_add_instance (plan, &(Instance) { .item = item, .piece = piece, .bits = bits, .lane = plan_find_lane (plan, item, dram) }, &(Link) { .memory = dram, .part_step = NO_STEP }, task,
                               way.queue);
  return TRUE;
}

/* The piece that the first listener gets; the others get copies of it. */
static HdPieceId
first_piece (Plan *plan, guint32 item, const HdBox *part, guint64 bits, HdTaskId task)
{
  HdMemoryId memory = plan->listeners.at[0].memory;
  guint32 source = plan->sources.n > 0 ? plan->sources.at[0] : HD_NONE;
  if (source != HD_NONE && plan->instance[source].item == item)
    return copy_piece (plan, memory, bits, task, source, part);
  HdTensorId tensor = plan_item_tensor (plan, item);
  if (part != NULL || plan->draft)
    return hd_schedule_builder_piece (plan->builder, memory, bits, task, tensor, part);
  HdBox box = plan_item_box (plan, item);
  return hd_schedule_builder_piece (plan->builder, memory, bits, task, tensor, &box);
}

static void
use_sources (Plan *plan, guint32 item, HdTaskId task, HdQueueId queue)
{
  if (plan->sources.n == 0)
    hd_schedule_builder_use (plan->builder, task, plan->tensor_piece[plan_item_tensor (plan, item)]);
  for (guint i = 0; i < plan->sources.n; i++) {
    guint32 source = plan->sources.at[i];
    hd_schedule_builder_use (plan->builder, task, plan->instance[source].piece);
    plan_add_user (plan, source, task, queue);
  }
}

gboolean
plan_move (Plan *plan, guint32 item, const HdBox *part, guint64 bits, GError **error)
{
  Way way;
  HdMemoryId from = plan->sources.n > 0 ? plan->link[plan->sources.at[0]].memory : plan->dram;
  if (!find_way (plan, from, plan->listeners.at[0].memory, &way, error) || (plan->listeners.n > 1 && !plan_cast_route (plan, from, &way.route, error)))
    return FALSE;
  gate_prefetch (plan);
  HdTaskId task = make_transfer (plan, &way, bits);
  use_sources (plan, item, task, way.queue);
  HdPieceId first = first_piece (plan, item, part, bits, task);
  for (guint i = 0; i < plan->listeners.n; i++) {
    Listener l = plan->listeners.at[i];
    HdPieceId piece = i == 0 ? first : hd_schedule_builder_piece_like (plan->builder, l.memory, bits, task, first);
    plan_add_instance (plan, &(Instance) { .item = item, .piece = piece, .bits = bits, .lane = l.lane },
                       &(Link) { .memory = l.memory, .part_step = l.part_step, .part_operand = l.part_operand, .parked = l.parked }, task, way.queue);
  }
  return TRUE;
}
