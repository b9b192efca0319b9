/* The shape of a node: its box seen from its own corner.
 *
 * A tensor dimension's projection `floor ((offset + sum c_r * r) / divisor)` over the box [from, to) becomes a sum over r' = r - from with positive coefficients:
 * a negative one is turned around (r' counts down from the box's end). What is left of the offset says which indices are padding.
 */
#include "cost/cost.h"

#define LIMIT (G_GINT64_CONSTANT (1) << 61)

/* Distinct values of a*i + b*j, i < n, j < m; the published tool's formula, exact for any a, b > 0. */
static guint64
distinct_pair (guint64 n, guint64 m, guint64 a, guint64 b)
{
  guint64 g = hd_gcd (a, b);
  guint64 less_m = a / g < m ? m - a / g : 0, less_n = b / g < n ? n - b / g : 0;

  return n * m - less_m * less_n;
}

guint64
_hd_dim_elements (const HdCostShapeDim *dim, const guint64 *tile)
{
  guint64 count[HD_TERMS_MAX], coefficient[HD_TERMS_MAX], hull = 1;
  guint n = 0;

  for (guint t = 0; t < dim->n_terms; t++)
    if (tile[dim->rank[t]] > 1) {
      count[n] = tile[dim->rank[t]];
      coefficient[n] = (guint64) dim->coefficient[t];
      hull += coefficient[n] * (count[n] - 1);
      n++;
    }
  if (dim->divisor > 1)
    return hd_ceil_div (hull, (guint64) dim->divisor);
  if (n == 0)
    return 1;
  if (n == 1)
    return count[0];
  if (n == 2)
    return distinct_pair (count[0], count[1], coefficient[0], coefficient[1]);
  /* Digits of a mixed radix: the greatest coefficient is beyond the hull of the rest, and so on down. */
  guint64 product = 1, rest = hull;
  gboolean digits = TRUE;
  for (guint t = 0; t < n; t++) {
    rest -= coefficient[t] * (count[t] - 1);
    digits &= coefficient[t] >= rest;
    product *= count[t];
  }
  return digits ? product : MIN (product, hull);
}

guint64
_hd_operand_elements (const HdCostShapeOperand *operand, const guint64 *tile)
{
  guint64 product = 1;

  for (guint d = 0; d < operand->n_dims; d++)
    if (!hd_mul_u64 (product, _hd_dim_elements (&operand->dim[d], tile), &product))
      return G_MAXUINT64;
  return product;
}

/* Descending coefficients, so that digits stand outermost first; ties by rank. */
static void
insert_term (HdCostShapeDim *dim, guint rank, gint64 coefficient)
{
  guint at = dim->n_terms++;

  for (; at > 0 && dim->coefficient[at - 1] < coefficient; at--) {
    dim->coefficient[at] = dim->coefficient[at - 1];
    dim->rank[at] = dim->rank[at - 1];
  }
  dim->coefficient[at] = coefficient;
  dim->rank[at] = (guint8) rank;
}

static gboolean
too_large (const HdLayer *layer, const char *what, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s: %s of a node does not fit in 61 bits", layer->name, what);
  return FALSE;
}

static gboolean
init_dim (HdCostShapeDim *dim, const HdLayer *layer, const HdProjection *projection, const HdBox *box, gint64 size, GError **error)
{
  gint64 first = projection->offset, span, product;

  *dim = (HdCostShapeDim) { .divisor = projection->divisor };
  for (guint r = 0; r < layer->n_ranks; r++) {
    gint64 c = projection->coefficient[r];
    if (c == 0)
      continue;
    if (!hd_mul_i64 (c, c > 0 ? box->range[r].from : box->range[r].to - 1, &product) || !hd_add_i64 (first, product, &first))
      return too_large (layer, "an address", error);
    if (!hd_mul_i64 (ABS (c), hd_range_size (box->range[r]) - 1, &span) || span > LIMIT)
      return too_large (layer, "an address", error);
    if (hd_range_size (box->range[r]) == 1)
      continue;
    if (dim->n_terms == HD_TERMS_MAX) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s: a tensor dimension depends on more than %d ranks", layer->name, HD_TERMS_MAX);
      return FALSE;
    }
    insert_term (dim, r, ABS (c));
  }
  if (ABS (first) > LIMIT || size > LIMIT / projection->divisor)
    return too_large (layer, "an address", error);
  dim->lo = -first;
  dim->hi = size * projection->divisor - first;
  return TRUE;
}

static gboolean
init_operand (HdCostShapeOperand *self, const HdWorkload *workload, const HdLayer *layer, const HdOperand *operand, const HdBox *box, GError **error)
{
  const HdTensor *tensor = &workload->tensors[operand->tensor];
  HdBox touched;

  *self = (HdCostShapeOperand) { .present = TRUE, .constant = operand->role == HD_ROLE_WEIGHT, .bits = tensor->bits, .n_dims = tensor->n_dims };
  for (guint d = 0; d < tensor->n_dims; d++) {
    if (!init_dim (&self->dim[d], layer, &operand->projection[d], box, (gint64) tensor->size[d], error))
      return FALSE;
    for (guint r = 0; r < layer->n_ranks; r++)
      self->addressed |= (operand->projection[d].coefficient[r] != 0 ? 1u : 0u) << r;
    for (guint t = 0; t < self->dim[d].n_terms; t++)
      self->relevant |= 1u << self->dim[d].rank[t];
  }
  if (operand->whole && operand->touched_per_point > 0) {
    HdBox out = hd_operand_project (layer, hd_layer_output (layer), box, &workload->tensors[hd_layer_output (layer)->tensor]);
    guint64 points = hd_box_volume (&out);
    if (!hd_mul_u64 (points, operand->touched_per_point, &self->elements))
      return too_large (layer, "the data", error);
    return TRUE;
  }
  touched = operand->whole ? hd_tensor_whole_box (tensor) : hd_operand_project (layer, operand, box, tensor);
  self->elements = hd_box_volume (&touched);
  return TRUE;
}

static gboolean
depends_on (const HdLayer *layer, const HdOperand *operand, const char *rank)
{
  int r = hd_layer_find_rank (layer, rank);
  gboolean found = FALSE;

  for (guint d = 0; r >= 0 && d < HD_DIMS_MAX; d++)
    found |= operand->projection[d].coefficient[r] != 0;
  return found;
}

/* Of two variable inputs of a matrix product the one with the columns stands where weights would, whatever their names. */
static gboolean
are_exchanged (const HdLayer *layer, const HdOperand *first, const HdOperand *second)
{
  return depends_on (layer, first, "N") && !depends_on (layer, first, "M") && depends_on (layer, second, "M") && !depends_on (layer, second, "N");
}

/* Operands of the cost model: the first input, the first weight or else the second input, the output. */
static const HdOperand *
pick (const HdLayer *layer, HdCostOperand which)
{
  const HdOperand *weight = NULL, *input[2] = { NULL, NULL };
  guint n_inputs = 0;

  for (guint i = 0; i + 1 < layer->n_operands; i++)
    if (layer->operands[i].role == HD_ROLE_WEIGHT)
      weight = weight ? weight : &layer->operands[i];
    else if (n_inputs < 2)
      input[n_inputs++] = &layer->operands[i];
  if (!weight && n_inputs == 2 && are_exchanged (layer, input[0], input[1])) {
    const HdOperand *columns = input[0];
    input[0] = input[1];
    input[1] = columns;
  }
  switch (which) {
  case HD_OPERAND_INPUT: return input[0];
  case HD_OPERAND_WEIGHT: return weight ? weight : input[1];
  default: return hd_layer_output (layer);
  }
}

/* Ones that no operand of the model stands for. */
static gboolean
add_others (HdCostShape *self, const HdWorkload *workload, const HdBox *box, GError **error)
{
  const HdLayer *layer = self->layer;

  for (guint i = 0; i + 1 < layer->n_operands; i++) {
    const HdOperand *operand = &layer->operands[i];
    HdCostShapeOperand other;
    guint64 bits;
    if (operand == pick (layer, HD_OPERAND_INPUT) || operand == pick (layer, HD_OPERAND_WEIGHT))
      continue;
    if (!init_operand (&other, workload, layer, operand, box, error))
      return FALSE;
    if (!hd_mul_u64 (other.elements, other.bits, &bits) || !hd_add_u64 (self->other_bits, bits, &self->other_bits))
      return too_large (layer, "the data", error);
  }
  return TRUE;
}

gboolean
_hd_shape_init (HdCostShape *self, const HdWorkload *workload, const HdLayer *layer, const HdBox *box, GError **error)
{
  *self = (HdCostShape) { .layer = layer, .n_ranks = layer->n_ranks, .points = 1, .partial_bits = layer->partial_bits };
  for (guint r = 0; r < layer->n_ranks; r++) {
    self->size[r] = (guint64) hd_range_size (box->range[r]);
    if (!hd_mul_u64 (self->points, self->size[r], &self->points) || self->points > (guint64) LIMIT)
      return too_large (layer, "the number of points", error);
  }
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    const HdOperand *operand = pick (layer, (HdCostOperand) o);
    if (operand && !init_operand (&self->operand[o], workload, layer, operand, box, error))
      return FALSE;
  }
  self->macs = hd_layer_effective_points (workload, layer, box);
  if (layer->layer_class == HD_LAYER_MOVE)
    self->macs = 0;
  else if (!hd_mul_u64 (self->macs, layer->ops_per_point, &self->macs))
    return too_large (layer, "the number of operations", error);
  return add_others (self, workload, box, error);
}
