/* How fast costs are found: evaluations per CPU second, the published search, the exact search beside it, and a shape already seen.
 *
 * The published search tries every order of at most 8 factors for each of FSRCNN's 8 layers (208,320 of them), each split over the levels and priced; the published tool needs about a millisecond each. With the
 * latency objective each is timed as well.
 */
#include "cost/search.h"

#include <stdio.h>
#include <time.h>

static double
cpu_seconds (void)
{
  struct timespec t;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static guint64
cost_network (const HdPlatform *platform, const HdWorkload *workload, const HdCostOptions *options, double *pj)
{
  g_autoptr (HdCostModel) model = hd_cost_model_new (platform, workload, options);
  guint64 evaluations = 0;

  *pj = 0;
  for (guint l = 0; l < workload->n_layers; l++) {
    HdBox box = hd_layer_whole_box (&workload->layers[l]);
    HdCostPlace place;
    HdNodeCost cost;
    if (!hd_cost_place_lowest (model, 0, l, &box, l + 1 == workload->n_layers, &place, NULL) || !hd_cost_node (model, 0, l, &box, &place, &cost, NULL))
      continue;
    *pj += cost.energy_pj + cost.load_energy_pj;
    evaluations += cost.evaluations;
  }
  return evaluations;
}

static void
bench_search (const HdPlatform *platform, const HdWorkload *workload, const char *name, HdCostOptions options)
{
  double began = cpu_seconds (), seconds, pj;
  guint64 n = cost_network (platform, workload, &options, &pj);

  seconds = cpu_seconds () - began;
  printf ("%-44s %8llu evaluations %8.4f s %7.0f ns each %6.2f M/s  %.4f mJ\n", name, (unsigned long long) n, seconds, seconds * 1e9 / (double) n, (double) n / seconds / 1e6, pj / 1e9);
}

/* What an evaluation works on: a mapping (its loops, splits, and result), its boundaries, and a row for each boundary that it looks up. */
static void
print_state (void)
{
  printf ("%-44s %8zu byte a mapping, %zu its chain of boundaries, %zu each row of energy and port cycles\n", "state of an evaluation", sizeof (HdSolution), sizeof (HdChain), sizeof (HdDigest));
}

/* Border and inner tiles of one layer, all of them seen before. */
static void
bench_cache (const HdPlatform *platform, const HdWorkload *workload)
{
  g_autoptr (HdCostModel) model = hd_cost_model_new (platform, workload, NULL);
  HdBox box = hd_layer_whole_box (&workload->layers[0]);
  int oy = hd_layer_find_rank (&workload->layers[0], "OY");
  gint64 rows = box.range[oy].to;
  guint64 n = 0, shapes, evaluations, cycles = 0;
  double began = 0, seconds;

  for (guint round = 0; round < 2000; round++) {
    if (round == 1) {
      began = cpu_seconds ();
      n = 0;
    }
    for (gint64 y = 0; y + 1 < rows; y++, n++) {
      HdNodeCost cost;
      box.range[oy] = (HdRange) { y, y + 1 };
      if (hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL))
        cycles += cost.cycles;
    }
  }
  seconds = cpu_seconds () - began;
  hd_cost_model_statistics (model, &shapes, &evaluations);
  printf ("%-44s %8llu look-ups     %8.4f s %7.1f ns each; %llu shapes (%llu cycles)\n", "a shape already seen", (unsigned long long) n, seconds, seconds * 1e9 / (double) n, (unsigned long long) shapes,
          (unsigned long long) cycles);
}

int
main (void)
{
  g_autofree char *p = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", "meta-prototype-df.xml", NULL);
  g_autofree char *w = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "fsrcnn-nopad.xml", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (p, NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (w, NULL, NULL);

  if (!platform || !workload)
    return 1;
  print_state ();
  bench_search (platform, workload, "published search, energy", (HdCostOptions) { .rules = HD_RULES_ZIGZAG, .search = HD_SEARCH_ORDERINGS, .factor_limit = 8, .whole = TRUE });
  bench_search (platform, workload, "published search, energy and time of each",
                (HdCostOptions) { .rules = HD_RULES_ZIGZAG, .search = HD_SEARCH_ORDERINGS, .objective = HD_OBJECTIVE_LATENCY, .factor_limit = 8, .whole = TRUE });
  bench_search (platform, workload, "the same by the exact rules",
                (HdCostOptions) { .search = HD_SEARCH_ORDERINGS, .objective = HD_OBJECTIVE_LATENCY, .factor_limit = 8, .whole = TRUE });
  bench_search (platform, workload, "exact search, all orders and splits", (HdCostOptions) { .rules = HD_RULES_ZIGZAG, .whole = TRUE });
  bench_search (platform, workload, "exact search, exact rules", (HdCostOptions) { .whole = TRUE });
  bench_search (platform, workload, "the same, the fastest within 1/10,000", (HdCostOptions) { .rules = HD_RULES_ZIGZAG, .tie = 1e-4, .whole = TRUE });
  bench_search (platform, workload, "exact search, exact rules, latency", (HdCostOptions) { .objective = HD_OBJECTIVE_LATENCY, .whole = TRUE });
  bench_cache (platform, workload);
  return 0;
}
