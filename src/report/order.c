/* Tasks in the order of time, and side by side in lanes where they overlap. */
#include "config.h"
#include "report/view.h"

#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* One pass of a stable radix sort: by @shift's digit of each task's start. */
static void
sort_by_digit (const guint64 *key, guint shift, const guint32 *from, guint32 *to, guint64 n)
{
  guint64 place[DIGITS + 1] = { 0 };
  for (guint64 i = 0; i < n; i++)
    place[((key[from[i]] >> shift) & (DIGITS - 1)) + 1]++;
  for (guint d = 0; d < DIGITS; d++)
    place[d + 1] += place[d];
  for (guint64 i = 0; i < n; i++)
    to[place[(key[from[i]] >> shift) & (DIGITS - 1)]++] = from[i];
}

/* Linear: a trace of millions of tasks is in order before a comparing sort has begun to be. */
guint32 *
_hd_view_by_start (const HdView *self, guint64 *n)
{
  guint32 *order = g_new (guint32, self->n_tasks + 1);
  guint64 latest = 0;
  *n = 0;
  for (guint64 t = 0; t < self->n_tasks; t++)
    if (self->start[t] != VIEW_NEVER) {
      order[(*n)++] = (guint32) t;
      latest = MAX (latest, self->start[t]);
    }
  g_autofree guint32 *other = g_new (guint32, self->n_tasks + 1);
  for (guint shift = 0; shift < 64 && latest >> shift > 0; shift += DIGIT_BITS) {
    sort_by_digit (self->start, shift, order, other, *n);
    guint32 *swap = order;
    order = other;
    other = swap;
  }
  return order;
}

/* --- lanes ------------------------------------------------------------------------------------------- */

/* A binary heap of (key, lane), smallest first. */
typedef struct {
  guint64 key;
  guint32 lane;
} Entry;

static gboolean
comes_first (const Entry *a, const Entry *b)
{
  return a->key != b->key ? a->key < b->key : a->lane < b->lane;
}

static void
push (GArray *heap, guint64 key, guint32 lane)
{
  Entry entry = { key, lane };
  g_array_append_val (heap, entry);
  Entry *all = (Entry *) (void *) heap->data;
  guint i = heap->len - 1;
  for (; i > 0 && comes_first (&entry, &all[(i - 1) / 2]); i = (i - 1) / 2)
    all[i] = all[(i - 1) / 2];
  all[i] = entry;
}

static guint32
pop (GArray *heap)
{
  Entry *all = (Entry *) (void *) heap->data, last = all[heap->len - 1];
  guint32 lane = all[0].lane;
  guint i = 0, n = heap->len - 1;
  for (guint child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && comes_first (&all[child + 1], &all[child]))
      child++;
    if (!comes_first (&all[child], &last))
      break;
    all[i] = all[child];
  }
  all[i] = last;
  g_array_set_size (heap, n);
  return lane;
}

/* Of each row: the lanes that are taken, by the cycle in which they get free, and those that are free, by number. */
typedef struct {
  GArray *taken, *free;
} Row;

static guint32
take_lane (Row *row, guint32 *n_lanes, guint64 start, guint64 end)
{
  while (row->taken->len > 0 && g_array_index (row->taken, Entry, 0).key <= start) {
    guint32 lane = pop (row->taken);
    push (row->free, lane, lane);
  }
  guint32 lane = row->free->len > 0 ? pop (row->free) : (*n_lanes)++;
  push (row->taken, end, lane);
  return lane;
}

void
_hd_view_lanes (const HdView *self, const guint32 *order, guint64 n, guint32 *lane, guint32 *n_lanes)
{
  guint64 n_rows = VIEW_N_ROWS (self);
  g_autofree Row *rows = g_new0 (Row, n_rows + 1);
  memset (n_lanes, 0, n_rows * sizeof *n_lanes);
  for (guint64 i = 0; i < n; i++) {
    guint32 t = order[i];
    guint64 r = _hd_view_row (self, t);
    if (self->end[t] == VIEW_NEVER)
      continue;
    if (rows[r].taken == NULL)
      rows[r] = (Row) { g_array_new (FALSE, FALSE, sizeof (Entry)), g_array_new (FALSE, FALSE, sizeof (Entry)) };
    lane[t] = take_lane (&rows[r], &n_lanes[r], self->start[t], self->end[t]);
  }
  for (guint64 r = 0; r < n_rows; r++) {
    g_clear_pointer (&rows[r].taken, g_array_unref);
    g_clear_pointer (&rows[r].free, g_array_unref);
  }
}
