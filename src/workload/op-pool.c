/* Pooling and reductions: B G and the spatial ranks, or the ranks of the input, those that are reduced away among them. */
#include "config.h"
#include "workload/operators.h"

gboolean
_hd_op_pool (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  HdWindow window;
  if (x == NULL || !_hd_window_read (graph, node, x, NULL, &window))
    return FALSE;
  if (_hd_node_output (node, 1) != NULL && node->outputs->len > 1)
    return _hd_graph_fault (graph, node, "its second output (indices) is not known - expected one output");
  HdShape shape = { x->shape.n, { x->shape.size[0], x->shape.size[1] } };
  for (guint i = 0; i < window.n; i++)
    shape.size[2 + i] = window.out[i];
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, TRUE))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_POOL, (guint) op->detail);
  int ranks[HD_DIMS_MAX];
  _hd_lower_ranks (layer, &shape, TRUE, ranks);
  HdOperand *input = _hd_lower_read (graph, layer, x);
  _hd_lower_identity (input, 2, ranks);
  for (guint i = 0; i < window.n; i++) {
    int filter = _hd_workload_draft_layer_add_rank (layer, _hd_window_rank (window.n, i, TRUE), (guint64) window.kernel[i]);
    _hd_lower_term (input, 2 + i, ranks[2 + i], window.stride[i]);
    _hd_lower_term (input, 2 + i, filter, window.dilation[i]);
    input->projection[2 + i].offset = -window.before[i];
  }
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), shape.n, ranks);
  return TRUE;
}

/* The names of ranks that are reduced: those of the dimension in an image are filters, else the dimension's with an R before. */
static int
add_reduced_rank (HdDraftLayer *layer, const HdGraphValue *x, guint d)
{
  if (x->image && x->shape.n >= 3 && x->shape.n <= 5 && d >= 2)
    return _hd_workload_draft_layer_add_rank (layer, _hd_window_rank (x->shape.n - 2, d - 2, TRUE), x->shape.size[d]);
  g_autofree char *name = g_strdup_printf ("R%u", d);
  return _hd_workload_draft_layer_add_rank (layer, name, x->shape.size[d]);
}

/* Reduces the dimensions whose bit is in @axes; kept ones come first as ranks. */
static gboolean
reduce (HdGraph *graph, HdGraphNode *node, HdGraphValue *x, guint32 axes, gboolean keep, guint ops, int type)
{
  HdShape shape = { 0 }, full = x->shape;
  guint position[HD_DIMS_MAX];
  for (guint d = 0; d < x->shape.n; d++) {
    gboolean reduced = (axes & (1u << d)) != 0;
    position[d] = shape.n;
    if (reduced)
      full.size[d] = 1;
    if (!reduced || keep)
      shape.size[shape.n++] = full.size[d];
  }
  if (!_hd_graph_set (graph, node, 0, &shape, type, x->image && shape.n >= 3))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_POOL, ops);
  int ranks[HD_DIMS_MAX];
  _hd_lower_ranks (layer, &shape, x->image && shape.n >= 3, ranks);
  HdOperand *input = _hd_lower_read (graph, layer, x);
  for (guint d = 0; d < x->shape.n; d++)
    _hd_lower_term (input, d, axes & (1u << d) ? add_reduced_rank (layer, x, d) : ranks[position[d]], 1);
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), shape.n, ranks);
  return TRUE;
}

gboolean
_hd_op_global_pool (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  if (x == NULL)
    return FALSE;
  if (x->shape.n < 3)
    return _hd_graph_fault (graph, node, "\"%s\" has %u dimensions - expected at least 3", x->name, x->shape.n);
  if (_hd_node_int (graph, node, "channels_last", 0) != 0)
    return _hd_graph_fault (graph, node, "channels_last is not known - expected channels first");
  return reduce (graph, node, x, ((1u << x->shape.n) - 1) & ~3u, TRUE, (guint) op->detail, x->type);
}

gboolean
_hd_op_reduce (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gboolean present;
  const gint64 *list;
  guint n;
  guint32 axes = 0;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, "axes", 1, &present, &list, &n))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    guint d;
    if (!_hd_node_axis (graph, node, list[i], x->shape.n, &d))
      return FALSE;
    axes |= 1u << d;
  }
  if (n == 0 && _hd_node_int (graph, node, "noop_with_empty_axes", 0) != 0)
    return _hd_graph_fault (graph, node, "it reduces nothing - expected axes");
  if (n == 0)
    axes = (1u << x->shape.n) - 1;
  return reduce (graph, node, x, axes, _hd_node_int (graph, node, "keepdims", 1) != 0, (guint) op->detail, x->type);
}

gboolean
_hd_op_arg_reduce (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  guint d;
  if (x == NULL || !_hd_node_axis (graph, node, _hd_node_int (graph, node, "axis", 0), x->shape.n, &d))
    return FALSE;
  return reduce (graph, node, x, 1u << d, _hd_node_int (graph, node, "keepdims", 1) != 0, (guint) op->detail, HD_TYPE_INT64);
}
