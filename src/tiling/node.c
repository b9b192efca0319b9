/* Questions about nodes: numbers back to segments, and what follows from them. */
#include "config.h"
#include "tiling/grid.h"

/* A node taken apart. */
typedef struct {
  HdLayerId id;
  const HdLayer *layer;
  const HdTilingLayer *grid;
  guint32 number;                       /* within the layer */
  guint32 value[HD_TILING_DIGITS_MAX];
  guint32 segment[HD_RANKS_MAX];
} Node;

HdLayerId
hd_tiling_node_layer (const HdTiling *self, HdNodeId node)
{
  g_return_val_if_fail (node < self->n_nodes, HD_NONE);
  guint low = 0, high = self->workload->n_layers;
  while (low + 1 < high) {
    guint middle = low + (high - low) / 2;
    if (self->layer_first[middle] <= node)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Asked several times for every node of a plan: only what the layer has is filled in. */
static inline Node
take_apart (const HdTiling *self, HdNodeId id)
{
  Node node;
  node.id = hd_tiling_node_layer (self, id);
  node.layer = &self->workload->layers[node.id];
  node.grid = &self->grid->layer[node.id];
  node.number = id - self->layer_first[node.id];
  guint32 rest = node.number;
  for (guint r = 0; r < node.layer->n_ranks; r++)
    node.segment[r] = 0;
  for (guint k = 0; k < node.grid->n_digits; k++) {
    const HdTilingDigit *digit = &node.grid->digit[k];
    node.value[k] = rest / digit->stride;
    rest -= node.value[k] * digit->stride;
    if (digit->rank >= 0)
      node.segment[digit->rank] = node.value[k];
  }
  return node;
}

static inline HdBox
box_of (const Node *node)
{
  HdBox box;
  box.n = node->layer->n_ranks;
  for (guint r = 0; r < box.n; r++) {
    HdTilingSpan segment = node->grid->rank[r].segment[node->segment[r]];
    box.range[r] = (HdRange) { segment.from, segment.to };
  }
  return box;
}

HdBox
hd_tiling_node_box (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  return box_of (&node);
}

static const HdTensor *
made_by (const HdTiling *self, const Node *node)
{
  return &self->workload->tensors[hd_layer_output (node->layer)->tensor];
}

HdBox
hd_tiling_node_output (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  HdBox box = box_of (&node);
  return hd_operand_project (node.layer, hd_layer_output (node.layer), &box, made_by (self, &node));
}

static gboolean
is_final (const Node *node)
{
  for (guint r = 0; r < node->layer->n_ranks; r++)
    if (node->layer->rank[r].reduction && node->segment[r] + 1 < node->grid->rank[r].n)
      return FALSE;
  return TRUE;
}

gboolean
hd_tiling_node_is_final (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  return is_final (&node);
}

HdBox
hd_tiling_node_new_output (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  HdBox box = box_of (&node), none = { .n = made_by (self, &node)->n_dims };
  if (!is_final (&node))
    return none;
  for (guint k = 0; k < node.grid->n_digits; k++)
    if (node.grid->digit[k].rank < 0 && node.value[k] > 0)
      return none;
  for (guint r = 0; r < box.n; r++) {
    const HdTilingRank *rank = &node.grid->rank[r];
    HdTilingSpan fresh = rank->fresh[rank->index[node.segment[r]]];
    if (rank->versioned)
      box.range[r] = hd_range_intersect (box.range[r], (HdRange) { fresh.from, fresh.to });
  }
  return hd_box_is_empty (&box) ? none : hd_operand_project (node.layer, hd_layer_output (node.layer), &box, made_by (self, &node));
}

guint64
hd_tiling_node_output_bits (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  HdBox ranks = box_of (&node), box = hd_operand_project (node.layer, hd_layer_output (node.layer), &ranks, made_by (self, &node));
  return hd_box_volume (&box) * (is_final (&node) ? made_by (self, &node)->bits : node.layer->partial_bits);
}

HdBox
hd_tiling_node_reads (const HdTiling *self, HdNodeId id, guint operand)
{
  Node node = take_apart (self, id);
  HdBox box = box_of (&node);
  g_return_val_if_fail (operand + 1 < node.layer->n_operands, (HdBox) { 0 });
  const HdOperand *o = &node.layer->operands[operand];
  return hd_operand_project (node.layer, o, &box, &self->workload->tensors[o->tensor]);
}

guint64
hd_tiling_node_points (const HdTiling *self, HdNodeId id)
{
  return self->shape[hd_tiling_node_shape (self, id)].points;
}

guint32
hd_tiling_node_shape (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  guint32 class = 0;
  for (guint r = 0; r < node.layer->n_ranks; r++)
    class += node.grid->class_of[r][node.segment[r]] * node.grid->class_stride[r];
  return node.grid->shape_of_class[class];
}

void
hd_tiling_node_axes (const HdTiling *self, HdNodeId id, guint32 *index)
{
  Node node = take_apart (self, id);
  const HdTilingStack *stack = &self->stack[self->mapping->layer[node.id].stack];
  for (guint a = 0; a < stack->n_axes; a++)
    index[a] = 0;
  for (guint k = 0; k < node.grid->n_digits; k++)
    if (node.grid->digit[k].axis >= 0)
      index[node.grid->digit[k].axis] = hd_tiling_digit_index (&node.grid->digit[k], node.value[k]);
}

guint64
hd_tiling_node_tile (const HdTiling *self, HdNodeId id)
{
  const HdTilingStack *stack = &self->stack[self->mapping->layer[hd_tiling_node_layer (self, id)].stack];
  guint32 index[HD_RANKS_MAX];
  guint64 tile = 0;
  hd_tiling_node_axes (self, id, index);
  for (guint a = 0; a < stack->n_axes; a++)
    tile = tile * stack->axis_tiles[a] + index[a];
  return tile;
}

/* A split rank is dealt in blocks by position, so that pieces of different tiles that stand at one place go to one core. */
HdCoreId
hd_tiling_node_core (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  const HdMappingLayer *row = &self->mapping->layer[node.id];
  if (row->n_cores == 1)
    return row->cores[0];
  if (row->split < 0)
    return row->cores[node.number % row->n_cores];
  HdTilingSpan segment = node.grid->rank[row->split].segment[node.segment[row->split]];
  return row->cores[(guint64) segment.from * row->n_cores / node.layer->rank[row->split].size];
}

guint32
hd_tiling_node_weight_key (const HdTiling *self, HdNodeId id)
{
  Node node = take_apart (self, id);
  guint32 at = 0;
  if (node.grid->weight_key == NULL)
    return 0;
  for (guint r = 0; r < node.layer->n_ranks; r++)
    at += node.segment[r] * node.grid->weight_stride[r];
  return node.grid->weight_key[at];
}

/* --- all nodes of a layer -------------------------------------------------------------------------------- */

/* The counter, and what follows from its digits. */
typedef struct {
  const HdLayer *layer;
  const HdTilingLayer *grid;
  const HdMappingLayer *row;
  guint32 value[HD_TILING_DIGITS_MAX];
  guint32 class, weights;   /* places in shape_of_class and weight_key */
  HdCoreId core;            /* of a split rank's segment */
} Counter;

static HdCoreId
core_of_segment (const Counter *self, guint32 s)
{
  HdTilingSpan segment = self->grid->rank[self->row->split].segment[s];
  return self->row->cores[(guint64) segment.from * self->row->n_cores / self->layer->rank[self->row->split].size];
}

/* Digit @k has changed from @old. */
static void
follow_digit (Counter *self, guint k, guint32 old)
{
  int r = self->grid->digit[k].rank;
  guint32 now = self->value[k];
  if (r < 0 || now == old)
    return;
  self->class += (self->grid->class_of[r][now] - self->grid->class_of[r][old]) * self->grid->class_stride[r];
  self->weights += (now - old) * self->grid->weight_stride[r];
  if (r == self->row->split && self->row->n_cores > 1)
    self->core = core_of_segment (self, now);
}

static void
count_on (Counter *self)
{
  for (guint k = self->grid->n_digits; k-- > 0;) {
    guint32 old = self->value[k]++;
    gboolean carry = self->value[k] == self->grid->digit[k].n;
    if (carry)
      self->value[k] = 0;
    follow_digit (self, k, old);
    if (!carry)
      return;
  }
}

void
hd_tiling_layer_nodes (const HdTiling *self, HdLayerId l, HdCoreId *core, guint32 *shape, guint32 *weight_key)
{
  Counter at = { .layer = &self->workload->layers[l], .grid = &self->grid->layer[l], .row = &self->mapping->layer[l] };
  gboolean in_turn = at.row->n_cores > 1 && at.row->split < 0;
  guint32 n = self->layer_first[l + 1] - self->layer_first[l];
  if (n == 0)
    return;
  for (guint r = 0; r < at.layer->n_ranks; r++)
    at.class += at.grid->class_of[r][0] * at.grid->class_stride[r];
  at.core = at.row->n_cores > 1 && !in_turn ? core_of_segment (&at, 0) : at.row->cores[0];
  for (guint32 i = 0; i < n; i++) {
    core[i] = in_turn ? at.row->cores[i % at.row->n_cores] : at.core;
    shape[i] = at.grid->shape_of_class[at.class];
    weight_key[i] = at.grid->weight_key != NULL ? at.grid->weight_key[at.weights] : 0;
    count_on (&at);
  }
}

/* --- depth-first order ------------------------------------------------------------------------------------ */

/* Calls for the tile of each node of a layer, in the order of the nodes. */
typedef struct {
  const HdTilingLayer *grid;
  guint32 value[HD_TILING_DIGITS_MAX];
  guint64 weight[HD_TILING_DIGITS_MAX];   /* of a digit's axis index in the number of the tile */
} TileWalk;

static void
tile_walk_init (TileWalk *walk, const HdTiling *self, HdLayerId l)
{
  const HdTilingStack *stack = &self->stack[self->mapping->layer[l].stack];
  *walk = (TileWalk) { .grid = &self->grid->layer[l] };
  for (guint k = 0; k < walk->grid->n_digits; k++) {
    if (walk->grid->digit[k].axis < 0)
      continue;
    walk->weight[k] = 1;
    for (guint a = (guint) walk->grid->digit[k].axis + 1; a < stack->n_axes; a++)
      walk->weight[k] *= stack->axis_tiles[a];
  }
}

static guint64
tile_walk_next (TileWalk *walk)
{
  guint64 tile = 0;
  for (guint k = 0; k < walk->grid->n_digits && walk->grid->digit[k].axis >= 0; k++)
    tile += walk->weight[k] * hd_tiling_digit_index (&walk->grid->digit[k], walk->value[k]);
  hd_tiling_step (walk->grid, walk->value);
  return tile;
}

/* Counts the nodes of each tile, then gives each node the next place of its tile. */
static gboolean
order_stack (const HdTiling *self, HdStackId s, HdNodeId *order, guint32 *done, GError **error)
{
  const HdMappingStack *stack = &self->mapping->stack[s];
  g_autofree guint32 *place = _hd_tiling_alloc (self->stack[s].n_tiles + 1, sizeof *place, "tiles", error);
  TileWalk walk;
  if (place == NULL)
    return FALSE;
  for (guint i = 0; i < stack->n_layers; i++) {
    tile_walk_init (&walk, self, stack->layers[i]);
    for (guint32 n = walk.grid->n_nodes; n > 0; n--)
      place[tile_walk_next (&walk) + 1]++;
  }
  place[0] = *done;
  for (guint64 t = 0; t < self->stack[s].n_tiles; t++)
    place[t + 1] += place[t];
  *done = place[self->stack[s].n_tiles];
  for (guint i = 0; i < stack->n_layers; i++) {
    tile_walk_init (&walk, self, stack->layers[i]);
    for (guint32 n = 0; n < walk.grid->n_nodes; n++)
      order[place[tile_walk_next (&walk)]++] = self->layer_first[stack->layers[i]] + n;
  }
  return TRUE;
}

HdNodeId *
hd_tiling_order (const HdTiling *self, GError **error)
{
  g_autofree HdNodeId *order = _hd_tiling_alloc (self->n_nodes, sizeof *order, "nodes", error);
  guint32 done = 0;
  if (order == NULL)
    return NULL;
  for (HdStackId s = 0; s < self->mapping->n_stacks; s++)
    if (!order_stack (self, s, order, &done, error))
      return NULL;
  return g_steal_pointer (&order);
}
