/* Evaluates given mappings on the machine Meta_prototype_DF by the published conventions: one a line on stdin, one line of JSON each on stdout. For test-cost-recorded.py.
 *
 *     K C OX OY FX FY   top of I W O   n (rank dimension factor)*   n (rank factor)*   n (loops below a level)* for I, W, O
 *
 * Ranks are numbers in that order; tops are indices in the core's levels.
 */
#include "cost/toy.h"

#include <stdio.h>

static gboolean
read_u64 (guint64 *value)
{
  unsigned long long v;

  if (scanf ("%llu", &v) != 1)
    return FALSE;
  *value = v;
  return TRUE;
}

static guint64
next (void)
{
  guint64 v = 0;

  if (!read_u64 (&v))
    g_error ("the line ends too early");
  return v;
}

static void
read_mapping (HdCostMapping *m)
{
  m->n_unrolls = (guint) next ();
  for (guint u = 0; u < m->n_unrolls; u++) {
    m->unroll[u].rank = (guint) next ();
    m->unroll[u].dimension = (guint) next ();
    m->unroll[u].factor = next ();
  }
  m->n_loops = (guint) next ();
  for (guint i = 0; i < m->n_loops; i++) {
    m->loop[i].rank = (guint) next ();
    m->loop[i].factor = next ();
  }
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0, n = (guint) next (); l < n; l++)
      m->below[o][l] = (guint8) next ();
  m->has_loops = m->has_split = TRUE;
}

static void
print_report (const HdCostReport *r)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  printf ("{\"energy\":%s,", g_ascii_dtostr (number, sizeof number, r->cost.energy_pj + r->cost.load_energy_pj));
  printf ("\"compute\":%llu,\"stall\":%llu,\"load\":%llu,\"offload\":%llu,\"words\":[", (unsigned long long) r->cost.compute_cycles, (unsigned long long) r->cost.stall_cycles,
          (unsigned long long) (r->cost.input_cycles + r->cost.load_cycles), (unsigned long long) r->cost.offload_cycles);
  for (guint i = 0; i < r->n_levels; i++) {
    printf ("%s[%d", i ? "," : "", (int) r->level[i].operand);
    for (guint m = 0; m < HD_N_MOVES; m++)
      printf (",%s", g_ascii_dtostr (number, sizeof number, r->level[i].move[m].words));
    printf ("]");
  }
  printf ("]}\n");
}

static void
evaluate (const HdPlatform *platform, guint64 k)
{
  HdCostOptions options = { .rules = HD_RULES_ZIGZAG, .whole = TRUE };
  HdCostPlace place = HD_COST_PLACE_DEFAULT;
  HdCostMapping mapping = { 0 };
  g_autoptr (HdCostModel) model = NULL;
  g_autoptr (HdCostReport) report = NULL;
  g_autoptr (GError) error = NULL;
  guint64 size[5];
  HdBox box;
  Toy toy;

  for (guint i = 0; i < 5; i++)
    size[i] = next ();
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    place.top[o] = (gint8) next ();
  read_mapping (&mapping);
  toy_init (&toy, 0, NULL);
  toy_conv (&toy, k, size[0], size[1], size[2], size[3], size[4], 1, 1, 0);
  box = hd_layer_whole_box (&toy.layer);
  model = hd_cost_model_new (platform, &toy.workload, &options);
  if (hd_cost_model_set_mapping (model, 0, 0, &mapping, &error) && (report = hd_cost_report (model, 0, 0, &box, &place, &error)))
    print_report (report);
  else
    printf ("{\"error\":\"%s\"}\n", error->message);
}

int
main (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "platforms", "meta-prototype-df.xml", NULL);
  g_autoptr (HdPlatform) platform = hd_platform_load (path, NULL);
  guint64 k;

  while (read_u64 (&k))
    evaluate (platform, k);
  return 0;
}
