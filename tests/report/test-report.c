/* Reports on traces made by hand: what they must say, and what they must refuse. */
#include "report/made.h"

#include <criterion/criterion.h>
#include <heddle/error.h>
#include <heddle/report.h>
#include <string.h>

static char *
inspect (HdTrace *trace, const HdInspectOptions *options)
{
  g_autoptr (GError) error = NULL;
  GString *out = g_string_new (NULL);
  cr_assert (hd_report_inspect (trace, options, out, &error), "%s", error != NULL ? error->message : "");
  return g_string_free (out, FALSE);
}

static char *
export (HdTrace *trace, gboolean (*function) (HdTrace *, FILE *, GError **))
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream (&text, &length);
  cr_assert (function (trace, out, &error), "%s", error != NULL ? error->message : "");
  fclose (out);
  char *copy = g_strdup (text);
  free (text);
  return copy;
}

static void
assert_has (const char *text, const char *part)
{
  cr_assert (strstr (text, part) != NULL, "\"%s\" is not in:\n%s", part, text);
}

static void
assert_lacks (const char *text, const char *part)
{
  cr_assert (strstr (text, part) == NULL, "\"%s\" is in:\n%s", part, text);
}

/* x arrives at 30; core 0 computes [30, 50) and [50, 60); core 1 computes [60, 100) with what core 0 made. */
static HdTrace *
open_simple (const char *name)
{
  MadeTask tasks[] = { made_transfer (10, 30), made_compute (0, 30, 50, 0), made_compute (0, 50, 60, 1), made_compute (1, 60, 100, 2) };
  HdChange changes[] = { { 0, 800, 0, 0 }, { 10, 512, 1, 0 }, { 60, 256, 1, 0 } };
  Made made = made_empty ();
  made.task = tasks;
  made.n_tasks = G_N_ELEMENTS (tasks);
  made.change = changes;
  made.n_changes = G_N_ELEMENTS (changes);
  return made_open (&made, name);
}

/* --- inspect --------------------------------------------------------------------------------------------- */

Test (report, inspect_tells_waits)
{
  g_autoptr (HdTrace) trace = open_simple ("waits");
  g_autofree char *text = inspect (trace, &(HdInspectOptions) { 0 });
  assert_has (text, "made: 3 computation nodes, 4 tasks\n100 cycles = 0.0001 ms at 1000 MHz; 2.5 nJ = 0.025 W");
  /* The tables say 70 and 60 cycles; core 0 waited 30 of them before its first node, the tail is not explained by a node. */
  assert_has (text, "core0 waited 70 cycles: 30 for x to arrive in sram");
  assert_has (text, "core1 waited 60 cycles: 60 for a on core0\n");
  assert_has (text, "            60 cycles from 0: core1, before a node 7, waited for input: a node 7, which waited for input: a node 7\n");
  assert_has (text, "busiest: core1, for 40 cycles, 40.0 % of the run");
  cr_assert (strstr (text, "60 cycles from 0: core1") < strstr (text, "30 cycles from 0: core0"), "the longest wait comes first");
}

Test (report, inspect_one_core)
{
  g_autoptr (HdTrace) trace = open_simple ("one");
  g_autofree char *text = inspect (trace, &(HdInspectOptions) { .core = "core1", .n_waits = 1 }), *json = inspect (trace, &(HdInspectOptions) { .core = "core1", .json = TRUE });
  assert_lacks (text, "core0 waited");
  assert_has (text, "core1 waited");
  assert_lacks (json, "{\"id\":\"core0\"");
  assert_has (json, "\"cores\":[{\"id\":\"core1\",\"compute\":40,\"wait_input\":60,\"wait_space\":0,\"wait_turn\":0,\"done\":0}]");
  assert_has (json, "\"waits\":[{\"core\":\"core1\",\"from\":0,\"cycles\":60,\"task\":3,\"before\":\"a node 7\",\"started\":true,\"for\":\"input\",\"cause_task\":2,\"cause\":\"a node 7\"}]");
}

Test (report, inspect_unknown_core)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdTrace) trace = open_simple ("unknown");
  g_autoptr (GString) out = g_string_new (NULL);
  cr_assert_not (hd_report_inspect (trace, &(HdInspectOptions) { .core = "cor1" }, out, &error));
  cr_assert_eq (error->code, HD_ERROR_USAGE);
  assert_has (error->message, "did you mean \"core1\"?");
  g_clear_error (&error);
  cr_assert_not (hd_report_inspect (trace, &(HdInspectOptions) { .at_set = TRUE, .at = 100 }, out, &error), "cycle 100 is past the end");
  cr_assert_eq (error->code, HD_ERROR_USAGE);
}

Test (report, inspect_at)
{
  g_autoptr (HdTrace) trace = open_simple ("at");
  g_autofree char *at_20 = inspect (trace, &(HdInspectOptions) { .at_set = TRUE, .at = 20 }), *at_60 = inspect (trace, &(HdInspectOptions) { .at_set = TRUE, .at = 60 });
  g_autofree char *json = inspect (trace, &(HdInspectOptions) { .at_set = TRUE, .at = 59, .json = TRUE });
  assert_has (at_20, "core core0: waits until cycle 30 for a node 7 (ready at 30)\n");
  assert_has (at_20, "transfer of x to sram (task 0): 64 B, issued at 10, first grant at 10, arrives at 30 [cycle]\n");
  assert_has (at_20, "memory dram holds 100 B\nmemory sram holds 64 B\n");
  assert_has (at_60, "core core0: nothing is left to do\ncore core1: computes a node 7, from 60 to 100 [cycle]\n");
  assert_has (at_60, "memory sram holds 32 B\n");
  assert_lacks (at_60, "transfer of");
  assert_has (json, "\"at\":{\"cycle\":59,\"tasks\":[{\"task\":2,\"name\":\"a node 7\",\"queue\":\"q0\",\"start\":50,\"end\":60}],\"occupancy_bits\":{\"dram\":800,\"sram\":512},\"moved_bits\":{}}");
}

Test (report, inspect_deadlock)
{
  MadeTask tasks[] = { made_compute (0, 0, 40, MADE_NONE), made_compute (0, MADE_NEVER, MADE_NEVER, MADE_NONE) };
  Made made = made_empty ();
  made.task = tasks;
  made.n_tasks = 2;
  made.deadlock = "task 1 waits for space in sram";
  g_autoptr (HdTrace) trace = made_open (&made, "deadlock");
  g_autofree char *text = inspect (trace, &(HdInspectOptions) { 0 }), *json = inspect (trace, &(HdInspectOptions) { .json = TRUE }), *svg = export (trace, hd_report_svg), *csv = export (trace, hd_report_csv);
  assert_has (text, "100 cycles until it stopped in a deadlock");
  assert_has (text, "deadlock: task 1 waits for space in sram\n");
  assert_has (text, "core0 waited 60 cycles: 60 for a node of a, which never started\n");
  assert_has (json, "\"outcome\":\"deadlock\"");
  assert_has (json, "\"started\":false");
  assert_has (svg, "deadlock (tasks that never started: 1): task 1 waits for space in sram");
  assert_has (csv, "\n1,compute,q0,core0,a,7,y,,sram,0,,,,,none,\n");
}

Test (report, empty_run)
{
  Made made = made_empty ();
  made.cycles = 0;
  made.clock_hz = 0;
  made.energy_pj = 0;
  g_autoptr (HdTrace) trace = made_open (&made, "empty");
  g_autofree char *text = inspect (trace, &(HdInspectOptions) { 0 }), *svg = export (trace, hd_report_svg), *json = inspect (trace, &(HdInspectOptions) { .json = TRUE });
  assert_has (text, "made: 0 computation nodes, 0 tasks\n0 cycles; 0 pJ (compute 0 pJ, transfers 0 pJ, static 0 pJ)\n");
  assert_has (text, "core0 had nothing to do\n");
  assert_lacks (text, "nan");
  assert_lacks (text, "inf");
  assert_lacks (svg, "nan");
  assert_lacks (svg, "inf\"");
  assert_lacks (json, "nan");
}

/* --- hostile ------------------------------------------------------------------------------------------------ */

typedef struct {
  const char *what, *expected;
  void (*spoil) (Made *made, MadeTask *task);
} Spoil;

static void spoil_queue (Made *made, MadeTask *task) { (void) made; task[1].queue = 3; }
static void spoil_core (Made *made, MadeTask *task) { (void) made; task[1].core = 2; }
static void spoil_no_core (Made *made, MadeTask *task) { (void) made; task[1].core = MADE_NONE; }
static void spoil_layer (Made *made, MadeTask *task) { (void) made; task[1].layer = 77; }
static void spoil_tensor (Made *made, MadeTask *task) { (void) made; task[0].tensor = 2; }
static void spoil_source (Made *made, MadeTask *task) { (void) made; task[0].source = 2; }
static void spoil_destination (Made *made, MadeTask *task) { (void) made; task[0].destination = G_MAXUINT32 - 1; }
static void spoil_cause (Made *made, MadeTask *task) { (void) made; task[1].wait_cause = 2; }
static void spoil_kind (Made *made, MadeTask *task) { (void) made; task[1].kind = 2; }
static void spoil_wait_kind (Made *made, MadeTask *task) { (void) made; task[1].wait_kind = 5; }
static void spoil_order (Made *made, MadeTask *task) { made->busy = 1; task[1].end = 29; }
static void spoil_past (Made *made, MadeTask *task) { made->busy = 1; task[1].end = 101; }
static void spoil_start (Made *made, MadeTask *task) { made->busy = 1; task[1].start = MADE_NEVER; }
static void spoil_ready (Made *made, MadeTask *task) { (void) made; task[1].ready = MADE_NEVER; }
static void spoil_energy (Made *made, MadeTask *task) { (void) task; made->energy_pj = G_MAXDOUBLE * 10; }

/* What is wrong with the tasks is found by every report; each fault is named by its column and row. */
Test (report, hostile_values)
{
  static const Spoil all[] = {
    { "queue", "/tasks/queue: row 1 is 3 - expected less than 3", spoil_queue }, { "core", "/tasks/core: row 1 is 2", spoil_core }, { "no core", "/tasks/kind: row 1", spoil_no_core },
    { "layer", "/tasks/layer: row 1 is 77", spoil_layer }, { "tensor", "/tasks/tensor: row 0 is 2", spoil_tensor }, { "source", "/tasks/source: row 0 is 2", spoil_source },
    { "destination", "/tasks/destination: row 0 is", spoil_destination }, { "cause", "/tasks/wait_cause: row 1 is 2", spoil_cause }, { "kind", "/tasks/kind: row 1 is 2", spoil_kind },
    { "wait kind", "/tasks/wait_kind: row 1 is 5", spoil_wait_kind }, { "order", "row 1: ready at 30, start at 30, end at 29", spoil_order }, { "past", "end at 101", spoil_past },
    { "start", "/tasks/end: row 1", spoil_start }, { "ready", "/tasks/end: row 1", spoil_ready },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++) {
    MadeTask tasks[] = { made_transfer (10, 30), made_compute (0, 30, 50, 0) };
    Made made = made_empty ();
    made.task = tasks;
    made.n_tasks = 2;
    all[i].spoil (&made, tasks);
    g_autoptr (HdTrace) trace = made_open (&made, "hostile");
    gboolean (*const EXPORTS[]) (HdTrace *, FILE *, GError **) = { hd_report_perfetto, hd_report_csv, hd_report_svg };
    for (gsize f = 0; f < G_N_ELEMENTS (EXPORTS) + 1; f++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) out = g_string_new (NULL);
      cr_assert_not (f == 0 ? hd_report_inspect (trace, &(HdInspectOptions) { 0 }, out, &error) : EXPORTS[f - 1] (trace, stdout, &error), "%s is taken", all[i].what);
      cr_assert_eq (error->code, HD_ERROR_INPUT);
      assert_has (error->message, all[i].expected);
    }
  }
}

Test (report, hostile_totals)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  Made made = made_empty ();
  spoil_energy (&made, NULL);
  g_autoptr (HdTrace) trace = made_open (&made, "energy");
  cr_assert_not (hd_report_inspect (trace, &(HdInspectOptions) { 0 }, out, &error), "an infinite energy is taken");
  cr_assert_eq (error->code, HD_ERROR_INPUT);
  g_clear_error (&error);
  made = made_empty ();
  made.busy = 5;
  made.without = "/cores/wait_input";
  g_autoptr (HdTrace) other = made_open (&made, "states");
  cr_assert_not (hd_report_inspect (other, &(HdInspectOptions) { 0 }, out, &error));
  cr_assert_eq (error->code, HD_ERROR_INPUT);
  assert_has (error->message, "/cores/wait_input");
}

/* A trace without a column that a report needs is refused by the column's name. */
Test (report, missing_columns)
{
  static const char *const COLUMNS[] = { "/names/core", "/names/memory", "/names/resource", "/names/queue", "/names/layer", "/names/tensor", "/tasks/kind", "/tasks/queue", "/tasks/core",
                                         "/tasks/layer", "/tasks/node", "/tasks/tensor", "/tasks/source", "/tasks/destination", "/tasks/bits", "/memories/capacity_bits", "/cores/done",
                                         "/resources/busy", "/resources/bits", "/memories/peak_bits", "/layers/macs" };
  for (gsize i = 0; i < G_N_ELEMENTS (COLUMNS); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GString) out = g_string_new (NULL);
    MadeTask task = made_transfer (10, 30);
    Made made = made_empty ();
    made.task = &task;
    made.n_tasks = 1;
    made.without = COLUMNS[i];
    g_autoptr (HdTrace) trace = made_open (&made, "missing");
    cr_assert_not (hd_report_inspect (trace, &(HdInspectOptions) { 0 }, out, &error), "%s is not missed", COLUMNS[i]);
    cr_assert_eq (error->code, HD_ERROR_INPUT, "%s: %s", COLUMNS[i], error->message);
    assert_has (error->message, COLUMNS[i]);
  }
}

/* --- compare -------------------------------------------------------------------------------------------------- */

static char *
compare (HdTrace *a, HdTrace *b, gboolean json, gboolean *same)
{
  g_autoptr (GError) error = NULL;
  GString *out = g_string_new (NULL);
  cr_assert (hd_report_compare (a, b, json, out, same, &error), "%s", error != NULL ? error->message : "");
  return g_string_free (out, FALSE);
}

Test (report, compare_same)
{
  gboolean same = FALSE;
  g_autoptr (HdTrace) a = open_simple ("same-a"), b = open_simple ("same-b");
  g_autofree char *text = compare (a, b, FALSE, &same), *json = compare (a, b, TRUE, &same);
  cr_assert (same);
  cr_assert_str_eq (text, "the runs are the same: 100 cycles, every task at the same times\n");
  assert_has (json, "\"same\":true");
  assert_lacks (json, "first_cycle");
}

/* The first difference is the first in time, not in the order of ids; other core names and other numbers of tasks are told, not stumbled over. */
Test (report, compare_different)
{
  static const char *const CORES[] = { "core1", "other", "third", NULL };
  MadeTask first[] = { made_compute (0, 50, 70, MADE_NONE), made_compute (1, 10, 20, MADE_NONE) };
  MadeTask second[] = { made_compute (0, 51, 71, MADE_NONE), made_compute (1, 10, 25, MADE_NONE), made_compute (1, 30, 35, MADE_NONE) };
  gboolean same = TRUE;
  Made made_a = made_empty (), made_b = made_empty ();
  made_a.task = first;
  made_a.n_tasks = 2;
  made_b.task = second;
  made_b.n_tasks = 3;
  made_b.core = CORES;
  made_b.energy_pj = 3000;
  g_autoptr (HdTrace) a = made_open (&made_a, "different-a"), b = made_open (&made_b, "different-b");
  g_autofree char *text = compare (a, b, FALSE, &same), *json = compare (a, b, TRUE, &same);
  cr_assert_not (same);
  assert_has (text, "first difference: cycle 20, task 1 (a node 7): starts at 10 and 10, ends at 20 and 25\n");
  /* core1 computed 10 cycles in the first and, being the first core there, 20 in the second. */
  assert_has (text, "core1                                          10               20              +10\n");
  assert_has (text, "core0                                          20                -\n");
  assert_has (text, "third                                           -                0\n");
  assert_has (json, "\"first_cycle\":20,\"first_task\":1");
  assert_has (json, "{\"id\":\"core0\",\"a\":20,\"b\":null}");
  assert_has (json, "\"energy_pj_a\":2500,\"energy_pj_b\":3000");
}
