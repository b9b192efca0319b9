/* One deflate block from runs of bytes: tokens by LZ77 on runs, then Huffman codes for them (RFC 1951).
 *
 * Names: a literal is a byte as such; a match is (length 3 to 258, distance 1 to 32768): copy what stands `distance` bytes before.
 */
#include "config.h"
#include "h5/block.h"
#include "h5/huffman.h"

enum {
  N_LITLEN = 286,
  N_DISTANCE = 30,
  END_OF_BLOCK = 256,
  LONGEST = 258,
  SHORTEST = 3,
  WINDOW = 32768,
  HASH_BITS = 13,
  STORED_MAX = 65535,
};

/* A literal (length 0, `distance` is the byte, `count` its run), or a match that occurs `count` times in a row. */
typedef struct {
  guint16 length;
  guint16 distance;
  guint32 count;
} Token;

struct HdBlockScratch {
  Token *tokens;
  gsize n_tokens, size;
  guint32 head[1 << HASH_BITS]; /* the last run, plus one, that began like this */
  guint32 litlen[N_LITLEN];     /* how often each symbol occurs */
  guint32 distance[N_DISTANCE];
  guint64 extra_bits;
  HdHuffman litlen_code, distance_code;
};

HdBlockScratch *
_hd_block_scratch_new (void)
{
  return g_new0 (HdBlockScratch, 1);
}

void
_hd_block_scratch_free (HdBlockScratch *self)
{
  if (self == NULL)
    return;
  g_free (self->tokens);
  g_free (self);
}

/* --- symbols ------------------------------------------------------------------------------------------------ */

/* Symbol and extra bits of a match's length: eight of one each, then four for each number of extra bits; 258 has its own. */
static inline guint
length_symbol (guint length, guint *extra)
{
  guint l = length - SHORTEST;
  if (length == LONGEST || l < 8) {
    *extra = 0;
    return length == LONGEST ? 285 : 257 + l;
  }
  guint top = 31 - __builtin_clz (l);
  *extra = top - 2;
  return 257 + 4 * (top - 1) + ((l >> (top - 2)) & 3);
}

static inline guint
distance_symbol (guint distance, guint *extra)
{
  guint d = distance - 1;
  if (d < 4) {
    *extra = 0;
    return d;
  }
  guint top = 31 - __builtin_clz (d);
  *extra = top - 1;
  return 2 * top + ((d >> (top - 1)) & 1);
}

/* --- tokens -------------------------------------------------------------------------------------------------- */

/* A run makes at most a literal, two matches, and two literals more. */
#define TOKENS_OF_RUN 5

static inline void
reserve_tokens (HdBlockScratch *self, gsize n)
{
  if (n <= self->size)
    return;
  self->size = MAX (1024, 2 * n);
  g_free (self->tokens);
  self->tokens = g_new (Token, self->size);
}

/* These return where the next token goes: that place is kept in a register. */
static inline Token *
put_literal (HdBlockScratch *self, Token *at, const HdByteRuns *runs, guint run)
{
  guint8 byte = runs->byte[run];
  *at = (Token) { 0, byte, run };
  self->litlen[byte]++;
  return at + 1;
}

static inline Token *
put_match (HdBlockScratch *self, Token *at, guint length, guint distance, guint count)
{
  guint length_extra, distance_extra;
  self->litlen[length_symbol (length, &length_extra)] += count;
  self->distance[distance_symbol (distance, &distance_extra)] += count;
  self->extra_bits += (guint64) count * (length_extra + distance_extra);
  *at = (Token) { length, distance, count };
  return at + 1;
}

/* @length bytes that repeat what stands @distance before. The rest of one or two bytes, too short for a match, is of the runs @tail. */
static inline Token *
put_repeat (HdBlockScratch *self, Token *at, const HdByteRuns *runs, guint32 length, guint distance, const guint *tail)
{
  guint whole = length / LONGEST, rest = length % LONGEST;
  if (whole > 0)
    at = put_match (self, at, LONGEST, distance, whole);
  if (rest >= SHORTEST)
    return put_match (self, at, rest, distance, 1);
  for (guint i = 0; i < rest; i++)
    at = put_literal (self, at, runs, tail[i]);
  return at;
}

static inline Token *
put_run (HdBlockScratch *self, Token *at, const HdByteRuns *runs, guint run, guint32 length, gboolean continues)
{
  guint tail[2] = { run, run };
  if (!continues) {
    at = put_literal (self, at, runs, run);
    length--;
  }
  return put_repeat (self, at, runs, length, 1, tail);
}

/* @by_value is a constant wherever these functions are used. */
static inline gboolean
same (const HdByteRuns *runs, guint i, guint j, gboolean by_value)
{
  return by_value ? runs->value[i] == runs->value[j] : runs->byte[i] == runs->byte[j];
}

static inline guint
hash_runs (const HdByteRuns *runs, guint i, gboolean by_value)
{
  guint32 length = _hd_run_length (runs, i), key = runs->byte[i] | (guint32) runs->byte[i + 1] << 8 | length << 16;
  if (by_value)
    key ^= (runs->value[i] ^ runs->value[i + 1] << 1) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15) >> 32;
  return ((key ^ (length >> 16)) * 0x9E3779B1u) >> (32 - HASH_BITS);
}

/* How many runs from @i on are equal to those from @j on; @partial: the bytes that the two next ones still share. */
static inline guint
equal_runs (const HdByteRuns *runs, guint j, guint i, gboolean by_value, guint64 *bytes, guint *partial)
{
  guint n = 0;
  guint32 distance = runs->position[i] - runs->position[j];
  *partial = 0;
  /* So far all are equal, so the next begin at the same distance; they are as long when they end at it, too. */
  while (i + n < runs->n && same (runs, i + n, j + n, by_value) && runs->position[i + n + 1] - runs->position[j + n + 1] == distance)
    n++;
  *bytes = runs->position[i + n] - runs->position[i];
  if (i + n < runs->n && same (runs, i + n, j + n, by_value))
    *partial = MIN (_hd_run_length (runs, i + n), _hd_run_length (runs, j + n));
  return n;
}

/* What @n runs of @bytes in all cost, roughly, as runs [bit]: a literal, mostly a match, and two bits for each 258 bytes. */
static guint64
cost_as_runs (const HdByteRuns *runs, guint i, guint n, guint64 bytes)
{
  guint64 cost = 2 * (bytes / LONGEST);
  for (guint k = i; k < i + n; k++)
    cost += _hd_run_length (runs, k) < 3 ? 6 * _hd_run_length (runs, k) : 15;
  return cost;
}

static guint64
cost_as_match (guint64 bytes, guint distance)
{
  guint extra;
  distance_symbol (distance, &extra);
  return (bytes / LONGEST) * (4 + extra) + (bytes % LONGEST >= SHORTEST ? 10 + extra : 6 * (bytes % LONGEST));
}

/* The runs of the last @rest bytes of the match that ends after run @i + @n - 1 and @partial bytes more; runs may be of one byte. */
static void
last_bytes (const HdByteRuns *runs, guint i, guint n, guint partial, guint tail[2], guint rest)
{
  guint run = partial > 0 ? i + n : i + n - 1;
  guint left = partial > 0 ? partial : _hd_run_length (runs, run);
  for (guint k = rest; k-- > 0;) {
    while (left == 0)
      left = _hd_run_length (runs, --run);
    tail[k] = run;
    left--;
  }
}

/* Tries a match at run @i with what began like it before. Returns how many runs it covers whole; *@partial: bytes of the next. */
static inline guint
try_match (HdBlockScratch *self, Token **at, const HdByteRuns *runs, guint i, gboolean by_value, guint *partial)
{
  guint64 bytes;
  guint tail[2];
  guint *head = &self->head[hash_runs (runs, i, by_value)], j = *head;
  *head = i + 1;
  if (j-- == 0 || runs->position[i] - runs->position[j] > WINDOW)
    return 0;
  guint n = equal_runs (runs, j, i, by_value, &bytes, partial);
  guint distance = runs->position[i] - runs->position[j];
  bytes += *partial;
  if (n == 0 || bytes < SHORTEST || cost_as_match (bytes, distance) >= cost_as_runs (runs, i, n, bytes))
    return 0;
  if (bytes % LONGEST < SHORTEST)
    last_bytes (runs, i, n, *partial, tail, bytes % LONGEST);
  *at = put_repeat (self, *at, runs, bytes, distance, tail);
  return n;
}

/* Matches are looked for until so many runs in a row had none: data that never repeat are not worth the time. */
#define PATIENCE 256
#define FEW_RUNS 8   /* matches are not looked for at all */

static void
begin_tokens (HdBlockScratch *self, const HdByteRuns *runs)
{
  reserve_tokens (self, (gsize) TOKENS_OF_RUN * runs->n);
  self->extra_bits = 0;
  memset (self->litlen, 0, sizeof self->litlen);
  memset (self->distance, 0, sizeof self->distance);
  self->litlen[END_OF_BLOCK] = 1;
  if (runs->n > FEW_RUNS)
    memset (self->head, 0, sizeof self->head);
}

static inline void
make_tokens_of (HdBlockScratch *self, const HdByteRuns *runs, int previous, gboolean by_value)
{
  guint done = 0; /* bytes of the run that a match has covered */
  guint patience = runs->n > FEW_RUNS ? PATIENCE : 0;
  begin_tokens (self, runs);
  Token *at = self->tokens;
  for (guint i = 0; i < runs->n;) {
    guint partial = 0, n = 0;
    if (done == 0 && patience > 0 && i + 1 < runs->n) {
      n = try_match (self, &at, runs, i, by_value, &partial);
      patience = n > 0 ? PATIENCE : patience - 1;
    }
    if (n == 0) {
      at = put_run (self, at, runs, i, _hd_run_length (runs, i) - done, done > 0 || (i == 0 && previous == runs->byte[0]));
      done = 0;
      i++;
      continue;
    }
    for (guint k = i + 1; k < i + n && k + 1 < runs->n; k++)
      self->head[hash_runs (runs, k, by_value)] = k + 1;
    i += n;
    done = partial;
    if (i < runs->n && done == _hd_run_length (runs, i)) {
      done = 0;
      i++;
    }
  }
  self->n_tokens = at - self->tokens;
}

static void
make_tokens (HdBlockScratch *self, const HdByteRuns *runs, int previous)
{
  if (runs->value != NULL)
    make_tokens_of (self, runs, -1, TRUE);
  else
    make_tokens_of (self, runs, previous, FALSE);
}

/* The tokens of another byte of the same values: matches stay, literals change. */
static void
change_literals (HdBlockScratch *self, const HdByteRuns *runs)
{
  memset (self->litlen, 0, END_OF_BLOCK * sizeof *self->litlen);
  for (Token *at = self->tokens; at < self->tokens + self->n_tokens; at++)
    if (at->length == 0) {
      at->distance = runs->byte[at->count];
      self->litlen[at->distance]++;
    }
}

/* --- the block's header ----------------------------------------------------------------------------------------- */

/* The lengths of both codes, in one sequence, as symbols of a third code: 0 to 15 a length, 16 repeats the last, 17 and 18 repeat 0. */
typedef struct {
  guint8 symbol[N_LITLEN + N_DISTANCE];
  guint8 extra[N_LITLEN + N_DISTANCE];
  guint n;
  guint n_litlen, n_distance, n_lengths;
  guint32 count[19];
  HdHuffman code;
  guint64 bits;
} Header;

static const guint8 length_order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
static const guint8 length_extra_bits[19] = { [16] = 2, [17] = 3, [18] = 7 };

static void
put_length_symbol (Header *self, guint symbol, guint extra)
{
  self->symbol[self->n] = symbol;
  self->extra[self->n++] = extra;
  self->count[symbol]++;
}

static void
put_lengths (Header *self, const guint8 *lengths, guint n)
{
  for (guint i = 0; i < n;) {
    guint same = 1;
    while (i + same < n && lengths[i + same] == lengths[i])
      same++;
    i += same;
    guint8 value = lengths[i - 1];
    if (value != 0) {
      put_length_symbol (self, value, 0);
      same--;
    }
    while (same >= 3) {
      guint most = value != 0 ? 6 : 138, taken = MIN (same, most);
      if (value != 0)
        put_length_symbol (self, 16, taken - 3);
      else
        put_length_symbol (self, taken >= 11 ? 18 : 17, taken >= 11 ? taken - 11 : taken - 3);
      same -= taken;
    }
    while (same-- > 0)
      put_length_symbol (self, value, 0);
  }
}

static guint
used (const guint8 *lengths, guint n, guint least)
{
  while (n > least && lengths[n - 1] == 0)
    n--;
  return n;
}

static void
make_header (Header *self, const HdBlockScratch *scratch)
{
  guint8 all[N_LITLEN + N_DISTANCE];
  memset (self, 0, sizeof *self);
  self->n_litlen = used (scratch->litlen_code.length, N_LITLEN, 257);
  self->n_distance = used (scratch->distance_code.length, N_DISTANCE, 1);
  memcpy (all, scratch->litlen_code.length, self->n_litlen);
  memcpy (all + self->n_litlen, scratch->distance_code.length, self->n_distance);
  put_lengths (self, all, self->n_litlen + self->n_distance);
  _hd_huffman_build (&self->code, self->count, 19, 7);
  self->n_lengths = 19;
  while (self->n_lengths > 4 && self->code.length[length_order[self->n_lengths - 1]] == 0)
    self->n_lengths--;
  self->bits = 3 + 5 + 5 + 4 + 3 * self->n_lengths;
  for (guint i = 0; i < 19; i++)
    self->bits += (guint64) self->count[i] * (self->code.length[i] + length_extra_bits[i]);
}

static void
write_header (HdBits *out, const Header *self)
{
  _hd_bits_put (out, 2 << 1, 3); /* not the last block; codes of its own */
  _hd_bits_put (out, self->n_litlen - 257, 5);
  _hd_bits_put (out, self->n_distance - 1, 5);
  _hd_bits_put (out, self->n_lengths - 4, 4);
  for (guint i = 0; i < self->n_lengths; i++)
    _hd_bits_put (out, self->code.length[length_order[i]], 3);
  for (guint i = 0; i < self->n; i++) {
    guint symbol = self->symbol[i];
    _hd_bits_put (out, self->code.code[symbol], self->code.length[symbol]);
    _hd_bits_put (out, self->extra[i], length_extra_bits[symbol]);
  }
}

/* --- the block's content ------------------------------------------------------------------------------------------- */

/* Some bits: code and extra bits of a symbol. */
typedef struct {
  guint32 bits;
  guint n;
} Bits;

static inline Bits
length_bits (const HdBlockScratch *self, guint length)
{
  guint extra, symbol = length_symbol (length, &extra), n = self->litlen_code.length[symbol];
  return (Bits) { self->litlen_code.code[symbol] | ((length - SHORTEST) & ((1u << extra) - 1)) << n, n + extra };
}

static inline Bits
distance_bits (const HdBlockScratch *self, guint distance)
{
  guint extra, symbol = distance_symbol (distance, &extra), n = self->distance_code.length[symbol];
  return (Bits) { self->distance_code.code[symbol] | ((distance - 1) & ((1u << extra) - 1)) << n, n + extra };
}

static inline guint64
match_bits (Bits length, Bits distance, guint *n)
{
  *n = length.n + distance.n;
  return length.bits | (guint64) distance.bits << length.n;
}

/* Some bits, as often as they fit into what is written at once. */
typedef struct {
  guint64 bits;
  guint n;      /* of one of them */
  guint times;
} Repeated;

static Repeated
repeat_bits (guint64 bits, guint n)
{
  Repeated out = { bits, n, 1 };
  for (; n > 0 && (out.times + 1) * n <= 56; out.times++) /* n is 0 when such a match does not occur */
    out.bits |= bits << (out.times * n);
  return out;
}

static inline void
put_repeated (HdBits *out, const Repeated *repeated, guint32 count)
{
  for (; count > repeated->times; count -= repeated->times)
    _hd_bits_put (out, repeated->bits, repeated->times * repeated->n);
  _hd_bits_put (out, repeated->bits & ((G_GUINT64_CONSTANT (1) << (count * repeated->n)) - 1), count * repeated->n);
}

/* The stream is worked on in a copy, which lies in registers: what is written through @stream could be anything. */
static void
write_tokens (HdBits *stream, const HdBlockScratch *self)
{
  HdBits out = *stream;
  guint n;
  Bits near = distance_bits (self, 1);
  guint64 bits = match_bits (length_bits (self, LONGEST), near, &n);
  Repeated longest = repeat_bits (bits, n);
  for (gsize i = 0; i < self->n_tokens; i++) {
    Token token = self->tokens[i];
    if (token.length == 0) {
      _hd_bits_put (&out, self->litlen_code.code[token.distance], self->litlen_code.length[token.distance]);
    } else if (token.length == LONGEST && token.distance == 1) {
      put_repeated (&out, &longest, token.count);
    } else {
      bits = match_bits (length_bits (self, token.length), token.distance == 1 ? near : distance_bits (self, token.distance), &n);
      for (guint k = 0; k < token.count; k++)
        _hd_bits_put (&out, bits, n);
    }
  }
  _hd_bits_put (&out, self->litlen_code.code[END_OF_BLOCK], self->litlen_code.length[END_OF_BLOCK]);
  *stream = out;
}

static guint64
content_bits (const HdBlockScratch *self)
{
  guint64 bits = self->extra_bits;
  for (guint i = 0; i < N_LITLEN; i++)
    bits += (guint64) self->litlen[i] * self->litlen_code.length[i];
  for (guint i = 0; i < N_DISTANCE; i++)
    bits += (guint64) self->distance[i] * self->distance_code.length[i];
  return bits;
}

/* --- stored blocks -------------------------------------------------------------------------------------------------- */

static void
write_stored (HdBits *out, const HdByteRuns *runs, guint64 bytes)
{
  guint run = 0;
  guint32 done = 0;
  _hd_bits_reserve (out, 8 * bytes + 64 * (bytes / STORED_MAX + 1));
  while (bytes > 0) {
    guint piece = MIN (bytes, STORED_MAX);
    bytes -= piece;
    _hd_bits_put (out, 0, 3);
    _hd_bits_align (out);
    _hd_bits_put (out, piece | (guint32) (piece ^ 0xffff) << 16, 32);
    while (piece > 0) {
      guint part = MIN (piece, _hd_run_length (runs, run) - done);
      memset (out->bytes + out->n, runs->byte[run], part);
      out->n += part;
      piece -= part;
      done += part;
      if (done == _hd_run_length (runs, run)) {
        run++;
        done = 0;
      }
    }
  }
}

void
_hd_block_align (HdBits *out)
{
  if (out->n_held == 0)
    return;
  _hd_bits_reserve (out, 48);
  _hd_bits_put (out, 0, 3);
  _hd_bits_align (out);
  _hd_bits_put (out, 0xffff0000, 32);
}

static gboolean
write_block (HdBits *out, const HdByteRuns *runs, HdBlockScratch *scratch)
{
  Header header;
  _hd_huffman_build (&scratch->litlen_code, scratch->litlen, N_LITLEN, 15);
  _hd_huffman_build (&scratch->distance_code, scratch->distance, N_DISTANCE, 15);
  make_header (&header, scratch);
  guint64 bits = header.bits + content_bits (scratch);
  guint64 bytes = runs->position[runs->n];
  if (bits >= 8 * bytes + 42 * (bytes / STORED_MAX + 1)) {
    write_stored (out, runs, bytes);
    return TRUE;
  }
  _hd_bits_reserve (out, bits);
  write_header (out, &header);
  write_tokens (out, scratch);
  return FALSE;
}

gboolean
_hd_block_write (HdBits *out, const HdByteRuns *runs, int previous, HdBlockScratch *scratch)
{
  make_tokens (scratch, runs, previous);
  return write_block (out, runs, scratch);
}

gboolean
_hd_block_write_again (HdBits *out, const HdByteRuns *runs, HdBlockScratch *scratch)
{
  change_literals (scratch, runs);
  return write_block (out, runs, scratch);
}
