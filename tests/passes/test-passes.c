/* What passes make is legal, runs to its end, and does exactly what it must: on random networks, mappings and platforms, down to the smallest memory in which it can. */
#include "tiling/random-graph.h"

#include <criterion/criterion.h>
#include <heddle/engine.h>
#include <heddle/passes.h>

typedef struct {
  HdWorkload *workload;
  HdPlatform *platform;
  HdTiling *tiling;
  HdCostModel *cost;
} Inputs;

static void
inputs_clear (Inputs *self)
{
  hd_cost_model_free (self->cost);
  hd_tiling_unref (self->tiling);
  hd_platform_unref (self->platform);
  hd_workload_unref (self->workload);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Inputs, inputs_clear)

/* Each node once, on the core it is dealt to; its MACs are the tiling's. */
static void
check_nodes (const Inputs *in, const HdSchedule *schedule, const char *name)
{
  g_autofree guint8 *seen = g_new0 (guint8, in->tiling->n_nodes);
  guint64 points = 0;
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    if (schedule->kind[t] == HD_TASK_COMPUTE) {
      HdNodeId node = schedule->node[t];
      seen[node]++;
      points += hd_tiling_node_points (in->tiling, node);
      cr_assert_eq (schedule->queue[schedule->queue_of[t]].core, hd_tiling_node_core (in->tiling, node), "%s", name);
    }
  for (guint32 n = 0; n < in->tiling->n_nodes; n++)
    cr_assert_eq (seen[n], 1, "%s: node %u is executed %u times", name, n, seen[n]);
  cr_assert_eq (points, in->tiling->points, "%s", name);
}

/* Every element of every output of the network is in DRAM at the end, once. */
static void
check_outputs (const Inputs *in, const HdSchedule *schedule, const char *name)
{
  for (guint32 t = 0; t < in->workload->n_tensors; t++) {
    const HdTensor *tensor = &in->workload->tensors[t];
    guint64 bits = 0;
    if (tensor->kind != HD_TENSOR_OUTPUT)
      continue;
    for (guint32 p = 0; p < schedule->n_pieces; p++)
      if (schedule->piece_tensor[p] == t && in->platform->memory[schedule->piece_memory[p]].dram && schedule->release_begin[p] == schedule->release_begin[p + 1])
        bits += schedule->piece_bits[p];
    cr_assert_eq (bits, tensor->total_bits, "%s: %lu bit of output %s are in DRAM, not %lu", name, (gulong) bits, tensor->name, (gulong) tensor->total_bits);
  }
}

/* Which of its core's nodes each compute is; others have none. */
static guint32 *
places_on_cores (const HdSchedule *schedule)
{
  guint32 *place = g_new0 (guint32, schedule->n_tasks);
  for (guint q = 0; q < schedule->n_queues; q++) {
    guint32 next = 0;
    for (guint64 i = schedule->queue_begin[q]; i < schedule->queue_begin[q + 1]; i++)
      if (schedule->kind[schedule->queue_task[i]] == HD_TASK_COMPUTE)
        place[schedule->queue_task[i]] = next++;
  }
  return place;
}

/* When the node that stands @back places before @task on its core has ended; 0: there is none. */
static guint64
end_of_earlier (const HdSchedule *schedule, const guint32 *place, HdTaskId task, guint back, const guint64 *end)
{
  HdQueueId q = schedule->queue_of[task];
  for (guint64 i = schedule->queue_begin[q]; i < schedule->queue_begin[q + 1]; i++) {
    HdTaskId other = schedule->queue_task[i];
    if (schedule->kind[other] == HD_TASK_COMPUTE && place[task] >= back && place[other] == place[task] - back)
      return end[other];
  }
  return 0;
}

/* Where the mapping holds loads to the next few nodes of a core, nothing comes from DRAM before its time, whoever else gets it by the same transfer: a piece's first reader is one of these nodes then. Returns the casts. */
static guint
check_prefetch (const Inputs *in, const HdSchedule *schedule, const HdResult *result, const char *name)
{
  guint limit = in->tiling->mapping->dram.prefetch, casts = 0;
  g_autofree guint32 *place = places_on_cores (schedule), *pieces_of = g_new0 (guint32, schedule->n_tasks), *reader = g_new (guint32, schedule->n_pieces + 1);
  memset (reader, 0xff, schedule->n_pieces * sizeof *reader);
  for (guint32 t = schedule->n_tasks; t-- > 0;)
    for (guint64 u = schedule->use_begin[t]; u < schedule->use_begin[t + 1]; u++)
      reader[schedule->use[u]] = schedule->kind[t] == HD_TASK_COMPUTE ? t : reader[schedule->use[u]];
  for (guint32 p = 0; p < schedule->n_pieces; p++) {
    HdTaskId t = schedule->piece_creator[p];
    if (t == HD_NONE || schedule->kind[t] == HD_TASK_COMPUTE || !in->platform->memory[schedule->piece_memory[schedule->use[schedule->use_begin[t]]]].dram)
      continue;
    casts += ++pieces_of[t] == 2;
    if (limit == 0 || reader[p] == HD_NONE)
      continue;
    guint64 earliest = end_of_earlier (schedule, place, reader[p], limit, result->columns.end);
    cr_assert_geq (result->columns.start[t], earliest, "%s: task %u brings piece %u at %lu, before %lu", name, t, p, (gulong) result->columns.start[t], (gulong) earliest);
  }
  return limit > 0 ? casts : 0;
}

static guint n_held_casts;

static void
check_run (const Inputs *in, const HdSchedule *schedule, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdEngine) engine = hd_engine_new (in->platform, schedule, NULL);
  HdResult result;
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  cr_assert (!result.deadlock, "%s: %s", name, result.deadlock_text);
  HdTaskTimes times = { result.cycles, schedule->n_tasks, result.columns.ready, result.columns.issue, result.columns.start, result.columns.end };
  cr_assert (hd_schedule_check_times (schedule, in->platform, &times, &error), "%s: %s", name, error->message);
  n_held_casts += check_prefetch (in, schedule, &result, name);
}

/* FALSE when the pass says that something does not fit; then it says what, where, and how much is missing. */
static gboolean
check_pass (const Inputs *in, const char *pass, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdSchedule) schedule = hd_pass_run (pass, in->tiling, in->cost, NULL, &error);
  if (schedule == NULL) {
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE) && strstr (error->message, "bit are missing") != NULL && strstr (error->message, "memory \"") != NULL, "%s: %s", name, error->message);
    return FALSE;
  }
  cr_assert (hd_schedule_check (schedule, in->platform, &error), "%s: %s", name, error != NULL ? error->message : "");
  check_nodes (in, schedule, name);
  check_outputs (in, schedule, name);
  check_run (in, schedule, name);
  return TRUE;
}

/* --- random networks ------------------------------------------------------------------------------------- */

static HdPlatform *
random_platform (HdRandom *random, guint bytes)
{
  static const char *const BUS[] = { "", "bus:64b,arbiter=round-robin", "bus:40b,latency=2", "bus:24b@100MHz,arbiter=fixed-priority" };
  const char *shape = hd_random_below (random, 3) == 0 ? "shared" : "sram";
  g_autofree char *weights = hd_random_below (random, 2) == 0 ? g_strdup_printf ("weights:%uB", bytes) : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("core:2 %s:%uB %s dram:%u0b %s", shape, bytes, BUS[hd_random_below (random, 4)], (guint) pick (random, 1, 6), weights);
  GError *error = NULL;
  HdPlatform *platform = hd_platform_parse_synthetic (text, &error);
  cr_assert_not_null (platform, "%s: %s", text, error != NULL ? error->message : "");
  return platform;
}

static gboolean
random_inputs (Inputs *in, guint64 seed, guint bytes)
{
  HdRandom random;
  HdCostOptions simple = { .rules = HD_RULES_SIMPLE };
  hd_random_init (&random, seed);
  in->workload = random_workload (&random);
  in->platform = random_platform (&random, bytes);
  g_autofree char *text = random_mapping_text (&random, in->workload);
  g_autoptr (HdMapping) mapping = hd_mapping_parse_xml (text, strlen (text), "mapping", in->workload, in->platform, NULL);
  if (mapping != NULL && hd_random_below (&random, 3) == 0)
    mapping->dram.prefetch = (guint) pick (&random, 1, 5);
  in->tiling = mapping != NULL ? hd_tiling_new (mapping, NULL) : NULL;
  in->cost = hd_cost_model_new (in->platform, in->workload, &simple);
  if (mapping != NULL)
    hd_mapping_unref (g_steal_pointer (&mapping));
  return in->tiling != NULL && in->tiling->n_nodes < 3000;
}

/* The same network in less and less memory, until it does not fit: all that fits must run. */
static guint
squeeze (guint64 seed, const char *pass, guint *fitted)
{
  guint refused = 0;
  for (guint bytes = 65536; bytes >= 32 && refused == 0; bytes = bytes * 2 / 3) {
    g_auto (Inputs) in = { 0 };
    g_autofree char *name = g_strdup_printf ("seed %lu, %s, %u byte", (gulong) seed, pass, bytes);
    if (!random_inputs (&in, seed, bytes))
      return 0;
    if (check_pass (&in, pass, name))
      (*fitted)++;
    else
      refused++;
  }
  return refused;
}

static const char *const PASSES[] = { "multi-core", "fused", "multi-core", "layer-by-layer" };

Test (passes, random_networks_in_less_and_less_memory)
{
  guint fitted = 0, refused = 0;
  const char *only = g_getenv ("HEDDLE_SEED");
  guint64 from = only != NULL ? g_ascii_strtoull (only, NULL, 10) : 1, n = only != NULL ? 1 : g_getenv ("HEDDLE_SLOW") != NULL ? 20000 : 1700;
  for (guint64 seed = from; seed < from + n; seed++)
    refused += squeeze (seed, PASSES[seed % 4], &fitted);
  cr_assert (only != NULL || (fitted > 10000 && refused > 500), "%u fitted, %u were refused", fitted, refused);
  cr_assert (only != NULL || n_held_casts > 1000, "%u transfers to several memories where loads are held", n_held_casts);
}

/* --- by hand ------------------------------------------------------------------------------------------------ */

static void
fixed_inputs (Inputs *in, const char *platform, const char *workload, const char *mapping)
{
  HdCostOptions simple = { .rules = HD_RULES_SIMPLE };
  GError *error = NULL;
  in->platform = hd_platform_parse_synthetic (platform, &error);
  cr_assert_not_null (in->platform, "%s", error != NULL ? error->message : "");
  in->workload = hd_workload_parse_xml (workload, strlen (workload), "workload", &error);
  cr_assert_not_null (in->workload, "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) map = hd_mapping_parse_xml (mapping, strlen (mapping), "mapping", in->workload, in->platform, &error);
  cr_assert_not_null (map, "%s", error != NULL ? error->message : "");
  in->tiling = hd_tiling_new (map, &error);
  cr_assert_not_null (in->tiling, "%s", error != NULL ? error->message : "");
  in->cost = hd_cost_model_new (in->platform, in->workload, &simple);
}

static const char THREE_RELUS[] = "<workload version=\"1\" name=\"w\"><tensor id=\"x\" kind=\"input\" shape=\"1 1 8 8\"/><layer id=\"a\" operator=\"Relu\" inputs=\"x\"/>"
                                  "<layer id=\"b\" operator=\"Relu\" inputs=\"a\"/><layer id=\"c\" operator=\"Relu\" inputs=\"b\"/></workload>";

static void
dram_traffic (const Inputs *in, const char *pass, guint64 *read, guint64 *written)
{
  GError *error = NULL;
  g_autoptr (HdSchedule) schedule = hd_pass_run (pass, in->tiling, in->cost, NULL, &error);
  cr_assert_not_null (schedule, "%s", error != NULL ? error->message : "");
  g_autoptr (HdEngine) engine = hd_engine_new (in->platform, schedule, NULL);
  HdResult result;
  cr_assert (hd_engine_run (engine, NULL, &result, NULL) && !result.deadlock);
  *read = result.dram_read_bits;
  *written = result.dram_write_bits;
}

/* 64 elements of 8 bit in rows of 64 bit. Depth-first in 48 byte nothing is ever spilled: the input is read and the output written, once. */
Test (passes, fused_moves_inputs_and_outputs_only)
{
  g_auto (Inputs) in = { 0 };
  guint64 read, written;
  fixed_inputs (&in, "core:1 sram:48B dram:64b", THREE_RELUS, "<mapping version=\"1\"><stack layers=\"a b c\"><tile OY=\"1\"/></stack></mapping>");
  dram_traffic (&in, "fused", &read, &written);
  cr_assert (read == 512 && written == 512, "%lu read, %lu written", (gulong) read, (gulong) written);
}

/* Layer by layer in the same 48 byte = 6 rows: of the 8 rows of a, those that leave are written once and fetched once; the traffic beyond input and output is the same both ways. */
Test (passes, layer_by_layer_spills_what_does_not_fit)
{
  g_auto (Inputs) in = { 0 };
  guint64 read, written;
  fixed_inputs (&in, "core:1 sram:48B dram:64b", THREE_RELUS, "<mapping version=\"1\"><stack layers=\"a b c\"><tile OY=\"1\"/></stack></mapping>");
  dram_traffic (&in, "layer-by-layer", &read, &written);
  cr_assert (read == written && read > 512 && (read - 512) % 64 == 0, "%lu read, %lu written", (gulong) read, (gulong) written);
  /* Of 8 rows at most 5 can wait beside the one being made: at least 3 of a and 3 of b leave. */
  cr_assert_geq (read, 512 + 6 * 64);
}

/* With room for everything nothing leaves, in whatever order. */
Test (passes, layer_by_layer_keeps_what_fits)
{
  g_auto (Inputs) in = { 0 };
  guint64 read, written;
  fixed_inputs (&in, "core:1 sram:256B dram:64b", THREE_RELUS, "<mapping version=\"1\"/>");
  dram_traffic (&in, "layer-by-layer", &read, &written);
  cr_assert (read == 512 && written == 512, "%lu read, %lu written", (gulong) read, (gulong) written);
}

/* One row in, one row out: 16 byte. In 15 byte the output's 64 bit do not fit beside the input's: 120 - 64 = 56 are free, 8 are missing. */
Test (passes, what_does_not_fit_is_told)
{
  g_auto (Inputs) in = { 0 };
  g_autoptr (GError) error = NULL;
  fixed_inputs (&in, "core:1 sram:15B dram:64b", THREE_RELUS, "<mapping version=\"1\"><stack layers=\"a b c\"><tile OY=\"1\"/></stack></mapping>");
  g_autoptr (HdSchedule) schedule = hd_pass_run ("fused", in.tiling, in.cost, NULL, &error);
  cr_assert_null (schedule);
  cr_assert_eq (error->code, HD_ERROR_NEGATIVE);
  cr_assert_not_null (strstr (error->message, "a[0:1, 0:1, 0:1, 0:8] does not fit in memory \"sram0\""), "%s", error->message);
  cr_assert_not_null (strstr (error->message, "8 bit are missing of 15 B"), "%s", error->message);
}

Test (passes, unknown_pass_is_a_usage_error)
{
  g_auto (Inputs) in = { 0 };
  g_autoptr (GError) error = NULL;
  fixed_inputs (&in, "core:1 sram:48B dram:64b", THREE_RELUS, "<mapping version=\"1\"/>");
  cr_assert_null (hd_pass_run ("fusd", in.tiling, in.cost, NULL, &error));
  cr_assert (error->code == HD_ERROR_USAGE && strstr (error->message, "did you mean \"fused\"") != NULL, "%s", error->message);
}

/* With prefetch="1" a row is not fetched before the node before the last has ended; without, as early as there is room. */
Test (passes, prefetch_can_be_limited)
{
  g_auto (Inputs) free_running = { 0 };
  g_auto (Inputs) limited = { 0 };
  const char *mapping = "<mapping version=\"1\"><stack layers=\"a b c\"><tile OY=\"1\"/></stack></mapping>";
  const char *held = "<mapping version=\"1\"><stack layers=\"a b c\"><tile OY=\"1\"/></stack><dram prefetch=\"1\"/></mapping>";
  fixed_inputs (&free_running, "core:1 sram:1KiB dram:64b", THREE_RELUS, mapping);
  fixed_inputs (&limited, "core:1 sram:1KiB dram:64b", THREE_RELUS, held);
  g_autoptr (HdSchedule) early = hd_pass_run ("fused", free_running.tiling, free_running.cost, NULL, NULL);
  g_autoptr (HdSchedule) late = hd_pass_run ("fused", limited.tiling, limited.cost, NULL, NULL);
  cr_assert_eq (early->after_begin[early->n_tasks], 0);
  cr_assert_gt (late->after_begin[late->n_tasks], 0);
}

/* --- the files that heddle comes with -------------------------------------------------------------------------- */

static void
shipped (const char *platform, const char *workload, const char *mapping, guint nodes)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR");
  g_autofree char *p = g_strdup_printf ("%s/platforms/%s.xml", source, platform), *w = g_strdup_printf ("%s/workloads/%s.xml", source, workload);
  g_autofree char *m = mapping != NULL ? g_strdup_printf ("%s/workloads/%s.mapping.xml", source, mapping) : NULL;
  g_auto (Inputs) in = { 0 };
  GError *error = NULL;
  in.platform = strchr (platform, ':') != NULL ? hd_platform_parse_synthetic (platform, &error) : hd_platform_load (p, &error);
  in.workload = in.platform != NULL ? hd_workload_load (w, NULL, &error) : NULL;
  cr_assert_not_null (in.workload, "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) map = m != NULL ? hd_mapping_load (m, in.workload, in.platform, &error) : hd_mapping_default (in.workload, in.platform, &error);
  cr_assert_not_null (map, "%s", error != NULL ? error->message : "");
  in.tiling = hd_tiling_new (map, &error);
  cr_assert_not_null (in.tiling, "%s", error != NULL ? error->message : "");
  cr_assert (nodes == 0 || in.tiling->n_nodes == nodes, "%u nodes", in.tiling->n_nodes);
  in.cost = hd_cost_model_new (in.platform, in.workload, &(HdCostOptions) { .rules = HD_RULES_SIMPLE });
  cr_assert (check_pass (&in, "fused", workload));
  cr_assert (check_pass (&in, "layer-by-layer", workload));
  cr_assert (check_pass (&in, "multi-core", workload));
}

Test (shipped, fsrcnn_on_depfin) { shipped ("depfin", "fsrcnn", "fsrcnn-depfin", 4320); }
Test (shipped, fsrcnn_unmapped) { shipped ("meta-prototype-df", "fsrcnn", NULL, 0); }
Test (shipped, resnet18_on_four_cores) { shipped ("tpu-like-quad", "resnet18", "resnet18-tpu-like-quad", 0); }
Test (shipped, resnet18_unmapped) { shipped ("tpu-like-quad", "resnet18", NULL, 0); }
Test (shipped, mobilenetv2_unmapped) { shipped ("tpu-like-quad", "mobilenetv2", NULL, 0); }
Test (shipped, transformer_block_unmapped) { shipped ("tpu-like-quad", "transformer-block", NULL, 0); }
Test (shipped, mobilenetv1_unmapped) { shipped ("edge-tpu-like", "mobilenetv1", NULL, 0); }
/* Whole pieces of neighbours do not fit beside each other there; what a node reads of them does. */
Test (shipped, fsrcnn_where_parts_alone_fit) { shipped ("core:4 sram:64KiB bus:128b dram:64b", "fsrcnn", NULL, 0); }
Test (shipped, resnet18_where_parts_alone_fit) { shipped ("core:4 sram:64KiB bus:128b dram:64b", "resnet18", NULL, 0); }
Test (shipped, fsrcnn_on_one_large_core) { shipped ("explore-1-core-128x128", "fsrcnn", NULL, 0); }
