/* Exploring mappings: which layers are fused, which cores work on them, along which rank, in what pieces. By search, or by a rule without one.
 *
 * | thing     | is                                                                                                                     |
 * |-----------|------------------------------------------------------------------------------------------------------------------------|
 * | space     | for a workload on a platform, what may be chosen for each layer; a genome (heddle/search.h) is one choice of everything |
 * | gene      | of a layer: its *cores* (which, and the rank that is split over them), its *slices* (a further cut of what comes out of it, so that weights come in parts), |
 * |           | its *rows* (the tile of the stack that ends with it; else its own cut), whether a stack *ends* with it, and how such a stack keeps what overlaps |
 * | score     | what a mapping comes to when a pass has scheduled it and the engine has run it                                         |
 * | allocation| one mapping made by rule: what `--pass multi-core` takes when it gets none, and where searches begin                    |
 *
 * Stacks are intervals of the layers in topological order, so none has a hole. Every number is the engine's: there is no second model.
 *
 * Ownership: a space holds references to workload and platform, and owns a cost model that all its contexts share; it must outlive them.
 */
#pragma once

#include <heddle/cost.h>
#include <heddle/engine.h>
#include <heddle/mapping.h>
#include <heddle/passes.h>
#include <heddle/search.h>

#include <glib.h>

G_BEGIN_DECLS

/** What a mapping is judged by; all are minimised. */
typedef enum {
  HD_METRIC_CYCLES,   /* makespan [cycle] */
  HD_METRIC_ENERGY,   /* compute, transfers and leakage [pJ] */
  HD_METRIC_EDP,      /* product of both [pJ * cycle] */
  HD_METRIC_MEMORY,   /* sum over the on-chip memories of the most that each ever held [bit] */
  HD_METRIC_DRAM,     /* read from and written to DRAM [bit] */
  HD_N_METRICS,
} HdMetric;

/** "cycles", "energy", "edp", "memory", "dram". */
const char *hd_metric_name (HdMetric metric);
/** The unit as it is printed: "cycles", "pJ", "pJ*cycles", "bit", "bit". */
const char *hd_metric_unit (HdMetric metric);

typedef struct {
  double value[HD_N_METRICS];  /* by HdMetric */
  guint64 bound_cycles;        /* no run of its schedule takes less (heddle/bounds.h) [cycle]; 0 in a draft */
} HdExploreScore;

typedef struct {
  const char *pass;            /* of hd_pass_names(); NULL: "multi-core" */
  HdPriority priority;         /* of multi-core, while searching; HD_PRIORITY_BEST: a gene of its own, so that each mapping is searched with the order that is best for it */
  HdCostOptions cost;
  guint n_metrics;             /* the objectives of the search; 0: energy and cycles */
  HdMetric metric[HD_N_METRICS];
  gboolean layer_by_layer;     /* no stacks of more than one layer, and these one after the other (HD_PRIORITY_STACK; in other orders the pass would make the stacks itself): to be held against */
  guint64 draft_burst_bits;    /* while searching, data move in bursts of at least so many bits: fewer events, and the score changes by a per cent or so; 0: as the platform says */
} HdExploreOptions;

/** What a search should begin from: multi-core by the order that is best for the mapping; nodes of least energy (the cost model finds those fastest, and they are hardly slower); bursts of 4 KiB. */
#define HD_EXPLORE_OPTIONS_DEFAULT ((HdExploreOptions) { .priority = HD_PRIORITY_BEST, .cost = { .objective = HD_OBJECTIVE_ENERGY }, .draft_burst_bits = 32768 })

typedef struct HdExploreSpace HdExploreSpace;

/**
 * hd_explore_space_new:
 * @options: (nullable): NULL: %HD_EXPLORE_OPTIONS_DEFAULT
 *
 * Errors: %HD_ERROR_NEGATIVE when no core takes a layer (all such layers are named), or there is no DRAM or no room in it; %HD_ERROR_USAGE for an unknown pass.
 */
HdExploreSpace *hd_explore_space_new (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options, GError **error);
HdExploreSpace *hd_explore_space_ref (HdExploreSpace *self);
void hd_explore_space_unref (HdExploreSpace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdExploreSpace, hd_explore_space_unref)

/** The space as a search takes it: its genes, its objectives (@options' metrics, in their order), a context for each thread, the repair of genomes that mean the same. */
const HdSearchProblem *hd_explore_space_problem (const HdExploreSpace *self);

/** Returns: genomes to begin a search with (hd_explore_allocate()'s and other plain ones), row after row; they belong to the space. @n: (out): how many. */
const guint16 *hd_explore_space_starts (const HdExploreSpace *self, guint *n);

/** Returns (transfer full): what gene @gene is about, e.g. "conv1 cores". */
char *hd_explore_space_gene_name (const HdExploreSpace *self, guint gene);
/** Returns (transfer full): what it means that the gene has this value, e.g. "core0 core1 by K". */
char *hd_explore_space_value_name (const HdExploreSpace *self, guint gene, guint value);

/** The mapping that a genome stands for. Errors: as hd_mapping_new_choices(). */
HdMapping *hd_explore_space_mapping (const HdExploreSpace *self, const guint16 *genes, GError **error);

/** Sets the order in which drafts line up the nodes to the first: then genomes that differ in nothing else are equal, as their mappings are. */
void hd_explore_space_forget_order (const HdExploreSpace *self, guint16 *genes);

/** Sets @genes to the genome that comes nearest to @mapping (of the same workload and platform): one of the same mapping, when it came from hd_explore_space_mapping(). */
void hd_explore_space_genes (const HdExploreSpace *self, const HdMapping *mapping, guint16 *genes);

/**
 * hd_explore_draft:
 * @genes: a genome
 * @score: (out)
 *
 * What the search takes for a genome's score: one plan, coarse bursts, nodes of least energy where those of the least product of energy and cycles are asked for. Threads: any. Errors: %HD_ERROR_NEGATIVE when it is infeasible: it cannot be tiled, or a piece fits nowhere.
 */
gboolean hd_explore_draft (const HdExploreSpace *self, const guint16 *genes, HdExploreScore *score, GError **error);

/**
 * hd_explore_score:
 * @mapping: of the space's workload and platform
 * @draft: one plan; else the pass does all it can, as `heddle run` would
 * @score: (out)
 *
 * What a mapping comes to on the platform as it is. Threads: any. Errors: as hd_explore_draft().
 */
gboolean hd_explore_score (const HdExploreSpace *self, HdMapping *mapping, gboolean draft, HdExploreScore *score, GError **error);

/** What a run comes to. @schedule: (nullable): NULL: without its bound, which takes a while. */
void hd_explore_take_score (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, HdExploreScore *score);

/**
 * hd_explore_allocate:
 * @options: (nullable): as for hd_explore_space_new(); what is best is told by the product of its metrics
 *
 * A mapping without a search: the best of the starts, which follow rules. Each layer on the cores that finish it first, split by channels or rows so that little has to be
 * moved; layers fused while their weights stay in the memories; tiles so that what is between the layers stays on chip; weights that do not fit cut into slices.
 * Where none of them is feasible, hd_mapping_default().
 *
 * Errors: %HD_ERROR_NEGATIVE when no core takes a layer (all such layers are named).
 */
HdMapping *hd_explore_allocate (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options, GError **error);

G_END_DECLS
