/* What must hold in every trace: nothing is lost, nothing happens twice, nothing before its time. All of it is computed anew from the schedule and the columns. */
#include "config.h"
#include "checks.h"
#include "expand.h"
#include "sweep.h"

#include <heddle/checked.h>

#include <math.h>

typedef struct {
  const HdPlatform *platform;
  const HdSchedule *schedule;
  const Trace *trace;
} View;

typedef char *(*Rule) (const View *view);

#define LU G_GUINT64_FORMAT

static gboolean
has_ended (const View *v, guint task)
{
  return v->trace->end[task] != NEVER;
}

static gboolean
is_compute (const View *v, guint task)
{
  return v->schedule->kind[task] == HD_TASK_COMPUTE;
}

static const HdRoute *
route_of (const View *v, guint task)
{
  return &v->schedule->route[v->schedule->what[task]];
}

/* --- bits ------------------------------------------------------------------------------------------------------- */

static char *
bits_are_conserved (const View *v)
{
  guint64 read = 0, written = 0;
  for (guint r = 0; r < v->platform->n_resources; r++) {
    guint64 expected = 0, moved = 0;
    for (guint i = 0; i < v->schedule->n_tasks; i++)
      for (guint h = 0; !is_compute (v, i) && has_ended (v, i) && h < route_of (v, i)->n_hops; h++)
        expected += route_of (v, i)->hop[h].resource == r ? v->schedule->bits[i] : 0;
    for (guint64 t = 0; v->trace->bits[r] != NULL && t < v->trace->cycles; t++)
      moved += v->trace->bits[r][t];
    if (v->trace->resource_bits[r] != expected || (v->trace->bits[r] != NULL && moved != expected))
      return g_strdup_printf ("resource %u: its transfers have %" LU " bits, it counted %" LU " and its series has %" LU, r, expected, v->trace->resource_bits[r], moved);
  }
  for (guint i = 0; i < v->schedule->n_tasks; i++)
    if (!is_compute (v, i) && has_ended (v, i)) {
      const HdRoute *route = route_of (v, i);
      read += v->platform->memory[route->source].dram ? v->schedule->bits[i] : 0;
      for (guint h = 0; h < route->n_hops; h++)
        written += route->hop[h].arrives != HD_NONE && v->platform->memory[route->hop[h].arrives].dram ? v->schedule->bits[i] : 0;
    }
  return read != v->trace->dram_read_bits || written != v->trace->dram_write_bits ? g_strdup ("DRAM bits are not the transfers'") : NULL;
}

/* --- cycles ------------------------------------------------------------------------------------------------------ */

static char *
states_fill_the_run (const View *v)
{
  for (guint c = 0; c < v->trace->n_cores; c++) {
    guint64 counted[HD_N_STATES] = { 0 }, sum = 0;
    for (guint64 t = 0; t < v->trace->cycles; t++)
      if (v->trace->state[c][t] >= HD_N_STATES)
        return g_strdup_printf ("core %u has no state at %" LU, c, t);
      else
        counted[v->trace->state[c][t]]++;
    for (guint s = 0; s < HD_N_STATES; s++) {
      sum += v->trace->state_cycles[c][s];
      if (counted[s] != v->trace->state_cycles[c][s])
        return g_strdup_printf ("core %u is in state %u for %" LU " cycles, and counts %" LU, c, s, counted[s], v->trace->state_cycles[c][s]);
    }
    if (sum != v->trace->cycles)
      return g_strdup_printf ("the states of core %u add up to %" LU, c, sum);
  }
  return NULL;
}

/* A core computes exactly in the cycles of its computes, which never overlap and last as long as they should. */
static char *
cores_compute_one_at_a_time (const View *v)
{
  for (guint c = 0; c < v->trace->n_cores; c++)
    for (guint64 t = 0; t < v->trace->cycles; t++) {
      guint computing = 0;
      for (guint i = 0; i < v->schedule->n_tasks; i++)
        computing += is_compute (v, i) && v->schedule->queue[v->schedule->queue_of[i]].core == c && has_ended (v, i) && v->trace->start[i] <= t && t < v->trace->end[i];
      if (computing != (v->trace->state[c][t] == HD_STATE_COMPUTE))
        return g_strdup_printf ("core %u at %" LU ": %u computes, state %" LU, c, t, computing, v->trace->state[c][t]);
    }
  return NULL;
}

static char *
resources_fit_their_width (const View *v)
{
  for (guint r = 0; r < v->trace->n_resources; r++) {
    const HdResource *resource = &v->platform->resource[r];
    if (v->trace->resource_busy[r] > v->trace->cycles)
      return g_strdup_printf ("resource %u is busy for longer than the run", r);
    for (guint64 t = 0; v->trace->bits[r] != NULL && t + resource->period <= v->trace->cycles; t += resource->period) {
      guint64 sum = 0;
      for (guint64 k = 0; k < resource->period; k++)
        sum += v->trace->bits[r][t + k];
      if (sum > resource->width_bits)
        return g_strdup_printf ("resource %u moves %" LU " bits in the own cycle at %" LU, r, sum, t);
    }
  }
  return NULL;
}

/* --- space --------------------------------------------------------------------------------------------------------- */

/* [from, to): when a piece occupied, from the moments of its creator and of those after which it goes. */
static void
piece_life (const View *v, guint piece, guint64 *from, guint64 *to)
{
  const HdSchedule *s = v->schedule;
  HdTaskId creator = s->piece_creator[piece];
  *from = creator == HD_NONE ? 0 : v->trace->issue[creator];
  *to = creator == HD_NONE ? 0 : v->trace->end[creator];
  for (guint64 i = s->release_begin[piece]; i < s->release_begin[piece + 1]; i++)
    *to = MAX (*to, v->trace->end[s->release[i]]);
  if (s->release_begin[piece] == s->release_begin[piece + 1])
    *to = NEVER;
}

static char *
memories_hold_their_pieces (const View *v)
{
  for (guint m = 0; m < v->trace->n_memories; m++)
    for (guint64 t = 0; t < v->trace->cycles; t++) {
      guint64 held = 0;
      for (guint p = 0; p < v->schedule->n_pieces; p++) {
        guint64 from, to;
        piece_life (v, p, &from, &to);
        held += v->schedule->piece_memory[p] == m && from <= t && t < to ? v->schedule->piece_bits[p] : 0;
      }
      if (held != v->trace->occupancy[m][t] || held > v->platform->memory[m].capacity_bits || held > v->trace->memory_peak[m])
        return g_strdup_printf ("memory %u at %" LU ": its pieces have %" LU " bits, its series %" LU ", its peak %" LU ", its capacity %" LU, m, t, held, v->trace->occupancy[m][t],
                                v->trace->memory_peak[m], v->platform->memory[m].capacity_bits);
    }
  return NULL;
}

/* --- moments -------------------------------------------------------------------------------------------------------- */

static guint64
ready_moment (const View *v, guint task)
{
  const HdSchedule *s = v->schedule;
  guint64 ready = 0;
  for (guint64 i = s->use_begin[task]; i < s->use_begin[task + 1]; i++)
    if (s->piece_creator[s->use[i]] != HD_NONE)
      ready = MAX (ready, v->trace->end[s->piece_creator[s->use[i]]]);
  for (guint64 i = s->after_begin[task]; i < s->after_begin[task + 1]; i++)
    ready = MAX (ready, v->trace->end[s->after[i]]);
  return ready;
}

static char *
moments_are_in_order (const View *v)
{
  guint64 last = 0, ended = 0;
  for (guint i = 0; i < v->schedule->n_tasks; i++) {
    const Trace *t = v->trace;
    if (t->ready[i] != ready_moment (v, i) || t->issue[i] < t->ready[i] || t->start[i] < t->issue[i] || t->end[i] < t->start[i])
      return g_strdup_printf ("the moments of task %u are not in order", i);
    if ((t->issue[i] == NEVER) != (t->end[i] == NEVER))
      return g_strdup_printf ("task %u was issued and never ended", i);
    if (has_ended (v, i))
      last = MAX (last, t->end[i]), ended++;
  }
  if (last != v->trace->cycles || ended != v->trace->tasks || v->trace->deadlock != (ended < v->schedule->n_tasks))
    return g_strdup_printf ("the makespan %" LU " is not the last end, %" LU, v->trace->cycles, last);
  return NULL;
}

/* The compute before @task on its core, that set the weights: the last of those that had a key. */
static guint32
resident_key (const View *v, guint task)
{
  const HdSchedule *s = v->schedule;
  guint best = HD_NONE;
  for (guint64 k = s->queue_begin[s->queue_of[task]]; k < s->queue_begin[s->queue_of[task] + 1]; k++) {
    guint i = s->queue_task[k];
    gboolean before = v->trace->start[i] < v->trace->start[task] || (v->trace->start[i] == v->trace->start[task] && v->trace->end[i] < v->trace->end[task]);
    if (i != task && is_compute (v, i) && has_ended (v, i) && s->weight_key[i] != 0 && before && (best == HD_NONE || v->trace->start[i] >= v->trace->start[best]))
      best = i;
  }
  return best == HD_NONE ? 0 : s->weight_key[best];
}

/* Several computes in one cycle leave open which was the first: then either duration is right. */
static char *
tasks_take_their_time (const View *v)
{
  for (guint i = 0; i < v->schedule->n_tasks; i++) {
    guint64 took = v->trace->end[i] - v->trace->start[i];
    if (!has_ended (v, i))
      continue;
    if (is_compute (v, i)) {
      const HdTaskCost *cost = &v->schedule->cost[v->schedule->what[i]];
      gboolean loads = v->schedule->weight_key[i] != 0 && v->schedule->weight_key[i] != resident_key (v, i), alone = TRUE;
      for (guint k = 0; k < v->schedule->n_tasks; k++)
        alone = alone && (k == i || v->schedule->queue_of[k] != v->schedule->queue_of[i] || !is_compute (v, k) || v->trace->end[k] != v->trace->start[k]);
      if (took != cost->cycles + (loads ? cost->load_cycles : 0) && (alone || (took != cost->cycles && took != cost->cycles + cost->load_cycles)))
        return g_strdup_printf ("compute %u took %" LU " cycles", i, took);
      if (v->trace->start[i] % v->platform->core[v->schedule->queue[v->schedule->queue_of[i]].core].period != 0)
        return g_strdup_printf ("compute %u did not start at its core's clock edge", i);
      continue;
    }
    for (guint h = 0; h < route_of (v, i)->n_hops; h++) {
      const HdResource *resource = &v->platform->resource[route_of (v, i)->hop[h].resource];
      if (resource->width_bits != 0 && v->trace->end[i] - v->trace->issue[i] < v->schedule->bits[i] / resource->width_bits * resource->period + resource->latency)
        return g_strdup_printf ("transfer %u is faster than its resource %u", i, route_of (v, i)->hop[h].resource);
    }
  }
  return NULL;
}

static char *
queues_keep_their_order (const View *v)
{
  const HdSchedule *s = v->schedule;
  for (guint q = 0; q < s->n_queues; q++)
    for (guint64 k = s->queue_begin[q]; k < s->queue_begin[q + 1]; k++) {
      HdTaskId task = s->queue_task[k];
      guint under_way = 0;
      if (v->trace->issue[task] == NEVER)
        continue;
      if (s->queue[q].order == HD_QUEUE_IN_ORDER && k > s->queue_begin[q] && v->trace->issue[s->queue_task[k - 1]] > v->trace->issue[task])
        return g_strdup_printf ("task %u went before the one before it in its queue", task);
      for (guint64 j = s->queue_begin[q]; j < s->queue_begin[q + 1]; j++)
        under_way += v->trace->issue[s->queue_task[j]] <= v->trace->issue[task] && v->trace->issue[task] < v->trace->end[s->queue_task[j]];
      if (under_way > s->queue[q].outstanding)
        return g_strdup_printf ("%u tasks of queue %u are under way at %" LU, under_way, q, v->trace->issue[task]);
    }
  return NULL;
}

/* --- energy ---------------------------------------------------------------------------------------------------------- */

static char *
energy_adds_up (const View *v)
{
  guint64 power = 0, computes_at_least = 0, computes_at_most = 0;
  double parts = v->trace->compute_pj + v->trace->transfer_pj + v->trace->static_pj;
  for (guint64 t = 0; t < v->trace->cycles; t++)
    power += v->trace->power[t];
  if (v->trace->cycles > 0 && (double) power / HD_AJ_PER_PJ != v->trace->energy_pj)
    return g_strdup_printf ("the power adds up to %" LU " aJ, the energy is %.17g pJ", power, v->trace->energy_pj);
  if (fabs (parts - v->trace->energy_pj) > 1e-12 * parts)
    return g_strdup ("the energy is not the sum of its parts");
  for (guint i = 0; i < v->schedule->n_tasks; i++)
    if (is_compute (v, i) && has_ended (v, i)) {
      const HdTaskCost *cost = &v->schedule->cost[v->schedule->what[i]];
      gboolean may_load = v->schedule->weight_key[i] != 0;
      gboolean loaded = v->trace->end[i] - v->trace->start[i] > cost->cycles;
      computes_at_least += cost->energy_aj + (loaded ? cost->load_energy_aj : 0);
      computes_at_most += cost->energy_aj + (loaded || (may_load && cost->load_cycles == 0) ? cost->load_energy_aj : 0);
    }
  if (v->trace->compute_pj < (double) computes_at_least / HD_AJ_PER_PJ || v->trace->compute_pj > (double) computes_at_most / HD_AJ_PER_PJ)
    return g_strdup_printf ("the computes' energy is %.17g pJ, their costs add up to %" LU " to %" LU " aJ", v->trace->compute_pj, computes_at_least, computes_at_most);
  return NULL;
}

/* --- legality ---------------------------------------------------------------------------------------------------------- */

/* What the schedule room's checker accepts whatever the times, it accepts with the times of the run. */
static char *
legal_schedules_run_legally (const View *v)
{
  const HdTaskTimes times = { v->trace->cycles, v->trace->n_tasks, v->trace->ready, v->trace->issue, v->trace->start, v->trace->end };
  g_autoptr (GError) error = NULL;
  if (v->trace->deadlock || !hd_schedule_check (v->schedule, v->platform, NULL) || hd_schedule_check_times (v->schedule, v->platform, &times, &error))
    return NULL;
  return g_strdup (error->message);
}

char *
check_conservation (const Instance *instance)
{
  static const Rule rules[] = { bits_are_conserved, states_fill_the_run, cores_compute_one_at_a_time, resources_fit_their_width, memories_hold_their_pieces,
                                moments_are_in_order, tasks_take_their_time, queues_keep_their_order, energy_adds_up, legal_schedules_run_legally };
  HdPlatform platform;
  HdSchedule schedule;
  char *wrong = NULL;
  g_autoptr (GError) error = NULL;
  if (!instance_is_sound (instance))
    return NULL;
  instance_build (instance, &platform, &schedule);
  g_autoptr (HdEngine) engine = hd_engine_new (&platform, &schedule, &error);
  g_autoptr (Trace) trace = engine != NULL ? expand_run (engine, &platform, &schedule, &error) : NULL;
  const View view = { &platform, &schedule, trace };
  if (trace == NULL)
    wrong = g_strdup (error->message);
  for (guint i = 0; trace != NULL && wrong == NULL && i < G_N_ELEMENTS (rules); i++)
    wrong = rules[i] (&view);
  instance_free_built (&platform, &schedule);
  return wrong;
}
