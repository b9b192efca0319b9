/* The structure of a schedule: what must hold so that nobody who reads it reads out of bounds, and so that equal content is equal bytes.
 *
 * Each check stops being reported after the collector is full, but goes on; each is one pass over its columns. A check that needs another's
 * result (rows that exist before they are walked) runs only when that one found nothing.
 */
#include "config.h"
#include "schedule/private.h"
#include <heddle/checked.h>

#include <string.h>

typedef struct {
  const HdSchedule *s;
  const HdPlatform *platform;
  HdFaults *faults;
} Check;

#define FAULT(check, dataset, about, id, ...) _hd_faults_add ((check)->faults, (HdPlace) { dataset, about, id }, __VA_ARGS__)

/* --- text and names -------------------------------------------------------------------------------- */

gboolean
_hd_schedule_text_is_plain (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const guchar *p = (const guchar *) text; *p != '\0'; p++)
    if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f || (*p == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
      return FALSE;
  return TRUE;
}

static gboolean
is_name (const char *text)
{
  return *text != '\0' && strpbrk (text, "\n\t") == NULL && _hd_schedule_text_is_plain (text);
}

static void
check_line (const Check *check, const char *what, const char *text)
{
  if (*text != '\0' && !is_name (text))
    FAULT (check, "/", HD_ABOUT_ALL, 0, "%s is not UTF-8 without control characters", what);
}

static void
check_text (const Check *check, const char *where, const char *text)
{
  if (!_hd_schedule_text_is_plain (text))
    FAULT (check, where, HD_ABOUT_ALL, 0, "the text is not UTF-8 without control characters");
}

static void
check_names (const Check *check, const char *where, HdAbout about, const char *noun, guint n, char *const *names)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++) {
    if (!is_name (names[i]))
      FAULT (check, where, about, i, "%s %u: the name is empty or has control characters", noun, i);
    else if (!g_hash_table_add (seen, names[i]))
      FAULT (check, where, about, i, "%s %u: the name \"%.60s\" is taken already", noun, i, names[i]);
  }
}

static void
check_source (const Check *check)
{
  const HdSchedule *s = check->s;
  check_line (check, "the platform's name", s->platform_name);
  check_line (check, "the platform's sha256", s->platform_sha256);
  check_line (check, "the pass's name", s->pass);
  check_text (check, "/meta/workload_xml", s->workload_xml);
  check_text (check, "/meta/mapping_xml", s->mapping_xml);
  check_names (check, "/names/layers", HD_ABOUT_LAYER, "layer", s->n_layers, s->layer_name);
  check_names (check, "/names/tensors", HD_ABOUT_TENSOR, "tensor", s->n_tensors, s->tensor_name);
}

/* --- tables ---------------------------------------------------------------------------------------- */

static void
check_queue (const Check *check, guint q, guint32 *queue_of_core)
{
  const HdQueue *queue = &check->s->queue[q];
  const char *const where = "/queues";
  if (!is_name (queue->name))
    FAULT (check, where, HD_ABOUT_QUEUE, q, "queue %u: the name is empty or has control characters", q);
  else if (q > 0 && strcmp (check->s->queue[q - 1].name, queue->name) >= 0)
    FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\" stands twice or out of order - expected ascending names", queue->name);
  if (queue->order != HD_QUEUE_IN_ORDER && queue->order != HD_QUEUE_BY_PRIORITY)
    FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": order %u - expected 0 or 1", queue->name, queue->order);
  if (queue->outstanding == 0)
    FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": outstanding 0 - expected at least 1", queue->name);
  if (queue->core == HD_NONE)
    return;
  if (queue->core >= check->platform->n_cores)
    FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": core %u does not exist - the platform has %u", queue->name, queue->core, check->platform->n_cores);
  else if (queue_of_core[queue->core] != HD_NONE)
    FAULT (check, where, HD_ABOUT_QUEUE, q, "queues \"%.60s\" and \"%.60s\" are both of core \"%s\" - expected one", check->s->queue[queue_of_core[queue->core]].name, queue->name,
           check->platform->core[queue->core].id);
  else
    queue_of_core[queue->core] = q;
}

static void
check_queues (const Check *check)
{
  guint n = check->platform->n_cores;
  g_autofree guint32 *queue_of_core = g_new (guint32, MAX (1, n));
  memset (queue_of_core, 0xff, sizeof (guint32) * n);
  for (guint q = 0; q < check->s->n_queues; q++)
    check_queue (check, q, queue_of_core);
}

static void
check_hop (const Check *check, guint r, guint h, guint32 *reached_by)
{
  const HdRoute *route = &check->s->route[r];
  const HdHop *hop = &route->hop[h];
  const char *const where = "/routes";
  if (hop->resource >= check->platform->n_resources)
    FAULT (check, where, HD_ABOUT_ROUTE, r, "route %u, hop %u: resource %u does not exist - the platform has %u", r, h, hop->resource, check->platform->n_resources);
  if (h == 0 ? hop->parent != HD_NONE : hop->parent >= h)
    FAULT (check, where, HD_ABOUT_ROUTE, r, "route %u, hop %u: its parent is hop %u - expected %s", r, h, hop->parent, h == 0 ? "none" : "one before it");
  if (hop->arrives != HD_NONE && hop->arrives >= check->platform->n_memories)
    FAULT (check, where, HD_ABOUT_ROUTE, r, "route %u, hop %u: memory %u does not exist - the platform has %u", r, h, hop->arrives, check->platform->n_memories);
  if (hop->arrives != HD_NONE && hop->arrives == route->source)
    FAULT (check, where, HD_ABOUT_ROUTE, r, "route %u, hop %u: arrives at its own source", r, h);
  if (hop->arrives == HD_NONE || hop->arrives >= check->platform->n_memories)
    return;
  if (reached_by[hop->arrives] == r + 1)
    FAULT (check, where, HD_ABOUT_ROUTE, r, "route %u, hop %u: memory %u is reached twice", r, h, hop->arrives);
  reached_by[hop->arrives] = r + 1;
}

static void
check_leaves (const Check *check, guint r)
{
  const HdRoute *route = &check->s->route[r];
  g_autofree guint8 *inner = g_malloc0 (route->n_hops);
  for (guint h = 1; h < route->n_hops; h++)
    if (route->hop[h].parent < route->n_hops)
      inner[route->hop[h].parent] = 1;
  for (guint h = 0; h < route->n_hops; h++)
    if (!inner[h] && route->hop[h].arrives == HD_NONE)
      FAULT (check, "/routes", HD_ABOUT_ROUTE, r, "route %u, hop %u: leads nowhere - expected a memory it arrives at, or a hop after it", r, h);
}

static void
check_routes (const Check *check)
{
  g_autofree guint32 *reached_by = g_new0 (guint32, MAX (1, check->platform->n_memories));
  for (guint r = 0; r < check->s->n_routes; r++) {
    const HdRoute *route = &check->s->route[r];
    if (route->source >= check->platform->n_memories)
      FAULT (check, "/routes/source", HD_ABOUT_ROUTE, r, "route %u: memory %u does not exist - the platform has %u", r, route->source, check->platform->n_memories);
    if (route->n_hops == 0) {
      FAULT (check, "/routes", HD_ABOUT_ROUTE, r, "route %u has 0 hops - expected at least 1", r);
      continue;
    }
    for (guint h = 0; h < route->n_hops; h++)
      check_hop (check, r, h, reached_by);
    check_leaves (check, r);
  }
}

static gboolean
route_is (gconstpointer things, guint32 index, gconstpointer key)
{
  return _hd_route_equal ((const HdRoute *) things + index, key);
}

static gboolean
cost_is (gconstpointer things, guint32 index, gconstpointer key)
{
  return memcmp ((const HdTaskCost *) things + index, key, sizeof (HdTaskCost)) == 0;
}

static void
check_distinct (const Check *check)
{
  const HdSchedule *s = check->s;
  HdIndexTable costs = { 0 }, routes = { 0 };
  for (guint i = 0; i < s->n_costs; i++)
    if (_hd_index_table_add (&costs, _hd_cost_hash (&s->cost[i]), s->cost, &s->cost[i], cost_is, i) != i)
      FAULT (check, "/costs", HD_ABOUT_ALL, 0, "cost %u stands twice", i);
  for (guint i = 0; i < s->n_routes; i++)
    if (_hd_index_table_add (&routes, _hd_route_hash (&s->route[i]), s->route, &s->route[i], route_is, i) != i)
      FAULT (check, "/routes", HD_ABOUT_ALL, 0, "route %u stands twice", i);
  _hd_index_table_clear (&costs);
  _hd_index_table_clear (&routes);
}

static void
check_costs (const Check *check)
{
  for (guint i = 0; i < check->s->n_costs; i++) {
    const HdTaskCost *cost = &check->s->cost[i];
    if (MAX (MAX (cost->cycles, cost->load_cycles), MAX (MAX (cost->energy_aj, cost->load_energy_aj), cost->macs)) > HD_SCHEDULE_MAX_VALUE)
      FAULT (check, "/costs", HD_ABOUT_COST, i, "cost %u: a value is greater than 2^62", i);
  }
}

/* --- rows ------------------------------------------------------------------------------------------ */

static gboolean
rows_are_sound (const Check *check, const char *where, const guint64 *begin, guint64 n_rows)
{
  gboolean sound = begin[0] == 0;
  for (guint64 r = 0; r < n_rows; r++)
    sound &= begin[r] <= begin[r + 1];
  if (!sound)
    FAULT (check, where, HD_ABOUT_ALL, 0, "the rows do not begin at 0 and ascend");
  return sound;
}

static void
check_rows (const Check *check, const char *where, HdAbout about, const char *owner, const char *thing, const guint64 *begin, const guint32 *value, guint32 n_rows, guint32 n_things)
{
  if (!rows_are_sound (check, where, begin, n_rows))
    return;
  for (guint32 r = 0; r < n_rows; r++)
    for (guint64 i = begin[r]; i < begin[r + 1]; i++) {
      if (value[i] >= n_things)
        FAULT (check, where, about, r, "%s %u: %s %u does not exist - there are %u", owner, r, thing, value[i], n_things);
      else if (i > begin[r] && value[i - 1] >= value[i])
        FAULT (check, where, about, r, "%s %u: %s %u stands twice or out of order - expected ascending numbers", owner, r, thing, value[i]);
    }
}

/* --- tasks ----------------------------------------------------------------------------------------- */

static void
check_compute (const Check *check, guint32 t)
{
  const HdSchedule *s = check->s;
  if (s->queue[s->queue_of[t]].core == HD_NONE)
    FAULT (check, "/tasks/queue", HD_ABOUT_TASK, t, "task %u is a compute in queue \"%.60s\", which has no core", t, s->queue[s->queue_of[t]].name);
  if (s->what[t] >= s->n_costs)
    FAULT (check, "/tasks/what", HD_ABOUT_TASK, t, "task %u: cost %u does not exist - there are %u", t, s->what[t], s->n_costs);
  if (s->bits[t] != 0)
    FAULT (check, "/tasks/bits", HD_ABOUT_TASK, t, "task %u is a compute of %" G_GUINT64_FORMAT " bit - expected 0", t, s->bits[t]);
}

static void
check_transfer (const Check *check, guint32 t)
{
  const HdSchedule *s = check->s;
  if (s->what[t] >= s->n_routes)
    FAULT (check, "/tasks/what", HD_ABOUT_TASK, t, "task %u: route %u does not exist - there are %u", t, s->what[t], s->n_routes);
  if (s->bits[t] == 0 || s->bits[t] > HD_SCHEDULE_MAX_VALUE)
    FAULT (check, "/tasks/bits", HD_ABOUT_TASK, t, "task %u is a transfer of %" G_GUINT64_FORMAT " bit - expected 1 to 2^62", t, s->bits[t]);
  if (s->weight_key[t] != 0)
    FAULT (check, "/tasks/weight_key", HD_ABOUT_TASK, t, "task %u is a transfer with weight key %u - expected 0", t, s->weight_key[t]);
}

static void
check_task (const Check *check, guint32 t)
{
  const HdSchedule *s = check->s;
  if (s->kind[t] != HD_TASK_COMPUTE && s->kind[t] != HD_TASK_TRANSFER)
    FAULT (check, "/tasks/kind", HD_ABOUT_TASK, t, "task %u: kind %u - expected 0 or 1", t, s->kind[t]);
  if (s->layer[t] != HD_NONE && s->layer[t] >= s->n_layers)
    FAULT (check, "/tasks/layer", HD_ABOUT_TASK, t, "task %u: layer %u does not exist - there are %u", t, s->layer[t], s->n_layers);
  if (s->queue_of[t] >= s->n_queues) {
    FAULT (check, "/tasks/queue", HD_ABOUT_TASK, t, "task %u: queue %u does not exist - there are %u", t, s->queue_of[t], s->n_queues);
    return;
  }
  if (s->priority[t] != 0 && s->queue[s->queue_of[t]].order == HD_QUEUE_IN_ORDER)
    FAULT (check, "/tasks/priority", HD_ABOUT_TASK, t, "task %u has priority %u in a queue in order - expected 0", t, s->priority[t]);
  if (s->kind[t] == HD_TASK_COMPUTE)
    check_compute (check, t);
  else
    check_transfer (check, t);
}

/* Costs and routes are numbered by first use and each is used. */
static void
check_numbering (const Check *check)
{
  const HdSchedule *s = check->s;
  guint32 next[2] = { 0, 0 };
  for (guint32 t = 0; t < s->n_tasks; t++) {
    guint32 *expected = &next[s->kind[t]];
    if (s->what[t] > *expected) {
      FAULT (check, "/tasks/what", HD_ABOUT_TASK, t, "task %u is the first to use %s %u - expected %u: they are numbered by first use", t, s->kind[t] == HD_TASK_COMPUTE ? "cost" : "route", s->what[t], *expected);
      return;
    }
    *expected += s->what[t] == *expected;
  }
  if (next[HD_TASK_COMPUTE] < s->n_costs)
    FAULT (check, "/costs", HD_ABOUT_ALL, 0, "cost %u is used by no task", next[HD_TASK_COMPUTE]);
  if (next[HD_TASK_TRANSFER] < s->n_routes)
    FAULT (check, "/routes", HD_ABOUT_ALL, 0, "route %u is used by no task", next[HD_TASK_TRANSFER]);
}

static void
check_queue_row (const Check *check, guint q, guint8 *seen)
{
  const HdSchedule *s = check->s;
  const char *const where = "/queues/tasks", *name = s->queue[q].name;
  for (guint64 i = s->queue_begin[q]; i < s->queue_begin[q + 1]; i++) {
    HdTaskId t = s->queue_task[i];
    if (t >= s->n_tasks)
      FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": task %u does not exist - there are %u", name, t, s->n_tasks);
    else if (seen[t]++)
      FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": task %u stands in a queue twice", name, t);
    else if (s->queue_of[t] != q)
      FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": task %u says that its queue is %u", name, t, s->queue_of[t]);
    else if (s->queue[q].order == HD_QUEUE_BY_PRIORITY && i > s->queue_begin[q] && s->queue_task[i - 1] > t)
      FAULT (check, where, HD_ABOUT_QUEUE, q, "queue \"%.60s\": task %u is out of order - expected ascending numbers in a queue by priority", name, t);
  }
}

static void
check_queue_rows (const Check *check)
{
  const HdSchedule *s = check->s;
  g_autofree guint8 *seen = NULL;
  if (!rows_are_sound (check, "/queues/begin", s->queue_begin, s->n_queues))
    return;
  if (s->queue_begin[s->n_queues] != s->n_tasks) {
    FAULT (check, "/queues/tasks", HD_ABOUT_ALL, 0, "%" G_GUINT64_FORMAT " tasks stand in queues - expected each of the %u once", s->queue_begin[s->n_queues], s->n_tasks);
    return;
  }
  seen = g_malloc0 (MAX (1, s->n_tasks));
  for (guint q = 0; q < s->n_queues; q++)
    check_queue_row (check, q, seen);
}

/* --- pieces ---------------------------------------------------------------------------------------- */

#define COORDINATE_MAX (G_GINT64_CONSTANT (1) << 62)

static void
check_box (const Check *check, guint32 p)
{
  const HdSchedule *s = check->s;
  guint64 from = s->piece_box_begin[p], to = s->piece_box_begin[p + 1];
  if (to - from > HD_BOX_MAX)
    FAULT (check, "/pieces/box", HD_ABOUT_PIECE, p, "piece %u: a box of %" G_GUINT64_FORMAT " dimensions - expected at most %d", p, to - from, HD_BOX_MAX);
  if (to > from && s->piece_tensor[p] == HD_NONE)
    FAULT (check, "/pieces/box", HD_ABOUT_PIECE, p, "piece %u has a box but no tensor", p);
  for (guint64 i = from; i < to; i++) {
    HdRange range = s->piece_range[i];
    if (range.from >= range.to || range.from < -COORDINATE_MAX || range.to > COORDINATE_MAX)
      FAULT (check, "/pieces/box", HD_ABOUT_PIECE, p, "piece %u: the range %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT " of its box is empty or beyond 2^62", p, range.from, range.to);
  }
}

static void
check_piece (const Check *check, guint32 p)
{
  const HdSchedule *s = check->s;
  if (s->piece_memory[p] >= check->platform->n_memories)
    FAULT (check, "/pieces/memory", HD_ABOUT_PIECE, p, "piece %u: memory %u does not exist - the platform has %u", p, s->piece_memory[p], check->platform->n_memories);
  if (s->piece_bits[p] == 0 || s->piece_bits[p] > HD_SCHEDULE_MAX_VALUE)
    FAULT (check, "/pieces/bits", HD_ABOUT_PIECE, p, "piece %u of %" G_GUINT64_FORMAT " bit - expected 1 to 2^62", p, s->piece_bits[p]);
  if (s->piece_creator[p] != HD_NONE && s->piece_creator[p] >= s->n_tasks)
    FAULT (check, "/pieces/creator", HD_ABOUT_PIECE, p, "piece %u: task %u does not exist - there are %u", p, s->piece_creator[p], s->n_tasks);
  if (s->piece_tensor[p] != HD_NONE && s->piece_tensor[p] >= s->n_tensors)
    FAULT (check, "/pieces/tensor", HD_ABOUT_PIECE, p, "piece %u: tensor %u does not exist - there are %u", p, s->piece_tensor[p], s->n_tensors);
}

static void
check_pieces (const Check *check)
{
  const HdSchedule *s = check->s;
  gboolean boxes = rows_are_sound (check, "/pieces/box_begin", s->piece_box_begin, s->n_pieces);
  for (guint32 p = 0; p < s->n_pieces; p++) {
    check_piece (check, p);
    if (boxes)
      check_box (check, p);
  }
}

/* --- time ------------------------------------------------------------------------------------------ */

static guint64
saturating_add (guint64 a, guint64 b)
{
  guint64 sum;
  return hd_add_u64 (a, b, &sum) ? sum : G_MAXUINT64;
}

static guint64
saturating_mul (guint64 a, guint64 b)
{
  guint64 product;
  return hd_mul_u64 (a, b, &product) ? product : G_MAXUINT64;
}

/* An upper bound of the cycles that @bursts bursts of @bits in all can take at @resource, waits for clock edges and slots included. */
static guint64
longest_at (const HdResource *resource, guint64 bits, guint64 bursts)
{
  guint64 cycles = saturating_mul (bursts, resource->latency);
  if (resource->width_bits == 0)
    return cycles;
  cycles = saturating_add (cycles, saturating_mul (saturating_add (bits / resource->width_bits, saturating_mul (2, bursts)), resource->period));
  if (resource->arbiter == HD_ARBITER_TIME_SLOTS)
    cycles = saturating_add (cycles, saturating_mul (bursts, saturating_mul (resource->n_slots, resource->slot_cycles)));
  return cycles;
}

static guint64
longest_task (const Check *check, guint32 t, const guint64 *burst)
{
  const HdSchedule *s = check->s;
  if (s->kind[t] == HD_TASK_COMPUTE) {
    const HdTaskCost *cost = &s->cost[s->what[t]];
    return saturating_add (cost->cycles + cost->load_cycles, check->platform->core[s->queue[s->queue_of[t]].core].period);
  }
  const HdRoute *route = &s->route[s->what[t]];
  guint64 sum = 0;
  for (guint h = 0; h < route->n_hops; h++)
    sum = saturating_add (sum, longest_at (&check->platform->resource[route->hop[h].resource], s->bits[t], hd_ceil_div (s->bits[t], burst[s->what[t]])));
  return sum;
}

/* All tasks one after the other take less than 2^62 cycles: no run of the schedule can overflow its clock. */
static void
check_total_time (const Check *check)
{
  const HdSchedule *s = check->s;
  g_autofree guint64 *burst = g_new (guint64, MAX (1, s->n_routes));
  guint64 sum = 0;
  for (guint r = 0; r < s->n_routes; r++) {
    burst[r] = hd_platform_route_burst (check->platform, &s->route[r]);
    if (burst[r] == G_MAXUINT64)
      FAULT (check, "/routes", HD_ABOUT_ROUTE, r, "route %u: the smallest multiple of its widths does not fit in 63 bits: no burst can take it", r);
  }
  for (guint32 t = 0; t < s->n_tasks; t++)
    sum = saturating_add (sum, longest_task (check, t, burst));
  if (sum > HD_SCHEDULE_MAX_VALUE)
    FAULT (check, "/", HD_ABOUT_ALL, 0, "the tasks can take more than 2^62 cycles one after the other");
}

/* --- all of it -------------------------------------------------------------------------------------- */

void
_hd_schedule_diagnose (const HdSchedule *self, const HdPlatform *platform, HdFaults *faults)
{
  const Check check = { self, platform, faults };
  check_source (&check);
  check_queues (&check);
  check_routes (&check);
  check_costs (&check);
  for (guint32 t = 0; t < self->n_tasks; t++)
    check_task (&check, t);
  check_queue_rows (&check);
  check_rows (&check, "/tasks/use", HD_ABOUT_TASK, "task", "piece", self->use_begin, self->use, self->n_tasks, self->n_pieces);
  check_rows (&check, "/tasks/after", HD_ABOUT_TASK, "task", "task", self->after_begin, self->after, self->n_tasks, self->n_tasks);
  check_pieces (&check);
  check_rows (&check, "/pieces/release", HD_ABOUT_PIECE, "piece", "task", self->release_begin, self->release, self->n_pieces, self->n_tasks);
  if (faults->n > 0)
    return;
  check_distinct (&check);
  check_numbering (&check);
  check_total_time (&check);
}

gboolean
hd_schedule_validate (const HdSchedule *self, const HdPlatform *platform, GError **error)
{
  HdFaults faults;
  _hd_faults_init (&faults, NULL);
  _hd_schedule_diagnose (self, platform, &faults);
  return _hd_faults_finish (&faults, HD_ERROR_NEGATIVE, error);
}
