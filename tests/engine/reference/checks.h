/* The checks on one instance; each is an InstanceCheck. The tests sweep them over seeds, and make check-slow over a million. */
#pragma once

#include "instances.h"

/* check-differential.c: the event-driven engine against the reference engine; with, without and again with a sink. */
char *check_differential (const Instance *instance);
char *check_repeated (const Instance *instance);     /* a dozen copies of it, in the same queues */

/* check-metamorphic.c: two instances whose runs must correspond, on the event-driven engine alone. */
char *check_slower_clock (const Instance *instance);
char *check_wider_bits (const Instance *instance);
char *check_huge_numbers (const Instance *instance);
char *check_unused_parts (const Instance *instance);
char *check_free_transfers (const Instance *instance);
char *check_one_core (const Instance *instance);
char *check_split_computes (const Instance *instance);

/* check-conservation.c: what must hold in every trace, computed from the schedule and the columns. */
char *check_conservation (const Instance *instance);
