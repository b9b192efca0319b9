/* Occupancy of the memories under the Gantt chart: in each pixel the most that was held. */
#include "config.h"
#include "report/svg.h"

#include "report/svg-text.h"

#include <heddle/units.h>

#include <math.h>

enum { PLOT = 58, HIGH = 42, TOP = 6 };

typedef struct {
  const SvgChart *chart;
  guint64 most[SVG_WIDTH + 1];   /* in each pixel column [bit] */
  guint64 peak;                  /* of the cycles */
  guint64 moment;                /* the run's: between the rounds of a cycle it may have been more */
} Profile;

static gboolean
add_run (const HdTraceRun *run, gpointer data)
{
  Profile *self = data;
  int from = (int) ((double) run->from * self->chart->scale), to = (int) ceil ((double) run->to * self->chart->scale);
  for (int x = from; x < MIN (MAX (to, from + 1), SVG_WIDTH); x++)
    self->most[x] = MAX (self->most[x], run->value);
  self->peak = MAX (self->peak, run->value);
  return TRUE;
}

/* A memory that is hardly used is drawn up to its peak: the number at the top says how much that is. */
static guint64
full_scale (guint64 peak, guint64 capacity)
{
  return capacity == G_MAXUINT64 || peak < capacity / 4 || peak > capacity ? peak : capacity;
}

static void
put_area (SvgChart *self, const Profile *profile, guint64 full)
{
  int bottom = self->y + TOP + HIGH;
  fprintf (self->out, "<path class=\"memory\" d=\"M%d %d", SVG_LEFT, bottom);
  for (int x = 0, next; x < SVG_WIDTH; x = next) {
    for (next = x + 1; next < SVG_WIDTH && profile->most[next] == profile->most[x];)
      next++;
    _hd_svg_double (self->out, "V", bottom - (double) profile->most[x] / (double) full * HIGH, "");
    fprintf (self->out, "H%d", SVG_LEFT + next);
  }
  fprintf (self->out, "V%dZ\"/>\n", bottom);
}

static void
put_unknown (SvgChart *self, double from, double to)
{
  if (to - from < 0.01)
    return;
  _hd_svg_double (self->out, "<rect class=\"unknown\" x=\"", SVG_LEFT + from, "\"");
  _hd_svg_double (self->out, " width=\"", to - from, "\"");
  fprintf (self->out, " y=\"%d\" height=\"%d\"><title>the trace does not say</title></rect>\n", self->y + TOP, HIGH);
}

static void
put_memory (SvgChart *self, const Profile *profile, const char *name, guint64 capacity)
{
  const HdTraceInfo *info = hd_trace_info (self->view->trace);
  guint64 full = full_scale (profile->peak, capacity);
  g_autofree char *peak = hd_bits_for_people (MAX (profile->peak, profile->moment)), *top = hd_bits_for_people (full);
  g_autofree char *of = capacity == G_MAXUINT64 ? g_strdup ("no limit") : hd_bits_for_people (capacity), *note = g_strdup_printf ("peak %s of %s", peak, of);
  _hd_svg_text (self->out, SVG_LEFT - 8, self->y + 24, "label", name, SVG_LABEL);
  _hd_svg_text (self->out, SVG_LEFT - 8, self->y + 40, "small label", note, SVG_LABEL * 1.2);
  fprintf (self->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"row\"/>\n", SVG_LEFT, self->y + TOP, SVG_WIDTH, HIGH);
  put_area (self, profile, full);
  put_unknown (self, 0, (double) info->series_from * self->scale);
  put_unknown (self, (double) info->series_to * self->scale, SVG_WIDTH);
  _hd_svg_text (self->out, SVG_LEFT + SVG_WIDTH + 3, self->y + TOP + 8, "scale", top, 0);
  self->y += PLOT;
}

gboolean
_hd_svg_memories (SvgChart *self, const guint64 *capacity, GError **error)
{
  const HdView *view = self->view;
  guint64 drawn = 0, others = 0, n = view->n_memories;
  const guint64 *moments = hd_trace_column (view->trace, "/memories/peak_bits", HD_COLUMN_U64, &n, NULL);
  for (guint64 m = 0; m < view->n_memories; m++) {
    const HdTraceSeries *series = hd_trace_find_series (view->trace, HD_SERIES_OCCUPANCY, view->memory_name[m]);
    g_autofree Profile *profile = g_new0 (Profile, 1);
    profile->chart = self;
    profile->moment = moments != NULL && n == view->n_memories ? moments[m] : 0;
    if (series != NULL && !hd_trace_series_each (view->trace, series, 0, view->cycles, add_run, profile, error))
      return FALSE;
    if (profile->peak > 0 && drawn++ < SVG_MOST_ROWS)
      put_memory (self, profile, view->memory_name[m], capacity[m]);
    else if (profile->peak > 0)
      others++;
  }
  if (drawn == 0 || others > 0) {
    const HdTraceInfo *info = hd_trace_info (view->trace);
    g_autofree char *note = others > 0                ? g_strdup_printf ("and %" G_GUINT64_FORMAT " more memories", others)
                            : info->series_to == 0 && view->cycles > 0 ? g_strdup ("occupancy of the memories is not shown: the trace was written without per-cycle series")
                                                      : g_strdup ("no memory held anything");
    _hd_svg_text (self->out, SVG_LEFT, self->y + 14, "note", note, 0);
    self->y += 24;
  }
  return TRUE;
}
