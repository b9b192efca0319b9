/* Whole searches: against brute force, against known optima, on any number of threads, ended early. */
#include "config.h"
#include "search/problems.h"

#include <heddle/error.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static HdSearchResult *
run (Toy *toy, HdSearchOptions options)
{
  GError *error = NULL;
  toy->n_evaluations = toy->n_contexts = toy->n_freed = toy->cancel = 0;
  options.cancel = &toy->cancel;
  HdSearchResult *result = hd_search_run (&toy->problem, &options, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "no error");
  cr_assert_eq (toy->n_contexts, toy->n_freed);
  cr_assert_eq ((guint) toy->n_evaluations, result->n_points);
  return result;
}

static const double *
objectives_of (const HdSearchResult *result, guint32 point)
{
  return result->objectives + (gsize) point * result->n_objectives;
}

/* How many of the true front's points were found; a point that is not on it fails. */
static guint
count_found (Toy *toy, const HdSearchResult *result, guint *n_true)
{
  g_autofree double *front = NULL;
  guint n = toy_brute_front (toy, &front), n_found = 0;
  for (guint i = 0; i < result->n_front; i++) {
    const double *found = objectives_of (result, result->front[i]);
    for (guint j = 0; j < n; j++) {
      cr_expect_not (hd_search_dominates (found, front + 2 * j, 2), "better than brute force");
      n_found += found[0] == front[2 * j] && found[1] == front[2 * j + 1];
    }
  }
  *n_true = n;
  return n_found;
}

static void
expect_exact (Toy *toy, HdSearchOptions options, HdSearchEnd end)
{
  guint n_true;
  g_autoptr (HdSearchResult) result = run (toy, options);
  guint n_found = count_found (toy, result, &n_true);
  cr_expect_eq (n_found, n_true, "%u of %u points", n_found, n_true);
  cr_expect_eq (result->n_front, n_true);
  cr_expect_eq (result->end, end);
}

/* --- exhaustive ------------------------------------------------------------------------------------------- */

Test (exhaustive, finds_the_fronts_of_brute_force)
{
  Toy toy;
  for (guint64 seed = 1; seed <= 5; seed++) {
    toy_allocation (&toy, 7, 3, seed);
    expect_exact (&toy, (HdSearchOptions) { .method = HD_SEARCH_EXHAUSTIVE, .threads = 1 + (guint) seed % 2 }, HD_SEARCH_END_WHOLE);
    toy_knapsack (&toy, 11, seed);
    expect_exact (&toy, (HdSearchOptions) { .threads = 1 }, HD_SEARCH_END_WHOLE);
  }
  toy_zdt1 (&toy, 4, 9);
  expect_exact (&toy, (HdSearchOptions) { .threads = 2 }, HD_SEARCH_END_WHOLE);
}

Test (exhaustive, is_refused_beyond_the_budget)
{
  Toy toy;
  GError *error = NULL;
  toy_separable (&toy, 10, 10, 1);
  cr_expect_eq (hd_search_size (&toy.problem), G_GUINT64_CONSTANT (10000000000));
  HdSearchOptions options = { .method = HD_SEARCH_EXHAUSTIVE, .evaluations = 5000 };
  cr_expect_null (hd_search_run (&toy.problem, &options, &error));
  cr_expect_eq (error->code, HD_ERROR_USAGE);
  cr_expect (strstr (error->message, "10000000000") != NULL && strstr (error->message, "5000") != NULL, "%s", error->message);
  g_clear_error (&error);
  toy_separable (&toy, 40, 16, 1);
  cr_expect_eq (hd_search_size (&toy.problem), G_MAXUINT64);
  cr_expect_null (hd_search_run (&toy.problem, &options, &error));
  g_clear_error (&error);
}

Test (exhaustive, symmetric_genomes_are_evaluated_once)
{
  Toy toy;
  toy_sorted (&toy, 4, 5, 9);
  toy.seen = g_malloc0 (625);
  g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_EXHAUSTIVE, .threads = 2 });
  cr_expect_eq (result->n_points, 70, "multisets of 4 out of 5: 8 over 4"); /* 8! / 4! / 4! */
  cr_expect_eq (result->n_cache_hits, 625 - 70);
  cr_expect_eq (result->end, HD_SEARCH_END_WHOLE);
  g_free (toy.seen);
}

Test (exhaustive, nothing_to_choose_is_one_genome)
{
  Toy toy;
  toy_separable (&toy, 3, 1, 1);
  for (guint method = HD_SEARCH_AUTO; method <= HD_SEARCH_COMBINED; method++) {
    g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = (HdSearchMethod) method, .threads = 1 });
    cr_expect_eq (result->n_points, 1);
    cr_expect_eq (result->n_front, 1);
    cr_expect_eq (result->end, HD_SEARCH_END_WHOLE);
  }
  toy.problem.n_genes = 0;
  g_autoptr (HdSearchResult) none = run (&toy, (HdSearchOptions) { .threads = 1 });
  cr_expect_eq (none->n_front, 1);
}

/* --- searches against exhaustive and known optima --------------------------------------------------------------- */

Test (genetic, finds_nearly_all_of_a_small_front_from_a_part_of_the_space)
{
  guint n_found = 0, n_all = 0;
  for (guint64 seed = 1; seed <= 6; seed++) {
    Toy toy;
    guint n_true;
    toy_allocation (&toy, 9, 3, seed); /* 19,683 genomes */
    g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_GENETIC, .evaluations = 3000, .seed = seed, .threads = 1 });
    cr_expect_eq (result->n_points, 3000);
    cr_expect_eq (result->end, HD_SEARCH_END_BUDGET);
    n_found += count_found (&toy, result, &n_true);
    n_all += n_true;
  }
  cr_expect_geq (n_found * 100, n_all * 90, "%u of %u points", n_found, n_all);
}

Test (genetic, reaches_the_whole_front_of_zdt1)
{
  Toy toy;
  toy_zdt1 (&toy, 12, 16); /* 2.8e14 genomes */
  g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_GENETIC, .evaluations = 8000, .seed = 1, .threads = 1 });
  cr_expect_eq (result->n_front, 16);
  for (guint i = 0; i < result->n_front; i++) {
    const double *point = objectives_of (result, result->front[i]);
    cr_expect_float_eq (point[0], i / 15.0, 1e-12);
    cr_expect_float_eq (point[1], 1 - sqrt (point[0]), 1e-12);
  }
}

Test (local, finds_the_optimum_of_separable_problems)
{
  for (guint64 seed = 1; seed <= 5; seed++) {
    Toy toy;
    toy_separable (&toy, 40, 12, seed);
    double optimum = 0;
    for (guint i = 0; i < 40; i++) {
      double least = INFINITY;
      for (guint v = 0; v < 12; v++)
        least = MIN (least, toy.table[i][v]);
      optimum += least;
      toy.kind[i] = seed % 2 == 0 ? HD_GENE_ORDINAL : HD_GENE_CATEGORICAL;
    }
    g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_LOCAL, .evaluations = 6000, .seed = seed, .threads = 1 });
    cr_expect_eq (result->n_front, 1);
    cr_expect_eq (objectives_of (result, hd_search_best (result, 0))[0], optimum, "seed %u", (guint) seed);
  }
}

Test (local, leaves_a_genome_that_only_two_changes_at_once_improve)
{
  Toy toy;
  toy_equal (&toy, 2, 10); /* from one feasible genome to another, both genes change */
  guint16 start[2] = { 9, 9 };
  g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_LOCAL, .evaluations = 95, .starts = start, .n_starts = 1, .seed = 3, .threads = 1 });
  cr_expect_eq (objectives_of (result, hd_search_best (result, 0))[0], 0);
}

Test (combined, finds_the_whole_front_and_its_ends)
{
  guint n_found = 0, n_all = 0;
  for (guint64 seed = 11; seed <= 16; seed++) {
    Toy toy;
    guint n_true;
    toy_allocation (&toy, 9, 3, seed);
    g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_COMBINED, .evaluations = 3000, .seed = seed, .threads = 2 });
    g_autofree double *front = NULL;
    n_found += count_found (&toy, result, &n_true);
    n_all += toy_brute_front (&toy, &front);
    cr_expect_eq (objectives_of (result, hd_search_best (result, 0))[0], front[0], "the least makespan");
    cr_expect_eq (objectives_of (result, hd_search_best (result, 1))[1], front[2 * n_true - 1], "the least energy");
  }
  cr_expect_geq (n_found * 100, n_all * 90, "%u of %u points", n_found, n_all);
}

Test (combined, of_a_small_space_everything_is_seen)
{
  Toy toy;
  toy_knapsack (&toy, 9, 4);
  expect_exact (&toy, (HdSearchOptions) { .method = HD_SEARCH_COMBINED, .evaluations = 5000, .threads = 1 }, HD_SEARCH_END_WHOLE);
}

Test (combined, starts_are_evaluated_first_and_never_lost)
{
  Toy toy;
  toy_separable (&toy, 40, 16, 8);
  guint16 starts[80];
  for (guint i = 0; i < 40; i++) {
    starts[i] = 0;
    starts[40 + i] = 0;
    for (guint16 v = 1; v < 16; v++)
      if (toy.table[i][v] < toy.table[i][starts[40 + i]])
        starts[40 + i] = v;
  }
  g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_COMBINED, .evaluations = 100, .starts = starts, .n_starts = 2, .threads = 1 });
  cr_expect_eq (memcmp (result->genes, starts, sizeof starts), 0);
  cr_expect_eq (result->front[0], 1);
}

/* --- infeasible genomes --------------------------------------------------------------------------------------- */

Test (infeasible, violations_lead_to_the_feasible)
{
  for (guint method = HD_SEARCH_GENETIC; method <= HD_SEARCH_COMBINED; method++) {
    Toy toy;
    toy_equal (&toy, 8, 6); /* 6 of 1,679,616 genomes */
    g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = (HdSearchMethod) method, .evaluations = 4000, .seed = 7, .threads = 1 });
    cr_expect_geq (result->n_front, 1, "method %u", method);
    guint n_feasible = 0;
    for (guint32 point = 0; point < result->n_points; point++)
      n_feasible += result->feasible[point];
    cr_expect_eq (result->n_infeasible, result->n_points - n_feasible);
  }
}

static gboolean
never (gpointer context, const guint16 *genes, double *objectives)
{
  Toy *toy = context;
  (void) genes;
  g_atomic_int_inc (&toy->n_evaluations);
  objectives[0] = 0;
  return FALSE;
}

Test (infeasible, nothing_feasible_is_an_empty_front)
{
  for (guint method = HD_SEARCH_AUTO; method <= HD_SEARCH_COMBINED; method++) {
    Toy toy;
    toy_separable (&toy, 5, 4, 1);
    toy.problem.evaluate = never;
    g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = (HdSearchMethod) method, .evaluations = 2000, .threads = 2 });
    cr_expect_eq (result->n_front, 0);
    cr_expect_eq (result->n_infeasible, result->n_points);
    cr_expect_eq (hd_search_best (result, 0), G_MAXUINT32);
  }
}

/* --- threads, seeds, limits ----------------------------------------------------------------------------------- */

static gboolean
same (const HdSearchResult *a, const HdSearchResult *b)
{
  return a->n_points == b->n_points && a->n_front == b->n_front && a->n_cache_hits == b->n_cache_hits && a->n_infeasible == b->n_infeasible && a->end == b->end &&
         memcmp (a->genes, b->genes, (gsize) a->n_points * a->n_genes * sizeof *a->genes) == 0 &&
         memcmp (a->objectives, b->objectives, (gsize) a->n_points * a->n_objectives * sizeof *a->objectives) == 0 && memcmp (a->front, b->front, a->n_front * sizeof *a->front) == 0;
}

Test (determinism, any_number_of_threads_gives_the_same)
{
  for (guint method = HD_SEARCH_GENETIC; method <= HD_SEARCH_COMBINED; method++) {
    Toy toy;
    toy_knapsack (&toy, 30, 5);
    HdSearchOptions options = { .method = (HdSearchMethod) method, .evaluations = 3000, .seed = 42, .threads = 1 };
    g_autoptr (HdSearchResult) one = run (&toy, options);
    for (guint threads = 2; threads <= 5; threads++) {
      options.threads = threads;
      g_autoptr (HdSearchResult) many = run (&toy, options);
      cr_expect (same (one, many), "method %u, %u threads", method, threads);
    }
    options.seed = 43;
    g_autoptr (HdSearchResult) other = run (&toy, options);
    cr_expect_not (same (one, other), "another seed");
  }
}

Test (limits, the_budget_is_kept_exactly)
{
  static const guint BUDGETS[] = { 1, 2, 3, 7, 31, 32, 33, 500 };
  for (guint method = HD_SEARCH_GENETIC; method <= HD_SEARCH_COMBINED; method++)
    for (guint i = 0; i < G_N_ELEMENTS (BUDGETS); i++) {
      Toy toy;
      toy_allocation (&toy, 20, 4, 1);
      g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = (HdSearchMethod) method, .evaluations = BUDGETS[i], .threads = 2 });
      cr_expect_eq (result->n_points, BUDGETS[i]);
      cr_expect_eq (result->end, HD_SEARCH_END_BUDGET);
      cr_expect_geq (result->n_front, 1);
    }
}

Test (limits, a_cancelled_search_keeps_the_best_so_far)
{
  static const gint AFTER[] = { 1, 10, 333, 1500 };
  for (guint threads = 1; threads <= 3; threads += 2)
    for (guint i = 0; i < G_N_ELEMENTS (AFTER); i++) {
      Toy toy;
      toy_allocation (&toy, 20, 4, 2);
      toy.cancel_after = AFTER[i];
      g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_COMBINED, .evaluations = 2000, .threads = threads });
      cr_expect_eq (result->end, HD_SEARCH_END_CANCELLED);
      cr_expect_geq (result->n_points, (guint) AFTER[i]);
      cr_expect_leq (result->n_points, (guint) AFTER[i] + threads, "at most what was under way");
      cr_expect_geq (result->n_front, 1);
      for (guint j = 0; j < result->n_front; j++) {
        double again[2];
        cr_assert_lt (result->front[j], result->n_points);
        toy.problem.evaluate (&toy, result->genes + (gsize) result->front[j] * 20, again);
        cr_expect_eq (memcmp (again, objectives_of (result, result->front[j]), sizeof again), 0, "genes and objectives belong together");
      }
    }
}

Test (limits, cancelled_before_it_began)
{
  Toy toy;
  GError *error = NULL;
  toy_allocation (&toy, 20, 4, 2);
  toy.cancel = 1;
  for (guint method = HD_SEARCH_GENETIC; method <= HD_SEARCH_COMBINED; method++) {
    HdSearchOptions options = { .method = (HdSearchMethod) method, .cancel = &toy.cancel, .threads = 2 };
    g_autoptr (HdSearchResult) result = hd_search_run (&toy.problem, &options, &error);
    cr_expect_eq (result->n_points, 0);
    cr_expect_eq (result->n_front, 0);
    cr_expect_eq (result->end, HD_SEARCH_END_CANCELLED);
  }
}

Test (limits, seconds_end_a_search)
{
  Toy toy;
  toy_allocation (&toy, 30, 4, 2);
  g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_LOCAL, .evaluations = 5000000, .seconds = 0.01, .threads = 1 });
  cr_expect_eq (result->end, HD_SEARCH_END_SECONDS);
  cr_expect_geq (result->n_front, 1);
}

Test (limits, a_budget_that_does_not_fit_in_memory_is_refused)
{
  Toy toy;
  GError *error = NULL;
  toy_allocation (&toy, 30, 4, 2);
  HdSearchOptions options = { .evaluations = G_MAXUINT32 };
  cr_expect_null (hd_search_run (&toy.problem, &options, &error));
  cr_expect_eq (error->code, HD_ERROR_MEMORY);
  g_error_free (error);
}

static gpointer
second_context_fails (gpointer data, GError **error)
{
  Toy *toy = data;
  if (g_atomic_int_add (&toy->n_contexts, 1) == 0)
    return toy;
  g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "no second one");
  return NULL;
}

Test (limits, a_context_that_cannot_be_made_is_an_error)
{
  Toy toy;
  GError *error = NULL;
  toy_allocation (&toy, 30, 4, 2);
  toy.problem.context_new = second_context_fails;
  HdSearchOptions options = { .threads = 3 };
  cr_expect_null (hd_search_run (&toy.problem, &options, &error));
  cr_expect_str_eq (error->message, "no second one");
  cr_expect_eq (toy.n_freed, 1);
  g_error_free (error);
}

typedef struct {
  guint n_calls, last;
  double best;
} Told;

static void
note (gpointer data, const HdSearchProgress *progress)
{
  Told *told = data;
  cr_expect_gt (progress->n_evaluations, told->last);
  cr_expect_leq (progress->best[0], told->best);
  cr_expect_eq (progress->budget, 1000);
  told->n_calls++;
  told->last = progress->n_evaluations;
  told->best = progress->best[0];
}

Test (limits, progress_is_told_after_each_batch)
{
  Toy toy;
  Told told = { .best = INFINITY };
  toy_allocation (&toy, 30, 4, 2);
  g_autoptr (HdSearchResult) result = run (&toy, (HdSearchOptions) { .method = HD_SEARCH_COMBINED, .evaluations = 1000, .threads = 2, .progress = note, .progress_data = &told });
  cr_expect_geq (told.n_calls, 20);
  cr_expect_eq (told.last, 1000);
  cr_expect_eq (told.best, objectives_of (result, hd_search_best (result, 0))[0]);
}
