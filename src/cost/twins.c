/* Cores that cost the same: whatever is asked of one is known of the others.
 *
 * Everything that a cost can depend on is written down, core by core: the array, its levels and dataflows, prices, and the memories that it stands by. Memories are named by the order in
 * which they are met, so that two cores with a memory each are the same, and a core with one for all is not. Names count for nothing.
 */
#include "cost/cost.h"

#include <string.h>

typedef struct {
  GByteArray *bytes;
  const HdPlatform *platform;
  GArray *met;             /* of HdMemoryId */
} Writer;

static void
put (Writer *self, guint64 value)
{
  g_byte_array_append (self->bytes, (const guint8 *) &value, sizeof value);
}

static void
put_double (Writer *self, double value)
{
  guint64 bits;
  memcpy (&bits, &value, sizeof bits);
  put (self, bits);
}

static void
put_text (Writer *self, const char *text)
{
  gsize length = strlen (text);
  put (self, length);
  g_byte_array_append (self->bytes, (const guint8 *) text, (guint) length);
}

/* The number of a memory among those of the core; what counts of it, when it is met first. */
static void
put_memory (Writer *self, HdMemoryId id)
{
  guint at = 0;
  while (at < self->met->len && g_array_index (self->met, HdMemoryId, at) != id)
    at++;
  put (self, id == HD_NONE ? G_MAXUINT64 : at);
  if (id == HD_NONE || at < self->met->len || id >= self->platform->n_memories)
    return;
  const HdMemory *memory = &self->platform->memory[id];
  g_array_append_val (self->met, id);
  put (self, memory->dram);
  put (self, memory->capacity_bits);
  put_double (self, memory->read_pj_per_bit);
  put_double (self, memory->write_pj_per_bit);
}

static void
put_level (Writer *self, const HdLevel *level)
{
  const guint64 numbers[] = { level->operands, level->size_bits, level->read_width, level->write_width, level->read_granularity, level->write_granularity, level->serves,
                              (guint64) level->double_buffered, level->n_ports };
  put_memory (self, level->memory);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    put (self, numbers[i]);
  put_double (self, level->read_pj);
  put_double (self, level->write_pj);
  for (guint p = 0; p < level->n_ports; p++)
    put (self, level->port_kind[p]);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint m = 0; m < HD_N_MOVES; m++)
      put (self, (guint64) level->port_of[o][m]);
}

static void
put_dataflow (Writer *self, const HdDataflow *dataflow)
{
  put (self, dataflow->n_unrolls);
  for (guint u = 0; u < dataflow->n_unrolls; u++) {
    put_text (self, dataflow->unroll[u].rank);
    put (self, dataflow->unroll[u].dimension);
    put (self, dataflow->unroll[u].factor);
  }
}

static void
put_fixed (Writer *self, const HdFixedCost *fixed)
{
  put_text (self, fixed->operator_type);
  put (self, fixed->cycles_per_node);
  put_double (self, fixed->cycles_per_point);
  put_double (self, fixed->pj_per_node);
  put_double (self, fixed->pj_per_point);
}

static void
put_core (Writer *self, const HdCore *core)
{
  const guint64 numbers[] = { core->kind, core->period, core->node_overhead, core->operators, core->lanes, core->imc_rows, core->imc_columns, core->imc_macros, core->imc_copies,
                              core->imc_cell_bits, core->imc_dac_bits, core->imc_columns_per_adc, core->imc_cycles_per_conversion, core->imc_write_width,
                              core->n_dimensions, core->n_levels, core->n_dataflows, core->n_fixed };
  const double prices[] = { core->mac_pj, core->imc_pj_per_conversion, core->imc_pj_per_write_bit };
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    put (self, numbers[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (prices); i++)
    put_double (self, prices[i]);
  for (guint d = 0; d < MIN (core->n_dimensions, HD_ARRAY_DIMS_MAX); d++)
    put (self, core->dimension_size[d]);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    put_memory (self, core->operand_memory[o]);
  for (guint l = 0; l < core->n_levels; l++)
    put_level (self, &core->level[l]);
  for (guint d = 0; d < core->n_dataflows; d++)
    put_dataflow (self, &core->dataflow[d]);
  for (guint f = 0; f < core->n_fixed; f++)
    put_fixed (self, &core->fixed[f]);
}

HdCoreId *
_hd_cost_first_twins (const HdPlatform *platform)
{
  g_autoptr (GHashTable) first = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  HdCoreId *twin = g_new (HdCoreId, platform->n_cores + 1);
  for (HdCoreId c = 0; c < platform->n_cores; c++) {
    g_autoptr (GArray) met = g_array_new (FALSE, FALSE, sizeof (HdMemoryId));
    Writer writer = { g_byte_array_new (), platform, met };
    put_core (&writer, &platform->core[c]);
    GBytes *description = g_byte_array_free_to_bytes (writer.bytes);
    gpointer known = g_hash_table_lookup (first, description);
    twin[c] = known != NULL ? GPOINTER_TO_UINT (known) - 1 : c;
    if (known != NULL)
      g_bytes_unref (description);
    else
      g_hash_table_insert (first, description, GUINT_TO_POINTER (c + 1));
  }
  return twin;
}
