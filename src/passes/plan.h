/* What the planner knows while it goes through the nodes in order: see plan.c for the idea.
 *
 * | file      | is about                                                                             |
 * |-----------|--------------------------------------------------------------------------------------|
 * | plan.c    | a node: its inputs brought, room made, computed, stored, what is done with released  |
 * | prepare.c | a plan's beginning and end                                                           |
 * | bring.c   | what a node reads, whole or in part, and from where                                  |
 * | cast.c    | who else wants what is being moved: one transfer for several memories                |
 * | move.c    | queues and transfers                                                                 |
 * | ways.c    | routes                                                                               |
 * | park.c    | where weights wait for room                                                          |
 * | space.c   | what leaves when there is no room                                                    |
 * | tokens.c  | whose ends free whose bits                                                           |
 * | instances.c | who uses a copy, and for when it is kept                                           |
 * | lanes.c   | who reads what, where, in the order of the plan                                      |
 *
 * Items, uses and lanes are the graph's (graph.h).
 * An *instance* is a copy of an item in one memory, or of the part of it that one node reads: a piece of the schedule.
 * *Tokens* are free bits of a memory together with the tasks that freed them.
 *
 * What is touched for every use of every node stands close together and is found by an index: a node's uses know their lanes, a lane knows the copy that is there and its next reader.
 */
#pragma once

#include "passes/graph.h"

#include <glib.h>

#define NO_STEP G_MAXUINT32

/** A task that a piece must outlive. More of them are chained; a chain belongs to one piece, and then to the token of its bits. */
typedef struct {
  HdTaskId task;         /* HD_NONE: there is none */
  HdQueueId queue;
  guint32 next;          /* index in the pool; HD_NONE ends */
} User;

/** A lane while the plan goes on: it leaves behind who has read. */
typedef struct {
  HdMemoryId memory;
  guint32 instance;      /* the whole copy that is there; HD_NONE: none is */
  guint32 next_step;     /* of the next reader, at or after the step at hand; NO_STEP: none will come */
  guint32 next, end;     /* rows of readers still to come */
} Lane;

/** Which node reads an item. */
typedef struct {
  guint32 step;
  guint32 use;           /* HD_NONE: it must only not be lost before */
} Reader;

/** An item while the plan goes on. */
typedef struct {
  guint32 remaining;     /* readers still to come */
  guint32 first_instance; /* HD_NONE: none */
  guint32 n_whole, n_parts; /* copies of all of it, and of parts */
  guint32 pinned;        /* the attempt that needs the copies that there were when it began */
} Item;

/** What is asked of an item's instances one after the other; the rest is in Instance. */
typedef struct {
  guint32 next;          /* the item's next instance, or the next free one; HD_NONE ends */
  HdMemoryId memory;
  guint32 part_step;     /* NO_STEP: all of the item; else what the node of that step reads of it, and for that alone */
  guint8 part_operand;
  guint8 permanent;      /* an output of the network in its place: stays to the end */
  guint8 parked;         /* it only waits here for room where it is read */
  guint8 used;           /* its users are readers; else its creator stands there alone */
} Link;

typedef struct {
  guint64 bits;
  guint32 item;          /* HD_NONE: it is gone */
  HdPieceId piece;
  User user;             /* the first of its users */
  guint32 lane;          /* HD_NONE: nobody reads it where it stands */
  guint32 next_use;      /* step of the next node that it is for; NO_STEP: none */
  guint32 pinned;        /* the attempt that needs it now; it may not be evicted in that */
  guint32 born;          /* which of all instances it is, by age */
} Instance;

typedef struct {
  guint64 bits;
  User user;             /* the first of those whose ends free them; none: free from the beginning */
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
  Victim *victim;        /* a heap, farthest next use first; those from n_sorted on have not found their place yet */
  guint n_victims, n_sorted, victims_room;
  guint load_dma, store_dma; /* the first engine that loads into it, that stores from it; HD_NONE */
  gboolean unlimited;    /* where room never ends, nobody waits for it */
  gboolean hears;        /* loads into it can be shared with others: no core's own engine makes them */
} Space;

/** When an item is first read in a memory. */
typedef struct {
  guint32 step, item;
} Arrival;

/** A destination of a transfer. */
typedef struct {
  HdMemoryId memory;
  guint32 lane;          /* as in Instance */
  guint32 step;          /* of the node for which it comes; NO_STEP: for nobody yet, it makes room elsewhere */
  guint32 part_step;     /* as in Link */
  guint8 part_operand;
  guint8 parked;
} Listener;

/** A transfer's queue and route. */
typedef struct {
  HdQueueId queue;
  guint32 route;
} Way;

/** Lists that are empty again with the next node, and keep their memory. */
typedef struct {
  User *at;
  guint n, room;
} Users;

typedef struct {
  guint32 *at;
  guint n, room;
} Ids;

typedef struct {
  Listener *at;
  guint n, room;
} Listeners;

#define APPEND(list, value)                            \
  do {                                                 \
    GROW ((list)->at, (list)->n, (list)->room);        \
    (list)->at[(list)->n++] = (value);                 \
  } while (0)

/** Routes to several destinations, by what they join. */
typedef struct {
  guint32 hash;
  guint32 key, n;        /* source and destinations: place and number in the pool of keys */
  guint32 route;
} Cast;

typedef struct {
  Graph *graph;
  const HdTiling *tiling;
  const HdMapping *mapping;
  const HdWorkload *workload;
  const HdPlatform *platform;
  const HdNodeId *order;
  HdScheduleBuilder *builder;
  HdMemoryId dram;
  gboolean multicast;
  gboolean draft;               /* nobody will ask which boxes its pieces are */
  const guint64 *spare;         /* (nullable) by memory: what is set apart for parking [bit] */
  GArray **arrivals;            /* by memory: of Arrival, by step; NULL: not listed yet */
  guint *next_arrival;          /* by memory: the first that has not passed */
  HdMemoryId engine_of;         /* whose DMA engine loads, when not the destination's; HD_NONE */
  guint32 step;                 /* where in the order we are */
  guint32 attempt;              /* counts tries to plan a node: what is pinned, is for one of them */
  guint32 attempt_pinned;       /* the attempt whose items have been pinned: only when somebody must leave it matters which */
  guint64 by_piece;             /* bit o: what other stacks made for operand o comes as pieces */
  guint32 n_born, n_born_before; /* instances so far; and when the attempt began */
  gboolean frugal;              /* bring no more than the node itself reads */
  /* items */
  Lane *lane;                   /* as the graph's */
  Reader *reader;               /* by lane, step */
  Item *item;                   /* as the graph's */
  Link *link;                   /* by instance */
  Instance *instance;
  guint n_instances, links_room, instances_room;
  guint32 free_instance;        /* chain of dead ones to use again */
  User *user;                   /* users of instances and tokens beyond the first */
  guint n_users, users_room;
  guint32 free_user;            /* chain of those to use again */
  GArray *set_aside;            /* of Victim: met while looking for one, and not taken */
  HdPieceId *tensor_piece;      /* of inputs and weights: resident in DRAM, by tensor */
  guint32 *cost_row;            /* by row of the graph's costs: the builder's; HD_NONE: not there yet */
  /* resources */
  Space *space;                 /* by memory */
  HdQueueId *core_queue;        /* by core; HD_NONE: not made yet */
  HdQueueId *dma_queue;         /* by DMA engine */
  guint n_queues;
  guint32 *queue_outstanding;   /* by handle */
  guint32 *gate_of;             /* by handle: place among the gates, when it is in gates_stamp's */
  guint32 *gate_stamp;          /* by handle */
  guint32 gates_stamp;          /* says which list of gates it is */
  guint32 **route_of;           /* by source, by destination: see plan_route(); rows are made when asked for */
  guint32 **hops_to;            /* by destination, by source; see plan_hops() */
  Cast *cast;                   /* a hash table */
  guint32 n_casts, casts_room;
  Ids cast_keys;
  Users gates;                  /* what the task being made must come after */
  Ids uses;                     /* instances that the node being planned reads */
  Ids resident_uses;            /* pieces that it reads straight out of DRAM */
  Ids sources;                  /* instances from which an item comes; none: the tensor in DRAM */
  Listeners listeners;          /* destinations of the transfer being made */
  gboolean short_of_room;       /* planning a node failed for space */
  GArray **core_nodes;          /* by core: its computes so far, when there is a prefetch limit; else NULL */
  guint32 *core_place;          /* by step: which of its core's nodes it is, when there is a prefetch limit */
} Plan;

static inline gboolean plan_item_is_node (const Plan *plan, guint32 item) { return item < plan->graph->n; }
static inline guint64 plan_item_bits (const Plan *plan, guint32 item) { return plan->graph->item[item].bits; }
static inline guint32 plan_item_of_read (const Plan *plan, const HdDependency *read) { return plan->graph->piece_item[read->from]; }

/** What a use is of the tiling's. */
static inline const HdDependency *
plan_use (const Plan *plan, guint32 use)
{
  return use < plan->graph->n_dependencies ? &plan->tiling->dependency[use] : &plan->tiling->read[use - plan->graph->n_dependencies];
}

/* lanes.c */
gboolean plan_line_up (Plan *plan, GError **error);
/** The lane of an item in a memory; HD_NONE: nobody reads it there. */
guint32 plan_find_lane (const Plan *plan, guint32 item, HdMemoryId memory);
/** The first reader of a lane after the step at hand; its `end`: there is none. */
guint32 plan_reader_after (const Plan *plan, const Lane *lane);
/** Leaves behind the readers up to the step at hand. */
void plan_pass_readers (Plan *plan, Lane *lane);
/** What the readers of a lane from row @from on want of it [bit], as far as @enough. */
guint64 plan_wanted_bits (const Plan *plan, const Lane *lane, guint32 from, guint64 enough);

/** Its step. */
static inline guint32
plan_step_after (const Plan *plan, const Lane *lane)
{
  if (G_LIKELY (lane->next_step > plan->step))
    return lane->next_step;
  guint32 reader = plan_reader_after (plan, lane);
  return reader < lane->end ? plan->reader[reader].step : NO_STEP;
}

char *plan_item_name (const Plan *plan, guint32 item);
HdBox plan_item_box (const Plan *plan, guint32 item);
HdTensorId plan_item_tensor (const Plan *plan, guint32 item);

/* tokens.c */
gboolean plan_has_room (const Plan *plan, HdMemoryId memory, guint64 bits);
void plan_take_room (Plan *plan, HdMemoryId memory, guint64 bits);
/** Takes bits of a pool that has as many: what frees them becomes gates of the task being made. */
void plan_take_tokens (Plan *plan, Pool *pool, guint64 bits);
/** @user: the first of those whose ends free the bits; its chain is the token's from now on. */
void plan_give_token (Pool *pool, guint64 bits, User user);
void plan_gate (Plan *plan, HdTaskId task, HdQueueId queue);
/** Puts the gates collected so far aside, for another task is to be made first. */
Users plan_push_gates (Plan *plan);
void plan_pop_gates (Plan *plan, Users gates);
void plan_clear_gates (Plan *plan);
/** Puts a user in front of a chain. */
User plan_chain_user (Plan *plan, User first, HdTaskId task, HdQueueId queue);

/* space.c */
/** Takes room in @memory, whoever must leave for it. */
gboolean plan_allocate (Plan *plan, HdMemoryId memory, guint64 bits, guint32 item, GError **error);
/** A copy leaves its memory; it can be had again. */
gboolean plan_evict (Plan *plan, guint32 instance, GError **error);
void plan_push_victim (Plan *plan, guint32 instance);

/* instances.c */
/** A copy of what @fresh says: item, piece, bits, lane, pinned; and @link: memory, part, parked. */
guint32 plan_add_instance (Plan *plan, const Instance *fresh, const Link *link, HdTaskId creator, HdQueueId queue);
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
guint32 plan_next_use (const Plan *plan, guint32 instance);

/* ways.c */
/** The builder's route, or HD_NONE when there is no way from the one to the other. */
guint32 plan_route (Plan *plan, HdMemoryId source, HdMemoryId destination);
/** The tree from @source to all @plan->listeners. */
gboolean plan_cast_route (Plan *plan, HdMemoryId source, guint32 *route, GError **error);
/** Hops from each memory to @destination, by source; G_MAXUINT32: no way. */
const guint32 *plan_hops (Plan *plan, HdMemoryId destination);

/* move.c */
HdQueueId plan_queue_for_core (Plan *plan, HdCoreId core);
/** Whether a load for the node of @step may be thought of already: always, unless the mapping holds loads to the next few nodes of a core. */
gboolean plan_may_load_for (const Plan *plan, guint32 step);
/** Moves an item, or @part of it, from @plan->sources to all of @plan->listeners, where room has been taken; they get instances. */
gboolean plan_move (Plan *plan, guint32 item, const HdBox *part, guint64 bits, GError **error);
/** Writes an instance, or @part of it, to DRAM. With @copy that is an instance too, from which the item can be fetched again. */
gboolean plan_store (Plan *plan, guint32 instance, const HdBox *part, guint64 bits, guint32 *copy, GError **error);

/* cast.c */
/** Adds to @plan->listeners the other memories into which the transfer to its first may bring the same. @part (nullable): what the node being planned reads, and @box of it. */
void plan_add_listeners (Plan *plan, guint32 item, HdMemoryId source, guint64 bits, const HdDependency *part, const HdBox *box);
/** Instead of writing the only copy to DRAM: sends it to the memories of its readers, where there is room. *@sent = FALSE: there is none. */
gboolean plan_send_ahead (Plan *plan, guint32 instance, gboolean *sent, GError **error);

/* park.c */
/** Before a load into @memory that must wait for room: parks what waits and what comes after it. */
gboolean plan_park (Plan *plan, HdMemoryId memory, GError **error);
/** A copy that was only parked goes. */
void plan_unpark (Plan *plan, guint32 instance);

/* bring.c */
/** What a node reads of an item. */
HdBox plan_overlap_box (const Plan *plan, HdNodeId node, guint operand, guint32 item);
gboolean plan_bring_inputs (Plan *plan, HdNodeId node, GError **error);
/** Pins the copies of what the node being planned reads, if that has not been done in this attempt. */
void plan_pin_inputs (Plan *plan);

/* plan.c */
/** @spare (nullable): by memory, what is set apart for parking [bit]. */
HdSchedule *plan_run (Graph *graph, const HdNodeId *order, const char *pass, gboolean multicast, const guint64 *spare, gboolean draft, GError **error);

/* prepare.c */
void plan_init (Plan *plan, const char *pass);
void plan_clear (Plan *plan);
