/* ONNX models to a workload: the decoded messages become the operator graph.
 *
 * Names become ids (unusual characters become '_'). Values of tensors are read where they are small enough to be shape arithmetic; weights may be absent,
 * external or of any size: their shapes suffice. This is the only file that sees protobuf-c.
 */
#include "config.h"
#include "workload/graph.h"
#include "workload/onnx-wire.h"

#include "workload/onnx.pb-c.h"

#include <math.h>
#include <string.h>

typedef struct {
  const HdOnnx__Graph *graph;
  HdGraph *out;
} Importer;

static void G_GNUC_PRINTF (2, 3)
fault (Importer *im, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  hd_diagnostics_add (im->out->diagnostics, 0, "%s", text);
}

static const char *
text_of (const char *text)
{
  return text != NULL ? text : "";
}

/* --- tensors ------------------------------------------------------------------------------------------ */

/* Element @i of little-endian raw data. */
static gboolean
raw_element (const guint8 *data, gsize length, int type, guint i, gint64 *integer, double *real)
{
  static const guint8 SIZES[] = { 0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8 };
  gsize size = type > 0 && type < (int) G_N_ELEMENTS (SIZES) ? SIZES[type] : 0;
  if (size == 0 || type == HD_TYPE_FLOAT16 || (gsize) (i + 1) * size > length)
    return FALSE;
  guint64 bits = 0;
  for (gsize b = 0; b < size; b++)
    bits |= (guint64) data[i * size + b] << (8 * b);
  if (type == HD_TYPE_FLOAT) {
    guint32 word = (guint32) bits;
    float value;
    memcpy (&value, &word, sizeof value);
    *real = value;
  } else if (type == HD_TYPE_DOUBLE)
    memcpy (real, &bits, sizeof *real);
  else {
    gboolean is_signed = type == HD_TYPE_INT8 || type == HD_TYPE_INT16 || type == HD_TYPE_INT32 || type == HD_TYPE_INT64;
    guint shift = (guint) (64 - 8 * size);
    *integer = is_signed ? (gint64) (bits << shift) >> shift : (gint64) MIN (bits, G_MAXINT64);
    *real = (double) *integer;
  }
  return TRUE;
}

static gboolean
typed_element (const HdOnnx__Tensor *tensor, guint i, gint64 *integer, double *real)
{
  if (i < tensor->n_int64_data)
    *integer = tensor->int64_data[i];
  else if (i < tensor->n_int32_data)
    *integer = tensor->int32_data[i];
  else if (i < tensor->n_uint64_data)
    *integer = (gint64) MIN (tensor->uint64_data[i], G_MAXINT64);
  else if (i < tensor->n_float_data)
    return *real = tensor->float_data[i], TRUE;
  else if (i < tensor->n_double_data)
    return *real = tensor->double_data[i], TRUE;
  else
    return FALSE;
  *real = (double) *integer;
  return TRUE;
}

static void
read_contents (Importer *im, const HdOnnx__Tensor *tensor, HdGraphValue *value)
{
  guint64 elements = _hd_shape_elements (&value->shape);
  if (!_hd_graph_keep_contents (im->out, elements))
    return;
  gboolean integer = _hd_type_is_integer (value->type);
  g_autofree gint64 *ints = g_new0 (gint64, elements + 1);
  g_autofree double *reals = g_new0 (double, elements + 1);
  for (guint i = 0; i < elements; i++) {
    gboolean found = tensor->has_raw_data ? raw_element (tensor->raw_data.data, tensor->raw_data.len, value->type, i, &ints[i], &reals[i])
                                          : typed_element (tensor, i, &ints[i], &reals[i]);
    if (!found || isnan (reals[i]))
      return;
  }
  value->contents = (HdContents) { (guint) elements, integer ? g_steal_pointer (&ints) : NULL, g_steal_pointer (&reals) };
}

/* Shape, type and contents of a constant; @what names it in faults. */
static gboolean
read_tensor (Importer *im, const HdOnnx__Tensor *tensor, HdGraphValue *value, const char *what)
{
  value->constant = value->known = TRUE;
  value->type = tensor->has_data_type ? tensor->data_type : HD_TYPE_FLOAT;
  if (tensor->n_dims > HD_DIMS_MAX) {
    fault (im, "%s has %" G_GSIZE_FORMAT " dimensions - expected at most %d", what, tensor->n_dims, HD_DIMS_MAX);
    return FALSE;
  }
  value->shape.n = (guint) tensor->n_dims;
  for (guint d = 0; d < value->shape.n; d++) {
    if (tensor->dims[d] < 0 || tensor->dims[d] > HD_SIZE_MAX) {
      fault (im, "dimension %u of %s is %" G_GINT64_FORMAT " - expected 0 to %d", d, what, tensor->dims[d], HD_SIZE_MAX);
      return FALSE;
    }
    value->shape.size[d] = (guint64) tensor->dims[d];
  }
  if (_hd_shape_elements (&value->shape) > HD_VOLUME_MAX) {
    fault (im, "%s is too large - expected at most 2^56 elements", what);
    return FALSE;
  }
  read_contents (im, tensor, value);
  return TRUE;
}

static void
read_initializer (Importer *im, const HdOnnx__Tensor *tensor, const char *name)
{
  g_autofree char *what = g_strdup_printf ("initializer \"%.80s\"", name);
  HdGraphValue *value = *name != '\0' ? _hd_graph_value (im->out, name, 0) : NULL;
  if (value == NULL)
    fault (im, "an initializer has no name");
  else if (value->constant)
    fault (im, "%s is there twice", what);
  else
    read_tensor (im, tensor, value, what);
}

static void
read_initializers (Importer *im)
{
  for (gsize i = 0; i < im->graph->n_initializer; i++)
    read_initializer (im, im->graph->initializer[i], text_of (im->graph->initializer[i]->name));
  for (gsize i = 0; i < im->graph->n_sparse_initializer; i++) {
    const HdOnnx__SparseTensor *sparse = im->graph->sparse_initializer[i];
    if (sparse->values == NULL)
      continue;
    /* As dense as its shape says; its values are not kept. */
    HdOnnx__Tensor dense = HD_ONNX__TENSOR__INIT;
    dense.n_dims = sparse->n_dims;
    dense.dims = sparse->dims;
    dense.has_data_type = sparse->values->has_data_type;
    dense.data_type = sparse->values->data_type;
    read_initializer (im, &dense, text_of (sparse->values->name));
  }
}

/* --- inputs, outputs, value_info ----------------------------------------------------------------------- */

static const HdOnnx__TensorType *
type_of (const HdOnnx__ValueInfo *info)
{
  return info->type != NULL ? info->type->tensor_type : NULL;
}

/* Sizes that the file tells; 0 for symbols. FALSE when there is no shape. */
static gboolean
declared_shape (Importer *im, const HdOnnx__ValueInfo *info, HdShape *shape)
{
  const HdOnnx__TensorType *type = type_of (info);
  if (type == NULL || type->shape == NULL)
    return FALSE;
  const HdOnnx__TensorShape *told = type->shape;
  if (told->n_dim > HD_DIMS_MAX) {
    fault (im, "\"%.80s\" has %" G_GSIZE_FORMAT " dimensions - expected at most %d", text_of (info->name), told->n_dim, HD_DIMS_MAX);
    return FALSE;
  }
  shape->n = (guint) told->n_dim;
  for (guint d = 0; d < shape->n; d++) {
    const HdOnnx__Dimension *dim = told->dim[d];
    shape->size[d] = 0;
    if (!dim->has_dim_value)
      continue;
    if (dim->dim_value > HD_SIZE_MAX || dim->dim_value < -1) {
      fault (im, "dimension %u of \"%.80s\" is %" G_GINT64_FORMAT " - expected 1 to %d", d, text_of (info->name), dim->dim_value, HD_SIZE_MAX);
      return FALSE;
    }
    shape->size[d] = (guint64) MAX (dim->dim_value, 0);
  }
  return TRUE;
}

static void
read_input (Importer *im, const HdOnnx__ValueInfo *info)
{
  HdGraphValue *value = _hd_graph_value (im->out, text_of (info->name), 0);
  HdShape shape = { 0 };
  /* Old models list their weights as inputs too. */
  if (value->constant)
    return;
  if (value->input) {
    fault (im, "input \"%.80s\" is there twice", text_of (info->name));
    return;
  }
  value->input = TRUE;
  if (!declared_shape (im, info, &shape)) {
    fault (im, "input \"%.80s\" has no shape - expected one", text_of (info->name));
    return;
  }
  for (guint d = 0; d < shape.n; d++) {
    if (shape.size[d] == 0 && d == 0)
      shape.size[d] = im->out->options.batch != 0 ? im->out->options.batch : 1;
    if (shape.size[d] < 1 || shape.size[d] > HD_SIZE_MAX) {
      const HdOnnx__Dimension *dim = type_of (info)->shape->dim[d];
      fault (im, "dimension %u of input \"%.80s\" is %s\"%.40s\" - expected a number from 1 to %d", d, text_of (info->name), dim->has_dim_value ? "" : "symbolic ",
             dim->has_dim_value ? "0" : text_of (dim->dim_param), HD_SIZE_MAX);
      return;
    }
  }
  if (_hd_shape_elements (&shape) > HD_VOLUME_MAX) {
    fault (im, "input \"%.80s\" is too large - expected at most 2^56 elements", text_of (info->name));
    return;
  }
  value->shape = shape;
  value->type = type_of (info)->has_elem_type ? type_of (info)->elem_type : HD_TYPE_FLOAT;
  value->image = shape.n == 4;
  value->known = TRUE;
}

/* Shapes to check the inferred ones against; outputs are marked. */
static void
read_declared (Importer *im, const HdOnnx__ValueInfo *info, gboolean output)
{
  HdGraphValue *value = _hd_graph_value (im->out, text_of (info->name), 0);
  HdShape shape;
  value->output |= output;
  if (value->constant || value->input || !declared_shape (im, info, &shape))
    return;
  if (value->declared && shape.n == value->declared_shape.n)
    for (guint d = 0; d < shape.n; d++)
      shape.size[d] = shape.size[d] != 0 ? shape.size[d] : value->declared_shape.size[d];
  value->declared = TRUE;
  value->declared_shape = shape;
  /* A symbolic batch, or one of another size than asked for, is not told. */
  for (guint d = 0; d < shape.n && im->out->symbolic; d++)
    if (d == 0)
      value->declared_shape.size[d] = 0;
}

/* --- nodes --------------------------------------------------------------------------------------------- */

static void
read_attribute (Importer *im, HdGraphNode *node, const HdOnnx__Attribute *told)
{
  HdGraphAttribute *attribute = _hd_graph_node_add_attribute (node, text_of (told->name));
  HdContents *c = &attribute->contents;
  if (told->has_s) {
    attribute->text = told->s.len > 0 ? g_strndup ((const char *) told->s.data, told->s.len) : g_strdup ("");
    /* Text goes into messages: only what is printable does. */
    for (char *p = attribute->text; *p != '\0'; p++)
      if (!g_ascii_isprint (*p))
        *p = '?';
  } else if (told->has_i || told->n_ints > 0) {
    c->n = told->n_ints > 0 ? (guint) told->n_ints : 1;
    c->ints = g_new (gint64, c->n);
    c->reals = g_new (double, c->n);
    for (guint i = 0; i < c->n; i++) {
      c->ints[i] = told->n_ints > 0 ? told->ints[i] : told->i;
      c->reals[i] = (double) c->ints[i];
    }
  } else if (told->has_f || told->n_floats > 0) {
    c->n = told->n_floats > 0 ? (guint) told->n_floats : 1;
    c->reals = g_new (double, c->n);
    for (guint i = 0; i < c->n; i++)
      c->reals[i] = told->n_floats > 0 ? told->floats[i] : told->f;
  } else if (told->t != NULL) {
    g_autofree char *what = g_strdup_printf ("attribute %.40s of node %u \"%s\"", text_of (told->name), node->index, node->name);
    attribute->value = _hd_graph_own_value (im->out, node->name, "value");
    if (!read_tensor (im, told->t, attribute->value, what))
      attribute->value->shape.n = 0;
  } else if (told->n_strings > 0)
    attribute->text = g_strdup ("");
}

static void
read_node (Importer *im, const HdOnnx__Node *told)
{
  HdGraphNode *node = _hd_graph_add_node (im->out, text_of (told->name), text_of (told->op_type), text_of (told->domain), 0);
  for (gsize i = 0; i < told->n_input; i++)
    g_ptr_array_add (node->inputs, *told->input[i] != '\0' ? _hd_graph_value (im->out, told->input[i], 0) : NULL);
  for (gsize i = 0; i < told->n_output; i++)
    g_ptr_array_add (node->outputs, *told->output[i] != '\0' ? _hd_graph_value (im->out, told->output[i], 0) : NULL);
  /* What is left out at the end is as if it was not there. */
  while (node->inputs->len > 0 && node->inputs->pdata[node->inputs->len - 1] == NULL)
    g_ptr_array_set_size (node->inputs, (int) node->inputs->len - 1);
  for (gsize i = 0; i < told->n_attribute; i++)
    read_attribute (im, node, told->attribute[i]);
}

/* --- the model ------------------------------------------------------------------------------------------- */

static void
read_opsets (Importer *im, const HdOnnx__Model *model)
{
  for (gsize i = 0; i < model->n_opset_import; i++) {
    const HdOnnx__OperatorSet *set = model->opset_import[i];
    const char *domain = text_of (set->domain);
    if (*domain != '\0' && !g_str_equal (domain, "ai.onnx"))
      continue;
    if (!set->has_version || set->version < 1 || set->version > 10000)
      fault (im, "the version of the operator set is %" G_GINT64_FORMAT " - expected 1 or more", set->has_version ? set->version : 0);
    else
      im->out->opset = (guint) set->version;
  }
}

static void
read_graph (Importer *im)
{
  const HdOnnx__Graph *graph = im->graph;
  read_initializers (im);
  for (gsize i = 0; i < graph->n_input; i++)
    read_input (im, graph->input[i]);
  for (gsize i = 0; i < graph->n_input; i++) {
    HdShape shape = { 0 };
    im->out->symbolic |= declared_shape (im, graph->input[i], &shape) && shape.n > 0 && shape.size[0] == 0;
  }
  for (gsize i = 0; i < graph->n_value_info; i++)
    read_declared (im, graph->value_info[i], FALSE);
  for (gsize i = 0; i < graph->n_output; i++)
    read_declared (im, graph->output[i], TRUE);
  for (gsize i = 0; i < graph->n_node; i++)
    read_node (im, graph->node[i]);
}

/* Outputs that no layer makes have nothing to be computed. */
static void
check_outputs (Importer *im)
{
  if (im->graph->n_output == 0)
    fault (im, "the graph has no output - expected at least one");
  for (gsize i = 0; i < im->graph->n_output && hd_diagnostics_count (im->out->diagnostics) == 0; i++) {
    const HdGraphValue *value = _hd_graph_find (im->out, text_of (im->graph->output[i]->name));
    while (value != NULL && value->alias != NULL)
      value = value->alias;
    if (value == NULL || value->constant || value->input || value->maker == 0)
      fault (im, "output \"%.80s\" is %s - expected that a node makes it", text_of (im->graph->output[i]->name),
             value != NULL && value->constant ? "a constant" : value != NULL && value->input ? "an input" : "made by no node");
  }
}

/* The name of the graph as an id. */
static char *
name_of (const HdOnnx__Graph *graph)
{
  char *name = g_strndup (*text_of (graph->name) != '\0' ? graph->name : "model", 100);
  for (char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-:/", *p) == NULL)
      *p = '_';
  return name;
}

static HdWorkload *
import (const HdOnnx__Model *model, const char *file, const HdImportOptions *options, GError **error)
{
  g_autoptr (HdDiagnostics) diagnostics = hd_diagnostics_new (file);
  g_autofree char *name = name_of (model->graph);
  g_autoptr (HdDraft) draft = _hd_workload_draft_new (name, diagnostics);
  g_autoptr (HdGraph) graph = _hd_graph_new (draft, diagnostics, options);
  Importer im = { model->graph, graph };
  draft->prune = TRUE;
  read_opsets (&im, model);
  read_graph (&im);
  _hd_graph_link (graph);
  if (hd_diagnostics_count (diagnostics) == 0) {
    _hd_graph_lower (graph);
    check_outputs (&im);
  }
  return _hd_workload_draft_finish (draft, error);
}

HdWorkload *
hd_workload_parse_onnx (const guint8 *data, gsize length, const char *name, const HdImportOptions *options, GError **error)
{
  g_autoptr (GByteArray) filtered = _hd_onnx_filter (data, length, error);
  if (filtered == NULL) {
    g_prefix_error (error, "%s: ", name);
    return NULL;
  }
  HdOnnx__Model *model = hd_onnx__model__unpack (NULL, filtered->len, filtered->data);
  if (model == NULL || model->graph == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s: no ONNX model: its messages cannot be decoded", name);
    if (model != NULL)
      hd_onnx__model__free_unpacked (model, NULL);
    return NULL;
  }
  HdWorkload *workload = import (model, name, options, error);
  hd_onnx__model__free_unpacked (model, NULL);
  return workload;
}
