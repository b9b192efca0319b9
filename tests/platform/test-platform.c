/* The loader: what a file says is what stands in the platform, and the canonical form says the same again. */
#include <criterion/criterion.h>
#include <heddle/platform.h>

#include <string.h>

static HdPlatform *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  HdPlatform *platform = hd_platform_parse_xml (text, strlen (text), "test.xml", &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

static HdPlatform *
synthetic (const char *line)
{
  g_autoptr (GError) error = NULL;
  HdPlatform *platform = hd_platform_parse_synthetic (line, &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

static void
assert_round_trip (const HdPlatform *platform)
{
  g_autofree char *once = hd_platform_to_xml (platform);
  g_autoptr (HdPlatform) again = parse (once);
  g_autofree char *twice = hd_platform_to_xml (again);
  cr_assert_str_eq (once, twice);
}

Test (platform, the_template_loads_and_is_what_it_says)
{
  g_autoptr (HdPlatform) platform = parse (hd_platform_template_xml ());
  cr_assert_eq (platform->n_cores, 1);
  cr_assert_eq (platform->n_memories, 3);
  cr_assert_eq (platform->n_resources, 6, "one port of the dram, two of each buffer, one bus: %u", platform->n_resources);
  cr_assert_eq (platform->clock_hz, 500000000);
  assert_round_trip (platform);
}

Test (platform, a_line_makes_a_platform)
{
  g_autoptr (HdPlatform) platform = synthetic ("core:4 sram:64KiB bus:128b dram:64b@100MHz");
  cr_assert_eq (platform->n_cores, 4);
  cr_assert_eq (platform->n_memories, 5);
  HdMemoryId sram = hd_platform_find_memory (platform, "sram2");
  cr_assert_neq (sram, HD_NONE);
  cr_assert_eq (platform->memory[sram].capacity_bits, 64 * 1024 * 8);
  cr_assert_eq (platform->memory[sram].core, hd_platform_find_core (platform, "core2"));
  const HdResource *bus = &platform->resource[hd_platform_find_resource (platform, "bus")];
  cr_assert_eq (bus->width_bits, 128);
  cr_assert_eq (bus->period, 1);
  const HdResource *port = &platform->resource[hd_platform_find_resource (platform, "dram.port")];
  cr_assert_eq (port->width_bits, 64);
  cr_assert_eq (port->period, 2, "100 MHz under a base clock of 200 MHz");
  cr_assert_eq (platform->n_dmas, 8);
  assert_round_trip (platform);
}

Test (platform, a_route_goes_from_port_to_port)
{
  g_autoptr (HdPlatform) platform = synthetic ("core:2 sram:64KiB bus:128b dram:48b");
  HdMemoryId dram = hd_platform_find_memory (platform, "dram"), to[2] = { hd_platform_find_memory (platform, "sram1"), hd_platform_find_memory (platform, "sram0") };
  HdRoute route;
  cr_assert (hd_platform_route (platform, dram, to, 2, &route, NULL));
  cr_assert_eq (route.n_hops, 4);
  const char *expected[] = { "dram.port", "bus", "sram0.write", "sram1.write" };
  for (guint i = 0; i < 4; i++)
    cr_assert_str_eq (platform->resource[route.hop[i].resource].id, expected[i]);
  cr_assert_eq (route.hop[2].parent, 1);
  cr_assert_eq (route.hop[3].parent, 1);
  cr_assert_eq (route.hop[2].arrives, to[1]);
  cr_assert_eq (route.hop[3].arrives, to[0]);
  cr_assert_eq (hd_platform_route_burst (platform, &route), 768, "the multiple of lcm (48, 128) = 384 that is at least 512");
  hd_route_clear (&route);
}
