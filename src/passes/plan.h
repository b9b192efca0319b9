/* What the planner knows while it goes through the nodes in order: see plan.c for the idea.
 *
 * An *item* is what nodes exchange: the output of a node (item = node id), or a piece that a stack reads from outside (item = n_nodes + piece).
 * An *instance* is a copy of an item in one memory: a piece of the schedule. *Tokens* are free bits of a memory together with the tasks that freed them.
 */
#pragma once

#include "passes/graph.h"

#include <glib.h>

#define NO_STEP G_MAXUINT32

/** A task that a piece must outlive; lists of them are chained and shared, never changed once handed on. */
typedef struct {
  HdTaskId task;
  HdQueueId queue;
  guint32 next;          /* index in the pool; HD_NONE ends */
} User;

typedef struct {
  guint32 item;
  HdMemoryId memory;
  HdPieceId piece;
  guint64 bits;
  guint32 users;         /* head of its list of users */
  guint32 next;          /* the item's next instance; HD_NONE ends */
  guint32 next_use;      /* step of the next node that reads it in this memory; NO_STEP: none */
  guint64 cursor;        /* where in the item's consumers that stands */
  guint32 pinned;        /* the step that needs it now; it may not be evicted in that step */
  gboolean permanent;    /* an output of the network in its place: stays to the end */
  gboolean used;         /* its users are readers; else its creator stands there alone */
} Instance;

/** Which node reads an item, and in which memory; HD_NONE: in none, but it must not be lost before. */
typedef struct {
  guint32 step;
  HdMemoryId memory;
} Consumer;

typedef struct {
  guint64 bits;
  guint32 users;         /* whose ends free them */
} Token;

/** An entry of a memory's heap of victims; stale when the instance's next use has changed. */
typedef struct {
  guint32 next_use;
  guint32 instance;
} Victim;

typedef struct {
  guint64 free_bits;
  GQueue tokens;         /* of Token, oldest first */
  GArray *victims;       /* of Victim: a heap, farthest next use first */
  gboolean gate_computes; /* computes of several queues make pieces here: they must wait for their own tokens */
} Space;

typedef struct {
  const Graph *graph;
  const HdTiling *tiling;
  const HdMapping *mapping;
  const HdWorkload *workload;
  const HdPlatform *platform;
  guint32 *cost_row;            /* by row of the graph's costs: the builder's; HD_NONE: not there yet */
  HdScheduleBuilder *builder;
  HdMemoryId dram;
  const HdNodeId *order;
  guint32 step;                 /* where in the order we are */
  /* items */
  guint64 *consumer_begin;
  Consumer *consumer;
  guint32 *piece_item;          /* by piece: the item that it is */
  guint64 *producer_begin;      /* by piece: rows of producers */
  GArray *producers;            /* of guint32: nodes of other stacks that make the piece */
  guint32 *remaining;           /* consumers still to come, by item */
  guint64 *wanted_bits;         /* what all consumers read of a node's output [bit], by node */
  guint8 *refetched;            /* some consumer wants it from DRAM: by item */
  guint32 *first_instance;      /* by item */
  GArray *instances;            /* of Instance */
  guint32 free_instance;        /* chain of dead ones to use again */
  GArray *users;                /* of User */
  GArray *set_aside;            /* of Victim: pinned ones met while looking for a victim */
  HdPieceId *tensor_piece;      /* of inputs and weights: resident in DRAM, by tensor */
  /* resources */
  Space *space;                 /* by memory */
  HdQueueId *core_queue;        /* by core; HD_NONE: not made yet */
  HdQueueId *dma_queue;         /* by DMA engine */
  guint32 *queue_outstanding;   /* by handle */
  GHashTable *routes;           /* source << 32 | destination -> index + 1 in route_of */
  GArray *gates;                /* of HdTaskId: what the task being made must come after */
  GArray *uses;                 /* of guint32: instances that the node being planned reads */
  GArray *privates;             /* of PrivatePiece */
  GArray *resident_uses;        /* of HdPieceId: what the node reads straight out of DRAM */
  GArray *core_nodes;           /* by core: GArray of its computes so far, for the prefetch limit */
} Plan;

/** A piece fetched for one node alone. */
typedef struct {
  HdPieceId piece;
  HdMemoryId memory;
  guint64 bits;
} PrivatePiece;

static inline Instance *plan_instance (Plan *plan, guint32 i) { return &g_array_index (plan->instances, Instance, i); }

/* items.c */
gboolean plan_items_build (Plan *plan, GError **error);
guint32 plan_item_of_read (const Plan *plan, const HdDependency *read);
gboolean plan_item_is_node (const Plan *plan, guint32 item);
HdMemoryId plan_operand_memory (const Plan *plan, HdCoreId core, const HdLayer *layer, guint operand);
char *plan_item_name (const Plan *plan, guint32 item);

/* share.c: fills piece_item */
gboolean plan_share_pieces (Plan *plan, GError **error);

/* space.c */
gboolean plan_allocate (Plan *plan, HdMemoryId memory, guint64 bits, guint32 item, GError **error);
guint32 plan_add_instance (Plan *plan, guint32 item, HdMemoryId memory, HdPieceId piece, guint64 bits, HdTaskId creator, HdQueueId queue);
guint32 plan_find_instance (const Plan *plan, guint32 item, HdMemoryId memory);
void plan_add_user (Plan *plan, guint32 instance, HdTaskId task, HdQueueId queue);
gboolean plan_take_bits (Plan *plan, HdMemoryId memory, guint64 bits);
void plan_give_bits (Plan *plan, HdMemoryId memory, guint64 bits);
void plan_free_bits (Plan *plan, HdMemoryId memory, guint64 bits, HdTaskId task, HdQueueId queue);
void plan_settle (Plan *plan, guint32 item);
void plan_gate (Plan *plan, HdTaskId task, HdQueueId queue);

/* move.c */
gboolean plan_queue_for_core (Plan *plan, HdCoreId core, HdQueueId *queue);
/** A transfer's queue and route. */
typedef struct {
  HdQueueId queue;
  guint32 route;
} Way;
gboolean plan_way (Plan *plan, HdMemoryId source, HdMemoryId destination, Way *way, GError **error);
gboolean plan_store (Plan *plan, guint32 instance, const HdBox *box, guint64 bits, guint32 *copy, GError **error);
gboolean plan_fetch_item (Plan *plan, guint32 item, HdMemoryId memory, guint32 *instance, GError **error);
gboolean plan_fetch_private (Plan *plan, guint32 item, HdMemoryId memory, const HdBox *box, guint64 bits, GError **error);
HdBox plan_item_box (const Plan *plan, guint32 item);
guint64 plan_item_bits (const Plan *plan, guint32 item);
HdTensorId plan_item_tensor (const Plan *plan, guint32 item);

/* plan.c */
HdSchedule *plan_run (const Graph *graph, const HdNodeId *order, const char *pass, gboolean draft, GError **error);
