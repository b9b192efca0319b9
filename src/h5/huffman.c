/* Huffman codes: the tree by merging two sorted queues, lengths cut to the limit, codes by length and symbol. */
#include "config.h"
#include "h5/huffman.h"

#include <string.h>

enum { DEEPEST = 64 };

typedef struct {
  guint32 count;
  guint32 symbol;
} Leaf;

static gboolean
comes_before (Leaf a, Leaf b)
{
  return a.count < b.count || (a.count == b.count && a.symbol < b.symbol);
}

/* One pass of a radix sort: stable, by the eight bits of the count from @shift on. */
static void
sort_by_byte (const Leaf *from, Leaf *to, guint n, guint shift)
{
  guint16 begin[257] = { 0 };
  for (guint i = 0; i < n; i++)
    begin[((from[i].count >> shift) & 255) + 1]++;
  for (guint i = 0; i < 256; i++)
    begin[i + 1] += begin[i];
  for (guint i = 0; i < n; i++)
    to[begin[(from[i].count >> shift) & 255]++] = from[i];
}

/* By count, then by symbol, in the order of which they come. Few symbols are sorted in place. */
static void
sort_leaves (Leaf *leaves, guint n, guint32 largest)
{
  Leaf other[HD_HUFFMAN_SYMBOLS_MAX];
  if (n > 32) {
    for (guint shift = 0; shift < 32 && largest >> shift > 0; shift += 16) {
      sort_by_byte (leaves, other, n, shift);
      sort_by_byte (other, leaves, n, shift + 8);
    }
    return;
  }
  for (guint i = 1; i < n; i++) {
    Leaf leaf = leaves[i];
    guint j = i;
    for (; j > 0 && comes_before (leaf, leaves[j - 1]); j--)
      leaves[j] = leaves[j - 1];
    leaves[j] = leaf;
  }
}

/* Merges the n sorted leaves into a tree and counts how many lie at each depth. Nodes are numbered in the order of their making: 0 to n-1 the leaves,
 * then the inner ones, whose counts ascend; so the next smallest is always at the front of one of two queues. */
static void
count_depths (const Leaf *leaves, guint n, guint limit, guint *at_depth)
{
  guint64 count[2 * HD_HUFFMAN_SYMBOLS_MAX];
  guint16 parent[2 * HD_HUFFMAN_SYMBOLS_MAX];
  guint8 depth[2 * HD_HUFFMAN_SYMBOLS_MAX];
  guint leaf = 0, inner = n;
  for (guint i = 0; i < n; i++)
    count[i] = leaves[i].count;
  for (guint made = n; made < 2 * n - 1; made++) {
    count[made] = 0;
    for (int child = 0; child < 2; child++) {
      guint smallest = leaf < n && (inner >= made || count[leaf] <= count[inner]) ? leaf++ : inner++;
      count[made] += count[smallest];
      parent[smallest] = made;
    }
  }
  depth[2 * n - 2] = 0;
  for (guint i = 2 * n - 2; i-- > 0;) {
    depth[i] = MIN (depth[parent[i]] + 1, DEEPEST);
    if (i < n)
      at_depth[MIN (depth[i], limit)]++;
  }
}

/* Leaves that were too deep now share the deepest level, which overfills the code space: a leaf of a higher level goes down and takes one along,
 * until it fits. */
static void
cut_to_limit (guint *at_depth, guint limit)
{
  guint64 used = 0;
  for (guint d = 1; d <= limit; d++)
    used += (guint64) at_depth[d] << (limit - d);
  for (; used > (1u << limit); used--) {
    guint d = limit - 1;
    while (at_depth[d] == 0)
      d--;
    at_depth[limit]--;
    at_depth[d]--;
    at_depth[d + 1] += 2;
  }
}

/* The @bits lowest bits of @code in reverse order: halves are swapped, then quarters, and so on. */
static guint16
reverse (guint code, guint bits)
{
  guint r = ((code >> 1) & 0x5555) | (code & 0x5555) << 1;
  r = ((r >> 2) & 0x3333) | (r & 0x3333) << 2;
  r = ((r >> 4) & 0x0f0f) | (r & 0x0f0f) << 4;
  r = ((r >> 8) & 0x00ff) | (r & 0x00ff) << 8;
  return r >> (16 - bits);
}

static void
assign_codes (HdHuffman *self, guint n, const guint *at_depth, guint limit)
{
  guint next[16] = { 0 }, code = 0;
  for (guint d = 1; d <= limit; d++) {
    code = (code + at_depth[d - 1]) << 1;
    next[d] = code;
  }
  for (guint i = 0; i < n; i++)
    if (self->length[i] > 0)
      self->code[i] = reverse (next[self->length[i]]++, self->length[i]);
}

void
_hd_huffman_build (HdHuffman *self, const guint32 *counts, guint n, guint limit)
{
  Leaf leaves[HD_HUFFMAN_SYMBOLS_MAX];
  guint at_depth[16] = { 0 }, used = 0;
  guint32 largest = 0;
  memset (self->length, 0, n);
  for (guint i = 0; i < n; i++)
    if (counts[i] > 0) {
      leaves[used++] = (Leaf) { counts[i], i };
      largest = MAX (largest, counts[i]);
    }
  if (used == 0)
    return;
  if (used == 1) {
    at_depth[1] = 1;
  } else {
    sort_leaves (leaves, used, largest);
    count_depths (leaves, used, limit, at_depth);
    cut_to_limit (at_depth, limit);
  }
  /* The rarest get the longest. */
  guint i = 0;
  for (guint d = limit; d > 0; d--)
    for (guint k = 0; k < at_depth[d]; k++)
      self->length[leaves[i++].symbol] = d;
  assign_codes (self, n, at_depth, limit);
}
