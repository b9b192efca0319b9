/* The best mapping for latency or the product: best-first search with a bound, on top of what cheaper searches have found (branch.c).
 *
 * A node is the beginning of a walk (search.c): factors from the innermost on, and the boundaries that are closed so far. For closed boundaries everything that time depends on is known: period, window (but for what sharers
 * of a memory leave), first loads. So energy and cycles of all walks that begin like this are at least
 *
 *     energy  = closed boundaries + the cheapest way to close the others
 *     cycles  = steps + the worst port's max (stalls in closed windows, port cycles of closed boundaries and at least of open ones - steps)
 *               + first loads and last stores, closed and at least open
 *
 * The node with the least bound is opened first (ties: the least energy); when all that is left cannot be better than the best, that is proven. Else the least bound that is left says by how much it can be off.
 *
 * A boundary may move up over loops that its data do not depend on without any change (nest.h): only walks whose boundaries are as high as they go are looked at. Walks that agree in all that their cost can depend on are
 * the same node. A given order whose loops are bound to levels is tried without bounds: there are few.
 */
#include "cost/search.h"

#include <math.h>
#include <string.h>

#define BYTES_MAX (256u << 20)  /* of all nodes */

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
  double *rest_pj[HD_N_OPERANDS][HD_COST_LEVELS_MAX];    /* by open level and point: energy to close it and all above, at least */
  double *rest_load[HD_N_OPERANDS][HD_COST_LEVELS_MAX];  /* likewise: first loads or last stores [own cycle] */
  double *rest_port[HD_SLOTS_MAX];                  /* by slot and point: port cycles of its boundary, at least */
  gboolean to_end;                                  /* the order of loops above all boundaries matters: a top is another operand's way */
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

static guint
boundaries (const HdNest *nest, guint o)
{
  return nest->n_levels[o] > 0 ? nest->n_levels[o] - 1 : 0;
}

/* --- least costs of what is open, by point -------------------------------------------------------------------------- */

static double
first_transfer (const HdDigest *d, guint o)
{
  guint64 in = MAX (d->real[0][HD_MOVE_FROM_HIGH], d->real[1][HD_MOVE_TO_LOW]), out = MAX (d->real[0][HD_MOVE_TO_HIGH], d->real[1][HD_MOVE_FROM_LOW]);

  return (double) (o == HD_OPERAND_OUTPUT ? out : in);
}

static double
least_after_a_loop (const HdNest *nest, const double *table, const HdPoint *point)
{
  double least = INFINITY;

  for (guint k = 0; k < nest->n_kinds; k++)
    if (point->count[k] < nest->kind[k].count)
      least = MIN (least, table[point->id + nest->kind[k].stride]);
  return least;
}

static void
fill_point (BestFirst *s, const HdPoint *point, guint o)
{
  HdNest *nest = s->nest;
  guint32 id = point->id;

  for (guint b = boundaries (nest, o); b-- > 0;)
    {
      const HdDigest *d = _hd_digest (nest, o, b, id);
      gboolean last = b + 1 == boundaries (nest, o);
      double pj = least_after_a_loop (nest, s->rest_pj[o][b], point), load = least_after_a_loop (nest, s->rest_load[o][b], point);
      if (d->bits <= _hd_level_room (hd_nest_level (nest, o, b)))
        {
          pj = MIN (pj, d->counted + (last ? 0 : s->rest_pj[o][b + 1][id]));
          load = MIN (load, first_transfer (d, o) + (last ? 0 : s->rest_load[o][b + 1][id]));
        }
      s->rest_pj[o][b][id] = pj;
      s->rest_load[o][b][id] = load;
    }
}

static void
fill_slot (BestFirst *s, const HdPoint *point, guint i)
{
  HdNest *nest = s->nest;
  const HdSlot *slot = &nest->slot[i];
  const HdDigest *d = _hd_digest (nest, slot->operand, (guint) slot->boundary, point->id);
  double least = least_after_a_loop (nest, s->rest_port[i], point);

  if (d->bits <= _hd_level_room (hd_nest_level (nest, slot->operand, (guint) slot->boundary)))
    least = MIN (least, (double) d->real[slot->end][slot->movement] * (double) d->steady[slot->movement]);
  s->rest_port[i][point->id] = least;
}

static gboolean
make_tables (BestFirst *s)
{
  HdNest *nest = s->nest;
  HdPoint point;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < boundaries (nest, o); b++)
      if (!(s->rest_pj[o][b] = g_try_new (double, nest->n_points)) || !(s->rest_load[o][b] = g_try_new (double, nest->n_points)))
        return FALSE;
  for (guint i = 0; i < nest->n_slots; i++)
    if (nest->slot[i].boundary >= 0 && !(s->rest_port[i] = g_try_new (double, nest->n_points)))
      return FALSE;
  for (guint32 id = nest->n_points; id-- > 0;)
    {
      _hd_nest_point (nest, id, &point);
      for (guint o = 0; o < HD_N_OPERANDS; o++)
        fill_point (s, &point, o);
      for (guint i = 0; i < nest->n_slots; i++)
        if (nest->slot[i].boundary >= 0)
          fill_slot (s, &point, i);
    }
  return TRUE;
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

static double
port_bound (const BestFirst *s, const Node *n, guint port)
{
  HdNest *nest = s->nest;
  double over = 0, demand = -(double) nest->total;

  for (guint i = nest->port_begin[port]; i < nest->port_begin[port + 1]; i++)
    {
      const HdSlot *slot = &nest->slot[i];
      const HdDigest *d = &nest->array[slot->operand];
      if (slot->boundary >= (int) n->level[slot->operand])
        {
          demand += s->rest_port[i][n->point];
          continue;
        }
      if (slot->boundary >= 0)
        {
          const Closed *c = closed_at (s, n, slot->operand, (guint) slot->boundary);
          d = _hd_digest (nest, slot->operand, (guint) slot->boundary, (guint32) c->point);
          over += over_window (nest, slot, d, c);
        }
      demand += (double) d->real[slot->end][slot->movement] * (double) d->steady[slot->movement];
    }
  return MAX (over, demand);
}

static void
bound (const BestFirst *s, Node *n)
{
  HdNest *nest = s->nest;
  double load[HD_N_OPERANDS] = { 0 }, share = _hd_nest_load_share (nest), stall = 0, cycles;

  n->pj = s->base_pj;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    {
      for (guint b = 0; b < n->level[o]; b++)
        {
          const HdDigest *d = _hd_digest (nest, o, b, (guint32) closed_at (s, n, o, b)->point);
          n->pj += d->counted;
          load[o] += first_transfer (d, o);
        }
      if (n->level[o] < boundaries (nest, o))
        {
          n->pj += s->rest_pj[o][n->level[o]][n->point];
          load[o] += s->rest_load[o][n->level[o]][n->point];
        }
    }
  for (guint p = 0; p < nest->n_ports; p++)
    stall = MAX (stall, port_bound (s, n, p));
  cycles = (double) nest->total + stall + (1 - share) * load[HD_OPERAND_INPUT] + share * MAX (load[HD_OPERAND_INPUT], load[HD_OPERAND_WEIGHT]);
  if (nest->q->options->rules != HD_RULES_ZIGZAG)
    cycles += load[HD_OPERAND_OUTPUT];
  n->f = nest->pinned ? 0 : _hd_cost_objective (nest->q->options, n->pj, cycles);
}

/* Nothing that begins like this is better than the best. */
static gboolean
hopeless (const BestFirst *s, const Node *n)
{
  const HdSolution *best = &s->result->best;

  if (!isfinite (n->f) || !isfinite (n->pj))
    return TRUE;
  return s->result->found && !s->nest->pinned &&
         (n->f > best->value * (1 + 1e-12) || (n->f >= best->value * (1 - 1e-12) && n->pj >= best->second * (1 - 1e-12)));
}

/* --- the heap: least bound, then least energy, then deepest, then oldest ------------------------------------------------------ */

static gboolean
before (const BestFirst *s, guint32 a, guint32 b)
{
  const Node *x = node_at (s, a), *y = node_at (s, b);

  if (fabs (x->f - y->f) > 1e-13 * x->f)
    return x->f < y->f;
  if (fabs (x->pj - y->pj) > 1e-13 * x->pj)
    return x->pj < y->pj;
  if (x->depth != y->depth)
    return x->depth > y->depth;
  return a < b;
}

static void
heap_push (BestFirst *s, guint32 node)
{
  guint32 *heap;
  guint i = s->heap->len;

  g_array_append_val (s->heap, node);
  heap = (guint32 *) (gpointer) s->heap->data;
  for (; i > 0 && before (s, node, heap[(i - 1) / 2]); i = (i - 1) / 2)
    heap[i] = heap[(i - 1) / 2];
  heap[i] = node;
}

static guint32
heap_pop (BestFirst *s)
{
  guint32 *heap = (guint32 *) (gpointer) s->heap->data, top = heap[0], last = heap[s->heap->len - 1];
  guint i = 0, n = s->heap->len - 1;

  g_array_set_size (s->heap, n);
  for (guint child; (child = 2 * i + 1) < n; i = child)
    {
      if (child + 1 < n && before (s, heap[child + 1], heap[child]))
        child++;
      if (!before (s, heap[child], last))
        break;
      heap[i] = heap[child];
    }
  if (n > 0)
    heap[i] = last;
  return top;
}

/* --- nodes ------------------------------------------------------------------------------------------------------------------------ */

static guint32
hash_node (const BestFirst *s, const Node *n)
{
  const guint8 *bytes = (const guint8 *) n;
  guint64 h = 0, word;

  for (gsize i = KEY_BEGIN; i + sizeof word <= s->stride; i += sizeof word)
    {
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
  for (guint32 i = 0; i < s->n_nodes; i++)
    {
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
    if (point.count[k] < nest->kind[k].count && is_relevant_to_closed (nest, n->closed_here, nest->kind[k].rank))
      {
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
  if (!s->result->found || _hd_solution_better (&solution, &s->result->best))
    s->result->best = solution;
  s->result->found = TRUE;
}

static gboolean
is_leaf (const BestFirst *s, const Node *n)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (n->level[o] < boundaries (s->nest, o))
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
  if (is_leaf (s, n))
    {
      leaf (s, n);
      return;
    }
  n->next = s->bucket[h];
  s->bucket[h] = s->n_nodes;
  g_byte_array_append (s->nodes, (const guint8 *) n, (guint) s->stride);
  heap_push (s, s->n_nodes++);
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
    for (guint b = 0; b < nest->n_levels[o]; b++)
      {
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
    if (point->count[k] < nest->kind[k].count)
      {
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
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    {
      gboolean relevant = hd_nest_relevant (nest, o, kind->rank), windowed = (nest->windowed[o] >> kind->rank) & 1;
      if (n->level[o] >= boundaries (nest, o) && !s->to_end)
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
    if (closed_here >> (o + 1) == 0 && node_at (s, from)->level[o] < boundaries (nest, o))
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
      for (guint b = 0; b < boundaries (nest, other); b++)
        if (nest->level_id[other][b] == nest->level_id[o][nest->n_levels[o] - 1])
          return TRUE;
  return FALSE;
}

static gboolean
begin (BestFirst *s)
{
  HdNest *nest = s->nest;
  guint n = 0;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    {
      s->first_closed[o] = n;
      n += boundaries (nest, o);
    }
  s->stride = sizeof (Node) + n * sizeof (Closed);
  s->base_pj = nest->array_pj + (double) nest->shape->macs * nest->core->mac_pj;
  s->to_end = tops_are_shared (nest);
  s->nodes = g_byte_array_new ();
  s->heap = g_array_new (FALSE, FALSE, sizeof (guint32));
  s->mask = 1023;
  s->bucket = g_new (guint32, s->mask + 1);
  memset (s->bucket, 0xff, ((gsize) s->mask + 1) * sizeof s->bucket[0]);
  s->child = g_malloc0 (s->stride);
  s->child->parent = G_MAXUINT32;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    s->child->tail_irrelevant[o] = s->child->tail_relevant[o] = 1;
  return make_tables (s);
}

static void
clear (BestFirst *s)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < HD_COST_LEVELS_MAX; b++)
      {
        g_free (s->rest_pj[o][b]);
        g_free (s->rest_load[o][b]);
      }
  for (guint i = 0; i < HD_SLOTS_MAX; i++)
    g_free (s->rest_port[i]);
  g_byte_array_unref (s->nodes);
  g_array_unref (s->heap);
  g_free (s->bucket);
  g_free (s->child);
}

void
_hd_search_best_first (HdNest *nest, guint64 budget, HdSearchResult *result)
{
  BestFirst s = { .nest = nest, .result = result };
  double least = 0;

  if (begin (&s))
    {
      guint64 most = MIN (budget, BYTES_MAX / s.stride);
      add_child (&s);
      least = INFINITY;
      for (guint64 opened = 0; s.heap->len > 0; opened++)
        {
          guint32 top = heap_pop (&s);
          if (hopeless (&s, node_at (&s, top)))
            continue;
          if (opened == most || s.n_nodes > 8 * most)
            {
              least = node_at (&s, top)->f;
              break;
            }
          expand (&s, top);
        }
    }
  result->bound = MIN (least, result->best.value);
  clear (&s);
}
