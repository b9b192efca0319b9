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
  for (guint i = 0; i < plan->gates->len; i++)
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

/* --- what is done with ------------------------------------------------------------------------------------- */

static void
count_down (Plan *plan, guint32 item)
{
  if (--plan->remaining[item] == 0)
    plan_free_item (plan, item);
}

/* One reader less for everything the node read. What nobody reads any more goes; what is read again has another next use. */
static void
release_inputs (Plan *plan, HdNodeId node)
{
  guint64 n;
  for (guint i = 0; i < plan->uses->len; i++)
    plan_settle (plan, g_array_index (plan->uses, guint32, i));
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    count_down (plan, d[i].from);
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    count_down (plan, plan_item_of_read (plan, &d[i]));
    for (guint64 k = plan->producer_begin[d[i].from]; k < plan->producer_begin[d[i].from + 1]; k++)
      count_down (plan, g_array_index (plan->producers, guint32, k));
  }
}

/* --- one step ----------------------------------------------------------------------------------------------- */

static void
begin_attempt (Plan *plan, gboolean frugal)
{
  plan->attempt++;
  plan->frugal = frugal;
  plan->short_of_room = FALSE;
  g_array_set_size (plan->uses, 0);
  g_array_set_size (plan->resident_uses, 0);
  g_array_set_size (plan->gates, 0);
}

/* Brings what the node reads and makes room for what it makes. What a first attempt brought and has no room for the rest may go again. */
static gboolean
prepare_node (Plan *plan, HdNodeId node, HdMemoryId memory, GError **error)
{
  guint64 bits = graph_output_bits (plan->graph, node);
  begin_attempt (plan, FALSE);
  if (plan_bring_inputs (plan, node, error) && plan_allocate (plan, memory, bits, node, error))
    return TRUE;
  if (!plan->short_of_room)
    return FALSE;
  g_clear_error (error);
  begin_attempt (plan, TRUE);
  return plan_bring_inputs (plan, node, error) && plan_allocate (plan, memory, bits, node, error);
}

static gboolean
plan_node (Plan *plan, GError **error)
{
  HdNodeId node = plan->order[plan->step];
  const HdLayer *layer = &plan->workload->layers[plan->graph->layer[node]];
  HdCoreId core = plan->graph->core[node];
  HdMemoryId memory = plan_operand_memory (plan, core, layer, layer->n_operands - 1);
  HdQueueId queue = plan_queue_for_core (plan, core);
  if (!prepare_node (plan, node, memory, error))
    return FALSE;
  HdTaskId task = make_compute (plan, node, queue);
  HdBox box = plan_item_box (plan, node);
  HdTensorId tensor = hd_layer_output (layer)->tensor;
  guint64 bits = graph_output_bits (plan->graph, node);
  HdPieceId piece = hd_schedule_builder_piece (plan->builder, memory, bits, task, tensor, &box);
  guint32 instance = plan_add_instance (plan, &(Instance) { .item = node, .memory = memory, .piece = piece, .bits = bits, .part_step = NO_STEP, .pinned = plan->attempt }, task, queue);
  if (plan->mapping->dram.prefetch > 0)
    g_array_append_val (plan->core_nodes[core], task);
  if (!write_back (plan, node, instance, tensor, error))
    return FALSE;
  release_inputs (plan, node);
  if (plan->remaining[node] == 0)
    plan_free_item (plan, node);
  else
    plan_settle (plan, instance);
  return TRUE;
}

/* --- beginning and end ---------------------------------------------------------------------------------------- */

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
init_space (Plan *plan)
{
  const HdPlatform *platform = plan->platform;
  plan->space = g_new0 (Space, platform->n_memories);
  for (guint m = 0; m < platform->n_memories; m++) {
    plan->space[m].load_dma = plan->space[m].store_dma = HD_NONE;
    guint64 spare = plan->spare != NULL ? plan->spare[m] : 0;
    plan_give_token (&plan->space[m].free, platform->memory[m].capacity_bits - spare, HD_NONE);
    plan_give_token (&plan->space[m].lot, spare, HD_NONE);
  }
  for (guint d = platform->n_dmas; d-- > 0;)
    for (guint i = 0; i < platform->dma[d].n_memories; i++) {
      Space *space = &plan->space[platform->dma[d].memories[i]];
      space->load_dma = platform->dma[d].loads ? d : space->load_dma;
      space->store_dma = platform->dma[d].stores ? d : space->store_dma;
    }
}

static guint32 *
new_ids (gsize n)
{
  guint32 *id = g_new (guint32, n + 1);
  memset (id, 0xff, n * sizeof *id);
  return id;
}

static void
init_names (Plan *plan)
{
  plan->tensor_piece = new_ids (plan->workload->n_tensors);
  for (guint t = 0; t < plan->workload->n_tensors; t++)
    hd_schedule_builder_tensor (plan->builder, plan->workload->tensors[t].name);
  for (guint l = 0; l < plan->workload->n_layers; l++)
    hd_schedule_builder_layer (plan->builder, plan->workload->layers[l].name);
}

/* Which of its core's nodes each is. */
static void
number_places (Plan *plan)
{
  g_autofree guint32 *next = g_new0 (guint32, plan->platform->n_cores);
  plan->core_place = g_new (guint32, (gsize) plan->graph->n + 1);
  for (guint32 step = 0; step < plan->graph->n; step++)
    plan->core_place[step] = next[plan->graph->core[plan->order[step]]]++;
}

static void
plan_init (Plan *plan)
{
  const HdPlatform *platform = plan->platform;
  plan->instances = g_array_sized_new (FALSE, FALSE, sizeof (Instance), MIN (plan->graph->n, 65536) + 64);
  plan->users_room = 4 * MIN (plan->graph->n, 65536) + 64;
  plan->user = g_new (User, plan->users_room);
  plan->set_aside = g_array_new (FALSE, FALSE, sizeof (Victim));
  plan->gates = g_array_new (FALSE, FALSE, sizeof (User));
  plan->uses = g_array_new (FALSE, FALSE, sizeof (guint32));
  plan->resident_uses = g_array_new (FALSE, FALSE, sizeof (HdPieceId));
  plan->sources = g_array_new (FALSE, FALSE, sizeof (guint32));
  plan->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  plan->route_hops = g_array_new (FALSE, TRUE, sizeof (guint));
  plan->route_of = g_new0 (guint32 *, platform->n_memories);
  plan->cast_routes = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  plan->free_instance = HD_NONE;
  plan->arrivals = g_new0 (GArray *, platform->n_memories);
  plan->next_arrival = g_new0 (guint, platform->n_memories);
  plan->core_queue = new_ids (platform->n_cores);
  plan->dma_queue = new_ids (platform->n_dmas);
  plan->cost_row = new_ids (plan->graph->cost->len);
  plan->core_nodes = g_new (GArray *, platform->n_cores);
  for (guint c = 0; c < platform->n_cores; c++)
    plan->core_nodes[c] = g_array_new (FALSE, FALSE, sizeof (HdTaskId));
  if (plan->mapping->dram.prefetch > 0)
    number_places (plan);
  init_space (plan);
  init_names (plan);
}

static void
plan_clear (Plan *plan)
{
  for (guint m = 0; m < plan->platform->n_memories; m++) {
    g_free (plan->space[m].victim);
    g_free (plan->space[m].free.token);
    g_free (plan->space[m].lot.token);
    g_clear_pointer (&plan->arrivals[m], g_array_unref);
    g_free (plan->route_of[m]);
  }
  for (guint c = 0; c < plan->platform->n_cores; c++)
    g_array_unref (plan->core_nodes[c]);
  GArray *lists[] = { plan->instances, plan->set_aside, plan->gates, plan->uses, plan->resident_uses, plan->sources, plan->listeners, plan->route_hops };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_array_unref (lists[i]);
  void *arrays[] = { plan->user, plan->space, plan->arrivals, plan->next_arrival, plan->core_nodes, plan->route_of, plan->core_queue, plan->dma_queue, plan->queue_outstanding, plan->piece_item, plan->producer_begin, plan->consumer_begin, plan->consumer,
                     plan->remaining, plan->refetched, plan->first_instance, plan->item_pinned, plan->tensor_piece, plan->cost_row, plan->core_place };
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  g_hash_table_unref (plan->cast_routes);
  g_clear_pointer (&plan->producers, g_array_unref);
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
    plan_take_room (plan, plan->dram, tensor->total_bits);
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
plan_run (const Graph *graph, const HdNodeId *order, const char *pass, gboolean multicast, const guint64 *spare, gboolean draft, GError **error)
{
  const HdTiling *tiling = graph->tiling;
  Plan plan = { .graph = graph, .tiling = tiling, .mapping = tiling->mapping, .workload = tiling->workload, .platform = tiling->mapping->platform, .order = order,
                .multicast = multicast, .spare = spare, .engine_of = HD_NONE };
  plan.builder = hd_schedule_builder_new (plan.platform);
  plan.dram = plan.mapping->dram.memory;
  /* A compute and a transfer or two for a node; of networks with very many nodes, columns grow as they always do. */
  hd_schedule_builder_expect (plan.builder, 5 * MIN ((gsize) graph->n, 1 << 18) / 2 + 64);
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
