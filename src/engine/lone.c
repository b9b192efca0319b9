/* A transfer that is alone on all the resources of its route: no event for its bursts, one for its end.
 *
 * With d_h the hold of a full burst at hop h, l_h the latency and r_h the period, burst k is granted at
 *
 *     g_h(k) = align (max (g_h(k-1) + d_h, a_h(k)), r_h),   a_h(k) = g_p(k) + d_p + l_p  (p: the hop before; at hop 0 it is there when k-1 was granted).
 *
 * Let the bursts come at least s and at most S cycles apart. Where d_h >= S the hop is busy without a gap: g_h(k) = g_h(0) + k d_h. Where d_h <= s each is
 * served when it comes: g_h(k) = align (a_h(k), r_h), since align (x + s) >= align (x) + d_h for d_h a multiple of r_h. A route with a hop in between has no
 * closed form here and goes burst by burst. The last burst may be short and come earlier than a full one would; it is computed apart.
 *
 * When another transfer comes to one of the resources, the state of that moment is made: who was granted, who waits since when, who travels.
 */
#include "config.h"
#include "engine/private.h"

static const Hop *
hops_of (const HdEngine *self, const Transfer *t)
{
  return self->hop + t->route->first_hop;
}

static Stream *
streams_of (HdEngine *self, guint32 transfer)
{
  return self->stream + self->transfer[transfer].first_stream;
}

static guint64 departure (const Hop *hop, const Stream *stream, const Transfer *t, guint32 h, guint64 k);

/* The grant of burst @k at hop @h. */
static guint64
grant_of (const Hop *hop, const Stream *stream, const Transfer *t, guint32 h, guint64 k)
{
  if (k == t->n_bursts - 1)
    return stream[h].lone_last;
  if (hop[h].pace == PACE_BUSY)
    return hd_cycle_add (stream[h].lone_first, _hd_cycles_times (k, hop[h].hold));
  if (hop[h].parent == HD_NONE)
    return t->issue;
  guint64 offered = departure (hop, stream, t, hop[h].parent, k);
  return hop[h].limited ? _hd_align (offered, hop[h].period) : offered;
}

/* When burst @k has travelled behind hop @h. */
static guint64
departure (const Hop *hop, const Stream *stream, const Transfer *t, guint32 h, guint64 k)
{
  guint64 hold = !hop[h].limited ? 0 : k == t->n_bursts - 1 ? stream[h].last_hold : hop[h].hold;
  return hd_cycle_add (hd_cycle_add (grant_of (hop, stream, t, h, k), hold), hop[h].latency);
}

/* When burst @k was offered to hop @h. */
static guint64
offer_of (const Hop *hop, const Stream *stream, const Transfer *t, guint32 h, guint64 k)
{
  if (hop[h].parent != HD_NONE)
    return departure (hop, stream, t, hop[h].parent, k);
  return k == 0 || !hop[h].limited ? t->issue : grant_of (hop, stream, t, h, k - 1);
}

/* Grants of the first and the last burst at hop @h, those of the hop before being known. */
static void
find_course (const Hop *hop, Stream *stream, const Transfer *t, guint32 h)
{
  guint64 last = t->n_bursts - 1;
  guint64 first_offer = offer_of (hop, stream, t, h, 0);
  stream[h].lone_first = hop[h].limited ? _hd_align (first_offer, hop[h].period) : first_offer;
  if (last == 0) {
    stream[h].lone_last = stream[h].lone_first;
    return;
  }
  guint64 offered = offer_of (hop, stream, t, h, last);
  if (!hop[h].limited) {
    stream[h].lone_last = offered;
    return;
  }
  guint64 idle = hd_cycle_add (grant_of (hop, stream, t, h, last - 1), hop[h].hold);
  stream[h].lone_last = _hd_align (MAX (offered, idle), hop[h].period);
}

/* A window does not bind when there are no more bursts, or when a burst has arrived everywhere before so many others are granted. */
static gboolean
window_binds (const HdEngine *self, const Hop *hop, const Stream *stream, const Transfer *t)
{
  guint64 window = self->platform->window;
  if (window == 0 || t->n_bursts <= window)
    return FALSE;
  if (t->route->steady == 0 || window == 1)
    return TRUE;
  guint64 arrival = 0;
  for (guint32 h = 0; h < t->route->n_hops; h++)
    arrival = MAX (arrival, departure (hop, stream, t, h, 0));
  return (arrival - stream[0].lone_first) / (window - 1) + ((arrival - stream[0].lone_first) % (window - 1) != 0) > t->route->steady;
}

static gboolean
is_alone (const HdEngine *self, const Transfer *t)
{
  const Hop *hop = hops_of (self, t);
  if (!t->route->closed)
    return FALSE;
  for (guint32 h = 0; h < t->route->n_hops; h++) {
    const Resource *resource = &self->resource[hop[h].resource];
    if (hop[h].limited && (resource->users != 1 || resource->busy_until > self->now))
      return FALSE;
  }
  return TRUE;
}

/* Takes a transfer that was issued now, if it can; its users are counted already. */
gboolean
_hd_lone_begin (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  const Hop *hop = hops_of (self, t);
  Stream *stream = streams_of (self, index);
  if (!is_alone (self, t))
    return FALSE;
  guint64 end = 0;
  for (guint32 h = 0; h < t->route->n_hops; h++) {
    find_course (hop, stream, t, h);
    if (hop[h].arrives)
      end = MAX (end, departure (hop, stream, t, h, t->n_bursts - 1));
  }
  if (window_binds (self, hop, stream, t))
    return FALSE;
  t->lone = TRUE;
  t->lone_end = end;
  for (guint32 h = 0; h < t->route->n_hops; h++)
    if (hop[h].limited)
      self->resource[hop[h].resource].lone = index;
  if (end == self->now)
    _hd_lone_end (self, index);
  else
    hd_event_queue_push (self->events, end, EVENT (EVENT_LONE_END, index));
  return TRUE;
}

/* --- what the resources have done for it ---------------------------------------------------------------- */

static void
show_holds (HdEngine *self, const Transfer *t, const Hop *hop, const Stream *stream, guint32 h, guint64 bits)
{
  guint64 n = stream[h].granted, full = n == t->n_bursts ? n - 1 : n;
  if (hop[h].pace == PACE_BUSY && full > 0) {   /* bursts without gaps are one; a full one is whole widths */
    guint64 together = full * t->route->burst;
    _hd_series_hold (self, hop[h].resource, stream[h].lone_first, together);
    if (n > full)
      _hd_series_hold (self, hop[h].resource, stream[h].lone_last, bits - together);
    return;
  }
  for (guint64 k = 0; k < n; k++)
    _hd_series_hold (self, hop[h].resource, grant_of (hop, stream, t, h, k), _hd_burst_bits (t, k));
}

/* Accounts for the first `granted` bursts at hop @h. */
static void
account (HdEngine *self, const Transfer *t, const Hop *hop, const Stream *stream, guint32 h)
{
  Resource *resource = &self->resource[hop[h].resource];
  guint64 n = stream[h].granted;
  if (hop[h].limited)
    resource->lone = HD_NONE;
  if (n == 0 || hop[h].silent)
    return;
  gboolean all = n == t->n_bursts;
  guint64 bits = all ? self->schedule->bits[t->task] : n * t->route->burst;
  resource->bits += bits;
  if (!hop[h].limited)
    return;
  if (h == t->route->first_limited)
    _hd_transfer_started (self, t->task, grant_of (hop, stream, t, h, 0), resource->last_task);
  guint64 last = grant_of (hop, stream, t, h, n - 1), hold = all ? stream[h].last_hold : hop[h].hold;
  resource->users -= all;
  resource->busy_cycles += (n - 1) * hop[h].hold + hold;
  resource->busy_until = hd_cycle_add (last, hold);
  resource->wakes_itself = hop[h].latency == 0 && (all || !hop[h].quiet);
  resource->last_task = t->task;
  resource->last_queue = t->queue;
  if (self->recording)
    show_holds (self, t, hop, stream, h, bits);
}

void
_hd_lone_end (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  if (!t->lone || t->lone_end != self->now)
    return;   /* the event of a course that was broken */
  const Hop *hop = hops_of (self, t);
  Stream *stream = streams_of (self, index);
  t->lone = FALSE;
  for (guint32 h = 0; h < t->route->n_hops; h++) {
    stream[h].granted = t->n_bursts;
    account (self, t, hop, stream, h);
  }
  _hd_transfer_complete (self, index);
}

/* --- when it is alone no more ---------------------------------------------------------------------------- */

typedef guint64 (*MomentOf) (const Hop *hop, const Stream *stream, const Transfer *t, guint32 h, guint64 k);

/* How many bursts have had their moment before @cycle; moments ascend. */
static guint64
count_before (MomentOf moment, const Hop *hop, const Stream *stream, const Transfer *t, guint32 h, guint64 cycle)
{
  guint64 from = 0, to = t->n_bursts;
  while (from < to) {
    guint64 middle = from + (to - from) / 2;
    if (moment (hop, stream, t, h, middle) < cycle)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

static void
restore_hop (HdEngine *self, guint32 index, guint32 h, guint64 offered)
{
  const Transfer *t = &self->transfer[index];
  const Hop *hop = hops_of (self, t);
  Stream *stream = streams_of (self, index);
  guint32 id = t->first_stream + h;
  account (self, t, hop, stream, h);
  for (guint64 k = stream[h].arrived; k < stream[h].granted; k++)
    hd_event_queue_push (self->events, departure (hop, stream, t, h, k), EVENT (EVENT_ARRIVE, id));
  if (stream[h].arrived == t->n_bursts && hop[h].arrives)
    self->transfer[index].destinations_left--;
  for (guint64 k = stream[h].granted; k < offered; k++)
    _hd_stream_queue_offer (self, &stream[h], offer_of (hop, stream, t, h, k));
  if (stream[h].waiting > 0)
    _hd_resource_wait (self, hop[h].resource, id, stream[h].offers.first);
}

/* Goes on burst by burst from now on. The grants of this cycle have happened if phase 3 came since the issue or the cycle's beginning. */
void
_hd_lone_break (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  const Hop *hop = hops_of (self, t);
  Stream *stream = streams_of (self, index);
  gboolean granted_now = self->round > (t->issue == self->now ? t->issue_round : 1);
  t->lone = FALSE;
  for (guint32 h = 0; h < t->route->n_hops; h++) {
    stream[h].granted = count_before (grant_of, hop, stream, t, h, hop[h].limited ? self->now + granted_now : self->now + 1);
    stream[h].arrived = count_before (departure, hop, stream, t, h, self->now + 1);
    if (hop[h].silent)
      stream[h].granted = MAX (stream[h].granted, t->n_bursts - 1);
    if (hop[h].quiet)
      stream[h].arrived = MAX (stream[h].arrived, t->n_bursts - 1);
  }
  for (guint32 h = 0; h < t->route->n_hops; h++) {
    _hd_stream_watch (self, &stream[h], &hop[h]);
    guint64 offered = hop[h].parent != HD_NONE ? stream[hop[h].parent].arrived
                      : hop[h].limited         ? MIN (stream[h].granted + 1, t->n_bursts)
                                               : t->n_bursts;
    restore_hop (self, index, h, offered);
  }
}
