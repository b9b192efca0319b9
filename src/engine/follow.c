/* Hops that follow the hop before them: full bursts leave the hop before no faster than they are served here, and nobody comes here from elsewhere.
 *
 * Then each full burst is granted when it comes, D = hold + latency of the hop before after its grant there, and takes no step: that stream's grants tell all. Only the
 * last burst, which may be short and so come sooner, is offered as ever. A hop whose children all follow need not tell of its bursts' arrivals, either.
 *
 * Several streams follow at one resource when they come from one. Let burst i, the i-th that comes, be F_i there and C_i here, C_i <= F_i. It comes at least F_i after the one
 * before, so with W_i the work that it finds here, W_i + C_i <= max (C_i, W_(i-1) + C_(i-1) - F_i + C_i) <= max (C_i, W_(i-1) + C_(i-1)): never more than the longest C.
 * (C_i <= F_i holds for a last burst where it does for full ones: the clock edges here are among those there.) So a burst with F_i >= all C finds none: a full burst, if no full hold there is shorter than one here. Last bursts may wait.
 *
 * When another transfer comes to the resource from elsewhere, the state of that moment is made from the last grants of the hops before. Those of D cycles are enough, and the one
 * before them: PAST of them, as grants of a stream are at least a hold apart.
 */
#include "config.h"
#include "engine/private.h"

static const Hop *
hops_of (const HdEngine *self, const Stream *stream)
{
  return self->hop + self->transfer[stream->transfer].route->first_hop;
}

static const Hop *
hop_of (const HdEngine *self, const Stream *stream)
{
  return hops_of (self, stream) + stream->hop;
}

/* The stream of the hop before. */
static Stream *
before (const HdEngine *self, const Stream *stream)
{
  return self->stream + (stream - self->stream) - stream->hop + hop_of (self, stream)->parent;
}

static guint64
delay_of (const HdEngine *self, const Stream *stream)
{
  const Hop *hop = hop_of (self, before (self, stream));
  return hop->hold + hop->latency;
}

/* --- beginning ----------------------------------------------------------------------------------------------------- */

/* Children of hop @h that are to be told of every burst. */
static guint32
count_told (const Hop *hop, const Stream *root, guint32 h)
{
  guint32 n = 0;
  for (guint32 child = hop[h].first_child; child != HD_NONE; child = hop[child].next_sibling)
    n += !hop[child].silent && !root[child].follows;
  return n;
}

/* Whether the stream of a transfer that is issued now can follow where others do. All who are there must. */
gboolean
_hd_follow_may_join (const HdEngine *self, guint32 index)
{
  const Stream *stream = &self->stream[index];
  const Hop *hop = hop_of (self, stream), *from = &hops_of (self, stream)[hop->parent == HD_NONE ? 0 : hop->parent];
  const Resource *resource = &self->resource[hop->resource];
  if (resource->n_followers != resource->users || !hop->may_follow || from->resource != resource->followed)
    return FALSE;
  return MIN (from->hold, resource->pace) >= MAX (hop->hold, resource->slowest);
}

/* Its user is counted already, and those that it may not join follow no more. */
static gboolean
can_follow (const HdEngine *self, const Stream *stream)
{
  const Hop *hop = hop_of (self, stream);
  const Resource *resource = &self->resource[hop->resource];
  return resource->follower != HD_NONE || (hop->may_follow && resource->users == 1 && resource->busy_until <= self->now);
}

static void
join (HdEngine *self, Stream *stream)
{
  const Hop *hop = hop_of (self, stream), *from = hop_of (self, before (self, stream));
  Resource *resource = &self->resource[hop->resource];
  gboolean first = resource->n_followers++ == 0;
  resource->followed = from->resource;
  resource->pace = first ? from->hold : MIN (resource->pace, from->hold);
  resource->slowest = first ? hop->hold : MAX (resource->slowest, hop->hold);
  stream->follows = TRUE;
  stream->previous_follower = HD_NONE;
  stream->next_follower = resource->follower;
  if (!first)
    self->stream[resource->follower].previous_follower = (guint32) (stream - self->stream);
  resource->follower = (guint32) (stream - self->stream);
}

/* A transfer that was issued now and is not alone: which of its hops follow; its users are counted already. While recording, each burst is shown. */
void
_hd_follow_begin (HdEngine *self, guint32 transfer)
{
  const Transfer *t = &self->transfer[transfer];
  const Hop *hop = self->hop + t->route->first_hop;
  Stream *root = &self->stream[t->first_stream];
  if (self->recording)
    return;
  for (guint32 h = 1; h < t->route->n_hops; h++) {
    if (!can_follow (self, &root[h]))
      continue;
    join (self, &root[h]);
    Stream *parent = &root[hop[h].parent];
    parent->told = count_told (hop, root, hop[h].parent);
    if (parent->told == 0)
      parent->arrived = t->n_bursts - 1;
  }
}

/* --- what has happened --------------------------------------------------------------------------------------------- */

/* How many of the stream's full bursts have come before @cycle. */
static guint64
count_come (const HdEngine *self, const Stream *stream, guint64 cycle)
{
  const Stream *from = before (self, stream);
  guint64 delay = delay_of (self, stream), n = MIN (from->granted, self->transfer[stream->transfer].n_bursts - 1);
  while (n > 0 && from->past[(n - 1) % PAST] + delay >= cycle)
    n--;
  return n;
}

/* The stream's first @n bursts were granted, each when it came: the last of them may be the resource's. */
static void
note_last (HdEngine *self, const Stream *stream, guint64 n)
{
  const Hop *hop = hop_of (self, stream);
  Resource *resource = &self->resource[hop->resource];
  guint64 idle = n == 0 ? 0 : before (self, stream)->past[(n - 1) % PAST] + delay_of (self, stream) + hop->hold;
  if (idle <= resource->busy_until)
    return;
  resource->busy_until = idle;
  resource->wakes_itself = FALSE;
  resource->last_task = self->transfer[stream->transfer].task;
  resource->last_queue = self->transfer[stream->transfer].queue;
}

/* The stream follows no more. Its first @n bursts were granted. */
static void
leave (HdEngine *self, Stream *stream, guint64 n)
{
  const Hop *hop = hop_of (self, stream);
  Resource *resource = &self->resource[hop->resource];
  stream->follows = FALSE;
  stream->granted = n;
  resource->n_followers--;
  resource->bits += n * self->transfer[stream->transfer].route->burst;
  resource->busy_cycles += n * hop->hold;
  if (stream->previous_follower == HD_NONE)
    resource->follower = stream->next_follower;
  else
    self->stream[stream->previous_follower].next_follower = stream->next_follower;
  if (stream->next_follower != HD_NONE)
    self->stream[stream->next_follower].previous_follower = stream->previous_follower;
}

/* The last burst comes: those before it have been granted. What the others brought may be in its way; it was granted before this burst was. */
void
_hd_follow_last (HdEngine *self, guint32 index)
{
  Stream *stream = &self->stream[index];
  const Resource *resource = &self->resource[hop_of (self, stream)->resource];
  for (guint32 i = resource->follower; i != HD_NONE; i = self->stream[i].next_follower)
    note_last (self, &self->stream[i], count_come (self, &self->stream[i], self->now + 1));
  leave (self, stream, self->transfer[stream->transfer].n_bursts - 1);
}

/* The hop before tells of each burst from now on; @come of them are here. */
static void
tell_again (HdEngine *self, Stream *stream, guint64 come, guint64 delay)
{
  guint64 full = MIN (stream->granted, self->transfer[stream->transfer].n_bursts - 1);
  if (stream->told++ > 0)
    return;
  _hd_stream_watch (self, stream, hop_of (self, stream));
  stream->arrived = come;
  for (guint64 k = come; k < full; k++)
    hd_event_queue_push (self->events, stream->past[k % PAST] + delay, EVENT (EVENT_ARRIVE, (guint32) (stream - self->stream)));
}

/* All who follow go on burst by burst from now on. The grants of this cycle have happened if this is not its first round. */
void
_hd_follow_break (HdEngine *self, HdResourceId r)
{
  Resource *resource = &self->resource[r];
  guint32 waits = HD_NONE;
  if (_hd_is_unwatched (&self->resource[resource->followed]))
    _hd_settle_before (self, resource->followed);
  while (resource->follower != HD_NONE) {
    Stream *stream = &self->stream[resource->follower];
    guint64 come = count_come (self, stream, self->now + 1), granted = count_come (self, stream, self->now + (self->round > 1));
    note_last (self, stream, granted);
    if (come > granted)
      waits = resource->follower;   /* bursts come one by one */
    leave (self, stream, granted);
    tell_again (self, before (self, stream), come, delay_of (self, stream));
  }
  if (waits == HD_NONE)
    return;
  _hd_stream_queue_offer (self, &self->stream[waits], self->now);
  _hd_resource_wait (self, r, waits, self->now);
}
