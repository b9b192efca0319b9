/* Sweeping a check over the random instances of many seeds, in child processes: one that crashes or hangs is a failure like any other.
 * Failures are shrunk, printed and kept in tests/corpus/engine, where every later run of the check begins.
 */
#pragma once

#include "instances.h"

/** Returns NULL when the instance passes (or is no sound instance), else (transfer full) what is wrong, in words. */
typedef char *(*InstanceCheck) (const Instance *instance);

/** The instance of a seed. */
typedef void (*InstanceMaker) (Instance *instance, guint64 seed);

/** Whether the instance is one that the engines promise to run: the schedule validates, residents fit, slots are whole. */
gboolean instance_is_sound (const Instance *instance);

/**
 * sweep_seeds:
 * @jobs: child processes at once
 * @make: instance_generate() or another
 * @progress: one line to stderr now and then
 *
 * Runs @check on the instances of seeds [@from, @from + @count). Returns FALSE, after shrinking and reporting the first failure, when one fails.
 */
gboolean sweep_seeds (const char *name, InstanceMaker make, InstanceCheck check, guint64 from, guint64 count, guint jobs, gboolean progress);

/** Runs @check on every file of tests/corpus/engine. Returns how many there are; -1 when one fails (it is printed). */
int sweep_corpus (const char *name, InstanceCheck check);

/** Runs @check on one file (a text of instance_to_text()); prints what is wrong. */
gboolean sweep_file (const char *name, InstanceCheck check, const char *path);
