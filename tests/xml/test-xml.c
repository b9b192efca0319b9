/* Reading XML: includes, attributes and their faults; and writing it. */
#include "xml/xml.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static HdXmlDocument *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  HdXmlDocument *xml = hd_xml_parse (text, strlen (text), "text.xml", "list", "1", &error);
  cr_assert_not_null (xml, "%s", error != NULL ? error->message : "");
  return xml;
}

static void
assert_faults (HdXmlDocument *xml, const char *expected)
{
  g_autoptr (GError) error = NULL;
  gboolean fine = hd_diagnostics_check (hd_xml_diagnostics (xml), &error);
  cr_assert_eq (fine, *expected == '\0');
  cr_assert_str_eq (fine ? "" : error->message, expected);
}

/* --- includes ---------------------------------------------------------------------------------------- */

Test (xml, includes_are_walked_like_what_they_stand_for)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", "xml", "outer.xml", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (HdXmlDocument) xml = hd_xml_load (path, "list", "1", &error);
  cr_assert_not_null (xml, "%s", error != NULL ? error->message : "");
  g_autoptr (GString) names = g_string_new (NULL);
  for (HdXmlNode *node = hd_xml_first (xml, hd_xml_root (xml)); node != NULL; node = hd_xml_next (xml, node)) {
    g_string_append_printf (names, "%s@%u ", hd_xml_require (xml, node, "name"), hd_xml_line (node));
    hd_xml_finish_element (xml, node);
  }
  cr_assert_str_eq (names->str, "first@3 second@1 third@2 fourth@3 fifth@4 last@7 ", "each with its line in its own file, where its tag begins");
  /* Faults name the file that the element stands in. */
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *expected = g_strdup_printf ("%s:7: <item> has no attribute \"wrong\"\n%s/parts/deeper/fragment.xml:3: <item> has no attribute \"nmae\" - did you mean \"name\"?", path, folder);
  assert_faults (xml, expected);
}

Test (xml, a_link_out_of_the_folder_is_no_way_out)
{
  g_autofree char *top = g_dir_make_tmp ("heddle-xml-XXXXXX", NULL), *folder = g_build_filename (top, "inside", NULL);
  g_autofree char *file = g_build_filename (folder, "file.xml", NULL), *secret = g_build_filename (top, "secret.xml", NULL), *link = g_build_filename (folder, "link.xml", NULL);
  cr_assert_eq (g_mkdir (folder, 0700), 0);
  cr_assert (g_file_set_contents (secret, "<item name='secret'/>", -1, NULL));
  cr_assert (g_file_set_contents (file, "<list version='1'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='link.xml'/></list>", -1, NULL));
  cr_assert_eq (symlink (secret, link), 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (HdXmlDocument) xml = hd_xml_load (file, "list", "1", &error);
  cr_expect_null (xml);
  cr_expect_not_null (strstr (error->message, "file.xml:1: href \"link.xml\" leads out of this file's folder"), "%s", error->message);
  g_unlink (link);
  g_unlink (file);
  g_unlink (secret);
  g_rmdir (folder);
  g_rmdir (top);
}

Test (xml, text_from_memory_includes_nothing)
{
  static const char TEXT[] = "<list version='1'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='outer.xml'/></list>";
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_xml_parse (TEXT, strlen (TEXT), "text.xml", "list", "1", &error));
  cr_assert_str_eq (error->message, "text.xml:1: includes work in files only");
}

/* --- attributes ----------------------------------------------------------------------------------------- */

Test (xml, values_are_read_and_faults_collected)
{
  static const char *const WORDS[] = { "red", "green", NULL };
  g_autoptr (HdXmlDocument) xml = parse ("<list version='1'>\n<item size='2 KiB' energy='40 fJ' n='-3' colour='grene' flag='maybe' words=' a  b\tc '/>\n</list>");
  HdXmlNode *node = hd_xml_first (xml, hd_xml_root (xml));
  cr_expect_eq (hd_xml_u64 (xml, node, "size", HD_UNIT_BIT, TRUE, 0), 16384);
  cr_expect_float_eq (hd_xml_double (xml, node, "energy", HD_UNIT_PJ, TRUE, 0), 0.04, 0);
  cr_expect_eq (hd_xml_i64 (xml, node, "n", TRUE, 0), -3);
  cr_expect_eq (hd_xml_choice (xml, node, "colour", WORDS, 0), 0, "the fallback of a wrong word");
  cr_expect_eq (hd_xml_boolean (xml, node, "flag", TRUE), TRUE);
  cr_expect_eq (hd_xml_u64 (xml, node, "missing", HD_UNIT_BIT, FALSE, 7), 7);
  cr_expect_eq (hd_xml_u64 (xml, node, "needed", HD_UNIT_BIT, TRUE, 7), 7);
  g_auto (GStrv) words = hd_xml_words (xml, node, "words");
  cr_expect_eq (g_strv_length (words), 3);
  hd_xml_finish_element (xml, node);
  assert_faults (xml, "text.xml:2: <item> lacks the attribute \"needed\"\n"
                      "text.xml:2: colour of <item>: \"grene\" is not one of red, green - did you mean \"green\"?\n"
                      "text.xml:2: flag of <item>: \"maybe\" is not one of false, true");
}

Test (xml, hints_for_editors_are_no_faults)
{
  g_autoptr (HdXmlDocument) xml = parse ("<list version='1' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='list.xsd'/>");
  hd_xml_finish_element (xml, hd_xml_root (xml));
  assert_faults (xml, "");
}

Test (xml, quotes_in_comments_are_no_attributes)
{
  g_autoptr (GString) text = g_string_new ("<list version='1'><!-- it's <so \"many -->");
  for (guint i = 0; i < 300; i++)
    g_string_append (text, "<!-- < '' \"\" --><item name='x'/><?aside <'' ''?>");
  g_string_append (text, "</list>");
  g_autoptr (HdXmlDocument) xml = parse (text->str);
  guint n = 0;
  for (HdXmlNode *node = hd_xml_first (xml, hd_xml_root (xml)); node != NULL; node = hd_xml_next (xml, node))
    n++;
  cr_assert_eq (n, 300);
}

Test (xml, a_limited_document_has_less)
{
  static const char TEXT[] = "<list version='1'>\n<a/>\n<b/>\n<c/>\n</list>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdXmlDocument) enough = hd_xml_parse_limited (TEXT, strlen (TEXT), "text.xml", "list", "1", 5, NULL);
  cr_assert_not_null (enough, "four elements and one attribute");
  cr_assert_null (hd_xml_parse_limited (TEXT, strlen (TEXT), "text.xml", "list", "1", 4, &error));
  cr_assert_str_eq (error->message, "text.xml:4: too many elements and attributes - expected at most 4 in a document");
}

/* --- writing -------------------------------------------------------------------------------------------- */

Test (xml, what_is_written_is_read_back)
{
  static const char NASTY[] = "a<b>&\"c' ü";
  g_autoptr (HdXmlWriter) out = hd_xml_writer_new ();
  hd_xml_writer_open (out, "list");
  hd_xml_writer_attribute (out, "version", "1");
  hd_xml_writer_open (out, "item");
  hd_xml_writer_attribute (out, "name", NASTY);
  hd_xml_writer_attribute_u64 (out, "size", 12, HD_UNIT_BIT);
  hd_xml_writer_attribute_double (out, "energy", 1000, HD_UNIT_PJ);
  hd_xml_writer_attribute_i64 (out, "n", -5);
  hd_xml_writer_close (out);
  hd_xml_writer_close (out);
  g_autofree char *text = hd_xml_writer_finish (out);
  cr_expect_not_null (strstr (text, "size=\"12 bit\" energy=\"1000 pJ\" n=\"-5\"/>\n</list>\n"));
  g_autoptr (HdXmlDocument) xml = parse (text);
  HdXmlNode *node = hd_xml_first (xml, hd_xml_root (xml));
  cr_expect_str_eq (hd_xml_attribute (xml, node, "name"), NASTY);
}
