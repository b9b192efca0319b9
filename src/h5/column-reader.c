/* Reading datasets of numbers: types, ranks, and sizes are checked first, then each chunk is inflated into exactly the room it has. */
#include "config.h"
#include "h5/read-private.h"

#include <heddle/checked.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct HdH5ChunkedReader {
  HdH5Reader *reader;
  char *path;
  hid_t dataset;
  HdH5Type type;
  guint64 rows;
  guint64 chunk_rows;  /* 0: not chunked */
  gboolean shuffled;
  gboolean deflated;
  GArray *present;     /* of guint64: the chunks that are there, ascending, once they have been listed */
  guint8 *raw;         /* a chunk as it stands in the file */
  gsize raw_size;
};

static const char *
type_words (HdH5Type type)
{
  static const char *const words[] = { "8-bit unsigned integers", "16-bit unsigned integers", "32-bit unsigned integers",
                                       "64-bit unsigned integers", "64-bit signed integers", "64-bit floating-point numbers" };
  return words[type];
}

/* --- checks -------------------------------------------------------------------------------------------- */

/* The type of the values: one of ours, or an enumeration over unsigned bytes. */
static gboolean
find_type (hid_t dataset, HdH5Type *type)
{
  AUTO_ID own = H5Dget_type (dataset);
  AUTO_ID base = own >= 0 && H5Tget_class (own) == H5T_ENUM ? H5Tget_super (own) : H5Tcopy (own);
  if (base < 0)
    return FALSE;
  for (*type = HD_H5_U8; *type <= HD_H5_F64; (*type)++)
    if (H5Tequal (base, _hd_h5_file_type (*type)) > 0)
      return TRUE;
  return FALSE;
}

static gboolean
check_filters (HdH5ChunkedReader *self, hid_t list, GError **error)
{
  int n = H5Pget_nfilters (list);
  for (int i = 0; i < n; i++) {
    gsize n_values = 0;
    unsigned flags, config;
    H5Z_filter_t filter = H5Pget_filter2 (list, i, &flags, &n_values, NULL, 0, NULL, &config);
    if (filter == H5Z_FILTER_SHUFFLE && i == 0)
      self->shuffled = TRUE;
    else if (filter == H5Z_FILTER_DEFLATE && i == n - 1)
      self->deflated = TRUE;
    else
      return _hd_h5_read_error (self->reader, self->path, error, "uses HDF5 filter %d - expected shuffle, then deflate (h5repack -f SHUF -f GZIP=1)", (int) filter);
  }
  return TRUE;
}

/* What the file declares must be able to come out of the bytes that it has. */
static gboolean
check_layout (HdH5ChunkedReader *self, GError **error)
{
  hsize_t chunk;
  gsize width = hd_h5_type_size (self->type);
  AUTO_ID list = H5Dget_create_plist (self->dataset);
  if (list < 0)
    return _hd_h5_read_failed (self->reader, self->path, error);
  H5D_layout_t layout = H5Pget_layout (list);
  if (layout == H5D_CONTIGUOUS || layout == H5D_COMPACT) {
    if (H5Pget_external_count (list) != 0)
      return _hd_h5_read_error (self->reader, self->path, error, "keeps its values in another file - expected them here");
    return self->rows <= self->reader->size / width ||
           _hd_h5_read_error (self->reader, self->path, error, "declares %" G_GUINT64_FORMAT " rows - more than the file can hold", self->rows);
  }
  if (layout != H5D_CHUNKED || H5Pget_chunk (list, 1, &chunk) != 1 || chunk == 0)
    return _hd_h5_read_error (self->reader, self->path, error, "has a layout that is not known - expected contiguous or chunked");
  if (chunk > self->reader->size * HD_H5_MAX_EXPANSION / width)
    return _hd_h5_read_error (self->reader, self->path, error, "has chunks of %" G_GUINT64_FORMAT " rows - more than the file can hold", (guint64) chunk);
  self->chunk_rows = chunk;
  return check_filters (self, list, error);
}

static gboolean
check_space (HdH5ChunkedReader *self, GError **error)
{
  hsize_t rows;
  AUTO_ID space = H5Dget_space (self->dataset);
  if (space < 0)
    return _hd_h5_read_failed (self->reader, self->path, error);
  if (H5Sget_simple_extent_ndims (space) != 1 || H5Sget_simple_extent_dims (space, &rows, NULL) != 1)
    return _hd_h5_read_error (self->reader, self->path, error, "has %d dimensions - expected 1", H5Sget_simple_extent_ndims (space));
  self->rows = rows;
  return TRUE;
}

static HdH5ChunkedReader *
open_numbers (HdH5Reader *reader, const char *path, GError **error)
{
  g_autoptr (HdH5ChunkedReader) self = g_new0 (HdH5ChunkedReader, 1);
  self->reader = reader;
  self->path = g_strdup (path);
  self->dataset = hd_h5_exists (reader, path) ? H5Dopen2 (reader->file, path, H5P_DEFAULT) : H5I_INVALID_HID;
  if (self->dataset < 0) {
    _hd_h5_read_error (reader, path, error, "is missing - expected a dataset of numbers");
    return NULL;
  }
  if (!find_type (self->dataset, &self->type)) {
    _hd_h5_read_error (reader, path, error, "holds values of a type that is not known - expected little-endian numbers");
    return NULL;
  }
  return check_space (self, error) && check_layout (self, error) ? g_steal_pointer (&self) : NULL;
}

void
hd_h5_chunked_reader_free (HdH5ChunkedReader *self)
{
  if (self == NULL)
    return;
  HDF5_SCOPE ();
  _hd_h5_close (&self->dataset);
  H5Eclear2 (H5E_DEFAULT);
  g_clear_pointer (&self->present, g_array_unref);
  g_free (self->raw);
  g_free (self->path);
  g_free (self);
}

/* --- chunks ------------------------------------------------------------------------------------------------ */

static gboolean
out_of_memory (const HdH5ChunkedReader *self, guint64 bytes, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%s:%s: %" G_GUINT64_FORMAT " bytes do not fit in memory", self->reader->path, self->path, bytes);
  return FALSE;
}

/* Bytes of chunk @index in the file; 0: it is not there. */
static gboolean
stored_size (HdH5ChunkedReader *self, guint64 index, gsize *size, GError **error)
{
  hsize_t offset = index * self->chunk_rows, stored = 0;
  /* HDF5 1.10 calls a chunk that is not there an error in some versions, and of size 0 in others. */
  if (H5Dget_chunk_storage_size (self->dataset, &offset, &stored) < 0) {
    H5Eclear2 (H5E_DEFAULT);
    stored = 0;
  }
  if (stored > self->reader->size)
    return _hd_h5_read_error (self->reader, self->path, error, "chunk %" G_GUINT64_FORMAT " is larger than the file", index);
  *size = stored;
  return TRUE;
}

/* To list n chunks takes HDF5 1.10 n * n / 2 steps, to ask for each of them as many as there could be. */
enum { LIST_AT_MOST = 20000, ASK_AT_MOST = 65536 };

static int
compare_indices (const void *a, const void *b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;
  return x < y ? -1 : x > y;
}

static void
list_present (HdH5ChunkedReader *self)
{
  hsize_t n = 0, offset, size;
  haddr_t address;
  unsigned mask;
  AUTO_ID space = H5Dget_space (self->dataset);
  if (space < 0 || H5Dget_num_chunks (self->dataset, space, &n) < 0 || n > LIST_AT_MOST)
    return;
  self->present = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (hsize_t i = 0; i < n; i++)
    if (H5Dget_chunk_info (self->dataset, space, i, &offset, &mask, &address, &size) >= 0) {
      guint64 index = offset / self->chunk_rows;
      g_array_append_val (self->present, index);
    }
  qsort (self->present->data, self->present->len, sizeof (guint64), compare_indices);
}

guint64
hd_h5_next_chunk (HdH5ChunkedReader *self, guint64 index)
{
  HDF5_SCOPE ();
  if (self->rows / self->chunk_rows <= ASK_AT_MOST)
    return index;
  if (self->present == NULL)
    list_present (self);
  if (self->present == NULL)
    return index;
  for (guint i = 0; i < self->present->len; i++)
    if (g_array_index (self->present, guint64, i) >= index)
      return g_array_index (self->present, guint64, i);
  return G_MAXUINT64;
}

static gboolean
grow_raw (HdH5ChunkedReader *self, gsize size, GError **error)
{
  if (size <= self->raw_size)
    return TRUE;
  g_free (self->raw);
  self->raw_size = 0;
  self->raw = g_try_malloc (size);
  if (self->raw == NULL)
    return out_of_memory (self, size, error);
  self->raw_size = size;
  return TRUE;
}

static gboolean
inflate_exactly (const guint8 *from, gsize from_size, guint8 *to, gsize to_size)
{
  z_stream stream = { .next_in = (Bytef *) from, .next_out = to };
  if (from_size > G_MAXUINT || to_size > G_MAXUINT || inflateInit (&stream) != Z_OK)
    return FALSE;
  stream.avail_in = from_size;
  stream.avail_out = to_size;
  int result = inflate (&stream, Z_FINISH);
  gsize made = stream.total_out;
  inflateEnd (&stream);
  return result == Z_STREAM_END && made == to_size;
}

static void
shuffle (const guint8 *values, guint8 *planes, guint64 n, gsize width)
{
  for (gsize b = 0; b < width; b++)
    for (guint64 i = 0; i < n; i++)
      planes[b * n + i] = values[i * width + b];
}

static void
unshuffle (const guint8 *planes, guint8 *values, guint64 stride, guint64 n, gsize width)
{
  for (gsize b = 0; b < width; b++)
    for (guint64 i = 0; i < n; i++)
      values[i * width + b] = planes[b * stride + i];
}

/* Reads chunk @index into @out (chunk_rows * width bytes); *@shuffled: whether it stands there in byte planes. */
static gboolean
read_chunk (HdH5ChunkedReader *self, guint64 index, gsize stored, guint8 *out, gboolean *shuffled, GError **error)
{
  hsize_t offset = index * self->chunk_rows;
  gsize bytes = self->chunk_rows * hd_h5_type_size (self->type);
  uint32_t skipped = 0;
  guint shuffle_bit = self->shuffled ? 1 : 0, deflate_bit = self->deflated ? 1u << shuffle_bit : 0;
  if (!grow_raw (self, stored, error))
    return FALSE;
  if (H5Dread_chunk (self->dataset, H5P_DEFAULT, &offset, &skipped, self->raw) < 0)
    return _hd_h5_read_failed (self->reader, self->path, error);
  *shuffled = self->shuffled && !(skipped & shuffle_bit);
  if (self->deflated && !(skipped & deflate_bit)) {
    if (!inflate_exactly (self->raw, stored, out, bytes))
      return _hd_h5_read_error (self->reader, self->path, error, "chunk %" G_GUINT64_FORMAT " does not inflate to its size - the file is damaged", index);
    return TRUE;
  }
  if (stored != bytes)
    return _hd_h5_read_error (self->reader, self->path, error, "chunk %" G_GUINT64_FORMAT " has %" G_GSIZE_FORMAT " bytes - expected %" G_GSIZE_FORMAT, index, stored, bytes);
  memcpy (out, self->raw, bytes);
  return TRUE;
}

HdH5ChunkedReader *
hd_h5_open_chunked (HdH5Reader *reader, const char *path, HdH5Type *type, guint64 *rows, guint64 *chunk_rows, GError **error)
{
  HDF5_SCOPE ();
  g_autoptr (HdH5ChunkedReader) self = open_numbers (reader, path, error);
  if (self == NULL)
    return NULL;
  if (self->chunk_rows == 0 || self->type == HD_H5_I64) {
    _hd_h5_read_error (reader, path, error, "is not a chunked series - expected chunks of unsigned or floating-point numbers");
    return NULL;
  }
  *type = self->type;
  *rows = self->rows;
  *chunk_rows = self->chunk_rows;
  return g_steal_pointer (&self);
}

gboolean
hd_h5_read_chunk (HdH5ChunkedReader *self, guint64 index, guint8 *planes, gboolean *present, GError **error)
{
  HDF5_SCOPE ();
  gsize stored, width = hd_h5_type_size (self->type);
  gboolean shuffled;
  if (!stored_size (self, index, &stored, error))
    return FALSE;
  *present = stored > 0;
  if (!*present)
    return TRUE;
  if (!read_chunk (self, index, stored, planes, &shuffled, error))
    return FALSE;
  if (shuffled || width == 1)
    return TRUE;
  g_autofree guint8 *values = g_try_malloc (self->chunk_rows * width);
  if (values == NULL)
    return out_of_memory (self, self->chunk_rows * width, error);
  memcpy (values, planes, self->chunk_rows * width);
  shuffle (values, planes, self->chunk_rows, width);
  return TRUE;
}

/* --- whole columns ---------------------------------------------------------------------------------------- */

/* Every chunk of a column is there, and large enough to hold what it should: checked before the column is allocated. */
static gboolean
check_chunks (HdH5ChunkedReader *self, GError **error)
{
  gsize stored, bytes = self->chunk_rows * hd_h5_type_size (self->type);
  guint64 n = hd_ceil_div (self->rows, self->chunk_rows);
  if (n > self->reader->size / 8)
    return _hd_h5_read_error (self->reader, self->path, error, "declares %" G_GUINT64_FORMAT " chunks - more than the file can hold", n);
  for (guint64 i = 0; i < n; i++) {
    if (!stored_size (self, i, &stored, error))
      return FALSE;
    if (stored < bytes / HD_H5_MAX_EXPANSION || stored == 0)
      return _hd_h5_read_error (self->reader, self->path, error, "chunk %" G_GUINT64_FORMAT " has %" G_GSIZE_FORMAT " bytes - too few for its rows", i, stored);
  }
  return TRUE;
}

static gboolean
read_chunked (HdH5ChunkedReader *self, guint8 *values, GError **error)
{
  gsize stored, width = hd_h5_type_size (self->type);
  guint64 n = hd_ceil_div (self->rows, self->chunk_rows);
  g_autofree guint8 *chunk = g_try_malloc (MAX (1, self->chunk_rows * width));
  if (chunk == NULL)
    return out_of_memory (self, self->chunk_rows * width, error);
  for (guint64 i = 0; i < n; i++) {
    gboolean shuffled;
    guint64 first = i * self->chunk_rows, count = MIN (self->chunk_rows, self->rows - first);
    if (!stored_size (self, i, &stored, error) || !read_chunk (self, i, stored, chunk, &shuffled, error))
      return FALSE;
    if (shuffled && width > 1)
      unshuffle (chunk, values + first * width, self->chunk_rows, count, width);
    else
      memcpy (values + first * width, chunk, count * width);
  }
  return TRUE;
}

static gboolean
read_plain (HdH5ChunkedReader *self, guint8 *values, GError **error)
{
  AUTO_ID type = H5Dget_type (self->dataset);
  if (self->rows == 0 || (type >= 0 && H5Dread (self->dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0))
    return TRUE;
  return _hd_h5_read_failed (self->reader, self->path, error);
}

static void
to_host_order (guint8 *values, guint64 n, gsize width)
{
  if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
    return;
  for (guint64 i = 0; i < n; i++)
    for (gsize b = 0; b < width / 2; b++) {
      guint8 byte = values[i * width + b];
      values[i * width + b] = values[i * width + width - 1 - b];
      values[i * width + width - 1 - b] = byte;
    }
}

gpointer
hd_h5_read_column (HdH5Reader *reader, const char *path, HdH5Type type, guint64 *rows, GError **error)
{
  HDF5_SCOPE ();
  g_autoptr (HdH5ChunkedReader) self = open_numbers (reader, path, error);
  if (self == NULL)
    return NULL;
  if (self->type != type) {
    _hd_h5_read_error (reader, path, error, "holds %s - expected %s", type_words (self->type), type_words (type));
    return NULL;
  }
  if (*rows != HD_H5_ANY_ROWS && *rows != self->rows) {
    _hd_h5_read_error (reader, path, error, "has %" G_GUINT64_FORMAT " rows - expected %" G_GUINT64_FORMAT, self->rows, *rows);
    return NULL;
  }
  if (self->chunk_rows > 0 && !check_chunks (self, error))
    return NULL;
  /* check_layout() and check_chunks() have bounded the product by a multiple of the file's size. */
  gsize width = hd_h5_type_size (type);
  g_autofree guint8 *values = g_try_malloc (MAX (1, self->rows * width));
  if (values == NULL) {
    out_of_memory (self, self->rows * width, error);
    return NULL;
  }
  if (!(self->chunk_rows > 0 ? read_chunked (self, values, error) : read_plain (self, values, error)))
    return NULL;
  to_host_order (values, self->rows, width);
  *rows = self->rows;
  return g_steal_pointer (&values);
}
