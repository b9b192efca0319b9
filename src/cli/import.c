/* heddle import: an ONNX model becomes a workload file that people can read and change. */
#include "config.h"
#include "cli/cli.h"

#include "base/file.h"

#include <heddle/workload.h>
#include <stdio.h>

int
cli_import (int argc, char **argv)
{
  g_autofree char *output = NULL;
  int status, input_bits = 0, weight_bits = 0, partial_bits = 0, output_bits = 0;
  gint64 batch = 0;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The workload file to write (default: standard output)", "WORKLOAD.xml" },
    { "input-bits", 0, 0, G_OPTION_ARG_INT, &input_bits, "Bits of an input element (default: the model's, else 8)", "N" },
    { "weight-bits", 0, 0, G_OPTION_ARG_INT, &weight_bits, "Bits of a weight (default: the model's, else 8)", "N" },
    { "partial-bits", 0, 0, G_OPTION_ARG_INT, &partial_bits, "Bits of an unfinished sum (default: 16)", "N" },
    { "output-bits", 0, 0, G_OPTION_ARG_INT, &output_bits, "Bits of what layers make (default: 8)", "N" },
    { "batch", 0, 0, G_OPTION_ARG_INT64, &batch, "Value of a symbolic batch dimension (default: 1)", "N" },
    { NULL },
  };
  if (!cli_parse (&argc, &argv, entries, NULL, 1, 1, &status))
    return status;
  if (input_bits < 0 || input_bits > 64 || weight_bits < 0 || weight_bits > 64 || partial_bits < 0 || partial_bits > 64 || output_bits < 0 || output_bits > 64)
    return cli_usage ("bits of an element - expected 1 to 64");
  if (batch < 0)
    return cli_usage ("--batch %" G_GINT64_FORMAT " - expected at least 1", batch);

  GError *error = NULL;
  HdImportOptions options = { (guint) input_bits, (guint) weight_bits, (guint) partial_bits, (guint) output_bits, (guint64) batch };
  g_autoptr (HdWorkload) workload = hd_workload_load (argv[1], &options, &error);
  if (workload == NULL)
    return cli_fail (error);
  g_autofree char *xml = hd_workload_to_xml (workload);
  if (output == NULL) {
    fputs (xml, stdout);
    return 0;
  }
  return hd_file_write (output, xml, -1, &error) ? 0 : cli_fail (error);
}
