/* Points in a union of boxes, counted in the grid that all their edges make. */
#include "config.h"
#include <heddle/box.h>

#include <heddle/checked.h>

#include <stdlib.h>

#define MAX_CELLS (G_GUINT64_CONSTANT (1) << 26)
#define MAX_STEPS (G_GUINT64_CONSTANT (1) << 28)

typedef struct {
  guint n;                       /* dimensions */
  GArray *edge[HD_BOX_MAX];      /* of gint64: ascending, distinct */
  guint64 stride[HD_BOX_MAX];    /* of cells */
  guint64 n_cells;
  guint8 *taken;                 /* a bit for each cell */
} Grid;

static void
grid_clear (Grid *grid)
{
  for (guint d = 0; d < grid->n; d++)
    g_clear_pointer (&grid->edge[d], g_array_unref);
  g_free (grid->taken);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Grid, grid_clear)

static int
compare_edges (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;
  return x < y ? -1 : x > y;
}

static GArray *
collect_edges (const HdBox *boxes, gsize n, guint d)
{
  GArray *edge = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint kept = 0;
  for (gsize i = 0; i < n; i++)
    if (!hd_box_is_empty (&boxes[i])) {
      g_array_append_val (edge, boxes[i].range[d].from);
      g_array_append_val (edge, boxes[i].range[d].to);
    }
  g_array_sort (edge, compare_edges);
  for (guint i = 0; i < edge->len; i++)
    if (kept == 0 || g_array_index (edge, gint64, i) != g_array_index (edge, gint64, kept - 1))
      g_array_index (edge, gint64, kept++) = g_array_index (edge, gint64, i);
  g_array_set_size (edge, kept);
  return edge;
}

static guint
find_edge (const GArray *edge, gint64 value)
{
  const gint64 *found = bsearch (&value, edge->data, edge->len, sizeof value, compare_edges);
  return (guint) (found - (const gint64 *) (const void *) edge->data);
}

/* The cells of a box, as a box of cell numbers. */
static HdBox
cells_of (const Grid *grid, const HdBox *box)
{
  HdBox cells = { .n = grid->n };
  for (guint d = 0; d < grid->n; d++)
    cells.range[d] = (HdRange) { find_edge (grid->edge[d], box->range[d].from), find_edge (grid->edge[d], box->range[d].to) };
  return cells;
}

static guint64
cell_volume (const Grid *grid, const guint64 *at)
{
  guint64 volume = 1;
  for (guint d = 0; d < grid->n; d++) {
    guint64 size = (guint64) (g_array_index (grid->edge[d], gint64, at[d] + 1) - g_array_index (grid->edge[d], gint64, at[d]));
    if (!hd_mul_u64 (volume, size, &volume))
      return G_MAXUINT64;
  }
  return volume;
}

/* Takes the cells of @cells that nobody has taken; returns their points. */
static guint64
take (Grid *grid, const HdBox *cells)
{
  guint64 at[HD_BOX_MAX], sum = 0;
  for (guint d = 0; d < grid->n; d++)
    at[d] = (guint64) cells->range[d].from;
  for (;;) {
    guint64 cell = 0;
    guint d = grid->n;
    for (guint i = 0; i < grid->n; i++)
      cell += at[i] * grid->stride[i];
    if (!(grid->taken[cell / 8] >> cell % 8 & 1)) {
      grid->taken[cell / 8] = (guint8) (grid->taken[cell / 8] | 1u << cell % 8);
      sum = hd_add_u64 (sum, cell_volume (grid, at), &sum) ? sum : G_MAXUINT64;
    }
    while (d > 0 && ++at[d - 1] == (guint64) cells->range[d - 1].to) {
      at[d - 1] = (guint64) cells->range[d - 1].from;
      d--;
    }
    if (d == 0)
      return sum;
  }
}

/* FALSE: too many cells or steps. */
static gboolean
grid_init (Grid *grid, const HdBox *boxes, gsize n)
{
  guint64 steps = 0;
  *grid = (Grid) { .n = boxes[0].n, .n_cells = 1 };
  for (guint d = grid->n; d-- > 0;) {
    grid->edge[d] = collect_edges (boxes, n, d);
    grid->stride[d] = grid->n_cells;
    if (grid->edge[d]->len < 2 || !hd_mul_u64 (grid->n_cells, grid->edge[d]->len - 1, &grid->n_cells) || grid->n_cells > MAX_CELLS)
      return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    HdBox cells = hd_box_is_empty (&boxes[i]) ? (HdBox) { .n = grid->n } : cells_of (grid, &boxes[i]);
    if (!hd_add_u64 (steps, hd_box_volume (&cells), &steps) || steps > MAX_STEPS)
      return FALSE;
  }
  grid->taken = g_malloc0 (grid->n_cells / 8 + 1);
  return TRUE;
}

guint64
hd_box_union_volume (const HdBox *boxes, gsize n)
{
  g_auto (Grid) grid = { 0 };
  guint64 largest = 0, sum = 0;
  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, hd_box_volume (&boxes[i]));
  if (n < 2 || boxes[0].n == 0 || largest == 0 || !grid_init (&grid, boxes, n))
    return largest;
  for (gsize i = 0; i < n; i++)
    if (!hd_box_is_empty (&boxes[i])) {
      HdBox cells = cells_of (&grid, &boxes[i]);
      sum = hd_add_u64 (sum, take (&grid, &cells), &sum) ? sum : G_MAXUINT64;
    }
  return sum;
}
