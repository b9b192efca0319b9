/* The schedule: computes and transfers with their order, dependencies and residency. What the engine executes, and nothing it may choose.
 *
 * | thing  | is                                                                                                          |
 * |--------|-------------------------------------------------------------------------------------------------------------|
 * | task   | a compute (on the core of its queue) or a transfer (along a route); ids are 0..n_tasks-1                     |
 * | queue  | a list of tasks in order, or a set ordered by priority; a task is in exactly one                            |
 * | piece  | bits that live in one memory: a box of a tensor, or opaque. Made by one task, or resident from the beginning  |
 * | use    | a task reads a piece: it depends on the piece's creator                                                     |
 * | after  | an order dependency without data: the task may not start before that one has ended                           |
 * | release| a task that must have ended before a piece goes; a piece without any stays to the end                        |
 * | cost   | what a compute takes: one row per distinct node shape and core, shared by the tasks                         |
 *
 * Everything is columns and compressed rows (`x_begin[i] .. x_begin[i+1]` index into `x`), so ten million tasks fit and the file is the memory.
 * Lists inside a row ascend and hold nothing twice; costs and routes are distinct and numbered by first use: equal content is equal bytes. Energy is whole attojoules [aJ], 1 pJ = 1,000,000 aJ.
 *
 * Ownership: schedules are made by hd_schedule_builder_finish() or hd_schedule_load(), are immutable, and counted by reference.
 */
#pragma once

#include <heddle/box.h>
#include <heddle/platform.h>

#include <glib.h>

G_BEGIN_DECLS

typedef guint32 HdTaskId;
typedef guint32 HdPieceId;
typedef guint32 HdQueueId;

#define HD_AJ_PER_PJ 1000000.0

typedef enum { HD_TASK_COMPUTE = 0, HD_TASK_TRANSFER = 1 } HdTaskKind;
typedef enum { HD_QUEUE_IN_ORDER = 0, HD_QUEUE_BY_PRIORITY = 1 } HdQueueOrder;

typedef struct {
  char *name;              /* unique; queues stand in ascending order of name */
  HdQueueOrder order;
  guint32 outstanding;     /* tasks issued and not ended, at most; >= 1 */
  guint32 priority;        /* for FIXED_PRIORITY arbiters: smaller first */
  guint32 slot;            /* for TIME_SLOTS arbiters: taken mod the resource's n_slots */
  HdCoreId core;           /* whose computes it holds; HD_NONE: transfers only. No two queues name the same core */
} HdQueue;

/** What a compute takes. `weight_key` of the task says which weights; see doc/engine.md for when loading is paid. */
typedef struct {
  guint64 cycles;          /* [base cycle]; 0 is allowed */
  guint64 load_cycles;     /* paid when the core's weights change [base cycle] */
  guint64 energy_aj;       /* of one execution [aJ] */
  guint64 load_energy_aj;  /* paid with load_cycles [aJ] */
  guint64 macs;            /* MACs or element operations really done [1] */
} HdTaskCost;

typedef struct HdSchedule {
  /* where it comes from */
  char *platform_name, *platform_sha256;
  char *workload_xml, *mapping_xml;    /* canonical; "" for schedules made elsewhere */
  char *pass;                          /* "fused", "layer-by-layer", or who made it */
  /* names */
  guint n_layers;   char **layer_name;
  guint n_tensors;  char **tensor_name;
  /* tables */
  guint n_queues;   HdQueue *queue;
  guint n_routes;   HdRoute *route;    /* distinct */
  guint n_costs;    HdTaskCost *cost;
  /* tasks */
  guint32 n_tasks;
  guint8 *kind;                        /* HdTaskKind */
  HdQueueId *queue_of;
  guint32 *what;                       /* compute: index in cost; transfer: index in route */
  guint64 *bits;                       /* transfer: moved, >= 1 [bit]; compute: 0 */
  guint32 *layer;                      /* HD_NONE: none */
  guint32 *node;                       /* computation node, or HD_NONE */
  guint32 *weight_key;                 /* 0: none */
  guint32 *priority;                   /* of tasks in BY_PRIORITY queues: smaller first; else 0 */
  guint64 *queue_begin; HdTaskId *queue_task;   /* by queue, in order (BY_PRIORITY: ascending id) */
  guint64 *use_begin;   HdPieceId *use;         /* by task */
  guint64 *after_begin; HdTaskId *after;        /* by task */
  /* pieces */
  guint32 n_pieces;
  HdMemoryId *piece_memory;
  guint64 *piece_bits;                 /* >= 1 [bit] */
  HdTaskId *piece_creator;             /* HD_NONE: resident from cycle 0 */
  guint32 *piece_tensor;               /* HD_NONE: opaque */
  guint64 *piece_box_begin;            /* n_pieces + 1; rows of ranges, empty for opaque */
  HdRange *piece_range;
  guint64 *release_begin; HdTaskId *release;    /* by piece */
} HdSchedule;

HdSchedule *hd_schedule_ref (HdSchedule *self);
void hd_schedule_unref (HdSchedule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdSchedule, hd_schedule_unref)

/* --- building ---------------------------------------------------------------------------------
 * Ids are given in the order of the calls. Misuse (an id that does not exist) is caught by _finish(). */

typedef struct HdScheduleBuilder HdScheduleBuilder;

/** An empty schedule for @platform, which must outlive the builder. */
HdScheduleBuilder *hd_schedule_builder_new (const HdPlatform *platform);
void hd_schedule_builder_free (HdScheduleBuilder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdScheduleBuilder, hd_schedule_builder_free)

/** Makes room at once for about @n tasks and as many pieces; more may come. Said to an empty builder, it spares the growing of columns. */
void hd_schedule_builder_expect (HdScheduleBuilder *self, gsize n);

/** What the schedule was made by and from, to be kept in its file; each is copied. */
void hd_schedule_builder_set_source (HdScheduleBuilder *self, const char *pass, const char *workload_xml, const char *mapping_xml);
/** Instead of that, for a schedule that is run and thrown away: neither its inputs nor its platform's sha256 are kept, so no file of it can be read again; nor the boxes of its pieces; and _finish() trusts who built it. */
void hd_schedule_builder_set_draft (HdScheduleBuilder *self, const char *pass);
/** Adds a name of a layer or tensor; the same name gives the same id. */
guint32 hd_schedule_builder_layer (HdScheduleBuilder *self, const char *name);
guint32 hd_schedule_builder_tensor (HdScheduleBuilder *self, const char *name);
/** Returns a handle; _finish() renumbers queues by name. The name is copied. */
HdQueueId hd_schedule_builder_queue (HdScheduleBuilder *self, const HdQueue *queue);
/** Equal costs and equal routes get the same handle; _finish() numbers them by first use and drops those without. The route is copied. */
guint32 hd_schedule_builder_cost (HdScheduleBuilder *self, const HdTaskCost *cost);
guint32 hd_schedule_builder_route (HdScheduleBuilder *self, const HdRoute *route);
/** Appends to the end of its queue. @what is a cost. */
HdTaskId hd_schedule_builder_compute (HdScheduleBuilder *self, HdQueueId queue, guint32 what, guint32 layer, guint32 node, guint32 weight_key);
/** Appends to the end of its queue. @what is a route. The piece it moves is what it uses; the pieces it makes name it as creator. */
HdTaskId hd_schedule_builder_transfer (HdScheduleBuilder *self, HdQueueId queue, guint32 what, guint64 bits, guint32 layer, guint32 node);
void hd_schedule_builder_priority (HdScheduleBuilder *self, HdTaskId task, guint32 priority);
/** @tensor: or HD_NONE: opaque. @box (nullable): NULL: it is not said which part of the tensor. */
HdPieceId hd_schedule_builder_piece (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, guint32 tensor, const HdBox *box);
/** A copy of a piece in another memory: the same box of the same tensor. */
HdPieceId hd_schedule_builder_piece_like (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, HdPieceId piece);
void hd_schedule_builder_use (HdScheduleBuilder *self, HdTaskId task, HdPieceId piece);
void hd_schedule_builder_after (HdScheduleBuilder *self, HdTaskId task, HdTaskId earlier);
void hd_schedule_builder_release (HdScheduleBuilder *self, HdPieceId piece, HdTaskId after);
/** Every piece without a release gets its users; pieces nobody uses stay. For those who do not want to say. */
void hd_schedule_builder_release_after_last_use (HdScheduleBuilder *self);

/**
 * hd_schedule_builder_finish:
 *
 * Sorts, makes the rows, and runs hd_schedule_validate(). The builder is empty afterwards. Errors: %HD_ERROR_NEGATIVE (what is inconsistent).
 */
HdSchedule *hd_schedule_builder_finish (HdScheduleBuilder *self, GError **error);

/**
 * hd_schedule_validate:
 *
 * Structure only: every index exists, rows ascend, each task is in exactly one queue, computes are in queues with a core, a route's first hop is its only root, parents stand first, ...
 * What passes cannot make the engine read out of bounds. Whether it is legal is hd_schedule_check()'s question.
 */
gboolean hd_schedule_validate (const HdSchedule *self, const HdPlatform *platform, GError **error);

/* --- files: *.h5 (columns) and *.xml (the same content, for people and tests) ----------------------- */

/**
 * hd_schedule_load:
 * @platform: the platform it must have been made for
 *
 * Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT with file:line or file:dataset, also when it was made for another platform (sha256).
 */
HdSchedule *hd_schedule_load (const char *path, const HdPlatform *platform, GError **error);
/** Whether the file is HDF5 that says that it is a schedule, sound or not. */
gboolean hd_schedule_is_hdf5 (const char *path);
/** As hd_schedule_load(), of XML in memory; @name stands for the file in messages. */
HdSchedule *hd_schedule_parse_xml (const char *text, gsize length, const char *name, const HdPlatform *platform, GError **error);
/** Returns (transfer full): canonical XML; parsing it gives the same schedule. */
char *hd_schedule_to_xml (const HdSchedule *self, const HdPlatform *platform);
/** By the name's end: ".xml" is XML, anything else HDF5. Written beside and renamed. Errors: %HD_ERROR_CREATE, %HD_ERROR_WRITE. */
gboolean hd_schedule_save (const HdSchedule *self, const HdPlatform *platform, const char *path, GError **error);
/** Returns (transfer full): sha256 over the content, whatever the file's form. */
char *hd_schedule_sha256 (const HdSchedule *self);

/* --- legality: independent of the engine and of the passes --------------------------------------- */

/**
 * hd_schedule_check:
 *
 * What is illegal whatever the times: cycles in dependencies and queue orders together, uses that are not after their creator or not before the release, pieces larger than
 * their memory, occupancy beyond capacity wherever the order fixes it, transfers whose route does not join their pieces' memories, computes whose pieces are out of their core's reach, ...
 * All violations found (up to 20) in words. Errors: %HD_ERROR_NEGATIVE.
 */
gboolean hd_schedule_check (const HdSchedule *self, const HdPlatform *platform, GError **error);

/** The times of a run, as read from a trace. Columns have n_tasks entries. */
typedef struct {
  guint64 cycles;
  guint64 n_tasks;
  const guint64 *ready, *issue, *start, *end;   /* [cycle] */
} HdTaskTimes;

/**
 * hd_schedule_check_times:
 *
 * The same with the times: order of queues, dependencies, exclusive cores and resources (work on a resource between times is at most what its width moves), capacity at every cycle, durations (compute: exactly; transfer: at least the
 * unloaded time of its route), every task exactly once. Errors: %HD_ERROR_NEGATIVE with all violations (up to 20).
 */
gboolean hd_schedule_check_times (const HdSchedule *self, const HdPlatform *platform, const HdTaskTimes *times, GError **error);

G_END_DECLS
