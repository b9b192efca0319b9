/* The cost of a computation node on a core: cycles, energy, and accesses at every memory level. Pure functions behind a cache.
 *
 * A node is a layer restricted to a box of its ranks. On a core with an array and a memory hierarchy its cost follows from a **mapping**: how loops
 * are spread over the array (spatial), and how the rest is ordered and split over the memory levels, for each operand by itself (temporal).
 * The model finds the best mapping for an objective and says what it costs; doc/cost.md states the formulas.
 *
 * | rules           | counts                                                                                                    |
 * |-----------------|-----------------------------------------------------------------------------------------------------------|
 * | HD_RULES_EXACT  | words as a machine moves them: real borders, first partial sums not read back, padding not data           |
 * | HD_RULES_ZIGZAG | by the conventions of the published tool (ZigZag as in DeFiNES), to be held against it                    |
 * | HD_RULES_SIMPLE | no levels: product of ceil (rank / unrolling); MACs, and each operand's bits moved once at its memory's price |
 *
 * What is already in place is not moved again. Weights that stay on a level for the whole node are loaded once: that loading stands apart, in `load_cycles` and
 * `load_energy_pj`, and a node whose predecessor on the core used the same weights does not pay it. This is what HdTaskCost wants.
 *
 * Cycles in HdNodeCost are base cycles (the core's period is in). Identical shapes are costed once: the cache is keyed by shape and core (cores that differ in name only are one)
 * and may be used from several threads at once. Results do not depend on who asked first.
 *
 * Ownership: platform and workload must outlive the model; reports are freed by who asked for them.
 */
#pragma once

#include <heddle/box.h>
#include <heddle/mapping.h>
#include <heddle/platform.h>
#include <heddle/workload.h>

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  HD_OBJECTIVE_ENERGY,   /* least energy; ties (see HdCostOptions.tie): least cycles */
  HD_OBJECTIVE_LATENCY,  /* least cycles; ties: least energy */
  HD_OBJECTIVE_EDP,      /* least product of both */
} HdObjective;

typedef enum {
  HD_RULES_EXACT,
  HD_RULES_ZIGZAG,
  HD_RULES_SIMPLE,
} HdCostRules;

typedef enum {
  HD_SEARCH_OPTIMAL,     /* the best mapping of the space, proven; with a budget the best found and a bound */
  HD_SEARCH_ORDERINGS,   /* every distinct loop order, each split over the levels greedily: the published search (LOMA) */
} HdCostSearch;

typedef struct {
  HdObjective objective;
  HdCostRules rules;
  HdCostSearch search;
  guint factor_limit;    /* loop factors per layer at most, the smallest are merged; 0: no limit */
  guint64 budget;        /* states and evaluations of a node's search, about; 0: 20,000 states for energy, 5,000 for the best-first search. HdNodeCost.gap tells what it left unproven */
  guint64 repeats;       /* nodes one after the other with the same weights, when mappings are compared: loading counts 1 / repeats; 0: 1 with `whole`, else 64 */
  double tie;            /* least energy: mappings whose energy is above the least by at most this fraction count as equal, and the fastest is taken; 0: only equal ones do */
  gboolean whole;        /* operands stand at the top of the core's levels (DRAM, if that is listed); FALSE: at the core's operand memories */
} HdCostOptions;

#define HD_COST_LEVELS_MAX 16   /* levels of a core's hierarchy */
#define HD_COST_LOOPS_MAX 96    /* temporal loop factors of a node */

/** Where a node's operands stand, and what becomes of its sums, when not the default. */
typedef struct {
  gint8 top[HD_N_OPERANDS];     /* index of an operand's top level in the core's levels; -1: the default */
  guint8 partial_in;            /* 1: it adds to unfinished sums, which are read first */
  guint8 partial_out;           /* 1: it leaves unfinished sums, in the layer's partial_bits */
} HdCostPlace;

#define HD_COST_PLACE_DEFAULT ((HdCostPlace) { { -1, -1, -1 }, 0, 0 })

/** What a node costs. cycles = compute + stall + input + offload + fill; energy in pJ. */
typedef struct {
  guint64 cycles;            /* when its weights are in place [base cycle] */
  guint64 load_cycles;       /* more, when they are not [base cycle] */
  guint64 ideal_cycles;      /* ceil (macs / units of the array) [base cycle] */
  guint64 compute_cycles;    /* product of the temporal loops: with spatial under-utilisation [base cycle] */
  guint64 stall_cycles;      /* waiting for memory ports [base cycle] */
  guint64 input_cycles;      /* the first inputs on their way down [base cycle] */
  guint64 offload_cycles;    /* the last outputs on their way up [base cycle] */
  guint64 fill_cycles;       /* fill and drain of the array [base cycle] */
  double energy_pj;          /* when its weights are in place */
  double load_energy_pj;     /* more, when they are not */
  double mac_energy_pj;      /* the part of energy_pj that is arithmetic */
  guint64 macs;              /* MACs or element operations really done, padding skipped [1] */
  guint64 weight_bits;       /* the weights that load_cycles loads [bit]; 0: none, there is nothing to keep */
  guint64 evaluations;       /* mappings that were looked at to find it */
  double gap;                /* by how much of the objective it can be off; 0: proven best */
} HdNodeCost;

/* --- a mapping, given or found ------------------------------------------------------------------------ */

typedef struct {
  guint rank;                /* of the layer */
  guint64 factor;
} HdLoop;

/** Loops innermost first. `below[operand][l]`: how many of the loops stand at or below the operand's l-th own level (its top: all). */
typedef struct {
  guint n_unrolls;
  struct { guint rank, dimension; guint64 factor; } unroll[HD_RANKS_MAX];
  guint n_loops;
  HdLoop loop[HD_COST_LOOPS_MAX];
  gboolean has_loops;        /* given: the order is taken as it is, and unrollings too (even if none); else searched */
  gboolean has_split;        /* given: `below` too */
  guint8 below[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  guint8 stays[HD_N_OPERANDS][HD_COST_LOOPS_MAX]; /* by loop, without a split: 1 + index in the core's levels of the one where the operand stays during it; 0: the search's choice */
} HdCostMapping;

/** One movement at one level of one operand, as it adds up over the node. */
typedef struct {
  gboolean active;
  double words;              /* accesses, in units of the full width [1] */
  double energy_pj;
  guint64 bits;              /* of one transfer, an inner one [bit] */
  guint64 transfers;         /* how often [1] */
  guint64 period;            /* cycles from one to the next [own cycle] */
  guint64 window;            /* of those, in which it may happen [own cycle] */
  guint64 real;              /* port cycles that one takes [own cycle] */
  int port;                  /* of the level */
} HdCostMove;

typedef struct {
  guint level;               /* in the core's levels */
  HdCostOperand operand;
  guint64 used_bits;         /* of an instance [bit] */
  guint64 instances;         /* in use [1] */
  gboolean double_buffered;
  gboolean held;             /* weights: they stay here from one node to the next, so what fills this level is load energy */
  HdCostMove move[HD_N_MOVES];
} HdCostLevel;

typedef struct {
  HdNodeCost cost;
  HdLayerId layer;
  HdCoreId core;
  HdCostMapping mapping;
  guint n_levels;            /* operand by operand, bottom-up; none for cores without a hierarchy */
  HdCostLevel *level;
} HdCostReport;

void hd_cost_report_free (HdCostReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdCostReport, hd_cost_report_free)

/* --- the model -------------------------------------------------------------------------------------------- */

typedef struct HdCostModel HdCostModel;

/**
 * hd_cost_model_new:
 * @options: (nullable): NULL: exact rules, least energy, optimal search, operands at the core's operand memories
 *
 * Both must outlive the model. The cache is empty.
 */
HdCostModel *hd_cost_model_new (const HdPlatform *platform, const HdWorkload *workload, const HdCostOptions *options);
void hd_cost_model_free (HdCostModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdCostModel, hd_cost_model_free)

/**
 * hd_cost_model_set_mapping:
 * @mapping: what is given: unrollings (n_unrolls > 0), the order of loops, their split; the rest is searched
 *
 * Fixes the mapping of a layer on a core, in full or in part. Call before the first hd_cost_node(). Ranks that a mapping does not name are temporal.
 * An unrolling larger than its rank in a node's box is cut to it.
 *
 * Errors: %HD_ERROR_INPUT when a rank or an array dimension does not exist or the array is too small for it.
 */
gboolean hd_cost_model_set_mapping (HdCostModel *self, HdLayerId layer, HdCoreId core, const HdCostMapping *mapping, GError **error);

/**
 * hd_cost_model_apply_mapping:
 *
 * hd_cost_model_set_mapping() with the unrollings and loops that @mapping gives for its layers, on each of their cores. Errors: %HD_ERROR_INPUT with file:line.
 */
gboolean hd_cost_model_apply_mapping (HdCostModel *self, const HdMapping *mapping, GError **error);

/**
 * hd_cost_node:
 * @box: the node's box of the layer's ranks; not empty
 * @place: (nullable): where its operands stand
 * @cost: (out)
 *
 * Time: under 200 ns for a shape already seen; else a search.
 * Threads: any. Determinism: pure in (model, layer, box's shape, core, place).
 * Errors: %HD_ERROR_NEGATIVE when the core cannot do it: it does not take such layers, or a memory is too small; the message says which, for what, by how much.
 */
gboolean hd_cost_node (HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, const HdCostPlace *place, HdNodeCost *cost, GError **error);

/** As hd_cost_node(), with everything that stands behind it: the mapping, and who moves what at which level. Of a shape that a report was made of before, the same again, with evaluations 0. Threads: any. */
HdCostReport *hd_cost_report (HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, const HdCostPlace *place, GError **error);

/**
 * hd_cost_place_lowest:
 * @last: its output leaves the core: it stands at the top
 * @place: (out)
 *
 * Inputs and outputs each at the lowest level that serves the whole array and holds them: the rule by which the depth-first model keeps maps on chip.
 */
gboolean hd_cost_place_lowest (const HdCostModel *self, HdCoreId core, HdLayerId layer, const HdBox *box, gboolean last, HdCostPlace *place, GError **error);
/** One level higher for @operand; FALSE when there is none. */
gboolean hd_cost_place_raise (const HdCostModel *self, HdCoreId core, HdCostOperand operand, HdCostPlace *place);

/** Whether @core takes layers like @layer at all. */
gboolean hd_cost_core_takes (const HdCostModel *self, HdCoreId core, HdLayerId layer);

/** Totals since the model was made: shapes in the cache, evaluations made for them. */
void hd_cost_model_statistics (const HdCostModel *self, guint64 *shapes, guint64 *evaluations);

G_END_DECLS
