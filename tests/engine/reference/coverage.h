/* Which features an instance and its run exercise: for measuring that random instances are worth running. */
#pragma once

#include "instances.h"
#include "trace.h"

#define COVERAGE_FEATURES(X) \
  X (DEADLOCK, "deadlock") \
  X (FIRST_COME, "a first-come arbiter made a transfer wait for another queue's") \
  X (ROUND_ROBIN, "a round-robin arbiter made a transfer wait for another queue's") \
  X (FIXED_PRIORITY, "a fixed-priority arbiter made a transfer wait for another queue's") \
  X (TIME_SLOTS, "an arbiter with time slots made a transfer wait for another queue's") \
  X (MULTICAST, "several destinations") \
  X (INNER_ARRIVAL, "a destination on the way to another") \
  X (RESOURCE_TWICE, "a resource twice in a route") \
  X (UNLIMITED_FIRST, "a first hop without a width before one with a width") \
  X (UNLIMITED_LATER, "a later hop without a width") \
  X (UNLIMITED_ALL, "a route without any width") \
  X (LATENCY, "latency") \
  X (RESOURCE_PERIOD, "a resource with a slower clock") \
  X (CORE_PERIOD, "a core with a slower clock") \
  X (WINDOW, "a window smaller than the number of bursts") \
  X (BURSTS, "several bursts") \
  X (MANY_BURSTS, "a hundred bursts and more") \
  X (SHORT_BURST, "a short last burst after others") \
  X (BY_PRIORITY, "a queue by priority of several tasks") \
  X (OUTSTANDING, "two tasks of one queue under way at once") \
  X (MIXED, "computes and transfers in one queue") \
  X (ORDER, "a dependency for order alone") \
  X (FORWARD, "a dependency against the ids") \
  X (QUEUE_AGAINST_IDS, "a queue in another order than the ids'") \
  X (RESIDENT, "a resident piece that is used") \
  X (RESIDENT_GOES, "a resident piece with a release list") \
  X (STAYS, "a created piece without a release list") \
  X (FULL, "a memory filled to its capacity") \
  X (PASSING_PEAK, "a peak that no cycle shows") \
  X (LOAD_PAID, "weights loaded") \
  X (LOAD_SAVED, "the weights of the compute before") \
  X (ZERO_COMPUTE, "a compute of no cycles") \
  X (ZERO_TRANSFER, "a transfer of no cycles") \
  X (NO_TASKS, "no tasks") \
  X (NO_CYCLES, "tasks, but a makespan of 0") \
  X (NO_QUEUE, "a core without a queue") \
  X (DRAM, "DRAM read and written") \
  X (WAIT_NONE, "a task that waits for nothing") \
  X (WAIT_INPUT, "a wait for input") \
  X (WAIT_SPACE, "a wait for space that a task ended") \
  X (WAIT_TURN, "a wait for a turn that a task ended") \
  X (WAIT_TURN_EDGE, "a wait for a turn that no task ended") \
  X (WAIT_GRANT, "a wait for a grant, behind another") \
  X (WAIT_GRANT_ALONE, "a wait for a grant, behind nobody") \
  X (LEFT_SPACE, "a deadlocked task without space") \
  X (STATE_SPACE, "a core in wait-space") \
  X (STATE_TURN, "a core in wait-turn") \
  X (STATE_INPUT, "a core in wait-input")

typedef enum {
#define X(name, text) COVERS_##name,
  COVERAGE_FEATURES (X)
#undef X
  N_FEATURES
} Feature;

extern const char *const coverage_text[N_FEATURES];

/** Sets @covered[feature] for each feature that is there. */
void coverage_note (const Instance *instance, const HdPlatform *platform, const HdSchedule *schedule, const Trace *trace, gboolean covered[N_FEATURES]);
