/* Arithmetic that cannot wrap unseen: the parts that need 128 bits or a loop. */
#include "config.h"
#include <heddle/checked.h>

gboolean
hd_mul_div (guint64 a, guint64 b, guint64 c, guint64 *out)
{
  if (c == 0)
    return FALSE;
  unsigned __int128 quotient = (unsigned __int128) a * b / c;
  if (quotient > G_MAXUINT64)
    return FALSE;
  *out = (guint64) quotient;
  return TRUE;
}

guint64
hd_gcd (guint64 a, guint64 b)
{
  while (b != 0) {
    guint64 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

gboolean
hd_lcm (guint64 a, guint64 b, guint64 *out)
{
  if (a == 0 || b == 0) {
    *out = a | b;
    return TRUE;
  }
  return hd_mul_u64 (a / hd_gcd (a, b), b, out);
}
