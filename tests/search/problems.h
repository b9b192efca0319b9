/* Problems whose answers are known: by hand, or small enough for brute force that shares nothing with the search. */
#pragma once

#include <heddle/search.h>

/** What a problem's functions see; counts what the search does. */
typedef struct {
  HdSearchProblem problem;
  guint16 n_values[64];
  HdGeneKind kind[64];
  double table[64][16];      /* by gene and value */
  double other[64][16];
  double limit;
  gint n_contexts, n_freed;  /* atomic */
  gint n_evaluations;        /* atomic */
  gint cancel;               /* set after @cancel_after evaluations */
  gint cancel_after;         /* 0: never */
  guint8 *seen;              /* (nullable) by genome as a number: evaluated before? */
} Toy;

/** Sum of a table: the optimum is the sum of each gene's least. */
void toy_separable (Toy *self, guint n_genes, guint n_values, guint64 seed);
/** Tasks on cores: makespan and energy, the published kind of allocation problem. */
void toy_allocation (Toy *self, guint n_tasks, guint n_cores, guint64 seed);
/** Lost value and weight, weight at most the limit: half of the genomes are infeasible. */
void toy_knapsack (Toy *self, guint n_items, guint64 seed);
/** ZDT1 (Zitzler, Deb, Thiele, 2000) on a grid: the front is f2 = 1 - sqrt (f1), one point for each value of the first gene. */
void toy_zdt1 (Toy *self, guint n_genes, guint n_values);
/** Only the genomes of which all values are equal are feasible; the violation tells how many differ. */
void toy_equal (Toy *self, guint n_genes, guint n_values);
/** Tables as toy_separable(), and repaired to the sorted genome: symmetric genomes are one. */
void toy_sorted (Toy *self, guint n_genes, guint n_values, guint64 seed);

/** The Pareto front by brute force over all genomes: objectives, sorted, of equal ones one. Returns their number; @front: (out) (transfer full). */
guint toy_brute_front (Toy *self, double **front);
