/* The canonical form of a platform: everything said in full but the ports of movements, things by name, numbers in stored units. Equal platforms give equal bytes. */
#include "config.h"
#include "platform/private.h"
#include "xml/xml.h"

/* --- small attributes --------------------------------------------------------------------------- */

static void
write_real (HdXmlWriter *out, const char *name, double value, HdUnit unit)
{
  if (value != 0)
    hd_xml_writer_attribute_double (out, name, value, unit);
}

static void
write_clock (HdXmlWriter *out, const HdPlatform *self, guint64 period)
{
  hd_xml_writer_attribute_u64 (out, "clock", self->clock_hz / period, HD_UNIT_HZ);
}

/* Names separated by spaces. */
static void
write_names (HdXmlWriter *out, const char *name, GPtrArray *words)
{
  g_ptr_array_add (words, NULL);
  g_autofree char *text = g_strjoinv (" ", (char **) words->pdata);
  hd_xml_writer_attribute (out, name, text);
}

static void
write_set (HdXmlWriter *out, const char *name, guint set, const char *const *words)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  for (guint i = 0; words[i] != NULL; i++)
    if (set >> i & 1)
      g_ptr_array_add (chosen, (gpointer) words[i]);
  write_names (out, name, chosen);
}

/* --- what moves bits -------------------------------------------------------------------------------- */

static void
write_channel (HdXmlWriter *out, const HdResource *resource)
{
  if (resource->width_bits != 0)
    hd_xml_writer_attribute_u64 (out, "width", resource->width_bits, HD_UNIT_BIT_PER_CYCLE);
  hd_xml_writer_attribute_u64 (out, "latency", resource->latency / resource->period, HD_UNIT_CYCLE);
  hd_xml_writer_attribute (out, "arbiter", _hd_arbiter_words[resource->arbiter]);
  if (resource->arbiter != HD_ARBITER_TIME_SLOTS)
    return;
  hd_xml_writer_attribute_u64 (out, "slots", resource->n_slots, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "slot-length", resource->slot_cycles / resource->period, HD_UNIT_CYCLE);
}

static void
write_port (HdXmlWriter *out, const HdResource *port, const char *kind)
{
  hd_xml_writer_open (out, "port");
  hd_xml_writer_attribute (out, "kind", kind);
  write_channel (out, port);
  hd_xml_writer_close (out);
}

static void
write_memory (HdXmlWriter *out, const HdPlatform *self, const HdMemory *memory)
{
  const HdResource *read = &self->resource[memory->read_port], *write = &self->resource[memory->write_port];
  hd_xml_writer_open (out, "memory");
  hd_xml_writer_attribute (out, "id", memory->id);
  hd_xml_writer_attribute (out, "kind", memory->dram ? "dram" : "sram");
  if (memory->capacity_bits != HD_UNLIMITED_BITS)
    hd_xml_writer_attribute_u64 (out, "size", memory->capacity_bits, HD_UNIT_BIT);
  if (memory->core != HD_NONE)
    hd_xml_writer_attribute (out, "core", self->core[memory->core].id);
  write_clock (out, self, read->period);
  write_real (out, "read-energy", memory->read_pj_per_bit, HD_UNIT_PJ_PER_BIT);
  write_real (out, "write-energy", memory->write_pj_per_bit, HD_UNIT_PJ_PER_BIT);
  write_real (out, "static-power", memory->static_w, HD_UNIT_WATT);
  hd_xml_writer_attribute (out, "ports", read == write ? "shared" : "separate");
  if (read == write)
    write_channel (out, read);
  else {
    write_port (out, read, "read");
    write_port (out, write, "write");
  }
  hd_xml_writer_close (out);
}

static const char *
end_name (const HdPlatform *self, HdResourceId r)
{
  const HdResource *resource = &self->resource[r];
  return resource->kind == HD_RESOURCE_PORT ? self->memory[resource->memory].id : resource->id;
}

/* What a bus is tied to; links name the bus themselves. A tie of two buses is written at both. */
static void
write_connects (HdXmlWriter *out, const HdPlatform *self, HdResourceId bus)
{
  const HdAdjacency *edges = &_hd_platform_private (self)->forward;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint32 i = edges->begin[bus]; i < edges->begin[bus + 1]; i++)
    if (self->resource[edges->to[i]].kind != HD_RESOURCE_LINK)
      g_ptr_array_add (names, (gpointer) end_name (self, edges->to[i]));
  if (names->len > 0)
    write_names (out, "connects", names);
}

/* One way out means simplex, two mean half duplex. */
static void
write_ends (HdXmlWriter *out, const HdPlatform *self, HdResourceId link)
{
  const HdAdjacency *forward = &_hd_platform_private (self)->forward, *backward = &_hd_platform_private (self)->backward;
  gboolean both = forward->begin[link + 1] - forward->begin[link] == 2;
  HdResourceId from = both ? forward->to[forward->begin[link]] : backward->to[backward->begin[link]];
  hd_xml_writer_attribute (out, "from", end_name (self, from));
  hd_xml_writer_attribute (out, "to", end_name (self, forward->to[forward->begin[link] + both]));
  hd_xml_writer_attribute (out, "duplex", both ? "half" : "simplex");
}

static void
write_connection (HdXmlWriter *out, const HdPlatform *self, HdResourceId r)
{
  const HdResource *resource = &self->resource[r];
  gboolean bus = resource->kind == HD_RESOURCE_BUS;
  hd_xml_writer_open (out, bus ? "bus" : "link");
  hd_xml_writer_attribute (out, "id", resource->id);
  if (bus)
    write_connects (out, self, r);
  else
    write_ends (out, self, r);
  write_clock (out, self, resource->period);
  write_channel (out, resource);
  write_real (out, "energy", resource->energy_pj_per_bit, HD_UNIT_PJ_PER_BIT);
  write_real (out, "static-power", resource->static_w, HD_UNIT_WATT);
  hd_xml_writer_close (out);
}

/* --- cores ---------------------------------------------------------------------------------------------- */

static void
write_level_ports (HdXmlWriter *out, const HdLevel *level)
{
  static const char *const WORDS[] = { "r", "w", "rw" };
  guint count[3] = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint p = 0; p < level->n_ports; p++)
    count[level->port_kind[p]]++;
  for (guint kind = 0; kind < 3; kind++)
    if (count[kind] > 0)
      g_string_append_printf (text, "%s%u%s", text->len > 0 ? " " : "", count[kind], WORDS[kind]);
  hd_xml_writer_attribute (out, "ports", text->str);
}

static void
write_serves (HdXmlWriter *out, const HdCore *core, const HdLevel *level)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint d = 0; d < core->n_dimensions; d++)
    if (level->serves >> d & 1)
      g_ptr_array_add (names, core->dimension_name[d]);
  if (names->len == 0 || names->len == core->n_dimensions)
    hd_xml_writer_attribute (out, "serves", names->len == 0 && core->n_dimensions > 0 ? "none" : "all");
  else
    write_names (out, "serves", names);
}

/* Only what is not the default: a third of a large platform would be these. */
static void
write_uses (HdXmlWriter *out, const HdLevel *level)
{
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    for (guint move = 0; move < HD_N_MOVES; move++) {
      if (level->port_of[operand][move] < 0 || level->port_of[operand][move] == _hd_level_default_port (level, (HdMovement) move))
        continue;
      hd_xml_writer_open (out, "use");
      hd_xml_writer_attribute (out, "operand", _hd_operand_words[operand]);
      hd_xml_writer_attribute (out, "movement", _hd_move_words[move]);
      hd_xml_writer_attribute (out, "port", level->port_name[level->port_of[operand][move]]);
      hd_xml_writer_close (out);
    }
}

static void
write_level (HdXmlWriter *out, const HdPlatform *self, const HdCore *core, const HdLevel *level)
{
  hd_xml_writer_open (out, "level");
  hd_xml_writer_attribute (out, "id", level->id);
  if (level->memory != HD_NONE)
    hd_xml_writer_attribute (out, "memory", self->memory[level->memory].id);
  write_set (out, "operands", level->operands, _hd_operand_words);
  if (level->size_bits != HD_UNLIMITED_BITS)
    hd_xml_writer_attribute_u64 (out, "size", level->size_bits, HD_UNIT_BIT);
  hd_xml_writer_attribute_u64 (out, "read-width", level->read_width, HD_UNIT_BIT_PER_CYCLE);
  hd_xml_writer_attribute_u64 (out, "write-width", level->write_width, HD_UNIT_BIT_PER_CYCLE);
  hd_xml_writer_attribute_u64 (out, "read-granularity", level->read_granularity, HD_UNIT_BIT);
  hd_xml_writer_attribute_u64 (out, "write-granularity", level->write_granularity, HD_UNIT_BIT);
  hd_xml_writer_attribute_double (out, "read-energy", level->read_pj, HD_UNIT_PJ);
  hd_xml_writer_attribute_double (out, "write-energy", level->write_pj, HD_UNIT_PJ);
  write_serves (out, core, level);
  write_level_ports (out, level);
  hd_xml_writer_attribute (out, "double-buffered", level->double_buffered ? "true" : "false");
  write_uses (out, level);
  hd_xml_writer_close (out);
}

static void
write_dataflow (HdXmlWriter *out, const HdCore *core, const HdDataflow *dataflow)
{
  hd_xml_writer_open (out, "dataflow");
  hd_xml_writer_attribute (out, "id", dataflow->id);
  for (guint i = 0; i < dataflow->n_unrolls; i++) {
    const HdUnroll *unroll = &dataflow->unroll[i];
    hd_xml_writer_open (out, "unroll");
    hd_xml_writer_attribute (out, "rank", unroll->rank);
    hd_xml_writer_attribute (out, "dimension", core->dimension_name[unroll->dimension]);
    hd_xml_writer_attribute_u64 (out, "factor", unroll->factor, HD_UNIT_COUNT);
    hd_xml_writer_close (out);
  }
  hd_xml_writer_close (out);
}

static void
write_macro (HdXmlWriter *out, const HdCore *core)
{
  hd_xml_writer_open (out, "macro");
  hd_xml_writer_attribute_u64 (out, "rows", core->imc_rows, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "columns", core->imc_columns, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "count", core->imc_macros, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "copies", core->imc_copies, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "cell-bits", core->imc_cell_bits, HD_UNIT_BIT);
  hd_xml_writer_attribute_u64 (out, "dac-bits", core->imc_dac_bits, HD_UNIT_BIT);
  hd_xml_writer_attribute_u64 (out, "columns-per-adc", core->imc_columns_per_adc, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "cycles-per-conversion", core->imc_cycles_per_conversion, HD_UNIT_CYCLE);
  hd_xml_writer_attribute_u64 (out, "write-width", core->imc_write_width, HD_UNIT_BIT_PER_CYCLE);
  write_real (out, "conversion-energy", core->imc_pj_per_conversion, HD_UNIT_PJ);
  write_real (out, "write-energy", core->imc_pj_per_write_bit, HD_UNIT_PJ_PER_BIT);
  hd_xml_writer_close (out);
}

static void
write_fixed (HdXmlWriter *out, const HdFixedCost *cost)
{
  hd_xml_writer_open (out, "operator");
  hd_xml_writer_attribute (out, "type", cost->operator_type);
  hd_xml_writer_attribute_u64 (out, "cycles-per-node", cost->cycles_per_node, HD_UNIT_CYCLE);
  hd_xml_writer_attribute_double (out, "cycles-per-point", cost->cycles_per_point, HD_UNIT_CYCLE);
  hd_xml_writer_attribute_double (out, "energy-per-node", cost->pj_per_node, HD_UNIT_PJ);
  hd_xml_writer_attribute_double (out, "energy-per-point", cost->pj_per_point, HD_UNIT_PJ);
  hd_xml_writer_close (out);
}

static void
write_core_attributes (HdXmlWriter *out, const HdPlatform *self, const HdCore *core)
{
  static const char *const MEMORY[] = { "input-memory", "weight-memory", "output-memory" };
  hd_xml_writer_attribute (out, "id", core->id);
  hd_xml_writer_attribute (out, "kind", _hd_core_kind_words[core->kind]);
  write_set (out, "operators", core->operators, _hd_class_words);
  write_clock (out, self, core->period);
  write_real (out, "operation-energy", core->mac_pj, HD_UNIT_PJ);
  if (core->node_overhead > 0)
    hd_xml_writer_attribute_u64 (out, "node-overhead", core->node_overhead, HD_UNIT_CYCLE);
  write_real (out, "static-power", core->static_w, HD_UNIT_WATT);
  if (core->lanes != 0)
    hd_xml_writer_attribute_u64 (out, "lanes", core->lanes, HD_UNIT_COUNT);
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    if (core->operand_memory[operand] != HD_NONE)
      hd_xml_writer_attribute (out, MEMORY[operand], self->memory[core->operand_memory[operand]].id);
}

static void
write_core (HdXmlWriter *out, const HdPlatform *self, const HdCore *core)
{
  hd_xml_writer_open (out, "core");
  write_core_attributes (out, self, core);
  for (guint d = 0; d < core->n_dimensions; d++) {
    hd_xml_writer_open (out, "dimension");
    hd_xml_writer_attribute (out, "id", core->dimension_name[d]);
    hd_xml_writer_attribute_u64 (out, "size", core->dimension_size[d], HD_UNIT_COUNT);
    hd_xml_writer_close (out);
  }
  for (guint i = 0; i < core->n_levels; i++)
    write_level (out, self, core, &core->level[i]);
  for (guint i = 0; i < core->n_dataflows; i++)
    write_dataflow (out, core, &core->dataflow[i]);
  if (core->kind == HD_CORE_IMC)
    write_macro (out, core);
  for (guint i = 0; i < core->n_fixed; i++)
    write_fixed (out, &core->fixed[i]);
  hd_xml_writer_close (out);
}

/* --- the rest ----------------------------------------------------------------------------------------------- */

static void
write_dma (HdXmlWriter *out, const HdPlatform *self, const HdDma *dma)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  hd_xml_writer_open (out, "dma");
  hd_xml_writer_attribute (out, "id", dma->id);
  hd_xml_writer_attribute (out, "loads", dma->loads ? "true" : "false");
  hd_xml_writer_attribute (out, "stores", dma->stores ? "true" : "false");
  for (guint i = 0; i < dma->n_memories; i++)
    g_ptr_array_add (names, self->memory[dma->memories[i]].id);
  write_names (out, "memories", names);
  hd_xml_writer_attribute_u64 (out, "outstanding", dma->outstanding, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "priority", dma->priority, HD_UNIT_COUNT);
  hd_xml_writer_attribute_u64 (out, "slot", dma->slot, HD_UNIT_COUNT);
  if (dma->core != HD_NONE)
    hd_xml_writer_attribute (out, "core", self->core[dma->core].id);
  hd_xml_writer_close (out);
}

static void
write_route (HdXmlWriter *out, const HdPlatform *self, const HdGivenRoute *route)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  hd_xml_writer_open (out, "route");
  hd_xml_writer_attribute (out, "from", self->memory[route->source].id);
  hd_xml_writer_attribute (out, "to", self->memory[route->destination].id);
  for (guint i = 0; i < route->n_via; i++)
    g_ptr_array_add (names, self->resource[route->via[i]].id);
  write_names (out, "via", names);
  hd_xml_writer_close (out);
}

char *
hd_platform_to_xml (const HdPlatform *self)
{
  const HdPlatformPrivate *private = _hd_platform_private (self);
  g_autoptr (HdXmlWriter) out = hd_xml_writer_new ();
  hd_xml_writer_open (out, "platform");
  hd_xml_writer_attribute (out, "version", "1");
  hd_xml_writer_attribute (out, "name", self->name);
  hd_xml_writer_attribute_u64 (out, "clock", self->clock_hz, HD_UNIT_HZ);
  hd_xml_writer_attribute_u64 (out, "burst", self->burst_bits, HD_UNIT_BIT);
  hd_xml_writer_attribute_u64 (out, "window", self->window, HD_UNIT_COUNT);
  for (guint i = 0; i < self->n_memories; i++)
    write_memory (out, self, &self->memory[i]);
  for (guint i = 0; i < self->n_resources; i++)
    if (self->resource[i].kind != HD_RESOURCE_PORT)
      write_connection (out, self, i);
  for (guint i = 0; i < self->n_cores; i++)
    write_core (out, self, &self->core[i]);
  for (guint i = 0; i < self->n_dmas; i++)
    write_dma (out, self, &self->dma[i]);
  for (guint i = 0; i < private->n_given; i++)
    write_route (out, self, &private->given[i]);
  hd_xml_writer_close (out);
  return hd_xml_writer_finish (out);
}
