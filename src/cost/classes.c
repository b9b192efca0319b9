/* A layer as one matrix product: its ranks by which operands depend on them. */
#include "cost/cost.h"

static gboolean
names (const HdDataflow *dataflow, const char *rank)
{
  for (guint u = 0; u < dataflow->n_unrolls; u++)
    if (g_str_equal (dataflow->unroll[u].rank, rank))
      return TRUE;
  return FALSE;
}

int
_hd_cost_find_rank (const HdLayer *layer, const HdDataflow *dataflow, const char *name)
{
  static const char *const SAME[][2] = { { "K", "N" }, { "C", "K" }, { "OX", "M" } };  /* convolution, matrix product */
  gboolean product = hd_layer_find_rank (layer, "N") >= 0 && hd_layer_find_rank (layer, "K") >= 0;
  gboolean speaks_products = names (dataflow, "M") || names (dataflow, "N");

  if (product != speaks_products)
    for (guint i = 0; i < G_N_ELEMENTS (SAME); i++)
      if (g_str_equal (name, SAME[i][product ? 0 : 1]))
        return hd_layer_find_rank (layer, SAME[i][product ? 1 : 0]);
  return hd_layer_find_rank (layer, name);
}

void
_hd_shape_matrix (const HdCostShape *shape, HdShapeMatrix *m)
{
  *m = (HdShapeMatrix) { 1, 1, 1, 1 };
  for (guint r = 0; r < shape->n_ranks; r++)
    *_hd_matrix_side (shape, m, r) *= shape->size[r];
}

guint64 *
_hd_matrix_side (const HdCostShape *shape, HdShapeMatrix *m, guint rank)
{
  gboolean in = (shape->operand[HD_OPERAND_INPUT].addressed >> rank) & 1, weight = (shape->operand[HD_OPERAND_WEIGHT].addressed >> rank) & 1;
  gboolean out = (shape->operand[HD_OPERAND_OUTPUT].addressed >> rank) & 1;

  if (in && weight && out)
    return &m->groups;
  if (!out)
    return &m->reduction;
  return weight ? &m->channels : &m->vectors;
}
