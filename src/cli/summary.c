/* The summary of a run: where every cycle went, for people and for programs. */
#include "config.h"
#include "cli/simulation.h"

#include "base/json.h"

#include <heddle/units.h>

#include <string.h>

char *
cli_grouped (guint64 value)
{
  char digits[24];
  GString *text = g_string_new (NULL);
  g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT, value);
  gsize n = strlen (digits);
  for (gsize i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0)
      g_string_append_c (text, ',');
    g_string_append_c (text, digits[i]);
  }
  return g_string_free (text, FALSE);
}

static guint
count_nodes (const HdSchedule *schedule)
{
  guint n = 0;
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    n += schedule->kind[t] == HD_TASK_COMPUTE;
  return n;
}

/* --- text ------------------------------------------------------------------------------------------- */

static void
append_fixed (GString *out, const char *format, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append (out, g_ascii_formatd (number, sizeof number, format, value));
}

static void
append_percent (GString *out, const char *before, guint64 part, guint64 whole, const char *after)
{
  g_string_append (out, before);
  append_fixed (out, "%5.1f", whole > 0 ? 100.0 * (double) part / (double) whole : 0);
  g_string_append_printf (out, " %% %s\n", after);
}

/* 5.3 mJ rather than 5300000000 pJ. */
static void
append_energy (GString *out, double pj)
{
  static const char *const UNIT[] = { "pJ", "nJ", "uJ", "mJ", "J" };
  guint step = 0;
  for (; pj >= 1000 && step + 1 < G_N_ELEMENTS (UNIT); step++)
    pj /= 1000;
  append_fixed (out, "%.4g", pj);
  g_string_append_printf (out, " %s", UNIT[step]);
}

static void
append_headline (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, GString *out)
{
  g_autofree char *nodes = cli_grouped (count_nodes (schedule)), *tasks = cli_grouped (schedule->n_tasks), *cycles = cli_grouped (result->cycles);
  double seconds = platform->clock_hz > 0 ? (double) result->cycles / (double) platform->clock_hz : 0;
  g_string_append_printf (out, "%s, %s: %s computation nodes, %s tasks\n", platform->name, *schedule->pass != '\0' ? schedule->pass : "schedule", nodes, tasks);
  g_string_append_printf (out, "%s cycles%s", cycles, result->deadlock ? " until it stopped in a deadlock" : "");
  if (seconds > 0) {
    g_string_append (out, " = ");
    append_fixed (out, "%.4g", seconds * 1e3);
    g_string_append (out, " ms at ");
    append_fixed (out, "%.4g", (double) platform->clock_hz / 1e6);
    g_string_append (out, " MHz");
  }
  g_string_append (out, "; ");
  append_energy (out, result->energy_pj);
  if (seconds > 0) {
    g_string_append (out, " = ");
    append_fixed (out, "%.4g", result->energy_pj * 1e-12 / seconds);
    g_string_append (out, " W");
  }
  g_string_append (out, " (compute ");
  append_energy (out, result->compute_pj);
  g_string_append (out, ", transfers ");
  append_energy (out, result->transfer_pj);
  g_string_append (out, ", static ");
  append_energy (out, result->static_pj);
  g_string_append (out, ")\n");
}

static void
append_cores (const HdPlatform *platform, const HdResult *result, GString *out)
{
  static const HdCoreState ORDER[] = { HD_STATE_COMPUTE, HD_STATE_WAIT_INPUT, HD_STATE_WAIT_SPACE, HD_STATE_WAIT_TURN, HD_STATE_DONE };
  g_string_append_printf (out, "\n%-20s %16s %12s %12s %12s %12s\n", "core", "compute [cycle]", "wait input", "wait space", "wait turn", "done");
  for (guint c = 0; c < platform->n_cores; c++) {
    const guint64 *state = result->core_state_cycles[c];
    g_autofree char *compute = cli_grouped (state[HD_STATE_COMPUTE]);
    g_string_append_printf (out, "%-20s %16s", platform->core[c].id, compute);
    for (guint i = 1; i < G_N_ELEMENTS (ORDER); i++) {
      g_autofree char *cycles = cli_grouped (state[ORDER[i]]);
      g_string_append_printf (out, " %12s", cycles);
    }
    append_percent (out, "   ", state[HD_STATE_COMPUTE], result->cycles, "busy");
  }
}

static void
append_resources (const HdPlatform *platform, const HdResult *result, GString *out)
{
  g_string_append_printf (out, "\n%-28s %16s %20s\n", "bus, link or port", "busy [cycle]", "moved [bit]");
  for (guint r = 0; r < platform->n_resources; r++) {
    if (result->resource_bits[r] == 0)
      continue;
    g_autofree char *busy = cli_grouped (result->resource_busy_cycles[r]), *bits = cli_grouped (result->resource_bits[r]);
    g_string_append_printf (out, "%-28s %16s %20s", platform->resource[r].id, busy, bits);
    append_percent (out, "   ", result->resource_busy_cycles[r], result->cycles, "busy");
  }
}

static void
append_memories (const HdPlatform *platform, const HdResult *result, GString *out)
{
  g_string_append_printf (out, "\n%-20s %12s %12s\n", "memory", "peak", "of");
  for (guint m = 0; m < platform->n_memories; m++) {
    gboolean unlimited = platform->memory[m].capacity_bits == HD_UNLIMITED_BITS;
    g_autofree char *peak = hd_bits_for_people (result->memory_peak_bits[m]);
    g_autofree char *capacity = unlimited ? g_strdup ("no limit") : hd_bits_for_people (platform->memory[m].capacity_bits);
    g_string_append_printf (out, "%-20s %12s %12s\n", platform->memory[m].id, peak, capacity);
  }
  g_autofree char *read = hd_bits_for_people (result->dram_read_bits), *written = hd_bits_for_people (result->dram_write_bits);
  g_string_append_printf (out, "DRAM: %s read, %s written\n", read, written);
}

/* The busiest thing is the bound that the run came nearest to. */
static void
append_bound (const HdPlatform *platform, const HdResult *result, GString *out)
{
  const char *name = NULL, *kind = "core";
  guint64 most = 0;
  for (guint c = 0; c < platform->n_cores; c++)
    if (result->core_state_cycles[c][HD_STATE_COMPUTE] > most) {
      most = result->core_state_cycles[c][HD_STATE_COMPUTE];
      name = platform->core[c].id;
    }
  for (guint r = 0; r < platform->n_resources; r++)
    if (result->resource_busy_cycles[r] > most) {
      most = result->resource_busy_cycles[r];
      name = platform->resource[r].id;
      kind = platform->resource[r].kind == HD_RESOURCE_PORT ? "port" : platform->resource[r].kind == HD_RESOURCE_BUS ? "bus" : "link";
    }
  if (name == NULL)
    return;
  g_autofree char *cycles = cli_grouped (most);
  g_string_append_printf (out, "bound: %s %s has work for %s cycles,", kind, name, cycles);
  append_percent (out, " ", most, result->cycles, "of the run");
}

void
cli_summary_text (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, GString *out)
{
  append_headline (platform, schedule, result, out);
  append_cores (platform, result, out);
  append_resources (platform, result, out);
  append_memories (platform, result, out);
  append_bound (platform, result, out);
}

/* --- JSON ---------------------------------------------------------------------------------------------- */

static void
json_cores (const HdPlatform *platform, const HdResult *result, HdJson *json)
{
  hd_json_open_array (json, "cores");
  for (guint c = 0; c < platform->n_cores; c++) {
    const guint64 *state = result->core_state_cycles[c];
    hd_json_open_object (json, NULL);
    hd_json_string (json, "id", platform->core[c].id);
    hd_json_u64 (json, "compute", state[HD_STATE_COMPUTE]);
    hd_json_u64 (json, "wait_input", state[HD_STATE_WAIT_INPUT]);
    hd_json_u64 (json, "wait_space", state[HD_STATE_WAIT_SPACE]);
    hd_json_u64 (json, "wait_turn", state[HD_STATE_WAIT_TURN]);
    hd_json_u64 (json, "done", state[HD_STATE_DONE]);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

static void
json_memories (const HdPlatform *platform, const HdResult *result, HdJson *json)
{
  hd_json_open_array (json, "memories");
  for (guint m = 0; m < platform->n_memories; m++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "id", platform->memory[m].id);
    if (platform->memory[m].capacity_bits == HD_UNLIMITED_BITS)
      hd_json_null (json, "capacity_bits");
    else
      hd_json_u64 (json, "capacity_bits", platform->memory[m].capacity_bits);
    hd_json_u64 (json, "peak_bits", result->memory_peak_bits[m]);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

static void
json_resources (const HdPlatform *platform, const HdResult *result, HdJson *json)
{
  hd_json_open_array (json, "resources");
  for (guint r = 0; r < platform->n_resources; r++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "id", platform->resource[r].id);
    hd_json_u64 (json, "busy", result->resource_busy_cycles[r]);
    hd_json_u64 (json, "bits", result->resource_bits[r]);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

void
cli_summary_json (const HdPlatform *platform, const HdSchedule *schedule, const HdResult *result, double wall_s, GString *out)
{
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
  json_cores (platform, result, &json);
  json_memories (platform, result, &json);
  json_resources (platform, result, &json);
  if (result->deadlock)
    hd_json_string (&json, "deadlock", result->deadlock_text);
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
}
