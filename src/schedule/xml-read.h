/* Inside the reading of XML: what xml-read.c (elements) and xml-finish.c (routes, ids, lines) share. */
#pragma once

#include "schedule/builder.h"
#include "xml/xml.h"

typedef struct {
  HdXmlDocument *doc;                          /* not owned */
  const HdPlatform *platform;
  HdScheduleBuilder *builder;
  GHashTable *memory_of, *core_of, *resource_of, *queue_of;  /* name -> index + 1 */
  GHashTable *route_of;                        /* "FROM>TO ..." -> handle + 1, of derived routes */
  int section;                                 /* the furthest so far */
  HdColumn ids;                                /* scratch */
  HdColumn task_id, piece_id;                  /* by order in the file */
  HdColumn task_line, piece_line, queue_line, layer_line, tensor_line;
  guint root_line;
} HdScheduleXml;

void _hd_schedule_xml_init (HdScheduleXml *self, HdXmlDocument *doc, const HdPlatform *platform);
void _hd_schedule_xml_clear (HdScheduleXml *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HdScheduleXml, _hd_schedule_xml_clear)

/** The index of @name; HD_NONE, and a fault with what could have been meant, when there is none (an empty name was a fault already). */
guint32 _hd_schedule_xml_find (HdScheduleXml *self, const HdXmlNode *node, const char *noun, const char *name, GHashTable *index_of);
/** The route of a <transfer>; @child moves past its hops. */
guint32 _hd_schedule_xml_read_route (HdScheduleXml *self, HdXmlNode *node, HdXmlNode **child);
/** A fault if there is a child. */
void _hd_schedule_xml_refuse_children (HdScheduleXml *self, const HdXmlNode *node, const HdXmlNode *child);
/** All elements are read: the schedule, or all faults. */
HdSchedule *_hd_schedule_xml_finish (HdScheduleXml *self, GError **error);
