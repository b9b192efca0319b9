/* The network as operators: names, attributes, operands, and the order of lowering. See graph.h. */
#include "config.h"
#include "workload/graph.h"

#include "workload/operators.h"

#include <string.h>

/* Ids are at most so long; longer ones are cut to leave room for a number. */
#define ID_LENGTH_MAX 200
#define ID_LENGTH_CUT 180

static void
free_value (gpointer data)
{
  HdGraphValue *self = data;
  _hd_contents_clear (&self->contents);
  g_free (self->name);
  g_free (self);
}

static void
free_attribute (gpointer data)
{
  HdGraphAttribute *self = data;
  _hd_contents_clear (&self->contents);
  g_free (self->name);
  g_free (self->text);
  g_free (self);
}

static void
free_node (gpointer data)
{
  HdGraphNode *self = data;
  g_ptr_array_unref (self->inputs);
  g_ptr_array_unref (self->outputs);
  g_ptr_array_unref (self->attributes);
  g_free (self->name);
  g_free (self->type);
  g_free (self->domain);
  g_free (self);
}

HdGraph *
_hd_graph_new (HdDraft *draft, HdDiagnostics *diagnostics, const HdImportOptions *options)
{
  HdGraph *self = g_new0 (HdGraph, 1);
  self->draft = draft;
  self->diagnostics = diagnostics;
  if (options != NULL)
    self->options = *options;
  self->opset = 18;
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->all_values = g_ptr_array_new_with_free_func (free_value);
  self->nodes = g_ptr_array_new_with_free_func (free_node);
  self->layer_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->value_names = g_hash_table_new (g_str_hash, g_str_equal);
  self->last_numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
_hd_graph_free (HdGraph *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->last_numbers);
  g_hash_table_unref (self->value_names);
  g_hash_table_unref (self->values);
  g_hash_table_unref (self->layer_names);
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->all_values);
  g_free (self);
}

/* --- names ------------------------------------------------------------------------------------------ */

/* An id out of any text: other characters become '_', what is long is cut, and what is taken gets a number. */
static char *
unique_id (HdGraph *self, const char *text, GHashTable *taken)
{
  g_autofree char *id = g_strndup (*text != '\0' ? text : "_", strlen (text) > ID_LENGTH_MAX ? ID_LENGTH_CUT : ID_LENGTH_MAX);
  for (char *p = id; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-:/", *p) == NULL)
      *p = '_';
  if (!g_hash_table_contains (taken, id))
    return g_steal_pointer (&id);
  for (guint n = MAX (GPOINTER_TO_UINT (g_hash_table_lookup (self->last_numbers, id)), 1) + 1;; n++) {
    g_autofree char *other = g_strdup_printf ("%s.%u", id, n);
    if (g_hash_table_contains (taken, other))
      continue;
    g_hash_table_insert (self->last_numbers, g_strdup (id), GUINT_TO_POINTER (n));
    return g_steal_pointer (&other);
  }
}

HdGraphValue *
_hd_graph_find (HdGraph *self, const char *name)
{
  return g_hash_table_lookup (self->values, name);
}

static HdGraphValue *
add_value (HdGraph *self, const char *text, guint line)
{
  HdGraphValue *value = g_new0 (HdGraphValue, 1);
  value->name = unique_id (self, text, self->value_names);
  value->line = line;
  g_hash_table_add (self->value_names, value->name);
  g_ptr_array_add (self->all_values, value);
  return value;
}

HdGraphValue *
_hd_graph_value (HdGraph *self, const char *key, guint line)
{
  HdGraphValue *value = _hd_graph_find (self, key);
  if (value == NULL) {
    value = add_value (self, key, line);
    g_hash_table_insert (self->values, g_strdup (key), value);
  }
  return value;
}

HdGraphValue *
_hd_graph_own_value (HdGraph *self, const char *name, const char *suffix)
{
  g_autofree char *text = g_strdup_printf ("%s.%s", name, suffix);
  return add_value (self, text, 0);
}

HdGraphNode *
_hd_graph_add_node (HdGraph *self, const char *name, const char *type, const char *domain, guint line)
{
  HdGraphNode *node = g_new0 (HdGraphNode, 1);
  g_autofree char *fallback = g_strdup_printf ("%s_%u", type, self->nodes->len);
  node->name = unique_id (self, *name != '\0' ? name : fallback, self->layer_names);
  g_hash_table_add (self->layer_names, g_strdup (node->name));
  node->type = g_strdup (type);
  node->domain = g_strdup (domain);
  node->line = line;
  node->index = self->nodes->len;
  node->inputs = g_ptr_array_new ();
  node->outputs = g_ptr_array_new ();
  node->attributes = g_ptr_array_new_with_free_func (free_attribute);
  g_ptr_array_add (self->nodes, node);
  return node;
}

gboolean
_hd_graph_fault (HdGraph *self, const HdGraphNode *node, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (self->xml)
    hd_diagnostics_add (self->diagnostics, node->line, "layer \"%s\" (%.60s): %s", node->name, node->type, text);
  else
    hd_diagnostics_add (self->diagnostics, 0, "node %u \"%s\" (%.60s): %s", node->index, node->name, node->type, text);
  return FALSE;
}

/* --- attributes ------------------------------------------------------------------------------------- */

HdGraphAttribute *
_hd_graph_node_add_attribute (HdGraphNode *node, const char *name)
{
  HdGraphAttribute *attribute = g_new0 (HdGraphAttribute, 1);
  attribute->name = g_strdup (name);
  g_ptr_array_add (node->attributes, attribute);
  return attribute;
}

HdGraphAttribute *
_hd_node_attribute (HdGraphNode *node, const char *name)
{
  for (guint i = 0; i < node->attributes->len; i++) {
    HdGraphAttribute *attribute = node->attributes->pdata[i];
    if (g_str_equal (attribute->name, name))
      return attribute;
  }
  return NULL;
}

gint64
_hd_node_int (HdGraph *self, HdGraphNode *node, const char *name, gint64 fallback)
{
  const gint64 *ints = _hd_node_ints (self, node, name, 1, NULL);
  return ints != NULL ? ints[0] : fallback;
}

const char *
_hd_node_text (HdGraph *self, HdGraphNode *node, const char *name, const char *fallback)
{
  const HdGraphAttribute *attribute = _hd_node_attribute (node, name);
  if (attribute != NULL && attribute->text == NULL)
    _hd_graph_fault (self, node, "attribute %s is no text - expected one", name);
  return attribute != NULL && attribute->text != NULL ? attribute->text : fallback;
}

const gint64 *
_hd_node_ints (HdGraph *self, HdGraphNode *node, const char *name, guint expected, guint *n)
{
  const HdGraphAttribute *attribute = _hd_node_attribute (node, name);
  if (attribute == NULL)
    return NULL;
  /* Without elements there is no array either. */
  static const gint64 none = 0;
  const gint64 *ints = attribute->contents.n == 0 && attribute->text == NULL && attribute->value == NULL ? &none : attribute->contents.ints;
  if (ints == NULL)
    _hd_graph_fault (self, node, "attribute %s is not of whole numbers", name);
  else if (expected > 0 && attribute->contents.n != expected) {
    _hd_graph_fault (self, node, "attribute %s has %u numbers - expected %u", name, attribute->contents.n, expected);
    return NULL;
  }
  if (n != NULL)
    *n = attribute->contents.n;
  return ints;
}

static gboolean
contents_or_input (HdGraph *self, HdGraphNode *node, const char *name, guint index, gboolean *present, const HdContents **contents)
{
  const HdGraphAttribute *attribute = _hd_node_attribute (node, name);
  const HdGraphValue *value = _hd_node_input (node, index);
  *present = attribute != NULL || (value != NULL && !(value->known && _hd_shape_elements (&value->shape) == 0));
  *contents = attribute != NULL ? &attribute->contents : value != NULL ? &value->contents : NULL;
  if (value != NULL && attribute == NULL && *present && !_hd_contents_known (&value->contents))
    return _hd_graph_fault (self, node, "operand %u \"%s\" is not a constant whose contents are known - expected one (%s)", index, value->name, name);
  return TRUE;
}

gboolean
_hd_node_ints_or_input (HdGraph *self, HdGraphNode *node, const char *name, guint index, gboolean *present, const gint64 **ints, guint *n)
{
  const HdContents *contents;
  *ints = NULL;
  *n = 0;
  if (!contents_or_input (self, node, name, index, present, &contents))
    return FALSE;
  if (!*present)
    return TRUE;
  static const gint64 none = 0;
  *n = contents->n;
  *ints = contents->n == 0 ? &none : contents->ints;
  return *ints != NULL || _hd_graph_fault (self, node, "%s is not of whole numbers", name);
}

gboolean
_hd_node_reals_or_input (HdGraph *self, HdGraphNode *node, const char *name, guint index, gboolean *present, const double **reals, guint *n)
{
  const HdContents *contents;
  *reals = NULL;
  *n = 0;
  if (!contents_or_input (self, node, name, index, present, &contents))
    return FALSE;
  if (!*present)
    return TRUE;
  static const double none = 0;
  *n = contents->n;
  *reals = contents->n == 0 ? &none : contents->reals;
  return *reals != NULL || _hd_graph_fault (self, node, "%s is not of real numbers", name);
}

/* --- operands --------------------------------------------------------------------------------------- */

HdGraphValue *
_hd_node_input (const HdGraphNode *node, guint index)
{
  HdGraphValue *value = index < node->inputs->len ? node->inputs->pdata[index] : NULL;
  while (value != NULL && value->alias != NULL)
    value = value->alias;
  return value;
}

HdGraphValue *
_hd_node_output (const HdGraphNode *node, guint index)
{
  return index < node->outputs->len ? node->outputs->pdata[index] : NULL;
}

HdGraphValue *
_hd_node_require (HdGraph *self, HdGraphNode *node, guint index)
{
  HdGraphValue *value = _hd_node_input (node, index);
  if (value == NULL)
    _hd_graph_fault (self, node, "operand %u is missing", index);
  return value;
}

gboolean
_hd_node_axis (HdGraph *self, HdGraphNode *node, gint64 axis, guint n, guint *out)
{
  if (axis < -(gint64) n || axis >= (gint64) n)
    return _hd_graph_fault (self, node, "axis %" G_GINT64_FORMAT " - expected -%u to %d", axis, n, (int) n - 1);
  *out = (guint) (axis < 0 ? axis + n : axis);
  return TRUE;
}

/* --- lowering all nodes -------------------------------------------------------------------------------- */

/* Attributes that the operator does not know are faults in XML; ONNX files carry some that do not matter here. */
static void
check_attributes (HdGraph *self, HdGraphNode *node, const HdOperator *op)
{
  g_auto (GStrv) known = g_strsplit (op->attributes, " ", -1);
  for (guint i = 0; self->xml && i < node->attributes->len; i++) {
    const HdGraphAttribute *attribute = node->attributes->pdata[i];
    if (g_strv_contains ((const char *const *) known, attribute->name))
      continue;
    const char *near = hd_suggest (attribute->name, (const char *const *) known, g_strv_length (known));
    _hd_graph_fault (self, node, "there is no attribute \"%.60s\"%s%s%s", attribute->name, near != NULL ? " - did you mean \"" : "",
                     near != NULL ? near : "", near != NULL ? "\"?" : "");
  }
}

/* TRUE when all operands have shapes; a fault for those that nobody makes. */
static gboolean
operands_are_known (HdGraph *self, HdGraphNode *node)
{
  gboolean known = TRUE;
  for (guint i = 0; i < node->inputs->len; i++) {
    const HdGraphValue *value = _hd_node_input (node, i);
    if (value == NULL || value->known)
      continue;
    known = FALSE;
    if (value->maker == 0 && !value->input && !value->constant)
      _hd_graph_fault (self, node, "there is no tensor \"%s\"", value->name);
  }
  return known;
}

static gboolean
operands_are_constant (const HdGraphNode *node)
{
  for (guint i = 0; i < node->inputs->len; i++) {
    const HdGraphValue *value = _hd_node_input (node, i);
    if (value != NULL && !value->constant)
      return FALSE;
  }
  return TRUE;
}

static void
lower_node (HdGraph *self, HdGraphNode *node)
{
  const HdOperator *op = _hd_operator_find (node->type, node->domain);
  if (op == NULL) {
    const char *const *names = hd_operator_names ();
    const char *near = hd_suggest (node->type, names, g_strv_length ((char **) names));
    _hd_graph_fault (self, node, "operator \"%.60s\"%s%.60s is not known%s%s%s", node->type, *node->domain != '\0' ? " of domain " : "", node->domain,
                     near != NULL ? " - did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
    return;
  }
  check_attributes (self, node, op);
  if (!operands_are_known (self, node))
    return;
  if (node->inputs->len < op->min_inputs || node->inputs->len > op->max_inputs)
    _hd_graph_fault (self, node, "%u operands - expected %u to %u", node->inputs->len, op->min_inputs, op->max_inputs);
  else if (node->outputs->len == 0 || (node->outputs->pdata[0] == NULL && op->lower != _hd_op_split))
    _hd_graph_fault (self, node, "it has no output - expected one");
  else if (operands_are_constant (node))
    _hd_fold_node (self, node);
  else
    op->lower (self, node, op);
}

/* Nodes whose operands are made, first come first. */
static void
sort_nodes (HdGraph *self, GArray *order)
{
  guint n = self->nodes->len;
  g_autofree guint *waits = g_new0 (guint, n);
  g_autofree GArray **readers = g_new0 (GArray *, n);
  for (guint i = 0; i < n; i++) {
    HdGraphNode *node = self->nodes->pdata[i];
    for (guint k = 0; k < node->inputs->len; k++) {
      const HdGraphValue *value = node->inputs->pdata[k];
      if (value == NULL || value->maker == 0)
        continue;
      GArray **list = &readers[value->maker - 1];
      if (*list == NULL)
        *list = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (*list, i);
      waits[i]++;
    }
  }
  for (guint i = 0; i < n; i++)
    if (waits[i] == 0)
      g_array_append_val (order, i);
  for (guint done = 0; done < order->len; done++) {
    GArray *list = readers[g_array_index (order, guint, done)];
    for (guint k = 0; list != NULL && k < list->len; k++)
      if (--waits[g_array_index (list, guint, k)] == 0)
        g_array_append_val (order, g_array_index (list, guint, k));
  }
  for (guint i = 0; i < n; i++) {
    if (waits[i] > 0)
      _hd_graph_fault (self, self->nodes->pdata[i], "it stands on a cycle of operators, or behind one");
    if (readers[i] != NULL)
      g_array_unref (readers[i]);
  }
}

/* Links each value to its maker; a value made twice, or made and given, is a fault. */
void
_hd_graph_link (HdGraph *self)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    HdGraphNode *node = self->nodes->pdata[i];
    for (guint k = 0; k < node->outputs->len; k++) {
      HdGraphValue *value = node->outputs->pdata[k];
      if (value == NULL)
        continue;
      if (value->maker != 0 || value->input || value->constant)
        _hd_graph_fault (self, node, "it makes \"%s\", which is made or given elsewhere", value->name);
      else
        value->maker = i + 1;
    }
  }
}

void
_hd_graph_lower (HdGraph *self)
{
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  if (self->nodes->len > HD_OPERATORS_MAX) {
    hd_diagnostics_add (self->diagnostics, 0, "there are %u operators - expected at most %u", self->nodes->len, HD_OPERATORS_MAX);
    return;
  }
  sort_nodes (self, order);
  /* Too many layers are told by the draft's checks. */
  for (guint i = 0; i < order->len && self->draft->layers->len <= HD_LAYERS_MAX; i++)
    lower_node (self, self->nodes->pdata[g_array_index (order, guint, i)]);
}
