/* The fuzz targets of the schedule room: any bytes are refused, or give a schedule that can be checked and that comes back the same. */
#pragma once

#include <heddle/schedule.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline HdPlatform *
fuzz_platform (void)
{
  static HdPlatform *platform = NULL;
  if (platform == NULL)
    platform = hd_platform_parse_synthetic ("core:2 sram:64KiB bus:64b dram:64b", NULL);
  return platform;
}

static inline void
fuzz_use (const HdSchedule *schedule)
{
  g_autoptr (GError) error = NULL;
  if (schedule == NULL)
    return;
  hd_schedule_check (schedule, fuzz_platform (), NULL);
  g_autofree char *xml = hd_schedule_to_xml (schedule, fuzz_platform ());
  g_autoptr (HdSchedule) again = hd_schedule_parse_xml (xml, strlen (xml), "again", fuzz_platform (), &error);
  if (again == NULL)
    g_error ("the canonical form is refused: %s", error->message);
  g_autofree char *sha256 = hd_schedule_sha256 (schedule), *sha256_again = hd_schedule_sha256 (again);
  if (!g_str_equal (sha256, sha256_again))
    g_error ("the canonical form is another schedule");
}

static inline void
fuzz_xml (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_malloc (size + 1);
  if (size > 0)
    memcpy (text, data, size);
  text[size] = '\0';
  g_autoptr (HdSchedule) schedule = hd_schedule_parse_xml (text, size, "fuzz.xml", fuzz_platform (), NULL);
  fuzz_use (schedule);
}
