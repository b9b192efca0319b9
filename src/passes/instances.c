/* Instances: which copies of an item are where, who uses them, and for when they are kept.
 *
 * A copy that nobody reads any more where it stands is not released at once: others may still be copied from it, and it costs nothing to drop. It is only the first to leave. The
 * last copy of what was computed is kept for the next reader anywhere, for to have it again it would have to be written first.
 */
#include "config.h"
#include "passes/plan.h"

/* --- users: chains of tasks --------------------------------------------------------------------- */

static guint32
push_user (Plan *plan, HdTaskId task, HdQueueId queue, guint32 next)
{
  GROW (plan->user, plan->n_users, plan->users_room);
  plan->user[plan->n_users] = (User) { task, queue, next };
  return plan->n_users++;
}

/* In a queue that ends its tasks in order only the last one counts. */
static guint32
without_queue (Plan *plan, guint32 head, HdQueueId queue)
{
  guint32 kept = HD_NONE;
  if (plan->queue_outstanding[queue] > 1)
    return head;
  for (guint32 u = head; u != HD_NONE; u = plan_user (plan, u)->next) {
    User user = *plan_user (plan, u);
    if (user.queue != queue)
      kept = push_user (plan, user.task, user.queue, kept);
  }
  return kept;
}

void
plan_add_user (Plan *plan, guint32 i, HdTaskId task, HdQueueId queue)
{
  Instance *instance = plan_instance (plan, i);
  guint32 others = instance->used ? without_queue (plan, instance->users, queue) : HD_NONE;
  instance->users = push_user (plan, task, queue, others);
  instance->used = TRUE;
}

/* --- the heap of a memory's copies: the farthest next use on top ----------------------------------- */

static gboolean
leaves_before (const Victim *a, const Victim *b)
{
  return a->next_use != b->next_use ? a->next_use > b->next_use : a->instance < b->instance;
}

void
plan_push_victim (Plan *plan, guint32 index)
{
  const Instance *instance = plan_instance (plan, index);
  Space *space = &plan->space[instance->memory];
  Victim victim = { instance->next_use, index };
  GROW (space->victim, space->n_victims, space->victims_room);
  Victim *v = space->victim;
  guint i = space->n_victims++;
  for (; i > 0 && leaves_before (&victim, &v[(i - 1) / 2]); i = (i - 1) / 2)
    v[i] = v[(i - 1) / 2];
  v[i] = victim;
}

Victim
plan_pop_victim (Space *space)
{
  guint n = --space->n_victims, i = 0;
  Victim *v = space->victim, top = v[0], last = v[n];
  for (guint child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && leaves_before (&v[child + 1], &v[child]))
      child++;
    if (!leaves_before (&v[child], &last))
      break;
    v[i] = v[child];
  }
  if (n > 0)
    v[i] = last;
  return top;
}

/* --- next uses -------------------------------------------------------------------------------------- */

gboolean
plan_is_elsewhere (const Plan *plan, guint32 index)
{
  const Instance *instance = plan_instance (plan, index);
  if (!plan_item_is_node (plan, instance->item) || instance->part_step != NO_STEP)
    return TRUE;
  for (guint32 i = plan->first_instance[instance->item]; i != HD_NONE; i = plan_instance (plan, i)->next)
    if (i != index && plan_instance (plan, i)->part_step == NO_STEP)
      return TRUE;
  return FALSE;
}

/* The next step after this one at which somebody reads the item, wherever. */
static guint32
next_use_anywhere (const Plan *plan, guint32 item)
{
  guint64 end = plan->consumer_begin[item + 1];
  guint32 next = NO_STEP;
  for (guint64 i = plan->consumer_begin[item]; i < end;) {
    HdMemoryId memory = plan->consumer[i].memory;
    guint64 c = plan_find_consumer (plan, item, memory, plan->step + 1);
    if (c < end && plan->consumer[c].memory == memory)
      next = MIN (next, plan->consumer[c].step);
    i = memory == HD_NONE ? end : plan_find_consumer (plan, item, memory + 1, 0);
  }
  return next;
}

guint32
plan_next_use (Plan *plan, guint32 index)
{
  Instance *instance = plan_instance (plan, index);
  if (instance->part_step != NO_STEP)
    return instance->part_step;
  guint64 end = plan->consumer_begin[instance->item + 1];
  while (instance->cursor < end && plan->consumer[instance->cursor].memory == instance->memory && plan->consumer[instance->cursor].step <= plan->step)
    instance->cursor++;
  if (instance->cursor < end && plan->consumer[instance->cursor].memory == instance->memory)
    return plan->consumer[instance->cursor].step;
  return plan->remaining[instance->item] == 0 || plan_is_elsewhere (plan, index) ? NO_STEP : next_use_anywhere (plan, instance->item);
}

gboolean
plan_is_pinned (const Plan *plan, guint32 index)
{
  const Instance *instance = plan_instance (plan, index);
  if (instance->pinned == plan->attempt)
    return TRUE;
  return plan->item_pinned[instance->item] == plan->attempt && instance->born < plan->n_born_before && (instance->part_step == NO_STEP || instance->part_step == plan->step);
}

/* --- copies come and go ------------------------------------------------------------------------------- */

guint32
plan_find_instance (const Plan *plan, guint32 item, HdMemoryId memory)
{
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = plan_instance (plan, i)->next)
    if (plan_instance (plan, i)->memory == memory && plan_instance (plan, i)->part_step == NO_STEP)
      return i;
  return HD_NONE;
}

guint32
plan_find_part (const Plan *plan, guint32 item, HdMemoryId memory, guint32 step, guint operand)
{
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = plan_instance (plan, i)->next) {
    const Instance *instance = plan_instance (plan, i);
    if (instance->memory == memory && instance->part_step == step && instance->part_operand == operand)
      return i;
  }
  return HD_NONE;
}

guint32
plan_add_instance (Plan *plan, const Instance *fresh, HdTaskId creator, HdQueueId queue)
{
  guint32 index = plan->free_instance;
  if (index == HD_NONE) {
    index = plan->instances->len;
    g_array_append_vals (plan->instances, fresh, 1);
  } else {
    plan->free_instance = plan_instance (plan, index)->next;
    *plan_instance (plan, index) = *fresh;
  }
  Instance *instance = plan_instance (plan, index);
  instance->users = push_user (plan, creator, queue, HD_NONE);
  instance->used = FALSE;
  instance->permanent = FALSE;
  instance->born = plan->n_born++;
  instance->next = plan->first_instance[fresh->item];
  instance->cursor = plan_find_consumer (plan, fresh->item, fresh->memory, plan->step);
  plan->first_instance[fresh->item] = index;
  instance->next_use = fresh->part_step != NO_STEP ? fresh->part_step : NO_STEP;
  if (fresh->part_step == NO_STEP && instance->cursor < plan->consumer_begin[fresh->item + 1] && plan->consumer[instance->cursor].memory == fresh->memory)
    instance->next_use = plan->consumer[instance->cursor].step;
  if (fresh->memory != plan->dram && !fresh->parked)
    plan_push_victim (plan, index);
  return index;
}

static void
unlink_instance (Plan *plan, guint32 index)
{
  guint32 *link = &plan->first_instance[plan_instance (plan, index)->item];
  while (*link != index)
    link = &plan_instance (plan, *link)->next;
  *link = plan_instance (plan, index)->next;
}

void
plan_free_instance (Plan *plan, guint32 index)
{
  Instance *instance = plan_instance (plan, index);
  for (guint32 u = instance->users; u != HD_NONE; u = plan_user (plan, u)->next)
    hd_schedule_builder_release (plan->builder, instance->piece, plan_user (plan, u)->task);
  Space *space = &plan->space[instance->memory];
  /* Where room never ends, nobody waits for it. */
  if (plan->platform->memory[instance->memory].capacity_bits != HD_UNLIMITED_BITS)
    plan_give_token (instance->parked ? &space->lot : &space->free, instance->bits, instance->users);
  unlink_instance (plan, index);
  instance->item = HD_NONE;
  instance->next = plan->free_instance;
  plan->free_instance = index;
}

void
plan_settle (Plan *plan, guint32 index)
{
  Instance *instance = plan_instance (plan, index);
  if (instance->item == HD_NONE || instance->permanent || instance->parked)
    return;
  if (instance->part_step != NO_STEP && instance->part_step <= plan->step) {
    plan_free_instance (plan, index);
    return;
  }
  guint32 next_use = plan_next_use (plan, index);
  gboolean moves = next_use != instance->next_use;
  instance->next_use = next_use;
  if (moves && instance->memory != plan->dram)
    plan_push_victim (plan, index);
}

void
plan_free_item (Plan *plan, guint32 item)
{
  guint32 next;
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = next) {
    next = plan_instance (plan, i)->next;
    if (!plan_instance (plan, i)->permanent)
      plan_free_instance (plan, i);
  }
}
