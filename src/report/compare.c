/* compare: the first difference of two runs in time, and what changed per layer and core. */
#include "config.h"
#include <heddle/report.h>

#include "base/json.h"
#include "report/machines.h"
#include "report/tables.h"

#include <heddle/units.h>

typedef struct {
  const HdView *a, *b;
  gboolean same_times;
  gboolean has_first;
  guint64 first_task;      /* the task whose difference comes first */
  guint64 first_cycle;     /* the earlier of its two times */
} Difference;

static guint64
first_moment (const HdView *a, const HdView *b, guint64 t)
{
  const guint64 x[] = { a->start[t], a->end[t] }, y[] = { b->start[t], b->end[t] };
  for (guint i = 0; i < 2; i++)
    if (x[i] != y[i])
      return MIN (x[i], y[i]);
  return VIEW_NEVER;
}

static void
find_difference (Difference *self)
{
  guint64 n = MIN (self->a->n_tasks, self->b->n_tasks);
  self->first_cycle = VIEW_NEVER;
  self->same_times = self->a->n_tasks == self->b->n_tasks && self->a->cycles == self->b->cycles;
  for (guint64 t = 0; t < n; t++) {
    guint64 moment = first_moment (self->a, self->b, t);
    if (moment == VIEW_NEVER)
      continue;
    self->same_times = FALSE;
    if (!self->has_first || moment < self->first_cycle) {
      self->has_first = TRUE;
      self->first_cycle = moment;
      self->first_task = t;
    }
  }
}

/* --- tables: names of both runs, values where they exist --------------------------------------------------- */

typedef struct {
  const char *title, *path, *key;
  const char *const *names_a, *const *names_b;
  guint64 n_a, n_b;
} Table;

/* name -> its index + 1 */
static GHashTable *
index_names (const char *const *names, guint64 n)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint64 i = n; i-- > 0;)
    g_hash_table_insert (index, (gpointer) names[i], GSIZE_TO_POINTER (i + 1));
  return index;
}

typedef void (*RowFunction) (const char *name, gboolean in_a, guint64 value_a, gboolean in_b, guint64 value_b, gpointer data);

static gboolean
each_row (const Difference *self, const Table *table, RowFunction function, gpointer data, GError **error)
{
  const guint64 *a = _hd_view_u64 (self->a, table->path, table->n_a, error), *b;
  if (a == NULL || (b = _hd_view_u64 (self->b, table->path, table->n_b, error)) == NULL)
    return FALSE;
  g_autoptr (GHashTable) in_a = index_names (table->names_a, table->n_a), in_b = index_names (table->names_b, table->n_b);
  for (guint64 i = 0; i < table->n_a; i++) {
    gsize j = GPOINTER_TO_SIZE (g_hash_table_lookup (in_b, table->names_a[i]));
    function (table->names_a[i], TRUE, a[i], j > 0, j > 0 ? b[j - 1] : 0, data);
  }
  for (guint64 j = 0; j < table->n_b; j++)
    if (!g_hash_table_contains (in_a, table->names_b[j]))
      function (table->names_b[j], FALSE, 0, TRUE, b[j], data);
  return TRUE;
}

static void
append_signed (GString *out, guint64 a, guint64 b)
{
  g_autofree char *text = hd_count_for_people (b > a ? b - a : a - b), *sign = g_strdup_printf ("%s%s", b > a ? "+" : a > b ? "-" : "", text);
  g_string_append_printf (out, " %16s", sign);
}

static void
text_row (const char *name, gboolean in_a, guint64 a, gboolean in_b, guint64 b, gpointer data)
{
  GString *out = data;
  if (in_a && in_b && a == b)
    return;
  g_autofree char *x = in_a ? hd_count_for_people (a) : g_strdup ("-"), *y = in_b ? hd_count_for_people (b) : g_strdup ("-");
  _hd_tables_pad (out, name, 32);
  g_string_append_printf (out, " %16s %16s", x, y);
  if (in_a && in_b)
    append_signed (out, a, b);
  g_string_append_c (out, '\n');
}

static void
json_row (const char *name, gboolean in_a, guint64 a, gboolean in_b, guint64 b, gpointer data)
{
  HdJson *json = data;
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", name);
  if (in_a)
    hd_json_u64 (json, "a", a);
  else
    hd_json_null (json, "a");
  if (in_b)
    hd_json_u64 (json, "b", b);
  else
    hd_json_null (json, "b");
  hd_json_close_object (json);
}

/* --- both forms -------------------------------------------------------------------------------------------------- */

static void
make_tables (const Difference *self, Table tables[4])
{
  const HdView *a = self->a, *b = self->b;
  tables[0] = (Table) { "computing, by core [cycle]", "/cores/compute", "core_compute_cycles", a->core_name, b->core_name, a->n_cores, b->n_cores };
  tables[1] = (Table) { "computing, by layer [cycle]", "/layers/compute_cycles", "layer_compute_cycles", a->layer_name, b->layer_name, a->n_layers, b->n_layers };
  tables[2] = (Table) { "moved, by resource [bit]", "/resources/bits", "resource_bits", a->resource_name, b->resource_name, a->n_resources, b->n_resources };
  tables[3] = (Table) { "peak, by memory [bit]", "/memories/peak_bits", "memory_peak_bits", a->memory_name, b->memory_name, a->n_memories, b->n_memories };
}

static void
append_first (const Difference *self, GString *out)
{
  if (!self->has_first)
    return;
  guint64 t = self->first_task;
  g_autofree char *name = _hd_view_task_name (self->a, t), *other = _hd_view_task_name (self->b, t);
  g_string_append_printf (out, "first difference: cycle %" G_GUINT64_FORMAT ", task %" G_GUINT64_FORMAT " (%s", self->first_cycle, t, name);
  if (!g_str_equal (name, other))
    g_string_append_printf (out, "; in the second: %s", other);
  g_string_append (out, ")");
  const guint64 moments[] = { self->a->start[t], self->b->start[t], self->a->end[t], self->b->end[t] };
  static const char *const WORD[] = { ": starts at ", " and ", ", ends at ", " and " };
  for (guint i = 0; i < 4; i++) {
    g_autofree char *cycle = moments[i] == VIEW_NEVER ? g_strdup ("never") : hd_count_for_people (moments[i]);
    g_string_append_printf (out, "%s%s", WORD[i], cycle);
  }
  g_string_append_c (out, '\n');
}

/* Runs of different inputs are expected to differ; that they are of different inputs is worth knowing. */
static void
append_origin (const Difference *self, GString *out)
{
  const HdTraceInfo *a = hd_trace_info (self->a->trace), *b = hd_trace_info (self->b->trace);
  const struct { const char *what, *a, *b; } inputs[] = {
    { "platforms", a->platform_sha256, b->platform_sha256 }, { "workloads", a->workload_sha256, b->workload_sha256 }, { "schedules", a->schedule_sha256, b->schedule_sha256 },
  };
  gboolean any = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    if (g_strcmp0 (inputs[i].a, inputs[i].b) != 0) {
      g_string_append_printf (out, "%s%s", any ? ", " : "of different ", inputs[i].what);
      any = TRUE;
    }
  if (any)
    g_string_append_c (out, '\n');
}

static gboolean
compare_text (const Difference *self, gboolean same, GString *out, GError **error)
{
  g_autofree char *a = hd_count_for_people (self->a->cycles), *b = hd_count_for_people (self->b->cycles);
  Table tables[4];
  if (same) {
    g_string_append_printf (out, "the runs are the same: %s cycles, every task at the same times\n", a);
    append_origin (self, out);
    return TRUE;
  }
  g_string_append_printf (out, "%-32s %16s %16s %16s\n%-32s %16s %16s", "", "a", "b", "b - a", "cycles", a, b);
  append_signed (out, self->a->cycles, self->b->cycles);
  g_string_append_printf (out, "\n%-32s ", "energy [pJ]");
  hd_append_double (out, "%16.6g", self->a->energy_pj);
  g_string_append_c (out, ' ');
  hd_append_double (out, "%16.6g", self->b->energy_pj);
  g_string_append_c (out, ' ');
  hd_append_double (out, "%+16.6g", self->b->energy_pj - self->a->energy_pj);
  g_string_append_c (out, '\n');
  text_row ("tasks", TRUE, self->a->n_tasks, TRUE, self->b->n_tasks, out);
  append_first (self, out);
  append_origin (self, out);
  HdMachines machines;
  if (_hd_machines_compare (&machines, self->a, self->b))
    _hd_machines_text (&machines, out);
  make_tables (self, tables);
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++) {
    g_autoptr (GString) rows = g_string_new (NULL);
    if (!each_row (self, &tables[i], text_row, rows, error))
      return FALSE;
    if (rows->len > 0)
      g_string_append_printf (out, "\n%s\n%s", tables[i].title, rows->str);
  }
  return TRUE;
}

static gboolean
compare_json (const Difference *self, gboolean same, GString *out, GError **error)
{
  HdJson json = { .text = out };
  Table tables[4];
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-compare-1");
  hd_json_boolean (&json, "same", same);
  hd_json_u64 (&json, "cycles_a", self->a->cycles);
  hd_json_u64 (&json, "cycles_b", self->b->cycles);
  hd_json_double (&json, "energy_pj_a", self->a->energy_pj);
  hd_json_double (&json, "energy_pj_b", self->b->energy_pj);
  if (self->has_first) {
    hd_json_u64 (&json, "first_cycle", self->first_cycle);
    hd_json_u64 (&json, "first_task", self->first_task);
  }
  HdMachines machines;
  if (_hd_machines_compare (&machines, self->a, self->b))
    _hd_machines_json (&machines, &json);
  else
    hd_json_null (&json, "machines");
  make_tables (self, tables);
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++) {
    hd_json_open_array (&json, tables[i].key);
    if (!each_row (self, &tables[i], json_row, &json, error))
      return FALSE;
    hd_json_close_array (&json);
  }
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
  return TRUE;
}

gboolean
hd_report_compare (HdTrace *a, HdTrace *b, gboolean json, GString *out, gboolean *same, GError **error)
{
  HdView view_a, view_b;
  if (!_hd_view_load (&view_a, a, error) || !_hd_view_load (&view_b, b, error) || !_hd_view_load_tables (&view_a, error) || !_hd_view_load_tables (&view_b, error))
    return FALSE;
  Difference difference = { .a = &view_a, .b = &view_b };
  find_difference (&difference);
  *same = difference.same_times && view_a.energy_pj == view_b.energy_pj;
  return (json ? compare_json : compare_text) (&difference, *same, out, error);
}
