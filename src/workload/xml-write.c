/* A workload as canonical XML: tensors by name, nests in topological order, everything said. Reading it gives the same workload. */
#include "config.h"
#include "workload/index.h"
#include "xml/xml.h"

#include <heddle/workload.h>

static const char *const KINDS[] = { "input", "weight", "activation", "output" };
static const char *const CLASSES[] = { "mac", "pool", "vector", "move" };
static const char *const ROLES[] = { "input", "weight", "output" };

static void
write_tensor (HdXmlWriter *w, const HdTensor *tensor)
{
  g_autoptr (GString) shape = g_string_new (NULL);
  for (guint d = 0; d < tensor->n_dims; d++)
    g_string_append_printf (shape, d > 0 ? " %" G_GUINT64_FORMAT : "%" G_GUINT64_FORMAT, tensor->size[d]);
  hd_xml_writer_open (w, "tensor");
  hd_xml_writer_attribute (w, "id", tensor->name);
  hd_xml_writer_attribute (w, "kind", KINDS[tensor->kind]);
  hd_xml_writer_attribute (w, "shape", shape->str);
  hd_xml_writer_attribute_u64 (w, "bits", tensor->bits, HD_UNIT_BIT);
  hd_xml_writer_close (w);
}

static void
write_operand (HdXmlWriter *w, const HdWorkload *self, const HdLayer *layer, const HdOperand *operand)
{
  const HdTensor *tensor = &self->tensors[operand->tensor];
  g_autofree char *index = _hd_index_format (layer, operand, tensor->n_dims);
  hd_xml_writer_open (w, ROLES[operand->role]);
  hd_xml_writer_attribute (w, "tensor", tensor->name);
  hd_xml_writer_attribute (w, operand->whole ? "whole" : "index", operand->whole ? "true" : index);
  if (operand->touched_per_point != 0)
    hd_xml_writer_attribute_u64 (w, "touched", operand->touched_per_point, HD_UNIT_COUNT);
  hd_xml_writer_close (w);
}

static void
write_layer (HdXmlWriter *w, const HdWorkload *self, const HdLayer *layer)
{
  g_autoptr (GString) ranks = g_string_new (NULL);
  for (guint r = 0; r < layer->n_ranks; r++)
    g_string_append_printf (ranks, "%s%s=%" G_GUINT64_FORMAT, r > 0 ? " " : "", layer->rank[r].name, layer->rank[r].size);
  hd_xml_writer_open (w, "nest");
  hd_xml_writer_attribute (w, "id", layer->name);
  hd_xml_writer_attribute (w, "operator", layer->operator_type);
  hd_xml_writer_attribute (w, "class", CLASSES[layer->layer_class]);
  hd_xml_writer_attribute (w, "ranks", ranks->str);
  hd_xml_writer_attribute_u64 (w, "partial-bits", layer->partial_bits, HD_UNIT_BIT);
  hd_xml_writer_attribute_u64 (w, "ops", layer->ops_per_point, HD_UNIT_COUNT);
  if (layer->view)
    hd_xml_writer_attribute (w, "view", "true");
  for (guint o = 0; o < layer->n_operands; o++)
    write_operand (w, self, layer, &layer->operands[o]);
  hd_xml_writer_close (w);
}

char *
hd_workload_to_xml (const HdWorkload *self)
{
  g_autoptr (HdXmlWriter) w = hd_xml_writer_new ();
  hd_xml_writer_open (w, "workload");
  hd_xml_writer_attribute (w, "version", "1");
  hd_xml_writer_attribute (w, "name", self->name);
  if (self->inferences > 1)
    hd_xml_writer_attribute_u64 (w, "inferences", self->inferences, HD_UNIT_COUNT);
  for (guint t = 0; t < self->n_tensors; t++)
    write_tensor (w, &self->tensors[t]);
  for (guint l = 0; l < self->n_layers; l++)
    write_layer (w, self, &self->layers[l]);
  hd_xml_writer_close (w);
  return hd_xml_writer_finish (w);
}
