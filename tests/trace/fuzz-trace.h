/* The fuzz target of traces, and what it does with a file. */
#pragma once

#include <heddle/trace.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
/** Opens a trace and reads every column and series that the tests' traces have. */
gboolean read_whole_trace (const char *path, GError **error);
