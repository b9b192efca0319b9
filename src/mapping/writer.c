/* The canonical form: everything resolved, in the order of the indices, which is by name or by the data's own order. */
#include "config.h"
#include "mapping/rules.h"

#include <string.h>

static void
write_stack_layers (HdXmlWriter *writer, const HdMapping *self, const HdMappingStack *stack)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < stack->n_layers; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "", self->workload->layers[stack->layers[i]].name);
  hd_xml_writer_attribute (writer, "layers", names->str);
}

static void
write_tile (HdXmlWriter *writer, const HdMappingStack *stack)
{
  g_autoptr (GString) order = g_string_new (NULL);
  hd_xml_writer_open (writer, "tile");
  for (guint a = 0; a < stack->n_axes; a++) {
    hd_xml_writer_attribute_u64 (writer, stack->axis[a].rank, stack->axis[a].size, HD_UNIT_COUNT);
    g_string_append_printf (order, "%s%s", a > 0 ? " " : "", stack->axis[a].rank);
  }
  hd_xml_writer_attribute (writer, "order", order->str);
  hd_xml_writer_close (writer);
}

/* One element for each mode that the tensor has along some axis. */
static void
write_tensor (HdXmlWriter *writer, const HdMapping *self, const HdMappingStack *stack, const HdMappingTensor *tensor)
{
  for (HdRetention mode = HD_RETENTION_RETAIN; mode <= HD_RETENTION_REFETCH; mode++) {
    g_autoptr (GString) ranks = g_string_new (NULL);
    for (guint a = 0; a < stack->n_axes; a++)
      if (tensor->mode[a] == mode)
        g_string_append_printf (ranks, "%s%s", ranks->len > 0 ? " " : "", stack->axis[a].rank);
    if (ranks->len == 0)
      continue;
    hd_xml_writer_open (writer, "tensor");
    hd_xml_writer_attribute (writer, "id", self->workload->tensors[tensor->tensor].name);
    hd_xml_writer_attribute (writer, "mode", hd_retention_name (mode));
    hd_xml_writer_attribute (writer, "ranks", ranks->str);
    hd_xml_writer_close (writer);
  }
}

static void
write_stack (HdXmlWriter *writer, const HdMapping *self, const HdMappingStack *stack)
{
  hd_xml_writer_open (writer, "stack");
  write_stack_layers (writer, self, stack);
  hd_xml_writer_attribute (writer, "mode", hd_retention_name (stack->mode));
  if (stack->n_axes > 0)
    write_tile (writer, stack);
  for (guint t = 0; t < stack->n_tensors; t++)
    write_tensor (writer, self, stack, &stack->tensor[t]);
  hd_xml_writer_close (writer);
}

static void
write_spatial (HdXmlWriter *writer, const HdCore *core, const HdMappingLayer *row)
{
  hd_xml_writer_open (writer, "spatial");
  for (guint i = 0; i < row->n_unrolls; i++) {
    hd_xml_writer_open (writer, "unroll");
    hd_xml_writer_attribute (writer, "rank", row->unroll[i].rank);
    hd_xml_writer_attribute (writer, "dimension", core->dimension_name[row->unroll[i].dimension]);
    hd_xml_writer_attribute_u64 (writer, "factor", row->unroll[i].factor, HD_UNIT_COUNT);
    hd_xml_writer_close (writer);
  }
  hd_xml_writer_close (writer);
}

static void
write_temporal (HdXmlWriter *writer, const HdMappingLayer *row)
{
  static const char *const OPERANDS[HD_N_OPERANDS] = { "input", "weight", "output" };
  hd_xml_writer_open (writer, "temporal");
  for (guint i = 0; i < row->n_loops; i++) {
    hd_xml_writer_open (writer, "loop");
    hd_xml_writer_attribute (writer, "rank", row->loop[i].rank);
    hd_xml_writer_attribute_u64 (writer, "factor", row->loop[i].factor, HD_UNIT_COUNT);
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      if (row->loop[i].level[o] != NULL)
        hd_xml_writer_attribute (writer, OPERANDS[o], row->loop[i].level[o]);
    hd_xml_writer_close (writer);
  }
  hd_xml_writer_close (writer);
}

static void
write_layer (HdXmlWriter *writer, const HdMapping *self, HdLayerId l)
{
  const HdLayer *layer = &self->workload->layers[l];
  const HdMappingLayer *row = &self->layer[l];
  g_autoptr (GString) cores = g_string_new (NULL);
  for (guint i = 0; i < row->n_cores; i++)
    g_string_append_printf (cores, "%s%s", i > 0 ? " " : "", self->platform->core[row->cores[i]].id);
  hd_xml_writer_open (writer, "layer");
  hd_xml_writer_attribute (writer, "id", layer->name);
  hd_xml_writer_attribute (writer, "cores", cores->str);
  if (row->split >= 0)
    hd_xml_writer_attribute (writer, "split", layer->rank[row->split].name);
  for (guint i = 0; i < row->n_cuts; i++) {
    hd_xml_writer_open (writer, "cut");
    hd_xml_writer_attribute (writer, "rank", row->cut[i].rank);
    hd_xml_writer_attribute_u64 (writer, "size", row->cut[i].size, HD_UNIT_COUNT);
    hd_xml_writer_close (writer);
  }
  if (row->n_unrolls > 0)
    write_spatial (writer, &self->platform->core[row->cores[0]], row);
  if (row->n_loops > 0)
    write_temporal (writer, row);
  hd_xml_writer_close (writer);
}

static int
compare_by_name (gconstpointer a, gconstpointer b, gpointer data)
{
  const HdWorkload *workload = data;
  return strcmp (workload->layers[*(const HdLayerId *) a].name, workload->layers[*(const HdLayerId *) b].name);
}

static void
write_layers (HdXmlWriter *writer, const HdMapping *self)
{
  guint n = self->workload->n_layers;
  g_autofree HdLayerId *order = g_new (HdLayerId, n + 1);
  for (HdLayerId l = 0; l < n; l++)
    order[l] = l;
  g_qsort_with_data (order, (int) n, sizeof *order, compare_by_name, self->workload);
  for (guint i = 0; i < n; i++)
    write_layer (writer, self, order[i]);
}

char *
hd_mapping_to_xml (const HdMapping *self)
{
  HdXmlWriter *writer = hd_xml_writer_new ();
  hd_xml_writer_open (writer, "mapping");
  hd_xml_writer_attribute (writer, "version", "1");
  hd_xml_writer_attribute (writer, "workload", self->workload->name);
  hd_xml_writer_attribute (writer, "platform", self->platform->name);
  hd_xml_writer_open (writer, "dram");
  if (self->dram.memory != HD_NONE)
    hd_xml_writer_attribute (writer, "memory", self->platform->memory[self->dram.memory].id);
  hd_xml_writer_attribute_u64 (writer, "prefetch", self->dram.prefetch, HD_UNIT_COUNT);
  hd_xml_writer_close (writer);
  write_layers (writer, self);
  for (guint s = 0; s < self->n_stacks; s++)
    write_stack (writer, self, &self->stack[s]);
  hd_xml_writer_close (writer);
  char *text = hd_xml_writer_finish (writer);
  hd_xml_writer_free (writer);
  return text;
}
