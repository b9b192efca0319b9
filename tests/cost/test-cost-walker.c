/* The formulas of the exact rules against the walker: random machines, layers, boxes and mappings; every level, operand and direction. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cost/walker.h"

#include <math.h>
#include <string.h>

typedef struct {
  Toy toy;
  HdBox box;
  HdCostMapping mapping;
  HdCostPlace place;
} Case;

static guint64
pick (HdRandom *random, guint64 from, guint64 to)
{
  return from + hd_random_below (random, to - from + 1);
}

static void
random_levels (HdRandom *random, Toy *toy)
{
  static const char *const name[] = { "l0", "l1", "l2", "l3", "l4", "l5", "l6" };
  guint all = (1u << toy->core.n_dimensions) - 1, n = (guint) pick (random, 2, 6);

  for (guint l = 0; l < n; l++) {
    guint operands = l + 1 == n ? 7 : (guint) pick (random, 1, 7), serves = l + 1 == n ? all : (guint) hd_random_below (random, all + 1);
    HdLevel *level = toy_level (toy, name[l], operands, HD_UNLIMITED_BITS, 0, serves, (double) pick (random, 1, 9), (double) pick (random, 1, 9));
    level->read_granularity = pick (random, 1, 24);
    level->write_granularity = pick (random, 1, 24);
    level->read_width = level->read_granularity * pick (random, 1, 4);
    level->write_width = level->write_granularity * pick (random, 1, 4);
  }
}

static void
random_layer (HdRandom *random, Toy *toy)
{
  switch (hd_random_below (random, 4)) {
  case 0:
  case 1: {
    int padding = (int) hd_random_below (random, 2), stride = (int) pick (random, 1, 3);
    toy_conv (toy, pick (random, 1, 3), pick (random, 1, 3), pick (random, 2, 5), pick (random, 2, 3), pick (random, 1 + (guint64) padding, 3), pick (random, 1 + (guint64) padding, 2), stride,
              (int) pick (random, 1, 2), padding);
    break;
  }
  case 2:
    toy_matmul (toy, pick (random, 1, 6), pick (random, 1, 6), pick (random, 1, 6), hd_random_below (random, 2) == 0);
    break;
  default:
    toy_depthwise (toy, pick (random, 1, 4), pick (random, 2, 7), pick (random, 2, 3), (int) pick (random, 1, 2), (int) hd_random_below (random, 2));
  }
  toy_bits (toy, (guint) pick (random, 1, 9), (guint) pick (random, 1, 9), (guint) pick (random, 8, 20), (guint) pick (random, 4, 12));
}

static void
random_box (HdRandom *random, Case *c)
{
  c->box = hd_layer_whole_box (&c->toy.layer);
  for (guint r = 0; r < c->box.n && hd_random_below (random, 2); r++) {
    c->box.range[r].from = (gint64) hd_random_below (random, (guint64) c->box.range[r].to);
    c->box.range[r].to = (gint64) pick (random, (guint64) c->box.range[r].from + 1, (guint64) c->box.range[r].to);
  }
}

/* Each array dimension takes at most two ranks, each rank at most one dimension. */
static void
random_unrolls (HdRandom *random, Case *c, guint64 *steps)
{
  guint taken = 0;

  for (guint r = 0; r < c->toy.layer.n_ranks; r++)
    steps[r] = (guint64) hd_range_size (c->box.range[r]);
  for (guint d = 0; d < c->toy.core.n_dimensions; d++) {
    guint64 room = c->toy.core.dimension_size[d];
    for (guint n = 0; n < 2; n++) {
      guint r = (guint) hd_random_below (random, c->toy.layer.n_ranks);
      guint64 factor = MIN (room, steps[r]);
      if ((taken >> r) & 1 || factor < 2)
        continue;
      factor = pick (random, 2, factor);
      taken |= 1u << r;
      room /= factor;
      steps[r] = (steps[r] + factor - 1) / factor;
      c->mapping.unroll[c->mapping.n_unrolls].rank = r;
      c->mapping.unroll[c->mapping.n_unrolls].dimension = d;
      c->mapping.unroll[c->mapping.n_unrolls++].factor = factor;
    }
  }
}

static void
random_loops (HdRandom *random, Case *c, guint64 *steps)
{
  HdCostMapping *m = &c->mapping;

  for (guint r = 0; r < c->toy.layer.n_ranks; r++)
    for (guint64 p = 2; steps[r] > 1; p++)
      for (; steps[r] % p == 0; steps[r] /= p)
        m->loop[m->n_loops++] = (HdLoop) { r, p };
  for (guint i = m->n_loops; i > 1; i--) {
    guint j = (guint) hd_random_below (random, i);
    HdLoop loop = m->loop[j];
    m->loop[j] = m->loop[i - 1];
    m->loop[i - 1] = loop;
  }
  for (guint o = 0; o < HD_N_OPERANDS; o++) {
    guint at = 0, n = 0;
    for (guint l = 0; l < c->toy.core.n_levels; l++)
      if ((c->toy.level[l].operands >> o) & 1)
        m->below[o][n++] = (guint8) (at = (guint) pick (random, at, m->n_loops));
    m->below[o][n - 1] = (guint8) m->n_loops;
  }
  m->has_loops = m->has_split = TRUE;
}

static void
random_case (HdRandom *random, Case *c)
{
  guint64 sizes[2] = { pick (random, 1, 3), pick (random, 1, 4) }, steps[HD_RANKS_MAX];

  memset (c, 0, sizeof *c);
  toy_init (&c->toy, 2, sizes);
  random_levels (random, &c->toy);
  random_layer (random, &c->toy);
  random_box (random, c);
  random_unrolls (random, c, steps);
  random_loops (random, c, steps);
  c->place = HD_COST_PLACE_DEFAULT;
  c->place.partial_in = hd_random_below (random, 4) == 0;
  c->place.partial_out = hd_random_below (random, 4) == 0;
}

static char *
describe (const Case *c)
{
  GString *s = g_string_new (NULL);

  for (guint r = 0; r < c->toy.layer.n_ranks; r++)
    g_string_append_printf (s, "%s %d..%d ", c->toy.layer.rank[r].name, (int) c->box.range[r].from, (int) c->box.range[r].to);
  g_string_append (s, "| unroll");
  for (guint u = 0; u < c->mapping.n_unrolls; u++)
    g_string_append_printf (s, " %s%d@%u", c->toy.layer.rank[c->mapping.unroll[u].rank].name, (int) c->mapping.unroll[u].factor, c->mapping.unroll[u].dimension);
  g_string_append (s, " | loops");
  for (guint i = 0; i < c->mapping.n_loops; i++)
    g_string_append_printf (s, " %s%d", c->toy.layer.rank[c->mapping.loop[i].rank].name, (int) c->mapping.loop[i].factor);
  g_string_append_printf (s, " | partial in %d out %d", c->place.partial_in, c->place.partial_out);
  for (guint l = 0; l < c->toy.core.n_levels; l++)
    g_string_append_printf (s, " | %s operands %u serves %u", c->toy.level[l].id, c->toy.level[l].operands, c->toy.level[l].serves);
  return g_string_free (s, FALSE);
}

static void
compare (const Case *c, const HdCostReport *report, const Walk *w, guint64 number)
{
  g_autofree char *text = describe (c);
  guint own[HD_N_OPERANDS] = { 0 };
  double pj = (double) w->macs * c->toy.core.mac_pj;

  cr_assert (report->cost.compute_cycles == w->steps, "case %d: %s", (int) number, text);
  cr_assert (report->cost.macs == w->macs, "case %d: %s: %d macs, walked %d", (int) number, text, (int) report->cost.macs, (int) w->macs);
  for (guint i = 0; i < report->n_levels; i++) {
    const HdCostLevel *row = &report->level[i];
    guint l = own[row->operand]++;
    for (guint m = 0; m < HD_N_MOVES; m++) {
      double words = row->move[m].words, walked = w->words[row->operand][l][m];
      gboolean reads = m == HD_MOVE_TO_LOW || m == HD_MOVE_TO_HIGH;
      cr_assert (fabs (words - walked) < 1e-6, "case %d: operand %d level %u movement %u: %g words, walked %g: %s", (int) number, (int) row->operand, l, m, words, walked, text);
      pj += walked * (reads ? c->toy.level[row->level].read_pj : c->toy.level[row->level].write_pj);
    }
    cr_assert (row->used_bits >= w->most_bits[row->operand][l], "case %d: operand %d level %u: %d bits, walked %d: %s", (int) number, (int) row->operand, l, (int) row->used_bits,
               (int) w->most_bits[row->operand][l], text);
  }
  cr_assert (fabs (pj - report->cost.energy_pj - report->cost.load_energy_pj) < 1e-6 * pj, "case %d: %s: %g pJ, walked %g", (int) number, text,
             report->cost.energy_pj + report->cost.load_energy_pj, pj);
}

static void
walk_cases (guint64 seed, guint n)
{
  HdRandom random;
  Case *c = g_new (Case, 1);

  hd_random_init (&random, seed);
  for (guint i = 0; i < n; i++) {
    g_autoptr (HdCostModel) model = NULL;
    g_autoptr (HdCostReport) report = NULL;
    g_autoptr (GError) error = NULL;
    Walk *w = g_new (Walk, 1);
    random_case (&random, c);
    model = hd_cost_model_new (&c->toy.platform, &c->toy.workload, NULL);
    cr_assert (hd_cost_model_set_mapping (model, 0, 0, &c->mapping, &error), "%s", error ? error->message : "");
    report = hd_cost_report (model, 0, 0, &c->box, &c->place, &error);
    cr_assert (report != NULL, "case %u: %s", i, error ? error->message : "");
    walk (&c->toy, &c->box, &c->mapping, c->place.partial_in, c->place.partial_out, w);
    compare (c, report, w, i);
    g_free (w);
  }
  g_free (c);
}

Test (walker, equals_the_formulas_on_random_cases)
{
  walk_cases (1, 3000);
}
