/* Random runs for the trace's tests: series of several widths and tasks, made from a seed, so that two programs make the same. */
#pragma once

#include <heddle/random.h>
#include <heddle/trace.h>

typedef struct {
  guint n_series;
  HdSeries *series;
  double power_unit_pj;
  guint64 cycles;
  guint64 n_tasks;
  GArray *changes;     /* HdChange, in the order of reporting */
  guint64 *ready, *issue, *start, *end, *bits;
  guint8 *wait_kind, *kind;
  guint32 *wait_cause, *core;
} TestRun;

TestRun *test_run_new (guint64 seed, guint64 cycles, guint64 n_tasks, guint64 longest);
void test_run_free (TestRun *self);
/** What a caller knows before the run. Freed by test_header_free(). */
HdTraceHeader *test_header_new (const TestRun *self);
void test_header_free (HdTraceHeader *header);
/** Reports the run to a sink, in batches of several sizes. */
gboolean test_run_report (const TestRun *self, HdSink *sink, GError **error);
/** The whole writing of a trace: new, report, a summary column, commit, free. */
gboolean test_run_write (const TestRun *self, const char *path, const HdTraceOptions *options, GError **error);
