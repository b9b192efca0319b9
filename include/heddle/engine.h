/* The engine: executes a schedule on a platform, cycle for cycle as doc/engine.md says, event by event.
 *
 * It knows no files. It reports to a sink while it runs, and gives a summary at the end. An engine can run its schedule many times
 * without allocating after the first time; several engines can run in threads (they share nothing but the immutable platform and schedule).
 *
 * Ownership: a result's arrays belong to the engine and live until its next run or its end.
 */
#pragma once

#include <heddle/platform.h>
#include <heddle/schedule.h>
#include <heddle/sink.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct HdEngine HdEngine;

typedef struct {
  guint64 cycles;                    /* makespan: the last task's end [cycle] */
  gboolean deadlock;                 /* tasks were left and nothing could move; cycles is when it stopped */
  char *deadlock_text;               /* who holds what, who waits for what, in words; NULL without deadlock */
  guint64 tasks;                     /* ended */
  guint64 events;                    /* the event queue's, for judging speed; part of no trace */
  double energy_pj;                  /* compute + transfer + static [pJ] */
  double compute_pj, transfer_pj, static_pj;
  guint64 dram_read_bits, dram_write_bits;          /* moved out of and into DRAM memories [bit] */
  guint64 (*core_state_cycles)[HD_N_STATES];        /* by core; each row sums to cycles (asserted) */
  guint64 *memory_peak_bits;         /* by memory [bit] */
  guint64 *resource_busy_cycles;     /* by resource [base cycle] */
  guint64 *resource_bits;            /* by resource [bit] */
  HdTaskColumns columns;             /* by task */
} HdResult;

/**
 * hd_engine_new:
 *
 * The schedule must pass hd_schedule_validate(); the platform and schedule must outlive the engine's last run.
 * Errors: %HD_ERROR_MEMORY when it does not fit.
 */
HdEngine *hd_engine_new (const HdPlatform *platform, const HdSchedule *schedule, GError **error);
void hd_engine_free (HdEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdEngine, hd_engine_free)

/**
 * hd_engine_run:
 * @sink: (nullable): who records; NULL: nobody
 * @result: (out): what came out
 *
 * Runs from cycle 0 to the last end, or to a deadlock: that is no error here (see @result->deadlock), the sink is ended as usual.
 * Errors: the sink's; %HD_ERROR_NEGATIVE when the cancel flag was raised.
 *
 * Time: O(events * log pending). No allocation after the first run.
 */
gboolean hd_engine_run (HdEngine *self, HdSink *sink, HdResult *result, GError **error);

/** A flag that stops the run soon when it becomes non-zero (a signal handler's). NULL: none. */
void hd_engine_set_cancel (HdEngine *self, const volatile int *flag);

G_END_DECLS
