/* What must hold of a workload before it is one: the checks on a draft, all faults told at once.
 *
 * References (each operand's tensor is there, made once, read by somebody), sizes and products (checked, so that nothing later can
 * overflow), outputs that are permutations or mixed radix, and no cycles.
 */
#include "config.h"
#include "workload/draft.h"

#include <heddle/checked.h>
#include <string.h>

/* Exact division beyond this, and coupled ranks of more combinations, would make hd_layer_effective_points() slow. */
#define EXACT_DIVISOR_MAX 4096
#define COUPLED_MAX (1 << 16)
#define POOLED_INPUTS_MAX 4

static void G_GNUC_PRINTF (3, 4)
fault (HdDraft *self, HdDraftLayer *layer, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  hd_diagnostics_add (self->diagnostics, layer->line, "layer \"%s\" (%s): %s", layer->layer.name, layer->layer.operator_type, text);
  layer->broken = TRUE;
}

static const HdDraftOperand *
output_of (const HdDraftLayer *layer)
{
  for (guint o = 0; o < layer->operands->len; o++)
    if (((HdDraftOperand *) layer->operands->pdata[o])->operand.role == HD_ROLE_OUTPUT)
      return layer->operands->pdata[o];
  return NULL;
}

/* --- one layer by itself ------------------------------------------------------------------------ */

static void
check_ranks (HdDraft *self, HdDraftLayer *draft)
{
  HdLayer *layer = &draft->layer;
  guint64 points = 1;
  for (guint r = 0; r < layer->n_ranks; r++) {
    const HdRank *rank = &layer->rank[r];
    if (rank->size < 1 || rank->size > HD_SIZE_MAX)
      fault (self, draft, "rank %s has size %" G_GUINT64_FORMAT " - expected 1 to %d", rank->name, rank->size, HD_SIZE_MAX);
    for (guint q = 0; q < r; q++)
      if (g_str_equal (layer->rank[q].name, rank->name))
        fault (self, draft, "two ranks are called %s", rank->name);
    if (!hd_mul_u64 (points, rank->size, &points) || points > HD_VOLUME_MAX) {
      fault (self, draft, "the product of its ranks is too large - expected at most 2^56 points");
      return;
    }
  }
}

/* The values of a projection over the whole layer fit 62 bits. */
static gboolean
values_fit (const HdLayer *layer, const HdProjection *p, gint64 *low, gint64 *high)
{
  const gint64 limit = G_GINT64_CONSTANT (1) << 61;
  *low = *high = p->offset;
  if (ABS (p->offset) > limit)
    return FALSE;
  for (guint r = 0; r < layer->n_ranks; r++) {
    gint64 reach = (gint64) p->coefficient[r] * ((gint64) layer->rank[r].size - 1);  /* < 2^62 */
    gint64 *end = reach < 0 ? low : high;
    if (!hd_add_i64 (*end, reach, end) || *end > limit || *end < -limit)
      return FALSE;
  }
  return TRUE;
}

static void
check_projections (HdDraft *self, HdDraftLayer *draft, const HdDraftOperand *operand, const HdTensor *tensor)
{
  for (guint d = 0; d < tensor->n_dims; d++) {
    const HdProjection *p = &operand->operand.projection[d];
    gint64 low, high;
    if (p->divisor < 1 || p->divisor > HD_SIZE_MAX || (p->exact && p->divisor > EXACT_DIVISOR_MAX))
      fault (self, draft, "the divisor of dimension %u of \"%s\" is %" G_GINT64_FORMAT " - expected 1 to %d", d, operand->tensor, p->divisor,
             p->exact ? EXACT_DIVISOR_MAX : HD_SIZE_MAX);
    else if (!values_fit (&draft->layer, p, &low, &high))
      fault (self, draft, "the index of dimension %u of \"%s\" overflows - expected values below 2^61", d, operand->tensor);
  }
}

/* Combinations of the ranks in @mask, the longest left out; saturates far above the limit. */
static guint64
combinations_of (const HdLayer *layer, guint32 mask)
{
  guint64 combinations = 1, longest = 1;
  for (guint r = 0; r < layer->n_ranks; r++)
    if (mask & (1u << r)) {
      combinations = MIN (combinations, G_GUINT64_CONSTANT (1) << 32) * MIN (layer->rank[r].size, longest);
      longest = MAX (longest, layer->rank[r].size);
    }
  return combinations;
}

/* Ranks that share an index of an input, directly or through others, have few combinations. */
static void
check_coupling (HdDraft *self, HdDraftLayer *draft)
{
  guint32 masks[HD_RANKS_MAX] = { 0 };  /* disjoint */
  guint n = 0;
  for (guint o = 0; o < draft->operands->len; o++) {
    const HdOperand *operand = &((HdDraftOperand *) draft->operands->pdata[o])->operand;
    for (guint d = 0; d < HD_DIMS_MAX && operand->role == HD_ROLE_INPUT && !operand->whole; d++) {
      guint32 mask = 0;
      for (guint r = 0; r < draft->layer.n_ranks; r++)
        mask |= operand->projection[d].coefficient[r] != 0 ? 1u << r : 0;
      guint kept = 0;
      for (guint i = 0; i < n; i++)
        if (masks[i] & mask)
          mask |= masks[i];
        else
          masks[kept++] = masks[i];
      n = kept;
      if (mask != 0)
        masks[n++] = mask;
    }
  }
  for (guint i = 0; i < n; i++)
    if (combinations_of (&draft->layer, masks[i]) > COUPLED_MAX)
      fault (self, draft, "ranks that share indices of its inputs have too many combinations - expected at most %d without the longest rank", COUPLED_MAX);
}

/* Every element of the output belongs to one point of the ranks that it names: digits of mixed radix. */
static void
check_output (HdDraft *self, HdDraftLayer *draft, const HdDraftOperand *output, const HdTensor *tensor)
{
  HdLayer *layer = &draft->layer;
  for (guint r = 0; r < layer->n_ranks; r++)
    layer->rank[r].reduction = TRUE;
  for (guint d = 0; d < tensor->n_dims; d++) {
    const HdProjection *p = &output->operand.projection[d];
    guint64 reach = 1;
    gboolean fits = p->offset == 0 && p->divisor == 1;
    for (;;) {
      /* The next digit weighs as much as all smaller ones together can count. */
      int next = -1;
      for (guint r = 0; r < layer->n_ranks; r++)
        if (layer->rank[r].reduction && p->coefficient[r] != 0 && (next < 0 || p->coefficient[r] < p->coefficient[next]
            || (p->coefficient[r] == p->coefficient[next] && layer->rank[r].size < layer->rank[next].size)))
          next = (int) r;
      if (next < 0)
        break;
      layer->rank[next].reduction = FALSE;
      fits = fits && (guint64) MAX (p->coefficient[next], 0) == reach && hd_mul_u64 (reach, layer->rank[next].size, &reach);
    }
    for (guint r = 0; r < layer->n_ranks; r++)
      for (guint before = 0; before < d; before++)
        fits = fits && (p->coefficient[r] == 0 || output->operand.projection[before].coefficient[r] == 0);
    if (!fits || reach != tensor->size[d])
      fault (self, draft, "dimension %u of its output \"%s\" has size %" G_GUINT64_FORMAT " - expected that its ranks reach each element once", d,
             output->tensor, tensor->size[d]);
  }
}

static void
check_shape_of_layer (HdDraft *self, HdDraftLayer *draft)
{
  guint n_outputs = 0, n_inputs = 0;
  for (guint o = 0; o < draft->operands->len; o++) {
    HdRole role = ((HdDraftOperand *) draft->operands->pdata[o])->operand.role;
    n_outputs += role == HD_ROLE_OUTPUT;
    n_inputs += role == HD_ROLE_INPUT;
  }
  if (draft->operands->len > HD_OPERANDS_MAX)
    fault (self, draft, "it has %u operands - expected at most %u", draft->operands->len, HD_OPERANDS_MAX);
  if (n_outputs != 1)
    fault (self, draft, "it has %u outputs - expected one", n_outputs);
  gboolean pooled = draft->layer.layer_class == HD_LAYER_MAC || draft->layer.layer_class == HD_LAYER_POOL;
  if (pooled && n_inputs > POOLED_INPUTS_MAX)
    fault (self, draft, "it has %u inputs - expected at most %d", n_inputs, POOLED_INPUTS_MAX);
  if (draft->layer.partial_bits < 1 || draft->layer.partial_bits > 64)
    fault (self, draft, "partial sums have %u bits - expected 1 to 64", draft->layer.partial_bits);
  if (draft->layer.ops_per_point < 1 || draft->layer.ops_per_point > 65536)
    fault (self, draft, "it has %u operations a point - expected 1 to 65536", draft->layer.ops_per_point);
}

/* --- layers and tensors ------------------------------------------------------------------------- */

static void
check_operand (HdDraft *self, HdDraftLayer *draft, HdDraftOperand *operand)
{
  HdDraftTensor *tensor = _hd_workload_draft_find_tensor (self, operand->tensor);
  if (tensor == NULL) {
    fault (self, draft, "there is no tensor \"%s\"", operand->tensor);
    return;
  }
  gboolean made = tensor->tensor.kind == HD_TENSOR_ACTIVATION || tensor->tensor.kind == HD_TENSOR_OUTPUT;
  if (operand->operand.role == HD_ROLE_OUTPUT && !made)
    fault (self, draft, "it makes \"%s\", which is an input or a weight", operand->tensor);
  if (operand->operand.role == HD_ROLE_OUTPUT && operand->operand.whole)
    fault (self, draft, "its output is whole - expected an index");
  if (operand->operand.role == HD_ROLE_INPUT && tensor->tensor.kind == HD_TENSOR_WEIGHT)
    fault (self, draft, "it reads the weight \"%s\" as an input", operand->tensor);
  if (operand->operand.role == HD_ROLE_WEIGHT && tensor->tensor.kind != HD_TENSOR_WEIGHT)
    fault (self, draft, "it reads \"%s\" as a weight, which it is not", operand->tensor);
  if (draft->broken)
    return;
  check_projections (self, draft, operand, &tensor->tensor);
  if (operand->operand.role == HD_ROLE_OUTPUT)
    check_output (self, draft, operand, &tensor->tensor);
}

static void
check_tensor (HdDraft *self, HdDraftTensor *draft)
{
  HdTensor *tensor = &draft->tensor;
  guint64 elements = 1;
  if (tensor->bits < 1 || tensor->bits > 64)
    hd_diagnostics_add (self->diagnostics, draft->line, "tensor \"%s\" has %u bits an element - expected 1 to 64", tensor->name, tensor->bits);
  for (guint d = 0; d < tensor->n_dims; d++) {
    if (tensor->size[d] < 1 || tensor->size[d] > HD_SIZE_MAX) {
      hd_diagnostics_add (self->diagnostics, draft->line, "dimension %u of tensor \"%s\" is %" G_GUINT64_FORMAT " - expected 1 to %d", d, tensor->name,
                          tensor->size[d], HD_SIZE_MAX);
      return;
    }
    if (!hd_mul_u64 (elements, tensor->size[d], &elements) || elements > HD_VOLUME_MAX) {
      hd_diagnostics_add (self->diagnostics, draft->line, "tensor \"%s\" is too large - expected at most 2^56 elements", tensor->name);
      return;
    }
  }
}

/* Tensors made twice, never or for nobody. */
static void
check_use (HdDraft *self)
{
  g_autoptr (GHashTable) makers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) read = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint l = 0; l < self->layers->len; l++) {
    HdDraftLayer *layer = self->layers->pdata[l];
    for (guint o = 0; o < layer->operands->len; o++) {
      HdDraftOperand *operand = layer->operands->pdata[o];
      if (operand->operand.role != HD_ROLE_OUTPUT)
        g_hash_table_add (read, operand->tensor);
      else if (g_hash_table_contains (makers, operand->tensor))
        fault (self, layer, "it makes \"%s\" a second time", operand->tensor);
      else
        g_hash_table_add (makers, operand->tensor);
    }
  }
  GHashTableIter iter;
  HdDraftTensor *draft;
  g_hash_table_iter_init (&iter, self->tensors);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &draft)) {
    const char *name = draft->tensor.name;
    HdTensorKind kind = draft->tensor.kind;
    gboolean made = kind == HD_TENSOR_ACTIVATION || kind == HD_TENSOR_OUTPUT;
    if (made && !g_hash_table_contains (makers, name))
      hd_diagnostics_add (self->diagnostics, draft->line, "no layer makes tensor \"%s\"", name);
    if (kind != HD_TENSOR_OUTPUT && !g_hash_table_contains (read, name))
      hd_diagnostics_add (self->diagnostics, draft->line, "no layer reads tensor \"%s\"%s", name, made ? " - expected a reader, or kind \"output\"" : "");
  }
}

static void
check_names (HdDraft *self)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint l = 0; l < self->layers->len; l++) {
    HdDraftLayer *layer = self->layers->pdata[l];
    if (!g_hash_table_add (names, layer->layer.name))
      fault (self, layer, "another layer has that name");
  }
  if (self->layers->len == 0 && hd_diagnostics_count (self->diagnostics) == 0)
    hd_diagnostics_add (self->diagnostics, self->line, "there is no layer - expected at least one");
}

/* --- what nobody needs (ONNX) --------------------------------------------------------------------- */

/* Drops layers from which no output of the network can be reached, then tensors that no layer names. */
static void
prune (HdDraft *self)
{
  g_autoptr (GHashTable) makers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) needed = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  for (guint l = 0; l < self->layers->len; l++) {
    HdDraftLayer *layer = self->layers->pdata[l];
    const HdDraftOperand *output = output_of (layer);
    const HdDraftTensor *tensor = output != NULL ? _hd_workload_draft_find_tensor (self, output->tensor) : NULL;
    if (output != NULL)
      g_hash_table_insert (makers, output->tensor, layer);
    if (tensor == NULL || tensor->tensor.kind == HD_TENSOR_OUTPUT)
      g_ptr_array_add (stack, layer);
  }
  g_autoptr (GHashTable) named = g_hash_table_new (g_str_hash, g_str_equal);
  while (stack->len > 0) {
    HdDraftLayer *layer = g_ptr_array_steal_index (stack, stack->len - 1);
    if (!g_hash_table_add (needed, layer))
      continue;
    for (guint o = 0; o < layer->operands->len; o++) {
      HdDraftOperand *operand = layer->operands->pdata[o];
      g_hash_table_add (named, operand->tensor);
      HdDraftLayer *maker = g_hash_table_lookup (makers, operand->tensor);
      if (maker != NULL)
        g_ptr_array_add (stack, maker);
    }
  }
  GHashTableIter iter;
  const char *name;
  HdDraftTensor *tensor;
  g_hash_table_iter_init (&iter, self->tensors);
  while (g_hash_table_iter_next (&iter, (gpointer *) &name, (gpointer *) &tensor))
    if (!g_hash_table_contains (named, name) && tensor->tensor.kind != HD_TENSOR_OUTPUT)
      g_hash_table_iter_remove (&iter);
  guint kept = 0;
  for (guint l = 0; l < self->layers->len; l++)
    if (g_hash_table_contains (needed, self->layers->pdata[l]))
      g_ptr_array_index (self->layers, kept++) = self->layers->pdata[l];
    else
      _hd_workload_draft_layer_free (self->layers->pdata[l]);
  for (guint l = kept; l < self->layers->len; l++)
    self->layers->pdata[l] = NULL;
  g_ptr_array_set_size (self->layers, (int) kept);
}

gboolean
_hd_workload_draft_check (HdDraft *self)
{
  if (self->layers->len > HD_LAYERS_MAX) {
    hd_diagnostics_add (self->diagnostics, self->line, "there are more than %u layers", HD_LAYERS_MAX);
    return FALSE;
  }
  if (self->prune && hd_diagnostics_count (self->diagnostics) == 0)
    prune (self);
  check_names (self);
  GHashTableIter iter;
  HdDraftTensor *tensor;
  g_hash_table_iter_init (&iter, self->tensors);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &tensor))
    check_tensor (self, tensor);
  for (guint l = 0; l < self->layers->len; l++) {
    HdDraftLayer *layer = self->layers->pdata[l];
    if (layer->broken && hd_diagnostics_count (self->diagnostics) == 0)
      fault (self, layer, "it has too many ranks - expected at most %d", HD_RANKS_MAX);
    check_shape_of_layer (self, layer);
    check_ranks (self, layer);
    for (guint o = 0; o < layer->operands->len; o++)
      check_operand (self, layer, layer->operands->pdata[o]);
    if (!layer->broken && (layer->layer.layer_class == HD_LAYER_MAC || layer->layer.layer_class == HD_LAYER_POOL))
      check_coupling (self, layer);
  }
  /* Operators that failed leave holes; telling those too would only hide the cause. */
  if (hd_diagnostics_count (self->diagnostics) == 0)
    check_use (self);
  return hd_diagnostics_count (self->diagnostics) == 0;
}

/* --- order ---------------------------------------------------------------------------------------- */

typedef struct {
  HdDraft *draft;
  guint *heap;     /* ready layers, smallest name first */
  guint n;
} Ready;

static gboolean
comes_before (const Ready *ready, guint a, guint b)
{
  const HdDraftLayer *x = ready->draft->layers->pdata[a], *y = ready->draft->layers->pdata[b];
  return strcmp (x->layer.name, y->layer.name) < 0;
}

static void
ready_push (Ready *ready, guint layer)
{
  guint i = ready->n++;
  for (; i > 0 && comes_before (ready, layer, ready->heap[(i - 1) / 2]); i = (i - 1) / 2)
    ready->heap[i] = ready->heap[(i - 1) / 2];
  ready->heap[i] = layer;
}

static guint
ready_pop (Ready *ready)
{
  guint top = ready->heap[0], last = ready->heap[--ready->n], i = 0;
  for (;;) {
    guint child = 2 * i + 1;
    if (child + 1 < ready->n && comes_before (ready, ready->heap[child + 1], ready->heap[child]))
      child++;
    if (child >= ready->n || !comes_before (ready, ready->heap[child], last))
      break;
    ready->heap[i] = ready->heap[child];
    i = child;
  }
  ready->heap[i] = last;
  return top;
}

/* For each tensor name the layers that read it (with repetition); counts how many made operands each layer waits for. */
static GHashTable *
collect_readers (HdDraft *self, guint *waits)
{
  GHashTable *readers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_array_unref);
  for (guint l = 0; l < self->layers->len; l++) {
    HdDraftLayer *layer = self->layers->pdata[l];
    for (guint o = 0; o < layer->operands->len; o++) {
      HdDraftOperand *operand = layer->operands->pdata[o];
      HdTensorKind kind = _hd_workload_draft_find_tensor (self, operand->tensor)->tensor.kind;
      if (operand->operand.role == HD_ROLE_OUTPUT || kind == HD_TENSOR_INPUT || kind == HD_TENSOR_WEIGHT)
        continue;
      GArray *list = g_hash_table_lookup (readers, operand->tensor);
      if (list == NULL)
        g_hash_table_insert (readers, operand->tensor, list = g_array_new (FALSE, FALSE, sizeof (guint)));
      g_array_append_val (list, l);
      waits[l]++;
    }
  }
  return readers;
}

GArray *
_hd_workload_draft_sort_layers (HdDraft *self)
{
  guint n = self->layers->len;
  g_autofree guint *waits = g_new0 (guint, n);
  g_autofree guint *heap = g_new (guint, n + 1);
  g_autoptr (GHashTable) readers = collect_readers (self, waits);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  Ready ready = { self, heap, 0 };
  for (guint l = 0; l < n; l++)
    if (waits[l] == 0)
      ready_push (&ready, l);
  while (ready.n > 0) {
    guint l = ready_pop (&ready);
    g_array_append_val (order, l);
    GArray *list = g_hash_table_lookup (readers, output_of (self->layers->pdata[l])->tensor);
    for (guint i = 0; list != NULL && i < list->len; i++)
      if (--waits[g_array_index (list, guint, i)] == 0)
        ready_push (&ready, g_array_index (list, guint, i));
  }
  if (order->len == n)
    return g_steal_pointer (&order);
  for (guint l = 0; l < n; l++)
    if (waits[l] > 0)
      fault (self, self->layers->pdata[l], "it stands on a cycle of layers, or behind one");
  return NULL;
}
