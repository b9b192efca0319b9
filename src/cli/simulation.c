/* A simulation as both `simulate` and `run` do it: engine, trace, summary. */
#include "config.h"
#include "cli/simulation.h"

#include <stdio.h>

void
cli_trace_entries (CliTraceOptions *self, GOptionEntry *entries)
{
  const GOptionEntry all[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output, "The trace to write", "TRACE.h5" },
    { "no-dense", 0, 0, G_OPTION_ARG_NONE, &self->no_dense, "Leave the per-cycle series out of the trace", NULL },
    { "window", 0, 0, G_OPTION_ARG_STRING, &self->window, "Per-cycle series of these cycles only", "FROM:TO" },
    { NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    entries[i] = all[i];
}

static gboolean
parse_window (const char *text, HdTraceOptions *options)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  return g_strv_length (parts) == 2 && g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXINT64, &options->window_from, NULL)
         && g_ascii_string_to_unsigned (parts[1], 10, options->window_from + 1, G_MAXINT64, &options->window_to, NULL);
}

static gboolean
write_trace (CliRecord *record, const HdResult *result, HdSink *sink, GError **error)
{
  if (!cli_record_result (record, result, sink, error))
    return FALSE;
  if (result->deadlock && !hd_trace_sink_write_deadlock (sink, result->deadlock_text, error))
    return FALSE;
  return hd_trace_sink_commit (sink, error);
}

/* What a reader of the numbers could wonder about. */
static void
print_notes (const HdPlatform *platform, const HdSchedule *schedule, const CliTraceOptions *options, const HdTraceOptions *trace_options, const HdResult *result, const CliCommon *common)
{
  if (schedule->n_tasks == 0)
    cli_note (common, "heddle: note: the schedule has no tasks");
  if (platform->clock_hz == 0)
    cli_note (common, "heddle: note: the platform has no clock: times are told in cycles only");
  if (options->output == NULL && (options->no_dense || options->window != NULL))
    cli_note (common, "heddle: note: %s has no effect without -o", options->no_dense ? "--no-dense" : "--window");
  if (options->output != NULL && options->window != NULL && (options->no_dense || trace_options->window_from >= result->cycles))
    cli_note (common, "heddle: note: the trace has no per-cycle series: %s", options->no_dense ? "--no-dense was given besides --window" : "the window begins after the end of the run");
}

static void
print_summary (const CliRecord *record, const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, double wall_s, const CliCommon *common)
{
  g_autoptr (GString) text = g_string_new (NULL);
  HdView view;
  cli_record_view (record, result, &view);
  if (common->json)
    cli_summary_json (&view, platform, schedule, result, wall_s, text);
  else
    cli_summary_text (&view, platform, schedule, result, text);
  fputs (text->str, stdout);
}

/* The run itself; @options->output is where the trace goes. Nothing is printed without @common. */
static int
simulate (const HdPlatform *platform, const HdSchedule *schedule, const char *recipe, const CliTraceOptions *options, const HdTraceOptions *trace_options, const CliCommon *common)
{
  GError *error = NULL;
  g_autoptr (HdEngine) engine = hd_engine_new (platform, schedule, &error);
  g_autoptr (CliRecord) record = cli_record_new (platform, schedule);
  HdSink *sink = NULL;
  HdResult result;
  if (engine == NULL)
    return cli_fail (error);
  if (options->output != NULL && (sink = hd_trace_sink_new (options->output, cli_record_header (record, recipe), trace_options, &error)) == NULL)
    return cli_fail (error);
  cli_catch_signals ();
  hd_engine_set_cancel (engine, &cli_signal);
  gint64 begin = g_get_monotonic_time ();
  gboolean done = hd_engine_run (engine, sink, &result, &error) && (sink == NULL || write_trace (record, &result, sink, &error));
  hd_trace_sink_free (sink);
  if (!done)
    return cli_fail (error);
  if (common != NULL) {
    print_summary (record, platform, schedule, &result, (double) (g_get_monotonic_time () - begin) / 1e6, common);
    print_notes (platform, schedule, options, trace_options, &result, common);
  }
  if (result.deadlock)
    fprintf (stderr, "heddle: %s\n", result.deadlock_text);
  return result.deadlock ? HD_ERROR_NEGATIVE : 0;
}

int
cli_simulate_schedule (const HdPlatform *platform, const HdSchedule *schedule, const char *recipe, const CliTraceOptions *options, const CliCommon *common)
{
  HdTraceOptions trace_options = { .no_dense = options->no_dense };
  if (options->window != NULL && !parse_window (options->window, &trace_options))
    return cli_usage ("--window %s - expected FROM:TO in cycles, FROM before TO", options->window);
  return simulate (platform, schedule, recipe, options, &trace_options, common);
}

int
cli_record_schedule (const HdPlatform *platform, const HdSchedule *schedule, const char *recipe, const CliTraceOptions *options)
{
  const HdTraceOptions trace_options = { .no_dense = options->no_dense };
  return simulate (platform, schedule, recipe, options, &trace_options, NULL);
}
