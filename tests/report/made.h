/* Traces made by hand, without an engine: a few tasks and a few runs of series, and a way to spoil them. */
#pragma once

#include <heddle/trace.h>

#include <glib.h>

#define MADE_NEVER G_MAXUINT64
#define MADE_NONE G_MAXUINT32

typedef struct {
  guint8 kind;              /* HdTraceTaskKind */
  guint32 queue, core, layer, node, tensor, source, destination;
  guint64 bits, ready, issue, start, end;
  guint8 wait_kind;
  guint32 wait_cause;
} MadeTask;

typedef struct {
  const char *title;
  guint64 cycles, clock_hz;
  const char *const *core, *const *memory, *const *resource, *const *queue, *const *layer, *const *tensor;   /* names, NULL-ended */
  const MadeTask *task;
  guint64 n_tasks;
  const HdChange *change;   /* of the memories' occupancy; series: index of the memory */
  gsize n_changes;
  const char *deadlock;     /* NULL: complete */
  double energy_pj;         /* all of it counted as compute */
  const char *without;      /* this column is left out */
  guint64 busy;             /* of the first core [cycle]; computed from the tasks when 0 */
} Made;

/** Two cores, two memories, a bus, three queues, layers "a" and "b"; no tasks. */
Made made_empty (void);
/** A compute of layer a on core 0 in [start, end), that waited for task @cause (MADE_NONE: nothing). */
MadeTask made_compute (guint32 core, guint64 start, guint64 end, guint32 cause);
/** A transfer of the tensor x to memory 1 by queue 2. */
MadeTask made_transfer (guint64 start, guint64 end);

gboolean made_write (const Made *self, const char *path, const HdTraceOptions *options, GError **error);
/** A path in the test's own temporary folder. Returns (transfer full). */
char *made_path (const char *name);
/** Writes and opens; fails the test otherwise. */
HdTrace *made_open (const Made *self, const char *name);
