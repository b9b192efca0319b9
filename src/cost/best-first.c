/* The best mapping for latency or the product: best-first search with a bound, on top of what cheaper searches have found (optimal.c).
 *
 * A node is the beginning of a walk (search.c): factors from the innermost on, and the boundaries that are closed so far. For closed boundaries everything that time depends on is known: period, window (but for what sharers
 * of a memory leave), first loads. So energy and cycles of all walks that begin like this are at least
 *
 *     energy  = closed boundaries + the cheapest way to close the others
 *     cycles  = steps + the worst port's max (stalls in closed windows, port cycles of closed boundaries and at least of open ones - steps)
 *               + first loads and last stores, closed and at least open
 *            or = what the worst port needs, port cycles together with the first loads of inputs or of weights and the last stores: data that are moved once are not free
 *
 * The node with the least bound is opened first (ties: the least energy); when all that is left cannot be better than the best, that is proven. Else the least bound that is left says by how much it can be off.
 *
 * A boundary may move up over loops that its data do not depend on without any change (nest.h): only walks whose boundaries are as high as they go are looked at. Walks that agree in all that their cost can depend on are
 * the same node. A given order whose loops are bound to levels is tried without bounds: there are few.
 */
#include "base/heap.h"
#include "cost/search.h"

#include <math.h>
#include <string.h>

#define BYTES_MAX (256u << 20)  /* of all nodes */
#define BY_PRODUCT 1000         /* nodes of a search by the product before the one by latency; a fixed number: more budget is never worse */

/** A boundary that is closed. */
typedef struct {
  guint64 top_irrelevant, top_relevant;  /* as in HdChain */
  guint64 point;
} Closed;

typedef struct {
  double f, pj;                 /* bounds: of the objective, of energy */
  guint32 parent, next;         /* next with the same hash */
  gint32 step;                  /* how it was reached: kind, or -1 - operand */
  guint32 depth;
  /* From here on: what makes two nodes the same. */
  guint32 point;
  guint8 level[HD_N_OPERANDS];  /* the level that is open */
  guint8 closed_here;           /* bit o: operand o closed a level after the last loop */
  guint64 tail_irrelevant[HD_N_OPERANDS], tail_relevant[HD_N_OPERANDS];  /* of the open level, so far */
  Closed closed[];              /* operand by operand */
} Node;

#define KEY_BEGIN G_STRUCT_OFFSET (Node, point)

typedef struct {
  HdNest *nest;
  HdSearchResult *result;
  gsize stride;                                     /* bytes of a node */
  guint first_closed[HD_N_OPERANDS];                /* of an operand's boundaries in Node.closed */
  double base_pj;                                   /* array and arithmetic */
  HdRest rest;
  gboolean to_end;                                  /* the order of loops above all boundaries matters: a top is another operand's way */
  gboolean by_product;                              /* nodes go by the product although latency is asked for: leads to mappings that are fast at little energy */
  double least_product;                             /* of what was found by it */
  GByteArray *nodes;
  guint32 n_nodes;
  GArray *heap;                                     /* of node numbers */
  guint32 *bucket, mask;
  Node *child;                                      /* the one that is being made */
} BestFirst;

static Node *
node_at (const BestFirst *s, guint32 i)
{
  return (Node *) (gpointer) (s->nodes->data + (gsize) i * s->stride);
}

/* --- the bound of a node ---------------------------------------------------------------------------------------------------- */

static const Closed *
closed_at (const BestFirst *s, const Node *n, guint o, guint b)
{
  return &n->closed[s->first_closed[o] + b];
}

/* Cycles of a transfer that its window, at its best, does not cover. */
static double
over_window (const HdNest *nest, const HdSlot *slot, const HdDigest *d, const Closed *c)
{
  const HdLevel *level = hd_nest_level (nest, slot->operand, (guint) slot->boundary);
  gboolean room = level->double_buffered || (double) (d->bits / c->top_relevant) <= 0.5 * (double) level->size_bits;
  guint64 window = room ? d->product : d->product / c->top_irrelevant, real = d->real[slot->end][slot->movement];

  return real > window ? (double) (real - window) * (double) d->steady[slot->movement] : 0;
}

/* What closed boundaries, and the array, need of ports. */
typedef struct {
  double over[HD_PORTS_MAX];    /* beyond their windows [own cycle] */
  double busy[HD_PORTS_MAX];    /* in all; open boundaries at least [own cycle] */
} Demand;

static void
demand_of (const BestFirst *s, const Node *n, Demand *demand)
{
  HdNest *nest = s->nest;

  for (guint p = 0; p < nest->n_ports; p++) {
    demand->over[p] = demand->busy[p] = 0;
    for (guint i = nest->port_begin[p]; i < nest->port_begin[p + 1]; i++) {
      const HdSlot *slot = &nest->slot[i];
      const HdDigest *d = &nest->array[slot->operand];
      if (slot->boundary >= (int) n->level[slot->operand])
        continue;
      if (slot->boundary >= 0) {
        const Closed *c = closed_at (s, n, slot->operand, (guint) slot->boundary);
        d = _hd_digest (nest, slot->operand, (guint) slot->boundary, (guint32) c->point);
        demand->over[p] += over_window (nest, slot, d, c);
      }
      demand->busy[p] += (double) d->real[slot->end][slot->movement] * (double) d->steady[slot->movement];
    }
  }
  for (guint i = 0; i < s->rest.n_uses; i++)
    if (n->level[s->rest.use[i].operand] < hd_nest_boundaries (nest, s->rest.use[i].operand))
      demand->busy[s->rest.use[i].port] += s->rest.use[i].busy[n->level[s->rest.use[i].operand]][n->point];
}

/* Cycles that a port keeps the node for: what it moves, with the first loads of @operand or the last stores, whichever of closed and open. @load: what counts of them at least, by operand, closed alone and with open ones. */
static double
busy_with_loads (const BestFirst *s, const Node *n, const Demand *demand, guint port, guint operand, const double *closed, const double *load)
{
  double sum = demand->busy[port];
  gboolean joint[HD_N_OPERANDS] = { FALSE };

  for (guint i = 0; i < s->rest.n_uses; i++) {
    const HdRestUse *u = &s->rest.use[i];
    guint l = n->level[u->operand];
    if (u->port != port || l >= hd_nest_boundaries (s->nest, u->operand) || (u->operand != operand && u->operand != HD_OPERAND_OUTPUT))
      continue;
    sum += u->joint[l][n->point] - u->busy[l][n->point];
    joint[u->operand] = TRUE;
  }
  sum += joint[operand] ? closed[operand] : load[operand];
  sum += joint[HD_OPERAND_OUTPUT] ? closed[HD_OPERAND_OUTPUT] : load[HD_OPERAND_OUTPUT];
  return sum;
}

static double
least_cycles (const BestFirst *s, const Node *n, const double *closed, const double *load)
{
  HdNest *nest = s->nest;
  double share = _hd_nest_load_share (nest), stall = 0, joint = 0;
  Demand demand;

  demand_of (s, n, &demand);
  for (guint p = 0; p < nest->n_ports; p++) {
    stall = MAX (stall, MAX (demand.over[p], demand.busy[p] - (double) nest->total));
    joint = MAX (joint, busy_with_loads (s, n, &demand, p, HD_OPERAND_INPUT, closed, load));
    joint = MAX (joint, busy_with_loads (s, n, &demand, p, HD_OPERAND_WEIGHT, closed, load) + (1 - share) * load[HD_OPERAND_INPUT]);
  }
  return MAX (joint, (double) nest->total + stall + load[HD_OPERAND_OUTPUT] + (1 - share) * load[HD_OPERAND_INPUT] + MAX (share * load[HD_OPERAND_INPUT], load[HD_OPERAND_WEIGHT]));
}

static void
bound (const BestFirst *s, Node *n)
{
  HdNest *nest = s->nest;
  double closed[HD_N_OPERANDS] = { 0 }, load[HD_N_OPERANDS] = { 0 };

  n->pj = s->base_pj;
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    double weight = _hd_rest_weight (nest, o);
    for (guint b = 0; b < n->level[o]; b++) {
      const HdDigest *d = _hd_digest (nest, o, b, (guint32) closed_at (s, n, o, b)->point);
      n->pj += d->counted;
      closed[o] += weight * _hd_rest_transfer (d, o);
    }
    load[o] = closed[o];
    if (n->level[o] < hd_nest_boundaries (nest, o)) {
      n->pj += s->rest.pj[o][n->level[o]][n->point];
      if (weight > 0)
        load[o] += weight * s->rest.load[o][n->level[o]][n->point];
    }
  }
  n->f = least_cycles (s, n, closed, load);
  n->f = nest->pinned ? 0 : s->by_product ? n->f * n->pj : _hd_cost_objective (nest->q->options, n->pj, n->f);
}

/* Nothing that begins like this is better than the best. */
static gboolean
hopeless (const BestFirst *s, const Node *n)
{
  const HdSolution *best = &s->result->best;

  if (!isfinite (n->f) || !isfinite (n->pj))
    return TRUE;
  if (s->by_product)
    return n->f >= s->least_product;
  return s->result->found && !s->nest->pinned &&
         (n->f > best->value * (1 + 1e-12) || (n->f >= best->value * (1 - 1e-12) && n->pj >= best->second * (1 - 1e-12)));
}

/* --- the heap: least bound, then least energy, then deepest, then oldest ------------------------------------------------------ */

static gboolean
before (gconstpointer search, guint32 a, guint32 b)
{
  const BestFirst *s = search;
  const Node *x = node_at (s, a), *y = node_at (s, b);

  if (fabs (x->f - y->f) > 1e-13 * x->f)
    return x->f < y->f;
  if (fabs (x->pj - y->pj) > 1e-13 * x->pj)
    return x->pj < y->pj;
  if (x->depth != y->depth)
    return x->depth > y->depth;
  return a < b;
}

/* --- nodes ------------------------------------------------------------------------------------------------------------------------ */

static guint32
hash_node (const BestFirst *s, const Node *n)
{
  const guint8 *bytes = (const guint8 *) n;
  guint64 h = 0, word;

  for (gsize i = KEY_BEGIN; i + sizeof word <= s->stride; i += sizeof word) {
    memcpy (&word, bytes + i, sizeof word);
    h = (h ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
    h ^= h >> 29;
  }
  return (guint32) h & s->mask;
}

static gboolean
is_known (const BestFirst *s, const Node *n, guint32 h)
{
  for (guint32 i = s->bucket[h]; i != G_MAXUINT32; i = node_at (s, i)->next)
    if (memcmp ((const guint8 *) node_at (s, i) + KEY_BEGIN, (const guint8 *) n + KEY_BEGIN, s->stride - KEY_BEGIN) == 0)
      return TRUE;
  return FALSE;
}

static void
rehash (BestFirst *s)
{
  s->mask = s->mask * 2 + 1;
  s->bucket = g_renew (guint32, s->bucket, s->mask + 1);
  memset (s->bucket, 0xff, ((gsize) s->mask + 1) * sizeof s->bucket[0]);
  for (guint32 i = 0; i < s->n_nodes; i++) {
    guint32 h = hash_node (s, node_at (s, i));
    node_at (s, i)->next = s->bucket[h];
    s->bucket[h] = i;
  }
}

static gboolean
is_relevant_to_closed (const HdNest *nest, guint8 closed_here, guint rank)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (((closed_here >> o) & 1) && !nest->pinned && !hd_nest_relevant (nest, o, rank))
      return FALSE;
  return TRUE;
}

/* Loops that are left when all levels are closed go outermost, one that keeps boundaries where they are first. */
static void
complete (const BestFirst *s, const Node *n, HdSolution *solution)
{
  HdNest *nest = s->nest;
  guint first = G_MAXUINT;
  HdPoint point;

  for (guint taken = solution->n; nest->ordered && taken < nest->n_factors; taken++)
    solution->loop[solution->n++] = nest->order[taken];
  _hd_nest_point (nest, n->point, &point);
  for (guint k = 0; !nest->ordered && k < nest->n_kinds && first == G_MAXUINT; k++)
    if (point.count[k] < nest->kind[k].count && is_relevant_to_closed (nest, n->closed_here, nest->kind[k].rank)) {
      first = k;
      point.count[k]++;
      solution->loop[solution->n++] = (guint8) k;
    }
  for (guint k = 0; !nest->ordered && k < nest->n_kinds; k++)
    for (guint c = point.count[k]; c < nest->kind[k].count; c++)
      solution->loop[solution->n++] = (guint8) k;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (nest->n_levels[o] > 0)
      solution->below[o][nest->n_levels[o] - 1] = (guint8) solution->n;
}

static void
leaf (BestFirst *s, const Node *n)
{
  gint32 step[HD_COST_LOOPS_MAX + HD_N_OPERANDS * HD_COST_LEVELS_MAX];
  guint length = 0, level[HD_N_OPERANDS] = { 0 };
  HdSolution solution = { 0 };

  for (const Node *i = n; i->parent != G_MAXUINT32; i = node_at (s, i->parent))
    step[length++] = i->step;
  while (length-- > 0)
    if (step[length] >= 0)
      solution.loop[solution.n++] = (guint8) step[length];
    else
      solution.below[-1 - step[length]][level[-1 - step[length]]++] = (guint8) solution.n;
  complete (s, n, &solution);
  s->result->evaluations++;
  if (!_hd_solution_fits (s->nest, &solution))
    return;
  _hd_solution_evaluate (s->nest, &solution);
  s->least_product = MIN (s->least_product, solution.value * solution.second);
  if (!s->result->found || _hd_solution_better (&solution, &s->result->best))
    s->result->best = solution;
  s->result->found = TRUE;
}

static gboolean
is_leaf (const BestFirst *s, const Node *n)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (n->level[o] < hd_nest_boundaries (s->nest, o))
      return FALSE;
  return (!s->nest->pinned && !s->to_end) || n->point + 1 == s->nest->n_points;
}

/* Takes s->child, unless it is known or hopeless. */
static void
add_child (BestFirst *s)
{
  Node *n = s->child;
  guint32 h = hash_node (s, n);

  if (is_known (s, n, h))
    return;
  bound (s, n);
  if (hopeless (s, n))
    return;
  if (is_leaf (s, n)) {
    leaf (s, n);
    return;
  }
  n->next = s->bucket[h];
  s->bucket[h] = s->n_nodes;
  g_byte_array_append (s->nodes, (const guint8 *) n, (guint) s->stride);
  _hd_heap_push (s->heap, s->n_nodes++, before, s);
  if (s->n_nodes > s->mask)
    rehash (s);
}

/* --- steps ------------------------------------------------------------------------------------------------------------------------- */

/* What stands on a level already leaves room for @bits: whole maps at their tops, tiles of closed boundaries. */
static gboolean
leaves_room (const BestFirst *s, const Node *n, guint operand, guint l, guint64 bits)
{
  HdNest *nest = s->nest;
  guint id = nest->level_id[operand][l];
  guint64 sum = bits;
  HdPoint full;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < nest->n_levels[o]; b++) {
      if (nest->level_id[o][b] != id || o == operand)
        continue;
      if (b < n->level[o] && !hd_add_u64 (sum, _hd_digest (nest, o, b, (guint32) closed_at (s, n, o, b)->point)->bits, &sum))
        return FALSE;
      if (b + 1 < nest->n_levels[o])
        continue;
      _hd_nest_point (nest, nest->n_points - 1, &full);
      if (!hd_add_u64 (sum, _hd_nest_bits (nest, o, b, &full, FALSE), &sum))
        return FALSE;
    }
  return sum <= _hd_level_room (hd_nest_level (nest, operand, l));
}

/* A boundary that nothing above keeps down would be higher. */
static gboolean
stays_here (const HdNest *nest, const HdPoint *point, guint o)
{
  gboolean left = FALSE;

  for (guint k = 0; k < nest->n_kinds; k++)
    if (point->count[k] < nest->kind[k].count) {
      left = TRUE;
      if (hd_nest_relevant (nest, o, nest->kind[k].rank))
        return TRUE;
    }
  return !left || nest->pinned;
}

static void
begin_child (BestFirst *s, guint32 from, gint32 step)
{
  memcpy (s->child, node_at (s, from), s->stride);
  s->child->parent = from;
  s->child->step = step;
  s->child->depth++;
}

static void
close_level (BestFirst *s, guint32 from, guint o, const HdPoint *point)
{
  guint l = node_at (s, from)->level[o];
  Node *n = s->child;

  if (!stays_here (s->nest, point, o) || !leaves_room (s, node_at (s, from), o, l, _hd_digest (s->nest, o, l, point->id)->bits))
    return;
  begin_child (s, from, -1 - (gint32) o);
  n->closed[s->first_closed[o] + l] = (Closed) { n->tail_irrelevant[o], n->tail_relevant[o], point->id };
  n->tail_irrelevant[o] = n->tail_relevant[o] = 1;
  n->level[o]++;
  n->closed_here |= (guint8) (1u << o);
  add_child (s);
}

static void
add_loop (BestFirst *s, guint32 from, guint k)
{
  const HdNest *nest = s->nest;
  const HdKind *kind = &nest->kind[k];
  Node *n = s->child;

  begin_child (s, from, (gint32) k);
  n->point += kind->stride;
  n->closed_here = 0;
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    gboolean relevant = hd_nest_relevant (nest, o, kind->rank), windowed = (nest->windowed[o] >> kind->rank) & 1;
    if (n->level[o] >= hd_nest_boundaries (nest, o) && !s->to_end)
      continue;
    n->tail_irrelevant[o] = relevant ? 1 : n->tail_irrelevant[o] * kind->factor;
    n->tail_relevant[o] = relevant && !windowed ? n->tail_relevant[o] * kind->factor : 1;
  }
  add_child (s);
}

static void
expand (BestFirst *s, guint32 from)
{
  HdNest *nest = s->nest;
  guint8 closed_here = node_at (s, from)->closed_here;
  guint taken = 0;
  HdPoint point;

  _hd_nest_point (nest, node_at (s, from)->point, &point);
  for (guint k = 0; k < nest->n_kinds; k++)
    taken += point.count[k];
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (closed_here >> (o + 1) == 0 && node_at (s, from)->level[o] < hd_nest_boundaries (nest, o))
      close_level (s, from, o, &point);
  for (guint k = 0; k < nest->n_kinds; k++)
    if (point.count[k] < nest->kind[k].count && is_relevant_to_closed (nest, closed_here, nest->kind[k].rank) &&
        (!nest->ordered || (nest->order[taken] == k && hd_nest_may_stand (nest, taken, node_at (s, from)->level))))
      add_loop (s, from, k);
}

/* --- the search ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
tops_are_shared (const HdNest *nest)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint other = 0; other < HD_N_OPERANDS && nest->n_levels[o] > 0; other++)
      for (guint b = 0; b < hd_nest_boundaries (nest, other); b++)
        if (nest->level_id[other][b] == nest->level_id[o][nest->n_levels[o] - 1])
          return TRUE;
  return FALSE;
}

static gboolean
begin (BestFirst *s)
{
  HdNest *nest = s->nest;
  guint n = 0;

  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    s->first_closed[o] = n;
    n += hd_nest_boundaries (nest, o);
  }
  s->stride = sizeof (Node) + n * sizeof (Closed);
  s->base_pj = nest->array_pj + (double) nest->shape->macs * nest->core->mac_pj;
  s->to_end = tops_are_shared (nest);
  s->nodes = g_byte_array_new ();
  s->heap = g_array_new (FALSE, FALSE, sizeof (guint32));
  s->mask = 1023;
  s->bucket = g_new (guint32, s->mask + 1);
  s->child = g_malloc (s->stride);
  return _hd_rest_init (&s->rest, nest);
}

static void
clear (BestFirst *s)
{
  _hd_rest_clear (&s->rest);
  g_byte_array_unref (s->nodes);
  g_array_unref (s->heap);
  g_free (s->bucket);
  g_free (s->child);
}

static void
add_root (BestFirst *s)
{
  g_byte_array_set_size (s->nodes, 0);
  g_array_set_size (s->heap, 0);
  s->n_nodes = 0;
  memset (s->bucket, 0xff, ((gsize) s->mask + 1) * sizeof s->bucket[0]);
  memset (s->child, 0, s->stride);
  s->child->parent = G_MAXUINT32;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    s->child->tail_irrelevant[o] = s->child->tail_relevant[o] = 1;
  add_child (s);
}

/* Opens at most @most nodes. Returns: the least bound of what is left; INFINITY: nothing is. */
static double
search (BestFirst *s, guint64 most)
{
  add_root (s);
  for (guint64 opened = 0; s->heap->len > 0;) {
    guint32 top = _hd_heap_pop (s->heap, before, s);
    if (hopeless (s, node_at (s, top)))
      continue;
    if (opened++ == most || s->n_nodes > 8 * most)
      return node_at (s, top)->f;
    expand (s, top);
  }
  return INFINITY;
}

void
_hd_search_best_first (HdNest *nest, guint64 budget, HdSearchResult *result)
{
  BestFirst s = { .nest = nest, .result = result };
  double least = 0;

  if (begin (&s)) {
    s.by_product = nest->q->options->objective == HD_OBJECTIVE_LATENCY && !nest->pinned;
    s.least_product = result->best.value * result->best.second;
    if (s.by_product)
      search (&s, BY_PRODUCT);
    s.by_product = FALSE;
    least = search (&s, MIN (budget, BYTES_MAX / 8 / s.stride));
  }
  result->bound = MIN (least, result->best.value);
  clear (&s);
}
