/* The tiling: a workload and its mapping, cut into computation nodes (CNs) with exact dependencies.
 *
 * The tile axes of a stack make a raster of tiles over its last layer, first axis outermost, remainder last. What each layer must compute for a tile follows backwards
 * from its consumers in the stack: per rank, the hull of what they read. What the layer then computes depends on the retention of its output along each axis:
 * retained, only what no earlier tile has made (disjoint boxes); recomputed, all of it (boxes that overlap, one version per tile). Cuts split the result once more.
 *
 * So the nodes of a layer are a grid: every rank has a list of segments, each belongs to one index of the tile axis that drives the rank, and a node is one segment of
 * each rank (and one version of each axis that recomputes without driving). Node ids are numbers in that grid, boxes and producers are index arithmetic; only the
 * dependencies are stored. doc/tiling.md states the rules in full.
 *
 * | thing      | is                                                                                                                  |
 * |------------|---------------------------------------------------------------------------------------------------------------------|
 * | node       | a layer restricted to a box of its ranks; ids 0..n_nodes-1, layer after layer: a topological order                  |
 * | piece      | a box of a tensor that a stack reads from outside: network input, weight, or tensor of another stack                |
 * | dependency | a node reads what another has made: exactly the bits of the operand's box that lie in the producer's output         |
 * | read       | a node reads a piece: exactly the bits of the operand's box that lie in it                                          |
 * | shape      | nodes of a layer with the same box sizes, read sizes and effective points: they cost the same                       |
 *
 * A node reads all of its operand boxes: dependencies within the stack by `dependency`; from outside the stack by `read`, and where another stack made the tensor
 * also by `dependency` with the flag HD_DEPENDENCY_EXTERNAL, for a pass that keeps it on chip: then the read does not count.
 *
 * Ownership: a tiling holds references to the workload and the mapping; everything reached from it lives as long as it does. Immutable, so threads may share it.
 */
#pragma once

#include <heddle/box.h>
#include <heddle/mapping.h>
#include <heddle/workload.h>

#include <glib.h>

G_BEGIN_DECLS

typedef guint32 HdNodeId;

/** More nodes (tiles, pieces) than this are refused, however large the memory: they would take minutes. So is what does not fit in memory. */
#define HD_TILING_MAX_NODES 100000000

typedef enum {
  HD_DEPENDENCY_PARTIAL = 1 << 0,   /* an unfinished sum, in the layer's partial_bits per element: the node adds to it */
  HD_DEPENDENCY_REFETCH = 1 << 1,   /* made or fetched for an earlier tile and, as the mapping wants, not kept: comes from DRAM again */
  HD_DEPENDENCY_EXTERNAL = 1 << 2,  /* between two stacks: by way of DRAM, unless the pass keeps it */
} HdDependencyFlags;

/** 12 bytes; the bits by hd_dependency_bits(). */
typedef struct {
  guint32 from;        /* dependency: the producing node; read: the piece */
  guint32 bits_low;
  guint16 bits_high;
  guint8 operand;      /* of the reading node's layer; PARTIAL: its output */
  guint8 flags;        /* HdDependencyFlags */
} HdDependency;

/** What is moved along @d [bit]; > 0. */
static inline guint64 hd_dependency_bits (const HdDependency *d) { return (guint64) d->bits_high << 32 | d->bits_low; }

/** Nodes of one layer that cost the same. */
typedef struct {
  HdLayerId layer;
  guint64 size[HD_RANKS_MAX];  /* of the box, by rank [1] */
  guint64 points;              /* effective: without padding [1] */
  gboolean partial_in;         /* adds to an unfinished sum */
  gboolean partial_out;        /* leaves an unfinished sum */
  guint64 count;               /* nodes [1] */
  HdNodeId example;            /* the first of them: what it reads, they all read, elsewhere */
} HdShape;

typedef struct {
  guint n_axes;                /* as in the mapping's stack */
  guint64 *axis_tiles;         /* tiles along each axis */
  guint64 n_tiles;             /* product; 1 for an untiled stack */
} HdTilingStack;

typedef struct HdTilingGrid HdTilingGrid;

typedef struct HdTiling {
  gint references;             /* hd_tiling_ref()'s */
  HdWorkload *workload;
  HdMapping *mapping;
  guint32 n_nodes;
  guint32 *layer_first;        /* n_layers + 1: the nodes of layer l are layer_first[l] .. layer_first[l + 1] - 1 */
  HdTilingStack *stack;        /* by stack of the mapping */
  guint64 *dependency_begin;   /* n_nodes + 1 */
  HdDependency *dependency;    /* by node; then by operand (a partial sum last), then ascending by producer */
  guint64 *read_begin;         /* n_nodes + 1 */
  HdDependency *read;          /* by node; then by operand, then ascending by piece */
  guint32 n_pieces;
  guint32 n_shapes;
  HdShape *shape;              /* by layer, then by example */
  guint64 points;              /* effective points of all nodes [1] */
  guint64 graph_points;        /* effective points of all layers, each once [1]: points is more where work is done twice, less where nobody needs it */
  HdTilingGrid *grid;          /* the room's own */
} HdTiling;

/**
 * hd_tiling_new:
 *
 * Time: linear in nodes and dependencies. Memory: 16 bytes per node and 12 per dependency and read.
 *
 * Errors: %HD_ERROR_INPUT at file:line of the mapping when a cut or tile cannot be (its output is no box); %HD_ERROR_NEGATIVE when there are more than
 * %HD_TILING_MAX_NODES nodes; %HD_ERROR_MEMORY when they do not fit.
 */
HdTiling *hd_tiling_new (HdMapping *mapping, GError **error);
HdTiling *hd_tiling_ref (HdTiling *self);
void hd_tiling_unref (HdTiling *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdTiling, hd_tiling_unref)

/* --- nodes: everything is computed when asked for ------------------------------------------------- */

/** The layer that a node is a part of. */
HdLayerId hd_tiling_node_layer (const HdTiling *self, HdNodeId node);
/** The box of its layer's ranks; never empty. */
HdBox hd_tiling_node_box (const HdTiling *self, HdNodeId node);
/** The box of its layer's output tensor that it makes, or adds to. */
HdBox hd_tiling_node_output (const HdTiling *self, HdNodeId node);
/** The part of the output that no earlier version of the node has made: what is to be written back. Empty for a pure recomputation, and for unfinished sums. */
HdBox hd_tiling_node_new_output (const HdTiling *self, HdNodeId node);
/** Size of the output [bit]: in the tensor's bits when it is final, else in the layer's partial_bits. */
guint64 hd_tiling_node_output_bits (const HdTiling *self, HdNodeId node);
/** Whether the sums are finished after it. Nodes of a chain of partial sums have ascending ids; the last is final, and the only one others depend on. */
gboolean hd_tiling_node_is_final (const HdTiling *self, HdNodeId node);
/** The hull of what it reads through an input operand of its layer, clipped to the tensor; empty when all of it is padding. */
HdBox hd_tiling_node_reads (const HdTiling *self, HdNodeId node, guint operand);
/** Points of its box that are not padding [1]: MACs of a MAC layer. */
guint64 hd_tiling_node_points (const HdTiling *self, HdNodeId node);
/** Index of its tile in the raster of its stack, 0..n_tiles-1. */
guint64 hd_tiling_node_tile (const HdTiling *self, HdNodeId node);
/** Index of its tile along each axis of its stack. */
void hd_tiling_node_axes (const HdTiling *self, HdNodeId node, guint32 *index);
/** Index into @self->shape. */
guint32 hd_tiling_node_shape (const HdTiling *self, HdNodeId node);
/** The core that the mapping deals it to. */
HdCoreId hd_tiling_node_core (const HdTiling *self, HdNodeId node);
/** Which weights it uses, as a number > 0 that is the same for nodes that read the same box of the same tensor; 0: none. The layer's first weight operand counts. */
guint32 hd_tiling_node_weight_key (const HdTiling *self, HdNodeId node);

/**
 * hd_tiling_layer_nodes:
 * @core: (out) (array): of each of the layer's nodes, in the order of their ids; and so with the others
 * @shape: (out) (array)
 * @weight_key: (out) (array)
 *
 * hd_tiling_node_core(), _shape() and _weight_key() of all nodes of @layer: a step of a counter for each instead of divisions.
 */
void hd_tiling_layer_nodes (const HdTiling *self, HdLayerId layer, HdCoreId *core, guint32 *shape, guint32 *weight_key);

static inline const HdDependency *
hd_tiling_dependencies (const HdTiling *self, HdNodeId node, guint64 *n)
{
  *n = self->dependency_begin[node + 1] - self->dependency_begin[node];
  return self->dependency + self->dependency_begin[node];
}

static inline const HdDependency *
hd_tiling_reads (const HdTiling *self, HdNodeId node, guint64 *n)
{
  *n = self->read_begin[node + 1] - self->read_begin[node];
  return self->read + self->read_begin[node];
}

/**
 * hd_tiling_order:
 *
 * Returns (transfer full) (nullable): the nodes in depth-first order: by stack, tile, layer, then id. Also a topological order. NULL with %HD_ERROR_MEMORY.
 */
HdNodeId *hd_tiling_order (const HdTiling *self, GError **error);

/* --- pieces: what a stack reads from outside ---------------------------------------------------------
 * The pieces of a tensor in a stack are disjoint: cut where the reads of its nodes end, so that each holds what is new for some node. */

/** The tensor that a piece is a box of, the stack that reads it, the box, and its size [bit]. */
HdTensorId hd_tiling_piece_tensor (const HdTiling *self, guint32 piece);
HdStackId hd_tiling_piece_stack (const HdTiling *self, guint32 piece);
HdBox hd_tiling_piece_box (const HdTiling *self, guint32 piece);
guint64 hd_tiling_piece_bits (const HdTiling *self, guint32 piece);
/** Appends to @producers (of HdDependency) the nodes of other stacks that make parts of the piece, ascending, with the bits of each (its new output); none for inputs and weights. */
void hd_tiling_piece_producers (const HdTiling *self, guint32 piece, GArray *producers);
/** The pieces of @tensor in @stack are *@first .. *@first + *@n - 1; none: *@n = 0. */
void hd_tiling_pieces_of (const HdTiling *self, HdStackId stack, HdTensorId tensor, guint32 *first, guint32 *n);

G_END_DECLS
