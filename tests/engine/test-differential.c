/* The event-driven engine against the reference engine: complete traces, cycle for cycle, on the kept failures and on 10,000 random instances.
 * make check-slow does a million (differential-slow.c).
 */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/compare.h"
#include "engine/reference/expand.h"
#include "engine/reference/reference.h"
#include "engine/reference/sweep.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { N_SEEDS = 10000, N_CONTENDED = 3000 };

Test (differential, kept_failures_pass)
{
  cr_assert_geq (sweep_corpus ("differential", check_differential), 1);
}

Test (differential, random_instances_give_equal_traces, .timeout = 300)
{
  cr_assert (sweep_seeds ("differential", instance_generate, check_differential, 0, N_SEEDS, 1, FALSE));
}

Test (differential, contended_instances_give_equal_traces, .timeout = 300)
{
  cr_assert (sweep_seeds ("contended", instance_generate_contended, check_differential, 0, N_CONTENDED, 1, FALSE));
}

Test (differential, a_dozen_copies_give_equal_traces, .timeout = 300)
{
  cr_assert (sweep_seeds ("repeated", instance_generate, check_repeated, 0, 60, 1, FALSE));
}

/* --- the comparison sees what it should: each single change of a trace is a difference ----------------------------- */

typedef struct {
  HdPlatform platform;
  HdSchedule schedule;
  Trace *a, *b;
} Pair;

static Pair
equal_pair (void)
{
  Pair pair;
  Instance instance;
  guint64 seed = 0;
  do {
    instance_generate (&instance, seed++);
    instance_build (&instance, &pair.platform, &pair.schedule);
    pair.a = reference_run (&pair.platform, &pair.schedule, 1000);
    if (pair.a != NULL && pair.a->cycles > 10 && pair.a->n_tasks > 2 && pair.a->resource_bits[0] > 0 && pair.a->bits[0] != NULL)
      break;
    g_clear_pointer (&pair.a, trace_free);
    instance_free_built (&pair.platform, &pair.schedule);
  } while (TRUE);
  pair.b = reference_run (&pair.platform, &pair.schedule, 1000);
  return pair;
}

static void
assert_seen (const Pair *pair, gpointer field, gsize size)
{
  guint8 *byte = field;
  g_autofree char *before = compare_traces (pair->a, pair->b);
  cr_assert_null (before);
  byte[size - 1] ^= 0x40;
  g_autofree char *after = compare_traces (pair->a, pair->b);
  byte[size - 1] ^= 0x40;
  cr_assert_not_null (after);
}

Test (compare, every_field_counts)
{
  Pair pair = equal_pair ();
  Trace *b = pair.b;
  gpointer words[] = { &b->ready[1], &b->issue[1], &b->start[1], &b->end[1], &b->cycles, &b->tasks, &b->state[0][5], &b->bits[0][9], &b->occupancy[0][7], &b->power[3],
                       &b->state_cycles[0][2], &b->memory_peak[0], &b->resource_busy[0], &b->resource_bits[0], &b->dram_read_bits, &b->dram_write_bits,
                       &b->energy_pj, &b->compute_pj, &b->transfer_pj, &b->static_pj };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    assert_seen (&pair, words[i], sizeof (guint64));
  assert_seen (&pair, &b->wait_kind[1], 1);
  assert_seen (&pair, &b->wait_cause[1], sizeof (guint32));
  assert_seen (&pair, &b->deadlock, 1);
  trace_free (pair.a);
  trace_free (pair.b);
  instance_free_built (&pair.platform, &pair.schedule);
}

/* --- engines in threads share nothing that changes ------------------------------------------------------------------ */

enum { N_THREADS = 4, N_SHARED = 150 };

typedef struct {
  HdPlatform platform;
  HdSchedule schedule;
  Trace *alone;
} Shared;

static gpointer
run_all (gpointer data)
{
  Shared *shared = data;
  for (guint i = 0; i < N_SHARED; i++) {
    g_autoptr (HdEngine) engine = hd_engine_new (&shared[i].platform, &shared[i].schedule, NULL);
    g_autoptr (Trace) trace = expand_run (engine, &shared[i].platform, &shared[i].schedule, NULL);
    char *difference = trace != NULL ? compare_traces (shared[i].alone, trace) : g_strdup ("failed");
    if (difference != NULL)
      return difference;
  }
  return NULL;
}

Test (engine, threads_do_not_matter)
{
  g_autofree Shared *shared = g_new0 (Shared, N_SHARED);
  GThread *threads[N_THREADS];
  for (guint i = 0; i < N_SHARED; i++) {
    Instance instance;
    instance_generate (&instance, i);
    instance_build (&instance, &shared[i].platform, &shared[i].schedule);
    g_autoptr (HdEngine) engine = hd_engine_new (&shared[i].platform, &shared[i].schedule, NULL);
    shared[i].alone = expand_run (engine, &shared[i].platform, &shared[i].schedule, NULL);
    cr_assert_not_null (shared[i].alone);
  }
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new (NULL, run_all, shared);
  for (guint i = 0; i < N_THREADS; i++) {
    g_autofree char *difference = g_thread_join (threads[i]);
    cr_assert_null (difference, "%s", difference);
  }
  for (guint i = 0; i < N_SHARED; i++) {
    trace_free (shared[i].alone);
    instance_free_built (&shared[i].platform, &shared[i].schedule);
  }
}
