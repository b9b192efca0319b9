/* Local search: from a genome uphill (downhill: all is minimised), by changes of one gene, then of two; from the optimum that is found, on from a perturbation of it.
 *
 * There is one climb for each goal: each objective, and the product of all. They take turns, a batch each, so that a search that is ended early has looked after all of them.
 * A batch is a fixed number of moves from the same genome; the best of them is taken when it is better. That lies between first and best improvement: a small neighbourhood is
 * one batch, a large one is left as soon as something is found, and the moves that were not tried yet come first afterwards.
 */
#include "config.h"
#include "search/private.h"

#include <string.h>

enum {
  BATCH = 32,
  MAX_LISTED = 32,           /* values of a size that are all tried: of more, steps of 1, 2, 4, ... */
  MAX_SAMPLED = 64,          /* values of one gene that are tried in a round, at most */
  MAX_FAILED = 8,            /* optima no better than home before home is left */
};

/* Of one gene: to a value, or by a step. */
typedef struct {
  guint gene;
  gint32 step;               /* 0: to @value */
  guint16 value;
} Move;

typedef struct {
  Search *search;
  int objective;             /* -1: the product */
  guint32 current;
  guint32 home;              /* the optimum that perturbations begin from */
  Move *move;                /* all changes of one gene, in random order */
  guint n_moves, capacity;
  guint cursor;              /* in @move */
  guint tried;               /* moves since the last improvement */
  guint failed;              /* optima since home was improved */
  guint32 asked[BATCH];
  guint n_asked;
  guint16 *genes;
} Climb;

/* Feasible before infeasible, then by violation or goal. */
static gboolean
is_better (const Climb *self, guint32 a, guint32 b)
{
  const Store *store = &self->search->store;
  if (store->state[a] != store->state[b])
    return store->state[a] == FEASIBLE;
  const double *x = store_objectives (store, a), *y = store_objectives (store, b);
  return store->state[a] == FEASIBLE ? _hd_compare_goal (x, y, store->n_objectives, self->objective) < 0 : x[0] < y[0];
}

/* --- moves ------------------------------------------------------------------------------------------------ */

static void
add_move (Climb *self, Move move)
{
  if (self->n_moves == self->capacity) {
    self->capacity = MAX (64, self->capacity * 2);
    self->move = g_renew (Move, self->move, self->capacity);
  }
  self->move[self->n_moves++] = move;
}

static void
list_moves_of (Climb *self, guint gene)
{
  const HdSearchProblem *problem = self->search->problem;
  guint n = problem->n_values[gene];
  gboolean ordinal = problem->kind != NULL && problem->kind[gene] == HD_GENE_ORDINAL;
  if (ordinal && n > MAX_LISTED)
    for (gint32 step = 1; step < (gint32) n; step *= 2) {
      add_move (self, (Move) { .gene = gene, .step = step });
      add_move (self, (Move) { .gene = gene, .step = -step });
    }
  else if (n > 1)
    for (guint i = 0; i < MIN (n, MAX_SAMPLED); i++)
      add_move (self, (Move) { .gene = gene, .value = (guint16) (n <= MAX_SAMPLED ? i : hd_random_below (&self->search->random, n)) });
}

static void
list_moves (Climb *self)
{
  self->n_moves = self->cursor = self->tried = 0;
  for (guint gene = 0; gene < self->search->problem->n_genes; gene++)
    list_moves_of (self, gene);
  for (guint i = self->n_moves; i > 1; i--) {
    guint j = (guint) hd_random_below (&self->search->random, i);
    Move swapped = self->move[i - 1];
    self->move[i - 1] = self->move[j];
    self->move[j] = swapped;
  }
}

/* FALSE: it leads nowhere from here. */
static gboolean
apply (const Climb *self, const Move *move, guint16 *genes)
{
  gint32 value = move->step != 0 ? genes[move->gene] + move->step : move->value;
  if (value < 0 || value >= self->search->problem->n_values[move->gene] || value == genes[move->gene])
    return FALSE;
  genes[move->gene] = (guint16) value;
  return TRUE;
}

/* Two genes of those that can change: their values change places, where both can have them, or both step. */
static void
change_two (Climb *self, guint16 *genes)
{
  Search *search = self->search;
  const guint16 *n_values = search->problem->n_values;
  guint a = self->move[hd_random_below (&search->random, self->n_moves)].gene, b = self->move[hd_random_below (&search->random, self->n_moves)].gene;
  guint16 x = genes[a], y = genes[b];
  if (x != y && x < n_values[b] && y < n_values[a] && hd_random_below (&search->random, 2) == 0) {
    genes[a] = y;
    genes[b] = x;
    return;
  }
  _hd_genome_step (search, genes, a);
  if (a != b)
    _hd_genome_step (search, genes, b);
}

/* --- one batch -------------------------------------------------------------------------------------------- */

/* FALSE: the search is at its end. */
static gboolean
ask (Climb *self)
{
  guint32 point = _hd_search_ask (self->search, self->genes);
  if (point == SEARCH_NONE)
    return FALSE;
  self->asked[self->n_asked++] = point;
  return TRUE;
}

/* FALSE: the search is at its end. Changes of one gene until all were tried, then as many of two. */
static gboolean
ask_neighbours (Climb *self)
{
  Search *search = self->search;
  const guint16 *genes = store_genes (&search->store, self->current);
  guint n = search->problem->n_genes;
  for (; self->n_asked < BATCH && self->tried < 2 * self->n_moves; self->tried++) {
    memcpy (self->genes, genes, n * sizeof *genes);
    if (self->tried >= self->n_moves)
      change_two (self, self->genes);
    else if (!apply (self, &self->move[self->cursor++ % self->n_moves], self->genes))
      continue;
    if (!ask (self))
      return FALSE;
    genes = store_genes (&search->store, self->current);
  }
  return TRUE;
}

static void
take_best (Climb *self)
{
  guint32 best = self->current;
  for (guint i = 0; i < self->n_asked; i++)
    if (is_better (self, self->asked[i], best))
      best = self->asked[i];
  if (best != self->current) {
    self->current = best;
    self->tried = 0;
  }
}

/* --- restarts --------------------------------------------------------------------------------------------- */

/* A few genes of home, more of them the longer nothing better was found; or, at last, another member of the front becomes home. */
static gboolean
restart (Climb *self)
{
  Search *search = self->search;
  self->failed++;
  if (is_better (self, self->current, self->home)) {
    self->home = self->current;
    self->failed = 0;
  } else if (self->failed > MAX_FAILED && search->front.n > 0) {
    self->home = search->front.point[hd_random_below (&search->random, search->front.n)];
    self->failed = 0;
  }
  guint n = search->problem->n_genes, n_changes = 2 + (guint) hd_random_below (&search->random, 1 + self->failed + n / 8);
  memcpy (self->genes, store_genes (&search->store, self->home), n * sizeof *self->genes);
  list_moves (self);
  for (guint i = 0; i < n_changes; i++)
    _hd_genome_step (search, self->genes, self->move[hd_random_below (&search->random, self->n_moves)].gene);
  self->n_asked = 0;
  if (!ask (self) || !_hd_search_evaluate (search))
    return FALSE;
  self->current = self->asked[0];
  return TRUE;
}

static gboolean
step (Climb *self)
{
  if (self->tried >= 2 * self->n_moves && !restart (self))
    return FALSE;
  self->n_asked = 0;
  gboolean goes_on = ask_neighbours (self);
  if (!_hd_search_evaluate (self->search) || !goes_on)
    return FALSE;
  take_best (self);
  return TRUE;
}

/* The front's best for the goal; without a front, the infeasible point that is nearest. */
static void
begin (Climb *self)
{
  Search *search = self->search;
  self->genes = g_new (guint16, search->problem->n_genes + 1);
  self->current = 0;
  for (guint32 point = 1; point < search->n_evaluated; point++)
    if (is_better (self, point, self->current))
      self->current = point;
  self->home = self->current;
  list_moves (self);
}

static gboolean
anything_to_begin_from (Search *self)
{
  if (self->n_evaluated > 0)
    return TRUE;
  g_autofree guint16 *genes = g_new (guint16, self->problem->n_genes + 1);
  _hd_genome_random (self, genes);
  return _hd_search_ask (self, genes) != SEARCH_NONE && _hd_search_evaluate (self);
}

void
_hd_search_local (Search *self, guint until)
{
  if (self->ended || !anything_to_begin_from (self))
    return;
  guint n = self->problem->n_objectives, n_climbs = n > 1 ? n + 1 : 1;
  Climb climb[HD_SEARCH_MAX_OBJECTIVES + 1] = { 0 };
  for (guint i = 0; i < n_climbs; i++) {
    climb[i].search = self;
    climb[i].objective = i < n ? (int) i : -1;
    begin (&climb[i]);
  }
  gboolean goes_on = climb[0].n_moves > 0;
  for (guint turn = 0; goes_on && self->n_evaluated < until; turn = (turn + 1) % n_climbs)
    goes_on = step (&climb[turn]);
  for (guint i = 0; i < n_climbs; i++) {
    g_free (climb[i].genes);
    g_free (climb[i].move);
  }
}
