/* Comparing two traces of one instance, and telling the first difference. */
#pragma once

#include "trace.h"

/** NULL: equal in everything, cycle for cycle. Else (transfer full) what differs first, in words. Series are compared when both have them. */
char *compare_traces (const Trace *a, const Trace *b);

/** Both traces side by side: all columns, and the cycles around the first difference in time (transfer full). */
char *compare_side_by_side (const Trace *a, const Trace *b, const char *name_a, const char *name_b);
