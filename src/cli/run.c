/* heddle run: schedule and simulate in one go. */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/simulation.h"

/* Cores that stand idle for want of a mapping are not what somebody with several of them asks about. */
static void
note_default_mapping (const CliInputs *inputs, const CliCommon *common)
{
  gboolean chosen = inputs->mapping_path != NULL || (inputs->pass != NULL && g_str_equal (inputs->pass, "multi-core"));
  if (!chosen && inputs->platform->n_cores > 1)
    cli_note (common, "heddle: note: no mapping was given, so each layer is on the first core that takes it; --pass multi-core chooses among the %u cores", inputs->platform->n_cores);
}

int
cli_run (int argc, char **argv)
{
  int status;
  g_auto (CliInputs) inputs = { 0 };
  CliCommon common = { 0 };
  CliTraceOptions options = { 0 };
  GOptionEntry own[4];
  cli_trace_entries (&options, own);
  g_autofree GOptionEntry *entries = cli_inputs_entries (&inputs, own);
  if (!cli_parse (&argc, &argv, entries, &common, 0, 0, &status))
    return status;
  g_autofree char *output = options.output, *window = options.window;

  GError *error = NULL;
  if (!cli_inputs_load (&inputs, &error))
    return cli_fail (error);
  g_autoptr (HdSchedule) schedule = cli_inputs_schedule (&inputs, &error);
  if (schedule == NULL)
    return cli_fail (error);
  g_autofree char *recipe = cli_inputs_recipe (&inputs);
  note_default_mapping (&inputs, &common);
  return cli_simulate_schedule (inputs.platform, schedule, recipe, &options, &common);
}
