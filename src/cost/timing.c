/* How long a mapping takes beyond its loops: stalls at ports, first loads, last stores; and its energy on the way.
 *
 * A transfer across boundary b happens once a **period**, the product of the loops below. It may happen in a **window** of it: all of it when the level below has room for the next data beside the
 * present, else only while the outermost loops of that level that the data do not depend on are in their last turn: period / top irrelevant.
 *
 *     stall of a port = sum of (real - window) * n over movements that do not fit their window,
 *                     + what the others need beyond the union of all windows
 *
 * All ports stall in parallel: the worst counts. Windows are synchronous at 0 and periods divide each other, so their union has a closed form:
 *
 *     covered (k, x) = floor (x / P_k) * rest_k (P_k) + rest_k (x mod P_k),   rest_k (y) = min (y, A_k) + max (0, covered (k-1, y) - covered (k-1, min (y, A_k)))
 *
 * Exact rules: the first load of inputs and the last store of outputs are not part of the stall (they are input and offload cycles), in the sum and in the union. The published tool leaves them out of the
 * sum but not of the union; its rules do so here.
 */
#include "cost/nest.h"

#include <string.h>

/* --- ports ------------------------------------------------------------------------------------------------- */

static void
add_slot (HdNest *nest, guint port_of_slot[], guint operand, int boundary, guint end, guint movement)
{
  guint l = (guint) (boundary + (int) end);
  const HdLevel *level = hd_nest_level (nest, operand, l);
  gint8 port = level->port_of[hd_cost_stands_as (nest->q, operand)][movement];

  if (port < 0)
    return;
  port_of_slot[nest->n_slots] = nest->level_id[operand][l] * HD_LEVEL_PORTS_MAX + (guint) port;
  nest->slot[nest->n_slots++] = (HdSlot) { (guint8) operand, (guint8) end, (guint8) movement, (gint8) boundary };
}

static void
collect_slots (HdNest *nest, guint *port_of_slot)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (int b = -1; nest->shape->operand[o].present && b + 1 < (int) nest->n_levels[o]; b++) {
      if (b >= 0)
        add_slot (nest, port_of_slot, o, b, 0, HD_MOVE_FROM_HIGH);
      add_slot (nest, port_of_slot, o, b, 1, HD_MOVE_TO_LOW);
      if (o != HD_OPERAND_OUTPUT)
        continue;
      if (b >= 0)
        add_slot (nest, port_of_slot, o, b, 0, HD_MOVE_TO_HIGH);
      add_slot (nest, port_of_slot, o, b, 1, HD_MOVE_FROM_LOW);
    }
}

/* A port of an operand's level that moves inputs and weights both. */
static gboolean
serves_both (const HdNest *nest, guint level_id, int port)
{
  const HdLevel *level = &nest->core->level[level_id];
  guint found = 0;

  for (guint o = 0; o < HD_OPERAND_OUTPUT; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++)
      for (guint m = 0; m < HD_N_MOVES; m++)
        if (nest->level_id[o][l] == level_id && level->port_of[hd_cost_stands_as (nest->q, o)][m] == port)
          found |= 1u << o;
  return found == 3;
}

static void
find_shared (HdNest *nest, guint o)
{
  guint as = hd_cost_stands_as (nest->q, o);

  for (guint b = 0; b + 1 < nest->n_levels[o]; b++) {
    nest->both_inputs[o][b][0] = serves_both (nest, nest->level_id[o][b], hd_nest_level (nest, o, b)->port_of[as][HD_MOVE_FROM_HIGH]);
    nest->both_inputs[o][b][1] = serves_both (nest, nest->level_id[o][b + 1], hd_nest_level (nest, o, b + 1)->port_of[as][HD_MOVE_TO_LOW]);
  }
}

static void
sort_slots (HdNest *nest, const guint *port_of_slot)
{
  HdSlot sorted[HD_SLOTS_MAX];
  guint n = 0;

  nest->n_ports = 0;
  for (guint p = 0; p < HD_PORTS_MAX; p++) {
    guint before = n;
    for (guint s = 0; s < nest->n_slots; s++)
      if (port_of_slot[s] == p)
        sorted[n++] = nest->slot[s];
    if (n > before)
      nest->port_begin[nest->n_ports++] = before;
  }
  nest->port_begin[nest->n_ports] = n;
  memcpy (nest->slot, sorted, n * sizeof sorted[0]);
}

/* --- digests -------------------------------------------------------------------------------------------------- */

static guint64
port_cycles (const HdFlow *flow, guint64 width)
{
  return flow->transfers > 0 ? hd_ceil_div (flow->bits, width) : 0;
}

static void
digest (HdNest *nest, guint o, int b, const HdCrossing *c, guint64 product, HdDigest *d)
{
  guint64 all = nest->total / product;

  memset (d, 0, sizeof *d);
  d->product = product;
  d->pj = hd_crossing_pj (c);
  for (guint m = 0; m < HD_N_MOVES; m++) {
    gboolean reads = m == HD_MOVE_TO_HIGH || m == HD_MOVE_TO_LOW;
    const HdLevel *upper = hd_nest_level (nest, o, (guint) (b + 1));
    const HdFlow *flow = c->upper[m].transfers ? &c->upper[m] : &c->lower[m];
    d->real[1][m] = port_cycles (&c->upper[m], reads ? upper->read_width : upper->write_width);
    if (b >= 0) {
      const HdLevel *lower = hd_nest_level (nest, o, (guint) b);
      d->real[0][m] = port_cycles (&c->lower[m], reads ? lower->read_width : lower->write_width);
    }
    d->steady[m] = MIN (flow->transfers, all - 1);
  }
}

static gboolean
whole_inside (const HdNest *nest, guint operand, guint32 id)
{
  for (guint k = 0; k < nest->n_kinds; k++)
    if (hd_nest_relevant (nest, operand, nest->kind[k].rank) && id / nest->kind[k].stride % (nest->kind[k].count + 1) < nest->kind[k].count)
      return FALSE;
  return TRUE;
}

double
_hd_nest_load_share (const HdNest *nest)
{
  guint64 repeats = nest->q->options->repeats ? nest->q->options->repeats : nest->q->options->whole ? 1 : 64;

  return 1.0 / (double) repeats;
}

const HdDigest *
_hd_digest (HdNest *nest, guint o, guint b, guint32 id)
{
  HdDigest *d = &nest->digest[o][b][id];

  if (d->product == 0) {
    HdPoint point;
    HdCrossing c;
    _hd_nest_point (nest, id, &point);
    hd_nest_crossing (nest, o, b, &point, &c);
    digest (nest, o, (int) b, &c, point.product, d);
    d->counted = o == HD_OPERAND_WEIGHT && nest->shape->operand[o].constant && whole_inside (nest, o, id) ? d->pj * _hd_nest_load_share (nest) : d->pj;
    d->bits = _hd_nest_bits (nest, o, b, &point, o == HD_OPERAND_OUTPUT && _hd_nest_unfinished (nest, &point));
  }
  return d;
}

gboolean
_hd_timing_init (HdNest *nest, GError **error)
{
  guint port_of_slot[HD_SLOTS_MAX];
  HdCrossing c;

  nest->n_slots = 0;
  nest->array_pj = 0;
  collect_slots (nest, port_of_slot);
  sort_slots (nest, port_of_slot);
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    const HdCostShapeOperand *operand = &nest->shape->operand[o];
    if (!operand->present)
      continue;
    find_shared (nest, o);
    for (guint d = 0; d < operand->n_dims; d++)
      for (guint t = 0; operand->dim[d].n_terms > 1 && t < operand->dim[d].n_terms; t++)
        nest->windowed[o] |= 1u << operand->dim[d].rank[t];
    hd_nest_array (nest, o, &c);
    digest (nest, o, -1, &c, 1, &nest->array[o]);
    nest->array_pj += nest->array[o].pj;
    for (guint b = 0; b + 1 < nest->n_levels[o]; b++)
      if (!(nest->digest[o][b] = g_try_new0 (HdDigest, nest->n_points))) {
        g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "no memory for the %u points of layer %s", nest->n_points, nest->shape->layer->name);
        return FALSE;
      }
  }
  return TRUE;
}

void
_hd_timing_clear (HdNest *nest)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < HD_COST_LEVELS_MAX; b++)
      g_clear_pointer (&nest->digest[o][b], g_free);
}

/* --- chains ----------------------------------------------------------------------------------------------------- */

void
_hd_chain_init (const HdNest *nest, const guint8 *loop, guint n, guint8 below[HD_N_OPERANDS][HD_COST_LEVELS_MAX], HdChain *chain)
{
  guint32 prefix[HD_COST_LOOPS_MAX + 1];

  prefix[0] = 0;
  for (guint i = 0; i < n; i++)
    prefix[i + 1] = prefix[i] + nest->kind[loop[i]].stride;
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    guint relevant = nest->shape->operand[o].relevant, windowed = nest->windowed[o], from = 0;
    for (guint b = 0; b < nest->n_levels[o]; b++) {
      guint at = b + 1 == nest->n_levels[o] ? n : below[o][b], i;
      while (at < n && !((relevant >> nest->kind[loop[at]].rank) & 1))
        at++;
      chain->point[o][b] = prefix[at];
      chain->top_irrelevant[o][b] = chain->top_relevant[o][b] = 1;
      for (i = at; i > from && !((relevant >> nest->kind[loop[i - 1]].rank) & 1); i--)
        chain->top_irrelevant[o][b] *= nest->kind[loop[i - 1]].factor;
      for (i = at; i > from && ((relevant & ~windowed) >> nest->kind[loop[i - 1]].rank) & 1; i--)
        chain->top_relevant[o][b] *= nest->kind[loop[i - 1]].factor;
      from = at;
    }
  }
}

guint
_hd_chain_held (const HdNest *nest, const HdChain *chain)
{
  guint b = 0, top = nest->n_levels[HD_OPERAND_WEIGHT];

  if (top == 0)
    return 0;
  if (!nest->shape->operand[HD_OPERAND_WEIGHT].constant)
    return top - 1;
  while (b + 1 < top && !whole_inside (nest, HD_OPERAND_WEIGHT, chain->point[HD_OPERAND_WEIGHT][b]))
    b++;
  return b;
}

/* --- room for the next data ---------------------------------------------------------------------------------------- */

static double
bits_held (HdNest *nest, guint o, guint l, const HdChain *chain)
{
  HdPoint point;

  if (l + 1 < nest->n_levels[o])
    return (double) _hd_digest (nest, o, l, chain->point[o][l])->bits;
  _hd_nest_point (nest, nest->n_points - 1, &point);
  return (double) _hd_nest_bits (nest, o, l, &point, FALSE);
}

void
_hd_timing_buffers (HdNest *nest, const HdChain *chain, gboolean buffered[HD_N_OPERANDS][HD_COST_LEVELS_MAX])
{
  static const guint order[HD_N_OPERANDS] = { HD_OPERAND_OUTPUT, HD_OPERAND_WEIGHT, HD_OPERAND_INPUT };
  double used[HD_COST_LEVELS_MAX] = { 0 }, own[HD_N_OPERANDS][HD_COST_LEVELS_MAX];

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l < nest->n_levels[o]; l++) {
      double bits = bits_held (nest, o, l, chain) / (double) chain->top_relevant[o][l];
      own[o][l] = (double) (guint64) MIN (bits, 9e18) / (double) hd_nest_level (nest, o, l)->size_bits;
      used[nest->level_id[o][l]] += own[o][l];
    }
  for (guint i = 0; i < HD_N_OPERANDS; i++)
    for (guint l = 0; l < nest->n_levels[order[i]]; l++) {
      guint o = order[i], id = nest->level_id[o][l];
      buffered[o][l] = used[id] <= 0.5 || hd_nest_level (nest, o, l)->double_buffered;
      if (!buffered[o][l] && own[o][l] <= 1 - used[id]) {
        buffered[o][l] = TRUE;
        used[id] += own[o][l];
      }
    }
}

/* --- stalls ------------------------------------------------------------------------------------------------------------ */

guint64
_hd_windows_covered (const guint64 *period, const guint64 *window, guint n, guint64 x)
{
  guint64 p, y, rest, whole = 0;

  if (n == 0)
    return 0;
  p = period[n - 1];
  if (window[n - 1] >= p)
    return x;
  for (guint part = 0; part < 2; part++) {
    y = part ? x % p : p;
    if (part ? y == 0 : x < p)
      continue;
    rest = MIN (y, window[n - 1]);
    if (n > 1 && y > rest)
      rest += _hd_windows_covered (period, window, n - 1, y) - _hd_windows_covered (period, window, n - 1, rest);
    whole += part ? rest : x / p * rest;
  }
  return whole;
}

typedef struct {
  guint n;
  guint64 period[HD_SLOTS_MAX], window[HD_SLOTS_MAX], real[HD_SLOTS_MAX], steady[HD_SLOTS_MAX];
} PortMoves;

static void
add_move (PortMoves *m, guint64 period, guint64 window, guint64 real, guint64 steady)
{
  guint i = m->n++;

  for (; i > 0 && m->period[i - 1] > period; i--) {
    m->period[i] = m->period[i - 1];
    m->window[i] = m->window[i - 1];
    m->real[i] = m->real[i - 1];
    m->steady[i] = m->steady[i - 1];
  }
  m->period[i] = period;
  m->window[i] = window;
  m->real[i] = real;
  m->steady[i] = steady;
}

/* Of windows with one period only the longest matters to a union. */
static guint
distinct_periods (const PortMoves *m, guint64 *period, guint64 *window)
{
  guint n = 0;

  for (guint i = 0; i < m->n; i++)
    if (n > 0 && period[n - 1] == m->period[i])
      window[n - 1] = MAX (window[n - 1], m->window[i]);
    else {
      period[n] = m->period[i];
      window[n++] = m->window[i];
    }
  return n;
}

/* Union of all windows but the first of each movement: beyond the longest period all are open again; below it, the others. */
static guint64
covered_after_first (const guint64 *period, const guint64 *window, guint n, guint64 x)
{
  guint64 sum = 0;

  for (; n > 0; x = period[--n])
    sum += _hd_windows_covered (period, window, n, x) - _hd_windows_covered (period, window, n, period[n - 1]);
  return sum;
}

static guint64
covered (const HdNest *nest, const PortMoves *m)
{
  guint64 period[HD_SLOTS_MAX], window[HD_SLOTS_MAX];
  guint n = distinct_periods (m, period, window);

  if (nest->q->options->rules != HD_RULES_ZIGZAG)
    return covered_after_first (period, window, n, nest->total);
  for (guint i = 0; i < n; i++)
    if (window[i] == period[i])
      return nest->total;
  return _hd_windows_covered (period, window, n, nest->total);
}

static guint64
port_stall (const HdNest *nest, const PortMoves *m)
{
  unsigned __int128 over = 0, demand = 0, room;

  for (guint i = 0; i < m->n; i++)
    if (m->real[i] > m->window[i]) {
      over += (unsigned __int128) (m->real[i] - m->window[i]) * m->steady[i];
      demand += (unsigned __int128) m->window[i] * m->steady[i];
    } else
      demand += (unsigned __int128) m->real[i] * m->steady[i];
  if (m->n > 1 && demand > 0) {
    room = covered (nest, m);
    over += demand > room ? demand - room : 0;
  }
  return over > G_MAXINT64 ? G_MAXINT64 : (guint64) over;
}

static guint64
stall (HdNest *nest, const HdChain *chain, const HdDigest *at[HD_N_OPERANDS][HD_COST_LEVELS_MAX])
{
  gboolean buffered[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  guint64 worst = 0;

  _hd_timing_buffers (nest, chain, buffered);
  for (guint p = 0; p < nest->n_ports; p++) {
    PortMoves m;
    guint64 s;
    m.n = 0;
    for (guint i = nest->port_begin[p]; i < nest->port_begin[p + 1]; i++) {
      const HdSlot *slot = &nest->slot[i];
      const HdDigest *d = slot->boundary < 0 ? &nest->array[slot->operand] : at[slot->operand][slot->boundary];
      guint64 window = d->product;
      if (d->real[slot->end][slot->movement] == 0)
        continue;
      if (slot->boundary >= 0 && !buffered[slot->operand][slot->boundary])
        window /= chain->top_irrelevant[slot->operand][slot->boundary];
      add_move (&m, d->product, window, d->real[slot->end][slot->movement], d->steady[slot->movement]);
    }
    s = port_stall (nest, &m);
    worst = MAX (worst, s);
  }
  return worst;
}

/* --- first loads and last stores ------------------------------------------------------------------------------------------ */

typedef struct {
  guint64 both, one, none;   /* cycles of a chain of loads whose ends: both serve inputs and weights, one does, none */
} Loads;

static Loads
loads_of (const HdNest *nest, guint o, const HdDigest *at[HD_COST_LEVELS_MAX], guint n_boundaries)
{
  Loads sum = { 0, 0, 0 };

  for (guint b = 0; b < n_boundaries; b++) {
    guint64 t = MAX (at[b]->real[0][HD_MOVE_FROM_HIGH], at[b]->real[1][HD_MOVE_TO_LOW]);
    guint shared = (guint) nest->both_inputs[o][b][0] + (guint) nest->both_inputs[o][b][1];
    *(shared == 2 ? &sum.both : shared ? &sum.one : &sum.none) += t;
  }
  return sum;
}

/* Two chains of loads: shared parts one after the other, the rest side by side, in the better order. */
static guint64
load_together (Loads a, Loads b)
{
  guint64 first = a.both + MAX (b.both + b.one + b.none, a.one + a.none);
  guint64 second = b.both + MAX (a.both + a.one + a.none, b.one + b.none);

  return MIN (first, second);
}

static void
load (HdNest *nest, const HdDigest *at[HD_N_OPERANDS][HD_COST_LEVELS_MAX], guint held, HdTiming *timing)
{
  guint inputs = nest->n_levels[HD_OPERAND_INPUT], weights = nest->n_levels[HD_OPERAND_WEIGHT];
  Loads i = loads_of (nest, HD_OPERAND_INPUT, at[HD_OPERAND_INPUT], inputs ? inputs - 1 : 0);
  guint64 all = load_together (i, loads_of (nest, HD_OPERAND_WEIGHT, at[HD_OPERAND_WEIGHT], weights ? weights - 1 : 0));

  timing->input = load_together (i, loads_of (nest, HD_OPERAND_WEIGHT, at[HD_OPERAND_WEIGHT], weights ? held : 0));
  timing->load = all - timing->input;
}

static guint64
offload (const HdNest *nest, const HdDigest *at[HD_COST_LEVELS_MAX])
{
  guint n = nest->n_levels[HD_OPERAND_OUTPUT];
  guint64 sum = 0;

  for (guint b = 0; b + 1 < n; b++) {
    guint64 t = MAX (at[b]->real[0][HD_MOVE_TO_HIGH], at[b]->real[1][HD_MOVE_FROM_LOW]);
    sum += nest->q->options->rules == HD_RULES_ZIGZAG && b + 2 < n ? 1 : t;
  }
  return sum;
}

void
_hd_timing_evaluate (HdNest *nest, const HdChain *chain, HdTiming *timing)
{
  const HdDigest *at[HD_N_OPERANDS][HD_COST_LEVELS_MAX] = { { NULL } };
  guint held = _hd_chain_held (nest, chain);

  timing->pj = nest->array_pj;
  timing->load_pj = 0;
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b + 1 < nest->n_levels[o]; b++) {
      at[o][b] = _hd_digest (nest, o, b, chain->point[o][b]);
      *(o == HD_OPERAND_WEIGHT && b >= held ? &timing->load_pj : &timing->pj) += at[o][b]->pj;
    }
  timing->stall = stall (nest, chain, at);
  load (nest, at, held, timing);
  timing->offload = offload (nest, at[HD_OPERAND_OUTPUT]);
  hd_assert_invariant (MAX (MAX (timing->stall, timing->offload), MAX (timing->input, timing->load)) <= G_MAXINT64 && timing->pj >= 0 && timing->load_pj >= 0,
                       "layer %s on core %s: negative cycles or energy", nest->shape->layer->name, nest->core->id);
}
