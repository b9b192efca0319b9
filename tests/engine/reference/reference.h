/* The reference engine: doc/engine.md, cycle by cycle.
 *
 * Written from that page alone, to be obviously right: arrays, one loop over the cycles, no event queue, no fast-forward. Everything that is a matter
 * of choosing is a scan over all there is. It is slow, and meant for runs of a few dozen tasks and a few thousand cycles.
 */
#pragma once

#include "trace.h"

/**
 * reference_run:
 * @limit: gives up past this cycle [cycle]
 *
 * Returns (transfer full) (nullable): the complete trace; NULL when the run is longer than @limit.
 */
Trace *reference_run (const HdPlatform *platform, const HdSchedule *schedule, guint64 limit);
