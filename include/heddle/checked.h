/* Arithmetic that cannot wrap unseen.
 *
 * Sizes and counts come from files; each product and sum of them goes through these. The boolean forms are for what a user
 * can cause, hd_cycle_add() for the clock of the engine, where an overflow is an invariant.
 */
#pragma once

#include <glib.h>
#include <heddle/error.h>

G_BEGIN_DECLS

/** *@out = @a * @b; FALSE when it does not fit. */
static inline gboolean hd_mul_u64 (guint64 a, guint64 b, guint64 *out) { return !__builtin_mul_overflow (a, b, out); }
static inline gboolean hd_add_u64 (guint64 a, guint64 b, guint64 *out) { return !__builtin_add_overflow (a, b, out); }
static inline gboolean hd_mul_i64 (gint64 a, gint64 b, gint64 *out) { return !__builtin_mul_overflow (a, b, out); }
static inline gboolean hd_add_i64 (gint64 a, gint64 b, gint64 *out) { return !__builtin_add_overflow (a, b, out); }

/** ceil(@a / @b); @b > 0. Cannot overflow. */
static inline guint64 hd_ceil_div (guint64 a, guint64 b) { return a / b + (a % b != 0); }

/** floor(@a / @b) for signed @a; @b > 0. */
static inline gint64 hd_floor_div (gint64 a, gint64 b) { return a / b - (a % b < 0); }

/** floor(@a * @b / @c) with a 128-bit product; FALSE when the result does not fit or @c is 0. */
gboolean hd_mul_div (guint64 a, guint64 b, guint64 c, guint64 *out);

/** Greatest common divisor; gcd (0, x) = x. */
guint64 hd_gcd (guint64 a, guint64 b);
/** Least common multiple; FALSE when it does not fit. lcm(0, x) = x: 0 stands for "no constraint". */
gboolean hd_lcm (guint64 a, guint64 b, guint64 *out);

/** @a + @b [cycle]; an overflow is an invariant failure. */
static inline guint64
hd_cycle_add (guint64 a, guint64 b)
{
  guint64 sum;
  hd_assert_invariant (!__builtin_add_overflow (a, b, &sum), "time overflows 64 bits: %" G_GUINT64_FORMAT " + %" G_GUINT64_FORMAT " cycles", a, b);
  return sum;
}

G_END_DECLS
