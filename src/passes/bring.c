/* What a node reads is brought to where its core reads it, unless it is there.
 *
 * The whole item comes when the readers in that memory want as much of it anyway: what windows share is fetched once. Else only the part that this node reads, for this node alone.
 * Where the room does not do for that, a node is planned again, frugally: parts only.
 */
#include "config.h"
#include "passes/plan.h"

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
  plan_instance (plan, instance)->pinned = plan->attempt;
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

/* --- from where ------------------------------------------------------------------------------------------ */

static guint
hops_of (Plan *plan, HdMemoryId source, HdMemoryId destination)
{
  guint32 route = plan_route (plan, source, destination);
  return route == HD_NONE ? G_MAXUINT : g_array_index (plan->route_hops, guint, route);
}

/* The copy from which the way is shortest, one on the chip before one in DRAM; HD_NONE: there is none with a way. */
static guint32
nearest_copy (Plan *plan, guint32 item, HdMemoryId destination)
{
  guint32 nearest = plan_find_instance (plan, item, plan->dram);
  guint fewest = G_MAXUINT;
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = plan_instance (plan, i)->next) {
    const Instance *instance = plan_instance (plan, i);
    guint hops = instance->memory == plan->dram || instance->memory == destination || instance->part_step != NO_STEP ? G_MAXUINT : hops_of (plan, instance->memory, destination);
    if (hops < fewest) {
      nearest = i;
      fewest = hops;
    }
  }
  return nearest;
}

/* A copy of all of a node's output, on the chip if there is one; HD_NONE: it has not been made yet. */
static guint32
any_copy (const Plan *plan, guint32 item)
{
  guint32 found = HD_NONE;
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = plan_instance (plan, i)->next) {
    if (plan_instance (plan, i)->part_step != NO_STEP)
      continue;
    found = i;
    if (plan_instance (plan, i)->memory != plan->dram)
      break;
  }
  return found;
}

static void
add_source (Plan *plan, guint32 instance)
{
  plan_instance (plan, instance)->pinned = plan->attempt;
  g_array_append_val (plan->sources, instance);
}

/* Adds the copy of a node's output in DRAM; if there is none, it is written. */
static gboolean
add_source_in_dram (Plan *plan, guint32 item, GError **error)
{
  guint32 copy = plan_find_instance (plan, item, plan->dram);
  if (copy == HD_NONE) {
    guint32 here = any_copy (plan, item);
    HdBox box = plan_item_box (plan, item);
    if (!plan_store (plan, here, &box, plan_instance (plan, here)->bits, &copy, error))
      return FALSE;
  }
  add_source (plan, copy);
  return TRUE;
}

/* Finds what an item is copied from, and sees that it stays there while room is made. */
static gboolean
find_sources (Plan *plan, guint32 item, HdMemoryId destination, gboolean again, GError **error)
{
  g_array_set_size (plan->sources, 0);
  guint32 nearest = again ? plan_find_instance (plan, item, plan->dram) : nearest_copy (plan, item, destination);
  if (nearest != HD_NONE) {
    add_source (plan, nearest);
    return TRUE;
  }
  if (plan_item_is_node (plan, item))
    return add_source_in_dram (plan, item, error);
  guint32 piece = item - plan->graph->n;
  for (guint64 k = plan->producer_begin[piece]; k < plan->producer_begin[piece + 1]; k++)
    if (!add_source_in_dram (plan, g_array_index (plan->producers, guint32, k), error))
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
  GArray *sources = plan->sources;
  plan->sources = g_array_new (FALSE, FALSE, sizeof (guint32));
  gboolean room = plan_allocate (plan, memory, bits, item, error);
  g_array_unref (plan->sources);
  plan->sources = sources;
  return room;
}

/* Moves an item to @memory, or with @part what the node reads of it. */
static gboolean
fetch (Plan *plan, HdNodeId node, guint32 item, HdMemoryId memory, const HdDependency *part, gboolean again, guint32 *instance, GError **error)
{
  HdBox box = part != NULL ? plan_overlap_box (plan, node, part->operand, item) : plan_item_box (plan, item);
  guint64 bits = part != NULL ? hd_dependency_bits (part) : plan_item_bits (plan, item);
  Listener first = { memory, plan->step, part != NULL ? plan->step : NO_STEP, part != NULL ? part->operand : 0, FALSE };
  if (!find_sources (plan, item, memory, again, error))
    return FALSE;
  GArray *sources = plan->sources;
  if (!make_room (plan, memory, bits, item, error))
    return FALSE;
  /* From where it is parked, or from DRAM after all. */
  if (sources->len == 0 && !again && (!plan_park (plan, memory, error) || !find_sources (plan, item, memory, FALSE, error)))
    return FALSE;
  g_array_set_size (plan->listeners, 0);
  g_array_append_val (plan->listeners, first);
  if (!again)
    plan_add_listeners (plan, item, sources->len > 0 ? plan_instance (plan, g_array_index (sources, guint32, 0))->memory : plan->dram, bits, part, &box);
  if (!plan_move (plan, item, &box, bits, error))
    return FALSE;
  for (guint i = 0; i < sources->len; i++)
    plan_settle (plan, g_array_index (sources, guint32, i));
  if (sources->len == 1)
    plan_unpark (plan, g_array_index (sources, guint32, 0));
  *instance = part != NULL ? plan_find_part (plan, item, memory, plan->step, part->operand) : plan_find_instance (plan, item, memory);
  return TRUE;
}

/* Whether this node's part alone is brought. Unfinished sums always come whole; inputs and weights, unless the room does not do for that. */
static gboolean
wants_part (Plan *plan, const HdDependency *d, guint32 item, HdMemoryId memory)
{
  guint64 whole = plan_item_bits (plan, item);
  if ((d->flags & HD_DEPENDENCY_PARTIAL) || hd_dependency_bits (d) >= whole)
    return FALSE;
  return plan->frugal || (plan_item_is_node (plan, item) && plan_wanted_bits (plan, item, memory, plan->step, whole) < whole);
}

static gboolean
bring (Plan *plan, HdNodeId node, const HdDependency *d, guint32 item, HdMemoryId memory, GError **error)
{
  /* What the mapping does not keep comes from DRAM again, even if it is here. */
  gboolean again = (d->flags & (HD_DEPENDENCY_REFETCH | HD_DEPENDENCY_EXTERNAL)) == HD_DEPENDENCY_REFETCH;
  if (memory == plan->dram) {
    use_in_dram (plan, item);
    return TRUE;
  }
  guint32 instance = again ? HD_NONE : plan_find_instance (plan, item, memory);
  if (instance == HD_NONE)
    instance = plan_find_part (plan, item, memory, plan->step, d->operand);
  if (instance == HD_NONE && !fetch (plan, node, item, memory, again || wants_part (plan, d, item, memory) ? d : NULL, again, &instance, error))
    return FALSE;
  note_use (plan, instance);
  return TRUE;
}

/* --- a node's inputs ------------------------------------------------------------------------------------------ */

/* Frugally: what is here whole and is read in part leaves; the part comes back. */
static gboolean
drop_whole (Plan *plan, const HdDependency *d, guint32 item, HdMemoryId memory, GError **error)
{
  guint32 instance = plan_find_instance (plan, item, memory);
  return memory == plan->dram || instance == HD_NONE || !wants_part (plan, d, item, memory) || plan_evict (plan, instance, error);
}

/* Pieces reach further than what this node reads of them: who makes the rest may come later. */
static gboolean
is_complete (const Plan *plan, guint32 piece)
{
  for (guint64 k = plan->producer_begin[piece]; k < plan->producer_begin[piece + 1]; k++)
    if (any_copy (plan, g_array_index (plan->producers, guint32, k)) == HD_NONE)
      return FALSE;
  return TRUE;
}

/* Operands from 63 on share their fate. */
static inline guint64 operand_bit (const HdDependency *d) { return (guint64) 1 << MIN (d->operand, 63); }

/* Bit o: what another stack made for operand o does not come from its makers as dependencies say, but as pieces by way of DRAM: when some of it is on the chip no more. */
static guint64
operands_by_piece (Plan *plan, HdNodeId node, HdCoreId core, const HdLayer *layer)
{
  guint64 by_piece = 0, n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    if (!(d[i].flags & HD_DEPENDENCY_EXTERNAL) || (by_piece & operand_bit (&d[i])) || plan_operand_memory (plan, core, layer, d[i].operand) == plan->dram)
      continue;
    if (plan_instance (plan, any_copy (plan, d[i].from))->memory == plan->dram)
      by_piece |= operand_bit (&d[i]);
  }
  const HdDependency *read = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; by_piece != 0 && i < n; i++)
    if ((by_piece & operand_bit (&read[i])) && !is_complete (plan, read[i].from))
      by_piece &= ~operand_bit (&read[i]);
  return by_piece;
}

/* Whether a dependency is what the node is brought; if not, pieces are. */
static gboolean
comes_from_maker (const HdDependency *d, guint64 by_piece)
{
  return !(d->flags & HD_DEPENDENCY_EXTERNAL) || !(by_piece & operand_bit (d));
}

static gboolean
comes_as_piece (const Plan *plan, const HdLayer *layer, const HdDependency *read, guint64 by_piece)
{
  return plan->workload->tensors[layer->operands[read->operand].tensor].producer == HD_NONE || (by_piece & operand_bit (read)) != 0;
}

gboolean
plan_bring_inputs (Plan *plan, HdNodeId node, GError **error)
{
  const HdLayer *layer = &plan->workload->layers[plan->graph->layer[node]];
  HdCoreId core = plan->graph->core[node];
  guint64 n_dependencies, n_reads;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n_dependencies), *read = hd_tiling_reads (plan->tiling, node, &n_reads);
  guint64 by_piece = operands_by_piece (plan, node, core, layer);
  for (guint64 i = 0; plan->frugal && i < n_dependencies; i++)
    if (!drop_whole (plan, &d[i], d[i].from, plan_operand_memory (plan, core, layer, d[i].operand), error))
      return FALSE;
  for (guint64 i = 0; plan->frugal && i < n_reads; i++)
    if (!drop_whole (plan, &read[i], plan_item_of_read (plan, &read[i]), plan_operand_memory (plan, core, layer, read[i].operand), error))
      return FALSE;
  /* What is here already must not be pushed out by what is brought first, nor what the rest is to be copied from. */
  plan->n_born_before = plan->n_born;
  for (guint64 i = 0; i < n_dependencies; i++)
    if (comes_from_maker (&d[i], by_piece))
      plan->item_pinned[d[i].from] = plan->attempt;
  for (guint64 i = 0; i < n_reads; i++)
    if (comes_as_piece (plan, layer, &read[i], by_piece))
      plan->item_pinned[plan_item_of_read (plan, &read[i])] = plan->attempt;
  for (guint64 i = 0; i < n_dependencies; i++)
    if (comes_from_maker (&d[i], by_piece) && !bring (plan, node, &d[i], d[i].from, plan_operand_memory (plan, core, layer, d[i].operand), error))
      return FALSE;
  for (guint64 i = 0; i < n_reads; i++)
    if (comes_as_piece (plan, layer, &read[i], by_piece)
        && !bring (plan, node, &read[i], plan_item_of_read (plan, &read[i]), plan_operand_memory (plan, core, layer, read[i].operand), error))
      return FALSE;
  return TRUE;
}
