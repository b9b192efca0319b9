/* Items: who reads what and in which memory, whatever the order.
 *
 * The readers of an item are counted and put together, and then told apart by memory: a lane for each. In which order they come is the plan's business (lanes.c).
 */
#include "config.h"
#include "passes/graph.h"

#include <heddle/error.h>

/* A reader of an item while lanes are made. */
typedef struct {
  guint32 use;           /* HD_NONE: it must only not lose the item */
  HdMemoryId memory;
} Reader;

typedef struct {
  Graph *graph;
  HdMemoryId dram;
  Reader *reader;        /* by item */
  guint32 *lane_in;      /* by memory, HD_NONE last: the lane of the item at hand; HD_NONE: none */
  guint32 *count_in;     /* by memory: readers */
  HdMemoryId *touched;   /* those in which the item at hand is read */
  guint n_touched;
} Lister;

/* --- operands' memories -------------------------------------------------------------------------------------- */

static gboolean
check_operand_memories (const Graph *self, GError **error)
{
  const HdMapping *mapping = self->tiling->mapping;
  for (guint l = 0; l < mapping->workload->n_layers; l++)
    for (guint c = 0; c < mapping->layer[l].n_cores; c++) {
      HdCoreId core = mapping->layer[l].cores[c];
      const HdLayer *layer = &mapping->workload->layers[l];
      for (guint o = 0; o < layer->n_operands; o++)
        if (graph_operand_memory (self, core, layer, o) == HD_NONE) {
          g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "core \"%s\" has no memory for the operands of layer \"%s\"", mapping->platform->core[core].id, layer->name);
          return FALSE;
        }
    }
  return TRUE;
}

static void
find_operand_memories (Graph *self)
{
  static const HdCostOperand OPERAND[GRAPH_ROLES] = { [HD_ROLE_INPUT] = HD_OPERAND_INPUT, [HD_ROLE_WEIGHT] = HD_OPERAND_WEIGHT, [HD_ROLE_OUTPUT] = HD_OPERAND_OUTPUT };
  const HdPlatform *platform = self->tiling->mapping->platform;
  self->operand_memory = g_new (HdMemoryId, platform->n_cores * GRAPH_ROLES);
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    for (guint role = 0; role < GRAPH_ROLES; role++)
      self->operand_memory[c * GRAPH_ROLES + role] = hd_core_operand_memory (&platform->core[c], OPERAND[role]);
}

/* --- pieces' producers ------------------------------------------------------------------------------------------ */

/* Pieces from @first on, as many as a stack has of their tensor; returns the first of what comes after. */
static guint32
add_producers (Graph *self, guint32 first, GArray *found)
{
  const HdTiling *tiling = self->tiling;
  HdTensorId tensor = hd_tiling_piece_tensor (tiling, first);
  gboolean made = tiling->workload->tensors[tensor].producer != HD_NONE;
  guint32 begin, n;
  hd_tiling_pieces_of (tiling, hd_tiling_piece_stack (tiling, first), tensor, &begin, &n);
  for (guint32 p = first; p < begin + n; p++) {
    g_array_set_size (found, 0);
    if (made)
      hd_tiling_piece_producers (tiling, p, found);
    for (guint i = 0; i < found->len; i++)
      g_array_append_val (self->producers, g_array_index (found, HdDependency, i).from);
    self->producer_begin[p + 1] = self->producers->len;
  }
  return begin + n;
}

/* The nodes of other stacks that make each piece. */
static gboolean
find_producers (Graph *self, GError **error)
{
  const HdTiling *tiling = self->tiling;
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (HdDependency));
  self->producers = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->producer_begin = g_try_new (guint32, (gsize) tiling->n_pieces + 1);
  if (self->producer_begin == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u pieces do not fit in memory", tiling->n_pieces);
    return FALSE;
  }
  self->producer_begin[0] = 0;
  for (guint32 p = 0; p < tiling->n_pieces;)
    p = add_producers (self, p, found);
  return TRUE;
}

/* --- readers ----------------------------------------------------------------------------------------------------- */

static void
count_readers (Graph *self)
{
  const HdTiling *t = self->tiling;
  for (guint64 i = 0; i < self->n_dependencies; i++)
    self->item[t->dependency[i].from].n_readers++;
  for (guint64 i = 0; i < t->read_begin[t->n_nodes]; i++) {
    guint32 piece = t->read[i].from;
    self->item[self->piece_item[piece]].n_readers++;
    for (guint32 k = self->producer_begin[piece]; k < self->producer_begin[piece + 1]; k++)
      self->item[g_array_index (self->producers, guint32, k)].n_readers++;
  }
}

/* Until the lanes are made, first_lane is where the item's next reader goes. */
static inline void
put_reader (Lister *self, guint32 item, guint32 use, HdMemoryId memory)
{
  self->reader[self->graph->item[item].first_lane++] = (Reader) { use, memory };
}

/* What is to be fetched again counts as read in DRAM; what a piece is put together from counts as read nowhere: it must only not be lost before. (A piece may begin before what the node reads of it.) */
static void
put_readers_of_node (Lister *self, HdNodeId node)
{
  const Graph *graph = self->graph;
  const HdTiling *t = graph->tiling;
  const HdLayer *layer = &t->workload->layers[graph->layer[node]];
  HdCoreId core = graph->core[node];
  for (guint64 i = t->dependency_begin[node]; i < t->dependency_begin[node + 1]; i++) {
    const HdDependency *d = &t->dependency[i];
    gboolean again = (d->flags & (HD_DEPENDENCY_REFETCH | HD_DEPENDENCY_EXTERNAL)) == HD_DEPENDENCY_REFETCH;
    put_reader (self, d->from, (guint32) i, again ? self->dram : graph_operand_memory (graph, core, layer, d->operand));
  }
  for (guint64 i = t->read_begin[node]; i < t->read_begin[node + 1]; i++) {
    const HdDependency *d = &t->read[i];
    HdMemoryId memory = d->flags & HD_DEPENDENCY_REFETCH ? self->dram : graph_operand_memory (graph, core, layer, d->operand);
    put_reader (self, graph->piece_item[d->from], graph->n_dependencies + (guint32) i, memory);
    for (guint32 k = graph->producer_begin[d->from]; k < graph->producer_begin[d->from + 1]; k++)
      put_reader (self, g_array_index (graph->producers, guint32, k), HD_NONE, HD_NONE);
  }
}

/* --- lanes --------------------------------------------------------------------------------------------------------- */

static guint
index_of (const Lister *self, HdMemoryId memory)
{
  return memory != HD_NONE ? memory : self->graph->tiling->mapping->platform->n_memories;
}

/* Counts an item's readers by memory; `touched` ascends. */
static void
touch_memories (Lister *self, const Reader *row, guint32 n)
{
  self->n_touched = 0;
  for (guint32 i = 0; i < n; i++) {
    HdMemoryId memory = row[i].memory;
    guint at = self->n_touched;
    if (self->count_in[index_of (self, memory)]++ > 0)
      continue;
    for (; at > 0 && self->touched[at - 1] > memory; at--)
      self->touched[at] = self->touched[at - 1];
    self->touched[at] = memory;
    self->n_touched++;
  }
}

static void
make_lanes (Lister *self, const Reader *row, guint32 n)
{
  Graph *graph = self->graph;
  guint32 end = graph->n_lanes > 0 ? graph->lane[graph->n_lanes - 1].end : 0;
  touch_memories (self, row, n);
  for (guint i = 0; i < self->n_touched; i++) {
    guint at = index_of (self, self->touched[i]);
    end += self->count_in[at];
    self->count_in[at] = 0;
    self->lane_in[at] = graph->n_lanes;
    GROW (graph->lane, graph->n_lanes, graph->lanes_room);
    graph->lane[graph->n_lanes++] = (GraphLane) { self->touched[i], end };
  }
  for (guint32 i = 0; i < n; i++)
    if (row[i].use != HD_NONE)
      graph->lane_of[row[i].use] = self->lane_in[index_of (self, row[i].memory)];
}

static void
list_lanes (Lister *self)
{
  Graph *graph = self->graph;
  guint32 begin = 0;
  for (guint32 i = 0; i < graph->n_items; i++) {
    graph->item[i].first_lane = begin;
    begin += graph->item[i].n_readers;
  }
  for (HdNodeId n = 0; n < graph->n; n++)
    put_readers_of_node (self, n);
  begin = 0;
  for (guint32 i = 0; i < graph->n_items; i++) {
    graph->item[i].first_lane = graph->n_lanes;
    make_lanes (self, self->reader + begin, graph->item[i].n_readers);
    begin += graph->item[i].n_readers;
  }
  graph->item[graph->n_items].first_lane = graph->n_lanes;
}

/* --- all of it --------------------------------------------------------------------------------------------------------- */

static gboolean
fail (GError **error, int code, guint64 n, const char *what)
{
  g_set_error (error, HD_ERROR, code, "%" G_GUINT64_FORMAT " %s", n, what);
  return FALSE;
}

static gboolean
allocate (Graph *self, GError **error)
{
  const HdTiling *t = self->tiling;
  guint64 n_items = (guint64) self->n + t->n_pieces, n_uses = t->dependency_begin[t->n_nodes] + t->read_begin[t->n_nodes];
  if (n_items >= HD_NONE)
    return fail (error, HD_ERROR_NEGATIVE, n_items, "nodes and pieces are too many for one schedule");
  if (n_uses >= HD_NONE)
    return fail (error, HD_ERROR_NEGATIVE, n_uses, "dependencies are too many for one schedule");
  self->n_items = (guint32) n_items;
  self->n_dependencies = (guint32) t->dependency_begin[t->n_nodes];
  self->lanes_room = (guint32) MIN (n_items + n_items / 2, HD_NONE - 1);
  self->lane = g_try_new (GraphLane, (gsize) self->lanes_room + 1);
  self->lane_of = self->lane != NULL ? g_try_new (guint32, n_uses + 1) : NULL;
  self->item = self->lane_of != NULL ? g_try_new0 (GraphItem, n_items + 1) : NULL;
  return self->item != NULL || fail (error, HD_ERROR_MEMORY, n_items, "nodes and pieces do not fit in memory");
}

static void
set_bits (Graph *self)
{
  for (HdNodeId n = 0; n < self->n; n++)
    self->item[n].bits = graph_output_bits (self, n);
  for (guint32 p = 0; p < self->tiling->n_pieces; p++)
    self->item[self->n + p].bits = hd_tiling_piece_bits (self->tiling, p);
}

gboolean
graph_list_items (Graph *self, GError **error)
{
  guint n_memories = self->tiling->mapping->platform->n_memories;
  find_operand_memories (self);
  if (!check_operand_memories (self, error) || !allocate (self, error) || !graph_share_pieces (self, error) || !find_producers (self, error))
    return FALSE;
  set_bits (self);
  count_readers (self);
  guint64 n_readers = 0;
  for (guint32 i = 0; i < self->n_items; i++)
    n_readers += self->item[i].n_readers;
  if (n_readers >= HD_NONE)
    return fail (error, HD_ERROR_NEGATIVE, n_readers, "dependencies are too many for one schedule");
  self->n_readers = (guint32) n_readers;
  g_autofree Reader *reader = g_try_new (Reader, n_readers + 1);
  if (reader == NULL)
    return fail (error, HD_ERROR_MEMORY, n_readers, "dependencies do not fit in memory");
  g_autofree guint32 *lane_in = g_new (guint32, n_memories + 1), *count_in = g_new0 (guint32, n_memories + 1);
  g_autofree HdMemoryId *touched = g_new (HdMemoryId, n_memories + 2);
  Lister lister = { .graph = self, .dram = self->tiling->mapping->dram.memory, .reader = reader, .lane_in = lane_in, .count_in = count_in, .touched = touched };
  list_lanes (&lister);
  return TRUE;
}
