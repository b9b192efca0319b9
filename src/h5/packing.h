/* A column in chunks, some of them compressed already: what the files that pack and write columns share. */
#pragma once

#include "h5/deflate.h"
#include "h5/h5.h"

typedef struct {
  guint8 *stream;   /* NULL: nobody has made it yet */
  gsize size;
} HdPackedChunk;

struct HdH5Packing {
  guint width;             /* of a value [byte] */
  const guint8 *values;
  guint64 n, chunk_rows, n_chunks;
  gint taken;              /* atomic: chunks that some thread makes or has made */
  HdPackedChunk *packed;   /* NULL: chunks are made when they are written */
};

void _hd_packing_init (HdH5Packing *self, HdH5Type type, gconstpointer values, guint64 n);
/** The stream of chunk @index. It belongs to @encoder, as that of hd_chunk_encoder_finish(). */
const guint8 *_hd_packing_encode (const HdH5Packing *self, guint64 index, HdChunkEncoder *encoder, gsize *size);
