/* Space: what must leave when there is no room.
 *
 * What leaves is weighed: the copy whose next use is farthest (Belady, 1966), where to write and fetch again counts twice what to fetch again does.
 */
#include "config.h"
#include "passes/plan.h"

#include <heddle/units.h>

#define CANDIDATES 4   /* that are weighed against each other */

/* --- the heap of a memory's copies: the farthest next use on top ----------------------------------- */

static inline gboolean
leaves_before (const Victim *a, const Victim *b)
{
  return a->next_use != b->next_use ? a->next_use > b->next_use : a->instance < b->instance;
}

/* Behind the heap: most are never asked for. */
void
plan_push_victim (Plan *plan, guint32 index)
{
  Space *space = &plan->space[plan->link[index].memory];
  if (space->unlimited)
    return;
  GROW (space->victim, space->n_victims, space->victims_room);
  space->victim[space->n_victims++] = (Victim) { plan->instance[index].next_use, index };
}

static void
sort_in (Space *space)
{
  Victim *v = space->victim;
  for (; space->n_sorted < space->n_victims; space->n_sorted++) {
    guint i = space->n_sorted;
    Victim victim = v[i];
    for (; i > 0 && leaves_before (&victim, &v[(i - 1) / 2]); i = (i - 1) / 2)
      v[i] = v[(i - 1) / 2];
    v[i] = victim;
  }
}

static Victim
pop_victim (Space *space)
{
  sort_in (space);
  guint n = --space->n_victims, i = 0;
  space->n_sorted = n;
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

/* --- making room ------------------------------------------------------------------------------------ */

/* Whether the attempt at hand needs it: it may not leave. */
static gboolean
is_pinned (Plan *plan, guint32 index)
{
  const Instance *instance = &plan->instance[index];
  if (instance->pinned == plan->attempt)
    return TRUE;
  plan_pin_inputs (plan);
  return plan->item[instance->item].pinned == plan->attempt && instance->born < plan->n_born_before && (plan->link[index].part_step == NO_STEP || plan->link[index].part_step == plan->step);
}

static gboolean
is_current (const Plan *plan, const Victim *victim, HdMemoryId memory)
{
  const Instance *instance = &plan->instance[victim->instance];
  return instance->item != HD_NONE && plan->link[victim->instance].memory == memory && instance->next_use == victim->next_use;
}

/* The next copy in the order of leaving that this node does not need; HD_NONE when there is none. */
static guint32
next_candidate (Plan *plan, HdMemoryId memory)
{
  Space *space = &plan->space[memory];
  while (space->n_victims > 0) {
    Victim victim = pop_victim (space);
    if (!is_current (plan, &victim, memory))
      continue;
    guint32 next_use = plan_next_use (plan, victim.instance);
    if (next_use != victim.next_use) {
      plan->instance[victim.instance].next_use = next_use;
      plan_push_victim (plan, victim.instance);
      continue;
    }
    if (!is_pinned (plan, victim.instance))
      return victim.instance;
    g_array_append_val (plan->set_aside, victim);
  }
  return HD_NONE;
}

/* Steps until it is missed, for each time that it has to be moved then. */
static double
worth_leaving (Plan *plan, guint32 index)
{
  const Instance *instance = &plan->instance[index];
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
  guint32 copy;
  return plan_store (plan, index, NULL, plan->instance[index].bits, &copy, error);
}

gboolean
plan_evict (Plan *plan, guint32 index, GError **error)
{
  if (!plan_is_elsewhere (plan, index)) {
    /* Writing back has gates of its own. */
    Users gates = plan_push_gates (plan);
    gboolean saved = save_copy (plan, index, error);
    plan_pop_gates (plan, gates);
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
