/* Fuzz target of workload XML: any bytes are refused or give a workload whose canonical form is read back the same. */
#include "workload/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (HdWorkload) w = hd_workload_parse_xml (text, size, "fuzz", NULL);
  fuzz_use (w);
  return 0;
}
