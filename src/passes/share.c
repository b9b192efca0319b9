/* Pieces that several stacks read alike, of a weight or an input of the network, are one item: what one stack has fetched, the next finds there, if there was room to keep it. So weights
 * stay warm from one inference to the next. (What a layer makes is known by the node that makes it.)
 */
#include "config.h"
#include "passes/plan.h"

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
share_tensor (Plan *plan, HdTensorId tensor)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (hash_key, equal_keys, g_free, NULL);
  for (guint c = 0; c < plan->workload->tensors[tensor].n_consumers; c++) {
    guint32 first, n;
    hd_tiling_pieces_of (plan->tiling, plan->mapping->layer[plan->workload->tensors[tensor].consumers[c]].stack, tensor, &first, &n);
    for (guint32 p = first; p < first + n; p++) {
      Key key = { tensor, hd_tiling_piece_box (plan->tiling, p) };
      gpointer same = g_hash_table_lookup (known, &key);
      if (same != NULL)
        plan->piece_item[p] = GPOINTER_TO_UINT (same);
      else
        g_hash_table_insert (known, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (plan->piece_item[p]));
    }
  }
}

static gboolean
is_read_by_several_stacks (const Plan *plan, const HdTensor *tensor)
{
  for (guint c = 1; c < tensor->n_consumers; c++)
    if (plan->mapping->layer[tensor->consumers[c]].stack != plan->mapping->layer[tensor->consumers[0]].stack)
      return TRUE;
  return FALSE;
}

gboolean
plan_share_pieces (Plan *plan, GError **error)
{
  plan->piece_item = g_try_new (guint32, (gsize) plan->tiling->n_pieces + 1);
  if (plan->piece_item == NULL) {
    g_set_error (error, HD_ERROR, HD_ERROR_MEMORY, "%u pieces do not fit in memory", plan->tiling->n_pieces);
    return FALSE;
  }
  for (guint32 p = 0; p < plan->tiling->n_pieces; p++)
    plan->piece_item[p] = plan->tiling->n_nodes + p;
  for (HdTensorId t = 0; t < plan->workload->n_tensors; t++)
    if (plan->workload->tensors[t].producer == HD_NONE && is_read_by_several_stacks (plan, &plan->workload->tensors[t]))
      share_tensor (plan, t);
  return TRUE;
}
