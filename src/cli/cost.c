/* heddle cost: what layers cost on a core, the core cost model alone. A table, or one layer with its loop nest and every movement.
 *
 * Layers are costed whole, one after the other: weights are loaded for each. Where maps stand is --placement: `lowest`, the lowest level that holds them (the rule of the
 * depth-first model); `top`, the core's topmost level; `core`, the memories from which the core computes (what the scheduling passes use).
 */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

/* Prices of accesses are published with four digits or fewer: energies this close tell no mappings apart. */
#define DEFAULT_TIE 1e-4

typedef enum { PLACE_LOWEST, PLACE_TOP, PLACE_CORE } Placement;

typedef struct {
  char *platform_path, *workload_path, *mapping_path, *core_name, *layer_name, *rules, *objective, *search, *placement;
  int factor_limit;
  gint64 budget;
  double tie;
  HdPlatform *platform;
  HdWorkload *workload;
  HdMapping *mapping;
  HdCostModel *model;
  HdCostOptions options;
  Placement place;
  HdCoreId core;            /* HD_NONE: each layer's own */
  HdLayerId layer;          /* HD_NONE: all */
} Cost;

static void
cost_clear (Cost *self)
{
  hd_cost_model_free (self->model);
  g_clear_pointer (&self->mapping, hd_mapping_unref);
  g_clear_pointer (&self->workload, hd_workload_unref);
  g_clear_pointer (&self->platform, hd_platform_unref);
  char *text[] = { self->platform_path, self->workload_path, self->mapping_path, self->core_name, self->layer_name, self->rules, self->objective, self->search, self->placement };
  for (gsize i = 0; i < G_N_ELEMENTS (text); i++)
    g_free (text[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Cost, cost_clear)

/* --- options --------------------------------------------------------------------------------------------- */

static gboolean
choose (const char *value, const char *const *names, const char *option, int *chosen, GError **error)
{
  for (int i = 0; names[i] != NULL; i++)
    if (value == NULL || g_str_equal (value, names[i])) {
      *chosen = i;
      return TRUE;
    }
  g_autofree char *list = g_strjoinv (", ", (char **) names);
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--%s %s - expected one of %s", option, value, list);
  return FALSE;
}

static gboolean
read_choices (Cost *self, GError **error)
{
  static const char *const RULES[] = { "exact", "zigzag", "simple", NULL }, *const OBJECTIVES[] = { "energy", "latency", "edp", NULL };
  static const char *const SEARCHES[] = { "optimal", "orderings", NULL }, *const PLACEMENTS[] = { "lowest", "top", "core", NULL };
  int rules, objective, search, place;
  if (!choose (self->rules, RULES, "rules", &rules, error) || !choose (self->objective, OBJECTIVES, "objective", &objective, error) ||
      !choose (self->search, SEARCHES, "search", &search, error) || !choose (self->placement, PLACEMENTS, "placement", &place, error))
    return FALSE;
  if (self->factor_limit < 0 || self->budget < 0) {
    g_set_error_literal (error, HD_ERROR, HD_ERROR_USAGE, "--factor-limit and --budget are counts - expected 0 (no limit, default) or more");
    return FALSE;
  }
  if (!(self->tie >= 0 && self->tie < 1)) {
    g_set_error_literal (error, HD_ERROR, HD_ERROR_USAGE, "--tie is a fraction of the least energy - expected 0 or more, and less than 1");
    return FALSE;
  }
  self->place = (Placement) place;
  self->options = (HdCostOptions) { .objective = (HdObjective) objective, .rules = (HdCostRules) rules, .search = (HdCostSearch) search, .factor_limit = (guint) self->factor_limit,
                                    .budget = (guint64) self->budget, .tie = self->tie, .whole = place != PLACE_CORE };
  return TRUE;
}

static gboolean
find_names (Cost *self, GError **error)
{
  self->core = self->core_name != NULL ? hd_platform_find_core (self->platform, self->core_name) : HD_NONE;
  self->layer = self->layer_name != NULL ? hd_workload_find_layer (self->workload, self->layer_name) : HD_NONE;
  if (self->core_name != NULL && self->core == HD_NONE)
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "platform %s has no core \"%s\"", self->platform->name, self->core_name);
  else if (self->layer_name != NULL && self->layer == HD_NONE)
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "workload %s has no layer \"%s\"", self->workload->name, self->layer_name);
  else
    return TRUE;
  return FALSE;
}

static gboolean
load (Cost *self, GError **error)
{
  if (self->platform_path == NULL || self->workload_path == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "the option %s is missing", self->platform_path == NULL ? "-p PLATFORM" : "-w WORKLOAD");
    return FALSE;
  }
  if (!read_choices (self, error) || !(self->platform = cli_load_platform (self->platform_path, error)) || !(self->workload = hd_workload_load (self->workload_path, NULL, error)) ||
      !find_names (self, error))
    return FALSE;
  if (self->mapping_path != NULL && !(self->mapping = hd_mapping_load (self->mapping_path, self->workload, self->platform, error)))
    return FALSE;
  self->model = hd_cost_model_new (self->platform, self->workload, &self->options);
  return self->mapping == NULL || hd_cost_model_apply_mapping (self->model, self->mapping, error);
}

/* --- one layer ---------------------------------------------------------------------------------------------- */

/* Maps are kept as low as they fit; what leaves no room for any mapping goes up a level: outputs first, as the depth-first model does. */
static HdCostReport *
cost_lowest (const Cost *self, HdCoreId core, HdLayerId layer, const HdBox *box, GError **error)
{
  static const struct { guint outputs, inputs; } RAISED[] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 }, { 2, 1 }, { 1, 2 }, { 2, 2 } };
  gboolean last = self->workload->tensors[hd_layer_output (&self->workload->layers[layer])->tensor].kind == HD_TENSOR_OUTPUT;
  HdCostPlace lowest;
  if (!hd_cost_place_lowest (self->model, core, layer, box, last, &lowest, error))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (RAISED); i++) {
    HdCostPlace place = lowest;
    gboolean exists = TRUE;
    for (guint n = 0; n < RAISED[i].outputs; n++)
      exists &= hd_cost_place_raise (self->model, core, HD_OPERAND_OUTPUT, &place);
    for (guint n = 0; n < RAISED[i].inputs; n++)
      exists &= hd_cost_place_raise (self->model, core, HD_OPERAND_INPUT, &place);
    HdCostReport *report = exists ? hd_cost_report (self->model, core, layer, box, &place, NULL) : NULL;
    if (report != NULL)
      return report;
  }
  return hd_cost_report (self->model, core, layer, box, &lowest, error);
}

static HdCostReport *
cost_on (const Cost *self, HdCoreId core, HdLayerId layer, GError **error)
{
  HdBox box = hd_layer_whole_box (&self->workload->layers[layer]);
  if (self->place == PLACE_LOWEST && self->platform->core[core].n_levels > 0)
    return cost_lowest (self, core, layer, &box, error);
  return hd_cost_report (self->model, core, layer, &box, NULL, error);
}

/* The first core that takes the layer and that it fits; what keeps it from the others before is told. */
static HdCostReport *
cost_anywhere (const Cost *self, HdLayerId layer, GError **error)
{
  GError *last = NULL;
  for (HdCoreId core = 0; core < self->platform->n_cores; core++) {
    if (!hd_cost_core_takes (self->model, core, layer))
      continue;
    if (last != NULL)
      cli_fail (g_steal_pointer (&last));
    HdCostReport *report = cost_on (self, core, layer, &last);
    if (report != NULL)
      return report;
  }
  if (last == NULL)
    g_set_error (&last, HD_ERROR, HD_ERROR_NEGATIVE, "no core of platform %s takes layer %s (%s)", self->platform->name, self->workload->layers[layer].name,
                 self->workload->layers[layer].operator_type);
  g_propagate_error (error, last);
  return NULL;
}

static HdCostReport *
cost_layer (const Cost *self, HdLayerId layer, GError **error)
{
  if (self->core != HD_NONE || self->mapping != NULL)
    return cost_on (self, self->core != HD_NONE ? self->core : self->mapping->layer[layer].cores[0], layer, error);
  return cost_anywhere (self, layer, error);
}

/* --- text ------------------------------------------------------------------------------------------------------ */

static const char OPERAND[] = "IWO";
static const char *const MOVE[] = { "from above", "to below", "from below", "to above" };

/* In the C locale; right-aligned in @width. */
static void
append_number (GString *out, int width, const char *format, double value)
{
  char number[400];
  g_string_append_printf (out, "%*s", width, g_ascii_formatd (number, sizeof number, format, value));
}

static guint64
total_cycles (const HdNodeCost *cost)
{
  return cost->cycles + cost->load_cycles;
}

static void
append_row (const Cost *self, const HdCostReport *report, GString *out)
{
  const HdNodeCost *c = &report->cost;
  g_string_append_printf (out, "%-20.20s %-10.10s %14" G_GUINT64_FORMAT " %13" G_GUINT64_FORMAT " %13" G_GUINT64_FORMAT " %13" G_GUINT64_FORMAT " %11" G_GUINT64_FORMAT " ",
                          self->workload->layers[report->layer].name, self->platform->core[report->core].id, c->macs, total_cycles (c), c->ideal_cycles, c->stall_cycles, c->load_cycles);
  append_number (out, 14, "%.3f", (c->energy_pj + c->load_energy_pj) / 1e6);
  append_number (out, 7, "%.1f", total_cycles (c) ? 100.0 * (double) c->ideal_cycles / (double) total_cycles (c) : 0);
  g_string_append (out, c->gap > 0 ? " *\n" : "\n");
}

/* The own level of an operand in which loop @at stands. */
static const char *
level_at (const Cost *self, const HdCostReport *report, guint operand, guint at)
{
  guint own = 0;
  for (guint i = 0; i < report->n_levels; i++) {
    if (report->level[i].operand != operand)
      continue;
    if (at < report->mapping.below[operand][own++])
      return self->platform->core[report->core].level[report->level[i].level].id;
  }
  return "-";
}

static void
append_nest (const Cost *self, const HdCostReport *report, GString *out)
{
  const HdLayer *layer = &self->workload->layers[report->layer];
  const HdCore *core = &self->platform->core[report->core];
  g_string_append_printf (out, "\n%-32s %-20s %-20s %-20s\n", "loop nest", "inputs in", "weights in", "outputs in");
  for (guint i = report->mapping.n_loops, depth = 0; i-- > 0; depth++) {
    const HdLoop *loop = &report->mapping.loop[i];
    g_autofree char *text = g_strdup_printf ("%*sfor %s in 0..%" G_GUINT64_FORMAT, (int) MIN (depth, 16), "", layer->rank[loop->rank].name, loop->factor);
    g_string_append_printf (out, "%-32s %-20s %-20s %-20s\n", text, level_at (self, report, 0, i), level_at (self, report, 1, i), level_at (self, report, 2, i));
  }
  g_string_append (out, "on the array:");
  for (guint u = 0; u < report->mapping.n_unrolls; u++)
    g_string_append_printf (out, " %s x%" G_GUINT64_FORMAT " along %s%s", layer->rank[report->mapping.unroll[u].rank].name, report->mapping.unroll[u].factor,
                            core->dimension_name[report->mapping.unroll[u].dimension], u + 1 < report->mapping.n_unrolls ? "," : "");
  g_string_append (out, report->mapping.n_unrolls ? "\n" : " nothing\n");
}

static void
append_levels (const Cost *self, const HdCostReport *report, GString *out)
{
  const HdCore *core = &self->platform->core[report->core];
  g_string_append_printf (out, "\n%-20s %c %-10s %16s %16s %10s %10s %12s\n", "level", ' ', "movement", "accesses", "energy/pJ", "cycles", "of window", "times");
  for (guint i = 0; i < report->n_levels; i++) {
    const HdCostLevel *row = &report->level[i];
    for (guint m = 0; m < HD_N_MOVES; m++) {
      const HdCostMove *move = &row->move[m];
      if (!move->active)
        continue;
      g_string_append_printf (out, "%-20.20s %c %-10s ", core->level[row->level].id, OPERAND[row->operand], MOVE[m]);
      append_number (out, 16, "%.3f", move->words);
      append_number (out, 17, "%.3f", move->energy_pj);
      g_string_append_printf (out, " %10" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT " %12" G_GUINT64_FORMAT "\n", move->real, move->window, move->transfers);
    }
    g_string_append_printf (out, "%-20.20s %c holds %" G_GUINT64_FORMAT " bit in each of %" G_GUINT64_FORMAT "%s%s\n", core->level[row->level].id, OPERAND[row->operand], row->used_bits, row->instances,
                            row->double_buffered ? ", room for the next" : "", row->held ? ", weights stay" : "");
  }
}

static void
append_parts (const HdCostReport *report, GString *out)
{
  const HdNodeCost *c = &report->cost;
  g_string_append_printf (out, "\ncycles: %" G_GUINT64_FORMAT " on the array, %" G_GUINT64_FORMAT " stalled, %" G_GUINT64_FORMAT " first inputs, %" G_GUINT64_FORMAT " last outputs, %" G_GUINT64_FORMAT
                          " fill and drain, %" G_GUINT64_FORMAT " weights\n", c->compute_cycles, c->stall_cycles, c->input_cycles, c->offload_cycles, c->fill_cycles, c->load_cycles);
  g_string_append (out, "energy: ");
  append_number (out, 0, "%.3f", c->mac_energy_pj);
  g_string_append (out, " pJ arithmetic, ");
  append_number (out, 0, "%.3f", c->energy_pj - c->mac_energy_pj);
  g_string_append (out, " pJ data, ");
  append_number (out, 0, "%.3f", c->load_energy_pj);
  g_string_append (out, " pJ loading weights\n");
}

static void
print_text (const Cost *self, GPtrArray *reports, double wall_s)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint64 cycles = 0, evaluations = 0;
  double pj = 0;
  gboolean any_gap = FALSE;
  g_string_append_printf (out, "%-20s %-10s %14s %13s %13s %13s %11s %14s %6s\n", "layer", "core", "MACs", "cycles", "ideal", "stall", "load", "energy/uJ", "use/%");
  for (guint i = 0; i < reports->len; i++) {
    const HdCostReport *report = g_ptr_array_index (reports, i);
    append_row (self, report, out);
    cycles += total_cycles (&report->cost);
    pj += report->cost.energy_pj + report->cost.load_energy_pj;
    evaluations += report->cost.evaluations;
    any_gap |= report->cost.gap > 0;
    if (self->layer != HD_NONE) {
      append_parts (report, out);
      if (report->n_levels > 0) {
        append_nest (self, report, out);
        append_levels (self, report, out);
      }
    }
  }
  g_string_append_printf (out, "%u layers: %" G_GUINT64_FORMAT " cycles, ", reports->len, cycles);
  append_number (out, 0, "%.4f", pj / 1e9);
  g_string_append_printf (out, " mJ; %" G_GUINT64_FORMAT " evaluations in ", evaluations);
  append_number (out, 0, "%.3f", wall_s);
  g_string_append (out, " s\n");
  if (any_gap)
    g_string_append (out, "* not proven best: --json tells by how much it can be off, a larger --budget tries more\n");
  fputs (out->str, stdout);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static void
json_mapping (const Cost *self, const HdCostReport *report, HdJson *json)
{
  const HdLayer *layer = &self->workload->layers[report->layer];
  const HdCore *core = &self->platform->core[report->core];
  hd_json_open_array (json, "spatial");
  for (guint u = 0; u < report->mapping.n_unrolls; u++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "rank", layer->rank[report->mapping.unroll[u].rank].name);
    hd_json_string (json, "dimension", core->dimension_name[report->mapping.unroll[u].dimension]);
    hd_json_u64 (json, "factor", report->mapping.unroll[u].factor);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
  hd_json_open_array (json, "temporal");
  for (guint i = 0; i < report->mapping.n_loops; i++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "rank", layer->rank[report->mapping.loop[i].rank].name);
    hd_json_u64 (json, "factor", report->mapping.loop[i].factor);
    for (guint o = 0; o < HD_N_OPERANDS; o++) {
      const char key[2] = { OPERAND[o], '\0' };
      hd_json_string (json, key, level_at (self, report, o, i));
    }
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

static void
json_moves (const HdCostLevel *row, HdJson *json)
{
  static const char *const KEY[] = { "from_above", "to_below", "from_below", "to_above" };
  hd_json_open_object (json, "movements");
  for (guint m = 0; m < HD_N_MOVES; m++) {
    const HdCostMove *move = &row->move[m];
    if (!move->active)
      continue;
    hd_json_open_object (json, KEY[m]);
    hd_json_double (json, "words", move->words);
    hd_json_double (json, "energy_pj", move->energy_pj);
    hd_json_u64 (json, "bits", move->bits);
    hd_json_u64 (json, "transfers", move->transfers);
    hd_json_u64 (json, "period", move->period);
    hd_json_u64 (json, "window", move->window);
    hd_json_u64 (json, "port_cycles", move->real);
    hd_json_close_object (json);
  }
  hd_json_close_object (json);
}

static void
json_levels (const Cost *self, const HdCostReport *report, HdJson *json)
{
  hd_json_open_array (json, "levels");
  for (guint i = 0; i < report->n_levels; i++) {
    const HdCostLevel *row = &report->level[i];
    const char operand[2] = { OPERAND[row->operand], '\0' };
    const HdCostMove *m = row->move;
    hd_json_open_object (json, NULL);
    hd_json_string (json, "memory", self->platform->core[report->core].level[row->level].id);
    hd_json_string (json, "operand", operand);
    hd_json_double (json, "reads", m[HD_MOVE_TO_LOW].words + m[HD_MOVE_TO_HIGH].words);
    hd_json_double (json, "writes", m[HD_MOVE_FROM_HIGH].words + m[HD_MOVE_FROM_LOW].words);
    hd_json_double (json, "energy_pj", m[0].energy_pj + m[1].energy_pj + m[2].energy_pj + m[3].energy_pj);
    hd_json_u64 (json, "used_bits", row->used_bits);
    hd_json_u64 (json, "instances", row->instances);
    hd_json_boolean (json, "double_buffered", row->double_buffered);
    hd_json_boolean (json, "weights_stay", row->held);
    json_moves (row, json);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

static void
json_layer (const Cost *self, const HdCostReport *report, HdJson *json)
{
  const HdNodeCost *c = &report->cost;
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", self->workload->layers[report->layer].name);
  hd_json_string (json, "core", self->platform->core[report->core].id);
  hd_json_u64 (json, "macs", c->macs);
  hd_json_u64 (json, "cycles", total_cycles (c));
  hd_json_u64 (json, "ideal_cycles", c->ideal_cycles);
  hd_json_u64 (json, "compute_cycles", c->compute_cycles);
  hd_json_u64 (json, "stall_cycles", c->stall_cycles);
  hd_json_u64 (json, "input_cycles", c->input_cycles);
  hd_json_u64 (json, "offload_cycles", c->offload_cycles);
  hd_json_u64 (json, "fill_cycles", c->fill_cycles);
  hd_json_u64 (json, "load_cycles", c->load_cycles);
  hd_json_double (json, "energy_pj", c->energy_pj + c->load_energy_pj);
  hd_json_double (json, "load_energy_pj", c->load_energy_pj);
  hd_json_double (json, "mac_energy_pj", c->mac_energy_pj);
  hd_json_u64 (json, "evaluations", c->evaluations);
  hd_json_double (json, "gap", c->gap);
  json_mapping (self, report, json);
  json_levels (self, report, json);
  hd_json_close_object (json);
}

static void
print_json (const Cost *self, GPtrArray *reports, double wall_s)
{
  g_autoptr (GString) text = g_string_new (NULL);
  HdJson json = { .text = text };
  guint64 cycles = 0, evaluations = 0;
  double pj = 0;
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-cost-1");
  hd_json_open_array (&json, "layers");
  for (guint i = 0; i < reports->len; i++) {
    const HdCostReport *report = g_ptr_array_index (reports, i);
    json_layer (self, report, &json);
    cycles += total_cycles (&report->cost);
    pj += report->cost.energy_pj + report->cost.load_energy_pj;
    evaluations += report->cost.evaluations;
  }
  hd_json_close_array (&json);
  hd_json_u64 (&json, "cycles", cycles);
  hd_json_double (&json, "energy_pj", pj);
  hd_json_u64 (&json, "evaluations", evaluations);
  hd_json_double (&json, "wall_s", wall_s);
  hd_json_close_object (&json);
  puts (text->str);
}

/* --- the command ------------------------------------------------------------------------------------------------------ */

/* A layer that cannot be mapped is told; the others go on. */
static GPtrArray *
cost_layers (const Cost *self, gboolean *complete)
{
  GPtrArray *reports = g_ptr_array_new_with_free_func ((GDestroyNotify) hd_cost_report_free);
  *complete = TRUE;
  for (HdLayerId layer = 0; layer < self->workload->n_layers && cli_signal == 0; layer++) {
    GError *error = NULL;
    HdCostReport *report;
    if (self->layer != HD_NONE && layer != self->layer)
      continue;
    if ((report = cost_layer (self, layer, &error)) != NULL) {
      g_ptr_array_add (reports, report);
      continue;
    }
    cli_fail (error);
    *complete = FALSE;
  }
  return reports;
}

int
cli_cost (int argc, char **argv)
{
  int status;
  g_auto (Cost) self = { .tie = DEFAULT_TIE };
  CliCommon common = { 0 };
  const GOptionEntry entries[] = {
    { "platform", 'p', 0, G_OPTION_ARG_FILENAME, &self.platform_path, "The platform file, or a platform in one line", "PLATFORM" },
    { "workload", 'w', 0, G_OPTION_ARG_FILENAME, &self.workload_path, "The workload: XML or ONNX", "WORKLOAD" },
    { "mapping", 'm', 0, G_OPTION_ARG_FILENAME, &self.mapping_path, "A mapping file: its cores, unrollings and loops are taken", "MAPPING" },
    { "core", 0, 0, G_OPTION_ARG_STRING, &self.core_name, "The core (default: the mapping's, or the first that takes the layer)", "ID" },
    { "layer", 0, 0, G_OPTION_ARG_STRING, &self.layer_name, "One layer only, with its loop nest and every movement", "ID" },
    { "rules", 0, 0, G_OPTION_ARG_STRING, &self.rules, "How to count: exact, zigzag (the published tool's conventions) or simple (default: exact)", "NAME" },
    { "objective", 0, 0, G_OPTION_ARG_STRING, &self.objective, "energy, latency or edp (default: energy)", "NAME" },
    { "search", 0, 0, G_OPTION_ARG_STRING, &self.search, "optimal, or orderings: every loop order, split greedily, as published (default: optimal)", "NAME" },
    { "placement", 0, 0, G_OPTION_ARG_STRING, &self.placement, "Where maps stand: lowest level that holds them, top level, or the core's memories (default: lowest)", "NAME" },
    { "factor-limit", 0, 0, G_OPTION_ARG_INT, &self.factor_limit, "Loop factors per layer at most (default: no limit)", "N" },
    { "tie", 0, 0, G_OPTION_ARG_DOUBLE, &self.tie, "Least energy: energies up to this fraction above it count as equal, the fastest is taken (default: 0.0001)", "FRACTION" },
    { "budget", 0, 0, G_OPTION_ARG_INT64, &self.budget, "States that the search of a layer may look at (default: 20000; 5000 by latency and edp)", "N" },
    { NULL },
  };
  if (!cli_parse (&argc, &argv, entries, &common, 0, 0, &status))
    return status;
  GError *error = NULL;
  if (!load (&self, &error))
    return cli_fail (error);
  cli_catch_signals ();
  gint64 began = g_get_monotonic_time ();
  gboolean complete;
  g_autoptr (GPtrArray) reports = cost_layers (&self, &complete);
  double wall_s = (double) (g_get_monotonic_time () - began) / 1e6;
  if (cli_signal != 0)
    return 128 + cli_signal;
  if (common.json)
    print_json (&self, reports, wall_s);
  else
    print_text (&self, reports, wall_s);
  return complete ? 0 : HD_ERROR_NEGATIVE;
}
