/* heddle schedule: place and order computation nodes and transfers, and write the schedule down. */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"

#include <stdio.h>

int
cli_schedule (int argc, char **argv)
{
  int status;
  g_auto (CliInputs) inputs = { 0 };
  CliCommon common = { 0 };
  g_autofree char *output = NULL;
  const GOptionEntry own[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The schedule to write: *.xml or *.h5", "SCHEDULE" },
    { NULL },
  };
  g_autofree GOptionEntry *entries = cli_inputs_entries (&inputs, own);
  if (!cli_parse (&argc, &argv, entries, &common, 0, 0, &status))
    return status;
  if (output == NULL)
    return cli_usage ("the option -o SCHEDULE is missing");

  GError *error = NULL;
  if (!cli_inputs_load (&inputs, &error))
    return cli_fail (error);
  g_autoptr (HdSchedule) schedule = cli_inputs_schedule (&inputs, &error);
  if (schedule == NULL || !hd_schedule_save (schedule, inputs.platform, output, &error))
    return cli_fail (error);
  cli_note (&common, "%s: %u tasks, %u pieces, %u queues", output, schedule->n_tasks, schedule->n_pieces, schedule->n_queues);
  return 0;
}
