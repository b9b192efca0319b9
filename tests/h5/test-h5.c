/* Columns, strings and attributes come back as they were written, and what is not as expected is an error with its place. */
#include "h5/h5.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *
scratch_file (const char *name)
{
  g_autofree char *folder = g_dir_make_tmp ("heddle-h5-XXXXXX", NULL);
  return g_build_filename (folder, name, NULL);
}

static void
remove_scratch (char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_unlink (path);
  g_rmdir (folder);
  g_free (path);
}

static HdH5Writer *
create (const char *path)
{
  g_autoptr (GError) error = NULL;
  HdH5Writer *writer = hd_h5_create (path, &error);
  cr_assert_not_null (writer, "%s", error ? error->message : "");
  return writer;
}

/* One column of each type, two rows a task more than a chunk. */
static void
write_all_types (HdH5Writer *writer, guint64 n, const guint64 *u64, const guint8 *u8, const gint64 *i64, const double *f64)
{
  GError *e = NULL;
  const char *const states[] = { "done", "compute" };
  const char *const names[] = { "core0", "", "gr\303\274n" };
  cr_assert (hd_h5_write_enum (writer, "/types/state", states, 2, &e));
  cr_assert (hd_h5_write_dimension (writer, "/tasks/task", n, &e));
  cr_assert (hd_h5_write_column (writer, &(HdH5Column) { "/tasks/start", HD_H5_U64, "cycle", "first cycle", NULL, "/tasks/task" }, u64, n, &e));
  cr_assert (hd_h5_write_column (writer, &(HdH5Column) { "/tasks/state", HD_H5_U8, "1", "state", "/types/state", "/tasks/task" }, u8, n, &e));
  cr_assert (hd_h5_write_column (writer, &(HdH5Column) { "/tasks/shift", HD_H5_I64, "1", "shift", NULL, NULL }, i64, n, &e));
  cr_assert (hd_h5_write_column (writer, &(HdH5Column) { "/tasks/energy", HD_H5_F64, "pJ", "energy", NULL, NULL }, f64, n, &e));
  cr_assert (hd_h5_write_column (writer, &(HdH5Column) { "/names/core", HD_H5_STRING, "1", "names", NULL, NULL }, names, 3, &e));
  cr_assert (hd_h5_write_text (writer, "/meta/platform", "the platform", "<platform/>\n", &e));
  cr_assert (hd_h5_write_string_attribute (writer, "/", "title", "a title", &e));
  cr_assert (hd_h5_write_u64_attribute (writer, "/tasks", "cycles", G_MAXUINT64, &e));
  cr_assert (hd_h5_write_f64_attribute (writer, "/tasks/start", "scale", 0.25, &e));
}

#define N (2 * 65536 + 2)

Test (h5, everything_written_comes_back)
{
  g_autoptr (GError) e = NULL;
  char *path = scratch_file ("all.h5");
  g_autofree guint64 *u64 = g_new (guint64, N);
  g_autofree guint8 *u8 = g_new (guint8, N);
  g_autofree gint64 *i64 = g_new (gint64, N);
  g_autofree double *f64 = g_new (double, N);
  for (guint64 i = 0; i < N; i++) {
    u64[i] = i * i * 0x9E3779B97F4A7C15u;
    u8[i] = i % 3 == 0;
    i64[i] = (gint64) i - 1000;
    f64[i] = i / 3.0;
  }
  HdH5Writer *writer = create (path);
  write_all_types (writer, N, u64, u8, i64, f64);
  cr_assert (hd_h5_commit (writer, &e));
  hd_h5_writer_free (writer);

  guint64 rows = N, any = HD_H5_ANY_ROWS, value = 0;
  double scale = 0;
  g_autofree char *title = NULL;
  g_autoptr (HdH5Reader) reader = hd_h5_open (path, &e);
  cr_assert_not_null (reader, "%s", e ? e->message : "");
  g_autofree guint64 *r64 = hd_h5_read_column (reader, "/tasks/start", HD_H5_U64, &rows, &e);
  g_autofree guint8 *r8 = hd_h5_read_column (reader, "/tasks/state", HD_H5_U8, &rows, &e);
  g_autofree gint64 *ri = hd_h5_read_column (reader, "/tasks/shift", HD_H5_I64, &rows, &e);
  g_autofree double *rf = hd_h5_read_column (reader, "/tasks/energy", HD_H5_F64, &rows, &e);
  g_auto (GStrv) names = hd_h5_read_strings (reader, "/names/core", &any, &e);
  g_autofree char *text = hd_h5_read_text (reader, "/meta/platform", &e);
  cr_assert (r64 && r8 && ri && rf && names && text, "%s", e ? e->message : "");
  cr_assert_arr_eq (r64, u64, N * sizeof *u64);
  cr_assert_arr_eq (r8, u8, N);
  cr_assert_arr_eq (ri, i64, N * sizeof *i64);
  cr_assert_arr_eq (rf, f64, N * sizeof *f64);
  cr_assert_eq (any, 3);
  cr_assert_str_eq (names[1], "");
  cr_assert_str_eq (names[2], "gr\303\274n");
  cr_assert_str_eq (text, "<platform/>\n");
  cr_assert (hd_h5_read_string_attribute (reader, "/", "title", &title, &e));
  cr_assert_str_eq (title, "a title");
  cr_assert (hd_h5_read_u64_attribute (reader, "/tasks", "cycles", &value, &e));
  cr_assert_eq (value, G_MAXUINT64);
  cr_assert (hd_h5_read_f64_attribute (reader, "/tasks/start", "scale", &scale, &e));
  cr_assert_eq (scale, 0.25);
  remove_scratch (path);
}

static void
assert_input_error (gconstpointer result, GError **error, const char *words)
{
  cr_assert_null (result);
  cr_assert_not_null (*error);
  cr_assert_eq ((*error)->code, HD_ERROR_INPUT);
  cr_assert_not_null (strstr ((*error)->message, words), "'%s' is not in '%s'", words, (*error)->message);
  g_clear_error (error);
}

Test (h5, what_is_not_as_expected_is_an_error_with_its_place)
{
  GError *e = NULL;
  char *path = scratch_file ("wrong.h5");
  guint64 u64[2] = { 1, 2 }, rows = 3, any = HD_H5_ANY_ROWS, value;
  HdH5Writer *writer = create (path);
  write_all_types (writer, 2, u64, (guint8[]) { 0, 1 }, (gint64[]) { -1, 1 }, (double[]) { 0, 1 });
  cr_assert (hd_h5_commit (writer, &e));
  hd_h5_writer_free (writer);
  HdH5Reader *reader = hd_h5_open (path, &e);
  assert_input_error (hd_h5_read_column (reader, "/tasks/start", HD_H5_U32, &any, &e), &e, "wrong.h5:/tasks/start: holds 64-bit unsigned");
  assert_input_error (hd_h5_read_column (reader, "/tasks/start", HD_H5_U64, &rows, &e), &e, "has 2 rows - expected 3");
  assert_input_error (hd_h5_read_column (reader, "/tasks/none", HD_H5_U64, &any, &e), &e, "/tasks/none: is missing");
  assert_input_error (hd_h5_read_column (reader, "/tasks", HD_H5_U64, &any, &e), &e, "/tasks: is missing");
  assert_input_error (hd_h5_read_column (reader, "/names/core", HD_H5_U64, &any, &e), &e, "type that is not known");
  assert_input_error (hd_h5_read_strings (reader, "/tasks/start", &any, &e), &e, "does not hold variable-length strings");
  assert_input_error (hd_h5_read_text (reader, "/names/core", &e), &e, "has 1 dimensions - expected 0");
  cr_assert_not (hd_h5_read_u64_attribute (reader, "/", "title", &value, &e));
  assert_input_error (NULL, &e, "'title' is not an integer");
  cr_assert_not (hd_h5_exists (reader, "/no/such"));
  hd_h5_reader_free (reader);
  remove_scratch (path);
}

Test (h5, no_rows_are_rows_too)
{
  GError *e = NULL;
  char *path = scratch_file ("none.h5");
  guint64 rows = 0, zero = 0;
  HdH5Writer *writer = create (path);
  write_all_types (writer, 0, &zero, NULL, NULL, NULL);
  cr_assert (hd_h5_commit (writer, &e));
  hd_h5_writer_free (writer);
  HdH5Reader *reader = hd_h5_open (path, &e);
  g_autofree guint64 *values = hd_h5_read_column (reader, "/tasks/start", HD_H5_U64, &rows, &e);
  cr_assert_not_null (values);
  hd_h5_reader_free (reader);
  remove_scratch (path);
}

Test (h5, a_file_not_committed_leaves_nothing_and_an_older_one_alone)
{
  g_autoptr (GError) e = NULL;
  char *path = scratch_file ("old.h5");
  g_autofree char *partial = g_strconcat (path, ".partial", NULL);
  g_autofree char *content = NULL;
  cr_assert (g_file_set_contents (path, "older", -1, NULL));
  HdH5Writer *writer = create (path);
  cr_assert (hd_h5_write_group (writer, "/a/b", &e));
  cr_assert (g_file_test (partial, G_FILE_TEST_EXISTS));
  hd_h5_writer_free (writer);
  cr_assert_not (g_file_test (partial, G_FILE_TEST_EXISTS));
  cr_assert (g_file_get_contents (path, &content, NULL, NULL));
  cr_assert_str_eq (content, "older");
  remove_scratch (path);
}

Test (h5, a_second_writer_of_one_file_is_refused)
{
  GError *e = NULL;
  char *path = scratch_file ("two.h5");
  HdH5Writer *first = create (path);
  cr_assert_null (hd_h5_create (path, &e));
  cr_assert_eq (e->code, HD_ERROR_CREATE);
  cr_assert_not_null (strstr (e->message, "another run"));
  g_clear_error (&e);
  cr_assert (hd_h5_commit (first, &e));
  hd_h5_writer_free (first);
  remove_scratch (path);
}

Test (h5, outputs_that_cannot_be_created)
{
  GError *e = NULL;
  cr_assert_null (hd_h5_create ("/dev/null", &e));
  cr_assert_eq (e->code, HD_ERROR_CREATE);
  g_clear_error (&e);
  cr_assert_null (hd_h5_create ("/no/such/folder/x.h5", &e));
  cr_assert_eq (e->code, HD_ERROR_CREATE);
  g_clear_error (&e);
  cr_assert_null (hd_h5_create (g_get_tmp_dir (), &e));
  cr_assert_eq (e->code, HD_ERROR_CREATE);
  g_clear_error (&e);
}

Test (h5, inputs_that_are_none)
{
  GError *e = NULL;
  char *path = scratch_file ("text.h5");
  cr_assert_null (hd_h5_open (path, &e));
  cr_assert_eq (e->code, HD_ERROR_NO_INPUT);
  g_clear_error (&e);
  cr_assert (g_file_set_contents (path, "not HDF5 at all", -1, NULL));
  assert_input_error (hd_h5_open (path, &e), &e, "does not begin with the HDF5 signature");
  cr_assert (g_file_set_contents (path, "\211HDF\r\n\032\n and no more", -1, NULL));
  assert_input_error (hd_h5_open (path, &e), &e, "cannot be read");
  cr_assert_null (hd_h5_open (g_get_tmp_dir (), &e));
  cr_assert (e->code == HD_ERROR_NO_INPUT && strstr (e->message, "is a folder - expected a file") != NULL, "%s", e->message);
  g_clear_error (&e);
  remove_scratch (path);
}
