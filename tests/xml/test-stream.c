/* Streams: the root's children one by one, with the lines and the faults that a whole document would give. */
#include <criterion/criterion.h>

#include "xml/xml.h"

#include <string.h>

static HdXmlDocument *
open_text (const char *text, GError **error)
{
  return hd_xml_stream_open (text, strlen (text), "t.xml", "list", "1", error);
}

Test (stream, children_come_one_by_one_with_their_subtrees)
{
  g_autoptr (HdXmlDocument) doc = open_text ("<list version='1' name='n'>\n <a v='1'><b/></a>\n<!-- c -->\n <a v='2'/>\n</list>", NULL);
  cr_assert_str_eq (hd_xml_require (doc, hd_xml_root (doc), "name"), "n");
  HdXmlNode *node = hd_xml_stream_next (doc);
  cr_assert_str_eq (hd_xml_require (doc, node, "v"), "1");
  cr_assert_eq (hd_xml_line (node), 2);
  cr_assert (hd_xml_is (hd_xml_first (doc, node), "b"));
  hd_xml_finish_element (doc, node);
  node = hd_xml_stream_next (doc);
  cr_assert_str_eq (hd_xml_require (doc, node, "v"), "2");
  cr_assert_eq (hd_xml_line (node), 4);
  cr_assert_null (hd_xml_stream_next (doc));
  cr_assert (hd_diagnostics_check (hd_xml_diagnostics (doc), NULL));
}

static void
assert_fault (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdXmlDocument) doc = open_text (text, &error);
  while (doc != NULL && hd_xml_stream_next (doc) != NULL)
    ;
  if (doc != NULL)
    hd_diagnostics_check (hd_xml_diagnostics (doc), &error);
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT), "%s", text);
  cr_assert_not_null (strstr (error->message, expected), "\"%s\" lacks \"%s\"", error->message, expected);
}

Test (stream, faults_of_the_xml_have_their_line)
{
  assert_fault ("", "t.xml:1: ");
  assert_fault ("<list version='1'>\n<a/>\n", "t.xml:2: not well-formed XML: the document is cut short");
  assert_fault ("<list version='1'>\n<a/>\n<a><b>", "t.xml:3: not well-formed");
  assert_fault ("<list version='1'>\n<x:a xmlns:x='urn:x'/>\n</list>", "t.xml:2: an element of a foreign namespace");
  assert_fault ("<list version='1'>\n<a/>\n</list>\n<b/>", "t.xml:4: not well-formed XML: the document is cut short, or something");
  assert_fault ("<list version='1'>\n<a/>\n</wrong>", "t.xml:3: not well-formed");
  assert_fault ("<list version='1'>\n<a/>\n x\n</list>", "text between elements");
  assert_fault ("<other version='1'/>", "t.xml:1: the root element is <other> - expected <list>");
  assert_fault ("<list version='2'/>", "version \"2\"");
  assert_fault ("<!DOCTYPE list [<!ENTITY e 'x'>]>\n<list version='1'>&e;</list>", "t.xml:1: a DOCTYPE is not allowed");
  assert_fault ("<list version='1'>&nope;</list>", "t.xml:1: ");
}

Test (stream, lines_past_16_bits_are_right)
{
  g_autoptr (GString) text = g_string_new ("<list version='1'>\n");
  for (guint i = 0; i < 70000; i++)
    g_string_append_printf (text, "<a v='%u'><b/></a>\n", i);
  g_string_append (text, "</list>");
  g_autoptr (HdXmlDocument) doc = open_text (text->str, NULL);
  for (guint i = 0; i < 70000; i++) {
    HdXmlNode *node = hd_xml_stream_next (doc);
    cr_assert_eq (hd_xml_line (node), i + 2, "element %u at line %u", i, hd_xml_line (node));
  }
}

static char *
repeat (const char *text, guint n)
{
  GString *all = g_string_new (NULL);
  while (n-- > 0)
    g_string_append (all, text);
  return g_string_free (all, FALSE);
}

Test (stream, text_comes_back_as_it_was_written)
{
  /* The long ones take several sections, which end between lines, or within one. */
  g_autofree char *lines = repeat ("<xml a=\"b\">\n", 30000), *one_line = repeat ("é€", 60000), *ends = repeat ("]]>", 100000), *brackets = repeat ("]", 200001);
  const char *const texts[] = { "plain", "<xml a=\"b\">\n  &amp;\n</xml>\n", "ends ]]> inside ]]>", "", "\t é \n", lines, one_line, ends, brackets };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (HdXmlWriter) writer = hd_xml_writer_new ();
    hd_xml_writer_open (writer, "list");
    hd_xml_writer_attribute (writer, "version", "1");
    hd_xml_writer_open (writer, "text");
    hd_xml_writer_text (writer, texts[i]);
    hd_xml_writer_close (writer);
    hd_xml_writer_close (writer);
    g_autofree char *written = hd_xml_writer_finish (writer);
    g_autoptr (HdXmlDocument) doc = open_text (written, NULL);
    g_autofree char *read = hd_xml_text (doc, hd_xml_stream_next (doc));
    cr_assert (g_str_equal (read, texts[i]), "text %zu", i);
  }
}

/* The parser adds a section up in small parts: eight megabytes of it took seven seconds. */
Test (stream, a_long_section_is_refused)
{
  g_autofree char *inside = repeat ("d>", 70000), *text = g_strdup_printf ("<list version='1'>\n<a><![CDATA[%s]]></a></list>", inside);
  assert_fault (text, "t.xml:2: a CDATA section of 140012 bytes - expected at most 131072");
}
