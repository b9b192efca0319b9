/* The planner: goes through the nodes in order and writes down what must happen for each.
 *
 * For a node: what it reads is brought to where its core reads it (fetched, unless it is there), room is made for its output, it is computed, and what nobody will read
 * again is released. Transfers stand in the queues in the order of the plan, but each waits only for what it really needs (its source, and the bits it takes: tokens.c), so in the run
 * loads go ahead as early as space allows. doc/passes.md tells why no plan deadlocks.
 */
#include "config.h"
#include <heddle/passes.h>

#include "passes/plan.h"

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
make_compute (Plan *plan, HdNodeId node, HdQueueId queue)
{
  HdTaskId task = hd_schedule_builder_compute (plan->builder, queue, node_cost (plan, node), plan->graph->layer[node], node, plan->graph->weight_key[node]);
  for (guint i = 0; i < plan->gates.n; i++)
    if (plan->gates.at[i].queue != queue)
      hd_schedule_builder_after (plan->builder, task, plan->gates.at[i].task);
  plan_clear_gates (plan);
  for (guint i = 0; i < plan->uses.n; i++) {
    hd_schedule_builder_use (plan->builder, task, plan->instance[plan->uses.at[i]].piece);
    plan_add_user (plan, plan->uses.at[i], task, queue);
  }
  for (guint i = 0; i < plan->resident_uses.n; i++)
    hd_schedule_builder_use (plan->builder, task, plan->resident_uses.at[i]);
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
  if (!plan_store (plan, instance, NULL, plan->instance[instance].bits, &copy, error))
    return FALSE;
  plan->link[copy].permanent = TRUE;
  return TRUE;
}

/* The network's outputs go to DRAM at once, and so does what somebody wants from there again. */
static gboolean
write_back (Plan *plan, HdNodeId node, guint32 instance, HdTensorId tensor, GError **error)
{
  gboolean output = plan->workload->tensors[tensor].kind == HD_TENSOR_OUTPUT && hd_tiling_node_is_final (plan->tiling, node);
  guint32 copy;
  if (plan->link[instance].memory == plan->dram) {
    plan->link[instance].permanent = output;
    return TRUE;
  }
  if (output && !write_output (plan, node, instance, tensor, error))
    return FALSE;
  if (plan_find_lane (plan, node, plan->dram) == HD_NONE || plan_find_instance (plan, node, plan->dram) != HD_NONE)
    return TRUE;
  return plan_store (plan, instance, NULL, plan->instance[instance].bits, &copy, error);
}

/* --- what is done with ------------------------------------------------------------------------------------- */

static void
count_down (Plan *plan, guint32 item)
{
  if (--plan->item[item].remaining == 0)
    plan_free_item (plan, item);
}

/* What the node read, it has read. */
static void
pass_uses (Plan *plan, HdNodeId node)
{
  const Graph *graph = plan->graph;
  const HdTiling *t = plan->tiling;
  for (guint64 i = t->dependency_begin[node]; i < t->dependency_begin[node + 1]; i++)
    plan_pass_readers (plan, &plan->lane[graph->lane_of[i]]);
  for (guint64 i = t->read_begin[node]; i < t->read_begin[node + 1]; i++) {
    guint32 piece = t->read[i].from;
    plan_pass_readers (plan, &plan->lane[graph->lane_of[graph->n_dependencies + i]]);
    for (guint32 k = graph->producer_begin[piece]; k < graph->producer_begin[piece + 1]; k++)
      plan_pass_readers (plan, &plan->lane[graph->item[g_array_index (graph->producers, guint32, k) + 1].first_lane - 1]);
  }
}

/* One reader less for everything the node read. What nobody reads any more goes; what is read again has another next use. */
static void
release_inputs (Plan *plan, HdNodeId node)
{
  const Graph *graph = plan->graph;
  guint64 n;
  pass_uses (plan, node);
  for (guint i = 0; i < plan->uses.n; i++)
    plan_settle (plan, plan->uses.at[i]);
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    count_down (plan, d[i].from);
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    count_down (plan, plan_item_of_read (plan, &d[i]));
    for (guint32 k = graph->producer_begin[d[i].from]; k < graph->producer_begin[d[i].from + 1]; k++)
      count_down (plan, g_array_index (graph->producers, guint32, k));
  }
}

/* --- one step ----------------------------------------------------------------------------------------------- */

static void
begin_attempt (Plan *plan, gboolean frugal)
{
  plan->attempt++;
  plan->frugal = frugal;
  plan->short_of_room = FALSE;
  plan->uses.n = plan->resident_uses.n = 0;
  plan_clear_gates (plan);
}

/* Brings what the node reads and makes room for what it makes. What a first attempt brought and has no room for the rest may go again. */
static gboolean
prepare_node (Plan *plan, HdNodeId node, HdMemoryId memory, GError **error)
{
  guint64 bits = plan_item_bits (plan, node);
  begin_attempt (plan, FALSE);
  if (plan_bring_inputs (plan, node, error) && plan_allocate (plan, memory, bits, node, error))
    return TRUE;
  if (!plan->short_of_room)
    return FALSE;
  g_clear_error (error);
  begin_attempt (plan, TRUE);
  return plan_bring_inputs (plan, node, error) && plan_allocate (plan, memory, bits, node, error);
}

/* The node's output comes to be. */
static guint32
add_output (Plan *plan, HdNodeId node, HdTaskId task, HdMemoryId memory, HdQueueId queue)
{
  guint64 bits = plan_item_bits (plan, node);
  HdTensorId tensor = plan_item_tensor (plan, node);
  HdPieceId piece;
  if (plan->draft) {
    piece = hd_schedule_builder_piece (plan->builder, memory, bits, task, tensor, NULL);
  } else {
    HdBox box = plan_item_box (plan, node);
    piece = hd_schedule_builder_piece (plan->builder, memory, bits, task, tensor, &box);
  }
  return plan_add_instance (plan, &(Instance) { .item = node, .piece = piece, .bits = bits, .lane = plan_find_lane (plan, node, memory), .pinned = plan->attempt },
                            &(Link) { .memory = memory, .part_step = NO_STEP }, task, queue);
}

static gboolean
plan_node (Plan *plan, GError **error)
{
  HdNodeId node = plan->order[plan->step];
  const HdLayer *layer = &plan->workload->layers[plan->graph->layer[node]];
  HdCoreId core = plan->graph->core[node];
  HdMemoryId memory = graph_operand_memory (plan->graph, core, layer, layer->n_operands - 1);
  HdQueueId queue = plan_queue_for_core (plan, core);
  if (!prepare_node (plan, node, memory, error))
    return FALSE;
  HdTaskId task = make_compute (plan, node, queue);
  guint32 instance = add_output (plan, node, task, memory, queue);
  if (plan->core_nodes != NULL)
    g_array_append_val (plan->core_nodes[core], task);
  if (!write_back (plan, node, instance, hd_layer_output (layer)->tensor, error))
    return FALSE;
  release_inputs (plan, node);
  if (plan->item[node].remaining == 0)
    plan_free_item (plan, node);
  else
    plan_settle (plan, instance);
  return TRUE;
}

/* --- all of them ----------------------------------------------------------------------------------------------- */

/* What is in DRAM at the beginning: inputs and weights, each whole. That there is room has been seen to. */
static void
place_residents (Plan *plan)
{
  for (guint t = 0; t < plan->workload->n_tensors; t++) {
    const HdTensor *tensor = &plan->workload->tensors[t];
    if (tensor->producer != HD_NONE || tensor->n_consumers == 0)
      continue;
    plan_take_room (plan, plan->dram, tensor->total_bits);
    HdBox whole = hd_tensor_whole_box (tensor);
    plan->tensor_piece[t] = hd_schedule_builder_piece (plan->builder, plan->dram, tensor->total_bits, HD_NONE, t, &whole);
  }
}

static gboolean
plan_all (Plan *plan, GError **error)
{
  if (!plan_line_up (plan, error))
    return FALSE;
  place_residents (plan);
  for (plan->step = 0; plan->step < plan->graph->n; plan->step++)
    if (!plan_node (plan, error))
      return FALSE;
  return TRUE;
}

HdSchedule *
plan_run (Graph *graph, const HdNodeId *order, const char *pass, gboolean multicast, const guint64 *spare, gboolean draft, GError **error)
{
  const HdTiling *tiling = graph->tiling;
  Plan plan = { .graph = graph, .tiling = tiling, .mapping = tiling->mapping, .workload = tiling->workload, .platform = tiling->mapping->platform, .order = order,
                .multicast = multicast, .spare = spare, .draft = draft, .engine_of = HD_NONE };
  plan_init (&plan, pass);
  HdSchedule *schedule = plan_all (&plan, error) ? hd_schedule_builder_finish (plan.builder, error) : NULL;
  plan_clear (&plan);
  return schedule;
}
