/* The event queue: who is to be woken at which cycle.
 *
 * A hierarchical timing wheel with occupancy bitmaps. The lowest wheel has a slot for each of the next 4,096 cycles (of the aligned block that
 * holds the present); seven wheels of 256 slots above it reach to the end of 64-bit time. An entry goes into the slot of the highest digit in which
 * its cycle differs from the present, and moves down when the present gets there: at most once for each wheel, so both push and pop cost O(1), amortised.
 *
 *     wheel   slot holds [cycle]   slots
 *     0       1                    4096
 *     1       2^12                 256
 *     2       2^20                 256     ... up to 2^60
 *
 * Time only goes forward: nothing can be pushed before the cycle that was popped last. Pushing at that cycle is allowed; it is popped again then.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct HdEventQueue HdEventQueue;

/** An empty queue, at cycle 0. */
HdEventQueue *hd_event_queue_new (void);
void hd_event_queue_free (HdEventQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdEventQueue, hd_event_queue_free)

/** Empties it and goes back to cycle 0. Keeps its memory. */
void hd_event_queue_clear (HdEventQueue *self);
gsize hd_event_queue_size (const HdEventQueue *self);

/**
 * hd_event_queue_push:
 * @cycle: not before the cycle popped last [cycle]; earlier is an invariant failure
 * @id: what the caller wants to be told; the same may be in the queue more than once
 */
void hd_event_queue_push (HdEventQueue *self, guint64 cycle, guint32 id);

/**
 * hd_event_queue_pop:
 * @limit: the latest cycle to look at [cycle]
 * @cycle: (out): the next cycle that has entries [cycle]
 * @ids: (out) (array length=n): all entries of that cycle, valid until the next call
 *
 * Takes all entries of the next cycle at once. Their order depends on nothing but the calls made so far.
 * Returns FALSE when there is none up to @limit; later pushes must then be after @limit.
 *
 * Time: O(1) amortised for each entry.
 */
gboolean hd_event_queue_pop (HdEventQueue *self, guint64 limit, guint64 *cycle, const guint32 **ids, gsize *n);

G_END_DECLS
