/* Reading a platform file into a draft: memories, buses, links, DMA engines, routes. Cores are in parse-core.c. */
#include "config.h"
#include "platform/draft.h"

#include <string.h>

const char *const _hd_arbiter_words[] = { "first-come", "round-robin", "fixed-priority", "time-slots", NULL };

/* --- the draft ------------------------------------------------------------------------------ */

static void
clear_connection (gpointer data)
{
  DraftConnection *self = data;
  g_free (self->id);
  g_strfreev (self->connects);
}

static void clear_dma (gpointer data) { g_strfreev (((DraftDma *) data)->memories); }
static void clear_route (gpointer data) { g_strfreev (((DraftRoute *) data)->via); }

static void
clear_core (gpointer data)
{
  DraftCore *self = data;
  for (guint i = 0; i < self->levels->len; i++) {
    DraftLevel *level = &g_array_index (self->levels, DraftLevel, i);
    g_strfreev (level->serves);
    g_array_unref (level->uses);
    for (guint p = 0; p < level->level.n_ports; p++)
      g_free (level->level.port_name[p]);
  }
  for (guint i = 0; i < self->dataflows->len; i++)
    g_array_unref (g_array_index (self->dataflows, DraftDataflow, i).unrolls);
  for (guint i = 0; i < self->fixed->len; i++)
    g_free (g_array_index (self->fixed, HdFixedCost, i).operator_type);
  g_array_unref (self->levels);
  g_array_unref (self->dataflows);
  g_array_unref (self->fixed);
}

static GArray *
array_of (gsize size, GDestroyNotify clear)
{
  GArray *array = g_array_new (FALSE, TRUE, (guint) size);
  if (clear != NULL)
    g_array_set_clear_func (array, clear);
  return array;
}

HdDraft *
_hd_draft_new (HdXmlDocument *xml)
{
  HdDraft *self = g_new0 (HdDraft, 1);
  self->xml = xml;
  self->root = hd_xml_root (xml);
  self->memories = array_of (sizeof (DraftMemory), NULL);
  self->connections = array_of (sizeof (DraftConnection), clear_connection);
  self->dmas = array_of (sizeof (DraftDma), clear_dma);
  self->routes = array_of (sizeof (DraftRoute), clear_route);
  self->cores = array_of (sizeof (DraftCore), clear_core);
  return self;
}

void
_hd_draft_free (HdDraft *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->memories);
  g_array_unref (self->connections);
  g_array_unref (self->dmas);
  g_array_unref (self->routes);
  g_array_unref (self->cores);
  g_free (self);
}

/* --- values --------------------------------------------------------------------------------- */

guint64
_hd_draft_bounded (HdDraft *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, guint64 fallback, guint64 least, guint64 most)
{
  /* The fallback of the reader stands for "missing or bad", which it has told. */
  const guint64 missing = G_MAXUINT64;
  guint64 value = hd_xml_u64 (self->xml, node, name, unit, required, missing);
  if (value == missing)
    return fallback;
  if (value >= least && value <= most)
    return value;
  g_autofree char *text = hd_quantity_format_u64 (value, unit), *limit = hd_quantity_format_u64 (most, unit);
  hd_xml_fault (self->xml, node, "%s of <%s> is %s - expected %" G_GUINT64_FORMAT " to %s", name, hd_xml_name (node), text, least, limit);
  /* Something that is possible, so that one fault does not bring about others. */
  return CLAMP (value, least, most);
}

guint64
_hd_draft_positive (HdDraft *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, guint64 fallback, guint64 most)
{
  return _hd_draft_bounded (self, node, name, unit, required, fallback, 1, most);
}

double
_hd_draft_real (HdDraft *self, HdXmlNode *node, const char *name, HdUnit unit)
{
  double most = unit == HD_UNIT_WATT ? HD_PLATFORM_MAX_WATT : HD_PLATFORM_MAX_PJ;
  double value = hd_xml_double (self->xml, node, name, unit, FALSE, 0);
  if (value <= most)
    return value;
  g_autofree char *text = hd_quantity_format (value, unit), *limit = hd_quantity_format (most, unit);
  hd_xml_fault (self->xml, node, "%s of <%s> is %s - expected at most %s", name, hd_xml_name (node), text, limit);
  return 0;
}

guint64
_hd_draft_clock (HdDraft *self, HdXmlNode *node)
{
  return _hd_draft_positive (self, node, "clock", HD_UNIT_HZ, FALSE, 0, HD_PLATFORM_MAX_CLOCK_HZ);
}

void
_hd_draft_no_children (HdDraft *self, HdXmlNode *node)
{
  static const char *const NONE[] = { NULL };
  for (HdXmlNode *child = hd_xml_first (self->xml, node); child != NULL; child = hd_xml_next (self->xml, child))
    hd_xml_unexpected (self->xml, child, NONE);
}

/* --- what moves bits -------------------------------------------------------------------------- */

/* Width, latency and arbitration; what is not given is as in @defaults. */
static DraftChannel
parse_channel (HdDraft *self, HdXmlNode *node, const DraftChannel *defaults)
{
  DraftChannel channel = *defaults;
  channel.node = node;
  channel.width_bits = _hd_draft_positive (self, node, "width", HD_UNIT_BIT_PER_CYCLE, FALSE, defaults->width_bits, HD_PLATFORM_MAX_WIDTH);
  channel.latency = _hd_draft_bounded (self, node, "latency", HD_UNIT_CYCLE, FALSE, defaults->latency, 0, HD_PLATFORM_MAX_CYCLES);
  channel.arbiter = hd_xml_choice (self->xml, node, "arbiter", _hd_arbiter_words, (int) defaults->arbiter);
  gboolean slots = channel.arbiter == HD_ARBITER_TIME_SLOTS;
  channel.n_slots = (guint) _hd_draft_positive (self, node, "slots", HD_UNIT_COUNT, slots && defaults->n_slots == 0, defaults->n_slots, 1u << 16);
  channel.slot_length = _hd_draft_positive (self, node, "slot-length", HD_UNIT_CYCLE, slots && defaults->slot_length == 0, defaults->slot_length, HD_PLATFORM_MAX_CYCLES);
  if (!slots && (hd_xml_attribute (self->xml, node, "slots") != NULL || hd_xml_attribute (self->xml, node, "slot-length") != NULL))
    hd_xml_fault (self->xml, node, "slots of <%s> without arbiter=\"time-slots\"", hd_xml_name (node));
  return channel;
}

static void
parse_port (HdDraft *self, DraftMemory *memory, HdXmlNode *node)
{
  static const char *const KINDS[] = { "read", "write", NULL };
  int kind = hd_xml_choice (self->xml, node, "kind", KINDS, -1);
  DraftChannel unused = { 0 }, *channel = kind == 0 ? &memory->read : kind == 1 ? &memory->write : &unused;
  if (kind >= 0 && !memory->separate)
    hd_xml_fault (self->xml, node, "a %s port of a memory whose ports are shared - expected ports=\"separate\" at the memory", KINDS[kind]);
  if (channel->node != memory->node && kind >= 0)
    hd_xml_fault (self->xml, node, "a second %s port - expected one at most", KINDS[kind]);
  *channel = parse_channel (self, node, channel);
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
}

static void
parse_memory (HdDraft *self, HdXmlNode *node)
{
  static const char *const KINDS[] = { "sram", "dram", NULL }, *const PORTS[] = { "shared", "separate", NULL }, *const CHILDREN[] = { "port", NULL };
  DraftMemory draft = { .node = node, .id = hd_xml_require_id (self->xml, node, "id") };
  HdMemory *memory = &draft.memory;
  memory->dram = hd_xml_choice (self->xml, node, "kind", KINDS, 0) == 1;
  memory->capacity_bits = _hd_draft_positive (self, node, "size", HD_UNIT_BIT, !memory->dram, HD_UNLIMITED_BITS, HD_PLATFORM_MAX_BITS);
  memory->read_pj_per_bit = _hd_draft_real (self, node, "read-energy", HD_UNIT_PJ_PER_BIT);
  memory->write_pj_per_bit = _hd_draft_real (self, node, "write-energy", HD_UNIT_PJ_PER_BIT);
  memory->static_w = _hd_draft_real (self, node, "static-power", HD_UNIT_WATT);
  draft.core = hd_xml_attribute (self->xml, node, "core");
  draft.hz = _hd_draft_clock (self, node);
  draft.separate = hd_xml_choice (self->xml, node, "ports", PORTS, 0) == 1;
  const DraftChannel defaults = { 0 };
  draft.read = draft.write = parse_channel (self, node, &defaults);
  for (HdXmlNode *child = hd_xml_first (self->xml, node); child != NULL; child = hd_xml_next (self->xml, child)) {
    if (hd_xml_is (child, "port"))
      parse_port (self, &draft, child);
    else
      hd_xml_unexpected (self->xml, child, CHILDREN);
  }
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (self->memories, draft);
}

static DraftConnection
parse_connection (HdDraft *self, HdXmlNode *node, HdResourceKind kind)
{
  const DraftChannel defaults = { 0 };
  DraftConnection draft = { .node = node, .kind = kind, .id = g_strdup (hd_xml_require_id (self->xml, node, "id")) };
  draft.channel = parse_channel (self, node, &defaults);
  draft.hz = _hd_draft_clock (self, node);
  draft.energy_pj_per_bit = _hd_draft_real (self, node, "energy", HD_UNIT_PJ_PER_BIT);
  draft.static_w = _hd_draft_real (self, node, "static-power", HD_UNIT_WATT);
  _hd_draft_no_children (self, node);
  return draft;
}

static void
parse_bus (HdDraft *self, HdXmlNode *node)
{
  DraftConnection draft = parse_connection (self, node, HD_RESOURCE_BUS);
  draft.connects = hd_xml_words (self->xml, node, "connects");
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (self->connections, draft);
}

/* A full-duplex link is two links, one for each direction. */
static void
append_backward (HdDraft *self, DraftConnection *forward)
{
  DraftConnection backward = *forward;
  backward.id = g_strdup_printf ("%s.backward", forward->id);
  backward.from = forward->to;
  backward.to = forward->from;
  char *name = g_strdup_printf ("%s.forward", forward->id);
  g_free (forward->id);
  forward->id = name;
  g_array_append_val (self->connections, backward);
}

static void
parse_link (HdDraft *self, HdXmlNode *node)
{
  static const char *const DUPLEX[] = { "simplex", "half", "full", NULL };
  DraftConnection draft = parse_connection (self, node, HD_RESOURCE_LINK);
  draft.from = hd_xml_require (self->xml, node, "from");
  draft.to = hd_xml_require (self->xml, node, "to");
  if (*draft.from != '\0' && g_str_equal (draft.from, draft.to))
    hd_xml_fault (self->xml, node, "link \"%s\" leads from \"%s\" to itself - expected two different ends", draft.id, draft.from);
  int duplex = hd_xml_choice (self->xml, node, "duplex", DUPLEX, 0);
  draft.both = duplex == 1;
  hd_xml_finish_element (self->xml, node);
  if (duplex == 2)
    append_backward (self, &draft);
  g_array_append_val (self->connections, draft);
}

static void
parse_dma (HdDraft *self, HdXmlNode *node)
{
  DraftDma draft = { .node = node, .id = hd_xml_require_id (self->xml, node, "id") };
  draft.loads = hd_xml_boolean (self->xml, node, "loads", TRUE);
  draft.stores = hd_xml_boolean (self->xml, node, "stores", TRUE);
  if (!draft.loads && !draft.stores)
    hd_xml_fault (self->xml, node, "dma \"%s\" neither loads nor stores", draft.id);
  draft.memories = hd_xml_words (self->xml, node, "memories");
  if (draft.memories[0] == NULL)
    hd_xml_fault (self->xml, node, "dma \"%s\" serves no memory - expected memories=\"...\"", draft.id);
  draft.outstanding = (guint) _hd_draft_positive (self, node, "outstanding", HD_UNIT_COUNT, FALSE, 1, 1u << 20);
  draft.priority = (guint) _hd_draft_bounded (self, node, "priority", HD_UNIT_COUNT, FALSE, 0, 0, G_MAXUINT32);
  draft.slot = (gint64) _hd_draft_bounded (self, node, "slot", HD_UNIT_COUNT, FALSE, G_MAXUINT64, 0, 1u << 16);
  draft.core = hd_xml_attribute (self->xml, node, "core");
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (self->dmas, draft);
}

static void
parse_route (HdDraft *self, HdXmlNode *node)
{
  DraftRoute draft = { .node = node };
  draft.from = hd_xml_require (self->xml, node, "from");
  draft.to = hd_xml_require (self->xml, node, "to");
  (void) hd_xml_require (self->xml, node, "via");
  draft.via = hd_xml_words (self->xml, node, "via");
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (self->routes, draft);
}

/* --- the file --------------------------------------------------------------------------------- */

static void
parse_element (HdDraft *self, HdXmlNode *node)
{
  static const struct {
    const char *name;
    void (*parse) (HdDraft *, HdXmlNode *);
  } ELEMENTS[] = {
    { "memory", parse_memory }, { "bus", parse_bus }, { "link", parse_link }, { "core", _hd_draft_parse_core }, { "dma", parse_dma }, { "route", parse_route },
  };
  static const char *const NAMES[] = { "memory", "bus", "link", "core", "dma", "route", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (ELEMENTS); i++)
    if (hd_xml_is (node, ELEMENTS[i].name)) {
      ELEMENTS[i].parse (self, node);
      return;
    }
  hd_xml_unexpected (self->xml, node, NAMES);
}

void
_hd_draft_parse (HdDraft *self)
{
  self->name = hd_xml_require_id (self->xml, self->root, "name");
  self->hz = _hd_draft_positive (self, self->root, "clock", HD_UNIT_HZ, TRUE, 1, HD_PLATFORM_MAX_CLOCK_HZ);
  self->burst_bits = _hd_draft_positive (self, self->root, "burst", HD_UNIT_BIT, FALSE, 512, HD_PLATFORM_MAX_WIDTH);
  self->window = hd_xml_u64 (self->xml, self->root, "window", HD_UNIT_COUNT, FALSE, 0);
  for (HdXmlNode *node = hd_xml_first (self->xml, self->root); node != NULL; node = hd_xml_next (self->xml, node))
    parse_element (self, node);
  hd_xml_finish_element (self->xml, self->root);
  if (self->cores->len == 0)
    hd_xml_fault (self->xml, self->root, "no core - expected one <core> at least");
  if (self->memories->len == 0)
    hd_xml_fault (self->xml, self->root, "no memory - expected one <memory> at least");
}
