/* The frame of a search: budget, limits, what is asked for and evaluated, and the result. */
#include "config.h"
#include "search/private.h"

#include <heddle/error.h>

#include <math.h>
#include <string.h>

enum {
  DEFAULT_EVALUATIONS = 10000,
  MAX_IDLE = 20000,          /* genomes asked for in a row that are all known: the rest, if there is one, is hardly reachable */
};
/* What the evaluated genomes may take [byte]. */
#define MAX_BYTES (G_GUINT64_CONSTANT (2) << 30)

static gboolean
end_because (Search *self, HdSearchEnd why)
{
  if (!self->ended) {
    self->ended = TRUE;
    self->end = why;
  }
  return FALSE;
}

guint32
_hd_search_ask (Search *self, const guint16 *genes)
{
  if (self->ended)
    return SEARCH_NONE;
  memcpy (self->scratch, genes, self->problem->n_genes * sizeof *genes);
  if (self->problem->repair != NULL)
    self->problem->repair (self->problem->data, self->scratch);
  guint32 point = _hd_store_find (&self->store, self->scratch);
  if (point != SEARCH_NONE) {
    self->n_cache_hits++;
    if (++self->idle > MAX_IDLE) {
      end_because (self, HD_SEARCH_END_IDLE);
      return SEARCH_NONE;
    }
    return point;
  }
  if (self->store.n >= self->budget) {
    end_because (self, HD_SEARCH_END_BUDGET);
    return SEARCH_NONE;
  }
  self->idle = 0;
  return _hd_store_add (&self->store, self->scratch);
}

static void
tell_progress (Search *self)
{
  if (self->options->progress == NULL)
    return;
  HdSearchProgress progress = { .n_evaluations = self->n_evaluated, .budget = self->budget, .n_infeasible = self->n_infeasible, .n_cache_hits = self->n_cache_hits, .n_front = self->front.n };
  for (guint k = 0; k < self->problem->n_objectives; k++) {
    progress.best[k] = INFINITY;
    for (guint i = 0; i < self->front.n; i++)
      progress.best[k] = MIN (progress.best[k], store_objectives (&self->store, self->front.point[i])[k]);
  }
  self->options->progress (self->options->progress_data, &progress);
}

gboolean
_hd_search_evaluate (Search *self)
{
  guint from = self->n_evaluated, to = self->store.n;
  if (to > from) {
    _hd_threads_evaluate (self->threads, from, to);
    for (guint32 point = from; point < to; point++)
      if (self->store.state[point] == FEASIBLE)
        _hd_front_add (&self->front, &self->store, point);
      else
        self->n_infeasible += self->store.state[point] == INFEASIBLE;
    self->n_evaluated = to;
    tell_progress (self);
  }
  if (self->options->cancel != NULL && *self->options->cancel != 0)
    return end_because (self, HD_SEARCH_END_CANCELLED);
  if (self->n_evaluated >= self->size)
    return end_because (self, HD_SEARCH_END_WHOLE);
  if (self->deadline != 0 && g_get_monotonic_time () >= self->deadline)
    return end_because (self, HD_SEARCH_END_SECONDS);
  return !self->ended;
}

/* --- the methods ------------------------------------------------------------------------------------------ */

/* FALSE: the search is at its end. */
static gboolean
evaluate_starts (Search *self)
{
  for (guint i = 0; i < self->options->n_starts; i++)
    if (_hd_search_ask (self, self->options->starts + (gsize) i * self->problem->n_genes) == SEARCH_NONE)
      break;
  return _hd_search_evaluate (self);
}

static gboolean
fits_exhaustively (const Search *self)
{
  return self->size <= self->budget;
}

static void
run_method (Search *self)
{
  HdSearchMethod method = self->options->method;
  if (method == HD_SEARCH_AUTO)
    method = fits_exhaustively (self) ? HD_SEARCH_EXHAUSTIVE : HD_SEARCH_COMBINED;
  if (method == HD_SEARCH_EXHAUSTIVE) {
    _hd_search_exhaustive (self);
    return;
  }
  if (!evaluate_starts (self))
    return;
  if (method != HD_SEARCH_LOCAL)
    _hd_search_genetic (self, method == HD_SEARCH_COMBINED ? self->budget / 2 : self->budget);
  if (method != HD_SEARCH_GENETIC)
    _hd_search_local (self, self->budget);
  end_because (self, self->store.n >= self->budget ? HD_SEARCH_END_BUDGET : HD_SEARCH_END_IDLE);
}

/* --- in and out ------------------------------------------------------------------------------------------- */

static gboolean
check_options (const Search *self, GError **error)
{
  if (self->options->method == HD_SEARCH_EXHAUSTIVE && !fits_exhaustively (self)) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there are %s%" G_GUINT64_FORMAT " candidates, too many to evaluate each (at most %u) - allow more evaluations, or leave fewer choices",
                 self->size == G_MAXUINT64 ? "more than " : "", self->size, self->budget);
    return FALSE;
  }
  guint64 each = (guint64) self->problem->n_genes * sizeof (guint16) + (guint64) self->problem->n_objectives * sizeof (double) + 1 + 4 * sizeof (guint32);
  if (self->budget > MIN (MAX_BYTES / each, G_MAXINT32 / 2)) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u evaluations do not fit in memory - at most %" G_GUINT64_FORMAT " of this size do", self->budget, MIN (MAX_BYTES / each, G_MAXINT32 / 2));
    return FALSE;
  }
  return TRUE;
}

/* What was never evaluated (a cancelled batch's rest) leaves; the front's numbers follow. */
static void
drop_pending (Search *self)
{
  Store *store = &self->store;
  g_autofree guint32 *moved = g_new (guint32, store->n + 1);
  guint kept = 0;
  for (guint32 point = 0; point < store->n; point++) {
    moved[point] = kept;
    if (store->state[point] == PENDING)
      continue;
    memmove (store->genes + (gsize) kept * store->n_genes, store_genes (store, point), store->n_genes * sizeof *store->genes);
    memmove (store->objectives + (gsize) kept * store->n_objectives, store_objectives (store, point), store->n_objectives * sizeof *store->objectives);
    store->state[kept++] = store->state[point];
  }
  store->n = kept;
  for (guint i = 0; i < self->front.n; i++)
    self->front.point[i] = moved[self->front.point[i]];
}

static HdSearchResult *
take_result (Search *self)
{
  drop_pending (self);
  _hd_front_sort (&self->front, &self->store);
  HdSearchResult *result = g_new0 (HdSearchResult, 1);
  result->n_genes = self->store.n_genes;
  result->n_objectives = self->store.n_objectives;
  result->n_points = self->store.n;
  result->genes = g_steal_pointer (&self->store.genes);
  result->objectives = g_steal_pointer (&self->store.objectives);
  result->feasible = g_steal_pointer (&self->store.state);
  for (guint32 point = 0; point < result->n_points; point++)
    result->feasible[point] = result->feasible[point] == FEASIBLE;
  result->n_front = self->front.n;
  result->front = g_steal_pointer (&self->front.point);
  result->n_infeasible = self->n_infeasible;
  result->n_cache_hits = self->n_cache_hits;
  result->end = self->end;
  return result;
}

static guint
thread_count (const HdSearchOptions *options)
{
  return CLAMP (options->threads != 0 ? options->threads : g_get_num_processors (), 1, HD_SEARCH_MAX_THREADS);
}

HdSearchResult *
hd_search_run (const HdSearchProblem *problem, const HdSearchOptions *options, GError **error)
{
  g_return_val_if_fail (problem->n_objectives >= 1 && problem->n_objectives <= HD_SEARCH_MAX_OBJECTIVES && problem->evaluate != NULL, NULL);
  Search self = { .problem = problem, .options = options, .budget = options->evaluations != 0 ? options->evaluations : DEFAULT_EVALUATIONS, .size = hd_search_size (problem) };
  if (!check_options (&self, error))
    return NULL;
  self.threads = _hd_threads_new (&self, thread_count (options), error);
  if (self.threads == NULL)
    return NULL;
  if (options->seconds > 0)
    self.deadline = g_get_monotonic_time () + (gint64) (MIN (options->seconds, 1e9) * G_USEC_PER_SEC);
  hd_random_init (&self.random, options->seed);
  _hd_store_init (&self.store, problem->n_genes, problem->n_objectives);
  self.scratch = g_new (guint16, problem->n_genes + 1);
  run_method (&self);
  _hd_threads_free (self.threads);
  HdSearchResult *result = take_result (&self);
  g_free (self.scratch);
  g_free (self.front.point);
  _hd_store_clear (&self.store);
  return result;
}

void
hd_search_result_free (HdSearchResult *self)
{
  if (self == NULL)
    return;
  g_free (self->genes);
  g_free (self->objectives);
  g_free (self->feasible);
  g_free (self->front);
  g_free (self);
}

guint32
hd_search_best (const HdSearchResult *self, int objective)
{
  guint32 best = G_MAXUINT32;
  guint n = self->n_objectives;
  for (guint i = 0; i < self->n_front; i++) {
    guint32 point = self->front[i];
    if (best == G_MAXUINT32 || _hd_compare_goal (self->objectives + (gsize) point * n, self->objectives + (gsize) best * n, n, objective) < 0)
      best = point;
  }
  return best;
}
