/* Windows: kernel, strides, dilations and padding of convolutions and poolings, and the output sizes that follow.
 *
 *     out = floor ((in + before + after - (dilation * (kernel - 1) + 1)) / stride) + 1
 *
 * with ceil instead of floor for ceil_mode, where a window that would begin in the padding at the end is left out.
 */
#include "config.h"
#include "workload/operators.h"

#include <heddle/checked.h>

const char *
_hd_window_rank (guint n, guint i, gboolean filter)
{
  static const char *const NAMES[2][HD_SPATIAL_MAX] = { { "OZ", "OY", "OX" }, { "FZ", "FY", "FX" } };
  return NAMES[filter ? 1 : 0][HD_SPATIAL_MAX - n + i];
}

/* Fills @out from an attribute of @count numbers in [@low, HD_SIZE_MAX]. */
static gboolean
read_numbers (HdGraph *graph, HdGraphNode *node, const char *name, guint count, gint64 low, gint64 fallback, gint64 *out)
{
  for (guint i = 0; i < count; i++)
    out[i] = fallback;
  if (_hd_node_attribute (node, name) == NULL)
    return TRUE;
  const gint64 *ints = _hd_node_ints (graph, node, name, count, NULL);
  if (ints == NULL)
    return FALSE;
  for (guint i = 0; i < count; i++) {
    if (ints[i] < low || ints[i] > HD_SIZE_MAX)
      return _hd_graph_fault (graph, node, "%s has %" G_GINT64_FORMAT " - expected %" G_GINT64_FORMAT " to %d", name, ints[i], low, HD_SIZE_MAX);
    out[i] = ints[i];
  }
  return TRUE;
}

/* Padding that makes ceil (in / stride) outputs; an odd one goes to the end (SAME_UPPER) or the beginning. */
static void
pad_same (HdWindow *w, guint i, gint64 in, gboolean upper)
{
  gint64 out = (gint64) hd_ceil_div ((guint64) in, (guint64) w->stride[i]);
  gint64 total = MAX (0, (out - 1) * w->stride[i] + w->dilation[i] * (w->kernel[i] - 1) + 1 - in);
  w->before[i] = upper ? total / 2 : total - total / 2;
  w->after[i] = total - w->before[i];
}

static gboolean
read_padding (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, HdWindow *w)
{
  static const char *const MODES[] = { "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", NULL };
  const char *mode = _hd_node_text (graph, node, "auto_pad", "NOTSET");
  gint64 pads[2 * HD_SPATIAL_MAX];
  if (!g_strv_contains (MODES, mode))
    return _hd_graph_fault (graph, node, "auto_pad \"%.60s\" - expected NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode);
  if (!read_numbers (graph, node, "pads", 2 * w->n, 0, 0, pads))
    return FALSE;
  for (guint i = 0; i < w->n; i++) {
    w->before[i] = g_str_equal (mode, "NOTSET") ? pads[i] : 0;
    w->after[i] = g_str_equal (mode, "NOTSET") ? pads[w->n + i] : 0;
    if (g_str_has_prefix (mode, "SAME"))
      pad_same (w, i, (gint64) x->shape.size[2 + i], g_str_equal (mode, "SAME_UPPER"));
  }
  return TRUE;
}

gboolean
_hd_window_read (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, const gint64 *kernel, HdWindow *w)
{
  w->n = x->shape.n - 2;
  if (x->shape.n < 3 || w->n > HD_SPATIAL_MAX)
    return _hd_graph_fault (graph, node, "\"%s\" has %u dimensions - expected 3 to %d", x->name, x->shape.n, HD_SPATIAL_MAX + 2);
  if (kernel == NULL && _hd_node_attribute (node, "kernel_shape") == NULL)
    return _hd_graph_fault (graph, node, "kernel_shape is missing");
  if (!read_numbers (graph, node, "kernel_shape", w->n, 1, 1, w->kernel) || !read_numbers (graph, node, "strides", w->n, 1, 1, w->stride)
      || !read_numbers (graph, node, "dilations", w->n, 1, 1, w->dilation))
    return FALSE;
  for (guint i = 0; kernel != NULL && i < w->n; i++) {
    if (_hd_node_attribute (node, "kernel_shape") != NULL && w->kernel[i] != kernel[i])
      return _hd_graph_fault (graph, node, "kernel_shape has %" G_GINT64_FORMAT ", its weights %" G_GINT64_FORMAT, w->kernel[i], kernel[i]);
    w->kernel[i] = kernel[i];
  }
  if (!read_padding (graph, node, x, w))
    return FALSE;
  gboolean ceil_mode = _hd_node_int (graph, node, "ceil_mode", 0) != 0;
  for (guint i = 0; i < w->n; i++) {
    gint64 in = (gint64) x->shape.size[2 + i];
    gint64 room = in + w->before[i] + w->after[i] - (w->dilation[i] * (w->kernel[i] - 1) + 1);
    if (room < 0)
      return _hd_graph_fault (graph, node, "a window of %" G_GINT64_FORMAT " (dilation %" G_GINT64_FORMAT ") does not fit in %" G_GINT64_FORMAT
                              " elements and their padding", w->kernel[i], w->dilation[i], in);
    gint64 out = (ceil_mode ? (gint64) hd_ceil_div ((guint64) room, (guint64) w->stride[i]) : room / w->stride[i]) + 1;
    if (ceil_mode && out > 1 && (out - 1) * w->stride[i] >= in + w->before[i])
      out--;
    if (!_hd_graph_size (graph, node, out, &w->out[i]))
      return FALSE;
  }
  return TRUE;
}
