/* How long a layer takes on a set of cores, and how much it holds there: what the starts are made by.
 *
 * Cores: for each layer the set and the way to deal it for which the cycles of its largest share (product of ceil (rank / unrolling)) and the cycles of what has to be moved
 * besides are least together. Dealt by channels, a core needs the inputs of the others; dealt by rows, it needs weights that others have too. So large weights
 * are dealt and small ones are copied.
 *
 * Slices: weights come in parts of a quarter of their memory, so that the next ones come while the last ones are used, but not narrower than the array.
 */
#include "config.h"
#include "explore/rule.h"

#include <heddle/checked.h>

#include <string.h>

/* --- cores ------------------------------------------------------------------------------------------ */

/* The largest share of the layer that one core gets, in one piece. */
static HdBox
share_box (const HdLayer *layer, const LayerSpace *space, const Placement *placement)
{
  HdBox box = hd_layer_whole_box (layer);
  const int ranks[] = { space->slice_rank, space->row_rank, space->column_rank };
  for (guint i = 0; i < G_N_ELEMENTS (ranks); i++) {
    guint64 n = 1;
    if (ranks[i] < 0)
      continue;
    if (placement->split == ranks[i] || (placement->grid == 0 && placement->split < 0 && i == 1))
      n = placement->n_cores;
    else if (placement->grid > 0 && i < 2)
      n = i == 0 ? placement->grid : placement->n_cores / placement->grid;
    box.range[ranks[i]].to = (gint64) _hd_explore_piece (layer->rank[ranks[i]].size, n);
  }
  return box;
}

/* What the share reads [bit]: through weights, or through the other operands. */
static guint64
share_bits (const HdWorkload *workload, const HdLayer *layer, const HdBox *box, gboolean weights)
{
  guint64 sum = 0;
  for (guint o = 0; o + 1 < layer->n_operands; o++) {
    const HdTensor *tensor = &workload->tensors[layer->operands[o].tensor];
    HdBox part = hd_operand_project (layer, &layer->operands[o], box, tensor);
    if ((layer->operands[o].role == HD_ROLE_WEIGHT) == weights)
      sum += MIN (hd_box_volume (&part) * tensor->bits, tensor->total_bits);
  }
  return sum;
}

/* Cycles of moving @bits into a memory of the core: by its narrowest way in [bit/cycle]; 64 where nothing is limited. */
static guint64
way_in (const HdPlatform *platform, HdCoreId to, HdCoreId from)
{
  HdMemoryId destination = hd_core_operand_memory (&platform->core[to], HD_OPERAND_INPUT), source = hd_core_operand_memory (&platform->core[from], HD_OPERAND_OUTPUT);
  HdRoute route;
  guint64 width = 0;
  if (destination == HD_NONE || source == HD_NONE || destination == source || !hd_platform_route (platform, source, &destination, 1, &route, NULL))
    return 64;
  for (guint h = 0; h < route.n_hops; h++) {
    guint64 w = platform->resource[route.hop[h].resource].width_bits;
    if (w > 0 && (width == 0 || w < width))
      width = w;
  }
  hd_route_clear (&route);
  return width > 0 ? width : 64;
}

/* Cycles of the share and of what is moved because the layer is dealt so; G_MAXUINT64 when the core cannot do it. */
static guint64
estimate (const Rule *rule, HdLayerId l, const Placement *placement, guint64 width)
{
  const HdLayer *layer = &rule->space->workload->layers[l];
  HdBox share = share_box (layer, &rule->space->layer[l], placement), whole = hd_layer_whole_box (layer);
  HdNodeCost cost;
  if (!hd_cost_node (rule->simple, placement->cores[0], l, &share, NULL, &cost, NULL))
    return G_MAXUINT64;
  guint64 n = placement->n_cores, inputs = share_bits (rule->space->workload, layer, &share, FALSE), weights = share_bits (rule->space->workload, layer, &share, TRUE);
  guint64 own_inputs = share_bits (rule->space->workload, layer, &whole, FALSE) / n, own_weights = share_bits (rule->space->workload, layer, &whole, TRUE) / n;
  guint64 moved = (inputs > own_inputs ? inputs - own_inputs : 0) + (weights > own_weights ? weights - own_weights : 0);
  return cost.cycles + moved / width;
}

static void
choose_cores (Rule *rule, HdLayerId l)
{
  guint n = rule_n_placements (rule, l);
  const Placement *placement = &g_array_index (rule->space->layer[l].placement, Placement, 0), *largest = placement + n - 1;
  rule->width[l] = largest->n_cores > 1 ? way_in (rule->space->platform, largest->cores[1], largest->cores[0]) : 64;
  rule->estimate[l] = g_new (guint64, n);
  for (guint i = 0; i < n; i++) {
    rule->estimate[l][i] = estimate (rule, l, &placement[i], rule->width[l]);
    if (rule->estimate[l][i] < rule->estimate[l][rule->own[l]])
      rule->own[l] = (guint16) i;
  }
}

void
_hd_explore_rule_init (Rule *self, HdExploreSpace *space, HdCostModel *simple)
{
  guint n = space->workload->n_layers;
  *self = (Rule) { space, simple, g_new0 (guint64 *, n + 1), g_new0 (guint64, n + 1), g_new0 (guint16, n + 1), g_new0 (guint16, n + 1) };
  for (HdLayerId l = 0; l < n; l++)
    choose_cores (self, l);
}

void
_hd_explore_rule_clear (Rule *self)
{
  for (HdLayerId l = 0; l < self->space->workload->n_layers; l++)
    g_free (self->estimate[l]);
  g_free (self->estimate);
  g_free (self->width);
  g_free (self->own);
  g_free (self->cores);
}

/* --- slices ------------------------------------------------------------------------------------------ */

guint64
_hd_explore_rule_weights (const Rule *rule, HdLayerId l)
{
  const HdLayer *layer = &rule->space->workload->layers[l];
  HdBox share = share_box (layer, &rule->space->layer[l], rule_placement (rule, l));
  return share_bits (rule->space->workload, layer, &share, TRUE);
}

guint64
_hd_explore_rule_weight_capacity (const Rule *rule, HdLayerId l)
{
  HdMemoryId memory = hd_core_operand_memory (&rule->space->platform->core[rule_placement (rule, l)->cores[0]], HD_OPERAND_WEIGHT);
  return memory != HD_NONE ? rule->space->platform->memory[memory].capacity_bits : HD_UNLIMITED_BITS;
}

/* How many points of the rank the array works on at once, at most. */
static guint64
array_width (const HdCore *core, const char *rank)
{
  guint64 width = 1;
  for (guint f = 0; f < core->n_dataflows; f++)
    for (guint u = 0; u < core->dataflow[f].n_unrolls; u++)
      if (g_str_equal (core->dataflow[f].unroll[u].rank, rank))
        width = MAX (width, core->dataflow[f].unroll[u].factor);
  return width;
}

void
_hd_explore_rule_slice (const Rule *rule, HdLayerId l, guint16 *genes)
{
  const HdLayer *layer = &rule->space->workload->layers[l];
  const LayerSpace *space = &rule->space->layer[l];
  const Placement *placement = rule_placement (rule, l);
  guint64 weights = _hd_explore_rule_weights (rule, l), capacity = _hd_explore_rule_weight_capacity (rule, l);
  if (space->slice_rank < 0 || weights == 0)
    return;
  HdBox share = share_box (layer, space, placement);
  guint64 block = (guint64) hd_range_size (share.range[space->slice_rank]), width = array_width (&rule->space->platform->core[placement->cores[0]], layer->rank[space->slice_rank].name);
  guint value = 0;
  while (value + 1 < space->slices->len) {
    guint64 n = g_array_index (space->slices, guint64, value), next = g_array_index (space->slices, guint64, value + 1);
    if (weights / n <= capacity / 4 || hd_ceil_div (block, next) < width)
      break;
    value++;
  }
  set_gene (rule->space, genes, l, GENE_SLICES, value);
}

/* --- balance ----------------------------------------------------------------------------------------- */

/* By core: the best way to deal the layer to all cores of its kind; G_MAXUINT: it cannot take the layer. */
static void
deal_to_kinds (const Rule *rule, HdLayerId l, guint *best)
{
  const Placement *placement = &g_array_index (rule->space->layer[l].placement, Placement, 0);
  const guint64 *cycles = rule->estimate[l];
  for (HdCoreId c = 0; c < rule->space->platform->n_cores; c++)
    best[c] = G_MAXUINT;
  for (guint i = 0; i < rule_n_placements (rule, l); i++)
    for (guint k = 0; cycles[i] < G_MAXUINT64 && k < placement[i].n_cores; k++) {
      guint *of = &best[placement[i].cores[k]];
      if (*of == G_MAXUINT || placement[i].n_cores > placement[*of].n_cores || (placement[i].n_cores == placement[*of].n_cores && cycles[i] < cycles[*of]))
        *of = i;
    }
}

/* Cycles of the busiest core, or of the way between kinds of cores if that is busier; the cycles of all of them tell equals apart. */
typedef struct {
  guint64 busiest, sum;
} Load;

static Load
load_of (const Rule *rule, HdLayerId first, HdLayerId last, guint64 *busy)
{
  const HdWorkload *workload = rule->space->workload;
  Load load = { 0, 0 };
  guint64 way = 0;
  memset (busy, 0, rule->space->platform->n_cores * sizeof *busy);
  for (HdLayerId l = first; l <= last; l++) {
    const HdLayer *layer = &workload->layers[l];
    HdCoreId core = rule_placement (rule, l)->cores[0];
    busy[core] += rule->estimate[l][rule->cores[l]];
    load.busiest = MAX (load.busiest, busy[core]);
    load.sum += rule->estimate[l][rule->cores[l]];
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      const HdTensor *tensor = &workload->tensors[layer->operands[o].tensor];
      if (tensor->producer != HD_NONE && tensor->producer >= first && rule_placement (rule, tensor->producer)->cores[0] != core)
        way += tensor->total_bits / rule->width[l];
    }
  }
  return (Load) { MAX (load.busiest, way), load.sum + way };
}

/* Moves a layer to another kind of cores if that helps. */
static gboolean
relieve (Rule *rule, HdLayerId first, HdLayerId last, HdLayerId l, guint64 *busy, guint *best)
{
  const Placement *placement = &g_array_index (rule->space->layer[l].placement, Placement, 0);
  Load least = load_of (rule, first, last, busy);
  guint16 chosen = rule->cores[l], begin = chosen;
  deal_to_kinds (rule, l, best);
  for (HdCoreId c = 0; c < rule->space->platform->n_cores; c++) {
    if (best[c] == G_MAXUINT || best[c] == begin || placement[best[c]].cores[0] != c)
      continue;
    rule->cores[l] = (guint16) best[c];
    Load load = load_of (rule, first, last, busy);
    if (load.busiest < least.busiest || (load.busiest == least.busiest && load.sum < least.sum)) {
      least = load;
      chosen = rule->cores[l];
    }
  }
  rule->cores[l] = chosen;
  return chosen != begin;
}

void
_hd_explore_rule_balance (Rule *rule, HdLayerId first, HdLayerId last)
{
  g_autofree guint64 *busy = g_new0 (guint64, rule->space->platform->n_cores + 1);
  g_autofree guint *best = g_new (guint, rule->space->platform->n_cores + 1);
  gboolean moved = TRUE;
  for (guint round = 0; round < 8 && moved; round++) {
    moved = FALSE;
    for (HdLayerId l = first; l <= last; l++)
      moved |= relieve (rule, first, last, l, busy, best);
  }
}

/* --- tiles ------------------------------------------------------------------------------------------- */

/* One core's share of a tile, when the layer's rows are cut into @tiles. */
static HdBox
tile_box (const Rule *rule, HdLayerId l, guint64 tiles)
{
  const HdLayer *layer = &rule->space->workload->layers[l];
  const LayerSpace *space = &rule->space->layer[l];
  HdBox box = share_box (layer, space, rule_placement (rule, l));
  if (space->row_rank >= 0)
    box.range[space->row_rank].to = (gint64) MIN (_hd_explore_dealt_rows (rule->space, l, rule_placement (rule, l)), _hd_explore_piece (layer->rank[space->row_rank].size, tiles));
  return box;
}

static void
add_need (const Rule *rule, const HdLayer *layer, const HdOperand *operand, const HdBox *box, HdMemoryId memory, guint64 *need)
{
  const HdTensor *tensor = &rule->space->workload->tensors[operand->tensor];
  HdBox part = hd_operand_project (layer, operand, box, tensor);
  if (memory != HD_NONE)
    need[memory] += MIN (hd_box_volume (&part) * tensor->bits, tensor->total_bits);
}

/* What a layer makes of a tile is in its core's memory; what it reads too, unless its maker has put it there. */
static void
add_layer (const Rule *rule, HdLayerId first, HdLayerId l, guint64 tiles, guint64 *need)
{
  const HdWorkload *workload = rule->space->workload;
  const HdLayer *layer = &workload->layers[l];
  const HdCore *cores = rule->space->platform->core, *core = &cores[rule_placement (rule, l)->cores[0]];
  HdMemoryId from = hd_core_operand_memory (core, HD_OPERAND_INPUT);
  HdBox box = tile_box (rule, l, tiles);
  add_need (rule, layer, hd_layer_output (layer), &box, hd_core_operand_memory (core, HD_OPERAND_OUTPUT), need);
  for (guint o = 0; o + 1 < layer->n_operands; o++) {
    HdLayerId maker = workload->tensors[layer->operands[o].tensor].producer;
    gboolean inside = maker != HD_NONE && maker >= first;
    if (layer->operands[o].role == HD_ROLE_INPUT && (!inside || hd_core_operand_memory (&cores[rule_placement (rule, maker)->cores[0]], HD_OPERAND_OUTPUT) != from))
      add_need (rule, layer, &layer->operands[o], &box, from, need);
  }
}

static gboolean
tiles_fit (const Rule *rule, HdLayerId first, HdLayerId last, guint64 tiles)
{
  const HdPlatform *platform = rule->space->platform;
  g_autofree guint64 *need = g_new0 (guint64, platform->n_memories + 1);
  for (HdLayerId l = first; l <= last; l++)
    add_layer (rule, first, l, tiles, need);
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    if (!platform->memory[m].dram && platform->memory[m].capacity_bits != HD_UNLIMITED_BITS && need[m] > platform->memory[m].capacity_bits / 4 * 3)
      return FALSE;
  return TRUE;
}

guint64
_hd_explore_rule_tiles (const Rule *rule, HdLayerId first, HdLayerId last)
{
  int row_rank = rule->space->layer[last].row_rank;
  guint64 rows = row_rank >= 0 ? rule->space->workload->layers[last].rank[row_rank].size : 1, tiles = 1;
  while (tiles < rows && !tiles_fit (rule, first, last, tiles))
    tiles *= 2;
  return MIN (tiles, rows);
}
