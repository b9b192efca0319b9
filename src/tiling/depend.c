/* Dependencies: for every node, which nodes and pieces its operands' boxes overlap, and by how many bits.
 *
 * A box is a product of ranges and a producer's grid a product of parts, so overlaps are products too: per operand and dimension a table says, for each combination of the few
 * digits that the range depends on, which parts overlap it and how far. A node's dependencies are then the products of one row of each table; nothing is searched for
 * per node. The nodes of a layer are walked twice, first to count, then to write.
 */
#include "config.h"
#include "tiling/grid.h"

#include <stdlib.h>

typedef struct {
  guint32 offset;      /* what it adds to the producer's number */
  gint32 overlap;      /* elements along the dimension */
  guint32 index;       /* axis index of the part */
} Overlap;

typedef struct {
  HdTilingReads reads; /* which digits, and how */
  guint64 *begin;      /* by position; reads.n + 1 */
  Overlap *overlap;
  int axis;            /* of the parts' index */
  guint32 reach;       /* largest offset: how significant its digit is in the producer's number */
  guint32 at;          /* position of the node at hand */
} Table;

#define TABLES_MAX (HD_DIMS_MAX + HD_RANKS_MAX)

/* Up to so many nodes the tables of all layers are kept from counting to writing, not made twice. */
#define KEPT_NODES (1 << 16)

/* One operand and one place where its data come from. */
typedef struct {
  guint operand;
  gboolean piece;      /* the place is pieces, else nodes */
  guint8 flags;
  guint32 base;        /* number of the first node or piece, and what all have in common */
  guint64 bits;        /* per element, times the overlaps that all have in common */
  guint32 refetched;   /* bit a: not kept along axis a */
  gboolean dead;       /* nothing overlaps */
  guint n_tables;
  Table *table;
} Source;

typedef struct {
  guint32 *at;
  guint32 stride;
} Follower;

/* Tables that move with a digit. */
typedef struct {
  Follower *at;
  guint n;
} Followers;

typedef struct {
  const HdTiling *tiling;
  HdLayerId layer_id;
  const HdLayer *layer;
  const HdTilingLayer *grid;
  HdTilingArena *arena;                    /* of its tables */
  Source *source;                          /* in the order of the operands; pieces and nodes alike */
  guint n_sources;
  Followers followers[HD_TILING_DIGITS_MAX]; /* by digit */
  guint32 value[HD_TILING_DIGITS_MAX];
  guint32 number;                          /* of the node, within the layer */
  gboolean chained;                        /* has partial sums */
} Walk;

/* --- tables ------------------------------------------------------------------------------------------------ */

static gboolean
table_fill (Table *table, HdTilingArena *arena, const HdTilingLayer *grid, const HdTilingParts *parts, GError **error)
{
  const HdTilingReads *reads = &table->reads;
  guint64 total = 0;
  guint32 first;
  table->begin = _hd_tiling_take (arena, (guint64) reads->n + 1, sizeof *table->begin, "reads", error);
  if (table->begin == NULL)
    return FALSE;
  int axis = parts->begin != NULL ? parts->axis : -1;
  for (guint32 at = 0; at < reads->n; at++) {
    total += _hd_tiling_parts_find (parts, reads->span[at], _hd_tiling_reads_index (reads, grid, at, axis), &first);
    table->begin[at + 1] = total;
  }
  table->overlap = _hd_tiling_take (arena, total, sizeof *table->overlap, "overlaps", error);
  if (table->overlap == NULL)
    return FALSE;
  for (guint32 at = 0; at < reads->n; at++) {
    HdTilingSpan span = reads->span[at];
    guint32 n = _hd_tiling_parts_find (parts, span, _hd_tiling_reads_index (reads, grid, at, axis), &first);
    for (guint32 i = 0; i < n; i++) {
      HdTilingSpan part = parts->span[first + i];
      table->overlap[table->begin[at] + i] = (Overlap) { parts->offset[first + i], MIN (part.to, span.to) - MAX (part.from, span.from), parts->index[first + i] };
    }
  }
  return TRUE;
}

/* Where neither side is cut along the dimension there is one overlap, the same for all nodes: no table is needed. FALSE: there is more to it. */
static gboolean
constant_of_dimension (const Walk *walk, Source *source, guint d, const HdTilingParts *parts)
{
  const HdOperand *operand = &walk->layer->operands[source->operand];
  if (parts->n != 1 || parts->begin != NULL || source->refetched != 0)
    return FALSE;
  for (guint k = 0; k < walk->grid->n_digits; k++) {
    const HdTilingDigit *digit = &walk->grid->digit[k];
    if (digit->n > 1 && digit->rank >= 0 && !operand->whole && operand->projection[d].coefficient[digit->rank] != 0)
      return FALSE;
  }
  HdTilingSpan span = _hd_tiling_reads_first (walk->tiling, walk->layer_id, source->operand, d), part = parts->span[0];
  gint32 overlap = MIN (part.to, span.to) - MAX (part.from, span.from);
  source->dead |= overlap <= 0;
  source->base += parts->offset[0];
  source->bits *= (guint64) MAX (overlap, 0);
  return TRUE;
}

static gboolean
table_of_dimension (Table *table, const Walk *walk, guint operand, guint d, const HdTilingParts *parts, GError **error)
{
  table->axis = parts->axis;
  for (guint32 k = 0; k < parts->n; k++)
    table->reach = MAX (table->reach, parts->offset[k]);
  return _hd_tiling_reads_init (&table->reads, walk->tiling, walk->layer_id, operand, d, parts->begin != NULL ? parts->axis : -1, error)
         && table_fill (table, walk->arena, walk->grid, parts, error);
}

/* The version that a node reads is that of its own index along the axis: a table of one overlap per index. */
static gboolean
table_of_version (Table *table, const Walk *walk, guint digit, guint32 stride, GError **error)
{
  const HdTilingDigit *own = &walk->grid->digit[digit];
  HdTilingArena *arena = walk->arena;
  table->axis = -1;
  table->reads.n_digits = 1;
  table->reads.digit[0] = (guint8) digit;
  table->reads.stride[0] = 1;
  table->reads.n = own->n;
  table->begin = _hd_tiling_take (arena, (guint64) own->n + 1, sizeof *table->begin, "versions", error);
  table->overlap = _hd_tiling_take (arena, own->n, sizeof *table->overlap, "versions", error);
  if (table->begin == NULL || table->overlap == NULL)
    return FALSE;
  for (guint32 v = 0; v < own->n; v++) {
    guint32 offset = hd_tiling_digit_index (own, v) * stride;
    table->begin[v + 1] = v + 1;
    table->overlap[v] = (Overlap) { offset, 1, 0 };
    table->reach = MAX (table->reach, offset);
  }
  return TRUE;
}

/* --- sources --------------------------------------------------------------------------------------------------- */

/* Tables that are the same for all nodes and have one overlap become part of the constants. */
static void
fold_constants (Source *source)
{
  guint kept = 0;
  for (guint i = 0; i < source->n_tables; i++) {
    Table *table = &source->table[i];
    guint64 n = table->begin[table->reads.n];
    source->dead |= n == 0;
    if (source->refetched == 0 && table->reads.n == 1 && n == 1) {
      source->base += table->overlap[0].offset;
      source->bits *= (guint64) table->overlap[0].overlap;
    } else
      source->table[kept++] = *table;
  }
  source->n_tables = kept;
}

static int
compare_significance (gconstpointer a, gconstpointer b)
{
  const Table *x = a, *y = b;
  return x->reach > y->reach ? -1 : x->reach < y->reach;
}

static gboolean
add_versions (const Walk *walk, Source *source, const HdTilingLayer *producer, GError **error)
{
  for (guint k = 0; k < producer->n_digits; k++) {
    if (producer->digit[k].rank >= 0)
      continue;
    for (guint own = 0; own < walk->grid->n_digits; own++)
      if (walk->grid->digit[own].axis == producer->digit[k].axis) {
        if (!table_of_version (&source->table[source->n_tables++], walk, own, producer->digit[k].stride, error))
          return FALSE;
        break;
      }
  }
  return TRUE;
}

static guint32
refetched_axes (const Walk *walk, HdTensorId tensor)
{
  HdStackId stack = walk->tiling->mapping->layer[walk->layer_id].stack;
  guint32 axes = 0;
  for (guint a = 0; a < walk->tiling->mapping->stack[stack].n_axes; a++)
    if (hd_mapping_retention (walk->tiling->mapping, stack, tensor, a) == HD_RETENTION_REFETCH)
      axes |= 1u << a;
  return axes;
}

static gboolean
add_source (Walk *walk, Source source, const HdTilingParts *parts, const HdTilingLayer *versions, GError **error)
{
  const HdOperand *operand = &walk->layer->operands[source.operand];
  const HdTensor *tensor = &walk->tiling->workload->tensors[operand->tensor];
  source.bits = tensor->bits;
  source.table = _hd_tiling_take (walk->arena, tensor->n_dims + (versions != NULL ? versions->n_digits : 0), sizeof (Table), "tables", error);
  gboolean fine = source.table != NULL;
  for (guint d = 0; d < tensor->n_dims && fine; d++)
    if (!constant_of_dimension (walk, &source, d, &parts[d]))
      fine = table_of_dimension (&source.table[source.n_tables++], walk, source.operand, d, &parts[d], error);
  fine = fine && (versions == NULL || add_versions (walk, &source, versions, error));
  if (fine) {
    fold_constants (&source);
    qsort (source.table, source.n_tables, sizeof (Table), compare_significance);
  }
  walk->source[walk->n_sources++] = source;
  return fine;
}

static gboolean
add_operand (Walk *walk, guint o, GError **error)
{
  const HdTiling *self = walk->tiling;
  HdTensorId tensor = walk->layer->operands[o].tensor;
  HdLayerId producer = self->workload->tensors[tensor].producer;
  HdStackId stack = self->mapping->layer[walk->layer_id].stack;
  gboolean inside = producer != HD_NONE && self->mapping->layer[producer].stack == stack;
  if (producer != HD_NONE && self->grid->layer[producer].n_nodes > 0) {
    const HdTilingLayer *grid = &self->grid->layer[producer];
    Source source = { .operand = o, .base = self->layer_first[producer] + grid->final_offset };
    source.flags = inside ? 0 : HD_DEPENDENCY_EXTERNAL;
    source.refetched = inside ? refetched_axes (walk, tensor) : 0;
    if (!add_source (walk, source, inside ? grid->inner : grid->home, inside ? grid : NULL, error))
      return FALSE;
  }
  if (inside)
    return TRUE;
  const HdTilingPieces *pieces = _hd_tiling_find_pieces (self, stack, tensor);
  Source source = { .operand = o, .piece = TRUE, .base = pieces->first, .refetched = refetched_axes (walk, tensor) };
  return pieces->n == 0 || add_source (walk, source, pieces->part, NULL, error);
}

/* --- the walk over a layer's nodes -------------------------------------------------------------------------------- */

/* Goes through the digits that tables depend on: counts them, or with @linked lets every table follow them. */
static void
each_follower (Walk *walk, gboolean linked)
{
  for (guint i = 0; i < walk->n_sources; i++)
    for (guint t = 0; t < walk->source[i].n_tables; t++) {
      Table *table = &walk->source[i].table[t];
      for (guint j = 0; j < table->reads.n_digits; j++) {
        Followers *followers = &walk->followers[table->reads.digit[j]];
        if (linked)
          followers->at[followers->n] = (Follower) { &table->at, table->reads.stride[j] };
        followers->n++;
      }
    }
}

static gboolean
link_followers (Walk *walk, GError **error)
{
  each_follower (walk, FALSE);
  for (guint k = 0; k < walk->grid->n_digits; k++) {
    Followers *followers = &walk->followers[k];
    if (followers->n > 0 && (followers->at = _hd_tiling_take (walk->arena, followers->n, sizeof (Follower), "tables", error)) == NULL)
      return FALSE;
    followers->n = 0;
  }
  each_follower (walk, TRUE);
  return TRUE;
}

static gboolean
walk_init (Walk *walk, const HdTiling *self, HdLayerId l, GError **error)
{
  *walk = (Walk) { .tiling = self, .layer_id = l, .layer = &self->workload->layers[l], .grid = &self->grid->layer[l], .arena = &self->grid->scratch };
  walk->source = _hd_tiling_take (walk->arena, 2 * walk->layer->n_operands, sizeof (Source), "operands", error);
  if (walk->source == NULL)
    return FALSE;
  walk->chained = walk->grid->final_offset > 0;
  for (guint o = 0; o + 1 < walk->layer->n_operands; o++)
    if (!add_operand (walk, o, error))
      return FALSE;
  return link_followers (walk, error);
}

static void
move_followers (const Followers *followers, gint64 steps)
{
  for (guint i = 0; i < followers->n; i++)
    *followers->at[i].at += (guint32) (steps * followers->at[i].stride);
}

/* On to the next node; FALSE after the last, with everything back at the first. */
static gboolean
walk_next (Walk *walk)
{
  int raised = hd_tiling_step (walk->grid, walk->value);
  walk->number++;
  for (guint k = (guint) (raised + 1); k < walk->grid->n_digits; k++)
    if (walk->grid->digit[k].n > 1)
      move_followers (&walk->followers[k], 1 - (gint64) walk->grid->digit[k].n);
  if (raised >= 0)
    move_followers (&walk->followers[raised], 1);
  else
    walk->number = 0;
  return raised >= 0;
}

static gboolean
is_first_of_chain (const Walk *walk)
{
  for (guint k = 0; k < walk->grid->n_digits; k++) {
    int r = walk->grid->digit[k].rank;
    if (r >= 0 && walk->layer->rank[r].reduction && walk->value[k] > 0)
      return FALSE;
  }
  return TRUE;
}

/* The node whose partial sum this one goes on with: one back in the reduction digits. */
static guint32
chain_predecessor (const Walk *walk)
{
  guint32 number = walk->number;
  for (guint k = walk->grid->n_digits; k-- > 0;) {
    const HdTilingDigit *digit = &walk->grid->digit[k];
    if (digit->rank < 0 || !walk->layer->rank[digit->rank].reduction)
      continue;
    if (walk->value[k] > 0)
      return number - digit->stride;
    number += (digit->n - 1) * digit->stride;
  }
  return number;
}

static guint64
partial_bits (const Walk *walk)
{
  guint64 volume = walk->layer->partial_bits;
  for (guint r = 0; r < walk->layer->n_ranks; r++) {
    const HdTilingRank *rank = &walk->grid->rank[r];
    guint32 s = 0;
    if (walk->layer->rank[r].reduction)
      continue;
    for (guint k = 0; k < walk->grid->n_digits; k++)
      if (walk->grid->digit[k].rank == (int) r)
        s = walk->value[k];
    volume *= (guint64) (rank->segment[s].to - rank->segment[s].from);
  }
  return volume;
}

/* --- counting and writing -------------------------------------------------------------------------------------------- */

static guint64
count_of_source (const Source *source)
{
  guint64 n = !source->dead;
  for (guint t = 0; t < source->n_tables && n > 0; t++) {
    const Table *table = &source->table[t];
    n *= table->begin[table->at + 1] - table->begin[table->at];
  }
  return n;
}

static void
count_layer (Walk *walk, guint64 *dependencies, guint64 *reads)
{
  do {
    guint64 n[2] = { walk->chained && !is_first_of_chain (walk), 0 };
    for (guint i = 0; i < walk->n_sources; i++) {
      const Source *source = &walk->source[i];
      n[source->piece] += count_of_source (source);
    }
    dependencies[walk->number] = n[0];
    reads[walk->number] = n[1];
  } while (walk_next (walk));
}

static inline HdDependency
dependency (guint32 from, guint64 bits, guint operand, guint flags)
{
  return (HdDependency) { .from = from, .bits_low = (guint32) bits, .bits_high = (guint16) (bits >> 32), .operand = (guint8) operand, .flags = (guint8) flags };
}

/* Whether what is read was made for another tile along an axis where it is not kept. */
static gboolean
comes_again (const Walk *walk, const Source *source, const Overlap *const *row)
{
  for (guint a = 0; source->refetched >> a != 0; a++) {
    guint32 own = 0, made = 0;
    if ((source->refetched >> a & 1) == 0)
      continue;
    for (guint k = 0; k < walk->grid->n_digits; k++)
      if (walk->grid->digit[k].axis == (int) a)
        own = hd_tiling_digit_index (&walk->grid->digit[k], walk->value[k]);
    for (guint t = 0; t < source->n_tables; t++)
      if (source->table[t].axis == (int) a)
        made = MAX (made, row[t]->index);
    if (own != made)
      return TRUE;
  }
  return FALSE;
}

static int
compare_from (const void *a, const void *b)
{
  const HdDependency *x = a, *y = b;
  return x->from < y->from ? -1 : x->from > y->from;
}

/* Writes the products of the tables' rows; ascending, since the tables stand by significance. */
static HdDependency *
write_source (const Walk *walk, const Source *source, HdDependency *out)
{
  const Overlap *begin[TABLES_MAX], *end[TABLES_MAX], *row[TABLES_MAX];
  HdDependency *first = out;
  gboolean ascending = TRUE;
  guint t;
  for (t = 0; t < source->n_tables; t++) {
    const Table *table = &source->table[t];
    row[t] = begin[t] = table->overlap + table->begin[table->at];
    end[t] = table->overlap + table->begin[table->at + 1];
    if (begin[t] == end[t])
      return out;
  }
  do {
    guint32 from = source->base;
    guint64 bits = source->bits;
    for (t = 0; t < source->n_tables; t++) {
      from += row[t]->offset;
      bits *= (guint64) row[t]->overlap;
    }
    guint flags = source->flags;
    if (source->refetched != 0 && comes_again (walk, source, row))
      flags |= HD_DEPENDENCY_REFETCH;
    ascending &= out == first || out[-1].from < from;
    *out++ = dependency (from, bits, source->operand, flags);
    for (t = source->n_tables; t > 0 && ++row[t - 1] == end[t - 1]; t--)
      row[t - 1] = begin[t - 1];
  } while (t > 0);
  if (!ascending)
    qsort (first, (gsize) (out - first), sizeof *first, compare_from);
  return out;
}

static void
write_layer (Walk *walk, HdTiling *self)
{
  guint32 first = self->layer_first[walk->layer_id];
  do {
    guint32 node = first + walk->number;
    HdDependency *out[2] = { self->dependency + self->dependency_begin[node], self->read + self->read_begin[node] };
    for (guint i = 0; i < walk->n_sources; i++) {
      const Source *source = &walk->source[i];
      if (!source->dead)
        out[source->piece] = write_source (walk, source, out[source->piece]);
    }
    if (walk->chained && !is_first_of_chain (walk))
      *out[0] = dependency (first + chain_predecessor (walk), partial_bits (walk), walk->layer->n_operands - 1, HD_DEPENDENCY_PARTIAL);
  } while (walk_next (walk));
}

/* --- all layers ---------------------------------------------------------------------------------------------------------- */

/* A dependency holds 48 bits for the bits and 8 for the operand. */
static gboolean
check_sizes (const HdTiling *self, GError **error)
{
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    const HdLayer *layer = &self->workload->layers[l];
    if (layer->n_operands > G_MAXUINT8) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "the layer \"%s\" has %u operands - expected at most %d", layer->name, layer->n_operands, G_MAXUINT8);
      return FALSE;
    }
    for (guint o = 0; o < layer->n_operands; o++) {
      const HdTensor *tensor = &self->workload->tensors[layer->operands[o].tensor];
      guint64 elements = tensor->total_bits / tensor->bits;
      if (elements < (G_GUINT64_CONSTANT (1) << 48) / MAX (tensor->bits, MAX (layer->partial_bits, 1)))
        continue;
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "the tensor \"%s\" of %" G_GUINT64_FORMAT " bit is too large - expected less than 2^48 bit", tensor->name,
                   tensor->total_bits);
      return FALSE;
    }
  }
  return TRUE;
}

/* Counts, or writes. With @kept the walks made when counting are there when writing: a walk ends where it began. */
static gboolean
for_each_layer (HdTiling *self, gboolean write, Walk *kept, GError **error)
{
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    Walk own, *walk = kept != NULL ? &kept[l] : &own;
    guint32 first = self->layer_first[l];
    if (self->layer_first[l + 1] == first)
      continue;
    gboolean fine = (kept != NULL && write) || walk_init (walk, self, l, error);
    if (fine && write)
      write_layer (walk, self);
    else if (fine)
      count_layer (walk, self->dependency_begin + 1 + first, self->read_begin + 1 + first);
    if (kept == NULL)
      _hd_tiling_arena_reset (&self->grid->scratch);
    if (!fine)
      return FALSE;
  }
  return TRUE;
}

/* What schedules and runs a tiling takes several times its memory: measured, some 600 bytes for a node of four dependencies, whose rows are 70. */
#define SCHEDULE_FACTOR 4

static gboolean
check_rows (const HdTiling *self, GError **error)
{
  guint64 n = self->dependency_begin[self->n_nodes] + self->read_begin[self->n_nodes];
  if (_hd_tiling_is_in_memory (SCHEDULE_FACTOR * (n * sizeof (HdDependency) + (guint64) self->n_nodes * 2 * sizeof *self->read_begin)))
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u nodes with %" G_GUINT64_FORMAT " dependencies do not fit in memory with their schedule - expected larger tiles or cuts", self->n_nodes, n);
  return FALSE;
}

static gboolean
make_rows (HdTiling *self, Walk *kept, GError **error)
{
  if (!for_each_layer (self, FALSE, kept, error))
    return FALSE;
  for (guint32 i = 0; i < self->n_nodes; i++) {
    self->dependency_begin[i + 1] += self->dependency_begin[i];
    self->read_begin[i + 1] += self->read_begin[i];
  }
  if (!check_rows (self, error))
    return FALSE;
  self->dependency = _hd_tiling_alloc (self->dependency_begin[self->n_nodes], sizeof (HdDependency), "dependencies", error);
  if (self->dependency == NULL)
    return FALSE;
  self->read = _hd_tiling_alloc (self->read_begin[self->n_nodes], sizeof (HdDependency), "reads", error);
  return self->read != NULL && for_each_layer (self, TRUE, kept, error);
}

gboolean
_hd_tiling_make_dependencies (HdTiling *self, GError **error)
{
  guint64 n = (guint64) self->n_nodes + 1;
  self->dependency_begin = _hd_tiling_alloc (n, sizeof *self->dependency_begin, "nodes", error);
  self->read_begin = self->dependency_begin != NULL ? _hd_tiling_alloc (n, sizeof *self->read_begin, "nodes", error) : NULL;
  if (self->read_begin == NULL || !check_sizes (self, error))
    return FALSE;
  Walk *kept = self->n_nodes <= KEPT_NODES ? g_new0 (Walk, self->workload->n_layers + 1) : NULL;
  gboolean fine = make_rows (self, kept, error);
  _hd_tiling_arena_reset (&self->grid->scratch);
  g_free (kept);
  return fine;
}
