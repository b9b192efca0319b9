/* The parts of a schedule's lower bounds. */
#pragma once

#include <heddle/bounds.h>

/** bounds-bandwidth.c: fills what must pass which resource. */
void _hd_bounds_bandwidth (HdBounds *self, const HdPlatform *platform, const HdSchedule *schedule);

static inline guint64
_hd_bounds_add (guint64 a, guint64 b)
{
  return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

/** The least time in which a resource moves so many bits [cycle]; 0 without a width. */
static inline guint64
_hd_bounds_hold (const HdResource *resource, guint64 bits)
{
  guint64 own = resource->width_bits > 0 ? bits / resource->width_bits + (bits % resource->width_bits != 0) : 0;
  return own > G_MAXUINT64 / resource->period ? G_MAXUINT64 : own * resource->period;
}
