/* Evaluating a batch on several threads. The calling thread works too, so that with one thread there is no other. Which thread evaluates which point is left to chance: each
 * writes only to its point's place, and who asked looks only when all are done. */
#include "config.h"
#include "search/private.h"

#include <heddle/error.h>

#include <math.h>

typedef struct {
  Threads *threads;
  gpointer context;
  GThread *thread;           /* NULL: the calling thread */
} Worker;

struct Threads {
  Search *search;
  guint n;
  Worker *worker;
  gint next;                 /* atomic: the next point to take */
  gint to;
  GMutex lock;
  GCond begin, done;
  guint batch;               /* counts batches; under the lock, as all that follows */
  guint n_working;
  gboolean quit;
};

static gboolean
objectives_are_sound (const double *objectives, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!isfinite (objectives[i]) || objectives[i] < 0)
      return FALSE;
  return TRUE;
}

static void
evaluate_point (Worker *worker, guint32 point)
{
  Search *search = worker->threads->search;
  Store *store = &search->store;
  double objectives[HD_SEARCH_MAX_OBJECTIVES] = { 0 };
  gboolean feasible = search->problem->evaluate (worker->context, store_genes (store, point), objectives);
  hd_assert_invariant (objectives_are_sound (objectives, feasible ? store->n_objectives : 1), "an evaluation gave %g - objectives are finite and at least 0", objectives[0]);
  for (guint i = 0; i < store->n_objectives; i++)
    store->objectives[(gsize) point * store->n_objectives + i] = objectives[i];
  store->state[point] = feasible ? FEASIBLE : INFEASIBLE;
}

static void
work (Worker *worker)
{
  Threads *self = worker->threads;
  const volatile gint *cancel = self->search->options->cancel;
  while (cancel == NULL || *cancel == 0) {
    gint point = g_atomic_int_add (&self->next, 1);
    if (point >= self->to)
      return;
    evaluate_point (worker, (guint32) point);
  }
}

static gpointer
worker_main (gpointer data)
{
  Worker *worker = data;
  Threads *self = worker->threads;
  guint seen = 0;
  g_mutex_lock (&self->lock);
  while (TRUE) {
    while (self->batch == seen && !self->quit)
      g_cond_wait (&self->begin, &self->lock);
    if (self->quit)
      break;
    seen = self->batch;
    g_mutex_unlock (&self->lock);
    work (worker);
    g_mutex_lock (&self->lock);
    if (--self->n_working == 0)
      g_cond_signal (&self->done);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

void
_hd_threads_evaluate (Threads *self, guint from, guint to)
{
  self->next = (gint) from;
  self->to = (gint) to;
  /* One point is not worth waking anyone. */
  gboolean share = self->n > 1 && to - from > 1;
  if (share) {
    g_mutex_lock (&self->lock);
    self->batch++;
    self->n_working = self->n - 1;
    g_cond_broadcast (&self->begin);
    g_mutex_unlock (&self->lock);
  }
  work (&self->worker[0]);
  if (!share)
    return;
  g_mutex_lock (&self->lock);
  while (self->n_working > 0)
    g_cond_wait (&self->done, &self->lock);
  g_mutex_unlock (&self->lock);
}

Threads *
_hd_threads_new (Search *search, guint n, GError **error)
{
  const HdSearchProblem *problem = search->problem;
  Threads *self = g_new0 (Threads, 1);
  self->search = search;
  self->worker = g_new0 (Worker, n);
  g_mutex_init (&self->lock);
  g_cond_init (&self->begin);
  g_cond_init (&self->done);
  for (; self->n < n; self->n++) {
    Worker *worker = &self->worker[self->n];
    worker->threads = self;
    worker->context = problem->context_new != NULL ? problem->context_new (problem->data, error) : problem->data;
    if (problem->context_new != NULL && worker->context == NULL) {
      _hd_threads_free (self);
      return NULL;
    }
  }
  for (guint i = 1; i < n; i++)
    self->worker[i].thread = g_thread_new ("search", worker_main, &self->worker[i]);
  return self;
}

void
_hd_threads_free (Threads *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  g_cond_broadcast (&self->begin);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->n; i++) {
    if (self->worker[i].thread != NULL)
      g_thread_join (self->worker[i].thread);
    if (self->search->problem->context_new != NULL && self->search->problem->context_free != NULL)
      self->search->problem->context_free (self->worker[i].context);
  }
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->begin);
  g_cond_clear (&self->done);
  g_free (self->worker);
  g_free (self);
}
