/* Mappings by rule: where searches begin, and what a pass takes when nobody says anything. What is known of single layers is in rule.c.
 *
 * Stacks: nobody knows beforehand what fusing brings, so there are several plans: none; layers without weights after the one that makes their input; what has to be cut
 * anyway because it does not fit; all while their weights fit in half of the memories. Each with several heights of the tiles, from the one with which what a stack holds of a tile fits on the cores; dealt by
 * rows or by columns; spread over the kinds of cores there are or not; and its nodes in each of the pass's orders. The engine tells which is best.
 */
#include "config.h"
#include "explore/rule.h"

#include <heddle/checked.h>

#include <string.h>

typedef enum { FUSE_NONE, FUSE_TAILS, FUSE_WHAT_IS_CUT, FUSE_WHILE_WEIGHTS_FIT } Fuse;

/** A way to make stacks. */
typedef struct {
  Fuse fuse;
  guint64 finer;     /* tiles of a stack of several layers, or of all where there is none: so many times the least */
  gboolean columns;  /* in such stacks, or where there are none, what is dealt by rows is dealt by columns: then all cores work on each tile */
  gboolean balanced; /* in such stacks, layers go to different kinds of cores, so that these can be busy at once */
  HdPriority order;  /* that is tried first */
} Policy;

static const Policy POLICIES[] = {
  { FUSE_WHAT_IS_CUT,        1, FALSE, FALSE, HD_PRIORITY_LATENCY },
  { FUSE_WHAT_IS_CUT,        4, FALSE, FALSE, HD_PRIORITY_LATENCY },
  { FUSE_WHAT_IS_CUT,        4, TRUE,  FALSE, HD_PRIORITY_LATENCY },
  { FUSE_NONE,               1, FALSE, FALSE, HD_PRIORITY_LATENCY },
  { FUSE_TAILS,              1, FALSE, FALSE, HD_PRIORITY_LATENCY },
  { FUSE_TAILS,              4, FALSE, FALSE, HD_PRIORITY_LATENCY },
  { FUSE_TAILS,              4, TRUE,  FALSE, HD_PRIORITY_LATENCY },
  { FUSE_WHILE_WEIGHTS_FIT,  1, FALSE, FALSE, HD_PRIORITY_MEMORY },
  { FUSE_WHILE_WEIGHTS_FIT,  1, TRUE,  FALSE, HD_PRIORITY_MEMORY },
  { FUSE_WHILE_WEIGHTS_FIT,  4, FALSE, FALSE, HD_PRIORITY_MEMORY },
  { FUSE_WHILE_WEIGHTS_FIT,  4, TRUE,  FALSE, HD_PRIORITY_MEMORY },
  { FUSE_WHILE_WEIGHTS_FIT, 16, TRUE,  FALSE, HD_PRIORITY_MEMORY },
  { FUSE_NONE,               4, FALSE, FALSE, HD_PRIORITY_LATENCY },
  { FUSE_NONE,               1, TRUE,  FALSE, HD_PRIORITY_LATENCY },
  { FUSE_NONE,               4, TRUE,  FALSE, HD_PRIORITY_LATENCY },
  { FUSE_WHILE_WEIGHTS_FIT,  1, TRUE,  TRUE,  HD_PRIORITY_MEMORY },
  { FUSE_WHILE_WEIGHTS_FIT,  4, TRUE,  TRUE,  HD_PRIORITY_MEMORY },
};

/* --- stacks ------------------------------------------------------------------------------------------- */

static guint64
easy_rows_of (const Rule *rule, HdLayerId l)
{
  return rule_placement (rule, l)->easy_rows;
}

/* Whether @l joins the stack of the layers before it, whose weights take @weights on a core. */
static gboolean
joins (const Rule *rule, Fuse fuse, HdLayerId l, guint64 weights)
{
  guint64 own = _hd_explore_rule_weights (rule, l);
  gboolean fits = weights + own <= _hd_explore_rule_weight_capacity (rule, l) / 2;
  /* A stack is cut along the rows of its last layer. */
  if (rule->space->layer[l].row_rank < 0 && easy_rows_of (rule, l - 1) > 1)
    return FALSE;
  switch (fuse) {
  case FUSE_TAILS:
    return own == 0;
  case FUSE_WHAT_IS_CUT:
    return fits && own == 0 && (easy_rows_of (rule, l) > 1 || easy_rows_of (rule, l - 1) > 1);
  case FUSE_WHILE_WEIGHTS_FIT:
    return fits && rule->space->layer[l].row_rank >= 0;
  default:
    return FALSE;
  }
}

/* The placement on the same cores, by columns instead of rows; the chosen one where there is none. */
static guint16
by_columns (const Rule *rule, HdLayerId l)
{
  const LayerSpace *space = &rule->space->layer[l];
  const Placement *chosen = rule_placement (rule, l);
  for (guint i = 0; chosen->split >= 0 && chosen->split == space->row_rank && i < rule_n_placements (rule, l); i++) {
    const Placement *other = &g_array_index (space->placement, Placement, i);
    if (other->split >= 0 && other->split == space->column_rank && other->n_cores == chosen->n_cores && other->cores[0] == chosen->cores[0])
      return (guint16) i;
  }
  return rule->cores[l];
}

/* The first of the values that is @wanted tiles or more. */
static guint
value_of_tiles (const GArray *tiles, guint64 wanted)
{
  guint value = 0;
  while (value + 1 < tiles->len && g_array_index (tiles, guint64, value) < wanted)
    value++;
  return value;
}

/* @easy: where single rows are too long, the columns are cut so that a quarter of each memory is left. */
static void
end_stack (Rule *rule, const Policy *policy, gboolean easy, HdLayerId first, HdLayerId last, guint16 *genes)
{
  const LayerSpace *space = rule->space->layer;
  guint64 columns = 1;
  gboolean columns_dealt = policy->columns && (first < last || policy->fuse == FUSE_NONE);
  if (policy->balanced && first < last)
    _hd_explore_rule_balance (rule, first, last);
  for (HdLayerId l = first; l <= last; l++) {
    if (columns_dealt)
      rule->cores[l] = by_columns (rule, l);
    set_gene (rule->space, genes, l, GENE_CORES, rule->cores[l]);
    _hd_explore_rule_slice (rule, l, genes);
    /* The first tile of a stack is larger than the others, and a stack without rows at its end has no tiles: its layers are cut by themselves, too. */
    set_gene (rule->space, genes, l, GENE_ROWS, value_of_tiles (space[l].rows, easy_rows_of (rule, l)));
    columns = MAX (columns, easy ? rule_placement (rule, l)->easy_columns : rule_placement (rule, l)->least_columns);
  }
  guint64 tiles = first < last ? _hd_explore_rule_tiles (rule, first, last) * policy->finer : easy_rows_of (rule, last) * (policy->fuse == FUSE_NONE ? policy->finer : 1);
  set_gene (rule->space, genes, last, GENE_ROWS, value_of_tiles (space[last].rows, tiles));
  set_gene (rule->space, genes, last, GENE_COLUMNS, value_of_tiles (space[last].columns, columns));
  set_gene (rule->space, genes, last, GENE_ENDS, 1);
}

static void
choose_stacks (Rule *rule, const Policy *policy, gboolean easy, guint16 *genes)
{
  HdLayerId first = 0, n = rule->space->workload->n_layers;
  guint64 weights = 0;
  for (HdLayerId l = 0; l < n; l++) {
    weights += _hd_explore_rule_weights (rule, l);
    if (l + 1 < n && joins (rule, policy->fuse, l + 1, weights))
      continue;
    end_stack (rule, policy, easy, first, l, genes);
    first = l + 1;
    weights = 0;
  }
}

/* --- the starts ---------------------------------------------------------------------------------------- */

static gboolean
is_new (const HdExploreSpace *self, const guint16 *genes)
{
  guint n = self->problem.n_genes;
  for (guint i = 0; i < self->n_starts; i++)
    if (memcmp ((const guint16 *) (const void *) self->starts->data + (gsize) i * n, genes, n * sizeof *genes) == 0)
      return FALSE;
  return TRUE;
}

/* One start there is always. */
static gboolean
is_too_much (const HdExploreSpace *self, const guint16 *genes)
{
  g_autoptr (HdMapping) mapping = self->n_starts > 0 ? _hd_explore_decode (self, self->platform, genes, NULL) : NULL;
  return mapping != NULL && !_hd_explore_check_effort (self, mapping, NULL);
}

static void
add_start (HdExploreSpace *self, guint16 *genes)
{
  _hd_explore_repair (self, genes);
  if (!is_new (self, genes) || is_too_much (self, genes))
    return;
  g_array_append_vals (self->starts, genes, self->problem.n_genes);
  self->n_starts++;
}

static gboolean
has_stack (const HdExploreSpace *self, const guint16 *genes)
{
  for (HdLayerId l = 0; l + 1 < self->workload->n_layers; l++)
    if (!_hd_explore_ends (self, genes, l))
      return TRUE;
  return FALSE;
}

/* Each start that has a stack in the other orders, too. */
static void
add_orders (HdExploreSpace *self)
{
  guint n = self->problem.n_genes;
  g_autofree guint16 *genes = g_new (guint16, n + 1);
  for (guint order = 0; self->order_gene != NO_GENE && order < self->problem.n_values[self->order_gene]; order++)
    for (guint i = 0; i < self->n_plain; i++) {
      memcpy (genes, (const guint16 *) (const void *) self->starts->data + (gsize) i * n, n * sizeof *genes);
      genes[self->order_gene] = (guint16) order;
      if (has_stack (self, genes))
        add_start (self, genes);
    }
}

void
_hd_explore_starts (HdExploreSpace *self)
{
  HdCostOptions simple = { .rules = HD_RULES_SIMPLE, .objective = HD_OBJECTIVE_LATENCY };
  g_autoptr (HdCostModel) cost = hd_cost_model_new (self->platform, self->workload, &simple);
  g_autofree guint16 *genes = g_new (guint16, self->problem.n_genes + 1);
  Rule rule;
  _hd_explore_rule_init (&rule, self, cost);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (POLICIES); i++) {
    const Policy *policy = &POLICIES[i % G_N_ELEMENTS (POLICIES)];
    if (self->options.layer_by_layer && policy->fuse != FUSE_NONE)
      continue;
    memset (genes, 0, self->problem.n_genes * sizeof *genes);
    memcpy (rule.cores, rule.own, self->workload->n_layers * sizeof *rule.cores);
    choose_stacks (&rule, policy, i >= G_N_ELEMENTS (POLICIES), genes);
    if (self->order_gene != NO_GENE)
      genes[self->order_gene] = (guint16) (policy->order - HD_PRIORITY_LATENCY);
    add_start (self, genes);
  }
  _hd_explore_rule_clear (&rule);
  self->n_plain = self->n_starts;
  add_orders (self);
}

/* --- the best of them ------------------------------------------------------------------------------------ */

static double
product (const HdExploreSpace *self, const HdExploreScore *score)
{
  double value = 1;
  for (guint i = 0; i < self->options.n_metrics; i++)
    value *= score->value[self->options.metric[i]];
  return value;
}

HdMapping *
hd_explore_allocate (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options, GError **error)
{
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, options, error);
  const guint16 *best = NULL;
  double least = 0;
  if (space == NULL)
    return NULL;
  for (guint i = 0; i < space->n_starts; i++) {
    const guint16 *genes = (const guint16 *) (const void *) space->starts->data + (gsize) i * space->problem.n_genes;
    HdExploreScore score;
    if (!hd_explore_draft (space, genes, &score, NULL) || (best != NULL && product (space, &score) >= least))
      continue;
    least = product (space, &score);
    best = genes;
  }
  return best != NULL ? hd_explore_space_mapping (space, best, error) : hd_mapping_default (workload, platform, error);
}
