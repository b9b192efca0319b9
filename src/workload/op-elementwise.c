/* Operators on elements one by one, with broadcasting, and conversions between element types. */
#include "config.h"
#include "workload/operators.h"

/* The shape to which all of @values broadcast. */
static gboolean
broadcast_shapes (HdGraph *graph, HdGraphNode *node, HdGraphValue *const *values, guint n, guint ones, HdShape *shape)
{
  shape->n = 0;
  for (guint i = 0; i < n; i++)
    shape->n = MAX (shape->n, values[i]->shape.n);
  for (guint d = 0; d < shape->n; d++) {
    shape->size[d] = 1;
    for (guint i = 0; i < n; i++) {
      const HdShape *own = &values[i]->shape;
      guint end = shape->n - (i == 1 ? ones : 0);
      if (d + own->n < end || d >= end)
        continue;
      guint64 size = own->size[d + own->n - end];
      if (size != 1 && shape->size[d] != 1 && size != shape->size[d])
        return _hd_graph_fault (graph, node, "dimension %u of its operands is %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " - expected the same, or 1", d,
                                shape->size[d], size);
      if (size != 1)
        shape->size[d] = size;
    }
  }
  return TRUE;
}

/* One VECTOR layer over the broadcast shape of @values; the second has @ones dimensions of size 1 more at its end than it says. */
static gboolean
lower_broadcast (HdGraph *graph, HdGraphNode *node, HdGraphValue *const *values, guint n, guint ones, guint ops, int type)
{
  HdShape shape;
  gboolean image = FALSE;
  if (!broadcast_shapes (graph, node, values, n, ones, &shape))
    return FALSE;
  for (guint i = 0; i < n; i++)
    image |= values[i]->image && values[i]->shape.n == shape.n;
  if (!_hd_graph_set (graph, node, 0, &shape, type, image))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_VECTOR, ops);
  int ranks[HD_DIMS_MAX];
  _hd_lower_ranks (layer, &shape, image, ranks);
  for (guint i = 0; i < n; i++)
    _hd_lower_broadcast (_hd_lower_read (graph, layer, values[i]), &values[i]->shape, shape.n - (i == 1 ? ones : 0), ranks);
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), shape.n, ranks);
  return TRUE;
}

static gboolean
lower_elementwise (HdGraph *graph, HdGraphNode *node, HdGraphValue *const *values, guint n, guint ops, int type)
{
  return lower_broadcast (graph, node, values, n, 0, ops, type);
}

/* All operands, none left out. */
static gboolean
collect (HdGraph *graph, HdGraphNode *node, GPtrArray *values)
{
  for (guint i = 0; i < node->inputs->len; i++) {
    HdGraphValue *value = _hd_node_require (graph, node, i);
    if (value == NULL)
      return FALSE;
    g_ptr_array_add (values, value);
  }
  return TRUE;
}

gboolean
_hd_op_unary (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  /* Bounds, ratios and the like (Clip, Dropout) are parameters of the operation, not data. */
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  return x != NULL && lower_elementwise (graph, node, &x, 1, (guint) op->detail, x->type);
}

/* Before opset 7 the second operand could be aligned with an axis of the first: as if it had dimensions of size 1 behind. Returns how many. */
static gboolean
trailing_ones (HdGraph *graph, HdGraphNode *node, const GPtrArray *values, guint *ones)
{
  guint axis;
  *ones = 0;
  if (values->len != 2 || _hd_node_attribute (node, "axis") == NULL)
    return TRUE;
  const HdGraphValue *a = values->pdata[0], *b = values->pdata[1];
  if (!_hd_node_axis (graph, node, _hd_node_int (graph, node, "axis", 0), a->shape.n, &axis))
    return FALSE;
  if (b->shape.n + axis > a->shape.n)
    return _hd_graph_fault (graph, node, "\"%s\" of %u dimensions does not fit at axis %u", b->name, b->shape.n, axis);
  *ones = a->shape.n - axis - b->shape.n;
  return TRUE;
}

gboolean
_hd_op_elementwise (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  guint ones;
  if (!collect (graph, node, values) || !trailing_ones (graph, node, values, &ones))
    return FALSE;
  HdGraphValue *first = values->pdata[0];
  /* n operands are combined by n - 1 operations; one is at least copied. */
  guint steps = values->len > 1 ? values->len - 1 : 1;
  return lower_broadcast (graph, node, (HdGraphValue *const *) values->pdata, values->len, ones, steps * (guint) op->detail, first->type);
}

gboolean
_hd_op_compare (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  return collect (graph, node, values)
         && lower_elementwise (graph, node, (HdGraphValue *const *) values->pdata, values->len, (guint) op->detail, HD_TYPE_BOOL);
}

gboolean
_hd_op_where (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  if (!collect (graph, node, values))
    return FALSE;
  const HdGraphValue *chosen = values->pdata[1];
  return lower_elementwise (graph, node, (HdGraphValue *const *) values->pdata, values->len, (guint) op->detail, chosen->type);
}

gboolean
_hd_op_cast (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  static const struct { const char *name; int type; } NAMES[] = {
    { "FLOAT", HD_TYPE_FLOAT }, { "FLOAT16", HD_TYPE_FLOAT16 }, { "BFLOAT16", HD_TYPE_BFLOAT16 }, { "DOUBLE", HD_TYPE_DOUBLE }, { "INT4", HD_TYPE_INT4 },
    { "UINT4", HD_TYPE_UINT4 }, { "INT8", HD_TYPE_INT8 }, { "UINT8", HD_TYPE_UINT8 }, { "INT16", HD_TYPE_INT16 }, { "UINT16", HD_TYPE_UINT16 },
    { "INT32", HD_TYPE_INT32 }, { "UINT32", HD_TYPE_UINT32 }, { "INT64", HD_TYPE_INT64 }, { "UINT64", HD_TYPE_UINT64 }, { "BOOL", HD_TYPE_BOOL },
  };
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  HdGraphAttribute *to = _hd_node_attribute (node, "to");
  if (x == NULL || to == NULL)
    return x == NULL ? FALSE : _hd_graph_fault (graph, node, "the attribute to is missing");
  int type = 0;
  for (guint i = 0; to->text != NULL && i < G_N_ELEMENTS (NAMES); i++)
    if (g_str_equal (NAMES[i].name, to->text))
      type = NAMES[i].type;
  if (type == 0)
    type = (int) CLAMP (_hd_node_int (graph, node, "to", 0), 0, 100);
  if (type < HD_TYPE_FLOAT || type > HD_TYPE_FLOAT4 || type == HD_TYPE_STRING)
    return _hd_graph_fault (graph, node, "it converts to type %d - expected a number type", type);
  return lower_elementwise (graph, node, &x, 1, (guint) op->detail, type);
}

/* --- quantized: scales and zero points are parameters of the operation ------------------------------------- */

gboolean
_hd_op_elementwise_quantized (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  /* Binary: a, scale, zero, b, scale, zero, scale, zero. Unary: x, scale, zero, scale, zero. */
  gboolean binary = op->max_inputs > 5;
  HdGraphValue *values[2] = { _hd_node_require (graph, node, 0), binary ? _hd_node_require (graph, node, 3) : NULL };
  HdGraphValue *zero = _hd_node_input (node, binary ? 7 : 4);
  if (values[0] == NULL || (binary && values[1] == NULL))
    return FALSE;
  return lower_elementwise (graph, node, values, binary ? 2 : 1, (guint) op->detail, zero != NULL ? zero->type : values[0]->type);
}

gboolean
_hd_op_quantize (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0), *zero = _hd_node_input (node, 2);
  if (x == NULL)
    return FALSE;
  int type = (int) CLAMP (_hd_node_attribute (node, "output_dtype") != NULL ? _hd_node_int (graph, node, "output_dtype", 0) : 0, 0, 100);
  return lower_elementwise (graph, node, &x, 1, (guint) op->detail, zero != NULL ? zero->type : type != 0 ? type : HD_TYPE_UINT8);
}

gboolean
_hd_op_dequantize (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0), *scale = _hd_node_input (node, 1);
  if (x == NULL)
    return FALSE;
  /* Weights stay as they are stored: a constant is not dequantized before it is used. */
  int type = graph->folding != NULL ? x->type : scale != NULL ? scale->type : HD_TYPE_FLOAT;
  return lower_elementwise (graph, node, &x, 1, (guint) op->detail, type);
}

/* The range of the whole input gives the scale, and then each element is quantized. */
gboolean
_hd_op_dynamic_quantize (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  if (x == NULL)
    return FALSE;
  const HdShape scalar = { 0 };
  if (_hd_node_output (node, 1) == NULL)
    g_ptr_array_add (node->outputs, _hd_graph_own_value (graph, node->name, "scale"));
  HdGraphValue *scale = _hd_node_output (node, 1), *zero = _hd_node_output (node, 2);
  if (!_hd_graph_set (graph, node, 0, &x->shape, HD_TYPE_UINT8, x->image) || !_hd_graph_set (graph, node, 1, &scalar, HD_TYPE_FLOAT, FALSE)
      || !_hd_graph_set (graph, node, 2, &scalar, HD_TYPE_UINT8, FALSE))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *range = _hd_lower_layer (graph, node, "scale", HD_LAYER_VECTOR, 2);
  _hd_lower_ranks (range, &x->shape, x->image, ranks);
  int one = _hd_workload_draft_layer_add_rank (range, "R", 1);
  _hd_lower_identity (_hd_lower_read (graph, range, x), x->shape.n, ranks);
  _hd_lower_term (_hd_lower_write (graph, range, scale), 0, one, 1);
  if (zero != NULL) {
    HdDraftLayer *offset = _hd_lower_layer (graph, node, "zero", HD_LAYER_VECTOR, 2);
    int rank = _hd_workload_draft_layer_add_rank (offset, "R", 1);
    _hd_lower_term (_hd_lower_read (graph, offset, scale), 0, rank, 1);
    _hd_lower_term (_hd_lower_write (graph, offset, zero), 0, rank, 1);
  }
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_VECTOR, (guint) op->detail);
  _hd_lower_ranks (layer, &x->shape, x->image, ranks);
  _hd_lower_identity (_hd_lower_read (graph, layer, x), x->shape.n, ranks);
  _hd_lower_read (graph, layer, scale);
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), x->shape.n, ranks);
  return TRUE;
}
