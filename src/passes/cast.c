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

static gboolean
may_load (Plan *plan, HdMemoryId source, HdMemoryId memory, guint64 bits)
{
  return plan->space[memory].hears && plan_has_room (plan, memory, bits) && plan_hops (plan, memory)[source] != G_MAXUINT32;
}

/* Whether the next reader of a lane would be brought just the same: all of the item, or the same part. */
static gboolean
wants_the_same (Plan *plan, guint32 item, const Lane *lane, guint32 next, guint64 bits, const HdDependency *part, const HdBox *box)
{
  guint64 all = plan_item_bits (plan, item);
  gboolean whole = !plan_item_is_node (plan, item) || plan_wanted_bits (plan, lane, next, all) >= all;
  if (part == NULL)
    return whole;
  const Reader *reader = &plan->reader[next];
  const HdDependency *use = plan_use (plan, reader->use);
  if (whole || hd_dependency_bits (use) != bits || plan_find_part (plan, item, lane->memory, reader->step, use->operand) != HD_NONE)
    return FALSE;
  HdBox other = plan_overlap_box (plan, plan->order[reader->step], use->operand, item);
  return hd_box_equal (&other, box);
}

/* Goes through the memories in which the item is read after this step, up to @last. @held: only those for whose next node a load may be issued already. */
static void
ask_memories (Plan *plan, guint32 item, HdMemoryId source, guint32 last, gboolean held, guint64 bits, const HdDependency *part, const HdBox *box)
{
  HdMemoryId first = plan->listeners.n > 0 ? plan->listeners.at[0].memory : HD_NONE;
  for (guint32 l = plan->graph->item[item].first_lane; l < plan->graph->item[item + 1].first_lane; l++) {
    const Lane *lane = &plan->lane[l];
    /* A lane that is not asked for soon, or has the item. */
    if (lane->next_step > last || lane->instance != HD_NONE)
      continue;
    HdMemoryId memory = lane->memory;
    if (memory == HD_NONE)
      break;
    guint32 next = plan_reader_after (plan, lane);
    if (next == lane->end || plan->reader[next].step > last || memory == plan->dram || memory == source || memory == first || !may_load (plan, source, memory, bits)
        || (held && !plan_may_load_for (plan, plan->reader[next].step)) || !wants_the_same (plan, item, lane, next, bits, part, box))
      continue;
    guint32 step = plan->reader[next].step;
    APPEND (&plan->listeners, ((Listener) { memory, l, held ? step : NO_STEP, part != NULL ? step : NO_STEP, part != NULL ? plan_use (plan, plan->reader[next].use)->operand : 0, FALSE }));
  }
}

void
plan_add_listeners (Plan *plan, guint32 item, HdMemoryId source, guint64 bits, const HdDependency *part, const HdBox *box)
{
  if (!plan->multicast || !plan->space[plan->listeners.at[0].memory].hears)
    return;
  guint64 last = (guint64) plan->step + HORIZON_PER_CORE * (guint64) plan->platform->n_cores;
  ask_memories (plan, item, source, (guint32) MIN (last, NO_STEP - 1), TRUE, bits, part, box);
  for (guint i = 1; i < plan->listeners.n; i++)
    plan_take_room (plan, plan->listeners.at[i].memory, bits);
}

gboolean
plan_send_ahead (Plan *plan, guint32 index, gboolean *sent, GError **error)
{
  guint32 item = plan->instance[index].item;
  guint64 bits = plan->instance[index].bits;
  plan->listeners.n = 0;
  ask_memories (plan, item, plan->link[index].memory, NO_STEP - 1, FALSE, bits, NULL, NULL);
  if (!plan->multicast)
    plan->listeners.n = MIN (1, plan->listeners.n);
  *sent = plan->listeners.n > 0;
  if (!*sent)
    return TRUE;
  for (guint i = 0; i < plan->listeners.n; i++)
    plan_take_room (plan, plan->listeners.at[i].memory, bits);
  plan->sources.n = 0;
  APPEND (&plan->sources, index);
  return plan_move (plan, item, NULL, bits, error);
}
