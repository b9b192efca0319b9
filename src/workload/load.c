/* Loading a workload from a file: XML and ONNX are told apart by how they begin. */
#include "config.h"
#include "base/file.h"

#include <heddle/workload.h>

#include <string.h>

/* The name counts as well: who writes XML wants to hear in which line it is none, and an empty model is no empty XML.
 * XML begins with '<', after white space or a byte order mark (of UTF-8 or UTF-16, which the XML reader judges). No ONNX model does. */
static gboolean
looks_like_xml (const char *path, const char *text, gsize length)
{
  gsize i = 0;
  if (g_str_has_suffix (path, ".xml") || g_str_has_suffix (path, ".onnx"))
    return g_str_has_suffix (path, ".xml");
  if (length >= 2 && (memcmp (text, "\xff\xfe", 2) == 0 || memcmp (text, "\xfe\xff", 2) == 0))
    return TRUE;
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    i = 3;
  while (i < length && g_ascii_isspace (text[i]))
    i++;
  return i == length || text[i] == '<';
}

HdWorkload *
hd_workload_load (const char *path, const HdImportOptions *options, GError **error)
{
  g_autoptr (GMappedFile) file = hd_file_map (path, error);
  if (file == NULL)
    return NULL;
  const char *text = g_mapped_file_get_contents (file);
  gsize length = g_mapped_file_get_length (file);
  if (text == NULL)
    text = "";
  return looks_like_xml (path, text, length) ? hd_workload_parse_xml (text, length, path, error) : hd_workload_parse_onnx ((const guint8 *) text, length, path, options, error);
}
