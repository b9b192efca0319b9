/* A trace that is being read, as the files of this room see it. */
#pragma once

#include "h5/h5.h"

#include <heddle/trace.h>

/** A column or text that has been read. Strings are a GStrv. */
typedef struct {
  HdColumnType type;
  guint64 n;
  gpointer values;
} Kept;

struct HdTrace {
  HdH5Reader *file;
  HdTraceInfo info;
  GHashTable *kept;   /* path -> Kept */
};

void _hd_trace_kept_free (gpointer data);
