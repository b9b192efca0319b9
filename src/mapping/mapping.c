/* The mapping's life, its file's outermost element, and the questions that others ask it. */
#include "config.h"
#include "mapping/rules.h"

/* Elements and attributes of a file. */
#define MAX_NODES 300000
#define LISTED_MAX 12   /* names in a message */

/* --- life ------------------------------------------------------------------------------------ */

HdMapping *
_hd_mapping_new (HdWorkload *workload, HdPlatform *platform, const char *file)
{
  HdMapping *self = g_new0 (HdMapping, 1);
  self->references = 1;
  self->file = g_strdup (file);
  self->workload = hd_workload_ref (workload);
  self->platform = hd_platform_ref (platform);
  self->layer = g_new0 (HdMappingLayer, workload->n_layers);
  self->dram.memory = HD_NONE;
  for (guint m = platform->n_memories; m-- > 0;)
    if (platform->memory[m].dram)
      self->dram.memory = m;
  return self;
}

HdMapping *
hd_mapping_ref (HdMapping *self)
{
  g_atomic_int_inc (&self->references);
  return self;
}

static void
clear_layer (HdMappingLayer *layer)
{
  for (guint i = 0; i < layer->n_cuts; i++)
    g_free (layer->cut[i].rank);
  for (guint i = 0; i < layer->n_unrolls; i++)
    g_free (layer->unroll[i].rank);
  for (guint i = 0; i < layer->n_loops; i++) {
    g_free (layer->loop[i].rank);
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      g_free (layer->loop[i].level[o]);
  }
  g_free (layer->cores);
  g_free (layer->cut);
  g_free (layer->unroll);
  g_free (layer->loop);
}

static void
clear_stack (HdMappingStack *stack)
{
  for (guint a = 0; a < stack->n_axes; a++)
    g_free (stack->axis[a].rank);
  for (guint t = 0; t < stack->n_tensors; t++)
    g_free (stack->tensor[t].mode);
  g_free (stack->layers);
  g_free (stack->axis);
  g_free (stack->tensor);
}

void
hd_mapping_unref (HdMapping *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->references))
    return;
  for (guint l = 0; l < self->workload->n_layers; l++)
    clear_layer (&self->layer[l]);
  for (guint s = 0; s < self->n_stacks; s++)
    clear_stack (&self->stack[s]);
  g_free (self->layer);
  g_free (self->stack);
  g_free (self->file);
  hd_platform_unref (self->platform);
  hd_workload_unref (self->workload);
  g_free (self);
}

/* --- reading ----------------------------------------------------------------------------------- */

void
_hd_mapping_reader_init (HdMappingReader *reader, HdMapping *mapping, HdXmlDocument *document, HdDiagnostics *faults)
{
  guint n_layers = mapping->workload->n_layers;
  *reader = (HdMappingReader) {
    .document = document,
    .faults = faults,
    .mapping = mapping,
    .stacks = g_array_new (FALSE, TRUE, sizeof (HdMappingStack)),
    .stack_line_of_layer = g_new0 (guint, n_layers),
    .stack_of_layer = g_new0 (guint, n_layers),
    .stack_rules = g_ptr_array_new_with_free_func ((GDestroyNotify) _hd_mapping_rule_free),
    .operator_rules = g_ptr_array_new_with_free_func ((GDestroyNotify) _hd_mapping_rule_free),
    .layer_rules = g_new0 (HdMappingRule *, n_layers),
  };
}

void
_hd_mapping_reader_clear (HdMappingReader *reader)
{
  for (guint l = 0; l < reader->mapping->workload->n_layers; l++)
    _hd_mapping_rule_free (reader->layer_rules[l]);
  g_free (reader->layer_rules);
  g_ptr_array_unref (reader->operator_rules);
  g_ptr_array_unref (reader->stack_rules);
  g_free (reader->stack_of_layer);
  g_free (reader->stack_line_of_layer);
  g_array_unref (reader->stacks);
}

void
_hd_mapping_unknown (HdMappingReader *reader, guint line, const char *what, const char *name, const char *const *candidates, gsize n)
{
  /* Faults beyond those that are told need no suggestion: looking for one takes time. */
  gboolean told = hd_diagnostics_count (reader->faults) < HD_DIAGNOSTICS_MAX;
  const char *near = told && strlen (name) > 1 ? hd_suggest (name, candidates, n) : NULL;   /* every letter is near every other */
  g_autoptr (GString) list = g_string_new (NULL);
  for (gsize i = 0; told && near == NULL && n <= LISTED_MAX && i < n; i++)
    g_string_append_printf (list, "%s%.60s", i > 0 ? ", " : "", candidates[i]);
  if (near != NULL)
    hd_diagnostics_add (reader->faults, line, "no %s is called \"%.60s\" - did you mean \"%s\"?", what, name, near);
  else if (list->len > 0)
    hd_diagnostics_add (reader->faults, line, "no %s is called \"%.60s\" - expected %s%s", what, name, n > 1 ? "one of " : "", list->str);
  else
    hd_diagnostics_add (reader->faults, line, "no %s is called \"%.60s\"", what, name);
}

/* A file that names its workload or platform is for that one only. */
static void
check_name (HdMappingReader *reader, HdXmlNode *root, const char *attribute, const char *given)
{
  const char *text = hd_xml_attribute (reader->document, root, attribute);
  if (text != NULL && !g_str_equal (text, given))
    hd_xml_fault (reader->document, root, "the mapping is for the %s \"%.60s\" - the given one is \"%.60s\"", attribute, text, given);
}

static void
read_dram (HdMappingReader *reader, HdXmlNode *node)
{
  const HdPlatform *platform = reader->mapping->platform;
  HdMappingDram *dram = &reader->mapping->dram;
  guint64 prefetch = hd_xml_u64 (reader->document, node, "prefetch", HD_UNIT_COUNT, FALSE, 0);
  if (prefetch > G_MAXINT32)
    hd_xml_fault (reader->document, node, "prefetch %" G_GUINT64_FORMAT " - expected at most %d", prefetch, G_MAXINT32);
  dram->prefetch = (guint) MIN (prefetch, G_MAXINT32);
  const char *id = hd_xml_attribute (reader->document, node, "memory");
  hd_xml_finish_element (reader->document, node);
  if (id == NULL)
    return;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint m = 0; m < platform->n_memories; m++) {
    if (platform->memory[m].dram)
      g_ptr_array_add (names, platform->memory[m].id);
    if (platform->memory[m].dram && g_str_equal (platform->memory[m].id, id)) {
      dram->memory = m;
      return;
    }
  }
  _hd_mapping_unknown (reader, hd_xml_line (node), "DRAM memory", id, (const char *const *) names->pdata, names->len);
}

static gboolean
is_operator (const HdWorkload *workload, const char *type)
{
  for (guint l = 0; l < workload->n_layers; l++)
    if (g_str_equal (workload->layers[l].operator_type, type))
      return TRUE;
  return g_strv_contains (hd_operator_names (), type);
}

/* The operator's rule, unless there is no such operator or it was given before. */
static gboolean
accept_operator (HdMappingReader *reader, const HdMappingRule *rule)
{
  const char *const *names = hd_operator_names ();
  if (*rule->name == '\0')
    return FALSE;
  if (!is_operator (reader->mapping->workload, rule->name)) {
    _hd_mapping_unknown (reader, rule->line, "operator", rule->name, names, g_strv_length ((char **) names));
    return FALSE;
  }
  for (guint i = 0; i < reader->operator_rules->len; i++) {
    const HdMappingRule *other = g_ptr_array_index (reader->operator_rules, i);
    if (g_str_equal (other->name, rule->name)) {
      hd_diagnostics_add (reader->faults, rule->line, "<operator type=\"%.60s\"> was given in line %u already", rule->name, other->line);
      return FALSE;
    }
  }
  return TRUE;
}

static void
read_operator (HdMappingReader *reader, HdXmlNode *node)
{
  HdMappingRule *rule = _hd_mapping_read_rule (reader, node, hd_xml_require (reader->document, node, "type"));
  if (accept_operator (reader, rule))
    g_ptr_array_add (reader->operator_rules, rule);
  else
    _hd_mapping_rule_free (rule);
}

static void
read_layer (HdMappingReader *reader, HdXmlNode *node)
{
  const HdWorkload *workload = reader->mapping->workload;
  const char *id = hd_xml_require (reader->document, node, "id");
  HdMappingRule *rule = _hd_mapping_read_rule (reader, node, id);
  HdLayerId layer = *id != '\0' ? hd_workload_find_layer (workload, id) : HD_NONE;
  if (layer != HD_NONE && reader->layer_rules[layer] == NULL) {
    reader->layer_rules[layer] = rule;
    return;
  }
  if (layer != HD_NONE)
    hd_xml_fault (reader->document, node, "<layer id=\"%.60s\"> was given in line %u already", id, reader->layer_rules[layer]->line);
  else if (*id != '\0') {
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (guint l = 0; l < workload->n_layers; l++)
      g_ptr_array_add (names, workload->layers[l].name);
    _hd_mapping_unknown (reader, rule->line, "layer", id, (const char *const *) names->pdata, names->len);
  }
  _hd_mapping_rule_free (rule);
}

static void
read_root (HdMappingReader *reader)
{
  static const char *const EXPECTED[] = { "dram", "layer", "operator", "stack", NULL };
  HdXmlDocument *document = reader->document;
  HdXmlNode *root = hd_xml_root (document);
  gboolean dram = FALSE;
  check_name (reader, root, "workload", reader->mapping->workload->name);
  check_name (reader, root, "platform", reader->mapping->platform->name);
  hd_xml_finish_element (document, root);
  for (HdXmlNode *node = hd_xml_first (document, root); node != NULL; node = hd_xml_next (document, node)) {
    if (hd_xml_is (node, "stack"))
      _hd_mapping_read_stack (reader, node);
    else if (hd_xml_is (node, "layer"))
      read_layer (reader, node);
    else if (hd_xml_is (node, "operator"))
      read_operator (reader, node);
    else if (hd_xml_is (node, "dram") && !dram) {
      read_dram (reader, node);
      dram = TRUE;
    } else if (hd_xml_is (node, "dram"))
      hd_xml_fault (document, node, "a second <dram> - expected one");
    else
      hd_xml_unexpected (document, node, EXPECTED);
  }
}

/* Hands the stacks over to the mapping, so that it frees them in any case. */
void
_hd_mapping_take_stacks (HdMappingReader *reader)
{
  reader->mapping->n_stacks = reader->stacks->len;
  reader->mapping->stack = g_memdup2 (reader->stacks->data, reader->stacks->len * sizeof (HdMappingStack));
}

static HdMapping *
read_document (HdXmlDocument *document, HdWorkload *workload, HdPlatform *platform, GError **error)
{
  g_autoptr (HdMapping) mapping = _hd_mapping_new (workload, platform, hd_xml_file (document));
  HdMappingReader reader;
  _hd_mapping_reader_init (&reader, mapping, document, hd_xml_diagnostics (document));
  read_root (&reader);
  _hd_mapping_resolve_layers (&reader);
  if (hd_diagnostics_count (reader.faults) == 0)
    _hd_mapping_order_stacks (&reader);
  else
    _hd_mapping_take_stacks (&reader);
  _hd_mapping_reader_clear (&reader);
  if (!hd_diagnostics_check (hd_xml_diagnostics (document), error))
    return NULL;
  return g_steal_pointer (&mapping);
}

HdMapping *
hd_mapping_load (const char *path, HdWorkload *workload, HdPlatform *platform, GError **error)
{
  g_autoptr (HdXmlDocument) document = hd_xml_load_limited (path, "mapping", "1", MAX_NODES, error);
  return document != NULL ? read_document (document, workload, platform, error) : NULL;
}

HdMapping *
hd_mapping_parse_xml (const char *text, gsize length, const char *name, HdWorkload *workload, HdPlatform *platform, GError **error)
{
  g_autoptr (HdXmlDocument) document = hd_xml_parse_limited (text, length, name, "mapping", "1", MAX_NODES, error);
  return document != NULL ? read_document (document, workload, platform, error) : NULL;
}

HdMapping *
hd_mapping_default (HdWorkload *workload, HdPlatform *platform, GError **error)
{
  g_autoptr (HdMapping) mapping = _hd_mapping_new (workload, platform, "");
  g_autoptr (HdDiagnostics) faults = hd_diagnostics_new (platform->name);
  g_autoptr (GError) local = NULL;
  HdMappingReader reader;
  _hd_mapping_reader_init (&reader, mapping, NULL, faults);
  _hd_mapping_resolve_layers (&reader);
  _hd_mapping_order_stacks (&reader);
  _hd_mapping_reader_clear (&reader);
  if (hd_diagnostics_check (faults, &local)) {
    _hd_mapping_fit (mapping);
    return g_steal_pointer (&mapping);
  }
  g_set_error_literal (error, HD_ERROR, HD_ERROR_NEGATIVE, local->message);
  return NULL;
}

/* --- questions -------------------------------------------------------------------------------- */

static gboolean
is_made_in (const HdMapping *self, HdStackId stack, HdTensorId tensor)
{
  HdLayerId producer = self->workload->tensors[tensor].producer;
  return producer != HD_NONE && self->layer[producer].stack == stack;
}

HdRetention
hd_mapping_retention (const HdMapping *self, HdStackId stack, HdTensorId tensor, guint axis)
{
  const HdMappingStack *s = &self->stack[stack];
  guint low = 0, high = s->n_tensors;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (s->tensor[middle].tensor == tensor)
      return s->tensor[middle].mode[axis];
    if (s->tensor[middle].tensor < tensor)
      low = middle + 1;
    else
      high = middle;
  }
  /* The stack's mode is about activations: weights stay unless the mapping names them, and only who made something can make it again. */
  if (self->workload->tensors[tensor].kind == HD_TENSOR_WEIGHT)
    return HD_RETENTION_RETAIN;
  if (s->mode == HD_RETENTION_RECOMPUTE && !is_made_in (self, stack, tensor))
    return HD_RETENTION_RETAIN;
  return s->mode;
}

const char *
hd_retention_name (HdRetention mode)
{
  static const char *const NAMES[] = { "retain", "recompute", "refetch" };
  return NAMES[mode];
}
