/* A platform to start from: one spatial core with its buffers, one bus, one DRAM. */
#include "config.h"
#include <heddle/platform.h>

static const char TEMPLATE[] =
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
  "<!-- A platform to start from. doc/platform.md tells every element and attribute. Say of each number where it is from:\n"
  "     published, derived (show the arithmetic), assumed (say why) or fitted. -->\n"
  "<platform version=\"1\" name=\"my-chip\" clock=\"500 MHz\">\n"
  "\n"
  "  <!-- Memories hold data. The width is what their port moves in a cycle; energies are per bit of a transfer. -->\n"
  "  <memory id=\"dram\" kind=\"dram\" width=\"64 bit/cycle\" latency=\"20 cycle\" read-energy=\"10 pJ/bit\" write-energy=\"10 pJ/bit\"/>\n"
  "  <memory id=\"activations\" size=\"256 KiB\" ports=\"separate\" width=\"256 bit/cycle\" read-energy=\"0.2 pJ/bit\" write-energy=\"0.25 pJ/bit\" static-power=\"1 mW\"/>\n"
  "  <memory id=\"weights\" size=\"128 KiB\" ports=\"separate\" width=\"128 bit/cycle\" read-energy=\"0.2 pJ/bit\" write-energy=\"0.25 pJ/bit\" static-power=\"1 mW\"/>\n"
  "\n"
  "  <!-- What moves data between them. Arbiters: first-come, round-robin, fixed-priority, time-slots. -->\n"
  "  <bus id=\"bus\" connects=\"dram activations weights\" width=\"64 bit/cycle\" arbiter=\"round-robin\" energy=\"0.1 pJ/bit\"/>\n"
  "\n"
  "  <!-- What computes: a 16 x 16 array that takes convolutions and matrix products, and all else too. -->\n"
  "  <core id=\"core\" kind=\"spatial\" operators=\"mac pool vector move\" operation-energy=\"0.5 pJ\" static-power=\"2 mW\">\n"
  "    <dimension id=\"rows\" size=\"16\"/>\n"
  "    <dimension id=\"columns\" size=\"16\"/>\n"
  "    <!-- Its memory levels, registers first; I, W and O are inputs, weights and outputs. A register serves the dimensions that share it;\n"
  "         energies are per access of full width. -->\n"
  "    <level id=\"input-register\" operands=\"I\" size=\"8 bit\" read-width=\"8 bit/cycle\" write-width=\"8 bit/cycle\" read-energy=\"0.01 pJ\" write-energy=\"0.01 pJ\" serves=\"columns\"/>\n"
  "    <level id=\"weight-register\" operands=\"W\" size=\"8 bit\" read-width=\"8 bit/cycle\" write-width=\"8 bit/cycle\" read-energy=\"0.01 pJ\" write-energy=\"0.01 pJ\" serves=\"none\"/>\n"
  "    <level id=\"sum-register\" operands=\"O\" size=\"16 bit\" ports=\"2r 2w\" read-width=\"16 bit/cycle\" write-width=\"16 bit/cycle\" read-energy=\"0.02 pJ\" write-energy=\"0.02 pJ\" serves=\"rows\"/>\n"
  "    <level memory=\"activations\" operands=\"I O\"/>\n"
  "    <level memory=\"weights\" operands=\"W\"/>\n"
  "    <level memory=\"dram\" operands=\"I W O\" ports=\"1rw\"/>\n"
  "    <!-- How loops may be spread over the array; without any, every way that fits may be tried. -->\n"
  "    <dataflow id=\"channels\">\n"
  "      <unroll rank=\"C\" dimension=\"rows\"/>\n"
  "      <unroll rank=\"K\" dimension=\"columns\"/>\n"
  "    </dataflow>\n"
  "  </core>\n"
  "</platform>\n";

const char *
hd_platform_template_xml (void)
{
  return TEMPLATE;
}
