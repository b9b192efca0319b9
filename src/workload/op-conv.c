/* Convolutions: B [G] K C and the spatial ranks. With groups K and C count per group and are left out when they are 1 (depthwise). */
#include "config.h"
#include "workload/operators.h"

typedef struct {
  int b, g, k, c, o[HD_SPATIAL_MAX], f[HD_SPATIAL_MAX];
} ConvRanks;

/* The ranks of a convolution over @groups groups of @k output and @c input channels. */
static ConvRanks
add_ranks (HdDraftLayer *layer, guint64 batch, guint64 groups, guint64 k, guint64 c, const HdWindow *w)
{
  ConvRanks r = { -1, -1, -1, -1, { -1, -1, -1 }, { -1, -1, -1 } };
  r.b = _hd_workload_draft_layer_add_rank (layer, "B", batch);
  if (groups > 1)
    r.g = _hd_workload_draft_layer_add_rank (layer, "G", groups);
  if (groups == 1 || k > 1)
    r.k = _hd_workload_draft_layer_add_rank (layer, "K", k);
  if (groups == 1 || c > 1)
    r.c = _hd_workload_draft_layer_add_rank (layer, "C", c);
  for (guint i = 0; i < w->n; i++)
    r.o[i] = _hd_workload_draft_layer_add_rank (layer, _hd_window_rank (w->n, i, FALSE), w->out[i]);
  for (guint i = 0; i < w->n; i++)
    r.f[i] = _hd_workload_draft_layer_add_rank (layer, _hd_window_rank (w->n, i, TRUE), (guint64) w->kernel[i]);
  return r;
}

/* The channel dimension @d: groups of @each, the digit @inner within. */
static void
channel (HdOperand *operand, guint d, int groups, guint64 each, int inner)
{
  _hd_lower_term (operand, d, groups, (gint64) each);
  _hd_lower_term (operand, d, inner, 1);
}

static void
write_output (HdGraph *graph, HdDraftLayer *layer, HdGraphNode *node, const ConvRanks *r, guint64 k, const HdWindow *w, HdGraphValue *bias)
{
  if (bias != NULL)
    channel (_hd_lower_read_bias (graph, layer, bias), 0, r->g, k, r->k);
  HdOperand *output = _hd_lower_write (graph, layer, _hd_node_output (node, 0));
  _hd_lower_term (output, 0, r->b, 1);
  channel (output, 1, r->g, k, r->k);
  for (guint i = 0; i < w->n; i++)
    _hd_lower_term (output, 2 + i, r->o[i], 1);
}

static gboolean
check_bias (HdGraph *graph, HdGraphNode *node, const HdGraphValue *bias, guint64 channels)
{
  return bias == NULL || (bias->shape.n == 1 && bias->shape.size[0] == channels)
         || _hd_graph_fault (graph, node, "the bias \"%s\" is not one number for each of %" G_GUINT64_FORMAT " channels", bias->name, channels);
}

static gboolean
read_groups (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, guint64 *groups)
{
  gint64 value = _hd_node_int (graph, node, "group", 1);
  if (x->shape.n < 3 || x->shape.n > 2 + HD_SPATIAL_MAX)
    return _hd_graph_fault (graph, node, "\"%s\" has %u dimensions - expected 3 to %d", x->name, x->shape.n, 2 + HD_SPATIAL_MAX);
  if (value < 1 || x->shape.size[1] % (guint64) value != 0)
    return _hd_graph_fault (graph, node, "group is %" G_GINT64_FORMAT " - expected a divisor of the %" G_GUINT64_FORMAT " input channels", value, x->shape.size[1]);
  *groups = (guint64) value;
  return TRUE;
}

gboolean
_hd_lower_conv (HdGraph *graph, HdGraphNode *node, HdGraphValue *x, HdGraphValue *w, HdGraphValue *bias, int type)
{
  guint64 groups;
  gint64 kernel[HD_SPATIAL_MAX];
  HdWindow window;
  if (!read_groups (graph, node, x, &groups))
    return FALSE;
  if (w->shape.n != x->shape.n)
    return _hd_graph_fault (graph, node, "its weights have %u dimensions, its input %u", w->shape.n, x->shape.n);
  for (guint i = 0; i + 2 < w->shape.n; i++)
    kernel[i] = (gint64) w->shape.size[2 + i];
  guint64 channels = w->shape.size[0], k = channels / groups, c = w->shape.size[1];
  if (c * groups != x->shape.size[1] || k * groups != channels)
    return _hd_graph_fault (graph, node, "weights of %" G_GUINT64_FORMAT " x %" G_GUINT64_FORMAT " channels in %" G_GUINT64_FORMAT
                            " groups do not fit an input of %" G_GUINT64_FORMAT " channels", channels, c, groups, x->shape.size[1]);
  if (!check_bias (graph, node, bias, channels) || !_hd_window_read (graph, node, x, kernel, &window))
    return FALSE;
  HdShape shape = { x->shape.n, { x->shape.size[0], channels } };
  for (guint i = 0; i < window.n; i++)
    shape.size[2 + i] = window.out[i];
  if (!_hd_graph_set (graph, node, 0, &shape, type, TRUE))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_MAC, 1);
  ConvRanks r = add_ranks (layer, x->shape.size[0], groups, k, c, &window);
  HdOperand *input = _hd_lower_read (graph, layer, x);
  HdOperand *weight = _hd_lower_read (graph, layer, w);
  _hd_lower_term (input, 0, r.b, 1);
  channel (input, 1, r.g, c, r.c);
  channel (weight, 0, r.g, k, r.k);
  _hd_lower_term (weight, 1, r.c, 1);
  for (guint i = 0; i < window.n; i++) {
    _hd_lower_term (input, 2 + i, r.o[i], window.stride[i]);
    _hd_lower_term (input, 2 + i, r.f[i], window.dilation[i]);
    input->projection[2 + i].offset = -window.before[i];
    _hd_lower_term (weight, 2 + i, r.f[i], 1);
  }
  write_output (graph, layer, node, &r, k, &window, bias);
  return TRUE;
}

/* Weights that XML leaves out: `channels`, `kernel_shape` and `group` tell their shape. */
static HdGraphValue *
weights_of (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, guint index, gboolean transposed)
{
  if (_hd_node_input (node, index) != NULL || !graph->xml)
    return _hd_node_require (graph, node, index);
  guint64 groups, channels;
  guint n = 0;
  const gint64 *kernel = _hd_node_ints (graph, node, "kernel_shape", 0, &n);
  if (!read_groups (graph, node, x, &groups))
    return NULL;
  if (kernel == NULL || n + 2 != x->shape.n || _hd_node_attribute (node, "channels") == NULL) {
    _hd_graph_fault (graph, node, "it has no weights - expected a second operand, or channels and a kernel_shape of %u numbers", x->shape.n - 2);
    return NULL;
  }
  if (!_hd_graph_size (graph, node, _hd_node_int (graph, node, "channels", 0), &channels))
    return NULL;
  if (channels % groups != 0) {
    _hd_graph_fault (graph, node, "channels is %" G_GUINT64_FORMAT " - expected a multiple of the %" G_GUINT64_FORMAT " groups", channels, groups);
    return NULL;
  }
  HdShape shape = { x->shape.n, { transposed ? x->shape.size[1] : channels, transposed ? channels / groups : x->shape.size[1] / groups } };
  for (guint i = 0; i < n; i++)
    if (!_hd_graph_size (graph, node, kernel[i], &shape.size[2 + i]))
      return NULL;
  return _hd_graph_own_weight (graph, node, "weight", &shape);
}

static HdGraphValue *
bias_of (HdGraph *graph, HdGraphNode *node, guint index, guint64 channels)
{
  HdGraphValue *bias = _hd_node_input (node, index);
  const char *wanted = graph->xml ? _hd_node_text (graph, node, "bias", "false") : "false";
  if (bias != NULL || !g_str_equal (wanted, "true"))
    return bias;
  return _hd_graph_own_weight (graph, node, "bias", &(HdShape) { 1, { channels } });
}

gboolean
_hd_op_conv (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  HdGraphValue *w = x != NULL ? weights_of (graph, node, x, 1, FALSE) : NULL;
  if (w == NULL)
    return FALSE;
  return _hd_lower_conv (graph, node, x, w, bias_of (graph, node, 2, w->shape.n > 0 ? w->shape.size[0] : 1), x->type);
}

gboolean
_hd_op_conv_quantized (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  /* QLinearConv: x, scale, zero, w, scale, zero, scale, zero, bias. ConvInteger: x, w, zeros. */
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  HdGraphValue *w = _hd_node_require (graph, node, op->detail == 0 ? 3 : 1);
  HdGraphValue *zero = op->detail == 0 ? _hd_node_input (node, 7) : NULL;
  if (x == NULL || w == NULL)
    return FALSE;
  if (_hd_node_int (graph, node, "channels_last", 0) != 0)
    return _hd_graph_fault (graph, node, "channels_last is not known - expected channels first");
  int type = op->detail == 1 ? HD_TYPE_INT32 : zero != NULL ? zero->type : x->type;
  return _hd_lower_conv (graph, node, x, w, op->detail == 0 ? _hd_node_input (node, 8) : NULL, type);
}

/* --- transposed: input pixel (o + before - dilation*f) / stride, where that is whole ---------------------- */

/* Output sizes: stride*(in - 1) + output_padding + dilation*(kernel - 1) + 1 - padding, or given, which then tells the padding. */
static gboolean
transposed_sizes (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, HdWindow *w)
{
  const gint64 *extra = _hd_node_ints (graph, node, "output_padding", 0, NULL);
  if (extra != NULL)
    extra = _hd_node_ints (graph, node, "output_padding", w->n, NULL);
  guint n_given = 0;
  const gint64 *given = _hd_node_ints (graph, node, "output_shape", 0, &n_given);
  const char *mode = _hd_node_text (graph, node, "auto_pad", "NOTSET");
  if (given != NULL && n_given != w->n && n_given != w->n + 2)
    return _hd_graph_fault (graph, node, "output_shape has %u numbers - expected %u", n_given, w->n);
  for (guint i = 0; i < w->n; i++) {
    gint64 full = w->stride[i] * ((gint64) x->shape.size[2 + i] - 1) + w->dilation[i] * (w->kernel[i] - 1) + 1;
    gint64 more = extra != NULL ? extra[i] : 0;
    if (more < 0 || more >= MAX (w->stride[i], w->dilation[i]))
      return _hd_graph_fault (graph, node, "output_padding has %" G_GINT64_FORMAT " - expected less than the stride", more);
    gint64 out = full + more - w->before[i] - w->after[i];
    if (given != NULL || g_str_has_prefix (mode, "SAME")) {
      out = given != NULL ? given[n_given - w->n + i] : (gint64) x->shape.size[2 + i] * w->stride[i];
      if (out < 1 || out > HD_SIZE_MAX)
        return _hd_graph_fault (graph, node, "output_shape has %" G_GINT64_FORMAT " - expected 1 to %d", out, HD_SIZE_MAX);
      gint64 total = MAX (0, full + more - out);
      w->before[i] = g_str_equal (mode, "SAME_UPPER") ? total / 2 : total - total / 2;
    }
    if (!_hd_graph_size (graph, node, out, &w->out[i]))
      return FALSE;
  }
  return TRUE;
}

gboolean
_hd_op_conv_transpose (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  HdGraphValue *w = x != NULL ? weights_of (graph, node, x, 1, TRUE) : NULL;
  guint64 groups;
  gint64 kernel[HD_SPATIAL_MAX];
  HdWindow window;
  if (w == NULL || !read_groups (graph, node, x, &groups))
    return FALSE;
  if (w->shape.n != x->shape.n || w->shape.size[0] != x->shape.size[1])
    return _hd_graph_fault (graph, node, "its weights do not fit an input of %u dimensions and %" G_GUINT64_FORMAT " channels", x->shape.n, x->shape.size[1]);
  for (guint i = 0; i + 2 < w->shape.n; i++)
    kernel[i] = (gint64) w->shape.size[2 + i];
  /* A window as large as the kernel always fits when the input is taken to be large: only its parameters matter here. */
  HdGraphValue large = *x;
  for (guint i = 2; i < large.shape.n; i++)
    large.shape.size[i] = HD_SIZE_MAX / 4;
  if (!_hd_window_read (graph, node, &large, kernel, &window) || !transposed_sizes (graph, node, x, &window))
    return FALSE;
  guint64 k = w->shape.size[1], c = x->shape.size[1] / groups;
  HdShape shape = { x->shape.n, { x->shape.size[0], k * groups } };
  for (guint i = 0; i < window.n; i++)
    shape.size[2 + i] = window.out[i];
  HdGraphValue *bias = bias_of (graph, node, 2, k * groups);
  if (!check_bias (graph, node, bias, k * groups) || !_hd_graph_set (graph, node, 0, &shape, x->type, TRUE))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_MAC, 1);
  ConvRanks r = add_ranks (layer, x->shape.size[0], groups, k, c, &window);
  HdOperand *input = _hd_lower_read (graph, layer, x);
  HdOperand *weight = _hd_lower_read (graph, layer, w);
  _hd_lower_term (input, 0, r.b, 1);
  channel (input, 1, r.g, c, r.c);
  channel (weight, 0, r.g, c, r.c);
  _hd_lower_term (weight, 1, r.k, 1);
  for (guint i = 0; i < window.n; i++) {
    HdProjection *p = &input->projection[2 + i];
    _hd_lower_term (input, 2 + i, r.o[i], 1);
    _hd_lower_term (input, 2 + i, r.f[i], -window.dilation[i]);
    p->offset = window.before[i];
    p->divisor = window.stride[i];
    p->exact = window.stride[i] > 1;
    _hd_lower_term (weight, 2 + i, r.f[i], 1);
  }
  write_output (graph, layer, node, &r, k, &window, bias);
  return TRUE;
}
