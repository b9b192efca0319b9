/* zlib itself expands what is made from runs: byte for byte the runs, and the checksum is right. */
#include "h5/deflate.h"
#include "h5/huffman.h"

#include <heddle/random.h>

#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

typedef struct {
  guint width;
  guint64 rows;
  guint8 *values;   /* expanded, as rows of `width` bytes */
  guint64 n;
  HdChunkEncoder *encoder;
} Chunk;

static Chunk
new_chunk (guint width, guint64 rows)
{
  return (Chunk) { width, rows, g_malloc (rows * width), 0, hd_chunk_encoder_new (width, rows) };
}

static void
add (Chunk *self, guint64 value, guint64 count)
{
  guint64 mask = self->width == 8 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << (8 * self->width)) - 1;
  value &= mask;
  count = MIN (count, self->rows - self->n);
  if (count == 0)
    return;
  hd_chunk_encoder_add (self->encoder, value, count);
  for (guint64 i = 0; i < count; i++)
    for (guint b = 0; b < self->width; b++)
      self->values[(self->n + i) * self->width + b] = value >> (8 * b);
  self->n += count;
}

/* Ends the chunk, checks it by zlib, and gives its size. */
static gsize
check (Chunk *self)
{
  gsize size, bytes = self->rows * self->width;
  const guint8 *stream = hd_chunk_encoder_finish (self->encoder, &size);
  g_autofree guint8 *planes = g_malloc (bytes);
  uLongf made = bytes;
  int result = uncompress (planes, &made, stream, size);
  cr_assert_eq (result, Z_OK, "zlib says %d", result);
  cr_assert_eq (made, bytes);
  for (guint b = 0; b < self->width; b++)
    for (guint64 i = 0; i < self->rows; i++)
      if (planes[b * self->rows + i] != self->values[i * self->width + b])
        cr_assert_fail ("row %" G_GUINT64_FORMAT ", byte %u of %u", i, b, self->width);
  self->n = 0;
  return size;
}

static void
drop (Chunk *self)
{
  g_free (self->values);
  hd_chunk_encoder_free (self->encoder);
}

/* --- lengths at which something changes ----------------------------------------------------------------------- */

Test (deflate, one_run_of_any_length)
{
  static const guint64 lengths[] = { 1, 2, 3, 4, 5, 257, 258, 259, 260, 261, 262, 515, 516, 517, 518, 519, 1027, 1028, 1029, 65535, 65536, 65537, 1 << 20 };
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint width = 1; width <= 8; width *= 2) {
      Chunk chunk = new_chunk (width, lengths[i]);
      add (&chunk, 0x1122334455667788, lengths[i]);
      check (&chunk);
      add (&chunk, 0, lengths[i]);
      check (&chunk);
      drop (&chunk);
    }
}

Test (deflate, two_runs_that_meet_anywhere)
{
  for (guint64 first = 1; first < 600; first++) {
    Chunk chunk = new_chunk (2, 600);
    add (&chunk, 0x0102, first);
    add (&chunk, 0x0103, 600);
    check (&chunk);
    drop (&chunk);
  }
}

Test (deflate, a_megabyte_of_one_value_takes_a_kilobyte)
{
  Chunk chunk = new_chunk (1, 1 << 20);
  add (&chunk, 7, 1 << 20);
  cr_assert_leq (check (&chunk), (1 << 20) / 1028 + 64); /* deflate's least: 2 bits for 258 bytes */
  drop (&chunk);
}

/* --- repetition: what begins like an earlier run is compared with it ------------------------------------------------ */

Test (deflate, periods_of_any_length_are_found)
{
  for (guint period = 2; period < 70; period++) {
    Chunk chunk = new_chunk (1, 40000);
    while (chunk.n < chunk.rows) {
      for (guint k = 0; k < period; k++)
        add (&chunk, k, 1 + k % 5);
    }
    cr_assert_leq (check (&chunk), 1100, "period %u", period);
    drop (&chunk);
  }
}

/* --- random chunks ---------------------------------------------------------------------------------------------------- */

static guint64
random_value (HdRandom *random, guint alphabet)
{
  guint64 value = hd_random_below (random, alphabet);
  return value * (alphabet < 5 ? 0x0101010101010101u : 0x9E3779B97F4A7C15u);
}

static void
random_chunk (guint64 seed, guint width, guint64 rows, guint alphabet, guint64 longest)
{
  HdRandom random;
  hd_random_init (&random, seed);
  Chunk chunk = new_chunk (width, rows);
  for (guint again = 0; again < 2; again++) {
    while (chunk.n < rows)
      add (&chunk, random_value (&random, alphabet), 1 + hd_random_below (&random, longest));
    check (&chunk);
  }
  drop (&chunk);
}

Test (deflate, random_runs_of_every_width)
{
  static const guint alphabets[] = { 2, 3, 17, 256, 1 << 30 };
  static const guint64 longest[] = { 1, 2, 4, 20, 300, 3000, 100000 };
  guint64 seed = 0;
  for (guint width = 1; width <= 8; width *= 2)
    for (guint a = 0; a < G_N_ELEMENTS (alphabets); a++)
      for (guint l = 0; l < G_N_ELEMENTS (longest); l++, seed++)
        random_chunk (seed, width, 1 + seed * 1237 % 70000, alphabets[a], longest[l]);
}

Test (deflate, random_runs_over_many_blocks)
{
  for (guint64 seed = 1; seed <= 8; seed++)
    random_chunk (seed, 1 << (seed % 4), 300000, seed < 5 ? 4 : 1000, 1 + seed);
}

/* --- values as they stand in memory ------------------------------------------------------------------------------------- */

Test (deflate, values_given_whole_or_as_runs_are_the_same_rows)
{
  HdRandom random;
  hd_random_init (&random, 5);
  for (guint width = 1; width <= 8; width *= 2) {
    Chunk chunk = new_chunk (width, 70001);
    while (chunk.n < chunk.rows) {
      guint64 value = hd_random_below (&random, 3) == 0 ? chunk.n * 37 : hd_random_below (&random, 1000);
      guint64 n = MIN (1 + hd_random_below (&random, 2), chunk.rows - chunk.n);
      guint64 first = chunk.n;
      for (guint64 i = 0; i < n; i++)
        for (guint b = 0; b < width; b++)
          chunk.values[(first + i) * width + b] = value >> (8 * b);
      chunk.n += n;
    }
    hd_chunk_encoder_add_values (chunk.encoder, chunk.values, 1);
    hd_chunk_encoder_add_values (chunk.encoder, chunk.values + width, 70000);
    check (&chunk);
    drop (&chunk);
  }
}

/* --- Huffman codes ------------------------------------------------------------------------------------------------------ */

/* Fibonacci counts make the deepest tree there is. The code must fill its space exactly (Kraft) within the limit. */
Test (huffman, the_deepest_tree_is_cut_to_the_limit)
{
  guint32 counts[40];
  HdHuffman code;
  for (guint limit = 6; limit <= 15; limit++)
    for (guint n = 2; n <= 40; n++) {
      guint32 a = 1, b = 1;
      guint64 space = 0;
      for (guint i = 0; i < n; i++) {
        counts[i] = a;
        guint32 next = MIN (a + b, 1u << 30);
        a = b;
        b = next;
      }
      _hd_huffman_build (&code, counts, n, limit);
      for (guint i = 0; i < n; i++) {
        cr_assert (code.length[i] >= 1 && code.length[i] <= limit);
        space += 1u << (limit - code.length[i]);
      }
      cr_assert_eq (space, 1u << limit, "limit %u, %u symbols", limit, n);
    }
}
