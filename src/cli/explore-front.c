/* From what a search found to what is told: each mapping of its front is scheduled and run just as `heddle run` would, so that the numbers printed are those that a user gets
 * from the mapping written. A search may judge by quicker schedules; so what is dominated after this is dropped. */
#include "config.h"
#include "cli/explore.h"

#include <heddle/engine.h>

#include <string.h>

/* More members of a front than this are thinned out before they are run again: those with the least of an objective or product stay, the others evenly. */
enum { MOST_MEMBERS = 400 };
/* So many more for each objective, and for the product of all. */
enum { NEAR = 8 };
/* What is run again comes so near to the best of the objective or product: far more than what drafts are off. */
#define REACH 1.25

void
cli_candidate_clear (CliCandidate *self)
{
  g_clear_pointer (&self->mapping, hd_mapping_unref);
  g_clear_pointer (&self->choice, g_free);
  g_clear_pointer (&self->path, g_free);
}

/* --- in words --------------------------------------------------------------------------------------------- */

static void
count_splits (const HdMapping *mapping, GString *out)
{
  const HdWorkload *workload = mapping->workload;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GArray) counts = g_array_new (FALSE, TRUE, sizeof (guint));
  for (HdLayerId l = 0; l < workload->n_layers; l++) {
    const HdMappingLayer *layer = &mapping->layer[l];
    const char *name = layer->split >= 0 ? workload->layers[l].rank[layer->split].name : "in turn";
    guint i = 0;
    if (layer->n_cores < 2)
      continue;
    while (i < names->len && !g_str_equal (names->pdata[i], name))
      i++;
    if (i == names->len) {
      g_ptr_array_add (names, (gpointer) name);
      g_array_set_size (counts, i + 1);
    }
    g_array_index (counts, guint, i)++;
  }
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (out, "%s%u %s%s", i == 0 ? "; split: " : ", ", g_array_index (counts, guint, i), g_str_equal (names->pdata[i], "in turn") ? "" : "by ", (char *) names->pdata[i]);
}

static char *
describe (const HdMapping *mapping)
{
  g_autofree gboolean *used = g_new0 (gboolean, mapping->platform->n_cores + 1);
  guint n_used = 0, longest = 1;
  for (HdLayerId l = 0; l < mapping->workload->n_layers; l++)
    for (guint i = 0; i < mapping->layer[l].n_cores; i++) {
      n_used += !used[mapping->layer[l].cores[i]];
      used[mapping->layer[l].cores[i]] = TRUE;
    }
  for (guint s = 0; s < mapping->n_stacks; s++)
    longest = MAX (longest, mapping->stack[s].n_layers);
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%u stack%s, the longest of %u; %u core%s", mapping->n_stacks, mapping->n_stacks == 1 ? "" : "s", longest, n_used, n_used == 1 ? "" : "s");
  count_splits (mapping, out);
  return g_string_free (out, FALSE);
}

/* --- as `heddle run` has it ----------------------------------------------------------------------------------- */

/* The mapping of the option -m: with the loops that it prescribes, which a genome does not know. */
static gboolean
run_given (CliInputs *inputs, CliCandidate *candidate, GError **error)
{
  HdResult result;
  g_autoptr (HdSchedule) schedule = cli_inputs_schedule (inputs, error);
  g_autoptr (HdEngine) engine = schedule != NULL ? hd_engine_new (inputs->platform, schedule, error) : NULL;
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, error))
    return FALSE;
  if (result.deadlock) {
    g_set_error_literal (error, HD_ERROR, HD_ERROR_NEGATIVE, result.deadlock_text);
    return FALSE;
  }
  hd_explore_take_score (inputs->platform, schedule, &result, &candidate->score);
  candidate->point = HD_NONE;
  candidate->mapping = hd_mapping_ref (inputs->mapping);
  candidate->choice = describe (inputs->mapping);
  return TRUE;
}

/* --- the front ----------------------------------------------------------------------------------------------- */

static void
objectives_of (const CliExplore *self, const CliCandidate *candidate, double *objectives)
{
  for (guint i = 0; i < self->n_metrics; i++)
    objectives[i] = candidate->score.value[self->metric[i]];
}

static int
by_objectives (gconstpointer a, gconstpointer b, gpointer data)
{
  const CliExplore *self = data;
  for (guint i = 0; i < self->n_metrics; i++) {
    double x = ((const CliCandidate *) a)->score.value[self->metric[i]], y = ((const CliCandidate *) b)->score.value[self->metric[i]];
    if (x != y)
      return x < y ? -1 : 1;
  }
  guint32 p = ((const CliCandidate *) a)->point, q = ((const CliCandidate *) b)->point;
  return p < q ? -1 : p > q;
}

static gboolean
is_dominated (const CliExplore *self, guint i)
{
  double mine[HD_N_METRICS], others[HD_N_METRICS];
  objectives_of (self, &g_array_index (self->front, CliCandidate, i), mine);
  for (guint j = 0; j < self->front->len; j++) {
    objectives_of (self, &g_array_index (self->front, CliCandidate, j), others);
    if (hd_search_dominates (others, mine, self->n_metrics) || (j < i && memcmp (others, mine, self->n_metrics * sizeof *mine) == 0))
      return TRUE;
  }
  return FALSE;
}

/* The least product of the objectives; as logarithms, against overflow. */
static guint
find_best (const CliExplore *self)
{
  guint best = 0;
  for (guint i = 1; i < self->front->len; i++) {
    double ratio = 1;
    for (guint k = 0; k < self->n_metrics; k++) {
      double mine = g_array_index (self->front, CliCandidate, i).score.value[self->metric[k]], least = g_array_index (self->front, CliCandidate, best).score.value[self->metric[k]];
      ratio *= mine / MAX (least, G_MINDOUBLE);
    }
    if (ratio < 1)
      best = i;
  }
  return best;
}

static void
drop_dominated (CliExplore *self)
{
  g_autofree gboolean *drop = g_new0 (gboolean, self->front->len + 1);
  g_array_sort_with_data (self->front, by_objectives, self);
  for (guint i = 0; i < self->front->len; i++)
    drop[i] = is_dominated (self, i);
  for (guint i = self->front->len; i-- > 0;)
    if (drop[i])
      g_array_remove_index (self->front, i);
  self->best = find_best (self);
}

/* --- who is run again ---------------------------------------------------------------------------------------- */

/* Of many members, which. */
static gboolean
is_chosen (const HdSearchResult *result, guint i)
{
  return result->n_front <= MOST_MEMBERS || i == 0 || i * MOST_MEMBERS / result->n_front != (i - 1) * MOST_MEMBERS / result->n_front;
}

/* One objective of a point, or (-1) the product of all, in parts of the @best one's, so that it does not overflow. */
static double
goal_of (const HdSearchResult *result, guint32 point, int objective, const double *best)
{
  const double *mine = result->objectives + (gsize) point * result->n_objectives;
  double product = 1;
  if (objective >= 0)
    return mine[objective];
  for (guint k = 0; k < result->n_objectives; k++)
    product *= mine[k] / MAX (best[k], G_MINDOUBLE);
  return product;
}

/* Points that are run again. Points that differ in the order of the nodes alone have one mapping, which is run once: it is scheduled in all orders. */
typedef struct {
  const CliExplore *self;
  const CliPart *part;
  guint8 *seen;              /* by point: chosen, or the twin of one that is */
  GArray *point;             /* of guint32: the chosen ones */
  GHashTable *mappings;      /* of GBytes: their genomes */
} Choice;

static gboolean
choose_point (Choice *choice, guint32 point)
{
  const CliExplore *self = choice->self;
  gsize size = hd_explore_space_problem (self->space)->n_genes * sizeof (guint16);
  if (choice->seen[point])
    return FALSE;
  g_autofree guint16 *genes = g_malloc (size + 1);
  cli_part_expand (choice->part, self->result->genes + (gsize) point * self->result->n_genes, genes);
  hd_explore_space_forget_order (self->space, genes);
  choice->seen[point] = TRUE;
  if (!g_hash_table_add (choice->mappings, g_bytes_new (genes, size)))
    return FALSE;
  g_array_append_val (choice->point, point);
  return TRUE;
}

/* The point that comes nearest to the goal, of those not seen yet and in reach; HD_NONE: there is none. */
static guint32
nearest_point (const Choice *choice, int objective)
{
  const HdSearchResult *result = choice->self->result;
  const double *best = result->objectives + (gsize) hd_search_best (result, -1) * result->n_objectives;
  guint32 nearest = HD_NONE;
  double least = REACH * goal_of (result, hd_search_best (result, objective), objective, best);
  for (guint32 point = 0; point < result->n_points; point++) {
    if (!result->feasible[point] || choice->seen[point])
      continue;
    double goal = goal_of (result, point, objective, best);
    if (goal < least) {
      nearest = point;
      least = goal;
    }
  }
  return nearest;
}

/* Better schedules may change who is first. */
static void
choose_near (Choice *choice, int objective)
{
  guint n = 0;
  for (guint32 point; n < NEAR && (point = nearest_point (choice, objective)) != HD_NONE;)
    n += choose_point (choice, point);
}

static gboolean
is_in_reach (const HdSearchResult *result, guint32 point)
{
  const double *best = result->objectives + (gsize) hd_search_best (result, -1) * result->n_objectives;
  for (int k = -1; k < (int) result->n_objectives; k++)
    if (goal_of (result, point, k, best) <= REACH * goal_of (result, hd_search_best (result, k), k, best))
      return TRUE;
  return FALSE;
}

/* The front, what comes near its ends and its middle, and the better ones of what the search began with; all, where they are few and were all there are. Interrupted: the front alone. */
static void
choose (Choice *choice)
{
  const HdSearchResult *result = choice->self->result;
  guint n_starts = choice->self->starts->len / MAX (hd_explore_space_problem (choice->self->space)->n_genes, 1);
  for (guint i = 0; i < result->n_front; i++)
    if (is_chosen (result, i))
      choose_point (choice, result->front[i]);
  for (int k = -1; k < (int) result->n_objectives && result->n_front > 0; k++)
    choose_point (choice, hd_search_best (result, k));
  if (result->n_front == 0 || result->end == HD_SEARCH_END_CANCELLED)
    return;
  for (guint32 point = 0; point < result->n_points; point++)
    if (result->feasible[point] && (choice->self->exact || (point < n_starts && is_in_reach (result, point))))
      choose_point (choice, point);
  for (int k = -1; k < (int) result->n_objectives; k++)
    choose_near (choice, k);
}

/* --- on all threads ------------------------------------------------------------------------------------------ */

typedef struct {
  CliExplore *self;
  const CliPart *part;
  GArray *front;             /* of CliCandidate; those that failed have no mapping */
  GError **error;            /* by member */
  gint next;                 /* atomic */
} Work;

static void
run_member (const Work *work, CliCandidate *candidate, GError **error)
{
  const CliExplore *self = work->self;
  g_autofree guint16 *genes = g_new (guint16, hd_explore_space_problem (self->space)->n_genes + 1);
  cli_part_expand (work->part, self->result->genes + (gsize) candidate->point * self->result->n_genes, genes);
  candidate->mapping = hd_explore_space_mapping (self->space, genes, error);
  if (candidate->mapping != NULL && !hd_explore_score (self->space, candidate->mapping, FALSE, &candidate->score, error))
    g_clear_pointer (&candidate->mapping, hd_mapping_unref);
  if (candidate->mapping != NULL)
    candidate->choice = describe (candidate->mapping);
}

static gpointer
run_members (gpointer data)
{
  Work *work = data;
  for (gint i; (i = g_atomic_int_add (&work->next, 1)) < (gint) work->front->len;)
    run_member (work, &g_array_index (work->front, CliCandidate, i), &work->error[i]);
  return NULL;
}

static void
run_all (Work *work)
{
  GThread *threads[HD_SEARCH_MAX_THREADS];
  guint n = work->self->threads > 0 ? (guint) work->self->threads : g_get_num_processors ();
  n = MIN (MIN (n, HD_SEARCH_MAX_THREADS), work->front->len);
  for (guint i = 1; i < n; i++)
    threads[i] = g_thread_new ("run", run_members, work);
  run_members (work);
  for (guint i = 1; i < n; i++)
    g_thread_join (threads[i]);
}

/* Drops those that failed; the first of their errors stays. */
static GError *
drop_failed (Work *work)
{
  GError *first = NULL;
  for (guint i = 0; i < work->front->len; i++)
    if (work->error[i] != NULL && first == NULL)
      first = work->error[i];
    else
      g_clear_error (&work->error[i]);
  for (guint i = work->front->len; i-- > 0;)
    if (g_array_index (work->front, CliCandidate, i).mapping == NULL)
      g_array_remove_index (work->front, i);
  return first;
}

static void
choose_points (CliExplore *self, const CliPart *part)
{
  Choice choice = {
    self, part, g_new0 (guint8, (gsize) self->result->n_points + 1), g_array_new (FALSE, FALSE, sizeof (guint32)), g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL),
  };
  choose (&choice);
  for (guint i = 0; i < choice.point->len; i++) {
    CliCandidate candidate = { .point = g_array_index (choice.point, guint32, i) };
    g_array_append_val (self->front, candidate);
  }
  g_free (choice.seen);
  g_array_unref (choice.point);
  g_hash_table_unref (choice.mappings);
}

gboolean
cli_explore_take_front (CliExplore *self, const CliPart *part, GError **error)
{
  self->exact = self->result->end == HD_SEARCH_END_WHOLE && self->result->n_points <= MOST_MEMBERS;
  self->front = g_array_new (FALSE, TRUE, sizeof (CliCandidate));
  g_array_set_clear_func (self->front, (GDestroyNotify) cli_candidate_clear);
  if (self->inputs.mapping_path != NULL)
    run_given (&self->inputs, &self->given, &self->given_error);
  choose_points (self, part);
  g_autofree GError **errors = g_new0 (GError *, self->front->len + 1);
  Work work = { .self = self, .part = part, .front = self->front, .error = errors };
  run_all (&work);
  g_autoptr (GError) failure = drop_failed (&work);
  if (self->front->len > 0) {
    drop_dominated (self);
    return TRUE;
  }
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
