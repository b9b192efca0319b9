/* The ONNX file before it is decoded: checked, and without the weights' values.
 *
 * Decoding takes memory that a small hostile file can make large: a message of 2 byte becomes a structure of 200. So the wire format is walked first, with
 * a table of the messages that are read: what is broken is an error at its byte; messages are counted and limited; fields that nobody reads, and values of
 * tensors beyond HD_ONNX_VALUES_MAX, are left out. A model of gigabytes shrinks to its graph, and only its pages pass through memory.
 */
#pragma once

#include <heddle/error.h>

#include <glib.h>

G_BEGIN_DECLS

/** The largest file [byte]. */
#define HD_ONNX_BYTES_MAX (G_GUINT64_CONSTANT (1) << 33)
/** The most messages and strings in a file [1]. */
#define HD_ONNX_MESSAGES_MAX 200000u
/** Values of a tensor that take more are left out [byte]. */
#define HD_ONNX_VALUES_MAX 65536u
/** The most that is left after filtering [byte]. */
#define HD_ONNX_FILTERED_MAX (48u << 20)

/**
 * _hd_onnx_filter:
 *
 * Returns: a model with only the fields of onnx.proto, or NULL.
 * Errors: %HD_ERROR_INPUT, with the byte at which the file is broken; without the file's name.
 */
GByteArray *_hd_onnx_filter (const guint8 *data, gsize length, GError **error);

G_END_DECLS
