/* A trace's task columns and names, checked once so that the reports can index without asking. */
#include "config.h"
#include "report/view.h"

#include <heddle/checked.h>

#include <stdlib.h>
#include <string.h>

static const char *const *
load_names (HdTrace *trace, const char *path, guint64 *n, GError **error)
{
  *n = G_MAXUINT64;
  return hd_trace_column (trace, path, HD_COLUMN_STRING, n, error);
}

static gboolean
load_all_names (View *self, GError **error)
{
  return (self->core_name = load_names (self->trace, "/names/core", &self->n_cores, error)) != NULL
         && (self->memory_name = load_names (self->trace, "/names/memory", &self->n_memories, error)) != NULL
         && (self->resource_name = load_names (self->trace, "/names/resource", &self->n_resources, error)) != NULL
         && (self->queue_name = load_names (self->trace, "/names/queue", &self->n_queues, error)) != NULL
         && (self->layer_name = load_names (self->trace, "/names/layer", &self->n_layers, error)) != NULL
         && (self->tensor_name = load_names (self->trace, "/names/tensor", &self->n_tensors, error)) != NULL;
}

static gboolean
load_column (View *self, const char *path, HdColumnType type, gconstpointer *values, GError **error)
{
  guint64 n = self->n_tasks;
  *values = hd_trace_column (self->trace, path, type, &n, error);
  return *values != NULL;
}

static gboolean
load_columns (View *self, GError **error)
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
check_indices (const View *self, const char *path, const guint32 *values, guint64 limit, gboolean none, GError **error)
{
  for (guint64 t = 0; t < self->n_tasks; t++)
    if (values[t] >= limit && !(none && values[t] == VIEW_NONE)) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: row %" G_GUINT64_FORMAT " is %u - expected less than %" G_GUINT64_FORMAT, self->info->path, path, t, values[t], limit);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_times (const View *self, GError **error)
{
  for (guint64 t = 0; t < self->n_tasks; t++) {
    gboolean started = self->start[t] != VIEW_NEVER, ended = self->end[t] != VIEW_NEVER;
    if ((ended && (!started || self->end[t] < self->start[t] || self->end[t] > self->info->cycles)) || (started && self->start[t] > self->info->cycles)) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/tasks/end: row %" G_GUINT64_FORMAT ": it starts at %" G_GUINT64_FORMAT " and ends at %" G_GUINT64_FORMAT " - expected an end after the start and within the run",
                   self->info->path, t, self->start[t], self->end[t]);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
view_load (View *self, HdTrace *trace, GError **error)
{
  *self = (View) { .trace = trace, .info = hd_trace_info (trace) };
  self->n_tasks = self->info->n_tasks;
  return load_all_names (self, error) && load_columns (self, error) && check_times (self, error)
         && check_indices (self, "/tasks/queue", self->queue, self->n_queues, FALSE, error)
         && check_indices (self, "/tasks/core", self->core, self->n_cores, TRUE, error)
         && check_indices (self, "/tasks/layer", self->layer, self->n_layers, TRUE, error)
         && check_indices (self, "/tasks/tensor", self->tensor, self->n_tensors, TRUE, error)
         && check_indices (self, "/tasks/source", self->source, self->n_memories, TRUE, error)
         && check_indices (self, "/tasks/destination", self->destination, self->n_memories, TRUE, error)
         && check_indices (self, "/tasks/wait_cause", self->wait_cause, self->n_tasks, TRUE, error);
}

char *
view_task_name (const View *self, guint64 t)
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

char *
view_grouped (guint64 value)
{
  char digits[24];
  GString *text = g_string_new (NULL);
  g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT, value);
  gsize n = strlen (digits);
  for (gsize i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0)
      g_string_append_c (text, ',');
    g_string_append_c (text, digits[i]);
  }
  return g_string_free (text, FALSE);
}

void
view_append_double (GString *out, const char *format, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE * 2];
  g_string_append (out, g_ascii_formatd (number, sizeof number, format, value));
}

void
view_append_energy (GString *out, double pj)
{
  static const char *const UNIT[] = { "pJ", "nJ", "uJ", "mJ", "J" };
  guint step = 0;
  for (; pj >= 1000 && step + 1 < G_N_ELEMENTS (UNIT); step++)
    pj /= 1000;
  view_append_double (out, "%.4g", pj);
  g_string_append_printf (out, " %s", UNIT[step]);
}

static int
compare_starts (const void *a, const void *b, void *data)
{
  const View *self = data;
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  if (self->start[x] != self->start[y])
    return self->start[x] < self->start[y] ? -1 : 1;
  return x < y ? -1 : x > y;
}

guint32 *
view_by_start (const View *self, guint64 *n)
{
  guint32 *order = g_new (guint32, self->n_tasks + 1);
  *n = 0;
  for (guint64 t = 0; t < self->n_tasks; t++)
    if (self->start[t] != VIEW_NEVER)
      order[(*n)++] = (guint32) t;
  qsort_r (order, *n, sizeof *order, compare_starts, (void *) self);
  return order;
}

const guint64 *
view_u64 (const View *self, const char *path, guint64 n, GError **error)
{
  return hd_trace_column (self->trace, path, HD_COLUMN_U64, &n, error);
}
