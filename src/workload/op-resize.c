/* Resize and Upsample: where an output pixel comes from is affine with a divisor.
 *
 * Along an axis of `in` elements that becomes `out`, pixel r lies at x = (num * r + add) / den of the input:
 *
 * | coordinates          | x                                   |
 * |----------------------|-------------------------------------|
 * | asymmetric           | r * in / out                        |
 * | half_pixel           | ((2r + 1) * in - out) / (2 * out)   |
 * | pytorch_half_pixel   | the same; 0 when out is 1           |
 * | align_corners        | r * (in - 1) / (out - 1); 0 when out is 1 |
 *
 * nearest reads floor (x + shift); linear reads 2 neighbours and cubic 4, from floor (x) - 1 on, as ranks F0, F1, ... of the axes that change size.
 * Neighbours outside are the edge again, which is read already. A scale that is not out / in exactly is taken to be that ratio.
 */
#include "config.h"
#include "workload/operators.h"

#include <heddle/checked.h>
#include <math.h>

typedef enum { NEAREST, LINEAR, CUBIC } Mode;

typedef struct {
  Mode mode;
  const char *coordinates, *rounding;
} ResizeKind;

/* Output sizes from `sizes` (input 3) or `scales` (input 2, or 1 before opset 11). */
static gboolean
read_sizes (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, HdShape *shape)
{
  gboolean has_sizes, has_scales, some_axes;
  const gint64 *sizes, *axes;
  const double *scales;
  guint n_sizes, n_scales, n_axes;
  guint index = g_str_equal (node->type, "Upsample") || graph->opset < 11 ? 1 : 2;
  if (!_hd_node_ints_or_input (graph, node, "sizes", index == 1 ? G_MAXUINT : 3, &has_sizes, &sizes, &n_sizes)
      || !_hd_node_ints_or_input (graph, node, "axes", G_MAXUINT, &some_axes, &axes, &n_axes))
    return FALSE;
  has_scales = FALSE;
  if (!has_sizes && !_hd_node_reals_or_input (graph, node, "scales", index, &has_scales, &scales, &n_scales))
    return FALSE;
  guint n = has_sizes ? n_sizes : has_scales ? n_scales : 0, expected = some_axes ? n_axes : x->shape.n;
  if ((!has_sizes && !has_scales) || n != expected)
    return _hd_graph_fault (graph, node, "%s has %u numbers - expected %u", has_sizes ? "sizes" : "scales", n, expected);
  const char *policy = _hd_node_text (graph, node, "keep_aspect_ratio_policy", "stretch");
  if (!g_str_equal (policy, "stretch"))
    return _hd_graph_fault (graph, node, "keep_aspect_ratio_policy \"%.60s\" is not known - expected stretch", policy);
  *shape = x->shape;
  for (guint i = 0; i < n; i++) {
    guint d = i;
    if (some_axes && !_hd_node_axis (graph, node, axes[i], x->shape.n, &d))
      return FALSE;
    if (!has_sizes && !(scales[i] > 0 && scales[i] <= HD_SIZE_MAX))
      return _hd_graph_fault (graph, node, "a scale is %g - expected a positive one", scales[i]);
    double size = has_sizes ? 0 : floor ((double) x->shape.size[d] * scales[i]);
    if (!_hd_graph_size (graph, node, has_sizes ? sizes[i] : (gint64) MIN (size, 1e18), &shape->size[d]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_kind (HdGraph *graph, HdGraphNode *node, ResizeKind *kind)
{
  static const char *const COORDINATES[] = { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", NULL };
  static const char *const ROUNDING[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL };
  gboolean old = g_str_equal (node->type, "Upsample") || graph->opset < 11;
  const char *mode = _hd_node_text (graph, node, "mode", "nearest");
  kind->coordinates = _hd_node_text (graph, node, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  kind->rounding = _hd_node_text (graph, node, "nearest_mode", old ? "floor" : "round_prefer_floor");
  if (!g_strv_contains (COORDINATES, kind->coordinates))
    return _hd_graph_fault (graph, node, "coordinate_transformation_mode \"%.60s\" is not known - expected one of half_pixel, pytorch_half_pixel, align_corners, asymmetric",
                            kind->coordinates);
  if (!g_strv_contains (ROUNDING, kind->rounding))
    return _hd_graph_fault (graph, node, "nearest_mode \"%.60s\" is not known - expected one of round_prefer_floor, round_prefer_ceil, floor, ceil", kind->rounding);
  if (g_str_equal (mode, "nearest"))
    kind->mode = NEAREST;
  else if (g_str_equal (mode, "linear") || g_str_equal (mode, "bilinear"))
    kind->mode = LINEAR;
  else if (g_str_equal (mode, "cubic"))
    kind->mode = CUBIC;
  else
    return _hd_graph_fault (graph, node, "mode \"%.60s\" is not known - expected nearest, linear or cubic", mode);
  return TRUE;
}

/* x = (num * r + add) / den, and then the rounding of the mode, as one floor. */
static void
source_of (const ResizeKind *kind, gint64 in, gint64 out, gint64 *num, gint64 *add, gint64 *den)
{
  *add = 0;
  if (g_str_equal (kind->coordinates, "align_corners")) {
    *num = out > 1 ? in - 1 : 0;
    *den = MAX (out - 1, 1);
  } else if (g_str_equal (kind->coordinates, "asymmetric") || (out == 1 && g_str_equal (kind->coordinates, "pytorch_half_pixel"))) {
    *num = in;
    *den = out;
  } else {
    *num = 2 * in;
    *add = in - out;
    *den = 2 * out;
  }
  if (kind->mode == NEAREST && g_str_equal (kind->rounding, "ceil"))
    *add += *den - 1;                       /* ceil (a / d) = floor ((a + d - 1) / d) */
  if (kind->mode == NEAREST && g_str_has_prefix (kind->rounding, "round")) {
    *num *= 2;                              /* round (x) = floor (x + 1/2), or ceil (x - 1/2) */
    *add = 2 * *add + *den - (g_str_equal (kind->rounding, "round_prefer_floor") ? 1 : 0);
    *den *= 2;
  }
  gint64 common = (gint64) hd_gcd (hd_gcd ((guint64) *num, (guint64) ABS (*add)), (guint64) *den);
  *num /= common;
  *add /= common;
  *den /= common;
}

gboolean
_hd_op_resize (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  HdShape shape;
  ResizeKind kind = { NEAREST, "", "" };
  if (x == NULL || !read_sizes (graph, node, x, &shape) || !read_kind (graph, node, &kind))
    return FALSE;
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, x->image))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, kind.mode == NEAREST ? HD_LAYER_MOVE : HD_LAYER_VECTOR, kind.mode == NEAREST ? 1 : 2);
  int ranks[HD_DIMS_MAX];
  _hd_lower_ranks (layer, &shape, x->image, ranks);
  HdOperand *input = _hd_lower_read (graph, layer, x);
  for (guint d = 0; d < shape.n; d++) {
    gint64 num, add, den;
    if (shape.size[d] == x->shape.size[d]) {
      _hd_lower_term (input, d, ranks[d], 1);
      continue;
    }
    source_of (&kind, (gint64) x->shape.size[d], (gint64) shape.size[d], &num, &add, &den);
    if (num > HD_SIZE_MAX || den > HD_SIZE_MAX)
      return _hd_graph_fault (graph, node, "dimension %u is resized from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " - expected a simpler ratio", d,
                              x->shape.size[d], shape.size[d]);
    _hd_lower_term (input, d, ranks[d], num);
    input->projection[d].offset = add;
    input->projection[d].divisor = den;
    if (kind.mode == NEAREST)
      continue;
    g_autofree char *name = g_strdup_printf ("F%u", d);
    _hd_lower_term (input, d, _hd_workload_draft_layer_add_rank (layer, name, kind.mode == LINEAR ? 2 : 4), den);
    if (kind.mode == CUBIC)
      input->projection[d].offset -= den;
  }
  _hd_lower_identity (_hd_lower_write (graph, layer, _hd_node_output (node, 0)), shape.n, ranks);
  return TRUE;
}
