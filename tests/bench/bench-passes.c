/* Pass and engine: nodes per second, and what a small allocation costs a search. CPU time; costs are cached before the clock starts; each case in a process of its own, for its memory.
 *
 * The three validation cases, ResNet-18 row by row on 64 cores, and ResNet-18 in some 180 nodes as a search evaluates it: tiled, planned once, run.
 */
#include <heddle/engine.h>
#include <heddle/passes.h>

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15

typedef struct {
  const char *name;
  const char *platform, *workload, *mapping;   /* mapping: a file, or a number: rows, each convolution on so many cores */
  HdPriority priority;
  const char *wanted;                          /* of pass and engine */
} Case;

static const Case CASES[] = {
  { "DepFiN, FSRCNN", "depfin", "fsrcnn", "fsrcnn-depfin", HD_PRIORITY_STACK, " (less than 10 is wanted)" },
  { "4x4 in-memory array, ResNet-50 segment", "aimc-4x4", "resnet50-segment", "resnet50-segment-aimc-4x4", HD_PRIORITY_STACK, " (less than 10 is wanted)" },
  { "DIANA, ResNet-18 segment", "diana", "resnet18-segment", "resnet18-segment-diana", HD_PRIORITY_STACK, " (less than 10 is wanted)" },
  { "ResNet-18, rows, 64 cores, layer on 16", "explore-64-homogeneous", "resnet18", "16", HD_PRIORITY_STACK, " (500,000 nodes/s are wanted)" },
  { "ResNet-18, rows, 64 cores, layer on 64", "explore-64-homogeneous", "resnet18", "64", HD_PRIORITY_STACK, " (500,000 nodes/s are wanted)" },
  { "ResNet-18, quad, as a search does", "tpu-like-quad", "resnet18", "resnet18-tpu-like-quad", HD_PRIORITY_LATENCY, "" },
};

static double
cpu_seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static char *
file_of (const char *folder, const char *name, const char *end)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".";
  return g_strdup_printf ("%s/%s/%s%s", source, folder, name, end);
}

/* Rows; the channels of convolutions over so many of the cores that take them, in turn, that the weights fit. */
static char *
rows_mapping (const HdPlatform *platform, const HdWorkload *workload, guint n_cores)
{
  guint turn = 0;
  g_autoptr (HdCostModel) model = hd_cost_model_new (platform, workload, NULL);
  GString *text = g_string_new ("<mapping version=\"1\"><stack layers=\"conv1 ... avgpool\"><cut rank=\"OY\" size=\"1\"/></stack>");
  for (HdLayerId l = 0; l < workload->n_layers; l++) {
    const char *split = g_str_equal (workload->layers[l].operator_type, "Gemm") ? " split=\"N\"" : g_str_equal (workload->layers[l].operator_type, "Conv") ? " split=\"K\"" : "";
    g_string_append_printf (text, "<layer id=\"%s\"%s cores=\"", workload->layers[l].name, split);
    for (guint taken = 0, tried = 0; taken < (split[0] != '\0' ? n_cores : 1) && tried < platform->n_cores; tried++, turn++)
      if (hd_cost_core_takes (model, turn % platform->n_cores, l)) {
        g_string_append_printf (text, "%s ", platform->core[turn % platform->n_cores].id);
        taken++;
      }
    g_string_append (text, "\"/>");
  }
  g_string_append (text, "</mapping>");
  return g_string_free (text, FALSE);
}

static HdMapping *
load_mapping (const Case *c, HdWorkload *workload, HdPlatform *platform, GError **error)
{
  guint64 n_cores;
  if (g_ascii_string_to_unsigned (c->mapping, 10, 1, 1000, &n_cores, NULL)) {
    g_autofree char *text = rows_mapping (platform, workload, (guint) n_cores);
    return hd_mapping_parse_xml (text, strlen (text), "rows", workload, platform, error);
  }
  g_autofree char *path = file_of ("workloads", c->mapping, ".mapping.xml");
  return hd_mapping_load (path, workload, platform, error);
}

/* One evaluation; adds what each stage took [s]. */
static HdTiling *
evaluate (HdMapping *mapping, HdCostModel *cost, const HdPassOptions *options, double *stage, guint32 *tasks, HdResult *result)
{
  GError *error = NULL;
  double begin = cpu_seconds (), now;
  HdTiling *tiling = hd_tiling_new (mapping, &error);
  stage[0] = (now = cpu_seconds ()) - begin;
  g_autoptr (HdSchedule) schedule = tiling != NULL ? hd_pass_run ("multi-core", tiling, cost, options, &error) : NULL;
  begin = cpu_seconds ();
  stage[1] = begin - now;
  g_autoptr (HdEngine) engine = schedule != NULL ? hd_engine_new (mapping->platform, schedule, &error) : NULL;
  if (engine == NULL || !hd_engine_run (engine, NULL, result, &error))
    g_error ("%s", error->message);
  stage[2] = cpu_seconds () - begin;
  *tasks = schedule->n_tasks;
  return tiling;
}

static void
run_case (const Case *c)
{
  GError *error = NULL;
  g_autofree char *p = file_of ("platforms", c->platform, ".xml"), *w = file_of ("workloads", c->workload, ".xml");
  g_autoptr (HdPlatform) platform = hd_platform_load (p, &error);
  g_autoptr (HdWorkload) workload = platform != NULL ? hd_workload_load (w, NULL, &error) : NULL;
  g_autoptr (HdMapping) mapping = workload != NULL ? load_mapping (c, workload, platform, &error) : NULL;
  if (mapping == NULL)
    g_error ("%s", error->message);
  g_autoptr (HdCostModel) cost = hd_cost_model_new (platform, workload, NULL);
  HdPassOptions options = { .priority = c->priority, .draft = TRUE };
  double best[3] = { G_MAXDOUBLE, G_MAXDOUBLE, G_MAXDOUBLE };
  guint32 tasks = 0, nodes = 0;
  HdResult result;
  for (int round = 0; round < ROUNDS + 1; round++) {
    double stage[3];
    HdTiling *tiling = evaluate (mapping, cost, &options, stage, &tasks, &result);
    nodes = tiling->n_nodes;
    hd_tiling_unref (tiling);
    for (int i = 0; i < 3 && round > 0; i++)
      best[i] = MIN (best[i], stage[i]);
  }
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  double both = best[1] + best[2], all = both + best[0];
  printf ("%-40s %6u nodes %6u tasks: tiling %6.3f, pass %6.3f, engine %6.3f ms; pass and engine %7.3f ms%s, %8.0f nodes/s; %6.0f evaluations/s; %4.0f MB\n", c->name, nodes, tasks, best[0] * 1e3,
          best[1] * 1e3, best[2] * 1e3, both * 1e3, c->wanted, nodes / both, 1 / all, (double) usage.ru_maxrss / 1024);
  fflush (stdout);
}

int
main (void)
{
  /* As the program does. */
  mallopt (M_MMAP_THRESHOLD, 32 << 20);
  mallopt (M_TRIM_THRESHOLD, 256 << 20);
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    pid_t child = fork ();
    if (child == 0) {
      run_case (&CASES[i]);
      _exit (0);
    }
    waitpid (child, NULL, 0);
  }
  return 0;
}
