/* inspect: where did the cycles go. States of the cores, busiest resources, peaks of the memories, layers, and the longest waits with what they waited for. */
#include "config.h"
#include <heddle/report.h>

#include "report/inspect.h"

#include <heddle/units.h>

#include <stdlib.h>
#include <string.h>

static const char *const STATE[HD_N_STATES] = { "done", "compute", "wait_input", "wait_space", "wait_turn" };

/* --- waits ------------------------------------------------------------------------------------------ */

typedef struct {
  guint64 idle_from;   /* end of the core's compute before */
  guint32 task;
  guint64 length;
} Wait;

static int
compare_waits (const void *a, const void *b)
{
  const Wait *x = a, *y = b;
  if (x->length != y->length)
    return x->length > y->length ? -1 : 1;
  return x->idle_from != y->idle_from ? (x->idle_from < y->idle_from ? -1 : 1) : (x->task < y->task ? -1 : x->task > y->task);
}

/* The gaps between the computes of each core, longest first. */
static GArray *
find_waits (const View *view, guint32 only)
{
  guint64 n;
  g_autofree guint32 *order = view_by_start (view, &n);
  g_autofree guint64 *busy_until = g_new0 (guint64, view->n_cores + 1);
  GArray *waits = g_array_new (FALSE, FALSE, sizeof (Wait));
  for (guint64 i = 0; i < n; i++) {
    guint32 t = order[i], core = view->core[t];
    if (core == VIEW_NONE || (only != VIEW_NONE && core != only))
      continue;
    if (view->start[t] > busy_until[core])
      g_array_append_vals (waits, &(Wait) { busy_until[core], t, view->start[t] - busy_until[core] }, 1);
    if (view->end[t] != VIEW_NEVER)
      busy_until[core] = MAX (busy_until[core], view->end[t]);
  }
  qsort (waits->data, waits->len, sizeof (Wait), compare_waits);
  return waits;
}

static const char *
wait_word (guint8 kind)
{
  static const char *const WORD[] = { "nothing", "input", "space", "its turn", "a grant" };
  return kind < G_N_ELEMENTS (WORD) ? WORD[kind] : "?";
}

/* --- text ------------------------------------------------------------------------------------------- */

static void
append_percent (GString *out, guint64 part, guint64 whole)
{
  view_append_double (out, "%5.1f", whole > 0 ? 100.0 * (double) part / (double) whole : 0);
  g_string_append (out, " %");
}

static void
append_headline (const View *view, GString *out)
{
  const HdTraceInfo *info = view->info;
  g_autofree char *cycles = view_grouped (info->cycles), *tasks = view_grouped (view->n_tasks);
  double energy = 0;
  g_string_append_printf (out, "%s: %s\n%s cycles", info->path, info->title, cycles);
  if (info->clock_hz > 0) {
    g_string_append (out, " = ");
    view_append_double (out, "%.4g", (double) info->cycles / (double) info->clock_hz * 1e3);
    g_string_append (out, " ms at ");
    view_append_double (out, "%.4g", (double) info->clock_hz / 1e6);
    g_string_append (out, " MHz");
  }
  if (hd_trace_number (view->trace, "energy_pj", &energy, NULL)) {
    g_string_append (out, "; ");
    view_append_energy (out, energy);
  }
  g_string_append_printf (out, "; %s tasks\n", tasks);
  if (info->deadlock)
    g_string_append_printf (out, "deadlock: %s\n", hd_trace_text (view->trace, "/deadlock", NULL));
}

static gboolean
append_cores (const View *view, guint32 only, GString *out, GError **error)
{
  const guint64 *state[HD_N_STATES];
  for (guint s = 0; s < HD_N_STATES; s++) {
    g_autofree char *path = g_strdup_printf ("/cores/%s", STATE[s]);
    if ((state[s] = view_u64 (view, path, view->n_cores, error)) == NULL)
      return FALSE;
  }
  g_string_append_printf (out, "\n%-20s %16s %12s %12s %12s %12s\n", "core [cycle]", "compute", "wait input", "wait space", "wait turn", "done");
  for (guint c = 0; c < view->n_cores; c++) {
    if (only != VIEW_NONE && c != only)
      continue;
    g_autofree char *compute = view_grouped (state[HD_STATE_COMPUTE][c]);
    g_string_append_printf (out, "%-20s %16s", view->core_name[c], compute);
    for (guint s = 0; s < 4; s++) {
      static const HdCoreState ORDER[] = { HD_STATE_WAIT_INPUT, HD_STATE_WAIT_SPACE, HD_STATE_WAIT_TURN, HD_STATE_DONE };
      g_autofree char *cycles = view_grouped (state[ORDER[s]][c]);
      g_string_append_printf (out, " %12s", cycles);
    }
    g_string_append (out, "   ");
    append_percent (out, state[HD_STATE_COMPUTE][c], view->info->cycles);
    g_string_append (out, " busy\n");
  }
  return TRUE;
}

/* Indices of the @n entries of @values, greatest first; ties by index. */
static guint *
by_value (const guint64 *values, guint64 n)
{
  guint *order = g_new (guint, n + 1);
  for (guint64 i = 0; i < n; i++) {
    guint64 j = i;
    for (; j > 0 && values[order[j - 1]] < values[i]; j--)
      order[j] = order[j - 1];
    order[j] = (guint) i;
  }
  return order;
}

static gboolean
append_resources (const View *view, GString *out, GError **error)
{
  enum { MOST = 10 };
  const guint64 *busy = view_u64 (view, "/resources/busy", view->n_resources, error), *bits;
  if (busy == NULL || (bits = view_u64 (view, "/resources/bits", view->n_resources, error)) == NULL)
    return FALSE;
  g_autofree guint *order = by_value (busy, view->n_resources);
  g_string_append_printf (out, "\n%-28s %16s %20s\n", "busiest bus, link or port", "busy [cycle]", "moved [bit]");
  for (guint i = 0; i < MIN (view->n_resources, MOST); i++) {
    guint r = order[i];
    if (bits[r] == 0)
      continue;
    g_autofree char *cycles = view_grouped (busy[r]), *moved = view_grouped (bits[r]);
    g_string_append_printf (out, "%-28s %16s %20s   ", view->resource_name[r], cycles, moved);
    append_percent (out, busy[r], view->info->cycles);
    g_string_append (out, " busy\n");
  }
  return TRUE;
}

static gboolean
append_memories (const View *view, GString *out, GError **error)
{
  const guint64 *peak = view_u64 (view, "/memories/peak_bits", view->n_memories, error), *capacity;
  if (peak == NULL || (capacity = view_u64 (view, "/memories/capacity_bits", view->n_memories, error)) == NULL)
    return FALSE;
  g_string_append_printf (out, "\n%-20s %12s %12s\n", "memory", "peak", "of");
  for (guint m = 0; m < view->n_memories; m++) {
    g_autofree char *most = hd_bits_for_people (peak[m]), *of = capacity[m] == G_MAXUINT64 ? g_strdup ("no limit") : hd_bits_for_people (capacity[m]);
    g_string_append_printf (out, "%-20s %12s %12s\n", view->memory_name[m], most, of);
  }
  return TRUE;
}

static gboolean
append_layers (const View *view, GString *out, GError **error)
{
  static const char *const PATH[] = { "/layers/nodes", "/layers/compute_cycles", "/layers/start", "/layers/end", "/layers/moved_bits" };
  const guint64 *column[G_N_ELEMENTS (PATH)];
  for (guint i = 0; i < G_N_ELEMENTS (PATH); i++)
    if ((column[i] = view_u64 (view, PATH[i], view->n_layers, error)) == NULL)
      return FALSE;
  g_string_append_printf (out, "\n%-28s %8s %16s %16s %16s %18s\n", "layer", "nodes", "compute [cycle]", "first start", "last end", "moved for it [bit]");
  for (guint l = 0; l < view->n_layers; l++) {
    g_string_append_printf (out, "%-28s %8" G_GUINT64_FORMAT, view->layer_name[l], column[0][l]);
    for (guint i = 1; i < G_N_ELEMENTS (PATH); i++) {
      g_autofree char *text = view_grouped (column[i][l]);
      g_string_append_printf (out, " %*s", i == 4 ? 18 : 16, text);
    }
    g_string_append_c (out, '\n');
  }
  return TRUE;
}

static void
append_waits (const View *view, guint32 only, guint most, GString *out)
{
  g_autoptr (GArray) waits = find_waits (view, only);
  g_string_append (out, waits->len > 0 ? "\nlongest waits of a core for its next node\n" : "\nno core ever waited between two nodes\n");
  for (guint i = 0; i < MIN (waits->len, most); i++) {
    const Wait *wait = &g_array_index (waits, Wait, i);
    g_autofree char *length = view_grouped (wait->length), *from = view_grouped (wait->idle_from), *name = view_task_name (view, wait->task);
    g_string_append_printf (out, "%14s cycles from %s: %s, before %s, waited for %s", length, from, view->core_name[view->core[wait->task]], name,
                            wait_word (view->wait_kind[wait->task]));
    guint32 cause = view->wait_cause[wait->task];
    if (cause != VIEW_NONE) {
      g_autofree char *what = view_task_name (view, cause);
      g_string_append_printf (out, ": %s", what);
      if (view->wait_cause[cause] != VIEW_NONE) {
        g_autofree char *behind = view_task_name (view, view->wait_cause[cause]);
        g_string_append_printf (out, ", which waited for %s: %s", wait_word (view->wait_kind[cause]), behind);
      }
    }
    g_string_append_c (out, '\n');
  }
}

/* --- JSON --------------------------------------------------------------------------------------------- */

static gboolean
json_table (const View *view, HdJson *json, const char *key, const char *const *names, guint64 n, const char *const *fields, const char *folder, GError **error)
{
  const guint64 *column[8];
  guint n_fields = g_strv_length ((char **) fields);
  for (guint f = 0; f < n_fields; f++) {
    g_autofree char *path = g_strdup_printf ("%s/%s", folder, fields[f]);
    if ((column[f] = view_u64 (view, path, n, error)) == NULL)
      return FALSE;
  }
  hd_json_open_array (json, key);
  for (guint64 i = 0; i < n; i++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "id", names[i]);
    for (guint f = 0; f < n_fields; f++)
      if (column[f][i] == G_MAXUINT64)
        hd_json_null (json, fields[f]);
      else
        hd_json_u64 (json, fields[f], column[f][i]);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
  return TRUE;
}

static void
json_waits (const View *view, HdJson *json, guint32 only, guint most)
{
  g_autoptr (GArray) waits = find_waits (view, only);
  hd_json_open_array (json, "waits");
  for (guint i = 0; i < MIN (waits->len, most); i++) {
    const Wait *wait = &g_array_index (waits, Wait, i);
    g_autofree char *name = view_task_name (view, wait->task);
    guint32 cause = view->wait_cause[wait->task];
    hd_json_open_object (json, NULL);
    hd_json_string (json, "core", view->core_name[view->core[wait->task]]);
    hd_json_u64 (json, "from", wait->idle_from);
    hd_json_u64 (json, "cycles", wait->length);
    hd_json_u64 (json, "task", wait->task);
    hd_json_string (json, "before", name);
    hd_json_string (json, "for", wait_word (view->wait_kind[wait->task]));
    if (cause != VIEW_NONE) {
      g_autofree char *what = view_task_name (view, cause);
      hd_json_u64 (json, "cause_task", cause);
      hd_json_string (json, "cause", what);
    }
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

static gboolean
inspect_json (const View *view, const HdInspectOptions *options, guint32 only, guint most, GString *out, GError **error)
{
  static const char *const CORES[] = { "compute", "wait_input", "wait_space", "wait_turn", "done", NULL }, *const RESOURCES[] = { "busy", "bits", NULL };
  static const char *const MEMORIES[] = { "capacity_bits", "peak_bits", NULL }, *const LAYERS[] = { "nodes", "compute_cycles", "start", "end", "macs", "moved_bits", NULL };
  HdJson json = { .text = out };
  double energy = 0;
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-inspect-1");
  hd_json_string (&json, "title", view->info->title);
  hd_json_string (&json, "outcome", view->info->deadlock ? "deadlock" : "complete");
  hd_json_u64 (&json, "cycles", view->info->cycles);
  hd_json_u64 (&json, "clock_hz", view->info->clock_hz);
  hd_json_u64 (&json, "tasks", view->n_tasks);
  if (hd_trace_number (view->trace, "energy_pj", &energy, NULL))
    hd_json_double (&json, "energy_pj", energy);
  if (view->info->deadlock)
    hd_json_string (&json, "deadlock", hd_trace_text (view->trace, "/deadlock", NULL));
  if (!json_table (view, &json, "cores", view->core_name, view->n_cores, CORES, "/cores", error)
      || !json_table (view, &json, "resources", view->resource_name, view->n_resources, RESOURCES, "/resources", error)
      || !json_table (view, &json, "memories", view->memory_name, view->n_memories, MEMORIES, "/memories", error)
      || !json_table (view, &json, "layers", view->layer_name, view->n_layers, LAYERS, "/layers", error))
    return FALSE;
  json_waits (view, &json, only, most);
  if (options->at_set && !inspect_at_json (view, options->at, &json, error))
    return FALSE;
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
  return TRUE;
}

/* --- both --------------------------------------------------------------------------------------------------- */

static gboolean
find_core (const View *view, const char *name, guint32 *core, GError **error)
{
  *core = VIEW_NONE;
  for (guint c = 0; name != NULL && c < view->n_cores; c++)
    if (g_str_equal (view->core_name[c], name))
      *core = c;
  if (name == NULL || *core != VIEW_NONE)
    return TRUE;
  const char *near = hd_suggest (name, view->core_name, view->n_cores);
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there is no core \"%s\" in %s%s%s%s", name, view->info->path, near != NULL ? " - did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
  return FALSE;
}

gboolean
hd_report_inspect (HdTrace *trace, const HdInspectOptions *options, GString *out, GError **error)
{
  View view;
  guint32 only;
  guint most = options->n_waits > 0 ? options->n_waits : 10;
  if (!view_load (&view, trace, error) || !find_core (&view, options->core, &only, error))
    return FALSE;
  if (options->at_set && options->at >= view.info->cycles) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "cycle %" G_GUINT64_FORMAT " is not in the run - expected less than %" G_GUINT64_FORMAT, options->at, view.info->cycles);
    return FALSE;
  }
  if (options->json)
    return inspect_json (&view, options, only, most, out, error);
  append_headline (&view, out);
  if (options->at_set)
    return inspect_at_text (&view, options->at, only, out, error);
  if (!append_cores (&view, only, out, error) || !append_resources (&view, out, error) || !append_memories (&view, out, error) || !append_layers (&view, out, error))
    return FALSE;
  append_waits (&view, only, most, out);
  return TRUE;
}
