/* The workload as a value: reference counting and lookups.
 *
 * Layers stand in topological order, so they are found by a scan; tensors stand by name and are found by bisection.
 */
#include "config.h"
#include "workload/draft.h"

#include <string.h>

static void
clear_layer (HdLayer *layer)
{
  for (guint r = 0; r < layer->n_ranks; r++)
    g_free (layer->rank[r].name);
  g_free (layer->operands);
  g_free (layer->name);
  g_free (layer->operator_type);
}

static void
clear_workload (gpointer data)
{
  HdWorkload *self = data;
  for (guint i = 0; i < self->n_layers; i++)
    clear_layer (&self->layers[i]);
  for (guint i = 0; i < self->n_tensors; i++) {
    g_free (self->tensors[i].name);
    g_free (self->tensors[i].consumers);
  }
  g_free (self->layers);
  g_free (self->tensors);
  g_free (self->name);
}

HdWorkload *_hd_workload_new (void) { return g_atomic_rc_box_new0 (HdWorkload); }
HdWorkload *hd_workload_ref (HdWorkload *self) { return g_atomic_rc_box_acquire (self); }

void
hd_workload_unref (HdWorkload *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear_workload);
}

HdLayerId
hd_workload_find_layer (const HdWorkload *self, const char *name)
{
  for (guint i = 0; i < self->n_layers; i++)
    if (g_str_equal (self->layers[i].name, name))
      return i;
  return HD_NONE;
}

HdTensorId
hd_workload_find_tensor (const HdWorkload *self, const char *name)
{
  guint low = 0, high = self->n_tensors;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    int order = strcmp (self->tensors[middle].name, name);
    if (order == 0)
      return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return HD_NONE;
}

int
hd_layer_find_rank (const HdLayer *layer, const char *name)
{
  for (guint r = 0; r < layer->n_ranks; r++)
    if (g_str_equal (layer->rank[r].name, name))
      return (int) r;
  return -1;
}
