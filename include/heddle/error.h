/* Errors of heddle: one GError domain whose codes are the program's exit codes.
 *
 * A user can act on three questions only (what is wrong, where, what was expected) and a script on one number.
 * The message answers the first three, `file:line: what is wrong (value) - what was expected`; the code is the number.
 * Diagnostics collect the faults of one file, so that all are told at once.
 *
 * Ownership: a HdDiagnostics is freed by its creator; strings handed in are copied.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HD_ERROR (hd_error_quark ())
/** The domain of every error of heddle. */
GQuark hd_error_quark (void);

/* The value of each code is the exit code of the program. */
typedef enum {
  HD_ERROR_NEGATIVE = 1,   /* the answer is no: illegal or infeasible schedule, deadlock, files differ */
  HD_ERROR_USAGE = 2,      /* the command line is wrong */
  HD_ERROR_INPUT = 65,     /* an input file is broken */
  HD_ERROR_NO_INPUT = 66,  /* an input file is not there or cannot be read */
  HD_ERROR_MEMORY = 71,    /* a size that came from an input does not fit in memory */
  HD_ERROR_CREATE = 73,    /* an output cannot be created */
  HD_ERROR_WRITE = 74,     /* an output cannot be written to its end */
} HdErrorCode;

/**
 * hd_assert_invariant:
 * @expr: what must hold
 *
 * An invariant of heddle itself, kept in release builds: prints the place and the message (cycle, resource, node), then aborts.
 */
#define hd_assert_invariant(expr, ...)                                             \
  do {                                                                             \
    if (G_UNLIKELY (!(expr)))                                                      \
      hd_invariant_failed (__FILE__, __LINE__, #expr, __VA_ARGS__);                \
  } while (0)
void hd_invariant_failed (const char *file, int line, const char *expr, const char *format, ...) G_GNUC_PRINTF (4, 5) G_GNUC_NORETURN;

/* --- diagnostics: all the faults of a file at once ------------------------------------------- */

typedef struct HdDiagnostics HdDiagnostics;

/** The most faults told of one file; the rest are counted. */
#define HD_DIAGNOSTICS_MAX 20

/** None yet; @file is what messages begin with. */
HdDiagnostics *hd_diagnostics_new (const char *file);
void hd_diagnostics_free (HdDiagnostics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdDiagnostics, hd_diagnostics_free)

/** Adds one fault at @line (0: the file as a whole). The same fault at the same line is kept once. */
void hd_diagnostics_add (HdDiagnostics *self, guint line, const char *format, ...) G_GNUC_PRINTF (3, 4);
/** As hd_diagnostics_add(), of another file (an included one). */
void hd_diagnostics_add_at (HdDiagnostics *self, const char *file, guint line, const char *format, ...) G_GNUC_PRINTF (4, 5);
guint hd_diagnostics_count (const HdDiagnostics *self);

/**
 * hd_diagnostics_check:
 *
 * Returns TRUE when nothing was added; else sets @error (%HD_ERROR_INPUT) to the faults, one a line, by file and line.
 */
gboolean hd_diagnostics_check (const HdDiagnostics *self, GError **error);

/**
 * hd_suggest:
 * @name: what was written
 * @candidates: (array length=n): what could have been meant
 *
 * Returns (nullable): the candidate nearest to @name by edit distance (an exchange of neighbours counts once), or NULL when none is near.
 * Ties go to the first in byte order. Of many candidates only the first 2000 are looked at.
 */
const char *hd_suggest (const char *name, const char *const *candidates, gsize n);

G_END_DECLS
