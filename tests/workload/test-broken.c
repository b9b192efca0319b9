/* Broken workloads: every file of the corpora is refused with the fault that it names, and so are valid ones that are cut or changed anywhere.
 *
 * A corpus file says what it expects in a line `expect: TEXT` (several by `|`); without one any fault will do. tests/corpus/onnx holds models as text,
 * see onnx-text.h.
 */
#include "workload/onnx-text.h"

#include <criterion/criterion.h>
#include <heddle/random.h>
#include <heddle/workload.h>
#include <stdlib.h>

static GPtrArray *
files_of (const char *folder)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  cr_assert_not_null (dir, "%s", path);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir))
    g_ptr_array_add (files, g_build_filename (path, name, NULL));
  return files;
}

/* What the file expects; one empty text when it does not say. */
static char **
expectations (const char *text, gsize length)
{
  const char *at = g_strstr_len (text, (gssize) length, "expect: ");
  if (at == NULL)
    return g_strsplit ("", "|", -1);
  at += strlen ("expect: ");
  gsize n = 0;
  while (at + n < text + length && at[n] != '\n' && !g_str_has_prefix (at + n, " -->"))
    n++;
  g_autofree char *line = g_strndup (at, n);
  return g_strsplit (line, "|", -1);
}

static void
check_refused (HdWorkload *w, const GError *error, const char *path, char **expected)
{
  cr_expect_null (w, "%s: accepted", path);
  if (w != NULL) {
    hd_workload_unref (w);
    return;
  }
  cr_expect_eq (error->code, HD_ERROR_INPUT, "%s: code %d", path, error->code);
  gboolean named = expected[0] == NULL;
  for (guint i = 0; expected[i] != NULL; i++)
    named |= strstr (error->message, expected[i]) != NULL;
  cr_expect (named, "%s: %s - expected %s", path, error->message, expected[0]);
  g_autofree char *base = g_path_get_basename (path);
  cr_expect (strstr (error->message, base) != NULL, "%s: the message does not name the file: %s", path, error->message);
}

Test (broken, xml_corpus)
{
  g_autoptr (GPtrArray) files = files_of ("workload");
  for (guint i = 0; i < files->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length;
    cr_assert (g_file_get_contents (files->pdata[i], &text, &length, NULL));
    g_auto (GStrv) expected = expectations (text, length);
    HdWorkload *w = hd_workload_load (files->pdata[i], NULL, &error);
    check_refused (w, error, files->pdata[i], expected);
  }
  cr_assert_gt (files->len, 80);
}

Test (broken, onnx_corpus)
{
  g_autoptr (GPtrArray) files = files_of ("onnx");
  for (guint i = 0; i < files->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length;
    cr_assert (g_file_get_contents (files->pdata[i], &text, &length, NULL));
    g_auto (GStrv) expected = expectations (text, length);
    g_autoptr (GByteArray) bytes = onnx_from_text (text);
    HdWorkload *w = hd_workload_parse_onnx (bytes->data, bytes->len, files->pdata[i], NULL, &error);
    check_refused (w, error, files->pdata[i], expected);
  }
  cr_assert_gt (files->len, 70);
}

static const char MODEL[] = "opset 13\ninput x float 1 4 8 8\ninit w float 8 2 3 3\ninit b float 8\nnode Conv x w b -> a ; group=2 pads=[1,1,1,1]\n"
                            "node Shape a -> s\nvalues i int64 = 0\nnode Gather s i -> n\nvalues z int64 1 = 0\nnode Unsqueeze n z -> n1\nvalues m int64 1 = -1\n"
                            "node Concat n1 m -> t ; axis=0\nnode Reshape a t -> r\ninit v float 512 10\nnode MatMul r v -> p\nnode Softmax p -> y ; axis=-1\n"
                            "info a float 1 8 8 8\noutput y float 1 10";

/* Any error is fine, and so is success where the change means nothing: but no crash, and a workload that can be written and read. */
static void
try_onnx (const guint8 *data, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) w = hd_workload_parse_onnx (data, n, "changed", NULL, &error);
  if (w == NULL) {
    cr_assert (error != NULL && error->code == HD_ERROR_INPUT);
    return;
  }
  g_autofree char *xml = hd_workload_to_xml (w);
  g_autoptr (HdWorkload) again = hd_workload_parse_xml (xml, strlen (xml), "again", &error);
  cr_assert_not_null (again, "%s\n%s", error != NULL ? error->message : "", xml);
}

Test (broken, onnx_cut_and_changed)
{
  g_autoptr (GByteArray) bytes = onnx_from_text (MODEL);
  HdRandom random;
  hd_random_init (&random, 5);
  try_onnx (bytes->data, bytes->len);
  for (guint n = 0; n < bytes->len; n++) {
    g_autofree guint8 *cut = g_memdup2 (bytes->data, n + 1);  /* of its own, so that a read past the end is seen */
    try_onnx (cut, n);
  }
  for (guint i = 0; i < 4000; i++) {
    g_autofree guint8 *changed = g_memdup2 (bytes->data, bytes->len);
    for (guint k = 0; k <= i % 4; k++)
      changed[hd_random_below (&random, bytes->len)] = (guint8) hd_random_u64 (&random);
    try_onnx (changed, bytes->len);
  }
}

static void
try_xml (const char *text, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) w = hd_workload_parse_xml (text, n, "changed", &error);
  cr_assert (w != NULL || error->code == HD_ERROR_INPUT);
}

Test (broken, xml_cut_and_changed)
{
  static const char *const PIECES[] = { "0", "-1", "99999999999", "\"", "<", "x", "M", "tensor", "output", "/>", " ", "exact", "*", "(" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) bytes = onnx_from_text (MODEL);
  g_autoptr (HdWorkload) w = hd_workload_parse_onnx (bytes->data, bytes->len, "model", NULL, &error);
  cr_assert_not_null (w);
  g_autofree char *xml = hd_workload_to_xml (w);
  gsize length = strlen (xml);
  HdRandom random;
  hd_random_init (&random, 6);
  for (gsize n = 0; n < length; n += 13)
    try_xml (xml, n);
  for (guint i = 0; i < 2000; i++) {
    gsize at = hd_random_below (&random, length), skip = hd_random_below (&random, 4);
    const char *piece = PIECES[hd_random_below (&random, G_N_ELEMENTS (PIECES))];
    g_autofree char *changed = g_strdup_printf ("%.*s%s%s", (int) at, xml, piece, xml + MIN (at + skip, length));
    try_xml (changed, strlen (changed));
  }
}

/* Millions of empty nodes in a few megabytes are refused before they are decoded. */
Test (broken, onnx_of_empty_nodes_is_refused)
{
  g_autoptr (GByteArray) model = g_byte_array_new ();
  g_autoptr (GByteArray) graph = g_byte_array_new ();
  for (guint i = 0; i < 1500000; i++)
    g_byte_array_append (graph, (const guint8 *) "\x0a\x00", 2);
  put_bytes (model, 7, graph->data, graph->len);
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_workload_parse_onnx (model->data, model->len, "many", NULL, &error));
  cr_assert (strstr (error->message, "too many parts") != NULL, "%s", error->message);
}

/* Values of weights are not kept, however large; the shape suffices. */
Test (broken, large_weights_are_skipped)
{
  g_autoptr (GByteArray) model = g_byte_array_new (), graph = onnx_from_text ("input x float 4 1000000");
  g_autoptr (GByteArray) tensor = g_byte_array_new ();
  g_autofree guint8 *weights = g_malloc0 (4000000);
  put_int (tensor, 1, 1000000);
  put_int (tensor, 1, 1);
  put_int (tensor, 2, 1);
  put_text (tensor, 8, "w");
  put_bytes (tensor, 9, weights, 4000000);
  g_autoptr (GByteArray) rest = onnx_from_text ("node MatMul x w -> y\noutput y");
  g_autoptr (GByteArray) initializer = g_byte_array_new ();
  put_bytes (initializer, 5, tensor->data, tensor->len);
  put_bytes (model, 7, initializer->data, initializer->len);
  /* A message in several parts is merged: the graph goes on. */
  g_byte_array_append (model, graph->data, graph->len);
  g_byte_array_append (model, rest->data, rest->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) w = hd_workload_parse_onnx (model->data, model->len, "large", NULL, &error);
  cr_assert_not_null (w, "%s", error != NULL ? error->message : "");
  cr_assert_eq (w->layers[0].points, 4000000);
}

Test (broken, missing_file)
{
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_workload_load ("/nowhere/at/all.xml", NULL, &error));
  cr_assert_eq (error->code, HD_ERROR_NO_INPUT);
  g_clear_error (&error);
  cr_assert_null (hd_workload_load ("/", NULL, &error));
  cr_assert_eq (error->code, HD_ERROR_NO_INPUT);
}
