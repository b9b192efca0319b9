/* Files: mapped to be read; written so that they are either complete or not there: PATH.partial first, then their name. */
#pragma once

#include <heddle/error.h>

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

/** Whether @path is a file; a folder or a device is none, and the message says what it is. Errors: %HD_ERROR_NO_INPUT. */
gboolean hd_file_is_there (const char *path, GError **error);

/** A file as it is. Errors: %HD_ERROR_NO_INPUT. */
GMappedFile *hd_file_map (const char *path, GError **error);

typedef struct {
  FILE *stream;     /* what is written to */
  char *path;
  char *partial;    /* NULL: what is there is no file, and written to as it is */
} HdFile;

/** Errors: %HD_ERROR_CREATE. */
HdFile *hd_file_create (const char *path, GError **error);
/** Syncs, closes and renames. Errors: %HD_ERROR_WRITE, also for what failed earlier; an older file stays as it was. Frees @self in any case. */
gboolean hd_file_commit (HdFile *self, GError **error);
/** Closes and removes what was written. NULL is allowed. */
void hd_file_discard (HdFile *self);

/** Writes @length bytes (-1: up to the NUL) as a whole file. */
gboolean hd_file_write (const char *path, const char *data, gssize length, GError **error);

G_END_DECLS
