/* From rules to rows: what a layer's own element leaves unsaid comes from its operator's, then from its stack's, then from the platform. */
#include "config.h"
#include <heddle/checked.h>
#include "mapping/rules.h"

typedef struct {
  const HdMappingRule *own, *operator, *stack;   /* each nullable */
} Rules;

static const char *const CLASS_NAMES[] = { "MAC", "POOL", "VECTOR", "MOVE" };

static HdMappingRule *
find_operator_rule (const HdMappingReader *reader, const char *type)
{
  for (guint i = 0; i < reader->operator_rules->len; i++) {
    HdMappingRule *rule = g_ptr_array_index (reader->operator_rules, i);
    if (g_str_equal (rule->name, type))
      return rule;
  }
  return NULL;
}

/* --- cores ------------------------------------------------------------------------------------------ */

gboolean
hd_mapping_core_takes (const HdCore *core, const HdLayer *layer)
{
  if ((core->operators >> layer->layer_class & 1) == 0)
    return FALSE;
  if (core->kind != HD_CORE_FIXED)
    return TRUE;
  for (guint i = 0; i < core->n_fixed; i++)
    if (g_str_equal (core->fixed[i].operator_type, layer->operator_type) || g_str_equal (core->fixed[i].operator_type, "*"))
      return TRUE;
  return FALSE;
}

void
_hd_mapping_give_default_core (HdMappingReader *reader, const HdLayer *layer, HdMappingLayer *row)
{
  const HdPlatform *platform = reader->mapping->platform;
  row->n_cores = 1;
  row->cores = g_new0 (HdCoreId, 1);
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    if (hd_mapping_core_takes (&platform->core[c], layer)) {
      row->cores[0] = c;
      return;
    }
  hd_diagnostics_add (reader->faults, row->line, "no core of \"%s\" takes the layer \"%s\" (%s, class %s)", platform->name, layer->name, layer->operator_type,
                      CLASS_NAMES[layer->layer_class]);
}

static void
give_cores (HdMappingReader *reader, const HdLayer *layer, const Rules *rules, HdMappingLayer *row)
{
  const HdPlatform *platform = reader->mapping->platform;
  const HdMappingRule *rule = rules->own != NULL && rules->own->cores != NULL ? rules->own : rules->operator;
  if (rule == NULL || rule->cores == NULL || rule->cores->len == 0) {
    _hd_mapping_give_default_core (reader, layer, row);
    return;
  }
  row->n_cores = rule->cores->len;
  row->cores = g_memdup2 (rule->cores->data, rule->cores->len * sizeof (HdCoreId));
  for (guint i = 0; i < row->n_cores; i++)
    if (!hd_mapping_core_takes (&platform->core[row->cores[i]], layer))
      hd_diagnostics_add (reader->faults, rule->line, "the core \"%s\" does not take the layer \"%s\" (%s, class %s)", platform->core[row->cores[i]].id, layer->name,
                          layer->operator_type, CLASS_NAMES[layer->layer_class]);
}

/* --- cuts ------------------------------------------------------------------------------------------- */

static void
add_cut (GArray *cuts, const HdRank *rank, guint64 size, guint line)
{
  HdMappingCut cut = { .rank = g_strdup (rank->name), .size = size, .line = line };
  g_array_append_val (cuts, cut);
}

/* The cut of a rank out of the innermost rule that has one. A stack's or operator's may be too large for some of its layers: those stay whole. */
static void
give_cut_of_rank (HdMappingReader *reader, const HdRank *rank, const Rules *rules, GArray *cuts)
{
  const HdMappingRule *order[] = { rules->own, rules->operator, rules->stack };
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    const HdMappingTerm *term = order[i] != NULL ? _hd_mapping_find_term (order[i]->cuts, rank->name) : NULL;
    if (term == NULL)
      continue;
    if (i == 0 && term->size > rank->size)
      hd_diagnostics_add (reader->faults, term->line, "a cut of %s into pieces of %" G_GUINT64_FORMAT " - expected at most its size, %" G_GUINT64_FORMAT, rank->name,
                          term->size, rank->size);
    else if (term->size < rank->size)
      add_cut (cuts, rank, term->size, term->line);
    return;
  }
}

/* A rank that is split over cores is cut into as many pieces, where nobody says otherwise. */
static void
give_split (const HdLayer *layer, const Rules *rules, HdMappingLayer *row)
{
  const HdMappingRule *rule = rules->own != NULL && rules->own->split != NULL ? rules->own : rules->operator;
  row->split = rule != NULL && rule->split != NULL ? hd_layer_find_rank (layer, rule->split) : -1;
}

static void
give_cuts (HdMappingReader *reader, const HdLayer *layer, const Rules *rules, HdMappingLayer *row)
{
  g_autoptr (GArray) cuts = g_array_new (FALSE, FALSE, sizeof (HdMappingCut));
  give_split (layer, rules, row);
  for (guint r = 0; r < layer->n_ranks; r++) {
    guint before = cuts->len;
    give_cut_of_rank (reader, &layer->rank[r], rules, cuts);
    if (row->split == (int) r && cuts->len == before && row->n_cores > 1 && layer->rank[r].size > 1)
      add_cut (cuts, &layer->rank[r], hd_ceil_div (layer->rank[r].size, row->n_cores), row->line);
  }
  row->n_cuts = cuts->len;
  row->cut = g_memdup2 (cuts->data, cuts->len * sizeof (HdMappingCut));
}

/* --- boxes of outputs with several digits --------------------------------------------------------------- */

/* Pieces of an inner digit of an output dimension make a box only where the outer digits are fixed. Returns the outer rank that is not, or -1. */
int
_hd_mapping_hindering_rank (const HdLayer *layer, const guint64 *piece, guint rank)
{
  const HdOperand *output = hd_layer_output (layer);
  if (piece[rank] >= layer->rank[rank].size)
    return -1;
  for (guint d = 0; d < HD_DIMS_MAX; d++) {
    gint32 own = output->projection[d].coefficient[rank];
    for (guint r = 0; own != 0 && r < layer->n_ranks; r++)
      if (r != rank && layer->rank[r].size > 1 && piece[r] > 1 && ABS ((gint64) output->projection[d].coefficient[r]) > ABS ((gint64) own))
        return (int) r;
  }
  return -1;
}

/* Smallest piece of each rank that the cuts and, on the last layer of a stack, the tile make; and the line that says so. */
static void
find_pieces (const HdLayer *layer, const HdMappingLayer *row, const HdMappingStack *tile, guint64 *piece, guint *line)
{
  for (guint r = 0; r < layer->n_ranks; r++) {
    piece[r] = layer->rank[r].size;
    line[r] = row->line;
  }
  for (guint a = 0; tile != NULL && a < tile->n_axes; a++) {
    int r = hd_layer_find_rank (layer, tile->axis[a].rank);
    piece[r] = tile->axis[a].size;
    line[r] = tile->axis[a].line;
  }
  for (guint i = 0; i < row->n_cuts; i++) {
    int r = hd_layer_find_rank (layer, row->cut[i].rank);
    piece[r] = MIN (piece[r], row->cut[i].size);
    line[r] = row->cut[i].line;
  }
}

static void
check_boxes (HdMappingReader *reader, const HdLayer *layer, const HdMappingLayer *row, const HdMappingStack *tile)
{
  guint64 piece[HD_RANKS_MAX];
  guint line[HD_RANKS_MAX];
  find_pieces (layer, row, tile, piece, line);
  for (guint r = 0; r < layer->n_ranks; r++) {
    int outer = _hd_mapping_hindering_rank (layer, piece, r);
    if (outer >= 0)
      hd_diagnostics_add (reader->faults, line[r], "pieces of %s make no boxes of the output of \"%s\" - expected %s cut into pieces of 1 as well", layer->rank[r].name,
                          layer->name, layer->rank[outer].name);
  }
}

/* --- loops ------------------------------------------------------------------------------------------ */

static void
check_unrolled_size (HdMappingReader *reader, const HdCore *core, const HdLayer *layer, const HdMappingLayer *row, guint line)
{
  for (guint d = 0; d < core->n_dimensions; d++) {
    guint64 product = 1;
    for (guint i = 0; i < row->n_unrolls; i++)
      if (row->unroll[i].dimension == d && !hd_mul_u64 (product, row->unroll[i].factor, &product))
        product = G_MAXUINT64;
    if (product > core->dimension_size[d])
      hd_diagnostics_add (reader->faults, line, "the loops of \"%s\" on %s of \"%s\" take %" G_GUINT64_FORMAT " places - expected at most %" G_GUINT64_FORMAT, layer->name,
                          core->dimension_name[d], core->id, product, core->dimension_size[d]);
  }
}

static int
find_dimension (const HdCore *core, const char *name)
{
  for (guint d = 0; d < core->n_dimensions; d++)
    if (g_str_equal (core->dimension_name[d], name))
      return (int) d;
  return -1;
}

static void
give_unrolls (HdMappingReader *reader, const HdLayer *layer, const Rules *rules, HdMappingLayer *row)
{
  const HdMappingRule *rule = rules->own != NULL && rules->own->unrolls != NULL ? rules->own : rules->operator;
  const HdCore *core = &reader->mapping->platform->core[row->cores[0]];
  if (rule == NULL || rule->unrolls == NULL)
    return;
  row->unroll = g_new0 (HdMappingUnroll, rule->unrolls->len + 1);
  for (guint i = 0; i < rule->unrolls->len; i++) {
    const HdMappingTerm *term = &g_array_index (rule->unrolls, HdMappingTerm, i);
    int dimension = find_dimension (core, term->dimension);
    if (hd_layer_find_rank (layer, term->rank) < 0)
      continue;
    if (dimension < 0) {
      g_autofree char *what = g_strdup_printf ("array dimension of \"%s\"", core->id);
      _hd_mapping_unknown (reader, term->line, what, term->dimension, (const char *const *) core->dimension_name, core->n_dimensions);
      continue;
    }
    row->unroll[row->n_unrolls++] = (HdMappingUnroll) { .rank = g_strdup (term->rank), .dimension = (guint) dimension, .factor = term->size };
  }
  check_unrolled_size (reader, core, layer, row, rule->line);
}

static void
check_level (HdMappingReader *reader, const HdCore *core, const char *level, guint operand, guint line)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < core->n_levels; i++) {
    if ((core->level[i].operands >> operand & 1) == 0)
      continue;
    if (g_str_equal (core->level[i].id, level))
      return;
    g_ptr_array_add (names, core->level[i].id);
  }
  g_autofree char *what = g_strdup_printf ("level of \"%s\" that holds this operand", core->id);
  _hd_mapping_unknown (reader, line, what, level, (const char *const *) names->pdata, names->len);
}

static void
give_loops (HdMappingReader *reader, const HdLayer *layer, const Rules *rules, HdMappingLayer *row)
{
  const HdMappingRule *rule = rules->own != NULL && rules->own->loops != NULL ? rules->own : rules->operator;
  const HdCore *core = &reader->mapping->platform->core[row->cores[0]];
  if (rule == NULL || rule->loops == NULL)
    return;
  row->loop = g_new0 (HdMappingLoop, rule->loops->len + 1);
  for (guint i = 0; i < rule->loops->len; i++) {
    const HdMappingTerm *term = &g_array_index (rule->loops, HdMappingTerm, i);
    if (hd_layer_find_rank (layer, term->rank) < 0)
      continue;
    HdMappingLoop *loop = &row->loop[row->n_loops++];
    *loop = (HdMappingLoop) { .rank = g_strdup (term->rank), .factor = term->size };
    for (guint o = 0; o < HD_N_OPERANDS; o++) {
      loop->level[o] = g_strdup (term->level[o]);
      if (term->level[o] != NULL)
        check_level (reader, core, term->level[o], o, term->line);
    }
  }
}

/* --- names of ranks ------------------------------------------------------------------------------------ */

/* A rank must be one of @layers' ranks, all of which have already been put into @known. */
static void
check_rank (HdMappingReader *reader, guint line, const char *rank, GPtrArray *known)
{
  for (guint i = 0; i < known->len; i++)
    if (g_str_equal (g_ptr_array_index (known, i), rank))
      return;
  if (*rank != '\0' && known->len > 0)
    _hd_mapping_unknown (reader, line, "rank of these layers", rank, (const char *const *) known->pdata, known->len);
}

static void
check_rule_ranks (HdMappingReader *reader, const HdMappingRule *rule, GPtrArray *known)
{
  const GArray *lists[] = { rule->cuts, rule->unrolls, rule->loops };
  for (guint l = 0; l < G_N_ELEMENTS (lists); l++)
    for (guint i = 0; lists[l] != NULL && i < lists[l]->len; i++)
      check_rank (reader, g_array_index (lists[l], HdMappingTerm, i).line, g_array_index (lists[l], HdMappingTerm, i).rank, known);
  if (rule->split != NULL)
    check_rank (reader, rule->line, rule->split, known);
}

static void
know_ranks (GPtrArray *known, const HdLayer *layer)
{
  for (guint r = 0; r < layer->n_ranks; r++)
    if (!g_ptr_array_find_with_equal_func (known, layer->rank[r].name, g_str_equal, NULL))
      g_ptr_array_add (known, layer->rank[r].name);
}

static void
check_all_ranks (HdMappingReader *reader)
{
  const HdWorkload *workload = reader->mapping->workload;
  for (guint l = 0; l < workload->n_layers; l++) {
    g_autoptr (GPtrArray) known = g_ptr_array_new ();
    know_ranks (known, &workload->layers[l]);
    if (reader->layer_rules[l] != NULL)
      check_rule_ranks (reader, reader->layer_rules[l], known);
  }
  for (guint i = 0; i < reader->operator_rules->len; i++) {
    const HdMappingRule *rule = g_ptr_array_index (reader->operator_rules, i);
    g_autoptr (GPtrArray) known = g_ptr_array_new ();
    for (guint l = 0; l < workload->n_layers; l++)
      if (g_str_equal (workload->layers[l].operator_type, rule->name))
        know_ranks (known, &workload->layers[l]);
    check_rule_ranks (reader, rule, known);
  }
  for (guint s = 0; s < reader->stack_rules->len; s++) {
    const HdMappingStack *stack = &g_array_index (reader->stacks, HdMappingStack, s);
    g_autoptr (GPtrArray) known = g_ptr_array_new ();
    for (guint i = 0; i < stack->n_layers; i++)
      know_ranks (known, &workload->layers[stack->layers[i]]);
    check_rule_ranks (reader, g_ptr_array_index (reader->stack_rules, s), known);
  }
}

void
_hd_mapping_resolve_layers (HdMappingReader *reader)
{
  const HdWorkload *workload = reader->mapping->workload;
  check_all_ranks (reader);
  for (guint l = 0; l < workload->n_layers; l++) {
    const HdLayer *layer = &workload->layers[l];
    HdMappingLayer *row = &reader->mapping->layer[l];
    guint s = reader->stack_of_layer[l];
    const HdMappingStack *stack = s > 0 ? &g_array_index (reader->stacks, HdMappingStack, s - 1) : NULL;
    Rules rules = { reader->layer_rules[l], find_operator_rule (reader, layer->operator_type), s > 0 ? g_ptr_array_index (reader->stack_rules, s - 1) : NULL };
    row->line = rules.own != NULL ? rules.own->line : 0;
    give_cores (reader, layer, &rules, row);
    give_cuts (reader, layer, &rules, row);
    give_unrolls (reader, layer, &rules, row);
    give_loops (reader, layer, &rules, row);
    check_boxes (reader, layer, row, stack != NULL && stack->layers[stack->n_layers - 1] == l ? stack : NULL);
  }
}
