/* The base room: quantities, checked arithmetic, boxes, random numbers, suggestions. */

#include <heddle/box.h>
#include <heddle/checked.h>
#include <heddle/error.h>
#include <heddle/random.h>
#include <heddle/units.h>

#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

/* --- quantities -------------------------------------------------------------------------------------- */

static const struct {
  const char *text;
  HdUnit unit;
  double value;
} GOOD[] = {
  { "12", HD_UNIT_COUNT, 12 }, { "8 bit", HD_UNIT_BIT, 8 }, { "1 KiB", HD_UNIT_BIT, 8192 }, { "1 kbit", HD_UNIT_BIT, 1000 }, { "2MiB", HD_UNIT_BIT, 16777216 },
  { "0.5 KiB", HD_UNIT_BIT, 4096 }, { "3 B", HD_UNIT_BIT, 24 }, { "4 cycles", HD_UNIT_CYCLE, 4 }, { "64 bit/cycle", HD_UNIT_BIT_PER_CYCLE, 64 }, { "16 byte/cycle", HD_UNIT_BIT_PER_CYCLE, 128 },
  { "928 MHz", HD_UNIT_HZ, 928e6 }, { "1.5 GHz", HD_UNIT_HZ, 1.5e9 }, { "0.04 pJ", HD_UNIT_PJ, 0.04 }, { "40 fJ", HD_UNIT_PJ, 0.04 }, { "2 nJ", HD_UNIT_PJ, 2000 },
  { "84 pJ/byte", HD_UNIT_PJ_PER_BIT, 10.5 }, { "1.5 pJ/bit", HD_UNIT_PJ_PER_BIT, 1.5 }, { "2 mW", HD_UNIT_WATT, 0.002 }, { "1e-3 W", HD_UNIT_WATT, 0.001 }, { " 7 bit ", HD_UNIT_BIT, 7 },
};

Test (units, texts_mean_what_they_say)
{
  for (guint i = 0; i < G_N_ELEMENTS (GOOD); i++) {
    double value = -1;
    cr_expect (hd_quantity_parse (GOOD[i].text, GOOD[i].unit, &value, NULL), "%s", GOOD[i].text);
    cr_expect_eq (value, GOOD[i].value, "%s is %.17g", GOOD[i].text, value);
  }
}

Test (units, what_is_no_quantity_is_refused)
{
  static const struct {
    const char *text;
    HdUnit unit;
  } BAD[] = {
    { "", HD_UNIT_BIT }, { "8", HD_UNIT_BIT }, { "bit", HD_UNIT_BIT }, { "8 bits", HD_UNIT_BIT }, { "8 KB", HD_UNIT_BIT }, { "8 mbit", HD_UNIT_BIT }, { "-8 bit", HD_UNIT_BIT }, { "+8 bit", HD_UNIT_BIT },
    { "0x8 bit", HD_UNIT_BIT }, { "8 bit bit", HD_UNIT_BIT }, { "8,5 pJ", HD_UNIT_PJ }, { "inf pJ", HD_UNIT_PJ }, { "1e999 pJ", HD_UNIT_PJ }, { "12 things", HD_UNIT_COUNT }, { "8 byte", HD_UNIT_BIT_PER_CYCLE },
    { "1 kW", HD_UNIT_WATT }, { ".", HD_UNIT_COUNT }, { "1.2.3 KiB", HD_UNIT_BIT }, { "1..2 KiB", HD_UNIT_BIT },
  };
  for (guint i = 0; i < G_N_ELEMENTS (BAD); i++) {
    g_autoptr (GError) error = NULL;
    double value;
    cr_expect_not (hd_quantity_parse (BAD[i].text, BAD[i].unit, &value, &error), "\"%s\" is taken as %g", BAD[i].text, value);
    cr_expect (error != NULL && error->code == HD_ERROR_INPUT);
  }
}

Test (units, whole_numbers_are_exact_up_to_their_limit)
{
  guint64 value;
  cr_expect (hd_quantity_parse_u64 ("9223372036854775807", HD_UNIT_COUNT, &value, NULL));
  cr_expect_eq (value, (guint64) G_MAXINT64);
  cr_expect_not (hd_quantity_parse_u64 ("9223372036854775808", HD_UNIT_COUNT, &value, NULL));
  cr_expect_not (hd_quantity_parse_u64 ("18446744073709551616", HD_UNIT_COUNT, &value, NULL));
  cr_expect_not (hd_quantity_parse_u64 ("99999999999 TiB", HD_UNIT_BIT, &value, NULL));
  cr_expect_not (hd_quantity_parse_u64 ("0.3 bit", HD_UNIT_BIT, &value, NULL));
  cr_expect (hd_quantity_parse_u64 ("0.5 byte", HD_UNIT_BIT, &value, NULL));
  cr_expect_eq (value, 4);
  cr_expect (hd_quantity_parse_u64 ("1e3", HD_UNIT_COUNT, &value, NULL));
  cr_expect_eq (value, 1000);
}

Test (units, written_numbers_read_back_to_the_bit)
{
  HdRandom random;
  hd_random_init (&random, 1);
  for (guint i = 0; i < 20000; i++) {
    guint64 bits = hd_random_u64 (&random) & G_MAXINT64;
    double value, again;
    memcpy (&value, &bits, sizeof value);
    if (!(value < 1e290))
      continue;
    g_autofree char *text = hd_quantity_format (value, HD_UNIT_PJ);
    cr_assert (hd_quantity_parse (text, HD_UNIT_PJ, &again, NULL), "%s", text);
    cr_assert_eq (value, again, "%s", text);
  }
}

Test (units, the_locale_changes_nothing)
{
  /* Skipped quietly where no such locale is installed: then there is nothing to be changed by. */
  setlocale (LC_ALL, "de_DE.UTF-8");
  double value;
  cr_expect (hd_quantity_parse ("1.5 pJ", HD_UNIT_PJ, &value, NULL));
  cr_expect_eq (value, 1.5);
  g_autofree char *text = hd_double_format (1.5);
  cr_expect_str_eq (text, "1.5");
}

Test (units, numbers_for_people)
{
  static const struct {
    guint64 bits;
    const char *text;
  } ROWS[] = { { 7, "7 bit" }, { 8, "1 B" }, { 8192, "1 KiB" }, { 12288, "1.5 KiB" }, { 8388608, "1 MiB" } };
  for (guint i = 0; i < G_N_ELEMENTS (ROWS); i++) {
    g_autofree char *text = hd_bits_for_people (ROWS[i].bits);
    cr_expect_str_eq (text, ROWS[i].text);
  }
  g_autofree char *thousand = hd_double_format (1000), *large = hd_double_format (1e300), *tenth = hd_double_format (0.1);
  cr_expect_str_eq (thousand, "1000");
  cr_expect_str_eq (large, "1e+300");
  cr_expect_str_eq (tenth, "0.1");
}

/* --- checked arithmetic ---------------------------------------------------------------------------------- */

Test (checked, overflow_is_seen)
{
  guint64 out;
  gint64 signed_out;
  cr_expect (hd_mul_u64 (G_MAXUINT32, G_MAXUINT32, &out));
  cr_expect_not (hd_mul_u64 (G_GUINT64_CONSTANT (1) << 32, G_GUINT64_CONSTANT (1) << 32, &out));
  cr_expect_not (hd_add_u64 (G_MAXUINT64, 1, &out));
  cr_expect_not (hd_add_i64 (G_MAXINT64, 1, &signed_out));
  cr_expect_not (hd_mul_i64 (G_MININT64, -1, &signed_out));
  cr_expect_eq (hd_ceil_div (G_MAXUINT64, 2), G_GUINT64_CONSTANT (1) << 63);
  cr_expect_eq (hd_ceil_div (0, 5), 0);
  cr_expect_eq (hd_floor_div (-1, 4), -1);
  cr_expect_eq (hd_floor_div (-4, 4), -1);
  cr_expect_eq (hd_floor_div (7, 4), 1);
}

/* a * b = q * c + r with 0 <= r < c, checked in 64 bits modulo 2^64 and by size. */
Test (checked, products_are_divided_without_loss)
{
  HdRandom random;
  guint64 q;
  hd_random_init (&random, 2);
  for (guint i = 0; i < 10000; i++) {
    guint64 a = hd_random_u64 (&random), c = hd_random_u64 (&random) | 1, b = hd_random_below (&random, c);
    cr_assert (hd_mul_div (a, b, c, &q), "b < c: the quotient is below a");
    cr_assert_lt (a * b - q * c, c, "the remainder modulo 2^64 is the remainder");
    cr_assert_leq (q, a);
  }
  cr_expect_not (hd_mul_div (G_MAXUINT64, 2, 1, &q));
  cr_expect_not (hd_mul_div (1, 1, 0, &q));
}

Test (checked, common_divisors_and_multiples)
{
  guint64 out;
  cr_expect_eq (hd_gcd (928, 200), 8);
  cr_expect_eq (hd_gcd (0, 7), 7);
  cr_expect (hd_lcm (928, 200, &out));
  cr_expect_eq (out, 23200);
  cr_expect (hd_lcm (0, 9, &out));
  cr_expect_eq (out, 9, "0: no constraint");
  cr_expect_not (hd_lcm (G_MAXUINT64, G_MAXUINT64 - 1, &out));
}

/* --- boxes ------------------------------------------------------------------------------------------------ */

static HdBox
random_box (HdRandom *random)
{
  HdBox box = { .n = 3 };
  for (guint d = 0; d < box.n; d++) {
    gint64 from = (gint64) hd_random_below (random, 5) - 2;
    box.range[d] = (HdRange) { from, from + (gint64) hd_random_below (random, 4) };
  }
  return box;
}

static gboolean
holds (const HdBox *box, const gint64 *point)
{
  for (guint d = 0; d < box->n; d++)
    if (point[d] < box->range[d].from || point[d] >= box->range[d].to)
      return FALSE;
  return TRUE;
}

/* Against the points themselves. */
Test (box, operations_are_those_of_sets_of_points)
{
  HdRandom random;
  hd_random_init (&random, 3);
  for (guint i = 0; i < 3000; i++) {
    HdBox a = random_box (&random), b = random_box (&random), common = hd_box_intersect (&a, &b), hull = hd_box_union_hull (&a, &b);
    guint64 in_a = 0, in_both = 0, in_b = 0;
    for (gint64 x = -3; x < 8; x++)
      for (gint64 y = -3; y < 8; y++)
        for (gint64 z = -3; z < 8; z++) {
          gint64 point[] = { x, y, z };
          gboolean p = holds (&a, point), q = holds (&b, point);
          in_a += p;
          in_b += q;
          in_both += p && q;
          cr_assert (!(p || q) || holds (&hull, point));
        }
    cr_assert_eq (hd_box_volume (&a), in_a);
    cr_assert_eq (hd_box_volume (&common), in_both);
    cr_assert_eq (hd_box_is_empty (&a), in_a == 0);
    cr_assert_eq (hd_box_contains (&a, &b), in_both == in_b);
  }
}

Test (box, the_volume_of_a_union_is_that_of_its_points)
{
  HdRandom random;
  hd_random_init (&random, 5);
  for (guint i = 0; i < 1500; i++) {
    HdBox boxes[6];
    gsize n = 1 + hd_random_below (&random, G_N_ELEMENTS (boxes));
    guint64 points = 0;
    for (gsize b = 0; b < n; b++)
      boxes[b] = random_box (&random);
    for (gint64 x = -3; x < 8; x++)
      for (gint64 y = -3; y < 8; y++)
        for (gint64 z = -3; z < 8; z++) {
          gint64 point[] = { x, y, z };
          gboolean in = FALSE;
          for (gsize b = 0; b < n; b++)
            in |= holds (&boxes[b], point);
          points += in;
        }
    cr_assert_eq (hd_box_union_volume (boxes, n), points);
  }
}

/* Twelve dimensions of many edges make more cells than can be counted: the largest box is a lower bound. */
Test (box, the_volume_of_a_union_too_large_to_count_is_less)
{
  HdBox boxes[64];
  HdBox flat[] = { { .n = 0 }, { .n = 0 } };
  for (guint b = 0; b < G_N_ELEMENTS (boxes); b++) {
    boxes[b].n = HD_BOX_MAX;
    for (guint d = 0; d < HD_BOX_MAX; d++)
      boxes[b].range[d] = (HdRange) { b, 2 * b + 2 };
  }
  cr_assert_eq (hd_box_union_volume (boxes, G_N_ELEMENTS (boxes)), hd_box_volume (&boxes[G_N_ELEMENTS (boxes) - 1]));
  cr_assert_eq (hd_box_union_volume (boxes, 0), 0);
  cr_assert_eq (hd_box_union_volume (flat, 2), 1, "without dimensions there is one point");
}

Test (box, a_huge_volume_is_said_to_be_too_large)
{
  HdBox box = { .n = 2, .range = { { 0, G_MAXINT64 }, { 0, 4 } } };
  cr_assert_eq (hd_box_volume (&box), G_MAXUINT64);
}

/* --- random numbers ------------------------------------------------------------------------------------------ */

Test (random, the_same_seed_gives_the_same_numbers)
{
  HdRandom a, b, c;
  hd_random_init (&a, 42);
  hd_random_init (&b, 42);
  hd_random_init (&c, 43);
  guint equal = 0;
  for (guint i = 0; i < 100; i++) {
    guint64 x = hd_random_u64 (&a);
    cr_assert_eq (x, hd_random_u64 (&b));
    equal += x == hd_random_u64 (&c);
  }
  cr_assert_eq (equal, 0);
}

/* 60,000 throws of a die: each side comes 10,000 times with a deviation of 91; 500 is more than five of them. */
Test (random, small_numbers_are_fair)
{
  HdRandom random;
  guint count[6] = { 0 };
  hd_random_init (&random, 4);
  for (guint i = 0; i < 60000; i++)
    count[hd_random_below (&random, 6)]++;
  for (guint side = 0; side < 6; side++)
    cr_assert_lt (ABS ((int) count[side] - 10000), 500);
  for (guint i = 0; i < 1000; i++) {
    double x = hd_random_double (&random);
    cr_assert (x >= 0 && x < 1);
  }
}

/* --- faults and suggestions ------------------------------------------------------------------------------------ */

Test (error, suggestions_are_near)
{
  static const char *const NAMES[] = { "width", "latency", "bus0", "bus1" };
  cr_expect_str_eq (hd_suggest ("widht", NAMES, 4), "width", "an exchange of neighbours counts once");
  cr_expect_str_eq (hd_suggest ("latncy", NAMES, 4), "latency");
  cr_expect_str_eq (hd_suggest ("bus", NAMES, 4), "bus0", "ties go to the first in byte order");
  cr_expect_null (hd_suggest ("energy", NAMES, 4));
  cr_expect_null (hd_suggest ("x", NAMES, 0));
}

Test (error, faults_stand_in_order_once_and_not_without_end)
{
  g_autoptr (HdDiagnostics) faults = hd_diagnostics_new ("a.xml");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) many = NULL;
  cr_assert (hd_diagnostics_check (faults, NULL));
  hd_diagnostics_add (faults, 9, "second");
  hd_diagnostics_add (faults, 2, "first");
  hd_diagnostics_add (faults, 9, "second");
  hd_diagnostics_add_at (faults, "b.xml", 1, "third");
  cr_assert_not (hd_diagnostics_check (faults, &error));
  cr_expect_str_eq (error->message, "a.xml:2: first\na.xml:9: second\nb.xml:1: third");
  cr_expect (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT));
  for (guint i = 0; i < 1000; i++)
    hd_diagnostics_add (faults, 100 + i, "again");
  cr_assert_not (hd_diagnostics_check (faults, &many));
  g_auto (GStrv) lines = g_strsplit (many->message, "\n", -1);
  cr_expect_eq (g_strv_length (lines), HD_DIAGNOSTICS_MAX + 1);
}
