/* The reader, as its files see it. */
#pragma once

#include "h5/private.h"

/** Fixed-length strings longer than this are refused [byte]. */
#define HD_H5_MAX_FIXED_STRING 65536u
/** Deflate expands a byte to at most this many (RFC 1951: 258 bytes from 2 bits, less the headers). */
#define HD_H5_MAX_EXPANSION 1032u

struct HdH5Reader {
  char *path;
  guint64 size;   /* of the file [byte] */
  hid_t file;
};

/** FALSE, with "FILE:OBJECT: text" in @error. */
gboolean _hd_h5_read_error (const HdH5Reader *self, const char *object, GError **error, const char *format, ...) G_GNUC_PRINTF (4, 5);
/** FALSE, with HDF5's own reason. */
gboolean _hd_h5_read_failed (const HdH5Reader *self, const char *object, GError **error);
hid_t _hd_h5_open_file (const char *path);

/**
 * _hd_h5_probe:
 *
 * Walks all metadata of the file in a child process with limits on time and memory: objects, attributes, strings, chunk indexes. What it survives, the
 * same calls in this process survive too. Errors: %HD_ERROR_INPUT.
 */
gboolean _hd_h5_probe (const HdH5Reader *self, GError **error);
