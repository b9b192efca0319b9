/* From a core's draft to the core: dimensions, dataflows, where its operands stand. Its levels are in level.c. */
#include "config.h"
#include "platform/draft.h"

#include <heddle/checked.h>

#include <string.h>

static guint
find_dimension (HdDraft *self, const HdCore *core, HdXmlNode *node, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint d = 0; d < core->n_dimensions; d++) {
    if (g_str_equal (core->dimension_name[d], name))
      return d;
    g_ptr_array_add (names, core->dimension_name[d]);
  }
  if (*name != '\0')
    _hd_draft_unknown (self, node, "dimension", name, "array dimension", names);
  return HD_NONE;
}

static gint
compare_unrolls (gconstpointer a, gconstpointer b)
{
  const HdUnroll *x = a, *y = b;
  if (x->dimension != y->dimension)
    return x->dimension < y->dimension ? -1 : 1;
  return strcmp (x->rank, y->rank);
}

/* Loops on one dimension must fit on it together. */
static void
check_unrolls (HdDraft *self, const HdCore *core, const DraftDataflow *draft, const HdDataflow *dataflow)
{
  guint64 used[HD_ARRAY_DIMS_MAX];
  for (guint d = 0; d < HD_ARRAY_DIMS_MAX; d++)
    used[d] = 1;
  for (guint i = 0; i < dataflow->n_unrolls; i++) {
    const HdUnroll *unroll = &dataflow->unroll[i];
    if (!hd_mul_u64 (used[unroll->dimension], unroll->factor, &used[unroll->dimension]))
      used[unroll->dimension] = G_MAXUINT64;
    if (i > 0 && compare_unrolls (unroll, unroll - 1) == 0)
      hd_xml_fault (self->xml, draft->node, "dataflow \"%s\" unrolls rank \"%s\" twice over dimension \"%s\"", draft->id, unroll->rank, core->dimension_name[unroll->dimension]);
  }
  for (guint d = 0; d < core->n_dimensions; d++)
    if (used[d] > core->dimension_size[d])
      hd_xml_fault (self->xml, draft->node, "dataflow \"%s\" unrolls %" G_GUINT64_FORMAT " over dimension \"%s\" - expected at most its size %" G_GUINT64_FORMAT, draft->id, used[d],
                    core->dimension_name[d], core->dimension_size[d]);
}

static void
assemble_dataflow (HdDraft *self, const HdCore *core, const DraftDataflow *draft, HdDataflow *dataflow)
{
  dataflow->id = g_strdup (draft->id);
  dataflow->unroll = g_new0 (HdUnroll, draft->unrolls->len + 1);
  if (draft->unrolls->len == 0)
    hd_xml_fault (self->xml, draft->node, "dataflow \"%s\" unrolls nothing - expected one <unroll> at least", draft->id);
  for (guint i = 0; i < draft->unrolls->len; i++) {
    const DraftUnroll *unroll = &g_array_index (draft->unrolls, DraftUnroll, i);
    guint dimension = find_dimension (self, core, unroll->node, unroll->dimension);
    if (dimension == HD_NONE)
      continue;
    guint64 factor = unroll->factor != 0 ? unroll->factor : core->dimension_size[dimension];
    dataflow->unroll[dataflow->n_unrolls++] = (HdUnroll) { g_strdup (unroll->rank), dimension, factor };
  }
  qsort (dataflow->unroll, dataflow->n_unrolls, sizeof *dataflow->unroll, compare_unrolls);
  check_unrolls (self, core, draft, dataflow);
}

static gint compare_dataflows (gconstpointer a, gconstpointer b) { return strcmp (((const HdDataflow *) a)->id, ((const HdDataflow *) b)->id); }
static gint compare_fixed (gconstpointer a, gconstpointer b) { return strcmp (((const HdFixedCost *) a)->operator_type, ((const HdFixedCost *) b)->operator_type); }

static void
assemble_dataflows (HdDraft *self, const DraftCore *draft, HdCore *core)
{
  core->n_dataflows = draft->dataflows->len;
  core->dataflow = g_new0 (HdDataflow, core->n_dataflows + 1);
  for (guint i = 0; i < core->n_dataflows; i++)
    assemble_dataflow (self, core, &g_array_index (draft->dataflows, DraftDataflow, i), &core->dataflow[i]);
  qsort (core->dataflow, core->n_dataflows, sizeof *core->dataflow, compare_dataflows);
  for (guint i = 1; i < core->n_dataflows; i++)
    if (g_str_equal (core->dataflow[i].id, core->dataflow[i - 1].id))
      hd_xml_fault (self->xml, draft->node, "dataflow \"%s\" stands twice in core \"%s\"", core->dataflow[i].id, draft->id);
}

static void
assemble_fixed (HdDraft *self, const DraftCore *draft, HdCore *core)
{
  core->n_fixed = draft->fixed->len;
  core->fixed = g_new0 (HdFixedCost, core->n_fixed + 1);
  for (guint i = 0; i < core->n_fixed; i++) {
    core->fixed[i] = g_array_index (draft->fixed, HdFixedCost, i);
    core->fixed[i].operator_type = g_strdup (core->fixed[i].operator_type);
  }
  qsort (core->fixed, core->n_fixed, sizeof *core->fixed, compare_fixed);
  for (guint i = 1; i < core->n_fixed; i++)
    if (g_str_equal (core->fixed[i].operator_type, core->fixed[i - 1].operator_type))
      hd_xml_fault (self->xml, draft->node, "operator \"%s\" stands twice in core \"%s\"", core->fixed[i].operator_type, draft->id);
}

/* Where an operand stands: as the file says, else the topmost on-chip memory of its levels, else the topmost memory. */
static HdMemoryId
operand_memory (HdDraft *self, const HdPlatform *platform, const DraftCore *draft, const HdCore *core, guint operand)
{
  static const char *const ATTRIBUTE[] = { "input-memory", "weight-memory", "output-memory" };
  HdMemoryId on_chip = HD_NONE, any = HD_NONE;
  if (draft->operand_memory[operand] != NULL)
    return _hd_draft_memory (self, platform, draft->node, ATTRIBUTE[operand], draft->operand_memory[operand]);
  for (guint i = 0; i < core->n_levels; i++) {
    HdMemoryId memory = core->level[i].memory;
    if (memory == HD_NONE || (core->level[i].operands >> operand & 1) == 0)
      continue;
    any = memory;
    if (!platform->memory[memory].dram)
      on_chip = memory;
  }
  return on_chip != HD_NONE ? on_chip : any;
}

static void
assemble_core (HdDraft *self, const HdPlatform *platform, const DraftCore *draft, HdCore *core)
{
  *core = draft->core;
  core->id = g_strdup (draft->id);
  guint64 hz = draft->hz != 0 ? draft->hz : self->hz;
  core->period = platform->clock_hz % hz == 0 ? platform->clock_hz / hz : 1;
  core->static_pj_per_cycle = core->static_w * 1e12 / (double) platform->clock_hz;
  for (guint d = 0; d < core->n_dimensions; d++)
    core->dimension_name[d] = g_strdup (draft->dimension_name[d]);
  assemble_dataflows (self, draft, core);
  assemble_fixed (self, draft, core);
  _hd_draft_assemble_levels (self, platform, draft, core);
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    core->operand_memory[operand] = operand_memory (self, platform, draft, core, operand);
}

void
_hd_draft_assemble_cores (HdDraft *self, HdPlatform *platform)
{
  platform->n_cores = self->cores->len;
  platform->core = g_new0 (HdCore, platform->n_cores);
  for (guint i = 0; i < platform->n_cores; i++)
    assemble_core (self, platform, &g_array_index (self->cores, DraftCore, i), &platform->core[i]);
}
