/* The real networks, fused and cut: sums that must come out, and what one stack of everything computes. */
#include <criterion/criterion.h>
#include <heddle/tiling.h>
#include <string.h>

static const char *const NETWORKS[] = { "dmcnn-vd", "fsrcnn", "mc-cnn", "mobilenetv1", "mobilenetv2", "resnet18", "transformer-block" };

static HdTiling *
tile (const char *network, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (network, ".xml", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", file, NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (path, NULL, &error);
  cr_assert_not_null (workload, "%s", error != NULL ? error->message : "");
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:2 sram:64KiB dram:64b", NULL);
  g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (text, strlen (text), "map.xml", workload, platform, &error);
  g_autoptr (HdTiling) tiling = mapping != NULL ? hd_tiling_new (mapping, &error) : NULL;
  cr_assert_not_null (tiling, "%s: %s", network, error != NULL ? error->message : "");
  return g_steal_pointer (&tiling);
}

/* What every node reads comes from somewhere, bit for bit. */
static void
check_sums (const char *network, const HdTiling *tiling)
{
  const HdWorkload *workload = tiling->workload;
  g_autofree HdNodeId *order = hd_tiling_order (tiling, NULL);
  g_autofree guint32 *position = g_new (guint32, tiling->n_nodes);
  for (guint32 i = 0; i < tiling->n_nodes; i++)
    position[order[i]] = i;
  for (HdNodeId node = 0; node < tiling->n_nodes; node++) {
    const HdLayer *layer = &workload->layers[hd_tiling_node_layer (tiling, node)];
    HdStackId stack = tiling->mapping->layer[hd_tiling_node_layer (tiling, node)].stack;
    guint64 n, n_reads;
    const HdDependency *d = hd_tiling_dependencies (tiling, node, &n), *r = hd_tiling_reads (tiling, node, &n_reads);
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      const HdTensor *tensor = &workload->tensors[layer->operands[o].tensor];
      HdBox box = hd_tiling_node_reads (tiling, node, o);
      guint64 want = hd_box_is_empty (&box) ? 0 : hd_box_volume (&box) * tensor->bits, made = 0, read = 0;
      for (guint64 i = 0; i < n; i++)
        made += d[i].operand == o ? hd_dependency_bits (&d[i]) : 0;
      for (guint64 i = 0; i < n_reads; i++)
        read += r[i].operand == o ? hd_dependency_bits (&r[i]) : 0;
      gboolean inside = tensor->producer != HD_NONE && tiling->mapping->layer[tensor->producer].stack == stack;
      cr_assert_eq (made, tensor->producer != HD_NONE ? want : 0, "%s %s operand %u", network, layer->name, o);
      cr_assert_eq (read, inside ? 0 : want, "%s %s operand %u", network, layer->name, o);
    }
    for (guint64 i = 0; i < n; i++)
      cr_assert (position[d[i].from] < position[node] && d[i].from < node);
  }
}

Test (networks, layer_by_layer_does_the_graphs_work)
{
  for (guint i = 0; i < G_N_ELEMENTS (NETWORKS); i++) {
    g_autoptr (HdTiling) tiling = tile (NETWORKS[i], "<mapping version=\"1\"/>");
    cr_assert_eq (tiling->n_nodes, tiling->workload->n_layers);
    cr_assert_eq (tiling->points, tiling->graph_points);
    check_sums (NETWORKS[i], tiling);
  }
}

Test (networks, cut_in_every_rank)
{
  static const char IMAGE[] = "<mapping version=\"1\"><stack layers=\"*\"><cut rank=\"K\" size=\"48\"/><cut rank=\"C\" size=\"32\"/><cut rank=\"OY\" size=\"9\"/></stack></mapping>";
  static const char MATRIX[] = "<mapping version=\"1\"><stack layers=\"*\"><cut rank=\"K\" size=\"48\"/><cut rank=\"M\" size=\"20\"/><cut rank=\"N\" size=\"100\"/></stack></mapping>";
  for (guint i = 0; i < G_N_ELEMENTS (NETWORKS); i++) {
    g_autoptr (HdTiling) tiling = tile (NETWORKS[i], g_str_equal (NETWORKS[i], "transformer-block") ? MATRIX : IMAGE);
    cr_assert_gt (tiling->n_nodes, tiling->workload->n_layers);
    check_sums (NETWORKS[i], tiling);
  }
}

/* Convolutional networks as one stack, a few lines at a time, kept or computed again. */
Test (networks, fused)
{
  static const struct { const char *network, *last; } CASES[] = { { "dmcnn-vd", "OY" }, { "mc-cnn", "OY" }, { "fsrcnn", "OY" } };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    for (guint mode = 0; mode < 3; mode++) {
      g_autofree char *text = g_strdup_printf ("<mapping version=\"1\"><stack layers=\"*\" mode=\"%s\"><tile %s=\"20\"/></stack></mapping>", hd_retention_name ((HdRetention) mode),
                                               CASES[i].last);
      g_autoptr (HdTiling) tiling = tile (CASES[i].network, text);
      check_sums (CASES[i].network, tiling);
      if (mode == HD_RETENTION_RECOMPUTE)
        cr_assert_gt (tiling->points, tiling->graph_points);
      else
        cr_assert_eq (tiling->points, tiling->graph_points);
    }
}
