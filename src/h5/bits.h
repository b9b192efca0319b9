/* A growing stream of bits, first bit lowest, as deflate wants it. */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct {
  guint8 *bytes;
  gsize n;           /* whole bytes written */
  gsize size;        /* allocated */
  guint64 held;      /* bits not yet written */
  guint n_held;      /* fewer than 8 between calls of _hd_bits_put() */
} HdBits;

/** Makes room for @n_bits more. */
static inline void
_hd_bits_reserve (HdBits *self, guint64 n_bits)
{
  gsize need = self->n + n_bits / 8 + 16;
  if (need <= self->size)
    return;
  self->size = MAX (need, self->size * 2);
  self->bytes = g_realloc (self->bytes, self->size);
}

/** Appends the @count <= 56 low bits of @value, whose other bits are 0; room was reserved. */
static inline void
_hd_bits_put (HdBits *self, guint64 value, guint count)
{
  self->held |= value << self->n_held;
  self->n_held += count;
  guint64 out = GUINT64_TO_LE (self->held);
  memcpy (self->bytes + self->n, &out, sizeof out);
  guint whole = self->n_held / 8;
  self->n += whole;
  self->held = whole == 8 ? 0 : self->held >> (8 * whole);
  self->n_held %= 8;
}

static inline void
_hd_bits_align (HdBits *self)
{
  if (self->n_held > 0)
    _hd_bits_put (self, 0, 8 - self->n_held);
}

static inline guint64
_hd_bits_count (const HdBits *self)
{
  return 8 * (guint64) self->n + self->n_held;
}

static inline void
_hd_bits_clear (HdBits *self)
{
  self->n = 0;
  self->held = 0;
  self->n_held = 0;
}

/** Appends all of @other. */
static inline void
_hd_bits_append (HdBits *self, const HdBits *other)
{
  _hd_bits_reserve (self, _hd_bits_count (other));
  if (self->n_held == 0 && other->n > 0) {
    memcpy (self->bytes + self->n, other->bytes, other->n);
    self->n += other->n;
  } else {
    gsize i = 0;
    for (; i + 7 <= other->n; i += 7) {
      guint64 word = 0;
      memcpy (&word, other->bytes + i, 7);
      _hd_bits_put (self, GUINT64_FROM_LE (word), 56);
    }
    for (; i < other->n; i++)
      _hd_bits_put (self, other->bytes[i], 8);
  }
  _hd_bits_put (self, other->held, other->n_held);
}
