/* The parts of a search, each against something slower or done by hand: ranks, crowding, front, store, random steps. */
#include "config.h"
#include "search/private.h"
#include "search/problems.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* --- a store of random points ------------------------------------------------------------------------------- */

static void
add_point (Store *store, PointState state, const double *objectives)
{
  guint16 genes[2] = { (guint16) (store->n & 0xffff), (guint16) (store->n >> 16) };
  guint32 point = _hd_store_add (store, genes);
  store->state[point] = (guint8) state;
  memcpy (store->objectives + (gsize) point * store->n_objectives, objectives, store->n_objectives * sizeof (double));
}

/* Few different values, so that there are ties and equal points. */
static void
random_store (Store *store, HdRandom *random, guint n, guint n_objectives, guint range)
{
  _hd_store_init (store, 2, n_objectives);
  for (guint i = 0; i < n; i++) {
    double objectives[HD_SEARCH_MAX_OBJECTIVES];
    for (guint k = 0; k < n_objectives; k++)
      objectives[k] = (double) hd_random_below (random, range);
    add_point (store, hd_random_below (random, 5) == 0 ? INFEASIBLE : FEASIBLE, objectives);
  }
}

/* Deb's constrained domination, straight from its definition. */
static gboolean
slow_dominates (const Store *store, guint32 p, guint32 q)
{
  const double *x = store_objectives (store, p), *y = store_objectives (store, q);
  if (store->state[p] != store->state[q])
    return store->state[p] == FEASIBLE;
  if (store->state[p] == INFEASIBLE)
    return x[0] < y[0];
  guint n_less = 0, n_greater = 0;
  for (guint k = 0; k < store->n_objectives; k++) {
    n_less += x[k] < y[k];
    n_greater += x[k] > y[k];
  }
  return n_greater == 0 && n_less > 0;
}

/* Peels front after front: who is dominated by nobody that is left. */
static void
slow_ranks (const Store *store, guint *rank)
{
  for (guint i = 0; i < store->n; i++)
    rank[i] = SEARCH_NONE;
  for (guint front = 0, left = store->n; left > 0; front++)
    for (guint i = 0; i < store->n; i++) {
      if (rank[i] != SEARCH_NONE)
        continue;
      gboolean dominated = FALSE;
      for (guint j = 0; j < store->n; j++)
        dominated |= (rank[j] == SEARCH_NONE || rank[j] == front) && slow_dominates (store, j, i);
      if (!dominated) {
        rank[i] = front;
        left--;
      }
    }
}

static Ranked *
ranked (const Store *store)
{
  Ranked *points = g_new0 (Ranked, store->n);
  for (guint i = 0; i < store->n; i++)
    points[i].point = store->n - 1 - i;
  _hd_rank (store, points, store->n);
  return points;
}

Test (rank, is_that_of_peeling_front_after_front)
{
  HdRandom random;
  hd_random_init (&random, 1);
  for (guint round = 0; round < 200; round++) {
    Store store;
    random_store (&store, &random, 1 + (guint) hd_random_below (&random, 60), 1 + round % 4, round % 2 == 0 ? 4 : 50);
    g_autofree guint *expected = g_new (guint, store.n);
    slow_ranks (&store, expected);
    g_autofree Ranked *points = ranked (&store);
    for (guint i = 0; i < store.n; i++) {
      cr_expect_eq (points[i].rank, expected[points[i].point], "round %u point %u: rank %u, not %u", round, points[i].point, points[i].rank, expected[points[i].point]);
      cr_expect (i == 0 || points[i - 1].rank < points[i].rank || (points[i - 1].rank == points[i].rank && points[i - 1].crowding >= points[i].crowding));
    }
    _hd_store_clear (&store);
  }
}

Test (rank, crowding_is_the_sum_of_the_gaps_around_a_point)
{
  /* One front of four, the ends first; gaps of (1, 4) are 2 of 5 and 9 - 3 = 6 of 9, of (2, 3) are 4 of 5 and 4 of 9. The twin of (1, 4) is worth nothing. */
  static const double FRONT[][2] = { { 0, 9 }, { 1, 4 }, { 2, 3 }, { 5, 0 }, { 1, 4 } };
  Store store;
  _hd_store_init (&store, 2, 2);
  for (guint i = 0; i < G_N_ELEMENTS (FRONT); i++)
    add_point (&store, FEASIBLE, FRONT[i]);
  g_autofree Ranked *points = ranked (&store);
  static const guint32 ORDER[] = { 0, 3, 2, 1, 4 };
  for (guint i = 0; i < G_N_ELEMENTS (ORDER); i++) {
    cr_expect_eq (points[i].point, ORDER[i]);
    cr_expect_eq (points[i].rank, 0);
  }
  cr_expect (isinf (points[0].crowding) && isinf (points[1].crowding));
  cr_expect_float_eq (points[2].crowding, 4.0 / 5 + 4.0 / 9, 1e-12);
  cr_expect_float_eq (points[3].crowding, 2.0 / 5 + 6.0 / 9, 1e-12);
  cr_expect_eq (points[4].crowding, 0);
  _hd_store_clear (&store);
}

/* --- front and goals ---------------------------------------------------------------------------------------- */

Test (front, holds_what_nothing_dominates_and_of_equals_the_first)
{
  HdRandom random;
  hd_random_init (&random, 2);
  for (guint round = 0; round < 200; round++) {
    Store store;
    Front front = { 0 };
    random_store (&store, &random, 80, 1 + round % 4, 6);
    guint n_expected = 0;
    gboolean expected[80];
    for (guint32 i = 0; i < store.n; i++) {
      gboolean kept = store.state[i] == FEASIBLE;
      if (kept)
        _hd_front_add (&front, &store, i);
      for (guint32 j = 0; j < store.n && kept; j++)
        kept = !(slow_dominates (&store, j, i) || (j < i && store.state[j] == FEASIBLE && memcmp (store_objectives (&store, i), store_objectives (&store, j), store.n_objectives * sizeof (double)) == 0));
      n_expected += kept;
      expected[i] = kept;
    }
    cr_expect_eq (front.n, n_expected);
    _hd_front_sort (&front, &store);
    for (guint i = 0; i < front.n; i++) {
      cr_expect (expected[front.point[i]]);
      cr_expect (i == 0 || store_objectives (&store, front.point[i - 1])[0] <= store_objectives (&store, front.point[i])[0]);
    }
    g_free (front.point);
    _hd_store_clear (&store);
  }
}

Test (goal, products_neither_overflow_nor_vanish)
{
  static const double A[] = { 1e300, 1e300, 1e-200 }, B[] = { 1e300, 1.1e300, 1e-200 }, SMALL[] = { 1e-300, 1e-300, 1e-300 }, NIL[] = { 1e300, 0, 1e300 };
  cr_expect_eq (_hd_compare_goal (A, B, 3, -1), -1);
  cr_expect_eq (_hd_compare_goal (B, A, 3, -1), 1);
  cr_expect_eq (_hd_compare_goal (A, A, 3, -1), 0);
  cr_expect_eq (_hd_compare_goal (SMALL, A, 3, -1), -1);
  cr_expect_eq (_hd_compare_goal (NIL, SMALL, 3, -1), -1);
  cr_expect_eq (_hd_compare_goal (NIL, NIL, 3, -1), 0);
  cr_expect_eq (_hd_compare_goal (A, B, 3, 0), -1, "equal in the objective itself: the product decides");
  cr_expect_eq (_hd_compare_goal (SMALL, NIL, 3, 1), 1);
  static const double SIX[] = { 2, 3 }, FIVE[] = { 5, 1 };
  cr_expect_eq (_hd_compare_goal (FIVE, SIX, 2, -1), -1);
  cr_expect_eq (_hd_compare_goal (FIVE, SIX, 2, 0), 1);
}

Test (goal, domination_is_strict)
{
  static const double A[] = { 1, 2 }, B[] = { 1, 3 }, C[] = { 0, 4 };
  cr_expect (hd_search_dominates (A, B, 2));
  cr_expect_not (hd_search_dominates (B, A, 2));
  cr_expect_not (hd_search_dominates (A, A, 2));
  cr_expect_not (hd_search_dominates (A, C, 2) || hd_search_dominates (C, A, 2));
}

/* --- store -------------------------------------------------------------------------------------------------- */

Test (store, finds_each_genome_and_no_other)
{
  Store store;
  _hd_store_init (&store, 3, 1);
  for (guint i = 0; i < 20000; i++) {
    guint16 genes[3] = { (guint16) (i % 7), (guint16) (i / 7 % 300), (guint16) (i / 2100) };
    cr_assert_eq (_hd_store_find (&store, genes), SEARCH_NONE);
    cr_assert_eq (_hd_store_add (&store, genes), i);
  }
  for (guint i = 0; i < 20000; i++) {
    guint16 genes[3] = { (guint16) (i % 7), (guint16) (i / 7 % 300), (guint16) (i / 2100) };
    cr_assert_eq (_hd_store_find (&store, genes), i);
  }
  _hd_store_clear (&store);
}

/* --- random steps ------------------------------------------------------------------------------------------- */

static void
some_search (Search *search, Toy *toy, guint64 seed)
{
  *search = (Search) { .problem = &toy->problem };
  hd_random_init (&search->random, seed);
}

Test (genome, a_childs_genes_are_its_parents)
{
  Toy toy;
  Search search;
  toy_separable (&toy, 20, 16, 3);
  some_search (&search, &toy, 4);
  guint n_of_second = 0, n_different = 0;
  for (guint round = 0; round < 2000; round++) {
    guint16 a[20], b[20], child[20];
    _hd_genome_random (&search, a);
    _hd_genome_random (&search, b);
    _hd_genome_cross (&search, a, b, child);
    for (guint i = 0; i < 20; i++) {
      cr_assert (child[i] == a[i] || child[i] == b[i]);
      n_different += a[i] != b[i];
      n_of_second += a[i] != b[i] && child[i] == b[i];
    }
  }
  /* half of the genes by uniform crossover, a third by two-point: 5/12 in the mean */
  cr_expect_float_eq ((double) n_of_second / n_different, 5.0 / 12, 0.02);
}

Test (genome, mutation_changes_one_gene_in_the_mean_and_always_one)
{
  Toy toy;
  Search search;
  toy_separable (&toy, 20, 16, 3);
  toy.n_values[3] = 1;
  some_search (&search, &toy, 5);
  guint n_changed = 0;
  for (guint round = 0; round < 5000; round++) {
    guint16 before[20], after[20];
    _hd_genome_random (&search, before);
    memcpy (after, before, sizeof after);
    _hd_genome_mutate (&search, after);
    guint n = 0;
    for (guint i = 0; i < 20; i++) {
      cr_assert_lt (after[i], toy.n_values[i]);
      n += after[i] != before[i];
    }
    cr_assert_geq (n, 1);
    n_changed += n;
  }
  /* 1 of 19 each, given that there is one: 1 / (1 - (18/19)^19) = 1.5576 */
  cr_expect_float_eq (n_changed / 5000.0, 1.5576, 0.05);
}

Test (genome, a_size_moves_by_small_steps_mostly_and_reaches_all)
{
  Toy toy;
  Search search;
  toy_zdt1 (&toy, 2, 16);
  some_search (&search, &toy, 6);
  guint n_small = 0, reached = 0;
  for (guint round = 0; round < 4000; round++) {
    guint16 genes[2] = { 8, (guint16) (round % 16) };
    _hd_genome_step (&search, genes, 0);
    _hd_genome_step (&search, genes, 1);
    cr_assert_neq (genes[0], 8);
    cr_assert_neq (genes[1], round % 16);
    cr_assert_lt (genes[1], 16);
    n_small += ABS ((int) genes[0] - 8) == 1;
    reached |= 1U << genes[0];
  }
  cr_expect_gt (n_small, 4000 * 4 / 10);
  cr_expect_lt (n_small, 4000 * 6 / 10);
  cr_expect_eq (reached, 0xffff & ~(1U << 8));
}
