/* Cuts for a mapping that nobody wrote: each layer is cut until what one node needs takes no more than half of each memory of its core, so that the next node's data
 * can come while it computes.
 *
 * Greedy: the rank that relieves the overfull memories most is halved; ties go to the first, and a sum is cut (into partial sums) only where nothing else helps.
 */
#include "config.h"
#include "mapping/rules.h"

#include <heddle/checked.h>

typedef struct {
  const HdWorkload *workload;
  const HdLayer *layer;
  const HdPlatform *platform;
  const HdCore *core;
  guint64 *need;             /* by memory [bit]: of one node */
} Fit;

static HdCostOperand
cost_operand (HdRole role)
{
  return role == HD_ROLE_INPUT ? HD_OPERAND_INPUT : role == HD_ROLE_WEIGHT ? HD_OPERAND_WEIGHT : HD_OPERAND_OUTPUT;
}

static gboolean
cuts_a_sum (const Fit *self, const guint64 *size)
{
  for (guint r = 0; r < self->layer->n_ranks; r++)
    if (self->layer->rank[r].reduction && size[r] < self->layer->rank[r].size)
      return TRUE;
  return FALSE;
}

/* A node in the middle of the layer: no border makes it smaller than the others. */
static HdBox
middle_box (const Fit *self, const guint64 *size)
{
  HdBox box = { .n = self->layer->n_ranks };
  for (guint r = 0; r < box.n; r++) {
    guint64 from = self->layer->rank[r].size / size[r] / 2 * size[r];
    from = MIN (from, self->layer->rank[r].size - size[r]);
    box.range[r] = (HdRange) { (gint64) from, (gint64) (from + size[r]) };
  }
  return box;
}

/* How much of the node's needs is beyond half of the memories [bit]; saturates. */
static guint64
excess (Fit *self, const guint64 *size)
{
  HdBox box = middle_box (self, size);
  guint64 sum = 0;
  for (guint m = 0; m < self->platform->n_memories; m++)
    self->need[m] = 0;
  for (guint o = 0; o < self->layer->n_operands; o++) {
    const HdOperand *operand = &self->layer->operands[o];
    const HdTensor *tensor = &self->workload->tensors[operand->tensor];
    HdMemoryId memory = hd_core_operand_memory (self->core, cost_operand (operand->role));
    HdBox part = hd_operand_project (self->layer, operand, &box, tensor);
    gboolean partial = operand->role == HD_ROLE_OUTPUT && cuts_a_sum (self, size);
    guint64 bits = hd_box_volume (&part);
    if (memory == HD_NONE)
      continue;
    /* An unfinished sum is read and made anew. */
    if (!hd_mul_u64 (bits, partial ? 2 * (guint64) self->layer->partial_bits : tensor->bits, &bits) || !hd_add_u64 (self->need[memory], bits, &self->need[memory]))
      self->need[memory] = G_MAXUINT64;
  }
  for (guint m = 0; m < self->platform->n_memories; m++) {
    guint64 half = self->platform->memory[m].capacity_bits == HD_UNLIMITED_BITS || self->platform->memory[m].dram ? HD_UNLIMITED_BITS : self->platform->memory[m].capacity_bits / 2;
    if (self->need[m] > half && !hd_add_u64 (sum, self->need[m] - half, &sum))
      sum = G_MAXUINT64;
  }
  return sum;
}

static gboolean
is_better (const Fit *self, guint rank, guint64 left, int best, guint64 best_left)
{
  if (best < 0)
    return TRUE;
  gboolean sum = self->layer->rank[rank].reduction, best_sum = self->layer->rank[best].reduction;
  return sum != best_sum ? !sum : left < best_left;
}

/* Halves the rank that helps most; FALSE when none does. */
static gboolean
cut_once (Fit *self, guint64 *size, guint64 now)
{
  int best = -1;
  guint64 best_left = 0;
  for (guint r = 0; r < self->layer->n_ranks; r++) {
    guint64 whole = size[r];
    if (whole == 1)
      continue;
    size[r] = hd_ceil_div (whole, 2);
    HdBox box = middle_box (self, size);
    guint64 left = excess (self, size);
    if (left < now && hd_layer_output_is_box (self->layer, &box) && is_better (self, r, left, best, best_left)) {
      best = (int) r;
      best_left = left;
    }
    size[r] = whole;
  }
  if (best >= 0)
    size[best] = hd_ceil_div (size[best], 2);
  return best >= 0;
}

static void
set_cuts (HdMappingLayer *row, const HdLayer *layer, const guint64 *size)
{
  row->cut = g_new0 (HdMappingCut, layer->n_ranks);
  for (guint r = 0; r < layer->n_ranks; r++)
    if (size[r] < layer->rank[r].size)
      row->cut[row->n_cuts++] = (HdMappingCut) { .rank = g_strdup (layer->rank[r].name), .size = size[r] };
}

void
_hd_mapping_fit (HdMapping *mapping)
{
  g_autofree guint64 *need = g_new (guint64, mapping->platform->n_memories);
  for (guint l = 0; l < mapping->workload->n_layers; l++) {
    HdMappingLayer *row = &mapping->layer[l];
    Fit fit = { mapping->workload, &mapping->workload->layers[l], mapping->platform, &mapping->platform->core[row->cores[0]], need };
    guint64 size[HD_RANKS_MAX], left;
    for (guint r = 0; r < fit.layer->n_ranks; r++)
      size[r] = fit.layer->rank[r].size;
    while ((left = excess (&fit, size)) > 0 && cut_once (&fit, size, left))
      ;
    g_free (row->cut);
    row->cut = NULL;
    row->n_cuts = 0;
    set_cuts (row, fit.layer, size);
  }
}
