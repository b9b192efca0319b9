/* Inside the xml room: text to trees. One file gives one tree; an include element and the root that stands for it point at each other.
 *
 * | libxml2 field  | holds                                                                   |
 * |----------------|-------------------------------------------------------------------------|
 * | doc->_private  | the HdXmlPart that it belongs to, which knows the file's name           |
 * | node->psvi     | of an element: the line where its start tag begins                      |
 * | node->_private | of an include element: the included root; of an included root: that element |
 */
#pragma once

#include "xml/xml.h"

#include <libxml/tree.h>
#include <libxml/xmlerror.h>

/** One parsed file. */
typedef struct {
  char *file;    /* as messages name it */
  char *folder;  /* that its includes must stay below; NULL: it may include nothing */
  xmlDoc *doc;
} HdXmlPart;

/** What all files of one document share. */
typedef struct {
  HdDiagnostics *diagnostics;
  GPtrArray *parts;     /* of HdXmlPart */
  gsize bytes;          /* read so far, against HD_XML_MAX_BYTES */
  guint nodes, max_nodes; /* elements and attributes so far, and at most */
  guint depth;          /* of includes */
  guint faults_before;  /* when the present file began */
  const char *file;     /* being parsed */
} HdXmlParser;

void _hd_xml_part_free (gpointer part);

/** libxml2 wants its global tables made before the first of several threads comes. */
void _hd_xml_initialise (void);
void _hd_xml_add_parser_error (HdDiagnostics *diagnostics, const char *file, const xmlError *fault);
/** Whether it is UTF-8 and no element has too many attributes; else a fault was added. */
gboolean _hd_xml_check_text (HdDiagnostics *diagnostics, const char *file, const char *text, gsize length);

/** Reads a regular file of at most @limit [byte]. Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT when it is too large. */
gboolean _hd_xml_read_file (const char *path, gsize limit, char **text, gsize *length, GError **error);

/** Returns (transfer none) (nullable): the tree, NULL after a fault; the part it belongs to is added to parser->parts. */
xmlDoc *_hd_xml_parse_part (HdXmlParser *parser, const char *text, gsize length, const char *file, const char *folder);

const char *_hd_xml_part_file (const HdXmlNode *node);
gboolean _hd_xml_is_include (const HdXmlNode *node);
/** (nullable): NULL when including failed (a fault was added). */
HdXmlNode *_hd_xml_included_root (const HdXmlNode *include);
/** (nullable): the include element that the root @node stands for; NULL when it is no included root. */
const HdXmlNode *_hd_xml_includer (const HdXmlNode *node);
