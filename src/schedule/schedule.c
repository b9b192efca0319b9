/* The life of a schedule, and the small things that its room shares: collecting faults, and finding equal things by hash. */
#include "config.h"
#include "schedule/private.h"

#include <stdarg.h>
#include <string.h>

typedef struct {
  HdSchedule base;   /* first: what everybody sees */
  gint references;
} Schedule;

HdSchedule *
_hd_schedule_new (void)
{
  Schedule *self = g_new0 (Schedule, 1);
  self->references = 1;
  return &self->base;
}

HdSchedule *
hd_schedule_ref (HdSchedule *self)
{
  g_atomic_int_inc (&((Schedule *) self)->references);
  return self;
}

static void
free_names (char **names, guint n)
{
  for (guint i = 0; names != NULL && i < n; i++)
    g_free (names[i]);
  g_free (names);
}

static void
free_tables (HdSchedule *self)
{
  for (guint i = 0; self->queue != NULL && i < self->n_queues; i++)
    g_free (self->queue[i].name);
  for (guint i = 0; self->route != NULL && i < self->n_routes; i++)
    g_free (self->route[i].hop);
  g_free (self->queue);
  g_free (self->route);
  g_free (self->cost);
}

static void
free_columns (HdSchedule *self)
{
  void *columns[] = { self->kind, self->queue_of, self->what, self->bits, self->layer, self->node, self->weight_key, self->priority, self->queue_begin, self->queue_task,
                      self->use_begin, self->use, self->after_begin, self->after, self->piece_memory, self->piece_bits, self->piece_creator, self->piece_tensor,
                      self->piece_box_begin, self->piece_range, self->release_begin, self->release };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    g_free (columns[i]);
}

void
hd_schedule_unref (HdSchedule *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&((Schedule *) self)->references))
    return;
  g_free (self->platform_name);
  g_free (self->platform_sha256);
  g_free (self->workload_xml);
  g_free (self->mapping_xml);
  g_free (self->pass);
  free_names (self->layer_name, self->n_layers);
  free_names (self->tensor_name, self->n_tensors);
  free_tables (self);
  free_columns (self);
  g_free (self);
}

/* --- faults ------------------------------------------------------------------------------------ */

void
_hd_faults_init (HdFaults *self, const char *file)
{
  *self = (HdFaults) { .file = file, .text = g_string_new (NULL) };
}

static void
append_place (HdFaults *self, HdPlace place)
{
  const guint *lines = self->line[place.about] != NULL ? self->line[place.about] : self->line[HD_ABOUT_ALL];
  if (lines == NULL)
    g_string_append_printf (self->text, "%s:%s: ", self->file, place.dataset);
  else
    g_string_append_printf (self->text, "%s:%u: ", self->file, lines == self->line[HD_ABOUT_ALL] ? *lines : lines[place.id]);
}

void
_hd_faults_add (HdFaults *self, HdPlace place, const char *format, ...)
{
  va_list args;
  if (self->n++ >= HD_FAULTS_MAX)
    return;
  if (self->text->len > 0)
    g_string_append_c (self->text, '\n');
  if (self->file != NULL)
    append_place (self, place);
  va_start (args, format);
  g_string_append_vprintf (self->text, format, args);
  va_end (args);
}

gboolean
_hd_faults_finish (HdFaults *self, HdErrorCode code, GError **error)
{
  if (self->n > HD_FAULTS_MAX)
    g_string_append_printf (self->text, "\nand %" G_GUINT64_FORMAT " more", self->n - HD_FAULTS_MAX);
  if (self->n > 0)
    g_set_error_literal (error, HD_ERROR, code, self->text->str);
  g_string_free (self->text, TRUE);
  self->text = NULL;
  return self->n == 0;
}

/* --- equal things ------------------------------------------------------------------------------- */

static guint32
mix (guint64 h, guint64 value)
{
  h = (h ^ value) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return (guint32) (h ^ (h >> 32));
}

guint32
_hd_cost_hash (const HdTaskCost *cost)
{
  guint32 h = mix (0, cost->cycles);
  h = mix (h, cost->load_cycles);
  h = mix (h, cost->energy_aj);
  h = mix (h, cost->load_energy_aj);
  return mix (h, cost->macs);
}

guint32
_hd_route_hash (const HdRoute *route)
{
  guint32 h = mix (route->n_hops, route->source);
  for (guint i = 0; i < route->n_hops; i++) {
    h = mix (h, route->hop[i].resource);
    h = mix (h, (guint64) route->hop[i].parent << 32 | route->hop[i].arrives);
  }
  return h;
}

gboolean
_hd_route_equal (const HdRoute *a, const HdRoute *b)
{
  if (a->source != b->source || a->n_hops != b->n_hops)
    return FALSE;
  for (guint i = 0; i < a->n_hops; i++)
    if (a->hop[i].resource != b->hop[i].resource || a->hop[i].parent != b->hop[i].parent || a->hop[i].arrives != b->hop[i].arrives)
      return FALSE;
  return TRUE;
}

static void
put (HdIndexTable *self, guint32 hash, guint32 slot_value)
{
  gsize at = hash & (self->room - 1);
  while (self->slot[at] != 0)
    at = (at + 1) & (self->room - 1);
  self->slot[at] = slot_value;
  self->hash[at] = hash;
}

static void
enlarge (HdIndexTable *self)
{
  HdIndexTable old = *self;
  self->room = MAX (64, old.room * 2);
  self->slot = g_new0 (guint32, self->room);
  self->hash = g_new (guint32, self->room);
  for (gsize i = 0; i < old.room; i++)
    if (old.slot[i] != 0)
      put (self, old.hash[i], old.slot[i]);
  g_free (old.slot);
  g_free (old.hash);
}

guint32
_hd_index_table_add (HdIndexTable *self, guint32 hash, gconstpointer things, gconstpointer key, HdIndexEqual equal, guint32 next)
{
  if ((self->n + 1) * 2 > self->room)
    enlarge (self);
  for (gsize at = hash & (self->room - 1); self->slot[at] != 0; at = (at + 1) & (self->room - 1))
    if (self->hash[at] == hash && equal (things, self->slot[at] - 1, key))
      return self->slot[at] - 1;
  put (self, hash, next + 1);
  self->n++;
  return next;
}

void
_hd_index_table_clear (HdIndexTable *self)
{
  g_free (self->slot);
  g_free (self->hash);
  *self = (HdIndexTable) { 0 };
}
