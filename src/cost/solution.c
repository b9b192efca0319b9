/* A temporal mapping: what it is worth, and whether it fits. */
#include "cost/search.h"

#include <math.h>

double
_hd_cost_objective (const HdCostOptions *options, double pj, double cycles)
{
  switch (options->objective) {
  case HD_OBJECTIVE_ENERGY: return pj;
  case HD_OBJECTIVE_LATENCY: return cycles;
  default: return pj * cycles;
  }
}

void
_hd_solution_evaluate (HdNest *nest, HdSolution *s)
{
  const HdCostOptions *options = nest->q->options;
  HdChain chain;
  double share = _hd_nest_load_share (nest), cycles, pj;

  _hd_chain_init (nest, s->loop, s->n, s->below, &chain);
  _hd_timing_evaluate (nest, &chain, &s->timing);
  cycles = (double) (nest->total + s->timing.stall + s->timing.input + (options->rules == HD_RULES_ZIGZAG ? 0 : s->timing.offload)) + (double) s->timing.load * share;
  pj = s->timing.pj + s->timing.load_pj * share + (double) nest->shape->macs * nest->core->mac_pj;
  s->value = MAX (_hd_cost_objective (options, pj, cycles), nest->tied_pj);
  s->second = options->objective == HD_OBJECTIVE_ENERGY ? cycles : pj;
  s->third = nest->tied_pj > 0 ? pj : options->rules == HD_RULES_ZIGZAG ? 0 : s->timing.pj;
}

/* Sums of the same energies in another order differ in their last bits: those are ties. */
static int
compare (double a, double b)
{
  if (fabs (a - b) <= 1e-12 * MAX (fabs (a), fabs (b)))
    return 0;
  return a < b ? -1 : 1;
}

gboolean
_hd_solution_better (const HdSolution *a, const HdSolution *b)
{
  int c = compare (a->value, b->value);

  if (c == 0)
    c = compare (a->second, b->second);
  return c < 0 || (c == 0 && compare (a->third, b->third) < 0);
}

gboolean
_hd_solution_fits (HdNest *nest, const HdSolution *s)
{
  guint64 used[HD_COST_LEVELS_MAX] = { 0 };
  guint32 prefix[HD_COST_LOOPS_MAX + 1] = { 0 };

  for (guint i = 0; i < s->n; i++)
    prefix[i + 1] = prefix[i] + nest->kind[s->loop[i]].stride;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++) {
      HdPoint point, before;
      guint64 *sum = &used[nest->level_id[o][l]];
      _hd_nest_point (nest, l + 1 == nest->n_levels[o] ? nest->n_points - 1 : prefix[s->below[o][l]], &point);
      _hd_nest_point (nest, l == 0 ? 0 : prefix[s->below[o][l - 1]], &before);
      if (!hd_add_u64 (*sum, _hd_nest_bits (nest, o, l, &point, o == HD_OPERAND_OUTPUT && _hd_nest_unfinished (nest, &before)), sum) ||
          *sum > _hd_level_room (hd_nest_level (nest, o, l)))
        return FALSE;
    }
  return TRUE;
}
