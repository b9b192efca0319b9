/* A network several times over, as one workload: inferences back to back. Every copy has its own layers, inputs, activations and outputs, "2/conv1"; weights are shared.
 *
 * Prefixes are numbers of equal length, so the canonical order (topological, ties by name) puts whole copies one after the other.
 */
#include "config.h"
#include "workload/draft.h"

static char *
copy_name (guint copy, guint n, const char *name)
{
  guint digits = 1;
  for (guint most = n; most >= 10; most /= 10)
    digits++;
  return g_strdup_printf ("%0*u/%s", (int) digits, copy + 1, name);
}

static char *
tensor_name (const HdTensor *tensor, guint copy, guint n)
{
  return tensor->kind == HD_TENSOR_WEIGHT ? g_strdup (tensor->name) : copy_name (copy, n, tensor->name);
}

static void
add_tensor (HdDraft *draft, const HdTensor *tensor, const char *name)
{
  HdDraftTensor *copy = _hd_workload_draft_add_tensor (draft, name, 0);
  if (copy == NULL) {
    hd_diagnostics_add (draft->diagnostics, 0, "tensor \"%s\" would be there twice in a workload of several inferences - expected another name", name);
    return;
  }
  copy->tensor.kind = tensor->kind;
  copy->tensor.n_dims = tensor->n_dims;
  copy->tensor.bits = tensor->bits;
  for (guint d = 0; d < tensor->n_dims; d++)
    copy->tensor.size[d] = tensor->size[d];
}

static void
add_layer (HdDraft *draft, const HdWorkload *workload, const HdLayer *layer, guint copy, guint n)
{
  g_autofree char *name = copy_name (copy, n, layer->name);
  HdDraftLayer *made = _hd_workload_draft_layer_new (name, layer->operator_type, 0);
  made->layer.layer_class = layer->layer_class;
  made->layer.partial_bits = layer->partial_bits;
  made->layer.ops_per_point = layer->ops_per_point;
  made->layer.view = layer->view;
  for (guint r = 0; r < layer->n_ranks; r++) {
    _hd_workload_draft_layer_add_rank (made, layer->rank[r].name, layer->rank[r].size);
    made->layer.rank[r].reduction = layer->rank[r].reduction;
  }
  for (guint o = 0; o < layer->n_operands; o++) {
    g_autofree char *tensor = tensor_name (&workload->tensors[layer->operands[o].tensor], copy, n);
    _hd_workload_draft_layer_add_operand (made, tensor, layer->operands[o].role)->operand = layer->operands[o];
  }
  g_ptr_array_add (draft->layers, made);
}

static void
fill_draft (HdDraft *draft, const HdWorkload *workload, guint n)
{
  for (guint copy = 0; copy < n; copy++)
    for (guint t = 0; t < workload->n_tensors; t++) {
      g_autofree char *name = tensor_name (&workload->tensors[t], copy, n);
      if (copy == 0 || workload->tensors[t].kind != HD_TENSOR_WEIGHT)
        add_tensor (draft, &workload->tensors[t], name);
    }
  for (guint copy = 0; copy < n; copy++)
    for (guint l = 0; l < workload->n_layers; l++)
      add_layer (draft, workload, &workload->layers[l], copy, n);
}

HdWorkload *
hd_workload_repeat (HdWorkload *self, guint n, GError **error)
{
  g_autoptr (HdDiagnostics) diagnostics = hd_diagnostics_new (self->name);
  g_autoptr (HdDraft) draft = _hd_workload_draft_new (self->name, diagnostics);
  if (n == 1)
    return hd_workload_ref (self);
  if (self->inferences > 1) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s: the workload has %u inferences already - expected one", self->name, self->inferences);
    return NULL;
  }
  if (n < 1 || (guint64) n * self->n_layers > HD_LAYERS_MAX) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s: %u inferences of %u layers - expected 1 to %u", self->name, n, self->n_layers, HD_LAYERS_MAX / MAX (self->n_layers, 1));
    return NULL;
  }
  fill_draft (draft, self, n);
  HdWorkload *workload = _hd_workload_draft_finish (draft, error);
  if (workload != NULL)
    workload->inferences = n;
  return workload;
}

void
_hd_workload_check_inferences (const HdWorkload *self, HdDiagnostics *diagnostics, guint line)
{
  guint n = self->inferences;
  if (self->n_layers % n != 0)
    hd_diagnostics_add (diagnostics, line, "%u inferences in %u layers - expected as many layers of each", n, self->n_layers);
  for (guint l = 0; l < self->n_layers && n > 1 && self->n_layers % n == 0; l++) {
    g_autofree char *prefix = copy_name (hd_workload_inference (self, l), n, "");
    if (!g_str_has_prefix (self->layers[l].name, prefix)) {
      hd_diagnostics_add (diagnostics, line, "layer \"%.60s\" in a workload of %u inferences - expected a name that begins with \"%s\" here", self->layers[l].name, n, prefix);
      return;
    }
  }
}
