/* A deadlock in words. */
#include "config.h"
#include "engine/private.h"

void
_hd_deadlock_explain (HdEngine *self, GString *text)
{
  g_string_printf (text, "deadlock at cycle %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT " of %u tasks have ended",
                   self->last_moved, self->n_ended, self->schedule->n_tasks);
}
