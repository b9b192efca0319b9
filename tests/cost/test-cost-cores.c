/* Cores that are not arrays of loops: systolic arrays against SCALE-Sim's cycles and by hand, in-memory compute, vector and pooling units and tables by hand. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cost/toy.h"

#include <string.h>

static HdNodeCost
cost_of (Toy *toy)
{
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy->platform, &toy->workload, NULL);
  g_autoptr (GError) error = NULL;
  HdBox box = hd_layer_whole_box (&toy->layer);
  HdNodeCost cost;

  cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost, &error), "%s", error ? error->message : "");
  return cost;
}

static void
systolic (Toy *toy, guint64 side, const char *stay)
{
  guint64 sizes[2] = { side, side };

  toy_init (toy, 2, sizes);
  toy->core.kind = HD_CORE_SYSTOLIC;
  toy->core.n_dataflows = 1;
  toy->dataflow[0] = (HdDataflow) { (char *) stay, 2, toy->unroll };
  toy->unroll[0] = (HdUnroll) { (char *) (g_str_equal (stay, "os") ? "M" : "K"), 0, side };
  toy->unroll[1] = (HdUnroll) { (char *) (g_str_equal (stay, "is") ? "M" : "N"), 1, side };
}

/* Columns: layer, array, dataflow, mode, M, N, K, layer id, cycles with prefetch, cycles. */
Test (systolic, equals_all_rows_of_scale_sim)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "..", "shared", "reference", "systolic", "scalesim_v3_layers.csv", NULL), *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint rows = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    cr_skip ("the reference numbers are not here");
  lines = g_strsplit (g_strstrip (text), "\n", -1);
  for (guint i = 1; lines[i]; i++) {
    g_auto (GStrv) f = g_strsplit (lines[i], ",", -1);
    Toy toy;
    systolic (&toy, g_ascii_strtoull (f[1], NULL, 10), f[2]);
    toy_matmul (&toy, g_ascii_strtoull (f[4], NULL, 10), g_ascii_strtoull (f[5], NULL, 10), g_ascii_strtoull (f[6], NULL, 10), FALSE);
    HdNodeCost cost = cost_of (&toy);
    cr_assert (cost.cycles + cost.load_cycles == g_ascii_strtoull (f[9], NULL, 10), "%s: %d cycles", lines[i], (int) cost.cycles);
    rows++;
  }
  cr_assert (eq (uint, rows, 48));
}

/* Conv4_1b of that table on 32 x 32: F = ceil (144 / 32) * ceil (256 / 32) = 40, (32 + 32 + 2304 - 2) * 40 - 1. */
Test (systolic, outputs_stay)
{
  Toy toy;

  systolic (&toy, 32, "os");
  toy_matmul (&toy, 144, 256, 2304, FALSE);
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.cycles, 94639));
  cr_assert (eq (u64, cost.compute_cycles, 40 * 2304));
  cr_assert (eq (u64, cost.load_cycles, 0));
}

/* Weights of 8 x 8 on 8 x 8: one fold. (2*8 + 8 + 10 - 2) - 1 = 31, of which 8 bring the weights in. */
Test (systolic, weights_that_stay_are_loaded_apart)
{
  Toy toy;

  systolic (&toy, 8, "ws");
  toy_matmul (&toy, 10, 8, 8, FALSE);
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.load_cycles, 8));
  cr_assert (eq (u64, cost.cycles, 23));
  cr_assert (eq (u64, cost.weight_bits, 512));
}

static void
macros (Toy *toy, guint64 rows, guint64 columns, guint64 count)
{
  toy_init (toy, 0, NULL);
  toy->core.kind = HD_CORE_IMC;
  toy->core.imc_rows = rows;
  toy->core.imc_columns = columns;
  toy->core.imc_macros = count;
  toy->core.imc_cell_bits = 2;
  toy->core.imc_dac_bits = 4;
  toy->core.imc_columns_per_adc = 4;
  toy->core.imc_cycles_per_conversion = 3;
  toy->core.imc_write_width = 64;
  toy->core.imc_pj_per_conversion = 2;
  toy->core.imc_pj_per_write_bit = 0.5;
  toy->core.mac_pj = 0;
}

/* K = 5 rows of 8, N = 6 channels in 4 columns each: 24 columns of 32. 10 vectors, 8 / 4 = 2 steps, 4 columns one after the other, 3 cycles each. */
Test (imc, one_macro)
{
  Toy toy;

  macros (&toy, 8, 32, 1);
  toy_matmul (&toy, 10, 6, 5, FALSE);
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.cycles, 10 * 2 * 4 * 3));
  cr_assert (eq (u64, cost.load_cycles, 4));              /* ceil (5 * 6 * 8 / 64) */
  cr_assert (eq (dbl, cost.load_energy_pj, 120));         /* 240 bit at 0.5 pJ */
  cr_assert (eq (dbl, cost.energy_pj, 10 * 2 * 24 * 2));  /* conversions at 2 pJ */
}

/* Reduction of 20 takes three row tiles of 8; two macros hold two: a second round, weights written again for each node. */
Test (imc, more_tiles_than_macros)
{
  Toy toy;

  macros (&toy, 8, 32, 2);
  toy_matmul (&toy, 10, 6, 20, FALSE);
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.compute_cycles, 2 * 10 * 2 * 4 * 3));
  cr_assert (eq (u64, cost.load_cycles, 0));
  cr_assert (eq (u64, cost.input_cycles, 15));            /* 20 * 6 * 8 / 64 */
}

/* Four groups of 3 rows and 1 channel: two fit along the diagonal of 8 rows. */
Test (imc, groups_share_a_macro)
{
  Toy toy;

  macros (&toy, 8, 32, 2);
  toy_depthwise (&toy, 4, 5, 3, 1, 0);
  cr_assert (eq (u64, cost_of (&toy).cycles, 5 * 2 * 4 * 3));
}

/* What a node takes besides is added once, whatever it does: it is the start of a node and not of a vector. */
Test (imc, overhead_of_a_node)
{
  Toy toy;

  macros (&toy, 8, 32, 1);
  toy.core.node_overhead = 60;
  toy_matmul (&toy, 10, 6, 5, FALSE);
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.cycles, 10 * 2 * 4 * 3 + 60));
  cr_assert (eq (u64, cost.compute_cycles, 10 * 2 * 4 * 3));
  cr_assert (eq (u64, cost.fill_cycles, 60));
}

/* Five macros hold the weights of one tile up to five times; with three copies allowed ten vectors take four turns, and each copy is written. Two tiles leave room for two copies. */
Test (imc, copies_share_the_vectors)
{
  Toy toy;

  macros (&toy, 8, 32, 5);
  toy.core.imc_copies = 3;
  toy_matmul (&toy, 10, 6, 5, FALSE);
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.cycles, 4 * 2 * 4 * 3));
  cr_assert (eq (u64, cost.load_cycles, 4));
  cr_assert (eq (dbl, cost.load_energy_pj, 3 * 120));
  cr_assert (eq (dbl, cost.energy_pj, 10 * 2 * 24 * 2));
  toy_matmul (&toy, 10, 6, 16, FALSE);
  cr_assert (eq (u64, cost_of (&toy).cycles, 5 * 2 * 4 * 3));
}

Test (imc, a_weight_wider_than_a_macro_is_refused)
{
  Toy toy;
  g_autoptr (HdCostModel) model = NULL;
  g_autoptr (GError) error = NULL;
  HdNodeCost cost;

  macros (&toy, 8, 3, 1);
  toy_matmul (&toy, 2, 2, 2, FALSE);
  HdBox box = hd_layer_whole_box (&toy.layer);
  model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  cr_assert (not (hd_cost_node (model, 0, 0, &box, NULL, &cost, &error)));
  cr_assert (error->code == HD_ERROR_NEGATIVE && strstr (error->message, "columns"));
}

/* 24 points, 3 operations each, 16 lanes. */
Test (vector, lanes)
{
  Toy toy;

  toy_init (&toy, 0, NULL);
  toy.core.kind = HD_CORE_VECTOR;
  toy.core.lanes = 16;
  toy.core.period = 2;
  toy_matmul (&toy, 24, 1, 1, TRUE);
  toy.layer.layer_class = HD_LAYER_VECTOR;
  toy.layer.ops_per_point = 3;
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.cycles, 2 * 5));
  cr_assert (eq (u64, cost.macs, 72));
  cr_assert (eq (dbl, cost.energy_pj, 72 * 0.5));
}

/* Inputs of 24 * 8 and 8 bit at 16 bit a cycle: 13 cycles, more than the 2 of the lanes. */
Test (vector, widths_limit)
{
  Toy toy;

  toy_init (&toy, 0, NULL);
  toy.core.kind = HD_CORE_VECTOR;
  toy.core.lanes = 16;
  toy_level (&toy, "buffer", 7, HD_UNLIMITED_BITS, 16, 0, 1, 1);
  toy_matmul (&toy, 24, 1, 1, TRUE);
  toy.layer.layer_class = HD_LAYER_VECTOR;
  HdNodeCost cost = cost_of (&toy);
  cr_assert (eq (u64, cost.stall_cycles, 12 + 1 - 2));
}

Test (fixed, by_operator_then_any)
{
  Toy toy;
  HdFixedCost rows[] = { { (char *) "*", 7, 0, 1, 0 }, { (char *) "MatMul", 10, 0.5, 3, 0.25 } };

  toy_init (&toy, 0, NULL);
  toy.core.kind = HD_CORE_FIXED;
  toy.core.fixed = rows;
  toy.core.n_fixed = 2;
  toy_matmul (&toy, 3, 3, 3, FALSE);
  cr_assert (eq (u64, cost_of (&toy).cycles, 24));        /* ceil (27 / 2 + 10) */
  cr_assert (eq (dbl, cost_of (&toy).energy_pj, 3 + 27 * 0.25));
  toy_depthwise (&toy, 3, 3, 2, 1, 0);
  cr_assert (eq (u64, cost_of (&toy).cycles, 7));
}
