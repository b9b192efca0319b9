/* A contended schedule of any length, for benchmarks and tests: cores that load, compute and store, all over one bus and one DRAM port, in finite memories.
 *
 * Each core has a queue of loads and one of stores. A tile loads its input, computes an output from it and from that of the tile before, and
 * every second one stores what it made. What a memory has no room for waits.
 *
 *     load x_i (after compute i-4)  ->  compute i (reads x_i, y_{i-1}; makes y_i)  ->  store y_i (i odd)
 */
#pragma once

#include <heddle/engine.h>
#include <heddle/random.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct {
  HdPlatform *platform;
  HdSchedule *schedule;
} Contended;

typedef struct {
  guint32 load[1024], store[1024];
  HdQueueId load_queue[1024], store_queue[1024], core_queue[1024];
  HdPieceId last[1024];
  HdTaskId computed[1024][4];
} ContendedParts;

static inline void
contended_stop (GError *error)
{
  fprintf (stderr, "%s\n", error != NULL ? error->message : "failed");
  exit (1);
}

static inline guint32
contended_route (HdPlatform *p, HdScheduleBuilder *b, HdMemoryId from, HdMemoryId to)
{
  g_autoptr (GError) error = NULL;
  HdRoute route;
  if (!hd_platform_route (p, from, &to, 1, &route, &error))
    contended_stop (error);
  guint32 handle = hd_schedule_builder_route (b, &route);
  hd_route_clear (&route);
  return handle;
}

static inline HdQueueId
contended_queue (HdScheduleBuilder *b, const char *kind, guint core, HdCoreId of, guint outstanding)
{
  g_autofree char *name = g_strdup_printf ("%s%04u", kind, core);
  return hd_schedule_builder_queue (b, &(HdQueue) { .name = name, .outstanding = outstanding, .core = of, .slot = core, .priority = core });
}

/* Returns the number of tasks it has added. */
static inline guint32
contended_tile (HdScheduleBuilder *b, ContendedParts *parts, guint core, guint64 tile, HdMemoryId sram, guint32 cost, guint64 bits)
{
  HdTaskId load = hd_schedule_builder_transfer (b, parts->load_queue[core], parts->load[core], bits, HD_NONE, HD_NONE);
  HdTaskId compute = hd_schedule_builder_compute (b, parts->core_queue[core], cost, HD_NONE, (guint32) tile, 0);
  if (tile >= 4)
    hd_schedule_builder_after (b, load, parts->computed[core][tile % 4]);
  parts->computed[core][tile % 4] = compute;
  HdPieceId x = hd_schedule_builder_piece (b, sram, bits, load, HD_NONE, NULL);
  HdPieceId y = hd_schedule_builder_piece (b, sram, bits / 2, compute, HD_NONE, NULL);
  hd_schedule_builder_use (b, compute, x);
  hd_schedule_builder_release (b, x, compute);
  if (parts->last[core] != HD_NONE) {
    hd_schedule_builder_use (b, compute, parts->last[core]);
    hd_schedule_builder_release (b, parts->last[core], compute);
  }
  parts->last[core] = y;
  if (tile % 2 == 0)
    return 2;
  HdTaskId store = hd_schedule_builder_transfer (b, parts->store_queue[core], parts->store[core], bits / 2, HD_NONE, HD_NONE);
  hd_schedule_builder_use (b, store, y);
  hd_schedule_builder_release (b, y, store);
  return 3;
}

/* @line: a platform in one line with `core:@cores` and `sram`; about @n_tasks tasks; loads of @bits on average. */
static inline Contended
contended_make (const char *line, guint cores, guint32 n_tasks, guint64 bits)
{
  g_autoptr (GError) error = NULL;
  Contended c = { hd_platform_parse_synthetic (line, &error), NULL };
  if (c.platform == NULL)
    contended_stop (error);
  g_autoptr (HdScheduleBuilder) b = hd_schedule_builder_new (c.platform);
  g_autofree ContendedParts *parts = g_new0 (ContendedParts, 1);
  HdMemoryId dram = hd_platform_find_memory (c.platform, "dram");
  HdRandom random;
  guint32 cost[64];
  hd_random_init (&random, 7);
  for (guint i = 0; i < 64; i++)
    cost[i] = hd_schedule_builder_cost (b, &(HdTaskCost) { .cycles = 1 + hd_random_below (&random, 2 * bits * cores / 64), .energy_aj = 1000 + i });
  for (guint i = 0; i < cores; i++) {
    HdMemoryId sram = c.platform->core[i].operand_memory[HD_OPERAND_INPUT];
    parts->load[i] = contended_route (c.platform, b, dram, sram);
    parts->store[i] = contended_route (c.platform, b, sram, dram);
    parts->core_queue[i] = contended_queue (b, "core", i, i, 1);
    parts->load_queue[i] = contended_queue (b, "load", i, HD_NONE, 2);
    parts->store_queue[i] = contended_queue (b, "store", i, HD_NONE, 1);
    parts->last[i] = HD_NONE;
  }
  guint32 made = 0;
  for (guint64 tile = 0; made < n_tasks; tile++)
    for (guint i = 0; i < cores; i++)
      made += contended_tile (b, parts, i, tile, c.platform->core[i].operand_memory[HD_OPERAND_INPUT], cost[hd_random_below (&random, 64)],
                              bits / 2 + hd_random_below (&random, bits));
  c.schedule = hd_schedule_builder_finish (b, &error);
  if (c.schedule == NULL)
    contended_stop (error);
  return c;
}

static inline void
contended_clear (Contended *c)
{
  hd_schedule_unref (c->schedule);
  hd_platform_unref (c->platform);
}
