/* What the files of the cost room share: the shape of a node, and the models of each kind of core.
 *
 * A **shape** is a node without its place: sizes of its ranks, how three operands (inputs, weights or second inputs, outputs) are addressed, and where
 * padding cuts them. Two nodes of one shape cost the same.
 *
 *     index of a tensor dimension = sum over its terms of coefficient * rank index,     rank index in 0 .. size-1
 *
 * An index outside lo .. hi-1 is padding. Coefficients are made positive (the order of visits does not matter).
 */
#pragma once

#include <heddle/checked.h>
#include <heddle/cost.h>

#define HD_TERMS_MAX 4   /* ranks of one tensor dimension */

typedef struct {
  guint n_terms;
  guint8 rank[HD_TERMS_MAX];
  gint64 coefficient[HD_TERMS_MAX];  /* > 0, descending */
  gint64 lo, hi;                     /* indices of data: lo <= index < hi */
  gint64 divisor;                    /* >= 1; > 1: the hull counts */
} HdCostShapeDim;

typedef struct {
  gboolean present;
  gboolean constant;      /* weights: the same for many nodes */
  guint bits;             /* of an element in its tensor [bit] */
  guint relevant;         /* bit r: its address depends on rank r, in this box */
  guint addressed;        /* bit r: in the layer as a whole, ranks of one index too */
  guint n_dims;
  HdCostShapeDim dim[HD_DIMS_MAX];
  guint64 elements;       /* of the tensor, read or written by the node [1] */
} HdCostShapeOperand;

typedef struct {
  const HdLayer *layer;
  guint n_ranks;
  guint64 size[HD_RANKS_MAX];
  guint64 points;         /* product of the sizes */
  guint64 macs;           /* of those, padding skipped; element operations for vector layers */
  guint partial_bits;     /* of an unfinished sum [bit] */
  gboolean partial_in;    /* the outputs are unfinished sums already */
  gboolean partial_out;   /* they stay unfinished: operand[OUTPUT].bits is partial_bits then */
  guint64 other_bits;     /* of operands beyond the three (biases, parameters): read once [bit] */
  HdCostShapeOperand operand[HD_N_OPERANDS];
} HdCostShape;

/** What a search is asked for: one node on one core. */
typedef struct {
  const HdPlatform *platform;
  const HdCore *core;
  const HdCostShape *shape;
  const HdCostOptions *options;
  const HdCostMapping *given;   /* nullable */
  HdCostPlace place;
  gboolean second_as_input;     /* a variable second input stands where inputs stand, not where weights do */
} HdCostQuestion;

/** The operand in whose memories @operand stands, and by whose ports it moves. */
static inline guint
hd_cost_stands_as (const HdCostQuestion *q, guint operand)
{
  return operand == HD_OPERAND_WEIGHT && q->second_as_input ? HD_OPERAND_INPUT : operand;
}

/** What messages call an operand. */
static inline const char *
hd_cost_operand_name (const HdCostShape *shape, guint operand)
{
  static const char *const name[] = { "inputs", "weights", "outputs" };

  return operand == HD_OPERAND_WEIGHT && !shape->operand[operand].constant ? "second inputs" : name[operand];
}

/** The shape of @box. Errors: %HD_ERROR_NEGATIVE when numbers leave 62 bits. */
gboolean _hd_shape_init (HdCostShape *shape, const HdWorkload *workload, const HdLayer *layer, const HdBox *box, GError **error);

/**
 * _hd_shape_elements:
 * @tile: by rank, how many consecutive indices of each
 *
 * Returns: distinct indices of one dimension that an inner tile addresses, borders left aside.
 */
guint64 _hd_dim_elements (const HdCostShapeDim *dim, const guint64 *tile);
/** The same of a whole operand: the product of its dimensions, saturating. */
guint64 _hd_operand_elements (const HdCostShapeOperand *operand, const guint64 *tile);

/** twins.c: returns (transfer full) (array length=n_cores): the first core that costs the same, whatever is asked. */
HdCoreId *_hd_cost_first_twins (const HdPlatform *platform);
const HdCore *_hd_cost_model_core (const HdCostModel *model, HdCoreId core);
gboolean _hd_cost_model_shape (const HdCostModel *model, HdCoreId core_id, HdLayerId layer, const HdBox *box, const HdCore **core, HdCostShape *shape, GError **error);

/** A layer as a matrix product, once for each of `groups`: vectors x reduction times reduction x channels. */
typedef struct {
  guint64 vectors, channels, reduction, groups;
} HdShapeMatrix;

void _hd_shape_matrix (const HdCostShape *shape, HdShapeMatrix *matrix);
/** The side of @matrix that a rank belongs to: by which operands depend on it. */
guint64 *_hd_matrix_side (const HdCostShape *shape, HdShapeMatrix *matrix, guint rank);
/**
 * _hd_cost_find_rank:
 *
 * The layer's rank that an unrolling of @dataflow means, or -1. Dataflows speak of convolutions (K C OX OY ...) or of matrix products (M N K, if they name M or N); a layer of the other kind is read so:
 * output channels K = N, input channels C = the sum K, columns OX = M.
 */
int _hd_cost_find_rank (const HdLayer *layer, const HdDataflow *dataflow, const char *name);
/** What an objective makes of energy and cycles. */
double _hd_cost_objective (const HdCostOptions *options, double pj, double cycles);

/* --- models of cores; all fill @report->cost (in own cycles) and what they know of @report ------------------- */

gboolean _hd_cost_simple (const HdCostQuestion *question, HdCostReport *report, GError **error);
gboolean _hd_cost_imc (const HdCostQuestion *question, HdCostReport *report, GError **error);
gboolean _hd_cost_systolic (const HdCostQuestion *question, HdCostReport *report, GError **error);
gboolean _hd_cost_lanes (const HdCostQuestion *question, HdCostReport *report, GError **error);
gboolean _hd_cost_array (const HdCostQuestion *question, HdCostReport *report, GError **error);
gboolean _hd_cost_fixed (const HdCostQuestion *question, HdCostReport *report, GError **error);

/** Energy of moving each operand once between the core and where it stands, at the prices of those memories [pJ]. */
double _hd_cost_moved_pj (const HdCostQuestion *question);
/** The same of one operand's @bits. */
double _hd_cost_operand_pj (const HdCostQuestion *question, HdCostOperand operand, double bits);
/** Highest of the core's levels that holds @operand and may be used (see HdCostPlace, HdCostOptions.whole); -1: none. */
int _hd_cost_top (const HdCostQuestion *question, HdCostOperand operand);
/** Cycles that a level's widths need for what passes it once: the most of its reads and its writes (their sum on one port). 0: no levels. */
guint64 _hd_cost_port_cycles (const HdCostQuestion *question);

/* --- the cache: shapes already seen ---------------------------------------------------------------------------- */

#define HD_KEY_WORDS 48
typedef struct {
  guint n;
  guint64 word[HD_KEY_WORDS];
} HdCostKey;

typedef struct HdCostCache HdCostCache;
HdCostCache *_hd_cost_cache_new (void);
void _hd_cost_cache_free (HdCostCache *self);
/** Nullable; what is found lives as long as the cache. Safe beside insertions. */
const HdNodeCost *_hd_cost_cache_find (HdCostCache *self, const HdCostKey *key);
/** Keeps what is there already when the key is. */
void _hd_cost_cache_insert (HdCostCache *self, const HdCostKey *key, const HdNodeCost *cost);
void _hd_cost_cache_totals (HdCostCache *self, guint64 *shapes, guint64 *evaluations);
