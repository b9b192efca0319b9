/* Writing a whole file so that it is either complete or not there. */
#include "config.h"
#include "base/file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Writes and syncs @partial; on failure it is removed. */
static gboolean
write_partial (const char *partial, const char *path, const char *data, gsize length, GError **error)
{
  FILE *file = g_fopen (partial, "wbe");
  if (file == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: cannot be created: %s", path, g_strerror (errno));
    return FALSE;
  }
  gboolean written = fwrite (data, 1, length, file) == length && fflush (file) == 0 && fsync (fileno (file)) == 0;
  int fault = errno;
  if (fclose (file) != 0 && written) {
    written = FALSE;
    fault = errno;
  }
  if (!written) {
    g_set_error (error, HD_ERROR, HD_ERROR_WRITE, "%s: cannot be written: %s", path, g_strerror (fault));
    g_unlink (partial);
  }
  return written;
}

gboolean
hd_file_write (const char *path, const char *data, gssize length, GError **error)
{
  g_autofree char *partial = g_strconcat (path, ".partial", NULL);
  if (!write_partial (partial, path, data, length < 0 ? strlen (data) : (gsize) length, error))
    return FALSE;
  if (g_rename (partial, path) != 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_WRITE, "%s: cannot be renamed to its name: %s", path, g_strerror (errno));
    g_unlink (partial);
    return FALSE;
  }
  return TRUE;
}
