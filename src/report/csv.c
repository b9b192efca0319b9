/* CSV: one row per task, names instead of numbers; moments that never came are empty. RFC 4180 quoting. */
#include "config.h"
#include <heddle/report.h>

#include "report/view.h"

#include <string.h>

static void
put_text (FILE *out, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL) {
    fputs (text, out);
    return;
  }
  fputc ('"', out);
  for (; *text != '\0'; text++) {
    if (*text == '"')
      fputc ('"', out);
    fputc (*text, out);
  }
  fputc ('"', out);
}

static void
put_name (FILE *out, const char *const *names, guint32 index)
{
  fputc (',', out);
  if (index != VIEW_NONE)
    put_text (out, names[index]);
}

static void
put_moment (FILE *out, guint64 cycle)
{
  fputc (',', out);
  if (cycle != VIEW_NEVER)
    fprintf (out, "%" G_GUINT64_FORMAT, cycle);
}

static void
put_task (const HdView *view, guint64 t, FILE *out)
{
  static const char *const WAIT[] = { "none", "input", "space", "turn", "grant" };
  fprintf (out, "%" G_GUINT64_FORMAT ",%s", t, view->kind[t] == HD_TRACE_COMPUTE ? "compute" : "transfer");
  put_name (out, view->queue_name, view->queue[t]);
  put_name (out, view->core_name, view->core[t]);
  put_name (out, view->layer_name, view->layer[t]);
  fputc (',', out);
  if (view->node[t] != VIEW_NONE)
    fprintf (out, "%u", view->node[t]);
  put_name (out, view->tensor_name, view->tensor[t]);
  put_name (out, view->memory_name, view->source[t]);
  put_name (out, view->memory_name, view->destination[t]);
  fprintf (out, ",%" G_GUINT64_FORMAT, view->bits[t]);
  put_moment (out, view->ready[t]);
  put_moment (out, view->issue[t]);
  put_moment (out, view->start[t]);
  put_moment (out, view->end[t]);
  fprintf (out, ",%s,", WAIT[view->wait_kind[t]]);
  if (view->wait_cause[t] != VIEW_NONE)
    fprintf (out, "%u", view->wait_cause[t]);
  fputc ('\n', out);
}

gboolean
hd_report_csv (HdTrace *trace, FILE *out, GError **error)
{
  HdView view;
  if (!_hd_view_load (&view, trace, error))
    return FALSE;
  fputs ("task,kind,queue,core,layer,node,tensor,source,destination,bits,ready_cycle,issue_cycle,start_cycle,end_cycle,wait_kind,wait_cause_task\n", out);
  for (guint64 t = 0; t < view.n_tasks; t++)
    put_task (&view, t, out);
  return TRUE;
}
