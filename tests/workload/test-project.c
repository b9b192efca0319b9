/* Projections against their definition: every point of thousands of small random layers is looked at. */
#include "workload/random-layer.h"

#include <criterion/criterion.h>

#define LAYERS 6000

/* The hull of what the points of @box address in dimension @d of the input, each dimension by itself. */
static HdRange
hull_by_force (const RandomLayer *r, const HdBox *box, guint d)
{
  HdRange hull = { G_MAXINT64, G_MININT64 };
  gint64 point[HD_RANKS_MAX], index;
  for (guint k = 0; k < box->n; k++)
    point[k] = box->range[k].from;
  do
    if (address (&r->operands[0].projection[d], point, box->n, &index) && index >= 0 && (guint64) index < r->tensors[0].size[d]) {
      hull.from = MIN (hull.from, index);
      hull.to = MAX (hull.to, index + 1);
    }
  while (next_point (box, point));
  return hull;
}

Test (project, hull_is_that_of_the_points)
{
  HdRandom random;
  RandomLayer r;
  hd_random_init (&random, 1);
  for (guint i = 0; i < LAYERS; i++) {
    random_layer_init (&r, &random);
    HdBox box = random_box (&random, &r.layer);
    HdBox got = hd_operand_project (&r.layer, &r.operands[0], &box, &r.tensors[0]);
    for (guint d = 0; d < r.tensors[0].n_dims; d++) {
      HdRange want = hull_by_force (&r, &box, d);
      if (want.from > want.to)
        cr_assert_eq (hd_range_size (got.range[d]), 0, "layer %u dimension %u: not empty", i, d);
      else
        cr_assert (got.range[d].from == want.from && got.range[d].to == want.to, "layer %u dimension %u: [%ld, %ld) - expected [%ld, %ld)", i, d,
                   (long) got.range[d].from, (long) got.range[d].to, (long) want.from, (long) want.to);
    }
  }
}

static guint64
points_by_force (const RandomLayer *r, const HdBox *box)
{
  guint64 count = 0;
  gint64 point[HD_RANKS_MAX], index;
  for (guint k = 0; k < box->n; k++)
    point[k] = box->range[k].from;
  do {
    gboolean taken = TRUE;
    for (guint d = 0; d < r->tensors[0].n_dims && taken; d++)
      taken = address (&r->operands[0].projection[d], point, box->n, &index) && index >= 0 && (guint64) index < r->tensors[0].size[d];
    count += taken;
  } while (next_point (box, point));
  return count;
}

Test (project, effective_points_are_counted)
{
  HdRandom random;
  RandomLayer r;
  hd_random_init (&random, 2);
  for (guint i = 0; i < LAYERS; i++) {
    random_layer_init (&r, &random);
    HdBox box = random_box (&random, &r.layer);
    guint64 got = hd_layer_effective_points (&r.workload, &r.layer, &box), want = points_by_force (&r, &box);
    cr_assert_eq (got, want, "layer %u: %lu points - expected %lu", i, (unsigned long) got, (unsigned long) want);
    r.layer.layer_class = HD_LAYER_VECTOR;
    cr_assert_eq (hd_layer_effective_points (&r.workload, &r.layer, &box), hd_box_volume (&box));
  }
}

/* The outputs of a box as a hull, and whether they fill it. */
static HdBox
outputs_by_force (const RandomLayer *r, const HdBox *box, gboolean *is_box)
{
  guint8 made[4096] = { 0 };
  guint64 count = 0;
  gint64 point[HD_RANKS_MAX], index;
  HdBox hull = { r->tensors[1].n_dims, { { 0, 0 } } };
  for (guint d = 0; d < hull.n; d++)
    hull.range[d] = (HdRange) { G_MAXINT64, G_MININT64 };
  for (guint k = 0; k < box->n; k++)
    point[k] = box->range[k].from;
  do {
    guint64 at = 0;
    for (guint d = 0; d < hull.n; d++) {
      address (&r->operands[1].projection[d], point, box->n, &index);
      hull.range[d].from = MIN (hull.range[d].from, index);
      hull.range[d].to = MAX (hull.range[d].to, index + 1);
      at = at * r->tensors[1].size[d] + (guint64) index;
    }
    at %= sizeof made * 8;
    count += !(made[at / 8] & (1u << (at % 8)));
    made[at / 8] |= (guint8) (1u << (at % 8));
  } while (next_point (box, point));
  *is_box = count == hd_box_volume (&hull);
  return hull;
}

Test (project, outputs_of_a_box)
{
  HdRandom random;
  RandomLayer r;
  guint boxes = 0, others = 0;
  hd_random_init (&random, 3);
  for (guint i = 0; i < LAYERS; i++) {
    random_layer_init (&r, &random);
    if (r.tensors[1].n_dims == 0)
      continue;
    gboolean want;
    HdBox box = random_box (&random, &r.layer);
    HdBox hull = outputs_by_force (&r, &box, &want);
    HdBox got = hd_operand_project (&r.layer, &r.operands[1], &box, &r.tensors[1]);
    cr_assert (hd_box_equal (&got, &hull), "layer %u", i);
    cr_assert_eq (hd_layer_output_is_box (&r.layer, &box), want, "layer %u: %d - expected %d", i, !want, want);
    boxes += want;
    others += !want;
  }
  cr_assert (boxes > 1000 && others > 100, "the layers have to be of both kinds: %u, %u", boxes, others);
}

/* The smallest box of ranks that makes a box of the output. */
static HdBox
ranks_by_force (const RandomLayer *r, const HdBox *out)
{
  HdBox whole = hd_layer_whole_box (&r->layer), hull = whole;
  gint64 point[HD_RANKS_MAX] = { 0 }, index;
  for (guint k = 0; k < whole.n; k++)
    hull.range[k] = (HdRange) { G_MAXINT64, G_MININT64 };
  do {
    gboolean inside = TRUE;
    for (guint d = 0; d < out->n && inside; d++) {
      address (&r->operands[1].projection[d], point, whole.n, &index);
      inside = index >= out->range[d].from && index < out->range[d].to;
    }
    for (guint k = 0; k < whole.n && inside; k++) {
      hull.range[k].from = MIN (hull.range[k].from, point[k]);
      hull.range[k].to = MAX (hull.range[k].to, point[k] + 1);
    }
  } while (next_point (&whole, point));
  return hull;
}

Test (project, box_for_output_is_the_smallest)
{
  HdRandom random;
  RandomLayer r;
  hd_random_init (&random, 4);
  for (guint i = 0; i < LAYERS / 3; i++) {
    random_layer_init (&r, &random);
    HdBox out = { r.tensors[1].n_dims, { { 0, 0 } } };
    for (guint d = 0; d < out.n; d++) {
      gint64 size = (gint64) r.tensors[1].size[d];
      out.range[d].from = random_between (&random, 0, size - 1);
      out.range[d].to = random_between (&random, out.range[d].from + 1, size);
    }
    HdBox got = hd_layer_box_for_output (&r.layer, &out), want = ranks_by_force (&r, &out);
    cr_assert (hd_box_equal (&got, &want), "layer %u", i);
  }
}

/* A border of a convolution, by hand: rows -2..2 around row 0 of 540 with a kernel of 5: three of them are data. */
Test (project, border_of_a_convolution)
{
  const char *text = "<workload version='1' name='w'><tensor id='x' kind='input' shape='1 1 540 960'/>"
                     "<layer id='c' operator='Conv' inputs='x' channels='56' kernel_shape='5 5' pads='2 2 2 2'/></workload>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) w = hd_workload_parse_xml (text, strlen (text), "text", &error);
  cr_assert_not_null (w, "%s", error->message);
  const HdLayer *layer = &w->layers[0];
  HdBox row = hd_layer_whole_box (layer);
  int oy = hd_layer_find_rank (layer, "OY");
  row.range[oy] = (HdRange) { 0, 1 };
  const HdOperand *input = &layer->operands[0];
  HdBox read = hd_operand_project (layer, input, &row, &w->tensors[input->tensor]);
  cr_assert (read.range[2].from == 0 && read.range[2].to == 3 && read.range[3].from == 0 && read.range[3].to == 960);
  /* Three filter rows, and of 960 columns by 5: 960*5 less 2+1 at either side. */
  cr_assert_eq (hd_layer_effective_points (w, layer, &row), 56u * 3 * (960 * 5 - 6));
  row.range[oy] = (HdRange) { 538, 540 };
  read = hd_operand_project (layer, input, &row, &w->tensors[input->tensor]);
  cr_assert (read.range[2].from == 536 && read.range[2].to == 540);
}

/* A transposed convolution computes in * kernel products along each axis, whatever its stride. */
Test (project, transposed_convolution_is_a_comb)
{
  const char *text = "<workload version='1' name='w'><tensor id='x' kind='input' shape='1 2 6 7'/>"
                     "<layer id='c' operator='ConvTranspose' inputs='x' channels='3' kernel_shape='4 3' strides='2 3'/></workload>";
  g_autoptr (GError) error = NULL;
  g_autoptr (HdWorkload) w = hd_workload_parse_xml (text, strlen (text), "text", &error);
  cr_assert_not_null (w, "%s", error->message);
  HdBox box = hd_layer_whole_box (&w->layers[0]);
  cr_assert_eq (hd_layer_effective_points (w, &w->layers[0], &box), 2u * 3 * (6 * 4) * (7 * 3));
  cr_assert_eq (w->layers[0].points, 2u * 3 * (14 * 4) * (21 * 3));
}
