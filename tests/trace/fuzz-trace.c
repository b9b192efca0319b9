/* Fuzz target of traces: any bytes are refused or give a trace all of which can be read. */
#include "trace/fuzz-trace.h"
#include "project/fuzz-file.h"

static gboolean
sum_run (const HdTraceRun *run, gpointer data)
{
  *(guint64 *) data += run->to - run->from;
  return TRUE;
}

/* The runs of a series cover it without gaps. */
static gboolean
read_series (HdTrace *trace, const HdTraceSeries *series, GError **error)
{
  const HdTraceInfo *info = hd_trace_info (trace);
  guint64 covered = 0;
  if (!hd_trace_series_each (trace, series, 0, G_MAXUINT64, sum_run, &covered, error))
    return FALSE;
  if (covered != info->series_to - info->series_from)
    g_error ("the runs of %s cover %" G_GUINT64_FORMAT " cycles", series->path, covered);
  return TRUE;
}

gboolean
read_whole_trace (const char *path, GError **error)
{
  static const struct {
    const char *path;
    HdColumnType type;
  } columns[] = {
    { "/tasks/ready", HD_COLUMN_U64 }, { "/tasks/issue", HD_COLUMN_U64 },      { "/tasks/start", HD_COLUMN_U64 },
    { "/tasks/end", HD_COLUMN_U64 },   { "/tasks/wait_kind", HD_COLUMN_U8 },   { "/tasks/wait_cause", HD_COLUMN_U32 },
    { "/tasks/bits", HD_COLUMN_U64 },  { "/names/core", HD_COLUMN_STRING },    { "/summary/cores/compute", HD_COLUMN_U64 },
    { "/cores/compute", HD_COLUMN_U64 }, { "/memories/capacity_bits", HD_COLUMN_U64 }, { "/names/layer", HD_COLUMN_STRING },
  };
  g_autoptr (HdTrace) trace = hd_trace_open (path, error);
  if (trace == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    guint64 n = G_MAXUINT64;
    /* The tests' own traces and those of the program differ in their tables. */
    if (!g_str_has_prefix (columns[i].path, "/tasks/") && !hd_trace_has (trace, columns[i].path))
      continue;
    if (hd_trace_column (trace, columns[i].path, columns[i].type, &n, error) == NULL)
      return FALSE;
  }
  if (hd_trace_text (trace, "/meta/platform", error) == NULL)
    return FALSE;
  for (guint i = 0; i < hd_trace_info (trace)->n_series; i++)
    if (!read_series (trace, &hd_trace_info (trace)->series[i], error))
      return FALSE;
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  const char *path = fuzz_file (data, size);
  if (path == NULL)
    return 0;
  gboolean sound = read_whole_trace (path, &error);
  if (!sound && error == NULL)
    g_error ("refused without a reason");
  fuzz_expect_sound (sound, error);
  return 0;
}
