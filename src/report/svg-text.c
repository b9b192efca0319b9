/* Text in drawings. */
#include "config.h"
#include "report/svg-text.h"

#include <string.h>

static double
char_width (gunichar c)
{
  if (c >= 0x1100)
    return g_unichar_iswide (c) ? 13 : 9;
  if (c < 0x80 && strchr ("iljtf.,:;'|!()[]I /", (char) c) != NULL)
    return 4.6;
  if (c < 0x80 && strchr ("mwMW@%", (char) c) != NULL)
    return 12;
  return g_unichar_isupper (c) || c == '_' ? 9 : 7.6;
}

double
_hd_svg_text_width (const char *text)
{
  double width = 0;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += char_width (g_utf8_get_char (text));
  return width;
}

char *
_hd_svg_shorten (const char *text, double most)
{
  const char *head = text, *tail = text + strlen (text);
  double left = most - 3 * 4.6;
  if (_hd_svg_text_width (text) <= most)
    return g_strdup (text);
  /* From both ends in turn, as long as there is room. */
  for (gboolean front = TRUE; head < tail; front = !front) {
    const char *next = front ? head : g_utf8_prev_char (tail);
    left -= char_width (g_utf8_get_char (next));
    if (left < 0)
      break;
    if (front)
      head = g_utf8_next_char (head);
    else
      tail = next;
  }
  return g_strdup_printf ("%.*s...%s", (int) (head - text), text, tail);
}

char *
_hd_svg_escape (const char *text)
{
  g_autoptr (GString) clean = g_string_new (NULL);
  for (; *text != '\0'; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);
    g_string_append_unichar (clean, c < 0x20 || (c >= 0x7f && c < 0xa0) || (c & 0xfffe) == 0xfffe ? ' ' : c);
  }
  return g_markup_escape_text (clean->str, (gssize) clean->len);
}

void
_hd_svg_double (FILE *out, const char *before, double value, const char *after)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  fprintf (out, "%s%s%s", before, g_ascii_formatd (number, sizeof number, "%.2f", value), after);
}

void
_hd_svg_text (FILE *out, double x, double y, const char *class, const char *text, double most)
{
  g_autofree char *shown = most > 0 ? _hd_svg_shorten (text, most) : g_strdup (text), *escaped = _hd_svg_escape (shown);
  _hd_svg_double (out, "<text x=\"", x, "\"");
  _hd_svg_double (out, " y=\"", y, "\"");
  fprintf (out, " class=\"%s\">%s", class, escaped);
  if (!g_str_equal (shown, text)) {
    g_autofree char *full = _hd_svg_escape (text);
    fprintf (out, "<title>%s</title>", full);
  }
  fputs ("</text>\n", out);
}
