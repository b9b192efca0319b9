/* The summary of a run: the tables of its report, filled from the result instead of a trace. */
#include "config.h"
#include "cli/simulation.h"

#include "base/json.h"
#include "report/inferences.h"
#include "report/tables.h"

static guint64
count_nodes (const HdSchedule *schedule)
{
  guint64 n = 0;
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    n += schedule->kind[t] == HD_TASK_COMPUTE;
  return n;
}

void
cli_summary_text (const HdView *view, const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, GString *out)
{
  g_autoptr (HdBounds) bounds = hd_bounds_new (platform, schedule);
  _hd_tables_text (view, VIEW_NONE, out);
  cli_bounds_text (bounds, platform, result, out);
}

void
cli_summary_json (const HdView *view, const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, double wall_s, GString *out)
{
  g_autoptr (HdBounds) bounds = hd_bounds_new (platform, schedule);
  HdJson json = { .text = out };
  double seconds = platform->clock_hz > 0 ? (double) result->cycles / (double) platform->clock_hz : 0;
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-summary-1");
  hd_json_string (&json, "platform", platform->name);
  hd_json_string (&json, "pass", schedule->pass);
  hd_json_string (&json, "outcome", result->deadlock ? "deadlock" : "complete");
  hd_json_u64 (&json, "cycles", result->cycles);
  hd_json_u64 (&json, "clock_hz", platform->clock_hz);
  hd_json_double (&json, "ms", seconds * 1e3);
  hd_json_double (&json, "energy_pj", result->energy_pj);
  hd_json_double (&json, "compute_pj", result->compute_pj);
  hd_json_double (&json, "transfer_pj", result->transfer_pj);
  hd_json_double (&json, "static_pj", result->static_pj);
  hd_json_double (&json, "power_w", seconds > 0 ? result->energy_pj * 1e-12 / seconds : 0);
  hd_json_u64 (&json, "nodes", count_nodes (schedule));
  hd_json_u64 (&json, "tasks", schedule->n_tasks);
  hd_json_u64 (&json, "events", result->events);
  hd_json_double (&json, "wall_s", wall_s);
  hd_json_u64 (&json, "dram_read_bits", result->dram_read_bits);
  hd_json_u64 (&json, "dram_write_bits", result->dram_write_bits);
  _hd_inferences_json (view, &json);
  cli_bounds_json (bounds, platform, result, &json);
  _hd_tables_json (view, VIEW_NONE, &json);
  if (result->deadlock)
    hd_json_string (&json, "deadlock", result->deadlock_text);
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
}
