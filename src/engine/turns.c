/* Transfers that take turns: several that contend at their first hops for one first-come resource, and meet nobody else.
 *
 * Each of them always has one burst waiting there, offered when the one before was granted. So the order in which they wait is the order of their turns, again and
 * again, and the resource is busy without a gap. With b the cycle in which it is idle next, d_i the hold of a full burst of the i-th that waits, T the sum of all d_i:
 *
 *     burst r (of those to come) of transfer i is granted at   b + d_0 + ... + d_(i-1) + r T,   and gets to hop h   D_h cycles later,
 *
 * D_h being the holds and latencies on its way, provided that it is served at every hop when it comes. It is where nobody else uses the hop's resource, the hold
 * there is not longer than T, clock edges fit, and what went before is out of the way. Only full bursts go so, and none of them is the last of its transfer.
 *
 * There is no event for these bursts, one for the end of the turns. When another transfer comes to one of the resources before, the state of that moment is made.
 * Bursts that were under way at the beginning go on by their own events.
 */
#include "config.h"
#include "engine/private.h"

#include <string.h>

#define ROUNDS_MIN 3            /* fewer turns of each are stepped */
#define STEPS_MAX 256           /* grants until it is tried again, after a series of failures */
#define LATEST (G_MAXUINT64 / 4)   /* no cycle behind it is computed here */

static const Hop *
hops_of (const HdEngine *self, guint32 stream)
{
  return self->hop + self->transfer[self->stream[stream].transfer].route->first_hop;
}

static guint64
hold_of (const Hop *hop)
{
  return hop->limited ? hop->hold : 0;
}

/* How long after its grant at hop 0 a full burst has travelled behind hop @h when it waits nowhere, or more than LATEST. */
static guint64
delay_behind (const Hop *hop, guint32 h)
{
  guint64 delay = 0;
  for (; h != HD_NONE; h = hop[h].parent)
    delay = MIN (delay + MIN (hold_of (&hop[h]), LATEST) + MIN (hop[h].latency, LATEST), LATEST + 1);
  return delay;
}

/* When it comes to hop @h. */
static guint64
delay_to (const Hop *hop, guint32 h)
{
  return delay_behind (hop, hop[h].parent);
}

/* --- whether they can --------------------------------------------------------------------------------------------- */

/* The burst granted at hop 0 last, at @last, is at hop @h or on its way to it as if it had never waited, none before it is, and those to come,
 * the first at @first and then every @round cycles, will find the resource idle. */
static gboolean
flows (const HdEngine *self, const Hop *hop, const Stream *root, guint32 h, guint64 last, guint64 first, guint64 round)
{
  const Resource *resource = &self->resource[hop[h].resource];
  const Stream *stream = root + h;
  guint64 delay = delay_to (hop, h), period = hop[h].period, comes = last + delay;
  if (resource->users != 1 || resource->arbiter == HD_ARBITER_TIME_SLOTS || hop[h].hold > round)
    return FALSE;
  if (comes % period != 0 || (first + delay) % period != 0 || round % period != 0 || comes + hop[h].hold > first + delay)
    return FALSE;
  if (stream->granted == root->granted)
    return resource->busy_until == comes + hop[h].hold;
  return stream->granted == root->granted - 1 && comes >= self->now && resource->busy_until <= comes;
}

/* How many turns the transfer of @w can take, the first at @first. */
static guint64
turns_of (const HdEngine *self, const Waiting *w, guint64 first, guint64 round)
{
  const Stream *root = &self->stream[w->stream];
  const Transfer *t = &self->transfer[root->transfer];
  const Hop *hop = hops_of (self, w->stream);
  if (root->granted == 0 || t->n_bursts - 1 - root->granted < ROUNDS_MIN)
    return 0;
  for (guint32 h = 0; h < t->route->n_hops; h++)
    if (!hop[h].silent && !root[h].follows && (delay_behind (hop, h) > LATEST || (h > 0 && hop[h].limited && !flows (self, hop, root, h, w->offer, first, round))))
      return 0;
  return t->n_bursts - 1 - root->granted;
}

static guint64
find_turns (const HdEngine *self, const Resource *resource, guint64 *round)
{
  const Waiting *w = resource->waiting + resource->first_waiting;
  *round = 0;
  for (guint32 i = 0; i < resource->n_waiting; i++) {
    if (w[i].hop != 0 || *round > LATEST)
      return 0;
    *round += hops_of (self, w[i].stream)->hold;
  }
  guint64 turns = resource->busy_until < LATEST && *round < LATEST ? (LATEST - resource->busy_until) / *round : 0;
  guint64 first = resource->busy_until;
  for (guint32 i = 0; i < resource->n_waiting && turns >= ROUNDS_MIN; i++) {
    turns = MIN (turns, turns_of (self, &w[i], first, *round));
    first += hops_of (self, w[i].stream)->hold;
  }
  return turns;
}

static void
mark (HdEngine *self, HdResourceId r, HdResourceId turns)
{
  const Resource *resource = &self->resource[r];
  const Waiting *w = resource->waiting + resource->first_waiting;
  for (guint32 i = 0; i < resource->n_waiting; i++) {
    const Hop *hop = hops_of (self, w[i].stream);
    for (guint32 h = 0; h < self->transfer[self->stream[w[i].stream].transfer].route->n_hops; h++)
      if (hop[h].limited)
        self->resource[hop[h].resource].turns_at = turns;
  }
}

/* @r has just granted a burst and all its users wait for it: whether they take turns from now on. */
gboolean
_hd_turns_begin (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  if (resource->arbiter != HD_ARBITER_FIRST_COME || self->platform->window != 0)
    return FALSE;
  resource->turns = find_turns (self, resource, &resource->round);
  if (resource->turns < ROUNDS_MIN) {
    resource->steps = MIN (MAX (resource->n_waiting, resource->steps * 2), STEPS_MAX);
    resource->steps_before_turns = resource->steps;
    return FALSE;
  }
  resource->steps = 0;
  mark (self, r, r);
  hd_event_queue_push (self->events, resource->busy_until + resource->turns * resource->round, EVENT (EVENT_TURNS_END, r));
  return TRUE;
}

/* --- what has happened meanwhile ----------------------------------------------------------------------------------- */

/* How many of @n moments, the first at @first and then every @round cycles, come before @cycle. */
static guint64
count_before (guint64 first, guint64 round, guint64 n, guint64 cycle)
{
  return cycle <= first ? 0 : MIN (n, (cycle - 1 - first) / round + 1);
}

/* @n more bursts of the stream were granted, the first at @first. */
static void
note_grants (Stream *stream, guint64 first, guint64 round, guint64 n)
{
  for (guint64 k = n - MIN (n, PAST); k < n; k++)
    stream->past[(stream->granted + k) % PAST] = first + k * round;
  stream->granted += n;
}

/* A hop behind the first. @first: the first burst comes; @n: bursts granted at hop 0. */
static void
restore_hop (HdEngine *self, guint32 index, const Hop *hop, guint64 first, guint64 round, guint64 n, gboolean granted_now)
{
  Stream *stream = &self->stream[index];
  const Transfer *t = &self->transfer[stream->transfer];
  Resource *resource = &self->resource[hop->resource];
  guint64 offered = count_before (first, round, n, self->now + 1);
  guint64 granted = hop->limited ? count_before (first, round, n, self->now + granted_now) : offered;
  note_grants (stream, first, round, granted);
  resource->bits += granted * t->route->burst;
  if (!hop->limited)
    return;
  if (granted > 0) {
    resource->busy_cycles += granted * hop->hold;
    resource->busy_until = first + (granted - 1) * round + hop->hold;
    resource->wakes_itself = FALSE;
    resource->last_task = t->task;
    resource->last_queue = t->queue;
  }
  for (guint64 k = 0; k < granted && self->recording; k++)
    _hd_series_hold (self, hop->resource, first + k * round, t->route->burst);
  if (offered == granted)
    return;
  _hd_stream_queue_offer (self, stream, self->now);
  _hd_resource_wait (self, hop->resource, index, self->now);
}

/* Those that have travelled the latency of the hop, and those that travel. */
static void
restore_arrivals (HdEngine *self, guint32 index, guint64 first, guint64 round, guint64 n)
{
  guint64 arrived = count_before (first, round, n, self->now + 1);
  self->stream[index].arrived += arrived;
  for (guint64 k = arrived; k < n; k++)
    hd_event_queue_push (self->events, first + k * round, EVENT (EVENT_ARRIVE, index));
}

/* The first of the bursts of root stream @index was to be granted at @first. Returns how many were. */
static guint64
restore_transfer (HdEngine *self, guint32 index, guint64 first, const Resource *resource, gboolean granted_now)
{
  Stream *root = &self->stream[index];
  const Transfer *t = &self->transfer[root->transfer];
  const Hop *hop = hops_of (self, index);
  guint64 round = resource->round, n = count_before (first, round, resource->turns, self->now + granted_now);
  note_grants (root, first, round, n);
  self->n_moves += n;
  for (guint32 h = 0; h < t->route->n_hops && n > 0; h++) {
    guint64 comes = first + delay_to (hop, h), before = root[h].granted;
    if (hop[h].silent || root[h].follows)
      continue;
    if (h > 0)
      restore_hop (self, index + h, &hop[h], comes, round, n, granted_now);
    if (root[h].told > 0)
      restore_arrivals (self, index + h, first + delay_behind (hop, h), round, h > 0 ? root[h].granted - before : n);
  }
  return n;
}

/* Those that had their turn in a round that is not at its end (or all, when it is) wait behind the others. */
static void
rotate (Waiting *w, guint32 n, guint32 by)
{
  g_autofree Waiting *first = g_memdup2 (w, by * sizeof *w);
  memmove (w, w + by, (n - by) * sizeof *w);
  memcpy (w + n - by, first, by * sizeof *w);
}

/* Goes on burst by burst from now on. The grants of this cycle have happened if this is not its first round. */
void
_hd_turns_break (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  Waiting *w = resource->waiting + resource->first_waiting;
  gboolean granted_now = self->round > 1;
  guint64 begin = resource->busy_until, first = begin, bits = 0, most = 0;
  guint32 behind = 0;
  mark (self, r, HD_NONE);
  for (guint32 i = 0; i < resource->n_waiting; i++) {
    Stream *root = &self->stream[w[i].stream];
    const Hop *hop = hops_of (self, w[i].stream);
    guint64 n = restore_transfer (self, w[i].stream, first, resource, granted_now);
    most = MAX (most, n);
    behind += n == most;
    if (n > 0) {
      w[i].offer = root->offers.first = first + (n - 1) * resource->round;
      bits += n * self->transfer[root->transfer].route->burst;
      resource->busy_cycles += n * hop->hold;
      if (n == most) {
        resource->busy_until = w[i].offer + hop->hold;
        resource->last_task = w[i].task;
        resource->last_queue = w[i].queue;
      }
    }
    first += hop->hold;
  }
  rotate (w, resource->n_waiting, behind);
  resource->bits += bits;
  resource->wakes_itself = FALSE;
  if (self->recording && bits > 0)
    _hd_series_hold (self, r, begin, bits);
  _hd_resource_dirty (self, r);
}

void
_hd_turns_end (HdEngine *self, HdResourceId r)
{
  const Resource *resource = &self->resource[r];
  if (resource->turns_at == r && self->now == resource->busy_until + resource->turns * resource->round)
    _hd_turns_break (self, r);   /* else the event of turns that were broken */
}
