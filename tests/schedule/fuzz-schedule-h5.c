/* Fuzz target of schedules in HDF5: any bytes are refused or give a schedule that can be checked and that comes back the same. */
#include "project/fuzz-file.h"
#include "schedule/fuzz.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  const char *path = fuzz_file (data, size);
  if (path == NULL)
    return 0;
  g_autoptr (HdSchedule) schedule = hd_schedule_load (path, fuzz_platform (), &error);
  fuzz_expect_sound (schedule != NULL, error);
  fuzz_use (schedule);
  return 0;
}
