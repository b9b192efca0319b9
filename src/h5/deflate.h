/* zlib streams written straight from runs: what a chunk costs grows with its runs, not with its rows.
 *
 * A chunk holds `rows` values of `width` bytes. The shuffle filter stores it as `width` byte planes, one after another, least significant first; each
 * plane of a piecewise-constant series is piecewise constant itself, with no more runs. A run of n equal bytes is one literal and a match of
 * distance 1 repeated n / 258 times; a sequence of runs that has been there before is one match (the LZ77 of RFC 1951, on runs instead of bytes);
 * blocks get Huffman codes of their own, or are stored when that is shorter. The Adler-32 of a run is a sum in closed form.
 *
 * Planes are encoded as the runs come, in blocks, so the memory taken is that of the compressed chunk and of one block's runs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct HdChunkEncoder HdChunkEncoder;

/** @width: 1, 2, 4 or 8 bytes; @rows: of a chunk, at least 1, less than 2^32 / @width. */
HdChunkEncoder *hd_chunk_encoder_new (guint width, guint64 rows);
void hd_chunk_encoder_free (HdChunkEncoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdChunkEncoder, hd_chunk_encoder_free)

/** Adds @count > 0 rows of @value; there must be room for them in the chunk. */
void hd_chunk_encoder_add (HdChunkEncoder *self, guint64 value, guint64 count);
/** Adds @n rows, given as they are in memory, @width bytes each. */
void hd_chunk_encoder_add_values (HdChunkEncoder *self, gconstpointer values, guint64 n);
/** Makes the chunk one of @rows rows, no fewer than it has. */
void hd_chunk_encoder_set_rows (HdChunkEncoder *self, guint64 rows);
/** Rows added to the open chunk. */
guint64 hd_chunk_encoder_rows (const HdChunkEncoder *self);
/**
 * Ends the chunk, all rows of which must have been added, and begins the next. Returns (transfer none): its zlib stream, valid until the next call of any of
 * these on the encoder.
 */
const guint8 *hd_chunk_encoder_finish (HdChunkEncoder *self, gsize *size);

G_END_DECLS
