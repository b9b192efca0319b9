/* Random numbers: xoshiro256** seeded by splitmix64 (Blackman and Vigna, 2018).
 *
 * The stream depends on the seed alone: the same on every machine. Nothing in heddle draws from any other source.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 s[4];
} HdRandom;

/** The same @seed gives the same numbers, everywhere. */
void hd_random_init (HdRandom *self, guint64 seed);
/** Uniform in [0, 2^64). */
guint64 hd_random_u64 (HdRandom *self);
/** Uniform in [0, @n); @n > 0. */
guint64 hd_random_below (HdRandom *self, guint64 n);
/** Uniform in [0, 1). */
double hd_random_double (HdRandom *self);

G_END_DECLS
