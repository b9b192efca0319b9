/* Pieces that several stacks read alike, of a weight or an input of the network, are one item: what one stack has fetched, the next finds there, if there was room to keep it. So weights
 * stay warm from one inference to the next. (What a layer makes is known by the node that makes it.)
 */
#include "config.h"
#include "passes/graph.h"

#include <heddle/error.h>

typedef struct {
  HdTensorId tensor;
  HdBox box;
} Key;

static guint
hash_key (gconstpointer data)
{
  const Key *key = data;
  guint hash = key->tensor;
  for (guint d = 0; d < key->box.n; d++)
    hash = (hash * 31 + (guint) key->box.range[d].from) * 31 + (guint) key->box.range[d].to;
  return hash;
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  const Key *x = a, *y = b;
  return x->tensor == y->tensor && hd_box_equal (&x->box, &y->box);
}

/* All of a tensor's pieces: those of the first stack stand for the same of later ones. A stack whose pieces are looked at twice does no harm. */
static void
share_tensor (Graph *self, HdTensorId tensor)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (hash_key, equal_keys, g_free, NULL);
  for (guint c = 0; c < self->tiling->workload->tensors[tensor].n_consumers; c++) {
    guint32 first, n;
    hd_tiling_pieces_of (self->tiling, self->tiling->mapping->layer[self->tiling->workload->tensors[tensor].consumers[c]].stack, tensor, &first, &n);
    for (guint32 p = first; p < first + n; p++) {
      Key key = { tensor, hd_tiling_piece_box (self->tiling, p) };
      gpointer same = g_hash_table_lookup (known, &key);
      if (same != NULL)
        self->piece_item[p] = GPOINTER_TO_UINT (same);
      else
        g_hash_table_insert (known, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (self->piece_item[p]));
    }
  }
}

static gboolean
is_read_by_several_stacks (const Graph *self, const HdTensor *tensor)
{
  for (guint c = 1; c < tensor->n_consumers; c++)
    if (self->tiling->mapping->layer[tensor->consumers[c]].stack != self->tiling->mapping->layer[tensor->consumers[0]].stack)
      return TRUE;
  return FALSE;
}

gboolean
graph_share_pieces (Graph *self, GError **error)
{
  self->piece_item = g_try_new (guint32, (gsize) self->tiling->n_pieces + 1);
  if (self->piece_item == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u pieces do not fit in memory", self->tiling->n_pieces);
    return FALSE;
  }
  for (guint32 p = 0; p < self->tiling->n_pieces; p++)
    self->piece_item[p] = self->tiling->n_nodes + p;
  for (HdTensorId t = 0; t < self->tiling->workload->n_tensors; t++)
    if (self->tiling->workload->tensors[t].producer == HD_NONE && is_read_by_several_stacks (self, &self->tiling->workload->tensors[t]))
      share_tensor (self, t);
  return TRUE;
}
