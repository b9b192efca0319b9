/* Columns that threads compress when they have nothing better to do, and that are written later, in their order. */
#pragma once

#include "h5/h5.h"

#include <heddle/trace.h>

typedef struct {
  HdTraceColumn column;
  HdH5Packing *packing;
} HdPackedColumn;

/** Columns of numbers that are worth it; @values live until _hd_packed_clear(). Several threads may call _hd_packed_step() once all have been added. */
typedef struct {
  HdPackedColumn *column;
  guint n;
} HdPackedColumns;

gboolean _hd_packed_wants (const HdTraceColumn *column);
void _hd_packed_add (HdPackedColumns *self, const HdTraceColumn *column);
/** Compresses a piece of one of them. FALSE: all pieces are taken. */
gboolean _hd_packed_step (HdPackedColumns *self);
void _hd_packed_clear (HdPackedColumns *self);

/** Writes a column, packed or (@packing NULL) as it is, with its dimension and enumeration. */
gboolean _hd_write_table_column (HdH5Writer *file, const HdTraceColumn *column, const HdH5Packing *packing, GError **error);
gboolean _hd_packed_write (const HdPackedColumns *self, HdH5Writer *file, GError **error);
