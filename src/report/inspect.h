/* What goes on in one cycle: the part of inspect behind --at. */
#pragma once

#include "base/json.h"
#include "report/view.h"

gboolean inspect_at_text (const View *view, guint64 cycle, guint32 only_core, GString *out, GError **error);
gboolean inspect_at_json (const View *view, guint64 cycle, HdJson *json, GError **error);
