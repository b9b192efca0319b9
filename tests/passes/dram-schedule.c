/* The converter: a complete DRAM schedule becomes a heddle schedule that leaves the engine no choice. */
#include "passes/dram-schedule.h"

#include <stdlib.h>
#include <string.h>

void
dram_case_free (DramCase *self)
{
  if (self == NULL)
    return;
  for (guint p = 0; p < self->tiles->len; p++)
    g_array_unref (g_array_index (self->tiles, DramTile, p).needs);
  g_array_unref (self->tiles);
  g_array_unref (self->tensors);
  g_free (self);
}

/* --- reading ---------------------------------------------------------------------------------------- */

static char **
read_lines (const char *folder, const char *name, const char *end)
{
  g_autofree char *file = g_strconcat (name, end, NULL), *path = g_build_filename (folder, file, NULL), *text = NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? g_strsplit (g_strstrip (text), "\n", -1) : NULL;
}

static gint64
field (char **fields, char **head, const char *name)
{
  for (guint i = 0; head[i] != NULL; i++)
    if (g_str_equal (head[i], name))
      return g_ascii_strtoll (fields[i], NULL, 10);
  g_error ("no column %s", name);
}

static const char *
text_field (char **fields, char **head, const char *name)
{
  for (guint i = 0; head[i] != NULL; i++)
    if (g_str_equal (head[i], name))
      return fields[i];
  g_error ("no column %s", name);
}

static void
read_tensor (DramCase *self, char **fields, char **head)
{
  const char *kind = text_field (fields, head, "kind");
  DramTensor tensor = { .kind = g_str_equal (kind, "OFM_DRAM") ? TENSOR_STORE : g_str_equal (kind, "OFM_LOCAL") ? TENSOR_LOCAL : TENSOR_LOAD };
  tensor.bytes = (guint64) field (fields, head, "bytes");
  tensor.start = (int) field (fields, head, "start_pos");
  tensor.end = (int) field (fields, head, "end_pos");
  tensor.producer = (int) field (fields, head, "producer_pos");
  tensor.dram_order = (int) field (fields, head, "dram_order");
  tensor.dram_start = (guint64) field (fields, head, "dram_start");
  g_array_append_val (self->tensors, tensor);
}

static void
read_tile (DramCase *self, char **fields, char **head)
{
  DramTile tile = { .needs = g_array_new (FALSE, FALSE, sizeof (guint)) };
  g_auto (GStrv) needs = g_strsplit (text_field (fields, head, "needs"), ";", -1);
  for (char **need = needs; *need != NULL; need++)
    if (**need != '\0') {
      guint tensor = (guint) atoi (*need);
      g_array_append_val (tile.needs, tensor);
    }
  tile.cycles = (guint64) field (fields, head, "cycles");
  tile.start = (guint64) field (fields, head, "start");
  tile.end = (guint64) field (fields, head, "end");
  g_array_append_val (self->tiles, tile);
}

static void
read_rows (DramCase *self, char **lines, void (*read) (DramCase *, char **, char **))
{
  g_auto (GStrv) head = g_strsplit (g_strstrip (lines[0]), ",", -1);
  for (char **line = lines + 1; *line != NULL; line++) {
    g_auto (GStrv) fields = g_strsplit (g_strstrip (*line), ",", -1);
    read (self, fields, head);
  }
}

static guint64
meta (char **lines, const char *key)
{
  gsize n = strlen (key);
  for (char **line = lines; *line != NULL; line++)
    if (strncmp (*line, key, n) == 0 && (*line)[n] == ' ')
      return g_ascii_strtoull (*line + n, NULL, 10);
  g_error ("no %s", key);
}

DramCase *
dram_case_load (const char *folder, const char *name)
{
  g_auto (GStrv) tensors = read_lines (folder, name, "_tensors.csv"), tiles = read_lines (folder, name, "_tiles.csv"), facts = read_lines (folder, name, "_meta.txt");
  if (tensors == NULL || tiles == NULL || facts == NULL)
    return NULL;
  DramCase *self = g_new0 (DramCase, 1);
  self->tensors = g_array_new (FALSE, FALSE, sizeof (DramTensor));
  self->tiles = g_array_new (FALSE, FALSE, sizeof (DramTile));
  read_rows (self, tensors, read_tensor);
  read_rows (self, tiles, read_tile);
  self->bytes_per_cycle = meta (facts, "dram_bytes_per_cycle");
  self->buffer_bytes = meta (facts, "buffer_bytes");
  self->latency = meta (facts, "latency_cycles");
  return self;
}

/* --- converting ---------------------------------------------------------------------------------------- */

/* One channel of the given width for reads and writes; the buffer's own port has no limit. */
HdPlatform *
dram_case_platform (const DramCase *self)
{
  g_autofree char *xml = g_strdup_printf (
    "<platform version=\"1\" name=\"channel\" clock=\"1 GHz\">"
    "<memory id=\"dram\" kind=\"dram\" ports=\"shared\" width=\"%" G_GUINT64_FORMAT " byte/cycle\"/>"
    "<memory id=\"buffer\" size=\"%" G_GUINT64_FORMAT " byte\"/>"
    "<bus id=\"bus\" connects=\"dram buffer\"/>"
    "<core id=\"core\" kind=\"vector\" operators=\"mac pool vector move\" lanes=\"1\"><level memory=\"buffer\" operands=\"I W O\" read-width=\"8 bit/cycle\" write-width=\"8 bit/cycle\"/></core></platform>",
    self->bytes_per_cycle, self->buffer_bytes);
  GError *error = NULL;
  HdPlatform *platform = hd_platform_parse_xml (xml, strlen (xml), "channel.xml", &error);
  if (platform == NULL)
    g_error ("%s", error->message);
  return platform;
}

typedef struct {
  const DramCase *source;
  HdScheduleBuilder *builder;
  HdMemoryId dram, buffer;
  guint32 load_route, store_route;
  HdQueueId compute, channel;
  HdPieceId *piece;             /* of each tensor, in the buffer */
  HdTaskId *transfer_of;
} Conversion;

static guint32
add_route (Conversion *self, const HdPlatform *platform, HdMemoryId from, HdMemoryId to)
{
  HdRoute route;
  if (!hd_platform_route (platform, from, &to, 1, &route, NULL))
    g_error ("no route");
  guint32 index = hd_schedule_builder_route (self->builder, &route);
  hd_route_clear (&route);
  return index;
}

static void
add_tiles (Conversion *self)
{
  for (guint p = 0; p < self->source->tiles->len; p++) {
    HdTaskCost cost = { .cycles = g_array_index (self->source->tiles, DramTile, p).cycles };
    hd_schedule_builder_compute (self->builder, self->compute, hd_schedule_builder_cost (self->builder, &cost), HD_NONE, p, 0);
  }
}

static void
add_load (Conversion *self, guint i, const DramTensor *tensor)
{
  HdTaskId task = hd_schedule_builder_transfer (self->builder, self->channel, self->load_route, tensor->bytes * 8, HD_NONE, HD_NONE);
  hd_schedule_builder_use (self->builder, task, hd_schedule_builder_piece (self->builder, self->dram, tensor->bytes * 8, HD_NONE, HD_NONE, NULL));
  if (tensor->start > 0)
    hd_schedule_builder_after (self->builder, task, (HdTaskId) tensor->start - 1);
  self->piece[i] = hd_schedule_builder_piece (self->builder, self->buffer, tensor->bytes * 8, task, HD_NONE, NULL);
  self->transfer_of[i] = task;
}

static void
add_store (Conversion *self, guint i, const DramTensor *tensor)
{
  HdTaskId task = hd_schedule_builder_transfer (self->builder, self->channel, self->store_route, tensor->bytes * 8, HD_NONE, HD_NONE);
  hd_schedule_builder_use (self->builder, task, self->piece[i]);
  hd_schedule_builder_piece (self->builder, self->dram, tensor->bytes * 8, task, HD_NONE, NULL);
  hd_schedule_builder_release (self->builder, self->piece[i], task);
  if (tensor->end < (int) self->source->tiles->len)
    hd_schedule_builder_after (self->builder, (HdTaskId) tensor->end, task);
  self->transfer_of[i] = task;
}

/* The channel's queue, in its order. Pieces that tiles make must be there before. */
static void
add_transfers (Conversion *self)
{
  guint n = self->source->tensors->len;
  g_autofree int *at = g_new (int, n + 1);
  memset (at, 0xff, (n + 1) * sizeof *at);
  for (guint i = 0; i < n; i++) {
    const DramTensor *tensor = &g_array_index (self->source->tensors, DramTensor, i);
    self->transfer_of[i] = HD_NONE;
    if (tensor->dram_order >= 0)
      at[tensor->dram_order] = (int) i;
    if (tensor->kind != TENSOR_LOAD)
      self->piece[i] = hd_schedule_builder_piece (self->builder, self->buffer, tensor->bytes * 8, (HdTaskId) tensor->producer, HD_NONE, NULL);
  }
  for (guint k = 0; k < n && at[k] >= 0; k++) {
    const DramTensor *tensor = &g_array_index (self->source->tensors, DramTensor, at[k]);
    (tensor->kind == TENSOR_LOAD ? add_load : add_store) (self, (guint) at[k], tensor);
  }
}

static void
add_uses_and_releases (Conversion *self)
{
  for (guint p = 0; p < self->source->tiles->len; p++) {
    const GArray *needs = g_array_index (self->source->tiles, DramTile, p).needs;
    for (guint i = 0; i < needs->len; i++)
      hd_schedule_builder_use (self->builder, p, self->piece[g_array_index (needs, guint, i)]);
  }
  for (guint i = 0; i < self->source->tensors->len; i++)
    hd_schedule_builder_release (self->builder, self->piece[i], (HdTaskId) g_array_index (self->source->tensors, DramTensor, i).end - 1);
}

HdSchedule *
dram_case_schedule (const DramCase *self, const HdPlatform *platform, HdTaskId **transfer_of)
{
  g_autoptr (HdScheduleBuilder) builder = hd_schedule_builder_new (platform);
  GError *error = NULL;
  Conversion c = { .source = self, .builder = builder, .dram = hd_platform_find_memory (platform, "dram"), .buffer = hd_platform_find_memory (platform, "buffer") };
  c.piece = g_new (HdPieceId, self->tensors->len + 1);
  *transfer_of = c.transfer_of = g_new (HdTaskId, self->tensors->len + 1);
  c.compute = hd_schedule_builder_queue (builder, &(HdQueue) { .name = (char *) "core", .outstanding = 1, .core = 0 });
  c.channel = hd_schedule_builder_queue (builder, &(HdQueue) { .name = (char *) "dram-channel", .outstanding = 1, .core = HD_NONE });
  c.load_route = add_route (&c, platform, c.dram, c.buffer);
  c.store_route = add_route (&c, platform, c.buffer, c.dram);
  add_tiles (&c);
  add_transfers (&c);
  add_uses_and_releases (&c);
  HdSchedule *schedule = hd_schedule_builder_finish (builder, &error);
  if (schedule == NULL)
    g_error ("%s", error->message);
  g_free (c.piece);
  return schedule;
}
