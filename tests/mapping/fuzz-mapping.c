/* Fuzz target of mapping XML: any bytes are refused or give a mapping whose canonical form is read back the same, and that can be tiled or is refused for a reason. */
#include <heddle/tiling.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Small, but with what makes mappings hard: windows, a residual, groups, a digit inside another, a reduction. */
static const char NET[] = "<workload version=\"1\" name=\"fsrcnn\"><tensor id=\"image\" kind=\"input\" shape=\"1 4 12 9\"/>"
                          "<layer id=\"conv1\" operator=\"Conv\" inputs=\"image\" channels=\"8\" kernel_shape=\"3 3\" pads=\"1 1 1 1\" group=\"2\"/>"
                          "<layer id=\"conv2\" operator=\"Conv\" inputs=\"conv1\" channels=\"4\" kernel_shape=\"1 1\"/>"
                          "<layer id=\"conv3\" operator=\"Conv\" inputs=\"conv2\" channels=\"4\" kernel_shape=\"3 3\" pads=\"1 1 1 1\"/>"
                          "<layer id=\"conv4\" operator=\"Add\" inputs=\"conv3 conv2\"/>"
                          "<layer id=\"conv5\" operator=\"DepthToSpace\" inputs=\"conv4\" blocksize=\"2\"/>"
                          "<layer id=\"conv8\" operator=\"MaxPool\" inputs=\"conv5\" kernel_shape=\"2 2\" strides=\"2 2\"/></workload>";

static void
check_canonical (const HdMapping *mapping)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = hd_mapping_to_xml (mapping);
  g_autoptr (HdMapping) again = hd_mapping_parse_xml (xml, strlen (xml), "again", mapping->workload, mapping->platform, &error);
  if (again == NULL)
    g_error ("the canonical form is refused: %s", error->message);
  g_autofree char *twice = hd_mapping_to_xml (again);
  if (!g_str_equal (xml, twice))
    g_error ("the canonical form is not stable");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static HdWorkload *workload;
  static HdPlatform *platform;
  if (workload == NULL) {
    workload = hd_workload_parse_xml (NET, strlen (NET), "net", NULL);
    platform = hd_platform_parse_synthetic ("core:2 sram:64KiB dram:64b", NULL);
  }
  g_autoptr (HdMapping) mapping = hd_mapping_parse_xml ((const char *) data, size, "fuzz", workload, platform, NULL);
  if (mapping == NULL)
    return 0;
  check_canonical (mapping);
  g_autoptr (HdTiling) tiling = hd_tiling_new (mapping, NULL);
  for (HdNodeId node = 0; tiling != NULL && node < tiling->n_nodes; node++) {
    HdBox box = hd_tiling_node_box (tiling, node);
    if (hd_box_is_empty (&box))
      g_error ("an empty node");
  }
  return 0;
}
