/* heddle run: schedule and simulate in one go. */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/simulation.h"

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
  return cli_simulate_schedule (inputs.platform, schedule, recipe, &options, &common);
}
