/* A simulation as both `simulate` and `run` do it: engine, trace, summary. */
#pragma once

#include "cli/cli.h"

#include "base/json.h"
#include "report/view.h"

#include <heddle/bounds.h>
#include <heddle/engine.h>
#include <heddle/trace.h>

#include <glib.h>

typedef struct {
  char *output;      /* the trace; NULL: none */
  gboolean no_dense;
  char *window;      /* "FROM:TO" [cycle] */
} CliTraceOptions;

/** The option entries -o, --no-dense and --window, ended by a NULL entry, in @entries (at least 4). */
void cli_trace_entries (CliTraceOptions *self, GOptionEntry *entries);

/** Runs @schedule, writes the trace, prints the summary. @recipe (nullable): how the schedule is made again from what stands in the trace. Returns the exit code: 1 for a deadlock. */
int cli_simulate_schedule (const HdPlatform *platform, const HdSchedule *schedule, const char *recipe, const CliTraceOptions *options, const CliCommon *common);

/** The same without a word, but for errors: for the trace alone. */
int cli_record_schedule (const HdPlatform *platform, const HdSchedule *schedule, const char *recipe, const CliTraceOptions *options);

/* record.c: what is said of a run besides its times: names, the schedule's columns, tables */
typedef struct CliRecord CliRecord;
/** @platform and @schedule must outlive it. */
CliRecord *cli_record_new (const HdPlatform *platform, const HdSchedule *schedule);
void cli_record_free (CliRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliRecord, cli_record_free)
/** The trace's header. @recipe is as in cli_simulate_schedule(). It belongs to the record. */
const HdTraceHeader *cli_record_header (CliRecord *self, const char *recipe);
/** Writes the tables that are known only after the run, and completes the header. */
gboolean cli_record_result (CliRecord *self, const HdResult *result, HdSink *sink, GError **error);
/** The run as the reports want it; it lives as long as the record and the result. */
void cli_record_view (const CliRecord *self, const HdResult *result, HdView *view);

/* check-trace.c */
/** Whether a trace is whole and its times are possible. @schedule (nullable): what it is a trace of; NULL: it is made again from the trace, and so is @platform. */
gboolean cli_check_trace (HdTrace *trace, const HdPlatform *platform, const HdSchedule *schedule, GError **error);

/* summary.c */
void cli_summary_text (const HdView *view, const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, GString *out);
void cli_summary_json (const HdView *view, const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, double wall_s, GString *out);

/* bounds.c */
/** A line: the greatest bound of each kind, and how many times the greatest of all the run took. */
void cli_bounds_text (const HdBounds *bounds, const HdPlatform *platform, const HdResult *result, GString *out);
/** The object "bounds". */
void cli_bounds_json (const HdBounds *bounds, const HdPlatform *platform, const HdResult *result, HdJson *json);
