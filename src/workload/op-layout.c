/* Operators that move elements: a MOVE layer over the output, whose points say where each element comes from. */
#include "config.h"
#include "workload/operators.h"

#include <heddle/checked.h>
#include <string.h>

/* A MOVE layer over @shape with one rank for each dimension, without operands yet. */
static HdDraftLayer *
move_layer (HdGraph *graph, HdGraphNode *node, const char *suffix, const HdShape *shape, gboolean image, int *ranks)
{
  HdDraftLayer *layer = _hd_lower_layer (graph, node, suffix, HD_LAYER_MOVE, 1);
  _hd_lower_ranks (layer, shape, image, ranks);
  return layer;
}

static void
write_moved (HdGraph *graph, HdDraftLayer *layer, HdGraphValue *value, const int *ranks)
{
  _hd_lower_identity (_hd_lower_write (graph, layer, value), value->shape.n, ranks);
}

/* --- Concat, Split -------------------------------------------------------------------------------------------- */

/* Each input begins where the one before ends; what lies outside it is read from the others. */
static gboolean
lower_concat (HdGraph *graph, HdGraphNode *node, HdGraphValue *const *values, guint n, gint64 axis_told, int type)
{
  HdShape shape = values[0]->shape;
  guint axis;
  if (!_hd_node_axis (graph, node, axis_told, shape.n, &axis))
    return FALSE;
  shape.size[axis] = 0;
  for (guint i = 0; i < n; i++) {
    for (guint d = 0; d < shape.n || d < values[i]->shape.n; d++)
      if (values[i]->shape.n != shape.n || (d != axis && values[i]->shape.size[d] != shape.size[d]))
        return _hd_graph_fault (graph, node, "\"%s\" and \"%s\" differ in more than axis %u", values[0]->name, values[i]->name, axis);
    if (shape.size[axis] + values[i]->shape.size[axis] > HD_SIZE_MAX)
      return _hd_graph_fault (graph, node, "its output is too large - expected at most %d along axis %u", HD_SIZE_MAX, axis);
    shape.size[axis] += values[i]->shape.size[axis];
  }
  if (!_hd_graph_set (graph, node, 0, &shape, type, values[0]->image))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &shape, values[0]->image, ranks);
  guint64 begin = 0;
  for (guint i = 0; i < n; i++) {
    if (values[i]->shape.size[axis] == 0)
      continue;
    HdOperand *operand = _hd_lower_read (graph, layer, values[i]);
    _hd_lower_identity (operand, shape.n, ranks);
    operand->projection[axis].offset = -(gint64) begin;
    begin += values[i]->shape.size[axis];
  }
  write_moved (graph, layer, _hd_node_output (node, 0), ranks);
  return TRUE;
}

gboolean
_hd_op_concat (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  for (guint i = 0; i < node->inputs->len; i++) {
    g_ptr_array_add (values, _hd_node_require (graph, node, i));
    if (values->pdata[i] == NULL)
      return FALSE;
  }
  /* Opset 1 has axis 1 when it is not told. */
  gint64 axis = _hd_node_int (graph, node, "axis", 1);
  return lower_concat (graph, node, (HdGraphValue *const *) values->pdata, values->len, axis, ((HdGraphValue *) values->pdata[0])->type);
}

gboolean
_hd_op_concat_quantized (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  /* scale, zero, then (x, scale, zero) for each input */
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  for (guint i = 2; i < node->inputs->len; i += 3) {
    HdGraphValue *value = _hd_node_require (graph, node, i);
    if (value == NULL)
      return FALSE;
    g_ptr_array_add (values, value);
  }
  return lower_concat (graph, node, (HdGraphValue *const *) values->pdata, values->len, _hd_node_int (graph, node, "axis", 1),
                       ((HdGraphValue *) values->pdata[0])->type);
}

/* One layer for each output that is used. */
static gboolean
lower_part (HdGraph *graph, HdGraphNode *node, HdGraphValue *x, guint index, guint axis, guint64 begin, guint64 size)
{
  HdShape shape = x->shape;
  shape.size[axis] = size;
  if (_hd_node_output (node, index) == NULL)
    return TRUE;
  if (!_hd_graph_set (graph, node, index, &shape, x->type, x->image))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  g_autofree char *suffix = g_strdup_printf ("%u", index);
  HdDraftLayer *layer = move_layer (graph, node, node->outputs->len > 1 ? suffix : NULL, &shape, x->image, ranks);
  HdOperand *operand = _hd_lower_read (graph, layer, x);
  _hd_lower_identity (operand, shape.n, ranks);
  operand->projection[axis].offset = (gint64) begin;
  write_moved (graph, layer, _hd_node_output (node, index), ranks);
  return TRUE;
}

gboolean
_hd_op_split (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  guint axis, n;
  gboolean present;
  const gint64 *sizes;
  if (x == NULL || !_hd_node_axis (graph, node, _hd_node_int (graph, node, "axis", 0), x->shape.n, &axis)
      || !_hd_node_ints_or_input (graph, node, "split", 1, &present, &sizes, &n))
    return FALSE;
  guint64 all = x->shape.size[axis], begin = 0;
  if (present && n != node->outputs->len)
    return _hd_graph_fault (graph, node, "split has %u numbers for %u outputs", n, node->outputs->len);
  /* Without sizes the parts are equal; the last may be smaller. */
  guint64 equal = hd_ceil_div (all, node->outputs->len);
  for (guint i = 0; i < node->outputs->len; i++) {
    guint64 size = present ? (guint64) CLAMP (sizes[i], 0, HD_SIZE_MAX) : MIN (equal, all - MIN (all, begin));
    if (size < 1 || size > all - begin)
      return _hd_graph_fault (graph, node, "part %u does not fit in the %" G_GUINT64_FORMAT " elements of axis %u", i, all, axis);
    if (!lower_part (graph, node, x, i, axis, begin, size))
      return FALSE;
    begin += size;
  }
  return begin == all || _hd_graph_fault (graph, node, "its parts have %" G_GUINT64_FORMAT " elements, axis %u has %" G_GUINT64_FORMAT, begin, axis, all);
}

/* --- Slice ------------------------------------------------------------------------------------------------------ */

typedef struct {
  const gint64 *starts, *ends, *axes, *steps;
  guint n;
} SliceArguments;

static gboolean
read_slice (HdGraph *graph, HdGraphNode *node, SliceArguments *s)
{
  static const char *const NAMES[] = { "starts", "ends", "axes", "steps" };
  const gint64 **lists[] = { &s->starts, &s->ends, &s->axes, &s->steps };
  for (guint i = 0; i < 4; i++) {
    gboolean present;
    guint n;
    if (!_hd_node_ints_or_input (graph, node, NAMES[i], 1 + i, &present, lists[i], &n))
      return FALSE;
    if (i == 0)
      s->n = n;
    if ((!present && i < 2) || (present && n != s->n))
      return _hd_graph_fault (graph, node, "%s has %u numbers - expected %u", NAMES[i], n, s->n);
    if (!present)
      *lists[i] = NULL;
  }
  return TRUE;
}

/* One axis: first index and number of elements, by the rules of slices in Python. */
static gboolean
slice_axis (HdGraph *graph, HdGraphNode *node, gint64 size, gint64 start, gint64 end, gint64 step, gint64 *first, gint64 *count)
{
  if (step == 0 || step > HD_SIZE_MAX || step < -HD_SIZE_MAX)
    return _hd_graph_fault (graph, node, "a step is %" G_GINT64_FORMAT " - expected one that is not 0", step);
  start = start < 0 ? MAX (start, -size - 1) + size : MIN (start, size);
  end = end < 0 ? MAX (end, -size - 1) + size : MIN (end, size);
  if (step > 0) {
    *first = CLAMP (start, 0, size);
    *count = MAX (0, -hd_floor_div (*first - CLAMP (end, 0, size), step));
  } else {
    *first = CLAMP (start, -1, size - 1);
    *count = MAX (0, -hd_floor_div (CLAMP (end, -1, size - 1) - *first, -step));
  }
  return TRUE;
}

gboolean
_hd_op_slice (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  SliceArguments s;
  if (x == NULL || !read_slice (graph, node, &s))
    return FALSE;
  HdShape shape = x->shape;
  gint64 first[HD_DIMS_MAX] = { 0 }, step[HD_DIMS_MAX];
  guint32 seen = 0;
  for (guint d = 0; d < HD_DIMS_MAX; d++)
    step[d] = 1;
  for (guint i = 0; i < s.n; i++) {
    guint d;
    gint64 count = 0;
    if (!_hd_node_axis (graph, node, s.axes != NULL ? s.axes[i] : (gint64) i, shape.n, &d))
      return FALSE;
    if (seen & (1u << d))
      return _hd_graph_fault (graph, node, "axis %u stands twice in axes", d);
    seen |= 1u << d;
    step[d] = s.steps != NULL ? s.steps[i] : 1;
    if (!slice_axis (graph, node, (gint64) x->shape.size[d], s.starts[i], s.ends[i], step[d], &first[d], &count))
      return FALSE;
    shape.size[d] = (guint64) count;
  }
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, x->image))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &shape, x->image, ranks);
  HdOperand *operand = _hd_lower_read (graph, layer, x);
  for (guint d = 0; d < shape.n; d++) {
    _hd_lower_term (operand, d, ranks[d], step[d]);
    operand->projection[d].offset = first[d];
  }
  write_moved (graph, layer, _hd_node_output (node, 0), ranks);
  return TRUE;
}

/* --- Gather ------------------------------------------------------------------------------------------------------ */

/* Known indices that are evenly spaced: index i is *first + *step * i. */
static gboolean
evenly_spaced (const HdGraphValue *indices, gint64 size, gint64 *first, gint64 *step)
{
  const HdContents *c = &indices->contents;
  if (indices->shape.n > 1 || c->ints == NULL || c->n == 0)
    return FALSE;
  *first = c->ints[0] < 0 ? c->ints[0] + size : c->ints[0];
  *step = c->n > 1 ? (c->ints[1] < 0 ? c->ints[1] + size : c->ints[1]) - *first : 1;
  for (guint i = 0; i < c->n; i++) {
    gint64 index = c->ints[i] < 0 ? c->ints[i] + size : c->ints[i];
    if (index < 0 || index >= size || index != *first + *step * i)
      return FALSE;
  }
  return *step != 0;
}

/* Contents of a folded Gather whose indices are not evenly spaced. */
static void
gather_contents (HdGraph *graph, const HdGraphValue *x, const HdGraphValue *indices, guint axis, HdGraphValue *out)
{
  guint64 inner = 1, outer = 1, size = x->shape.size[axis], n = indices->contents.n, elements = _hd_shape_elements (&out->shape);
  for (guint d = 0; d < x->shape.n; d++)
    *(d < axis ? &outer : d > axis ? &inner : &n) *= d == axis ? 1 : x->shape.size[d];
  if (!_hd_contents_known (&x->contents) || indices->contents.ints == NULL || elements != outer * n * inner
      || !_hd_graph_keep_contents (graph, elements))
    return;
  HdContents c = { (guint) elements, x->contents.ints != NULL ? g_new0 (gint64, elements + 1) : NULL, x->contents.reals != NULL ? g_new0 (double, elements + 1) : NULL };
  for (guint64 i = 0; i < elements; i++) {
    gint64 index = indices->contents.ints[i / inner % n];
    index += index < 0 ? (gint64) size : 0;
    guint64 at = (i / inner / n * size + (guint64) index) * inner + i % inner;
    if (index < 0 || (guint64) index >= size || at >= x->contents.n) {
      _hd_contents_clear (&c);
      return;
    }
    if (c.ints != NULL)
      c.ints[i] = x->contents.ints[at];
    if (c.reals != NULL)
      c.reals[i] = x->contents.reals[at];
  }
  _hd_contents_clear (&out->contents);
  out->contents = c;
}

gboolean
_hd_op_gather (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0), *indices = _hd_node_require (graph, node, 1);
  guint axis, n = 0;
  if (x == NULL || indices == NULL || !_hd_node_axis (graph, node, _hd_node_int (graph, node, "axis", 0), x->shape.n, &axis))
    return FALSE;
  HdShape shape = { x->shape.n + indices->shape.n - 1, { 0 } };
  if (shape.n > HD_DIMS_MAX)
    return _hd_graph_fault (graph, node, "its output has %u dimensions - expected at most %d", shape.n, HD_DIMS_MAX);
  for (guint d = 0; d < axis; d++)
    shape.size[n++] = x->shape.size[d];
  for (guint d = 0; d < indices->shape.n; d++)
    shape.size[n++] = indices->shape.size[d];
  for (guint d = axis + 1; d < x->shape.n; d++)
    shape.size[n++] = x->shape.size[d];
  gboolean image = x->image && indices->shape.n == 1;
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, image))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &shape, image, ranks);
  HdOperand *operand = _hd_lower_read (graph, layer, x);
  gint64 first, step;
  gboolean even = evenly_spaced (indices, (gint64) x->shape.size[axis], &first, &step);
  for (guint d = 0; even && d < x->shape.n; d++)
    if (d != axis)
      _hd_lower_term (operand, d, ranks[d < axis ? d : d + indices->shape.n - 1], 1);
  if (even) {
    if (indices->shape.n == 1)
      _hd_lower_term (operand, axis, ranks[axis], step);
    operand->projection[axis].offset = first;
  } else {
    operand->whole = TRUE;
    operand->touched_per_point = 1;
    HdOperand *index = _hd_lower_read (graph, layer, indices);
    _hd_lower_identity (index, indices->shape.n, ranks + axis);
    if (indices->shape.n == 0)
      memset (index->projection[0].coefficient, 0, sizeof index->projection[0].coefficient);
  }
  write_moved (graph, layer, _hd_node_output (node, 0), ranks);
  if (graph->folding != NULL)
    gather_contents (graph, x, indices, axis, _hd_node_output (node, 0));
  return TRUE;
}

/* --- Transpose, Pad, Expand, Tile --------------------------------------------------------------------------------- */

gboolean
_hd_op_transpose (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  if (x == NULL)
    return FALSE;
  gint64 reversed[HD_DIMS_MAX];
  for (guint d = 0; d < x->shape.n; d++)
    reversed[d] = x->shape.n - 1 - d;
  gboolean told = _hd_node_attribute (node, "perm") != NULL;
  const gint64 *order = told ? _hd_node_ints (graph, node, "perm", x->shape.n, NULL) : reversed;
  if (order == NULL)
    return FALSE;
  HdShape shape = { x->shape.n, { 0 } };
  guint32 seen = 0;
  for (guint d = 0; d < shape.n; d++) {
    if (order[d] < 0 || order[d] >= shape.n || (seen & (1u << order[d])))
      return _hd_graph_fault (graph, node, "perm is no permutation of the %u dimensions", shape.n);
    seen |= 1u << order[d];
    shape.size[d] = x->shape.size[order[d]];
  }
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, FALSE))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &shape, FALSE, ranks);
  HdOperand *operand = _hd_lower_read (graph, layer, x);
  for (guint d = 0; d < shape.n; d++)
    _hd_lower_term (operand, (guint) order[d], ranks[d], 1);
  write_moved (graph, layer, _hd_node_output (node, 0), ranks);
  return TRUE;
}

/* Padding costs the write; what is outside the input is not read. For the modes that repeat elements (edge, reflect) those are read already. */
gboolean
_hd_op_pad (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  const char *name = _hd_node_attribute (node, "paddings") != NULL ? "paddings" : "pads";
  gboolean present, some_axes;
  const gint64 *pads, *axes;
  guint n, n_axes;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, name, 1, &present, &pads, &n)
      || !_hd_node_ints_or_input (graph, node, "axes", 3, &some_axes, &axes, &n_axes))
    return FALSE;
  if (!some_axes)
    n_axes = x->shape.n;
  if (!present || n != 2 * n_axes)
    return _hd_graph_fault (graph, node, "pads has %u numbers - expected %u", n, 2 * n_axes);
  HdShape shape = x->shape;
  gint64 before[HD_DIMS_MAX] = { 0 };
  for (guint i = 0; i < n_axes; i++) {
    guint d = i;
    if (some_axes && !_hd_node_axis (graph, node, axes[i], x->shape.n, &d))
      return FALSE;
    if (ABS (pads[i] / 2) > HD_SIZE_MAX / 2 || ABS (pads[n_axes + i] / 2) > HD_SIZE_MAX / 2)
      return _hd_graph_fault (graph, node, "pads has a number that is too large - expected at most %d", HD_SIZE_MAX);
    before[d] = pads[i];
    if (!_hd_graph_size (graph, node, (gint64) x->shape.size[d] + pads[i] + pads[n_axes + i], &shape.size[d]))
      return FALSE;
  }
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, x->image))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &shape, x->image, ranks);
  HdOperand *operand = _hd_lower_read (graph, layer, x);
  _hd_lower_identity (operand, shape.n, ranks);
  for (guint d = 0; d < shape.n; d++)
    operand->projection[d].offset = -before[d];
  write_moved (graph, layer, _hd_node_output (node, 0), ranks);
  return TRUE;
}

gboolean
_hd_op_expand (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gboolean present;
  const gint64 *sizes;
  guint n;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, "shape", 1, &present, &sizes, &n))
    return FALSE;
  if (!present || n > HD_DIMS_MAX)
    return _hd_graph_fault (graph, node, "shape has %u numbers - expected at most %d", n, HD_DIMS_MAX);
  HdShape shape = { MAX (n, x->shape.n), { 0 } };
  for (guint d = 0; d < shape.n; d++) {
    gint64 own = d + x->shape.n >= shape.n ? (gint64) x->shape.size[d + x->shape.n - shape.n] : 1, told = d + n >= shape.n ? sizes[d + n - shape.n] : 1;
    if (own != told && own != 1 && told != 1)
      return _hd_graph_fault (graph, node, "dimension %u of size %" G_GINT64_FORMAT " does not expand to %" G_GINT64_FORMAT, d, own, told);
    if (!_hd_graph_size (graph, node, MAX (own, told), &shape.size[d]))
      return FALSE;
  }
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, x->image && shape.n == x->shape.n))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &shape, x->image && shape.n == x->shape.n, ranks);
  _hd_lower_broadcast (_hd_lower_read (graph, layer, x), &x->shape, shape.n, ranks);
  write_moved (graph, layer, _hd_node_output (node, 0), ranks);
  return TRUE;
}

/* A repeated dimension is two ranks: which copy, and where in it. */
gboolean
_hd_op_tile (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gboolean present;
  const gint64 *repeats;
  guint n;
  if (x == NULL || !_hd_node_ints_or_input (graph, node, "repeats", 1, &present, &repeats, &n))
    return FALSE;
  if (!present || n != x->shape.n)
    return _hd_graph_fault (graph, node, "repeats has %u numbers - expected %u", n, x->shape.n);
  HdShape shape = x->shape;
  for (guint d = 0; d < n; d++) {
    if (repeats[d] < 1 || repeats[d] > HD_SIZE_MAX)
      return _hd_graph_fault (graph, node, "repeats has %" G_GINT64_FORMAT " - expected 1 to %d", repeats[d], HD_SIZE_MAX);
    if (!_hd_graph_size (graph, node, (gint64) shape.size[d] * repeats[d], &shape.size[d]))
      return FALSE;
  }
  if (!_hd_graph_set (graph, node, 0, &shape, x->type, x->image))
    return FALSE;
  int ranks[HD_DIMS_MAX];
  HdDraftLayer *layer = move_layer (graph, node, NULL, &x->shape, x->image, ranks);
  _hd_lower_identity (_hd_lower_read (graph, layer, x), n, ranks);
  HdOperand *output = _hd_lower_write (graph, layer, _hd_node_output (node, 0));
  _hd_lower_identity (output, n, ranks);
  for (guint d = 0; d < n; d++) {
    g_autofree char *name = g_strdup_printf ("T%u", d);
    if (repeats[d] > 1)
      _hd_lower_term (output, d, _hd_workload_draft_layer_add_rank (layer, name, (guint64) repeats[d]), (gint64) x->shape.size[d]);
  }
  return TRUE;
}

/* --- DepthToSpace, SpaceToDepth ------------------------------------------------------------------------------------- */

/* Ranks: B, G (channels of the deep side divided by the block), OY and OX (pixels of the coarse side), PY and PX within a block. */
gboolean
_hd_op_depth_to_space (HdGraph *graph, HdGraphNode *node, const HdOperator *op)
{
  HdGraphValue *x = _hd_node_require (graph, node, 0);
  gint64 block = _hd_node_int (graph, node, "blocksize", 0);
  gboolean to_depth = op->detail == 1;
  if (x == NULL)
    return FALSE;
  if (x->shape.n != 4 || block < 1 || block > 4096)
    return _hd_graph_fault (graph, node, "blocksize is %" G_GINT64_FORMAT " and \"%s\" has %u dimensions - expected 1 to 4096 and 4", block, x->name, x->shape.n);
  const char *mode = _hd_node_text (graph, node, "mode", "DCR");
  gboolean crd = !to_depth && g_str_equal (mode, "CRD");
  if (!crd && !g_str_equal (mode, "DCR"))
    return _hd_graph_fault (graph, node, "mode \"%.60s\" - expected DCR or CRD", mode);
  guint64 b = (guint64) block, square = b * b;
  const guint64 *size = x->shape.size;
  if (to_depth ? size[2] % b != 0 || size[3] % b != 0 : size[1] % square != 0)
    return _hd_graph_fault (graph, node, "its input does not divide into blocks of %" G_GINT64_FORMAT, block);
  guint64 channels = to_depth ? size[1] : size[1] / square, rows = to_depth ? size[2] / b : size[2], columns = to_depth ? size[3] / b : size[3];
  HdShape deep = { 4, { size[0], channels * square, rows, columns } }, wide = { 4, { size[0], channels, rows * b, columns * b } };
  if (!_hd_graph_set (graph, node, 0, to_depth ? &deep : &wide, x->type, TRUE))
    return FALSE;
  HdDraftLayer *layer = _hd_lower_layer (graph, node, NULL, HD_LAYER_MOVE, 1);
  int batch = _hd_workload_draft_layer_add_rank (layer, "B", size[0]), g = _hd_workload_draft_layer_add_rank (layer, "G", channels);
  int oy = _hd_workload_draft_layer_add_rank (layer, "OY", rows), ox = _hd_workload_draft_layer_add_rank (layer, "OX", columns);
  int py = _hd_workload_draft_layer_add_rank (layer, "PY", b), px = _hd_workload_draft_layer_add_rank (layer, "PX", b);
  HdOperand *input = _hd_lower_read (graph, layer, x), *output = _hd_lower_write (graph, layer, _hd_node_output (node, 0));
  HdOperand *d = to_depth ? output : input, *w = to_depth ? input : output;
  _hd_lower_term (d, 0, batch, 1);
  _hd_lower_term (d, 1, g, crd ? (gint64) square : 1);
  _hd_lower_term (d, 1, py, crd ? (gint64) b : (gint64) (b * channels));
  _hd_lower_term (d, 1, px, crd ? 1 : (gint64) channels);
  _hd_lower_term (d, 2, oy, 1);
  _hd_lower_term (d, 3, ox, 1);
  _hd_lower_term (w, 0, batch, 1);
  _hd_lower_term (w, 1, g, 1);
  _hd_lower_term (w, 2, oy, (gint64) b);
  _hd_lower_term (w, 2, py, 1);
  _hd_lower_term (w, 3, ox, (gint64) b);
  _hd_lower_term (w, 3, px, 1);
  return TRUE;
}
