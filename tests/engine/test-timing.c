/* Tight timing: what takes t cycles has not ended at t-1 and has at t. And the ends of 64-bit time. */
#include "config.h"

#include "engine/instance-case.h"

#include <signal.h>

/* A probe of 0 cycles that depends on the transfer ends in its last cycle; one on a slow clock of period t only at t. */
static void
assert_transfer_takes (const char *resources, const char *hops, guint64 bits, guint64 cycles)
{
  EngineCase c;
  g_autofree char *text = g_strdup_printf (
    "instance burst_bits=512\ncore period=1\nmemory capacity=unlimited\nmemory capacity=unlimited\n%squeue outstanding=1 core=0\nqueue outstanding=1 core=none\n"
    "route source=0 hops=%s\ntask kind=transfer queue=1 route=0 bits=%" G_GUINT64_FORMAT "\ntask kind=compute queue=0 cycles=0 after=0\n",
    resources, hops, bits);
  case_begin (&c, text);
  cr_assert_eq (c.result.columns.end[0], cycles, "%" G_GUINT64_FORMAT " bit over %s: %" G_GUINT64_FORMAT " - expected %" G_GUINT64_FORMAT, bits, resources,
                c.result.columns.end[0], cycles);
  cr_assert_eq (c.result.columns.issue[1], cycles);
  cr_assert_eq (c.result.core_state_cycles[0][HD_STATE_WAIT_INPUT], cycles, "until the cycle before, the core waited");
  cr_assert_eq (c.result.cycles, cycles);
  case_end (&c);
}

static const guint64 widths[] = { 1, 7, 8, 64, 127, 128 };

static void
for_sizes (guint64 width, void (*check) (guint64 width, guint64 bits))
{
  const guint64 sizes[] = { 1, width - 1, width, width + 1, (G_GUINT64_CONSTANT (1) << 31) + 1 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (sizes[i] > 0)
      check (width, sizes[i]);
}

static guint64
beats (guint64 bits, guint64 width)
{
  return bits / width + (bits % width != 0);
}

static void
check_bus (guint64 width, guint64 bits)
{
  g_autofree char *bus = g_strdup_printf ("resource width=%" G_GUINT64_FORMAT " period=1 arbiter=first-come\n", width);
  assert_transfer_takes (bus, "0:none:1", bits, beats (bits, width));
}

static void
check_slow_bus_with_latency (guint64 width, guint64 bits)
{
  g_autofree char *bus = g_strdup_printf ("resource width=%" G_GUINT64_FORMAT " period=3 latency=100 arbiter=first-come\n", width);
  assert_transfer_takes (bus, "0:none:1", bits, 3 * beats (bits, width) + 100);
}

/* The same width twice: the second hop is a burst behind the first; the last burst may be short at both. */
static void
check_pipeline (guint64 width, guint64 bits)
{
  guint64 burst = beats (512, width) * width, full = burst / width, last = beats (bits - (beats (bits, burst) - 1) * burst, width);
  guint64 first_hop = beats (bits, width), n = beats (bits, burst);
  guint64 second_idle = n == 1 ? 0 : full + (n - 1) * full;   /* its bursts before the last end here */
  g_autofree char *buses = g_strdup_printf ("resource width=%" G_GUINT64_FORMAT " period=1 arbiter=first-come\nresource width=%" G_GUINT64_FORMAT " period=1 arbiter=first-come\n", width, width);
  assert_transfer_takes (buses, "0:none:none,1:0:1", bits, MAX (first_hop, second_idle) + last);
}

Test (timing, bus)
{
  for (gsize i = 0; i < G_N_ELEMENTS (widths); i++)
    for_sizes (widths[i], check_bus);
}

Test (timing, slow_bus_with_latency)
{
  for (gsize i = 0; i < G_N_ELEMENTS (widths); i++)
    for_sizes (widths[i], check_slow_bus_with_latency);
}

Test (timing, pipeline_of_two)
{
  for (gsize i = 0; i < G_N_ELEMENTS (widths); i++)
    for_sizes (widths[i], check_pipeline);
}

/* Space that goes at the end of one task is taken by another in the same cycle, and not before. */
Test (timing, space_changes_hands_in_one_cycle)
{
  EngineCase c;
  case_begin (&c, "instance burst_bits=8\ncore period=1\ncore period=1\nmemory capacity=10\nqueue outstanding=1 core=0\nqueue outstanding=1 core=1\n"
                  "task kind=compute queue=0 cycles=17\ntask kind=compute queue=1 cycles=4\npiece memory=0 creator=0 bits=6 release=0\npiece memory=0 creator=1 bits=5 release=1\n");
  cr_assert_eq (c.result.columns.end[0], 17);
  cr_assert_eq (c.result.columns.issue[1], 17);
  cr_assert_eq (c.result.columns.wait_kind[1], HD_WAIT_SPACE);
  cr_assert_eq (c.result.columns.wait_cause[1], 0);
  cr_assert_eq (c.result.core_state_cycles[1][HD_STATE_WAIT_SPACE], 17);
  cr_assert_eq (c.result.memory_peak_bits[0], 6);
  case_end (&c);
}

/* A transfer that is interrupted in its closed form goes on burst by burst to the same end as the bursts by hand. */
Test (timing, a_course_is_broken)
{
  EngineCase c;
  case_begin (&c, "instance burst_bits=8\ncore period=1\nmemory capacity=unlimited\nmemory capacity=unlimited\nresource width=1 period=1 arbiter=first-come\n"
                  "queue outstanding=1 core=0\nqueue outstanding=1 core=none\nqueue outstanding=1 core=none\nroute source=0 hops=0:none:1\n"
                  "task kind=transfer queue=1 route=0 bits=8000000\ntask kind=compute queue=0 cycles=4000003\ntask kind=transfer queue=2 route=0 bits=8 after=1\n");
  cr_assert_eq (c.result.columns.start[2], 4000016, "offered at 4000003, after the burst in hand and the one offered at 4000000");
  cr_assert_eq (c.result.columns.end[2], 4000024);
  cr_assert_eq (c.result.columns.end[0], 8000008);
  case_end (&c);
}

/* --- the end of time: an invariant, not a wrap -------------------------------------------------------------------- */

#define QUARTER "4611686018427387904"       /* 2^62 */
#define BUT_ONE "4611686018427387903"
#define ONE_CORE "instance burst_bits=8\ncore period=1\nmemory capacity=unlimited\nmemory capacity=unlimited\nresource width=1 period=4 arbiter=first-come\nqueue outstanding=1 core=0\nroute source=0 hops=0:none:1\n"
#define THREE_QUARTERS "task kind=compute queue=0 cycles=" QUARTER "\ntask kind=compute queue=0 cycles=" QUARTER "\ntask kind=compute queue=0 cycles=" QUARTER "\n"

/* A valid schedule takes at most 2^62 cycles one after the other: what is tested here is the last line of defence. */
static void
past_the_limits (EngineCase *c, const char *text)
{
  case_make_unchecked (c, text);
  case_run (c, NULL);
}

Test (timing, the_last_cycle_can_be_reached)
{
  EngineCase c;
  past_the_limits (&c, ONE_CORE THREE_QUARTERS "task kind=compute queue=0 cycles=" BUT_ONE "\n");
  cr_assert_eq (c.result.cycles, G_MAXUINT64);
  case_end (&c);
}

Test (timing, computes_past_the_end_of_time, .signal = SIGABRT)
{
  EngineCase c;
  past_the_limits (&c, ONE_CORE THREE_QUARTERS "task kind=compute queue=0 cycles=" QUARTER "\n");
}

Test (timing, loads_past_the_end_of_time, .signal = SIGABRT)
{
  EngineCase c;
  past_the_limits (&c, ONE_CORE THREE_QUARTERS "task kind=compute queue=0 cycles=" BUT_ONE " load_cycles=1 weight_key=1\n");
}

Test (timing, bursts_past_the_end_of_time, .signal = SIGABRT)
{
  EngineCase c;
  past_the_limits (&c, ONE_CORE "task kind=transfer queue=0 route=0 bits=" QUARTER "\n");
}
