/* Random networks, cut at random, against brute force over every element. HEDDLE_SEED=N runs that one and prints it. */
#include "tiling/brute.h"
#include "tiling/random-graph.h"

#include <stdlib.h>

#define CASES 1500

typedef struct {
  guint checked, refused;
  guint64 nodes, dependencies, recomputed, partial, external;
} Tally;

static void
tally_up (Tally *tally, const HdTiling *tiling)
{
  tally->checked++;
  tally->nodes += tiling->n_nodes;
  tally->recomputed += tiling->points > tiling->graph_points;
  for (guint64 i = 0; i < tiling->dependency_begin[tiling->n_nodes]; i++) {
    tally->dependencies++;
    tally->partial += (tiling->dependency[i].flags & HD_DEPENDENCY_PARTIAL) != 0;
    tally->external += (tiling->dependency[i].flags & HD_DEPENDENCY_EXTERNAL) != 0;
  }
}

/* What is said of all of a layer's nodes at once is what is said of each. */
static void
check_layers (const HdTiling *tiling, const char *name)
{
  g_autofree guint32 *core = g_new (guint32, tiling->n_nodes + 1), *shape = g_new (guint32, tiling->n_nodes + 1), *key = g_new (guint32, tiling->n_nodes + 1);
  for (HdLayerId l = 0; l < tiling->workload->n_layers; l++)
    hd_tiling_layer_nodes (tiling, l, core + tiling->layer_first[l], shape + tiling->layer_first[l], key + tiling->layer_first[l]);
  for (HdNodeId n = 0; n < tiling->n_nodes; n++) {
    cr_assert_eq (core[n], hd_tiling_node_core (tiling, n), "%s: core of node %u", name, n);
    cr_assert_eq (shape[n], hd_tiling_node_shape (tiling, n), "%s: shape of node %u", name, n);
    cr_assert_eq (key[n], hd_tiling_node_weight_key (tiling, n), "%s: weights of node %u", name, n);
  }
}

static void
run_case (guint64 seed, HdPlatform *platform, Tally *tally)
{
  HdRandom random;
  g_autoptr (GError) error = NULL;
  hd_random_init (&random, seed);
  g_autoptr (HdWorkload) workload = random_workload (&random);
  g_autofree char *text = random_mapping_text (&random, workload);
  g_autofree char *name = g_strdup_printf ("seed %lu", (gulong) seed);
  if (g_getenv ("HEDDLE_SEED") != NULL) {
    g_autofree char *xml = hd_workload_to_xml (workload);
    g_printerr ("%s%s", xml, text);
  }
  g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (text, strlen (text), "mapping", workload, platform, &error);
  g_autoptr (HdTiling) tiling = mapping != NULL ? hd_tiling_new (mapping, &error) : NULL;
  if (tiling == NULL) {
    /* Two things cannot be: pieces whose output is no box, and chains that leave their tile and come back. */
    cr_assert (strstr (error->message, "make no boxes") != NULL || strstr (error->message, "is cut inside its tile") != NULL, "%s: %s", name, error->message);
    cr_assert_eq (error->code, HD_ERROR_INPUT);
    tally->refused++;
    return;
  }
  if (tiling->n_nodes > 20000)
    return;
  brute_check (tiling, name);
  check_layers (tiling, name);
  tally_up (tally, tiling);
}

Test (brute, random_networks)
{
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:2 sram:64KiB dram:64b", NULL);
  Tally tally = { 0 };
  const char *only = g_getenv ("HEDDLE_SEED"), *more = g_getenv ("HEDDLE_SLOW");
  guint64 from = only != NULL ? g_ascii_strtoull (only, NULL, 10) : 1, n = only != NULL ? 1 : more != NULL ? 100000 : CASES;
  for (guint64 seed = from; seed < from + n; seed++)
    run_case (seed, platform, &tally);
  g_print ("# %u cases checked, %u refused: %lu nodes, %lu dependencies, %lu of partial sums, %lu between stacks; %lu cases recompute\n", tally.checked, tally.refused,
           (gulong) tally.nodes, (gulong) tally.dependencies, (gulong) tally.partial, (gulong) tally.external, (gulong) tally.recomputed);
  if (only != NULL)
    return;
  cr_assert_gt (tally.checked, n * 2 / 3);
  cr_assert_gt (tally.partial, n);
  cr_assert_gt (tally.external, n);
  cr_assert_gt (tally.recomputed, n / 20);
}
