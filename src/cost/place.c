/* Where a layer's operands stand when each map is kept as low as it fits: the rule of the depth-first model (DeFiNES), used when layers are costed one by one. */
#include "cost/cost.h"

/* One instance serves the whole array. */
static gboolean
is_single (const HdCore *core, const HdLevel *level)
{
  return (level->serves & ((1u << core->n_dimensions) - 1)) == (1u << core->n_dimensions) - 1;
}

static int
lowest (const HdCore *core, HdCostOperand operand, guint64 bits, int other, guint64 other_bits)
{
  int found = -1;

  for (guint l = 0; l < core->n_levels; l++) {
    const HdLevel *level = &core->level[l];
    guint64 need = (int) l == other ? bits + other_bits : bits;
    if (!((level->operands >> operand) & 1))
      continue;
    found = (int) l;
    if (is_single (core, level) && (level->size_bits == HD_UNLIMITED_BITS || need <= level->size_bits))
      break;
  }
  return found;
}

gboolean
hd_cost_place_lowest (const HdCostModel *self, HdCoreId core_id, HdLayerId layer, const HdBox *box, gboolean last, HdCostPlace *place, GError **error)
{
  const HdCore *core;
  HdCostShape shape;
  guint64 in = 0, out;

  *place = HD_COST_PLACE_DEFAULT;
  if (!_hd_cost_model_shape (self, core_id, layer, box, &core, &shape, error))
    return FALSE;
  for (guint o = 0; o < HD_OPERAND_OUTPUT; o++)
    if (shape.operand[o].present && !shape.operand[o].constant)
      in += shape.operand[o].elements * shape.operand[o].bits;
  out = shape.operand[HD_OPERAND_OUTPUT].elements * shape.operand[HD_OPERAND_OUTPUT].bits;
  place->top[HD_OPERAND_INPUT] = (gint8) lowest (core, HD_OPERAND_INPUT, in, -1, 0);
  if (!last)
    place->top[HD_OPERAND_OUTPUT] = (gint8) lowest (core, HD_OPERAND_OUTPUT, out, place->top[HD_OPERAND_INPUT], in);
  return TRUE;
}

gboolean
hd_cost_place_raise (const HdCostModel *self, HdCoreId core_id, HdCostOperand operand, HdCostPlace *place)
{
  const HdCore *core = _hd_cost_model_core (self, core_id);

  for (guint l = (guint) (place->top[operand] + 1); place->top[operand] >= 0 && l < core->n_levels; l++)
    if ((core->level[l].operands >> operand) & 1) {
      place->top[operand] = (gint8) l;
      return TRUE;
    }
  return FALSE;
}
