/* What the memories hold. A task takes the space of all its pieces at once; a piece goes when the last of its conditions is met. */
#include "config.h"
#include "engine/private.h"

/* Whether all pieces of @task fit now; if not, @lacking is the first memory that lacks space. */
gboolean
_hd_fits (HdEngine *self, HdTaskId task, HdMemoryId *lacking)
{
  const HdSchedule *s = self->schedule;
  guint32 first = self->first_piece[task];
  gboolean fits = TRUE;
  if (first != LINK_END && (self->piece[first].next & LINK_END) == LINK_END) {   /* mostly it is one */
    const Memory *memory = &self->memory[s->piece_memory[first]];
    fits = s->piece_bits[first] <= memory->capacity - memory->occupied;
    if (!fits)
      *lacking = s->piece_memory[first];
    return fits;
  }
  for (guint32 p = first; p != LINK_END && fits; p = self->piece[p].next & LINK_END) {
    HdMemoryId m = s->piece_memory[p];
    guint64 room = self->memory[m].capacity - self->memory[m].occupied;
    fits = hd_add_u64 (self->need[m], s->piece_bits[p], &self->need[m]) && self->need[m] <= room;
    if (!fits)
      *lacking = m;
  }
  for (guint32 p = first; p != LINK_END; p = self->piece[p].next & LINK_END)
    self->need[s->piece_memory[p]] = 0;
  return fits;
}

void
_hd_space_take (HdEngine *self, HdTaskId task)
{
  const HdSchedule *s = self->schedule;
  for (guint32 p = self->first_piece[task]; p != LINK_END; p = self->piece[p].next & LINK_END) {
    HdMemoryId m = s->piece_memory[p];
    Memory *memory = &self->memory[m];
    memory->occupied += s->piece_bits[p];
    hd_assert_invariant (memory->occupied >= s->piece_bits[p] && memory->occupied <= memory->capacity,
                         "memory %u holds %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bit at cycle %" G_GUINT64_FORMAT,
                         m, memory->occupied, memory->capacity, self->now);
    memory->peak = MAX (memory->peak, memory->occupied);
    HD_MARK (self->memory, touched, m, self->touched_memories);
  }
}

/* The smallest task that ended now and that @piece, which goes, had waited for. */
static HdTaskId
last_condition (const HdEngine *self, HdPieceId piece)
{
  const HdSchedule *s = self->schedule;
  HdTaskId least = HD_NONE;
  if (_hd_has_creator (s, piece) && self->end[s->piece_creator[piece]] == self->now)
    least = s->piece_creator[piece];
  for (guint64 r = s->release_begin[piece]; r < s->release_begin[piece + 1]; r++)
    if (self->end[s->release[r]] == self->now)
      return MIN (least, s->release[r]);   /* rows ascend */
  return least;
}

static void
wake_waiters (HdEngine *self, guint32 *list)
{
  guint32 q = *list;
  *list = HD_NONE;
  while (q != HD_NONE) {
    guint32 next = self->queue[q].next_waiter;
    self->queue[q].waits = FALSE;
    _hd_queue_retry (self, q);
    q = next;
  }
}

void
_hd_piece_condition_met (HdEngine *self, HdPieceId piece)
{
  if (--self->piece[piece].conditions != 0)
    return;
  HdMemoryId m = self->schedule->piece_memory[piece];
  Memory *memory = &self->memory[m];
  guint64 bits = self->schedule->piece_bits[piece];
  hd_assert_invariant (memory->occupied >= bits, "memory %u releases %" G_GUINT64_FORMAT " bit of %" G_GUINT64_FORMAT " at cycle %" G_GUINT64_FORMAT,
                       m, bits, memory->occupied, self->now);
  memory->occupied -= bits;
  HdTaskId by = last_condition (self, piece);
  memory->freed_by = memory->freed_cycle == self->now ? MIN (memory->freed_by, by) : by;
  memory->freed_cycle = self->now;
  HD_MARK (self->memory, touched, m, self->touched_memories);
  wake_waiters (self, &memory->waiters);
  wake_waiters (self, &self->any_waiters);
}

/* Whose end made room for @task, which is issued now. */
HdTaskId
_hd_space_cause (const HdEngine *self, HdTaskId task)
{
  HdTaskId least = HD_NONE;
  for (guint32 p = self->first_piece[task]; p != LINK_END; p = self->piece[p].next & LINK_END) {
    const Memory *memory = &self->memory[self->schedule->piece_memory[p]];
    if (memory->freed_cycle == self->now)
      least = MIN (least, memory->freed_by);
  }
  return least;
}

/* At the end of a cycle: reports the occupancies that changed. */
void
_hd_space_show (HdEngine *self)
{
  for (guint32 i = 0; i < self->touched_memories.n; i++) {
    HdMemoryId m = self->touched_memories.item[i];
    Memory *memory = &self->memory[m];
    memory->touched = FALSE;
    if (self->recording && memory->occupied != memory->shown) {
      memory->shown = memory->occupied;
      _hd_series_emit (self, self->memory_series + m, self->now, memory->occupied);
    }
  }
  self->touched_memories.n = 0;
}
