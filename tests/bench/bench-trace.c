/* What a trace costs, side by side in one run: dense series from their runs against H5Dwrite of the expanded series with the same filters and chunks;
 * runs and column values per second through the sink. */
#include <heddle/random.h>
#include <heddle/trace.h>

#include <glib/gstdio.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1 << 20 };

static double
seconds (void)
{
  return g_get_monotonic_time () / 1e6;
}

static double
file_size (const char *path)
{
  GStatBuf info;
  return g_stat (path, &info) == 0 ? info.st_size : 0;
}

static void
must (gboolean fine, const char *what, GError *error)
{
  if (fine)
    return;
  fprintf (stderr, "%s failed: %s\n", what, error != NULL ? error->message : "HDF5");
  exit (1);
}

/* --- runs: lengths are geometric, mean @mean; values uniform below @values ----------------------------------------- */

typedef struct {
  HdChange *change;
  gsize n;
} Runs;

static Runs
make_runs (guint64 cycles, double mean, guint64 values)
{
  HdRandom random;
  GArray *array = g_array_new (FALSE, FALSE, sizeof (HdChange));
  hd_random_init (&random, 1);
  for (guint64 at = 0; at < cycles;) {
    HdChange change = { at, hd_random_below (&random, values), 0, 0 };
    g_array_append_val (array, change);
    at += 1 + (guint64) (-mean * log (1 - hd_random_double (&random)));
  }
  Runs runs = { (HdChange *) array->data, array->len };
  g_array_free (array, FALSE);
  return runs;
}

static double
write_by_sink (const char *path, const Runs *runs, guint64 cycles, guint64 max_value)
{
  GError *error = NULL;
  HdTraceHeader header = { .title = "bench", .clock_hz = 1 };
  HdSeries series = { HD_SERIES_BITS, "bus", max_value };
  HdRunInfo info = { 1, &series, 1, 0, cycles };
  double begin = seconds ();
  HdSink *sink = hd_trace_sink_new (path, &header, NULL, &error);
  must (sink != NULL && sink->klass->begin (sink, &info, &error), "begin", error);
  for (gsize i = 0; i < runs->n; i += 4096)
    must (sink->klass->changes (sink, runs->change + i, MIN (4096, runs->n - i), &error), "changes", error);
  must (sink->klass->end (sink, &(HdTaskColumns) { .cycles = cycles }, &error) && hd_trace_sink_commit (sink, &error), "end", error);
  hd_trace_sink_free (sink);
  return seconds () - begin;
}

/* Expands one chunk at a time; only the time of the HDF5 calls counts. */
static double
write_by_hdf5 (const char *path, const Runs *runs, guint64 cycles, guint width)
{
  hsize_t rows = cycles, chunk = CHUNK;
  double spent = 0, begin = seconds ();
  guint8 *buffer = g_malloc ((gsize) CHUNK * width);
  hid_t file = H5Fcreate (path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), list = H5Pcreate (H5P_DATASET_CREATE);
  hid_t type = width == 1 ? H5T_STD_U8LE : H5T_STD_U32LE, space = H5Screate_simple (1, &rows, NULL), memory = H5Screate_simple (1, &chunk, NULL);
  H5Pset_chunk (list, 1, &chunk);
  H5Pset_shuffle (list);
  H5Pset_deflate (list, 1);
  hid_t dataset = H5Dcreate2 (file, "bits", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  spent += seconds () - begin;
  gsize run = 0;
  for (hsize_t first = 0; first < cycles; first += CHUNK) {
    hsize_t n = MIN (CHUNK, cycles - first);
    for (hsize_t i = 0; i < n; i++) {
      while (run + 1 < runs->n && runs->change[run + 1].cycle <= first + i)
        run++;
      if (width == 1)
        buffer[i] = runs->change[run].value;
      else
        ((guint32 *) (gpointer) buffer)[i] = runs->change[run].value;
    }
    begin = seconds ();
    H5Sselect_hyperslab (memory, H5S_SELECT_SET, &(hsize_t) { 0 }, NULL, &n, NULL);
    H5Sselect_hyperslab (space, H5S_SELECT_SET, &first, NULL, &n, NULL);
    must (H5Dwrite (dataset, type, memory, space, H5P_DEFAULT, buffer) >= 0, "H5Dwrite", NULL);
    spent += seconds () - begin;
  }
  begin = seconds ();
  must (H5Dclose (dataset) >= 0 && H5Fclose (file) >= 0, "H5Fclose", NULL);
  spent += seconds () - begin;
  g_free (buffer);
  return spent;
}

static void
compare (const char *folder, guint width, double mean, guint64 cycles)
{
  g_autofree char *ours = g_build_filename (folder, "ours.h5", NULL);
  g_autofree char *theirs = g_build_filename (folder, "theirs.h5", NULL);
  guint64 values = width == 1 ? 256 : G_GUINT64_CONSTANT (1) << 20;
  Runs runs = make_runs (cycles, mean, values);
  double sink = write_by_sink (ours, &runs, cycles, width == 1 ? 255 : G_MAXUINT32), plain = write_by_hdf5 (theirs, &runs, cycles, width);
  printf ("uint%-2u %5.2g cycles, runs of %4.0f: sink %7.3f s, H5Dwrite %7.3f s: %6.1f times as fast; file %.3f of its size\n", 8 * width, (double) cycles,
          mean, sink, plain, plain / sink, file_size (ours) / file_size (theirs));
  g_unlink (ours);
  g_unlink (theirs);
  g_free (runs.change);
}

/* A bus that is busy for 64 cycles of every 200: zlib finds the period as well. */
static void
compare_periodic (const char *folder, guint64 cycles)
{
  g_autofree char *ours = g_build_filename (folder, "ours.h5", NULL);
  g_autofree char *theirs = g_build_filename (folder, "theirs.h5", NULL);
  GArray *array = g_array_new (FALSE, FALSE, sizeof (HdChange));
  for (guint64 at = 0; at < cycles; at += array->len % 2 == 1 ? 64 : 136) {
    HdChange change = { at, array->len % 2 == 0 ? 64 : 0, 0, 0 };
    g_array_append_val (array, change);
  }
  Runs runs = { (HdChange *) array->data, array->len };
  g_array_free (array, FALSE);
  double sink = write_by_sink (ours, &runs, cycles, 255), plain = write_by_hdf5 (theirs, &runs, cycles, 1);
  printf ("uint8  %5.2g cycles, periodic          : sink %7.3f s, H5Dwrite %7.3f s: %6.1f times as fast; file %.3f of its size\n", (double) cycles, sink,
          plain, plain / sink, file_size (ours) / file_size (theirs));
  g_unlink (ours);
  g_unlink (theirs);
  g_free (runs.change);
}

/* Many short runs in several series, as an engine reports them. */
static void
rate_of_runs (const char *folder)
{
  enum { N = 20000000, SERIES = 16, BATCH = 4096 };
  g_autofree char *path = g_build_filename (folder, "runs.h5", NULL);
  GError *error = NULL;
  HdTraceHeader header = { .title = "bench", .clock_hz = 1 };
  HdSeries series[SERIES];
  HdRandom random;
  HdChange *batches = g_new (HdChange, BATCH * 256);
  guint64 at = 0;
  hd_random_init (&random, 2);
  for (guint s = 0; s < SERIES; s++)
    series[s] = (HdSeries) { HD_SERIES_BITS, g_strdup_printf ("bus%u", s), s % 2 == 0 ? 255 : 65535 };
  HdRunInfo info = { SERIES, series, 1, 0, 0 };
  double spent = 0, begin = seconds ();
  HdSink *sink = hd_trace_sink_new (path, &header, NULL, &error);
  must (sink != NULL && sink->klass->begin (sink, &info, &error), "begin", error);
  spent += seconds () - begin;
  for (gsize done = 0; done < N; done += BATCH) {
    for (guint i = 0; i < BATCH; i++)
      batches[i] = (HdChange) { at += hd_random_below (&random, 8), hd_random_below (&random, 4) * 64 % (series[i % SERIES].max_value + 1), i % SERIES, 0 };
    begin = seconds ();
    must (sink->klass->changes (sink, batches, BATCH, &error), "changes", error);
    spent += seconds () - begin;
  }
  begin = seconds ();
  must (sink->klass->end (sink, &(HdTaskColumns) { .cycles = at }, &error) && hd_trace_sink_commit (sink, &error), "end", error);
  spent += seconds () - begin;
  hd_trace_sink_free (sink);
  printf ("%d runs in %d series: %.1f million runs a second, %.2f bytes a run\n", N, SERIES, N / spent / 1e6, file_size (path) / N);
  g_unlink (path);
}

/* Columns like those of a schedule that repeats itself with some contention. */
static void
rate_of_columns (const char *folder)
{
  enum { N = 2000000 };
  g_autofree char *path = g_build_filename (folder, "columns.h5", NULL);
  GError *error = NULL;
  HdRandom random;
  HdTraceHeader header = { .title = "bench", .clock_hz = 1 };
  guint64 *column[4];
  guint8 *kind = g_new (guint8, N);
  guint32 *cause = g_new (guint32, N);
  hd_random_init (&random, 3);
  for (guint c = 0; c < 4; c++)
    column[c] = g_new (guint64, N);
  for (guint64 i = 0, at = 0; i < N; i++, at += 40 + hd_random_below (&random, 25)) {
    column[0][i] = at;
    column[1][i] = at + hd_random_below (&random, 4);
    column[2][i] = column[1][i] + 8 * hd_random_below (&random, 3);
    column[3][i] = column[2][i] + 128 * (1 + i % 3);
    kind[i] = hd_random_below (&random, 5);
    cause[i] = i - hd_random_below (&random, 7);
  }
  double begin = seconds ();
  HdSink *sink = hd_trace_sink_new (path, &header, NULL, &error);
  must (sink != NULL && sink->klass->begin (sink, &(HdRunInfo) { 0 }, &error), "begin", error);
  HdTaskColumns columns = { column[3][N - 1], N, column[0], column[1], column[2], column[3], kind, cause };
  must (sink->klass->end (sink, &columns, &error) && hd_trace_sink_commit (sink, &error), "end", error);
  hd_trace_sink_free (sink);
  double spent = seconds () - begin;
  printf ("%d tasks of 6 columns: %.1f million values a second, %.2f bytes a value\n", N, 6 * N / spent / 1e6, file_size (path) / (6.0 * N));
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  guint64 cycles = argc > 1 ? g_ascii_strtoull (argv[1], NULL, 10) : 1000000000;
  char *folder = g_dir_make_tmp ("heddle-bench-XXXXXX", NULL);
  H5dont_atexit ();
  compare (folder, 1, 1000, cycles);
  compare (folder, 4, 1000, cycles);
  compare (folder, 1, 100, cycles / 10);
  compare (folder, 1, 3, cycles / 100);
  compare (folder, 4, 3, cycles / 100);
  compare_periodic (folder, cycles / 10);
  rate_of_runs (folder);
  rate_of_columns (folder);
  g_rmdir (folder);
  g_free (folder);
  return 0;
}
