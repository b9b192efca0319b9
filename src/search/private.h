/* What the search's methods share: a store of genomes (a genome is known by its number there), a front, threads, and one way to ask for an evaluation.
 *
 * A method asks for genomes (_hd_search_ask()) and gets their numbers at once; _hd_search_evaluate() then evaluates those that are new, on all threads, and merges
 * the results in the order in which they were asked for. Until then a number that was just given is PENDING and says nothing.
 */
#pragma once

#include <heddle/random.h>
#include <heddle/search.h>

#include <glib.h>

#define SEARCH_NONE G_MAXUINT32

typedef enum { PENDING, INFEASIBLE, FEASIBLE } PointState;

/* --- store.c: all genomes ever asked for, each once ------------------------------------------------------- */

typedef struct {
  guint n_genes, n_objectives;
  guint n, capacity;
  guint16 *genes;            /* by point and gene */
  double *objectives;        /* by point and objective; of an infeasible point, the first is its violation */
  guint8 *state;             /* by point: PointState */
  guint32 *slot;             /* hash table, open addressing: point + 1; 0: empty */
  guint n_slots;             /* a power of two */
} Store;

void _hd_store_init (Store *self, guint n_genes, guint n_objectives);
void _hd_store_clear (Store *self);
/* The point of @genes, or SEARCH_NONE. */
guint32 _hd_store_find (const Store *self, const guint16 *genes);
/* Adds @genes, which are not there yet, as PENDING. */
guint32 _hd_store_add (Store *self, const guint16 *genes);

static inline const guint16 *
store_genes (const Store *self, guint32 point)
{
  return self->genes + (gsize) point * self->n_genes;
}

static inline const double *
store_objectives (const Store *self, guint32 point)
{
  return self->objectives + (gsize) point * self->n_objectives;
}

/* --- rank.c: non-dominated sorting ------------------------------------------------------------------------ */

/* Sets rank (0: dominated by none of the others) and crowding distance of each of the @n different, evaluated @points, and sorts @points by (rank, crowding
 * descending, point). An infeasible point ranks behind every feasible one, by its violation. Of points with equal objectives all but the first have crowding 0. */
typedef struct {
  guint32 point;
  guint rank;
  double crowding;
} Ranked;
void _hd_rank (const Store *store, Ranked *points, guint n);

/* --- front.c: what nothing dominates ---------------------------------------------------------------------- */

typedef struct {
  guint n, capacity;
  guint32 *point;            /* in no particular order */
} Front;
void _hd_front_add (Front *self, const Store *store, guint32 point);
void _hd_front_sort (Front *self, const Store *store);

/* A product of objectives, as mantissa and exponent: it neither overflows nor depends on anyone's logarithm. */
typedef struct {
  double mantissa;           /* 0 or [0.5, 1) */
  gint exponent;
} Product;
Product _hd_product (const double *objectives, guint n);
/* -1, 0, 1. @objective: compared first; -1: the product only. */
int _hd_compare_goal (const double *a, const double *b, guint n, int objective);

/* --- search.c --------------------------------------------------------------------------------------------- */

typedef struct Threads Threads;

typedef struct {
  const HdSearchProblem *problem;
  const HdSearchOptions *options;
  guint budget;
  guint64 size;              /* of the space */
  HdRandom random;           /* drawn from by the calling thread only */
  Store store;
  guint n_evaluated;         /* points before this are evaluated: the rest of the store is the batch */
  Front front;
  Threads *threads;
  gint64 deadline;           /* [us], monotonic; 0: none */
  guint n_infeasible;
  guint64 n_cache_hits;
  guint64 idle;              /* asked for since the last new genome */
  gboolean ended;
  HdSearchEnd end;           /* when ended */
  guint16 *scratch;          /* one genome */
} Search;

/* The number of the genome that @genes is repaired to. SEARCH_NONE: the search is at its end (evaluate what was asked for, and return). */
guint32 _hd_search_ask (Search *self, const guint16 *genes);
/* Evaluates what was asked for. FALSE: the search is at its end. */
gboolean _hd_search_evaluate (Search *self);

/* --- threads.c -------------------------------------------------------------------------------------------- */

Threads *_hd_threads_new (Search *search, guint n, GError **error);
void _hd_threads_free (Threads *self);
/* Evaluates points @from ... @to - 1 of the store; on cancel, some stay PENDING. */
void _hd_threads_evaluate (Threads *self, guint from, guint to);

/* --- genome.c: random steps --------------------------------------------------------------------------------- */

void _hd_genome_random (Search *self, guint16 *genes);
/* Another value of one gene (of at least two values). */
void _hd_genome_step (Search *self, guint16 *genes, guint gene);
/* Each gene with probability 1/n, at least one. */
void _hd_genome_mutate (Search *self, guint16 *genes);
/* Uniform or two-point, at random, of @a and @b into @child. */
void _hd_genome_cross (Search *self, const guint16 *a, const guint16 *b, guint16 *child);

/* --- the methods ------------------------------------------------------------------------------------------ */

void _hd_search_exhaustive (Search *self);
/* Until @until genomes have been evaluated. */
void _hd_search_genetic (Search *self, guint until);
void _hd_search_local (Search *self, guint until);
