/* The operator table. Operations per element count each addition, product, comparison, division and each of exp, log, sqrt, erf, tanh,
 * sin, cos as one. doc/operators.md says what each operator becomes.
 */
#include "config.h"
#include "workload/operators.h"

#define ONNX ""
#define MS "com.microsoft"
#define ANY "*"
#define MANY G_MAXUINT

#define CONV_ATTRIBUTES "auto_pad dilations group kernel_shape pads strides channels bias"
#define POOL_ATTRIBUTES "auto_pad ceil_mode count_include_pad dilations kernel_shape pads storage_order strides"
#define REDUCE_ATTRIBUTES "axes keepdims noop_with_empty_axes"
#define RESIZE_ATTRIBUTES \
  "sizes scales axes mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside extrapolation_value keep_aspect_ratio_policy antialias"

/* By name, for bisection. */
static const HdOperator OPERATORS[] = {
  { "Abs", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Acos", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Add", ONNX, _hd_op_elementwise, 2, 2, 1, "axis broadcast" },
  { "And", ONNX, _hd_op_compare, 2, 2, 1, "axis broadcast" },
  { "ArgMax", ONNX, _hd_op_arg_reduce, 1, 1, 1, "axis keepdims select_last_index" },
  { "ArgMin", ONNX, _hd_op_arg_reduce, 1, 1, 1, "axis keepdims select_last_index" },
  { "Asin", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Atan", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "AveragePool", ONNX, _hd_op_pool, 1, 1, 1, POOL_ATTRIBUTES },
  { "BatchNormalization", ONNX, _hd_op_batch_norm, 1, 5, 2, "epsilon momentum training_mode spatial is_test consumed_inputs" },
  { "BiasGelu", MS, _hd_op_elementwise, 2, 2, 6, "" },
  { "Cast", ONNX, _hd_op_cast, 1, 1, 1, "to saturate" },
  { "Ceil", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Celu", ONNX, _hd_op_unary, 1, 1, 6, "alpha" },
  { "Clip", ONNX, _hd_op_unary, 1, 3, 2, "min max" },
  { "Concat", ONNX, _hd_op_concat, 1, MANY, 0, "axis" },
  { "Constant", ONNX, _hd_op_constant, 0, 0, 0, "value value_int value_ints value_float value_floats" },
  { "ConstantOfShape", ONNX, _hd_op_constant_of_shape, 1, 1, 0, "value" },
  { "Conv", ONNX, _hd_op_conv, 1, 3, 0, CONV_ATTRIBUTES },
  { "ConvInteger", ONNX, _hd_op_conv_quantized, 2, 4, 1, CONV_ATTRIBUTES },
  { "ConvTranspose", ONNX, _hd_op_conv_transpose, 1, 3, 0, CONV_ATTRIBUTES " output_padding output_shape" },
  { "Cos", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "DepthToSpace", ONNX, _hd_op_depth_to_space, 1, 1, 0, "blocksize mode" },
  { "DequantizeLinear", ANY, _hd_op_dequantize, 2, 3, 2, "axis block_size" },
  { "Div", ONNX, _hd_op_elementwise, 2, 2, 1, "axis broadcast" },
  { "Dropout", ONNX, _hd_op_identity, 1, 3, 0, "ratio seed is_test" },
  { "DynamicQuantizeLinear", ONNX, _hd_op_dynamic_quantize, 1, 1, 4, "" },
  { "Elu", ONNX, _hd_op_unary, 1, 1, 4, "alpha" },
  { "Equal", ONNX, _hd_op_compare, 2, 2, 1, "axis broadcast" },
  { "Erf", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Exp", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Expand", ONNX, _hd_op_expand, 1, 2, 0, "shape" },
  { "FastGelu", MS, _hd_op_elementwise, 1, 2, 8, "" },
  { "Flatten", ONNX, _hd_op_flatten, 1, 1, 0, "axis" },
  { "Floor", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Gather", ONNX, _hd_op_gather, 2, 2, 0, "axis" },
  { "Gelu", ANY, _hd_op_unary, 1, 1, 5, "approximate" },
  { "Gemm", ONNX, _hd_op_gemm, 1, 3, 0, "alpha beta transA transB broadcast channels bias" },
  { "GlobalAveragePool", ONNX, _hd_op_global_pool, 1, 1, 1, "" },
  { "GlobalMaxPool", ONNX, _hd_op_global_pool, 1, 1, 1, "" },
  { "Greater", ONNX, _hd_op_compare, 2, 2, 1, "axis broadcast" },
  { "GreaterOrEqual", ONNX, _hd_op_compare, 2, 2, 1, "" },
  { "HardSigmoid", ONNX, _hd_op_unary, 1, 1, 4, "alpha beta" },
  { "HardSwish", ONNX, _hd_op_unary, 1, 1, 5, "" },
  { "Identity", ONNX, _hd_op_identity, 1, 1, 0, "" },
  { "InstanceNormalization", ONNX, _hd_op_instance_norm, 1, 3, 0, "epsilon" },
  { "LRN", ONNX, _hd_op_lrn, 1, 1, 3, "alpha beta bias size" },
  { "LayerNormalization", ONNX, _hd_op_layer_norm, 1, 3, 0, "axis epsilon stash_type" },
  { "LeakyRelu", ONNX, _hd_op_unary, 1, 1, 2, "alpha" },
  { "Less", ONNX, _hd_op_compare, 2, 2, 1, "axis broadcast" },
  { "LessOrEqual", ONNX, _hd_op_compare, 2, 2, 1, "" },
  { "Log", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "LogSoftmax", ONNX, _hd_op_softmax, 1, 1, 2, "axis" },
  { "LpPool", ONNX, _hd_op_pool, 1, 1, 2, POOL_ATTRIBUTES " p" },
  { "MatMul", ONNX, _hd_op_matmul, 1, 2, 0, "channels bias" },
  { "MatMulInteger", ONNX, _hd_op_matmul_quantized, 2, 4, 1, "" },
  { "MatMulIntegerToFloat", MS, _hd_op_matmul_quantized, 4, 7, 2, "" },
  { "Max", ONNX, _hd_op_elementwise, 1, MANY, 1, "" },
  { "MaxPool", ONNX, _hd_op_pool, 1, 1, 1, POOL_ATTRIBUTES },
  { "Mean", ONNX, _hd_op_elementwise, 1, MANY, 1, "" },
  { "Min", ONNX, _hd_op_elementwise, 1, MANY, 1, "" },
  { "Mish", ONNX, _hd_op_unary, 1, 1, 5, "" },
  { "Mod", ONNX, _hd_op_elementwise, 2, 2, 1, "fmod" },
  { "Mul", ONNX, _hd_op_elementwise, 2, 2, 1, "axis broadcast" },
  { "Neg", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Not", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Or", ONNX, _hd_op_compare, 2, 2, 1, "axis broadcast" },
  { "PRelu", ONNX, _hd_op_elementwise, 2, 2, 2, "" },
  { "Pad", ONNX, _hd_op_pad, 1, 4, 0, "pads paddings mode value axes" },
  { "Pow", ONNX, _hd_op_elementwise, 2, 2, 1, "axis broadcast" },
  { "QGemm", MS, _hd_op_gemm_quantized, 6, 9, 0, "alpha transA transB" },
  { "QLinearAdd", MS, _hd_op_elementwise_quantized, 7, 8, 5, "" },
  { "QLinearAveragePool", MS, _hd_op_pool, 4, 5, 1, POOL_ATTRIBUTES " channels_last" },
  { "QLinearConcat", MS, _hd_op_concat_quantized, 5, MANY, 0, "axis" },
  { "QLinearConv", ANY, _hd_op_conv_quantized, 8, 9, 0, CONV_ATTRIBUTES " channels_last" },
  { "QLinearGlobalAveragePool", MS, _hd_op_global_pool, 4, 5, 1, "channels_last" },
  { "QLinearLeakyRelu", MS, _hd_op_elementwise_quantized, 4, 5, 4, "alpha" },
  { "QLinearMatMul", ONNX, _hd_op_matmul_quantized, 8, 8, 0, "" },
  { "QLinearMul", MS, _hd_op_elementwise_quantized, 7, 8, 4, "" },
  { "QLinearSigmoid", MS, _hd_op_elementwise_quantized, 4, 5, 6, "" },
  { "QLinearSoftmax", MS, _hd_op_softmax, 4, 5, 5, "axis opset" },
  { "QuantizeLinear", ANY, _hd_op_quantize, 2, 3, 4, "axis block_size output_dtype saturate" },
  { "QuickGelu", MS, _hd_op_unary, 1, 1, 6, "alpha" },
  { "RMSNormalization", ANY, _hd_op_layer_norm, 1, 2, 1, "axis epsilon stash_type" },
  { "Range", ONNX, _hd_op_range, 3, 3, 0, "" },
  { "Reciprocal", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "ReduceL1", ONNX, _hd_op_reduce, 1, 2, 2, REDUCE_ATTRIBUTES },
  { "ReduceL2", ONNX, _hd_op_reduce, 1, 2, 2, REDUCE_ATTRIBUTES },
  { "ReduceMax", ONNX, _hd_op_reduce, 1, 2, 1, REDUCE_ATTRIBUTES },
  { "ReduceMean", ONNX, _hd_op_reduce, 1, 2, 1, REDUCE_ATTRIBUTES },
  { "ReduceMin", ONNX, _hd_op_reduce, 1, 2, 1, REDUCE_ATTRIBUTES },
  { "ReduceProd", ONNX, _hd_op_reduce, 1, 2, 1, REDUCE_ATTRIBUTES },
  { "ReduceSum", ONNX, _hd_op_reduce, 1, 2, 1, REDUCE_ATTRIBUTES },
  { "ReduceSumSquare", ONNX, _hd_op_reduce, 1, 2, 2, REDUCE_ATTRIBUTES },
  { "Relu", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Reshape", ONNX, _hd_op_reshape, 1, 2, 0, "shape allowzero" },
  { "Resize", ONNX, _hd_op_resize, 1, 4, 0, RESIZE_ATTRIBUTES },
  { "Round", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Selu", ONNX, _hd_op_unary, 1, 1, 5, "alpha gamma" },
  { "Shape", ONNX, _hd_op_shape, 1, 1, 0, "start end" },
  { "Sigmoid", ONNX, _hd_op_unary, 1, 1, 4, "" },
  { "Sign", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Silu", ANY, _hd_op_unary, 1, 1, 5, "" },
  { "SimplifiedLayerNormalization", ANY, _hd_op_layer_norm, 1, 2, 1, "axis epsilon stash_type" },
  { "Sin", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Size", ONNX, _hd_op_size, 1, 1, 0, "" },
  { "Slice", ONNX, _hd_op_slice, 1, 5, 0, "starts ends axes steps" },
  { "Softmax", ONNX, _hd_op_softmax, 1, 1, 3, "axis" },
  { "Softplus", ONNX, _hd_op_unary, 1, 1, 3, "" },
  { "Softsign", ONNX, _hd_op_unary, 1, 1, 3, "" },
  { "SpaceToDepth", ONNX, _hd_op_depth_to_space, 1, 1, 1, "blocksize" },
  { "Split", ONNX, _hd_op_split, 1, 2, 0, "axis split num_outputs" },
  { "Sqrt", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Squeeze", ONNX, _hd_op_squeeze, 1, 2, 0, "axes" },
  { "Sub", ONNX, _hd_op_elementwise, 2, 2, 1, "axis broadcast" },
  { "Sum", ONNX, _hd_op_elementwise, 1, MANY, 1, "" },
  { "Swish", ANY, _hd_op_unary, 1, 1, 5, "alpha" },
  { "Tan", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "Tanh", ONNX, _hd_op_unary, 1, 1, 1, "" },
  { "ThresholdedRelu", ONNX, _hd_op_unary, 1, 1, 2, "alpha" },
  { "Tile", ONNX, _hd_op_tile, 1, 2, 0, "repeats" },
  { "Transpose", ONNX, _hd_op_transpose, 1, 1, 0, "perm" },
  { "Unsqueeze", ONNX, _hd_op_unsqueeze, 1, 2, 0, "axes" },
  { "Upsample", ONNX, _hd_op_resize, 1, 2, 0, RESIZE_ATTRIBUTES },
  { "Where", ONNX, _hd_op_where, 3, 3, 1, "" },
  { "Xor", ONNX, _hd_op_compare, 2, 2, 1, "axis broadcast" },
};

static int
compare_operator (const void *key, const void *entry)
{
  return g_strcmp0 (key, ((const HdOperator *) entry)->name);
}

const HdOperator *
_hd_operator_find (const char *name, const char *domain)
{
  const HdOperator *op = bsearch (name, OPERATORS, G_N_ELEMENTS (OPERATORS), sizeof *OPERATORS, compare_operator);
  if (op == NULL || g_str_equal (op->domain, ANY))
    return op;
  return g_str_equal (op->domain, g_str_equal (domain, "ai.onnx") ? "" : domain) ? op : NULL;
}

const char *const *
hd_operator_names (void)
{
  static const char *names[G_N_ELEMENTS (OPERATORS) + 1];
  static gsize once = 0;
  if (g_once_init_enter (&once)) {
    for (guint i = 0; i < G_N_ELEMENTS (OPERATORS); i++)
      names[i] = OPERATORS[i].name;
    g_once_init_leave (&once, 1);
  }
  return names;
}

HdGraphValue *
_hd_graph_own_weight (HdGraph *graph, HdGraphNode *node, const char *suffix, const HdShape *shape)
{
  HdGraphValue *value = _hd_graph_own_value (graph, node->name, suffix);
  value->line = node->line;
  value->constant = value->known = TRUE;
  value->shape = *shape;
  value->type = HD_TYPE_FLOAT;
  value->bits = g_str_equal (suffix, "bias") ? 0 : node->weight_bits;
  return value;
}
