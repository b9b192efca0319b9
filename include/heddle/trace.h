/* Traces: what a run did, in a file that every HDF5 reader reads; and sinks that keep a run elsewhere.
 *
 * Writing. A trace sink is created with what is known before the run, handed to the engine as its HdSink, told what is known only afterwards, and
 * committed; only then the file has its name:
 *
 *     sink = hd_trace_sink_new ("out.h5", &header, &options, &error);
 *     ... the engine runs with the sink ...
 *     hd_trace_sink_write_column (sink, &column, &error);   (tables of the summary)
 *     hd_trace_sink_commit (sink, &error);
 *     hd_trace_sink_free (sink);                             (without a commit nothing is left behind)
 *
 * Most of the work is done in a thread of its own while the engine runs; the file's bytes do not depend on it.
 *
 * Reading. hd_trace_open() checks the file; columns are read when they are asked for, once; everything returned belongs to the trace and lives as long.
 *
 * The layout of the file is in doc/trace.md.
 */
#pragma once

#include <heddle/error.h>
#include <heddle/sink.h>

#include <glib.h>

G_BEGIN_DECLS

#define HD_TRACE_CONVENTIONS "heddle-trace-1"

typedef enum {
  HD_COLUMN_U8,
  HD_COLUMN_U16,
  HD_COLUMN_U32,
  HD_COLUMN_U64,
  HD_COLUMN_I64,
  HD_COLUMN_F64,
  HD_COLUMN_STRING,  /* values are const char *const * */
} HdColumnType;

/** One column of a table; a table is a group, its columns have equally many rows. */
typedef struct {
  const char *path;        /* "/tasks/bits" */
  HdColumnType type;
  const char *units;       /* "cycle", "bit", "pJ", "1" ... */
  const char *long_name;   /* what it is, in words */
  const char *dimension;   /* (nullable): name of the table's rows, e.g. "task", by which netCDF and xarray know them; not the name of a column */
  const char *enumeration; /* (nullable): name of an HdTraceEnum, or "core_state", "wait_kind", "task_kind"; the type is U8 */
  gconstpointer values;    /* (array length=n) */
  guint64 n;
} HdTraceColumn;

/** An enumeration over bytes: names[i] has the value i. It is written as /types/NAME. */
typedef struct {
  const char *name;
  const char *const *names;
  guint n;
} HdTraceEnum;

/** Values of /tasks/kind; the names are "compute" and "transfer". */
typedef enum {
  HD_TRACE_COMPUTE = 0,
  HD_TRACE_TRANSFER = 1,
} HdTraceTaskKind;

/** What is known before the run. All of it lives until the sink is committed or freed. */
typedef struct {
  const char *title;
  const char *platform_xml;     /* (nullable): inputs in canonical form; written as /meta/platform, ... */
  const char *workload_xml;
  const char *mapping_xml;
  const char *recipe;           /* (nullable): "PASS RULES OBJECTIVE": how the schedule is made from these; written as /meta/recipe */
  const char *platform_sha256;  /* (nullable); digests are read when the sink is committed, so that they can be made during the run */
  const char *workload_sha256;
  const char *schedule_sha256;
  guint64 clock_hz;             /* of the base clock [Hz] */
  const HdTraceEnum *enums;
  guint n_enums;
  const HdTraceColumn *columns; /* names and tables: /names/..., /cores/..., /memories/..., /resources/..., /layers/..., and the /tasks/... columns
                                   that the schedule fixes */
  guint n_columns;
} HdTraceHeader;

typedef struct {
  gboolean no_dense;            /* no per-cycle series */
  guint64 window_from;          /* series of the cycles [from, to) only [cycle] */
  guint64 window_to;            /* 0: to the end */
  gboolean one_thread;          /* all work is done by the thread that calls: the same bytes, later */
} HdTraceOptions;

/**
 * hd_trace_sink_new:
 * @path: the file to be made
 * @options: (nullable)
 *
 * Returns (transfer full): a sink that writes a trace. Errors: %HD_ERROR_CREATE.
 * A failure to write (%HD_ERROR_WRITE) may be told by any later call, and then by all.
 */
HdSink *hd_trace_sink_new (const char *path, const HdTraceHeader *header, const HdTraceOptions *options, GError **error);
/** Adds a table's column after the run. */
gboolean hd_trace_sink_write_column (HdSink *sink, const HdTraceColumn *column, GError **error);
/** Adds a number to the attributes of the root, e.g. "energy_pj". */
gboolean hd_trace_sink_write_number (HdSink *sink, const char *name, double value, GError **error);
gboolean hd_trace_sink_write_count (HdSink *sink, const char *name, guint64 value, GError **error);
/** Notes that the run ended in a deadlock, explained by @text. */
gboolean hd_trace_sink_write_deadlock (HdSink *sink, const char *text, GError **error);
/** Completes the file and gives it its name. Errors: %HD_ERROR_WRITE, %HD_ERROR_CREATE. */
gboolean hd_trace_sink_commit (HdSink *sink, GError **error);
/** NULL is allowed. */
void hd_trace_sink_free (HdSink *sink);

/* --- other sinks ------------------------------------------------------------------------------------ */

/** A sink that keeps nothing. Not to be freed. */
HdSink *hd_null_sink (void);

/** A sink that keeps everything in memory, for tests and for reports without a file. */
HdSink *hd_memory_sink_new (void);
void hd_memory_sink_free (HdSink *sink);
guint hd_memory_sink_n_series (const HdSink *sink);
/** Series @i as the engine described it. */
const HdSeries *hd_memory_sink_series (const HdSink *sink, guint i);
double hd_memory_sink_power_unit_pj (const HdSink *sink);

/** From cycle `from` on, before cycle `to`, a series has this value. Runs of a series follow each other without gaps. */
typedef struct {
  guint64 from;
  guint64 to;
  union {
    guint64 value;  /* of an integer series */
    double pj;      /* of a power series [pJ] */
  };
} HdTraceRun;

/** The runs of series @i from cycle 0 to the end of the run, neighbours different. Power is in units: `value`. After the end only. */
const HdTraceRun *hd_memory_sink_runs (const HdSink *sink, guint i, gsize *n);
/** What the engine reported at the end; NULL before. */
const HdTaskColumns *hd_memory_sink_columns (const HdSink *sink);

/* --- reading ------------------------------------------------------------------------------------------ */

typedef struct HdTrace HdTrace;

typedef struct {
  HdSeriesKind kind;
  char *resource;        /* id of the core, memory, or resource; "platform" for power */
  char *path;            /* of the dataset */
} HdTraceSeries;

typedef struct {
  char *path;
  char *title;
  char *source;
  char *platform_sha256; /* "" where it was not given */
  char *workload_sha256;
  char *schedule_sha256;
  guint64 clock_hz;
  guint64 cycles;        /* makespan */
  guint64 n_tasks;
  gboolean deadlock;     /* then hd_trace_text (trace, "/deadlock") explains it */
  guint64 series_from;   /* the series cover the cycles [from, to) */
  guint64 series_to;
  guint n_series;        /* 0: written without */
  HdTraceSeries *series; /* in the order of their paths */
} HdTraceInfo;

/**
 * hd_trace_open:
 *
 * Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT when it is not a complete trace. All that follow: %HD_ERROR_INPUT, %HD_ERROR_MEMORY.
 */
HdTrace *hd_trace_open (const char *path, GError **error);
void hd_trace_free (HdTrace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdTrace, hd_trace_free)
const HdTraceInfo *hd_trace_info (const HdTrace *self);

/** TRUE when there is a dataset or group of that path. */
gboolean hd_trace_has (HdTrace *self, const char *path);
/**
 * hd_trace_column:
 * @type: what the column must be
 * @n: (inout): rows that it must have, or 2^64-1 for any; out: rows
 *
 * Returns (transfer none): its values; NULL on error. Strings: a NULL-ended array of char *. Columns of /tasks must have n_tasks rows.
 */
gconstpointer hd_trace_column (HdTrace *self, const char *path, HdColumnType type, guint64 *n, GError **error);
/** Returns (transfer none): a text ("/meta/platform", "/deadlock"); NULL on error. */
const char *hd_trace_text (HdTrace *self, const char *path, GError **error);
/** Numbers that were added to the attributes of the root. */
gboolean hd_trace_number (HdTrace *self, const char *name, double *value, GError **error);
gboolean hd_trace_count (HdTrace *self, const char *name, guint64 *value, GError **error);

/** The series of a kind and resource; NULL when there is none. */
const HdTraceSeries *hd_trace_find_series (const HdTrace *self, HdSeriesKind kind, const char *resource);

/** Called for each run; FALSE ends the reading (which is no error). */
typedef gboolean (*HdTraceRunFunc) (const HdTraceRun *run, gpointer data);

/**
 * hd_trace_series_each:
 * @from: first cycle
 * @to: past the last; both are cut to what the series cover
 *
 * Calls @func for the runs of a series in ascending order; neighbours have different values.
 * Time: O(bytes of the chunks touched); chunks that were never anything but 0 cost nothing.
 */
gboolean hd_trace_series_each (HdTrace *self, const HdTraceSeries *series, guint64 from, guint64 to, HdTraceRunFunc func, gpointer data, GError **error);
/** As an array of HdTraceRun. Returns (transfer full): to be freed by g_array_unref(); NULL on error. */
GArray *hd_trace_series_runs (HdTrace *self, const HdTraceSeries *series, guint64 from, guint64 to, GError **error);

G_END_DECLS
