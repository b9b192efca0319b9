/* Back-to-back inferences: what the first one took, and at what pace the others came.
 *
 * A task belongs to the inference of its layer. An inference begins with its first compute and ends with its last task: its outputs are in DRAM then. They stand here in the order of their ends. Steady is the mean distance
 * of the ends after the first, which had to fetch the weights (cold); what the later ones read from DRAM tells how far they found them on the chip (warm). A pass that works on several at once makes the first late and the
 * ends close to each other: the whole run's length by their number tells more then.
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

/* [cycle] */
static double
steady_cycles (const Inference *each, guint n)
{
  return n > 1 ? (double) (each[n - 1].end - each[0].end) / (n - 1) : 0;
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
append_per_second (const HdView *view, double steady, GString *out)
{
  if (view->clock_hz == 0 || steady <= 0)
    return;
  g_string_append (out, " (");
  hd_append_double (out, "%.4g", (double) view->clock_hz / steady);
  g_string_append (out, " a second)");
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
  double steady = steady_cycles (each, n);
  g_autofree char *pace = hd_count_for_people ((guint64) (steady + 0.5));
  g_autofree char *first = hd_count_for_people (each[0].end), *cold = hd_bits_for_people (each[0].loaded_bits), *warm = hd_bits_for_people (mean_loaded_later (each, n));
  g_autofree char *mean = hd_count_for_people (view->cycles / n);
  g_string_append_printf (out, "inferences: %u back to back; the first took %s cycles, then one comes every %s", n, first, pace);
  append_per_second (view, steady, out);
  g_string_append_printf (out, ", over all one for every %s", mean);
  g_string_append_printf (out, "; from DRAM the first read %s (cold weights), a later one %s\n", cold, warm);
}

void
_hd_inferences_json (const HdView *view, HdJson *json)
{
  g_autofree Inference *each = view->n_inferences > 1 ? collect (view) : NULL;
  guint n = each != NULL ? count_complete (view, each) : 0;
  double steady = n > 1 ? steady_cycles (each, n) : 0;
  if (n < 2) {
    hd_json_null (json, "inferences");
    return;
  }
  hd_json_open_object (json, "inferences");
  hd_json_u64 (json, "count", n);
  hd_json_u64 (json, "first_cycles", each[0].end);
  hd_json_double (json, "steady_cycles", steady);
  hd_json_double (json, "mean_cycles", (double) view->cycles / n);
  hd_json_double (json, "per_second", view->clock_hz > 0 && steady > 0 ? (double) view->clock_hz / steady : 0);
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
