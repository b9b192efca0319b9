/* A binary heap of numbers, which stand for things of the owner's; who comes first is the owner's function. Inline, so that the function is, too. */
#pragma once

#include <glib.h>

/* Whether the thing @a comes out before the thing @b. */
typedef gboolean (*HdHeapBefore) (gconstpointer owner, guint32 a, guint32 b);

/* @heap: of guint32. */
static inline void
_hd_heap_push (GArray *heap, guint32 item, HdHeapBefore before, gconstpointer owner)
{
  guint i = heap->len;
  g_array_append_val (heap, item);
  guint32 *at = (guint32 *) (void *) heap->data;
  for (; i > 0 && before (owner, item, at[(i - 1) / 2]); i = (i - 1) / 2)
    at[i] = at[(i - 1) / 2];
  at[i] = item;
}

/* Takes out the first; the heap is not empty. */
static inline guint32
_hd_heap_pop (GArray *heap, HdHeapBefore before, gconstpointer owner)
{
  guint32 *at = (guint32 *) (void *) heap->data, top = at[0], last = at[heap->len - 1];
  guint i = 0, n = heap->len - 1;
  g_array_set_size (heap, n);
  for (guint child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && before (owner, at[child + 1], at[child]))
      child++;
    if (!before (owner, at[child], last))
      break;
    at[i] = at[child];
  }
  if (n > 0)
    at[i] = last;
  return top;
}
