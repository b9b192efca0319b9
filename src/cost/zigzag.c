/* The published conventions: ZigZag as in DeFiNES (2022-11), without its known defects.
 *
 * A rank that its unrolling does not divide counts with its average unrolling size / steps, so data are real numbers that are rounded; latencies use the unrolling's ceiling.
 * Every transfer is charged the same: no borders, no padding, first partial sums are read back like all. Elements that several instances get in one access are the tile of one instance times the ratio of
 * distinct data (**boost**), so halos between them count twice. A level above the first gives and takes no more in one access than the levels below it can at once.
 *
 * What differs from the tool on purpose is listed in doc/cost.md: integer ceilings for steps, and the latency rules in latency.c.
 */
#include "cost/nest.h"

#include <math.h>
#include <string.h>

/* Unrolling of a rank inside a view: on average, or its ceiling. Where a rank is only partly inside, the integer factor of the dimension. */
static double
average_unroll (const HdNest *nest, guint operand, guint view, guint rank, gboolean ceiling)
{
  guint64 inner = nest->inner[operand][view][rank];
  double average = (double) nest->shape->size[rank] / (double) nest->steps[rank];

  if (inner < nest->unroll[rank])
    return (double) inner;
  return ceiling ? ceil (average) : average;
}

/* A window's extent is cut to whole elements when words are counted, not when room is: as the tool does. */
static double
dim_volume (const HdCostShapeDim *dim, const double *size, gboolean whole)
{
  double n[2] = { 1, 1 }, volume = 1;
  guint64 g, a, b;

  if (dim->n_terms != 2) {
    for (guint t = 0; t < dim->n_terms; t++)
      volume *= size[dim->rank[t]];
    return volume;
  }
  for (guint t = 0; t < 2; t++)
    n[t] = size[dim->rank[t]];
  g = hd_gcd ((guint64) dim->coefficient[0], (guint64) dim->coefficient[1]);
  a = (guint64) dim->coefficient[0] / g;
  b = (guint64) dim->coefficient[1] / g;
  volume = n[0] * n[1] - MAX (0.0, n[1] - (double) a) * (n[0] - (double) b);
  return whole ? floor (volume + 1e-9) : volume;
}

/* Elements of a tile of one instance; @point NULL: of the unrolled loops alone. */
static double
tile_volume (const HdNest *nest, guint operand, guint view, const HdPoint *point, gboolean ceiling, gboolean whole)
{
  const HdCostShapeOperand *o = &nest->shape->operand[operand];
  double size[HD_RANKS_MAX], product = 1;

  for (guint r = 0; r < nest->shape->n_ranks; r++)
    size[r] = average_unroll (nest, operand, view, r, ceiling) * (point ? (double) point->tile[r] : 1.0);
  for (guint d = 0; d < o->n_dims; d++)
    product *= dim_volume (&o->dim[d], size, whole);
  return product;
}

static double
volume (const HdNest *nest, guint operand, guint view, const HdPoint *point, gboolean ceiling)
{
  return tile_volume (nest, operand, view, point, ceiling, TRUE);
}

/* Distinct data of unrolled loops outside of view @a - 1 (a = 0: all). */
static double
distinct (const HdNest *nest, guint operand, guint a, gboolean ceiling)
{
  double all = volume (nest, operand, nest->n_levels[operand], NULL, ceiling);

  return a == 0 ? all : all / volume (nest, operand, a - 1, NULL, ceiling);
}

static double
ratio_distinct (const HdNest *nest, guint operand, guint l, gboolean ceiling)
{
  return distinct (nest, operand, l, ceiling) / distinct (nest, operand, l + 1, ceiling);
}

static double
boost (const HdNest *nest, guint operand, guint l, gboolean ceiling)
{
  return floor (ratio_distinct (nest, operand, l, ceiling) + 1e-9);
}

static double
instances (const HdNest *nest, guint operand, guint l)
{
  double product = 1;

  for (guint r = 0; r < nest->shape->n_ranks; r++)
    product *= average_unroll (nest, operand, nest->n_levels[operand], r, FALSE) / average_unroll (nest, operand, l, r, FALSE);
  return floor (product + 0.5);
}

/* Elements at arch level a of the tool: 1 at the array, else what level a - 1 holds. */
static double
elements (const HdNest *nest, guint operand, guint a, const HdPoint *point, gboolean ceiling)
{
  return a == 0 ? 1 : rint (volume (nest, operand, a - 1, point, ceiling));
}

/* Irrelevant loops left outside of arch level a: temporal ones above the point, unrolled ones above view a. */
static gboolean
partial (const HdNest *nest, guint a, const HdPoint *point)
{
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (!hd_nest_relevant (nest, HD_OPERAND_OUTPUT, r) &&
        (point->tile[r] < nest->steps[r] || nest->inner[HD_OPERAND_OUTPUT][MIN (a, nest->n_levels[HD_OPERAND_OUTPUT])][r] < nest->unroll[r]))
      return TRUE;
  return FALSE;
}

guint64
_hd_zigzag_bits (const HdNest *nest, guint operand, guint l, const HdPoint *point, gboolean unfinished)
{
  double bits = tile_volume (nest, operand, l, point, FALSE, FALSE) * (unfinished ? nest->shape->partial_bits : nest->shape->operand[operand].bits);

  return bits < 9e18 ? (guint64) ceil (bits - 1e-6) : G_MAXUINT64;
}

static void
fill (HdFlow *flow, double words, double pj, double bits, guint64 transfers)
{
  *flow = (HdFlow) { words, words * pj, (guint64) bits, transfers };
}

/* At the level below: one transfer is one tile of an instance. */
static void
high_flow (const HdNest *nest, guint operand, guint b, const HdPoint *point, gboolean read, guint precision, HdFlow *flow)
{
  const HdLevel *level = hd_nest_level (nest, operand, b);
  double gran = (double) (read ? level->read_granularity : level->write_granularity), width = (double) (read ? level->read_width : level->write_width);
  guint64 count = nest->total / point->product;
  double words = ceil (elements (nest, operand, b + 1, point, FALSE) * precision / gran) * (gran / width) * (double) count * instances (nest, operand, b);

  fill (flow, words, read ? level->read_pj : level->write_pj, elements (nest, operand, b + 1, point, TRUE) * precision, count);
}

/* At level l, towards what is below: split into what the other side can take at once. */
static void
low_flow (const HdNest *nest, guint operand, guint l, const HdPoint *point, gboolean read, guint precision, HdFlow *flow)
{
  const HdLevel *level = hd_nest_level (nest, operand, l);
  double gran = (double) (read ? level->read_granularity : level->write_granularity), width = (double) (read ? level->read_width : level->write_width);
  double amount = elements (nest, operand, l, point, FALSE) * boost (nest, operand, l, FALSE), per = amount, times = 1;
  guint64 count = nest->total / point->product;

  if (l > 0) {
    const HdLevel *low = hd_nest_level (nest, operand, l - 1);
    double other = (double) (read ? low->write_width : low->read_width) * ratio_distinct (nest, operand, l, FALSE);
    per = MIN (MIN (other / precision, width / precision), amount);
    times = ceil (amount / per);
  }
  fill (flow, ceil (per * precision / gran) * (gran / width) * (double) count * times * instances (nest, operand, l), read ? level->read_pj : level->write_pj,
        elements (nest, operand, l, point, TRUE) * boost (nest, operand, l, TRUE) * precision, count);
}

void
_hd_zigzag_crossing (const HdNest *nest, guint operand, guint b, const HdPoint *point, HdCrossing *c)
{
  guint bits = nest->shape->operand[operand].bits;

  memset (c, 0, sizeof *c);
  if (operand != HD_OPERAND_OUTPUT) {
    low_flow (nest, operand, b + 1, point, TRUE, bits, &c->upper[HD_MOVE_TO_LOW]);
    high_flow (nest, operand, b, point, FALSE, bits, &c->lower[HD_MOVE_FROM_HIGH]);
    return;
  }
  if (partial (nest, b + 1, point)) {
    bits = nest->shape->partial_bits;
    low_flow (nest, operand, b + 1, point, TRUE, bits, &c->upper[HD_MOVE_TO_LOW]);
    high_flow (nest, operand, b, point, FALSE, bits, &c->lower[HD_MOVE_FROM_HIGH]);
  }
  low_flow (nest, operand, b + 1, point, FALSE, bits, &c->upper[HD_MOVE_FROM_LOW]);
  high_flow (nest, operand, b, point, TRUE, bits, &c->lower[HD_MOVE_TO_HIGH]);
}

void
_hd_zigzag_array (const HdNest *nest, guint operand, HdCrossing *c)
{
  guint bits = nest->shape->operand[operand].bits;
  HdPoint empty;

  memset (c, 0, sizeof *c);
  _hd_nest_point (nest, 0, &empty);
  if (operand != HD_OPERAND_OUTPUT) {
    low_flow (nest, operand, 0, &empty, TRUE, bits, &c->upper[HD_MOVE_TO_LOW]);
    return;
  }
  if (partial (nest, 0, &empty)) {
    bits = nest->shape->partial_bits;
    low_flow (nest, operand, 0, &empty, TRUE, bits, &c->upper[HD_MOVE_TO_LOW]);
  }
  low_flow (nest, operand, 0, &empty, FALSE, bits, &c->upper[HD_MOVE_FROM_LOW]);
}
