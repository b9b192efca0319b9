/* The Gantt chart: one row for each core and each transfer queue, the occupancy of the memories below, one time axis, and the layers by colour. */
#include "config.h"
#include <heddle/report.h>

#include "report/svg-text.h"
#include "report/svg.h"

#include <heddle/units.h>

#include <string.h>

enum { HEAD = 64 };

guint
_hd_svg_colour (const HdView *view, guint32 task)
{
  return view->layer[task] == VIEW_NONE ? SVG_COLOURS : view->layer[task] % SVG_COLOURS;
}

/* --- colours -------------------------------------------------------------------------------------------- */

/* Neighbouring layers get different hues; after twelve the hues come again, darker, then lighter. */
void
_hd_svg_colour_of_class (guint class, guint rgb[3])
{
  static const guint HUE[SVG_HUES] = { 0x4269d0, 0xefb118, 0xff725c, 0x6cc5b0, 0x3ca951, 0xff8ab7, 0xa463f2, 0x97bbf5, 0x9c6b4e, 0x9498a0, 0xc3b21e, 0x1b9e9e };
  guint hue = class == SVG_COLOURS ? 0x777777 : HUE[class % SVG_HUES], shade = class == SVG_COLOURS ? 0 : class / SVG_HUES;
  for (guint i = 0; i < 3; i++) {
    guint value = (hue >> (16 - 8 * i)) & 255;
    rgb[i] = shade == 0 ? value : shade == 1 ? value * 55 / 100 : 255 - (255 - value) * 45 / 100;
  }
}

static void
put_style (SvgChart *self)
{
  fputs ("<style>text{font:12px sans-serif;fill:#222}.label{text-anchor:end}.small{font-size:10px;fill:#666}.scale{font-size:8px;fill:#666}.tick{text-anchor:middle;fill:#555;font-size:11px}.last{text-anchor:end}"
         ".title{font-size:17px;font-weight:bold}.bad{fill:#c00}.note{fill:#666;font-style:italic}.in{text-anchor:middle;font-size:11px}.bar{stroke:#fff;stroke-width:.4}.row{fill:#8881}"
         ".unknown{fill:#8883}.grid{stroke:#8884;fill:none}.stop{stroke:#c00;fill:none}.memory{fill:#4269d0aa}.paper{fill:#fff}",
         self->out);
  for (guint c = 0; c <= SVG_COLOURS; c++) {
    guint rgb[3];
    _hd_svg_colour_of_class (c, rgb);
    fprintf (self->out, ".c%u{fill:#%02x%02x%02x}", c, rgb[0], rgb[1], rgb[2]);
  }
  fputs ("@media(prefers-color-scheme:dark){.paper{fill:#15171a}text{fill:#ddd}.small,.tick,.scale,.note{fill:#aaa}.bar{stroke:#15171a}.bad{fill:#f66}}", self->out);
  /* Text in a bar keeps its contrast in both schemes. */
  for (guint c = 0; c <= SVG_COLOURS; c++) {
    guint rgb[3];
    _hd_svg_colour_of_class (c, rgb);
    fprintf (self->out, ".t%u{fill:%s}", c, rgb[0] * 3 + rgb[1] * 6 + rgb[2] > 1300 ? "#111" : "#fff");
  }
  fputs ("</style>\n", self->out);
}

/* --- head ------------------------------------------------------------------------------------------------ */

static guint64
count_not_started (const HdView *view)
{
  guint64 n = 0;
  for (guint64 t = 0; t < view->n_tasks; t++)
    n += view->start[t] == VIEW_NEVER;
  return n;
}

static void
put_head (SvgChart *self)
{
  const HdView *view = self->view;
  g_autofree char *cycles = hd_count_for_people (view->cycles), *tasks = hd_count_for_people (view->n_tasks), *never = hd_count_for_people (count_not_started (view));
  g_autoptr (GString) line = g_string_new (NULL);
  double energy;
  g_string_append_printf (line, "%s cycles", cycles);
  if (view->clock_hz > 0) {
    g_string_append (line, " = ");
    hd_append_double (line, "%.4g", (double) view->cycles / (double) view->clock_hz * 1e3);
    g_string_append (line, " ms");
  }
  if (hd_trace_number (view->trace, "energy_pj", &energy, NULL)) {
    g_autofree char *text = hd_energy_for_people (energy);
    g_string_append_printf (line, ", %s", text);
  }
  g_string_append_printf (line, ", %s tasks", tasks);
  _hd_svg_text (self->out, SVG_LEFT, 26, "title", view->title, SVG_WIDTH / 1.5);
  _hd_svg_text (self->out, SVG_LEFT, 46, "", line->str, 0);
  if (view->deadlock) {
    g_autofree char *what = g_strdup_printf ("deadlock (tasks that never started: %s): %s", never, view->deadlock_text);
    _hd_svg_text (self->out, SVG_LEFT, 64, "bad", what, SVG_WIDTH);
    self->y += 18;
  }
}

/* --- axis ------------------------------------------------------------------------------------------------ */

/* The smallest of 1, 2, 5 times a power of ten that gives at most @ticks of them. */
static guint64
tick_step (guint64 cycles, guint64 ticks)
{
  static const guint64 FACTOR[] = { 1, 2, 5 };
  for (guint64 power = 1;; power *= 10)
    for (guint i = 0; i < 3; i++)
      if (cycles / ticks < power * FACTOR[i] || power > G_MAXUINT64 / 100)
        return power * FACTOR[i];
}

static void
put_axis (SvgChart *self, int top)
{
  guint64 cycles = self->view->cycles;
  g_autofree char *longest = hd_count_for_people (cycles);
  double widest = _hd_svg_text_width (longest) + 24;
  guint64 step = tick_step (cycles, (guint64) MAX (1, MIN (10, SVG_WIDTH / widest)));
  for (guint64 cycle = 0;; cycle += step) {
    double x = SVG_LEFT + (double) cycle * self->scale;
    g_autofree char *label = hd_count_for_people (cycle);
    gboolean over = x + widest / 2 > SVG_LEFT + SVG_WIDTH + SVG_RIGHT;
    _hd_svg_double (self->out, "<path class=\"grid\" d=\"M", x, "");
    fprintf (self->out, " %dV%d\"/>\n", top, self->y);
    _hd_svg_text (self->out, over ? SVG_LEFT + SVG_WIDTH + SVG_RIGHT - 4 : x, self->y + 16, over ? "tick last" : "tick", label, 0);
    if (cycles - cycle < step)
      break;
  }
  if (self->view->deadlock)
    fprintf (self->out, "<path class=\"stop\" d=\"M%d %dV%d\"/>\n", SVG_LEFT + SVG_WIDTH, top, self->y);
  _hd_svg_text (self->out, SVG_LEFT + SVG_WIDTH / 2.0, self->y + 34, "tick", "cycle", 0);
  self->y += 44;
}

/* --- legend ---------------------------------------------------------------------------------------------- */

static void
put_legend (SvgChart *self)
{
  const HdView *view = self->view;
  double x = SVG_LEFT;
  guint64 shown = MIN (view->n_layers, SVG_COLOURS);
  for (guint64 l = 0; l < shown; l++) {
    g_autofree char *name = _hd_svg_shorten (view->layer_name[l], 150);
    double width = 28 + _hd_svg_text_width (name);
    if (x + width > SVG_LEFT + SVG_WIDTH) {
      x = SVG_LEFT;
      self->y += 18;
    }
    _hd_svg_double (self->out, "<rect x=\"", x, "\"");
    fprintf (self->out, " y=\"%d\" width=\"11\" height=\"11\" class=\"c%u\"/>\n", self->y, (guint) l);
    _hd_svg_text (self->out, x + 15, self->y + 10, "key", view->layer_name[l], 150);
    x += width;
  }
  if (shown < view->n_layers) {
    g_autofree char *rest = g_strdup_printf ("and %" G_GUINT64_FORMAT " more layers, in the same colours again", view->n_layers - shown);
    self->y += 18;
    _hd_svg_text (self->out, SVG_LEFT, self->y + 10, "note", rest, 0);
  }
  self->y += 26;
}

/* --- all ------------------------------------------------------------------------------------------------- */

static gboolean
put_body (SvgChart *self, GError **error)
{
  const HdView *view = self->view;
  const guint64 *capacity = _hd_view_u64 (view, "/memories/capacity_bits", view->n_memories, error);
  if (capacity == NULL)
    return FALSE;
  int top = self->y;
  _hd_svg_rows (self);
  if (!_hd_svg_memories (self, capacity, error))
    return FALSE;
  put_axis (self, top);
  put_legend (self);
  return TRUE;
}

gboolean
hd_report_svg (HdTrace *trace, FILE *out, GError **error)
{
  HdView view;
  g_autofree char *body = NULL;
  size_t length = 0;
  if (!_hd_view_load (&view, trace, error))
    return FALSE;
  /* The height is known when the body is drawn. */
  FILE *memory = open_memstream (&body, &length);
  if (memory == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "there is no memory to draw in");
    return FALSE;
  }
  SvgChart chart = { .view = &view, .out = memory, .scale = (double) SVG_WIDTH / (double) MAX (view.cycles, 1), .y = HEAD };
  put_style (&chart);
  fputs ("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", memory);
  put_head (&chart);
  gboolean drawn = put_body (&chart, error);
  fclose (memory);
  int width = SVG_LEFT + SVG_WIDTH + SVG_RIGHT;
  if (drawn)
    fprintf (out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n%s</svg>\n", width, chart.y, width, chart.y, body);
  return drawn;
}
