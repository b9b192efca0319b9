/* inspect: where did the cycles go. States of the cores, busiest resources, peaks of the memories, layers, and the longest waits with what they waited for. */
#include "config.h"
#include <heddle/report.h>

#include "report/inspect.h"
#include "report/inferences.h"
#include "report/tables.h"
#include "report/waits.h"

#include <heddle/units.h>

/* --- layers --------------------------------------------------------------------------------------------- */

static const char *const LAYER_FIELD[] = { "nodes", "compute_cycles", "start", "end", "macs", "moved_bits" };

typedef struct {
  const guint64 *column[G_N_ELEMENTS (LAYER_FIELD)];
} Layers;

static gboolean
load_layers (const HdView *view, Layers *layers, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (LAYER_FIELD); i++) {
    g_autofree char *path = g_strconcat ("/layers/", LAYER_FIELD[i], NULL);
    if ((layers->column[i] = _hd_view_u64 (view, path, view->n_layers, error)) == NULL)
      return FALSE;
  }
  return TRUE;
}

static void
append_layers (const HdView *view, const Layers *layers, GString *out)
{
  static const char *const HEAD[] = { "nodes", "compute [cycle]", "start [cycle]", "end [cycle]", "operations [1]", "moved for it [bit]" };
  static const int WIDTH[] = { 10, 18, 16, 16, 20, 20 };
  guint width = _hd_tables_width (view->layer_name, view->n_layers, 20);
  if (view->n_layers == 0)
    return;
  g_string_append_c (out, '\n');
  _hd_tables_pad (out, "layer", width);
  for (guint i = 0; i < G_N_ELEMENTS (HEAD); i++)
    g_string_append_printf (out, " %*s", WIDTH[i], HEAD[i]);
  g_string_append_c (out, '\n');
  for (guint64 l = 0; l < view->n_layers; l++) {
    _hd_tables_pad (out, view->layer_name[l], width);
    for (guint i = 0; i < G_N_ELEMENTS (HEAD); i++) {
      /* A layer without a node never starts. */
      gboolean never = layers->column[0][l] == 0 && (i == 2 || i == 3);
      g_autofree char *text = never ? g_strdup ("-") : hd_count_for_people (layers->column[i][l]);
      g_string_append_printf (out, " %*s", WIDTH[i], text);
    }
    g_string_append_c (out, '\n');
  }
}

static void
json_layers (const HdView *view, const Layers *layers, HdJson *json)
{
  hd_json_open_array (json, "layers");
  for (guint64 l = 0; l < view->n_layers; l++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "id", view->layer_name[l]);
    for (guint i = 0; i < G_N_ELEMENTS (LAYER_FIELD); i++)
      if (layers->column[0][l] == 0 && (i == 2 || i == 3))
        hd_json_null (json, LAYER_FIELD[i]);
      else
        hd_json_u64 (json, LAYER_FIELD[i], layers->column[i][l]);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

/* --- both forms ----------------------------------------------------------------------------------------- */

static gboolean
inspect_json (const HdView *view, const HdInspectOptions *options, guint32 only, guint most, GString *out, GError **error)
{
  HdJson json = { .text = out };
  Layers layers;
  if (!load_layers (view, &layers, error))
    return FALSE;
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-inspect-1");
  hd_json_string (&json, "title", view->title);
  hd_json_string (&json, "outcome", view->deadlock ? "deadlock" : "complete");
  hd_json_u64 (&json, "cycles", view->cycles);
  hd_json_u64 (&json, "clock_hz", view->clock_hz);
  hd_json_u64 (&json, "tasks", view->n_tasks);
  hd_json_double (&json, "energy_pj", view->energy_pj);
  hd_json_double (&json, "compute_pj", view->compute_pj);
  hd_json_double (&json, "transfer_pj", view->transfer_pj);
  hd_json_double (&json, "static_pj", view->static_pj);
  hd_json_u64 (&json, "dram_read_bits", view->dram_read_bits);
  hd_json_u64 (&json, "dram_write_bits", view->dram_write_bits);
  _hd_inferences_json (view, &json);
  if (view->deadlock)
    hd_json_string (&json, "deadlock", view->deadlock_text);
  _hd_tables_json (view, only, &json);
  json_layers (view, &layers, &json);
  _hd_waits_json (view, only, most, &json);
  if (options->at_set && !_hd_inspect_at_json (view, options->at, only, &json, error))
    return FALSE;
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
  return TRUE;
}

static gboolean
inspect_text (const HdView *view, const HdInspectOptions *options, guint32 only, guint most, GString *out, GError **error)
{
  Layers layers;
  if (options->at_set) {
    _hd_tables_headline (view, out);
    return _hd_inspect_at_text (view, options->at, only, out, error);
  }
  if (!load_layers (view, &layers, error))
    return FALSE;
  _hd_tables_text (view, only, out);
  append_layers (view, &layers, out);
  _hd_waits_append_longest (view, only, most, out);
  return TRUE;
}

static gboolean
find_core (const HdView *view, const char *name, guint32 *core, GError **error)
{
  *core = VIEW_NONE;
  for (guint c = 0; name != NULL && c < view->n_cores; c++)
    if (g_str_equal (view->core_name[c], name))
      *core = c;
  if (name == NULL || *core != VIEW_NONE)
    return TRUE;
  const char *near = hd_suggest (name, view->core_name, view->n_cores);
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there is no core \"%s\" in %s%s%s%s", name, hd_trace_info (view->trace)->path, near != NULL ? " - did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
  return FALSE;
}

gboolean
hd_report_inspect (HdTrace *trace, const HdInspectOptions *options, GString *out, GError **error)
{
  HdView view;
  guint32 only;
  guint most = options->n_waits > 0 ? options->n_waits : 10;
  if (!_hd_view_load (&view, trace, error) || !_hd_view_load_tables (&view, error) || !find_core (&view, options->core, &only, error))
    return FALSE;
  if (options->at_set && options->at >= view.cycles) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "cycle %" G_GUINT64_FORMAT " is not in the run - expected less than %" G_GUINT64_FORMAT, options->at, view.cycles);
    return FALSE;
  }
  return (options->json ? inspect_json : inspect_text) (&view, options, only, most, out, error);
}
