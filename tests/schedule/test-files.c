/* Schedule files: both forms hold the same, and give it back to the byte. */
#include "schedule/random-schedule.h"
#include "schedule/files.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  char *folder, *xml, *h5, *again;
} Paths;

static Paths
make_paths (void)
{
  Paths paths = { .folder = g_dir_make_tmp ("heddle-test-XXXXXX", NULL) };
  paths.xml = g_build_filename (paths.folder, "s.xml", NULL);
  paths.h5 = g_build_filename (paths.folder, "s.h5", NULL);
  paths.again = g_build_filename (paths.folder, "again.h5", NULL);
  return paths;
}

static void
clear_paths (Paths *paths)
{
  g_unlink (paths->xml);
  g_unlink (paths->h5);
  g_unlink (paths->again);
  g_rmdir (paths->folder);
  g_free (paths->folder);
  g_free (paths->xml);
  g_free (paths->h5);
  g_free (paths->again);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Paths, clear_paths)

static void
save (const HdSchedule *schedule, const HdPlatform *platform, const char *path)
{
  g_autoptr (GError) error = NULL;
  cr_assert (hd_schedule_save (schedule, platform, path, &error), "%s", error != NULL ? error->message : "");
}

static HdSchedule *
load (const HdPlatform *platform, const char *path)
{
  g_autoptr (GError) error = NULL;
  HdSchedule *schedule = hd_schedule_load (path, platform, &error);
  cr_assert_not_null (schedule, "%s", error != NULL ? error->message : "");
  return schedule;
}

static void
assert_same_bytes (const char *a, const char *b)
{
  g_autofree char *x = NULL, *y = NULL;
  gsize n, m;
  cr_assert (g_file_get_contents (a, &x, &n, NULL));
  cr_assert (g_file_get_contents (b, &y, &m, NULL));
  cr_assert_eq (n, m);
  cr_assert (memcmp (x, y, n) == 0, "%s and %s differ", a, b);
}

static void
assert_round_trips (const HdSchedule *schedule, const HdPlatform *platform)
{
  g_auto (Paths) paths = make_paths ();
  g_autofree char *sha256 = hd_schedule_sha256 (schedule);
  save (schedule, platform, paths.h5);
  g_autoptr (HdSchedule) from_h5 = load (platform, paths.h5);
  save (from_h5, platform, paths.xml);
  g_autoptr (HdSchedule) from_xml = load (platform, paths.xml);
  save (from_xml, platform, paths.again);
  assert_same_bytes (paths.h5, paths.again);
  g_autofree char *again = hd_schedule_sha256 (from_xml);
  cr_assert_str_eq (sha256, again);
  g_autofree char *xml = hd_schedule_to_xml (schedule, platform), *xml_again = hd_schedule_to_xml (from_xml, platform);
  cr_assert_str_eq (xml, xml_again);
}

Test (files, the_small_schedule_is_the_same_in_both_forms)
{
  g_auto (Small) small = { 0 };
  small_build (&small);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  assert_round_trips (schedule, small.platform);
}

Test (files, random_schedules_are_the_same_in_both_forms)
{
  for (guint64 seed = 0; seed < 60; seed++) {
    g_auto (RandomSchedule) random = { 0 };
    g_autoptr (HdSchedule) schedule = random_schedule (&random, seed, (guint) seed, seed % 2);
    assert_round_trips (schedule, random.platform);
  }
}

Test (files, the_xml_says_names_and_leaves_out_what_follows)
{
  g_auto (Small) small = { 0 };
  small_build (&small);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  g_autofree char *xml = hd_schedule_to_xml (schedule, small.platform);
  const char *const expected[] = {
    "<queue name=\"q-core0\" core=\"core0\"/>",
    "<queue name=\"dma\" outstanding=\"2\" priority=\"3\" slot=\"1\"/>",
    "<transfer id=\"3\" queue=\"dma\" from=\"sram0\" to=\"sram1\" bits=\"512 bit\" uses=\"4\">\n    <piece id=\"5\" memory=\"sram1\" bits=\"512 bit\" tensor=\"y\" box=\"0:4 0:16\" release=\"4\"/>",
    "<compute id=\"2\" queue=\"q-core0\" layer=\"conv\" node=\"0\" weights=\"1\" cycles=\"100 cycle\" load-cycles=\"20 cycle\" energy=\"1.5 pJ\" load-energy=\"0.001 pJ\" macs=\"4096\" uses=\"2 3\">",
    "  <piece id=\"0\" memory=\"dram\" bits=\"1024 bit\" tensor=\"x\" box=\"0:8 0:16\" release=\"0\"/>",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    cr_assert_not_null (strstr (xml, expected[i]), "%s\nlacks %s", xml, expected[i]);
  cr_assert_null (strstr (xml, "<hop"), "the routes are those of the platform");
}

Test (files, hops_stand_there_only_when_they_differ)
{
  g_auto (Small) small = { 0 };
  small_build (&small);
  HdRoute route;
  cr_assert (hd_platform_route (small.platform, small.dram, &small.sram[1], 1, &route, NULL));
  /* Not through the bus. */
  route.hop[1] = route.hop[2];
  route.hop[1].parent = 0;
  route.n_hops = 2;
  hd_schedule_builder_transfer (small.builder, small.dma, hd_schedule_builder_route (small.builder, &route), 8, HD_NONE, HD_NONE);
  hd_route_clear (&route);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  g_autofree char *xml = hd_schedule_to_xml (schedule, small.platform);
  cr_assert_not_null (strstr (xml, "<hop resource=\"dram.port\"/>\n    <hop resource=\"sram1.write\" parent=\"0\" arrives=\"sram1\"/>"), "%s", xml);
  assert_round_trips (schedule, small.platform);
}

/* Two tasks and three pieces, everything in an order that no writer uses. */
Test (files, tasks_and_pieces_stand_in_any_order)
{
  g_autoptr (HdPlatform) platform = small_platform ("core:1 sram:64KiB bus:128b dram:64b");
  const char *xml = "<schedule version='1' platform='synthetic'>\n"
                    "<tensor name='x'/>\n<queue name='d'/><queue name='c' core='core0' tasks='3 0'/>\n"
                    "<piece id='2' memory='dram' bits='100 byte' tensor='x' box='-1:99' release='1'/>\n"
                    "<compute id='3' queue='c' cycles='1 cycle' uses='0'/>\n"
                    "<transfer id='2' queue='d' from='dram' to='sram0' bits='8 bit' uses='2'/>\n"
                    "<transfer id='1' queue='d' from='dram' to='sram0' bits='800 bit' uses='2'><piece id='0' memory='sram0' bits='800 bit' release='3 0'/></transfer>\n"
                    "<compute id='0' queue='c' cycles='7 cycle' energy='3 fJ'><piece id='1' memory='sram0' bits='1 bit'/></compute>\n"
                    "</schedule>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdSchedule) s = hd_schedule_parse_xml (xml, strlen (xml), "x.xml", platform, &error);
  cr_assert_not_null (s, "%s", error != NULL ? error->message : "");
  cr_assert_eq (s->kind[0], HD_TASK_COMPUTE);
  cr_assert_eq (s->kind[1], HD_TASK_TRANSFER);
  cr_assert_eq (s->bits[1], 800);
  cr_assert_eq (s->cost[s->what[0]].energy_aj, 3000);
  cr_assert_eq (s->piece_creator[0], 1);
  cr_assert_eq (s->piece_creator[1], 0);
  cr_assert_eq (s->piece_creator[2], HD_NONE);
  cr_assert_eq (s->piece_range[s->piece_box_begin[2]].from, -1);
  cr_assert_eq (s->piece_box_begin[2], 0);
  cr_assert_eq (s->queue_task[0], 3, "the order of queue c is given");
  cr_assert_eq (s->queue_task[1], 0);
  cr_assert_eq (s->queue_task[2], 1, "that of queue d ascends");
  cr_assert_eq (s->release[s->release_begin[0]], 0, "releases are sorted");
  assert_round_trips (s, platform);
}

Test (files, a_schedule_is_refused_on_another_platform)
{
  g_auto (Small) small = { 0 };
  g_auto (Paths) paths = make_paths ();
  small_build (&small);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  g_autoptr (HdPlatform) other = small_platform ("core:2 sram:64KiB bus:128b dram:128b");
  save (schedule, small.platform, paths.h5);
  save (schedule, small.platform, paths.xml);
  const char *const files[] = { paths.h5, paths.xml };
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (HdSchedule) loaded = hd_schedule_load (files[i], other, &error);
    cr_assert_null (loaded);
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT));
    cr_assert_not_null (strstr (error->message, "made for another version of the platform \"synthetic\""), "%s", error->message);
    cr_assert_not_null (strstr (error->message, i == 0 ? "s.h5:/: " : "s.xml:2: "), "%s", error->message);
  }
}

Test (files, the_digest_depends_on_each_part_of_the_content)
{
  g_auto (Small) small = { 0 };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  small_build (&small);
  g_autoptr (HdSchedule) s = small_finish (&small);
  guint32 *words[] = { &s->queue_of[0], &s->what[1], &s->layer[2], &s->node[2], &s->weight_key[2], &s->priority[0], &s->queue_task[0], &s->use[0], &s->after[0], &s->piece_memory[0],
                       &s->piece_creator[3], &s->piece_tensor[1], &s->release[0], &s->queue[0].priority, &s->queue[1].core, &s->route[0].source, &s->route[0].hop[1].resource };
  guint64 *longs[] = { &s->bits[0], &s->piece_bits[7], &s->cost[0].cycles, &s->cost[1].macs, (guint64 *) &s->piece_range[3].to };
  g_hash_table_add (seen, hd_schedule_sha256 (s));
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    (*words[i])++;
    cr_assert (g_hash_table_add (seen, hd_schedule_sha256 (s)), "word %zu", i);
    (*words[i])--;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (longs); i++) {
    (*longs[i])++;
    cr_assert (g_hash_table_add (seen, hd_schedule_sha256 (s)), "long %zu", i);
    (*longs[i])--;
  }
  cr_assert_not (g_hash_table_add (seen, hd_schedule_sha256 (s)), "and on nothing else");
}

Test (files, energies_are_exact_in_text)
{
  const struct { guint64 aj; const char *text; } cases[] = { { 0, "0 pJ" }, { 1, "0.000001 pJ" }, { 1500000, "1.5 pJ" }, { 1000000, "1 pJ" }, { 100, "0.0001 pJ" },
                                                              { G_GUINT64_CONSTANT (1) << 62, "4611686018427.387904 pJ" }, { G_GUINT64_CONSTANT (9007199254740993), "9007199254.740993 pJ" } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint64 aj;
    g_autofree char *text = _hd_schedule_energy_to_text (cases[i].aj);
    cr_assert_str_eq (text, cases[i].text);
    cr_assert (_hd_schedule_energy_from_text (text, &aj, NULL));
    cr_assert_eq (aj, cases[i].aj);
  }
  guint64 aj;
  cr_assert (_hd_schedule_energy_from_text ("2 nJ", &aj, NULL));
  cr_assert_eq (aj, 2000 * 1000000ull);
  cr_assert_not (_hd_schedule_energy_from_text ("99999999999999999999999999 pJ", &aj, NULL));
  cr_assert_not (_hd_schedule_energy_from_text ("1.5", &aj, NULL));
}

Test (files, what_is_not_there_or_cannot_be_written_is_said)
{
  g_auto (Small) small = { 0 };
  g_auto (Paths) paths = make_paths ();
  g_autoptr (GError) error = NULL;
  small_build (&small);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  cr_assert_null (hd_schedule_load (paths.xml, small.platform, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NO_INPUT));
  g_clear_error (&error);
  cr_assert_null (hd_schedule_load (paths.h5, small.platform, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NO_INPUT));
  g_clear_error (&error);
  g_autofree char *nowhere = g_build_filename (paths.folder, "none", "s.xml", NULL);
  cr_assert_not (hd_schedule_save (schedule, small.platform, nowhere, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_CREATE), "%s", error->message);
}
