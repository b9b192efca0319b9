/* Projections as text, one expression per tensor dimension, separated by commas:
 *
 *     index      = dimension { "," dimension }
 *     dimension  = sum | "(" sum ")" "/" number [ "exact" ]
 *     sum        = [ "-" ] term { ( "+" | "-" ) term }
 *     term       = number [ "*" rank ] | rank
 *
 * e.g. "B, C, 2*OY + FY - 3, (OX - FX + 1)/2 exact". White space means nothing. A sum may name a rank once and has one number at most.
 * The canonical form has ranks in the layer's order, then the number, and "0" for nothing.
 */
#pragma once

#include <heddle/workload.h>

G_BEGIN_DECLS

/** Returns (transfer full): the canonical text of the first @n_dims projections of @operand. */
char *_hd_index_format (const HdLayer *layer, const HdOperand *operand, guint n_dims);

/**
 * _hd_index_parse:
 * @text: the text
 * @layer: gives the ranks
 * @operand: its projections are set
 * @n_dims: (out): dimensions found
 *
 * Errors: %HD_ERROR_INPUT, what is wrong and what was expected, without place.
 */
gboolean _hd_index_parse (const char *text, const HdLayer *layer, HdOperand *operand, guint *n_dims, GError **error);

G_END_DECLS
