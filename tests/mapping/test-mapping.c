/* Mappings: what is said, what is left unsaid, what is wrong. */
#include <criterion/criterion.h>
#include <heddle/mapping.h>
#include <heddle/random.h>
#include <string.h>

#include "tiling/random-graph.h"

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
  HdPlatform *platform = hd_platform_load (path, &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

static HdMapping *
parse (const char *text, HdWorkload *workload, HdPlatform *platform)
{
  g_autoptr (GError) error = NULL;
  HdMapping *mapping = hd_mapping_parse_xml (text, strlen (text), "map.xml", workload, platform, &error);
  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  return mapping;
}

static guint
layer_of (const HdMapping *mapping, const char *name)
{
  HdLayerId l = hd_workload_find_layer (mapping->workload, name);
  cr_assert_neq (l, HD_NONE);
  return l;
}

/* Writing and reading again gives the same text. */
static void
check_canonical (const HdMapping *mapping, const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = hd_mapping_to_xml (mapping);
  g_autoptr (HdMapping) again = hd_mapping_parse_xml (text, strlen (text), "again.xml", mapping->workload, mapping->platform, &error);
  cr_assert_not_null (again, "%s: %s\n%s", what, error != NULL ? error->message : "", text);
  g_autofree char *twice = hd_mapping_to_xml (again);
  cr_assert_str_eq (text, twice, "%s", what);
  for (guint l = 0; l < mapping->workload->n_layers; l++)
    cr_assert (again->layer[l].stack == mapping->layer[l].stack && again->layer[l].n_cuts == mapping->layer[l].n_cuts && again->layer[l].split == mapping->layer[l].split);
  for (guint s = 0; s < mapping->n_stacks; s++)
    for (guint t = 0; t < mapping->workload->n_tensors; t++)
      for (guint a = 0; a < mapping->stack[s].n_axes; a++)
        cr_assert_eq (hd_mapping_retention (again, s, t, a), hd_mapping_retention (mapping, s, t, a), "%s", what);
}

Test (mapping, the_demo_is_one_stack)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("depfin");
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "fsrcnn-depfin.mapping.xml", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (HdMapping) mapping = hd_mapping_load (path, workload, platform, &error);
  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  cr_assert_eq (mapping->n_stacks, 1);
  cr_assert_eq (mapping->stack[0].n_layers, 8);
  cr_assert (mapping->stack[0].n_axes == 1 && mapping->stack[0].axis[0].size == 1);
  for (guint l = 0; l < 8; l++) {
    cr_assert (mapping->layer[l].n_cuts == 1 && g_str_equal (mapping->layer[l].cut[0].rank, "OY"));
    cr_assert (mapping->layer[l].n_unrolls == 2 && mapping->layer[l].unroll[0].dimension == 0 && mapping->layer[l].unroll[0].factor == 128);
  }
  cr_assert_str_eq (platform->memory[mapping->dram.memory].id, "dram");
  check_canonical (mapping, path);
}

Test (mapping, unsaid_is_layer_by_layer_on_the_first_core_that_takes_it)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autoptr (HdMapping) mapping = hd_mapping_default (workload, platform, &error);
  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  cr_assert_eq (mapping->n_stacks, workload->n_layers);
  for (guint l = 0; l < workload->n_layers; l++) {
    const HdCore *core = &platform->core[mapping->layer[l].cores[0]];
    cr_assert_eq (mapping->stack[mapping->layer[l].stack].layers[0], l);
    cr_assert (mapping->layer[l].n_cores == 1 && (core->operators >> workload->layers[l].layer_class & 1) != 0);
    for (HdCoreId c = 0; c < mapping->layer[l].cores[0]; c++)
      cr_assert ((platform->core[c].operators >> workload->layers[l].layer_class & 1) == 0 || platform->core[c].kind == HD_CORE_FIXED);
  }
  check_canonical (mapping, "default");
}

/* relu1 reads and makes 64 x 112 x 112 byte: 1,605,632 byte in a buffer of 614,400, of which half may be used. Halved three times it takes
 * 200,704; halved twice it would be 401,408. */
Test (mapping, what_nobody_wrote_is_cut_to_fit)
{
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autoptr (HdMapping) mapping = hd_mapping_default (workload, platform, NULL);
  const HdMappingLayer *relu = &mapping->layer[hd_workload_find_layer (workload, "relu1")];
  guint64 pieces = 1;
  for (guint c = 0; c < relu->n_cuts; c++) {
    const HdLayer *layer = &workload->layers[hd_workload_find_layer (workload, "relu1")];
    guint64 whole = layer->rank[hd_layer_find_rank (layer, relu->cut[c].rank)].size;
    pieces *= (whole + relu->cut[c].size - 1) / relu->cut[c].size;
  }
  cr_assert_eq (pieces, 8, "%lu", (gulong) pieces);
}

Test (mapping, the_innermost_rule_counts)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:3 sram:64KiB dram:64b", NULL);
  g_autoptr (HdMapping) mapping = parse ("<mapping version=\"1\"><layer id=\"conv3\" cores=\"core2\"><cut rank=\"K\" size=\"5\"/></layer>"
                                         "<operator type=\"Conv\" cores=\"core1 core0\"><cut rank=\"K\" size=\"14\"/><cut rank=\"OX\" size=\"480\"/></operator>"
                                         "<stack layers=\"conv1 ... conv3\"><cut rank=\"OY\" size=\"7\"/><cut rank=\"K\" size=\"3\"/></stack></mapping>",
                                         workload, platform);
  const HdMappingLayer *conv1 = &mapping->layer[layer_of (mapping, "conv1")], *conv2 = &mapping->layer[layer_of (mapping, "conv2")],
                       *conv3 = &mapping->layer[layer_of (mapping, "conv3")], *conv4 = &mapping->layer[layer_of (mapping, "conv4")];
  cr_assert (conv1->n_cores == 2 && conv1->cores[0] == 1 && conv1->cores[1] == 0);
  cr_assert (conv3->n_cores == 1 && conv3->cores[0] == 2);
  /* Cuts stand in the order of the ranks: K, OY, OX. conv2 has 12 channels: the operator's 14 leave them whole. */
  cr_assert (conv1->n_cuts == 3 && conv1->cut[0].size == 14 && conv1->cut[1].size == 7 && conv1->cut[2].size == 480);
  cr_assert (conv2->n_cuts == 2 && conv2->cut[0].size == 7);
  cr_assert (conv3->n_cuts == 3 && conv3->cut[0].size == 5);
  cr_assert (conv4->n_cuts == 1);
  check_canonical (mapping, "rules");
}

Test (mapping, order_of_elements_does_not_matter)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("depfin");
  g_autoptr (HdMapping) a = parse ("<mapping version=\"1\"><stack layers=\"conv3 conv2\"><tensor id=\"conv2\" mode=\"refetch\"/><tile OX=\"9\" OY=\"3\"/></stack>"
                                   "<layer id=\"conv1\"><cut rank=\"K\" size=\"8\"/><cut rank=\"OY\" size=\"8\"/></layer><stack layers=\"conv5 ... conv7\"/></mapping>",
                                   workload, platform);
  g_autoptr (HdMapping) b = parse ("<mapping version=\"1\"><stack layers=\"conv7 conv6 conv5\"/><layer id=\"conv1\"><cut rank=\"OY\" size=\"8\"/><cut rank=\"K\" size=\"8\"/></layer>"
                                   "<stack layers=\"conv2 conv3\"><tile OY=\"3\" OX=\"9\"/><tensor id=\"conv2\" mode=\"refetch\"/></stack></mapping>",
                                   workload, platform);
  g_autofree char *x = hd_mapping_to_xml (a), *y = hd_mapping_to_xml (b);
  cr_assert_str_eq (x, y);
  /* The order of the tile's loops does: it is said by `order`. */
  cr_assert_str_eq (a->stack[1].axis[0].rank, "OY");
  g_autoptr (HdMapping) c = parse ("<mapping version=\"1\"><stack layers=\"conv2 conv3\"><tile OY=\"3\" OX=\"9\" order=\"OX OY\"/></stack></mapping>", workload, platform);
  cr_assert_str_eq (c->stack[1].axis[0].rank, "OX");
}

Test (mapping, stacks_stand_in_an_order_that_works)
{
  static const char NET[] = "<workload version=\"1\" name=\"w\"><tensor id=\"x\" kind=\"input\" shape=\"4 4\"/><layer id=\"a\" operator=\"Relu\" inputs=\"x\"/>"
                            "<layer id=\"b\" operator=\"Relu\" inputs=\"a\"/><layer id=\"c\" operator=\"Relu\" inputs=\"x\"/><layer id=\"d\" operator=\"Add\" inputs=\"c b\"/></workload>";
  g_autoptr (HdWorkload) workload = hd_workload_parse_xml (NET, strlen (NET), "w", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:1 sram:64KiB dram:64b", NULL);
  g_autoptr (HdMapping) mapping = parse ("<mapping version=\"1\"><stack layers=\"d c\"/></mapping>", workload, platform);
  cr_assert_eq (mapping->n_stacks, 3);
  cr_assert_lt (mapping->layer[layer_of (mapping, "a")].stack, mapping->layer[layer_of (mapping, "b")].stack);
  cr_assert_lt (mapping->layer[layer_of (mapping, "b")].stack, mapping->layer[layer_of (mapping, "d")].stack);
  /* Two stacks that wait for each other, neither of which has a hole of its own. */
  static const char CROSS[] = "<workload version=\"1\" name=\"w\"><tensor id=\"x\" kind=\"input\" shape=\"4\"/><layer id=\"a\" operator=\"Relu\" inputs=\"x\"/>"
                              "<layer id=\"b\" operator=\"Relu\" inputs=\"a\"/><layer id=\"c\" operator=\"Relu\" inputs=\"x\"/><layer id=\"d\" operator=\"Relu\" inputs=\"c\"/></workload>";
  static const char TEXT[] = "<mapping version=\"1\">\n<stack layers=\"a d\"/>\n<stack layers=\"b c\"/></mapping>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) cross = hd_workload_parse_xml (CROSS, strlen (CROSS), "w", NULL);
  cr_assert_null (hd_mapping_parse_xml (TEXT, strlen (TEXT), "map.xml", cross, platform, &error));
  cr_assert_str_eq (error->message, "map.xml:2: the stack waits for another stack that waits for it");
}

Test (mapping, retention_of_what_is_not_named)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("depfin");
  g_autoptr (HdMapping) mapping = parse ("<mapping version=\"1\"><stack layers=\"conv3 ... conv8\" mode=\"recompute\"><tile OY=\"3\" OX=\"5\"/>"
                                         "<tensor id=\"conv4\" mode=\"retain\" ranks=\"OX\"/><tensor id=\"conv5.weight\" mode=\"refetch\"/></stack></mapping>",
                                         workload, platform);
  HdStackId s = mapping->layer[layer_of (mapping, "conv8")].stack;
  static const struct { const char *tensor; HdRetention oy, ox; } CASES[] = {
    { "conv3", HD_RETENTION_RECOMPUTE, HD_RETENTION_RECOMPUTE }, { "conv4", HD_RETENTION_RECOMPUTE, HD_RETENTION_RETAIN },
    { "conv2", HD_RETENTION_RETAIN, HD_RETENTION_RETAIN },       { "conv4.weight", HD_RETENTION_RETAIN, HD_RETENTION_RETAIN },
    { "conv5.weight", HD_RETENTION_REFETCH, HD_RETENTION_REFETCH },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    HdTensorId t = hd_workload_find_tensor (workload, CASES[i].tensor);
    cr_assert (hd_mapping_retention (mapping, s, t, 0) == CASES[i].oy && hd_mapping_retention (mapping, s, t, 1) == CASES[i].ox, "%s", CASES[i].tensor);
  }
  check_canonical (mapping, "retention");
}

Test (mapping, a_core_must_take_the_layer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  HdLayerId pool = 0;
  while (workload->layers[pool].layer_class != HD_LAYER_POOL)
    pool++;
  HdCoreId wrong = 0;
  while ((platform->core[wrong].operators >> HD_LAYER_POOL & 1) != 0)
    wrong++;
  g_autofree char *text = g_strdup_printf ("<mapping version=\"1\">\n<layer id=\"%s\" cores=\"%s\"/></mapping>", workload->layers[pool].name, platform->core[wrong].id);
  g_autofree char *expected = g_strdup_printf ("map.xml:2: the core \"%s\" does not take the layer \"%s\" (%s, class POOL)", platform->core[wrong].id, workload->layers[pool].name,
                                               workload->layers[pool].operator_type);
  cr_assert_null (hd_mapping_parse_xml (text, strlen (text), "map.xml", workload, platform, &error));
  cr_assert_str_eq (error->message, expected);
}

Test (mapping, pieces_of_an_inner_digit_need_the_outer_fixed)
{
  static const char NET[] = "<workload version=\"1\" name=\"w\"><tensor id=\"x\" kind=\"input\" shape=\"1 4 6 6\"/>"
                            "<layer id=\"a\" operator=\"Conv\" inputs=\"x\" channels=\"8\" kernel_shape=\"1 1\" group=\"2\"/></workload>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) workload = hd_workload_parse_xml (NET, strlen (NET), "w", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:1 sram:64KiB dram:64b", NULL);
  static const char BAD[] = "<mapping version=\"1\"><layer id=\"a\">\n<cut rank=\"K\" size=\"2\"/></layer></mapping>";
  cr_assert_null (hd_mapping_parse_xml (BAD, strlen (BAD), "map.xml", workload, platform, &error));
  cr_assert_str_eq (error->message, "map.xml:2: pieces of K make no boxes of the output of \"a\" - expected G cut into pieces of 1 as well");
  g_autoptr (HdMapping) good = parse ("<mapping version=\"1\"><layer id=\"a\"><cut rank=\"K\" size=\"2\"/><cut rank=\"G\" size=\"1\"/></layer></mapping>", workload, platform);
  cr_assert_eq (good->layer[0].n_cuts, 2);
}

Test (mapping, a_split_cuts_its_rank)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:3 sram:64KiB dram:64b", NULL);
  g_autoptr (HdMapping) mapping = parse ("<mapping version=\"1\"><operator type=\"Conv\" cores=\"core0 core1 core2\" split=\"K\"/></mapping>", workload, platform);
  const HdMappingLayer *conv1 = &mapping->layer[layer_of (mapping, "conv1")];
  cr_assert (conv1->n_cuts == 1 && conv1->cut[0].size == 19 && g_str_equal (workload->layers[0].rank[conv1->split].name, "K"));
  check_canonical (mapping, "split");
}

Test (mapping, canonical_form_of_random_mappings)
{
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:2 sram:64KiB dram:64b", NULL);
  guint checked = 0;
  for (guint64 seed = 1; seed <= 300; seed++) {
    HdRandom random;
    hd_random_init (&random, seed);
    g_autoptr (HdWorkload) workload = random_workload (&random);
    g_autofree char *text = random_mapping_text (&random, workload), *name = g_strdup_printf ("seed %lu", (gulong) seed);
    g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (text, strlen (text), "map.xml", workload, platform, NULL);
    if (mapping == NULL)
      continue;
    check_canonical (mapping, name);
    checked++;
  }
  cr_assert_gt (checked, 250);
}

/* Every file of the corpus is refused, with the line and the words that it names: tests/corpus/mapping holds them in comments. */
Test (broken, corpus)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("depfin");
  g_autofree char *folder = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", "mapping", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;
  cr_assert_not_null (dir, "%s", folder);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir), n++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
    gsize length;
    cr_assert (g_file_get_contents (path, &text, &length, NULL));
    HdMapping *mapping = hd_mapping_load (path, workload, platform, &error);
    cr_expect_null (mapping, "%s: accepted", name);
    if (mapping != NULL) {
      hd_mapping_unref (mapping);
      continue;
    }
    cr_expect_eq (error->code, HD_ERROR_INPUT, "%s: code %d", name, error->code);
    cr_expect (strstr (error->message, name) != NULL, "%s: the file is not named: %s", name, error->message);
    const char *at = g_strstr_len (text, (gssize) length, "expect: "), *end = at != NULL ? strstr (at, " -->") : NULL;
    if (end == NULL)
      continue;
    g_autofree char *expected = g_strndup (at + strlen ("expect: "), (gsize) (end - at) - strlen ("expect: "));
    cr_expect (strstr (error->message, expected) != NULL, "%s: %s - expected %s", name, error->message, expected);
  }
  cr_assert_gt (n, 60);
}

Test (broken, all_faults_at_once)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("depfin");
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", "mapping", "many-faults.xml", NULL);
  cr_assert_null (hd_mapping_load (path, workload, platform, &error));
  static const char *const EXPECTED[] = { "many-faults.xml:3: ", "many-faults.xml:4: ", "many-faults.xml:5: ", "many-faults.xml:6: " };
  for (guint i = 0; i < G_N_ELEMENTS (EXPECTED); i++)
    cr_assert (strstr (error->message, EXPECTED[i]) != NULL, "%s", error->message);
  cr_assert_null (hd_mapping_load ("no-such-file.xml", workload, platform, NULL));
}

/* A good file, cut anywhere and with any byte changed: refused or read, nothing else. */
Test (broken, mutations)
{
  g_autoptr (HdWorkload) workload = network ("fsrcnn");
  g_autoptr (HdPlatform) platform = machine ("depfin");
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "fsrcnn-depfin.mapping.xml", NULL), *text = NULL;
  gsize length;
  HdRandom random;
  hd_random_init (&random, 7);
  cr_assert (g_file_get_contents (path, &text, &length, NULL));
  guint refused = 0;
  for (guint i = 0; i < 3000; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *copy = g_memdup2 (text, length);
    gsize n = i % 3 == 0 ? hd_random_below (&random, length) : length;
    for (guint k = 0; i % 3 != 0 && k < 1 + i % 4; k++)
      copy[hd_random_below (&random, length)] = (char) (32 + hd_random_below (&random, 95));
    g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (copy, n, "mutant.xml", workload, platform, &error);
    if (mapping == NULL) {
      cr_assert (error->code == HD_ERROR_INPUT && g_str_has_prefix (error->message, "mutant.xml"), "%s", error->message);
      refused++;
    }
  }
  cr_assert_gt (refused, 1000);
}

/* --- mappings made in code -------------------------------------------------------------------------- */

static HdMapping *
choose (HdWorkload *workload, HdPlatform *platform, HdMappingLayerChoice *layer, const HdMappingStackChoice *stack, guint n_stacks, GError **error)
{
  HdMappingChoices choices = { .layer = layer, .n_stacks = n_stacks, .stack = stack };
  return hd_mapping_new_choices (workload, platform, &choices, error);
}

static HdMappingLayerChoice *
no_choices (const HdWorkload *workload)
{
  HdMappingLayerChoice *layer = g_new0 (HdMappingLayerChoice, workload->n_layers);
  for (guint l = 0; l < workload->n_layers; l++)
    layer[l].split = -1;
  return layer;
}

Test (mapping, choices_are_what_a_file_says)
{
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autoptr (GError) error = NULL;
  g_autofree HdMappingLayerChoice *layer = no_choices (workload);
  HdCoreId cores[] = { hd_platform_find_core (platform, "core2"), hd_platform_find_core (platform, "core0") };
  HdLayerId conv = hd_workload_find_layer (workload, "conv1"), relu = hd_workload_find_layer (workload, "relu1"), pool = hd_workload_find_layer (workload, "maxpool");
  HdLayerId fused[] = { pool, conv, relu };
  const HdLayer *last = &workload->layers[pool];
  layer[conv] = (HdMappingLayerChoice) { .n_cores = 2, .cores = cores, .split = hd_layer_find_rank (&workload->layers[conv], "K") };
  layer[relu].split = -1;
  layer[relu].cut[hd_layer_find_rank (&workload->layers[relu], "OY")] = 4;
  HdMappingStackChoice stack = { .n_layers = 3, .layers = fused, .n_axes = 1, .axis_rank = { (guint) hd_layer_find_rank (last, "OY") }, .axis_size = { 7 }, .mode = HD_RETENTION_RECOMPUTE };
  g_autoptr (HdMapping) made = choose (workload, platform, layer, &stack, 1, &error);
  cr_assert_not_null (made, "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) read = parse ("<mapping version='1'><stack layers='conv1 ... maxpool' mode='recompute'><tile OY='7'/></stack><layer id='conv1' cores='core2 core0' split='K'/>"
                                      "<layer id='relu1'><cut rank='OY' size='4'/></layer></mapping>",
                                      workload, platform);
  g_autofree char *a = hd_mapping_to_xml (made), *b = hd_mapping_to_xml (read);
  cr_assert_str_eq (a, b);
  check_canonical (made, "choices");
}

Test (mapping, choices_that_cannot_be_name_their_layers)
{
  g_autoptr (HdWorkload) workload = network ("resnet18");
  g_autoptr (HdPlatform) platform = machine ("tpu-like-quad");
  g_autofree HdMappingLayerChoice *layer = no_choices (workload);
  HdCoreId simd = hd_platform_find_core (platform, "simd"), twice[] = { 0, 0 }, far = platform->n_cores;
  HdLayerId conv = hd_workload_find_layer (workload, "conv1"), relu = hd_workload_find_layer (workload, "relu1"), pool = hd_workload_find_layer (workload, "maxpool");
  HdLayerId hole[] = { conv, pool };
  HdMappingStackChoice stack = { .n_layers = 2, .layers = hole };
  g_autoptr (GError) error = NULL;
  cr_assert_null (choose (workload, platform, layer, &stack, 1, &error));
  cr_assert (strstr (error->message, "hole") != NULL && strstr (error->message, "maxpool") != NULL, "%s", error->message);
  g_clear_error (&error);
  layer[conv] = (HdMappingLayerChoice) { .n_cores = 1, .cores = &simd, .split = 99 };
  layer[relu].n_cores = 2;
  layer[relu].cores = twice;
  layer[pool].n_cores = 1;
  layer[pool].cores = &far;
  layer[pool].cut[0] = G_MAXUINT64;
  cr_assert_null (choose (workload, platform, layer, NULL, 0, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT));
  const char *wanted[] = { "\"simd\" does not take the layer \"conv1\"", "\"conv1\": there is no rank 99", "\"relu1\": the core \"core0\" is named twice", "\"maxpool\": there is no core", "\"maxpool\": a cut of" };
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    cr_assert_not_null (strstr (error->message, wanted[i]), "%s\n%s", wanted[i], error->message);
}
