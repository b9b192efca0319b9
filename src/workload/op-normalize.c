/* Normalisations. Those that need a whole axis before the first result (Softmax, LayerNormalization, ...) become two layers:
 *
 *     NAME.stats   reads the input over the whole axis and makes one number for each row of it (maximum and sum; mean and variance)
 *     NAME         reads the input again, and the statistics, element by element
 *
 * so a node that cuts the axis still depends on all of it, and every operation and every read is counted once where it happens. The statistics
 * are kept at the width of partial sums.
 */
#include "config.h"
#include "workload/operators.h"

typedef struct {
  HdGraphValue *x;
  guint32 axes;          /* normalised over these dimensions, a bit each */
  guint stats_ops, ops;  /* operations per element of either layer */
  HdGraphValue *parameters[2];
  guint parameters_axis; /* where the shape of the parameters begins */
} Normalisation;

/* Parameters have the shape of the input from an axis on. */
static gboolean
parameter_fits (HdGraph *graph, HdGraphNode *node, const Normalisation *n, const HdGraphValue *parameter)
{
  const HdShape *shape = &n->x->shape;
  gboolean fits = parameter->shape.n + n->parameters_axis <= shape->n;
  for (guint d = 0; fits && d < parameter->shape.n; d++)
    fits = parameter->shape.size[d] == 1 || parameter->shape.size[d] == shape->size[n->parameters_axis + d];
  return fits || _hd_graph_fault (graph, node, "the parameter \"%s\" does not fit its input", parameter->name);
}

static void
read_parameter (HdGraph *graph, HdDraftLayer *layer, const Normalisation *n, HdGraphValue *parameter, const int *ranks)
{
  HdOperand *operand = _hd_lower_read (graph, layer, parameter);
  for (guint d = 0; d < parameter->shape.n; d++)
    if (parameter->shape.size[d] != 1)
      _hd_lower_term (operand, d, ranks[n->parameters_axis + d], 1);
}

static gboolean
lower_normalisation (HdGraph *graph, HdGraphNode *node, const Normalisation *n, int type)
{
  HdGraphValue *x = n->x, *stats = _hd_graph_own_value (graph, node->name, "stats");
  int ranks[HD_DIMS_MAX], sums[HD_DIMS_MAX];
  if (!_hd_graph_set (graph, node, 0, &x->shape, type, x->image))
    return FALSE;
  stats->shape = x->shape;
  for (guint d = 0; d < x->shape.n; d++)
    if (n->axes & (1u << d))
      stats->shape.size[d] = 1;
  stats->known = TRUE;
  stats->image = x->image;
  HdDraftLayer *first = _hd_lower_layer (graph, node, "stats", HD_LAYER_VECTOR, n->stats_ops);
  stats->bits = first->layer.partial_bits;
  _hd_lower_ranks (first, &stats->shape, x->image, ranks);
  HdOperand *input = _hd_lower_read (graph, first, x);
  for (guint d = 0; d < x->shape.n; d++) {
    g_autofree char *name = g_strdup_printf ("R%u", d);
    sums[d] = n->axes & (1u << d) ? _hd_workload_draft_layer_add_rank (first, name, x->shape.size[d]) : ranks[d];
    _hd_lower_term (input, d, sums[d], 1);
  }
  _hd_lower_identity (_hd_lower_write (graph, first, stats), x->shape.n, ranks);
  HdDraftLayer *second = _hd_lower_layer (graph, node, NULL, HD_LAYER_VECTOR, n->ops);
  _hd_lower_ranks (second, &x->shape, x->image, ranks);
  _hd_lower_identity (_hd_lower_read (graph, second, x), x->shape.n, ranks);
  _hd_lower_broadcast (_hd_lower_read (graph, second, stats), &stats->shape, x->shape.n, ranks);
  for (guint i = 0; i < 2; i++) {
    if (n->parameters[i] == NULL)
      continue;
    if (!parameter_fits (graph, node, n, n->parameters[i]))
      return FALSE;
    read_parameter (graph, second, n, n->parameters[i], ranks);
  }
  _hd_lower_identity (_hd_lower_write (graph, second, _hd_node_output (node, 0)), x->shape.n, ranks);
  return TRUE;
}

gboolean
_hd_op_softmax (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  Normalisation n = { _hd_node_require (graph, node, 0), 0, 4, 3, { NULL, NULL }, 0 };
  guint axis;
  if (n.x == NULL)
    return FALSE;
  /* Before opset 13 everything from the axis on is one row, and the axis is 1 unless it is told. */
  gboolean flattened = graph->opset < 13 && *node->domain == '\0';
  if (!_hd_node_axis (graph, node, _hd_node_int (graph, node, "axis", flattened ? 1 : -1), n.x->shape.n, &axis))
    return FALSE;
  for (guint d = axis; d < (flattened ? n.x->shape.n : axis + 1); d++)
    n.axes |= 1u << d;
  n.ops = (guint) op->detail;
  const HdGraphValue *zero = op->max_inputs > 1 ? _hd_node_input (node, 4) : NULL;
  return lower_normalisation (graph, node, &n, zero != NULL ? zero->type : n.x->type);
}

/* Scale and bias of a normalisation that XML leaves out. */
static HdGraphValue *
parameter_of (HdGraph *graph, HdGraphNode *node, guint index, const char *suffix, const HdShape *shape)
{
  HdGraphValue *value = _hd_node_input (node, index);
  return value != NULL || !graph->xml ? value : _hd_graph_own_weight (graph, node, suffix, shape);
}

gboolean
_hd_op_layer_norm (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  Normalisation n = { _hd_node_require (graph, node, 0), 0, 3, 4, { NULL, NULL }, 0 };
  guint axis;
  if (n.x == NULL || !_hd_node_axis (graph, node, _hd_node_int (graph, node, "axis", -1), n.x->shape.n, &axis))
    return FALSE;
  HdShape shape = { 0 };
  for (guint d = axis; d < n.x->shape.n; d++) {
    n.axes |= 1u << d;
    shape.size[shape.n++] = n.x->shape.size[d];
  }
  for (guint i = 1; i < node->outputs->len; i++)
    if (_hd_node_output (node, i) != NULL)
      return _hd_graph_fault (graph, node, "its output %u (statistics) is not known - expected one output", i);
  n.parameters_axis = axis;
  n.parameters[0] = parameter_of (graph, node, 1, "scale", &shape);
  /* Without mean: squares and their sum, then two products. */
  gboolean rms = op->detail == 1;
  n.parameters[1] = rms ? NULL : parameter_of (graph, node, 2, "bias", &shape);
  n.stats_ops = rms ? 2 : 3;
  n.ops = (rms ? 1 : 2) + (n.parameters[0] != NULL) + (n.parameters[1] != NULL);
  return lower_normalisation (graph, node, &n, n.x->type);
}

gboolean
_hd_op_instance_norm (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  Normalisation n = { _hd_node_require (graph, node, 0), 0, 3, 4, { NULL, NULL }, 1 };
  if (n.x == NULL)
    return FALSE;
  if (n.x->shape.n < 3)
    return _hd_graph_fault (graph, node, "\"%s\" has %u dimensions - expected at least 3", n.x->name, n.x->shape.n);
  n.axes = ((1u << n.x->shape.n) - 1) & ~3u;
  HdShape shape = { 1, { n.x->shape.size[1] } };
  n.parameters[0] = parameter_of (graph, node, 1, "scale", &shape);
  n.parameters[1] = parameter_of (graph, node, 2, "bias", &shape);
  return lower_normalisation (graph, node, &n, n.x->type);
}

gboolean
_hd_op_batch_norm (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  if (x == NULL)
    return FALSE;
  if (x->shape.n < 2)
    return _hd_graph_fault (graph, node, "\"%s\" has %u dimensions - expected at least 2", x->name, x->shape.n);
  if (!_hd_graph_set (graph, node, 0, &x->shape, x->type, x->image))
    return FALSE;
  static const char *const SUFFIX[] = { "scale", "bias", "mean", "variance" };
  const HdShape shape = { 1, { x->shape.size[1] } };
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_VECTOR, (guint) op->detail);
  _hd_lower_ranks (layer, &x->shape, x->image, ranks);
  _hd_lower_identity (_hd_lower_read (graph, layer, x), x->shape.n, ranks);
  for (guint i = 0; i < 4; i++) {
    HdGraphValue *parameter = parameter_of (graph, node, 1 + i, SUFFIX[i], &shape);
    if (parameter == NULL)
      return _hd_graph_fault (graph, node, "operand %u is missing", 1 + i);
    if (!_hd_shape_equal (&parameter->shape, &shape))
      return _hd_graph_fault (graph, node, "the parameter \"%s\" is not one number for each of %" G_GUINT64_FORMAT " channels", parameter->name, shape.size[0]);
    _hd_lower_term (_hd_lower_read (graph, layer, parameter), 0, ranks[1], 1);
  }
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), x->shape.n, ranks);
  return TRUE;
}

/* Local response normalisation: squares summed over a window of channels, then each element is scaled by its sum. */
gboolean
_hd_op_lrn (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gint64 size = _hd_node_int (graph, node, "size", 0);
  if (x == NULL)
    return FALSE;
  if (x->shape.n < 2 || size < 1 || size > HD_SIZE_MAX)
    return _hd_graph_fault (graph, node, "size is %" G_GINT64_FORMAT " and \"%s\" has %u dimensions - expected a size of at least 1 and 2 dimensions", size,
                            x->name, x->shape.n);
  if (!_hd_graph_set (graph, node, 0, &x->shape, x->type, x->image))
    return FALSE;
  HdGraphValue *stats = _hd_graph_own_value (graph, node->name, "stats");
  stats->shape = x->shape;
  stats->known = TRUE;
  stats->image = x->image;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *first = _hd_lower_layer (graph, node, "stats", HD_LAYER_VECTOR, 2);
  stats->bits = first->layer.partial_bits;
  _hd_lower_ranks (first, &x->shape, x->image, ranks);
  HdOperand *input = _hd_lower_read (graph, first, x);
  _hd_lower_identity (input, x->shape.n, ranks);
  _hd_lower_term (input, 1, _hd_workload_draft_layer_add_rank (first, "R1", (guint64) size), 1);
  input->projection[1].offset = -((size - 1) / 2);
  _hd_lower_identity (_hd_lower_write (graph, first, stats), x->shape.n, ranks);
  HdDraftLayer *second = _hd_lower_layer (graph, node, NULL, HD_LAYER_VECTOR, (guint) op->detail);
  _hd_lower_ranks (second, &x->shape, x->image, ranks);
  _hd_lower_identity (_hd_lower_read (graph, second, x), x->shape.n, ranks);
  _hd_lower_identity (_hd_lower_read (graph, second, stats), x->shape.n, ranks);
  _hd_lower_identity (_hd_lower_write (graph, second, _hd_node_output (node, 0)), x->shape.n, ranks);
  return TRUE;
}
