/* What each task does is possible: a transfer moves what it reads along a route that joins the memories, a compute reaches what it reads and makes.
 *
 * A transfer reads one piece or several of one tensor, all in the route's source, and makes exactly one piece in each destination: of as many bits as it moves, of that tensor,
 * within what was read. A route begins at the source's read port, goes from resource to connected resource, arrives through each destination's write port, and passes no port of a third memory. A compute
 * reaches its core's operand memories, the memories of its core's levels, and those that are private to it.
 */
#include "config.h"
#include "schedule/check.h"

#include <string.h>

/* --- boxes ---------------------------------------------------------------------------------------- */

static gboolean
box_of (const HdSchedule *s, HdPieceId p, HdBox *box)
{
  box->n = (guint) (s->piece_box_begin[p + 1] - s->piece_box_begin[p]);
  memcpy (box->range, s->piece_range + s->piece_box_begin[p], sizeof (HdRange) * box->n);
  return box->n > 0;
}

/* --- transfers ------------------------------------------------------------------------------------ */

typedef struct {
  const HdCheck *check;
  HdTaskId task;
  const HdRoute *route;
  const HdPieceId *used, *made;
  guint64 n_used, n_made;
  guint32 *pieces_in;    /* scratch, by memory, 0 between transfers: pieces made there */
} Move;

static void
check_read (const Move *move)
{
  const HdCheck *check = move->check;
  const HdSchedule *s = check->s;
  guint64 bits = 0;
  if (move->n_used == 0) {
    HD_VIOLATION (check, "%s uses no piece - expected what it moves", _hd_check_task_name (check, move->task));
    return;
  }
  for (guint64 i = 0; i < move->n_used; i++) {
    bits = bits > G_MAXUINT64 - s->piece_bits[move->used[i]] ? G_MAXUINT64 : bits + s->piece_bits[move->used[i]];
    if (s->piece_memory[move->used[i]] != move->route->source)
      HD_VIOLATION (check, "%s uses %s - expected a piece in %s, where its route begins", _hd_check_task_name (check, move->task), _hd_check_piece_name (check, move->used[i]),
                    check->platform->memory[move->route->source].id);
    if (s->piece_tensor[move->used[i]] != s->piece_tensor[move->used[0]])
      HD_VIOLATION (check, "%s uses %s and %s - expected pieces of one tensor", _hd_check_task_name (check, move->task), _hd_check_piece_name (check, move->used[0]),
                    _hd_check_piece_name (check, move->used[i]));
  }
  if (s->bits[move->task] > bits)
    HD_VIOLATION (check, "%s moves %" G_GUINT64_FORMAT " bit out of pieces of %" G_GUINT64_FORMAT " bit", _hd_check_task_name (check, move->task), s->bits[move->task], bits);
}

/* One piece where the route arrives; what is left in the counts then stands elsewhere. */
static void
check_destinations (const Move *move)
{
  const HdCheck *check = move->check;
  const HdSchedule *s = check->s;
  for (guint64 i = 0; i < move->n_made; i++)
    move->pieces_in[s->piece_memory[move->made[i]]]++;
  for (guint h = 0; h < move->route->n_hops; h++) {
    HdMemoryId memory = move->route->hop[h].arrives;
    if (memory == HD_NONE)
      continue;
    if (move->pieces_in[memory] != 1)
      HD_VIOLATION (check, "%s makes %u pieces in %s - expected one in each memory at which its route arrives", _hd_check_task_name (check, move->task), move->pieces_in[memory],
                    check->platform->memory[memory].id);
    move->pieces_in[memory] = 0;
  }
  for (guint64 i = 0; i < move->n_made; i++) {
    HdMemoryId memory = s->piece_memory[move->made[i]];
    if (move->pieces_in[memory] != 0)
      HD_VIOLATION (check, "%s makes %s - expected pieces only where its route arrives", _hd_check_task_name (check, move->task), _hd_check_piece_name (check, move->made[i]));
    move->pieces_in[memory] = 0;
  }
}

/* The made box lies within what was read: within the one piece; or, of several, all of it is covered, counted in elements. */
static void
check_box_is_read (const Move *move, HdPieceId made)
{
  const HdCheck *check = move->check;
  const HdSchedule *s = check->s;
  HdBox box, source;
  guint64 covered = 0;
  if (!box_of (s, made, &box))
    return;
  for (guint64 i = 0; i < move->n_used; i++) {
    if (!box_of (s, move->used[i], &source))
      return;
    if (source.n != box.n) {
      HD_VIOLATION (check, "%s moves %s into %s - expected boxes of as many dimensions", _hd_check_task_name (check, move->task), _hd_check_piece_name (check, move->used[i]),
                    _hd_check_piece_name (check, made));
      return;
    }
    HdBox common = hd_box_intersect (&box, &source);
    guint64 volume = hd_box_volume (&common);
    covered = covered > G_MAXUINT64 - volume ? G_MAXUINT64 : covered + volume;
  }
  if (covered < hd_box_volume (&box))
    HD_VIOLATION (check, "%s makes %s, which is not within what it reads (%s%s)", _hd_check_task_name (check, move->task), _hd_check_piece_name (check, made),
                  _hd_check_piece_name (check, move->used[0]), move->n_used > 1 ? " and others" : "");
}

static void
check_made (const Move *move, HdPieceId made)
{
  const HdCheck *check = move->check;
  const HdSchedule *s = check->s;
  if (s->piece_bits[made] != s->bits[move->task])
    HD_VIOLATION (check, "%s moves %" G_GUINT64_FORMAT " bit and makes %s of %" G_GUINT64_FORMAT " bit - expected as many", _hd_check_task_name (check, move->task), s->bits[move->task],
                  _hd_check_piece_name (check, made), s->piece_bits[made]);
  if (move->n_used == 0)
    return;
  if (s->piece_tensor[made] != s->piece_tensor[move->used[0]])
    HD_VIOLATION (check, "%s moves %s into %s - expected the same tensor", _hd_check_task_name (check, move->task), _hd_check_piece_name (check, move->used[0]), _hd_check_piece_name (check, made));
  else
    check_box_is_read (move, made);
}

static void
check_transfer (const Move *move)
{
  check_read (move);
  check_destinations (move);
  for (guint64 i = 0; i < move->n_made; i++)
    check_made (move, move->made[i]);
}

/* --- routes --------------------------------------------------------------------------------------- */

static void
check_hop (const HdCheck *check, guint r, guint h)
{
  const HdRoute *route = &check->s->route[r];
  const HdHop *hop = &route->hop[h];
  const HdPlatform *platform = check->platform;
  const HdResource *resource = &platform->resource[hop->resource];
  HdMemoryId arrives = hop->arrives;
  if (h == 0 && hop->resource != platform->memory[route->source].read_port)
    HD_VIOLATION (check, "the route from %s begins at %s - expected %s, through which it is read", platform->memory[route->source].id, resource->id,
                  platform->resource[platform->memory[route->source].read_port].id);
  if (arrives != HD_NONE && hop->resource != platform->memory[arrives].write_port)
    HD_VIOLATION (check, "the route from %s arrives at %s through %s - expected %s, through which it is written", platform->memory[route->source].id, platform->memory[arrives].id, resource->id,
                  platform->resource[platform->memory[arrives].write_port].id);
  if (h > 0 && !hd_platform_connects (platform, route->hop[hop->parent].resource, hop->resource))
    HD_VIOLATION (check, "the route from %s goes from %s to %s - expected resources that are connected", platform->memory[route->source].id,
                  platform->resource[route->hop[hop->parent].resource].id, resource->id);
  if (h > 0 && arrives == HD_NONE && resource->kind == HD_RESOURCE_PORT)
    HD_VIOLATION (check, "the route from %s passes through %s - expected buses and links between its ends", platform->memory[route->source].id, resource->id);
}

/* --- computes ------------------------------------------------------------------------------------- */

/* Returns (transfer full): reach[core * n_memories + memory]. */
static guint8 *
find_reach (const HdPlatform *platform)
{
  guint n = platform->n_memories;
  guint8 *reach = g_malloc0 (MAX (1, (gsize) platform->n_cores * n));
  for (HdCoreId c = 0; c < platform->n_cores; c++) {
    const HdCore *core = &platform->core[c];
    guint8 *row = reach + (gsize) c * n;
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      if (core->operand_memory[o] != HD_NONE)
        row[core->operand_memory[o]] = 1;
    for (guint l = 0; l < core->n_levels; l++)
      if (core->level[l].memory != HD_NONE)
        row[core->level[l].memory] = 1;
    for (HdMemoryId m = 0; m < n; m++)
      if (platform->memory[m].core == c)
        row[m] = 1;
  }
  return reach;
}

static void
check_compute (const HdCheck *check, HdTaskId t, const guint8 *reach, const HdPieceId *pieces, guint64 n, const char *does)
{
  HdCoreId core = check->s->queue[check->s->queue_of[t]].core;
  for (guint64 i = 0; i < n; i++)
    if (!reach[(gsize) core * check->platform->n_memories + check->s->piece_memory[pieces[i]]])
      HD_VIOLATION (check, "%s on %s %s %s - expected a memory that the core reaches", _hd_check_task_name (check, t), check->platform->core[core].id, does, _hd_check_piece_name (check, pieces[i]));
}

/* --- all tasks ------------------------------------------------------------------------------------ */

/* Pieces by maker, in rows; returns the rows' begins (transfer full). */
static guint64 *
find_made (const HdSchedule *s, HdPieceId **made)
{
  guint64 *begin = g_new0 (guint64, (gsize) s->n_tasks + 2);
  *made = g_new (HdPieceId, MAX (1, s->n_pieces));
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] != HD_NONE)
      begin[(gsize) s->piece_creator[p] + 2]++;
  for (gsize t = 2; t < (gsize) s->n_tasks + 2; t++)
    begin[t] += begin[t - 1];
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] != HD_NONE)
      (*made)[begin[(gsize) s->piece_creator[p] + 1]++] = p;
  return begin;
}

void
_hd_check_tasks (const HdCheck *check)
{
  const HdSchedule *s = check->s;
  g_autofree HdPieceId *made = NULL;
  g_autofree guint64 *made_begin = find_made (s, &made);
  g_autofree guint8 *reach = find_reach (check->platform);
  g_autofree guint32 *pieces_in = g_new0 (guint32, MAX (1, check->platform->n_memories));
  for (guint r = 0; r < s->n_routes; r++)
    for (guint h = 0; h < s->route[r].n_hops; h++)
      check_hop (check, r, h);
  for (HdTaskId t = 0; t < s->n_tasks; t++) {
    const HdPieceId *used = s->use + s->use_begin[t], *makes = made + made_begin[t];
    guint64 n_used = s->use_begin[t + 1] - s->use_begin[t], n_made = made_begin[t + 1] - made_begin[t];
    if (s->kind[t] == HD_TASK_TRANSFER) {
      check_transfer (&(Move) { check, t, &s->route[s->what[t]], used, makes, n_used, n_made, pieces_in });
      continue;
    }
    check_compute (check, t, reach, used, n_used, "uses");
    check_compute (check, t, reach, makes, n_made, "makes");
  }
}

/* --- all pieces ----------------------------------------------------------------------------------- */

/* What the pieces of a tensor have shown so far. */
typedef struct {
  guint n_dims;              /* 0: no box yet */
  guint64 width[2];          /* bits per element: its own, and that of unfinished sums */
} Tensor;

static void
check_shape (const HdCheck *check, HdPieceId p, Tensor *tensor)
{
  HdBox box;
  if (!box_of (check->s, p, &box))
    return;
  guint64 volume = hd_box_volume (&box), bits = check->s->piece_bits[p];
  if (tensor->n_dims == 0)
    tensor->n_dims = box.n;
  if (tensor->n_dims != box.n)
    HD_VIOLATION (check, "%s has %u dimensions - expected %u, as other pieces of that tensor", _hd_check_piece_name (check, p), box.n, tensor->n_dims);
  if (volume == 0 || bits % volume != 0) {
    HD_VIOLATION (check, "%s has %" G_GUINT64_FORMAT " bit for %" G_GUINT64_FORMAT " elements - expected a multiple", _hd_check_piece_name (check, p), bits, volume);
    return;
  }
  for (guint i = 0; i < 2; i++) {
    if (tensor->width[i] == 0)
      tensor->width[i] = bits / volume;
    if (tensor->width[i] == bits / volume)
      return;
  }
  HD_VIOLATION (check, "%s has %" G_GUINT64_FORMAT " bit per element, others of that tensor %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " - expected one width, and one of unfinished sums",
                _hd_check_piece_name (check, p), bits / volume, tensor->width[0], tensor->width[1]);
}

void
_hd_check_pieces (const HdCheck *check)
{
  const HdSchedule *s = check->s;
  g_autofree Tensor *tensors = g_new0 (Tensor, MAX (1, s->n_tensors));
  for (HdPieceId p = 0; p < s->n_pieces; p++) {
    const HdMemory *memory = &check->platform->memory[s->piece_memory[p]];
    if (s->piece_tensor[p] == HD_NONE)
      continue;
    check_shape (check, p, &tensors[s->piece_tensor[p]]);
    if (s->piece_creator[p] == HD_NONE && !memory->dram)
      HD_VIOLATION (check, "%s is there from the beginning - expected tensors to be in a DRAM then", _hd_check_piece_name (check, p));
  }
}
