/* Fuzz target of schedule XML. Build it with clang -fsanitize=fuzzer, or link fuzz-main.c for one run over files and for AFL. */
#include "schedule/fuzz.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  fuzz_xml (data, size);
  return 0;
}
