/* The event-driven engine's run as a complete trace: a sink that expands its changes into one value per cycle. */
#pragma once

#include "trace.h"

/**
 * expand_run:
 *
 * Runs @engine with a sink, checks the contract of the sink (ascending changes, no value above the declared greatest, series as they should be), and expands.
 * Returns (transfer full) (nullable): the trace; NULL with @error when the run or the contract fails.
 */
Trace *expand_run (HdEngine *engine, const HdPlatform *platform, const HdSchedule *schedule, GError **error);

/** The result alone as a trace without series, for runs without a sink. */
Trace *expand_result (const HdResult *result, const HdPlatform *platform, const HdSchedule *schedule);
