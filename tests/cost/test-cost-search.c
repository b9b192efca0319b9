/* The search against enumeration: every order of the factors, every split over the levels, one by one through the public interface. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cost/toy.h"

#include <math.h>
#include <string.h>

typedef struct {
  Toy *toy;
  HdCostOptions options;
  HdCostMapping mapping;
  guint n_levels[HD_N_OPERANDS];
  double best;
  guint64 feasible;
  GArray *pj, *cycles;      /* of every mapping, nullable */
} Enumeration;

static double
value_of (const HdCostOptions *options, const HdNodeCost *cost)
{
  double pj = cost->energy_pj + cost->load_energy_pj;
  guint64 cycles = cost->cycles + cost->load_cycles;

  switch (options->objective) {
  case HD_OBJECTIVE_ENERGY: return pj;
  case HD_OBJECTIVE_LATENCY: return (double) cycles;
  default: return pj * (double) cycles;
  }
}

static void
try_mapping (Enumeration *e)
{
  HdBox box = hd_layer_whole_box (&e->toy->layer);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&e->toy->platform, &e->toy->workload, &e->options);
  HdNodeCost cost;

  cr_assert (hd_cost_model_set_mapping (model, 0, 0, &e->mapping, NULL));
  if (!hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL))
    return;
  e->feasible++;
  e->best = MIN (e->best, value_of (&e->options, &cost));
  if (e->pj) {
    double pj = cost.energy_pj + cost.load_energy_pj;
    guint64 cycles = cost.cycles + cost.load_cycles;
    g_array_append_val (e->pj, pj);
    g_array_append_val (e->cycles, cycles);
  }
}

/* The fewest cycles of all mappings that need at most @pj. */
static guint64
fastest_within (const Enumeration *e, double pj)
{
  guint64 fewest = G_MAXUINT64;

  for (guint i = 0; i < e->pj->len; i++)
    if (g_array_index (e->pj, double, i) <= pj)
      fewest = MIN (fewest, g_array_index (e->cycles, guint64, i));
  return fewest;
}

static void
every_split (Enumeration *e, guint operand, guint level, guint from)
{
  if (operand == HD_N_OPERANDS) {
    try_mapping (e);
    return;
  }
  if (level + 1 >= e->n_levels[operand]) {
    e->mapping.below[operand][level] = (guint8) e->mapping.n_loops;
    every_split (e, operand + 1, 0, 0);
    return;
  }
  for (guint at = from; at <= e->mapping.n_loops; at++) {
    e->mapping.below[operand][level] = (guint8) at;
    every_split (e, operand, level + 1, at);
  }
}

static void
every_order (Enumeration *e, guint at)
{
  if (at == e->mapping.n_loops)
    every_split (e, 0, 0, 0);
  for (guint i = at; i < e->mapping.n_loops; i++) {
    HdLoop a = e->mapping.loop[at], b = e->mapping.loop[i];
    gboolean seen = FALSE;
    for (guint j = at; j < i; j++)
      seen |= e->mapping.loop[j].rank == b.rank && e->mapping.loop[j].factor == b.factor;
    if (seen)
      continue;
    e->mapping.loop[at] = b;
    e->mapping.loop[i] = a;
    every_order (e, at + 1);
    e->mapping.loop[at] = a;
    e->mapping.loop[i] = b;
  }
}

static guint64
pick (HdRandom *random, guint64 from, guint64 to)
{
  return from + hd_random_below (random, to - from + 1);
}

/* A machine small enough to enumerate and tight enough that splits matter. */
static void
random_problem (HdRandom *random, Enumeration *e)
{
  static const guint masks[][4] = { { 2, 5, 7, 0 }, { 4, 3, 7, 0 }, { 7, 7, 0, 0 }, { 2, 4, 7, 7 }, { 1, 6, 7, 0 } };
  const guint *mask = masks[hd_random_below (random, G_N_ELEMENTS (masks))];
  guint64 one = 1, steps[HD_RANKS_MAX];

  toy_init (e->toy, 1, &one);
  for (guint l = 0; mask[l]; l++) {
    gboolean top = !mask[l + 1];
    HdLevel *level = toy_level (e->toy, "level", mask[l], top ? HD_UNLIMITED_BITS : pick (random, 2, 20) * 16 * (l + 1), pick (random, 1, 4) * 8, 1, (double) pick (random, 1, 5) * (l + 1) * (l + 1),
                                (double) pick (random, 1, 5) * (l + 1) * (l + 1));
    level->double_buffered = !top && hd_random_below (random, 4) == 0;
    if (hd_random_below (random, 3) == 0) {
      level->n_ports = 1;
      level->port_kind[0] = HD_PORT_READ_WRITE;
      memset (level->port_of, 0, sizeof level->port_of);
    }
  }
  if (hd_random_below (random, 2))
    toy_conv (e->toy, pick (random, 1, 3), pick (random, 1, 2), pick (random, 1, 4), 1, pick (random, 1, 2), 1, 1, 1, 0);
  else
    toy_matmul (e->toy, pick (random, 1, 4), pick (random, 1, 4), pick (random, 1, 4), FALSE);
  memset (&e->mapping, 0, sizeof e->mapping);
  for (guint r = 0; r < e->toy->layer.n_ranks; r++)
    for (guint64 p = 2, left = steps[r] = e->toy->layer.rank[r].size; left > 1; p++)
      for (; left % p == 0; left /= p)
        e->mapping.loop[e->mapping.n_loops++] = (HdLoop) { r, p };
  e->mapping.has_loops = e->mapping.has_split = TRUE;
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    e->n_levels[o] = 0;
    for (guint l = 0; l < e->toy->core.n_levels; l++)
      e->n_levels[o] += (e->toy->level[l].operands >> o) & 1;
  }
}

static guint64
combinations (const Enumeration *e)
{
  guint64 n = 1;

  for (guint i = 2; i <= e->mapping.n_loops; i++)
    n *= i;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 1; l < e->n_levels[o]; l++)
      n *= e->mapping.n_loops + 1;
  return n;
}

static guint
check_problems (HdObjective objective, guint64 seed, guint problems, guint64 most)
{
  HdRandom random;
  Toy *toy = g_new (Toy, 1);
  guint proven = 0;

  hd_random_init (&random, seed);
  for (guint n = 0; n < problems;) {
    Enumeration e = { .toy = toy, .options = { .objective = objective, .budget = 1000000, .repeats = 1 }, .best = INFINITY };
    HdNodeCost cost;
    gboolean found;
    random_problem (&random, &e);
    if (combinations (&e) > most)
      continue;
    n++;
    every_order (&e, 0);
    HdBox box = hd_layer_whole_box (&toy->layer);
    g_autoptr (HdCostModel) model = hd_cost_model_new (&toy->platform, &toy->workload, &e.options);
    g_autoptr (GError) error = NULL;
    found = hd_cost_node (model, 0, 0, &box, NULL, &cost, &error);
    cr_assert (found == (e.feasible > 0), "problem %u: found %d, feasible %d: %s", n, found, (int) e.feasible, error ? error->message : "");
    if (!found)
      continue;
    cr_assert (value_of (&e.options, &cost) >= e.best * (1 - 1e-9), "problem %u: %g is better than the best %g", n, value_of (&e.options, &cost), e.best);
    if (cost.gap > 0)
      continue;
    proven++;
    cr_assert (value_of (&e.options, &cost) <= e.best * (1 + 1e-9), "problem %u: found %.12g, best is %.12g", n, value_of (&e.options, &cost), e.best);
  }
  g_free (toy);
  return proven;
}

Test (search, finds_the_least_energy)
{
  cr_assert (ge (uint, check_problems (HD_OBJECTIVE_ENERGY, 1, 60, 60000), 30));
}

Test (search, finds_the_least_latency)
{
  cr_assert (ge (uint, check_problems (HD_OBJECTIVE_LATENCY, 2, 40, 40000), 20));
}

Test (search, finds_the_least_product)
{
  cr_assert (ge (uint, check_problems (HD_OBJECTIVE_EDP, 3, 40, 40000), 20));
}

/* Of all mappings within a tenth of the least energy the fastest; without a tolerance the fastest of the least. */
Test (search, takes_the_fastest_of_nearly_equal_energies)
{
  static const double ties[] = { 0, 0.1 };
  HdRandom random;
  Toy *toy = g_new (Toy, 1);
  guint traded = 0;

  hd_random_init (&random, 4);
  for (guint n = 0; n < 40;) {
    Enumeration e = { .toy = toy, .options = { .repeats = 1 }, .best = INFINITY };
    HdNodeCost cost[2];
    random_problem (&random, &e);
    if (combinations (&e) > 30000)
      continue;
    n++;
    e.pj = g_array_new (FALSE, FALSE, sizeof (double));
    e.cycles = g_array_new (FALSE, FALSE, sizeof (guint64));
    every_order (&e, 0);
    HdBox box = hd_layer_whole_box (&toy->layer);
    for (guint t = 0; t < 2 && e.feasible > 0; t++) {
      e.options.tie = ties[t];
      g_autoptr (HdCostModel) model = hd_cost_model_new (&toy->platform, &toy->workload, &e.options);
      cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost[t], NULL));
      cr_assert (le (dbl, value_of (&e.options, &cost[t]), e.best * (1 + ties[t]) * (1 + 1e-9)));
      cr_assert (cost[t].cycles + cost[t].load_cycles == fastest_within (&e, e.best * (1 + ties[t]) * (1 + 1e-9)), "problem %u, tolerance %g: %d cycles, the fastest takes %d", n, ties[t],
                 (int) (cost[t].cycles + cost[t].load_cycles), (int) fastest_within (&e, e.best * (1 + ties[t]) * (1 + 1e-9)));
      cr_assert (eq (dbl, cost[t].gap, 0));
    }
    if (e.feasible > 0)
      traded += cost[1].cycles + cost[1].load_cycles < cost[0].cycles + cost[0].load_cycles;
    g_array_unref (e.pj);
    g_array_unref (e.cycles);
  }
  g_free (toy);
  cr_assert (ge (uint, traded, 3));
}

/* A larger budget is never worse, and the smallest finds a mapping where there is one. */
Test (search, more_budget_is_never_worse)
{
  static const HdObjective objectives[] = { HD_OBJECTIVE_ENERGY, HD_OBJECTIVE_LATENCY, HD_OBJECTIVE_EDP };
  static const guint64 budgets[] = { 1, 3, 10, 30, 100, 300, 1000, 100000 };
  HdRandom random;
  Toy *toy = g_new (Toy, 1);
  guint improved = 0, found = 0;

  hd_random_init (&random, 5);
  for (guint n = 0; n < 120; n++) {
    Enumeration e = { .toy = toy, .options = { .objective = objectives[n % 3], .repeats = 1 } };
    double before = INFINITY;
    random_problem (&random, &e);
    HdBox box = hd_layer_whole_box (&toy->layer);
    for (guint b = 0; b < G_N_ELEMENTS (budgets); b++) {
      HdNodeCost cost;
      e.options.budget = budgets[b];
      g_autoptr (HdCostModel) model = hd_cost_model_new (&toy->platform, &toy->workload, &e.options);
      gboolean ok = hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL);
      double value = ok ? value_of (&e.options, &cost) : INFINITY;
      cr_assert (b == 0 || ok == isfinite (before), "problem %u: budget %d", n, (int) budgets[b]);
      cr_assert (value <= before * (1 + 1e-12), "problem %u: budget %d gives %.12g, a smaller one %.12g", n, (int) budgets[b], value, before);
      improved += b > 0 && value < before * (1 - 1e-12);
      found += ok;
      before = value;
    }
  }
  g_free (toy);
  cr_assert (gt (uint, improved, 5));
  cr_assert (gt (uint, found, 400));
}
