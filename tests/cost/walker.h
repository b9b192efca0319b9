/* The definition of the exact rules: a machine that executes a loop nest step by step, with buffers that hold elements, and counts words. */
#pragma once

#include "cost/toy.h"

typedef struct {
  double words[HD_N_OPERANDS][HD_COST_LEVELS_MAX][HD_N_MOVES];     /* in full widths, by the operand's own level */
  guint64 most_bits[HD_N_OPERANDS][HD_COST_LEVELS_MAX];            /* most that one instance ever held [bit] */
  guint64 steps;
  guint64 points;                                                  /* executed [1] */
  guint64 macs;                                                    /* of those, not on padding [1] */
} Walk;

void walk (const Toy *toy, const HdBox *box, const HdCostMapping *mapping, gboolean partial_in, gboolean partial_out, Walk *result);
