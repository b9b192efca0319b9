/* The operator table: what the importer knows, and the functions that infer shapes and lower.
 *
 * A function may rely on: every operand that is there has a known shape; there are at most as many operands as the table says. It sets the shapes of the
 * outputs, adds layers, and returns FALSE after a fault.
 */
#pragma once

#include "workload/graph.h"

G_BEGIN_DECLS

typedef struct HdOperator HdOperator;
typedef gboolean (*HdOperatorFunction) (HdGraph *graph, HdGraphNode *node, const HdOperator *op);

struct HdOperator {
  const char *name;
  const char *domain;        /* "" ONNX's own; "com.microsoft"; "*" any */
  HdOperatorFunction lower;
  guint min_inputs, max_inputs;
  int detail;                /* operations per element, or a variant */
  const char *attributes;    /* names, by spaces; others are faults in XML */
};

const HdOperator *_hd_operator_find (const char *name, const char *domain);

#define HD_DECLARE_OPERATOR(name) gboolean name (HdGraph *graph, HdGraphNode *node, const HdOperator *op)

/* op-conv.c */
HD_DECLARE_OPERATOR (_hd_op_conv);
HD_DECLARE_OPERATOR (_hd_op_conv_transpose);
HD_DECLARE_OPERATOR (_hd_op_conv_quantized);   /* detail 0: QLinearConv, 1: ConvInteger */
/* op-pool.c */
HD_DECLARE_OPERATOR (_hd_op_pool);             /* detail 1: average */
HD_DECLARE_OPERATOR (_hd_op_global_pool);
HD_DECLARE_OPERATOR (_hd_op_reduce);           /* detail: operations per element */
HD_DECLARE_OPERATOR (_hd_op_arg_reduce);
/* op-matrix.c */
HD_DECLARE_OPERATOR (_hd_op_gemm);
HD_DECLARE_OPERATOR (_hd_op_matmul);
HD_DECLARE_OPERATOR (_hd_op_matmul_quantized); /* detail 0: QLinearMatMul, 1: MatMulInteger, 2: MatMulIntegerToFloat */
HD_DECLARE_OPERATOR (_hd_op_gemm_quantized);
/* op-elementwise.c; detail: operations per element */
HD_DECLARE_OPERATOR (_hd_op_unary);
HD_DECLARE_OPERATOR (_hd_op_elementwise);
HD_DECLARE_OPERATOR (_hd_op_compare);
HD_DECLARE_OPERATOR (_hd_op_where);
HD_DECLARE_OPERATOR (_hd_op_cast);
HD_DECLARE_OPERATOR (_hd_op_elementwise_quantized);
HD_DECLARE_OPERATOR (_hd_op_quantize);
HD_DECLARE_OPERATOR (_hd_op_dequantize);
HD_DECLARE_OPERATOR (_hd_op_dynamic_quantize);
/* op-normalize.c */
HD_DECLARE_OPERATOR (_hd_op_softmax);
HD_DECLARE_OPERATOR (_hd_op_layer_norm);       /* detail 1: without mean (RMS) */
HD_DECLARE_OPERATOR (_hd_op_batch_norm);
HD_DECLARE_OPERATOR (_hd_op_instance_norm);
HD_DECLARE_OPERATOR (_hd_op_lrn);
/* op-layout.c */
HD_DECLARE_OPERATOR (_hd_op_concat);
HD_DECLARE_OPERATOR (_hd_op_concat_quantized);
HD_DECLARE_OPERATOR (_hd_op_split);
HD_DECLARE_OPERATOR (_hd_op_slice);
HD_DECLARE_OPERATOR (_hd_op_gather);
HD_DECLARE_OPERATOR (_hd_op_transpose);
HD_DECLARE_OPERATOR (_hd_op_pad);
HD_DECLARE_OPERATOR (_hd_op_expand);
HD_DECLARE_OPERATOR (_hd_op_tile);
HD_DECLARE_OPERATOR (_hd_op_depth_to_space);   /* detail 1: the other way */
/* op-view.c */
HD_DECLARE_OPERATOR (_hd_op_identity);
HD_DECLARE_OPERATOR (_hd_op_reshape);
HD_DECLARE_OPERATOR (_hd_op_flatten);
HD_DECLARE_OPERATOR (_hd_op_squeeze);
HD_DECLARE_OPERATOR (_hd_op_unsqueeze);
/* op-resize.c */
HD_DECLARE_OPERATOR (_hd_op_resize);
/* op-constant.c */
HD_DECLARE_OPERATOR (_hd_op_constant);
HD_DECLARE_OPERATOR (_hd_op_constant_of_shape);
HD_DECLARE_OPERATOR (_hd_op_shape);
HD_DECLARE_OPERATOR (_hd_op_size);
HD_DECLARE_OPERATOR (_hd_op_range);

/* --- shared between operators: the same computation with its operands named ---------------------------- */
gboolean _hd_lower_conv (HdGraph *graph, HdGraphNode *node, HdGraphValue *x, HdGraphValue *w, HdGraphValue *bias, int type);
gboolean _hd_lower_matmul (HdGraph *graph, HdGraphNode *node, HdGraphValue *a, HdGraphValue *b, HdGraphValue *bias, int type);
/** A MOVE (or VECTOR) from @x to output @index with one rank for each output dimension. */
gboolean _hd_lower_view (HdGraph *graph, HdGraphNode *node, HdGraphValue *x, const HdShape *shape);
/** Makes the weights that XML may leave out, NAME.SUFFIX. */
HdGraphValue *_hd_graph_own_weight (HdGraph *graph, HdGraphNode *node, const char *suffix, const HdShape *shape);

/* --- windows (op-window.c): the spatial part of convolutions and poolings ------------------------------- */
#define HD_SPATIAL_MAX 3

typedef struct {
  guint n;                                 /* spatial dimensions */
  gint64 kernel[HD_SPATIAL_MAX], stride[HD_SPATIAL_MAX], dilation[HD_SPATIAL_MAX];
  gint64 before[HD_SPATIAL_MAX], after[HD_SPATIAL_MAX];  /* padding */
  guint64 out[HD_SPATIAL_MAX];
} HdWindow;

/** Reads kernel_shape (unless @kernel tells), strides, dilations, pads, auto_pad and ceil_mode, and computes the output sizes for @x. */
gboolean _hd_window_read (HdGraph *graph, HdGraphNode *node, const HdGraphValue *x, const gint64 *kernel, HdWindow *window);
/** Names of the output and filter ranks of spatial dimension @i of @n: OZ OY OX, FZ FY FX. */
const char *_hd_window_rank (guint n, guint i, gboolean filter);

G_END_DECLS
