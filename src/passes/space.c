/* Space: who frees whose bits, and what must leave when there is no room.
 *
 * The planner fills memories in the order of the plan; the engine will not. So bits are handed on as tokens: what a piece frees carries the tasks that free it, and
 * whoever takes those bits waits for them. Then whoever runs ahead takes only bits that are really free and that nobody earlier in the plan
 * counts on: the plan's order is one in which everything can happen, and no other order can get stuck. Oldest tokens go first, so that
 * what comes next can start early.
 *
 * What leaves is weighed: the copy whose next use is farthest (Belady, 1966), where to write and fetch again counts twice what to fetch again does.
 */
#include "config.h"
#include "passes/plan.h"

#include <heddle/units.h>

#include <string.h>

#define CANDIDATES 4   /* that are weighed against each other */

/* --- tokens --------------------------------------------------------------------------------------- */

static gboolean
is_unlimited (const Plan *plan, HdMemoryId memory)
{
  /* Where room never ends, nobody waits for it. */
  return plan->platform->memory[memory].capacity_bits == HD_UNLIMITED_BITS;
}

void
plan_give_token (Pool *pool, guint64 bits, guint32 users)
{
  GROW (pool->token, pool->n, pool->room);
  pool->token[pool->n++] = (Token) { bits, users };
  pool->bits += bits;
}

void
plan_gate (Plan *plan, HdTaskId task, HdQueueId queue)
{
  for (guint i = 0; i < plan->gates->len; i++) {
    User *old = &g_array_index (plan->gates, User, i);
    if (old->queue == queue && plan->queue_outstanding[queue] <= 1) {
      old->task = MAX (old->task, task);
      return;
    }
  }
  User gate = { task, queue, HD_NONE };
  g_array_append_val (plan->gates, gate);
}

/* Spent tokens are cleared away when they are the greater part. */
static void
forget_spent (Pool *pool)
{
  if (pool->first < 64 || pool->first < pool->n / 2)
    return;
  pool->n -= pool->first;
  memmove (pool->token, pool->token + pool->first, pool->n * sizeof *pool->token);
  pool->first = 0;
}

gboolean
plan_has_room (const Plan *plan, HdMemoryId memory, guint64 bits)
{
  return is_unlimited (plan, memory) || plan->space[memory].free.bits >= bits;
}

/* The oldest go first. */
void
plan_take_tokens (Plan *plan, Pool *pool, guint64 bits)
{
  pool->bits -= bits;
  while (bits > 0) {
    Token *token = &pool->token[pool->first];
    guint64 taken = MIN (bits, token->bits);
    for (guint32 u = token->users; u != HD_NONE; u = plan_user (plan, u)->next)
      plan_gate (plan, plan_user (plan, u)->task, plan_user (plan, u)->queue);
    bits -= taken;
    token->bits -= taken;
    pool->first += token->bits == 0;
  }
  forget_spent (pool);
}

void
plan_take_room (Plan *plan, HdMemoryId memory, guint64 bits)
{
  if (!is_unlimited (plan, memory))
    plan_take_tokens (plan, &plan->space[memory].free, bits);
}

/* --- making room ------------------------------------------------------------------------------------ */

static gboolean
is_current (const Plan *plan, const Victim *victim, HdMemoryId memory)
{
  const Instance *instance = plan_instance (plan, victim->instance);
  return instance->item != HD_NONE && instance->memory == memory && instance->next_use == victim->next_use;
}

/* The next copy in the order of leaving that this node does not need; HD_NONE when there is none. */
static guint32
next_candidate (Plan *plan, HdMemoryId memory)
{
  Space *space = &plan->space[memory];
  while (space->n_victims > 0) {
    Victim victim = plan_pop_victim (space);
    if (!is_current (plan, &victim, memory))
      continue;
    Instance *instance = plan_instance (plan, victim.instance);
    guint32 next_use = plan_next_use (plan, victim.instance);
    if (next_use != victim.next_use) {
      instance->next_use = next_use;
      plan_push_victim (plan, victim.instance);
      continue;
    }
    if (!plan_is_pinned (plan, victim.instance))
      return victim.instance;
    g_array_append_val (plan->set_aside, victim);
  }
  return HD_NONE;
}

/* Steps until it is missed, for each time that it has to be moved then. */
static double
worth_leaving (Plan *plan, guint32 index)
{
  const Instance *instance = plan_instance (plan, index);
  if (instance->next_use == NO_STEP)
    return G_MAXDOUBLE;
  double distance = instance->next_use > plan->step ? instance->next_use - plan->step : 0;
  return plan_is_elsewhere (plan, index) ? distance : distance / 2;
}

static guint32
choose_victim (Plan *plan, HdMemoryId memory)
{
  guint32 chosen = HD_NONE;
  double best = -1;
  g_array_set_size (plan->set_aside, 0);
  for (guint i = 0; i < CANDIDATES && best < G_MAXDOUBLE; i++) {
    guint32 index = next_candidate (plan, memory);
    if (index == HD_NONE)
      break;
    double worth = worth_leaving (plan, index);
    Victim passed = { 0, worth > best ? chosen : index };
    if (worth > best) {
      chosen = index;
      best = worth;
    }
    if (passed.instance != HD_NONE)
      g_array_append_val (plan->set_aside, passed);
  }
  for (guint i = 0; i < plan->set_aside->len; i++)
    plan_push_victim (plan, g_array_index (plan->set_aside, Victim, i).instance);
  return chosen;
}

/* The last copy goes to those who will read it, else to DRAM. */
static gboolean
save_copy (Plan *plan, guint32 index, GError **error)
{
  gboolean sent;
  if (!plan_send_ahead (plan, index, &sent, error))
    return FALSE;
  if (sent)
    return TRUE;
  HdBox box = plan_item_box (plan, plan_instance (plan, index)->item);
  guint32 copy;
  return plan_store (plan, index, &box, plan_instance (plan, index)->bits, &copy, error);
}

gboolean
plan_evict (Plan *plan, guint32 index, GError **error)
{
  if (!plan_is_elsewhere (plan, index)) {
    /* Writing back has gates of its own. */
    GArray *gates = plan->gates;
    plan->gates = g_array_new (FALSE, FALSE, sizeof (User));
    gboolean saved = save_copy (plan, index, error);
    g_array_unref (plan->gates);
    plan->gates = gates;
    if (!saved)
      return FALSE;
  }
  plan_free_instance (plan, index);
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
               name, memory->id, node, plan->workload->layers[plan->graph->layer[node]].name, bits, bits - plan->space[m].free.bits, capacity);
  return FALSE;
}

gboolean
plan_allocate (Plan *plan, HdMemoryId memory, guint64 bits, guint32 item, GError **error)
{
  while (!plan_has_room (plan, memory, bits)) {
    guint32 victim = choose_victim (plan, memory);
    if (victim == HD_NONE) {
      plan->short_of_room = TRUE;
      return fail_for_space (plan, memory, bits, item, error);
    }
    if (!plan_evict (plan, victim, error))
      return FALSE;
  }
  plan_take_room (plan, memory, bits);
  return TRUE;
}
