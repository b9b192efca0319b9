/* heddle export: a trace as Perfetto JSON, CSV, SVG or rooflines; a platform as SVG. */
#include "config.h"
#include "cli/cli.h"
#include "cli/inputs.h"

#include "base/file.h"

#include <heddle/platform-svg.h>
#include <heddle/report.h>
#include <string.h>

typedef gboolean (*ExportFunction) (HdTrace *trace, FILE *out, GError **error);

static const struct {
  const char *format;
  ExportFunction function;
} FORMATS[] = {
  { "perfetto", hd_report_perfetto },
  { "csv", hd_report_csv },
  { "svg", hd_report_svg },
  { "roofline", hd_report_roofline },
};

/* HDF5 files begin with a signature; whatever does not is taken for a platform, whose loader then says what is wrong. */
static gboolean
looks_like_trace (const char *path)
{
  static const char SIGNATURE[] = "\211HDF\r\n\032\n";
  char head[8] = { 0 };
  FILE *file = fopen (path, "rbe");
  gboolean trace = file != NULL && fread (head, 1, sizeof head, file) == sizeof head && memcmp (head, SIGNATURE, sizeof head) == 0;
  if (file != NULL)
    fclose (file);
  return trace;
}

static gboolean
export_platform (const char *path, const char *format, FILE *out, GError **error)
{
  /* First the file: that it is missing or broken matters more than the format. */
  g_autoptr (HdPlatform) platform = cli_load_platform (path, error);
  if (platform == NULL)
    return FALSE;
  if (!g_str_equal (format, "svg")) {
    g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--format %s - a platform can be drawn as svg only; the other formats are for traces", format);
    return FALSE;
  }
  g_autofree char *svg = hd_platform_to_svg (platform);
  fputs (svg, out);
  return TRUE;
}

static gboolean
export_trace (const char *path, const char *format, FILE *out, GError **error)
{
  g_autoptr (HdTrace) trace = hd_trace_open (path, error);
  if (trace == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (FORMATS); i++)
    if (g_str_equal (format, FORMATS[i].format))
      return FORMATS[i].function (trace, out, error);
  return FALSE;
}

static gboolean
known_format (const char *format)
{
  for (gsize i = 0; i < G_N_ELEMENTS (FORMATS); i++)
    if (g_str_equal (format, FORMATS[i].format))
      return TRUE;
  return FALSE;
}

static gboolean
export_to (const char *input, const char *format, FILE *out, GError **error)
{
  return (looks_like_trace (input) ? export_trace : export_platform) (input, format, out, error);
}

int
cli_export (int argc, char **argv)
{
  int status;
  g_autofree char *format = NULL, *output = NULL;
  const GOptionEntry entries[] = {
    { "format", 'f', 0, G_OPTION_ARG_STRING, &format, "Of a trace: perfetto (for ui.perfetto.dev; 1 cycle is 1 ns), csv (a row per task), svg (Gantt chart and occupancy), roofline (an SVG for each core); of a platform: svg", "FORMAT" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The file to write (default: standard output)", "FILE" },
    { NULL },
  };
  if (!cli_parse (&argc, &argv, entries, NULL, 1, 1, &status))
    return status;
  if (format == NULL || !known_format (format))
    return cli_usage ("--format %s - expected perfetto, csv, svg or roofline", format != NULL ? format : "is missing");

  GError *error = NULL;
  if (output == NULL)
    return export_to (argv[1], format, stdout, &error) ? 0 : cli_fail (error);
  HdFile *file = hd_file_create (output, &error);
  if (file == NULL)
    return cli_fail (error);
  if (!export_to (argv[1], format, file->stream, &error)) {
    hd_file_discard (file);
    return cli_fail (error);
  }
  return hd_file_commit (file, &error) ? 0 : cli_fail (error);
}
