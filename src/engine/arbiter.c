/* Phase 3, starts: each resource that is idle at one of its clock edges grants one of the bursts that wait for it.
 *
 * Of every stream only the first waiting burst stands at the resource. A queue's front is the least of its own in the order (offer, task, hop), so one
 * scan with the arbiter's key before that order finds the burst to grant. What two resources grant in one cycle does not depend on the order
 * in which they are asked: a grant offers only at the resource that granted.
 */
#include "config.h"
#include "engine/private.h"

void
_hd_resource_dirty (HdEngine *self, HdResourceId r)
{
  HD_MARK (self->resource, dirty, r, self->dirty_resources);
}

static void
wake_at (HdEngine *self, HdResourceId r, guint64 cycle)
{
  Resource *resource = &self->resource[r];
  if (resource->wake > self->now && resource->wake <= cycle)
    return;   /* it looks again then */
  resource->wake = cycle;
  hd_event_queue_push (self->events, cycle, EVENT (EVENT_RESOURCE, r));
}

/* Without latency the arrival of the burst that is being served is the event at which the resource is idle again. */
static void
wake_when_idle (HdEngine *self, HdResourceId r)
{
  if (self->platform->resource[r].latency > 0)
    wake_at (self, r, self->resource[r].busy_until);
}

/* The first of a stream's bursts waits now at @r. */
void
_hd_resource_wait (HdEngine *self, HdResourceId r, guint32 index, guint64 offer)
{
  Resource *resource = &self->resource[r];
  if (G_UNLIKELY (resource->n_waiting == resource->capacity)) {
    resource->capacity = MAX (8, resource->capacity * 2);
    resource->waiting = g_renew (Waiting, resource->waiting, resource->capacity);
  }
  const Stream *stream = &self->stream[index];
  const Transfer *t = &self->transfer[stream->transfer];
  resource->waiting[resource->n_waiting++] = (Waiting) { offer, t->queue, t->task, stream->hop, index };
  if (resource->busy_until <= self->now)
    _hd_resource_dirty (self, r);
  else
    wake_when_idle (self, r);
}

/* --- who is chosen ------------------------------------------------------------------------------------------ */

static inline gboolean
offered_before (const Waiting *a, const Waiting *b)
{
  if (a->offer != b->offer)
    return a->offer < b->offer;
  if (a->queue != b->queue)
    return a->queue < b->queue;
  return a->task != b->task ? a->task < b->task : a->hop < b->hop;
}

static guint32
choose_first_come (const Resource *r)
{
  guint32 best = 0;
  for (guint32 i = 1; i < r->n_waiting; i++)
    if (offered_before (&r->waiting[i], &r->waiting[best]))
      best = i;
  return best;
}

/* Queues after the one granted last stand before the others. */
static guint32
choose_round_robin (const Resource *r)
{
  guint32 best = 0;
  for (guint32 i = 1; i < r->n_waiting; i++) {
    const Waiting *a = &r->waiting[i], *b = &r->waiting[best];
    gboolean a_wraps = r->last_queue != HD_NONE && a->queue <= r->last_queue;
    gboolean b_wraps = r->last_queue != HD_NONE && b->queue <= r->last_queue;
    gboolean before = a_wraps != b_wraps ? b_wraps : a->queue != b->queue ? a->queue < b->queue : offered_before (a, b);
    if (before)
      best = i;
  }
  return best;
}

static guint32
choose_fixed_priority (const HdEngine *self, const Resource *r)
{
  guint32 best = 0;
  for (guint32 i = 1; i < r->n_waiting; i++) {
    guint32 a = self->schedule->queue[r->waiting[i].queue].priority;
    guint32 b = self->schedule->queue[r->waiting[best].queue].priority;
    if (a != b ? a < b : offered_before (&r->waiting[i], &r->waiting[best]))
      best = i;
  }
  return best;
}

/* HD_NONE when it is nobody's turn; @turn is then the cycle at which the next slot of one of them begins. */
static guint32
choose_time_slot (const HdEngine *self, HdResourceId id, guint64 *turn)
{
  const Resource *r = &self->resource[id];
  const HdResource *what = &self->platform->resource[id];
  guint64 slot = self->now / what->slot_cycles, least = G_MAXUINT64;
  guint32 best = HD_NONE;
  for (guint32 i = 0; i < r->n_waiting; i++) {
    guint64 own = self->schedule->queue[r->waiting[i].queue].slot % what->n_slots;
    guint64 ahead = (own + what->n_slots - slot % what->n_slots) % what->n_slots;
    least = MIN (least, ahead);
    if (ahead == 0 && (best == HD_NONE || offered_before (&r->waiting[i], &r->waiting[best])))
      best = i;
  }
  if (best == HD_NONE)
    *turn = _hd_cycles_times (hd_cycle_add (slot, least), what->slot_cycles);
  return best;
}

static guint32
choose (const HdEngine *self, HdResourceId r, guint64 *turn)
{
  const Resource *resource = &self->resource[r];
  switch (self->platform->resource[r].arbiter) {
  case HD_ARBITER_ROUND_ROBIN:
    return choose_round_robin (resource);
  case HD_ARBITER_FIXED_PRIORITY:
    return choose_fixed_priority (self, resource);
  case HD_ARBITER_TIME_SLOTS:
    return choose_time_slot (self, r, turn);
  case HD_ARBITER_FIRST_COME:
  default:
    return choose_first_come (resource);
  }
}

/* --- the grant ------------------------------------------------------------------------------------------------ */

static void
grant (HdEngine *self, HdResourceId r, guint32 chosen)
{
  Resource *resource = &self->resource[r];
  Waiting *w = &resource->waiting[chosen];
  Stream *stream = &self->stream[w->stream];
  const Transfer *t = &self->transfer[stream->transfer];
  guint64 bits = _hd_burst_bits (t, stream->granted);
  const Hop *hop = &self->hop[t->route->first_hop + stream->hop];
  guint64 hold = stream->granted == t->n_bursts - 1 ? stream->last_hold : hop->hold;
  if (stream->granted == 0 && stream->hop == t->route->first_limited)
    _hd_transfer_started (self, t->task, self->now, resource->last_task);
  self->n_moves++;
  resource->last_task = t->task;
  resource->last_queue = t->queue;
  resource->busy_until = hd_cycle_add (self->now, hold);
  resource->busy_cycles += hold;
  resource->bits += bits;
  if (self->recording)
    _hd_series_hold (self, r, self->now, bits);
  _hd_stream_granted (self, w->stream, hold);
  if (stream->waiting > 0)
    w->offer = stream->offers.first;
  else
    *w = resource->waiting[--resource->n_waiting];
  if (resource->n_waiting > 0)
    wake_when_idle (self, r);
}

static void
try_grant (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  if (resource->n_waiting == 0)
    return;
  if (resource->busy_until > self->now) {
    wake_when_idle (self, r);
    return;
  }
  guint64 edge = _hd_align (self->now, self->platform->resource[r].period);
  if (edge > self->now) {
    wake_at (self, r, edge);
    return;
  }
  guint64 turn = 0;
  guint32 chosen = choose (self, r, &turn);
  if (chosen == HD_NONE)
    wake_at (self, r, turn);
  else
    grant (self, r, chosen);
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
