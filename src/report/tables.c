/* The tables of a run: cores, resources, memories; for people and as JSON. */
#include "config.h"
#include "report/tables.h"

#include "report/inferences.h"
#include "report/waits.h"

#include <heddle/units.h>

#include <stdlib.h>

/* --- small pieces ---------------------------------------------------------------------------------------- */

void
_hd_tables_pad (GString *out, const char *text, guint width)
{
  glong n = g_utf8_strlen (text, -1);
  g_string_append (out, text);
  for (; n < (glong) width; n++)
    g_string_append_c (out, ' ');
}

guint
_hd_tables_width (const char *const *names, guint64 n, guint least)
{
  glong width = least;
  for (guint64 i = 0; i < n; i++)
    width = MAX (width, g_utf8_strlen (names[i], -1));
  return (guint) MIN (width, 60);
}

static void
append_count (GString *out, guint64 value, int width)
{
  g_autofree char *text = hd_count_for_people (value);
  g_string_append_printf (out, " %*s", width, text);
}

static void
append_percent (GString *out, guint64 part, guint64 whole, int width)
{
  g_autoptr (GString) text = g_string_new (NULL);
  hd_append_double (text, "%.1f", whole > 0 ? 100.0 * (double) part / (double) whole : 0);
  g_string_append_printf (out, " %*s %%", width, text->str);
}

static void
append_energy (GString *out, const char *before, double pj)
{
  g_autofree char *text = hd_energy_for_people (pj);
  g_string_append_printf (out, "%s%s", before, text);
}

/* --- headline -------------------------------------------------------------------------------------------- */

static guint64
count_nodes (const HdView *view)
{
  guint64 n = 0;
  for (guint64 t = 0; t < view->n_tasks; t++)
    n += view->kind[t] == HD_TRACE_COMPUTE;
  return n;
}

void
_hd_tables_headline (const HdView *view, GString *out)
{
  g_autofree char *nodes = hd_count_for_people (count_nodes (view)), *tasks = hd_count_for_people (view->n_tasks), *cycles = hd_count_for_people (view->cycles);
  double seconds = view->clock_hz > 0 ? (double) view->cycles / (double) view->clock_hz : 0;
  g_string_append_printf (out, "%s: %s computation nodes, %s tasks\n%s cycles%s", view->title, nodes, tasks, cycles, view->deadlock ? " until it stopped in a deadlock" : "");
  if (view->clock_hz > 0) {
    g_string_append (out, " = ");
    hd_append_double (out, "%.4g", seconds * 1e3);
    g_string_append (out, " ms at ");
    hd_append_double (out, "%.6g", (double) view->clock_hz / 1e6);
    g_string_append (out, " MHz");
  }
  append_energy (out, "; ", view->energy_pj);
  if (seconds > 0) {
    g_string_append (out, " = ");
    hd_append_double (out, "%.4g", view->energy_pj * 1e-12 / seconds);
    g_string_append (out, " W");
  }
  append_energy (out, " (compute ", view->compute_pj);
  append_energy (out, ", transfers ", view->transfer_pj);
  append_energy (out, ", static ", view->static_pj);
  g_string_append (out, ")\n");
}

/* --- tables for people ------------------------------------------------------------------------------------- */

static void
append_cores (const HdView *view, guint32 only, GString *out)
{
  static const HdCoreState ORDER[] = { HD_STATE_WAIT_INPUT, HD_STATE_WAIT_SPACE, HD_STATE_WAIT_TURN, HD_STATE_DONE };
  guint width = _hd_tables_width (view->core_name, view->n_cores, 20);
  g_string_append_c (out, '\n');
  _hd_tables_pad (out, "core [cycle]", width);
  g_string_append_printf (out, " %16s %14s %14s %14s %14s\n", "compute", "wait input", "wait space", "wait turn", "done");
  for (guint64 c = 0; c < view->n_cores; c++) {
    if (only != VIEW_NONE && c != only)
      continue;
    _hd_tables_pad (out, view->core_name[c], width);
    append_count (out, view->state[HD_STATE_COMPUTE][c], 16);
    for (guint s = 0; s < G_N_ELEMENTS (ORDER); s++)
      append_count (out, view->state[ORDER[s]][c], 14);
    append_percent (out, view->state[HD_STATE_COMPUTE][c], view->cycles, 7);
    g_string_append (out, " busy\n");
  }
}

typedef struct {
  guint64 value;
  guint64 index;
} Ranked;

static int
compare_ranked (const void *a, const void *b)
{
  const Ranked *x = a, *y = b;
  if (x->value != y->value)
    return x->value > y->value ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* The busiest ten of those that moved anything. */
static void
append_resources (const HdView *view, GString *out)
{
  enum { MOST = 10 };
  guint width = _hd_tables_width (view->resource_name, view->n_resources, 28);
  g_autofree Ranked *order = g_new (Ranked, view->n_resources + 1);
  guint64 used = 0;
  for (guint64 r = 0; r < view->n_resources; r++)
    if (view->moved[r] > 0)
      order[used++] = (Ranked) { view->busy[r], r };
  if (used == 0)
    return;
  qsort (order, used, sizeof *order, compare_ranked);
  g_string_append_c (out, '\n');
  _hd_tables_pad (out, "busiest bus, link or port", width);
  g_string_append_printf (out, " %16s %20s\n", "busy [cycle]", "moved [bit]");
  for (guint64 i = 0; i < MIN (used, MOST); i++) {
    guint64 r = order[i].index;
    _hd_tables_pad (out, view->resource_name[r], width);
    append_count (out, view->busy[r], 16);
    append_count (out, view->moved[r], 20);
    append_percent (out, view->busy[r], view->cycles, 7);
    g_string_append (out, " busy\n");
  }
  if (used > MOST)
    g_string_append_printf (out, "and %" G_GUINT64_FORMAT " more\n", used - MOST);
}

static void
append_memories (const HdView *view, GString *out)
{
  guint width = _hd_tables_width (view->memory_name, view->n_memories, 20);
  g_string_append_c (out, '\n');
  _hd_tables_pad (out, "memory", width);
  g_string_append_printf (out, " %12s %12s\n", "peak", "of");
  for (guint64 m = 0; m < view->n_memories; m++) {
    gboolean unlimited = view->capacity[m] == G_MAXUINT64;
    g_autofree char *most = hd_bits_for_people (view->peak[m]), *of = unlimited ? g_strdup ("no limit") : hd_bits_for_people (view->capacity[m]);
    _hd_tables_pad (out, view->memory_name[m], width);
    g_string_append_printf (out, " %12s %12s", most, of);
    if (!unlimited) {
        append_percent (out, view->peak[m], view->capacity[m], 7);
    }
    g_string_append_c (out, '\n');
  }
  g_autofree char *read = hd_bits_for_people (view->dram_read_bits), *written = hd_bits_for_people (view->dram_write_bits);
  g_string_append_printf (out, "DRAM: %s read, %s written\n", read, written);
}

static void
append_busiest (const HdView *view, GString *out)
{
  const char *name = NULL;
  guint64 most = 0;
  for (guint64 c = 0; c < view->n_cores; c++)
    if (view->state[HD_STATE_COMPUTE][c] > most) {
      most = view->state[HD_STATE_COMPUTE][c];
      name = view->core_name[c];
    }
  for (guint64 r = 0; r < view->n_resources; r++)
    if (view->busy[r] > most) {
      most = view->busy[r];
      name = view->resource_name[r];
    }
  if (name == NULL)
    return;
  g_autofree char *cycles = hd_count_for_people (most);
  g_string_append_printf (out, "busiest: %s, for %s cycles,", name, cycles);
  append_percent (out, most, view->cycles, 0);
  g_string_append (out, " of the run\n");
}

void
_hd_tables_text (const HdView *view, guint32 only, GString *out)
{
  _hd_tables_headline (view, out);
  if (view->deadlock)
    g_string_append_printf (out, "deadlock: %s\n", view->deadlock_text);
  append_cores (view, only, out);
  _hd_waits_append_words (view, only, out);
  append_resources (view, out);
  append_memories (view, out);
  _hd_inferences_text (view, out);
  append_busiest (view, out);
}

/* --- JSON -------------------------------------------------------------------------------------------------- */

static void
json_core (const HdView *view, guint64 c, HdJson *json)
{
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", view->core_name[c]);
  hd_json_u64 (json, "compute", view->state[HD_STATE_COMPUTE][c]);
  hd_json_u64 (json, "wait_input", view->state[HD_STATE_WAIT_INPUT][c]);
  hd_json_u64 (json, "wait_space", view->state[HD_STATE_WAIT_SPACE][c]);
  hd_json_u64 (json, "wait_turn", view->state[HD_STATE_WAIT_TURN][c]);
  hd_json_u64 (json, "done", view->state[HD_STATE_DONE][c]);
  hd_json_close_object (json);
}

static void
json_memory (const HdView *view, guint64 m, HdJson *json)
{
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", view->memory_name[m]);
  if (view->capacity[m] == G_MAXUINT64)
    hd_json_null (json, "capacity_bits");
  else
    hd_json_u64 (json, "capacity_bits", view->capacity[m]);
  hd_json_u64 (json, "peak_bits", view->peak[m]);
  hd_json_close_object (json);
}

static void
json_resource (const HdView *view, guint64 r, HdJson *json)
{
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", view->resource_name[r]);
  hd_json_u64 (json, "busy", view->busy[r]);
  hd_json_u64 (json, "bits", view->moved[r]);
  hd_json_close_object (json);
}

void
_hd_tables_json (const HdView *view, guint32 only, HdJson *json)
{
  hd_json_open_array (json, "cores");
  for (guint64 c = 0; c < view->n_cores; c++)
    if (only == VIEW_NONE || c == only)
      json_core (view, c, json);
  hd_json_close_array (json);
  hd_json_open_array (json, "memories");
  for (guint64 m = 0; m < view->n_memories; m++)
    json_memory (view, m, json);
  hd_json_close_array (json);
  hd_json_open_array (json, "resources");
  for (guint64 r = 0; r < view->n_resources; r++)
    json_resource (view, r, json);
  hd_json_close_array (json);
}
