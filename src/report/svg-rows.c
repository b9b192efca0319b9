/* Rows of the Gantt chart. What overlaps in a row goes to lanes, strips of the row, as long as they are few.
 *
 * A task that is a few pixels wide is a bar of its own, with its name where there is room and as a tooltip. What is narrower, or in too many lanes, is drawn by columns: the layers
 * of a column stand on each other, each as high as its share of the column's time, so that what is left open is idle time.
 */
#include "config.h"
#include "report/svg.h"

#include "report/svg-text.h"

#include <string.h>

enum { ROW = 26, BAR = 20, COLUMN = 2, COLUMNS = SVG_WIDTH / COLUMN, NARROWEST = 3, MOST_LANES = 3, STEPS = 20 };

/* The tasks by row, in each by start. */
typedef struct {
  guint64 *begin;
  guint32 *task;
  guint32 *lane, *n_lanes;
} Rows;

static void
rows_init (Rows *self, const HdView *view)
{
  guint64 n, n_rows = VIEW_N_ROWS (view);
  g_autofree guint32 *order = _hd_view_by_start (view, &n);
  *self = (Rows) { g_new0 (guint64, n_rows + 2), g_new (guint32, n + 1), g_new0 (guint32, view->n_tasks + 1), g_new0 (guint32, n_rows + 1) };
  _hd_view_lanes (view, order, n, self->lane, self->n_lanes);
  for (guint64 i = 0; i < n; i++)
    if (view->end[order[i]] != VIEW_NEVER)
      self->begin[_hd_view_row (view, order[i]) + 2]++;
  for (guint64 r = 0; r < n_rows; r++)
    self->begin[r + 2] += self->begin[r + 1];
  /* begin[r + 1] runs from the beginning of row r to its end. */
  for (guint64 i = 0; i < n; i++)
    if (view->end[order[i]] != VIEW_NEVER)
      self->task[self->begin[_hd_view_row (view, order[i]) + 1]++] = order[i];
}

static void
rows_clear (Rows *self)
{
  g_free (self->begin);
  g_free (self->task);
  g_free (self->lane);
  g_free (self->n_lanes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Rows, rows_clear)

/* --- columns ------------------------------------------------------------------------------------------- */

/* Of the column's time, by colour. */
typedef struct {
  double share[SVG_COLOURS + 1];
} Column;

typedef struct {
  int top, height;
} Strip;

static void
add_to_columns (const SvgChart *self, Column *columns, guint32 t)
{
  const HdView *view = self->view;
  double from = (double) view->start[t] * self->scale / COLUMN, to = (double) view->end[t] * self->scale / COLUMN;
  guint colour = _hd_svg_colour (view, t);
  for (int x = (int) from; x <= (int) to && x < COLUMNS; x++) {
    double share = MIN (to, x + 1.0) - MAX (from, (double) x);
    if (share > 0)
      columns[x].share[colour] += share;
  }
}

/* Upper edges of the colours of a column, in steps of a pixel above the strip's bottom. */
typedef struct {
  gint16 top[SVG_COLOURS + 1];
} Edges;

static Edges
find_edges (const Column *column, const Strip *strip)
{
  Edges edges;
  double all = 0, sum = 0;
  for (guint c = 0; c <= SVG_COLOURS; c++)
    all += column->share[c];
  for (guint c = 0; c <= SVG_COLOURS; c++) {
    sum += column->share[c];
    edges.top[c] = (gint16) (sum / MAX (all, 1.0) * strip->height * STEPS + 0.5);
  }
  return edges;
}

static void
put_edges (SvgChart *self, int x, int width, const Edges *edges, const Strip *strip)
{
  for (guint c = 0; c <= SVG_COLOURS; c++) {
    int below = c > 0 ? edges->top[c - 1] : 0, height = edges->top[c] - below;
    if (height == 0)
      continue;
    fprintf (self->out, "<rect x=\"%d\" width=\"%d\" class=\"c%u\"", SVG_LEFT + x * COLUMN, width * COLUMN, c);
    _hd_svg_double (self->out, " y=\"", strip->top + strip->height - (double) edges->top[c] / STEPS, "\"");
    _hd_svg_double (self->out, " height=\"", (double) height / STEPS, "\"/>\n");
  }
}

/* Neighbours that look the same are drawn as one. */
static void
put_columns (SvgChart *self, const Column *columns, const Strip *strip)
{
  int from = 0;
  Edges last = find_edges (&columns[0], strip);
  for (int x = 1; x < COLUMNS; x++) {
    Edges edges = find_edges (&columns[x], strip);
    if (memcmp (&edges, &last, sizeof edges) == 0)
      continue;
    put_edges (self, from, x - from, &last, strip);
    from = x;
    last = edges;
  }
  put_edges (self, from, COLUMNS - from, &last, strip);
}

/* --- bars ------------------------------------------------------------------------------------------------ */

static double
width_of (const SvgChart *self, guint32 t)
{
  return (double) (self->view->end[t] - self->view->start[t]) * self->scale;
}

static void
put_bar (SvgChart *self, guint32 t, const Strip *strip)
{
  const HdView *view = self->view;
  double x = SVG_LEFT + (double) view->start[t] * self->scale, width = width_of (self, t);
  guint colour = _hd_svg_colour (view, t);
  g_autofree char *name = _hd_view_task_name (view, t), *escaped = _hd_svg_escape (name);
  _hd_svg_double (self->out, "<rect x=\"", x, "\"");
  fprintf (self->out, " y=\"%d\" height=\"%d\"", strip->top, strip->height);
  _hd_svg_double (self->out, " width=\"", width, "\"");
  fprintf (self->out, " class=\"bar c%u\" id=\"task-%u\"><title>%s: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " [cycle]</title></rect>\n", colour, t, escaped, view->start[t], view->end[t]);
  if (strip->height < BAR)
    return;
  const char *layer = view->layer[t] != VIEW_NONE ? view->layer_name[view->layer[t]] : NULL;
  const char *text = width > _hd_svg_text_width (name) + 6 ? name : layer != NULL && width > _hd_svg_text_width (layer) + 6 ? layer : NULL;
  g_autofree char *class = g_strdup_printf ("in t%u", colour);
  if (text != NULL)
    _hd_svg_text (self->out, x + width / 2, strip->top + BAR - 6, class, text, 0);
}

/* --- rows -------------------------------------------------------------------------------------------------- */

static void
put_row (SvgChart *self, const Rows *rows, guint64 r, Column *columns)
{
  guint32 lanes = rows->n_lanes[r] <= MOST_LANES ? rows->n_lanes[r] : 1;
  gboolean crowded = rows->n_lanes[r] > MOST_LANES;
  memset (columns, 0, sizeof *columns * COLUMNS * lanes);
  for (guint64 i = rows->begin[r]; i < rows->begin[r + 1]; i++) {
    guint32 t = rows->task[i];
    if (crowded || width_of (self, t) < NARROWEST)
      add_to_columns (self, columns + (crowded ? 0 : rows->lane[t] * COLUMNS), t);
  }
  _hd_svg_text (self->out, SVG_LEFT - 8, self->y + BAR - 6, "label", _hd_view_row_name (self->view, r), SVG_LABEL);
  fprintf (self->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"row\"/>\n", SVG_LEFT, self->y, SVG_WIDTH, BAR);
  for (guint32 l = 0; l < lanes; l++) {
    int top = (int) l * (BAR + 1) / (int) lanes, below = (int) (l + 1) * (BAR + 1) / (int) lanes;
    Strip strip = { self->y + top, below - top - 1 };
    put_columns (self, columns + l * COLUMNS, &strip);
    for (guint64 i = rows->begin[r]; i < rows->begin[r + 1] && !crowded; i++)
      if (rows->lane[rows->task[i]] == l && width_of (self, rows->task[i]) >= NARROWEST)
        put_bar (self, rows->task[i], &strip);
  }
  self->y += ROW;
}

void
_hd_svg_rows (SvgChart *self)
{
  g_auto (Rows) rows;
  g_autofree Column *columns = g_new (Column, COLUMNS * MOST_LANES);
  guint64 drawn = 0, others = 0;
  rows_init (&rows, self->view);
  for (guint64 r = 0; r < VIEW_N_ROWS (self->view); r++) {
    if (rows.begin[r] == rows.begin[r + 1])
      continue;
    if (drawn++ < SVG_MOST_ROWS)
      put_row (self, &rows, r, columns);
    else
      others++;
  }
  if (others > 0) {
    g_autofree char *note = g_strdup_printf ("and %" G_GUINT64_FORMAT " more cores and queues", others);
    _hd_svg_text (self->out, SVG_LEFT, self->y + 12, "note", note, 0);
    self->y += ROW;
  }
}
