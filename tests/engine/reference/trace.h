/* A complete trace, expanded: every series as one value per cycle. The reference engine makes one directly; of the event-driven
 * engine's run, a sink makes one (expand.c). The two are compared field by field (compare.c).
 */
#pragma once

#include <heddle/engine.h>

#define NEVER G_MAXUINT64

typedef struct {
  guint n_tasks, n_cores, n_resources, n_memories;
  guint64 cycles;               /* makespan [cycle] */
  gboolean deadlock;
  guint64 tasks;                /* ended */
  /* by task */
  guint64 *ready, *issue, *start, *end;
  guint8 *wait_kind;
  guint32 *wait_cause;
  /* by core, memory or resource; each series has `cycles` values. A resource without a width has no series: NULL */
  guint64 **state, **bits, **occupancy;
  guint64 *power;               /* [aJ] */
  guint64 (*state_cycles)[HD_N_STATES];
  guint64 *memory_peak, *resource_busy, *resource_bits;
  guint64 dram_read_bits, dram_write_bits;
  double energy_pj, compute_pj, transfer_pj, static_pj;
} Trace;

Trace *trace_new (const HdPlatform *platform, const HdSchedule *schedule);
void trace_free (Trace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Trace, trace_free)

/** Makes room for `cycles` values, all 0, in every series that there is. */
void trace_allocate_series (Trace *self, const HdPlatform *platform);
