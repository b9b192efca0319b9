/* heddle schedule: place and order computation nodes and transfers, and write the schedule down. */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"

#include "base/json.h"
#include <stdio.h>

static void
print_json (const HdSchedule *schedule)
{
  g_autoptr (GString) text = g_string_new (NULL);
  HdJson json = { .text = text };
  hd_json_open_object (&json, NULL);
  hd_json_string (&json, "schema", "heddle-schedule-1");
  hd_json_string (&json, "pass", schedule->pass);
  hd_json_u64 (&json, "tasks", schedule->n_tasks);
  hd_json_u64 (&json, "pieces", schedule->n_pieces);
  hd_json_u64 (&json, "queues", schedule->n_queues);
  hd_json_close_object (&json);
  puts (text->str);
}

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
  if (common.json)
    print_json (schedule);
  else
    cli_note (&common, "%s: %u tasks, %u pieces, %u queues", output, schedule->n_tasks, schedule->n_pieces, schedule->n_queues);
  return 0;
}
