/* A node's loop nest on an array with memory levels: what is fixed before a temporal mapping is chosen.
 *
 * Spatial: rank r is unrolled `unroll[r]` times; the rest are `steps[r] = ceil (size / unroll)` temporal iterations, in prime factors. An index is
 * `step * unroll + place`, so the last step may leave places idle: remainders are exact.
 *
 * Temporal: a **point** is a multiset of factors, those at or below some place in the loop order. All points form a lattice; they are numbered by mixed radix of how often each
 * kind of factor (rank, prime) is in. A temporal mapping is a path from the empty point to the full one (the order), and for each operand and each of its levels
 * but the top a point on that path, its **boundary**: the data that the level holds are those that the loops below the boundary address.
 *
 *         level:     0          1                2 (top)
 *         boundary:        0            1
 *         view:      0     |     1      |     2            places inside one instance of the level
 *
 * Irrelevant loops directly above a boundary do not change its data: the boundary may be moved over them at no cost. So what crosses a boundary, and its energy, depends on
 * its point alone, and the whole energy is a sum over boundaries. That is what makes an exact search cheap (search.c).
 *
 * View a of an operand: the array as one instance of its level a sees it, unrolled loops on dimensions that level 0..a serve. `inner[o][a][r]` is how far rank r is unrolled
 * inside it, unroll[r] / inner the instances side by side.
 */
#pragma once

#include "cost/cost.h"

#define HD_KINDS_MAX 40
#define HD_POINTS_MAX (1u << 17)
#define HD_VIEWS_MAX (HD_COST_LEVELS_MAX + 1)

/** A factor of a rank's steps; `count` of them. */
typedef struct {
  guint rank;
  guint64 factor;
  guint count;
  guint32 stride;           /* of its count in a point's number */
} HdKind;

/** A point of the lattice, taken apart. */
typedef struct {
  guint32 id;
  guint8 count[HD_KINDS_MAX];         /* of each kind */
  guint64 tile[HD_RANKS_MAX];         /* product of its factors by rank */
  guint64 product;                    /* of the tile: cycles from one transfer to the next */
} HdPoint;

/** What crosses a boundary in one direction, at one end of it. */
typedef struct {
  double words;             /* in full widths, over the node [1] */
  double pj;
  guint64 bits;             /* one transfer [bit] */
  guint64 transfers;
} HdFlow;

/** All that crosses a boundary: at the level below it and at the level above it. HdMovement indexes both. */
typedef struct {
  HdFlow lower[HD_N_MOVES];  /* FROM_HIGH, TO_HIGH are used */
  HdFlow upper[HD_N_MOVES];  /* TO_LOW, FROM_LOW are used */
} HdCrossing;

typedef struct HdViewTable HdViewTable;

/** A crossing, digested for the search: its energy and how long its transfers hold ports. */
typedef struct {
  double pj;
  double counted;           /* of it, what a search counts: loads of weights that stay are shared by the nodes that use them */
  guint64 product;          /* of the point [own cycle]; 0: not computed yet */
  guint64 bits;             /* of the tile at the level below [bit] */
  guint64 real[2][HD_N_MOVES]; /* port cycles of one transfer, at the lower and the upper end; 0: none */
  guint64 steady[HD_N_MOVES];  /* transfers that must fit beside computing */
} HdDigest;

/** A movement that can happen at a port: at one end of a boundary; boundary -1 is the array's. */
typedef struct {
  guint8 operand, end, movement;
  gint8 boundary;
} HdSlot;

#define HD_SLOTS_MAX (HD_N_OPERANDS * HD_COST_LEVELS_MAX * 4)
#define HD_PORTS_MAX (HD_COST_LEVELS_MAX * HD_LEVEL_PORTS_MAX)

typedef struct HdNest {
  const HdCostQuestion *q;
  const HdCostShape *shape;
  const HdCore *core;
  /* spatial */
  guint n_unrolls;
  struct { guint rank, dimension; guint64 factor; } place[HD_RANKS_MAX * 2];
  guint64 unroll[HD_RANKS_MAX], steps[HD_RANKS_MAX];
  guint64 total;                                   /* product of the steps */
  guint64 units;                                   /* of the array */
  /* levels by operand */
  guint n_levels[HD_N_OPERANDS];
  guint8 level_id[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  guint64 inner[HD_N_OPERANDS][HD_VIEWS_MAX][HD_RANKS_MAX];
  double fraction[HD_RANKS_MAX];                   /* ZIGZAG: unrolling on average, size / steps */
  /* factors */
  guint n_kinds, n_factors;
  HdKind kind[HD_KINDS_MAX];
  guint32 n_points;
  gboolean ordered;                                /* the order of loops is given */
  guint8 order[HD_COST_LOOPS_MAX];                 /* kinds, innermost first */
  gboolean pinned;                                 /* some loops of the order are bound to levels */
  guint8 pin[HD_N_OPERANDS][HD_COST_LOOPS_MAX];    /* by loop: 1 + the operand's own level; 0: free */
  double tied_pj;                                  /* energies up to here count as equal; 0: none do */
  gboolean merged;                                 /* factors were merged: not the whole space */
  HdViewTable *view[HD_N_OPERANDS][HD_VIEWS_MAX];  /* EXACT: made when first used */
  /* tables over points, and ports (timing.c) */
  HdDigest *digest[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* by boundary and point */
  HdDigest array[HD_N_OPERANDS];
  double array_pj;                                 /* of all operands */
  guint n_slots, n_ports;
  HdSlot slot[HD_SLOTS_MAX];                       /* port by port */
  guint port_begin[HD_PORTS_MAX + 1];
  gboolean both_inputs[HD_N_OPERANDS][HD_COST_LEVELS_MAX][2]; /* by boundary and end: its port serves inputs and weights */
  guint windowed[HD_N_OPERANDS];                   /* bit r: rank r reaches the operand through a window */
} HdNest;

static inline const HdLevel *
hd_nest_level (const HdNest *nest, guint operand, guint l)
{
  return &nest->core->level[nest->level_id[operand][l]];
}

/** Of an operand: one between each level and the next. */
static inline guint
hd_nest_boundaries (const HdNest *nest, guint operand)
{
  return nest->n_levels[operand] > 0 ? nest->n_levels[operand] - 1 : 0;
}

static inline gboolean
hd_nest_relevant (const HdNest *nest, guint operand, guint rank)
{
  return (nest->shape->operand[operand].relevant >> rank) & 1;
}

/**
 * _hd_nest_init:
 * @dataflow: (nullable): the unrollings; NULL: the question's given mapping has them
 *
 * Errors: %HD_ERROR_NEGATIVE: no level for an operand, or the array is too small.
 */
gboolean _hd_nest_init (HdNest *nest, const HdCostQuestion *question, const HdDataflow *dataflow, GError **error);
/** Cuts steps into factors, merging until there are at most @limit (0: as many as there are) and the lattice is small enough. */
void _hd_nest_factorize (HdNest *nest, guint limit);
/** As given by @mapping: its loops in its order. Errors: %HD_ERROR_NEGATIVE when a rank's loops do not multiply to its steps. */
gboolean _hd_nest_take_loops (HdNest *nest, const HdCostMapping *mapping, GError **error);
void _hd_nest_clear (HdNest *nest);

void _hd_nest_point (const HdNest *nest, guint32 id, HdPoint *point);

/** Whether loop number @at of a given order may stand where the operands' open levels are @level. */
static inline gboolean
hd_nest_may_stand (const HdNest *nest, guint at, const guint8 *level)
{
  for (guint o = 0; nest->pinned && o < HD_N_OPERANDS; o++)
    if (nest->pin[o][at] > 0 && nest->pin[o][at] != level[o] + 1)
      return FALSE;
  return TRUE;
}

/** Bits of @operand's data in one instance of its level @l when the boundary above it is at @point. @unfinished: outputs are partial sums. */
guint64 _hd_nest_bits (const HdNest *nest, guint operand, guint l, const HdPoint *point, gboolean unfinished);
/** Whether sums are unfinished when only the loops of @point are done. */
gboolean _hd_nest_unfinished (const HdNest *nest, const HdPoint *point);
/** Returns (transfer full) (nullable): which level is too small for what one cycle needs, or for what stands there at once; NULL: none is. @wide: fewer unrollings would help. */
char *_hd_nest_too_small (const HdNest *nest, gboolean *wide);
/** Room at a level, double buffering reserved [bit]. */
guint64 _hd_level_room (const HdLevel *level);
/** Instances of an operand's level that are in use [1]. */
guint64 _hd_nest_instances (const HdNest *nest, guint operand, guint l);

/* --- counting: by the rules ---------------------------------------------------------------------------------- */

/** What crosses boundary @b of @operand when it is at @point. */
void _hd_exact_crossing (HdNest *nest, guint operand, guint b, const HdPoint *point, HdCrossing *crossing);
/** What the array moves at level 0: @crossing->upper. */
void _hd_exact_array (HdNest *nest, guint operand, HdCrossing *crossing);
void _hd_exact_clear (HdNest *nest);
void _hd_zigzag_crossing (const HdNest *nest, guint operand, guint b, const HdPoint *point, HdCrossing *crossing);
guint64 _hd_zigzag_bits (const HdNest *nest, guint operand, guint l, const HdPoint *point, gboolean unfinished);
void _hd_zigzag_array (const HdNest *nest, guint operand, HdCrossing *crossing);

static inline void
hd_nest_crossing (HdNest *nest, guint operand, guint b, const HdPoint *point, HdCrossing *crossing)
{
  if (nest->q->options->rules == HD_RULES_ZIGZAG)
    _hd_zigzag_crossing (nest, operand, b, point, crossing);
  else
    _hd_exact_crossing (nest, operand, b, point, crossing);
}

static inline void
hd_nest_array (HdNest *nest, guint operand, HdCrossing *crossing)
{
  if (nest->q->options->rules == HD_RULES_ZIGZAG)
    _hd_zigzag_array (nest, operand, crossing);
  else
    _hd_exact_array (nest, operand, crossing);
}

static inline double
hd_crossing_pj (const HdCrossing *c)
{
  double pj = 0;

  for (guint m = 0; m < HD_N_MOVES; m++)
    pj += c->lower[m].pj + c->upper[m].pj;
  return pj;
}

/* --- timing and energy of a whole mapping -------------------------------------------------------------------------- */

/** Where each operand's boundaries are, after moving them over loops that do not matter to it. */
typedef struct {
  guint32 point[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  guint64 top_irrelevant[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* product of the outermost loops of a level that the operand does not depend on */
  guint64 top_relevant[HD_N_OPERANDS][HD_COST_LEVELS_MAX];    /* of those it does depend on, windows aside */
} HdChain;

typedef struct {
  double pj, load_pj;       /* memory energy; of it, what loads weights that stay */
  guint64 stall, input, load, offload;  /* [own cycle] */
} HdTiming;

/** Allocates tables and sorts movements to ports; after factorizing. Errors: %HD_ERROR_NEGATIVE when a level has no such port. */
gboolean _hd_timing_init (HdNest *nest, GError **error);
void _hd_timing_clear (HdNest *nest);
/** What loading weights that stay counts, of 1. */
double _hd_nest_load_share (const HdNest *nest);
const HdDigest *_hd_digest (HdNest *nest, guint operand, guint b, guint32 point);
/** @loop: kinds, innermost first. */
void _hd_chain_init (const HdNest *nest, const guint8 *loop, guint n, guint8 below[HD_N_OPERANDS][HD_COST_LEVELS_MAX], HdChain *chain);
void _hd_timing_evaluate (HdNest *nest, const HdChain *chain, HdTiming *timing);
/** Which levels can take the next data beside the present ones. */
void _hd_timing_buffers (HdNest *nest, const HdChain *chain, gboolean buffered[HD_N_OPERANDS][HD_COST_LEVELS_MAX]);
/** Lowest boundary above which the weights cross once: they stay on the level below it; n_levels - 1: none. */
guint _hd_chain_held (const HdNest *nest, const HdChain *chain);
/** Cycles of [0, x) in which some window is open: movement i's windows begin at each multiple of period[i] and last window[i]. Periods ascend, each divides the next. */
guint64 _hd_windows_covered (const guint64 *period, const guint64 *window, guint n, guint64 x);
