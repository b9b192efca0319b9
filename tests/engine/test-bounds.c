/* Lower bounds: by hand, and below the engine's result on random instances. */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/sweep.h"

#include <criterion/criterion.h>
#include <heddle/bounds.h>
#include <heddle/engine.h>

#include <string.h>

/* --- random instances ---------------------------------------------------------------------------------- */

/* Every bound below the makespan, and together with the counters: work and bandwidth are no more than what was really done. */
static char *
tell_wrong (const HdPlatform *platform, const HdResult *result, const HdBounds *bounds)
{
  guint64 greatest = bounds->path_cycles;
  for (guint i = 0; i < bounds->n_works; i++) {
    guint64 done = 0;
    for (guint c = 0; c < bounds->work[i].n_cores; c++)
      done += result->core_state_cycles[bounds->work[i].core[c]][HD_STATE_COMPUTE];
    if (bounds->work[i].total_cycles > done)
      return g_strdup_printf ("core %u and those like it have %lu cycles of work, and did %lu", bounds->work[i].core[0], (gulong) bounds->work[i].total_cycles, (gulong) done);
    greatest = MAX (greatest, bounds->work[i].cycles);
  }
  for (guint i = 0; i < bounds->n_bandwidths; i++) {
    HdResourceId r = bounds->bandwidth[i].resource;
    if (bounds->bandwidth[i].bits > result->resource_bits[r] || bounds->bandwidth[i].cycles > result->resource_busy_cycles[r])
      return g_strdup_printf ("resource %u must move %lu bits in %lu cycles, and moved %lu in %lu", r, (gulong) bounds->bandwidth[i].bits, (gulong) bounds->bandwidth[i].cycles,
                              (gulong) result->resource_bits[r], (gulong) result->resource_busy_cycles[r]);
    greatest = MAX (greatest, bounds->bandwidth[i].cycles);
  }
  if (greatest != bounds->cycles)
    return g_strdup_printf ("the greatest is %lu, not %lu", (gulong) greatest, (gulong) bounds->cycles);
  return bounds->cycles > result->cycles ? g_strdup_printf ("bound %lu (path %lu), run %lu", (gulong) bounds->cycles, (gulong) bounds->path_cycles, (gulong) result->cycles) : NULL;
}

static char *
check_bounds (const Instance *instance)
{
  HdPlatform platform;
  HdSchedule schedule;
  HdResult result;
  char *wrong = NULL;
  if (!instance_is_sound (instance))
    return NULL;
  instance_build (instance, &platform, &schedule);
  g_autoptr (HdEngine) engine = hd_engine_new (&platform, &schedule, NULL);
  g_autoptr (HdBounds) bounds = hd_bounds_new (&platform, &schedule);
  if (engine == NULL || !hd_engine_run (engine, NULL, &result, NULL))
    wrong = g_strdup ("it does not run");
  else if (!result.deadlock)
    wrong = tell_wrong (&platform, &result, bounds);
  instance_free_built (&platform, &schedule);
  return wrong;
}

Test (bounds, random_instances_run_no_faster, .timeout = 120)
{
  cr_assert_geq (sweep_corpus ("bounds", check_bounds), 1);
  cr_assert (sweep_seeds ("bounds", instance_generate, check_bounds, 0, 6000, 1, FALSE));
}

/* --- by hand -------------------------------------------------------------------------------------------- */

/* 8 bit in a cycle out of the DRAM (which takes 3 cycles more) and into it; a bus of 32 bit. Cores c0 and c1 are alike, v is not. */
static const char PLATFORM[] =
  "<platform version='1' name='three' clock='1 MHz'>"
  "<memory id='dram' kind='dram' ports='separate' width='8 bit/cycle'><port kind='read' latency='3 cycle'/></memory>"
  "<memory id='m0' size='4 KiB' core='c0' ports='separate' width='64 bit/cycle'/><memory id='m1' size='4 KiB' core='c1' ports='separate' width='64 bit/cycle'/>"
  "<memory id='mv' size='4 KiB' core='v' ports='separate' width='64 bit/cycle'/>"
  "<bus id='bus' connects='dram m0 m1 mv' width='32 bit/cycle'/>"
  "<core id='c0' kind='vector' operators='mac' lanes='1'><level memory='m0' operands='I W O'/></core>"
  "<core id='c1' kind='vector' operators='mac' lanes='1'><level memory='m1' operands='I W O'/></core>"
  "<core id='v' kind='vector' lanes='1'><level memory='mv' operands='I W O'/></core>"
  "</platform>";

typedef struct {
  HdPlatform *platform;
  HdScheduleBuilder *builder;
  guint32 x, y;           /* tensors */
  HdPieceId all_x;        /* in DRAM */
  HdQueueId load, c0, v;
  HdMemoryId dram, m0, m1, mv;
} Case;

static void
case_begin (Case *self)
{
  g_autoptr (GError) error = NULL;
  self->platform = hd_platform_parse_xml (PLATFORM, sizeof PLATFORM - 1, "three", &error);
  cr_assert_not_null (self->platform, "%s", error != NULL ? error->message : "");
  self->dram = hd_platform_find_memory (self->platform, "dram");
  self->m0 = hd_platform_find_memory (self->platform, "m0");
  self->m1 = hd_platform_find_memory (self->platform, "m1");
  self->mv = hd_platform_find_memory (self->platform, "mv");
  self->builder = hd_schedule_builder_new (self->platform);
  self->x = hd_schedule_builder_tensor (self->builder, "x");
  self->y = hd_schedule_builder_tensor (self->builder, "y");
  self->load = hd_schedule_builder_queue (self->builder, &(HdQueue) { .name = (char *) "load", .outstanding = 4, .core = HD_NONE });
  self->c0 = hd_schedule_builder_queue (self->builder, &(HdQueue) { .name = (char *) "c0", .outstanding = 1, .core = hd_platform_find_core (self->platform, "c0") });
  self->v = hd_schedule_builder_queue (self->builder, &(HdQueue) { .name = (char *) "v", .outstanding = 1, .core = hd_platform_find_core (self->platform, "v") });
  self->all_x = hd_schedule_builder_piece (self->builder, self->dram, 100 * 8, HD_NONE, self->x, &(HdBox) { 2, { { 0, 10 }, { 0, 10 } } });
}

static HdTaskId
transfer (Case *self, HdMemoryId from, HdMemoryId to, HdPieceId piece, guint64 bits)
{
  HdRoute route;
  cr_assert (hd_platform_route (self->platform, from, &to, 1, &route, NULL));
  HdTaskId task = hd_schedule_builder_transfer (self->builder, self->load, hd_schedule_builder_route (self->builder, &route), bits, HD_NONE, HD_NONE);
  hd_schedule_builder_use (self->builder, task, piece);
  hd_route_clear (&route);
  return task;
}

/* The box [@y0, @y1) x [0, @x1) of x, in m0. */
static HdPieceId
load_x (Case *self, gint64 y0, gint64 y1, gint64 x1)
{
  HdBox box = { 2, { { y0, y1 }, { 0, x1 } } };
  guint64 bits = hd_box_volume (&box) * 8;
  return hd_schedule_builder_piece (self->builder, self->m0, bits, transfer (self, self->dram, self->m0, self->all_x, bits), self->x, &box);
}

static HdPieceId
compute (Case *self, HdQueueId queue, HdMemoryId memory, guint64 cycles, HdPieceId used)
{
  HdTaskId task = hd_schedule_builder_compute (self->builder, queue, hd_schedule_builder_cost (self->builder, &(HdTaskCost) { .cycles = cycles, .load_cycles = 100 }), HD_NONE, HD_NONE, 1);
  hd_schedule_builder_use (self->builder, task, used);
  return hd_schedule_builder_piece (self->builder, memory, 64, task, self->y, &(HdBox) { 1, { { 0, 8 } } });
}

static void
case_end (Case *self, HdSchedule **schedule, HdBounds **bounds)
{
  g_autoptr (GError) error = NULL;
  *schedule = hd_schedule_builder_finish (self->builder, &error);
  cr_assert_not_null (*schedule, "%s", error != NULL ? error->message : "");
  *bounds = hd_bounds_new (self->platform, *schedule);
  hd_schedule_builder_free (self->builder);
}

static const HdBoundBandwidth *
bandwidth_of (const HdPlatform *platform, const HdBounds *bounds, const char *id)
{
  for (guint i = 0; i < bounds->n_bandwidths; i++)
    if (g_str_equal (platform->resource[bounds->bandwidth[i].resource].id, id))
      return &bounds->bandwidth[i];
  return NULL;
}

/* Rows 0..4 and 3..6 of x come (halo rows twice), and 0..4 once more: rows 0 to 5, 60 elements of 8 bit, must. A row takes 10 cycles out of the DRAM, and 3 on the way: the first load 43.
 * Two computes of 50 and 30 cycles on c0 (loading weights is not counted), each followed by one of 7 on v; y goes back through two hops that take no time here, in 8. */
Test (bounds, by_hand)
{
  Case c;
  g_autoptr (HdSchedule) schedule = NULL;
  g_autoptr (HdBounds) bounds = NULL;
  case_begin (&c);
  HdPieceId top = load_x (&c, 0, 4, 10), bottom = load_x (&c, 3, 6, 10), again = load_x (&c, 0, 4, 10);
  HdPieceId p = compute (&c, c.c0, c.m0, 50, top), q = compute (&c, c.c0, c.m0, 30, bottom);
  HdPieceId moved = hd_schedule_builder_piece (c.builder, c.mv, 64, transfer (&c, c.m0, c.mv, p, 64), c.y, &(HdBox) { 1, { { 0, 8 } } });
  HdPieceId last = compute (&c, c.v, c.mv, 7, moved);
  HdPieceId stored = hd_schedule_builder_piece (c.builder, c.dram, 64, transfer (&c, c.mv, c.dram, last, 64), c.y, &(HdBox) { 1, { { 0, 8 } } });
  (void) again, (void) q, (void) stored;
  case_end (&c, &schedule, &bounds);
  /* 320 bit at 8 and 3 of latency, 50, 64 bit at 32, 7, 64 bit at 8 */
  cr_expect_eq (bounds->path_cycles, (40 + 3) + 50 + 2 + 7 + 8, "path of %lu", (gulong) bounds->path_cycles);
  cr_assert_eq (bounds->n_works, 2);
  cr_expect_eq (bounds->work[0].n_cores, 2, "c1 is like c0");
  cr_expect_eq (bounds->work[0].total_cycles, 80);
  cr_expect_eq (bounds->work[0].cycles, 40);
  cr_expect_eq (bounds->work[1].n_cores, 1);
  cr_expect_eq (bounds->work[1].cycles, 7);
  cr_expect_eq (bandwidth_of (c.platform, bounds, "dram.read")->bits, 60 * 8);
  cr_expect_eq (bandwidth_of (c.platform, bounds, "dram.read")->cycles, 60);
  cr_expect_eq (bandwidth_of (c.platform, bounds, "dram.write")->bits, 64);
  cr_expect_eq (bandwidth_of (c.platform, bounds, "bus")->bits, 60 * 8 + 64, "what comes and what goes; what is moved on the chip need not be");
  cr_expect_eq (bandwidth_of (c.platform, bounds, "bus")->cycles, 17);
  cr_expect_eq (bandwidth_of (c.platform, bounds, "m0.write")->bits, 60 * 8);
  cr_expect_null (bandwidth_of (c.platform, bounds, "mv.write"));
  cr_expect_eq (bounds->cycles, 110);
  hd_platform_unref (c.platform);
}

/* What has left the chip and is fetched again, and what is fetched to two places, counts once or not at all. */
Test (bounds, only_what_must_move_counts)
{
  Case c;
  g_autoptr (HdSchedule) schedule = NULL;
  g_autoptr (HdBounds) bounds = NULL;
  case_begin (&c);
  HdBox box = { 2, { { 0, 2 }, { 0, 10 } } };
  HdPieceId here = load_x (&c, 0, 2, 10);
  HdPieceId there = hd_schedule_builder_piece (c.builder, c.m1, 160, transfer (&c, c.dram, c.m1, c.all_x, 160), c.x, &box);
  HdPieceId made = compute (&c, c.c0, c.m0, 5, here);
  HdTaskId out = transfer (&c, c.m0, c.dram, made, 64);
  HdPieceId away = hd_schedule_builder_piece (c.builder, c.dram, 64, out, c.y, &(HdBox) { 1, { { 0, 8 } } });
  HdTaskId back = transfer (&c, c.dram, c.m0, away, 64);
  hd_schedule_builder_release (c.builder, away, back);
  HdPieceId returned = hd_schedule_builder_piece (c.builder, c.m0, 64, back, c.y, &(HdBox) { 1, { { 0, 8 } } });
  (void) there, (void) returned;
  case_end (&c, &schedule, &bounds);
  cr_expect_eq (bandwidth_of (c.platform, bounds, "dram.read")->bits, 160);
  cr_expect_null (bandwidth_of (c.platform, bounds, "dram.write"));
  cr_expect_null (bandwidth_of (c.platform, bounds, "m0.write"), "not all of it comes this way");
  hd_platform_unref (c.platform);
}

Test (bounds, of_nothing)
{
  Case c;
  g_autoptr (HdSchedule) schedule = NULL;
  g_autoptr (HdBounds) bounds = NULL;
  case_begin (&c);
  case_end (&c, &schedule, &bounds);
  cr_expect_eq (bounds->cycles, 0);
  cr_expect_eq (bounds->n_works + bounds->n_bandwidths, 0);
  hd_platform_unref (c.platform);
}
