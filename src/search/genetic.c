/* NSGA-II: a population, of which and of whose children the best half by (front, crowding) lives on.
 *
 * Against the book: a child that is already known is mutated again, a few times, so that evaluations are spent on what is new; and no genome stands in a population twice. When a
 * generation brings hardly anything new in, random genomes take the place of the worst quarter.
 */
#include "config.h"
#include "search/private.h"

#include <string.h>

enum { RETRIES = 8 };

typedef struct {
  Search *search;
  guint size;
  guint n;                   /* members [1] */
  guint n_parents;           /* of them, those that children are made of */
  Ranked *member;            /* room for two populations; sorted by (rank, crowding) */
  guint16 *child;
} Population;

static gboolean
is_member (const Population *self, guint32 point)
{
  for (guint i = 0; i < self->n; i++)
    if (self->member[i].point == point)
      return TRUE;
  return FALSE;
}

/* FALSE: the search is at its end. */
static gboolean
add (Population *self, const guint16 *genes)
{
  guint32 point = _hd_search_ask (self->search, genes);
  if (point == SEARCH_NONE)
    return FALSE;
  if (!is_member (self, point))
    self->member[self->n++].point = point;
  return TRUE;
}

static gboolean
add_random (Population *self, guint up_to)
{
  for (guint tries = 0; self->n < up_to && tries < 4 * up_to; tries++) {
    _hd_genome_random (self->search, self->child);
    if (!add (self, self->child))
      return FALSE;
  }
  return TRUE;
}

/* The caller's starts, what the front has by now, and random genomes. */
static gboolean
begin (Population *self)
{
  Search *search = self->search;
  const HdSearchOptions *options = search->options;
  for (guint i = 0; i < search->front.n && self->n < self->size / 2; i++)
    if (!add (self, store_genes (&search->store, search->front.point[i])))
      return FALSE;
  for (guint i = 0; i < options->n_starts && self->n < self->size; i++)
    if (!add (self, options->starts + (gsize) i * search->problem->n_genes))
      return FALSE;
  return add_random (self, self->size);
}

/* The better of two members drawn at random: the place in the sorted population tells. */
static const guint16 *
tournament (Population *self)
{
  Search *search = self->search;
  guint a = (guint) hd_random_below (&search->random, self->n_parents), b = (guint) hd_random_below (&search->random, self->n_parents);
  return store_genes (&search->store, self->member[MIN (a, b)].point);
}

static void
make_child (Population *self)
{
  Search *search = self->search;
  const guint16 *parent = tournament (self);
  if (hd_random_below (&search->random, 10) < 9)
    _hd_genome_cross (search, parent, tournament (self), self->child);
  else
    memcpy (self->child, parent, search->problem->n_genes * sizeof *self->child);
  _hd_genome_mutate (search, self->child);
  for (guint i = 0; i < RETRIES; i++) {
    if (search->problem->repair != NULL)
      search->problem->repair (search->problem->data, self->child);
    if (_hd_store_find (&search->store, self->child) == SEARCH_NONE)
      return;
    _hd_genome_mutate (search, self->child);
  }
}

/* Ranks all members and keeps the best. */
static void
select_best (Population *self)
{
  _hd_rank (&self->search->store, self->member, self->n);
  self->n = MIN (self->n, self->size);
}

/* How many of the children live on in @n_new; FALSE: the search is at its end. */
static gboolean
generation (Population *self, guint *n_new)
{
  guint known = self->search->store.n;
  self->n_parents = self->n;
  for (guint i = 0; i < self->size; i++) {
    make_child (self);
    if (!add (self, self->child))
      break;
  }
  if (!_hd_search_evaluate (self->search))
    return FALSE;
  select_best (self);
  *n_new = 0;
  for (guint i = 0; i < self->n; i++)
    *n_new += self->member[i].point >= known;
  return TRUE;
}

static void
evolve (Population *self, guint until)
{
  guint stale = 0;
  if (!begin (self) || !_hd_search_evaluate (self->search)) {
    _hd_search_evaluate (self->search);
    return;
  }
  select_best (self);
  while (self->search->n_evaluated < until && self->n > 0) {
    guint n_new;
    if (!generation (self, &n_new))
      return;
    stale = n_new * 50 > self->size ? 0 : stale + 1;
    if (stale < 5)
      continue;
    stale = 0;
    self->n -= self->n / 4;
    gboolean goes_on = add_random (self, self->size);
    if (!_hd_search_evaluate (self->search) || !goes_on)
      return;
    select_best (self);
  }
}

void
_hd_search_genetic (Search *self, guint until)
{
  guint size = self->options->population;
  if (size == 0)
    size = CLAMP (self->budget / 25, 16, 100);
  size = MIN (size, 10000);
  Population population = { .search = self, .size = size, .member = g_new (Ranked, 2 * (gsize) size + 1), .child = g_new (guint16, self->problem->n_genes + 1) };
  evolve (&population, until);
  g_free (population.member);
  g_free (population.child);
}
