/* A first hop that has its resource for itself: its bursts are granted one hold after the other, which needs no steps.
 *
 * With d the hold of a full burst, l the latency and g the cycle of the issue, burst k is granted at g + k d and offered to the hops behind at g + (k + 1) d + l: they are told of all
 * full bursts at once, of those to come as well. The resources there must serve first come, first served: they look at offers in order, and wait for the first to come.
 * The last burst, which may be short, is offered by an event of its own.
 *
 * When another transfer comes to the resource, the offers that have not been made are taken back, and the state of that moment is made.
 */
#include "config.h"
#include "engine/private.h"

#define POURED_MIN 3   /* fewer bursts are stepped */

/* Children that are told of bursts in advance. */
static gboolean
takes_in_advance (const HdEngine *self, const Hop *hop, const Stream *root)
{
  if (hop->first_child == HD_NONE)
    return FALSE;
  for (guint32 child = hop->first_child; child != HD_NONE; child = hop[child].next_sibling)
    if (!hop[child].limited || root[child].follows || self->resource[hop[child].resource].arbiter != HD_ARBITER_FIRST_COME)
      return FALSE;
  return TRUE;
}

static gboolean
can_pour (const HdEngine *self, const Transfer *t, const Hop *hop, const Stream *root)
{
  const Resource *resource = &self->resource[hop->resource];
  if (self->platform->window != 0 || t->n_bursts < POURED_MIN || !hop->limited)
    return FALSE;
  if (resource->users != 1 || resource->busy_until > self->now || self->now % hop->period != 0)
    return FALSE;
  if (resource->arbiter == HD_ARBITER_TIME_SLOTS && self->platform->resource[hop->resource].n_slots > 1)
    return FALSE;
  return takes_in_advance (self, hop, root);
}

/* When burst @k, a full one, comes to the hops behind. */
static guint64
comes_at (const Transfer *t, const Hop *hop, guint64 k)
{
  return t->issue + (k + 1) * hop->hold + hop->latency;
}

/* Takes a transfer that was issued now, if it can; its users are counted already. */
gboolean
_hd_pour_begin (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  const Hop *hop = self->hop + t->route->first_hop;
  guint32 first = t->first_stream;
  Stream *root = &self->stream[first];
  if (!can_pour (self, t, hop, root))
    return FALSE;
  guint64 granted = hd_cycle_add (self->now, _hd_cycles_times (t->n_bursts - 1, hop->hold));
  t->pour_end = hd_cycle_add (hd_cycle_add (granted, root->last_hold), hop->latency);
  t->pours = TRUE;
  self->resource[hop->resource].pour = index;
  hd_event_queue_push (self->events, t->pour_end, EVENT (EVENT_POUR_END, index));
  for (guint32 child = hop->first_child; child != HD_NONE; child = hop[child].next_sibling) {
    root[child].waiting = t->n_bursts - 1;
    root[child].last_run = HD_NONE;
    root[child].offers = (OfferRun) { comes_at (t, hop, 0), hop->hold, t->n_bursts - 1, HD_NONE };
    _hd_resource_wait (self, hop[child].resource, first + child, comes_at (t, hop, 0));
  }
  return TRUE;
}

/* The first @n bursts were granted. */
static void
account (HdEngine *self, Transfer *t, const Hop *hop, Stream *root, guint64 n)
{
  Resource *resource = &self->resource[hop->resource];
  gboolean all = n == t->n_bursts;
  t->pours = FALSE;
  root->granted = n;
  resource->pour = HD_NONE;
  if (all)
    _hd_stream_unwatch (self, root, hop);
  if (n == 0)
    return;
  guint64 bits = all ? self->schedule->bits[t->task] : n * t->route->burst, last = t->issue + (n - 1) * hop->hold, hold = all ? root->last_hold : hop->hold;
  _hd_transfer_started (self, t->task, t->issue, resource->last_task);
  self->n_moves += n;
  resource->bits += bits;
  resource->busy_cycles += (n - 1) * hop->hold + hold;
  resource->busy_until = last + hold;
  resource->wakes_itself = FALSE;
  resource->last_task = t->task;
  resource->last_queue = t->queue;
  if (self->recording)
    _hd_series_hold (self, hop->resource, t->issue, bits);
}

/* The last burst comes to the hops behind. */
void
_hd_pour_end (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  Stream *root = &self->stream[t->first_stream];
  if (!t->pours || t->pour_end != self->now)
    return;   /* the event of one that was broken */
  account (self, t, self->hop + t->route->first_hop, root, t->n_bursts);
  root->arrived = t->n_bursts - 1;
  _hd_stream_arrive (self, t->first_stream);
}

/* How many full bursts were offered to the hops behind until now. */
static guint64
count_offered (const HdEngine *self, const Transfer *t, const Hop *hop)
{
  guint64 first = comes_at (t, hop, 0);
  return self->now < first ? 0 : (self->now - first) / hop->hold + 1;   /* the last burst has not come */
}

/* Takes back what was offered for later than now; @offered bursts are left. */
static void
take_back (HdEngine *self, guint32 index, const Hop *hop, guint64 offered)
{
  Stream *stream = &self->stream[index];
  if (stream->waiting == 0)
    return;
  stream->waiting = stream->offers.count = offered - stream->granted;
  if (stream->waiting == 0)
    _hd_resource_leave (&self->resource[hop->resource], index);
}

/* Goes on burst by burst from now on. The grants of this cycle have happened if phase 3 came since the issue or the cycle's beginning. */
void
_hd_pour_break (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  const Hop *hop = self->hop + t->route->first_hop;
  guint32 first = t->first_stream;
  Stream *root = &self->stream[first];
  gboolean granted_now = self->round > (t->issue == self->now ? t->issue_round : 1);
  guint64 past = self->now - t->issue, n = MIN (t->n_bursts, (past + hop->hold - 1 + granted_now) / hop->hold);
  account (self, t, hop, root, n);
  root->arrived = count_offered (self, t, hop);
  for (guint32 child = hop->first_child; child != HD_NONE; child = hop[child].next_sibling)
    take_back (self, first + child, &hop[child], root->arrived);
  for (guint64 k = root->arrived; k < n; k++)
    hd_event_queue_push (self->events, k == t->n_bursts - 1 ? t->pour_end : comes_at (t, hop, k), EVENT (EVENT_ARRIVE, first));
  if (n == t->n_bursts)
    return;
  guint64 offer = n == 0 ? t->issue : t->issue + (n - 1) * hop->hold;
  _hd_stream_queue_offer (self, root, offer);
  _hd_resource_wait (self, hop->resource, first, offer);
}
