/* A run as the reports want it: task columns, names and tables, all in one place and all checked. It comes from a trace, or, for the summary of a run, straight from its result.
 * Everything belongs to the trace, or to whoever filled it in.
 */
#pragma once

#include <heddle/trace.h>

#include <glib.h>

#define VIEW_NONE G_MAXUINT32
#define VIEW_NEVER G_MAXUINT64

typedef struct {
  HdTrace *trace;                  /* NULL: not from a file */
  const char *title;
  gboolean deadlock;
  const char *deadlock_text;       /* "" without deadlock */
  guint64 cycles, clock_hz;        /* clock_hz 0: unknown */
  guint64 n_tasks;
  const guint64 *ready, *issue, *start, *end, *bits;
  const guint8 *kind, *wait_kind;
  const guint32 *queue, *core, *layer, *node, *wait_cause, *tensor, *source, *destination;
  guint64 n_cores, n_memories, n_resources, n_queues, n_layers, n_tensors;
  const char *const *core_name, *const *memory_name, *const *resource_name, *const *queue_name, *const *layer_name, *const *tensor_name;
  /* tables: with _hd_view_load_tables() only */
  double energy_pj, compute_pj, transfer_pj, static_pj;
  guint64 dram_read_bits, dram_write_bits;
  const guint64 *state[HD_N_STATES];   /* by core [cycle] */
  const guint64 *busy, *moved;         /* by resource [cycle], [bit] */
  const guint64 *capacity, *peak;      /* by memory [bit]; capacity 2^64-1: no limit */
  guint n_inferences;                  /* back to back, >= 1; the layers of each stand together, as many of each */
  const guint8 *dram;                  /* by memory: it is a DRAM; there when n_inferences > 1 */
} HdView;

/** The tasks and names of @trace. Errors: %HD_ERROR_INPUT when a column is missing, an index points nowhere, or times run backwards. */
gboolean _hd_view_load (HdView *self, HdTrace *trace, GError **error);
/** Besides, what is known after a run: energies and the tables of cores, resources and memories. Errors: %HD_ERROR_INPUT. */
gboolean _hd_view_load_tables (HdView *self, GError **error);

/** "conv1 node 12", "x to l1-act (task 3)". Returns (transfer full). */
char *_hd_view_task_name (const HdView *self, guint64 task);

/** Ids of all tasks that have started, by (start, id). Returns (transfer full). */
guint32 *_hd_view_by_start (const HdView *self, guint64 *n);

/** A row of a chart: first the cores, each with its computes, then the queues, each with its transfers. */
#define VIEW_N_ROWS(self) ((self)->n_cores + (self)->n_queues)
static inline guint64
_hd_view_row (const HdView *self, guint64 task)
{
  return self->kind[task] == HD_TRACE_COMPUTE ? self->core[task] : self->n_cores + self->queue[task];
}
const char *_hd_view_row_name (const HdView *self, guint64 row);

/**
 * _hd_view_lanes:
 * @order: ids by (start, id)
 * @lane: (array length=n_tasks): the lane in its row of each task that has ended
 * @n_lanes: (array): by row, how many lanes it has
 *
 * Tasks of one row that overlap in time go to lanes of their own: the first that is free when they start.
 *
 * Time: O(n log n).
 */
void _hd_view_lanes (const HdView *self, const guint32 *order, guint64 n, guint32 *lane, guint32 *n_lanes);

/** A table's column; NULL and @error when it is not there with @n rows. */
const guint64 *_hd_view_u64 (const HdView *self, const char *path, guint64 n, GError **error);
