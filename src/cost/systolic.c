/* Systolic arrays of R rows and C columns: data enter at the edges and take their time across.
 *
 *     cycles = ((R + C + T - 2) * F - 1)    outputs stay        (rows M, columns N, T = K)
 *     cycles = ((2R + C + T - 2) * F - 1)   weights stay        (rows K, columns N, T = M)
 *     cycles = ((2R + C + T - 2) * F - 1)   inputs stay         (rows K, columns M, T = N)
 *     F = ceil (rows needed / R) * ceil (columns needed / C),   once for each group
 *
 * M: ranks of inputs and outputs, N: of weights and outputs, K: the reduction. Exact against SCALE-Sim v3. A dataflow says what is on the rows and the columns by the ranks it unrolls on the first and the second array dimension; where
 * the core has none, all three are tried. Where weights stay and all of them fit at once, the R cycles that bring them in are load cycles.
 *
 * Accesses (of SCALE-Sim as well): what stays is read once; what passes rows is read again for each fold of columns and the other way round; outputs that pass are written for each fold of the reduction and all but the first
 * time read before.
 */
#include "cost/cost.h"

typedef enum { STAY_OUTPUTS, STAY_WEIGHTS, STAY_INPUTS } Stay;

typedef struct {
  Stay stay;
  guint64 rows, columns;      /* needed */
  guint64 t, row_folds, column_folds;
  guint64 cycles, load;
  guint64 accesses[HD_N_OPERANDS], sums_again;
} Fold;

static Fold
fold (const HdCostQuestion *q, const HdShapeMatrix *m, Stay stay)
{
  guint64 r = MAX (q->core->dimension_size[0], 1), c = q->core->n_dimensions > 1 ? MAX (q->core->dimension_size[1], 1) : 1;
  guint64 M = m->vectors, N = m->channels, K = m->reduction;
  Fold f = { .stay = stay };

  f.rows = stay == STAY_OUTPUTS ? M : K;
  f.columns = stay == STAY_INPUTS ? M : N;
  f.t = stay == STAY_OUTPUTS ? K : stay == STAY_WEIGHTS ? M : N;
  f.row_folds = hd_ceil_div (f.rows, r);
  f.column_folds = hd_ceil_div (f.columns, c);
  f.cycles = m->groups * (((stay == STAY_OUTPUTS ? 1 : 2) * r + c + f.t - 2) * f.row_folds * f.column_folds - 1);
  if (stay == STAY_WEIGHTS && f.row_folds * f.column_folds * m->groups == 1 && q->shape->operand[HD_OPERAND_WEIGHT].constant)
    f.load = r;
  f.accesses[HD_OPERAND_INPUT] = M * K * (stay == STAY_INPUTS ? 1 : f.column_folds);
  f.accesses[HD_OPERAND_WEIGHT] = N * K * (stay == STAY_OUTPUTS ? f.row_folds : stay == STAY_WEIGHTS ? 1 : f.column_folds);
  f.accesses[HD_OPERAND_OUTPUT] = M * N * (stay == STAY_OUTPUTS ? 1 : f.row_folds);
  f.sums_again = f.accesses[HD_OPERAND_OUTPUT] - M * N + (q->shape->partial_in ? M * N : 0);
  return f;
}

/* What the core's dataflows allow, as a mask of Stay; all when they say nothing of this layer. */
static guint
allowed (const HdCostQuestion *q)
{
  HdShapeMatrix m;
  guint mask = 0;

  for (guint d = 0; d < q->core->n_dataflows; d++) {
    const HdDataflow *flow = &q->core->dataflow[d];
    gboolean vectors = FALSE, channels = FALSE, reduction = FALSE;
    for (guint u = 0; u < flow->n_unrolls; u++) {
      int rank = _hd_cost_find_rank (q->shape->layer, flow, flow->unroll[u].rank);
      const guint64 *side = rank < 0 ? NULL : _hd_matrix_side (q->shape, &m, (guint) rank);
      vectors |= side == &m.vectors;
      channels |= side == &m.channels;
      reduction |= side == &m.reduction;
    }
    if (vectors && channels && !reduction)
      mask |= 1u << STAY_OUTPUTS;
    else if (reduction && channels)
      mask |= 1u << STAY_WEIGHTS;
    else if (reduction && vectors)
      mask |= 1u << STAY_INPUTS;
  }
  return mask ? mask : 7;
}

static double
energy (const HdCostQuestion *q, const HdShapeMatrix *m, const Fold *f, double *weights)
{
  const HdCostShapeOperand *o = q->shape->operand;
  double groups = (double) m->groups;
  double outputs = (double) (f->accesses[HD_OPERAND_OUTPUT] - m->vectors * m->channels) * q->shape->partial_bits + (double) (m->vectors * m->channels) * o[HD_OPERAND_OUTPUT].bits;

  *weights = _hd_cost_operand_pj (q, HD_OPERAND_WEIGHT, groups * (double) f->accesses[HD_OPERAND_WEIGHT] * o[HD_OPERAND_WEIGHT].bits);
  return _hd_cost_operand_pj (q, HD_OPERAND_INPUT, groups * ((double) f->accesses[HD_OPERAND_INPUT] * o[HD_OPERAND_INPUT].bits + (double) f->sums_again * q->shape->partial_bits) + (double) q->shape->other_bits) +
         _hd_cost_operand_pj (q, HD_OPERAND_OUTPUT, groups * outputs);
}

static void
write_cost (const HdCostQuestion *q, const HdShapeMatrix *m, const Fold *f, HdNodeCost *cost)
{
  guint64 units = q->core->dimension_size[0] * (q->core->n_dimensions > 1 ? q->core->dimension_size[1] : 1), steps = f->row_folds * f->column_folds * f->t * m->groups;
  double weights, others = energy (q, m, f, &weights);

  cost->macs = q->shape->macs;
  cost->ideal_cycles = hd_ceil_div (cost->macs, MAX (units, 1));
  cost->cycles = f->cycles - f->load;
  cost->load_cycles = f->load;
  cost->compute_cycles = MIN (steps, cost->cycles);
  cost->fill_cycles = cost->cycles - cost->compute_cycles;
  cost->mac_energy_pj = (double) cost->macs * q->core->mac_pj;
  cost->energy_pj = cost->mac_energy_pj + others + (f->load ? 0 : weights);
  cost->load_energy_pj = f->load ? weights : 0;
  cost->weight_bits = f->load ? q->shape->operand[HD_OPERAND_WEIGHT].elements * q->shape->operand[HD_OPERAND_WEIGHT].bits : 0;
}

gboolean
_hd_cost_systolic (const HdCostQuestion *q, HdCostReport *report, GError **error)
{
  guint mask = allowed (q);
  guint64 sides, tried = 0;
  HdShapeMatrix m;
  double best = 0;
  gboolean found = FALSE;

  _hd_shape_matrix (q->shape, &m);
  /* Products of two sides and a few widths stay far inside 64 bits then. */
  if (!hd_mul_u64 (m.vectors * m.groups, m.channels, &sides) || !hd_mul_u64 (sides, m.reduction, &sides) || sides > G_GUINT64_CONSTANT (1) << 50 ||
      q->core->dimension_size[0] > 1u << 20 || (q->core->n_dimensions > 1 && q->core->dimension_size[1] > 1u << 20)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s on core %s: too large for a systolic array (more than 2^50 points, or 2^20 units a side)", q->shape->layer->name, q->core->id);
    return FALSE;
  }
  for (guint stay = 0; stay < 3; stay++)
    if ((mask >> stay) & 1) {
      Fold f = fold (q, &m, (Stay) stay);
      HdNodeCost cost = { 0 };
      double value;
      write_cost (q, &m, &f, &cost);
      value = _hd_cost_objective (q->options, cost.energy_pj + cost.load_energy_pj, (double) (cost.cycles + cost.load_cycles));
      if (!found || value < best) {
        report->cost = cost;
        best = value;
      }
      found = TRUE;
      tried++;
    }
  report->cost.evaluations = tried;
  return TRUE;
}
