/* How much work it is to judge a mapping, told before any is done: a search passes over what is cut to dust. Such mappings take a thousand times as long as others, and what they lose
 * at the borders of their pieces no schedule makes good. */
#include "config.h"
#include "explore/space.h"

#include <heddle/checked.h>

/* A search runs no mapping of more nodes than this, about, unless small memories need more: then twice as many as the mapping that one gets without any. */
enum { MOST_NODES = 50000 };

static guint64
multiplied (guint64 a, guint64 b)
{
  guint64 product;
  return hd_mul_u64 (a, b, &product) ? product : G_MAXUINT64;
}

static guint64
rank_size (const HdLayer *layer, const char *name)
{
  for (guint r = 0; r < layer->n_ranks; r++)
    if (g_str_equal (layer->rank[r].name, name))
      return layer->rank[r].size;
  return 1;
}

static guint64
cuts_of (const HdMappingLayer *mapped, const HdLayer *layer, const char *rank)
{
  for (guint i = 0; i < mapped->n_cuts; i++)
    if (g_str_equal (mapped->cut[i].rank, rank))
      return hd_ceil_div (rank_size (layer, rank), mapped->cut[i].size);
  return 1;
}

/* Nodes of one layer: tiles of its stack times its own cuts; of a rank that both cut, the finer. */
static guint64
nodes_of (const HdMapping *mapping, HdLayerId l)
{
  const HdLayer *layer = &mapping->workload->layers[l];
  const HdMappingLayer *mapped = &mapping->layer[l];
  const HdMappingStack *stack = &mapping->stack[mapped->stack];
  const HdLayer *last = &mapping->workload->layers[stack->layers[stack->n_layers - 1]];
  guint64 n = 1;
  for (guint i = 0; i < mapped->n_cuts; i++)
    n = multiplied (n, cuts_of (mapped, layer, mapped->cut[i].rank));
  for (guint i = 0; i < stack->n_axes; i++) {
    guint64 tiles = hd_ceil_div (rank_size (last, stack->axis[i].rank), stack->axis[i].size), cuts = cuts_of (mapped, layer, stack->axis[i].rank);
    n = multiplied (n, MAX (tiles / cuts, 1));
  }
  return n;
}

static guint64
count_nodes (const HdMapping *mapping)
{
  guint64 n = 0;
  for (HdLayerId l = 0; l < mapping->workload->n_layers; l++)
    if (!hd_add_u64 (n, nodes_of (mapping, l), &n))
      return G_MAXUINT64;
  return n;
}

void
_hd_explore_limit_effort (HdExploreSpace *self)
{
  g_autoptr (HdMapping) usual = hd_mapping_default (self->workload, self->platform, NULL);
  self->most_nodes = MAX (MOST_NODES, usual != NULL ? multiplied (2, count_nodes (usual)) : 0);
}

gboolean
_hd_explore_check_effort (const HdExploreSpace *self, const HdMapping *mapping, GError **error)
{
  guint64 n = count_nodes (mapping);
  if (n <= self->most_nodes)
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "about %" G_GUINT64_FORMAT " computation nodes are more than a search runs - at most %" G_GUINT64_FORMAT, n, self->most_nodes);
  return FALSE;
}
