/* What fuzz targets of HDF5 share: the bytes as a file, since libhdf5 reads nothing else (nor a file without a name). One file for the whole process, in memory where there is such a
 * folder; it goes when the process ends. */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static char *fuzz_path;

static void
fuzz_file_remove (void)
{
  g_unlink (fuzz_path);
  g_free (fuzz_path);
}

/* The path of a file of these bytes; NULL when there is no room for one. */
static inline const char *
fuzz_file (const uint8_t *data, size_t size)
{
  if (fuzz_path == NULL) {
    const char *given = g_getenv ("TMPDIR");
    fuzz_path = g_strdup_printf ("%s/heddle-fuzz-%d.h5", given != NULL ? given : g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir (), (int) getpid ());
    atexit (fuzz_file_remove);
  }
  return g_file_set_contents_full (fuzz_path, (const char *) data, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, NULL) ? fuzz_path : NULL;
}

/* With HEDDLE_SOUND set, all files must be sound: else a target that refuses everything would look well. */
static inline void
fuzz_expect_sound (gboolean sound, const GError *error)
{
  if (!sound && g_getenv ("HEDDLE_SOUND") != NULL)
    g_error ("refused: %s", error != NULL ? error->message : "without a reason");
}
