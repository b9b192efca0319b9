/* Writes a trace of a random run, for the tests that make writing fail and for those with other readers: trace-driver OUT [CYCLES [TASKS]].
 * Exits as heddle does. CHANGES in the environment names a file for the changes that were reported, as they are in memory. */
#include "trace/runs.h"

#include <signal.h>
#include <stdio.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  guint64 cycles = argc > 2 ? g_ascii_strtoull (argv[2], NULL, 10) : 3000000, n_tasks = argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 1000;
  if (argc < 2)
    return HD_ERROR_USAGE;
  signal (SIGXFSZ, SIG_IGN); /* a file that grows too large is an error, not a signal */
  TestRun *run = test_run_new (1, cycles, n_tasks, 4000);
  gboolean fine = test_run_write (run, argv[1], NULL, &error);
  if (g_getenv ("CHANGES") != NULL)
    g_file_set_contents (g_getenv ("CHANGES"), run->changes->data, (gssize) run->changes->len * sizeof (HdChange), NULL);
  test_run_free (run);
  if (fine)
    return 0;
  fprintf (stderr, "trace-driver: %s\n", error->message);
  return error->code;
}
