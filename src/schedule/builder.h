/* The inside of a builder: growing columns, most of which become the schedule's own. builder.c fills them, finish.c makes a schedule of them. */
#pragma once

#include "schedule/private.h"

#include <string.h>

/* A growing array of plain values. */
typedef struct {
  void *data;
  gsize n, room;
} HdColumn;

void _hd_column_enlarge (HdColumn *self, gsize element);
/** Returns (transfer full): the array, cut to its size; the column is empty afterwards. */
void *_hd_column_steal (HdColumn *self, gsize element);

#define HD_COLUMN_AT(column, type, i) (((type *) (column)->data)[i])
#define HD_COLUMN_PUSH(column, type, value)                   \
  do {                                                        \
    HdColumn *column_ = (column);                             \
    if (G_UNLIKELY (column_->n == column_->room))             \
      _hd_column_enlarge (column_, sizeof (type));            \
    ((type *) column_->data)[column_->n++] = (value);         \
  } while (0)

/* Rows said in any order: owner[i] has value[i]. */
typedef struct {
  HdColumn owner, value;   /* guint32 */
} HdPairs;

struct HdScheduleBuilder {
  const HdPlatform *platform;
  char *pass, *workload_xml, *mapping_xml;
  gboolean draft;
  GHashTable *layer_of, *tensor_of;            /* name -> index + 1; the names are those of the columns */
  HdColumn layer_name, tensor_name;            /* char* */
  HdColumn queue;                              /* HdQueue */
  HdColumn queue_order;                        /* HdColumn of task ids by queue handle; empty: ascending */
  HdColumn cost, route;
  HdIndexTable cost_index, route_index;
  HdColumn kind, queue_of, what, bits, layer, node, weight_key, priority;
  HdPairs use, after, release;
  HdColumn memory, piece_bits, creator, tensor, box_begin, range;
};

/** Empties the builder: as after hd_schedule_builder_new(). */
void _hd_schedule_builder_reset (HdScheduleBuilder *self);
