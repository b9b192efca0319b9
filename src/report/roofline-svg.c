/* Rooflines as a drawing: a panel for each core, two to a row, both axes logarithmic, layers in the colours of the Gantt chart. */
#include "config.h"
#include <heddle/report.h>

#include "report/roofline.h"
#include "report/svg-text.h"
#include "report/svg.h"

#include <heddle/units.h>

#include <math.h>
#include <string.h>

enum { PANEL_WIDTH = 650, PANEL_HEIGHT = 430, PLOT_LEFT = 84, PLOT_TOP = 62, PLOT_WIDTH = 530, PLOT_HEIGHT = 300, HEAD_HEIGHT = 84, MOST_LABELS = 8 };

static const char *const TRAFFIC[ROOF_N_TRAFFICS] = { "DRAM", "own memories" };

typedef struct {
  FILE *out;
  const HdView *view;
  const RoofCore *core;
  double x0, y0;                    /* of the plot's upper left corner [pixel] */
  int from_x, to_x, from_y, to_y;   /* powers of ten */
} Panel;

/* --- numbers of a point --------------------------------------------------------------------------------------- */

/* [1/cycle of the core] */
static double
reached (const RoofCore *core, const RoofPoint *point)
{
  return point->cycles > 0 ? (double) point->operations / ((double) point->cycles / core->cycles_per_own) : 0;
}

/* Operations for each bit; 0: nothing moved. */
static double
intensity (const RoofPoint *point, guint traffic)
{
  return point->bits[traffic] > 0 ? (double) point->operations / (double) point->bits[traffic] : 0;
}

static gboolean
is_drawn (const RoofPoint *point)
{
  return point->operations > 0 && point->cycles > 0;
}

/* --- scales --------------------------------------------------------------------------------------------------- */

static void
widen (double value, double *least, double *most)
{
  if (value <= 0 || !isfinite (value))
    return;
  *least = MIN (*least, value);
  *most = MAX (*most, value);
}

/* Whole powers of ten around all points, the roof, and where the roofs meet; two of them at least upwards. */
static void
choose_scales (Panel *self)
{
  const RoofCore *core = self->core;
  double x[2] = { (double) INFINITY, 0 }, y[2] = { (double) INFINITY, 0 };
  widen (core->peak, &y[0], &y[1]);
  for (guint t = 0; t < ROOF_N_TRAFFICS; t++)
    if (isfinite (core->peak) && core->slope[t] > 0)
      widen (core->peak / core->slope[t], &x[0], &x[1]);
  for (guint64 l = 0; l < self->view->n_layers; l++) {
    if (!is_drawn (&core->point[l]))
      continue;
    widen (reached (core, &core->point[l]), &y[0], &y[1]);
    for (guint t = 0; t < ROOF_N_TRAFFICS; t++)
      widen (intensity (&core->point[l], t), &x[0], &x[1]);
  }
  self->from_x = x[1] > 0 ? (int) floor (log10 (x[0])) : -1;
  self->to_x = x[1] > 0 ? (int) ceil (log10 (x[1] * 1.2)) : 1;
  self->from_y = y[1] > 0 ? (int) floor (log10 (y[0])) : 0;
  self->to_y = y[1] > 0 ? (int) ceil (log10 (y[1] * 1.2)) : 1;
  self->from_y = MIN (self->from_y, self->to_y - 2);
}

static double
x_of (const Panel *self, double value)
{
  return self->x0 + (log10 (value) - self->from_x) / MAX (self->to_x - self->from_x, 1) * PLOT_WIDTH;
}

static double
y_of (const Panel *self, double value)
{
  return self->y0 + PLOT_HEIGHT - (log10 (value) - self->from_y) / MAX (self->to_y - self->from_y, 1) * PLOT_HEIGHT;
}

/* --- frame ------------------------------------------------------------------------------------------------------ */

static void
put_line (const Panel *self, const char *class, double xa, double ya, double xb, double yb)
{
  fprintf (self->out, "<path class=\"%s\"", class);
  _hd_svg_double (self->out, " d=\"M", xa, " ");
  _hd_svg_double (self->out, "", ya, "L");
  _hd_svg_double (self->out, "", xb, " ");
  _hd_svg_double (self->out, "", yb, "\"/>\n");
}

static char *
power_label (int power)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (power < -3 || power > 5)
    g_string_printf (text, "1e%d", power);
  else
    hd_append_double (text, "%.15g", pow (10, power));
  return g_strdup (text->str);
}

static void
put_axes (const Panel *self)
{
  int step_x = (self->to_x - self->from_x) / 9 + 1, step_y = (self->to_y - self->from_y) / 7 + 1;
  for (int p = self->from_x; p <= self->to_x; p += step_x) {
    g_autofree char *label = power_label (p);
    double x = x_of (self, pow (10, p));
    put_line (self, "grid", x, self->y0, x, self->y0 + PLOT_HEIGHT);
    _hd_svg_text (self->out, x, self->y0 + PLOT_HEIGHT + 16, "tick", label, 0);
  }
  for (int p = self->from_y; p <= self->to_y; p += step_y) {
    g_autofree char *label = power_label (p);
    double y = y_of (self, pow (10, p));
    put_line (self, "grid", self->x0, y, self->x0 + PLOT_WIDTH, y);
    _hd_svg_text (self->out, self->x0 - 6, y + 4, "label", label, 0);
  }
  _hd_svg_text (self->out, self->x0 + PLOT_WIDTH / 2.0, self->y0 + PLOT_HEIGHT + 34, "tick", "operations for each bit moved [1/bit]", 0);
  fputs ("<g transform=\"rotate(-90", self->out);
  _hd_svg_double (self->out, " ", self->x0 - 56, "");
  _hd_svg_double (self->out, " ", self->y0 + PLOT_HEIGHT / 2.0, ")\">");
  _hd_svg_text (self->out, self->x0 - 56, self->y0 + PLOT_HEIGHT / 2.0, "tick", "operations in a cycle of the core [1/cycle]", 0);
  fputs ("</g>\n", self->out);
}

/* --- roofs ------------------------------------------------------------------------------------------------------ */

static void
put_slope (const Panel *self, guint traffic)
{
  static const char *const CLASS[ROOF_N_TRAFFICS] = { "roof", "roof own" };
  double slope = self->core->slope[traffic], top = MIN (self->core->peak, pow (10, self->to_y));
  if (!isfinite (slope) || slope <= 0)
    return;
  double left = MAX (pow (10, self->from_x), pow (10, self->from_y) / slope), right = MIN (top / slope, pow (10, self->to_x));
  if (left >= right)
    return;
  put_line (self, CLASS[traffic], x_of (self, left), y_of (self, left * slope), x_of (self, right), y_of (self, right * slope));
}

static void
put_roofs (const Panel *self)
{
  /* The level roof begins where the steepest slope meets it. */
  double knee = pow (10, self->from_x);
  for (guint t = 0; t < ROOF_N_TRAFFICS; t++)
    if (isfinite (self->core->slope[ROOF_LOCAL]) && self->core->slope[t] > 0 && self->core->slope[t] >= self->core->slope[1 - t])
      knee = MAX (knee, self->core->peak / self->core->slope[t]);
  if (isfinite (self->core->peak))
    put_line (self, "roof", x_of (self, knee), y_of (self, self->core->peak), self->x0 + PLOT_WIDTH, y_of (self, self->core->peak));
  for (guint t = 0; t < ROOF_N_TRAFFICS; t++)
    put_slope (self, t);
}

static void
append_number (GString *out, double value)
{
  if (isfinite (value))
    hd_append_double (out, "%.5g", value);
  else
    g_string_append (out, "no limit");
}

static void
put_title (const Panel *self)
{
  g_autoptr (GString) line = g_string_new ("peak ");
  append_number (line, self->core->peak);
  g_string_append (line, isfinite (self->core->peak) ? " 1/cycle" : "");
  if (self->core->input_bits > 0)
    g_string_append_printf (line, " (%ux%u bit)", self->core->input_bits, self->core->weight_bits);
  for (guint t = 0; t < ROOF_N_TRAFFICS; t++) {
    g_string_append_printf (line, ", %s ", TRAFFIC[t]);
    append_number (line, self->core->slope[t] > 0 ? self->core->slope[t] : (double) INFINITY);
    g_string_append (line, isfinite (self->core->slope[t]) && self->core->slope[t] > 0 ? " bit/cycle" : "");
  }
  _hd_svg_text (self->out, self->x0, self->y0 - 26, "core", self->view->core_name[self->core->core], 300);
  _hd_svg_text (self->out, self->x0, self->y0 - 9, "small", line->str, PLOT_WIDTH);
}

/* --- points ------------------------------------------------------------------------------------------------------ */

/* Tells the numbers where the pointer rests. */
static void
put_tooltip (const Panel *self, guint64 layer)
{
  const RoofPoint *point = &self->core->point[layer];
  g_autofree char *name = _hd_svg_escape (self->view->layer_name[layer]), *operations = hd_count_for_people (point->operations), *cycles = hd_count_for_people (point->cycles);
  g_autofree char *dram = hd_bits_for_people (point->bits[ROOF_DRAM]), *own = hd_bits_for_people (point->bits[ROOF_LOCAL]);
  g_autoptr (GString) rate = g_string_new (NULL);
  hd_append_double (rate, "%.4g", reached (self->core, point));
  fprintf (self->out, "<title>%s: %s operations in %s cycles, %s in a cycle of the core; %s to and from DRAM, %s into and out of its own memories</title>", name, operations, cycles, rate->str, dram, own);
}

/* A circle; where nothing was moved, a triangle at the right edge. */
static void
put_point (const Panel *self, guint64 layer, guint traffic)
{
  const RoofPoint *point = &self->core->point[layer];
  double at = intensity (point, traffic), y = y_of (self, reached (self->core, point)), x = at > 0 ? x_of (self, at) : self->x0 + PLOT_WIDTH;
  guint colour = (guint) (layer % SVG_COLOURS);
  if (at <= 0 && traffic == ROOF_LOCAL)
    return;
  if (traffic == ROOF_LOCAL)
    fprintf (self->out, "<circle class=\"ring s%u\" r=\"4.5\"", colour);
  else
    fprintf (self->out, at > 0 ? "<circle class=\"c%u\" r=\"4\"" : "<path class=\"c%u\"", colour);
  if (at > 0) {
    _hd_svg_double (self->out, " cx=\"", x, "\"");
    _hd_svg_double (self->out, " cy=\"", y, "\">");
  } else {
    _hd_svg_double (self->out, " d=\"M", x - 7, " ");
    _hd_svg_double (self->out, "", y - 5, "l8 5l-8 5z\">");
  }
  put_tooltip (self, layer);
  fputs (at > 0 || traffic == ROOF_LOCAL ? "</circle>\n" : "</path>\n", self->out);
}

typedef struct {
  double x, y, width;
} Label;

static gboolean
is_free (const Label *label, const Label *taken, guint n)
{
  for (guint i = 0; i < n; i++)
    if (fabs (label->y - taken[i].y) < 13 && label->x < taken[i].x + taken[i].width + 4 && taken[i].x < label->x + label->width + 4)
      return FALSE;
  return TRUE;
}

/* The layer that took longest of those not marked; -1: none is left. */
static gint64
slowest_left (const Panel *self, const guint8 *marked)
{
  gint64 slowest = -1;
  for (guint64 l = 0; l < self->view->n_layers; l++)
    if (!marked[l] && is_drawn (&self->core->point[l]) && (slowest < 0 || self->core->point[l].cycles > self->core->point[slowest].cycles))
      slowest = (gint64) l;
  return slowest;
}

/* The names of the slowest, where there is room beside their points. */
static void
put_labels (const Panel *self)
{
  Label taken[MOST_LABELS];
  guint n = 0;
  g_autofree guint8 *marked = g_new0 (guint8, self->view->n_layers + 1);
  for (guint tries = 0; tries < 4 * MOST_LABELS && n < MOST_LABELS; tries++) {
    gint64 l = slowest_left (self, marked);
    if (l < 0)
      return;
    marked[l] = 1;
    const RoofPoint *point = &self->core->point[l];
    double at = intensity (point, ROOF_DRAM), x = at > 0 ? x_of (self, at) : self->x0 + PLOT_WIDTH - 6;
    g_autofree char *name = _hd_svg_shorten (self->view->layer_name[l], 120);
    Label label = { .width = _hd_svg_text_width (name) * 11 / 12, .y = y_of (self, reached (self->core, point)) + 4 };
    label.x = x + 8 + label.width < self->x0 + PLOT_WIDTH ? x + 8 : x - 8 - label.width;
    if (!is_free (&label, taken, n))
      continue;
    taken[n++] = label;
    _hd_svg_text (self->out, label.x, label.y, "name", self->view->layer_name[l], 120);
  }
}

static void
put_panel (FILE *out, const Roofline *roofline, guint i)
{
  Panel panel = { .out = out, .view = roofline->view, .core = &roofline->core[i], .x0 = PLOT_LEFT + (i % 2) * PANEL_WIDTH, .y0 = HEAD_HEIGHT + PLOT_TOP + (double) (i / 2) * PANEL_HEIGHT };
  choose_scales (&panel);
  put_axes (&panel);
  put_roofs (&panel);
  put_title (&panel);
  for (guint64 l = 0; l < panel.view->n_layers; l++)
    for (guint t = ROOF_N_TRAFFICS; t-- > 0 && is_drawn (&panel.core->point[l]);)
      put_point (&panel, l, t);
  put_labels (&panel);
}

/* --- all ------------------------------------------------------------------------------------------------------- */

static void
put_style (FILE *out)
{
  fputs ("<style>text{font:12px sans-serif;fill:#222}.label{text-anchor:end;fill:#555;font-size:11px}.small{font-size:11px;fill:#666}.tick{text-anchor:middle;fill:#555;font-size:11px}.title{font-size:17px;font-weight:bold}"
         ".core{font-size:14px;font-weight:bold}.name{font-size:11px}.grid{stroke:#8884;fill:none}.roof{stroke:#222;stroke-width:1.8;fill:none}.own{stroke-dasharray:6 4}.ring{fill:none;stroke-width:1.4}.paper{fill:#fff}",
         out);
  for (guint c = 0; c < SVG_COLOURS; c++) {
    guint rgb[3];
    _hd_svg_colour_of_class (c, rgb);
    fprintf (out, ".c%u{fill:#%02x%02x%02x}.s%u{stroke:#%02x%02x%02x}", c, rgb[0], rgb[1], rgb[2], c, rgb[0], rgb[1], rgb[2]);
  }
  fputs ("@media(prefers-color-scheme:dark){.paper{fill:#15171a}text{fill:#ddd}.small,.tick,.label{fill:#aaa}.roof{stroke:#ddd}}</style>\n", out);
}

static void
put_head (FILE *out, const Roofline *roofline)
{
  const char *line = "Circles: over DRAM traffic (triangles: none), under the full slope. Rings: over traffic of the core's own memories, under the dashed slope. A layer's time includes the waits before its computes.";
  const char *more = "A point above a slope had its data fetched while other layers computed.";
  g_autofree char *title = g_strdup_printf ("Rooflines: %s", roofline->view->title);
  _hd_svg_text (out, PLOT_LEFT, 32, "title", title, 2 * PANEL_WIDTH - 200);
  _hd_svg_text (out, PLOT_LEFT, 54, "", line, 0);
  _hd_svg_text (out, PLOT_LEFT, 72, "", more, 0);
  if (roofline->n == 0 || roofline->left_out > 0) {
    g_autofree char *note = roofline->n == 0 ? g_strdup ("No core computed.") : g_strdup_printf ("The %u busiest cores; %u more computed.", roofline->n, roofline->left_out);
    _hd_svg_text (out, PLOT_LEFT, 90, "small", note, 0);
  }
}

static void
put_drawing (FILE *out, const Roofline *roofline)
{
  int width = 2 * PANEL_WIDTH, height = HEAD_HEIGHT + (int) (roofline->n + 1) / 2 * PANEL_HEIGHT;
  fprintf (out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", width, height, width, height);
  put_style (out);
  fputs ("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", out);
  put_head (out, roofline);
  for (guint i = 0; i < roofline->n; i++)
    put_panel (out, roofline, i);
  fputs ("</svg>\n", out);
}

/* A schedule that was made elsewhere has none. */
static HdWorkload *
load_workload (HdTrace *trace)
{
  const char *text = hd_trace_text (trace, "/meta/workload", NULL);
  return text != NULL && *text != '\0' ? hd_workload_parse_xml (text, strlen (text), "/meta/workload", NULL) : NULL;
}

gboolean
hd_report_roofline (HdTrace *trace, FILE *out, GError **error)
{
  HdView view;
  g_auto (Roofline) roofline = { 0 };
  g_autofree char *name = g_strconcat (hd_trace_info (trace)->path, ":/meta/platform", NULL);
  const char *text = hd_trace_text (trace, "/meta/platform", error);
  g_autoptr (HdPlatform) platform = text != NULL ? hd_platform_parse_xml (text, strlen (text), name, error) : NULL;
  g_autoptr (HdWorkload) workload = load_workload (trace);
  if (platform == NULL || !_hd_view_load (&view, trace, error) || !_hd_view_load_tables (&view, error) || !_hd_roofline_collect (&roofline, &view, platform, workload, error))
    return FALSE;
  put_drawing (out, &roofline);
  return TRUE;
}
