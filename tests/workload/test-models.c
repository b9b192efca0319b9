/* The networks of workloads/, and the published ONNX models beside the project where they are: what is known of them by other means.
 *
 * MAC counts are worked out by hand or published: ResNet-18 1.814, MobileNetV2 0.301, SqueezeNet 1.1 0.349 and Inception-v2 2.02 thousand million. The importer
 * has checked its shapes against the value_info of the models, or they would not load.
 */
#include <criterion/criterion.h>
#include <heddle/workload.h>
#include <string.h>

static guint64
macs_of (const HdWorkload *w)
{
  guint64 macs = 0;
  for (guint l = 0; l < w->n_layers; l++)
    macs += w->layers[l].layer_class == HD_LAYER_MAC ? w->layers[l].points : 0;
  return macs;
}

static HdWorkload *
must_load (const char *path)
{
  g_autoptr (GError) error = NULL;
  HdWorkload *w = hd_workload_load (path, NULL, &error);
  cr_assert_not_null (w, "%s", error != NULL ? error->message : "");
  return w;
}

static HdWorkload *
load_ours (const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s.xml", name);
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", file, NULL);
  return must_load (path);
}

/* Writing and reading gives the same, to the last byte of the canonical form and the last field. */
static void
check_round_trip (const HdWorkload *w)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = hd_workload_to_xml (w);
  g_autoptr (HdWorkload) again = hd_workload_parse_xml (xml, strlen (xml), w->name, &error);
  cr_assert_not_null (again, "%s: %s", w->name, error != NULL ? error->message : "");
  g_autofree char *twice = hd_workload_to_xml (again);
  cr_assert_str_eq (xml, twice, "%s", w->name);
  cr_assert (again->n_layers == w->n_layers && again->n_tensors == w->n_tensors);
  for (guint l = 0; l < w->n_layers; l++) {
    const HdLayer *a = &w->layers[l], *b = &again->layers[l];
    cr_assert (a->n_operands == b->n_operands && a->points == b->points && a->view == b->view && a->layer_class == b->layer_class);
    cr_assert (memcmp (a->operands, b->operands, a->n_operands * sizeof *a->operands) == 0, "%s: %s", w->name, a->name);
    for (guint r = 0; r < a->n_ranks; r++)
      cr_assert (a->rank[r].reduction == b->rank[r].reduction && a->rank[r].size == b->rank[r].size);
  }
  for (guint t = 0; t < w->n_tensors; t++)
    cr_assert (w->tensors[t].total_bits == again->tensors[t].total_bits && w->tensors[t].producer == again->tensors[t].producer
               && w->tensors[t].n_consumers == again->tensors[t].n_consumers);
}

Test (models, ours)
{
  static const struct { const char *name; guint64 macs; guint n_layers; } MODELS[] = {
    { "fsrcnn", G_GUINT64_CONSTANT (8290252800), 8 },
    { "resnet18", G_GUINT64_CONSTANT (1814073344), 49 },
    { "mobilenetv2", G_GUINT64_CONSTANT (300774272), 100 },
    { "mobilenetv1", G_GUINT64_CONSTANT (568740352), 57 },
    { "transformer-block", G_GUINT64_CONSTANT (931135488), 26 },
    { "dmcnn-vd", G_GUINT64_CONSTANT (262278217728), 39 },
    { "mc-cnn", G_GUINT64_CONSTANT (51914566656), 7 },
    /* As many as the published models have (below); layers are fewer, because what is folded into a convolution is none. */
    { "squeezenet", G_GUINT64_CONSTANT (349151936), 66 - 17 - 9 + 26 },
    { "inception-v2", G_GUINT64_CONSTANT (2018851840), 372 - 3 * 69 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (MODELS); i++) {
    g_autoptr (HdWorkload) w = load_ours (MODELS[i].name);
    cr_expect_eq (macs_of (w), MODELS[i].macs, "%s: %lu MACs", MODELS[i].name, (unsigned long) macs_of (w));
    cr_expect_eq (w->n_layers, MODELS[i].n_layers, "%s: %u layers", MODELS[i].name, w->n_layers);
    cr_expect_str_eq (w->name, MODELS[i].name);
    check_round_trip (w);
  }
}

/* The published tool counts a MAC for each pooling and addition too. */
Test (models, those_without_padding_count_as_the_published_tool)
{
  static const struct { const char *name; guint64 operations; } MODELS[] = {
    { "fsrcnn-nopad", G_GUINT64_CONSTANT (8362594208) },       { "dmcnn-vd-nopad", G_GUINT64_CONSTANT (278813332224) },
    { "mc-cnn-nopad", G_GUINT64_CONSTANT (52278792192) },      { "mobilenetv1-nopad", G_GUINT64_CONSTANT (1891288512) },
    { "resnet18-nopad", G_GUINT64_CONSTANT (9353143424) },
  };
  for (guint i = 0; i < G_N_ELEMENTS (MODELS); i++) {
    g_autoptr (HdWorkload) w = load_ours (MODELS[i].name);
    guint64 points = 0;
    for (guint l = 0; l < w->n_layers; l++) {
      HdBox whole = hd_layer_whole_box (&w->layers[l]);
      points += w->layers[l].points;
      cr_expect_eq (hd_layer_effective_points (w, &w->layers[l], &whole), w->layers[l].points, "%s: %s pads", MODELS[i].name, w->layers[l].name);
    }
    cr_expect_eq (points, MODELS[i].operations, "%s: %lu", MODELS[i].name, (unsigned long) points);
    check_round_trip (w);
  }
}

/* The same network from two descriptions made by different people has the same layers: sizes and bits of all their operands. */
static void
check_same_shapes (const HdWorkload *a, const HdWorkload *b)
{
  cr_assert_eq (a->n_layers, b->n_layers);
  guint64 bits_a = 0, bits_b = 0, effective_a = 0, effective_b = 0;
  for (guint l = 0; l < a->n_layers; l++) {
    HdBox whole_a = hd_layer_whole_box (&a->layers[l]), whole_b = hd_layer_whole_box (&b->layers[l]);
    effective_a += hd_layer_effective_points (a, &a->layers[l], &whole_a);
    effective_b += hd_layer_effective_points (b, &b->layers[l], &whole_b);
  }
  for (guint t = 0; t < a->n_tensors; t++)
    bits_a += a->tensors[t].total_bits;
  for (guint t = 0; t < b->n_tensors; t++)
    bits_b += b->tensors[t].total_bits;
  cr_expect_eq (bits_a, bits_b, "%s: %lu and %lu bits", a->name, (unsigned long) bits_a, (unsigned long) bits_b);
  cr_expect_eq (effective_a, effective_b, "%s", a->name);
}

Test (models, published)
{
  static const struct { const char *name; const char *ours; guint64 macs; guint n_layers; } MODELS[] = {
    { "fsrcnn", NULL, G_GUINT64_CONSTANT (8290252800), 8 },
    { "resnet18", "resnet18", G_GUINT64_CONSTANT (1814073344), 49 },
    { "mobilenetv2", "mobilenetv2", G_GUINT64_CONSTANT (300774272), 100 },
    { "squeezenet", NULL, G_GUINT64_CONSTANT (349151936), 66 },
    { "inception_v2", NULL, G_GUINT64_CONSTANT (2018851840), 372 },
    /* 3 x 128x512x64 + 2 x 128x128x64 */
    { "attention_head", NULL, G_GUINT64_CONSTANT (14680064), 8 },
    /* 3 x 256x4096x14336 */
    { "swiglu_256_4096_14336", NULL, G_GUINT64_CONSTANT (45097156608), 5 },
  };
  g_autofree char *folder = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "..", "shared", "reference", "onnx", NULL);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    cr_skip_test ("the published models are not there");
  for (guint i = 0; i < G_N_ELEMENTS (MODELS); i++) {
    g_autofree char *file = g_strdup_printf ("%s.onnx", MODELS[i].name);
    g_autofree char *path = g_build_filename (folder, file, NULL);
    g_autoptr (HdWorkload) w = must_load (path);
    cr_expect_eq (macs_of (w), MODELS[i].macs, "%s: %lu MACs", MODELS[i].name, (unsigned long) macs_of (w));
    cr_expect_eq (w->n_layers, MODELS[i].n_layers, "%s: %u layers", MODELS[i].name, w->n_layers);
    check_round_trip (w);
    if (MODELS[i].ours != NULL) {
      g_autoptr (HdWorkload) ours = load_ours (MODELS[i].ours);
      check_same_shapes (w, ours);
    }
  }
}

/* --- the XML format ----------------------------------------------------------------------------------- */

static HdWorkload *
must_parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  HdWorkload *w = hd_workload_parse_xml (text, strlen (text), "text", &error);
  cr_assert_not_null (w, "%s", error != NULL ? error->message : "");
  return w;
}

Test (models, order_of_elements_means_nothing)
{
  static const char *const PARTS[] = {
    "<tensor id='x' kind='input' shape='1 3 8 8'/>", "<layer id='c' operator='Conv' inputs='x' channels='4' kernel_shape='3 3' bias='true'/>",
    "<layer id='r' operator='Relu' inputs='c'/>", "<layer id='p' operator='Add' inputs='r c'/>", "<tensor id='s' kind='output' shape='1 4 6'/>",
    "<nest id='s' operator='RowSum' class='pool' ranks='B=1 K=4 OY=6 OX=6'><input tensor='p' index='B, K, OY, OX'/><output tensor='s' index='B, K, OY'/></nest>",
  };
  g_autofree char *first = NULL;
  for (guint turn = 0; turn < G_N_ELEMENTS (PARTS); turn++)
    for (int backwards = 0; backwards < 2; backwards++) {
      g_autoptr (GString) text = g_string_new ("<workload version='1' name='w'>");
      for (guint i = 0; i < G_N_ELEMENTS (PARTS); i++)
        g_string_append (text, PARTS[(backwards ? turn + G_N_ELEMENTS (PARTS) - i : turn + i) % G_N_ELEMENTS (PARTS)]);
      g_string_append (text, "</workload>");
      g_autoptr (HdWorkload) w = must_parse (text->str);
      g_autofree char *xml = hd_workload_to_xml (w);
      if (first == NULL)
        first = g_strdup (xml);
      cr_assert_str_eq (first, xml);
    }
}

/* Links, kinds and reductions of a small graph, by hand. */
Test (models, links)
{
  g_autoptr (HdWorkload) w = must_parse ("<workload version='1' name='w'><tensor id='x' kind='input' shape='1 3 8 8' bits='4 bit'/>"
                                         "<layer id='c' operator='Conv' inputs='x' channels='4' kernel_shape='3 3' bias='true' weight-bits='2 bit' partial-bits='20 bit'/>"
                                         "<layer id='b' operator='Relu' inputs='c'/><layer id='a' operator='Mul' inputs='c c'/></workload>");
  /* c comes first, then what is free of order by name. */
  cr_assert_str_eq (w->layers[0].name, "c");
  cr_assert_str_eq (w->layers[1].name, "a");
  cr_assert_str_eq (w->layers[2].name, "b");
  const HdTensor *c = &w->tensors[hd_workload_find_tensor (w, "c")];
  cr_assert (c->producer == 0 && c->n_consumers == 2 && c->consumers[0] == 1 && c->consumers[1] == 2 && c->kind == HD_TENSOR_ACTIVATION);
  cr_assert_eq (c->total_bits, 4u * 36 * 8);
  cr_assert_eq (w->tensors[hd_workload_find_tensor (w, "a")].kind, HD_TENSOR_OUTPUT);
  cr_assert_eq (w->tensors[hd_workload_find_tensor (w, "c.weight")].total_bits, 4u * 3 * 9 * 2);
  cr_assert_eq (w->tensors[hd_workload_find_tensor (w, "c.bias")].bits, 16);
  const HdLayer *conv = &w->layers[0];
  cr_assert (conv->partial_bits == 20 && conv->n_operands == 4);
  cr_assert_str_eq (w->tensors[conv->operands[1].tensor].name, "c.weight", "the weights come before the bias");
  for (guint r = 0; r < conv->n_ranks; r++)
    cr_assert_eq (conv->rank[r].reduction, strchr ("CF", conv->rank[r].name[0]) != NULL, "%s", conv->rank[r].name);
  cr_assert_eq (hd_workload_find_layer (w, "nobody"), HD_NONE);
  cr_assert_eq (hd_workload_find_tensor (w, "nobody"), HD_NONE);
}
