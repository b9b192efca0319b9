/* compare: the first difference of two runs in time, and what changed per layer and core. */
#include "config.h"
#include <heddle/report.h>

#include "base/json.h"
#include "report/view.h"

#include <string.h>

typedef struct {
  const View *a, *b;
  double energy_a, energy_b;
  gboolean same_times;
  gboolean has_first;
  guint64 first_task;      /* the task whose difference comes first */
  guint64 first_cycle;     /* the earlier of its two times */
} Difference;

static guint64
first_moment (const View *a, const View *b, guint64 t)
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
  self->same_times = self->a->n_tasks == self->b->n_tasks && self->a->info->cycles == self->b->info->cycles;
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
  hd_trace_number (self->a->trace, "energy_pj", &self->energy_a, NULL);
  hd_trace_number (self->b->trace, "energy_pj", &self->energy_b, NULL);
}

/* --- tables: names of both runs, values where they exist --------------------------------------------------- */

typedef struct {
  const char *title, *path_a, *key;
  const char *const *names_a, *const *names_b;
  guint64 n_a, n_b;
} Table;

static guint64
find_name (const char *const *names, guint64 n, const char *name)
{
  for (guint64 i = 0; i < n; i++)
    if (g_str_equal (names[i], name))
      return i;
  return VIEW_NEVER;
}

typedef void (*RowFunction) (const char *name, gboolean in_a, guint64 value_a, gboolean in_b, guint64 value_b, gpointer data);

static gboolean
each_row (const Difference *self, const Table *table, RowFunction function, gpointer data, GError **error)
{
  const guint64 *a = view_u64 (self->a, table->path_a, table->n_a, error), *b;
  if (a == NULL || (b = view_u64 (self->b, table->path_a, table->n_b, error)) == NULL)
    return FALSE;
  for (guint64 i = 0; i < table->n_a; i++) {
    guint64 j = i < table->n_b && g_str_equal (table->names_a[i], table->names_b[i]) ? i : find_name (table->names_b, table->n_b, table->names_a[i]);
    function (table->names_a[i], TRUE, a[i], j != VIEW_NEVER, j != VIEW_NEVER ? b[j] : 0, data);
  }
  for (guint64 j = 0; j < table->n_b; j++)
    if (find_name (table->names_a, table->n_a, table->names_b[j]) == VIEW_NEVER)
      function (table->names_b[j], FALSE, 0, TRUE, b[j], data);
  return TRUE;
}

static void
append_signed (GString *out, guint64 a, guint64 b)
{
  g_autofree char *text = view_grouped (b > a ? b - a : a - b), *sign = g_strdup_printf ("%s%s", b > a ? "+" : a > b ? "-" : "", text);
  g_string_append_printf (out, " %16s", sign);
}

static void
text_row (const char *name, gboolean in_a, guint64 a, gboolean in_b, guint64 b, gpointer data)
{
  GString *out = data;
  if (in_a && in_b && a == b)
    return;
  g_autofree char *x = in_a ? view_grouped (a) : g_strdup ("-"), *y = in_b ? view_grouped (b) : g_strdup ("-");
  g_string_append_printf (out, "%-32s %16s %16s", name, x, y);
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
  const View *a = self->a, *b = self->b;
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
  g_autofree char *name = view_task_name (self->a, t), *other = view_task_name (self->b, t);
  g_string_append_printf (out, "first difference: cycle %" G_GUINT64_FORMAT ", task %" G_GUINT64_FORMAT " (%s", self->first_cycle, t, name);
  if (!g_str_equal (name, other))
    g_string_append_printf (out, "; in the second: %s", other);
  g_string_append (out, ")");
  const guint64 moments[] = { self->a->start[t], self->b->start[t], self->a->end[t], self->b->end[t] };
  static const char *const WORD[] = { ": starts at ", " and ", ", ends at ", " and " };
  for (guint i = 0; i < 4; i++) {
    g_autofree char *cycle = moments[i] == VIEW_NEVER ? g_strdup ("never") : view_grouped (moments[i]);
    g_string_append_printf (out, "%s%s", WORD[i], cycle);
  }
  g_string_append_c (out, '\n');
}

static gboolean
compare_text (const Difference *self, gboolean same, GString *out, GError **error)
{
  g_autofree char *a = view_grouped (self->a->info->cycles), *b = view_grouped (self->b->info->cycles);
  Table tables[4];
  if (same) {
    g_string_append_printf (out, "the runs are the same: %s cycles, every task at the same times\n", a);
    return TRUE;
  }
  g_string_append_printf (out, "%-32s %16s %16s %16s\n%-32s %16s %16s", "", "a", "b", "b - a", "cycles", a, b);
  append_signed (out, self->a->info->cycles, self->b->info->cycles);
  g_string_append_printf (out, "\n%-32s ", "energy [pJ]");
  view_append_double (out, "%16.6g", self->energy_a);
  g_string_append_c (out, ' ');
  view_append_double (out, "%16.6g", self->energy_b);
  g_string_append_c (out, ' ');
  view_append_double (out, "%+16.6g", self->energy_b - self->energy_a);
  g_string_append_c (out, '\n');
  text_row ("tasks", TRUE, self->a->n_tasks, TRUE, self->b->n_tasks, out);
  append_first (self, out);
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
  hd_json_u64 (&json, "cycles_a", self->a->info->cycles);
  hd_json_u64 (&json, "cycles_b", self->b->info->cycles);
  hd_json_double (&json, "energy_pj_a", self->energy_a);
  hd_json_double (&json, "energy_pj_b", self->energy_b);
  if (self->has_first) {
    hd_json_u64 (&json, "first_cycle", self->first_cycle);
    hd_json_u64 (&json, "first_task", self->first_task);
  }
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
  View view_a, view_b;
  if (!view_load (&view_a, a, error) || !view_load (&view_b, b, error))
    return FALSE;
  Difference difference = { .a = &view_a, .b = &view_b };
  find_difference (&difference);
  *same = difference.same_times && difference.energy_a == difference.energy_b;
  return (json ? compare_json : compare_text) (&difference, *same, out, error);
}
