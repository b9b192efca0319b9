/* The platforms that come with heddle: each loads, keeps to the schema, says the same after writing and after shuffling, and has complete hierarchies. */
#include <criterion/criterion.h>
#include <heddle/platform.h>
#include <heddle/random.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlschemas.h>
#include <string.h>

static char *
source (const char *folder, const char *name)
{
  return g_build_filename (g_getenv ("HEDDLE_SRCDIR"), folder, name, NULL);
}

/* Calls @test for every platform file; returns how many. */
static guint
for_every_platform (void (*test) (const HdPlatform *platform, const char *path))
{
  g_autofree char *folder = source ("platforms", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = source ("platforms", name);
    g_autoptr (GError) error = NULL;
    if (!g_str_has_suffix (name, ".xml"))
      continue;
    g_autoptr (HdPlatform) platform = hd_platform_load (path, &error);
    cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
    test (platform, path);
    n++;
  }
  return n;
}

static HdPlatform *
reparse (const char *xml)
{
  g_autoptr (GError) error = NULL;
  HdPlatform *platform = hd_platform_parse_xml (xml, strlen (xml), "canonical", &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

/* --- form ------------------------------------------------------------------------------------------ */

static void
assert_named_and_stable (const HdPlatform *platform, const char *path)
{
  g_autofree char *base = g_path_get_basename (path), *expected = g_strdup_printf ("%s.xml", platform->name);
  cr_expect_str_eq (base, expected, "a platform is called like its file");
  g_autofree char *once = hd_platform_to_xml (platform);
  g_autoptr (HdPlatform) again = reparse (once);
  g_autofree char *twice = hd_platform_to_xml (again);
  cr_expect_str_eq (once, twice);
}

Test (platform_files, load_write_load_is_equal)
{
  cr_assert_geq (for_every_platform (assert_named_and_stable), 26);
}

static xmlSchemaValidCtxt *validator;

static gboolean
is_valid (xmlDoc *doc)
{
  return xmlSchemaValidateDoc (validator, doc) == 0;
}

static void
assert_valid (const HdPlatform *platform, const char *path)
{
  g_autofree char *canonical = hd_platform_to_xml (platform);
  xmlDoc *file = xmlReadFile (path, NULL, XML_PARSE_NONET), *written = xmlReadMemory (canonical, (int) strlen (canonical), NULL, NULL, XML_PARSE_NONET);
  cr_expect (is_valid (file), "%s", path);
  cr_expect (is_valid (written), "canonical form of %s", path);
  xmlFreeDoc (file);
  xmlFreeDoc (written);
}

static void
keep_silent (void *data, xmlError *error)
{
}

Test (platform_files, keep_to_the_schema)
{
  g_autofree char *path = source ("schema", "platform.xsd"), *folder = source ("platforms/parts", NULL);
  xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt (path);
  xmlSchema *schema = xmlSchemaParse (parser);
  cr_assert_not_null (schema);
  validator = xmlSchemaNewValidCtxt (schema);
  for_every_platform (assert_valid);
  g_autoptr (GDir) parts = g_dir_open (folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (parts)) != NULL;) {
    g_autofree char *part = source ("platforms/parts", name);
    xmlDoc *fragment = xmlReadFile (part, NULL, XML_PARSE_NONET);
    cr_expect (is_valid (fragment), "%s", name);
    xmlFreeDoc (fragment);
  }
  /* And it refuses what is not one. */
  static const char WRONG[] = "<platform version='1' name='x' clock='1 MHz'><memory id='m' size='64'/></platform>";
  xmlDoc *wrong = xmlReadMemory (WRONG, sizeof WRONG - 1, NULL, NULL, XML_PARSE_NONET);
  xmlSchemaSetValidStructuredErrors (validator, (xmlStructuredErrorFunc) keep_silent, NULL);
  cr_expect_not (is_valid (wrong), "a size without unit");
  xmlFreeDoc (wrong);
  xmlSchemaFreeValidCtxt (validator);
  xmlSchemaFree (schema);
  xmlSchemaFreeParserCtxt (parser);
}

/* --- order --------------------------------------------------------------------------------------------- */

/* Puts the children of @parent in another order; dimensions and levels of a core keep theirs, which means something. */
static void
shuffle (xmlNode *parent, HdRandom *random)
{
  g_autoptr (GPtrArray) ordered = g_ptr_array_new ();
  g_autoptr (GPtrArray) free_ones = g_ptr_array_new ();
  for (xmlNode *next, *node = parent->children; node != NULL; node = next) {
    next = node->next;
    if (node->type != XML_ELEMENT_NODE)
      continue;
    gboolean keeps = xmlStrEqual (node->name, BAD_CAST "dimension") || xmlStrEqual (node->name, BAD_CAST "level");
    g_ptr_array_add (keeps ? ordered : free_ones, node);
    xmlUnlinkNode (node);
  }
  for (guint i = 0; i < ordered->len; i++)
    xmlAddChild (parent, ordered->pdata[i]);
  while (free_ones->len > 0) {
    xmlNode *node = g_ptr_array_steal_index_fast (free_ones, (guint) hd_random_below (random, free_ones->len));
    if (parent->children != NULL && hd_random_below (random, 2) == 0)
      xmlAddPrevSibling (parent->children, node);
    else
      xmlAddChild (parent, node);
    shuffle (node, random);
  }
}

static void
assert_shuffling_changes_nothing (const HdPlatform *platform, const char *path)
{
  HdRandom random;
  g_autofree char *canonical = hd_platform_to_xml (platform);
  hd_random_init (&random, 7);
  for (guint round = 0; round < 5; round++) {
    xmlDoc *doc = xmlReadMemory (canonical, (int) strlen (canonical), NULL, NULL, XML_PARSE_NONET);
    xmlChar *text;
    int length;
    shuffle (xmlDocGetRootElement (doc), &random);
    xmlDocDumpMemory (doc, &text, &length);
    cr_assert_neq (strcmp ((const char *) text, canonical), 0);
    g_autoptr (HdPlatform) again = reparse ((const char *) text);
    g_autofree char *twice = hd_platform_to_xml (again);
    cr_expect_str_eq (canonical, twice, "%s", path);
    xmlFree (text);
    xmlFreeDoc (doc);
  }
}

Test (platform_files, the_order_of_elements_means_nothing)
{
  for_every_platform (assert_shuffling_changes_nothing);
}

/* --- content ---------------------------------------------------------------------------------------------- */

/* From registers or memories up to the dram: no operand ends on the chip, each has a place on it. */
static void
assert_complete (const HdPlatform *platform, const char *path)
{
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    for (guint operand = 0; operand < HD_N_OPERANDS; operand++) {
      const HdCore *core = &platform->core[c];
      const HdLevel *top = NULL;
      for (guint i = 0; i < core->n_levels; i++)
        if (core->level[i].operands >> operand & 1)
          top = &core->level[i];
      cr_expect (top != NULL && top->memory != HD_NONE && platform->memory[top->memory].dram, "%s: core %s, operand %u", path, core->id, operand);
      cr_expect (core->operand_memory[operand] != HD_NONE && !platform->memory[core->operand_memory[operand]].dram, "%s: core %s, operand %u", path, core->id, operand);
    }
}

Test (platform_files, hierarchies_reach_the_dram)
{
  for_every_platform (assert_complete);
}

static void
assert_dram_reaches_cores (const HdPlatform *platform, const char *path)
{
  for (HdMemoryId dram = 0; dram < platform->n_memories; dram++)
    for (HdMemoryId m = 0; m < platform->n_memories; m++) {
      HdRoute route;
      if (!platform->memory[dram].dram || m == dram)
        continue;
      cr_expect (hd_platform_route (platform, dram, &m, 1, &route, NULL), "%s: no way to %s", path, platform->memory[m].id);
      cr_expect_leq (hd_platform_route_burst (platform, &route), 4096);
      hd_route_clear (&route);
    }
}

/* Hops are those of the routes. */
static void
assert_hops (const HdPlatform *platform, const char *path)
{
  g_autofree guint32 *hops = g_new (guint32, platform->n_memories);
  for (HdMemoryId to = 0; to < platform->n_memories; to++) {
    hd_platform_hops (platform, to, hops);
    for (HdMemoryId from = 0; from < platform->n_memories; from++) {
      HdRoute route;
      gboolean way = hd_platform_route (platform, from, &to, 1, &route, NULL);
      cr_expect_eq (hops[from], way ? route.n_hops : G_MAXUINT32, "%s: %s to %s", path, platform->memory[from].id, platform->memory[to].id);
      hd_route_clear (&route);
    }
  }
}

Test (platform_files, hops_are_those_of_routes)
{
  for_every_platform (assert_hops);
}

Test (platform_files, every_memory_can_be_loaded)
{
  for_every_platform (assert_dram_reaches_cores);
}

Test (platform_files, depfin_is_what_was_published)
{
  g_autofree char *path = source ("platforms", "depfin.xml");
  g_autoptr (HdPlatform) platform = hd_platform_load (path, NULL);
  const HdCore *core = &platform->core[0];
  cr_assert_eq (core->dimension_size[0] * core->dimension_size[1], 2048);
  const HdMemory *activations = &platform->memory[hd_platform_find_memory (platform, "l1-activations")], *dram = &platform->memory[hd_platform_find_memory (platform, "dram")];
  cr_assert_eq (activations->capacity_bits, 8388608);
  cr_assert_eq (dram->read_port, dram->write_port);
  cr_assert_eq (platform->resource[dram->read_port].width_bits, 64);
  /* The activation memory, as published: port 1 for inputs and outputs going down, port 2 for outputs going up. */
  const HdLevel *level = &core->level[core->n_levels - 2];
  cr_assert_str_eq (level->id, "l1-activations");
  static const gint8 OUTPUT[HD_N_MOVES] = { 0, 0, 1, 1 };
  for (guint move = 0; move < HD_N_MOVES; move++)
    cr_expect_eq (level->port_of[HD_OPERAND_OUTPUT][move], OUTPUT[move]);
  cr_expect_eq (level->port_of[HD_OPERAND_INPUT][HD_MOVE_FROM_HIGH], 0);
  cr_expect_eq (level->port_of[HD_OPERAND_INPUT][HD_MOVE_TO_LOW], 0);
  cr_expect_eq (level->port_of[HD_OPERAND_INPUT][HD_MOVE_FROM_LOW], -1);
}

/* A transfer between the activations of two cores passes something of 64 bit/cycle: the mesh or the bus, and never the way to the DRAM. */
static void
assert_only_way (const HdPlatform *platform, const char *from, const char *to)
{
  HdMemoryId source = hd_platform_find_memory (platform, from), destination = hd_platform_find_memory (platform, to);
  guint64 width = G_MAXUINT64;
  HdRoute route;
  cr_assert (hd_platform_route (platform, source, &destination, 1, &route, NULL), "%s: %s to %s", platform->name, from, to);
  for (guint i = 0; i < route.n_hops; i++) {
    const HdResource *hop = &platform->resource[route.hop[i].resource];
    cr_expect_not (g_str_has_prefix (hop->id, "dram"), "%s: %s to %s by %s", platform->name, from, to, hop->id);
    if (hop->width_bits != 0 && hop->kind != HD_RESOURCE_PORT)
      width = MIN (width, hop->width_bits);
  }
  cr_expect_eq (width, 64, "%s: %s to %s", platform->name, from, to);
  hd_route_clear (&route);
}

Test (platform_files, exploration_platforms_are_as_published)
{
  static const struct { const char *name; guint cores; guint64 macs; gboolean dual; } MACHINES[] = {
    { "explore-1-core-16x16", 1, 256, TRUE },
    { "explore-1-core-32x32", 1, 1024, TRUE },
    { "explore-1-core-64x64", 1, 4096, TRUE },
    { "explore-1-core-128x128", 1, 16384, TRUE },
    { "explore-4-homogeneous-mesh", 4, 4 * 256, TRUE },
    { "explore-4-homogeneous-bus", 4, 4 * 256, FALSE },
    { "explore-4-heterogeneous-mesh", 4, 3 * 256 + 252, TRUE },
    { "explore-4-heterogeneous-bus", 4, 3 * 256 + 252, FALSE },
    { "explore-16-homogeneous", 16, 16 * 256, TRUE },
    { "explore-16-heterogeneous", 16, 4 * (3 * 256 + 252), TRUE },
    { "explore-64-homogeneous", 64, 64 * 256, TRUE },
    { "explore-64-heterogeneous", 64, 16 * (3 * 256 + 252), TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (MACHINES); i++) {
    g_autofree char *file = g_strdup_printf ("%s.xml", MACHINES[i].name), *path = source ("platforms", file);
    g_autoptr (HdPlatform) platform = hd_platform_load (path, NULL);
    guint64 macs = 0;
    guint operators = 0;
    for (HdCoreId c = 0; c < platform->n_cores; c++) {
      const HdCore *core = &platform->core[c];
      guint64 units = 1;
      for (guint d = 0; d < core->n_dimensions; d++)
        units *= core->dimension_size[d];
      macs += core->kind == HD_CORE_SPATIAL ? units : 0;
      operators |= core->operators;
    }
    cr_expect_eq (platform->n_cores, MACHINES[i].cores + 2, "%s: %u cores", MACHINES[i].name, platform->n_cores);
    cr_expect_eq (macs, MACHINES[i].macs, "%s: %lu MACs", MACHINES[i].name, (unsigned long) macs);
    cr_expect_eq (operators, 15, "%s takes layers of every class", MACHINES[i].name);
    const HdMemory *dram = &platform->memory[hd_platform_find_memory (platform, "dram")];
    cr_expect_eq (dram->read_port != dram->write_port, MACHINES[i].dual);
    cr_expect_float_eq (dram->read_pj_per_bit * 64, MACHINES[i].dual ? 700 : 650, 1e-9);
    assert_only_way (platform, "pool-buffer", "simd-buffer");
    if (MACHINES[i].cores == 4)
      assert_only_way (platform, "activations0", "activations3");
    if (MACHINES[i].cores == 64)
      assert_only_way (platform, "activations00", "weights63");
  }
}

/* --- the page about them ------------------------------------------------------------------------------------ */

Test (platform_files, the_example_of_the_page_loads)
{
  g_autofree char *path = source ("doc", "platform.md"), *text = NULL;
  cr_assert (g_file_get_contents (path, &text, NULL, NULL));
  char *begin = strstr (text, "```xml\n"), *end = begin != NULL ? strstr (begin + 7, "```") : NULL;
  cr_assert_not_null (end);
  *end = '\0';
  guint lines = 0;
  for (const char *p = begin + 7; *p != '\0'; p++)
    lines += *p == '\n';
  cr_expect_leq (lines, 20, "the example is said to have 20 lines");
  g_autoptr (HdPlatform) platform = reparse (begin + 7);
  cr_assert_str_eq (platform->name, "my-chip");
}
