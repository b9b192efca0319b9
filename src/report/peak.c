/* What parts of a platform can do at most. */
#include "config.h"
#include "report/peak.h"

#include <math.h>

static double
peak_of_macros (const HdCore *core, guint input_bits, guint weight_bits)
{
  double cells = ceil ((double) weight_bits / MAX (core->imc_cell_bits, 1)), steps = ceil ((double) input_bits / MAX (core->imc_dac_bits, 1));
  double products = (double) core->imc_macros * (double) core->imc_rows * floor ((double) core->imc_columns / cells);
  return products / (steps * (double) core->imc_columns_per_adc * (double) core->imc_cycles_per_conversion);
}

static double
peak_of_table (const HdCore *core)
{
  double least = (double) INFINITY;
  for (guint i = 0; i < core->n_fixed; i++)
    least = MIN (least, core->fixed[i].cycles_per_point);
  return least > 0 ? 1 / least : (double) INFINITY;
}

double
_hd_peak_of_core (const HdCore *core, guint input_bits, guint weight_bits)
{
  double units = 1;
  if (core->kind == HD_CORE_VECTOR || core->kind == HD_CORE_POOLING)
    return (double) core->lanes;
  if (core->kind == HD_CORE_IMC)
    return peak_of_macros (core, input_bits, weight_bits);
  if (core->kind == HD_CORE_FIXED)
    return peak_of_table (core);
  for (guint d = 0; d < core->n_dimensions; d++)
    units *= (double) core->dimension_size[d];
  return units;
}

double
_hd_peak_of_resource (const HdPlatform *platform, HdResourceId id)
{
  const HdResource *resource = &platform->resource[id];
  return resource->width_bits > 0 ? (double) resource->width_bits * (double) platform->clock_hz / (double) resource->period : (double) INFINITY;
}
