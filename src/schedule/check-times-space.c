/* Memories in time: a piece occupies from its maker's issue until its maker and all in its release list have ended, and no memory holds more than its capacity
 * at the end of any cycle; nobody uses a piece after it has gone.
 */
#include "config.h"
#include "schedule/check.h"

#include <stdlib.h>

#define CYCLE "%" G_GUINT64_FORMAT

typedef struct {
  guint64 cycle;
  guint32 piece;
  guint32 comes;   /* 0: goes, which is first in a cycle */
} Change;

static int
compare_changes (const void *a, const void *b)
{
  const Change *x = a, *y = b;
  if (x->cycle != y->cycle)
    return x->cycle < y->cycle ? -1 : 1;
  if (x->comes != y->comes)
    return x->comes < y->comes ? -1 : 1;
  return (x->piece > y->piece) - (x->piece < y->piece);
}

/* When a piece goes; 2^64-1: never. */
static guint64
gone_at (const HdCheck *check, const HdTaskTimes *times, HdPieceId p)
{
  const HdSchedule *s = check->s;
  guint64 gone = s->piece_creator[p] != HD_NONE ? times->end[s->piece_creator[p]] : 0;
  if (s->release_begin[p] == s->release_begin[p + 1])
    return G_MAXUINT64;
  for (guint64 i = s->release_begin[p]; i < s->release_begin[p + 1]; i++)
    gone = MAX (gone, times->end[s->release[i]]);
  return gone;
}

static void
check_uses (const HdCheck *check, const HdTaskTimes *times, HdPieceId p, guint64 gone)
{
  for (guint64 i = check->user_begin[p]; i < check->user_begin[p + 1]; i++)
    if (times->end[check->user[i]] > gone)
      HD_VIOLATION (check, "%s uses %s until " CYCLE ", which goes at " CYCLE, _hd_check_task_name (check, check->user[i]), _hd_check_piece_name (check, p), times->end[check->user[i]], gone);
}

/* One a memory: after the first the rest follows from it. */
static void
tell_overflow (const HdCheck *check, HdMemoryId memory, const Change *change, guint64 bits, guint8 *told)
{
  if (!told[memory])
    HD_VIOLATION (check, "%s holds %" G_GUINT64_FORMAT " bit at " CYCLE ", with %s - expected at most its capacity of %" G_GUINT64_FORMAT " bit", check->platform->memory[memory].id, bits,
                  change->cycle, _hd_check_piece_name (check, change->piece), check->platform->memory[memory].capacity_bits);
  told[memory] = 1;
}

void
_hd_check_times_space (const HdCheck *check, const HdTaskTimes *times)
{
  const HdSchedule *s = check->s;
  guint n_memories = MAX (1, check->platform->n_memories);
  g_autofree Change *changes = g_new (Change, 2 * (gsize) MAX (1, s->n_pieces));
  g_autofree guint64 *held = g_new0 (guint64, n_memories);
  g_autofree guint8 *told = g_malloc0 (n_memories);
  gsize n = 0;
  for (HdPieceId p = 0; p < s->n_pieces; p++) {
    guint64 comes = s->piece_creator[p] != HD_NONE ? times->issue[s->piece_creator[p]] : 0, gone = gone_at (check, times, p);
    check_uses (check, times, p, gone);
    if (gone <= comes || check->platform->memory[s->piece_memory[p]].capacity_bits == HD_UNLIMITED_BITS)
      continue;
    changes[n++] = (Change) { comes, p, 1 };
    if (gone != G_MAXUINT64)
      changes[n++] = (Change) { gone, p, 0 };
  }
  qsort (changes, n, sizeof *changes, compare_changes);
  for (gsize i = 0; i < n; i++) {
    HdMemoryId m = s->piece_memory[changes[i].piece];
    guint64 bits = s->piece_bits[changes[i].piece];
    if (!changes[i].comes) {
      held[m] -= bits;
      continue;
    }
    held[m] += bits;
    if (held[m] > check->platform->memory[m].capacity_bits)
      tell_overflow (check, m, &changes[i], held[m], told);
  }
}
