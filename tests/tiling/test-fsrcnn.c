/* FSRCNN, one row per node, against numbers derived by hand. */
#include <criterion/criterion.h>
#include <heddle/tiling.h>

static HdTiling *
tile (const char *mapping_file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *workload_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "fsrcnn.xml", NULL);
  g_autofree char *platform_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", "depfin.xml", NULL);
  g_autofree char *mapping_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", mapping_file, NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (workload_path, NULL, &error);
  cr_assert_not_null (workload, "%s", error != NULL ? error->message : "");
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) mapping = hd_mapping_load (mapping_path, workload, platform, &error);
  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  HdTiling *tiling = hd_tiling_new (mapping, &error);
  cr_assert_not_null (tiling, "%s", error != NULL ? error->message : "");
  return tiling;
}

static HdNodeId
row (const HdTiling *tiling, const char *layer, guint oy)
{
  HdNodeId node = tiling->layer_first[hd_workload_find_layer (tiling->workload, layer)] + oy;
  HdBox box = hd_tiling_node_output (tiling, node);
  cr_assert (box.range[2].from == oy && box.range[2].to == oy + 1, "%s row %u is rows %ld to %ld", layer, oy, (long) box.range[2].from, (long) box.range[2].to);
  return node;
}

static guint64
bits_of (const HdDependency *d, guint64 n)
{
  guint64 bits = 0;
  for (guint64 i = 0; i < n; i++)
    bits += hd_dependency_bits (&d[i]);
  return bits;
}

Test (fsrcnn, has_540_nodes_per_layer)
{
  g_autoptr (HdTiling) tiling = tile ("fsrcnn-depfin.mapping.xml");
  cr_assert_eq (tiling->n_nodes, 4320);
  for (guint l = 0; l < 8; l++)
    cr_assert_eq (tiling->layer_first[l + 1] - tiling->layer_first[l], 540);
  /* Rows inside compute what the layer table says; nothing is computed twice. Padding: 5x5 pad 2 loses 2*(1+2)=6 of 5*540 rows, 6 of 5*960 columns; ... */
  guint64 conv1 = 56ull * (5 * 540 - 6) * (5 * 960 - 6), thick = (3ull * 540 - 2) * (3 * 960 - 2);
  guint64 macs = conv1 + 540ull * 960 * (56 * 12 + 12 * 56) + 4 * 144 * thick + 56 * 16 * thick;
  cr_assert_eq (tiling->points, macs);
  cr_assert_eq (tiling->graph_points, macs);
}

Test (fsrcnn, border_rows_read_less)
{
  g_autoptr (HdTiling) tiling = tile ("fsrcnn-depfin.mapping.xml");
  static const struct { const char *layer; guint oy; gint64 from, to; } CASES[] = {
    { "conv1", 0, 0, 3 }, { "conv1", 1, 0, 4 }, { "conv1", 2, 0, 5 }, { "conv1", 270, 268, 273 }, { "conv1", 538, 536, 540 }, { "conv1", 539, 537, 540 },
    { "conv2", 0, 0, 1 }, { "conv3", 0, 0, 2 },  { "conv3", 1, 0, 3 }, { "conv8", 539, 538, 540 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    HdBox read = hd_tiling_node_reads (tiling, row (tiling, CASES[i].layer, CASES[i].oy), 0);
    cr_assert (read.range[2].from == CASES[i].from && read.range[2].to == CASES[i].to, "%s row %u reads %ld to %ld", CASES[i].layer, CASES[i].oy,
               (long) read.range[2].from, (long) read.range[2].to);
  }
  cr_assert_eq (hd_tiling_node_points (tiling, row (tiling, "conv1", 0)), 56ull * 3 * (5 * 960 - 6));
  cr_assert_eq (hd_tiling_node_points (tiling, row (tiling, "conv1", 2)), 56ull * 5 * (5 * 960 - 6));
}

Test (fsrcnn, dependencies_are_the_rows_of_the_window)
{
  g_autoptr (HdTiling) tiling = tile ("fsrcnn-depfin.mapping.xml");
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (tiling, row (tiling, "conv3", 100), &n);
  cr_assert_eq (n, 3);
  for (guint i = 0; i < 3; i++) {
    cr_assert_eq (d[i].from, row (tiling, "conv2", 99 + i));
    cr_assert_eq (hd_dependency_bits (&d[i]), 12 * 960 * 8);
    cr_assert_eq (d[i].flags, 0);
  }
  d = hd_tiling_dependencies (tiling, row (tiling, "conv3", 0), &n);
  cr_assert_eq (n, 2);
  /* Layers 2 and 7 read one row, 3 to 6 and 8 three, but two at both borders. */
  cr_assert_eq (tiling->dependency_begin[tiling->n_nodes], 2 * 540 + 5 * (3 * 540 - 2));
  /* The image comes in rows; its weights in one piece. */
  d = hd_tiling_reads (tiling, row (tiling, "conv1", 100), &n);
  cr_assert_eq (n, 5 + 1);
  cr_assert_eq (bits_of (d, 5), 5 * 960 * 8);
  cr_assert_eq (d[5].operand, 1);
  cr_assert_eq (hd_dependency_bits (&d[5]), 56 * 25 * 8);
  guint32 first, pieces;
  hd_tiling_pieces_of (tiling, 0, hd_workload_find_tensor (tiling->workload, "image"), &first, &pieces);
  cr_assert_eq (pieces, 538);
  HdBox box = hd_tiling_piece_box (tiling, first);
  cr_assert (box.range[2].from == 0 && box.range[2].to == 3);
  cr_assert_eq (hd_tiling_piece_bits (tiling, first + 1), 960 * 8);
}

/* The tiles run through the stack: before row 0 of the last layer come exactly the rows that it needs. */
Test (fsrcnn, depth_first_order_interleaves_the_layers)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdTiling) tiling = tile ("fsrcnn-depfin.mapping.xml");
  g_autofree HdNodeId *order = hd_tiling_order (tiling, &error);
  cr_assert_not_null (order);
  static const guint ROWS_OF_FIRST_TILE[] = { 6, 6, 5, 4, 3, 2, 2, 1 };
  guint at = 0;
  for (guint l = 0; l < 8; l++)
    for (guint i = 0; i < ROWS_OF_FIRST_TILE[l]; i++)
      cr_assert_eq (order[at++], tiling->layer_first[l] + i, "layer %u row %u", l, i);
  for (guint l = 0; l < 8; l++)
    cr_assert_eq (order[at++], tiling->layer_first[l] + ROWS_OF_FIRST_TILE[l]);
  cr_assert_eq (order[4319], 4319);
  cr_assert_eq (hd_tiling_node_tile (tiling, order[4319]), 539);
}

Test (fsrcnn, shapes_are_few)
{
  g_autoptr (HdTiling) tiling = tile ("fsrcnn-depfin.mapping.xml");
  guint64 count = 0;
  /* 5x5: rows with 3, 4 and 5 lines of the kernel; 3x3: two; 1x1: one. Top and bottom are the same. */
  cr_assert_eq (tiling->n_shapes, 3 + 5 * 2 + 2);
  for (guint i = 0; i < tiling->n_shapes; i++)
    count += tiling->shape[i].count;
  cr_assert_eq (count, 4320);
  cr_assert_eq (hd_tiling_node_shape (tiling, row (tiling, "conv1", 0)), hd_tiling_node_shape (tiling, row (tiling, "conv1", 539)));
  cr_assert_neq (hd_tiling_node_weight_key (tiling, row (tiling, "conv1", 0)), 0);
  cr_assert_eq (hd_tiling_node_weight_key (tiling, row (tiling, "conv1", 0)), hd_tiling_node_weight_key (tiling, row (tiling, "conv1", 7)));
  cr_assert_neq (hd_tiling_node_weight_key (tiling, row (tiling, "conv1", 0)), hd_tiling_node_weight_key (tiling, row (tiling, "conv3", 0)));
}
