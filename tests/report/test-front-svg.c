/* The drawing of a Pareto front: well formed, and every mark where its numbers say. HEDDLE_KEEP=FOLDER keeps what is drawn, to be looked at. */
#include "config.h"
#include <heddle/front-svg.h>
#include <heddle/random.h>

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

enum { MOST = 20000 };

typedef struct {
  double x[MOST], y[MOST];
  guint8 mark[MOST];
  guint32 number[MOST];
  HdFrontPlot plot;
} Drawing;

static char *
draw (const Drawing *drawing, const char *name)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream (&text, &length);
  hd_report_front_svg (&drawing->plot, out);
  fclose (out);
  if (g_getenv ("HEDDLE_KEEP") != NULL) {
    g_autofree char *path = g_strdup_printf ("%s/%s.svg", g_getenv ("HEDDLE_KEEP"), name);
    g_file_set_contents (path, text, -1, NULL);
  }
  return text;
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;
  for (const char *at = strstr (text, what); at != NULL; at = strstr (at + 1, what))
    n++;
  return n;
}

static Drawing *
drawing_new (void)
{
  Drawing *self = g_new0 (Drawing, 1);
  self->plot = (HdFrontPlot) {
    .title = "resnet18 on tpu-like-quad", .subtitle = "10,000 allocations", .x_label = "latency [10^6 cycles]", .y_label = "energy [mJ]",
    .x = self->x, .y = self->y, .mark = self->mark, .number = self->number,
  };
  return self;
}

static void
add (Drawing *self, double x, double y, HdFrontMark mark, guint32 number)
{
  guint i = self->plot.n_points++;
  self->x[i] = x;
  self->y[i] = y;
  self->mark[i] = (guint8) mark;
  self->number[i] = number;
}

/* A front y = 8 / x in steps of a third, and a cloud that is dominated by it. */
static Drawing *
cloud_new (guint n_cloud)
{
  Drawing *self = drawing_new ();
  HdRandom random;
  hd_random_init (&random, 1);
  for (guint i = 0; i < n_cloud; i++) {
    double x = 1 + 2.3 * hd_random_double (&random), over = hd_random_double (&random);
    add (self, x * (1 + over / 2) + 1 / 3.0, 8 / x * (1 + 3 * over * over), HD_FRONT_DOMINATED, 0);
  }
  add (self, 3.2, 4.5, HD_FRONT_START, 0);
  for (guint i = 0; i < 9; i++)
    add (self, 1 + i / 3.0, 8 / (1 + i / 3.0) - 0.05, i == 4 ? HD_FRONT_BEST : HD_FRONT_MEMBER, i + 1);
  return self;
}

Test (front, draws_every_mark_and_every_number)
{
  g_autofree Drawing *drawing = cloud_new (5000);
  g_autofree char *text = draw (drawing, "cloud");
  cr_expect_eq (count (text, "class=\"member\" r="), 8 + 1, "eight and the key's");
  cr_expect_eq (count (text, "class=\"member best\""), 1 + 1);
  cr_expect_eq (count (text, "class=\"start\""), 1 + 1);
  cr_expect_eq (count (text, "class=\"number\""), 9);
  cr_expect_eq (count (text, "class=\"stairs\""), 1);
  cr_expect_not_null (strstr (text, "latency [10^6 cycles]<"));
  cr_expect_lt (strlen (text), 100000, "five thousand points take %zu bytes", strlen (text));
}

Test (front, stairs_go_through_the_front_only)
{
  g_autofree Drawing *drawing = cloud_new (300);
  g_autofree char *text = draw (drawing, "stairs");
  const char *stairs = strstr (text, "class=\"stairs\"");
  cr_assert_not_null (stairs);
  g_autofree char *path = g_strndup (stairs, (gsize) (strchr (stairs, '>') - stairs));
  cr_expect_eq (count (path, "H"), 9, "a step for each of nine, the last one to the edge");
}

Test (front, what_is_far_from_the_front_lies_outside_and_is_counted)
{
  g_autofree Drawing *drawing = drawing_new ();
  for (guint i = 0; i < 90; i++)
    add (drawing, 2 + i / 90.0, 2, HD_FRONT_DOMINATED, 0);
  for (guint i = 0; i < 10; i++)
    add (drawing, 1000, 2, HD_FRONT_DOMINATED, 0);
  add (drawing, 1, 2, HD_FRONT_MEMBER, 1);
  add (drawing, 2, 1, HD_FRONT_BEST, 2);
  g_autofree char *text = draw (drawing, "outside");
  cr_expect_not_null (strstr (text, "10 of 102 feasible points lie outside"));
}

Test (front, an_axis_over_decades_is_logarithmic)
{
  g_autofree Drawing *drawing = drawing_new ();
  for (guint i = 0; i < 7; i++)
    add (drawing, 1000 << (2 * i), 7 - i, HD_FRONT_MEMBER, i + 1);
  g_autofree char *text = draw (drawing, "logarithmic");
  cr_expect_eq (count (text, ", logarithmic"), 1);
  cr_expect_not_null (strstr (text, ">1,000,000<"));
}

Test (front, few_and_equal_points_have_axes_too)
{
  g_autofree Drawing *none = drawing_new ();
  g_autofree char *empty = draw (none, "empty");
  cr_expect_not_null (strstr (empty, "</svg>"));
  g_autofree Drawing *one = drawing_new ();
  add (one, 5, 0, HD_FRONT_BEST, 1);
  g_autofree char *single = draw (one, "single");
  cr_expect (strstr (single, "nan") == NULL && strstr (single, "inf") == NULL);
  cr_expect_eq (count (single, "class=\"member best\""), 2);
}

Test (front, of_one_objective_the_way_there_is_drawn)
{
  g_autofree Drawing *drawing = drawing_new ();
  drawing->plot.x_is_order = TRUE;
  drawing->plot.x_label = "evaluation";
  HdRandom random;
  hd_random_init (&random, 2);
  for (guint i = 0; i < 2000; i++)
    add (drawing, i + 1, 5 + 20 * hd_random_double (&random) * 200 / (200 + i), HD_FRONT_DOMINATED, 0);
  add (drawing, 2001, 4, HD_FRONT_BEST, 0);
  g_autofree char *text = draw (drawing, "way");
  cr_expect_not_null (strstr (text, ">evaluation<"));
  cr_expect_not_null (strstr (text, ">2000<"));
  cr_expect_eq (count (text, "class=\"stairs\""), 1);
}
