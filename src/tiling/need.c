/* What each layer of a stack must compute for each tile: backwards from the stack's last layer.
 *
 * Everything goes rank by rank. A dimension of a tensor is needed as the hull of what its consumers in the stack read of it; a consumer reads what the ranges of its
 * own ranks address. So a range depends on the tile through the axes of the ranks it comes from; it follows the outermost of them and takes the hull over the others, and
 * an axis drives one rank of a layer only. Either rule can make a layer compute earlier or more than it must, never later or less.
 *
 * Retained along the axis: what no earlier index has made. A consumer at index i needs what indices up to i have made, so tiles in raster order find it made.
 * Recomputed: all of it, anew at each index; a consumer reads the version of its own index.
 */
#include "config.h"
#include <heddle/checked.h>
#include "tiling/grid.h"

#include <string.h>

typedef struct {
  HdTiling *tiling;
  HdStackId stack;
  const HdMappingStack *mapping;
  const HdTilingStack *axes;
} Stack;

static const HdTilingSpan EMPTY = { 0, 0 };

static HdTilingSpan
hull (HdTilingSpan a, HdTilingSpan b)
{
  if (hd_tiling_span_is_empty (a))
    return b;
  if (hd_tiling_span_is_empty (b))
    return a;
  return (HdTilingSpan) { MIN (a.from, b.from), MAX (a.to, b.to) };
}

static HdTilingSpan
hull_of_all (const HdTilingSpan *span, guint32 n)
{
  HdTilingSpan all = EMPTY;
  for (guint32 i = 0; i < n; i++)
    all = hull (all, span[i]);
  return all;
}

/* --- retention: from what is needed to what is computed ------------------------------------------------- */

/* Turns spans of [0, size) around, so that a need that runs backwards becomes one that runs forwards. */
static void
mirror (HdTilingSpan *span, guint32 n, gint32 size)
{
  for (guint32 i = 0; i < n; i++)
    if (!hd_tiling_span_is_empty (span[i]))
      span[i] = (HdTilingSpan) { size - span[i].to, size - span[i].from };
}

static gboolean
runs_forwards (const HdTilingSpan *span, guint32 n)
{
  HdTilingSpan last = { G_MININT32, G_MININT32 };
  for (guint32 i = 0; i < n; i++) {
    if (hd_tiling_span_is_empty (span[i]))
      continue;
    if (span[i].from < last.from || span[i].to < last.to)
      return FALSE;
    last = span[i];
  }
  return TRUE;
}

/* Leaves of each span what the ones before do not have. With @all the result covers [0, size) without gaps. */
static void
keep_new (HdTilingSpan *span, guint32 n, gboolean all, gint32 size)
{
  gint32 end = all ? 0 : G_MININT32;
  guint32 last = 0;
  for (guint32 i = 0; i < n; i++) {
    if (span[i].to <= end || hd_tiling_span_is_empty (span[i])) {
      span[i] = EMPTY;
      continue;
    }
    span[i].from = all ? end : MAX (span[i].from, end);
    end = span[i].to;
    last = i;
  }
  if (all)
    span[last] = hd_tiling_span_is_empty (span[last]) ? (HdTilingSpan) { 0, size } : (HdTilingSpan) { span[last].from, size };
}

/* Widens spans that run forwards until together they cover [0, size). */
static void
close_gaps (HdTilingSpan *span, guint32 n, gint32 size)
{
  gint32 end = 0;
  guint32 last = 0;
  for (guint32 i = 0; i < n; i++) {
    if (hd_tiling_span_is_empty (span[i]))
      continue;
    span[i].from = MIN (span[i].from, end);
    end = MAX (end, span[i].to);
    last = i;
  }
  span[last].to = size;
}

static void
compute_whole (HdTilingRank *rank, HdTilingSpan whole)
{
  rank->axis = -1;
  rank->n_indices = 1;
  rank->computed[0] = whole;
}

static void
retain (HdTilingRank *rank, gboolean leaves, gint32 size)
{
  gboolean backwards = !runs_forwards (rank->computed, rank->n_indices);
  if (backwards)
    mirror (rank->computed, rank->n_indices, size);
  if (backwards && !runs_forwards (rank->computed, rank->n_indices)) {
    mirror (rank->computed, rank->n_indices, size);
    compute_whole (rank, leaves ? (HdTilingSpan) { 0, size } : hull_of_all (rank->computed, rank->n_indices));
    return;
  }
  keep_new (rank->computed, rank->n_indices, leaves, size);
  if (backwards)
    mirror (rank->computed, rank->n_indices, size);
}

static gboolean
recompute (HdTilingArena *arena, HdTilingRank *rank, gboolean leaves, gint32 size, GError **error)
{
  guint32 n = rank->n_indices;
  rank->versioned = TRUE;
  rank->fresh = _hd_tiling_take (arena, n, sizeof (HdTilingSpan), "tiles", error);
  if (rank->fresh == NULL)
    return FALSE;
  gboolean backwards = !runs_forwards (rank->computed, n);
  if (backwards)
    mirror (rank->computed, n, size);
  if (runs_forwards (rank->computed, n)) {
    if (leaves)
      close_gaps (rank->computed, n, size);
    memcpy (rank->fresh, rank->computed, n * sizeof (HdTilingSpan));
    keep_new (rank->fresh, n, FALSE, size);
  } else {
    /* To and fro: the first index has all, so that what leaves is complete. */
    rank->computed[0] = leaves ? (HdTilingSpan) { 0, size } : hull_of_all (rank->computed, n);
    rank->fresh[0] = rank->computed[0];
  }
  if (backwards) {
    mirror (rank->computed, n, size);
    mirror (rank->fresh, n, size);
  }
  return TRUE;
}

/* --- what consumers read -------------------------------------------------------------------------------- */

/* One operand of a layer in the stack that reads the tensor in question, along one of its dimensions. */
typedef struct {
  const HdLayer *layer;
  const HdTilingLayer *grid;
  const HdOperand *operand;
  const HdTensor *tensor;
  guint d;
} Reader;

static gboolean
takes_part (const Reader *reader, guint r)
{
  return !reader->operand->whole && reader->operand->projection[reader->d].coefficient[r] != 0;
}

/* What the reader's nodes at index @i of @axis read; all its nodes when they are not told apart by it, and then at index 0 only. */
static HdTilingSpan
span_read (const Reader *reader, int axis, guint32 i)
{
  HdBox box = { .n = reader->layer->n_ranks };
  if (axis >= 0 && i > 0 && (reader->grid->axes >> axis & 1) == 0)
    return EMPTY;
  for (guint r = 0; r < box.n; r++) {
    const HdTilingRank *rank = &reader->grid->rank[r];
    HdTilingSpan span = axis >= 0 && rank->axis == axis ? rank->computed[i] : rank->hull;
    if (hd_tiling_span_is_empty (span))
      return EMPTY;
    box.range[r] = (HdRange) { span.from, span.to };
  }
  HdRange range = hd_operand_project_dimension (reader->operand, reader->d, &box, reader->tensor);
  return range.to > range.from ? (HdTilingSpan) { (gint32) range.from, (gint32) range.to } : EMPTY;
}

static GArray *
find_readers (const Stack *stack, HdTensorId tensor, guint d)
{
  const HdWorkload *workload = stack->tiling->workload;
  const HdTensor *t = &workload->tensors[tensor];
  GArray *readers = g_array_new (FALSE, FALSE, sizeof (Reader));
  for (guint c = 0; c < t->n_consumers; c++) {
    const HdLayer *layer = &workload->layers[t->consumers[c]];
    if (stack->tiling->mapping->layer[t->consumers[c]].stack != stack->stack)
      continue;
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      Reader reader = { .layer = layer, .grid = &stack->tiling->grid->layer[t->consumers[c]], .operand = &layer->operands[o], .tensor = t, .d = d };
      if (layer->operands[o].tensor != tensor)
        continue;
      g_array_append_val (readers, reader);
    }
  }
  return readers;
}

/* The outermost axis, of those not in @used, that the readers' ranges depend on; -1: none. */
static int
driving_axis (const GArray *readers, guint32 used)
{
  int best = -1;
  for (guint i = 0; i < readers->len; i++) {
    const Reader *reader = &g_array_index (readers, Reader, i);
    for (guint r = 0; r < reader->layer->n_ranks; r++) {
      int axis = reader->grid->rank[r].axis;
      if (axis >= 0 && (used >> axis & 1) == 0 && takes_part (reader, r) && (best < 0 || axis < best))
        best = axis;
    }
  }
  return best;
}

/* --- layers ------------------------------------------------------------------------------------------- */

int
_hd_tiling_outermost_digit (const HdLayer *layer, guint d)
{
  const HdProjection *p = &hd_layer_output (layer)->projection[d];
  int best = -1;
  for (guint r = 0; r < layer->n_ranks; r++) {
    if (p->coefficient[r] == 0)
      continue;
    /* A rank of size 1 is no digit, unless there is no other. */
    gboolean real = layer->rank[r].size > 1, best_real = best >= 0 && layer->rank[best].size > 1;
    if (best < 0 || real > best_real || (real == best_real && p->coefficient[r] > p->coefficient[best]))
      best = (int) r;
  }
  return best;
}

static gboolean
init_rank (const Stack *stack, HdTilingRank *rank, int axis, HdTilingSpan whole, GError **error)
{
  rank->axis = axis;
  rank->n_indices = axis >= 0 ? (guint32) stack->axes->axis_tiles[axis] : 1;
  rank->computed = _hd_tiling_take (&stack->tiling->grid->arena, rank->n_indices, sizeof (HdTilingSpan), "tiles", error);
  if (rank->computed == NULL)
    return FALSE;
  rank->computed[0] = whole;
  return TRUE;
}

/* What is needed of dimension @d of the layer's output, as a range of the dimension's outermost digit @r. */
static gboolean
need_rank (const Stack *stack, HdLayerId l, guint d, guint r, guint32 *used, GError **error)
{
  const HdLayer *layer = &stack->tiling->workload->layers[l];
  HdTilingLayer *grid = &stack->tiling->grid->layer[l];
  HdTilingRank *rank = &grid->rank[r];
  gint32 size = (gint32) layer->rank[r].size, digit = hd_layer_output (layer)->projection[d].coefficient[r];
  g_autoptr (GArray) readers = find_readers (stack, hd_layer_output (layer)->tensor, d);
  int axis = driving_axis (readers, *used);
  if (!init_rank (stack, rank, axis, EMPTY, error))
    return FALSE;
  for (guint32 i = 0; i < rank->n_indices; i++)
    for (guint k = 0; k < readers->len; k++) {
      HdTilingSpan span = span_read (&g_array_index (readers, Reader, k), axis, i);
      if (!hd_tiling_span_is_empty (span))
        rank->computed[i] = hull (rank->computed[i], (HdTilingSpan) { span.from / digit, (span.to - 1) / digit + 1 });
    }
  if (axis < 0) {
    if (grid->leaves)
      rank->computed[0] = (HdTilingSpan) { 0, size };
    return TRUE;
  }
  *used |= 1u << axis;
  if (hd_mapping_retention (stack->tiling->mapping, stack->stack, hd_layer_output (layer)->tensor, (guint) axis) == HD_RETENTION_RECOMPUTE)
    return recompute (&stack->tiling->grid->arena, rank, grid->leaves, size, error);
  retain (rank, grid->leaves, size);
  return TRUE;
}

/* Axes along which the layer is recomputed though they drive none of its ranks: those its consumers are told apart by. */
static guint32
find_versions (const Stack *stack, HdLayerId l, guint32 driven)
{
  const HdTensorId tensor = hd_layer_output (&stack->tiling->workload->layers[l])->tensor;
  const HdTensor *t = &stack->tiling->workload->tensors[tensor];
  guint32 wanted = 0, versions = 0;
  for (guint c = 0; c < t->n_consumers; c++)
    if (stack->tiling->mapping->layer[t->consumers[c]].stack == stack->stack)
      wanted |= stack->tiling->grid->layer[t->consumers[c]].axes;
  for (guint a = 0; a < stack->axes->n_axes; a++)
    if ((wanted & ~driven) >> a & 1 && hd_mapping_retention (stack->tiling->mapping, stack->stack, tensor, a) == HD_RETENTION_RECOMPUTE)
      versions |= 1u << a;
  return versions;
}

static gboolean
derive_inner_layer (const Stack *stack, HdLayerId l, GError **error)
{
  const HdLayer *layer = &stack->tiling->workload->layers[l];
  const HdTensor *made = &stack->tiling->workload->tensors[hd_layer_output (layer)->tensor];
  HdTilingLayer *grid = &stack->tiling->grid->layer[l];
  guint32 used = 0;
  for (guint d = 0; d < made->n_dims; d++) {
    int r = _hd_tiling_outermost_digit (layer, d);
    if (r >= 0 && grid->rank[r].computed == NULL && !need_rank (stack, l, d, (guint) r, &used, error))
      return FALSE;
  }
  for (guint r = 0; r < layer->n_ranks; r++)
    if (grid->rank[r].axis >= 0)
      grid->axes |= 1u << grid->rank[r].axis;
  grid->versions = find_versions (stack, l, grid->axes);
  grid->axes |= grid->versions;
  return TRUE;
}

/* Tile @i of the rank that the axis is measured on; other sinks are cut at the same relative places. */
static HdTilingSpan
tile_of_rank (guint64 tile, guint64 i, guint64 own, guint64 measured)
{
  guint64 from = MIN (i * tile, measured), to = MIN ((i + 1) * tile, measured);
  if (own != measured) {
    from = hd_ceil_div (from * own, measured);
    to = hd_ceil_div (to * own, measured);
  }
  return (HdTilingSpan) { (gint32) from, (gint32) to };
}

/* The axis that cuts rank @r of a sink; of sinks that are not the last layer, only output ranks that are outermost digits follow. */
static int
axis_of_sink (const Stack *stack, HdLayerId l, guint r)
{
  const HdLayer *layer = &stack->tiling->workload->layers[l];
  gboolean last = l == stack->mapping->layers[stack->mapping->n_layers - 1], outermost = FALSE;
  for (guint d = 0; d < HD_DIMS_MAX; d++)
    outermost |= _hd_tiling_outermost_digit (layer, d) == (int) r;
  for (guint a = 0; a < stack->mapping->n_axes; a++)
    if (g_str_equal (stack->mapping->axis[a].rank, layer->rank[r].name) && (last || outermost))
      return (int) a;
  return -1;
}

static gboolean
derive_sink (const Stack *stack, HdLayerId l, GError **error)
{
  const HdWorkload *workload = stack->tiling->workload;
  const HdLayer *layer = &workload->layers[l], *last = &workload->layers[stack->mapping->layers[stack->mapping->n_layers - 1]];
  HdTilingLayer *grid = &stack->tiling->grid->layer[l];
  for (guint r = 0; r < layer->n_ranks; r++) {
    int axis = axis_of_sink (stack, l, r);
    if (axis < 0)
      continue;
    if (!init_rank (stack, &grid->rank[r], axis, EMPTY, error))
      return FALSE;
    const HdMappingCut *cut = &stack->mapping->axis[axis];
    for (guint32 i = 0; i < grid->rank[r].n_indices; i++)
      grid->rank[r].computed[i] = tile_of_rank (cut->size, i, layer->rank[r].size, last->rank[hd_layer_find_rank (last, cut->rank)].size);
    grid->axes |= 1u << axis;
  }
  return TRUE;
}

/* Ranks that nothing has been said about are whole: reductions, inner digits. */
static gboolean
finish_layer (const Stack *stack, HdLayerId l, GError **error)
{
  const HdLayer *layer = &stack->tiling->workload->layers[l];
  HdTilingLayer *grid = &stack->tiling->grid->layer[l];
  for (guint r = 0; r < layer->n_ranks; r++) {
    HdTilingRank *rank = &grid->rank[r];
    if (rank->computed == NULL && !init_rank (stack, rank, -1, (HdTilingSpan) { 0, (gint32) layer->rank[r].size }, error))
      return FALSE;
    if (rank->fresh == NULL)
      rank->fresh = rank->computed;
    rank->hull = hull_of_all (rank->computed, rank->n_indices);
  }
  return TRUE;
}

static gboolean
derive_layer (const Stack *stack, HdLayerId l, GError **error)
{
  const HdMapping *mapping = stack->tiling->mapping;
  HdTilingLayer *grid = &stack->tiling->grid->layer[l];
  const HdTensor *made = &stack->tiling->workload->tensors[hd_layer_output (&stack->tiling->workload->layers[l])->tensor];
  gboolean sink = TRUE;
  grid->leaves = made->kind == HD_TENSOR_OUTPUT;
  for (guint r = 0; r < HD_RANKS_MAX; r++)
    grid->rank[r].axis = -1;
  for (guint c = 0; c < made->n_consumers; c++) {
    gboolean inside = mapping->layer[made->consumers[c]].stack == stack->stack;
    sink &= !inside;
    grid->leaves |= !inside;
  }
  return (sink ? derive_sink (stack, l, error) : derive_inner_layer (stack, l, error)) && finish_layer (stack, l, error);
}

/* Counts the tiles along each axis. */
static gboolean
init_axes (HdTiling *self, HdStackId s, GError **error)
{
  const HdMappingStack *mapping = &self->mapping->stack[s];
  const HdLayer *last = &self->workload->layers[mapping->layers[mapping->n_layers - 1]];
  HdTilingStack *stack = &self->stack[s];
  stack->n_axes = mapping->n_axes;
  stack->axis_tiles = g_new0 (guint64, mapping->n_axes + 1);
  stack->n_tiles = 1;
  for (guint a = 0; a < mapping->n_axes; a++) {
    stack->axis_tiles[a] = hd_ceil_div (last->rank[hd_layer_find_rank (last, mapping->axis[a].rank)].size, mapping->axis[a].size);
    if (!hd_mul_u64 (stack->n_tiles, stack->axis_tiles[a], &stack->n_tiles) || stack->n_tiles > HD_TILING_MAX_NODES) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "%s:%u: the tile cuts \"%s\" into more than %d tiles - expected larger tiles", self->mapping->file,
                   mapping->axis[a].line, last->name, HD_TILING_MAX_NODES);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
_hd_tiling_derive_stack (HdTiling *self, HdStackId s, GError **error)
{
  Stack stack = { self, s, &self->mapping->stack[s], &self->stack[s] };
  if (!init_axes (self, s, error))
    return FALSE;
  for (guint i = stack.mapping->n_layers; i-- > 0;)
    if (!derive_layer (&stack, stack.mapping->layers[i], error))
      return FALSE;
  return TRUE;
}
