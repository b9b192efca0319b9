/* From a builder's columns to a schedule: what is said in any order is sorted into rows, queues are numbered by name, costs and routes by their first use.
 *
 * That numbering makes equal content equal bytes: nothing of the order in which a pass interned its costs is left.
 */
#include "config.h"
#include "schedule/builder.h"

#include <stdlib.h>

/* --- rows -------------------------------------------------------------------------------------- */

static gboolean
owners_exist (const HdPairs *pairs, gsize n, const char *owner, const char *relation, HdFaults *faults)
{
  const guint32 *id = pairs->owner;
  for (gsize i = 0; i < pairs->n; i++)
    if (id[i] >= n) {
      _hd_faults_add (faults, (HdPlace) { "/", HD_ABOUT_ALL, 0 }, "%s of %s %u: there is no such %s - expected less than %" G_GSIZE_FORMAT, relation, owner, id[i], owner, n);
      return FALSE;
    }
  return TRUE;
}

static guint64 *
count_owners (const guint32 *owner, gsize n_pairs, gsize n_rows, gboolean *ascending)
{
  guint64 *begin = g_new0 (guint64, n_rows + 1);
  *ascending = TRUE;
  for (gsize i = 0; i < n_pairs; i++) {
    begin[owner[i] + 1]++;
    if (i > 0 && owner[i] < owner[i - 1])
      *ascending = FALSE;
  }
  for (gsize r = 0; r < n_rows; r++)
    begin[r + 1] += begin[r];
  return begin;
}

/* Stable: within a row, values stand in the order in which they were said. */
static guint32 *
scatter (const guint32 *owner, const guint32 *value, gsize n_pairs, const guint64 *begin, gsize n_rows)
{
  guint32 *sorted = g_new (guint32, MAX (1, n_pairs));
  g_autofree guint64 *next = g_memdup2 (begin, sizeof (guint64) * (n_rows + 1));
  for (gsize i = 0; i < n_pairs; i++)
    sorted[next[owner[i]]++] = value[i];
  return sorted;
}

static int
compare_ids (const void *a, const void *b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  return (x > y) - (x < y);
}

static gboolean
ascends (const guint32 *row, gsize n)
{
  for (gsize i = 1; i < n; i++)
    if (row[i] < row[i - 1])
      return FALSE;
  return TRUE;
}

static void
sort_ids (guint32 *row, gsize n)
{
  if (n > 16 && ascends (row, n))
    return;
  if (n > 48) {
    qsort (row, n, sizeof *row, compare_ids);
    return;
  }
  for (gsize i = 1; i < n; i++) {
    guint32 moving = row[i];
    gsize at = i;
    for (; at > 0 && row[at - 1] > moving; at--)
      row[at] = row[at - 1];
    row[at] = moving;
  }
}

/* Sorts each row and drops what stands twice. Returns the number of values left. */
static guint64
tidy_rows (guint64 *begin, guint32 *value, gsize n_rows)
{
  guint64 kept = 0, from = 0;
  for (gsize r = 0; r < n_rows; r++) {
    guint64 to = begin[r + 1], row = kept;
    sort_ids (value + from, to - from);
    for (guint64 i = from; i < to; i++)
      if (kept == row || value[kept - 1] != value[i])
        value[kept++] = value[i];
    begin[r] = row;
    from = to;
  }
  begin[n_rows] = kept;
  return kept;
}

/* Rows of the pairs, which are empty afterwards. */
static void
make_rows (HdPairs *pairs, gsize n_rows, guint64 **begin, guint32 **values)
{
  gsize n = pairs->n;
  gboolean ascending;
  *begin = count_owners (pairs->owner, n, n_rows, &ascending);
  if (ascending)
    *values = g_steal_pointer (&pairs->value);
  else
    *values = scatter (pairs->owner, pairs->value, n, *begin, n_rows);
  g_clear_pointer (&pairs->owner, g_free);
  g_clear_pointer (&pairs->value, g_free);
  pairs->n = pairs->room = 0;
  guint64 kept = tidy_rows (*begin, *values, n_rows);
  if (kept < n || ascending)
    *values = g_renew (guint32, *values, MAX (1, kept));
}

/* --- tables ------------------------------------------------------------------------------------ */

static int
compare_queue_names (gconstpointer a, gconstpointer b, gpointer data)
{
  const HdQueue *queue = data;
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  int by_name = strcmp (queue[x].name, queue[y].name);
  return by_name != 0 ? by_name : (x > y) - (x < y);
}

/* Returns (transfer full): handle -> number by name; the queues and their orders are moved there. */
static guint32 *
sort_queues (HdScheduleBuilder *self, HdSchedule *schedule)
{
  guint n = (guint) self->queue.n;
  g_autofree guint32 *sorted = g_new (guint32, MAX (1, n));
  g_autofree HdColumn *order = g_new0 (HdColumn, MAX (1, n));
  guint32 *number = g_new (guint32, MAX (1, n));
  for (guint i = 0; i < n; i++)
    sorted[i] = i;
  g_qsort_with_data (sorted, (int) n, sizeof *sorted, compare_queue_names, self->queue.data);
  schedule->n_queues = n;
  schedule->queue = g_new (HdQueue, MAX (1, n));
  for (guint i = 0; i < n; i++) {
    number[sorted[i]] = i;
    schedule->queue[i] = HD_COLUMN_AT (&self->queue, HdQueue, sorted[i]);
    order[i] = HD_COLUMN_AT (&self->queue_order, HdColumn, sorted[i]);
  }
  if (n > 0)
    memcpy (self->queue_order.data, order, sizeof (HdColumn) * n);
  self->queue.n = 0;
  return number;
}

/* Numbers what tasks of @kind name by first use; what none names goes. Returns (transfer full): new index -> old. */
static guint32 *
number_by_first_use (HdSchedule *schedule, guint8 kind, gsize n, guint *n_used, const char *noun, HdFaults *faults)
{
  g_autofree guint32 *number = g_new (guint32, MAX (1, n));
  guint32 *old_of = g_new (guint32, MAX (1, n));
  memset (number, 0xff, sizeof *number * n);
  *n_used = 0;
  for (guint32 t = 0; t < schedule->n_tasks; t++) {
    guint32 old = schedule->what[t];
    if (schedule->kind[t] != kind)
      continue;
    if (old >= n) {
      _hd_faults_add (faults, (HdPlace) { "/", HD_ABOUT_TASK, t }, "task %u: %s %u does not exist - there are %" G_GSIZE_FORMAT, t, noun, old, n);
      continue;
    }
    if (number[old] == HD_NONE) {
      number[old] = *n_used;
      old_of[(*n_used)++] = old;
    }
    schedule->what[t] = number[old];
  }
  return old_of;
}

static void
take_costs_and_routes (HdScheduleBuilder *self, HdSchedule *schedule, HdFaults *faults)
{
  g_autofree guint32 *cost = number_by_first_use (schedule, HD_TASK_COMPUTE, self->cost.n, &schedule->n_costs, "cost", faults);
  g_autofree guint32 *route = number_by_first_use (schedule, HD_TASK_TRANSFER, self->route.n, &schedule->n_routes, "route", faults);
  schedule->cost = g_new (HdTaskCost, MAX (1, schedule->n_costs));
  for (guint i = 0; i < schedule->n_costs; i++)
    schedule->cost[i] = HD_COLUMN_AT (&self->cost, HdTaskCost, cost[i]);
  schedule->route = g_new (HdRoute, MAX (1, schedule->n_routes));
  for (guint i = 0; i < schedule->n_routes; i++) {
    HdRoute *taken = &HD_COLUMN_AT (&self->route, HdRoute, route[i]);
    schedule->route[i] = *taken;
    taken->hop = NULL;
  }
}

static char **
take_names (HdColumn *names, guint *n)
{
  *n = (guint) names->n;
  return _hd_column_steal (names, sizeof (char *));
}

/* --- tasks, queues, pieces ------------------------------------------------------------------------ */

/* Cut to its size; never NULL, so that empty columns need no special care. */
static void *
cut (void *column, gsize n, gsize element)
{
  return g_realloc_n (column, MAX (1, n), element);
}

static void
take_tasks (HdScheduleBuilder *self, HdSchedule *schedule)
{
  HdTaskRows task = self->task;
  self->task = (HdTaskRows) { 0 };
  schedule->n_tasks = (guint32) task.n;
  schedule->kind = cut (task.kind, task.n, sizeof (guint8));
  schedule->queue_of = cut (task.queue_of, task.n, sizeof (guint32));
  schedule->what = cut (task.what, task.n, sizeof (guint32));
  schedule->bits = cut (task.bits, task.n, sizeof (guint64));
  schedule->layer = cut (task.layer, task.n, sizeof (guint32));
  schedule->node = cut (task.node, task.n, sizeof (guint32));
  schedule->weight_key = cut (task.weight_key, task.n, sizeof (guint32));
  schedule->priority = task.priority != NULL ? cut (task.priority, task.n, sizeof (guint32)) : g_new0 (guint32, MAX (1, task.n));
}

static gboolean
number_queues (HdSchedule *schedule, const guint32 *number, HdFaults *faults)
{
  for (guint32 t = 0; t < schedule->n_tasks; t++) {
    if (schedule->queue_of[t] >= schedule->n_queues) {
      _hd_faults_add (faults, (HdPlace) { "/", HD_ABOUT_TASK, t }, "task %u: queue %u does not exist - there are %u", t, schedule->queue_of[t], schedule->n_queues);
      return FALSE;
    }
    schedule->queue_of[t] = number[schedule->queue_of[t]];
  }
  return TRUE;
}

static void
fill_queues (HdScheduleBuilder *self, HdSchedule *schedule, HdFaults *faults)
{
  gboolean ascending;
  schedule->queue_begin = count_owners (schedule->queue_of, schedule->n_tasks, schedule->n_queues, &ascending);
  g_autofree guint64 *next = g_memdup2 (schedule->queue_begin, sizeof (guint64) * (schedule->n_queues + 1));
  schedule->queue_task = g_new (HdTaskId, MAX (1, schedule->n_tasks));
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    schedule->queue_task[next[schedule->queue_of[t]]++] = t;
  for (guint q = 0; q < schedule->n_queues; q++) {
    const HdColumn *order = &HD_COLUMN_AT (&self->queue_order, HdColumn, q);
    guint64 n = schedule->queue_begin[q + 1] - schedule->queue_begin[q];
    if (order->n > 0 && order->n != n)
      _hd_faults_add (faults, (HdPlace) { "/", HD_ABOUT_QUEUE, q }, "queue \"%s\": %" G_GSIZE_FORMAT " tasks are listed - expected the %" G_GUINT64_FORMAT " that name it", schedule->queue[q].name, order->n, n);
    else if (order->n > 0)
      memcpy (schedule->queue_task + schedule->queue_begin[q], order->data, sizeof (HdTaskId) * n);
  }
}

static void
take_pieces (HdScheduleBuilder *self, HdSchedule *schedule)
{
  HdPieceRows piece = self->piece;
  self->piece = (HdPieceRows) { 0 };
  schedule->n_pieces = (guint32) piece.n;
  schedule->piece_memory = cut (piece.memory, piece.n, sizeof (guint32));
  schedule->piece_bits = cut (piece.bits, piece.n, sizeof (guint64));
  schedule->piece_creator = cut (piece.creator, piece.n, sizeof (guint32));
  schedule->piece_tensor = cut (piece.tensor, piece.n, sizeof (guint32));
  if (self->draft || piece.box_begin == NULL) {
    g_free (piece.box_begin);
    schedule->piece_box_begin = g_new0 (guint64, piece.n + 1);
    self->range.n = 0;
  } else {
    schedule->piece_box_begin = cut (piece.box_begin, piece.n + 1, sizeof (guint64));
  }
  schedule->piece_range = _hd_column_steal (&self->range, sizeof (HdRange));
}

static void
take_source (HdScheduleBuilder *self, HdSchedule *schedule)
{
  schedule->platform_name = g_strdup (self->platform->name);
  schedule->platform_sha256 = self->draft ? g_strdup ("") : hd_platform_sha256 (self->platform);
  schedule->workload_xml = self->workload_xml != NULL ? g_steal_pointer (&self->workload_xml) : g_strdup ("");
  schedule->mapping_xml = self->mapping_xml != NULL ? g_steal_pointer (&self->mapping_xml) : g_strdup ("");
  schedule->pass = self->pass != NULL ? g_steal_pointer (&self->pass) : g_strdup ("");
  schedule->layer_name = take_names (&self->layer_name, &schedule->n_layers);
  schedule->tensor_name = take_names (&self->tensor_name, &schedule->n_tensors);
}

static gboolean
counts_fit (const HdScheduleBuilder *self, HdFaults *faults)
{
  if (self->task.n >= HD_NONE || self->piece.n >= HD_NONE)
    _hd_faults_add (faults, (HdPlace) { "/", HD_ABOUT_ALL, 0 }, "%" G_GSIZE_FORMAT " tasks and %" G_GSIZE_FORMAT " pieces - expected less than %u of each", self->task.n, self->piece.n, HD_NONE);
  return faults->n == 0 && owners_exist (&self->use, self->task.n, "task", "a use", faults)
         && owners_exist (&self->after, self->task.n, "task", "an order dependency", faults)
         && owners_exist (&self->release, self->piece.n, "piece", "a release", faults);
}

static void
assemble (HdScheduleBuilder *self, HdSchedule *schedule, HdFaults *faults)
{
  take_source (self, schedule);
  take_tasks (self, schedule);
  take_pieces (self, schedule);
  make_rows (&self->use, schedule->n_tasks, &schedule->use_begin, &schedule->use);
  make_rows (&self->after, schedule->n_tasks, &schedule->after_begin, &schedule->after);
  make_rows (&self->release, schedule->n_pieces, &schedule->release_begin, &schedule->release);
  take_costs_and_routes (self, schedule, faults);
  g_autofree guint32 *number = sort_queues (self, schedule);
  if (number_queues (schedule, number, faults))
    fill_queues (self, schedule, faults);
}

HdSchedule *
_hd_schedule_builder_assemble (HdScheduleBuilder *self, HdFaults *faults)
{
  HdSchedule *schedule = NULL;
  if (counts_fit (self, faults)) {
    schedule = _hd_schedule_new ();
    assemble (self, schedule, faults);
  }
  _hd_schedule_builder_reset (self);
  if (faults->n > 0)
    g_clear_pointer (&schedule, hd_schedule_unref);
  return schedule;
}

HdSchedule *
hd_schedule_builder_finish (HdScheduleBuilder *self, GError **error)
{
  HdFaults faults;
  const HdPlatform *platform = self->platform;
  gboolean draft = self->draft;
  _hd_faults_init (&faults, NULL);
  g_autoptr (HdSchedule) schedule = _hd_schedule_builder_assemble (self, &faults);
  if (schedule != NULL && !draft)
    _hd_schedule_diagnose (schedule, platform, &faults);
  if (!_hd_faults_finish (&faults, HD_ERROR_NEGATIVE, error))
    return NULL;
  return g_steal_pointer (&schedule);
}

/* --- other ids -------------------------------------------------------------------------------------- */

/* Returns (transfer full): row i of the column as row id[i]. Takes the column. */
static void *
permute (void *column, gsize n, gsize element, const guint32 *id)
{
  char *moved = g_malloc_n (MAX (1, n), element);
  for (gsize i = 0; i < n; i++)
    memcpy (moved + id[i] * element, (char *) column + i * element, element);
  g_free (column);
  return moved;
}

static void
permute_boxes (HdScheduleBuilder *self, const guint32 *piece_id)
{
  gsize n = self->piece.n;
  const guint64 *old = self->piece.box_begin;
  const HdRange *range = self->range.data;
  guint64 *begin = g_new0 (guint64, n + 1);
  HdRange *moved = g_new (HdRange, MAX (1, self->range.n));
  for (gsize i = 0; i < n; i++)
    begin[piece_id[i] + 1] = old[i + 1] - old[i];
  for (gsize i = 0; i < n; i++)
    begin[i + 1] += begin[i];
  for (gsize i = 0; i < n; i++)
    for (guint64 d = 0; d < old[i + 1] - old[i]; d++)
      moved[begin[piece_id[i]] + d] = range[old[i] + d];
  g_free (self->piece.box_begin);
  g_free (self->range.data);
  self->piece.box_begin = begin;
  self->range = (HdColumn) { moved, self->range.n, MAX (1, self->range.n) };
}

void
_hd_schedule_builder_renumber (HdScheduleBuilder *self, const guint32 *task_id, const guint32 *piece_id)
{
  HdTaskRows *task = &self->task;
  HdPieceRows *piece = &self->piece;
  guint32 **words[] = { &task->queue_of, &task->what, &task->layer, &task->node, &task->weight_key };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    *words[i] = permute (*words[i], task->n, sizeof (guint32), task_id);
  if (task->priority != NULL)
    task->priority = permute (task->priority, task->n, sizeof (guint32), task_id);
  task->kind = permute (task->kind, task->n, sizeof (guint8), task_id);
  task->bits = permute (task->bits, task->n, sizeof (guint64), task_id);
  task->room = MAX (1, task->n);
  if (piece->n == 0)
    return;
  permute_boxes (self, piece_id);
  piece->memory = permute (piece->memory, piece->n, sizeof (guint32), piece_id);
  piece->bits = permute (piece->bits, piece->n, sizeof (guint64), piece_id);
  piece->creator = permute (piece->creator, piece->n, sizeof (guint32), piece_id);
  piece->tensor = permute (piece->tensor, piece->n, sizeof (guint32), piece_id);
  piece->room = piece->n;
}
