/* Writing a schedule's columns. Tables that are arrays of structures in memory are taken apart into columns. */
#include "config.h"
#include "h5/h5.h"
#include "schedule/h5.h"

#include <stddef.h>

typedef struct {
  HdH5Writer *file;
  GError **error;
} Writer;

static gboolean
write_column (const Writer *w, const char *path, HdH5Type type, const char *units, const char *long_name, gconstpointer values, guint64 n)
{
  const HdH5Column column = { .path = path, .type = type, .units = units, .long_name = long_name };
  return hd_h5_write_column (w->file, &column, values, n, w->error);
}

/* A field of an array of structures as a column. */
static gboolean
write_field (const Writer *w, const char *path, HdH5Type type, const char *units, const char *long_name, gconstpointer things, gsize stride, gsize offset, guint64 n)
{
  gsize size = hd_h5_type_size (type);
  g_autofree char *values = g_malloc (MAX (1, n * size));
  for (guint64 i = 0; i < n; i++)
    memcpy (values + i * size, (const char *) things + i * stride + offset, size);
  return write_column (w, path, type, units, long_name, values, n);
}

/* --- tables --------------------------------------------------------------------------------------- */

static gboolean
write_source (const Writer *w, const HdSchedule *s)
{
  return hd_h5_write_string_attribute (w->file, "/", "format", HD_SCHEDULE_FORMAT, w->error)
         && hd_h5_write_string_attribute (w->file, "/", "version", HD_SCHEDULE_VERSION, w->error)
         && hd_h5_write_string_attribute (w->file, "/", "platform", s->platform_name, w->error)
         && hd_h5_write_string_attribute (w->file, "/", "platform_sha256", s->platform_sha256, w->error)
         && hd_h5_write_string_attribute (w->file, "/", "pass", s->pass, w->error)
         && hd_h5_write_text (w->file, "/meta/workload_xml", "the workload in canonical form", s->workload_xml, w->error)
         && hd_h5_write_text (w->file, "/meta/mapping_xml", "the mapping in canonical form", s->mapping_xml, w->error);
}

/* The ids of the platform's things: the first field of each structure. */
static gboolean
write_ids (const Writer *w, const char *path, const char *long_name, gconstpointer things, gsize stride, guint n)
{
  g_autofree const char **ids = g_new (const char *, n + 1);
  for (guint i = 0; i < n; i++)
    ids[i] = *(const char *const *) (gconstpointer) ((const char *) things + i * stride);
  return write_column (w, path, HD_H5_STRING, "1", long_name, ids, n);
}

G_STATIC_ASSERT (offsetof (HdMemory, id) == 0 && offsetof (HdCore, id) == 0 && offsetof (HdResource, id) == 0);

static gboolean
write_names (const Writer *w, const HdSchedule *s, const HdPlatform *platform)
{
  return write_column (w, "/names/layers", HD_H5_STRING, "1", "layers, by number", s->layer_name, s->n_layers)
         && write_column (w, "/names/tensors", HD_H5_STRING, "1", "tensors, by number", s->tensor_name, s->n_tensors)
         && write_ids (w, "/names/memories", "memories of the platform, by number", platform->memory, sizeof (HdMemory), platform->n_memories)
         && write_ids (w, "/names/cores", "cores of the platform, by number", platform->core, sizeof (HdCore), platform->n_cores)
         && write_ids (w, "/names/resources", "resources of the platform, by number", platform->resource, sizeof (HdResource), platform->n_resources);
}

static gboolean
write_queue_field (const Writer *w, const HdSchedule *s, const char *path, const char *long_name, gsize offset)
{
  return write_field (w, path, HD_H5_U32, "1", long_name, s->queue, sizeof (HdQueue), offset, s->n_queues);
}

static gboolean
write_queues (const Writer *w, const HdSchedule *s)
{
  g_autofree guint8 *order = g_malloc (MAX (1, s->n_queues));
  for (guint q = 0; q < s->n_queues; q++)
    order[q] = (guint8) s->queue[q].order;
  g_autofree const char **name = g_new (const char *, s->n_queues + 1);
  for (guint q = 0; q < s->n_queues; q++)
    name[q] = s->queue[q].name;
  return write_column (w, "/queues/name", HD_H5_STRING, "1", "name", name, s->n_queues)
         && write_column (w, "/queues/order", HD_H5_U8, "1", "0: in order; 1: by priority", order, s->n_queues)
         && write_queue_field (w, s, "/queues/outstanding", "tasks issued and not ended, at most", offsetof (HdQueue, outstanding))
         && write_queue_field (w, s, "/queues/priority", "at fixed-priority arbiters: smaller first", offsetof (HdQueue, priority))
         && write_queue_field (w, s, "/queues/slot", "at time-slot arbiters", offsetof (HdQueue, slot))
         && write_queue_field (w, s, "/queues/core", "core whose computes it holds; 4294967295: none", offsetof (HdQueue, core))
         && write_column (w, "/queues/begin", HD_H5_U64, "1", "first row of each queue in tasks, and the end", s->queue_begin, s->n_queues + 1)
         && write_column (w, "/queues/tasks", HD_H5_U32, "1", "tasks of the queues, in order", s->queue_task, s->n_tasks);
}

static gboolean
write_hops (const Writer *w, const HdSchedule *s)
{
  g_autofree guint64 *begin = g_new0 (guint64, s->n_routes + 1);
  for (guint r = 0; r < s->n_routes; r++)
    begin[r + 1] = begin[r] + s->route[r].n_hops;
  guint64 n = begin[s->n_routes];
  g_autofree HdHop *hop = g_new (HdHop, MAX (1, n));
  for (guint r = 0; r < s->n_routes; r++)
    memcpy (hop + begin[r], s->route[r].hop, sizeof (HdHop) * s->route[r].n_hops);
  return write_column (w, "/routes/begin", HD_H5_U64, "1", "first hop of each route, and the end", begin, s->n_routes + 1)
         && write_field (w, "/routes/resource", HD_H5_U32, "1", "resource of each hop", hop, sizeof (HdHop), offsetof (HdHop, resource), n)
         && write_field (w, "/routes/parent", HD_H5_U32, "1", "hop before, counted within the route; 4294967295: it starts at the source", hop, sizeof (HdHop), offsetof (HdHop, parent), n)
         && write_field (w, "/routes/arrives", HD_H5_U32, "1", "memory reached after the hop; 4294967295: none", hop, sizeof (HdHop), offsetof (HdHop, arrives), n);
}

static gboolean
write_routes (const Writer *w, const HdSchedule *s)
{
  return write_field (w, "/routes/source", HD_H5_U32, "1", "memory that is read", s->route, sizeof (HdRoute), offsetof (HdRoute, source), s->n_routes) && write_hops (w, s);
}

static gboolean
write_cost_field (const Writer *w, const HdSchedule *s, const char *path, const char *units, const char *long_name, gsize offset)
{
  return write_field (w, path, HD_H5_U64, units, long_name, s->cost, sizeof (HdTaskCost), offset, s->n_costs);
}

static gboolean
write_costs (const Writer *w, const HdSchedule *s)
{
  return write_cost_field (w, s, "/costs/cycles", "cycle", "duration of a compute", offsetof (HdTaskCost, cycles))
         && write_cost_field (w, s, "/costs/load_cycles", "cycle", "paid besides when the core's weights change", offsetof (HdTaskCost, load_cycles))
         && write_cost_field (w, s, "/costs/energy", "aJ", "energy of a compute", offsetof (HdTaskCost, energy_aj))
         && write_cost_field (w, s, "/costs/load_energy", "aJ", "paid with load_cycles", offsetof (HdTaskCost, load_energy_aj))
         && write_cost_field (w, s, "/costs/macs", "1", "multiply-accumulates or element operations", offsetof (HdTaskCost, macs));
}

/* --- columns -------------------------------------------------------------------------------------- */

static gboolean
write_tasks (const Writer *w, const HdSchedule *s)
{
  guint64 n = s->n_tasks;
  return write_column (w, "/tasks/kind", HD_H5_U8, "1", "0: compute; 1: transfer", s->kind, n)
         && write_column (w, "/tasks/queue", HD_H5_U32, "1", "queue", s->queue_of, n)
         && write_column (w, "/tasks/what", HD_H5_U32, "1", "compute: row of /costs; transfer: row of /routes", s->what, n)
         && write_column (w, "/tasks/bits", HD_H5_U64, "bit", "moved by a transfer", s->bits, n)
         && write_column (w, "/tasks/layer", HD_H5_U32, "1", "layer; 4294967295: none", s->layer, n)
         && write_column (w, "/tasks/node", HD_H5_U32, "1", "computation node; 4294967295: none", s->node, n)
         && write_column (w, "/tasks/weight_key", HD_H5_U32, "1", "which weights a compute needs; 0: none", s->weight_key, n)
         && write_column (w, "/tasks/priority", HD_H5_U32, "1", "in queues by priority: smaller first", s->priority, n)
         && write_column (w, "/tasks/use_begin", HD_H5_U64, "1", "first row of each task in use, and the end", s->use_begin, n + 1)
         && write_column (w, "/tasks/use", HD_H5_U32, "1", "pieces that tasks read", s->use, s->use_begin[n])
         && write_column (w, "/tasks/after_begin", HD_H5_U64, "1", "first row of each task in after, and the end", s->after_begin, n + 1)
         && write_column (w, "/tasks/after", HD_H5_U32, "1", "tasks that must have ended before", s->after, s->after_begin[n]);
}

static gboolean
write_pieces (const Writer *w, const HdSchedule *s)
{
  guint64 n = s->n_pieces, n_ranges = s->piece_box_begin[n];
  return write_column (w, "/pieces/memory", HD_H5_U32, "1", "memory", s->piece_memory, n)
         && write_column (w, "/pieces/bits", HD_H5_U64, "bit", "size", s->piece_bits, n)
         && write_column (w, "/pieces/creator", HD_H5_U32, "1", "task that makes it; 4294967295: there from the beginning", s->piece_creator, n)
         && write_column (w, "/pieces/tensor", HD_H5_U32, "1", "tensor; 4294967295: none", s->piece_tensor, n)
         && write_column (w, "/pieces/box_begin", HD_H5_U64, "1", "first range of each piece in box_from and box_to, and the end", s->piece_box_begin, n + 1)
         && write_field (w, "/pieces/box_from", HD_H5_I64, "1", "first index of each range", s->piece_range, sizeof (HdRange), offsetof (HdRange, from), n_ranges)
         && write_field (w, "/pieces/box_to", HD_H5_I64, "1", "one past the last index of each range", s->piece_range, sizeof (HdRange), offsetof (HdRange, to), n_ranges)
         && write_column (w, "/pieces/release_begin", HD_H5_U64, "1", "first row of each piece in release, and the end", s->release_begin, n + 1)
         && write_column (w, "/pieces/release", HD_H5_U32, "1", "tasks that must have ended before a piece goes", s->release, s->release_begin[n]);
}

gboolean
_hd_schedule_to_h5 (const HdSchedule *self, const HdPlatform *platform, const char *path, GError **error)
{
  g_autoptr (HdH5Writer) file = hd_h5_create (path, error);
  const Writer w = { file, error };
  return file != NULL && write_source (&w, self) && write_names (&w, self, platform) && write_queues (&w, self) && write_routes (&w, self) && write_costs (&w, self)
         && write_tasks (&w, self) && write_pieces (&w, self) && hd_h5_commit (file, error);
}
