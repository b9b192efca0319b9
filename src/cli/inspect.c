/* heddle inspect: where did the cycles go. */
#include "config.h"
#include "cli/cli.h"

#include <heddle/report.h>
#include <stdio.h>

int
cli_inspect (int argc, char **argv)
{
  int status;
  CliCommon common = { 0 };
  g_autofree char *at = NULL, *core = NULL;
  int waits = 10;
  const GOptionEntry entries[] = {
    { "at", 0, 0, G_OPTION_ARG_STRING, &at, "What goes on in this cycle, counted from 0 [cycle]", "CYCLE" },
    { "core", 0, 0, G_OPTION_ARG_STRING, &core, "Tell of this core only", "ID" },
    { "waits", 0, 0, G_OPTION_ARG_INT, &waits, "How many of the longest waits to tell (default: 10)", "N" },
    { NULL },
  };
  if (!cli_parse (&argc, &argv, entries, &common, 1, 1, &status))
    return status;
  HdInspectOptions options = { .json = common.json, .core = core, .at_set = at != NULL, .n_waits = (guint) waits };
  if (waits < 1)
    return cli_usage ("--waits %d - expected 1 or more", waits);
  if (at != NULL && !g_ascii_string_to_unsigned (at, 10, 0, G_MAXINT64, &options.at, NULL))
    return cli_usage ("--at %s - expected a cycle", at);

  GError *error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (HdTrace) trace = hd_trace_open (argv[1], &error);
  if (trace == NULL || !hd_report_inspect (trace, &options, text, &error))
    return cli_fail (error);
  fputs (text->str, stdout);
  return 0;
}
