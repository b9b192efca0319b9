/* Schedule files: which form a file has, whether it is for this platform, and the digest that is the same for both. */
#include "config.h"
#include "schedule/files.h"
#include "schedule/h5.h"
#include "base/file.h"
#include "h5/h5.h"
#include "xml/xml.h"

#include <stdio.h>
#include <string.h>

gboolean
_hd_schedule_platform_fits (const HdPlatform *platform, const char *name, const char *found, GError **error)
{
  g_autofree char *expected = hd_platform_sha256 (platform);
  if (found == NULL || g_str_equal (found, expected))
    return TRUE;
  if (g_str_equal (name, platform->name))
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "made for another version of the platform \"%.60s\" (sha256 %.64s) - expected %s", name, found, expected);
  else
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "made for the platform \"%.60s\" (sha256 %.64s) - expected \"%s\" (%s)", name, found, platform->name, expected);
  return FALSE;
}

/* Told apart by content; what is neither is left to the reader that its name asks for. */
static gboolean
looks_like_xml (const char *path)
{
  static const char SIGNATURE[] = "\211HDF\r\n\032\n";
  char head[64] = "";
  FILE *file = g_file_test (path, G_FILE_TEST_IS_REGULAR) ? fopen (path, "rb") : NULL;
  gsize n = file != NULL ? fread (head, 1, sizeof head, file) : 0;
  if (file != NULL)
    fclose (file);
  if (n >= 8 && memcmp (head, SIGNATURE, 8) == 0)
    return FALSE;
  gsize at = 0;
  while (at < n && (g_ascii_isspace (head[at]) || (guchar) head[at] >= 0x80))
    at++;
  return (at < n && head[at] == '<') || g_str_has_suffix (path, ".xml");
}

HdSchedule *
hd_schedule_load (const char *path, const HdPlatform *platform, GError **error)
{
  return looks_like_xml (path) ? _hd_schedule_from_xml (NULL, 0, path, platform, error) : _hd_schedule_from_h5 (path, platform, error);
}

gboolean
hd_schedule_is_hdf5 (const char *path)
{
  g_autoptr (HdH5Reader) file = hd_h5_open (path, NULL);
  return file != NULL && hd_h5_has_attribute (file, "/", "format");
}

HdSchedule *
hd_schedule_parse_xml (const char *text, gsize length, const char *name, const HdPlatform *platform, GError **error)
{
  return _hd_schedule_from_xml (text, length, name, platform, error);
}

char *
hd_schedule_to_xml (const HdSchedule *self, const HdPlatform *platform)
{
  return _hd_schedule_to_xml (self, platform);
}

static gboolean
save_xml (const HdSchedule *self, const HdPlatform *platform, const char *path, GError **error)
{
  g_autofree char *text = _hd_schedule_to_xml (self, platform);
  gsize length = strlen (text);
  if (length > HD_XML_MAX_STREAM_BYTES) {
    g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: %" G_GSIZE_FORMAT " byte are too many for an XML file - expected at most %u; HDF5 has no such limit", path, length, HD_XML_MAX_STREAM_BYTES);
    return FALSE;
  }
  return hd_file_write (path, text, (gssize) length, error);
}

gboolean
hd_schedule_save (const HdSchedule *self, const HdPlatform *platform, const char *path, GError **error)
{
  return g_str_has_suffix (path, ".xml") ? save_xml (self, platform, path, error) : _hd_schedule_to_h5 (self, platform, path, error);
}
