/* Dense series in the making: runs come in, compressed chunks go out. */
#pragma once

#include "h5/deflate.h"
#include "h5/h5.h"

#include <heddle/sink.h>

/** Rows of a chunk of a series [cycle]; a shorter series has one chunk as long as it is. */
#define HD_SERIES_CHUNK (G_GUINT64_CONSTANT (1) << 23)

typedef struct {
  HdH5Writer *file;
  HdSeries series;         /* `resource` is its own */
  HdH5Chunked *dataset;    /* NULL until it is known whether the run is longer than a chunk */
  HdChunkEncoder *encoder;
  guint64 window_from;     /* rows are the cycles [from, to) */
  guint64 window_to;
  double unit;             /* > 0: values are counts of this many pJ, written as floating-point numbers [pJ] */
  guint width;             /* of a value [byte] */
  guint64 value;           /* since ... */
  guint64 since;           /* ... this cycle */
  guint64 chunk;           /* index of the open chunk */
  guint64 zeros;           /* rows of 0 with which it begins, not yet in the encoder: a chunk of nothing else is not written */
  guint8 *constant;        /* the stream of a chunk that is ... */
  gsize constant_size;
  guint64 constant_value;  /* ... this, all along */
  guint64 written;         /* bytes handed to the file */
} HdSeriesWriter;

/** Where the series of a resource is written. Returns (transfer full). */
char *_hd_dense_path (const HdSeries *series);
/** The names of series in /cycles/RESOURCE, by kind; NULL-ended. */
extern const char *const _hd_dense_names[];
/** A resource's id as the name of a group, and back. '/' and '%' are written %2F and %25, and a leading '.' %2E. */
char *_hd_dense_escape (const char *id);
char *_hd_dense_unescape (const char *name);

void _hd_dense_begin (HdSeriesWriter *self, HdH5Writer *file, const HdSeries *series, double power_unit_pj, guint64 window_from, guint64 window_to);
/** From @cycle on the series has @value. */
gboolean _hd_dense_change (HdSeriesWriter *self, guint64 cycle, guint64 value, GError **error);
/** The run has ended at @cycles. The dimension has been written. */
gboolean _hd_dense_end (HdSeriesWriter *self, guint64 cycles, GError **error);
void _hd_dense_clear (HdSeriesWriter *self);
