/* The inputs of the commands that schedule: files in, a tiling and a schedule out. */
#pragma once

#include <heddle/cost.h>
#include <heddle/passes.h>
#include <heddle/platform.h>
#include <heddle/schedule.h>
#include <heddle/tiling.h>
#include <heddle/workload.h>

#include <glib.h>

/** What -p, -w, -m and --pass name. Zeroed at first; free with cli_inputs_clear(). */
typedef struct {
  char *platform_path, *workload_path, *mapping_path, *pass, *priority, *rules, *objective, *inferences;
  HdPlatform *platform;
  HdWorkload *workload;
  HdMapping *mapping;
  HdTiling *tiling;
  HdCostModel *cost;
} CliInputs;

void cli_inputs_clear (CliInputs *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliInputs, cli_inputs_clear)

/** The option entries -p, -w, -m, --pass, --priority, --rules, --objective and --inferences, to be put before a command's own. Returns (transfer full). */
GOptionEntry *cli_inputs_entries (CliInputs *self, const GOptionEntry *own);

/** A platform from a file, or from its one-line form when there is no such file and the text has a ':'. */
HdPlatform *cli_load_platform (const char *path, GError **error);

/** Platform and workload alone. */
gboolean cli_inputs_load_files (CliInputs *self, GError **error);
/** Loads what the options name. FALSE: @error is set, or, when an option is missing, @error is a usage error. */
gboolean cli_inputs_load (CliInputs *self, GError **error);
/** The same from texts, all of them out of the file @name. */
gboolean cli_inputs_parse (CliInputs *self, const char *name, const char *platform, const char *workload, const char *mapping, GError **error);
/** How the schedule is made: "PASS RULES OBJECTIVE", and behind the pass multi-core "PRIORITY". Returns (transfer full). */
char *cli_inputs_recipe (const CliInputs *self);
/** Tiles, costs and schedules. */
HdSchedule *cli_inputs_schedule (CliInputs *self, GError **error);
