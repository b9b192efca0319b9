/* Trace events in JSON, as ui.perfetto.dev and chrome://tracing read them. A cycle is shown as 1 ns: timestamps are in microseconds, so cycle / 1000.
 *
 * Process 1 holds the cores, process 2 the queues of transfers; slices of one thread must not overlap, so what a queue does at once goes to lanes of its own. Counters show memory
 * occupancy and power; arrows go from what was waited for to who waited.
 */
#include "config.h"
#include <heddle/report.h>

#include "base/json.h"
#include "report/view.h"

typedef struct {
  FILE *out;
  GString *line;
  gboolean first;
} Events;

static HdJson
begin_event (Events *self, const char *phase, guint process, guint64 thread, const char *name)
{
  g_string_truncate (self->line, 0);
  HdJson json = { .text = self->line };
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "ph", phase);
  hd_json_u64 (&json, "pid", process);
  hd_json_u64 (&json, "tid", thread);
  hd_json_string (&json, "name", name);
  return json;
}

static void
end_event (Events *self, HdJson *json)
{
  hd_json_close_object (json);
  fputs (self->first ? "\n" : ",\n", self->out);
  fputs (self->line->str, self->out);
  self->first = FALSE;
}

/* Microseconds with three decimals: exact, whatever the size. */
static void
put_time (HdJson *json, const char *key, guint64 cycle)
{
  g_string_append_printf (json->text, ",\"%s\":%" G_GUINT64_FORMAT ".%03u", key, cycle / 1000, (guint) (cycle % 1000));
}

static void
put_name (Events *self, const char *kind, guint process, guint64 thread, const char *name, guint64 rank)
{
  HdJson json = begin_event (self, "M", process, thread, kind);
  hd_json_open_object (&json, "args");
  hd_json_string (&json, "name", name);
  hd_json_close_object (&json);
  end_event (self, &json);
  if (g_str_equal (kind, "process_name"))
    return;
  json = begin_event (self, "M", process, thread, "thread_sort_index");
  hd_json_open_object (&json, "args");
  hd_json_u64 (&json, "sort_index", rank);
  hd_json_close_object (&json);
  end_event (self, &json);
}

static void
put_task (Events *self, const View *view, guint32 t, guint process, guint64 thread)
{
  g_autofree char *name = view_task_name (view, t);
  HdJson json = begin_event (self, "X", process, thread, name);
  hd_json_string (&json, "cat", view->kind[t] == HD_TRACE_COMPUTE ? "compute" : "transfer");
  put_time (&json, "ts", view->start[t]);
  put_time (&json, "dur", view->end[t] - view->start[t]);
  hd_json_open_object (&json, "args");
  hd_json_u64 (&json, "task", t);
  hd_json_u64 (&json, "ready_cycle", view->ready[t]);
  hd_json_u64 (&json, "issue_cycle", view->issue[t]);
  hd_json_u64 (&json, "start_cycle", view->start[t]);
  hd_json_u64 (&json, "end_cycle", view->end[t]);
  if (view->bits[t] > 0)
    hd_json_u64 (&json, "bits", view->bits[t]);
  hd_json_close_object (&json);
  end_event (self, &json);
}

/* An arrow from the end of the cause to the start of who waited for it. */
static void
put_arrow (Events *self, const View *view, guint32 t, const guint64 *thread)
{
  guint32 cause = view->wait_cause[t];
  if (cause == VIEW_NONE || view->end[cause] == VIEW_NEVER || view->end[cause] > view->start[t] || view->end[cause] == 0)
    return;
  guint from = view->kind[cause] == HD_TRACE_COMPUTE ? 1 : 2, to = view->kind[t] == HD_TRACE_COMPUTE ? 1 : 2;
  HdJson json = begin_event (self, "s", from, thread[cause], "waited for");
  hd_json_string (&json, "cat", "wait");
  hd_json_u64 (&json, "id", t);
  put_time (&json, "ts", MAX (view->end[cause] - 1, view->start[cause]));
  end_event (self, &json);
  json = begin_event (self, "f", to, thread[t], "waited for");
  hd_json_string (&json, "cat", "wait");
  hd_json_string (&json, "bp", "e");
  hd_json_u64 (&json, "id", t);
  put_time (&json, "ts", view->start[t]);
  end_event (self, &json);
}

/* Lanes of a queue: the first one that is free at the start takes the task. */
static guint64
choose_lane (GArray *busy_until, guint64 start, guint64 end)
{
  guint lane = 0;
  while (lane < busy_until->len && g_array_index (busy_until, guint64, lane) > start)
    lane++;
  if (lane == busy_until->len)
    g_array_append_val (busy_until, end);
  g_array_index (busy_until, guint64, lane) = end;
  return lane;
}

enum { LANES_MAX = 1000 };

static guint64 *
place_tasks (const View *view, const guint32 *order, guint64 n, GPtrArray *lanes)
{
  guint64 *thread = g_new0 (guint64, view->n_tasks + 1);
  for (guint64 q = 0; q < view->n_queues; q++)
    g_ptr_array_add (lanes, g_array_new (FALSE, FALSE, sizeof (guint64)));
  for (guint64 i = 0; i < n; i++) {
    guint32 t = order[i];
    if (view->kind[t] == HD_TRACE_COMPUTE)
      thread[t] = view->core[t] + 1;
    else if (view->end[t] != VIEW_NEVER)
      thread[t] = (guint64) view->queue[t] * LANES_MAX + MIN (choose_lane (lanes->pdata[view->queue[t]], view->start[t], view->end[t]), LANES_MAX - 1) + 1;
  }
  return thread;
}

static void
put_names (Events *self, const View *view, GPtrArray *lanes)
{
  put_name (self, "process_name", 1, 0, "cores", 0);
  put_name (self, "process_name", 2, 0, "transfers", 0);
  put_name (self, "process_name", 3, 0, "memories", 0);
  for (guint64 c = 0; c < view->n_cores; c++)
    put_name (self, "thread_name", 1, c + 1, view->core_name[c], c);
  for (guint64 q = 0; q < view->n_queues; q++)
    for (guint lane = 0; lane < MIN (((GArray *) lanes->pdata[q])->len, LANES_MAX); lane++) {
      g_autofree char *name = lane == 0 ? g_strdup (view->queue_name[q]) : g_strdup_printf ("%s (%u)", view->queue_name[q], lane + 1);
      put_name (self, "thread_name", 2, q * LANES_MAX + lane + 1, name, q * LANES_MAX + lane);
    }
}

typedef struct {
  Events *events;
  const char *name;
  gboolean power;
} Counter;

static gboolean
put_counter (const HdTraceRun *run, gpointer data)
{
  const Counter *counter = data;
  HdJson json = begin_event (counter->events, "C", 3, 0, counter->name);
  put_time (&json, "ts", run->from);
  hd_json_open_object (&json, "args");
  if (counter->power)
    hd_json_double (&json, "pJ per cycle", run->pj);
  else
    hd_json_u64 (&json, "byte", run->value / 8);
  hd_json_close_object (&json);
  end_event (counter->events, &json);
  return TRUE;
}

static gboolean
put_counters (Events *self, const View *view, GError **error)
{
  for (guint i = 0; i < view->info->n_series; i++) {
    const HdTraceSeries *series = &view->info->series[i];
    if (series->kind != HD_SERIES_OCCUPANCY && series->kind != HD_SERIES_POWER)
      continue;
    g_autofree char *name = g_strdup_printf (series->kind == HD_SERIES_POWER ? "power of %s" : "%s", series->resource);
    Counter counter = { self, name, series->kind == HD_SERIES_POWER };
    if (!hd_trace_series_each (view->trace, series, 0, view->info->cycles, put_counter, &counter, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
hd_report_perfetto (HdTrace *trace, FILE *out, GError **error)
{
  View view;
  guint64 n;
  if (!view_load (&view, trace, error))
    return FALSE;
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GPtrArray) lanes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_autofree guint32 *order = view_by_start (&view, &n);
  g_autofree guint64 *thread = place_tasks (&view, order, n, lanes);
  Events events = { out, line, TRUE };
  fputs ("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
  put_names (&events, &view, lanes);
  for (guint64 i = 0; i < n; i++)
    if (view.end[order[i]] != VIEW_NEVER) {
      put_task (&events, &view, order[i], view.kind[order[i]] == HD_TRACE_COMPUTE ? 1 : 2, thread[order[i]]);
      put_arrow (&events, &view, order[i], thread);
    }
  if (!put_counters (&events, &view, error))
    return FALSE;
  fputs ("\n]}\n", out);
  return TRUE;
}
