/* The sink that writes a trace.
 *
 * The engine's thread copies changes into batches; a thread of the sink's own turns them into chunks and writes them, in the order in which they came.
 * Batches are few and are reused. Whoever has to wait for the other compresses columns meanwhile: those that the schedule fixes during the run, those of the run itself
 * after it, when both do. They are written last, in their order, as are the series' chunks in theirs: so everything in the file follows from what was reported,
 * whatever the timing. One thread at a time calls HDF5: the sink's from begin() to end(), the caller's before and after.
 */
#include "config.h"
#include "h5/h5.h"
#include "trace/batches.h"
#include "trace/packed.h"
#include "trace/series.h"

#include <heddle/trace.h>

#include <string.h>

#define FLUSH_BYTES (64 << 20)  /* a killed run leaves a partial file that can be read up to here */

typedef struct {
  HdSink sink;
  const HdTraceHeader *header;
  HdTraceOptions options;
  HdH5Writer *file;
  HdSeriesWriter *series;
  guint n_series;
  guint64 since_flush;       /* bytes */
  HdPackedColumns fixed;     /* columns that are known before the run */
  HdPackedColumns records;   /* and after it; filled before the batches are closed */
  guint64 cycles;            /* of the run; set before the batches are closed */
  HdBatches *batches;
  HdBatch *open;             /* being filled; NULL before begin() */
  GThread *thread;
  gint failed;               /* atomic: `error` is set; the thread has nothing more to do */
  GError *error;             /* the first failure, of either thread */
  gboolean deadlock;
} TraceSink;

G_STATIC_ASSERT ((int) HD_COLUMN_U8 == (int) HD_H5_U8 && (int) HD_COLUMN_F64 == (int) HD_H5_F64 && (int) HD_COLUMN_STRING == (int) HD_H5_STRING);

/* --- tables ------------------------------------------------------------------------------------------------- */

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

/* All else that is known before the run, but for long columns. */
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
    if (_hd_packed_wants (&header->columns[i]))
      _hd_packed_add (&self->fixed, &header->columns[i]);
    else if (!_hd_write_table_column (self->file, &header->columns[i], NULL, error))
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

/* Flushes are told from the changes alone, not from how they come in batches. */
static gboolean
note_written (TraceSink *self, guint64 bytes, GError **error)
{
  self->since_flush += bytes;
  if (self->since_flush < FLUSH_BYTES)
    return TRUE;
  self->since_flush = 0;
  return hd_h5_flush (self->file, error);
}

static gboolean
take_changes (TraceSink *self, const HdChange *changes, gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++) {
    const HdChange *change = &changes[i];
    hd_assert_invariant (change->series < self->n_series, "a change of series %u out of %u", change->series, self->n_series);
    HdSeriesWriter *series = &self->series[change->series];
    guint64 before = series->written;
    if (!_hd_dense_change (series, change->cycle, change->value, error))
      return FALSE;
    if (series->written != before && !note_written (self, series->written - before, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
end_series (TraceSink *self, GError **error)
{
  guint64 to = MIN (self->options.window_to > 0 ? self->options.window_to : G_MAXUINT64, self->cycles);
  if (self->options.no_dense)
    return TRUE;
  if (!hd_h5_write_dimension (self->file, "/cycle", to > self->options.window_from ? to - self->options.window_from : 0, error))
    return FALSE;
  for (guint i = 0; i < self->n_series; i++)
    if (!_hd_dense_end (&self->series[i], self->cycles, error))
      return FALSE;
  return TRUE;
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

/* Takes the next batch, and compresses columns while there is none. After a failure batches are still taken, so that the engine does not wait for ever. */
static HdBatch *
next_batch (TraceSink *self)
{
  for (;;) {
    HdBatch *batch = _hd_batches_take (self->batches, FALSE);
    if (batch != NULL)
      return batch;
    if (g_atomic_int_get (&self->failed) || !_hd_packed_step (&self->fixed))
      return _hd_batches_take (self->batches, TRUE);
  }
}

/* What both threads do at the end. */
static void
pack_the_rest (TraceSink *self)
{
  while (!g_atomic_int_get (&self->failed) && (_hd_packed_step (&self->fixed) || _hd_packed_step (&self->records)))
    ;
}

static gpointer
run_thread (gpointer data)
{
  TraceSink *self = data;
  GError *error = NULL;
  HdBatch *batch;
  while ((batch = next_batch (self)) != NULL) {
    if (!g_atomic_int_get (&self->failed) && !take_changes (self, batch->change, batch->n, &error))
      note_failure (self, error);
    _hd_batches_give_back (self->batches);
  }
  if (!g_atomic_int_get (&self->failed) && !end_series (self, &error))
    note_failure (self, error);
  pack_the_rest (self);
  return NULL;
}

static gboolean
start_thread (TraceSink *self, GError **error)
{
  g_autoptr (GError) reason = NULL;
  if (self->options.one_thread)
    return TRUE;
  self->batches = _hd_batches_new ();
  self->open = _hd_batches_open (self->batches, FALSE);
  self->thread = g_thread_try_new ("trace", run_thread, self, &reason);
  if (self->thread == NULL)
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "no thread for the trace (%s)", reason->message);
  return self->thread != NULL;
}

/* Lets the thread end the series with what was reported; helps with the columns; waits for it. */
static void
finish_thread (TraceSink *self)
{
  if (self->open != NULL)
    _hd_batches_hand_over (self->batches);
  self->open = NULL;
  _hd_batches_close (self->batches);
  pack_the_rest (self);
  g_thread_join (g_steal_pointer (&self->thread));
}

/* The run was broken off: nothing of it will be kept. */
static void
abandon_thread (TraceSink *self)
{
  if (self->thread == NULL)
    return;
  g_atomic_int_set (&self->failed, 1);
  _hd_batches_close (self->batches);
  g_thread_join (g_steal_pointer (&self->thread));
}

/* --- the sink's three calls ---------------------------------------------------------------------------------------- */

static gboolean
trace_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return write_identity (self, error) && write_enums (self, error) && begin_series (self, info, error) && write_tables (self, error) && start_thread (self, error);
}

/* The next batch to be filled; while there is none, columns are compressed. */
static HdBatch *
free_batch (TraceSink *self)
{
  for (;;) {
    HdBatch *batch = _hd_batches_open (self->batches, FALSE);
    if (batch != NULL)
      return batch;
    if (!_hd_packed_step (&self->fixed))
      return _hd_batches_open (self->batches, TRUE);
  }
}

static gboolean
trace_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  if (self->n_series == 0)
    return check_failure (self, error);
  if (self->thread == NULL)
    return take_changes (self, changes, n, error);
  while (n > 0) {
    HdBatch *open = self->open;
    guint some = MIN (n, HD_BATCH_CHANGES - open->n);
    memcpy (open->change + open->n, changes, some * sizeof *changes);
    open->n += some;
    changes += some;
    n -= some;
    if (open->n < HD_BATCH_CHANGES)
      continue;
    _hd_batches_hand_over (self->batches);
    self->open = free_batch (self);
    if (!check_failure (self, error))
      return FALSE;
  }
  return TRUE;
}

/* The columns of the run: those that are long are packed, the others are written by write_records(). */
#define N_RECORDS 6

static void
describe_records (const HdTaskColumns *columns, HdTraceColumn out[N_RECORDS])
{
  const HdTraceColumn all[N_RECORDS] = {
    { "/tasks/ready", HD_COLUMN_U64, "cycle", "cycle at which all that it depends on had ended; 2^64-1: never", "task", NULL, columns->ready, columns->n_tasks },
    { "/tasks/issue", HD_COLUMN_U64, "cycle", "cycle from which its pieces occupy their space; 2^64-1: never", "task", NULL, columns->issue, columns->n_tasks },
    { "/tasks/start", HD_COLUMN_U64, "cycle", "first cycle; 2^64-1: never", "task", NULL, columns->start, columns->n_tasks },
    { "/tasks/end", HD_COLUMN_U64, "cycle", "cycle past the last; 2^64-1: never", "task", NULL, columns->end, columns->n_tasks },
    { "/tasks/wait_kind", HD_COLUMN_U8, "1", "what it waited for last", "task", "wait_kind", columns->wait_kind, columns->n_tasks },
    { "/tasks/wait_cause", HD_COLUMN_U32, "1", "task whose end ended that wait; 2^32-1: none", "task", NULL, columns->wait_cause, columns->n_tasks },
  };
  memcpy (out, all, sizeof all);
}

static void
add_records (TraceSink *self, const HdTraceColumn records[N_RECORDS])
{
  for (guint i = 0; i < N_RECORDS; i++)
    if (_hd_packed_wants (&records[i]))
      _hd_packed_add (&self->records, &records[i]);
}

static gboolean
write_records (TraceSink *self, const HdTraceColumn records[N_RECORDS], GError **error)
{
  if (!_hd_packed_write (&self->fixed, self->file, error) || !_hd_packed_write (&self->records, self->file, error))
    return FALSE;
  for (guint i = 0; i < N_RECORDS; i++)
    if (!_hd_packed_wants (&records[i]) && !_hd_write_table_column (self->file, &records[i], NULL, error))
      return FALSE;
  return TRUE;
}

static gboolean
trace_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  HdTraceColumn records[N_RECORDS];
  describe_records (columns, records);
  add_records (self, records);
  self->cycles = columns->cycles;
  if (self->thread != NULL)
    finish_thread (self);
  else if (!end_series (self, error))
    return FALSE;
  gboolean fine = check_failure (self, error) && write_records (self, records, error) && hd_h5_write_u64_attribute (self->file, "/", "cycles", columns->cycles, error);
  _hd_packed_clear (&self->fixed);
  _hd_packed_clear (&self->records);   /* its columns end with this call */
  return fine;
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
  if (options != NULL)
    self->options = *options;
  return &self->sink;
}

gboolean
hd_trace_sink_write_column (HdSink *sink, const HdTraceColumn *column, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return check_failure (self, error) && _hd_write_table_column (self->file, column, NULL, error);
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

/* Digests may have taken as long as the run. */
static gboolean
write_digests (TraceSink *self, GError **error)
{
  const HdTraceHeader *header = self->header;
  return write_root_string (self, "platform_sha256", header->platform_sha256, error) && write_root_string (self, "workload_sha256", header->workload_sha256, error) &&
         write_root_string (self, "schedule_sha256", header->schedule_sha256, error);
}

gboolean
hd_trace_sink_commit (HdSink *sink, GError **error)
{
  TraceSink *self = (TraceSink *) sink;
  return check_failure (self, error) && write_digests (self, error) && write_root_string (self, "outcome", self->deadlock ? "deadlock" : "complete", error) &&
         hd_h5_write_u64_attribute (self->file, "/", "complete", 1, error) && hd_h5_commit (self->file, error);
}

void
hd_trace_sink_free (HdSink *sink)
{
  TraceSink *self = (TraceSink *) sink;
  if (self == NULL)
    return;
  abandon_thread (self);
  for (guint i = 0; i < self->n_series; i++)
    _hd_dense_clear (&self->series[i]);
  _hd_packed_clear (&self->fixed);
  _hd_packed_clear (&self->records);
  _hd_batches_free (self->batches);
  g_free (self->series);
  hd_h5_writer_free (self->file);
  g_clear_error (&self->error);
  g_free (self);
}
