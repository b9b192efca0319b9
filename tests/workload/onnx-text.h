/* ONNX models from text, so that tests can say what they mean. One statement a line:
 *
 *     opset 13 [DOMAIN]
 *     input NAME TYPE SIZE...             SIZE is a number, or a name for a symbol
 *     output NAME [TYPE SIZE...]
 *     info NAME TYPE SIZE...              value_info
 *     init NAME TYPE SIZE...              an initializer without values (external)
 *     values NAME TYPE SIZE... = V...     an initializer with values
 *     node [DOMAIN:]OPERATOR INPUT... -> OUTPUT... [; ATTRIBUTE=VALUE ...]      "-" is an operand that is left out
 *     name NAME                           names the next node
 *     hex XX XX ...                       bytes as they are, at this place of the model
 *
 * VALUE is INT, [INT,INT], FLOATf, [FLOATf,FLOATf], text, or tensor(TYPE:SIZE,SIZE:V,V). TYPE is float, int8, uint8, int32, int64 or a number.
 */
#pragma once

#include <glib.h>
#include <string.h>

static inline void
put_varint (GByteArray *out, guint64 value)
{
  guint8 byte;
  do {
    byte = (guint8) (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
    g_byte_array_append (out, &byte, 1);
    value >>= 7;
  } while (value != 0);
}

static inline void
put_int (GByteArray *out, guint field, gint64 value)
{
  put_varint (out, field << 3);
  put_varint (out, (guint64) value);
}

static inline void
put_bytes (GByteArray *out, guint field, gconstpointer data, gsize n)
{
  put_varint (out, field << 3 | 2);
  put_varint (out, n);
  g_byte_array_append (out, data, (guint) n);
}

static inline void put_text (GByteArray *out, guint field, const char *text) { put_bytes (out, field, text, strlen (text)); }

static inline void
put_message (GByteArray *out, guint field, GByteArray *body)
{
  put_bytes (out, field, body->data, body->len);
  g_byte_array_unref (body);
}

static inline int
onnx_type (const char *name)
{
  static const char *const NAMES[] = { "", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "double", NULL };
  for (int i = 1; NAMES[i] != NULL; i++)
    if (g_str_equal (NAMES[i], name))
      return i;
  return atoi (name);
}

/* A tensor of words[0] = type, sizes, and after "=" values; NULL-ended. */
static inline GByteArray *
onnx_tensor (const char *name, char **words)
{
  GByteArray *out = g_byte_array_new ();
  int type = onnx_type (words[0]);
  guint i = 1;
  for (; words[i] != NULL && !g_str_equal (words[i], "="); i++)
    put_int (out, 1, g_ascii_strtoll (words[i], NULL, 10));
  put_int (out, 2, type);
  if (name != NULL)
    put_text (out, 8, name);
  if (words[i] == NULL)
    return out;
  g_autoptr (GByteArray) raw = g_byte_array_new ();
  for (i++; words[i] != NULL; i++) {
    gint64 value = g_ascii_strtoll (words[i], NULL, 10);
    float real = (float) g_ascii_strtod (words[i], NULL);
    guint size = type == 7 ? 8 : type == 2 || type == 3 || type == 9 ? 1 : 4;
    g_byte_array_append (raw, type == 1 ? (guint8 *) &real : (guint8 *) &value, size);
  }
  put_bytes (out, 9, raw->data, raw->len);
  return out;
}

static inline GByteArray *
onnx_value_info (char **words)
{
  GByteArray *out = g_byte_array_new (), *type = g_byte_array_new (), *tensor = g_byte_array_new (), *shape = g_byte_array_new ();
  put_text (out, 1, words[0]);
  for (guint i = 2; words[1] != NULL && words[i] != NULL; i++) {
    GByteArray *dim = g_byte_array_new ();
    if (g_ascii_isdigit (words[i][0]) || words[i][0] == '-')
      put_int (dim, 1, g_ascii_strtoll (words[i], NULL, 10));
    else
      put_text (dim, 2, words[i]);
    put_message (shape, 1, dim);
  }
  if (words[1] == NULL) {
    g_byte_array_unref (type);
    g_byte_array_unref (tensor);
    g_byte_array_unref (shape);
    return out;
  }
  put_int (tensor, 1, onnx_type (words[1]));
  put_message (tensor, 2, shape);
  put_message (type, 1, tensor);
  put_message (out, 2, type);
  return out;
}

static inline void
put_float (GByteArray *out, guint field, const char *text)
{
  float value = (float) g_ascii_strtod (text, NULL);
  put_varint (out, field << 3 | 5);
  g_byte_array_append (out, (guint8 *) &value, 4);
}

static inline GByteArray *
onnx_attribute (const char *text)
{
  GByteArray *out = g_byte_array_new ();
  g_auto (GStrv) pair = g_strsplit (text, "=", 2);
  const char *value = pair[1] != NULL ? pair[1] : "";
  put_text (out, 1, pair[0]);
  if (g_str_has_prefix (value, "tensor(")) {
    g_autofree char *inner = g_strndup (value + 7, strlen (value) - 8);
    g_auto (GStrv) parts = g_strsplit (inner, ":", 3);
    g_autofree char *sizes = g_strdelimit (g_strdup (parts[1]), ",", ' '), *values = g_strdelimit (g_strdup (parts[2]), ",", ' ');
    g_autofree char *all = g_strdup_printf ("%s%s%s = %s", parts[0], *sizes != '\0' ? " " : "", sizes, values);
    g_auto (GStrv) words = g_strsplit (all, " ", -1);
    put_message (out, 5, onnx_tensor (NULL, words));
  } else if (*value == '[') {
    g_autofree char *inner = g_strndup (value + 1, strlen (value) - 2);
    g_auto (GStrv) parts = g_strsplit (inner, ",", -1);
    for (guint i = 0; parts[i] != NULL && *parts[i] != '\0'; i++)
      if (g_str_has_suffix (parts[i], "f"))
        put_float (out, 7, parts[i]);
      else
        put_int (out, 8, g_ascii_strtoll (parts[i], NULL, 10));
  } else if (g_ascii_isdigit (*value) || *value == '-') {
    if (g_str_has_suffix (value, "f"))
      put_float (out, 2, value);
    else
      put_int (out, 3, g_ascii_strtoll (value, NULL, 10));
  } else
    put_text (out, 4, value);
  return out;
}

static inline GByteArray *
onnx_node (const char *line, const char *name)
{
  GByteArray *out = g_byte_array_new ();
  g_auto (GStrv) halves = g_strsplit (line, ";", 2);
  g_auto (GStrv) words = g_strsplit_set (g_strstrip (halves[0]), " ", -1);
  g_auto (GStrv) type = g_strsplit (words[0], ":", 2);
  guint field = 1;
  for (guint i = 1; words[i] != NULL; i++)
    if (g_str_equal (words[i], "->"))
      field = 2;
    else if (*words[i] != '\0')
      put_text (out, field, g_str_equal (words[i], "-") ? "" : words[i]);
  put_text (out, 3, name);
  put_text (out, 4, type[1] != NULL ? type[1] : type[0]);
  if (type[1] != NULL)
    put_text (out, 7, type[0]);
  g_auto (GStrv) attributes = g_strsplit (halves[1] != NULL ? g_strstrip (halves[1]) : "", " ", -1);
  for (guint i = 0; attributes[i] != NULL; i++)
    if (*attributes[i] != '\0')
      put_message (out, 5, onnx_attribute (attributes[i]));
  return out;
}

static inline void
onnx_statement (GByteArray *model, GByteArray *graph, const char *line, char **name)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  const char *rest = strchr (line, ' ') != NULL ? strchr (line, ' ') + 1 : "";
  if (g_str_equal (words[0], "opset")) {
    GByteArray *set = g_byte_array_new ();
    put_text (set, 1, words[2] != NULL ? words[2] : "");
    put_int (set, 2, g_ascii_strtoll (words[1], NULL, 10));
    put_message (model, 8, set);
  } else if (g_str_equal (words[0], "input"))
    put_message (graph, 11, onnx_value_info (words + 1));
  else if (g_str_equal (words[0], "output"))
    put_message (graph, 12, onnx_value_info (words + 1));
  else if (g_str_equal (words[0], "info"))
    put_message (graph, 13, onnx_value_info (words + 1));
  else if (g_str_equal (words[0], "init") || g_str_equal (words[0], "values"))
    put_message (graph, 5, onnx_tensor (words[1], words + 2));
  else if (g_str_equal (words[0], "node"))
    put_message (graph, 1, onnx_node (rest, *name));
  else if (g_str_equal (words[0], "hex"))
    for (guint i = 1; words[i] != NULL; i++) {
      guint8 byte = (guint8) g_ascii_strtoull (words[i], NULL, 16);
      g_byte_array_append (model, &byte, 1);
    }
  g_free (*name);
  *name = g_strdup (g_str_equal (words[0], "name") ? rest : "");
}

/* Returns (transfer full): the bytes of the model; without a graph when no line makes one. */
static inline GByteArray *
onnx_from_text (const char *text)
{
  GByteArray *model = g_byte_array_new (), *graph = g_byte_array_new ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *name = g_strdup ("");
  for (guint i = 0; lines[i] != NULL; i++)
    if (*g_strstrip (lines[i]) != '\0' && *lines[i] != '#')
      onnx_statement (model, graph, lines[i], &name);
  if (graph->len > 0)
    put_message (model, 7, graph);
  else
    g_byte_array_unref (graph);
  return model;
}
