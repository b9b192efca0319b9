/* What parts of a platform can do at most. */
#pragma once

#include <heddle/platform.h>

#define PEAK_BITS 8u   /* of operands that nothing is known of */

/** MACs or element operations in a cycle of the core, at most [1/cycle]. IMC: of inputs and weights of so many bits; others take any. Fixed cores: of the cheapest operator; infinite when one costs nothing for each point. */
double _hd_peak_of_core (const HdCore *core, guint input_bits, guint weight_bits);
/** [bit/s]; infinite without a width. */
double _hd_peak_of_resource (const HdPlatform *platform, HdResourceId resource);
