/* What goes on in one cycle: the part of inspect behind --at. */
#pragma once

#include "base/json.h"
#include "report/view.h"

/** What each core does (or @only, unless VIEW_NONE), the transfers under way, what the memories hold and the resources move. Errors: %HD_ERROR_INPUT from the trace. */
gboolean _hd_inspect_at_text (const HdView *view, guint64 cycle, guint32 only, GString *out, GError **error);
/** The same as the object "at". */
gboolean _hd_inspect_at_json (const HdView *view, guint64 cycle, guint32 only, HdJson *json, GError **error);
