/* Reading hostile XML safely; see xml.h for what is refused and why. */
#include "config.h"
#include "xml/xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct HdXmlDocument {
  char *file;
  xmlDoc *doc;
  HdDiagnostics *diagnostics;
  GHashTable *asked;    /* attribute nodes that an accessor has read */
  GHashTable *strings;  /* owned copies of attribute values */
};

/* --- loading ------------------------------------------------------------------------------- */

static void
collect_parser_error (void *data, xmlError *fault)
{
  HdXmlDocument *self = data;
  g_autofree char *message = g_strstrip (g_strdup (fault->message != NULL ? fault->message : "malformed XML"));
  /* A value can be megabytes long; the message need not be. */
  if (strlen (message) > 300)
    strcpy (message + 297, "...");
  for (char *p = message; *p != '\0'; p++)
    if (*p == '\n')
      *p = ' ';
  hd_diagnostics_add (self->diagnostics, fault->line > 0 ? (guint) fault->line : 1, "not well-formed XML: %s", message);
}

static xmlParserInput *
deny_external_entity (const char *url, const char *id, xmlParserCtxt *context)
{
  return NULL;
}

/* libxml2 wants its global tables made before the first of several threads comes. */
static void
initialise_parser (void)
{
  static gsize once = 0;
  if (g_once_init_enter (&once)) {
    xmlInitParser ();
    xmlSetExternalEntityLoader (deny_external_entity);
    g_once_init_leave (&once, 1);
  }
}

static gboolean
parse_document (HdXmlDocument *self, const char *text, gsize length)
{
  initialise_parser ();
  xmlParserCtxt *context = xmlNewParserCtxt ();
  xmlSetStructuredErrorFunc (self, (xmlStructuredErrorFunc) collect_parser_error);
  self->doc = xmlCtxtReadMemory (context, text, (int) length, self->file, NULL, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
  xmlSetStructuredErrorFunc (NULL, NULL);
  gboolean well_formed = context->wellFormed;
  xmlFreeParserCtxt (context);
  if (self->doc != NULL && self->doc->intSubset != NULL) {
    hd_diagnostics_add (self->diagnostics, 1, "a DOCTYPE is not allowed - expected plain elements");
    return FALSE;
  }
  if ((self->doc == NULL || !well_formed) && hd_diagnostics_count (self->diagnostics) == 0)
    hd_diagnostics_add (self->diagnostics, 1, "not well-formed XML");
  return self->doc != NULL && well_formed;
}

static void
check_root (HdXmlDocument *self, const char *root, const char *version)
{
  HdXmlNode *node = hd_xml_root (self);
  if (node == NULL || !hd_xml_is (node, root)) {
    hd_diagnostics_add (self->diagnostics, node != NULL ? hd_xml_line (node) : 1, "the root element is <%.60s> - expected <%s>",
                        node != NULL ? hd_xml_name (node) : "", root);
    return;
  }
  const char *found = hd_xml_require (self, node, "version");
  if (*found != '\0' && !g_str_equal (found, version))
    hd_xml_fault (self, node, "version \"%.20s\" of <%s> is not known - expected \"%s\"", found, root, version);
}

HdXmlDocument *
hd_xml_parse (const char *text, gsize length, const char *name, const char *root, const char *version, GError **error)
{
  g_autoptr (HdXmlDocument) self = g_new0 (HdXmlDocument, 1);
  self->file = g_strdup (name);
  self->diagnostics = hd_diagnostics_new (name);
  self->asked = g_hash_table_new (NULL, NULL);
  self->strings = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (length > HD_XML_MAX_BYTES)
    hd_diagnostics_add (self->diagnostics, 0, "%" G_GSIZE_FORMAT " byte are too many for an XML file - expected at most %u", length, HD_XML_MAX_BYTES);
  else if (length == 0)
    hd_diagnostics_add (self->diagnostics, 1, "the file is empty - expected <%s>", root);
  else if (parse_document (self, text, length))
    check_root (self, root, version);
  if (!hd_diagnostics_check (self->diagnostics, error))
    return NULL;
  return g_steal_pointer (&self);
}

HdXmlDocument *
hd_xml_load (const char *path, const char *root, const char *version, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) local = NULL;
  /* A directory or a device is no input either. */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: no such file", path);
    return NULL;
  }
  if (!g_file_get_contents (path, &text, &length, &local)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: cannot be read: %s", path, local->message);
    return NULL;
  }
  return hd_xml_parse (text, length, path, root, version, error);
}

void
hd_xml_document_free (HdXmlDocument *self)
{
  if (self == NULL)
    return;
  if (self->doc != NULL)
    xmlFreeDoc (self->doc);
  hd_diagnostics_free (self->diagnostics);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->strings);
  g_free (self->file);
  g_free (self);
}

HdXmlNode *hd_xml_root (const HdXmlDocument *self) { return xmlDocGetRootElement (self->doc); }
HdDiagnostics *hd_xml_diagnostics (const HdXmlDocument *self) { return self->diagnostics; }
const char *hd_xml_file (const HdXmlDocument *self) { return self->file; }

/* --- nodes ---------------------------------------------------------------------------------- */

guint
hd_xml_line (const HdXmlNode *node)
{
  long line = xmlGetLineNo (node);
  return line > 0 ? (guint) line : 0;
}

const char *hd_xml_name (const HdXmlNode *node) { return (const char *) node->name; }
gboolean hd_xml_is (const HdXmlNode *node, const char *name) { return g_str_equal ((const char *) node->name, name); }

static HdXmlNode *
skip_to_element (const HdXmlDocument *self, HdXmlNode *node)
{
  for (; node != NULL; node = node->next) {
    if (node->type == XML_ELEMENT_NODE)
      return node;
    if ((node->type == XML_TEXT_NODE && !xmlIsBlankNode (node)) || node->type == XML_CDATA_SECTION_NODE)
      hd_diagnostics_add (self->diagnostics, hd_xml_line (node), "text between elements - expected elements and comments only");
    if (node->type == XML_ENTITY_REF_NODE)
      hd_diagnostics_add (self->diagnostics, hd_xml_line (node), "an entity reference is not allowed here");
  }
  return NULL;
}

HdXmlNode *hd_xml_first (const HdXmlDocument *self, const HdXmlNode *node) { return skip_to_element (self, node->children); }
HdXmlNode *hd_xml_next (const HdXmlDocument *self, const HdXmlNode *node) { return skip_to_element (self, node->next); }

void
hd_xml_fault (HdXmlDocument *self, const HdXmlNode *node, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  hd_diagnostics_add (self->diagnostics, hd_xml_line (node), "%s", text);
}

static char *
suggestion (const char *name, const char *const *candidates, gsize n)
{
  const char *near = hd_suggest (name, candidates, n);
  return near != NULL ? g_strdup_printf (" - did you mean \"%s\"?", near) : g_strdup ("");
}

void
hd_xml_unexpected (HdXmlDocument *self, const HdXmlNode *node, const char *const *expected)
{
  g_autofree char *hint = suggestion (hd_xml_name (node), expected, g_strv_length ((char **) expected));
  if (*hint == '\0') {
    g_autofree char *list = g_strjoinv (", ", (char **) expected);
    hd_xml_fault (self, node, "<%.60s> is not expected here - expected %s", hd_xml_name (node), *list != '\0' ? list : "no element");
    return;
  }
  hd_xml_fault (self, node, "<%.60s> is not expected here%s", hd_xml_name (node), hint);
}

/* --- attributes ----------------------------------------------------------------------------- */

const char *
hd_xml_attribute (HdXmlDocument *self, HdXmlNode *node, const char *name)
{
  xmlAttr *attribute = xmlHasNsProp (node, (const xmlChar *) name, NULL);
  if (attribute == NULL)
    return NULL;
  g_hash_table_add (self->asked, attribute);
  char *text = g_hash_table_lookup (self->strings, attribute);
  if (text == NULL) {
    xmlChar *value = xmlNodeListGetString (node->doc, attribute->children, 1);
    text = g_strdup (value != NULL ? (const char *) value : "");
    xmlFree (value);
    g_hash_table_insert (self->strings, attribute, text);
  }
  return text;
}

const char *
hd_xml_require (HdXmlDocument *self, HdXmlNode *node, const char *name)
{
  const char *text = hd_xml_attribute (self, node, name);
  if (text == NULL)
    hd_xml_fault (self, node, "<%s> lacks the attribute \"%s\"", hd_xml_name (node), name);
  else if (*text == '\0')
    hd_xml_fault (self, node, "%s of <%s> is empty", name, hd_xml_name (node));
  return text != NULL ? text : "";
}

const char *
hd_xml_require_id (HdXmlDocument *self, HdXmlNode *node, const char *name)
{
  const char *text = hd_xml_require (self, node, name);
  if (strlen (text) > 200) {
    hd_xml_fault (self, node, "%s of <%s> is %" G_GSIZE_FORMAT " characters long - expected at most 200", name, hd_xml_name (node), strlen (text));
    return "";
  }
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-:/", *p) == NULL) {
      hd_xml_fault (self, node, "%s \"%.60s\" of <%s> - expected letters, digits and . _ - : / only", name, text, hd_xml_name (node));
      return "";
    }
  return text;
}

static void
fault_of_value (HdXmlDocument *self, const HdXmlNode *node, const char *name, const char *message)
{
  hd_xml_fault (self, node, "%s of <%s>: %s", name, hd_xml_name (node), message);
}

/* The text of @name, or NULL, with a fault when it is missing and required. */
static const char *
text_of (HdXmlDocument *self, HdXmlNode *node, const char *name, gboolean required)
{
  return required ? hd_xml_require (self, node, name) : hd_xml_attribute (self, node, name);
}

guint64
hd_xml_u64 (HdXmlDocument *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, guint64 fallback)
{
  g_autoptr (GError) local = NULL;
  const char *text = text_of (self, node, name, required);
  guint64 value;
  if (text == NULL || (required && *text == '\0'))
    return fallback;
  if (hd_quantity_parse_u64 (text, unit, &value, &local))
    return value;
  fault_of_value (self, node, name, local->message);
  return fallback;
}

double
hd_xml_double (HdXmlDocument *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, double fallback)
{
  g_autoptr (GError) local = NULL;
  const char *text = text_of (self, node, name, required);
  double value;
  if (text == NULL || (required && *text == '\0'))
    return fallback;
  if (hd_quantity_parse (text, unit, &value, &local))
    return value;
  fault_of_value (self, node, name, local->message);
  return fallback;
}

gint64
hd_xml_i64 (HdXmlDocument *self, HdXmlNode *node, const char *name, gboolean required, gint64 fallback)
{
  g_autoptr (GError) local = NULL;
  const char *text = text_of (self, node, name, required);
  gint64 value;
  if (text == NULL || (required && *text == '\0'))
    return fallback;
  if (g_ascii_string_to_signed (text, 10, -(G_GINT64_CONSTANT (1) << 62), G_GINT64_CONSTANT (1) << 62, &value, &local))
    return value;
  hd_xml_fault (self, node, "%s of <%s>: \"%.60s\" is not a whole number", name, hd_xml_name (node), text);
  return fallback;
}

int
hd_xml_choice (HdXmlDocument *self, HdXmlNode *node, const char *name, const char *const *values, int fallback)
{
  const char *text = text_of (self, node, name, fallback < 0);
  if (text == NULL || (fallback < 0 && *text == '\0'))
    return fallback;
  for (int i = 0; values[i] != NULL; i++)
    if (g_str_equal (text, values[i]))
      return i;
  g_autofree char *hint = suggestion (text, values, g_strv_length ((char **) values));
  g_autofree char *list = g_strjoinv (", ", (char **) values);
  hd_xml_fault (self, node, "%s of <%s>: \"%.60s\" is not one of %s%s", name, hd_xml_name (node), text, list, hint);
  return fallback;
}

gboolean
hd_xml_boolean (HdXmlDocument *self, HdXmlNode *node, const char *name, gboolean fallback)
{
  static const char *const WORDS[] = { "false", "true", NULL };
  return hd_xml_choice (self, node, name, WORDS, fallback ? 1 : 0) == 1;
}

char **
hd_xml_words (HdXmlDocument *self, HdXmlNode *node, const char *name)
{
  const char *text = hd_xml_attribute (self, node, name);
  GPtrArray *words = g_ptr_array_new ();
  g_auto (GStrv) parts = text != NULL ? g_strsplit_set (text, " \t\r\n", -1) : NULL;
  for (char **part = parts; part != NULL && *part != NULL; part++)
    if (**part != '\0')
      g_ptr_array_add (words, g_strdup (*part));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}

void
hd_xml_finish_element (HdXmlDocument *self, HdXmlNode *node)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  for (xmlAttr *a = node->properties; a != NULL; a = a->next)
    if (g_hash_table_contains (self->asked, a))
      g_ptr_array_add (known, (gpointer) a->name);
  for (xmlAttr *a = node->properties; a != NULL; a = a->next)
    if (!g_hash_table_contains (self->asked, a))
      hd_xml_fault (self, node, "<%s> has no attribute \"%.60s\"", hd_xml_name (node), (const char *) a->name);
}
