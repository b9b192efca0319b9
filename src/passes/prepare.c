/* A plan's beginning and end: what it needs to know of the platform, and the memory that it works in. */
#include "config.h"
#include "passes/plan.h"

#include <string.h>

static void
init_space (Plan *plan)
{
  const HdPlatform *platform = plan->platform;
  const User nobody = { HD_NONE, HD_NONE, HD_NONE };
  plan->space = g_new0 (Space, platform->n_memories);
  for (guint m = 0; m < platform->n_memories; m++) {
    Space *space = &plan->space[m];
    guint64 spare = plan->spare != NULL ? plan->spare[m] : 0;
    space->load_dma = space->store_dma = HD_NONE;
    space->unlimited = platform->memory[m].capacity_bits == HD_UNLIMITED_BITS;
    plan_give_token (&space->free, platform->memory[m].capacity_bits - spare, nobody);
    plan_give_token (&space->lot, spare, nobody);
  }
  for (guint d = platform->n_dmas; d-- > 0;)
    for (guint i = 0; i < platform->dma[d].n_memories; i++) {
      Space *space = &plan->space[platform->dma[d].memories[i]];
      space->load_dma = platform->dma[d].loads ? d : space->load_dma;
      space->store_dma = platform->dma[d].stores ? d : space->store_dma;
    }
  for (guint m = 0; m < platform->n_memories; m++)
    plan->space[m].hears = plan->space[m].load_dma != HD_NONE && platform->dma[plan->space[m].load_dma].core == HD_NONE;
}

static guint32 *
new_ids (gsize n)
{
  guint32 *id = g_new (guint32, n + 1);
  memset (id, 0xff, n * sizeof *id);
  return id;
}

static void
init_names (Plan *plan)
{
  plan->tensor_piece = new_ids (plan->workload->n_tensors);
  for (guint t = 0; t < plan->workload->n_tensors; t++)
    hd_schedule_builder_tensor (plan->builder, plan->workload->tensors[t].name);
  for (guint l = 0; l < plan->workload->n_layers; l++)
    hd_schedule_builder_layer (plan->builder, plan->workload->layers[l].name);
}

/* Which of its core's nodes each is. */
static void
number_places (Plan *plan)
{
  g_autofree guint32 *next = g_new0 (guint32, plan->platform->n_cores);
  plan->core_place = g_new (guint32, (gsize) plan->graph->n + 1);
  for (guint32 step = 0; step < plan->graph->n; step++)
    plan->core_place[step] = next[plan->graph->core[plan->order[step]]]++;
}

/* There is a queue at most for each core and for each engine. */
static void
init_queues (Plan *plan)
{
  const HdPlatform *platform = plan->platform;
  gsize n = (gsize) platform->n_cores + platform->n_dmas + 1;
  plan->core_queue = new_ids (platform->n_cores);
  plan->dma_queue = new_ids (platform->n_dmas);
  plan->queue_outstanding = g_new (guint32, n);
  plan->gate_of = g_new (guint32, n);
  plan->gate_stamp = g_new0 (guint32, n);
  plan->gates_stamp = 1;
  if (plan->mapping->dram.prefetch == 0)
    return;
  plan->core_nodes = g_new (GArray *, platform->n_cores);
  for (guint c = 0; c < platform->n_cores; c++)
    plan->core_nodes[c] = g_array_new (FALSE, FALSE, sizeof (HdTaskId));
  number_places (plan);
}

static void
init_builder (Plan *plan, const char *pass)
{
  plan->builder = hd_schedule_builder_new (plan->platform);
  if (plan->draft) {
    hd_schedule_builder_set_draft (plan->builder, pass);
  } else {
    g_autofree char *workload = hd_workload_to_xml (plan->workload), *mapping = hd_mapping_to_xml (plan->mapping);
    hd_schedule_builder_set_source (plan->builder, pass, workload, mapping);
  }
  /* A compute and a transfer or two for a node; of networks with very many nodes, columns grow as they always do. */
  hd_schedule_builder_expect (plan->builder, 5 * MIN ((gsize) plan->graph->n, 1 << 18) / 2 + 64);
  init_names (plan);
}

void
plan_init (Plan *plan, const char *pass)
{
  const HdPlatform *platform = plan->platform;
  guint n = MIN (plan->graph->n, 65536) + 64;
  init_builder (plan, pass);
  plan->dram = plan->mapping->dram.memory;
  plan->instances_room = plan->links_room = plan->users_room = n;
  plan->instance = g_new (Instance, n);
  plan->link = g_new (Link, n);
  plan->user = g_new (User, n);
  plan->free_instance = plan->free_user = HD_NONE;
  plan->set_aside = g_array_new (FALSE, FALSE, sizeof (Victim));
  plan->route_of = g_new0 (guint32 *, platform->n_memories);
  plan->hops_to = g_new0 (guint32 *, platform->n_memories);
  plan->arrivals = g_new0 (GArray *, platform->n_memories);
  plan->next_arrival = g_new0 (guint, platform->n_memories);
  plan->cost_row = new_ids (plan->graph->cost->len);
  init_queues (plan);
  init_space (plan);
}

void
plan_clear (Plan *plan)
{
  for (guint m = 0; m < plan->platform->n_memories; m++) {
    g_free (plan->space[m].victim);
    g_free (plan->space[m].free.token);
    g_free (plan->space[m].lot.token);
    g_clear_pointer (&plan->arrivals[m], g_array_unref);
    g_free (plan->route_of[m]);
    g_free (plan->hops_to[m]);
  }
  for (guint c = 0; plan->core_nodes != NULL && c < plan->platform->n_cores; c++)
    g_array_unref (plan->core_nodes[c]);
  g_array_unref (plan->set_aside);
  void *arrays[] = { plan->lane, plan->reader, plan->item, plan->link, plan->instance, plan->user, plan->space, plan->arrivals, plan->next_arrival, plan->core_nodes, plan->core_place, plan->route_of, plan->hops_to,
                     plan->cast, plan->cast_keys.at, plan->gates.at, plan->uses.at, plan->resident_uses.at, plan->sources.at, plan->listeners.at, plan->core_queue, plan->dma_queue,
                     plan->queue_outstanding, plan->gate_of, plan->gate_stamp, plan->tensor_piece, plan->cost_row };
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  hd_schedule_builder_free (plan->builder);
}
