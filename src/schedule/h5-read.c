/* Reading a schedule's columns: the arrays of the file become those of the schedule. Then it passes the validation that all schedules pass. */
#include "config.h"
#include "h5/h5.h"
#include "schedule/h5.h"

#include <stddef.h>

typedef struct {
  HdH5Reader *file;
  HdSchedule *s;
  GError **error;
} Reader;

#define MAX_ROWS ((guint64) HD_NONE - 1)

static gboolean
refuse (const Reader *r, const char *object, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const Reader *r, const char *object, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (r->error, HD_ERROR, HD_ERROR_INPUT, "%s:%s: %s", hd_h5_reader_path (r->file), object, text);
  return FALSE;
}

/* A column of exactly @n rows becomes *@out. */
static gboolean
read_column (const Reader *r, const char *path, HdH5Type type, guint64 n, gpointer out)
{
  guint64 rows = n;
  gpointer values = hd_h5_read_column (r->file, path, type, &rows, r->error);
  *(gpointer *) out = values;
  return values != NULL;
}

/* A column whose length says how many things there are. */
static gboolean
read_first_column (const Reader *r, const char *path, HdH5Type type, guint32 *n, gpointer out)
{
  guint64 rows = HD_H5_ANY_ROWS;
  gpointer values = hd_h5_read_column (r->file, path, type, &rows, r->error);
  *(gpointer *) out = values;
  if (values == NULL)
    return FALSE;
  *n = (guint32) rows;
  return rows <= MAX_ROWS || refuse (r, path, "%" G_GUINT64_FORMAT " rows - expected at most %" G_GUINT64_FORMAT, rows, MAX_ROWS);
}

/* Rows: where each begins, then a column as long as the last of them says. */
static gboolean
read_begin (const Reader *r, const char *path, guint64 n, guint64 **begin)
{
  if (!read_column (r, path, HD_H5_U64, n + 1, begin))
    return FALSE;
  /* The column's length is checked against the file before anything is allocated for it. */
  return (*begin)[n] < HD_H5_ANY_ROWS || refuse (r, path, "the rows do not begin at 0 and ascend");
}

static gboolean
read_rows (const Reader *r, const char *begin_path, const char *path, guint64 n, guint64 **begin, guint32 **values)
{
  return read_begin (r, begin_path, n, begin) && read_column (r, path, HD_H5_U32, (*begin)[n], values);
}

/* A column into a field of @n structures. */
static gboolean
read_field (const Reader *r, const char *path, HdH5Type type, gpointer things, gsize stride, gsize offset, guint64 n)
{
  g_autofree char *values = NULL;
  gsize size = hd_h5_type_size (type);
  if (!read_column (r, path, type, n, &values))
    return FALSE;
  for (guint64 i = 0; i < n; i++)
    memcpy ((char *) things + i * stride + offset, values + i * size, size);
  return TRUE;
}

/* --- what the file is ------------------------------------------------------------------------------ */

static gboolean
check_format (const Reader *r, const HdPlatform *platform)
{
  HdSchedule *s = r->s;
  g_autofree char *format = NULL, *version = NULL;
  g_autoptr (GError) local = NULL;
  if (!hd_h5_has_attribute (r->file, "/", "format"))
    return refuse (r, "/", "there is no attribute \"format\" - expected \"%s\"", HD_SCHEDULE_FORMAT);
  if (!hd_h5_read_string_attribute (r->file, "/", "format", &format, r->error) || !hd_h5_read_string_attribute (r->file, "/", "version", &version, r->error))
    return FALSE;
  if (!g_str_equal (format, HD_SCHEDULE_FORMAT) || !g_str_equal (version, HD_SCHEDULE_VERSION))
    return refuse (r, "/", "format \"%.60s\", version \"%.20s\" - expected \"%s\", \"%s\"", format, version, HD_SCHEDULE_FORMAT, HD_SCHEDULE_VERSION);
  if (!hd_h5_read_string_attribute (r->file, "/", "platform", &s->platform_name, r->error)
      || !hd_h5_read_string_attribute (r->file, "/", "platform_sha256", &s->platform_sha256, r->error)
      || !hd_h5_read_string_attribute (r->file, "/", "pass", &s->pass, r->error))
    return FALSE;
  return _hd_schedule_platform_fits (platform, s->platform_name, s->platform_sha256, &local) || refuse (r, "/", "%s", local->message);
}

static gboolean
read_source (const Reader *r)
{
  r->s->workload_xml = hd_h5_read_text (r->file, "/meta/workload_xml", r->error);
  if (r->s->workload_xml == NULL)
    return FALSE;
  r->s->mapping_xml = hd_h5_read_text (r->file, "/meta/mapping_xml", r->error);
  return r->s->mapping_xml != NULL;
}

static gboolean
read_names (const Reader *r, const char *path, guint *n, char ***names)
{
  guint64 rows = HD_H5_ANY_ROWS;
  *names = hd_h5_read_strings (r->file, path, &rows, r->error);
  if (*names == NULL)
    return FALSE;
  *n = (guint) rows;
  return rows <= MAX_ROWS || refuse (r, path, "%" G_GUINT64_FORMAT " rows - expected at most %" G_GUINT64_FORMAT, rows, MAX_ROWS);
}

/* The platform's own names are there for people; they must still be the platform's. */
static gboolean
check_ids (const Reader *r, const char *path, gconstpointer things, gsize stride, guint n)
{
  guint64 rows = n;
  g_auto (GStrv) names = hd_h5_read_strings (r->file, path, &rows, r->error);
  for (guint i = 0; names != NULL && i < n; i++) {
    const char *id = *(const char *const *) (gconstpointer) ((const char *) things + i * stride);
    if (!g_str_equal (names[i], id))
      return refuse (r, path, "row %u is \"%.60s\" - expected \"%s\", as in the platform", i, names[i], id);
  }
  return names != NULL;
}

static gboolean
read_all_names (const Reader *r, const HdPlatform *platform)
{
  return read_names (r, "/names/layers", &r->s->n_layers, &r->s->layer_name) && read_names (r, "/names/tensors", &r->s->n_tensors, &r->s->tensor_name)
         && check_ids (r, "/names/memories", platform->memory, sizeof (HdMemory), platform->n_memories)
         && check_ids (r, "/names/cores", platform->core, sizeof (HdCore), platform->n_cores)
         && check_ids (r, "/names/resources", platform->resource, sizeof (HdResource), platform->n_resources);
}

/* --- tables --------------------------------------------------------------------------------------- */

static gboolean
read_queue_field (const Reader *r, const char *path, gsize offset)
{
  return read_field (r, path, HD_H5_U32, r->s->queue, sizeof (HdQueue), offset, r->s->n_queues);
}

static gboolean
read_queues (const Reader *r)
{
  HdSchedule *s = r->s;
  g_autofree char **names = NULL;
  g_autofree guint8 *order = NULL;
  if (!read_names (r, "/queues/name", &s->n_queues, &names)) {
    g_strfreev (g_steal_pointer (&names));
    return FALSE;
  }
  s->queue = g_new0 (HdQueue, MAX (1, s->n_queues));
  for (guint q = 0; q < s->n_queues; q++)
    s->queue[q].name = names[q];
  if (!read_column (r, "/queues/order", HD_H5_U8, s->n_queues, &order))
    return FALSE;
  for (guint q = 0; q < s->n_queues; q++)
    s->queue[q].order = (HdQueueOrder) order[q];
  return read_queue_field (r, "/queues/outstanding", offsetof (HdQueue, outstanding)) && read_queue_field (r, "/queues/priority", offsetof (HdQueue, priority))
         && read_queue_field (r, "/queues/slot", offsetof (HdQueue, slot)) && read_queue_field (r, "/queues/core", offsetof (HdQueue, core))
         && read_column (r, "/queues/begin", HD_H5_U64, (guint64) s->n_queues + 1, &s->queue_begin) && read_column (r, "/queues/tasks", HD_H5_U32, s->n_tasks, &s->queue_task);
}

static gboolean
hand_out_hops (const Reader *r, const guint64 *begin, const HdHop *hop)
{
  HdSchedule *s = r->s;
  for (guint i = 0; i < s->n_routes; i++)
    if (begin[i] > begin[i + 1] || begin[i + 1] - begin[i] > G_MAXUINT32)
      return refuse (r, "/routes/begin", "the rows do not begin at 0 and ascend");
  if (begin[0] != 0)
    return refuse (r, "/routes/begin", "the rows do not begin at 0 and ascend");
  for (guint i = 0; i < s->n_routes; i++) {
    s->route[i].n_hops = (guint) (begin[i + 1] - begin[i]);
    s->route[i].hop = g_memdup2 (hop + begin[i], sizeof (HdHop) * s->route[i].n_hops);
  }
  return TRUE;
}

static gboolean
read_routes (const Reader *r)
{
  HdSchedule *s = r->s;
  g_autofree guint32 *source = NULL;
  g_autofree guint64 *begin = NULL;
  g_autofree guint32 *resource = NULL;
  guint32 n;
  if (!read_first_column (r, "/routes/source", HD_H5_U32, &n, &source) || !read_begin (r, "/routes/begin", n, &begin)
      || !read_column (r, "/routes/resource", HD_H5_U32, begin[n], &resource))
    return FALSE;
  s->route = g_new0 (HdRoute, MAX (1, n));
  s->n_routes = n;
  for (guint i = 0; i < n; i++)
    s->route[i].source = source[i];
  g_autofree HdHop *hop = g_new (HdHop, MAX (1, begin[n]));
  for (guint64 i = 0; i < begin[n]; i++)
    hop[i].resource = resource[i];
  return read_field (r, "/routes/parent", HD_H5_U32, hop, sizeof (HdHop), offsetof (HdHop, parent), begin[n])
         && read_field (r, "/routes/arrives", HD_H5_U32, hop, sizeof (HdHop), offsetof (HdHop, arrives), begin[n]) && hand_out_hops (r, begin, hop);
}

static gboolean
read_cost_field (const Reader *r, const char *path, gsize offset)
{
  return read_field (r, path, HD_H5_U64, r->s->cost, sizeof (HdTaskCost), offset, r->s->n_costs);
}

static gboolean
read_costs (const Reader *r)
{
  HdSchedule *s = r->s;
  g_autofree guint64 *cycles = NULL;
  if (!read_first_column (r, "/costs/cycles", HD_H5_U64, &s->n_costs, &cycles))
    return FALSE;
  s->cost = g_new0 (HdTaskCost, MAX (1, s->n_costs));
  for (guint i = 0; i < s->n_costs; i++)
    s->cost[i].cycles = cycles[i];
  return read_cost_field (r, "/costs/load_cycles", offsetof (HdTaskCost, load_cycles)) && read_cost_field (r, "/costs/energy", offsetof (HdTaskCost, energy_aj))
         && read_cost_field (r, "/costs/load_energy", offsetof (HdTaskCost, load_energy_aj)) && read_cost_field (r, "/costs/macs", offsetof (HdTaskCost, macs));
}

/* --- columns -------------------------------------------------------------------------------------- */

static gboolean
read_tasks (const Reader *r)
{
  HdSchedule *s = r->s;
  if (!read_first_column (r, "/tasks/kind", HD_H5_U8, &s->n_tasks, &s->kind))
    return FALSE;
  guint64 n = s->n_tasks;
  return read_column (r, "/tasks/queue", HD_H5_U32, n, &s->queue_of) && read_column (r, "/tasks/what", HD_H5_U32, n, &s->what) && read_column (r, "/tasks/bits", HD_H5_U64, n, &s->bits)
         && read_column (r, "/tasks/layer", HD_H5_U32, n, &s->layer) && read_column (r, "/tasks/node", HD_H5_U32, n, &s->node)
         && read_column (r, "/tasks/weight_key", HD_H5_U32, n, &s->weight_key) && read_column (r, "/tasks/priority", HD_H5_U32, n, &s->priority)
         && read_rows (r, "/tasks/use_begin", "/tasks/use", n, &s->use_begin, &s->use) && read_rows (r, "/tasks/after_begin", "/tasks/after", n, &s->after_begin, &s->after);
}

static gboolean
read_boxes (const Reader *r)
{
  HdSchedule *s = r->s;
  guint64 n = s->n_pieces;
  g_autofree gint64 *from = NULL;
  if (!read_begin (r, "/pieces/box_begin", n, &s->piece_box_begin) || !read_column (r, "/pieces/box_from", HD_H5_I64, s->piece_box_begin[n], &from))
    return FALSE;
  s->piece_range = g_try_new (HdRange, MAX (1, s->piece_box_begin[n]));
  if (s->piece_range == NULL) {
    g_set_error (r->error, HD_ERROR, HD_ERROR_MEMORY, "%s: out of memory", hd_h5_reader_path (r->file));
    return FALSE;
  }
  for (guint64 i = 0; i < s->piece_box_begin[n]; i++)
    s->piece_range[i].from = from[i];
  return read_field (r, "/pieces/box_to", HD_H5_I64, s->piece_range, sizeof (HdRange), offsetof (HdRange, to), s->piece_box_begin[n]);
}

static gboolean
read_pieces (const Reader *r)
{
  HdSchedule *s = r->s;
  if (!read_first_column (r, "/pieces/memory", HD_H5_U32, &s->n_pieces, &s->piece_memory))
    return FALSE;
  guint64 n = s->n_pieces;
  return read_column (r, "/pieces/bits", HD_H5_U64, n, &s->piece_bits) && read_column (r, "/pieces/creator", HD_H5_U32, n, &s->piece_creator)
         && read_column (r, "/pieces/tensor", HD_H5_U32, n, &s->piece_tensor) && read_boxes (r) && read_rows (r, "/pieces/release_begin", "/pieces/release", n, &s->release_begin, &s->release);
}

HdSchedule *
_hd_schedule_from_h5 (const char *path, const HdPlatform *platform, GError **error)
{
  g_autoptr (HdH5Reader) file = hd_h5_open (path, error);
  g_autoptr (HdSchedule) s = _hd_schedule_new ();
  const Reader r = { file, s, error };
  HdFaults faults;
  if (file == NULL || !check_format (&r, platform) || !read_source (&r) || !read_all_names (&r, platform) || !read_tasks (&r) || !read_queues (&r) || !read_routes (&r) || !read_costs (&r)
      || !read_pieces (&r))
    return NULL;
  _hd_faults_init (&faults, path);
  _hd_schedule_diagnose (s, platform, &faults);
  if (faults.n == 0)
    _hd_schedule_refuse_circles (s, &faults);
  if (!_hd_faults_finish (&faults, HD_ERROR_INPUT, error))
    return NULL;
  return g_steal_pointer (&s);
}
