/* Pieces: what a stack reads from outside, cut where the reads of its nodes end.
 *
 * Along each dimension the ends of all that the stack's nodes read are the borders, so a window that moves on finds what is new to it in pieces of its own. What no node reads
 * (gaps of a stride larger than its window, channels that are sliced away) is in no piece. The pieces of a tensor are the product of its dimensions.
 */
#include "config.h"
#include "tiling/grid.h"

#include <stdlib.h>

typedef struct {
  HdLayerId layer;
  guint operand;
} Reader;

static gboolean
is_outside (const HdTiling *self, HdStackId s, HdTensorId tensor)
{
  HdLayerId producer = self->workload->tensors[tensor].producer;
  return producer == HD_NONE || self->mapping->layer[producer].stack != s;
}

/* Tensor in the upper half, reader in the lower: sorted, the readers of a tensor stand together. */
static GArray *
list_readers (const HdTiling *self, HdStackId s, GArray *readers)
{
  const HdMappingStack *stack = &self->mapping->stack[s];
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint i = 0; i < stack->n_layers; i++) {
    const HdLayer *layer = &self->workload->layers[stack->layers[i]];
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      Reader reader = { stack->layers[i], o };
      guint64 key = (guint64) layer->operands[o].tensor << 32 | readers->len;
      if (self->grid->layer[reader.layer].n_nodes == 0 || !is_outside (self, s, layer->operands[o].tensor))
        continue;
      g_array_append_val (readers, reader);
      g_array_append_val (keys, key);
    }
  }
  g_array_sort (keys, _hd_tiling_compare_u64);
  return keys;
}

/* The outermost axis by which what the readers read of dimension @d can be told apart; -1: none. */
static int
axis_of_dimension (const HdTiling *self, const Reader *reader, guint n, guint d)
{
  int best = -1;
  for (guint i = 0; i < n; i++) {
    const HdTilingLayer *grid = &self->grid->layer[reader[i].layer];
    const HdOperand *operand = &self->workload->layers[reader[i].layer].operands[reader[i].operand];
    for (guint k = 0; k < grid->n_digits; k++) {
      const HdTilingDigit *digit = &grid->digit[k];
      gboolean moves = digit->rank >= 0 && digit->axis >= 0 && !operand->whole && operand->projection[d].coefficient[digit->rank] != 0;
      if (moves && (best < 0 || digit->axis < best))
        best = digit->axis;
    }
  }
  return best;
}

/* Spans as (end, begin) in one number each, sorted, to parts without overlaps. */
static gboolean
parts_of_spans (HdTilingArena *arena, GArray *spans, HdTilingParts *parts, GError **error)
{
  g_array_sort (spans, _hd_tiling_compare_u64);
  parts->span = _hd_tiling_take (arena, spans->len, sizeof *parts->span, "pieces", error);
  parts->offset = _hd_tiling_take (arena, spans->len, sizeof *parts->offset, "pieces", error);
  parts->index = _hd_tiling_take (arena, spans->len, sizeof *parts->index, "pieces", error);
  if (parts->span == NULL || parts->offset == NULL || parts->index == NULL)
    return FALSE;
  for (guint i = 0; i < spans->len; i++) {
    guint64 key = g_array_index (spans, guint64, i);
    HdTilingSpan span = { (gint32) (guint32) key, (gint32) (key >> 32) };
    /* Of spans with the same end the first begins earliest. */
    if (parts->n == 0 || parts->span[parts->n - 1].to != span.to)
      parts->span[parts->n++] = span;
  }
  /* A part reaches back to the part before, but no further than what somebody reads that ends in it or later. */
  gint32 earliest = G_MAXINT32;
  for (guint32 k = parts->n; k-- > 0;) {
    earliest = MIN (earliest, parts->span[k].from);
    parts->span[k].from = k > 0 ? MAX (earliest, parts->span[k - 1].to) : earliest;
  }
  return TRUE;
}

static void
collect_spans (const HdTilingReads *reads, GArray *spans)
{
  guint64 last = 0;
  for (guint32 at = 0; at < reads->n; at++) {
    HdTilingSpan span = reads->span[at];
    guint64 key = (guint64) (guint32) span.to << 32 | (guint32) span.from;
    if (hd_tiling_span_is_empty (span) || key == last)
      continue;
    g_array_append_val (spans, key);
    last = key;
  }
}

/* The index along the dimension's axis at which each part is read first. */
static void
find_first_index (const HdTilingReads *reads, const HdTilingLayer *grid, HdTilingParts *parts)
{
  for (guint32 at = 0; at < reads->n; at++) {
    guint32 first, n = _hd_tiling_parts_find (parts, reads->span[at], 0, &first), index = _hd_tiling_reads_index (reads, grid, at, parts->axis);
    for (guint32 k = first; k < first + n; k++)
      parts->index[k] = MIN (parts->index[k], index);
  }
}

static gboolean
is_refetched (const HdTiling *self, HdStackId s, HdTensorId tensor)
{
  for (guint a = 0; a < self->mapping->stack[s].n_axes; a++)
    if (hd_mapping_retention (self->mapping, s, tensor, a) == HD_RETENTION_REFETCH)
      return TRUE;
  return FALSE;
}

static gboolean
make_dimension (HdTiling *self, HdTilingPieces *pieces, const Reader *reader, guint n, guint d, GError **error)
{
  HdTilingParts *parts = &pieces->part[d];
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autofree HdTilingReads *reads = g_new0 (HdTilingReads, n);
  gboolean fine = TRUE;
  parts->axis = is_refetched (self, pieces->stack, pieces->tensor) ? axis_of_dimension (self, reader, n, d) : -1;
  for (guint i = 0; i < n && fine; i++) {
    fine = _hd_tiling_reads_init (&reads[i], self, reader[i].layer, reader[i].operand, d, parts->axis, error);
    if (fine)
      collect_spans (&reads[i], spans);
  }
  fine = fine && parts_of_spans (&self->grid->arena, spans, parts, error);
  for (guint32 k = 0; fine && parts->axis >= 0 && k < parts->n; k++)
    parts->index[k] = G_MAXUINT32;
  for (guint i = 0; fine && parts->axis >= 0 && i < n; i++)
    find_first_index (&reads[i], &self->grid->layer[reader[i].layer], parts);
  _hd_tiling_arena_reset (&self->grid->scratch);
  return fine;
}

static gboolean
number_pieces (HdTiling *self, HdTilingPieces *pieces, GError **error)
{
  guint64 n = 1;
  for (guint d = pieces->n_dims; d-- > 0;) {
    for (guint32 k = 0; k < pieces->part[d].n; k++)
      pieces->part[d].offset[k] = (guint32) (k * n);
    n *= pieces->part[d].n;
    if (n + self->n_pieces > HD_TILING_MAX_NODES) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "%s:%u: \"%s\" is read in more than %d pieces - expected larger tiles or cuts", self->mapping->file,
                   self->mapping->stack[pieces->stack].line, self->workload->tensors[pieces->tensor].name, HD_TILING_MAX_NODES);
      return FALSE;
    }
  }
  pieces->first = self->n_pieces;
  pieces->n = (guint32) n;
  self->n_pieces += pieces->n;
  return TRUE;
}

static gboolean
make_tensor (HdTiling *self, HdStackId s, HdTensorId tensor, const Reader *reader, guint n, GError **error)
{
  HdTilingPieces added = { .stack = s, .tensor = tensor, .n_dims = self->workload->tensors[tensor].n_dims };
  g_array_append_val (self->grid->pieces, added);
  HdTilingPieces *pieces = &g_array_index (self->grid->pieces, HdTilingPieces, self->grid->pieces->len - 1);
  for (guint d = 0; d < pieces->n_dims; d++)
    if (!make_dimension (self, pieces, reader, n, d, error))
      return FALSE;
  return number_pieces (self, pieces, error);
}

static gboolean
make_stack (HdTiling *self, HdStackId s, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Reader));
  g_autoptr (GArray) keys = list_readers (self, s, all);
  g_autoptr (GArray) readers = g_array_new (FALSE, FALSE, sizeof (Reader));
  for (guint i = 0; i < keys->len; i++) {
    guint64 key = g_array_index (keys, guint64, i);
    g_array_append_val (readers, g_array_index (all, Reader, (guint32) key));
    if (i + 1 < keys->len && g_array_index (keys, guint64, i + 1) >> 32 == key >> 32)
      continue;
    if (!make_tensor (self, s, (HdTensorId) (key >> 32), (const Reader *) (void *) readers->data, readers->len, error))
      return FALSE;
    g_array_set_size (readers, 0);
  }
  return TRUE;
}

gboolean
_hd_tiling_make_pieces (HdTiling *self, GError **error)
{
  for (HdStackId s = 0; s < self->grid->n_stacks; s++)
    if (!make_stack (self, s, error))
      return FALSE;
  return TRUE;
}

/* --- questions ------------------------------------------------------------------------------------------ */

static const HdTilingPieces *
pieces_of (const HdTiling *self, guint32 piece)
{
  const GArray *all = self->grid->pieces;
  guint low = 0, high = all->len;
  while (low + 1 < high) {
    guint middle = low + (high - low) / 2;
    /* A tensor that nobody really reads has no pieces: the last with that first id is the one. */
    if (g_array_index (all, HdTilingPieces, middle).first <= piece)
      low = middle;
    else
      high = middle;
  }
  return &g_array_index (all, HdTilingPieces, low);
}

HdTensorId
hd_tiling_piece_tensor (const HdTiling *self, guint32 piece)
{
  g_return_val_if_fail (piece < self->n_pieces, HD_NONE);
  return pieces_of (self, piece)->tensor;
}

HdStackId
hd_tiling_piece_stack (const HdTiling *self, guint32 piece)
{
  g_return_val_if_fail (piece < self->n_pieces, HD_NONE);
  return pieces_of (self, piece)->stack;
}

HdBox
hd_tiling_piece_box (const HdTiling *self, guint32 piece)
{
  g_return_val_if_fail (piece < self->n_pieces, (HdBox) { 0 });
  const HdTilingPieces *pieces = pieces_of (self, piece);
  HdBox box;
  box.n = pieces->n_dims;
  guint32 rest = piece - pieces->first;
  for (guint d = box.n; d-- > 0;) {
    const HdTilingParts *parts = &pieces->part[d];
    HdTilingSpan span = parts->span[rest % parts->n];
    box.range[d] = (HdRange) { span.from, span.to };
    rest /= parts->n;
  }
  return box;
}

guint64
hd_tiling_piece_bits (const HdTiling *self, guint32 piece)
{
  HdBox box = hd_tiling_piece_box (self, piece);
  return hd_box_volume (&box) * self->workload->tensors[hd_tiling_piece_tensor (self, piece)].bits;
}

const HdTilingPieces *
_hd_tiling_find_pieces (const HdTiling *self, HdStackId stack, HdTensorId tensor)
{
  const GArray *all = self->grid->pieces;
  guint low = 0, high = all->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const HdTilingPieces *pieces = &g_array_index (all, HdTilingPieces, middle);
    if (pieces->stack == stack && pieces->tensor == tensor)
      return pieces;
    if (pieces->stack < stack || (pieces->stack == stack && pieces->tensor < tensor))
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

void
hd_tiling_pieces_of (const HdTiling *self, HdStackId stack, HdTensorId tensor, guint32 *first, guint32 *n)
{
  const HdTilingPieces *pieces = _hd_tiling_find_pieces (self, stack, tensor);
  *first = pieces != NULL ? pieces->first : 0;
  *n = pieces != NULL ? pieces->n : 0;
}

static int
compare_dependencies (gconstpointer a, gconstpointer b)
{
  const HdDependency *x = a, *y = b;
  return x->from < y->from ? -1 : x->from > y->from;
}

void
hd_tiling_piece_producers (const HdTiling *self, guint32 piece, GArray *producers)
{
  g_return_if_fail (piece < self->n_pieces);
  const HdTilingPieces *pieces = pieces_of (self, piece);
  const HdTensor *tensor = &self->workload->tensors[pieces->tensor];
  HdBox box = hd_tiling_piece_box (self, piece);
  if (tensor->producer == HD_NONE)
    return;
  const HdTilingLayer *grid = &self->grid->layer[tensor->producer];
  guint32 first[HD_DIMS_MAX], n[HD_DIMS_MAX], at[HD_DIMS_MAX] = { 0 };
  for (guint d = 0; d < box.n; d++) {
    n[d] = _hd_tiling_parts_find (&grid->home[d], (HdTilingSpan) { (gint32) box.range[d].from, (gint32) box.range[d].to }, 0, &first[d]);
    if (n[d] == 0)
      return;
  }
  guint begin = producers->len, d;
  do {
    guint64 bits = tensor->bits;
    guint32 node = self->layer_first[tensor->producer] + grid->final_offset;
    for (d = 0; d < box.n; d++) {
      guint32 k = first[d] + at[d];
      HdRange part = { grid->home[d].span[k].from, grid->home[d].span[k].to };
      bits *= (guint64) hd_range_size (hd_range_intersect (part, box.range[d]));
      node += grid->home[d].offset[k];
    }
    HdDependency made = { .from = node, .bits_low = (guint32) bits, .bits_high = (guint16) (bits >> 32), .flags = HD_DEPENDENCY_EXTERNAL };
    g_array_append_val (producers, made);
    for (d = box.n; d > 0 && ++at[d - 1] == n[d - 1]; d--)
      at[d - 1] = 0;
  } while (d > 0);
  if (producers->len - begin > 1)
    qsort (&g_array_index (producers, HdDependency, begin), producers->len - begin, sizeof (HdDependency), compare_dependencies);
}
