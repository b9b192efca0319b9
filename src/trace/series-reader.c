/* Reading a dense series as runs.
 *
 * A chunk comes as byte planes. In each plane the next change is looked for, eight equal bytes at a time; a run of the series ends where the first of its
 * planes changes. Each plane is gone through once, so a chunk costs its bytes, however many runs it has. A chunk that is not there is one run of 0.
 */
#include "config.h"
#include "trace/read-private.h"

#include <string.h>

typedef struct {
  guint width;
  guint64 rows;          /* of a chunk */
  guint8 *planes;
  HdTraceRun run;        /* found last, not yet given; empty at the begin */
  HdTraceRunFunc func;
  gpointer data;
  gboolean stopped;
} Decoder;

/* Gives the run that has been collected. */
static void
give (Decoder *self)
{
  if (self->run.to > self->run.from && !self->stopped)
    self->stopped = !self->func (&self->run, self->data);
}

static inline void
add_run (Decoder *self, guint64 from, guint64 to, guint64 value)
{
  if (self->run.to == from && self->run.to > self->run.from && self->run.value == value) {
    self->run.to = to;
    return;
  }
  give (self);
  self->run = (HdTraceRun) { from, to, { value } };
}

/* The first index from @i + 1 on, up to @end, whose byte is not that of @i. */
static inline guint64
next_change (const guint8 *plane, guint64 i, guint64 end)
{
  const guint8 byte = plane[i];
  const guint64 eight = byte * G_GUINT64_CONSTANT (0x0101010101010101);
  for (i++; i + 8 <= end; i += 8) {
    guint64 word;
    memcpy (&word, plane + i, sizeof word);
    if (word != eight)
      break;
  }
  while (i < end && plane[i] == byte)
    i++;
  return i;
}

/* The runs of rows [from, to) of the chunk whose row 0 is cycle @base. */
static void
decode_chunk (Decoder *self, guint64 base, guint64 from, guint64 to)
{
  guint64 next[8];
  for (guint p = 0; p < self->width; p++)
    next[p] = from;
  for (guint64 i = from, end; i < to && !self->stopped; i = end) {
    guint64 value = 0;
    end = to;
    for (guint p = 0; p < self->width; p++) {
      const guint8 *plane = self->planes + p * self->rows;
      if (next[p] == i)
        next[p] = next_change (plane, i, to);
      end = MIN (end, next[p]);
      value |= (guint64) plane[i] << (8 * p);
    }
    add_run (self, base + i, base + end, value);
  }
}

static gboolean
read_range (Decoder *self, HdH5ChunkedReader *chunks, guint64 first_cycle, guint64 from, guint64 to, GError **error)
{
  for (guint64 at = from; at < to && !self->stopped;) {
    guint64 index = at / self->rows, next = hd_h5_next_chunk (chunks, index), begin = index * self->rows, end = MIN (to, begin + self->rows);
    gboolean present;
    if (next > index) {
      end = next < to / self->rows ? next * self->rows : to;
      add_run (self, first_cycle + at, first_cycle + end, 0);
      at = end;
      continue;
    }
    if (!hd_h5_read_chunk (chunks, index, self->planes, &present, error))
      return FALSE;
    if (present)
      decode_chunk (self, first_cycle + begin, at - begin, end - begin);
    else
      add_run (self, first_cycle + at, first_cycle + end, 0);
    at = end;
  }
  give (self);
  return TRUE;
}

gboolean
hd_trace_series_each (HdTrace *self, const HdTraceSeries *series, guint64 from, guint64 to, HdTraceRunFunc func, gpointer data, GError **error)
{
  guint64 rows, chunk_rows, first = self->info.series_from;
  HdH5Type type;
  from = MAX (from, first);
  to = MIN (to, self->info.series_to);
  if (from >= to)
    return TRUE;
  g_autoptr (HdH5ChunkedReader) chunks = hd_h5_open_chunked (self->file, series->path, &type, &rows, &chunk_rows, error);
  if (chunks == NULL)
    return FALSE;
  Decoder decoder = { .width = hd_h5_type_size (type), .rows = chunk_rows, .func = func, .data = data };
  /* The product is at most a multiple of the file's size: hd_h5_open_chunked() has seen to it. */
  g_autofree guint8 *planes = g_try_malloc (chunk_rows * decoder.width);
  if (planes == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%s:%s: a chunk of %" G_GUINT64_FORMAT " rows does not fit in memory", self->info.path, series->path, chunk_rows);
    return FALSE;
  }
  decoder.planes = planes;
  return read_range (&decoder, chunks, first, from - first, to - first, error);
}

static gboolean
append_run (const HdTraceRun *run, gpointer data)
{
  g_array_append_vals (data, run, 1);
  return TRUE;
}

GArray *
hd_trace_series_runs (HdTrace *self, const HdTraceSeries *series, guint64 from, guint64 to, GError **error)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (HdTraceRun));
  return hd_trace_series_each (self, series, from, to, append_run, runs, error) ? g_steal_pointer (&runs) : NULL;
}
