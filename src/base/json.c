/* Writing JSON: commas, escapes and numbers that every reader takes, in the C locale. */
#include "config.h"
#include "base/json.h"

#include <heddle/units.h>

#include <math.h>

static void
append_escaped (GString *text, const char *value)
{
  g_string_append_c (text, '"');
  for (const guchar *p = (const guchar *) value; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_printf (text, "\\%c", *p);
    else if (*p < 0x20)
      g_string_append_printf (text, "\\u%04x", *p);
    else
      g_string_append_c (text, (char) *p);
  }
  g_string_append_c (text, '"');
}

static void
begin_value (HdJson *self, const char *key)
{
  if (self->needs_comma)
    g_string_append_c (self->text, ',');
  self->needs_comma = TRUE;
  if (key == NULL)
    return;
  append_escaped (self->text, key);
  g_string_append_c (self->text, ':');
}

static void
open_bracket (HdJson *self, const char *key, char bracket)
{
  begin_value (self, key);
  g_string_append_c (self->text, bracket);
  self->needs_comma = FALSE;
}

static void
close_bracket (HdJson *self, char bracket)
{
  g_string_append_c (self->text, bracket);
  self->needs_comma = TRUE;
}

void hd_json_open_object (HdJson *self, const char *key) { open_bracket (self, key, '{'); }
void hd_json_close_object (HdJson *self) { close_bracket (self, '}'); }
void hd_json_open_array (HdJson *self, const char *key) { open_bracket (self, key, '['); }
void hd_json_close_array (HdJson *self) { close_bracket (self, ']'); }

void
hd_json_string (HdJson *self, const char *key, const char *value)
{
  begin_value (self, key);
  append_escaped (self->text, value);
}

void
hd_json_u64 (HdJson *self, const char *key, guint64 value)
{
  begin_value (self, key);
  g_string_append_printf (self->text, "%" G_GUINT64_FORMAT, value);
}

void
hd_json_double (HdJson *self, const char *key, double value)
{
  g_autofree char *number = isfinite (value) ? hd_double_format (value) : g_strdup ("null");
  begin_value (self, key);
  g_string_append (self->text, number);
}

void
hd_json_boolean (HdJson *self, const char *key, gboolean value)
{
  begin_value (self, key);
  g_string_append (self->text, value ? "true" : "false");
}

void
hd_json_null (HdJson *self, const char *key)
{
  begin_value (self, key);
  g_string_append (self->text, "null");
}
