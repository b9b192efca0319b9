/* What the planner knows while it goes through the nodes in order: see plan.c for the idea.
 *
 * | file      | is about                                                                             |
 * |-----------|--------------------------------------------------------------------------------------|
 * | plan.c    | a node: its inputs brought, room made, computed, stored, what is done with released  |
 * | bring.c   | what a node reads, whole or in part, and from where                                  |
 * | cast.c    | who else wants what is being moved: one transfer for several memories                |
 * | move.c    | queues, routes, transfers                                                            |
 * | park.c    | where weights wait for room                                                           |
 * | space.c   | tokens, and what leaves when there is no room                                        |
 * | instances.c | who uses a copy, and for when it is kept                                           |
 * | items.c   | who reads what, where, in the order of the plan                                      |
 *
 * An *item* is what nodes exchange: the output of a node (item = node id), or a piece that a stack reads from outside (item = n_nodes + piece).
 * An *instance* is a copy of an item in one memory, or of the part of it that one node reads: a piece of the schedule.
 * *Tokens* are free bits of a memory together with the tasks that freed them.
 */
#pragma once

#include "passes/graph.h"

#include <glib.h>

#define NO_STEP G_MAXUINT32

/* Room for one more element. What grows with every node is a plain array: to append is a store, not a call. */
#define GROW(array, n, room)                                          \
  do {                                                                \
    if (G_UNLIKELY ((n) == (room))) {                                 \
      (room) = MAX (64, (room) * 2);                                  \
      (array) = g_realloc_n ((array), (room), sizeof *(array));       \
    }                                                                 \
  } while (0)

/** A task that a piece must outlive; lists of them are chained and shared, never changed once handed on. */
typedef struct {
  HdTaskId task;
  HdQueueId queue;
  guint32 next;          /* index in the pool; HD_NONE ends */
} User;

typedef struct {
  guint32 item;          /* HD_NONE: it is gone */
  HdMemoryId memory;
  HdPieceId piece;
  guint32 users;         /* head of its list of users */
  guint64 bits;
  guint64 cursor;        /* where among the item's consumers in this memory the next use stands */
  guint32 next;          /* the item's next instance; HD_NONE ends */
  guint32 next_use;      /* step of the next node that it is for; NO_STEP: none */
  guint32 part_step;     /* NO_STEP: all of the item; else what the node of that step reads of it, and for that alone */
  guint32 pinned;        /* the attempt that needs it now; it may not be evicted in that */
  guint32 born;          /* which of all instances it is, by age */
  guint8 part_operand;
  guint8 permanent;      /* an output of the network in its place: stays to the end */
  guint8 parked;         /* it only waits here for room where it is read */
  guint8 used;           /* its users are readers; else its creator stands there alone */
} Instance;

/** Which node reads an item, and in which memory; HD_NONE: in none, but it must not be lost before. */
typedef struct {
  HdMemoryId memory;
  guint32 step;
  guint64 bits : 56;
  guint64 operand : 8;
} Consumer;

typedef struct {
  guint64 bits;
  guint32 users;         /* whose ends free them; HD_NONE: free from the beginning */
} Token;

/** An entry of a memory's heap of victims; stale when the instance's next use has changed. */
typedef struct {
  guint32 next_use;
  guint32 instance;
} Victim;

/** Free bits. */
typedef struct {
  guint64 bits;          /* in all */
  Token *token;          /* oldest first; those before `first` are spent */
  guint n, room, first;
} Pool;

typedef struct {
  Pool free;
  Pool lot;              /* set apart for parking */
  Victim *victim;        /* a heap, farthest next use first */
  guint n_victims, victims_room;
  guint load_dma, store_dma; /* the first engine that loads into it, that stores from it; HD_NONE */
} Space;

/** When an item is first read in a memory. */
typedef struct {
  guint32 step, item;
} Arrival;

/** A destination of a transfer. */
typedef struct {
  HdMemoryId memory;
  guint32 step;          /* of the node for which it comes; NO_STEP: for nobody yet, it makes room elsewhere */
  guint32 part_step;     /* as in Instance */
  guint8 part_operand;
  guint8 parked;
} Listener;

/** A transfer's queue and route. */
typedef struct {
  HdQueueId queue;
  guint32 route;
} Way;

typedef struct {
  const Graph *graph;
  const HdTiling *tiling;
  const HdMapping *mapping;
  const HdWorkload *workload;
  const HdPlatform *platform;
  const HdNodeId *order;
  HdScheduleBuilder *builder;
  HdMemoryId dram;
  gboolean multicast;
  const guint64 *spare;         /* (nullable) by memory: what is set apart for parking [bit] */
  GArray **arrivals;            /* by memory: of Arrival, by step; NULL: not listed yet */
  guint *next_arrival;          /* by memory: the first that has not passed */
  HdMemoryId engine_of;         /* whose DMA engine loads, when not the destination's; HD_NONE */
  guint32 step;                 /* where in the order we are */
  guint32 attempt;              /* counts tries to plan a node: what is pinned, is for one of them */
  guint32 *item_pinned;         /* by item: the attempt that needs the copies that there were when it began */
  guint32 n_born, n_born_before; /* instances so far; and when the items were pinned */
  gboolean frugal;              /* bring no more than the node itself reads */
  /* items */
  guint64 *consumer_begin;
  Consumer *consumer;           /* by item, memory, step */
  guint32 *piece_item;          /* by piece: the item that it is */
  guint64 *producer_begin;      /* by piece: rows of producers */
  GArray *producers;            /* of guint32: nodes of other stacks that make the piece */
  guint32 *remaining;           /* consumers still to come, by item */
  guint8 *refetched;            /* some consumer wants it from DRAM: by item */
  guint32 *first_instance;      /* by item */
  GArray *instances;            /* of Instance */
  guint32 free_instance;        /* chain of dead ones to use again */
  User *user;                   /* those of all instances and tokens */
  guint32 n_users, users_room;
  GArray *set_aside;            /* of Victim: met while looking for one, and not taken */
  HdPieceId *tensor_piece;      /* of inputs and weights: resident in DRAM, by tensor */
  guint32 *cost_row;            /* by row of the graph's costs: the builder's; HD_NONE: not there yet */
  /* resources */
  Space *space;                 /* by memory */
  HdQueueId *core_queue;        /* by core; HD_NONE: not made yet */
  HdQueueId *dma_queue;         /* by DMA engine */
  guint32 *queue_outstanding;   /* by handle */
  guint32 **route_of;           /* by source, by destination: see plan_route(); rows are made when asked for */
  GArray *route_hops;           /* of guint: hops, by the builder's route */
  GHashTable *cast_routes;      /* of several destinations: source and destinations -> route + 1 */
  GArray *gates;                /* of User: what the task being made must come after */
  GArray *uses;                 /* of guint32: instances that the node being planned reads */
  GArray *resident_uses;        /* of HdPieceId: what it reads straight out of DRAM */
  GArray *sources;              /* of guint32: instances from which it comes; none: the tensor in DRAM */
  GArray *listeners;            /* of Listener: destinations of the transfer being made */
  gboolean short_of_room;       /* planning a node failed for space */
  GArray **core_nodes;          /* by core: its computes so far, when there is a prefetch limit */
  guint32 *core_place;          /* by step: which of its core's nodes it is, when there is a prefetch limit */
} Plan;

static inline Instance *plan_instance (const Plan *plan, guint32 i) { return &g_array_index (plan->instances, Instance, i); }
static inline const User *plan_user (const Plan *plan, guint32 u) { return &plan->user[u]; }

static inline HdMemoryId
plan_operand_memory (const Plan *plan, HdCoreId core, const HdLayer *layer, guint operand)
{
  HdRole role = layer->operands[operand].role;
  return hd_core_operand_memory (&plan->platform->core[core], role == HD_ROLE_INPUT ? HD_OPERAND_INPUT : role == HD_ROLE_WEIGHT ? HD_OPERAND_WEIGHT : HD_OPERAND_OUTPUT);
}

static inline gboolean plan_item_is_node (const Plan *plan, guint32 item) { return item < plan->graph->n; }
static inline guint32 plan_item_of_read (const Plan *plan, const HdDependency *read) { return plan->piece_item[read->from]; }

/* items.c */
gboolean plan_items_build (Plan *plan, GError **error);
char *plan_item_name (const Plan *plan, guint32 item);
HdBox plan_item_box (const Plan *plan, guint32 item);
guint64 plan_item_bits (const Plan *plan, guint32 item);
HdTensorId plan_item_tensor (const Plan *plan, guint32 item);
/** The first consumer of the item at or after (@memory, @step), in the order of memories and steps; the end of the row when there is none. */
guint64 plan_find_consumer (const Plan *plan, guint32 item, HdMemoryId memory, guint32 step);

/* share.c: fills piece_item */
gboolean plan_share_pieces (Plan *plan, GError **error);

/* space.c */
/** Takes room in @memory, whoever must leave for it. */
gboolean plan_allocate (Plan *plan, HdMemoryId memory, guint64 bits, guint32 item, GError **error);
/** A copy leaves @memory; it can be had again. */
gboolean plan_evict (Plan *plan, guint32 instance, GError **error);
gboolean plan_has_room (const Plan *plan, HdMemoryId memory, guint64 bits);
void plan_take_room (Plan *plan, HdMemoryId memory, guint64 bits);
/** Takes bits of a pool that has as many: what frees them becomes gates of the task being made. */
void plan_take_tokens (Plan *plan, Pool *pool, guint64 bits);
/** @users: whose ends free the bits; %HD_NONE: they are free from the beginning. */
void plan_give_token (Pool *pool, guint64 bits, guint32 users);
void plan_gate (Plan *plan, HdTaskId task, HdQueueId queue);

/* instances.c */
/** A copy of what @fresh says: item, memory, piece, bits, part. */
guint32 plan_add_instance (Plan *plan, const Instance *fresh, HdTaskId creator, HdQueueId queue);
guint32 plan_find_instance (const Plan *plan, guint32 item, HdMemoryId memory);
guint32 plan_find_part (const Plan *plan, guint32 item, HdMemoryId memory, guint32 step, guint operand);
void plan_add_user (Plan *plan, guint32 instance, HdTaskId task, HdQueueId queue);
/** Whether the item can be had again when this copy goes. */
gboolean plan_is_elsewhere (const Plan *plan, guint32 instance);
/** The copy goes after its users; its bits become a token. */
void plan_free_instance (Plan *plan, guint32 instance);
/** The next use of a copy has changed: it finds its new place among the victims. Parts that are done with go. */
void plan_settle (Plan *plan, guint32 instance);
/** Frees what is left of an item that nobody will read again. */
void plan_free_item (Plan *plan, guint32 item);
/** The step for which a copy is kept: its next reader, or, if there is no other copy, that of the item. */
guint32 plan_next_use (Plan *plan, guint32 instance);
/** Whether the attempt at hand needs it: it may not leave. */
gboolean plan_is_pinned (const Plan *plan, guint32 instance);
void plan_push_victim (Plan *plan, guint32 instance);
Victim plan_pop_victim (Space *space);

/* move.c */
HdQueueId plan_queue_for_core (Plan *plan, HdCoreId core);
/** The builder's route, or HD_NONE when there is no way from the one to the other. */
guint32 plan_route (Plan *plan, HdMemoryId source, HdMemoryId destination);
/** Whether a load for the node of @step may be thought of already: always, unless the mapping holds loads to the next few nodes of a core. */
gboolean plan_may_load_for (const Plan *plan, guint32 step);
/** Moves @box of an item from @plan->sources to all of @plan->listeners, where room has been taken; they get instances. */
gboolean plan_move (Plan *plan, guint32 item, const HdBox *box, guint64 bits, GError **error);
/** Writes @box of an instance to DRAM. With @copy that is an instance too, from which the item can be fetched again. */
gboolean plan_store (Plan *plan, guint32 instance, const HdBox *box, guint64 bits, guint32 *copy, GError **error);

/* cast.c */
/** Adds to @plan->listeners the other memories into which the transfer to its first may bring the same. @part (nullable): what the node being planned reads, and @box of it. */
void plan_add_listeners (Plan *plan, guint32 item, HdMemoryId source, guint64 bits, const HdDependency *part, const HdBox *box);
/** Instead of writing the only copy to DRAM: sends it to the memories of its readers, where there is room. *@sent = FALSE: there is none. */
gboolean plan_send_ahead (Plan *plan, guint32 instance, gboolean *sent, GError **error);
/** What the readers of @item in @memory from step @from on want of it [bit], as far as @enough. */
guint64 plan_wanted_bits (const Plan *plan, guint32 item, HdMemoryId memory, guint32 from, guint64 enough);

/* park.c */
/** Before a load into @memory that must wait for room: parks what waits and what comes after it. */
gboolean plan_park (Plan *plan, HdMemoryId memory, GError **error);
/** A copy that was only parked goes. */
void plan_unpark (Plan *plan, guint32 instance);

/* bring.c */
/** What a node reads of an item. */
HdBox plan_overlap_box (const Plan *plan, HdNodeId node, guint operand, guint32 item);
gboolean plan_bring_inputs (Plan *plan, HdNodeId node, GError **error);

/* plan.c */
/** @spare (nullable): by memory, what is set apart for parking [bit]. */
HdSchedule *plan_run (const Graph *graph, const HdNodeId *order, const char *pass, gboolean multicast, const guint64 *spare, gboolean draft, GError **error);
