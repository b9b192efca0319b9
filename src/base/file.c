/* Files are mapped to be read, and written so that they are either complete or not there: PATH.partial first, then its name. What is there and no file (/dev/stdout, a pipe) is
 * written to as it is: a file must not take its place. */
#include "config.h"
#include "base/file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
hd_file_is_there (const char *path, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  const char *what = g_file_test (path, G_FILE_TEST_IS_DIR) ? "is a folder - expected a file" : g_file_test (path, G_FILE_TEST_EXISTS) ? "is no regular file - expected one" : "no such file";
  g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: %s", path, what);
  return FALSE;
}

GMappedFile *
hd_file_map (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  GMappedFile *file = NULL;
  if (!hd_file_is_there (path, error))
    return NULL;
  if ((file = g_mapped_file_new (path, FALSE, &local)) == NULL)
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: cannot be read: %s", path, local->message);
  return file;
}

static gboolean
is_special (const char *path)
{
  struct stat info;
  return stat (path, &info) == 0 && !S_ISREG (info.st_mode);
}

/* A pipe that is the standard output already is not opened again: without a reader that would wait for one. */
static FILE *
open_special (const char *path)
{
  struct stat asked, out;
  if (stat (path, &asked) == 0 && fstat (STDOUT_FILENO, &out) == 0 && asked.st_dev == out.st_dev && asked.st_ino == out.st_ino) {
    int fd = dup (STDOUT_FILENO);
    return fd >= 0 ? fdopen (fd, "wb") : NULL;
  }
  return g_fopen (path, "wbe");
}

HdFile *
hd_file_create (const char *path, GError **error)
{
  gboolean special = is_special (path);
  g_autofree char *partial = special ? NULL : g_strconcat (path, ".partial", NULL);
  FILE *stream = special ? open_special (path) : g_fopen (partial, "wbe");
  if (stream == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: cannot be created: %s", path, g_strerror (errno));
    return NULL;
  }
  HdFile *self = g_new (HdFile, 1);
  *self = (HdFile) { stream, g_strdup (path), g_steal_pointer (&partial) };
  return self;
}

static void
file_free (HdFile *self)
{
  g_free (self->path);
  g_free (self->partial);
  g_free (self);
}

void
hd_file_discard (HdFile *self)
{
  if (self == NULL)
    return;
  fclose (self->stream);
  if (self->partial != NULL)
    g_unlink (self->partial);
  file_free (self);
}

static gboolean
cannot_write (HdFile *self, int fault, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_WRITE, "%s: cannot be written: %s", self->path, g_strerror (fault));
  if (self->partial != NULL)
    g_unlink (self->partial);
  file_free (self);
  return FALSE;
}

/* What failed earlier left no reason behind: another byte fails for the same one. */
static gboolean
fails_again (FILE *stream)
{
  if (ferror (stream) && write (fileno (stream), "", 1) == 1)
    errno = EIO;
  return ferror (stream) != 0;
}

/* A full disk may show only when the data are handed to it. Pipes and devices cannot be synced, which is no fault. */
static gboolean
hand_to_disk (FILE *stream)
{
  return !fails_again (stream) && fflush (stream) == 0 && (fsync (fileno (stream)) == 0 || errno == EINVAL || errno == EROFS);
}

gboolean
hd_file_commit (HdFile *self, GError **error)
{
  errno = 0;
  gboolean written = hand_to_disk (self->stream);
  int fault = errno != 0 ? errno : EIO;
  if (fclose (self->stream) != 0 && written) {
    written = FALSE;
    fault = errno;
  }
  if (!written)
    return cannot_write (self, fault, error);
  if (self->partial != NULL && g_rename (self->partial, self->path) != 0)
    return cannot_write (self, errno, error);
  file_free (self);
  return TRUE;
}

gboolean
hd_file_write (const char *path, const char *data, gssize length, GError **error)
{
  gsize bytes = length < 0 ? strlen (data) : (gsize) length;
  HdFile *file = hd_file_create (path, error);
  if (file == NULL)
    return FALSE;
  if (fwrite (data, 1, bytes, file->stream) != bytes)
    return cannot_write (file, errno, error);
  return hd_file_commit (file, error);
}
