/* The model as others see it: who is asked, what is remembered.
 *
 * A key holds what a node's cost depends on: core (cores that cost the same are one), the layer's structure (layers that differ in name only share one), sizes, place, and where padding
 * cuts the box. It is made from the box without allocating, so that a shape already seen costs a hash and a comparison.
 */
#include "cost/cost.h"

#include <string.h>

#define GIVEN (1u << 31)   /* of a core in a key: with its own given mapping */

/* A tensor dimension whose padding or phase can differ between boxes of equal sizes. */
typedef struct {
  gint64 offset, size, divisor;
  guint n_terms;
  struct { guint rank; gint64 coefficient; } term[HD_RANKS_MAX];
} Edge;

typedef struct {
  guint32 structure;
  guint n_edges;
  Edge *edge;
} Layer;

struct HdCostModel {
  const HdPlatform *platform;
  const HdWorkload *workload;
  HdCostOptions options;
  Layer *layer;
  HdCostMapping **given;     /* [layer * n_cores + core], nullable */
  HdCoreId *twin;            /* by core: the first that costs the same */
  guint32 *who;              /* [layer * n_cores + core]: whose key it is: of cores that cost the same, and do the layer by the same mapping, if one is given, the first */
  guint n_structures;
  HdCostCache *cache;
  GMutex lock;               /* of reports */
  GHashTable *reports;       /* words of a key (GBytes) -> HdCostReport */
};

/* Everything about a layer that its boxes share, but names that no core looks at. */
static char *
describe_structure (const HdWorkload *workload, const HdLayer *layer)
{
  GString *s = g_string_new (NULL);

  g_string_append_printf (s, "%s %d %u %u %u;", layer->operator_type, (int) layer->layer_class, layer->partial_bits, layer->ops_per_point, layer->n_ranks);
  for (guint r = 0; r < layer->n_ranks; r++)
    g_string_append_printf (s, "%s ", layer->rank[r].name);
  for (guint o = 0; o < layer->n_operands; o++) {
    const HdOperand *operand = &layer->operands[o];
    const HdTensor *tensor = &workload->tensors[operand->tensor];
    g_string_append_printf (s, ";%d %u %d %" G_GUINT64_FORMAT, (int) operand->role, tensor->bits, operand->whole, operand->touched_per_point);
    if (operand->whole)
      g_string_append_printf (s, " %" G_GUINT64_FORMAT, tensor->total_bits);
    for (guint d = 0; d < tensor->n_dims; d++) {
      g_string_append_printf (s, "/%" G_GINT64_FORMAT " %d", operand->projection[d].divisor, operand->projection[d].exact);
      for (guint r = 0; r < layer->n_ranks; r++)
        g_string_append_printf (s, " %d", operand->projection[d].coefficient[r]);
    }
  }
  return g_string_free (s, FALSE);
}

/* FALSE when no box inside the layer can leave the tensor in this dimension and phases do not matter. */
static gboolean
init_edge (Edge *edge, const HdLayer *layer, const HdProjection *projection, guint64 size)
{
  gint64 lowest = projection->offset, highest = projection->offset;

  *edge = (Edge) { .offset = projection->offset, .size = (gint64) size, .divisor = projection->divisor };
  for (guint r = 0; r < layer->n_ranks; r++)
    if (projection->coefficient[r] != 0) {
      gint64 reach = projection->coefficient[r] * (gint64) (layer->rank[r].size - 1);
      edge->term[edge->n_terms].rank = r;
      edge->term[edge->n_terms++].coefficient = projection->coefficient[r];
      *(reach < 0 ? &lowest : &highest) += reach;
    }
  return edge->n_terms > 0 && (projection->divisor > 1 || lowest < 0 || highest >= (gint64) size);
}

static void
init_edges (Layer *self, const HdWorkload *workload, const HdLayer *layer)
{
  self->edge = g_new0 (Edge, layer->n_operands * HD_DIMS_MAX);
  for (guint o = 0; o < layer->n_operands; o++) {
    const HdTensor *tensor = &workload->tensors[layer->operands[o].tensor];
    for (guint d = 0; d < tensor->n_dims; d++)
      self->n_edges += (guint) init_edge (&self->edge[self->n_edges], layer, &layer->operands[o].projection[d], tensor->size[d]);
  }
}

HdCostModel *
hd_cost_model_new (const HdPlatform *platform, const HdWorkload *workload, const HdCostOptions *options)
{
  HdCostModel *self = g_new0 (HdCostModel, 1);
  g_autoptr (GHashTable) structures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->platform = platform;
  self->workload = workload;
  self->options = options ? *options : (HdCostOptions) { 0 };
  self->layer = g_new0 (Layer, workload->n_layers);
  self->given = g_new0 (HdCostMapping *, (gsize) workload->n_layers * MAX (platform->n_cores, 1));
  self->twin = _hd_cost_first_twins (platform);
  self->who = g_new (guint32, (gsize) workload->n_layers * platform->n_cores + 1);
  for (guint l = 0; l < workload->n_layers; l++)
    memcpy (self->who + (gsize) l * platform->n_cores, self->twin, platform->n_cores * sizeof *self->who);
  self->cache = _hd_cost_cache_new ();
  g_mutex_init (&self->lock);
  self->reports = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, (GDestroyNotify) hd_cost_report_free);
  for (guint l = 0; l < workload->n_layers; l++) {
    char *structure = describe_structure (workload, &workload->layers[l]);
    gpointer id = g_hash_table_lookup (structures, structure);
    if (!id)
      id = GUINT_TO_POINTER (++self->n_structures);
    self->layer[l].structure = GPOINTER_TO_UINT (id);
    g_hash_table_replace (structures, structure, id);
    init_edges (&self->layer[l], workload, &workload->layers[l]);
  }
  return self;
}

void
hd_cost_model_free (HdCostModel *self)
{
  if (!self)
    return;
  for (guint l = 0; l < self->workload->n_layers; l++) {
    g_free (self->layer[l].edge);
    for (guint c = 0; c < self->platform->n_cores; c++)
      g_free (self->given[(gsize) l * self->platform->n_cores + c]);
  }
  g_free (self->layer);
  g_free (self->given);
  g_free (self->twin);
  g_free (self->who);
  _hd_cost_cache_free (self->cache);
  g_hash_table_unref (self->reports);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static HdCostMapping **
given_slot (const HdCostModel *self, HdLayerId layer, HdCoreId core)
{
  return &self->given[(gsize) layer * self->platform->n_cores + core];
}

/* A given mapping was said or changed: those that are the same, on cores that cost the same, are told by the first of them. */
static void
find_same_given (HdCostModel *self, HdLayerId layer)
{
  guint32 *who = self->who + (gsize) layer * self->platform->n_cores;
  g_autoptr (GArray) firsts = g_array_new (FALSE, FALSE, sizeof (HdCoreId));
  for (HdCoreId c = 0; c < self->platform->n_cores; c++) {
    const HdCostMapping *given = *given_slot (self, layer, c);
    guint i = 0;
    if (given == NULL)
      continue;
    for (; i < firsts->len; i++) {
      HdCoreId first = g_array_index (firsts, HdCoreId, i);
      if (self->twin[first] == self->twin[c] && memcmp (*given_slot (self, layer, first), given, sizeof *given) == 0)
        break;
    }
    if (i == firsts->len)
      g_array_append_val (firsts, c);
    who[c] = g_array_index (firsts, HdCoreId, i) | GIVEN;
  }
}

static gboolean
check_mapping (const HdLayer *layer, const HdCore *core, const HdCostMapping *mapping, GError **error)
{
  guint64 used[HD_ARRAY_DIMS_MAX];

  for (guint d = 0; d < HD_ARRAY_DIMS_MAX; d++)
    used[d] = 1;
  for (guint u = 0; u < mapping->n_unrolls; u++) {
    guint rank = mapping->unroll[u].rank, d = mapping->unroll[u].dimension;
    if (rank >= layer->n_ranks || d >= core->n_dimensions || mapping->unroll[u].factor == 0) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "layer %s on core %s: unrolling %u names a rank or an array dimension that does not exist, or has factor 0",
                   layer->name, core->id, u);
      return FALSE;
    }
    if (!hd_mul_u64 (used[d], mapping->unroll[u].factor, &used[d]) || used[d] > core->dimension_size[d]) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "layer %s on core %s: array dimension %s has %" G_GUINT64_FORMAT " units - the mapping unrolls %" G_GUINT64_FORMAT,
                   layer->name, core->id, core->dimension_name[d], core->dimension_size[d], used[d]);
      return FALSE;
    }
  }
  for (guint l = 0; l < mapping->n_loops; l++)
    if (mapping->loop[l].rank >= layer->n_ranks || mapping->loop[l].factor == 0) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "layer %s on core %s: loop %u names a rank that does not exist, or has factor 0", layer->name, core->id, l);
      return FALSE;
    }
  return TRUE;
}

gboolean
hd_cost_model_set_mapping (HdCostModel *self, HdLayerId layer, HdCoreId core, const HdCostMapping *mapping, GError **error)
{
  g_return_val_if_fail (layer < self->workload->n_layers && core < self->platform->n_cores, FALSE);
  if (!check_mapping (&self->workload->layers[layer], &self->platform->core[core], mapping, error))
    return FALSE;
  g_free (*given_slot (self, layer, core));
  *given_slot (self, layer, core) = g_memdup2 (mapping, sizeof *mapping);
  find_same_given (self, layer);
  self->layer[layer].structure = ++self->n_structures;  /* shares with nobody from now on */
  return TRUE;
}

gboolean
hd_cost_core_takes (const HdCostModel *self, HdCoreId core, HdLayerId layer)
{
  return (self->platform->core[core].operators >> self->workload->layers[layer].layer_class) & 1;
}

const HdCore *
_hd_cost_model_core (const HdCostModel *self, HdCoreId core)
{
  return &self->platform->core[core];
}

gboolean
_hd_cost_model_shape (const HdCostModel *self, HdCoreId core_id, HdLayerId layer, const HdBox *box, const HdCore **core, HdCostShape *shape, GError **error)
{
  *core = &self->platform->core[core_id];
  return _hd_shape_init (shape, self->workload, &self->workload->layers[layer], box, error);
}

/* FALSE: too many words, the node goes past the cache. */
static gboolean
make_key (const HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, const HdCostPlace *place, HdCostKey *key)
{
  const Layer *l = &self->layer[layer];
  guint n = 0;

  if (2 + box->n + 3 * l->n_edges > HD_KEY_WORDS)
    return FALSE;
  key->word[n++] = (guint64) self->who[(gsize) layer * self->platform->n_cores + core] << 32 | l->structure;
  key->word[n++] = (guint64) (guint8) place->top[0] << 16 | (guint64) (guint8) place->top[1] << 8 | (guint8) place->top[2] |
                   (guint64) place->partial_in << 24 | (guint64) place->partial_out << 25;
  for (guint r = 0; r < box->n; r++)
    key->word[n++] = (guint64) hd_range_size (box->range[r]);
  for (guint e = 0; e < l->n_edges; e++) {
    const Edge *edge = &l->edge[e];
    gint64 first = edge->offset, last = edge->offset;
    for (guint t = 0; t < edge->n_terms; t++) {
      gint64 c = edge->term[t].coefficient;
      HdRange range = box->range[edge->term[t].rank];
      first += c * (c > 0 ? range.from : range.to - 1);
      last += c * (c > 0 ? range.to - 1 : range.from);
    }
    key->word[n++] = first < 0 ? (guint64) -first : 0;
    key->word[n++] = last >= edge->size * edge->divisor ? (guint64) (last - edge->size * edge->divisor) + 1 : 0;
    key->word[n++] = (guint64) (first - hd_floor_div (first, edge->divisor) * edge->divisor);
  }
  key->n = n;
  return TRUE;
}

static gboolean
dispatch (const HdCostQuestion *q, HdCostReport *report, GError **error)
{
  switch (q->core->kind) {
  case HD_CORE_VECTOR:
  case HD_CORE_POOLING:
    return _hd_cost_lanes (q, report, error);
  case HD_CORE_FIXED:
    return _hd_cost_fixed (q, report, error);
  case HD_CORE_IMC:
    return _hd_cost_imc (q, report, error);
  case HD_CORE_SYSTOLIC:
    return _hd_cost_systolic (q, report, error);
  default:
    if (q->options->rules == HD_RULES_SIMPLE || q->core->n_levels == 0)
      return _hd_cost_simple (q, report, error);
    return _hd_cost_array (q, report, error);
  }
}

/* From cycles of the core to base cycles, with what each node costs besides. */
static gboolean
to_base_cycles (HdNodeCost *cost, const HdCore *core, const HdLayer *layer, GError **error)
{
  guint64 *field[] = { &cost->cycles, &cost->load_cycles, &cost->ideal_cycles, &cost->compute_cycles, &cost->stall_cycles,
                       &cost->input_cycles, &cost->offload_cycles, &cost->fill_cycles };

  cost->fill_cycles += core->node_overhead;
  cost->cycles += MIN (core->node_overhead, G_MAXUINT64 - cost->cycles);
  for (guint i = 0; i < G_N_ELEMENTS (field); i++)
    if (!hd_mul_u64 (*field[i], core->period, field[i])) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "layer %s on core %s: the cycles of a node do not fit in 64 bits", layer->name, core->id);
      return FALSE;
    }
  hd_assert_invariant (cost->cycles >= cost->compute_cycles && cost->cycles - cost->compute_cycles - cost->stall_cycles - cost->input_cycles - cost->fill_cycles <= cost->offload_cycles,
                       "core %s, layer %s: the parts of %" G_GUINT64_FORMAT " cycles do not add up", core->id, layer->name, cost->cycles);
  return TRUE;
}

/* What a platform file cannot say, but a platform made otherwise could. */
static gboolean
check_core (const HdCore *core, GError **error)
{
  const char *why = core->n_levels > HD_COST_LEVELS_MAX ? "has too many levels" : core->n_dimensions > HD_ARRAY_DIMS_MAX ? "has too many array dimensions" : core->period == 0 ? "has no clock" : NULL;

  for (guint l = 0; !why && l < core->n_levels; l++)
    if (core->level[l].read_width == 0 || core->level[l].write_width == 0 || core->level[l].read_granularity == 0 || core->level[l].write_granularity == 0 || core->level[l].size_bits == 0)
      why = "has a level without a size, a width or a granularity";
  for (guint d = 0; !why && d < core->n_dimensions; d++)
    if (core->dimension_size[d] == 0)
      why = "has an array dimension of no units";
  if (why)
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core %s %s", core->id, why);
  return !why;
}

/* Unfinished sums come and go in their own width. */
static void
apply_place (HdCostShape *shape, const HdCostPlace *place)
{
  shape->partial_in = place->partial_in != 0;
  shape->partial_out = place->partial_out != 0;
  if (shape->partial_out)
    shape->operand[HD_OPERAND_OUTPUT].bits = shape->partial_bits;
}

static HdCostReport *
compute (HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, const HdCostPlace *place, GError **error)
{
  g_autoptr (HdCostReport) report = g_new0 (HdCostReport, 1);
  HdCostShape shape;
  HdCostQuestion q = { self->platform, &self->platform->core[core], &shape, &self->options, *given_slot (self, layer, core), *place };

  if (!hd_cost_core_takes (self, core, layer)) {
    g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core %s does not take layer %s (%s)", q.core->id, self->workload->layers[layer].name,
                 self->workload->layers[layer].operator_type);
    return NULL;
  }
  if (!check_core (q.core, error))
    return NULL;
  report->layer = layer;
  report->core = core;
  if (!_hd_shape_init (&shape, self->workload, &self->workload->layers[layer], box, error))
    return NULL;
  apply_place (&shape, place);
  if (!dispatch (&q, report, error) ||
      !to_base_cycles (&report->cost, q.core, shape.layer, error))
    return NULL;
  return g_steal_pointer (&report);
}

gboolean
hd_cost_node (HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, const HdCostPlace *place, HdNodeCost *cost, GError **error)
{
  static const HdCostPlace default_place = HD_COST_PLACE_DEFAULT;
  g_autoptr (HdCostReport) report = NULL;
  const HdNodeCost *known;
  HdCostKey key;
  gboolean cached;

  g_return_val_if_fail (layer < self->workload->n_layers && core < self->platform->n_cores && !hd_box_is_empty (box), FALSE);
  place = place ? place : &default_place;
  cached = make_key (self, core, layer, box, place, &key);
  if (cached && (known = _hd_cost_cache_find (self->cache, &key))) {
    *cost = *known;
    return TRUE;
  }
  if (!(report = compute (self, core, layer, box, place, error)))
    return FALSE;
  *cost = report->cost;
  if (cached)
    _hd_cost_cache_insert (self->cache, &key, cost);
  return TRUE;
}

static HdCostReport *
copy_report (const HdCostReport *report)
{
  HdCostReport *copy = g_memdup2 (report, sizeof *report);

  copy->level = g_memdup2 (report->level, report->n_levels * sizeof report->level[0]);
  return copy;
}

/* What is said of @words already, for @layer and @core: nothing more was looked at. */
static HdCostReport *
known_report (HdCostModel *self, GBytes *words, HdCoreId core, HdLayerId layer)
{
  const HdCostReport *known;
  HdCostReport *copy = NULL;

  g_mutex_lock (&self->lock);
  if ((known = g_hash_table_lookup (self->reports, words))) {
    copy = copy_report (known);
    copy->core = core;
    copy->layer = layer;
    copy->cost.evaluations = 0;
  }
  g_mutex_unlock (&self->lock);
  return copy;
}

HdCostReport *
hd_cost_report (HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, const HdCostPlace *place, GError **error)
{
  static const HdCostPlace default_place = HD_COST_PLACE_DEFAULT;
  g_autoptr (GBytes) words = NULL;
  HdCostReport *report;
  HdCostKey key;

  g_return_val_if_fail (layer < self->workload->n_layers && core < self->platform->n_cores && !hd_box_is_empty (box), NULL);
  place = place ? place : &default_place;
  if (!make_key (self, core, layer, box, place, &key))
    return compute (self, core, layer, box, place, error);
  words = g_bytes_new (key.word, key.n * sizeof key.word[0]);
  if ((report = known_report (self, words, core, layer)) || !(report = compute (self, core, layer, box, place, error)))
    return report;
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->reports, g_bytes_ref (words), copy_report (report));
  g_mutex_unlock (&self->lock);
  return report;
}

void
hd_cost_report_free (HdCostReport *self)
{
  if (!self)
    return;
  g_free (self->level);
  g_free (self);
}

void
hd_cost_model_statistics (const HdCostModel *self, guint64 *shapes, guint64 *evaluations)
{
  _hd_cost_cache_totals (self->cache, shapes, evaluations);
}
