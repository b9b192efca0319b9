/* Space: which copies are where, who frees whose bits, and what must leave when there is no room.
 *
 * The planner fills memories in the order of the plan; the engine will not. So bits are handed on as tokens: what a piece frees carries the tasks that free it, and a
 * transfer that takes those bits waits for them. Then whoever runs ahead takes only bits that are really free and that nobody earlier in the plan
 * counts on: the plan's order is one in which everything can happen, and no other order can get stuck. Oldest tokens go first, so that
 * what comes next can start early. Computes of one core that alone makes pieces in a memory need no such wait: they come in the plan's order anyway.
 *
 * The victim is the copy whose next use is farthest (Belady, 1966); what would be lost is written back first.
 */
#include "config.h"
#include "passes/plan.h"

#include <heddle/units.h>

/* --- users: chains of tasks --------------------------------------------------------------------- */

static guint32
push_user (Plan *plan, HdTaskId task, HdQueueId queue, guint32 next)
{
  User user = { task, queue, next };
  g_array_append_val (plan->users, user);
  return plan->users->len - 1;
}

/* In a queue that ends its tasks in order only the last one counts. */
static guint32
without_queue (Plan *plan, guint32 head, HdQueueId queue)
{
  guint32 kept = HD_NONE;
  if (plan->queue_outstanding[queue] > 1)
    return head;
  for (guint32 u = head; u != HD_NONE; u = g_array_index (plan->users, User, u).next) {
    User user = g_array_index (plan->users, User, u);
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

/* --- victims: a heap by next use ------------------------------------------------------------------ */

static gboolean
leaves_before (const Victim *a, const Victim *b)
{
  return a->next_use != b->next_use ? a->next_use > b->next_use : a->instance < b->instance;
}

static void
push_victim (GArray *heap, Victim victim)
{
  guint i = heap->len;
  g_array_append_val (heap, victim);
  Victim *v = (Victim *) (void *) heap->data;
  for (; i > 0 && leaves_before (&victim, &v[(i - 1) / 2]); i = (i - 1) / 2)
    v[i] = v[(i - 1) / 2];
  v[i] = victim;
}

static Victim
pop_victim (GArray *heap)
{
  Victim *v = (Victim *) (void *) heap->data, top = v[0], last = v[heap->len - 1];
  guint n = heap->len - 1, i = 0;
  g_array_set_size (heap, n);
  for (;;) {
    guint child = 2 * i + 1;
    if (child >= n)
      break;
    if (child + 1 < n && leaves_before (&v[child + 1], &v[child]))
      child++;
    if (!leaves_before (&v[child], &last))
      break;
    v[i] = v[child];
    i = child;
  }
  if (n > 0)
    v[i] = last;
  return top;
}

/* --- instances ------------------------------------------------------------------------------------ */

/* Moves the cursor to the next reader in this memory at or after @step. */
static void
find_next_use (Plan *plan, Instance *instance, guint32 step)
{
  guint64 end = plan->consumer_begin[instance->item + 1];
  while (instance->cursor < end
         && (plan->consumer[instance->cursor].step < step || plan->consumer[instance->cursor].memory != instance->memory))
    instance->cursor++;
  instance->next_use = instance->cursor < end ? plan->consumer[instance->cursor].step : NO_STEP;
}

guint32
plan_find_instance (const Plan *plan, guint32 item, HdMemoryId memory)
{
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = g_array_index (plan->instances, Instance, i).next)
    if (g_array_index (plan->instances, Instance, i).memory == memory)
      return i;
  return HD_NONE;
}

guint32
plan_add_instance (Plan *plan, guint32 item, HdMemoryId memory, HdPieceId piece, guint64 bits, HdTaskId creator, HdQueueId queue)
{
  Instance fresh = { .item = item, .memory = memory, .piece = piece, .bits = bits, .next = plan->first_instance[item], .cursor = plan->consumer_begin[item],
                     .pinned = plan->step };
  fresh.users = push_user (plan, creator, queue, HD_NONE);
  find_next_use (plan, &fresh, plan->step);
  guint32 index = plan->free_instance;
  if (index == HD_NONE) {
    index = plan->instances->len;
    g_array_append_val (plan->instances, fresh);
  } else {
    plan->free_instance = plan_instance (plan, index)->next;
    *plan_instance (plan, index) = fresh;
  }
  plan->first_instance[item] = index;
  if (memory != plan->dram)
    push_victim (plan->space[memory].victims, (Victim) { fresh.next_use, index });
  return index;
}

static void
unlink_instance (Plan *plan, guint32 index)
{
  guint32 item = plan_instance (plan, index)->item, *link = &plan->first_instance[item];
  while (*link != index)
    link = &plan_instance (plan, *link)->next;
  *link = plan_instance (plan, index)->next;
}

static void
push_token (Plan *plan, HdMemoryId memory, guint64 bits, guint32 users)
{
  /* Where room never ends, nobody waits for it. */
  if (plan->platform->memory[memory].capacity_bits == HD_UNLIMITED_BITS)
    return;
  Token *token = g_new (Token, 1);
  *token = (Token) { bits, users };
  g_queue_push_tail (&plan->space[memory].tokens, token);
  plan->space[memory].free_bits += bits;
}

/* The copy goes after its users; its bits become a token. */
static void
free_instance (Plan *plan, guint32 index)
{
  Instance *instance = plan_instance (plan, index);
  for (guint32 u = instance->users; u != HD_NONE; u = g_array_index (plan->users, User, u).next)
    hd_schedule_builder_release (plan->builder, instance->piece, g_array_index (plan->users, User, u).task);
  push_token (plan, instance->memory, instance->bits, instance->users);
  unlink_instance (plan, index);
  instance->item = HD_NONE;
  instance->next = plan->free_instance;
  plan->free_instance = index;
}

/* Bits that are free from the beginning. */
void
plan_give_bits (Plan *plan, HdMemoryId memory, guint64 bits)
{
  push_token (plan, memory, bits, HD_NONE);
}

void
plan_free_bits (Plan *plan, HdMemoryId memory, guint64 bits, HdTaskId task, HdQueueId queue)
{
  push_token (plan, memory, bits, push_user (plan, task, queue, HD_NONE));
}

/* Whether the item can be had again when this copy goes. */
static gboolean
is_elsewhere (Plan *plan, guint32 index)
{
  const Instance *instance = plan_instance (plan, index);
  if (!plan_item_is_node (plan, instance->item))
    return TRUE;
  return plan->first_instance[instance->item] != index || instance->next != HD_NONE;
}

/* Frees the copies of @item that nobody will read: all when no reader is left, else those without a reader of their own while another copy stays. */
void
plan_settle (Plan *plan, guint32 item)
{
  guint32 next;
  for (guint32 i = plan->first_instance[item]; i != HD_NONE; i = next) {
    Instance *instance = plan_instance (plan, i);
    next = instance->next;
    find_next_use (plan, instance, plan->step + 1);
    if (instance->permanent || (instance->memory == plan->dram && plan->remaining[item] > 0))
      continue;
    if (plan->remaining[item] == 0 || (instance->next_use == NO_STEP && is_elsewhere (plan, i)))
      free_instance (plan, i);
    else if (instance->memory != plan->dram)
      push_victim (plan->space[instance->memory].victims, (Victim) { instance->next_use, i });
  }
}

/* --- making room ------------------------------------------------------------------------------------ */

static gboolean
is_current (Plan *plan, const Victim *victim, HdMemoryId memory)
{
  const Instance *instance = plan_instance (plan, victim->instance);
  return instance->item != HD_NONE && instance->memory == memory && instance->next_use == victim->next_use;
}

/* Takes the copy with the farthest next use that this step does not need; HD_NONE when there is none. */
static guint32
choose_victim (Plan *plan, HdMemoryId memory)
{
  Space *space = &plan->space[memory];
  guint32 chosen = HD_NONE;
  g_array_set_size (plan->set_aside, 0);
  while (chosen == HD_NONE && space->victims->len > 0) {
    Victim victim = pop_victim (space->victims);
    if (!is_current (plan, &victim, memory))
      continue;
    if (plan_instance (plan, victim.instance)->pinned == plan->step)
      g_array_append_val (plan->set_aside, victim);
    else
      chosen = victim.instance;
  }
  for (guint i = 0; i < plan->set_aside->len; i++)
    push_victim (space->victims, g_array_index (plan->set_aside, Victim, i));
  return chosen;
}

static gboolean
evict (Plan *plan, guint32 index, GError **error)
{
  if (!is_elsewhere (plan, index)) {
    HdBox box = plan_item_box (plan, plan_instance (plan, index)->item);
    guint32 copy;
    if (!plan_store (plan, index, &box, plan_instance (plan, index)->bits, &copy, error))
      return FALSE;
  }
  free_instance (plan, index);
  return TRUE;
}

static gboolean
fail_for_space (Plan *plan, HdMemoryId m, guint64 bits, guint32 item, GError **error)
{
  const HdMemory *memory = &plan->platform->memory[m];
  HdNodeId node = plan->order[plan->step];
  g_autofree char *name = plan_item_name (plan, item), *capacity = hd_bits_for_people (memory->capacity_bits);
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE,
               "%s does not fit in memory \"%s\" beside what node %u of layer \"%s\" needs there: it takes %" G_GUINT64_FORMAT " bit, %" G_GUINT64_FORMAT
               " bit are missing of %s - smaller tiles or cuts make smaller pieces",
               name, memory->id, node, plan->workload->layers[plan->graph->layer[node]].name, bits, bits - plan->space[m].free_bits, capacity);
  return FALSE;
}

void
plan_gate (Plan *plan, HdTaskId task, HdQueueId queue)
{
  for (guint i = 0; i < plan->gates->len; i++)
    if (g_array_index (plan->gates, User, i).queue == queue && plan->queue_outstanding[queue] <= 1) {
      User *old = &g_array_index (plan->gates, User, i);
      old->task = MAX (old->task, task);
      return;
    }
  User gate = { task, queue, HD_NONE };
  g_array_append_val (plan->gates, gate);
}

/* Takes the oldest tokens; the tasks that free them become gates of the task being made. */
static void
take_tokens (Plan *plan, Space *space, guint64 bits)
{
  space->free_bits -= bits;
  while (bits > 0) {
    Token *token = g_queue_peek_head (&space->tokens);
    guint64 taken = MIN (bits, token->bits);
    for (guint32 u = token->users; u != HD_NONE; u = g_array_index (plan->users, User, u).next)
      plan_gate (plan, g_array_index (plan->users, User, u).task, g_array_index (plan->users, User, u).queue);
    bits -= taken;
    token->bits -= taken;
    if (token->bits == 0)
      g_free (g_queue_pop_head (&space->tokens));
  }
}

/* Takes bits for what is there from the beginning; FALSE when there are not enough. */
gboolean
plan_take_bits (Plan *plan, HdMemoryId memory, guint64 bits)
{
  if (plan->platform->memory[memory].capacity_bits == HD_UNLIMITED_BITS)
    return TRUE;
  if (plan->space[memory].free_bits < bits)
    return FALSE;
  take_tokens (plan, &plan->space[memory], bits);
  return TRUE;
}

gboolean
plan_allocate (Plan *plan, HdMemoryId memory, guint64 bits, guint32 item, GError **error)
{
  Space *space = &plan->space[memory];
  if (plan->platform->memory[memory].capacity_bits == HD_UNLIMITED_BITS)
    return TRUE;
  while (space->free_bits < bits) {
    guint32 victim = choose_victim (plan, memory);
    if (victim == HD_NONE)
      return fail_for_space (plan, memory, bits, item, error);
    /* Writing back has gates of its own. */
    g_autoptr (GArray) gates = g_steal_pointer (&plan->gates);
    plan->gates = g_array_new (FALSE, FALSE, sizeof (User));
    gboolean evicted = evict (plan, victim, error);
    g_array_unref (plan->gates);
    plan->gates = g_steal_pointer (&gates);
    if (!evicted)
      return FALSE;
  }
  take_tokens (plan, space, bits);
  return TRUE;
}
