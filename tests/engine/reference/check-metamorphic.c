/* Metamorphic checks: pairs of instances whose runs must correspond, whatever they are. Only the event-driven engine is asked. */
#include "config.h"
#include "checks.h"
#include "expand.h"
#include "sweep.h"

#include <heddle/checked.h>

#include <string.h>

/* The trace of an instance (nullable), by the event-driven engine. */
static Trace *
run_engine (const Instance *instance, gboolean with_sink)
{
  HdPlatform platform;
  HdSchedule schedule;
  Trace *trace = NULL;
  g_autoptr (GError) error = NULL;
  instance_build (instance, &platform, &schedule);
  g_autoptr (HdEngine) engine = hd_engine_new (&platform, &schedule, &error);
  HdResult result;
  if (engine != NULL && with_sink)
    trace = expand_run (engine, &platform, &schedule, &error);
  else if (engine != NULL && hd_engine_run (engine, NULL, &result, &error))
    trace = expand_result (&result, &platform, &schedule);
  instance_free_built (&platform, &schedule);
  return trace;
}

static Trace *
run_instance (const Instance *instance)
{
  return run_engine (instance, TRUE);
}

static Trace *
run_without_sink (const Instance *instance)
{
  return run_engine (instance, FALSE);
}

/* How each kind of number of the second run must follow from the first: times, and bits, are multiples; ids have moved up. */
typedef struct {
  guint64 times, bits;
  guint shift;       /* of cores, memories and resources */
} Correspondence;

static guint64
scaled (guint64 moment, guint64 factor)
{
  return moment == NEVER ? NEVER : moment * factor;
}

static char *
compare_columns (const Trace *a, const Trace *b, guint64 times)
{
  for (guint i = 0; i < a->n_tasks; i++)
    if (b->ready[i] != scaled (a->ready[i], times) || b->issue[i] != scaled (a->issue[i], times) || b->start[i] != scaled (a->start[i], times) || b->end[i] != scaled (a->end[i], times)
        || b->wait_kind[i] != a->wait_kind[i] || b->wait_cause[i] != a->wait_cause[i])
      return g_strdup_printf ("task %u does not correspond: it ended at %" G_GUINT64_FORMAT " and at %" G_GUINT64_FORMAT ", waits %u and %u, causes %d and %d", i, a->end[i], b->end[i],
                              a->wait_kind[i], b->wait_kind[i], (int) a->wait_cause[i], (int) b->wait_cause[i]);
  if (a->deadlock != b->deadlock || b->cycles != a->cycles * times || a->tasks != b->tasks)
    return g_strdup_printf ("the ends do not correspond: makespans %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT, a->cycles, b->cycles);
  return NULL;
}

static char *
compare_counters (const Trace *a, const Trace *b, const Correspondence *c)
{
  for (guint i = 0; i < a->n_cores; i++)
    for (guint s = 0; s < HD_N_STATES; s++)
      if (b->state_cycles[i + c->shift][s] != a->state_cycles[i][s] * c->times)
        return g_strdup_printf ("state %u of core %u does not correspond", s, i);
  for (guint i = 0; i < a->n_memories; i++)
    if (b->memory_peak[i + c->shift] != a->memory_peak[i] * c->bits)
      return g_strdup_printf ("the peak of memory %u does not correspond", i);
  for (guint i = 0; i < a->n_resources; i++)
    if (b->resource_busy[i + c->shift] != a->resource_busy[i] * c->times || b->resource_bits[i + c->shift] != a->resource_bits[i] * c->bits)
      return g_strdup_printf ("what resource %u did does not correspond", i);
  if (b->dram_read_bits != a->dram_read_bits * c->bits || b->dram_write_bits != a->dram_write_bits * c->bits)
    return g_strdup ("the DRAM's bits do not correspond");
  return a->compute_pj != b->compute_pj ? g_strdup ("the computes' energy is another") : NULL;
}

static char *
compare_series (const Trace *a, const Trace *b, const Correspondence *c)
{
  for (guint64 t = 0; t < b->cycles; t++) {
    for (guint i = 0; i < a->n_cores; i++)
      if (b->state[i + c->shift][t] != a->state[i][t / c->times])
        return g_strdup_printf ("the state of core %u at %" G_GUINT64_FORMAT " does not correspond", i, t);
    for (guint i = 0; i < a->n_memories; i++)
      if (b->occupancy[i + c->shift][t] != a->occupancy[i][t / c->times] * c->bits)
        return g_strdup_printf ("the occupancy of memory %u at %" G_GUINT64_FORMAT " does not correspond", i, t);
  }
  return NULL;
}

static char *
compare_runs (const Instance *first, const Instance *second, const Correspondence *c)
{
  g_autoptr (Trace) a = run_instance (first), b = run_instance (second);
  char *wrong;
  if (a == NULL || b == NULL)
    return g_strdup ("a run failed");
  wrong = compare_columns (a, b, c->times);
  if (wrong == NULL)
    wrong = compare_counters (a, b, c);
  return wrong != NULL ? wrong : compare_series (a, b, c);
}

static void
multiply_times (Instance *self, guint64 factor)
{
  for (guint i = 0; i < self->n_tasks; i++) {
    self->task[i].cycles *= factor;
    self->task[i].load_cycles *= factor;
  }
  for (guint i = 0; i < self->n_cores; i++)
    self->core[i].period *= factor;
  for (guint i = 0; i < self->n_resources; i++) {
    self->resource[i].period *= factor;
    self->resource[i].latency *= factor;
    self->resource[i].slot_cycles *= factor;
  }
}

static void
multiply_bits (Instance *self, guint64 factor)
{
  self->burst_bits *= factor;
  for (guint i = 0; i < self->n_tasks; i++)
    self->task[i].bits *= factor;
  for (guint i = 0; i < self->n_pieces; i++)
    self->piece[i].bits *= factor;
  for (guint i = 0; i < self->n_resources; i++)
    self->resource[i].width *= factor;
  for (guint i = 0; i < self->n_memories; i++)
    if (self->memory[i].capacity != HD_UNLIMITED_BITS)
      self->memory[i].capacity *= factor;
}

/* Every duration, latency, period and slot three times as long: everything happens, three times as late. */
char *
check_slower_clock (const Instance *instance)
{
  const Correspondence c = { .times = 3, .bits = 1 };
  Instance slower = *instance;
  if (!instance_is_sound (instance))
    return NULL;
  multiply_times (&slower, c.times);
  return compare_runs (instance, &slower, &c);
}

/* Every size, width and capacity five times as large: nothing happens at another time. */
char *
check_wider_bits (const Instance *instance)
{
  const Correspondence c = { .times = 1, .bits = 5 };
  Instance wider = *instance;
  if (!instance_is_sound (instance))
    return NULL;
  multiply_bits (&wider, c.bits);
  return compare_runs (instance, &wider, &c);
}

/* Times of 2^40 cycles and sizes of 2^20 bits: what the engine does grows with neither. Such a run has no expanded series. */
char *
check_huge_numbers (const Instance *instance)
{
  const Correspondence c = { .times = G_GUINT64_CONSTANT (1) << 40, .bits = 1 << 20 };
  Instance huge = *instance;
  char *wrong;
  if (!instance_is_sound (instance))
    return NULL;
  multiply_times (&huge, c.times);
  multiply_bits (&huge, c.bits);
  if (!instance_is_sound (&huge))
    return NULL;
  g_autoptr (Trace) a = run_without_sink (instance), b = run_without_sink (&huge);
  if (a == NULL || b == NULL)
    return g_strdup ("a run failed");
  wrong = compare_columns (a, b, c.times);
  return wrong != NULL ? wrong : compare_counters (a, b, &c);
}

#define INSERT_FIRST(array, count) (memmove (&(array)[1], &(array)[0], (count)++ * sizeof (array)[0]), memset (&(array)[0], 0, sizeof (array)[0]))

static guint32
after_first (guint32 id)
{
  return id == HD_NONE ? HD_NONE : id + 1;
}

/* A core, a memory, a resource and a queue that nobody uses, before all others: every other is renamed, and nothing else changes. */
char *
check_unused_parts (const Instance *instance)
{
  const Correspondence c = { .times = 1, .bits = 1, .shift = 1 };
  Instance larger = *instance;
  if (!instance_is_sound (instance) || larger.n_cores == CORES_MAX || larger.n_memories == MEMORIES_MAX || larger.n_resources == RESOURCES_MAX || larger.n_queues == QUEUES_MAX)
    return NULL;
  INSERT_FIRST (larger.core, larger.n_cores);
  INSERT_FIRST (larger.memory, larger.n_memories);
  INSERT_FIRST (larger.resource, larger.n_resources);
  INSERT_FIRST (larger.queue, larger.n_queues);
  larger.core[0].period = 3;
  larger.memory[0].capacity = 7;
  larger.resource[0] = (InstanceResource) { .width = 4, .period = 2, .n_slots = 1, .slot_cycles = 2 };
  larger.queue[0] = (InstanceQueue) { .outstanding = 1, .core = 0 };
  for (guint i = 1; i < larger.n_queues; i++)
    larger.queue[i].core = after_first (larger.queue[i].core);
  for (guint i = 0; i < larger.n_pieces; i++)
    larger.piece[i].memory++;
  for (guint i = 0; i < larger.n_tasks; i++)
    larger.task[i].queue++;
  for (guint r = 0; r < larger.n_routes; r++) {
    larger.route[r].source++;
    for (guint h = 0; h < larger.route[r].n_hops; h++) {
      larger.route[r].hop[h].resource++;
      larger.route[r].hop[h].arrives = after_first (larger.route[r].hop[h].arrives);
    }
  }
  return compare_runs (instance, &larger, &c);
}

/* --- where a run has a closed form -------------------------------------------------------------------------------- */

/* The time that each task takes when its queue's order is the ids': a load is paid when the last key on the core was another. */
static void
static_durations (const Instance *instance, guint64 durations[TASKS_MAX])
{
  guint32 resident[QUEUES_MAX] = { 0 };
  for (guint i = 0; i < instance->n_tasks; i++) {
    const InstanceTask *t = &instance->task[i];
    durations[i] = 0;
    if (t->kind != HD_TASK_COMPUTE)
      continue;
    durations[i] = t->cycles + (t->weight_key != 0 && t->weight_key != resident[t->queue] ? t->load_cycles : 0);
    if (t->weight_key != 0)
      resident[t->queue] = t->weight_key;
  }
}

/* The tasks that must have ended before @task may be issued: what it depends on, and the one before it in its queue. */
static guint64
predecessors (const Instance *instance, guint task)
{
  guint64 set = instance->task[task].after;
  for (guint p = 0; p < instance->n_pieces; p++)
    if (SET_HAS (instance->task[task].uses, p) && instance->piece[p].creator != HD_NONE)
      set |= SET_OF (instance->piece[p].creator);
  for (guint i = 0; i < task; i++)
    if (instance->task[i].queue == instance->task[task].queue)
      set |= SET_OF (i);
  return set;
}

/* The end of @task when all its predecessors have one; else NEVER. */
static guint64
list_schedule_end (const Instance *instance, guint task, guint64 duration, const guint64 ends[TASKS_MAX])
{
  const InstanceTask *t = &instance->task[task];
  guint64 set = predecessors (instance, task), issue = 0;
  for (guint i = 0; i < instance->n_tasks; i++)
    if (SET_HAS (set, i))
      issue = MAX (issue, ends[i]);
  if (issue == NEVER)
    return NEVER;
  if (t->kind == HD_TASK_COMPUTE) {
    guint64 period = instance->core[instance->queue[t->queue].core].period;
    issue = hd_ceil_div (issue, period) * period;
  }
  return issue + duration;
}

/* No width, no latency, no capacity, queues in order: what is left is the list schedule of the computes, by a fixed point. */
char *
check_free_transfers (const Instance *instance)
{
  Instance free = *instance;
  guint64 durations[TASKS_MAX], ends[TASKS_MAX];
  if (!instance_is_sound (instance))
    return NULL;
  for (guint i = 0; i < free.n_resources; i++)
    free.resource[i].width = free.resource[i].latency = 0;
  for (guint i = 0; i < free.n_memories; i++)
    free.memory[i].capacity = HD_UNLIMITED_BITS;
  for (guint i = 0; i < free.n_queues; i++)
    free.queue[i].order = HD_QUEUE_IN_ORDER, free.queue[i].outstanding = 1;
  for (guint i = 0; i < free.n_tasks; i++)
    free.task[i].position = free.task[i].priority = 0;
  static_durations (&free, durations);
  memset (ends, 0xff, sizeof ends);
  for (guint round = 0; round < free.n_tasks; round++)
    for (guint i = 0; i < free.n_tasks; i++)
      ends[i] = list_schedule_end (&free, i, durations[i], ends);
  g_autoptr (Trace) trace = run_instance (&free);
  for (guint i = 0; trace != NULL && i < free.n_tasks; i++)
    if (trace->end[i] != ends[i])
      return g_strdup_printf ("with free transfers and space, task %u ends at %" G_GUINT64_FORMAT ", by the list schedule at %" G_GUINT64_FORMAT, i, trace->end[i], ends[i]);
  return trace == NULL ? g_strdup ("the run failed") : NULL;
}

/* All tasks as computes of one core, in one queue, without dependencies and pieces. */
static Instance
on_one_core (const Instance *instance)
{
  Instance one = *instance;
  one.n_cores = one.n_queues = 1;
  one.n_routes = one.n_pieces = 0;
  one.core[0].period = 1;
  one.queue[0] = (InstanceQueue) { .order = HD_QUEUE_IN_ORDER, .outstanding = instance->queue[0].outstanding, .core = 0 };
  for (guint i = 0; i < one.n_tasks; i++) {
    InstanceTask *t = &one.task[i];
    if (t->kind == HD_TASK_TRANSFER)
      t->cycles = t->bits;
    t->kind = HD_TASK_COMPUTE;
    t->queue = t->route = t->position = t->priority = 0;
    t->uses = t->after = t->bits = 0;
  }
  return one;
}

/* On one core, the makespan is the sum. */
char *
check_one_core (const Instance *instance)
{
  Instance one = on_one_core (instance);
  guint64 durations[TASKS_MAX], sum = 0;
  if (!instance_is_sound (instance))
    return NULL;
  static_durations (&one, durations);
  for (guint i = 0; i < one.n_tasks; i++)
    sum += durations[i];
  g_autoptr (Trace) trace = run_instance (&one);
  if (trace == NULL || trace->cycles != sum || trace->state_cycles[0][HD_STATE_COMPUTE] != sum)
    return g_strdup_printf ("on one core, the makespan is not the sum, %" G_GUINT64_FORMAT, sum);
  return NULL;
}

/* On one core, two halves with the same weights take as long as the whole. */
char *
check_split_computes (const Instance *instance)
{
  Instance whole = on_one_core (instance), halves;
  if (!instance_is_sound (instance))
    return NULL;
  whole.n_tasks = MIN (whole.n_tasks, TASKS_MAX / 2);
  halves = whole;
  halves.n_tasks = 2 * whole.n_tasks;
  for (guint i = 0; i < whole.n_tasks; i++) {
    halves.task[2 * i] = halves.task[2 * i + 1] = whole.task[i];
    halves.task[2 * i].cycles = whole.task[i].cycles / 2;
    halves.task[2 * i + 1].cycles = whole.task[i].cycles - whole.task[i].cycles / 2;
  }
  g_autoptr (Trace) a = run_instance (&whole), b = run_instance (&halves);
  return a == NULL || b == NULL || a->cycles != b->cycles ? g_strdup ("two halves do not take as long as the whole") : NULL;
}
