/* Ways: the routes that transfers take, each asked for once. */
#include "config.h"
#include "passes/plan.h"

/* --- to one memory ------------------------------------------------------------------------------------- */

/* Entries of route_of: not asked for yet, no way, else route + ROUTE_FIRST. */
enum { ROUTE_UNKNOWN, ROUTE_NONE, ROUTE_FIRST };

guint32
plan_route (Plan *plan, HdMemoryId source, HdMemoryId destination)
{
  if (plan->route_of[source] == NULL)
    plan->route_of[source] = g_new0 (guint32, plan->platform->n_memories);
  guint32 *known = &plan->route_of[source][destination];
  if (*known == ROUTE_UNKNOWN) {
    HdRoute route;
    *known = ROUTE_NONE;
    if (hd_platform_route (plan->platform, source, &destination, 1, &route, NULL)) {
      *known = hd_schedule_builder_route (plan->builder, &route) + ROUTE_FIRST;
      hd_route_clear (&route);
    }
  }
  return *known == ROUTE_NONE ? HD_NONE : *known - ROUTE_FIRST;
}

const guint32 *
plan_hops (Plan *plan, HdMemoryId destination)
{
  if (plan->hops_to[destination] == NULL) {
    plan->hops_to[destination] = g_new (guint32, plan->platform->n_memories);
    hd_platform_hops (plan->platform, destination, plan->hops_to[destination]);
  }
  return plan->hops_to[destination];
}

/* --- to several ------------------------------------------------------------------------------------------ */

static guint32
hash_of (HdMemoryId source, const Listeners *listeners)
{
  guint32 hash = source + 1;
  for (guint i = 0; i < listeners->n; i++)
    hash = (hash ^ listeners->at[i].memory) * 0x9e3779b1u;
  return hash ^ hash >> 15;
}

static gboolean
is_cast (const Plan *plan, const Cast *cast, HdMemoryId source)
{
  const guint32 *key = plan->cast_keys.at + cast->key;
  if (cast->n != plan->listeners.n + 1 || key[0] != source)
    return FALSE;
  for (guint i = 0; i < plan->listeners.n; i++)
    if (key[i + 1] != plan->listeners.at[i].memory)
      return FALSE;
  return TRUE;
}

/* Twice as much room for the table; it is never more than half full. */
static void
enlarge_casts (Plan *plan)
{
  g_autofree Cast *old = plan->cast;
  guint32 room = plan->casts_room;
  plan->casts_room = MAX (64, 2 * room);
  plan->cast = g_new0 (Cast, plan->casts_room);
  for (guint32 i = 0; i < room; i++) {
    guint32 at = old[i].hash & (plan->casts_room - 1);
    if (old[i].n == 0)
      continue;
    while (plan->cast[at].n != 0)
      at = (at + 1) & (plan->casts_room - 1);
    plan->cast[at] = old[i];
  }
}

/* Asks the platform; the key is appended to those of the plan. */
static gboolean
make_cast (Plan *plan, HdMemoryId source, Cast *cast, GError **error)
{
  HdRoute route;
  guint32 begin = plan->cast_keys.n;
  APPEND (&plan->cast_keys, source);
  for (guint i = 0; i < plan->listeners.n; i++)
    APPEND (&plan->cast_keys, plan->listeners.at[i].memory);
  if (!hd_platform_route (plan->platform, source, plan->cast_keys.at + begin + 1, plan->listeners.n, &route, error))
    return FALSE;
  *cast = (Cast) { hash_of (source, &plan->listeners), begin, plan->listeners.n + 1, hd_schedule_builder_route (plan->builder, &route) };
  hd_route_clear (&route);
  plan->n_casts++;
  return TRUE;
}

gboolean
plan_cast_route (Plan *plan, HdMemoryId source, guint32 *route, GError **error)
{
  guint32 hash = hash_of (source, &plan->listeners);
  if (2 * plan->n_casts >= plan->casts_room)
    enlarge_casts (plan);
  Cast *cast = &plan->cast[hash & (plan->casts_room - 1)];
  while (cast->n != 0 && (cast->hash != hash || !is_cast (plan, cast, source)))
    cast = cast + 1 < plan->cast + plan->casts_room ? cast + 1 : plan->cast;
  if (cast->n == 0 && !make_cast (plan, source, cast, error))
    return FALSE;
  *route = cast->route;
  return TRUE;
}
