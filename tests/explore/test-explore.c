/* The space of mappings: each genome gives a mapping, each mapping a legal schedule or a clear no; names say what genes mean. */
#include <criterion/criterion.h>
#include <heddle/explore.h>
#include <heddle/passes.h>
#include <heddle/random.h>
#include <heddle/tiling.h>
#include <string.h>

static HdWorkload *
network (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (name, ".xml", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", file, NULL);
  HdWorkload *workload = hd_workload_load (path, NULL, &error);
  cr_assert_not_null (workload, "%s", error != NULL ? error->message : "");
  return workload;
}

static HdPlatform *
machine (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (name, ".xml", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", file, NULL);
  HdPlatform *platform = strchr (name, ':') != NULL ? hd_platform_parse_synthetic (name, &error) : hd_platform_load (path, &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

static const HdExploreOptions QUICK = { .priority = HD_PRIORITY_STACK, .cost = { .rules = HD_RULES_SIMPLE } };

static HdExploreSpace *
space_of (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options)
{
  g_autoptr (GError) error = NULL;
  HdExploreSpace *space = hd_explore_space_new (workload, platform, options, &error);
  cr_assert_not_null (space, "%s", error != NULL ? error->message : "");
  return space;
}

/* The genome's schedule passes the legality check; or somebody says why there is none. */
static gboolean
check_genome (const HdExploreSpace *space, HdPlatform *platform, HdCostModel *cost, const guint16 *genes)
{
  g_autoptr (GError) error = NULL;
  HdExploreScore score;
  g_autoptr (HdMapping) mapping = hd_explore_space_mapping (space, genes, &error);
  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, &error);
  cr_assert_not_null (tiling, "%s", error != NULL ? error->message : "");
  HdPassOptions options = { .priority = HD_PRIORITY_STACK };
  g_autoptr (HdSchedule) schedule = hd_pass_run ("multi-core", tiling, cost, &options, &error);
  cr_assert_eq (hd_explore_draft (space, genes, &score, NULL), schedule != NULL);
  if (schedule == NULL) {
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE) && strlen (error->message) > 20, "%s", error->message);
    return FALSE;
  }
  cr_assert (hd_schedule_check (schedule, platform, &error), "%s", error != NULL ? error->message : "");
  return TRUE;
}

static void
change_some (HdRandom *random, const HdSearchProblem *problem, guint16 *genes, guint n)
{
  for (guint k = 0; k < n; k++) {
    guint g = (guint) hd_random_below (random, problem->n_genes);
    genes[g] = (guint16) hd_random_below (random, problem->n_values[g]);
  }
}

static void
check_case (const char *network_name, const char *machine_name, HdRandom *random)
{
  g_autoptr (HdWorkload) workload = network (network_name);
  g_autoptr (HdPlatform) platform = machine (machine_name);
  g_autoptr (HdExploreSpace) space = space_of (workload, platform, &QUICK);
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, &QUICK.cost);
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  g_autofree guint16 *genes = g_new (guint16, problem->n_genes);
  guint n_starts, feasible = 0;
  const guint16 *starts = hd_explore_space_starts (space, &n_starts);
  for (guint s = 0; s < n_starts; s++)
    feasible += check_genome (space, platform, cost, starts + (gsize) s * problem->n_genes);
  cr_assert (feasible > 0, "%s on %s: no start is feasible", network_name, machine_name);
  for (guint i = 0; i < 20; i++) {
    memcpy (genes, starts + (gsize) hd_random_below (random, n_starts) * problem->n_genes, problem->n_genes * sizeof *genes);
    change_some (random, problem, genes, 6);
    check_genome (space, platform, cost, genes);
  }
}

Test (explore, every_genome_is_legal_or_says_why_not)
{
  HdRandom random;
  hd_random_init (&random, 11);
  check_case ("resnet18", "tpu-like-quad", &random);
  check_case ("mobilenetv2", "tpu-like-quad", &random);
  check_case ("transformer-block", "core:4 sram:256KiB bus:128b dram:64b@200MHz", &random);
}

Test (explore, repaired_genomes_mean_the_same_and_stay)
{
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autoptr (HdExploreSpace) space = space_of (workload, platform, &QUICK);
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  g_autofree guint16 *genes = g_new0 (guint16, problem->n_genes), *again = g_new (guint16, problem->n_genes);
  HdRandom random;
  hd_random_init (&random, 5);
  for (guint i = 0; i < 50; i++) {
    change_some (&random, problem, genes, problem->n_genes);
    g_autoptr (HdMapping) before = hd_explore_space_mapping (space, genes, NULL);
    problem->repair (problem->data, genes);
    memcpy (again, genes, problem->n_genes * sizeof *genes);
    problem->repair (problem->data, again);
    cr_assert_eq (memcmp (genes, again, problem->n_genes * sizeof *genes), 0);
    g_autoptr (HdMapping) after = hd_explore_space_mapping (space, genes, NULL);
    cr_assert (before != NULL && after != NULL);
    g_autofree char *a = hd_mapping_to_xml (before), *b = hd_mapping_to_xml (after);
    cr_assert (g_str_equal (a, b), "genome %u", i);
  }
}

Test (explore, names_say_what_genes_mean)
{
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autoptr (HdExploreSpace) space = space_of (workload, platform, &QUICK);
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  gboolean split = FALSE;
  for (guint g = 0; g < problem->n_genes; g++) {
    g_autofree char *name = hd_explore_space_gene_name (space, g);
    for (guint v = 0; v < problem->n_values[g]; v++) {
      g_autofree char *value = hd_explore_space_value_name (space, g, v);
      cr_assert (strlen (value) > 0);
      split |= g_str_equal (name, "conv1 cores") && g_str_equal (value, "core0 core1 core2 core3 by K");
    }
  }
  cr_assert (split);
}

Test (explore, a_layer_that_no_core_takes_is_named)
{
  static const char TEXT[] = "<platform version='1' name='p' clock='1 GHz'><memory id='m' size='1 MiB' core='c' width='64 bit/cycle'/><memory id='d' kind='dram' width='64 bit/cycle'/>"
                             "<core id='c' kind='pooling' lanes='9'><level memory='m' operands='I W O'/></core><bus id='b' connects='m d'/></platform>";
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (GError) error = NULL;
  g_autoptr (HdPlatform) platform = hd_platform_parse_xml (TEXT, sizeof TEXT - 1, "p.xml", &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  cr_assert_null (hd_explore_space_new (workload, platform, NULL, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE) && strstr (error->message, "conv1") != NULL && strstr (error->message, "layer4.1.conv2") != NULL, "%s", error->message);
}

Test (explore, the_rule_is_better_than_one_core_for_each_layer)
{
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autoptr (HdExploreSpace) space = space_of (workload, platform, &QUICK);
  g_autoptr (HdMapping) plain = hd_mapping_default (workload, platform, NULL);
  g_autoptr (HdMapping) ruled = hd_explore_allocate (workload, platform, &QUICK, NULL);
  HdExploreScore a, b;
  cr_assert (plain != NULL && ruled != NULL);
  cr_assert (hd_explore_score (space, plain, TRUE, &a, NULL) && hd_explore_score (space, ruled, TRUE, &b, NULL));
  cr_assert_lt (b.value[HD_METRIC_EDP], 0.6 * a.value[HD_METRIC_EDP], "%g, %g", b.value[HD_METRIC_EDP], a.value[HD_METRIC_EDP]);
}

/* A gene of its own, that the mapping does not show: what the pass does with the same mapping. */
Test (explore, the_order_is_searched_unless_it_is_given)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("explore-16-homogeneous");
  HdExploreOptions open = QUICK, fixed = QUICK;
  open.priority = HD_PRIORITY_BEST;
  g_autoptr (HdExploreSpace) any = space_of (workload, platform, &open);
  guint n = hd_explore_space_problem (any)->n_genes, n_starts;
  g_autofree guint16 *genes = g_memdup2 (hd_explore_space_starts (any, &n_starts) + (gsize) n, n * sizeof *genes);
  g_autofree char *name = hd_explore_space_gene_name (any, n - 1);
  cr_assert_str_eq (name, "order");
  cr_assert_gt (n_starts, 1);
  cr_assert_eq (hd_explore_space_problem (any)->n_values[n - 1], 3);
  genes[n - 1] = 0;
  g_autoptr (HdMapping) mapping = hd_explore_space_mapping (any, genes, NULL);
  g_autofree char *text = hd_mapping_to_xml (mapping);
  double traffic[3];
  for (guint16 order = 0; order < 3; order++) {
    HdExploreScore a, b;
    genes[n - 1] = order;
    fixed.priority = HD_PRIORITY_LATENCY + (HdPriority) order;
    g_autoptr (HdExploreSpace) one = space_of (workload, platform, &fixed);
    g_autoptr (HdMapping) same = hd_explore_space_mapping (any, genes, NULL);
    g_autofree char *again = hd_mapping_to_xml (same), *value = hd_explore_space_value_name (any, n - 1, order);
    cr_assert_str_eq (text, again);
    cr_assert_str_eq (value, hd_priority_names ()[HD_PRIORITY_LATENCY + order]);
    cr_assert_eq (hd_explore_space_problem (one)->n_genes, n - 1);
    cr_assert (hd_explore_draft (any, genes, &a, NULL) && hd_explore_draft (one, genes, &b, NULL));
    cr_assert_arr_eq (a.value, b.value, sizeof a.value);
    traffic[order] = a.value[HD_METRIC_DRAM];
  }
  /* Longest way first makes all of the first layer before it begins the second: that does not fit on the chip. Deepest layer first keeps the stack on it. */
  cr_assert_gt (traffic[0], 5 * traffic[1], "%g bit, %g bit", traffic[0], traffic[1]);
}

/* The maps of FSRCNN are larger than all memories of the machine together: only in a stack, with all cores at work on each tile, do they stay on the chip. */
Test (explore, on_many_cores_the_rule_keeps_a_stack_on_the_chip)
{
  static const struct {
    const char *machine;
    double cycles;   /* at most; layer by layer it takes 10.6 and 5.6 million */
  } CASES[] = { { "explore-64-homogeneous", 2.2e6 }, { "explore-64-heterogeneous", 3.5e6 } };
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  double compulsory = 0;
  for (guint t = 0; t < workload->n_tensors; t++)
    if (workload->tensors[t].producer == HD_NONE || workload->tensors[t].n_consumers == 0)
      compulsory += (double) workload->tensors[t].total_bits;
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (HdPlatform) platform = machine (CASES[i].machine);
    HdExploreOptions options = QUICK;
    HdExploreScore score;
    options.priority = HD_PRIORITY_BEST;
    g_autoptr (HdExploreSpace) space = space_of (workload, platform, &options);
    g_autoptr (HdMapping) ruled = hd_explore_allocate (workload, platform, &options, NULL);
    cr_assert (hd_explore_score (space, ruled, TRUE, &score, NULL));
    cr_expect_lt (score.value[HD_METRIC_CYCLES], CASES[i].cycles, "%s: %g cycles", CASES[i].machine, score.value[HD_METRIC_CYCLES]);
    cr_expect_lt (score.value[HD_METRIC_DRAM], 1.1 * compulsory, "%s: %g bit, %g at least", CASES[i].machine, score.value[HD_METRIC_DRAM], compulsory);
  }
}
/* A row of 48 channels of 1,024 columns fills 48 KiB: three times a memory. */
Test (explore, the_rule_cuts_columns_where_single_rows_fill_a_memory)
{
  static const char TEXT[] = "<workload version='1' name='w'><tensor id='image' kind='input' shape='1 4 16 1024'/>"
                             "<layer id='a' operator='Conv' inputs='image' channels='48' kernel_shape='3 3' pads='1 1 1 1'/>"
                             "<layer id='b' operator='Conv' inputs='a' channels='4' kernel_shape='1 1'/></workload>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) workload = hd_workload_parse_xml (TEXT, sizeof TEXT - 1, "w.xml", &error);
  g_autoptr (HdPlatform) platform = machine ("core:4 sram:16KiB bus:64b dram:64b");
  g_autoptr (HdExploreSpace) space = space_of (workload, platform, &QUICK);
  g_autoptr (HdMapping) plain = hd_mapping_default (workload, platform, NULL), ruled = hd_explore_allocate (workload, platform, &QUICK, NULL);
  HdExploreScore one, four;
  cr_assert (plain != NULL && ruled != NULL);
  for (HdLayerId l = 0; l < workload->n_layers; l++)
    cr_expect_eq (ruled->layer[l].n_cores, 4, "%s", workload->layers[l].name);
  cr_assert (hd_explore_score (space, plain, TRUE, &one, NULL) && hd_explore_score (space, ruled, TRUE, &four, NULL));
  cr_assert_lt (four.value[HD_METRIC_CYCLES], 0.5 * one.value[HD_METRIC_CYCLES], "%g, %g", four.value[HD_METRIC_CYCLES], one.value[HD_METRIC_CYCLES]);
}
