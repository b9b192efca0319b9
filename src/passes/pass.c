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

/* What was planned, and whether it could be. */
typedef struct {
  GBytes *what;       /* order and spare */
  gboolean fine;
} Tried;

static void
tried_clear (gpointer data)
{
  g_bytes_unref (((Tried *) data)->what);
}

/* A search for the best plan: what was tried once would come to the same again, and is not planned. */
typedef struct {
  Graph *graph;
  const HdPassOptions *options;
  Trial best;
  GArray *tried;      /* of Tried */
} Tries;

static void
tries_clear (Tries *self)
{
  trial_clear (&self->best);
  g_clear_pointer (&self->tried, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Tries, tries_clear)

/* Returns (transfer full): what tells a plan from others. Nothing set apart is none. */
static GBytes *
describe (const Tries *self, const Trial *trial)
{
  guint n = self->graph->tiling->mapping->platform->n_memories;
  GByteArray *bytes = g_byte_array_new ();
  gboolean any = FALSE;
  g_byte_array_append (bytes, (const guint8 *) trial->order, (guint) (self->graph->n * sizeof *trial->order));
  for (guint m = 0; trial->spare != NULL && m < n; m++)
    any |= trial->spare[m] > 0;
  if (any)
    g_byte_array_append (bytes, (const guint8 *) trial->spare, (guint) (n * sizeof *trial->spare));
  return g_byte_array_free_to_bytes (bytes);
}

static const Tried *
find_tried (const Tries *self, GBytes *what)
{
  for (guint i = 0; i < self->tried->len; i++)
    if (g_bytes_equal (g_array_index (self->tried, Tried, i).what, what))
      return &g_array_index (self->tried, Tried, i);
  return NULL;
}

static gboolean
judge (const Tries *self, Trial *trial, GError **error)
{
  Graph *graph = self->graph;
  g_autoptr (HdSchedule) schedule = plan_run (graph, trial->order, "multi-core", TRUE, trial->spare, TRUE, error);
  trial->verdict.spare = g_new0 (guint64, graph->tiling->mapping->platform->n_memories);
  trial->verdict.start = g_new (guint64, (gsize) graph->n + 1);
  return schedule != NULL && feedback_judge (graph, schedule, self->options->objective, &trial->verdict, error);
}

/* Plans @order, with @spare for parking (both of which it takes), and has the engine judge it; it becomes the best if it is. */
static gboolean
try_order (Tries *self, HdNodeId *order, guint64 *spare, gboolean *improved, GError **error)
{
  g_auto (Trial) trial = { .order = order, .spare = spare };
  Tried fresh = { describe (self, &trial), FALSE };
  const Tried *before = find_tried (self, fresh.what);
  *improved = FALSE;
  if (before != NULL) {
    g_bytes_unref (fresh.what);
    return before->fine;
  }
  fresh.fine = judge (self, &trial, error);
  g_array_append_val (self->tried, fresh);
  *improved = fresh.fine && (self->best.order == NULL || verdict_is_better (&trial.verdict, &self->best.verdict));
  if (*improved) {
    Trial worse = self->best;
    self->best = trial;
    trial = worse;
  }
  return fresh.fine;
}

/* A priority that makes no plan is no fault as long as another does: deepest layer first needs less memory than others. */
static gboolean
try_priorities (Tries *self, GError **error)
{
  Graph *graph = self->graph;
  const HdPassOptions *options = self->options;
  HdPriority last = graph->tiling->workload->inferences > 1 ? HD_PRIORITY_THROUGHPUT : HD_PRIORITY_STACK;
  HdPriority from = options->priority == HD_PRIORITY_BEST ? HD_PRIORITY_LATENCY : options->priority, to = options->priority == HD_PRIORITY_BEST ? last : from;
  g_autoptr (GError) first = NULL;
  for (guint p = from; p <= to; p++) {
    g_autoptr (GError) local = NULL;
    gboolean improved;
    HdNodeId *order = order_by_priority (graph, p, &local);
    if ((order == NULL || !try_order (self, order, NULL, &improved, &local)) && first == NULL)
      first = g_steal_pointer (&local);
  }
  if (self->best.order == NULL)
    g_propagate_error (error, g_steal_pointer (&first));
  return self->best.order != NULL;
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
try_parking (Tries *self)
{
  guint n_memories = self->graph->tiling->mapping->platform->n_memories;
  gboolean improved = FALSE, planned = FALSE;
  for (guint share = 1; share <= 2 && !planned; share++) {
    HdNodeId *order = g_memdup2 (self->best.order, (gsize) self->graph->n * sizeof *order);
    guint64 *spare = g_new (guint64, n_memories + 1);
    for (HdMemoryId m = 0; m < n_memories; m++)
      spare[m] = self->best.verdict.spare[m] / share;
    planned = try_order (self, order, spare, &improved, NULL);
  }
  return planned && improved;
}

/* From what the engine found: the order of the run, as long as that is better, and parking in what room was left. */
static void
improve (Tries *self)
{
  guint n_memories = self->graph->tiling->mapping->platform->n_memories;
  const Trial *best = &self->best;
  gboolean improved = TRUE;
  for (guint round = 0; round < self->options->rounds && improved; round++) {
    guint64 *spare = g_memdup2 (best->spare, best->spare != NULL ? n_memories * sizeof *spare : 0);
    /* An order may need more room than the one before: then that one stays. */
    improved = try_order (self, feedback_order (self->graph, best->order, &best->verdict), spare, &improved, NULL) && improved;
    if (best->spare == NULL)
      improved |= try_parking (self);
  }
}

static HdSchedule *
run_multi_core (Graph *graph, const HdPassOptions *options, GError **error)
{
  if (options->order != NULL)
    return check_order (graph, options->order, error) ? plan_run (graph, options->order, "multi-core", TRUE, NULL, options->draft, error) : NULL;
  if (options->priority != HD_PRIORITY_BEST && options->rounds == 0) {
    g_autofree HdNodeId *order = order_by_priority (graph, options->priority, error);
    return order != NULL ? plan_run (graph, order, "multi-core", TRUE, NULL, options->draft, error) : NULL;
  }
  g_auto (Tries) tries = { .graph = graph, .options = options, .tried = g_array_new (FALSE, FALSE, sizeof (Tried)) };
  g_array_set_clear_func (tries.tried, tried_clear);
  if (!try_priorities (&tries, error))
    return NULL;
  improve (&tries);
  return plan_run (graph, tries.best.order, "multi-core", TRUE, tries.best.spare, options->draft, error);
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
