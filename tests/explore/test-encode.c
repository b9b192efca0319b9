/* From mappings to genomes: a mapping that came from a genome goes back to one that means the same; others go to something near that can be searched from. */
#include <criterion/criterion.h>
#include <heddle/explore.h>
#include <heddle/random.h>

#include <string.h>

static HdExploreSpace *
load_space (const char *platform_name, const char *workload_name)
{
  GError *error = NULL;
  g_autofree char *platform_path = g_strdup_printf ("%s/platforms/%s.xml", g_getenv ("HEDDLE_SRCDIR"), platform_name), *workload_path = g_strdup_printf ("%s/workloads/%s.xml", g_getenv ("HEDDLE_SRCDIR"), workload_name);
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  g_autoptr (HdWorkload) workload = platform != NULL ? hd_workload_load (workload_path, NULL, &error) : NULL;
  HdExploreOptions options = HD_EXPLORE_OPTIONS_DEFAULT;
  options.cost.rules = HD_RULES_SIMPLE;
  HdExploreSpace *space = workload != NULL ? hd_explore_space_new (workload, platform, &options, &error) : NULL;
  cr_assert_not_null (space, "%s", error != NULL ? error->message : "");
  return space;
}

static void
random_genes (const HdSearchProblem *problem, HdRandom *random, guint16 *genes)
{
  for (guint i = 0; i < problem->n_genes; i++)
    genes[i] = (guint16) hd_random_below (random, problem->n_values[i]);
  problem->repair (problem->data, genes);
}

static void
round_trips (const char *platform, const char *workload, guint n)
{
  g_autoptr (HdExploreSpace) space = load_space (platform, workload);
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  g_autofree guint16 *genes = g_new (guint16, problem->n_genes), *back = g_new (guint16, problem->n_genes);
  HdRandom random;
  hd_random_init (&random, 5);
  for (guint round = 0; round < n; round++) {
    GError *error = NULL;
    random_genes (problem, &random, genes);
    g_autoptr (HdMapping) mapping = hd_explore_space_mapping (space, genes, &error);
    cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
    hd_explore_space_genes (space, mapping, back);
    g_autoptr (HdMapping) again = hd_explore_space_mapping (space, back, &error);
    g_autofree char *first = hd_mapping_to_xml (mapping), *second = hd_mapping_to_xml (again);
    cr_assert_str_eq (first, second, "%s on %s, round %u", workload, platform, round);
  }
}

Test (encode, a_mapping_of_the_space_goes_there_and_back)
{
  round_trips ("tpu-like-quad", "resnet18", 40);
  round_trips ("explore-4-heterogeneous-bus", "squeezenet", 40);
  round_trips ("explore-16-homogeneous", "mobilenetv2", 60);
  round_trips ("explore-16-homogeneous", "resnet18", 40);
  round_trips ("depfin", "fsrcnn", 40);
}

Test (encode, other_mappings_go_to_something_feasible_and_near)
{
  g_autoptr (HdExploreSpace) space = load_space ("tpu-like-quad", "resnet18");
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  g_autofree guint16 *genes = g_new (guint16, problem->n_genes);
  GError *error = NULL;
  HdExploreScore given, near;
  g_autofree char *platform_path = g_strdup_printf ("%s/platforms/tpu-like-quad.xml", g_getenv ("HEDDLE_SRCDIR")), *workload_path = g_strdup_printf ("%s/workloads/resnet18.xml", g_getenv ("HEDDLE_SRCDIR"));
  g_autofree char *mapping_path = g_strdup_printf ("%s/workloads/resnet18-tpu-like-quad.mapping.xml", g_getenv ("HEDDLE_SRCDIR"));
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  g_autoptr (HdWorkload) workload = hd_workload_load (workload_path, NULL, &error);
  g_autoptr (HdMapping) mapping = hd_mapping_load (mapping_path, workload, platform, &error);
  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  hd_explore_space_genes (space, mapping, genes);
  cr_assert (hd_explore_score (space, mapping, TRUE, &given, &error), "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) nearest = hd_explore_space_mapping (space, genes, &error);
  cr_assert (hd_explore_score (space, nearest, TRUE, &near, &error), "%s", error != NULL ? error->message : "");
  cr_expect_lt (near.value[HD_METRIC_CYCLES], 1.5 * given.value[HD_METRIC_CYCLES], "%g cycles, given %g", near.value[HD_METRIC_CYCLES], given.value[HD_METRIC_CYCLES]);
  for (HdLayerId l = 0; l < workload->n_layers; l++) {
    cr_expect_eq (nearest->layer[l].n_cores, mapping->layer[l].n_cores, "layer %s", workload->layers[l].name);
    cr_expect_eq (memcmp (nearest->layer[l].cores, mapping->layer[l].cores, nearest->layer[l].n_cores * sizeof (HdCoreId)), 0);
  }
}
