/* The check on hand-broken runs: the engine's times of a legal schedule are accepted; with a few moments changed they break one rule, and are told that rule. */
#include "schedule/small.h"

#include <heddle/engine.h>

#include <string.h>

#define PLATFORM "core:2 sram:256B bus:64b dram:64b"
#define SLOW_DRAM "core:2 sram:256B bus:64b,latency=3 dram:64b@50MHz clock:200MHz burst:16B"
#define LEGAL NULL

/* Three computes on one core: weights 1, 1, 2. */
static const char WEIGHTS[] = "<schedule version='1' platform='synthetic'><queue name='c' core='core0' outstanding='2'/>"
                              "<compute id='0' queue='c' weights='1' cycles='10 cycle' load-cycles='4 cycle'/>"
                              "<compute id='1' queue='c' weights='1' cycles='10 cycle' load-cycles='4 cycle'/>"
                              "<compute id='2' queue='c' weights='2' cycles='10 cycle' load-cycles='4 cycle'/></schedule>";
/* Two loads at once over one dram; one on its own would take 16 cycles. */
static const char RACE[] = "<schedule version='1' platform='synthetic'><queue name='a'/><queue name='b'/>"
                           "<piece id='0' memory='dram' bits='512 bit'/>"
                           "<transfer id='0' queue='a' from='dram' to='sram0' bits='512 bit' uses='0'><piece id='1' memory='sram0' bits='512 bit'/></transfer>"
                           "<transfer id='1' queue='b' from='dram' to='sram1' bits='512 bit' uses='0'><piece id='2' memory='sram1' bits='512 bit'/></transfer></schedule>";
/* The second load waits until the compute has used the first: 2048 bit do not hold both. */
static const char SPACE[] = "<schedule version='1' platform='synthetic'><queue name='a'/><queue name='b'/><queue name='c' core='core0'/>"
                            "<piece id='0' memory='dram' bits='1200 bit'/>"
                            "<transfer id='0' queue='a' from='dram' to='sram0' bits='1200 bit' uses='0'><piece id='1' memory='sram0' bits='1200 bit' release='1'/></transfer>"
                            "<compute id='1' queue='c' cycles='10 cycle' uses='1'/>"
                            "<transfer id='2' queue='b' from='dram' to='sram0' bits='1200 bit' uses='0'><piece id='2' memory='sram0' bits='1200 bit'/></transfer></schedule>";

typedef enum { READY, ISSUE, START, END, N_FIELDS } Field;

typedef struct {
  guint task;
  Field field;
  guint64 value;
} Edit;

typedef struct {
  const char *platform, *xml;
  guint64 core_period;      /* 0: as the platform says */
  gboolean no_dram_width;   /* the dram's port has no width and a latency of 5 */
  gboolean no_width;        /* nothing has a width */
  Edit edits[8];            /* up to the first {0, 0, 0} */
  guint64 cycles;           /* 0: as it was */
  const char *message;
} Broken;

#define NEVER G_MAXUINT64

static const Broken BROKEN[] = {
  { PLATFORM, LEGAL, .edits = { { 5, END, NEVER } }, .message = "transfer 5 (relu, moved) never ended" },
  { PLATFORM, LEGAL, .edits = { { 5, ISSUE, NEVER } }, .message = "transfer 5 (relu, moved) never began" },
  { PLATFORM, LEGAL, .edits = { { 3, ISSUE, 50 } }, .message = "transfer 3 is issued at 50, before it is ready at 58" },
  { PLATFORM, LEGAL, .edits = { { 1, START, 15 } }, .message = "transfer 1 (conv, moved) starts at 15, before it is issued at 16" },
  { PLATFORM, LEGAL, .edits = { { 4, END, 60 } }, .message = "compute 4 (relu) ends at 60, before it starts at 62" },
  { PLATFORM, LEGAL, .cycles = 81, .message = "the makespan is 81 - expected 80, the last end" },
  { PLATFORM, LEGAL, .edits = { { 4, READY, 61 } }, .message = "compute 4 (relu) is ready at 61 - expected 62, when transfer 3 has ended" },
  { PLATFORM, LEGAL, .edits = { { 1, READY, 5 } }, .message = "transfer 1 (conv, moved) is ready at 5 - expected 0: it depends on nothing" },
  { PLATFORM, LEGAL, .edits = { { 5, ISSUE, 75 }, { 5, START, 75 }, { 5, END, 83 } }, .cycles = 83, .message = "transfer 5 (relu, moved) is issued at 75, when nothing ended that it could have waited for since it was ready at 72" },
  { PLATFORM, LEGAL, .edits = { { 4, START, 63 }, { 4, END, 73 }, { 5, READY, 73 }, { 5, ISSUE, 73 }, { 5, START, 73 }, { 5, END, 81 } }, .cycles = 81, .message = "compute 4 (relu) starts at 63 - expected 62, when it is issued: it is a compute" },
  { PLATFORM, WEIGHTS, .core_period = 4, .edits = { { 1, ISSUE, 14 }, { 1, START, 14 }, { 1, END, 24 }, { 2, ISSUE, 24 }, { 2, START, 24 }, { 2, END, 38 } }, .cycles = 38,
    .message = "compute 1 starts at 14 - expected a clock edge of core0, every 4 cycles" },
  { PLATFORM, LEGAL, .edits = { { 4, END, 71 }, { 5, READY, 71 }, { 5, ISSUE, 71 }, { 5, START, 71 }, { 5, END, 79 } }, .cycles = 79, .message = "compute 4 (relu) lasts 9 cycles - expected 10" },
  { PLATFORM, WEIGHTS, .edits = { { 2, END, 34 } }, .cycles = 34, .message = "compute 2 lasts 10 cycles - expected 14, the loading of other weights included" },
  { PLATFORM, WEIGHTS, .edits = { { 1, END, 28 }, { 2, ISSUE, 28 }, { 2, START, 28 }, { 2, END, 42 } }, .cycles = 42, .message = "compute 1 lasts 14 cycles - expected 10, as its weights are there" },
  { PLATFORM, WEIGHTS, .edits = { { 1, ISSUE, 10 }, { 1, START, 10 }, { 1, END, 20 } }, .message = "compute 1 starts on core0 at 10, while compute 0 holds the core until 14" },
  { PLATFORM, LEGAL, .edits = { { 1, ISSUE, 0 }, { 1, START, 0 }, { 1, END, 8 }, { 0, ISSUE, 8 }, { 0, START, 8 }, { 0, END, 24 } },
    .message = "transfer 1 (conv, moved) is issued at 0, before transfer 0 (conv, moved) (at 8), which stands before it in queue \"load\"" },
  { PLATFORM, LEGAL, .edits = { { 1, ISSUE, 0 } }, .message = "queue \"load\" has 2 tasks under way at 0 - expected at most 1" },
  { PLATFORM, LEGAL, .edits = { { 5, END, 79 } }, .cycles = 79, .message = "transfer 5 (relu, moved) ends at 79 - expected 80 at the earliest: its route takes that long alone" },
  { SLOW_DRAM, LEGAL, .edits = { { 1, START, 42 } }, .message = "transfer 1 (conv, moved) starts at 42 - expected a clock edge of dram.port, every 4 cycles" },
  { PLATFORM, RACE, .no_dram_width = TRUE, .edits = { { 0, START, 3 } }, .message = "transfer 0 starts at 3 - expected 5 at the earliest, when its first burst comes to bus" },
  { PLATFORM, RACE, .no_width = TRUE, .edits = { { 0, START, 1 }, { 0, END, 1 } }, .cycles = 1, .message = "transfer 0 starts at 1 - expected 0, when it is issued: nothing on its route has a width" },
  { PLATFORM, RACE, .no_width = TRUE, .edits = { { 0, END, 1 } }, .cycles = 1, .message = "transfer 0 ends at 1 - expected 0: nothing on its route has a width to wait for" },
  { PLATFORM, RACE, .edits = { { 1, START, 0 }, { 1, END, 20 } }, .cycles = 20, .message = "must be done with dram.port by" },
  { PLATFORM, SPACE, .edits = { { 2, ISSUE, 0 } }, .message = "sram0 holds 2400 bit at 0, with piece 2 (in sram0) - expected at most its capacity of 2048 bit" },
};

typedef struct {
  HdPlatform *platform;
  HdSchedule *schedule;
  guint64 *field[N_FIELDS];
  guint64 cycles;
} Run;

static void
clear_run (Run *run)
{
  for (guint f = 0; f < N_FIELDS; f++)
    g_free (run->field[f]);
  hd_schedule_unref (run->schedule);
  hd_platform_unref (run->platform);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, clear_run)

static HdSchedule *
load_schedule (const HdPlatform *platform, const char *xml, const char *file)
{
  g_autofree char *path = g_strdup_printf ("%s/tests/corpus/schedule/%s.xml", g_getenv ("HEDDLE_SRCDIR"), file);
  g_autoptr (GError) error = NULL;
  HdSchedule *schedule = xml != NULL ? hd_schedule_parse_xml (xml, strlen (xml), "test.xml", platform, &error) : hd_schedule_load (path, platform, &error);
  cr_assert_not_null (schedule, "%s", error != NULL ? error->message : "");
  return schedule;
}

static void
change_platform (HdPlatform *platform, const Broken *broken)
{
  HdResource *port = &platform->resource[hd_platform_find_resource (platform, "dram.port")];
  if (broken->core_period > 0)
    platform->core[0].period = broken->core_period;
  if (broken->no_dram_width) {
    port->width_bits = 0;
    port->latency = 5;
  }
  for (guint r = 0; broken->no_width && r < platform->n_resources; r++)
    platform->resource[r].width_bits = 0;
}

static void
run_engine (Run *run)
{
  g_autoptr (HdEngine) engine = hd_engine_new (run->platform, run->schedule, NULL);
  HdResult result;
  gsize bytes = sizeof (guint64) * run->schedule->n_tasks;
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  cr_assert_not (result.deadlock);
  const guint64 *fields[N_FIELDS] = { result.columns.ready, result.columns.issue, result.columns.start, result.columns.end };
  for (guint f = 0; f < N_FIELDS; f++)
    run->field[f] = g_memdup2 (fields[f], bytes);
  run->cycles = result.cycles;
}

static gboolean
check_run (const Run *run, GError **error)
{
  const HdTaskTimes times = { run->cycles, run->schedule->n_tasks, run->field[READY], run->field[ISSUE], run->field[START], run->field[END] };
  return hd_schedule_check_times (run->schedule, run->platform, &times, error);
}

static void
break_run (Run *run, const Broken *broken)
{
  for (const Edit *edit = broken->edits; edit->task != 0 || edit->field != 0 || edit->value != 0; edit++)
    run->field[edit->field][edit->task] = edit->value;
  if (broken->cycles > 0)
    run->cycles = broken->cycles;
}

Test (check_times, each_broken_rule_is_told)
{
  for (gsize i = 0; i < G_N_ELEMENTS (BROKEN); i++) {
    g_auto (Run) run = { .platform = small_platform (BROKEN[i].platform) };
    g_autoptr (GError) error = NULL;
    change_platform (run.platform, &BROKEN[i]);
    run.schedule = load_schedule (run.platform, BROKEN[i].xml, "legal");
    run_engine (&run);
    cr_assert (check_run (&run, &error), "case %zu: %s", i, error != NULL ? error->message : "");
    break_run (&run, &BROKEN[i]);
    cr_assert_not (check_run (&run, &error), "case %zu is accepted: %s", i, BROKEN[i].message);
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE));
    cr_assert_not_null (strstr (error->message, BROKEN[i].message), "case %zu: \"%s\" lacks \"%s\"", i, error->message, BROKEN[i].message);
  }
}

/* y may go before the move that reads it: in this run it does. */
Test (check_times, a_use_of_what_has_gone_is_told)
{
  g_auto (Run) run = { .platform = small_platform (PLATFORM) };
  g_autoptr (GError) error = NULL;
  run.schedule = load_schedule (run.platform, NULL, "broken-released-in-parallel");
  run_engine (&run);
  cr_assert_not (check_run (&run, &error));
  cr_assert_str_eq (error->message, "transfer 3 uses piece 4 (y 0:2 0:16 in sram0) until 62, which goes at 58");
}

Test (check_times, another_number_of_tasks_is_told)
{
  g_auto (Run) run = { .platform = small_platform (PLATFORM) };
  g_autoptr (GError) error = NULL;
  run.schedule = load_schedule (run.platform, NULL, "legal");
  const HdTaskTimes times = { 0, 5, NULL, NULL, NULL, NULL };
  cr_assert_not (hd_schedule_check_times (run.schedule, run.platform, &times, &error));
  cr_assert_str_eq (error->message, "the run has 5 tasks - expected each of the schedule's 6 once");
}

/* Each moment of each task one cycle earlier: the tightest thing a rule can see. */
Test (check_times, no_moment_can_be_a_cycle_earlier)
{
  for (guint t = 0; t < 6; t++)
    for (guint f = 0; f < N_FIELDS; f++) {
      g_auto (Run) run = { .platform = small_platform (PLATFORM) };
      run.schedule = load_schedule (run.platform, NULL, "legal");
      run_engine (&run);
      if (run.field[f][t]-- == 0)
        continue;
      cr_assert_not (check_run (&run, NULL), "field %u of task %u", f, t);
    }
}
