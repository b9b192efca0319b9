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
  clear_column (&self->owner);
  clear_column (&self->value);
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
  HdColumn *columns[] = { &self->layer_name, &self->tensor_name, &self->queue, &self->queue_order, &self->cost, &self->route, &self->kind, &self->queue_of, &self->what, &self->bits, &self->layer,
                          &self->node, &self->weight_key, &self->priority, &self->memory, &self->piece_bits, &self->creator, &self->tensor, &self->box_begin, &self->range };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    clear_column (columns[i]);
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
  HD_COLUMN_PUSH (&self->box_begin, guint64, 0);
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

static void
reserve (HdColumn *self, gsize n, gsize element)
{
  if (self->n > 0 || n <= self->room)
    return;
  self->data = g_realloc_n (self->data, n, element);
  self->room = n;
}

void
hd_schedule_builder_expect (HdScheduleBuilder *self, gsize n)
{
  HdColumn *words[] = { &self->queue_of, &self->what, &self->layer, &self->node, &self->weight_key, &self->priority, &self->memory, &self->creator, &self->tensor };
  HdColumn *pairs[] = { &self->use.owner, &self->use.value, &self->after.owner, &self->after.value, &self->release.owner, &self->release.value };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    reserve (words[i], n, sizeof (guint32));
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    reserve (pairs[i], 2 * n, sizeof (guint32));
  reserve (&self->kind, n, sizeof (guint8));
  reserve (&self->bits, n, sizeof (guint64));
  reserve (&self->piece_bits, n, sizeof (guint64));
  reserve (&self->range, 4 * n, sizeof (HdRange));
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
  HD_COLUMN_PUSH (&self->kind, guint8, (guint8) kind);
  HD_COLUMN_PUSH (&self->queue_of, guint32, queue);
  HD_COLUMN_PUSH (&self->what, guint32, what);
  HD_COLUMN_PUSH (&self->bits, guint64, bits);
  HD_COLUMN_PUSH (&self->layer, guint32, layer);
  HD_COLUMN_PUSH (&self->node, guint32, node);
  HD_COLUMN_PUSH (&self->weight_key, guint32, weight_key);
  HD_COLUMN_PUSH (&self->priority, guint32, 0);
  return (HdTaskId) (self->kind.n - 1);
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
  g_return_if_fail (task < self->priority.n);
  HD_COLUMN_AT (&self->priority, guint32, task) = priority;
}

/* --- pieces ------------------------------------------------------------------------------------- */

static HdPieceId
add_piece (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, guint32 tensor)
{
  HD_COLUMN_PUSH (&self->memory, guint32, memory);
  HD_COLUMN_PUSH (&self->piece_bits, guint64, bits);
  HD_COLUMN_PUSH (&self->creator, guint32, creator);
  HD_COLUMN_PUSH (&self->tensor, guint32, tensor);
  return (HdPieceId) (self->memory.n - 1);
}

HdPieceId
hd_schedule_builder_piece (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, guint32 tensor, const HdBox *box)
{
  for (guint d = 0; box != NULL && d < box->n && !self->draft; d++)
    HD_COLUMN_PUSH (&self->range, HdRange, box->range[d]);
  HD_COLUMN_PUSH (&self->box_begin, guint64, self->range.n);
  return add_piece (self, memory, bits, creator, tensor);
}

HdPieceId
hd_schedule_builder_piece_like (HdScheduleBuilder *self, HdMemoryId memory, guint64 bits, HdTaskId creator, HdPieceId piece)
{
  g_return_val_if_fail (piece < self->memory.n, HD_NONE);
  guint64 begin = HD_COLUMN_AT (&self->box_begin, guint64, piece), end = HD_COLUMN_AT (&self->box_begin, guint64, piece + 1);
  for (guint64 i = begin; i < end; i++) {
    HdRange range = HD_COLUMN_AT (&self->range, HdRange, i);
    HD_COLUMN_PUSH (&self->range, HdRange, range);
  }
  HD_COLUMN_PUSH (&self->box_begin, guint64, self->range.n);
  return add_piece (self, memory, bits, creator, HD_COLUMN_AT (&self->tensor, guint32, piece));
}

static void
push_pair (HdPairs *pairs, guint32 owner, guint32 value)
{
  HD_COLUMN_PUSH (&pairs->owner, guint32, owner);
  HD_COLUMN_PUSH (&pairs->value, guint32, value);
}

void hd_schedule_builder_use (HdScheduleBuilder *self, HdTaskId task, HdPieceId piece) { push_pair (&self->use, task, piece); }
void hd_schedule_builder_after (HdScheduleBuilder *self, HdTaskId task, HdTaskId earlier) { push_pair (&self->after, task, earlier); }
void hd_schedule_builder_release (HdScheduleBuilder *self, HdPieceId piece, HdTaskId after) { push_pair (&self->release, piece, after); }

void
hd_schedule_builder_release_after_last_use (HdScheduleBuilder *self)
{
  gsize n_pieces = self->memory.n;
  g_autofree guint8 *has_release = g_malloc0 (MAX (1, n_pieces));
  for (gsize i = 0; i < self->release.owner.n; i++)
    if (HD_COLUMN_AT (&self->release.owner, guint32, i) < n_pieces)
      has_release[HD_COLUMN_AT (&self->release.owner, guint32, i)] = 1;
  for (gsize i = 0; i < self->use.owner.n; i++) {
    guint32 piece = HD_COLUMN_AT (&self->use.value, guint32, i);
    if (piece < n_pieces && !has_release[piece])
      push_pair (&self->release, piece, HD_COLUMN_AT (&self->use.owner, guint32, i));
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
