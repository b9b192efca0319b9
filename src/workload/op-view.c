/* Operators that give the same elements, in the same order, another shape: MOVE layers marked as views.
 *
 * Both shapes are cut into common factors, from the innermost dimension outwards: [6 4] and [2 12] share the digits 2, 3 and 4. Each factor is a
 * rank, and either side's index is mixed radix in its ranks, so boxes map exactly. Shapes without common factors ([6 4] to [4 6])
 * read the whole input.
 */
#include "config.h"
#include "workload/operators.h"

typedef struct {
  guint n;
  guint64 size[HD_RANKS_MAX];
  guint dimension[2][HD_RANKS_MAX];     /* which dimension of either side the digit belongs to */
  guint64 weight[2][HD_RANKS_MAX];      /* and its weight there */
} Digits;

/* The digits that two shapes of the same volume share, innermost first; FALSE when they share none or too many. */
static gboolean
common_digits (const HdShape *a, const HdShape *b, Digits *digits)
{
  const HdShape *shape[2] = { a, b };
  guint at[2] = { a->n, b->n };               /* dimensions below are to come */
  guint64 left[2] = { 1, 1 }, weight[2] = { 1, 1 };  /* of the current dimension: what is left of it, and the weight so far */
  digits->n = 0;
  for (;;) {
    for (guint s = 0; s < 2; s++)
      while (left[s] == 1 && at[s] > 0) {
        left[s] = shape[s]->size[--at[s]];
        weight[s] = 1;
      }
    if (left[0] == 1 && left[1] == 1)
      return TRUE;
    guint64 digit = MIN (left[0], left[1]);
    if (digit < 2 || left[0] % digit != 0 || left[1] % digit != 0 || digits->n == HD_RANKS_MAX)
      return FALSE;
    for (guint s = 0; s < 2; s++) {
      digits->dimension[s][digits->n] = at[s];
      digits->weight[s][digits->n] = weight[s];
      left[s] /= digit;
      weight[s] *= digit;
    }
    digits->size[digits->n++] = digit;
  }
}

gboolean
_hd_lower_view (HdGraph *graph, HdGraphNode *node, HdGraphValue *x, const HdShape *shape)
{
  gboolean image = x->image && shape->n == x->shape.n;
  if (!_hd_graph_set (graph, node, 0, shape, x->type, image))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_MOVE, 1);
  layer->layer.view = TRUE;
  HdOperand *input = _hd_lower_read (graph, layer, x), *output = _hd_lower_write (graph, layer, _hd_node_output (node, 0));
  Digits digits;
  int ranks[HD_DIMS_MAX];
  if (!common_digits (&x->shape, shape, &digits)) {
    _hd_lower_ranks (layer, shape, image, ranks);
    _hd_lower_identity (output, shape->n, ranks);
    input->whole = TRUE;
    input->touched_per_point = 1;
    return TRUE;
  }
  for (guint i = digits.n; i-- > 0;) {
    g_autofree char *name = g_strdup_printf ("V%u", digits.n - 1 - i);
    int rank = _hd_workload_draft_layer_add_rank (layer, name, digits.size[i]);
    _hd_lower_term (input, digits.dimension[0][i], rank, (gint64) digits.weight[0][i]);
    _hd_lower_term (output, digits.dimension[1][i], rank, (gint64) digits.weight[1][i]);
  }
  /* A single element has no digits, but a loop nest has a rank. */
  if (digits.n == 0)
    _hd_lower_term (output, 0, _hd_workload_draft_layer_add_rank (layer, "V0", 1), 1);
  return TRUE;
}

gboolean
_hd_op_identity (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0), *y = _hd_node_output (node, 0);
  if (x == NULL || y == NULL)
    return x != NULL;
  if (node->outputs->len > 1 && _hd_node_output (node, 1) != NULL)
    return _hd_graph_fault (graph, node, "its second output (mask) is not known - expected one output");
  /* An input or constant that is an output as well is copied; everything else is only a second name. */
  if (graph->folding != NULL || (y->output && (x->input || x->constant)))
    return _hd_lower_view (graph, node, x, &x->shape);
  if (!_hd_graph_set (graph, node, 0, &x->shape, x->type, x->image))
    return FALSE;
  y->alias = x;
  HdDraftTensor *tensor = _hd_workload_draft_find_tensor (graph->draft, x->name);
  if (y->output && tensor != NULL)
    tensor->tensor.kind = HD_TENSOR_OUTPUT;
  x->output |= y->output;
  return TRUE;
}

gboolean
_hd_op_reshape (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gboolean present;
  const gint64 *sizes;
  guint n;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, "shape", 1, &present, &sizes, &n))
    return FALSE;
  if (!present && node->inputs->len < 2)
    return _hd_graph_fault (graph, node, "its shape is missing");
  if (n > HD_DIMS_MAX)
    return _hd_graph_fault (graph, node, "shape has %u numbers - expected at most %d", n, HD_DIMS_MAX);
  gboolean allow_zero = _hd_node_int (graph, node, "allowzero", 0) != 0;
  HdShape shape = { n, { 0 } };
  int open = -1;
  for (guint d = 0; d < n; d++) {
    shape.size[d] = 1;
    if (sizes[d] == -1) {
      if (open >= 0)
        return _hd_graph_fault (graph, node, "shape has more than one -1");
      open = (int) d;
    } else if (sizes[d] == 0 && !allow_zero && d < x->shape.n)
      shape.size[d] = x->shape.size[d];
    else if (!_hd_graph_size (graph, node, sizes[d], &shape.size[d]))
      return FALSE;
  }
  guint64 elements = _hd_shape_elements (&x->shape), rest = _hd_shape_elements (&shape);
  if (open >= 0 && rest > 0 && elements % rest == 0)
    shape.size[open] = elements / rest;
  if (_hd_shape_elements (&shape) != elements) {
    g_autofree char *from = _hd_shape_format (&x->shape);
    g_autofree char *to = _hd_shape_format (&shape);
    return _hd_graph_fault (graph, node, "%s cannot become %s: the numbers of elements differ", from, to);
  }
  return _hd_lower_view (graph, node, x, &shape);
}

gboolean
_hd_op_flatten (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  if (x == NULL)
    return FALSE;
  gint64 axis = _hd_node_int (graph, node, "axis", 1);
  if (axis < -(gint64) x->shape.n || axis > (gint64) x->shape.n)
    return _hd_graph_fault (graph, node, "axis %" G_GINT64_FORMAT " - expected -%u to %u", axis, x->shape.n, x->shape.n);
  HdShape shape = { 2, { 1, 1 } };
  for (guint d = 0; d < x->shape.n; d++)
    shape.size[(gint64) d < (axis < 0 ? axis + x->shape.n : axis) ? 0 : 1] *= x->shape.size[d];
  return _hd_lower_view (graph, node, x, &shape);
}

/* The set of axes, in a tensor of @n dimensions. */
static gboolean
read_axes (HdGraph *graph, HdGraphNode *node, guint n, const gint64 *list, guint count, guint32 *axes)
{
  *axes = 0;
  for (guint i = 0; i < count; i++) {
    guint d;
    if (!_hd_node_axis (graph, node, list[i], n, &d))
      return FALSE;
    if (*axes & (1u << d))
      return _hd_graph_fault (graph, node, "axis %u stands twice in axes", d);
    *axes |= 1u << d;
  }
  return TRUE;
}

gboolean
_hd_op_squeeze (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gboolean present;
  const gint64 *list;
  guint n;
  guint32 axes;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, "axes", 1, &present, &list, &n) || !read_axes (graph, node, x->shape.n, list, n, &axes))
    return FALSE;
  HdShape shape = { 0 };
  for (guint d = 0; d < x->shape.n; d++) {
    gboolean drop = present ? (axes & (1u << d)) != 0 : x->shape.size[d] == 1;
    if (drop && x->shape.size[d] != 1)
      return _hd_graph_fault (graph, node, "dimension %u has size %" G_GUINT64_FORMAT " - expected 1", d, x->shape.size[d]);
    if (!drop)
      shape.size[shape.n++] = x->shape.size[d];
  }
  return _hd_lower_view (graph, node, x, &shape);
}

gboolean
_hd_op_unsqueeze (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gboolean present;
  const gint64 *list;
  guint n;
  guint32 axes;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, "axes", 1, &present, &list, &n))
    return FALSE;
  HdShape shape = { x->shape.n + n, { 0 } };
  if (!present || n > HD_DIMS_MAX || shape.n > HD_DIMS_MAX)
    return _hd_graph_fault (graph, node, "axes has %u numbers - expected at least one, and at most %d dimensions in all", n, HD_DIMS_MAX);
  if (!read_axes (graph, node, shape.n, list, n, &axes))
    return FALSE;
  for (guint d = 0, from = 0; d < shape.n; d++)
    shape.size[d] = axes & (1u << d) ? 1 : x->shape.size[from++];
  return _hd_lower_view (graph, node, x, &shape);
}
