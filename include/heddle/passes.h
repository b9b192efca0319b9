/* Scheduling passes: a tiling and a cost model become a schedule.
 *
 * | pass           | order of the computation nodes                                                        |
 * |----------------|---------------------------------------------------------------------------------------|
 * | layer-by-layer | all nodes of a layer before those of the next                                         |
 * | fused          | depth-first: stack by stack, tile by tile, through all the layers of a stack          |
 *
 * Both place each node on the core that the mapping deals it to, fetch weights and inputs as early as space allows, keep what is used again while there is room, write
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
 *
 * Errors: %HD_ERROR_USAGE for an unknown name; %HD_ERROR_NEGATIVE when a piece fits nowhere (which piece, which memory, how many bits are missing), when there is no route
 * or DMA engine for a transfer, or when a core cannot do a node; %HD_ERROR_MEMORY.
 *
 * Time: O(n log n) in nodes and dependencies.
 */
HdSchedule *hd_pass_run (const char *name, HdTiling *tiling, HdCostModel *cost, GError **error);

G_END_DECLS
