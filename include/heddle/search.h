/* Searching for the best choices among many: a genome of small numbers, several objectives, a Pareto front out.
 *
 * | method     | does                                                                                                    |
 * |------------|---------------------------------------------------------------------------------------------------------|
 * | exhaustive | every genome                                                                                            |
 * | genetic    | NSGA-II (Deb et al., 2002): non-dominated sorting, crowding, binary tournaments, two-point and uniform crossover, mutation of one gene in the mean |
 * | local      | climbs by changes of one gene and of two, starting again from perturbed optima: for each objective and for the product of all |
 * | combined   | the caller's starts, then genetic, then local from the front that it found                              |
 *
 * The search knows nothing of what it searches: a problem is a table of functions. No genome is evaluated twice. Random numbers are drawn by one thread, in batches
 * that do not depend on how many threads evaluate them, and results are merged in the order in which they were asked for: the same seed gives the
 * same result on any number of threads. The two limits that depend on a clock, @seconds and @cancel, are the exceptions.
 *
 * Ownership: the problem and what its functions use belong to the caller and outlive the call; a result is freed by who asked for it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HD_SEARCH_MAX_OBJECTIVES 8
#define HD_SEARCH_MAX_THREADS 256

typedef enum {
  HD_GENE_CATEGORICAL,       /* values are names: a core, a rank. None lies between two others */
  HD_GENE_ORDINAL,           /* values are sizes in ascending order: a small step is a small change */
} HdGeneKind;

typedef struct {
  guint n_genes;
  const guint16 *n_values;   /* (array length=n_genes): gene i is one of 0 ... n_values[i] - 1; >= 1 */
  const HdGeneKind *kind;    /* (nullable) (array length=n_genes): NULL: all are categorical */
  guint n_objectives;        /* 1 ... HD_SEARCH_MAX_OBJECTIVES; all are minimised */
  gpointer data;             /* for the functions */

  /* (nullable) What one thread evaluates with. All are made by the calling thread before the first evaluation. NULL: @data itself, which must then be safe to share. */
  gpointer (*context_new) (gpointer data, GError **error);
  void (*context_free) (gpointer context);

  /* Sets @objectives (finite, >= 0) and returns TRUE; or returns FALSE when the genome is infeasible, with how much so in @objectives[0] (>= 0, smaller is nearer to
   * feasible; 0 when it cannot be told). Must depend on @genes alone, not on what the context did before. */
  gboolean (*evaluate) (gpointer context, const guint16 *genes, double *objectives);

  /* (nullable) Changes @genes into the one genome that stands for all that mean the same, or into a feasible one. Called by one thread; must depend on @genes alone,
   * and leave a repaired genome as it is. */
  void (*repair) (gpointer data, guint16 *genes);
} HdSearchProblem;

typedef enum {
  HD_SEARCH_AUTO,            /* exhaustive where the budget allows, else combined */
  HD_SEARCH_EXHAUSTIVE,
  HD_SEARCH_GENETIC,
  HD_SEARCH_LOCAL,
  HD_SEARCH_COMBINED,
} HdSearchMethod;

/** Where a search stands. */
typedef struct {
  guint n_evaluations;       /* genomes evaluated [1] */
  guint budget;              /* of them [1] */
  guint n_infeasible;
  guint64 n_cache_hits;      /* genomes asked for again [1] */
  guint n_front;             /* not dominated so far [1] */
  double best[HD_SEARCH_MAX_OBJECTIVES]; /* the least of each objective; infinite before the first feasible genome */
} HdSearchProgress;

typedef struct {
  HdSearchMethod method;
  guint evaluations;         /* budget [1]; 0: 10,000 */
  double seconds;            /* of wall-clock time; 0: no limit. With it the result depends on the machine */
  guint64 seed;
  guint threads;             /* 0: one for each processor */
  guint population;          /* of the genetic search; 0: from the budget, 16 ... 100 */
  guint n_starts;
  const guint16 *starts;     /* (array length=n_starts * n_genes): genomes to begin with, e.g. those of heuristics */
  const volatile gint *cancel; /* (nullable): not 0 ends the search at the next evaluation; what is known by then is the result */
  void (*progress) (gpointer data, const HdSearchProgress *progress); /* (nullable): after each batch, in the calling thread */
  gpointer progress_data;
} HdSearchOptions;

/** Why a search ended. */
typedef enum {
  HD_SEARCH_END_WHOLE,       /* every genome was evaluated: the front is exact */
  HD_SEARCH_END_BUDGET,
  HD_SEARCH_END_IDLE,        /* nothing new came up for a long while */
  HD_SEARCH_END_SECONDS,
  HD_SEARCH_END_CANCELLED,
} HdSearchEnd;

typedef struct {
  guint n_genes, n_objectives;
  guint n_points;            /* evaluated genomes, in the order in which they were evaluated (by request, not by thread) */
  guint16 *genes;            /* by point and gene, repaired */
  double *objectives;        /* by point and objective */
  guint8 *feasible;          /* by point */
  guint n_front;
  guint32 *front;            /* points that no other dominates, of equal ones the first; ascending by first objective, then second, ... */
  guint n_infeasible;
  guint64 n_cache_hits;
  HdSearchEnd end;
} HdSearchResult;

/**
 * hd_search_run:
 * @problem: what is searched
 * @options: how, and for how long
 *
 * Errors: %HD_ERROR_USAGE when an exhaustive search is asked for and there are more genomes than the budget (the message tells how many); %HD_ERROR_MEMORY when the budget's
 * genomes do not fit in memory; whatever @context_new fails with. That no genome is feasible is no error: the front is empty.
 */
HdSearchResult *hd_search_run (const HdSearchProblem *problem, const HdSearchOptions *options, GError **error);
void hd_search_result_free (HdSearchResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdSearchResult, hd_search_result_free)

/** How many genomes there are [1]; G_MAXUINT64 for that many or more. */
guint64 hd_search_size (const HdSearchProblem *problem);

/** Whether @a is nowhere worse than @b and somewhere better (both of @n objectives). */
gboolean hd_search_dominates (const double *a, const double *b, guint n);

/**
 * hd_search_best:
 * @self: a result
 * @objective: which objective; or -1: the product of all
 *
 * Returns: the front's point that is least in it, of equal ones the one with the least product, then the first; G_MAXUINT32 when the front is empty.
 */
guint32 hd_search_best (const HdSearchResult *self, int objective);

G_END_DECLS
