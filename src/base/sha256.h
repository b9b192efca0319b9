/* SHA-256 (FIPS 180-4) of what comes in pieces, with the processor's own instructions where it has them: a schedule's digest is taken in every run with a trace. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Takes @n blocks of 64 bytes into the eight words of @state. */
typedef void (*HdSha256Take) (guint32 state[8], const guint8 *blocks, gsize n);

typedef struct {
  HdSha256Take take;   /* set by _hd_sha256_init(); a test may set another before the first byte */
  guint32 state[8];
  guint64 bytes;
  guint8 open[64];     /* the block that is not full: bytes % 64 of it */
} HdSha256;

void _hd_sha256_init (HdSha256 *self);
void _hd_sha256_update (HdSha256 *self, gconstpointer data, gsize n);
/** Returns (transfer full): 64 hexadecimal digits in lower case. */
char *_hd_sha256_finish (HdSha256 *self);

/** As any processor does it. */
void _hd_sha256_take_portably (guint32 state[8], const guint8 *blocks, gsize n);

G_END_DECLS
