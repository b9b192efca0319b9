/* What all operators need to infer shapes and to make layers. See graph.h. */
#include "config.h"
#include "workload/graph.h"

#include <heddle/checked.h>

/* --- shapes and types ------------------------------------------------------------------------------- */

guint64
_hd_shape_elements (const HdShape *shape)
{
  guint64 elements = 1;
  for (guint d = 0; d < shape->n; d++)
    if (!hd_mul_u64 (elements, shape->size[d], &elements))
      return G_MAXUINT64;
  return elements;
}

gboolean
_hd_shape_equal (const HdShape *a, const HdShape *b)
{
  gboolean equal = a->n == b->n;
  for (guint d = 0; equal && d < a->n; d++)
    equal = a->size[d] == b->size[d];
  return equal;
}

char *
_hd_shape_format (const HdShape *shape)
{
  GString *text = g_string_new ("[");
  for (guint d = 0; d < shape->n; d++)
    g_string_append_printf (text, d > 0 ? " %" G_GUINT64_FORMAT : "%" G_GUINT64_FORMAT, shape->size[d]);
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

gboolean
_hd_type_is_integer (int type)
{
  return (type >= HD_TYPE_UINT8 && type <= HD_TYPE_INT64) || type == HD_TYPE_BOOL || type == HD_TYPE_UINT32 || type == HD_TYPE_UINT64
         || type == HD_TYPE_UINT4 || type == HD_TYPE_INT4;
}

/* The bits that the type itself tells; 0 for those that networks are trained in. */
static guint
bits_of_type (int type)
{
  switch (type) {
  case HD_TYPE_UINT8: case HD_TYPE_INT8: case HD_TYPE_BOOL: return 8;
  case HD_TYPE_UINT16: case HD_TYPE_INT16: return 16;
  case HD_TYPE_INT32: case HD_TYPE_UINT32: return 32;
  case HD_TYPE_INT64: case HD_TYPE_UINT64: return 64;
  case HD_TYPE_UINT4: case HD_TYPE_INT4: case HD_TYPE_FLOAT4: return 4;
  default: return type >= HD_TYPE_FLOAT8_FIRST && type <= HD_TYPE_FLOAT8_LAST ? 8 : 0;
  }
}

gboolean
_hd_graph_size (HdGraph *self, HdGraphNode *node, gint64 size, guint64 *out)
{
  if (size < 1 || size > HD_SIZE_MAX)
    return _hd_graph_fault (self, node, "a dimension of its output is %" G_GINT64_FORMAT " - expected 1 to %d", size, HD_SIZE_MAX);
  *out = (guint64) size;
  return TRUE;
}

static gboolean
agrees_with_declared (const HdGraphValue *value, const HdShape *shape)
{
  const HdShape *declared = &value->declared_shape;
  gboolean agrees = !value->declared || declared->n == shape->n;
  for (guint d = 0; agrees && value->declared && d < shape->n; d++)
    agrees = declared->size[d] == 0 || declared->size[d] == shape->size[d];
  return agrees;
}

gboolean
_hd_graph_set (HdGraph *self, HdGraphNode *node, guint index, const HdShape *shape, int type, gboolean image)
{
  HdGraphValue *value = _hd_node_output (node, index);
  if (value == NULL)
    return TRUE;
  for (guint d = 0; d < shape->n; d++)
    if (shape->size[d] > HD_SIZE_MAX || (shape->size[d] == 0 && self->folding == NULL))
      return _hd_graph_fault (self, node, "dimension %u of \"%s\" is %" G_GUINT64_FORMAT " - expected 1 to %d", d, value->name, shape->size[d], HD_SIZE_MAX);
  if (_hd_shape_elements (shape) > HD_VOLUME_MAX)
    return _hd_graph_fault (self, node, "\"%s\" is too large - expected at most 2^56 elements", value->name);
  if (!agrees_with_declared (value, shape)) {
    g_autofree char *inferred = _hd_shape_format (shape);
    g_autofree char *declared = _hd_shape_format (&value->declared_shape);
    return _hd_graph_fault (self, node, "the shape of \"%s\" is %s - the file says %s", value->name, inferred, declared);
  }
  value->shape = *shape;
  value->type = type;
  value->image = image;
  value->known = TRUE;
  if (value->bits == 0)
    value->bits = node->output_bits;
  value->constant = self->folding != NULL;
  return TRUE;
}

/* --- layers ------------------------------------------------------------------------------------------ */

static guint
first_of (guint a, guint b, guint c)
{
  return a != 0 ? a : b != 0 ? b : c;
}

static guint
bits_of_value (const HdGraph *self, const HdGraphValue *value)
{
  const HdImportOptions *o = &self->options;
  guint wanted = value->constant ? o->weight_bits : value->input ? o->input_bits : o->output_bits;
  guint own = bits_of_type (value->type);
  return first_of (value->bits, wanted, first_of (own, 8, 8));
}

static guint
partial_bits (const HdGraph *self)
{
  return first_of (self->options.partial_bits, 16, 16);
}

HdDraftTensor *
_hd_graph_tensor (HdGraph *self, HdGraphValue *value)
{
  HdDraftTensor *draft = _hd_workload_draft_add_tensor (self->draft, value->name, value->line);
  if (draft == NULL)
    return _hd_workload_draft_find_tensor (self->draft, value->name);
  HdTensor *tensor = &draft->tensor;
  tensor->kind = value->constant ? HD_TENSOR_WEIGHT : value->input ? HD_TENSOR_INPUT : value->output ? HD_TENSOR_OUTPUT : HD_TENSOR_ACTIVATION;
  tensor->n_dims = MAX (value->shape.n, 1);
  for (guint d = 0; d < tensor->n_dims; d++)
    tensor->size[d] = d < value->shape.n ? value->shape.size[d] : 1;
  tensor->bits = bits_of_value (self, value);
  return draft;
}

/* So that a name with its suffix is an id still. */
#define NAME_MAX_WITH_SUFFIX 180

HdDraftLayer *
_hd_lower_layer (HdGraph *self, const HdGraphNode *node, const char *suffix, HdLayerClass layer_class, guint ops_per_point)
{
  g_autofree char *name = suffix != NULL ? g_strdup_printf ("%.*s.%s", NAME_MAX_WITH_SUFFIX, node->name, suffix) : g_strdup (node->name);
  /* A name can be taken by a node of the file; then a number tells them apart. */
  for (guint n = 2; suffix != NULL && g_hash_table_contains (self->layer_names, name); n++) {
    g_free (name);
    name = g_strdup_printf ("%.*s.%s.%u", NAME_MAX_WITH_SUFFIX, node->name, suffix, n);
  }
  if (suffix != NULL && self->folding == NULL)
    g_hash_table_add (self->layer_names, g_strdup (name));
  HdDraftLayer *layer = _hd_workload_draft_layer_new (name, node->type, node->line);
  layer->layer.layer_class = layer_class;
  layer->layer.ops_per_point = ops_per_point;
  layer->layer.partial_bits = first_of (node->partial_bits, partial_bits (self), 16);
  g_ptr_array_add (self->folding != NULL ? self->folding : self->draft->layers, layer);
  return layer;
}

HdOperand *
_hd_lower_read (HdGraph *self, HdDraftLayer *layer, HdGraphValue *value)
{
  /* Constants that are folded never become tensors. */
  if (self->folding == NULL)
    _hd_graph_tensor (self, value);
  return &_hd_workload_draft_layer_add_operand (layer, value->name, value->constant ? HD_ROLE_WEIGHT : HD_ROLE_INPUT)->operand;
}

HdOperand *
_hd_lower_read_bias (HdGraph *self, HdDraftLayer *layer, HdGraphValue *value)
{
  if (value->constant && value->bits == 0 && (self->options.bias_bits != 0 || bits_of_type (value->type) == 0))
    value->bits = first_of (self->options.bias_bits, partial_bits (self), 16);
  return _hd_lower_read (self, layer, value);
}

HdOperand *
_hd_lower_write (HdGraph *self, HdDraftLayer *layer, HdGraphValue *value)
{
  if (self->folding == NULL)
    _hd_graph_tensor (self, value);
  return &_hd_workload_draft_layer_add_operand (layer, value->name, HD_ROLE_OUTPUT)->operand;
}

void
_hd_lower_term (HdOperand *operand, guint d, int rank, gint64 coefficient)
{
  if (rank >= 0 && d < HD_DIMS_MAX)
    operand->projection[d].coefficient[rank] = (gint32) CLAMP (coefficient, -HD_SIZE_MAX, HD_SIZE_MAX);
}

/* --- names of ranks ------------------------------------------------------------------------------------ */

static const char *
rank_name (guint n, guint d, gboolean image)
{
  static const char *const IMAGE[][5] = { { "B", "G", "OX" }, { "B", "G", "OY", "OX" }, { "B", "G", "OZ", "OY", "OX" } };
  static const char *const MATRIX[] = { "D0", "D1", "D2", "D3", "B", "H", "M", "N" };
  static const char *const THREE[] = { "B", "M", "N" };
  if (image && n >= 3 && n <= 5)
    return IMAGE[n - 3][d];
  if (n == 3)
    return THREE[d];
  return MATRIX[HD_DIMS_MAX - n + d];
}

void
_hd_lower_ranks (HdDraftLayer *layer, const HdShape *shape, gboolean image, int *ranks)
{
  guint n = MAX (shape->n, 1);
  for (guint d = 0; d < n; d++)
    ranks[d] = _hd_workload_draft_layer_add_rank (layer, rank_name (n, d, image), d < shape->n ? shape->size[d] : 1);
}

void
_hd_lower_identity (HdOperand *operand, guint n, const int *ranks)
{
  for (guint d = 0; d < MAX (n, 1); d++)
    _hd_lower_term (operand, d, ranks[d], 1);
}

void
_hd_lower_broadcast (HdOperand *operand, const HdShape *shape, guint n, const int *ranks)
{
  for (guint d = 0; d < shape->n && shape->n <= n; d++)
    if (shape->size[d] != 1)
      _hd_lower_term (operand, d, ranks[n - shape->n + d], 1);
}
