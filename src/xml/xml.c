/* A parsed document: its nodes and attributes, and the faults that reading them finds. */
#include "config.h"
#include "xml/document.h"
#include "xml/xml-parse.h"

#include <stdarg.h>
#include <string.h>

/* --- loading ------------------------------------------------------------------------------- */

HdXmlDocument *
_hd_xml_document_new (const char *name)
{
  HdXmlDocument *self = g_new0 (HdXmlDocument, 1);
  self->file = g_strdup (name);
  self->diagnostics = hd_diagnostics_new (name);
  self->parts = g_ptr_array_new_with_free_func (_hd_xml_part_free);
  self->asked = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->strings = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
_hd_xml_check_root (HdXmlDocument *self, const char *root, const char *version)
{
  HdXmlNode *node = hd_xml_root (self);
  if (!hd_xml_is (node, root)) {
    hd_xml_fault (self, node, "the root element is <%.60s> - expected <%s>", hd_xml_name (node), root);
    return;
  }
  if (node->ns != NULL)
    hd_xml_fault (self, node, "an element of a foreign namespace - expected plain elements");
  const char *found = hd_xml_require (self, node, "version");
  if (*found != '\0' && !g_str_equal (found, version))
    hd_xml_fault (self, node, "version \"%.20s\" of <%s> is not known - expected \"%s\"", found, root, version);
}

static HdXmlDocument *
parse (const char *text, gsize length, const char *name, const char *folder, const char *root, const char *version, guint max_nodes, GError **error)
{
  g_autoptr (HdXmlDocument) self = _hd_xml_document_new (name);
  HdXmlParser parser = { .diagnostics = self->diagnostics, .parts = self->parts, .max_nodes = max_nodes };
  if (length == 0)
    hd_diagnostics_add (self->diagnostics, 1, "the file is empty - expected <%s>", root);
  else if ((self->doc = _hd_xml_parse_part (&parser, text, length, name, folder)) != NULL)
    _hd_xml_check_root (self, root, version);
  if (!hd_diagnostics_check (self->diagnostics, error))
    return NULL;
  return g_steal_pointer (&self);
}

HdXmlDocument *
hd_xml_parse_limited (const char *text, gsize length, const char *name, const char *root, const char *version, guint max_nodes, GError **error)
{
  return parse (text, length, name, NULL, root, version, max_nodes, error);
}

HdXmlDocument *
hd_xml_load_limited (const char *path, const char *root, const char *version, guint max_nodes, GError **error)
{
  g_autofree char *text = NULL, *folder = g_path_get_dirname (path);
  gsize length;
  if (!_hd_xml_read_file (path, HD_XML_MAX_BYTES, &text, &length, error))
    return NULL;
  return parse (text, length, path, folder, root, version, max_nodes, error);
}

HdXmlDocument *
hd_xml_parse (const char *text, gsize length, const char *name, const char *root, const char *version, GError **error)
{
  return hd_xml_parse_limited (text, length, name, root, version, HD_XML_MAX_NODES, error);
}

HdXmlDocument *
hd_xml_load (const char *path, const char *root, const char *version, GError **error)
{
  return hd_xml_load_limited (path, root, version, HD_XML_MAX_NODES, error);
}

void
hd_xml_document_free (HdXmlDocument *self)
{
  if (self == NULL)
    return;
  _hd_xml_close_stream (self);
  hd_diagnostics_free (self->diagnostics);
  g_ptr_array_unref (self->parts);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->strings);
  g_free (self->file);
  g_free (self);
}

HdXmlNode *hd_xml_root (const HdXmlDocument *self) { return self->reader != NULL ? self->root : xmlDocGetRootElement (self->doc); }
HdDiagnostics *hd_xml_diagnostics (const HdXmlDocument *self) { return self->diagnostics; }
const char *hd_xml_file (const HdXmlDocument *self) { return self->file; }

/* --- nodes ---------------------------------------------------------------------------------- */

guint
hd_xml_line (const HdXmlNode *node)
{
  if (node->type == XML_ELEMENT_NODE && node->psvi != NULL)
    return GPOINTER_TO_UINT (node->psvi);
  long line = xmlGetLineNo (node);
  return line > 0 ? (guint) line : 0;
}

const char *hd_xml_name (const HdXmlNode *node) { return (const char *) node->name; }
gboolean hd_xml_is (const HdXmlNode *node, const char *name) { return g_str_equal ((const char *) node->name, name); }

/* A fault that stands in the node's own file, which can be an included one. */
static void
add_fault (const HdXmlDocument *self, const HdXmlNode *node, const char *text)
{
  hd_diagnostics_add_at (self->diagnostics, _hd_xml_part_file (node), hd_xml_line (node), "%s", text);
}

static HdXmlNode *skip_to_element (const HdXmlDocument *self, HdXmlNode *node);

/* The element that stands for @node: itself, the root of the file that it includes, the first one of a fragment; NULL when there is none. */
static HdXmlNode *
resolve_element (const HdXmlDocument *self, HdXmlNode *node)
{
  if (node->ns == NULL)
    return node;
  if (self->reader != NULL || !_hd_xml_is_include (node)) {
    add_fault (self, node, "an element of a foreign namespace - expected plain elements");
    return NULL;
  }
  HdXmlNode *root = _hd_xml_included_root (node);
  return root != NULL && hd_xml_is (root, HD_XML_FRAGMENT) ? skip_to_element (self, root->children) : root;
}

static HdXmlNode *
skip_to_element (const HdXmlDocument *self, HdXmlNode *node)
{
  for (; node != NULL; node = node->next) {
    HdXmlNode *found = node->type == XML_ELEMENT_NODE ? resolve_element (self, node) : NULL;
    if (found != NULL)
      return found;
    if ((node->type == XML_TEXT_NODE && !xmlIsBlankNode (node)) || node->type == XML_CDATA_SECTION_NODE)
      add_fault (self, node, "text between elements - expected elements and comments only");
    if (node->type == XML_ENTITY_REF_NODE)
      add_fault (self, node, "an entity reference is not allowed here");
  }
  return NULL;
}

char *
hd_xml_text (HdXmlDocument *self, const HdXmlNode *node)
{
  for (const HdXmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE || child->type == XML_ENTITY_REF_NODE) {
      hd_xml_fault (self, node, "<%s> has elements in it - expected text", hd_xml_name (node));
      return g_strdup ("");
    }
  xmlChar *content = xmlNodeGetContent (node);
  char *text = g_strdup (content != NULL ? (const char *) content : "");
  xmlFree (content);
  return text;
}

HdXmlNode *hd_xml_first (const HdXmlDocument *self, const HdXmlNode *node) { return skip_to_element (self, node->children); }

/* The include element that @node stands for: as an included root, or at the end of a fragment; NULL: neither. */
static const HdXmlNode *
outer_place (const HdXmlNode *node, gboolean at_end)
{
  const HdXmlNode *root = at_end ? node->parent : node;
  return root != NULL && root->type == XML_ELEMENT_NODE && (!at_end || hd_xml_is (root, HD_XML_FRAGMENT)) ? _hd_xml_includer (root) : NULL;
}

/* After an included root comes what stands after the include, and so after the last element of a fragment. */
HdXmlNode *
hd_xml_next (const HdXmlDocument *self, const HdXmlNode *node)
{
  for (const HdXmlNode *place = node, *outer;; place = outer) {
    while ((outer = outer_place (place, FALSE)) != NULL)
      place = outer;
    HdXmlNode *found = skip_to_element (self, place->next);
    if (found != NULL || (outer = outer_place (place, TRUE)) == NULL)
      return found;
  }
}

void
hd_xml_fault (HdXmlDocument *self, const HdXmlNode *node, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  add_fault (self, node, text);
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

static void
note_asked (HdXmlDocument *self, HdXmlNode *node, const char *name)
{
  GPtrArray *names = g_hash_table_lookup (self->asked, node);
  if (names == NULL) {
    names = g_ptr_array_new ();
    g_hash_table_insert (self->asked, node, names);
  }
  g_ptr_array_add (names, (gpointer) g_intern_string (name));
}

const char *
hd_xml_attribute (HdXmlDocument *self, HdXmlNode *node, const char *name)
{
  note_asked (self, node, name);
  xmlAttr *attribute = xmlHasNsProp (node, (const xmlChar *) name, NULL);
  if (attribute == NULL)
    return NULL;
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
  static const char SPACE[] = " \t\r\n";
  const char *text = hd_xml_attribute (self, node, name);
  GPtrArray *words = g_ptr_array_new ();
  if (text != NULL && strlen (text) > HD_XML_MAX_WORDS_BYTES) {
    hd_xml_fault (self, node, "%s of <%s> is too long a list - expected at most %u byte", name, hd_xml_name (node), HD_XML_MAX_WORDS_BYTES);
    text = NULL;
  }
  for (const char *p = text; p != NULL && *(p += strspn (p, SPACE)) != '\0';) {
    gsize length = strcspn (p, SPACE);
    g_ptr_array_add (words, g_strndup (p, length));
    p += length;
  }
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}

static gboolean
was_asked (const GPtrArray *names, const char *name)
{
  for (guint i = 0; i < names->len; i++)
    if (g_str_equal (names->pdata[i], name))
      return TRUE;
  return FALSE;
}

/* Editors find a document's schema by attributes of this namespace; they say nothing about its content. */
static gboolean
is_schema_hint (const xmlAttr *attribute)
{
  return attribute->ns != NULL && g_str_equal ((const char *) attribute->ns->href, "http://www.w3.org/2001/XMLSchema-instance");
}

char **
hd_xml_unasked_attributes (const HdXmlDocument *self, const HdXmlNode *node)
{
  GPtrArray *names = g_ptr_array_new ();
  const GPtrArray *asked = g_hash_table_lookup (self->asked, node);
  for (xmlAttr *a = node->properties; a != NULL; a = a->next)
    if (a->ns == NULL && (asked == NULL || !was_asked (asked, (const char *) a->name)))
      g_ptr_array_add (names, g_strdup ((const char *) a->name));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

void
hd_xml_finish_element (HdXmlDocument *self, HdXmlNode *node)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  const GPtrArray *asked = g_hash_table_lookup (self->asked, node);
  const GPtrArray *names = asked != NULL ? asked : none;
  for (xmlAttr *a = node->properties; a != NULL; a = a->next) {
    const char *name = (const char *) a->name;
    if (is_schema_hint (a) || (a->ns == NULL && was_asked (names, name)))
      continue;
    g_autofree char *hint = suggestion (name, (const char *const *) names->pdata, names->len);
    hd_xml_fault (self, node, "<%s> has no attribute \"%.60s\"%s", hd_xml_name (node), name, hint);
  }
  g_hash_table_remove (self->asked, node);
}
