/* The summary of a run and its columns. */
#include "config.h"
#include "engine/private.h"

#include <string.h>

static double
picojoules (unsigned __int128 aj)
{
  return (double) aj / HD_AJ_PER_PJ;
}

/* The smallest task that @task depends on and that has not ended. */
static HdTaskId
first_unended (const HdEngine *self, HdTaskId task)
{
  const HdSchedule *s = self->schedule;
  HdTaskId least = HD_NONE;
  for (guint64 u = s->use_begin[task]; u < s->use_begin[task + 1]; u++) {
    HdTaskId creator = s->piece_creator[s->use[u]];
    if (creator != HD_NONE && self->end[creator] == NEVER)
      least = MIN (least, creator);
  }
  for (guint64 a = s->after_begin[task]; a < s->after_begin[task + 1]; a++)
    if (self->end[s->after[a]] == NEVER)
      least = MIN (least, s->after[a]);
  return least;
}

static gboolean
turn_has_come (const HdEngine *self, HdTaskId task)
{
  const HdSchedule *s = self->schedule;
  const Queue *queue = &self->queue[s->queue_of[task]];
  gboolean first = queue->by_priority || s->queue_task[queue->head] == task;
  return first && queue->in_flight < queue->outstanding && (s->kind[task] == HD_TASK_TRANSFER || queue->running == HD_NONE);
}

/* Why @task was never issued. Its columns held counts until now. */
static void
fill_unissued (HdEngine *self, HdTaskId task)
{
  gboolean ready = self->issue[task] == 0;
  HdMemoryId lacking;
  self->wait_cause[task] = HD_NONE;
  if (!ready) {
    self->ready[task] = NEVER;
    self->wait_kind[task] = HD_WAIT_INPUT;
    self->wait_cause[task] = first_unended (self, task);
  } else if (turn_has_come (self, task) && !_hd_fits (self, task, &lacking)) {
    self->wait_kind[task] = HD_WAIT_SPACE;
  } else {
    self->wait_kind[task] = HD_WAIT_TURN;
  }
  self->start[task] = NEVER;
}

/* In a deadlock no task is under way: what has not ended was not issued. */
static void
fill_unissued_tasks (HdEngine *self)
{
  for (guint32 t = 0; t < self->schedule->n_tasks; t++)
    if (self->end[t] == NEVER)
      fill_unissued (self, t);
  for (guint32 t = 0; t < self->schedule->n_tasks; t++)
    if (self->end[t] == NEVER)
      self->issue[t] = NEVER;
}

static void
fill_tables (HdEngine *self, HdResult *result)
{
  for (guint m = 0; m < self->platform->n_memories; m++)
    self->memory_peak[m] = self->memory[m].peak;
  for (guint r = 0; r < self->platform->n_resources; r++) {
    self->resource_busy[r] = self->resource[r].busy_cycles;
    self->resource_bits[r] = self->resource[r].bits;
  }
  result->core_state_cycles = self->core_state_cycles;
  result->memory_peak_bits = self->memory_peak;
  result->resource_busy_cycles = self->resource_busy;
  result->resource_bits = self->resource_bits;
}

void
_hd_result_fill (HdEngine *self, gboolean deadlock, HdResult *result)
{
  guint64 cycles = self->last_moved;
  const Power *power = &self->power;
  unsigned __int128 static_aj = (unsigned __int128) power->static_aj * cycles;
  memset (result, 0, sizeof *result);
  if (deadlock) {
    _hd_deadlock_explain (self, self->deadlock_text);
    result->deadlock_text = self->deadlock_text->str;
    fill_unissued_tasks (self);
  }
  result->cycles = cycles;
  result->deadlock = deadlock;
  result->tasks = self->n_ended;
  result->events = self->n_events;
  result->energy_pj = picojoules (power->compute_aj + power->transfer_aj + static_aj);
  result->compute_pj = picojoules (power->compute_aj);
  result->transfer_pj = picojoules (power->transfer_aj);
  result->static_pj = picojoules (static_aj);
  result->dram_read_bits = self->dram_read_bits;
  result->dram_write_bits = self->dram_write_bits;
  fill_tables (self, result);
  result->columns = (HdTaskColumns) {
    .cycles = cycles, .n_tasks = self->schedule->n_tasks, .ready = self->ready, .issue = self->issue, .start = self->start, .end = self->end,
    .wait_kind = self->wait_kind, .wait_cause = self->wait_cause,
  };
}
