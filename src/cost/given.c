/* Mappings given by a mapping file: names become indices. */
#include "cost/cost.h"

static G_GNUC_PRINTF (4, 5) gboolean
refuse (const HdMapping *mapping, const HdMappingLayer *layer, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:%u: %s", mapping->file, layer->line, text);
  return FALSE;
}

static gboolean
take_unrolls (const HdMapping *mapping, const HdMappingLayer *given, const HdLayer *layer, HdCostMapping *m, GError **error)
{
  if (given->n_unrolls > HD_RANKS_MAX)
    return refuse (mapping, given, error, "layer %s has %u unrollings - at most %d", layer->name, given->n_unrolls, HD_RANKS_MAX);
  for (guint u = 0; u < given->n_unrolls; u++) {
    int rank = hd_layer_find_rank (layer, given->unroll[u].rank);
    if (rank < 0)
      return refuse (mapping, given, error, "layer %s has no rank %s", layer->name, given->unroll[u].rank);
    m->unroll[u].rank = (guint) rank;
    m->unroll[u].dimension = given->unroll[u].dimension;
    m->unroll[u].factor = given->unroll[u].factor;
  }
  m->n_unrolls = given->n_unrolls;
  return TRUE;
}

/* 0: no level of that name. */
static guint8
find_level (const HdCore *core, const char *id)
{
  for (guint l = 0; l < core->n_levels; l++)
    if (g_str_equal (core->level[l].id, id))
      return (guint8) (l + 1);
  return 0;
}

static gboolean
take_loops (const HdMapping *mapping, const HdMappingLayer *given, const HdLayer *layer, const HdCore *core, HdCostMapping *m, GError **error)
{
  if (given->n_loops > HD_COST_LOOPS_MAX)
    return refuse (mapping, given, error, "layer %s has %u loops - at most %d", layer->name, given->n_loops, HD_COST_LOOPS_MAX);
  for (guint i = 0; i < given->n_loops; i++) {
    int rank = hd_layer_find_rank (layer, given->loop[i].rank);
    if (rank < 0)
      return refuse (mapping, given, error, "layer %s has no rank %s", layer->name, given->loop[i].rank);
    m->loop[i] = (HdLoop) { (guint) rank, given->loop[i].factor };
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      if (given->loop[i].level[o] && !(m->stays[o][i] = find_level (core, given->loop[i].level[o])))
        return refuse (mapping, given, error, "core %s has no level %s", core->id, given->loop[i].level[o]);
  }
  m->n_loops = given->n_loops;
  m->has_loops = given->n_loops > 0;
  return TRUE;
}

gboolean
hd_cost_model_apply_mapping (HdCostModel *self, const HdMapping *mapping, GError **error)
{
  for (HdLayerId l = 0; l < mapping->workload->n_layers; l++) {
    const HdMappingLayer *given = &mapping->layer[l];
    const HdLayer *layer = &mapping->workload->layers[l];
    if (given->n_unrolls == 0 && given->n_loops == 0)
      continue;
    for (guint c = 0; c < given->n_cores; c++) {
      g_autofree HdCostMapping *m = g_new0 (HdCostMapping, 1);
      g_autoptr (GError) why = NULL;
      if (!take_unrolls (mapping, given, layer, m, error) || !take_loops (mapping, given, layer, _hd_cost_model_core (self, given->cores[c]), m, error))
        return FALSE;
      if (!hd_cost_model_set_mapping (self, l, given->cores[c], m, &why))
        return refuse (mapping, given, error, "%s", why->message);
    }
  }
  return TRUE;
}
