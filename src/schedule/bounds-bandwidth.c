/* Lower bounds of a schedule: what must come from DRAM and go there, over what all of that passes.
 *
 * Inputs and weights are resident in DRAM; what of them is moved onto the chip, each element once, is what must come. What stays in DRAM to the end is what must go. What leaves and comes back in between
 * is the schedule's choice, and so is what comes twice.
 */
#include "config.h"
#include "schedule/bounds.h"

/* A group of more distinct boxes than this is not counted exactly: it would take too much memory. */
#define MAX_BOXES (1u << 18)

typedef struct {
  guint32 stream;      /* 2 x DRAM memory, + 1: into it */
  guint32 tensor;      /* opaque: HD_NONE */
  HdPieceId piece;     /* what the transfer made */
  HdPieceId source;    /* what it moved */
} Moved;

typedef struct {
  const HdPlatform *platform;
  const HdSchedule *schedule;
  GArray *moved;             /* of Moved */
  guint64 *stream_bits;      /* by stream: that must move [bit] */
  guint64 *stream_transfers; /* by stream */
  guint64 *passes;           /* by stream and resource: transfers of the stream that pass it */
} Streams;

static guint
n_dims (const HdSchedule *s, HdPieceId piece)
{
  return (guint) (s->piece_box_begin[piece + 1] - s->piece_box_begin[piece]);
}

static HdBox
box_of (const HdSchedule *s, HdPieceId piece)
{
  HdBox box = { .n = n_dims (s, piece) };
  for (guint d = 0; d < box.n; d++)
    box.range[d] = s->piece_range[s->piece_box_begin[piece] + d];
  return box;
}

static int
compare_u32 (guint32 a, guint32 b)
{
  return a < b ? -1 : a > b;
}

static int
compare_boxes (const HdSchedule *s, HdPieceId a, HdPieceId b)
{
  int order = compare_u32 (n_dims (s, a), n_dims (s, b));
  for (guint d = 0; order == 0 && d < n_dims (s, a); d++) {
    HdRange x = s->piece_range[s->piece_box_begin[a] + d], y = s->piece_range[s->piece_box_begin[b] + d];
    order = x.from != y.from ? (x.from < y.from ? -1 : 1) : x.to != y.to ? (x.to < y.to ? -1 : 1) : 0;
  }
  return order;
}

/* By stream, then tensor (what has no box: by what was moved), then box. */
static int
compare_moved (gconstpointer a, gconstpointer b, gpointer data)
{
  const Moved *x = a, *y = b;
  const HdSchedule *s = data;
  int order = compare_u32 (x->stream, y->stream);
  if (order == 0)
    order = compare_u32 (x->tensor, y->tensor);
  if (order == 0 && x->tensor == HD_NONE)
    order = compare_u32 (x->source, y->source);
  if (order == 0)
    order = compare_boxes (s, x->piece, y->piece);
  return order != 0 ? order : compare_u32 (x->piece, y->piece);
}

/* --- what is moved -------------------------------------------------------------------------------------- */

static void
note_route (Streams *self, guint32 stream, const HdRoute *route)
{
  guint64 *passes = self->passes + (gsize) stream * self->platform->n_resources;
  self->stream_transfers[stream]++;
  for (guint h = 0; h < route->n_hops; h++) {
    gboolean again = FALSE;
    for (guint k = 0; k < h; k++)
      again |= route->hop[k].resource == route->hop[h].resource;
    if (!again)
      passes[route->hop[h].resource]++;
  }
}

static void
add_moved (Streams *self, guint32 stream, HdPieceId piece, HdPieceId source)
{
  const HdSchedule *s = self->schedule;
  Moved moved = { stream, n_dims (s, piece) > 0 ? s->piece_tensor[piece] : HD_NONE, piece, source };
  g_array_append_val (self->moved, moved);
  note_route (self, stream, &s->route[s->what[s->piece_creator[piece]]]);
}

static void
collect (Streams *self)
{
  const HdSchedule *s = self->schedule;
  for (HdPieceId p = 0; p < s->n_pieces; p++) {
    HdTaskId task = s->piece_creator[p];
    if (task == HD_NONE || s->kind[task] != HD_TASK_TRANSFER || s->use_begin[task] == s->use_begin[task + 1])
      continue;
    HdPieceId source = s->use[s->use_begin[task]];
    HdMemoryId from = s->route[s->what[task]].source, to = s->piece_memory[p];
    gboolean out_of_dram = self->platform->memory[from].dram, into_dram = self->platform->memory[to].dram;
    if (out_of_dram && !into_dram && s->piece_creator[source] == HD_NONE)
      add_moved (self, 2 * from, p, source);
    else if (into_dram && !out_of_dram && s->release_begin[p] == s->release_begin[p + 1])
      add_moved (self, 2 * to + 1, p, source);
  }
}

/* --- how much of it, each element once --------------------------------------------------------------------- */

/* What the transfer moved of the piece: a piece can take more room than that. */
static guint64
moved_bits (const HdSchedule *s, HdPieceId piece)
{
  return MIN (s->piece_bits[piece], s->bits[s->piece_creator[piece]]);
}

static guint64
element_bits (const HdSchedule *s, HdPieceId piece)
{
  HdBox box = box_of (s, piece);
  guint64 volume = hd_box_volume (&box);
  return volume > 0 ? moved_bits (s, piece) / volume : 0;
}

/* Of one tensor, or of one opaque piece, rows @begin to @end. */
static guint64
bits_of_group (const Streams *self, guint begin, guint end)
{
  const HdSchedule *s = self->schedule;
  const Moved *row = &g_array_index (self->moved, Moved, 0);
  guint64 least_bits = G_MAXUINT64, largest = 0;
  g_autoptr (GArray) boxes = g_array_new (FALSE, FALSE, sizeof (HdBox));
  for (guint i = begin; i < end; i++) {
    HdBox box = box_of (s, row[i].piece);
    largest = MAX (largest, moved_bits (s, row[i].piece));
    least_bits = MIN (least_bits, element_bits (s, row[i].piece));
    if (row[i].tensor == HD_NONE || boxes->len == MAX_BOXES || (i > begin && compare_boxes (s, row[i - 1].piece, row[i].piece) == 0))
      continue;
    if (boxes->len > 0 && g_array_index (boxes, HdBox, 0).n != box.n)
      return largest;
    g_array_append_val (boxes, box);
  }
  if (boxes->len == 0 || boxes->len == MAX_BOXES)
    return largest;
  guint64 volume = hd_box_union_volume ((const HdBox *) (const void *) boxes->data, boxes->len);
  return volume > G_MAXUINT64 / MAX (least_bits, 1) ? G_MAXUINT64 : volume * least_bits;
}

static void
count_bits (Streams *self)
{
  const Moved *row = &g_array_index (self->moved, Moved, 0);
  for (guint i = 0, end; i < self->moved->len; i = end) {
    for (end = i + 1; end < self->moved->len; end++)
      if (row[end].stream != row[i].stream || row[end].tensor != row[i].tensor || (row[i].tensor == HD_NONE && row[end].source != row[i].source))
        break;
    self->stream_bits[row[i].stream] = _hd_bounds_add (self->stream_bits[row[i].stream], bits_of_group (self, i, end));
  }
}

/* --- over what ----------------------------------------------------------------------------------------------- */

/* A stream must pass a resource when all its transfers do. */
static guint64
bits_through (const Streams *self, HdResourceId resource)
{
  guint64 bits = 0;
  for (guint32 stream = 0; stream < 2 * self->platform->n_memories; stream++)
    if (self->stream_transfers[stream] > 0 && self->passes[(gsize) stream * self->platform->n_resources + resource] == self->stream_transfers[stream])
      bits = _hd_bounds_add (bits, self->stream_bits[stream]);
  return bits;
}

void
_hd_bounds_bandwidth (HdBounds *self, const HdPlatform *platform, const HdSchedule *schedule)
{
  gsize n_streams = 2 * (gsize) platform->n_memories;
  Streams streams = { platform, schedule, g_array_new (FALSE, FALSE, sizeof (Moved)), g_new0 (guint64, n_streams + 1), g_new0 (guint64, n_streams + 1),
                      g_new0 (guint64, n_streams * platform->n_resources + 1) };
  collect (&streams);
  g_array_sort_with_data (streams.moved, compare_moved, (gpointer) schedule);
  count_bits (&streams);
  self->bandwidth = g_new0 (HdBoundBandwidth, platform->n_resources + 1);
  for (HdResourceId r = 0; r < platform->n_resources; r++) {
    HdBoundBandwidth bound = { .resource = r, .bits = bits_through (&streams, r) };
    bound.cycles = _hd_bounds_hold (&platform->resource[r], bound.bits);
    if (bound.cycles > 0)
      self->bandwidth[self->n_bandwidths++] = bound;
  }
  g_array_unref (streams.moved);
  g_free (streams.stream_bits);
  g_free (streams.stream_transfers);
  g_free (streams.passes);
}
