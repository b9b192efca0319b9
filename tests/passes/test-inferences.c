/* Inferences back to back: a network several times over in one schedule, its weights kept. */
#include <criterion/criterion.h>
#include <heddle/engine.h>
#include <heddle/passes.h>

#include <string.h>

/* Core a takes 10 cycles for the product, core b 4 for the relu. Only the DRAM's ports take time: 8 bit in a cycle. */
static const char PLATFORM[] =
  "<platform version='1' name='two' clock='1 MHz'>"
  "<memory id='dram' kind='dram' ports='separate' width='8 bit/cycle'/>"
  "<memory id='ma' size='%s' core='a' ports='separate'/><memory id='mb' size='4 KiB' core='b' ports='separate'/>"
  "<bus id='bus' connects='dram ma mb'/>"
  "<core id='a' kind='fixed' operators='mac'><operator type='*' cycles-per-node='10 cycle'/><level memory='ma' operands='I W O' read-width='64 bit/cycle' write-width='64 bit/cycle'/></core>"
  "<core id='b' kind='fixed' operators='vector'><operator type='*' cycles-per-node='4 cycle'/><level memory='mb' operands='I W O' read-width='64 bit/cycle' write-width='64 bit/cycle'/></core>"
  "</platform>";

/* Inputs and outputs of 64 bit, weights of 128. */
static const char WORKLOAD[] =
  "<workload version='1' name='tiny'>"
  "<tensor id='x' kind='input' shape='2' bits='32 bit'/><tensor id='w' kind='weight' shape='2 2' bits='32 bit'/>"
  "<tensor id='h' kind='activation' shape='2' bits='32 bit'/><tensor id='y' kind='output' shape='2' bits='32 bit'/>"
  "<nest id='product' operator='Gemm' class='mac' ranks='K=2 C=2'><input tensor='x' index='C'/><weight tensor='w' index='K, C'/><output tensor='h' index='K'/></nest>"
  "<nest id='relu' operator='Relu' class='vector' ranks='K=2'><input tensor='h' index='K'/><output tensor='y' index='K'/></nest>"
  "</workload>";

static HdWorkload *
parse_workload (const char *text)
{
  g_autoptr (GError) error = NULL;
  HdWorkload *workload = hd_workload_parse_xml (text, strlen (text), "tiny", &error);
  cr_assert_not_null (workload, "%s", error != NULL ? error->message : "");
  return workload;
}

static HdPlatform *
make_platform (const char *size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (PLATFORM, size);
  HdPlatform *platform = hd_platform_parse_xml (text, strlen (text), "two", &error);
  cr_assert_not_null (platform, "%s", error != NULL ? error->message : "");
  return platform;
}

typedef struct {
  HdSchedule *schedule;
  HdEngine *engine;
  HdResult result;
} Run;

static void
run_clear (Run *run)
{
  hd_engine_free (run->engine);
  hd_schedule_unref (run->schedule);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static Run
run_options (HdMapping *mapping, const char *pass, const HdPassOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, &error);
  cr_assert_not_null (tiling, "%s", error != NULL ? error->message : "");
  g_autoptr (HdCostModel) cost = hd_cost_model_new (mapping->platform, mapping->workload, NULL);
  Run run = { .schedule = hd_pass_run (pass, tiling, cost, options, &error) };
  cr_assert_not_null (run.schedule, "%s", error != NULL ? error->message : "");
  cr_assert (hd_schedule_check (run.schedule, mapping->platform, &error), "%s", error != NULL ? error->message : "");
  run.engine = hd_engine_new (mapping->platform, run.schedule, NULL);
  cr_assert (hd_engine_run (run.engine, NULL, &run.result, NULL) && !run.result.deadlock);
  return run;
}

static Run
run_mapping (HdMapping *mapping, const char *pass)
{
  return run_options (mapping, pass, NULL);
}

static Run
run_times (const char *size, guint n, const char *pass)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdPlatform) platform = make_platform (size);
  g_autoptr (HdWorkload) workload = parse_workload (WORKLOAD);
  g_autoptr (HdMapping) one = hd_mapping_default (workload, platform, NULL);
  g_autoptr (HdMapping) many = hd_mapping_repeat (one, n, &error);
  cr_assert_not_null (many, "%s", error != NULL ? error->message : "");
  return run_mapping (many, pass);
}

static guint64
end_of_inference (const Run *run, guint inference, guint n)
{
  guint64 end = 0;
  for (guint32 t = 0; t < run->schedule->n_tasks; t++)
    if (run->schedule->layer[t] * n / run->schedule->n_layers == inference)
      end = MAX (end, run->result.columns.end[t]);
  return end;
}

/* --- the schedule, by hand -------------------------------------------------------------------------- */

/* x arrives at 8 and w at 24; product 24..34, relu 34..38, y is out at 46. The next x came at 32, so that the product, with its weights, goes 34..44: the slowest stage
 * sets the pace of 10 cycles. */
Test (inferences, the_slowest_stage_sets_the_pace)
{
  const char *const PASSES[] = { "fused", "layer-by-layer" };
  for (guint p = 0; p < G_N_ELEMENTS (PASSES); p++) {
    g_auto (Run) one = run_times ("4 KiB", 1, PASSES[p]);
    cr_expect_eq (one.result.cycles, 46);
    cr_expect_eq (one.result.dram_read_bits, 64 + 128);
    g_auto (Run) four = run_times ("4 KiB", 4, PASSES[p]);
    for (guint i = 0; i < 4; i++)
      cr_expect_eq (end_of_inference (&four, i, 4), 46 + 10 * i, "%s: inference %u ends at %lu", PASSES[p], i, (gulong) end_of_inference (&four, i, 4));
    cr_expect_eq (four.result.dram_read_bits, 4 * 64 + 128, "the weights come once");
    cr_expect_eq (four.result.dram_write_bits, 4 * 64);
  }
}

/* 32 bytes hold w (16), x and h (8 each), and nothing more: the weights still stay, being needed soonest, but x must wait until h has left. */
Test (inferences, weights_stay_in_a_full_memory)
{
  g_auto (Run) four = run_times ("32 byte", 4, "fused");
  cr_expect_eq (four.result.dram_read_bits, 4 * 64 + 128);
  cr_expect_gt (end_of_inference (&four, 1, 4), 56);
}

Test (inferences, multi_core_does_as_well)
{
  g_auto (Run) four = run_times ("4 KiB", 4, "multi-core");
  cr_expect_eq (four.result.cycles, 46 + 30);
  cr_expect_eq (four.result.dram_read_bits, 4 * 64 + 128);
}

/* ResNet-18 has more weights than four cores hold: back to back they come once for each inference; all inferences at once they come once, and the first result comes with the others. */
Test (inferences, at_once_or_one_after_the_other)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *platform_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", "tpu-like-quad.xml", NULL);
  g_autofree char *workload_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "resnet18.xml", NULL);
  g_autofree char *mapping_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "resnet18-tpu-like-quad.mapping.xml", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (workload_path, NULL, NULL);
  g_autoptr (HdMapping) one = hd_mapping_load (mapping_path, workload, platform, &error);
  cr_assert_not_null (one, "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) three = hd_mapping_repeat (one, 3, NULL);
  HdPassOptions options = { .priority = HD_PRIORITY_LATENCY };
  g_auto (Run) first = run_options (three, "multi-core", &options);
  options.priority = HD_PRIORITY_THROUGHPUT;
  g_auto (Run) all = run_options (three, "multi-core", &options);
  cr_expect_lt (end_of_inference (&first, 0, 3), end_of_inference (&all, 0, 3));
  cr_expect_lt (end_of_inference (&first, 0, 3), end_of_inference (&first, 1, 3));
  cr_expect_lt (all.result.cycles, first.result.cycles);
  cr_expect_lt (all.result.dram_read_bits, first.result.dram_read_bits);
}

/* --- the workload ----------------------------------------------------------------------------------- */

static void
assert_reads_back (const HdWorkload *workload)
{
  g_autofree char *once = hd_workload_to_xml (workload);
  g_autoptr (HdWorkload) again = parse_workload (once);
  g_autofree char *twice = hd_workload_to_xml (again);
  cr_expect_str_eq (once, twice);
  cr_expect_eq (again->inferences, workload->inferences);
}

Test (inferences, every_network_can_be_repeated)
{
  const char *const NAMES[] = { "resnet18.xml", "mobilenetv2.xml", "squeezenet.xml", "transformer-block.xml" };
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", NAMES[i], NULL);
    g_autoptr (HdWorkload) one = hd_workload_load (path, NULL, NULL);
    g_autoptr (HdWorkload) many = hd_workload_repeat (one, 11, NULL);
    cr_assert_eq (one->inferences, 1);
    cr_assert_eq (many->n_layers, 11 * one->n_layers);
    for (HdLayerId l = 0; l < many->n_layers; l++) {
      const HdLayer *copy = &many->layers[l], *layer = &one->layers[l % one->n_layers];
      g_autofree char *name = g_strdup_printf ("%02u/%s", hd_workload_inference (many, l) + 1, layer->name);
      cr_expect_str_eq (copy->name, name);
      cr_expect_eq (copy->points, layer->points);
      for (guint o = 0; o < layer->n_operands; o++) {
        const HdTensor *shared = &many->tensors[copy->operands[o].tensor], *tensor = &one->tensors[layer->operands[o].tensor];
        cr_expect_eq (g_str_equal (shared->name, tensor->name), tensor->kind == HD_TENSOR_WEIGHT, "%s", shared->name);
        cr_expect_eq (shared->total_bits, tensor->total_bits);
      }
    }
    assert_reads_back (many);
  }
}

Test (inferences, mappings_too)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *platform_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", "depfin.xml", NULL);
  g_autofree char *workload_path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "workloads", "fsrcnn.xml", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (platform_path, NULL);
  g_autoptr (HdWorkload) workload = hd_workload_load (workload_path, NULL, NULL);
  static const char MAPPING[] = "<mapping version='1'><stack layers='conv1 ... conv6' mode='recompute'><tile OY='90' OX='480' order='OX OY'/><tensor id='conv3' mode='retain' ranks='OY'/>"
                                "<tensor id='conv1.weight' mode='refetch'/><cut rank='K' size='4'/></stack>"
                                "<layer id='conv8'><spatial><unroll rank='K' dimension='D2' factor='8'/></spatial><temporal><loop rank='C' factor='56' output='sum-register'/></temporal></layer></mapping>";
  g_autoptr (HdMapping) one = hd_mapping_parse_xml (MAPPING, sizeof MAPPING - 1, "mapping", workload, platform, &error);
  cr_assert_not_null (one, "%s", error != NULL ? error->message : "");
  g_autoptr (HdMapping) many = hd_mapping_repeat (one, 3, NULL);
  cr_assert_eq (many->n_stacks, 3 * one->n_stacks);
  g_autofree char *once = hd_mapping_to_xml (many);
  g_autoptr (HdMapping) again = hd_mapping_parse_xml (once, strlen (once), "canonical", many->workload, platform, &error);
  cr_assert_not_null (again, "%s", error != NULL ? error->message : "");
  g_autofree char *twice = hd_mapping_to_xml (again);
  cr_expect_str_eq (once, twice);
  for (HdStackId s = 0; s < many->n_stacks; s++) {
    cr_expect_eq (many->stack[s].n_layers, again->stack[s].n_layers, "stacks stand in the order of execution");
    cr_expect_arr_eq (many->stack[s].layers, again->stack[s].layers, many->stack[s].n_layers * sizeof (HdLayerId));
  }
}

/* --- what cannot be ----------------------------------------------------------------------------------- */

static void
assert_refused (const char *text, const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) workload = hd_workload_parse_xml (text, strlen (text), "file", &error);
  cr_assert_null (workload);
  cr_expect_eq (error->code, HD_ERROR_INPUT);
  cr_expect_not_null (strstr (error->message, says), "%s", error->message);
}

#define NESTS(a, b) "<tensor id='x' kind='input' shape='2'/><tensor id='p' kind='output' shape='2'/><tensor id='q' kind='output' shape='2'/>" \
                    "<nest id='" a "' operator='Relu' class='vector' ranks='K=2'><input tensor='x' index='K'/><output tensor='p' index='K'/></nest>" \
                    "<nest id='" b "' operator='Relu' class='vector' ranks='K=2'><input tensor='x' index='K'/><output tensor='q' index='K'/></nest></workload>"

Test (inferences, what_cannot_be)
{
  g_autoptr (HdWorkload) one = parse_workload (WORKLOAD);
  g_autoptr (HdWorkload) two = hd_workload_repeat (one, 2, NULL);
  g_autoptr (HdWorkload) same = hd_workload_repeat (one, 1, NULL);
  const guint WRONG[] = { 0, 10001 };
  cr_expect_eq (same, one);
  for (guint i = 0; i < G_N_ELEMENTS (WRONG); i++) {
    g_autoptr (GError) error = NULL;
    cr_expect_null (hd_workload_repeat (one, WRONG[i], &error));
    cr_expect_eq (error->code, HD_ERROR_INPUT);
  }
  g_autoptr (GError) error = NULL;
  cr_expect_null (hd_workload_repeat (two, 2, &error));
  cr_expect_not_null (strstr (error->message, "has 2 inferences already"), "%s", error->message);
  assert_refused ("<workload version='1' name='x' inferences='2'>" NESTS ("1/r", "r"), "expected a name that begins with \"2/\"");
  assert_refused ("<workload version='1' name='x' inferences='3'>" NESTS ("1/r", "2/r"), "3 inferences in 2 layers");
  assert_refused ("<workload version='1' name='x' inferences='0'>" NESTS ("1/r", "2/r"), "inferences is 0");
  g_autoptr (HdWorkload) fine = parse_workload ("<workload version='1' name='x' inferences='2'>" NESTS ("1/r", "2/r"));
  cr_expect_eq (hd_workload_inference (fine, 1), 1);
}

/* A weight that is called as an activation of the first inference would be. */
Test (inferences, a_taken_name_is_refused)
{
  static const char TAKEN[] =
    "<workload version='1' name='tiny'><tensor id='x' kind='input' shape='2'/><tensor id='1/x' kind='weight' shape='2'/><tensor id='y' kind='output' shape='2'/>"
    "<nest id='add' operator='Add' class='vector' ranks='K=2'><input tensor='x' index='K'/><weight tensor='1/x' index='K'/><output tensor='y' index='K'/></nest></workload>";
  g_autoptr (HdWorkload) workload = parse_workload (TAKEN);
  g_autoptr (GError) error = NULL;
  cr_expect_null (hd_workload_repeat (workload, 2, &error));
  cr_expect_not_null (strstr (error->message, "\"1/x\" would be there twice"), "%s", error->message);
}
