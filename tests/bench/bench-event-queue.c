/* The event queue against a binary heap, side by side in one run: the hold model.
 *
 * Both hold 10,000 pending entries. A step takes the entries of the next cycle and pushes each again at a later one. Increments are uniform in [1, 1000], or
 * log-uniform up to 1,000,000: many short and few long, with ties. The increments are drawn beforehand. The heap is an array of 16-byte entries, ordered
 * by (cycle, id), that sifts with a hole; of several runs the fastest counts.
 */
#include "config.h"

#include <heddle/event-queue.h>
#include <heddle/random.h>

#include <math.h>
#include <stdio.h>

#define PENDING 10000
#define STEPS 4000000
#define DRAWS (1 << 16)
#define REPEATS 5

/* --- the binary heap ---------------------------------------------------------------------------------- */

typedef struct {
  guint64 cycle;
  guint32 id;
} Entry;

typedef struct {
  Entry *entry;
  gsize n;
} Heap;

static inline gboolean
before (Entry a, Entry b)
{
  return a.cycle < b.cycle || (a.cycle == b.cycle && a.id < b.id);
}

static void
heap_push (Heap *heap, Entry e)
{
  gsize i = heap->n++;
  for (; i > 0 && before (e, heap->entry[(i - 1) / 2]); i = (i - 1) / 2)
    heap->entry[i] = heap->entry[(i - 1) / 2];
  heap->entry[i] = e;
}

static Entry
heap_pop (Heap *heap)
{
  Entry top = heap->entry[0], last = heap->entry[--heap->n];
  gsize i = 0;
  for (gsize child = 1; child < heap->n; child = 2 * i + 1) {
    child += child + 1 < heap->n && before (heap->entry[child + 1], heap->entry[child]);
    if (!before (heap->entry[child], last))
      break;
    heap->entry[i] = heap->entry[child];
    i = child;
  }
  heap->entry[i] = last;
  return top;
}

/* --- the hold model -------------------------------------------------------------------------------------- */

static guint64 draw[DRAWS];

/* Each returns seconds, and in @check a sum that both must agree on. */
static double
hold_heap (guint64 *check)
{
  Heap heap = { g_new (Entry, PENDING + 1), 0 };
  guint64 sum = 0;
  for (guint32 i = 0; i < PENDING; i++)
    heap_push (&heap, (Entry) { draw[i], i });
  gint64 begin = g_get_monotonic_time ();
  for (guint64 done = 0; done < STEPS;) {
    guint64 now = heap.entry[0].cycle;
    for (; heap.entry[0].cycle == now; done++) {   /* increments are at least 1: what is pushed is later */
      Entry e = heap_pop (&heap);
      sum += now ^ e.id;
      heap_push (&heap, (Entry) { now + draw[(now + e.id) % DRAWS], e.id });
    }
  }
  gint64 end = g_get_monotonic_time ();
  g_free (heap.entry);
  *check = sum;
  return (double) (end - begin) / 1e6;
}

static double
hold_queue (guint64 *check)
{
  g_autoptr (HdEventQueue) queue = hd_event_queue_new ();
  guint64 sum = 0, now;
  const guint32 *id;
  gsize n;
  for (guint32 i = 0; i < PENDING; i++)
    hd_event_queue_push (queue, draw[i], i);
  gint64 begin = g_get_monotonic_time ();
  for (guint64 done = 0; done < STEPS && hd_event_queue_pop (queue, G_MAXUINT64, &now, &id, &n); done += n)
    for (gsize i = 0; i < n; i++) {
      sum += now ^ id[i];
      hd_event_queue_push (queue, now + draw[(now + id[i]) % DRAWS], id[i]);
    }
  gint64 end = g_get_monotonic_time ();
  *check = sum;
  return (double) (end - begin) / 1e6;
}

static void
compare (const char *name)
{
  double heap = G_MAXDOUBLE, queue = G_MAXDOUBLE;
  guint64 heap_check = 0, queue_check = 1;
  for (int i = 0; i < REPEATS; i++) {
    heap = MIN (heap, hold_heap (&heap_check));
    queue = MIN (queue, hold_queue (&queue_check));
  }
  printf ("event queue, %d pending, %-24s: wheel %6.1f M/s, binary heap %6.1f M/s, ratio %.2f (at least 3)%s\n", PENDING, name, STEPS / queue / 1e6,
          STEPS / heap / 1e6, heap / queue, heap_check == queue_check ? "" : " - THEY DISAGREE");
}

int
main (void)
{
  HdRandom random;
  hd_random_init (&random, 1);
  for (gsize i = 0; i < DRAWS; i++)
    draw[i] = 1 + hd_random_below (&random, 1000);
  compare ("uniform 1..1000");
  for (gsize i = 0; i < DRAWS; i++)
    draw[i] = (guint64) exp (hd_random_double (&random) * log (1e6));
  compare ("log-uniform 1..1000000");
  return 0;
}
