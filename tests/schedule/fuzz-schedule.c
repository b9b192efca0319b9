/* Fuzz target of schedule XML: any bytes are refused or give a schedule that can be checked and that comes back the same. */
#include "schedule/fuzz.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  fuzz_xml (data, size);
  return 0;
}
