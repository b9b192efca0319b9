/* Reading a document one child of its root at a time, for files with a million elements: a tree of them all would cost eighteen times the file. */
#include "config.h"
#include "xml/document.h"
#include "xml/xml-parse.h"

static void
collect_error (void *data, xmlError *fault)
{
  HdXmlDocument *self = data;
  /* libxml2 says "extra content" to both. */
  if (fault->code == XML_ERR_DOCUMENT_END)
    hd_diagnostics_add (self->diagnostics, (guint) MAX (1, fault->line), "not well-formed XML: the document is cut short, or something stands behind its end");
  else
    _hd_xml_add_parser_error (self->diagnostics, self->file, fault);
}

static void
open_reader (HdXmlDocument *self, const char *text, gsize length)
{
  if (!_hd_xml_check_text (self->diagnostics, self->file, text, length))
    return;
  _hd_xml_initialise ();
  self->reader = xmlReaderForMemory (text, (int) length, NULL, NULL, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
  xmlTextReaderSetStructuredErrorHandler (self->reader, (xmlStructuredErrorFunc) collect_error, self);
}

/* One step of the reader; FALSE at the end and at a fault of the XML. */
static gboolean
step (HdXmlDocument *self)
{
  /* A child that was handed out is passed over as a whole. */
  int got = self->expanded ? xmlTextReaderNext (self->reader) : xmlTextReaderRead (self->reader);
  self->expanded = FALSE;
  if (got < 0 && hd_diagnostics_count (self->diagnostics) == 0)
    hd_diagnostics_add (self->diagnostics, 1, "not well-formed XML");
  return got == 1;
}

/* Faults ask a node's document for the file's name. */
static void
name_file (HdXmlDocument *self)
{
  HdXmlPart *part = g_new0 (HdXmlPart, 1);
  part->file = g_strdup (self->file);
  g_ptr_array_add (self->parts, part);
  self->root->doc->_private = part;
}

static gboolean
find_root (HdXmlDocument *self)
{
  while (step (self)) {
    int type = xmlTextReaderNodeType (self->reader);
    if (type == XML_READER_TYPE_DOCUMENT_TYPE) {
      hd_diagnostics_add (self->diagnostics, 1, "a DOCTYPE is not allowed - expected plain elements");
      return FALSE;
    }
    if (type == XML_READER_TYPE_ELEMENT) {
      self->root = xmlTextReaderCurrentNode (self->reader);
      name_file (self);
      return TRUE;
    }
  }
  if (hd_diagnostics_count (self->diagnostics) == 0)
    hd_diagnostics_add (self->diagnostics, 1, "there is no element in the file");
  return FALSE;
}

HdXmlDocument *
hd_xml_stream_open (const char *text, gsize length, const char *name, const char *root, const char *version, GError **error)
{
  g_autoptr (HdXmlDocument) self = _hd_xml_document_new (name);
  if (text == NULL) {
    if (!_hd_xml_read_file (name, HD_XML_MAX_STREAM_BYTES, &self->text, &length, error))
      return NULL;
    text = self->text;
  }
  if (length == 0)
    hd_diagnostics_add (self->diagnostics, 1, "the file is empty - expected <%s>", root);
  else
    open_reader (self, text, length);
  if (self->reader != NULL && find_root (self))
    _hd_xml_check_root (self, root, version);
  if (!hd_diagnostics_check (self->diagnostics, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* The child that the reader stands on, with all that is in it; NULL: it is broken. */
static HdXmlNode *
expand (HdXmlDocument *self)
{
  HdXmlNode *node = xmlTextReaderExpand (self->reader);
  self->expanded = TRUE;
  /* libxml2 keeps 16 bits of an element's line; the text before it knows better, but is gone by now. */
  if (node != NULL && node->line == G_MAXUSHORT)
    node->psvi = GUINT_TO_POINTER (self->blank_line);
  return node;
}

static void
look_at_text (HdXmlDocument *self, int type)
{
  const HdXmlNode *node = xmlTextReaderCurrentNode (self->reader);
  self->blank_line = hd_xml_line (node);
  if (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA)
    hd_diagnostics_add (self->diagnostics, self->blank_line, "text between elements - expected elements and comments only");
  if (type == XML_READER_TYPE_ENTITY_REFERENCE)
    hd_diagnostics_add (self->diagnostics, self->blank_line, "an entity reference is not allowed here");
}

HdXmlNode *
hd_xml_stream_next (HdXmlDocument *self)
{
  /* The last child's strings go with it. */
  g_hash_table_remove_all (self->asked);
  g_hash_table_remove_all (self->strings);
  while (step (self)) {
    int type = xmlTextReaderNodeType (self->reader);
    if (type != XML_READER_TYPE_ELEMENT) {
      look_at_text (self, type);
      continue;
    }
    HdXmlNode *node = expand (self);
    if (node == NULL || node->ns == NULL)
      return node;
    hd_xml_fault (self, node, "an element of a foreign namespace - expected plain elements");
  }
  return NULL;
}

void
_hd_xml_close_stream (HdXmlDocument *self)
{
  if (self->reader != NULL)
    xmlFreeTextReader (self->reader);
  g_free (self->text);
}
