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

/* --- routes ------------------------------------------------------------------------------------------ */

/* A diamond: two ways of equal length from a to d, by b and by c, and a longer one by the slow road. */
static const char DIAMOND[] =
  "<platform version='1' name='diamond' clock='100 MHz'>"
  "<memory id='a' kind='dram' width='8 bit/cycle'/><memory id='d' size='1 KiB' width='8 bit/cycle'/>"
  "<bus id='start' connects='a'/><bus id='goal' connects='d'/><bus id='detour'/>"
  "<link id='by-c' from='start' to='goal' width='8 bit/cycle'/><link id='by-b' from='start' to='goal' width='8 bit/cycle'/>"
  "<link id='out' from='start' to='detour'/><link id='in' from='detour' to='goal'/><link id='back' from='goal' to='start'/>"
  "<core id='core' kind='vector' lanes='4' input-memory='d' output-memory='d'/>%s</platform>";

static char *
route_text (const HdPlatform *platform, const char *from, const char *to)
{
  HdMemoryId source = hd_platform_find_memory (platform, from), destination = hd_platform_find_memory (platform, to);
  HdRoute route;
  g_autoptr (GString) text = g_string_new (NULL);
  cr_assert (hd_platform_route (platform, source, &destination, 1, &route, NULL));
  for (guint i = 0; i < route.n_hops; i++) {
    cr_assert_eq (route.hop[i].parent, i == 0 ? HD_NONE : i - 1);
    cr_assert_eq (route.hop[i].arrives, i + 1 == route.n_hops ? destination : HD_NONE);
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", platform->resource[route.hop[i].resource].id);
  }
  g_autofree guint32 *hops = g_new (guint32, platform->n_memories);
  hd_platform_hops (platform, destination, hops);
  cr_assert_eq (hops[source], route.n_hops);
  hd_route_clear (&route);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

Test (routes, the_shortest_and_among_equals_the_first_by_name)
{
  g_autofree char *xml = g_strdup_printf (DIAMOND, "");
  g_autoptr (HdPlatform) platform = parse (xml);
  g_autofree char *there = route_text (platform, "a", "d"), *back = route_text (platform, "d", "a");
  cr_assert_str_eq (there, "a.port start by-b goal d.port");
  cr_assert_str_eq (back, "d.port goal back start a.port");
}

Test (routes, a_given_one_is_taken)
{
  g_autofree char *xml = g_strdup_printf (DIAMOND, "<route from='a' to='d' via='start out detour in goal'/>");
  g_autoptr (HdPlatform) platform = parse (xml);
  g_autofree char *there = route_text (platform, "a", "d");
  cr_assert_str_eq (there, "a.port start out detour in goal d.port");
  assert_round_trip (platform);
}

Test (routes, no_way_through_a_third_memory)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdPlatform) platform = parse (
    "<platform version='1' name='row' clock='1 MHz'><memory id='a' kind='dram'/><memory id='b' size='1 KiB'/><memory id='c' size='1 KiB'/>"
    "<bus id='ab' connects='a b'/><bus id='bc' connects='b c'/>"
    "<core id='x' kind='vector' lanes='1' input-memory='b' output-memory='b'/><core id='y' kind='vector' lanes='1' input-memory='b' output-memory='c'/>"
    "<core id='z' kind='vector' lanes='1' input-memory='c' output-memory='b'/></platform>");
  HdMemoryId c = hd_platform_find_memory (platform, "c");
  HdRoute route;
  cr_assert_not (hd_platform_route (platform, hd_platform_find_memory (platform, "a"), &c, 1, &route, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE));
  cr_assert_str_eq (error->message, "platform \"row\" has no way from memory \"a\" to memory \"c\"");
}

Test (routes, a_full_duplex_link_is_two_resources_and_a_half_duplex_one)
{
  g_autoptr (HdPlatform) platform = parse (
    "<platform version='1' name='duplex' clock='1 MHz'><memory id='a' kind='dram' ports='separate'/><memory id='b' size='1 KiB' ports='separate'/><memory id='c' size='1 KiB'/>"
    "<link id='ab' from='a' to='b' duplex='full'/><link id='ac' from='a' to='c' duplex='half'/>"
    "<core id='x' kind='vector' lanes='1' input-memory='b' output-memory='c'/></platform>");
  g_autofree char *ab = route_text (platform, "a", "b"), *ba = route_text (platform, "b", "a"), *ac = route_text (platform, "a", "c"), *ca = route_text (platform, "c", "a");
  cr_expect_str_eq (ab, "a.read ab.forward b.write");
  cr_expect_str_eq (ba, "b.read ab.backward a.write");
  cr_expect_str_eq (ac, "a.read ac c.port");
  cr_expect_str_eq (ca, "c.port ac a.write");
  assert_round_trip (platform);
}

Test (routes, the_quad_goes_over_its_mesh)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", "tpu-like-quad.xml", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (path, NULL);
  g_autofree char *across = route_text (platform, "activations0", "activations3"), *load = route_text (platform, "dram", "weights2");
  cr_expect_str_eq (across, "activations0.read router0 mesh-01.forward router1 mesh-13.forward router3 activations3.write");
  cr_expect_str_eq (load, "dram.port dram-2 router2 weights2.write");
}

Test (routes, a_burst_that_does_not_fit_is_said_to_be_none)
{
  /* Pairwise coprime widths: their product is 4294967291 * 4294967279 * 4294967231 > 2^63. */
  g_autoptr (HdPlatform) platform = synthetic ("core:1 sram:64KiB,width=4294967291b bus:4294967279b dram:4294967231b");
  HdMemoryId dram = hd_platform_find_memory (platform, "dram"), sram = hd_platform_find_memory (platform, "sram0");
  HdRoute route;
  cr_assert (hd_platform_route (platform, dram, &sram, 1, &route, NULL));
  cr_assert_eq (hd_platform_route_burst (platform, &route), G_MAXUINT64);
  hd_route_clear (&route);
}

/* --- clocks, arbiters, powers, dmas ----------------------------------------------------------------------- */

Test (platform, the_base_clock_is_the_smallest_common_one)
{
  g_autoptr (HdPlatform) platform = synthetic ("core:1@928MHz sram:64KiB bus:64b@200MHz,latency=3 dram:64b clock:100MHz");
  cr_assert_eq (platform->clock_hz, G_GUINT64_CONSTANT (23200000000), "lcm (928, 200, 100) MHz: 928 * 25");
  const HdResource *bus = &platform->resource[hd_platform_find_resource (platform, "bus")];
  cr_assert_eq (bus->period, 116);
  cr_assert_eq (bus->latency, 3 * 116, "own cycles");
  cr_assert_eq (platform->core[0].period, 25);
  assert_round_trip (platform);
}

Test (platform, time_slots_count_in_base_cycles)
{
  g_autoptr (HdPlatform) platform = synthetic ("core:2 sram:64KiB bus:64b@50MHz,arbiter=time-slots,slots=4,slot-length=5 dram:64b clock:100MHz");
  const HdResource *bus = &platform->resource[hd_platform_find_resource (platform, "bus")];
  cr_assert_eq (bus->arbiter, HD_ARBITER_TIME_SLOTS);
  cr_assert_eq (bus->n_slots, 4);
  cr_assert_eq (bus->slot_cycles, 10);
  for (guint d = 0; d < platform->n_dmas; d++)
    cr_assert_eq (platform->dma[d].slot, d);
  assert_round_trip (platform);
}

Test (platform, leakage_is_energy_per_base_cycle)
{
  g_autoptr (HdPlatform) platform = parse (hd_platform_template_xml ());
  /* 2 mW at 500 MHz: 2e-3 J/s / 5e8 cycles/s = 4e-12 J. */
  cr_assert_float_eq (platform->core[0].static_pj_per_cycle, 4.0, 1e-12);
  cr_assert_float_eq (platform->memory[hd_platform_find_memory (platform, "weights")].static_pj_per_cycle, 2.0, 1e-12);
}

Test (platform, a_level_takes_what_it_does_not_say_from_its_memory)
{
  g_autoptr (HdPlatform) platform = parse (hd_platform_template_xml ());
  const HdCore *core = &platform->core[0];
  const HdLevel *activations = &core->level[3];
  cr_assert_str_eq (activations->id, "activations");
  cr_expect_eq (activations->size_bits, 256 * 8192);
  cr_expect_eq (activations->read_width, 256);
  cr_expect_float_eq (activations->read_pj, 0.2 * 256, 1e-9);
  cr_expect_eq (activations->serves, 3);
  cr_expect_eq (core->operand_memory[HD_OPERAND_WEIGHT], hd_platform_find_memory (platform, "weights"));
  /* Registers: ports 2r 2w are r1 r2 w1 w2; what goes up uses the second ones. */
  static const gint8 SUMS[HD_N_MOVES] = { 2, 0, 3, 1 };
  for (guint move = 0; move < HD_N_MOVES; move++)
    cr_expect_eq (core->level[2].port_of[HD_OPERAND_OUTPUT][move], SUMS[move]);
  /* Nothing comes from above the topmost level. */
  cr_expect_eq (core->level[5].port_of[HD_OPERAND_OUTPUT][HD_MOVE_FROM_HIGH], -1);
  cr_expect_eq (core->level[5].port_of[HD_OPERAND_OUTPUT][HD_MOVE_FROM_LOW], 0);
}

Test (platform, everything_that_can_be_said_is_kept)
{
  g_autoptr (HdPlatform) platform = parse (
    "<platform version='1' name='all' clock='1 MHz' burst='96 bit' window='3'>"
    "<memory id='d' kind='dram' size='1 MiB' ports='separate' width='8 bit/cycle'><port kind='write' width='4 bit/cycle' latency='7 cycle' arbiter='fixed-priority'/></memory>"
    "<memory id='m' size='1 KiB' core='t' read-energy='1.5 pJ/bit' static-power='3 uW'/>"
    "<bus id='b' connects='d m' energy='0.25 pJ/bit' static-power='1 uW' arbiter='round-robin'/>"
    "<dma id='z' memories='m' stores='false' outstanding='4' priority='9' slot='2'/><dma id='own' memories='m' core='t'/>"
    "<core id='t' kind='fixed' input-memory='m' output-memory='m'><operator type='Conv' cycles-per-node='3 cycle' cycles-per-point='0.5 cycle' energy-per-point='2 pJ'/><operator type='*'/></core>"
    "<core id='i' kind='imc' input-memory='d' weight-memory='d' output-memory='d'><macro rows='4' columns='6' count='2' cell-bits='2 bit' dac-bits='3 bit' columns-per-adc='5' cycles-per-conversion='7 cycle' write-width='8 bit/cycle' conversion-energy='1 pJ' write-energy='2 pJ/bit'/></core>"
    "</platform>");
  cr_expect_eq (platform->burst_bits, 96);
  cr_expect_eq (platform->window, 3);
  const HdMemory *d = &platform->memory[0];
  cr_expect_eq (platform->resource[d->read_port].width_bits, 8);
  cr_expect_eq (platform->resource[d->write_port].width_bits, 4);
  cr_expect_eq (platform->resource[d->write_port].latency, 7);
  cr_expect_eq (platform->resource[d->write_port].arbiter, HD_ARBITER_FIXED_PRIORITY);
  cr_expect_eq (platform->resource[d->read_port].arbiter, HD_ARBITER_FIRST_COME);
  const HdDma *own = &platform->dma[0], *z = &platform->dma[1];
  cr_expect_str_eq (own->id, "own");
  cr_expect_eq (own->core, hd_platform_find_core (platform, "t"));
  cr_expect (own->loads && own->stores && z->loads && !z->stores);
  cr_expect (z->outstanding == 4 && z->priority == 9 && z->slot == 2);
  const HdCore *imc = &platform->core[0], *fixed = &platform->core[1];
  cr_expect (imc->imc_rows == 4 && imc->imc_columns == 6 && imc->imc_macros == 2 && imc->imc_cell_bits == 2 && imc->imc_dac_bits == 3);
  cr_expect (imc->imc_columns_per_adc == 5 && imc->imc_cycles_per_conversion == 7 && imc->imc_write_width == 8);
  cr_expect_eq (fixed->n_fixed, 2);
  cr_expect_str_eq (fixed->fixed[0].operator_type, "*");
  cr_expect_eq (fixed->fixed[1].cycles_per_node, 3);
  cr_expect_float_eq (fixed->fixed[1].cycles_per_point, 0.5, 0);
  cr_expect_eq (fixed->operators, 15);
  assert_round_trip (platform);
}

Test (platform, its_identity_is_its_content)
{
  g_autoptr (HdPlatform) one = synthetic ("core:2 sram:64KiB bus:128b dram:64b");
  g_autoptr (HdPlatform) two = synthetic ("dram:64b  bus:128b sram:65536B core:2");
  g_autoptr (HdPlatform) other = synthetic ("core:2 sram:64KiB bus:64b dram:64b");
  g_autofree char *a = hd_platform_sha256 (one), *b = hd_platform_sha256 (two), *c = hd_platform_sha256 (other);
  cr_expect_str_eq (a, b);
  cr_expect_str_neq (a, c);
}

Test (platform, more_than_nine_things_keep_their_order)
{
  g_autoptr (HdPlatform) platform = synthetic ("core:11 sram:1KiB dram:64b");
  cr_expect_str_eq (platform->core[2].id, "core02");
  cr_expect_str_eq (platform->core[10].id, "core10");
}

Test (platform, a_word_is_an_input_a_weight_and_half_a_sum)
{
  g_autoptr (HdPlatform) usual = synthetic ("core:1 sram:1KiB dram:64b"), wide = synthetic ("core:1 word:24b sram:1KiB dram:64b");
  const guint64 bits[2][3] = { { 8, 8, 16 }, { 24, 24, 48 } };
  for (guint l = 0; l < 3; l++) {
    cr_expect_eq (usual->core[0].level[l].size_bits, bits[0][l]);
    cr_expect_eq (wide->core[0].level[l].size_bits, bits[1][l]);
    cr_expect_eq (wide->core[0].level[l].read_width, bits[1][l]);
  }
}

Test (platform, the_largest_line_can_be_written_and_read_again)
{
  g_autoptr (HdPlatform) platform = synthetic ("core:1024 sram:1KiB weights:1KiB dram:64b bus:64b");
  cr_expect_eq (platform->n_dmas, 4096);
  assert_round_trip (platform);
}

Test (platform, ports_that_are_not_the_default_are_kept)
{
  g_autoptr (HdPlatform) platform = parse (
    "<platform version='1' name='ports' clock='1 MHz'><memory id='d' kind='dram' width='8 bit/cycle'/><core id='c' kind='spatial'><dimension id='x' size='2'/>"
    "<level id='r' operands='I W O' size='8 bit' read-width='8 bit/cycle' write-width='8 bit/cycle' serves='none' ports='2r 2w'><use operand='O' movement='from-low' port='w1'/><use operand='W' movement='to-low' port='r2'/></level>"
    "<level memory='d' operands='I W O'/></core></platform>");
  const HdLevel *level = &platform->core[0].level[0];
  cr_expect_eq (level->port_of[HD_OPERAND_OUTPUT][HD_MOVE_FROM_LOW], 2);
  cr_expect_eq (level->port_of[HD_OPERAND_WEIGHT][HD_MOVE_TO_LOW], 1);
  g_autofree char *xml = hd_platform_to_xml (platform);
  g_autoptr (HdPlatform) again = parse (xml);
  cr_expect_eq (memcmp (level->port_of, again->core[0].level[0].port_of, sizeof level->port_of), 0);
}
