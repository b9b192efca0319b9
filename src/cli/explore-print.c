/* The front as a table for people, and as JSON. Both depend on the inputs and the seed alone: how long it took is told elsewhere. */
#include "config.h"
#include "cli/explore.h"

#include "base/json.h"

#include <heddle/units.h>

#include <string.h>

/* A table for people shows so many members of the front, evenly; JSON has all. */
enum { MOST_ROWS = 24 };

static const char *
end_in_words (HdSearchEnd end)
{
  static const char *const WORDS[] = {
    [HD_SEARCH_END_WHOLE] = "all there are", [HD_SEARCH_END_BUDGET] = "as many as were allowed", [HD_SEARCH_END_IDLE] = "nothing new came up",
    [HD_SEARCH_END_SECONDS] = "the time was up", [HD_SEARCH_END_CANCELLED] = "interrupted",
  };
  return WORDS[end];
}

static char *
objective_list (const CliExplore *self, const char *last)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->n_metrics; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : i + 1 == self->n_metrics ? last : ", ", cli_metric_name (self->metric[i]));
  return g_string_free (text, FALSE);
}

/* --- text ------------------------------------------------------------------------------------------------- */

static void
put_row (const CliExplore *self, const char *name, const CliCandidate *candidate, GString *out)
{
  const double *value = candidate->score.value;
  g_autofree char *bound = hd_count_for_people (candidate->score.bound_cycles), *cycles = hd_count_for_people ((guint64) value[HD_METRIC_CYCLES]), *energy = hd_energy_for_people (value[HD_METRIC_ENERGY]);
  g_autofree char *memory = hd_bits_for_people ((guint64) value[HD_METRIC_MEMORY]), *traffic = hd_bits_for_people ((guint64) value[HD_METRIC_DRAM]);
  g_autoptr (GString) ms = g_string_new (NULL), edp = g_string_new (NULL);
  if (self->inputs.platform->clock_hz > 0)
    hd_append_double (ms, "%.4g", value[HD_METRIC_CYCLES] / (double) self->inputs.platform->clock_hz * 1e3);
  hd_append_double (edp, "%.4g", value[HD_METRIC_EDP]);
  g_string_append_printf (out, "%5s %16s %16s %10s %12s %16s %12s %13s  %s\n", name, cycles, bound, ms->len > 0 ? ms->str : "-", energy, edp->str, memory, traffic, candidate->choice);
}

/* The rows that stand for many: the first, the last, the best, and evenly between. */
static gboolean
is_shown (const CliExplore *self, guint i)
{
  guint n = self->front->len;
  return n <= MOST_ROWS || i == 0 || i == n - 1 || i == self->best || i * (MOST_ROWS - 3) / n != (i - 1) * (MOST_ROWS - 3) / n;
}

static void
put_front (const CliExplore *self, GString *out)
{
  guint n_shown = 0;
  g_string_append_printf (out, "%5s %16s %16s %10s %12s %16s %12s %13s  %s\n", "", "latency [cycle]", "bound [cycle]", "[ms]", "energy", "EDP [pJ*cycle]", "peak memory", "DRAM traffic", "choice");
  for (guint i = 0; i < self->front->len; i++) {
    g_autofree char *name = g_strdup_printf ("%s%u", i == self->best && self->front->len > 1 ? "*" : "", i + 1);
    if (!is_shown (self, i))
      continue;
    put_row (self, name, &g_array_index (self->front, CliCandidate, i), out);
    n_shown++;
  }
  if (self->given.mapping != NULL)
    put_row (self, "given", &self->given, out);
  if (self->given_error != NULL)
    g_string_append_printf (out, "given is infeasible: %s\n", self->given_error->message);
  if (n_shown < self->front->len)
    g_string_append_printf (out, "%u of %u are shown; --json has all\n", n_shown, self->front->len);
}

/* Quoted for a shell where it must be. */
static char *
for_shell (const char *text)
{
  return text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_./+:,@%")] == 0 && *text != 0 ? g_strdup (text) : g_shell_quote (text);
}

/* How `heddle run` gives the numbers of the best. */
static void
put_command (const CliExplore *self, GString *out)
{
  const CliInputs *inputs = &self->inputs;
  g_autofree char *platform = for_shell (inputs->platform_path), *workload = for_shell (inputs->workload_path), *mapping = for_shell (self->output);
  gboolean exact = inputs->rules == NULL || g_str_equal (inputs->rules, "exact");
  gboolean in_turn = self->layer_by_layer && g_str_equal (inputs->pass, "multi-core");
  g_string_append_printf (out, "the same by: heddle run -p %s -w %s -m %s --pass %s%s%s%s --objective %s\n", platform, workload, mapping, inputs->pass, in_turn ? " --priority stack" : "", exact ? "" : " --rules ",
                          exact ? "" : inputs->rules, inputs->objective);
}

void
cli_explore_text (const CliExplore *self, GString *out)
{
  const HdSearchResult *result = self->result;
  g_autofree char *points = hd_count_for_people (result->n_points), *list = objective_list (self, " and ");
  g_string_append_printf (out, "%s on %s: %s mappings run (%s), %u of them infeasible; seed %" G_GINT64_FORMAT "\n", self->inputs.workload->name, self->inputs.platform->name, points, end_in_words (result->end), result->n_infeasible,
                          self->seed);
  if (self->n_metrics == 1)
    g_string_append_printf (out, "least %s%s\n\n", list, self->exact ? ", exact" : "");
  else
    g_string_append_printf (out, "front of %s: %u%s%s\n\n", list, self->front->len, self->exact ? ", exact" : "", self->front->len > 1 ? ", * with the least product of them" : "");
  put_front (self, out);
  if (self->output != NULL && g_array_index (self->front, CliCandidate, self->best).path != NULL)
    put_command (self, out);
}

/* --- JSON ------------------------------------------------------------------------------------------------- */

static void
put_candidate (const CliExplore *self, const char *key, const CliCandidate *candidate, HdJson *json)
{
  const double *value = candidate->score.value;
  double seconds = self->inputs.platform->clock_hz > 0 ? value[HD_METRIC_CYCLES] / (double) self->inputs.platform->clock_hz : 0;
  hd_json_open_object (json, key);
  hd_json_u64 (json, "cycles", (guint64) value[HD_METRIC_CYCLES]);
  hd_json_u64 (json, "bound_cycles", candidate->score.bound_cycles);
  hd_json_double (json, "ms", seconds * 1e3);
  hd_json_double (json, "energy_pj", value[HD_METRIC_ENERGY]);
  hd_json_double (json, "edp_pj_cycles", value[HD_METRIC_EDP]);
  hd_json_u64 (json, "peak_memory_bits", (guint64) value[HD_METRIC_MEMORY]);
  hd_json_u64 (json, "dram_bits", (guint64) value[HD_METRIC_DRAM]);
  hd_json_string (json, "choice", candidate->choice);
  if (candidate->path != NULL)
    hd_json_string (json, "mapping", candidate->path);
  hd_json_close_object (json);
}

void
cli_explore_json (const CliExplore *self, GString *out)
{
  static const char *const ENDS[] = {
    [HD_SEARCH_END_WHOLE] = "whole", [HD_SEARCH_END_BUDGET] = "evaluations", [HD_SEARCH_END_IDLE] = "idle", [HD_SEARCH_END_SECONDS] = "seconds", [HD_SEARCH_END_CANCELLED] = "interrupted",
  };
  HdJson json = { .text = out };
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-explore-1");
  hd_json_string (&json, "platform", self->inputs.platform->name);
  hd_json_string (&json, "workload", self->inputs.workload->name);
  hd_json_string (&json, "pass", self->inputs.pass);
  hd_json_string (&json, "cost_objective", self->inputs.objective);
  hd_json_open_array (&json, "objectives");
  for (guint i = 0; i < self->n_metrics; i++)
    hd_json_string (&json, NULL, cli_metric_name (self->metric[i]));
  hd_json_close_array (&json);
  hd_json_u64 (&json, "seed", (guint64) self->seed);
  hd_json_u64 (&json, "evaluations", self->result->n_points);
  hd_json_u64 (&json, "infeasible", self->result->n_infeasible);
  hd_json_u64 (&json, "asked_again", self->result->n_cache_hits);
  hd_json_string (&json, "ended_by", ENDS[self->result->end]);
  hd_json_boolean (&json, "exact", self->exact);
  hd_json_u64 (&json, "best", self->best);
  hd_json_open_array (&json, "front");
  for (guint i = 0; i < self->front->len; i++)
    put_candidate (self, NULL, &g_array_index (self->front, CliCandidate, i), &json);
  hd_json_close_array (&json);
  if (self->given.mapping != NULL)
    put_candidate (self, "given", &self->given, &json);
  if (self->given_error != NULL)
    hd_json_string (&json, "given_infeasible", self->given_error->message);
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
}
