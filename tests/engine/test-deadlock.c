/* Deadlocks: the six ways to get stuck, each with the words that explain it. */
#include "config.h"

#include "engine/instance-case.h"

#define MACHINE "instance burst_bits=8\ncore period=1\ncore period=1\nmemory capacity=unlimited dram=1\nmemory capacity=100\nmemory capacity=100\n" \
                "resource width=8 period=1 arbiter=first-come\nroute source=0 hops=0:none:1\nroute source=1 hops=0:none:2\nroute source=2 hops=0:none:1\n"
#define CORES "queue outstanding=1 core=0\nqueue outstanding=1 core=1\n"
#define DMA "queue outstanding=4 core=none\n"

static void
expect (const char *instance, guint64 cycle, guint64 ended, const char *text)
{
  EngineCase c;
  case_begin (&c, instance);
  cr_assert (c.result.deadlock);
  cr_assert_eq (c.result.cycles, cycle, "cycle %" G_GUINT64_FORMAT, c.result.cycles);
  cr_assert_eq (c.result.tasks, ended);
  cr_assert_str_eq (c.result.deadlock_text, text, "%s", c.result.deadlock_text);
  case_end (&c);
}

/* The loads of the next tiles fill the memory in which the compute that would free them needs room. */
Test (deadlock, loads_run_ahead)
{
  expect (MACHINE CORES DMA
          "task kind=transfer queue=2 route=0 bits=40\ntask kind=transfer queue=2 route=0 bits=40\ntask kind=compute queue=0 cycles=5 uses=0\ntask kind=compute queue=0 cycles=5 uses=1,2\n"
          "piece memory=1 creator=0 bits=40 release=2\npiece memory=1 creator=1 bits=40 release=3\npiece memory=1 creator=2 bits=30 release=3\n",
          10, 2,
          "deadlock at cycle 10: 2 of 4 tasks have not ended and nothing can move; in a circle,\n"
          "  compute 2 in queue queue0 waits for space in memory1: need 30 bit, free 20 bit, capacity 100 bit\n"
          "  memory1 holds piece 0 (40 bit) until compute 2 has ended; others: 1 (40 bit)");
}

/* Two cores, each with its memory full of what only the other's next step releases. */
Test (deadlock, two_memories)
{
  expect (MACHINE CORES DMA DMA
          "task kind=compute queue=0 cycles=3\ntask kind=compute queue=1 cycles=4\ntask kind=transfer queue=2 route=1 bits=80 uses=0\ntask kind=transfer queue=3 route=2 bits=80 uses=1\n"
          "piece memory=1 creator=0 bits=80 release=2\npiece memory=2 creator=1 bits=80 release=3\npiece memory=2 creator=2 bits=80 release=2\npiece memory=1 creator=3 bits=80 release=3\n",
          4, 2,
          "deadlock at cycle 4: 2 of 4 tasks have not ended and nothing can move; in a circle,\n"
          "  transfer 2 in queue queue2 waits for space in memory2: need 80 bit, free 20 bit, capacity 100 bit\n"
          "  memory2 holds piece 1 (80 bit) until transfer 3 has ended\n"
          "  transfer 3 in queue queue3 waits for space in memory1: need 80 bit, free 20 bit, capacity 100 bit\n"
          "  memory1 holds piece 0 (80 bit) until transfer 2 has ended");
}

/* A piece that is larger than its memory. */
Test (deadlock, too_large)
{
  expect (MACHINE CORES "task kind=compute queue=0 cycles=3\ntask kind=compute queue=0 cycles=3\npiece memory=1 creator=1 bits=101 release=1\n", 3, 1, "deadlock at cycle 3: 1 of 2 tasks have not ended and nothing can move:\n"
          "  compute 1 in queue queue0 waits for space in memory1: need 101 bit, free 100 bit, capacity 100 bit, which it can never have\n"
          "  memory1 holds nothing");
}

/* What nobody releases stays. */
Test (deadlock, never_released)
{
  expect (MACHINE CORES "task kind=compute queue=0 cycles=3\ntask kind=compute queue=1 cycles=7\npiece memory=1 creator=0 bits=60\npiece memory=1 creator=none bits=20\npiece memory=1 creator=1 bits=30 release=1\n",
          3, 1, "deadlock at cycle 3: 1 of 2 tasks have not ended and nothing can move:\n"
          "  compute 1 in queue queue1 waits for space in memory1: need 30 bit, free 20 bit, capacity 100 bit\n"
          "  memory1 holds piece 0 (60 bit), piece 1 (20 bit), which nobody releases");
}

/* The first of a queue depends on one that stands behind it. */
Test (deadlock, order_against_dependency)
{
  expect (MACHINE CORES "task kind=compute queue=0 cycles=3 uses=0\ntask kind=compute queue=0 cycles=3\npiece memory=1 creator=1 bits=10 release=0\n", 0, 0, "deadlock at cycle 0: 2 of 2 tasks have not ended and nothing can move; in a circle,\n"
          "  compute 0 in queue queue0 waits for compute 1 to make piece 0 (10 bit)\n"
          "  compute 1 in queue queue0 waits for its turn behind compute 0");
}

/* Two queues whose orders cross. */
Test (deadlock, crossed_orders)
{
  expect (MACHINE CORES "task kind=compute queue=0 cycles=3 after=3\ntask kind=compute queue=0 cycles=3\ntask kind=compute queue=1 cycles=3 after=1\ntask kind=compute queue=1 cycles=3\n", 0, 0, "deadlock at cycle 0: 4 of 4 tasks have not ended and nothing can move; in a circle,\n"
          "  compute 0 in queue queue0 waits for compute 3 to end\n"
          "  compute 3 in queue queue1 waits for its turn behind compute 2\n"
          "  compute 2 in queue queue1 waits for compute 1 to end\n"
          "  compute 1 in queue queue0 waits for its turn behind compute 0");
}
