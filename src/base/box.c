/* Boxes: volumes, intersections and hulls. */
#include "config.h"
#include <heddle/box.h>
#include <heddle/checked.h>

guint64
hd_box_volume (const HdBox *box)
{
  guint64 volume = 1;
  if (hd_box_is_empty (box))
    return 0;
  for (guint d = 0; d < box->n; d++)
    if (!hd_mul_u64 (volume, (guint64) hd_range_size (box->range[d]), &volume))
      return G_MAXUINT64;
  return volume;
}

gboolean
hd_box_is_empty (const HdBox *box)
{
  for (guint d = 0; d < box->n; d++)
    if (box->range[d].to <= box->range[d].from)
      return TRUE;
  return FALSE;
}

gboolean
hd_box_equal (const HdBox *a, const HdBox *b)
{
  if (a->n != b->n)
    return FALSE;
  for (guint d = 0; d < a->n; d++)
    if (a->range[d].from != b->range[d].from || a->range[d].to != b->range[d].to)
      return FALSE;
  return TRUE;
}

gboolean
hd_box_contains (const HdBox *outer, const HdBox *inner)
{
  if (hd_box_is_empty (inner))
    return TRUE;
  for (guint d = 0; d < outer->n; d++)
    if (inner->range[d].from < outer->range[d].from || inner->range[d].to > outer->range[d].to)
      return FALSE;
  return TRUE;
}

HdBox
hd_box_intersect (const HdBox *a, const HdBox *b)
{
  HdBox common = { .n = a->n };
  for (guint d = 0; d < a->n; d++)
    common.range[d] = hd_range_intersect (a->range[d], b->range[d]);
  return common;
}

HdBox
hd_box_union_hull (const HdBox *a, const HdBox *b)
{
  if (hd_box_is_empty (a))
    return *b;
  if (hd_box_is_empty (b))
    return *a;
  HdBox hull = { .n = a->n };
  for (guint d = 0; d < a->n; d++)
    hull.range[d] = (HdRange) { MIN (a->range[d].from, b->range[d].from), MAX (a->range[d].to, b->range[d].to) };
  return hull;
}
