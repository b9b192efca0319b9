/* From a genome to a mapping, and to the one genome that stands for all that give the same mapping.
 *
 * A stack is an interval of the layers in topological order: it ends where a layer's gene says so. Its tile is told by the genes of its last layer; a stack in
 * which some layer would not fit its memories is tiled finer than its gene says, and weights that do not fit are sliced finer.
 */
#include "config.h"
#include "explore/space.h"

#include <heddle/checked.h>

gboolean
_hd_explore_ends (const HdExploreSpace *self, const guint16 *genes, HdLayerId layer)
{
  return layer + 1 == self->workload->n_layers || self->options.layer_by_layer || gene_value (self, genes, layer, GENE_ENDS) != 0;
}

static const Placement *
placement_of (const HdExploreSpace *self, const guint16 *genes, HdLayerId layer)
{
  return &g_array_index (self->layer[layer].placement, Placement, gene_value (self, genes, layer, GENE_CORES));
}

static guint64
value_of (const HdExploreSpace *self, const guint16 *genes, HdLayerId layer, GeneKind kind)
{
  const LayerSpace *space = &self->layer[layer];
  const GArray *values = kind == GENE_SLICES ? space->slices : kind == GENE_ROWS ? space->rows : space->columns;
  return g_array_index (values, guint64, gene_value (self, genes, layer, kind));
}

/* --- layers ------------------------------------------------------------------------------------------- */

/* The rows of a core's share; the whole where they are not dealt. */
guint64
_hd_explore_dealt_rows (const HdExploreSpace *self, HdLayerId l, const Placement *placement)
{
  const LayerSpace *space = &self->layer[l];
  guint64 dealt = placement->grid > 0 ? placement->n_cores / placement->grid : placement->split == space->row_rank ? placement->n_cores : 1;
  return space->row_rank >= 0 ? _hd_explore_piece (self->workload->layers[l].rank[space->row_rank].size, dealt) : 1;
}

/* What is dealt in turn is dealt as it is cut; grids have cuts of their own. */
static gboolean
is_cut_by_itself (const Placement *placement)
{
  return placement->split >= 0 || placement->n_cores == 1;
}

/* @last: of its stack: its rows are the stack's tile, those of the others their own cuts, beyond what the tile makes. */
static void
decode_layer (const HdExploreSpace *self, const guint16 *genes, HdLayerId l, gboolean last, HdMappingLayerChoice *choice)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  const Placement *placement = placement_of (self, genes, l);
  *choice = (HdMappingLayerChoice) { .n_cores = placement->n_cores, .cores = placement->cores, .split = placement->split };
  if (space->slice_rank >= 0) {
    guint64 whole = layer->rank[space->slice_rank].size;
    guint64 block = placement->grid > 0 ? _hd_explore_piece (whole, placement->grid) : placement->split == space->slice_rank ? _hd_explore_piece (whole, placement->n_cores) : whole;
    guint64 slices = MAX (value_of (self, genes, l, GENE_SLICES), placement->least_slices);
    guint64 piece = _hd_explore_piece (block, MIN (slices, block));
    choice->cut[space->slice_rank] = piece < whole ? piece : 0;
  }
  if (space->row_rank >= 0) {
    guint64 whole = layer->rank[space->row_rank].size, piece = _hd_explore_dealt_rows (self, l, placement);
    if (!last && is_cut_by_itself (placement))
      piece = MIN (piece, _hd_explore_piece (whole, value_of (self, genes, l, GENE_ROWS)));
    choice->cut[space->row_rank] = piece < whole ? piece : 0;
  }
}

/* --- stacks ------------------------------------------------------------------------------------------- */

/* Tiles along the rows, or along the columns, without which some layer from @first to @last does not fit. */
static guint64
least_tiles (const HdExploreSpace *self, const guint16 *genes, HdLayerId first, HdLayerId last, gboolean columns)
{
  guint64 least = 1;
  for (HdLayerId l = first; l <= last; l++) {
    const Placement *placement = placement_of (self, genes, l);
    least = MAX (least, columns ? placement->least_columns : placement->least_rows);
  }
  return least;
}

static void
add_axis (HdMappingStackChoice *stack, const HdLayer *layer, int rank, guint64 tiles)
{
  if (rank < 0 || tiles <= 1)
    return;
  stack->axis_rank[stack->n_axes] = (guint) rank;
  stack->axis_size[stack->n_axes++] = _hd_explore_piece (layer->rank[rank].size, MIN (tiles, layer->rank[rank].size));
}

static void
decode_stack (const HdExploreSpace *self, const guint16 *genes, HdLayerId first, HdLayerId last, const HdLayerId *ids, HdMappingStackChoice *stack)
{
  const LayerSpace *space = &self->layer[last];
  guint64 rows = MAX (value_of (self, genes, last, GENE_ROWS), least_tiles (self, genes, first, last, FALSE));
  guint64 columns = MAX (value_of (self, genes, last, GENE_COLUMNS), least_tiles (self, genes, first, last, TRUE));
  *stack = (HdMappingStackChoice) { .n_layers = last - first + 1, .layers = ids + first };
  add_axis (stack, &self->workload->layers[last], space->row_rank, rows);
  add_axis (stack, &self->workload->layers[last], space->column_rank, columns);
  if (first < last && stack->n_axes > 0 && gene_value (self, genes, last, GENE_RETENTION) != 0)
    stack->mode = HD_RETENTION_RECOMPUTE;
}

HdMapping *
_hd_explore_decode (const HdExploreSpace *self, HdPlatform *platform, const guint16 *genes, GError **error)
{
  guint n = self->workload->n_layers;
  g_autofree HdMappingLayerChoice *layer = g_new (HdMappingLayerChoice, n + 1);
  g_autofree HdMappingStackChoice *stack = g_new (HdMappingStackChoice, n + 1);
  g_autofree HdLayerId *ids = g_new (HdLayerId, n + 1);
  HdMappingChoices choices = { .layer = layer, .stack = stack };
  HdLayerId first = 0;
  for (HdLayerId l = 0; l < n; l++) {
    gboolean last = _hd_explore_ends (self, genes, l);
    ids[l] = l;
    decode_layer (self, genes, l, last, &layer[l]);
    if (last) {
      decode_stack (self, genes, first, l, ids, &stack[choices.n_stacks++]);
      first = l + 1;
    }
  }
  return hd_mapping_new_choices (self->workload, platform, &choices, error);
}

/* No part of the mapping: what the pass does with it. */
HdPriority
_hd_explore_order (const HdExploreSpace *self, const guint16 *genes)
{
  return self->order_gene != NO_GENE ? HD_PRIORITY_LATENCY + (HdPriority) genes[self->order_gene] : self->options.priority;
}

void
hd_explore_space_forget_order (const HdExploreSpace *self, guint16 *genes)
{
  if (self->order_gene != NO_GENE)
    genes[self->order_gene] = 0;
}

HdMapping *
hd_explore_space_mapping (const HdExploreSpace *self, const guint16 *genes, GError **error)
{
  return _hd_explore_decode (self, self->platform, genes, error);
}

/* --- repair ------------------------------------------------------------------------------------------- */

/* The first value that means at least @least. */
static guint
index_of_least (const GArray *values, guint64 least)
{
  guint i = 0;
  while (i + 1 < values->len && g_array_index (values, guint64, i) < least)
    i++;
  return i;
}

static void
raise_gene (const HdExploreSpace *self, guint16 *genes, HdLayerId l, GeneKind kind, const GArray *values, guint64 least)
{
  guint index = index_of_least (values, least);
  if (gene_value (self, genes, l, kind) < index)
    set_gene (self, genes, l, kind, index);
}

/* Genes that say nothing are 0: columns of layers that end no stack, retention of stacks that are not tiled. Sizes below the least are the least. */
void
_hd_explore_repair (gpointer data, guint16 *genes)
{
  const HdExploreSpace *self = data;
  HdLayerId first = 0;
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    const LayerSpace *space = &self->layer[l];
    raise_gene (self, genes, l, GENE_SLICES, space->slices, placement_of (self, genes, l)->least_slices);
    if (_hd_explore_ends (self, genes, l)) {
      raise_gene (self, genes, l, GENE_ROWS, space->rows, least_tiles (self, genes, first, l, FALSE));
      raise_gene (self, genes, l, GENE_COLUMNS, space->columns, least_tiles (self, genes, first, l, TRUE));
      if (first == l || (value_of (self, genes, l, GENE_ROWS) == 1 && value_of (self, genes, l, GENE_COLUMNS) == 1))
        set_gene (self, genes, l, GENE_RETENTION, 0);
      first = l + 1;
    } else {
      if (!is_cut_by_itself (placement_of (self, genes, l)))
        set_gene (self, genes, l, GENE_ROWS, 0);
      set_gene (self, genes, l, GENE_COLUMNS, 0);
      set_gene (self, genes, l, GENE_RETENTION, 0);
    }
  }
}
