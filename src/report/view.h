/* A trace's task columns and names, as the reports want them. Everything belongs to the trace. */
#pragma once

#include <heddle/trace.h>

#include <glib.h>

#define VIEW_NONE G_MAXUINT32
#define VIEW_NEVER G_MAXUINT64

typedef struct {
  HdTrace *trace;
  const HdTraceInfo *info;
  guint64 n_tasks;
  const guint64 *ready, *issue, *start, *end, *bits;
  const guint8 *kind, *wait_kind;
  const guint32 *queue, *core, *layer, *node, *wait_cause, *tensor, *source, *destination;
  guint64 n_cores, n_memories, n_resources, n_queues, n_layers, n_tensors;
  const char *const *core_name, *const *memory_name, *const *resource_name, *const *queue_name, *const *layer_name, *const *tensor_name;
} View;

/** Errors: %HD_ERROR_INPUT when a column is missing or an index points nowhere. */
gboolean view_load (View *self, HdTrace *trace, GError **error);

/** "conv1 node 12", "x to l1-act". Returns (transfer full). */
char *view_task_name (const View *self, guint64 task);
/** "6,370,024". Returns (transfer full). */
char *view_grouped (guint64 value);
/** Appends @value as printf would in the C locale. @format holds one conversion and nothing else. */
void view_append_double (GString *out, const char *format, double value);
/** Appends "5.3 mJ" rather than 5300000000 pJ. */
void view_append_energy (GString *out, double pj);
/** Ids of all tasks that have started, by (start, id). Returns (transfer full). */
guint32 *view_by_start (const View *self, guint64 *n);
/** A table's column; NULL and @error when it is not there with @n rows. */
const guint64 *view_u64 (const View *self, const char *path, guint64 n, GError **error);
