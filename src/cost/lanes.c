/* Cores without an array of loops: vector and pooling units by their lanes, and tables of fixed costs.
 *
 *     vector:  cycles = ceil (points * operations per point / lanes); a layer that only moves: ceil (points / lanes), no arithmetic energy
 *     pooling: cycles = ceil (points / lanes), points of the window
 *     fixed:   cycles = ceil (points * cycles per point + cycles per node), energy likewise
 *
 * Operands pass the core once. Where their level has a width, cycles are at least what it needs for them: the rest is stall.
 */
#include "cost/cost.h"

#include <math.h>

static gboolean
level_usable (const HdCostQuestion *q, guint level, HdCostOperand operand)
{
  return (q->core->level[level].operands >> hd_cost_stands_as (q, operand)) & 1;
}

int
_hd_cost_top (const HdCostQuestion *q, HdCostOperand operand)
{
  HdMemoryId home = q->core->operand_memory[hd_cost_stands_as (q, operand)];
  int top = -1, at_home = -1;

  operand = (HdCostOperand) hd_cost_stands_as (q, operand);
  if (q->place.top[operand] >= 0)
    return (guint) q->place.top[operand] < q->core->n_levels && level_usable (q, (guint) q->place.top[operand], operand) ? q->place.top[operand] : -1;
  for (guint l = 0; l < q->core->n_levels; l++)
    if (level_usable (q, l, operand)) {
      top = (int) l;
      if (home != HD_NONE && q->core->level[l].memory == home)
        at_home = top;
    }
  return q->options->whole || at_home < 0 ? top : at_home;
}

double
_hd_cost_operand_pj (const HdCostQuestion *q, HdCostOperand operand, double bits)
{
  int top = _hd_cost_top (q, operand);
  HdMemoryId home = q->core->operand_memory[operand];
  gboolean writes = operand == HD_OPERAND_OUTPUT;

  if (top >= 0) {
    const HdLevel *level = &q->core->level[top];
    return bits / (double) (writes ? level->write_width : level->read_width) * (writes ? level->write_pj : level->read_pj);
  }
  if (home == HD_NONE || home >= q->platform->n_memories)
    return 0;
  return bits * (writes ? q->platform->memory[home].write_pj_per_bit : q->platform->memory[home].read_pj_per_bit);
}

double
_hd_cost_moved_pj (const HdCostQuestion *q)
{
  double pj = _hd_cost_operand_pj (q, HD_OPERAND_INPUT, (double) q->shape->other_bits);

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (q->shape->operand[o].present)
      pj += _hd_cost_operand_pj (q, (HdCostOperand) o, (double) q->shape->operand[o].elements * q->shape->operand[o].bits);
  if (q->shape->partial_in)
    pj += _hd_cost_operand_pj (q, HD_OPERAND_INPUT, (double) q->shape->operand[HD_OPERAND_OUTPUT].elements * q->shape->partial_bits);
  return pj;
}

/* The level that an operand's movement uses, when it is at all. */
static guint64
moved_cycles (const HdCostQuestion *q, HdCostOperand operand, int level, gboolean writes)
{
  const HdCostShapeOperand *o = &q->shape->operand[operand];
  guint64 bits, width;

  if (!o->present || _hd_cost_top (q, operand) != level || writes != (operand == HD_OPERAND_OUTPUT))
    return 0;
  width = writes ? q->core->level[level].write_width : q->core->level[level].read_width;
  return hd_mul_u64 (o->elements, o->bits, &bits) ? hd_ceil_div (bits, MAX (width, 1)) : G_MAXUINT64 / 8;
}

guint64
_hd_cost_port_cycles (const HdCostQuestion *q)
{
  guint64 most = 0;

  for (guint l = 0; l < q->core->n_levels; l++) {
    const HdLevel *level = &q->core->level[l];
    guint64 reads = 0, writes = 0;
    for (guint o = 0; o < HD_N_OPERANDS; o++) {
      reads += moved_cycles (q, (HdCostOperand) o, (int) l, FALSE);
      writes += moved_cycles (q, (HdCostOperand) o, (int) l, TRUE);
    }
    if (level->n_ports == 1 && level->port_kind[0] == HD_PORT_READ_WRITE)
      reads += writes;
    most = MAX (most, MAX (reads, writes));
  }
  return most;
}

gboolean
_hd_cost_lanes (const HdCostQuestion *q, HdCostReport *report, GError **error)
{
  HdNodeCost *cost = &report->cost;
  guint64 lanes = MAX (q->core->lanes, 1), work = q->shape->points, ports = _hd_cost_port_cycles (q);

  if (q->core->kind == HD_CORE_VECTOR && !hd_mul_u64 (work, MAX (q->shape->layer->ops_per_point, 1), &work)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s: its operations on core %s do not fit in 64 bits", q->shape->layer->name, q->core->id);
    return FALSE;
  }
  cost->macs = q->shape->macs;
  cost->ideal_cycles = hd_ceil_div (cost->macs, lanes);
  cost->compute_cycles = hd_ceil_div (work, lanes);
  cost->stall_cycles = ports > cost->compute_cycles ? ports - cost->compute_cycles : 0;
  cost->cycles = cost->compute_cycles + cost->stall_cycles;
  cost->mac_energy_pj = (double) cost->macs * q->core->mac_pj;
  cost->energy_pj = cost->mac_energy_pj + _hd_cost_moved_pj (q);
  cost->evaluations = 1;
  return TRUE;
}

gboolean
_hd_cost_fixed (const HdCostQuestion *q, HdCostReport *report, GError **error)
{
  const HdFixedCost *row = NULL;
  HdNodeCost *cost = &report->cost;
  double cycles;

  for (guint i = 0; i < q->core->n_fixed; i++)
    if (g_str_equal (q->core->fixed[i].operator_type, q->shape->layer->operator_type))
      row = &q->core->fixed[i];
    else if (!row && g_str_equal (q->core->fixed[i].operator_type, "*"))
      row = &q->core->fixed[i];
  if (!row) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core %s: its table has no cost for operator %s (layer %s)", q->core->id,
                 q->shape->layer->operator_type, q->shape->layer->name);
    return FALSE;
  }
  cycles = ceil ((double) q->shape->points * row->cycles_per_point + (double) row->cycles_per_node);
  if (!(cycles < 9e18)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core %s: the cycles of layer %s do not fit in 64 bits", q->core->id, q->shape->layer->name);
    return FALSE;
  }
  cost->macs = q->shape->macs;
  cost->cycles = cost->compute_cycles = cost->ideal_cycles = (guint64) cycles;
  cost->mac_energy_pj = row->pj_per_node + (double) q->shape->points * row->pj_per_point;
  cost->energy_pj = cost->mac_energy_pj;
  cost->evaluations = 1;
  return TRUE;
}
