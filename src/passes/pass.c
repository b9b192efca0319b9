/* The passes: each is an order of the nodes; the planner does the rest. Multi-core looks for its order: it has several planned, and the engine judge them. */
#include "config.h"
#include <heddle/passes.h>

#include "passes/feedback.h"
#include "passes/plan.h"

#include <string.h>

static const char *const NAMES[] = { "fused", "layer-by-layer", "multi-core", NULL };
static const char *const PRIORITIES[] = { "best", "latency", "memory", "stack", "throughput", NULL };

const char *const *
hd_priority_names (void)
{
  return PRIORITIES;
}

const char *const *
hd_pass_names (void)
{
  return NAMES;
}

gboolean
hd_pass_check_dram (const HdMapping *mapping, GError **error)
{
  if (mapping->dram.memory == HD_NONE) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "platform \"%s\" has no DRAM for the network's inputs, weights and outputs", mapping->platform->name);
    return FALSE;
  }
  const HdMemory *dram = &mapping->platform->memory[mapping->dram.memory];
  guint64 free_bits = dram->capacity_bits;
  for (guint t = 0; t < mapping->workload->n_tensors && dram->capacity_bits != HD_UNLIMITED_BITS; t++) {
    const HdTensor *tensor = &mapping->workload->tensors[t];
    if (tensor->producer != HD_NONE || tensor->n_consumers == 0)
      continue;
    if (tensor->total_bits > free_bits) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "tensor \"%s\" does not fit in memory \"%s\" beside the other inputs and weights: it takes %" G_GUINT64_FORMAT " bit, %" G_GUINT64_FORMAT " bit are free",
                   tensor->name, dram->id, tensor->total_bits, free_bits);
      return FALSE;
    }
    free_bits -= tensor->total_bits;
  }
  return TRUE;
}

static HdNodeId *
order_by_priority (Graph *graph, HdPriority priority, GError **error)
{
  return priority == HD_PRIORITY_STACK ? order_by_stack (graph, error) : order_by_list (graph, priority, error);
}

/* A plan that was tried. */
typedef struct {
  HdNodeId *order;
  guint64 *spare;     /* (nullable): as in plan_run() */
  Verdict verdict;
} Trial;

static void
trial_clear (Trial *self)
{
  g_free (self->order);
  g_free (self->spare);
  g_free (self->verdict.start);
  g_free (self->verdict.spare);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Trial, trial_clear)

/* Plans @order, with @spare for parking (both of which it takes), and has the engine judge it; it becomes the best if it is. */
static gboolean
try_order (Graph *graph, HdNodeId *order, guint64 *spare, const HdPassOptions *options, Trial *best, gboolean *improved, GError **error)
{
  g_auto (Trial) trial = { .order = order, .spare = spare };
  g_autoptr (HdSchedule) schedule = plan_run (graph, order, "multi-core", TRUE, spare, TRUE, error);
  trial.verdict.spare = g_new0 (guint64, graph->tiling->mapping->platform->n_memories);
  trial.verdict.start = g_new (guint64, (gsize) graph->n + 1);
  if (schedule == NULL || !feedback_judge (graph, schedule, options->objective, &trial.verdict, error))
    return FALSE;
  *improved = best->order == NULL || verdict_is_better (&trial.verdict, &best->verdict);
  if (*improved) {
    Trial worse = *best;
    *best = trial;
    trial = worse;
  }
  return TRUE;
}

/* A priority that makes no plan is no fault as long as another does: deepest layer first needs less memory than others. */
static gboolean
try_priorities (Graph *graph, const HdPassOptions *options, Trial *best, GError **error)
{
  HdPriority last = graph->tiling->workload->inferences > 1 ? HD_PRIORITY_THROUGHPUT : HD_PRIORITY_STACK;
  HdPriority from = options->priority == HD_PRIORITY_BEST ? HD_PRIORITY_LATENCY : options->priority, to = options->priority == HD_PRIORITY_BEST ? last : from;
  g_autoptr (GError) first = NULL;
  for (guint p = from; p <= to; p++) {
    g_autoptr (GError) local = NULL;
    gboolean improved;
    HdNodeId *order = order_by_priority (graph, p, &local);
    if ((order == NULL || !try_order (graph, order, NULL, options, best, &improved, &local)) && first == NULL)
      first = g_steal_pointer (&local);
  }
  if (best->order == NULL)
    g_propagate_error (error, g_steal_pointer (&first));
  return best->order != NULL;
}

/* Whether each node stands there once, behind all that it reads. */
static gboolean
check_order (const Graph *graph, const HdNodeId *order, GError **error)
{
  g_autofree guint8 *done = g_new0 (guint8, (gsize) graph->n + 1);
  for (guint32 i = 0; i < graph->n; i++) {
    gboolean fine = order[i] < graph->n && !done[order[i]];
    guint64 n = 0;
    const HdDependency *d = fine ? hd_tiling_dependencies (graph->tiling, order[i], &n) : NULL;
    for (guint64 k = 0; k < n; k++)
      fine &= done[d[k].from];
    if (!fine) {
      g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "node %u at place %u of the order - expected each node once, behind those that it depends on", order[i], i);
      return FALSE;
    }
    done[order[i]] = 1;
  }
  return TRUE;
}

/* Parks in what the best plan never used; if that does not fit beside the rest, in half of it. Whether it is better so. */
static gboolean
try_parking (Graph *graph, const HdPassOptions *options, Trial *best)
{
  guint n_memories = graph->tiling->mapping->platform->n_memories;
  gboolean improved = FALSE, planned = FALSE;
  for (guint share = 1; share <= 2 && !planned; share++) {
    HdNodeId *order = g_new (HdNodeId, (gsize) graph->n + 1);
    guint64 *spare = g_new (guint64, n_memories + 1);
    memcpy (order, best->order, graph->n * sizeof *order);
    for (HdMemoryId m = 0; m < n_memories; m++)
      spare[m] = best->verdict.spare[m] / share;
    planned = try_order (graph, order, spare, options, best, &improved, NULL);
  }
  return planned && improved;
}

/* From what the engine found: the order of the run, as long as that is better, and parking in what room was left. */
static void
improve (Graph *graph, const HdPassOptions *options, Trial *best)
{
  guint n_memories = graph->tiling->mapping->platform->n_memories;
  gboolean improved = TRUE;
  for (guint round = 0; round < options->rounds && improved; round++) {
    guint64 *spare = g_memdup2 (best->spare, best->spare != NULL ? n_memories * sizeof *spare : 0);
    /* An order may need more room than the one before: then that one stays. */
    improved = try_order (graph, feedback_order (graph, best->order, &best->verdict), spare, options, best, &improved, NULL) && improved;
    if (best->spare == NULL)
      improved |= try_parking (graph, options, best);
  }
}

static HdSchedule *
run_multi_core (Graph *graph, const HdPassOptions *options, GError **error)
{
  g_auto (Trial) best = { 0 };
  if (options->order != NULL)
    return check_order (graph, options->order, error) ? plan_run (graph, options->order, "multi-core", TRUE, NULL, options->draft, error) : NULL;
  if (options->priority != HD_PRIORITY_BEST && options->rounds == 0) {
    best.order = order_by_priority (graph, options->priority, error);
    return best.order != NULL ? plan_run (graph, best.order, "multi-core", TRUE, NULL, options->draft, error) : NULL;
  }
  if (!try_priorities (graph, options, &best, error))
    return NULL;
  improve (graph, options, &best);
  return plan_run (graph, best.order, "multi-core", TRUE, best.spare, options->draft, error);
}

HdSchedule *
hd_pass_run (const char *name, HdTiling *tiling, HdCostModel *cost, const HdPassOptions *options, GError **error)
{
  guint pass = 0;
  HdPassOptions defaults = HD_PASS_OPTIONS_DEFAULT;
  while (NAMES[pass] != NULL && !g_str_equal (name, NAMES[pass]))
    pass++;
  if (NAMES[pass] == NULL) {
    const char *near = hd_suggest (name, NAMES, pass);
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there is no pass \"%s\" - expected fused, layer-by-layer or multi-core%s%s%s", name, near != NULL ? " - did you mean \"" : "", near != NULL ? near : "",
                 near != NULL ? "\"?" : "");
    return NULL;
  }
  if (options == NULL)
    options = &defaults;
  g_auto (Graph) graph = { 0 };
  if (!hd_pass_check_dram (tiling->mapping, error) || !graph_init (&graph, tiling, cost, error))
    return NULL;
  if (g_str_equal (name, "multi-core"))
    return run_multi_core (&graph, options, error);
  g_autofree HdNodeId *order = g_str_equal (name, "fused") ? order_by_stack (&graph, error) : order_by_layer (&graph);
  return order != NULL ? plan_run (&graph, order, name, FALSE, NULL, options->draft, error) : NULL;
}
