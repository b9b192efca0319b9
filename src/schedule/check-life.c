/* A piece is not used after it may have gone.
 *
 * A piece with a release list goes when its maker and all in the list have ended. So each of its users must be in the list, or must have ended
 * before one of the list is issued. That is a question of reachability: from the user over a dependency (or over the order of a queue with
 * outstanding 1, where the next waits for the end), and from there over anything that orders issues. The search is bounded; where it is given up nothing is reported,
 * and the check of a run's times decides.
 */
#include "config.h"
#include "schedule/check.h"

/* Steps of one search, and of all of them [1]. */
#define STEPS_PER_SEARCH 100000u
#define STEPS_IN_ALL 50000000u

typedef struct {
  const HdCheck *check;
  guint32 *seen;         /* by task: the last search that came by */
  guint32 search;
  GArray *open;          /* of HdTaskId */
  guint64 steps;         /* of all searches */
  guint32 last_rank;     /* nobody behind it is of interest */
} Search;

static void
visit (Search *search, HdTaskId task)
{
  if (search->seen[task] == search->search || search->check->rank[task] > search->last_rank)
    return;
  search->seen[task] = search->search;
  g_array_append_val (search->open, task);
}

/* Those that are issued after @task has ended. */
static void
visit_after_end (Search *search, HdTaskId task)
{
  const HdCheck *check = search->check;
  HdTaskId behind = _hd_check_queue_next (check, task);
  for (guint64 i = check->next_begin[task]; i < check->next_begin[task + 1]; i++)
    visit (search, check->next[i]);
  if (behind != HD_NONE && check->s->queue[check->s->queue_of[task]].outstanding == 1)
    visit (search, behind);
}

static gboolean
contains (const HdTaskId *row, guint64 n, HdTaskId task)
{
  while (n > 0) {
    guint64 half = n / 2;
    if (row[half] == task)
      return TRUE;
    if (row[half] < task) {
      row += half + 1;
      n -= half + 1;
    } else
      n = half;
  }
  return FALSE;
}

/* Whether @user has certainly ended when all of @release have; also TRUE when it is not found out. */
static gboolean
ends_before (Search *search, HdTaskId user, const HdTaskId *release, guint64 n)
{
  const HdCheck *check = search->check;
  if (contains (release, n, user))
    return TRUE;
  search->search++;
  search->last_rank = 0;
  for (guint64 i = 0; i < n; i++)
    search->last_rank = MAX (search->last_rank, check->rank[release[i]]);
  g_array_set_size (search->open, 0);
  visit_after_end (search, user);
  for (guint i = 0; i < search->open->len; i++) {
    HdTaskId task = g_array_index (search->open, HdTaskId, i);
    if (contains (release, n, task) || i > STEPS_PER_SEARCH || search->steps++ > STEPS_IN_ALL)
      return TRUE;
    HdTaskId behind = _hd_check_queue_next (check, task);
    for (guint64 k = check->next_begin[task]; k < check->next_begin[task + 1]; k++)
      visit (search, check->next[k]);
    if (behind != HD_NONE)
      visit (search, behind);
  }
  return FALSE;
}

void
_hd_check_life (HdCheck *check)
{
  const HdSchedule *s = check->s;
  guint64 before = check->faults->n;
  if (!check->acyclic)
    return;
  g_autofree guint32 *seen = g_new0 (guint32, MAX (1, s->n_tasks));
  Search search = { .check = check, .seen = seen, .open = g_array_new (FALSE, FALSE, sizeof (HdTaskId)) };
  for (HdPieceId p = 0; p < s->n_pieces; p++) {
    const HdTaskId *release = s->release + s->release_begin[p];
    guint64 n = s->release_begin[p + 1] - s->release_begin[p];
    for (guint64 i = check->user_begin[p]; n > 0 && i < check->user_begin[p + 1]; i++)
      if (!ends_before (&search, check->user[i], release, n))
        HD_VIOLATION (check, "%s uses %s, which may have gone before: it is released after %s, which does not wait for that use", _hd_check_task_name (check, check->user[i]),
                      _hd_check_piece_name (check, p), _hd_check_task_name (check, release[n - 1]));
  }
  g_array_unref (search.open);
  check->lives_are_sound = check->faults->n == before;
}
