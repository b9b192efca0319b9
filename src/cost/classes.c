/* A layer as one matrix product: its ranks by which operands depend on them. */
#include "cost/cost.h"

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
