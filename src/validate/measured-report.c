/* Measurements held against a trace: as a table, as JSON, as a picture. */
#include "config.h"
#include <heddle/measured.h>

#include "base/json.h"
#include "report/svg-text.h"
#include "report/tables.h"
#include "validate/words.h"

#include <heddle/units.h>

#include <math.h>

static double
simulated_cycles (const HdMeasuredRow *row)
{
  return (double) (row->simulated_end - row->simulated_start);
}

/* Whole numbers with commas; else one digit more. Returns (transfer full). */
static char *
cycles_text (double cycles)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (cycles == floor (cycles) && cycles < 1e18)
    return hd_count_for_people ((guint64) cycles);
  hd_append_double (text, "%.1f", cycles);
  return g_strdup (text->str);
}

/* "+4.2 %"; "-" when nothing was measured. */
static char *
error_text (double percent)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (isnan (percent))
    return g_strdup ("-");
  _hd_validation_append_error (text, percent);
  g_string_append (text, " %");
  return g_strdup (text->str);
}

/* --- table ------------------------------------------------------------------------------------------------------ */

static void
append_row (const HdMeasuredRow *row, guint width, gboolean times, GString *out)
{
  g_autofree char *measured = cycles_text (row->cycles), *simulated = cycles_text (simulated_cycles (row)), *error = error_text (row->error_percent);
  _hd_tables_pad (out, row->layer, width);
  g_string_append_printf (out, " %18s %18s %11s", measured, simulated, error);
  if (times) {
    g_autofree char *start = cycles_text (row->start), *simulated_start = cycles_text ((double) row->simulated_start);
    g_string_append_printf (out, " %22s %22s", start, simulated_start);
  }
  g_string_append_c (out, '\n');
}

void
hd_measured_text (const HdMeasured *self, GString *out)
{
  gboolean times = self->n_rows > 0 && self->row[0].has_times;
  guint width = 20;
  for (guint i = 0; i < self->n_rows; i++)
    width = MAX (width, (guint) MIN (60, g_utf8_strlen (self->row[i].layer, -1)));
  g_string_append_printf (out, "%s against %s\n\n", self->title, self->file);
  _hd_tables_pad (out, "layer", width);
  g_string_append_printf (out, " %18s %18s %11s", "measured [cycle]", "simulated [cycle]", "error");
  if (times)
    g_string_append_printf (out, " %22s %22s", "start, measured", "start, simulated");
  g_string_append_c (out, '\n');
  for (guint i = 0; i < self->n_rows; i++)
    append_row (&self->row[i], width, times, out);
  if (self->worst >= 0) {
    g_autoptr (GString) mean = g_string_new (NULL);
    g_autofree char *worst = error_text (self->row[self->worst].error_percent);
    hd_append_double (mean, "%.1f", self->mean_error_percent);
    g_string_append_printf (out, "\nlayers: %s %% off on average, at most %s (%s)\n", mean->str, worst, self->row[self->worst].layer);
  }
  if (self->n_unmeasured > 0)
    g_string_append_printf (out, "%u %s of the trace not measured\n", self->n_unmeasured, self->n_unmeasured == 1 ? "layer" : "layers");
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static void
json_number (HdJson *json, const char *key, double value)
{
  if (isnan (value))
    hd_json_null (json, key);
  else
    hd_json_double (json, key, value);
}

static void
json_row (HdJson *json, const HdMeasuredRow *row)
{
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", row->layer);
  hd_json_double (json, "measured_cycles", row->cycles);
  hd_json_double (json, "simulated_cycles", simulated_cycles (row));
  json_number (json, "error_percent", row->error_percent);
  json_number (json, "measured_start", row->has_times ? row->start : NAN);
  json_number (json, "measured_end", row->has_times ? row->end : NAN);
  hd_json_u64 (json, "simulated_start", row->simulated_start);
  hd_json_u64 (json, "simulated_end", row->simulated_end);
  hd_json_close_object (json);
}

void
hd_measured_json (const HdMeasured *self, GString *out)
{
  HdJson json = { .text = out };
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-measured-1");
  hd_json_string (&json, "title", self->title);
  json_number (&json, "mean_error_percent", self->mean_error_percent);
  if (self->worst >= 0)
    hd_json_string (&json, "worst", self->row[self->worst].layer);
  else
    hd_json_null (&json, "worst");
  hd_json_u64 (&json, "unmeasured", self->n_unmeasured);
  hd_json_open_array (&json, "layers");
  for (guint i = 0; i < self->n_rows; i++)
    json_row (&json, &self->row[i]);
  hd_json_close_array (&json);
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
}

/* --- picture --------------------------------------------------------------------------------------------------------- */

enum { LEFT = 200, AXIS = 720, RIGHT = 110, ROW = 30, TOP = 92, WIDTH = LEFT + AXIS + RIGHT, MOST_ROWS = 300 };

/* Where bars begin and end: at their times where these were measured, else from 0. */
static double
simulated_from (const HdMeasuredRow *row)
{
  return row->has_times ? (double) row->simulated_start : 0;
}

static double
last_cycle (const HdMeasured *self)
{
  double last = 1;
  for (guint i = 0; i < self->n_rows; i++) {
    const HdMeasuredRow *row = &self->row[i];
    last = MAX (last, MAX (row->has_times ? row->end : row->cycles, simulated_from (row) + simulated_cycles (row)));
  }
  return last;
}

static void
put_bar (FILE *out, double from, double cycles, double scale, double y, const char *class)
{
  _hd_svg_double (out, "<rect x=\"", LEFT + from * scale, "\"");
  _hd_svg_double (out, " y=\"", y, "\"");
  _hd_svg_double (out, " width=\"", MAX (1, cycles * scale), "\" height=\"10\"");
  fprintf (out, " class=\"%s\"/>\n", class);
}

static void
put_axis (FILE *out, double last, double scale, double bottom)
{
  double step = pow (10, floor (log10 (last)));
  step = last / step < 2 ? step / 5 : last / step < 5 ? step / 2 : step;
  for (double cycle = 0; cycle <= last * 1.0001; cycle += step) {
    g_autofree char *text = cycle > 0 ? cycles_text (cycle) : g_strdup ("0");
    _hd_svg_double (out, "<path class=\"grid\" d=\"M", LEFT + cycle * scale, "");
    fprintf (out, " %d", TOP - 6);
    _hd_svg_double (out, "V", bottom, "\"/>\n");
    _hd_svg_text (out, LEFT + cycle * scale, bottom + 16, "tick", text, 0);
  }
  _hd_svg_text (out, LEFT + AXIS / 2.0, bottom + 34, "tick", "cycle", 0);
}

static void
put_row (FILE *out, const HdMeasuredRow *row, double scale, double y)
{
  g_autofree char *error = error_text (row->error_percent);
  _hd_svg_text (out, LEFT - 10, y + 15, "label", g_str_equal (row->layer, "*") ? "the whole run" : row->layer, LEFT - 20);
  put_bar (out, row->has_times ? row->start : 0, row->cycles, scale, y, "measured");
  put_bar (out, simulated_from (row), simulated_cycles (row), scale, y + 11, "simulated");
  _hd_svg_text (out, LEFT + AXIS + 12, y + 15, "number", error, 0);
}

void
hd_measured_svg (const HdMeasured *self, FILE *out)
{
  guint shown = MIN (self->n_rows, MOST_ROWS);
  double last = last_cycle (self), scale = AXIS / last, bottom = TOP + (double) shown * ROW;
  int height = (int) bottom + (shown < self->n_rows ? 70 : 48);
  fprintf (out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", WIDTH, height, WIDTH, height);
  fputs ("<style>text{font:12px sans-serif;fill:#222}.title{font-size:17px;font-weight:bold}.label{text-anchor:end}.tick{text-anchor:middle;fill:#555;font-size:11px}.number{font-variant-numeric:tabular-nums}"
         ".grid{stroke:#8884;fill:none}.measured{fill:#9498a0}.simulated{fill:#4269d0}.paper{fill:#fff}@media(prefers-color-scheme:dark){.paper{fill:#15171a}text{fill:#ddd}.tick{fill:#aaa}}</style>\n"
         "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", out);
  g_autofree char *title = g_strdup_printf ("Measured and simulated: %s", self->title);
  _hd_svg_text (out, LEFT, 30, "title", title, AXIS);
  fprintf (out, "<rect x=\"%d\" y=\"45\" width=\"22\" height=\"10\" class=\"measured\"/><rect x=\"%d\" y=\"45\" width=\"22\" height=\"10\" class=\"simulated\"/>\n", LEFT, LEFT + 120);
  _hd_svg_text (out, LEFT + 28, 54, "", "measured", 0);
  _hd_svg_text (out, LEFT + 148, 54, "", "simulated", 0);
  _hd_svg_text (out, LEFT + AXIS + 12, TOP - 14, "", "error", 0);
  put_axis (out, last, scale, bottom);
  for (guint i = 0; i < shown; i++)
    put_row (out, &self->row[i], scale, TOP + (double) i * ROW);
  if (shown < self->n_rows) {
    g_autofree char *rest = g_strdup_printf ("and %u more", self->n_rows - shown);
    _hd_svg_text (out, LEFT, bottom + 54, "", rest, 0);
  }
  fputs ("</svg>\n", out);
}
