/* A transfer's bursts on their way through the hops of its route.
 *
 * At every hop the bursts of a transfer come, are granted and leave in their order, so a hop needs to know only how many did, and at which cycles
 * those that wait were offered (runs in arithmetic progression). A burst that travels is one event of its stream.
 */
#include "config.h"
#include "engine/private.h"

/* --- offers that wait: a first-in first-out list of runs ------------------------------------------------- */

static guint32
run_new (HdEngine *self, guint64 cycle)
{
  guint32 r = self->free_run;
  if (r != HD_NONE) {
    self->free_run = self->run[r].next;
  } else {
    if (self->n_runs == self->run_capacity) {
      self->run_capacity = MAX (64, self->run_capacity * 2);
      self->run = g_renew (OfferRun, self->run, self->run_capacity);
    }
    r = self->n_runs++;
  }
  self->run[r] = (OfferRun) { cycle, 0, 1, HD_NONE };
  return r;
}

static gboolean
run_extend (OfferRun *run, guint64 cycle)
{
  if (run->count == 1)
    run->step = cycle - run->first;
  else if (run->first + run->step * run->count != cycle)
    return FALSE;
  run->count++;
  return TRUE;
}

/* One more burst waits, offered at @cycle. */
void
_hd_stream_queue_offer (HdEngine *self, Stream *stream, guint64 cycle)
{
  if (stream->waiting++ == 0) {
    stream->offers = (OfferRun) { cycle, 0, 1, HD_NONE };
    stream->last_run = HD_NONE;
    return;
  }
  OfferRun *last = stream->last_run == HD_NONE ? &stream->offers : &self->run[stream->last_run];
  if (run_extend (last, cycle))
    return;
  guint32 r = run_new (self, cycle);
  if (stream->last_run == HD_NONE)
    stream->offers.next = r;
  else
    self->run[stream->last_run].next = r;
  stream->last_run = r;
}

static void
drop_first_offer (HdEngine *self, Stream *stream)
{
  stream->waiting--;
  stream->offers.first += stream->offers.step;
  if (--stream->offers.count > 0 || stream->waiting == 0)
    return;
  guint32 r = stream->offers.next;
  stream->offers = self->run[r];
  self->run[r].next = self->free_run;
  self->free_run = r;
  if (stream->last_run == r)
    stream->last_run = HD_NONE;
}

/* --- offers, arrivals -------------------------------------------------------------------------------------- */

static void offer (HdEngine *self, guint32 index);

static const Hop *
hop_of (const HdEngine *self, const Stream *stream)
{
  return self->hop + self->transfer[stream->transfer].route->first_hop + stream->hop;
}

/* Bursts granted at hop 0 that have not arrived at all destinations. */
static guint64
in_flight (const HdEngine *self, guint32 transfer)
{
  const Transfer *t = &self->transfer[transfer];
  const Stream *stream = self->stream + t->first_stream;
  const Hop *hop = self->hop + t->route->first_hop;
  guint64 arrived = G_MAXUINT64;
  for (guint32 h = 0; h < t->route->n_hops; h++)
    if (hop[h].arrives)
      arrived = MIN (arrived, stream[h].arrived);
  return stream[0].granted - arrived;
}

/* The next burst comes to hop 0 if the one before was granted and the window lets it. */
static gboolean
next_may_be_offered (const HdEngine *self, guint32 transfer)
{
  const Transfer *t = &self->transfer[transfer];
  const Stream *root = self->stream + t->first_stream;
  if (root->waiting > 0 || root->granted == t->n_bursts)
    return FALSE;
  return self->platform->window == 0 || in_flight (self, transfer) < self->platform->window;
}

static void
travel (HdEngine *self, guint32 index, guint64 until)
{
  if (until == self->now)
    _hd_stream_arrive (self, index);
  else
    hd_event_queue_push (self->events, until, EVENT (EVENT_ARRIVE, index));
}

static void
offer (HdEngine *self, guint32 index)
{
  Stream *stream = &self->stream[index];
  const Hop *hop = hop_of (self, stream);
  if (hop->limited) {
    if (stream->follows)
      _hd_follow_last (self, index);
    _hd_stream_queue_offer (self, stream, self->now);
    if (stream->waiting == 1)
      _hd_resource_wait (self, hop->resource, index, self->now);
    else if (_hd_is_unwatched (&self->resource[hop->resource]))
      _hd_resource_dirty (self, hop->resource);   /* it may be the last */
    return;
  }
  if (!hop->silent)
    self->resource[hop->resource].bits += _hd_burst_bits (&self->transfer[stream->transfer], stream->granted);
  stream->granted++;
  travel (self, index, hd_cycle_add (self->now, hop->latency));
}

/* Offers bursts to hop 0 as long as it takes them: one that waits there for a grant, or all where there is no width. */
static void
offer_next (HdEngine *self, guint32 transfer)
{
  while (self->transfer[transfer].active && next_may_be_offered (self, transfer))
    offer (self, self->transfer[transfer].first_stream);
}

/* The next burst of the stream has travelled the hop's latency. */
void
_hd_stream_arrive (HdEngine *self, guint32 index)
{
  Stream *stream = &self->stream[index];
  const Hop *hop = hop_of (self, stream);
  guint32 transfer = stream->transfer, first = index - stream->hop;
  gboolean last = ++stream->arrived == self->transfer[transfer].n_bursts;   /* before the cascade, which may bring the next burst here */
  self->n_moves++;
  for (guint32 child = hop->first_child; child != HD_NONE; child = (hop - stream->hop)[child].next_sibling)
    if (last || !((hop - stream->hop)[child].silent || self->stream[first + child].follows))
      offer (self, first + child);
  if (!hop->arrives)
    return;
  if (last && --self->transfer[transfer].destinations_left == 0)
    _hd_transfer_complete (self, transfer);
  else if (self->platform->window != 0)
    offer_next (self, transfer);
}

/* The resource granted the stream's first waiting burst at @cycle, and is held until @idle. */
void
_hd_stream_granted (HdEngine *self, guint32 index, const Hop *hop, guint64 cycle, guint64 idle)
{
  Stream *stream = &self->stream[index];
  drop_first_offer (self, stream);
  stream->past[stream->granted++ % PAST] = cycle;
  gboolean arrives = stream->told > 0 || stream->granted == self->transfer[stream->transfer].n_bursts;
  if (arrives)
    hd_event_queue_push (self->events, hd_cycle_add (idle, hop->latency), EVENT (EVENT_ARRIVE, index));
  self->resource[hop->resource].wakes_itself = arrives && hop->latency == 0;
  if (stream->hop == 0 && next_may_be_offered (self, stream->transfer))
    _hd_stream_queue_offer (self, stream, cycle);
}

/* --- a transfer's beginning and end ------------------------------------------------------------------------- */

/* Its burst 0 was granted at its first limited hop, by a resource that had served @served_before last. */
void
_hd_transfer_started (HdEngine *self, HdTaskId task, guint64 cycle, HdTaskId served_before)
{
  self->start[task] = cycle;
  if (cycle == self->issue[task])
    return;
  self->wait_kind[task] = HD_WAIT_GRANT;
  self->wait_cause[task] = served_before;
}

static guint32
transfer_new (HdEngine *self)
{
  if (self->free_transfers.n > 0)
    return self->free_transfers.item[--self->free_transfers.n];
  if (self->n_transfers == self->transfer_capacity) {
    self->transfer_capacity = MAX (16, self->transfer_capacity * 2);
    self->transfer = g_renew (Transfer, self->transfer, self->transfer_capacity);
  }
  return self->n_transfers++;
}

/* A block of @n streams: one that a transfer of as many hops has left, or a new one. */
static guint32
streams_new (HdEngine *self, guint32 n)
{
  guint32 first = self->free_streams[n];
  if (first != HD_NONE) {
    self->free_streams[n] = self->stream[first].transfer;
    return first;
  }
  first = self->n_streams;
  hd_assert_invariant ((guint64) first + n <= EVENT_INDEX_MAX, "more than %u hops of transfers under way", first);
  self->n_streams += n;
  if (self->n_streams > self->stream_capacity) {
    self->stream_capacity = MAX (self->n_streams, MAX (64, self->stream_capacity * 2));
    self->stream = g_renew (Stream, self->stream, self->stream_capacity);
  }
  return first;
}

static void
streams_init (HdEngine *self, guint32 index)
{
  const Transfer *t = &self->transfer[index];
  const Hop *hop = self->hop + t->route->first_hop;
  guint32 first = t->first_stream;
  for (guint32 h = 0; h < t->route->n_hops; h++) {
    Stream *stream = &self->stream[first + h];
    stream->transfer = index;
    stream->hop = h;
    stream->waiting = 0;   /* `offers`, and what the closed forms keep, is written before it is read */
    stream->follows = FALSE;
    stream->told = !hop[h].quiet;
    stream->arrived = hop[h].quiet ? t->n_bursts - 1 : 0;
    stream->granted = hop[h].silent ? t->n_bursts - 1 : 0;
    if (!hop[h].limited)
      continue;
    stream->last_hold = hop[h].hold;
    if (t->last_bits == t->route->burst)
      continue;
    guint64 cycles = hd_ceil_div (t->last_bits, self->resource[hop[h].resource].width);
    stream->last_hold = _hd_cycles_times (cycles, hop[h].period);
  }
}

/* Others that are alone on a resource of the route, or take turns among themselves, no longer do. */
static void
register_user (HdEngine *self, guint32 index)
{
  const Route *route = self->transfer[index].route;
  const Hop *hop = self->hop + route->first_hop;
  for (guint32 h = 0; h < route->n_hops; h++) {
    if (!hop[h].limited)
      continue;
    Resource *resource = &self->resource[hop[h].resource];
    if (resource->lone != HD_NONE)
      _hd_lone_break (self, resource->lone);
    if (resource->turns_at != HD_NONE)
      _hd_turns_break (self, resource->turns_at);
    if (resource->pour != HD_NONE)
      _hd_pour_break (self, resource->pour);
    if (resource->follower != HD_NONE && !_hd_follow_may_join (self, self->transfer[index].first_stream + h))
      _hd_follow_break (self, hop[h].resource);
    resource->users++;
  }
}

/* The stream's bursts are to be granted when it is time, from now on. */
void
_hd_stream_watch (HdEngine *self, const Stream *stream, const Hop *hop)
{
  Resource *resource = &self->resource[hop->resource];
  if (!hop->limited || stream->told == 0 || stream->granted == self->transfer[stream->transfer].n_bursts)
    return;
  if (_hd_is_unwatched (resource) && resource->n_waiting > 0) {
    _hd_settle_before (self, hop->resource);
    _hd_resource_dirty (self, hop->resource);
  }
  resource->watched++;
  resource->last_since = NEVER;   /* what comes in this cycle may stand before the last burst that the resource waits for, and is not looked at while somebody watches */
}

/* All its bursts have been granted. */
void
_hd_stream_unwatch (HdEngine *self, const Stream *stream, const Hop *hop)
{
  Resource *resource = &self->resource[hop->resource];
  resource->users--;
  resource->watched -= stream->told > 0;
}

void
_hd_transfer_issue (HdEngine *self, HdTaskId task)
{
  const HdSchedule *s = self->schedule;
  const Route *route = &self->route[s->what[task]];
  guint32 index = transfer_new (self);
  guint64 n_bursts = hd_ceil_div (s->bits[task], route->burst);
  self->transfer[index] = (Transfer) {
    .task = task, .queue = s->queue_of[task], .route = route, .active = TRUE, .destinations_left = route->n_destinations,
    .n_bursts = n_bursts, .last_bits = s->bits[task] - (n_bursts - 1) * route->burst, .issue = self->now, .issue_round = self->round,
    .first_stream = streams_new (self, route->n_hops),
  };
  streams_init (self, index);
  if (route->first_limited == HD_NONE)
    self->start[task] = self->now;
  register_user (self, index);
  if (_hd_lone_begin (self, index))
    return;
  _hd_follow_begin (self, index);
  for (guint32 h = 0; h < route->n_hops; h++)
    if (self->stream[self->transfer[index].first_stream + h].told > 0)
      _hd_stream_watch (self, &self->stream[self->transfer[index].first_stream + h], &self->hop[route->first_hop + h]);
  if (!_hd_pour_begin (self, index))
    offer_next (self, index);
}

/* All its bursts have arrived everywhere. */
void
_hd_transfer_complete (HdEngine *self, guint32 index)
{
  Transfer *t = &self->transfer[index];
  const Route *route = t->route;
  const Hop *hop = self->hop + route->first_hop;
  guint64 bits = self->schedule->bits[t->task];
  for (guint32 h = 0; h < route->n_hops; h++)
    self->resource[hop[h].resource].bits += hop[h].silent ? bits : 0;
  for (guint32 i = 0; i < route->n_passed; i++)
    self->resource[self->passed[route->first_passed + i]].bits += bits;
  if (route->from_dram)
    self->dram_read_bits += bits;
  self->dram_write_bits += bits * route->n_dram_destinations;
  _hd_power_transfer (self, t->task, route);
  _hd_id_list_add (&self->ending, t->task);
  t->active = FALSE;
  _hd_id_list_add (&self->free_transfers, index);
  self->stream[t->first_stream].transfer = self->free_streams[route->n_hops];
  self->free_streams[route->n_hops] = t->first_stream;
}
