/* Back-to-back inferences: what the first one took, and at what pace the others came. Needs the view's times only. */
#pragma once

#include "base/json.h"
#include "report/view.h"

/** Nothing for a run of one inference. */
void _hd_inferences_text (const HdView *view, GString *out);
/** The object "inferences"; null for a run of one. */
void _hd_inferences_json (const HdView *view, HdJson *json);
