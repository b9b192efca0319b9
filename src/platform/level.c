/* The memory levels of a core as its cost model sees them: what the file leaves out, which port a movement uses, and whether they make a hierarchy. */
#include "config.h"
#include "platform/draft.h"

#include <heddle/checked.h>

#include <string.h>

/* --- a level that is a platform memory ------------------------------------------------------------ */

/* The port's width in the core's cycles. */
static guint64
width_from_port (HdDraft *self, const HdPlatform *platform, const DraftLevel *draft, const HdCore *core, HdResourceId port, const char *attribute)
{
  const HdResource *resource = &platform->resource[port];
  guint64 bits = resource->width_bits * core->period;
  if (resource->width_bits == 0)
    hd_xml_fault (self->xml, draft->node, "level \"%s\" lacks the attribute \"%s\", and port \"%s\" has no width to take", draft->id, attribute, resource->id);
  else if (bits % resource->period != 0)
    hd_xml_fault (self->xml, draft->node, "level \"%s\" lacks the attribute \"%s\": port \"%s\" moves no whole number of bits in a cycle of the core", draft->id, attribute, resource->id);
  else
    return bits / resource->period;
  return 1;
}

static void
fill_from_memory (HdDraft *self, const HdPlatform *platform, const DraftLevel *draft, const HdCore *core, HdLevel *level)
{
  level->memory = _hd_draft_memory (self, platform, draft->node, "memory", draft->memory);
  if (level->memory == HD_NONE)
    return;
  const HdMemory *memory = &platform->memory[level->memory];
  if (!draft->has_size)
    level->size_bits = memory->capacity_bits;
  if (level->read_width == 0)
    level->read_width = width_from_port (self, platform, draft, core, memory->read_port, "read-width");
  if (level->write_width == 0)
    level->write_width = width_from_port (self, platform, draft, core, memory->write_port, "write-width");
  if (!draft->has_read_pj)
    level->read_pj = memory->read_pj_per_bit * (double) level->read_width;
  if (!draft->has_write_pj)
    level->write_pj = memory->write_pj_per_bit * (double) level->write_width;
}

/* --- which array dimensions ------------------------------------------------------------------------- */

static void
resolve_serves (HdDraft *self, const DraftLevel *draft, const HdCore *core, HdLevel *level)
{
  guint all = (1u << core->n_dimensions) - 1;
  level->serves = draft->serves == NULL ? all : 0;
  if (draft->serves == NULL) {
    if (draft->memory == NULL && core->n_dimensions > 0)
      hd_xml_fault (self->xml, draft->node, "level \"%s\" lacks the attribute \"serves\" - expected the array dimensions that one instance serves, \"all\" or \"none\"", draft->id);
    return;
  }
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint d = 0; d < core->n_dimensions; d++)
    g_ptr_array_add (names, core->dimension_name[d]);
  gboolean one = g_strv_length (draft->serves) == 1;
  if (one && g_str_equal (draft->serves[0], "all"))
    level->serves = all;
  else if (g_strv_length (draft->serves) == 0)
    hd_xml_fault (self->xml, draft->node, "serves of <level> is empty - expected array dimensions, \"all\" or \"none\"");
  else if (!one || !g_str_equal (draft->serves[0], "none"))
    for (char **word = draft->serves; *word != NULL; word++) {
      guint d = 0;
      while (d < core->n_dimensions && !g_str_equal (core->dimension_name[d], *word))
        d++;
      if (d < core->n_dimensions)
        level->serves |= 1u << d;
      else
        _hd_draft_unknown (self, draft->node, "serves", *word, "array dimension", names);
    }
}

/* All instances of a level must fit in the memory that they are. */
static void
check_instances (HdDraft *self, const HdPlatform *platform, const DraftLevel *draft, const HdCore *core, const HdLevel *level)
{
  guint64 bits = level->size_bits;
  if (level->memory == HD_NONE || platform->memory[level->memory].capacity_bits == HD_UNLIMITED_BITS)
    return;
  for (guint d = 0; d < core->n_dimensions; d++)
    if ((level->serves >> d & 1) == 0 && !hd_mul_u64 (bits, core->dimension_size[d], &bits))
      bits = G_MAXUINT64;
  if (bits > platform->memory[level->memory].capacity_bits)
    hd_xml_fault (self->xml, draft->node, "level \"%s\" has %" G_GUINT64_FORMAT " bit in all its instances - expected at most the %" G_GUINT64_FORMAT " bit of memory \"%s\"", draft->id, bits,
                  platform->memory[level->memory].capacity_bits, draft->memory);
}

/* --- ports ------------------------------------------------------------------------------------------ */

/* The n-th port (from 1) that reads or writes, counted among the pure ones or, without these, among those for both; the last when there are fewer. */
static gint8
pick_port (const HdLevel *level, gboolean write, guint n)
{
  HdPortKind wanted = write ? HD_PORT_WRITE : HD_PORT_READ;
  gint8 found = -1;
  guint count = 0;
  for (guint round = 0; round < 2 && found < 0; round++, wanted = HD_PORT_READ_WRITE)
    for (guint p = 0; p < level->n_ports && count < n; p++)
      if (level->port_kind[p] == wanted) {
        found = (gint8) p;
        count++;
      }
  return found;
}

static gboolean is_write (HdMovement move) { return move == HD_MOVE_FROM_HIGH || move == HD_MOVE_FROM_LOW; }

/* Inputs and weights only go down; nothing comes from or goes beyond an operand's topmost level. */
static gboolean
happens (guint operand, HdMovement move, gboolean topmost)
{
  gboolean towards_high = move == HD_MOVE_FROM_LOW || move == HD_MOVE_TO_HIGH, at_high = move == HD_MOVE_FROM_HIGH || move == HD_MOVE_TO_HIGH;
  return (operand == HD_OPERAND_OUTPUT || !towards_high) && !(topmost && at_high);
}

static gboolean
is_topmost (const HdCore *core, guint index, guint operand)
{
  for (guint i = index + 1; i < core->n_levels; i++)
    if (core->level[i].operands >> operand & 1)
      return FALSE;
  return TRUE;
}

/* What goes up uses the second port of its kind where there is one, so that it does not stand in the way of what goes down. */
gint8
_hd_level_default_port (const HdLevel *level, HdMovement move)
{
  return pick_port (level, is_write (move), move == HD_MOVE_FROM_LOW || move == HD_MOVE_TO_HIGH ? 2 : 1);
}

static void
allocate_ports (HdDraft *self, const DraftLevel *draft, HdCore *core, guint index)
{
  HdLevel *level = &core->level[index];
  memset (level->port_of, -1, sizeof level->port_of);
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    for (guint move = 0; move < HD_N_MOVES && (level->operands >> operand & 1) != 0; move++) {
      if (!happens (operand, (HdMovement) move, is_topmost (core, index, operand)))
        continue;
      level->port_of[operand][move] = _hd_level_default_port (level, (HdMovement) move);
      if (level->port_of[operand][move] < 0)
        hd_xml_fault (self->xml, draft->node, "level \"%s\" has no port that %s - expected ports=\"1r 1w\" or the like", draft->id, is_write ((HdMovement) move) ? "writes" : "reads");
    }
}

static void
apply_use (HdDraft *self, const DraftUse *use, HdLevel *level)
{
  const char *operand = _hd_operand_words[use->operand], *move = _hd_move_words[use->movement];
  gint8 *port = &level->port_of[use->operand][use->movement];
  guint p = 0;
  while (p < level->n_ports && !g_str_equal (level->port_name[p], use->port))
    p++;
  if ((level->operands >> use->operand & 1) == 0)
    hd_xml_fault (self->xml, use->node, "operand %s of <use> does not stand in this level", operand);
  else if (*port < 0)
    hd_xml_fault (self->xml, use->node, "movement %s of operand %s does not happen in this level", move, operand);
  else if (p == level->n_ports)
    hd_xml_fault (self->xml, use->node, "port of <use>: this level has no port \"%.60s\" - expected one of those that ports= makes, such as \"%s\"", use->port, level->n_ports > 0 ? level->port_name[0] : "r1");
  else if (level->port_kind[p] != HD_PORT_READ_WRITE && (level->port_kind[p] == HD_PORT_WRITE) != is_write (use->movement))
    hd_xml_fault (self->xml, use->node, "movement %s %s the level - expected a port that does, not \"%s\"", move, is_write (use->movement) ? "writes" : "reads", use->port);
  else
    *port = (gint8) p;
}

/* --- the hierarchy ------------------------------------------------------------------------------------ */

static void
assemble_level (HdDraft *self, const HdPlatform *platform, const DraftLevel *draft, const HdCore *core, HdLevel *level)
{
  *level = draft->level;
  level->id = g_strdup (draft->id);
  for (guint p = 0; p < level->n_ports; p++)
    level->port_name[p] = g_strdup (level->port_name[p]);
  level->memory = HD_NONE;
  if (draft->memory != NULL)
    fill_from_memory (self, platform, draft, core, level);
  if (level->read_granularity == 0)
    level->read_granularity = level->read_width;
  if (level->write_granularity == 0)
    level->write_granularity = level->write_width;
  if (level->read_granularity > level->read_width || level->write_granularity > level->write_width)
    hd_xml_fault (self->xml, draft->node, "level \"%s\" has a granularity above its width", draft->id);
  resolve_serves (self, draft, core, level);
  check_instances (self, platform, draft, core, level);
}

/* Registers first, then memories; each name and each memory once. */
static void
check_order (HdDraft *self, const DraftCore *draft, const HdCore *core)
{
  for (guint i = 0; i < core->n_levels; i++) {
    HdXmlNode *node = g_array_index (draft->levels, DraftLevel, i).node;
    for (guint j = 0; j < i; j++) {
      const HdLevel *low = &core->level[j], *high = &core->level[i];
      if (g_str_equal (low->id, high->id) || (low->memory == high->memory && low->memory != HD_NONE))
        hd_xml_fault (self->xml, node, "level \"%s\" stands twice in core \"%s\"", high->id, draft->id);
      if (low->memory != HD_NONE && high->memory == HD_NONE && (low->operands & high->operands) != 0)
        hd_xml_fault (self->xml, node, "level \"%s\" is inside the core but above memory \"%s\" - expected levels bottom-up, registers first", high->id, low->id);
    }
  }
}

static void
check_complete (HdDraft *self, const DraftCore *draft, const HdCore *core)
{
  static const char *const NAME[] = { "inputs (I)", "weights (W)", "outputs (O)" };
  guint held = 0;
  for (guint i = 0; i < core->n_levels; i++)
    held |= core->level[i].operands;
  for (guint operand = 0; operand < HD_N_OPERANDS && (core->kind == HD_CORE_SPATIAL || core->kind == HD_CORE_SYSTOLIC); operand++)
    if ((held >> operand & 1) == 0)
      hd_xml_fault (self->xml, draft->node, "core \"%s\" has no level for its %s", draft->id, NAME[operand]);
}

void
_hd_draft_assemble_levels (HdDraft *self, const HdPlatform *platform, const DraftCore *draft, HdCore *core)
{
  const guint most = 64;
  core->n_levels = draft->levels->len;
  if (core->n_levels > most) {
    hd_xml_fault (self->xml, draft->node, "core \"%s\" has %u levels - expected at most %u", draft->id, core->n_levels, most);
    core->n_levels = most;
  }
  core->level = g_new0 (HdLevel, core->n_levels);
  for (guint i = 0; i < core->n_levels; i++)
    assemble_level (self, platform, &g_array_index (draft->levels, DraftLevel, i), core, &core->level[i]);
  for (guint i = 0; i < core->n_levels; i++) {
    const DraftLevel *level = &g_array_index (draft->levels, DraftLevel, i);
    allocate_ports (self, level, core, i);
    for (guint u = 0; u < level->uses->len; u++)
      apply_use (self, &g_array_index (level->uses, DraftUse, u), &core->level[i]);
  }
  check_order (self, draft, core);
  check_complete (self, draft, core);
}
