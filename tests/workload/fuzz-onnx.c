/* Fuzz target of ONNX models: any bytes are refused or give a workload whose canonical form is read back the same. */
#include "workload/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (HdWorkload) w = hd_workload_parse_onnx (data, size, "fuzz", NULL, NULL);
  fuzz_use (w);
  return 0;
}
