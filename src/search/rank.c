/* Non-dominated sorting and crowding distance, as NSGA-II needs them (Deb, Pratap, Agarwal, Meyarivan, 2002).
 *
 * The sorting is the efficient one of Zhang, Tian, Cheng and Jin (2015): once the points are in lexicographic order none is dominated by a later one, so that each
 * belongs to the first front none of whose members dominates it. Infeasible points follow, by their violation (constrained domination).
 */
#include "config.h"
#include "search/private.h"

#include <math.h>

static int
compare_points (const Store *store, guint32 p, guint32 q)
{
  if (store->state[p] != store->state[q])
    return store->state[p] == FEASIBLE ? -1 : 1;
  const double *x = store_objectives (store, p), *y = store_objectives (store, q);
  guint n = store->state[p] == FEASIBLE ? store->n_objectives : 1;
  for (guint i = 0; i < n; i++)
    if (x[i] != y[i])
      return x[i] < y[i] ? -1 : 1;
  return 0;
}

static int
lexicographic (gconstpointer a, gconstpointer b, gpointer store)
{
  const Ranked *p = a, *q = b;
  int order = compare_points (store, p->point, q->point);
  return order != 0 ? order : p->point < q->point ? -1 : p->point > q->point;
}

/* Whether a member of the front dominates @point. @last: the front's latest member; @before: the member before each. */
static gboolean
front_dominates (const Store *store, const Ranked *points, const guint *before, guint last, guint32 point)
{
  for (guint i = last; i != SEARCH_NONE; i = before[i])
    if (hd_search_dominates (store_objectives (store, points[i].point), store_objectives (store, point), store->n_objectives))
      return TRUE;
  return FALSE;
}

static void
assign_ranks (const Store *store, Ranked *points, guint n)
{
  g_autofree guint *last = g_new (guint, n + 1), *before = g_new (guint, n + 1);
  guint n_fronts = 0;
  for (guint i = 0; i < n; i++) {
    guint rank = 0;
    if (store->state[points[i].point] == FEASIBLE)
      while (rank < n_fronts && front_dominates (store, points, before, last[rank], points[i].point))
        rank++;
    else
      rank = i > 0 && compare_points (store, points[i - 1].point, points[i].point) == 0 ? n_fronts - 1 : n_fronts;
    before[i] = rank < n_fronts ? last[rank] : SEARCH_NONE;
    last[rank] = i;
    n_fronts = MAX (n_fronts, rank + 1);
    points[i].rank = rank;
  }
}

typedef struct {
  const Store *store;
  guint objective;
} Axis;

static int
along_axis (gconstpointer a, gconstpointer b, gpointer data)
{
  const Ranked *p = *(Ranked *const *) a, *q = *(Ranked *const *) b;
  const Axis *axis = data;
  double x = store_objectives (axis->store, p->point)[axis->objective], y = store_objectives (axis->store, q->point)[axis->objective];
  return x < y ? -1 : x > y ? 1 : p->point < q->point ? -1 : p->point > q->point;
}

/* @member: different from each other in some objective. */
static void
crowd (const Store *store, Ranked **member, guint n)
{
  for (guint k = 0; k < store->n_objectives; k++) {
    Axis axis = { store, k };
    g_qsort_with_data (member, (gint) n, sizeof *member, along_axis, &axis);
    double first = store_objectives (store, member[0]->point)[k], range = store_objectives (store, member[n - 1]->point)[k] - first;
    member[0]->crowding = member[n - 1]->crowding = INFINITY;
    for (guint i = 1; i + 1 < n && range > 0; i++)
      member[i]->crowding += (store_objectives (store, member[i + 1]->point)[k] - store_objectives (store, member[i - 1]->point)[k]) / range;
  }
}

static int
by_rank_alone (gconstpointer a, gconstpointer b, gpointer unused)
{
  const Ranked *p = a, *q = b;
  (void) unused;
  return p->rank < q->rank ? -1 : p->rank > q->rank;
}

static int
by_rank (gconstpointer a, gconstpointer b, gpointer unused)
{
  const Ranked *p = a, *q = b;
  (void) unused;
  if (p->rank != q->rank)
    return p->rank < q->rank ? -1 : 1;
  if (p->crowding != q->crowding)
    return p->crowding > q->crowding ? -1 : 1;
  return p->point < q->point ? -1 : p->point > q->point;
}

/* Points of one rank stand in lexicographic order: equal ones beside each other. */
static void
crowd_ranks (const Store *store, Ranked *points, guint n)
{
  g_autofree Ranked **member = g_new (Ranked *, n + 1);
  for (guint begin = 0, end; begin < n; begin = end) {
    guint n_members = 0;
    for (end = begin; end < n && points[end].rank == points[begin].rank; end++)
      if (end == begin || compare_points (store, points[end - 1].point, points[end].point) != 0)
        member[n_members++] = &points[end];
    if (store->state[points[begin].point] == FEASIBLE)
      crowd (store, member, n_members);
  }
}

void
_hd_rank (const Store *store, Ranked *points, guint n)
{
  if (n == 0)
    return;
  g_qsort_with_data (points, (gint) n, sizeof *points, lexicographic, (gpointer) store);
  for (guint i = 0; i < n; i++)
    points[i].crowding = 0;
  assign_ranks (store, points, n);
  /* Stable: equal points stay beside each other. */
  g_qsort_with_data (points, (gint) n, sizeof *points, by_rank_alone, NULL);
  crowd_ranks (store, points, n);
  g_qsort_with_data (points, (gint) n, sizeof *points, by_rank, NULL);
}
