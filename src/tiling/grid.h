/* The grid that a layer's nodes make, and what is derived from it. Internal to the room; doc/tiling.md has the rules.
 *
 * A node's number within its layer is a mixed-radix number. Its digits are, outermost first: the ranks that a tile axis drives and the versions, in the order of the
 * axes; then the other ranks in their own order. So numbers ascend along a chain of partial sums as tiles do.
 */
#pragma once

#include <heddle/tiling.h>

G_BEGIN_DECLS

typedef struct HdTilingBlock {
  struct HdTilingBlock *before;
  guint64 align;              /* data begins at a multiple of 16 */
  guint8 data[];
} HdTilingBlock;

/** Arrays that go together (arena.c). */
typedef struct {
  HdTilingBlock *block;       /* the last, of which `used` bytes are taken */
  gsize used;
  GPtrArray *large;           /* what has memory of its own */
} HdTilingArena;

/** A half-open range; sizes fit 31 bits. */
typedef struct {
  gint32 from, to;
} HdTilingSpan;

static inline gboolean hd_tiling_span_is_empty (HdTilingSpan s) { return s.to <= s.from; }

/** One rank of a layer. */
typedef struct {
  int axis;                   /* the tile axis that drives it; -1: none, all is computed at index 0 */
  gboolean versioned;         /* recomputed along that axis: the spans overlap */
  guint32 n_indices;          /* tiles along the axis; 1 without */
  HdTilingSpan *computed;     /* by axis index: what is computed there; may be empty */
  HdTilingSpan *fresh;        /* by axis index: what no earlier index has computed; the same array unless versioned */
  HdTilingSpan hull;          /* of all that is computed */
  guint32 n;                  /* segments */
  HdTilingSpan *segment;      /* by axis index, then ascending */
  guint32 *index;             /* by segment: its axis index */
} HdTilingRank;

typedef struct {
  int rank;                   /* -1: a version */
  int axis;                   /* -1: none */
  guint32 n;
  guint32 stride;             /* in the node's number */
  const guint32 *index;       /* by value: axis index; NULL: the value itself */
} HdTilingDigit;

#define HD_TILING_DIGITS_MAX (2 * HD_RANKS_MAX)

/** Parts of one dimension of a tensor: by position; where versions overlap, by axis index and then position. */
typedef struct {
  guint32 n;
  HdTilingSpan *span;
  guint32 *offset;            /* what the part adds to the number of the node (or piece) */
  guint32 *index;             /* its axis index */
  guint32 *begin;             /* versioned: first part of each axis index, and n; else NULL */
  int axis;                   /* of the index; -1: none */
} HdTilingParts;

/** What one layer's nodes are. */
typedef struct {
  HdTilingRank rank[HD_RANKS_MAX];
  guint32 axes;               /* bit a: its nodes are told apart by their index along axis a */
  guint32 versions;           /* bit a: recomputed along axis a, which drives none of its ranks */
  guint n_digits;
  HdTilingDigit digit[HD_TILING_DIGITS_MAX];
  guint32 n_nodes;
  guint32 final_offset;       /* of the last segment of each reduction rank */
  gboolean leaves;            /* its output is needed outside the stack: all of it is computed */
  HdTilingParts inner[HD_DIMS_MAX];  /* of the output, for readers in the stack */
  HdTilingParts home[HD_DIMS_MAX];   /* for readers elsewhere: the first version of each element */
  /* shapes and weights: a class for each segment, a table over the classes */
  guint32 *class_of[HD_RANKS_MAX];
  guint32 class_stride[HD_RANKS_MAX];
  guint32 *shape_of_class;
  guint32 *weight_key;        /* over the segments that the weights depend on; NULL: no weights */
  guint32 weight_stride[HD_RANKS_MAX];
} HdTilingLayer;

/** The pieces of one tensor that a stack reads from outside. */
typedef struct {
  HdStackId stack;
  HdTensorId tensor;
  guint32 first, n;           /* piece ids */
  guint n_dims;
  HdTilingParts part[HD_DIMS_MAX];
} HdTilingPieces;

struct HdTilingGrid {
  guint n_layers, n_stacks;
  HdTilingLayer *layer;
  GArray *pieces;             /* HdTilingPieces, by stack, then tensor; ids ascend */
  HdTilingArena arena;        /* what all of the above points to */
  HdTilingArena scratch;      /* while the tiling is made */
};

/** What the nodes of a layer read of one dimension of an operand: a table over the digits that matter. */
typedef struct {
  guint n_digits;
  guint8 digit[HD_TILING_DIGITS_MAX];     /* index in the layer's digits */
  guint32 stride[HD_TILING_DIGITS_MAX];   /* in the table */
  guint32 n;
  HdTilingSpan *span;                     /* may be empty: padding */
} HdTilingReads;

/* --- need.c ------------------------------------------------------------------------------------------ */
/** Fills the ranks' `computed` and `fresh` of every layer of @stack, and its axes. */
gboolean _hd_tiling_derive_stack (HdTiling *self, HdStackId stack, GError **error);
/** The rank of the largest coefficient in dimension @d of the output; -1: none. */
int _hd_tiling_outermost_digit (const HdLayer *layer, guint d);

/* --- segments.c -------------------------------------------------------------------------------------- */
/** Splits what is computed at the cuts, numbers the nodes, and makes the parts of the output. */
gboolean _hd_tiling_number_layer (HdTiling *self, HdLayerId layer, GError **error);
/** Range of the parts that overlap @span: *@first .. *@first + n - 1, where n is returned. @index counts for versions only. */
guint32 _hd_tiling_parts_find (const HdTilingParts *parts, HdTilingSpan span, guint32 index, guint32 *first);

/* --- reads.c ----------------------------------------------------------------------------------------- */
/** @axis: an axis whose index must be told from the table's position too; -1: none. The table is in the scratch memory. */
gboolean _hd_tiling_reads_init (HdTilingReads *reads, const HdTiling *self, HdLayerId layer, guint operand, guint d, int axis, GError **error);
/** What the layer's first node reads of the dimension: where nothing that matters is cut, what they all read. */
HdTilingSpan _hd_tiling_reads_first (const HdTiling *self, HdLayerId layer, guint operand, guint d);
/** Index along @axis of the nodes at position @at of the table; 0 when they are not told apart by it. */
guint32 _hd_tiling_reads_index (const HdTilingReads *reads, const HdTilingLayer *layer, guint32 at, int axis);

/* --- pieces.c ---------------------------------------------------------------------------------------- */
gboolean _hd_tiling_make_pieces (HdTiling *self, GError **error);
/** The pieces of @tensor in @stack; NULL when no node of the stack reads it from outside. */
const HdTilingPieces *_hd_tiling_find_pieces (const HdTiling *self, HdStackId stack, HdTensorId tensor);

/* --- depend.c ---------------------------------------------------------------------------------------- */
gboolean _hd_tiling_make_dependencies (HdTiling *self, GError **error);

/* --- shape.c ----------------------------------------------------------------------------------------- */
gboolean _hd_tiling_make_shapes (HdTiling *self, GError **error);
gboolean _hd_tiling_make_weight_keys (HdTiling *self, GError **error);

/* --- tiling.c ---------------------------------------------------------------------------------------- */
/** Whether the machine has as much memory at all. */
gboolean _hd_tiling_is_in_memory (guint64 bytes);
/** Zeroed memory for what a mapping's sizes ask for; NULL with %HD_ERROR_MEMORY when the machine has not as much. @n may be 0. */
gpointer _hd_tiling_alloc (guint64 n, gsize size, const char *what, GError **error);
/* --- arena.c ----------------------------------------------------------------------------------------- */
/** As _hd_tiling_alloc(); it lives as long as the arena. */
gpointer _hd_tiling_take (HdTilingArena *self, guint64 n, gsize size, const char *what, GError **error);
/** All that was taken goes; some memory is kept for what comes. */
void _hd_tiling_arena_reset (HdTilingArena *self);
void _hd_tiling_arena_clear (HdTilingArena *self);

/* --- tiling.c, again --------------------------------------------------------------------------------- */
int _hd_tiling_compare_u64 (const void *a, const void *b);
/** Steps the digits of a layer like a counter, the last fastest; returns the digit that was raised, or -1 after the last node. */
static inline int
hd_tiling_step (const HdTilingLayer *layer, guint32 *value)
{
  for (int k = (int) layer->n_digits - 1; k >= 0; k--) {
    if (++value[k] < layer->digit[k].n)
      return k;
    value[k] = 0;
  }
  return -1;
}

static inline guint32
hd_tiling_digit_index (const HdTilingDigit *digit, guint32 value)
{
  return digit->index != NULL ? digit->index[value] : value;
}

G_END_DECLS
