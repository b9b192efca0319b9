/* The topology as a directed graph of resources, and the routes through it.
 *
 * Vertices are resources. A memory's read port leads to the buses and links that it is attached to, these lead to further ones and to
 * write ports. A port is where a route begins or ends, never what it passes.
 */
#include "config.h"
#include "platform/private.h"

#include <string.h>

/* --- edges ------------------------------------------------------------------------------------ */

static gint
compare_edges (gconstpointer a, gconstpointer b)
{
  const HdEdge *x = a, *y = b;
  if (x->from != y->from)
    return x->from < y->from ? -1 : 1;
  return x->to < y->to ? -1 : x->to > y->to;
}

static HdAdjacency
make_adjacency (GArray *edges, guint n)
{
  HdAdjacency adjacency = { g_new0 (guint32, n + 1), g_new (HdResourceId, edges->len + 1) };
  guint32 count = 0, row = 0;
  g_array_sort (edges, compare_edges);
  for (guint i = 0; i < edges->len; i++) {
    const HdEdge *edge = &g_array_index (edges, HdEdge, i);
    if (i > 0 && compare_edges (edge, edge - 1) == 0)
      continue;
    while (row < edge->from)
      adjacency.begin[++row] = count;
    adjacency.to[count++] = edge->to;
  }
  while (row < n)
    adjacency.begin[++row] = count;
  return adjacency;
}

void
_hd_platform_set_edges (HdPlatformPrivate *self, GArray *edges)
{
  self->forward = make_adjacency (edges, self->platform.n_resources);
  for (guint i = 0; i < edges->len; i++) {
    HdEdge *edge = &g_array_index (edges, HdEdge, i);
    *edge = (HdEdge) { edge->to, edge->from };
  }
  self->backward = make_adjacency (edges, self->platform.n_resources);
}

gboolean
_hd_platform_has_edge (const HdPlatformPrivate *self, HdResourceId from, HdResourceId to)
{
  guint32 low = self->forward.begin[from], high = self->forward.begin[from + 1];
  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    if (self->forward.to[middle] == to)
      return TRUE;
    if (self->forward.to[middle] < to)
      low = middle + 1;
    else
      high = middle;
  }
  return FALSE;
}

int
_hd_compare_given_routes (const void *a, const void *b)
{
  const HdGivenRoute *x = a, *y = b;
  if (x->source != y->source)
    return x->source < y->source ? -1 : 1;
  return x->destination < y->destination ? -1 : x->destination > y->destination;
}

const HdGivenRoute *
_hd_platform_given_route (const HdPlatformPrivate *self, HdMemoryId source, HdMemoryId destination)
{
  const HdGivenRoute key = { .source = source, .destination = destination };
  return bsearch (&key, self->given, self->n_given, sizeof key, _hd_compare_given_routes);
}

guint
hd_platform_next (const HdPlatform *platform, HdResourceId resource, const HdResourceId **to)
{
  const HdAdjacency *forward = &_hd_platform_private (platform)->forward;
  *to = &forward->to[forward->begin[resource]];
  return forward->begin[resource + 1] - forward->begin[resource];
}

/* --- ways: from one memory to one other ------------------------------------------------------------ */

/* Hops to the end, by a search backwards from there until it finds @start (HD_NONE: from everything); G_MAXUINT32: none was found. A way begins at a port and goes through none. */
static guint32 *
distances_to (const HdPlatformPrivate *self, HdResourceId start, HdResourceId end)
{
  const HdPlatform *platform = &self->platform;
  guint32 *distance = g_new (guint32, platform->n_resources);
  g_autofree HdResourceId *queue = g_new (HdResourceId, platform->n_resources);
  guint head = 0, tail = 0;
  memset (distance, 0xff, platform->n_resources * sizeof *distance);
  distance[end] = 0;
  queue[tail++] = end;
  while (head < tail && (start == HD_NONE || distance[start] == G_MAXUINT32)) {
    HdResourceId at = queue[head++];
    for (guint32 i = self->backward.begin[at]; i < self->backward.begin[at + 1]; i++) {
      HdResourceId before = self->backward.to[i];
      if (distance[before] != G_MAXUINT32)
        continue;
      distance[before] = distance[at] + 1;
      if (platform->resource[before].kind != HD_RESOURCE_PORT)
        queue[tail++] = before;
    }
  }
  return distance;
}

/* The way with the fewest resources, the first by name: at each step the smallest id that comes nearer. */
static gboolean
shortest_way (const HdPlatformPrivate *self, HdResourceId start, HdResourceId end, GArray *way)
{
  g_autofree guint32 *distance = distances_to (self, start, end);
  if (distance[start] == G_MAXUINT32)
    return FALSE;
  g_array_append_val (way, start);
  for (HdResourceId at = start; at != end;) {
    guint32 i = self->forward.begin[at];
    while (distance[self->forward.to[i]] != distance[at] - 1 || (self->platform.resource[self->forward.to[i]].kind == HD_RESOURCE_PORT && self->forward.to[i] != end))
      i++;
    at = self->forward.to[i];
    g_array_append_val (way, at);
  }
  return TRUE;
}

static gboolean
find_way (const HdPlatform *platform, HdMemoryId source, HdMemoryId destination, GArray *way)
{
  const HdPlatformPrivate *self = _hd_platform_private (platform);
  HdResourceId start = platform->memory[source].read_port, end = platform->memory[destination].write_port;
  const HdGivenRoute *given = _hd_platform_given_route (self, source, destination);
  g_array_set_size (way, 0);
  if (given == NULL)
    return shortest_way (self, start, end, way);
  g_array_append_val (way, start);
  g_array_append_vals (way, given->via, given->n_via);
  g_array_append_val (way, end);
  return TRUE;
}

void
hd_platform_hops (const HdPlatform *platform, HdMemoryId destination, guint32 *hops)
{
  const HdPlatformPrivate *self = _hd_platform_private (platform);
  g_autofree guint32 *distance = distances_to (self, HD_NONE, platform->memory[destination].write_port);
  for (HdMemoryId m = 0; m < platform->n_memories; m++) {
    const HdGivenRoute *given = self->n_given > 0 ? _hd_platform_given_route (self, m, destination) : NULL;
    guint32 way = distance[platform->memory[m].read_port];
    hops[m] = m == destination ? G_MAXUINT32 : given != NULL ? given->n_via + 2 : way == G_MAXUINT32 ? way : way + 1;
  }
}

/* --- routes: the union of ways as a tree -------------------------------------------------------------- */

/* Adds a way: along what the tree has, then new hops. */
static void
graft (GArray *hops, const GArray *way, HdMemoryId destination)
{
  guint32 parent = HD_NONE;
  for (guint i = 0; i < way->len; i++) {
    HdResourceId resource = g_array_index (way, HdResourceId, i);
    guint32 at = 0;
    while (at < hops->len && (g_array_index (hops, HdHop, at).resource != resource || g_array_index (hops, HdHop, at).parent != parent))
      at++;
    if (at == hops->len) {
      HdHop hop = { resource, parent, HD_NONE };
      g_array_append_val (hops, hop);
    }
    parent = at;
  }
  g_array_index (hops, HdHop, parent).arrives = destination;
}

/* Writes the hops below @parent in depth-first order, siblings by resource. */
static void
arrange (const GArray *hops, guint32 parent, guint32 new_parent, HdRoute *route)
{
  HdResourceId last = 0;
  for (gboolean first = TRUE;; first = FALSE) {
    guint32 next = HD_NONE;
    for (guint32 i = 0; i < hops->len; i++) {
      const HdHop *hop = &g_array_index (hops, HdHop, i);
      if (hop->parent == parent && (first || hop->resource > last) && (next == HD_NONE || hop->resource < g_array_index (hops, HdHop, next).resource))
        next = i;
    }
    if (next == HD_NONE)
      return;
    HdHop hop = g_array_index (hops, HdHop, next);
    last = hop.resource;
    hop.parent = new_parent;
    route->hop[route->n_hops++] = hop;
    arrange (hops, next, route->n_hops - 1, route);
  }
}

void
hd_route_clear (HdRoute *route)
{
  g_clear_pointer (&route->hop, g_free);
  route->n_hops = 0;
}

gboolean
hd_platform_route (const HdPlatform *self, HdMemoryId source, const HdMemoryId *destinations, guint n, HdRoute *route, GError **error)
{
  g_autoptr (GArray) hops = g_array_new (FALSE, FALSE, sizeof (HdHop));
  g_autoptr (GArray) way = g_array_new (FALSE, FALSE, sizeof (HdResourceId));
  *route = (HdRoute) { .source = source };
  for (guint i = 0; i < n; i++) {
    if (destinations[i] != source && find_way (self, source, destinations[i], way)) {
      graft (hops, way, destinations[i]);
      continue;
    }
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "platform \"%s\" has no way from memory \"%s\" to memory \"%s\"", self->name, self->memory[source].id,
                 self->memory[destinations[i]].id);
    return FALSE;
  }
  route->hop = g_new (HdHop, MAX (1, hops->len));
  arrange (hops, HD_NONE, HD_NONE, route);
  return TRUE;
}
