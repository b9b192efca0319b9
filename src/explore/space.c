/* The space's life, its genes, their names. */
#include "config.h"
#include "explore/space.h"

#include <string.h>

/* Loop factors of a node, of which the smallest are merged, when a search costs it. */
enum { DRAFT_FACTORS = 4 };


/* --- genes -------------------------------------------------------------------------------------------- */

static void
add_gene (HdExploreSpace *self, HdLayerId l, GeneKind what, HdGeneKind kind, guint n)
{
  guint16 n_values = (guint16) n;
  GeneOf of = { l, what };
  self->layer[l].gene[what] = NO_GENE;
  if (n < 2)
    return;
  self->layer[l].gene[what] = self->gene_of->len;
  g_array_append_val (self->gene_of, of);
  g_array_append_val (self->n_values, n_values);
  g_array_append_val (self->kind, kind);
}

static void
add_genes (HdExploreSpace *self, HdLayerId l)
{
  const LayerSpace *space = &self->layer[l];
  gboolean fuses = !self->options.layer_by_layer;
  add_gene (self, l, GENE_CORES, HD_GENE_CATEGORICAL, MIN (space->placement->len, G_MAXUINT16));
  add_gene (self, l, GENE_SLICES, HD_GENE_ORDINAL, space->slices->len);
  add_gene (self, l, GENE_ROWS, HD_GENE_ORDINAL, space->rows->len);
  add_gene (self, l, GENE_COLUMNS, HD_GENE_ORDINAL, space->columns->len);
  add_gene (self, l, GENE_ENDS, HD_GENE_CATEGORICAL, fuses && l + 1 < self->workload->n_layers ? 2 : 1);
  add_gene (self, l, GENE_RETENTION, HD_GENE_CATEGORICAL, fuses && l > 0 && space->rows->len > 1 ? 2 : 1);
}

/* In which order the nodes go decides what has to leave a memory, and no order is best for all mappings: where nobody says which, it is searched with the rest. */
static void
add_order_gene (HdExploreSpace *self)
{
  guint n = self->workload->inferences > 1 ? HD_PRIORITY_THROUGHPUT : HD_PRIORITY_STACK;
  GeneOf of = { HD_NONE, GENE_ORDER };
  guint16 n_values = (guint16) n;
  HdGeneKind kind = HD_GENE_CATEGORICAL;
  self->order_gene = NO_GENE;
  if (self->options.priority != HD_PRIORITY_BEST || !g_str_equal (self->pass, "multi-core"))
    return;
  self->order_gene = self->gene_of->len;
  g_array_append_val (self->gene_of, of);
  g_array_append_val (self->n_values, n_values);
  g_array_append_val (self->kind, kind);
}

static void
make_problem (HdExploreSpace *self)
{
  if (self->options.n_metrics == 0) {
    self->options.n_metrics = 2;
    self->options.metric[0] = HD_METRIC_ENERGY;
    self->options.metric[1] = HD_METRIC_CYCLES;
  }
  self->problem = (HdSearchProblem) {
    .n_genes = self->gene_of->len,
    .n_values = (const guint16 *) (const void *) self->n_values->data,
    .kind = (const HdGeneKind *) (const void *) self->kind->data,
    .n_objectives = self->options.n_metrics,
    .data = self,
    .context_new = NULL,
    .evaluate = _hd_explore_evaluate,
    .repair = _hd_explore_repair,
  };
}

/* --- life --------------------------------------------------------------------------------------------- */

static gboolean
check_cores (HdExploreSpace *self, GError **error)
{
  g_autoptr (GString) missing = g_string_new (NULL);
  for (HdLayerId l = 0; l < self->workload->n_layers; l++)
    if (self->layer[l].placement->len == 0)
      g_string_append_printf (missing, "%sno core of \"%s\" takes the layer \"%s\" (%s)", missing->len > 0 ? "\n" : "", self->platform->name, self->workload->layers[l].name,
                              self->workload->layers[l].operator_type);
  if (missing->len == 0)
    return TRUE;
  g_set_error_literal (error, HD_ERROR, HD_ERROR_NEGATIVE, missing->str);
  return FALSE;
}

static gboolean
check_pass (const char *name, GError **error)
{
  const char *const *names = hd_pass_names ();
  if (g_strv_contains (names, name))
    return TRUE;
  g_autofree char *all = g_strjoinv (", ", (char **) names);
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there is no pass \"%s\" - expected one of %s", name, all);
  return FALSE;
}

/* The platform with coarser bursts: a copy by way of its text, so that nobody else's changes. */
static HdPlatform *
coarsen (HdPlatform *platform, guint64 burst_bits, GError **error)
{
  if (burst_bits <= platform->burst_bits)
    return hd_platform_ref (platform);
  g_autofree char *text = hd_platform_to_xml (platform);
  HdPlatform *copy = hd_platform_parse_xml (text, (gsize) strlen (text), platform->name, error);
  if (copy != NULL)
    copy->burst_bits = burst_bits;
  return copy;
}

/* Drafts ask for the costs of thousands of shapes that nobody asks for again. With few loop factors they are found in a twelfth of the time, and are off by 0.1 % of the energy and 0.4 % of the cycles;
 * least energy is found faster than the least product, and hardly slower. */
static HdCostModel *
make_draft_cost (const HdExploreSpace *self)
{
  HdCostOptions options = self->options.cost;
  if (options.rules == HD_RULES_SIMPLE)
    return self->cost;
  if (options.objective == HD_OBJECTIVE_EDP)
    options.objective = HD_OBJECTIVE_ENERGY;
  if (options.factor_limit == 0 || options.factor_limit > DRAFT_FACTORS)
    options.factor_limit = DRAFT_FACTORS;
  return hd_cost_model_new (self->platform, self->workload, &options);
}

HdExploreSpace *
hd_explore_space_new (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options, GError **error)
{
  g_autoptr (HdExploreSpace) self = g_new0 (HdExploreSpace, 1);
  self->references = 1;
  self->workload = hd_workload_ref (workload);
  self->platform = hd_platform_ref (platform);
  self->options = options != NULL ? *options : HD_EXPLORE_OPTIONS_DEFAULT;
  self->pass = g_strdup (self->options.pass != NULL ? self->options.pass : "multi-core");
  if (self->options.layer_by_layer)
    self->options.priority = HD_PRIORITY_STACK;
  self->cost = hd_cost_model_new (platform, workload, &self->options.cost);
  self->draft_cost = make_draft_cost (self);
  self->layer = g_new0 (LayerSpace, workload->n_layers + 1);
  self->n_values = g_array_new (FALSE, FALSE, sizeof (guint16));
  self->kind = g_array_new (FALSE, FALSE, sizeof (HdGeneKind));
  self->gene_of = g_array_new (FALSE, FALSE, sizeof (GeneOf));
  self->starts = g_array_new (FALSE, FALSE, sizeof (guint16));
  self->draft_platform = coarsen (platform, self->options.draft_burst_bits, error);
  if (self->draft_platform == NULL || !check_pass (self->pass, error))
    return NULL;
  for (HdLayerId l = 0; l < workload->n_layers; l++)
    _hd_explore_layer_init (self, l);
  if (!check_cores (self, error))
    return NULL;
  for (HdLayerId l = 0; l < workload->n_layers; l++)
    add_genes (self, l);
  add_order_gene (self);
  make_problem (self);
  _hd_explore_limit_effort (self);
  _hd_explore_starts (self);
  g_autoptr (HdMapping) first = hd_explore_space_mapping (self, (const guint16 *) (const void *) self->starts->data, error);
  return first != NULL && hd_pass_check_dram (first, error) ? g_steal_pointer (&self) : NULL;
}

HdExploreSpace *
hd_explore_space_ref (HdExploreSpace *self)
{
  g_atomic_int_inc (&self->references);
  return self;
}

void
hd_explore_space_unref (HdExploreSpace *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->references))
    return;
  for (HdLayerId l = 0; l < self->workload->n_layers; l++)
    _hd_explore_layer_clear (&self->layer[l]);
  g_array_unref (self->n_values);
  g_array_unref (self->kind);
  g_array_unref (self->gene_of);
  g_array_unref (self->starts);
  g_free (self->layer);
  g_free (self->pass);
  if (self->draft_cost != self->cost)
    hd_cost_model_free (self->draft_cost);
  hd_cost_model_free (self->cost);
  hd_platform_unref (self->draft_platform);
  hd_platform_unref (self->platform);
  hd_workload_unref (self->workload);
  g_free (self);
}

const HdSearchProblem *
hd_explore_space_problem (const HdExploreSpace *self)
{
  return &self->problem;
}

const guint16 *
hd_explore_space_starts (const HdExploreSpace *self, guint *n)
{
  *n = self->n_starts;
  return (const guint16 *) (const void *) self->starts->data;
}

/* --- names -------------------------------------------------------------------------------------------- */

static const char *const KIND_NAMES[N_GENE_KINDS] = { "cores", "slices", "rows", "columns", "ends", "retention" };

char *
hd_explore_space_gene_name (const HdExploreSpace *self, guint gene)
{
  GeneOf of = g_array_index (self->gene_of, GeneOf, gene);
  if (of.kind == GENE_ORDER)
    return g_strdup ("order");
  return g_strdup_printf ("%s %s", self->workload->layers[of.layer].name, KIND_NAMES[of.kind]);
}

static char *
placement_name (const HdExploreSpace *self, HdLayerId l, const Placement *placement)
{
  const HdLayer *layer = &self->workload->layers[l];
  const LayerSpace *space = &self->layer[l];
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < placement->n_cores; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", self->platform->core[placement->cores[i]].id);
  if (placement->split >= 0)
    g_string_append_printf (text, " by %s", layer->rank[placement->split].name);
  else if (placement->grid > 0)
    g_string_append_printf (text, " by %u %s x %u %s", placement->grid, layer->rank[space->slice_rank].name, placement->n_cores / placement->grid, layer->rank[space->row_rank].name);
  else if (placement->n_cores > 1)
    g_string_append (text, " in turn");
  return g_string_free (text, FALSE);
}

char *
hd_explore_space_value_name (const HdExploreSpace *self, guint gene, guint value)
{
  GeneOf of = g_array_index (self->gene_of, GeneOf, gene);
  if (of.kind == GENE_ORDER)
    return g_strdup (hd_priority_names ()[HD_PRIORITY_LATENCY + value]);
  const LayerSpace *space = &self->layer[of.layer];
  switch (of.kind) {
  case GENE_CORES:
    return placement_name (self, of.layer, &g_array_index (space->placement, Placement, value));
  case GENE_ENDS:
    return g_strdup (value != 0 ? "yes" : "no");
  case GENE_RETENTION:
    return g_strdup (hd_retention_name (value != 0 ? HD_RETENTION_RECOMPUTE : HD_RETENTION_RETAIN));
  default:
    return g_strdup_printf ("%" G_GUINT64_FORMAT, g_array_index (of.kind == GENE_SLICES ? space->slices : of.kind == GENE_ROWS ? space->rows : space->columns, guint64, value));
  }
}
