/* The store: every genome that was ever asked for, once. A hash table over one array of genes finds it again. */
#include "config.h"
#include "search/private.h"

#include <string.h>

void
_hd_store_init (Store *self, guint n_genes, guint n_objectives)
{
  *self = (Store) { .n_genes = n_genes, .n_objectives = n_objectives, .n_slots = 64 };
  self->slot = g_new0 (guint32, self->n_slots);
}

void
_hd_store_clear (Store *self)
{
  g_free (self->genes);
  g_free (self->objectives);
  g_free (self->state);
  g_free (self->slot);
  *self = (Store) { 0 };
}

/* FNV-1a over the values, then mixed: the low bits choose the slot. */
static guint32
hash_of (const guint16 *genes, guint n)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);
  for (guint i = 0; i < n; i++)
    hash = (hash ^ genes[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  hash ^= hash >> 32;
  return (guint32) (hash * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) >> 32);
}

/* The slot in which @genes stand, or the empty one in which they belong. */
static guint
slot_of (const Store *self, const guint16 *genes)
{
  guint mask = self->n_slots - 1;
  for (guint s = hash_of (genes, self->n_genes) & mask;; s = (s + 1) & mask)
    if (self->slot[s] == 0 || memcmp (store_genes (self, self->slot[s] - 1), genes, self->n_genes * sizeof *genes) == 0)
      return s;
}

guint32
_hd_store_find (const Store *self, const guint16 *genes)
{
  guint32 found = self->slot[slot_of (self, genes)];
  return found != 0 ? found - 1 : SEARCH_NONE;
}

static void
rehash (Store *self)
{
  g_free (self->slot);
  self->n_slots *= 2;
  self->slot = g_new0 (guint32, self->n_slots);
  for (guint32 point = 0; point < self->n; point++)
    self->slot[slot_of (self, store_genes (self, point))] = point + 1;
}

guint32
_hd_store_add (Store *self, const guint16 *genes)
{
  if (self->n == self->capacity) {
    self->capacity = MAX (64, self->capacity * 2);
    self->genes = g_renew (guint16, self->genes, (gsize) self->capacity * MAX (self->n_genes, 1));
    self->objectives = g_renew (double, self->objectives, (gsize) self->capacity * self->n_objectives);
    self->state = g_renew (guint8, self->state, self->capacity);
  }
  if (self->n >= self->n_slots / 2)
    rehash (self);
  guint32 point = self->n++;
  self->slot[slot_of (self, genes)] = point + 1;
  memcpy (self->genes + (gsize) point * self->n_genes, genes, self->n_genes * sizeof *genes);
  self->state[point] = PENDING;
  return point;
}
