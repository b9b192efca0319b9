/* Comparing two traces field by field. */
#include "config.h"
#include "compare.h"

#include <string.h>

#define LU G_GUINT64_FORMAT

static char *
differ_words (const char *what, guint index, const guint64 *a, const guint64 *b, guint64 n)
{
  if (a == NULL || b == NULL)
    return NULL;
  for (guint64 i = 0; i < n; i++)
    if (a[i] != b[i])
      return g_strdup_printf ("%s of %u at %" LU ": %" LU " and %" LU, what, index, i, a[i], b[i]);
  return NULL;
}

static char *
differ_one (const char *what, guint64 a, guint64 b)
{
  return a != b ? g_strdup_printf ("%s: %" LU " and %" LU, what, a, b) : NULL;
}

static char *
differ_number (const char *what, double a, double b)
{
  return memcmp (&a, &b, sizeof a) != 0 ? g_strdup_printf ("%s: %.17g and %.17g", what, a, b) : NULL;
}

static char *
differ_tasks (const Trace *a, const Trace *b)
{
  for (guint i = 0; i < a->n_tasks; i++) {
    const guint64 *columns[][2] = { { a->ready, b->ready }, { a->issue, b->issue }, { a->start, b->start }, { a->end, b->end } };
    static const char *const names[] = { "ready", "issue", "start", "end" };
    for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
      if (columns[c][0][i] != columns[c][1][i])
        return g_strdup_printf ("%s of task %u: %" LU " and %" LU, names[c], i, columns[c][0][i], columns[c][1][i]);
  }
  for (guint i = 0; i < a->n_tasks; i++) {
    if (a->wait_kind[i] != b->wait_kind[i])
      return g_strdup_printf ("wait kind of task %u: %u and %u", i, a->wait_kind[i], b->wait_kind[i]);
    if (a->wait_cause[i] != b->wait_cause[i])
      return g_strdup_printf ("wait cause of task %u: %d and %d", i, (int) a->wait_cause[i], (int) b->wait_cause[i]);
  }
  return NULL;
}

static char *
differ_series (const Trace *a, const Trace *b)
{
  char *difference = NULL;
  for (guint i = 0; difference == NULL && i < a->n_cores; i++)
    difference = differ_words ("state", i, a->state[i], b->state[i], a->cycles);
  for (guint i = 0; difference == NULL && i < a->n_resources; i++)
    difference = differ_words ("bits per cycle", i, a->bits[i], b->bits[i], a->cycles);
  for (guint i = 0; difference == NULL && i < a->n_memories; i++)
    difference = differ_words ("occupancy", i, a->occupancy[i], b->occupancy[i], a->cycles);
  return difference != NULL ? difference : differ_words ("power", 0, a->power, b->power, a->cycles);
}

static char *
differ_counters (const Trace *a, const Trace *b)
{
  char *difference = NULL;
  for (guint i = 0; difference == NULL && i < a->n_cores; i++)
    difference = differ_words ("cycles by state", i, a->state_cycles[i], b->state_cycles[i], HD_N_STATES);
  if (difference == NULL)
    difference = differ_words ("memory peaks", 0, a->memory_peak, b->memory_peak, a->n_memories);
  if (difference == NULL)
    difference = differ_words ("resources' busy cycles", 0, a->resource_busy, b->resource_busy, a->n_resources);
  return difference != NULL ? difference : differ_words ("resources' bits", 0, a->resource_bits, b->resource_bits, a->n_resources);
}

static char *
differ_totals (const Trace *a, const Trace *b)
{
  char *difference = differ_one ("DRAM bits read", a->dram_read_bits, b->dram_read_bits);
  if (difference == NULL)
    difference = differ_one ("DRAM bits written", a->dram_write_bits, b->dram_write_bits);
  if (difference == NULL)
    difference = differ_number ("compute energy", a->compute_pj, b->compute_pj);
  if (difference == NULL)
    difference = differ_number ("transfer energy", a->transfer_pj, b->transfer_pj);
  if (difference == NULL)
    difference = differ_number ("static energy", a->static_pj, b->static_pj);
  return difference != NULL ? difference : differ_number ("energy", a->energy_pj, b->energy_pj);
}

char *
compare_traces (const Trace *a, const Trace *b)
{
  char *difference = differ_tasks (a, b);
  if (difference == NULL)
    difference = differ_one ("deadlock", (guint64) a->deadlock, (guint64) b->deadlock);
  if (difference == NULL)
    difference = differ_one ("tasks ended", a->tasks, b->tasks);
  if (difference == NULL)
    difference = differ_one ("makespan", a->cycles, b->cycles);
  if (difference == NULL)
    difference = differ_counters (a, b);
  if (difference == NULL)
    difference = differ_totals (a, b);
  return difference != NULL ? difference : differ_series (a, b);
}

/* --- side by side --------------------------------------------------------------------------------------------- */

static const char *
moment (guint64 t, char *buffer, gsize size)
{
  if (t == NEVER)
    return "-";
  g_snprintf (buffer, (gulong) size, "%" LU, t);
  return buffer;
}

static void
append_task (GString *text, const Trace *t, guint i)
{
  static const char *const kinds[] = { "none", "input", "space", "turn", "grant" };
  char buffer[4][24];
  g_string_append_printf (text, "%5s %5s %5s %5s %5s %3d", moment (t->ready[i], buffer[0], 24), moment (t->issue[i], buffer[1], 24), moment (t->start[i], buffer[2], 24),
                          moment (t->end[i], buffer[3], 24), t->wait_kind[i] < 5 ? kinds[t->wait_kind[i]] : "?", (int) t->wait_cause[i]);
}

static void
append_cycle (GString *text, const Trace *t, guint64 cycle)
{
  if (cycle >= t->cycles || t->power == NULL)
    return;
  g_string_append (text, "states");
  for (guint i = 0; i < t->n_cores; i++)
    g_string_append_printf (text, " %" LU, t->state[i][cycle]);
  g_string_append (text, " bits");
  for (guint i = 0; i < t->n_resources; i++)
    g_string_append_printf (text, " %" LU, t->bits[i] != NULL ? t->bits[i][cycle] : 0);
  g_string_append (text, " occupancy");
  for (guint i = 0; i < t->n_memories; i++)
    g_string_append_printf (text, " %" LU, t->occupancy[i][cycle]);
  g_string_append_printf (text, " power %" LU, t->power[cycle]);
}

/* The first cycle in which a series differs; else the smallest moment of a task that does. */
static guint64
first_different_cycle (const Trace *a, const Trace *b)
{
  guint64 first = MIN (a->cycles, b->cycles);
  for (guint i = 0; i < a->n_tasks; i++) {
    const guint64 *columns[][2] = { { a->ready, b->ready }, { a->issue, b->issue }, { a->start, b->start }, { a->end, b->end } };
    for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
      if (columns[c][0][i] != columns[c][1][i])
        first = MIN (first, MIN (columns[c][0][i], columns[c][1][i]));
  }
  for (guint64 t = 0; t < first; t++) {
    g_autoptr (GString) at_a = g_string_new (NULL), at_b = g_string_new (NULL);
    append_cycle (at_a, a, t);
    append_cycle (at_b, b, t);
    if (!g_string_equal (at_a, at_b))
      return t;
  }
  return first;
}

char *
compare_side_by_side (const Trace *a, const Trace *b, const char *name_a, const char *name_b)
{
  GString *text = g_string_new (NULL);
  guint64 first = first_different_cycle (a, b);
  g_string_append_printf (text, "task  %-34s | %s\n      ready issue start   end  wait for   | ready issue start   end  wait for\n", name_a, name_b);
  for (guint i = 0; i < a->n_tasks; i++) {
    g_string_append_printf (text, "%4u ", i);
    append_task (text, a, i);
    g_string_append (text, " | ");
    append_task (text, b, i);
    g_string_append_c (text, '\n');
  }
  for (guint64 t = first > 3 ? first - 3 : 0; t < first + 4 && t < MAX (a->cycles, b->cycles); t++) {
    g_string_append_printf (text, "cycle %" LU "\n  %-9s ", t, name_a);
    append_cycle (text, a, t);
    g_string_append_printf (text, "\n  %-9s ", name_b);
    append_cycle (text, b, t);
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}
