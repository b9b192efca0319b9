/* The numbers of a roofline: what each layer reached on a core, and what the core could (Williams, Waterman and Patterson, CACM 2009).
 *
 * The time of a core is dealt to its computes: each has its own cycles and the gap since the compute before. So a layer that waits for its data reaches less, and lies under the slope that it waits for. Traffic is that of
 * the transfers made for the layer's nodes on this core.
 */
#include "config.h"
#include "report/roofline.h"

#include "report/peak.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void
_hd_roofline_clear (Roofline *self)
{
  for (guint i = 0; i < self->n; i++)
    g_free (self->core[i].point);
  g_free (self->core);
}

/* --- roofs --------------------------------------------------------------------------------------------------- */

static double
ports_of (const HdPlatform *platform, HdMemoryId m)
{
  const HdMemory *memory = &platform->memory[m];
  return _hd_peak_of_resource (platform, memory->read_port) + (memory->write_port != memory->read_port ? _hd_peak_of_resource (platform, memory->write_port) : 0);
}

/* Whether it is one of the memories on the chip that the core computes from. */
static gboolean
is_own (const HdPlatform *platform, HdCoreId core, HdMemoryId memory)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    if (platform->core[core].operand_memory[o] == memory)
      return !platform->memory[memory].dram;
  return FALSE;
}

static RoofCore
make_core (const HdView *view, const HdPlatform *platform, HdCoreId core)
{
  RoofCore roof = { .core = core, .cycles_per_own = (double) platform->core[core].period, .point = g_new0 (RoofPoint, view->n_layers + 1) };
  double own_hz = (double) platform->clock_hz / roof.cycles_per_own;
  for (guint m = 0; m < platform->n_memories; m++) {
    if (platform->memory[m].dram)
      roof.slope[ROOF_DRAM] += ports_of (platform, m) / own_hz;
    else if (is_own (platform, core, m))
      roof.slope[ROOF_LOCAL] += ports_of (platform, m) / own_hz;
  }
  return roof;
}

/* --- which cores ------------------------------------------------------------------------------------------------ */

typedef struct {
  guint32 core;
  guint64 cycles;
} Busy;

static int
compare_busy (const void *a, const void *b)
{
  const Busy *x = a, *y = b;
  if (x->cycles != y->cycles)
    return x->cycles > y->cycles ? -1 : 1;
  return x->core < y->core ? -1 : x->core > y->core;
}

static int
compare_cores (const void *a, const void *b)
{
  guint32 x = ((const RoofCore *) a)->core, y = ((const RoofCore *) b)->core;
  return x < y ? -1 : x > y;
}

static void
choose_cores (Roofline *self, const HdPlatform *platform)
{
  const HdView *view = self->view;
  g_autofree Busy *busy = g_new0 (Busy, view->n_cores + 1);
  guint n = 0;
  for (guint32 c = 0; c < view->n_cores; c++)
    if (view->state[HD_STATE_COMPUTE][c] > 0)
      busy[n++] = (Busy) { c, view->state[HD_STATE_COMPUTE][c] };
  qsort (busy, n, sizeof *busy, compare_busy);
  self->n = MIN (n, ROOF_MOST_CORES);
  self->left_out = n - self->n;
  self->core = g_new0 (RoofCore, self->n + 1);
  for (guint i = 0; i < self->n; i++)
    self->core[i] = make_core (view, platform, busy[i].core);
  qsort (self->core, self->n, sizeof *self->core, compare_cores);
}

/* --- points -------------------------------------------------------------------------------------------------- */

/* Each compute's cycles and the gap before it. */
static void
deal_time (Roofline *self, RoofCore **of_core)
{
  const HdView *view = self->view;
  guint64 n;
  g_autofree guint32 *order = _hd_view_by_start (view, &n);
  g_autofree guint64 *last = g_new0 (guint64, view->n_cores + 1);
  for (guint64 i = 0; i < n; i++) {
    guint32 t = order[i];
    if (view->kind[t] != HD_TRACE_COMPUTE || view->end[t] == VIEW_NEVER)
      continue;
    guint64 *before = &last[view->core[t]];
    if (of_core[view->core[t]] != NULL && view->layer[t] != VIEW_NONE && view->end[t] >= *before)
      of_core[view->core[t]]->point[view->layer[t]].cycles += view->end[t] - *before;
    *before = MAX (*before, view->end[t]);
  }
}

/* The core of each node; VIEW_NONE: none. NULL when the numbers are too scattered. Returns (transfer full). */
static guint32 *
cores_of_nodes (const HdView *view, guint64 *n)
{
  guint64 most = 0;
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (view->node[t] != VIEW_NONE)
      most = MAX (most, view->node[t] + (guint64) 1);
  *n = most;
  if (most > 4 * (view->n_tasks + 1024))
    return NULL;
  guint32 *core = g_new (guint32, most + 1);
  memset (core, 0xff, (most + 1) * sizeof *core);
  for (guint64 t = 0; t < view->n_tasks; t++)
    if (view->kind[t] == HD_TRACE_COMPUTE && view->node[t] != VIEW_NONE)
      core[view->node[t]] = view->core[t];
  return core;
}

static void
add_traffic (Roofline *self, const HdPlatform *platform, RoofCore **of_core)
{
  const HdView *view = self->view;
  guint64 n_nodes;
  g_autofree guint32 *core_of = cores_of_nodes (view, &n_nodes);
  for (guint64 t = 0; core_of != NULL && t < view->n_tasks; t++) {
    if (view->kind[t] != HD_TRACE_TRANSFER || view->end[t] == VIEW_NEVER || view->node[t] == VIEW_NONE || view->layer[t] == VIEW_NONE || core_of[view->node[t]] == VIEW_NONE)
      continue;
    RoofCore *roof = of_core[core_of[view->node[t]]];
    const guint32 ends[] = { view->source[t], view->destination[t] };
    gboolean dram = FALSE, own = FALSE;
    for (guint e = 0; e < 2 && roof != NULL; e++) {
      dram |= ends[e] != VIEW_NONE && platform->memory[ends[e]].dram;
      own |= ends[e] != VIEW_NONE && is_own (platform, roof->core, ends[e]);
    }
    if (dram)
      roof->point[view->layer[t]].bits[ROOF_DRAM] += view->bits[t];
    if (own)
      roof->point[view->layer[t]].bits[ROOF_LOCAL] += view->bits[t];
  }
}

static gboolean
add_operations (Roofline *self, RoofCore **of_core, GError **error)
{
  const HdView *view = self->view;
  guint64 n = G_MAXUINT64;
  const guint32 *core = hd_trace_column (view->trace, "/core_layers/core", HD_COLUMN_U32, &n, error);
  const guint32 *layer = core != NULL ? hd_trace_column (view->trace, "/core_layers/layer", HD_COLUMN_U32, &n, error) : NULL;
  const guint64 *operations = layer != NULL ? _hd_view_u64 (view, "/core_layers/operations", n, error) : NULL;
  for (guint64 i = 0; operations != NULL && i < n; i++) {
    if (core[i] >= view->n_cores || layer[i] >= view->n_layers) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/core_layers: row %" G_GUINT64_FORMAT " is of core %u and layer %u - expected less than %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT,
                   hd_trace_info (view->trace)->path, i, core[i], layer[i], view->n_cores, view->n_layers);
      return FALSE;
    }
    if (of_core[core[i]] != NULL)
      of_core[core[i]]->point[layer[i]].operations = operations[i];
  }
  return operations != NULL;
}

/* --- the level roof ---------------------------------------------------------------------------------------------- */

/* The narrowest operands of the layers that the core did; what is not known has @PEAK_BITS. */
static void
find_widths (const Roofline *self, const HdWorkload *workload, RoofCore *core)
{
  const HdView *view = self->view;
  guint widths[] = { G_MAXUINT, G_MAXUINT };
  for (guint l = 0; workload != NULL && l < workload->n_layers && l < view->n_layers; l++) {
    const HdLayer *layer = &workload->layers[l];
    if (core->point[l].operations == 0 || !g_str_equal (layer->name, view->layer_name[l]))
      continue;
    for (guint o = 0; o + 1 < layer->n_operands; o++) {
      guint *width = &widths[layer->operands[o].role == HD_ROLE_WEIGHT];
      *width = MIN (*width, workload->tensors[layer->operands[o].tensor].bits);
    }
  }
  core->input_bits = widths[0] != G_MAXUINT ? widths[0] : PEAK_BITS;
  core->weight_bits = widths[1] != G_MAXUINT ? widths[1] : PEAK_BITS;
}

static void
find_peaks (Roofline *self, const HdPlatform *platform, const HdWorkload *workload)
{
  for (guint i = 0; i < self->n; i++) {
    RoofCore *core = &self->core[i];
    if (platform->core[core->core].kind == HD_CORE_IMC)
      find_widths (self, workload, core);
    core->peak = _hd_peak_of_core (&platform->core[core->core], core->input_bits, core->weight_bits);
  }
}

gboolean
_hd_roofline_collect (Roofline *self, const HdView *view, const HdPlatform *platform, const HdWorkload *workload, GError **error)
{
  *self = (Roofline) { .view = view };
  if (platform->n_cores != view->n_cores || platform->n_memories != view->n_memories) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/meta/platform: has %u cores and %u memories - expected the %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " of /names", hd_trace_info (view->trace)->path,
                 platform->n_cores, platform->n_memories, view->n_cores, view->n_memories);
    return FALSE;
  }
  g_autofree RoofCore **of_core = g_new0 (RoofCore *, view->n_cores + 1);
  choose_cores (self, platform);
  for (guint i = 0; i < self->n; i++)
    of_core[self->core[i].core] = &self->core[i];
  deal_time (self, of_core);
  add_traffic (self, platform, of_core);
  if (!add_operations (self, of_core, error))
    return FALSE;
  find_peaks (self, platform, workload);
  return TRUE;
}
