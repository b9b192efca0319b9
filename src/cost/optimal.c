/* Searches for all objectives, on top of the cheapest walk (search.c).
 *
 * Energy: the walk is the answer; what is left is the order of loops between boundaries, which only time depends on (_hd_search_polish).
 *
 * Latency and the product: the cheapest walks under weights of energy and of all port cycles give good mappings, climbing (climb.c) better ones; then a best-first search (best-first.c) over whole orders and splits finds the best, or a bound for it.
 * Where that is not proven, walks that weigh one port each are tried as well.
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
    for (guint j = from; j + 1 < to; j++) {
      HdSolution trial = start;
      if ((i > from && start.loop[i] == start.loop[i - 1]) || (to - from == 2 && j > from))
        continue;
      move_loop (&trial, i, to - 1);
      if (j > from && trial.loop[j] == trial.loop[j - 1])
        continue;
      move_loop (&trial, j, to - 2);
      _hd_solution_evaluate (nest, &trial);
      ++*evaluations;
      if (_hd_solution_better (&trial, best)) {
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

  for (guint pass = 0; pass < 3 && improved; pass++) {
    improved = FALSE;
    for (guint to = 1, from = 0; to <= solution->n; to++)
      if (is_boundary (nest, solution, to)) {
        if (to - from >= 2)
          improved |= polish_segment (nest, solution, from, to, evaluations);
        from = to;
      }
  }
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
  if (one.found) {
    if (!nest->pinned)
      _hd_search_climb (nest, &one.best, &one.evaluations);
    if (!result->found || _hd_solution_better (&one.best, &result->best))
      result->best = one.best;
    result->found = TRUE;
  } else if (!result->why)
    result->why = g_steal_pointer (&one.why);
  g_free (one.why);
  result->evaluations += one.evaluations;
}

/* Ports @from .. @to - 1, each by itself; number n_ports is all together. Each with little energy and with some. */
static void
start_points (HdNest *nest, guint from, guint to, HdSearchResult *result, double pj)
{
  double per_cycle = pj / (double) MAX (nest->total, 1);

  for (guint some = 0; some < 2; some++)
    for (guint p = from; p < to; p++) {
      HdWeights weights = { .energy = some ? 1 : 1e-6 };
      for (guint i = 0; i < nest->n_ports; i++)
        if (i == p || p == nest->n_ports)
          weigh_port (nest, i, some ? per_cycle : per_cycle * 1e3, &weights);
      try_weights (nest, &weights, result);
    }
}

void
_hd_search_optimal (HdNest *nest, HdSearchResult *result)
{
  double pj;

  _hd_search_walk (nest, NULL, result);
  if (!result->found)
    return;
  _hd_search_polish (nest, &result->best, &result->evaluations);
  if (nest->q->options->objective == HD_OBJECTIVE_ENERGY) {
    if (nest->tied_pj > 0 && !nest->pinned)
      _hd_search_climb (nest, &result->best, &result->evaluations);
    result->bound = MIN (result->bound, result->best.value);
    return;
  }
  if (!nest->pinned)
    _hd_search_climb (nest, &result->best, &result->evaluations);
  pj = result->best.timing.pj + result->best.timing.load_pj;
  start_points (nest, nest->n_ports, nest->n_ports + 1, result, pj);
  _hd_search_best_first (nest, nest->q->options->budget ? nest->q->options->budget : DEFAULT_BUDGET, result);
  if (result->bound < result->best.value * (1 - 1e-12))
    start_points (nest, 0, nest->n_ports, result, pj);
}

/* --- given mappings ------------------------------------------------------------------------------------------------------- */

void
_hd_search_given (HdNest *nest, HdSearchResult *result)
{
  const HdCostMapping *given = nest->q->given;

  if (!given->has_split) {
    _hd_search_optimal (nest, result);
    return;
  }
  result->best.n = nest->n_factors;
  memcpy (result->best.loop, nest->order, nest->n_factors);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++) {
      guint at = l + 1 == nest->n_levels[o] ? given->n_loops : MIN (given->below[o][l], given->n_loops), skipped = 0;
      for (guint i = 0; i < at; i++)
        skipped += given->loop[i].factor == 1;
      result->best.below[o][l] = (guint8) (at - skipped);
    }
  result->evaluations = 1;
  if (!_hd_solution_fits (nest, &result->best)) {
    result->why = g_strdup ("the given split does not fit the levels");
    return;
  }
  _hd_solution_evaluate (nest, &result->best);
  result->bound = result->best.value;
  result->found = TRUE;
}
