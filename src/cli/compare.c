/* heddle compare: the first difference of two traces, and what changed. Exit code 1 when they differ. */
#include "config.h"
#include "cli/cli.h"

#include <heddle/report.h>
#include <stdio.h>

int
cli_compare (int argc, char **argv)
{
  int status;
  CliCommon common = { 0 };
  const GOptionEntry entries[] = { { NULL } };
  if (!cli_parse (&argc, &argv, entries, &common, 2, 2, &status))
    return status;
  GError *error = NULL;
  gboolean same;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (HdTrace) a = hd_trace_open (argv[1], &error);
  g_autoptr (HdTrace) b = a != NULL ? hd_trace_open (argv[2], &error) : NULL;
  if (b == NULL || !hd_report_compare (a, b, common.json, text, &same, &error))
    return cli_fail (error);
  fputs (text->str, stdout);
  return same ? 0 : HD_ERROR_NEGATIVE;
}
