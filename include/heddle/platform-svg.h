/* A platform as a drawing. */
#pragma once

#include <heddle/platform.h>

#include <glib.h>

G_BEGIN_DECLS

/**
 * hd_platform_to_svg:
 *
 * Returns (transfer full): the platform as SVG: cores with their arrays and inner levels, below them the memories, below these one line for each bus and link. A vertical
 * line with a dot ties a memory or a bus to a bus or link; lines that cross without a dot have nothing to do with each other. The two directions of a
 * full-duplex link are one line.
 *
 * Deterministic: the same platform gives the same bytes.
 */
char *hd_platform_to_svg (const HdPlatform *self);

G_END_DECLS
