/* Items: who reads what and in which memory, in the order of the plan. From this follow next uses (for eviction), last uses (for release), and who else
 * wants what is being moved. An item's consumers stand by memory, then by step.
 */
#include "config.h"
#include "passes/plan.h"

#include <stdlib.h>

HdBox
plan_item_box (const Plan *plan, guint32 item)
{
  return plan_item_is_node (plan, item) ? hd_tiling_node_output (plan->tiling, item) : hd_tiling_piece_box (plan->tiling, item - plan->graph->n);
}

guint64
plan_item_bits (const Plan *plan, guint32 item)
{
  return plan_item_is_node (plan, item) ? graph_output_bits (plan->graph, item) : hd_tiling_piece_bits (plan->tiling, item - plan->graph->n);
}

HdTensorId
plan_item_tensor (const Plan *plan, guint32 item)
{
  if (!plan_item_is_node (plan, item))
    return hd_tiling_piece_tensor (plan->tiling, item - plan->graph->n);
  return hd_layer_output (&plan->workload->layers[plan->graph->layer[item]])->tensor;
}

char *
plan_item_name (const Plan *plan, guint32 item)
{
  HdBox box = plan_item_box (plan, item);
  GString *text = g_string_new (plan->workload->tensors[plan_item_tensor (plan, item)].name);
  for (guint d = 0; d < box.n; d++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, d == 0 ? "[" : ", ", box.range[d].from, box.range[d].to);
  if (box.n > 0)
    g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

typedef void (*ConsumerFunction) (Plan *plan, guint32 item, Consumer consumer);

/* Calls @function for each thing that the node at @step reads. What is to be fetched again counts as read in DRAM; what a piece is put together from counts as read
 * nowhere: it must only not be lost before. (A piece may begin before what the node reads of it.) */
static void
each_consumption (Plan *plan, guint32 step, ConsumerFunction function)
{
  HdNodeId node = plan->order[step];
  const HdLayer *layer = &plan->workload->layers[plan->graph->layer[node]];
  HdCoreId core = plan->graph->core[node];
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    gboolean again = (d[i].flags & (HD_DEPENDENCY_REFETCH | HD_DEPENDENCY_EXTERNAL)) == HD_DEPENDENCY_REFETCH;
    HdMemoryId memory = again ? plan->dram : plan_operand_memory (plan, core, layer, d[i].operand);
    function (plan, d[i].from, (Consumer) { memory, step, hd_dependency_bits (&d[i]), d[i].operand });
  }
  d = hd_tiling_reads (plan->tiling, node, &n);
  for (guint64 i = 0; i < n; i++) {
    HdMemoryId memory = d[i].flags & HD_DEPENDENCY_REFETCH ? plan->dram : plan_operand_memory (plan, core, layer, d[i].operand);
    function (plan, plan_item_of_read (plan, &d[i]), (Consumer) { memory, step, hd_dependency_bits (&d[i]), d[i].operand });
    for (guint64 k = plan->producer_begin[d[i].from]; k < plan->producer_begin[d[i].from + 1]; k++)
      function (plan, g_array_index (plan->producers, guint32, k), (Consumer) { HD_NONE, step, 0, d[i].operand });
  }
}

static void
count_consumer (Plan *plan, guint32 item, Consumer consumer)
{
  plan->remaining[item]++;
  plan->refetched[item] |= consumer.memory == plan->dram;
}

static void
store_consumer (Plan *plan, guint32 item, Consumer consumer)
{
  plan->consumer[plan->consumer_begin[item] + plan->remaining[item]++] = consumer;
}

static gboolean
stands_before (const Consumer *a, const Consumer *b)
{
  return a->memory != b->memory ? a->memory < b->memory : a->step != b->step ? a->step < b->step : a->operand < b->operand;
}

static int
compare_consumers (const void *a, const void *b)
{
  return stands_before (a, b) ? -1 : stands_before (b, a);
}

/* Steps ascend already; most rows have one memory. */
static void
sort_row (Consumer *row, guint64 n)
{
  if (n > 32) {
    for (guint64 i = 1; i < n; i++)
      if (stands_before (&row[i], &row[i - 1])) {
        qsort (row, n, sizeof *row, compare_consumers);
        return;
      }
    return;
  }
  for (guint64 i = 1; i < n; i++) {
    Consumer moving = row[i];
    guint64 at = i;
    for (; at > 0 && stands_before (&moving, &row[at - 1]); at--)
      row[at] = row[at - 1];
    row[at] = moving;
  }
}

guint64
plan_find_consumer (const Plan *plan, guint32 item, HdMemoryId memory, guint32 step)
{
  guint64 low = plan->consumer_begin[item], high = plan->consumer_begin[item + 1];
  while (low < high) {
    guint64 middle = low + (high - low) / 2;
    const Consumer *c = &plan->consumer[middle];
    if (c->memory < memory || (c->memory == memory && c->step < step))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The nodes of other stacks that make each piece. */
static gboolean
find_producers (Plan *plan, GError **error)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (HdDependency));
  plan->producers = g_array_new (FALSE, FALSE, sizeof (guint32));
  plan->producer_begin = g_try_new0 (guint64, (gsize) plan->tiling->n_pieces + 1);
  if (plan->producer_begin == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u pieces do not fit in memory", plan->tiling->n_pieces);
    return FALSE;
  }
  for (guint32 p = 0; p < plan->tiling->n_pieces; p++) {
    g_array_set_size (found, 0);
    if (plan->workload->tensors[hd_tiling_piece_tensor (plan->tiling, p)].producer != HD_NONE)
      hd_tiling_piece_producers (plan->tiling, p, found);
    for (guint i = 0; i < found->len; i++)
      g_array_append_val (plan->producers, g_array_index (found, HdDependency, i).from);
    plan->producer_begin[p + 1] = plan->producers->len;
  }
  return TRUE;
}

static gboolean
allocate_items (Plan *plan, guint64 n_items, GError **error)
{
  plan->consumer_begin = g_try_new0 (guint64, n_items + 1);
  plan->remaining = g_try_new0 (guint32, n_items + 1);
  plan->refetched = g_try_new0 (guint8, n_items + 1);
  plan->first_instance = g_try_new (guint32, n_items + 1);
  plan->item_pinned = g_try_new0 (guint32, n_items + 1);
  if (plan->item_pinned != NULL && plan->consumer_begin != NULL && plan->remaining != NULL && plan->refetched != NULL && plan->first_instance != NULL)
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%" G_GUINT64_FORMAT " nodes and pieces do not fit in memory", n_items);
  return FALSE;
}

gboolean
plan_items_build (Plan *plan, GError **error)
{
  guint64 n_items = (guint64) plan->graph->n + plan->tiling->n_pieces;
  if (n_items >= HD_NONE) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "%" G_GUINT64_FORMAT " nodes and pieces are too many for one schedule", n_items);
    return FALSE;
  }
  if (!allocate_items (plan, n_items, error) || !plan_share_pieces (plan, error) || !find_producers (plan, error))
    return FALSE;
  for (guint32 step = 0; step < plan->graph->n; step++)
    each_consumption (plan, step, count_consumer);
  for (guint64 i = 0; i < n_items; i++) {
    plan->consumer_begin[i + 1] = plan->consumer_begin[i] + plan->remaining[i];
    plan->remaining[i] = 0;
    plan->first_instance[i] = HD_NONE;
  }
  plan->consumer = g_try_new (Consumer, plan->consumer_begin[n_items] + 1);
  if (plan->consumer == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%" G_GUINT64_FORMAT " dependencies do not fit in memory", plan->consumer_begin[n_items]);
    return FALSE;
  }
  for (guint32 step = 0; step < plan->graph->n; step++)
    each_consumption (plan, step, store_consumer);
  for (guint64 i = 0; i < n_items; i++)
    sort_row (plan->consumer + plan->consumer_begin[i], plan->remaining[i]);
  return TRUE;
}
