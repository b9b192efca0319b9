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
  gsize n, room;
  guint32 *owner, *value;
} HdPairs;

void _hd_pairs_enlarge (HdPairs *self, gsize room);

static inline void
_hd_pairs_push (HdPairs *self, guint32 owner, guint32 value)
{
  if (G_UNLIKELY (self->n == self->room))
    _hd_pairs_enlarge (self, MAX (64, 2 * self->room));
  self->owner[self->n] = owner;
  self->value[self->n++] = value;
}

/* What is said of every task: columns of one length, so that one look tells whether there is room. */
typedef struct {
  gsize n, room;
  guint8 *kind;
  guint32 *queue_of, *what, *layer, *node, *weight_key;
  guint32 *priority;       /* NULL: none has any */
  guint64 *bits;
} HdTaskRows;

/* And of every piece. */
typedef struct {
  gsize n, room;
  guint32 *memory, *creator, *tensor;
  guint64 *bits;
  guint64 *box_begin;      /* n + 1; a draft has none */
} HdPieceRows;

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
  HdTaskRows task;
  HdPieceRows piece;
  HdColumn range;                              /* HdRange: of the pieces' boxes */
  HdPairs use, after, release;
};

/** Empties the builder: as after hd_schedule_builder_new(). */
void _hd_schedule_builder_reset (HdScheduleBuilder *self);
