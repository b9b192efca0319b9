/* The inside of a document: what xml.c (whole files) and stream.c (one child of the root at a time) share. */
#pragma once

#include "xml/xml.h"

#include <libxml/tree.h>
#include <libxml/xmlreader.h>

struct HdXmlDocument {
  char *file;
  xmlDoc *doc;
  xmlTextReader *reader; /* streams only: owns the nodes in place of doc */
  char *text;            /* streams only: of the file, when it was read here */
  HdXmlNode *root;       /* streams only */
  guint blank_line;      /* streams only: where the last text between the root's children ended */
  gboolean expanded;     /* streams only: the reader stands on a child that was handed out */
  HdDiagnostics *diagnostics;
  GPtrArray *parts;     /* what parsing made: this file and the included ones; see xml-parse.h */
  GHashTable *asked;    /* element -> names that an accessor has asked it for, until the element is finished */
  GHashTable *strings;  /* owned copies of attribute values */
};

HdXmlDocument *_hd_xml_document_new (const char *name);
void _hd_xml_check_root (HdXmlDocument *self, const char *root, const char *version);
void _hd_xml_close_stream (HdXmlDocument *self);
