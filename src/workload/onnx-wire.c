/* Walking the protobuf wire format of a model; see onnx-wire.h for what is left out and why. */
#include "config.h"
#include "workload/onnx-wire.h"

#include <string.h>

typedef enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 } WireType;

typedef enum {
  KEEP_NUMBER,   /* a varint; repeated ones may be packed */
  KEEP_FIXED32,  /* a float, or packed ones */
  KEEP_BYTES,    /* a string or bytes */
  KEEP_VALUES,   /* packed values of a tensor, of any wire type: dropped when long */
  KEEP_MESSAGE,
} FieldKind;

typedef struct Message Message;

typedef struct {
  guint number;
  FieldKind kind;
  const Message *message;
} Field;

struct Message {
  const char *name;
  const Field *fields;   /* ended by number 0 */
};

#define FIELDS(...) ((const Field[]) { __VA_ARGS__, { 0 } })

/* The tables mirror onnx.proto; they have no cycles, so the walk is as deep as they are. */
static const Message TENSOR = { "tensor", FIELDS ({ 1, KEEP_NUMBER }, { 2, KEEP_NUMBER }, { 4, KEEP_VALUES }, { 5, KEEP_VALUES }, { 7, KEEP_VALUES },
                                                  { 8, KEEP_BYTES }, { 9, KEEP_VALUES }, { 10, KEEP_VALUES }, { 11, KEEP_VALUES }) };
static const Message SPARSE = { "sparse tensor", FIELDS ({ 1, KEEP_MESSAGE, &TENSOR }, { 3, KEEP_NUMBER }) };
static const Message ATTRIBUTE = { "attribute", FIELDS ({ 1, KEEP_BYTES }, { 2, KEEP_FIXED32 }, { 3, KEEP_NUMBER }, { 4, KEEP_BYTES },
                                                        { 5, KEEP_MESSAGE, &TENSOR }, { 7, KEEP_FIXED32 }, { 8, KEEP_NUMBER }, { 9, KEEP_BYTES },
                                                        { 20, KEEP_NUMBER }) };
static const Message NODE = { "node", FIELDS ({ 1, KEEP_BYTES }, { 2, KEEP_BYTES }, { 3, KEEP_BYTES }, { 4, KEEP_BYTES }, { 5, KEEP_MESSAGE, &ATTRIBUTE },
                                              { 7, KEEP_BYTES }) };
static const Message DIMENSION = { "dimension", FIELDS ({ 1, KEEP_NUMBER }, { 2, KEEP_BYTES }) };
static const Message SHAPE = { "shape", FIELDS ({ 1, KEEP_MESSAGE, &DIMENSION }) };
static const Message TENSOR_TYPE = { "tensor type", FIELDS ({ 1, KEEP_NUMBER }, { 2, KEEP_MESSAGE, &SHAPE }) };
static const Message TYPE = { "type", FIELDS ({ 1, KEEP_MESSAGE, &TENSOR_TYPE }) };
static const Message VALUE_INFO = { "value", FIELDS ({ 1, KEEP_BYTES }, { 2, KEEP_MESSAGE, &TYPE }) };
static const Message GRAPH = { "graph", FIELDS ({ 1, KEEP_MESSAGE, &NODE }, { 2, KEEP_BYTES }, { 5, KEEP_MESSAGE, &TENSOR }, { 11, KEEP_MESSAGE, &VALUE_INFO },
                                                { 12, KEEP_MESSAGE, &VALUE_INFO }, { 13, KEEP_MESSAGE, &VALUE_INFO }, { 15, KEEP_MESSAGE, &SPARSE }) };
static const Message OPERATOR_SET = { "operator set", FIELDS ({ 1, KEEP_BYTES }, { 2, KEEP_NUMBER }) };
static const Message MODEL = { "model", FIELDS ({ 1, KEEP_NUMBER }, { 7, KEEP_MESSAGE, &GRAPH }, { 8, KEEP_MESSAGE, &OPERATOR_SET }) };

typedef struct {
  const guint8 *data;
  gsize at;
  guint messages;
  gboolean has_graph;
  GByteArray *out;
  GError **error;
} Walker;

static gboolean
broken (Walker *w, gsize at, const char *what, const char *where)
{
  g_set_error (w->error, HD_ERROR, HD_ERROR_INPUT, "no ONNX model: %s in a %s at byte %" G_GSIZE_FORMAT, what, where, at);
  return FALSE;
}

static gboolean
read_varint (Walker *w, gsize end, guint64 *value)
{
  *value = 0;
  for (guint shift = 0; shift < 70 && w->at < end; shift += 7) {
    guint8 byte = w->data[w->at++];
    if (shift < 64)
      *value |= (guint64) (byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return TRUE;
  }
  return FALSE;
}

static void
append_varint (GByteArray *out, guint64 value)
{
  guint8 bytes[10];
  guint n = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[n++] = (guint8) (value | 0x80);
  bytes[n++] = (guint8) value;
  g_byte_array_append (out, bytes, n);
}

static const Field *
find_field (const Message *message, guint64 number)
{
  for (const Field *field = message->fields; field->number != 0; field++)
    if (field->number == number)
      return field;
  return NULL;
}

/* Whether a field's wire type can be what it is declared to be. */
static gboolean
type_fits (const Field *field, guint type)
{
  switch (field->kind) {
  case KEEP_NUMBER: return type == WIRE_VARINT || type == WIRE_BYTES;
  case KEEP_FIXED32: return type == WIRE_FIXED32 || type == WIRE_BYTES;
  case KEEP_VALUES: return TRUE;
  default: return type == WIRE_BYTES;
  }
}

static gboolean walk (Walker *w, gsize end, const Message *message);

/* A message's length stands before it and shrinks with it: it is written behind, and then moved. */
static gboolean
walk_inner (Walker *w, gsize end, guint64 tag, const Message *message)
{
  guint mark = w->out->len;
  if (!walk (w, end, message))
    return FALSE;
  guint body = w->out->len - mark;
  g_autofree guint8 *copy = body > 0 ? g_memdup2 (w->out->data + mark, body) : NULL;
  g_byte_array_set_size (w->out, mark);
  append_varint (w->out, tag);
  append_varint (w->out, body);
  if (body > 0)
    g_byte_array_append (w->out, copy, body);
  return TRUE;
}

static gboolean
walk_field (Walker *w, gsize start, gsize end, guint64 tag, const Message *message)
{
  const Field *field = find_field (message, tag >> 3);
  guint64 size = 0;
  switch (tag & 7) {
  case WIRE_VARINT:
    if (!read_varint (w, end, &size))
      return broken (w, start, "a number that does not end", message->name);
    size = 0;
    break;
  case WIRE_FIXED64: size = 8; break;
  case WIRE_FIXED32: size = 4; break;
  case WIRE_BYTES:
    if (!read_varint (w, end, &size))
      return broken (w, start, "a length that does not end", message->name);
    break;
  default:
    return broken (w, start, "an unknown kind of field", message->name);
  }
  if (size > end - w->at)
    return broken (w, start, "a field that is longer than what is left", message->name);
  if (field != NULL && !type_fits (field, tag & 7))
    return broken (w, start, "a field of the wrong type", message->name);
  gsize body_end = w->at + size;
  gboolean counted = field != NULL && (tag & 7) == WIRE_BYTES && ++w->messages > HD_ONNX_MESSAGES_MAX;
  if (counted)
    return broken (w, start, "too many parts, expected at most 200000,", message->name);
  if (field != NULL && field->kind == KEEP_MESSAGE) {
    w->has_graph |= field->message == &GRAPH;
    return walk_inner (w, body_end, tag, field->message);
  }
  if (field != NULL && !(field->kind == KEEP_VALUES && size > HD_ONNX_VALUES_MAX))
    g_byte_array_append (w->out, w->data + start, (guint) (body_end - start));
  w->at = body_end;
  return w->out->len <= HD_ONNX_FILTERED_MAX || broken (w, start, "more than 48 MiB beside values of tensors", message->name);
}

static gboolean
walk (Walker *w, gsize end, const Message *message)
{
  while (w->at < end) {
    gsize start = w->at;
    guint64 tag;
    if (!read_varint (w, end, &tag) || tag >> 3 == 0 || tag >> 3 > G_MAXUINT32)
      return broken (w, start, "a broken field number", message->name);
    if (!walk_field (w, start, end, tag, message))
      return FALSE;
  }
  return TRUE;
}

GByteArray *
_hd_onnx_filter (const guint8 *data, gsize length, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  Walker w = { data, 0, 0, FALSE, out, error };
  if (length > HD_ONNX_BYTES_MAX) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%" G_GSIZE_FORMAT " byte are too many for a model - expected at most 8 GiB", length);
    return NULL;
  }
  if (!walk (&w, length, &MODEL))
    return NULL;
  if (!w.has_graph) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "no ONNX model: there is no graph in it");
    return NULL;
  }
  return g_steal_pointer (&out);
}
