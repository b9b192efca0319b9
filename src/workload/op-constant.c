/* Operators whose output is known at import whatever the data: constants and the shapes of tensors. */
#include "config.h"
#include "workload/operators.h"

#include <math.h>
#include <string.h>

/* Contents of @n integers or reals; what is not given is derived. */
static void
set_contents (HdGraphValue *value, guint n, const gint64 *ints, const double *reals)
{
  _hd_contents_clear (&value->contents);
  value->contents.n = n;
  value->contents.reals = g_new0 (double, n + 1);
  if (ints != NULL) {
    value->contents.ints = g_new0 (gint64, n + 1);
    memcpy (value->contents.ints, ints, n * sizeof *ints);
  }
  for (guint i = 0; i < n; i++)
    value->contents.reals[i] = ints != NULL ? (double) ints[i] : reals[i];
}

/* A constant output without operands to fold: as if it was folding. */
static gboolean
set_constant (HdGraph *graph, HdGraphNode *node, const HdShape *shape, int type)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  GPtrArray *before = graph->folding;
  graph->folding = none;
  gboolean set = _hd_graph_set (graph, node, 0, shape, type, FALSE);
  graph->folding = before;
  return set;
}

gboolean
_hd_op_constant (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *out = _hd_node_output (node, 0);
  HdGraphAttribute *value = _hd_node_attribute (node, "value");
  if (value != NULL && value->value != NULL) {
    const HdGraphValue *tensor = value->value;
    if (!set_constant (graph, node, &tensor->shape, tensor->type))
      return FALSE;
    if (_hd_contents_known (&tensor->contents) && out != NULL && _hd_graph_keep_contents (graph, tensor->contents.n))
      set_contents (out, tensor->contents.n, tensor->contents.ints, tensor->contents.reals);
    return TRUE;
  }
  static const struct { const char *name; gboolean list, integer; } FORMS[] = {
    { "value_int", FALSE, TRUE }, { "value_ints", TRUE, TRUE }, { "value_float", FALSE, FALSE }, { "value_floats", TRUE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (FORMS); i++) {
    const HdGraphAttribute *attribute = _hd_node_attribute (node, FORMS[i].name);
    if (attribute == NULL || (FORMS[i].integer ? attribute->contents.ints == NULL : attribute->contents.reals == NULL))
      continue;
    HdShape shape = { FORMS[i].list ? 1 : 0, { attribute->contents.n } };
    if (!set_constant (graph, node, &shape, FORMS[i].integer ? HD_TYPE_INT64 : HD_TYPE_FLOAT))
      return FALSE;
    if (_hd_graph_keep_contents (graph, attribute->contents.n))
      set_contents (out, attribute->contents.n, FORMS[i].integer ? attribute->contents.ints : NULL, attribute->contents.reals);
    return TRUE;
  }
  return _hd_graph_fault (graph, node, "it has no value of numbers - expected value, value_int, value_ints, value_float or value_floats");
}

gboolean
_hd_op_constant_of_shape (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  gboolean present;
  const gint64 *sizes;
  guint n;
  if (!_hd_node_ints_or_input (graph, node, "shape", 0, &present, &sizes, &n))
    return FALSE;
  if (n > HD_DIMS_MAX)
    return _hd_graph_fault (graph, node, "its shape has %u numbers - expected at most %d", n, HD_DIMS_MAX);
  HdShape shape = { n, { 0 } };
  for (guint d = 0; d < n; d++)
    if (sizes[d] < 0 || sizes[d] > HD_SIZE_MAX)
      return _hd_graph_fault (graph, node, "its shape has %" G_GINT64_FORMAT " - expected 0 to %d", sizes[d], HD_SIZE_MAX);
    else
      shape.size[d] = (guint64) sizes[d];
  const HdGraphAttribute *fill = _hd_node_attribute (node, "value");
  const HdGraphValue *tensor = fill != NULL ? fill->value : NULL;
  if (!set_constant (graph, node, &shape, tensor != NULL ? tensor->type : HD_TYPE_FLOAT))
    return FALSE;
  guint64 elements = _hd_shape_elements (&shape);
  if (_hd_node_output (node, 0) == NULL || !_hd_graph_keep_contents (graph, elements))
    return TRUE;
  const HdContents *c = tensor != NULL && tensor->contents.n > 0 ? &tensor->contents : NULL;
  g_autofree gint64 *ints = g_new0 (gint64, elements + 1);
  g_autofree double *reals = g_new0 (double, elements + 1);
  for (guint64 i = 0; i < elements; i++) {
    ints[i] = c != NULL && c->ints != NULL ? c->ints[0] : 0;
    reals[i] = c != NULL && c->reals != NULL ? c->reals[0] : 0;
  }
  set_contents (_hd_node_output (node, 0), (guint) elements, c != NULL && c->ints != NULL ? ints : NULL, reals);
  return TRUE;
}

gboolean
_hd_op_shape (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  if (x == NULL)
    return FALSE;
  gint64 n = x->shape.n, sizes[HD_DIMS_MAX];
  gint64 start = _hd_node_int (graph, node, "start", 0), end = _hd_node_int (graph, node, "end", n);
  start = CLAMP (start < 0 ? MAX (start, -n) + n : start, 0, n);
  end = CLAMP (end < 0 ? MAX (end, -n) + n : end, 0, n);
  guint count = end > start ? (guint) (end - start) : 0;
  for (guint i = 0; i < count; i++)
    sizes[i] = (gint64) x->shape.size[(guint) start + i];
  HdShape shape = { 1, { count } };
  if (!set_constant (graph, node, &shape, HD_TYPE_INT64))
    return FALSE;
  set_contents (_hd_node_output (node, 0), count, sizes, NULL);
  return TRUE;
}

gboolean
_hd_op_size (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  const HdShape scalar = { 0 };
  if (x == NULL || !set_constant (graph, node, &scalar, HD_TYPE_INT64))
    return FALSE;
  gint64 elements = (gint64) _hd_shape_elements (&x->shape);
  set_contents (_hd_node_output (node, 0), 1, &elements, NULL);
  return TRUE;
}

gboolean
_hd_op_range (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  double bound[3];
  gboolean integer = TRUE;
  for (guint i = 0; i < 3; i++) {
    HdGraphValue *value = _hd_node_require (graph, node, i);
    if (value == NULL)
      return FALSE;
    if (value->contents.reals == NULL || value->contents.n != 1)
      return _hd_graph_fault (graph, node, "operand %u \"%s\" is not a constant number - expected one", i, value->name);
    bound[i] = value->contents.reals[0];
    integer &= value->contents.ints != NULL;
  }
  double count = bound[2] != 0 ? ceil ((bound[1] - bound[0]) / bound[2]) : -1;
  if (!(count >= 0 && count <= HD_SIZE_MAX))
    return _hd_graph_fault (graph, node, "it has %g elements - expected 0 to %d", count, HD_SIZE_MAX);
  HdShape shape = { 1, { (guint64) count } };
  if (!set_constant (graph, node, &shape, integer ? HD_TYPE_INT64 : HD_TYPE_FLOAT))
    return FALSE;
  if (!_hd_graph_keep_contents (graph, (guint64) count))
    return TRUE;
  g_autofree gint64 *ints = g_new0 (gint64, (gsize) count + 1);
  g_autofree double *reals = g_new0 (double, (gsize) count + 1);
  for (guint i = 0; i < (guint) count; i++) {
    reals[i] = bound[0] + i * bound[2];
    ints[i] = integer && fabs (reals[i]) < 9e15 ? (gint64) reals[i] : 0;
  }
  set_contents (_hd_node_output (node, 0), (guint) count, integer ? ints : NULL, reals);
  return TRUE;
}
