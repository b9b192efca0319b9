/* From a draft to the platform: sort by name, find the base clock, resolve the names, make the topology. Cores are in core.c. */
#include "config.h"
#include "platform/draft.h"

#include <heddle/checked.h>

#include <string.h>

/* --- names ---------------------------------------------------------------------------------- */

/* Past that many faults no more are told; then there is no point in looking for what could have been meant. */
gboolean
_hd_draft_is_full (const HdDraft *self)
{
  return hd_diagnostics_count (hd_xml_diagnostics (self->xml)) > HD_DIAGNOSTICS_MAX;
}

void
_hd_draft_unknown (HdDraft *self, HdXmlNode *node, const char *attribute, const char *id, const char *what, GPtrArray *candidates)
{
  const char *near = _hd_draft_is_full (self) ? NULL : hd_suggest (id, (const char *const *) candidates->pdata, candidates->len);
  if (near != NULL)
    hd_xml_fault (self->xml, node, "%s of <%s>: there is no %s \"%.60s\" - did you mean \"%s\"?", attribute, hd_xml_name (node), what, id, near);
  else
    hd_xml_fault (self->xml, node, "%s of <%s>: there is no %s \"%.60s\"", attribute, hd_xml_name (node), what, id);
}

HdMemoryId
_hd_draft_memory (HdDraft *self, const HdPlatform *platform, HdXmlNode *node, const char *attribute, const char *id)
{
  HdMemoryId found = hd_platform_find_memory (platform, id);
  if (found != HD_NONE || *id == '\0')
    return found;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < platform->n_memories && !_hd_draft_is_full (self); i++)
    g_ptr_array_add (names, platform->memory[i].id);
  _hd_draft_unknown (self, node, attribute, id, "memory", names);
  return HD_NONE;
}

/* The cores' drafts are sorted by id. */
HdCoreId
_hd_draft_core (HdDraft *self, HdXmlNode *node, const char *attribute, const char *id)
{
  guint low = 0, high = self->cores->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    int order = strcmp (g_array_index (self->cores, DraftCore, middle).id, id);
    if (order == 0)
      return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < self->cores->len && !_hd_draft_is_full (self); i++)
    g_ptr_array_add (names, (gpointer) g_array_index (self->cores, DraftCore, i).id);
  _hd_draft_unknown (self, node, attribute, id, "core", names);
  return HD_NONE;
}

static void
note_name (HdDraft *self, GHashTable *names, HdXmlNode *node, const char *id)
{
  HdXmlNode *other = g_hash_table_lookup (names, id);
  if (other != NULL && *id != '\0')
    hd_xml_fault (self->xml, node, "id \"%s\" stands twice, in line %u too - expected different names", id, hd_xml_line (other));
  g_hash_table_insert (names, (gpointer) id, node);
}

/* One name for one thing, whatever its kind: messages and traces name things by their id alone. */
static void
check_names (HdDraft *self)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < self->memories->len; i++)
    note_name (self, names, g_array_index (self->memories, DraftMemory, i).node, g_array_index (self->memories, DraftMemory, i).id);
  for (guint i = 0; i < self->connections->len; i++)
    note_name (self, names, g_array_index (self->connections, DraftConnection, i).node, g_array_index (self->connections, DraftConnection, i).id);
  for (guint i = 0; i < self->cores->len; i++)
    note_name (self, names, g_array_index (self->cores, DraftCore, i).node, g_array_index (self->cores, DraftCore, i).id);
  for (guint i = 0; i < self->dmas->len; i++)
    note_name (self, names, g_array_index (self->dmas, DraftDma, i).node, g_array_index (self->dmas, DraftDma, i).id);
}

static gint compare_memories (gconstpointer a, gconstpointer b) { return strcmp (((const DraftMemory *) a)->id, ((const DraftMemory *) b)->id); }
static gint compare_connections (gconstpointer a, gconstpointer b) { return strcmp (((const DraftConnection *) a)->id, ((const DraftConnection *) b)->id); }
static gint compare_cores (gconstpointer a, gconstpointer b) { return strcmp (((const DraftCore *) a)->id, ((const DraftCore *) b)->id); }
static gint compare_dmas (gconstpointer a, gconstpointer b) { return strcmp (((const DraftDma *) a)->id, ((const DraftDma *) b)->id); }

/* --- clocks --------------------------------------------------------------------------------- */

static void
join_clock (HdDraft *self, HdXmlNode *node, guint64 hz, guint64 *base)
{
  guint64 joined;
  if (hz == 0 || *base == 0)
    return;
  if (hd_lcm (*base, hz, &joined) && joined <= HD_PLATFORM_MAX_CLOCK_HZ) {
    *base = joined;
    return;
  }
  hd_xml_fault (self->xml, node, "clock %" G_GUINT64_FORMAT " Hz: the smallest clock that all clocks up to here divide is above %" G_GUINT64_FORMAT
                " Hz (2^40) - expected frequencies with a larger common divisor", hz, HD_PLATFORM_MAX_CLOCK_HZ);
  *base = 0;
}

/* The smallest common refinement of all clocks; in case of a fault something that can be gone on with. */
static guint64
base_clock (HdDraft *self)
{
  guint64 base = self->hz;
  for (guint i = 0; i < self->memories->len; i++)
    join_clock (self, g_array_index (self->memories, DraftMemory, i).node, g_array_index (self->memories, DraftMemory, i).hz, &base);
  for (guint i = 0; i < self->connections->len; i++)
    join_clock (self, g_array_index (self->connections, DraftConnection, i).node, g_array_index (self->connections, DraftConnection, i).hz, &base);
  for (guint i = 0; i < self->cores->len; i++)
    join_clock (self, g_array_index (self->cores, DraftCore, i).node, g_array_index (self->cores, DraftCore, i).hz, &base);
  return base;
}

/* Base cycles in a cycle of a clock; hz == 0: the platform's own. */
static guint64
period_of (const HdDraft *self, const HdPlatform *platform, guint64 hz)
{
  guint64 own = hz != 0 ? hz : self->hz;
  return platform->clock_hz % own == 0 ? platform->clock_hz / own : 1;
}

static double
per_cycle (const HdPlatform *platform, double watt)
{
  return watt * 1e12 / (double) platform->clock_hz;
}

/* --- resources ---------------------------------------------------------------------------------- */

static HdResource
make_resource (HdDraft *self, const HdPlatform *platform, const DraftChannel *channel, guint64 hz)
{
  guint64 period = period_of (self, platform, hz), round;
  HdResource resource = {
    .width_bits = channel->width_bits, .period = period, .latency = channel->latency * period, .arbiter = channel->arbiter, .memory = HD_NONE,
  };
  if (channel->arbiter != HD_ARBITER_TIME_SLOTS)
    return resource;
  resource.n_slots = MAX (1, channel->n_slots);
  resource.slot_cycles = channel->slot_length * period;
  if (!hd_mul_u64 (resource.n_slots, resource.slot_cycles, &round) || round > G_MAXINT64)
    hd_xml_fault (self->xml, channel->node, "a round of %u slots of %" G_GUINT64_FORMAT " base cycles is too long - expected less than 2^63 cycles", resource.n_slots, resource.slot_cycles);
  return resource;
}

static void
add_port (HdDraft *self, HdPlatform *platform, const DraftMemory *draft, const DraftChannel *channel, const char *name, HdMemoryId memory, GArray *resources)
{
  HdResource port = make_resource (self, platform, channel, draft->hz);
  port.id = g_strdup_printf ("%s.%s", draft->id, name);
  port.kind = HD_RESOURCE_PORT;
  port.memory = memory;
  g_array_append_val (resources, port);
}

static void
add_connection (HdDraft *self, HdPlatform *platform, const DraftConnection *draft, GArray *resources)
{
  HdResource resource = make_resource (self, platform, &draft->channel, draft->hz);
  resource.id = g_strdup (draft->id);
  resource.kind = draft->kind;
  resource.energy_pj_per_bit = draft->energy_pj_per_bit;
  resource.static_w = draft->static_w;
  resource.static_pj_per_cycle = per_cycle (platform, draft->static_w);
  g_array_append_val (resources, resource);
}

static gint compare_resources (gconstpointer a, gconstpointer b) { return strcmp (((const HdResource *) a)->id, ((const HdResource *) b)->id); }

static void
make_resources (HdDraft *self, HdPlatform *platform)
{
  GArray *resources = g_array_new (FALSE, FALSE, sizeof (HdResource));
  for (guint i = 0; i < self->memories->len; i++) {
    const DraftMemory *draft = &g_array_index (self->memories, DraftMemory, i);
    if (draft->separate) {
      add_port (self, platform, draft, &draft->read, "read", i, resources);
      add_port (self, platform, draft, &draft->write, "write", i, resources);
    } else
      add_port (self, platform, draft, &draft->read, "port", i, resources);
  }
  for (guint i = 0; i < self->connections->len; i++)
    add_connection (self, platform, &g_array_index (self->connections, DraftConnection, i), resources);
  g_array_sort (resources, compare_resources);
  platform->n_resources = resources->len;
  platform->resource = (HdResource *) g_array_free (resources, FALSE);
}

/* A memory knows its ports by their names. */
static void
link_ports (HdPlatform *platform)
{
  for (HdResourceId r = 0; r < platform->n_resources; r++) {
    const HdResource *resource = &platform->resource[r];
    if (resource->kind != HD_RESOURCE_PORT)
      continue;
    HdMemory *memory = &platform->memory[resource->memory];
    if (!g_str_has_suffix (resource->id, ".write"))
      memory->read_port = r;
    if (!g_str_has_suffix (resource->id, ".read"))
      memory->write_port = r;
  }
}

/* Ports share the resources' names with buses and links. */
static void
check_port_names (HdDraft *self)
{
  g_autoptr (GHashTable) connections = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < self->connections->len; i++) {
    DraftConnection *draft = &g_array_index (self->connections, DraftConnection, i);
    g_hash_table_insert (connections, draft->id, draft->node);
  }
  static const char *const PORTS[] = { "port", "read", "write" };
  for (guint i = 0; i < self->memories->len; i++)
    for (guint p = 0; p < G_N_ELEMENTS (PORTS); p++) {
      g_autofree char *port = g_strdup_printf ("%s.%s", g_array_index (self->memories, DraftMemory, i).id, PORTS[p]);
      HdXmlNode *node = g_hash_table_lookup (connections, port);
      if (node != NULL)
        hd_xml_fault (self->xml, node, "id \"%s\" is the name of a memory's port - expected another one", port);
    }
}

/* --- memories ------------------------------------------------------------------------------------- */

static void
make_memories (HdDraft *self, HdPlatform *platform)
{
  platform->n_memories = self->memories->len;
  platform->memory = g_new0 (HdMemory, self->memories->len);
  for (guint i = 0; i < self->memories->len; i++) {
    const DraftMemory *draft = &g_array_index (self->memories, DraftMemory, i);
    HdMemory *memory = &platform->memory[i];
    *memory = draft->memory;
    memory->id = g_strdup (draft->id);
    memory->static_pj_per_cycle = per_cycle (platform, memory->static_w);
    memory->core = draft->core != NULL ? _hd_draft_core (self, draft->node, "core", draft->core) : HD_NONE;
  }
}

/* --- topology --------------------------------------------------------------------------------------- */

/* A thing that a bus or a link can be tied to: a memory or a bus. */
typedef struct {
  HdResourceId out, in;   /* where bits leave it and where they enter it; HD_NONE: no such thing */
} End;

static End
find_end (HdDraft *self, const HdPlatform *platform, HdXmlNode *node, const char *attribute, const char *id)
{
  HdMemoryId memory = hd_platform_find_memory (platform, id);
  HdResourceId bus = hd_platform_find_resource (platform, id);
  if (memory != HD_NONE)
    return (End) { platform->memory[memory].read_port, platform->memory[memory].write_port };
  if (bus != HD_NONE && platform->resource[bus].kind == HD_RESOURCE_BUS)
    return (End) { bus, bus };
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < platform->n_memories && !_hd_draft_is_full (self); i++)
    g_ptr_array_add (names, platform->memory[i].id);
  for (guint i = 0; i < platform->n_resources && !_hd_draft_is_full (self); i++)
    if (platform->resource[i].kind == HD_RESOURCE_BUS)
      g_ptr_array_add (names, platform->resource[i].id);
  _hd_draft_unknown (self, node, attribute, id, "memory or bus", names);
  return (End) { HD_NONE, HD_NONE };
}

static void
add_edge (GArray *edges, HdResourceId from, HdResourceId to)
{
  HdEdge edge = { from, to };
  if (from != HD_NONE && to != HD_NONE)
    g_array_append_val (edges, edge);
}

static void
tie_bus (HdDraft *self, const HdPlatform *platform, const DraftConnection *draft, HdResourceId bus, GArray *edges)
{
  for (char **word = draft->connects; *word != NULL; word++) {
    if (g_str_equal (*word, draft->id)) {
      hd_xml_fault (self->xml, draft->node, "bus \"%s\" is connected to itself", draft->id);
      continue;
    }
    End end = find_end (self, platform, draft->node, "connects", *word);
    add_edge (edges, end.out, bus);
    add_edge (edges, bus, end.in);
  }
}

static void
tie_link (HdDraft *self, const HdPlatform *platform, const DraftConnection *draft, HdResourceId link, GArray *edges)
{
  if (*draft->from == '\0' || *draft->to == '\0')
    return;
  End from = find_end (self, platform, draft->node, "from", draft->from), to = find_end (self, platform, draft->node, "to", draft->to);
  add_edge (edges, from.out, link);
  add_edge (edges, link, to.in);
  if (draft->both) {
    add_edge (edges, to.out, link);
    add_edge (edges, link, from.in);
  }
}

static void
make_topology (HdDraft *self, HdPlatform *platform)
{
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (HdEdge));
  for (guint i = 0; i < self->connections->len; i++) {
    const DraftConnection *draft = &g_array_index (self->connections, DraftConnection, i);
    HdResourceId resource = hd_platform_find_resource (platform, draft->id);
    if (draft->kind == HD_RESOURCE_BUS)
      tie_bus (self, platform, draft, resource, edges);
    else
      tie_link (self, platform, draft, resource, edges);
  }
  _hd_platform_set_edges (_hd_platform_private (platform), edges);
}

/* --- given routes ------------------------------------------------------------------------------------ */

/* The bus or link of that name. */
static HdResourceId
find_connection (HdDraft *self, const HdPlatform *platform, const DraftRoute *draft, const char *id)
{
  HdResourceId found = hd_platform_find_resource (platform, id);
  if (found != HD_NONE && platform->resource[found].kind != HD_RESOURCE_PORT)
    return found;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint r = 0; r < platform->n_resources && !_hd_draft_is_full (self); r++)
    if (platform->resource[r].kind != HD_RESOURCE_PORT)
      g_ptr_array_add (names, platform->resource[r].id);
  _hd_draft_unknown (self, draft->node, "via", id, "bus or link", names);
  return HD_NONE;
}

/* Each hop must lead to the next, and none may come twice: @seen holds for each resource the route that it was on last. */
static gboolean
resolve_via (HdDraft *self, const HdPlatform *platform, const DraftRoute *draft, HdGivenRoute *route, guint number, guint *seen)
{
  HdResourceId at = platform->memory[route->source].read_port;
  route->n_via = g_strv_length (draft->via);
  route->via = g_new (HdResourceId, route->n_via + 1);
  for (guint i = 0; i <= route->n_via; i++) {
    HdResourceId next = i < route->n_via ? find_connection (self, platform, draft, draft->via[i]) : platform->memory[route->destination].write_port;
    if (next == HD_NONE)
      return FALSE;
    if (seen[next] == number) {
      hd_xml_fault (self->xml, draft->node, "via of <route>: \"%s\" stands twice", platform->resource[next].id);
      return FALSE;
    }
    if (!_hd_platform_has_edge (_hd_platform_private (platform), at, next))
      hd_xml_fault (self->xml, draft->node, "via of <route>: \"%s\" does not lead to \"%s\"", platform->resource[at].id, platform->resource[next].id);
    seen[next] = number;
    route->via[i] = at = next;
  }
  return TRUE;
}

static gboolean
make_route (HdDraft *self, const HdPlatform *platform, const DraftRoute *draft, HdGivenRoute *route, guint number, guint *seen)
{
  route->source = _hd_draft_memory (self, platform, draft->node, "from", draft->from);
  route->destination = _hd_draft_memory (self, platform, draft->node, "to", draft->to);
  if (route->source == HD_NONE || route->destination == HD_NONE)
    return FALSE;
  if (route->source == route->destination) {
    hd_xml_fault (self->xml, draft->node, "a route from \"%s\" to itself", draft->from);
    return FALSE;
  }
  if (resolve_via (self, platform, draft, route, number, seen))
    return TRUE;
  g_clear_pointer (&route->via, g_free);
  return FALSE;
}

static void
make_routes (HdDraft *self, HdPlatform *platform)
{
  HdPlatformPrivate *private = _hd_platform_private (platform);
  g_autofree guint *seen = g_new0 (guint, platform->n_resources);
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  private->given = g_new0 (HdGivenRoute, self->routes->len + 1);
  for (guint i = 0; i < self->routes->len; i++) {
    const DraftRoute *draft = &g_array_index (self->routes, DraftRoute, i);
    HdGivenRoute *route = &private->given[private->n_given];
    if (!make_route (self, platform, draft, route, i + 1, seen))
      continue;
    gint64 pair = (gint64) route->source << 32 | route->destination;
    if (!g_hash_table_add (pairs, g_memdup2 (&pair, sizeof pair)))
      hd_xml_fault (self->xml, draft->node, "a second route from \"%s\" to \"%s\"", draft->from, draft->to);
    private->n_given++;
  }
  qsort (private->given, private->n_given, sizeof *private->given, _hd_compare_given_routes);
}

/* --- DMA engines --------------------------------------------------------------------------------------- */

static gint
compare_ids (gconstpointer a, gconstpointer b)
{
  const guint32 *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

static void
make_dma (HdDraft *self, const HdPlatform *platform, const DraftDma *draft, HdDma *dma, guint place)
{
  *dma = (HdDma) {
    .id = g_strdup (draft->id), .loads = draft->loads, .stores = draft->stores, .outstanding = draft->outstanding, .priority = draft->priority,
    .slot = draft->slot >= 0 ? (guint) draft->slot : place, .core = HD_NONE,
  };
  if (draft->core != NULL)
    dma->core = _hd_draft_core (self, draft->node, "core", draft->core);
  dma->memories = g_new (HdMemoryId, g_strv_length (draft->memories) + 1);
  for (char **word = draft->memories; *word != NULL; word++) {
    HdMemoryId memory = _hd_draft_memory (self, platform, draft->node, "memories", *word);
    if (memory == HD_NONE)
      continue;
    if (platform->memory[memory].dram)
      hd_xml_fault (self->xml, draft->node, "memories of <dma>: \"%s\" is a dram - expected on-chip memories; loads come from a dram, stores go to one", *word);
    dma->memories[dma->n_memories++] = memory;
  }
  qsort (dma->memories, dma->n_memories, sizeof *dma->memories, compare_ids);
  for (guint i = 1; i < dma->n_memories; i++)
    if (dma->memories[i] == dma->memories[i - 1])
      hd_xml_fault (self->xml, draft->node, "memories of <dma>: \"%s\" stands twice", platform->memory[dma->memories[i]].id);
}

/* Where the file names none, each on-chip memory has one engine for each direction. */
static void
make_default_dmas (HdPlatform *platform)
{
  platform->dma = g_new0 (HdDma, 2 * platform->n_memories + 1);
  for (HdMemoryId m = 0; m < platform->n_memories; m++) {
    if (platform->memory[m].dram)
      continue;
    for (guint store = 0; store < 2; store++) {
      HdDma *dma = &platform->dma[platform->n_dmas];
      *dma = (HdDma) { .id = g_strdup_printf ("%s.%s", platform->memory[m].id, store ? "store" : "load"), .loads = !store, .stores = store, .n_memories = 1, .outstanding = 1,
                       .core = HD_NONE };
      dma->memories = g_new (HdMemoryId, 1);
      dma->memories[0] = m;
      platform->n_dmas++;
    }
  }
}

static gint compare_made_dmas (gconstpointer a, gconstpointer b) { return strcmp (((const HdDma *) a)->id, ((const HdDma *) b)->id); }

static void
make_dmas (HdDraft *self, HdPlatform *platform)
{
  if (self->dmas->len == 0) {
    make_default_dmas (platform);
    qsort (platform->dma, platform->n_dmas, sizeof *platform->dma, compare_made_dmas);
    for (guint i = 0; i < platform->n_dmas; i++)
      platform->dma[i].slot = i;
    return;
  }
  platform->n_dmas = self->dmas->len;
  platform->dma = g_new0 (HdDma, platform->n_dmas);
  for (guint i = 0; i < platform->n_dmas; i++)
    make_dma (self, platform, &g_array_index (self->dmas, DraftDma, i), &platform->dma[i], i);
}

/* --- all of it --------------------------------------------------------------------------------------------- */

HdPlatform *
_hd_draft_assemble (HdDraft *self)
{
  HdPlatformPrivate *private = g_new0 (HdPlatformPrivate, 1);
  private->platform.has_topology = TRUE;
  HdPlatform *platform = &private->platform;
  g_atomic_ref_count_init (&private->references);
  platform->name = g_strdup (self->name);
  platform->burst_bits = self->burst_bits;
  platform->window = self->window;
  platform->clock_hz = base_clock (self);
  if (platform->clock_hz == 0)
    platform->clock_hz = self->hz;
  check_names (self);
  check_port_names (self);
  g_array_sort (self->memories, compare_memories);
  g_array_sort (self->connections, compare_connections);
  g_array_sort (self->cores, compare_cores);
  g_array_sort (self->dmas, compare_dmas);
  make_memories (self, platform);
  make_resources (self, platform);
  link_ports (platform);
  make_topology (self, platform);
  make_routes (self, platform);
  _hd_draft_assemble_cores (self, platform);
  make_dmas (self, platform);
  return platform;
}
