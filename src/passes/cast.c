/* Who else wants what is being moved: one transfer brings it to several memories.
 *
 * When an item is moved to one memory, the other memories in which it is read soon listen: they get it by the same transfer, over a tree of hops in which what is common is passed
 * once. A memory listens only when it has room without anybody leaving, so nothing is lost by it: at worst its copy is dropped again. It takes tokens for its room as every
 * other destination, and the transfer waits for all of them; they are freed by earlier tasks of the plan, so the argument against deadlock holds as it stands.
 */
#include "config.h"
#include "passes/plan.h"

/* "Soon": nodes ahead in the plan, for each core. */
#define HORIZON_PER_CORE 4

guint64
plan_wanted_bits (const Plan *plan, guint32 item, HdMemoryId memory, guint32 from, guint64 enough)
{
  guint64 sum = 0, end = plan->consumer_begin[item + 1];
  for (guint64 i = plan_find_consumer (plan, item, memory, from); i < end && plan->consumer[i].memory == memory && sum < enough; i++)
    sum += plan->consumer[i].bits;
  return sum;
}

static gboolean
may_load (Plan *plan, HdMemoryId source, HdMemoryId memory, guint64 bits)
{
  guint dma = plan->space[memory].load_dma;
  return dma != HD_NONE && plan->platform->dma[dma].core == HD_NONE && plan_has_room (plan, memory, bits) && plan_route (plan, source, memory) != HD_NONE;
}

static gboolean
listens_already (const Plan *plan, HdMemoryId memory)
{
  for (guint i = 0; i < plan->listeners->len; i++)
    if (g_array_index (plan->listeners, Listener, i).memory == memory)
      return TRUE;
  return FALSE;
}

/* Whether @consumer would be brought just the same: all of the item, or the same part. */
static gboolean
wants_the_same (Plan *plan, guint32 item, const Consumer *consumer, guint64 bits, const HdDependency *part, const HdBox *box)
{
  gboolean whole = !plan_item_is_node (plan, item) || plan_wanted_bits (plan, item, consumer->memory, consumer->step, plan_item_bits (plan, item)) >= plan_item_bits (plan, item);
  if (plan_find_instance (plan, item, consumer->memory) != HD_NONE)
    return FALSE;
  if (part == NULL)
    return whole;
  if (whole || consumer->bits != bits || plan_find_part (plan, item, consumer->memory, consumer->step, consumer->operand) != HD_NONE)
    return FALSE;
  HdBox other = plan_overlap_box (plan, plan->order[consumer->step], consumer->operand, item);
  return hd_box_equal (&other, box);
}

/* Goes through the memories in which the item is read after this step, up to @last. @held: only those for whose next node a load may be issued already. */
static void
ask_memories (Plan *plan, guint32 item, HdMemoryId source, guint32 last, gboolean held, guint64 bits, const HdDependency *part, const HdBox *box)
{
  guint64 end = plan->consumer_begin[item + 1];
  for (guint64 i = plan->consumer_begin[item]; i < end && plan->consumer[i].memory != HD_NONE;) {
    HdMemoryId memory = plan->consumer[i].memory;
    guint64 at = plan_find_consumer (plan, item, memory, plan->step + 1);
    const Consumer *c = &plan->consumer[at];
    if (at < end && c->memory == memory && c->step <= last && memory != plan->dram && memory != source && !listens_already (plan, memory) && may_load (plan, source, memory, bits)
        && (!held || plan_may_load_for (plan, c->step)) && wants_the_same (plan, item, c, bits, part, box))
      g_array_append_vals (plan->listeners, &(Listener) { memory, held ? c->step : NO_STEP, part != NULL ? c->step : NO_STEP, part != NULL ? c->operand : 0, FALSE }, 1);
    i = plan_find_consumer (plan, item, memory + 1, 0);
  }
}

void
plan_add_listeners (Plan *plan, guint32 item, HdMemoryId source, guint64 bits, const HdDependency *part, const HdBox *box)
{
  HdMemoryId first = g_array_index (plan->listeners, Listener, 0).memory;
  guint dma = plan->space[first].load_dma;
  if (!plan->multicast || dma == HD_NONE || plan->platform->dma[dma].core != HD_NONE)
    return;
  guint64 last = (guint64) plan->step + HORIZON_PER_CORE * (guint64) plan->platform->n_cores;
  ask_memories (plan, item, source, (guint32) MIN (last, NO_STEP - 1), TRUE, bits, part, box);
  for (guint i = 1; i < plan->listeners->len; i++)
    plan_take_room (plan, g_array_index (plan->listeners, Listener, i).memory, bits);
}

gboolean
plan_send_ahead (Plan *plan, guint32 index, gboolean *sent, GError **error)
{
  Instance source = *plan_instance (plan, index);
  g_array_set_size (plan->listeners, 0);
  ask_memories (plan, source.item, source.memory, NO_STEP - 1, FALSE, source.bits, NULL, NULL);
  if (!plan->multicast)
    g_array_set_size (plan->listeners, MIN (1, plan->listeners->len));
  *sent = plan->listeners->len > 0;
  if (!*sent)
    return TRUE;
  for (guint i = 0; i < plan->listeners->len; i++)
    plan_take_room (plan, g_array_index (plan->listeners, Listener, i).memory, source.bits);
  HdBox box = plan_item_box (plan, source.item);
  g_array_set_size (plan->sources, 0);
  g_array_append_val (plan->sources, index);
  return plan_move (plan, source.item, &box, source.bits, error);
}
