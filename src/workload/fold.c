/* Constants: an operator whose operands are all constants is done at import.
 *
 * It is lowered as ever, for its shapes, but the layers are not kept: when the contents of the operands are known, a layer that moves elements or
 * computes them one by one is executed point by point, by its own projections. That is all of shape arithmetic (Shape, Gather, Concat,
 * Slice, Add, Mul, Cast, ...). Contents that cannot be computed stay unknown: an operator that needs them says so.
 */
#include "config.h"
#include "workload/operators.h"

#include <heddle/checked.h>
#include <math.h>
#include <string.h>

void
_hd_contents_clear (HdContents *self)
{
  g_clear_pointer (&self->ints, g_free);
  g_clear_pointer (&self->reals, g_free);
  self->n = 0;
}

gboolean
_hd_graph_keep_contents (HdGraph *self, guint64 elements)
{
  if (elements > HD_CONTENTS_MAX || elements + self->contents > HD_CONTENTS_TOTAL_MAX)
    return FALSE;
  self->contents += (guint) elements;
  return TRUE;
}

gboolean _hd_contents_known (const HdContents *self) { return self->ints != NULL || self->reals != NULL; }

/* --- one element ------------------------------------------------------------------------------------- */

/* The result of @type on whole numbers; FALSE when it is not known or overflows. */
static gboolean
compute_int (const char *type, const gint64 *x, guint n, gint64 *out)
{
  const gint64 a = x[0], b = n > 1 ? x[1] : 0;
  if (g_str_equal (type, "Add") || g_str_equal (type, "Sum"))
    return n == 2 && hd_add_i64 (a, b, out);
  if (g_str_equal (type, "Sub"))
    return n == 2 && !__builtin_sub_overflow (a, b, out);
  if (g_str_equal (type, "Mul"))
    return n == 2 && hd_mul_i64 (a, b, out);
  if (g_str_equal (type, "Div") && n == 2 && b != 0 && !(a == G_MININT64 && b == -1))
    return *out = a / b, TRUE;
  if (g_str_equal (type, "Mod") && n == 2 && b > 0)
    return *out = a - hd_floor_div (a, b) * b, TRUE;
  if (g_str_equal (type, "Neg") && a != G_MININT64)
    return *out = -a, TRUE;
  if (g_str_equal (type, "Abs") && a != G_MININT64)
    return *out = ABS (a), TRUE;
  if (g_str_equal (type, "Min") && n == 2)
    return *out = MIN (a, b), TRUE;
  if (g_str_equal (type, "Max") && n == 2)
    return *out = MAX (a, b), TRUE;
  if (g_str_equal (type, "Equal"))
    return *out = a == b, TRUE;
  if (g_str_equal (type, "Greater"))
    return *out = a > b, TRUE;
  if (g_str_equal (type, "Less"))
    return *out = a < b, TRUE;
  if (g_str_equal (type, "Not"))
    return *out = !a, TRUE;
  if (g_str_equal (type, "And"))
    return *out = a && b, TRUE;
  if (g_str_equal (type, "Or"))
    return *out = a || b, TRUE;
  if (g_str_equal (type, "Where") && n == 3)
    return *out = a ? b : x[2], TRUE;
  if (g_str_equal (type, "Cast") || g_str_equal (type, "Floor") || g_str_equal (type, "Ceil") || g_str_equal (type, "Round"))
    return *out = a, TRUE;
  return FALSE;
}

static gboolean
compute_real (const char *type, const double *x, guint n, double *out)
{
  const double a = x[0], b = n > 1 ? x[1] : 0;
  if (g_str_equal (type, "Add"))
    return *out = a + b, n == 2;
  if (g_str_equal (type, "Sub"))
    return *out = a - b, n == 2;
  if (g_str_equal (type, "Mul"))
    return *out = a * b, n == 2;
  if (g_str_equal (type, "Div"))
    return *out = a / b, n == 2 && b != 0;
  if (g_str_equal (type, "Pow"))
    return *out = pow (a, b), n == 2;
  if (g_str_equal (type, "Min"))
    return *out = MIN (a, b), n == 2;
  if (g_str_equal (type, "Max"))
    return *out = MAX (a, b), n == 2;
  if (g_str_equal (type, "Floor"))
    return *out = floor (a), TRUE;
  if (g_str_equal (type, "Ceil"))
    return *out = ceil (a), TRUE;
  if (g_str_equal (type, "Round"))
    return *out = rint (a), TRUE;
  if (g_str_equal (type, "Sqrt"))
    return *out = sqrt (a), a >= 0;
  if (g_str_equal (type, "Cast"))
    return *out = a, TRUE;
  return FALSE;
}

/* --- one layer ---------------------------------------------------------------------------------------- */

#define FOLD_OPERANDS_MAX 64

typedef struct {
  const HdOperand *operand;
  const HdGraphValue *value;
} Source;

/* The position of the element that @point addresses; FALSE outside. */
static gboolean
locate (const HdOperand *operand, const HdShape *shape, const gint64 *point, guint n_ranks, guint64 *position)
{
  *position = 0;
  for (guint d = 0; d < shape->n; d++) {
    const HdProjection *p = &operand->projection[d];
    gint64 index = p->offset;
    for (guint r = 0; r < n_ranks; r++)
      index += p->coefficient[r] * point[r];
    index = hd_floor_div (index, p->divisor);
    if (index < 0 || (guint64) index >= shape->size[d])
      return FALSE;
    *position = *position * shape->size[d] + (guint64) index;
  }
  return TRUE;
}

static HdGraphValue *
value_by_name (const HdGraphNode *node, const char *name)
{
  for (guint i = 0; i < node->inputs->len; i++) {
    HdGraphValue *value = _hd_node_input (node, i);
    if (value != NULL && g_str_equal (value->name, name))
      return value;
  }
  for (guint i = 0; i < node->outputs->len; i++) {
    HdGraphValue *value = node->outputs->pdata[i];
    if (value != NULL && g_str_equal (value->name, name))
      return value;
  }
  return NULL;
}

/* Operands of the layer; 0 when something stands against executing it. */
static guint
collect_sources (const HdGraphNode *node, const HdDraftLayer *layer, Source *sources, Source *target)
{
  guint n = 0;
  *target = (Source) { NULL, NULL };
  if (layer->operands->len > FOLD_OPERANDS_MAX)
    return 0;
  for (guint o = 0; o < layer->operands->len; o++) {
    const HdDraftOperand *draft = layer->operands->pdata[o];
    Source source = { &draft->operand, value_by_name (node, draft->tensor) };
    if (source.value == NULL || draft->operand.whole)
      return 0;
    if (draft->operand.role == HD_ROLE_OUTPUT)
      *target = source;
    else if (!_hd_contents_known (&source.value->contents))
      return 0;
    else
      sources[n++] = source;
  }
  return target->value != NULL ? n : 0;
}

/* One element of the output from those that the point addresses. Moves take the first that is inside. */
static gboolean
execute_point (const HdGraphNode *node, const HdDraftLayer *layer, const Source *sources, guint n, const gint64 *point, gboolean integer,
               gint64 *out_int, double *out_real)
{
  gint64 ints[FOLD_OPERANDS_MAX];
  double reals[FOLD_OPERANDS_MAX];
  guint found = 0;
  for (guint i = 0; i < n; i++) {
    guint64 at;
    if (!locate (sources[i].operand, &sources[i].value->shape, point, layer->layer.n_ranks, &at))
      continue;
    const HdContents *contents = &sources[i].value->contents;
    if (at >= contents->n)
      return FALSE;
    reals[found] = contents->reals != NULL ? contents->reals[at] : (double) contents->ints[at];
    /* Out of the range of 64 bits the conversion means nothing. */
    if (contents->ints == NULL && integer && !(fabs (reals[found]) < 9e18))
      return FALSE;
    ints[found] = contents->ints != NULL ? contents->ints[at] : integer ? (gint64) reals[found] : 0;
    found++;
  }
  if (found == 0)
    return FALSE;
  *out_int = ints[0];
  *out_real = reals[0];
  if (layer->layer.layer_class == HD_LAYER_MOVE)
    return TRUE;
  return integer ? compute_int (node->type, ints, found, out_int) : compute_real (node->type, reals, found, out_real);
}

static void
execute_layer (HdGraph *self, const HdGraphNode *node, const HdDraftLayer *layer)
{
  Source sources[FOLD_OPERANDS_MAX], target;
  guint n = collect_sources (node, layer, sources, &target);
  if (n == 0 || target.value == NULL || (layer->layer.layer_class != HD_LAYER_MOVE && layer->layer.layer_class != HD_LAYER_VECTOR))
    return;
  guint64 elements = _hd_shape_elements (&target.value->shape), points = 1;
  for (guint r = 0; r < layer->layer.n_ranks; r++)
    if (!hd_mul_u64 (points, layer->layer.rank[r].size, &points))
      return;
  if (points != elements || layer->broken || !_hd_graph_keep_contents (self, elements))
    return;
  gboolean integer = _hd_type_is_integer (target.value->type);
  g_autofree gint64 *ints = g_new0 (gint64, elements + 1);
  g_autofree double *reals = g_new0 (double, elements + 1);
  gint64 point[HD_RANKS_MAX] = { 0 };
  for (guint64 i = 0; i < points; i++) {
    guint64 at;
    gint64 value_int;
    double value_real;
    if (!locate (target.operand, &target.value->shape, point, layer->layer.n_ranks, &at)
        || !execute_point (node, layer, sources, n, point, integer, &value_int, &value_real))
      return;
    ints[at] = value_int;
    reals[at] = integer ? (double) value_int : value_real;
    for (guint r = layer->layer.n_ranks; r-- > 0;) {
      if ((guint64) ++point[r] < layer->layer.rank[r].size)
        break;
      point[r] = 0;
    }
  }
  HdGraphValue *value = (HdGraphValue *) target.value;
  _hd_contents_clear (&value->contents);
  value->contents = (HdContents) { (guint) elements, integer ? g_steal_pointer (&ints) : NULL, g_steal_pointer (&reals) };
}

void
_hd_fold_node (HdGraph *self, HdGraphNode *node)
{
  const HdOperator *op = _hd_operator_find (node->type, node->domain);
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _hd_workload_draft_layer_free);
  self->folding = layers;
  gboolean lowered = op->lower (self, node, op);
  self->folding = NULL;
  for (guint l = 0; lowered && l < layers->len; l++)
    execute_layer (self, node, layers->pdata[l]);
  for (guint i = 0; i < node->outputs->len; i++) {
    HdGraphValue *value = node->outputs->pdata[i];
    if (lowered && value != NULL)
      value->constant = TRUE;
  }
}
