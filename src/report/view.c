/* A trace's task columns, names and tables, checked once so that the reports can index without asking. */
#include "config.h"
#include "report/view.h"

#include <math.h>

static const char *const *
load_names (HdTrace *trace, const char *path, guint64 *n, GError **error)
{
  *n = G_MAXUINT64;
  const char *const *names = hd_trace_column (trace, path, HD_COLUMN_STRING, n, error);
  for (guint64 i = 0; names != NULL && i < *n; i++)
    if (!g_utf8_validate (names[i], -1, NULL)) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: row %" G_GUINT64_FORMAT " is not text in UTF-8", hd_trace_info (trace)->path, path, i);
      return NULL;
    }
  return names;
}

static gboolean
load_all_names (HdView *self, GError **error)
{
  return (self->core_name = load_names (self->trace, "/names/core", &self->n_cores, error)) != NULL
         && (self->memory_name = load_names (self->trace, "/names/memory", &self->n_memories, error)) != NULL
         && (self->resource_name = load_names (self->trace, "/names/resource", &self->n_resources, error)) != NULL
         && (self->queue_name = load_names (self->trace, "/names/queue", &self->n_queues, error)) != NULL
         && (self->layer_name = load_names (self->trace, "/names/layer", &self->n_layers, error)) != NULL
         && (self->tensor_name = load_names (self->trace, "/names/tensor", &self->n_tensors, error)) != NULL;
}

static gboolean
load_column (HdView *self, const char *path, HdColumnType type, gconstpointer *values, GError **error)
{
  guint64 n = self->n_tasks;
  *values = hd_trace_column (self->trace, path, type, &n, error);
  return *values != NULL;
}

static gboolean
load_columns (HdView *self, GError **error)
{
  const struct { const char *path; HdColumnType type; gconstpointer *values; } columns[] = {
    { "/tasks/ready", HD_COLUMN_U64, (gconstpointer *) &self->ready },
    { "/tasks/issue", HD_COLUMN_U64, (gconstpointer *) &self->issue },
    { "/tasks/start", HD_COLUMN_U64, (gconstpointer *) &self->start },
    { "/tasks/end", HD_COLUMN_U64, (gconstpointer *) &self->end },
    { "/tasks/bits", HD_COLUMN_U64, (gconstpointer *) &self->bits },
    { "/tasks/kind", HD_COLUMN_U8, (gconstpointer *) &self->kind },
    { "/tasks/wait_kind", HD_COLUMN_U8, (gconstpointer *) &self->wait_kind },
    { "/tasks/queue", HD_COLUMN_U32, (gconstpointer *) &self->queue },
    { "/tasks/core", HD_COLUMN_U32, (gconstpointer *) &self->core },
    { "/tasks/layer", HD_COLUMN_U32, (gconstpointer *) &self->layer },
    { "/tasks/node", HD_COLUMN_U32, (gconstpointer *) &self->node },
    { "/tasks/wait_cause", HD_COLUMN_U32, (gconstpointer *) &self->wait_cause },
    { "/tasks/tensor", HD_COLUMN_U32, (gconstpointer *) &self->tensor },
    { "/tasks/source", HD_COLUMN_U32, (gconstpointer *) &self->source },
    { "/tasks/destination", HD_COLUMN_U32, (gconstpointer *) &self->destination },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    if (!load_column (self, columns[i].path, columns[i].type, columns[i].values, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_indices (const HdView *self, const char *path, const guint32 *values, guint64 limit, gboolean none, GError **error)
{
  for (guint64 t = 0; t < self->n_tasks; t++)
    if (values[t] >= limit && !(none && values[t] == VIEW_NONE)) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: row %" G_GUINT64_FORMAT " is %u - expected less than %" G_GUINT64_FORMAT, hd_trace_info (self->trace)->path, path, t, values[t], limit);
      return FALSE;
    }
  return TRUE;
}

/* An order of moments that no run has would make nonsense of every report. */
static gboolean
check_times (const HdView *self, GError **error)
{
  for (guint64 t = 0; t < self->n_tasks; t++) {
    gboolean started = self->start[t] != VIEW_NEVER, ended = self->end[t] != VIEW_NEVER;
    if (started ? self->start[t] <= self->cycles && self->ready[t] <= self->start[t] && (!ended || (self->end[t] >= self->start[t] && self->end[t] <= self->cycles)) : !ended)
      continue;
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT,
                 "%s:/tasks/end: row %" G_GUINT64_FORMAT ": ready at %" G_GUINT64_FORMAT ", start at %" G_GUINT64_FORMAT ", end at %" G_GUINT64_FORMAT " - expected that order, within the %" G_GUINT64_FORMAT
                 " cycles of the run",
                 hd_trace_info (self->trace)->path, t, self->ready[t], self->start[t], self->end[t], self->cycles);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_kinds (const HdView *self, GError **error)
{
  for (guint64 t = 0; t < self->n_tasks; t++) {
    gboolean known = self->kind[t] == HD_TRACE_TRANSFER || (self->kind[t] == HD_TRACE_COMPUTE && self->core[t] != VIEW_NONE);
    if (known && self->wait_kind[t] <= HD_WAIT_GRANT)
      continue;
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/tasks/%s: row %" G_GUINT64_FORMAT " is %u - expected %s", hd_trace_info (self->trace)->path, known ? "wait_kind" : "kind", t,
                 known ? self->wait_kind[t] : self->kind[t], known ? "0 to 4" : "a compute (0) with its core, or a transfer (1)");
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_all (const HdView *self, GError **error)
{
  return check_times (self, error) && check_indices (self, "/tasks/queue", self->queue, self->n_queues, FALSE, error)
         && check_indices (self, "/tasks/core", self->core, self->n_cores, TRUE, error)
         && check_indices (self, "/tasks/layer", self->layer, self->n_layers, TRUE, error)
         && check_indices (self, "/tasks/tensor", self->tensor, self->n_tensors, TRUE, error)
         && check_indices (self, "/tasks/source", self->source, self->n_memories, TRUE, error)
         && check_indices (self, "/tasks/destination", self->destination, self->n_memories, TRUE, error)
         && check_indices (self, "/tasks/wait_cause", self->wait_cause, self->n_tasks, TRUE, error) && check_kinds (self, error);
}

gboolean
_hd_view_load (HdView *self, HdTrace *trace, GError **error)
{
  const HdTraceInfo *info = hd_trace_info (trace);
  *self = (HdView) { .trace = trace, .title = info->title, .deadlock = info->deadlock, .deadlock_text = "", .cycles = info->cycles, .clock_hz = info->clock_hz, .n_tasks = info->n_tasks };
  if (info->deadlock && (self->deadlock_text = hd_trace_text (trace, "/deadlock", error)) == NULL)
    return FALSE;
  if (self->n_tasks >= VIEW_NONE) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/tasks/end: has %" G_GUINT64_FORMAT " rows - expected less than 2^32 - 1", info->path, self->n_tasks);
    return FALSE;
  }
  return load_all_names (self, error) && load_columns (self, error) && check_all (self, error);
}

/* The states of a core must add up to the run; that they do is asserted when it is made. */
static gboolean
check_states (const HdView *self, GError **error)
{
  for (guint64 c = 0; c < self->n_cores; c++) {
    guint64 sum = 0;
    for (guint s = 0; s < HD_N_STATES; s++)
      sum = self->state[s][c] <= self->cycles - sum ? sum + self->state[s][c] : VIEW_NEVER;
    if (sum != self->cycles) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/cores: the states of core \"%s\" do not add up to the %" G_GUINT64_FORMAT " cycles of the run", hd_trace_info (self->trace)->path,
                   self->core_name[c], self->cycles);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
load_number (const HdView *self, const char *name, double *value, GError **error)
{
  if (!hd_trace_number (self->trace, name, value, error))
    return FALSE;
  if (isfinite (*value) && *value >= 0)
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/: attribute '%s' is not an energy - expected a finite number of pJ, not negative", hd_trace_info (self->trace)->path, name);
  return FALSE;
}

/* A trace of one inference does not say so. */
static gboolean
load_inferences (HdView *self, GError **error)
{
  guint64 n = 1, n_memories = self->n_memories;
  self->n_inferences = 1;
  if (!hd_trace_count (self->trace, "inferences", &n, NULL))
    return TRUE;
  if (n < 1 || n > self->n_layers || self->n_layers % n != 0) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/: attribute 'inferences' is %" G_GUINT64_FORMAT " - expected a number that divides the %" G_GUINT64_FORMAT " layers", hd_trace_info (self->trace)->path, n,
                 self->n_layers);
    return FALSE;
  }
  self->n_inferences = (guint) n;
  return (self->dram = hd_trace_column (self->trace, "/memories/dram", HD_COLUMN_U8, &n_memories, error)) != NULL;
}

gboolean
_hd_view_load_tables (HdView *self, GError **error)
{
  static const char *const STATE[HD_N_STATES] = { "/cores/done", "/cores/compute", "/cores/wait_input", "/cores/wait_space", "/cores/wait_turn" };
  for (guint s = 0; s < HD_N_STATES; s++)
    if ((self->state[s] = _hd_view_u64 (self, STATE[s], self->n_cores, error)) == NULL)
      return FALSE;
  return check_states (self, error) && (self->busy = _hd_view_u64 (self, "/resources/busy", self->n_resources, error)) != NULL
         && (self->moved = _hd_view_u64 (self, "/resources/bits", self->n_resources, error)) != NULL
         && (self->capacity = _hd_view_u64 (self, "/memories/capacity_bits", self->n_memories, error)) != NULL
         && (self->peak = _hd_view_u64 (self, "/memories/peak_bits", self->n_memories, error)) != NULL
         && load_number (self, "energy_pj", &self->energy_pj, error) && load_number (self, "compute_pj", &self->compute_pj, error)
         && load_number (self, "transfer_pj", &self->transfer_pj, error) && load_number (self, "static_pj", &self->static_pj, error)
         && hd_trace_count (self->trace, "dram_read_bits", &self->dram_read_bits, error) && hd_trace_count (self->trace, "dram_write_bits", &self->dram_write_bits, error)
         && load_inferences (self, error);
}

char *
_hd_view_task_name (const HdView *self, guint64 t)
{
  if (self->kind[t] == HD_TRACE_COMPUTE) {
    const char *layer = self->layer[t] != VIEW_NONE ? self->layer_name[self->layer[t]] : "task";
    if (self->node[t] != VIEW_NONE)
      return g_strdup_printf ("%s node %u", layer, self->node[t]);
    return g_strdup_printf ("%s %" G_GUINT64_FORMAT, layer, t);
  }
  const char *what = self->tensor[t] != VIEW_NONE ? self->tensor_name[self->tensor[t]] : "transfer";
  const char *to = self->destination[t] != VIEW_NONE ? self->memory_name[self->destination[t]] : "nowhere";
  return g_strdup_printf ("%s to %s (task %" G_GUINT64_FORMAT ")", what, to, t);
}

const char *
_hd_view_row_name (const HdView *self, guint64 row)
{
  return row < self->n_cores ? self->core_name[row] : self->queue_name[row - self->n_cores];
}

const guint64 *
_hd_view_u64 (const HdView *self, const char *path, guint64 n, GError **error)
{
  return hd_trace_column (self->trace, path, HD_COLUMN_U64, &n, error);
}
