/* Setting up a loop nest: unrollings onto the array, levels per operand, factors of the temporal loops. */
#include "cost/nest.h"

#include <string.h>

static G_GNUC_PRINTF (2, 3) gboolean
negative (GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, HD_ERROR, HD_ERROR_NEGATIVE, text);
  return FALSE;
}

/* --- the array ------------------------------------------------------------------------------------------ */

static void
unroll (HdNest *nest, guint rank, guint dimension, guint64 factor)
{
  guint64 left = hd_ceil_div (nest->shape->size[rank], nest->unroll[rank]);

  factor = MIN (factor, left);
  if (factor <= 1 || nest->n_unrolls == G_N_ELEMENTS (nest->place))
    return;
  nest->place[nest->n_unrolls].rank = rank;
  nest->place[nest->n_unrolls].dimension = dimension;
  nest->place[nest->n_unrolls++].factor = factor;
  nest->unroll[rank] *= factor;
}

static gboolean
init_array (HdNest *nest, const HdDataflow *dataflow, GError **error)
{
  guint64 used[HD_ARRAY_DIMS_MAX], room;

  nest->units = 1;
  for (guint d = 0; d < nest->core->n_dimensions; d++)
    if (!hd_mul_u64 (nest->units, nest->core->dimension_size[d], &nest->units))
      return negative (error, "core %s: its array is too large", nest->core->id);
  for (guint d = 0; d < HD_ARRAY_DIMS_MAX; d++)
    used[d] = 1;
  for (guint u = 0; dataflow && u < dataflow->n_unrolls; u++) {
    const HdUnroll *un = &dataflow->unroll[u];
    int rank = _hd_cost_find_rank (nest->shape->layer, dataflow, un->rank);
    if (rank < 0 || un->dimension >= nest->core->n_dimensions)
      continue;
    room = nest->core->dimension_size[un->dimension] / used[un->dimension];
    unroll (nest, (guint) rank, un->dimension, MIN (un->factor, room));
    if (nest->n_unrolls > 0 && nest->place[nest->n_unrolls - 1].dimension == un->dimension)
      used[un->dimension] *= MIN (MIN (un->factor, room), nest->place[nest->n_unrolls - 1].factor);
  }
  for (guint u = 0; !dataflow && nest->q->given && u < nest->q->given->n_unrolls; u++)
    unroll (nest, nest->q->given->unroll[u].rank, nest->q->given->unroll[u].dimension, nest->q->given->unroll[u].factor);
  return TRUE;
}

/* --- levels --------------------------------------------------------------------------------------------- */

static gboolean
init_levels (HdNest *nest, guint operand, GError **error)
{
  int top = _hd_cost_top (nest->q, (HdCostOperand) operand);

  if (top < 0)
    return negative (error, "core %s: no level holds the %s of layer %s", nest->core->id, hd_cost_operand_name (nest->shape, operand), nest->shape->layer->name);
  for (guint l = 0; l <= (guint) top; l++)
    if ((nest->core->level[l].operands >> hd_cost_stands_as (nest->q, operand)) & 1) {
      if (nest->n_levels[operand] == HD_COST_LEVELS_MAX)
        return negative (error, "core %s: more than %d levels for the %s", nest->core->id, HD_COST_LEVELS_MAX, hd_cost_operand_name (nest->shape, operand));
      nest->level_id[operand][nest->n_levels[operand]++] = (guint8) l;
    }
  return TRUE;
}

/* An unrolled loop is inside every level from the first on that serves its dimension. */
static void
init_views (HdNest *nest, guint operand)
{
  for (guint a = 0; a <= nest->n_levels[operand]; a++)
    for (guint r = 0; r < nest->shape->n_ranks; r++)
      nest->inner[operand][a][r] = 1;
  for (guint u = 0; u < nest->n_unrolls; u++) {
    guint first = 0;
    while (first < nest->n_levels[operand] && !((hd_nest_level (nest, operand, first)->serves >> nest->place[u].dimension) & 1))
      first++;
    for (guint a = first; a <= nest->n_levels[operand]; a++)
      nest->inner[operand][a][nest->place[u].rank] *= nest->place[u].factor;
  }
}

gboolean
_hd_nest_init (HdNest *nest, const HdCostQuestion *q, const HdDataflow *dataflow, GError **error)
{
  memset (nest, 0, sizeof *nest);
  nest->q = q;
  nest->shape = q->shape;
  nest->core = q->core;
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    nest->unroll[r] = 1;
  if (!init_array (nest, dataflow, error))
    return FALSE;
  nest->total = 1;
  for (guint r = 0; r < nest->shape->n_ranks; r++) {
    nest->steps[r] = hd_ceil_div (nest->shape->size[r], nest->unroll[r]);
    nest->fraction[r] = (double) nest->shape->size[r] / (double) nest->steps[r];
    nest->total *= nest->steps[r];
  }
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (nest->shape->operand[o].present) {
      if (!init_levels (nest, o, error))
        return FALSE;
      init_views (nest, o);
    }
  return TRUE;
}

void
_hd_nest_clear (HdNest *nest)
{
  _hd_exact_clear (nest);
}

/* --- factors -------------------------------------------------------------------------------------------- */

static void
add_factor (HdNest *nest, guint rank, guint64 factor)
{
  for (guint k = 0; k < nest->n_kinds; k++)
    if (nest->kind[k].rank == rank && nest->kind[k].factor == factor) {
      nest->kind[k].count++;
      nest->n_factors++;
      return;
    }
  nest->kind[nest->n_kinds++] = (HdKind) { .rank = rank, .factor = factor, .count = 1 };
  nest->n_factors++;
}

static void
factor_rank (HdNest *nest, guint rank)
{
  guint64 left = nest->steps[rank];

  for (guint64 p = 2; p <= 0xffff && p * p <= left; p++)
    for (; left % p == 0; left /= p)
      add_factor (nest, rank, p);
  if (left > 1)
    add_factor (nest, rank, left);  /* a prime, or a product of two primes above 2^16: kept whole */
}

static void
remove_factor (HdNest *nest, guint k)
{
  nest->n_factors--;
  if (--nest->kind[k].count > 0)
    return;
  memmove (&nest->kind[k], &nest->kind[k + 1], (nest->n_kinds - k - 1) * sizeof nest->kind[0]);
  nest->n_kinds--;
}

static guint
rank_factors (const HdNest *nest, guint rank)
{
  guint n = 0;

  for (guint k = 0; k < nest->n_kinds; k++)
    n += nest->kind[k].rank == rank ? nest->kind[k].count : 0;
  return n;
}

/* As the published tool: the rank with the most factors (first on ties) merges its smallest with itself if it has it twice, else with the next. */
static gboolean
merge_one (HdNest *nest)
{
  guint best = 0, most = 1, smallest = G_MAXUINT, second = G_MAXUINT;
  guint64 product, a, b;

  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (rank_factors (nest, r) > most) {
      best = r;
      most = rank_factors (nest, r);
    }
  if (most < 2)
    return FALSE;
  for (guint k = 0; k < nest->n_kinds; k++)
    if (nest->kind[k].rank == best && (smallest == G_MAXUINT || nest->kind[k].factor < nest->kind[smallest].factor))
      smallest = k;
  for (guint k = 0; k < nest->n_kinds; k++)
    if (nest->kind[k].rank == best && k != smallest && (second == G_MAXUINT || nest->kind[k].factor < nest->kind[second].factor))
      second = k;
  if (nest->kind[smallest].count > 1)
    second = smallest;
  a = nest->kind[smallest].factor;
  b = nest->kind[second].factor;
  product = a * b;
  for (guint i = 0; i < 2; i++)
    for (guint k = 0; k < nest->n_kinds; k++)
      if (nest->kind[k].rank == best && nest->kind[k].factor == (i ? b : a)) {
        remove_factor (nest, k);
        break;
      }
  add_factor (nest, best, product);
  nest->merged = TRUE;
  return TRUE;
}

static gboolean
number_points (HdNest *nest)
{
  guint64 n = 1;

  for (guint k = 0; k < nest->n_kinds; k++) {
    nest->kind[k].stride = (guint32) n;
    n *= nest->kind[k].count + 1;
    if (n > HD_POINTS_MAX)
      return FALSE;
  }
  nest->n_points = (guint32) n;
  return TRUE;
}

static gint
compare_kinds (gconstpointer a, gconstpointer b)
{
  const HdKind *x = a, *y = b;

  if (x->rank != y->rank)
    return x->rank < y->rank ? -1 : 1;
  return x->factor < y->factor ? -1 : x->factor > y->factor;
}

/* At most 12 ranks of at most 61 bits together: never more kinds than HD_KINDS_MAX. */
void
_hd_nest_factorize (HdNest *nest, guint limit)
{
  nest->n_kinds = nest->n_factors = 0;
  nest->merged = nest->ordered = nest->pinned = FALSE;
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    factor_rank (nest, r);
  while (limit > 0 && nest->n_factors > limit && merge_one (nest))
    ;
  while ((nest->n_factors > HD_COST_LOOPS_MAX || !number_points (nest)) && merge_one (nest))
    ;
  qsort (nest->kind, nest->n_kinds, sizeof nest->kind[0], compare_kinds);
  number_points (nest);
}

static guint
find_kind (const HdNest *nest, guint rank, guint64 factor)
{
  guint k = 0;

  while (nest->kind[k].rank != rank || nest->kind[k].factor != factor)
    k++;
  return k;
}

/* FALSE: the operand has no such level below its top or at it. */
static gboolean
pin_loop (HdNest *nest, guint operand, guint at, guint level_id)
{
  for (guint l = 0; l < nest->n_levels[operand]; l++)
    if (nest->level_id[operand][l] == level_id) {
      nest->pin[operand][at] = (guint8) (l + 1);
      nest->pinned = TRUE;
      return TRUE;
    }
  return FALSE;
}

static gboolean
pin_loops (HdNest *nest, const HdCostMapping *mapping, GError **error)
{
  for (guint i = 0, at = 0; i < mapping->n_loops; i++) {
    if (mapping->loop[i].factor == 1)
      continue;
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      if (mapping->stays[o][i] > 0 && !pin_loop (nest, o, at, mapping->stays[o][i] - 1u))
        return negative (error, "layer %s: loop %u is bound to level %s of core %s, where that operand does not stand", nest->shape->layer->name, i,
                         nest->core->level[mapping->stays[o][i] - 1].id, nest->core->id);
    at++;
  }
  return TRUE;
}

gboolean
_hd_nest_take_loops (HdNest *nest, const HdCostMapping *mapping, GError **error)
{
  guint64 product[HD_RANKS_MAX];

  nest->n_kinds = nest->n_factors = 0;
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    product[r] = 1;
  for (guint i = 0; i < mapping->n_loops; i++)
    if (mapping->loop[i].factor > 1 && hd_mul_u64 (product[mapping->loop[i].rank], mapping->loop[i].factor, &product[mapping->loop[i].rank])) {
      if (nest->n_kinds == HD_KINDS_MAX)
        return negative (error, "layer %s: more than %d different loops", nest->shape->layer->name, HD_KINDS_MAX);
      add_factor (nest, mapping->loop[i].rank, mapping->loop[i].factor);
    }
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (product[r] != nest->steps[r])
      return negative (error, "layer %s: the given loops of rank %s make %" G_GUINT64_FORMAT " steps - %" G_GUINT64_FORMAT " are left by its unrolling", nest->shape->layer->name,
                       nest->shape->layer->rank[r].name, product[r], nest->steps[r]);
  qsort (nest->kind, nest->n_kinds, sizeof nest->kind[0], compare_kinds);
  if (!number_points (nest))
    return negative (error, "layer %s: too many different loops are given", nest->shape->layer->name);
  nest->ordered = TRUE;
  for (guint i = 0, n = 0; i < mapping->n_loops; i++)
    if (mapping->loop[i].factor > 1)
      nest->order[n++] = (guint8) find_kind (nest, mapping->loop[i].rank, mapping->loop[i].factor);
  return mapping->has_split || pin_loops (nest, mapping, error);
}

void
_hd_nest_point (const HdNest *nest, guint32 id, HdPoint *point)
{
  point->id = id;
  point->product = 1;
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    point->tile[r] = 1;
  for (guint k = 0; k < nest->n_kinds; k++) {
    const HdKind *kind = &nest->kind[k];
    point->count[k] = (guint8) (id / kind->stride % (kind->count + 1));
    for (guint n = point->count[k]; n > 0; n--) {
      point->tile[kind->rank] *= kind->factor;
      point->product *= kind->factor;
    }
  }
}

/* --- what a level holds ----------------------------------------------------------------------------------- */

gboolean
_hd_nest_unfinished (const HdNest *nest, const HdPoint *point)
{
  for (guint r = 0; r < nest->shape->n_ranks; r++)
    if (!hd_nest_relevant (nest, HD_OPERAND_OUTPUT, r) && point->tile[r] < nest->steps[r])
      return TRUE;
  return FALSE;
}

/* A rank whose places are spread over instances: an instance sees every unroll-th run of `inner` indices. In a window that is two terms, steps and places. */
static guint64
spread_elements (const HdNest *nest, const HdCostShapeDim *dim, guint operand, guint l, const guint64 *tile)
{
  HdCostShapeDim terms = { .divisor = dim->divisor };
  guint64 count[HD_TERMS_MAX];

  for (guint t = 0; t < dim->n_terms; t++) {
    guint r = dim->rank[t];
    guint64 inner = nest->inner[operand][l][r];
    gboolean spread = inner < nest->unroll[r] && inner > 1 && tile[r] > 1;
    guint64 size[2] = { spread ? tile[r] : MIN (tile[r] * inner, nest->shape->size[r]), inner };
    gint64 step = inner < nest->unroll[r] && tile[r] > 1 ? (gint64) nest->unroll[r] : 1;
    for (guint i = 0; i < 1u + spread; i++) {
      guint at = terms.n_terms++;
      gint64 c = dim->coefficient[t] * (i ? 1 : step);
      if (at == HD_TERMS_MAX)
        return G_MAXUINT32;
      for (; at > 0 && terms.coefficient[at - 1] < c; at--) {
        terms.coefficient[at] = terms.coefficient[at - 1];
        count[at] = count[at - 1];
      }
      terms.coefficient[at] = c;
      count[at] = size[i];
    }
  }
  for (guint t = 0; t < terms.n_terms; t++)
    terms.rank[t] = (guint8) t;
  return _hd_dim_elements (&terms, count);
}

/* Elements of an instance's inner tile; of strided windows with gaps of several kinds at most so many. */
static guint64
tile_elements (const HdNest *nest, guint operand, guint l, const guint64 *tile)
{
  const HdCostShapeOperand *o = &nest->shape->operand[operand];
  guint64 product = 1;

  for (guint d = 0; d < o->n_dims; d++)
    if (!hd_mul_u64 (product, spread_elements (nest, &o->dim[d], operand, l, tile), &product))
      return G_MAXUINT64;
  return product;
}

guint64
_hd_nest_bits (const HdNest *nest, guint operand, guint l, const HdPoint *point, gboolean unfinished)
{
  const HdCostShapeOperand *o = &nest->shape->operand[operand];
  guint64 bits;

  if (nest->q->options->rules == HD_RULES_ZIGZAG)
    return _hd_zigzag_bits (nest, operand, l, point, unfinished);
  if (!hd_mul_u64 (tile_elements (nest, operand, l, point->tile), unfinished ? nest->shape->partial_bits : o->bits, &bits))
    return G_MAXUINT64;
  return bits;
}

guint64
_hd_level_room (const HdLevel *level)
{
  if (level->size_bits == HD_UNLIMITED_BITS)
    return G_MAXUINT64;
  return level->double_buffered ? level->size_bits / 2 : level->size_bits;
}

/* Level @id does not hold what its operands need at once: tiles of one cycle, whole maps where they stand. (Sums above the lowest level can be finished ones.) */
static char *
too_small_together (const HdNest *nest, guint id, gboolean *wide)
{
  guint64 sum = 0, cycle = 0, room = _hd_level_room (&nest->core->level[id]);
  g_autoptr (GString) who = g_string_new (NULL);
  HdPoint empty, full;

  _hd_nest_point (nest, 0, &empty);
  _hd_nest_point (nest, nest->n_points - 1, &full);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++) {
      gboolean top = l + 1 == nest->n_levels[o];
      guint64 bits;
      if (nest->level_id[o][l] != id)
        continue;
      bits = _hd_nest_bits (nest, o, l, top ? &full : &empty, o == HD_OPERAND_OUTPUT && l == 0 && !top && _hd_nest_unfinished (nest, &empty));
      if (!hd_add_u64 (sum, bits, &sum))
        sum = G_MAXUINT64;
      if (!top && !hd_add_u64 (cycle, bits, &cycle))
        cycle = G_MAXUINT64;
      g_string_append_printf (who, "%s%s %s %" G_GUINT64_FORMAT, who->len ? ", " : "", top ? "all" : "one cycle's", hd_cost_operand_name (nest->shape, o), bits);
    }
  *wide = cycle > room;
  return sum > room ? g_strdup_printf ("%s holds %" G_GUINT64_FORMAT " bit - together need %" G_GUINT64_FORMAT ": %s", nest->core->level[id].id, room, sum, who->str) : NULL;
}

char *
_hd_nest_too_small (const HdNest *nest, gboolean *wide)
{
  char *why = NULL;
  HdPoint empty;

  *wide = TRUE;
  _hd_nest_point (nest, 0, &empty);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l + 1 < nest->n_levels[o]; l++) {
      guint64 bits = _hd_nest_bits (nest, o, l, &empty, o == HD_OPERAND_OUTPUT && l == 0 && _hd_nest_unfinished (nest, &empty));
      if (bits > _hd_level_room (hd_nest_level (nest, o, l)))
        return g_strdup_printf ("%s holds %" G_GUINT64_FORMAT " bit - the %s of one cycle need %" G_GUINT64_FORMAT, hd_nest_level (nest, o, l)->id,
                                _hd_level_room (hd_nest_level (nest, o, l)), hd_cost_operand_name (nest->shape, o), bits);
    }
  for (guint id = 0; id < nest->core->n_levels && !why; id++)
    why = too_small_together (nest, id, wide);
  return why;
}

guint64
_hd_nest_instances (const HdNest *nest, guint operand, guint l)
{
  guint64 n = 1;

  for (guint r = 0; r < nest->shape->n_ranks; r++)
    n *= nest->unroll[r] / nest->inner[operand][l][r];
  return n;
}
