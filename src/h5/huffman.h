/* Huffman codes of limited length, canonical as RFC 1951 wants them. */
#pragma once

#include <glib.h>

#define HD_HUFFMAN_SYMBOLS_MAX 288

typedef struct {
  guint8 length[HD_HUFFMAN_SYMBOLS_MAX];  /* bits; 0: the symbol has no code */
  guint16 code[HD_HUFFMAN_SYMBOLS_MAX];   /* first bit lowest */
} HdHuffman;

/**
 * _hd_huffman_build:
 * @counts: (array length=n): how often each symbol occurs
 * @limit: longest code, at most 15; 2^limit >= n
 *
 * A single symbol gets a code of one bit. Time: O(s log s), s the symbols that occur.
 */
void _hd_huffman_build (HdHuffman *self, const guint32 *counts, guint n, guint limit);
