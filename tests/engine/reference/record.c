/* The reference engine: states, series, energy and counters. */
#include "config.h"
#include "run.h"

#include <math.h>

__extension__ typedef unsigned __int128 Aj;

/* --- what is recorded -------------------------------------------------------------------------------------- */

/* The task of the core's queue that its state speaks of. */
static HdTaskId
next_task (const Run *run, HdQueueId queue)
{
  HdTaskId best = HD_NONE;
  if (run->schedule->queue[queue].order == HD_QUEUE_IN_ORDER)
    return run_head (run, queue);
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (run->schedule->queue_of[i] == queue && !run_is_issued (run, i) && run_is_ready (run, i) && (best == HD_NONE || run_is_candidate_before (run, i, best)))
      best = i;
  return best != HD_NONE ? best : run_head (run, queue);
}

static HdCoreState
core_state (const Run *run, HdCoreId core)
{
  HdQueueId queue = 0;
  gboolean left = FALSE;
  HdTaskId next;
  if (run->computing[core] != HD_NONE)
    return HD_STATE_COMPUTE;
  while (queue < run->schedule->n_queues && run->schedule->queue[queue].core != core)
    queue++;
  if (queue == run->schedule->n_queues)
    return HD_STATE_DONE;
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    left = left || (run->schedule->queue_of[i] == queue && !run->ended[i]);
  if (!left)
    return HD_STATE_DONE;
  next = next_task (run, queue);
  if (next != HD_NONE && !run_is_ready (run, next))
    return HD_STATE_WAIT_INPUT;
  if (next != HD_NONE && run_has_turn_at_edge (run, next) && !run_fits (run, next))
    return HD_STATE_WAIT_SPACE;
  return HD_STATE_WAIT_TURN;
}

void
run_record_cycle (Run *run)
{
  for (HdCoreId c = 0; c < run->platform->n_cores; c++) {
    guint64 state = core_state (run, c);
    g_array_append_val (run->recorded_state[c], state);
    run->trace->state_cycles[c][state]++;
  }
  for (HdMemoryId m = 0; m < run->platform->n_memories; m++)
    g_array_append_val (run->recorded_occupancy[m], run->occupancy[m]);
}

static void
record_hold (Run *run, const Hold *hold)
{
  const HdResource *resource = &run->platform->resource[hold->resource];
  guint64 left = hold->bits, at = hold->from;
  while (left > 0) {
    guint64 moved = MIN (left, resource->width_bits);
    for (guint64 i = 0; i < resource->period; i++)
      run->trace->bits[hold->resource][at++] += moved / resource->period + (i == 0 ? moved % resource->period : 0);
    left -= moved;
  }
}

static guint64
transfer_energy (const Run *run, HdTaskId task)
{
  const HdRoute *route = run_route_of (run, task);
  double price = run->platform->memory[route->source].read_pj_per_bit;
  for (guint i = 0; i < route->n_hops; i++) {
    price += run->platform->resource[route->hop[i].resource].energy_pj_per_bit;
    if (route->hop[i].arrives != HD_NONE)
      price += run->platform->memory[route->hop[i].arrives].write_pj_per_bit;
  }
  return (guint64) nearbyint ((double) run->schedule->bits[task] * price * HD_AJ_PER_PJ);
}

static guint64
compute_energy (const Run *run, HdTaskId task)
{
  const HdTaskCost *cost = &run->schedule->cost[run->schedule->what[task]];
  return cost->energy_aj + (run->paid_load[task] ? cost->load_energy_aj : 0);
}

static guint64
static_energy (const HdPlatform *platform)
{
  double sum = 0;
  for (guint i = 0; i < platform->n_cores; i++)
    sum += platform->core[i].static_pj_per_cycle;
  for (guint i = 0; i < platform->n_memories; i++)
    sum += platform->memory[i].static_pj_per_cycle;
  for (guint i = 0; i < platform->n_resources; i++)
    sum += platform->resource[i].static_pj_per_cycle;
  return (guint64) nearbyint (sum * HD_AJ_PER_PJ);
}

static void
record_power (Run *run, HdTaskId task, guint64 energy)
{
  Trace *trace = run->trace;
  guint64 start = trace->start[task], length = trace->end[task] - start;
  if (trace->cycles == 0)
    return;
  if (length == 0) {
    trace->power[MIN (start, trace->cycles - 1)] += energy;
    return;
  }
  for (guint64 i = 0; i < length; i++)
    trace->power[start + i] += energy / length + (i == 0 ? energy % length : 0);
}

static void
count_dram (Run *run, HdTaskId task)
{
  const HdRoute *route = run_route_of (run, task);
  if (run->platform->memory[route->source].dram)
    run->trace->dram_read_bits += run->schedule->bits[task];
  for (guint i = 0; i < route->n_hops; i++)
    if (route->hop[i].arrives != HD_NONE && run->platform->memory[route->hop[i].arrives].dram)
      run->trace->dram_write_bits += run->schedule->bits[task];
}

static void
record_energy (Run *run)
{
  Trace *trace = run->trace;
  Aj compute = 0, transfer = 0, leakage = (Aj) static_energy (run->platform) * trace->cycles;
  for (HdTaskId i = 0; i < trace->n_tasks; i++) {
    guint64 energy = run_is_compute (run, i) ? compute_energy (run, i) : transfer_energy (run, i);
    if (!run->ended[i])
      continue;
    record_power (run, i, energy);
    if (run_is_compute (run, i)) {
      compute += energy;
    } else {
      transfer += energy;
      count_dram (run, i);
    }
  }
  for (guint64 t = 0; t < trace->cycles; t++)
    trace->power[t] += static_energy (run->platform);
  trace->compute_pj = (double) compute / HD_AJ_PER_PJ;
  trace->transfer_pj = (double) transfer / HD_AJ_PER_PJ;
  trace->static_pj = (double) leakage / HD_AJ_PER_PJ;
  trace->energy_pj = (double) (compute + transfer + leakage) / HD_AJ_PER_PJ;
}

/* Why a task that was never issued still waits. */
static void
record_left (Run *run, HdTaskId task)
{
  if (run_is_ready (run, task)) {
    run->trace->wait_kind[task] = run_has_turn_at_edge (run, task) && !run_fits (run, task) ? HD_WAIT_SPACE : HD_WAIT_TURN;
    return;
  }
  run->trace->wait_kind[task] = HD_WAIT_INPUT;
  for (HdTaskId i = run->schedule->n_tasks; i-- > 0;)
    if (!run->ended[i] && run_depends_on (run, task, i))
      run->trace->wait_cause[task] = i;
}

void
run_record_end (Run *run)
{
  Trace *trace = run->trace;
  trace->cycles = run->now;
  trace_allocate_series (trace, run->platform);
  for (HdCoreId c = 0; c < trace->n_cores; c++)
    for (guint64 t = 0; t < trace->cycles; t++)
      trace->state[c][t] = g_array_index (run->recorded_state[c], guint64, t);
  for (HdMemoryId m = 0; m < trace->n_memories; m++)
    for (guint64 t = 0; t < trace->cycles; t++)
      trace->occupancy[m][t] = g_array_index (run->recorded_occupancy[m], guint64, t);
  for (guint i = 0; i < run->holds->len; i++)
    record_hold (run, &g_array_index (run->holds, Hold, i));
  record_energy (run);
  for (HdTaskId i = 0; i < trace->n_tasks; i++)
    if (!run_is_issued (run, i))
      record_left (run, i);
}
