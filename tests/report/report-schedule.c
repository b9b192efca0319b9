/* Writes the small schedule of the schedule room's tests, one that takes longer, or one that gets stuck: report-schedule small|slower|deadlock OUT.xml. */
#include "schedule/small.h"

#include <heddle/error.h>
#include <stdio.h>

/* A compute that needs two pieces as large as its memory, of which only one is released, by the compute itself. */
static void
add_stuck (Small *s)
{
  guint32 load = small_route (s, s->dram, s->sram[0]), layer = hd_schedule_builder_layer (s->builder, "stuck");
  guint32 cost = hd_schedule_builder_cost (s->builder, &(HdTaskCost) { .cycles = 1, .macs = 1 });
  guint64 capacity = s->platform->memory[s->sram[0]].capacity_bits;
  HdTaskId load_one = hd_schedule_builder_transfer (s->builder, s->dma, load, capacity, layer, HD_NONE), load_two = hd_schedule_builder_transfer (s->builder, s->dma, load, capacity, layer, HD_NONE);
  HdTaskId compute = hd_schedule_builder_compute (s->builder, s->queue[0], cost, layer, 3, 0);
  HdTaskId loads[] = { load_one, load_two };
  for (guint i = 0; i < 2; i++) {
    HdPieceId from = hd_schedule_builder_piece (s->builder, s->dram, capacity, HD_NONE, HD_NONE, NULL), to = hd_schedule_builder_piece (s->builder, s->sram[0], capacity, loads[i], HD_NONE, NULL);
    hd_schedule_builder_use (s->builder, loads[i], from);
    hd_schedule_builder_use (s->builder, compute, to);
  }
  hd_schedule_builder_release_after_last_use (s->builder);
}

static void
add_more (Small *s)
{
  guint32 cost = hd_schedule_builder_cost (s->builder, &(HdTaskCost) { .cycles = 50, .macs = 1 });
  hd_schedule_builder_compute (s->builder, s->queue[1], cost, hd_schedule_builder_layer (s->builder, "more"), 9, 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Small small = { 0 };
  if (argc != 3)
    return HD_ERROR_USAGE;
  small_build (&small);
  if (g_str_equal (argv[1], "slower"))
    add_more (&small);
  if (g_str_equal (argv[1], "deadlock"))
    add_stuck (&small);
  g_autoptr (HdSchedule) schedule = hd_schedule_builder_finish (small.builder, &error);
  gboolean fine = schedule != NULL && hd_schedule_save (schedule, small.platform, argv[2], &error);
  small_end (&small);
  if (fine)
    return 0;
  fprintf (stderr, "report-schedule: %s\n", error->message);
  return error->code;
}
