/* Columns compressed ahead of their writing, chunk by chunk, by whichever thread has time. A chunk's stream does not depend on who makes it, and the writer takes
 * them in their order: so the file's bytes do not either.
 */
#include "config.h"
#include "h5/packing.h"

#include <heddle/error.h>

void
_hd_packing_init (HdH5Packing *self, HdH5Type type, gconstpointer values, guint64 n)
{
  *self = (HdH5Packing) { .width = hd_h5_type_size (type), .values = values, .n = n, .chunk_rows = MAX (1, MIN (n, HD_H5_COLUMN_CHUNK)) };
  self->n_chunks = n / self->chunk_rows + (n % self->chunk_rows != 0);
}

const guint8 *
_hd_packing_encode (const HdH5Packing *self, guint64 index, HdChunkEncoder *encoder, gsize *size)
{
  guint64 first = index * self->chunk_rows, rows = MIN (self->chunk_rows, self->n - first);
  hd_chunk_encoder_add_values (encoder, self->values + first * self->width, rows);
  if (rows < self->chunk_rows)
    hd_chunk_encoder_add (encoder, 0, self->chunk_rows - rows);
  return hd_chunk_encoder_finish (encoder, size);
}

HdH5Packing *
hd_h5_packing_new (HdH5Type type, gconstpointer values, guint64 n)
{
  HdH5Packing *self = g_new (HdH5Packing, 1);
  _hd_packing_init (self, type, values, n);
  hd_assert_invariant (self->n_chunks < G_MAXINT, "a column of %" G_GUINT64_FORMAT " rows", n);
  self->packed = g_new0 (HdPackedChunk, self->n_chunks + 1);
  return self;
}

gboolean
hd_h5_packing_step (HdH5Packing *self)
{
  /* Looked at first, so that the count of those who come too late does not run on. */
  if ((guint64) g_atomic_int_get (&self->taken) >= self->n_chunks)
    return FALSE;
  guint64 index = (guint64) g_atomic_int_add (&self->taken, 1);
  if (index >= self->n_chunks)
    return FALSE;
  g_autoptr (HdChunkEncoder) encoder = hd_chunk_encoder_new (self->width, self->chunk_rows);
  HdPackedChunk *chunk = &self->packed[index];
  const guint8 *stream = _hd_packing_encode (self, index, encoder, &chunk->size);
  chunk->stream = g_memdup2 (stream, chunk->size);
  return TRUE;
}

void
hd_h5_packing_free (HdH5Packing *self)
{
  if (self == NULL)
    return;
  for (guint64 i = 0; i < self->n_chunks; i++)
    g_free (self->packed[i].stream);
  g_free (self->packed);
  g_free (self);
}
