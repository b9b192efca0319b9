/* First-come resources whose grants nobody watches: what is behind them follows or only asks for last bursts (a stream's `told` is 0).
 *
 * Offers are served in their order, so when one is granted is known as soon as those before it are; nobody needs to be there. Such a resource has no event for each burst:
 * its grants are made up, in order, when somebody wants to know, and when a last burst is granted, which is an event. Its cycle is that in which the resource has
 * served all that was offered before, and is known when the last burst is offered: what comes later goes behind it.
 *
 * A stream at its first hop offers a burst when it is granted the one before, so its last burst is not offered yet. But those that wait so take turns: before one of them
 * is at its last burst, each has had as many as the one that needs the fewest. Whole rounds of them are made up at once.
 */
#include "config.h"
#include "engine/private.h"

/* The hop of the stream that waits. */
static const Hop *
hop_of (const HdEngine *self, const Waiting *w)
{
  return &self->hop[self->transfer[self->stream[w->stream].transfer].route->first_hop + w->hop];
}

/* Bursts of the stream that waits that have not been granted. */
static guint64
left (const HdEngine *self, const Waiting *w)
{
  const Stream *stream = &self->stream[w->stream];
  return self->transfer[stream->transfer].n_bursts - stream->granted;
}

/* --- rounds of those who take turns --------------------------------------------------------------------------------- */

/* All who wait do so with their first hops, each behind a burst that was granted. @round: of so many cycles. Returns how many rounds are over before @until, with none at its last burst. */
static guint64
count_rounds (const HdEngine *self, const Resource *r, guint64 until, guint64 *round)
{
  const Waiting *w = r->waiting + r->first_waiting;
  guint64 least = G_MAXUINT64;
  *round = 0;
  if (until < r->busy_until + 2 * r->n_waiting)   /* a hold is a cycle at least */
    return 0;
  for (guint32 i = 0; i < r->n_waiting; i++) {
    if (w[i].hop != 0 || self->stream[w[i].stream].granted == 0)
      return 0;
    least = MIN (least, left (self, &w[i]) - 1);
    *round = hd_cycle_add (*round, hop_of (self, &w[i])->hold);
  }
  return MIN (least, (until - r->busy_until) / *round);
}

static void
grant_rounds (HdEngine *self, HdResourceId r, guint64 n, guint64 round)
{
  Resource *resource = &self->resource[r];
  Waiting *w = resource->waiting + resource->first_waiting;
  guint64 first = resource->busy_until, bits = 0;
  for (guint32 i = 0; i < resource->n_waiting; i++) {
    Stream *stream = &self->stream[w[i].stream];
    for (guint64 k = n - MIN (n, PAST); k < n; k++)
      stream->past[(stream->granted + k) % PAST] = first + k * round;
    stream->granted += n;
    w[i].offer = stream->offers.first = first + (n - 1) * round;
    bits += n * self->transfer[stream->transfer].route->burst;
    first += hop_of (self, &w[i])->hold;
    resource->last_task = w[i].task;
  }
  if (self->recording)
    _hd_series_hold (self, r, resource->busy_until, bits);
  self->n_moves += n * resource->n_waiting;
  resource->wakes_itself = FALSE;
  resource->bits += bits;
  resource->busy_cycles += n * round;
  resource->busy_until += n * round;
}

/* --- all that is granted before a cycle ------------------------------------------------------------------------------ */

void
_hd_settle (HdEngine *self, HdResourceId r, guint64 until)
{
  Resource *resource = &self->resource[r];
  guint32 steps = 0;
  while (resource->n_waiting > 0) {
    guint64 round, rounds = steps++ % (resource->n_waiting + 1) == 0 ? count_rounds (self, resource, until, &round) : 0;
    if (rounds > 1)
      grant_rounds (self, r, rounds, round);
    guint64 cycle = _hd_align (MAX (resource->busy_until, resource->waiting[resource->first_waiting].offer), resource->period);
    if (cycle >= until)
      return;
    _hd_resource_grant (self, r, 0, cycle);
  }
}

/* All that has been granted at this point of this cycle. In its first round, or when the resource waits for phase 3, nothing of this cycle. */
void
_hd_settle_before (HdEngine *self, HdResourceId r)
{
  _hd_settle (self, r, self->now + (self->round > 1 && !self->resource[r].dirty));
}

/* --- when a last burst is granted ------------------------------------------------------------------------------------- */

typedef struct {
  guint64 offer;
  const Waiting *who;
} Last;

static gboolean
stands_before (const Waiting *a, const Waiting *b)
{
  if (a->queue != b->queue)
    return a->queue < b->queue;
  return a->task != b->task ? a->task < b->task : a->hop < b->hop;
}

static guint64
last_offer (const HdEngine *self, const Stream *stream)
{
  const OfferRun *run = stream->last_run == HD_NONE ? &stream->offers : &self->run[stream->last_run];
  return run->first + (run->count - 1) * run->step;
}

/* The first of the last bursts that were offered; `who` is NULL when there is none. */
static Last
first_last (const HdEngine *self, const Resource *r)
{
  const Waiting *w = r->waiting + r->first_waiting;
  Last first = { G_MAXUINT64, NULL };
  for (guint32 i = 0; i < r->n_waiting; i++) {
    const Stream *stream = &self->stream[w[i].stream];
    if (stream->waiting != left (self, &w[i]))
      continue;
    guint64 offer = last_offer (self, stream);
    if (offer < first.offer || (offer == first.offer && stands_before (&w[i], first.who)))
      first = (Last) { offer, &w[i] };
  }
  return first;
}

/* How many of the run's offers were made before @cycle. */
static guint64
count_before (const OfferRun *run, guint64 cycle)
{
  if (run->first + (run->count - 1) * run->step < cycle)
    return run->count;
  return run->first >= cycle ? 0 : (cycle - 1 - run->first) / run->step + 1;
}

/* How many bursts of @w, which wait, stand before @last. */
static guint64
count_ahead (const HdEngine *self, const Waiting *w, const Last *last)
{
  const Stream *stream = &self->stream[w->stream];
  if (w == last->who)
    return stream->waiting - 1;
  guint64 until = last->offer + stands_before (w, last->who), n = count_before (&stream->offers, until);
  if (stream->last_run == HD_NONE)
    return n;
  for (guint32 i = stream->offers.next;; i = self->run[i].next) {
    n += count_before (&self->run[i], until);
    if (i == stream->last_run)
      return n;
  }
}

/* No last burst is granted before this cycle. Those that wait with their first hops take turns until then. */
static guint64
earliest_last (const HdEngine *self, const Resource *r, const Last *last)
{
  const Waiting *w = r->waiting + r->first_waiting;
  guint64 round = 0, least = G_MAXUINT64, work = 0;
  for (guint32 i = 0; i < r->n_waiting; i++) {
    guint64 hold = hop_of (self, &w[i])->hold;
    if (last->who != NULL)
      work = hd_cycle_add (work, _hd_cycles_times (count_ahead (self, &w[i], last), hold));
    else if (w[i].hop == 0) {
      least = MIN (least, left (self, &w[i]) - 1);
      round = hd_cycle_add (round, hold);
    }
  }
  if (last->who == NULL && round == 0)
    return NEVER;
  return hd_cycle_add (_hd_align (MAX (r->busy_until, self->now), r->period), last->who != NULL ? work : _hd_cycles_times (least, round));
}

/* The resource is looked at again when a last burst may be granted. */
void
_hd_settle_wake (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  if (resource->n_waiting == 0 || (resource->wake > self->now && resource->last_since < self->now))
    return;
  Last last = first_last (self, resource);
  guint64 cycle = earliest_last (self, resource, &last);
  if (cycle == NEVER)
    return;
  _hd_resource_wake_at (self, r, cycle);
  resource->last_since = last.who != NULL ? self->now : NEVER;
}
