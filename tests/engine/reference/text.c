/* Instances as text, one thing a line: `NAME key=value ...`. A table of fields per thing both writes and reads.
 *
 *     instance burst_bits=8 window=0
 *     core period=1 static_pj=0
 *     memory capacity=unlimited dram=0 read_pj=0 write_pj=0 static_pj=0
 *     resource width=8 period=1 latency=0 arbiter=first-come n_slots=1 slot_cycles=1 bit_pj=0 static_pj=0
 *     queue order=in-order outstanding=1 priority=0 slot=0 core=none
 *     route source=0 hops=0:none:1                      (resource:parent:arrives, ...)
 *     task kind=transfer queue=0 route=0 ... uses=- after=0,2
 *     piece memory=1 creator=0 bits=8 release=3
 *
 * Lines that begin with # say what the instance is for.
 */
#include "config.h"
#include "instances.h"

#include <stddef.h>
#include <string.h>

typedef enum { INTEGER32, INTEGER64, NUMBER, SET, HOPS, WORD } FieldType;

typedef struct {
  const char *name;
  FieldType type;
  gsize offset;
  const char *const *words;
} Field;

typedef struct {
  const char *name;
  const Field *fields;
  gsize offset, count_offset, size;  /* in Instance: of the array and of its count (0: the instance itself) */
  guint max;
} Thing;

static const char *const arbiters[] = { "first-come", "round-robin", "fixed-priority", "time-slots", NULL };
static const char *const orders[] = { "in-order", "by-priority", NULL };
static const char *const kinds[] = { "compute", "transfer", NULL };

#define F(type, struct, field) { #field, type, offsetof (struct, field), NULL }
#define W(struct, field, words) { #field, WORD, offsetof (struct, field), words }
#define END { NULL, INTEGER32, 0, NULL }

static const Field instance_fields[] = { F (INTEGER64, Instance, burst_bits), F (INTEGER64, Instance, window), END };
static const Field core_fields[] = { F (INTEGER64, InstanceCore, period), F (NUMBER, InstanceCore, static_pj), END };
static const Field memory_fields[] = { F (INTEGER64, InstanceMemory, capacity), F (INTEGER32, InstanceMemory, dram), F (NUMBER, InstanceMemory, read_pj),
                                       F (NUMBER, InstanceMemory, write_pj), F (NUMBER, InstanceMemory, static_pj), END };
static const Field resource_fields[] = { F (INTEGER64, InstanceResource, width), F (INTEGER64, InstanceResource, period), F (INTEGER64, InstanceResource, latency),
                                         W (InstanceResource, arbiter, arbiters), F (INTEGER32, InstanceResource, n_slots), F (INTEGER64, InstanceResource, slot_cycles),
                                         F (NUMBER, InstanceResource, bit_pj), F (NUMBER, InstanceResource, static_pj), END };
static const Field queue_fields[] = { W (InstanceQueue, order, orders), F (INTEGER32, InstanceQueue, outstanding), F (INTEGER32, InstanceQueue, priority),
                                      F (INTEGER32, InstanceQueue, slot), F (INTEGER32, InstanceQueue, core), END };
static const Field route_fields[] = { F (INTEGER32, InstanceRoute, source), { "hops", HOPS, 0, NULL }, END };
static const Field task_fields[] = { W (InstanceTask, kind, kinds), F (INTEGER32, InstanceTask, queue), F (INTEGER32, InstanceTask, route), F (INTEGER32, InstanceTask, weight_key),
                                     F (INTEGER32, InstanceTask, priority), F (INTEGER32, InstanceTask, position), F (INTEGER64, InstanceTask, cycles),
                                     F (INTEGER64, InstanceTask, load_cycles), F (INTEGER64, InstanceTask, energy), F (INTEGER64, InstanceTask, load_energy),
                                     F (INTEGER64, InstanceTask, bits), F (SET, InstanceTask, uses), F (SET, InstanceTask, after), END };
static const Field piece_fields[] = { F (INTEGER32, InstancePiece, memory), F (INTEGER32, InstancePiece, creator), F (INTEGER64, InstancePiece, bits), F (SET, InstancePiece, release), END };

#define T(name, array, max) { #name, name##_fields, offsetof (Instance, array), offsetof (Instance, n_##array##s), sizeof (((Instance *) NULL)->array[0]), max }

static const Thing things[] = {
  { "instance", instance_fields, 0, 0, 0, 1 },
  T (core, core, CORES_MAX),
  { "memory", memory_fields, offsetof (Instance, memory), offsetof (Instance, n_memories), sizeof (InstanceMemory), MEMORIES_MAX },
  T (resource, resource, RESOURCES_MAX),
  T (queue, queue, QUEUES_MAX),
  T (route, route, ROUTES_MAX),
  T (task, task, TASKS_MAX),
  T (piece, piece, PIECES_MAX),
};

/* --- writing ---------------------------------------------------------------------------------------------- */

static void
append_u32 (GString *text, guint32 value)
{
  if (value == HD_NONE)
    g_string_append (text, "none");
  else
    g_string_append_printf (text, "%u", value);
}

static void
append_set (GString *text, guint64 set)
{
  gboolean any = FALSE;
  for (guint i = 0; i < 64; i++)
    if (SET_HAS (set, i)) {
      g_string_append_printf (text, any ? ",%u" : "%u", i);
      any = TRUE;
    }
  if (!any)
    g_string_append_c (text, '-');
}

static void
append_hops (GString *text, const InstanceRoute *route)
{
  for (guint i = 0; i < route->n_hops; i++) {
    g_string_append_printf (text, i > 0 ? ",%u:" : "%u:", route->hop[i].resource);
    append_u32 (text, route->hop[i].parent);
    g_string_append_c (text, ':');
    append_u32 (text, route->hop[i].arrives);
  }
}

static void
append_field (GString *text, const Field *field, const char *base)
{
  const void *at = base + field->offset;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  guint64 value;
  g_string_append_printf (text, " %s=", field->name);
  switch (field->type) {
  case INTEGER32:
    append_u32 (text, *(const guint32 *) at);
    break;
  case INTEGER64:
    value = *(const guint64 *) at;
    if (value == G_MAXUINT64)
      g_string_append (text, "unlimited");
    else
      g_string_append_printf (text, "%" G_GUINT64_FORMAT, value);
    break;
  case NUMBER:
    g_string_append (text, g_ascii_dtostr (number, sizeof number, *(const double *) at));
    break;
  case SET:
    append_set (text, *(const guint64 *) at);
    break;
  case HOPS:
    append_hops (text, at);
    break;
  case WORD:
  default:
    g_string_append (text, field->words[*(const guint32 *) at]);
    break;
  }
}

char *
instance_to_text (const Instance *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (things); i++) {
    const Thing *thing = &things[i];
    guint n = thing->size == 0 ? 1 : *(const guint *) (const void *) ((const char *) self + thing->count_offset);
    for (guint k = 0; k < n; k++) {
      g_string_append (text, thing->name);
      for (const Field *field = thing->fields; field->name != NULL; field++)
        append_field (text, field, (const char *) self + thing->offset + k * thing->size);
      g_string_append_c (text, '\n');
    }
  }
  return g_string_free (text, FALSE);
}

/* --- reading ---------------------------------------------------------------------------------------------- */

static gboolean
parse_u64 (const char *text, guint64 *value)
{
  if (strcmp (text, "unlimited") == 0) {
    *value = G_MAXUINT64;
    return TRUE;
  }
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64 - 1, value, NULL);
}

static gboolean
parse_u32 (const char *text, guint32 *value)
{
  guint64 wide = HD_NONE;
  if (strcmp (text, "none") != 0 && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32 - 1, &wide, NULL))
    return FALSE;
  *value = (guint32) wide;
  return TRUE;
}

static gboolean
parse_set (const char *text, guint64 *set)
{
  g_auto (GStrv) members = g_strsplit (text, ",", -1);
  *set = 0;
  for (guint i = 0; strcmp (text, "-") != 0 && members[i] != NULL; i++) {
    guint64 member;
    if (!g_ascii_string_to_unsigned (members[i], 10, 0, 63, &member, NULL))
      return FALSE;
    *set |= SET_OF (member);
  }
  return TRUE;
}

static gboolean
parse_hops (const char *text, InstanceRoute *route)
{
  g_auto (GStrv) hops = g_strsplit (text, ",", -1);
  for (guint i = 0; hops[i] != NULL; i++) {
    g_auto (GStrv) parts = g_strsplit (hops[i], ":", -1);
    HdHop *hop = &route->hop[i];
    if (i == HOPS_MAX || g_strv_length (parts) != 3 || !parse_u32 (parts[0], &hop->resource) || !parse_u32 (parts[1], &hop->parent) || !parse_u32 (parts[2], &hop->arrives))
      return FALSE;
    route->n_hops = i + 1;
  }
  return TRUE;
}

static gboolean
parse_word (const char *text, const char *const *words, guint32 *value)
{
  for (guint32 i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], text) == 0) {
      *value = i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
parse_field (const Field *field, const char *text, char *base)
{
  void *at = base + field->offset;
  char *end;
  switch (field->type) {
  case INTEGER32:
    return parse_u32 (text, at);
  case INTEGER64:
    return parse_u64 (text, at);
  case NUMBER:
    *(double *) at = g_ascii_strtod (text, &end);
    return end != text && *end == '\0';
  case SET:
    return parse_set (text, at);
  case HOPS:
    return parse_hops (text, at);
  case WORD:
  default:
    return parse_word (text, field->words, at);
  }
}

static gboolean
parse_line (Instance *self, const char *line)
{
  g_auto (GStrv) tokens = g_strsplit (line, " ", -1);
  const Thing *thing = things;
  char *base;
  while (thing < things + G_N_ELEMENTS (things) && strcmp (thing->name, tokens[0]) != 0)
    thing++;
  if (thing == things + G_N_ELEMENTS (things))
    return FALSE;
  guint *count = thing->size == 0 ? NULL : (guint *) (void *) ((char *) self + thing->count_offset);
  if (count != NULL && *count == thing->max)
    return FALSE;
  base = (char *) self + thing->offset + (count != NULL ? *count * thing->size : 0);
  for (guint i = 1; tokens[i] != NULL; i++) {
    const Field *field = thing->fields;
    char *equals = strchr (tokens[i], '=');
    if (equals == NULL)
      return FALSE;
    *equals = '\0';
    while (field->name != NULL && strcmp (field->name, tokens[i]) != 0)
      field++;
    if (field->name == NULL || !parse_field (field, equals + 1, base))
      return FALSE;
  }
  if (count != NULL)
    ++*count;
  return TRUE;
}

gboolean
instance_parse (Instance *self, const char *text, guint *error_line)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  memset (self, 0, sizeof *self);
  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '#' && lines[i][0] != '\0' && !parse_line (self, lines[i])) {
      *error_line = i + 1;
      return FALSE;
    }
  return TRUE;
}
