/* Nodes per second with their dependencies, and bytes per node; up to 10 million nodes. */
#include <heddle/tiling.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  const char *name;
  const char *workload;      /* file in workloads/, or XML */
  const char *mapping;
} Case;

#define NET "<workload version=\"1\" name=\"net\"><tensor id=\"in\" kind=\"input\" shape=\"1 1 1120 1120\"/>"
#define CHAIN NET                                                                                                                     \
  "<layer id=\"a\" operator=\"Conv\" inputs=\"in\" channels=\"8\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>"                             \
  "<layer id=\"b\" operator=\"Conv\" inputs=\"a\" channels=\"8\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>"                              \
  "<layer id=\"c\" operator=\"Conv\" inputs=\"b\" channels=\"8\" kernel_shape=\"1 1\"/>"                                              \
  "<layer id=\"d\" operator=\"Conv\" inputs=\"c\" channels=\"8\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>"                              \
  "<layer id=\"e\" operator=\"Conv\" inputs=\"d\" channels=\"8\" kernel_shape=\"1 1\"/>"                                              \
  "<layer id=\"f\" operator=\"Add\" inputs=\"e b\"/>"                                                                               \
  "<layer id=\"g\" operator=\"Relu\" inputs=\"f\"/>"                                                                                \
  "<layer id=\"h\" operator=\"Conv\" inputs=\"g\" channels=\"8\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/></workload>"

static const Case CASES[] = {
  { "FSRCNN, rows", "fsrcnn.xml", "<mapping version=\"1\"><stack layers=\"*\"><tile OY=\"1\"/><cut rank=\"OY\" size=\"1\"/></stack></mapping>" },
  { "FSRCNN, 4x4, retained", "fsrcnn.xml", "<mapping version=\"1\"><stack layers=\"*\"><tile OY=\"4\" OX=\"4\"/></stack></mapping>" },
  { "FSRCNN, 4x4, recomputed", "fsrcnn.xml", "<mapping version=\"1\"><stack layers=\"*\" mode=\"recompute\"><tile OY=\"4\" OX=\"4\"/></stack></mapping>" },
  { "FSRCNN, 4x4, channels cut", "fsrcnn.xml", "<mapping version=\"1\"><stack layers=\"*\"><tile OY=\"4\" OX=\"4\"/><cut rank=\"K\" size=\"8\"/></stack></mapping>" },
  { "FSRCNN, partial sums", "fsrcnn.xml", "<mapping version=\"1\"><stack layers=\"*\"><tile OY=\"4\" OX=\"8\"/><cut rank=\"C\" size=\"4\"/></stack></mapping>" },
  { "10 million, pixels", CHAIN, "<mapping version=\"1\"><stack layers=\"*\"><tile OY=\"1\" OX=\"1\"/></stack></mapping>" },
};

static double
cpu_seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static guint64
resident_bytes (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (guint64) usage.ru_maxrss * 1024;
}

static HdWorkload *
load (const char *what, GError **error)
{
  if (*what == '<')
    return hd_workload_parse_xml (what, strlen (what), "net", error);
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR") != NULL ? g_getenv ("HEDDLE_SRCDIR") : ".", "workloads", what, NULL);
  return hd_workload_load (path, NULL, error);
}

static gboolean
run (const Case *c, HdPlatform *platform, GError **error)
{
  g_autoptr (HdWorkload) workload = load (c->workload, error);
  g_autoptr (HdMapping) mapping = workload != NULL ? hd_mapping_parse_xml (c->mapping, strlen (c->mapping), c->name, workload, platform, error) : NULL;
  if (mapping == NULL)
    return FALSE;
  guint64 before = resident_bytes ();
  double start = cpu_seconds ();
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, error);
  double seconds = cpu_seconds () - start;
  if (tiling == NULL)
    return FALSE;
  guint64 dependencies = tiling->dependency_begin[tiling->n_nodes], reads = tiling->read_begin[tiling->n_nodes];
  start = cpu_seconds ();
  g_autofree HdNodeId *order = hd_tiling_order (tiling, error);
  double ordering = cpu_seconds () - start;
  if (order == NULL)
    return FALSE;
  guint64 bytes = ((guint64) tiling->n_nodes + 1) * 16 + (dependencies + reads) * sizeof (HdDependency);
  guint64 peak = resident_bytes () - before;
  printf ("%-26s %9u nodes %5.2f dependencies %5.2f reads each: %7.3f s %6.2f M nodes/s (%6.2f M dependencies/s), %5.1f byte/node (peak %5.1f), order %6.3f s\n", c->name,
          tiling->n_nodes, (double) dependencies / tiling->n_nodes, (double) reads / tiling->n_nodes, seconds, tiling->n_nodes / seconds * 1e-6,
          (double) (dependencies + reads) / seconds * 1e-6, (double) bytes / tiling->n_nodes, (double) peak / tiling->n_nodes, ordering);
  return TRUE;
}

static int
run_case (const Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdPlatform) platform = hd_platform_parse_synthetic ("core:1 sram:64KiB dram:64b", &error);
  if (platform != NULL && run (c, platform, &error))
    return 0;
  fprintf (stderr, "%s\n", error->message);
  return 1;
}

/* Each case is a process of its own: the peak of one is not the next one's. */
int
main (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    int status = 0;
    fflush (stdout);
    pid_t child = fork ();
    if (child == 0) {
      status = run_case (&CASES[i]);
      fflush (stdout);
      _exit (status);
    }
    if (child < 0 || waitpid (child, &status, 0) != child || status != 0)
      return 1;
  }
  return 0;
}
