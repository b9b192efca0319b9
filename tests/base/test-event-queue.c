/* The event queue against a sorted array, and at its edges. */
#include "config.h"

#include <heddle/event-queue.h>
#include <heddle/random.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

typedef struct {
  guint64 cycle;
  guint32 id;
} Entry;

static int
compare (const void *a, const void *b)
{
  const Entry *x = a, *y = b;
  return x->cycle != y->cycle ? (x->cycle < y->cycle ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

/* Increments of all sizes, ties often. */
static guint64
draw_increment (HdRandom *random)
{
  guint bits = (guint) hd_random_below (random, 40);
  return hd_random_below (random, 2) ? hd_random_below (random, 4) : hd_random_below (random, G_GUINT64_CONSTANT (1) << bits);
}

static void
push_some (HdEventQueue *queue, GArray *expected, HdRandom *random, guint64 now, guint32 *next_id)
{
  for (guint64 n = hd_random_below (random, 4); n > 0; n--) {
    Entry e = { now + draw_increment (random), (*next_id)++ };
    hd_event_queue_push (queue, e.cycle, e.id);
    g_array_append_val (expected, e);
  }
  g_array_sort (expected, compare);
}

/* The popped entries are just those of the least cycle. */
static void
check_pop (GArray *expected, guint64 cycle, const guint32 *ids, gsize n)
{
  Entry popped[4096];
  cr_assert_leq (n, expected->len);
  cr_assert_lt (n, G_N_ELEMENTS (popped));
  for (gsize i = 0; i < n; i++)
    popped[i] = (Entry) { cycle, ids[i] };
  qsort (popped, n, sizeof *popped, compare);
  for (gsize i = 0; i < n; i++) {
    const Entry *e = &g_array_index (expected, Entry, i);
    cr_assert_eq (popped[i].cycle, e->cycle);
    cr_assert_eq (popped[i].id, e->id);
  }
  if (n < expected->len)
    cr_assert_gt (g_array_index (expected, Entry, n).cycle, cycle, "all entries of a cycle come at once");
  g_array_remove_range (expected, 0, (guint) n);
}

static void
random_run (HdEventQueue *queue, guint64 seed)
{
  HdRandom random;
  hd_random_init (&random, seed);
  g_autoptr (GArray) expected = g_array_new (FALSE, FALSE, sizeof (Entry));
  guint64 now = 0;
  guint32 next_id = 0;
  for (int step = 0; step < 300; step++) {
    const guint32 *ids;
    gsize n;
    guint64 cycle, limit = hd_random_below (&random, 3) == 0 ? now + hd_random_below (&random, 100000) : G_MAXUINT64;
    push_some (queue, expected, &random, now, &next_id);
    cr_assert_eq (hd_event_queue_size (queue), expected->len);
    gboolean expect = expected->len > 0 && g_array_index (expected, Entry, 0).cycle <= limit;
    cr_assert_eq (hd_event_queue_pop (queue, limit, &cycle, &ids, &n), expect);
    if (expect) {
      check_pop (expected, cycle, ids, n);
      now = cycle;
    } else if (limit != G_MAXUINT64) {
      now = limit + 1;
    }
  }
}

Test (event_queue, same_as_a_sorted_array)
{
  g_autoptr (HdEventQueue) queue = hd_event_queue_new ();
  for (guint64 seed = 0; seed < 300; seed++) {
    random_run (queue, seed);
    hd_event_queue_clear (queue);
    cr_assert_eq (hd_event_queue_size (queue), 0);
  }
}

Test (event_queue, reaches_to_the_end_of_time)
{
  g_autoptr (HdEventQueue) queue = hd_event_queue_new ();
  const guint32 *ids;
  guint64 cycle;
  gsize n;
  hd_event_queue_push (queue, G_MAXUINT64, 99);
  hd_event_queue_push (queue, G_MAXUINT64, 98);
  for (guint bit = 0; bit < 64; bit++)
    hd_event_queue_push (queue, G_GUINT64_CONSTANT (1) << bit, bit);
  for (guint bit = 0; bit < 64; bit++) {
    cr_assert (hd_event_queue_pop (queue, G_MAXUINT64, &cycle, &ids, &n));
    cr_assert_eq (cycle, G_GUINT64_CONSTANT (1) << bit);
    cr_assert_eq (n, 1);
    cr_assert_eq (ids[0], bit);
  }
  cr_assert (hd_event_queue_pop (queue, G_MAXUINT64, &cycle, &ids, &n));
  cr_assert_eq (cycle, G_MAXUINT64);
  cr_assert_eq (n, 2);
  cr_assert_not (hd_event_queue_pop (queue, G_MAXUINT64, &cycle, &ids, &n));
}

Test (event_queue, a_push_at_the_present_comes_again)
{
  g_autoptr (HdEventQueue) queue = hd_event_queue_new ();
  const guint32 *ids;
  guint64 cycle;
  gsize n;
  hd_event_queue_push (queue, 70000, 1);
  cr_assert_not (hd_event_queue_pop (queue, 69999, &cycle, &ids, &n));
  cr_assert (hd_event_queue_pop (queue, 70000, &cycle, &ids, &n));
  hd_event_queue_push (queue, 70000, 2);
  cr_assert (hd_event_queue_pop (queue, 70000, &cycle, &ids, &n));
  cr_assert_eq (cycle, 70000);
  cr_assert_eq (ids[0], 2);
}

Test (event_queue, refuses_the_past, .signal = SIGABRT)
{
  g_autoptr (HdEventQueue) queue = hd_event_queue_new ();
  const guint32 *ids;
  guint64 cycle;
  gsize n;
  hd_event_queue_push (queue, 10, 1);
  hd_event_queue_pop (queue, G_MAXUINT64, &cycle, &ids, &n);
  hd_event_queue_push (queue, 9, 2);
}
