/* Hops that follow the hop before them: nobody else uses the resource, and full bursts leave the hop before no faster than they are served here.
 *
 * Then each full burst is granted when it comes, D = hold + latency of the hop before after its grant there, and takes no step: that stream's grants tell all. Only the
 * last burst, which may be short and so come sooner, is offered as ever. A hop whose children all follow need not tell of its bursts' arrivals, either.
 *
 * When another transfer comes to the resource, the state of that moment is made from the last grants of the hop before. Those of D cycles are enough, and the one before
 * them: PAST of them, as grants there are at least a hold apart.
 */
#include "config.h"
#include "engine/private.h"

static const Hop *
hops_of (const HdEngine *self, const Stream *stream)
{
  return self->hop + self->transfer[stream->transfer].route->first_hop;
}

/* Children of hop @h that are to be told of every burst. */
static guint32
count_told (const Hop *hop, const Stream *root, guint32 h)
{
  guint32 n = 0;
  for (guint32 child = hop[h].first_child; child != HD_NONE; child = hop[child].next_sibling)
    n += !hop[child].silent && !root[child].follows;
  return n;
}

static gboolean
can_follow (const HdEngine *self, const Hop *hop)
{
  const Resource *resource = &self->resource[hop->resource];
  return hop->may_follow && resource->users == 1 && resource->busy_until <= self->now;
}

/* A transfer that was issued now and is not alone: which of its hops follow; its users are counted already. While recording, each burst is shown. */
void
_hd_follow_begin (HdEngine *self, guint32 transfer)
{
  const Transfer *t = &self->transfer[transfer];
  const Hop *hop = self->hop + t->route->first_hop;
  guint32 first = transfer * self->max_hops;
  Stream *root = &self->stream[first];
  if (self->recording || t->n_bursts < 3)
    return;
  for (guint32 h = 1; h < t->route->n_hops; h++) {
    if (!can_follow (self, &hop[h]))
      continue;
    Stream *before = &root[hop[h].parent];
    root[h].follows = TRUE;
    self->resource[hop[h].resource].follower = first + h;
    before->told = count_told (hop, root, hop[h].parent);
    if (before->told == 0)
      before->arrived = t->n_bursts - 1;
  }
}

/* The first @n bursts were granted, each when it came. */
static void
account (HdEngine *self, Stream *stream, const Hop *hop, guint64 n, guint64 delay)
{
  Resource *resource = &self->resource[hop->resource];
  const Transfer *t = &self->transfer[stream->transfer];
  stream->follows = FALSE;
  stream->granted = n;
  resource->follower = HD_NONE;
  if (n == 0)
    return;
  resource->bits += n * t->route->burst;
  resource->busy_cycles += n * hop->hold;
  resource->busy_until = (stream - stream->hop + hop->parent)->past[(n - 1) % PAST] + delay + hop->hold;
  resource->wakes_itself = FALSE;
  resource->last_task = t->task;
  resource->last_queue = t->queue;
}

static guint64
delay_to (const Hop *hop, guint32 h)
{
  const Hop *before = &hop[hop[h].parent];
  return before->hold + before->latency;
}

/* The last burst comes: those before it have been granted. */
void
_hd_follow_last (HdEngine *self, guint32 index)
{
  Stream *stream = &self->stream[index];
  const Hop *hop = hops_of (self, stream);
  account (self, stream, &hop[stream->hop], self->transfer[stream->transfer].n_bursts - 1, delay_to (hop, stream->hop));
}

/* The hop before tells of each burst from now on; @come of them are here. */
static void
tell_again (HdEngine *self, guint32 before, guint64 come, guint64 delay)
{
  Stream *stream = &self->stream[before];
  guint64 full = MIN (stream->granted, self->transfer[stream->transfer].n_bursts - 1);
  if (stream->told++ > 0)
    return;
  stream->arrived = come;
  for (guint64 k = come; k < full; k++)
    hd_event_queue_push (self->events, stream->past[k % PAST] + delay, EVENT (EVENT_ARRIVE, before));
}

/* Goes on burst by burst from now on. The grants of this cycle have happened if this is not its first round. */
void
_hd_follow_break (HdEngine *self, guint32 index)
{
  Stream *stream = &self->stream[index];
  const Hop *hop = hops_of (self, stream);
  const Stream *before = stream - stream->hop + hop[stream->hop].parent;
  guint64 delay = delay_to (hop, stream->hop), come = MIN (before->granted, self->transfer[stream->transfer].n_bursts - 1), granted;
  while (come > 0 && before->past[(come - 1) % PAST] + delay > self->now)
    come--;
  granted = come;
  if (come > 0 && before->past[(come - 1) % PAST] + delay == self->now && self->round == 1)
    granted--;
  account (self, stream, &hop[stream->hop], granted, delay);
  tell_again (self, index - stream->hop + hop[stream->hop].parent, come, delay);
  if (come == granted)
    return;
  _hd_stream_queue_offer (self, stream, self->now);
  _hd_resource_wait (self, hop[stream->hop].resource, index, self->now);
}
