/* The planner: goes through the nodes in order and writes down what must happen for each.
 *
 * For a node: what it reads is brought to where its core reads it (fetched, unless it is there), room is made for its output, it is computed, and what nobody will read
 * again is released. Transfers stand in the queues in the order of the plan, but each waits only for what it really needs (its source, and the bits it takes: space.c), so in the run
 * loads go ahead as early as space allows. doc/passes.md tells why no plan deadlocks.
 */
#include "config.h"
#include <heddle/passes.h>

#include "passes/plan.h"

#include <string.h>

/* --- what a node reads -------------------------------------------------------------------------------- */

static HdBox
overlap_box (Plan *plan, HdNodeId node, guint operand, guint32 item)
{
  HdBox reads = hd_tiling_node_reads (plan->tiling, node, operand), box = plan_item_box (plan, item);
  return hd_box_intersect (&reads, &box);
}

static void
note_use (Plan *plan, guint32 instance)
{
  plan_instance (plan, instance)->pinned = plan->step;
  g_array_append_val (plan->uses, instance);
}

/* Where a core computes straight out of DRAM, nothing is brought. */
static void
use_in_dram (Plan *plan, guint32 item)
{
  guint32 instance = plan_find_instance (plan, item, plan->dram);
  if (instance != HD_NONE)
    note_use (plan, instance);
  else
    g_array_append_val (plan->resident_uses, plan->tensor_piece[plan_item_tensor (plan, item)]);
}

/* Brings what the node reads of an item to @memory: the whole item when its readers want all of it anyway, else just this node's part. */
static gboolean
bring_item (Plan *plan, HdNodeId node, const HdDependency *d, guint32 item, HdMemoryId memory, GError **error)
{
  if (memory == plan->dram) {
    use_in_dram (plan, item);
    return TRUE;
  }
  guint32 instance = plan_find_instance (plan, item, memory);
  if (instance == HD_NONE && plan_item_is_node (plan, item) && !(d->flags & HD_DEPENDENCY_PARTIAL) && plan->wanted_bits[item] < plan_item_bits (plan, item)) {
    HdBox box = overlap_box (plan, node, d->operand, item);
    return plan_fetch_private (plan, item, memory, &box, hd_dependency_bits (d), error);
  }
  if (instance == HD_NONE && !plan_fetch_item (plan, item, memory, &instance, error))
    return FALSE;
  note_use (plan, instance);
  return TRUE;
}

/* Fetches this node's part from DRAM, though it was here before: the mapping wants it so. */
static gboolean
bring_again (Plan *plan, HdNodeId node, const HdDependency *d, guint32 item, HdMemoryId memory, GError **error)
{
  if (memory == plan->dram) {
    use_in_dram (plan, item);
    return TRUE;
  }
  HdBox box = overlap_box (plan, node, d->operand, item);
  return plan_fetch_private (plan, item, memory, &box, hd_dependency_bits (d), error);
}

static gboolean
is_near (const Plan *plan, guint32 item, HdMemoryId memory)
{
  if (plan_find_instance (plan, item, memory) != HD_NONE)
    return TRUE;
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = g_array_index (plan->instances, Instance, i).next)
    if (g_array_index (plan->instances, Instance, i).memory != plan->dram)
      return TRUE;
  return FALSE;
}

/* Whether all that other stacks made for this operand is still on the chip, here or in another memory. */
static gboolean
all_near (Plan *plan, const HdDependency *d, guint64 n, guint operand, HdMemoryId memory)
{
  gboolean any = FALSE;
  for (guint64 i = 0; i < n; i++)
    if (d[i].operand == operand && (d[i].flags & HD_DEPENDENCY_EXTERNAL)) {
      any = TRUE;
      if (!is_near (plan, d[i].from, memory))
        return FALSE;
    }
  return any;
}

/* What another stack made and is still on the chip. From another memory only the node's part comes, unless that is all of it. */
static gboolean
bring_kept (Plan *plan, HdNodeId node, const HdDependency *d, HdMemoryId memory, GError **error)
{
  guint32 instance = plan_find_instance (plan, d->from, memory);
  if (instance == HD_NONE && hd_dependency_bits (d) < plan_item_bits (plan, d->from)) {
    HdBox box = overlap_box (plan, node, d->operand, d->from);
    return plan_fetch_private (plan, d->from, memory, &box, hd_dependency_bits (d), error);
  }
  if (instance == HD_NONE && !plan_fetch_item (plan, d->from, memory, &instance, error))
    return FALSE;
  note_use (plan, instance);
  return TRUE;
}

static gboolean
bring_dependencies (Plan *plan, HdNodeId node, HdCoreId core, const HdLayer *layer, guint64 kept, GError **error)
{
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    HdMemoryId memory = plan_operand_memory (plan, core, layer, d[i].operand);
    if (d[i].flags & HD_DEPENDENCY_EXTERNAL) {
      if ((kept >> d[i].operand & 1) && !bring_kept (plan, node, &d[i], memory, error))
        return FALSE;
      continue;
    }
    if (!((d[i].flags & HD_DEPENDENCY_REFETCH) ? bring_again : bring_item) (plan, node, &d[i], d[i].from, memory, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
bring_reads (Plan *plan, HdNodeId node, HdCoreId core, const HdLayer *layer, guint64 kept, GError **error)
{
  guint64 n;
  const HdDependency *d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    HdMemoryId memory = plan_operand_memory (plan, core, layer, d[i].operand);
    if (kept >> d[i].operand & 1)
      continue;
    if (!((d[i].flags & HD_DEPENDENCY_REFETCH) ? bring_again : bring_item) (plan, node, &d[i], plan_item_of_read (plan, &d[i]), memory, error))
      return FALSE;
  }
  return TRUE;
}

/* Nothing else that this node brings may push it out, wherever it is. */
static void
pin_all (Plan *plan, guint32 item)
{
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = plan_instance (plan, i)->next)
    plan_instance (plan, i)->pinned = plan->step;
}

/* Bit o: operand o, made by another stack, comes from where it was kept, not by way of DRAM. */
static guint64
kept_operands (Plan *plan, HdNodeId node, HdCoreId core, const HdLayer *layer)
{
  guint64 n, kept = 0;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint o = 0; o + 1 < layer->n_operands; o++)
    if (all_near (plan, d, n, o, plan_operand_memory (plan, core, layer, o)))
      kept |= (guint64) 1 << o;
  for (guint64 i = 0; i < n; i++)
    if ((d[i].flags & HD_DEPENDENCY_EXTERNAL) && (kept >> d[i].operand & 1))
      pin_all (plan, d[i].from);
  return kept;
}

/* What is here already must not be pushed out by what is brought first. */
static void
pin_present (Plan *plan, HdNodeId node, HdCoreId core, const HdLayer *layer)
{
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    guint32 here = d[i].flags & (HD_DEPENDENCY_EXTERNAL | HD_DEPENDENCY_REFETCH) ? HD_NONE : plan_find_instance (plan, d[i].from, plan_operand_memory (plan, core, layer, d[i].operand));
    if (here != HD_NONE)
      plan_instance (plan, here)->pinned = plan->step;
  }
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    guint32 here = plan_find_instance (plan, plan_item_of_read (plan, &d[i]), plan_operand_memory (plan, core, layer, d[i].operand));
    if (here != HD_NONE && !(d[i].flags & HD_DEPENDENCY_REFETCH))
      plan_instance (plan, here)->pinned = plan->step;
  }
}

/* --- the node itself -------------------------------------------------------------------------------------- */

static guint32
node_cost (Plan *plan, HdNodeId node)
{
  guint32 *row = &plan->cost_row[plan->graph->cost_of[node]];
  if (*row == HD_NONE)
    *row = hd_schedule_builder_cost (plan->builder, graph_cost (plan->graph, node));
  return *row;
}

static HdTaskId
make_compute (Plan *plan, HdNodeId node, HdLayerId layer, HdQueueId queue, gboolean gated)
{
  HdTaskId task = hd_schedule_builder_compute (plan->builder, queue, node_cost (plan, node), layer, node, plan->graph->weight_key[node]);
  for (guint i = 0; gated && i < plan->gates->len; i++)
    if (g_array_index (plan->gates, User, i).queue != queue)
      hd_schedule_builder_after (plan->builder, task, g_array_index (plan->gates, User, i).task);
  g_array_set_size (plan->gates, 0);
  for (guint i = 0; i < plan->uses->len; i++) {
    guint32 instance = g_array_index (plan->uses, guint32, i);
    hd_schedule_builder_use (plan->builder, task, plan_instance (plan, instance)->piece);
    plan_add_user (plan, instance, task, queue);
  }
  for (guint i = 0; i < plan->resident_uses->len; i++)
    hd_schedule_builder_use (plan->builder, task, g_array_index (plan->resident_uses, HdPieceId, i));
  for (guint i = 0; i < plan->privates->len; i++) {
    PrivatePiece *private = &g_array_index (plan->privates, PrivatePiece, i);
    hd_schedule_builder_use (plan->builder, task, private->piece);
    hd_schedule_builder_release (plan->builder, private->piece, task);
    plan_free_bits (plan, private->memory, private->bits, task, queue);
  }
  return task;
}

/* What the node adds to an output of the network goes to its place in DRAM. */
static gboolean
write_output (Plan *plan, HdNodeId node, guint32 instance, HdTensorId tensor, GError **error)
{
  HdBox whole = plan_item_box (plan, node), new = hd_tiling_node_new_output (plan->tiling, node);
  guint32 copy;
  if (hd_box_is_empty (&new))
    return TRUE;
  if (!hd_box_equal (&whole, &new))
    return plan_store (plan, instance, &new, hd_box_volume (&new) * plan->workload->tensors[tensor].bits, NULL, error);
  if (!plan_store (plan, instance, &whole, plan_instance (plan, instance)->bits, &copy, error))
    return FALSE;
  plan_instance (plan, copy)->permanent = TRUE;
  return TRUE;
}

/* The network's outputs go to DRAM at once, and so does what somebody wants from there again. */
static gboolean
write_back (Plan *plan, HdNodeId node, guint32 instance, HdTensorId tensor, GError **error)
{
  gboolean output = plan->workload->tensors[tensor].kind == HD_TENSOR_OUTPUT && hd_tiling_node_is_final (plan->tiling, node);
  guint32 copy;
  if (plan_instance (plan, instance)->memory == plan->dram) {
    plan_instance (plan, instance)->permanent = output;
    return TRUE;
  }
  if (output && !write_output (plan, node, instance, tensor, error))
    return FALSE;
  if (!plan->refetched[node] || plan_find_instance (plan, node, plan->dram) != HD_NONE)
    return TRUE;
  HdBox whole = plan_item_box (plan, node);
  return plan_store (plan, instance, &whole, plan_instance (plan, instance)->bits, &copy, error);
}

/* One reader less for everything the node read, and for what that is put together from. */
static void
count_down (Plan *plan, HdNodeId node)
{
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    plan->remaining[d[i].from]--;
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    plan->remaining[plan_item_of_read (plan, &d[i])]--;
    for (guint64 k = plan->producer_begin[d[i].from]; k < plan->producer_begin[d[i].from + 1]; k++)
      plan->remaining[g_array_index (plan->producers, guint32, k)]--;
  }
}

/* What nobody reads any more goes. */
static void
settle_all (Plan *plan, HdNodeId node)
{
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    plan_settle (plan, d[i].from);
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    plan_settle (plan, plan_item_of_read (plan, &d[i]));
    for (guint64 k = plan->producer_begin[d[i].from]; k < plan->producer_begin[d[i].from + 1]; k++)
      plan_settle (plan, g_array_index (plan->producers, guint32, k));
  }
  plan_settle (plan, node);
}

static gboolean
plan_node (Plan *plan, GError **error)
{
  HdNodeId node = plan->order[plan->step];
  HdLayerId l = plan->graph->layer[node];
  const HdLayer *layer = &plan->workload->layers[l];
  HdCoreId core = plan->graph->core[node];
  HdMemoryId memory = plan_operand_memory (plan, core, layer, layer->n_operands - 1);
  guint64 bits = hd_tiling_node_output_bits (plan->tiling, node), kept = kept_operands (plan, node, core, layer);
  HdQueueId queue;
  g_array_set_size (plan->uses, 0);
  g_array_set_size (plan->privates, 0);
  g_array_set_size (plan->resident_uses, 0);
  pin_present (plan, node, core, layer);
  if (!bring_dependencies (plan, node, core, layer, kept, error) || !bring_reads (plan, node, core, layer, kept, error)
      || !plan_queue_for_core (plan, core, &queue) || !plan_allocate (plan, memory, bits, node, error))
    return FALSE;
  HdTaskId task = make_compute (plan, node, l, queue, plan->space[memory].gate_computes);
  HdBox box = plan_item_box (plan, node);
  HdTensorId tensor = hd_layer_output (layer)->tensor;
  HdPieceId piece = hd_schedule_builder_piece (plan->builder, memory, bits, task, tensor, &box);
  guint32 instance = plan_add_instance (plan, node, memory, piece, bits, task, queue);
  g_array_append_val (g_array_index (plan->core_nodes, GArray *, core), task);
  if (!write_back (plan, node, instance, tensor, error))
    return FALSE;
  count_down (plan, node);
  settle_all (plan, node);
  return TRUE;
}

/* --- beginning and end ---------------------------------------------------------------------------------------- */

/* A memory in which several cores make pieces cannot rely on the order of one queue. */
static void
find_shared_outputs (Plan *plan)
{
  HdCoreId *only = g_new (HdCoreId, plan->platform->n_memories);
  for (guint m = 0; m < plan->platform->n_memories; m++)
    only[m] = HD_NONE;
  for (guint l = 0; l < plan->workload->n_layers; l++) {
    const HdLayer *layer = &plan->workload->layers[l];
    for (guint c = 0; c < plan->mapping->layer[l].n_cores; c++) {
      HdCoreId core = plan->mapping->layer[l].cores[c];
      HdMemoryId memory = plan_operand_memory (plan, core, layer, layer->n_operands - 1);
      if (memory == HD_NONE)
        continue;
      if (only[memory] != HD_NONE && only[memory] != core)
        plan->space[memory].gate_computes = TRUE;
      only[memory] = core;
    }
  }
  g_free (only);
}

static gboolean
check_operand_memories (Plan *plan, GError **error)
{
  for (guint l = 0; l < plan->workload->n_layers; l++)
    for (guint c = 0; c < plan->mapping->layer[l].n_cores; c++) {
      HdCoreId core = plan->mapping->layer[l].cores[c];
      const HdLayer *layer = &plan->workload->layers[l];
      for (guint o = 0; o < layer->n_operands; o++)
        if (plan_operand_memory (plan, core, layer, o) == HD_NONE) {
          g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core \"%s\" has no memory for the operands of layer \"%s\"", plan->platform->core[core].id, layer->name);
          return FALSE;
        }
    }
  return TRUE;
}

static void
plan_init (Plan *plan)
{
  const HdPlatform *platform = plan->platform;
  plan->instances = g_array_new (FALSE, FALSE, sizeof (Instance));
  plan->users = g_array_new (FALSE, FALSE, sizeof (User));
  plan->set_aside = g_array_new (FALSE, FALSE, sizeof (Victim));
  plan->gates = g_array_new (FALSE, FALSE, sizeof (User));
  plan->uses = g_array_new (FALSE, FALSE, sizeof (guint32));
  plan->privates = g_array_new (FALSE, FALSE, sizeof (PrivatePiece));
  plan->resident_uses = g_array_new (FALSE, FALSE, sizeof (HdPieceId));
  plan->routes = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  plan->free_instance = HD_NONE;
  plan->core_queue = g_new (HdQueueId, platform->n_cores);
  plan->dma_queue = g_new (HdQueueId, platform->n_dmas + 1);
  memset (plan->core_queue, 0xff, platform->n_cores * sizeof *plan->core_queue);
  memset (plan->dma_queue, 0xff, (platform->n_dmas + 1) * sizeof *plan->dma_queue);
  plan->core_nodes = g_array_new (FALSE, FALSE, sizeof (GArray *));
  for (guint c = 0; c < platform->n_cores; c++) {
    GArray *nodes = g_array_new (FALSE, FALSE, sizeof (HdTaskId));
    g_array_append_val (plan->core_nodes, nodes);
  }
  plan->space = g_new0 (Space, platform->n_memories);
  for (guint m = 0; m < platform->n_memories; m++) {
    plan->space[m].victims = g_array_new (FALSE, FALSE, sizeof (Victim));
    g_queue_init (&plan->space[m].tokens);
    plan_give_bits (plan, m, platform->memory[m].capacity_bits);
  }
  plan->cost_row = g_new (guint32, plan->graph->cost->len + 1);
  memset (plan->cost_row, 0xff, plan->graph->cost->len * sizeof *plan->cost_row);
  plan->tensor_piece = g_new (HdPieceId, plan->workload->n_tensors);
  for (guint t = 0; t < plan->workload->n_tensors; t++) {
    plan->tensor_piece[t] = HD_NONE;
    hd_schedule_builder_tensor (plan->builder, plan->workload->tensors[t].name);
  }
  for (guint l = 0; l < plan->workload->n_layers; l++)
    hd_schedule_builder_layer (plan->builder, plan->workload->layers[l].name);
  find_shared_outputs (plan);
}

static void
plan_clear (Plan *plan)
{
  for (guint m = 0; m < plan->platform->n_memories; m++) {
    g_array_unref (plan->space[m].victims);
    g_queue_clear_full (&plan->space[m].tokens, g_free);
  }
  for (guint c = 0; c < plan->platform->n_cores; c++)
    g_array_unref (g_array_index (plan->core_nodes, GArray *, c));
  g_free (plan->space);
  g_array_unref (plan->core_nodes);
  g_array_unref (plan->instances);
  g_array_unref (plan->users);
  g_array_unref (plan->set_aside);
  g_array_unref (plan->gates);
  g_array_unref (plan->uses);
  g_array_unref (plan->privates);
  g_array_unref (plan->resident_uses);
  g_hash_table_unref (plan->routes);
  g_free (plan->core_queue);
  g_free (plan->dma_queue);
  g_free (plan->queue_outstanding);
  g_free (plan->piece_item);
  g_free (plan->producer_begin);
  g_clear_pointer (&plan->producers, g_array_unref);
  g_free (plan->consumer_begin);
  g_free (plan->consumer);
  g_free (plan->remaining);
  g_free (plan->wanted_bits);
  g_free (plan->refetched);
  g_free (plan->first_instance);
  g_free (plan->tensor_piece);
  g_free (plan->cost_row);
  hd_schedule_builder_free (plan->builder);
}

/* What is in DRAM at the beginning: inputs and weights, each whole. That there is room has been seen to. */
static void
place_residents (Plan *plan)
{
  for (guint t = 0; t < plan->workload->n_tensors; t++) {
    const HdTensor *tensor = &plan->workload->tensors[t];
    if (tensor->producer != HD_NONE || tensor->n_consumers == 0)
      continue;
    plan_take_bits (plan, plan->dram, tensor->total_bits);
    HdBox whole = hd_tensor_whole_box (tensor);
    plan->tensor_piece[t] = hd_schedule_builder_piece (plan->builder, plan->dram, tensor->total_bits, HD_NONE, t, &whole);
  }
}

static gboolean
plan_all (Plan *plan, GError **error)
{
  if (!hd_pass_check_dram (plan->tiling->mapping, error) || !check_operand_memories (plan, error) || !plan_items_build (plan, error))
    return FALSE;
  place_residents (plan);
  for (plan->step = 0; plan->step < plan->tiling->n_nodes; plan->step++)
    if (!plan_node (plan, error))
      return FALSE;
  return TRUE;
}

HdSchedule *
plan_run (const Graph *graph, const HdNodeId *order, const char *pass, gboolean draft, GError **error)
{
  const HdTiling *tiling = graph->tiling;
  Plan plan = { .graph = graph, .tiling = tiling, .mapping = tiling->mapping, .workload = tiling->workload, .platform = tiling->mapping->platform, .order = order };
  plan.builder = hd_schedule_builder_new (plan.platform);
  plan.dram = plan.mapping->dram.memory;
  if (draft) {
    hd_schedule_builder_set_draft (plan.builder, pass);
  } else {
    g_autofree char *workload = hd_workload_to_xml (tiling->workload), *mapping = hd_mapping_to_xml (tiling->mapping);
    hd_schedule_builder_set_source (plan.builder, pass, workload, mapping);
  }
  plan_init (&plan);
  HdSchedule *schedule = plan_all (&plan, error) ? hd_schedule_builder_finish (plan.builder, error) : NULL;
  plan_clear (&plan);
  return schedule;
}
