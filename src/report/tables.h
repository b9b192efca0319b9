/* What the summary of a run and the inspection of a trace both say, in the same words: headline, cores, resources, memories. They need the view's tables. */
#pragma once

#include "base/json.h"
#include "report/view.h"

/** Two lines: what ran, and cycles, ms, energy and power. */
void _hd_tables_headline (const HdView *view, GString *out);
/** All of it: headline, cores (or @only, unless VIEW_NONE), where their cycles went in words, resources, memories, and what was busiest. */
void _hd_tables_text (const HdView *view, guint32 only, GString *out);
/** The arrays "cores", "memories" and "resources". */
void _hd_tables_json (const HdView *view, guint32 only, HdJson *json);
/** Appends @text and spaces up to @width characters. */
void _hd_tables_pad (GString *out, const char *text, guint width);
/** The length of the longest of @names, at least @least, at most 60 [characters]. */
guint _hd_tables_width (const char *const *names, guint64 n, guint least);
