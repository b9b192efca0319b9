/* The plan: what an engine derives once from its schedule and platform.
 *
 * Routes get their bursts, holds and tree links, and whether a transfer that is alone on them has a closed form. Tasks and pieces get the links by
 * which an end finds what it sets free. Most of these links stand in the schedule already: the tasks that wait for a task's end are the users of
 * the pieces it creates, and where those are also the tasks that release the piece, its release row names them.
 */
#include "config.h"
#include "engine/private.h"

#include <string.h>

#define HOLD_MAX (G_GUINT64_CONSTANT (1) << 62)   /* [cycle] */
#define HOPS_DEEP_MAX 1000   /* a cascade of offers goes this deep */

static void
link_children (Hop *hop, guint32 n)
{
  for (guint32 h = n; h-- > 1;) {
    hop[h].next_sibling = hop[hop[h].parent].first_child;
    hop[hop[h].parent].first_child = h;
  }
}

/* The distance of bursts behind hop @h, at least and at most, from that before it. */
static Pace
pace_of (const Hop *hop, guint64 *least, guint64 *most)
{
  if (!hop->limited)
    return PACE_PASS;
  if (hop->parent == HD_NONE || hop->hold >= *most) {
    *least = *most = hop->hold;
    return PACE_BUSY;
  }
  if (hop->hold > *least)
    return PACE_MIXED;
  *least -= *least % hop->period;
  *most = _hd_align (*most, hop->period);
  return PACE_FOLLOW;
}

/* Whether the course of a transfer that is alone on @route has a closed form, hop by hop. */
static void
find_paces (HdEngine *self, Route *route)
{
  Hop *hop = self->hop + route->first_hop;
  g_autofree guint64 *least = g_new (guint64, route->n_hops);
  g_autofree guint64 *most = g_new (guint64, route->n_hops);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);   /* resources */
  route->closed = TRUE;
  route->steady = G_MAXUINT64;
  for (guint32 h = 0; h < route->n_hops; h++) {
    guint32 parent = hop[h].parent;
    least[h] = parent == HD_NONE ? 0 : least[parent];
    most[h] = parent == HD_NONE ? 0 : most[parent];
    hop[h].pace = pace_of (&hop[h], &least[h], &most[h]);
    const HdResource *r = &self->platform->resource[hop[h].resource];
    gboolean slots = hop[h].limited && r->arbiter == HD_ARBITER_TIME_SLOTS && r->n_slots > 1;
    if (hop[h].pace == PACE_MIXED || slots)
      route->closed = FALSE;
    if (route->steady == G_MAXUINT64)
      route->steady = least[h];
    if (least[h] != most[h] || least[h] != route->steady)
      route->steady = 0;
    if (hop[h].limited && !g_hash_table_add (seen, GUINT_TO_POINTER (hop[h].resource)))
      route->closed = FALSE;
  }
}

static gboolean
make_hop (HdEngine *self, const HdHop *from, guint32 parent, guint64 burst, Hop *hop)
{
  const HdResource *r = &self->platform->resource[from->resource];
  *hop = (Hop) {
    .resource = from->resource, .parent = parent, .first_child = HD_NONE, .next_sibling = HD_NONE,
    .limited = r->width_bits != 0, .arrives = from->arrives != HD_NONE, .period = r->period, .latency = r->latency,
  };
  return !hop->limited || (hd_mul_u64 (hd_ceil_div (burst, r->width_bits), r->period, &hop->hold) && hop->hold <= HOLD_MAX);
}

/* A hop between others that takes no time: bursts are behind it when they come to it, and it is left out. */
static gboolean
is_passed (const HdEngine *self, const HdHop *from)
{
  const HdResource *r = &self->platform->resource[from->resource];
  return from->parent != HD_NONE && from->arrives == HD_NONE && r->width_bits == 0 && r->latency == 0;
}

static gboolean
make_hops (HdEngine *self, guint32 r, Route *route, guint32 *n_passed, GError **error)
{
  const HdRoute *from = &self->schedule->route[r];
  Hop *hop = self->hop + route->first_hop;
  g_autofree guint32 *index = g_new (guint32, from->n_hops);   /* here, of each of the schedule's hops, or of the one before it */
  route->first_passed = *n_passed;
  for (guint32 i = 0; i < from->n_hops; i++) {
    guint32 parent = from->hop[i].parent == HD_NONE ? HD_NONE : index[from->hop[i].parent];
    if (is_passed (self, &from->hop[i])) {
      index[i] = parent;
      self->passed[(*n_passed)++] = from->hop[i].resource;
      continue;
    }
    if (!make_hop (self, &from->hop[i], parent, route->burst, &hop[route->n_hops])) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "a burst of route %u takes more than 2^62 cycles at hop %u", r, i);
      return FALSE;
    }
    index[i] = route->n_hops++;
  }
  route->n_passed = *n_passed - route->first_passed;
  return TRUE;
}

/* Without a window nobody asks where a burst is, but for the last; children stand behind their parents. */
static void
find_quiet (const HdEngine *self, Hop *hop, guint32 n)
{
  for (guint32 h = n; h-- > 0;) {
    hop[h].quiet = self->platform->window == 0 && (hop[h].limited || hop[h].parent != HD_NONE);
    for (guint32 child = hop[h].first_child; child != HD_NONE; child = hop[child].next_sibling)
      hop[h].quiet &= hop[child].silent;
    hop[h].silent = hop[h].quiet && !hop[h].limited;
  }
}

/* See follow.c. All that matters behind such a hop is the last burst. */
static void
find_followers (const HdEngine *self, Hop *hop, guint32 n)
{
  for (guint32 h = 1; h < n; h++) {
    const Hop *before = &hop[hop[h].parent];
    const HdResource *r = &self->platform->resource[hop[h].resource];
    gboolean slots = r->arbiter == HD_ARBITER_TIME_SLOTS && r->n_slots > 1;
    gboolean on_edges = before->period % hop[h].period == 0 && before->latency % hop[h].period == 0;
    gboolean slow = before->limited && hop[h].hold <= before->hold && before->latency / before->hold < PAST - 2;
    hop[h].may_follow = hop[h].limited && hop[h].quiet && !slots && on_edges && slow;
  }
}

static void
price_route (HdEngine *self, const HdRoute *from, Route *route)
{
  const HdPlatform *p = self->platform;
  route->price = p->memory[from->source].read_pj_per_bit;
  route->from_dram = p->memory[from->source].dram;
  for (guint h = 0; h < from->n_hops; h++) {
    route->price += p->resource[from->hop[h].resource].energy_pj_per_bit;
    if (from->hop[h].arrives == HD_NONE)
      continue;
    const HdMemory *to = &p->memory[from->hop[h].arrives];
    route->price += to->write_pj_per_bit;
    route->n_destinations++;
    route->n_dram_destinations += to->dram != FALSE;
  }
}

/* What the engine relies on beyond the schedule's own validation. */
static gboolean
check_route (const HdRoute *from, guint32 index, GError **error)
{
  g_autofree guint *depth = g_new (guint, from->n_hops), *children = g_new0 (guint, from->n_hops);
  for (guint32 h = 0; h < from->n_hops; h++) {
    depth[h] = from->hop[h].parent == HD_NONE ? 1 : depth[from->hop[h].parent] + 1;
    if (h > 0)
      children[from->hop[h].parent]++;
    if (depth[h] > HOPS_DEEP_MAX) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "route %u is more than %d hops deep", index, HOPS_DEEP_MAX);
      return FALSE;
    }
  }
  for (guint32 h = 0; h < from->n_hops; h++)
    if (children[h] == 0 && from->hop[h].arrives == HD_NONE) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "route %u ends at hop %u without a destination", index, h);
      return FALSE;
    }
  return TRUE;
}

static gboolean
make_route (HdEngine *self, guint32 index, guint32 *n_passed, GError **error)
{
  const HdRoute *from = &self->schedule->route[index];
  Route *route = &self->route[index];
  Hop *hop = self->hop + route->first_hop;
  if (from->n_hops == 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "route %u has no hops - expected at least one", index);
    return FALSE;
  }
  if (!check_route (from, index, error))
    return FALSE;
  route->burst = MAX (1, hd_platform_route_burst (self->platform, from));
  if (!make_hops (self, index, route, n_passed, error))
    return FALSE;
  route->first_limited = HD_NONE;
  for (guint32 h = route->n_hops; h-- > 0;)
    if (hop[h].limited)
      route->first_limited = h;
  link_children (hop, route->n_hops);
  find_quiet (self, hop, route->n_hops);
  find_followers (self, hop, route->n_hops);
  price_route (self, from, route);
  find_paces (self, route);
  return TRUE;
}

static gboolean
make_routes (HdEngine *self, GError **error)
{
  const HdSchedule *s = self->schedule;
  gsize n_hops = 0;
  for (guint i = 0; i < s->n_routes; i++) {
    self->max_hops = MAX (self->max_hops, s->route[i].n_hops);
    n_hops += s->route[i].n_hops;
  }
  if (n_hops > EVENT_INDEX_MAX) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "the routes have too many hops (%" G_GSIZE_FORMAT ")", n_hops);
    return FALSE;
  }
  self->hop = g_new0 (Hop, n_hops);
  self->passed = g_new (HdResourceId, n_hops);
  self->route = g_new0 (Route, s->n_routes);
  guint32 first = 0, n_passed = 0;
  for (guint i = 0; i < s->n_routes; i++) {
    self->route[i].first_hop = first;
    first += s->route[i].n_hops;
    if (!make_route (self, i, &n_passed, error))
      return FALSE;
  }
  return TRUE;
}

/* --- links ------------------------------------------------------------------------------------------ */

static gboolean
row_has (const guint32 *from, const guint32 *to, guint32 value)
{
  while (from < to) {
    const guint32 *middle = from + (to - from) / 2;
    if (*middle == value)
      return TRUE;
    if (*middle < value)
      from = middle + 1;
    else
      to = middle;
  }
  return FALSE;
}

static guint64
release_count (const HdSchedule *s, HdPieceId p)
{
  return s->release_begin[p + 1] - s->release_begin[p];
}

static gboolean
is_extra (const HdEngine *self, HdPieceId p)
{
  return (self->piece[p].next & LINK_EXTRA) != 0;
}

/* Marks the pieces whose users are not just those that release them. `conditions` and `next` count users and hits until then. */
static void
find_extra_pieces (HdEngine *self)
{
  const HdSchedule *s = self->schedule;
  for (guint32 t = 0; t < s->n_tasks; t++)
    for (guint64 u = s->use_begin[t]; u < s->use_begin[t + 1]; u++) {
      HdPieceId p = s->use[u];
      self->piece[p].conditions++;
      self->piece[p].next += row_has (s->release + s->release_begin[p], s->release + s->release_begin[p + 1], t);
    }
  for (guint32 p = 0; p < s->n_pieces; p++) {
    PieceLink *link = &self->piece[p];
    gboolean same = link->conditions == link->next && link->next == release_count (s, p) && link->next > 0;
    link->next = LINK_END | (same ? 0 : LINK_EXTRA);
  }
}

static void
link_pieces (HdEngine *self)
{
  const HdSchedule *s = self->schedule;
  for (guint32 t = 0; t < s->n_tasks; t++)
    self->first_piece[t] = LINK_END;
  for (guint32 p = s->n_pieces; p-- > 0;) {
    if (!_hd_has_creator (s, p))
      continue;
    guint32 *first = &self->first_piece[s->piece_creator[p]];
    self->piece[p].next = *first | (self->piece[p].next & LINK_EXTRA);
    *first = p;
  }
}

/* Calls for each extra edge: at the end of @from, @entry is told. With @fill: writes it, at the place that extra_begin[from] says; without: counts. */
static void
extra_edge (HdEngine *self, HdTaskId from, guint32 entry, gboolean fill)
{
  guint32 *at = &self->extra_begin[from + 1];
  if (fill)
    self->extra[*at] = entry;
  (*at)++;
}

static void
walk_extra_edges (HdEngine *self, gboolean fill)
{
  const HdSchedule *s = self->schedule;
  for (guint32 t = 0; t < s->n_tasks; t++) {
    for (guint64 u = s->use_begin[t]; u < s->use_begin[t + 1]; u++)
      if (is_extra (self, s->use[u]) && _hd_has_creator (s, s->use[u]))
        extra_edge (self, s->piece_creator[s->use[u]], t, fill);
    for (guint64 a = s->after_begin[t]; a < s->after_begin[t + 1]; a++)
      extra_edge (self, s->after[a], t, fill);
  }
  for (guint32 p = 0; p < s->n_pieces; p++)
    for (guint64 r = s->release_begin[p]; is_extra (self, p) && r < s->release_begin[p + 1]; r++)
      extra_edge (self, s->release[r], p | EXTRA_RELEASE, fill);
}

/* Rows by counting: extra_begin[t+1] holds the count, then the place to write next, at the end the row's end. */
static gboolean
make_extra_rows (HdEngine *self, GError **error)
{
  const HdSchedule *s = self->schedule;
  guint64 most = s->use_begin[s->n_tasks] + s->after_begin[s->n_tasks] + s->release_begin[s->n_pieces];
  if (most > G_MAXUINT32 - 1) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "the schedule has too many dependencies (%" G_GUINT64_FORMAT ")", most);
    return FALSE;
  }
  walk_extra_edges (self, FALSE);
  guint32 sum = 0;
  for (guint32 t = 0; t < s->n_tasks; t++) {
    guint32 count = self->extra_begin[t + 1];
    self->extra_begin[t + 1] = sum;
    sum += count;
  }
  self->extra = g_try_new (guint32, (gsize) sum + 1);
  if (self->extra == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "no memory for %u dependencies", sum);
    return FALSE;
  }
  walk_extra_edges (self, TRUE);
  return TRUE;
}

/* What the memories hold from the beginning must fit, and what unlimited ones can ever hold must be countable. */
static gboolean
check_pieces (HdEngine *self, GError **error)
{
  const HdPlatform *platform = self->platform;
  const HdSchedule *s = self->schedule;
  self->resident_bits = g_new0 (guint64, platform->n_memories);
  g_autofree guint64 *total = g_new0 (guint64, platform->n_memories);
  for (guint32 p = 0; p < s->n_pieces; p++) {
    HdMemoryId m = s->piece_memory[p];
    gboolean unlimited = platform->memory[m].capacity_bits == HD_UNLIMITED_BITS;
    gboolean counted = !unlimited || hd_add_u64 (total[m], s->piece_bits[p], &total[m]);
    if (counted && !_hd_has_creator (s, p))
      counted = hd_add_u64 (self->resident_bits[m], s->piece_bits[p], &self->resident_bits[m]);
    if (!counted) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "the pieces of memory %s have more than 2^64 bits together", platform->memory[m].id);
      return FALSE;
    }
  }
  for (guint m = 0; m < platform->n_memories; m++)
    if (self->resident_bits[m] > platform->memory[m].capacity_bits) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE,
                   "memory %s is to hold %" G_GUINT64_FORMAT " bit from the beginning - its capacity is %" G_GUINT64_FORMAT " bit",
                   platform->memory[m].id, self->resident_bits[m], platform->memory[m].capacity_bits);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_counts (HdEngine *self, GError **error)
{
  const HdSchedule *s = self->schedule;
  if (s->n_tasks < EXTRA_RELEASE && s->n_pieces < LINK_END && s->n_queues <= EVENT_INDEX_MAX && self->platform->n_resources <= EVENT_INDEX_MAX)
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "the schedule is too large (%u tasks, %u pieces, %u queues)", s->n_tasks, s->n_pieces, s->n_queues);
  return FALSE;
}

gboolean
_hd_plan_make (HdEngine *self, GError **error)
{
  const HdSchedule *s = self->schedule;
  if (!check_counts (self, error) || !check_pieces (self, error) || !make_routes (self, error))
    return FALSE;
  memset (self->piece, 0, ((gsize) s->n_pieces + 1) * sizeof *self->piece);
  memset (self->extra_begin, 0, ((gsize) s->n_tasks + 1) * sizeof *self->extra_begin);
  find_extra_pieces (self);
  link_pieces (self);
  return make_extra_rows (self, error);
}

/* Counts down from here: in `issue` the ends that a task waits for (0: none), in `conditions` those that a piece does. */
void
_hd_plan_reset_links (HdEngine *self)
{
  const HdSchedule *s = self->schedule;
  for (guint32 p = 0; p < s->n_pieces; p++) {
    guint64 n = release_count (s, p);
    self->piece[p].conditions = (guint32) n + _hd_has_creator (s, p) + (n == 0);
  }
  for (guint32 t = 0; t < s->n_tasks; t++) {
    guint64 waits = s->after_begin[t + 1] - s->after_begin[t];
    for (guint64 u = s->use_begin[t]; u < s->use_begin[t + 1]; u++)
      waits += _hd_has_creator (s, s->use[u]);
    self->issue[t] = waits == 0 ? 0 : HD_WAITS (waits, HD_NONE);
  }
}
