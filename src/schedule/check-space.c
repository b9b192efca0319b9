/* Pieces fit their memory: alone, and wherever the order fixes that several stand there at once.
 *
 * In an in-order queue tasks are issued one after the other. A piece that some task of the queue makes or uses, and that a later one of the same queue uses or
 * releases, is there whenever one between the two is issued: made before, and not gone before its last. So walking along each queue and adding up
 * gives an occupancy that every run reaches. To that come the pieces that are there from the beginning to the end. For a task in a queue by priority the same
 * holds for the pieces of that task alone. At the end of a run all pieces without a release are there.
 */
#include "config.h"
#include "schedule/check.h"

#include <string.h>

/* Bits of a sum that fits no memory. */
static guint64
add_bits (guint64 a, guint64 b)
{
  return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

static guint64
capacity_of (const HdCheck *check, HdMemoryId memory)
{
  return check->platform->memory[memory].capacity_bits;
}

static gboolean
stays (const HdSchedule *s, HdPieceId p)
{
  return s->release_begin[p] == s->release_begin[p + 1];
}

/* --- sums over all pieces ------------------------------------------------------------------------- */

static void
tell_sum (const HdCheck *check, HdMemoryId m, guint64 bits, const char *when)
{
  if (capacity_of (check, m) != HD_UNLIMITED_BITS && bits > capacity_of (check, m))
    HD_VIOLATION (check, "%s holds %" G_GUINT64_FORMAT " bit %s - expected at most its capacity of %" G_GUINT64_FORMAT " bit", check->platform->memory[m].id, bits, when, capacity_of (check, m));
}

static void
check_sums (const HdCheck *check)
{
  const HdSchedule *s = check->s;
  guint n = check->platform->n_memories;
  g_autofree guint64 *first = g_new0 (guint64, MAX (1, n)), *last = g_new0 (guint64, MAX (1, n));
  for (HdPieceId p = 0; p < s->n_pieces; p++) {
    HdMemoryId m = s->piece_memory[p];
    if (s->piece_bits[p] > capacity_of (check, m))
      HD_VIOLATION (check, "%s has %" G_GUINT64_FORMAT " bit - expected at most the memory's capacity of %" G_GUINT64_FORMAT " bit", _hd_check_piece_name (check, p), s->piece_bits[p], capacity_of (check, m));
    if (s->piece_creator[p] == HD_NONE)
      first[m] = add_bits (first[m], s->piece_bits[p]);
    if (stays (s, p))
      last[m] = add_bits (last[m], s->piece_bits[p]);
  }
  for (HdMemoryId m = 0; m < n; m++) {
    tell_sum (check, m, first[m], "from the beginning");
    tell_sum (check, m, last[m], "at the end, in pieces that nothing releases");
  }
}

/* --- along the queues ----------------------------------------------------------------------------- */

/* Which pieces come before, and go after, the issue of each task of a queue: rows by task. */
typedef struct {
  guint64 *begin;
  HdPieceId *piece;
} Rows;

typedef struct {
  const HdCheck *check;
  /* of the piece at hand, by queue: first and last place at which it is there; valid where stamp is the piece + 1 */
  guint32 *first, *last, *stamp;
  GArray *queues;
  Rows come, go;
  guint64 *always;   /* by memory: there from the beginning to the end [bit] */
} Walk;

static void
touch (Walk *walk, HdPieceId p, HdTaskId t)
{
  const HdSchedule *s = walk->check->s;
  HdQueueId q = s->queue_of[t];
  guint32 place = walk->check->place[t];
  if (walk->stamp[q] != p + 1) {
    walk->stamp[q] = p + 1;
    walk->first[q] = walk->last[q] = place;
    g_array_append_val (walk->queues, q);
  }
  walk->first[q] = MIN (walk->first[q], place);
  walk->last[q] = MAX (walk->last[q], place);
}

static void
find_queues_of (Walk *walk, HdPieceId p)
{
  const HdCheck *check = walk->check;
  const HdSchedule *s = check->s;
  g_array_set_size (walk->queues, 0);
  if (s->piece_creator[p] != HD_NONE)
    touch (walk, p, s->piece_creator[p]);
  for (guint64 i = check->user_begin[p]; i < check->user_begin[p + 1]; i++)
    touch (walk, p, check->user[i]);
}

/* A release makes the piece's stay longer in a queue that has touched it, or that could not touch it before it is there: residents. */
static void
lengthen_by_releases (Walk *walk, HdPieceId p)
{
  const HdSchedule *s = walk->check->s;
  for (guint64 i = s->release_begin[p]; i < s->release_begin[p + 1]; i++) {
    HdTaskId t = s->release[i];
    HdQueueId q = s->queue_of[t];
    if (s->queue[q].order == HD_QUEUE_BY_PRIORITY)
      continue;
    if (walk->stamp[q] == p + 1)
      walk->last[q] = MAX (walk->last[q], walk->check->place[t]);
    else if (s->piece_creator[p] == HD_NONE)
      touch (walk, p, t);
  }
}

static void
settle_ends (Walk *walk, HdPieceId p)
{
  const HdSchedule *s = walk->check->s;
  for (guint i = 0; i < walk->queues->len; i++) {
    HdQueueId q = g_array_index (walk->queues, HdQueueId, i);
    if (s->piece_creator[p] == HD_NONE)
      walk->first[q] = 0;
    if (stays (s, p))
      walk->last[q] = (guint32) (s->queue_begin[q + 1] - s->queue_begin[q] - 1);
  }
}

/* Calls for each stay of a piece in an in-order queue: counting first, then filling. */
static void
note_stays (Walk *walk, HdPieceId p, gboolean fill)
{
  const HdSchedule *s = walk->check->s;
  for (guint i = 0; i < walk->queues->len; i++) {
    HdQueueId q = g_array_index (walk->queues, HdQueueId, i);
    if (s->queue[q].order == HD_QUEUE_BY_PRIORITY)
      continue;
    HdTaskId from = s->queue_task[s->queue_begin[q] + walk->first[q]], to = s->queue_task[s->queue_begin[q] + walk->last[q]];
    if (fill) {
      walk->come.piece[walk->come.begin[(gsize) from + 1]++] = p;
      walk->go.piece[walk->go.begin[(gsize) to + 1]++] = p;
    } else {
      walk->come.begin[(gsize) from + 2]++;
      walk->go.begin[(gsize) to + 2]++;
    }
  }
}

static void
note_all (Walk *walk, gboolean fill)
{
  const HdSchedule *s = walk->check->s;
  memset (walk->stamp, 0, sizeof (guint32) * MAX (1, s->n_queues));
  for (HdPieceId p = 0; p < s->n_pieces; p++) {
    if (stays (s, p) && s->piece_creator[p] == HD_NONE)
      continue;   /* in `always` */
    find_queues_of (walk, p);
    lengthen_by_releases (walk, p);
    settle_ends (walk, p);
    note_stays (walk, p, fill);
  }
}

static void
make_rows (Walk *walk)
{
  gsize n = walk->check->s->n_tasks;
  Rows *both[] = { &walk->come, &walk->go };
  for (guint i = 0; i < 2; i++)
    both[i]->begin = g_new0 (guint64, n + 2);
  note_all (walk, FALSE);
  for (guint i = 0; i < 2; i++) {
    for (gsize t = 2; t < n + 2; t++)
      both[i]->begin[t] += both[i]->begin[t - 1];
    both[i]->piece = g_new (HdPieceId, MAX (1, both[i]->begin[n + 1]));
  }
  note_all (walk, TRUE);
}

static void
tell_overflow (const HdCheck *check, HdTaskId t, HdMemoryId m, guint64 bits)
{
  HD_VIOLATION (check, "when %s is issued, %s must hold %" G_GUINT64_FORMAT " bit at least - expected at most its capacity of %" G_GUINT64_FORMAT " bit", _hd_check_task_name (check, t),
                check->platform->memory[m].id, bits, capacity_of (check, m));
}

static void
walk_queue (const Walk *walk, HdQueueId q, guint64 *held)
{
  const HdCheck *check = walk->check;
  const HdSchedule *s = check->s;
  gboolean told = FALSE;
  memcpy (held, walk->always, sizeof (guint64) * check->platform->n_memories);
  for (guint64 i = s->queue_begin[q]; i < s->queue_begin[q + 1]; i++) {
    HdTaskId t = s->queue_task[i];
    for (guint64 k = walk->come.begin[t]; k < walk->come.begin[t + 1]; k++) {
      HdMemoryId m = s->piece_memory[walk->come.piece[k]];
      held[m] += s->piece_bits[walk->come.piece[k]];
    }
    /* One a queue: after the first the rest follows from it. */
    for (guint64 k = walk->come.begin[t]; k < walk->come.begin[t + 1] && !told; k++) {
      HdMemoryId m = s->piece_memory[walk->come.piece[k]];
      told = held[m] > capacity_of (check, m);
      if (told)
        tell_overflow (check, t, m, held[m]);
    }
    for (guint64 k = walk->go.begin[t]; k < walk->go.begin[t + 1]; k++)
      held[s->piece_memory[walk->go.piece[k]]] -= s->piece_bits[walk->go.piece[k]];
  }
}

/* Tasks of queues by priority: the pieces that one of them makes and uses. @held is `always` before and after. */
static void
check_alone (const Walk *walk, HdTaskId t, const HdPieceId *pieces, guint64 n, guint64 *held)
{
  const HdCheck *check = walk->check;
  const HdSchedule *s = check->s;
  for (guint64 i = 0; i < n; i++) {
    HdMemoryId m = s->piece_memory[pieces[i]];
    held[m] = add_bits (held[m], s->piece_bits[pieces[i]]);
  }
  for (guint64 i = 0; i < n; i++) {
    HdMemoryId m = s->piece_memory[pieces[i]];
    if (held[m] > capacity_of (check, m)) {
      tell_overflow (check, t, m, held[m]);
      break;
    }
  }
  for (guint64 i = 0; i < n; i++)
    held[s->piece_memory[pieces[i]]] = walk->always[s->piece_memory[pieces[i]]];
}

static gboolean
is_always (const HdSchedule *s, HdPieceId p)
{
  return s->piece_creator[p] == HD_NONE && stays (s, p);
}

static void
check_unordered (const Walk *walk, guint64 *held)
{
  const HdSchedule *s = walk->check->s;
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (HdPieceId));
  memcpy (held, walk->always, sizeof (guint64) * walk->check->platform->n_memories);
  /* (maker, piece): pieces ascend within a maker only after sorting. */
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] != HD_NONE && s->queue[s->queue_of[s->piece_creator[p]]].order == HD_QUEUE_BY_PRIORITY) {
      guint64 pair = (guint64) s->piece_creator[p] << 32 | p;
      g_array_append_val (pairs, pair);
    }
  _hd_sort_u64 ((guint64 *) (gpointer) pairs->data, pairs->len);
  guint at = 0;
  for (HdTaskId t = 0; t < s->n_tasks; t++) {
    if (s->queue[s->queue_of[t]].order != HD_QUEUE_BY_PRIORITY)
      continue;
    g_array_set_size (pieces, 0);
    for (; at < pairs->len && g_array_index (pairs, guint64, at) >> 32 == t; at++) {
      HdPieceId p = (HdPieceId) g_array_index (pairs, guint64, at);
      g_array_append_val (pieces, p);
    }
    for (guint64 i = s->use_begin[t]; i < s->use_begin[t + 1]; i++)
      if (!is_always (s, s->use[i]) && s->piece_creator[s->use[i]] != t)
        g_array_append_val (pieces, s->use[i]);
    check_alone (walk, t, (const HdPieceId *) (gpointer) pieces->data, pieces->len, held);
  }
}

static void
check_along_queues (const HdCheck *check)
{
  const HdSchedule *s = check->s;
  guint n = MAX (1, check->platform->n_memories), n_queues = MAX (1, s->n_queues);
  g_autofree guint64 *held = g_new0 (guint64, n), *always = g_new0 (guint64, n);
  g_autofree guint32 *first = g_new (guint32, n_queues), *last = g_new (guint32, n_queues), *stamp = g_new0 (guint32, n_queues);
  g_autoptr (GArray) queues = g_array_new (FALSE, FALSE, sizeof (HdQueueId));
  Walk walk = { .check = check, .first = first, .last = last, .stamp = stamp, .queues = queues, .always = always };
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (is_always (s, p))
      always[s->piece_memory[p]] = add_bits (always[s->piece_memory[p]], s->piece_bits[p]);
  make_rows (&walk);
  for (HdQueueId q = 0; q < s->n_queues; q++)
    if (s->queue[q].order == HD_QUEUE_IN_ORDER)
      walk_queue (&walk, q, held);
  check_unordered (&walk, held);
  g_free (walk.come.begin);
  g_free (walk.come.piece);
  g_free (walk.go.begin);
  g_free (walk.go.piece);
}

void
_hd_check_space (const HdCheck *check)
{
  guint64 before = check->faults->n;
  check_sums (check);
  /* What overflows by itself would overflow again along each queue. */
  if (check->faults->n == before && check->lives_are_sound)
    check_along_queues (check);
}
