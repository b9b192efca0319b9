/* What may be chosen for one layer: the ranks along which it can be cut, the cores it can be put on, and into how many pieces it must be cut at least.
 *
 * Identical cores stand for each other, so of a class of n only the sets of 1, 2, 4, ... n neighbours are offered, not all 2^n.
 */
#include "config.h"
#include "explore/space.h"

#include <heddle/checked.h>

#include <string.h>

/* --- ranks ------------------------------------------------------------------------------------------ */

static gboolean
operand_uses (const HdOperand *operand, guint n_dims, guint rank)
{
  for (guint d = 0; d < n_dims; d++)
    if (operand->projection[d].coefficient[rank] != 0)
      return TRUE;
  return FALSE;
}

/* The first weight operand; -1: none. */
static int
weight_operand (const HdLayer *layer)
{
  for (guint o = 0; o < layer->n_operands; o++)
    if (layer->operands[o].role == HD_ROLE_WEIGHT)
      return (int) o;
  return -1;
}

/* The rank that is the fastest digit of dimension @d of the output, when pieces of it make boxes whatever else is cut; -1: none of size > 1. */
static int
rank_of_dimension (const HdLayer *layer, guint d)
{
  int best = -1;
  for (guint r = 0; r < layer->n_ranks; r++) {
    gint32 coefficient = hd_layer_output (layer)->projection[d].coefficient[r];
    if (coefficient != 0 && layer->rank[r].size > 1 && (best < 0 || ABS (coefficient) > ABS (hd_layer_output (layer)->projection[d].coefficient[best])))
      best = (int) r;
  }
  return best;
}

/* Maps have their channels in dimension 1 and positions after it (B C Y X); other outputs have rows first and columns last. */
static void
find_ranks (const HdWorkload *workload, const HdLayer *layer, LayerSpace *space)
{
  const HdTensor *out = &workload->tensors[hd_layer_output (layer)->tensor];
  int weight = weight_operand (layer);
  space->slice_rank = space->row_rank = space->column_rank = -1;
  for (guint d = 0; d < out->n_dims; d++) {
    int r = rank_of_dimension (layer, d);
    if (r < 0)
      continue;
    gboolean chooses = weight >= 0 && operand_uses (&layer->operands[weight], workload->tensors[layer->operands[weight].tensor].n_dims, (guint) r);
    gboolean channel = weight >= 0 ? chooses : d == (out->n_dims == 4 ? 1 : out->n_dims - 1);
    if (channel && (space->slice_rank < 0 || layer->rank[r].size > layer->rank[space->slice_rank].size))
      space->slice_rank = r;
    else if (!channel && space->row_rank < 0)
      space->row_rank = r;
    else if (!channel && space->column_rank < 0)
      space->column_rank = r;
  }
}

/* --- the least pieces ---------------------------------------------------------------------------------- */

guint64
_hd_explore_piece (guint64 size, guint64 n)
{
  return hd_ceil_div (size, MAX (n, 1));
}

static HdCostOperand
cost_operand (HdRole role)
{
  return role == HD_ROLE_INPUT ? HD_OPERAND_INPUT : role == HD_ROLE_WEIGHT ? HD_OPERAND_WEIGHT : HD_OPERAND_OUTPUT;
}

/* Whether what a node with this box needs fits into so many quarters of each memory: all of it, or its weights alone. */
static gboolean
fits (const HdExploreSpace *self, const HdLayer *layer, const HdCore *core, const HdBox *box, gboolean weights_only, guint quarters)
{
  HdMemoryId of_weights = hd_core_operand_memory (core, HD_OPERAND_WEIGHT);
  HdMemoryId seen[HD_N_OPERANDS];
  guint64 need[HD_N_OPERANDS] = { 0 };
  guint n = 0;
  for (guint o = 0; o < layer->n_operands; o++) {
    const HdTensor *tensor = &self->workload->tensors[layer->operands[o].tensor];
    HdMemoryId memory = hd_core_operand_memory (core, cost_operand (layer->operands[o].role));
    guint64 bits, room;
    guint i = 0;
    if (memory == HD_NONE || self->platform->memory[memory].dram || self->platform->memory[memory].capacity_bits == HD_UNLIMITED_BITS)
      continue;
    if (weights_only && (memory != of_weights || layer->operands[o].role != HD_ROLE_WEIGHT))
      continue;
    HdBox part = hd_operand_project (layer, &layer->operands[o], box, tensor);
    room = self->platform->memory[memory].capacity_bits / 4 * quarters;
    while (i < n && seen[i] != memory)
      i++;
    if (i == n)
      seen[n++] = memory;
    if (!hd_mul_u64 (hd_box_volume (&part), tensor->bits, &bits) || !hd_add_u64 (need[i], bits, &need[i]) || need[i] > room)
      return FALSE;
  }
  return TRUE;
}

/* A node in the middle of the layer, of @slice by @row by @column points. */
static HdBox
middle_box (const HdLayer *layer, const LayerSpace *space, guint64 slice, guint64 row, guint64 column)
{
  HdBox box = hd_layer_whole_box (layer);
  guint64 size[3] = { slice, row, column };
  int rank[3] = { space->slice_rank, space->row_rank, space->column_rank };
  for (guint i = 0; i < 3; i++)
    if (rank[i] >= 0) {
      guint64 whole = layer->rank[rank[i]].size, from = MIN (whole / size[i] / 2 * size[i], whole - size[i]);
      box.range[rank[i]] = (HdRange) { (gint64) from, (gint64) (from + size[i]) };
    }
  return box;
}

static guint64
size_of (const HdLayer *layer, int rank)
{
  return rank >= 0 ? layer->rank[rank].size : 1;
}

/* The columns of the layer's share; the whole where they are not dealt. */
static guint64
dealt_columns (const HdLayer *layer, const LayerSpace *space, const Placement *placement)
{
  return _hd_explore_piece (size_of (layer, space->column_rank), placement->split >= 0 && placement->split == space->column_rank ? placement->n_cores : 1);
}

/* Doubles the tiles along the rows until a node of @slice points of the slice rank fits into @quarters of its memories. */
static guint64
rows_that_fit (const HdExploreSpace *self, HdLayerId l, const Placement *placement, guint64 slice, guint quarters)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  const HdCore *core = &self->platform->core[placement->cores[0]];
  guint64 rows = size_of (layer, space->row_rank), columns = dealt_columns (layer, space, placement), n = 1;
  while (n < rows) {
    HdBox box = middle_box (layer, space, slice, MIN (_hd_explore_piece (rows, n), _hd_explore_dealt_rows (self, l, placement)), columns);
    if (fits (self, layer, core, &box, FALSE, quarters))
      break;
    n *= 2;
  }
  return MIN (n, rows);
}

/* Where @rows tiles are all that there can be, a single row may still be too long: doubles the tiles along the columns likewise. */
static guint64
columns_that_fit (const HdExploreSpace *self, HdLayerId l, const Placement *placement, guint64 slice, guint64 rows, guint quarters)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  const HdCore *core = &self->platform->core[placement->cores[0]];
  guint64 columns = size_of (layer, space->column_rank), dealt = dealt_columns (layer, space, placement), n = 1;
  while (rows == size_of (layer, space->row_rank) && n < columns) {
    HdBox box = middle_box (layer, space, slice, 1, MIN (_hd_explore_piece (columns, n), dealt));
    if (fits (self, layer, core, &box, FALSE, quarters))
      break;
    n *= 2;
  }
  return MIN (n, columns);
}

/* Doubles the slices until the weights fit, then the rows and the columns until all does. */
static void
find_least (const HdExploreSpace *self, HdLayerId l, Placement *placement)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  const HdCore *core = &self->platform->core[placement->cores[0]];
  guint64 n_slice = placement->grid > 0 ? placement->grid : placement->split == space->slice_rank ? placement->n_cores : 1;
  guint64 slices = size_of (layer, space->slice_rank);
  guint64 block = _hd_explore_piece (slices, n_slice);
  placement->least_slices = 1;
  while (placement->least_slices < block) {
    HdBox box = middle_box (layer, space, _hd_explore_piece (block, placement->least_slices), 1, 1);
    if (fits (self, layer, core, &box, TRUE, 4))
      break;
    placement->least_slices *= 2;
  }
  block = _hd_explore_piece (block, placement->least_slices);
  placement->least_rows = rows_that_fit (self, l, placement, block, 4);
  placement->easy_rows = rows_that_fit (self, l, placement, block, 3);
  placement->least_columns = columns_that_fit (self, l, placement, block, placement->least_rows, 4);
  placement->easy_columns = columns_that_fit (self, l, placement, block, placement->easy_rows, 3);
  placement->least_slices = MIN (placement->least_slices, slices);
}

/* --- cores ------------------------------------------------------------------------------------------------ */

static gboolean
same_level (const HdLevel *a, const HdLevel *b)
{
  return a->operands == b->operands && a->size_bits == b->size_bits && a->read_width == b->read_width && a->write_width == b->write_width && a->serves == b->serves
         && a->read_pj >= b->read_pj && a->read_pj <= b->read_pj && a->write_pj >= b->write_pj && a->write_pj <= b->write_pj;
}

static gboolean
same_dataflow (const HdDataflow *a, const HdDataflow *b)
{
  if (a->n_unrolls != b->n_unrolls)
    return FALSE;
  for (guint i = 0; i < a->n_unrolls; i++)
    if (!g_str_equal (a->unroll[i].rank, b->unroll[i].rank) || a->unroll[i].dimension != b->unroll[i].dimension || a->unroll[i].factor != b->unroll[i].factor)
      return FALSE;
  return TRUE;
}

/* Whether two cores do the same at the same price: then it does not matter which of them is taken. */
static gboolean
same_core (const HdCore *a, const HdCore *b)
{
  gboolean same = a->kind == b->kind && a->period == b->period && a->operators == b->operators && a->lanes == b->lanes && a->n_dimensions == b->n_dimensions
                  && a->n_levels == b->n_levels && a->n_dataflows == b->n_dataflows && a->n_fixed == b->n_fixed && a->mac_pj >= b->mac_pj && a->mac_pj <= b->mac_pj
                  && a->imc_rows == b->imc_rows && a->imc_columns == b->imc_columns && a->imc_macros == b->imc_macros
                  && memcmp (a->dimension_size, b->dimension_size, a->n_dimensions * sizeof *a->dimension_size) == 0;
  for (guint i = 0; same && i < a->n_levels; i++)
    same = same_level (&a->level[i], &b->level[i]);
  for (guint i = 0; same && i < a->n_dataflows; i++)
    same = same_dataflow (&a->dataflow[i], &b->dataflow[i]);
  return same;
}

static void
add_placement (HdExploreSpace *self, HdLayerId l, const HdCoreId *cores, guint n, int split, guint grid)
{
  Placement placement = { .n_cores = n, .cores = g_memdup2 (cores, n * sizeof *cores), .split = split, .grid = grid };
  find_least (self, l, &placement);
  g_array_append_val (self->layer[l].placement, placement);
}

/* The ways to deal a layer to several cores: blocks of each rank of the output, grids of two of them, or in turn as its pieces come. */
static void
add_group (HdExploreSpace *self, HdLayerId l, const HdCoreId *cores, guint n)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  const int ranks[] = { space->slice_rank, space->row_rank, space->column_rank };
  for (guint i = 0; i < G_N_ELEMENTS (ranks); i++)
    if (ranks[i] >= 0 && layer->rank[ranks[i]].size >= n)
      add_placement (self, l, cores, n, ranks[i], 0);
  if (space->slice_rank < 0 || space->row_rank < 0)
    return;
  for (guint grid = 2; grid < n; grid *= 2)
    if (n % grid == 0 && layer->rank[space->slice_rank].size >= grid && layer->rank[space->row_rank].size >= n / grid)
      add_placement (self, l, cores, n, -1, grid);
  add_placement (self, l, cores, n, -1, 0);
}

/* Of a class of identical cores: each core, each aligned group of 2, 4, ... neighbours, and all. */
static void
add_class (HdExploreSpace *self, HdLayerId l, const GArray *members)
{
  const HdCoreId *cores = (const HdCoreId *) (const void *) members->data;
  for (guint i = 0; i < members->len; i++)
    add_placement (self, l, cores + i, 1, -1, 0);
  for (guint n = 2; n < members->len; n *= 2)
    for (guint i = 0; i + n <= members->len; i += n)
      add_group (self, l, cores + i, n);
  if (members->len > 1)
    add_group (self, l, cores, members->len);
}

static void
find_placements (HdExploreSpace *self, HdLayerId l)
{
  const HdPlatform *platform = self->platform;
  g_autofree gboolean *done = g_new0 (gboolean, platform->n_cores + 1);
  g_autoptr (GArray) members = g_array_new (FALSE, FALSE, sizeof (HdCoreId));
  for (HdCoreId c = 0; c < platform->n_cores; c++) {
    if (done[c] || !hd_cost_core_takes (self->cost, c, l))
      continue;
    g_array_set_size (members, 0);
    for (HdCoreId other = c; other < platform->n_cores; other++)
      if (!done[other] && hd_cost_core_takes (self->cost, other, l) && same_core (&platform->core[c], &platform->core[other])) {
        done[other] = TRUE;
        g_array_append_val (members, other);
      }
    add_class (self, l, members);
  }
}

/* --- the values of the other genes ------------------------------------------------------------------------ */

/* 1, 2, 4, ... pieces of @size, as long as they are larger than @least. */
static GArray *
powers (guint64 size, guint64 least)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint64 n = 1; n == 1 || (n <= MIN (size, MAX_PIECES) && hd_ceil_div (size, n) >= least); n *= 2)
    g_array_append_val (values, n);
  return values;
}

/* Every number of tiles that gives another size, as long as there are not too many: sizes that divide the rank, and powers of two. */
static GArray *
tiles (guint64 size)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint64 n = 1; n <= MIN (size, MAX_PIECES); n++)
    if (size % n == 0 || (n & (n - 1)) == 0)
      g_array_append_val (values, n);
  return values;
}

/* Columns are cut where a few rows fill a good part of a memory, or one row fills all of it. */
static gboolean
has_long_rows (const HdExploreSpace *self, HdLayerId l)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  const HdTensor *out = &self->workload->tensors[hd_layer_output (layer)->tensor];
  const Placement *first = &g_array_index (space->placement, Placement, 0);
  HdMemoryId memory = hd_core_operand_memory (&self->platform->core[first->cores[0]], HD_OPERAND_OUTPUT);
  if (space->row_rank < 0 || space->column_rank < 0 || memory == HD_NONE)
    return FALSE;
  for (guint i = 0; i < space->placement->len; i++)
    if (g_array_index (space->placement, Placement, i).easy_columns > 1)
      return TRUE;
  return out->total_bits / layer->rank[space->row_rank].size > self->platform->memory[memory].capacity_bits / 16;
}

void
_hd_explore_layer_init (HdExploreSpace *self, HdLayerId l)
{
  const HdLayer *layer = &self->workload->layers[l];
  LayerSpace *space = &self->layer[l];
  find_ranks (self->workload, layer, space);
  space->placement = g_array_new (FALSE, FALSE, sizeof (Placement));
  find_placements (self, l);
  space->slices = powers (size_of (layer, space->slice_rank), 8);
  space->rows = tiles (size_of (layer, space->row_rank));
  space->columns = space->placement->len > 0 && has_long_rows (self, l) ? powers (layer->rank[space->column_rank].size, 8) : powers (1, 1);
}

void
_hd_explore_layer_clear (LayerSpace *space)
{
  for (guint i = 0; space->placement != NULL && i < space->placement->len; i++)
    g_free (g_array_index (space->placement, Placement, i).cores);
  g_clear_pointer (&space->placement, g_array_unref);
  g_clear_pointer (&space->slices, g_array_unref);
  g_clear_pointer (&space->rows, g_array_unref);
  g_clear_pointer (&space->columns, g_array_unref);
}
