/* Small machines and layers for the tests of the cost room, made by hand or by chance. */
#pragma once

#include <heddle/cost.h>
#include <heddle/random.h>

typedef struct {
  HdPlatform platform;
  HdCore core;
  HdLevel level[12];
  HdDataflow dataflow[4];
  HdUnroll unroll[16];
  HdWorkload workload;
  HdLayer layer;
  HdOperand operand[3];
  HdTensor tensor[3];
} Toy;

/** A core named "core" with an array of these dimensions and no levels yet; takes every class of layer. */
void toy_init (Toy *toy, guint n_dimensions, const guint64 *sizes);
/** Appends a level with one read and one write port; @operands is a mask. Everything in it may be changed afterwards. */
HdLevel *toy_level (Toy *toy, const char *id, guint operands, guint64 size_bits, guint64 width, guint serves, double read_pj, double write_pj);
/** A convolution B=1 K C OX OY FX FY with one stride, dilation and padding. */
void toy_conv (Toy *toy, guint64 k, guint64 c, guint64 ox, guint64 oy, guint64 fx, guint64 fy, int stride, int dilation, int padding);
/** A matrix product M N K; @variable: both factors are inputs. */
void toy_matmul (Toy *toy, guint64 m, guint64 n, guint64 k, gboolean variable);
/** A depthwise convolution G OX FX. */
void toy_depthwise (Toy *toy, guint64 g, guint64 ox, guint64 fx, int stride, int padding);
void toy_bits (Toy *toy, guint input, guint weight, guint partial, guint output);
