/* The only room that knows libxml2: reading hostile XML safely, and writing canonical XML.
 *
 * Reading: the file is read whole (with a cap), parsed from memory without network, entities, DTDs or huge documents; a DOCTYPE is refused.
 * A file, but no text from memory, may include others: <xi:include href="cores/x.xml"/> stands for the root element of a file below its own folder,
 * or for the elements in it if that root is a <fragment>.
 * Walking the nodes crosses from one to the other unseen; messages name the file that a node stands in. Every fault carries its line. Accessors add faults to the document's HdDiagnostics and go on, so that all faults of a file are told at once.
 * Attributes that nobody asked for are faults too ("did you mean"), found by hd_xml_finish_element().
 *
 * Writing: two spaces an indent, attributes in the order given, LF; the same calls give the same bytes.
 *
 * Ownership: the document owns its nodes; strings returned by accessors live as long as the document.
 */
#pragma once

#include <heddle/error.h>
#include <heddle/units.h>

#include <glib.h>

G_BEGIN_DECLS

/** What a document with its included files may have at most; what is larger belongs in HDF5. An element or attribute takes some hundred bytes of memory. */
#define HD_XML_MAX_BYTES (32u << 20)
/** The same for what is read as a stream [byte]. */
#define HD_XML_MAX_STREAM_BYTES (256u << 20)
#define HD_XML_MAX_NODES 400000u          /* elements and attributes together */
#define HD_XML_MAX_ATTRIBUTES 200u        /* of one element: the parser compares them all with each other */
#define HD_XML_MAX_CDATA_BYTES (128u << 10) /* of one section: the parser adds it up in small parts, each copied again; more can follow */
#define HD_XML_MAX_WORDS_BYTES (1u << 20) /* of a list of words */
#define HD_XML_MAX_INCLUDE_DEPTH 8u

/** The root of an included file that stands for several elements. */
#define HD_XML_FRAGMENT "fragment"

typedef struct HdXmlDocument HdXmlDocument;
typedef struct _xmlNode HdXmlNode;

/**
 * hd_xml_load:
 * @path: the file
 * @root: the expected name of the root element
 * @version: the only value its `version` attribute may have
 *
 * Errors: %HD_ERROR_NO_INPUT when it cannot be read; %HD_ERROR_INPUT, with file:line, when it is not such a document.
 */
HdXmlDocument *hd_xml_load (const char *path, const char *root, const char *version, GError **error);
/** As hd_xml_load(), from memory; @name stands for the file in messages. */
HdXmlDocument *hd_xml_parse (const char *text, gsize length, const char *name, const char *root, const char *version, GError **error);
/** As the two above, with less than HD_XML_MAX_NODES elements and attributes. */
HdXmlDocument *hd_xml_load_limited (const char *path, const char *root, const char *version, guint max_nodes, GError **error);
HdXmlDocument *hd_xml_parse_limited (const char *text, gsize length, const char *name, const char *root, const char *version, guint max_nodes, GError **error);
void hd_xml_document_free (HdXmlDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdXmlDocument, hd_xml_document_free)

/**
 * hd_xml_stream_open:
 * @text: (nullable): the document in memory, which must live as long; NULL: the file @name
 *
 * As hd_xml_load() and hd_xml_parse(), but the root's children are read one at a time: no tree of the whole is made. There are no includes.
 * Read the root's attributes before the first hd_xml_stream_next().
 */
HdXmlDocument *hd_xml_stream_open (const char *text, gsize length, const char *name, const char *root, const char *version, GError **error);
/** The root's next child, whole; it and its strings live until the next call. NULL at the end, and at a fault of the XML itself (see the diagnostics). */
HdXmlNode *hd_xml_stream_next (HdXmlDocument *self);

HdXmlNode *hd_xml_root (const HdXmlDocument *self);
/** The faults so far; the room's semantic checks add to them. */
HdDiagnostics *hd_xml_diagnostics (const HdXmlDocument *self);
const char *hd_xml_file (const HdXmlDocument *self);

/* --- nodes ---------------------------------------------------------------------------------- */
guint hd_xml_line (const HdXmlNode *node);
const char *hd_xml_name (const HdXmlNode *node);
gboolean hd_xml_is (const HdXmlNode *node, const char *name);
/** Returns (transfer full): the text of an element that has nothing else in it; "" (and a fault) when it has elements. */
char *hd_xml_text (HdXmlDocument *self, const HdXmlNode *node);
/** First and next child element; NULL at the end. Text other than white space between elements is a fault. */
HdXmlNode *hd_xml_first (const HdXmlDocument *self, const HdXmlNode *node);
HdXmlNode *hd_xml_next (const HdXmlDocument *self, const HdXmlNode *node);
/** A fault for an element that is not expected here, with a suggestion out of @expected (a NULL-ended list). */
void hd_xml_unexpected (HdXmlDocument *self, const HdXmlNode *node, const char *const *expected);
/** Adds a fault at the node's line. */
void hd_xml_fault (HdXmlDocument *self, const HdXmlNode *node, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* --- attributes: a missing required one or a bad value is a fault, and the fallback is returned ------------ */
/** Returns (nullable): the attribute's text; NULL when it is not there. */
const char *hd_xml_attribute (HdXmlDocument *self, HdXmlNode *node, const char *name);
/** The text of a required attribute; "" (and a fault) when it is missing or empty. */
const char *hd_xml_require (HdXmlDocument *self, HdXmlNode *node, const char *name);
/** An id: letters, digits, '.', '_', '-', ':' and '/'; at most 200 characters. */
const char *hd_xml_require_id (HdXmlDocument *self, HdXmlNode *node, const char *name);
/** A quantity; @fallback when it is missing (a fault as well if @required). */
guint64 hd_xml_u64 (HdXmlDocument *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, guint64 fallback);
double hd_xml_double (HdXmlDocument *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, double fallback);
/** A signed whole number without unit. */
gint64 hd_xml_i64 (HdXmlDocument *self, HdXmlNode *node, const char *name, gboolean required, gint64 fallback);
/** The index in @values (NULL-ended) of the attribute's text; @fallback when it is missing; < 0 fallback means required. */
int hd_xml_choice (HdXmlDocument *self, HdXmlNode *node, const char *name, const char *const *values, int fallback);
gboolean hd_xml_boolean (HdXmlDocument *self, HdXmlNode *node, const char *name, gboolean fallback);
/** Words separated by white space. Returns (transfer full): a NULL-ended array, empty when the attribute is missing. */
char **hd_xml_words (HdXmlDocument *self, HdXmlNode *node, const char *name);
/** Returns (transfer full): the names of the attributes of @node that no accessor has asked for, in document order, NULL-ended. Those of namespaces are left out. */
char **hd_xml_unasked_attributes (const HdXmlDocument *self, const HdXmlNode *node);
/** Faults for the attributes of @node that no accessor has asked for. Call it once per element, after its accessors. */
void hd_xml_finish_element (HdXmlDocument *self, HdXmlNode *node);

/* --- writing ---------------------------------------------------------------------------------- */
typedef struct HdXmlWriter HdXmlWriter;
HdXmlWriter *hd_xml_writer_new (void);
void hd_xml_writer_free (HdXmlWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdXmlWriter, hd_xml_writer_free)
void hd_xml_writer_open (HdXmlWriter *self, const char *element);
void hd_xml_writer_attribute (HdXmlWriter *self, const char *name, const char *value);
void hd_xml_writer_attribute_u64 (HdXmlWriter *self, const char *name, guint64 value, HdUnit unit);
void hd_xml_writer_attribute_i64 (HdXmlWriter *self, const char *name, gint64 value);
void hd_xml_writer_attribute_double (HdXmlWriter *self, const char *name, double value, HdUnit unit);
/** Text in the open element, which then holds nothing else; reading it back gives the same. */
void hd_xml_writer_text (HdXmlWriter *self, const char *text);
void hd_xml_writer_close (HdXmlWriter *self);
/** Returns (transfer full): the whole document; every element is closed. */
char *hd_xml_writer_finish (HdXmlWriter *self);

G_END_DECLS
