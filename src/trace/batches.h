/* Batches of changes on their way from the engine's thread to the sink's: a ring of a few, filled by one and emptied by the other. */
#pragma once

#include <heddle/sink.h>

#define HD_BATCH_CHANGES 16384

typedef struct {
  guint n;
  HdChange change[HD_BATCH_CHANGES];
} HdBatch;

typedef struct HdBatches HdBatches;

HdBatches *_hd_batches_new (void);
void _hd_batches_free (HdBatches *self);

/* The engine's side. */

/** The batch to be filled; NULL: all are on their way (with @wait: never). The same one until it is handed over. */
HdBatch *_hd_batches_open (HdBatches *self, gboolean wait);
/** The open batch is full, or the last one. */
void _hd_batches_hand_over (HdBatches *self);
/** No more will come. What was written before it is seen by whoever finds the ring closed. */
void _hd_batches_close (HdBatches *self);

/* The other side. */

/** The oldest batch, which stays there until it is given back; NULL: there is none now (with @wait: and none will come). */
HdBatch *_hd_batches_take (HdBatches *self, gboolean wait);
/** The batch taken last can be filled again. */
void _hd_batches_give_back (HdBatches *self);
