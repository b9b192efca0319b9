/* The digest of a schedule's content, the same whatever the form of its file.
 *
 * Columns are hashed as differences of neighbours in a variable number of bytes (7 bits each, zigzag for the sign): a tenth of the columns themselves,
 * and hashing costs more than encoding. Each part is preceded by its length, so no two schedules give the same stream.
 */
#include "config.h"
#include "schedule/private.h"

#include <string.h>

typedef struct {
  GChecksum *sum;
  guint8 buffer[65536];
  gsize n;
} Digest;

static void
flush (Digest *self)
{
  g_checksum_update (self->sum, self->buffer, (gssize) self->n);
  self->n = 0;
}

static inline void
put (Digest *self, guint64 value)
{
  if (G_UNLIKELY (self->n + 10 > sizeof self->buffer))
    flush (self);
  while (value >= 0x80) {
    self->buffer[self->n++] = (guint8) (value | 0x80);
    value >>= 7;
  }
  self->buffer[self->n++] = (guint8) value;
}

/* The difference to the value before, modulo 2^64, small ones of both signs in few bytes. */
static inline void
put_difference (Digest *self, guint64 before, guint64 value)
{
  gint64 difference = (gint64) (value - before);
  put (self, ((guint64) difference << 1) ^ (guint64) (difference >> 63));
}

static void
put_text (Digest *self, const char *text)
{
  gsize length = strlen (text);
  put (self, length);
  flush (self);
  g_checksum_update (self->sum, (const guchar *) text, (gssize) length);
}

static void
put_u8 (Digest *self, const guint8 *values, guint64 n)
{
  put (self, n);
  for (guint64 i = 0; i < n; i++)
    put (self, values[i]);
}

static void
put_u32 (Digest *self, const guint32 *values, guint64 n)
{
  put (self, n);
  for (guint64 i = 0; i < n; i++)
    put_difference (self, i > 0 ? values[i - 1] : 0, values[i]);
}

static void
put_u64 (Digest *self, const guint64 *values, guint64 n)
{
  put (self, n);
  for (guint64 i = 0; i < n; i++)
    put_difference (self, i > 0 ? values[i - 1] : 0, values[i]);
}

static void
put_names (Digest *self, char *const *names, guint n)
{
  put (self, n);
  for (guint i = 0; i < n; i++)
    put_text (self, names[i]);
}

static void
put_tables (Digest *self, const HdSchedule *s)
{
  put (self, s->n_queues);
  for (guint q = 0; q < s->n_queues; q++) {
    const HdQueue *queue = &s->queue[q];
    const guint64 values[] = { queue->order, queue->outstanding, queue->priority, queue->slot, queue->core };
    put_text (self, queue->name);
    put_u64 (self, values, G_N_ELEMENTS (values));
  }
  put (self, s->n_routes);
  for (guint r = 0; r < s->n_routes; r++) {
    put (self, s->route[r].source);
    put_u32 (self, (const guint32 *) s->route[r].hop, (guint64) s->route[r].n_hops * (sizeof (HdHop) / sizeof (guint32)));
  }
  put_u64 (self, (const guint64 *) s->cost, (guint64) s->n_costs * (sizeof (HdTaskCost) / sizeof (guint64)));
}

G_STATIC_ASSERT (sizeof (HdHop) == 3 * sizeof (guint32) && sizeof (HdTaskCost) == 5 * sizeof (guint64) && sizeof (HdRange) == 2 * sizeof (gint64));

static void
put_tasks (Digest *self, const HdSchedule *s)
{
  put_u8 (self, s->kind, s->n_tasks);
  const guint32 *const columns[] = { s->queue_of, s->what, s->layer, s->node, s->weight_key, s->priority, s->queue_task };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    put_u32 (self, columns[i], s->n_tasks);
  put_u64 (self, s->bits, s->n_tasks);
  put_u64 (self, s->queue_begin, (guint64) s->n_queues + 1);
  put_u64 (self, s->use_begin, (guint64) s->n_tasks + 1);
  put_u32 (self, s->use, s->use_begin[s->n_tasks]);
  put_u64 (self, s->after_begin, (guint64) s->n_tasks + 1);
  put_u32 (self, s->after, s->after_begin[s->n_tasks]);
}

static void
put_pieces (Digest *self, const HdSchedule *s)
{
  const guint32 *const columns[] = { s->piece_memory, s->piece_creator, s->piece_tensor };
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    put_u32 (self, columns[i], s->n_pieces);
  put_u64 (self, s->piece_bits, s->n_pieces);
  put_u64 (self, s->piece_box_begin, (guint64) s->n_pieces + 1);
  put_u64 (self, (const guint64 *) s->piece_range, s->piece_box_begin[s->n_pieces] * 2);
  put_u64 (self, s->release_begin, (guint64) s->n_pieces + 1);
  put_u32 (self, s->release, s->release_begin[s->n_pieces]);
}

char *
hd_schedule_sha256 (const HdSchedule *self)
{
  g_autofree Digest *digest = g_new (Digest, 1);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  digest->sum = sum;
  digest->n = 0;
  const char *const texts[] = { "heddle-schedule-1", self->platform_name, self->platform_sha256, self->pass, self->workload_xml, self->mapping_xml };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    put_text (digest, texts[i]);
  put_names (digest, self->layer_name, self->n_layers);
  put_names (digest, self->tensor_name, self->n_tensors);
  put_tables (digest, self);
  put_tasks (digest, self);
  put_pieces (digest, self);
  flush (digest);
  return g_strdup (g_checksum_get_string (sum));
}
