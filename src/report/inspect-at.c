/* What goes on in one cycle: what each core does, which transfers are under way, what the memories hold and the resources move. */
#include "config.h"
#include "report/inspect.h"

#include <heddle/units.h>

typedef struct {
  gboolean found;
  HdTraceRun run;
} Found;

static gboolean
take_run (const HdTraceRun *run, gpointer data)
{
  *(Found *) data = (Found) { TRUE, *run };
  return FALSE;
}

/* The value of a series at a cycle; FALSE in @found when the trace does not have it there. */
static gboolean
value_at (const HdView *view, HdSeriesKind kind, const char *resource, guint64 cycle, Found *found, GError **error)
{
  const HdTraceSeries *series = hd_trace_find_series (view->trace, kind, resource);
  *found = (Found) { FALSE };
  if (series == NULL || cycle < hd_trace_info (view->trace)->series_from || cycle >= hd_trace_info (view->trace)->series_to)
    return TRUE;
  return hd_trace_series_each (view->trace, series, cycle, cycle + 1, take_run, found, error);
}

/* What a core does in a cycle: the task that it computes, else the next one; VIEW_NONE when none is left. */
typedef struct {
  guint32 task;
  gboolean runs;
} Doing;

static gboolean
comes_before (const HdView *view, guint64 t, guint32 other)
{
  return other == VIEW_NONE || view->start[t] < view->start[other];
}

/* By core, in one pass. */
static Doing *
find_doing (const HdView *view, guint64 cycle)
{
  Doing *doing = g_new (Doing, view->n_cores + 1);
  for (guint64 c = 0; c < view->n_cores; c++)
    doing[c] = (Doing) { VIEW_NONE, FALSE };
  for (guint64 t = 0; t < view->n_tasks; t++) {
    if (view->kind[t] != HD_TRACE_COMPUTE)
      continue;
    Doing *core = &doing[view->core[t]];
    if (view->start[t] <= cycle && view->end[t] > cycle)
      *core = (Doing) { (guint32) t, TRUE };
    else if (!core->runs && view->start[t] > cycle && comes_before (view, t, core->task))
      core->task = (guint32) t;
  }
  return doing;
}

static gboolean
is_under_way (const HdView *view, guint64 t, guint64 cycle)
{
  return view->kind[t] == HD_TRACE_TRANSFER && view->issue[t] <= cycle && view->end[t] > cycle;
}

static void
append_core (const HdView *view, const char *core, const Doing *doing, GString *out)
{
  guint32 task = doing->task;
  if (task == VIEW_NONE) {
    g_string_append_printf (out, "core %s: nothing is left to do\n", core);
    return;
  }
  g_autofree char *name = _hd_view_task_name (view, task), *start = hd_count_for_people (view->start[task]), *end = hd_count_for_people (view->end[task]), *ready = hd_count_for_people (view->ready[task]);
  g_string_append_printf (out, "core %s: ", core);
  if (doing->runs)
    g_string_append_printf (out, "computes %s, from %s to %s [cycle]\n", name, start, end);
  else if (view->start[task] == VIEW_NEVER)
    g_string_append_printf (out, "waits for %s, which never starts\n", name);
  else
    g_string_append_printf (out, "waits until cycle %s for %s (ready at %s)\n", start, name, ready);
}

static void
append_transfer (const HdView *view, guint64 t, GString *out)
{
  g_autofree char *name = _hd_view_task_name (view, t), *bits = hd_bits_for_people (view->bits[t]), *issue = hd_count_for_people (view->issue[t]), *start = hd_count_for_people (view->start[t]);
  g_string_append_printf (out, "transfer of %s: %s, issued at %s", name, bits, issue);
  if (view->start[t] == VIEW_NEVER) {
    g_string_append (out, ", never granted\n");
    return;
  }
  g_autofree char *end = hd_count_for_people (view->end[t]);
  g_string_append_printf (out, ", first grant at %s, %s%s [cycle]\n", start, view->end[t] == VIEW_NEVER ? "never arrives" : "arrives at ", view->end[t] == VIEW_NEVER ? "" : end);
}

gboolean
_hd_inspect_at_text (const HdView *view, guint64 cycle, guint32 only, GString *out, GError **error)
{
  g_autofree Doing *doing = find_doing (view, cycle);
  g_autofree char *now = hd_count_for_people (cycle);
  g_string_append_printf (out, "\nin cycle %s\n", now);
  for (guint64 c = 0; c < view->n_cores; c++)
    if (only == VIEW_NONE || c == only)
      append_core (view, view->core_name[c], &doing[c], out);
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (is_under_way (view, t, cycle))
      append_transfer (view, t, out);
  const HdTraceInfo *info = hd_trace_info (view->trace);
  if (cycle < info->series_from || cycle >= info->series_to)
    g_string_append (out, "the trace has no per-cycle series for this cycle: memories and resources are not told\n");
  for (guint m = 0; m < view->n_memories; m++) {
    Found found;
    if (!value_at (view, HD_SERIES_OCCUPANCY, view->memory_name[m], cycle, &found, error))
      return FALSE;
    g_autofree char *bits = hd_bits_for_people (found.run.value);
    if (found.found)
      g_string_append_printf (out, "memory %s holds %s\n", view->memory_name[m], bits);
  }
  for (guint r = 0; r < view->n_resources; r++) {
    Found found;
    if (!value_at (view, HD_SERIES_BITS, view->resource_name[r], cycle, &found, error))
      return FALSE;
    if (found.found && found.run.value > 0)
      g_string_append_printf (out, "%s moves %" G_GUINT64_FORMAT " bit in this cycle\n", view->resource_name[r], found.run.value);
  }
  return TRUE;
}

static gboolean
json_values (const HdView *view, guint64 cycle, HdSeriesKind kind, const char *key, const char *const *names, guint64 n, HdJson *json, GError **error)
{
  hd_json_open_object (json, key);
  for (guint64 i = 0; i < n; i++) {
    Found found;
    if (!value_at (view, kind, names[i], cycle, &found, error))
      return FALSE;
    if (found.found)
      hd_json_u64 (json, names[i], found.run.value);
  }
  hd_json_close_object (json);
  return TRUE;
}

static void
json_task (const HdView *view, guint64 t, HdJson *json)
{
  g_autofree char *name = _hd_view_task_name (view, t);
  hd_json_open_object (json, NULL);
  hd_json_u64 (json, "task", t);
  hd_json_string (json, "name", name);
  hd_json_string (json, "queue", view->queue_name[view->queue[t]]);
  if (view->start[t] != VIEW_NEVER)
    hd_json_u64 (json, "start", view->start[t]);
  if (view->end[t] != VIEW_NEVER)
    hd_json_u64 (json, "end", view->end[t]);
  hd_json_close_object (json);
}

gboolean
_hd_inspect_at_json (const HdView *view, guint64 cycle, guint32 only, HdJson *json, GError **error)
{
  hd_json_open_object (json, "at");
  hd_json_u64 (json, "cycle", cycle);
  hd_json_open_array (json, "tasks");
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (is_under_way (view, t, cycle)
        || (view->kind[t] == HD_TRACE_COMPUTE && view->start[t] <= cycle && view->end[t] > cycle && (only == VIEW_NONE || view->core[t] == only)))
      json_task (view, t, json);
  hd_json_close_array (json);
  if (!json_values (view, cycle, HD_SERIES_OCCUPANCY, "occupancy_bits", view->memory_name, view->n_memories, json, error)
      || !json_values (view, cycle, HD_SERIES_BITS, "moved_bits", view->resource_name, view->n_resources, json, error))
    return FALSE;
  hd_json_close_object (json);
  return TRUE;
}
