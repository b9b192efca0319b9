/* Matrix products: batch ranks, M (rows), N (columns) and K (the sum). */
#include "config.h"
#include "workload/operators.h"

#include <string.h>

/* A bias is broadcast to the output, whose ranks are @ranks. */
static gboolean
read_bias (HdGraph *graph, HdGraphNode *node, HdDraftLayer *layer, HdGraphValue *bias, const HdShape *shape, const int *ranks)
{
  if (bias == NULL)
    return TRUE;
  gboolean fits = bias->shape.n <= shape->n;
  for (guint d = 0; fits && d < bias->shape.n; d++)
    fits = bias->shape.size[d] == 1 || bias->shape.size[d] == shape->size[shape->n - bias->shape.n + d];
  if (!fits)
    return _hd_graph_fault (graph, node, "the bias \"%s\" does not broadcast to the output", bias->name);
  _hd_lower_broadcast (_hd_lower_read_bias (graph, layer, bias), &bias->shape, shape->n, ranks);
  return TRUE;
}

/* --- Gemm ------------------------------------------------------------------------------------------------ */

static gboolean
lower_gemm (HdGraph *graph, HdGraphNode *node, HdGraphValue *a, HdGraphValue *b, HdGraphValue *bias, int type)
{
  if (a->shape.n != 2 || b->shape.n != 2)
    return _hd_graph_fault (graph, node, "its matrices have %u and %u dimensions - expected 2", a->shape.n, b->shape.n);
  guint a_row = _hd_node_int (graph, node, "transA", 0) != 0, b_row = _hd_node_int (graph, node, "transB", 0) != 0;
  guint64 m = a->shape.size[a_row], k = a->shape.size[1 - a_row], n = b->shape.size[1 - b_row];
  if (b->shape.size[b_row] != k)
    return _hd_graph_fault (graph, node, "a row of \"%s\" has %" G_GUINT64_FORMAT " elements, a column of \"%s\" %" G_GUINT64_FORMAT, a->name, k, b->name,
                            b->shape.size[b_row]);
  HdShape shape = { 2, { m, n } };
  if (!_hd_graph_set (graph, node, 0, &shape, type, FALSE))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_MAC, 1);
  int ranks[2] = { _hd_workload_draft_layer_add_rank (layer, "M", m), _hd_workload_draft_layer_add_rank (layer, "N", n) };
  int sum = _hd_workload_draft_layer_add_rank (layer, "K", k);
  HdOperand *left = _hd_lower_read (graph, layer, a);
  HdOperand *right = _hd_lower_read (graph, layer, b);
  _hd_lower_term (left, a_row, ranks[0], 1);
  _hd_lower_term (left, 1 - a_row, sum, 1);
  _hd_lower_term (right, b_row, sum, 1);
  _hd_lower_term (right, 1 - b_row, ranks[1], 1);
  if (!read_bias (graph, node, layer, bias, &shape, ranks))
    return FALSE;
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), 2, ranks);
  return TRUE;
}

/* The second matrix, or the one that XML leaves out: `channels` columns. */
static HdGraphValue *
weights_of (HdGraph *graph, HdGraphNode *node, const HdGraphValue *a, gboolean transposed)
{
  if (_hd_node_input (node, 1) != NULL || !graph->xml || a->shape.n == 0)
    return _hd_node_require (graph, node, 1);
  guint64 channels;
  if (_hd_node_attribute (node, "channels") == NULL) {
    _hd_graph_fault (graph, node, "it has no weights - expected a second operand, or channels");
    return NULL;
  }
  if (!_hd_graph_size (graph, node, _hd_node_int (graph, node, "channels", 0), &channels))
    return NULL;
  gboolean a_transposed = a->shape.n == 2 && _hd_node_attribute (node, "transA") != NULL && _hd_node_int (graph, node, "transA", 0) != 0;
  guint64 k = a->shape.size[a_transposed ? 0 : a->shape.n - 1];
  HdShape shape = transposed ? (HdShape) { 2, { channels, k } } : (HdShape) { 2, { k, channels } };
  return _hd_graph_own_weight (graph, node, "weight", &shape);
}

static HdGraphValue *
bias_of (HdGraph *graph, HdGraphNode *node, guint64 channels)
{
  HdGraphValue *bias = _hd_node_input (node, 2);
  if (bias != NULL || !graph->xml || !g_str_equal (_hd_node_text (graph, node, "bias", "false"), "true"))
    return bias;
  return _hd_graph_own_weight (graph, node, "bias", &(HdShape) { 1, { channels } });
}

gboolean
_hd_op_gemm (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  gboolean transposed = _hd_node_int (graph, node, "transB", 0) != 0;
  HdGraphValue *a = _hd_node_require (graph, node, 0);
  HdGraphValue *b = a != NULL ? weights_of (graph, node, a, transposed) : NULL;
  if (b == NULL)
    return FALSE;
  HdGraphValue *bias = bias_of (graph, node, b->shape.n == 2 ? b->shape.size[transposed ? 0 : 1] : 1);
  return lower_gemm (graph, node, a, b, bias, a->type);
}

gboolean
_hd_op_gemm_quantized (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  /* a, scale, zero, b, scale, zero, bias, scale, zero */
  HdGraphValue *a = _hd_node_require (graph, node, 0), *b = _hd_node_require (graph, node, 3);
  HdGraphValue *zero = _hd_node_input (node, 8);
  if (a == NULL || b == NULL)
    return FALSE;
  return lower_gemm (graph, node, a, b, _hd_node_input (node, 6), zero != NULL ? zero->type : HD_TYPE_FLOAT);
}

/* --- MatMul ------------------------------------------------------------------------------------------------ */

/* The batch dimensions of both, broadcast to each other. */
static gboolean
broadcast_batch (HdGraph *graph, HdGraphNode *node, const HdGraphValue *a, const HdGraphValue *b, HdShape *batch)
{
  guint na = a->shape.n > 2 ? a->shape.n - 2 : 0, nb = b->shape.n > 2 ? b->shape.n - 2 : 0;
  batch->n = MAX (na, nb);
  for (guint d = 0; d < batch->n; d++) {
    guint64 x = d + na >= batch->n ? a->shape.size[d + na - batch->n] : 1, y = d + nb >= batch->n ? b->shape.size[d + nb - batch->n] : 1;
    if (x != y && x != 1 && y != 1)
      return _hd_graph_fault (graph, node, "batches of %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " do not broadcast", x, y);
    batch->size[d] = MAX (x, y);
  }
  return TRUE;
}

/* Batch terms of an operand of @n dimensions. */
static void
batch_terms (HdOperand *operand, const HdShape *shape, const HdShape *batch, const int *ranks)
{
  HdShape own = { shape->n > 2 ? shape->n - 2 : 0, { 0 } };
  memcpy (own.size, shape->size, sizeof own.size);
  _hd_lower_broadcast (operand, &own, batch->n, ranks);
}

gboolean
_hd_lower_matmul (HdGraph *graph, HdGraphNode *node, HdGraphValue *a, HdGraphValue *b, HdGraphValue *bias, int type)
{
  if (a->shape.n == 0 || b->shape.n == 0)
    return _hd_graph_fault (graph, node, "an operand has no dimensions - expected at least one");
  /* A vector is a matrix of one row (left) or one column (right), whose dimension does not stand in the output. */
  gboolean rows = a->shape.n > 1, columns = b->shape.n > 1;
  guint64 m = rows ? a->shape.size[a->shape.n - 2] : 1, k = a->shape.size[a->shape.n - 1], n = columns ? b->shape.size[b->shape.n - 1] : 1;
  if (b->shape.size[columns ? b->shape.n - 2 : 0] != k)
    return _hd_graph_fault (graph, node, "a row of \"%s\" has %" G_GUINT64_FORMAT " elements, a column of \"%s\" %" G_GUINT64_FORMAT, a->name, k, b->name,
                            b->shape.size[columns ? b->shape.n - 2 : 0]);
  HdShape shape;
  if (!broadcast_batch (graph, node, a, b, &shape))
    return FALSE;
  HdShape batch = shape;
  if (rows)
    shape.size[shape.n++] = m;
  if (columns)
    shape.size[shape.n++] = n;
  if (!_hd_graph_set (graph, node, 0, &shape, type, FALSE))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_MAC, 1);
  /* Names as if both M and N were there. */
  HdShape full = batch;
  full.size[full.n++] = m;
  full.size[full.n++] = n;
  int ranks[HD_DIMS_MAX + 2], out[HD_DIMS_MAX], n_out = 0;
  if (full.n > HD_DIMS_MAX)
    return _hd_graph_fault (graph, node, "its output has %u dimensions - expected at most %d", full.n, HD_DIMS_MAX);
  _hd_lower_ranks (layer, &full, FALSE, ranks);
  int row = ranks[batch.n], column = ranks[batch.n + 1], sum = _hd_workload_draft_layer_add_rank (layer, "K", k);
  HdOperand *left = _hd_lower_read (graph, layer, a), *right = _hd_lower_read (graph, layer, b);
  batch_terms (left, &a->shape, &batch, ranks);
  batch_terms (right, &b->shape, &batch, ranks);
  if (rows)
    _hd_lower_term (left, a->shape.n - 2, row, 1);
  _hd_lower_term (left, a->shape.n - 1, sum, 1);
  _hd_lower_term (right, columns ? b->shape.n - 2 : 0, sum, 1);
  if (columns)
    _hd_lower_term (right, b->shape.n - 1, column, 1);
  for (guint d = 0; d < full.n; d++)
    if (d < batch.n || (d == batch.n ? rows : columns))
      out[n_out++] = ranks[d];
  if (!read_bias (graph, node, layer, bias, &shape, out))
    return FALSE;
  HdOperand *output = _hd_lower_write (graph, layer, _hd_node_output (node, 0));
  for (int d = 0; d < n_out; d++)
    _hd_lower_term (output, (guint) d, out[d], 1);
  return TRUE;
}

gboolean
_hd_op_matmul (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *a = _hd_node_require (graph, node, 0);
  HdGraphValue *b = a != NULL ? weights_of (graph, node, a, FALSE) : NULL;
  if (b == NULL)
    return FALSE;
  HdGraphValue *bias = graph->xml ? bias_of (graph, node, b->shape.n > 0 ? b->shape.size[b->shape.n - 1] : 1) : NULL;
  return _hd_lower_matmul (graph, node, a, b, bias, a->type);
}

gboolean
_hd_op_matmul_quantized (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  /* QLinearMatMul: a, scale, zero, b, scale, zero, scale, zero. The others: a, b, ... and MatMulIntegerToFloat's bias last. */
  HdGraphValue *a = _hd_node_require (graph, node, 0), *b = _hd_node_require (graph, node, op->detail == 0 ? 3 : 1);
  HdGraphValue *zero = op->detail == 0 ? _hd_node_input (node, 7) : NULL;
  if (a == NULL || b == NULL)
    return FALSE;
  int type = op->detail == 1 ? HD_TYPE_INT32 : op->detail == 2 ? HD_TYPE_FLOAT : zero != NULL ? zero->type : a->type;
  return _hd_lower_matmul (graph, node, a, b, op->detail == 2 ? _hd_node_input (node, 6) : NULL, type);
}
