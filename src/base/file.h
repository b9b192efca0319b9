/* Writing a whole file so that it is either complete or not there. */
#pragma once

#include <heddle/error.h>

#include <glib.h>

G_BEGIN_DECLS

/**
 * hd_file_write:
 * @length: [byte]; -1: up to the NUL
 *
 * Writes beside @path and renames; an earlier file stays as it was on failure. Errors: %HD_ERROR_CREATE (its folder cannot be written), %HD_ERROR_WRITE.
 */
gboolean hd_file_write (const char *path, const char *data, gssize length, GError **error);

G_END_DECLS
