/* Random legal schedules on random small platforms, made task by task in an order that a run can follow; for round trips and for holding the check against the engine.
 *
 * A schedule made here can run to its end: tasks are numbered in an order that respects all dependencies and all queues, and memories have room
 * for all pieces at once where `roomy` is set; else a run may deadlock, which is fine for those who look.
 */
#pragma once

#include "schedule/small.h"

#include <heddle/random.h>

typedef struct {
  HdRandom random;
  HdPlatform *platform;
  HdScheduleBuilder *builder;
  guint n_tasks;
  GArray *live;          /* HdPieceId that can be used */
  GArray *piece_memory;  /* by piece */
  GArray *piece_bits;
  GArray *piece_tensor;
  GArray *piece_box;     /* HdBox */
} RandomSchedule;

static inline guint
random_below (RandomSchedule *self, guint n)
{
  return (guint) hd_random_below (&self->random, n);
}

static inline HdPieceId
random_piece (RandomSchedule *self, HdMemoryId memory, guint64 bits, HdTaskId creator, guint32 tensor, const HdBox *box)
{
  HdPieceId piece = hd_schedule_builder_piece (self->builder, memory, bits, creator, tensor, tensor != HD_NONE ? box : NULL);
  g_array_append_val (self->piece_memory, memory);
  g_array_append_val (self->piece_bits, bits);
  g_array_append_val (self->piece_tensor, tensor);
  g_array_append_vals (self->piece_box, box, 1);
  g_array_append_val (self->live, piece);
  return piece;
}

/* 8 bits an element, a box of one or two dimensions, or opaque. */
static inline guint64
random_shape (RandomSchedule *self, guint32 n_tensors, guint32 *tensor, HdBox *box)
{
  *tensor = random_below (self, 4) == 0 ? HD_NONE : random_below (self, n_tensors);
  box->n = 1 + *tensor % 2;
  guint64 volume = 1;
  for (guint d = 0; d < box->n; d++) {
    box->range[d].from = (gint64) random_below (self, 50);
    box->range[d].to = box->range[d].from + 1 + (gint64) random_below (self, 12);
    volume *= (guint64) hd_range_size (box->range[d]);
  }
  return *tensor == HD_NONE ? 1 + random_below (self, 900) : volume * 8;
}

static inline void
random_platform (RandomSchedule *self, gboolean roomy)
{
  static const char *const arbiters[] = { "first-come", "round-robin", "fixed-priority", "time-slots,slots=2,slot-length=4" };
  guint cores = 1 + random_below (self, 3);
  g_autofree char *line = g_strdup_printf ("core:%u sram:%uB bus:%ub,arbiter=%s%s dram:%ub@%uMHz clock:200MHz burst:%uB", cores, roomy ? 65536 : 200 + random_below (self, 300),
                                           8u << random_below (self, 4), arbiters[random_below (self, 4)], random_below (self, 2) ? ",latency=3" : "", 8u << random_below (self, 4),
                                           100u * (1 + random_below (self, 2)), 8u << random_below (self, 3));
  self->platform = small_platform (line);
}

static inline void
random_transfer (RandomSchedule *self, HdQueueId queue, HdTaskId task)
{
  HdPieceId source = g_array_index (self->live, HdPieceId, random_below (self, self->live->len));
  HdMemoryId from = g_array_index (self->piece_memory, HdMemoryId, source), to[3];
  guint n = 0, wanted = 1 + (random_below (self, 4) == 0);
  for (HdMemoryId m = 0; m < self->platform->n_memories && n < wanted; m++)
    if (m != from && (random_below (self, 2) || self->platform->n_memories - m <= 2))
      to[n++] = m;
  HdRoute route;
  cr_assert (hd_platform_route (self->platform, from, to, n, &route, NULL));
  guint64 bits = g_array_index (self->piece_bits, guint64, source);
  cr_assert_eq (task, hd_schedule_builder_transfer (self->builder, queue, hd_schedule_builder_route (self->builder, &route), bits, random_below (self, 2) ? 0 : HD_NONE, task));
  hd_route_clear (&route);
  hd_schedule_builder_use (self->builder, task, source);
  HdBox box = g_array_index (self->piece_box, HdBox, source);
  for (guint i = 0; i < n; i++)
    random_piece (self, to[i], bits, task, g_array_index (self->piece_tensor, guint32, source), &box);
}

static inline void
random_compute (RandomSchedule *self, HdQueueId queue, HdCoreId core, HdTaskId task)
{
  HdMemoryId own = self->platform->core[core].operand_memory[HD_OPERAND_OUTPUT];
  HdTaskCost cost = { .cycles = random_below (self, 40), .load_cycles = random_below (self, 10), .energy_aj = random_below (self, 5000000), .macs = random_below (self, 100) };
  guint32 tensor;
  HdBox box;
  cr_assert_eq (task, hd_schedule_builder_compute (self->builder, queue, hd_schedule_builder_cost (self->builder, &cost), random_below (self, 2), task, random_below (self, 3)));
  for (guint i = 0; i < self->live->len; i++) {
    HdPieceId piece = g_array_index (self->live, HdPieceId, i);
    if (g_array_index (self->piece_memory, HdMemoryId, piece) == own && random_below (self, 3) == 0)
      hd_schedule_builder_use (self->builder, task, piece);
  }
  guint64 bits = random_shape (self, 3, &tensor, &box);
  random_piece (self, own, bits, task, tensor, &box);
}

static inline void
random_priority (RandomSchedule *self, gboolean by_priority, HdTaskId task)
{
  if (by_priority)
    hd_schedule_builder_priority (self->builder, task, random_below (self, 4));
}

static inline void
random_tables (RandomSchedule *self, HdQueueId *queue, gboolean *by_priority)
{
  static const char *const names[] = { "in", "out", "mixed & more" };
  hd_schedule_builder_set_source (self->builder, "random", "<workload>\n</workload>\n", random_below (self, 2) ? "" : "<mapping/>");
  hd_schedule_builder_layer (self->builder, "a");
  hd_schedule_builder_layer (self->builder, "b <&> \"c\"");
  for (guint i = 0; i < 3; i++)
    hd_schedule_builder_tensor (self->builder, (const char *[]) { "x", "y", "z/1:0" }[i]);
  for (guint c = 0; c < self->platform->n_cores; c++) {
    g_autofree char *name = g_strdup_printf ("core-%u", 9 - c);
    by_priority[c] = random_below (self, 2) == 1;
    queue[c] = hd_schedule_builder_queue (self->builder, &(HdQueue) { .name = name, .order = by_priority[c], .outstanding = 1 + random_below (self, 2), .core = c });
  }
  for (guint i = 0; i < 3; i++)
    queue[self->platform->n_cores + i] = hd_schedule_builder_queue (self->builder, &(HdQueue) { .name = (char *) names[i], .order = i == 2, .outstanding = 1 + random_below (self, 3), .priority = i, .slot = i, .core = HD_NONE });
}

static inline void
random_begin (RandomSchedule *self, guint64 seed, gboolean roomy)
{
  hd_random_init (&self->random, seed);
  random_platform (self, roomy);
  self->builder = hd_schedule_builder_new (self->platform);
  self->live = g_array_new (FALSE, FALSE, sizeof (HdPieceId));
  self->piece_memory = g_array_new (FALSE, FALSE, sizeof (HdMemoryId));
  self->piece_bits = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->piece_tensor = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->piece_box = g_array_new (FALSE, FALSE, sizeof (HdBox));
}

static inline void
random_clear (RandomSchedule *self)
{
  GArray *arrays[] = { self->live, self->piece_memory, self->piece_bits, self->piece_tensor, self->piece_box };
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_array_unref (arrays[i]);
  hd_schedule_builder_free (self->builder);
  hd_platform_unref (self->platform);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RandomSchedule, random_clear)

/* The schedule of @seed; *@self keeps its platform. */
static inline HdSchedule *
random_schedule (RandomSchedule *self, guint64 seed, guint n_tasks, gboolean roomy)
{
  HdQueueId queue[8];
  gboolean by_priority[8] = { FALSE };
  guint32 tensor;
  HdBox box;
  random_begin (self, seed, roomy);
  random_tables (self, queue, by_priority);
  HdMemoryId dram = hd_platform_find_memory (self->platform, "dram");
  for (guint i = 0; i < 4; i++) {
    guint64 bits = random_shape (self, 3, &tensor, &box);
    random_piece (self, dram, bits, HD_NONE, tensor, &box);
  }
  for (HdTaskId t = 0; t < n_tasks; t++) {
    guint n_cores = self->platform->n_cores, q = random_below (self, 2) ? random_below (self, n_cores) : n_cores + random_below (self, 3);
    by_priority[n_cores + 2] = TRUE;
    /* Now and then a core moves data itself. */
    if (q < n_cores && random_below (self, 6) > 0)
      random_compute (self, queue[q], q, t);
    else
      random_transfer (self, queue[q], t);
    random_priority (self, by_priority[q], t);
    if (t > 0 && random_below (self, 3) == 0)
      hd_schedule_builder_after (self->builder, t, random_below (self, t));
  }
  hd_schedule_builder_release_after_last_use (self->builder);
  g_autoptr (GError) error = NULL;
  HdSchedule *schedule = hd_schedule_builder_finish (self->builder, &error);
  cr_assert_not_null (schedule, "seed %" G_GUINT64_FORMAT ": %s", seed, error != NULL ? error->message : "");
  return schedule;
}
