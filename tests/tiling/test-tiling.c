/* Small networks tiled by hand: what each retention computes, reads and depends on. */
#include <criterion/criterion.h>
#include <heddle/tiling.h>
#include <string.h>

#include "tiling/brute.h"

static HdTiling *
tile (const char *workload_body, const char *mapping_body, GError **error)
{
  g_autofree char *workload_text = g_strdup_printf ("<workload version=\"1\" name=\"net\">%s</workload>", workload_body);
  g_autofree char *mapping_text = g_strdup_printf ("<mapping version=\"1\">%s</mapping>", mapping_body);
  g_autoptr (GError) local = NULL;
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:4 sram:64KiB dram:64b", &local);
  g_autoptr (HdWorkload) workload = hd_workload_parse_xml (workload_text, strlen (workload_text), "net", &local);
  cr_assert (platform != NULL && workload != NULL, "%s", local != NULL ? local->message : "");
  g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (mapping_text, strlen (mapping_text), "map.xml", workload, platform, error);
  return mapping != NULL ? hd_tiling_new (mapping, error) : NULL;
}

static HdTiling *
tile_checked (const char *workload_body, const char *mapping_body)
{
  g_autoptr (GError) error = NULL;
  HdTiling *tiling = tile (workload_body, mapping_body, &error);
  cr_assert_not_null (tiling, "%s", error != NULL ? error->message : "");
  brute_check (tiling, mapping_body);
  return tiling;
}

static guint32
nodes_of (const HdTiling *tiling, const char *layer)
{
  HdLayerId l = hd_workload_find_layer (tiling->workload, layer);
  return tiling->layer_first[l + 1] - tiling->layer_first[l];
}

static HdNodeId
first_of (const HdTiling *tiling, const char *layer)
{
  return tiling->layer_first[hd_workload_find_layer (tiling->workload, layer)];
}

/* Rows of a layer that all its nodes compute together. */
static guint64
rows_of (const HdTiling *tiling, const char *layer)
{
  HdLayerId l = hd_workload_find_layer (tiling->workload, layer);
  guint64 rows = 0;
  for (HdNodeId node = tiling->layer_first[l]; node < tiling->layer_first[l + 1]; node++) {
    HdBox box = hd_tiling_node_output (tiling, node);
    rows += (guint64) hd_range_size (box.range[2]);
  }
  return rows;
}

static guint64
bits_with (const HdTiling *tiling, guint flag)
{
  guint64 bits = 0;
  for (guint64 i = 0; i < tiling->dependency_begin[tiling->n_nodes]; i++)
    if ((tiling->dependency[i].flags & flag) != 0)
      bits += hd_dependency_bits (&tiling->dependency[i]);
  for (guint64 i = 0; i < tiling->read_begin[tiling->n_nodes]; i++)
    if ((tiling->read[i].flags & flag) != 0)
      bits += hd_dependency_bits (&tiling->read[i]);
  return bits;
}

#define TWO_CONVS                                                                                          \
  "<tensor id=\"in\" kind=\"input\" shape=\"1 1 12 6\"/>"                                                    \
  "<layer id=\"a\" operator=\"Conv\" inputs=\"in\" channels=\"1\" kernel_shape=\"3 1\" pads=\"1 0 1 0\"/>"    \
  "<layer id=\"b\" operator=\"Conv\" inputs=\"a\" channels=\"1\" kernel_shape=\"3 1\" pads=\"1 0 1 0\"/>"

/* 12 rows in tiles of 4: b needs rows 0-4, 3-8, 7-11 of a. */
Test (retention, retain_computes_each_row_once)
{
  g_autoptr (HdTiling) tiling = tile_checked (TWO_CONVS, "<stack layers=\"a b\"><tile OY=\"4\"/></stack>");
  HdNodeId a = first_of (tiling, "a"), b = first_of (tiling, "b");
  static const gint64 ROWS[][2] = { { 0, 5 }, { 5, 9 }, { 9, 12 } };
  cr_assert_eq (tiling->n_nodes, 6);
  for (guint i = 0; i < 3; i++) {
    HdBox box = hd_tiling_node_output (tiling, a + i);
    cr_assert (box.range[2].from == ROWS[i][0] && box.range[2].to == ROWS[i][1]);
  }
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (tiling, b + 1, &n);
  cr_assert_eq (n, 2);
  cr_assert (d[0].from == a && hd_dependency_bits (&d[0]) == 2 * 6 * 8 && d[1].from == a + 1 && hd_dependency_bits (&d[1]) == 4 * 6 * 8);
  cr_assert_eq (tiling->points, tiling->graph_points);
  /* Each window loses a row at either border: 12 * 3 - 2 of 6 points each. */
  cr_assert_eq (tiling->points, 2 * (12 * 3 - 2) * 6);
}

Test (retention, recompute_computes_the_overlap_again)
{
  g_autoptr (HdTiling) tiling = tile_checked (TWO_CONVS, "<stack layers=\"a b\" mode=\"recompute\"><tile OY=\"4\"/></stack>");
  HdNodeId a = first_of (tiling, "a"), b = first_of (tiling, "b");
  guint64 n;
  cr_assert_eq (rows_of (tiling, "a"), 5 + 6 + 5);
  const HdDependency *d = hd_tiling_dependencies (tiling, b + 1, &n);
  cr_assert (n == 1 && d[0].from == a + 1 && hd_dependency_bits (&d[0]) == 6 * 6 * 8);
  HdBox fresh = hd_tiling_node_new_output (tiling, a + 1);
  cr_assert (fresh.range[2].from == 5 && fresh.range[2].to == 9);
  /* Rows of a: 0-4, 3-8, 7-11; the first and last row have two of three lines. */
  cr_assert_eq (tiling->points, ((12 * 3 - 2) + (16 * 3 - 2)) * 6);
}

Test (retention, refetch_marks_what_comes_again)
{
  g_autoptr (HdTiling) tiling = tile_checked (TWO_CONVS, "<stack layers=\"a b\" mode=\"refetch\"><tile OY=\"4\"/></stack>");
  cr_assert_eq (rows_of (tiling, "a"), 12);
  /* Tiles 1 and 2 of b take two rows of a that were made before; tiles 1 and 2 of a, rows 5-8 and 9-11, take lines 4-9 and 8-11, of which 4 and 5, 8 and 9 are not new. */
  cr_assert_eq (bits_with (tiling, HD_DEPENDENCY_REFETCH), (2 + 2 + 2 + 2) * 6 * 8);
}

Test (retention, per_tensor_and_rank)
{
  static const char NET[] = "<tensor id=\"in\" kind=\"input\" shape=\"1 1 8 8\"/>"
                            "<layer id=\"a\" operator=\"Conv\" inputs=\"in\" channels=\"1\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>"
                            "<layer id=\"b\" operator=\"Conv\" inputs=\"a\" channels=\"1\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>";
  /* Kept from left to right, computed again from line to line: 5 + 5 rows of 8. */
  g_autoptr (HdTiling) tiling =
      tile_checked (NET, "<stack layers=\"a b\"><tile OY=\"4\" OX=\"4\"/><tensor id=\"a\" mode=\"recompute\" ranks=\"OY\"/></stack>");
  guint64 elements = 0;
  for (HdNodeId node = first_of (tiling, "a"); node < first_of (tiling, "b"); node++) {
    HdBox box = hd_tiling_node_output (tiling, node);
    elements += hd_box_volume (&box);
  }
  cr_assert_eq (elements, 10 * 8);
  cr_assert_eq (nodes_of (tiling, "a"), 4);
}

/* A stride passes over every second row: nobody computes or fetches them, unless the tensor leaves the stack. */
Test (retention, what_nobody_needs_is_not_computed)
{
  static const char NET[] = "<tensor id=\"in\" kind=\"input\" shape=\"1 1 9 4\"/><layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>"
                            "<layer id=\"b\" operator=\"Conv\" inputs=\"a\" channels=\"1\" kernel_shape=\"1 1\" strides=\"2 1\"/><layer id=\"c\" operator=\"Relu\" inputs=\"a\"/>";
  g_autofree char *alone = g_strndup (NET, (gsize) (strstr (NET, "<layer id=\"c\"") - NET));
  for (guint mode = 0; mode < 3; mode++) {
    g_autofree char *text = g_strdup_printf ("<stack layers=\"a b\" mode=\"%s\"><tile OY=\"1\"/></stack>", hd_retention_name ((HdRetention) mode));
    g_autoptr (HdTiling) inside = tile_checked (alone, text);
    cr_assert_eq (rows_of (inside, "a"), 5);
    cr_assert_lt (inside->points, inside->graph_points);
    guint32 first, n;
    guint64 bits = 0;
    hd_tiling_pieces_of (inside, 0, hd_workload_find_tensor (inside->workload, "in"), &first, &n);
    for (guint32 i = first; i < first + n; i++)
      bits += hd_tiling_piece_bits (inside, i);
    cr_assert (n == 5 && bits == 5 * 4 * 8);
    g_autoptr (HdTiling) leaves = tile_checked (NET, text);
    cr_assert_eq (rows_of (leaves, "a"), 9);
  }
}

/* Squeeze and excitation: the mean wants all rows, once; the product wants two at a time. */
Test (retention, a_reader_that_the_tile_does_not_move_counts_once)
{
  g_autoptr (HdTiling) tiling = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 1 6 4\"/><layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>"
                                              "<layer id=\"g\" operator=\"GlobalAveragePool\" inputs=\"a\"/><layer id=\"m\" operator=\"Mul\" inputs=\"a g\"/>",
                                              "<stack layers=\"*\"><tile OY=\"2\"/><tensor id=\"a\" mode=\"recompute\"/></stack>");
  cr_assert_eq (nodes_of (tiling, "g"), 1);
  cr_assert_eq (rows_of (tiling, "a"), 6 + 2 + 2);
  /* Recomputed as well, the mean wants all rows for every tile. */
  g_autoptr (HdTiling) again = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 1 6 4\"/><layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>"
                                             "<layer id=\"g\" operator=\"GlobalAveragePool\" inputs=\"a\"/><layer id=\"m\" operator=\"Mul\" inputs=\"a g\"/>",
                                             "<stack layers=\"*\" mode=\"recompute\"><tile OY=\"2\"/></stack>");
  cr_assert_eq (nodes_of (again, "g"), 3);
  cr_assert_eq (rows_of (again, "a"), 18);
}

/* The closed form for chains of convolutions: N * (T + halo) rows, less what the borders spare. */
Test (retention, recompute_of_a_chain_grows_by_the_halo)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *workload_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "fsrcnn.xml", NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (workload_path, NULL, &error);
  cr_assert_not_null (workload, "%s", error != NULL ? error->message : "");
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:1 sram:64KiB dram:64b", NULL);
  static const char TEXT[] = "<mapping version=\"1\"><stack layers=\"*\" mode=\"recompute\"><tile OY=\"18\"/></stack></mapping>";
  g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (TEXT, strlen (TEXT), "map.xml", workload, platform, NULL);
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, NULL);
  static const guint64 HALO[] = { 10, 10, 8, 6, 4, 2, 2, 0 };
  for (guint l = 0; l < 8; l++) {
    g_autofree char *name = g_strdup_printf ("conv%u", l + 1);
    /* 30 tiles; the first and the last have half of the halo outside the image. */
    cr_assert_eq (rows_of (tiling, name), 30 * (18 + HALO[l]) - HALO[l], "%s", name);
  }
}

Test (structure, residual_waits_for_both)
{
  g_autoptr (HdTiling) tiling = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 2 9 3\"/>"
                                              "<layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>"
                                              "<layer id=\"b\" operator=\"Conv\" inputs=\"a\" channels=\"2\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>"
                                              "<layer id=\"c\" operator=\"Add\" inputs=\"b a\"/>",
                                              "<stack layers=\"*\"><tile OY=\"2\"/></stack>");
  guint64 n, rows[2][3] = { { 0 } };
  /* Tile 1 of c: rows 2-3 of b, made by tile 1 alone; rows 2-3 of a, of which row 2 came with tile 0. */
  const HdDependency *d = hd_tiling_dependencies (tiling, first_of (tiling, "c") + 1, &n);
  cr_assert_eq (n, 3);
  for (guint i = 0; i < 3; i++) {
    HdLayerId l = hd_tiling_node_layer (tiling, d[i].from);
    cr_assert_lt (d[i].from - tiling->layer_first[l], 2);
    rows[l][d[i].from - tiling->layer_first[l]] = hd_dependency_bits (&d[i]) / (2 * 3 * 8);
  }
  cr_assert (rows[0][0] == 1 && rows[0][1] == 1 && rows[1][0] == 0 && rows[1][1] == 2);
}

Test (structure, concatenation_reads_the_part_that_is_meant)
{
  g_autoptr (HdTiling) tiling = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 4 4 4\"/>"
                                              "<layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>"
                                              "<layer id=\"b\" operator=\"MaxPool\" inputs=\"in\" kernel_shape=\"3 3\" pads=\"1 1 1 1\" strides=\"1 1\"/>"
                                              "<layer id=\"c\" operator=\"Concat\" inputs=\"a b\" axis=\"1\"/>",
                                              "<stack layers=\"*\"><cut rank=\"G\" size=\"3\"/></stack>");
  /* Channels 0-2 of a; 3 of a and 0-1 of b; 2-3 of b. Own cuts: 0-2 and 3. */
  HdNodeId c = first_of (tiling, "c");
  static const guint EXPECTED[] = { 1, 2, 2 };
  guint64 n;
  cr_assert_eq (nodes_of (tiling, "c"), 3);
  for (guint i = 0; i < 3; i++) {
    hd_tiling_dependencies (tiling, c + i, &n);
    cr_assert_eq (n, EXPECTED[i], "node %u has %u dependencies", i, (guint) n);
  }
}

Test (structure, partial_sums_are_a_chain)
{
  g_autoptr (HdTiling) tiling = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 7 5\"/><layer id=\"a\" operator=\"MatMul\" inputs=\"in\" channels=\"4\"/>",
                                              "<layer id=\"a\"><cut rank=\"K\" size=\"2\"/><cut rank=\"M\" size=\"4\"/></layer>");
  guint64 n;
  cr_assert_eq (tiling->n_nodes, 2 * 3);
  for (HdNodeId node = 0; node < 6; node++) {
    const HdDependency *d = hd_tiling_dependencies (tiling, node, &n);
    gboolean first = n == 0;
    HdBox out = hd_tiling_node_output (tiling, node);
    cr_assert_eq (hd_tiling_node_output_bits (tiling, node), hd_box_volume (&out) * (hd_tiling_node_is_final (tiling, node) ? 8 : 16));
    if (!first)
      cr_assert (n == 1 && d[0].flags == HD_DEPENDENCY_PARTIAL && hd_dependency_bits (&d[0]) == hd_box_volume (&out) * 16);
  }
  cr_assert_eq (bits_with (tiling, HD_DEPENDENCY_PARTIAL), 2 * 7 * 4 * 16);
}

/* Two fully connected layers with the channels between them cut: slices of the first, partial sums of the second. */
Test (structure, a_reduction_can_be_the_tile)
{
  g_autoptr (HdTiling) tiling = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 6 5\"/>"
                                              "<layer id=\"a\" operator=\"MatMul\" inputs=\"in\" channels=\"8\"/><layer id=\"b\" operator=\"MatMul\" inputs=\"a\" channels=\"3\"/>",
                                              "<stack layers=\"a b\"><tile K=\"2\"/></stack>");
  cr_assert_eq (nodes_of (tiling, "a"), 4);
  cr_assert_eq (nodes_of (tiling, "b"), 4);
  HdBox slice = hd_tiling_node_output (tiling, 1);
  cr_assert (slice.range[2].from == 2 && slice.range[2].to == 4 && slice.range[1].to == 6);
  cr_assert_eq (bits_with (tiling, HD_DEPENDENCY_PARTIAL), 3 * 6 * 3 * 16);
  cr_assert_neq (hd_tiling_node_weight_key (tiling, 0), hd_tiling_node_weight_key (tiling, 1));
}

Test (structure, stacks_meet_in_dependencies_and_in_pieces)
{
  g_autoptr (HdTiling) tiling = tile_checked (TWO_CONVS, "<stack layers=\"a\"><tile OY=\"6\"/></stack><stack layers=\"b\"><tile OY=\"3\"/></stack>");
  HdNodeId b = first_of (tiling, "b");
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (tiling, b + 1, &n);
  /* Rows 3-5 read 2-6: 2-5 of the first node, 6 of the second. */
  cr_assert (n == 2 && d[0].flags == HD_DEPENDENCY_EXTERNAL && hd_dependency_bits (&d[0]) == 4 * 6 * 8 && hd_dependency_bits (&d[1]) == 6 * 8);
  const HdDependency *r = hd_tiling_reads (tiling, b + 1, &n);
  /* Pieces end at rows 4, 7, 10, 12: two rows of the first, all of the second; then the weights. */
  cr_assert (n == 3 && hd_dependency_bits (&r[0]) == 2 * 6 * 8 && hd_dependency_bits (&r[1]) == 3 * 6 * 8 && r[2].operand == 1);
}

Test (structure, cores_are_dealt)
{
  g_autoptr (HdTiling) tiling = tile_checked ("<tensor id=\"in\" kind=\"input\" shape=\"1 3 4 4\"/><layer id=\"a\" operator=\"Conv\" inputs=\"in\" channels=\"10\" kernel_shape=\"1 1\"/>"
                                              "<layer id=\"b\" operator=\"Relu\" inputs=\"a\"/>",
                                              "<layer id=\"a\" cores=\"core0 core1 core2 core3\" split=\"K\"/>"
                                              "<layer id=\"b\" cores=\"core2 core1\"><cut rank=\"OY\" size=\"1\"/></layer>");
  /* 10 channels over 4 cores: 3, 3, 3 and 1. */
  cr_assert_eq (nodes_of (tiling, "a"), 4);
  for (guint i = 0; i < 4; i++) {
    cr_assert_eq (hd_tiling_node_core (tiling, first_of (tiling, "a") + i), i);
    cr_assert_eq (hd_tiling_node_core (tiling, first_of (tiling, "b") + i), i % 2 == 0 ? 2 : 1);
  }
  HdCoreId core[4];
  guint32 shape[4], key[4];
  hd_tiling_layer_nodes (tiling, 0, core, shape, key);
  cr_assert (core[0] == 0 && core[2] == 2 && core[3] == 3 && shape[0] == shape[2] && shape[3] != shape[0] && key[0] != key[1]);
  hd_tiling_layer_nodes (tiling, 1, core, shape, key);
  cr_assert (core[0] == 2 && core[1] == 1 && core[3] == 1 && shape[0] == shape[3] && key[0] == 0);
}

Test (limits, impossible_and_endless_cuts_are_errors)
{
  static const struct { const char *workload, *mapping, *message; int code; } CASES[] = {
    { "<tensor id=\"in\" kind=\"input\" shape=\"1 1 60000 60000\"/><layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>",
      "<stack layers=\"a\">\n<tile OY=\"1\" OX=\"1\"/></stack>", "map.xml:2: ", HD_ERROR_NEGATIVE },
    { "<tensor id=\"in\" kind=\"input\" shape=\"1 1 60000 60000\"/><layer id=\"a\" operator=\"Relu\" inputs=\"in\"/>",
      "<stack layers=\"a\">\n<cut rank=\"OY\" size=\"1\"/><cut rank=\"OX\" size=\"1\"/></stack>", "map.xml:1: \"a\" is cut so finely", HD_ERROR_NEGATIVE },
    { "<tensor id=\"in\" kind=\"input\" shape=\"1 4 6 6\"/><layer id=\"a\" operator=\"Conv\" inputs=\"in\" channels=\"2\" kernel_shape=\"3 3\"/>",
      "<stack layers=\"a\"><tile C=\"2\" FY=\"1\"/></stack>\n<layer id=\"a\"><cut rank=\"C\" size=\"1\"/></layer>", "map.xml:2: C of \"a\" is cut inside its tile", HD_ERROR_INPUT },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GError) error = NULL;
    HdTiling *tiling = tile (CASES[i].workload, CASES[i].mapping, &error);
    cr_assert_null (tiling);
    cr_assert (g_error_matches (error, HD_ERROR, CASES[i].code) && g_str_has_prefix (error->message, CASES[i].message), "%s", error->message);
  }
}
