/* Lower bounds: what no run of a schedule's tasks can beat, whatever the order, the arbiters and the space.
 *
 * | bound         | is                                                                                                                          |
 * |---------------|-----------------------------------------------------------------------------------------------------------------------------|
 * | critical path | the longest chain of tasks that hand data to each other, each in the time that it takes alone                               |
 * | work          | all computes on cores of one kind, shared evenly by all cores of this kind that the platform has, busy or not               |
 * | bandwidth     | what must come from DRAM and go there once (inputs, weights, outputs: each element that moved counts once), over what every such transfer passed |
 *
 * They know neither the engine nor queues; the greatest is below every complete run of the schedule. Weight loads inside cores are left out (they may be warm).
 *
 * Ownership: hd_bounds_free() frees all.
 */
#pragma once

#include <heddle/schedule.h>

#include <glib.h>

G_BEGIN_DECLS

/** Cores that are alike: equal but for their names and the memories that they stand at. */
typedef struct {
  guint n_cores;
  HdCoreId *core;        /* ascending */
  guint64 total_cycles;  /* of their computes [cycle] */
  guint64 cycles;        /* shared evenly: total_cycles / n_cores, rounded up [cycle] */
} HdBoundWork;

typedef struct {
  HdResourceId resource;
  guint64 bits;          /* that must pass it [bit] */
  guint64 cycles;        /* which takes at least so long [cycle] */
} HdBoundBandwidth;

typedef struct {
  guint64 path_cycles;            /* the critical path [cycle] */
  guint n_works;                  /* by first core; those without work left out */
  HdBoundWork *work;
  guint n_bandwidths;             /* by resource; those that nothing must pass left out */
  HdBoundBandwidth *bandwidth;
  guint64 cycles;                 /* the greatest of all [cycle] */
} HdBounds;

/**
 * hd_bounds_new:
 *
 * Time: O(n log n) in tasks and pieces. Sums saturate at 2^64 - 1.
 */
HdBounds *hd_bounds_new (const HdPlatform *platform, const HdSchedule *schedule);
void hd_bounds_free (HdBounds *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdBounds, hd_bounds_free)

G_END_DECLS
