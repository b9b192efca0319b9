/* What parts of a platform can do at most. */
#pragma once

#include <heddle/platform.h>

/** MACs or element operations in a cycle of the core, at most [1/cycle]. IMC: products of 8 bit by 8 bit. Fixed cores: of the cheapest operator; infinite when one costs nothing for each point. */
double _hd_peak_of_core (const HdCore *core);
/** [bit/s]; infinite without a width. */
double _hd_peak_of_resource (const HdPlatform *platform, HdResourceId resource);
