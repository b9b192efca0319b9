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
value_at (const View *view, HdSeriesKind kind, const char *resource, guint64 cycle, Found *found, GError **error)
{
  const HdTraceSeries *series = hd_trace_find_series (view->trace, kind, resource);
  *found = (Found) { FALSE };
  if (series == NULL || cycle < view->info->series_from || cycle >= view->info->series_to)
    return TRUE;
  return hd_trace_series_each (view->trace, series, cycle, cycle + 1, take_run, found, error);
}

/* The task that computes on @core in that cycle, else the next one; VIEW_NONE when there is none. */
static guint32
task_on_core (const View *view, guint32 core, guint64 cycle, gboolean *runs)
{
  guint32 next = VIEW_NONE;
  *runs = FALSE;
  for (guint64 t = 0; t < view->n_tasks; t++) {
    if (view->core[t] != core)
      continue;
    if (view->start[t] <= cycle && view->end[t] > cycle) {
      *runs = TRUE;
      return (guint32) t;
    }
    if (view->start[t] > cycle && (next == VIEW_NONE || view->start[t] < view->start[next]))
      next = (guint32) t;
  }
  return next;
}

static gboolean
is_under_way (const View *view, guint64 t, guint64 cycle)
{
  return view->kind[t] == HD_TRACE_TRANSFER && view->issue[t] <= cycle && view->end[t] > cycle;
}

static void
append_core (const View *view, guint32 core, guint64 cycle, GString *out)
{
  gboolean runs;
  guint32 task = task_on_core (view, core, cycle, &runs);
  g_autofree char *name = task != VIEW_NONE ? view_task_name (view, task) : g_strdup ("nothing is left to do");
  g_string_append_printf (out, "core %s: ", view->core_name[core]);
  if (task == VIEW_NONE)
    g_string_append_printf (out, "%s\n", name);
  else if (runs)
    g_string_append_printf (out, "computes %s, from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT "\n", name, view->start[task], view->end[task]);
  else if (view->start[task] == VIEW_NEVER)
    g_string_append_printf (out, "waits for %s, which never starts\n", name);
  else
    g_string_append_printf (out, "waits until %" G_GUINT64_FORMAT " for %s (ready at %" G_GUINT64_FORMAT ")\n", view->start[task], name, view->ready[task]);
}

gboolean
inspect_at_text (const View *view, guint64 cycle, guint32 only_core, GString *out, GError **error)
{
  g_string_append_printf (out, "\nin cycle %" G_GUINT64_FORMAT "\n", cycle);
  for (guint32 c = 0; c < view->n_cores; c++)
    if (only_core == VIEW_NONE || c == only_core)
      append_core (view, c, cycle, out);
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (is_under_way (view, t, cycle)) {
      g_autofree char *name = view_task_name (view, t), *bits = hd_bits_for_people (view->bits[t]);
      g_string_append_printf (out, "transfer of %s: %s, issued at %" G_GUINT64_FORMAT ", first grant at %" G_GUINT64_FORMAT ", arrives at %" G_GUINT64_FORMAT "\n", name, bits, view->issue[t], view->start[t],
                              view->end[t]);
    }
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
json_values (const View *view, guint64 cycle, HdSeriesKind kind, const char *key, const char *const *names, guint64 n, HdJson *json, GError **error)
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

gboolean
inspect_at_json (const View *view, guint64 cycle, HdJson *json, GError **error)
{
  hd_json_open_object (json, "at");
  hd_json_u64 (json, "cycle", cycle);
  hd_json_open_array (json, "tasks");
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (is_under_way (view, t, cycle) || (view->kind[t] == HD_TRACE_COMPUTE && view->start[t] <= cycle && view->end[t] > cycle)) {
      g_autofree char *name = view_task_name (view, t);
      hd_json_open_object (json, NULL);
      hd_json_u64 (json, "task", t);
      hd_json_string (json, "name", name);
      hd_json_string (json, "queue", view->queue_name[view->queue[t]]);
      hd_json_u64 (json, "start", view->start[t]);
      hd_json_u64 (json, "end", view->end[t]);
      hd_json_close_object (json);
    }
  hd_json_close_array (json);
  if (!json_values (view, cycle, HD_SERIES_OCCUPANCY, "occupancy_bits", view->memory_name, view->n_memories, json, error)
      || !json_values (view, cycle, HD_SERIES_BITS, "moved_bits", view->resource_name, view->n_resources, json, error))
    return FALSE;
  hd_json_close_object (json);
  return TRUE;
}
