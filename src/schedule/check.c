/* The legality check: is a schedule, or a run of it, what doc/engine.md allows? Every violation is told in words. */
#include "config.h"
#include "schedule/check.h"

#include <stdlib.h>

/* --- names ---------------------------------------------------------------------------------------- */

const char *
_hd_check_task_name (const HdCheck *check, HdTaskId task)
{
  const HdSchedule *s = check->s;
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, "%s %u", s->kind[task] == HD_TASK_COMPUTE ? "compute" : "transfer", task);
  if (s->layer[task] != HD_NONE)
    g_string_append_printf (text, " (%.60s%s)", s->layer_name[s->layer[task]], s->kind[task] == HD_TASK_COMPUTE ? "" : ", moved");
  return g_string_chunk_insert (check->names, text->str);
}

const char *
_hd_check_piece_name (const HdCheck *check, HdPieceId piece)
{
  const HdSchedule *s = check->s;
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, "piece %u (", piece);
  if (s->piece_tensor[piece] != HD_NONE)
    g_string_append_printf (text, "%.60s", s->tensor_name[s->piece_tensor[piece]]);
  for (guint64 i = s->piece_box_begin[piece]; i < s->piece_box_begin[piece + 1]; i++)
    g_string_append_printf (text, " %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, s->piece_range[i].from, s->piece_range[i].to);
  g_string_append_printf (text, "%sin %s)", s->piece_tensor[piece] != HD_NONE ? " " : "", check->platform->memory[s->piece_memory[piece]].id);
  return g_string_chunk_insert (check->names, text->str);
}

/* --- what all rules need --------------------------------------------------------------------------- */

static int
compare_u64 (const void *a, const void *b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;
  return (x > y) - (x < y);
}

void
_hd_sort_u64 (guint64 *values, gsize n)
{
  for (gsize i = 1; i < n; i++)
    if (values[i - 1] > values[i]) {
      qsort (values, n, sizeof *values, compare_u64);
      return;
    }
}

static void
find_places (HdCheck *check)
{
  const HdSchedule *s = check->s;
  check->place = g_new (guint32, MAX (1, s->n_tasks));
  for (guint q = 0; q < s->n_queues; q++)
    for (guint64 i = s->queue_begin[q]; i < s->queue_begin[q + 1]; i++)
      check->place[s->queue_task[i]] = (guint32) (i - s->queue_begin[q]);
}

static void
find_users (HdCheck *check)
{
  const HdSchedule *s = check->s;
  guint64 n_uses = s->use_begin[s->n_tasks];
  check->user_begin = g_new0 (guint64, (gsize) s->n_pieces + 2);
  check->user = g_new (HdTaskId, MAX (1, n_uses));
  /* Counted one place further on, so that filling moves each row's begin to where it belongs. */
  for (guint64 i = 0; i < n_uses; i++)
    check->user_begin[s->use[i] + 2]++;
  for (gsize p = 2; p < (gsize) s->n_pieces + 2; p++)
    check->user_begin[p] += check->user_begin[p - 1];
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    for (guint64 i = s->use_begin[t]; i < s->use_begin[t + 1]; i++)
      check->user[check->user_begin[s->use[i] + 1]++] = t;
}

static void
begin (HdCheck *check, const HdSchedule *s, const HdPlatform *platform, HdFaults *faults)
{
  *check = (HdCheck) { .s = s, .platform = platform, .faults = faults, .names = g_string_chunk_new (1024) };
  _hd_faults_init (faults, NULL);
  find_places (check);
  find_users (check);
}

static gboolean
finish (HdCheck *check, GError **error)
{
  g_string_chunk_free (check->names);
  g_free (check->place);
  g_free (check->next_begin);
  g_free (check->next);
  g_free (check->rank);
  g_free (check->user_begin);
  g_free (check->user);
  return _hd_faults_finish (check->faults, HD_ERROR_NEGATIVE, error);
}

gboolean
hd_schedule_check (const HdSchedule *self, const HdPlatform *platform, GError **error)
{
  HdCheck check;
  HdFaults faults;
  begin (&check, self, platform, &faults);
  _hd_check_order (&check);
  _hd_check_tasks (&check);
  _hd_check_pieces (&check);
  _hd_check_life (&check);
  _hd_check_space (&check);
  return finish (&check, error);
}

/* Every task once, each with all its moments: without that nothing else can be asked. */
static gboolean
is_complete (const HdCheck *check, const HdTaskTimes *times)
{
  const HdSchedule *s = check->s;
  guint64 before = check->faults->n;
  if (times->n_tasks != s->n_tasks) {
    HD_VIOLATION (check, "the run has %" G_GUINT64_FORMAT " tasks - expected each of the schedule's %u once", times->n_tasks, s->n_tasks);
    return FALSE;
  }
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    if (MAX (MAX (times->ready[t], times->issue[t]), MAX (times->start[t], times->end[t])) == G_MAXUINT64)
      HD_VIOLATION (check, "%s never %s", _hd_check_task_name (check, t), times->issue[t] == G_MAXUINT64 ? "began" : "ended");
  return check->faults->n == before;
}

gboolean
hd_schedule_check_times (const HdSchedule *self, const HdPlatform *platform, const HdTaskTimes *times, GError **error)
{
  HdCheck check;
  HdFaults faults;
  begin (&check, self, platform, &faults);
  if (is_complete (&check, times)) {
    _hd_check_times (&check, times);
    _hd_check_times_routes (&check, times);
    _hd_check_times_space (&check, times);
  }
  return finish (&check, error);
}
