/* The drawing of a Pareto front: axes that show what is near it, a cloud of all that was evaluated, the staircase of what is attained, and marks with numbers. */
#include "config.h"
#include <heddle/front-svg.h>

#include "report/svg-text.h"

#include <heddle/units.h>

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 960, HEIGHT = 640, LEFT = 86, RIGHT = 30, TOP = 92, BOTTOM = 74 };
/* Dominated points are drawn by cells of so many pixels, in so many shades. */
enum { CELL = 4, SHADES = 4, N_COLUMNS = (WIDTH - LEFT - RIGHT) / CELL + 1, N_ROWS = (HEIGHT - TOP - BOTTOM) / CELL + 1 };
enum { MAX_TICKS = 10 };

typedef struct {
  double low, high;          /* what the ends of the axis stand for */
  gboolean logarithmic;
  double from, to;           /* pixels */
} Axis;

typedef struct {
  const HdFrontPlot *plot;
  FILE *out;
  Axis x, y;
  guint n_outside;
} Chart;

static double
place (const Axis *axis, double value)
{
  double share = axis->logarithmic ? log (value / axis->low) / log (axis->high / axis->low) : (value - axis->low) / (axis->high - axis->low);
  return axis->from + share * (axis->to - axis->from);
}

static gboolean
shows (const Axis *axis, double value)
{
  return value >= axis->low && value <= axis->high;
}

/* --- what the axes show ------------------------------------------------------------------------------------- */

static int
by_value (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return x < y ? -1 : x > y;
}

/* From the least of all to the front's most; further, so that nine tenths of all points are seen, but not to where the front is a mere corner. */
static void
find_range (const HdFrontPlot *plot, const double *value, gboolean whole, Axis *axis)
{
  g_autofree double *sorted = g_new0 (double, plot->n_points + 1);
  double least = INFINITY, most = 0;
  for (guint i = 0; i < plot->n_points; i++)
    sorted[i] = value[i];
  qsort (sorted, plot->n_points, sizeof *sorted, by_value);
  for (guint i = 0; i < plot->n_points; i++) {
    least = MIN (least, value[i]);
    if (whole || plot->mark[i] != HD_FRONT_DOMINATED)
      most = MAX (most, value[i]);
  }
  double usual = plot->n_points > 0 ? sorted[plot->n_points - 1 - plot->n_points / 10] : 1;
  if (!whole)
    most = MAX (most, MIN (usual, least + 3 * MAX (most - least, least)));
  if (!(least <= most))
    least = most = 1;
  double margin = most > least ? (most - least) * 0.05 : MAX (most * 0.05, 1e-9);
  axis->logarithmic = !whole && least > 0 && most > 10 * least;
  axis->low = axis->logarithmic ? least / 1.1 : MAX (least - margin, 0);
  axis->high = axis->logarithmic ? most * 1.1 : most + margin;
}

/* --- axes ------------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten. */
static double
tick_step (double range)
{
  double power = pow (10, floor (log10 (range / MAX_TICKS)));
  static const double FACTOR[] = { 1, 2, 5, 10 };
  guint i = 0;
  while (i < 3 && power * FACTOR[i] * MAX_TICKS < range)
    i++;
  return power * FACTOR[i];
}

static guint
find_ticks (const Axis *axis, double ticks[3 * MAX_TICKS])
{
  guint n = 0;
  if (!axis->logarithmic) {
    double step = tick_step (axis->high - axis->low);
    for (double k = ceil (axis->low / step); k * step <= axis->high && n < 3 * MAX_TICKS; k++)
      ticks[n++] = k * step;
    return n;
  }
  static const double FACTOR[] = { 1, 2, 5 };
  for (double power = pow (10, floor (log10 (axis->low))); power <= axis->high && n + 3 <= 3 * MAX_TICKS; power *= 10)
    for (guint i = 0; i < 3; i++)
      if (shows (axis, power * FACTOR[i]))
        ticks[n++] = power * FACTOR[i];
  return n;
}

static char *
tick_text (double value)
{
  GString *text = g_string_new (NULL);
  if (value >= 10000 && value < 1e15 && value == floor (value)) {
    g_string_free (text, TRUE);
    return hd_count_for_people ((guint64) value);
  }
  hd_append_double (text, "%.6g", value);
  return g_string_free (text, FALSE);
}

static void
put_line (FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
  fprintf (out, "<path class=\"%s\" d=\"M", class);
  _hd_svg_double (out, "", x1, " ");
  _hd_svg_double (out, "", y1, "L");
  _hd_svg_double (out, "", x2, " ");
  _hd_svg_double (out, "", y2, "\"/>\n");
}

static void
put_axes (Chart *self)
{
  double ticks[3 * MAX_TICKS], last = -INFINITY;
  guint n = find_ticks (&self->x, ticks);
  for (guint i = 0; i < n; i++) {
    g_autofree char *text = tick_text (ticks[i]);
    double x = place (&self->x, ticks[i]), half = _hd_svg_text_width (text) / 2;
    put_line (self->out, "grid", x, TOP, x, HEIGHT - BOTTOM);
    if (x - half > last + 8 && x + half < WIDTH) {
      _hd_svg_text (self->out, x, HEIGHT - BOTTOM + 17, "tick", text, 0);
      last = x + half;
    }
  }
  n = find_ticks (&self->y, ticks);
  for (guint i = 0; i < n; i++) {
    g_autofree char *text = tick_text (ticks[i]);
    double y = place (&self->y, ticks[i]);
    put_line (self->out, "grid", LEFT, y, WIDTH - RIGHT, y);
    _hd_svg_text (self->out, LEFT - 7, y + 4, "tick last", text, 0);
  }
  g_autofree char *x_label = g_strconcat (self->plot->x_label, self->x.logarithmic ? ", logarithmic" : "", NULL);
  g_autofree char *y_label = g_strconcat (self->plot->y_label, self->y.logarithmic ? ", logarithmic" : "", NULL);
  fprintf (self->out, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
  _hd_svg_text (self->out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - BOTTOM + 38, "name", x_label, 0);
  fprintf (self->out, "<g transform=\"translate(18 %d) rotate(-90)\">", (TOP + HEIGHT - BOTTOM) / 2);
  _hd_svg_text (self->out, 0, 0, "name", y_label, 0);
  fputs ("</g>\n", self->out);
}

/* --- the cloud -------------------------------------------------------------------------------------------- */

/* One dot for each cell in which a point is, darker where there are more: 1, 2 to 4, 5 to 19, 20 or more. */
static guint
shade_of (guint n)
{
  return n >= 20 ? 3 : n >= 5 ? 2 : n >= 2 ? 1 : 0;
}

static void
put_cloud (Chart *self)
{
  const HdFrontPlot *plot = self->plot;
  g_autofree guint *count = g_new0 (guint, N_COLUMNS * N_ROWS);
  for (guint i = 0; i < plot->n_points; i++) {
    if (!shows (&self->x, plot->x[i]) || !shows (&self->y, plot->y[i])) {
      self->n_outside++;
      continue;
    }
    guint column = (guint) ((place (&self->x, plot->x[i]) - LEFT) / CELL), row = (guint) ((place (&self->y, plot->y[i]) - TOP) / CELL);
    if (plot->mark[i] == HD_FRONT_DOMINATED)
      count[MIN (row, N_ROWS - 1) * N_COLUMNS + MIN (column, N_COLUMNS - 1)]++;
  }
  for (guint shade = 0; shade < SHADES; shade++) {
    gboolean any = FALSE;
    for (guint cell = 0; cell < N_COLUMNS * N_ROWS; cell++) {
      if (count[cell] == 0 || shade_of (count[cell]) != shade)
        continue;
      if (!any)
        fprintf (self->out, "<path class=\"cloud s%u\" d=\"", shade);
      any = TRUE;
      fprintf (self->out, "M%u %uh0", LEFT + cell % N_COLUMNS * CELL + CELL / 2, TOP + cell / N_COLUMNS * CELL + CELL / 2);
    }
    if (any)
      fputs ("\"/>\n", self->out);
  }
}

/* --- the staircase ------------------------------------------------------------------------------------------ */

typedef struct {
  double x, y;
} Corner;

static int
by_x (gconstpointer a, gconstpointer b)
{
  const Corner *p = a, *q = b;
  return p->x != q->x ? (p->x < q->x ? -1 : 1) : p->y < q->y ? -1 : p->y > q->y;
}

/* From the least x on, each member that is lower than all before; of one objective, each point. */
static void
put_staircase (Chart *self)
{
  const HdFrontPlot *plot = self->plot;
  g_autofree Corner *corner = g_new (Corner, plot->n_points + 1);
  guint n = 0;
  for (guint i = 0; i < plot->n_points; i++)
    if (plot->x_is_order || plot->mark[i] >= HD_FRONT_MEMBER)
      corner[n++] = (Corner) { plot->x[i], plot->y[i] };
  qsort (corner, n, sizeof *corner, by_x);
  double least = INFINITY;
  for (guint i = 0; i < n; i++) {
    if (corner[i].y >= least || corner[i].x > self->x.high)
      continue;
    double x = place (&self->x, corner[i].x), y = place (&self->y, MIN (corner[i].y, self->y.high));
    if (isinf (least)) {
      _hd_svg_double (self->out, "<path class=\"stairs\" d=\"M", x, "");
      fprintf (self->out, " %dV", TOP);
    } else {
      _hd_svg_double (self->out, "H", x, "V");
    }
    _hd_svg_double (self->out, "", y, "");
    least = corner[i].y;
  }
  if (!isinf (least))
    fprintf (self->out, "H%d\"/>\n", WIDTH - RIGHT);
}

/* --- marks ------------------------------------------------------------------------------------------------ */

static void
put_mark (Chart *self, HdFrontMark mark, double x, double y)
{
  if (mark == HD_FRONT_START) {
    _hd_svg_double (self->out, "<path class=\"start\" d=\"M", x, " ");
    _hd_svg_double (self->out, "", y - 6, "l6 6l-6 6l-6 -6z\">");
    return;
  }
  _hd_svg_double (self->out, "<circle cx=\"", x, "\"");
  _hd_svg_double (self->out, " cy=\"", y, "\"");
  fprintf (self->out, " class=\"%s\" r=\"%d\">", mark == HD_FRONT_BEST ? "member best" : "member", mark == HD_FRONT_BEST ? 6 : 4);
}

static void
put_marks_of (Chart *self, HdFrontMark mark)
{
  const HdFrontPlot *plot = self->plot;
  for (guint i = 0; i < plot->n_points; i++) {
    if (plot->mark[i] != mark || !shows (&self->x, plot->x[i]) || !shows (&self->y, plot->y[i]))
      continue;
    g_autofree char *tip = plot->tip != NULL && plot->tip[i] != NULL ? _hd_svg_escape (plot->tip[i]) : NULL;
    put_mark (self, mark, place (&self->x, plot->x[i]), place (&self->y, plot->y[i]));
    fprintf (self->out, "<title>%s</title></%s>\n", tip != NULL ? tip : "", mark == HD_FRONT_START ? "path" : "circle");
  }
}

/* Numbers stand above and to the right of their points; one that would cover another is left out, the best one's never. */
static void
put_numbers (Chart *self)
{
  const HdFrontPlot *plot = self->plot;
  g_autoptr (GArray) placed = g_array_new (FALSE, FALSE, sizeof (Corner));
  for (int of_best = 1; of_best >= 0; of_best--)
    for (guint i = 0; plot->number != NULL && i < plot->n_points; i++) {
      if (plot->number[i] == 0 || (plot->mark[i] == HD_FRONT_BEST) != of_best || !shows (&self->x, plot->x[i]) || !shows (&self->y, plot->y[i]))
        continue;
      Corner here = { place (&self->x, plot->x[i]) + 6, place (&self->y, plot->y[i]) - 6 };
      gboolean free_place = TRUE;
      for (guint j = 0; j < placed->len && free_place; j++)
        free_place = fabs (g_array_index (placed, Corner, j).x - here.x) > 18 || fabs (g_array_index (placed, Corner, j).y - here.y) > 12;
      if (!free_place)
        continue;
      g_autofree char *text = g_strdup_printf ("%u", plot->number[i]);
      _hd_svg_text (self->out, here.x, here.y, "number", text, 0);
      g_array_append_val (placed, here);
    }
}

/* --- head and all ------------------------------------------------------------------------------------------- */

static void
put_style (FILE *out)
{
  fputs ("<style>text{font:12px sans-serif;fill:#222}.title{font-size:17px;font-weight:bold}.tick{text-anchor:middle;fill:#555;font-size:11px}.last{text-anchor:end}.name{text-anchor:middle;font-size:13px}"
         ".note{fill:#666;font-style:italic;font-size:11px}.number{font-size:11px;fill:#2b4da8}.grid{stroke:#8883;fill:none}.axis{stroke:#888;fill:none}.stairs{stroke:#4269d0;stroke-width:1.5;fill:none}"
         ".cloud{stroke:#888;stroke-width:4;stroke-linecap:round;fill:none}.s0{stroke-opacity:.25}.s1{stroke-opacity:.4}.s2{stroke-opacity:.6}.s3{stroke-opacity:.85}"
         ".member{fill:#4269d0;stroke:#fff}.best{fill:#4269d0;stroke:#efb118;stroke-width:3.5}.start{fill:#ff725c;stroke:#fff}.paper{fill:#fff}"
         "@media(prefers-color-scheme:dark){.paper{fill:#15171a}text{fill:#ddd}.tick,.note{fill:#aaa}.number{fill:#97bbf5}.member,.start{stroke:#15171a}.best{stroke:#efb118}}</style>\n"
         "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
         out);
}

static guint
count_marks (const HdFrontPlot *plot, HdFrontMark mark)
{
  guint n = 0;
  for (guint i = 0; i < plot->n_points; i++)
    n += plot->mark[i] == mark;
  return n;
}

static double
put_key (Chart *self, double x, HdFrontMark mark, const char *text)
{
  if (count_marks (self->plot, mark) == 0)
    return x;
  if (mark == HD_FRONT_DOMINATED)
    _hd_svg_double (self->out, "<path class=\"cloud s2\" d=\"M", x, " 70h0\">");
  else
    put_mark (self, mark, x, 70);
  fputs (mark == HD_FRONT_DOMINATED || mark == HD_FRONT_START ? "</path>\n" : "</circle>\n", self->out);
  _hd_svg_text (self->out, x + 11, 74, "key", text, 0);
  return x + 34 + _hd_svg_text_width (text);
}

static void
put_head (Chart *self)
{
  const HdFrontPlot *plot = self->plot;
  _hd_svg_text (self->out, LEFT, 28, "title", plot->title, WIDTH / 1.6);
  if (plot->subtitle != NULL)
    _hd_svg_text (self->out, LEFT, 48, "", plot->subtitle, WIDTH - LEFT - RIGHT);
  double x = put_key (self, LEFT + 6, HD_FRONT_BEST, plot->x_is_order ? "best" : "least product");
  x = put_key (self, x, HD_FRONT_MEMBER, "not dominated");
  x = put_key (self, x, HD_FRONT_START, "what the search began from");
  put_key (self, x, HD_FRONT_DOMINATED, "others that were run");
}

static void
put_foot (Chart *self)
{
  if (self->n_outside == 0)
    return;
  g_autofree char *outside = hd_count_for_people (self->n_outside), *all = hd_count_for_people (self->plot->n_points);
  g_autofree char *text = g_strdup_printf ("%s of %s feasible points lie outside", outside, all);
  _hd_svg_text (self->out, WIDTH - RIGHT, HEIGHT - 12, "note last", text, 0);
}

void
hd_report_front_svg (const HdFrontPlot *plot, FILE *out)
{
  Chart chart = { .plot = plot, .out = out, .x = { .from = LEFT, .to = WIDTH - RIGHT }, .y = { .from = HEIGHT - BOTTOM, .to = TOP } };
  find_range (plot, plot->x, plot->x_is_order, &chart.x);
  find_range (plot, plot->y, FALSE, &chart.y);
  fprintf (out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", WIDTH, HEIGHT, WIDTH, HEIGHT);
  put_style (out);
  put_head (&chart);
  put_axes (&chart);
  put_cloud (&chart);
  put_staircase (&chart);
  put_marks_of (&chart, HD_FRONT_START);
  put_marks_of (&chart, HD_FRONT_MEMBER);
  put_marks_of (&chart, HD_FRONT_BEST);
  put_numbers (&chart);
  put_foot (&chart);
  fputs ("</svg>\n", out);
}
