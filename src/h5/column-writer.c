/* Datasets: columns of numbers and of strings, texts, enumerations, and chunked ones whose chunks come compressed. */
#include "config.h"
#include "h5/packing.h"
#include "h5/private.h"

/* As _hd_h5_writer_fail(), in the functions of this file. */
#define FAIL(path) _hd_h5_writer_fail (self, path, error)

hid_t
_hd_h5_dataset_list (guint64 chunk_rows)
{
  hid_t list = H5Pcreate (H5P_DATASET_CREATE);
  hsize_t chunk = chunk_rows;
  if (list < 0)
    return list;
  gboolean fine = H5Pset_obj_track_times (list, 0) >= 0 && H5Pset_attr_phase_change (list, 64, 48) >= 0;
  if (fine && chunk_rows > 0)
    fine = H5Pset_chunk (list, 1, &chunk) >= 0 && H5Pset_shuffle (list) >= 0 && H5Pset_deflate (list, 1) >= 0;
  if (!fine)
    _hd_h5_close (&list);
  return list;
}

/* The group in which a dataset is to be. */
static gboolean
make_parent (HdH5Writer *self, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  return hd_h5_write_group (self, folder, error);
}

/* The type in the file; to be closed. */
static hid_t
column_type (HdH5Writer *self, const HdH5Column *column)
{
  if (column->type == HD_H5_STRING)
    return _hd_h5_string_type ();
  if (column->enumeration != NULL)
    return H5Topen2 (self->file, column->enumeration, H5P_DEFAULT);
  return H5Tcopy (_hd_h5_file_type (column->type));
}

static hid_t
create_dataset (HdH5Writer *self, const HdH5Column *column, guint64 rows, gboolean can_grow, guint64 chunk_rows)
{
  hsize_t extent = rows, most = can_grow ? H5S_UNLIMITED : rows;
  AUTO_ID type = column_type (self, column);
  AUTO_ID space = H5Screate_simple (1, &extent, &most);
  AUTO_ID creation = _hd_h5_dataset_list (chunk_rows);
  if (type < 0 || space < 0 || creation < 0)
    return H5I_INVALID_HID;
  return H5Dcreate2 (self->file, column->path, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
}

static gboolean
write_numbers (hid_t dataset, const HdH5Packing *packing)
{
  g_autoptr (HdChunkEncoder) encoder = hd_chunk_encoder_new (packing->width, packing->chunk_rows);
  for (guint64 i = 0; i < packing->n_chunks; i++) {
    hsize_t offset = i * packing->chunk_rows;
    HdPackedChunk chunk = { 0 };
    if (packing->packed != NULL)
      chunk = packing->packed[i];
    const guint8 *stream = chunk.stream != NULL ? chunk.stream : _hd_packing_encode (packing, i, encoder, &chunk.size);
    if (H5Dwrite_chunk (dataset, H5P_DEFAULT, 0, &offset, chunk.size, stream) < 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_strings (hid_t dataset, gconstpointer values)
{
  AUTO_ID type = _hd_h5_string_type ();
  return type >= 0 && H5Dwrite (dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
}

/* @packing: of numbers; NULL: @values are strings. */
static gboolean
write_column (HdH5Writer *self, const HdH5Column *column, const HdH5Packing *packing, gconstpointer values, guint64 n, GError **error)
{
  if (!make_parent (self, column->path, error))
    return FALSE;
  AUTO_ID dataset = create_dataset (self, column, n, FALSE, packing == NULL ? 0 : MIN (n, packing->chunk_rows));
  if (dataset < 0)
    return FAIL (column->path);
  if (n > 0 && !(packing == NULL ? write_strings (dataset, values) : write_numbers (dataset, packing)))
    return FAIL (column->path);
  if (!_hd_h5_describe (self, dataset, column, error) || !_hd_h5_attach_dimension (self, dataset, column->path, column->dimension, error))
    return FALSE;
  return _hd_h5_close (&dataset) || FAIL (column->path);
}

gboolean
hd_h5_write_column (HdH5Writer *self, const HdH5Column *column, gconstpointer values, guint64 n, GError **error)
{
  HDF5_SCOPE ();
  HdH5Packing packing;
  if (column->type == HD_H5_STRING)
    return write_column (self, column, NULL, values, n, error);
  _hd_packing_init (&packing, column->type, values, n);
  return write_column (self, column, &packing, values, n, error);
}

gboolean
hd_h5_write_packed (HdH5Writer *self, const HdH5Column *column, const HdH5Packing *packing, GError **error)
{
  HDF5_SCOPE ();
  return write_column (self, column, packing, packing->values, packing->n, error);
}

gboolean
hd_h5_write_text (HdH5Writer *self, const char *path, const char *long_name, const char *text, GError **error)
{
  HDF5_SCOPE ();
  if (!make_parent (self, path, error))
    return FALSE;
  HdH5Column column = { .path = path, .type = HD_H5_STRING, .units = "1", .long_name = long_name };
  AUTO_ID type = _hd_h5_string_type ();
  AUTO_ID space = H5Screate (H5S_SCALAR);
  AUTO_ID creation = _hd_h5_dataset_list (0);
  if (type < 0 || space < 0 || creation < 0)
    return FAIL (path);
  AUTO_ID dataset = H5Dcreate2 (self->file, path, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  if (dataset < 0 || H5Dwrite (dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) < 0)
    return FAIL (path);
  return _hd_h5_describe (self, dataset, &column, error) && (_hd_h5_close (&dataset) || FAIL (path));
}

gboolean
hd_h5_write_enum (HdH5Writer *self, const char *path, const char *const *names, guint n, GError **error)
{
  HDF5_SCOPE ();
  if (!make_parent (self, path, error))
    return FALSE;
  AUTO_ID creation = H5Pcreate (H5P_DATATYPE_CREATE);
  AUTO_ID type = H5Tenum_create (H5T_STD_U8LE);
  if (type < 0 || creation < 0 || H5Pset_obj_track_times (creation, 0) < 0)
    return FAIL (path);
  for (guint i = 0; i < n; i++) {
    guint8 value = i;
    if (H5Tenum_insert (type, names[i], &value) < 0)
      return FAIL (path);
  }
  return H5Tcommit2 (self->file, path, type, H5P_DEFAULT, creation, H5P_DEFAULT) >= 0 || FAIL (path);
}

/* --- chunks that come compressed -------------------------------------------------------------------------- */

struct HdH5Chunked {
  HdH5Writer *writer;
  char *path;
  char *dimension;
  hid_t dataset;
  guint64 chunk_rows;
  guint64 rows;       /* the extent so far */
};

HdH5Chunked *
hd_h5_create_chunked (HdH5Writer *self, const HdH5Column *column, guint64 chunk_rows, GError **error)
{
  HDF5_SCOPE ();
  if (!make_parent (self, column->path, error))
    return NULL;
  AUTO_ID dataset = create_dataset (self, column, 0, TRUE, chunk_rows);
  if (dataset < 0) {
    FAIL (column->path);
    return NULL;
  }
  if (!_hd_h5_describe (self, dataset, column, error))
    return NULL;
  HdH5Chunked *chunked = g_new (HdH5Chunked, 1);
  *chunked = (HdH5Chunked) { self, g_strdup (column->path), g_strdup (column->dimension), dataset, chunk_rows, 0 };
  dataset = H5I_INVALID_HID;
  return chunked;
}

static gboolean
set_rows (HdH5Chunked *self, guint64 rows)
{
  hsize_t extent = rows;
  if (rows == self->rows)
    return TRUE;
  self->rows = rows;
  return H5Dset_extent (self->dataset, &extent) >= 0;
}

gboolean
hd_h5_write_chunk (HdH5Chunked *self, guint64 index, gconstpointer compressed, gsize size, GError **error)
{
  HDF5_SCOPE ();
  hsize_t offset = index * self->chunk_rows;
  if (!_hd_h5_writer_usable (self->writer, error))
    return FALSE;
  /* One row of the chunk is enough to write all of it; an extent that had to shrink would make HDF5 rewrite the last chunk. */
  if (offset >= self->rows && !set_rows (self, offset + 1))
    return _hd_h5_writer_fail (self->writer, self->path, error);
  if (H5Dwrite_chunk (self->dataset, H5P_DEFAULT, 0, &offset, size, compressed) < 0)
    return _hd_h5_writer_fail (self->writer, self->path, error);
  return TRUE;
}

gboolean
hd_h5_finish_chunked (HdH5Chunked *self, guint64 rows, GError **error)
{
  HDF5_SCOPE ();
  if (!_hd_h5_writer_usable (self->writer, error))
    return FALSE;
  if (!set_rows (self, rows))
    return _hd_h5_writer_fail (self->writer, self->path, error);
  return _hd_h5_attach_dimension (self->writer, self->dataset, self->path, self->dimension, error) &&
         (_hd_h5_close (&self->dataset) || _hd_h5_writer_fail (self->writer, self->path, error));
}

void
hd_h5_chunked_free (HdH5Chunked *self)
{
  if (self == NULL)
    return;
  HDF5_SCOPE ();
  _hd_h5_close (&self->dataset);
  H5Eclear2 (H5E_DEFAULT);
  g_free (self->path);
  g_free (self->dimension);
  g_free (self);
}
