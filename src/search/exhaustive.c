/* Every genome, in the order of an odometer whose last gene turns fastest. */
#include "config.h"
#include "search/private.h"

enum { BATCH = 256 };

guint64
hd_search_size (const HdSearchProblem *problem)
{
  guint64 size = 1;
  for (guint i = 0; i < problem->n_genes; i++)
    if (!g_uint64_checked_mul (&size, size, problem->n_values[i]))
      return G_MAXUINT64;
  return size;
}

/* FALSE after the last genome. */
static gboolean
turn (const HdSearchProblem *problem, guint16 *genes)
{
  for (guint i = problem->n_genes; i-- > 0;) {
    if (++genes[i] < problem->n_values[i])
      return TRUE;
    genes[i] = 0;
  }
  return FALSE;
}

void
_hd_search_exhaustive (Search *self)
{
  g_autofree guint16 *genes = g_new0 (guint16, self->problem->n_genes + 1);
  do {
    self->idle = 0;
    if (_hd_search_ask (self, genes) == SEARCH_NONE)
      break;
    if (self->store.n - self->n_evaluated >= BATCH && !_hd_search_evaluate (self))
      return;
  } while (turn (self->problem, genes));
  if (!_hd_search_evaluate (self))
    return;
  self->ended = TRUE;
  self->end = HD_SEARCH_END_WHOLE;
}
