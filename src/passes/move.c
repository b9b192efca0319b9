/* Movements: which queue and route a transfer takes, and the transfers that fetch and store items.
 *
 * A transfer into an on-chip memory waits in the first DMA engine (by id) that loads into it; one out to DRAM in the first that stores from the source. Engines that belong to a
 * core put their transfers in the core's own queue, where nothing overlaps.
 */
#include "config.h"
#include "passes/plan.h"

/* --- queues and routes ------------------------------------------------------------------------------ */

static HdQueueId
make_queue (Plan *plan, const HdQueue *queue)
{
  HdQueueId id = hd_schedule_builder_queue (plan->builder, queue);
  plan->queue_outstanding = g_renew (guint32, plan->queue_outstanding, id + 1);
  plan->queue_outstanding[id] = queue->outstanding;
  return id;
}

gboolean
plan_queue_for_core (Plan *plan, HdCoreId core, HdQueueId *queue)
{
  if (plan->core_queue[core] == HD_NONE)
    plan->core_queue[core] = make_queue (plan, &(HdQueue) { .name = plan->platform->core[core].id, .order = HD_QUEUE_IN_ORDER, .outstanding = 1, .core = core });
  *queue = plan->core_queue[core];
  return TRUE;
}

static HdQueueId
queue_for_dma (Plan *plan, guint d)
{
  const HdDma *dma = &plan->platform->dma[d];
  HdQueueId queue;
  if (dma->core != HD_NONE) {
    plan_queue_for_core (plan, dma->core, &queue);
    return queue;
  }
  if (plan->dma_queue[d] == HD_NONE)
    plan->dma_queue[d] = make_queue (plan, &(HdQueue) { .name = dma->id, .order = HD_QUEUE_IN_ORDER, .outstanding = dma->outstanding, .priority = dma->priority,
                                                        .slot = dma->slot, .core = HD_NONE });
  return plan->dma_queue[d];
}

static gboolean
serves (const HdDma *dma, HdMemoryId memory)
{
  for (guint i = 0; i < dma->n_memories; i++)
    if (dma->memories[i] == memory)
      return TRUE;
  return FALSE;
}

static guint
choose_dma (const Plan *plan, HdMemoryId source, HdMemoryId destination)
{
  gboolean load = destination != plan->dram;
  for (guint d = 0; d < plan->platform->n_dmas; d++) {
    const HdDma *dma = &plan->platform->dma[d];
    if ((load ? dma->loads : dma->stores) && serves (dma, load ? destination : source))
      return d;
  }
  return HD_NONE;
}

gboolean
plan_way (Plan *plan, HdMemoryId source, HdMemoryId destination, Way *way, GError **error)
{
  guint dma = choose_dma (plan, source, destination);
  if (dma == HD_NONE) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "no DMA engine moves data from memory \"%s\" to \"%s\"", plan->platform->memory[source].id, plan->platform->memory[destination].id);
    return FALSE;
  }
  way->queue = queue_for_dma (plan, dma);
  gint64 key = (gint64) ((guint64) source << 32 | destination);
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (plan->routes, &key));
  if (known == 0) {
    HdRoute route;
    if (!hd_platform_route (plan->platform, source, &destination, 1, &route, error))
      return FALSE;
    known = hd_schedule_builder_route (plan->builder, &route) + 1;
    hd_route_clear (&route);
    g_hash_table_insert (plan->routes, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (known));
  }
  way->route = known - 1;
  return TRUE;
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

/* A load may be issued for the next `prefetch` nodes of the core only, when the mapping says so. */
static void
gate_prefetch (Plan *plan)
{
  guint limit = plan->mapping->dram.prefetch;
  HdCoreId core = plan->graph->core[plan->order[plan->step]];
  GArray *done = g_array_index (plan->core_nodes, GArray *, core);
  if (limit == 0 || done->len < limit)
    return;
  HdQueueId queue;
  plan_queue_for_core (plan, core, &queue);
  plan_gate (plan, g_array_index (done, HdTaskId, done->len - limit), queue);
}

/* Writes @box of an instance to DRAM. With @copy that is an instance too, from which the item can be fetched again. */
gboolean
plan_store (Plan *plan, guint32 index, const HdBox *box, guint64 bits, guint32 *copy, GError **error)
{
  Instance source = *plan_instance (plan, index);
  Way way;
  if (!plan_way (plan, source.memory, plan->dram, &way, error) || !plan_allocate (plan, plan->dram, bits, source.item, error))
    return FALSE;
  HdTaskId task = make_transfer (plan, &way, bits);
  hd_schedule_builder_use (plan->builder, task, source.piece);
  plan_add_user (plan, index, task, way.queue);
  HdPieceId piece = hd_schedule_builder_piece (plan->builder, plan->dram, bits, task, plan_item_tensor (plan, source.item), box);
  if (copy != NULL)
    *copy = plan_add_instance (plan, source.item, plan->dram, piece, bits, task, way.queue);
  return TRUE;
}

/* Sees that every node that makes a part of the item has its output in DRAM; @sources gets those copies. */
static gboolean
sources_in_dram (Plan *plan, guint32 item, GArray *sources, GError **error)
{
  guint32 piece = item - plan->tiling->n_nodes;
  for (guint64 k = plan->producer_begin[piece]; k < plan->producer_begin[piece + 1]; k++) {
    guint32 from = g_array_index (plan->producers, guint32, k);
    guint32 copy = plan_find_instance (plan, from, plan->dram);
    if (copy == HD_NONE) {
      HdBox box = plan_item_box (plan, from);
      guint32 here = plan->first_instance[from];
      if (!plan_store (plan, here, &box, plan_instance (plan, here)->bits, &copy, error))
        return FALSE;
    }
    g_array_append_val (sources, copy);
  }
  return TRUE;
}

/* Where a node's output can be copied from: another on-chip memory first, else DRAM. What is here already and yet wanted again comes from DRAM. */
static guint32
best_source (Plan *plan, guint32 item, HdMemoryId destination)
{
  guint32 in_dram = plan_find_instance (plan, item, plan->dram);
  if (plan->refetched[item] && in_dram != HD_NONE && plan_find_instance (plan, item, destination) != HD_NONE)
    return in_dram;
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = plan_instance (plan, i)->next)
    if (plan_instance (plan, i)->memory != plan->dram)
      return i;
  return in_dram;
}

/* The transfer of @bits of the item into @memory, where room has been made. Sets the task and its queue. */
static gboolean
transfer_into (Plan *plan, guint32 item, HdMemoryId memory, guint32 source, GArray *sources, guint64 bits, HdTaskId *task, HdQueueId *queue, GError **error)
{
  Way way;
  HdMemoryId from = source != HD_NONE ? plan_instance (plan, source)->memory : plan->dram;
  if (!plan_way (plan, from, memory, &way, error))
    return FALSE;
  gate_prefetch (plan);
  *task = make_transfer (plan, &way, bits);
  *queue = way.queue;
  if (source != HD_NONE) {
    hd_schedule_builder_use (plan->builder, *task, plan_instance (plan, source)->piece);
    plan_add_user (plan, source, *task, way.queue);
  } else if (sources->len == 0) {
    hd_schedule_builder_use (plan->builder, *task, plan->tensor_piece[plan_item_tensor (plan, item)]);
  }
  for (guint i = 0; i < sources->len; i++) {
    guint32 copy = g_array_index (sources, guint32, i);
    hd_schedule_builder_use (plan->builder, *task, plan_instance (plan, copy)->piece);
    plan_add_user (plan, copy, *task, way.queue);
  }
  return TRUE;
}

/* Finds what an item is copied from, and sees that it stays there while room is made. */
static gboolean
find_source (Plan *plan, guint32 item, HdMemoryId destination, guint32 *source, GArray *sources, GError **error)
{
  *source = HD_NONE;
  if (plan_item_is_node (plan, item)) {
    *source = best_source (plan, item, destination);
    plan_instance (plan, *source)->pinned = plan->step;
    return TRUE;
  }
  if (plan->workload->tensors[plan_item_tensor (plan, item)].producer == HD_NONE)
    return TRUE;
  return sources_in_dram (plan, item, sources, error);
}

gboolean
plan_fetch_item (Plan *plan, guint32 item, HdMemoryId memory, guint32 *instance, GError **error)
{
  g_autoptr (GArray) sources = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint64 bits = plan_item_bits (plan, item);
  HdBox box = plan_item_box (plan, item);
  HdTaskId task;
  HdQueueId queue;
  guint32 source;
  if (!find_source (plan, item, memory, &source, sources, error) || !plan_allocate (plan, memory, bits, item, error)
      || !transfer_into (plan, item, memory, source, sources, bits, &task, &queue, error))
    return FALSE;
  HdPieceId piece = hd_schedule_builder_piece (plan->builder, memory, bits, task, plan_item_tensor (plan, item), &box);
  *instance = plan_add_instance (plan, item, memory, piece, bits, task, queue);
  return TRUE;
}

gboolean
plan_fetch_private (Plan *plan, guint32 item, HdMemoryId memory, const HdBox *box, guint64 bits, GError **error)
{
  g_autoptr (GArray) sources = g_array_new (FALSE, FALSE, sizeof (guint32));
  HdTaskId task;
  HdQueueId queue;
  guint32 source;
  if (!find_source (plan, item, memory, &source, sources, error) || !plan_allocate (plan, memory, bits, item, error)
      || !transfer_into (plan, item, memory, source, sources, bits, &task, &queue, error))
    return FALSE;
  HdPieceId piece = hd_schedule_builder_piece (plan->builder, memory, bits, task, plan_item_tensor (plan, item), box);
  g_array_append_vals (plan->privates, &(PrivatePiece) { piece, memory, bits }, 1);
  return TRUE;
}
