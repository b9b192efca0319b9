/* The front as a picture: everything that was run, in the first two objectives; or, of one objective, the way there. */
#include "config.h"
#include "base/file.h"
#include "cli/explore.h"

#include <heddle/front-svg.h>
#include <heddle/units.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  double divisor;
  char *label;
} Scale;

static void
scale_clear (Scale *self)
{
  g_free (self->label);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Scale, scale_clear)

/* A unit in which @most has one to four digits. */
static Scale
scale_of (HdMetric metric, double most)
{
  static const struct {
    const char *quantity;
    double step;
    const char *unit[5];     /* each @step times the one before, from @first */
    double first;
  } UNITS[HD_N_METRICS] = {
    [HD_METRIC_CYCLES] = { "latency", 1000, { "cycles", "thousand cycles", "million cycles", "billion cycles", NULL }, 1 },
    [HD_METRIC_ENERGY] = { "energy", 1000, { "pJ", "nJ", "uJ", "mJ", "J" }, 1 },
    [HD_METRIC_EDP] = { "energy-delay product", 1000, { "pJ * cycles", NULL }, 1 },
    [HD_METRIC_MEMORY] = { "peak of the on-chip memories together", 1024, { "byte", "KiB", "MiB", "GiB", NULL }, 8 },
    [HD_METRIC_DRAM] = { "DRAM traffic", 1024, { "byte", "KiB", "MiB", "GiB", "TiB" }, 8 },
  };
  double divisor = UNITS[metric].first;
  guint i = 0;
  if (metric == HD_METRIC_EDP && most >= 1000) {
    int exponent = (int) floor (log10 (most));
    return (Scale) { pow (10, exponent), g_strdup_printf ("%s [10^%d pJ * cycles]", UNITS[metric].quantity, exponent) };
  }
  while (i < 4 && UNITS[metric].unit[i + 1] != NULL && most / divisor >= UNITS[metric].step) {
    divisor *= UNITS[metric].step;
    i++;
  }
  return (Scale) { divisor, g_strdup_printf ("%s [%s]", UNITS[metric].quantity, UNITS[metric].unit[i]) };
}

static double
most_of_front (const CliExplore *self, guint objective)
{
  double most = 0;
  for (guint i = 0; i < self->front->len; i++)
    most = MAX (most, g_array_index (self->front, CliCandidate, i).score.value[self->metric[objective]]);
  return most;
}

typedef struct {
  GArray *x, *y;             /* of double */
  GArray *mark;              /* of guint8 */
  GArray *number;            /* of guint32 */
  GPtrArray *tip;
} Points;

static void
points_clear (Points *self)
{
  g_array_unref (self->x);
  g_array_unref (self->y);
  g_array_unref (self->mark);
  g_array_unref (self->number);
  g_ptr_array_unref (self->tip);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Points, points_clear)

static void
add (Points *self, double x, double y, HdFrontMark mark, guint32 number, char *tip)
{
  guint8 byte = (guint8) mark;
  g_array_append_val (self->x, x);
  g_array_append_val (self->y, y);
  g_array_append_val (self->mark, byte);
  g_array_append_val (self->number, number);
  g_ptr_array_add (self->tip, tip);
}

/* What the search itself had on its front stands in the drawing as it was scheduled in the end. */
static gboolean *
mark_members (const HdSearchResult *result)
{
  gboolean *member = g_new0 (gboolean, result->n_points + 1);
  for (guint i = 0; i < result->n_front; i++)
    member[result->front[i]] = TRUE;
  return member;
}

/* The search runs its starts first, each once. */
static gboolean
is_start (const CliExplore *self, const CliPart *part, guint32 point)
{
  guint n = self->result->n_genes, n_whole = hd_explore_space_problem (self->space)->n_genes;
  g_autofree guint16 *genes = g_new (guint16, n_whole + 1), *start = g_new (guint16, n + 1), *repaired = g_new (guint16, n_whole + 1);
  for (guint i = 0; n_whole > 0 && i < self->starts->len / n_whole; i++) {
    cli_part_project (part, (const guint16 *) (void *) self->starts->data + (gsize) i * n_whole, start);
    cli_part_expand (part, start, repaired);
    cli_part_expand (part, self->result->genes + (gsize) point * n, genes);
    if (memcmp (genes, repaired, n_whole * sizeof *genes) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
add_searched (const CliExplore *self, const CliPart *part, const Scale *x, const Scale *y, Points *points)
{
  const HdSearchResult *result = self->result;
  g_autofree gboolean *member = mark_members (result);
  guint n_starts = self->starts->len / MAX (hd_explore_space_problem (self->space)->n_genes, 1);
  for (guint32 point = 0; point < result->n_points; point++) {
    const double *objectives = result->objectives + (gsize) point * result->n_objectives;
    if (!result->feasible[point] || (member[point] && self->n_metrics > 1))
      continue;
    gboolean start = (point < n_starts || result->end == HD_SEARCH_END_WHOLE) && is_start (self, part, point);
    HdFrontMark mark = start ? HD_FRONT_START : HD_FRONT_DOMINATED;
    if (self->n_metrics > 1)
      add (points, objectives[0] / x->divisor, objectives[1] / y->divisor, mark, 0, NULL);
    else
      add (points, point + 1, objectives[0] / y->divisor, mark, 0, NULL);
  }
}

static void
add_front (const CliExplore *self, const Scale *x, const Scale *y, Points *points)
{
  for (guint i = 0; i < self->front->len; i++) {
    const CliCandidate *candidate = &g_array_index (self->front, CliCandidate, i);
    g_autofree char *cycles = hd_count_for_people ((guint64) candidate->score.value[HD_METRIC_CYCLES]), *energy = hd_energy_for_people (candidate->score.value[HD_METRIC_ENERGY]);
    char *tip = g_strdup_printf ("%u: %s cycles, %s; %s", i + 1, cycles, energy, candidate->choice);
    HdFrontMark mark = i == self->best ? HD_FRONT_BEST : HD_FRONT_MEMBER;
    if (self->n_metrics > 1)
      add (points, candidate->score.value[self->metric[0]] / x->divisor, candidate->score.value[self->metric[1]] / y->divisor, mark, i + 1, tip);
    else
      add (points, candidate->point + 1, candidate->score.value[self->metric[0]] / y->divisor, mark, 0, tip);
  }
  if (self->given.mapping != NULL && self->n_metrics > 1)
    add (points, self->given.score.value[self->metric[0]] / x->divisor, self->given.score.value[self->metric[1]] / y->divisor, HD_FRONT_START, 0, g_strdup ("the mapping that was given"));
}

static char *
subtitle_of (const CliExplore *self)
{
  g_autofree char *points = hd_count_for_people (self->result->n_points);
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "%s mappings run by %s, %u of them infeasible", points, self->inputs.pass, self->result->n_infeasible);
  if (self->n_metrics > 2)
    g_string_append_printf (text, "; drawn are the first two of %u objectives", self->n_metrics);
  return g_string_free (text, FALSE);
}

static gboolean
write_to (const char *path, const HdFrontPlot *plot, GError **error)
{
  g_autofree char *text = NULL;
  size_t length = 0;
  FILE *memory = open_memstream (&text, &length);
  if (memory == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "there is no memory to draw in");
    return FALSE;
  }
  hd_report_front_svg (plot, memory);
  fclose (memory);
  return hd_file_write (path, text, (gssize) length, error);
}

gboolean
cli_explore_draw (const CliExplore *self, const CliPart *part, GError **error)
{
  gboolean one = self->n_metrics == 1;
  g_auto (Scale) y = scale_of (self->metric[one ? 0 : 1], most_of_front (self, one ? 0 : 1));
  g_auto (Scale) x = one ? (Scale) { 1, g_strdup ("mappings run") } : scale_of (self->metric[0], most_of_front (self, 0));
  g_auto (Points) points = {
    g_array_new (FALSE, FALSE, sizeof (double)), g_array_new (FALSE, FALSE, sizeof (double)), g_array_new (FALSE, FALSE, sizeof (guint8)), g_array_new (FALSE, FALSE, sizeof (guint32)),
    g_ptr_array_new_with_free_func (g_free),
  };
  add_searched (self, part, &x, &y, &points);
  add_front (self, &x, &y, &points);
  g_autofree char *title = g_strdup_printf ("%s on %s", self->inputs.workload->name, self->inputs.platform->name), *subtitle = subtitle_of (self);
  HdFrontPlot plot = {
    .title = title, .subtitle = subtitle, .x_label = x.label, .y_label = y.label, .x_is_order = one, .n_points = points.x->len,
    .x = (const double *) (const void *) points.x->data, .y = (const double *) (const void *) points.y->data, .mark = (const guint8 *) points.mark->data,
    .number = (const guint32 *) (const void *) points.number->data, .tip = (const char *const *) points.tip->pdata,
  };
  return write_to (self->svg, &plot, error);
}
