/* What the fuzz targets of the workload room share. */
#pragma once

#include <heddle/workload.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The canonical form of @w is read back the same; its layers can be projected. */
static inline void
fuzz_use (const HdWorkload *w)
{
  if (w == NULL)
    return;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = hd_workload_to_xml (w);
  g_autoptr (HdWorkload) again = hd_workload_parse_xml (xml, strlen (xml), "again", &error);
  if (again == NULL)
    g_error ("the canonical form is refused: %s", error->message);
  g_autofree char *twice = hd_workload_to_xml (again);
  if (!g_str_equal (xml, twice))
    g_error ("the canonical form is not stable");
  for (guint l = 0; l < w->n_layers; l++) {
    HdBox box = hd_layer_whole_box (&w->layers[l]);
    if (hd_layer_effective_points (w, &w->layers[l], &box) > w->layers[l].points)
      g_error ("more points than there are");
    for (guint o = 0; o < w->layers[l].n_operands; o++) {
      const HdOperand *operand = &w->layers[l].operands[o];
      hd_operand_project (&w->layers[l], operand, &box, &w->tensors[operand->tensor]);
    }
  }
}
