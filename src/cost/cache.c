/* Shapes already seen: a hash table that is read without a lock.
 *
 * Entries are never changed or removed, and a table never loses one: growing makes a new table and publishes it with one store. Old tables stay until the
 * end (together they are no larger than the last). Readers that look into an old one at worst miss an entry and compute it again.
 */
#include "cost/cost.h"

#include <string.h>

typedef struct {
  guint64 hash;
  HdNodeCost cost;
  HdCostKey key;   /* cut after its last word */
} Entry;

typedef struct Table {
  struct Table *older;
  gsize mask;
  Entry *slot[];
} Table;

struct HdCostCache {
  Table *table;    /* atomic */
  GMutex lock;     /* of insertions */
  gsize n;
  guint64 evaluations;
};

static guint64
hash_key (const HdCostKey *key)
{
  guint64 h = key->n * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  for (guint i = 0; i < key->n; i++) {
    h = (h ^ key->word[i]) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
    h ^= h >> 32;
  }
  return h;
}

static gboolean
entry_is (const Entry *entry, const HdCostKey *key, guint64 hash)
{
  return entry->hash == hash && entry->key.n == key->n && memcmp (entry->key.word, key->word, key->n * sizeof key->word[0]) == 0;
}

static Table *
table_new (gsize slots, Table *older)
{
  Table *table = g_malloc0 (sizeof *table + slots * sizeof (Entry *));

  table->mask = slots - 1;
  table->older = older;
  return table;
}

HdCostCache *
_hd_cost_cache_new (void)
{
  HdCostCache *self = g_new0 (HdCostCache, 1);

  g_mutex_init (&self->lock);
  self->table = table_new (256, NULL);
  return self;
}

void
_hd_cost_cache_free (HdCostCache *self)
{
  Table *table = self->table;

  for (gsize i = 0; i <= table->mask; i++)
    g_free (table->slot[i]);
  while (table) {
    Table *older = table->older;
    g_free (table);
    table = older;
  }
  g_mutex_clear (&self->lock);
  g_free (self);
}

static const Entry *
find (Table *table, const HdCostKey *key, guint64 hash)
{
  for (gsize i = hash & table->mask;; i = (i + 1) & table->mask) {
    const Entry *entry = g_atomic_pointer_get (&table->slot[i]);
    if (!entry || entry_is (entry, key, hash))
      return entry;
  }
}

const HdNodeCost *
_hd_cost_cache_find (HdCostCache *self, const HdCostKey *key)
{
  const Entry *entry = find (g_atomic_pointer_get (&self->table), key, hash_key (key));

  return entry ? &entry->cost : NULL;
}

static void
put (Table *table, Entry *entry)
{
  gsize i = entry->hash & table->mask;

  while (table->slot[i])
    i = (i + 1) & table->mask;
  g_atomic_pointer_set (&table->slot[i], entry);
}

static void
grow (HdCostCache *self)
{
  Table *old = self->table, *table = table_new ((old->mask + 1) * 2, old);

  for (gsize i = 0; i <= old->mask; i++)
    if (old->slot[i])
      put (table, old->slot[i]);
  g_atomic_pointer_set (&self->table, table);
}

void
_hd_cost_cache_insert (HdCostCache *self, const HdCostKey *key, const HdNodeCost *cost)
{
  guint64 hash = hash_key (key);

  g_mutex_lock (&self->lock);
  if (!find (self->table, key, hash)) {
    Entry *entry = g_malloc (G_STRUCT_OFFSET (Entry, key.word) + key->n * sizeof key->word[0]);
    entry->hash = hash;
    entry->cost = *cost;
    entry->key.n = key->n;
    memcpy (entry->key.word, key->word, key->n * sizeof key->word[0]);
    if (2 * ++self->n > self->table->mask)
      grow (self);
    put (self->table, entry);
    self->evaluations += cost->evaluations;
  }
  g_mutex_unlock (&self->lock);
}

void
_hd_cost_cache_totals (HdCostCache *self, guint64 *shapes, guint64 *evaluations)
{
  g_mutex_lock (&self->lock);
  *shapes = self->n;
  *evaluations = self->evaluations;
  g_mutex_unlock (&self->lock);
}
