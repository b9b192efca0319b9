/* Fuzz target of schedules in HDF5. The library reads files, so the bytes become one. */
#include "schedule/fuzz.h"

#include <glib/gstdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *path = NULL;
  int descriptor = g_file_open_tmp ("heddle-fuzz-XXXXXX.h5", &path, NULL);
  if (descriptor < 0)
    return 0;
  close (descriptor);
  g_file_set_contents (path, (const char *) data, (gssize) size, NULL);
  g_autoptr (HdSchedule) schedule = hd_schedule_load (path, fuzz_platform (), NULL);
  fuzz_use (schedule);
  g_unlink (path);
  return 0;
}
