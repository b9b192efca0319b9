/* Lower bounds beside a result: how far the run is from what nothing can beat. */
#include "config.h"
#include "cli/simulation.h"

#include <heddle/units.h>

/* How many times the greatest bound the run took; 0: not to be told. */
static double
ratio (const HdBounds *bounds, const HdResult *result)
{
  return bounds->cycles > 0 && !result->deadlock ? (double) result->cycles / (double) bounds->cycles : 0;
}

static const HdBoundWork *
greatest_work (const HdBounds *bounds)
{
  const HdBoundWork *most = NULL;
  for (guint i = 0; i < bounds->n_works; i++)
    if (most == NULL || bounds->work[i].cycles > most->cycles)
      most = &bounds->work[i];
  return most;
}

static const HdBoundBandwidth *
greatest_bandwidth (const HdBounds *bounds)
{
  const HdBoundBandwidth *most = NULL;
  for (guint i = 0; i < bounds->n_bandwidths; i++)
    if (most == NULL || bounds->bandwidth[i].cycles > most->cycles)
      most = &bounds->bandwidth[i];
  return most;
}

void
cli_bounds_text (const HdBounds *bounds, const HdPlatform *platform, const HdResult *result, GString *out)
{
  const HdBoundWork *work = greatest_work (bounds);
  const HdBoundBandwidth *bandwidth = greatest_bandwidth (bounds);
  g_autofree char *path = hd_count_for_people (bounds->path_cycles);
  g_string_append_printf (out, "lower bounds [cycle]: critical path %s", path);
  if (work != NULL) {
    g_autofree char *cycles = hd_count_for_people (work->cycles);
    g_string_append_printf (out, "; work %s on %s", cycles, platform->core[work->core[0]].id);
    if (work->n_cores > 1)
      g_string_append_printf (out, " and the %u like it", work->n_cores - 1);
  }
  if (bandwidth != NULL) {
    g_autofree char *cycles = hd_count_for_people (bandwidth->cycles), *bits = hd_bits_for_people (bandwidth->bits);
    g_string_append_printf (out, "; bandwidth %s for %s through %s", cycles, bits, platform->resource[bandwidth->resource].id);
  }
  if (ratio (bounds, result) > 0) {
    g_string_append (out, "; the run takes ");
    hd_append_double (out, "%.2f", ratio (bounds, result));
    g_string_append (out, " times the greatest");
  }
  g_string_append_c (out, '\n');
}

static void
json_work (const HdBoundWork *work, const HdPlatform *platform, HdJson *json)
{
  hd_json_open_object (json, NULL);
  hd_json_open_array (json, "cores");
  for (guint c = 0; c < work->n_cores; c++)
    hd_json_string (json, NULL, platform->core[work->core[c]].id);
  hd_json_close_array (json);
  hd_json_u64 (json, "compute_cycles", work->total_cycles);
  hd_json_u64 (json, "cycles", work->cycles);
  hd_json_close_object (json);
}

void
cli_bounds_json (const HdBounds *bounds, const HdPlatform *platform, const HdResult *result, HdJson *json)
{
  hd_json_open_object (json, "bounds");
  hd_json_u64 (json, "critical_path_cycles", bounds->path_cycles);
  hd_json_open_array (json, "work");
  for (guint i = 0; i < bounds->n_works; i++)
    json_work (&bounds->work[i], platform, json);
  hd_json_close_array (json);
  hd_json_open_array (json, "bandwidth");
  for (guint i = 0; i < bounds->n_bandwidths; i++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "resource", platform->resource[bounds->bandwidth[i].resource].id);
    hd_json_u64 (json, "bits", bounds->bandwidth[i].bits);
    hd_json_u64 (json, "cycles", bounds->bandwidth[i].cycles);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
  hd_json_u64 (json, "greatest_cycles", bounds->cycles);
  if (ratio (bounds, result) > 0)
    hd_json_double (json, "ratio", ratio (bounds, result));
  else
    hd_json_null (json, "ratio");
  hd_json_close_object (json);
}
