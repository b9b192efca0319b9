/* From a mapping to the genome that comes nearest to it: where a search begins that is given a mapping. What a genome cannot say (loops, retention of single tensors, stacks with
 * gaps, cuts of ranks that it does not cut) is left out. */
#include "config.h"
#include "explore/space.h"

#include <heddle/checked.h>

#include <string.h>

static gboolean
has_core (const Placement *placement, HdCoreId core)
{
  for (guint i = 0; i < placement->n_cores; i++)
    if (placement->cores[i] == core)
      return TRUE;
  return FALSE;
}

/* How near a placement comes to the layer's: the same cores count most, then how they are dealt, then the grid. @piece: rows of a piece of a grid, of @n_rows; 0: it is none. */
static int
likeness (const Placement *placement, const HdMappingLayer *layer, guint64 piece, guint64 n_rows)
{
  int common = 0, dealt = placement->split == layer->split && (placement->grid > 0) == (piece > 0);
  gboolean same_grid = placement->grid > 0 && piece > 0 && _hd_explore_piece (n_rows, placement->n_cores / placement->grid) == piece;
  for (guint i = 0; i < layer->n_cores; i++)
    common += has_core (placement, layer->cores[i]);
  return 4 * (2 * common - (int) placement->n_cores - (int) layer->n_cores) + 2 * dealt + same_grid;
}

/* The size of the layer's pieces along a rank; the whole where it is not cut. */
static guint64
cut_size (const HdMappingLayer *mapped, const HdLayer *layer, int rank)
{
  for (guint i = 0; rank >= 0 && i < mapped->n_cuts; i++)
    if (g_str_equal (mapped->cut[i].rank, layer->rank[rank].name))
      return mapped->cut[i].size;
  return rank >= 0 ? layer->rank[rank].size : 1;
}

/* Whether some grid of so many cores makes rows of that size; else they are the layer's own. */
static gboolean
has_grid (const LayerSpace *space, const HdMappingLayer *mapped, guint64 n_rows, guint64 piece)
{
  for (guint i = 0; i < space->placement->len; i++) {
    const Placement *placement = &g_array_index (space->placement, Placement, i);
    if (placement->grid > 0 && placement->n_cores == mapped->n_cores && _hd_explore_piece (n_rows, placement->n_cores / placement->grid) == piece)
      return TRUE;
  }
  return FALSE;
}

static guint
nearest_placement (const HdExploreSpace *self, const HdMappingLayer *mapped, HdLayerId l)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  gboolean is_grid = mapped->split < 0 && mapped->n_cores > 1 && space->slice_rank >= 0 && space->row_rank >= 0 &&
                     cut_size (mapped, layer, space->slice_rank) < layer->rank[space->slice_rank].size && cut_size (mapped, layer, space->row_rank) < layer->rank[space->row_rank].size;
  is_grid = is_grid && has_grid (space, mapped, layer->rank[space->row_rank].size, cut_size (mapped, layer, space->row_rank));
  guint64 piece = is_grid ? cut_size (mapped, layer, space->row_rank) : 0, n_rows = is_grid ? layer->rank[space->row_rank].size : 0;
  guint best = 0;
  for (guint i = 1; i < space->placement->len; i++)
    if (likeness (&g_array_index (space->placement, Placement, i), mapped, piece, n_rows) > likeness (&g_array_index (space->placement, Placement, best), mapped, piece, n_rows))
      best = i;
  return best;
}

/* The value that is nearest to @n from above, or the last. */
static guint
nearest_value (const GArray *values, guint64 n)
{
  guint i = 0;
  while (i + 1 < values->len && g_array_index (values, guint64, i) < n)
    i++;
  return i;
}

static void
encode_layer (const HdExploreSpace *self, const HdMapping *mapping, HdLayerId l, guint16 *genes)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdMappingLayer *mapped = &mapping->layer[l];
  const LayerSpace *space = &self->layer[l];
  guint index = nearest_placement (self, mapped, l);
  const Placement *placement = &g_array_index (space->placement, Placement, index);
  set_gene (self, genes, l, GENE_CORES, index);
  if (space->slice_rank < 0)
    return;
  guint64 whole = layer->rank[space->slice_rank].size;
  guint64 parts = placement->grid > 0 ? placement->grid : placement->split == space->slice_rank ? placement->n_cores : 1;
  set_gene (self, genes, l, GENE_SLICES, nearest_value (space->slices, hd_ceil_div (hd_ceil_div (whole, parts), cut_size (mapped, layer, space->slice_rank))));
}

/* Tiles of the stack along a rank of its last layer; a layer alone may be cut instead, unless the cut is a grid's. */
static guint64
tiles_of (const HdMappingStack *stack, const HdMappingLayer *mapped, const HdLayer *layer, int rank, gboolean is_grid)
{
  if (rank < 0)
    return 1;
  guint64 size = stack->n_layers > 1 || is_grid || mapped->split == rank ? layer->rank[rank].size : cut_size (mapped, layer, rank);
  for (guint i = 0; i < stack->n_axes; i++)
    if (g_str_equal (stack->axis[i].rank, layer->rank[rank].name))
      size = stack->axis[i].size;
  return hd_ceil_div (layer->rank[rank].size, size);
}

/* Pieces into which a layer inside a stack is cut along its rows, by itself; 1 where it is only dealt. */
static guint64
own_rows (const HdExploreSpace *self, const HdMappingLayer *mapped, HdLayerId l, guint placement)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  guint64 size = cut_size (mapped, layer, space->row_rank);
  return size < _hd_explore_dealt_rows (self, l, &g_array_index (space->placement, Placement, placement)) ? hd_ceil_div (layer->rank[space->row_rank].size, size) : 1;
}

void
hd_explore_space_genes (const HdExploreSpace *self, const HdMapping *mapping, guint16 *genes)
{
  memset (genes, 0, self->problem.n_genes * sizeof *genes);
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    const HdMappingStack *stack = &mapping->stack[mapping->layer[l].stack];
    const LayerSpace *space = &self->layer[l];
    gboolean ends = l + 1 == self->workload->n_layers || mapping->layer[l].stack != mapping->layer[l + 1].stack;
    encode_layer (self, mapping, l, genes);
    set_gene (self, genes, l, GENE_ENDS, ends);
    if (!ends || stack->layers[stack->n_layers - 1] != l) {
      set_gene (self, genes, l, GENE_ROWS, nearest_value (space->rows, own_rows (self, &mapping->layer[l], l, gene_value (self, genes, l, GENE_CORES))));
      continue;
    }
    gboolean is_grid = g_array_index (space->placement, Placement, gene_value (self, genes, l, GENE_CORES)).grid > 0;
    set_gene (self, genes, l, GENE_ROWS, nearest_value (space->rows, tiles_of (stack, &mapping->layer[l], &self->workload->layers[l], space->row_rank, is_grid)));
    set_gene (self, genes, l, GENE_COLUMNS, nearest_value (space->columns, tiles_of (stack, &mapping->layer[l], &self->workload->layers[l], space->column_rank, is_grid)));
    set_gene (self, genes, l, GENE_RETENTION, stack->mode == HD_RETENTION_RECOMPUTE);
  }
  _hd_explore_repair ((gpointer) self, genes);
}
