/* What every order of the same tiling shares: the nodes with their cores and costs, and who waits for whom. Made once for a pass, however many plans it tries. */
#pragma once

#include <heddle/cost.h>
#include <heddle/passes.h>
#include <heddle/schedule.h>
#include <heddle/tiling.h>

#include <glib.h>

typedef struct {
  const HdTiling *tiling;
  guint32 n;               /* nodes */
  HdLayerId *layer;        /* by node */
  HdCoreId *core;          /* by node */
  guint32 *cost_of;        /* by node: row of `cost` */
  guint32 *weight_key;     /* by node */
  GArray *cost;            /* of HdTaskCost: by shape and core */
  GArray *output_bits;     /* of guint64: what a node makes, by row of `cost` [bit] */
  guint64 *follower_begin; /* by node: who reads its output */
  guint32 *follower;
} Graph;

gboolean graph_init (Graph *self, const HdTiling *tiling, HdCostModel *cost, GError **error);
void graph_clear (Graph *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Graph, graph_clear)

static inline const HdTaskCost *
graph_cost (const Graph *self, HdNodeId node)
{
  return &g_array_index (self->cost, HdTaskCost, self->cost_of[node]);
}

static inline guint64
graph_output_bits (const Graph *self, HdNodeId node)
{
  return g_array_index (self->output_bits, guint64, self->cost_of[node]);
}

/* order.c: (transfer full): the nodes in an order in which they can be executed */
HdNodeId *order_by_layer (const Graph *graph);
HdNodeId *order_by_stack (const Graph *graph, GError **error);
HdNodeId *order_by_list (const Graph *graph, HdPriority priority);
