/* Errors, invariants, and the collection of a file's faults. */
#include "config.h"
#include <heddle/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

G_DEFINE_QUARK (heddle-error, hd_error)

void
hd_invariant_failed (const char *file, int line, const char *expr, const char *format, ...)
{
  va_list args;
  fprintf (stderr, "heddle: invariant failed at %s:%d: %s: ", file, line, expr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputs ("\nThis is a fault of heddle itself, not of its input.\n", stderr);
  abort ();
}

/* --- diagnostics ---------------------------------------------------------------------------- */

typedef struct {
  char *file;
  guint line;
  char *text;
} Fault;

struct HdDiagnostics {
  char *file;
  GPtrArray *faults;
};

static void
fault_free (gpointer data)
{
  Fault *fault = data;
  g_free (fault->file);
  g_free (fault->text);
  g_free (fault);
}

HdDiagnostics *
hd_diagnostics_new (const char *file)
{
  HdDiagnostics *self = g_new0 (HdDiagnostics, 1);
  self->file = g_strdup (file);
  self->faults = g_ptr_array_new_with_free_func (fault_free);
  return self;
}

void
hd_diagnostics_free (HdDiagnostics *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_ptr_array_unref (self->faults);
  g_free (self);
}

static void
add_fault (HdDiagnostics *self, const char *file, guint line, char *text)
{
  for (guint i = 0; i < self->faults->len; i++) {
    const Fault *old = self->faults->pdata[i];
    if (old->line == line && g_str_equal (old->text, text) && g_str_equal (old->file, file)) {
      g_free (text);
      return;
    }
  }
  Fault *fault = g_new (Fault, 1);
  *fault = (Fault) { g_strdup (file), line, text };
  g_ptr_array_add (self->faults, fault);
}

void
hd_diagnostics_add_at (HdDiagnostics *self, const char *file, guint line, const char *format, ...)
{
  va_list args;
  /* Past twice the limit only the number matters: a hostile file must not fill the memory with faults. */
  if (self->faults->len > 2 * HD_DIAGNOSTICS_MAX)
    return;
  va_start (args, format);
  add_fault (self, file, line, g_strdup_vprintf (format, args));
  va_end (args);
}

void
hd_diagnostics_add (HdDiagnostics *self, guint line, const char *format, ...)
{
  va_list args;
  if (self->faults->len > 2 * HD_DIAGNOSTICS_MAX)
    return;
  va_start (args, format);
  add_fault (self, self->file, line, g_strdup_vprintf (format, args));
  va_end (args);
}

guint
hd_diagnostics_count (const HdDiagnostics *self)
{
  return self->faults->len;
}

static gint
compare_faults (gconstpointer a, gconstpointer b)
{
  const Fault *x = *(Fault *const *) a, *y = *(Fault *const *) b;
  int by_file = strcmp (x->file, y->file);
  if (by_file != 0)
    return by_file;
  if (x->line != y->line)
    return x->line < y->line ? -1 : 1;
  return strcmp (x->text, y->text);
}

gboolean
hd_diagnostics_check (const HdDiagnostics *self, GError **error)
{
  if (self->faults->len == 0)
    return TRUE;
  g_autoptr (GString) text = g_string_new (NULL);
  g_ptr_array_sort (self->faults, compare_faults);
  guint shown = MIN (self->faults->len, HD_DIAGNOSTICS_MAX);
  for (guint i = 0; i < shown; i++) {
    const Fault *fault = self->faults->pdata[i];
    if (i > 0)
      g_string_append_c (text, '\n');
    g_string_append (text, fault->file);
    if (fault->line > 0)
      g_string_append_printf (text, ":%u", fault->line);
    g_string_append_printf (text, ": %s", fault->text);
  }
  if (shown < self->faults->len)
    g_string_append_printf (text, "\n%s: and more faults; these are the first %u", self->file, shown);
  g_set_error_literal (error, HD_ERROR, HD_ERROR_INPUT, text->str);
  return FALSE;
}

/* --- did you mean ----------------------------------------------------------------------------- */

/* Edit distance with exchanges of neighbours (optimal string alignment), three rows; names longer than a row count as far away. */
static guint
edit_distance (const char *a, const char *b)
{
  enum { LONGEST = 64 };
  gsize n = strlen (a), m = strlen (b);
  guint rows[3][LONGEST + 1];
  guint *before = rows[0], *previous = rows[1], *current = rows[2];
  if (n > LONGEST || m > LONGEST)
    return G_MAXUINT;
  for (gsize j = 0; j <= m; j++)
    previous[j] = j;
  for (gsize i = 1; i <= n; i++) {
    current[0] = i;
    for (gsize j = 1; j <= m; j++) {
      char x = g_ascii_tolower (a[i - 1]), y = g_ascii_tolower (b[j - 1]);
      current[j] = MIN (previous[j - 1] + (x != y), MIN (previous[j], current[j - 1]) + 1);
      if (i > 1 && j > 1 && x == g_ascii_tolower (b[j - 2]) && y == g_ascii_tolower (a[i - 2]))
        current[j] = MIN (current[j], before[j - 2] + 1);
    }
    guint *spare = before;
    before = previous;
    previous = current;
    current = spare;
  }
  return previous[m];
}

const char *
hd_suggest (const char *name, const char *const *candidates, gsize n)
{
  /* Enough for anybody's typing; a hostile file has thousands of names, each as long as can be. */
  enum { MOST = 2000 };
  guint limit = MAX (1, strlen (name) / 3), best = limit + 1;
  const char *found = NULL;
  n = MIN (n, MOST);
  for (gsize i = 0; i < n; i++) {
    guint distance = edit_distance (name, candidates[i]);
    if (distance < best || (distance == best && found != NULL && strcmp (candidates[i], found) < 0)) {
      best = distance;
      found = candidates[i];
    }
  }
  return found;
}
