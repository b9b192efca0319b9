/* The published search (LOMA): every distinct order of the factors, each split over the levels greedily.
 *
 * Bottom-up over the core's levels; each operand that a level holds keeps the next k loops of the order there, as many as fit. Of the combinations of operands that fit together the one
 * with the fewest accesses left above is taken, the last one on ties. At its topmost level an operand must take all loops that are left. The best order is the first with the least objective.
 */
#include "cost/search.h"

#include <math.h>
#include <string.h>

typedef struct {
  HdNest *nest;
  HdSearchResult *result;
  double *elements[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* by point, < 0: not computed */
  guint32 prefix[HD_COST_LOOPS_MAX + 1];                /* points of the present order */
  double left[HD_COST_LOOPS_MAX + 1];                   /* product of the loops from here on */
  guint8 counts[HD_KINDS_MAX];
  guint8 finished_at;                                   /* loops below which all reductions are */
  HdSolution s;
} Orderings;

typedef struct {
  guint8 operand, level;     /* own level */
  guint n;                   /* choices: n loops, from loop `from` on */
  guint from;
  gboolean top;
  guint8 loops[HD_COST_LOOPS_MAX + 1];
  double bits[HD_COST_LOOPS_MAX + 1], accesses[HD_COST_LOOPS_MAX + 1];
} Choices;

static double
tile_elements (Orderings *x, guint o, guint l, guint32 id)
{
  double *e = &x->elements[o][l][id];

  if (*e < 0) {
    HdPoint point;
    _hd_nest_point (x->nest, id, &point);
    *e = (double) _hd_nest_bits (x->nest, o, l, &point, FALSE) / x->nest->shape->operand[o].bits;
  }
  return *e;
}

/* FALSE: the operand's next tile does not fit at all, or not all of it does at its top. */
static gboolean
list_choices (Orderings *x, guint o, guint l, guint from, double room, Choices *c)
{
  gboolean top = l + 1 == x->nest->n_levels[o];
  guint bits = o == HD_OPERAND_OUTPUT && from < x->finished_at ? x->nest->shape->partial_bits : x->nest->shape->operand[o].bits;

  c->operand = (guint8) o;
  c->level = (guint8) l;
  c->from = from;
  c->top = top;
  c->n = 0;
  for (guint k = 0; from + k <= x->s.n; k++) {
    double size = tile_elements (x, o, l, x->prefix[from + k]) * bits;
    if (size > room)
      break;
    c->loops[c->n] = (guint8) k;
    c->bits[c->n] = size;
    c->accesses[c->n++] = top ? 0 : x->left[from + k] * size;
  }
  if (c->n == 0 || (top && c->loops[c->n - 1] + from != x->s.n))
    return FALSE;
  if (top) {
    c->loops[0] = c->loops[c->n - 1];
    c->bits[0] = c->bits[c->n - 1];
    c->accesses[0] = 0;
    c->n = 1;
  }
  return TRUE;
}

/* The combination with the fewest accesses that fits; the last operand varies fastest, the last minimum stays. */
static gboolean
choose (const Choices *c, guint n, double room, guint *chosen)
{
  double best = INFINITY;
  guint i[HD_N_OPERANDS] = { 0 };

  for (;;) {
    double bits = 0, accesses = 0;
    guint at = n;
    for (guint j = 0; j < n; j++) {
      bits += c[j].bits[i[j]];
      accesses += c[j].accesses[i[j]];
    }
    if (bits <= room && accesses <= best) {
      best = accesses;
      memcpy (chosen, i, sizeof i);
    }
    while (at > 0 && ++i[at - 1] == c[at - 1].n)
      i[--at] = 0;
    if (at == 0)
      return isfinite (best);
  }
}

/* FALSE: the order does not fit. */
static gboolean
split (Orderings *x)
{
  HdNest *nest = x->nest;
  guint own[HD_N_OPERANDS] = { 0 }, from[HD_N_OPERANDS] = { 0 }, chosen[HD_N_OPERANDS];
  Choices c[HD_N_OPERANDS];

  for (guint id = 0; id < nest->core->n_levels; id++) {
    double room = (double) _hd_level_room (&nest->core->level[id]);
    guint n = 0;
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      if (own[o] < nest->n_levels[o] && nest->level_id[o][own[o]] == id)
        if (!list_choices (x, o, own[o], from[o], room, &c[n++]))
          return FALSE;
    if (n > 0 && !choose (c, n, room, chosen))
      return FALSE;
    for (guint j = 0; j < n; j++) {
      guint o = c[j].operand;
      from[o] += c[j].loops[chosen[j]];
      x->s.below[o][own[o]++] = (guint8) from[o];
    }
  }
  return TRUE;
}

/* Energy alone decides most of the time: timing is only computed for what is not worse. */
static double
energy (Orderings *x)
{
  HdNest *nest = x->nest;
  double pj = nest->array_pj + (double) nest->shape->macs * nest->core->mac_pj;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b + 1 < nest->n_levels[o]; b++) {
      guint at = x->s.below[o][b];
      while (at < x->s.n && !((nest->shape->operand[o].relevant >> nest->kind[x->s.loop[at]].rank) & 1))
        at++;
      pj += _hd_digest (nest, o, b, x->prefix[at])->counted;
    }
  return pj;
}

static void
evaluate (Orderings *x)
{
  gboolean by_energy = x->nest->q->options->objective == HD_OBJECTIVE_ENERGY;

  x->result->evaluations++;
  if (!split (x))
    return;
  if (by_energy && x->result->found && energy (x) > x->result->best.value * (1 + 1e-12))
    return;
  _hd_solution_evaluate (x->nest, &x->s);
  if (!x->result->found || _hd_solution_better (&x->s, &x->result->best))
    x->result->best = x->s;
  x->result->found = TRUE;
}

static void
finish_order (Orderings *x)
{
  guint n = x->s.n;

  x->left[n] = 1;
  x->finished_at = 0;
  for (guint i = n; i-- > 0;) {
    x->left[i] = x->left[i + 1] * (double) x->nest->kind[x->s.loop[i]].factor;
    if (x->finished_at == 0 && !hd_nest_relevant (x->nest, HD_OPERAND_OUTPUT, x->nest->kind[x->s.loop[i]].rank))
      x->finished_at = (guint8) (i + 1);
  }
  evaluate (x);
}

static void
permute (Orderings *x, guint at)
{
  HdNest *nest = x->nest;

  if (at == x->s.n) {
    finish_order (x);
    return;
  }
  for (guint k = 0; k < nest->n_kinds; k++) {
    if (x->counts[k] == 0 || (nest->ordered && nest->order[at] != k))
      continue;
    if (nest->q->options->budget && x->result->evaluations >= nest->q->options->budget)
      return;
    x->counts[k]--;
    x->s.loop[at] = (guint8) k;
    x->prefix[at + 1] = x->prefix[at] + nest->kind[k].stride;
    permute (x, at + 1);
    x->counts[k]++;
  }
}

void
_hd_search_orderings (HdNest *nest, HdSearchResult *result)
{
  Orderings *x = g_new0 (Orderings, 1);

  x->nest = nest;
  x->result = result;
  x->s.n = nest->n_factors;
  for (guint k = 0; k < nest->n_kinds; k++)
    x->counts[k] = (guint8) nest->kind[k].count;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++) {
      x->elements[o][l] = g_new (double, nest->n_points);
      for (guint32 i = 0; i < nest->n_points; i++)
        x->elements[o][l][i] = -1;
    }
  permute (x, 0);
  result->bound = result->best.value;
  if (!result->found)
    result->why = g_strdup ("no order of its loops fits the levels");
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++)
      g_free (x->elements[o][l]);
  g_free (x);
}
