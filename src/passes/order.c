/* Orders of the nodes. The planner follows an order as it stands; here it is chosen.
 *
 * By list: a clock runs; whenever a core is free it takes, of the nodes whose inputs are made, the one that comes first by the priority. Movements take no time here: this is not
 * a model of the run, which the engine alone knows, but a way to line nodes up; feedback.c improves on it by what the engine found.
 *
 * | priority | comes first                                                                                       |
 * |----------|---------------------------------------------------------------------------------------------------|
 * | latency  | the node with the longest way to the end of the network, in cycles of nodes                       |
 * | memory   | the deepest layer: what has been made is used up before more is made                              |
 *
 * Among equals the nodes that use one slice of the weights stand together, so that a slice too large to stay beside the others is fetched once.
 */
#include "config.h"
#include "passes/graph.h"

#include <string.h>

HdNodeId *
order_by_layer (const Graph *graph)
{
  HdNodeId *order = g_new (HdNodeId, (gsize) graph->n + 1);
  for (guint32 n = 0; n < graph->n; n++)
    order[n] = n;
  return order;
}

HdNodeId *
order_by_stack (const Graph *graph, GError **error)
{
  return hd_tiling_order (graph->tiling, error);
}

/* --- heaps: of the nodes that a core could start, by rank; of those under way, by their end ---------------- */

typedef struct {
  guint64 rank;          /* smaller first */
  guint32 slice;         /* of the weights */
  HdNodeId node;
} Ready;

static gboolean
comes_before (const Ready *a, const Ready *b)
{
  if (a->rank != b->rank)
    return a->rank < b->rank;
  return a->slice != b->slice ? a->slice < b->slice : a->node < b->node;
}

static void
push_ready (GArray *heap, Ready ready)
{
  guint i = heap->len;
  g_array_append_val (heap, ready);
  Ready *r = (Ready *) (void *) heap->data;
  for (; i > 0 && comes_before (&ready, &r[(i - 1) / 2]); i = (i - 1) / 2)
    r[i] = r[(i - 1) / 2];
  r[i] = ready;
}

static Ready
pop_ready (GArray *heap)
{
  Ready *r = (Ready *) (void *) heap->data, top = r[0], last = r[heap->len - 1];
  guint n = heap->len - 1, i = 0;
  g_array_set_size (heap, n);
  for (guint child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && comes_before (&r[child + 1], &r[child]))
      child++;
    if (!comes_before (&r[child], &last))
      break;
    r[i] = r[child];
  }
  if (n > 0)
    r[i] = last;
  return top;
}

/* --- ranks ------------------------------------------------------------------------------------------- */

/* Cycles from a node's start to the end of the network. Followers have greater ids. */
static void
rank_by_way (const Graph *graph, guint64 *rank)
{
  for (HdNodeId n = graph->n; n-- > 0;) {
    guint64 longest = 0;
    for (guint64 i = graph->follower_begin[n]; i < graph->follower_begin[n + 1]; i++)
      longest = MAX (longest, ~rank[graph->follower[i]]);
    rank[n] = ~(longest + graph_cost (graph, n)->cycles);
  }
}

static void
rank_by_depth (const Graph *graph, guint64 *rank)
{
  for (HdNodeId n = 0; n < graph->n; n++)
    rank[n] = ~(guint64) graph->layer[n];
}

/* --- the clock --------------------------------------------------------------------------------------- */

typedef struct {
  const Graph *graph;
  const guint64 *rank;
  guint64 *missing;       /* by node: inputs that are not made yet */
  GArray **ready;         /* by core: of Ready */
  gboolean *busy;         /* by core */
  guint32 *resident_key;  /* by core */
  GArray *under_way;      /* of Ready: by end */
  GArray *touched;        /* of HdCoreId: those that may have something to start */
  HdNodeId *order;
  guint32 n_started;
} List;

static void
add_ready (List *list, HdNodeId node)
{
  HdCoreId core = list->graph->core[node];
  push_ready (list->ready[core], (Ready) { list->rank[node], list->graph->weight_key[node], node });
  if (!list->busy[core])
    g_array_append_val (list->touched, core);
}

static void
start_next (List *list, HdCoreId core, guint64 now)
{
  if (list->busy[core] || list->ready[core]->len == 0)
    return;
  HdNodeId node = pop_ready (list->ready[core]).node;
  const HdTaskCost *cost = graph_cost (list->graph, node);
  guint32 key = list->graph->weight_key[node];
  guint64 load = key != 0 && key != list->resident_key[core] ? cost->load_cycles : 0;
  if (key != 0)
    list->resident_key[core] = key;
  list->busy[core] = TRUE;
  list->order[list->n_started++] = node;
  push_ready (list->under_way, (Ready) { now + cost->cycles + load, 0, node });
}

/* The node's end: its core is free, and so are perhaps those that waited for what it made. */
static void
end_node (List *list, HdNodeId node)
{
  const Graph *graph = list->graph;
  list->busy[graph->core[node]] = FALSE;
  g_array_append_val (list->touched, graph->core[node]);
  for (guint64 i = graph->follower_begin[node]; i < graph->follower_begin[node + 1]; i++)
    if (--list->missing[graph->follower[i]] == 0)
      add_ready (list, graph->follower[i]);
}

static void
run_clock (List *list)
{
  const HdTiling *t = list->graph->tiling;
  guint64 now = 0;
  for (HdNodeId n = 0; n < list->graph->n; n++) {
    list->missing[n] = t->dependency_begin[n + 1] - t->dependency_begin[n];
    if (list->missing[n] == 0)
      add_ready (list, n);
  }
  for (;;) {
    for (guint i = 0; i < list->touched->len; i++)
      start_next (list, g_array_index (list->touched, HdCoreId, i), now);
    g_array_set_size (list->touched, 0);
    if (list->under_way->len == 0)
      return;
    now = g_array_index (list->under_way, Ready, 0).rank;
    while (list->under_way->len > 0 && g_array_index (list->under_way, Ready, 0).rank == now)
      end_node (list, pop_ready (list->under_way).node);
  }
}

static HdNodeId *
order_by_rank (const Graph *graph, const guint64 *rank)
{
  guint n_cores = graph->tiling->mapping->platform->n_cores;
  List list = { .graph = graph, .rank = rank, .under_way = g_array_new (FALSE, FALSE, sizeof (Ready)), .touched = g_array_new (FALSE, FALSE, sizeof (HdCoreId)) };
  list.missing = g_new (guint64, (gsize) graph->n + 1);
  list.order = g_new (HdNodeId, (gsize) graph->n + 1);
  list.ready = g_new (GArray *, n_cores);
  list.busy = g_new0 (gboolean, n_cores);
  list.resident_key = g_new0 (guint32, n_cores);
  for (guint c = 0; c < n_cores; c++)
    list.ready[c] = g_array_new (FALSE, FALSE, sizeof (Ready));
  run_clock (&list);
  for (guint c = 0; c < n_cores; c++)
    g_array_unref (list.ready[c]);
  g_array_unref (list.under_way);
  g_array_unref (list.touched);
  g_free (list.missing);
  g_free (list.ready);
  g_free (list.busy);
  g_free (list.resident_key);
  return list.order;
}

/* Of several inferences back to back the first comes first: later ones fill the gaps. Ranks above 2^64 - 2^48, which are all but absurd ones, keep their order within an inference. */
static void
rank_by_inference (const Graph *graph, guint64 *rank)
{
  const guint64 most = (G_GUINT64_CONSTANT (1) << 48) - 1;
  for (HdNodeId n = 0; n < graph->n; n++)
    rank[n] = (guint64) hd_workload_inference (graph->tiling->workload, graph->layer[n]) << 48 | (most - MIN (~rank[n], most));
}

HdNodeId *
order_by_list (Graph *graph, HdPriority priority, GError **error)
{
  if (!graph_link_followers (graph, error))
    return NULL;
  g_autofree guint64 *rank = g_new (guint64, (gsize) graph->n + 1);
  (priority == HD_PRIORITY_MEMORY ? rank_by_depth : rank_by_way) (graph, rank);
  if (graph->tiling->workload->inferences > 1 && priority != HD_PRIORITY_THROUGHPUT)
    rank_by_inference (graph, rank);
  return order_by_rank (graph, rank);
}
