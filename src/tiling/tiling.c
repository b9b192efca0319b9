/* The tiling's life: every layer's grid, then pieces, dependencies, shapes and weight keys. */
#include "config.h"
#include "tiling/grid.h"

#include <unistd.h>

/* --- memory ------------------------------------------------------------------------------------------- */

/* Small sizes are not held against the machine's memory: asking for that takes longer than a small tiling. */
#define SMALL_BYTES (64 << 20)

/* The kernel grants more than there is; what is larger than the machine's memory is refused here. */
gboolean
_hd_tiling_is_in_memory (guint64 bytes)
{
  if (bytes <= SMALL_BYTES)
    return TRUE;
  long pages = sysconf (_SC_PHYS_PAGES), size = sysconf (_SC_PAGESIZE);
  return pages <= 0 || size <= 0 || bytes <= (guint64) pages * (guint64) size;
}

gpointer
_hd_tiling_alloc (guint64 n, gsize size, const char *what, GError **error)
{
  gsize bytes;
  gpointer memory = NULL;
  if (g_size_checked_mul (&bytes, MAX (n, 1), size) && _hd_tiling_is_in_memory (bytes))
    memory = g_try_malloc0 (bytes);
  if (memory == NULL)
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%" G_GUINT64_FORMAT " %s of %" G_GSIZE_FORMAT " byte each do not fit in memory - expected larger tiles or cuts", n, what,
                 size);
  return memory;
}

int
_hd_tiling_compare_u64 (const void *a, const void *b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;
  return x < y ? -1 : x > y;
}

/* --- life --------------------------------------------------------------------------------------------- */

HdTiling *
hd_tiling_ref (HdTiling *self)
{
  g_atomic_int_inc (&self->references);
  return self;
}

static void
grid_free (HdTilingGrid *grid)
{
  _hd_tiling_arena_clear (&grid->arena);
  _hd_tiling_arena_clear (&grid->scratch);
  g_array_unref (grid->pieces);
  g_free (grid->layer);
  g_free (grid);
}

void
hd_tiling_unref (HdTiling *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->references))
    return;
  for (guint s = 0; s < self->grid->n_stacks; s++)
    g_free (self->stack[s].axis_tiles);
  grid_free (self->grid);
  g_free (self->stack);
  g_free (self->layer_first);
  g_free (self->dependency_begin);
  g_free (self->dependency);
  g_free (self->read_begin);
  g_free (self->read);
  g_free (self->shape);
  hd_mapping_unref (self->mapping);
  hd_workload_unref (self->workload);
  g_free (self);
}

static HdTiling *
tiling_new (HdMapping *mapping)
{
  HdTiling *self = g_new0 (HdTiling, 1);
  self->references = 1;
  self->mapping = hd_mapping_ref (mapping);
  self->workload = hd_workload_ref (mapping->workload);
  self->stack = g_new0 (HdTilingStack, mapping->n_stacks + 1);
  self->layer_first = g_new0 (guint32, self->workload->n_layers + 1);
  self->grid = g_new0 (HdTilingGrid, 1);
  self->grid->n_layers = self->workload->n_layers;
  self->grid->n_stacks = mapping->n_stacks;
  self->grid->layer = g_new0 (HdTilingLayer, self->workload->n_layers + 1);
  self->grid->pieces = g_array_sized_new (FALSE, TRUE, sizeof (HdTilingPieces), 2 * self->workload->n_layers);
  return self;
}

/* Numbers the nodes layer after layer. */
static gboolean
number_layers (HdTiling *self, GError **error)
{
  guint64 n = 0;
  for (HdLayerId l = 0; l < self->workload->n_layers; l++) {
    if (!_hd_tiling_number_layer (self, l, error))
      return FALSE;
    n += self->grid->layer[l].n_nodes;
    if (n > HD_TILING_MAX_NODES) {
      g_set_error (error, HD_ERROR, HD_ERROR_NEGATIVE, "%s: more than %d nodes - expected larger tiles or cuts", self->mapping->file, HD_TILING_MAX_NODES);
      return FALSE;
    }
    self->layer_first[l + 1] = (guint32) n;
  }
  self->n_nodes = (guint32) n;
  return TRUE;
}

HdTiling *
hd_tiling_new (HdMapping *mapping, GError **error)
{
  g_autoptr (HdTiling) self = tiling_new (mapping);
  for (HdStackId s = 0; s < mapping->n_stacks; s++)
    if (!_hd_tiling_derive_stack (self, s, error))
      return NULL;
  if (!number_layers (self, error) || !_hd_tiling_make_pieces (self, error) || !_hd_tiling_make_dependencies (self, error)
      || !_hd_tiling_make_shapes (self, error) || !_hd_tiling_make_weight_keys (self, error))
    return NULL;
  _hd_tiling_arena_clear (&self->grid->scratch);
  return g_steal_pointer (&self);
}
