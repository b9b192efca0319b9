/* Workload XML to a workload. doc/workload.md describes the format.
 *
 *     <workload version="1" name="tiny" input-bits="8 bit">
 *       <tensor id="x" kind="input" shape="1 3 32 32"/>
 *       <layer id="conv" operator="Conv" inputs="x" channels="16" kernel_shape="3 3" pads="1 1 1 1"/>
 *       <nest id="sum" operator="RowSum" class="pool" ranks="B=1 K=16 OY=32 OX=32">
 *         <input tensor="conv" index="B, K, OY, OX"/>
 *         <output tensor="rows" index="B, K, OY"/>
 *       </nest>
 *       <tensor id="rows" kind="output" shape="1 16 32"/>
 *     </workload>
 *
 * A layer is an operator of the table: shapes and weights follow. A nest is a loop nest as it is, for everything else; the canonical form consists
 * of tensors and nests only. The order of elements means nothing.
 */
#include "config.h"
#include "workload/graph.h"
#include "workload/index.h"
#include "xml/xml.h"

#include <math.h>
#include <string.h>

static const char *const CHILDREN[] = { "tensor", "constant", "layer", "nest", NULL };
static const char *const KINDS[] = { "input", "weight", "activation", "output", NULL };
static const char *const CLASSES[] = { "mac", "pool", "vector", "move", NULL };
static const char *const OPERANDS[] = { "input", "weight", "output", NULL };

typedef struct {
  HdXmlDocument *doc;
  HdDraft *draft;
  HdGraph *graph;
  GHashTable *read;       /* names of tensors that some layer reads */
  guint inferences;
} Reader;

/* Bits of an attribute; 0 when it is not there. */
static guint
read_bits (Reader *r, HdXmlNode *node, const char *name)
{
  guint64 bits = hd_xml_u64 (r->doc, node, name, HD_UNIT_BIT, FALSE, 0);
  if (hd_xml_attribute (r->doc, node, name) != NULL && (bits < 1 || bits > 64)) {
    hd_xml_fault (r->doc, node, "%s is %" G_GUINT64_FORMAT " bit - expected 1 to 64", name, bits);
    return 0;
  }
  return (guint) bits;
}

/* A list longer than this is no list of names or numbers that anybody wrote [byte]. */
#define LIST_LENGTH_MAX 262144

/* The words of an attribute; none, and a fault, when it is far too long. */
static char **
read_words (Reader *r, HdXmlNode *node, const char *name)
{
  const char *text = hd_xml_attribute (r->doc, node, name);
  if (text == NULL || strlen (text) <= LIST_LENGTH_MAX)
    return hd_xml_words (r->doc, node, name);
  hd_xml_fault (r->doc, node, "%s is %" G_GSIZE_FORMAT " byte long - expected at most %d", name, strlen (text), LIST_LENGTH_MAX);
  return g_new0 (char *, 1);
}

/* --- tensors and constants ------------------------------------------------------------------------- */

static gboolean
read_shape (Reader *r, HdXmlNode *node, HdShape *shape)
{
  g_auto (GStrv) words = read_words (r, node, "shape");
  shape->n = g_strv_length (words);
  if (shape->n < 1 || shape->n > HD_DIMS_MAX) {
    hd_xml_fault (r->doc, node, "shape has %u dimensions - expected 1 to %d", shape->n, HD_DIMS_MAX);
    return FALSE;
  }
  for (guint d = 0; d < shape->n; d++)
    if (!g_ascii_string_to_unsigned (words[d], 10, 1, HD_SIZE_MAX, &shape->size[d], NULL)) {
      hd_xml_fault (r->doc, node, "shape has \"%.60s\" - expected whole numbers from 1 to %d", words[d], HD_SIZE_MAX);
      return FALSE;
    }
  return TRUE;
}

static HdGraphValue *
new_value (Reader *r, HdXmlNode *node)
{
  const char *id = hd_xml_require_id (r->doc, node, "id");
  if (*id == '\0')
    return NULL;
  /* A layer may have named it before. */
  HdGraphValue *value = _hd_graph_value (r->graph, id, hd_xml_line (node));
  if (value->told) {
    hd_xml_fault (r->doc, node, "tensor \"%s\" is there already", id);
    return NULL;
  }
  value->told = TRUE;
  value->line = hd_xml_line (node);
  return value;
}

static void
read_tensor (Reader *r, HdXmlNode *node)
{
  HdGraphValue *value = new_value (r, node);
  int kind = hd_xml_choice (r->doc, node, "kind", KINDS, -1);
  guint bits = read_bits (r, node, "bits");
  HdShape shape;
  gboolean made = kind == HD_TENSOR_ACTIVATION || kind == HD_TENSOR_OUTPUT;
  if (hd_xml_attribute (r->doc, node, "shape") == NULL && !made)
    hd_xml_require (r->doc, node, "shape");
  gboolean has_shape = hd_xml_attribute (r->doc, node, "shape") != NULL && read_shape (r, node, &shape);
  hd_xml_finish_element (r->doc, node);
  if (value == NULL)
    return;
  value->input = kind == HD_TENSOR_INPUT;
  value->constant = kind == HD_TENSOR_WEIGHT;
  value->output = kind == HD_TENSOR_OUTPUT;
  value->bits = bits;
  value->type = HD_TYPE_FLOAT;
  value->image = has_shape && shape.n == 4;
  if (!has_shape)
    return;
  value->known = !made;
  value->shape = shape;
  value->declared = made;
  value->declared_shape = shape;
}

/* Numbers of @text as contents: integers where all are. Returns FALSE when a word is no number. */
static gboolean
read_numbers (Reader *r, char **words, HdContents *contents)
{
  guint n = g_strv_length (words);
  if (!_hd_graph_keep_contents (r->graph, n))
    return FALSE;
  g_autofree gint64 *ints = g_new0 (gint64, n + 1);
  g_autofree double *reals = g_new0 (double, n + 1);
  gboolean integer = TRUE;
  for (guint i = 0; i < n; i++) {
    char *end;
    if (g_ascii_string_to_signed (words[i], 10, G_MININT64, G_MAXINT64, &ints[i], NULL)) {
      reals[i] = (double) ints[i];
      continue;
    }
    integer = FALSE;
    reals[i] = g_ascii_strtod (words[i], &end);
    if (end == words[i] || *end != '\0' || strpbrk (words[i], "xX") != NULL || !isfinite (reals[i]))
      return FALSE;
  }
  *contents = (HdContents) { n, integer ? g_steal_pointer (&ints) : NULL, g_steal_pointer (&reals) };
  return TRUE;
}

/* A list of numbers that takes part in shapes: <constant id="axes" values="2 3"/>. */
static void
read_constant (Reader *r, HdXmlNode *node)
{
  HdGraphValue *value = new_value (r, node);
  g_auto (GStrv) words = read_words (r, node, "values");
  hd_xml_require (r->doc, node, "values");
  hd_xml_finish_element (r->doc, node);
  if (value == NULL)
    return;
  value->constant = value->known = value->number = TRUE;
  value->shape = (HdShape) { 1, { g_strv_length (words) } };
  if (!read_numbers (r, words, &value->contents))
    hd_xml_fault (r->doc, node, "values of \"%s\" - expected at most %u numbers", value->name, HD_CONTENTS_MAX);
  value->type = value->contents.ints != NULL ? HD_TYPE_INT64 : HD_TYPE_FLOAT;
}

/* --- layers: operators ------------------------------------------------------------------------------- */

/* Tensors that an attribute names; "-" stands for an operand that is left out. */
static void
read_names (Reader *r, HdXmlNode *node, const char *attribute, GPtrArray *list, GHashTable *read)
{
  g_auto (GStrv) words = read_words (r, node, attribute);
  for (guint i = 0; words[i] != NULL; i++) {
    gboolean none = g_str_equal (words[i], "-");
    g_ptr_array_add (list, none ? NULL : _hd_graph_value (r->graph, words[i], hd_xml_line (node)));
    if (!none && read != NULL)
      g_hash_table_add (read, list->pdata[i]);
  }
}

static void
read_attributes (Reader *r, HdXmlNode *node, HdGraphNode *op)
{
  g_auto (GStrv) names = hd_xml_unasked_attributes (r->doc, node);
  for (guint i = 0; names[i] != NULL; i++) {
    HdGraphAttribute *attribute = _hd_graph_node_add_attribute (op, names[i]);
    g_auto (GStrv) words = read_words (r, node, names[i]);
    attribute->text = g_strdup (hd_xml_attribute (r->doc, node, names[i]));
    if (!read_numbers (r, words, &attribute->contents))
      _hd_contents_clear (&attribute->contents);
  }
  hd_xml_finish_element (r->doc, node);
}

/* The name of a layer or nest; "" when it is missing or taken. */
static const char *
read_layer_id (Reader *r, HdXmlNode *node)
{
  const char *id = hd_xml_require_id (r->doc, node, "id");
  if (!g_hash_table_contains (r->graph->layer_names, id))
    return id;
  hd_xml_fault (r->doc, node, "layer \"%s\" is there already", id);
  return "";
}

static void
read_layer (Reader *r, HdXmlNode *node)
{
  const char *id = read_layer_id (r, node), *type = hd_xml_require_id (r->doc, node, "operator");
  const char *domain = hd_xml_attribute (r->doc, node, "domain");
  HdXmlNode *child = hd_xml_first (r->doc, node);
  static const char *const NONE[] = { NULL };
  if (child != NULL)
    hd_xml_unexpected (r->doc, child, NONE);
  if (*id == '\0' || *type == '\0')
    return;
  HdGraphNode *op = _hd_graph_add_node (r->graph, id, type, domain != NULL ? domain : "", hd_xml_line (node));
  read_names (r, node, "inputs", op->inputs, r->read);
  read_names (r, node, "outputs", op->outputs, NULL);
  /* A layer names the tensor that it makes. */
  if (hd_xml_attribute (r->doc, node, "outputs") == NULL)
    g_ptr_array_add (op->outputs, _hd_graph_value (r->graph, id, op->line));
  op->weight_bits = read_bits (r, node, "weight-bits");
  op->partial_bits = read_bits (r, node, "partial-bits");
  op->output_bits = read_bits (r, node, "output-bits");
  read_attributes (r, node, op);
}

/* --- nests -------------------------------------------------------------------------------------------- */

static void
read_ranks (Reader *r, HdXmlNode *node, HdDraftLayer *layer)
{
  g_auto (GStrv) words = read_words (r, node, "ranks");
  hd_xml_require (r->doc, node, "ranks");
  for (guint i = 0; words[i] != NULL; i++) {
    guint64 size;
    char *equals = strchr (words[i], '=');
    gboolean good = equals != NULL && g_ascii_isalpha (*words[i]) && equals - words[i] <= 32
                    && g_ascii_string_to_unsigned (equals + 1, 10, 1, HD_SIZE_MAX, &size, NULL);
    for (const char *p = words[i]; good && p < equals; p++)
      good = g_ascii_isalnum (*p) || *p == '_';
    if (!good) {
      hd_xml_fault (r->doc, node, "ranks has \"%.60s\" - expected NAME=SIZE with a size from 1 to %d", words[i], HD_SIZE_MAX);
      layer->broken = TRUE;
      continue;
    }
    *equals = '\0';
    if (_hd_workload_draft_layer_add_rank (layer, words[i], size) < 0) {
      hd_xml_fault (r->doc, node, "ranks has more than %d ranks", HD_RANKS_MAX);
      return;
    }
  }
}

static void
read_operand (Reader *r, HdXmlNode *node, HdDraftLayer *layer)
{
  int role = -1;
  for (int i = 0; OPERANDS[i] != NULL; i++)
    if (hd_xml_is (node, OPERANDS[i]))
      role = i;
  if (role < 0) {
    hd_xml_unexpected (r->doc, node, OPERANDS);
    return;
  }
  const char *tensor = hd_xml_require_id (r->doc, node, "tensor");
  HdDraftOperand *operand = _hd_workload_draft_layer_add_operand (layer, tensor, (HdRole) role);
  operand->operand.whole = hd_xml_boolean (r->doc, node, "whole", FALSE);
  operand->operand.touched_per_point = hd_xml_u64 (r->doc, node, "touched", HD_UNIT_COUNT, FALSE, 0);
  operand->line = hd_xml_line (node);
  if (operand->operand.touched_per_point > HD_SIZE_MAX)
    hd_xml_fault (r->doc, node, "touched is %" G_GUINT64_FORMAT " - expected at most %d", operand->operand.touched_per_point, HD_SIZE_MAX);
  g_autoptr (GError) local = NULL;
  const char *index = operand->operand.whole ? NULL : hd_xml_require (r->doc, node, "index");
  hd_xml_finish_element (r->doc, node);
  if (index == NULL || *index == '\0' || layer->broken)
    return;
  if (!_hd_index_parse (index, &layer->layer, &operand->operand, &operand->n_dims, &local)) {
    hd_xml_fault (r->doc, node, "index: %s", local->message);
    layer->broken = TRUE;
  }
}

static void
read_nest (Reader *r, HdXmlNode *node)
{
  const char *id = read_layer_id (r, node), *type = hd_xml_require_id (r->doc, node, "operator");
  HdDraftLayer *layer = _hd_workload_draft_layer_new (id, type, hd_xml_line (node));
  int layer_class = hd_xml_choice (r->doc, node, "class", CLASSES, -1);
  guint bits = read_bits (r, node, "partial-bits");
  guint64 ops = hd_xml_u64 (r->doc, node, "ops", HD_UNIT_COUNT, FALSE, 1);
  g_ptr_array_add (r->draft->layers, layer);
  g_hash_table_add (r->graph->layer_names, g_strdup (id));
  layer->layer.layer_class = (HdLayerClass) MAX (layer_class, 0);
  layer->layer.partial_bits = bits != 0 ? bits : r->graph->options.partial_bits != 0 ? r->graph->options.partial_bits : 16;
  layer->layer.ops_per_point = (guint) MIN (ops, G_MAXUINT32);
  layer->layer.view = hd_xml_boolean (r->doc, node, "view", FALSE);
  read_ranks (r, node, layer);
  hd_xml_finish_element (r->doc, node);
  for (HdXmlNode *child = hd_xml_first (r->doc, node); child != NULL; child = hd_xml_next (r->doc, child))
    read_operand (r, child, layer);
  if (layer->layer.view && layer->layer.layer_class != HD_LAYER_MOVE)
    hd_xml_fault (r->doc, node, "view=\"true\" of class \"%s\" - expected class \"move\"", CLASSES[layer->layer.layer_class]);
}

/* --- putting it together --------------------------------------------------------------------------------- */

/* Indices of nests have as many dimensions as their tensors, which are known only after the operators. */
static void
check_dimensions (Reader *r)
{
  for (guint l = 0; l < r->draft->layers->len; l++) {
    HdDraftLayer *layer = r->draft->layers->pdata[l];
    for (guint o = 0; o < layer->operands->len; o++) {
      HdDraftOperand *operand = layer->operands->pdata[o];
      const HdDraftTensor *tensor = _hd_workload_draft_find_tensor (r->draft, operand->tensor);
      if (tensor == NULL || operand->n_dims == 0 || operand->n_dims == tensor->tensor.n_dims)
        continue;
      hd_diagnostics_add (hd_xml_diagnostics (r->doc), operand->line, "index has %u dimensions, tensor \"%s\" has %u", operand->n_dims, operand->tensor,
                          tensor->tensor.n_dims);
      layer->broken = TRUE;
    }
  }
}

/* The tensors that nests name: those that are declared, and those that operators make, by the name they have there. */
static void
link_nests (Reader *r)
{
  for (guint i = 0; i < r->graph->all_values->len; i++) {
    HdGraphValue *value = r->graph->all_values->pdata[i];
    if (value->told && value->known && !value->number && value->alias == NULL)
      _hd_graph_tensor (r->graph, value);
  }
  for (guint l = 0; l < r->draft->layers->len; l++) {
    HdDraftLayer *layer = r->draft->layers->pdata[l];
    for (guint o = 0; o < layer->operands->len; o++) {
      HdDraftOperand *operand = layer->operands->pdata[o];
      HdGraphValue *value = operand->line != 0 ? _hd_graph_find (r->graph, operand->tensor) : NULL;
      while (value != NULL && value->alias != NULL)
        value = value->alias;
      if (value == NULL || !value->known)
        continue;
      _hd_graph_tensor (r->graph, value);
      g_free (operand->tensor);
      operand->tensor = g_strdup (value->name);
    }
  }
}

/* What nests read and make: known when its shape is told. What nobody reads is an output unless it is told to be something else. */
static void
settle_values (Reader *r)
{
  for (guint l = 0; l < r->draft->layers->len; l++) {
    HdDraftLayer *layer = r->draft->layers->pdata[l];
    for (guint o = 0; o < layer->operands->len; o++) {
      HdDraftOperand *operand = layer->operands->pdata[o];
      HdGraphValue *value = _hd_graph_find (r->graph, operand->tensor);
      if (value != NULL && operand->operand.role != HD_ROLE_OUTPUT)
        g_hash_table_add (r->read, value);
    }
  }
  for (guint i = 0; i < r->graph->all_values->len; i++) {
    HdGraphValue *value = r->graph->all_values->pdata[i];
    if (value->maker == 0 && value->declared && !value->known)
      value->known = TRUE;
    else if (value->maker != 0 && !value->told && !g_hash_table_contains (r->read, value))
      value->output = TRUE;
  }
}

static void
read_root (Reader *r, HdXmlNode *root)
{
  HdImportOptions *options = &r->graph->options;
  hd_xml_require (r->doc, root, "version");
  options->input_bits = read_bits (r, root, "input-bits");
  options->weight_bits = read_bits (r, root, "weight-bits");
  options->partial_bits = read_bits (r, root, "partial-bits");
  options->output_bits = read_bits (r, root, "output-bits");
  options->bias_bits = read_bits (r, root, "bias-bits");
  guint64 inferences = hd_xml_u64 (r->doc, root, "inferences", HD_UNIT_COUNT, FALSE, 1);
  if (inferences < 1 || inferences > HD_LAYERS_MAX)
    hd_xml_fault (r->doc, root, "inferences is %" G_GUINT64_FORMAT " - expected 1 to %u", inferences, HD_LAYERS_MAX);
  r->inferences = (guint) CLAMP (inferences, 1, HD_LAYERS_MAX);
  hd_xml_finish_element (r->doc, root);
  for (HdXmlNode *node = hd_xml_stream_next (r->doc); node != NULL; node = hd_xml_stream_next (r->doc)) {
    if (hd_xml_is (node, "tensor"))
      read_tensor (r, node);
    else if (hd_xml_is (node, "constant"))
      read_constant (r, node);
    else if (hd_xml_is (node, "layer"))
      read_layer (r, node);
    else if (hd_xml_is (node, "nest"))
      read_nest (r, node);
    else
      hd_xml_unexpected (r->doc, node, CHILDREN);
    if (r->graph->nodes->len > HD_OPERATORS_MAX || r->draft->layers->len > HD_LAYERS_MAX) {
      hd_xml_fault (r->doc, node, "there are too many layers - expected at most %u, of at most %u operators", HD_LAYERS_MAX, HD_OPERATORS_MAX);
      return;
    }
  }
}

static HdWorkload *
read_document (HdXmlDocument *doc, GError **error)
{
  HdXmlNode *root = hd_xml_root (doc);
  g_autoptr (HdDraft) draft = _hd_workload_draft_new (hd_xml_require (doc, root, "name"), hd_xml_diagnostics (doc));
  draft->line = hd_xml_line (root);
  g_autoptr (HdGraph) graph = _hd_graph_new (draft, hd_xml_diagnostics (doc), NULL);
  g_autoptr (GHashTable) read = g_hash_table_new (NULL, NULL);
  Reader r = { doc, draft, graph, read, 1 };
  guint line = hd_xml_line (root);
  graph->xml = TRUE;
  read_root (&r, root);
  _hd_graph_link (graph);
  settle_values (&r);
  if (!hd_diagnostics_check (hd_xml_diagnostics (doc), error))
    return NULL;
  _hd_graph_lower (graph);
  link_nests (&r);
  check_dimensions (&r);
  g_autoptr (HdWorkload) workload = _hd_workload_draft_finish (draft, error);
  if (workload == NULL)
    return NULL;
  workload->inferences = r.inferences;
  _hd_workload_check_inferences (workload, hd_xml_diagnostics (doc), line);
  return hd_diagnostics_check (hd_xml_diagnostics (doc), error) ? g_steal_pointer (&workload) : NULL;
}

HdWorkload *
hd_workload_parse_xml (const char *text, gsize length, const char *name, GError **error)
{
  g_autoptr (HdXmlDocument) doc = hd_xml_stream_open (text, length, name, "workload", "1", error);
  return doc != NULL ? read_document (doc, error) : NULL;
}
