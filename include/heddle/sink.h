/* The border between the engine and whoever records a run.
 *
 * The engine reports two things: changes of piecewise-constant series (a core's state, a bus's bits per cycle, a memory's
 * occupancy, power), as they happen, in batches; and at the end one record per task, as columns. A sink keeps what it wants.
 *
 * Contract on changes: for each series they come in ascending cycle; several at one cycle are allowed and the last one counts; a change at or
 * past the end of the run means nothing. A series holds 0 before its first change. Between series there is no order.
 *
 * Values: HD_SERIES_CORE_STATE: HdCoreState. HD_SERIES_BITS: bits moved in that cycle [bit]. HD_SERIES_OCCUPANCY: [bit].
 * HD_SERIES_POWER: the energy spent in that cycle, in units of HdRunInfo.power_unit_pj [pJ].
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** States of a core. The order is that of the committed enum in the trace. */
typedef enum {
  HD_STATE_DONE = 0,        /* no task is left for it */
  HD_STATE_COMPUTE = 1,
  HD_STATE_WAIT_INPUT = 2,  /* its next task depends on one that has not ended */
  HD_STATE_WAIT_SPACE = 3,  /* its next task's pieces have not been granted space */
  HD_STATE_WAIT_TURN = 4,   /* it waits for a task of its own queue (a transfer that the core itself makes) */
  HD_N_STATES = 5,
} HdCoreState;

typedef enum {
  HD_SERIES_CORE_STATE,
  HD_SERIES_BITS,       /* a bus, link or port */
  HD_SERIES_OCCUPANCY,  /* a memory */
  HD_SERIES_POWER,      /* the whole platform; one */
} HdSeriesKind;

typedef struct {
  HdSeriesKind kind;
  const char *resource;  /* its id: a core, resource or memory; "platform" for power */
  guint64 max_value;     /* no value is larger; decides the width of the stored integers */
} HdSeries;

typedef struct {
  guint64 cycle;   /* from this cycle on ... */
  guint64 value;   /* ... the series has this value */
  guint32 series;  /* index in HdRunInfo.series */
  guint32 unused;  /* 0 */
} HdChange;

typedef struct {
  guint n_series;
  const HdSeries *series;
  double power_unit_pj;       /* [pJ] */
  guint64 n_tasks;
  guint64 expected_cycles;    /* a guess for sizing; 0 unknown */
} HdRunInfo;

/** Why a task started when it did: what was the last thing it waited for. */
typedef enum {
  HD_WAIT_NONE = 0,
  HD_WAIT_INPUT = 1,   /* cause: the task whose end made it ready */
  HD_WAIT_SPACE = 2,   /* cause: the task whose end released the space */
  HD_WAIT_TURN = 3,    /* cause: the task of its queue or core that had to end first */
  HD_WAIT_GRANT = 4,   /* transfers: the first resource was busy or its arbiter chose others; cause: the task that held it */
} HdWaitKind;

typedef struct {
  guint64 cycles;               /* makespan [cycle] */
  guint64 n_tasks;
  const guint64 *ready;         /* cycle at which all dependencies had ended [cycle]; 2^64-1: never */
  const guint64 *issue;         /* space was granted; its pieces occupy from here on [cycle]; for a compute, and where nothing was waited for, equal to start */
  const guint64 *start;         /* [cycle] */
  const guint64 *end;           /* [cycle]; 2^64-1: never (deadlock) */
  const guint8 *wait_kind;      /* HdWaitKind of the last wait */
  const guint32 *wait_cause;    /* task id, or 2^32-1 */
} HdTaskColumns;

typedef struct HdSink HdSink;

/**
 * HdSinkClass:
 * @begin: before the first change
 * @changes: a batch of changes; the array is the engine's and is reused after the call
 * @end: after the last change; the columns live until it returns
 *
 * Each returns FALSE and sets the error to stop the run; after that no other is called.
 */
typedef struct {
  gboolean (*begin) (HdSink *self, const HdRunInfo *info, GError **error);
  gboolean (*changes) (HdSink *self, const HdChange *changes, gsize n, GError **error);
  gboolean (*end) (HdSink *self, const HdTaskColumns *columns, GError **error);
} HdSinkClass;

/** A sink begins with its class; the rest is its own. */
struct HdSink {
  const HdSinkClass *klass;
};

G_END_DECLS
