/* The reference engine: the moments of a task, and a run. The sections and names follow doc/engine.md. */
#include "config.h"
#include "run.h"
#include <heddle/checked.h>

#include <string.h>

/* --- the moments of a task ---------------------------------------------------------------------------- */

/* Whether @task is the creator or in the release list of @piece. */
static gboolean
is_condition (const Run *run, HdPieceId piece, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  for (guint64 i = s->release_begin[piece]; i < s->release_begin[piece + 1]; i++)
    if (s->release[i] == task)
      return TRUE;
  return s->piece_creator[piece] == task;
}

static gboolean
all_ended (const Run *run, HdTaskId task)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (!run->ended[i] && run_depends_on (run, task, i))
      return FALSE;
  return TRUE;
}

static void
make_ready (Run *run)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (!run_is_ready (run, i) && all_ended (run, i))
      run->trace->ready[i] = run->now;
}

static gboolean
may_go (const Run *run, HdPieceId piece)
{
  const HdSchedule *s = run->schedule;
  HdTaskId creator = s->piece_creator[piece];
  if (!run->occupies[piece] || s->release_begin[piece] == s->release_begin[piece + 1] || (creator != HD_NONE && !run->ended[creator]))
    return FALSE;
  for (guint64 i = s->release_begin[piece]; i < s->release_begin[piece + 1]; i++)
    if (!run->ended[s->release[i]])
      return FALSE;
  return TRUE;
}

static void
let_pieces_go (Run *run)
{
  for (HdPieceId p = 0; p < run->schedule->n_pieces; p++)
    if (may_go (run, p)) {
      run->occupies[p] = FALSE;
      run->went[p] = run->now;
      run->occupancy[run->schedule->piece_memory[p]] -= run->schedule->piece_bits[p];
    }
}

static void
note_peaks (Run *run)
{
  for (HdMemoryId m = 0; m < run->platform->n_memories; m++)
    run->trace->memory_peak[m] = MAX (run->trace->memory_peak[m], run->occupancy[m]);
}

/* Whether @other's end made a piece go, in this cycle, from a memory in which @task creates one. */
static gboolean
made_space_for (const Run *run, HdTaskId other, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    for (HdPieceId q = 0; q < s->n_pieces; q++)
      if (run->went[p] == run->now && is_condition (run, p, other) && s->piece_creator[q] == task && s->piece_memory[q] == s->piece_memory[p])
        return TRUE;
  return FALSE;
}

/* Why @task, issued now, waited; transfers that start later overwrite it. */
static void
note_wait (Run *run, HdTaskId task)
{
  Trace *trace = run->trace;
  gboolean lacked = run->lacked_space[task] < run->now, late = run->now > trace->ready[task], depends = FALSE;
  for (HdTaskId i = run->schedule->n_tasks; i-- > 0;) {
    gboolean ended_now = run->ended[i] && trace->end[i] == run->now, dependency = run_depends_on (run, task, i);
    gboolean causes;
    if (late && lacked)
      causes = ended_now && made_space_for (run, i, task);
    else if (late)
      causes = ended_now && run->schedule->queue_of[i] == run->schedule->queue_of[task];
    else
      causes = dependency && trace->end[i] == trace->ready[task];
    if (causes)
      trace->wait_cause[task] = i;
    depends = depends || dependency;
  }
  if (late)
    trace->wait_kind[task] = lacked ? HD_WAIT_SPACE : HD_WAIT_TURN;
  else
    trace->wait_kind[task] = depends ? HD_WAIT_INPUT : HD_WAIT_NONE;
}

static void
start_compute (Run *run, HdTaskId task)
{
  const HdTaskCost *cost = &run->schedule->cost[run->schedule->what[task]];
  HdCoreId core = run_queue_of (run, task)->core;
  guint32 key = run->schedule->weight_key[task];
  run->paid_load[task] = key != 0 && key != run->resident_key[core];
  if (key != 0)
    run->resident_key[core] = key;
  run->computing[core] = task;
  run->trace->start[task] = run->now;
  run->trace->end[task] = run->now + cost->cycles + (run->paid_load[task] ? cost->load_cycles : 0);
}

static void
issue (Run *run, HdTaskId task)
{
  const HdSchedule *s = run->schedule;
  run->changed = TRUE;
  note_wait (run, task);
  run->trace->issue[task] = run->now;
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] == task) {
      run->occupies[p] = TRUE;
      run->occupancy[s->piece_memory[p]] += s->piece_bits[p];
    }
  note_peaks (run);
  if (run_is_compute (run, task)) {
    start_compute (run, task);
    return;
  }
  if (run_first_limited_hop (run, task) == HD_NONE)
    run->trace->start[task] = run->now;
  run_offer_next_bursts (run, task);
}

static void
end (Run *run, HdTaskId task)
{
  run->changed = TRUE;
  run->ended[task] = TRUE;
  run->trace->end[task] = run->now;
  run->trace->tasks++;
  if (run_is_compute (run, task))
    run->computing[run_queue_of (run, task)->core] = HD_NONE;
}

/* --- within a cycle -------------------------------------------------------------------------------------- */

static void
phase_ends (Run *run)
{
  run_land_bursts (run);
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (run_is_issued (run, i) && !run->ended[i] && (run_is_compute (run, i) ? run->trace->end[i] == run->now : run->n_arrived[i] == run->n_bursts[i]))
      end (run, i);
  let_pieces_go (run);
  make_ready (run);
}

static void
phase_space (Run *run)
{
  HdTaskId best;
  do {
    best = HD_NONE;
    for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
      if (run_has_turn (run, i) && run_fits (run, i) && (best == HD_NONE || run_is_candidate_before (run, i, best)))
        best = i;
    if (best != HD_NONE)
      issue (run, best);
  } while (best != HD_NONE);
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    if (run_has_turn (run, i) && run->lacked_space[i] == NEVER)
      run->lacked_space[i] = run->now;
}

/* --- a run ----------------------------------------------------------------------------------------------------- */

static GArray **
new_records (guint n)
{
  GArray **records = g_new (GArray *, n);
  for (guint i = 0; i < n; i++)
    records[i] = g_array_new (FALSE, FALSE, sizeof (guint64));
  return records;
}

static void
free_records (GArray **records, guint n)
{
  for (guint i = 0; i < n; i++)
    g_array_free (records[i], TRUE);
  g_free (records);
}

/* @n words, each with all bits set: HD_NONE, or NEVER. */
static gpointer
new_filled (gsize n, gsize size)
{
  return memset (g_malloc_n (n + 1, size), 0xff, n * size);
}

static void
prepare_tasks (Run *run)
{
  guint n = run->schedule->n_tasks;
  run->ended = g_new0 (gboolean, n);
  run->lacked_space = new_filled (n, sizeof (guint64));
  run->burst_bits = g_new0 (guint64, n);
  run->n_bursts = g_new0 (guint32, n);
  run->n_offered = g_new0 (guint32, n);
  run->n_granted = g_new0 (guint32, n);
  run->n_arrived = g_new0 (guint32, n);
  run->paid_load = g_new0 (gboolean, n);
  run->arrivals = g_new0 (guint8 *, n);
  for (HdTaskId i = 0; i < n; i++)
    if (!run_is_compute (run, i)) {
      run->burst_bits[i] = run_route_burst (run->platform, run_route_of (run, i));
      run->n_bursts[i] = (guint32) hd_ceil_div (run->schedule->bits[i], run->burst_bits[i]);
      run->arrivals[i] = g_new0 (guint8, run->n_bursts[i]);
    }
}

static void
prepare (Run *run, const HdPlatform *platform, const HdSchedule *schedule)
{
  *run = (Run) { .platform = platform, .schedule = schedule, .trace = trace_new (platform, schedule) };
  prepare_tasks (run);
  run->computing = new_filled (platform->n_cores, sizeof (HdTaskId));
  run->resident_key = g_new0 (guint32, platform->n_cores);
  run->busy_until = g_new0 (guint64, platform->n_resources);
  run->served_last = new_filled (platform->n_resources, sizeof (HdTaskId));
  run->granted_queue = new_filled (platform->n_resources, sizeof (HdQueueId));
  run->occupancy = g_new0 (guint64, platform->n_memories);
  run->went = new_filled (schedule->n_pieces, sizeof (guint64));
  run->occupies = g_new0 (gboolean, schedule->n_pieces);
  run->bursts = g_array_new (FALSE, FALSE, sizeof (Burst));
  run->holds = g_array_new (FALSE, FALSE, sizeof (Hold));
  run->recorded_state = new_records (platform->n_cores);
  run->recorded_occupancy = new_records (platform->n_memories);
  for (HdPieceId p = 0; p < schedule->n_pieces; p++)
    if (schedule->piece_creator[p] == HD_NONE) {
      run->occupies[p] = TRUE;
      run->occupancy[schedule->piece_memory[p]] += schedule->piece_bits[p];
    }
  note_peaks (run);
  make_ready (run);
}

static void
clear (Run *run)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++)
    g_free (run->arrivals[i]);
  gpointer arrays[] = { run->ended, run->lacked_space, run->burst_bits, run->n_bursts, run->n_offered, run->n_granted, run->n_arrived, run->paid_load, run->arrivals,
                        run->computing, run->resident_key, run->busy_until, run->served_last, run->granted_queue, run->occupancy, run->went, run->occupies };
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  free_records (run->recorded_state, run->platform->n_cores);
  free_records (run->recorded_occupancy, run->platform->n_memories);
  g_array_free (run->bursts, TRUE);
  g_array_free (run->holds, TRUE);
}

/* Whether anything can still happen: a task is under way, or a compute lacks nothing but its core's clock edge. */
static gboolean
goes_on (const Run *run)
{
  for (HdTaskId i = 0; i < run->schedule->n_tasks; i++) {
    if (run_is_issued (run, i) && !run->ended[i])
      return TRUE;
    if (!run_is_issued (run, i) && run_is_ready (run, i) && run_has_turn_at_edge (run, i) && run_fits (run, i))
      return TRUE;
  }
  return FALSE;
}

Trace *
reference_run (const HdPlatform *platform, const HdSchedule *schedule, guint64 limit)
{
  Run run;
  Trace *trace;
  prepare (&run, platform, schedule);
  for (;; run.now++) {
    do {
      run.changed = FALSE;
      phase_ends (&run);
      phase_space (&run);
      run_phase_starts (&run);
    } while (run.changed);
    if (!goes_on (&run) || run.now > limit)
      break;
    run_record_cycle (&run);
  }
  trace = run.trace;
  if (run.now <= limit) {
    trace->deadlock = trace->tasks < trace->n_tasks;
    run_record_end (&run);
  } else {
    g_clear_pointer (&trace, trace_free);
  }
  clear (&run);
  return trace;
}
