/* Schedules that fix the order and residency of every DRAM transfer run exactly so: SoMa's own complete schedules (where the reference data are), and hand-made ones for the rules that those
 * never bind. */
#include "passes/dram-schedule.h"

#include <criterion/criterion.h>
#include <heddle/engine.h>

static void
assert_runs_exactly (const DramCase *source)
{
  g_autoptr (HdPlatform) platform = dram_case_platform (source);
  g_autofree HdTaskId *transfer_of = NULL;
  g_autoptr (HdSchedule) schedule = dram_case_schedule (source, platform, &transfer_of);
  g_autoptr (HdEngine) engine = hd_engine_new (platform, schedule, NULL);
  GError *error = NULL;
  HdResult result;
  cr_assert (hd_schedule_check (schedule, platform, &error), "%s", error->message);
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  cr_assert (!result.deadlock, "%s", result.deadlock_text);
  for (guint p = 0; p < source->tiles->len; p++) {
    const DramTile *tile = &g_array_index (source->tiles, DramTile, p);
    cr_expect_eq (result.columns.start[p], tile->start, "tile %u starts at %lu, not %lu", p, (gulong) result.columns.start[p], (gulong) tile->start);
    cr_expect_eq (result.columns.end[p], tile->end);
  }
  for (guint i = 0; i < source->tensors->len; i++)
    if (transfer_of[i] != HD_NONE) {
      guint64 expected = g_array_index (source->tensors, DramTensor, i).dram_start, start = result.columns.start[transfer_of[i]];
      cr_expect_eq (start, expected, "tensor %u starts at %lu, not %lu", i, (gulong) start, (gulong) expected);
    }
  cr_expect_eq (result.cycles, source->latency);
}

static void
run_reference (const char *name)
{
  g_autofree char *folder = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "..", "shared", "reference", "dram-scheduling", "schedules", NULL);
  g_autoptr (DramCase) source = dram_case_load (folder, name);
  if (source == NULL)
    cr_skip_test ("the reference data are not here");
  assert_runs_exactly (source);
}

#define REFERENCE(name) Test (dram_schedule, name) { run_reference (#name); }
REFERENCE (resnet50_edge_b1_stage1)
REFERENCE (resnet50_edge_b1_stage2)
REFERENCE (gpt2s_prefill_edge_b1_stage1)
REFERENCE (gpt2s_prefill_edge_b1_stage2)
REFERENCE (darknet19_edge_b1_stage1)
REFERENCE (darknet19_edge_b1_stage2)

/* --- by hand: 1 byte per cycle, so a tensor of n bytes takes n cycles ------------------------------------ */

static DramCase *
make_case (const DramTensor *tensors, guint n_tensors, const DramTile *tiles, guint n_tiles, guint64 buffer_bytes, guint64 latency)
{
  DramCase *self = g_new0 (DramCase, 1);
  self->tensors = g_array_new (FALSE, FALSE, sizeof (DramTensor));
  self->tiles = g_array_new (FALSE, FALSE, sizeof (DramTile));
  g_array_append_vals (self->tensors, tensors, n_tensors);
  g_array_append_vals (self->tiles, tiles, n_tiles);
  for (guint p = 0; p < n_tiles; p++) {
    DramTile *tile = &g_array_index (self->tiles, DramTile, p);
    GArray *needs = g_array_new (FALSE, FALSE, sizeof (guint));
    for (guint i = 0; i < n_tensors; i++)
      if (tensors[i].kind == TENSOR_LOAD && tensors[i].end == (int) p + 1)
        g_array_append_val (needs, i);
    tile->needs = needs;
  }
  self->bytes_per_cycle = 1;
  self->buffer_bytes = buffer_bytes;
  self->latency = latency;
  return self;
}

/* The store of tile 0's output must end before tile 1 begins (end = 1). Load A 0..100, tile 0 100..110, load B 100..150, store 150..350; B is there at 150, but the
 * gate holds tile 1 until 350. */
Test (dram_schedule, store_gate_binds)
{
  const DramTensor tensors[] = {
    { TENSOR_LOAD, 100, -1, 1, -9, 0, 0 },
    { TENSOR_LOAD, 50, 0, 2, -9, 1, 100 },
    { TENSOR_STORE, 200, 0, 1, 0, 2, 150 },
  };
  const DramTile tiles[] = { { 10, 100, 110, NULL }, { 20, 350, 370, NULL } };
  g_autoptr (DramCase) source = make_case (tensors, 3, tiles, 2, 1000, 370);
  assert_runs_exactly (source);
}

/* The same with end = 2: tile 1 begins at 150, and the run ends with the store. */
Test (dram_schedule, store_gate_later)
{
  const DramTensor tensors[] = {
    { TENSOR_LOAD, 100, -1, 1, -9, 0, 0 },
    { TENSOR_LOAD, 50, 0, 2, -9, 1, 100 },
    { TENSOR_STORE, 200, 0, 2, 0, 2, 150 },
  };
  const DramTile tiles[] = { { 10, 100, 110, NULL }, { 20, 150, 170, NULL } };
  g_autoptr (DramCase) source = make_case (tensors, 3, tiles, 2, 1000, 350);
  assert_runs_exactly (source);
}

/* A load's gate is the end of tile start-1, not the start of tile `start`: the channel idles from 100 to 140. */
Test (dram_schedule, load_gate_binds)
{
  const DramTensor tensors[] = {
    { TENSOR_LOAD, 100, -1, 1, -9, 0, 0 },
    { TENSOR_LOAD, 30, 1, 2, -9, 1, 140 },
  };
  const DramTile tiles[] = { { 40, 100, 140, NULL }, { 5, 170, 175, NULL } };
  g_autoptr (DramCase) source = make_case (tensors, 2, tiles, 2, 100, 175);
  assert_runs_exactly (source);
}

/* A stored output that a later tile reads on chip: the store neither moves its readers nor frees it early. Tile 0 10..15; its output (20 byte) is stored 15..35 and read by
 * tile 1, which waits for load B 35..45 only. */
Test (dram_schedule, stored_output_is_used_on_chip)
{
  const DramTensor tensors[] = {
    { TENSOR_LOAD, 10, -1, 1, -9, 0, 0 },
    { TENSOR_STORE, 20, 0, 2, 0, 1, 15 },
    { TENSOR_LOAD, 10, 0, 2, -9, 2, 35 },
  };
  const DramTile tiles[] = { { 5, 10, 15, NULL }, { 5, 45, 50, NULL } };
  g_autoptr (DramCase) source = make_case (tensors, 3, tiles, 2, 40, 50);
  guint stored = 1;
  g_array_append_val (g_array_index (source->tiles, DramTile, 1).needs, stored);
  assert_runs_exactly (source);
}
