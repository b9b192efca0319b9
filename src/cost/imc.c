/* In-memory-compute cores by their physics.
 *
 * Weights stand in cells: rows take the reduction (C, FX, FY), columns the output channels, each weight ceil (weight bits / cell bits) columns. What is larger than a macro is cut into tiles; groups of a
 * grouped convolution that are smaller share a macro along its diagonal. Macros side by side hold different tiles and work at once; tiles beyond them come in further rounds, whose weights are
 * written anew.
 *
 *     cycles = ceil (vectors / copies) * rounds * steps * conversions one after the other * cycles per conversion
 *     steps  = ceil (input bits / DAC bits),   conversions one after the other = min (columns per ADC, columns in use)
 *     load   = weight bits / write width
 *     energy = MACs + vectors * steps * columns in use * row tiles conversions + written bits + inputs and outputs at the price of where they stand
 *
 * Macros that the tiles leave idle can hold copies of the weights (`copies` of the platform, at most): vectors are dealt to them. All copies are written at once; writing each costs its energy.
 * A layer's vectors are its output points (all ranks that weights do not depend on). Each vector reads its whole window. Weights of one round stay: loading them stands apart. Where the core's weight memory is
 * the cells themselves, whoever brings weights there has written them: no load. A second variable input is written like weights, for each node.
 */
#include "cost/cost.h"

#include <math.h>

typedef struct {
  HdShapeMatrix m;
  guint64 cells;           /* columns per weight */
  guint64 row_tiles, column_tiles, tiles, rounds;
  guint64 copies;          /* of the weights, side by side */
  guint64 columns_in_use;  /* of a macro, at most */
  guint64 steps;
} Layout;

static gboolean
lay_out (const HdCostQuestion *q, Layout *l, GError **error)
{
  const HdCore *core = q->core;
  guint64 weights_per_row, pack = 1;

  _hd_shape_matrix (q->shape, &l->m);
  if (q->shape->points > G_GUINT64_CONSTANT (1) << 50 || core->imc_rows > 1u << 20 || core->imc_columns > 1u << 20 || core->imc_macros > 1u << 20) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s on core %s: too large for macros (more than 2^50 points, or 2^20 rows, columns or macros)", q->shape->layer->name, core->id);
    return FALSE;
  }
  l->cells = hd_ceil_div (q->shape->operand[HD_OPERAND_WEIGHT].bits, MAX (core->imc_cell_bits, 1));
  weights_per_row = core->imc_columns / l->cells;
  if (!q->shape->operand[HD_OPERAND_WEIGHT].present || weights_per_row == 0 || core->imc_rows == 0 || core->imc_macros == 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s does not fit core %s: %s", q->shape->layer->name, core->id,
                 q->shape->operand[HD_OPERAND_WEIGHT].present ? "one weight takes more columns than a macro has" : "it has no weights to stand in cells");
    return FALSE;
  }
  l->row_tiles = hd_ceil_div (l->m.reduction, core->imc_rows);
  l->column_tiles = hd_ceil_div (l->m.channels, weights_per_row);
  if (l->row_tiles == 1 && l->column_tiles == 1)
    pack = MIN (MIN (core->imc_rows / l->m.reduction, weights_per_row / l->m.channels), l->m.groups);
  l->tiles = hd_ceil_div (l->m.groups, pack) * l->row_tiles * l->column_tiles;
  l->rounds = hd_ceil_div (l->tiles, core->imc_macros);
  l->copies = MAX (1, MIN (core->imc_copies, core->imc_macros / l->tiles));
  l->columns_in_use = MIN (l->m.channels, weights_per_row) * l->cells * pack;
  l->steps = hd_ceil_div (q->shape->operand[HD_OPERAND_INPUT].bits, MAX (core->imc_dac_bits, 1));
  return TRUE;
}

/* The cells are the core's weight memory: a memory of no more bits than there are cells. */
static gboolean
weights_stand_in_cells (const HdCostQuestion *q)
{
  HdMemoryId home = q->core->operand_memory[HD_OPERAND_WEIGHT];
  guint64 cells = q->core->imc_rows * q->core->imc_columns * q->core->imc_macros * q->core->imc_cell_bits;

  return home != HD_NONE && home < q->platform->n_memories && q->platform->memory[home].capacity_bits <= cells;
}

/* Bits that pass the buffers for one node: inputs once per window and round of column tiles, outputs, partial sums between rounds. */
static void
moved_bits (const HdCostQuestion *q, const Layout *l, double *in, double *out)
{
  double column_rounds = (double) MIN (l->rounds, l->column_tiles), row_rounds = l->rounds > 1 ? (double) MIN (l->rounds, l->row_tiles) : 1;
  double outputs = (double) l->m.vectors * (double) l->m.channels * (double) l->m.groups;

  *in = (double) l->m.vectors * (double) l->m.reduction * (double) l->m.groups * q->shape->operand[HD_OPERAND_INPUT].bits * column_rounds;
  *in += outputs * q->shape->partial_bits * (row_rounds - 1 + (q->shape->partial_in ? 1 : 0)) + (double) q->shape->other_bits;
  *out = outputs * (q->shape->operand[HD_OPERAND_OUTPUT].bits + q->shape->partial_bits * (row_rounds - 1));
}

static guint64
width_cycles (const HdCostQuestion *q, HdCostOperand operand, double bits)
{
  int top = _hd_cost_top (q, operand);
  guint64 width;

  if (top < 0)
    return 0;
  width = operand == HD_OPERAND_OUTPUT ? q->core->level[top].write_width : q->core->level[top].read_width;
  return width ? (guint64) MIN (9e18, ceil (bits / (double) width)) : 0;
}

static void
add_load (const HdCostQuestion *q, const Layout *l, HdNodeCost *cost)
{
  const HdCostShapeOperand *w = &q->shape->operand[HD_OPERAND_WEIGHT];
  guint64 bits = l->m.reduction * l->m.channels * l->m.groups * w->bits;
  guint64 cycles = q->core->imc_write_width ? hd_ceil_div (bits, q->core->imc_write_width) : 0;
  double pj = (double) bits * (double) l->copies * q->core->imc_pj_per_write_bit + _hd_cost_operand_pj (q, HD_OPERAND_WEIGHT, (double) bits);

  if (weights_stand_in_cells (q) && w->constant && l->rounds == 1)
    return;
  if (l->rounds == 1 && w->constant) {
    cost->load_cycles = cycles;
    cost->load_energy_pj = pj;
    cost->weight_bits = bits;
    return;
  }
  cost->input_cycles = cycles;
  cost->energy_pj += pj;
}

gboolean
_hd_cost_imc (const HdCostQuestion *q, HdCostReport *report, GError **error)
{
  HdNodeCost *cost = &report->cost;
  guint64 per_vector, ports;
  double in, out, conversions;
  Layout l;

  if (!lay_out (q, &l, error))
    return FALSE;
  if (!hd_mul_u64 (l.rounds * l.steps, MIN (MAX (q->core->imc_columns_per_adc, 1), l.columns_in_use) * MAX (q->core->imc_cycles_per_conversion, 1), &per_vector) ||
      !hd_mul_u64 (per_vector, hd_ceil_div (l.m.vectors, l.copies), &cost->compute_cycles)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s on core %s: the cycles of a node do not fit in 64 bits", q->shape->layer->name, q->core->id);
    return FALSE;
  }
  moved_bits (q, &l, &in, &out);
  ports = MAX (width_cycles (q, HD_OPERAND_INPUT, in), width_cycles (q, HD_OPERAND_OUTPUT, out));
  conversions = (double) l.m.vectors * (double) l.steps * (double) l.m.channels * (double) l.cells * (double) l.m.groups * (double) l.row_tiles;
  cost->macs = q->shape->macs;
  cost->ideal_cycles = MIN (cost->compute_cycles, hd_ceil_div (cost->macs, MAX (1, q->core->imc_rows * (q->core->imc_columns / l.cells) * q->core->imc_macros)));
  cost->stall_cycles = ports > cost->compute_cycles ? ports - cost->compute_cycles : 0;
  cost->mac_energy_pj = (double) cost->macs * q->core->mac_pj + conversions * q->core->imc_pj_per_conversion;
  cost->energy_pj = cost->mac_energy_pj + _hd_cost_operand_pj (q, HD_OPERAND_INPUT, in) + _hd_cost_operand_pj (q, HD_OPERAND_OUTPUT, out);
  add_load (q, &l, cost);
  cost->cycles = cost->compute_cycles + cost->stall_cycles + cost->input_cycles;
  cost->evaluations = 1;
  return TRUE;
}
