/* How an engine is used: again without allocating, cancelled, with a sink that fails, refused schedules. */
#include "config.h"

#include "engine/instance-case.h"
#include "engine/workload.h"

#include <string.h>

/* --- allocations are counted here; glibc's own functions do the work ------------------------------------------------ */

static guint64 n_allocations;

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *old, size_t size);
void *malloc (size_t size);
void *calloc (size_t n, size_t size);
void *realloc (void *old, size_t size);

void *
malloc (size_t size)
{
  n_allocations++;
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  n_allocations++;
  return __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  n_allocations++;
  return __libc_realloc (old, size);
}
#endif

/* --- a sink that counts, and fails when it is told to ------------------------------------------------------------------ */

typedef struct {
  HdSink sink;
  guint64 n_changes, checksum;
  guint calls, fail_at;   /* the call that fails, from 1; 0: none */
} CountingSink;

static gboolean
next_call (CountingSink *self, GError **error)
{
  if (++self->calls != self->fail_at)
    return TRUE;
  g_set_error (error, HD_ERROR, HD_ERROR_WRITE, "call %u fails", self->calls);
  return FALSE;
}

static gboolean
sink_begin (HdSink *sink, const HdRunInfo *info, GError **error)
{
  return next_call ((CountingSink *) sink, error);
}

static gboolean
sink_changes (HdSink *sink, const HdChange *changes, gsize n, GError **error)
{
  CountingSink *self = (CountingSink *) sink;
  self->n_changes += n;
  for (gsize i = 0; i < n; i++)
    self->checksum = self->checksum * 31 + (changes[i].cycle ^ changes[i].value << 7 ^ changes[i].series);
  return next_call (self, error);
}

static gboolean
sink_end (HdSink *sink, const HdTaskColumns *columns, GError **error)
{
  return next_call ((CountingSink *) sink, error);
}

static const HdSinkClass counting = { sink_begin, sink_changes, sink_end };

#define LINE "core:8 sram:16KiB bus:128b dram:64b"

/* --- again ------------------------------------------------------------------------------------------------------------- */

static HdResult
run_twice (HdEngine *engine, CountingSink *sink, guint64 *allocated)
{
  HdResult result;
  HdSink *used = sink != NULL ? &sink->sink : NULL;
  cr_assert (hd_engine_run (engine, used, &result, NULL));
  guint64 cycles = result.cycles, before = n_allocations, checksum = sink != NULL ? sink->checksum : 0;
  if (sink != NULL)
    *sink = (CountingSink) { .sink = { &counting } };
  cr_assert (hd_engine_run (engine, used, &result, NULL));
  *allocated = n_allocations - before;
  cr_assert_eq (result.cycles, cycles);
  cr_assert (sink == NULL || sink->checksum == checksum);
  return result;
}

Test (use, runs_again_without_allocating)
{
  Contended c = contended_make (LINE, 8, 20000, 2048);
  g_autoptr (HdEngine) engine = hd_engine_new (c.platform, c.schedule, NULL);
  CountingSink sink = { .sink = { &counting } };
  guint64 allocated;
  HdResult result = run_twice (engine, NULL, &allocated);
  cr_assert_eq (allocated, 0, "%" G_GUINT64_FORMAT " allocations without a sink", allocated);
  run_twice (engine, &sink, &allocated);
  cr_assert_eq (allocated, 0, "%" G_GUINT64_FORMAT " allocations with a sink", allocated);
  cr_assert_gt (sink.n_changes, 20000);
  cr_assert_eq (result.tasks, c.schedule->n_tasks);
  contended_clear (&c);
}

/* A sink changes nothing about the run. */
Test (use, recording_changes_nothing)
{
  Contended c = contended_make (LINE, 8, 5000, 2048);
  g_autoptr (HdEngine) plain = hd_engine_new (c.platform, c.schedule, NULL), recorded = hd_engine_new (c.platform, c.schedule, NULL);
  CountingSink sink = { .sink = { &counting } };
  HdResult a, b;
  cr_assert (hd_engine_run (plain, NULL, &a, NULL));
  cr_assert (hd_engine_run (recorded, &sink.sink, &b, NULL));
  gsize bytes = c.schedule->n_tasks * sizeof (guint64);
  cr_assert (memcmp (a.columns.start, b.columns.start, bytes) == 0 && memcmp (a.columns.end, b.columns.end, bytes) == 0);
  cr_assert_eq (a.events, b.events);
  cr_assert_eq (a.energy_pj, b.energy_pj);
  contended_clear (&c);
}

/* --- stopped ------------------------------------------------------------------------------------------------------------ */

Test (use, a_failing_sink_stops_the_run)
{
  Contended c = contended_make (LINE, 8, 20000, 2048);
  g_autoptr (HdEngine) engine = hd_engine_new (c.platform, c.schedule, NULL);
  CountingSink sink = { .sink = { &counting } };
  HdResult result;
  cr_assert (hd_engine_run (engine, &sink.sink, &result, NULL));
  guint calls = sink.calls;
  cr_assert_geq (calls, 5);
  const guint fail_at[] = { 1, 2, 3, calls - 1, calls };
  for (gsize i = 0; i < G_N_ELEMENTS (fail_at); i++) {
    g_autoptr (GError) error = NULL;
    sink = (CountingSink) { .sink = { &counting }, .fail_at = fail_at[i] };
    cr_assert_not (hd_engine_run (engine, &sink.sink, &result, &error));
    cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_WRITE));
    cr_assert_eq (sink.calls, fail_at[i], "after a failure nothing else is called");
  }
  cr_assert (hd_engine_run (engine, NULL, &result, NULL), "the engine is as good as new");
  contended_clear (&c);
}

Test (use, a_flag_cancels)
{
  Contended c = contended_make (LINE, 8, 5000, 2048);
  g_autoptr (HdEngine) engine = hd_engine_new (c.platform, c.schedule, NULL);
  g_autoptr (GError) error = NULL;
  HdResult result;
  volatile int flag = 1;
  hd_engine_set_cancel (engine, &flag);
  cr_assert_not (hd_engine_run (engine, NULL, &result, &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NEGATIVE));
  flag = 0;
  cr_assert (hd_engine_run (engine, NULL, &result, NULL));
  contended_clear (&c);
}

/* --- refused --------------------------------------------------------------------------------------------------------------- */

static void
expect_refused (const char *text, const char *part)
{
  g_autoptr (GError) error = NULL;
  HdPlatform platform;
  HdSchedule schedule;
  Instance instance;
  guint line = 0;
  cr_assert (instance_parse (&instance, text, &line), "line %u", line);
  instance_build (&instance, &platform, &schedule);
  cr_assert_null (hd_engine_new (&platform, &schedule, &error));
  cr_assert_not_null (strstr (error->message, part), "%s", error->message);
  instance_free_built (&platform, &schedule);
}

Test (use, residents_must_fit)
{
  expect_refused ("instance burst_bits=8\ncore period=1\nmemory capacity=10\npiece memory=0 creator=none bits=6\npiece memory=0 creator=none bits=5\n",
                  "memory memory0 is to hold 11 bit from the beginning - its capacity is 10 bit");
}

Test (use, unlimited_memories_are_countable)
{
  expect_refused ("instance burst_bits=8\ncore period=1\nmemory capacity=unlimited\npiece memory=0 creator=none bits=unlimited\npiece memory=0 creator=none bits=1\n",
                  "more than 2^64 bits");
}
