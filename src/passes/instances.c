/* Instances: which copies of an item are where, who uses them, and for when they are kept.
 *
 * A copy that nobody reads any more where it stands is not released at once: others may still be copied from it, and it costs nothing to drop. It is only the first to leave. The
 * last copy of what was computed is kept for the next reader anywhere, for to have it again it would have to be written first.
 */
#include "config.h"
#include "passes/plan.h"

/* --- users: chains of tasks --------------------------------------------------------------------- */

/* In a queue that ends its tasks in order only the last one counts. */
static gboolean
replace_user (Plan *plan, User *first, HdTaskId task, HdQueueId queue)
{
  User *user = first;
  while (user->queue != queue) {
    if (user->next == HD_NONE)
      return FALSE;
    user = &plan->user[user->next];
  }
  user->task = task;
  return TRUE;
}

void
plan_add_user (Plan *plan, guint32 index, HdTaskId task, HdQueueId queue)
{
  User *first = &plan->instance[index].user;
  if (!plan->link[index].used)
    *first = (User) { task, queue, HD_NONE };
  else if (plan->queue_outstanding[queue] > 1 || !replace_user (plan, first, task, queue))
    *first = plan_chain_user (plan, *first, task, queue);
  plan->link[index].used = TRUE;
}

/* --- next uses -------------------------------------------------------------------------------------- */

gboolean
plan_is_elsewhere (const Plan *plan, guint32 index)
{
  guint32 item = plan->instance[index].item;
  return !plan_item_is_node (plan, item) || plan->link[index].part_step != NO_STEP || plan->item[item].n_whole > 1;
}

/* The next step after this one at which somebody reads the item, wherever. */
static guint32
next_use_anywhere (const Plan *plan, guint32 item)
{
  guint32 next = NO_STEP;
  for (guint32 l = plan->graph->item[item].first_lane; l < plan->graph->item[item + 1].first_lane; l++) {
    guint32 step = plan_step_after (plan, &plan->lane[l]);
    next = MIN (next, step);
  }
  return next;
}

guint32
plan_next_use (const Plan *plan, guint32 index)
{
  const Instance *instance = &plan->instance[index];
  if (plan->link[index].part_step != NO_STEP)
    return plan->link[index].part_step;
  guint32 next = instance->lane != HD_NONE ? plan_step_after (plan, &plan->lane[instance->lane]) : NO_STEP;
  if (next != NO_STEP)
    return next;
  return plan->item[instance->item].remaining == 0 || plan_is_elsewhere (plan, index) ? NO_STEP : next_use_anywhere (plan, instance->item);
}

/* --- copies come and go ------------------------------------------------------------------------------- */

guint32
plan_find_instance (const Plan *plan, guint32 item, HdMemoryId memory)
{
  for (guint32 i = plan->item[item].first_instance; i != HD_NONE; i = plan->link[i].next)
    if (plan->link[i].memory == memory && plan->link[i].part_step == NO_STEP)
      return i;
  return HD_NONE;
}

guint32
plan_find_part (const Plan *plan, guint32 item, HdMemoryId memory, guint32 step, guint operand)
{
  if (plan->item[item].n_parts == 0)
    return HD_NONE;
  for (guint32 i = plan->item[item].first_instance; i != HD_NONE; i = plan->link[i].next) {
    const Link *link = &plan->link[i];
    if (link->memory == memory && link->part_step == step && link->part_operand == operand)
      return i;
  }
  return HD_NONE;
}

static guint32
new_instance (Plan *plan)
{
  guint32 index = plan->free_instance;
  if (index != HD_NONE) {
    plan->free_instance = plan->link[index].next;
    return index;
  }
  index = plan->n_instances;
  GROW (plan->instance, plan->n_instances, plan->instances_room);
  GROW (plan->link, plan->n_instances, plan->links_room);
  plan->n_instances++;
  return index;
}

guint32
plan_add_instance (Plan *plan, const Instance *fresh, const Link *where, HdTaskId creator, HdQueueId queue)
{
  guint32 index = new_instance (plan);
  Instance *instance = &plan->instance[index];
  Link *link = &plan->link[index];
  Item *item = &plan->item[fresh->item];
  *instance = *fresh;
  *link = *where;
  instance->user = (User) { creator, queue, HD_NONE };
  instance->born = plan->n_born++;
  link->next = item->first_instance;
  item->first_instance = index;
  instance->next_use = link->part_step;
  *(link->part_step == NO_STEP ? &item->n_whole : &item->n_parts) += 1;
  if (link->part_step == NO_STEP && instance->lane != HD_NONE) {
    plan->lane[instance->lane].instance = index;
    instance->next_use = plan->lane[instance->lane].next_step;
  }
  if (link->memory != plan->dram && !link->parked)
    plan_push_victim (plan, index);
  return index;
}

static void
unlink_instance (Plan *plan, guint32 index)
{
  const Instance *instance = &plan->instance[index];
  Item *item = &plan->item[instance->item];
  guint32 *place = &item->first_instance;
  while (*place != index)
    place = &plan->link[*place].next;
  *place = plan->link[index].next;
  gboolean whole = plan->link[index].part_step == NO_STEP;
  *(whole ? &item->n_whole : &item->n_parts) -= 1;
  if (whole && instance->lane != HD_NONE)
    plan->lane[instance->lane].instance = HD_NONE;
}

static void
release (Plan *plan, const Instance *instance)
{
  const User *user = &instance->user;
  hd_schedule_builder_release (plan->builder, instance->piece, user->task);
  for (guint32 u = user->next; u != HD_NONE; u = plan->user[u].next)
    hd_schedule_builder_release (plan->builder, instance->piece, plan->user[u].task);
}

void
plan_free_instance (Plan *plan, guint32 index)
{
  Instance *instance = &plan->instance[index];
  Link *link = &plan->link[index];
  Space *space = &plan->space[link->memory];
  release (plan, instance);
  if (!space->unlimited)
    plan_give_token (link->parked ? &space->lot : &space->free, instance->bits, instance->user);
  unlink_instance (plan, index);
  instance->item = HD_NONE;
  link->next = plan->free_instance;
  plan->free_instance = index;
}

void
plan_settle (Plan *plan, guint32 index)
{
  Instance *instance = &plan->instance[index];
  const Link *link = &plan->link[index];
  if (instance->item == HD_NONE || link->permanent || link->parked)
    return;
  if (link->part_step != NO_STEP && link->part_step <= plan->step) {
    plan_free_instance (plan, index);
    return;
  }
  guint32 next_use = plan_next_use (plan, index);
  gboolean moves = next_use != instance->next_use;
  instance->next_use = next_use;
  if (moves && link->memory != plan->dram)
    plan_push_victim (plan, index);
}

void
plan_free_item (Plan *plan, guint32 item)
{
  guint32 next;
  for (guint32 i = plan->item[item].first_instance; i != HD_NONE; i = next) {
    next = plan->link[i].next;
    if (!plan->link[i].permanent)
      plan_free_instance (plan, i);
  }
}
