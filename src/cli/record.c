/* What a trace says besides the run itself: names, the schedule's columns, and tables of cores, memories, resources and layers. */
#include "config.h"
#include "cli/simulation.h"

#include <string.h>

struct CliRecord {
  const HdPlatform *platform;
  const HdSchedule *schedule;
  HdTraceHeader header;
  const char **core_name, **memory_name, **resource_name, **queue_name;
  guint32 *core, *source, *tensor, *destination;   /* by task */
  guint64 *capacity;                               /* by memory [bit] */
  guint8 *dram;                                    /* by memory */
  guint inferences;
  GArray *columns;          /* of HdTraceColumn */
  GPtrArray *owned;         /* arrays behind the columns */
  char *platform_xml, *workload_sha256, *schedule_sha256, *title;
  GThread *digest;          /* makes schedule_sha256; NULL: nobody does */
};

static gpointer
own (CliRecord *self, gpointer data)
{
  g_ptr_array_add (self->owned, data);
  return data;
}

static void
add (CliRecord *self, HdTraceColumn column)
{
  g_array_append_val (self->columns, column);
}

/* --- names ---------------------------------------------------------------------------------------- */

#define NAMES_OF(self, array, count, field) names_of (self, (const char *) (array), count, sizeof *(array), G_STRUCT_OFFSET (__typeof__ (*(array)), field))

/* The string member at @offset of each element. */
static const char **
names_of (CliRecord *self, const char *array, guint n, gsize size, gsize offset)
{
  const char **names = own (self, g_new (const char *, (gsize) n + 1));
  for (guint i = 0; i < n; i++)
    memcpy (&names[i], array + i * size + offset, sizeof *names);
  return names;
}

static void
add_names (CliRecord *self)
{
  const HdPlatform *platform = self->platform;
  const HdSchedule *schedule = self->schedule;
  self->core_name = NAMES_OF (self, platform->core, platform->n_cores, id);
  self->memory_name = NAMES_OF (self, platform->memory, platform->n_memories, id);
  self->resource_name = NAMES_OF (self, platform->resource, platform->n_resources, id);
  self->queue_name = NAMES_OF (self, schedule->queue, schedule->n_queues, name);
  const struct { const char *path, *long_name; gconstpointer values; guint n; } rows[] = {
    { "/names/core", "cores: the index is the number in /tasks/core", self->core_name, platform->n_cores },
    { "/names/memory", "memories", self->memory_name, platform->n_memories },
    { "/names/resource", "ports, buses and links", self->resource_name, platform->n_resources },
    { "/names/queue", "queues: the index is the number in /tasks/queue", self->queue_name, schedule->n_queues },
    { "/names/layer", "layers: the index is the number in /tasks/layer", schedule->layer_name, schedule->n_layers },
    { "/names/tensor", "tensors: the index is the number in /tasks/tensor", schedule->tensor_name, schedule->n_tensors },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    add (self, (HdTraceColumn) { .path = rows[i].path, .type = HD_COLUMN_STRING, .units = "1", .long_name = rows[i].long_name, .values = rows[i].values, .n = rows[i].n });
}

/* --- tasks ------------------------------------------------------------------------------------------ */

static guint32 *
cores_of_tasks (CliRecord *self, const HdSchedule *schedule)
{
  guint32 *core = own (self, g_new (guint32, (gsize) schedule->n_tasks + 1));
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    core[t] = schedule->kind[t] == HD_TASK_COMPUTE ? schedule->queue[schedule->queue_of[t]].core : HD_NONE;
  return core;
}

/* The tensor that a task makes, and where: of the first piece it creates. */
static void
find_targets (CliRecord *self)
{
  const HdSchedule *schedule = self->schedule;
  gsize size = ((gsize) schedule->n_tasks + 1) * sizeof (guint32);
  self->tensor = memset (own (self, g_malloc (size)), 0xff, size);
  self->destination = memset (own (self, g_malloc (size)), 0xff, size);
  for (guint32 p = schedule->n_pieces; p-- > 0;)
    if (schedule->piece_creator[p] != HD_NONE) {
      self->tensor[schedule->piece_creator[p]] = schedule->piece_tensor[p];
      self->destination[schedule->piece_creator[p]] = schedule->piece_memory[p];
    }
}

static guint32 *
sources_of_tasks (CliRecord *self, const HdSchedule *schedule)
{
  guint32 *source = own (self, g_new (guint32, (gsize) schedule->n_tasks + 1));
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    source[t] = schedule->kind[t] == HD_TASK_TRANSFER ? schedule->route[schedule->what[t]].source : HD_NONE;
  return source;
}

static void
add_tasks (CliRecord *self)
{
  const HdSchedule *schedule = self->schedule;
  find_targets (self);
  self->core = cores_of_tasks (self, schedule);
  self->source = sources_of_tasks (self, schedule);
  const HdTraceColumn rows[] = {
    { .path = "/tasks/kind", .type = HD_COLUMN_U8, .units = "1", .long_name = "compute or transfer", .enumeration = "task_kind", .values = schedule->kind },
    { .path = "/tasks/queue", .type = HD_COLUMN_U32, .units = "1", .long_name = "queue, index in /names/queue", .values = schedule->queue_of },
    { .path = "/tasks/core", .type = HD_COLUMN_U32, .units = "1", .long_name = "core of a compute, index in /names/core; 2^32-1: none", .values = self->core },
    { .path = "/tasks/layer", .type = HD_COLUMN_U32, .units = "1", .long_name = "layer, index in /names/layer; 2^32-1: none", .values = schedule->layer },
    { .path = "/tasks/node", .type = HD_COLUMN_U32, .units = "1", .long_name = "computation node; of a transfer: the one it is made for; 2^32-1: none", .values = schedule->node },
    { .path = "/tasks/tensor", .type = HD_COLUMN_U32, .units = "1", .long_name = "tensor that is made or moved, index in /names/tensor; 2^32-1: none", .values = self->tensor },
    { .path = "/tasks/source", .type = HD_COLUMN_U32, .units = "1", .long_name = "memory a transfer reads, index in /names/memory; 2^32-1: none", .values = self->source },
    { .path = "/tasks/destination", .type = HD_COLUMN_U32, .units = "1", .long_name = "memory that is written (the first of several), index in /names/memory; 2^32-1: none", .values = self->destination },
    { .path = "/tasks/bits", .type = HD_COLUMN_U64, .units = "bit", .long_name = "bits that a transfer moves", .values = schedule->bits },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    HdTraceColumn row = rows[i];
    row.dimension = "task";
    row.n = schedule->n_tasks;
    add (self, row);
  }
}

/* --- tables of the platform --------------------------------------------------------------------------- */

static void
add_platform (CliRecord *self)
{
  const HdPlatform *platform = self->platform;
  guint64 *capacity = own (self, g_new (guint64, platform->n_memories + 1)), *width = own (self, g_new (guint64, platform->n_resources + 1));
  for (guint m = 0; m < platform->n_memories; m++)
    capacity[m] = platform->memory[m].capacity_bits;
  for (guint r = 0; r < platform->n_resources; r++)
    width[r] = platform->resource[r].width_bits;
  self->dram = own (self, g_new (guint8, platform->n_memories + 1));
  for (guint m = 0; m < platform->n_memories; m++)
    self->dram[m] = platform->memory[m].dram ? 1 : 0;
  self->capacity = capacity;
  add (self, (HdTraceColumn) { .path = "/memories/capacity_bits", .type = HD_COLUMN_U64, .units = "bit", .long_name = "capacity; 2^64-1: no limit", .dimension = "memory", .values = capacity,
                               .n = platform->n_memories });
  add (self, (HdTraceColumn) { .path = "/memories/dram", .type = HD_COLUMN_U8, .units = "1", .long_name = "1: a DRAM", .dimension = "memory", .values = self->dram, .n = platform->n_memories });
  add (self, (HdTraceColumn) { .path = "/resources/width_bits", .type = HD_COLUMN_U64, .units = "bit", .long_name = "bits moved per cycle of its clock; 0: no limit", .dimension = "resource",
                               .values = width, .n = platform->n_resources });
}

/* What the canonical workload says in its first element; a schedule that was made elsewhere has none. */
static guint
inferences_of (const HdSchedule *schedule)
{
  const char *root = schedule->workload_xml != NULL ? strstr (schedule->workload_xml, "<workload ") : NULL, *end = root != NULL ? strchr (root, '>') : NULL;
  const char *found = end != NULL ? g_strstr_len (root, end - root, " inferences=\"") : NULL;
  guint64 n = found != NULL ? g_ascii_strtoull (found + strlen (" inferences=\""), NULL, 10) : 1;
  return n >= 1 && n <= schedule->n_layers && schedule->n_layers % n == 0 ? (guint) n : 1;
}

CliRecord *
cli_record_new (const HdPlatform *platform, const HdSchedule *schedule)
{
  CliRecord *self = g_new0 (CliRecord, 1);
  self->platform = platform;
  self->schedule = schedule;
  self->columns = g_array_new (FALSE, TRUE, sizeof (HdTraceColumn));
  self->owned = g_ptr_array_new_with_free_func (g_free);
  self->title = g_strdup_printf ("%s on %s", *schedule->pass != '\0' ? schedule->pass : "a schedule", platform->name);
  self->inferences = inferences_of (schedule);
  add_names (self);
  add_tasks (self);
  add_platform (self);
  return self;
}

void
cli_record_free (CliRecord *self)
{
  if (self->digest != NULL)
    g_free (g_thread_join (self->digest));
  g_array_unref (self->columns);
  g_ptr_array_unref (self->owned);
  g_free (self->platform_xml);
  g_free (self->schedule_sha256);
  g_free (self->workload_sha256);
  g_free (self->title);
  g_free (self);
}

/* The digest of a schedule of a million tasks takes a good part of the time of its run: a thread makes it meanwhile. */
static gpointer
make_digest (gpointer schedule)
{
  return hd_schedule_sha256 (schedule);
}

static void
take_digest (CliRecord *self)
{
  if (self->digest != NULL)
    self->schedule_sha256 = g_thread_join (g_steal_pointer (&self->digest));
  if (self->schedule_sha256 == NULL)
    self->schedule_sha256 = hd_schedule_sha256 (self->schedule);
  self->header.schedule_sha256 = self->schedule_sha256;
}

const HdTraceHeader *
cli_record_header (CliRecord *self, const char *recipe)
{
  const HdSchedule *schedule = self->schedule;
  if (self->platform_xml == NULL) {
    self->platform_xml = hd_platform_to_xml (self->platform);
    self->workload_sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, schedule->workload_xml, -1);
    self->digest = g_thread_try_new ("digest", make_digest, (gpointer) schedule, NULL);
  }
  self->header = (HdTraceHeader) {
    .title = self->title, .platform_xml = self->platform_xml, .workload_xml = schedule->workload_xml, .mapping_xml = schedule->mapping_xml, .recipe = recipe,
    .platform_sha256 = schedule->platform_sha256, .workload_sha256 = self->workload_sha256, .clock_hz = self->platform->clock_hz,
    .columns = (const HdTraceColumn *) (void *) self->columns->data, .n_columns = self->columns->len,
  };
  return &self->header;
}

/* --- after the run ---------------------------------------------------------------------------------------- */

static gboolean
write_u64 (HdSink *sink, const char *path, const char *units, const char *long_name, const char *dimension, const guint64 *values, guint64 n, GError **error)
{
  return hd_trace_sink_write_column (sink, &(HdTraceColumn) { .path = path, .type = HD_COLUMN_U64, .units = units, .long_name = long_name, .dimension = dimension, .values = values, .n = n }, error);
}

static gboolean
write_cores (const HdPlatform *platform, const HdResult *result, HdSink *sink, GError **error)
{
  static const char *const NAME[HD_N_STATES] = { "done", "compute", "wait_input", "wait_space", "wait_turn" };
  g_autofree guint64 *values = g_new (guint64, platform->n_cores + 1);
  for (guint s = 0; s < HD_N_STATES; s++) {
    g_autofree char *path = g_strdup_printf ("/cores/%s", NAME[s]), *long_name = g_strdup_printf ("cycles in state %s", NAME[s]);
    for (guint c = 0; c < platform->n_cores; c++)
      values[c] = result->core_state_cycles[c][s];
    if (!write_u64 (sink, path, "cycle", long_name, "core", values, platform->n_cores, error))
      return FALSE;
  }
  return TRUE;
}

typedef struct {
  guint64 *nodes, *compute_cycles, *start, *end, *macs, *moved_bits;
} LayerTable;

static void
fill_layer_table (const HdSchedule *schedule, const HdResult *result, LayerTable *table)
{
  const HdTaskColumns *columns = &result->columns;
  for (guint32 t = 0; t < schedule->n_tasks; t++) {
    guint32 l = schedule->layer[t];
    if (l == HD_NONE || columns->end[t] == G_MAXUINT64)
      continue;
    if (schedule->kind[t] == HD_TASK_TRANSFER) {
      table->moved_bits[l] += schedule->bits[t];
      continue;
    }
    table->start[l] = table->nodes[l] == 0 ? columns->start[t] : MIN (table->start[l], columns->start[t]);
    table->end[l] = MAX (table->end[l], columns->end[t]);
    table->nodes[l]++;
    table->compute_cycles[l] += columns->end[t] - columns->start[t];
    table->macs[l] += schedule->cost[schedule->what[t]].macs;
  }
}

static gboolean
write_layers (const HdSchedule *schedule, const HdResult *result, HdSink *sink, GError **error)
{
  guint n = schedule->n_layers;
  g_autofree guint64 *all = g_new0 (guint64, (gsize) n * 6 + 1);
  LayerTable table = { all, all + n, all + 2 * n, all + 3 * n, all + 4 * n, all + 5 * n };
  fill_layer_table (schedule, result, &table);
  return write_u64 (sink, "/layers/nodes", "1", "computation nodes executed", "layer", table.nodes, n, error)
         && write_u64 (sink, "/layers/compute_cycles", "cycle", "cycles of its computes, summed over cores", "layer", table.compute_cycles, n, error)
         && write_u64 (sink, "/layers/start", "cycle", "start of its first compute", "layer", table.start, n, error)
         && write_u64 (sink, "/layers/end", "cycle", "end of its last compute", "layer", table.end, n, error)
         && write_u64 (sink, "/layers/macs", "1", "MACs or element operations done", "layer", table.macs, n, error)
         && write_u64 (sink, "/layers/moved_bits", "bit", "bits of the transfers made for it", "layer", table.moved_bits, n, error);
}

/* What each core did for each layer: one row for each pair that occurs, by core, then layer. */
static gboolean
write_core_layers (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, HdSink *sink, GError **error)
{
  g_autoptr (GHashTable) sums = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  for (guint32 t = 0; t < schedule->n_tasks; t++) {
    if (schedule->kind[t] != HD_TASK_COMPUTE || schedule->layer[t] == HD_NONE || result->columns.end[t] == G_MAXUINT64)
      continue;
    gint64 key = (gint64) ((guint64) schedule->queue[schedule->queue_of[t]].core * schedule->n_layers + schedule->layer[t]);
    guint64 *sum = g_hash_table_lookup (sums, &key);
    if (sum == NULL)
      g_hash_table_insert (sums, g_memdup2 (&key, sizeof key), sum = g_new0 (guint64, 1));
    *sum += schedule->cost[schedule->what[t]].macs;
  }
  guint n = 0, most = g_hash_table_size (sums);
  g_autofree guint32 *core = g_new (guint32, (gsize) most + 1), *layer = g_new (guint32, (gsize) most + 1);
  g_autofree guint64 *operations = g_new (guint64, (gsize) most + 1);
  for (guint c = 0; c < platform->n_cores; c++)
    for (guint l = 0; l < schedule->n_layers && n < most; l++) {
      gint64 key = (gint64) ((guint64) c * schedule->n_layers + l);
      const guint64 *sum = g_hash_table_lookup (sums, &key);
      if (sum == NULL)
        continue;
      core[n] = c;
      layer[n] = l;
      operations[n++] = *sum;
    }
  const HdTraceColumn columns[] = {
    { .path = "/core_layers/core", .type = HD_COLUMN_U32, .units = "1", .long_name = "core, index in /names/core", .dimension = "core_layer", .values = core, .n = n },
    { .path = "/core_layers/layer", .type = HD_COLUMN_U32, .units = "1", .long_name = "layer, index in /names/layer", .dimension = "core_layer", .values = layer, .n = n },
    { .path = "/core_layers/operations", .type = HD_COLUMN_U64, .units = "1", .long_name = "MACs or element operations that this core did for this layer", .dimension = "core_layer", .values = operations, .n = n },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    if (!hd_trace_sink_write_column (sink, &columns[i], error))
      return FALSE;
  return TRUE;
}

gboolean
cli_record_result (CliRecord *self, const HdResult *result, HdSink *sink, GError **error)
{
  take_digest (self);
  const HdPlatform *platform = self->platform;
  const struct { const char *name; double value; } numbers[] = {
    { "energy_pj", result->energy_pj }, { "compute_pj", result->compute_pj }, { "transfer_pj", result->transfer_pj }, { "static_pj", result->static_pj },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (!hd_trace_sink_write_number (sink, numbers[i].name, numbers[i].value, error))
      return FALSE;
  if (self->inferences > 1 && !hd_trace_sink_write_count (sink, "inferences", self->inferences, error))
    return FALSE;
  return hd_trace_sink_write_count (sink, "dram_read_bits", result->dram_read_bits, error) && hd_trace_sink_write_count (sink, "dram_write_bits", result->dram_write_bits, error)
         && write_cores (platform, result, sink, error) && write_layers (self->schedule, result, sink, error) && write_core_layers (platform, self->schedule, result, sink, error)
         && write_u64 (sink, "/memories/peak_bits", "bit", "most bits held at once", "memory", result->memory_peak_bits, platform->n_memories, error)
         && write_u64 (sink, "/resources/busy", "cycle", "cycles in which it was held", "resource", result->resource_busy_cycles, platform->n_resources, error)
         && write_u64 (sink, "/resources/bits", "bit", "bits moved", "resource", result->resource_bits, platform->n_resources, error);
}

/* --- the same for the reports ------------------------------------------------------------------------------- */

static void
view_names (const CliRecord *self, HdView *view)
{
  const HdPlatform *platform = self->platform;
  const HdSchedule *schedule = self->schedule;
  view->n_cores = platform->n_cores;
  view->core_name = self->core_name;
  view->n_memories = platform->n_memories;
  view->memory_name = self->memory_name;
  view->n_resources = platform->n_resources;
  view->resource_name = self->resource_name;
  view->n_queues = schedule->n_queues;
  view->queue_name = self->queue_name;
  view->n_layers = schedule->n_layers;
  view->layer_name = (const char *const *) schedule->layer_name;
  view->n_tensors = schedule->n_tensors;
  view->tensor_name = (const char *const *) schedule->tensor_name;
}

static void
view_tasks (const CliRecord *self, const HdTaskColumns *columns, HdView *view)
{
  const HdSchedule *schedule = self->schedule;
  view->n_tasks = schedule->n_tasks;
  view->ready = columns->ready;
  view->issue = columns->issue;
  view->start = columns->start;
  view->end = columns->end;
  view->wait_kind = columns->wait_kind;
  view->wait_cause = columns->wait_cause;
  view->bits = schedule->bits;
  view->kind = schedule->kind;
  view->queue = schedule->queue_of;
  view->layer = schedule->layer;
  view->node = schedule->node;
  view->core = self->core;
  view->tensor = self->tensor;
  view->source = self->source;
  view->destination = self->destination;
}

static guint64 *
state_column (const CliRecord *self, const HdResult *result, guint state)
{
  guint64 *values = g_new (guint64, self->platform->n_cores + 1);
  for (guint c = 0; c < self->platform->n_cores; c++)
    values[c] = result->core_state_cycles[c][state];
  g_ptr_array_add (self->owned, values);
  return values;
}

void
cli_record_view (const CliRecord *self, const HdResult *result, HdView *view)
{
  *view = (HdView) { .title = self->title, .deadlock = result->deadlock, .deadlock_text = result->deadlock ? result->deadlock_text : "", .cycles = result->cycles,
                     .clock_hz = self->platform->clock_hz, .energy_pj = result->energy_pj, .compute_pj = result->compute_pj, .transfer_pj = result->transfer_pj,
                     .static_pj = result->static_pj, .dram_read_bits = result->dram_read_bits, .dram_write_bits = result->dram_write_bits, .busy = result->resource_busy_cycles,
                     .moved = result->resource_bits, .capacity = self->capacity, .peak = result->memory_peak_bits, .n_inferences = self->inferences, .dram = self->dram };
  view_names (self, view);
  view_tasks (self, &result->columns, view);
  for (guint s = 0; s < HD_N_STATES; s++)
    view->state[s] = state_column (self, result, s);
}
