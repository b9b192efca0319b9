/* The rest of reading XML: routes, ids in any order, and the lines that validation needs to place its faults. */
#include "config.h"
#include "schedule/xml-read.h"

void
_hd_schedule_xml_init (HdScheduleXml *self, HdXmlDocument *doc, const HdPlatform *platform)
{
  *self = (HdScheduleXml) { .doc = doc, .platform = platform, .builder = hd_schedule_builder_new (platform) };
  self->memory_of = g_hash_table_new (g_str_hash, g_str_equal);
  self->core_of = g_hash_table_new (g_str_hash, g_str_equal);
  self->resource_of = g_hash_table_new (g_str_hash, g_str_equal);
  self->queue_of = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->route_of = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < platform->n_memories; i++)
    g_hash_table_insert (self->memory_of, platform->memory[i].id, GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < platform->n_resources; i++)
    g_hash_table_insert (self->resource_of, platform->resource[i].id, GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < platform->n_cores; i++)
    g_hash_table_insert (self->core_of, platform->core[i].id, GUINT_TO_POINTER (i + 1));
}

void
_hd_schedule_xml_clear (HdScheduleXml *self)
{
  HdColumn *columns[] = { &self->ids, &self->task_id, &self->piece_id, &self->task_line, &self->piece_line, &self->queue_line, &self->layer_line, &self->tensor_line };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    g_free (columns[i]->data);
  hd_schedule_builder_free (self->builder);
  g_hash_table_unref (self->memory_of);
  g_hash_table_unref (self->core_of);
  g_hash_table_unref (self->resource_of);
  g_hash_table_unref (self->queue_of);
  g_hash_table_unref (self->route_of);
}

/* --- routes --------------------------------------------------------------------------------------- */

static HdHop
read_hop (HdScheduleXml *self, HdXmlNode *node)
{
  const char *arrives = hd_xml_attribute (self->doc, node, "arrives");
  HdHop hop = {
    .resource = _hd_schedule_xml_find (self, node, "resource", hd_xml_require (self->doc, node, "resource"), self->resource_of),
    .parent = (guint32) MIN (hd_xml_u64 (self->doc, node, "parent", HD_UNIT_COUNT, FALSE, HD_NONE), HD_NONE),
    .arrives = arrives != NULL ? _hd_schedule_xml_find (self, node, "memory", arrives, self->memory_of) : HD_NONE,
  };
  hd_xml_finish_element (self->doc, node);
  _hd_schedule_xml_refuse_children (self, node, hd_xml_first (self->doc, node));
  return hop;
}

/* The hops arrive at the memories that "to" names, in that order. */
static gboolean
hops_reach (const GArray *hops, const GArray *to)
{
  guint n = 0;
  for (guint h = 0; h < hops->len; h++) {
    HdMemoryId arrives = g_array_index (hops, HdHop, h).arrives;
    if (arrives == HD_NONE)
      continue;
    if (n >= to->len || g_array_index (to, HdMemoryId, n) != arrives)
      return FALSE;
    n++;
  }
  return n == to->len;
}

static guint32
read_given_route (HdScheduleXml *self, HdXmlNode *node, HdMemoryId from, const GArray *to, HdXmlNode **child)
{
  g_autoptr (GArray) hops = g_array_new (FALSE, FALSE, sizeof (HdHop));
  for (; *child != NULL && hd_xml_is (*child, "hop"); *child = hd_xml_next (self->doc, *child)) {
    HdHop hop = read_hop (self, *child);
    g_array_append_val (hops, hop);
  }
  if (!hops_reach (hops, to))
    hd_xml_fault (self->doc, node, "the hops of <transfer> do not arrive at the memories of \"to\", one after the other");
  return hd_schedule_builder_route (self->builder, &(HdRoute) { from, hops->len, (HdHop *) (gpointer) hops->data });
}

static guint32
derive_route (HdScheduleXml *self, HdXmlNode *node, HdMemoryId from, const GArray *to)
{
  g_autoptr (GError) local = NULL;
  HdRoute route = { 0 };
  if (!hd_platform_route (self->platform, from, (const HdMemoryId *) (gconstpointer) to->data, to->len, &route, &local)) {
    hd_xml_fault (self->doc, node, "%s", local->message);
    return 0;
  }
  guint32 handle = hd_schedule_builder_route (self->builder, &route);
  hd_route_clear (&route);
  return handle;
}

/* The memories of "to"; NULL and a fault when they cannot be ends of a route. */
static GArray *
read_destinations (HdScheduleXml *self, HdXmlNode *node, HdMemoryId from)
{
  g_auto (GStrv) words = hd_xml_words (self->doc, node, "to");
  g_autoptr (GArray) to = g_array_new (FALSE, FALSE, sizeof (HdMemoryId));
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  gboolean known = from != HD_NONE;
  if (*words == NULL)
    hd_xml_fault (self->doc, node, "<transfer> lacks the attribute \"to\"");
  for (char **word = words; *word != NULL; word++) {
    HdMemoryId memory = _hd_schedule_xml_find (self, node, "memory", *word, self->memory_of);
    known &= memory != HD_NONE;
    if (memory != HD_NONE && (memory == from || !g_hash_table_add (seen, GUINT_TO_POINTER (memory + 1)))) {
      hd_xml_fault (self->doc, node, "to of <transfer>: \"%.60s\" stands twice, or is where the transfer begins", *word);
      known = FALSE;
    }
    g_array_append_val (to, memory);
  }
  return known && to->len > 0 ? g_steal_pointer (&to) : NULL;
}

guint32
_hd_schedule_xml_read_route (HdScheduleXml *self, HdXmlNode *node, HdXmlNode **child)
{
  const char *from_name = hd_xml_require (self->doc, node, "from"), *to_names = hd_xml_attribute (self->doc, node, "to");
  gboolean given = *child != NULL && hd_xml_is (*child, "hop");
  g_autofree char *key = given || to_names == NULL ? NULL : g_strconcat (from_name, ">", to_names, NULL);
  guint known = key != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (self->route_of, key)) : 0;
  if (known > 0)
    return known - 1;
  HdMemoryId from = _hd_schedule_xml_find (self, node, "memory", from_name, self->memory_of);
  g_autoptr (GArray) to = read_destinations (self, node, from);
  if (to == NULL)
    return 0;
  if (given)
    return read_given_route (self, node, from, to, child);
  guint32 handle = derive_route (self, node, from, to);
  g_hash_table_insert (self->route_of, g_steal_pointer (&key), GUINT_TO_POINTER (handle + 1));
  return handle;
}

/* --- ids ------------------------------------------------------------------------------------------ */

/* Whether the ids are 0..n-1, each once. */
static gboolean
ids_are_dense (HdScheduleXml *self, const char *noun, const HdColumn *ids, const HdColumn *lines)
{
  gsize n = ids->n;
  HdDiagnostics *diagnostics = hd_xml_diagnostics (self->doc);
  g_autofree guint8 *seen = g_malloc0 (MAX (1, n));
  gboolean dense = TRUE;
  for (gsize i = 0; i < n; i++) {
    guint32 id = HD_COLUMN_AT (ids, guint32, i);
    if (id < n && !seen[id]) {
      seen[id] = 1;
      continue;
    }
    dense = FALSE;
    if (id < n)
      hd_diagnostics_add (diagnostics, HD_COLUMN_AT (lines, guint, i), "%s %u stands twice", noun, id);
    else if (id != HD_NONE)
      hd_diagnostics_add (diagnostics, HD_COLUMN_AT (lines, guint, i), "%s %u: there are %" G_GSIZE_FORMAT " of them - expected a number less than that", noun, id, n);
  }
  return dense;
}

/* Returns (transfer full): the lines by id. */
static guint *
lines_by_id (const HdColumn *ids, const HdColumn *lines)
{
  guint *by_id = g_new (guint, MAX (1, ids->n));
  for (gsize i = 0; i < ids->n; i++)
    by_id[HD_COLUMN_AT (ids, guint32, i)] = HD_COLUMN_AT (lines, guint, i);
  return by_id;
}

typedef struct {
  const char *name;
  guint line;
} NamedLine;

static int
compare_named_lines (const void *a, const void *b)
{
  return strcmp (((const NamedLine *) a)->name, ((const NamedLine *) b)->name);
}

/* Returns (transfer full): the lines of the queues by name, which is how they will be numbered. */
static guint *
lines_of_queues (const HdScheduleXml *self)
{
  gsize n = self->queue_line.n;
  g_autofree NamedLine *named = g_new (NamedLine, MAX (1, n));
  guint *lines = g_new (guint, MAX (1, n));
  for (gsize i = 0; i < n; i++)
    named[i] = (NamedLine) { HD_COLUMN_AT (&self->builder->queue, HdQueue, i).name, HD_COLUMN_AT (&self->queue_line, guint, i) };
  qsort (named, n, sizeof *named, compare_named_lines);
  for (gsize i = 0; i < n; i++)
    lines[i] = named[i].line;
  return lines;
}

/* Returns (transfer full): the lines of the tasks that first name each cost or route. */
static guint *
lines_of_first_use (const HdSchedule *schedule, HdTaskKind kind, guint n, const guint *task_line)
{
  guint *lines = g_new0 (guint, MAX (1, n));
  for (guint32 t = 0; t < schedule->n_tasks; t++)
    if (schedule->kind[t] == kind && lines[schedule->what[t]] == 0)
      lines[schedule->what[t]] = task_line[t];
  return lines;
}

HdSchedule *
_hd_schedule_xml_finish (HdScheduleXml *self, GError **error)
{
  gboolean dense = ids_are_dense (self, "task", &self->task_id, &self->task_line) & ids_are_dense (self, "piece", &self->piece_id, &self->piece_line);
  if (!hd_diagnostics_check (hd_xml_diagnostics (self->doc), error) || !dense)
    return NULL;
  g_autofree guint *task_line = lines_by_id (&self->task_id, &self->task_line), *piece_line = lines_by_id (&self->piece_id, &self->piece_line);
  g_autofree guint *queue_line = lines_of_queues (self), *cost_line = NULL, *route_line = NULL;
  HdFaults faults;
  _hd_faults_init (&faults, hd_xml_file (self->doc));
  faults.line[HD_ABOUT_ALL] = &self->root_line;
  faults.line[HD_ABOUT_TASK] = task_line;
  faults.line[HD_ABOUT_PIECE] = piece_line;
  faults.line[HD_ABOUT_QUEUE] = queue_line;
  faults.line[HD_ABOUT_LAYER] = self->layer_line.data;
  faults.line[HD_ABOUT_TENSOR] = self->tensor_line.data;
  _hd_schedule_builder_renumber (self->builder, self->task_id.data, self->piece_id.data);
  g_autoptr (HdSchedule) schedule = _hd_schedule_builder_assemble (self->builder, &faults);
  if (schedule != NULL) {
    faults.line[HD_ABOUT_COST] = cost_line = lines_of_first_use (schedule, HD_TASK_COMPUTE, schedule->n_costs, task_line);
    faults.line[HD_ABOUT_ROUTE] = route_line = lines_of_first_use (schedule, HD_TASK_TRANSFER, schedule->n_routes, task_line);
    _hd_schedule_diagnose (schedule, self->platform, &faults);
    if (faults.n == 0)
      _hd_schedule_refuse_circles (schedule, &faults);
  }
  if (!_hd_faults_finish (&faults, HD_ERROR_INPUT, error))
    return NULL;
  return g_steal_pointer (&schedule);
}
