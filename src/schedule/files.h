/* The two forms of a schedule file, and what they share. files.c chooses; xml-*.c and h5-*.c read and write. */
#pragma once

#include "schedule/private.h"

#define HD_SCHEDULE_VERSION "1"

/** Returns (transfer full): canonical XML. */
char *_hd_schedule_to_xml (const HdSchedule *self, const HdPlatform *platform);
/** @text: NULL: the file @name. Errors: %HD_ERROR_NO_INPUT, %HD_ERROR_INPUT. */
HdSchedule *_hd_schedule_from_xml (const char *text, gsize length, const char *name, const HdPlatform *platform, GError **error);

/** Returns (transfer full): "1.5 pJ" for 1500000 aJ: exact. */
char *_hd_schedule_energy_to_text (guint64 aj);
/** The reverse; any energy that hd_quantity_parse() takes, rounded to whole attojoules. */
gboolean _hd_schedule_energy_from_text (const char *text, guint64 *aj, GError **error);

/** Whether the platform is the one that the file names; @found may be NULL (a hand-made file that does not say). */
gboolean _hd_schedule_platform_fits (const HdPlatform *platform, const char *name, const char *found, GError **error);
