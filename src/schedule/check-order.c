/* Dependencies and queue orders together have no cycle: else nobody on it can ever be issued.
 *
 * A task waits for the makers of the pieces it uses, for the tasks it names, and, in an in-order queue, for the one before it to be issued, whatever
 * the queue's `outstanding`. Tasks are taken away as soon as nobody is left that they wait for (Kahn 1962); what remains holds a cycle.
 */
#include "config.h"
#include "schedule/check.h"

/* Calls @visit for each task that @task depends on (not for the one before it in the queue). */
#define FOR_EACH_DEPENDENCY(s, task, earlier, statement)                                    \
  do {                                                                                      \
    for (guint64 i_ = (s)->use_begin[task]; i_ < (s)->use_begin[(task) + 1]; i_++) {        \
      HdTaskId earlier = (s)->piece_creator[(s)->use[i_]];                                  \
      if (earlier != HD_NONE && earlier != (task))                                          \
        statement;                                                                          \
    }                                                                                       \
    for (guint64 i_ = (s)->after_begin[task]; i_ < (s)->after_begin[(task) + 1]; i_++) {    \
      HdTaskId earlier = (s)->after[i_];                                                    \
      statement;                                                                            \
    }                                                                                       \
  } while (0)

static void
find_next (HdCheck *check)
{
  const HdSchedule *s = check->s;
  guint64 *begin = check->next_begin = g_new0 (guint64, (gsize) s->n_tasks + 2);
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    FOR_EACH_DEPENDENCY (s, t, earlier, begin[(gsize) earlier + 2]++);
  for (gsize t = 2; t < (gsize) s->n_tasks + 2; t++)
    begin[t] += begin[t - 1];
  check->next = g_new (HdTaskId, MAX (1, begin[(gsize) s->n_tasks + 1]));
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    FOR_EACH_DEPENDENCY (s, t, earlier, check->next[begin[(gsize) earlier + 1]++] = t);
}

static guint32 *
count_waits (const HdCheck *check)
{
  const HdSchedule *s = check->s;
  guint32 *waits = g_new0 (guint32, MAX (1, s->n_tasks));
  for (guint64 i = 0; i < check->next_begin[s->n_tasks]; i++)
    waits[check->next[i]]++;
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    waits[t] += _hd_check_queue_previous (check, t) != HD_NONE;
  return waits;
}

/* Returns how many tasks could be taken away; check->rank is their order. */
static guint32
take_away (HdCheck *check, guint32 *waits)
{
  const HdSchedule *s = check->s;
  g_autofree HdTaskId *order = g_new (HdTaskId, MAX (1, s->n_tasks));
  guint32 n = 0;
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    if (waits[t] == 0)
      order[n++] = t;
  for (guint32 i = 0; i < n; i++) {
    HdTaskId t = order[i], behind = _hd_check_queue_next (check, t);
    check->rank[t] = i;
    for (guint64 k = check->next_begin[t]; k < check->next_begin[t + 1]; k++)
      if (--waits[check->next[k]] == 0)
        order[n++] = check->next[k];
    if (behind != HD_NONE && --waits[behind] == 0)
      order[n++] = behind;
  }
  return n;
}

/* The smallest task that @t waits for and that was not taken away. */
static HdTaskId
blocker_of (const HdCheck *check, const guint32 *waits, HdTaskId t, const char **why)
{
  const HdSchedule *s = check->s;
  HdTaskId found = HD_NONE, previous = _hd_check_queue_previous (check, t);
  FOR_EACH_DEPENDENCY (s, t, earlier, if (waits[earlier] > 0) found = MIN (found, earlier));
  *why = "it depends on";
  if (found == HD_NONE && previous != HD_NONE && waits[previous] > 0) {
    found = previous;
    *why = "its queue has before it";
  }
  return found;
}

#define MEMBERS_TOLD 8

static void
tell_cycle (const HdCheck *check, const guint32 *waits)
{
  const HdSchedule *s = check->s;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree guint8 *seen = g_malloc0 (s->n_tasks);
  const char *why;
  HdTaskId t = 0;
  while (waits[t] == 0)
    t++;
  /* Any walk backwards among those that remain ends on a cycle. */
  for (; !seen[t]; t = blocker_of (check, waits, t, &why))
    seen[t] = 1;
  HdTaskId first = t;
  guint told = 0;
  do {
    HdTaskId earlier = blocker_of (check, waits, t, &why);
    if (told++ < MEMBERS_TOLD)
      g_string_append_printf (text, "%s waits for %s, which %s; ", _hd_check_task_name (check, t), _hd_check_task_name (check, earlier), why);
    t = earlier;
  } while (t != first);
  g_string_truncate (text, text->len - 2);
  if (told > MEMBERS_TOLD)
    g_string_append_printf (text, "; and so on, a cycle of %u tasks", told);
  HD_VIOLATION (check, "the order has a cycle: %s", text->str);
}

static void
check_self_dependencies (const HdCheck *check)
{
  const HdSchedule *s = check->s;
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    for (guint64 i = s->use_begin[t]; i < s->use_begin[t + 1]; i++)
      if (s->piece_creator[s->use[i]] == t)
        HD_VIOLATION (check, "%s uses %s, which it makes itself - expected a piece that is there before", _hd_check_task_name (check, t), _hd_check_piece_name (check, s->use[i]));
}

void
_hd_check_order (HdCheck *check)
{
  check_self_dependencies (check);
  find_next (check);
  check->rank = g_new0 (guint32, MAX (1, check->s->n_tasks));
  g_autofree guint32 *waits = count_waits (check);
  guint32 taken = take_away (check, waits);
  check->acyclic = taken == check->s->n_tasks;
  if (!check->acyclic)
    tell_cycle (check, waits);
}
