/* Reports: a trace told to people and to other programs.
 *
 * All of them read nothing but the trace. Text is UTF-8 without colour; JSON is one object with stable keys; SVG has no script and needs no network.
 *
 * Units are in the column heads and keys: [cycle], [bit], [pJ].
 */
#pragma once

#include <heddle/trace.h>

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

typedef struct {
  gboolean json;
  gboolean at_set;
  guint64 at;            /* with at_set: what goes on in this cycle, besides */
  const char *core;      /* (nullable): only this core */
  guint n_waits;         /* how many of the longest waits; 0: 10 */
} HdInspectOptions;

/** Where the cycles went. Errors: %HD_ERROR_INPUT from the trace; %HD_ERROR_USAGE for an unknown core or a cycle past the end. */
gboolean hd_report_inspect (HdTrace *trace, const HdInspectOptions *options, GString *out, GError **error);

/** Trace events as ui.perfetto.dev and chrome://tracing read them; a cycle is shown as 1 ns. */
gboolean hd_report_perfetto (HdTrace *trace, FILE *out, GError **error);

/** One row per task, names instead of numbers. */
gboolean hd_report_csv (HdTrace *trace, FILE *out, GError **error);

/** A Gantt chart of cores and transfer queues over the occupancy of the memories. What is too narrow for a bar of its own is drawn as its share of a column. */
gboolean hd_report_svg (HdTrace *trace, FILE *out, GError **error);

/**
 * hd_report_roofline:
 *
 * A roofline for each core (the sixteen busiest), as SVG: what each layer reached there, over operations for each bit of DRAM traffic, and of traffic of the core's own memories, under the core's peak and the slopes of
 * these bandwidths. Both axes are logarithmic. Errors: %HD_ERROR_INPUT, also when the trace does not say what it ran on.
 */
gboolean hd_report_roofline (HdTrace *trace, FILE *out, GError **error);

/**
 * hd_report_compare:
 * @same: (out): whether the runs are the same: every task's times, and the totals
 *
 * The first difference in time, and what changed per layer and core.
 */
gboolean hd_report_compare (HdTrace *a, HdTrace *b, gboolean json, GString *out, gboolean *same, GError **error);

G_END_DECLS
