/* <stack>: which layers it fuses, its tile, and how it keeps its tensors. */
#include "config.h"
#include "mapping/rules.h"

#include <string.h>

static const char *const MODES[] = { "retain", "recompute", "refetch", NULL };

/* --- which layers ------------------------------------------------------------------------------- */

static HdLayerId
find_layer (HdMappingReader *reader, guint line, const char *id)
{
  const HdWorkload *workload = reader->mapping->workload;
  HdLayerId layer = hd_workload_find_layer (workload, id);
  if (layer != HD_NONE)
    return layer;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint l = 0; l < workload->n_layers; l++)
    g_ptr_array_add (names, workload->layers[l].name);
  _hd_mapping_unknown (reader, line, "layer", id, (const char *const *) names->pdata, names->len);
  return HD_NONE;
}

/* Marks in @from what @first reaches forwards, up to @last: layers stand in topological order. */
static void
mark_descendants (const HdWorkload *workload, HdLayerId first, HdLayerId last, gboolean *from)
{
  from[first] = TRUE;
  for (HdLayerId l = first + 1; l <= last; l++)
    for (guint o = 0; o + 1 < workload->layers[l].n_operands; o++) {
      HdLayerId producer = workload->tensors[workload->layers[l].operands[o].tensor].producer;
      if (producer != HD_NONE && from[producer])
        from[l] = TRUE;
    }
}

/* "first ... last": every layer on a path from the one to the other. */
static void
add_range (HdMappingReader *reader, guint line, HdLayerId first, HdLayerId last, GArray *members)
{
  const HdWorkload *workload = reader->mapping->workload;
  g_autofree gboolean *from = g_new0 (gboolean, workload->n_layers);
  g_autofree gboolean *to = g_new0 (gboolean, workload->n_layers);
  if (first <= last)
    mark_descendants (workload, first, last, from);
  if (first > last || !from[last]) {
    hd_diagnostics_add (reader->faults, line, "no path goes from \"%s\" to \"%s\" - expected \"first ... last\" along the data", workload->layers[first].name,
                        workload->layers[last].name);
    return;
  }
  to[last] = TRUE;
  for (HdLayerId l = last + 1; l-- > first;) {
    if (!to[l] || !from[l])
      continue;
    g_array_append_val (members, l);
    for (guint o = 0; o + 1 < workload->layers[l].n_operands; o++) {
      HdLayerId producer = workload->tensors[workload->layers[l].operands[o].tensor].producer;
      if (producer != HD_NONE)
        to[producer] = TRUE;
    }
  }
}

/* Reads `layers`: names, "first ... last", or "*" for all. Members already in another stack are told of. */
static void
read_members (HdMappingReader *reader, HdXmlNode *node, GArray *members)
{
  guint n_layers = reader->mapping->workload->n_layers, line = hd_xml_line (node);
  hd_xml_require (reader->document, node, "layers");
  g_auto (GStrv) words = hd_xml_words (reader->document, node, "layers");
  HdLayerId previous = HD_NONE;
  if (g_strv_length (words) > 2 * (gsize) n_layers + 1) {
    hd_diagnostics_add (reader->faults, line, "layers holds %u words - the workload has %u layers", g_strv_length (words), n_layers);
    return;
  }
  for (char **word = words; *word != NULL; word++) {
    if (g_str_equal (*word, "*")) {
      for (HdLayerId l = 0; l < n_layers; l++)
        g_array_append_val (members, l);
      continue;
    }
    gboolean range = g_str_equal (*word, "...");
    if (range && (word == words || word[1] == NULL)) {
      hd_diagnostics_add (reader->faults, line, "\"...\" without a layer on either side - expected \"first ... last\"");
      continue;
    }
    HdLayerId layer = find_layer (reader, line, range ? *++word : *word);
    if (range && layer != HD_NONE && previous != HD_NONE)
      add_range (reader, line, previous, layer, members);
    if (!range && layer != HD_NONE)
      g_array_append_val (members, layer);
    previous = layer;
  }
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  return x < y ? -1 : x > y;
}

/* Makes the members the stack's, each once. */
static void
claim_layers (HdMappingReader *reader, HdXmlNode *node, GArray *members, HdMappingStack *stack)
{
  const HdWorkload *workload = reader->mapping->workload;
  g_array_sort (members, compare_ids);
  stack->layers = g_new (HdLayerId, members->len + 1);
  for (guint i = 0; i < members->len; i++) {
    HdLayerId l = g_array_index (members, HdLayerId, i);
    if (i > 0 && l == g_array_index (members, HdLayerId, i - 1))
      continue;
    if (reader->stack_of_layer[l] != 0)
      hd_xml_fault (reader->document, node, "the layer \"%s\" is in the stack of line %u already", workload->layers[l].name, reader->stack_line_of_layer[l]);
    reader->stack_of_layer[l] = reader->stacks->len + 1;
    reader->stack_line_of_layer[l] = stack->line;
    stack->layers[stack->n_layers++] = l;
  }
}

/* --- the tile ----------------------------------------------------------------------------------- */

static const HdLayer *
last_layer (const HdMappingReader *reader, const HdMappingStack *stack)
{
  return &reader->mapping->workload->layers[stack->layers[stack->n_layers - 1]];
}

static void
unknown_rank (HdMappingReader *reader, guint line, const HdLayer *layer, const char *rank)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint r = 0; r < layer->n_ranks; r++)
    g_ptr_array_add (names, layer->rank[r].name);
  g_autofree char *what = g_strdup_printf ("rank of \"%s\"", layer->name);
  _hd_mapping_unknown (reader, line, what, rank, (const char *const *) names->pdata, names->len);
}

static void
add_axis (HdMappingReader *reader, HdXmlNode *node, const HdRank *rank, GArray *axes)
{
  HdMappingCut axis = { .line = hd_xml_line (node) };
  if (hd_xml_attribute (reader->document, node, rank->name) == NULL)
    return;
  axis.size = hd_xml_u64 (reader->document, node, rank->name, HD_UNIT_COUNT, TRUE, 1);
  if (axis.size == 0 || axis.size > rank->size) {
    hd_xml_fault (reader->document, node, "%s of <tile> is %" G_GUINT64_FORMAT " - expected 1 to %" G_GUINT64_FORMAT, rank->name, axis.size, rank->size);
    axis.size = 1;
  }
  axis.rank = g_strdup (rank->name);
  g_array_append_val (axes, axis);
}

/* Puts the axes into the order that the file gives: a permutation of them, outermost first. */
static void
order_axes (HdMappingReader *reader, HdXmlNode *node, const HdLayer *layer, GArray *axes)
{
  HdMappingCut *axis = (HdMappingCut *) (void *) axes->data;
  g_auto (GStrv) order = hd_xml_words (reader->document, node, "order");
  guint n = g_strv_length (order), done = 0;
  if (n == 0)
    return;
  for (guint i = 0; i < n; i++) {
    if (hd_layer_find_rank (layer, order[i]) < 0)
      unknown_rank (reader, hd_xml_line (node), layer, order[i]);
    for (guint a = done; a < axes->len; a++)
      if (g_str_equal (axis[a].rank, order[i])) {
        HdMappingCut found = axis[a];
        memmove (&axis[done + 1], &axis[done], (a - done) * sizeof *axis);
        axis[done++] = found;
        break;
      }
  }
  if (done != axes->len || n != axes->len)
    hd_xml_fault (reader->document, node, "order of <tile> names %u ranks, %u of them of the tile - expected each of its %u ranks once", n, done, axes->len);
}

static void
read_tile (HdMappingReader *reader, HdXmlNode *node, HdMappingStack *stack)
{
  static const char *const NONE[] = { NULL };
  const HdLayer *layer = last_layer (reader, stack);
  g_autoptr (GArray) axes = g_array_new (FALSE, FALSE, sizeof (HdMappingCut));
  if (stack->axis != NULL) {
    hd_xml_fault (reader->document, node, "a second <tile> - expected one");
    return;
  }
  for (guint r = 0; r < layer->n_ranks; r++)
    add_axis (reader, node, &layer->rank[r], axes);
  order_axes (reader, node, layer, axes);
  g_auto (GStrv) unknown = hd_xml_unasked_attributes (reader->document, node);
  for (char **rank = unknown; *rank != NULL; rank++)
    unknown_rank (reader, hd_xml_line (node), layer, *rank);
  for (HdXmlNode *child = hd_xml_first (reader->document, node); child != NULL; child = hd_xml_next (reader->document, child))
    hd_xml_unexpected (reader->document, child, NONE);
  stack->n_axes = axes->len;
  stack->axis = g_memdup2 (axes->data, axes->len * sizeof (HdMappingCut));
}

/* --- retention ------------------------------------------------------------------------------------ */

/* Whether a layer of the stack that is being read makes or reads the tensor. */
static gboolean
touches (const HdMappingReader *reader, HdTensorId tensor)
{
  const HdTensor *t = &reader->mapping->workload->tensors[tensor];
  guint own = reader->stacks->len + 1;
  if (t->producer != HD_NONE && reader->stack_of_layer[t->producer] == own)
    return TRUE;
  for (guint c = 0; c < t->n_consumers; c++)
    if (reader->stack_of_layer[t->consumers[c]] == own)
      return TRUE;
  return FALSE;
}

static HdTensorId
find_tensor (HdMappingReader *reader, HdXmlNode *node)
{
  const HdWorkload *workload = reader->mapping->workload;
  const char *id = hd_xml_require (reader->document, node, "id");
  HdTensorId tensor = *id != '\0' ? hd_workload_find_tensor (workload, id) : HD_NONE;
  if (*id == '\0' || (tensor != HD_NONE && touches (reader, tensor)))
    return tensor;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (HdTensorId t = 0; t < workload->n_tensors && hd_diagnostics_count (reader->faults) < HD_DIAGNOSTICS_MAX; t++)
    if (touches (reader, t))
      g_ptr_array_add (names, workload->tensors[t].name);
  _hd_mapping_unknown (reader, hd_xml_line (node), "tensor of this stack", id, (const char *const *) names->pdata, names->len);
  return HD_NONE;
}

/* The axes that `ranks` names, as bits; all of them when it is not there. */
static guint
read_axes_of_tensor (HdMappingReader *reader, HdXmlNode *node, const HdMappingStack *stack)
{
  g_auto (GStrv) ranks = hd_xml_words (reader->document, node, "ranks");
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  guint chosen = 0;
  if (ranks[0] == NULL)
    return (1u << stack->n_axes) - 1;
  for (guint a = 0; a < stack->n_axes; a++)
    g_ptr_array_add (names, stack->axis[a].rank);
  for (char **rank = ranks; *rank != NULL; rank++) {
    guint a = 0;
    while (a < stack->n_axes && !g_str_equal (stack->axis[a].rank, *rank))
      a++;
    if (a == stack->n_axes)
      _hd_mapping_unknown (reader, hd_xml_line (node), "rank of the tile", *rank, (const char *const *) names->pdata, names->len);
    else
      chosen |= 1u << a;
  }
  return chosen;
}

/* What the <tensor> elements of a stack have said so far. */
typedef struct {
  GArray *rows;        /* HdMappingTensor */
  GArray *said;        /* guint, by row: axes that have been named */
  GHashTable *row_of;  /* tensor -> row + 1 */
} Tensors;

/* The row of @tensor; a new one has the stack's own mode along each axis. */
static guint
tensor_row (HdMappingReader *reader, const HdMappingStack *stack, Tensors *tensors, HdTensorId tensor, guint line)
{
  const HdTensor *t = &reader->mapping->workload->tensors[tensor];
  gboolean inside = t->producer != HD_NONE && reader->stack_of_layer[t->producer] == reader->stacks->len + 1;
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (tensors->row_of, GUINT_TO_POINTER (tensor))), none = 0;
  if (known != 0)
    return known - 1;
  HdMappingTensor row = { .tensor = tensor, .mode = g_new0 (HdRetention, MAX (stack->n_axes, 1)), .line = line };
  for (guint a = 0; a < stack->n_axes; a++)
    row.mode[a] = t->kind == HD_TENSOR_WEIGHT || (stack->mode == HD_RETENTION_RECOMPUTE && !inside) ? HD_RETENTION_RETAIN : stack->mode;
  g_array_append_val (tensors->rows, row);
  g_array_append_val (tensors->said, none);
  g_hash_table_insert (tensors->row_of, GUINT_TO_POINTER (tensor), GUINT_TO_POINTER (tensors->rows->len));
  return tensors->rows->len - 1;
}

static void
read_tensor (HdMappingReader *reader, HdXmlNode *node, const HdMappingStack *stack, Tensors *tensors)
{
  static const char *const NONE[] = { NULL };
  const HdWorkload *workload = reader->mapping->workload;
  HdTensorId tensor = find_tensor (reader, node);
  int mode = hd_xml_choice (reader->document, node, "mode", MODES, -1);
  guint chosen = read_axes_of_tensor (reader, node, stack);
  hd_xml_finish_element (reader->document, node);
  for (HdXmlNode *child = hd_xml_first (reader->document, node); child != NULL; child = hd_xml_next (reader->document, child))
    hd_xml_unexpected (reader->document, child, NONE);
  if (tensor == HD_NONE || mode < 0)
    return;
  HdLayerId producer = workload->tensors[tensor].producer;
  if (mode == HD_RETENTION_RECOMPUTE && (producer == HD_NONE || reader->stack_of_layer[producer] != reader->stacks->len + 1))
    hd_xml_fault (reader->document, node, "the tensor \"%s\" is not made in this stack and cannot be recomputed - expected retain or refetch", workload->tensors[tensor].name);
  guint i = tensor_row (reader, stack, tensors, tensor, hd_xml_line (node));
  HdMappingTensor *row = &g_array_index (tensors->rows, HdMappingTensor, i);
  if ((g_array_index (tensors->said, guint, i) & chosen) != 0)
    hd_xml_fault (reader->document, node, "the tensor \"%s\" has two modes along one rank (line %u)", workload->tensors[tensor].name, row->line);
  g_array_index (tensors->said, guint, i) |= chosen;
  for (guint a = 0; a < stack->n_axes; a++)
    if ((chosen >> a & 1) != 0)
      row->mode[a] = (HdRetention) mode;
}

static int
compare_tensors (gconstpointer a, gconstpointer b)
{
  const HdMappingTensor *x = a, *y = b;
  return x->tensor < y->tensor ? -1 : x->tensor > y->tensor;
}

static void
read_tensors (HdMappingReader *reader, HdXmlNode *node, HdMappingStack *stack)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, TRUE, sizeof (HdMappingTensor));
  g_autoptr (GArray) said = g_array_new (FALSE, TRUE, sizeof (guint));
  g_autoptr (GHashTable) row_of = g_hash_table_new (NULL, NULL);
  Tensors tensors = { rows, said, row_of };
  for (HdXmlNode *child = hd_xml_first (reader->document, node); child != NULL; child = hd_xml_next (reader->document, child))
    if (hd_xml_is (child, "tensor"))
      read_tensor (reader, child, stack, &tensors);
  g_array_sort (rows, compare_tensors);
  stack->n_tensors = rows->len;
  stack->tensor = g_memdup2 (rows->data, rows->len * sizeof (HdMappingTensor));
}

/* --- the element ------------------------------------------------------------------------------------ */

static void
read_children (HdMappingReader *reader, HdXmlNode *node, HdMappingStack *stack, HdMappingRule *rule)
{
  static const char *const EXPECTED[] = { "cut", "tensor", "tile", NULL };
  for (HdXmlNode *child = hd_xml_first (reader->document, node); child != NULL; child = hd_xml_next (reader->document, child)) {
    if (hd_xml_is (child, "tile"))
      read_tile (reader, child, stack);
    else if (hd_xml_is (child, "cut"))
      _hd_mapping_read_cut (reader, child, rule);
    else if (!hd_xml_is (child, "tensor"))
      hd_xml_unexpected (reader->document, child, EXPECTED);
  }
  /* Tensors name ranks of the tile, wherever it stands among them. */
  read_tensors (reader, node, stack);
}

void
_hd_mapping_read_stack (HdMappingReader *reader, HdXmlNode *node)
{
  if (reader->stacks->len >= reader->mapping->workload->n_layers) {
    hd_xml_fault (reader->document, node, "more stacks than the workload has layers (%u)", reader->mapping->workload->n_layers);
    return;
  }
  g_autoptr (GArray) members = g_array_new (FALSE, FALSE, sizeof (HdLayerId));
  HdMappingStack stack = { .line = hd_xml_line (node) };
  HdMappingRule *rule = _hd_mapping_rule_new ("stack", stack.line);
  guint faults = hd_diagnostics_count (reader->faults);
  read_members (reader, node, members);
  stack.mode = (HdRetention) hd_xml_choice (reader->document, node, "mode", MODES, HD_RETENTION_RETAIN);
  hd_xml_finish_element (reader->document, node);
  claim_layers (reader, node, members, &stack);
  /* What its children mean hangs on its layers. */
  if (stack.n_layers > 0)
    read_children (reader, node, &stack, rule);
  else if (hd_diagnostics_count (reader->faults) == faults)
    hd_xml_fault (reader->document, node, "the stack has no layers");
  g_ptr_array_add (reader->stack_rules, rule);
  g_array_append_val (reader->stacks, stack);
}
