/* Taking down a schedule call by call, in growing columns. Nothing is looked at here; finish.c sorts it out. */
#include "config.h"
#include "schedule/builder.h"

void
_hd_column_enlarge (HdColumn *self, gsize element)
{
  self->room = MAX (64, self->room * 2);
  self->data = g_realloc_n (self->data, self->room, element);
}

void *
_hd_column_steal (HdColumn *self, gsize element)
{
  /* Never NULL, so that empty columns need no special care. */
  void *data = g_realloc_n (self->data, MAX (1, self->n), element);
  *self = (HdColumn) { 0 };
  return data;
}

static void
clear_column (HdColumn *self)
{
  g_free (self->data);
  *self = (HdColumn) { 0 };
}

static void
clear_pairs (HdPairs *self)
{
  g_free (self->owner);
  g_free (self->value);
  *self = (HdPairs) { 0 };
}

static void
clear_rows (HdScheduleBuilder *self)
{
  void *arrays[] = { self->task.kind, self->task.queue_of, self->task.what, self->task.layer, self->task.node, self->task.weight_key, self->task.priority, self->task.bits,
                     self->piece.memory, self->piece.creator, self->piece.tensor, self->piece.bits, self->piece.box_begin };
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  self->task = (HdTaskRows) { 0 };
  self->piece = (HdPieceRows) { 0 };
}

static void
clear_tables (HdScheduleBuilder *self)
{
  for (gsize i = 0; i < self->layer_name.n; i++)
    g_free (HD_COLUMN_AT (&self->layer_name, char *, i));
  for (gsize i = 0; i < self->tensor_name.n; i++)
    g_free (HD_COLUMN_AT (&self->tensor_name, char *, i));
  for (gsize i = 0; i < self->queue.n; i++)
    g_free (HD_COLUMN_AT (&self->queue, HdQueue, i).name);
  for (gsize i = 0; i < self->queue_order.n; i++)
    clear_column (&HD_COLUMN_AT (&self->queue_order, HdColumn, i));
  for (gsize i = 0; i < self->route.n; i++)
    g_free (HD_COLUMN_AT (&self->route, HdRoute, i).hop);
  _hd_index_table_clear (&self->cost_index);
  _hd_index_table_clear (&self->route_index);
}

static void
clear (HdScheduleBuilder *self)
{
  clear_tables (self);
  g_hash_table_unref (self->layer_of);
  g_hash_table_unref (self->tensor_of);
  g_free (self->pass);
  g_free (self->workload_xml);
  g_free (self->mapping_xml);
  HdColumn *columns[] = { &self->layer_name, &self->tensor_name, &self->queue, &self->queue_order, &self->cost, &self->route, &self->range };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    clear_column (columns[i]);
  clear_rows (self);
  clear_pairs (&self->use);
  clear_pairs (&self->after);
  clear_pairs (&self->release);
}

static void
initialise (HdScheduleBuilder *self, const HdPlatform *platform)
{
  *self = (HdScheduleBuilder) { .platform = platform };
  self->layer_of = g_hash_table_new (g_str_hash, g_str_equal);
  self->tensor_of = g_hash_table_new (g_str_hash, g_str_equal);
}

HdScheduleBuilder *
hd_schedule_builder_new (const HdPlatform *platform)
{
  HdScheduleBuilder *self = g_new (HdScheduleBuilder, 1);
  initialise (self, platform);
  return self;
}

void
_hd_schedule_builder_reset (HdScheduleBuilder *self)
{
  clear (self);
  initialise (self, self->platform);
}

void
hd_schedule_builder_free (HdScheduleBuilder *self)
{
  if (self == NULL)
    return;
  clear (self);
  g_free (self);
}

/* --- room --------------------------------------------------------------------------------------- */

static void
make_room_for_tasks (HdTaskRows *self, gsize room)
{
  guint32 **words[] = { &self->queue_of, &self->what, &self->layer, &self->node, &self->weight_key };
  self->room = room;
  self->kind = g_renew (guint8, self->kind, room);
  self->bits = g_renew (guint64, self->bits, room);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    *words[i] = g_renew (guint32, *words[i], room);
  if (self->priority != NULL)
    self->priority = g_renew (guint32, self->priority, room);
}

static void
make_room_for_pieces (HdPieceRows *self, gsize room, gboolean draft)
{
  guint32 **words[] = { &self->memory, &self->creator, &self->tensor };
  gboolean first = self->box_begin == NULL;
  self->room = room;
  self->bits = g_renew (guint64, self->bits, room);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    *words[i] = g_renew (guint32, *words[i], room);
  if (draft)
    return;
  self->box_begin = g_renew (guint64, self->box_begin, room + 1);
  if (first)
    self->box_begin[0] = 0;
}

void
_hd_pairs_enlarge (HdPairs *self, gsize room)
{
  self->room = room;
  self->owner = g_renew (guint32, self->owner, room);
  self->value = g_renew (guint32, self->value, room);
}

void
hd_schedule_builder_expect (HdScheduleBuilder *self, gsize n)
{
  HdPairs *pairs[] = { &self->use, &self->after, &self->release };
  if (self->task.n > 0 || self->piece.n > 0 || n <= self->task.room)
    return;
  make_room_for_tasks (&self->task, n);
  make_room_for_pieces (&self->piece, n, self->draft);
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (pairs[i]->n == 0)
      _hd_pairs_enlarge (pairs[i], 2 * n);
  if (!self->draft) {
    self->range.data = g_renew (HdRange, self->range.data, 4 * n);
    self->range.room = 4 * n;
  }
}

/* --- tables ------------------------------------------------------------------------------------ */

void
hd_schedule_builder_set_source (HdScheduleBuilder *self, const char *pass, const char *workload_xml, const char *mapping_xml)
{
  g_free (self->pass);
  g_free (self->workload_xml);
  g_free (self->mapping_xml);
  self->pass = g_strdup (pass);
  self->workload_xml = g_strdup (workload_xml);
  self->mapping_xml = g_strdup (mapping_xml);
}

void
hd_schedule_builder_set_draft (HdScheduleBuilder *self, const char *pass)
{
  hd_schedule_builder_set_source (self, pass, "", "");
  self->draft = TRUE;
}

static guint32
intern (GHashTable *index_of, HdColumn *names, const char *name)
{
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (index_of, name));
  if (known > 0)
    return known - 1;
  char *copy = g_strdup (name);
  HD_COLUMN_PUSH (names, char *, copy);
  g_hash_table_insert (index_of, copy, GUINT_TO_POINTER ((guint) names->n));
  return (guint32) names->n - 1;
}

guint32 hd_schedule_builder_layer (HdScheduleBuilder *self, const char *name) { return intern (self->layer_of, &self->layer_name, name); }
guint32 hd_schedule_builder_tensor (HdScheduleBuilder *self, const char *name) { return intern (self->tensor_of, &self->tensor_name, name); }

HdQueueId
hd_schedule_builder_queue (HdScheduleBuilder *self, const HdQueue *queue)
{
  HdQueue copy = *queue;
  copy.name = g_strdup (queue->name);
  HD_COLUMN_PUSH (&self->queue, HdQueue, copy);
  HD_COLUMN_PUSH (&self->queue_order, HdColumn, ((HdColumn) { 0 }));
  return (HdQueueId) self->queue.n - 1;
}

static gboolean
cost_is (gconstpointer things, guint32 index, gconstpointer key)
{
  /* Five guint64: no padding to trip over. */
  return memcmp ((const HdTaskCost *) things + index, key, sizeof (HdTaskCost)) == 0;
}

static gboolean
route_is (gconstpointer things, guint32 index, gconstpointer key)
{
  return _hd_route_equal ((const HdRoute *) things + index, key);
}

guint32
hd_schedule_builder_cost (HdScheduleBuilder *self, const HdTaskCost *cost)
{
  guint32 next = (guint32) self->cost.n;
  guint32 index = _hd_index_table_add (&self->cost_index, _hd_cost_hash (cost), self->cost.data, cost, cost_is, next);
  if (index == next)
    HD_COLUMN_PUSH (&self->cost, HdTaskCost, *cost);
  return index;
}

guint32
hd_schedule_builder_route (HdScheduleBuilder *self, const HdRoute *route)
{
  guint32 next = (guint32) self->route.n;
  guint32 index = _hd_index_table_add (&self->route_index, _hd_route_hash (route), self->route.data, route, route_is, next);
  if (index < next)
    return index;
  HdRoute copy = *route;
  copy.hop = g_memdup2 (route->hop, sizeof (HdHop) * route->n_hops);
  HD_COLUMN_PUSH (&self->route, HdRoute, copy);
  return index;
}

/* --- tasks -------------------------------------------------------------------------------------- */

static HdTaskId
add_task (HdScheduleBuilder *self, HdTaskKind kind, HdQueueId queue, guint32 what, guint64 bits, guint32 layer, guint32 node, guint32 weight_key)
{
  HdTaskRows *task = &self->task;
  gsize t = task->n;
  if (G_UNLIKELY (t == task->room))
    make_room_for_tasks (task, MAX (64, 2 * task->room));
  task->n++;
  task->kind[t] = (guint8) kind;
  task->queue_of[t] = queue;
  task->what[t] = what;
  task->bits[t] = bits;
  task->layer[t] = layer;
  task->node[t] = node;
  task->weight_key[t] = weight_key;
  if (G_UNLIKELY (task->priority != NULL))
    task->priority[t] = 0;
  return (HdTaskId) t;
}

HdTaskId
hd_schedule_builder_compute (HdScheduleBuilder *self, HdQueueId queue, guint32 what, guint32 layer, guint32 node, guint32 weight_key)
{
  return add_task (self, HD_TASK_COMPUTE, queue, what, 0, layer, node, weight_key);
}

HdTaskId
hd_schedule_builder_transfer (HdScheduleBuilder *self, HdQueueId queue, guint32 what, guint64 bits, guint32 layer, guint32 node)
{
  return add_task (self, HD_TASK_TRANSFER, queue, what, bits, layer, node, 0);
}

void
hd_schedule_builder_priority (HdScheduleBuilder *self, HdTaskId task, guint32 priority)
{
  g_return_if_fail (task < self->task.n);
  if (self->task.priority == NULL)
    self->task.priority = g_new0 (guint32, self->task.room);
  self->task.priority[task] = priority;
}

/* --- pieces ------------------------------------------------------------------------------------- */

static HdPieceId
add_piece (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, guint32 tensor)
{
  HdPieceRows *piece = &self->piece;
  if (G_UNLIKELY (piece->n == piece->room))
    make_room_for_pieces (piece, MAX (64, 2 * piece->room), self->draft);
  gsize p = piece->n++;
  piece->memory[p] = memory;
  piece->bits[p] = bits;
  piece->creator[p] = creator;
  piece->tensor[p] = tensor;
  if (!self->draft)
    piece->box_begin[p + 1] = self->range.n;
  return (HdPieceId) p;
}

HdPieceId
hd_schedule_builder_piece (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, guint32 tensor, const HdBox *box)
{
  for (guint d = 0; box != NULL && d < box->n && !self->draft; d++)
    HD_COLUMN_PUSH (&self->range, HdRange, box->range[d]);
  return add_piece (self, memory, bits, creator, tensor);
}

HdPieceId
hd_schedule_builder_piece_like (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, HdPieceId like)
{
  g_return_val_if_fail (like < self->piece.n, HD_NONE);
  if (!self->draft)
    for (guint64 i = self->piece.box_begin[like]; i < self->piece.box_begin[like + 1]; i++) {
      HdRange range = HD_COLUMN_AT (&self->range, HdRange, i);
      HD_COLUMN_PUSH (&self->range, HdRange, range);
    }
  return add_piece (self, memory, bits, creator, self->piece.tensor[like]);
}

void hd_schedule_builder_use (HdScheduleBuilder *self, HdTaskId task, HdPieceId piece) { _hd_pairs_push (&self->use, task, piece); }
void hd_schedule_builder_after (HdScheduleBuilder *self, HdTaskId task, HdTaskId earlier) { _hd_pairs_push (&self->after, task, earlier); }
void hd_schedule_builder_release (HdScheduleBuilder *self, HdPieceId piece, HdTaskId after) { _hd_pairs_push (&self->release, piece, after); }

void
hd_schedule_builder_release_after_last_use (HdScheduleBuilder *self)
{
  gsize n_pieces = self->piece.n;
  g_autofree guint8 *has_release = g_malloc0 (MAX (1, n_pieces));
  for (gsize i = 0; i < self->release.n; i++)
    if (self->release.owner[i] < n_pieces)
      has_release[self->release.owner[i]] = 1;
  for (gsize i = 0; i < self->use.n; i++) {
    guint32 piece = self->use.value[i];
    if (piece < n_pieces && !has_release[piece])
      _hd_pairs_push (&self->release, piece, self->use.owner[i]);
  }
}

void
_hd_schedule_builder_queue_tasks (HdScheduleBuilder *self, HdQueueId queue, const HdTaskId *tasks, gsize n)
{
  HdColumn *order = &HD_COLUMN_AT (&self->queue_order, HdColumn, queue);
  order->n = 0;
  for (gsize i = 0; i < n; i++)
    HD_COLUMN_PUSH (order, HdTaskId, tasks[i]);
}
