/* How many allocations of ResNet-18 a search judges in a second of one CPU, on the quad-core machine: as `heddle explore` searches (least product of energy and cycles), with costs that are not known yet, and
 * the same ones again; then for a mix of candidates, the space's own starts with one to four genes changed; and where the time goes. A search judges drafts (coarse bursts, costs of few loop factors); what
 * they leave in reach of the best is scheduled exactly afterwards, a few dozen mappings, timed apart. Seconds are CPU time of this process, one thread.
 *
 * usage: bench-explore [exact|simple] [CANDIDATES] */
#include <heddle/engine.h>
#include <heddle/explore.h>
#include <heddle/passes.h>
#include <heddle/random.h>
#include <heddle/search.h>
#include <heddle/tiling.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double
cpu_seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static guint16 *
make_candidates (const HdExploreSpace *space, guint n)
{
  const HdSearchProblem *problem = hd_explore_space_problem (space);
  guint n_starts;
  const guint16 *starts = hd_explore_space_starts (space, &n_starts);
  guint16 *all = g_new (guint16, (gsize) n * problem->n_genes);
  HdRandom random;
  hd_random_init (&random, 1);
  for (guint i = 0; i < n; i++) {
    guint16 *genes = all + (gsize) i * problem->n_genes;
    memcpy (genes, starts + (gsize) (i % n_starts) * problem->n_genes, problem->n_genes * sizeof *genes);
    for (guint64 k = 1 + hd_random_below (&random, 4); k > 0; k--) {
      guint gene = (guint) hd_random_below (&random, problem->n_genes);
      genes[gene] = (guint16) hd_random_below (&random, problem->n_values[gene]);
    }
    problem->repair (problem->data, genes);
  }
  return all;
}

static guint
draft_all (const HdExploreSpace *space, const guint16 *all, guint n, double *seconds)
{
  guint n_genes = hd_explore_space_problem (space)->n_genes, n_feasible = 0;
  double begin = cpu_seconds ();
  for (guint i = 0; i < n; i++) {
    HdExploreScore score;
    n_feasible += hd_explore_draft (space, all + (gsize) i * n_genes, &score, NULL);
  }
  *seconds = cpu_seconds () - begin;
  return n_feasible;
}

/* The steps of a plan one by one, on the space's platform. */
static void
measure_steps (HdExploreSpace *space, HdCostModel *cost, const char *what, const guint16 *all, guint n)
{
  guint n_genes = hd_explore_space_problem (space)->n_genes;
  double seconds[5] = { 0 };
  guint64 n_nodes = 0, n_tasks = 0, n_events = 0;
  HdPassOptions options = { .priority = HD_PRIORITY_LATENCY, .objective = HD_OBJECTIVE_EDP, .draft = TRUE };
  for (guint i = 0; i < n; i++) {
    HdResult result;
    double t[6];
    t[0] = cpu_seconds ();
    g_autoptr (HdMapping) mapping = hd_explore_space_mapping (space, all + (gsize) i * n_genes, NULL);
    t[1] = cpu_seconds ();
    g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, NULL);
    t[2] = cpu_seconds ();
    g_autoptr (HdSchedule) schedule = hd_pass_run ("multi-core", tiling, cost, &options, NULL);
    t[3] = cpu_seconds ();
    if (schedule == NULL)
      continue;
    g_autoptr (HdEngine) engine = hd_engine_new (mapping->platform, schedule, NULL);
    t[4] = cpu_seconds ();
    hd_engine_run (engine, NULL, &result, NULL);
    t[5] = cpu_seconds ();
    for (guint k = 0; k < 5; k++)
      seconds[k] += t[k + 1] - t[k];
    n_nodes += tiling->n_nodes;
    n_tasks += schedule->n_tasks;
    n_events += result.events;
  }
  double sum = seconds[0] + seconds[1] + seconds[2] + seconds[3] + seconds[4];
  g_print ("%s: mapping %.1f %%, tiling %.1f %%, pass %.1f %%, engine's making %.1f %%, engine's run %.1f %%; %.0f us, %.0f nodes, %.0f tasks, %.0f events each\n", what, 100 * seconds[0] / sum,
           100 * seconds[1] / sum, 100 * seconds[2] / sum, 100 * seconds[3] / sum, 100 * seconds[4] / sum, sum / n * 1e6, (double) n_nodes / n, (double) n_tasks / n, (double) n_events / n);
}

static void
steps_of (HdWorkload *workload, HdPlatform *platform, const HdCostOptions *options, const char *what, const guint16 *all, guint n)
{
  GError *error = NULL;
  HdExploreOptions plain = HD_EXPLORE_OPTIONS_DEFAULT;
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, &plain, &error);
  HdCostModel *cost = hd_cost_model_new (platform, workload, options);
  for (guint round = 0; round < 2; round++)
    measure_steps (space, cost, round == 0 ? "costs not known" : what, all, n);
  hd_cost_model_free (cost);
}

/* --- a whole search ----------------------------------------------------------------------------------------- */

static void
measure_search (HdExploreSpace *space, HdSearchMethod method, const char *name, guint n)
{
  GError *error = NULL;
  HdSearchOptions options = { .method = method, .evaluations = n, .seed = 1, .threads = 1 };
  options.starts = hd_explore_space_starts (space, &options.n_starts);
  double begin = cpu_seconds (), cold, warm, exact;
  g_autoptr (HdSearchResult) result = hd_search_run (hd_explore_space_problem (space), &options, &error);
  if (result == NULL)
    g_error ("%s", error->message);
  cold = cpu_seconds () - begin;
  draft_all (space, result->genes, result->n_points, &warm);
  begin = cpu_seconds ();
  HdExploreScore score;
  g_autoptr (HdMapping) best = hd_explore_space_mapping (space, result->genes + (gsize) hd_search_best (result, -1) * result->n_genes, NULL);
  hd_explore_score (space, best, FALSE, &score, NULL);
  exact = cpu_seconds () - begin;
  g_print ("a %s search of %u: %.0f drafts per CPU second with costs not known, %.0f with costs known (at least 1,000 are wanted); the best of them scheduled with all that the pass can do: %.0f ms, %.4g pJ * cycles\n", name,
           result->n_points, result->n_points / cold, result->n_points / warm, exact * 1e3, score.value[HD_METRIC_EDP]);
}

/* --- a search over allocations: which cores, and the rank split over them; stacks and tiles are those of a mapping --- */

typedef struct {
  const HdSearchProblem *whole;
  const guint16 *base;
  guint gene[1024];          /* of the whole, by gene of the part */
  guint16 n_values[1024];
} Allocations;

static gboolean
evaluate_allocation (gpointer data, const guint16 *part, double *objectives)
{
  const Allocations *self = data;
  g_autofree guint16 *genes = g_memdup2 (self->base, self->whole->n_genes * sizeof *genes);
  for (guint i = 0; i < self->whole->n_genes && self->gene[i] != G_MAXUINT; i++)
    genes[self->gene[i]] = part[i];
  self->whole->repair (self->whole->data, genes);
  return self->whole->evaluate (self->whole->data, genes, objectives);
}

static void
measure_allocations (HdWorkload *workload, HdPlatform *platform, const HdExploreOptions *options, guint n)
{
  GError *error = NULL;
  const char *source = g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".";
  g_autofree char *path = g_build_filename (source, "workloads", "resnet18-tpu-like-quad.mapping.xml", NULL);
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, options, &error);
  g_autoptr (HdMapping) mapping = hd_mapping_load (path, workload, platform, &error);
  if (mapping == NULL)
    g_error ("%s", error->message);
  const HdSearchProblem *whole = hd_explore_space_problem (space);
  g_autofree guint16 *base = g_new (guint16, whole->n_genes);
  hd_explore_space_genes (space, mapping, base);
  Allocations part = { .whole = whole, .base = base };
  HdSearchProblem problem = { .n_objectives = whole->n_objectives, .n_values = part.n_values, .data = &part, .evaluate = evaluate_allocation };
  for (guint i = 0; i < whole->n_genes && problem.n_genes < G_N_ELEMENTS (part.gene) - 1; i++) {
    g_autofree char *name = hd_explore_space_gene_name (space, i);
    if (!g_str_has_suffix (name, " cores"))
      continue;
    part.n_values[problem.n_genes] = whole->n_values[i];
    part.gene[problem.n_genes++] = i;
  }
  part.gene[problem.n_genes] = G_MAXUINT;
  HdSearchOptions search = { .method = HD_SEARCH_COMBINED, .evaluations = n, .seed = 1, .threads = 1 };
  double begin = cpu_seconds ();
  g_autoptr (HdSearchResult) result = hd_search_run (&problem, &search, &error);
  if (result == NULL)
    g_error ("%s", error->message);
  g_print ("a combined search of %u allocations, stacks and tiles given: %.0f drafts per CPU second with costs not known (at least 1,000 are wanted)\n", result->n_points, result->n_points / (cpu_seconds () - begin));
}

int
main (int argc, char **argv)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".";
  const char *rules = argc > 1 ? argv[1] : "exact";
  guint n = argc > 2 ? (guint) atoi (argv[2]) : 300;
  GError *error = NULL;
#ifdef __GLIBC__
  /* As the program does. */
  mallopt (M_MMAP_THRESHOLD, 32 << 20);
  mallopt (M_TRIM_THRESHOLD, 256 << 20);
#endif
  g_autofree char *platform_path = g_build_filename (source, "platforms", "tpu-like-quad.xml", NULL), *workload_path = g_build_filename (source, "workloads", "resnet18.xml", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, &error);
  g_autoptr (HdWorkload) workload = platform != NULL ? hd_workload_load (workload_path, NULL, &error) : NULL;
  if (workload == NULL)
    g_error ("%s", error->message);
  HdExploreOptions options = HD_EXPLORE_OPTIONS_DEFAULT;
  options.cost.rules = g_str_equal (rules, "simple") ? HD_RULES_SIMPLE : HD_RULES_EXACT;
  double begin = cpu_seconds (), cold, warm;
  g_autoptr (HdExploreSpace) space = hd_explore_space_new (workload, platform, &options, &error);
  if (space == NULL)
    g_error ("%s", error->message);
  g_print ("space: %.3f s CPU, %u genes\n", cpu_seconds () - begin, hd_explore_space_problem (space)->n_genes);
  g_autofree guint16 *all = make_candidates (space, n);
  guint n_feasible = draft_all (space, all, n, &cold);
  draft_all (space, all, n, &warm);
  g_print ("a mix of %u (%u feasible), %s rules: costs not known %.0f per CPU second, costs known %.0f\n", n, n_feasible, rules, n / cold, n / warm);
  steps_of (workload, platform, &options.cost, "on the platform as it is", all, MIN (n, 100));
  HdCostOptions draft_cost = options.cost;
  draft_cost.factor_limit = 4;
  g_autoptr (HdPlatform) coarse = hd_platform_load (platform_path, &error);
  coarse->burst_bits = options.draft_burst_bits;
  steps_of (workload, coarse, &draft_cost, "as drafts", all, MIN (n, 100));
  options.n_metrics = 1;
  options.metric[0] = HD_METRIC_EDP;
  options.cost.objective = HD_OBJECTIVE_EDP;
  for (guint k = 0; k < 2; k++) {
    g_autoptr (HdExploreSpace) fresh = hd_explore_space_new (workload, platform, &options, &error);
    measure_search (fresh, k == 0 ? HD_SEARCH_COMBINED : HD_SEARCH_LOCAL, k == 0 ? "combined" : "local", 2 * n);
  }
  measure_allocations (workload, platform, &options, 4 * n);
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  g_print ("memory: %.0f MiB at most\n", (double) usage.ru_maxrss / 1024);
  return 0;
}
