/* Fuzz target: any bytes as a platform file. What loads must write a canonical form that loads again to the same bytes, and have a route or none between any two of its
 * first memories. test-platform-faults runs it over the corpus. */
#include "platform/fuzz-platform.h"

#include <heddle/platform.h>

#include <stdlib.h>
#include <string.h>

static void
try_routes (const HdPlatform *platform)
{
  guint n = MIN (platform->n_memories, 8);
  for (HdMemoryId from = 0; from < n; from++)
    for (HdMemoryId to = 0; to < n; to++) {
      HdRoute route;
      if (from == to || !hd_platform_route (platform, from, &to, 1, &route, NULL))
        continue;
      if (route.n_hops < 2 || hd_platform_route_burst (platform, &route) < platform->burst_bits)
        abort ();
      hd_route_clear (&route);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (HdPlatform) platform = hd_platform_parse_xml ((const char *) data, size, "fuzz", NULL);
  if (platform == NULL)
    return 0;
  g_autofree char *once = hd_platform_to_xml (platform);
  g_autoptr (HdPlatform) again = hd_platform_parse_xml (once, strlen (once), "canonical", NULL);
  g_autofree char *twice = again != NULL ? hd_platform_to_xml (again) : NULL;
  if (twice == NULL || strcmp (once, twice) != 0)
    abort ();
  try_routes (platform);
  return 0;
}
