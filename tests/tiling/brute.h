/* A tiling held against brute force: every point of every node is gone through, every element of every box is counted. */
#pragma once

#include <criterion/criterion.h>
#include <heddle/tiling.h>
#include <string.h>

typedef struct {
  const HdTiling *tiling;
  const char *name;          /* of the case, for messages */
  guint64 *position;         /* of each node in the depth-first order */
  guint8 *count;             /* scratch: one for each element of the tensor at hand */
} Brute;

/* The next point of @box in @point, the last dimension fastest; FALSE after the last. */
static inline gboolean
brute_next (const HdBox *box, gint64 *point)
{
  for (guint d = box->n; d-- > 0;) {
    if (++point[d] < box->range[d].to)
      return TRUE;
    point[d] = box->range[d].from;
  }
  return FALSE;
}

static inline void
brute_first (const HdBox *box, gint64 *point)
{
  for (guint d = 0; d < box->n; d++)
    point[d] = box->range[d].from;
}

static inline guint64
brute_element (const HdTensor *tensor, const gint64 *point)
{
  guint64 at = 0;
  for (guint d = 0; d < tensor->n_dims; d++)
    at = at * tensor->size[d] + (guint64) point[d];
  return at;
}

/* The index that a point addresses, by the definition; FALSE when the point takes no part or stands in the padding. */
static inline gboolean
brute_address (const HdProjection *p, const gint64 *point, guint n, guint64 size, gint64 *index)
{
  gint64 value = p->offset;
  for (guint r = 0; r < n; r++)
    value += p->coefficient[r] * point[r];
  gint64 rest = ((value % p->divisor) + p->divisor) % p->divisor;
  *index = (value - rest) / p->divisor;
  return (!p->exact || rest == 0) && *index >= 0 && *index < (gint64) size;
}

/* Adds one to each element of @box. */
static inline void
brute_mark (const HdTensor *tensor, const HdBox *box, guint8 *count)
{
  gint64 point[HD_BOX_MAX];
  if (hd_box_is_empty (box))
    return;
  brute_first (box, point);
  do
    count[brute_element (tensor, point)]++;
  while (brute_next (box, point));
}

/* How often the elements of @box are counted: -1 when not all alike. */
static inline int
brute_uniform (const HdTensor *tensor, const HdBox *box, const guint8 *count)
{
  gint64 point[HD_BOX_MAX];
  int all = -2;
  brute_first (box, point);
  do {
    int here = count[brute_element (tensor, point)];
    if (all != -2 && all != here)
      return -1;
    all = here;
  } while (brute_next (box, point));
  return all;
}

#define brute_assert(brute, expr, ...)                                                                            \
  do {                                                                                                            \
    if (!(expr)) {                                                                                                \
      g_autofree char *what_ = g_strdup_printf (__VA_ARGS__);                                                     \
      cr_assert_fail ("%s: %s (%s)", (brute)->name, what_, #expr);                                                \
    }                                                                                                             \
  } while (0)

/* --- points and reads --------------------------------------------------------------------------------- */

static inline gboolean
brute_point_works (const HdTiling *tiling, const HdLayer *layer, const gint64 *point)
{
  gint64 index;
  for (guint o = 0; o < layer->n_operands && (layer->layer_class == HD_LAYER_MAC || layer->layer_class == HD_LAYER_POOL); o++) {
    const HdOperand *operand = &layer->operands[o];
    const HdTensor *tensor = &tiling->workload->tensors[operand->tensor];
    for (guint d = 0; operand->role == HD_ROLE_INPUT && !operand->whole && d < tensor->n_dims; d++)
      if (!brute_address (&operand->projection[d], point, layer->n_ranks, tensor->size[d], &index))
        return FALSE;
  }
  return TRUE;
}

static inline void
brute_check_points (Brute *brute, HdNodeId node)
{
  const HdTiling *tiling = brute->tiling;
  const HdLayer *layer = &tiling->workload->layers[hd_tiling_node_layer (tiling, node)];
  HdBox box = hd_tiling_node_box (tiling, node);
  gint64 point[HD_BOX_MAX];
  guint64 works = 0;
  brute_first (&box, point);
  do
    works += brute_point_works (tiling, layer, point);
  while (brute_next (&box, point));
  brute_assert (brute, works == hd_tiling_node_points (tiling, node), "node %u of %s: %lu points work, not %lu", node, layer->name, (gulong) works,
                (gulong) hd_tiling_node_points (tiling, node));
}

/* The box of an operand is, dimension by dimension, the hull of what the points address. */
static inline void
brute_check_read_box (Brute *brute, HdNodeId node, guint o)
{
  const HdTiling *tiling = brute->tiling;
  const HdLayer *layer = &tiling->workload->layers[hd_tiling_node_layer (tiling, node)];
  const HdTensor *tensor = &tiling->workload->tensors[layer->operands[o].tensor];
  HdBox box = hd_tiling_node_box (tiling, node), read = hd_tiling_node_reads (tiling, node, o), want = hd_tensor_whole_box (tensor);
  gint64 point[HD_BOX_MAX], index;
  for (guint d = 0; d < tensor->n_dims && !layer->operands[o].whole; d++) {
    want.range[d] = (HdRange) { G_MAXINT64, G_MININT64 };
    brute_first (&box, point);
    do
      if (brute_address (&layer->operands[o].projection[d], point, layer->n_ranks, tensor->size[d], &index))
        want.range[d] = (HdRange) { MIN (want.range[d].from, index), MAX (want.range[d].to, index + 1) };
    while (brute_next (&box, point));
  }
  gboolean same = hd_box_is_empty (&want) ? hd_box_is_empty (&read) : hd_box_equal (&want, &read);
  brute_assert (brute, same, "node %u of %s: operand %u", node, layer->name, o);
}

/* --- dependencies ---------------------------------------------------------------------------------------- */

/* A version is read by nodes of its own index along the axes that recompute. */
static inline void
brute_check_version (Brute *brute, HdNodeId node, const HdDependency *d, HdTensorId tensor)
{
  const HdTiling *tiling = brute->tiling;
  HdStackId stack = tiling->mapping->layer[hd_tiling_node_layer (tiling, node)].stack;
  guint32 own[HD_RANKS_MAX], made[HD_RANKS_MAX];
  gboolean again = FALSE;
  hd_tiling_node_axes (tiling, node, own);
  hd_tiling_node_axes (tiling, d->from, made);
  for (guint a = 0; a < tiling->stack[stack].n_axes; a++) {
    HdRetention mode = hd_mapping_retention (tiling->mapping, stack, tensor, a);
    if (mode == HD_RETENTION_RECOMPUTE)
      brute_assert (brute, own[a] == made[a], "node %u reads version %u of axis %u, not %u", node, made[a], a, own[a]);
    else
      brute_assert (brute, made[a] <= own[a], "node %u reads what tile %u of axis %u makes", node, made[a], a);
    again |= mode == HD_RETENTION_REFETCH && own[a] != made[a];
  }
  brute_assert (brute, again == ((d->flags & HD_DEPENDENCY_REFETCH) != 0), "node %u: refetch flag from %u", node, d->from);
}

/* One operand: its dependencies and its pieces each cover the box once, with exactly the bits. */
static inline void
brute_check_operand (Brute *brute, HdNodeId node, guint o)
{
  const HdTiling *tiling = brute->tiling;
  HdLayerId l = hd_tiling_node_layer (tiling, node);
  const HdLayer *layer = &tiling->workload->layers[l];
  HdTensorId id = layer->operands[o].tensor;
  const HdTensor *tensor = &tiling->workload->tensors[id];
  HdBox box = hd_tiling_node_reads (tiling, node, o);
  HdStackId stack = tiling->mapping->layer[l].stack;
  gboolean made = tensor->producer != HD_NONE, inside = made && tiling->mapping->layer[tensor->producer].stack == stack;
  guint64 elements = tensor->total_bits / tensor->bits, n;
  for (guint kind = 0; kind < 2; kind++) {
    const HdDependency *d = kind == 0 ? hd_tiling_dependencies (tiling, node, &n) : hd_tiling_reads (tiling, node, &n);
    guint32 last = 0;
    gboolean any = FALSE;
    memset (brute->count, 0, elements);
    for (guint64 i = 0; i < n; i++) {
      if (d[i].operand != o || (d[i].flags & HD_DEPENDENCY_PARTIAL) != 0)
        continue;
      brute_assert (brute, !any || d[i].from > last, "node %u: dependencies do not ascend", node);
      HdBox part;
      if (kind == 1) {
        brute_assert (brute, !inside && hd_tiling_piece_tensor (tiling, d[i].from) == id && hd_tiling_piece_stack (tiling, d[i].from) == stack, "node %u reads piece %u", node,
                      d[i].from);
        part = hd_tiling_piece_box (tiling, d[i].from);
      } else {
        brute_assert (brute, made && hd_tiling_node_layer (tiling, d[i].from) == tensor->producer && hd_tiling_node_is_final (tiling, d[i].from), "node %u needs node %u", node,
                      d[i].from);
        brute_assert (brute, brute->position[d[i].from] < brute->position[node] && d[i].from < node, "node %u comes before node %u, which it needs", node, d[i].from);
        brute_assert (brute, ((d[i].flags & HD_DEPENDENCY_EXTERNAL) == 0) == inside, "node %u: external flag from %u", node, d[i].from);
        part = inside ? hd_tiling_node_output (tiling, d[i].from) : hd_tiling_node_new_output (tiling, d[i].from);
        if (inside)
          brute_check_version (brute, node, &d[i], id);
      }
      part = hd_box_intersect (&part, &box);
      brute_assert (brute, hd_dependency_bits (&d[i]) == hd_box_volume (&part) * tensor->bits && !hd_box_is_empty (&part), "node %u operand %u: %lu bits of %u", node, o,
                    (gulong) hd_dependency_bits (&d[i]), d[i].from);
      brute_mark (tensor, &part, brute->count);
      last = d[i].from;
      any = TRUE;
    }
    gboolean expected = kind == 0 ? made : !inside;
    brute_assert (brute, hd_box_is_empty (&box) ? !any : brute_uniform (tensor, &box, brute->count) == (expected ? 1 : 0), "node %u of %s: operand %u (%s) %s", node, layer->name,
                  o, tensor->name, kind == 0 ? "of nodes" : "of pieces");
  }
}

/* Goes back along a chain of partial sums: the same outputs, every reduction point once. */
static inline void
brute_check_chain (Brute *brute, HdNodeId final)
{
  const HdTiling *tiling = brute->tiling;
  const HdLayer *layer = &tiling->workload->layers[hd_tiling_node_layer (tiling, final)];
  HdBox whole = hd_layer_whole_box (layer), box = hd_tiling_node_box (tiling, final);
  guint64 reductions = 1, seen = 0, volume = 1;
  g_autoptr (GHashTable) points = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint r = 0; r < whole.n; r++)
    if (layer->rank[r].reduction)
      reductions *= layer->rank[r].size;
    else
      volume *= (guint64) hd_range_size (box.range[r]);
  for (HdNodeId node = final;;) {
    HdBox own = hd_tiling_node_box (tiling, node);
    gint64 point[HD_BOX_MAX];
    for (guint r = 0; r < own.n; r++)
      if (!layer->rank[r].reduction) {
        brute_assert (brute, own.range[r].from == box.range[r].from && own.range[r].to == box.range[r].to, "chain of %u: other outputs", final);
        own.range[r] = (HdRange) { 0, 1 };
      }
    brute_first (&own, point);
    do {
      gint64 key = 0;
      for (guint r = 0; r < own.n; r++)
        key = key * (gint64) layer->rank[r].size + (layer->rank[r].reduction ? point[r] : 0);
      brute_assert (brute, g_hash_table_add (points, g_memdup2 (&key, sizeof key)), "chain of %u: a point twice", final);
      seen++;
    } while (brute_next (&own, point));
    guint64 n, i = 0;
    const HdDependency *d = hd_tiling_dependencies (tiling, node, &n);
    while (i < n && (d[i].flags & HD_DEPENDENCY_PARTIAL) == 0)
      i++;
    brute_assert (brute, (i < n) == tiling->shape[hd_tiling_node_shape (tiling, node)].partial_in, "node %u: partial in", node);
    brute_assert (brute, (node != final) == tiling->shape[hd_tiling_node_shape (tiling, node)].partial_out, "node %u: partial out", node);
    if (i == n)
      break;
    brute_assert (brute, i + 1 == n && hd_dependency_bits (&d[i]) == volume * layer->partial_bits, "node %u: partial bits", node);
    brute_assert (brute, brute->position[d[i].from] < brute->position[node] && d[i].from < node && !hd_tiling_node_is_final (tiling, d[i].from), "chain of %u: order", final);
    node = d[i].from;
  }
  brute_assert (brute, seen == reductions, "chain of %u: %lu of %lu reductions", final, (gulong) seen, (gulong) reductions);
}

/* --- tensors, shapes, pieces --------------------------------------------------------------------------------- */

static inline gboolean
brute_leaves (const HdTiling *tiling, HdLayerId l)
{
  const HdTensor *tensor = &tiling->workload->tensors[hd_layer_output (&tiling->workload->layers[l])->tensor];
  gboolean leaves = tensor->kind == HD_TENSOR_OUTPUT || tensor->n_consumers == 0;
  for (guint c = 0; c < tensor->n_consumers; c++)
    leaves |= tiling->mapping->layer[tensor->consumers[c]].stack != tiling->mapping->layer[l].stack;
  return leaves;
}

/* What is new is made once; all of it, where it leaves the stack. What is never recomputed is made once. */
static inline void
brute_check_layer (Brute *brute, HdLayerId l)
{
  const HdTiling *tiling = brute->tiling;
  const HdLayer *layer = &tiling->workload->layers[l];
  HdTensorId id = hd_layer_output (layer)->tensor;
  const HdTensor *tensor = &tiling->workload->tensors[id];
  guint64 elements = tensor->total_bits / tensor->bits;
  HdStackId stack = tiling->mapping->layer[l].stack;
  gboolean recomputed = FALSE;
  for (guint a = 0; a < tiling->stack[stack].n_axes; a++)
    recomputed |= hd_mapping_retention (tiling->mapping, stack, id, a) == HD_RETENTION_RECOMPUTE;
  g_autofree guint8 *made = g_new0 (guint8, elements);
  memset (brute->count, 0, elements);
  for (HdNodeId node = tiling->layer_first[l]; node < tiling->layer_first[l + 1]; node++) {
    HdBox box = hd_tiling_node_box (tiling, node), output = hd_tiling_node_output (tiling, node), fresh = hd_tiling_node_new_output (tiling, node);
    brute_assert (brute, !hd_box_is_empty (&box) && hd_layer_output_is_box (layer, &box), "node %u of %s: box", node, layer->name);
    brute_assert (brute, hd_box_is_empty (&fresh) || hd_box_contains (&output, &fresh), "node %u of %s: new output", node, layer->name);
    brute_mark (tensor, &fresh, brute->count);
    if (!hd_tiling_node_is_final (tiling, node))
      continue;
    brute_mark (tensor, &output, made);
    brute_check_chain (brute, node);
  }
  for (guint64 e = 0; e < elements; e++) {
    if (brute_leaves (tiling, l))
      brute_assert (brute, brute->count[e] == 1, "element %lu of %s is new %u times", (gulong) e, tensor->name, brute->count[e]);
    brute_assert (brute, recomputed || made[e] <= 1, "element %lu of %s is made %u times", (gulong) e, tensor->name, made[e]);
  }
}

/* Same shape, same sizes; and no two shapes of a layer alike. */
static inline void
brute_check_shapes (Brute *brute)
{
  const HdTiling *tiling = brute->tiling;
  g_autofree guint64 *count = g_new0 (guint64, tiling->n_shapes);
  guint64 points = 0;
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (HdNodeId node = 0; node < tiling->n_nodes; node++) {
    guint32 s = hd_tiling_node_shape (tiling, node);
    const HdShape *shape = &tiling->shape[s];
    HdLayerId l = hd_tiling_node_layer (tiling, node);
    const HdLayer *layer = &tiling->workload->layers[l];
    HdBox box = hd_tiling_node_box (tiling, node);
    g_autoptr (GString) key = g_string_new (NULL);
    g_string_append_printf (key, "%u %lu %d %d", l, (gulong) hd_tiling_node_points (tiling, node), shape->partial_in, shape->partial_out);
    for (guint r = 0; r < box.n; r++)
      g_string_append_printf (key, " %ld", (long) hd_range_size (box.range[r]));
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      HdBox read = hd_tiling_node_reads (tiling, node, o);
      for (guint d = 0; d < read.n; d++)
        g_string_append_printf (key, " %ld", hd_box_is_empty (&read) ? 0l : (long) hd_range_size (read.range[d]));
    }
    gpointer value;
    if (g_hash_table_lookup_extended (known, key->str, NULL, &value))
      brute_assert (brute, GPOINTER_TO_UINT (value) == s, "node %u has shape %u, not %u: %s", node, s, GPOINTER_TO_UINT (value), key->str);
    else {
      brute_assert (brute, shape->example == node && shape->layer == l && count[s] == 0, "node %u: shape %u: %s", node, s, key->str);
      g_hash_table_insert (known, g_strdup (key->str), GUINT_TO_POINTER (s));
    }
    count[s]++;
    points += hd_tiling_node_points (tiling, node);
  }
  for (guint32 s = 0; s < tiling->n_shapes; s++)
    brute_assert (brute, count[s] == tiling->shape[s].count, "shape %u has %lu nodes, not %lu", s, (gulong) count[s], (gulong) tiling->shape[s].count);
  brute_assert (brute, points == tiling->points, "points");
}

static inline void
brute_check_pieces (Brute *brute)
{
  const HdTiling *tiling = brute->tiling;
  guint32 done = 0;
  for (HdStackId s = 0; s < tiling->mapping->n_stacks; s++)
    for (HdTensorId t = 0; t < tiling->workload->n_tensors; t++) {
      const HdTensor *tensor = &tiling->workload->tensors[t];
      guint32 first, n;
      hd_tiling_pieces_of (tiling, s, t, &first, &n);
      brute_assert (brute, n == 0 || first == done, "pieces of %s", tensor->name);
      done += n;
      memset (brute->count, 0, tensor->total_bits / tensor->bits);
      for (guint32 piece = first; piece < first + n; piece++) {
        g_autoptr (GArray) producers = g_array_new (FALSE, FALSE, sizeof (HdDependency));
        HdBox box = hd_tiling_piece_box (tiling, piece);
        guint64 bits = 0;
        brute_mark (tensor, &box, brute->count);
        brute_assert (brute, brute_uniform (tensor, &box, brute->count) == 1, "piece %u of %s overlaps another", piece, tensor->name);
        hd_tiling_piece_producers (tiling, piece, producers);
        for (guint i = 0; i < producers->len; i++) {
          const HdDependency *d = &g_array_index (producers, HdDependency, i);
          HdBox part = hd_tiling_node_new_output (tiling, d->from);
          part = hd_box_intersect (&part, &box);
          brute_assert (brute, hd_dependency_bits (d) == hd_box_volume (&part) * tensor->bits, "piece %u: bits of node %u", piece, d->from);
          bits += hd_dependency_bits (d);
        }
        brute_assert (brute, tensor->producer == HD_NONE ? producers->len == 0 : bits == hd_tiling_piece_bits (tiling, piece), "piece %u of %s: producers", piece, tensor->name);
      }
    }
  brute_assert (brute, done == tiling->n_pieces, "pieces");
}

/* The order goes by stack, tile, layer, and holds every node once. */
static inline void
brute_find_positions (Brute *brute)
{
  const HdTiling *tiling = brute->tiling;
  g_autofree HdNodeId *order = hd_tiling_order (tiling, NULL);
  brute->position = g_new (guint64, tiling->n_nodes + 1);
  memset (brute->position, 0xff, (tiling->n_nodes + 1) * sizeof (guint64));
  for (guint32 i = 0; i < tiling->n_nodes; i++) {
    brute_assert (brute, order[i] < tiling->n_nodes && brute->position[order[i]] == G_MAXUINT64, "order");
    brute->position[order[i]] = i;
    if (i == 0)
      continue;
    HdNodeId a = order[i - 1], b = order[i];
    HdLayerId la = hd_tiling_node_layer (tiling, a), lb = hd_tiling_node_layer (tiling, b);
    HdStackId sa = tiling->mapping->layer[la].stack, sb = tiling->mapping->layer[lb].stack;
    guint64 ta = hd_tiling_node_tile (tiling, a), tb = hd_tiling_node_tile (tiling, b);
    brute_assert (brute, sa < sb || (sa == sb && (ta < tb || (ta == tb && a < b))), "order of nodes %u and %u", a, b);
  }
}

static inline void
brute_check (const HdTiling *tiling, const char *name)
{
  Brute brute = { .tiling = tiling, .name = name };
  guint64 largest = 1;
  for (HdTensorId t = 0; t < tiling->workload->n_tensors; t++)
    largest = MAX (largest, tiling->workload->tensors[t].total_bits / tiling->workload->tensors[t].bits);
  brute.count = g_new0 (guint8, largest);
  brute_find_positions (&brute);
  for (HdNodeId node = 0; node < tiling->n_nodes; node++) {
    const HdLayer *layer = &tiling->workload->layers[hd_tiling_node_layer (tiling, node)];
    brute_check_points (&brute, node);
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      brute_check_read_box (&brute, node, o);
      brute_check_operand (&brute, node, o);
    }
  }
  for (HdLayerId l = 0; l < tiling->workload->n_layers; l++)
    brute_check_layer (&brute, l);
  brute_check_shapes (&brute);
  brute_check_pieces (&brute);
  g_free (brute.position);
  g_free (brute.count);
}
