/* Searches over temporal mappings of one nest. */
#pragma once

#include "cost/nest.h"

/** A temporal mapping: kinds of factors innermost first, and where each operand's levels end. */
typedef struct {
  guint n;
  guint8 loop[HD_COST_LOOPS_MAX];
  guint8 below[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  HdTiming timing;
  double value;            /* of the objective; smaller is better */
  double second;           /* breaks ties: cycles or energy */
  double third;            /* then: energy when weights are in place */
} HdSolution;

typedef struct {
  HdSolution best;
  gboolean found;
  guint64 evaluations;
  double bound;            /* nothing in the space has a smaller value */
  char *why;               /* when nothing is found: which memory is too small for what; owned */
} HdSearchResult;

/** Timing, value and second of @solution, whose loops and split are set. */
void _hd_solution_evaluate (HdNest *nest, HdSolution *solution);
gboolean _hd_solution_better (const HdSolution *a, const HdSolution *b);
/** Bits that @solution needs fit every level. */
gboolean _hd_solution_fits (HdNest *nest, const HdSolution *solution);

/** What a walk adds up: energy, and cycles of each movement at each port it holds. */
typedef struct {
  double energy;
  double port[HD_N_OPERANDS][HD_COST_LEVELS_MAX][2][HD_N_MOVES];
} HdWeights;

/** The cheapest walk under @weights (nullable: energy); evaluated as a solution of the objective. Under weights it may give up, after a few thousand states. */
void _hd_search_walk (HdNest *nest, const HdWeights *weights, HdSearchResult *result);
/** What an operand's boundaries need of a port, by open level and point, at least: port cycles, and port cycles with first loads or last stores (as much of them as count) [own cycle]. */
typedef struct {
  guint port, operand;
  double *busy[HD_COST_LEVELS_MAX], *joint[HD_COST_LEVELS_MAX];
} HdRestUse;

/** What is still to come at least, by operand, open level and point. */
typedef struct {
  double *pj[HD_N_OPERANDS][HD_COST_LEVELS_MAX];    /* to close the level and all above */
  double *load[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* first loads or last stores of the same [own cycle] */
  guint n_uses;
  HdRestUse use[HD_SLOTS_MAX];                      /* empty for large lattices */
} HdRest;

/** FALSE: no memory. Clear @rest either way. */
gboolean _hd_rest_init (HdRest *rest, HdNest *nest);
void _hd_rest_clear (HdRest *rest);
/** Cycles of a first load, or of the outputs' last store, across a boundary [own cycle]. */
double _hd_rest_transfer (const HdDigest *digest, guint operand);
/** How much of an operand's first loads or last stores counts in cycles. */
double _hd_rest_weight (const HdNest *nest, guint operand);

/** Improves @result, of the latency or the product, opening at most @budget nodes; sets its bound. */
void _hd_search_best_first (HdNest *nest, guint64 budget, HdSearchResult *result);
/** The given order and split of the question, completed. */
void _hd_search_given (HdNest *nest, HdSearchResult *result);
/** The least of the objective; exact for energy, else within what the budget proves. */
void _hd_search_optimal (HdNest *nest, HdSearchResult *result);
/** Improves the order of loops between boundaries. */
void _hd_search_polish (HdNest *nest, HdSolution *solution, guint64 *evaluations);
/** Improves order and split step by step. */
void _hd_search_climb (HdNest *nest, HdSolution *solution, guint64 *evaluations);
/** Every order, split greedily. */
void _hd_search_orderings (HdNest *nest, HdSearchResult *result);
