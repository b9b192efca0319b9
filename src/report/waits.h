/* Waits: the gaps between the computes of a core, and what was waited for. */
#pragma once

#include "base/json.h"
#include "report/view.h"

typedef struct {
  guint64 from;        /* end of the core's compute before, or 0 [cycle] */
  guint64 length;      /* [cycle] */
  guint32 task;        /* the compute that was then started, or, in a deadlock, never */
} HdWait;

/** The gaps between the computes of each core, or of @only (VIEW_NONE: all), longest first. Returns (transfer full): an array of HdWait. Time: O(n + waits log waits). */
GArray *_hd_waits_find (const HdView *view, guint32 only);

/** In words, a line for each core: how long it waited, and for what. Needs the view's tables. */
void _hd_waits_append_words (const HdView *view, guint32 only, GString *out);
/** The @most longest waits, one a line; and as the array "waits". */
void _hd_waits_append_longest (const HdView *view, guint32 only, guint most, GString *out);
void _hd_waits_json (const HdView *view, guint32 only, guint most, HdJson *json);
