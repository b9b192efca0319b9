/* Columns of tables: written at once, or compressed first. */
#include "config.h"
#include "trace/packed.h"

gboolean
_hd_packed_wants (const HdTraceColumn *column)
{
  return column->type != HD_COLUMN_STRING && column->n > HD_H5_COLUMN_CHUNK;
}

void
_hd_packed_add (HdPackedColumns *self, const HdTraceColumn *column)
{
  self->column = g_renew (HdPackedColumn, self->column, self->n + 1);
  self->column[self->n++] = (HdPackedColumn) { *column, hd_h5_packing_new ((HdH5Type) column->type, column->values, column->n) };
}

gboolean
_hd_packed_step (HdPackedColumns *self)
{
  for (guint i = 0; i < self->n; i++)
    if (hd_h5_packing_step (self->column[i].packing))
      return TRUE;
  return FALSE;
}

void
_hd_packed_clear (HdPackedColumns *self)
{
  for (guint i = 0; i < self->n; i++)
    hd_h5_packing_free (self->column[i].packing);
  g_free (self->column);
  *self = (HdPackedColumns) { 0 };
}

gboolean
_hd_write_table_column (HdH5Writer *file, const HdTraceColumn *column, const HdH5Packing *packing, GError **error)
{
  HdH5Column out = { column->path, (HdH5Type) column->type, column->units, column->long_name, NULL, NULL };
  g_autofree char *folder = g_path_get_dirname (column->path);
  g_autofree char *enumeration = column->enumeration != NULL ? g_strconcat ("/types/", column->enumeration, NULL) : NULL;
  g_autofree char *dimension = column->dimension != NULL ? g_strconcat (folder, "/", column->dimension, NULL) : NULL;
  out.enumeration = enumeration;
  out.dimension = dimension;
  if (dimension != NULL && !hd_h5_writer_has (file, dimension) && !hd_h5_write_dimension (file, dimension, column->n, error))
    return FALSE;
  return packing != NULL ? hd_h5_write_packed (file, &out, packing, error) : hd_h5_write_column (file, &out, column->values, column->n, error);
}

gboolean
_hd_packed_write (const HdPackedColumns *self, HdH5Writer *file, GError **error)
{
  for (guint i = 0; i < self->n; i++)
    if (!_hd_write_table_column (file, &self->column[i].column, self->column[i].packing, error))
      return FALSE;
  return TRUE;
}
