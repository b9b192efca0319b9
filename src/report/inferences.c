/* Back-to-back inferences: what the first one took, and at what pace the others came.
 *
 * A task belongs to the inference of its layer. An inference begins with its first compute and ends with its last task: its outputs are in DRAM then. They stand here in the order of their ends. What the first read from DRAM
 * has the weights in it (cold); what the later ones read tells how far they found them on the chip (warm).
 *
 * The steady pace is the mean distance of the ends in the middle half of the inferences, where the first one's cold weights and the empty machine behind the last count no more. No pace can be kept that is faster than a core works
 * for one inference. Where the ends are closer than that, the pass has worked on all inferences at once (priority `throughput`), and the distance of their ends says nothing: then the pace is the whole run's length by
 * their number, that of one batch behind the other.
 */
#include "config.h"
#include "report/inferences.h"

#include <heddle/units.h>

#include <stdlib.h>

typedef struct {
  guint64 begin, end;         /* [cycle]; begin VIEW_NEVER: it never began */
  guint64 loaded_bits;        /* from DRAM, for its nodes [bit] */
} Inference;

static void
add_task (const HdView *view, guint64 t, Inference *inference)
{
  inference->end = MAX (inference->end, view->end[t]);
  if (view->kind[t] == HD_TRACE_COMPUTE)
    inference->begin = MIN (inference->begin, view->start[t]);
  else if (view->source[t] != VIEW_NONE && view->dram[view->source[t]])
    inference->loaded_bits += view->bits[t];
}

static int
compare_ends (const void *a, const void *b)
{
  const Inference *x = a, *y = b;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static Inference *
collect (const HdView *view)
{
  Inference *each = g_new0 (Inference, view->n_inferences);
  for (guint i = 0; i < view->n_inferences; i++)
    each[i].begin = VIEW_NEVER;
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (view->layer[t] != VIEW_NONE && view->end[t] != VIEW_NEVER)
      add_task (view, t, &each[(guint64) view->layer[t] * view->n_inferences / view->n_layers]);
  qsort (each, view->n_inferences, sizeof *each, compare_ends);
  return each;
}

/* A run that stopped in a deadlock can have left some out. */
static guint
count_complete (const HdView *view, const Inference *each)
{
  guint n = 0;
  while (n < view->n_inferences && each[n].begin != VIEW_NEVER)
    n++;
  return view->deadlock ? 0 : n;
}

/* At what pace they come. */
typedef struct {
  double cycles;              /* from one to the next [cycle] */
  gboolean together;          /* all were worked on at once: cycles is the whole run's length by their number */
  guint64 core;               /* that works longest for a later inference */
  double core_cycles;         /* so long [cycle] */
} Pace;

/* How little short of a core's work for an inference the distance of ends may be: not every inference loads weights as often as the others. */
#define TOLERANCE 0.98

/* The core that works longest for the inferences after the first, which may have to load its weights. */
static void
find_busiest_core (const HdView *view, guint n, Pace *pace)
{
  g_autofree guint64 *work = g_new0 (guint64, view->n_cores + 1);
  guint64 n_first = view->n_layers / view->n_inferences;
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (view->kind[t] == HD_TRACE_COMPUTE && view->layer[t] != VIEW_NONE && view->layer[t] >= n_first && view->end[t] != VIEW_NEVER)
      work[view->core[t]] += view->end[t] - view->start[t];
  for (guint64 c = 0; c < view->n_cores; c++)
    if (work[c] > work[pace->core])
      pace->core = c;
  pace->core_cycles = (double) work[pace->core] / (n - 1);
}

static Pace
find_pace (const HdView *view, const Inference *each, guint n)
{
  Pace pace = { 0 };
  guint first = n / 4, last = n - 1 - n / 4;
  find_busiest_core (view, n, &pace);
  pace.cycles = (double) (each[last].end - each[first].end) / (last - first);
  pace.together = pace.cycles < TOLERANCE * pace.core_cycles;
  if (pace.together)
    pace.cycles = (double) view->cycles / n;
  else
    pace.cycles = MAX (pace.cycles, pace.core_cycles);
  return pace;
}

static guint64
mean_loaded_later (const Inference *each, guint n)
{
  guint64 sum = 0;
  for (guint i = 1; i < n; i++)
    sum += each[i].loaded_bits;
  return n > 1 ? sum / (n - 1) : 0;
}

static void
append_per_second (const HdView *view, double cycles, GString *out)
{
  if (view->clock_hz == 0 || cycles <= 0)
    return;
  double rate = (double) view->clock_hz / cycles;
  g_autofree char *many = rate >= 1000 ? hd_count_for_people ((guint64) (rate + 0.5)) : NULL;
  g_string_append (out, " (");
  if (many != NULL)
    g_string_append (out, many);
  else
    hd_append_double (out, "%.4g", rate);
  g_string_append (out, " a second)");
}

static void
append_pace (const HdView *view, const Inference *each, guint n, const Pace *pace, GString *out)
{
  g_autofree char *first = hd_count_for_people (each[0].end), *every = hd_count_for_people ((guint64) (pace->cycles + 0.5)), *all = hd_count_for_people (view->cycles);
  g_autofree char *mean = hd_count_for_people (view->cycles / n), *work = hd_count_for_people ((guint64) (pace->core_cycles + 0.5));
  if (pace->together)
    g_string_append_printf (out, "inferences: %u at once; the first took %s cycles, all of them %s, one for every %s", n, first, all, every);
  else
    g_string_append_printf (out, "inferences: %u back to back; the first took %s cycles, then one comes every %s", n, first, every);
  append_per_second (view, pace->cycles, out);
  if (!pace->together)
    g_string_append_printf (out, ", over all one for every %s", mean);
  if (pace->core_cycles > 0)
    g_string_append_printf (out, "; %s works %s for each", view->core_name[pace->core], work);
}

void
_hd_inferences_text (const HdView *view, GString *out)
{
  if (view->n_inferences < 2)
    return;
  g_autofree Inference *each = collect (view);
  guint n = count_complete (view, each);
  if (n < 2)
    return;
  Pace pace = find_pace (view, each, n);
  g_autofree char *cold = hd_bits_for_people (each[0].loaded_bits), *warm = hd_bits_for_people (mean_loaded_later (each, n));
  append_pace (view, each, n, &pace, out);
  g_string_append_printf (out, "; from DRAM the first read %s (cold weights), a later one %s\n", cold, warm);
}

void
_hd_inferences_json (const HdView *view, HdJson *json)
{
  g_autofree Inference *each = view->n_inferences > 1 ? collect (view) : NULL;
  guint n = each != NULL ? count_complete (view, each) : 0;
  if (n < 2) {
    hd_json_null (json, "inferences");
    return;
  }
  Pace pace = find_pace (view, each, n);
  hd_json_open_object (json, "inferences");
  hd_json_u64 (json, "count", n);
  hd_json_u64 (json, "first_cycles", each[0].end);
  hd_json_boolean (json, "together", pace.together);
  hd_json_double (json, "steady_cycles", pace.cycles);
  hd_json_double (json, "mean_cycles", (double) view->cycles / n);
  hd_json_double (json, "per_second", view->clock_hz > 0 && pace.cycles > 0 ? (double) view->clock_hz / pace.cycles : 0);
  hd_json_string (json, "busiest_core", view->n_cores > 0 ? view->core_name[pace.core] : "");
  hd_json_double (json, "busiest_core_cycles", pace.core_cycles);
  hd_json_u64 (json, "cold_dram_read_bits", each[0].loaded_bits);
  hd_json_u64 (json, "warm_dram_read_bits", mean_loaded_later (each, n));
  hd_json_open_array (json, "each");
  for (guint i = 0; i < n; i++) {
    hd_json_open_object (json, NULL);
    hd_json_u64 (json, "begin", each[i].begin);
    hd_json_u64 (json, "end", each[i].end);
    hd_json_u64 (json, "dram_read_bits", each[i].loaded_bits);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
  hd_json_close_object (json);
}
