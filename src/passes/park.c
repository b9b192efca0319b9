/* Inputs and weights that come early and find no room where they are read are parked in another memory of the core.
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
    guint32 item = plan->graph->piece_item[p], lane = plan_find_lane (plan, item, memory);
    if (item != plan->graph->n + p || lane == HD_NONE || plan->workload->tensors[plan_item_tensor (plan, item)].producer != HD_NONE)
      continue;
    Arrival arrival = { plan->reader[lane > 0 ? plan->lane[lane - 1].end : 0].step, item };
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
        && plan_hops (plan, place)[plan->dram] != G_MAXUINT32 && plan_hops (plan, memory)[place] != G_MAXUINT32)
      return place;
  }
  return HD_NONE;
}

static gboolean
park_item (Plan *plan, guint32 step, guint32 item, HdMemoryId memory, HdMemoryId place, guint64 bits, GError **error)
{
  plan_take_tokens (plan, &plan->space[place].lot, bits);
  plan->sources.n = 0;
  plan->listeners.n = 0;
  APPEND (&plan->listeners, ((Listener) { place, plan_find_lane (plan, item, place), step, NO_STEP, 0, TRUE }));
  plan->engine_of = memory;
  gboolean moved = plan_move (plan, item, NULL, bits, error);
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
    if (plan->item[item].first_instance != HD_NONE)
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
  if (plan->spare == NULL || plan->gates.n == 0 || plan->platform->dma[plan->space[memory].load_dma].core != HD_NONE)
    return TRUE;
  Users gates = plan_push_gates (plan);
  gboolean parked = park_all (plan, memory, error);
  plan_pop_gates (plan, gates);
  return parked;
}

void
plan_unpark (Plan *plan, guint32 index)
{
  if (plan->instance[index].item != HD_NONE && plan->link[index].parked)
    plan_free_instance (plan, index);
}
