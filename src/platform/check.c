/* Does a platform make sense as a whole: can data get to every core and its results out again, is everything tied to something, is every memory served? */
#include "config.h"
#include "platform/draft.h"

#include <string.h>

/* --- what can be reached --------------------------------------------------------------------------- */

typedef struct {
  const HdPlatform *platform;
  const HdAdjacency *edges;   /* forward: where data of dram can get; backward: from where it can get to dram */
  gboolean backward;
  gboolean *resource, *memory;
  GArray *queue;              /* of memories */
} Search;

static void
visit_memory (Search *self, HdMemoryId memory)
{
  if (memory == HD_NONE || self->memory[memory])
    return;
  self->memory[memory] = TRUE;
  g_array_append_val (self->queue, memory);
}

/* Everything from one resource on, up to the ports of other memories. */
static void
spread (Search *self, HdResourceId start)
{
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (HdResourceId));
  g_array_append_val (stack, start);
  while (stack->len > 0) {
    HdResourceId at = g_array_index (stack, HdResourceId, stack->len - 1);
    g_array_set_size (stack, stack->len - 1);
    for (guint32 i = self->edges->begin[at]; i < self->edges->begin[at + 1]; i++) {
      HdResourceId next = self->edges->to[i];
      if (self->platform->resource[next].kind == HD_RESOURCE_PORT)
        visit_memory (self, self->platform->resource[next].memory);
      else if (!self->resource[next]) {
        self->resource[next] = TRUE;
        g_array_append_val (stack, next);
      }
    }
  }
}

/* Cores, by the memory that they read (or, backward, write): a core takes data on from one memory to another. */
static GArray **
cores_by_memory (const Search *self)
{
  GArray **rows = g_new0 (GArray *, self->platform->n_memories);
  for (HdCoreId c = 0; c < self->platform->n_cores; c++) {
    HdMemoryId key = self->platform->core[c].operand_memory[self->backward ? HD_OPERAND_OUTPUT : HD_OPERAND_INPUT];
    if (key == HD_NONE)
      continue;
    if (rows[key] == NULL)
      rows[key] = g_array_new (FALSE, FALSE, sizeof (HdCoreId));
    g_array_append_val (rows[key], c);
  }
  return rows;
}

/* Returns (transfer full): by memory, whether data of some dram gets there (backward: gets from there to some dram). */
static gboolean *
reach_dram (const HdPlatform *platform, gboolean backward)
{
  const HdPlatformPrivate *private = _hd_platform_private (platform);
  g_autofree gboolean *resource = g_new0 (gboolean, platform->n_resources);
  g_autoptr (GArray) queue = g_array_new (FALSE, FALSE, sizeof (HdMemoryId));
  Search self = { platform, backward ? &private->backward : &private->forward, backward, resource, g_new0 (gboolean, platform->n_memories), queue };
  GArray **cores = cores_by_memory (&self);
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    if (platform->memory[m].dram)
      visit_memory (&self, m);
  for (guint i = 0; i < queue->len; i++) {
    HdMemoryId memory = g_array_index (queue, HdMemoryId, i);
    spread (&self, backward ? platform->memory[memory].write_port : platform->memory[memory].read_port);
    for (guint c = 0; cores[memory] != NULL && c < cores[memory]->len; c++)
      visit_memory (&self, platform->core[g_array_index (cores[memory], HdCoreId, c)].operand_memory[backward ? HD_OPERAND_INPUT : HD_OPERAND_OUTPUT]);
  }
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    g_clear_pointer (&cores[m], g_array_unref);
  g_free (cores);
  return self.memory;
}

/* --- cores -------------------------------------------------------------------------------------------- */

static void
check_operand (HdDraft *self, const HdPlatform *platform, HdCoreId c, guint operand, const gboolean *in, const gboolean *out)
{
  static const char *const NAME[] = { "inputs", "weights", "outputs" };
  const HdCore *core = &platform->core[c];
  HdXmlNode *node = g_array_index (self->cores, DraftCore, c).node;
  HdMemoryId memory = core->operand_memory[operand];
  gboolean needed = operand != HD_OPERAND_WEIGHT || core->kind == HD_CORE_SPATIAL || core->kind == HD_CORE_SYSTOLIC || core->kind == HD_CORE_IMC;
  if (memory == HD_NONE) {
    if (needed)
      hd_xml_fault (self->xml, node, "core \"%s\" has no memory for its %s - expected a level that names one, or the attribute \"%.*s-memory\"", core->id, NAME[operand],
                    (int) (strlen (NAME[operand]) - 1), NAME[operand]);
    return;
  }
  if (platform->memory[memory].core != HD_NONE && platform->memory[memory].core != c)
    hd_xml_fault (self->xml, node, "core \"%s\" has its %s in memory \"%s\", which is private to core \"%s\"", core->id, NAME[operand], platform->memory[memory].id,
                  platform->core[platform->memory[memory].core].id);
  if (operand != HD_OPERAND_OUTPUT && !in[memory])
    hd_xml_fault (self->xml, node, "core \"%s\" cannot get its %s: there is no way from any dram to memory \"%s\"", core->id, NAME[operand], platform->memory[memory].id);
  if (operand == HD_OPERAND_OUTPUT && !out[memory])
    hd_xml_fault (self->xml, node, "the outputs of core \"%s\" are lost: there is no way from memory \"%s\" to any dram", core->id, platform->memory[memory].id);
}

/* --- memories and connections ----------------------------------------------------------------------------- */

static gboolean
has_row (const HdAdjacency *edges, HdResourceId r)
{
  return edges->begin[r] < edges->begin[r + 1];
}

/* Memories that some core computes from or to: what is wrong with these is told of the core. */
static gboolean *
operand_memories (const HdPlatform *platform)
{
  gboolean *used = g_new0 (gboolean, platform->n_memories);
  for (HdCoreId c = 0; c < platform->n_cores; c++)
    for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
      if (platform->core[c].operand_memory[operand] != HD_NONE)
        used[platform->core[c].operand_memory[operand]] = TRUE;
  return used;
}

static void
check_memories (HdDraft *self, const HdPlatform *platform, const gboolean *in, const gboolean *out)
{
  const HdPlatformPrivate *private = _hd_platform_private (platform);
  g_autofree gboolean *used = operand_memories (platform);
  for (HdMemoryId m = 0; m < platform->n_memories; m++) {
    const HdMemory *memory = &platform->memory[m];
    HdXmlNode *node = g_array_index (self->memories, DraftMemory, m).node;
    if (used[m])
      continue;
    if (!has_row (&private->forward, memory->read_port) && !has_row (&private->backward, memory->write_port))
      hd_xml_fault (self->xml, node, "memory \"%s\" is connected to nothing - expected a bus or link that names it", memory->id);
    else if (!in[m] && !out[m])
      hd_xml_fault (self->xml, node, "memory \"%s\" is out of reach: there is no way from any dram to it, nor from it to any dram", memory->id);
  }
}

static void
check_connections (HdDraft *self, const HdPlatform *platform)
{
  const HdPlatformPrivate *private = _hd_platform_private (platform);
  for (guint i = 0; i < self->connections->len; i++) {
    const DraftConnection *draft = &g_array_index (self->connections, DraftConnection, i);
    HdResourceId r = hd_platform_find_resource (platform, draft->id);
    if (!has_row (&private->forward, r) || !has_row (&private->backward, r))
      hd_xml_fault (self->xml, draft->node, "bus \"%s\" is no way from anything to anything - expected connects=\"...\" or links that name it", draft->id);
  }
}

static void
check_served (HdDraft *self, const HdPlatform *platform)
{
  g_autofree gboolean *served = g_new0 (gboolean, platform->n_memories);
  for (guint d = 0; d < platform->n_dmas; d++)
    for (guint i = 0; i < platform->dma[d].n_memories; i++)
      served[platform->dma[d].memories[i]] = TRUE;
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    if (!served[m] && !platform->memory[m].dram)
      hd_xml_fault (self->xml, g_array_index (self->memories, DraftMemory, m).node, "memory \"%s\" is served by no dma - expected one that names it, or no <dma> at all", platform->memory[m].id);
}

void
_hd_draft_check (HdDraft *self, const HdPlatform *platform)
{
  g_autofree gboolean *in = reach_dram (platform, FALSE), *out = reach_dram (platform, TRUE);
  gboolean dram = FALSE;
  for (HdMemoryId m = 0; m < platform->n_memories; m++)
    dram |= platform->memory[m].dram;
  if (dram)
    check_memories (self, platform, in, out);
  else
    hd_xml_fault (self->xml, self->root, "no dram - expected one <memory kind=\"dram\"> at least: inputs and weights are there at the beginning, outputs at the end");
  for (HdCoreId c = 0; dram && c < platform->n_cores; c++)
    for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
      check_operand (self, platform, c, operand, in, out);
  check_connections (self, platform);
  check_served (self, platform);
}
