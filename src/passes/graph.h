/* What every order of the same tiling shares: the nodes with their cores and costs, who waits for whom, and who reads what where. Made once for a pass, however many plans it tries.
 *
 * An *item* is what nodes exchange: the output of a node (item = node id), or a piece that a stack reads from outside (item = n + piece).
 * A *use* is a node's reading of an item: a dependency of the tiling (use = its row), or a read (use = n_dependencies + its row).
 * A *lane* is an item in one of the memories in which it is read. An item's lanes stand together, by memory.
 */
#pragma once

#include <heddle/cost.h>
#include <heddle/passes.h>
#include <heddle/schedule.h>
#include <heddle/tiling.h>

#include <glib.h>

/** Room for one more element. What grows with every node is a plain array: to append is a store, not a call. */
#define GROW(array, n, room)                                          \
  do {                                                                \
    if (G_UNLIKELY ((n) == (room))) {                                 \
      (room) = MAX (64, (room) * 2);                                  \
      (array) = g_realloc_n ((array), (room), sizeof *(array));       \
    }                                                                 \
  } while (0)

#define GRAPH_ROLES (HD_ROLE_OUTPUT + 1)

/** An item, whatever the plan. */
typedef struct {
  guint64 bits;
  guint32 first_lane;      /* its lanes end where the next item's begin */
  guint32 n_readers;
} GraphItem;

/** Where an item is read; HD_NONE: nowhere, but it must not be lost before. */
typedef struct {
  HdMemoryId memory;
  guint32 end;             /* of its readers, counted over all lanes; they begin where those of the lane before end */
} GraphLane;

typedef struct {
  const HdTiling *tiling;
  guint32 n;               /* nodes */
  HdLayerId *layer;        /* by node */
  HdCoreId *core;          /* by node */
  guint32 *cost_of;        /* by node: row of `cost` */
  guint32 *weight_key;     /* by node */
  GArray *cost;            /* of HdTaskCost: by shape and core */
  GArray *output_bits;     /* of guint64: what a node makes, by row of `cost` [bit] */
  guint64 *follower_begin; /* by node: who reads its output; NULL: not asked for yet */
  guint32 *follower;
  /* who reads what, where */
  guint32 n_items, n_lanes, lanes_room;
  guint32 n_dependencies, n_readers;  /* a lane's readers are uses, and those that only must not lose it */
  HdMemoryId *operand_memory; /* by core, role: where the core reads or writes it */
  GraphItem *item;            /* n_items + 1 */
  GraphLane *lane;
  guint32 *lane_of;           /* by use */
  guint32 *piece_item;        /* by piece: the item that it is */
  guint32 *producer_begin;    /* by piece: rows of producers */
  GArray *producers;          /* of guint32: nodes of other stacks that make the piece */
} Graph;

gboolean graph_init (Graph *self, const HdTiling *tiling, HdCostModel *cost, GError **error);
void graph_clear (Graph *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Graph, graph_clear)
/** Fills in the followers, for those who ask for them. */
gboolean graph_link_followers (Graph *self, GError **error);
/** items.c: who reads what, where. */
gboolean graph_list_items (Graph *self, GError **error);
/** share.c: fills piece_item. */
gboolean graph_share_pieces (Graph *self, GError **error);

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

static inline HdMemoryId
graph_operand_memory (const Graph *self, HdCoreId core, const HdLayer *layer, guint operand)
{
  return self->operand_memory[core * GRAPH_ROLES + layer->operands[operand].role];
}

/* order.c: (transfer full): the nodes in an order in which they can be executed */
HdNodeId *order_by_layer (const Graph *graph);
HdNodeId *order_by_stack (const Graph *graph, GError **error);
HdNodeId *order_by_list (Graph *graph, HdPriority priority, GError **error);
