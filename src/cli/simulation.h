/* A simulation as both `simulate` and `run` do it: engine, trace, summary. */
#pragma once

#include "cli/cli.h"

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

/* record.c: what a trace says besides the run */
typedef struct CliRecord CliRecord;
CliRecord *cli_record_new (const HdPlatform *platform, const HdSchedule *schedule, const char *recipe);
void cli_record_free (CliRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliRecord, cli_record_free)
const HdTraceHeader *cli_record_header (const CliRecord *self);
/** Writes the tables that are known only after the run. */
gboolean cli_record_result (const CliRecord *self, const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, HdSink *sink, GError **error);

/* summary.c */
void cli_summary_text (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, GString *out);
void cli_summary_json (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, double wall_s, GString *out);
/** "6,370,024". Returns (transfer full). */
char *cli_grouped (guint64 value);
