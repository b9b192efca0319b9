/* The picture: one row a target, chip by chip; the axis is the error, a dot the simulation. A filled dot stands on no fitted number, an open one on some; an arrow points to what lies outside the axis.
 * The grey bar is the target's band, the green strip what was asked for: 4 % each way. */
#include "config.h"
#include "report/svg-text.h"
#include "validate/words.h"

#include <heddle/units.h>

#include <math.h>

enum { LEFT = 250, AXIS = 560, RIGHT = 310, ROW = 22, TOP = 74, WIDTH = LEFT + AXIS + RIGHT };
#define REACH 50.0 /* the axis goes so far to each side [%] */
#define ASKED 4.0

static double
x_of (double percent)
{
  return LEFT + AXIS * (CLAMP (percent, -REACH, REACH) + REACH) / (2 * REACH);
}

static void
put_rectangle (FILE *out, double from, double to, double y, double height, const char *class)
{
  _hd_svg_double (out, "<rect x=\"", x_of (from), "\"");
  _hd_svg_double (out, " y=\"", y, "\"");
  _hd_svg_double (out, " width=\"", MAX (1.5, x_of (to) - x_of (from)), "\"");
  _hd_svg_double (out, " height=\"", height, "\"");
  fprintf (out, " class=\"%s\"/>\n", class);
}

static void
put_axis (FILE *out, double bottom)
{
  put_rectangle (out, -ASKED, ASKED, TOP - 6, bottom - TOP + 6, "asked");
  for (int percent = -50; percent <= 50; percent += 10) {
    g_autofree char *text = g_strdup_printf ("%+d %%", percent);
    _hd_svg_double (out, "<line x1=\"", x_of (percent), "\"");
    _hd_svg_double (out, " x2=\"", x_of (percent), "\"");
    fprintf (out, " y1=\"%d\"", TOP - 6);
    _hd_svg_double (out, " y2=\"", bottom, "\"");
    fprintf (out, " class=\"%s\"/>\n", percent == 0 ? "zero" : "line");
    _hd_svg_text (out, x_of (percent), TOP - 12, "tick", percent == 0 ? "0" : text, 0);
  }
}

/* A dot, or, beyond the axis, a triangle that points there. */
static void
put_mark (FILE *out, double percent, double y, gboolean fitted)
{
  const char *class = fitted ? "fitted" : "plain";
  double x = x_of (percent), tip = percent > 0 ? 7 : -7;
  if (fabs (percent) <= REACH) {
    _hd_svg_double (out, "<circle cx=\"", x, "\"");
    _hd_svg_double (out, " cy=\"", y, "\" r=\"5\"");
    fprintf (out, " class=\"%s\"/>\n", class);
    return;
  }
  _hd_svg_double (out, "<path d=\"M", x - tip, " ");
  _hd_svg_double (out, "", y - 5, " l");
  _hd_svg_double (out, "", tip, " 5 l");
  _hd_svg_double (out, "", -tip, " 5 z\"");
  fprintf (out, " class=\"%s\"/>\n", class);
}

static void
put_row (const HdValidation *self, const HdValidationTarget *target, double y, FILE *out)
{
  g_auto (GStrv) fitted = hd_validation_parameters (self, target, HD_PROVENANCE_FITTED);
  g_autofree char *published = _hd_validation_number (target->published), *simulated = _hd_validation_number (target->simulated);
  const char *unit = hd_validation_unit (target->quantity);
  g_autoptr (GString) text = g_string_new (NULL);
  _hd_validation_append_error (text, target->error_percent);
  g_string_append_printf (text, " %%: %s for %s%s%s", simulated, published, g_str_equal (unit, "1") ? "" : " ", g_str_equal (unit, "1") ? "" : unit);
  _hd_svg_text (out, LEFT - 12, y + 4, "label", target->id, LEFT - 20);
  put_rectangle (out, target->least, target->most, y - 4, 8, "band");
  put_mark (out, target->error_percent, y, fitted[0] != NULL);
  _hd_svg_text (out, LEFT + AXIS + 14, y + 4, "number", text->str, RIGHT - 18);
}

static guint
count_wanted (const HdValidation *self, guint chip)
{
  guint n = 0;
  for (guint t = 0; t < self->n_targets; t++)
    n += self->target[t].wanted && self->run[self->target[t].run].chip == chip;
  return n;
}

static double
put_chip (const HdValidation *self, guint chip, double y, FILE *out)
{
  if (count_wanted (self, chip) == 0)
    return y;
  _hd_svg_text (out, 12, y + 4, "chip", self->chip[chip].name, LEFT - 20);
  for (guint t = 0; t < self->n_targets; t++)
    if (self->target[t].wanted && self->run[self->target[t].run].chip == chip)
      put_row (self, &self->target[t], y += ROW, out);
  return y + ROW + 6;
}

void
hd_validation_svg (const HdValidation *self, FILE *out)
{
  double bottom = TOP + 4;
  for (guint c = 0; c < self->n_chips; c++)
    bottom += count_wanted (self, c) > 0 ? (count_wanted (self, c) + 1) * ROW + 6 : 0;
  fprintf (out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", WIDTH, (int) bottom + 34, WIDTH, (int) bottom + 34);
  fputs ("<style>text{font:12px sans-serif;fill:#222}.title{font-size:16px;font-weight:bold}.chip{font-weight:bold}.label{text-anchor:end}.tick{text-anchor:middle;fill:#555;font-size:11px}"
         ".note{fill:#555;font-size:11px}.line{stroke:#0002}.zero{stroke:#0008}.asked{fill:#2a43}.band{fill:#0002}.plain{fill:#1668c1;stroke:#1668c1;stroke-width:2}"
         ".fitted{fill:#fff;stroke:#c1661a;stroke-width:2}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n", out);
  _hd_svg_text (out, 12, 24, "title", "Simulated against published: error by target", 0);
  put_axis (out, bottom);
  double y = TOP + 8;
  for (guint c = 0; c < self->n_chips; c++)
    y = put_chip (self, c, y, out);
  put_mark (out, -REACH, bottom + 18, FALSE);
  _hd_svg_text (out, LEFT + 12, bottom + 22, "note", "no fitted number", 0);
  put_mark (out, -REACH + 25, bottom + 18, TRUE);
  _hd_svg_text (out, x_of (-REACH + 25) + 12, bottom + 22, "note", "with fitted numbers", 0);
  _hd_svg_text (out, x_of (0), bottom + 22, "note", "green: within 4 %; grey: the band in which the error is expected; triangles: beyond the axis", 0);
  fputs ("</svg>\n", out);
}
