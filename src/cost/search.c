/* The exact search: the least energy over all orders and all splits.
 *
 * The energy of a mapping is a sum over boundaries, each a function of its point alone (nest.h). A mapping is a walk from the empty point to the full one, in which each step either puts one more factor into
 * the order or closes the current level of an operand here. A state is (point, the operands' current levels, room taken in shared memories). A* finds the cheapest walk: its estimate is the
 * sum, over operands, of the cheapest way to close that operand's remaining levels somewhere above this point, as if it were alone. That never overestimates, so the first full walk taken from the heap
 * is optimal; a state that costs no less and takes no less room than another with the same point and levels is dropped.
 *
 * Latency and the product are not sums: optimal.c and best-first.c search them, with walks of this search under several weights of energy and ports to begin with.
 *
 * Ties go to the state that was made first; the order in which states are made depends on ranks and factors only.
 */
#include "base/heap.h"
#include "cost/search.h"

#include <math.h>
#include <string.h>

#define SHARED_MAX 6
#define STATES 20000         /* of a search for the cheapest walk, unless the budget says so */
#define LAST_STATES 200000   /* of the last try, whatever the budget: a small one finds a worse mapping, not none */
#define WEIGHTED_STATES 3000 /* of a walk that is only a starting point */
#define TIES 4000        /* states looked at for a faster walk of the same energy */
#define NEAR_TIES 20000  /* of nearly the same */
#define STARTS 4000      /* of energies in reach of SLACK, for one that is fast: where searches by latency and product begin */
#define SLACK 1e-3

typedef struct {
  double g, f;                    /* energy so far, and with the estimate [pJ] */
  guint32 parent, next;           /* next with the same hash */
  guint32 point;
  guint8 level[HD_N_OPERANDS];    /* the level that is open; the top: none left to close */
  guint8 finished;                /* sums were complete at the last boundary of the outputs */
  gint8 step;                     /* how it was reached: kind, or -1 - operand */
  guint8 depth;
  guint64 used[SHARED_MAX];       /* by shared level [bit] */
} State;

typedef struct {
  HdNest *nest;
  HdSearchResult *result;
  const HdWeights *weights;                         /* nullable: energy alone */
  double *rest[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* by open level and point: least energy to close this and all levels above */
  gint8 shared_at[HD_COST_LEVELS_MAX];              /* index into State.used, -1: the level is one operand's */
  GArray *states;
  double stretch;                                   /* of the estimate; more than 1: not the cheapest walk */
  double least;                                     /* nothing that is left costs less */
  gboolean proven;
  gboolean all_states;                              /* keep every state, and no heap: for ties */
  guint32 *bucket;
  guint32 mask;
  GArray *heap;                                     /* of state numbers */
} Search;

/* --- costs and estimates -------------------------------------------------------------------------------------------- */

/* What closing level @b of an operand at a point costs: its energy, and what its transfers weigh on ports. */
static double
step_cost (const Search *s, guint o, guint b, guint32 id)
{
  const HdDigest *d = _hd_digest (s->nest, o, b, id);
  double cost = s->weights ? s->weights->energy * d->counted : d->counted;

  if (!s->weights)
    return cost;
  for (guint m = 0; m < HD_N_MOVES; m++)
    for (guint end = 0; end < 2; end++)
      cost += s->weights->port[o][b][end][m] * (double) d->real[end][m] * (double) (d->steady[m] + 1);
  return cost;
}

static gboolean
fits_alone (Search *s, guint o, guint b, const HdPoint *point)
{
  gboolean unfinished = o == HD_OPERAND_OUTPUT && _hd_nest_unfinished (s->nest, point);

  return _hd_nest_bits (s->nest, o, b, point, unfinished) <= _hd_level_room (hd_nest_level (s->nest, o, b));
}

static double
cheapest_above (const HdNest *nest, const double *rest, const HdPoint *point)
{
  double least = INFINITY;

  for (guint k = 0; k < nest->n_kinds; k++)
    if (point->count[k] < nest->kind[k].count)
      least = MIN (least, rest[point->id + nest->kind[k].stride]);
  return least;
}

static gboolean
make_estimates (Search *s, guint o)
{
  HdNest *nest = s->nest;
  HdPoint point;

  for (guint b = 0; b + 1 < nest->n_levels[o]; b++)
    if (!(s->rest[o][b] = g_try_new (double, nest->n_points)))
      return FALSE;
  for (guint32 id = nest->n_points; id-- > 0;) {
    _hd_nest_point (nest, id, &point);
    for (guint b = nest->n_levels[o] - 1; b-- > 0;) {
      double least = cheapest_above (nest, s->rest[o][b], &point);
      double above = b + 2 < nest->n_levels[o] ? s->rest[o][b + 1][id] : 0;
      if (above < least && fits_alone (s, o, b, &point))
        least = MIN (least, step_cost (s, o, b, id) + above);
      s->rest[o][b][id] = least;
    }
  }
  return TRUE;
}

static double
estimate (const Search *s, const State *state)
{
  double sum = 0;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (state->level[o] + 1u < s->nest->n_levels[o])
      sum += s->rest[o][state->level[o]][state->point];
  return sum;
}

/* --- the heap: least f, then deepest, then oldest ------------------------------------------------------------- */

static State *
state_at (const Search *s, guint32 i)
{
  return &g_array_index (s->states, State, i);
}

static gboolean
before (gconstpointer search, guint32 a, guint32 b)
{
  const Search *s = search;
  const State *x = state_at (s, a), *y = state_at (s, b);

  if (fabs (x->f - y->f) > 1e-13 * x->f)
    return x->f < y->f;
  if (x->depth != y->depth)
    return x->depth > y->depth;
  return a < b;
}

/* --- states ----------------------------------------------------------------------------------------------------- */

static guint32
hash_state (const Search *s, const State *state)
{
  guint64 h = state->point;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    h = h * 31 + state->level[o];
  h = (h * 2 + state->finished) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return (guint32) (h >> 32) & s->mask;
}

static gboolean
dominates (const State *a, const State *b)
{
  if (a->point != b->point || memcmp (a->level, b->level, sizeof a->level) != 0 || a->finished != b->finished || a->g > b->g * (1 + 1e-15))
    return FALSE;
  for (guint i = 0; i < SHARED_MAX; i++)
    if (a->used[i] > b->used[i])
      return FALSE;
  return TRUE;
}

static void
rehash (Search *s)
{
  s->mask = s->mask * 2 + 1;
  s->bucket = g_renew (guint32, s->bucket, s->mask + 1);
  memset (s->bucket, 0xff, ((gsize) s->mask + 1) * sizeof s->bucket[0]);
  for (guint32 i = 0; i < s->states->len; i++) {
    guint32 h = hash_state (s, state_at (s, i));
    state_at (s, i)->next = s->bucket[h];
    s->bucket[h] = i;
  }
}

static void
add_state (Search *s, State *state)
{
  guint32 h, i = s->states->len;

  state->f = state->g + s->stretch * estimate (s, state);
  if (!isfinite (state->f))
    return;
  if (s->all_states) {
    g_array_append_val (s->states, *state);
    return;
  }
  h = hash_state (s, state);
  for (guint32 other = s->bucket[h]; other != G_MAXUINT32; other = state_at (s, other)->next)
    if (dominates (state_at (s, other), state))
      return;
  state->next = s->bucket[h];
  g_array_append_val (s->states, *state);
  s->bucket[h] = i;
  _hd_heap_push (s->heap, i, before, s);
  if (s->states->len > s->mask)
    rehash (s);
}

/* --- steps --------------------------------------------------------------------------------------------------------- */

/* Takes @bits of the operand's level @l; FALSE: no room. */
static gboolean
take (const Search *s, State *state, guint o, guint l, guint64 bits)
{
  gint8 at = s->shared_at[s->nest->level_id[o][l]];
  guint64 room = _hd_level_room (hd_nest_level (s->nest, o, l)), taken = at < 0 ? 0 : state->used[at], sum;

  if (!hd_add_u64 (taken, bits, &sum) || sum > room)
    return FALSE;
  if (at >= 0)
    state->used[at] = sum;
  return TRUE;
}

/* The outputs' top holds unfinished sums when the last boundary was not complete: known when that is closed. Until then finished ones are reckoned with. */
static gboolean
take_output_top (const Search *s, State *state)
{
  HdPoint full;
  guint top = s->nest->n_levels[HD_OPERAND_OUTPUT] - 1;
  guint64 finished, unfinished;

  _hd_nest_point (s->nest, s->nest->n_points - 1, &full);
  finished = _hd_nest_bits (s->nest, HD_OPERAND_OUTPUT, top, &full, FALSE);
  unfinished = _hd_nest_bits (s->nest, HD_OPERAND_OUTPUT, top, &full, TRUE);
  if (state->finished || s->shared_at[s->nest->level_id[HD_OPERAND_OUTPUT][top]] < 0)
    return state->finished || unfinished <= _hd_level_room (hd_nest_level (s->nest, HD_OPERAND_OUTPUT, top));
  return unfinished <= finished || take (s, state, HD_OPERAND_OUTPUT, top, unfinished - finished);
}

static void
close_level (Search *s, guint32 from, guint o, const HdPoint *point)
{
  State state = *state_at (s, from);
  guint l = state.level[o];
  gboolean unfinished = o == HD_OPERAND_OUTPUT && !state.finished;

  if (!take (s, &state, o, l, _hd_nest_bits (s->nest, o, l, point, unfinished)))
    return;
  if (o == HD_OPERAND_OUTPUT)
    state.finished = !_hd_nest_unfinished (s->nest, point);
  state.level[o]++;
  if (o == HD_OPERAND_OUTPUT && state.level[o] + 1u == s->nest->n_levels[o] && !take_output_top (s, &state))
    return;
  state.g += step_cost (s, o, l, state.point);
  state.parent = from;
  state.step = (gint8) (-1 - (int) o);
  state.depth++;
  add_state (s, &state);
}

static void
expand (Search *s, guint32 from)
{
  HdPoint point;
  guint taken = 0;

  _hd_nest_point (s->nest, state_at (s, from)->point, &point);
  for (guint k = 0; k < s->nest->n_kinds; k++)
    taken += point.count[k];
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (state_at (s, from)->level[o] + 1u < s->nest->n_levels[o])
      close_level (s, from, o, &point);
  for (guint k = 0; k < s->nest->n_kinds; k++)
    if (point.count[k] < s->nest->kind[k].count && (!s->nest->ordered || (s->nest->order[taken] == k && hd_nest_may_stand (s->nest, taken, state_at (s, from)->level)))) {
      State state = *state_at (s, from);
      state.point += s->nest->kind[k].stride;
      state.parent = from;
      state.step = (gint8) k;
      state.depth++;
      add_state (s, &state);
    }
}

static gboolean
is_goal (const Search *s, const State *state)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (state->level[o] + 1u < s->nest->n_levels[o])
      return FALSE;
  return !s->nest->pinned || state->point + 1 == s->nest->n_points;
}

/* The walk's steps, first to last; loops that are left when all levels are closed go outermost. */
static void
trace_back (const Search *s, guint32 goal, HdSolution *solution)
{
  gint8 step[HD_COST_LOOPS_MAX + HD_N_OPERANDS * HD_COST_LEVELS_MAX];
  guint n = 0;
  HdPoint point;
  guint taken;

  for (guint32 i = goal; state_at (s, i)->parent != G_MAXUINT32; i = state_at (s, i)->parent)
    step[n++] = state_at (s, i)->step;
  solution->n = 0;
  for (guint level[HD_N_OPERANDS] = { 0 }; n-- > 0;)
    if (step[n] >= 0)
      solution->loop[solution->n++] = (guint8) step[n];
    else
      solution->below[-1 - step[n]][level[-1 - step[n]]++] = (guint8) solution->n;
  _hd_nest_point (s->nest, state_at (s, goal)->point, &point);
  for (taken = solution->n; s->nest->ordered && taken < s->nest->n_factors; taken++)
    solution->loop[solution->n++] = s->nest->order[taken];
  for (guint k = 0; !s->nest->ordered && k < s->nest->n_kinds; k++)
    for (guint c = point.count[k]; c < s->nest->kind[k].count; c++)
      solution->loop[solution->n++] = (guint8) k;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (s->nest->n_levels[o] > 0)
      solution->below[o][s->nest->n_levels[o] - 1] = (guint8) solution->n;
}

/* --- the search ------------------------------------------------------------------------------------------------------ */

/* Levels that several operands use get a counter; tops are taken from the beginning. FALSE with result->why. */
static gboolean
start (Search *s, State *first)
{
  HdNest *nest = s->nest;
  guint users[HD_COST_LEVELS_MAX] = { 0 }, n = 0;
  HdPoint full, empty;

  _hd_nest_point (nest, nest->n_points - 1, &full);
  _hd_nest_point (nest, 0, &empty);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++)
      users[nest->level_id[o][l]]++;
  for (guint id = 0; id < HD_COST_LEVELS_MAX; id++)
    s->shared_at[id] = users[id] > 1 && n < SHARED_MAX && nest->core->level[id].size_bits != HD_UNLIMITED_BITS ? (gint8) n++ : -1;
  *first = (State) { .parent = G_MAXUINT32, .finished = !_hd_nest_unfinished (nest, &empty) };
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    guint top = nest->n_levels[o] - 1;
    gboolean unfinished = o == HD_OPERAND_OUTPUT && top == 0 && !first->finished;
    if (nest->n_levels[o] == 0)
      continue;
    if (!take (s, first, o, top, _hd_nest_bits (nest, o, top, &full, unfinished))) {
      s->result->why = g_strdup_printf ("%s holds %" G_GUINT64_FORMAT " bit - the %s need %" G_GUINT64_FORMAT " beside what else stands there", hd_nest_level (nest, o, top)->id,
                                        _hd_level_room (hd_nest_level (nest, o, top)), hd_cost_operand_name (nest->shape, o), _hd_nest_bits (nest, o, top, &full, FALSE));
      return FALSE;
    }
  }
  return TRUE;
}

/* Takes the first goal from the heap, after at most @most states. */
static gboolean
walk_from (Search *s, State *first, guint64 most)
{
  g_array_set_size (s->states, 0);
  g_array_set_size (s->heap, 0);
  memset (s->bucket, 0xff, ((gsize) s->mask + 1) * sizeof s->bucket[0]);
  add_state (s, first);
  while (s->heap->len > 0 && most-- > 0) {
    guint32 top = _hd_heap_pop (s->heap, before, s);
    s->result->evaluations++;
    s->least = state_at (s, top)->f;
    if (is_goal (s, state_at (s, top))) {
      trace_back (s, top, &s->result->best);
      return TRUE;
    }
    expand (s, top);
  }
  return FALSE;
}

/* Takes what was found now, unless there is a @before that is no worse. */
static void
keep_better (Search *s, const HdSolution *before)
{
  _hd_solution_evaluate (s->nest, &s->result->best);
  if (before && !_hd_solution_better (&s->result->best, before))
    s->result->best = *before;
}

/* The cheapest walk; where that takes too many states, the best of some that are found with the estimate stretched, which goes for the goal: then the bound is what the first search had come to.
 * All stretches are tried, so that more states are never worse; as a start for latency or the product it takes the same states whatever the budget, for the same reason. */
static gboolean
run (Search *s)
{
  static const double STRETCH[] = { 1, 1.05, 1.5, 5 };
  const HdCostOptions *options = s->nest->q->options;
  guint64 most = s->weights ? WEIGHTED_STATES : options->objective == HD_OBJECTIVE_ENERGY && options->budget ? options->budget : STATES;
  gboolean any = FALSE;
  State first;

  if (!start (s, &first))
    return FALSE;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (s->nest->n_levels[o] > 0 && !make_estimates (s, o))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (STRETCH) && !s->proven && !(any && s->weights); i++) {
    HdSolution before = s->result->best;
    gboolean found;
    s->stretch = STRETCH[i];
    found = walk_from (s, &first, i + 1 == G_N_ELEMENTS (STRETCH) && !s->weights ? MAX (most, LAST_STATES) : most);
    if (i == 0)
      s->result->bound = s->least;
    s->proven = i == 0 && found;
    if (found)
      keep_better (s, any ? &before : NULL);
    any |= found;
    if (!found && s->heap->len == 0)
      return any;
  }
  return any;
}

static void
search_clear (Search *s)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < HD_COST_LEVELS_MAX; b++)
      g_free (s->rest[o][b]);
  g_array_unref (s->states);
  g_array_unref (s->heap);
  g_free (s->bucket);
}

/* --- ties ------------------------------------------------------------------------------------------------------------ */

/* Other walks of the same energy, or within the tolerance that is asked for, depth first, for the one that takes least time: as many as TIES states allow. Operands that close at one point do so in ascending order. */
typedef struct {
  Search *s;
  double most;              /* energy that is still a tie */
  guint left;               /* states to look at */
  HdSolution *best;
} Ties;

static void
tie_leaf (Ties *t, guint32 goal)
{
  HdSolution solution = { 0 };

  trace_back (t->s, goal, &solution);
  _hd_solution_evaluate (t->s->nest, &solution);
  t->s->result->evaluations++;
  if (_hd_solution_better (&solution, t->best))
    *t->best = solution;
}

static void
visit_ties (Ties *t, guint32 from)
{
  Search *s = t->s;
  guint32 first, last;

  if (t->left == 0)
    return;
  t->left--;
  if (is_goal (s, state_at (s, from))) {
    tie_leaf (t, from);
    return;
  }
  first = s->states->len;
  expand (s, from);
  last = s->states->len;
  for (guint32 i = first; i < last; i++)
    if (state_at (s, i)->f <= t->most && !(state_at (s, from)->step < 0 && state_at (s, i)->step < 0 && state_at (s, i)->step > state_at (s, from)->step))
      visit_ties (t, i);
  g_array_set_size (s->states, first);
}

static void
search_ties (Search *s)
{
  HdNest *nest = s->nest;
  HdSolution *best = &s->result->best;
  gboolean by_energy = nest->q->options->objective == HD_OBJECTIVE_ENERGY;
  double least = by_energy ? best->value : best->timing.pj + best->timing.load_pj, slack = by_energy ? least * nest->q->options->tie : least * SLACK;
  Ties t = { .s = s, .left = by_energy ? TIES : STARTS, .best = best };

  if (by_energy && slack > 0) {
    nest->tied_pj = least + slack;
    t.left = NEAR_TIES;
    _hd_solution_evaluate (nest, best);
  }
  t.most = s->result->bound * (1 + 1e-12) + slack;
  s->all_states = TRUE;
  g_array_set_size (s->states, 1);
  visit_ties (&t, 0);
}

void
_hd_search_walk (HdNest *nest, const HdWeights *weights, HdSearchResult *result)
{
  Search s = { .nest = nest, .result = result, .weights = weights, .mask = 1023 };

  s.states = g_array_new (FALSE, FALSE, sizeof (State));
  s.heap = g_array_new (FALSE, FALSE, sizeof (guint32));
  s.bucket = g_new (guint32, s.mask + 1);
  memset (s.bucket, 0xff, (s.mask + 1) * sizeof s.bucket[0]);
  result->found = run (&s) && _hd_solution_fits (nest, &result->best);
  if (result->found) {
    _hd_solution_evaluate (nest, &result->best);
    result->evaluations++;
    if (!weights && s.proven)
      search_ties (&s);
    if (!weights)
      result->bound = s.proven ? result->best.value : result->bound + nest->array_pj + (double) nest->shape->macs * nest->core->mac_pj;
  } else if (!result->why)
    result->why = g_strdup (s.heap->len > 0 ? "no order of loops that fits its shared memories was found" : "no order of loops fits its shared memories");
  search_clear (&s);
}
