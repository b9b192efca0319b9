/* Projections to text and back; the grammar stands in index.h. */
#include "config.h"
#include "workload/index.h"

#include <string.h>

/* --- writing ------------------------------------------------------------------------------------ */

static void
append_sum (GString *out, const HdLayer *layer, const HdProjection *p)
{
  gboolean first = TRUE;
  for (guint r = 0; r < layer->n_ranks; r++) {
    gint64 c = p->coefficient[r];
    if (c == 0)
      continue;
    g_string_append (out, first ? (c < 0 ? "-" : "") : (c < 0 ? " - " : " + "));
    if (ABS (c) != 1)
      g_string_append_printf (out, "%" G_GINT64_FORMAT "*", ABS (c));
    g_string_append (out, layer->rank[r].name);
    first = FALSE;
  }
  if (first)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, p->offset);
  else if (p->offset != 0)
    g_string_append_printf (out, " %c %" G_GINT64_FORMAT, p->offset < 0 ? '-' : '+', ABS (p->offset));
}

char *
_hd_index_format (const HdLayer *layer, const HdOperand *operand, guint n_dims)
{
  GString *out = g_string_new (NULL);
  for (guint d = 0; d < n_dims; d++) {
    const HdProjection *p = &operand->projection[d];
    if (d > 0)
      g_string_append (out, ", ");
    if (p->divisor != 1)
      g_string_append_c (out, '(');
    append_sum (out, layer, p);
    if (p->divisor != 1)
      g_string_append_printf (out, ")/%" G_GINT64_FORMAT "%s", p->divisor, p->exact ? " exact" : "");
  }
  return g_string_free (out, FALSE);
}

/* --- reading ------------------------------------------------------------------------------------ */

typedef struct {
  const char *at;
  const HdLayer *layer;
  GError **error;
} Scanner;

static gboolean
fail (Scanner *s, const char *what)
{
  g_set_error (s->error, HD_ERROR, HD_ERROR_INPUT, "%s at \"%.30s\"", what, s->at);
  return FALSE;
}

static void
skip_space (Scanner *s)
{
  while (g_ascii_isspace (*s->at))
    s->at++;
}

static gboolean
accept (Scanner *s, char c)
{
  skip_space (s);
  if (*s->at != c)
    return FALSE;
  s->at++;
  skip_space (s);
  return TRUE;
}

/* Offsets can be larger than coefficients and divisors: Resize adds products of sizes. */
#define OFFSET_MAX (G_GINT64_CONSTANT (1) << 61)

/* A number of at most 2^61. */
static gboolean
scan_number (Scanner *s, gint64 *out)
{
  gint64 value = 0;
  if (!g_ascii_isdigit (*s->at))
    return fail (s, "no number - expected one");
  for (; g_ascii_isdigit (*s->at); s->at++) {
    gboolean fits = value <= OFFSET_MAX / 10;
    value = fits ? value * 10 + (*s->at - '0') : value;
    if (!fits || value > OFFSET_MAX)
      return fail (s, "a number is too large - expected at most 2^61");
  }
  *out = value;
  return TRUE;
}

static int
scan_rank (Scanner *s)
{
  const char *start = s->at;
  while (g_ascii_isalnum (*s->at) || *s->at == '_')
    s->at++;
  g_autofree char *name = g_strndup (start, MIN (s->at - start, 64));
  int r = hd_layer_find_rank (s->layer, name);
  if (r < 0)
    s->at = start;
  return r;
}

static gboolean
scan_term (Scanner *s, int sign, HdProjection *p, gboolean *has_number)
{
  gint64 number = 1;
  skip_space (s);
  gboolean digits = g_ascii_isdigit (*s->at);
  if (digits && !scan_number (s, &number))
    return FALSE;
  if (digits && !accept (s, '*')) {
    if (*has_number)
      return fail (s, "a second number in a sum - expected one at most");
    *has_number = TRUE;
    p->offset = sign * number;
    return TRUE;
  }
  int r = scan_rank (s);
  if (r < 0)
    return fail (s, "no rank of the layer - expected one");
  if (p->coefficient[r] != 0)
    return fail (s, "a rank stands twice in a sum - expected once, before");
  if (number == 0 || number > G_MAXINT32)
    return fail (s, "a coefficient is 0 or too large - expected at most 2147483647, before");
  p->coefficient[r] = (gint32) (sign * number);
  return TRUE;
}

static gboolean
scan_sum (Scanner *s, HdProjection *p)
{
  gboolean has_number = FALSE;
  int sign = accept (s, '-') ? -1 : 1;
  for (;;) {
    if (!scan_term (s, sign, p, &has_number))
      return FALSE;
    if (accept (s, '+'))
      sign = 1;
    else if (accept (s, '-'))
      sign = -1;
    else
      return TRUE;
  }
}

static gboolean
scan_dimension (Scanner *s, HdProjection *p)
{
  memset (p, 0, sizeof *p);
  p->divisor = 1;
  if (!accept (s, '('))
    return scan_sum (s, p);
  if (!scan_sum (s, p))
    return FALSE;
  if (!accept (s, ')'))
    return fail (s, "expected \")\"");
  if (!accept (s, '/'))
    return fail (s, "expected \"/\" and a divisor");
  if (!scan_number (s, &p->divisor))
    return FALSE;
  if (p->divisor < 2)
    return fail (s, "a divisor is less than 2 - expected 2 or more, before");
  skip_space (s);
  if (g_str_has_prefix (s->at, "exact")) {
    p->exact = TRUE;
    s->at += strlen ("exact");
  }
  return TRUE;
}

gboolean
_hd_index_parse (const char *text, const HdLayer *layer, HdOperand *operand, guint *n_dims, GError **error)
{
  Scanner s = { text, layer, error };
  *n_dims = 0;
  do {
    if (*n_dims == HD_DIMS_MAX)
      return fail (&s, "more than 8 dimensions - expected 8 at most");
    if (!scan_dimension (&s, &operand->projection[*n_dims]))
      return FALSE;
    ++*n_dims;
  } while (accept (&s, ','));
  if (*s.at != '\0')
    return fail (&s, "text is left over - expected \",\" or the end");
  return TRUE;
}
