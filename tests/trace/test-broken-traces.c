/* Broken traces: truncated, with flipped bits, of wrong types and sizes, with links in circles. Each is refused, with its place, or is harmless; none
 * crashes this process, runs for ever, or takes much memory. The corpus is made here. */
#include "trace/fuzz-trace.h"
#include "trace/runs.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <hdf5.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

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

/* --- sound HDF5 that is no trace ------------------------------------------------------------------------------------- */

/* Changes something in an open file. */
typedef void (*Breaker) (hid_t file);

static void
replace (hid_t file, const char *path, hid_t type, int rank, const hsize_t *dims, const hsize_t *chunk)
{
  hid_t space = H5Screate_simple (rank, dims, NULL), list = H5Pcreate (H5P_DATASET_CREATE);
  H5Ldelete (file, path, H5P_DEFAULT);
  if (chunk != NULL) {
    H5Pset_chunk (list, rank, chunk);
    H5Pset_shuffle (list);
    H5Pset_deflate (list, 1);
  }
  cr_assert (H5Dclose (H5Dcreate2 (file, path, type, space, H5P_DEFAULT, list, H5P_DEFAULT)) >= 0);
}

static void a_column_is_missing (hid_t f) { H5Ldelete (f, "/tasks/start", H5P_DEFAULT); }
static void a_column_is_of_floats (hid_t f) { replace (f, "/tasks/start", H5T_IEEE_F64LE, 1, (hsize_t[]) { 30 }, NULL); }
static void a_column_is_big_endian (hid_t f) { replace (f, "/tasks/start", H5T_STD_U64BE, 1, (hsize_t[]) { 30 }, NULL); }
static void a_column_is_signed (hid_t f) { replace (f, "/tasks/end", H5T_STD_I64LE, 1, (hsize_t[]) { 30 }, NULL); }
static void a_column_is_narrow (hid_t f) { replace (f, "/tasks/end", H5T_STD_U32LE, 1, (hsize_t[]) { 30 }, NULL); }
static void a_column_is_a_table (hid_t f) { replace (f, "/tasks/end", H5T_STD_U64LE, 2, (hsize_t[]) { 30, 1 }, NULL); }
static void a_column_is_shorter (hid_t f) { replace (f, "/tasks/start", H5T_STD_U64LE, 1, (hsize_t[]) { 29 }, NULL); }
static void a_column_is_huge (hid_t f) { replace (f, "/tasks/end", H5T_STD_U64LE, 1, (hsize_t[]) { 1ull << 58 }, (hsize_t[]) { 1 << 16 }); }
static void a_column_has_huge_chunks (hid_t f) { replace (f, "/tasks/end", H5T_STD_U64LE, 1, (hsize_t[]) { 1u << 28 }, (hsize_t[]) { 1u << 28 }); }
static void a_column_has_no_chunks (hid_t f) { replace (f, "/tasks/start", H5T_STD_U64LE, 1, (hsize_t[]) { 30 }, (hsize_t[]) { 30 }); }
static void a_column_is_a_huge_gap (hid_t f) { replace (f, "/tasks/end", H5T_STD_U64LE, 1, (hsize_t[]) { 1ull << 50 }, NULL); }
static void the_names_are_numbers (hid_t f) { replace (f, "/names/core", H5T_STD_U8LE, 1, (hsize_t[]) { 2 }, NULL); }
static void a_series_is_longer (hid_t f) { replace (f, "/cycles/bus/bits", H5T_STD_U8LE, 1, (hsize_t[]) { 3001 }, (hsize_t[]) { 1000 }); }
static void all_series_are_longer (hid_t f) { H5Ldelete (f, "/cycles", H5P_DEFAULT); H5Gclose (H5Gcreate2 (f, "/cycles", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Gclose (H5Gcreate2 (f, "/cycles/bus", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)); replace (f, "/cycles/bus/bits", H5T_STD_U8LE, 1, (hsize_t[]) { 3001 }, (hsize_t[]) { 1000 }); }
static void a_series_is_signed (hid_t f) { replace (f, "/cycles/bus/bits", H5T_STD_I64LE, 1, (hsize_t[]) { 3000 }, (hsize_t[]) { 1000 }); }
static void a_series_is_contiguous (hid_t f) { replace (f, "/cycles/bus/bits", H5T_STD_U8LE, 1, (hsize_t[]) { 3000 }, NULL); }
static void a_series_is_of_no_kind (hid_t f) { replace (f, "/cycles/bus/warmth", H5T_STD_U8LE, 1, (hsize_t[]) { 3000 }, (hsize_t[]) { 1000 }); }
static void power_is_an_integer (hid_t f) { replace (f, "/cycles/platform/power", H5T_STD_U8LE, 1, (hsize_t[]) { 3000 }, (hsize_t[]) { 1000 }); }
static void it_is_not_complete (hid_t f) { H5Adelete (f, "complete"); }
static void it_has_no_conventions (hid_t f) { H5Adelete (f, "Conventions"); }
static void a_group_holds_itself (hid_t f) { H5Lcreate_hard (f, "/cycles", f, "/cycles/bus/bits2", H5P_DEFAULT, H5P_DEFAULT); }
static void the_root_is_a_series (hid_t f) { H5Lcreate_hard (f, "/", f, "/cycles/again", H5P_DEFAULT, H5P_DEFAULT); }
static void a_column_is_a_soft_link_to_itself (hid_t f) { H5Ldelete (f, "/tasks/end", H5P_DEFAULT); H5Lcreate_soft ("/tasks/end", f, "/tasks/end", H5P_DEFAULT, H5P_DEFAULT); }
static void a_column_is_in_another_file (hid_t f) { H5Ldelete (f, "/tasks/end", H5P_DEFAULT); H5Lcreate_external ("/dev/zero", "/x", f, "/tasks/end", H5P_DEFAULT, H5P_DEFAULT); }

static void
set_attribute (hid_t file, const char *name, hid_t file_type, hid_t type, const void *value)
{
  hid_t space = H5Screate (H5S_SCALAR);
  H5Adelete (file, name);
  hid_t attribute = H5Acreate2 (file, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
  cr_assert (H5Awrite (attribute, type, value) >= 0);
  H5Aclose (attribute);
}

static void the_cycles_are_text (hid_t f) { hid_t t = H5Tcopy (H5T_C_S1); set_attribute (f, "cycles", t, t, "9"); }
static void the_cycles_are_negative (hid_t f) { set_attribute (f, "cycles", H5T_STD_I64LE, H5T_NATIVE_INT, &(int) { -1 }); }
static void the_cycles_are_few (hid_t f) { set_attribute (f, "cycles", H5T_STD_U64LE, H5T_NATIVE_INT, &(int) { 2999 }); }
static void the_title_is_a_number (hid_t f) { set_attribute (f, "title", H5T_STD_U64LE, H5T_NATIVE_INT, &(int) { 1 }); }
static void it_is_half_complete (hid_t f) { set_attribute (f, "complete", H5T_STD_U64LE, H5T_NATIVE_INT, &(int) { 0 }); }
static void the_title_is_no_utf8 (hid_t f) { hid_t t = H5Tcopy (H5T_C_S1); H5Tset_size (t, 2); set_attribute (f, "title", t, t, "\377\376"); }

/* A chunk of a few bytes more than it takes that expands to 64 MiB; the file declares 1,000 rows of it. */
static void
a_chunk_is_a_bomb (hid_t file)
{
  enum { BYTES = 64 << 20 };
  uLongf size = compressBound (BYTES);
  g_autofree guint8 *zeros = g_malloc0 (BYTES);
  g_autofree guint8 *bomb = g_malloc (size);
  hsize_t rows = 30;
  compress2 (bomb, &size, zeros, BYTES, 9);
  replace (file, "/tasks/end", H5T_STD_U64LE, 1, &rows, &rows);
  hid_t dataset = H5Dopen2 (file, "/tasks/end", H5P_DEFAULT);
  cr_assert (H5Dwrite_chunk (dataset, H5P_DEFAULT, 0, &(hsize_t) { 0 }, size, bomb) >= 0);
  H5Dclose (dataset);
}

static void
a_chunk_is_garbage (hid_t file)
{
  hsize_t rows = 30;
  replace (file, "/tasks/end", H5T_STD_U64LE, 1, &rows, &rows);
  hid_t dataset = H5Dopen2 (file, "/tasks/end", H5P_DEFAULT);
  cr_assert (H5Dwrite_chunk (dataset, H5P_DEFAULT, 0, &(hsize_t) { 0 }, 40, "0123456789012345678901234567890123456789") >= 0);
  H5Dclose (dataset);
}

static void
a_column_has_another_filter (hid_t file)
{
  hsize_t rows = 30;
  hid_t space = H5Screate_simple (1, &rows, NULL), list = H5Pcreate (H5P_DATASET_CREATE);
  H5Ldelete (file, "/tasks/end", H5P_DEFAULT);
  H5Pset_chunk (list, 1, &rows);
  H5Pset_fletcher32 (list);
  H5Dclose (H5Dcreate2 (file, "/tasks/end", H5T_STD_U64LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
}

Test (broken_traces, each_fault_is_refused, .timeout = 120)
{
#define CASE(f) { #f, f }
  static const struct {
    const char *name;
    Breaker breaker;
  } cases[] = {
    CASE (a_column_is_missing), CASE (a_column_is_of_floats), CASE (a_column_is_big_endian), CASE (a_column_is_signed), CASE (a_column_is_narrow),
    CASE (a_column_is_a_table), CASE (a_column_is_shorter), CASE (a_column_is_huge), CASE (a_column_has_huge_chunks), CASE (a_column_has_no_chunks),
    CASE (a_column_is_a_huge_gap), CASE (the_names_are_numbers), CASE (a_series_is_longer), CASE (all_series_are_longer), CASE (a_series_is_signed),
    CASE (a_series_is_contiguous), CASE (a_series_is_of_no_kind), CASE (power_is_an_integer), CASE (it_is_not_complete), CASE (it_has_no_conventions),
    CASE (a_group_holds_itself), CASE (the_root_is_a_series), CASE (a_column_is_a_soft_link_to_itself), CASE (a_column_is_in_another_file),
    CASE (the_cycles_are_text), CASE (the_cycles_are_negative), CASE (the_cycles_are_few), CASE (the_title_is_a_number), CASE (it_is_half_complete),
    CASE (the_title_is_no_utf8), CASE (a_chunk_is_a_bomb), CASE (a_chunk_is_garbage), CASE (a_column_has_another_filter),
  };
  Corpus corpus = sound_trace (3000, 30);
  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    cr_assert (g_file_set_contents (corpus.path, corpus.bytes, corpus.size, NULL));
    hid_t access = H5Pcreate (H5P_FILE_ACCESS);
    H5Pset_fclose_degree (access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen (corpus.path, H5F_ACC_RDWR, access);
    cases[i].breaker (file);
    cr_assert (H5Fclose (file) >= 0);
    cr_assert (is_refused (&corpus), "%s", cases[i].name);
  }
  clear (&corpus);
}
