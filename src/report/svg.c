/* The Gantt chart: one row for each core and each transfer queue, the occupancy of the memories below, one time axis.
 *
 * A task that is a few pixels wide is a bar of its own, with its name where there is room and as a tooltip. What is narrower is drawn by columns: the layers of a column stand on
 * each other, each as high as its share of the column's time. So ten nodes and ten thousand both read as what they are.
 */
#include "config.h"
#include <heddle/report.h>

#include "report/view.h"

#include <heddle/units.h>

#include <math.h>
#include <string.h>

enum { LEFT = 170, RIGHT = 30, WIDTH = 1100, ROW = 26, BAR = 20, PLOT = 56, HEAD = 64, COLOURS = 12,
       COLUMN = 2, COLUMNS = WIDTH / COLUMN, NARROWEST = 3 };

typedef struct {
  const View *view;
  FILE *out;
  double scale;         /* pixels per cycle */
  guint64 cycles;
  int y;                /* where the next row goes */
} Chart;

/* --- small pieces ------------------------------------------------------------------------------------- */

static void
put_double (Chart *self, const char *before, double value, const char *after)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  fprintf (self->out, "%s%s%s", before, g_ascii_formatd (number, sizeof number, "%.2f", value), after);
}

static void
put_text (Chart *self, double x, double y, const char *class, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  put_double (self, "<text x=\"", x, "\"");
  put_double (self, " y=\"", y, "\"");
  fprintf (self->out, " class=\"%s\">%s</text>\n", class, escaped);
}

/* Names longer than their column lose their middle. */
static char *
shorten (const char *name, gsize most)
{
  gsize n = strlen (name);
  if (n <= most)
    return g_strdup (name);
  return g_strdup_printf ("%.*s...%s", (int) (most / 2 - 2), name, name + n - (most / 2 - 1));
}

static double
x_of (const Chart *self, guint64 cycle)
{
  return LEFT + (double) cycle * self->scale;
}

static guint
colour_of (const View *view, guint32 task)
{
  return view->layer[task] == VIEW_NONE ? COLOURS : view->layer[task] % COLOURS;
}

/* --- bars and columns --------------------------------------------------------------------------------- */

typedef struct {
  double share[COLOURS + 1];         /* of the column's time, by colour */
} Column;

static void
put_bar (Chart *self, guint32 t)
{
  const View *view = self->view;
  double x = x_of (self, view->start[t]), width = (double) (view->end[t] - view->start[t]) * self->scale;
  g_autofree char *name = view_task_name (view, t), *escaped = g_markup_escape_text (name, -1);
  put_double (self, "<rect x=\"", x, "\"");
  fprintf (self->out, " y=\"%d\" height=\"%d\"", self->y, BAR);
  put_double (self, " width=\"", width, "\"");
  fprintf (self->out, " class=\"c%u\" id=\"task-%u\"><title>%s: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " [cycle]</title></rect>\n", colour_of (view, t), t, escaped, view->start[t], view->end[t]);
  if (width > 7.0 * (double) strlen (name))
    put_text (self, x + width / 2, self->y + BAR - 6, "in", name);
}

static void
add_to_columns (const Chart *self, Column *columns, guint32 t)
{
  const View *view = self->view;
  double from = (double) view->start[t] * self->scale / COLUMN, to = (double) view->end[t] * self->scale / COLUMN;
  for (int x = (int) from; x <= (int) to && x < COLUMNS; x++) {
    double share = MIN (to, x + 1.0) - MAX (from, (double) x);
    if (share > 0)
      columns[x].share[colour_of (view, t)] += share;
  }
}

/* The layers of a column stand on each other, each as high as its share of the time; what is left open is idle. */
static void
put_column (Chart *self, int x, const Column *column)
{
  double bottom = self->y + BAR, all = 0;
  for (guint c = 0; c <= COLOURS; c++)
    all += column->share[c];
  for (guint c = 0; c <= COLOURS; c++) {
    double height = column->share[c] / MAX (all, 1.0) * BAR;
    if (height < 0.05)
      continue;
    bottom -= height;
    fprintf (self->out, "<rect x=\"%d\" width=\"%d\" class=\"c%u\"", LEFT + x * COLUMN, COLUMN, c);
    put_double (self, " y=\"", bottom, "\"");
    put_double (self, " height=\"", height, "\"/>\n");
  }
}

static void
put_columns (Chart *self, const Column *columns)
{
  for (int x = 0; x < COLUMNS; x++)
    put_column (self, x, &columns[x]);
}

typedef gboolean (*Belongs) (const View *view, guint32 task, guint64 row);

static gboolean
on_core (const View *view, guint32 t, guint64 core)
{
  return view->core[t] == core;
}

static gboolean
in_queue (const View *view, guint32 t, guint64 queue)
{
  return view->kind[t] == HD_TRACE_TRANSFER && view->queue[t] == queue;
}

/* One row of the chart; nothing when no task belongs to it. */
static void
put_row (Chart *self, const char *name, Belongs belongs, guint64 row)
{
  g_autofree Column *columns = g_new0 (Column, COLUMNS + 1);
  gboolean any = FALSE;
  for (guint32 t = 0; t < self->view->n_tasks; t++)
    if (self->view->end[t] != VIEW_NEVER && belongs (self->view, t, row)) {
      any = TRUE;
      if ((double) (self->view->end[t] - self->view->start[t]) * self->scale < NARROWEST)
        add_to_columns (self, columns, t);
    }
  if (!any)
    return;
  g_autofree char *label = shorten (name, 22);
  put_text (self, LEFT - 8, self->y + BAR - 6, "label", label);
  fprintf (self->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"row\"/>\n", LEFT, self->y, WIDTH, BAR);
  put_columns (self, columns);
  for (guint32 t = 0; t < self->view->n_tasks; t++)
    if (self->view->end[t] != VIEW_NEVER && belongs (self->view, t, row) && (double) (self->view->end[t] - self->view->start[t]) * self->scale >= NARROWEST)
      put_bar (self, t);
  self->y += ROW;
}

/* --- memories ------------------------------------------------------------------------------------------- */

typedef struct {
  const Chart *chart;
  guint64 most[WIDTH + 1];   /* in each pixel column */
  guint64 peak;
} Profile;

static gboolean
add_run (const HdTraceRun *run, gpointer data)
{
  Profile *self = data;
  int from = (int) ((double) run->from * self->chart->scale), to = (int) ceil ((double) run->to * self->chart->scale);
  for (int x = from; x < MIN (MAX (to, from + 1), WIDTH); x++)
    self->most[x] = MAX (self->most[x], run->value);
  self->peak = MAX (self->peak, run->value);
  return TRUE;
}

static gboolean
put_memory (Chart *self, guint64 m, guint64 capacity, GError **error)
{
  const HdTraceSeries *series = hd_trace_find_series (self->view->trace, HD_SERIES_OCCUPANCY, self->view->memory_name[m]);
  g_autofree Profile *profile = g_new0 (Profile, 1);
  profile->chart = self;
  if (series == NULL)
    return TRUE;
  if (!hd_trace_series_each (self->view->trace, series, 0, self->cycles, add_run, profile, error))
    return FALSE;
  if (profile->peak == 0)
    return TRUE;
  guint64 full = capacity == G_MAXUINT64 || profile->peak * 4 < capacity ? profile->peak : capacity;
  int bottom = self->y + PLOT - 8, height = PLOT - 16;
  g_autofree char *label = shorten (self->view->memory_name[m], 22), *peak = hd_bits_for_people (profile->peak);
  g_autofree char *of = capacity == G_MAXUINT64 ? g_strdup ("no limit") : hd_bits_for_people (capacity), *note = g_strdup_printf ("peak %s of %s", peak, of);
  put_text (self, LEFT - 8, self->y + 22, "label", label);
  put_text (self, LEFT - 8, self->y + 38, "small label", note);
  fprintf (self->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"row\"/>\n<path class=\"memory\" d=\"M%d %d", LEFT, bottom - height, WIDTH, height, LEFT, bottom);
  for (int x = 0, next; x < WIDTH; x = next) {
    for (next = x + 1; next < WIDTH && profile->most[next] == profile->most[x];)
      next++;
    put_double (self, "V", bottom - (double) profile->most[x] / (double) full * height, "");
    fprintf (self->out, "H%d", LEFT + next);
  }
  fprintf (self->out, "V%dZ", bottom);
  fputs ("\"/>\n", self->out);
  self->y += PLOT;
  return TRUE;
}

/* --- axis, head, legend --------------------------------------------------------------------------------- */

/* The smallest of 1, 2, 5 times a power of ten that gives at most ten ticks. */
static guint64
tick_step (guint64 cycles)
{
  static const guint64 FACTOR[] = { 1, 2, 5 };
  for (guint64 power = 1;; power *= 10)
    for (guint i = 0; i < 3; i++)
      if (cycles / 10 <= power * FACTOR[i] || power > G_MAXUINT64 / 100)
        return power * FACTOR[i];
}

static void
put_axis (Chart *self, int top)
{
  guint64 step = tick_step (self->cycles);
  for (guint64 cycle = 0; cycle <= self->cycles && cycle + step > cycle; cycle += step) {
    double x = x_of (self, cycle);
    g_autofree char *label = view_grouped (cycle);
    put_double (self, "<path class=\"grid\" d=\"M", x, "");
    fprintf (self->out, " %dV%d\"/>\n", top, self->y);
    put_text (self, x, self->y + 16, "tick", label);
  }
  put_text (self, LEFT + WIDTH / 2.0, self->y + 34, "tick", "cycle");
  self->y += 44;
}

static void
put_legend (Chart *self)
{
  double x = LEFT;
  guint64 shown = MIN (self->view->n_layers, 24);
  for (guint64 l = 0; l < shown; l++) {
    g_autofree char *name = shorten (self->view->layer_name[l], 18);
    double width = 26 + 7.0 * (double) strlen (name);
    if (x + width > LEFT + WIDTH) {
      x = LEFT;
      self->y += 18;
    }
    put_double (self, "<rect x=\"", x, "\"");
    fprintf (self->out, " y=\"%d\" width=\"11\" height=\"11\" class=\"c%u\"/>\n", self->y, (guint) (l % COLOURS));
    put_text (self, x + 15, self->y + 10, "key", name);
    x += width;
  }
  if (shown < self->view->n_layers) {
    g_autofree char *rest = g_strdup_printf ("and %" G_GUINT64_FORMAT " more layers, in the same colours again", self->view->n_layers - shown);
    self->y += 18;
    put_text (self, LEFT, self->y + 10, "key", rest);
  }
  self->y += 26;
}

static void
put_style (Chart *self)
{
  static const char *const COLOUR[COLOURS + 1] = { "#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0", "#c3b21e", "#1b9e9e", "#777777" };
  fputs ("<style>text{font:12px sans-serif;fill:#222}.label{text-anchor:end}.small{font-size:10px;fill:#666}.tick{text-anchor:middle;fill:#555;font-size:11px}.title{font-size:17px;font-weight:bold}"
         ".in{text-anchor:middle;font-size:11px;fill:#fff}.row{fill:#8881}.grid{stroke:#8884;fill:none}.memory{fill:#4269d0aa}.paper{fill:#fff}",
         self->out);
  for (guint c = 0; c <= COLOURS; c++)
    fprintf (self->out, ".c%u{fill:%s}", c, COLOUR[c]);
  fputs ("@media(prefers-color-scheme:dark){.paper{fill:#15171a}text{fill:#ddd}.small,.tick{fill:#aaa}}</style>\n", self->out);
}

static void
put_head (Chart *self)
{
  const HdTraceInfo *info = self->view->info;
  g_autofree char *cycles = view_grouped (info->cycles), *tasks = view_grouped (self->view->n_tasks);
  g_autoptr (GString) line = g_string_new (NULL);
  double energy;
  g_string_append_printf (line, "%s cycles", cycles);
  if (info->clock_hz > 0) {
    g_string_append (line, " = ");
    view_append_double (line, "%.4g", (double) info->cycles / (double) info->clock_hz * 1e3);
    g_string_append (line, " ms");
  }
  if (hd_trace_number (self->view->trace, "energy_pj", &energy, NULL)) {
    g_string_append (line, ", ");
    view_append_energy (line, energy);
  }
  g_string_append_printf (line, ", %s tasks%s", tasks, info->deadlock ? ", stopped in a deadlock" : "");
  put_text (self, LEFT, 26, "title", info->title);
  put_text (self, LEFT, 46, "", line->str);
}

static gboolean
put_body (Chart *self, GError **error)
{
  const View *view = self->view;
  const guint64 *capacity = view_u64 (view, "/memories/capacity_bits", view->n_memories, error);
  int top = self->y;
  if (capacity == NULL)
    return FALSE;
  for (guint64 c = 0; c < view->n_cores; c++)
    put_row (self, view->core_name[c], on_core, c);
  for (guint64 q = 0; q < view->n_queues; q++)
    put_row (self, view->queue_name[q], in_queue, q);
  for (guint64 m = 0; m < view->n_memories; m++)
    if (!put_memory (self, m, capacity[m], error))
      return FALSE;
  put_axis (self, top);
  put_legend (self);
  return TRUE;
}

gboolean
hd_report_svg (HdTrace *trace, FILE *out, GError **error)
{
  View view;
  g_autofree char *body = NULL;
  size_t length = 0;
  if (!view_load (&view, trace, error))
    return FALSE;
  /* The height is known when the body is drawn. */
  FILE *memory = open_memstream (&body, &length);
  Chart chart = { .view = &view, .out = memory, .cycles = MAX (view.info->cycles, 1), .scale = (double) WIDTH / (double) MAX (view.info->cycles, 1), .y = HEAD };
  put_style (&chart);
  fputs ("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", memory);
  put_head (&chart);
  gboolean drawn = put_body (&chart, error);
  fclose (memory);
  if (drawn)
    fprintf (out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n%s</svg>\n", LEFT + WIDTH + RIGHT, chart.y, LEFT + WIDTH + RIGHT, chart.y, body);
  return drawn;
}
