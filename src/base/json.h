/* Writing JSON: commas, escapes and numbers that every reader takes, in the C locale. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Appends to @text; opens and closes must pair. @key is NULL inside arrays and at the top. */
typedef struct {
  GString *text;
  gboolean needs_comma;
} HdJson;

void hd_json_open_object (HdJson *self, const char *key);
void hd_json_close_object (HdJson *self);
void hd_json_open_array (HdJson *self, const char *key);
void hd_json_close_array (HdJson *self);
void hd_json_string (HdJson *self, const char *key, const char *value);
void hd_json_u64 (HdJson *self, const char *key, guint64 value);
/** Not a number and infinity become null. */
void hd_json_double (HdJson *self, const char *key, double value);
void hd_json_boolean (HdJson *self, const char *key, gboolean value);
void hd_json_null (HdJson *self, const char *key);

G_END_DECLS
