/* A loop nest, executed. Nothing here knows a formula.
 *
 * Each step of the temporal loops, every place of the array works on one point of the layer, or idles when a rank has no such index. A place belongs to one instance of each level of each operand: those dimensions
 * that a level, or one below it, serves do not tell instances apart. An instance's tile is the set of elements that its places address in the steps for which the loops above its boundary stand
 * still. When a loop above steps on which the operand's data depend, the tile is replaced:
 *
 *   inputs:  each instance below writes its new tile; each instance above reads what the instances under it need, everything once
 *   outputs: each instance below gives its tile up, each instance above writes what comes from under it, once; a new tile that has been worked on before comes down again,
 *            to one of the instances that will add to it
 *
 * An access moves at most `granularity` bits. The array reads and writes level 0 each step. Sums that are complete have the tensor's bits, others partial_bits; so has what one of several
 * instances gives that add to the same outputs.
 */
#include "cost/walker.h"

#include <math.h>
#include <string.h>

typedef struct {
  const Toy *toy;
  const HdBox *box;
  const HdCostMapping *m;
  guint n_levels[HD_N_OPERANDS];
  const HdLevel *level[HD_N_OPERANDS][HD_COST_LEVELS_MAX];
  guint64 unroll[HD_RANKS_MAX];
  guint64 digit[HD_COST_LOOPS_MAX], previous[HD_COST_LOOPS_MAX];
  GHashTable *done;             /* by output element: points added so far */
  gboolean partial_in, partial_out;
  Walk *result;
} Walker;

static gboolean
depends (const Walker *w, guint operand, guint rank)
{
  const HdOperand *o = &w->toy->operand[operand];

  for (guint d = 0; d < w->toy->tensor[operand].n_dims; d++)
    if (o->projection[d].coefficient[rank] != 0)
      return TRUE;
  return FALSE;
}

/* The dimension is inside an instance of level l. */
static gboolean
inside (const Walker *w, guint operand, int l, guint dimension)
{
  for (int i = 0; i <= l; i++)
    if ((w->level[operand][i]->serves >> dimension) & 1)
      return TRUE;
  return FALSE;
}

static guint64
n_places (const Walker *w)
{
  guint64 n = 1;

  for (guint u = 0; u < w->m->n_unrolls; u++)
    n *= w->m->unroll[u].factor;
  return n;
}

/* Which instance of level l a place belongs to. @sums: without what tells instances apart that add to the same outputs; *@first: it is the first of those. */
static guint64
instance_of (const Walker *w, guint operand, int l, guint64 place, gboolean sums, gboolean *first)
{
  guint64 id = 0;

  if (first)
    *first = TRUE;
  for (guint u = 0; u < w->m->n_unrolls; u++) {
    guint64 at = place % w->m->unroll[u].factor;
    gboolean relevant = depends (w, operand, w->m->unroll[u].rank);
    place /= w->m->unroll[u].factor;
    if (inside (w, operand, l, w->m->unroll[u].dimension))
      continue;
    if (first && !relevant && at > 0)
      *first = FALSE;
    if (!sums || relevant)
      id = id * w->m->unroll[u].factor + at;
  }
  return id;
}

/* Index by rank of a place in a step, from the corner of the box; FALSE when it idles. */
static gboolean
point_at (const Walker *w, const guint64 *digit, guint64 place, guint64 *index)
{
  guint64 step[HD_RANKS_MAX] = { 0 }, scale[HD_RANKS_MAX], at[HD_RANKS_MAX] = { 0 };

  for (guint r = 0; r < w->toy->layer.n_ranks; r++)
    scale[r] = 1;
  for (guint i = 0; i < w->m->n_loops; i++) {
    guint r = w->m->loop[i].rank;
    step[r] += digit[i] * scale[r];
    scale[r] *= w->m->loop[i].factor;
  }
  for (guint r = 0; r < w->toy->layer.n_ranks; r++)
    scale[r] = 1;
  for (guint u = 0; u < w->m->n_unrolls; u++) {
    guint r = w->m->unroll[u].rank;
    at[r] += place % w->m->unroll[u].factor * scale[r];
    scale[r] *= w->m->unroll[u].factor;
    place /= w->m->unroll[u].factor;
  }
  for (guint r = 0; r < w->toy->layer.n_ranks; r++) {
    index[r] = step[r] * w->unroll[r] + at[r];
    if ((gint64) index[r] >= hd_range_size (w->box->range[r]))
      return FALSE;
  }
  return TRUE;
}

/* The element as one number; 0: padding. */
static guint64
element_at (const Walker *w, guint operand, const guint64 *index)
{
  guint64 id = 0;

  for (guint d = 0; d < w->toy->tensor[operand].n_dims; d++) {
    const HdProjection *p = &w->toy->operand[operand].projection[d];
    gint64 at = p->offset;
    for (guint r = 0; r < w->toy->layer.n_ranks; r++)
      at += p->coefficient[r] * (w->box->range[r].from + (gint64) index[r]);
    if (at < 0 || at >= (gint64) w->toy->tensor[operand].size[d])
      return 0;
    id = id * w->toy->tensor[operand].size[d] + (guint64) at;
  }
  return id + 1;
}

/* Elements that places with @instance of level l address while loops from @from on stand still. */
static GHashTable *
tile_of (const Walker *w, guint operand, int l, guint64 instance, gboolean sums, const guint64 *outer, guint from)
{
  GHashTable *set = g_hash_table_new (NULL, NULL);
  guint64 digit[HD_COST_LOOPS_MAX], index[HD_RANKS_MAX];
  guint i;

  memcpy (digit, outer, sizeof digit);
  memset (digit, 0, from * sizeof digit[0]);
  for (;;) {
    for (guint64 place = 0; place < n_places (w); place++) {
      guint64 e;
      if (instance_of (w, operand, l, place, sums, NULL) == instance && point_at (w, digit, place, index) && (e = element_at (w, operand, index)))
        g_hash_table_add (set, GUINT_TO_POINTER ((guint) e));
    }
    for (i = 0; i < from; i++) {
      if (++digit[i] < w->m->loop[i].factor)
        break;
      digit[i] = 0;
    }
    if (i == from)
      return set;
  }
}

static double
access_words (const HdLevel *level, gboolean read, guint64 elements, guint bits)
{
  guint64 granularity = read ? level->read_granularity : level->write_granularity, width = read ? level->read_width : level->write_width;

  return (double) ((elements * bits + granularity - 1) / granularity) * (double) granularity / (double) width;
}

/* Accesses of all instances of level l for the tiles in which loops from @from on stand at @outer. */
static void
move_tiles (Walker *w, guint operand, int l, const guint64 *outer, guint from, HdMovement movement, guint bits, gboolean one_of_sums)
{
  gboolean read = movement == HD_MOVE_TO_LOW || movement == HD_MOVE_TO_HIGH, first;
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (guint64 place = 0; place < n_places (w); place++) {
    guint64 instance = instance_of (w, operand, l, place, FALSE, &first);
    if ((one_of_sums && !first) || !g_hash_table_add (seen, GUINT_TO_POINTER ((guint) instance + 1)))
      continue;
    g_autoptr (GHashTable) tile = tile_of (w, operand, l, instance, FALSE, outer, from);
    w->result->words[operand][l][movement] += access_words (w->level[operand][l], read, g_hash_table_size (tile), bits);
  }
}

static void
note_room (Walker *w, guint operand, int l, const guint64 *outer, guint from, guint bits)
{
  g_autoptr (GHashTable) tile = tile_of (w, operand, l, 0, FALSE, outer, from);

  w->result->most_bits[operand][l] = MAX (w->result->most_bits[operand][l], (guint64) g_hash_table_size (tile) * bits);
}

static gboolean
sums_apart (const Walker *w, int l)
{
  for (guint u = 0; u < w->m->n_unrolls; u++)
    if (!depends (w, HD_OPERAND_OUTPUT, w->m->unroll[u].rank) && !inside (w, HD_OPERAND_OUTPUT, l, w->m->unroll[u].dimension) && w->m->unroll[u].factor > 1)
      return TRUE;
  return FALSE;
}

static guint64
points_per_output (const Walker *w)
{
  guint64 n = 1;

  for (guint r = 0; r < w->toy->layer.n_ranks; r++)
    if (!depends (w, HD_OPERAND_OUTPUT, r))
      n *= (guint64) hd_range_size (w->box->range[r]);
  return n;
}

/* Any element of the tile tells: they are worked on together. */
static guint64
tile_done (const Walker *w, const guint64 *outer, guint from)
{
  guint64 index[HD_RANKS_MAX], digit[HD_COST_LOOPS_MAX];

  memcpy (digit, outer, sizeof digit);
  memset (digit, 0, from * sizeof digit[0]);
  g_assert (point_at (w, digit, 0, index));
  return GPOINTER_TO_UINT (g_hash_table_lookup (w->done, GUINT_TO_POINTER ((guint) element_at (w, HD_OPERAND_OUTPUT, index))));
}

static guint
bits_up (const Walker *w, int l, gboolean complete)
{
  if (complete && !sums_apart (w, l) && !w->partial_out)
    return w->toy->tensor[2].bits;
  return w->toy->layer.partial_bits;
}

/* Boundary b, -1 for the array's: the tile at @outer leaves. */
static void
output_leaves (Walker *w, int b, const guint64 *outer, guint from)
{
  gboolean complete = tile_done (w, outer, from) == points_per_output (w);

  if (b >= 0)
    move_tiles (w, HD_OPERAND_OUTPUT, b, outer, from, HD_MOVE_TO_HIGH, bits_up (w, b, complete), FALSE);
  move_tiles (w, HD_OPERAND_OUTPUT, b + 1, outer, from, HD_MOVE_FROM_LOW, bits_up (w, b + 1, complete), FALSE);
}

static void
output_arrives (Walker *w, int b, const guint64 *outer, guint from)
{
  if (!w->partial_in && tile_done (w, outer, from) == 0)
    return;
  move_tiles (w, HD_OPERAND_OUTPUT, b + 1, outer, from, HD_MOVE_TO_LOW, w->toy->layer.partial_bits, TRUE);
  if (b >= 0)
    move_tiles (w, HD_OPERAND_OUTPUT, b, outer, from, HD_MOVE_FROM_HIGH, w->toy->layer.partial_bits, TRUE);
}

/* The tile stays until a loop above steps on which it depends: loops right above that do not matter step while it stays. */
static guint
boundary_at (const Walker *w, guint operand, int b)
{
  guint from = b < 0 ? 0 : w->m->below[operand][b];

  while (b >= 0 && from < w->m->n_loops && !depends (w, operand, w->m->loop[from].rank))
    from++;
  return from;
}

static gboolean
changed (const Walker *w, guint operand, int b)
{
  for (guint i = boundary_at (w, operand, b); i < w->m->n_loops; i++)
    if (depends (w, operand, w->m->loop[i].rank) && w->digit[i] != w->previous[i])
      return TRUE;
  return FALSE;
}

static void
new_data (Walker *w, gboolean begin)
{
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (int b = -1; b + 1 < (int) w->n_levels[o]; b++) {
      guint from = boundary_at (w, o, b);
      if (b >= 0 && !begin && !changed (w, o, b))
        continue;
      if (o == HD_OPERAND_OUTPUT) {
        output_arrives (w, b, w->digit, from);
        continue;
      }
      move_tiles (w, o, b + 1, w->digit, from, HD_MOVE_TO_LOW, w->toy->tensor[o].bits, FALSE);
      if (b >= 0) {
        move_tiles (w, o, b, w->digit, from, HD_MOVE_FROM_HIGH, w->toy->tensor[o].bits, FALSE);
        note_room (w, o, b, w->digit, from, w->toy->tensor[o].bits);
      }
    }
}

static void
old_data (Walker *w, gboolean end)
{
  for (int b = 0; b + 1 < (int) w->n_levels[HD_OPERAND_OUTPUT]; b++)
    if (end || changed (w, HD_OPERAND_OUTPUT, b))
      output_leaves (w, b, w->previous, boundary_at (w, HD_OPERAND_OUTPUT, b));
}

static void
compute (Walker *w)
{
  guint64 index[HD_RANKS_MAX];

  for (guint64 place = 0; place < n_places (w); place++)
    if (point_at (w, w->digit, place, index)) {
      gpointer out = GUINT_TO_POINTER ((guint) element_at (w, HD_OPERAND_OUTPUT, index));
      g_hash_table_insert (w->done, out, GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (w->done, out)) + 1));
      w->result->points++;
      w->result->macs += element_at (w, 0, index) && element_at (w, 1, index);
    }
  output_leaves (w, -1, w->digit, 0);
}

static gboolean
step (Walker *w)
{
  memcpy (w->previous, w->digit, sizeof w->digit);
  for (guint i = 0; i < w->m->n_loops; i++) {
    if (++w->digit[i] < w->m->loop[i].factor)
      return TRUE;
    w->digit[i] = 0;
  }
  return FALSE;
}

void
walk (const Toy *toy, const HdBox *box, const HdCostMapping *mapping, gboolean partial_in, gboolean partial_out, Walk *result)
{
  Walker w = { .toy = toy, .box = box, .m = mapping, .result = result, .partial_in = partial_in, .partial_out = partial_out };
  gboolean begin = TRUE;

  memset (result, 0, sizeof *result);
  w.done = g_hash_table_new (NULL, NULL);
  for (guint r = 0; r < toy->layer.n_ranks; r++)
    w.unroll[r] = 1;
  for (guint u = 0; u < mapping->n_unrolls; u++)
    w.unroll[mapping->unroll[u].rank] *= mapping->unroll[u].factor;
  for (guint l = 0; l < toy->core.n_levels; l++)
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      if ((toy->level[l].operands >> o) & 1)
        w.level[o][w.n_levels[o]++] = &toy->level[l];
  do {
    if (!begin)
      old_data (&w, FALSE);
    new_data (&w, begin);
    compute (&w);
    begin = FALSE;
    result->steps++;
  } while (step (&w));
  old_data (&w, TRUE);
  g_hash_table_unref (w.done);
}
