/* The nodes of a tiling with their cores and costs. A cost is asked for once for each shape and core. */
#include "config.h"
#include "passes/graph.h"

#include <heddle/error.h>

#include <math.h>
#include <string.h>

static gboolean
cost_row (HdCostModel *model, const HdTiling *tiling, HdNodeId node, const HdShape *shape, HdCoreId core, HdTaskCost *row, GError **error)
{
  HdBox box = hd_tiling_node_box (tiling, node);
  HdCostPlace place = HD_COST_PLACE_DEFAULT;
  HdNodeCost found;
  place.partial_in = shape->partial_in;
  place.partial_out = shape->partial_out;
  if (!hd_cost_node (model, core, shape->layer, &box, &place, &found, error))
    return FALSE;
  *row = (HdTaskCost) { .cycles = found.cycles, .load_cycles = found.load_cycles, .energy_aj = (guint64) llrint (found.energy_pj * HD_AJ_PER_PJ),
                        .load_energy_aj = (guint64) llrint (found.load_energy_pj * HD_AJ_PER_PJ), .macs = found.macs };
  return TRUE;
}

static gboolean
add_cost (Graph *self, HdCostModel *model, HdNodeId node, const HdShape *shape, GError **error)
{
  HdTaskCost cost;
  if (!cost_row (model, self->tiling, node, shape, self->core[node], &cost, error))
    return FALSE;
  guint64 bits = hd_tiling_node_output_bits (self->tiling, node);
  g_array_append_val (self->cost, cost);
  g_array_append_val (self->output_bits, bits);
  return TRUE;
}

/* Rows of one layer: known[shape - its first shape, place of the core in the mapping's list]. */
static gboolean
cost_layer (Graph *self, HdCostModel *model, HdLayerId layer, guint32 *place_of, GError **error)
{
  const HdTiling *t = self->tiling;
  const HdMappingLayer *mapped = &t->mapping->layer[layer];
  guint32 begin = t->layer_first[layer], end = t->layer_first[layer + 1];
  if (begin == end)
    return TRUE;
  /* The shape stands where the row will. */
  guint32 *row = self->cost_of;
  hd_tiling_layer_nodes (t, layer, self->core + begin, row + begin, self->weight_key + begin);
  guint32 first_shape = row[begin], shapes = 0;
  while (first_shape + shapes < t->n_shapes && t->shape[first_shape + shapes].layer == layer)
    shapes++;
  for (guint c = mapped->n_cores; c-- > 0;)
    place_of[mapped->cores[c]] = c;
  gsize n_known = (gsize) shapes * mapped->n_cores;
  g_autofree guint32 *known = g_new (guint32, n_known);
  memset (known, 0xff, n_known * sizeof *known);
  for (HdNodeId n = begin; n < end; n++) {
    guint32 *found = &known[(gsize) (row[n] - first_shape) * mapped->n_cores + place_of[self->core[n]]];
    if (*found == HD_NONE) {
      *found = self->cost->len;
      if (!add_cost (self, model, n, &t->shape[row[n]], error))
        return FALSE;
    }
    self->layer[n] = layer;
    row[n] = *found;
  }
  return TRUE;
}

static gboolean
cost_nodes (Graph *self, HdCostModel *model, GError **error)
{
  g_autofree guint32 *place_of = g_new0 (guint32, self->tiling->mapping->platform->n_cores);
  for (HdLayerId l = 0; l < self->tiling->workload->n_layers; l++)
    if (!cost_layer (self, model, l, place_of, error))
      return FALSE;
  return TRUE;
}

static gboolean
fail_for_memory (const Graph *self, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "the graph of %u nodes does not fit in memory", self->n);
  return FALSE;
}

/* Dependencies turned round, by counting. */
gboolean
graph_link_followers (Graph *self, GError **error)
{
  const HdTiling *t = self->tiling;
  guint64 n_dependencies = t->dependency_begin[t->n_nodes];
  if (self->follower_begin != NULL)
    return TRUE;
  self->follower_begin = g_try_new0 (guint64, (gsize) self->n + 2);
  self->follower = g_try_new (guint32, n_dependencies + 1);
  if (self->follower_begin == NULL || self->follower == NULL)
    return fail_for_memory (self, error);
  for (guint64 i = 0; i < n_dependencies; i++)
    self->follower_begin[t->dependency[i].from + 1]++;
  for (guint32 n = 0; n < t->n_nodes; n++)
    self->follower_begin[n + 1] += self->follower_begin[n];
  for (HdNodeId n = t->n_nodes; n-- > 0;)
    for (guint64 i = t->dependency_begin[n + 1]; i-- > t->dependency_begin[n];)
      self->follower[--self->follower_begin[t->dependency[i].from + 1]] = n;
  /* Each row's end was counted down to its begin, one place too far to the right. */
  memmove (self->follower_begin, self->follower_begin + 1, sizeof *self->follower_begin * t->n_nodes);
  self->follower_begin[t->n_nodes] = n_dependencies;
  return TRUE;
}

gboolean
graph_init (Graph *self, const HdTiling *tiling, HdCostModel *cost, GError **error)
{
  gsize n = (gsize) tiling->n_nodes + 1;
  *self = (Graph) { .tiling = tiling, .n = tiling->n_nodes };
  self->layer = g_try_new (HdLayerId, n);
  self->core = g_try_new (HdCoreId, n);
  self->cost_of = g_try_new (guint32, n);
  self->weight_key = g_try_new (guint32, n);
  self->cost = g_array_new (FALSE, FALSE, sizeof (HdTaskCost));
  self->output_bits = g_array_new (FALSE, FALSE, sizeof (guint64));
  if (self->layer == NULL || self->core == NULL || self->cost_of == NULL || self->weight_key == NULL)
    return fail_for_memory (self, error);
  return cost_nodes (self, cost, error) && graph_list_items (self, error);
}

void
graph_clear (Graph *self)
{
  void *arrays[] = { self->layer, self->core, self->cost_of, self->weight_key, self->follower_begin, self->follower, self->operand_memory, self->item, self->lane, self->lane_of, self->piece_item,
                     self->producer_begin };
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  g_clear_pointer (&self->cost, g_array_unref);
  g_clear_pointer (&self->output_bits, g_array_unref);
  g_clear_pointer (&self->producers, g_array_unref);
}
