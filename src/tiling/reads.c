/* What the nodes of a layer read of one dimension of one operand: a table over the few digits that it depends on. */
#include "config.h"
#include "tiling/grid.h"

static gboolean
depends (const HdTilingReads *reads, const HdOperand *operand, guint d, const HdTilingDigit *digit, int axis)
{
  if (axis >= 0 && digit->axis == axis)
    return TRUE;
  return digit->rank >= 0 && !operand->whole && operand->projection[d].coefficient[digit->rank] != 0;
}

static gboolean
choose_digits (HdTilingReads *reads, const HdTiling *self, HdLayerId l, const HdOperand *operand, guint d, int axis, GError **error)
{
  const HdTilingLayer *grid = &self->grid->layer[l];
  guint64 n = 1;
  for (guint k = 0; k < grid->n_digits; k++)
    if (depends (reads, operand, d, &grid->digit[k], axis))
      reads->digit[reads->n_digits++] = (guint8) k;
  for (guint i = reads->n_digits; i-- > 0;) {
    reads->stride[i] = (guint32) n;
    n *= grid->digit[reads->digit[i]].n;
  }
  /* Never more than the nodes of the layer. */
  reads->n = (guint32) n;
  reads->span = _hd_tiling_take (&self->grid->scratch, n, sizeof *reads->span, "reads", error);
  return reads->span != NULL;
}

gboolean
_hd_tiling_reads_init (HdTilingReads *reads, const HdTiling *self, HdLayerId l, guint o, guint d, int axis, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdTilingLayer *grid = &self->grid->layer[l];
  const HdOperand *operand = &layer->operands[o];
  guint32 value[HD_TILING_DIGITS_MAX] = { 0 };
  const HdTensor *tensor = &self->workload->tensors[operand->tensor];
  HdBox box;
  box.n = layer->n_ranks;
  *reads = (HdTilingReads) { 0 };
  if (!choose_digits (reads, self, l, operand, d, axis, error))
    return FALSE;
  for (guint r = 0; r < box.n; r++)
    box.range[r] = (HdRange) { grid->rank[r].segment[0].from, grid->rank[r].segment[0].to };
  for (guint32 at = 0; at < reads->n; at++) {
    for (guint i = 0; i < reads->n_digits; i++) {
      const HdTilingDigit *digit = &grid->digit[reads->digit[i]];
      if (digit->rank < 0)
        continue;
      HdTilingSpan segment = grid->rank[digit->rank].segment[value[i]];
      box.range[digit->rank] = (HdRange) { segment.from, segment.to };
    }
    HdRange range = hd_operand_project_dimension (operand, d, &box, tensor);
    reads->span[at] = range.to > range.from ? (HdTilingSpan) { (gint32) range.from, (gint32) range.to } : (HdTilingSpan) { 0, 0 };
    for (guint i = reads->n_digits; i-- > 0;) {
      if (++value[i] < grid->digit[reads->digit[i]].n)
        break;
      value[i] = 0;
    }
  }
  return TRUE;
}

HdTilingSpan
_hd_tiling_reads_first (const HdTiling *self, HdLayerId l, guint o, guint d)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdTilingLayer *grid = &self->grid->layer[l];
  const HdOperand *operand = &layer->operands[o];
  HdBox box;
  box.n = layer->n_ranks;
  for (guint r = 0; r < box.n; r++)
    box.range[r] = (HdRange) { grid->rank[r].segment[0].from, grid->rank[r].segment[0].to };
  HdRange range = hd_operand_project_dimension (operand, d, &box, &self->workload->tensors[operand->tensor]);
  return range.to > range.from ? (HdTilingSpan) { (gint32) range.from, (gint32) range.to } : (HdTilingSpan) { 0, 0 };
}

guint32
_hd_tiling_reads_index (const HdTilingReads *reads, const HdTilingLayer *grid, guint32 at, int axis)
{
  for (guint i = 0; i < reads->n_digits && axis >= 0; i++) {
    const HdTilingDigit *digit = &grid->digit[reads->digit[i]];
    if (digit->axis == axis)
      return hd_tiling_digit_index (digit, at / reads->stride[i] % digit->n);
  }
  return 0;
}
