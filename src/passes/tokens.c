/* Tokens: whose ends free whose bits.
 *
 * The planner fills memories in the order of the plan; the engine will not. So bits are handed on as tokens: what a piece frees carries the tasks that free it, and
 * whoever takes those bits waits for them. Then whoever runs ahead takes only bits that are really free and that nobody earlier in the plan
 * counts on: the plan's order is one in which everything can happen, and no other order can get stuck. Oldest tokens go first, so that
 * what comes next can start early.
 */
#include "config.h"
#include "passes/plan.h"

#include <string.h>

/* --- gates ---------------------------------------------------------------------------------------- */

/* In a queue that ends its tasks in order only the last one counts. */
void
plan_gate (Plan *plan, HdTaskId task, HdQueueId queue)
{
  if (plan->queue_outstanding[queue] <= 1) {
    if (plan->gate_stamp[queue] == plan->gates_stamp) {
      User *old = &plan->gates.at[plan->gate_of[queue]];
      old->task = MAX (old->task, task);
      return;
    }
    plan->gate_stamp[queue] = plan->gates_stamp;
    plan->gate_of[queue] = plan->gates.n;
  }
  APPEND (&plan->gates, ((User) { task, queue, HD_NONE }));
}

void
plan_clear_gates (Plan *plan)
{
  plan->gates.n = 0;
  plan->gates_stamp++;
}

Users
plan_push_gates (Plan *plan)
{
  Users gates = plan->gates;
  plan->gates = (Users) { 0 };
  plan->gates_stamp++;
  return gates;
}

void
plan_pop_gates (Plan *plan, Users gates)
{
  g_free (plan->gates.at);
  plan->gates = gates;
  plan->gates_stamp++;
  for (guint i = 0; i < gates.n; i++) {
    plan->gate_stamp[gates.at[i].queue] = plan->gates_stamp;
    plan->gate_of[gates.at[i].queue] = i;
  }
}

/* --- chains of users -------------------------------------------------------------------------------- */

User
plan_chain_user (Plan *plan, User first, HdTaskId task, HdQueueId queue)
{
  guint32 place = plan->free_user;
  if (place != HD_NONE) {
    plan->free_user = plan->user[place].next;
  } else {
    GROW (plan->user, plan->n_users, plan->users_room);
    place = plan->n_users++;
  }
  plan->user[place] = first;
  return (User) { task, queue, place };
}

/* The users of a token: all are waited for. With @spent nobody asks for them again. */
static void
gate_users (Plan *plan, const User *first, gboolean spent)
{
  if (first->task == HD_NONE)
    return;
  plan_gate (plan, first->task, first->queue);
  guint32 last = HD_NONE;
  for (guint32 u = first->next; u != HD_NONE; u = plan->user[u].next) {
    plan_gate (plan, plan->user[u].task, plan->user[u].queue);
    last = u;
  }
  if (spent && last != HD_NONE) {
    plan->user[last].next = plan->free_user;
    plan->free_user = first->next;
  }
}

/* --- pools -------------------------------------------------------------------------------------------- */

void
plan_give_token (Pool *pool, guint64 bits, User user)
{
  GROW (pool->token, pool->n, pool->room);
  pool->token[pool->n++] = (Token) { bits, user };
  pool->bits += bits;
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
  return plan->space[memory].unlimited || plan->space[memory].free.bits >= bits;
}

/* The oldest go first. */
void
plan_take_tokens (Plan *plan, Pool *pool, guint64 bits)
{
  pool->bits -= bits;
  while (bits > 0) {
    Token *token = &pool->token[pool->first];
    guint64 taken = MIN (bits, token->bits);
    bits -= taken;
    token->bits -= taken;
    gate_users (plan, &token->user, token->bits == 0);
    pool->first += token->bits == 0;
  }
  forget_spent (pool);
}

void
plan_take_room (Plan *plan, HdMemoryId memory, guint64 bits)
{
  if (!plan->space[memory].unlimited)
    plan_take_tokens (plan, &plan->space[memory].free, bits);
}
