/* What a node reads is brought to where its core reads it, unless it is there.
 *
 * The whole item comes when the readers in that memory want as much of it anyway: what windows share is fetched once. Else only the part that this node reads, for this node alone.
 * Where the room does not do for that, a node is planned again, frugally: parts only.
 */
#include "config.h"
#include "passes/plan.h"

/* Where the node's core reads what it depends on. */
static inline HdMemoryId
operand_memory (const Plan *plan, HdNodeId node, const HdDependency *d)
{
  const Graph *graph = plan->graph;
  return graph_operand_memory (graph, graph->core[node], &plan->workload->layers[graph->layer[node]], d->operand);
}

HdBox
plan_overlap_box (const Plan *plan, HdNodeId node, guint operand, guint32 item)
{
  const HdMappingLayer *mapped = plan->mapping->layer;
  HdBox reads = hd_tiling_node_reads (plan->tiling, node, operand);
  /* Of what is computed several times, other stacks read the first version. */
  gboolean first = plan_item_is_node (plan, item) && mapped[plan->graph->layer[item]].stack != mapped[plan->graph->layer[node]].stack;
  HdBox box = first ? hd_tiling_node_new_output (plan->tiling, item) : plan_item_box (plan, item);
  return hd_box_intersect (&reads, &box);
}

static void
note_use (Plan *plan, guint32 instance)
{
  plan->instance[instance].pinned = plan->attempt;
  APPEND (&plan->uses, instance);
}

/* Where a core computes straight out of DRAM, nothing is brought. */
static void
use_in_dram (Plan *plan, guint32 item)
{
  guint32 instance = plan_find_instance (plan, item, plan->dram);
  if (instance != HD_NONE)
    note_use (plan, instance);
  else
    APPEND (&plan->resident_uses, plan->tensor_piece[plan_item_tensor (plan, item)]);
}

/* --- from where ------------------------------------------------------------------------------------------ */

/* The copy from which the way is shortest, one on the chip before one in DRAM; HD_NONE: there is none with a way. */
static guint32
nearest_copy (Plan *plan, guint32 item, HdMemoryId destination)
{
  const guint32 *hops = plan_hops (plan, destination);
  guint32 nearest = HD_NONE, in_dram = HD_NONE, fewest = G_MAXUINT32;
  for (guint32 i = plan->item[item].first_instance; i != HD_NONE; i = plan->link[i].next) {
    HdMemoryId memory = plan->link[i].memory;
    if (plan->link[i].part_step != NO_STEP || memory == destination)
      continue;
    if (memory == plan->dram) {
      in_dram = i;
    } else if (hops[memory] < fewest) {
      nearest = i;
      fewest = hops[memory];
    }
  }
  return nearest != HD_NONE ? nearest : in_dram;
}

/* A copy of all of a node's output, on the chip if there is one; HD_NONE: it has not been made yet. */
static guint32
any_copy (const Plan *plan, guint32 item)
{
  guint32 found = HD_NONE;
  for (guint32 i = plan->item[item].first_instance; i != HD_NONE; i = plan->link[i].next) {
    if (plan->link[i].part_step != NO_STEP)
      continue;
    found = i;
    if (plan->link[i].memory != plan->dram)
      break;
  }
  return found;
}

static void
add_source (Plan *plan, guint32 instance)
{
  plan->instance[instance].pinned = plan->attempt;
  APPEND (&plan->sources, instance);
}

/* Adds the copy of a node's output in DRAM; if there is none, it is written. */
static gboolean
add_source_in_dram (Plan *plan, guint32 item, GError **error)
{
  guint32 copy = plan_find_instance (plan, item, plan->dram);
  if (copy == HD_NONE) {
    guint32 here = any_copy (plan, item);
    if (!plan_store (plan, here, NULL, plan->instance[here].bits, &copy, error))
      return FALSE;
  }
  add_source (plan, copy);
  return TRUE;
}

/* Finds what an item is copied from, and sees that it stays there while room is made. */
static gboolean
find_sources (Plan *plan, guint32 item, HdMemoryId destination, gboolean again, GError **error)
{
  plan->sources.n = 0;
  guint32 nearest = again ? plan_find_instance (plan, item, plan->dram) : nearest_copy (plan, item, destination);
  if (nearest != HD_NONE) {
    add_source (plan, nearest);
    return TRUE;
  }
  if (plan_item_is_node (plan, item))
    return add_source_in_dram (plan, item, error);
  guint32 piece = item - plan->graph->n;
  for (guint32 k = plan->graph->producer_begin[piece]; k < plan->graph->producer_begin[piece + 1]; k++)
    if (!add_source_in_dram (plan, g_array_index (plan->graph->producers, guint32, k), error))
      return FALSE;
  return TRUE;
}

/* --- bringing ---------------------------------------------------------------------------------------------- */

/* Whoever leaves to make room has sources and listeners of its own. */
static gboolean
make_room (Plan *plan, HdMemoryId memory, guint64 bits, guint32 item, GError **error)
{
  if (plan_has_room (plan, memory, bits)) {
    plan_take_room (plan, memory, bits);
    return TRUE;
  }
  Ids sources = plan->sources;
  plan->sources = (Ids) { 0 };
  gboolean room = plan_allocate (plan, memory, bits, item, error);
  g_free (plan->sources.at);
  plan->sources = sources;
  return room;
}

/* What is brought, for whom. */
typedef struct {
  HdNodeId node;
  const HdDependency *d;   /* what the node reads */
  guint32 item;
  HdMemoryId memory;       /* where the core reads it */
  guint32 lane;            /* of the item in that memory; HD_NONE: it is counted as read in DRAM */
  gboolean again;          /* what the mapping does not keep comes from DRAM again, even if it is here */
} Want;

/* Moves an item to where it is wanted, or with @part what the node reads of it. */
static gboolean
fetch (Plan *plan, const Want *want, gboolean part, GError **error)
{
  HdBox box = { 0 };
  guint32 item = want->item;
  guint64 bits = part ? hd_dependency_bits (want->d) : plan_item_bits (plan, item);
  if (part)
    box = plan_overlap_box (plan, want->node, want->d->operand, item);
  if (!find_sources (plan, item, want->memory, want->again, error) || !make_room (plan, want->memory, bits, item, error))
    return FALSE;
  /* From where it is parked, or from DRAM after all. */
  if (plan->sources.n == 0 && !want->again && (!plan_park (plan, want->memory, error) || !find_sources (plan, item, want->memory, FALSE, error)))
    return FALSE;
  plan->listeners.n = 0;
  APPEND (&plan->listeners, ((Listener) { want->memory, want->lane, plan->step, part ? plan->step : NO_STEP, part ? want->d->operand : 0, FALSE }));
  if (!want->again)
    plan_add_listeners (plan, item, plan->sources.n > 0 ? plan->link[plan->sources.at[0]].memory : plan->dram, bits, part ? want->d : NULL, &box);
  if (!plan_move (plan, item, part ? &box : NULL, bits, error))
    return FALSE;
  for (guint i = 0; i < plan->sources.n; i++)
    plan_settle (plan, plan->sources.at[i]);
  if (plan->sources.n == 1)
    plan_unpark (plan, plan->sources.at[0]);
  return TRUE;
}

/* Whether this node's part alone is brought. Unfinished sums always come whole; inputs and weights, unless the room does not do for that. */
static gboolean
wants_part (const Plan *plan, const HdDependency *d, guint32 item, HdMemoryId memory)
{
  guint64 whole = plan_item_bits (plan, item);
  if ((d->flags & HD_DEPENDENCY_PARTIAL) || hd_dependency_bits (d) >= whole)
    return FALSE;
  if (plan->frugal || !plan_item_is_node (plan, item))
    return plan->frugal;
  guint32 l = plan_find_lane (plan, item, memory);
  return l == HD_NONE || plan_wanted_bits (plan, &plan->lane[l], plan->lane[l].next, whole) < whole;
}

/* Brings what is not there. */
static gboolean
bring_missing (Plan *plan, const Want *want, GError **error)
{
  guint32 instance = plan_find_part (plan, want->item, want->memory, plan->step, want->d->operand);
  if (instance == HD_NONE) {
    gboolean part = want->again || wants_part (plan, want->d, want->item, want->memory);
    if (!fetch (plan, want, part, error))
      return FALSE;
    instance = part ? plan_find_part (plan, want->item, want->memory, plan->step, want->d->operand) : plan->lane[want->lane].instance;
  }
  note_use (plan, instance);
  return TRUE;
}

static gboolean
bring (Plan *plan, HdNodeId node, guint32 use, const HdDependency *d, guint32 item, GError **error)
{
  gboolean again = (d->flags & (HD_DEPENDENCY_REFETCH | HD_DEPENDENCY_EXTERNAL)) == HD_DEPENDENCY_REFETCH;
  guint32 lane = again ? HD_NONE : plan->graph->lane_of[use];
  HdMemoryId memory = again ? operand_memory (plan, node, d) : plan->lane[lane].memory;
  if (memory == plan->dram) {
    use_in_dram (plan, item);
    return TRUE;
  }
  if (lane != HD_NONE && plan->lane[lane].instance != HD_NONE) {
    note_use (plan, plan->lane[lane].instance);
    return TRUE;
  }
  return bring_missing (plan, &(Want) { node, d, item, memory, lane, again }, error);
}

/* --- a node's inputs ------------------------------------------------------------------------------------------ */

/* Frugally: what is here whole and is read in part leaves; the part comes back. */
static gboolean
drop_whole (Plan *plan, HdNodeId node, const HdDependency *d, guint32 item, GError **error)
{
  HdMemoryId memory = operand_memory (plan, node, d);
  guint32 instance = plan_find_instance (plan, item, memory);
  return memory == plan->dram || instance == HD_NONE || !wants_part (plan, d, item, memory) || plan_evict (plan, instance, error);
}

static gboolean
drop_inputs (Plan *plan, HdNodeId node, GError **error)
{
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    if (!drop_whole (plan, node, &d[i], d[i].from, error))
      return FALSE;
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    if (!drop_whole (plan, node, &d[i], plan_item_of_read (plan, &d[i]), error))
      return FALSE;
  return TRUE;
}

/* Pieces reach further than what this node reads of them: who makes the rest may come later. */
static gboolean
is_complete (const Plan *plan, guint32 piece)
{
  for (guint32 k = plan->graph->producer_begin[piece]; k < plan->graph->producer_begin[piece + 1]; k++)
    if (any_copy (plan, g_array_index (plan->graph->producers, guint32, k)) == HD_NONE)
      return FALSE;
  return TRUE;
}

/* Operands from 63 on share their fate. */
static inline guint64 operand_bit (const HdDependency *d) { return (guint64) 1 << MIN (d->operand, 63); }

/* Bit o: what another stack made for operand o does not come from its makers as dependencies say, but as pieces by way of DRAM: when some of it is on the chip no more. */
static guint64
operands_by_piece (const Plan *plan, HdNodeId node)
{
  guint64 by_piece = 0, n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    if (!(d[i].flags & HD_DEPENDENCY_EXTERNAL) || (by_piece & operand_bit (&d[i])) || operand_memory (plan, node, &d[i]) == plan->dram)
      continue;
    if (plan->link[any_copy (plan, d[i].from)].memory == plan->dram)
      by_piece |= operand_bit (&d[i]);
  }
  const HdDependency *read = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; by_piece != 0 && i < n; i++)
    if ((by_piece & operand_bit (&read[i])) && !is_complete (plan, read[i].from))
      by_piece &= ~operand_bit (&read[i]);
  return by_piece;
}

/* Whether a dependency is what the node is brought; if not, pieces are. */
static inline gboolean
comes_from_maker (const Plan *plan, const HdDependency *d)
{
  return !(d->flags & HD_DEPENDENCY_EXTERNAL) || !(plan->by_piece & operand_bit (d));
}

static inline gboolean
comes_as_piece (const Plan *plan, const HdLayer *layer, const HdDependency *read)
{
  return plan->workload->tensors[layer->operands[read->operand].tensor].producer == HD_NONE || (plan->by_piece & operand_bit (read)) != 0;
}

void
plan_pin_inputs (Plan *plan)
{
  HdNodeId node = plan->order[plan->step];
  const HdLayer *layer = &plan->workload->layers[plan->graph->layer[node]];
  guint64 n;
  if (plan->attempt_pinned == plan->attempt)
    return;
  plan->attempt_pinned = plan->attempt;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    if (comes_from_maker (plan, &d[i]))
      plan->item[d[i].from].pinned = plan->attempt;
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    if (comes_as_piece (plan, layer, &d[i]))
      plan->item[plan_item_of_read (plan, &d[i])].pinned = plan->attempt;
}

gboolean
plan_bring_inputs (Plan *plan, HdNodeId node, GError **error)
{
  const HdTiling *t = plan->tiling;
  const HdLayer *layer = &plan->workload->layers[plan->graph->layer[node]];
  plan->by_piece = operands_by_piece (plan, node);
  if (plan->frugal && !drop_inputs (plan, node, error))
    return FALSE;
  /* What is here already must not be pushed out by what is brought first, nor what the rest is to be copied from. */
  plan->n_born_before = plan->n_born;
  for (guint64 i = t->dependency_begin[node]; i < t->dependency_begin[node + 1]; i++)
    if (comes_from_maker (plan, &t->dependency[i]) && !bring (plan, node, (guint32) i, &t->dependency[i], t->dependency[i].from, error))
      return FALSE;
  for (guint64 i = t->read_begin[node]; i < t->read_begin[node + 1]; i++)
    if (comes_as_piece (plan, layer, &t->read[i]) && !bring (plan, node, plan->graph->n_dependencies + (guint32) i, &t->read[i], plan_item_of_read (plan, &t->read[i]), error))
      return FALSE;
  return TRUE;
}
