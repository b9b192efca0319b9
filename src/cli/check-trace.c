/* heddle check of a trace: is it whole, does it say of the tasks what the schedule says, and are its times possible?
 *
 * A trace that heddle itself scheduled brings along what its schedule is made again from. What a trace repeats of the schedule must be equal to it, row by row; what the
 * run added must be there, of its type, and readable to the last cycle; then the times are held against the schedule by the legality check.
 */
#include "config.h"
#include "cli/inputs.h"
#include "cli/simulation.h"

#include <string.h>

/* --- the schedule ------------------------------------------------------------------------------------------ */

/* Makes the schedule of a trace again, from what stands in it. */
static HdSchedule *
remake_schedule (HdTrace *trace, CliInputs *inputs, GError **error)
{
  const char *platform = hd_trace_text (trace, "/meta/platform", error), *workload = platform != NULL ? hd_trace_text (trace, "/meta/workload", error) : NULL;
  const char *mapping = workload != NULL ? hd_trace_text (trace, "/meta/mapping", error) : NULL;
  const char *recipe = mapping != NULL ? hd_trace_text (trace, "/meta/recipe", error) : NULL;
  if (recipe == NULL)
    return NULL;
  g_auto (GStrv) words = g_strsplit (recipe, " ", -1);
  guint n_words = g_strv_length (words);
  if (n_words != 3 && n_words != 4) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/meta/recipe: \"%.60s\" - expected pass, rules, objective and perhaps a priority", hd_trace_info (trace)->path, recipe);
    return NULL;
  }
  inputs->pass = g_strdup (words[0]);
  inputs->rules = g_strdup (words[1]);
  inputs->objective = g_strdup (words[2]);
  inputs->priority = g_strdup (words[3]);   /* NULL where there are three */
  g_autoptr (GError) local = NULL;
  HdSchedule *schedule = cli_inputs_parse (inputs, hd_trace_info (trace)->path, platform, workload, mapping, &local) ? cli_inputs_schedule (inputs, &local) : NULL;
  if (schedule == NULL && local->code == HD_ERROR_USAGE)
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/meta/recipe: %s", hd_trace_info (trace)->path, local->message);
  else if (schedule == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return schedule;
}

static gboolean
is_trace_of (const HdTrace *trace, const HdSchedule *schedule, GError **error)
{
  const HdTraceInfo *info = hd_trace_info (trace);
  g_autofree char *sha256 = hd_schedule_sha256 (schedule);
  if (g_str_equal (sha256, info->schedule_sha256))
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/: it is the trace of another schedule (sha256 %.64s) - expected %s", info->path, info->schedule_sha256, sha256);
  return FALSE;
}

/* --- columns that the schedule fixes ------------------------------------------------------------------------- */

static gsize
width_of (HdColumnType type)
{
  return type == HD_COLUMN_U8 ? 1 : type == HD_COLUMN_U32 ? 4 : 8;
}

/* The first row that differs; @n: none. */
static guint64
first_difference (const HdTraceColumn *expected, gconstpointer found, guint64 n)
{
  gsize width = width_of (expected->type);
  const char *const *names = found;
  guint64 row = 0;
  if (expected->type == HD_COLUMN_STRING)
    while (row < n && g_str_equal (((const char *const *) expected->values)[row], names[row]))
      row++;
  else
    while (row < n && memcmp ((const char *) expected->values + row * width, (const char *) found + row * width, width) == 0)
      row++;
  return row;
}

static gboolean
check_fixed_columns (HdTrace *trace, const HdPlatform *platform, const HdSchedule *schedule, GError **error)
{
  g_autoptr (CliRecord) record = cli_record_new (platform, schedule);
  const HdTraceHeader *header = cli_record_header (record, NULL);
  for (guint i = 0; i < header->n_columns; i++) {
    const HdTraceColumn *column = &header->columns[i];
    guint64 n = column->n;
    gconstpointer found = hd_trace_column (trace, column->path, column->type, &n, error);
    if (found == NULL)
      return FALSE;
    guint64 row = first_difference (column, found, n);
    if (row < n) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: row %" G_GUINT64_FORMAT " is not what the schedule says", hd_trace_info (trace)->path, column->path, row);
      return FALSE;
    }
  }
  return TRUE;
}

/* --- what the run added ---------------------------------------------------------------------------------------- */

typedef enum { ROWS_TASKS, ROWS_CORES, ROWS_MEMORIES, ROWS_RESOURCES, ROWS_LAYERS, ROWS_CORE_LAYERS } Rows;

static const struct { const char *path; HdColumnType type; Rows rows; } ADDED[] = {
  { "/tasks/wait_kind", HD_COLUMN_U8, ROWS_TASKS },          { "/tasks/wait_cause", HD_COLUMN_U32, ROWS_TASKS },   { "/cores/done", HD_COLUMN_U64, ROWS_CORES },
  { "/cores/compute", HD_COLUMN_U64, ROWS_CORES },           { "/cores/wait_input", HD_COLUMN_U64, ROWS_CORES },   { "/cores/wait_space", HD_COLUMN_U64, ROWS_CORES },
  { "/cores/wait_turn", HD_COLUMN_U64, ROWS_CORES },         { "/layers/nodes", HD_COLUMN_U64, ROWS_LAYERS },      { "/layers/compute_cycles", HD_COLUMN_U64, ROWS_LAYERS },
  { "/layers/start", HD_COLUMN_U64, ROWS_LAYERS },           { "/layers/end", HD_COLUMN_U64, ROWS_LAYERS },        { "/layers/macs", HD_COLUMN_U64, ROWS_LAYERS },
  { "/layers/moved_bits", HD_COLUMN_U64, ROWS_LAYERS },      { "/memories/peak_bits", HD_COLUMN_U64, ROWS_MEMORIES }, { "/resources/busy", HD_COLUMN_U64, ROWS_RESOURCES },
  { "/resources/bits", HD_COLUMN_U64, ROWS_RESOURCES },      { "/core_layers/core", HD_COLUMN_U32, ROWS_CORE_LAYERS }, { "/core_layers/layer", HD_COLUMN_U32, ROWS_CORE_LAYERS },
  { "/core_layers/operations", HD_COLUMN_U64, ROWS_CORE_LAYERS },
};

static gboolean
check_added_columns (HdTrace *trace, const HdPlatform *platform, const HdSchedule *schedule, GError **error)
{
  /* The first column of what has rows only for what happened says how many, to the others. */
  guint64 rows[] = { schedule->n_tasks, platform->n_cores, platform->n_memories, platform->n_resources, schedule->n_layers, G_MAXUINT64 };
  for (gsize i = 0; i < G_N_ELEMENTS (ADDED); i++)
    if (hd_trace_column (trace, ADDED[i].path, ADDED[i].type, &rows[ADDED[i].rows], error) == NULL)
      return FALSE;
  return TRUE;
}

/* The states of a core add up to the makespan. */
static gboolean
check_states (HdTrace *trace, guint n_cores, GError **error)
{
  static const char *const STATES[] = { "/cores/done", "/cores/compute", "/cores/wait_input", "/cores/wait_space", "/cores/wait_turn" };
  const HdTraceInfo *info = hd_trace_info (trace);
  guint64 n = n_cores;
  for (guint c = 0; c < n_cores; c++) {
    guint64 sum = 0;
    for (gsize s = 0; s < G_N_ELEMENTS (STATES); s++)
      sum += ((const guint64 *) hd_trace_column (trace, STATES[s], HD_COLUMN_U64, &n, NULL))[c];
    if (sum != info->cycles) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/cores: the states of core %u add up to %" G_GUINT64_FORMAT " cycles - expected %" G_GUINT64_FORMAT, info->path, c, sum, info->cycles);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
count_cycles (const HdTraceRun *run, gpointer data)
{
  *(guint64 *) data += run->to - run->from;
  return TRUE;
}

/* Every cycle of every series can be read. */
static gboolean
check_series (HdTrace *trace, GError **error)
{
  const HdTraceInfo *info = hd_trace_info (trace);
  for (guint i = 0; i < info->n_series; i++) {
    guint64 covered = 0;
    if (!hd_trace_series_each (trace, &info->series[i], info->series_from, info->series_to, count_cycles, &covered, error))
      return FALSE;
    if (covered != info->series_to - info->series_from) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: it covers %" G_GUINT64_FORMAT " cycles - expected all", info->path, info->series[i].path, covered);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check_times (HdTrace *trace, const HdPlatform *platform, const HdSchedule *schedule, GError **error)
{
  const HdTraceInfo *info = hd_trace_info (trace);
  guint64 n = info->n_tasks;
  HdTaskTimes times = { .cycles = info->cycles, .n_tasks = n };
  times.ready = hd_trace_column (trace, "/tasks/ready", HD_COLUMN_U64, &n, error);
  times.issue = times.ready != NULL ? hd_trace_column (trace, "/tasks/issue", HD_COLUMN_U64, &n, error) : NULL;
  times.start = times.issue != NULL ? hd_trace_column (trace, "/tasks/start", HD_COLUMN_U64, &n, error) : NULL;
  times.end = times.start != NULL ? hd_trace_column (trace, "/tasks/end", HD_COLUMN_U64, &n, error) : NULL;
  return times.end != NULL && hd_schedule_check_times (schedule, platform, &times, error);
}

gboolean
cli_check_trace (HdTrace *trace, const HdPlatform *platform, const HdSchedule *schedule, GError **error)
{
  g_auto (CliInputs) inputs = { 0 };
  g_autoptr (HdSchedule) made = NULL;
  if (schedule == NULL) {
    schedule = made = remake_schedule (trace, &inputs, error);
    platform = inputs.platform;
    if (schedule == NULL || !hd_schedule_check (schedule, platform, error))
      return FALSE;
  }
  return is_trace_of (trace, schedule, error) && check_fixed_columns (trace, platform, schedule, error) && check_added_columns (trace, platform, schedule, error)
         && check_states (trace, platform->n_cores, error) && check_series (trace, error) && check_times (trace, platform, schedule, error);
}
