/* Drawing a Pareto front: what was found in two objectives, what dominates it, and where the search began. SVG without script, and the same bytes for the same points. */
#pragma once

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

typedef enum {
  HD_FRONT_DOMINATED,        /* a grey dot; many in one place are a darker one */
  HD_FRONT_START,            /* a diamond: what it began from */
  HD_FRONT_MEMBER,           /* a disc, on the staircase when it is on the front of the two objectives drawn */
  HD_FRONT_BEST,             /* a disc in a ring */
} HdFrontMark;

/** Points to draw; smaller is better in both directions. */
typedef struct {
  const char *title;
  const char *subtitle;      /* (nullable) */
  const char *x_label;       /* with the unit of @x in brackets */
  const char *y_label;
  gboolean x_is_order;       /* @x is the order of the evaluations: the staircase is the best so far, and all of @x is shown */
  guint n_points;
  const double *x, *y;       /* (array length=n_points): finite, >= 0 */
  const guint8 *mark;        /* (array length=n_points): HdFrontMark */
  const guint32 *number;     /* (nullable) (array length=n_points): written beside the point; 0: nothing */
  const char *const *tip;    /* (nullable) (array length=n_points): (nullable): shown when the pointer rests on the point */
} HdFrontPlot;

/**
 * hd_report_front_svg:
 * @plot: what to draw
 * @out: where to
 *
 * A scatter plot whose axes show what matters: the front, and of the rest that part which is not far from it; how many points lie outside is said below. An axis is logarithmic when
 * its ends are more than a factor of 10 apart.
 */
void hd_report_front_svg (const HdFrontPlot *plot, FILE *out);

G_END_DECLS
