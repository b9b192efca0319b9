/* Lanes: who reads what, in the order of the plan. From this follow next uses (for eviction), last uses (for release), and who else wants what is being moved. */
#include "config.h"
#include "passes/plan.h"

#include <heddle/error.h>

/* --- items, for people and for the schedule ----------------------------------------------------------- */

HdBox
plan_item_box (const Plan *plan, guint32 item)
{
  return plan_item_is_node (plan, item) ? hd_tiling_node_output (plan->tiling, item) : hd_tiling_piece_box (plan->tiling, item - plan->graph->n);
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

/* --- lining up ------------------------------------------------------------------------------------------ */

static inline void
put_reader (Plan *plan, guint32 lane, guint32 step, guint32 use)
{
  plan->reader[plan->lane[lane].next++] = (Reader) { step, use };
}

static void
put_readers (Plan *plan, guint32 step)
{
  const Graph *graph = plan->graph;
  const HdTiling *t = plan->tiling;
  HdNodeId node = plan->order[step];
  for (guint64 i = t->dependency_begin[node]; i < t->dependency_begin[node + 1]; i++)
    put_reader (plan, graph->lane_of[i], step, (guint32) i);
  for (guint64 i = t->read_begin[node]; i < t->read_begin[node + 1]; i++) {
    guint32 use = graph->n_dependencies + (guint32) i, piece = t->read[i].from;
    put_reader (plan, graph->lane_of[use], step, use);
    for (guint32 k = graph->producer_begin[piece]; k < graph->producer_begin[piece + 1]; k++)
      put_reader (plan, graph->item[g_array_index (graph->producers, guint32, k) + 1].first_lane - 1, step, HD_NONE);
  }
}

/* Nobody has read yet. A lane's `next` is where its next reader goes until all are there. */
static void
begin_lanes (Plan *plan)
{
  const Graph *graph = plan->graph;
  for (guint32 l = 0; l < graph->n_lanes; l++)
    plan->lane[l] = (Lane) { .memory = graph->lane[l].memory, .instance = HD_NONE, .next = l > 0 ? graph->lane[l - 1].end : 0, .end = graph->lane[l].end };
  for (guint32 i = 0; i < graph->n_items; i++)
    plan->item[i] = (Item) { .remaining = graph->item[i].n_readers, .first_instance = HD_NONE };
  for (guint32 step = 0; step < graph->n; step++)
    put_readers (plan, step);
  for (guint32 l = 0; l < graph->n_lanes; l++) {
    plan->lane[l].next = l > 0 ? graph->lane[l - 1].end : 0;
    plan->lane[l].next_step = plan->reader[plan->lane[l].next].step;
  }
}

gboolean
plan_line_up (Plan *plan, GError **error)
{
  const Graph *graph = plan->graph;
  plan->lane = g_try_new (Lane, (gsize) graph->n_lanes + 1);
  plan->item = g_try_new (Item, (gsize) graph->n_items + 1);
  plan->reader = g_try_new (Reader, (gsize) graph->n_readers + 1);
  if (plan->lane == NULL || plan->item == NULL || plan->reader == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u dependencies do not fit in memory", graph->n_readers);
    return FALSE;
  }
  begin_lanes (plan);
  return TRUE;
}

/* --- asking ----------------------------------------------------------------------------------------------- */

guint32
plan_find_lane (const Plan *plan, guint32 item, HdMemoryId memory)
{
  guint32 low = plan->graph->item[item].first_lane, end = plan->graph->item[item + 1].first_lane, high = end;
  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    if (plan->lane[middle].memory < memory)
      low = middle + 1;
    else
      high = middle;
  }
  return low < end && plan->lane[low].memory == memory ? low : HD_NONE;
}

guint32
plan_reader_after (const Plan *plan, const Lane *lane)
{
  guint32 reader = lane->next;
  while (reader < lane->end && plan->reader[reader].step <= plan->step)
    reader++;
  return reader;
}

void
plan_pass_readers (Plan *plan, Lane *lane)
{
  lane->next = plan_reader_after (plan, lane);
  lane->next_step = lane->next < lane->end ? plan->reader[lane->next].step : NO_STEP;
}

guint64
plan_wanted_bits (const Plan *plan, const Lane *lane, guint32 from, guint64 enough)
{
  guint64 sum = 0;
  for (guint32 i = from; i < lane->end && sum < enough; i++)
    sum += hd_dependency_bits (plan_use (plan, plan->reader[i].use));
  return sum;
}
