/* Each operator from ONNX, in the forms of several opsets: output shapes and operation counts that were worked out by hand. */
#include "workload/onnx-text.h"

#include <criterion/criterion.h>
#include <heddle/workload.h>
#include <stdlib.h>

typedef struct {
  const char *what;
  const char *text;     /* see onnx-text.h; the output is y */
  const char *shape;    /* of y */
  guint64 macs;         /* points of all MAC layers */
  guint n_layers;
} Case;

static HdWorkload *
import (const Case *c, GError **error)
{
  g_autoptr (GByteArray) bytes = onnx_from_text (c->text);
  return hd_workload_parse_onnx (bytes->data, bytes->len, c->what, NULL, error);
}

static char *
shape_of (const HdWorkload *w, const char *name)
{
  GString *text = g_string_new (NULL);
  HdTensorId id = hd_workload_find_tensor (w, name);
  for (guint d = 0; id != HD_NONE && d < w->tensors[id].n_dims; d++)
    g_string_append_printf (text, d > 0 ? " %u" : "%u", (guint) w->tensors[id].size[d]);
  return g_string_free (text, FALSE);
}

static void
check (const Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) w = import (c, &error);
  cr_assert_not_null (w, "%s: %s", c->what, error != NULL ? error->message : "");
  g_autofree char *shape = shape_of (w, "y");
  guint64 macs = 0;
  for (guint l = 0; l < w->n_layers; l++)
    macs += w->layers[l].layer_class == HD_LAYER_MAC ? w->layers[l].points : 0;
  cr_expect_str_eq (shape, c->shape, "%s: y is [%s] - expected [%s]", c->what, shape, c->shape);
  cr_expect_eq (macs, c->macs, "%s: %lu MACs - expected %lu", c->what, (unsigned long) macs, (unsigned long) c->macs);
  cr_expect_eq (w->n_layers, c->n_layers, "%s: %u layers - expected %u", c->what, w->n_layers, c->n_layers);
  g_autofree char *xml = hd_workload_to_xml (w);
  g_autoptr (HdWorkload) again = hd_workload_parse_xml (xml, strlen (xml), c->what, &error);
  cr_assert_not_null (again, "%s: %s", c->what, error != NULL ? error->message : "");
  g_autofree char *twice = hd_workload_to_xml (again);
  cr_expect_str_eq (xml, twice, "%s: the round trip differs", c->what);
}

#define RUN(cases)                                  \
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) \
    check (&cases[i])

Test (operators, convolutions)
{
  static const Case CASES[] = {
    { "plain", "input x float 1 3 8 8\ninit w float 4 3 3 3\nnode Conv x w -> y\noutput y", "1 4 6 6", 4 * 3 * 9 * 36, 1 },
    { "pads and strides", "input x float 2 3 8 8\ninit w float 4 3 3 3\ninit b float 4\nnode Conv x w b -> y ; pads=[1,1,1,1] strides=[2,2]\noutput y", "2 4 4 4",
      2 * 4 * 3 * 9 * 16, 1 },
    { "uneven pads", "input x float 1 1 8 8\ninit w float 1 1 3 3\nnode Conv x w -> y ; pads=[0,1,2,3]\noutput y", "1 1 8 10", 9 * 80, 1 },
    { "dilation", "input x float 1 1 9 9\ninit w float 1 1 3 3\nnode Conv x w -> y ; dilations=[2,3]\noutput y", "1 1 5 3", 9 * 15, 1 },
    { "same upper", "input x float 1 1 9 9\ninit w float 2 1 4 4\nnode Conv x w -> y ; auto_pad=SAME_UPPER strides=[2,2]\noutput y", "1 2 5 5", 2 * 16 * 25, 1 },
    { "same lower", "input x float 1 1 9 9\ninit w float 2 1 4 4\nnode Conv x w -> y ; auto_pad=SAME_LOWER\noutput y", "1 2 9 9", 2 * 16 * 81, 1 },
    { "valid", "input x float 1 1 9 9\ninit w float 2 1 4 4\nnode Conv x w -> y ; auto_pad=VALID\noutput y", "1 2 6 6", 2 * 16 * 36, 1 },
    { "depthwise", "input x float 1 6 8 8\ninit w float 6 1 3 3\nnode Conv x w -> y ; group=6\noutput y", "1 6 6 6", 6 * 9 * 36, 1 },
    { "depthwise, multiplier", "input x float 1 6 8 8\ninit w float 12 1 3 3\nnode Conv x w -> y ; group=6\noutput y", "1 12 6 6", 12 * 9 * 36, 1 },
    { "groups", "input x float 1 8 8 8\ninit w float 6 4 3 3\nnode Conv x w -> y ; group=2\noutput y", "1 6 6 6", 6 * 4 * 9 * 36, 1 },
    { "one dimension", "input x float 1 8 20\ninit w float 6 8 5\nnode Conv x w -> y\noutput y", "1 6 16", 6 * 8 * 5 * 16, 1 },
    { "three dimensions", "input x float 1 2 4 5 6\ninit w float 3 2 2 2 2\nnode Conv x w -> y\noutput y", "1 3 3 4 5", 3 * 2 * 8 * 60, 1 },
    { "transposed", "input x float 1 2 5 5\ninit w float 2 3 4 4\nnode ConvTranspose x w -> y ; strides=[2,2] pads=[1,1,1,1]\noutput y", "1 3 10 10", 2 * 3 * 16 * 100, 1 },
    { "transposed, output_padding", "input x float 1 2 5 5\ninit w float 2 3 3 3\nnode ConvTranspose x w -> y ; strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]\noutput y",
      "1 3 10 10", 2 * 3 * 9 * 100, 1 },
    { "transposed, output_shape", "input x float 1 2 5 5\ninit w float 2 3 3 3\nnode ConvTranspose x w -> y ; strides=[2,2] output_shape=[10,9]\noutput y", "1 3 10 9",
      2 * 3 * 9 * 90, 1 },
    { "transposed, groups", "input x float 1 4 5 5\ninit w float 4 3 3 3\nnode ConvTranspose x w -> y ; group=2\noutput y", "1 6 7 7", 2 * 2 * 3 * 9 * 49, 1 },
    { "QLinearConv", "input x uint8 1 3 8 8\nvalues s float = 1\nvalues z uint8 = 0\ninit w int8 4 3 3 3\ninit b int32 4\nnode QLinearConv x s z w s z s z b -> y\noutput y",
      "1 4 6 6", 4 * 3 * 9 * 36, 1 },
    { "ConvInteger", "input x uint8 1 3 8 8\ninit w int8 4 3 3 3\nnode ConvInteger x w -> y\noutput y", "1 4 6 6", 4 * 3 * 9 * 36, 1 },
  };
  RUN (CASES);
}

Test (operators, matrices)
{
  static const Case CASES[] = {
    { "Gemm", "input x float 4 5\ninit w float 5 6\ninit b float 6\nnode Gemm x w b -> y\noutput y", "4 6", 120, 1 },
    { "Gemm, transposed", "input x float 5 4\ninit w float 6 5\nnode Gemm x w -> y ; transA=1 transB=1 alpha=0.5f\noutput y", "4 6", 120, 1 },
    { "MatMul", "input x float 4 5\ninit w float 5 6\nnode MatMul x w -> y\noutput y", "4 6", 120, 1 },
    { "MatMul, batches", "input x float 2 3 4 5\ninput w float 2 3 5 6\nnode MatMul x w -> y\noutput y", "2 3 4 6", 720, 1 },
    { "MatMul, broadcast", "input x float 2 1 4 5\ninput w float 3 5 6\nnode MatMul x w -> y\noutput y", "2 3 4 6", 720, 1 },
    { "MatMul, vector on the right", "input x float 2 4 5\ninit w float 5\nnode MatMul x w -> y\noutput y", "2 4", 40, 1 },
    { "MatMul, vector on the left", "input x float 5\ninit w float 5 6\nnode MatMul x w -> y\noutput y", "6", 30, 1 },
    { "MatMul, two vectors", "input x float 5\ninit w float 5\nnode MatMul x w -> y\noutput y", "1", 5, 1 },
    { "MatMul, constant on the left", "input x float 2 5 6\ninit w float 4 5\nnode MatMul w x -> y\noutput y", "2 4 6", 240, 1 },
    { "QLinearMatMul", "input x uint8 4 5\ninit w int8 5 6\nvalues s float = 1\nvalues z uint8 = 0\nnode QLinearMatMul x s z w s z s z -> y\noutput y", "4 6", 120, 1 },
    { "MatMulInteger", "input x uint8 4 5\ninit w int8 5 6\nnode MatMulInteger x w -> y\noutput y", "4 6", 120, 1 },
    { "MatMulIntegerToFloat", "input x uint8 4 5\ninit w int8 5 6\nvalues s float = 1\nnode com.microsoft:MatMulIntegerToFloat x w s s -> y\noutput y", "4 6", 120, 1 },
    { "QGemm", "input x uint8 4 5\ninit w int8 6 5\nvalues s float = 1\nvalues z uint8 = 0\nnode com.microsoft:QGemm x s z w s z - s z -> y ; transB=1\noutput y", "4 6", 120, 1 },
  };
  RUN (CASES);
}

Test (operators, pooling_and_reductions)
{
  static const Case CASES[] = {
    { "MaxPool", "input x float 1 3 8 8\nnode MaxPool x -> y ; kernel_shape=[2,2] strides=[2,2]\noutput y", "1 3 4 4", 0, 1 },
    { "MaxPool, ceil", "input x float 1 3 9 8\nnode MaxPool x -> y ; kernel_shape=[2,2] strides=[2,2] ceil_mode=1\noutput y", "1 3 5 4", 0, 1 },
    { "MaxPool, ceil, window in the padding", "input x float 1 3 4 4\nnode MaxPool x -> y ; kernel_shape=[1,1] strides=[3,3] pads=[0,0,2,2] ceil_mode=1\noutput y",
      "1 3 2 2", 0, 1 },
    { "AveragePool", "input x float 1 3 8 8\nnode AveragePool x -> y ; kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1\noutput y", "1 3 8 8", 0, 1 },
    { "LpPool", "input x float 1 3 8 8\nnode LpPool x -> y ; kernel_shape=[3,3] p=2\noutput y", "1 3 6 6", 0, 1 },
    { "GlobalAveragePool", "input x float 1 3 8 8\nnode GlobalAveragePool x -> y\noutput y", "1 3 1 1", 0, 1 },
    { "GlobalMaxPool", "input x float 1 3 8\nnode GlobalMaxPool x -> y\noutput y", "1 3 1", 0, 1 },
    { "ReduceMean, attribute", "opset 13\ninput x float 2 3 4\nnode ReduceMean x -> y ; axes=[1] keepdims=0\noutput y", "2 4", 0, 1 },
    { "ReduceMean, input", "opset 18\ninput x float 2 3 4\nvalues a int64 1 = -1\nnode ReduceMean x a -> y\noutput y", "2 3 1", 0, 1 },
    { "ReduceSum, all", "input x float 2 3 4\nnode ReduceSum x -> y ; keepdims=0\noutput y", "1", 0, 1 },
    { "ArgMax", "input x float 2 3 4\nnode ArgMax x -> y ; axis=2\noutput y", "2 3 1", 0, 1 },
    { "QLinearAveragePool", "input x uint8 1 3 8 8\nvalues s float = 1\nvalues z uint8 = 0\nnode com.microsoft:QLinearAveragePool x s z s z -> y ; kernel_shape=[2,2]\noutput y",
      "1 3 7 7", 0, 1 },
    { "QLinearGlobalAveragePool", "input x uint8 1 3 8 8\nvalues s float = 1\nvalues z uint8 = 0\nnode com.microsoft:QLinearGlobalAveragePool x s z s z -> y\noutput y", "1 3 1 1",
      0, 1 },
  };
  RUN (CASES);
}

Test (operators, elementwise)
{
  static const Case CASES[] = {
    { "Add", "input x float 2 3 4\ninput z float 2 3 4\nnode Add x z -> y\noutput y", "2 3 4", 0, 1 },
    { "Add, broadcast both ways", "input x float 2 1 4\ninput z float 3 1\nnode Add x z -> y\noutput y", "2 3 4", 0, 1 },
    { "Mul, scalar", "input x float 2 3\nvalues s float = 2\nnode Mul x s -> y\noutput y", "2 3", 0, 1 },
    { "Mul by itself", "input x float 2 3\nnode Mul x x -> y\noutput y", "2 3", 0, 1 },
    { "Add, axis of opset 6", "opset 6\ninput x float 2 3 4 5\ninit b float 3\nnode Add x b -> y ; axis=1 broadcast=1\noutput y", "2 3 4 5", 0, 1 },
    { "Sum of three", "input x float 2 3\ninput z float 2 3\ninput v float 3\nnode Sum x z v -> y\noutput y", "2 3", 0, 1 },
    { "Clip, attributes", "opset 6\ninput x float 2 3\nnode Clip x -> y ; min=0.0f max=6.0f\noutput y", "2 3", 0, 1 },
    { "Clip, inputs", "opset 13\ninput x float 2 3\nvalues b float = 6\nnode Clip x - b -> y\noutput y", "2 3", 0, 1 },
    { "Relu, Sigmoid, Tanh", "input x float 2 3\nnode Relu x -> a\nnode Sigmoid a -> b\nnode Tanh b -> y\noutput y", "2 3", 0, 3 },
    { "Silu of any domain", "input x float 2 3\nnode com.example:Silu x -> y\noutput y", "2 3", 0, 1 },
    { "PRelu", "input x float 1 3 4 4\ninit s float 3 1 1\nnode PRelu x s -> y\noutput y", "1 3 4 4", 0, 1 },
    { "Where", "input x float 2 3\ninput c bool 2 1\ninput z float 3\nnode Where c x z -> y\noutput y", "2 3", 0, 1 },
    { "Cast", "input x float 2 3\nnode Cast x -> y ; to=6\noutput y", "2 3", 0, 1 },
    { "Dropout", "input x float 2 3\nnode Relu x -> a\nnode Dropout a -> y2\nnode Relu y2 -> y\noutput y", "2 3", 0, 2 },
    { "Identity as an output", "input x float 2 3\nnode Identity x -> y\noutput y", "2 3", 0, 1 },
    { "QuantizeLinear, DequantizeLinear", "input x float 2 3\nvalues s float = 1\nvalues z int8 = 0\nnode QuantizeLinear x s z -> q\nnode DequantizeLinear q s z -> y\noutput y",
      "2 3", 0, 2 },
    { "QLinearAdd", "input x uint8 2 3\nvalues s float = 1\nvalues z uint8 = 0\nnode com.microsoft:QLinearAdd x s z x s z s z -> y\noutput y", "2 3", 0, 1 },
    { "DynamicQuantizeLinear", "input x float 2 3\nnode DynamicQuantizeLinear x -> y ys yz\noutput y\noutput yz", "2 3", 0, 3 },
  };
  RUN (CASES);
}

Test (operators, normalisations)
{
  static const Case CASES[] = {
    { "Softmax", "opset 13\ninput x float 2 3 4\nnode Softmax x -> y\noutput y", "2 3 4", 0, 2 },
    { "LogSoftmax", "opset 13\ninput x float 2 3 4\nnode LogSoftmax x -> y ; axis=1\noutput y", "2 3 4", 0, 2 },
    { "LayerNormalization", "opset 17\ninput x float 2 3 4\ninit s float 4\ninit b float 4\nnode LayerNormalization x s b -> y\noutput y", "2 3 4", 0, 2 },
    { "RMSNormalization", "opset 23\ninput x float 2 3 4\ninit s float 4\nnode RMSNormalization x s -> y\noutput y", "2 3 4", 0, 2 },
    { "BatchNormalization", "input x float 1 3 4 4\ninit s float 3\nnode BatchNormalization x s s s s -> y\noutput y", "1 3 4 4", 0, 1 },
    { "InstanceNormalization", "input x float 1 3 4 4\ninit s float 3\nnode InstanceNormalization x s s -> y\noutput y", "1 3 4 4", 0, 2 },
    { "LRN", "input x float 1 8 4 4\nnode LRN x -> y ; size=5\noutput y", "1 8 4 4", 0, 2 },
  };
  RUN (CASES);
}

Test (operators, layout)
{
  static const Case CASES[] = {
    { "Concat", "input x float 1 3 4\ninput z float 1 5 4\nnode Concat x z -> y ; axis=-2\noutput y", "1 8 4", 0, 1 },
    { "Split, equal", "opset 13\ninput x float 6 4\nnode Split x -> a y b\noutput y", "2 4", 0, 1 },
    { "Split, attribute", "opset 11\ninput x float 6 4\nnode Split x -> a y ; split=[2,4]\noutput a\noutput y", "4 4", 0, 2 },
    { "Split, input", "opset 13\ninput x float 6 4\nvalues s int64 2 = 1 3\nnode Split x s -> a y ; axis=1\noutput y", "6 3", 0, 1 },
    { "Slice, attributes", "opset 9\ninput x float 6 4\nnode Slice x -> y ; starts=[1] ends=[-1] axes=[0]\noutput y", "4 4", 0, 1 },
    { "Slice, inputs",
      "opset 13\ninput x float 10 4\nvalues s int64 1 = 1\nvalues e int64 1 = 9223372036854775807\nvalues a int64 1 = 0\nvalues t int64 1 = 2\nnode Slice x s e a t -> y\noutput y",
      "5 4", 0, 1 },
    { "Slice, backwards", "opset 13\ninput x float 10 4\nvalues s int64 1 = -1\nvalues e int64 1 = -9223372036854775807\nvalues t int64 1 = -3\nnode Slice x s e - t -> y\noutput y",
      "4 4", 0, 1 },
    { "Gather, embedding", "input x int64 1 7\ninit w float 100 16\nnode Gather w x -> y\noutput y", "1 7 16", 0, 1 },
    { "Gather, one row", "input x float 3 4 5\nvalues i int64 = 1\nnode Gather x i -> y ; axis=1\noutput y", "3 5", 0, 1 },
    { "Gather, every other", "input x float 3 6\nvalues i int64 3 = 0 2 4\nnode Gather x i -> y ; axis=1\noutput y", "3 3", 0, 1 },
    { "Transpose", "input x float 2 3 4\nnode Transpose x -> y ; perm=[2,0,1]\noutput y", "4 2 3", 0, 1 },
    { "Transpose, reversed", "input x float 2 3 4\nnode Transpose x -> y\noutput y", "4 3 2", 0, 1 },
    { "Pad, attribute", "opset 2\ninput x float 2 3\nnode Pad x -> y ; pads=[1,0,2,3]\noutput y", "5 6", 0, 1 },
    { "Pad, input, negative", "opset 13\ninput x float 4 5\nvalues p int64 4 = -1 0 0 2\nnode Pad x p -> y\noutput y", "3 7", 0, 1 },
    { "Expand", "input x float 3 1\nvalues s int64 3 = 2 1 6\nnode Expand x s -> y\noutput y", "2 3 6", 0, 1 },
    { "Tile", "input x float 3 2\nvalues s int64 2 = 2 5\nnode Tile x s -> y\noutput y", "6 10", 0, 1 },
    { "DepthToSpace", "input x float 1 12 4 5\nnode DepthToSpace x -> y ; blocksize=2 mode=CRD\noutput y", "1 3 8 10", 0, 1 },
    { "SpaceToDepth", "input x float 1 3 8 10\nnode SpaceToDepth x -> y ; blocksize=2\noutput y", "1 12 4 5", 0, 1 },
    { "QLinearConcat",
      "input x uint8 1 3\ninput v uint8 1 4\nvalues s float = 1\nvalues z uint8 = 0\nnode com.microsoft:QLinearConcat s z x s z v s z -> y ; axis=1\noutput y", "1 7", 0, 1 },
  };
  RUN (CASES);
}

Test (operators, views)
{
  static const Case CASES[] = {
    { "Reshape, input", "input x float 2 3 4\nvalues s int64 2 = 0 -1\nnode Reshape x s -> y\noutput y", "2 12", 0, 1 },
    { "Reshape, attribute", "opset 1\ninput x float 2 3 4\nnode Reshape x -> y ; shape=[6,4]\noutput y", "6 4", 0, 1 },
    { "Reshape without common factors", "input x float 6 4\nvalues s int64 2 = 4 6\nnode Reshape x s -> y\noutput y", "4 6", 0, 1 },
    { "Flatten", "input x float 2 3 4 5\nnode Flatten x -> y ; axis=2\noutput y", "6 20", 0, 1 },
    { "Flatten, axis 0", "input x float 2 3\nnode Flatten x -> y ; axis=0\noutput y", "1 6", 0, 1 },
    { "Squeeze, attribute", "opset 11\ninput x float 1 3 1\nnode Squeeze x -> y ; axes=[0]\noutput y", "3 1", 0, 1 },
    { "Squeeze, input", "opset 13\ninput x float 1 3 1\nvalues a int64 1 = 2\nnode Squeeze x a -> y\noutput y", "1 3", 0, 1 },
    { "Squeeze, all", "opset 13\ninput x float 1 3 1\nnode Squeeze x -> y\noutput y", "3", 0, 1 },
    { "Unsqueeze, attribute", "opset 11\ninput x float 3\nnode Unsqueeze x -> y ; axes=[0,2]\noutput y", "1 3 1", 0, 1 },
    { "Unsqueeze, input", "opset 13\ninput x float 3\nvalues a int64 1 = -1\nnode Unsqueeze x a -> y\noutput y", "3 1", 0, 1 },
  };
  RUN (CASES);
}

Test (operators, resize)
{
  static const Case CASES[] = {
    { "Upsample 7", "opset 7\ninput x float 1 3 4 5\nnode Upsample x -> y ; mode=nearest scales=[1f,1f,2f,2f]\noutput y", "1 3 8 10", 0, 1 },
    { "Upsample 9", "opset 9\ninput x float 1 3 4 5\nvalues s float 4 = 1 1 2 2\nnode Upsample x s -> y ; mode=linear\noutput y", "1 3 8 10", 0, 1 },
    { "Resize 10", "opset 10\ninput x float 1 3 4 5\nvalues s float 4 = 1 1 2 2\nnode Resize x s -> y\noutput y", "1 3 8 10", 0, 1 },
    { "Resize 13, scales", "opset 13\ninput x float 1 3 4 5\nvalues s float 4 = 1 1 0.5 2\nnode Resize x - s -> y ; mode=linear\noutput y", "1 3 2 10", 0, 1 },
    { "Resize 13, sizes", "opset 13\ninput x float 1 3 4 5\nvalues r float 0 =\nvalues s int64 4 = 1 3 7 9\nnode Resize x r r s -> y ; mode=cubic\noutput y", "1 3 7 9", 0, 1 },
    { "Resize 18, axes", "opset 18\ninput x float 1 3 4 5\nvalues s int64 2 = 8 10\nnode Resize x - - s -> y ; axes=[2,3]\noutput y", "1 3 8 10", 0, 1 },
    { "Resize, an offset beyond 32 bits", "opset 13\ninput x float 1000003\nvalues s int64 1 = 1000000007\nnode Resize x - - s -> y ; mode=linear\noutput y", "1000000007", 0, 1 },
  };
  RUN (CASES);
}

/* Shape arithmetic as exporters write it: a reshape to (batch, -1) by way of Shape, Gather, Unsqueeze and Concat. */
Test (operators, shape_arithmetic)
{
  static const Case CASES[] = {
    { "Shape, Gather, Unsqueeze, Concat, Reshape",
      "opset 13\ninput x float 2 3 4 5\nnode Shape x -> s\nvalues i int64 = 0\nnode Gather s i -> b\nvalues a int64 1 = 0\nnode Unsqueeze b a -> b1\n"
      "values m int64 1 = -1\nnode Concat b1 m -> t ; axis=0\nnode Reshape x t -> y\noutput y", "2 60", 0, 1 },
    { "Shape, Slice, arithmetic, Cast",
      "opset 13\ninput x float 2 3 4 6\nnode Shape x -> s\nvalues b int64 1 = 2\nvalues e int64 1 = 4\nnode Slice s b e -> hw\nnode Constant -> two ; value=tensor(int64::2)\n"
      "node Mul hw two -> hw2\nnode Cast hw2 -> f ; to=1\nnode Floor f -> g\nnode Cast g -> h ; to=7\nvalues z int64 1 = 0\nvalues t int64 1 = 2\nnode Slice s z t -> nc\n"
      "node Concat nc h -> sizes ; axis=0\nnode Resize x - - sizes -> y\noutput y", "2 3 8 12", 0, 1 },
    { "ConstantOfShape, Where, Equal, Expand",
      "opset 13\ninput x float 3 1\nvalues n int64 1 = 2\nnode ConstantOfShape n -> ones ; value=tensor(int64:1:1)\nvalues w int64 2 = -1 4\nvalues m int64 1 = -1\n"
      "node Equal w m -> eq\nnode Where eq ones w -> t\nnode Expand x t -> y\noutput y", "3 4", 0, 1 },
    { "weights transposed and dequantized at import",
      "opset 13\ninput x float 4 5\ninit q int8 6 5\nvalues s float = 1\nnode DequantizeLinear q s -> w\nnode Transpose w -> wt\nnode MatMul x wt -> y\noutput y", "4 6", 120, 1 },
    { "Range", "opset 13\ninput x float 3\nvalues a int64 = 0\nvalues b int64 = 3\nvalues c int64 = 1\nnode Range a b c -> r\nnode Mul x r -> y\noutput y", "3", 0, 1 },
  };
  RUN (CASES);
}

/* --- details that shapes do not show -------------------------------------------------------------------- */

static HdWorkload *
must_import (const char *text, const HdImportOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) bytes = onnx_from_text (text);
  HdWorkload *w = hd_workload_parse_onnx (bytes->data, bytes->len, "model", options, &error);
  cr_assert_not_null (w, "%s", error != NULL ? error->message : "");
  return w;
}

static guint
bits_of (const HdWorkload *w, const char *name)
{
  HdTensorId id = hd_workload_find_tensor (w, name);
  cr_assert_neq (id, HD_NONE, "%s", name);
  return w->tensors[id].bits;
}

Test (operators, bits_come_from_the_model_or_the_user)
{
  const char *text = "input x float 1 3 8 8\ninit w float 4 3 3 3\ninit b float 4\nnode Conv x w b -> y\noutput y";
  g_autoptr (HdWorkload) plain = must_import (text, NULL);
  cr_assert (bits_of (plain, "x") == 8 && bits_of (plain, "w") == 8 && bits_of (plain, "b") == 16 && bits_of (plain, "y") == 8);
  cr_assert_eq (plain->layers[0].partial_bits, 16);
  HdImportOptions options = { .input_bits = 4, .weight_bits = 2, .partial_bits = 24, .output_bits = 6, .bias_bits = 12 };
  g_autoptr (HdWorkload) told = must_import (text, &options);
  cr_assert (bits_of (told, "x") == 4 && bits_of (told, "w") == 2 && bits_of (told, "b") == 12 && bits_of (told, "y") == 6);
  cr_assert_eq (told->layers[0].partial_bits, 24);
  const char *quantized = "input x uint8 1 3 8 8\nvalues s float = 1\nvalues z 21 =\ninit w 22 4 3 3 3\ninit b int32 4\n"
                          "node QLinearConv x s z w s z s z b -> y\noutput y";
  g_autoptr (HdWorkload) q = must_import (quantized, NULL);
  cr_assert (bits_of (q, "x") == 8 && bits_of (q, "w") == 4 && bits_of (q, "b") == 32 && bits_of (q, "y") == 4);
}

Test (operators, symbolic_batch)
{
  HdImportOptions options = { .batch = 5 };
  g_autoptr (HdWorkload) w = must_import ("input x float N 3\nnode Relu x -> y\noutput y float N 3", &options);
  cr_assert_eq (w->tensors[hd_workload_find_tensor (w, "y")].size[0], 5);
}

/* Each element of the output once, from where DepthToSpace takes it: checked by the definition of the format. */
Test (operators, depth_to_space_moves_the_right_elements)
{
  for (int crd = 0; crd < 2; crd++) {
    g_autofree char *text = g_strdup_printf ("input x float 1 12 2 3\nnode DepthToSpace x -> y ; blocksize=2 mode=%s\noutput y", crd ? "CRD" : "DCR");
    g_autoptr (HdWorkload) w = must_import (text, NULL);
    const HdLayer *layer = &w->layers[0];
    for (gint64 c = 0; c < 3; c++)
      for (gint64 oy = 0; oy < 4; oy++)
        for (gint64 ox = 0; ox < 6; ox++) {
          HdBox out = { 4, { { 0, 1 }, { c, c + 1 }, { oy, oy + 1 }, { ox, ox + 1 } } };
          HdBox point = hd_layer_box_for_output (layer, &out);
          cr_assert_eq (hd_box_volume (&point), 1);
          HdBox in = hd_operand_project (layer, &layer->operands[0], &point, &w->tensors[layer->operands[0].tensor]);
          gint64 block = (oy % 2) * 2 + ox % 2, want = crd ? c * 4 + block : block * 3 + c;
          cr_assert (in.range[1].from == want && in.range[2].from == oy / 2 && in.range[3].from == ox / 2 && hd_box_volume (&in) == 1);
        }
  }
}

/* Reshape, element by element: the same position in memory. */
Test (operators, reshape_keeps_positions)
{
  g_autoptr (HdWorkload) w = must_import ("input x float 6 4 5\nvalues s int64 4 = 2 12 1 5\nnode Reshape x s -> y\noutput y", NULL);
  const HdLayer *layer = &w->layers[0];
  cr_assert (layer->view);
  for (gint64 at = 0; at < 120; at++) {
    HdBox out = { 4, { { at / 60, at / 60 + 1 }, { at / 5 % 12, at / 5 % 12 + 1 }, { 0, 1 }, { at % 5, at % 5 + 1 } } };
    HdBox point = hd_layer_box_for_output (layer, &out);
    HdBox in = hd_operand_project (layer, &layer->operands[0], &point, &w->tensors[layer->operands[0].tensor]);
    cr_assert (hd_box_volume (&in) == 1 && in.range[0].from * 20 + in.range[1].from * 5 + in.range[2].from == at, "position %d", (int) at);
  }
}

/* A node that makes part of a row of a softmax depends on all of the row. */
Test (operators, softmax_needs_its_whole_axis)
{
  g_autoptr (HdWorkload) w = must_import ("opset 13\ninput x float 3 8\nnode Relu x -> r\nname s\nnode Softmax r -> y\noutput y", NULL);
  const HdLayer *stats = &w->layers[hd_workload_find_layer (w, "s.stats")], *last = &w->layers[hd_workload_find_layer (w, "s")];
  HdBox part = { 2, { { 1, 2 }, { 2, 5 } } };
  HdTensorId sums = hd_layer_output (stats)->tensor;
  for (guint o = 0; o + 1 < last->n_operands; o++) {
    if (last->operands[o].tensor != sums)
      continue;
    HdBox read = hd_operand_project (last, &last->operands[o], &part, &w->tensors[sums]);
    HdBox ranks = hd_layer_box_for_output (stats, &read);
    HdBox row = hd_operand_project (stats, &stats->operands[0], &ranks, &w->tensors[stats->operands[0].tensor]);
    cr_assert (row.range[0].from == 1 && row.range[0].to == 2 && row.range[1].from == 0 && row.range[1].to == 8);
    return;
  }
  cr_assert_fail ("nobody reads the statistics");
}

/* Resize against the definition of the format, for all coordinates and roundings. */
Test (operators, resize_reads_the_defined_pixel)
{
  static const char *const COORDINATES[] = { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric" };
  static const char *const ROUNDING[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" };
  for (guint c = 0; c < 4; c++)
    for (guint m = 0; m < 4; m++)
      for (guint out = 1; out <= 13; out++) {
        g_autofree char *text = g_strdup_printf ("opset 13\ninput x float 5\nvalues s int64 1 = %u\nnode Resize x - - s -> y ; coordinate_transformation_mode=%s nearest_mode=%s\noutput y",
                                                 out, COORDINATES[c], ROUNDING[m]);
        g_autoptr (HdWorkload) w = must_import (text, NULL);
        for (guint r = 0; r < out && out != 5; r++) {
          /* x in twentieths of a pixel times out, to be exact. */
          double x = c == 2 ? (out > 1 ? r * 4.0 / (out - 1) : 0) : c == 3 || (c == 1 && out == 1) ? r * 5.0 / out : (2 * r + 1.0) * 5.0 / (2.0 * out) - 0.5;
          double low = (double) (gint64) (x + 1000 + 1e-9) - 1000, rest = x - low;
          gint64 want = (gint64) low + (m == 3 ? rest > 1e-6 : m == 2 ? 0 : m == 0 ? rest > 0.5 + 1e-6 : rest > 0.5 - 1e-6);
          HdBox point = { 1, { { r, r + 1 } } };
          HdBox in = hd_operand_project (&w->layers[0], &w->layers[0].operands[0], &point, &w->tensors[w->layers[0].operands[0].tensor]);
          if (want < 0 || want > 4)
            continue;  /* the edge again */
          cr_assert_eq (in.range[0].from, want, "%s %s %u of %u: %d - expected %d", COORDINATES[c], ROUNDING[m], r, out, (int) in.range[0].from, (int) want);
        }
      }
}
