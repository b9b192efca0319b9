/* The sink that writes a trace.
 *
 * The engine's thread copies changes into batches; a thread of the sink's own turns them into chunks and writes them, in the order in which they came.
 * So everything in the file follows from what was reported, whatever the timing. Batches are few and are reused: an engine that is faster than the
 * sink waits for it. From the call of end() on the engine's thread does the writing itself.
 */
#include "config.h"
#include "h5/h5.h"
#include "trace/series.h"

#include <heddle/trace.h>

#include <string.h>

enum {
  BATCHES = 8,
  BATCH_CHANGES = 16384,
  FLUSH_BYTES = 64 << 20,  /* a killed run leaves a partial file that can be read up to here */
};

typedef struct {
  guint n;
  HdChange change[BATCH_CHANGES];
} Batch;

typedef struct {
  HdSink sink;
  const HdTraceHeader *header;
  HdTraceOptions options;
  HdH5Writer *file;
  HdSeriesWriter *series;
  guint n_series;
  guint64 since_flush;       /* bytes */
  Batch *batch[BATCHES];
  Batch *open;               /* being filled; NULL before begin() */
  GAsyncQueue *empty, *full; /* Batch *; in `full`, the sink itself stands for the end */
  GThread *thread;
  gint failed;               /* atomic: `error` is set */
  GError *error;             /* the first failure, of either thread */
  gboolean deadlock;
} TraceSink;

G_STATIC_ASSERT ((int) HD_COLUMN_U8 == (int) HD_H5_U8 && (int) HD_COLUMN_F64 == (int) HD_H5_F64 && (int) HD_COLUMN_STRING == (int) HD_H5_STRING);

/* --- tables ------------------------------------------------------------------------------------------------- */

static gboolean
write_column (TraceSink *self, const HdTraceColumn *column, GError **error)
{
  HdH5Column out = { column->path, (HdH5Type) column->type, column->units, column->long_name, NULL, NULL };
  g_autofree char *folder = g_path_get_dirname (column->path);
  g_autofree char *enumeration = column->enumeration != NULL ? g_strconcat ("/types/", column->enumeration, NULL) : NULL;
  g_autofree char *dimension = column->dimension != NULL ? g_strconcat (folder, "/", column->dimension, NULL) : NULL;
  out.enumeration = enumeration;
  out.dimension = dimension;
  if (dimension != NULL && !hd_h5_writer_has (self->file, dimension) && !hd_h5_write_dimension (self->file, dimension, column->n, error))
    return FALSE;
  return hd_h5_write_column (self->file, &out, column->values, column->n, error);
}

static gboolean
write_text (TraceSink *self, const char *path, const char *long_name, const char *text, GError **error)
{
  return text == NULL || hd_h5_write_text (self->file, path, long_name, text, error);
}

static gboolean
write_root_string (TraceSink *self, const char *name, const char *value, GError **error)
{
  return hd_h5_write_string_attribute (self->file, "/", name, value != NULL ? value : "", error);
}

static gboolean
write_identity (TraceSink *self, GError **error)
{
  const HdTraceHeader *header = self->header;
  return write_root_string (self, "Conventions", HD_TRACE_CONVENTIONS, error) && write_root_string (self, "title", header->title, error) &&
         write_root_string (self, "source", PACKAGE_NAME " " PACKAGE_VERSION, error) &&
         write_root_string (self, "platform_sha256", header->platform_sha256, error) &&
         write_root_string (self, "workload_sha256", header->workload_sha256, error) &&
         write_root_string (self, "schedule_sha256", header->schedule_sha256, error) &&
         hd_h5_write_u64_attribute (self->file, "/", "clock_hz", header->clock_hz, error);
}

static gboolean
write_enums (TraceSink *self, GError **error)
{
  static const char *const states[] = { "done", "compute", "wait_input", "wait_space", "wait_turn" };
  static const char *const waits[] = { "none", "input", "space", "turn", "grant" };
  static const char *const kinds[] = { "compute", "transfer" };
  G_STATIC_ASSERT (G_N_ELEMENTS (states) == HD_N_STATES);
  if (!hd_h5_write_enum (self->file, "/types/core_state", states, HD_N_STATES, error) ||
      !hd_h5_write_enum (self->file, "/types/wait_kind", waits, G_N_ELEMENTS (waits), error) ||
      !hd_h5_write_enum (self->file, "/types/task_kind", kinds, G_N_ELEMENTS (kinds), error))
    return FALSE;
  for (guint i = 0; i < self->header->n_enums; i++) {
    const HdTraceEnum *e = &self->header->enums[i];
    g_autofree char *path = g_strconcat ("/types/", e->name, NULL);
    if (!hd_h5_write_enum (self->file, path, e->names, e->n, error))
      return FALSE;
  }
  return TRUE;
}

/* All else that is known before the run. */
static gboolean
write_tables (TraceSink *self, GError **error)
{
  const HdTraceHeader *header = self->header;
  if (!write_text (self, "/meta/platform", "the platform, in canonical XML", header->platform_xml, error) ||
      !write_text (self, "/meta/workload", "the workload, in canonical XML", header->workload_xml, error) ||
      !write_text (self, "/meta/mapping", "the mapping, in canonical XML", header->mapping_xml, error)
      || !write_text (self, "/meta/recipe", "pass, cost rules and objective by which the schedule is made from these", header->recipe, error))
    return FALSE;
  for (guint i = 0; i < header->n_columns; i++)
    if (!write_column (self, &header->columns[i], error))
      return FALSE;
  return hd_h5_flush (self->file, error);
}

/* --- series --------------------------------------------------------------------------------------------------- */

static gboolean
begin_series (TraceSink *self, const HdRunInfo *info, GError **error)
{
  guint64 to = self->options.window_to > 0 ? self->options.window_to : G_MAXUINT64;
  if (self->options.no_dense)
    return TRUE;
  if (!hd_h5_write_group (self->file, "/cycles", error) ||
      !hd_h5_write_u64_attribute (self->file, "/cycles", "first_cycle", self->options.window_from, error))
    return FALSE;
  self->series = g_new0 (HdSeriesWriter, info->n_series);
  for (; self->n_series < info->n_series; self->n_series++)
    _hd_dense_begin (&self->series[self->n_series], self->file, &info->series[self->n_series], info->power_unit_pj, self->options.window_from, to);
  return TRUE;
}

static gboolean
take_changes (TraceSink *self, const HdChange *changes, guint n, GError **error)
{
  for (guint i = 0; i < n; i++) {
    const HdChange *change = &changes[i];
    hd_assert_invariant (change->series < self->n_series, "a change of series %u out of %u", change->series, self->n_series);
    HdSeriesWriter *series = &self->series[change->series];
    guint64 before = series->written;
    if (!_hd_dense_change (series, change->cycle, change->value, error))
      return FALSE;
    self->since_flush += series->written - before;
  }
  if (self->since_flush < FLUSH_BYTES)
    return TRUE;
  self->since_flush = 0;
  return hd_h5_flush (self->file, error);
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

/* Keeps the first failure for later calls. */
static void
note_failure (TraceSink *self, GError *error)
{
  self->error = error;
  g_atomic_int_set (&self->failed, 1);
}

static gboolean
check_failure (TraceSink *self, GError **error)
{
  if (!g_atomic_int_get (&self->failed))
    return TRUE;
  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

/* After a failure batches are still taken, so that the engine does not wait for ever. */
static gpointer
run_thread (gpointer data)
{
  TraceSink *self = data;
  GError *error = NULL;
  gpointer item;
  if (!write_tables (self, &error))
    note_failure (self, error);
  while ((item = g_async_queue_pop (self->full)) != self) {
    Batch *batch = item;
    if (!g_atomic_int_get (&self->failed) && !take_changes (self, batch->change, batch->n, &error))
      note_failure (self, error);
    batch->n = 0;
    g_async_queue_push (self->empty, batch);
  }
  return NULL;
}

static void
stop_thread (TraceSink *self)
{
  if (self->thread == NULL)
    return;
  if (self->open != NULL && self->open->n > 0)
    g_async_queue_push (self->full, g_steal_pointer (&self->open));
  g_async_queue_push (self->full, self);
  g_thread_join (g_steal_pointer (&self->thread));
}

static gboolean
start_thread (TraceSink *self, GError **error)
{
  g_autoptr (GError) reason = NULL;
  for (guint i = 0; i < BATCHES; i++) {
    self->batch[i] = g_new (Batch, 1);
    self->batch[i]->n = 0;
    g_async_queue_push (self->empty, self->batch[i]);
  }
  self->open = g_async_queue_pop (self->empty);
  self->thread = g_thread_try_new ("trace", run_thread, self, &reason);
  if (self->thread == NULL)
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "no thread for the trace (%s)", reason->message);
  return self->thread != NULL;
}

/* --- the sink's three calls ---------------------------------------------------------------------------------------- */

static gboolean
trace_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return write_identity (self, error) && write_enums (self, error) && begin_series (self, info, error) && start_thread (self, error);
}

static gboolean
trace_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  if (self->n_series == 0)
    return check_failure (self, error);
  while (n > 0) {
    Batch *open = self->open;
    guint some = MIN (n, BATCH_CHANGES - open->n);
    memcpy (open->change + open->n, changes, some * sizeof *changes);
    open->n += some;
    changes += some;
    n -= some;
    if (open->n < BATCH_CHANGES)
      continue;
    g_async_queue_push (self->full, open);
    self->open = g_async_queue_pop (self->empty);
    if (!check_failure (self, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_task_columns (TraceSink *self, const HdTaskColumns *columns, GError **error)
{
  const HdTraceColumn out[] = {
    { "/tasks/ready", HD_COLUMN_U64, "cycle", "cycle at which all that it depends on had ended; 2^64-1: never", "task", NULL, columns->ready, columns->n_tasks },
    { "/tasks/issue", HD_COLUMN_U64, "cycle", "cycle from which its pieces occupy their space; 2^64-1: never", "task", NULL, columns->issue, columns->n_tasks },
    { "/tasks/start", HD_COLUMN_U64, "cycle", "first cycle; 2^64-1: never", "task", NULL, columns->start, columns->n_tasks },
    { "/tasks/end", HD_COLUMN_U64, "cycle", "cycle past the last; 2^64-1: never", "task", NULL, columns->end, columns->n_tasks },
    { "/tasks/wait_kind", HD_COLUMN_U8, "1", "what it waited for last", "task", "wait_kind", columns->wait_kind, columns->n_tasks },
    { "/tasks/wait_cause", HD_COLUMN_U32, "1", "task whose end ended that wait; 2^32-1: none", "task", NULL, columns->wait_cause, columns->n_tasks },
  };
  for (guint i = 0; i < G_N_ELEMENTS (out); i++)
    if (!write_column (self, &out[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
end_series (TraceSink *self, guint64 cycles, GError **error)
{
  guint64 to = MIN (self->options.window_to > 0 ? self->options.window_to : G_MAXUINT64, cycles);
  if (self->options.no_dense)
    return TRUE;
  if (!hd_h5_write_dimension (self->file, "/cycle", to > self->options.window_from ? to - self->options.window_from : 0, error))
    return FALSE;
  for (guint i = 0; i < self->n_series; i++)
    if (!_hd_dense_end (&self->series[i], cycles, error))
      return FALSE;
  return TRUE;
}

static gboolean
trace_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  stop_thread (self);
  return check_failure (self, error) && end_series (self, columns->cycles, error) && write_task_columns (self, columns, error) &&
         hd_h5_write_u64_attribute (self->file, "/", "cycles", columns->cycles, error);
}

static const HdSinkClass trace_class = { trace_begin, trace_changes, trace_end };

/* --- for the caller --------------------------------------------------------------------------------------------------- */

HdSink *
hd_trace_sink_new (const char *path, const HdTraceHeader *header, const HdTraceOptions *options, GError **error)
{
  HdH5Writer *file = hd_h5_create (path, error);
  if (file == NULL)
    return NULL;
  TraceSink *self = g_new0 (TraceSink, 1);
  self->sink.klass = &trace_class;
  self->header = header;
  self->file = file;
  self->empty = g_async_queue_new ();
  self->full = g_async_queue_new ();
  if (options != NULL)
    self->options = *options;
  return &self->sink;
}

gboolean
hd_trace_sink_write_column (HdSink *sink, const HdTraceColumn *column, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return check_failure (self, error) && write_column (self, column, error);
}

gboolean
hd_trace_sink_write_number (HdSink *sink, const char *name, double value, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return check_failure (self, error) && hd_h5_write_f64_attribute (self->file, "/", name, value, error);
}

gboolean
hd_trace_sink_write_count (HdSink *sink, const char *name, guint64 value, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return check_failure (self, error) && hd_h5_write_u64_attribute (self->file, "/", name, value, error);
}

gboolean
hd_trace_sink_write_deadlock (HdSink *sink, const char *text, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  self->deadlock = TRUE;
  return check_failure (self, error) && write_text (self, "/deadlock", "why nothing could move any more", text, error);
}

gboolean
hd_trace_sink_commit (HdSink *sink, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return check_failure (self, error) && write_root_string (self, "outcome", self->deadlock ? "deadlock" : "complete", error) &&
         hd_h5_write_u64_attribute (self->file, "/", "complete", 1, error) && hd_h5_commit (self->file, error);
}

void
hd_trace_sink_free (HdSink *sink)
{
  TraceSink *self = (TraceSink *) sink;
  if (self == NULL)
    return;
  stop_thread (self);
  for (guint i = 0; i < self->n_series; i++)
    _hd_dense_clear (&self->series[i]);
  for (guint i = 0; i < BATCHES; i++)
    g_free (self->batch[i]);
  g_free (self->series);
  hd_h5_writer_free (self->file);
  g_async_queue_unref (self->empty);
  g_async_queue_unref (self->full);
  g_clear_error (&self->error);
  g_free (self);
}
