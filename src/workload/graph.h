/* A network as operators: what both front ends (workload XML and ONNX) make, and what the operator table lowers to a draft.
 *
 * Values are tensors before lowering: they have a shape once it is known, integer or real contents where a constant is small enough to take part in shape
 * arithmetic, and a place in the draft only once some layer reads or makes them. Nodes are operators with attributes. Lowering goes through the
 * nodes in an order in which operands come first; each operator infers the shapes of its outputs and adds its layers.
 *
 * An operator whose operands are all constants is no layer: its output is a constant too (weights that are transposed, reshaped or
 * dequantized before use), with contents when they are known (shape arithmetic).
 */
#pragma once

#include "workload/draft.h"

G_BEGIN_DECLS

/** The most elements of a constant whose contents are kept, and of all constants together [1]. Shapes need few; a small file could ask for many. */
#define HD_CONTENTS_MAX 4096u
#define HD_CONTENTS_TOTAL_MAX 1000000u

/** ONNX element types; the numbers are the format's. */
typedef enum {
  HD_TYPE_UNKNOWN = 0, HD_TYPE_FLOAT = 1, HD_TYPE_UINT8 = 2, HD_TYPE_INT8 = 3, HD_TYPE_UINT16 = 4, HD_TYPE_INT16 = 5, HD_TYPE_INT32 = 6,
  HD_TYPE_INT64 = 7, HD_TYPE_STRING = 8, HD_TYPE_BOOL = 9, HD_TYPE_FLOAT16 = 10, HD_TYPE_DOUBLE = 11, HD_TYPE_UINT32 = 12, HD_TYPE_UINT64 = 13,
  HD_TYPE_COMPLEX64 = 14, HD_TYPE_COMPLEX128 = 15, HD_TYPE_BFLOAT16 = 16, HD_TYPE_FLOAT8_FIRST = 17, HD_TYPE_FLOAT8_LAST = 20,
  HD_TYPE_UINT4 = 21, HD_TYPE_INT4 = 22, HD_TYPE_FLOAT4 = 23,
} HdType;

typedef struct {
  guint n;
  guint64 size[HD_DIMS_MAX];
} HdShape;

/** What the elements of a constant are, where known: integers or reals, one array. */
typedef struct {
  guint n;
  gint64 *ints;
  double *reals;
} HdContents;

typedef struct HdGraphValue HdGraphValue;
struct HdGraphValue {
  char *name;           /* unique in the graph; also the tensor's name */
  HdGraphValue *alias;  /* stands for this other value (Identity) */
  guint line;
  gboolean known;       /* shape and type are */
  HdShape shape;
  int type;             /* HdType */
  gboolean constant;
  gboolean input;       /* of the network */
  gboolean output;      /* of the network */
  gboolean image;       /* its dimensions are B, channels and pixels: decides names of ranks */
  guint bits;           /* as written by the user [bit]; 0: by kind and type */
  HdContents contents;
  gboolean told;        /* the file has an element for it (XML) */
  gboolean number;      /* that element is a <constant>: no tensor unless an operator reads it as one */
  gboolean declared;    /* the file tells its shape, to be checked; 0 in it: not told */
  HdShape declared_shape;
  guint maker;          /* index of the node that makes it plus 1; 0: none */
};

typedef enum { HD_ATTRIBUTE_TEXT, HD_ATTRIBUTE_INTS, HD_ATTRIBUTE_REALS, HD_ATTRIBUTE_VALUE, HD_ATTRIBUTE_OTHER } HdAttributeKind;

typedef struct {
  char *name;
  gboolean asked;
  char *text;            /* strings; of XML attributes always there */
  HdContents contents;   /* numbers; of XML attributes both arrays, where the text reads so */
  HdGraphValue *value;   /* a tensor */
} HdGraphAttribute;

typedef struct {
  char *name;            /* unique among the nodes */
  char *type;            /* operator: "Conv" */
  char *domain;          /* "" is ONNX's own */
  guint line;            /* 0: none */
  guint index;           /* position in the file */
  guint weight_bits, partial_bits, output_bits;  /* as written for this layer [bit]; 0: as for the whole workload */
  GPtrArray *inputs;     /* HdGraphValue; NULL where an optional one is left out */
  GPtrArray *outputs;    /* likewise */
  GPtrArray *attributes; /* HdGraphAttribute */
} HdGraphNode;

typedef struct {
  HdDraft *draft;
  HdDiagnostics *diagnostics;  /* not owned */
  HdImportOptions options;
  gboolean xml;                /* operators may leave out weights and say their size instead */
  gboolean symbolic;           /* the batch is a symbol in the file: sizes of first dimensions are not checked */
  guint opset;                 /* of ONNX's own operators */
  GHashTable *values;          /* name -> HdGraphValue */
  GPtrArray *all_values;       /* owns them */
  GPtrArray *nodes;
  GHashTable *layer_names;     /* names given so far */
  GHashTable *value_names;     /* likewise */
  GHashTable *last_numbers;    /* id -> the last number that was put behind it to make it unique */
  guint contents;              /* elements of constants so far, out of HD_CONTENTS_TOTAL_MAX */
  GPtrArray *folding;          /* not NULL while constants are folded: layers go here instead of the draft */
} HdGraph;

HdGraph *_hd_graph_new (HdDraft *draft, HdDiagnostics *diagnostics, const HdImportOptions *options);
void _hd_graph_free (HdGraph *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdGraph, _hd_graph_free)

HdGraphValue *_hd_graph_find (HdGraph *self, const char *name);
/** The value of that name, made if it is not there; @key is the name in the file, from which an id is derived. */
HdGraphValue *_hd_graph_value (HdGraph *self, const char *key, guint line);
/** A value that the file does not name, NAME.SUFFIX. */
HdGraphValue *_hd_graph_own_value (HdGraph *self, const char *name, const char *suffix);
HdGraphNode *_hd_graph_add_node (HdGraph *self, const char *name, const char *type, const char *domain, guint line);
HdGraphAttribute *_hd_graph_node_add_attribute (HdGraphNode *node, const char *name);

/** Links each value to the node that makes it. */
void _hd_graph_link (HdGraph *self);
/** Lowers all nodes, which are linked, to the draft; faults go to the diagnostics. */
void _hd_graph_lower (HdGraph *self);
/** The tensor of @value, whose shape is known, in the draft, made at its first use. A scalar is a tensor of one dimension. */
HdDraftTensor *_hd_graph_tensor (HdGraph *self, HdGraphValue *value);

/** A fault of @node, with its place and name. Returns FALSE. */
gboolean _hd_graph_fault (HdGraph *self, const HdGraphNode *node, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* --- attributes and operands of a node ------------------------------------------------------------- */
HdGraphAttribute *_hd_node_attribute (HdGraphNode *node, const char *name);
gint64 _hd_node_int (HdGraph *self, HdGraphNode *node, const char *name, gint64 fallback);
const char *_hd_node_text (HdGraph *self, HdGraphNode *node, const char *name, const char *fallback);
/** The integers of an attribute; NULL when it is not there. A fault, and NULL, when it has none or not @expected of them (0: any number). */
const gint64 *_hd_node_ints (HdGraph *self, HdGraphNode *node, const char *name, guint expected, guint *n);
/** Integers that newer opsets take as input @index and older ones as attribute @name. *@present tells whether either is there; FALSE is a fault. */
gboolean _hd_node_ints_or_input (HdGraph *self, HdGraphNode *node, const char *name, guint index, gboolean *present, const gint64 **ints, guint *n);
/** As before, for real numbers (integers become reals). */
gboolean _hd_node_reals_or_input (HdGraph *self, HdGraphNode *node, const char *name, guint index, gboolean *present, const double **reals, guint *n);

/** Operand @index, or NULL when it is left out. */
HdGraphValue *_hd_node_input (const HdGraphNode *node, guint index);
HdGraphValue *_hd_node_output (const HdGraphNode *node, guint index);
/** Operand @index, which must be there; a fault and NULL when not. */
HdGraphValue *_hd_node_require (HdGraph *self, HdGraphNode *node, guint index);
/** An axis in [0, @n) from one that may count from the end; a fault and FALSE when out of range. */
gboolean _hd_node_axis (HdGraph *self, HdGraphNode *node, gint64 axis, guint n, guint *out);

/* --- shapes ------------------------------------------------------------------------------------------ */
guint64 _hd_shape_elements (const HdShape *shape);
gboolean _hd_shape_equal (const HdShape *a, const HdShape *b);
char *_hd_shape_format (const HdShape *shape);
gboolean _hd_type_is_integer (int type);
/** Sets shape and type of output @index and checks them against what the file tells. An output that is left out is no fault. */
gboolean _hd_graph_set (HdGraph *self, HdGraphNode *node, guint index, const HdShape *shape, int type, gboolean image);
/** Names a shape that a signed computation gave; a fault when a size is not in [1, HD_SIZE_MAX]. */
gboolean _hd_graph_size (HdGraph *self, HdGraphNode *node, gint64 size, guint64 *out);

/* --- layers ------------------------------------------------------------------------------------------ */
/** A new layer of @node in the draft; @suffix is NULL or tells several layers of one operator apart. */
HdDraftLayer *_hd_lower_layer (HdGraph *self, const HdGraphNode *node, const char *suffix, HdLayerClass layer_class, guint ops_per_point);
/** Adds @value as an operand that is read; constants are weights. All indices are 0 yet. */
HdOperand *_hd_lower_read (HdGraph *self, HdDraftLayer *layer, HdGraphValue *value);
/** As _hd_lower_read(), of a bias: its bits are those of partial sums. */
HdOperand *_hd_lower_read_bias (HdGraph *self, HdDraftLayer *layer, HdGraphValue *value);
HdOperand *_hd_lower_write (HdGraph *self, HdDraftLayer *layer, HdGraphValue *value);
/** Adds coefficient * rank to the index of dimension @d. */
void _hd_lower_term (HdOperand *operand, guint d, int rank, gint64 coefficient);
/** One rank for each dimension of @shape, by the names of doc/operators.md; @ranks takes their indices. */
void _hd_lower_ranks (HdDraftLayer *layer, const HdShape *shape, gboolean image, int *ranks);
/** Dimension d is rank d. */
void _hd_lower_identity (HdOperand *operand, guint n, const int *ranks);
/** @shape, broadcast to the layer's n ranks: dimensions of size 1 and missing ones have no term. */
void _hd_lower_broadcast (HdOperand *operand, const HdShape *shape, guint n, const int *ranks);

/* --- constants ----------------------------------------------------------------------------------------- */
/** Lowers @node whose operands are all constants; its outputs become constants, with contents where they can be computed. */
void _hd_fold_node (HdGraph *self, HdGraphNode *node);
/** Whether the contents of @elements more elements may be kept; they are counted. */
gboolean _hd_graph_keep_contents (HdGraph *self, guint64 elements);
void _hd_contents_clear (HdContents *self);
double _hd_contents_real (const HdContents *self, guint i);
gboolean _hd_contents_known (const HdContents *self);

G_END_DECLS
