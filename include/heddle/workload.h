/* The workload: an immutable DAG of layers and tensors, each layer lowered to ranks and affine projections.
 *
 * A layer is a perfect loop nest over its ranks with exactly one output tensor. An operator with several outputs (Split) becomes
 * several layers. Each operand says how a point of the loop nest addresses its tensor: one projection per tensor dimension,
 *
 *     index[d] = floor ((offset[d] + sum over ranks r of coefficient[d][r] * r) / divisor[d])
 *
 * e.g. `iy = 2*oy + 1*fy - 3`. A point whose index falls outside the tensor reads padding: it costs its operation (see
 * HdOperand.padding) but no data. With `exact` set, points where the division leaves a remainder take no part at all (transposed
 * convolution: a sparse comb of the input).
 *
 * The output's projection is a permutation of ranks in almost every layer: one rank for each dimension. Where an operator splits a dimension
 * (grouped convolution, DepthToSpace, Reshape, Tile) several ranks share it as the digits of a mixed-radix number, `K_per_group*G + K`: every output
 * element belongs to exactly one point of the ranks that are not reductions. A box that cuts an inner digit must fix the outer ones to make
 * a box of the output: hd_layer_output_is_box() tells.
 *
 * | layer class      | what a point of its loop nest does           | examples                                          |
 * |------------------|----------------------------------------------|---------------------------------------------------|
 * | HD_LAYER_MAC     | one multiply-accumulate                      | Conv, Gemm, MatMul, ConvTranspose, QLinearConv    |
 * | HD_LAYER_POOL    | one comparison or addition in a window       | MaxPool, AveragePool, GlobalAveragePool           |
 * | HD_LAYER_VECTOR  | `ops_per_point` element operations           | Add, Mul, Relu, Softmax, LayerNormalization       |
 * | HD_LAYER_MOVE    | nothing; the element is moved                | Concat, Slice, Transpose, Gather, DepthToSpace    |
 *
 * Layers and tensors are indices, in canonical order: layers in topological order with ties by name, tensors by name. They do not
 * depend on the order of elements in a file.
 *
 * Ownership: hd_workload_load() and friends return a reference; everything reached from it lives as long as it does.
 */
#pragma once

#include <heddle/box.h>
#include <heddle/error.h>

#include <glib.h>

G_BEGIN_DECLS

#define HD_RANKS_MAX HD_BOX_MAX   /* ranks of a layer */
#define HD_DIMS_MAX 8             /* dimensions of a tensor */
#define HD_NONE G_MAXUINT32       /* no layer, no tensor, ... */

typedef guint32 HdLayerId;
typedef guint32 HdTensorId;

typedef enum {
  HD_TENSOR_INPUT,       /* an input of the network: in DRAM at the beginning */
  HD_TENSOR_WEIGHT,      /* a constant: in DRAM at the beginning */
  HD_TENSOR_ACTIVATION,  /* made by one layer, used by others */
  HD_TENSOR_OUTPUT,      /* made by one layer, in DRAM at the end (it may have consumers too) */
} HdTensorKind;

typedef struct {
  char *name;
  HdTensorKind kind;
  guint n_dims;
  guint64 size[HD_DIMS_MAX];  /* [1], each >= 1 */
  guint bits;                 /* per element [bit], 1..64 */
  HdLayerId producer;         /* HD_NONE for inputs and weights */
  guint n_consumers;
  HdLayerId *consumers;       /* ascending; a layer that reads it through two operands stands once */
  guint64 total_bits;         /* elements times bits [bit] */
} HdTensor;

typedef enum {
  HD_LAYER_MAC,
  HD_LAYER_POOL,
  HD_LAYER_VECTOR,
  HD_LAYER_MOVE,
} HdLayerClass;

typedef struct {
  char *name;         /* B K C G OX OY FX FY, M N, H, ... : the field's own letters, unique within the layer */
  guint64 size;       /* [1], >= 1 */
  gboolean reduction; /* TRUE when the output does not depend on it: its points are summed (or compared) */
} HdRank;

typedef struct {
  gint32 coefficient[HD_RANKS_MAX];
  gint64 offset;
  gint64 divisor;     /* >= 1 */
  gboolean exact;     /* points where the division leaves a remainder take no part */
} HdProjection;

typedef enum {
  HD_ROLE_INPUT,      /* a variable operand; a layer can have several (Add, attention products) */
  HD_ROLE_WEIGHT,     /* a constant operand. The first of them is the weights W of the cost model; biases and other parameters come after it */
  HD_ROLE_OUTPUT,     /* exactly one per layer, the last operand; its projection is a permutation of ranks or mixed radix (divisor 1, offset 0) */
} HdRole;

typedef struct {
  HdTensorId tensor;
  HdRole role;
  HdProjection projection[HD_DIMS_MAX];  /* one per dimension of the tensor */
  gboolean whole;     /* data-dependent addresses (Gather's data): any node may read anywhere; the whole tensor counts as read unless `touched` says less */
  guint64 touched_per_point; /* with `whole`: elements really moved per output point [1]; 0: unknown */
} HdOperand;

typedef struct {
  char *name;
  char *operator_type;       /* the ONNX name: "Conv", "Add", ... */
  HdLayerClass layer_class;
  guint n_ranks;
  HdRank rank[HD_RANKS_MAX];
  guint n_operands;          /* inputs, then weights, then the output; within a role those of most ranks first */
  HdOperand *operands;
  guint partial_bits;        /* of an unfinished sum [bit] */
  guint ops_per_point;       /* element operations per point of the loop nest [1]; 1 for MAC and MOVE */
  gboolean view;             /* a MOVE whose output has the same elements in the same order as its input (Reshape, Flatten, ...): a pass may alias it */
  guint64 points;            /* product of the rank sizes [1] */
} HdLayer;

typedef struct HdWorkload {
  char *name;
  guint n_layers;
  HdLayer *layers;
  guint n_tensors;
  HdTensor *tensors;
  guint inferences;   /* copies of the network in it: 1, or more by hd_workload_repeat() */
} HdWorkload;

HdWorkload *hd_workload_ref (HdWorkload *self);
void hd_workload_unref (HdWorkload *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdWorkload, hd_workload_unref)

/** What an ONNX file does not say. 0 means the default. */
typedef struct {
  guint input_bits;    /* default: from the model's element type when that is a quantized one, else 8 [bit] */
  guint weight_bits;   /* likewise */
  guint partial_bits;  /* 16 [bit] */
  guint output_bits;   /* of what layers make; likewise [bit] */
  guint bias_bits;     /* of biases that are not integers in the model; default: partial_bits [bit] */
  guint64 batch;       /* for a symbolic first dimension; default 1 */
} HdImportOptions;

/**
 * hd_workload_load:
 * @path: a workload XML file, or an ONNX model (told apart by content)
 * @options: (nullable): for ONNX
 *
 * Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT with file:line (XML) or file and node (ONNX): all faults of the file at once.
 */
HdWorkload *hd_workload_load (const char *path, const HdImportOptions *options, GError **error);
/** As hd_workload_load(), of XML or ONNX in memory; @name stands for the file in messages. */
HdWorkload *hd_workload_parse_xml (const char *text, gsize length, const char *name, GError **error);
HdWorkload *hd_workload_parse_onnx (const guint8 *data, gsize length, const char *name, const HdImportOptions *options, GError **error);

/** Returns (transfer full): the workload in canonical XML; parsing it gives the same workload. */
char *hd_workload_to_xml (const HdWorkload *self);

/**
 * hd_workload_repeat:
 * @n: how many inferences
 *
 * Returns (transfer full): @n inferences of the network back to back, as one workload. Each has its own layers, inputs, activations and outputs, which are called "1/conv1", "2/conv1", ...
 * (with as many digits as @n has); weights are shared. Layers of the first stand before those of the second. With 1: @self.
 *
 * Errors: %HD_ERROR_INPUT when there would be too many layers, when @self has several inferences already, or when a name is taken.
 */
HdWorkload *hd_workload_repeat (HdWorkload *self, guint n, GError **error);

/** The inference that a layer belongs to, from 0. */
static inline guint
hd_workload_inference (const HdWorkload *self, HdLayerId layer)
{
  return (guint) ((guint64) layer * self->inferences / self->n_layers);
}

/** Layer and tensor by name; HD_NONE when there is none. */
HdLayerId hd_workload_find_layer (const HdWorkload *self, const char *name);
HdTensorId hd_workload_find_tensor (const HdWorkload *self, const char *name);
/** The rank of @layer with that name, or -1. */
int hd_layer_find_rank (const HdLayer *layer, const char *name);
static inline const HdOperand *hd_layer_output (const HdLayer *layer) { return &layer->operands[layer->n_operands - 1]; }

/**
 * hd_operand_project:
 * @layer: the layer
 * @operand: one of its operands
 * @box: a box of the layer's ranks; not empty
 * @tensor: the operand's tensor
 *
 * Returns: the hull of the tensor's elements that the points of @box address, clipped to the tensor (padding is not data);
 * empty when all of it is padding. Exact for one rank per dimension and for windows (stride * o + dilation * f) up to the hull:
 * gaps of a stride greater than the window count as read.
 */
HdBox hd_operand_project (const HdLayer *layer, const HdOperand *operand, const HdBox *box, const HdTensor *tensor);
/** The same of dimension @d alone; an empty range when all of it is padding. */
HdRange hd_operand_project_dimension (const HdOperand *operand, guint d, const HdBox *box, const HdTensor *tensor);

/**
 * hd_layer_output_is_box:
 *
 * Returns: whether the outputs of the points of @box are a box of the output tensor: always, but where an output dimension is mixed radix and
 * @box cuts an inner digit without fixing the outer ones.
 */
gboolean hd_layer_output_is_box (const HdLayer *layer, const HdBox *box);
/** The smallest box of @layer's ranks that makes the box @out (not empty) of its output: reduction ranks whole. */
HdBox hd_layer_box_for_output (const HdLayer *layer, const HdBox *out);
/** The whole box of a layer's ranks, and of a tensor. */
HdBox hd_layer_whole_box (const HdLayer *layer);
HdBox hd_tensor_whole_box (const HdTensor *tensor);

/**
 * hd_layer_effective_points:
 *
 * Returns: points of @box whose every MAC or POOL input index lies inside its tensor and, with `exact`, has no remainder: what a machine that skips padding
 * computes. Closed form, O(ranks * sizes). For VECTOR and MOVE it is the volume of @box.
 */
guint64 hd_layer_effective_points (const HdWorkload *self, const HdLayer *layer, const HdBox *box);

/** Operators that the importer knows, by name, NULL-ended. */
const char *const *hd_operator_names (void);

G_END_DECLS
