/* Opening a trace, and reading its columns and texts when they are asked for. What was read stays until the trace is freed. */
#include "config.h"
#include "trace/read-private.h"
#include "trace/series.h"

#include <string.h>

static void
clear_info (HdTraceInfo *info)
{
  for (guint i = 0; i < info->n_series; i++) {
    g_free (info->series[i].resource);
    g_free (info->series[i].path);
  }
  g_free (info->series);
  g_free (info->path);
  g_free (info->title);
  g_free (info->source);
  g_free (info->platform_sha256);
  g_free (info->workload_sha256);
  g_free (info->schedule_sha256);
}

void
hd_trace_free (HdTrace *self)
{
  if (self == NULL)
    return;
  clear_info (&self->info);
  hd_h5_reader_free (self->file);
  g_hash_table_unref (self->kept);
  g_free (self);
}

const HdTraceInfo *
hd_trace_info (const HdTrace *self)
{
  return &self->info;
}

static gboolean
trace_error (const HdTrace *self, const char *object, GError **error, const char *text)
{
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: %s", self->info.path, object, text);
  return FALSE;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static gboolean
check_kind (HdTrace *self, GError **error)
{
  g_autofree char *conventions = NULL;
  guint64 complete = 0;
  if (!hd_h5_has_attribute (self->file, "/", "Conventions"))
    return trace_error (self, "/", error, "has no attribute 'Conventions' - expected a trace, where it is " HD_TRACE_CONVENTIONS);
  if (!hd_h5_read_string_attribute (self->file, "/", "Conventions", &conventions, error))
    return FALSE;
  if (!g_str_equal (conventions, HD_TRACE_CONVENTIONS)) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/: Conventions is '%.60s' - expected " HD_TRACE_CONVENTIONS, self->info.path, conventions);
    return FALSE;
  }
  if (!hd_h5_has_attribute (self->file, "/", "complete"))
    return trace_error (self, "/", error, "has no attribute 'complete' - the run that wrote it did not end");
  return hd_h5_read_u64_attribute (self->file, "/", "complete", &complete, error) &&
         (complete == 1 || trace_error (self, "/", error, "attribute 'complete' is not 1 - the run that wrote it did not end"));
}

static gboolean
read_identity (HdTrace *self, GError **error)
{
  HdTraceInfo *info = &self->info;
  g_autofree char *outcome = NULL;
  if (!hd_h5_read_string_attribute (self->file, "/", "title", &info->title, error) ||
      !hd_h5_read_string_attribute (self->file, "/", "source", &info->source, error) ||
      !hd_h5_read_string_attribute (self->file, "/", "platform_sha256", &info->platform_sha256, error) ||
      !hd_h5_read_string_attribute (self->file, "/", "workload_sha256", &info->workload_sha256, error) ||
      !hd_h5_read_string_attribute (self->file, "/", "schedule_sha256", &info->schedule_sha256, error) ||
      !hd_h5_read_u64_attribute (self->file, "/", "clock_hz", &info->clock_hz, error) ||
      !hd_h5_read_u64_attribute (self->file, "/", "cycles", &info->cycles, error) ||
      !hd_h5_read_string_attribute (self->file, "/", "outcome", &outcome, error))
    return FALSE;
  info->deadlock = g_str_equal (outcome, "deadlock");
  return info->deadlock || g_str_equal (outcome, "complete") || trace_error (self, "/", error, "outcome is unknown - expected complete or deadlock");
}

/* The ends of the tasks say how many there are. */
static gboolean
count_tasks (HdTrace *self, GError **error)
{
  self->info.n_tasks = HD_H5_ANY_ROWS;
  guint64 n = HD_H5_ANY_ROWS;
  if (hd_trace_column (self, "/tasks/end", HD_COLUMN_U64, &n, error) == NULL)
    return FALSE;
  self->info.n_tasks = n;
  return TRUE;
}

static gboolean
add_series (HdTrace *self, GArray *all, const char *group, GError **error)
{
  g_autofree char *folder = g_strconcat ("/cycles/", group, NULL);
  g_auto (GStrv) names = hd_h5_list (self->file, folder, NULL, error);
  if (names == NULL)
    return FALSE;
  for (char **name = names; *name != NULL; name++) {
    guint kind = 0;
    while (_hd_dense_names[kind] != NULL && !g_str_equal (_hd_dense_names[kind], *name))
      kind++;
    if (_hd_dense_names[kind] == NULL)
      return trace_error (self, folder, error, "holds a series of a kind that is not known - expected state, bits, occupancy or power");
    HdTraceSeries series = { kind, _hd_dense_unescape (group), g_strconcat (folder, "/", *name, NULL) };
    g_array_append_val (all, series);
  }
  return TRUE;
}

static gboolean
find_series (HdTrace *self, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (HdTraceSeries));
  gboolean fine = TRUE;
  if (!hd_trace_has (self, "/cycles"))
    return TRUE;
  if (!hd_h5_read_u64_attribute (self->file, "/cycles", "first_cycle", &self->info.series_from, error))
    return FALSE;
  g_auto (GStrv) groups = hd_h5_list (self->file, "/cycles", NULL, error);
  for (char **group = groups; fine && group != NULL && *group != NULL; group++)
    fine = add_series (self, all, *group, error);
  self->info.n_series = all->len;
  self->info.series = (HdTraceSeries *) g_array_steal (all, NULL);
  return fine && groups != NULL;
}

/* All series have the same rows; their number is the window's length. */
static gboolean
check_series (HdTrace *self, GError **error)
{
  HdTraceInfo *info = &self->info;
  guint64 common = 0;
  for (guint i = 0; i < info->n_series; i++) {
    guint64 rows, chunk_rows;
    HdH5Type type;
    g_autoptr (HdH5ChunkedReader) chunks = hd_h5_open_chunked (self->file, info->series[i].path, &type, &rows, &chunk_rows, error);
    if (chunks == NULL)
      return FALSE;
    if ((type == HD_H5_F64) != (info->series[i].kind == HD_SERIES_POWER))
      return trace_error (self, info->series[i].path, error, "has the type of another kind of series - expected integers, but power in floating-point numbers");
    if (i > 0 && rows != common)
      return trace_error (self, info->series[i].path, error, "has another number of rows than the series before - expected the same");
    common = rows;
  }
  if (common > info->cycles || info->series_from > G_MAXUINT64 - common || (common > 0 && info->series_from + common > info->cycles))
    return trace_error (self, "/cycles", error, "has more rows than the run has cycles");
  info->series_to = info->series_from + common;
  return TRUE;
}

HdTrace *
hd_trace_open (const char *path, GError **error)
{
  HdH5Reader *file = hd_h5_open (path, error);
  if (file == NULL)
    return NULL;
  g_autoptr (HdTrace) self = g_new0 (HdTrace, 1);
  self->file = file;
  self->info.path = g_strdup (path);
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, _hd_trace_kept_free);
  if (!check_kind (self, error) || !read_identity (self, error) || !count_tasks (self, error) || !find_series (self, error) || !check_series (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

const HdTraceSeries *
hd_trace_find_series (const HdTrace *self, HdSeriesKind kind, const char *resource)
{
  for (guint i = 0; i < self->info.n_series; i++)
    if (self->info.series[i].kind == kind && g_str_equal (self->info.series[i].resource, resource))
      return &self->info.series[i];
  return NULL;
}

/* --- columns and texts ----------------------------------------------------------------------------------------------- */

void
_hd_trace_kept_free (gpointer data)
{
  Kept *kept = data;
  if (kept->type == HD_COLUMN_STRING)
    g_strfreev (kept->values);
  else
    g_free (kept->values);
  g_free (kept);
}

gboolean
hd_trace_has (HdTrace *self, const char *path)
{
  return hd_h5_exists (self->file, path);
}

static const Kept *
keep (HdTrace *self, const char *path, HdColumnType type, gpointer values, guint64 n)
{
  Kept *kept = g_new (Kept, 1);
  *kept = (Kept) { type, n, values };
  g_hash_table_insert (self->kept, g_strdup (path), kept);
  return kept;
}

static const Kept *
read_column (HdTrace *self, const char *path, HdColumnType type, guint64 n, GError **error)
{
  guint64 rows = g_str_has_prefix (path, "/tasks/") ? self->info.n_tasks : n;
  gpointer values = type == HD_COLUMN_STRING ? (gpointer) hd_h5_read_strings (self->file, path, &rows, error)
                                             : hd_h5_read_column (self->file, path, (HdH5Type) type, &rows, error);
  return values == NULL ? NULL : keep (self, path, type, values, rows);
}

gconstpointer
hd_trace_column (HdTrace *self, const char *path, HdColumnType type, guint64 *n, GError **error)
{
  const Kept *kept = g_hash_table_lookup (self->kept, path);
  if (kept == NULL)
    kept = read_column (self, path, type, *n, error);
  if (kept == NULL)
    return NULL;
  if (kept->type != type || (*n != HD_H5_ANY_ROWS && *n != kept->n)) {
    trace_error (self, path, error, "has another type or another number of rows - expected what it was first read as");
    return NULL;
  }
  *n = kept->n;
  return kept->values;
}

const char *
hd_trace_text (HdTrace *self, const char *path, GError **error)
{
  const Kept *kept = g_hash_table_lookup (self->kept, path);
  if (kept != NULL)
    return kept->type == HD_COLUMN_U8 ? kept->values : NULL;
  char *text = hd_h5_read_text (self->file, path, error);
  return text == NULL ? NULL : keep (self, path, HD_COLUMN_U8, text, strlen (text))->values;
}

gboolean
hd_trace_number (HdTrace *self, const char *name, double *value, GError **error)
{
  return hd_h5_read_f64_attribute (self->file, "/", name, value, error);
}

gboolean
hd_trace_count (HdTrace *self, const char *name, guint64 *value, GError **error)
{
  return hd_h5_read_u64_attribute (self->file, "/", name, value, error);
}
