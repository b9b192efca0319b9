/* Searching the space of mappings, held against all of it: small networks on small machines, every mapping run. And what must hold of any search: more budget is
 * never worse, the starts are never lost, what it says is what the engine says of the mapping that it hands out. */
#include <criterion/criterion.h>
#include <heddle/explore.h>
#include <string.h>

static const char *const CHAINS[] = {
  "<tensor id='i' kind='input' shape='1 8 8 8'/><layer id='a' operator='Conv' inputs='i' channels='16' kernel_shape='3 3' pads='1 1 1 1'/>"
  "<layer id='b' operator='Conv' inputs='a' channels='16' kernel_shape='1 1'/>",
  "<tensor id='i' kind='input' shape='1 4 12 6'/><layer id='a' operator='Conv' inputs='i' channels='8' kernel_shape='3 3' strides='2 2' pads='1 1 1 1'/>"
  "<layer id='b' operator='Relu' inputs='a'/>",
  "<tensor id='i' kind='input' shape='1 32 4 4'/><layer id='a' operator='Conv' inputs='i' channels='32' kernel_shape='1 1'/>"
  "<layer id='b' operator='MaxPool' inputs='a' kernel_shape='2 2' strides='2 2'/>",
  "<tensor id='i' kind='input' shape='12 16'/><layer id='a' operator='Gemm' inputs='i' channels='32'/><layer id='b' operator='Gemm' inputs='a' channels='8'/>",
};

static const char *const MACHINES[] = {
  "core:2 sram:4KiB bus:32b dram:16b@200MHz",
  "core:2 sram:16KiB bus:64b dram:64b@200MHz",
  "core:3 sram:2KiB bus:16b dram:32b@200MHz",
};

static HdWorkload *
chain (const char *layers)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("<workload version='1' name='chain' input-bits='8 bit' weight-bits='8 bit' partial-bits='16 bit' output-bits='8 bit'>%s</workload>", layers);
  HdWorkload *workload = hd_workload_parse_xml (text, strlen (text), "chain.xml", &error);
  cr_assert_not_null (workload, "%s", error != NULL ? error->message : "");
  return workload;
}

static const HdExploreOptions LATENCY = { .priority = HD_PRIORITY_LATENCY, .cost = { .rules = HD_RULES_SIMPLE }, .n_metrics = 1, .metric = { HD_METRIC_CYCLES } };

static double
best_of (const HdExploreSpace *space, HdSearchMethod method, guint evaluations, guint64 seed, guint16 *genes)
{
  g_autoptr (GError) error = NULL;
  guint n_starts;
  const guint16 *starts = hd_explore_space_starts (space, &n_starts);
  HdSearchOptions options = { .method = method, .evaluations = evaluations, .seed = seed, .threads = 1, .n_starts = n_starts, .starts = starts };
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  g_autoptr (HdSearchResult) result = hd_search_run (problem, &options, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  guint32 best = hd_search_best (result, 0);
  cr_assert_neq (best, G_MAXUINT32, "nothing is feasible");
  if (genes != NULL)
    memcpy (genes, result->genes + (gsize) best * problem->n_genes, problem->n_genes * sizeof *genes);
  return result->objectives[(gsize) best * result->n_objectives];
}

/* How far a search of 150 mappings stays behind the best of all of them. The distribution is printed; half of the cases must be exact, none far off. */
Test (explore_search, a_small_budget_comes_near_the_best_of_all_mappings)
{
  double gap[G_N_ELEMENTS (CHAINS) * G_N_ELEMENTS (MACHINES)], worst = 0;
  guint n = 0, exact = 0;
  for (guint c = 0; c < G_N_ELEMENTS (CHAINS); c++)
    for (guint m = 0; m < G_N_ELEMENTS (MACHINES); m++) {
      g_autoptr (HdWorkload) workload = chain (CHAINS[c]);
      g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic (MACHINES[m], NULL);
      g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, &LATENCY, NULL);
      cr_assert_not_null (space);
      guint64 size = hd_search_size (hd_explore_space_problem (space));
      if (size > 20000)
        continue;
      double all = best_of (space, HD_SEARCH_EXHAUSTIVE, (guint) size, 1, NULL), found = best_of (space, HD_SEARCH_COMBINED, 150, 1, NULL);
      cr_assert_geq (found, all, "chain %u, machine %u", c, m);
      gap[n] = found / all - 1;
      worst = MAX (worst, gap[n]);
      exact += gap[n] <= 0;
      cr_log_info ("chain %u, machine %u: %" G_GUINT64_FORMAT " mappings, best %.0f cycles, found %.0f: %.2f %%", c, m, size, all, found, gap[n] * 100);
      n++;
    }
  cr_log_info ("%u cases, %u exact, the worst %.2f %% off", n, exact, worst * 100);
  cr_assert_geq (n, 6);
  cr_assert (2 * exact >= n && worst < 0.1, "%u of %u exact, worst %g", exact, n, worst);
}

Test (explore_search, more_budget_is_never_worse_and_starts_are_never_lost)
{
  for (guint c = 0; c < G_N_ELEMENTS (CHAINS); c++) {
    g_autoptr (HdWorkload) workload = chain (CHAINS[c]);
    g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic (MACHINES[c % G_N_ELEMENTS (MACHINES)], NULL);
    g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, &LATENCY, NULL);
    cr_assert_not_null (space);
    const HdSearchProblem *problem = hd_explore_space_problem (space);
    guint n_starts;
    const guint16 *starts = hd_explore_space_starts (space, &n_starts);
    double least = G_MAXDOUBLE, before = G_MAXDOUBLE;
    for (guint s = 0; s < n_starts; s++) {
      HdExploreScore score;
      if (hd_explore_draft (space, starts + (gsize) s * problem->n_genes, &score, NULL))
        least = MIN (least, score.value[HD_METRIC_CYCLES]);
    }
    for (guint budget = n_starts; budget <= 160; budget *= 2) {
      double found = best_of (space, HD_SEARCH_LOCAL, budget, 3, NULL);
      cr_assert_leq (found, MIN (least, before), "chain %u, %u mappings", c, budget);
      before = found;
    }
  }
}

/* Without coarser bursts a draft is what one plan comes to; the mapping that is handed out gives the same number. */
Test (explore_search, the_mapping_handed_out_gives_the_number)
{
  g_autoptr (HdWorkload) workload = chain (CHAINS[0]);
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic (MACHINES[1], NULL);
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, &LATENCY, NULL);
  g_autofree guint16 *genes = g_new (guint16, hd_explore_space_problem (space)->n_genes);
  double found = best_of (space, HD_SEARCH_COMBINED, 100, 9, genes);
  HdExploreScore draft, full;
  g_autoptr (HdMapping) mapping = hd_explore_space_mapping (space, genes, NULL);
  g_autofree char *text = hd_mapping_to_xml (mapping);
  g_autoptr (HdMapping) read = hd_mapping_parse_xml (text, strlen (text), "again.xml", workload, platform, NULL);
  cr_assert (hd_explore_score (space, read, TRUE, &draft, NULL) && hd_explore_score (space, read, FALSE, &full, NULL));
  cr_assert (draft.value[HD_METRIC_CYCLES] >= found && draft.value[HD_METRIC_CYCLES] <= found);
  cr_assert_leq (full.value[HD_METRIC_CYCLES], found, "all that the pass can do is less than one plan");
}

/* Coarser bursts are a draft, and near. */
Test (explore_search, drafts_are_near_the_score)
{
  g_autoptr (HdWorkload) workload = chain (CHAINS[0]);
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:2 sram:64KiB bus:32b dram:16b@200MHz", NULL);
  HdExploreOptions coarse = LATENCY;
  coarse.draft_burst_bits = 2048;
  g_autoptr (HdExploreSpace) fine = hd_explore_space_new (workload, platform, &LATENCY, NULL), rough = hd_explore_space_new (workload, platform, &coarse, NULL);
  guint n, n_rough;
  const guint16 *a = hd_explore_space_starts (fine, &n), *b = hd_explore_space_starts (rough, &n_rough);
  cr_assert_eq (n, n_rough);
  for (guint i = 0; i < n; i++) {
    HdExploreScore x, y;
    guint g = hd_explore_space_problem (fine)->n_genes * i;
    gboolean one = hd_explore_draft (fine, a + g, &x, NULL), two = hd_explore_draft (rough, b + g, &y, NULL);
    cr_assert_eq (one, two);
    if (one)
      cr_assert (ABS (y.value[HD_METRIC_CYCLES] / x.value[HD_METRIC_CYCLES] - 1) < 0.25, "start %u: %g, %g", i, x.value[HD_METRIC_CYCLES], y.value[HD_METRIC_CYCLES]);
  }
}
