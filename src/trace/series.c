/* Dense series in the making.
 *
 * A series is a value since a cycle. When the value changes, the run that ends is added to the open chunk, and to as many chunks as it reaches over.
 * A chunk that is one value all along is compressed once and written as often as it is needed; one that is 0 all along is not written at all.
 */
#include "config.h"
#include "trace/series.h"

#include <heddle/error.h>

#include <string.h>

const char *const _hd_dense_names[] = { "state", "bits", "occupancy", "power", NULL };

char *
_hd_dense_escape (const char *id)
{
  GString *name = g_string_new (NULL);
  for (const char *c = id; *c != '\0'; c++)
    if (*c == '/' || *c == '%' || (*c == '.' && c == id))
      g_string_append_printf (name, "%%%02X", (guint8) *c);
    else
      g_string_append_c (name, *c);
  return g_string_free (name, FALSE);
}

char *
_hd_dense_unescape (const char *name)
{
  char *id = g_uri_unescape_string (name, NULL);
  return id != NULL ? id : g_strdup (name);
}

char *
_hd_dense_path (const HdSeries *series)
{
  g_autofree char *group = _hd_dense_escape (series->resource);
  return g_strdup_printf ("/cycles/%s/%s", group, _hd_dense_names[series->kind]);
}

static const char *
series_words (HdSeriesKind kind)
{
  switch (kind) {
    case HD_SERIES_CORE_STATE: return "state of the core in each cycle";
    case HD_SERIES_BITS: return "bits moved in each cycle";
    case HD_SERIES_OCCUPANCY: return "bits held in each cycle";
    default: return "energy spent in each cycle";
  }
}

static HdH5Column
series_column (const HdSeries *series, const char *path)
{
  HdH5Column column = { .path = path, .type = hd_h5_narrowest_type (series->max_value), .units = "bit", .long_name = series_words (series->kind), .dimension = "/cycle" };
  if (series->kind == HD_SERIES_CORE_STATE) {
    column.type = HD_H5_U8;
    column.units = "1";
    column.enumeration = "/types/core_state";
  } else if (series->kind == HD_SERIES_POWER) {
    column.type = HD_H5_F64;
    column.units = "pJ";
  }
  return column;
}

void
_hd_dense_begin (HdSeriesWriter *self, HdH5Writer *file, const HdSeries *series, double power_unit_pj, guint64 window_from, guint64 window_to)
{
  HdH5Column column = series_column (series, NULL);
  *self = (HdSeriesWriter) { .file = file, .series = *series, .window_from = window_from, .window_to = window_to, .width = hd_h5_type_size (column.type) };
  self->series.resource = g_strdup (series->resource);
  if (series->kind == HD_SERIES_POWER)
    self->unit = power_unit_pj;
  self->encoder = hd_chunk_encoder_new (self->width, HD_SERIES_CHUNK);
}

static gboolean
create_dataset (HdSeriesWriter *self, guint64 chunk_rows, GError **error)
{
  g_autofree char *path = _hd_dense_path (&self->series);
  HdH5Column column = series_column (&self->series, path);
  self->dataset = hd_h5_create_chunked (self->file, &column, chunk_rows, error);
  return self->dataset != NULL;
}

void
_hd_dense_clear (HdSeriesWriter *self)
{
  hd_h5_chunked_free (self->dataset);
  hd_chunk_encoder_free (self->encoder);
  g_free ((char *) self->series.resource);
  g_free (self->constant);
  *self = (HdSeriesWriter) { 0 };
}

/* The value as its bits stand in the file. */
static guint64
stored_value (const HdSeriesWriter *self, guint64 value)
{
  guint64 bits;
  if (self->unit <= 0)
    return value;
  double pj = value * self->unit;
  memcpy (&bits, &pj, sizeof bits);
  return bits;
}

static gboolean
write_stream (HdSeriesWriter *self, const guint8 *stream, gsize size, GError **error)
{
  if (self->dataset == NULL && !create_dataset (self, HD_SERIES_CHUNK, error))
    return FALSE;
  self->written += size;
  return hd_h5_write_chunk (self->dataset, self->chunk++, stream, size, error);
}

static gboolean
write_constant_chunks (HdSeriesWriter *self, guint64 value, guint64 n, GError **error)
{
  if (value == 0) {
    self->chunk += n;
    return TRUE;
  }
  if (self->constant == NULL || self->constant_value != value) {
    hd_chunk_encoder_add (self->encoder, value, HD_SERIES_CHUNK);
    const guint8 *stream = hd_chunk_encoder_finish (self->encoder, &self->constant_size);
    g_free (self->constant);
    self->constant = g_memdup2 (stream, self->constant_size);
    self->constant_value = value;
  }
  for (guint64 i = 0; i < n; i++)
    if (!write_stream (self, self->constant, self->constant_size, error))
      return FALSE;
  return TRUE;
}

static guint64
open_rows (const HdSeriesWriter *self)
{
  return self->zeros + hd_chunk_encoder_rows (self->encoder);
}

static void
add_to_chunk (HdSeriesWriter *self, guint64 value, guint64 n)
{
  if (value == 0 && hd_chunk_encoder_rows (self->encoder) == 0) {
    self->zeros += n;
    return;
  }
  if (self->zeros > 0)
    hd_chunk_encoder_add (self->encoder, 0, self->zeros);
  self->zeros = 0;
  hd_chunk_encoder_add (self->encoder, value, n);
}

static gboolean
finish_chunk (HdSeriesWriter *self, GError **error)
{
  gsize size;
  if (self->zeros > 0) {
    self->zeros = 0;
    self->chunk++;
    return TRUE;
  }
  const guint8 *stream = hd_chunk_encoder_finish (self->encoder, &size);
  return write_stream (self, stream, size, error);
}

static gboolean
add_rows (HdSeriesWriter *self, guint64 value, guint64 n, GError **error)
{
  while (n > 0) {
    guint64 open = open_rows (self), some = MIN (n, HD_SERIES_CHUNK - open);
    if (open == 0 && n >= HD_SERIES_CHUNK) {
      if (!write_constant_chunks (self, value, n / HD_SERIES_CHUNK, error))
        return FALSE;
      n %= HD_SERIES_CHUNK;
      continue;
    }
    add_to_chunk (self, value, some);
    n -= some;
    if (open + some == HD_SERIES_CHUNK && !finish_chunk (self, error))
      return FALSE;
  }
  return TRUE;
}

/* Even a value that never changes costs a byte for every 1,028 of its cycles, in every series: this many cycles are 16 GiB. */
#define LONGEST_RUN (G_GUINT64_CONSTANT (1) << 44)

/* Adds the run that ends at @end, as far as it lies in the window. */
static gboolean
end_run (HdSeriesWriter *self, guint64 end, GError **error)
{
  guint64 from = MAX (self->since, self->window_from), to = MIN (end, self->window_to);
  self->since = end;
  if (self->value != 0 && to > from && to - from > LONGEST_RUN) {
    g_set_error (error, HD_ERROR, HD_ERROR_WRITE, "a value of %s lasts %" G_GUINT64_FORMAT " cycles, too many to write one by one - leave the per-cycle series out (--no-dense) or say which cycles (--window)",
                 self->series.resource, to - from);
    return FALSE;
  }
  return from >= to || add_rows (self, stored_value (self, self->value), to - from, error);
}

gboolean
_hd_dense_change (HdSeriesWriter *self, guint64 cycle, guint64 value, GError **error)
{
  if (value == self->value)
    return TRUE;
  hd_assert_invariant (cycle >= self->since, "a series changes at cycle %" G_GUINT64_FORMAT " after it did at %" G_GUINT64_FORMAT, cycle, self->since);
  if (cycle > self->since && !end_run (self, cycle, error))
    return FALSE;
  self->value = value;
  return TRUE;
}

/* A series that has not filled a chunk gets one as long as itself. What is in the chunk past the end is filler, not to be seen. */
static gboolean
finish_last_chunk (HdSeriesWriter *self, guint64 rows, GError **error)
{
  guint64 open = open_rows (self), chunk_rows = HD_SERIES_CHUNK;
  if (self->dataset == NULL && self->chunk == 0) {
    chunk_rows = MIN (chunk_rows, MAX (1, MAX (rows, open)));
    hd_chunk_encoder_set_rows (self->encoder, chunk_rows);
  }
  if (self->dataset == NULL && !create_dataset (self, chunk_rows, error))
    return FALSE;
  if (open == 0 || self->chunk * HD_SERIES_CHUNK >= rows)
    return TRUE;
  if (open < chunk_rows)
    add_to_chunk (self, 0, chunk_rows - open);
  return finish_chunk (self, error);
}

gboolean
_hd_dense_end (HdSeriesWriter *self, guint64 cycles, GError **error)
{
  guint64 last = MIN (cycles, self->window_to), rows = last > self->window_from ? last - self->window_from : 0;
  if (cycles > self->since && !end_run (self, cycles, error))
    return FALSE;
  return finish_last_chunk (self, rows, error) && hd_h5_finish_chunked (self->dataset, rows, error);
}
