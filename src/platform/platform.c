/* The platform's life: loading, counting references, finding things by name, its identity. */
#include "config.h"
#include "platform/draft.h"

#include <heddle/checked.h>

#include <string.h>

/* --- life --------------------------------------------------------------------------------------- */

static HdPlatform *
from_document (HdXmlDocument *xml, GError **error)
{
  g_autoptr (HdDraft) draft = _hd_draft_new (xml);
  _hd_draft_parse (draft);
  g_autoptr (HdPlatform) platform = _hd_draft_assemble (draft);
  /* What is unconnected because of a misspelt name is no fault of its own. */
  if (hd_diagnostics_count (hd_xml_diagnostics (xml)) == 0)
    _hd_draft_check (draft, platform);
  if (!hd_diagnostics_check (hd_xml_diagnostics (xml), error))
    return NULL;
  return g_steal_pointer (&platform);
}

HdPlatform *
hd_platform_load (const char *path, GError **error)
{
  g_autoptr (HdXmlDocument) xml = hd_xml_load_limited (path, "platform", "1", HD_PLATFORM_MAX_NODES, error);
  return xml != NULL ? from_document (xml, error) : NULL;
}

HdPlatform *
hd_platform_parse_xml (const char *text, gsize length, const char *name, GError **error)
{
  g_autoptr (HdXmlDocument) xml = hd_xml_parse_limited (text, length, name, "platform", "1", HD_PLATFORM_MAX_NODES, error);
  return xml != NULL ? from_document (xml, error) : NULL;
}

HdPlatform *
hd_platform_ref (HdPlatform *self)
{
  g_atomic_ref_count_inc (&_hd_platform_private (self)->references);
  return self;
}

static void
clear_core (HdCore *core)
{
  g_free (core->id);
  for (guint i = 0; i < core->n_dimensions; i++)
    g_free (core->dimension_name[i]);
  for (guint i = 0; i < core->n_levels; i++) {
    g_free (core->level[i].id);
    for (guint p = 0; p < core->level[i].n_ports; p++)
      g_free (core->level[i].port_name[p]);
  }
  for (guint i = 0; i < core->n_dataflows; i++) {
    g_free (core->dataflow[i].id);
    for (guint u = 0; u < core->dataflow[i].n_unrolls; u++)
      g_free (core->dataflow[i].unroll[u].rank);
    g_free (core->dataflow[i].unroll);
  }
  for (guint i = 0; i < core->n_fixed; i++)
    g_free (core->fixed[i].operator_type);
  g_free (core->level);
  g_free (core->dataflow);
  g_free (core->fixed);
}

static void
free_platform (HdPlatform *self)
{
  HdPlatformPrivate *private = _hd_platform_private (self);
  for (guint i = 0; i < self->n_cores; i++)
    clear_core (&self->core[i]);
  for (guint i = 0; i < self->n_memories; i++)
    g_free (self->memory[i].id);
  for (guint i = 0; i < self->n_resources; i++)
    g_free (self->resource[i].id);
  for (guint i = 0; i < self->n_dmas; i++) {
    g_free (self->dma[i].id);
    g_free (self->dma[i].memories);
  }
  for (guint i = 0; i < private->n_given; i++)
    g_free (private->given[i].via);
  g_free (private->given);
  g_free (private->sha256);
  g_free (private->forward.begin);
  g_free (private->forward.to);
  g_free (private->backward.begin);
  g_free (private->backward.to);
  g_free (self->core);
  g_free (self->memory);
  g_free (self->resource);
  g_free (self->dma);
  g_free (self->name);
  g_free (private);
}

void
hd_platform_unref (HdPlatform *self)
{
  if (self != NULL && g_atomic_ref_count_dec (&_hd_platform_private (self)->references))
    free_platform (self);
}

/* --- names ---------------------------------------------------------------------------------------- */

/* Things stand sorted by id, which is their first field. */
static guint32
find_id (const void *things, guint n, gsize size, const char *id)
{
  guint low = 0, high = n;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const char *const *name = (const char *const *) ((const char *) things + middle * size);
    int order = strcmp (*name, id);
    if (order == 0)
      return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return HD_NONE;
}

HdCoreId hd_platform_find_core (const HdPlatform *self, const char *id) { return find_id (self->core, self->n_cores, sizeof *self->core, id); }
HdMemoryId hd_platform_find_memory (const HdPlatform *self, const char *id) { return find_id (self->memory, self->n_memories, sizeof *self->memory, id); }
HdResourceId hd_platform_find_resource (const HdPlatform *self, const char *id) { return find_id (self->resource, self->n_resources, sizeof *self->resource, id); }

/* --- figures ---------------------------------------------------------------------------------------- */

guint64
hd_platform_route_burst (const HdPlatform *self, const HdRoute *route)
{
  guint64 step = 1, burst;
  for (guint i = 0; i < route->n_hops; i++) {
    guint64 width = self->resource[route->hop[i].resource].width_bits;
    if (width != 0 && (!hd_lcm (step, width, &step) || step > G_MAXINT64))
      return G_MAXUINT64;
  }
  if (!hd_mul_u64 (hd_ceil_div (self->burst_bits, step), step, &burst) || burst > G_MAXINT64)
    return G_MAXUINT64;
  return burst;
}

gboolean
hd_platform_connects (const HdPlatform *self, HdResourceId from, HdResourceId to)
{
  return !self->has_topology || _hd_platform_has_edge (_hd_platform_private (self), from, to);
}

static char *
compute_sha256 (const HdPlatform *self)
{
  g_autofree char *xml = hd_platform_to_xml (self);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, xml, -1);
}

char *
hd_platform_sha256 (const HdPlatform *self)
{
  if (!self->has_topology)
    return compute_sha256 (self);
  /* Each schedule is made with it, and a search makes thousands. */
  HdPlatformPrivate *private = _hd_platform_private (self);
  if (g_atomic_pointer_get (&private->sha256) == NULL) {
    char *made = compute_sha256 (self);
    if (!g_atomic_pointer_compare_and_exchange (&private->sha256, NULL, made))
      g_free (made);
  }
  return g_strdup (g_atomic_pointer_get (&private->sha256));
}
