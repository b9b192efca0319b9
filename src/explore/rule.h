/* What the starts are made by: how long a layer takes on a set of cores, how much it holds there. Internal to the room. */
#pragma once

#include "explore/space.h"

typedef struct {
  HdExploreSpace *space;
  HdCostModel *simple;
  guint64 **estimate;      /* by layer and placement [cycle]: of its largest share, and of what has to be moved because it is dealt so; G_MAXUINT64: the core cannot do it */
  guint64 *width;          /* by layer: of the way between two of its cores [bit/cycle] */
  guint16 *own;            /* by layer: the placement of the least estimate */
  guint16 *cores;          /* by layer: the chosen placement */
} Rule;

/* rule.c */
void _hd_explore_rule_init (Rule *self, HdExploreSpace *space, HdCostModel *simple);
void _hd_explore_rule_clear (Rule *self);

static inline const Placement *
rule_placement (const Rule *self, HdLayerId l)
{
  return &g_array_index (self->space->layer[l].placement, Placement, self->cores[l]);
}

/* How many placements of a layer a gene can name. */
static inline guint
rule_n_placements (const Rule *self, HdLayerId l)
{
  return MIN (self->space->layer[l].placement->len, G_MAXUINT16);
}

/** Weights of one core's share [bit]. */
guint64 _hd_explore_rule_weights (const Rule *self, HdLayerId l);
/** Of the memory in which the share's weights stand [bit]. */
guint64 _hd_explore_rule_weight_capacity (const Rule *self, HdLayerId l);
void _hd_explore_rule_slice (const Rule *self, HdLayerId l, guint16 *genes);
/** Tiles along the rows of a stack of several layers with which what the stack holds of one tile fits into three quarters of each memory; at most the rows there are. */
guint64 _hd_explore_rule_tiles (const Rule *self, HdLayerId first, HdLayerId last);
/** Spreads the layers of a stack over kinds of cores, which then work at once, each on another tile: sets their cores so that the busiest kind, or the way between them, is least busy. */
void _hd_explore_rule_balance (Rule *self, HdLayerId first, HdLayerId last);
