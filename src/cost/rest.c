/* What is still to come at least: for each operand, from each point of the lattice on, the cheapest way to close its open levels, as if it were alone.
 *
 * Three sums, each at its own cheapest: energy; cycles of first loads or last stores; and, port by port, the cycles that its movements keep the port, alone and with first loads or last stores. best-first.c makes bounds of them.
 */
#include "cost/search.h"

#include <math.h>

#define POINTS_OF_USES 32768    /* of a lattice for which ports are looked at */

double
_hd_rest_transfer (const HdDigest *d, guint o)
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
fill_point (HdRest *s, HdNest *nest, const HdPoint *point, guint o)
{
  guint32 id = point->id;

  for (guint b = hd_nest_boundaries (nest, o); b-- > 0;) {
    const HdDigest *d = _hd_digest (nest, o, b, id);
    gboolean last = b + 1 == hd_nest_boundaries (nest, o);
    double pj = least_after_a_loop (nest, s->pj[o][b], point), load = least_after_a_loop (nest, s->load[o][b], point);
    if (d->bits <= _hd_level_room (hd_nest_level (nest, o, b))) {
      pj = MIN (pj, d->counted + (last ? 0 : s->pj[o][b + 1][id]));
      load = MIN (load, _hd_rest_transfer (d, o) + (last ? 0 : s->load[o][b + 1][id]));
    }
    s->pj[o][b][id] = pj;
    s->load[o][b][id] = load;
  }
}

double
_hd_rest_weight (const HdNest *nest, guint o)
{
  if (o == HD_OPERAND_OUTPUT)
    return nest->q->options->rules == HD_RULES_ZIGZAG ? 0 : 1;
  return o == HD_OPERAND_WEIGHT ? _hd_nest_load_share (nest) : 1;
}

static double
busy_cycles (const HdNest *nest, guint port, guint o, guint b, const HdDigest *d)
{
  double sum = 0;

  for (guint i = nest->port_begin[port]; i < nest->port_begin[port + 1]; i++)
    if (nest->slot[i].operand == o && nest->slot[i].boundary == (int) b)
      sum += (double) d->real[nest->slot[i].end][nest->slot[i].movement] * (double) d->steady[nest->slot[i].movement];
  return sum;
}

static void
fill_use (HdRest *s, HdNest *nest, const HdPoint *point, HdRestUse *u)
{
  guint o = u->operand;
  double weight = _hd_rest_weight (nest, o);

  for (guint b = hd_nest_boundaries (nest, o); b-- > 0;) {
    const HdDigest *d = _hd_digest (nest, o, b, point->id);
    gboolean last = b + 1 == hd_nest_boundaries (nest, o);
    double busy = least_after_a_loop (nest, u->busy[b], point), joint = least_after_a_loop (nest, u->joint[b], point);
    if (d->bits <= _hd_level_room (hd_nest_level (nest, o, b))) {
      double here = busy_cycles (nest, u->port, o, b, d);
      busy = MIN (busy, here + (last ? 0 : u->busy[b + 1][point->id]));
      joint = MIN (joint, here + weight * _hd_rest_transfer (d, o) + (last ? 0 : u->joint[b + 1][point->id]));
    }
    u->busy[b][point->id] = busy;
    u->joint[b][point->id] = joint;
  }
}

static void
list_uses (HdRest *s, const HdNest *nest)
{

  for (guint p = 0; p < nest->n_ports; p++)
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      for (guint i = nest->port_begin[p]; i < nest->port_begin[p + 1]; i++)
        if (nest->slot[i].operand == o && nest->slot[i].boundary >= 0) {
          s->use[s->n_uses++] = (HdRestUse) { .port = p, .operand = o };
          break;
        }
}

static gboolean
allocate_tables (HdRest *s, const HdNest *nest)
{

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < hd_nest_boundaries (nest, o); b++)
      if (!(s->pj[o][b] = g_try_new (double, nest->n_points)) || !(s->load[o][b] = g_try_new (double, nest->n_points)))
        return FALSE;
  for (guint i = 0; i < s->n_uses; i++)
    for (guint b = 0; b < hd_nest_boundaries (nest, s->use[i].operand); b++)
      if (!(s->use[i].busy[b] = g_try_new (double, nest->n_points)) || !(s->use[i].joint[b] = g_try_new (double, nest->n_points)))
        return FALSE;
  return TRUE;
}

gboolean
_hd_rest_init (HdRest *s, HdNest *nest)
{
  HdPoint point;

  if (nest->n_points <= POINTS_OF_USES)
    list_uses (s, nest);
  if (!allocate_tables (s, nest))
    return FALSE;
  for (guint32 id = nest->n_points; id-- > 0;) {
    _hd_nest_point (nest, id, &point);
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      fill_point (s, nest, &point, o);
    for (guint i = 0; i < s->n_uses; i++)
      fill_use (s, nest, &point, &s->use[i]);
  }
  return TRUE;
}

void
_hd_rest_clear (HdRest *s)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint b = 0; b < HD_COST_LEVELS_MAX; b++) {
      g_free (s->pj[o][b]);
      g_free (s->load[o][b]);
    }
  for (guint i = 0; i < s->n_uses; i++)
    for (guint b = 0; b < HD_COST_LEVELS_MAX; b++) {
      g_free (s->use[i].busy[b]);
      g_free (s->use[i].joint[b]);
    }
}
