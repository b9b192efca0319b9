/* The checks on random instances, for as long as wanted: make check-slow compares the engines on a million.
 *
 *     tests/test-differential-slow [--check NAME] [--from SEED] [--count N] [--jobs N] [FILE...]
 *
 * A failure is shrunk, printed and kept in tests/corpus/engine. FILEs are instances to check instead.
 */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/sweep.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  const char *name;
  InstanceMaker make;
  InstanceCheck check;
  guint64 count;      /* seeds, when the run is to be slow */
} Check;

static const Check checks[] = {
  { "differential", instance_generate, check_differential, 1000000 },
  { "contended", instance_generate_contended, check_differential, 1000000 },
  { "repeated", instance_generate, check_repeated, 5000 },
  { "conservation", instance_generate, check_conservation, 100000 },
  { "slower-clock", instance_generate, check_slower_clock, 100000 },
  { "wider-bits", instance_generate, check_wider_bits, 100000 },
  { "huge-numbers", instance_generate, check_huge_numbers, 100000 },
  { "unused-parts", instance_generate, check_unused_parts, 100000 },
  { "free-transfers", instance_generate, check_free_transfers, 100000 },
  { "one-core", instance_generate, check_one_core, 20000 },
  { "split-computes", instance_generate, check_split_computes, 20000 },
};

int
main (int argc, char **argv)
{
  g_autofree char *name = NULL;
  g_auto (GStrv) files = NULL;
  gint64 from = 0, count = 0;
  int jobs = 0;
  gboolean slow = FALSE, fine = TRUE;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "slow", 0, 0, G_OPTION_ARG_NONE, &slow, "a million seeds", NULL },
    { "check", 0, 0, G_OPTION_ARG_STRING, &name, "this check only", "NAME" },
    { "from", 0, 0, G_OPTION_ARG_INT64, &from, "the first seed", "SEED" },
    { "count", 0, 0, G_OPTION_ARG_INT64, &count, "seeds of each check", "N" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "processes at once; all cores when not given", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE..." },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return 2;
  }
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++) {
    const Check *check = &checks[i];
    if (name != NULL && strcmp (name, check->name) != 0)
      continue;
    for (guint f = 0; files != NULL && files[f] != NULL; f++)
      fine = sweep_file (check->name, check->check, files[f]) && fine;
    if (files == NULL) {
      guint64 n = count > 0 ? (guint64) count : slow ? check->count : 1000;
      gboolean passes = sweep_seeds (check->name, check->make, check->check, (guint64) from, n, jobs > 0 ? (guint) jobs : g_get_num_processors (), TRUE);
      printf ("%s: %s on %" G_GUINT64_FORMAT " instances\n", check->name, passes ? "passes" : "FAILS", n);
      fine = fine && passes;
    }
  }
  return fine ? 0 : 1;
}
