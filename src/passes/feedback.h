/* What the engine says of a plan. */
#pragma once

#include "passes/graph.h"

typedef struct {
  double score;     /* by the objective: smaller is better */
  double tie;       /* among equal scores */
  guint64 *start;   /* by node [cycle] */
  guint64 *spare;   /* by memory: what was never used [bit] */
} Verdict;

gboolean feedback_judge (const Graph *graph, const HdSchedule *schedule, HdObjective objective, Verdict *verdict, GError **error);
gboolean verdict_is_better (const Verdict *a, const Verdict *b);
/** (transfer full): the nodes in the order in which they started. */
HdNodeId *feedback_order (const Graph *graph, const HdNodeId *order, const Verdict *verdict);
