/* xoshiro256** and splitmix64, from the algorithms' published description (Blackman and Vigna, 2018). */
#include "config.h"
#include <heddle/random.h>

static guint64
splitmix (guint64 *state)
{
  guint64 z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static guint64
rotate (guint64 x, int k)
{
  return (x << k) | (x >> (64 - k));
}

void
hd_random_init (HdRandom *self, guint64 seed)
{
  for (int i = 0; i < 4; i++)
    self->s[i] = splitmix (&seed);
}

guint64
hd_random_u64 (HdRandom *self)
{
  guint64 *s = self->s, result = rotate (s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate (s[3], 45);
  return result;
}

guint64
hd_random_below (HdRandom *self, guint64 n)
{
  /* Draws from the short first interval would favour small numbers: they are drawn again. */
  guint64 skewed = -n % n, x;
  do
    x = hd_random_u64 (self);
  while (x < skewed);
  return x % n;
}

double
hd_random_double (HdRandom *self)
{
  return (double) (hd_random_u64 (self) >> 11) * 0x1p-53;
}
