/* Drawings of platforms: well-formed, the same again, and no two texts on top of each other. */
#include <criterion/criterion.h>
#include <heddle/platform-svg.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

typedef struct {
  double left, right, base;
} Line;

static double
number (const xmlNode *node, const char *name)
{
  xmlChar *text = xmlGetNoNsProp (node, BAD_CAST name);
  double value = g_ascii_strtod ((const char *) text, NULL);
  xmlFree (text);
  return value;
}

static void
collect (xmlNode *node, GArray *lines)
{
  for (; node != NULL; node = node->next) {
    if (node->type == XML_ELEMENT_NODE && g_str_equal ((const char *) node->name, "text")) {
      xmlChar *content = xmlNodeGetContent (node);
      Line line = { number (node, "x"), number (node, "x") + 6 * (double) g_utf8_strlen ((const char *) content, -1), number (node, "y") };
      g_array_append_val (lines, line);
      xmlFree (content);
    }
    collect (node->children, lines);
  }
}

static void
assert_readable (const HdPlatform *platform)
{
  g_autofree char *svg = hd_platform_to_svg (platform), *again = hd_platform_to_svg (platform);
  cr_assert_str_eq (svg, again);
  xmlDoc *doc = xmlReadMemory (svg, (int) strlen (svg), NULL, NULL, XML_PARSE_NONET);
  cr_assert_not_null (doc, "not well-formed");
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (Line));
  xmlNode *root = xmlDocGetRootElement (doc);
  double width = number (root, "width"), height = number (root, "height");
  collect (root, lines);
  cr_assert_gt (lines->len, platform->n_cores + platform->n_memories);
  for (guint i = 0; i < lines->len; i++) {
    const Line *a = &g_array_index (lines, Line, i);
    cr_expect (a->left >= 0 && a->right <= width && a->base <= height, "%s: text out of the picture", platform->name);
    for (guint j = 0; j < i; j++) {
      const Line *b = &g_array_index (lines, Line, j);
      cr_expect (a->right < b->left || b->right < a->left || ABS (a->base - b->base) >= 10, "%s: texts overlap at %g, %g", platform->name, a->left, a->base);
    }
  }
  xmlFreeDoc (doc);
}

Test (platform_svg, every_platform_is_readable)
{
  g_autofree char *folder = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (!g_str_has_suffix (name, ".xml"))
      continue;
    g_autoptr (HdPlatform) platform = hd_platform_load (path, NULL);
    assert_readable (platform);
  }
}

Test (platform_svg, one_line_platforms_and_long_names_are_too)
{
  static const char *const LINES[] = { "core:1 sram:1KiB dram:64b", "core:12 shared:64KiB weights:1KiB dram:64b bus:64b,arbiter=time-slots,slots=2,slot-length=3" };
  for (guint i = 0; i < G_N_ELEMENTS (LINES); i++) {
    g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic (LINES[i], NULL);
    assert_readable (platform);
  }
  g_autofree char *name = g_strnfill (200, 'n'), *core = g_strnfill (200, 'c');
  g_autofree char *xml = g_strdup_printf ("<platform version='1' name='%s' clock='1 MHz'><memory id='m' kind='dram'/><core id='%s' kind='vector' lanes='1' input-memory='m' output-memory='m'/></platform>", name, core);
  g_autoptr (HdPlatform) platform = hd_platform_parse_xml (xml, strlen (xml), "long.xml", NULL);
  assert_readable (platform);
}
