/* Small machines and layers, as structures: no file formats in between. */
#include "cost/toy.h"

#include <string.h>

void
toy_init (Toy *toy, guint n_dimensions, const guint64 *sizes)
{
  static char *const names[] = { (char *) "D1", (char *) "D2", (char *) "D3", (char *) "D4" };

  memset (toy, 0, sizeof *toy);
  toy->core.id = (char *) "core";
  toy->core.kind = HD_CORE_SPATIAL;
  toy->core.period = 1;
  toy->core.operators = 15;
  toy->core.mac_pj = 0.5;
  toy->core.level = toy->level;
  toy->core.dataflow = toy->dataflow;
  toy->core.n_dimensions = n_dimensions;
  for (guint d = 0; d < n_dimensions; d++) {
    toy->core.dimension_name[d] = names[d];
    toy->core.dimension_size[d] = sizes[d];
  }
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    toy->core.operand_memory[o] = HD_NONE;
  toy->platform.name = (char *) "toy";
  toy->platform.n_cores = 1;
  toy->platform.core = &toy->core;
}

HdLevel *
toy_level (Toy *toy, const char *id, guint operands, guint64 size_bits, guint64 width, guint serves, double read_pj, double write_pj)
{
  HdLevel *level = &toy->level[toy->core.n_levels++];

  *level = (HdLevel) { .id = (char *) id, .memory = HD_NONE, .operands = operands, .size_bits = size_bits, .read_width = width, .write_width = width,
                       .read_granularity = width, .write_granularity = width, .read_pj = read_pj, .write_pj = write_pj, .serves = serves, .n_ports = 2 };
  level->port_kind[0] = HD_PORT_READ;
  level->port_kind[1] = HD_PORT_WRITE;
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    level->port_of[o][HD_MOVE_TO_LOW] = level->port_of[o][HD_MOVE_TO_HIGH] = 0;
    level->port_of[o][HD_MOVE_FROM_LOW] = level->port_of[o][HD_MOVE_FROM_HIGH] = 1;
  }
  return level;
}

static void
add_rank (Toy *toy, const char *name, guint64 size, gboolean reduction)
{
  toy->layer.rank[toy->layer.n_ranks++] = (HdRank) { (char *) name, size, reduction };
}

static void
begin (Toy *toy, const char *type, gboolean variable)
{
  memset (&toy->layer, 0, sizeof toy->layer);
  memset (toy->operand, 0, sizeof toy->operand);
  memset (toy->tensor, 0, sizeof toy->tensor);
  toy->layer.name = (char *) "layer";
  toy->layer.operator_type = (char *) type;
  toy->layer.layer_class = HD_LAYER_MAC;
  toy->layer.ops_per_point = 1;
  toy->layer.n_operands = 3;
  toy->layer.operands = toy->operand;
  toy->workload = (HdWorkload) { (char *) "toy", 1, &toy->layer, 3, toy->tensor };
  for (guint o = 0; o < 3; o++) {
    static char *const names[] = { (char *) "in", (char *) "weight", (char *) "out" };
    toy->tensor[o].name = names[o];
    toy->operand[o].tensor = o;
  }
  toy->operand[0].role = HD_ROLE_INPUT;
  toy->operand[1].role = variable ? HD_ROLE_INPUT : HD_ROLE_WEIGHT;
  toy->operand[2].role = HD_ROLE_OUTPUT;
  toy_bits (toy, 8, 8, 16, 8);
}

/* One more dimension of an operand's tensor: a * rank r + b * rank s + offset; rank -1: none. */
static void
add_dim (Toy *toy, guint operand, guint64 size, int r, int a, int s, int b, int offset)
{
  guint d = toy->tensor[operand].n_dims++;
  HdProjection *p = &toy->operand[operand].projection[d];

  toy->tensor[operand].size[d] = size;
  p->divisor = 1;
  p->offset = offset;
  if (r >= 0)
    p->coefficient[r] = a;
  if (s >= 0)
    p->coefficient[s] = b;
}

static void
finish (Toy *toy)
{
  toy->layer.points = 1;
  for (guint r = 0; r < toy->layer.n_ranks; r++)
    toy->layer.points *= toy->layer.rank[r].size;
}

static guint64
window (guint64 out, guint64 kernel, int stride, int dilation, int padding)
{
  return (out - 1) * (guint64) stride + (kernel - 1) * (guint64) dilation + 1 - 2 * (guint64) padding;
}

void
toy_conv (Toy *toy, guint64 k, guint64 c, guint64 ox, guint64 oy, guint64 fx, guint64 fy, int stride, int dilation, int padding)
{
  begin (toy, "Conv", FALSE);
  add_rank (toy, "K", k, FALSE);
  add_rank (toy, "C", c, TRUE);
  add_rank (toy, "OX", ox, FALSE);
  add_rank (toy, "OY", oy, FALSE);
  add_rank (toy, "FX", fx, TRUE);
  add_rank (toy, "FY", fy, TRUE);
  add_dim (toy, 0, c, 1, 1, -1, 0, 0);
  add_dim (toy, 0, window (oy, fy, stride, dilation, padding), 3, stride, 5, dilation, -padding);
  add_dim (toy, 0, window (ox, fx, stride, dilation, padding), 2, stride, 4, dilation, -padding);
  add_dim (toy, 1, k, 0, 1, -1, 0, 0);
  add_dim (toy, 1, c, 1, 1, -1, 0, 0);
  add_dim (toy, 1, fy, 5, 1, -1, 0, 0);
  add_dim (toy, 1, fx, 4, 1, -1, 0, 0);
  add_dim (toy, 2, k, 0, 1, -1, 0, 0);
  add_dim (toy, 2, oy, 3, 1, -1, 0, 0);
  add_dim (toy, 2, ox, 2, 1, -1, 0, 0);
  finish (toy);
}

void
toy_matmul (Toy *toy, guint64 m, guint64 n, guint64 k, gboolean variable)
{
  begin (toy, "MatMul", variable);
  add_rank (toy, "M", m, FALSE);
  add_rank (toy, "N", n, FALSE);
  add_rank (toy, "K", k, TRUE);
  add_dim (toy, 0, m, 0, 1, -1, 0, 0);
  add_dim (toy, 0, k, 2, 1, -1, 0, 0);
  add_dim (toy, 1, k, 2, 1, -1, 0, 0);
  add_dim (toy, 1, n, 1, 1, -1, 0, 0);
  add_dim (toy, 2, m, 0, 1, -1, 0, 0);
  add_dim (toy, 2, n, 1, 1, -1, 0, 0);
  finish (toy);
}

void
toy_depthwise (Toy *toy, guint64 g, guint64 ox, guint64 fx, int stride, int padding)
{
  begin (toy, "Conv", FALSE);
  add_rank (toy, "G", g, FALSE);
  add_rank (toy, "OX", ox, FALSE);
  add_rank (toy, "FX", fx, TRUE);
  add_dim (toy, 0, g, 0, 1, -1, 0, 0);
  add_dim (toy, 0, window (ox, fx, stride, 1, padding), 1, stride, 2, 1, -padding);
  add_dim (toy, 1, g, 0, 1, -1, 0, 0);
  add_dim (toy, 1, fx, 2, 1, -1, 0, 0);
  add_dim (toy, 2, g, 0, 1, -1, 0, 0);
  add_dim (toy, 2, ox, 1, 1, -1, 0, 0);
  finish (toy);
}

void
toy_bits (Toy *toy, guint input, guint weight, guint partial, guint output)
{
  toy->tensor[0].bits = input;
  toy->tensor[1].bits = weight;
  toy->tensor[2].bits = output;
  toy->layer.partial_bits = partial;
}
