/* The model as its users see it: the cache, threads, weights that stay, borders, given mappings, errors; and the union of windows against marking every cycle. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cost/nest.h"
#include "cost/toy.h"

#include <string.h>

/* A 4 x 4 array with registers, a buffer for weights, one for maps, and memory. */
static void
machine (Toy *toy)
{
  const guint64 sizes[2] = { 4, 4 };

  toy_init (toy, 2, sizes);
  toy_level (toy, "weight-register", 2, 8, 8, 0, 0.1, 0.1);
  toy_level (toy, "sum-register", 4, 16, 16, 2, 0.1, 0.1);
  toy_level (toy, "weight-buffer", 2, 8 * 1024, 64, 3, 1, 1);
  toy_level (toy, "map-buffer", 5, 8 * 1024, 64, 3, 1, 1);
  toy_level (toy, "memory", 7, HD_UNLIMITED_BITS, 32, 3, 20, 20);
  toy->core.n_dataflows = 1;
  toy->dataflow[0] = (HdDataflow) { (char *) "flow", 2, toy->unroll };
  toy->unroll[0] = (HdUnroll) { (char *) "K", 0, 4 };
  toy->unroll[1] = (HdUnroll) { (char *) "C", 1, 4 };
}

static HdBox
row (const Toy *toy, gint64 y)
{
  HdBox box = hd_layer_whole_box (&toy->layer);

  box.range[3] = (HdRange) { y, y + 1 };
  return box;
}

Test (model, same_shapes_are_costed_once_and_borders_by_themselves)
{
  Toy toy;
  HdNodeCost cost[8];
  guint64 shapes, evaluations;

  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  for (gint64 y = 0; y < 8; y++) {
    HdBox box = row (&toy, y);
    cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost[y], NULL));
  }
  hd_cost_model_statistics (model, &shapes, &evaluations);
  cr_assert (eq (u64, shapes, 3), "the first row, the last row, the others");
  cr_assert (memcmp (&cost[1], &cost[6], sizeof cost[0]) == 0);
  cr_assert (eq (u64, cost[0].macs, 8 * 8 * 2 * (6 * 3 - 2)), "a row of the kernel and two corners are padding");
  cr_assert (lt (dbl, cost[0].energy_pj, cost[1].energy_pj));
  cr_assert (ge (u64, cost[1].cycles, cost[1].compute_cycles));
}

/* Cores 0 and 1 differ in their names, core 2 in the price of a MAC, core 3 in a port. */
static void
four_cores (Toy *toy, HdCore core[4], HdLevel level[2][12])
{
  machine (toy);
  toy_conv (toy, 8, 1, 6, 1, 1, 1, 1, 1, 0);
  for (guint c = 0; c < 4; c++)
    core[c] = toy->core;
  for (guint i = 0; i < 2; i++)
    memcpy (level[i], toy->level, sizeof toy->level);
  core[1].id = (char *) "other";
  core[1].level = level[0];
  level[0][2].id = (char *) "buffer";
  core[2].mac_pj *= 2;
  core[3].level = level[1];
  level[1][2].read_width /= 2;
  toy->platform.core = core;
  toy->platform.n_cores = 4;
}

Test (model, cores_that_cost_the_same_are_asked_once)
{
  Toy toy;
  HdCore core[4];
  HdLevel level[2][12];
  HdNodeCost cost[4];
  guint64 shapes, evaluations;

  four_cores (&toy, core, level);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  HdBox box = hd_layer_whole_box (&toy.layer);
  for (guint c = 0; c < 4; c++)
    cr_assert (hd_cost_node (model, c, 0, &box, NULL, &cost[c], NULL));
  hd_cost_model_statistics (model, &shapes, &evaluations);
  cr_assert (eq (u64, shapes, 3));
  cr_assert (memcmp (&cost[0], &cost[1], sizeof cost[0]) == 0);
  cr_assert (gt (dbl, cost[2].energy_pj, cost[0].energy_pj));
  g_autoptr (HdCostReport) first = hd_cost_report (model, 0, 0, &box, NULL, NULL), second = hd_cost_report (model, 1, 0, &box, NULL, NULL);
  cr_assert (first->core == 0 && second->core == 1);
  cr_assert (eq (u64, second->cost.evaluations, 0), "the report of core 0, of core 1");
}

/* The same mapping given to two of them is one, another one is not, nor is none. */
Test (model, given_mappings_keep_cores_apart)
{
  Toy toy;
  HdCore core[4];
  HdLevel level[2][12];
  HdNodeCost cost[4];
  guint64 shapes, evaluations;
  const HdCostMapping order = { .n_loops = 2, .loop = { { 2, 6 }, { 0, 8 } }, .has_loops = TRUE }, other = { .n_loops = 2, .loop = { { 0, 8 }, { 2, 6 } }, .has_loops = TRUE };

  four_cores (&toy, core, level);
  core[2] = core[3] = core[0];
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  cr_assert (hd_cost_model_set_mapping (model, 0, 0, &order, NULL) && hd_cost_model_set_mapping (model, 0, 1, &order, NULL) && hd_cost_model_set_mapping (model, 0, 2, &other, NULL));
  HdBox box = hd_layer_whole_box (&toy.layer);
  for (guint c = 0; c < 4; c++)
    cr_assert (hd_cost_node (model, c, 0, &box, NULL, &cost[c], NULL));
  hd_cost_model_statistics (model, &shapes, &evaluations);
  cr_assert (eq (u64, shapes, 3));
  cr_assert (memcmp (&cost[0], &cost[1], sizeof cost[0]) == 0);
}

/* 2 x 2 weights of 16 places: 8 * 8 * 9 weights are 4,608 bit, in the buffer all node long. */
Test (model, a_report_of_a_known_shape_is_the_same_and_not_searched_again)
{
  Toy toy;
  HdCostPlace top = { { 4, 4, 4 }, 0, 0 };

  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  HdBox box = hd_layer_whole_box (&toy.layer);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  g_autoptr (HdCostReport) first = hd_cost_report (model, 0, 0, &box, NULL, NULL), again = hd_cost_report (model, 0, 0, &box, NULL, NULL);
  cr_assert (gt (u64, first->cost.evaluations, 0));
  cr_assert (eq (u64, again->cost.evaluations, 0));
  again->cost.evaluations = first->cost.evaluations;
  cr_assert (memcmp (&first->cost, &again->cost, sizeof first->cost) == 0 && memcmp (&first->mapping, &again->mapping, sizeof first->mapping) == 0);
  cr_assert (first->n_levels == again->n_levels && first->level != again->level && memcmp (first->level, again->level, first->n_levels * sizeof first->level[0]) == 0);
  g_autoptr (HdCostReport) elsewhere = hd_cost_report (model, 0, 0, &box, &top, NULL);
  cr_assert (elsewhere != NULL && elsewhere->cost.evaluations > 0);
}

Test (model, weights_that_stay_are_loaded_apart)
{
  Toy toy;
  HdNodeCost cost;

  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  HdBox box = row (&toy, 3);
  cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL));
  cr_assert (eq (u64, cost.weight_bits, 8 * 8 * 9 * 8));
  cr_assert (eq (dbl, cost.load_energy_pj, 4608 / 32 * 20 + 4608 / 64 * 1), "%g", cost.load_energy_pj);
}

Test (model, weights_that_do_not_fit_are_not_kept)
{
  Toy toy;
  HdNodeCost cost;

  machine (&toy);
  toy.level[2].size_bits = 1024;
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  HdBox box = row (&toy, 3);
  cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL));
  cr_assert (eq (u64, cost.load_cycles, 0));
  cr_assert (eq (dbl, cost.load_energy_pj, 0));
}

typedef struct {
  HdCostModel *model;
  const Toy *toy;
  HdNodeCost cost[8];
} Asker;

static gpointer
ask (gpointer data)
{
  Asker *a = data;

  for (guint round = 0; round < 20; round++)
    for (gint64 y = 0; y < 8; y++) {
      HdBox box = row (a->toy, y);
      hd_cost_node (a->model, 0, 0, &box, NULL, &a->cost[y], NULL);
    }
  return NULL;
}

Test (model, threads_share_the_cache)
{
  Toy toy;
  Asker asker[4];
  GThread *thread[4];
  guint64 shapes, evaluations;

  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  for (guint t = 0; t < 4; t++) {
    memset (&asker[t], 0, sizeof asker[t]);
    asker[t].model = model;
    asker[t].toy = &toy;
    thread[t] = g_thread_new ("asker", ask, &asker[t]);
  }
  for (guint t = 0; t < 4; t++)
    g_thread_join (thread[t]);
  for (guint t = 1; t < 4; t++)
    cr_assert (memcmp (asker[t].cost, asker[0].cost, sizeof asker[0].cost) == 0);
  hd_cost_model_statistics (model, &shapes, &evaluations);
  cr_assert (eq (u64, shapes, 3));
}

Test (model, many_shapes_make_the_cache_grow)
{
  Toy toy;
  guint64 shapes, evaluations;

  machine (&toy);
  toy_matmul (&toy, 1000, 4, 4, FALSE);
  HdCostOptions options = { .rules = HD_RULES_SIMPLE };
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, &options);
  for (guint round = 0; round < 2; round++)
    for (gint64 m = 1; m <= 1000; m++) {
      HdBox box = hd_layer_whole_box (&toy.layer);
      HdNodeCost cost;
      box.range[0].to = m;
      cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL));
      cr_assert (eq (u64, cost.macs, (guint64) m * 16));
    }
  hd_cost_model_statistics (model, &shapes, &evaluations);
  cr_assert (eq (u64, shapes, 1000));
}

/* ceil (8 / 4) * ceil (6 / 4) * 5 steps; every operand once. */
Test (simple, product_of_ceilings)
{
  Toy toy;
  HdNodeCost cost;

  machine (&toy);
  toy_conv (&toy, 8, 6, 5, 1, 1, 1, 1, 1, 0);
  HdCostOptions options = { .rules = HD_RULES_SIMPLE };
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, &options);
  HdBox box = hd_layer_whole_box (&toy.layer);
  cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost, NULL));
  cr_assert (eq (u64, cost.cycles, 2 * 2 * 5));
  cr_assert (epsilon_eq (dbl, cost.energy_pj, 240 * 0.5 + (30 + 48 + 40) * 8 / 32.0 * 20, 1e-9));
}

Test (given, an_order_is_kept_and_its_split_searched)
{
  Toy toy;
  HdCostMapping m = { .n_unrolls = 1, .unroll = { { 0, 0, 4 } }, .n_loops = 3, .loop = { { 2, 6 }, { 1, 4 }, { 0, 2 } }, .has_loops = TRUE };
  g_autoptr (GError) error = NULL;

  machine (&toy);
  toy_conv (&toy, 8, 4, 6, 1, 1, 1, 1, 1, 0);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  cr_assert (hd_cost_model_set_mapping (model, 0, 0, &m, &error));
  HdBox box = hd_layer_whole_box (&toy.layer);
  g_autoptr (HdCostReport) report = hd_cost_report (model, 0, 0, &box, NULL, &error);
  cr_assert (report != NULL, "%s", error ? error->message : "");
  cr_assert (eq (u64, report->cost.compute_cycles, 48));
  for (guint i = 0; i < 3; i++)
    cr_assert (report->mapping.loop[i].rank == m.loop[i].rank && report->mapping.loop[i].factor == m.loop[i].factor);
}

/* Inputs are bound to the memory during the innermost loop: the buffer can then hold no more than one step's. */
Test (given, loops_can_be_bound_to_levels)
{
  Toy toy;
  HdCostMapping m = { .n_loops = 2, .loop = { { 2, 6 }, { 0, 8 } }, .has_loops = TRUE };
  g_autoptr (GError) error = NULL;

  machine (&toy);
  toy_conv (&toy, 8, 1, 6, 1, 1, 1, 1, 1, 0);
  m.stays[HD_OPERAND_INPUT][0] = m.stays[HD_OPERAND_INPUT][1] = 1 + 4;
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy.platform, &toy.workload, NULL);
  cr_assert (hd_cost_model_set_mapping (model, 0, 0, &m, &error));
  HdBox box = hd_layer_whole_box (&toy.layer);
  g_autoptr (HdCostReport) report = hd_cost_report (model, 0, 0, &box, NULL, &error);
  cr_assert (report != NULL, "%s", error ? error->message : "");
  cr_assert (eq (uint, report->mapping.below[HD_OPERAND_INPUT][0], 0));
}

static void
refused (Toy *toy, const HdCostMapping *mapping, const char *expected)
{
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy->platform, &toy->workload, NULL);
  g_autoptr (GError) error = NULL;
  HdBox box = hd_layer_whole_box (&toy->layer);
  HdNodeCost cost;

  if (!mapping || hd_cost_model_set_mapping (model, 0, 0, mapping, &error))
    cr_assert (not (hd_cost_node (model, 0, 0, &box, NULL, &cost, &error)));
  cr_assert (strstr (error->message, expected) != NULL, "%s", error->message);
}

Test (errors, say_which_memory_is_too_small_for_what)
{
  Toy toy;

  machine (&toy);
  toy.level[1].size_bits = 8;
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  refused (&toy, NULL, "sum-register holds 8 bit - the outputs of one cycle need 16");
}

/* Registers shared along a row and a column give every place of a product its two factors, but an addition only one place its two terms. */
static void
broadcast_machine (Toy *toy)
{
  static const guint64 sides[] = { 4, 2 };

  toy_init (toy, 2, sides);
  toy_level (toy, "input-register", 1, 8, 8, 2, 1, 1);
  toy_level (toy, "weight-register", 2, 8, 8, 1, 1, 1);
  toy_level (toy, "sum-register", 4, 16, 16, 0, 1, 1);
  toy_level (toy, "sram", 7, 1 << 20, 64, 3, 10, 10);
  toy->unroll[0] = (HdUnroll) { (char *) "OX", 0, 4 };
  toy->unroll[1] = (HdUnroll) { (char *) "K", 1, 2 };
  toy->dataflow[0] = (HdDataflow) { (char *) "lines", 2, toy->unroll };
  toy->core.dataflow = toy->dataflow;
  toy->core.n_dataflows = 1;
}

static guint64
steps_of (Toy *toy)
{
  HdBox box = hd_layer_whole_box (&toy->layer);
  g_autoptr (HdCostModel) model = hd_cost_model_new (&toy->platform, &toy->workload, NULL);
  g_autoptr (GError) error = NULL;
  HdNodeCost cost;

  cr_assert (hd_cost_node (model, 0, 0, &box, NULL, &cost, &error), "%s", error ? error->message : "");
  return cost.compute_cycles;
}

Test (model, two_variable_inputs_use_as_much_of_the_array_as_feeds_them)
{
  Toy toy;
  HdOperand first;

  broadcast_machine (&toy);
  toy_matmul (&toy, 8, 4, 3, TRUE);
  cr_assert (eq (u64, steps_of (&toy), 8 / 4 * 4 / 2 * 3));
  /* The factors in the other order: by name of their tensors, which says nothing. */
  first = toy.operand[0];
  toy.operand[0] = toy.operand[1];
  toy.operand[1] = first;
  cr_assert (eq (u64, steps_of (&toy), 8 / 4 * 4 / 2 * 3));
  /* Both factors with the index M: an element by element product has one place. */
  broadcast_machine (&toy);
  toy_matmul (&toy, 8, 1, 1, TRUE);
  toy.operand[1].projection[0].coefficient[0] = 1;
  toy.tensor[1].size[0] = 8;
  cr_assert (eq (u64, steps_of (&toy), 8));
}

Test (errors, of_mappings)
{
  Toy toy;
  HdCostMapping too_wide = { .n_unrolls = 1, .unroll = { { 0, 0, 5 } } }, no_rank = { .n_loops = 1, .loop = { { 9, 2 } } };
  HdCostMapping too_few = { .n_loops = 1, .loop = { { 0, 2 } }, .has_loops = TRUE };

  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  refused (&toy, &too_wide, "has 4 units");
  refused (&toy, &no_rank, "does not exist");
  refused (&toy, &too_few, "make 2 steps - 8 are left");
}

Test (errors, of_machines)
{
  Toy toy;

  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  toy.level[0].read_width = 0;
  refused (&toy, NULL, "without a size, a width");
  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  toy.core.operators = 0;
  refused (&toy, NULL, "does not take layer");
  machine (&toy);
  toy_conv (&toy, 8, 8, 6, 8, 3, 3, 1, 1, 1);
  toy.level[4].operands = 5;
  toy.level[2].operands = toy.level[0].operands = 4;
  refused (&toy, NULL, "no level holds the weights");
}

Test (errors, numbers_that_leave_the_range)
{
  Toy toy;

  machine (&toy);
  toy_matmul (&toy, G_GUINT64_CONSTANT (1) << 40, G_GUINT64_CONSTANT (1) << 40, 4, FALSE);
  refused (&toy, NULL, "does not fit in 61 bits");
}

/* Random nested periods against a field of cycles. */
Test (windows, union_equals_marking)
{
  HdRandom random;

  hd_random_init (&random, 7);
  for (guint i = 0; i < 2000; i++) {
    guint64 period[5], window[5], x, marked = 0, p = 1;
    guint n = (guint) (1 + hd_random_below (&random, 5));
    for (guint k = 0; k < n; k++) {
      p *= 1 + hd_random_below (&random, 4);
      period[k] = p;
      window[k] = 1 + hd_random_below (&random, p);
    }
    x = hd_random_below (&random, 3 * p + 1);
    for (guint64 t = 0; t < x; t++) {
      gboolean open = FALSE;
      for (guint k = 0; k < n; k++)
        open |= t % period[k] < window[k];
      marked += open;
    }
    cr_assert (eq (u64, _hd_windows_covered (period, window, n, x), marked));
  }
}
