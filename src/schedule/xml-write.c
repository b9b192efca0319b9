/* A schedule as XML: names in place of numbers, costs and routes where they are used, what follows from the platform left out. */
#include "config.h"
#include "schedule/files.h"
#include "xml/xml.h"

#include <string.h>

typedef struct {
  const HdSchedule *s;
  const HdPlatform *platform;
  HdXmlWriter *out;
  GString *text;               /* scratch */
  /* by route */
  char **from, **to;
  gboolean *given;             /* not what the platform derives: its hops are written */
  /* pieces by creator: rows; those of HD_NONE last */
  guint64 *made_begin;
  HdPieceId *made;
} Writer;

/* --- small values --------------------------------------------------------------------------------- */

char *
_hd_schedule_energy_to_text (guint64 aj)
{
  guint64 whole = aj / 1000000, fraction = aj % 1000000;
  char digits[8];
  if (fraction == 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " pJ", whole);
  g_snprintf (digits, sizeof digits, "%06" G_GUINT64_FORMAT, fraction);
  for (int i = 5; digits[i] == '0'; i--)
    digits[i] = '\0';
  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%s pJ", whole, digits);
}

static void
write_number (Writer *w, const char *name, guint64 value)
{
  char text[24];
  g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, value);
  hd_xml_writer_attribute (w->out, name, text);
}

static void
write_number_unless (Writer *w, const char *name, guint64 value, guint64 usual)
{
  if (value != usual)
    write_number (w, name, value);
}

static void
write_energy (Writer *w, const char *name, guint64 aj)
{
  g_autofree char *text = _hd_schedule_energy_to_text (aj);
  if (aj != 0)
    hd_xml_writer_attribute (w->out, name, text);
}

static void
write_ids (Writer *w, const char *name, const guint32 *ids, guint64 n)
{
  if (n == 0)
    return;
  g_string_truncate (w->text, 0);
  for (guint64 i = 0; i < n; i++)
    g_string_append_printf (w->text, i == 0 ? "%u" : " %u", ids[i]);
  hd_xml_writer_attribute (w->out, name, w->text->str);
}

static void
write_row (Writer *w, const char *name, const guint64 *begin, const guint32 *values, guint32 row)
{
  write_ids (w, name, values + begin[row], begin[row + 1] - begin[row]);
}

/* --- pieces --------------------------------------------------------------------------------------- */

static void
write_box (Writer *w, HdPieceId p)
{
  const HdSchedule *s = w->s;
  if (s->piece_box_begin[p] == s->piece_box_begin[p + 1])
    return;
  g_string_truncate (w->text, 0);
  for (guint64 i = s->piece_box_begin[p]; i < s->piece_box_begin[p + 1]; i++)
    g_string_append_printf (w->text, "%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, i == s->piece_box_begin[p] ? "" : " ", s->piece_range[i].from, s->piece_range[i].to);
  hd_xml_writer_attribute (w->out, "box", w->text->str);
}

static void
write_piece (Writer *w, HdPieceId p)
{
  const HdSchedule *s = w->s;
  hd_xml_writer_open (w->out, "piece");
  write_number (w, "id", p);
  hd_xml_writer_attribute (w->out, "memory", w->platform->memory[s->piece_memory[p]].id);
  hd_xml_writer_attribute_u64 (w->out, "bits", s->piece_bits[p], HD_UNIT_BIT);
  if (s->piece_tensor[p] != HD_NONE)
    hd_xml_writer_attribute (w->out, "tensor", s->tensor_name[s->piece_tensor[p]]);
  write_box (w, p);
  write_row (w, "release", s->release_begin, s->release, p);
  hd_xml_writer_close (w->out);
}

static void
write_pieces_of (Writer *w, guint32 row)
{
  for (guint64 i = w->made_begin[row]; i < w->made_begin[row + 1]; i++)
    write_piece (w, w->made[i]);
}

static void
sort_pieces_by_creator (Writer *w)
{
  const HdSchedule *s = w->s;
  gsize n_rows = (gsize) s->n_tasks + 1;
  w->made_begin = g_new0 (guint64, n_rows + 1);
  w->made = g_new (HdPieceId, MAX (1, s->n_pieces));
  for (guint32 p = 0; p < s->n_pieces; p++)
    w->made_begin[(gsize) MIN (s->piece_creator[p], s->n_tasks) + 1]++;
  for (gsize r = 0; r < n_rows; r++)
    w->made_begin[r + 1] += w->made_begin[r];
  g_autofree guint64 *next = g_memdup2 (w->made_begin, sizeof (guint64) * n_rows);
  for (guint32 p = 0; p < s->n_pieces; p++)
    w->made[next[MIN (s->piece_creator[p], s->n_tasks)]++] = p;
}

/* --- tasks ---------------------------------------------------------------------------------------- */

static void
write_layer_and_node (Writer *w, HdTaskId t)
{
  const HdSchedule *s = w->s;
  if (s->layer[t] != HD_NONE)
    hd_xml_writer_attribute (w->out, "layer", s->layer_name[s->layer[t]]);
  write_number_unless (w, "node", s->node[t], HD_NONE);
}

static void
write_cost (Writer *w, const HdTaskCost *cost)
{
  hd_xml_writer_attribute_u64 (w->out, "cycles", cost->cycles, HD_UNIT_CYCLE);
  if (cost->load_cycles != 0)
    hd_xml_writer_attribute_u64 (w->out, "load-cycles", cost->load_cycles, HD_UNIT_CYCLE);
  write_energy (w, "energy", cost->energy_aj);
  write_energy (w, "load-energy", cost->load_energy_aj);
  write_number_unless (w, "macs", cost->macs, 0);
}

static void
write_route (Writer *w, guint32 r, guint64 bits)
{
  hd_xml_writer_attribute (w->out, "from", w->from[r]);
  hd_xml_writer_attribute (w->out, "to", w->to[r]);
  hd_xml_writer_attribute_u64 (w->out, "bits", bits, HD_UNIT_BIT);
}

static void
write_hops (Writer *w, const HdRoute *route)
{
  for (guint h = 0; h < route->n_hops; h++) {
    hd_xml_writer_open (w->out, "hop");
    hd_xml_writer_attribute (w->out, "resource", w->platform->resource[route->hop[h].resource].id);
    write_number_unless (w, "parent", route->hop[h].parent, HD_NONE);
    if (route->hop[h].arrives != HD_NONE)
      hd_xml_writer_attribute (w->out, "arrives", w->platform->memory[route->hop[h].arrives].id);
    hd_xml_writer_close (w->out);
  }
}

static void
write_task (Writer *w, HdTaskId t)
{
  const HdSchedule *s = w->s;
  gboolean compute = s->kind[t] == HD_TASK_COMPUTE;
  hd_xml_writer_open (w->out, compute ? "compute" : "transfer");
  write_number (w, "id", t);
  hd_xml_writer_attribute (w->out, "queue", s->queue[s->queue_of[t]].name);
  write_layer_and_node (w, t);
  write_number_unless (w, "priority", s->priority[t], 0);
  write_number_unless (w, "weights", s->weight_key[t], 0);
  if (compute)
    write_cost (w, &s->cost[s->what[t]]);
  else
    write_route (w, s->what[t], s->bits[t]);
  write_row (w, "uses", s->use_begin, s->use, t);
  write_row (w, "after", s->after_begin, s->after, t);
  if (!compute && w->given[s->what[t]])
    write_hops (w, &s->route[s->what[t]]);
  write_pieces_of (w, t);
  hd_xml_writer_close (w->out);
}

/* --- tables --------------------------------------------------------------------------------------- */

static void
write_text (Writer *w, const char *element, const char *text)
{
  if (*text == '\0')
    return;
  hd_xml_writer_open (w->out, element);
  hd_xml_writer_text (w->out, text);
  hd_xml_writer_close (w->out);
}

static void
write_names (Writer *w, const char *element, guint n, char *const *names)
{
  for (guint i = 0; i < n; i++) {
    hd_xml_writer_open (w->out, element);
    hd_xml_writer_attribute (w->out, "name", names[i]);
    hd_xml_writer_close (w->out);
  }
}

static gboolean
ascends (const HdTaskId *tasks, guint64 n)
{
  for (guint64 i = 1; i < n; i++)
    if (tasks[i - 1] > tasks[i])
      return FALSE;
  return TRUE;
}

static void
write_queue (Writer *w, HdQueueId q)
{
  const HdSchedule *s = w->s;
  const HdQueue *queue = &s->queue[q];
  const HdTaskId *tasks = s->queue_task + s->queue_begin[q];
  guint64 n = s->queue_begin[q + 1] - s->queue_begin[q];
  hd_xml_writer_open (w->out, "queue");
  hd_xml_writer_attribute (w->out, "name", queue->name);
  if (queue->core != HD_NONE)
    hd_xml_writer_attribute (w->out, "core", w->platform->core[queue->core].id);
  if (queue->order == HD_QUEUE_BY_PRIORITY)
    hd_xml_writer_attribute (w->out, "order", "by-priority");
  write_number_unless (w, "outstanding", queue->outstanding, 1);
  write_number_unless (w, "priority", queue->priority, 0);
  write_number_unless (w, "slot", queue->slot, 0);
  if (!ascends (tasks, n))
    write_ids (w, "tasks", tasks, n);
  hd_xml_writer_close (w->out);
}

/* Whether the platform derives this very route from its ends. */
static gboolean
is_derived (const HdPlatform *platform, const HdRoute *route, const GArray *destinations)
{
  HdRoute derived = { 0 };
  if (!hd_platform_route (platform, route->source, (const HdMemoryId *) (gconstpointer) destinations->data, destinations->len, &derived, NULL))
    return FALSE;
  gboolean same = _hd_route_equal (route, &derived);
  hd_route_clear (&derived);
  return same;
}

static void
describe_routes (Writer *w)
{
  const HdSchedule *s = w->s;
  w->from = g_new0 (char *, s->n_routes + 1);
  w->to = g_new0 (char *, s->n_routes + 1);
  w->given = g_new0 (gboolean, s->n_routes + 1);
  for (guint r = 0; r < s->n_routes; r++) {
    g_autoptr (GArray) destinations = g_array_new (FALSE, FALSE, sizeof (HdMemoryId));
    g_autoptr (GString) to = g_string_new (NULL);
    for (guint h = 0; h < s->route[r].n_hops; h++) {
      HdMemoryId arrives = s->route[r].hop[h].arrives;
      if (arrives == HD_NONE)
        continue;
      g_array_append_val (destinations, arrives);
      g_string_append_printf (to, to->len > 0 ? " %s" : "%s", w->platform->memory[arrives].id);
    }
    w->from[r] = g_strdup (w->platform->memory[s->route[r].source].id);
    w->to[r] = g_strdup (to->str);
    w->given[r] = !is_derived (w->platform, &s->route[r], destinations);
  }
}

static void
write_root (Writer *w)
{
  const HdSchedule *s = w->s;
  hd_xml_writer_open (w->out, "schedule");
  hd_xml_writer_attribute (w->out, "version", HD_SCHEDULE_VERSION);
  hd_xml_writer_attribute (w->out, "platform", s->platform_name);
  hd_xml_writer_attribute (w->out, "platform-sha256", s->platform_sha256);
  if (*s->pass != '\0')
    hd_xml_writer_attribute (w->out, "pass", s->pass);
}

char *
_hd_schedule_to_xml (const HdSchedule *self, const HdPlatform *platform)
{
  g_autoptr (HdXmlWriter) out = hd_xml_writer_new ();
  Writer w = { .s = self, .platform = platform, .out = out, .text = g_string_new (NULL) };
  describe_routes (&w);
  sort_pieces_by_creator (&w);
  write_root (&w);
  write_text (&w, "workload", self->workload_xml);
  write_text (&w, "mapping", self->mapping_xml);
  write_names (&w, "layer", self->n_layers, self->layer_name);
  write_names (&w, "tensor", self->n_tensors, self->tensor_name);
  for (HdQueueId q = 0; q < self->n_queues; q++)
    write_queue (&w, q);
  write_pieces_of (&w, self->n_tasks);
  for (HdTaskId t = 0; t < self->n_tasks; t++)
    write_task (&w, t);
  hd_xml_writer_close (out);
  g_string_free (w.text, TRUE);
  g_strfreev (w.from);
  g_strfreev (w.to);
  g_free (w.given);
  g_free (w.made_begin);
  g_free (w.made);
  return hd_xml_writer_finish (out);
}
