/* The published search, reproduced: FSRCNN layer by layer on the machine Meta_prototype_DF, as DeFiNES (2022-11) recorded it.
 *
 * The tool keeps each map at the lowest level that holds it and costs one layer after the other. Its totals, without copies between levels, at a limit of 6, 7 and 8
 * factors; latency 1 (with first loads, without last stores). Evaluations are the distinct orders, which it counts too.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <heddle/cost.h>

#include <math.h>

typedef struct {
  double pj;
  guint64 cycles, evaluations;
} Total;

static char *
source_file (const char *folder, const char *name)
{
  return g_build_filename (g_getenv ("HEDDLE_SRCDIR"), folder, name, NULL);
}

static Total
cost_network (const HdCostOptions *options)
{
  g_autofree char *platform_file = source_file ("platforms", "meta-prototype-df.xml"), *workload_file = source_file ("workloads", "fsrcnn-nopad.xml");
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_file, NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (workload_file, NULL, NULL);
  g_autoptr (HdCostModel) model = hd_cost_model_new (platform, workload, options);
  Total total = { 0 };

  for (guint l = 0; l < workload->n_layers; l++) {
    HdBox box = hd_layer_whole_box (&workload->layers[l]);
    HdCostPlace place;
    HdNodeCost cost;
    cr_assert (hd_cost_place_lowest (model, 0, l, &box, l + 1 == workload->n_layers, &place, NULL));
    cr_assert (hd_cost_node (model, 0, l, &box, &place, &cost, NULL));
    total.pj += cost.energy_pj + cost.load_energy_pj;
    total.cycles += cost.cycles + cost.load_cycles;
    total.evaluations += cost.evaluations;
  }
  return total;
}

static Total
published_search (guint factor_limit)
{
  HdCostOptions options = { .rules = HD_RULES_ZIGZAG, .search = HD_SEARCH_ORDERINGS, .factor_limit = factor_limit, .whole = TRUE };

  return cost_network (&options);
}

static void
assert_near (double actual, double expected)
{
  cr_assert (fabs (actual - expected) <= 1e-9 * expected, "%.3f pJ, expected %.3f", actual, expected);
}

Test (published, limit_6)
{
  Total t = published_search (6);

  assert_near (t.pj, 20217249298.765);
  cr_assert (eq (u64, t.cycles, 29008303 - 67450));
  cr_assert (eq (u64, t.evaluations, 5760));
}

Test (published, limit_7)
{
  Total t = published_search (7);

  assert_near (t.pj, 19118113647.515 - 48012596.25);
  cr_assert (eq (u64, t.cycles, 28997573 - 67450));
  cr_assert (eq (u64, t.evaluations, 37800));
}

Test (published, limit_8_counts_the_same_orders)
{
  cr_assert (eq (u64, published_search (8).evaluations, 208320));
}

Test (published, optimal_search_is_never_above_it)
{
  HdCostOptions options = { .rules = HD_RULES_ZIGZAG, .whole = TRUE };

  cr_assert (lt (dbl, cost_network (&options).pj, published_search (8).pj));
}
