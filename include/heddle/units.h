/* Quantities with their units: "64 bit/cycle", "256 KiB", "0.04 pJ".
 *
 * A value in a file carries its unit; a bare number is an error, but for counts. Prefixes: k M G T (powers of 1000),
 * Ki Mi Gi Ti (powers of 1024); f p n u m for energies, powers and times. bit and byte are different units (1 byte = 8 bit).
 *
 * | unit                  | written                              | stored as        |
 * |-----------------------|--------------------------------------|------------------|
 * | HD_UNIT_COUNT         | 12                                   | [1]              |
 * | HD_UNIT_BIT           | 8 bit, 256 KiB, 1 Mbit, 3 byte       | [bit]            |
 * | HD_UNIT_CYCLE         | 4 cycle                              | [cycle]          |
 * | HD_UNIT_BIT_PER_CYCLE | 64 bit/cycle, 16 byte/cycle          | [bit/cycle]      |
 * | HD_UNIT_HZ            | 928 MHz                              | [Hz]             |
 * | HD_UNIT_PJ            | 0.04 pJ, 40 fJ                       | [pJ]             |
 * | HD_UNIT_PJ_PER_BIT    | 1.5 pJ/bit, 84 pJ/byte               | [pJ/bit]         |
 * | HD_UNIT_WATT          | 2 mW                                 | [W]              |
 *
 * Text is read and written in the C locale, whatever the locale of the process.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  HD_UNIT_COUNT,
  HD_UNIT_BIT,
  HD_UNIT_CYCLE,
  HD_UNIT_BIT_PER_CYCLE,
  HD_UNIT_HZ,
  HD_UNIT_PJ,
  HD_UNIT_PJ_PER_BIT,
  HD_UNIT_WATT,
} HdUnit;

/**
 * hd_quantity_parse:
 * @text: a number and its unit
 * @unit: the unit that is expected
 * @value: (out): the value in the unit's stored form; >= 0, finite
 *
 * Errors: %HD_ERROR_INPUT, a message without place: what is wrong and what was expected.
 */
gboolean hd_quantity_parse (const char *text, HdUnit unit, double *value, GError **error);

/**
 * hd_quantity_parse_u64:
 *
 * As hd_quantity_parse(), for what must be a whole number in the stored unit (bits, cycles, Hz, counts). Exact up to 2^63.
 */
gboolean hd_quantity_parse_u64 (const char *text, HdUnit unit, guint64 *value, GError **error);

/** Returns (transfer full): @value with its unit in canonical form, e.g. "2097152 bit", "0.04 pJ". Reading it back gives the same bits. */
char *hd_quantity_format (double value, HdUnit unit);
char *hd_quantity_format_u64 (guint64 value, HdUnit unit);

/** Returns (transfer full): @value [bit] for people, e.g. "256 KiB". */
char *hd_bits_for_people (guint64 bits);

/** Returns (transfer full): @value for people, e.g. "6,370,024". */
char *hd_count_for_people (guint64 value);

/** Returns (transfer full): @pj [pJ] for people, four digits: "5.3 mJ" rather than 5300000000 pJ. */
char *hd_energy_for_people (double pj);

/** Appends @value to @out as printf would in the C locale. @format holds one conversion for a double and nothing else. */
void hd_append_double (GString *out, const char *format, double value);

/** Returns (transfer full): the shortest decimal text that reads back as @value, in the C locale. */
char *hd_double_format (double value);

G_END_DECLS
