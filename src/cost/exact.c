/* The exact rules: words as a machine moves them, in closed form.
 *
 * A level's data change when a loop above its boundary on which they depend steps; then all of the new tile is moved: no part of the old one is kept. One transfer of a tile of
 * n bits takes ceil (n / granularity) accesses at each end, each instance in use by itself; instances that need the same data get it in one access of the level above.
 *
 * Tiles at borders are smaller: the last place of a rank that the unrolling does not divide, and windows that reach into padding. The number of elements of a tile is a product over
 * tensor dimensions, and tiles are all combinations of positions in them, so for each dimension it is enough to know how many positions have how many elements (a **histogram**);
 * the sum over tiles is one over combinations of histogram entries, mostly one.
 *
 * Outputs: a tile is visited once for each combination of the loops above that it does not depend on (R times). It goes up after each visit, unfinished but for the last,
 * and comes back down before each but the first (a node that adds to sums of others: before each). Where instances side by side hold partial sums of the same outputs, all of them go up
 * and are added on the way; one comes back.
 *
 * tests/cost/walker.c executes loop nests step by step and counts the same words.
 */
#include "cost/nest.h"

#include <math.h>
#include <string.h>

typedef struct {
  guint64 elements, times;
} Bin;

typedef struct {
  guint n;
  Bin *bin;               /* NULL: not made yet */
} Histogram;

typedef struct {
  guint32 stride[HD_KINDS_MAX];   /* of the kinds of its ranks; else 0 */
  guint32 n_points;
  guint owned;                    /* bit t: its positions count here (a rank of two dimensions counts in the first) */
  gboolean clipped;               /* padding is in reach */
  Histogram *histogram;
} DimTable;

enum { WORDS_READ = 1, WORDS_PARTIAL = 2, N_WORDS = 4 };

struct HdViewTable {
  guint n_dims;
  DimTable dim[HD_DIMS_MAX];
  guint32 stride[HD_KINDS_MAX];   /* of relevant kinds */
  guint32 n_points;
  double *words[N_WORDS];         /* by relevant point; < 0: not computed yet */
};

/* --- one position: which indices of a rank an instance sees ------------------------------------------------- */

/* Indices base + t * stride + s, t < n_t, s < n_s, those below limit. */
typedef struct {
  guint64 base, n_t, stride, n_s, limit;
} Span;

static gboolean
span_contiguous (const Span *s)
{
  return s->n_t == 1 || s->stride == s->n_s;
}

static guint64
span_size (const Span *s)
{
  guint64 n = 0, first;

  if (span_contiguous (s))
    return s->base >= s->limit ? 0 : MIN (s->limit - s->base, s->n_t * s->n_s);
  for (guint64 t = 0; t < s->n_t; t++) {
    first = s->base + t * s->stride;
    n += first >= s->limit ? 0 : MIN (s->limit - first, s->n_s);
  }
  return n;
}

typedef struct {
  const HdCostShapeDim *dim;
  guint n;
  Span span[HD_TERMS_MAX];
} Window;

/* All combinations of indices, marked one by one: for windows with gaps at a border, and strided spans. */
static guint64
count_by_marking (const Window *w, guint64 least, guint64 most)
{
  gint64 lo = MAX ((gint64) least, w->dim->lo), hi = MIN ((gint64) most + 1, w->dim->hi);
  guint64 counter[2 * HD_TERMS_MAX] = { 0 }, n = 0;
  g_autofree guint8 *seen = NULL;

  if (hi <= lo)
    return 0;
  seen = g_try_malloc0 ((gsize) (hi - lo));
  if (!seen)
    return (guint64) (hi - lo);
  for (;;) {
    gint64 index = 0;
    gboolean valid = TRUE;
    guint t;
    for (t = 0; t < w->n; t++) {
      guint64 i = w->span[t].base + counter[2 * t] * w->span[t].stride + counter[2 * t + 1];
      valid &= i < w->span[t].limit;
      index += w->dim->coefficient[t] * (gint64) i;
    }
    if (valid && index >= lo && index < hi && !seen[index - lo])
      n += seen[index - lo] = 1;
    for (t = 0; t < 2 * w->n; t++) {
      if (++counter[t] < (t % 2 ? w->span[t / 2].n_s : w->span[t / 2].n_t))
        break;
      counter[t] = 0;
    }
    if (t == 2 * w->n)
      return n;
  }
}

/* Elements of the tensor dimension that a window addresses, padding left out. */
static guint64
count_window (const Window *w)
{
  const HdCostShapeDim *dim = w->dim;
  guint64 size[HD_RANKS_MAX], least = 0, most = 0, n;
  gboolean contiguous = TRUE;
  HdCostShapeDim local = *dim;

  for (guint t = 0; t < w->n; t++) {
    guint64 length = span_size (&w->span[t]);
    if (length == 0)
      return 0;
    size[t] = length;
    local.rank[t] = (guint8) t;
    contiguous &= span_contiguous (&w->span[t]);
    least += (guint64) dim->coefficient[t] * w->span[t].base;
    most += (guint64) dim->coefficient[t] * MIN (w->span[t].base + (w->span[t].n_t - 1) * w->span[t].stride + w->span[t].n_s - 1, w->span[t].limit - 1);
  }
  if (!contiguous && w->n == 1 && (gint64) least >= dim->lo && (gint64) most < dim->hi)
    return size[0];
  if (dim->divisor > 1 && contiguous) {
    gint64 first = MAX ((gint64) least, dim->lo) - dim->lo, last = MIN ((gint64) most, dim->hi - 1) - dim->lo;
    return last < first ? 0 : (guint64) (last / dim->divisor - first / dim->divisor) + 1;
  }
  if (!contiguous)
    return count_by_marking (w, least, most);
  n = _hd_dim_elements (&local, size);
  if ((gint64) least >= dim->lo && (gint64) most < dim->hi)
    return n;
  if ((gint64) most < dim->lo || (gint64) least >= dim->hi)
    return 0;
  if (n == most - least + 1)
    return (guint64) (MIN ((gint64) most, dim->hi - 1) - MAX ((gint64) least, dim->lo) + 1);
  return count_by_marking (w, least, most);
}

/* --- histograms ---------------------------------------------------------------------------------------------- */

static void
histogram_add (Histogram *h, guint64 elements, guint64 times)
{
  for (guint i = 0; i < h->n; i++)
    if (h->bin[i].elements == elements) {
      h->bin[i].times += times;
      return;
    }
  h->bin = g_renew (Bin, h->bin, h->n + 1);
  h->bin[h->n++] = (Bin) { elements, times };
}

/* The positions of one rank: temporal tile number `t_hi`, instance `s_hi`. */
static Span
span_at (const HdNest *nest, guint operand, guint view, guint rank, guint64 tile, guint64 t_hi, guint64 s_hi)
{
  guint64 inner = nest->inner[operand][view][rank], stride = nest->unroll[rank];

  return (Span) { t_hi * tile * stride + s_hi * inner, tile, stride, inner, nest->shape->size[rank] };
}

static void
visit_positions (const HdNest *nest, guint operand, guint view, const DimTable *table, const HdPoint *point, Window *w, guint64 times, Histogram *h)
{
  guint t = w->n, rank;
  guint64 outer, copies;

  if (t == w->dim->n_terms) {
    histogram_add (h, count_window (w), times);
    return;
  }
  rank = w->dim->rank[t];
  outer = (table->owned >> t) & 1 ? nest->steps[rank] / point->tile[rank] : 1;
  copies = (table->owned >> t) & 1 ? nest->unroll[rank] / nest->inner[operand][view][rank] : 1;
  for (guint64 s_hi = 0; s_hi < copies; s_hi++)
    for (guint64 t_hi = 0; t_hi < outer; t_hi++) {
      /* All but the last are alike where no padding is in reach. */
      guint64 alike = table->clipped || t_hi + 1 == outer ? 1 : outer - 1;
      w->span[t] = span_at (nest, operand, view, rank, point->tile[rank], t_hi, s_hi);
      w->n = t + 1;
      visit_positions (nest, operand, view, table, point, w, times * alike, h);
      w->n = t;
      t_hi += alike - 1;
    }
}

static const Histogram *
dim_histogram (const HdNest *nest, guint operand, guint view, guint d, const HdPoint *point)
{
  DimTable *table = &nest->view[operand][view]->dim[d];
  guint32 at = 0;
  Window w = { .dim = &nest->shape->operand[operand].dim[d] };

  for (guint k = 0; k < nest->n_kinds; k++)
    at += point->count[k] * table->stride[k];
  if (!table->histogram[at].bin)
    visit_positions (nest, operand, view, table, point, &w, 1, &table->histogram[at]);
  return &table->histogram[at];
}

/* --- tables -------------------------------------------------------------------------------------------------- */

static void
init_dim (const HdNest *nest, const HdCostShapeDim *dim, guint *taken, DimTable *table)
{
  guint64 most = 0;

  table->n_points = 1;
  for (guint t = 0; t < dim->n_terms; t++) {
    most += (guint64) dim->coefficient[t] * (nest->shape->size[dim->rank[t]] - 1);
    if (!((*taken >> dim->rank[t]) & 1))
      table->owned |= 1u << t;
    *taken |= 1u << dim->rank[t];
  }
  table->clipped = dim->divisor > 1 || dim->lo > 0 || (gint64) most >= dim->hi;
  for (guint k = 0; k < nest->n_kinds; k++)
    for (guint t = 0; t < dim->n_terms; t++)
      if (dim->rank[t] == nest->kind[k].rank) {
        table->stride[k] = table->n_points;
        table->n_points *= nest->kind[k].count + 1;
        break;
      }
  table->histogram = g_new0 (Histogram, table->n_points);
}

static HdViewTable *
view_table (HdNest *nest, guint operand, guint view)
{
  const HdCostShapeOperand *o = &nest->shape->operand[operand];
  HdViewTable *table = nest->view[operand][view];
  guint taken = 0;

  if (table)
    return table;
  table = nest->view[operand][view] = g_new0 (HdViewTable, 1);
  table->n_points = 1;
  for (guint k = 0; k < nest->n_kinds; k++)
    if (hd_nest_relevant (nest, operand, nest->kind[k].rank)) {
      table->stride[k] = table->n_points;
      table->n_points *= nest->kind[k].count + 1;
    }
  for (guint d = 0; d < o->n_dims; d++)
    init_dim (nest, &o->dim[d], &taken, &table->dim[d]);
  return table;
}

static void
view_table_free (HdViewTable *table, guint n_dims)
{
  for (guint d = 0; d < n_dims; d++) {
    for (guint32 i = 0; i < table->dim[d].n_points; i++)
      g_free (table->dim[d].histogram[i].bin);
    g_free (table->dim[d].histogram);
  }
  for (guint i = 0; i < N_WORDS; i++)
    g_free (table->words[i]);
  g_free (table);
}

void
_hd_exact_clear (HdNest *nest)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint a = 0; a < HD_VIEWS_MAX; a++)
      if (nest->view[o][a])
        view_table_free (g_steal_pointer (&nest->view[o][a]), nest->shape->operand[o].n_dims);
}

/* Sum over all tiles of ceil (elements * bits / granularity). */
static double
sum_tiles (const HdNest *nest, guint operand, guint view, guint d, const HdPoint *point, double elements, double times, double bits, double granularity)
{
  const Histogram *h;
  double sum = 0;

  if (d == nest->shape->operand[operand].n_dims)
    return times * ceil (elements * bits / granularity);
  h = dim_histogram (nest, operand, view, d, point);
  for (guint i = 0; i < h->n; i++)
    sum += sum_tiles (nest, operand, view, d + 1, point, elements * (double) h->bin[i].elements, times * (double) h->bin[i].times, bits, granularity);
  return sum;
}

/* Words, in full widths, of moving each tile once at every instance of the level with that number. @which: WORDS_READ, WORDS_PARTIAL. */
static double
tile_words (HdNest *nest, guint operand, guint l, const HdPoint *point, guint which)
{
  HdViewTable *table = view_table (nest, operand, l);
  const HdLevel *level = hd_nest_level (nest, operand, l);
  guint64 granularity = which & WORDS_READ ? level->read_granularity : level->write_granularity;
  guint64 width = which & WORDS_READ ? level->read_width : level->write_width;
  guint bits = which & WORDS_PARTIAL ? nest->shape->partial_bits : nest->shape->operand[operand].bits;
  guint32 at = 0;

  if (!table->words[which]) {
    table->words[which] = g_new (double, table->n_points);
    for (guint32 i = 0; i < table->n_points; i++)
      table->words[which][i] = -1;
  }
  for (guint k = 0; k < nest->n_kinds; k++)
    at += point->count[k] * table->stride[k];
  if (table->words[which][at] < 0)
    table->words[which][at] = sum_tiles (nest, operand, l, 0, point, 1, 1, bits, (double) granularity) * (double) granularity / (double) width;
  return table->words[which][at];
}

/* --- flows --------------------------------------------------------------------------------------------------- */

/* Over the loops above that the operand does not depend on: visits, times the instances in use side by side that see the same data. */
static double
copies_in_use (const HdNest *nest, guint operand, guint view, const HdPoint *point)
{
  double product = 1;

  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (!hd_nest_relevant (nest, operand, r)) {
      guint64 inner = nest->inner[operand][view][r], high = nest->unroll[r] / inner, outer = nest->steps[r] / point->tile[r];
      guint64 last = hd_ceil_div (nest->shape->size[r] - (outer - 1) * point->tile[r] * nest->unroll[r], inner);
      product *= (double) ((outer - 1) * high + MIN (high, last));
    }
  return product;
}

static guint64
visits (const HdNest *nest, guint operand, const HdPoint *point)
{
  guint64 product = 1;

  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (!hd_nest_relevant (nest, operand, r))
      product *= nest->steps[r] / point->tile[r];
  return product;
}

/* Whether instances side by side hold partial sums of the same outputs. */
static gboolean
sums_side_by_side (const HdNest *nest, guint view)
{
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (!hd_nest_relevant (nest, HD_OPERAND_OUTPUT, r) && nest->inner[HD_OPERAND_OUTPUT][view][r] < nest->unroll[r])
      return TRUE;
  return FALSE;
}

static void
price (HdFlow *flow, double words, double pj, guint64 bits, guint64 transfers)
{
  *flow = (HdFlow) { words, words * pj, bits, transfers };
}

/* Up: at instances of level l, read when @read (the lower end) else written. */
static void
output_up (HdNest *nest, guint l, const HdPoint *point, gboolean read, HdFlow *flow)
{
  const HdLevel *level = hd_nest_level (nest, HD_OPERAND_OUTPUT, l);
  guint access = read ? WORDS_READ : 0;
  guint64 r = visits (nest, HD_OPERAND_OUTPUT, point);
  gboolean unfinished = r > 1 || sums_side_by_side (nest, l);
  double words;

  if (sums_side_by_side (nest, l))
    words = tile_words (nest, HD_OPERAND_OUTPUT, l, point, access | WORDS_PARTIAL) * copies_in_use (nest, HD_OPERAND_OUTPUT, l, point);
  else {
    words = tile_words (nest, HD_OPERAND_OUTPUT, l, point, access);
    if (r > 1)
      words += tile_words (nest, HD_OPERAND_OUTPUT, l, point, access | WORDS_PARTIAL) * (double) (r - 1);
  }
  price (flow, words, read ? level->read_pj : level->write_pj, _hd_nest_bits (nest, HD_OPERAND_OUTPUT, l, point, unfinished), nest->total / point->product);
}

/* Down again: partial sums, before each visit but the first. */
static void
output_down (HdNest *nest, guint l, const HdPoint *point, gboolean read, HdFlow *flow)
{
  const HdLevel *level = hd_nest_level (nest, HD_OPERAND_OUTPUT, l);
  guint64 r = visits (nest, HD_OPERAND_OUTPUT, point), again = nest->shape->partial_in ? r : r - 1;

  if (again == 0)
    return;
  price (flow, tile_words (nest, HD_OPERAND_OUTPUT, l, point, (read ? WORDS_READ : 0) | WORDS_PARTIAL) * (double) again, read ? level->read_pj : level->write_pj,
         _hd_nest_bits (nest, HD_OPERAND_OUTPUT, l, point, TRUE), nest->total / point->product / r * again);
}

static void
input_flow (HdNest *nest, guint operand, guint l, const HdPoint *point, gboolean read, HdFlow *flow)
{
  const HdLevel *level = hd_nest_level (nest, operand, l);
  double words = tile_words (nest, operand, l, point, read ? WORDS_READ : 0) * copies_in_use (nest, operand, l, point);

  price (flow, words, read ? level->read_pj : level->write_pj, _hd_nest_bits (nest, operand, l, point, FALSE), nest->total / point->product);
}

void
_hd_exact_crossing (HdNest *nest, guint operand, guint b, const HdPoint *point, HdCrossing *c)
{
  memset (c, 0, sizeof *c);
  if (operand == HD_OPERAND_OUTPUT) {
    output_up (nest, b, point, TRUE, &c->lower[HD_MOVE_TO_HIGH]);
    output_up (nest, b + 1, point, FALSE, &c->upper[HD_MOVE_FROM_LOW]);
    output_down (nest, b + 1, point, TRUE, &c->upper[HD_MOVE_TO_LOW]);
    output_down (nest, b, point, FALSE, &c->lower[HD_MOVE_FROM_HIGH]);
    return;
  }
  input_flow (nest, operand, b + 1, point, TRUE, &c->upper[HD_MOVE_TO_LOW]);
  input_flow (nest, operand, b, point, FALSE, &c->lower[HD_MOVE_FROM_HIGH]);
}

void
_hd_exact_array (HdNest *nest, guint operand, HdCrossing *c)
{
  HdPoint empty;

  memset (c, 0, sizeof *c);
  _hd_nest_point (nest, 0, &empty);
  if (operand == HD_OPERAND_OUTPUT) {
    output_up (nest, 0, &empty, FALSE, &c->upper[HD_MOVE_FROM_LOW]);
    output_down (nest, 0, &empty, TRUE, &c->upper[HD_MOVE_TO_LOW]);
  } else
    input_flow (nest, operand, 0, &empty, TRUE, &c->upper[HD_MOVE_TO_LOW]);
}
