/* A schedule from XML, element by element: names are looked up, costs and routes made equal, and all faults of the file told with their lines.
 *
 * What a single element says is looked at here; what several say together, by the validation that all schedules pass: the collector of
 * faults knows the line of each thing.
 */
#include "config.h"
#include "schedule/builder.h"
#include "schedule/files.h"
#include "schedule/xml-read.h"

#include <stdlib.h>

/* --- names ---------------------------------------------------------------------------------------- */

/* Looking for what could have been meant takes time: only for faults that will be told, and not among a hundred thousand names. */
#define SUGGEST_AMONG 10000u

static void
fault_of_name (HdScheduleXml *self, const HdXmlNode *node, const char *noun, const char *name, GHashTable *index_of)
{
  if (hd_diagnostics_count (hd_xml_diagnostics (self->doc)) > 2 * HD_DIAGNOSTICS_MAX || *name == '\0')
    return;
  guint n = g_hash_table_size (index_of);
  g_autofree char **names = (char **) g_hash_table_get_keys_as_array (index_of, NULL);
  const char *near = n <= SUGGEST_AMONG ? hd_suggest (name, (const char *const *) names, n) : NULL;
  if (near != NULL)
    hd_xml_fault (self->doc, node, "%s \"%.60s\" is not known - did you mean \"%s\"?", noun, name, near);
  else
    hd_xml_fault (self->doc, node, "%s \"%.60s\" is not known", noun, name);
}

guint32
_hd_schedule_xml_find (HdScheduleXml *self, const HdXmlNode *node, const char *noun, const char *name, GHashTable *index_of)
{
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (index_of, name));
  if (known > 0)
    return known - 1;
  fault_of_name (self, node, noun, name, index_of);
  return HD_NONE;
}

/* An optional attribute that names a layer, tensor or core. */
static guint32
named (HdScheduleXml *self, HdXmlNode *node, const char *attribute, GHashTable *index_of)
{
  const char *name = hd_xml_attribute (self->doc, node, attribute);
  return name != NULL ? _hd_schedule_xml_find (self, node, attribute, name, index_of) : HD_NONE;
}

static guint32
required_name (HdScheduleXml *self, HdXmlNode *node, const char *attribute, const char *noun, GHashTable *index_of)
{
  return _hd_schedule_xml_find (self, node, noun, hd_xml_require (self->doc, node, attribute), index_of);
}

/* --- numbers -------------------------------------------------------------------------------------- */

static guint32
read_u32 (HdScheduleXml *self, HdXmlNode *node, const char *name, gboolean required, guint32 fallback)
{
  guint faults = hd_diagnostics_count (hd_xml_diagnostics (self->doc));
  guint64 value = hd_xml_u64 (self->doc, node, name, HD_UNIT_COUNT, required, fallback);
  if (value < HD_NONE || (value == fallback && !required))
    return (guint32) value;
  if (hd_diagnostics_count (hd_xml_diagnostics (self->doc)) > faults)
    return fallback;
  hd_xml_fault (self->doc, node, "%s of <%s>: %" G_GUINT64_FORMAT " is too large - expected less than %u", name, hd_xml_name (node), value, HD_NONE);
  return fallback;
}

static int
compare_ids (const void *a, const void *b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  return (x > y) - (x < y);
}

static void
refuse_doubles (HdScheduleXml *self, HdXmlNode *node, const char *name, const HdColumn *ids)
{
  g_autofree guint32 *sorted = g_memdup2 (ids->data, sizeof (guint32) * ids->n);
  qsort (sorted, ids->n, sizeof *sorted, compare_ids);
  for (gsize i = 1; i < ids->n; i++)
    if (sorted[i - 1] == sorted[i]) {
      hd_xml_fault (self->doc, node, "%s of <%s> names %u twice", name, hd_xml_name (node), sorted[i]);
      return;
    }
}

/* The next number of a list; FALSE at its end, and (with @broken set) where no number stands. */
static gboolean
next_id (const char **at, guint32 *id, gboolean *broken)
{
  guint64 value = 0;
  while (g_ascii_isspace (**at))
    (*at)++;
  if (**at == '\0')
    return FALSE;
  const char *from = *at;
  for (; g_ascii_isdigit (**at) && value < HD_NONE; (*at)++)
    value = value * 10 + (guint64) (**at - '0');
  *broken = *at == from || value >= HD_NONE || (**at != '\0' && !g_ascii_isspace (**at));
  *id = (guint32) value;
  return !*broken;
}

/* Reads a list of ids into self->ids. */
static void
read_ids (HdScheduleXml *self, HdXmlNode *node, const char *name)
{
  const char *at = hd_xml_attribute (self->doc, node, name);
  gboolean broken = FALSE, ascending = TRUE;
  guint32 id;
  self->ids.n = 0;
  while (at != NULL && next_id (&at, &id, &broken)) {
    ascending &= self->ids.n == 0 || HD_COLUMN_AT (&self->ids, guint32, self->ids.n - 1) < id;
    HD_COLUMN_PUSH (&self->ids, guint32, id);
  }
  if (broken)
    hd_xml_fault (self->doc, node, "%s of <%s>: \"%.20s\" - expected numbers less than %u", name, hd_xml_name (node), at, HD_NONE);
  if (!ascending)
    refuse_doubles (self, node, name, &self->ids);
}

static void
read_pairs (HdScheduleXml *self, HdXmlNode *node, const char *name, guint32 owner, HdPairs *pairs)
{
  read_ids (self, node, name);
  for (gsize i = 0; i < self->ids.n; i++)
    _hd_pairs_push (pairs, owner, HD_COLUMN_AT (&self->ids, guint32, i));
}

gboolean
_hd_schedule_energy_from_text (const char *text, guint64 *aj, GError **error)
{
  guint64 value = 0;
  guint places = 0;
  gboolean point = FALSE;
  const char *p = text;
  double pj;
  for (; (g_ascii_isdigit (*p) || (*p == '.' && !point)) && value < G_GUINT64_CONSTANT (1) << 62 && places < 6; p++) {
    if (*p == '.') {
      point = TRUE;
      continue;
    }
    value = value * 10 + (guint64) (*p - '0');
    places += point;
  }
  if (p > text && g_str_equal (p, " pJ")) {
    for (; places < 6 && value < G_GUINT64_CONSTANT (1) << 62; places++)
      value *= 10;
    if (places == 6) {
      *aj = value;
      return TRUE;
    }
  }
  /* Some other way to write it. */
  if (!hd_quantity_parse (text, HD_UNIT_PJ, &pj, error))
    return FALSE;
  if (pj * HD_AJ_PER_PJ > 4611686018427387904.0) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "\"%.60s\" is too large - expected at most 2^62 aJ", text);
    return FALSE;
  }
  *aj = (guint64) (pj * HD_AJ_PER_PJ + 0.5);
  return TRUE;
}

static guint64
read_energy (HdScheduleXml *self, HdXmlNode *node, const char *name)
{
  g_autoptr (GError) local = NULL;
  const char *text = hd_xml_attribute (self->doc, node, name);
  guint64 aj = 0;
  if (text != NULL && !_hd_schedule_energy_from_text (text, &aj, &local))
    hd_xml_fault (self->doc, node, "%s of <%s>: %s", name, hd_xml_name (node), local->message);
  return aj;
}

/* --- pieces --------------------------------------------------------------------------------------- */

static gboolean
parse_range (const char *text, HdRange *range)
{
  char *end;
  /* strtoll takes white space and signs that we do not write. */
  if (!g_ascii_isdigit (*text) && *text != '-')
    return FALSE;
  range->from = g_ascii_strtoll (text, &end, 10);
  if (end == text || *end != ':' || (!g_ascii_isdigit (end[1]) && end[1] != '-'))
    return FALSE;
  const char *second = end + 1;
  range->to = g_ascii_strtoll (second, &end, 10);
  return end != second && *end == '\0';
}

static void
read_box (HdScheduleXml *self, HdXmlNode *node, HdBox *box)
{
  g_auto (GStrv) words = hd_xml_words (self->doc, node, "box");
  guint n = g_strv_length (words);
  box->n = 0;
  if (n > HD_BOX_MAX)
    hd_xml_fault (self->doc, node, "box of <piece> has %u dimensions - expected at most %d", n, HD_BOX_MAX);
  for (guint d = 0; d < MIN (n, HD_BOX_MAX); d++, box->n++)
    if (!parse_range (words[d], &box->range[d]))
      hd_xml_fault (self->doc, node, "box of <piece>: \"%.60s\" is not a range - expected FROM:TO", words[d]);
}

static void
read_piece (HdScheduleXml *self, HdXmlNode *node, guint32 creator)
{
  HdBox box;
  guint32 id = read_u32 (self, node, "id", TRUE, HD_NONE);
  HdMemoryId memory = required_name (self, node, "memory", "memory", self->memory_of);
  guint64 bits = hd_xml_u64 (self->doc, node, "bits", HD_UNIT_BIT, TRUE, 1);
  guint32 tensor = named (self, node, "tensor", self->builder->tensor_of);
  read_box (self, node, &box);
  hd_schedule_builder_piece (self->builder, memory, bits, creator, tensor, &box);
  read_pairs (self, node, "release", id, &self->builder->release);
  HD_COLUMN_PUSH (&self->piece_id, guint32, id);
  HD_COLUMN_PUSH (&self->piece_line, guint, hd_xml_line (node));
  hd_xml_finish_element (self->doc, node);
  _hd_schedule_xml_refuse_children (self, node, hd_xml_first (self->doc, node));
}

/* --- tasks ---------------------------------------------------------------------------------------- */

static guint32
read_cost (HdScheduleXml *self, HdXmlNode *node)
{
  HdTaskCost cost = {
    .cycles = hd_xml_u64 (self->doc, node, "cycles", HD_UNIT_CYCLE, TRUE, 0),
    .load_cycles = hd_xml_u64 (self->doc, node, "load-cycles", HD_UNIT_CYCLE, FALSE, 0),
    .energy_aj = read_energy (self, node, "energy"),
    .load_energy_aj = read_energy (self, node, "load-energy"),
    .macs = hd_xml_u64 (self->doc, node, "macs", HD_UNIT_COUNT, FALSE, 0),
  };
  return hd_schedule_builder_cost (self->builder, &cost);
}

/* The pieces that a task makes stand in its element, after the hops of a transfer. */
static void
read_made_pieces (HdScheduleXml *self, HdXmlNode *child, guint32 task)
{
  static const char *const EXPECTED[] = { "piece", NULL };
  for (; child != NULL; child = hd_xml_next (self->doc, child))
    if (hd_xml_is (child, "piece"))
      read_piece (self, child, task);
    else
      hd_xml_unexpected (self->doc, child, EXPECTED);
}

static void
read_task (HdScheduleXml *self, HdXmlNode *node, HdTaskKind kind)
{
  guint32 id = read_u32 (self, node, "id", TRUE, HD_NONE);
  HdQueueId queue = required_name (self, node, "queue", "queue", self->queue_of);
  guint32 layer = named (self, node, "layer", self->builder->layer_of);
  guint32 of_node = read_u32 (self, node, "node", FALSE, HD_NONE);
  guint32 priority = read_u32 (self, node, "priority", FALSE, 0);
  HdXmlNode *child = hd_xml_first (self->doc, node);
  HdTaskId call;
  if (kind == HD_TASK_COMPUTE) {
    guint32 weights = read_u32 (self, node, "weights", FALSE, 0);
    call = hd_schedule_builder_compute (self->builder, queue, read_cost (self, node), layer, of_node, weights);
  } else {
    guint64 bits = hd_xml_u64 (self->doc, node, "bits", HD_UNIT_BIT, TRUE, 1);
    call = hd_schedule_builder_transfer (self->builder, queue, _hd_schedule_xml_read_route (self, node, &child), bits, layer, of_node);
  }
  hd_schedule_builder_priority (self->builder, call, priority);
  read_pairs (self, node, "uses", id, &self->builder->use);
  read_pairs (self, node, "after", id, &self->builder->after);
  HD_COLUMN_PUSH (&self->task_id, guint32, id);
  HD_COLUMN_PUSH (&self->task_line, guint, hd_xml_line (node));
  hd_xml_finish_element (self->doc, node);
  read_made_pieces (self, child, id);
}

/* --- tables --------------------------------------------------------------------------------------- */

static void
read_name (HdScheduleXml *self, HdXmlNode *node, guint32 (*add) (HdScheduleBuilder *, const char *), const HdColumn *names, HdColumn *lines)
{
  gsize before = names->n;
  const char *name = hd_xml_require (self->doc, node, "name");
  add (self->builder, name);
  if (names->n == before)
    hd_xml_fault (self->doc, node, "%s \"%.60s\" stands twice", hd_xml_name (node), name);
  else
    HD_COLUMN_PUSH (lines, guint, hd_xml_line (node));
  hd_xml_finish_element (self->doc, node);
  _hd_schedule_xml_refuse_children (self, node, hd_xml_first (self->doc, node));
}

static void
read_queue (HdScheduleXml *self, HdXmlNode *node)
{
  static const char *const ORDERS[] = { "in-order", "by-priority", NULL };
  HdQueue queue = {
    .name = (char *) hd_xml_require (self->doc, node, "name"),
    .order = (HdQueueOrder) hd_xml_choice (self->doc, node, "order", ORDERS, HD_QUEUE_IN_ORDER),
    .outstanding = read_u32 (self, node, "outstanding", FALSE, 1),
    .priority = read_u32 (self, node, "priority", FALSE, 0),
    .slot = read_u32 (self, node, "slot", FALSE, 0),
    .core = named (self, node, "core", self->core_of),
  };
  HdQueueId handle = hd_schedule_builder_queue (self->builder, &queue);
  if (!g_hash_table_insert (self->queue_of, g_strdup (queue.name), GUINT_TO_POINTER (handle + 1)))
    hd_xml_fault (self->doc, node, "queue \"%.60s\" stands twice", queue.name);
  read_ids (self, node, "tasks");
  _hd_schedule_builder_queue_tasks (self->builder, handle, self->ids.data, self->ids.n);
  HD_COLUMN_PUSH (&self->queue_line, guint, hd_xml_line (node));
  hd_xml_finish_element (self->doc, node);
  _hd_schedule_xml_refuse_children (self, node, hd_xml_first (self->doc, node));
}

static void
read_text (HdScheduleXml *self, HdXmlNode *node, char **text)
{
  if (*text != NULL)
    hd_xml_fault (self->doc, node, "<%s> stands twice", hd_xml_name (node));
  g_free (*text);
  *text = hd_xml_text (self->doc, node);
  hd_xml_finish_element (self->doc, node);
}

/* --- the file ------------------------------------------------------------------------------------- */

/* The sections, in the order in which they stand; what names something stands behind it. */
static const char *const SECTIONS[] = { "workload", "mapping", "layer", "tensor", "queue", "piece", "compute", "transfer", NULL };
enum { WORKLOAD, MAPPING, LAYER, TENSOR, QUEUE, PIECE, COMPUTE, TRANSFER, N_SECTIONS };

static int
section_of (HdScheduleXml *self, HdXmlNode *node)
{
  int section = 0;
  while (section < N_SECTIONS && !hd_xml_is (node, SECTIONS[section]))
    section++;
  if (section == N_SECTIONS)
    hd_xml_unexpected (self->doc, node, SECTIONS);
  else if (MIN (section, COMPUTE) < self->section)
    hd_xml_fault (self->doc, node, "<%s> stands behind <%s> - expected workload, mapping, layers, tensors, queues, pieces, tasks in this order", hd_xml_name (node), SECTIONS[self->section]);
  else
    self->section = MIN (section, COMPUTE);
  return section;
}

static void
read_element (HdScheduleXml *self, HdXmlNode *node)
{
  HdScheduleBuilder *builder = self->builder;
  switch (section_of (self, node)) {
  case WORKLOAD: read_text (self, node, &builder->workload_xml); break;
  case MAPPING: read_text (self, node, &builder->mapping_xml); break;
  case LAYER: read_name (self, node, hd_schedule_builder_layer, &builder->layer_name, &self->layer_line); break;
  case TENSOR: read_name (self, node, hd_schedule_builder_tensor, &builder->tensor_name, &self->tensor_line); break;
  case QUEUE: read_queue (self, node); break;
  case PIECE: read_piece (self, node, HD_NONE); break;
  case COMPUTE: read_task (self, node, HD_TASK_COMPUTE); break;
  case TRANSFER: read_task (self, node, HD_TASK_TRANSFER); break;
  default: break;
  }
}

void
_hd_schedule_xml_refuse_children (HdScheduleXml *self, const HdXmlNode *node, const HdXmlNode *child)
{
  if (child != NULL)
    hd_xml_fault (self->doc, child, "<%.60s> is not expected in <%s>", hd_xml_name (child), hd_xml_name (node));
}

static gboolean
read_root (HdScheduleXml *self, GError **error)
{
  HdXmlNode *root = hd_xml_root (self->doc);
  g_autoptr (GError) local = NULL;
  const char *name = hd_xml_require (self->doc, root, "platform");
  const char *sha256 = hd_xml_attribute (self->doc, root, "platform-sha256");
  self->builder->pass = g_strdup (hd_xml_attribute (self->doc, root, "pass"));
  self->root_line = hd_xml_line (root);
  hd_xml_finish_element (self->doc, root);
  if (!_hd_schedule_platform_fits (self->platform, name, sha256, &local))
    hd_xml_fault (self->doc, root, "%s", local->message);
  return hd_diagnostics_check (hd_xml_diagnostics (self->doc), error);
}

HdSchedule *
_hd_schedule_from_xml (const char *text, gsize length, const char *name, const HdPlatform *platform, GError **error)
{
  g_autoptr (HdXmlDocument) doc = hd_xml_stream_open (text, length, name, "schedule", HD_SCHEDULE_VERSION, error);
  if (doc == NULL)
    return NULL;
  g_auto (HdScheduleXml) self = { 0 };
  _hd_schedule_xml_init (&self, doc, platform);
  if (!read_root (&self, error))
    return NULL;
  for (HdXmlNode *node = hd_xml_stream_next (doc); node != NULL; node = hd_xml_stream_next (doc))
    read_element (&self, node);
  return _hd_schedule_xml_finish (&self, error);
}
