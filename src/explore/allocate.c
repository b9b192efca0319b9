/* Mappings by rule: where searches begin, and what a pass takes when nobody says anything.
 *
 * Cores: for each layer the set and the way to deal it for which the cycles of its largest share (product of ceil (rank / unrolling)) and the cycles of what has to be moved
 * besides are least together. Dealt by channels, a core needs the inputs of the others; dealt by rows, it needs weights that others have too. So large weights
 * are dealt and small ones are copied.
 *
 * Slices: weights come in parts of a quarter of their memory, so that the next ones come while the last ones are used, but not narrower than the array.
 *
 * Stacks: nobody knows beforehand what fusing brings, so there are several plans: none; layers without weights after the one that makes their input; what has to be cut
 * anyway because it does not fit; all while their weights fit in half of the memories. Each with several heights of the tiles. The engine tells which is best.
 */
#include "config.h"
#include "explore/space.h"

#include <heddle/checked.h>

#include <string.h>

typedef enum { FUSE_NONE, FUSE_TAILS, FUSE_WHAT_IS_CUT, FUSE_WHILE_WEIGHTS_FIT } Fuse;

/** A way to make stacks. */
typedef struct {
  Fuse fuse;
  guint64 finer;     /* tiles of a stack of several layers: so many times the least */
  gboolean columns;  /* in such stacks, what is dealt by rows is dealt by columns: then all cores work on each tile */
} Policy;

static const Policy POLICIES[] = {
  { FUSE_WHAT_IS_CUT, 1, FALSE },       { FUSE_WHAT_IS_CUT, 4, FALSE },       { FUSE_WHAT_IS_CUT, 4, TRUE },       { FUSE_NONE, 1, FALSE },
  { FUSE_TAILS, 1, FALSE },             { FUSE_TAILS, 4, FALSE },             { FUSE_TAILS, 4, TRUE },             { FUSE_WHILE_WEIGHTS_FIT, 1, FALSE },
  { FUSE_WHILE_WEIGHTS_FIT, 1, TRUE },  { FUSE_WHILE_WEIGHTS_FIT, 4, FALSE }, { FUSE_WHILE_WEIGHTS_FIT, 4, TRUE }, { FUSE_WHILE_WEIGHTS_FIT, 16, TRUE },
};

typedef struct {
  HdExploreSpace *space;
  HdCostModel *simple;
  guint64 *weight_bits;    /* by layer: of one core [bit] */
  guint16 *cores;          /* by layer: the chosen placement */
} Rule;

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
  const LayerSpace *space = &rule->space->layer[l];
  guint64 best = G_MAXUINT64;
  guint n = MIN (space->placement->len, G_MAXUINT16);
  const Placement *largest = &g_array_index (space->placement, Placement, n - 1);
  guint64 width = largest->n_cores > 1 ? way_in (rule->space->platform, largest->cores[1], largest->cores[0]) : 64;
  for (guint i = 0; i < n; i++) {
    const Placement *placement = &g_array_index (space->placement, Placement, i);
    guint64 cycles = estimate (rule, l, placement, width);
    if (cycles < best) {
      best = cycles;
      rule->cores[l] = (guint16) i;
    }
  }
  const Placement *chosen = &g_array_index (space->placement, Placement, rule->cores[l]);
  HdBox share = share_box (&rule->space->workload->layers[l], space, chosen);
  rule->weight_bits[l] = share_bits (rule->space->workload, &rule->space->workload->layers[l], &share, TRUE);
}

/* --- slices ------------------------------------------------------------------------------------------ */

static guint64
weight_capacity (const Rule *rule, HdLayerId l)
{
  const Placement *placement = &g_array_index (rule->space->layer[l].placement, Placement, rule->cores[l]);
  HdMemoryId memory = hd_core_operand_memory (&rule->space->platform->core[placement->cores[0]], HD_OPERAND_WEIGHT);
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

static void
choose_slices (const Rule *rule, HdLayerId l, guint16 *genes)
{
  const HdLayer *layer = &rule->space->workload->layers[l];
  const LayerSpace *space = &rule->space->layer[l];
  const Placement *placement = &g_array_index (space->placement, Placement, rule->cores[l]);
  if (space->slice_rank < 0 || rule->weight_bits[l] == 0)
    return;
  HdBox share = share_box (layer, space, placement);
  guint64 block = (guint64) hd_range_size (share.range[space->slice_rank]), width = array_width (&rule->space->platform->core[placement->cores[0]], layer->rank[space->slice_rank].name);
  guint value = 0;
  while (value + 1 < space->slices->len) {
    guint64 n = g_array_index (space->slices, guint64, value), next = g_array_index (space->slices, guint64, value + 1);
    if (rule->weight_bits[l] / n <= weight_capacity (rule, l) / 4 || hd_ceil_div (block, next) < width)
      break;
    value++;
  }
  set_gene (rule->space, genes, l, GENE_SLICES, value);
}

/* --- stacks ------------------------------------------------------------------------------------------- */

static guint64
easy_rows_of (const Rule *rule, HdLayerId l)
{
  return g_array_index (rule->space->layer[l].placement, Placement, rule->cores[l]).easy_rows;
}

/* Whether @l joins the stack of the layers before it, whose weights take @weights on a core. */
static gboolean
joins (const Rule *rule, Fuse fuse, HdLayerId l, guint64 weights)
{
  gboolean fits = weights + rule->weight_bits[l] <= weight_capacity (rule, l) / 2;
  /* A stack is cut along the rows of its last layer. */
  if (rule->space->layer[l].row_rank < 0 && easy_rows_of (rule, l - 1) > 1)
    return FALSE;
  switch (fuse) {
  case FUSE_TAILS:
    return rule->weight_bits[l] == 0;
  case FUSE_WHAT_IS_CUT:
    return fits && rule->weight_bits[l] == 0 && (easy_rows_of (rule, l) > 1 || easy_rows_of (rule, l - 1) > 1);
  case FUSE_WHILE_WEIGHTS_FIT:
    return fits && rule->space->layer[l].row_rank >= 0;
  default:
    return FALSE;
  }
}

/* The placement on the same cores, by columns instead of rows; the chosen one where there is none. */
static guint
by_columns (const Rule *rule, HdLayerId l)
{
  const LayerSpace *space = &rule->space->layer[l];
  const Placement *chosen = &g_array_index (space->placement, Placement, rule->cores[l]);
  for (guint i = 0; chosen->split >= 0 && chosen->split == space->row_rank && i < MIN (space->placement->len, G_MAXUINT16); i++) {
    const Placement *other = &g_array_index (space->placement, Placement, i);
    if (other->split >= 0 && other->split == space->column_rank && other->n_cores == chosen->n_cores && other->cores[0] == chosen->cores[0])
      return i;
  }
  return rule->cores[l];
}

/* The first value of the gene that is @wanted tiles or more. */
static guint
value_of_rows (const Rule *rule, HdLayerId l, guint64 wanted)
{
  const GArray *rows = rule->space->layer[l].rows;
  guint value = 0;
  while (value + 1 < rows->len && g_array_index (rows, guint64, value) < wanted)
    value++;
  return value;
}

static void
end_stack (const Rule *rule, const Policy *policy, HdLayerId first, HdLayerId last, guint16 *genes)
{
  guint64 least = 1;
  for (HdLayerId l = first; l <= last; l++) {
    if (policy->columns && first < last)
      set_gene (rule->space, genes, l, GENE_CORES, by_columns (rule, l));
    least = MAX (least, easy_rows_of (rule, l));
    /* The first tile of a stack is larger than the others, and a stack without rows at its end has no tiles: its layers are cut by themselves, too. */
    set_gene (rule->space, genes, l, GENE_ROWS, value_of_rows (rule, l, easy_rows_of (rule, l)));
  }
  set_gene (rule->space, genes, last, GENE_ROWS, value_of_rows (rule, last, first < last ? least * policy->finer : least));
  set_gene (rule->space, genes, last, GENE_ENDS, 1);
}

static void
choose_stacks (const Rule *rule, const Policy *policy, guint16 *genes)
{
  HdLayerId first = 0, n = rule->space->workload->n_layers;
  guint64 weights = 0;
  for (HdLayerId l = 0; l < n; l++) {
    weights += rule->weight_bits[l];
    if (l + 1 < n && joins (rule, policy->fuse, l + 1, weights))
      continue;
    end_stack (rule, policy, first, l, genes);
    first = l + 1;
    weights = 0;
  }
}

/* --- the starts ---------------------------------------------------------------------------------------- */

static gboolean
is_new (const HdExploreSpace *self, const guint16 *genes)
{
  guint n = self->problem.n_genes;
  for (guint i = 0; i < self->n_starts; i++)
    if (memcmp ((const guint16 *) (const void *) self->starts->data + (gsize) i * n, genes, n * sizeof *genes) == 0)
      return FALSE;
  return TRUE;
}

void
_hd_explore_starts (HdExploreSpace *self)
{
  HdCostOptions simple = { .rules = HD_RULES_SIMPLE, .objective = HD_OBJECTIVE_LATENCY };
  g_autoptr (HdCostModel) cost = hd_cost_model_new (self->platform, self->workload, &simple);
  guint n = self->workload->n_layers;
  g_autofree guint64 *weight_bits = g_new0 (guint64, n + 1);
  g_autofree guint16 *cores = g_new0 (guint16, n + 1);
  g_autofree guint16 *genes = g_new0 (guint16, self->problem.n_genes + 1);
  Rule rule = { self, cost, weight_bits, cores };
  for (HdLayerId l = 0; l < n; l++)
    choose_cores (&rule, l);
  for (guint i = 0; i < G_N_ELEMENTS (POLICIES); i++) {
    if (self->options.layer_by_layer && POLICIES[i].fuse != FUSE_NONE)
      continue;
    memset (genes, 0, self->problem.n_genes * sizeof *genes);
    for (HdLayerId l = 0; l < n; l++) {
      set_gene (self, genes, l, GENE_CORES, cores[l]);
      choose_slices (&rule, l, genes);
    }
    choose_stacks (&rule, &POLICIES[i], genes);
    _hd_explore_repair (self, genes);
    if (!is_new (self, genes))
      continue;
    g_array_append_vals (self->starts, genes, self->problem.n_genes);
    self->n_starts++;
  }
}

/* --- the best of them ------------------------------------------------------------------------------------ */

static double
product (const HdExploreSpace *self, const HdExploreScore *score)
{
  double value = 1;
  for (guint i = 0; i < self->options.n_metrics; i++)
    value *= score->value[self->options.metric[i]];
  return value;
}

HdMapping *
hd_explore_allocate (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options, GError **error)
{
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, options, error);
  const guint16 *best = NULL;
  double least = 0;
  if (space == NULL)
    return NULL;
  for (guint i = 0; i < space->n_starts; i++) {
    const guint16 *genes = (const guint16 *) (const void *) space->starts->data + (gsize) i * space->problem.n_genes;
    HdExploreScore score;
    if (!hd_explore_draft (space, genes, &score, NULL) || (best != NULL && product (space, &score) >= least))
      continue;
    least = product (space, &score);
    best = genes;
  }
  return best != NULL ? hd_explore_space_mapping (space, best, error) : hd_mapping_default (workload, platform, error);
}
