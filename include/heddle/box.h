/* Boxes: one half-open range per dimension.
 *
 * A box stands for a part of a layer's loop space (one range per rank) or of a tensor (one range per tensor dimension).
 * A box is empty when any of its ranges is. Ranges may begin below zero: what reaches into padding is clipped by who knows the tensor.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HD_BOX_MAX 12

typedef struct {
  gint64 from;  /* first index */
  gint64 to;    /* one past the last; to <= from: empty */
} HdRange;

typedef struct {
  guint n;                    /* dimensions in use */
  HdRange range[HD_BOX_MAX];
} HdBox;

static inline gint64 hd_range_size (HdRange r) { return r.to > r.from ? r.to - r.from : 0; }
static inline HdRange
hd_range_intersect (HdRange a, HdRange b)
{
  return (HdRange) { MAX (a.from, b.from), MIN (a.to, b.to) };
}

/** Number of points; saturates at G_MAXUINT64. A box of no dimensions has one point. */
guint64 hd_box_volume (const HdBox *box);
gboolean hd_box_is_empty (const HdBox *box);
gboolean hd_box_equal (const HdBox *a, const HdBox *b);
/** TRUE when every point of @inner is in @outer. */
gboolean hd_box_contains (const HdBox *outer, const HdBox *inner);
/** The common part; its volume is 0 when there is none. Both have the same number of dimensions. */
HdBox hd_box_intersect (const HdBox *a, const HdBox *b);
/** The smallest box that holds both (empty boxes count for nothing). */
HdBox hd_box_union_hull (const HdBox *a, const HdBox *b);

/**
 * hd_box_union_volume:
 * @boxes: (array length=n): of the same number of dimensions
 *
 * Returns: points that lie in at least one of the boxes. Where counting them takes too long (2^28 steps, 2^26 cells between all their edges), less: those of the largest box alone.
 * Saturates at G_MAXUINT64.
 */
guint64 hd_box_union_volume (const HdBox *boxes, gsize n);

G_END_DECLS
