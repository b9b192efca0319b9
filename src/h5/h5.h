/* The only room that knows HDF5 and zlib: writing files that are whole or absent, and reading hostile ones safely.
 *
 * Writing: everything goes to PATH.partial, which is locked while it is written; hd_h5_commit() makes it PATH. Every HDF5 call's return is
 * checked; the first failure poisons the writer: each later call fails with the same error, and the partial file is removed when the writer is
 * freed. No object carries a time, links keep their order, so the same calls give the same bytes.
 *
 * Reading: a file is first walked in a child process, because libhdf5 can crash or hang on damaged metadata; then types, ranks, and sizes are
 * checked against what the caller expects and against the size of the file. Chunks are inflated by this room, never past their declared size.
 *
 * Paths of objects are absolute ("/tasks/start"); groups on the way are made. The root is "/".
 * HDF5 may be built without thread support, so all calls of this room take one lock of the process.
 * Ownership: whoever creates a writer or reader frees it; what a read returns is the caller's.
 */
#pragma once

#include <heddle/error.h>

#include <glib.h>

G_BEGIN_DECLS

/** Rows of a chunk of a column. */
#define HD_H5_COLUMN_CHUNK 65536u

typedef enum {
  HD_H5_U8,
  HD_H5_U16,
  HD_H5_U32,
  HD_H5_U64,
  HD_H5_I64,
  HD_H5_F64,
  HD_H5_STRING,  /* variable-length UTF-8; values are const char *const * */
} HdH5Type;

/** Bytes of one value in memory and in the file. */
gsize hd_h5_type_size (HdH5Type type);
/** The narrowest of U8 to U64 that holds @max_value. */
HdH5Type hd_h5_narrowest_type (guint64 max_value);

/** A one-dimensional dataset, as it is to be written. */
typedef struct {
  const char *path;
  HdH5Type type;
  const char *units;      /* "cycle", "bit", "byte", "pJ", "1" */
  const char *long_name;  /* what it is, in words */
  const char *enumeration; /* (nullable): path of what hd_h5_write_enum() wrote; the type is U8 */
  const char *dimension;  /* (nullable): path of what hd_h5_write_dimension() wrote; it must have as many rows */
} HdH5Column;

/* --- writing ------------------------------------------------------------------------------------ */

typedef struct HdH5Writer HdH5Writer;

/**
 * hd_h5_create:
 * @path: the file that will be there after hd_h5_commit(); an older one stays as it is until then
 *
 * Errors: %HD_ERROR_CREATE when PATH.partial cannot be created, or when another run is writing it.
 */
HdH5Writer *hd_h5_create (const char *path, GError **error);

/**
 * hd_h5_commit:
 *
 * Closes the file, hands it to the disk, and gives it its name. After this only hd_h5_writer_free() may be called.
 * Errors: %HD_ERROR_WRITE; %HD_ERROR_CREATE when it cannot be renamed. In both cases nothing of the name @path has changed.
 */
gboolean hd_h5_commit (HdH5Writer *self, GError **error);

/** Frees; a file that was not committed is removed. NULL is allowed. */
void hd_h5_writer_free (HdH5Writer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdH5Writer, hd_h5_writer_free)

/* The errors of all that follow: %HD_ERROR_WRITE. */

/** TRUE when an object of that path has been written, and its group too. */
gboolean hd_h5_writer_has (HdH5Writer *self, const char *path);
gboolean hd_h5_write_group (HdH5Writer *self, const char *path, GError **error);
/** Scalar attributes of an object that is there. Text is variable-length UTF-8. */
gboolean hd_h5_write_string_attribute (HdH5Writer *self, const char *object, const char *name, const char *value, GError **error);
gboolean hd_h5_write_u64_attribute (HdH5Writer *self, const char *object, const char *name, guint64 value, GError **error);
gboolean hd_h5_write_f64_attribute (HdH5Writer *self, const char *object, const char *name, double value, GError **error);
/** A scalar string dataset. */
gboolean hd_h5_write_text (HdH5Writer *self, const char *path, const char *long_name, const char *text, GError **error);
/** A committed enumeration over unsigned bytes: @names[i] has the value i. */
gboolean hd_h5_write_enum (HdH5Writer *self, const char *path, const char *const *names, guint n, GError **error);
/** A dimension without coordinates, by which netCDF and xarray name the rows of columns. */
gboolean hd_h5_write_dimension (HdH5Writer *self, const char *path, guint64 rows, GError **error);

/**
 * hd_h5_write_column:
 * @column: what it is
 * @values: (array length=n): of the column's type
 * @n: rows; may be 0
 *
 * Writes a whole column: chunks of %HD_H5_COLUMN_CHUNK rows (one smaller chunk when there are fewer), shuffle and deflate.
 */
gboolean hd_h5_write_column (HdH5Writer *self, const HdH5Column *column, gconstpointer values, guint64 n, GError **error);

/** A column of numbers that is compressed before it is written, by several threads if they like. */
typedef struct HdH5Packing HdH5Packing;
/** Returns (transfer full). @values (array length=n) must live until it is freed; no type but numbers. */
HdH5Packing *hd_h5_packing_new (HdH5Type type, gconstpointer values, guint64 n);
/** Compresses the next %HD_H5_COLUMN_CHUNK rows that no thread has taken. FALSE: there are none. */
gboolean hd_h5_packing_step (HdH5Packing *self);
/** Frees; NULL is allowed. No thread may be in a step. */
void hd_h5_packing_free (HdH5Packing *self);
/** As hd_h5_write_column(), the same bytes; what no thread has compressed is compressed now. No thread may be in a step. */
gboolean hd_h5_write_packed (HdH5Writer *self, const HdH5Column *column, const HdH5Packing *packing, GError **error);

/** A dataset whose compressed chunks the caller makes (zlib streams of shuffled values) and whose length is known last. */
typedef struct HdH5Chunked HdH5Chunked;
/** Returns (transfer full): it is freed by hd_h5_chunked_free() before the writer is committed. */
HdH5Chunked *hd_h5_create_chunked (HdH5Writer *self, const HdH5Column *column, guint64 chunk_rows, GError **error);
/** Writes chunk @index; a chunk never written reads as zeros. */
gboolean hd_h5_write_chunk (HdH5Chunked *self, guint64 index, gconstpointer compressed, gsize size, GError **error);
/** Sets the final number of rows, and attaches the column's dimension. */
gboolean hd_h5_finish_chunked (HdH5Chunked *self, guint64 rows, GError **error);
void hd_h5_chunked_free (HdH5Chunked *self);

/** Hands what is written so far to the file, so that a killed run leaves a partial file that can be looked into. */
gboolean hd_h5_flush (HdH5Writer *self, GError **error);

/* --- reading ------------------------------------------------------------------------------------ */

typedef struct HdH5Reader HdH5Reader;

/** In place of a number of rows: any. */
#define HD_H5_ANY_ROWS G_MAXUINT64

/**
 * hd_h5_open:
 *
 * Errors: %HD_ERROR_NO_INPUT when the file is not there or cannot be read; %HD_ERROR_INPUT when it is not a sound HDF5 file.
 * The errors of all reads that follow: %HD_ERROR_INPUT, beginning with "FILE:OBJECT: "; %HD_ERROR_MEMORY.
 */
HdH5Reader *hd_h5_open (const char *path, GError **error);
void hd_h5_reader_free (HdH5Reader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdH5Reader, hd_h5_reader_free)
const char *hd_h5_reader_path (const HdH5Reader *self);

/** TRUE when there is an object of that path. */
gboolean hd_h5_exists (HdH5Reader *self, const char *object);
gboolean hd_h5_has_attribute (HdH5Reader *self, const char *object, const char *name);
/** Names of the objects in a group, in byte order. Returns (transfer full): NULL-ended; NULL on error. */
char **hd_h5_list (HdH5Reader *self, const char *group, guint *n, GError **error);

gboolean hd_h5_read_string_attribute (HdH5Reader *self, const char *object, const char *name, char **value, GError **error);
gboolean hd_h5_read_u64_attribute (HdH5Reader *self, const char *object, const char *name, guint64 *value, GError **error);
gboolean hd_h5_read_f64_attribute (HdH5Reader *self, const char *object, const char *name, double *value, GError **error);
/** A scalar string dataset. Returns (transfer full), or NULL. */
char *hd_h5_read_text (HdH5Reader *self, const char *path, GError **error);

/**
 * hd_h5_read_column:
 * @path: a one-dimensional dataset of numbers
 * @type: what it must be: exactly this type (U8 stands for an enumeration over bytes as well)
 * @rows: (inout): in: how many rows it must have, or %HD_H5_ANY_ROWS; out: how many it has
 *
 * Returns (transfer full): the values, to be freed with g_free(), never NULL for no rows; NULL on error.
 */
gpointer hd_h5_read_column (HdH5Reader *self, const char *path, HdH5Type type, guint64 *rows, GError **error);
/** A one-dimensional dataset of strings. Returns (transfer full): NULL-ended, to be freed with g_strfreev(). */
char **hd_h5_read_strings (HdH5Reader *self, const char *path, guint64 *rows, GError **error);

/** A dataset of chunks, for those who decode them piecemeal. */
typedef struct HdH5ChunkedReader HdH5ChunkedReader;
/** @type: (out): U8 to U64 or F64. */
HdH5ChunkedReader *hd_h5_open_chunked (HdH5Reader *self, const char *path, HdH5Type *type, guint64 *rows, guint64 *chunk_rows, GError **error);
/** Where to look on: no chunk from @index up to, but not including, the returned one is in the file; 2^64-1: none is any more. Where there are few chunks that is @index itself. */
guint64 hd_h5_next_chunk (HdH5ChunkedReader *self, guint64 index);
/**
 * hd_h5_read_chunk:
 * @planes: chunk_rows * type size bytes
 * @present: (out): FALSE when the chunk is not in the file: it is all zeros, and @planes is as it was
 *
 * Reads one chunk as it was before the shuffle filter's inverse: byte plane after byte plane, least significant first.
 */
gboolean hd_h5_read_chunk (HdH5ChunkedReader *self, guint64 index, guint8 *planes, gboolean *present, GError **error);
void hd_h5_chunked_reader_free (HdH5ChunkedReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdH5ChunkedReader, hd_h5_chunked_reader_free)

G_END_DECLS
