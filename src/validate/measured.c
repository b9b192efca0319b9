/* Measurements of a user as CSV, held against a trace. See heddle/measured.h for the form. */
#include "config.h"
#include <heddle/measured.h>

#include "base/file.h"
#include "report/view.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define WHOLE_RUN "*"
#define MAX_CYCLES 1e18

typedef enum { COLUMN_LAYER, COLUMN_START, COLUMN_END, COLUMN_CYCLES, N_COLUMNS } Column;
static const char *const COLUMN[N_COLUMNS] = { "layer", "start", "end", "cycles" };

typedef struct {
  HdDiagnostics *faults;
  HdView view;
  const guint64 *nodes, *start, *end;   /* of the trace, by layer */
  int place[N_COLUMNS];                 /* field of each column; -1: not there */
  guint n_fields;                       /* 0: the head has not been read */
  GHashTable *seen;                     /* names of rows */
  GArray *rows;                         /* of HdMeasuredRow */
} Reader;

/* --- lines and fields -------------------------------------------------------------------------------------------- */

/* The fields of a line, without white space around them; NULL and a fault when a quote is not closed. */
static char **
split_line (Reader *r, const char *line, guint number)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func (g_free);
  const char *p = line;
  for (;; p++) {
    g_autoptr (GString) field = g_string_new (NULL);
    while (*p == ' ' || *p == '\t')
      p++;
    if (*p == '"') {
      for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++) {
        p += *p == '"';
        g_string_append_c (field, *p);
      }
      if (*p != '"') {
        hd_diagnostics_add (r->faults, number, "a quote that is not closed");
        g_ptr_array_unref (fields);
        return NULL;
      }
      p++;
    }
    for (; *p != ',' && *p != '\0'; p++)
      g_string_append_c (field, *p);
    g_ptr_array_add (fields, g_strchomp (g_strdup (field->str)));
    if (*p == '\0')
      break;
  }
  g_ptr_array_add (fields, NULL);
  return (char **) g_ptr_array_free (fields, FALSE);
}

static void
read_head (Reader *r, char **fields, guint number)
{
  r->n_fields = g_strv_length (fields);
  if (r->n_fields == 1 && strpbrk (fields[0], ";\t") != NULL) {
    hd_diagnostics_add (r->faults, number, "the columns of \"%.60s\" are separated by %s - expected commas", fields[0], strchr (fields[0], ';') != NULL ? "semicolons" : "tabs");
    return;
  }
  for (guint f = 0; f < r->n_fields; f++) {
    guint column = 0;
    while (column < N_COLUMNS && g_ascii_strcasecmp (fields[f], COLUMN[column]) != 0)
      column++;
    if (column == N_COLUMNS) {
      const char *near = hd_suggest (fields[f], COLUMN, N_COLUMNS);
      hd_diagnostics_add (r->faults, number, "column \"%.60s\"%s%s%s - expected layer, start, end and cycles in the first line", fields[f], near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
                          near != NULL ? "\"?" : "");
    } else if (r->place[column] >= 0)
      hd_diagnostics_add (r->faults, number, "a second column \"%s\"", COLUMN[column]);
    else
      r->place[column] = (int) f;
  }
  if (r->place[COLUMN_LAYER] < 0)
    hd_diagnostics_add (r->faults, number, "no column \"layer\" - expected it in the first line");
  if ((r->place[COLUMN_START] < 0) != (r->place[COLUMN_END] < 0) || (r->place[COLUMN_START] < 0 && r->place[COLUMN_CYCLES] < 0))
    hd_diagnostics_add (r->faults, number, "no times - expected the columns \"start\" and \"end\", or \"cycles\"");
}

/* --- rows ------------------------------------------------------------------------------------------------------ */

static double
read_number (Reader *r, char **fields, Column column, guint number)
{
  const char *text = fields[r->place[column]];
  char *end;
  double value = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && isfinite (value) && value >= 0 && value <= MAX_CYCLES && strpbrk (text, "xXpP") == NULL)
    return value;
  hd_diagnostics_add (r->faults, number, "%s is \"%.60s\" - expected a number of cycles from 0 to 1e18", COLUMN[column], text);
  return NAN;
}

/* Its time in the trace; FALSE after a fault. */
static gboolean
find_simulated (Reader *r, HdMeasuredRow *row)
{
  const HdView *view = &r->view;
  guint64 l = 0;
  if (g_str_equal (row->layer, WHOLE_RUN)) {
    row->simulated_end = view->cycles;
    return TRUE;
  }
  while (l < view->n_layers && !g_str_equal (view->layer_name[l], row->layer))
    l++;
  if (l == view->n_layers) {
    const char *near = hd_suggest (row->layer, view->layer_name, view->n_layers);
    hd_diagnostics_add (r->faults, row->line, "no layer of the trace is called \"%.60s\"%s%s%s", row->layer, near != NULL ? " - did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
    return FALSE;
  }
  if (r->nodes[l] == 0) {
    hd_diagnostics_add (r->faults, row->line, "layer \"%.60s\" did nothing in the trace - expected one that did", row->layer);
    return FALSE;
  }
  row->simulated_start = r->start[l];
  row->simulated_end = r->end[l];
  return TRUE;
}

static void
read_times (Reader *r, char **fields, HdMeasuredRow *row)
{
  gboolean told = r->place[COLUMN_CYCLES] >= 0;
  row->has_times = r->place[COLUMN_START] >= 0;
  row->cycles = told ? read_number (r, fields, COLUMN_CYCLES, row->line) : 0;
  if (!row->has_times)
    return;
  row->start = read_number (r, fields, COLUMN_START, row->line);
  row->end = read_number (r, fields, COLUMN_END, row->line);
  if (row->end < row->start)
    hd_diagnostics_add (r->faults, row->line, "layer \"%.60s\" ends before it starts", row->layer);
  if (told && fabs (row->end - row->start - row->cycles) > 1e-6 * MAX (1, row->cycles))
    hd_diagnostics_add (r->faults, row->line, "the cycles of layer \"%.60s\" are not the difference of its end and its start", row->layer);
  row->cycles = row->end - row->start;
}

static void
read_row (Reader *r, char **fields, guint number)
{
  HdMeasuredRow row = { .line = number, .error_percent = NAN };
  if (g_strv_length (fields) != r->n_fields) {
    hd_diagnostics_add (r->faults, number, "%u fields - expected %u, as in the first line", g_strv_length (fields), r->n_fields);
    return;
  }
  row.layer = g_strdup (fields[r->place[COLUMN_LAYER]]);
  read_times (r, fields, &row);
  if (g_hash_table_contains (r->seen, row.layer))
    hd_diagnostics_add (r->faults, number, "a second row of layer \"%.60s\"", row.layer);
  if (find_simulated (r, &row) && row.cycles > 0)
    row.error_percent = 100 * ((double) (row.simulated_end - row.simulated_start) - row.cycles) / row.cycles;
  g_array_append_val (r->rows, row);
  g_hash_table_add (r->seen, row.layer);
}

static void
read_line (Reader *r, char *line, guint number)
{
  gsize n = strlen (line);
  if (n > 0 && line[n - 1] == '\r')
    line[n - 1] = '\0';
  if (*line == '#' || line[strspn (line, " \t")] == '\0')
    return;
  g_auto (GStrv) fields = split_line (r, line, number);
  if (fields == NULL)
    return;
  if (r->n_fields == 0)
    read_head (r, fields, number);
  else
    read_row (r, fields, number);
}

/* Lines after a broken head would all be faults. */
static void
read_lines (Reader *r, char *text)
{
  guint number = 1;
  for (char *line = text, *next; line != NULL; line = next, number++) {
    next = strchr (line, '\n');
    if (next != NULL)
      *next++ = '\0';
    gboolean headless = r->n_fields == 0;
    read_line (r, line, number);
    if (hd_diagnostics_count (r->faults) >= HD_DIAGNOSTICS_MAX || (headless && hd_diagnostics_count (r->faults) > 0))
      return;
  }
  if (r->n_fields == 0)
    hd_diagnostics_add (r->faults, 1, "nothing in it - expected a first line with the columns, such as layer,start,end");
  else if (r->rows->len == 0 && hd_diagnostics_count (r->faults) == 0)
    hd_diagnostics_add (r->faults, number - 1, "no line behind the columns - expected one for each layer that was measured");
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

static char *
load_text (const char *path, GError **error)
{
  g_autoptr (GMappedFile) file = hd_file_map (path, error);
  if (file == NULL)
    return NULL;
  gsize length = g_mapped_file_get_length (file);
  if (length > HD_MEASURED_MAX_BYTES) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:1: has %" G_GSIZE_FORMAT " byte - expected at most %u", path, length, HD_MEASURED_MAX_BYTES);
    return NULL;
  }
  g_autofree char *text = g_strndup (length > 0 ? g_mapped_file_get_contents (file) : "", length);
  if (strlen (text) != length || !g_utf8_validate (text, -1, NULL)) {
    guint line = 1;
    const char *end;
    (void) g_utf8_validate (text, -1, &end);
    for (const char *p = text; p < end; p++)
      line += *p == '\n';
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%u: is no text in UTF-8", path, line);
    return NULL;
  }
  /* Spreadsheets put a byte order mark before the first line. */
  return g_str_has_prefix (text, "\xef\xbb\xbf") ? g_strdup (text + 3) : g_steal_pointer (&text);
}

static void
sum_up (HdMeasured *self, const HdView *view, const guint64 *nodes)
{
  guint n = 0, measured = 0;
  double sum = 0;
  self->worst = -1;
  for (guint i = 0; i < self->n_rows; i++) {
    const HdMeasuredRow *row = &self->row[i];
    if (g_str_equal (row->layer, WHOLE_RUN))
      continue;
    measured++;
    if (isnan (row->error_percent))
      continue;
    n++;
    sum += fabs (row->error_percent);
    if (self->worst < 0 || fabs (row->error_percent) > fabs (self->row[self->worst].error_percent))
      self->worst = (int) i;
  }
  self->mean_error_percent = n > 0 ? sum / n : NAN;
  for (guint64 l = 0; l < view->n_layers; l++)
    self->n_unmeasured += nodes[l] > 0;
  self->n_unmeasured -= measured;
}

static gboolean
load_layers (Reader *r, HdTrace *trace, GError **error)
{
  return _hd_view_load (&r->view, trace, error) && (r->nodes = _hd_view_u64 (&r->view, "/layers/nodes", r->view.n_layers, error)) != NULL
         && (r->start = _hd_view_u64 (&r->view, "/layers/start", r->view.n_layers, error)) != NULL && (r->end = _hd_view_u64 (&r->view, "/layers/end", r->view.n_layers, error)) != NULL;
}

HdMeasured *
hd_measured_load (const char *path, HdTrace *trace, GError **error)
{
  g_autoptr (HdDiagnostics) faults = hd_diagnostics_new (path);
  g_autoptr (HdMeasured) self = g_new0 (HdMeasured, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  Reader r = { .faults = faults, .place = { -1, -1, -1, -1 }, .seen = seen };
  g_autofree char *text = load_text (path, error);
  if (text == NULL || !load_layers (&r, trace, error))
    return NULL;
  r.rows = g_array_new (FALSE, FALSE, sizeof (HdMeasuredRow));
  read_lines (&r, text);
  self->file = g_strdup (path);
  self->title = g_strdup (r.view.title);
  self->n_rows = r.rows->len;
  self->row = (HdMeasuredRow *) (void *) g_array_free (r.rows, FALSE);
  if (!hd_diagnostics_check (faults, error))
    return NULL;
  sum_up (self, &r.view, r.nodes);
  return g_steal_pointer (&self);
}

void
hd_measured_free (HdMeasured *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_rows; i++)
    g_free (self->row[i].layer);
  g_free (self->row);
  g_free (self->file);
  g_free (self->title);
  g_free (self);
}
