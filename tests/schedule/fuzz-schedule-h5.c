/* Fuzz target of schedules in HDF5. The library reads files, so the bytes become one, in memory. */
#define _GNU_SOURCE
#include "schedule/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = memfd_create ("schedule", MFD_CLOEXEC);
  if (fd < 0 || write (fd, data, size) != (gssize) size)
    return 0;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (HdSchedule) schedule = hd_schedule_load (path, fuzz_platform (), NULL);
  fuzz_use (schedule);
  close (fd);
  return 0;
}
