/* Platforms in one line, for tests and questions: "core:4 sram:64KiB bus:128b dram:64b@200MHz". The line is turned into a platform file,
 * so that it means nothing that a file could not say.
 *
 * | token            | is                                                                        | when missing      |
 * |------------------|---------------------------------------------------------------------------|-------------------|
 * | core:N           | N equal cores, core0 ...                                                    | needed            |
 * | array:RxC        | their array: C over rows, K over columns                                    | 16x16             |
 * | word:BITS        | its registers: one input and one weight of so many bits, a sum of twice as many | 8b                |
 * | sram:SIZE        | one memory for each core, sram0 ..., for inputs, outputs and weights           | needed, or shared |
 * | weights:SIZE     | one more for each core, for the weights, weights0 ...                        | in the sram       |
 * | shared:SIZE      | one memory for all cores, in place of the sram                               |                   |
 * | bus:WIDTH        | one bus that connects all memories                                          | unlimited         |
 * | dram:WIDTH       | the dram                                                                    | needed            |
 * | clock:HZ         | the platform's clock                                                        | 200MHz            |
 * | burst:SIZE, window:N | as in a file                                                            | 64B, 0            |
 *
 * A width or a size can be followed by "@HZ" (its clock) and by ",key=value": width, latency, arbiter, slots, slot-length, ports.
 */
#include "config.h"
#include "platform/draft.h"

#include <string.h>

#define MAX_CORES 1024

typedef enum { TOKEN_CORE, TOKEN_ARRAY, TOKEN_WORD, TOKEN_SRAM, TOKEN_WEIGHTS, TOKEN_SHARED, TOKEN_BUS, TOKEN_DRAM, TOKEN_CLOCK, TOKEN_BURST, TOKEN_WINDOW, N_TOKENS } Token;

static const char *const TOKEN_WORDS[] = { "core", "array", "word", "sram", "weights", "shared", "bus", "dram", "clock", "burst", "window", NULL };
static const char *const OPTION_WORDS[] = { "width", "latency", "arbiter", "slots", "slot-length", "ports", NULL };

typedef struct {
  char *value;      /* NULL: not there */
  char *clock;      /* after the '@', or NULL */
  char **options;   /* "key=value" */
} Part;

typedef struct {
  Part part[N_TOKENS];
  guint64 cores, rows, columns, word_bits;
} Line;

static void
clear_line (Line *line)
{
  for (guint i = 0; i < N_TOKENS; i++) {
    g_free (line->part[i].value);
    g_free (line->part[i].clock);
    g_strfreev (line->part[i].options);
  }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Line, clear_line)

static gboolean
refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "synthetic platform: %s", text);
  return FALSE;
}

/* --- reading the line --------------------------------------------------------------------------- */

static int
find_word (const char *const *words, const char *text)
{
  for (int i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], text))
      return i;
  return -1;
}

static gboolean
unknown_word (GError **error, const char *what, const char *text, const char *const *words)
{
  const char *near = hd_suggest (text, words, g_strv_length ((char **) words));
  g_autofree char *list = g_strjoinv (", ", (char **) words);
  return refuse (error, "%s \"%.40s\" is not one of %s%s%s%s", what, text, list, near != NULL ? " - did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static gboolean
read_token (Line *line, const char *token, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (token, ",", -1);
  char *colon = strchr (parts[0], ':'), *at = strchr (parts[0], '@');
  if (colon == NULL || colon[1] == '\0' || colon[1] == '@')
    return refuse (error, "\"%.60s\" - expected NAME:VALUE, such as core:4", token);
  *colon = '\0';
  int kind = find_word (TOKEN_WORDS, parts[0]);
  if (kind < 0)
    return unknown_word (error, "token", parts[0], TOKEN_WORDS);
  Part *part = &line->part[kind];
  if (part->value != NULL)
    return refuse (error, "\"%s\" stands twice", parts[0]);
  gboolean plain = kind == TOKEN_CLOCK || kind == TOKEN_BURST || kind == TOKEN_WINDOW || kind == TOKEN_ARRAY || kind == TOKEN_WORD;
  if (plain && (at != NULL || parts[1] != NULL))
    return refuse (error, "\"%s\" takes neither a clock nor options", parts[0]);
  if (at != NULL)
    *at = '\0';
  part->value = g_strdup (colon + 1);
  part->clock = at != NULL ? g_strdup (at + 1) : NULL;
  part->options = g_strdupv (parts + 1);
  for (char **option = part->options; *option != NULL; option++) {
    char *equals = strchr (*option, '=');
    g_autofree char *key = g_strndup (*option, equals != NULL ? (gsize) (equals - *option) : strlen (*option));
    if (equals == NULL || kind == TOKEN_CORE || find_word (OPTION_WORDS, key) < 0)
      return unknown_word (error, "option", key, OPTION_WORDS);
  }
  return TRUE;
}

static gboolean
read_count (const char *text, guint64 most, const char *what, guint64 *value, GError **error)
{
  if (g_ascii_string_to_unsigned (text, 10, 1, most, value, NULL))
    return TRUE;
  return refuse (error, "%s \"%.40s\" - expected a whole number from 1 to %" G_GUINT64_FORMAT, what, text, most);
}

static gboolean
read_array (Line *line, GError **error)
{
  const char *text = line->part[TOKEN_ARRAY].value != NULL ? line->part[TOKEN_ARRAY].value : "16x16";
  g_auto (GStrv) sizes = g_strsplit (text, "x", -1);
  if (g_strv_length (sizes) != 2)
    return refuse (error, "array \"%.40s\" - expected ROWSxCOLUMNS", text);
  return read_count (sizes[0], 1u << 16, "array", &line->rows, error) && read_count (sizes[1], 1u << 16, "array", &line->columns, error);
}

static gboolean
read_word (Line *line, GError **error)
{
  g_autofree char *text = g_strdup (line->part[TOKEN_WORD].value != NULL ? line->part[TOKEN_WORD].value : "8b");
  if (!g_str_has_suffix (text, "b"))
    return refuse (error, "word \"%.40s\" - expected bits, such as 16b", text);
  text[strlen (text) - 1] = '\0';
  return read_count (text, 1u << 12, "word", &line->word_bits, error);
}

static gboolean
read_line (Line *line, const char *text, GError **error)
{
  g_auto (GStrv) tokens = g_strsplit_set (text, " \t\r\n", -1);
  for (char **token = tokens; *token != NULL; token++)
    if (**token != '\0' && !read_token (line, *token, error))
      return FALSE;
  if (line->part[TOKEN_CORE].value == NULL || line->part[TOKEN_DRAM].value == NULL)
    return refuse (error, "\"%.60s\" has no %s - expected e.g. core:4 sram:64KiB bus:128b dram:64b", text, line->part[TOKEN_CORE].value == NULL ? "core" : "dram");
  if ((line->part[TOKEN_SRAM].value == NULL) == (line->part[TOKEN_SHARED].value == NULL))
    return refuse (error, "\"%.60s\" - expected either sram:SIZE or shared:SIZE", text);
  return read_count (line->part[TOKEN_CORE].value, MAX_CORES, "core", &line->cores, error) && read_array (line, error) && read_word (line, error);
}

/* --- writing the file ------------------------------------------------------------------------------ */

/* "64b" -> "64 bit/cycle": a bare b stands for bit. */
static char *
spell (const char *text, const char *unit)
{
  gsize n = strlen (text);
  gboolean bits = n > 1 && text[n - 1] == 'b';
  if (*unit != '\0' && g_ascii_isdigit (text[n - 1]))
    return g_strdup_printf ("%s %s", text, unit);
  return bits ? g_strdup_printf ("%.*sbit%s", (int) (n - 1), text, g_str_has_suffix (unit, "/cycle") ? "/cycle" : "")
              : g_strdup_printf ("%s%s", text, g_str_has_suffix (unit, "/cycle") && strchr (text, '/') == NULL ? "/cycle" : "");
}

static void
write_spelled (HdXmlWriter *out, const char *name, const char *text, const char *unit)
{
  g_autofree char *value = spell (text, unit);
  hd_xml_writer_attribute (out, name, value);
}

static void
write_options (HdXmlWriter *out, const Part *part)
{
  static const char *const UNIT[] = { "bit/cycle", "cycle", "", "", "cycle", "" };
  if (part->clock != NULL)
    hd_xml_writer_attribute (out, "clock", part->clock);
  for (char **option = part->options; option != NULL && *option != NULL; option++) {
    char *equals = strchr (*option, '=');
    g_autofree char *key = g_strndup (*option, (gsize) (equals - *option));
    int which = find_word (OPTION_WORDS, key);
    if (*UNIT[which] != '\0' && equals[1] != '\0')
      write_spelled (out, key, equals + 1, UNIT[which]);
    else
      hd_xml_writer_attribute (out, key, equals + 1);
  }
}

static void
write_memory (HdXmlWriter *out, const Part *part, const char *id, const char *core)
{
  gboolean ports = FALSE;
  for (char **option = part->options; option != NULL && *option != NULL; option++)
    ports |= g_str_has_prefix (*option, "ports=");
  hd_xml_writer_open (out, "memory");
  hd_xml_writer_attribute (out, "id", id);
  write_spelled (out, "size", part->value, "bit");
  if (core != NULL)
    hd_xml_writer_attribute (out, "core", core);
  if (!ports)
    hd_xml_writer_attribute (out, "ports", "separate");
  write_options (out, part);
  hd_xml_writer_close (out);
}

static void
write_register (HdXmlWriter *out, const char *id, const char *operand, guint64 bits, const char *ports, const char *serves)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, bits);
  hd_xml_writer_open (out, "level");
  hd_xml_writer_attribute (out, "id", id);
  hd_xml_writer_attribute (out, "operands", operand);
  write_spelled (out, "size", text, "bit");
  write_spelled (out, "read-width", text, "bit/cycle");
  write_spelled (out, "write-width", text, "bit/cycle");
  hd_xml_writer_attribute (out, "serves", serves);
  hd_xml_writer_attribute (out, "ports", ports);
  hd_xml_writer_close (out);
}

/* The widths that the core itself sees: wide enough that they bind no small test. */
static void
write_level (HdXmlWriter *out, const char *memory, const char *operands, const char *width)
{
  hd_xml_writer_open (out, "level");
  hd_xml_writer_attribute (out, "memory", memory);
  hd_xml_writer_attribute (out, "operands", operands);
  write_spelled (out, "read-width", width, "bit/cycle");
  write_spelled (out, "write-width", width, "bit/cycle");
  hd_xml_writer_close (out);
}

static void
write_dimension (HdXmlWriter *out, const char *id, guint64 size)
{
  hd_xml_writer_open (out, "dimension");
  hd_xml_writer_attribute (out, "id", id);
  hd_xml_writer_attribute_u64 (out, "size", size, HD_UNIT_COUNT);
  hd_xml_writer_close (out);
}

static void
write_unroll (HdXmlWriter *out, const char *rank, const char *dimension)
{
  hd_xml_writer_open (out, "unroll");
  hd_xml_writer_attribute (out, "rank", rank);
  hd_xml_writer_attribute (out, "dimension", dimension);
  hd_xml_writer_close (out);
}

static void
write_core (HdXmlWriter *out, const Line *line, const char *id, const char *activations, const char *weights)
{
  hd_xml_writer_open (out, "core");
  hd_xml_writer_attribute (out, "id", id);
  hd_xml_writer_attribute (out, "kind", "spatial");
  hd_xml_writer_attribute (out, "operators", "mac pool vector move");
  if (line->part[TOKEN_CORE].clock != NULL)
    hd_xml_writer_attribute (out, "clock", line->part[TOKEN_CORE].clock);
  write_dimension (out, "rows", line->rows);
  write_dimension (out, "columns", line->columns);
  write_register (out, "input-register", "I", line->word_bits, "1r 1w", "columns");
  write_register (out, "weight-register", "W", line->word_bits, "1r 1w", "none");
  write_register (out, "sum-register", "O", 2 * line->word_bits, "2r 2w", "rows");
  write_level (out, activations, weights == NULL ? "I W O" : "I O", "4096");
  if (weights != NULL)
    write_level (out, weights, "W", "4096");
  write_level (out, "dram", "I W O", "64");
  hd_xml_writer_open (out, "dataflow");
  hd_xml_writer_attribute (out, "id", "channels");
  write_unroll (out, "C", "rows");
  write_unroll (out, "K", "columns");
  hd_xml_writer_close (out);
  hd_xml_writer_close (out);
}

/* Numbers with leading zeros: names then sort as the numbers do. */
static char *
numbered (const char *name, guint64 i, guint64 n)
{
  int digits = 1;
  for (guint64 most = n - 1; most >= 10; most /= 10)
    digits++;
  return g_strdup_printf ("%s%0*" G_GUINT64_FORMAT, name, digits, i);
}

static void
write_cores (HdXmlWriter *out, const Line *line, GString *connects)
{
  const Part *sram = &line->part[TOKEN_SRAM], *weights = &line->part[TOKEN_WEIGHTS], *shared = &line->part[TOKEN_SHARED];
  if (shared->value != NULL) {
    write_memory (out, shared, "shared", NULL);
    g_string_append (connects, " shared");
  }
  for (guint64 i = 0; i < line->cores; i++) {
    g_autofree char *core = numbered ("core", i, line->cores), *own = numbered ("sram", i, line->cores), *weight = numbered ("weights", i, line->cores);
    if (sram->value != NULL) {
      write_memory (out, sram, own, core);
      g_string_append_printf (connects, " %s", own);
    }
    if (weights->value != NULL) {
      write_memory (out, weights, weight, core);
      g_string_append_printf (connects, " %s", weight);
    }
    write_core (out, line, core, sram->value != NULL ? own : "shared", weights->value != NULL ? weight : NULL);
  }
}

static void
write_head (HdXmlWriter *out, const Line *line)
{
  const Part *clock = &line->part[TOKEN_CLOCK], *burst = &line->part[TOKEN_BURST], *window = &line->part[TOKEN_WINDOW];
  hd_xml_writer_attribute (out, "version", "1");
  hd_xml_writer_attribute (out, "name", "synthetic");
  hd_xml_writer_attribute (out, "clock", clock->value != NULL ? clock->value : "200 MHz");
  if (burst->value != NULL)
    write_spelled (out, "burst", burst->value, "bit");
  if (window->value != NULL)
    hd_xml_writer_attribute (out, "window", window->value);
}

static char *
line_to_xml (const Line *line)
{
  g_autoptr (HdXmlWriter) out = hd_xml_writer_new ();
  g_autoptr (GString) connects = g_string_new ("dram");
  const Part *dram = &line->part[TOKEN_DRAM], *bus = &line->part[TOKEN_BUS];
  hd_xml_writer_open (out, "platform");
  write_head (out, line);
  hd_xml_writer_open (out, "memory");
  hd_xml_writer_attribute (out, "id", "dram");
  hd_xml_writer_attribute (out, "kind", "dram");
  write_spelled (out, "width", dram->value, "bit/cycle");
  write_options (out, dram);
  hd_xml_writer_close (out);
  write_cores (out, line, connects);
  hd_xml_writer_open (out, "bus");
  hd_xml_writer_attribute (out, "id", "bus");
  hd_xml_writer_attribute (out, "connects", connects->str);
  if (bus->value != NULL)
    write_spelled (out, "width", bus->value, "bit/cycle");
  write_options (out, bus);
  hd_xml_writer_close (out);
  hd_xml_writer_close (out);
  return hd_xml_writer_finish (out);
}

char *
hd_platform_synthetic_to_xml (const char *text, GError **error)
{
  g_auto (Line) line = { 0 };
  return read_line (&line, text, error) ? line_to_xml (&line) : NULL;
}

HdPlatform *
hd_platform_parse_synthetic (const char *text, GError **error)
{
  g_autofree char *xml = hd_platform_synthetic_to_xml (text, error);
  return xml != NULL ? hd_platform_parse_xml (xml, strlen (xml), "synthetic platform", error) : NULL;
}
