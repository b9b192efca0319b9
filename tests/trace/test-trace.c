/* What is reported to the sinks is what is read back: series, columns, names, and in the same bytes each time. */
#include "trace/runs.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static char *
scratch_file (const char *name)
{
  g_autofree char *folder = g_dir_make_tmp ("heddle-trace-XXXXXX", NULL);
  return g_build_filename (folder, name, NULL);
}

static void
remove_scratch (char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_unlink (path);
  g_rmdir (folder);
  g_free (path);
}

static HdTrace *
write_and_open (const TestRun *run, const char *path, const HdTraceOptions *options)
{
  g_autoptr (GError) error = NULL;
  cr_assert (test_run_write (run, path, options, &error), "%s", error ? error->message : "");
  HdTrace *trace = hd_trace_open (path, &error);
  cr_assert_not_null (trace, "%s", error ? error->message : "");
  return trace;
}

/* --- series: the memory sink is the simple thing that the file is held against ---------------------------------------- */

/* The part of a run in [from, to), merged with what went before. */
static void
append_part (GArray *runs, HdTraceRun run, guint64 from, guint64 to)
{
  run.from = MAX (run.from, from);
  run.to = MIN (run.to, to);
  if (run.from < run.to)
    g_array_append_val (runs, run);
}

static void
assert_series (HdTrace *trace, const HdSink *memory, guint s, guint64 from, guint64 to)
{
  g_autoptr (GError) error = NULL;
  gsize n;
  const HdSeries *series = hd_memory_sink_series (memory, s);
  const HdTraceRun *expected = hd_memory_sink_runs (memory, s, &n);
  const HdTraceSeries *found = hd_trace_find_series (trace, series->kind, series->resource);
  cr_assert_not_null (found, "%s", series->resource);
  g_autoptr (GArray) cut = g_array_new (FALSE, FALSE, sizeof (HdTraceRun));
  for (gsize i = 0; i < n; i++)
    append_part (cut, expected[i], from, to);
  g_autoptr (GArray) runs = hd_trace_series_runs (trace, found, from, to, &error);
  cr_assert_not_null (runs, "%s", error ? error->message : "");
  cr_assert_eq (runs->len, cut->len, "%s: %u runs, not %u", series->resource, runs->len, cut->len);
  for (guint i = 0; i < runs->len; i++) {
    HdTraceRun a = g_array_index (runs, HdTraceRun, i), b = g_array_index (cut, HdTraceRun, i);
    cr_assert (a.from == b.from && a.to == b.to, "%s, run %u", series->resource, i);
    if (series->kind == HD_SERIES_POWER)
      cr_assert_eq (a.pj, b.value * hd_memory_sink_power_unit_pj (memory));
    else
      cr_assert_eq (a.value, b.value);
  }
}

static void
assert_all_series (guint64 seed, guint64 cycles, guint64 longest)
{
  char *path = scratch_file ("t.h5");
  TestRun *run = test_run_new (seed, cycles, 10, longest);
  HdSink *memory = hd_memory_sink_new ();
  cr_assert (test_run_report (run, memory, NULL));
  HdTrace *trace = write_and_open (run, path, NULL);
  cr_assert_eq (hd_trace_info (trace)->n_series, run->n_series);
  for (guint s = 0; s < run->n_series; s++) {
    assert_series (trace, memory, s, 0, cycles);
    assert_series (trace, memory, s, cycles / 3, cycles / 2 + 1);
  }
  hd_trace_free (trace);
  hd_memory_sink_free (memory);
  test_run_free (run);
  remove_scratch (path);
}

Test (trace, series_of_few_cycles) { for (guint64 cycles = 1; cycles < 40; cycles += 3) assert_all_series (cycles, cycles, 4); }
Test (trace, series_of_short_runs) { assert_all_series (1, 300000, 3); }
Test (trace, series_of_long_runs) { assert_all_series (2, 9000000, 30000); }
Test (trace, series_longer_than_chunks) { assert_all_series (3, 40000000, 1500000); }
Test (trace, series_that_end_at_a_chunk) { for (int d = -1; d <= 1; d++) assert_all_series (4, (2 << 20) + d, 40000); }

Test (trace, no_cycles_and_no_tasks)
{
  char *path = scratch_file ("none.h5");
  TestRun *run = test_run_new (1, 0, 0, 4);
  HdTrace *trace = write_and_open (run, path, NULL);
  cr_assert_eq (hd_trace_info (trace)->cycles, 0);
  cr_assert_eq (hd_trace_info (trace)->n_tasks, 0);
  cr_assert_eq (hd_trace_info (trace)->series_to, 0);
  hd_trace_free (trace);
  test_run_free (run);
  remove_scratch (path);
}

Test (trace, a_window_holds_its_cycles_only)
{
  static const guint64 windows[][2] = { { 1000, 2000 }, { 3000000, 3000001 }, { 1 << 20, 3 << 20 }, { 4999999, 0 }, { 6000000, 7000000 }, { 10, 9000000 } };
  char *path = scratch_file ("window.h5");
  TestRun *run = test_run_new (5, 5000000, 10, 3000);
  HdSink *memory = hd_memory_sink_new ();
  cr_assert (test_run_report (run, memory, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    HdTraceOptions options = { .window_from = windows[i][0], .window_to = windows[i][1] };
    guint64 to = MIN (windows[i][1] == 0 ? G_MAXUINT64 : windows[i][1], 5000000);
    HdTrace *trace = write_and_open (run, path, &options);
    const HdTraceInfo *info = hd_trace_info (trace);
    cr_assert_eq (info->series_from, windows[i][0]);
    cr_assert_eq (info->series_to, MAX (to, windows[i][0]));
    for (guint s = 0; s < run->n_series; s++)
      assert_series (trace, memory, s, windows[i][0], to);
    hd_trace_free (trace);
  }
  hd_memory_sink_free (memory);
  test_run_free (run);
  remove_scratch (path);
}

Test (trace, no_dense_writes_no_series_and_all_else)
{
  char *path = scratch_file ("plain.h5");
  TestRun *run = test_run_new (6, 100000, 50, 100);
  HdTrace *trace = write_and_open (run, path, &(HdTraceOptions) { .no_dense = TRUE });
  cr_assert_eq (hd_trace_info (trace)->n_series, 0);
  cr_assert_eq (hd_trace_info (trace)->n_tasks, 50);
  cr_assert_not (hd_trace_has (trace, "/cycles"));
  hd_trace_free (trace);
  test_run_free (run);
  remove_scratch (path);
}

/* Changes past the end mean nothing, even chunks past it. */
Test (trace, changes_past_the_end_are_not_seen)
{
  g_autoptr (GError) error = NULL;
  char *path = scratch_file ("past.h5");
  HdTraceHeader header = { .title = "past" };
  HdSeries series = { HD_SERIES_BITS, "bus", 9 };
  HdChange changes[] = { { 5, 3, 0, 0 }, { 100, 4, 0, 0 }, { 3000000, 5, 0, 0 }, { 9000000, 6, 0, 0 } };
  HdSink *sink = hd_trace_sink_new (path, &header, NULL, &error);
  cr_assert (sink->klass->begin (sink, &(HdRunInfo) { 1, &series, 1, 0, 0 }, &error));
  cr_assert (sink->klass->changes (sink, changes, 4, &error));
  cr_assert (sink->klass->end (sink, &(HdTaskColumns) { .cycles = 1000 }, &error));
  cr_assert (hd_trace_sink_commit (sink, &error));
  hd_trace_sink_free (sink);
  g_autoptr (HdTrace) trace = hd_trace_open (path, &error);
  cr_assert_not_null (trace, "%s", error ? error->message : "");
  g_autoptr (GArray) runs = hd_trace_series_runs (trace, hd_trace_find_series (trace, HD_SERIES_BITS, "bus"), 0, G_MAXUINT64, &error);
  cr_assert_eq (runs->len, 3);
  HdTraceRun last = g_array_index (runs, HdTraceRun, 2);
  cr_assert (last.from == 100 && last.to == 1000 && last.value == 4);
  remove_scratch (path);
}

/* --- everything else ----------------------------------------------------------------------------------------------------- */

Test (trace, columns_names_and_texts_come_back)
{
  g_autoptr (GError) error = NULL;
  char *path = scratch_file ("columns.h5");
  TestRun *run = test_run_new (7, 100000, 70000, 100);
  HdTrace *trace = write_and_open (run, path, NULL);
  guint64 n = 70000, any = G_MAXUINT64;
  double energy = 0;
  cr_assert_arr_eq (hd_trace_column (trace, "/tasks/start", HD_COLUMN_U64, &n, &error), run->start, n * 8);
  cr_assert_arr_eq (hd_trace_column (trace, "/tasks/end", HD_COLUMN_U64, &n, &error), run->end, n * 8);
  cr_assert_arr_eq (hd_trace_column (trace, "/tasks/wait_cause", HD_COLUMN_U32, &n, &error), run->wait_cause, n * 4);
  cr_assert_arr_eq (hd_trace_column (trace, "/tasks/kind", HD_COLUMN_U8, &n, &error), run->kind, n);
  cr_assert_arr_eq (hd_trace_column (trace, "/tasks/bits", HD_COLUMN_U64, &n, &error), run->bits, n * 8);
  char *const *cores = (char *const *) hd_trace_column (trace, "/names/core", HD_COLUMN_STRING, &any, &error);
  cr_assert_eq (any, 2);
  cr_assert_str_eq (cores[1], "cluster/core1");
  cr_assert_str_eq (hd_trace_text (trace, "/meta/platform", &error), "<platform version=\"1\"/>\n");
  cr_assert (hd_trace_number (trace, "energy_pj", &energy, &error));
  cr_assert_eq (energy, 12.5);
  cr_assert_str_eq (hd_trace_info (trace)->platform_sha256, "00ff");
  cr_assert_eq (hd_trace_info (trace)->clock_hz, 1000000000);
  cr_assert_not (hd_trace_info (trace)->deadlock);
  cr_assert_null (hd_trace_column (trace, "/tasks/start", HD_COLUMN_U32, &n, &error));
  cr_assert_eq (error->code, HD_ERROR_INPUT);
  hd_trace_free (trace);
  test_run_free (run);
  remove_scratch (path);
}

Test (trace, a_deadlock_is_told)
{
  g_autoptr (GError) error = NULL;
  char *path = scratch_file ("deadlock.h5");
  TestRun *run = test_run_new (8, 100, 3, 10);
  HdTraceHeader *header = test_header_new (run);
  HdSink *sink = hd_trace_sink_new (path, header, NULL, &error);
  cr_assert (test_run_report (run, sink, &error));
  cr_assert (hd_trace_sink_write_deadlock (sink, "core0 waits for core1", &error));
  cr_assert (hd_trace_sink_commit (sink, &error));
  hd_trace_sink_free (sink);
  g_autoptr (HdTrace) trace = hd_trace_open (path, &error);
  cr_assert (hd_trace_info (trace)->deadlock);
  cr_assert_str_eq (hd_trace_text (trace, "/deadlock", &error), "core0 waits for core1");
  test_header_free (header);
  test_run_free (run);
  remove_scratch (path);
}

/* So many tasks that columns are compressed by whoever has time: two threads, or (every second time) one. */
Test (trace, the_same_run_gives_the_same_bytes_however_many_threads_there_are)
{
  char *path = scratch_file ("same.h5");
  TestRun *run = test_run_new (9, 5000000, 300000, 60);
  g_autofree char *first = NULL;
  gsize size = 0;
  for (guint again = 0; again < 6; again++) {
    g_autofree char *bytes = NULL;
    gsize n;
    cr_assert (test_run_write (run, path, &(HdTraceOptions) { .one_thread = again % 2 }, NULL));
    cr_assert (g_file_get_contents (path, &bytes, &n, NULL));
    if (again > 0)
      cr_assert (n == size && memcmp (bytes, first, n) == 0, "rerun %u", again);
    else {
      first = g_steal_pointer (&bytes);
      size = n;
    }
  }
  test_run_free (run);
  remove_scratch (path);
}

/* An engine that asks for thousands of series must not make the sink take much memory, nor may it fail. */
Test (trace, thousands_of_series)
{
  g_autoptr (GError) error = NULL;
  enum { N = 3000 };
  char *path = scratch_file ("many.h5");
  HdTraceHeader header = { .title = "many" };
  HdSeries *series = g_new (HdSeries, N);
  for (guint i = 0; i < N; i++)
    series[i] = (HdSeries) { HD_SERIES_BITS, g_strdup_printf ("bus%u", i), 255 };
  HdSink *sink = hd_trace_sink_new (path, &header, NULL, &error);
  cr_assert (sink->klass->begin (sink, &(HdRunInfo) { N, series, 1, 0, 0 }, &error));
  for (guint i = 0; i < N; i++)
    cr_assert (sink->klass->changes (sink, &(HdChange) { 3 * i, 1 + i % 255, i, 0 }, 1, &error));
  cr_assert (sink->klass->end (sink, &(HdTaskColumns) { .cycles = 2000000 }, &error));
  cr_assert (hd_trace_sink_commit (sink, &error));
  hd_trace_sink_free (sink);
  g_autoptr (HdTrace) trace = hd_trace_open (path, &error);
  cr_assert_not_null (trace, "%s", error ? error->message : "");
  cr_assert_eq (hd_trace_info (trace)->n_series, N);
  g_autoptr (GArray) runs = hd_trace_series_runs (trace, hd_trace_find_series (trace, HD_SERIES_BITS, "bus2999"), 0, G_MAXUINT64, &error);
  cr_assert_eq (runs->len, 2);
  cr_assert_eq (g_array_index (runs, HdTraceRun, 1).from, 3 * 2999);
  for (guint i = 0; i < N; i++)
    g_free ((char *) series[i].resource);
  g_free (series);
  remove_scratch (path);
}
