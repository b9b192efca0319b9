/* The builder: what is said in any order comes out as sorted rows, and what is inconsistent is refused in words. */
#include "schedule/small.h"

#include <string.h>

Test (builder, rows_queues_and_costs_come_out_in_canonical_order)
{
  g_auto (Small) small = { 0 };
  small_build (&small);
  g_autoptr (HdSchedule) s = small_finish (&small);
  cr_assert_eq (s->n_tasks, 6);
  cr_assert_eq (s->n_pieces, 8);
  cr_assert_str_eq (s->queue[0].name, "dma");
  cr_assert_str_eq (s->queue[2].name, "q-core1");
  cr_assert_eq (s->queue[2].core, 1);
  cr_assert_eq (s->queue_of[4], 2);
  cr_assert_eq (s->queue_begin[1], 4);
  cr_assert_eq (s->queue_task[3], 5, "the store is the last of the dma");
  /* The cost of relu was made first, that of conv is used first. */
  cr_assert_eq (s->what[2], 0);
  cr_assert_eq (s->cost[0].cycles, 100);
  cr_assert_eq (s->cost[1].cycles, 10);
  /* Task 2 was said to use w, x, and x again. */
  cr_assert_eq (s->use_begin[3] - s->use_begin[2], 2);
  cr_assert_eq (s->use[s->use_begin[2]], small.x);
  cr_assert_eq (s->use[s->use_begin[2] + 1], small.w);
  cr_assert_eq (s->after[s->after_begin[1]], 0);
  cr_assert_eq (strlen (s->platform_sha256), 64);
}

Test (builder, pieces_without_a_release_go_with_their_last_user)
{
  g_auto (Small) small = { 0 };
  small_build (&small);
  g_autoptr (HdSchedule) s = small_finish (&small);
  cr_assert_eq (s->release_begin[small.x + 1] - s->release_begin[small.x], 1);
  cr_assert_eq (s->release[s->release_begin[small.x]], 2);
  cr_assert_eq (s->release_begin[small.w + 1] - s->release_begin[small.w], 2, "w says its own: 2 and 4");
  cr_assert_eq (s->release[s->release_begin[small.w] + 1], 4);
  cr_assert_eq (s->release_begin[small.z_dram + 1], s->release_begin[small.z_dram], "nobody uses the result: it stays");
}

Test (builder, equal_costs_and_routes_are_one)
{
  g_auto (Small) small = { 0 };
  small_begin (&small);
  guint32 first = hd_schedule_builder_cost (small.builder, &(HdTaskCost) { .cycles = 1 });
  for (guint i = 0; i < 1000; i++)
    hd_schedule_builder_cost (small.builder, &(HdTaskCost) { .cycles = i, .macs = i % 7 });
  cr_assert_eq (hd_schedule_builder_cost (small.builder, &(HdTaskCost) { .cycles = 1 }), first);
  cr_assert_eq (hd_schedule_builder_cost (small.builder, &(HdTaskCost) { .cycles = 9, .macs = 2 }), 10);
  cr_assert_eq (small_route (&small, small.dram, small.sram[0]), small_route (&small, small.dram, small.sram[0]));
  cr_assert_neq (small_route (&small, small.dram, small.sram[0]), small_route (&small, small.dram, small.sram[1]));
}

static guint64
copied_ranges (gboolean draft, HdRange *last)
{
  g_auto (Small) small = { 0 };
  small_begin (&small);
  if (draft)
    hd_schedule_builder_set_draft (small.builder, "test");
  guint32 tensor = hd_schedule_builder_tensor (small.builder, "t");
  HdBox box = { .n = 2, .range = { { 0, 4 }, { 3, 7 } } };
  HdPieceId first = hd_schedule_builder_piece (small.builder, small.dram, 128, HD_NONE, tensor, &box);
  HdPieceId copy = hd_schedule_builder_piece_like (small.builder, small.sram[0], 128, HD_NONE, first);
  g_autoptr (HdSchedule) s = hd_schedule_builder_finish (small.builder, NULL);
  cr_assert (s->piece_tensor[copy] == tensor && s->piece_memory[copy] == small.sram[0] && s->piece_bits[copy] == 128);
  guint64 begin = s->piece_box_begin[copy], end = s->piece_box_begin[copy + 1];
  *last = end > begin ? s->piece_range[end - 1] : (HdRange) { 0 };
  return end - begin;
}

/* A draft says not which part of a tensor a piece is. */
Test (builder, a_copy_has_the_box_of_its_piece)
{
  HdRange last;
  cr_assert_eq (copied_ranges (FALSE, &last), 2);
  cr_assert (last.from == 3 && last.to == 7);
  cr_assert_eq (copied_ranges (TRUE, &last), 0);
}

Test (builder, an_empty_schedule_is_one)
{
  g_autoptr (HdPlatform) platform = small_platform (SMALL_PLATFORM);
  g_autoptr (HdScheduleBuilder) builder = hd_schedule_builder_new (platform);
  g_autoptr (GError) error = NULL;
  g_autoptr (HdSchedule) schedule = hd_schedule_builder_finish (builder, &error);
  cr_assert_not_null (schedule, "%s", error != NULL ? error->message : "");
  cr_assert_eq (schedule->n_tasks, 0);
  cr_assert_eq (schedule->queue_begin[0], 0);
}

/* --- what finish() refuses: each case spoils the small schedule in one way --------------------------------- */

typedef struct {
  const char *message;
  void (*spoil) (Small *small);
} Misuse;

static void unknown_piece (Small *s) { hd_schedule_builder_use (s->builder, 2, 99); }
static void unknown_user (Small *s) { hd_schedule_builder_use (s->builder, 77, 0); }
static void unknown_earlier (Small *s) { hd_schedule_builder_after (s->builder, 2, 66); }
static void unknown_released (Small *s) { hd_schedule_builder_release (s->builder, 55, 0); }
static void unknown_releaser (Small *s) { hd_schedule_builder_release (s->builder, 0, 44); }
static void unknown_cost (Small *s) { hd_schedule_builder_compute (s->builder, s->queue[0], 9, HD_NONE, HD_NONE, 0); }
static void unknown_route (Small *s) { hd_schedule_builder_transfer (s->builder, s->dma, 9, 1, HD_NONE, HD_NONE); }
static void unknown_queue (Small *s) { hd_schedule_builder_compute (s->builder, 8, 0, HD_NONE, HD_NONE, 0); }
static void unknown_layer (Small *s) { hd_schedule_builder_compute (s->builder, s->queue[0], 0, 12, HD_NONE, 0); }
static void unknown_memory (Small *s) { hd_schedule_builder_piece (s->builder, 42, 1, HD_NONE, HD_NONE, NULL); }
static void unknown_creator (Small *s) { hd_schedule_builder_piece (s->builder, 0, 1, 33, HD_NONE, NULL); }
static void unknown_tensor (Small *s) { hd_schedule_builder_piece (s->builder, 0, 1, HD_NONE, 32, NULL); }
static void no_bits (Small *s) { hd_schedule_builder_piece (s->builder, 0, 0, HD_NONE, HD_NONE, NULL); }
static void nothing_moved (Small *s) { hd_schedule_builder_transfer (s->builder, s->dma, 0, 0, HD_NONE, HD_NONE); }
static void huge_bits (Small *s) { hd_schedule_builder_piece (s->builder, 0, G_MAXUINT64, HD_NONE, HD_NONE, NULL); }
static void empty_box (Small *s) { hd_schedule_builder_piece (s->builder, 0, 1, HD_NONE, 0, &(HdBox) { 1, { { 4, 4 } } }); }
static void box_of_nothing (Small *s) { hd_schedule_builder_piece (s->builder, 0, 1, HD_NONE, HD_NONE, &(HdBox) { 1, { { 0, 4 } } }); }
static void compute_in_dma (Small *s) { hd_schedule_builder_compute (s->builder, s->dma, 0, HD_NONE, HD_NONE, 0); }
static void priority_in_order (Small *s) { hd_schedule_builder_priority (s->builder, 0, 5); }
static void same_queue (Small *s) { hd_schedule_builder_queue (s->builder, &(HdQueue) { .name = (char *) "dma", .outstanding = 1, .core = HD_NONE }); }
static void same_core (Small *s) { hd_schedule_builder_queue (s->builder, &(HdQueue) { .name = (char *) "other", .outstanding = 1, .core = 1 }); }
static void unknown_core (Small *s) { hd_schedule_builder_queue (s->builder, &(HdQueue) { .name = (char *) "other", .outstanding = 1, .core = 7 }); }
static void never_issues (Small *s) { hd_schedule_builder_queue (s->builder, &(HdQueue) { .name = (char *) "other", .core = HD_NONE }); }
static void unnamed_layer (Small *s) { hd_schedule_builder_layer (s->builder, ""); }

static void
huge_cost (Small *s)
{
  guint32 cost = hd_schedule_builder_cost (s->builder, &(HdTaskCost) { .cycles = G_MAXUINT64 });
  hd_schedule_builder_compute (s->builder, s->queue[0], cost, HD_NONE, HD_NONE, 0);
}

static void
endless (Small *s)
{
  guint32 cost = hd_schedule_builder_cost (s->builder, &(HdTaskCost) { .cycles = G_GUINT64_CONSTANT (1) << 61 });
  for (guint i = 0; i < 3; i++)
    hd_schedule_builder_compute (s->builder, s->queue[0], cost, HD_NONE, HD_NONE, 0);
}

static void
route_of (Small *s, HdRoute route)
{
  hd_schedule_builder_transfer (s->builder, s->dma, hd_schedule_builder_route (s->builder, &route), 8, HD_NONE, HD_NONE);
}

static void route_without_hops (Small *s) { route_of (s, (HdRoute) { s->dram, 0, NULL }); }
static void route_with_two_roots (Small *s) { route_of (s, (HdRoute) { s->dram, 2, (HdHop[]) { { 0, HD_NONE, s->sram[0] }, { 1, HD_NONE, s->sram[1] } } }); }
static void route_with_late_parent (Small *s) { route_of (s, (HdRoute) { s->dram, 2, (HdHop[]) { { 0, HD_NONE, HD_NONE }, { 1, 1, s->sram[1] } } }); }
static void route_to_nowhere (Small *s) { route_of (s, (HdRoute) { s->dram, 1, (HdHop[]) { { 0, HD_NONE, HD_NONE } } }); }
static void route_to_itself (Small *s) { route_of (s, (HdRoute) { s->dram, 1, (HdHop[]) { { 0, HD_NONE, s->dram } } }); }
static void route_twice_to_one (Small *s) { route_of (s, (HdRoute) { s->dram, 2, (HdHop[]) { { 0, HD_NONE, s->sram[0] }, { 1, 0, s->sram[0] } } }); }
static void route_over_nothing (Small *s) { route_of (s, (HdRoute) { s->dram, 1, (HdHop[]) { { 88, HD_NONE, s->sram[0] } } }); }

static const Misuse MISUSES[] = {
  { "task 2: piece 99 does not exist - there are 8", unknown_piece },
  { "a use of task 77: there is no such task - expected less than 6", unknown_user },
  { "task 2: task 66 does not exist", unknown_earlier },
  { "a release of piece 55: there is no such piece", unknown_released },
  { "piece 0: task 44 does not exist", unknown_releaser },
  { "task 6: cost 9 does not exist - there are 2", unknown_cost },
  { "task 6: route 9 does not exist - there are 3", unknown_route },
  { "task 6: queue 8 does not exist - there are 3", unknown_queue },
  { "task 6: layer 12 does not exist - there are 2", unknown_layer },
  { "piece 8: memory 42 does not exist - the platform has 3", unknown_memory },
  { "piece 8: task 33 does not exist", unknown_creator },
  { "piece 8: tensor 32 does not exist", unknown_tensor },
  { "piece 8 of 0 bit", no_bits },
  { "task 6 is a transfer of 0 bit", nothing_moved },
  { "piece 8 of 18446744073709551615 bit - expected 1 to 2^62", huge_bits },
  { "the range 4:4 of its box is empty", empty_box },
  { "piece 8 has a box but no tensor", box_of_nothing },
  { "task 6 is a compute in queue \"dma\", which has no core", compute_in_dma },
  { "task 0 has priority 5 in a queue in order", priority_in_order },
  { "queue \"dma\" stands twice", same_queue },
  { "queues \"other\" and \"q-core1\" are both of core \"core1\"", same_core },
  { "core 7 does not exist", unknown_core },
  { "queue \"other\": outstanding 0", never_issues },
  { "layer 2: the name is empty", unnamed_layer },
  { "cost 2: a value is greater than 2^62", huge_cost },
  { "more than 2^62 cycles", endless },
  { "route 3 has 0 hops", route_without_hops },
  { "route 3, hop 1: its parent is hop 4294967295", route_with_two_roots },
  { "route 3, hop 1: its parent is hop 1", route_with_late_parent },
  { "route 3, hop 0: leads nowhere", route_to_nowhere },
  { "arrives at its own source", route_to_itself },
  { "is reached twice", route_twice_to_one },
  { "resource 88 does not exist", route_over_nothing },
};

Test (builder, misuse_is_refused_in_words)
{
  for (gsize i = 0; i < G_N_ELEMENTS (MISUSES); i++) {
    g_auto (Small) small = { 0 };
    g_autoptr (GError) error = NULL;
    small_build (&small);
    MISUSES[i].spoil (&small);
    g_autoptr (HdSchedule) schedule = hd_schedule_builder_finish (small.builder, &error);
    cr_assert_null (schedule, "expected: %s", MISUSES[i].message);
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE));
    cr_assert_not_null (strstr (error->message, MISUSES[i].message), "\"%s\" lacks \"%s\"", error->message, MISUSES[i].message);
  }
}

Test (builder, at_most_twenty_faults_are_told_and_the_rest_counted)
{
  g_auto (Small) small = { 0 };
  g_autoptr (GError) error = NULL;
  small_build (&small);
  for (guint i = 0; i < 50; i++)
    no_bits (&small);
  cr_assert_null (hd_schedule_builder_finish (small.builder, &error));
  guint lines = 1;
  for (const char *p = error->message; *p != '\0'; p++)
    lines += *p == '\n';
  cr_assert_eq (lines, 21);
  cr_assert_not_null (strstr (error->message, "and 30 more"));
}
