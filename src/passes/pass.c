/* The passes: each is an order of the nodes; the planner does the rest. */
#include "config.h"
#include <heddle/passes.h>

#include "passes/plan.h"

/* Node ids go layer after layer in topological order. */
static HdNodeId *
order_layer_by_layer (const HdTiling *tiling, GError **error)
{
  HdNodeId *order = g_try_new (HdNodeId, (gsize) tiling->n_nodes + 1);
  if (order == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "the order of %u nodes does not fit in memory", tiling->n_nodes);
    return NULL;
  }
  for (guint32 n = 0; n < tiling->n_nodes; n++)
    order[n] = n;
  return order;
}

typedef HdNodeId *(*OrderFunction) (const HdTiling *tiling, GError **error);

static const char *const NAMES[] = { "fused", "layer-by-layer", NULL };
static const OrderFunction ORDERS[] = { hd_tiling_order, order_layer_by_layer };

const char *const *
hd_pass_names (void)
{
  return NAMES;
}

gboolean
hd_pass_check_dram (const HdMapping *mapping, GError **error)
{
  if (mapping->dram.memory == HD_NONE) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "platform \"%s\" has no DRAM for the network's inputs, weights and outputs", mapping->platform->name);
    return FALSE;
  }
  const HdMemory *dram = &mapping->platform->memory[mapping->dram.memory];
  guint64 free_bits = dram->capacity_bits;
  for (guint t = 0; t < mapping->workload->n_tensors && dram->capacity_bits != HD_UNLIMITED_BITS; t++) {
    const HdTensor *tensor = &mapping->workload->tensors[t];
    if (tensor->producer != HD_NONE || tensor->n_consumers == 0)
      continue;
    if (tensor->total_bits > free_bits) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "tensor \"%s\" does not fit in memory \"%s\" beside the other inputs and weights: it takes %" G_GUINT64_FORMAT " bit, %" G_GUINT64_FORMAT " bit are free",
                   tensor->name, dram->id, tensor->total_bits, free_bits);
      return FALSE;
    }
    free_bits -= tensor->total_bits;
  }
  return TRUE;
}

HdSchedule *
hd_pass_run (const char *name, HdTiling *tiling, HdCostModel *cost, GError **error)
{
  for (guint i = 0; NAMES[i] != NULL; i++)
    if (g_str_equal (name, NAMES[i])) {
      g_autofree HdNodeId *order = ORDERS[i](tiling, error);
      return order != NULL ? plan_run (tiling, cost, order, name, error) : NULL;
    }
  const char *near = hd_suggest (name, NAMES, g_strv_length ((char **) NAMES));
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there is no pass \"%s\" - expected fused or layer-by-layer%s%s%s", name, near != NULL ? " - did you mean \"" : "", near != NULL ? near : "",
               near != NULL ? "\"?" : "");
  return NULL;
}
