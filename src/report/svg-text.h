/* Text in drawings: how wide it is, how it is shortened and escaped. Nothing here knows fonts; widths are those of a common sans-serif at 12 px, a little generous. */
#pragma once

#include <glib.h>
#include <stdio.h>

/** About how wide @text is at 12 px [pixel]. */
double _hd_svg_text_width (const char *text);
/** Names wider than @most [pixel] lose their middle. Returns (transfer full). */
char *_hd_svg_shorten (const char *text, double most);
/** Escapes for XML; characters that XML does not have become spaces. Returns (transfer full). */
char *_hd_svg_escape (const char *text);
/** Writes "%.2f" in the C locale, between @before and @after. */
void _hd_svg_double (FILE *out, const char *before, double value, const char *after);
/** One <text> of a class, at most @most pixels wide (0: any); with the full text as a tooltip where it had to be shortened. */
void _hd_svg_text (FILE *out, double x, double y, const char *class, const char *text, double most);
