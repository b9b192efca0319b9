/* Writes models that stand in tests as text: usage: onnx-from-text FOLDER MODEL.txt... makes FOLDER/MODEL.onnx of each. */
#include <stdio.h>
#include <stdlib.h>

#include "workload/onnx-text.h"

static gboolean
convert (const char *folder, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *name = g_path_get_basename (path);
  if (!g_file_get_contents (path, &text, NULL, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return FALSE;
  }
  g_autofree char *stem = g_strndup (name, strcspn (name, ".")), *file = g_strconcat (folder, "/", stem, ".onnx", NULL);
  g_autoptr (GByteArray) bytes = onnx_from_text (text);
  return g_file_set_contents (file, (const char *) bytes->data, bytes->len, NULL);
}

int
main (int argc, char **argv)
{
  gboolean fine = argc > 2;
  for (int i = 2; i < argc; i++)
    fine = convert (argv[1], argv[i]) && fine;
  return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
