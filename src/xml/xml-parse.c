/* Text to trees, safely: no network, entities, DTDs, huge documents; includes of files below the including file's folder only.
 *
 * libxml2 is stopped from inside its own callbacks: at a DOCTYPE before it is read (so no entity is ever declared), and when a
 * document has more elements and attributes than its tree may have. Includes are not libxml2's: a file is read, checked and parsed by
 * the same rules, and linked to the element that includes it.
 */
#include "config.h"
#include "base/file.h"
#include "xml/xml-parse.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/SAX2.h>
#include <stdlib.h>
#include <string.h>

#define XINCLUDE_NAMESPACE "http://www.w3.org/2001/XInclude"

void
_hd_xml_part_free (gpointer data)
{
  HdXmlPart *part = data;
  if (part->doc != NULL)
    xmlFreeDoc (part->doc);
  g_free (part->file);
  g_free (part->folder);
  g_free (part);
}

/* --- one file --------------------------------------------------------------------------------- */

static HdXmlParser *
parser_of (void *context)
{
  return ((xmlParserCtxt *) context)->_private;
}

void
_hd_xml_add_parser_error (HdDiagnostics *diagnostics, const char *file, const xmlError *fault)
{
  if (fault->message != NULL && strstr (fault->message, "Excessive depth") != NULL) {
    hd_diagnostics_add_at (diagnostics, file, (guint) MAX (1, fault->line), "elements inside each other too deep - expected at most %u", xmlParserMaxDepth);
    return;
  }
  g_autofree char *message = g_strstrip (g_strdup (fault->message != NULL ? fault->message : "malformed XML"));
  /* A value can be megabytes long; the message need not be. */
  if (strlen (message) > 300)
    strcpy (message + 297, "...");
  for (char *p = message; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  g_autofree char *readable = g_utf8_make_valid (message, -1);
  hd_diagnostics_add_at (diagnostics, file, fault->line > 0 ? (guint) fault->line : 1, "not well-formed XML: %s", readable);
}

static void
collect_parser_error (void *context, xmlError *fault)
{
  HdXmlParser *self = parser_of (context);
  /* Else the parser was stopped on purpose, and the reason told. */
  if (fault->code != XML_ERR_USER_STOP)
    _hd_xml_add_parser_error (self->diagnostics, self->file, fault);
}

static void
refuse_doctype (void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
  HdXmlParser *self = parser_of (context);
  int line = xmlSAX2GetLineNumber (context);
  hd_diagnostics_add_at (self->diagnostics, self->file, line > 0 ? (guint) line : 1, "a DOCTYPE is not allowed - expected plain elements");
  xmlStopParser (context);
}

/* libxml2 gives an element the line where its start tag ends; a reader looks for where it begins. No '<' can stand inside a start tag. */
static void
note_first_line (xmlParserCtxt *context)
{
  int line = xmlSAX2GetLineNumber (context);
  const xmlChar *p = context->input->cur;
  while (p > context->input->base && *p != '<')
    line -= *p-- == '\n';
  if (context->node != NULL)
    context->node->psvi = GUINT_TO_POINTER ((guint) MAX (1, line));
}

static void
count_element (void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
               int n_attributes, int n_defaulted, const xmlChar **attributes)
{
  HdXmlParser *self = parser_of (context);
  self->nodes += 1 + (guint) n_attributes + (guint) n_namespaces;
  if (self->nodes > self->max_nodes) {
    hd_diagnostics_add_at (self->diagnostics, self->file, (guint) MAX (1, xmlSAX2GetLineNumber (context)),
                           "too many elements and attributes - expected at most %u in a document", self->max_nodes);
    xmlStopParser (context);
    return;
  }
  xmlSAX2StartElementNs (context, name, prefix, uri, n_namespaces, namespaces, n_attributes, n_defaulted, attributes);
  note_first_line (context);
}

/* libxml2 wants its global tables made before the first of several threads comes. */
void
_hd_xml_initialise (void)
{
  static gsize once = 0;
  if (g_once_init_enter (&once)) {
    xmlInitParser ();
    g_once_init_leave (&once, 1);
  }
}

static xmlDoc *
build_tree (HdXmlParser *self, const char *text, gsize length)
{
  _hd_xml_initialise ();
  xmlParserCtxt *context = xmlNewParserCtxt ();
  context->_private = self;
  context->sax->serror = collect_parser_error;
  context->sax->internalSubset = refuse_doctype;
  context->sax->startElementNs = count_element;
  xmlDoc *doc = xmlCtxtReadMemory (context, text, (int) length, NULL, NULL, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
  gboolean well_formed = doc != NULL && context->wellFormed;
  xmlFreeParserCtxt (context);
  if (well_formed && hd_diagnostics_count (self->diagnostics) == self->faults_before)
    return doc;
  if (hd_diagnostics_count (self->diagnostics) == self->faults_before)
    hd_diagnostics_add_at (self->diagnostics, self->file, 1, "not well-formed XML");
  xmlFreeDoc (doc);
  return NULL;
}

/* Byte orders and code pages are refused rather than converted: what is not UTF-8 is most likely an accident. */
static gboolean
check_encoding (HdDiagnostics *diagnostics, const char *file, const char *text, gsize length)
{
  const char *end;
  if (g_utf8_validate_len (text, length, &end))
    return TRUE;
  guint line = 1;
  for (const char *p = text; p < end; p++)
    line += *p == '\n';
  hd_diagnostics_add_at (diagnostics, file, line, "byte %" G_GSIZE_FORMAT " (0x%02x) is not part of a UTF-8 text - expected a file in UTF-8",
                         (gsize) (end - text), (unsigned) (guint8) *end);
  return FALSE;
}

/* Skips what is no tag and stands at @p: a comment, CDATA, a processing instruction. Returns its end, or @p when it is none. */
static const char *
skip_aside (const char *p, const char *end)
{
  static const char *const ASIDE[][2] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };
  for (guint i = 0; i < G_N_ELEMENTS (ASIDE); i++) {
    gsize n = strlen (ASIDE[i][0]);
    if ((gsize) (end - p) < n || strncmp (p, ASIDE[i][0], n) != 0)
      continue;
    const char *close = g_strstr_len (p + n, end - p - (gssize) n, ASIDE[i][1]);
    return close != NULL ? close + strlen (ASIDE[i][1]) : end;
  }
  return p;
}

/* libxml2 looks for doubles by comparing all attributes of an element with each other, before it asks anybody: hours for a megabyte. What it reads of a
 * long CDATA section it copies again and again: seconds for some megabytes. */
static gboolean
check_lengths (HdDiagnostics *diagnostics, const char *file, const char *text, gsize length)
{
  const char *end = text + length;
  guint line = 1, count = 0;
  char quote = '\0';
  gboolean in_tag = FALSE;
  for (const char *p = text; p < end; p++) {
    const char *after = in_tag ? p : skip_aside (p, end);
    if (after - p > HD_XML_MAX_CDATA_BYTES && g_str_has_prefix (p, "<![CDATA[")) {
      hd_diagnostics_add_at (diagnostics, file, line, "a CDATA section of %" G_GSIZE_FORMAT " bytes - expected at most %u; several can follow each other", (gsize) (after - p), HD_XML_MAX_CDATA_BYTES);
      return FALSE;
    }
    for (; p < after; p++)
      line += *p == '\n';
    if (p == end)
      break;
    line += *p == '\n';
    if (quote != '\0')
      quote = *p == quote ? '\0' : quote;
    else if (*p == '<') {
      in_tag = TRUE;
      count = 0;
    } else if (*p == '>')
      in_tag = FALSE;
    else if (in_tag && (*p == '"' || *p == '\'')) {
      quote = *p;
      count++;
    }
    if (count > HD_XML_MAX_ATTRIBUTES) {
      hd_diagnostics_add_at (diagnostics, file, line, "an element with too many attributes - expected at most %u", HD_XML_MAX_ATTRIBUTES);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
_hd_xml_check_text (HdDiagnostics *diagnostics, const char *file, const char *text, gsize length)
{
  return check_encoding (diagnostics, file, text, length) && check_lengths (diagnostics, file, text, length);
}

static void resolve_includes (HdXmlParser *self, const HdXmlPart *part, xmlNode *node);

xmlDoc *
_hd_xml_parse_part (HdXmlParser *self, const char *text, gsize length, const char *file, const char *folder)
{
  const char *outer = self->file;
  self->file = file;
  self->faults_before = hd_diagnostics_count (self->diagnostics);
  self->bytes += MIN (length, HD_XML_MAX_BYTES + 1u);
  xmlDoc *doc = NULL;
  if (self->bytes > HD_XML_MAX_BYTES)
    hd_diagnostics_add_at (self->diagnostics, file, 1, "too large for a document - expected at most %u byte with all its includes", HD_XML_MAX_BYTES);
  else if (_hd_xml_check_text (self->diagnostics, file, text, length))
    doc = build_tree (self, text, length);
  if (doc != NULL) {
    HdXmlPart *part = g_new (HdXmlPart, 1);
    *part = (HdXmlPart) { g_strdup (file), g_strdup (folder), doc };
    doc->_private = part;
    g_ptr_array_add (self->parts, part);
    resolve_includes (self, part, xmlDocGetRootElement (doc));
  }
  self->file = outer;
  return doc;
}

gboolean
_hd_xml_read_file (const char *path, gsize limit, char **text, gsize *length, GError **error)
{
  g_autoptr (GMappedFile) map = hd_file_map (path, error);
  if (map == NULL)
    return FALSE;
  *length = g_mapped_file_get_length (map);
  if (*length > limit) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:1: %" G_GSIZE_FORMAT " byte are too many for an XML file - expected at most %" G_GSIZE_FORMAT, path, *length, limit);
    return FALSE;
  }
  /* A copy, so that a file that shrinks meanwhile cannot hurt while it is parsed. */
  *text = g_strndup (*length > 0 ? g_mapped_file_get_contents (map) : "", *length);
  return TRUE;
}

/* --- includes --------------------------------------------------------------------------------- */

const char *_hd_xml_part_file (const HdXmlNode *node) { return ((const HdXmlPart *) node->doc->_private)->file; }

gboolean
_hd_xml_is_include (const HdXmlNode *node)
{
  return node->ns != NULL && g_str_equal ((const char *) node->ns->href, XINCLUDE_NAMESPACE) && g_str_equal ((const char *) node->name, "include");
}

HdXmlNode *_hd_xml_included_root (const HdXmlNode *include) { return include->_private; }
/* Only an included root and an include element have a partner, and the walk never hands out the latter. */
const HdXmlNode *_hd_xml_includer (const HdXmlNode *node) { return _hd_xml_is_include (node) ? NULL : node->_private; }

static void include_fault (HdXmlParser *self, const xmlNode *node, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
include_fault (HdXmlParser *self, const xmlNode *node, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  hd_diagnostics_add_at (self->diagnostics, self->file, hd_xml_line (node), "%s", text);
}

/* A relative path downwards: no scheme, no root, no "..", no fragment. */
static gboolean
is_path_below (const char *href)
{
  g_auto (GStrv) parts = g_strsplit (href, "/", -1);
  if (*href == '\0' || *href == '/' || strpbrk (href, ":\\#?%") != NULL)
    return FALSE;
  return !g_strv_contains ((const char *const *) parts, "..");
}

/* A symbolic link may lead elsewhere: what counts is where the file really is. */
static gboolean
is_really_below (const char *path, const char *folder)
{
  char *real_path = realpath (path, NULL), *real_folder = realpath (folder, NULL);
  gsize n = real_folder != NULL ? strlen (real_folder) : 0;
  gboolean below = real_path != NULL && n > 0 && strncmp (real_path, real_folder, n) == 0 && (real_path[n] == '/' || real_folder[n - 1] == '/');
  free (real_path);
  free (real_folder);
  return below;
}

/* Returns (transfer full) (nullable): what the element asks for, when it may be included. */
static char *
included_path (HdXmlParser *self, const HdXmlPart *part, xmlNode *node)
{
  xmlChar *value = xmlGetNoNsProp (node, (const xmlChar *) "href");
  g_autofree char *href = g_strdup (value != NULL ? (const char *) value : "");
  xmlFree (value);
  for (const xmlAttr *a = node->properties; a != NULL; a = a->next)
    if (!g_str_equal ((const char *) a->name, "href"))
      include_fault (self, node, "an include has no attribute \"%.60s\" - expected href only", (const char *) a->name);
  if (part->folder == NULL) {
    include_fault (self, node, "includes work in files only");
    return NULL;
  }
  if (!is_path_below (href)) {
    include_fault (self, node, "href \"%.60s\" - expected the relative path of a file below this one's folder", href);
    return NULL;
  }
  if (self->depth >= HD_XML_MAX_INCLUDE_DEPTH) {
    include_fault (self, node, "includes inside each other - expected at most %u levels", HD_XML_MAX_INCLUDE_DEPTH);
    return NULL;
  }
  g_autofree char *path = g_str_equal (part->folder, ".") ? g_strdup (href) : g_build_filename (part->folder, href, NULL);
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    include_fault (self, node, "href \"%.60s\" - there is no such file", href);
    return NULL;
  }
  if (!is_really_below (path, part->folder)) {
    include_fault (self, node, "href \"%.60s\" leads out of this file's folder - expected a file below it", href);
    return NULL;
  }
  return g_steal_pointer (&path);
}

static void
include_file (HdXmlParser *self, const HdXmlPart *part, xmlNode *node)
{
  g_autofree char *path = included_path (self, part, node);
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) local = NULL;
  if (path == NULL)
    return;
  if (!_hd_xml_read_file (path, HD_XML_MAX_BYTES, &text, &length, &local)) {
    include_fault (self, node, "%s", local->message);
    return;
  }
  g_autofree char *folder = g_path_get_dirname (path);
  self->depth++;
  xmlDoc *doc = _hd_xml_parse_part (self, text, length, path, folder);
  self->depth--;
  if (doc == NULL)
    return;
  xmlNode *root = xmlDocGetRootElement (doc);
  if (root->ns != NULL) {
    include_fault (self, node, "%s: its root is an element of a namespace - expected a plain element", path);
    return;
  }
  if (g_str_equal ((const char *) root->name, HD_XML_FRAGMENT) && root->properties != NULL)
    hd_diagnostics_add_at (self->diagnostics, path, hd_xml_line (root), "<%s> has no attribute \"%.60s\"", HD_XML_FRAGMENT, (const char *) root->properties->name);
  node->_private = root;
  root->_private = node;
}

/* Depth is bounded by the parser's own limit on nested elements. */
static void
resolve_includes (HdXmlParser *self, const HdXmlPart *part, xmlNode *node)
{
  for (; node != NULL; node = node->next) {
    if (node->type != XML_ELEMENT_NODE)
      continue;
    if (_hd_xml_is_include (node))
      include_file (self, part, node);
    else
      resolve_includes (self, part, node->children);
  }
}
