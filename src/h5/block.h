/* One deflate block from runs of bytes. */
#pragma once

#include "h5/bits.h"

/** Bytes of which neighbours that are equal are one run. */
typedef struct {
  guint8 *byte;       /* of each run */
  const guint64 *value; /* (nullable): ... of which it is one byte: matches are of equal values, and so the same for each of their bytes */
  guint32 *position;  /* where it begins; one more: where the last one ends */
  guint n;            /* runs, > 0 */
} HdByteRuns;

static inline guint32
_hd_run_length (const HdByteRuns *runs, guint i)
{
  return runs->position[i + 1] - runs->position[i];
}

/** Working memory for blocks; one per thread is enough. */
typedef struct HdBlockScratch HdBlockScratch;
HdBlockScratch *_hd_block_scratch_new (void);
void _hd_block_scratch_free (HdBlockScratch *self);

/**
 * _hd_block_write:
 * @previous: the byte before the first run, or -1
 *
 * Appends one block (or several stored ones), not marked as the last, that expands to @runs.
 * Returns: TRUE when it is stored; then what follows the block's head begins at a byte of @out, and must do so wherever it is moved to.
 */
gboolean _hd_block_write (HdBits *out, const HdByteRuns *runs, int previous, HdBlockScratch *scratch);
/** As _hd_block_write(), for one more byte of the same values at the same positions: the matches found last are used again. */
gboolean _hd_block_write_again (HdBits *out, const HdByteRuns *runs, HdBlockScratch *scratch);
/** Brings @out to the begin of a byte, by an empty stored block if need be. */
void _hd_block_align (HdBits *out);
