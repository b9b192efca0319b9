/* Shapes: which nodes of a layer cost the same; and weight keys: which read the same weights.
 *
 * Every segment gets a class. Inside the tensors only the size (and, under a divisor, the alignment) of a segment counts; at a border its place does. A combination
 * of classes then determines the box sizes, what is read and what is padding, so only combinations are looked at, and those that come to the same are one shape.
 */
#include "config.h"
#include <heddle/checked.h>
#include "tiling/grid.h"

#include <string.h>

/* --- classes of segments -------------------------------------------------------------------------------- */

typedef struct {
  gint32 size;
  gint32 place;                        /* at a border: where it begins; else -1 */
  guint8 chain;                        /* of a reduction rank: bit 0: not the first, bit 1: not the last */
  gint32 residue[HD_DIMS_MAX * 4];     /* under divisors: alignment */
} SegmentKey;

/* Whether the range of @segment, other ranks anywhere, stays inside the tensor. */
static gboolean
stays_inside (const HdLayer *layer, const HdProjection *p, guint64 size, guint r, HdTilingSpan segment)
{
  gint64 low = p->offset, high = p->offset;
  for (guint q = 0; q < layer->n_ranks; q++) {
    gint64 c = p->coefficient[q], from = q == r ? segment.from : 0, last = q == r ? segment.to - 1 : (gint64) layer->rank[q].size - 1;
    low += MIN (c * from, c * last);
    high += MAX (c * from, c * last);
  }
  return low >= 0 && high < (gint64) size * p->divisor;
}

static SegmentKey
key_of_segment (const HdTiling *self, const HdLayer *layer, const HdTilingRank *rank, guint r, guint32 s)
{
  HdTilingSpan segment = rank->segment[s];
  SegmentKey key;
  guint n_residues = 0;
  memset (&key, 0, sizeof key);
  key.size = segment.to - segment.from;
  key.place = -1;
  if (layer->rank[r].reduction)
    key.chain = (guint8) ((s > 0) | (s + 1 < rank->n) << 1);
  for (guint o = 0; o + 1 < layer->n_operands; o++) {
    const HdOperand *operand = &layer->operands[o];
    const HdTensor *tensor = &self->workload->tensors[operand->tensor];
    for (guint d = 0; d < tensor->n_dims && !operand->whole; d++) {
      const HdProjection *p = &operand->projection[d];
      if (p->coefficient[r] == 0)
        continue;
      if (!stays_inside (layer, p, tensor->size[d], r, segment))
        key.place = segment.from;
      gint32 residue = p->divisor > 1 ? (gint32) ((gint64) p->coefficient[r] * segment.from % p->divisor) : 0;
      if (p->divisor > 1 && n_residues < G_N_ELEMENTS (key.residue))
        key.residue[n_residues++] = residue;
      else if (p->divisor > 1)
        key.place = segment.from;
    }
  }
  return key;
}

static guint
hash_bytes (const guint8 *data, gsize n)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037), word;
  for (; n >= sizeof word; data += sizeof word, n -= sizeof word) {
    memcpy (&word, data, sizeof word);
    hash = (hash ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  for (gsize i = 0; i < n; i++)
    hash = (hash ^ data[i]) * G_GUINT64_CONSTANT (1099511628211);
  return (guint) (hash ^ hash >> 32);
}

/* Residues are rare: they are compared, not hashed. */
static guint hash_segment (gconstpointer key) { return hash_bytes (key, G_STRUCT_OFFSET (SegmentKey, residue)); }
static gboolean equal_segments (gconstpointer a, gconstpointer b) { return memcmp (a, b, sizeof (SegmentKey)) == 0; }

/* The classes of one rank, in the order in which they first occur. */
typedef struct {
  guint32 n;
  GArray *first;   /* segment */
  GArray *count;   /* guint64 */
} Classes;

static gboolean
classify (HdTiling *self, HdLayerId l, guint r, Classes *classes, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  HdTilingLayer *grid = &self->grid->layer[l];
  const HdTilingRank *rank = &grid->rank[r];
  guint64 one = 1;
  guint32 whole = 0;
  /* Most ranks are not cut. */
  if (rank->n == 1) {
    grid->class_of[r] = _hd_tiling_take (&self->grid->arena, 1, sizeof (guint32), "segments", error);
    g_array_append_val (classes->first, whole);
    g_array_append_val (classes->count, one);
    classes->n = 1;
    return TRUE;
  }
  g_autoptr (GHashTable) known = g_hash_table_new_full (hash_segment, equal_segments, g_free, NULL);
  grid->class_of[r] = _hd_tiling_take (&self->grid->arena, rank->n, sizeof (guint32), "segments", error);
  if (grid->class_of[r] == NULL)
    return FALSE;
  for (guint32 s = 0; s < rank->n; s++) {
    SegmentKey key = key_of_segment (self, layer, rank, r, s);
    gpointer value;
    if (!g_hash_table_lookup_extended (known, &key, NULL, &value)) {
      value = GUINT_TO_POINTER (classes->n++);
      g_hash_table_insert (known, g_memdup2 (&key, sizeof key), value);
      g_array_append_val (classes->first, s);
      g_array_append_val (classes->count, one);
    } else
      g_array_index (classes->count, guint64, GPOINTER_TO_UINT (value))++;
    grid->class_of[r][s] = GPOINTER_TO_UINT (value);
  }
  return TRUE;
}

/* --- shapes of a layer ------------------------------------------------------------------------------------ */

/* Shapes with equal keys are one: the box, what is read, what is padding, and the place in a chain. */
typedef struct {
  guint32 *word;
  gsize n;
} ShapeKey;

static guint hash_shape (gconstpointer data) { const ShapeKey *key = data; return hash_bytes ((const guint8 *) key->word, key->n * sizeof (guint32)); }

static gboolean
equal_shapes (gconstpointer a, gconstpointer b)
{
  const ShapeKey *x = a, *y = b;
  return x->n == y->n && memcmp (x->word, y->word, x->n * sizeof (guint32)) == 0;
}

static void
free_shape_key (gpointer data)
{
  ShapeKey *key = data;
  g_free (key->word);
  g_free (key);
}

static void
add_word (GArray *words, guint64 value)
{
  guint32 halves[2] = { (guint32) value, (guint32) (value >> 32) };
  g_array_append_vals (words, halves, 2);
}

static ShapeKey *
key_of_shape (const HdTiling *self, const HdLayer *layer, const HdShape *shape, const HdBox *box)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (guint32));
  add_word (words, shape->points);
  add_word (words, (guint64) shape->partial_in << 1 | (guint64) shape->partial_out);
  for (guint r = 0; r < layer->n_ranks; r++)
    add_word (words, shape->size[r]);
  for (guint o = 0; o + 1 < layer->n_operands; o++) {
    const HdTensor *tensor = &self->workload->tensors[layer->operands[o].tensor];
    HdBox read = hd_operand_project (layer, &layer->operands[o], box, tensor);
    gboolean empty = hd_box_is_empty (&read);
    for (guint d = 0; d < read.n; d++)
      add_word (words, empty ? 0 : (guint64) hd_range_size (read.range[d]));
  }
  ShapeKey *key = g_new (ShapeKey, 1);
  key->n = words->len;
  key->word = (guint32 *) (void *) g_array_free (words, FALSE);
  return key;
}

typedef struct {
  HdTiling *self;
  HdLayerId id;
  const HdLayer *layer;
  HdTilingLayer *grid;
  Classes classes[HD_RANKS_MAX];
  guint32 stride[HD_RANKS_MAX];   /* of a rank in the node's number */
  guint64 versions;               /* nodes that differ in their version only */
} Layer;

/* The shape of one combination of classes; its box comes from the first segment of each. */
static HdShape
describe (const Layer *layer, const guint32 *class, HdBox *box)
{
  HdShape shape = { .layer = layer->id, .count = layer->versions, .example = layer->self->layer_first[layer->id] };
  box->n = layer->layer->n_ranks;
  for (guint r = 0; r < box->n; r++) {
    guint32 s = g_array_index (layer->classes[r].first, guint32, class[r]);
    HdTilingSpan segment = layer->grid->rank[r].segment[s];
    box->range[r] = (HdRange) { segment.from, segment.to };
    shape.size[r] = (guint64) (segment.to - segment.from);
    shape.count *= g_array_index (layer->classes[r].count, guint64, class[r]);
    shape.example += s * layer->stride[r];
    if (layer->layer->rank[r].reduction) {
      shape.partial_in |= s > 0;
      shape.partial_out |= s + 1 < layer->grid->rank[r].n;
    }
  }
  shape.points = hd_layer_effective_points (layer->self->workload, layer->layer, box);
  return shape;
}

static int
compare_examples (gconstpointer a, gconstpointer b, gpointer data)
{
  const HdShape *shapes = data;
  guint32 x = shapes[*(const guint32 *) a].example, y = shapes[*(const guint32 *) b].example;
  return x < y ? -1 : x > y;
}

/* Puts a layer's shapes in the order of their examples and behind those of the layers before. */
static void
number_shapes (const Layer *layer, const GArray *own, guint64 n_combinations, GArray *shapes)
{
  guint32 base = shapes->len;
  g_autofree guint32 *order = g_new (guint32, own->len + 1);
  g_autofree guint32 *number = g_new (guint32, own->len + 1);
  for (guint32 i = 0; i < own->len; i++)
    order[i] = i;
  g_qsort_with_data (order, (int) own->len, sizeof *order, compare_examples, own->data);
  for (guint32 i = 0; i < own->len; i++) {
    g_array_append_val (shapes, g_array_index (own, HdShape, order[i]));
    number[order[i]] = base + i;
  }
  for (guint64 i = 0; i < n_combinations; i++)
    layer->grid->shape_of_class[i] = number[layer->grid->shape_of_class[i]];
}

static void
merge_combinations (const Layer *layer, guint64 n_combinations, GArray *own)
{
  guint32 class[HD_RANKS_MAX] = { 0 };
  HdBox only;
  if (n_combinations == 1) {
    HdShape shape = describe (layer, class, &only);
    g_array_append_val (own, shape);
    return;
  }
  g_autoptr (GHashTable) known = g_hash_table_new_full (hash_shape, equal_shapes, free_shape_key, NULL);
  for (guint64 i = 0; i < n_combinations; i++) {
    HdBox box;
    HdShape shape = describe (layer, class, &box);
    ShapeKey *key = key_of_shape (layer->self, layer->layer, &shape, &box);
    gpointer value;
    if (g_hash_table_lookup_extended (known, key, NULL, &value)) {
      HdShape *same = &g_array_index (own, HdShape, GPOINTER_TO_UINT (value));
      same->count += shape.count;
      same->example = MIN (same->example, shape.example);
      free_shape_key (key);
    } else {
      value = GUINT_TO_POINTER (own->len);
      g_hash_table_insert (known, key, value);
      g_array_append_val (own, shape);
    }
    layer->grid->shape_of_class[i] = GPOINTER_TO_UINT (value);
    for (guint r = layer->layer->n_ranks; r-- > 0;) {
      if (++class[r] < layer->classes[r].n)
        break;
      class[r] = 0;
    }
  }
}

static void
layer_strides (Layer *layer)
{
  layer->versions = 1;
  for (guint k = 0; k < layer->grid->n_digits; k++) {
    const HdTilingDigit *digit = &layer->grid->digit[k];
    if (digit->rank >= 0)
      layer->stride[digit->rank] = digit->stride;
    else
      layer->versions *= digit->n;
  }
}

static gboolean
make_layer (Layer *layer, GArray *shapes, GError **error)
{
  guint64 n = 1;
  g_autoptr (GArray) own = g_array_new (FALSE, FALSE, sizeof (HdShape));
  layer_strides (layer);
  for (guint r = 0; r < layer->layer->n_ranks; r++)
    if (!classify (layer->self, layer->id, r, &layer->classes[r], error))
      return FALSE;
  for (guint r = layer->layer->n_ranks; r-- > 0;) {
    layer->grid->class_stride[r] = (guint32) n;
    n *= layer->classes[r].n;
  }
  /* No more combinations than nodes. */
  layer->grid->shape_of_class = _hd_tiling_take (&layer->self->grid->arena, n, sizeof (guint32), "shapes", error);
  if (layer->grid->shape_of_class == NULL)
    return FALSE;
  merge_combinations (layer, n, own);
  number_shapes (layer, own, n, shapes);
  return TRUE;
}

static gboolean
shape_layer (HdTiling *self, HdLayerId l, GArray *shapes, GError **error)
{
  Layer layer = { .self = self, .id = l, .layer = &self->workload->layers[l], .grid = &self->grid->layer[l] };
  for (guint r = 0; r < layer.layer->n_ranks; r++)
    layer.classes[r] = (Classes) { 0, g_array_new (FALSE, FALSE, sizeof (guint32)), g_array_new (FALSE, FALSE, sizeof (guint64)) };
  gboolean fine = layer.grid->n_nodes == 0 || make_layer (&layer, shapes, error);
  for (guint r = 0; r < layer.layer->n_ranks; r++) {
    g_array_unref (layer.classes[r].first);
    g_array_unref (layer.classes[r].count);
  }
  return fine;
}

gboolean
_hd_tiling_make_shapes (HdTiling *self, GError **error)
{
  g_autoptr (GArray) shapes = g_array_sized_new (FALSE, FALSE, sizeof (HdShape), 2 * self->workload->n_layers);
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    const HdLayer *layer = &self->workload->layers[l];
    HdBox whole = hd_layer_whole_box (layer);
    self->graph_points += hd_layer_effective_points (self->workload, layer, &whole);
    if (!shape_layer (self, l, shapes, error))
      return FALSE;
  }
  self->n_shapes = shapes->len;
  for (guint i = 0; i < shapes->len; i++)
    self->points += g_array_index (shapes, HdShape, i).points * g_array_index (shapes, HdShape, i).count;
  self->shape = (HdShape *) (void *) g_array_free (g_steal_pointer (&shapes), FALSE);
  return TRUE;
}

/* --- weight keys ------------------------------------------------------------------------------------------ */

/* What is compared: the tensor and the box. */
typedef struct {
  HdTensorId tensor;
  HdBox box;
} WeightKey;

static guint
hash_weights (gconstpointer data)
{
  const WeightKey *key = data;
  return hash_bytes (data, G_STRUCT_OFFSET (WeightKey, box.range) + key->box.n * sizeof (HdRange));
}
static gboolean equal_weights (gconstpointer a, gconstpointer b) { return memcmp (a, b, sizeof (WeightKey)) == 0; }

static guint32
key_of_weights (const HdTiling *self, const HdLayer *layer, const HdOperand *weights, const HdBox *box, GHashTable *known)
{
  WeightKey key;
  memset (&key, 0, sizeof key);
  HdBox read = hd_operand_project (layer, weights, box, &self->workload->tensors[weights->tensor]);
  key.tensor = weights->tensor;
  key.box.n = read.n;
  for (guint d = 0; d < read.n; d++)
    key.box.range[d] = read.range[d];
  gpointer value = g_hash_table_lookup (known, &key);
  if (value == NULL) {
    value = GUINT_TO_POINTER (g_hash_table_size (known) + 1);
    g_hash_table_insert (known, g_memdup2 (&key, sizeof key), value);
  }
  return GPOINTER_TO_UINT (value);
}

static const HdOperand *
first_weights (const HdLayer *layer)
{
  for (guint o = 0; o < layer->n_operands; o++)
    if (layer->operands[o].role == HD_ROLE_WEIGHT)
      return &layer->operands[o];
  return NULL;
}

static gboolean
moves_weights (const HdLayer *layer, const HdOperand *weights, guint r)
{
  for (guint d = 0; d < HD_DIMS_MAX && !weights->whole; d++)
    if (weights->projection[d].coefficient[r] != 0)
      return TRUE;
  return FALSE;
}

static gboolean
key_layer (HdTiling *self, HdLayerId l, const HdOperand *weights, GHashTable *known, GError **error)
{
  const HdLayer *layer = &self->workload->layers[l];
  HdTilingLayer *grid = &self->grid->layer[l];
  HdBox box = { .n = layer->n_ranks };
  guint32 value[HD_RANKS_MAX] = { 0 };
  guint64 n = 1;
  for (guint r = layer->n_ranks; r-- > 0;)
    if (moves_weights (layer, weights, r)) {
      grid->weight_stride[r] = (guint32) n;
      n *= grid->rank[r].n;
    }
  grid->weight_key = _hd_tiling_take (&self->grid->arena, n, sizeof (guint32), "weights", error);
  for (guint64 i = 0; i < n && grid->weight_key != NULL; i++) {
    for (guint r = 0; r < box.n; r++) {
      value[r] = grid->weight_stride[r] > 0 ? (guint32) (i / grid->weight_stride[r] % grid->rank[r].n) : 0;
      box.range[r] = (HdRange) { grid->rank[r].segment[value[r]].from, grid->rank[r].segment[value[r]].to };
    }
    grid->weight_key[i] = key_of_weights (self, layer, weights, &box, known);
  }
  return grid->weight_key != NULL;
}

gboolean
_hd_tiling_make_weight_keys (HdTiling *self, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (hash_weights, equal_weights, g_free, NULL);
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    const HdOperand *weights = first_weights (&self->workload->layers[l]);
    if (weights != NULL && self->grid->layer[l].n_nodes > 0 && !key_layer (self, l, weights, known, error))
      return FALSE;
  }
  return TRUE;
}
