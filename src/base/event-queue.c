/* The event queue: a hierarchical timing wheel (see the header).
 *
 * Entries are nodes of one array, linked into the slots' lists by index; a free node is in the free list. Slots have no other memory, so the
 * queue never allocates but when it holds more entries than ever before.
 */
#include "config.h"
#include <heddle/error.h>
#include <heddle/event-queue.h>

#include <string.h>

#define LOW_BITS 12
#define LOW_SLOTS (1u << LOW_BITS)
#define LOW_WORDS (LOW_SLOTS / 64)
#define HIGH_BITS 8
#define HIGH_SLOTS (1u << HIGH_BITS)
#define HIGH_WORDS (HIGH_SLOTS / 64)
#define HIGH_WHEELS 7
#define NIL G_MAXUINT32

typedef struct {
  guint64 cycle;
  guint32 id;
  guint32 next;
} Node;

typedef struct {
  guint64 used[HIGH_WORDS]; /* bit: slot is not empty */
  guint32 head[HIGH_SLOTS];
} Wheel;

struct HdEventQueue {
  guint64 now;            /* no entry is earlier */
  Node *node;
  guint32 n_nodes, free;  /* nodes ever used; first of the free list */
  guint32 capacity;
  gsize size;
  guint32 *popped;
  gsize popped_capacity;
  guint64 low_summary;    /* bit: a word of low_used is not 0 */
  guint64 low_used[LOW_WORDS];
  guint32 low[LOW_SLOTS];
  guint high_wheels_used; /* bit: the wheel has entries */
  Wheel high[HIGH_WHEELS];
};

G_STATIC_ASSERT (LOW_WORDS == 64);

HdEventQueue *
hd_event_queue_new (void)
{
  HdEventQueue *self = g_new0 (HdEventQueue, 1);
  self->free = NIL;
  return self;
}

void
hd_event_queue_free (HdEventQueue *self)
{
  if (self == NULL)
    return;
  g_free (self->node);
  g_free (self->popped);
  g_free (self);
}

void
hd_event_queue_clear (HdEventQueue *self)
{
  memset (self->low_used, 0, sizeof self->low_used);
  for (guint w = 0; w < HIGH_WHEELS; w++)
    memset (self->high[w].used, 0, sizeof self->high[w].used);
  self->low_summary = 0;
  self->high_wheels_used = 0;
  self->now = 0;
  self->size = 0;
  self->n_nodes = 0;
  self->free = NIL;
}

gsize
hd_event_queue_size (const HdEventQueue *self)
{
  return self->size;
}

static void
grow (HdEventQueue *self)
{
  hd_assert_invariant (self->capacity < NIL / 2, "more than %u pending events", self->capacity);
  self->capacity = MAX (64, self->capacity * 2);
  self->node = g_renew (Node, self->node, self->capacity);
}

static inline guint32
node_new (HdEventQueue *self)
{
  guint32 n = self->free;
  if (n != NIL) {
    self->free = self->node[n].next;
    return n;
  }
  if (G_UNLIKELY (self->n_nodes == self->capacity))
    grow (self);
  return self->n_nodes++;
}

/* Puts node @n, of cycle @cycle, where it belongs as seen from the present. */
static inline void
link_node (HdEventQueue *self, guint32 n, guint64 cycle)
{
  guint64 differs = cycle ^ self->now;
  if (differs < LOW_SLOTS) {
    guint slot = cycle & (LOW_SLOTS - 1);
    guint word = slot / 64;
    guint64 bit = 1ull << (slot % 64);
    self->node[n].next = self->low_used[word] & bit ? self->low[slot] : NIL;
    self->low[slot] = n;
    self->low_used[word] |= bit;
    self->low_summary |= 1ull << word;
    return;
  }
  guint w = (63 - (guint) __builtin_clzll (differs) - LOW_BITS) / HIGH_BITS;
  Wheel *wheel = &self->high[w];
  guint slot = (cycle >> (LOW_BITS + w * HIGH_BITS)) & (HIGH_SLOTS - 1);
  guint64 bit = 1ull << (slot % 64);
  self->node[n].next = wheel->used[slot / 64] & bit ? wheel->head[slot] : NIL;
  wheel->head[slot] = n;
  wheel->used[slot / 64] |= bit;
  self->high_wheels_used |= 1u << w;
}

void
hd_event_queue_push (HdEventQueue *self, guint64 cycle, guint32 id)
{
  hd_assert_invariant (cycle >= self->now, "an event at cycle %" G_GUINT64_FORMAT " is pushed at cycle %" G_GUINT64_FORMAT, cycle, self->now);
  guint32 n = node_new (self);
  self->node[n].cycle = cycle;
  self->node[n].id = id;
  link_node (self, n, cycle);
  self->size++;
}

/* The first used slot of a high wheel. */
static guint
first_slot (const Wheel *wheel)
{
  guint word = 0;
  while (wheel->used[word] == 0)
    word++;
  return word * 64 + (guint) __builtin_ctzll (wheel->used[word]);
}

/* The lowest wheel is empty: goes on to the next used slot of the lowest high wheel that has one and deals its entries out. FALSE: beyond @limit. */
static gboolean
advance (HdEventQueue *self, guint64 limit)
{
  guint w = (guint) __builtin_ctz (self->high_wheels_used);
  Wheel *wheel = &self->high[w];
  guint slot = first_slot (wheel);
  guint shift = LOW_BITS + w * HIGH_BITS;
  guint64 above = shift + HIGH_BITS >= 64 ? 0 : self->now >> (shift + HIGH_BITS) << (shift + HIGH_BITS);
  guint64 start = above | (guint64) slot << shift;
  if (start > limit)
    return FALSE;
  self->now = start;
  wheel->used[slot / 64] &= ~(1ull << (slot % 64));
  gboolean empty = TRUE;
  for (guint i = 0; i < HIGH_WORDS; i++)
    empty &= wheel->used[i] == 0;
  if (empty)
    self->high_wheels_used &= ~(1u << w);
  for (guint32 n = wheel->head[slot]; n != NIL;) {
    guint32 next = self->node[n].next;
    link_node (self, n, self->node[n].cycle);
    n = next;
  }
  return TRUE;
}

static gsize
take_slot (HdEventQueue *self, guint slot)
{
  gsize count = 0;
  guint32 last = NIL;
  guint32 head = self->low[slot];
  for (guint32 n = head; n != NIL; n = self->node[n].next) {
    if (G_UNLIKELY (count == self->popped_capacity)) {
      self->popped_capacity = MAX (64, self->popped_capacity * 2);
      self->popped = g_renew (guint32, self->popped, self->popped_capacity);
    }
    self->popped[count++] = self->node[n].id;
    last = n;
  }
  self->node[last].next = self->free;
  self->free = head;
  self->size -= count;
  return count;
}

gboolean
hd_event_queue_pop (HdEventQueue *self, guint64 limit, guint64 *cycle, const guint32 **ids, gsize *n)
{
  if (self->size == 0)
    return FALSE;
  while (self->low_summary == 0)
    if (!advance (self, limit))
      return FALSE;
  guint word = (guint) __builtin_ctzll (self->low_summary);
  guint slot = word * 64 + (guint) __builtin_ctzll (self->low_used[word]);
  guint64 at = (self->now & ~(guint64) (LOW_SLOTS - 1)) | slot;
  if (at > limit)
    return FALSE;
  self->low_used[word] &= self->low_used[word] - 1;
  if (self->low_used[word] == 0)
    self->low_summary &= self->low_summary - 1;
  self->now = at;
  *n = take_slot (self, slot);
  *cycle = at;
  *ids = self->popped;
  return TRUE;
}
