/* A mapping for several inferences of its network: every copy is mapped as the one was. */
#include "config.h"
#include "mapping/rules.h"

static HdMappingCut *
copy_cuts (const HdMappingCut *cut, guint n)
{
  HdMappingCut *copy = g_memdup2 (cut, n * sizeof *cut);
  for (guint i = 0; i < n; i++)
    copy[i].rank = g_strdup (cut[i].rank);
  return copy;
}

static void
copy_layer (HdMappingLayer *copy, const HdMappingLayer *layer, HdStackId stack)
{
  *copy = *layer;
  copy->stack = stack;
  copy->cores = g_memdup2 (layer->cores, layer->n_cores * sizeof *layer->cores);
  copy->cut = copy_cuts (layer->cut, layer->n_cuts);
  copy->unroll = g_memdup2 (layer->unroll, layer->n_unrolls * sizeof *layer->unroll);
  for (guint i = 0; i < layer->n_unrolls; i++)
    copy->unroll[i].rank = g_strdup (layer->unroll[i].rank);
  copy->loop = g_memdup2 (layer->loop, layer->n_loops * sizeof *layer->loop);
  for (guint i = 0; i < layer->n_loops; i++) {
    copy->loop[i].rank = g_strdup (layer->loop[i].rank);
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      copy->loop[i].level[o] = g_strdup (layer->loop[i].level[o]);
  }
}

static int
compare_tensors (gconstpointer a, gconstpointer b)
{
  HdTensorId x = ((const HdMappingTensor *) a)->tensor, y = ((const HdMappingTensor *) b)->tensor;
  return x < y ? -1 : x > y;
}

/* The tensor of the same operand of the copied layer, whatever it is called there. */
static HdTensorId
copied_tensor (const HdMapping *self, const HdWorkload *repeated, const HdMappingStack *stack, HdLayerId first, HdTensorId tensor)
{
  for (guint i = 0; i < stack->n_layers; i++) {
    const HdLayer *layer = &self->workload->layers[stack->layers[i]];
    for (guint o = 0; o < layer->n_operands; o++)
      if (layer->operands[o].tensor == tensor)
        return repeated->layers[first + stack->layers[i]].operands[o].tensor;
  }
  return HD_NONE;
}

static void
copy_stack (const HdMapping *self, const HdWorkload *repeated, HdMappingStack *copy, const HdMappingStack *stack, HdLayerId first)
{
  *copy = *stack;
  copy->layers = g_memdup2 (stack->layers, stack->n_layers * sizeof *stack->layers);
  for (guint i = 0; i < stack->n_layers; i++)
    copy->layers[i] += first;
  copy->axis = copy_cuts (stack->axis, stack->n_axes);
  copy->tensor = g_memdup2 (stack->tensor, stack->n_tensors * sizeof *stack->tensor);
  for (guint t = 0; t < stack->n_tensors; t++) {
    copy->tensor[t].tensor = copied_tensor (self, repeated, stack, first, stack->tensor[t].tensor);
    copy->tensor[t].mode = g_memdup2 (stack->tensor[t].mode, stack->n_axes * sizeof *stack->tensor[t].mode);
  }
  if (stack->n_tensors > 0)
    qsort (copy->tensor, stack->n_tensors, sizeof *copy->tensor, compare_tensors);
}

HdMapping *
hd_mapping_repeat (HdMapping *self, guint n, GError **error)
{
  if (n == 1)
    return hd_mapping_ref (self);
  g_autoptr (HdWorkload) repeated = hd_workload_repeat (self->workload, n, error);
  if (repeated == NULL)
    return NULL;
  HdMapping *mapping = _hd_mapping_new (repeated, self->platform, self->file);
  guint n_layers = self->workload->n_layers;
  mapping->dram = self->dram;
  mapping->n_stacks = n * self->n_stacks;
  mapping->stack = g_new0 (HdMappingStack, mapping->n_stacks);
  for (guint copy = 0; copy < n; copy++) {
    for (guint l = 0; l < n_layers; l++)
      copy_layer (&mapping->layer[copy * n_layers + l], &self->layer[l], copy * self->n_stacks + self->layer[l].stack);
    for (guint s = 0; s < self->n_stacks; s++)
      copy_stack (self, repeated, &mapping->stack[copy * self->n_stacks + s], &self->stack[s], copy * n_layers);
  }
  return mapping;
}
