/* A mapping out of choices made in code: the same rows and the same checks as a file's, without any text. Searches make thousands of them a second. */
#include "config.h"
#include "mapping/rules.h"

#include <heddle/checked.h>

/* --- layers --------------------------------------------------------------------------------------- */

static void
take_cores (HdMappingReader *reader, const HdLayer *layer, const HdMappingLayerChoice *choice, HdMappingLayer *row)
{
  const HdPlatform *platform = reader->mapping->platform;
  if (choice->n_cores == 0) {
    _hd_mapping_give_default_core (reader, layer, row);
    return;
  }
  row->n_cores = choice->n_cores;
  row->cores = g_memdup2 (choice->cores, choice->n_cores * sizeof (HdCoreId));
  for (guint i = 0; i < row->n_cores; i++) {
    if (row->cores[i] >= platform->n_cores) {
      hd_diagnostics_add (reader->faults, 0, "layer \"%s\": there is no core %u - expected less than %u", layer->name, row->cores[i], platform->n_cores);
      row->cores[i] = 0;
    } else if (!hd_mapping_core_takes (&platform->core[row->cores[i]], layer))
      hd_diagnostics_add (reader->faults, 0, "the core \"%s\" does not take the layer \"%s\" (%s)", platform->core[row->cores[i]].id, layer->name, layer->operator_type);
    for (guint k = 0; k < i; k++)
      if (row->cores[k] == row->cores[i])
        hd_diagnostics_add (reader->faults, 0, "layer \"%s\": the core \"%s\" is named twice", layer->name, platform->core[row->cores[i]].id);
  }
}

static void
take_cuts (HdMappingReader *reader, const HdLayer *layer, const HdMappingLayerChoice *choice, HdMappingLayer *row)
{
  HdMappingCut cuts[HD_RANKS_MAX];
  row->split = choice->split;
  if (choice->split < -1 || choice->split >= (int) layer->n_ranks) {
    hd_diagnostics_add (reader->faults, 0, "layer \"%s\": there is no rank %d to split - expected less than %u", layer->name, choice->split, layer->n_ranks);
    row->split = -1;
  }
  for (guint r = 0; r < layer->n_ranks; r++) {
    guint64 size = choice->cut[r], whole = layer->rank[r].size;
    if (size > whole)
      hd_diagnostics_add (reader->faults, 0, "layer \"%s\": a cut of %s into pieces of %" G_GUINT64_FORMAT " - expected at most its size, %" G_GUINT64_FORMAT, layer->name,
                          layer->rank[r].name, size, whole);
    if (size == 0 && row->split == (int) r && row->n_cores > 1)
      size = hd_ceil_div (whole, row->n_cores);
    if (size > 0 && size < whole)
      cuts[row->n_cuts++] = (HdMappingCut) { .rank = g_strdup (layer->rank[r].name), .size = size };
  }
  row->cut = g_memdup2 (cuts, row->n_cuts * sizeof *cuts);
}

/* --- stacks --------------------------------------------------------------------------------------- */

static int
compare_ids (gconstpointer a, gconstpointer b, gpointer data)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  (void) data;
  return x < y ? -1 : x > y;
}

static gboolean
claim_layers (HdMappingReader *reader, const HdMappingStackChoice *choice, HdMappingStack *stack)
{
  const HdWorkload *workload = reader->mapping->workload;
  guint faults = hd_diagnostics_count (reader->faults);
  for (guint i = 0; i < choice->n_layers; i++) {
    HdLayerId l = choice->layers[i];
    if (l >= workload->n_layers)
      hd_diagnostics_add (reader->faults, 0, "a stack names layer %u - expected less than %u", l, workload->n_layers);
    else if (reader->stack_of_layer[l] != 0)
      hd_diagnostics_add (reader->faults, 0, "the layer \"%s\" is in two stacks, or twice in one", workload->layers[l].name);
    else
      reader->stack_of_layer[l] = reader->stacks->len + 1;
  }
  if (choice->n_layers == 0)
    hd_diagnostics_add (reader->faults, 0, "a stack has no layers");
  if (hd_diagnostics_count (reader->faults) > faults)
    return FALSE;
  stack->n_layers = choice->n_layers;
  stack->layers = g_memdup2 (choice->layers, choice->n_layers * sizeof (HdLayerId));
  g_qsort_with_data (stack->layers, (int) stack->n_layers, sizeof (HdLayerId), compare_ids, NULL);
  return TRUE;
}

static void
take_axes (HdMappingReader *reader, const HdMappingStackChoice *choice, HdMappingStack *stack)
{
  const HdLayer *last = &reader->mapping->workload->layers[stack->layers[stack->n_layers - 1]];
  if (choice->n_axes > HD_RANKS_MAX) {
    hd_diagnostics_add (reader->faults, 0, "the tile of \"%s\" has %u axes - expected at most %d", last->name, choice->n_axes, HD_RANKS_MAX);
    return;
  }
  stack->axis = g_new0 (HdMappingCut, MAX (choice->n_axes, 1));
  for (guint a = 0; a < choice->n_axes; a++) {
    guint r = choice->axis_rank[a];
    if (r >= last->n_ranks) {
      hd_diagnostics_add (reader->faults, 0, "the tile of \"%s\" names rank %u - expected less than %u", last->name, r, last->n_ranks);
      continue;
    }
    if (choice->axis_size[a] == 0 || choice->axis_size[a] > last->rank[r].size)
      hd_diagnostics_add (reader->faults, 0, "%s of the tile of \"%s\" is %" G_GUINT64_FORMAT " - expected 1 to %" G_GUINT64_FORMAT, last->rank[r].name, last->name,
                          choice->axis_size[a], last->rank[r].size);
    for (guint b = 0; b < a; b++)
      if (choice->axis_rank[b] == r)
        hd_diagnostics_add (reader->faults, 0, "the tile of \"%s\" names %s twice", last->name, last->rank[r].name);
    stack->axis[stack->n_axes++] = (HdMappingCut) { .rank = g_strdup (last->rank[r].name), .size = choice->axis_size[a] };
  }
}

static void
take_stack (HdMappingReader *reader, const HdMappingStackChoice *choice)
{
  HdMappingStack stack = { .mode = choice->mode };
  if (!claim_layers (reader, choice, &stack))
    return;
  take_axes (reader, choice, &stack);
  g_array_append_val (reader->stacks, stack);
}

/* --- boxes of outputs with several digits ----------------------------------------------------------- */

/* The smallest piece of each rank that the cuts and the tile make must be a box of the output. */
static void
check_boxes (HdMappingReader *reader, const HdMappingChoices *choices, HdLayerId l, const HdMappingStack *stack)
{
  const HdLayer *layer = &reader->mapping->workload->layers[l];
  guint64 piece[HD_RANKS_MAX];
  for (guint r = 0; r < layer->n_ranks; r++)
    piece[r] = layer->rank[r].size;
  for (guint a = 0; stack != NULL && stack->layers[stack->n_layers - 1] == l && a < stack->n_axes; a++)
    piece[hd_layer_find_rank (layer, stack->axis[a].rank)] = stack->axis[a].size;
  for (guint r = 0; r < layer->n_ranks; r++)
    if (choices->layer[l].cut[r] > 0)
      piece[r] = MIN (piece[r], choices->layer[l].cut[r]);
    else if (choices->layer[l].split == (int) r && choices->layer[l].n_cores > 1)
      piece[r] = MIN (piece[r], hd_ceil_div (layer->rank[r].size, choices->layer[l].n_cores));
  for (guint r = 0; r < layer->n_ranks; r++) {
    int outer = _hd_mapping_hindering_rank (layer, piece, r);
    if (outer >= 0)
      hd_diagnostics_add (reader->faults, 0, "pieces of %s make no boxes of the output of \"%s\" - expected %s cut into pieces of 1 as well", layer->rank[r].name, layer->name,
                          layer->rank[outer].name);
  }
}

HdMapping *
hd_mapping_new_choices (HdWorkload *workload, HdPlatform *platform, const HdMappingChoices *choices, GError **error)
{
  g_autoptr (HdMapping) mapping = _hd_mapping_new (workload, platform, "");
  g_autoptr (HdDiagnostics) faults = hd_diagnostics_new (platform->name);
  HdMappingReader reader;
  _hd_mapping_reader_init (&reader, mapping, NULL, faults);
  mapping->dram.prefetch = choices->prefetch;
  for (guint s = 0; s < choices->n_stacks; s++)
    take_stack (&reader, &choices->stack[s]);
  for (HdLayerId l = 0; l < workload->n_layers; l++) {
    guint s = reader.stack_of_layer[l];
    take_cores (&reader, &workload->layers[l], &choices->layer[l], &mapping->layer[l]);
    take_cuts (&reader, &workload->layers[l], &choices->layer[l], &mapping->layer[l]);
    if (hd_diagnostics_count (faults) == 0)
      check_boxes (&reader, choices, l, s > 0 ? &g_array_index (reader.stacks, HdMappingStack, s - 1) : NULL);
  }
  if (hd_diagnostics_count (faults) == 0)
    _hd_mapping_order_stacks (&reader);
  else
    _hd_mapping_take_stacks (&reader);
  _hd_mapping_reader_clear (&reader);
  return hd_diagnostics_check (faults, error) ? g_steal_pointer (&mapping) : NULL;
}
