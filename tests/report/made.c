/* Traces made by hand. */
#include "report/made.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const char *const CORES[] = { "core0", "core1", NULL }, *const MEMORIES[] = { "dram", "sram", NULL }, *const RESOURCES[] = { "bus", NULL };
static const char *const QUEUES[] = { "q0", "q1", "dma", NULL }, *const LAYERS[] = { "a", "b", NULL }, *const TENSORS[] = { "x", "y", NULL };

Made
made_empty (void)
{
  return (Made) { .title = "made", .cycles = 100, .clock_hz = 1000000000, .core = CORES, .memory = MEMORIES, .resource = RESOURCES, .queue = QUEUES, .layer = LAYERS, .tensor = TENSORS, .energy_pj = 2500 };
}

MadeTask
made_compute (guint32 core, guint64 start, guint64 end, guint32 cause)
{
  return (MadeTask) { HD_TRACE_COMPUTE, core, core, 0, 7, 1, MADE_NONE, 1, 0, start, start, start, end, cause == MADE_NONE ? HD_WAIT_NONE : HD_WAIT_INPUT, cause };
}

MadeTask
made_transfer (guint64 start, guint64 end)
{
  return (MadeTask) { HD_TRACE_TRANSFER, 2, MADE_NONE, MADE_NONE, MADE_NONE, 0, 0, 1, 512, start, start, start, end, HD_WAIT_NONE, MADE_NONE };
}

typedef struct {
  const Made *made;
  GArray *columns;
  GPtrArray *owned;
} Writer;

static void
add_column (Writer *self, const char *path, HdColumnType type, gconstpointer values, guint64 n)
{
  static const char *const UNITS = "1";
  HdTraceColumn column = { path, type, UNITS, path, g_str_has_prefix (path, "/tasks/") ? "task" : NULL, NULL, values, n };
  if (g_strcmp0 (path, self->made->without) != 0)
    g_array_append_val (self->columns, column);
}

static void
add_names (Writer *self, const char *path, const char *const *names)
{
  add_column (self, path, HD_COLUMN_STRING, names, g_strv_length ((char **) names));
}

/* One member of all tasks. */
static gpointer
member (Writer *self, gsize offset, gsize size)
{
  guint64 n = self->made->n_tasks;
  char *values = g_malloc0 (n * size + 1);
  for (guint64 t = 0; t < n; t++)
    memcpy (values + t * size, (const char *) &self->made->task[t] + offset, size);
  g_ptr_array_add (self->owned, values);
  return values;
}

#define MEMBER(self, field) member (self, G_STRUCT_OFFSET (MadeTask, field), sizeof ((MadeTask *) NULL)->field)

static void
add_before (Writer *self)
{
  const Made *made = self->made;
  guint64 n = made->n_tasks, *capacity = g_new0 (guint64, g_strv_length ((char **) made->memory) + 1);
  g_ptr_array_add (self->owned, capacity);
  for (guint m = 0; made->memory[m] != NULL; m++)
    capacity[m] = m == 0 ? G_MAXUINT64 : 1000;
  add_names (self, "/names/core", made->core);
  add_names (self, "/names/memory", made->memory);
  add_names (self, "/names/resource", made->resource);
  add_names (self, "/names/queue", made->queue);
  add_names (self, "/names/layer", made->layer);
  add_names (self, "/names/tensor", made->tensor);
  add_column (self, "/tasks/kind", HD_COLUMN_U8, MEMBER (self, kind), n);
  add_column (self, "/tasks/queue", HD_COLUMN_U32, MEMBER (self, queue), n);
  add_column (self, "/tasks/core", HD_COLUMN_U32, MEMBER (self, core), n);
  add_column (self, "/tasks/layer", HD_COLUMN_U32, MEMBER (self, layer), n);
  add_column (self, "/tasks/node", HD_COLUMN_U32, MEMBER (self, node), n);
  add_column (self, "/tasks/tensor", HD_COLUMN_U32, MEMBER (self, tensor), n);
  add_column (self, "/tasks/source", HD_COLUMN_U32, MEMBER (self, source), n);
  add_column (self, "/tasks/destination", HD_COLUMN_U32, MEMBER (self, destination), n);
  add_column (self, "/tasks/bits", HD_COLUMN_U64, MEMBER (self, bits), n);
  add_column (self, "/memories/capacity_bits", HD_COLUMN_U64, capacity, g_strv_length ((char **) made->memory));
}

static gboolean
run (Writer *self, HdSink *sink, GError **error)
{
  const Made *made = self->made;
  g_autoptr (GArray) series = g_array_new (FALSE, FALSE, sizeof (HdSeries));
  for (guint m = 0; made->memory[m] != NULL; m++)
    g_array_append_vals (series, &(HdSeries) { HD_SERIES_OCCUPANCY, made->memory[m], 1 << 20 }, 1);
  HdRunInfo info = { series->len, (const HdSeries *) (void *) series->data, 1, made->n_tasks, made->cycles };
  HdTaskColumns columns = { made->cycles, made->n_tasks, MEMBER (self, ready), MEMBER (self, issue), MEMBER (self, start), MEMBER (self, end), MEMBER (self, wait_kind), MEMBER (self, wait_cause) };
  return sink->klass->begin (sink, &info, error) && (made->n_changes == 0 || sink->klass->changes (sink, made->change, made->n_changes, error)) && sink->klass->end (sink, &columns, error);
}

/* Of each core: what its tasks say, and all the rest waiting for input. */
static void
core_cycles (const Made *made, guint64 *compute, guint64 *wait, guint n)
{
  for (guint64 t = 0; t < made->n_tasks; t++)
    if (made->task[t].kind == HD_TRACE_COMPUTE && made->task[t].core < n && made->task[t].end != MADE_NEVER)
      compute[made->task[t].core] += made->task[t].end - made->task[t].start;
  if (made->busy > 0)
    compute[0] = made->busy;
  for (guint c = 0; c < n; c++)
    wait[c] = made->cycles - compute[c];
}

static gboolean
write_table (const Made *made, HdSink *sink, const char *path, const guint64 *values, guint n, GError **error)
{
  HdTraceColumn column = { path, HD_COLUMN_U64, "1", path, NULL, NULL, values, n };
  return g_strcmp0 (path, made->without) == 0 || hd_trace_sink_write_column (sink, &column, error);
}

static gboolean
write_after (const Made *made, HdSink *sink, GError **error)
{
  guint n_cores = g_strv_length ((char **) made->core), n_layers = g_strv_length ((char **) made->layer), n_memories = g_strv_length ((char **) made->memory);
  guint n_resources = g_strv_length ((char **) made->resource);
  g_autofree guint64 *none = g_new0 (guint64, n_cores + n_layers + n_memories + n_resources + 1), *compute = g_new0 (guint64, n_cores + 1), *wait = g_new0 (guint64, n_cores + 1);
  static const char *const LAYER[] = { "/layers/nodes", "/layers/compute_cycles", "/layers/start", "/layers/end", "/layers/macs", "/layers/moved_bits" };
  core_cycles (made, compute, wait, n_cores);
  for (guint i = 0; i < G_N_ELEMENTS (LAYER); i++)
    if (!write_table (made, sink, LAYER[i], none, n_layers, error))
      return FALSE;
  return write_table (made, sink, "/cores/compute", compute, n_cores, error) && write_table (made, sink, "/cores/wait_input", wait, n_cores, error)
         && write_table (made, sink, "/cores/wait_space", none, n_cores, error) && write_table (made, sink, "/cores/wait_turn", none, n_cores, error)
         && write_table (made, sink, "/cores/done", none, n_cores, error) && write_table (made, sink, "/resources/busy", none, n_resources, error)
         && write_table (made, sink, "/resources/bits", none, n_resources, error) && write_table (made, sink, "/memories/peak_bits", none, n_memories, error)
         && hd_trace_sink_write_number (sink, "energy_pj", made->energy_pj, error) && hd_trace_sink_write_number (sink, "compute_pj", made->energy_pj, error)
         && hd_trace_sink_write_number (sink, "transfer_pj", 0, error) && hd_trace_sink_write_number (sink, "static_pj", 0, error)
         && hd_trace_sink_write_count (sink, "dram_read_bits", 0, error) && hd_trace_sink_write_count (sink, "dram_write_bits", 0, error)
         && (made->deadlock == NULL || hd_trace_sink_write_deadlock (sink, made->deadlock, error));
}

gboolean
made_write (const Made *self, const char *path, const HdTraceOptions *options, GError **error)
{
  g_autoptr (GArray) columns = g_array_new (FALSE, FALSE, sizeof (HdTraceColumn));
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  Writer writer = { self, columns, owned };
  add_before (&writer);
  HdTraceHeader header = { .title = self->title, .platform_xml = "<platform/>", .platform_sha256 = "00", .workload_sha256 = "00", .schedule_sha256 = "00", .clock_hz = self->clock_hz,
                           .columns = (const HdTraceColumn *) (void *) columns->data, .n_columns = columns->len };
  HdSink *sink = hd_trace_sink_new (path, &header, options, error);
  gboolean fine = sink != NULL && run (&writer, sink, error) && write_after (self, sink, error) && hd_trace_sink_commit (sink, error);
  hd_trace_sink_free (sink);
  return fine;
}

char *
made_path (const char *name)
{
  g_autofree char *unique = g_strdup_printf ("heddle-report-%d-%s.h5", (int) getpid (), name);
  return g_build_filename (g_get_tmp_dir (), unique, NULL);
}

HdTrace *
made_open (const Made *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = made_path (name);
  HdTrace *trace = made_write (self, path, NULL, &error) ? hd_trace_open (path, &error) : NULL;
  if (trace == NULL)
    g_error ("%s", error->message);
  g_remove (path);
  return trace;
}
