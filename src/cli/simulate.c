/* heddle simulate: run a schedule on the platform it was made for. */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/simulation.h"

int
cli_simulate (int argc, char **argv)
{
  int status;
  CliCommon common = { 0 };
  CliTraceOptions options = { 0 };
  GOptionEntry entries[4];
  cli_trace_entries (&options, entries);
  if (!cli_parse (&argc, &argv, entries, &common, 2, 2, &status))
    return status;
  g_autofree char *output = options.output, *window = options.window;

  GError *error = NULL;
  g_autoptr (HdPlatform) platform = cli_load_platform (argv[1], &error);
  if (platform == NULL)
    return cli_fail (error);
  g_autoptr (HdSchedule) schedule = hd_schedule_load (argv[2], platform, &error);
  if (schedule == NULL)
    return cli_fail (error);
  return cli_simulate_schedule (platform, schedule, NULL, &options, &common);
}
