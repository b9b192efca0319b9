/* How far what heddle finds is from the best that there is: small random networks on small machines, every mapping of the space run, in every order of its nodes.
 *
 * Two things are held against that: a search of a small budget, and the rule that stands in when no mapping is given. Both as a user gets them, with all that the pass can do (several
 * orders, parking); what the pass makes of each mapping counts among the best, too.
 */
#include "passes/all-orders.h"
#include "tiling/random-graph.h"

#include <criterion/criterion.h>
#include <heddle/explore.h>

#include <stdlib.h>

#define SPACE_MAX 1500     /* mappings; larger spaces are left out ... */
#define SPACE_MAX_SLOW 10000   /* ... or only run with HEDDLE_SLOW */
#define ORDERS_MAX 120     /* of a mapping's nodes; of those with more the pass chooses */
#define BUDGET 100         /* mappings that the search looks at; smaller spaces are left out, they leave nothing to search */

static const char *const MACHINES[] = {
  "core:2 sram:512B bus:32b dram:16b@200MHz",
  "core:2 sram:4KiB bus:64b dram:64b@200MHz",
  "core:3 sram:1KiB bus:16b dram:32b@200MHz",
};

static const HdExploreOptions LATENCY = { .priority = HD_PRIORITY_LATENCY, .cost = { .rules = HD_RULES_SIMPLE }, .n_metrics = 1, .metric = { HD_METRIC_CYCLES } };

/* --- all mappings ------------------------------------------------------------------------------------------------- */

typedef struct {
  double best;
  guint n_mappings, n_feasible, n_whole;   /* of the feasible ones, those whose orders were all run */
} All;

static void
try_mapping (const HdExploreSpace *space, const guint16 *genes, HdCostModel *cost, All *all)
{
  g_autoptr (HdMapping) mapping = hd_explore_space_mapping (space, genes, NULL);
  HdExploreScore score;
  all->n_mappings++;
  if (mapping == NULL || !hd_explore_score (space, mapping, FALSE, &score, NULL))
    return;
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, NULL);
  guint64 cycles = all_orders_best (mapping->platform, tiling, cost, 1, ORDERS_MAX);
  all->n_feasible++;
  all->n_whole += cycles != G_MAXUINT64;
  all->best = MIN (all->best, MIN (score.value[HD_METRIC_CYCLES], (double) cycles));
}

static All
best_of_all (const HdExploreSpace *space, HdCostModel *cost)
{
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  g_autofree guint16 *genes = g_new0 (guint16, problem->n_genes), *same = g_new (guint16, problem->n_genes);
  All all = { .best = G_MAXDOUBLE };
  for (guint i = 0; i < problem->n_genes;) {
    memcpy (same, genes, problem->n_genes * sizeof *genes);
    problem->repair (problem->data, same);
    if (memcmp (same, genes, problem->n_genes * sizeof *genes) == 0)
      try_mapping (space, genes, cost, &all);
    for (i = 0; i < problem->n_genes && ++genes[i] == problem->n_values[i]; i++)
      genes[i] = 0;
  }
  return all;
}

/* --- what is held against it ------------------------------------------------------------------------------------ */

static double
score_of (const HdExploreSpace *space, HdMapping *mapping)
{
  HdExploreScore score;
  return hd_explore_score (space, mapping, FALSE, &score, NULL) ? score.value[HD_METRIC_CYCLES] : G_MAXDOUBLE;
}

static double
run_again (const HdExploreSpace *space, const HdSearchResult *result, guint32 point)
{
  g_autoptr (HdMapping) mapping = hd_explore_space_mapping (space, result->genes + (gsize) point * result->n_genes, NULL);
  return score_of (space, mapping);
}

/* What the search began from, and the ten that it thinks best, are scheduled with all that the pass can do, as `heddle explore` does. */
static double
found_by_search (const HdExploreSpace *space)
{
  HdSearchOptions options = { .method = HD_SEARCH_COMBINED, .evaluations = BUDGET, .seed = 1, .threads = 1 };
  options.starts = hd_explore_space_starts (space, &options.n_starts);
  g_autoptr (HdSearchResult) result = hd_search_run (hd_explore_space_problem (space), &options, NULL);
  double found = G_MAXDOUBLE;
  for (guint32 point = 0; point < result->n_points; point++) {
    guint before = 0;
    for (guint32 other = 0; other < result->n_points; other++)
      before += result->feasible[other] && (result->objectives[other] < result->objectives[point] || (other < point && result->objectives[other] <= result->objectives[point]));
    if (result->feasible[point] && (before < 10 || point < options.n_starts))
      found = MIN (found, run_again (space, result, point));
  }
  return found;
}

typedef struct {
  double search, rule;
  double whole;   /* the share of mappings whose orders were all run */
} Gap;

/* FALSE when the case is of no use: too large, too small, or nothing fits. */
static gboolean
gap_of (guint64 seed, guint64 largest, Gap *gap)
{
  HdRandom random;
  hd_random_init (&random, seed);
  g_autoptr (HdWorkload) workload = random_workload (&random);
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic (MACHINES[seed % G_N_ELEMENTS (MACHINES)], NULL);
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, &LATENCY, NULL);
  guint64 size = space != NULL ? hd_search_size (hd_explore_space_problem (space)) : 0;
  if (size <= BUDGET || size > largest)
    return FALSE;
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, &LATENCY.cost);
  All all = best_of_all (space, cost);
  if (all.n_feasible == 0)
    return FALSE;
  g_autoptr (HdMapping) rule = hd_explore_allocate (workload, platform, &LATENCY, NULL);
  cr_assert_not_null (rule, "seed %lu", (gulong) seed);
  *gap = (Gap) { found_by_search (space) / all.best, score_of (space, rule) / all.best, (double) all.n_whole / all.n_feasible };
  cr_assert (gap->search >= 1 && gap->rule >= 1, "seed %lu", (gulong) seed);
  cr_log_info ("seed %lu: %lu genomes, %u mappings, %u feasible, orders of %u; best %.0f cycles, search %.4f, rule %.4f", (gulong) seed, (gulong) size, all.n_mappings, all.n_feasible, all.n_whole, all.best,
               gap->search, gap->rule);
  return TRUE;
}

/* --- the distribution -------------------------------------------------------------------------------------------- */

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static void
print_distribution (const char *name, double *gap, guint n)
{
  guint best = 0;
  qsort (gap, n, sizeof *gap, compare_doubles);
  while (best < n && gap[best] <= 1)
    best++;
  g_printerr ("# %s, %u cases: best in %u (%.0f %%); median %.3f, 90 %% %.3f, 99 %% %.3f, worst %.3f\n", name, n, best, 100.0 * best / n, gap[n / 2], gap[n * 9 / 10], gap[n * 99 / 100], gap[n - 1]);
}

/* The distribution stands in doc/explore.md. */
Test (explore_gap, search_and_rule_are_near_the_best_of_all_mappings_and_orders)
{
  double search[1024], rule[1024], whole = 0;
  gboolean slow = g_getenv ("HEDDLE_SLOW") != NULL;
  guint n = 0, wanted = slow ? 300 : 20;
  for (guint64 seed = 1; n < wanted && seed < 100000; seed++) {
    Gap gap;
    if (!gap_of (seed, slow ? SPACE_MAX_SLOW : SPACE_MAX, &gap))
      continue;
    search[n] = gap.search;
    rule[n++] = gap.rule;
    whole += gap.whole;
  }
  g_printerr ("# all orders were run for %.0f %% of the mappings\n", 100 * whole / n);
  print_distribution ("a search of 100 mappings", search, n);
  print_distribution ("the rule", rule, n);
  cr_assert_eq (n, wanted);
  cr_assert (search[n / 2] < 1.01 && search[n * 9 / 10] < 1.1, "search: median %.3f, 90 %% within %.3f", search[n / 2], search[n * 9 / 10]);
  cr_assert_lt (rule[n / 2], 1.25, "rule: median %.3f", rule[n / 2]);
}
