/* The check on hand-broken schedules (tests/corpus/schedule/broken-*.xml): each breaks one rule, and is told that rule. */
#include "schedule/small.h"

#include <string.h>

#define PLATFORM "core:2 sram:256B bus:64b dram:64b"

typedef struct {
  const char *file, *message;
} Broken;

static const Broken BROKEN[] = {
  { "cycle-queue", "waits for transfer 5 (relu, moved), which its queue has before it" },
  { "cycle-two-queues", "the order has a cycle: " },
  { "released-before-use", "compute 2 (conv) uses piece 3 (w 0:32 in sram0), which may have gone before: it is released after transfer 0" },
  { "released-in-parallel", "transfer 3 uses piece 4 (y 0:2 0:16 in sram0), which may have gone before: it is released after transfer 1" },
  { "released-while-outstanding", "transfer 3 uses piece 4 (y 0:2 0:16 in sram0), which may have gone before: it is released after transfer 6" },
  { "piece-too-large", "piece 2 (x 0:4 0:16 in sram0) has 4096 bit - expected at most the memory's capacity of 2048 bit" },
  { "residents-too-large", "sram1 holds 2200 bit from the beginning - expected at most its capacity of 2048 bit" },
  { "never-released-too-large", "sram1 holds 2304 bit at the end, in pieces that nothing releases" },
  { "order-too-large", "when transfer 14 is issued, sram1 must hold 2304 bit at least - expected at most its capacity of 2048 bit" },
  { "one-task-too-large", "when compute 2 (conv) is issued, sram0 must hold 2304 bit at least" },
  { "moves-nothing", "transfer 3 uses no piece - expected what it moves" },
  { "reads-elsewhere", "transfer 3 uses piece 4 (y 0:2 0:16 in sram0) - expected a piece in dram, where its route begins" },
  { "two-tensors", "transfer 1 (conv, moved) uses piece 0 (x 0:4 0:16 in dram) and piece 1 (w 0:32 in dram) - expected pieces of one tensor" },
  { "moves-too-much", "transfer 0 (conv, moved) moves 1024 bit out of pieces of 512 bit" },
  { "makes-nothing", "transfer 3 makes 0 pieces in sram1 - expected one in each memory" },
  { "makes-two", "transfer 3 makes 2 pieces in sram1 - expected one in each memory" },
  { "makes-elsewhere", "transfer 3 makes piece 8 (y 0:2 0:16 in sram0) - expected pieces only where its route arrives" },
  { "bits-lost", "transfer 3 moves 256 bit and makes piece 5 (y 0:2 0:16 in sram1) of 128 bit" },
  { "other-tensor", "transfer 3 moves piece 4 (y 0:2 0:16 in sram0) into piece 5 (z 0:2 0:16 in sram1) - expected the same tensor" },
  { "other-box", "transfer 3 makes piece 5 (y 1:3 0:16 in sram1), which is not within what it reads (piece 4 (y 0:2 0:16 in sram0))" },
  { "route-begins-elsewhere", "the route from sram0 begins at bus - expected sram0.read" },
  { "route-arrives-elsewhere", "the route from sram0 arrives at sram1 through sram1.read - expected sram1.write" },
  { "route-through-the-air", "the route from sram0 goes from sram0.read to sram1.write - expected resources that are connected" },
  { "route-through-a-port", "the route from sram0 passes through dram.port" },
  { "reads-out-of-reach", "compute 4 (relu) on core1 uses piece 4 (y 0:2 0:16 in sram0) - expected a memory that the core reaches" },
  { "makes-out-of-reach", "compute 2 (conv) on core0 makes piece 8 (in sram1) - expected a memory that the core reaches" },
  { "bits-of-box", "piece 6 (z 0:2 0:16 in sram1) has 250 bit for 32 elements - expected a multiple" },
  { "third-width", "piece 9 (y 4:5 0:1 in sram0) has 24 bit per element, others of that tensor 8 and 16" },
  { "dimensions", "piece 7 (z 0:32 in dram) has 1 dimensions - expected 2" },
  { "resident-on-chip", "piece 8 (x 0:1 0:8 in sram1) is there from the beginning - expected tensors to be in a DRAM then" },
};

static gboolean
check_file (const HdPlatform *platform, const char *name, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/tests/corpus/schedule/%s.xml", g_getenv ("HEDDLE_SRCDIR"), name);
  g_autoptr (GError) local = NULL;
  g_autoptr (HdSchedule) schedule = hd_schedule_load (path, platform, &local);
  cr_assert_not_null (schedule, "%s", local != NULL ? local->message : "");
  return hd_schedule_check (schedule, platform, error);
}

Test (check, the_legal_one_is_legal)
{
  g_autoptr (HdPlatform) platform = small_platform (PLATFORM);
  g_autoptr (GError) error = NULL;
  cr_assert (check_file (platform, "legal", &error), "%s", error != NULL ? error->message : "");
}

Test (check, each_broken_rule_is_told)
{
  g_autoptr (HdPlatform) platform = small_platform (PLATFORM);
  for (gsize i = 0; i < G_N_ELEMENTS (BROKEN); i++) {
    g_autofree char *name = g_strconcat ("broken-", BROKEN[i].file, NULL);
    g_autoptr (GError) error = NULL;
    cr_assert_not (check_file (platform, name, &error), "%s is accepted", name);
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE));
    cr_assert_not_null (strstr (error->message, BROKEN[i].message), "%s: \"%s\" lacks \"%s\"", name, error->message, BROKEN[i].message);
  }
}

Test (check, each_broken_file_has_its_rule)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", "schedule", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;
  guint files = 0;
  cr_assert_not_null (folder);
  while ((name = g_dir_read_name (folder)) != NULL)
    files += g_str_has_prefix (name, "broken-");
  cr_assert_eq (files, G_N_ELEMENTS (BROKEN));
}

/* Files with circles are broken and not read; a pass could make one. */
Test (check, circles_of_dependencies_are_told)
{
  g_auto (Small) small = { 0 };
  g_autoptr (GError) error = NULL;
  small_build (&small);
  hd_schedule_builder_after (small.builder, 0, 2);
  hd_schedule_builder_use (small.builder, 2, small.y);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  cr_assert_not (hd_schedule_check (schedule, small.platform, &error));
  cr_assert_not_null (strstr (error->message, "the order has a cycle: transfer 0 (conv, moved) waits for compute 2 (conv), which it depends on; compute 2 (conv) waits for transfer 0 (conv, moved), which it depends on"),
                      "%s", error->message);
  cr_assert_not_null (strstr (error->message, "which it makes itself"), "%s", error->message);
}

Test (check, a_task_that_waits_for_itself_is_told)
{
  g_auto (Small) small = { 0 };
  g_autoptr (GError) error = NULL;
  small_build (&small);
  hd_schedule_builder_after (small.builder, 4, 4);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  cr_assert_not (hd_schedule_check (schedule, small.platform, &error));
  cr_assert_not_null (strstr (error->message, "the order has a cycle: compute 4 (relu) waits for compute 4 (relu), which it depends on"), "%s", error->message);
}

/* The small schedule of the other tests is legal too, and stays so with a tile cut out of a larger piece and with a tile put together from two. */
Test (check, parts_and_unions_of_boxes_can_be_moved)
{
  g_auto (Small) small = { 0 };
  g_autoptr (GError) error = NULL;
  small_build (&small);
  HdScheduleBuilder *b = small.builder;
  guint32 x = hd_schedule_builder_tensor (b, "x"), load = small_route (&small, small.dram, small.sram[0]);
  HdTaskId part = hd_schedule_builder_transfer (b, small.dma, load, 512, HD_NONE, HD_NONE);
  hd_schedule_builder_use (b, part, small.x_dram);
  hd_schedule_builder_piece (b, small.sram[0], 512, part, x, &(HdBox) { 2, { { 2, 6 }, { 0, 16 } } });
  HdPieceId more = hd_schedule_builder_piece (b, small.dram, 1024, HD_NONE, x, &(HdBox) { 2, { { 8, 16 }, { 0, 16 } } });
  HdTaskId both = hd_schedule_builder_transfer (b, small.dma, load, 1024, HD_NONE, HD_NONE);
  hd_schedule_builder_use (b, both, small.x_dram);
  hd_schedule_builder_use (b, both, more);
  hd_schedule_builder_piece (b, small.sram[0], 1024, both, x, &(HdBox) { 2, { { 4, 12 }, { 0, 16 } } });
  hd_schedule_builder_release (b, small.x_dram, both);
  hd_schedule_builder_release (b, small.x_dram, part);
  g_autoptr (HdSchedule) schedule = small_finish (&small);
  cr_assert (hd_schedule_check (schedule, small.platform, &error), "%s", error != NULL ? error->message : "");
}
