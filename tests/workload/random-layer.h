/* Small random layers with everything that a projection can have: strides, dilations, padding, negative steps, divisors, exact division, mixed-radix outputs. */
#pragma once

#include <heddle/random.h>
#include <heddle/workload.h>
#include <string.h>

typedef struct {
  HdWorkload workload;
  HdLayer layer;
  HdOperand operands[3];
  HdTensor tensors[3];
} RandomLayer;

static inline gint64
random_between (HdRandom *random, gint64 low, gint64 high)
{
  return low + (gint64) hd_random_below (random, (guint64) (high - low + 1));
}

/* One input dimension over one or two ranks of its own; @next is the first rank that is free. */
static inline void
random_dimension (HdRandom *random, RandomLayer *self, guint d, guint *next)
{
  HdProjection *p = &self->operands[0].projection[d];
  guint n = 1 + (guint) hd_random_below (random, 2 + (d == 0));
  for (guint i = 0; i < n; i++) {
    guint r = (*next)++;
    self->layer.rank[r].size = (guint64) random_between (random, 1, i == 0 ? 9 : 4);
    gint64 c = random_between (random, -1, 4);
    p->coefficient[r] = (gint32) (c < 1 ? -random_between (random, 1, 3) : c);
  }
  p->offset = random_between (random, -6, 6);
  p->divisor = hd_random_below (random, 3) == 0 ? random_between (random, 2, 4) : 1;
  p->exact = p->divisor > 1 && hd_random_below (random, 2) == 0;
  self->tensors[0].size[d] = (guint64) random_between (random, 1, 12);
}

/* The output: some of the ranks, one for each dimension or two as digits; at least one. */
static inline void
random_output (HdRandom *random, RandomLayer *self)
{
  HdOperand *out = &self->operands[1];
  HdTensor *tensor = &self->tensors[1];
  for (guint r = 0; r < self->layer.n_ranks; r++) {
    HdRank *rank = &self->layer.rank[r];
    rank->reduction = tensor->n_dims > 0 && hd_random_below (random, 3) == 0;
    if (rank->reduction)
      continue;
    if (tensor->n_dims > 0 && hd_random_below (random, 3) == 0) {
      /* A further digit outside those that are there. */
      guint d = tensor->n_dims - 1;
      out->projection[d].coefficient[r] = (gint32) tensor->size[d];
      tensor->size[d] *= rank->size;
      continue;
    }
    guint d = tensor->n_dims++;
    out->projection[d].coefficient[r] = 1;
    tensor->size[d] = rank->size;
  }
}

static inline void
random_layer_init (RandomLayer *self, HdRandom *random)
{
  static char names[HD_RANKS_MAX][3] = { "R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7" };
  memset (self, 0, sizeof *self);
  for (guint o = 0; o < 2; o++)
    for (guint d = 0; d < HD_DIMS_MAX; d++)
      self->operands[o].projection[d].divisor = 1;
  self->tensors[0].n_dims = 1 + (guint) hd_random_below (random, 2);
  for (guint d = 0; d < self->tensors[0].n_dims; d++)
    random_dimension (random, self, d, &self->layer.n_ranks);
  /* Sometimes a rank moves both dimensions, as a diagonal does. */
  if (self->tensors[0].n_dims == 2 && hd_random_below (random, 8) == 0)
    self->operands[0].projection[1].coefficient[0] = 1;
  for (guint r = 0; r < self->layer.n_ranks; r++)
    self->layer.rank[r].name = names[r];
  random_output (random, self);
  self->operands[1].role = HD_ROLE_OUTPUT;
  self->operands[1].tensor = 1;
  self->layer.layer_class = HD_LAYER_MAC;
  self->layer.n_operands = 2;
  self->layer.operands = self->operands;
  self->workload.tensors = self->tensors;
  self->workload.n_tensors = 2;
  self->workload.layers = &self->layer;
  self->workload.n_layers = 1;
}

static inline HdBox
random_box (HdRandom *random, const HdLayer *layer)
{
  HdBox box = { layer->n_ranks, { { 0, 0 } } };
  for (guint r = 0; r < box.n; r++) {
    gint64 size = (gint64) layer->rank[r].size;
    box.range[r].from = random_between (random, 0, size - 1);
    box.range[r].to = random_between (random, box.range[r].from + 1, size);
  }
  return box;
}

/* The next point of @box in @point; FALSE after the last. */
static inline gboolean
next_point (const HdBox *box, gint64 *point)
{
  for (guint r = 0; r < box->n; r++) {
    if (++point[r] < box->range[r].to)
      return TRUE;
    point[r] = box->range[r].from;
  }
  return FALSE;
}

/* The index that @point addresses, by the definition; FALSE when the point takes no part there. */
static inline gboolean
address (const HdProjection *p, const gint64 *point, guint n, gint64 *index)
{
  gint64 value = p->offset;
  for (guint r = 0; r < n; r++)
    value += p->coefficient[r] * point[r];
  gint64 rest = ((value % p->divisor) + p->divisor) % p->divisor;
  *index = (value - rest) / p->divisor;
  return !p->exact || rest == 0;
}
