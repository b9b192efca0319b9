/* Waits of the cores: found as the gaps between a core's computes, told one by one (the longest) and added up by what was waited for. */
#include "config.h"
#include "report/waits.h"

#include <heddle/units.h>

#include <stdlib.h>
#include <string.h>

/* --- finding them ------------------------------------------------------------------------------------- */

static int
compare_waits (const void *a, const void *b)
{
  const HdWait *x = a, *y = b;
  if (x->length != y->length)
    return x->length > y->length ? -1 : 1;
  return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->task < y->task ? -1 : x->task > y->task);
}

/* After a deadlock a core waits for its next compute to the end: for the first by id of those that never started. */
static void
add_endless (const HdView *view, guint32 only, const guint64 *busy_until, GArray *waits)
{
  g_autofree guint8 *seen = g_new0 (guint8, view->n_cores + 1);
  for (guint64 t = 0; t < view->n_tasks; t++) {
    guint32 core = view->core[t];
    if (view->kind[t] != HD_TRACE_COMPUTE || view->start[t] != VIEW_NEVER || seen[core] || (only != VIEW_NONE && core != only))
      continue;
    seen[core] = 1;
    if (view->cycles > busy_until[core])
      g_array_append_vals (waits, &(HdWait) { busy_until[core], view->cycles - busy_until[core], (guint32) t }, 1);
  }
}

GArray *
_hd_waits_find (const HdView *view, guint32 only)
{
  guint64 n;
  g_autofree guint32 *order = _hd_view_by_start (view, &n);
  g_autofree guint64 *busy_until = g_new0 (guint64, view->n_cores + 1);
  GArray *waits = g_array_new (FALSE, FALSE, sizeof (HdWait));
  for (guint64 i = 0; i < n; i++) {
    guint32 t = order[i], core = view->core[t];
    if (view->kind[t] != HD_TRACE_COMPUTE || (only != VIEW_NONE && core != only))
      continue;
    if (view->start[t] > busy_until[core])
      g_array_append_vals (waits, &(HdWait) { busy_until[core], view->start[t] - busy_until[core], t }, 1);
    if (view->end[t] != VIEW_NEVER)
      busy_until[core] = MAX (busy_until[core], view->end[t]);
  }
  add_endless (view, only, busy_until, waits);
  if (waits->len > 1)
    qsort (waits->data, waits->len, sizeof (HdWait), compare_waits);
  return waits;
}

/* --- added up, in words --------------------------------------------------------------------------------- */

enum { NEVER_STARTED = 100, REASONS_TOLD = 3 };

/* Waits that read the same in words are one reason: a layer, or a tensor on its way to a memory, however many tasks that took. */
typedef struct {
  guint32 core;
  guint32 kind;         /* HdWaitKind, or NEVER_STARTED */
  guint32 cause_kind;   /* HdTraceTaskKind; VIEW_NONE: no cause */
  guint32 what, where;  /* layer and core, or tensor and destination */
  guint64 cycles;
} Reason;

static Reason
reason_of (const HdView *view, const HdWait *wait)
{
  guint32 t = wait->task, cause = view->wait_cause[t];
  Reason reason = { view->core[t], view->wait_kind[t], VIEW_NONE, VIEW_NONE, VIEW_NONE, wait->length };
  if (view->start[t] == VIEW_NEVER) {
    reason.kind = NEVER_STARTED;
    reason.what = view->layer[t];
  } else if (cause != VIEW_NONE) {
    gboolean compute = view->kind[cause] == HD_TRACE_COMPUTE;
    reason.cause_kind = view->kind[cause];
    reason.what = compute ? view->layer[cause] : view->tensor[cause];
    reason.where = compute ? view->core[cause] : view->destination[cause];
  }
  return reason;
}

static int
compare_keys (const void *a, const void *b)
{
  const Reason *x = a, *y = b;
  const guint32 p[] = { x->core, x->kind, x->cause_kind, x->what, x->where }, q[] = { y->core, y->kind, y->cause_kind, y->what, y->where };
  for (guint i = 0; i < G_N_ELEMENTS (p); i++)
    if (p[i] != q[i])
      return p[i] < q[i] ? -1 : 1;
  return 0;
}

static int
compare_reasons (const void *a, const void *b)
{
  const Reason *x = a, *y = b;
  if (x->core != y->core)
    return x->core < y->core ? -1 : 1;
  if (x->cycles != y->cycles)
    return x->cycles > y->cycles ? -1 : 1;
  return compare_keys (a, b);
}

/* By core, the weightiest first. */
static GArray *
find_reasons (const HdView *view, guint32 only)
{
  g_autoptr (GArray) waits = _hd_waits_find (view, only);
  GArray *reasons = g_array_new (FALSE, FALSE, sizeof (Reason));
  for (guint i = 0; i < waits->len; i++) {
    Reason reason = reason_of (view, &g_array_index (waits, HdWait, i));
    g_array_append_val (reasons, reason);
  }
  if (reasons->len > 1)
    qsort (reasons->data, reasons->len, sizeof (Reason), compare_keys);
  guint n = 0;
  for (guint i = 0; i < reasons->len; i++) {
    Reason *last = n > 0 ? &g_array_index (reasons, Reason, n - 1) : NULL, *next = &g_array_index (reasons, Reason, i);
    if (last != NULL && compare_keys (last, next) == 0)
      last->cycles += next->cycles;
    else
      g_array_index (reasons, Reason, n++) = *next;
  }
  g_array_set_size (reasons, n);
  if (reasons->len > 1)
    qsort (reasons->data, reasons->len, sizeof (Reason), compare_reasons);
  return reasons;
}

static const char *
name_or (const char *const *names, guint32 index, const char *other)
{
  return index != VIEW_NONE ? names[index] : other;
}

/* "for conv1.weight to arrive in l1-weights", "for space, until conv3 on core1 was done". */
static void
append_reason (const HdView *view, const Reason *reason, GString *out)
{
  static const char *const BEFORE[] = { "", "", "space, until ", "its turn, until ", "a grant, until " };
  gboolean input = reason->kind == HD_WAIT_INPUT;
  g_autofree char *cycles = hd_count_for_people (reason->cycles);
  g_string_append_printf (out, "%s for ", cycles);
  if (reason->kind == NEVER_STARTED)
    g_string_append_printf (out, "a node of %s, which never started", name_or (view->layer_name, reason->what, "no layer"));
  else if (reason->cause_kind == VIEW_NONE)
    g_string_append (out, reason->kind == HD_WAIT_SPACE ? "space" : input ? "input" : "its turn");
  else if (reason->cause_kind == HD_TRACE_COMPUTE)
    g_string_append_printf (out, "%s%s on %s%s", BEFORE[reason->kind], name_or (view->layer_name, reason->what, "a node"), view->core_name[reason->where], input ? "" : " had ended");
  else
    g_string_append_printf (out, "%s%s %s in %s", BEFORE[reason->kind], name_or (view->tensor_name, reason->what, "a transfer"), input ? "to arrive" : "had arrived",
                            name_or (view->memory_name, reason->where, "its memory"));
}

/* One core's line; @n reasons of it. */
static void
append_core (const HdView *view, guint64 core, const Reason *reasons, guint n, GString *out)
{
  guint64 waited = view->state[HD_STATE_WAIT_INPUT][core] + view->state[HD_STATE_WAIT_SPACE][core] + view->state[HD_STATE_WAIT_TURN][core], told = 0;
  g_autofree char *all = hd_count_for_people (waited);
  if (waited == 0) {
    g_string_append_printf (out, "%s %s\n", view->core_name[core], view->state[HD_STATE_COMPUTE][core] > 0 ? "never waited" : "had nothing to do");
    return;
  }
  g_string_append_printf (out, "%s waited %s cycles", view->core_name[core], all);
  for (guint i = 0; i < MIN (n, REASONS_TOLD); i++) {
    g_string_append (out, i == 0 ? ": " : ", ");
    append_reason (view, &reasons[i], out);
    told += reasons[i].cycles;
  }
  if (told < waited) {
    g_autofree char *rest = hd_count_for_people (waited - told);
    if (n > REASONS_TOLD)
      g_string_append_printf (out, ", %s for others", rest);
    else
      g_string_append_printf (out, "%s %s while its own transfers were made", n > 0 ? "," : ":", rest);
  }
  g_string_append_c (out, '\n');
}

void
_hd_waits_append_words (const HdView *view, guint32 only, GString *out)
{
  g_autoptr (GArray) all = find_reasons (view, only);
  const Reason *reasons = (const Reason *) (void *) all->data;
  guint i = 0;
  for (guint64 c = 0; c < view->n_cores; c++) {
    guint n = 0;
    while (i + n < all->len && reasons[i + n].core == c)
      n++;
    if (only == VIEW_NONE || c == only)
      append_core (view, c, n > 0 ? &reasons[i] : NULL, n, out);
    i += n;
  }
}

/* --- one by one ------------------------------------------------------------------------------------------ */

static const char *
wait_word (guint8 kind)
{
  static const char *const WORD[] = { "nothing", "input", "space", "its turn", "a grant" };
  return WORD[kind];
}

static void
append_cause (const HdView *view, guint32 task, GString *out)
{
  guint32 cause = view->wait_cause[task];
  if (cause == VIEW_NONE)
    return;
  g_autofree char *what = _hd_view_task_name (view, cause);
  g_string_append_printf (out, ": %s", what);
}

static void
append_wait (const HdView *view, const HdWait *wait, GString *out)
{
  guint32 t = wait->task, cause = view->wait_cause[t];
  g_autofree char *length = hd_count_for_people (wait->length), *from = hd_count_for_people (wait->from), *name = _hd_view_task_name (view, t);
  g_string_append_printf (out, "%14s cycles from %s: %s, before %s, ", length, from, view->core_name[view->core[t]], name);
  if (view->start[t] == VIEW_NEVER) {
    g_string_append (out, "which never started\n");
    return;
  }
  g_string_append_printf (out, "waited for %s", wait_word (view->wait_kind[t]));
  append_cause (view, t, out);
  if (cause != VIEW_NONE && view->wait_cause[cause] != VIEW_NONE) {
    g_string_append_printf (out, ", which waited for %s", wait_word (view->wait_kind[cause]));
    append_cause (view, cause, out);
  }
  g_string_append_c (out, '\n');
}

void
_hd_waits_append_longest (const HdView *view, guint32 only, guint most, GString *out)
{
  g_autoptr (GArray) waits = _hd_waits_find (view, only);
  g_string_append (out, waits->len > 0 ? "\nlongest waits of a core for its next node\n" : "\nno core ever waited between two nodes\n");
  for (guint i = 0; i < MIN (waits->len, most); i++)
    append_wait (view, &g_array_index (waits, HdWait, i), out);
}

void
_hd_waits_json (const HdView *view, guint32 only, guint most, HdJson *json)
{
  g_autoptr (GArray) waits = _hd_waits_find (view, only);
  hd_json_open_array (json, "waits");
  for (guint i = 0; i < MIN (waits->len, most); i++) {
    const HdWait *wait = &g_array_index (waits, HdWait, i);
    g_autofree char *name = _hd_view_task_name (view, wait->task);
    guint32 cause = view->wait_cause[wait->task];
    hd_json_open_object (json, NULL);
    hd_json_string (json, "core", view->core_name[view->core[wait->task]]);
    hd_json_u64 (json, "from", wait->from);
    hd_json_u64 (json, "cycles", wait->length);
    hd_json_u64 (json, "task", wait->task);
    hd_json_string (json, "before", name);
    hd_json_boolean (json, "started", view->start[wait->task] != VIEW_NEVER);
    hd_json_string (json, "for", wait_word (view->wait_kind[wait->task]));
    if (cause != VIEW_NONE) {
      g_autofree char *what = _hd_view_task_name (view, cause);
      hd_json_u64 (json, "cause_task", cause);
      hd_json_string (json, "cause", what);
    }
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}
