/* A chunk's zlib stream from its runs: byte planes, blocks, checksum. */
#include "config.h"
#include "h5/block.h"
#include "h5/deflate.h"

#include <heddle/error.h>

#include <zlib.h>

enum {
  FIRST_RUNS = 64,           /* a series that hardly changes takes little memory */
  BLOCK_RUNS = 4096,         /* in one block: enough to pay for its codes */
  VALUES_AT_ONCE = 65536,    /* in one block, of values given as they are */
  ADLER = 65521,
  RUN_PAYS = 16,             /* bytes that a run has on average when its sum in closed form is the faster one */
};

typedef struct {
  HdBits bits;
  guint32 a, b;     /* the two sums of Adler-32 */
  int last;         /* byte; -1: none yet */
  gboolean stored;  /* it has a stored block, which stays at a byte's begin */
} Plane;

struct HdChunkEncoder {
  guint width;
  guint64 rows;
  guint64 n;             /* rows added */
  guint64 blocked;       /* of them, those that are in blocks */
  guint64 *value;        /* the open block's runs */
  guint32 *length;
  guint n_runs, size;
  Plane plane[8];
  HdBits stream;
};

/* Blocks are made one at a time in a thread, and need much room for a short time. */
typedef struct {
  HdBlockScratch *block;
  HdByteRuns runs;
  guint8 plane[VALUES_AT_ONCE];
} Scratch;

static void
free_scratch (gpointer data)
{
  Scratch *self = data;
  _hd_block_scratch_free (self->block);
  g_free (self->runs.byte);
  g_free (self->runs.position);
  g_free (self);
}

static GPrivate scratch_of_thread = G_PRIVATE_INIT (free_scratch);

static Scratch *
get_scratch (void)
{
  Scratch *self = g_private_get (&scratch_of_thread);
  if (self != NULL)
    return self;
  self = g_new0 (Scratch, 1);
  self->block = _hd_block_scratch_new ();
  self->runs.byte = g_new (guint8, VALUES_AT_ONCE + 1);
  self->runs.position = g_new (guint32, VALUES_AT_ONCE + 1);
  g_private_set (&scratch_of_thread, self);
  return self;
}

static void
reset (HdChunkEncoder *self)
{
  self->n = 0;
  self->blocked = 0;
  self->n_runs = 0;
  for (guint p = 0; p < self->width; p++) {
    _hd_bits_clear (&self->plane[p].bits);
    self->plane[p].a = 1;
    self->plane[p].b = 0;
    self->plane[p].last = -1;
    self->plane[p].stored = FALSE;
  }
}

HdChunkEncoder *
hd_chunk_encoder_new (guint width, guint64 rows)
{
  hd_assert_invariant ((width == 1 || width == 2 || width == 4 || width == 8) && rows > 0 && rows <= G_MAXUINT32 / width,
                       "a chunk of %" G_GUINT64_FORMAT " rows of %u bytes", rows, width);
  HdChunkEncoder *self = g_new0 (HdChunkEncoder, 1);
  self->width = width;
  self->rows = rows;
  reset (self);
  return self;
}

void
hd_chunk_encoder_free (HdChunkEncoder *self)
{
  if (self == NULL)
    return;
  for (guint p = 0; p < self->width; p++)
    g_free (self->plane[p].bits.bytes);
  g_free (self->stream.bytes);
  g_free (self->value);
  g_free (self->length);
  g_free (self);
}

void
hd_chunk_encoder_set_rows (HdChunkEncoder *self, guint64 rows)
{
  hd_assert_invariant (rows >= self->n && rows > 0 && rows <= G_MAXUINT32 / self->width, "a chunk of %" G_GUINT64_FORMAT " rows", rows);
  self->rows = rows;
}

guint64
hd_chunk_encoder_rows (const HdChunkEncoder *self)
{
  return self->n;
}

/* --- blocks ---------------------------------------------------------------------------------------------------- */

/* Adler-32 of runs. Of n bytes v, a grows by n v; b by n times the old a, and by v (1 + ... + n). Short runs are summed without a division: in as many of them as a block has,
 * a stays below 2^32 and b below 2^57. */
#define SHORT_RUN 4096

static void
sum_runs (Plane *self, const HdByteRuns *runs)
{
  guint64 a = self->a, b = self->b;
  for (guint i = 0; i < runs->n; i++) {
    guint64 v = runs->byte[i], n = _hd_run_length (runs, i);
    if (n < SHORT_RUN) {
      b += n * a + v * (n * (n + 1) / 2);
      a += n * v;
      continue;
    }
    a %= ADLER;
    b = (b + n % ADLER * a + n * (n + 1) / 2 % ADLER * v) % ADLER;
    a = (a + n % ADLER * v) % ADLER;
  }
  self->a = a % ADLER;
  self->b = b % ADLER;
}

/* @plane (nullable): the bytes as such. */
static void
sum_block (Plane *self, const HdByteRuns *runs, const guint8 *plane)
{
  guint32 bytes = runs->position[runs->n];
  if (plane == NULL || runs->n <= bytes / RUN_PAYS) {
    sum_runs (self, runs);
    return;
  }
  guint32 sums = adler32_z (self->b << 16 | self->a, plane, bytes);
  self->a = sums & 0xffff;
  self->b = sums >> 16;
}

static void
write_block (Plane *self, const HdByteRuns *runs, const guint8 *plane, HdBlockScratch *scratch)
{
  sum_block (self, runs, plane);
  self->stored |= _hd_block_write (&self->bits, runs, self->last, scratch);
  self->last = runs->byte[runs->n - 1];
}

static void
make_one_run (HdByteRuns *runs, guint8 byte, guint32 length)
{
  runs->byte[0] = byte;
  runs->position[0] = 0;
  runs->position[1] = length;
  runs->n = 1;
}

/* The runs of one byte plane: neighbours that differ in other bytes only are one run in it. */
static void
take_plane (const HdChunkEncoder *self, guint plane, HdByteRuns *runs)
{
  guint shift = 8 * plane, n = 0;
  guint8 byte = self->value[0] >> shift;
  guint32 position = 0;
  runs->position[0] = 0;
  for (guint i = 0; i < self->n_runs; i++) {
    guint8 next = self->value[i] >> shift;
    if (next != byte) {
      runs->byte[n] = byte;
      runs->position[++n] = position;
      byte = next;
    }
    position += self->length[i];
  }
  runs->byte[n] = byte;
  runs->position[++n] = position;
  runs->n = n;
}

/* The planes in which nearly every change of the value shows, as far as a sample tells. There matches of values are as good as matches of bytes, and are looked for once. */
static guint
find_full_planes (const HdChunkEncoder *self)
{
  enum { SAMPLE = 256 };
  guint seen[8] = { 0 }, full = 0, n = 0, step = self->n_runs / SAMPLE;
  if (self->width < 4 || step == 0)
    return 0;
  for (guint i = step; i < self->n_runs; i += step, n++)
    for (guint p = 0; p < self->width; p++)
      seen[p] += (guint8) ((self->value[i] ^ self->value[i - 1]) >> (8 * p)) != 0;
  for (guint p = 0; p < self->width; p++)
    if (seen[p] >= n - n / 16)
      full |= 1u << p;
  return (full & (full - 1)) != 0 ? full : 0;   /* one alone gains nothing */
}

/* @again: matches of this block's values have been found for another plane. */
static void
write_full_plane (HdChunkEncoder *self, guint p, gboolean again, Scratch *scratch)
{
  Plane *plane = &self->plane[p];
  HdByteRuns *runs = &scratch->runs;
  guint32 position = 0;
  for (guint i = 0; i < self->n_runs; i++)
    runs->byte[i] = self->value[i] >> (8 * p);
  for (guint i = 0; i < self->n_runs && !again; position += self->length[i++])
    runs->position[i] = position;
  if (!again)
    runs->position[self->n_runs] = position;
  runs->n = self->n_runs;
  runs->value = self->value;
  sum_block (plane, runs, NULL);
  plane->stored |= again ? _hd_block_write_again (&plane->bits, runs, scratch->block) : _hd_block_write (&plane->bits, runs, -1, scratch->block);
  plane->last = runs->byte[runs->n - 1];
  runs->value = NULL;
}

static void
write_plane (HdChunkEncoder *self, guint p, gboolean constant, Scratch *scratch)
{
  if (constant)
    make_one_run (&scratch->runs, self->value[0] >> (8 * p), self->n - self->blocked);
  else
    take_plane (self, p, &scratch->runs);
  write_block (&self->plane[p], &scratch->runs, NULL, scratch->block);
}

static void
end_block (HdChunkEncoder *self)
{
  Scratch *scratch = get_scratch ();
  guint64 differ = 0;
  gboolean again = FALSE;
  if (self->n_runs == 0)
    return;
  for (guint i = 1; i < self->n_runs; i++)
    differ |= self->value[i] ^ self->value[0];
  guint full = find_full_planes (self);
  for (guint p = 0; p < self->width; p++)
    if ((full >> p & 1) != 0) {
      write_full_plane (self, p, again, scratch);
      again = TRUE;
    }
  for (guint p = 0; p < self->width; p++)
    if ((full >> p & 1) == 0)
      write_plane (self, p, (guint8) (differ >> (8 * p)) == 0, scratch);
  self->n_runs = 0;
  self->blocked = self->n;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

static void
make_room (HdChunkEncoder *self)
{
  if (self->size == BLOCK_RUNS) {
    end_block (self);
    return;
  }
  self->size = MAX (FIRST_RUNS, 2 * self->size);
  self->value = g_renew (guint64, self->value, self->size);
  self->length = g_renew (guint32, self->length, self->size);
}

void
hd_chunk_encoder_add (HdChunkEncoder *self, guint64 value, guint64 count)
{
  hd_assert_invariant (count > 0 && count <= self->rows - self->n, "%" G_GUINT64_FORMAT " rows more in a chunk of %" G_GUINT64_FORMAT, count, self->rows);
  if (self->n_runs > 0 && self->value[self->n_runs - 1] == value) {
    self->length[self->n_runs - 1] += count;
  } else {
    if (self->n_runs == self->size)
      make_room (self);
    self->value[self->n_runs] = value;
    self->length[self->n_runs++] = count;
  }
  self->n += count;
}

/* Finds the runs of @n bytes: eight at a time as long as nothing changes; else without branches, which would be taken at random: what may be the next run's begin is
 * written, and counts if it is one. */
static void
find_runs (const guint8 *bytes, guint n, HdByteRuns *runs)
{
  guint made = 0, i = 1;
  runs->byte[0] = bytes[0];
  runs->position[0] = 0;
  while (i < n) {
    guint some = MIN (8, n - i);
    if (some == 8 && memcmp (bytes + i, bytes + i - 1, 8) == 0) {
      i += 8;
      continue;
    }
    for (guint k = i; k < i + some; k++) {
      runs->byte[made + 1] = bytes[k];
      runs->position[made + 1] = k;
      made += bytes[k] != bytes[k - 1];
    }
    i += some;
  }
  runs->n = made + 1;
  runs->position[runs->n] = n;
}

/* The bits in which some of the values differ from the first. */
#define DEFINE_DIFFERING_BITS(type) \
  static guint64 differing_bits_of_##type (const type *values, guint n) \
  { \
    type differ = 0; \
    for (guint i = 1; i < n; i++) \
      differ |= values[i] ^ values[0]; \
    return differ; \
  }
DEFINE_DIFFERING_BITS (guint8)
DEFINE_DIFFERING_BITS (guint16)
DEFINE_DIFFERING_BITS (guint32)
DEFINE_DIFFERING_BITS (guint64)

static guint64
differing_bits (gconstpointer values, guint width, guint n)
{
  switch (width) {
    case 1: return differing_bits_of_guint8 (values, n);
    case 2: return differing_bits_of_guint16 (values, n);
    case 4: return differing_bits_of_guint32 (values, n);
    default: return differing_bits_of_guint64 (values, n);
  }
}

static guint
plane_offset (guint width, guint plane)
{
  return G_BYTE_ORDER == G_LITTLE_ENDIAN ? plane : width - 1 - plane;
}

/* Every @width-th byte. */
static void
pick_plane (const guint8 *bytes, guint width, guint n, guint8 *plane)
{
  for (guint i = 0; i < n; i++)
    plane[i] = bytes[(gsize) i * width];
}

static void
add_block_of_values (HdChunkEncoder *self, const guint8 *bytes, guint n, Scratch *scratch)
{
  guint64 differ = differing_bits (bytes, self->width, n);
  for (guint p = 0; p < self->width; p++) {
    const guint8 *plane = bytes + plane_offset (self->width, p);
    if ((guint8) (differ >> (8 * p)) == 0) {
      make_one_run (&scratch->runs, *plane, n);
      write_block (&self->plane[p], &scratch->runs, NULL, scratch->block);
      continue;
    }
    pick_plane (plane, self->width, n, scratch->plane);
    find_runs (scratch->plane, n, &scratch->runs);
    write_block (&self->plane[p], &scratch->runs, scratch->plane, scratch->block);
  }
}

void
hd_chunk_encoder_add_values (HdChunkEncoder *self, gconstpointer values, guint64 n)
{
  const guint8 *bytes = values;
  Scratch *scratch = get_scratch ();
  hd_assert_invariant (n <= self->rows - self->n, "%" G_GUINT64_FORMAT " rows more in a chunk of %" G_GUINT64_FORMAT, n, self->rows);
  end_block (self);
  while (n > 0) {
    guint some = MIN (n, VALUES_AT_ONCE);
    add_block_of_values (self, bytes, some, scratch);
    bytes += (gsize) some * self->width;
    self->n += some;
    n -= some;
  }
  self->blocked = self->n;
}

/* --- the stream ---------------------------------------------------------------------------------------------------- */

const guint8 *
hd_chunk_encoder_finish (HdChunkEncoder *self, gsize *size)
{
  hd_assert_invariant (self->n == self->rows, "a chunk of %" G_GUINT64_FORMAT " rows ends at %" G_GUINT64_FORMAT, self->rows, self->n);
  guint32 adler = 1;
  HdBits *out = &self->stream;
  end_block (self);
  _hd_bits_clear (out);
  _hd_bits_reserve (out, 64);
  _hd_bits_put (out, 0x0178, 16); /* zlib: deflate, window of 32 KiB, fastest */
  for (guint p = 0; p < self->width; p++) {
    const Plane *plane = &self->plane[p];
    if (plane->stored)
      _hd_block_align (out);
    _hd_bits_append (out, &plane->bits);
    adler = adler32_combine (adler, plane->b << 16 | plane->a, self->rows);
  }
  _hd_bits_reserve (out, 128);
  _hd_bits_put (out, 3, 10); /* the last block, fixed codes: nothing but its end */
  _hd_bits_align (out);
  _hd_bits_put (out, GUINT32_SWAP_LE_BE (adler), 32);
  *size = out->n;
  reset (self);
  return out->bytes;
}
