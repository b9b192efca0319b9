/* Damaged traces: truncated, with flipped bits, with bytes written over. Each is refused, with its place, or is harmless; none crashes this process, runs for
 * ever, or takes much memory. Sound HDF5 that is no sound trace is the business of tests/cli/test-bad-input.py. */
#include "trace/fuzz-trace.h"
#include "trace/runs.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>

enum { MEMORY_KB = 200 << 10 };

/* HEDDLE_SLOW asks for ten times as many. */
static guint
effort (void)
{
  return g_getenv ("HEDDLE_SLOW") != NULL ? 10 : 1;
}

typedef struct {
  char *folder;
  char *path;     /* the broken file */
  char *bytes;    /* of the sound one */
  gsize size;
} Corpus;

static Corpus
sound_trace (guint64 cycles, guint64 n_tasks)
{
  g_autoptr (GError) error = NULL;
  Corpus self = { .folder = g_dir_make_tmp ("heddle-broken-XXXXXX", NULL) };
  self.path = g_build_filename (self.folder, "t.h5", NULL);
  TestRun *run = test_run_new (1, cycles, n_tasks, 50);
  cr_assert (test_run_write (run, self.path, NULL, &error), "%s", error ? error->message : "");
  cr_assert (g_file_get_contents (self.path, &self.bytes, &self.size, NULL));
  test_run_free (run);
  return self;
}

static void
clear (Corpus *self)
{
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->bytes);
  g_free (self->path);
  g_free (self->folder);
}

/* Either the whole trace can be read, or it is refused with a code of the input and with words. */
static gboolean
is_refused (const Corpus *self)
{
  g_autoptr (GError) error = NULL;
  if (read_whole_trace (self->path, &error))
    return FALSE;
  cr_assert_not_null (error);
  cr_assert (error->code == HD_ERROR_INPUT, "code %d: %s", error->code, error->message);
  cr_assert (g_str_has_prefix (error->message, self->path), "%s", error->message);
  return TRUE;
}

static void
assert_little_memory (void)
{
#ifndef __SANITIZE_ADDRESS__
  struct rusage own, children;
  getrusage (RUSAGE_SELF, &own);
  getrusage (RUSAGE_CHILDREN, &children);
  cr_assert_lt (own.ru_maxrss, MEMORY_KB);
  cr_assert_lt (children.ru_maxrss, MEMORY_KB);
#endif
}

/* --- damage -------------------------------------------------------------------------------------------------------- */

Test (broken_traces, the_sound_one_is_read)
{
  Corpus corpus = sound_trace (3000, 30);
  cr_assert_not (is_refused (&corpus));
  clear (&corpus);
}

Test (broken_traces, truncated_every_512_bytes, .timeout = 120)
{
  Corpus corpus = sound_trace (3000, 30);
  for (gsize n = 0; n < corpus.size; n += 512) {
    cr_assert (g_file_set_contents (corpus.path, corpus.bytes, n, NULL));
    cr_assert (is_refused (&corpus), "the first %" G_GSIZE_FORMAT " bytes", n);
  }
  assert_little_memory ();
  clear (&corpus);
}

Test (broken_traces, flipped_bits, .timeout = 240)
{
  const guint flips = 300 * effort ();
  Corpus corpus = sound_trace (3000, 30);
  HdRandom random;
  guint refused = 0;
  hd_random_init (&random, 1);
  for (guint i = 0; i < flips; i++) {
    g_autofree char *bytes = g_memdup2 (corpus.bytes, corpus.size);
    for (guint n = 1 + i % 3; n > 0; n--)
      bytes[hd_random_below (&random, corpus.size)] ^= 1 << hd_random_below (&random, 8);
    cr_assert (g_file_set_contents (corpus.path, bytes, corpus.size, NULL));
    refused += is_refused (&corpus);
  }
  cr_assert_gt (refused, flips / 4); /* the rest hit room that nobody uses */
  assert_little_memory ();
  clear (&corpus);
}

Test (broken_traces, bytes_overwritten, .timeout = 240)
{
  Corpus corpus = sound_trace (3000, 30);
  for (gsize at = 8; at + 64 < corpus.size; at += 1 + 210 / effort ()) {
    g_autofree char *bytes = g_memdup2 (corpus.bytes, corpus.size);
    memset (bytes + at, at % 2 == 0 ? 0xff : 0, 1 + at % 64);
    cr_assert (g_file_set_contents (corpus.path, bytes, corpus.size, NULL));
    is_refused (&corpus);
  }
  assert_little_memory ();
  clear (&corpus);
}
