/* Feedback: what the engine says of a plan, and the order that follows from it.
 *
 * A plan is judged by a run, without a trace. Its nodes are then lined up as they really started: what is moved and what leaves is decided in the order of the plan, so an order
 * that is nearer to the run decides better. The order on each core stays as it is.
 */
#include "config.h"
#include "passes/feedback.h"

#include <heddle/engine.h>

#include <stdlib.h>

static double
score_of (const HdResult *result, HdObjective objective)
{
  double cycles = (double) result->cycles;
  return objective == HD_OBJECTIVE_LATENCY ? cycles : objective == HD_OBJECTIVE_ENERGY ? result->energy_pj : cycles * result->energy_pj;
}

/* What of a memory was never used, if it is a good part of it. A plan needs more room than its run does: nodes that run one after the other may be planned at once. */
static guint64
spare_of (const HdMemory *memory, guint64 peak_bits)
{
  guint64 capacity = memory->capacity_bits, spare = capacity - MIN (capacity, peak_bits);
  return memory->dram || capacity == HD_UNLIMITED_BITS || spare < capacity / 4 ? 0 : spare;
}

gboolean
feedback_judge (const Graph *graph, const HdSchedule *schedule, HdObjective objective, Verdict *verdict, GError **error)
{
  g_autoptr (HdEngine) engine = hd_engine_new (graph->tiling->mapping->platform, schedule, error);
  HdResult result;
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, error))
    return FALSE;
  hd_assert_invariant (!result.deadlock, "a plan deadlocks: %s", result.deadlock_text);
  verdict->score = score_of (&result, objective);
  verdict->tie = objective == HD_OBJECTIVE_LATENCY ? result.energy_pj : (double) result.cycles;
  const HdPlatform *platform = graph->tiling->mapping->platform;
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    verdict->spare[m] = spare_of (&platform->memory[m], result.memory_peak_bits[m]);
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    if (schedule->kind[t] == HD_TASK_COMPUTE)
      verdict->start[schedule->node[t]] = result.columns.start[t];
  return TRUE;
}

gboolean
verdict_is_better (const Verdict *a, const Verdict *b)
{
  return a->score != b->score ? a->score < b->score : a->tie < b->tie;
}

/* --- the order of a run ----------------------------------------------------------------------------------- */

typedef struct {
  guint64 start;
  guint32 place;   /* in the order before */
  HdNodeId node;
} Started;

static int
compare_started (const void *a, const void *b)
{
  const Started *x = a, *y = b;
  return x->start != y->start ? (x->start > y->start) - (x->start < y->start) : (x->place > y->place) - (x->place < y->place);
}

HdNodeId *
feedback_order (const Graph *graph, const HdNodeId *order, const Verdict *verdict)
{
  g_autofree Started *row = g_new (Started, (gsize) graph->n + 1);
  HdNodeId *next = g_new (HdNodeId, (gsize) graph->n + 1);
  for (guint32 i = 0; i < graph->n; i++)
    row[i] = (Started) { verdict->start[order[i]], i, order[i] };
  qsort (row, graph->n, sizeof *row, compare_started);
  for (guint32 i = 0; i < graph->n; i++)
    next[i] = row[i].node;
  return next;
}
