/* The fuzz target of the platform loader, shared by the fuzzer and by the test that drives it over the corpus. */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
