/* Segments, node numbers, and the parts of a layer's output by dimension.
 *
 * A segment is what is computed at one index of the axis, between two multiples of the cut. A dimension of the output is the product of the segments of the ranks
 * that are its digits, one rank in almost every layer.
 */
#include "config.h"
#include "tiling/grid.h"

#include <stdlib.h>

/* The size that the mapping cuts @rank into; its own size when it does not. */
static guint64
cut_of_rank (const HdTiling *self, HdLayerId l, guint r, guint *line)
{
  const HdMappingLayer *row = &self->mapping->layer[l];
  const HdRank *rank = &self->workload->layers[l].rank[r];
  *line = row->line;
  for (guint i = 0; i < row->n_cuts; i++)
    if (g_str_equal (row->cut[i].rank, rank->name)) {
      *line = row->cut[i].line;
      return row->cut[i].size;
    }
  return rank->size;
}

static guint64
count_segments (const HdTilingRank *rank, guint64 cut)
{
  guint64 n = 0;
  for (guint32 i = 0; i < rank->n_indices; i++)
    if (!hd_tiling_span_is_empty (rank->computed[i]))
      n += (guint64) (rank->computed[i].to - 1) / cut - (guint64) rank->computed[i].from / cut + 1;
  return n;
}

static gboolean
too_many (const HdTiling *self, HdLayerId l, guint line, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "%s:%u: \"%s\" is cut so finely that there are more than %d nodes - expected larger tiles or cuts",
               self->mapping->file, line, self->workload->layers[l].name, HD_TILING_MAX_NODES);
  return FALSE;
}

static gboolean
make_segments (HdTiling *self, HdLayerId l, guint r, GError **error)
{
  HdTilingRank *rank = &self->grid->layer[l].rank[r];
  guint line;
  guint64 cut = cut_of_rank (self, l, r, &line), n = count_segments (rank, cut);
  if (n > HD_TILING_MAX_NODES)
    return too_many (self, l, line, error);
  rank->segment = _hd_tiling_take (&self->grid->arena, n, sizeof *rank->segment, "segments", error);
  rank->index = _hd_tiling_take (&self->grid->arena, n, sizeof *rank->index, "segments", error);
  if (rank->segment == NULL || rank->index == NULL)
    return FALSE;
  for (guint32 i = 0; i < rank->n_indices; i++)
    for (gint64 from = rank->computed[i].from; from < rank->computed[i].to;) {
      gint64 to = MIN ((from / (gint64) cut + 1) * (gint64) cut, rank->computed[i].to);
      rank->segment[rank->n] = (HdTilingSpan) { (gint32) from, (gint32) to };
      rank->index[rank->n++] = i;
      from = to;
    }
  return TRUE;
}

/* --- what cannot be -------------------------------------------------------------------------------------- */

static gboolean
is_split (const HdTilingRank *rank, guint64 size)
{
  return rank->n > 0 && (rank->n > 1 || (guint64) (rank->segment[0].to - rank->segment[0].from) != size);
}

static gboolean
has_wide_segment (const HdTilingRank *rank)
{
  for (guint32 s = 0; s < rank->n; s++)
    if (rank->segment[s].to - rank->segment[s].from > 1)
      return TRUE;
  return FALSE;
}

/* Pieces of an inner digit make boxes only where the outer digits are fixed. */
static gboolean
check_boxes (const HdTiling *self, HdLayerId l, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdTilingLayer *grid = &self->grid->layer[l];
  for (guint d = 0; d < HD_DIMS_MAX; d++) {
    const HdProjection *p = &hd_layer_output (layer)->projection[d];
    for (guint r = 0; r < layer->n_ranks; r++)
      for (guint outer = 0; outer < layer->n_ranks && p->coefficient[r] > 0; outer++) {
        if (p->coefficient[outer] <= p->coefficient[r] || !is_split (&grid->rank[r], layer->rank[r].size) || !has_wide_segment (&grid->rank[outer]))
          continue;
        guint line;
        cut_of_rank (self, l, r, &line);
        g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%u: pieces of %s make no boxes of the output of \"%s\" - expected %s cut into pieces of 1 as well",
                     self->mapping->file, line, layer->rank[r].name, layer->name, layer->rank[outer].name);
        return FALSE;
      }
  }
  return TRUE;
}

static gboolean
has_cut_inside_tile (const HdTilingRank *rank)
{
  return rank->n > 0 && rank->n > rank->index[rank->n - 1] + 1;
}

/* With several reduction ranks in the tile, a chain of partial sums that is cut inside the tile as well would leave it and come back. */
static gboolean
check_chains (const HdTiling *self, HdLayerId l, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdTilingLayer *grid = &self->grid->layer[l];
  for (guint r = 0; r < layer->n_ranks; r++)
    for (guint q = 0; q < layer->n_ranks; q++) {
      if (!layer->rank[r].reduction || !layer->rank[q].reduction || grid->rank[r].axis < 0 || grid->rank[q].axis <= grid->rank[r].axis
          || !has_cut_inside_tile (&grid->rank[r]))
        continue;
      guint line;
      cut_of_rank (self, l, r, &line);
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%u: %s of \"%s\" is cut inside its tile while the tile cuts %s, a reduction too - expected the tile as fine as the cut",
                   self->mapping->file, line, layer->rank[r].name, layer->name, layer->rank[q].name);
      return FALSE;
    }
  return TRUE;
}

/* --- numbers ----------------------------------------------------------------------------------------------- */

static void
add_digit (HdTilingLayer *grid, int rank, int axis, guint32 n, const guint32 *index)
{
  grid->digit[grid->n_digits++] = (HdTilingDigit) { .rank = rank, .axis = axis, .n = n, .index = index };
}

static void
list_digits (const HdTiling *self, HdLayerId l)
{
  const HdLayer *layer = &self->workload->layers[l];
  HdTilingLayer *grid = &self->grid->layer[l];
  const HdTilingStack *stack = &self->stack[self->mapping->layer[l].stack];
  for (guint a = 0; a < stack->n_axes; a++) {
    for (guint r = 0; r < layer->n_ranks; r++)
      if (grid->rank[r].axis == (int) a)
        add_digit (grid, (int) r, (int) a, grid->rank[r].n, grid->rank[r].index);
    if (grid->versions >> a & 1)
      add_digit (grid, -1, (int) a, (guint32) stack->axis_tiles[a], NULL);
  }
  for (guint r = 0; r < layer->n_ranks; r++)
    if (grid->rank[r].axis < 0 && grid->rank[r].n != 1)
      add_digit (grid, (int) r, -1, grid->rank[r].n, grid->rank[r].index);
}

static gboolean
number_nodes (const HdTiling *self, HdLayerId l, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  HdTilingLayer *grid = &self->grid->layer[l];
  guint64 n = 1;
  list_digits (self, l);
  for (guint k = grid->n_digits; k-- > 0;) {
    HdTilingDigit *digit = &grid->digit[k];
    digit->stride = (guint32) n;
    if (digit->rank >= 0 && layer->rank[digit->rank].reduction && digit->n > 0)
      grid->final_offset += (digit->n - 1) * digit->stride;
    n *= digit->n;
    if (n > HD_TILING_MAX_NODES)
      return too_many (self, l, self->mapping->stack[self->mapping->layer[l].stack].line, error);
    if (n == 0)
      break;
  }
  grid->n_nodes = (guint32) n;
  return TRUE;
}

/* --- parts --------------------------------------------------------------------------------------------------- */

static guint32
stride_of_rank (const HdTilingLayer *grid, guint r)
{
  for (guint k = 0; k < grid->n_digits; k++)
    if (grid->digit[k].rank == (int) r)
      return grid->digit[k].stride;
  return 0;
}

/* The ranks that are digits of dimension @d, outermost first. */
static guint
digits_of_dimension (const HdLayer *layer, guint d, guint *digits)
{
  const HdProjection *p = &hd_layer_output (layer)->projection[d];
  guint n = 0;
  for (guint r = 0; r < layer->n_ranks; r++) {
    if (p->coefficient[r] == 0)
      continue;
    guint at = n++;
    for (; at > 0 && p->coefficient[digits[at - 1]] < p->coefficient[r]; at--)
      digits[at] = digits[at - 1];
    digits[at] = r;
  }
  return n;
}

/* One part for each combination of the digits' segments; with @home only what no earlier index computes. */
static void
fill_parts (const HdLayer *layer, const HdTilingLayer *grid, guint d, const guint *digits, guint n_digits, gboolean home, HdTilingParts *parts)
{
  const HdProjection *p = &hd_layer_output (layer)->projection[d];
  guint32 at[HD_RANKS_MAX] = { 0 };
  for (;;) {
    gint64 from = 0, last = 0;
    guint32 offset = 0, index = 0;
    gboolean empty = FALSE;
    for (guint i = 0; i < n_digits; i++) {
      const HdTilingRank *rank = &grid->rank[digits[i]];
      HdTilingSpan span = rank->segment[at[i]];
      if (home && rank->versioned) {
        HdTilingSpan fresh = rank->fresh[rank->index[at[i]]];
        span = (HdTilingSpan) { MAX (span.from, fresh.from), MIN (span.to, fresh.to) };
      }
      empty |= hd_tiling_span_is_empty (span);
      from += (gint64) p->coefficient[digits[i]] * span.from;
      last += (gint64) p->coefficient[digits[i]] * (span.to - 1);
      offset += at[i] * stride_of_rank (grid, digits[i]);
      index = rank->axis >= 0 && rank->axis == parts->axis ? rank->index[at[i]] : index;
    }
    if (!empty) {
      parts->span[parts->n] = (HdTilingSpan) { (gint32) from, (gint32) last + 1 };
      parts->offset[parts->n] = offset;
      parts->index[parts->n++] = index;
    }
    guint i = n_digits;
    while (i > 0 && ++at[i - 1] == grid->rank[digits[i - 1]].n)
      at[--i] = 0;
    if (i == 0)
      return;
  }
}

/* Parts that run backwards, as the tiles do, are turned around; fill_parts() makes them in order otherwise. */
static void
sort_parts (HdTilingParts *parts)
{
  gboolean ordered = TRUE;
  for (guint32 k = 1; k < parts->n; k++)
    ordered &= parts->span[k - 1].from < parts->span[k].from;
  if (ordered)
    return;
  g_autofree guint64 *key = g_new (guint64, parts->n);
  g_autofree HdTilingSpan *span = g_memdup2 (parts->span, parts->n * sizeof *span);
  g_autofree guint32 *offset = g_memdup2 (parts->offset, parts->n * sizeof *offset), *index = g_memdup2 (parts->index, parts->n * sizeof *index);
  for (guint32 k = 0; k < parts->n; k++)
    key[k] = (guint64) (guint32) parts->span[k].from << 32 | k;
  qsort (key, parts->n, sizeof *key, _hd_tiling_compare_u64);
  for (guint32 k = 0; k < parts->n; k++) {
    guint32 from = (guint32) key[k];
    parts->span[k] = span[from];
    parts->offset[k] = offset[from];
    parts->index[k] = index[from];
  }
}

static gboolean
index_versions (HdTilingArena *arena, const HdTilingRank *rank, HdTilingParts *parts, GError **error)
{
  parts->begin = _hd_tiling_take (arena, (guint64) rank->n_indices + 1, sizeof *parts->begin, "tiles", error);
  if (parts->begin == NULL)
    return FALSE;
  for (guint32 k = 0; k < parts->n; k++)
    parts->begin[parts->index[k] + 1]++;
  for (guint32 i = 0; i < rank->n_indices; i++)
    parts->begin[i + 1] += parts->begin[i];
  return TRUE;
}

static gboolean
make_parts (const HdTiling *self, HdLayerId l, guint d, gboolean home, HdTilingParts *parts, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdTilingLayer *grid = &self->grid->layer[l];
  guint digits[HD_RANKS_MAX], n_digits = digits_of_dimension (layer, d, digits);
  const HdTilingRank *driven = NULL;
  guint64 n = 1;
  for (guint i = 0; i < n_digits; i++) {
    n *= grid->rank[digits[i]].n;
    if (driven == NULL && grid->rank[digits[i]].axis >= 0)
      driven = &grid->rank[digits[i]];
  }
  parts->axis = driven != NULL ? driven->axis : -1;
  parts->span = _hd_tiling_take (&self->grid->arena, n, sizeof *parts->span, "segments", error);
  parts->offset = _hd_tiling_take (&self->grid->arena, n, sizeof *parts->offset, "segments", error);
  parts->index = _hd_tiling_take (&self->grid->arena, n, sizeof *parts->index, "segments", error);
  if (parts->span == NULL || parts->offset == NULL || parts->index == NULL)
    return FALSE;
  if (n_digits == 0) {
    parts->n = 1;
    parts->span[0] = (HdTilingSpan) { 0, (gint32) self->workload->tensors[hd_layer_output (layer)->tensor].size[d] };
    return TRUE;
  }
  fill_parts (layer, grid, d, digits, n_digits, home, parts);
  if (!home && driven != NULL && driven->versioned)
    return index_versions (&self->grid->arena, driven, parts, error);
  sort_parts (parts);
  return TRUE;
}

guint32
_hd_tiling_parts_find (const HdTilingParts *parts, HdTilingSpan span, guint32 index, guint32 *first)
{
  guint32 low = 0, end = parts->n, high, after;
  if (parts->begin != NULL) {
    low = parts->begin[index];
    end = parts->begin[index + 1];
  }
  high = end;
  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    if (parts->span[middle].to > span.from)
      high = middle;
    else
      low = middle + 1;
  }
  for (after = low; after < end && parts->span[after].from < span.to;)
    after++;
  *first = low;
  return hd_tiling_span_is_empty (span) ? 0 : after - low;
}

gboolean
_hd_tiling_number_layer (HdTiling *self, HdLayerId l, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  HdTilingLayer *grid = &self->grid->layer[l];
  for (guint r = 0; r < layer->n_ranks; r++)
    if (!make_segments (self, l, r, error))
      return FALSE;
  if (!check_boxes (self, l, error) || !check_chains (self, l, error) || !number_nodes (self, l, error))
    return FALSE;
  const HdTensor *made = &self->workload->tensors[hd_layer_output (layer)->tensor];
  for (guint d = 0; d < made->n_dims && grid->n_nodes > 0; d++)
    if (!make_parts (self, l, d, FALSE, &grid->inner[d], error) || !make_parts (self, l, d, TRUE, &grid->home[d], error))
      return FALSE;
  return TRUE;
}
