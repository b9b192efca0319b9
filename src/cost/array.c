/* A node on an array with memory levels: tries spatial mappings, searches temporal ones, and writes down the best.
 *
 * Spatial mappings are, in this order: the unrollings of a given mapping; the core's dataflows (those whose ranks the layer all has, if there are such); where it has none, every way to give each array dimension one rank, the fullest first,
 * at most MANY of them. Where none
 * leaves room, dataflows without some of their unrollings.
 */
#include "cost/search.h"

#include <string.h>

#define MANY 24
#define PARTS_MAX 6   /* unrollings of a dataflow that are left out, at most */

static gboolean
infeasible (const HdCostQuestion *q, const char *why, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s does not fit core %s: %s", q->shape->layer->name, q->core->id, why);
  return FALSE;
}

/* --- the report ------------------------------------------------------------------------------------------------- */

static void
write_mapping (const HdNest *nest, const HdSolution *s, HdCostMapping *m)
{
  m->n_unrolls = MIN (nest->n_unrolls, HD_RANKS_MAX);
  for (guint u = 0; u < m->n_unrolls; u++) {
    m->unroll[u].rank = nest->place[u].rank;
    m->unroll[u].dimension = nest->place[u].dimension;
    m->unroll[u].factor = nest->place[u].factor;
  }
  m->n_loops = s->n;
  for (guint i = 0; i < s->n; i++)
    m->loop[i] = (HdLoop) { nest->kind[s->loop[i]].rank, nest->kind[s->loop[i]].factor };
  m->has_loops = m->has_split = TRUE;
  memcpy (m->below, s->below, sizeof m->below);
}

static void
write_move (const HdNest *nest, const HdFlow *flow, guint operand, guint l, guint movement, guint64 period, guint64 window, HdCostMove *move)
{
  const HdLevel *level = hd_nest_level (nest, operand, l);
  gboolean reads = movement == HD_MOVE_TO_HIGH || movement == HD_MOVE_TO_LOW;

  if (flow->transfers == 0)
    return;
  *move = (HdCostMove) { TRUE, flow->words, flow->pj, flow->bits, flow->transfers, period, window,
                         hd_ceil_div (flow->bits, reads ? level->read_width : level->write_width), level->port_of[hd_cost_stands_as (nest->q, operand)][movement] };
}

static void
write_level (HdNest *nest, const HdChain *chain, gboolean buffered[HD_N_OPERANDS][HD_COST_LEVELS_MAX], guint o, guint l, HdCostLevel *row)
{
  guint top = nest->n_levels[o] - 1;
  HdCrossing c;
  HdPoint point, below;

  row->level = nest->level_id[o][l];
  row->operand = (HdCostOperand) o;
  row->instances = _hd_nest_instances (nest, o, l);
  row->double_buffered = buffered[o][l];
  row->held = o == HD_OPERAND_WEIGHT && nest->shape->operand[o].constant && l < top && l >= _hd_chain_held (nest, chain);
  _hd_nest_point (nest, l == 0 ? 0 : chain->point[o][l - 1], &below);
  _hd_nest_point (nest, l == top ? nest->n_points - 1 : chain->point[o][l], &point);
  row->used_bits = _hd_nest_bits (nest, o, l, &point, o == HD_OPERAND_OUTPUT && _hd_nest_unfinished (nest, &below));
  if (l == 0)
    hd_nest_array (nest, o, &c);
  else
    hd_nest_crossing (nest, o, l - 1, &below, &c);
  for (guint m = 0; m < HD_N_MOVES; m++)
    write_move (nest, &c.upper[m], o, l, m, below.product, l == 0 || buffered[o][l - 1] ? below.product : below.product / chain->top_irrelevant[o][l - 1], &row->move[m]);
  if (l == top)
    return;
  hd_nest_crossing (nest, o, l, &point, &c);
  for (guint m = 0; m < HD_N_MOVES; m++)
    if (c.lower[m].transfers)
      write_move (nest, &c.lower[m], o, l, m, point.product, buffered[o][l] ? point.product : point.product / chain->top_irrelevant[o][l], &row->move[m]);
}

static void
write_levels (HdNest *nest, HdSolution *s, HdCostReport *report)
{
  gboolean buffered[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  HdChain chain;

  _hd_chain_init (nest, s->loop, s->n, s->below, &chain);
  _hd_timing_buffers (nest, &chain, buffered);
  g_free (report->level);
  report->level = g_new0 (HdCostLevel, nest->n_levels[0] + nest->n_levels[1] + nest->n_levels[2]);
  report->n_levels = 0;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++)
      write_level (nest, &chain, buffered, o, l, &report->level[report->n_levels++]);
}

static void
write_cost (const HdNest *nest, const HdSearchResult *result, HdNodeCost *cost)
{
  const HdTiming *t = &result->best.timing;
  const HdCostShapeOperand *w = &nest->shape->operand[HD_OPERAND_WEIGHT];

  cost->macs = nest->shape->macs;
  cost->ideal_cycles = hd_ceil_div (cost->macs, nest->units);
  cost->compute_cycles = nest->total;
  cost->stall_cycles = t->stall;
  cost->input_cycles = t->input;
  cost->offload_cycles = t->offload;
  cost->load_cycles = t->load;
  cost->cycles = nest->total + t->stall + t->input + (nest->q->options->rules == HD_RULES_ZIGZAG ? 0 : t->offload);
  cost->mac_energy_pj = (double) cost->macs * nest->core->mac_pj;
  cost->energy_pj = cost->mac_energy_pj + t->pj;
  cost->load_energy_pj = t->load_pj;
  cost->weight_bits = w->constant && t->load_pj > 0 ? w->elements * w->bits : 0;
  cost->gap = result->best.value > 0 ? MAX (0, (result->best.value - result->bound) / result->best.value) : 0;
}

/* --- one spatial mapping -------------------------------------------------------------------------------------------- */

typedef struct {
  const HdCostQuestion *q;
  HdCostReport *report;
  gboolean found;
  HdSolution best;
  guint64 evaluations;
  double bound;
  gboolean too_wide;        /* one of them needs more in one cycle than a level holds */
  GError *error;            /* of the first that failed */
} Choice;

static gboolean
is_whole_layer (const HdCostShape *shape)
{
  for (guint r = 0; r < shape->n_ranks; r++)
    if (shape->size[r] != shape->layer->rank[r].size)
      return FALSE;
  return TRUE;
}

/* Given loops are of the whole layer, or of most of its nodes: the others (borders, remainders) keep the unrollings only. */
static gboolean
prepare (HdNest *nest, const HdCostQuestion *q, const HdDataflow *dataflow, GError **error)
{
  if (!_hd_nest_init (nest, q, dataflow, error))
    return FALSE;
  if (!q->given || !q->given->has_loops)
    _hd_nest_factorize (nest, q->options->factor_limit);
  else if (!_hd_nest_take_loops (nest, q->given, is_whole_layer (q->shape) ? error : NULL)) {
    if (is_whole_layer (q->shape))
      return FALSE;
    _hd_nest_factorize (nest, q->options->factor_limit);
  }
  return _hd_timing_init (nest, error);
}

static void
search (HdNest *nest, HdSearchResult *result)
{
  if (nest->ordered)
    _hd_search_given (nest, result);
  else if (nest->q->options->search == HD_SEARCH_ORDERINGS)
    _hd_search_orderings (nest, result);
  else
    _hd_search_optimal (nest, result);
}

static void
try_dataflow (Choice *choice, const HdDataflow *dataflow)
{
  g_autofree HdNest *nest = g_new0 (HdNest, 1);
  g_autofree HdSearchResult *result = g_new0 (HdSearchResult, 1);
  GError **error = choice->error ? NULL : &choice->error;

  if (prepare (nest, choice->q, dataflow, error)) {
    gboolean wide;
    if ((result->why = _hd_nest_too_small (nest, &wide)))
      choice->too_wide |= wide;
    else
      search (nest, result);
    choice->evaluations += result->evaluations;
    if (!result->found)
      infeasible (choice->q, result->why, error);
    else {
      /* Merged factors leave mappings out: nothing is proven but that. */
      choice->bound = choice->found ? MIN (choice->bound, result->bound) : result->bound;
      if (!choice->found || _hd_solution_better (&result->best, &choice->best)) {
        choice->best = result->best;
        write_mapping (nest, &result->best, &choice->report->mapping);
        write_levels (nest, &result->best, choice->report);
        write_cost (nest, result, &choice->report->cost);
      }
      choice->found = TRUE;
    }
    g_free (result->why);
  }
  _hd_timing_clear (nest);
  _hd_nest_clear (nest);
}

/* --- all that fit ------------------------------------------------------------------------------------------------------- */

typedef struct {
  guint64 steps;
  guint8 rank[HD_ARRAY_DIMS_MAX];  /* by dimension */
} Assignment;

static gint
compare_assignments (gconstpointer a, gconstpointer b)
{
  const Assignment *x = a, *y = b;

  if (x->steps != y->steps)
    return x->steps < y->steps ? -1 : 1;
  return memcmp (x->rank, y->rank, sizeof x->rank);
}

static void
list_assignments (const HdCostQuestion *q, guint dimension, Assignment *now, guint64 *unrolled, GArray *list)
{
  const HdCostShape *shape = q->shape;

  if (dimension == q->core->n_dimensions) {
    now->steps = 1;
    for (guint r = 0; r < shape->n_ranks; r++)
      now->steps *= hd_ceil_div (shape->size[r], unrolled[r]);
    g_array_append_val (list, *now);
    return;
  }
  for (guint r = 0; r < shape->n_ranks && list->len < 5000; r++) {
    guint64 before = unrolled[r];
    if (shape->size[r] == 1 && r > 0)
      continue;
    now->rank[dimension] = (guint8) r;
    unrolled[r] = MIN (shape->size[r], before * MIN (q->core->dimension_size[dimension], hd_ceil_div (shape->size[r], before)));
    list_assignments (q, dimension + 1, now, unrolled, list);
    unrolled[r] = before;
  }
}

static void
try_assignments (Choice *choice)
{
  const HdCostQuestion *q = choice->q;
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (Assignment));
  guint64 unrolled[HD_RANKS_MAX];
  Assignment now = { 0 };

  for (guint r = 0; r < q->shape->n_ranks; r++)
    unrolled[r] = 1;
  list_assignments (q, 0, &now, unrolled, list);
  g_array_sort (list, compare_assignments);
  for (guint i = 0; i < MIN (list->len, MANY); i++) {
    const Assignment *a = &g_array_index (list, Assignment, i);
    HdUnroll unroll[HD_ARRAY_DIMS_MAX];
    for (guint d = 0; d < q->core->n_dimensions; d++)
      unroll[d] = (HdUnroll) { q->shape->layer->rank[a->rank[d]].name, d, q->core->dimension_size[d] };
    try_dataflow (choice, &(HdDataflow) { (char *) "", q->core->n_dimensions, unroll });
  }
}

/* A dataflow suits a layer that has all of its ranks. */
static gboolean
suits (const HdCostQuestion *q, const HdDataflow *dataflow)
{
  for (guint u = 0; u < dataflow->n_unrolls; u++)
    if (_hd_cost_find_rank (q->shape->layer, dataflow, dataflow->unroll[u].rank) < 0)
      return FALSE;
  return TRUE;
}

static void
try_dataflows (Choice *choice)
{
  const HdCostQuestion *q = choice->q;
  gboolean any = FALSE;

  for (guint d = 0; d < q->core->n_dataflows; d++)
    any |= suits (q, &q->core->dataflow[d]);
  for (guint d = 0; d < q->core->n_dataflows; d++)
    if (!any || suits (q, &q->core->dataflow[d]))
      try_dataflow (choice, &q->core->dataflow[d]);
}

/* Using less of the array is always possible: dataflows without some of their unrollings, as few as it takes. */
static void
try_parts (Choice *choice)
{
  const HdCostQuestion *q = choice->q;

  for (guint dropped = 1; dropped <= PARTS_MAX && !choice->found; dropped++)
    for (guint d = 0; d < q->core->n_dataflows; d++)
      for (guint mask = 1; mask < 1u << MIN (q->core->dataflow[d].n_unrolls, PARTS_MAX); mask++) {
        HdUnroll unroll[PARTS_MAX];
        guint n = 0;
        if ((guint) __builtin_popcount (mask) != dropped)
          continue;
        for (guint u = 0; u < MIN (q->core->dataflow[d].n_unrolls, PARTS_MAX); u++)
          if (!((mask >> u) & 1))
            unroll[n++] = q->core->dataflow[d].unroll[u];
        try_dataflow (choice, &(HdDataflow) { q->core->dataflow[d].id, n, unroll });
      }
}

static void
try_all (Choice *choice)
{
  const HdCostQuestion *q = choice->q;

  if (q->given && (q->given->n_unrolls > 0 || q->given->has_loops))
    try_dataflow (choice, NULL);
  else if (q->core->n_dataflows == 0)
    try_assignments (choice);
  else
    try_dataflows (choice);
}

/* A second variable input (of an addition, of an attention product) stands where weights do; where that cannot be, and by the published tool always, where inputs do. */
gboolean
_hd_cost_array (const HdCostQuestion *question, HdCostReport *report, GError **error)
{
  HdCostQuestion q = *question;
  Choice choice = { .q = &q, .report = report };
  HdNodeCost *cost = &report->cost;
  gboolean second = q.shape->operand[HD_OPERAND_WEIGHT].present && !q.shape->operand[HD_OPERAND_WEIGHT].constant;

  q.second_as_input = second && q.options->rules == HD_RULES_ZIGZAG;
  try_all (&choice);
  if (!choice.found && second && !q.second_as_input) {
    q.second_as_input = TRUE;
    try_all (&choice);
  }
  if (!choice.found && choice.too_wide && !(q.given && (q.given->n_unrolls > 0 || q.given->has_loops))) {
    q.second_as_input = second && q.options->rules == HD_RULES_ZIGZAG;
    try_parts (&choice);
    if (!choice.found && second && !q.second_as_input) {
      q.second_as_input = TRUE;
      try_parts (&choice);
    }
  }
  if (!choice.found) {
    g_propagate_error (error, choice.error);
    return FALSE;
  }
  g_clear_error (&choice.error);
  cost->evaluations = choice.evaluations;
  cost->gap = choice.best.value > 0 ? MAX (0, (choice.best.value - choice.bound) / choice.best.value) : 0;
  return TRUE;
}
