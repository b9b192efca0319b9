/* What a run is, on schedules small enough to follow by hand; and how an engine is used. */
#include "config.h"

#include "engine/instance-case.h"

#define MEMORIES "memory capacity=unlimited dram=1\nmemory capacity=4096\n"
#define CORE "core period=1\n"
#define BUS64 "resource width=64 period=1 latency=0 arbiter=first-come\n"

Test (engine, empty_schedule_takes_no_time)
{
  EngineCase c;
  case_begin (&c, "instance burst_bits=512\n" CORE MEMORIES BUS64);
  cr_assert_eq (c.result.cycles, 0);
  cr_assert_not (c.result.deadlock);
  case_end (&c);
}

/* load 1000 bit over a 64 bit bus of latency 3: bursts of 512 and 488 bit, 8 cycles each; then 5 cycles of computing. Twice the same. */
Test (engine, load_then_compute)
{
  EngineCase c;
  case_make (&c, "instance burst_bits=512\n" CORE MEMORIES "resource width=64 period=1 latency=3 arbiter=first-come\n"
                 "queue outstanding=1 core=0\nqueue outstanding=1 core=none\nroute source=0 hops=0:none:1\n"
                 "task kind=transfer queue=1 route=0 bits=1000\ntask kind=compute queue=0 cycles=5 uses=0\npiece memory=1 creator=0 bits=1000 release=1\n");
  for (int i = 0; i < 2; i++) {
    case_run (&c, NULL);
    cr_assert_eq (c.result.columns.end[0], 8 + 8 + 3);
    cr_assert_eq (c.result.columns.start[1], 19);
    cr_assert_eq (c.result.cycles, 24);
    cr_assert_eq (c.result.core_state_cycles[0][HD_STATE_WAIT_INPUT], 19);
    cr_assert_eq (c.result.core_state_cycles[0][HD_STATE_COMPUTE], 5);
    cr_assert_eq (c.result.columns.wait_kind[1], HD_WAIT_INPUT);
    cr_assert_eq (c.result.columns.wait_cause[1], 0);
    cr_assert_eq (c.result.resource_busy_cycles[0], 16);
    cr_assert_eq (c.result.resource_bits[0], 1000);
    cr_assert_eq (c.result.memory_peak_bits[1], 1000);
    cr_assert_eq (c.result.dram_read_bits, 1000);
  }
  case_end (&c);
}

/* Two queues on one bus of a burst per 8 cycles, first come: a's burst 1 is offered when its burst 0 is granted, in the cycle of b's burst 0, and a's id is
 * smaller: the order is a a b a b a b a b b. */
Test (engine, two_transfers_share_a_bus)
{
  EngineCase c;
  case_begin (&c, "instance burst_bits=512\n" CORE MEMORIES BUS64 "queue outstanding=1 core=none\nqueue outstanding=1 core=none\nroute source=0 hops=0:none:1\n"
                  "task kind=transfer queue=0 route=0 bits=2560\ntask kind=transfer queue=1 route=0 bits=2560\n");
  cr_assert_eq (c.result.columns.end[0], 8 * 8);
  cr_assert_eq (c.result.columns.end[1], 10 * 8);
  cr_assert_eq (c.result.columns.start[1], 16);
  cr_assert_eq (c.result.columns.wait_kind[1], HD_WAIT_GRANT);
  cr_assert_eq (c.result.columns.wait_cause[1], 0);
  case_end (&c);
}

/* A transfer that is alone costs one event, however many bursts it has. */
Test (engine, lone_bursts_cost_no_events)
{
  EngineCase c;
  case_begin (&c, "instance burst_bits=512\n" CORE MEMORIES BUS64 "resource width=128 period=1 latency=7 arbiter=first-come\n"
                  "queue outstanding=1 core=none\nroute source=0 hops=1:none:none,0:0:1\ntask kind=transfer queue=0 route=0 bits=1099511627776\n");
  cr_assert_eq (c.result.events, 1);
  cr_assert_eq (c.result.cycles, 4 + 7 + (G_GUINT64_CONSTANT (1099511627776) / 64));
  case_end (&c);
}
