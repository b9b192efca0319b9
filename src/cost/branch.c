/* Searches for all objectives, on top of the cheapest walk (search.c).
 *
 * Energy: the walk is the answer; what is left is the order of loops between boundaries, which only time depends on (_hd_search_polish).
 *
 * Latency and the product: cheapest walks under a few weights of energy and port cycles give good mappings, climbing (climb.c) better ones; then branch and bound over whole orders and splits. A partial walk is left when
 * even its bound, energy so far and at least to come, and cycles that closed boundaries need at a port, is no better than the best. When that ends within the budget the
 * best is proven; else a bound for the whole space says by how far it can be off.
 */
#include "cost/search.h"

#include <math.h>
#include <string.h>

#define DEFAULT_BUDGET 5000

/* --- order between boundaries ------------------------------------------------------------------------------- */

static gboolean
is_boundary (const HdNest *nest, const HdSolution *s, guint at)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l + 1 < nest->n_levels[o]; l++)
      if (s->below[o][l] == at)
        return TRUE;
  return at == s->n;
}

static void
move_loop (HdSolution *s, guint from, guint to)
{
  guint8 loop = s->loop[from];

  memmove (&s->loop[from], &s->loop[from + 1], to - from);
  s->loop[to] = loop;
}

/* Tries each loop of [from, to) as the last, and each other as the one before. */
static gboolean
polish_segment (HdNest *nest, HdSolution *best, guint from, guint to, guint64 *evaluations)
{
  HdSolution start = *best;
  gboolean improved = FALSE;

  for (guint i = from; i < to; i++)
    for (guint j = from; j + 1 < to; j++)
      {
        HdSolution trial = start;
        if ((i > from && start.loop[i] == start.loop[i - 1]) || (to - from == 2 && j > from))
          continue;
        move_loop (&trial, i, to - 1);
        if (j > from && trial.loop[j] == trial.loop[j - 1])
          continue;
        move_loop (&trial, j, to - 2);
        _hd_solution_evaluate (nest, &trial);
        ++*evaluations;
        if (_hd_solution_better (&trial, best))
          {
            *best = trial;
            improved = TRUE;
          }
      }
  return improved;
}

void
_hd_search_polish (HdNest *nest, HdSolution *solution, guint64 *evaluations)
{
  gboolean improved = !nest->ordered;

  for (guint pass = 0; pass < 3 && improved; pass++)
    {
      improved = FALSE;
      for (guint to = 1, from = 0; to <= solution->n; to++)
        if (is_boundary (nest, solution, to))
          {
            if (to - from >= 2)
              improved |= polish_segment (nest, solution, from, to, evaluations);
            from = to;
          }
    }
}

/* --- branch and bound ---------------------------------------------------------------------------------------- */

typedef struct {
  HdNest *nest;
  HdSearchResult *result;
  double least_pj[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* of each boundary anywhere */
  HdSolution walk;
  guint8 level[HD_N_OPERANDS];                         /* open level */
  guint32 at[HD_N_OPERANDS][HD_COST_LEVELS_MAX];       /* points of closed boundaries */
  guint32 point;
  double pj;                                           /* array, closed boundaries, and at least for the open ones */
  guint64 nodes, budget;
  gboolean truncated;
} Branch;

/* Cycles that closed boundaries need at one port beyond what there is. */
static double
port_excess (const Branch *b, guint port)
{
  HdNest *nest = b->nest;
  double demand = 0;

  for (guint i = nest->port_begin[port]; i < nest->port_begin[port + 1]; i++)
    {
      const HdSlot *slot = &nest->slot[i];
      const HdDigest *d = &nest->array[slot->operand];
      if (slot->boundary >= (int) b->level[slot->operand])
        continue;
      if (slot->boundary >= 0)
        d = _hd_digest (nest, slot->operand, (guint) slot->boundary, b->at[slot->operand][slot->boundary]);
      demand += (double) d->real[slot->end][slot->movement] * (double) d->steady[slot->movement];
    }
  return demand - (double) nest->total;
}

/* Nothing that begins like this is better than the best. A boundary may still move up over loops that its data do not depend on, which only saves: such walks are bounded where they close later. */
static gboolean
hopeless (const Branch *b)
{
  const HdCostOptions *options = b->nest->q->options;
  double excess = 0, pj = b->pj + (double) b->nest->shape->macs * b->nest->core->mac_pj, value;

  for (guint p = 0; p < b->nest->n_ports; p++)
    excess = MAX (excess, port_excess (b, p));
  value = _hd_cost_objective (options, pj, (double) b->nest->total + excess);
  return b->result->found && (value > b->result->best.value * (1 + 1e-12) || (value >= b->result->best.value * (1 - 1e-12) && pj >= b->result->best.second * (1 - 1e-12)));
}

static void
leaf (Branch *b, const HdPoint *point)
{
  HdSolution s = b->walk;

  for (; b->nest->ordered && s.n < b->nest->n_factors; s.n++)
    s.loop[s.n] = b->nest->order[s.n];
  for (guint k = 0; !b->nest->ordered && k < b->nest->n_kinds; k++)
    for (guint c = point->count[k]; c < b->nest->kind[k].count; c++)
      s.loop[s.n++] = (guint8) k;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (b->nest->n_levels[o] > 0)
      s.below[o][b->nest->n_levels[o] - 1] = (guint8) s.n;
  b->result->evaluations++;
  if (!_hd_solution_fits (b->nest, &s))
    return;
  _hd_solution_evaluate (b->nest, &s);
  if (!b->result->found || _hd_solution_better (&s, &b->result->best))
    b->result->best = s;
  b->result->found = TRUE;
}

static gboolean
tile_fits (Branch *b, guint o, const HdPoint *point)
{
  gboolean unfinished = o == HD_OPERAND_OUTPUT && _hd_nest_unfinished (b->nest, point);

  return _hd_nest_bits (b->nest, o, b->level[o], point, unfinished) <= _hd_level_room (hd_nest_level (b->nest, o, b->level[o]));
}

static void descend (Branch *b, guint least_operand);

/* Closes operand after operand at one point in ascending order, so that each set is met once. */
static void
descend_closing (Branch *b, guint o, const HdPoint *point)
{
  guint l = b->level[o];
  double before = b->pj;

  if (l + 1u >= b->nest->n_levels[o] || !tile_fits (b, o, point))
    return;
  b->at[o][l] = b->point;
  b->walk.below[o][l] = (guint8) b->walk.n;
  b->pj += _hd_digest (b->nest, o, l, b->point)->counted - b->least_pj[o][l];
  b->level[o]++;
  if (!hopeless (b))
    descend (b, o);
  b->level[o]--;
  b->pj = before;
}

static void
descend (Branch *b, guint least_operand)
{
  gboolean all_closed = TRUE;
  HdPoint point;

  if (++b->nodes > b->budget)
    {
      b->truncated = TRUE;
      return;
    }
  _hd_nest_point (b->nest, b->point, &point);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    all_closed &= b->level[o] + 1u >= b->nest->n_levels[o];
  if (all_closed && (!b->nest->pinned || b->point + 1 == b->nest->n_points))
    {
      leaf (b, &point);
      return;
    }
  for (guint o = least_operand; o < HD_N_OPERANDS; o++)
    descend_closing (b, o, &point);
  for (guint k = 0; k < b->nest->n_kinds && !b->truncated; k++)
    if (point.count[k] < b->nest->kind[k].count && (!b->nest->ordered || (b->nest->order[b->walk.n] == k && hd_nest_may_stand (b->nest, b->walk.n, b->level))))
      {
        b->walk.loop[b->walk.n++] = (guint8) k;
        b->point += b->nest->kind[k].stride;
        descend (b, 0);
        b->point -= b->nest->kind[k].stride;
        b->walk.n--;
      }
}

/* --- bounds for the whole space ---------------------------------------------------------------------------------- */

/* Least over all points where it can be, per operand and boundary; also of the cycles at each port. */
static double
least_over_points (HdNest *nest, guint o, guint b, const HdSlot *slot)
{
  double least = INFINITY;
  HdPoint point;

  for (guint32 id = 0; id < nest->n_points; id++)
    {
      const HdDigest *d;
      _hd_nest_point (nest, id, &point);
      if (_hd_nest_bits (nest, o, b, &point, o == HD_OPERAND_OUTPUT && _hd_nest_unfinished (nest, &point)) > _hd_level_room (hd_nest_level (nest, o, b)))
        continue;
      d = _hd_digest (nest, o, b, id);
      least = MIN (least, slot ? (double) d->real[slot->end][slot->movement] * (double) d->steady[slot->movement] : d->counted);
    }
  return least;
}

static double
least_cycles (HdNest *nest)
{
  double most = 0;

  for (guint p = 0; p < nest->n_ports; p++)
    {
      double demand = -(double) nest->total;
      for (guint i = nest->port_begin[p]; i < nest->port_begin[p + 1]; i++)
        {
          const HdSlot *slot = &nest->slot[i];
          const HdDigest *d = &nest->array[slot->operand];
          demand += slot->boundary < 0 ? (double) d->real[slot->end][slot->movement] * (double) d->steady[slot->movement]
                                       : least_over_points (nest, slot->operand, (guint) slot->boundary, slot);
        }
      most = MAX (most, demand);
    }
  return (double) nest->total + most;
}

/* --- starting points --------------------------------------------------------------------------------------------------- */

static void
weigh_port (const HdNest *nest, guint port, double weight, HdWeights *weights)
{
  for (guint i = nest->port_begin[port]; i < nest->port_begin[port + 1]; i++)
    if (nest->slot[i].boundary >= 0)
      weights->port[nest->slot[i].operand][nest->slot[i].boundary][nest->slot[i].end][nest->slot[i].movement] += weight;
}

static void
try_weights (HdNest *nest, const HdWeights *weights, HdSearchResult *result)
{
  HdSearchResult one = { .found = FALSE };

  _hd_search_walk (nest, weights, &one);
  if (one.found)
    {
      if (!nest->pinned)
        _hd_search_climb (nest, &one.best, &one.evaluations);
      if (!result->found || _hd_solution_better (&one.best, &result->best))
        result->best = one.best;
      result->found = TRUE;
    }
  else if (!result->why)
    result->why = g_steal_pointer (&one.why);
  g_free (one.why);
  result->evaluations += one.evaluations;
}

/* Each port by itself, all together, each with some energy. */
static void
start_points (HdNest *nest, HdSearchResult *result, double pj)
{
  double per_cycle = pj / (double) MAX (nest->total, 1);

  for (guint some = 0; some < 2; some++)
    for (guint p = 0; p <= nest->n_ports; p++)
      {
        HdWeights weights = { .energy = some ? 1 : 1e-6 };
        for (guint i = 0; i < nest->n_ports; i++)
          if (i == p || p == nest->n_ports)
            weigh_port (nest, i, some ? per_cycle : per_cycle * 1e3, &weights);
        try_weights (nest, &weights, result);
      }
}

static void
branch_and_bound (HdNest *nest, HdSearchResult *result)
{
  const HdCostOptions *options = nest->q->options;
  Branch b = { .nest = nest, .result = result, .budget = options->budget ? options->budget : DEFAULT_BUDGET };

  b.pj = nest->array_pj;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l + 1 < nest->n_levels[o]; l++)
      b.pj += b.least_pj[o][l] = least_over_points (nest, o, l, NULL);
  result->bound = _hd_cost_objective (options, b.pj + (double) nest->shape->macs * nest->core->mac_pj, least_cycles (nest));
  descend (&b, 0);
  if (!b.truncated)
    result->bound = result->best.value;
  result->bound = MIN (result->bound, result->best.value);
}

void
_hd_search_optimal (HdNest *nest, HdSearchResult *result)
{
  _hd_search_walk (nest, NULL, result);
  if (!result->found)
    return;
  _hd_search_polish (nest, &result->best, &result->evaluations);
  if (nest->q->options->objective == HD_OBJECTIVE_ENERGY)
    {
      if (nest->tied_pj > 0 && !nest->pinned)
        _hd_search_climb (nest, &result->best, &result->evaluations);
      result->bound = MIN (result->bound, result->best.value);
      return;
    }
  if (!nest->pinned)
    _hd_search_climb (nest, &result->best, &result->evaluations);
  start_points (nest, result, result->best.timing.pj + result->best.timing.load_pj);
  branch_and_bound (nest, result);
}

/* --- given mappings ------------------------------------------------------------------------------------------------------- */

void
_hd_search_given (HdNest *nest, HdSearchResult *result)
{
  const HdCostMapping *given = nest->q->given;

  if (!given->has_split)
    {
      _hd_search_optimal (nest, result);
      return;
    }
  result->best.n = nest->n_factors;
  memcpy (result->best.loop, nest->order, nest->n_factors);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++)
      {
        guint at = l + 1 == nest->n_levels[o] ? given->n_loops : MIN (given->below[o][l], given->n_loops), skipped = 0;
        for (guint i = 0; i < at; i++)
          skipped += given->loop[i].factor == 1;
        result->best.below[o][l] = (guint8) (at - skipped);
      }
  result->evaluations = 1;
  if (!_hd_solution_fits (nest, &result->best))
    {
      result->why = g_strdup ("the given split does not fit the levels");
      return;
    }
  _hd_solution_evaluate (nest, &result->best);
  result->bound = result->best.value;
  result->found = TRUE;
}
