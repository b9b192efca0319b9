/* A schedule made of many copies of a small one, in the same queues: hundreds of tasks, for what only shows when much is pending. */
#include "config.h"
#include "instances.h"

#include <string.h>

typedef struct {
  const HdSchedule *one;
  HdSchedule *many;
  guint copies;
  guint32 *piece_of;      /* [copy][piece of one]: its piece in many; residents are shared by all copies */
} Repeat;

static void
repeat_pieces (Repeat *self)
{
  const HdSchedule *one = self->one;
  HdSchedule *many = self->many;
  guint64 n_release = 0;
  gsize room = (gsize) self->copies * one->n_pieces + 1;
  many->piece_memory = g_new0 (HdMemoryId, room);
  many->piece_bits = g_new0 (guint64, room);
  many->piece_creator = g_new0 (HdTaskId, room);
  many->piece_tensor = g_new0 (guint32, room);
  many->piece_box_begin = g_new0 (guint64, room);
  many->piece_range = g_new0 (HdRange, 1);
  many->release_begin = g_new0 (guint64, room);
  many->release = g_new0 (HdTaskId, self->copies * one->release_begin[one->n_pieces] + 1);
  for (guint c = 0; c < self->copies; c++)
    for (guint p = 0; p < one->n_pieces; p++) {
      gboolean resident = one->piece_creator[p] == HD_NONE;
      guint32 id = self->piece_of[c * one->n_pieces + p] = resident && c > 0 ? self->piece_of[p] : many->n_pieces++;
      if (resident && c > 0)
        continue;
      many->piece_memory[id] = one->piece_memory[p];
      many->piece_bits[id] = one->piece_bits[p];
      many->piece_creator[id] = resident ? HD_NONE : one->piece_creator[p] + c * one->n_tasks;
      many->piece_tensor[id] = HD_NONE;
      for (guint64 i = one->release_begin[p]; i < one->release_begin[p + 1]; i++)
        many->release[n_release++] = one->release[i] + c * one->n_tasks;
      many->release_begin[id + 1] = n_release;
    }
}

static gpointer
repeat_column (const void *column, gsize size, gsize n, guint copies)
{
  char *repeated = g_malloc0 (size * n * copies + 1);
  for (guint c = 0; c < copies && n > 0; c++)
    memcpy (repeated + c * n * size, column, n * size);
  return repeated;
}

static void
repeat_tasks (Repeat *self)
{
  const HdSchedule *one = self->one;
  HdSchedule *many = self->many;
  guint n = one->n_tasks;
  guint64 n_use = 0, n_after = 0;
  many->n_tasks = n * self->copies;
  many->kind = repeat_column (one->kind, 1, n, self->copies);
  many->queue_of = repeat_column (one->queue_of, sizeof (HdQueueId), n, self->copies);
  many->what = repeat_column (one->what, sizeof (guint32), n, self->copies);
  many->bits = repeat_column (one->bits, sizeof (guint64), n, self->copies);
  many->layer = repeat_column (one->layer, sizeof (guint32), n, self->copies);
  many->node = repeat_column (one->node, sizeof (guint32), n, self->copies);
  many->weight_key = repeat_column (one->weight_key, sizeof (guint32), n, self->copies);
  many->priority = repeat_column (one->priority, sizeof (guint32), n, self->copies);
  many->use_begin = g_new0 (guint64, many->n_tasks + 1);
  many->use = g_new0 (HdPieceId, self->copies * one->use_begin[n] + 1);
  many->after_begin = g_new0 (guint64, many->n_tasks + 1);
  many->after = g_new0 (HdTaskId, self->copies * one->after_begin[n] + 1);
  for (guint c = 0; c < self->copies; c++)
    for (guint i = 0; i < n; i++) {
      for (guint64 k = one->use_begin[i]; k < one->use_begin[i + 1]; k++)
        many->use[n_use++] = self->piece_of[c * one->n_pieces + one->use[k]];
      for (guint64 k = one->after_begin[i]; k < one->after_begin[i + 1]; k++)
        many->after[n_after++] = one->after[k] + c * n;
      many->use_begin[c * n + i + 1] = n_use;
      many->after_begin[c * n + i + 1] = n_after;
    }
}

static void
repeat_queues (Repeat *self)
{
  const HdSchedule *one = self->one;
  HdSchedule *many = self->many;
  guint64 at = 0;
  many->n_queues = one->n_queues;
  many->queue = g_memdup2 (one->queue, one->n_queues * sizeof (HdQueue));
  many->queue_begin = g_new0 (guint64, one->n_queues + 1);
  many->queue_task = g_new0 (HdTaskId, many->n_tasks + 1);
  for (guint q = 0; q < one->n_queues; q++) {
    many->queue[q].name = g_strdup (one->queue[q].name);
    for (guint c = 0; c < self->copies; c++)
      for (guint64 k = one->queue_begin[q]; k < one->queue_begin[q + 1]; k++)
        many->queue_task[at++] = one->queue_task[k] + c * one->n_tasks;
    many->queue_begin[q + 1] = at;
  }
}

void
schedule_repeat (const HdSchedule *one, guint copies, HdSchedule *many)
{
  g_autofree guint32 *piece_of = g_new0 (guint32, (gsize) copies * one->n_pieces + 1);
  Repeat self = { one, many, copies, piece_of };
  *many = (HdSchedule) {
    .platform_name = g_strdup (one->platform_name), .platform_sha256 = g_strdup (""), .workload_xml = g_strdup (""), .mapping_xml = g_strdup (""), .pass = g_strdup ("repeated"),
    .n_routes = one->n_routes, .route = g_memdup2 (one->route, one->n_routes * sizeof (HdRoute)),
    .n_costs = one->n_costs, .cost = g_memdup2 (one->cost, one->n_costs * sizeof (HdTaskCost)),
  };
  for (guint r = 0; r < one->n_routes; r++)
    many->route[r].hop = g_memdup2 (one->route[r].hop, one->route[r].n_hops * sizeof (HdHop));
  repeat_pieces (&self);
  repeat_tasks (&self);
  repeat_queues (&self);
}
