/* The simple rules: no memory levels inside the core.
 *
 *     cycles = product over ranks of ceil (size / unrolling), with the dataflow that gives the least
 *     energy = MACs * price + each operand's bits once at the price of the memory where it stands
 *
 * Where the core names no dataflow, each array dimension takes the rank that leaves the fewest cycles, tried exhaustively.
 */
#include "cost/cost.h"

/* Unrolling by rank for one dataflow, cut to the sizes. */
static void
unroll_dataflow (const HdCostShape *shape, const HdDataflow *dataflow, guint64 *unroll)
{
  for (guint r = 0; r < shape->n_ranks; r++)
    unroll[r] = 1;
  for (guint u = 0; u < dataflow->n_unrolls; u++) {
    int r = _hd_cost_find_rank (shape->layer, dataflow, dataflow->unroll[u].rank);
    if (r >= 0)
      unroll[r] = MIN (unroll[r] * dataflow->unroll[u].factor, shape->size[r]);
  }
}

static guint64
steps (const HdCostShape *shape, const guint64 *unroll)
{
  guint64 product = 1;

  for (guint r = 0; r < shape->n_ranks; r++)
    product *= hd_ceil_div (shape->size[r], unroll[r]);
  return product;
}

/* Dimension after dimension takes each rank in turn. */
static guint64
best_assignment (const HdCostQuestion *q, guint dimension, guint64 *unroll)
{
  const HdCostShape *shape = q->shape;
  guint64 best = G_MAXUINT64;

  if (dimension == q->core->n_dimensions)
    return steps (shape, unroll);
  for (guint r = 0; r < shape->n_ranks; r++) {
    guint64 before = unroll[r];
    if (shape->size[r] == 1 && r > 0)
      continue;
    unroll[r] = MIN (before * MIN (q->core->dimension_size[dimension], shape->size[r]), shape->size[r]);
    best = MIN (best, best_assignment (q, dimension + 1, unroll));
    unroll[r] = before;
  }
  return best;
}

static guint64
compute_cycles (const HdCostQuestion *q)
{
  guint64 unroll[HD_RANKS_MAX], best = G_MAXUINT64;

  for (guint d = 0; d < q->core->n_dataflows; d++) {
    unroll_dataflow (q->shape, &q->core->dataflow[d], unroll);
    best = MIN (best, steps (q->shape, unroll));
  }
  if (best < G_MAXUINT64)
    return best;
  for (guint r = 0; r < q->shape->n_ranks; r++)
    unroll[r] = 1;
  return best_assignment (q, 0, unroll);
}

gboolean
_hd_cost_simple (const HdCostQuestion *q, HdCostReport *report, GError **error)
{
  HdNodeCost *cost = &report->cost;
  guint64 units = 1;

  for (guint d = 0; d < q->core->n_dimensions; d++)
    if (!hd_mul_u64 (units, q->core->dimension_size[d], &units)) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core %s: its array is too large", q->core->id);
      return FALSE;
    }
  cost->macs = q->shape->macs;
  cost->ideal_cycles = hd_ceil_div (cost->macs, units);
  cost->compute_cycles = compute_cycles (q);
  cost->cycles = cost->compute_cycles;
  cost->mac_energy_pj = (double) cost->macs * q->core->mac_pj;
  cost->energy_pj = cost->mac_energy_pj + _hd_cost_moved_pj (q);
  cost->evaluations = 1;
  return TRUE;
}
