/* What the commands share: how options are read, how errors become exit codes, how results are printed.
 *
 * A command is one function, one file. It gets its own arguments (argv[0] is its name), prints its result to stdout and everything
 * else to stderr, and returns an exit code. Errors travel as GError of HD_ERROR, whose codes are exit codes.
 */
#pragma once

#include <heddle/error.h>

#include <glib.h>

typedef int (*CliFunction) (int argc, char **argv);

typedef struct {
  const char *name;
  CliFunction function;
  const char *arguments;  /* what follows the name in the usage line */
  const char *help;       /* one line */
} CliCommand;

int cli_check (int argc, char **argv);
int cli_compare (int argc, char **argv);
int cli_cost (int argc, char **argv);
int cli_explore (int argc, char **argv);
int cli_export (int argc, char **argv);
int cli_import (int argc, char **argv);
int cli_inspect (int argc, char **argv);
int cli_run (int argc, char **argv);
int cli_schedule (int argc, char **argv);
int cli_simulate (int argc, char **argv);
int cli_validate (int argc, char **argv);

/** Options that every command has. */
typedef struct {
  gboolean json;
  gboolean quiet;
} CliCommon;

/**
 * cli_parse:
 * @entries: the command's own options
 * @common: (nullable): --json and --quiet are offered when it is there
 * @least, @most: how many arguments must remain
 *
 * Parses options; afterwards argv[1..argc-1] are the remaining arguments. Returns FALSE with @status set: 0 after --help, 2 after a message.
 */
gboolean cli_parse (int *argc, char ***argv, const GOptionEntry *entries, CliCommon *common, int least, int most, int *status);

/** Prints "heddle: " and the error's message to stderr; returns its exit code. Takes the error. */
int cli_fail (GError *error);
/** Nobody reads the standard output any more: it is a pipe whose other end was closed. */
gboolean cli_reader_left (void);
/** As cli_fail() for a usage error of the running command. */
int cli_usage (const char *format, ...) G_GNUC_PRINTF (1, 2);

/** What is freed stays with the program: tilings, plans and runs come one after the other, each of them the size of the one before. */
void cli_keep_memory (void);

/** The flag that SIGINT and SIGTERM raise: the number of the signal. A second signal ends the process at once. */
extern volatile int cli_signal;
void cli_catch_signals (void);

/** Prints progress or a warning to stderr unless --quiet. */
void cli_note (const CliCommon *common, const char *format, ...) G_GNUC_PRINTF (2, 3);
