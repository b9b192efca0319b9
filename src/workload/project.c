/* From boxes of a layer's ranks to boxes of its tensors, and back.
 *
 * A projection takes the values v = offset + sum of coefficient * rank. Over a box they lie in [low, high], and both ends are taken. An
 * index is floor (v / divisor); inside a tensor of size s are the values of [0, s * divisor). Where [low, high] lies inside, the hull is
 * at hand; that is the case of all nodes but those at a border. At a border, and where only multiples of the divisor count (`exact`), the first
 * and last value that is taken inside is needed. If the coefficients leave no gaps (a window no smaller than its stride: |c| is at
 * most one more than the reach of the smaller ones) every value of [low, high] is taken; else the values are gone through, all
 * ranks but the longest in a loop and that one in closed form.
 *
 * Nothing here allocates. Values cannot overflow: _hd_workload_draft_finish() has checked the whole box of each layer, and boxes lie inside it.
 */
#include "config.h"

#include <heddle/checked.h>
#include <heddle/workload.h>

/* Ranks that a projection really sees in a box: those with a coefficient and more than one value. */
typedef struct {
  gint64 base;                    /* the value at the box's first point */
  guint n;
  gint64 step[HD_RANKS_MAX];      /* coefficient */
  gint64 count[HD_RANKS_MAX];     /* values of the rank, > 1 */
} Comb;

/* Beyond this many combinations of the shorter ranks the hull is taken to be without gaps. */
#define COMBINATIONS_MAX (1 << 16)

typedef struct {
  gint64 from, to;  /* values that are inside: [from, to) */
  gint64 modulus;   /* and multiples of it */
} Inside;

static void
comb_init (Comb *comb, const HdProjection *p, const HdBox *box)
{
  comb->base = p->offset;
  comb->n = 0;
  for (guint r = 0; r < box->n; r++) {
    gint64 c = p->coefficient[r];
    if (c == 0)
      continue;
    comb->base += c * box->range[r].from;
    gint64 count = box->range[r].to - box->range[r].from;
    if (count > 1) {
      comb->step[comb->n] = c;
      comb->count[comb->n++] = count;
    }
  }
}

static void
comb_bounds (const Comb *comb, gint64 *low, gint64 *high)
{
  *low = *high = comb->base;
  for (guint i = 0; i < comb->n; i++) {
    gint64 reach = comb->step[i] * (comb->count[i] - 1);
    if (reach < 0)
      *low += reach;
    else
      *high += reach;
  }
}

/* TRUE when every value between the bounds is taken. */
static gboolean
comb_is_gapless (const Comb *comb)
{
  guint32 done = 0;
  gint64 reach = 0;
  for (guint k = 0; k < comb->n; k++) {
    int best = -1;
    for (guint i = 0; i < comb->n; i++)
      if (!(done & (1u << i)) && (best < 0 || ABS (comb->step[i]) < ABS (comb->step[best])))
        best = (int) i;
    if (ABS (comb->step[best]) > reach + 1)
      return FALSE;
    reach += ABS (comb->step[best]) * (comb->count[best] - 1);
    done |= 1u << best;
  }
  return TRUE;
}

/* Moves the rank with most values to the end; returns the number of combinations of the others, saturated. */
static gint64
comb_put_longest_last (Comb *comb)
{
  guint longest = 0;
  for (guint i = 1; i < comb->n; i++)
    if (comb->count[i] > comb->count[longest])
      longest = i;
  if (comb->n > 0) {
    gint64 step = comb->step[longest], count = comb->count[longest];
    comb->step[longest] = comb->step[comb->n - 1];
    comb->count[longest] = comb->count[comb->n - 1];
    comb->step[comb->n - 1] = step;
    comb->count[comb->n - 1] = count;
  }
  gint64 combinations = 1;
  for (guint i = 0; i + 1 < comb->n && combinations <= COMBINATIONS_MAX; i++)
    combinations *= comb->count[i];
  return combinations;
}

/* Steps the counters of all ranks but the last, and @value with them; FALSE after the last combination. */
static gboolean
comb_next (const Comb *comb, gint64 *counter, gint64 *value)
{
  for (guint i = 0; i + 1 < comb->n; i++) {
    *value += comb->step[i];
    if (++counter[i] < comb->count[i])
      return TRUE;
    *value -= comb->step[i] * comb->count[i];
    counter[i] = 0;
  }
  return FALSE;
}

/* The k of [0, count) for which value + step*k is inside [from, to). */
static HdRange
inside_of_line (gint64 value, gint64 step, gint64 count, const Inside *in)
{
  if (count <= 1 || step == 0)
    return (HdRange) { 0, value >= in->from && value < in->to ? MAX (count, 1) : 0 };
  gint64 from, to;
  if (step > 0) {
    from = -hd_floor_div (value - in->from, step);          /* ceil ((from - value) / step) */
    to = -hd_floor_div (value - in->to, step);
  } else {
    from = hd_floor_div (value - in->to, -step) + 1;
    to = hd_floor_div (value - in->from, -step) + 1;
  }
  return (HdRange) { MAX (from, 0), MIN (to, count) };
}

static gboolean
divides (gint64 value, gint64 modulus)
{
  return modulus <= 1 || value % modulus == 0;
}

/* Widens [*first, *last] by the values inside that one line takes. */
static void
widen_by_line (gint64 value, gint64 step, gint64 count, const Inside *in, gint64 *first, gint64 *last)
{
  HdRange k = inside_of_line (value, step, count, in);
  gint64 low = k.from, high = k.to - 1;
  /* Remainders repeat after at most `modulus` steps. */
  for (gint64 tries = 0; low <= high && tries < in->modulus && !divides (value + step * low, in->modulus); tries++)
    low++;
  if (low > high || !divides (value + step * low, in->modulus))
    return;
  while (!divides (value + step * high, in->modulus))
    high--;
  gint64 a = value + step * low, b = value + step * high;
  *first = MIN (*first, MIN (a, b));
  *last = MAX (*last, MAX (a, b));
}

/* The first and last value that is taken inside; FALSE when there is none. */
static gboolean
comb_hull_inside (Comb *comb, gint64 low, gint64 high, const Inside *in, gint64 *first, gint64 *last)
{
  if (comb_is_gapless (comb) || comb_put_longest_last (comb) > COMBINATIONS_MAX) {
    *first = -hd_floor_div (-MAX (low, in->from), in->modulus) * in->modulus;
    *last = hd_floor_div (MIN (high, in->to - 1), in->modulus) * in->modulus;
    return *first <= *last;
  }
  gint64 counter[HD_RANKS_MAX] = { 0 }, value = comb->base;
  gint64 step = comb->n > 0 ? comb->step[comb->n - 1] : 0, count = comb->n > 0 ? comb->count[comb->n - 1] : 1;
  *first = G_MAXINT64;
  *last = G_MININT64;
  do
    widen_by_line (value, step, count, in, first, last);
  while (comb_next (comb, counter, &value));
  return *first <= *last;
}

static HdRange
project_dimension (const HdProjection *p, const HdBox *box, guint64 size)
{
  gint64 low = p->offset, high = p->offset;
  for (guint r = 0; r < box->n; r++) {
    gint64 c = p->coefficient[r];
    if (c > 0) {
      low += c * box->range[r].from;
      high += c * (box->range[r].to - 1);
    } else if (c < 0) {
      low += c * (box->range[r].to - 1);
      high += c * box->range[r].from;
    }
  }
  gint64 end = (gint64) size * p->divisor;
  gboolean exact = p->exact && p->divisor > 1;
  if (!exact && low >= 0 && high < end)
    return p->divisor == 1 ? (HdRange) { low, high + 1 } : (HdRange) { low / p->divisor, high / p->divisor + 1 };
  Comb comb;
  Inside in = { 0, end, exact ? p->divisor : 1 };
  comb_init (&comb, p, box);
  if (!comb_hull_inside (&comb, low, high, &in, &low, &high))
    return (HdRange) { 0, 0 };
  return (HdRange) { low / p->divisor, high / p->divisor + 1 };
}

HdBox
hd_operand_project (const HdLayer *layer, const HdOperand *operand, const HdBox *box, const HdTensor *tensor)
{
  if (operand->whole)
    return hd_tensor_whole_box (tensor);
  HdBox out;
  out.n = tensor->n_dims;
  for (guint d = 0; d < out.n; d++)
    out.range[d] = project_dimension (&operand->projection[d], box, tensor->size[d]);
  return out;
}

HdRange
hd_operand_project_dimension (const HdOperand *operand, guint d, const HdBox *box, const HdTensor *tensor)
{
  return operand->whole ? (HdRange) { 0, (gint64) tensor->size[d] } : project_dimension (&operand->projection[d], box, tensor->size[d]);
}

HdBox
hd_layer_whole_box (const HdLayer *layer)
{
  HdBox box;
  box.n = layer->n_ranks;
  for (guint r = 0; r < box.n; r++)
    box.range[r] = (HdRange) { 0, (gint64) layer->rank[r].size };
  return box;
}

HdBox
hd_tensor_whole_box (const HdTensor *tensor)
{
  HdBox box;
  box.n = tensor->n_dims;
  for (guint d = 0; d < box.n; d++)
    box.range[d] = (HdRange) { 0, (gint64) tensor->size[d] };
  return box;
}

/* --- outputs: ranks as the digits of an index -------------------------------------------------- */

/* The rank of the largest coefficient below @below; -1 when there is none. Ranks of size 1 are no digits. */
static int
next_digit (const HdLayer *layer, const HdProjection *p, gint32 below)
{
  int best = -1;
  for (guint r = 0; r < layer->n_ranks; r++)
    if (p->coefficient[r] > 0 && p->coefficient[r] < below && layer->rank[r].size > 1
        && (best < 0 || p->coefficient[r] > p->coefficient[best]))
      best = (int) r;
  return best;
}

HdBox
hd_layer_box_for_output (const HdLayer *layer, const HdBox *out)
{
  const HdOperand *output = hd_layer_output (layer);
  HdBox box = hd_layer_whole_box (layer);
  for (guint d = 0; d < out->n; d++) {
    const HdProjection *p = &output->projection[d];
    gint64 first = out->range[d].from, last = out->range[d].to - 1;
    /* Digits from the outermost inwards, as long as first and last agree; the next one is a range, those further in are whole. */
    for (int r = next_digit (layer, p, G_MAXINT32); r >= 0; r = next_digit (layer, p, p->coefficient[r])) {
      gint64 c = p->coefficient[r];
      box.range[r] = (HdRange) { first / c, last / c + 1 };
      if (first / c != last / c)
        break;
      first %= c;
      last %= c;
    }
  }
  return box;
}

gboolean
hd_layer_output_is_box (const HdLayer *layer, const HdBox *box)
{
  const HdOperand *output = hd_layer_output (layer);
  for (guint r = 0; r < layer->n_ranks; r++) {
    if (layer->rank[r].reduction || (guint64) hd_range_size (box->range[r]) == layer->rank[r].size)
      continue;
    for (guint d = 0; d < HD_DIMS_MAX; d++) {
      gint32 c = output->projection[d].coefficient[r];
      for (guint outer = 0; c > 0 && outer < layer->n_ranks; outer++)
        if (output->projection[d].coefficient[outer] > c && hd_range_size (box->range[outer]) > 1)
          return FALSE;
    }
  }
  return TRUE;
}

/* --- points that do work ----------------------------------------------------------------------- */

/* One condition on points: a value of the projection has to be inside. */
typedef struct {
  const HdProjection *p;
  Inside in;
} Condition;

#define CONDITIONS_MAX 32

/* How many k of [0, count) satisfy all conditions, where condition i sees value[i] + step[i]*k. */
static guint64
count_line (const Condition *conditions, guint n, const gint64 *value, const gint64 *step, gint64 count)
{
  HdRange k = { 0, count };
  gint64 period = 1;
  for (guint i = 0; i < n; i++) {
    k = hd_range_intersect (k, inside_of_line (value[i], step[i], count, &conditions[i].in));
    gint64 modulus = conditions[i].in.modulus;
    if (modulus > 1)
      period *= modulus / (gint64) hd_gcd (modulus, period);
  }
  gint64 size = hd_range_size (k);
  if (period == 1 || size == 0)
    return size;
  /* Remainders have that period: count one period (or all, when there are fewer), then the rest. */
  guint64 in_period = 0, in_rest = 0;
  for (gint64 j = 0; j < MIN (period, size); j++) {
    gboolean taken = TRUE;
    for (guint i = 0; i < n && taken; i++)
      taken = divides (value[i] + step[i] * (k.from + j), conditions[i].in.modulus);
    in_period += taken;
    if (j < size % period)
      in_rest += taken;
  }
  return (guint64) (size / period) * in_period + in_rest;
}

/* Points of the ranks in @ranks (a bit set) that satisfy all conditions: all ranks but the longest in a loop. */
static guint64
count_points (const HdBox *box, guint32 ranks, const Condition *conditions, guint n)
{
  guint list[HD_RANKS_MAX], n_list = 0, longest = 0;
  for (guint r = 0; r < box->n; r++)
    if (ranks & (1u << r)) {
      if (n_list == 0 || hd_range_size (box->range[r]) > hd_range_size (box->range[longest]))
        longest = r;
      list[n_list++] = r;
    }
  gint64 at[HD_RANKS_MAX], value[CONDITIONS_MAX], step[CONDITIONS_MAX];
  for (guint r = 0; r < box->n; r++)
    at[r] = box->range[r].from;
  guint64 total = 0;
  for (;;) {
    for (guint i = 0; i < n; i++) {
      value[i] = conditions[i].p->offset;
      for (guint j = 0; j < n_list; j++)
        value[i] += conditions[i].p->coefficient[list[j]] * at[list[j]];
      step[i] = conditions[i].p->coefficient[longest];
    }
    total += count_line (conditions, n, value, step, hd_range_size (box->range[longest]));
    guint j = 0;
    for (; j < n_list; j++) {
      if (list[j] == longest)
        continue;
      if (++at[list[j]] < box->range[list[j]].to)
        break;
      at[list[j]] = box->range[list[j]].from;
    }
    if (j == n_list)
      return total;
  }
}

/* The conditions that some point of @box can fail. */
static guint
collect_conditions (const HdWorkload *self, const HdLayer *layer, const HdBox *box, Condition *conditions)
{
  guint n = 0;
  for (guint o = 0; o < layer->n_operands; o++) {
    const HdOperand *operand = &layer->operands[o];
    const HdTensor *tensor = &self->tensors[operand->tensor];
    for (guint d = 0; operand->role == HD_ROLE_INPUT && !operand->whole && d < tensor->n_dims && n < CONDITIONS_MAX; d++) {
      const HdProjection *p = &operand->projection[d];
      Comb comb;
      gint64 low, high, end = (gint64) tensor->size[d] * p->divisor;
      comb_init (&comb, p, box);
      comb_bounds (&comb, &low, &high);
      gboolean exact = p->exact && p->divisor > 1;
      if (low < 0 || high >= end || exact)
        conditions[n++] = (Condition) { p, { 0, end, exact ? p->divisor : 1 } };
    }
  }
  return n;
}

static guint32
ranks_of (const HdProjection *p, guint n)
{
  guint32 ranks = 0;
  for (guint r = 0; r < n; r++)
    if (p->coefficient[r] != 0)
      ranks |= 1u << r;
  return ranks;
}

/* Moves the conditions that share ranks with the first one to the front; returns how many, and their ranks. */
static guint
split_component (Condition *conditions, guint n, guint n_ranks, guint32 *ranks)
{
  guint taken = 1;
  *ranks = ranks_of (conditions[0].p, n_ranks);
  for (guint i = taken; i < n; i++) {
    guint32 own = ranks_of (conditions[i].p, n_ranks);
    if ((own & *ranks) == 0)
      continue;
    *ranks |= own;
    Condition found = conditions[i];
    conditions[i] = conditions[taken];
    conditions[taken++] = found;
    i = taken - 1;  /* the larger set may touch what was passed over */
  }
  return taken;
}

guint64
hd_layer_effective_points (const HdWorkload *self, const HdLayer *layer, const HdBox *box)
{
  if (hd_box_is_empty (box) || (layer->layer_class != HD_LAYER_MAC && layer->layer_class != HD_LAYER_POOL))
    return hd_box_volume (box);
  Condition conditions[CONDITIONS_MAX];
  Condition *rest = conditions;
  guint n = collect_conditions (self, layer, box, conditions);
  guint64 points = 1;
  guint32 done = 0;
  while (n > 0) {
    guint32 ranks;
    guint taken = split_component (rest, n, layer->n_ranks, &ranks);
    /* A condition without ranks is the same for all points. */
    points *= ranks != 0 ? count_points (box, ranks, rest, taken)
                         : rest->p->offset >= 0 && rest->p->offset < rest->in.to && divides (rest->p->offset, rest->in.modulus);
    done |= ranks;
    rest += taken;
    n -= taken;
  }
  for (guint r = 0; r < box->n; r++)
    if (!(done & (1u << r)))
      points *= (guint64) hd_range_size (box->range[r]);
  return points;
}
