/* Weights that come early and find no room where they are read are parked in another memory of the core.
 *
 * What is to be fetched from DRAM and must wait for room, waits on the chip instead, and so do those that come after it: in the room that a former plan never used in the core's other memories, which
 * is set apart for it (the *lot*). The loads to there stand in the queue before the one that waits. So DRAM is not idle while memories are full. The lot's free bits are tokens like all others.
 */
#include "config.h"
#include "passes/plan.h"

#include <stdlib.h>

static int
compare_arrivals (gconstpointer a, gconstpointer b)
{
  const Arrival *x = a, *y = b;
  return x->step != y->step ? (x->step > y->step) - (x->step < y->step) : (x->item > y->item) - (x->item < y->item);
}

/* In which order inputs and weights are first read in @memory. */
static GArray *
list_arrivals (const Plan *plan, HdMemoryId memory)
{
  GArray *arrivals = g_array_new (FALSE, FALSE, sizeof (Arrival));
  for (guint32 p = 0; p < plan->tiling->n_pieces; p++) {
    guint32 item = plan->piece_item[p];
    guint64 c = plan_find_consumer (plan, item, memory, 0);
    if (item != plan->graph->n + p || c == plan->consumer_begin[item + 1] || plan->consumer[c].memory != memory || plan->workload->tensors[plan_item_tensor (plan, item)].producer != HD_NONE)
      continue;
    Arrival arrival = { plan->consumer[c].step, item };
    g_array_append_val (arrivals, arrival);
  }
  g_array_sort (arrivals, compare_arrivals);
  return arrivals;
}

/* Another memory of the core with spare room for @bits; HD_NONE: there is none. */
static HdMemoryId
find_place (Plan *plan, HdCoreId core, HdMemoryId memory, guint64 bits)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    HdMemoryId place = hd_core_operand_memory (&plan->platform->core[core], (HdCostOperand) o);
    if (place != HD_NONE && place != memory && place != plan->dram && plan->space[place].lot.bits >= bits
        && plan_route (plan, plan->dram, place) != HD_NONE && plan_route (plan, place, memory) != HD_NONE)
      return place;
  }
  return HD_NONE;
}

static gboolean
park_item (Plan *plan, guint32 step, guint32 item, HdMemoryId memory, HdMemoryId place, guint64 bits, GError **error)
{
  HdBox box = plan_item_box (plan, item);
  plan_take_tokens (plan, &plan->space[place].lot, bits);
  g_array_set_size (plan->sources, 0);
  g_array_set_size (plan->listeners, 0);
  g_array_append_vals (plan->listeners, &(Listener) { place, step, NO_STEP, 0, TRUE }, 1);
  plan->engine_of = memory;
  gboolean moved = plan_move (plan, item, &box, bits, error);
  plan->engine_of = HD_NONE;
  return moved;
}

static gboolean
park_all (Plan *plan, HdMemoryId memory, GError **error)
{
  HdCoreId core = plan->graph->core[plan->order[plan->step]];
  if (plan->arrivals[memory] == NULL)
    plan->arrivals[memory] = list_arrivals (plan, memory);
  GArray *arrivals = plan->arrivals[memory];
  guint *next = &plan->next_arrival[memory];
  while (*next < arrivals->len && g_array_index (arrivals, Arrival, *next).step < plan->step)
    (*next)++;
  for (guint i = *next; i < arrivals->len; i++) {
    guint32 step = g_array_index (arrivals, Arrival, i).step, item = g_array_index (arrivals, Arrival, i).item;
    if (!plan_may_load_for (plan, step))
      break;
    if (plan->first_instance[item] != HD_NONE)
      continue;
    guint64 bits = plan_item_bits (plan, item);
    HdMemoryId place = find_place (plan, core, memory, bits);
    if (place == HD_NONE)
      break;
    if (!park_item (plan, step, item, memory, place, bits, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
plan_park (Plan *plan, HdMemoryId memory, GError **error)
{
  GArray *gates = plan->gates;
  if (plan->spare == NULL || gates->len == 0 || plan->platform->dma[plan->space[memory].load_dma].core != HD_NONE)
    return TRUE;
  plan->gates = g_array_new (FALSE, FALSE, sizeof (User));
  gboolean parked = park_all (plan, memory, error);
  g_array_unref (plan->gates);
  plan->gates = gates;
  return parked;
}

void
plan_unpark (Plan *plan, guint32 index)
{
  Instance *instance = plan_instance (plan, index);
  if (instance->item != HD_NONE && instance->parked)
    plan_free_instance (plan, index);
}
