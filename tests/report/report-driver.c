/* Writes traces for the tests that read exports with other programs: report-driver KIND OUT.h5 [N]. Kinds are in the table at the end. */
#include "report/made.h"

#include <heddle/error.h>
#include <heddle/random.h>
#include <stdio.h>

/* Names that need escapes, that are long, wide, or not ASCII. */
static char **
make_names (const char *stem, guint n)
{
  static const char *const ODD[] = { "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM", "a<b>&\"c\",'d'", "\316\263-\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244\345\261\244", "tab\tand\nline",
                                     "encoder.block3.attention.output.dense.weight_quantized" };
  char **names = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    names[i] = i % 7 == 3 ? g_strdup_printf ("%s%u", ODD[i / 7 % G_N_ELEMENTS (ODD)], i) : g_strdup_printf ("%s%u", stem, i);
  return names;
}

typedef struct {
  Made made;
  GArray *tasks, *changes;
} Trace;

static void
free_names (const char *const *names, const char *const *made)
{
  if (names != made)
    g_strfreev ((char **) names);
}

static void
name_all (Trace *self, guint cores, guint layers)
{
  self->made.core = (const char *const *) make_names ("core", cores);
  self->made.layer = (const char *const *) make_names ("layer", layers);
  self->made.queue = (const char *const *) make_names ("queue", cores + 1);
}

/* Each core one node after the other, of all layers in turn, each waiting for the one before on another core; and a transfer for each. */
static void
fill (Trace *self, guint cores, guint layers, guint64 n, guint64 longest)
{
  HdRandom random;
  g_autofree guint64 *at = g_new0 (guint64, cores);
  hd_random_init (&random, 7);
  name_all (self, cores, layers);
  self->made.cycles = 0;
  for (guint64 i = 0; i < n; i++) {
    guint core = i % cores;
    guint64 start = at[core] + hd_random_below (&random, longest / 4 + 1), end = start + hd_random_below (&random, longest) + 1;
    MadeTask load = made_transfer (start / 2, start), node = made_compute (core, start, end, (guint32) self->tasks->len);
    node.layer = (guint32) (i * layers / n);
    node.node = (guint32) i;
    load.queue = cores;
    load.layer = i % 5 == 0 ? MADE_NONE : node.layer;
    g_array_append_val (self->tasks, load);
    g_array_append_val (self->tasks, node);
    g_array_append_vals (self->changes, &(HdChange) { i * longest / 2, hd_random_below (&random, 1000), 1, 0 }, 1);
    at[core] = end;
    self->made.cycles = MAX (self->made.cycles, end);
  }
}

static void make_ten (Trace *self, guint64 n) { fill (self, 2, 3, n > 0 ? n : 10, 100); }
static void make_many (Trace *self, guint64 n) { fill (self, 16, 60, n > 0 ? n : 10000, 1000); }

static void
make_deadlock (Trace *self, guint64 n)
{
  make_ten (self, n);
  MadeTask stuck = made_compute (0, MADE_NEVER, MADE_NEVER, MADE_NONE);
  g_array_append_val (self->tasks, stuck);
  self->made.deadlock = "core0's next node waits for 512 bit in sram, which holds 1000 of 1000 bit for pieces that nobody releases before that node; and this sentence goes on for longer than the picture is wide";
}

/* Beyond what a double holds exactly. */
static void
make_huge (Trace *self, guint64 n)
{
  guint64 base = G_GUINT64_CONSTANT (9007199254740993);
  MadeTask tasks[] = { made_transfer (base, base + 2), made_compute (0, base + 2, base + 1001, 0), made_compute (1, base + 1001, base + 1001, 1), made_compute (1, base + 1001, base + 1002, 2) };
  (void) n;
  self->made.cycles = base + 1003;
  g_array_append_vals (self->tasks, tasks, G_N_ELEMENTS (tasks));
}

/* All transfers of the queue at once, and computes that overlap, which no engine would write. */
static void
make_overlap (Trace *self, guint64 n)
{
  n = n > 0 ? n : 2000;
  self->made.cycles = 4 * n;
  for (guint64 i = 0; i < n; i++) {
    MadeTask transfer = made_transfer (i, 4 * n - i), node = made_compute (0, 2 * i, 2 * i + 5, (guint32) (2 * i));
    node.wait_cause = node.start >= transfer.end ? node.wait_cause : MADE_NONE;
    node.wait_kind = node.wait_cause == MADE_NONE ? HD_WAIT_NONE : HD_WAIT_INPUT;
    node.end = MIN (node.end, 4 * n);
    g_array_append_val (self->tasks, transfer);
    g_array_append_val (self->tasks, node);
  }
  self->made.busy = 1;
}

/* 64 queues, each with its share of the transfers. */
static void
make_queues (Trace *self, guint64 n)
{
  n = n > 0 ? n : 100000;
  name_all (self, 63, 5);
  self->made.cycles = n * 10;
  for (guint64 i = 0; i < n; i++) {
    MadeTask transfer = made_transfer (i * 10 / 2, i * 10 + 9);
    transfer.queue = i % 64;
    g_array_append_val (self->tasks, transfer);
  }
}

int
main (int argc, char **argv)
{
  static const struct { const char *kind; void (*make) (Trace *self, guint64 n); } KINDS[] = {
    { "ten", make_ten }, { "many", make_many }, { "deadlock", make_deadlock }, { "huge", make_huge }, { "overlap", make_overlap }, { "queues", make_queues },
  };
  g_autoptr (GError) error = NULL;
  Trace trace = { made_empty (), g_array_new (FALSE, FALSE, sizeof (MadeTask)), g_array_new (FALSE, FALSE, sizeof (HdChange)) };
  HdTraceOptions options = { .no_dense = g_getenv ("NO_DENSE") != NULL };
  if (argc < 3)
    return HD_ERROR_USAGE;
  for (gsize i = 0; i < G_N_ELEMENTS (KINDS); i++)
    if (g_str_equal (argv[1], KINDS[i].kind))
      KINDS[i].make (&trace, argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 0);
  trace.made.task = (const MadeTask *) (void *) trace.tasks->data;
  trace.made.n_tasks = trace.tasks->len;
  trace.made.change = (const HdChange *) (void *) trace.changes->data;
  trace.made.n_changes = trace.changes->len;
  if (g_getenv ("WINDOW") != NULL) {
    options.window_from = trace.made.cycles / 4;
    options.window_to = trace.made.cycles / 2;
  }
  gboolean fine = made_write (&trace.made, argv[2], &options, &error);
  Made empty = made_empty ();
  free_names (trace.made.core, empty.core);
  free_names (trace.made.layer, empty.layer);
  free_names (trace.made.queue, empty.queue);
  g_array_unref (trace.tasks);
  g_array_unref (trace.changes);
  if (fine)
    return 0;
  fprintf (stderr, "report-driver: %s\n", error->message);
  return error->code;
}
