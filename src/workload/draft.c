/* Making a workload out of a checked draft: canonical order and links. See draft.h. */
#include "config.h"
#include "workload/draft.h"

#include "workload/index.h"

#include <string.h>

static void
free_tensor (gpointer data)
{
  HdDraftTensor *self = data;
  g_free (self->tensor.name);
  g_free (self);
}

static void
free_operand (gpointer data)
{
  HdDraftOperand *self = data;
  g_free (self->tensor);
  g_free (self);
}

HdDraft *
_hd_workload_draft_new (const char *name, HdDiagnostics *diagnostics)
{
  HdDraft *self = g_new0 (HdDraft, 1);
  self->name = g_strdup (name);
  self->diagnostics = diagnostics;
  self->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_tensor);
  self->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _hd_workload_draft_layer_free);
  return self;
}

void
_hd_workload_draft_free (HdDraft *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->tensors);
  g_ptr_array_unref (self->layers);
  g_free (self->name);
  g_free (self);
}

HdDraftTensor *
_hd_workload_draft_find_tensor (HdDraft *self, const char *name)
{
  return g_hash_table_lookup (self->tensors, name);
}

HdDraftTensor *
_hd_workload_draft_add_tensor (HdDraft *self, const char *name, guint line)
{
  if (g_hash_table_contains (self->tensors, name))
    return NULL;
  HdDraftTensor *tensor = g_new0 (HdDraftTensor, 1);
  tensor->tensor.name = g_strdup (name);
  tensor->tensor.producer = HD_NONE;
  tensor->line = line;
  g_hash_table_insert (self->tensors, tensor->tensor.name, tensor);
  return tensor;
}

HdDraftLayer *
_hd_workload_draft_layer_new (const char *name, const char *operator_type, guint line)
{
  HdDraftLayer *self = g_new0 (HdDraftLayer, 1);
  self->layer.name = g_strdup (name);
  self->layer.operator_type = g_strdup (operator_type);
  self->layer.ops_per_point = 1;
  self->operands = g_ptr_array_new_with_free_func (free_operand);
  self->line = line;
  return self;
}

void
_hd_workload_draft_layer_free (HdDraftLayer *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->operands);
  for (guint r = 0; r < self->layer.n_ranks; r++)
    g_free (self->layer.rank[r].name);
  g_free (self->layer.name);
  g_free (self->layer.operator_type);
  g_free (self);
}

int
_hd_workload_draft_layer_add_rank (HdDraftLayer *self, const char *name, guint64 size)
{
  if (self->layer.n_ranks == HD_RANKS_MAX) {
    self->broken = TRUE;
    return -1;
  }
  guint r = self->layer.n_ranks++;
  self->layer.rank[r] = (HdRank) { g_strdup (name), size, FALSE };
  return (int) r;
}

HdDraftOperand *
_hd_workload_draft_layer_add_operand (HdDraftLayer *self, const char *tensor, HdRole role)
{
  HdDraftOperand *operand = g_new0 (HdDraftOperand, 1);
  operand->tensor = g_strdup (tensor);
  operand->operand.role = role;
  for (guint d = 0; d < HD_DIMS_MAX; d++)
    operand->operand.projection[d].divisor = 1;
  g_ptr_array_add (self->operands, operand);
  return operand;
}

/* --- canonical order -------------------------------------------------------------------------- */

static guint
ranks_used (const HdOperand *operand)
{
  guint used = 0;
  for (guint r = 0; r < HD_RANKS_MAX; r++)
    for (guint d = 0; d < HD_DIMS_MAX; d++)
      if (operand->projection[d].coefficient[r] != 0) {
        used++;
        break;
      }
  return used;
}

/* Operands by role, then those of most ranks, then by tensor and index: whatever the order in the file. */
static int
compare_operands (gconstpointer a, gconstpointer b, gpointer data)
{
  const HdDraftOperand *x = *(HdDraftOperand *const *) a, *y = *(HdDraftOperand *const *) b;
  const HdLayer *layer = data;
  if (x->operand.role != y->operand.role)
    return x->operand.role < y->operand.role ? -1 : 1;
  guint used_x = ranks_used (&x->operand), used_y = ranks_used (&y->operand);
  if (used_x != used_y)
    return used_x > used_y ? -1 : 1;
  int order = strcmp (x->tensor, y->tensor);
  if (order != 0)
    return order;
  g_autofree char *text_x = _hd_index_format (layer, &x->operand, HD_DIMS_MAX);
  g_autofree char *text_y = _hd_index_format (layer, &y->operand, HD_DIMS_MAX);
  return strcmp (text_x, text_y);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(HdDraftTensor *const *) a)->tensor.name, (*(HdDraftTensor *const *) b)->tensor.name);
}

static void
take_tensors (HdDraft *draft, HdWorkload *self)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, draft->tensors);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (sorted, value);
  g_ptr_array_sort (sorted, compare_names);
  self->n_tensors = sorted->len;
  self->tensors = g_new0 (HdTensor, sorted->len);
  for (guint i = 0; i < sorted->len; i++) {
    HdDraftTensor *tensor = sorted->pdata[i];
    self->tensors[i] = tensor->tensor;
    tensor->tensor.name = g_strdup (tensor->tensor.name);  /* the table's key stays the draft's */
    HdTensor *t = &self->tensors[i];
    t->total_bits = t->bits;
    for (guint d = 0; d < t->n_dims; d++)
      t->total_bits *= t->size[d];
  }
}

static void
take_layer (HdDraftLayer *draft, HdWorkload *self, guint id)
{
  HdLayer *layer = &self->layers[id];
  *layer = draft->layer;
  memset (&draft->layer, 0, sizeof draft->layer);
  g_ptr_array_sort_with_data (draft->operands, compare_operands, layer);
  layer->n_operands = draft->operands->len;
  layer->operands = g_new (HdOperand, layer->n_operands);
  layer->points = 1;
  for (guint r = 0; r < layer->n_ranks; r++)
    layer->points *= layer->rank[r].size;
  for (guint o = 0; o < layer->n_operands; o++) {
    HdDraftOperand *operand = draft->operands->pdata[o];
    layer->operands[o] = operand->operand;
    layer->operands[o].tensor = hd_workload_find_tensor (self, operand->tensor);
  }
}

/* A layer that reads a tensor twice is one consumer of it. */
static void
link_tensors (HdWorkload *self)
{
  for (int pass = 0; pass < 2; pass++) {
    for (guint t = 0; pass == 1 && t < self->n_tensors; t++) {
      self->tensors[t].consumers = g_new (HdLayerId, self->tensors[t].n_consumers);
      self->tensors[t].n_consumers = 0;
    }
    for (guint l = 0; l < self->n_layers; l++)
      for (guint o = 0; o < self->layers[l].n_operands; o++) {
        const HdOperand *operands = self->layers[l].operands;
        HdTensor *tensor = &self->tensors[operands[o].tensor];
        gboolean again = FALSE;
        for (guint p = 0; p < o; p++)
          again |= operands[p].tensor == operands[o].tensor;
        if (operands[o].role == HD_ROLE_OUTPUT)
          tensor->producer = l;
        else if (!again && pass == 0)
          tensor->n_consumers++;
        else if (!again)
          tensor->consumers[tensor->n_consumers++] = l;
      }
  }
}

HdWorkload *
_hd_workload_draft_finish (HdDraft *self, GError **error)
{
  g_autoptr (GArray) order = _hd_workload_draft_check (self) ? _hd_workload_draft_sort_layers (self) : NULL;
  if (!hd_diagnostics_check (self->diagnostics, error) || order == NULL)
    return NULL;
  HdWorkload *workload = _hd_workload_new ();
  workload->name = g_strdup (self->name);
  workload->inferences = 1;
  take_tensors (self, workload);
  workload->n_layers = order->len;
  workload->layers = g_new0 (HdLayer, order->len);
  for (guint i = 0; i < order->len; i++)
    take_layer (self->layers->pdata[g_array_index (order, guint, i)], workload, i);
  link_tensors (workload);
  return workload;
}
