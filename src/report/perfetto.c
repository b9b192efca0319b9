/* Trace events in JSON, as ui.perfetto.dev and chrome://tracing read them. A cycle is shown as 1 ns: timestamps are in microseconds, so cycle / 1000.
 *
 * Process 1 holds the cores, process 2 the queues of transfers; slices of one thread must not overlap, so what a row does at once goes to lanes of its own. Counters show memory
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

/* Processes of the file. */
enum { CORES = 1, TRANSFERS = 2, COUNTERS = 3 };

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

/* Threads: the lanes of all rows, numbered from 1 on through both processes. */
typedef struct {
  guint32 *lane;      /* by task */
  guint32 *n_lanes;   /* by row; a core that computes nothing has one all the same */
  guint64 *first;     /* by row: the thread of its first lane */
} Threads;

static void
threads_init (Threads *self, const HdView *view, const guint32 *order, guint64 n)
{
  guint64 n_rows = VIEW_N_ROWS (view), next = 1;
  *self = (Threads) { g_new0 (guint32, view->n_tasks + 1), g_new0 (guint32, n_rows + 1), g_new (guint64, n_rows + 1) };
  _hd_view_lanes (view, order, n, self->lane, self->n_lanes);
  for (guint64 r = 0; r < n_rows; r++) {
    self->n_lanes[r] = MAX (self->n_lanes[r], r < view->n_cores ? 1 : 0);
    self->first[r] = next;
    next += self->n_lanes[r];
  }
}

static void
threads_clear (Threads *self)
{
  g_free (self->lane);
  g_free (self->n_lanes);
  g_free (self->first);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Threads, threads_clear)

static guint
process_of (const HdView *view, guint32 t)
{
  return view->kind[t] == HD_TRACE_COMPUTE ? CORES : TRANSFERS;
}

static guint64
thread_of (const HdView *view, const Threads *self, guint32 t)
{
  return self->first[_hd_view_row (view, t)] + self->lane[t];
}

static void
put_task (Events *self, const HdView *view, guint32 t, const Threads *threads)
{
  g_autofree char *name = _hd_view_task_name (view, t);
  HdJson json = begin_event (self, "X", process_of (view, t), thread_of (view, threads, t), name);
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
put_arrow (Events *self, const HdView *view, guint32 t, const Threads *threads)
{
  guint32 cause = view->wait_cause[t];
  if (cause == VIEW_NONE || cause == t || view->end[cause] == VIEW_NEVER || view->end[cause] > view->start[t])
    return;
  HdJson json = begin_event (self, "s", process_of (view, cause), thread_of (view, threads, cause), "waited for");
  hd_json_string (&json, "cat", "wait");
  hd_json_u64 (&json, "id", t);
  /* Inside the slice: in the last cycle of the cause. */
  put_time (&json, "ts", view->end[cause] > view->start[cause] ? view->end[cause] - 1 : view->start[cause]);
  end_event (self, &json);
  json = begin_event (self, "f", process_of (view, t), thread_of (view, threads, t), "waited for");
  hd_json_string (&json, "cat", "wait");
  hd_json_string (&json, "bp", "e");
  hd_json_u64 (&json, "id", t);
  put_time (&json, "ts", view->start[t]);
  end_event (self, &json);
}

static void
put_names (Events *self, const HdView *view, const Threads *threads)
{
  put_name (self, "process_name", CORES, 0, "cores", 0);
  put_name (self, "process_name", TRANSFERS, 0, "transfers", 0);
  put_name (self, "process_name", COUNTERS, 0, "memories and power", 0);
  for (guint64 r = 0; r < VIEW_N_ROWS (view); r++)
    for (guint32 lane = 0; lane < threads->n_lanes[r]; lane++) {
      const char *row = _hd_view_row_name (view, r);
      g_autofree char *name = lane == 0 ? g_strdup (row) : g_strdup_printf ("%s (%u)", row, lane + 1);
      put_name (self, "thread_name", r < view->n_cores ? CORES : TRANSFERS, threads->first[r] + lane, name, threads->first[r] + lane);
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
  HdJson json = begin_event (counter->events, "C", COUNTERS, 0, counter->name);
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
put_counters (Events *self, const HdView *view, GError **error)
{
  const HdTraceInfo *info = hd_trace_info (view->trace);
  for (guint i = 0; i < info->n_series; i++) {
    const HdTraceSeries *series = &info->series[i];
    if (series->kind != HD_SERIES_OCCUPANCY && series->kind != HD_SERIES_POWER)
      continue;
    g_autofree char *name = g_strdup_printf (series->kind == HD_SERIES_POWER ? "power of %s" : "%s", series->resource);
    Counter counter = { self, name, series->kind == HD_SERIES_POWER };
    if (!hd_trace_series_each (view->trace, series, 0, view->cycles, put_counter, &counter, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
hd_report_perfetto (HdTrace *trace, FILE *out, GError **error)
{
  HdView view;
  guint64 n;
  if (!_hd_view_load (&view, trace, error))
    return FALSE;
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree guint32 *order = _hd_view_by_start (&view, &n);
  g_auto (Threads) threads;
  threads_init (&threads, &view, order, n);
  Events events = { out, line, TRUE };
  fputs ("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
  put_names (&events, &view, &threads);
  for (guint64 i = 0; i < n; i++)
    if (view.end[order[i]] != VIEW_NEVER) {
      put_task (&events, &view, order[i], &threads);
      put_arrow (&events, &view, order[i], &threads);
    }
  if (!put_counters (&events, &view, error))
    return FALSE;
  fputs ("\n]}\n", out);
  return TRUE;
}
