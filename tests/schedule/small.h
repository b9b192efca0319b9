/* A small schedule that has everything once: two cores in a row on one bus, inputs and weights loaded, a piece sent from one core to the other, the result stored.
 *
 *     0 load x   dram -> sram0          2 compute on core0: reads x, w, makes y      4 compute on core1: reads y, makes z
 *     1 load w   dram -> sram0          3 move y  sram0 -> sram1                     5 store z  sram1 -> dram
 */
#pragma once

#include <criterion/criterion.h>
#include <heddle/schedule.h>

#define SMALL_PLATFORM "core:2 sram:64KiB bus:128b dram:64b"

typedef struct {
  HdPlatform *platform;
  HdScheduleBuilder *builder;
  HdMemoryId dram, sram[2];
  HdQueueId dma, queue[2];
  HdPieceId x_dram, w_dram, x, w, y, y1, z, z_dram;
} Small;

static inline HdPlatform *
small_platform (const char *line)
{
  g_autoptr (GError) error = NULL;
  HdPlatform *platform = hd_platform_parse_synthetic (line, &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

static inline guint32
small_route (const Small *small, HdMemoryId from, HdMemoryId to)
{
  HdRoute route;
  cr_assert (hd_platform_route (small->platform, from, &to, 1, &route, NULL));
  guint32 handle = hd_schedule_builder_route (small->builder, &route);
  hd_route_clear (&route);
  return handle;
}

static inline void
small_begin (Small *small)
{
  small->platform = small_platform (SMALL_PLATFORM);
  small->builder = hd_schedule_builder_new (small->platform);
  small->dram = hd_platform_find_memory (small->platform, "dram");
  small->sram[0] = hd_platform_find_memory (small->platform, "sram0");
  small->sram[1] = hd_platform_find_memory (small->platform, "sram1");
  hd_schedule_builder_set_source (small->builder, "by hand", "", "");
  small->queue[1] = hd_schedule_builder_queue (small->builder, &(HdQueue) { .name = (char *) "q-core1", .outstanding = 1, .core = 1 });
  small->queue[0] = hd_schedule_builder_queue (small->builder, &(HdQueue) { .name = (char *) "q-core0", .outstanding = 1, .core = 0 });
  small->dma = hd_schedule_builder_queue (small->builder, &(HdQueue) { .name = (char *) "dma", .outstanding = 2, .priority = 3, .slot = 1, .core = HD_NONE });
}

static inline void
small_tasks (Small *s)
{
  HdScheduleBuilder *b = s->builder;
  guint32 conv = hd_schedule_builder_layer (b, "conv"), relu = hd_schedule_builder_layer (b, "relu");
  guint32 load = small_route (s, s->dram, s->sram[0]), move = small_route (s, s->sram[0], s->sram[1]), store = small_route (s, s->sram[1], s->dram);
  guint32 relu_cost = hd_schedule_builder_cost (b, &(HdTaskCost) { .cycles = 10, .energy_aj = 5, .macs = 7 });
  guint32 conv_cost = hd_schedule_builder_cost (b, &(HdTaskCost) { .cycles = 100, .load_cycles = 20, .energy_aj = 1500000, .load_energy_aj = 1000, .macs = 4096 });
  hd_schedule_builder_transfer (b, s->dma, load, 1024, conv, 0);
  hd_schedule_builder_transfer (b, s->dma, load, 640, conv, HD_NONE);
  hd_schedule_builder_compute (b, s->queue[0], conv_cost, conv, 0, 1);
  hd_schedule_builder_transfer (b, s->dma, move, 512, HD_NONE, HD_NONE);
  hd_schedule_builder_compute (b, s->queue[1], relu_cost, relu, 1, 0);
  hd_schedule_builder_transfer (b, s->dma, store, 512, relu, 1);
}

static inline void
small_pieces (Small *s)
{
  HdScheduleBuilder *b = s->builder;
  guint32 x = hd_schedule_builder_tensor (b, "x"), w = hd_schedule_builder_tensor (b, "w"), y = hd_schedule_builder_tensor (b, "y"), z = hd_schedule_builder_tensor (b, "z");
  const HdBox x_box = { 2, { { 0, 8 }, { 0, 16 } } }, w_box = { 1, { { 0, 80 } } }, y_box = { 2, { { 0, 4 }, { 0, 16 } } };
  s->x_dram = hd_schedule_builder_piece (b, s->dram, 1024, HD_NONE, x, &x_box);
  s->w_dram = hd_schedule_builder_piece (b, s->dram, 640, HD_NONE, w, &w_box);
  s->x = hd_schedule_builder_piece (b, s->sram[0], 1024, 0, x, &x_box);
  s->w = hd_schedule_builder_piece (b, s->sram[0], 640, 1, w, &w_box);
  s->y = hd_schedule_builder_piece (b, s->sram[0], 512, 2, y, &y_box);
  s->y1 = hd_schedule_builder_piece (b, s->sram[1], 512, 3, y, &y_box);
  s->z = hd_schedule_builder_piece (b, s->sram[1], 512, 4, z, &y_box);
  s->z_dram = hd_schedule_builder_piece (b, s->dram, 512, 5, z, &y_box);
}

static inline void
small_uses (Small *s)
{
  const struct { HdTaskId task; HdPieceId piece; } uses[] = { { 5, s->z }, { 0, s->x_dram }, { 1, s->w_dram }, { 2, s->w }, { 2, s->x }, { 3, s->y }, { 4, s->y1 }, { 2, s->x } };
  for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
    hd_schedule_builder_use (s->builder, uses[i].task, uses[i].piece);
  hd_schedule_builder_after (s->builder, 1, 0);
  hd_schedule_builder_release (s->builder, s->w, 2);
  hd_schedule_builder_release (s->builder, s->w, 4);
  hd_schedule_builder_release_after_last_use (s->builder);
}

static inline void
small_build (Small *small)
{
  small_begin (small);
  small_tasks (small);
  small_pieces (small);
  small_uses (small);
}

static inline HdSchedule *
small_finish (Small *small)
{
  g_autoptr (GError) error = NULL;
  HdSchedule *schedule = hd_schedule_builder_finish (small->builder, &error);
  cr_assert_not_null (schedule, "%s", error != NULL ? error->message : "");
  return schedule;
}

static inline void
small_end (Small *small)
{
  hd_schedule_builder_free (small->builder);
  hd_platform_unref (small->platform);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Small, small_end)
