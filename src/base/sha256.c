/* SHA-256: the message schedule and the rounds, once in plain C and once with the instructions that many x86 processors have for them. */
#include "config.h"
#include "base/sha256.h"

#include <string.h>

#if defined __x86_64__ && defined __GNUC__
#include <cpuid.h>
#include <immintrin.h>
#define HAVE_SHA_INSTRUCTIONS 1
#endif

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const guint32 K[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
  0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
  0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
  0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
  0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline guint32
rotate (guint32 x, guint n)
{
  return x >> n | x << (32 - n);
}

static inline guint32
read_word (const guint8 *at)
{
  guint32 word;
  memcpy (&word, at, sizeof word);
  return GUINT32_FROM_BE (word);
}

static void
make_schedule (guint32 w[64], const guint8 *block)
{
  for (guint t = 0; t < 16; t++)
    w[t] = read_word (block + 4 * t);
  for (guint t = 16; t < 64; t++) {
    guint32 s0 = rotate (w[t - 15], 7) ^ rotate (w[t - 15], 18) ^ w[t - 15] >> 3;
    guint32 s1 = rotate (w[t - 2], 17) ^ rotate (w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
}

/* One round. Instead of the eight words' moving down by one, their names move from round to round. */
#define ROUND(a, b, c, d, e, f, g, h, t) \
  G_STMT_START { \
    guint32 t1 = h + (rotate (e, 6) ^ rotate (e, 11) ^ rotate (e, 25)) + (g ^ (e & (f ^ g))) + K[t] + w[t]; \
    d += t1; \
    h = t1 + (rotate (a, 2) ^ rotate (a, 13) ^ rotate (a, 22)) + ((a & b) | (c & (a | b))); \
  } G_STMT_END

static void
take_block (guint32 state[8], const guint32 w[64])
{
  guint32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (guint t = 0; t < 64; t += 8) {
    ROUND (a, b, c, d, e, f, g, h, t);
    ROUND (h, a, b, c, d, e, f, g, t + 1);
    ROUND (g, h, a, b, c, d, e, f, t + 2);
    ROUND (f, g, h, a, b, c, d, e, t + 3);
    ROUND (e, f, g, h, a, b, c, d, t + 4);
    ROUND (d, e, f, g, h, a, b, c, t + 5);
    ROUND (c, d, e, f, g, h, a, b, t + 6);
    ROUND (b, c, d, e, f, g, h, a, t + 7);
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void
_hd_sha256_take_portably (guint32 state[8], const guint8 *blocks, gsize n)
{
  guint32 w[64];
  for (; n > 0; n--, blocks += 64) {
    make_schedule (w, blocks);
    take_block (state, w);
  }
}

#ifdef HAVE_SHA_INSTRUCTIONS

static gboolean
has_instructions (void)
{
  guint a, b, c, d, ssse3_sse41 = 1u << 9 | 1u << 19;
  return __get_cpuid (1, &a, &b, &c, &d) && (c & ssse3_sse41) == ssse3_sse41 && __get_cpuid_count (7, 0, &a, &b, &c, &d) && (b & 1u << 29) != 0;
}

/* The words A B E F and C D G H of the state are kept in a register each; four words of the message schedule in another. */
__attribute__ ((target ("sha,sse4.1"))) static void
take_by_instructions (guint32 state[8], const guint8 *blocks, gsize n)
{
  const __m128i swap = _mm_set_epi64x (0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i low = _mm_shuffle_epi32 (_mm_loadu_si128 ((const __m128i *) (gconstpointer) state), 0xb1);
  __m128i high = _mm_shuffle_epi32 (_mm_loadu_si128 ((const __m128i *) (gconstpointer) (state + 4)), 0x1b);
  __m128i abef = _mm_alignr_epi8 (low, high, 8), cdgh = _mm_blend_epi16 (high, low, 0xf0), w[4];
  for (; n > 0; n--, blocks += 64) {
    __m128i abef_before = abef, cdgh_before = cdgh;
#pragma GCC unroll 16
    for (guint q = 0; q < 16; q++) {
      __m128i *now = &w[q % 4];
      if (q < 4)
        *now = _mm_shuffle_epi8 (_mm_loadu_si128 ((const __m128i *) (gconstpointer) (blocks + 16 * q)), swap);
      else
        *now = _mm_sha256msg2_epu32 (_mm_add_epi32 (_mm_sha256msg1_epu32 (*now, w[(q + 1) % 4]), _mm_alignr_epi8 (w[(q + 3) % 4], w[(q + 2) % 4], 4)), w[(q + 3) % 4]);
      __m128i sum = _mm_add_epi32 (*now, _mm_loadu_si128 ((const __m128i *) (gconstpointer) (K + 4 * q)));
      cdgh = _mm_sha256rnds2_epu32 (cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32 (abef, cdgh, _mm_shuffle_epi32 (sum, 0x0e));
    }
    abef = _mm_add_epi32 (abef, abef_before);
    cdgh = _mm_add_epi32 (cdgh, cdgh_before);
  }
  low = _mm_shuffle_epi32 (abef, 0x1b);
  high = _mm_shuffle_epi32 (cdgh, 0xb1);
  _mm_storeu_si128 ((__m128i *) (gpointer) state, _mm_blend_epi16 (low, high, 0xf0));
  _mm_storeu_si128 ((__m128i *) (gpointer) (state + 4), _mm_alignr_epi8 (high, low, 8));
}

#endif

static HdSha256Take
best_way (void)
{
#ifdef HAVE_SHA_INSTRUCTIONS
  if (has_instructions ())
    return take_by_instructions;
#endif
  return _hd_sha256_take_portably;
}

void
_hd_sha256_init (HdSha256 *self)
{
  /* The first 32 bits of the fractions of the square roots of the first eight primes. */
  static const guint32 first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
  self->take = best_way ();
  self->bytes = 0;
  memcpy (self->state, first, sizeof first);
}

void
_hd_sha256_update (HdSha256 *self, gconstpointer data, gsize n)
{
  const guint8 *bytes = data;
  gsize open = self->bytes % 64;
  self->bytes += n;
  if (open > 0) {
    gsize some = MIN (n, 64 - open);
    memcpy (self->open + open, bytes, some);
    if (open + some < 64)
      return;
    self->take (self->state, self->open, 1);
    bytes += some;
    n -= some;
  }
  if (n >= 64)
    self->take (self->state, bytes, n / 64);
  if (n % 64 > 0)
    memcpy (self->open, bytes + n - n % 64, n % 64);
}

char *
_hd_sha256_finish (HdSha256 *self)
{
  guint8 padding[72] = { 0x80 };
  guint64 bits = GUINT64_TO_BE (8 * self->bytes);
  gsize zeros_end = 64 - (self->bytes + 8) % 64;   /* so that the length ends a block */
  memcpy (padding + zeros_end, &bits, sizeof bits);
  _hd_sha256_update (self, padding, zeros_end + sizeof bits);
  char *text = g_malloc (65);
  for (guint i = 0; i < 8; i++)
    g_snprintf (text + 8 * i, 9, "%08x", self->state[i]);
  return text;
}
