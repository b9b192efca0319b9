/* Memory in one go: a tiling has hundreds of small arrays, which come and go together. A search makes a tiling for each candidate. */
#include "config.h"
#include "tiling/grid.h"

#include <string.h>

#define BLOCK_BYTES (32 << 10)
#define SMALL_BYTES (4 << 10)     /* more than this has memory of its own */

gpointer
_hd_tiling_take (HdTilingArena *self, guint64 n, gsize size, const char *what, GError **error)
{
  gsize bytes;
  if (!g_size_checked_mul (&bytes, MAX (n, 1), size) || bytes > SMALL_BYTES) {
    gpointer own = _hd_tiling_alloc (n, size, what, error);
    if (own != NULL && self->large == NULL)
      self->large = g_ptr_array_new_with_free_func (g_free);
    if (own != NULL)
      g_ptr_array_add (self->large, own);
    return own;
  }
  bytes = (bytes + 15) & ~(gsize) 15;
  if (self->block == NULL || self->used + bytes > BLOCK_BYTES) {
    HdTilingBlock *block = g_malloc0 (sizeof *block + BLOCK_BYTES);
    block->before = self->block;
    self->block = block;
    self->used = 0;
  }
  gpointer memory = self->block->data + self->used;
  self->used += bytes;
  return memory;
}

static void
free_blocks (HdTilingBlock *block)
{
  while (block != NULL) {
    HdTilingBlock *before = block->before;
    g_free (block);
    block = before;
  }
}

void
_hd_tiling_arena_reset (HdTilingArena *self)
{
  g_clear_pointer (&self->large, g_ptr_array_unref);
  if (self->block == NULL)
    return;
  free_blocks (self->block->before);
  self->block->before = NULL;
  memset (self->block->data, 0, self->used);
  self->used = 0;
}

void
_hd_tiling_arena_clear (HdTilingArena *self)
{
  g_clear_pointer (&self->large, g_ptr_array_unref);
  free_blocks (self->block);
  *self = (HdTilingArena) { 0 };
}
