/* Phase 3, starts: each resource that is idle at one of its clock edges grants one of the bursts that wait for it.
 *
 * Of every stream only the first waiting burst stands at the resource, in the order (offer, queue, task, hop). Within one queue that is the order of its
 * bursts, so the front of a queue is the first of it there; first-come takes the first of all. What two resources grant in one cycle does not depend on the order
 * in which they are asked: a grant offers only at the resource that granted.
 */
#include "config.h"
#include "engine/private.h"

#include <string.h>

void
_hd_resource_dirty (HdEngine *self, HdResourceId r)
{
  HD_MARK (self->resource, dirty, r, self->dirty_resources);
}

void
_hd_resource_wake_at (HdEngine *self, HdResourceId r, guint64 cycle)
{
  Resource *resource = &self->resource[r];
  if (resource->wake > self->now && resource->wake <= cycle)
    return;   /* it looks again then */
  resource->wake = cycle;
  resource->last_since = NEVER;
  hd_event_queue_push (self->events, cycle, EVENT (EVENT_RESOURCE, r));
}

/* Often the arrival of the burst that is being served is the event at which the resource is idle again. */
static void
wake_when_idle (HdEngine *self, HdResourceId r)
{
  if (!self->resource[r].wakes_itself)
    _hd_resource_wake_at (self, r, self->resource[r].busy_until);
}

/* --- who waits --------------------------------------------------------------------------------------------- */

static inline gboolean
offered_before (const Waiting *a, const Waiting *b)
{
  if (a->offer != b->offer)
    return a->offer < b->offer;
  if (a->queue != b->queue)
    return a->queue < b->queue;
  return a->task != b->task ? a->task < b->task : a->hop < b->hop;
}

static void
make_room (Resource *r)
{
  if (r->first_waiting > 0 && r->n_waiting * 2 <= r->capacity) {
    memmove (r->waiting, r->waiting + r->first_waiting, r->n_waiting * sizeof *r->waiting);
    r->first_waiting = 0;
    return;
  }
  r->capacity = MAX (8, r->capacity * 2);
  r->waiting = g_renew (Waiting, r->waiting, r->capacity);
}

/* Offers come in the order of time, so this looks at few but those of the same cycle. */
static void
insert (Resource *r, Waiting w)
{
  if (G_UNLIKELY (r->first_waiting + r->n_waiting == r->capacity))
    make_room (r);
  Waiting *first = r->waiting + r->first_waiting;
  guint32 i = r->n_waiting++;
  for (; i > 0 && offered_before (&w, &first[i - 1]); i--)
    first[i] = first[i - 1];
  first[i] = w;
}

static void
take (Resource *r, guint32 index)
{
  Waiting *first = r->waiting + r->first_waiting;
  r->n_waiting--;
  if (index == 0)
    r->first_waiting++;
  else
    memmove (first + index, first + index + 1, (r->n_waiting - index) * sizeof *first);
}

/* Nothing of the stream's waits any more. */
void
_hd_resource_leave (Resource *r, guint32 stream)
{
  const Waiting *first = r->waiting + r->first_waiting;
  guint32 i = 0;
  while (first[i].stream != stream)
    i++;
  take (r, i);
}

/* The first of a stream's bursts waits at @r from @offer on: in the past, now, or, where it is poured, later. */
void
_hd_resource_wait (HdEngine *self, HdResourceId r, guint32 index, guint64 offer)
{
  Resource *resource = &self->resource[r];
  const Stream *stream = &self->stream[index];
  const Transfer *t = &self->transfer[stream->transfer];
  gboolean unwatched = _hd_is_unwatched (resource);
  if (unwatched && self->round > 1)
    _hd_settle_before (self, r);
  insert (resource, (Waiting) { offer, t->queue, t->task, stream->hop, index });
  if (unwatched ? offer <= self->now : resource->busy_until <= self->now)
    _hd_resource_dirty (self, r);
  else if (!unwatched)
    wake_when_idle (self, r);
}

/* --- who is chosen: an index in the order of those who wait ------------------------------------------------- */

/* Queues after the one granted last stand before the others. */
static guint32
choose_round_robin (const Resource *r)
{
  const Waiting *first = r->waiting + r->first_waiting;
  guint32 best = 0;
  guint64 best_rank = G_MAXUINT64;
  for (guint32 i = 0; i < r->n_waiting; i++) {
    gboolean wraps = r->last_queue != HD_NONE && first[i].queue <= r->last_queue;
    guint64 rank = (guint64) wraps << 32 | first[i].queue;
    if (rank < best_rank) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

static guint32
choose_fixed_priority (const HdEngine *self, const Resource *r)
{
  const Waiting *first = r->waiting + r->first_waiting;
  guint32 best = 0;
  guint64 best_rank = G_MAXUINT64;
  for (guint32 i = 0; i < r->n_waiting; i++) {
    guint32 rank = self->schedule->queue[first[i].queue].priority;
    if (rank < best_rank) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

/* HD_NONE when it is nobody's turn; @turn is then the cycle at which the next slot of one of them begins. */
static guint32
choose_time_slot (const HdEngine *self, HdResourceId id, guint64 *turn)
{
  const Resource *r = &self->resource[id];
  const Waiting *first = r->waiting + r->first_waiting;
  const HdResource *what = &self->platform->resource[id];
  guint64 slot = self->now / what->slot_cycles, least = G_MAXUINT64;
  for (guint32 i = 0; i < r->n_waiting; i++) {
    guint64 own = self->schedule->queue[first[i].queue].slot % what->n_slots;
    guint64 ahead = (own + what->n_slots - slot % what->n_slots) % what->n_slots;
    if (ahead == 0)
      return i;
    least = MIN (least, ahead);
  }
  *turn = _hd_cycles_times (hd_cycle_add (slot, least), what->slot_cycles);
  return HD_NONE;
}

static guint32
choose (const HdEngine *self, HdResourceId r, guint64 *turn)
{
  const Resource *resource = &self->resource[r];
  switch (resource->arbiter) {
  case HD_ARBITER_ROUND_ROBIN:
    return choose_round_robin (resource);
  case HD_ARBITER_FIXED_PRIORITY:
    return choose_fixed_priority (self, resource);
  case HD_ARBITER_TIME_SLOTS:
    return choose_time_slot (self, r, turn);
  case HD_ARBITER_FIRST_COME:
  default:
    return 0;
  }
}

/* --- the grant ------------------------------------------------------------------------------------------------ */

/* The index at which @w, which comes from index @from, stands after its burst was granted: often behind all others. */
static guint32
place_behind (const Resource *r, const Waiting *w, guint32 from)
{
  const Waiting *first = r->waiting + r->first_waiting;
  guint32 low = from + 1, high = r->n_waiting;
  if (offered_before (&first[high - 1], w))
    return high;
  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    if (offered_before (&first[middle], w))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The next burst of the stream at index @from waits since @offer: it goes behind those that were offered before. */
static void
go_behind (Resource *r, guint32 from, guint64 offer)
{
  r->waiting[r->first_waiting + from].offer = offer;
  if (from + 1 == r->n_waiting)
    return;
  if (from == 0 && r->first_waiting + r->n_waiting == r->capacity)
    make_room (r);
  Waiting *first = r->waiting + r->first_waiting, w = first[from];
  guint32 to = place_behind (r, &w, from);
  if (from == 0 && to > r->n_waiting / 2) {
    if (to < r->n_waiting)
      memmove (first + to + 1, first + to, (r->n_waiting - to) * sizeof *first);
    first[to] = w;
    r->first_waiting++;
    return;
  }
  memmove (first + from, first + from + 1, (to - 1 - from) * sizeof *first);
  first[to - 1] = w;
}

void
_hd_resource_grant (HdEngine *self, HdResourceId r, guint32 chosen, guint64 cycle)
{
  Resource *resource = &self->resource[r];
  const Waiting *w = &resource->waiting[resource->first_waiting + chosen];
  Stream *stream = &self->stream[w->stream];
  const Transfer *t = &self->transfer[stream->transfer];
  const Hop *hop = &self->hop[t->route->first_hop + w->hop];
  gboolean last = stream->granted == t->n_bursts - 1;
  guint64 bits = last ? t->last_bits : t->route->burst, hold = last ? stream->last_hold : hop->hold;
  if (stream->granted == 0 && w->hop == t->route->first_limited)
    _hd_transfer_started (self, w->task, cycle, resource->last_task);
  self->n_moves++;
  resource->last_task = w->task;
  resource->last_queue = w->queue;
  resource->busy_until = hd_cycle_add (cycle, hold);
  resource->busy_cycles += hold;
  resource->bits += bits;
  if (self->recording)
    _hd_series_hold (self, r, cycle, bits);
  if (last)
    _hd_stream_unwatch (self, stream, hop);
  _hd_stream_granted (self, w->stream, hop, cycle, resource->busy_until);
  if (stream->waiting > 0)
    go_behind (resource, chosen, stream->offers.first);
  else
    take (resource, chosen);
}

/* After a grant: those that still wait take turns, or are looked at when it is idle. */
static void
go_on (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  if (resource->n_waiting == 0)
    return;
  if (_hd_is_unwatched (resource)) {
    _hd_settle_wake (self, r);
    return;
  }
  if (resource->steps_before_turns > 0)
    resource->steps_before_turns--;
  else if (resource->n_waiting == resource->users && resource->n_waiting > 1 && _hd_turns_begin (self, r))
    return;
  wake_when_idle (self, r);
}

static void
grant_chosen (HdEngine *self, HdResourceId r)
{
  guint64 turn = 0;
  guint32 chosen = choose (self, r, &turn);
  if (chosen == HD_NONE) {
    _hd_resource_wake_at (self, r, turn);
    return;
  }
  _hd_resource_grant (self, r, chosen, self->now);
  go_on (self, r);
}

static void
try_grant (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  if (resource->n_waiting == 0 || resource->turns_at == r)
    return;
  if (_hd_is_unwatched (resource)) {
    _hd_settle (self, r, self->now + 1);
    _hd_settle_wake (self, r);
    return;
  }
  if (resource->busy_until > self->now) {
    wake_when_idle (self, r);
    return;
  }
  guint64 first = resource->waiting[resource->first_waiting].offer, edge = _hd_align (MAX (first, self->now), resource->period);
  if (edge > self->now)
    _hd_resource_wake_at (self, r, edge);
  else
    grant_chosen (self, r);
}

void
_hd_resources_grant (HdEngine *self)
{
  for (guint32 i = 0; i < self->dirty_resources.n; i++) {
    HdResourceId r = self->dirty_resources.item[i];
    self->resource[r].dirty = FALSE;
    try_grant (self, r);
  }
  self->dirty_resources.n = 0;
}
