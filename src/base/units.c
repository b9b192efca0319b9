/* Quantities with their units: reading and writing them in the C locale. */
#include "config.h"
#include <heddle/units.h>

#include <heddle/checked.h>
#include <heddle/error.h>

#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct {
  const char *name;      /* what stands after the prefix */
  double scale;          /* to the stored unit */
  const char *prefixes;  /* which families of prefixes it takes: k (1000), K (1024), m (milli and below) */
} UnitName;

typedef struct {
  const char *canonical;
  const char *example;
  UnitName names[5];
} UnitRow;

static const UnitRow UNITS[] = {
  [HD_UNIT_COUNT] = { "", "12", { { "", 1, "" } } },
  [HD_UNIT_BIT] = { "bit", "256 KiB", { { "bit", 1, "kK" }, { "byte", 8, "kK" }, { "B", 8, "kK" } } },
  [HD_UNIT_CYCLE] = { "cycle", "4 cycle", { { "cycle", 1, "k" }, { "cycles", 1, "" } } },
  [HD_UNIT_BIT_PER_CYCLE] = { "bit/cycle", "64 bit/cycle", { { "bit/cycle", 1, "kK" }, { "byte/cycle", 8, "kK" }, { "B/cycle", 8, "kK" } } },
  [HD_UNIT_HZ] = { "Hz", "928 MHz", { { "Hz", 1, "k" } } },
  [HD_UNIT_PJ] = { "pJ", "0.04 pJ", { { "J", 1e12, "m" } } },
  [HD_UNIT_PJ_PER_BIT] = { "pJ/bit", "1.5 pJ/bit", { { "J/bit", 1e12, "m" }, { "J/byte", 1.25e11, "m" } } },
  [HD_UNIT_WATT] = { "W", "2 mW", { { "W", 1, "m" } } },
};

typedef struct {
  const char *prefix;
  char family;
  guint64 times;  /* for growing prefixes */
  double divide;  /* for shrinking prefixes */
} Prefix;

static const Prefix PREFIXES[] = {
  { "Ki", 'K', G_GUINT64_CONSTANT (1) << 10, 1 }, { "Mi", 'K', G_GUINT64_CONSTANT (1) << 20, 1 },
  { "Gi", 'K', G_GUINT64_CONSTANT (1) << 30, 1 }, { "Ti", 'K', G_GUINT64_CONSTANT (1) << 40, 1 },
  { "k", 'k', 1000, 1 }, { "M", 'k', 1000000, 1 }, { "G", 'k', 1000000000, 1 }, { "T", 'k', G_GUINT64_CONSTANT (1000000000000), 1 },
  { "m", 'm', 1, 1e3 }, { "u", 'm', 1, 1e6 }, { "n", 'm', 1, 1e9 }, { "p", 'm', 1, 1e12 }, { "f", 'm', 1, 1e15 },
};

typedef struct {
  guint64 times;
  double scale, divide;
} Factor;

static gboolean
find_factor (const char *suffix, HdUnit unit, Factor *out)
{
  for (const UnitName *name = UNITS[unit].names; name->name != NULL; name++) {
    gsize whole = strlen (suffix), bare = strlen (name->name);
    if (whole < bare || strcmp (suffix + whole - bare, name->name) != 0)
      continue;
    if (whole == bare) {
      *out = (Factor) { 1, name->scale, 1 };
      return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS (PREFIXES); i++)
      if (strlen (PREFIXES[i].prefix) == whole - bare && strncmp (suffix, PREFIXES[i].prefix, whole - bare) == 0
          && strchr (name->prefixes, PREFIXES[i].family) != NULL) {
        *out = (Factor) { PREFIXES[i].times, name->scale, PREFIXES[i].divide };
        return TRUE;
      }
  }
  return FALSE;
}

static gboolean
bad_quantity (const char *text, HdUnit unit, GError **error)
{
  g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "\"%.60s\" is not a quantity here - expected a number%s such as \"%s\"", text,
               unit == HD_UNIT_COUNT ? "" : " and its unit,", UNITS[unit].example);
  return FALSE;
}

/* Splits "12.5 KiB" into the end of its number and its unit; TRUE when a number stands first. */
static gboolean
split_quantity (const char *text, const char **suffix)
{
  const char *p = text;
  gboolean digits = FALSE, point = FALSE;
  for (; g_ascii_isdigit (*p) || (*p == '.' && !point); p++) {
    point |= *p == '.';
    digits |= *p != '.';
  }
  if (digits && (*p == 'e' || *p == 'E') && (g_ascii_isdigit (p[1]) || ((p[1] == '-' || p[1] == '+') && g_ascii_isdigit (p[2]))))
    for (p += 2; g_ascii_isdigit (*p);)
      p++;
  while (*p == ' ')
    p++;
  *suffix = p;
  return digits;
}

gboolean
hd_quantity_parse (const char *text, HdUnit unit, double *value, GError **error)
{
  const char *suffix;
  Factor factor;
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  if (!split_quantity (trimmed, &suffix) || !find_factor (suffix, unit, &factor))
    return bad_quantity (text, unit, error);
  double number = g_ascii_strtod (trimmed, NULL);
  /* One division at the end keeps decimal texts as near as a double can: 40 fJ is 0.04 pJ to the bit. */
  double ratio = factor.scale * (double) factor.times / factor.divide;
  double result = ratio >= 1 ? number * ratio : number / (factor.divide / (factor.scale * (double) factor.times));
  if (!isfinite (result)) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "\"%.60s\" is too large", text);
    return FALSE;
  }
  *value = result;
  return TRUE;
}

gboolean
hd_quantity_parse_u64 (const char *text, HdUnit unit, guint64 *value, GError **error)
{
  const char *suffix;
  Factor factor;
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  if (!split_quantity (trimmed, &suffix) || !find_factor (suffix, unit, &factor))
    return bad_quantity (text, unit, error);
  char *end;
  errno = 0;
  guint64 whole = g_ascii_strtoull (trimmed, &end, 10);
  if (errno == 0 && (*end == '\0' || *end == ' ' || end == suffix)) {
    if (!hd_mul_u64 (whole, factor.times, &whole) || !hd_mul_u64 (whole, (guint64) factor.scale, &whole) || whole > G_MAXINT64) {
      g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "\"%.60s\" is too large - expected less than 2^63 %s", text, UNITS[unit].canonical);
      return FALSE;
    }
    *value = whole;
    return TRUE;
  }
  double real;
  if (!hd_quantity_parse (text, unit, &real, error))
    return FALSE;
  if (real >= 0x1p63) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "\"%.60s\" is too large - expected less than 2^63 %s", text, UNITS[unit].canonical);
    return FALSE;
  }
  if (real != floor (real)) {
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "\"%.60s\" is not a whole number of %s", text, unit == HD_UNIT_COUNT ? "things" : UNITS[unit].canonical);
    return FALSE;
  }
  *value = (guint64) real;
  return TRUE;
}

char *
hd_double_format (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  /* Whole numbers as people write them, not 1e+03. */
  if (fabs (value) < 1e15 && value == floor (value))
    return g_strdup (g_ascii_formatd (text, sizeof text, "%.0f", value));
  for (int digits = 1; digits <= 17; digits++) {
    char format[8];
    g_snprintf (format, sizeof format, "%%.%dg", digits);
    g_ascii_formatd (text, sizeof text, format, value);
    if (g_ascii_strtod (text, NULL) == value)
      break;
  }
  return g_strdup (text);
}

char *
hd_quantity_format (double value, HdUnit unit)
{
  g_autofree char *number = hd_double_format (value);
  return unit == HD_UNIT_COUNT ? g_steal_pointer (&number) : g_strdup_printf ("%s %s", number, UNITS[unit].canonical);
}

char *
hd_quantity_format_u64 (guint64 value, HdUnit unit)
{
  return unit == HD_UNIT_COUNT ? g_strdup_printf ("%" G_GUINT64_FORMAT, value) : g_strdup_printf ("%" G_GUINT64_FORMAT " %s", value, UNITS[unit].canonical);
}

char *
hd_bits_for_people (guint64 bits)
{
  static const char *const UNIT[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
  double bytes = (double) bits / 8;
  guint step = 0;
  if (bits % 8 != 0 && bits < 8192)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " bit", bits);
  for (; bytes >= 1024 && step + 1 < G_N_ELEMENTS (UNIT); step++)
    bytes /= 1024;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (number, sizeof number, bytes == floor (bytes) ? "%.0f" : "%.1f", bytes);
  return g_strdup_printf ("%s %s", number, UNIT[step]);
}

char *
hd_count_for_people (guint64 value)
{
  char digits[24];
  GString *text = g_string_new (NULL);
  gsize n = (gsize) g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT, value);
  for (gsize i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0)
      g_string_append_c (text, ',');
    g_string_append_c (text, digits[i]);
  }
  return g_string_free (text, FALSE);
}

void
hd_append_double (GString *out, const char *format, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE * 2];
  g_string_append (out, g_ascii_formatd (number, sizeof number, format, value));
}

char *
hd_energy_for_people (double pj)
{
  static const char *const UNIT[] = { "pJ", "nJ", "uJ", "mJ", "J", "kJ" };
  GString *text = g_string_new (NULL);
  guint step = 0;
  /* What would be written as 1000 of a unit is 1 of the next. */
  for (; pj >= 999.95 && step + 1 < G_N_ELEMENTS (UNIT); step++)
    pj /= 1000;
  hd_append_double (text, "%.4g", pj);
  g_string_append_printf (text, " %s", UNIT[step]);
  return g_string_free (text, FALSE);
}
