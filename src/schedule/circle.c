/* The dependencies of a file are a graph without circles, or the file is broken.
 *
 * Only what the file says of pieces and order counts here. A circle in which the order of a queue takes part is the check's business: such a schedule says
 * what is to be done, if in an impossible order. Tasks are visited in depth along what they depend on (Tarjan 1972); a task that is met
 * again while it is being visited closes a circle. Time and memory are linear: a byte for each task and 16 for each on the way.
 */
#include "config.h"
#include "schedule/private.h"

typedef struct {
  HdTaskId task;
  guint64 edge;         /* the next of its dependencies to look at */
} Step;

enum { NEW, ON_THE_WAY, DONE };

/* Dependency number @edge of @task, pieces first; FALSE when it has no more. HD_NONE: a piece that is there from the beginning. */
static gboolean
dependency (const HdSchedule *s, HdTaskId task, guint64 edge, HdTaskId *earlier)
{
  guint64 uses = s->use_begin[task + 1] - s->use_begin[task];
  if (edge < uses) {
    *earlier = s->piece_creator[s->use[s->use_begin[task] + edge]];
    return TRUE;
  }
  guint64 i = s->after_begin[task] + edge - uses;
  if (i >= s->after_begin[task + 1])
    return FALSE;
  *earlier = s->after[i];
  return TRUE;
}

#define MEMBERS_TOLD 8

static void
tell (const GArray *way, HdTaskId first, HdFaults *faults)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint from = way->len - 1;
  while (g_array_index (way, Step, from).task != first)
    from--;
  for (guint i = from + 1; i < MIN (way->len, from + MEMBERS_TOLD); i++)
    g_string_append_printf (text, "%s%u", i > from + 1 ? ", " : " by way of ", g_array_index (way, Step, i).task);
  if (way->len - from > MEMBERS_TOLD)
    g_string_append_printf (text, " and %u more", way->len - from - MEMBERS_TOLD);
  _hd_faults_add (faults, (HdPlace) { "/tasks/use", HD_ABOUT_TASK, first }, "task %u depends on itself%s - expected dependencies without a circle", first, text->str);
}

/* FALSE and a fault when a circle can be reached from @start. */
static gboolean
visit (const HdSchedule *s, HdTaskId start, guint8 *state, GArray *way, HdFaults *faults)
{
  g_array_set_size (way, 0);
  Step next = { start, 0 };
  g_array_append_val (way, next);
  state[start] = ON_THE_WAY;
  while (way->len > 0) {
    Step *step = &g_array_index (way, Step, way->len - 1);
    HdTaskId earlier;
    if (!dependency (s, step->task, step->edge++, &earlier)) {
      state[step->task] = DONE;
      g_array_set_size (way, way->len - 1);
    } else if (earlier == HD_NONE || state[earlier] == DONE) {
      continue;
    } else if (state[earlier] == ON_THE_WAY) {
      tell (way, earlier, faults);
      return FALSE;
    } else {
      state[earlier] = ON_THE_WAY;
      next.task = earlier;
      g_array_append_val (way, next);
    }
  }
  return TRUE;
}

void
_hd_schedule_refuse_circles (const HdSchedule *self, HdFaults *faults)
{
  g_autofree guint8 *state = g_malloc0 (MAX (1, self->n_tasks));
  g_autoptr (GArray) way = g_array_new (FALSE, FALSE, sizeof (Step));
  for (HdTaskId t = 0; t < self->n_tasks; t++)
    if (state[t] == NEW && !visit (self, t, state, way, faults))
      return;
}
