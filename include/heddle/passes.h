/* Scheduling passes: a tiling and a cost model become a schedule.
 *
 * | pass           | order of the computation nodes                                                        |
 * |----------------|---------------------------------------------------------------------------------------|
 * | layer-by-layer | all nodes of a layer before those of the next                                         |
 * | fused          | depth-first: stack by stack, tile by tile, through all the layers of a stack          |
 * | multi-core     | whenever a core is free, the ready node that comes first by a priority; the engine judges several and says where to improve |
 *
 * All place each node on the core that the mapping deals it to, fetch weights and inputs as early as space allows, keep what is used again while there is room, write
 * back what must leave (and fetch it again), and write the network's outputs to DRAM. What they make never deadlocks: see doc/passes.md.
 */
#pragma once

#include <heddle/cost.h>
#include <heddle/schedule.h>
#include <heddle/tiling.h>

#include <glib.h>

G_BEGIN_DECLS

/** Names of the passes, NULL-ended. */
const char *const *hd_pass_names (void);

/** By what the pass multi-core orders the nodes. */
typedef enum {
  HD_PRIORITY_BEST,      /* try all of the following in the engine, keep the best */
  HD_PRIORITY_LATENCY,   /* the longest way to the end of the network first */
  HD_PRIORITY_MEMORY,    /* the deepest layer first: least live data */
  HD_PRIORITY_STACK,     /* depth-first, as the pass fused */
  HD_PRIORITY_THROUGHPUT, /* of several inferences: as latency, but all of them at once, which share weights while these are there; of one: as latency */
} HdPriority;

typedef struct {
  HdPriority priority;     /* of multi-core */
  HdObjective objective;   /* by what the engine's verdicts on several plans are compared */
  guint rounds;            /* of feedback: plans made from what the engine found, at most */
  const HdNodeId *order;   /* (nullable): of multi-core, instead of a priority: all nodes in an order in which they can be executed; one plan is made of it as it stands */
  gboolean draft;          /* for searches, which throw most schedules away: it does not say what it was made from, so it cannot be saved or checked against its platform */
} HdPassOptions;

#define HD_PASS_OPTIONS_DEFAULT ((HdPassOptions) { HD_PRIORITY_BEST, HD_OBJECTIVE_LATENCY, 4, NULL, FALSE })

/** "best", "latency", "memory", "stack", "throughput", NULL: by HdPriority. */
const char *const *hd_priority_names (void);

/**
 * hd_pass_check_dram:
 * @mapping: what is to be scheduled on what
 *
 * Whether there is a DRAM, and room in it for the inputs and weights, each whole. hd_pass_run() asks this too; asked before the tiling, it saves
 * cutting what fits nowhere into millions of nodes.
 *
 * Errors: %HD_ERROR_NEGATIVE (which tensor, which memory, how many bits are free).
 */
gboolean hd_pass_check_dram (const HdMapping *mapping, GError **error);

/**
 * hd_pass_run:
 * @name: one of hd_pass_names()
 * @tiling: what is scheduled; its mapping says on what
 * @cost: what a node costs
 * @options: (nullable): NULL: %HD_PASS_OPTIONS_DEFAULT
 *
 * Multi-core with one priority and no rounds makes one plan and runs no engine.
 *
 * Errors: %HD_ERROR_USAGE for an unknown name, or an order in which the nodes cannot be executed; %HD_ERROR_NEGATIVE when a piece fits nowhere (which piece, which memory, how many bits are missing), when there is no route
 * or DMA engine for a transfer, or when a core cannot do a node; %HD_ERROR_MEMORY.
 *
 * Time: O(n log n) in nodes and dependencies, for each plan.
 */
HdSchedule *hd_pass_run (const char *name, HdTiling *tiling, HdCostModel *cost, const HdPassOptions *options, GError **error);

G_END_DECLS
