/* A deadlock in words: the shortest circle of those who wait for each other.
 *
 * When nothing can move, no task is under way, and every task that is left waits for exactly one thing:
 *
 * | a task that is               | waits for                                                            |
 * |------------------------------|----------------------------------------------------------------------|
 * | not ready                    | the tasks it depends on that have not ended                          |
 * | ready, not first of its queue | the first of its queue                                              |
 * | ready, its turn has come     | the first memory that lacks space for it                             |
 *
 * and a memory waits for the tasks that have to end before the pieces in it go. A search in breadth from each queue's first tasks finds the shortest circle
 * through one of them. Where there is none (a piece that is larger than its memory, or pieces that nobody releases) the way to the dead end is told.
 */
#include "config.h"
#include "engine/private.h"

#define STARTS_MAX 256          /* searches */
#define BUDGET 20000000         /* edges looked at, in all searches */
#define SENTENCES_MAX 24
#define UNSEEN (HD_NONE - 1)

typedef struct {
  HdEngine *engine;
  guint32 n_tasks;              /* nodes: tasks, then memories */
  guint32 *parent;              /* by node, in the present search */
  GArray *line;                 /* nodes to look at; all that were seen */
  GArray *edges;                /* of the node in hand */
  guint64 *held_begin;          /* by memory: the pieces in it */
  HdPieceId *held;
  guint64 budget;
} Graph;

/* --- who waits for whom ------------------------------------------------------------------------------------- */

static gboolean
is_held (const HdEngine *e, HdPieceId p)
{
  const HdSchedule *s = e->schedule;
  gboolean there = !_hd_has_creator (s, p) || e->end[s->piece_creator[p]] != NEVER;
  return there && e->piece[p].conditions > 0;
}

/* Pieces by the memory that holds them. */
static void
find_held (Graph *g)
{
  const HdEngine *e = g->engine;
  const HdSchedule *s = e->schedule;
  guint n = e->platform->n_memories;
  g->held_begin = g_new0 (guint64, (gsize) n + 2);
  for (guint32 p = 0; p < s->n_pieces; p++)
    if (is_held (e, p))
      g->held_begin[s->piece_memory[p] + 2]++;
  for (guint m = 0; m < n; m++)
    g->held_begin[m + 2] += g->held_begin[m + 1];
  g->held = g_new (HdPieceId, g->held_begin[n + 1] + 1);
  for (guint32 p = 0; p < s->n_pieces; p++)
    if (is_held (e, p))
      g->held[g->held_begin[s->piece_memory[p] + 1]++] = p;
}

static void
memory_edges (Graph *g, HdMemoryId m)
{
  const HdEngine *e = g->engine;
  const HdSchedule *s = e->schedule;
  for (guint64 i = g->held_begin[m]; i < g->held_begin[m + 1]; i++)
    for (guint64 r = s->release_begin[g->held[i]]; r < s->release_begin[g->held[i] + 1]; r++)
      if (e->end[s->release[r]] == NEVER)
        g_array_append_val (g->edges, s->release[r]);
}

static void
input_edges (Graph *g, HdTaskId task)
{
  const HdEngine *e = g->engine;
  const HdSchedule *s = e->schedule;
  for (guint64 u = s->use_begin[task]; u < s->use_begin[task + 1]; u++)
    if (_hd_has_creator (s, s->use[u]) && e->end[s->piece_creator[s->use[u]]] == NEVER)
      g_array_append_val (g->edges, s->piece_creator[s->use[u]]);
  for (guint64 a = s->after_begin[task]; a < s->after_begin[task + 1]; a++)
    if (e->end[s->after[a]] == NEVER)
      g_array_append_val (g->edges, s->after[a]);
}

/* The task of an in-order queue that stands before @task; HD_NONE: its turn has come. */
static HdTaskId
waits_behind (const HdEngine *e, HdTaskId task)
{
  const Queue *queue = &e->queue[e->schedule->queue_of[task]];
  if (queue->by_priority || e->schedule->queue_task[queue->head] == task)
    return HD_NONE;
  return e->schedule->queue_task[queue->head];
}

/* For whom or what @node waits, into `edges`. */
static void
find_edges (Graph *g, guint32 node)
{
  HdEngine *e = g->engine;
  HdMemoryId lacking;
  g_array_set_size (g->edges, 0);
  if (node >= g->n_tasks) {
    memory_edges (g, node - g->n_tasks);
  } else if (e->issue[node] > 0) {
    input_edges (g, node);
  } else if (waits_behind (e, node) != HD_NONE) {
    HdTaskId first = waits_behind (e, node);
    g_array_append_val (g->edges, first);
  } else if (!_hd_fits (e, node, &lacking)) {
    guint32 memory = g->n_tasks + lacking;
    g_array_append_val (g->edges, memory);
  }
  g->budget -= MIN (g->budget, g->edges->len + 1);
}

/* --- the search --------------------------------------------------------------------------------------------- */

static void
see (Graph *g, guint32 node, guint32 parent)
{
  g->parent[node] = parent;
  g_array_append_val (g->line, node);
}

static void
forget (Graph *g)
{
  for (guint i = 0; i < g->line->len; i++)
    g->parent[g_array_index (g->line, guint32, i)] = UNSEEN;
  g_array_set_size (g->line, 0);
}

/* From the seen node @last back to the beginning of the search, in the order of waiting. */
static GArray *
way_to (const Graph *g, guint32 last)
{
  GArray *way = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint32 node = last; node != HD_NONE; node = g->parent[node])
    g_array_append_val (way, node);
  guint32 *nodes = (guint32 *) (gpointer) way->data;
  for (guint i = 0, k = way->len; i + 1 < k; i++) {
    guint32 moved = nodes[i];
    nodes[i] = nodes[--k];
    nodes[k] = moved;
  }
  return way;
}

/* The shortest circle through @start that has fewer than @limit nodes, or NULL. */
static GArray *
circle_through (Graph *g, guint32 start, guint limit)
{
  GArray *way = NULL;
  see (g, start, HD_NONE);
  for (guint i = 0; i < g->line->len && way == NULL && g->budget > 0; i++) {
    guint32 node = g_array_index (g->line, guint32, i);
    find_edges (g, node);
    for (guint k = 0; k < g->edges->len && way == NULL; k++) {
      guint32 next = g_array_index (g->edges, guint32, k);
      if (next == start)
        way = way_to (g, node);
      else if (g->parent[next] == UNSEEN)
        see (g, next, node);
    }
  }
  forget (g);
  if (way != NULL && way->len >= limit)
    g_clear_pointer (&way, g_array_unref);
  return way;
}

/* Always the first edge, until the way closes or ends. The part before the circle is dropped. */
static GArray *
any_way (Graph *g, guint32 start, gboolean *closed)
{
  guint32 node = start, last = HD_NONE;
  for (; g->parent[node] == UNSEEN; node = g_array_index (g->edges, guint32, 0)) {
    see (g, node, last);
    last = node;
    find_edges (g, node);
    if (g->edges->len == 0) {
      *closed = FALSE;
      return way_to (g, node);
    }
  }
  *closed = TRUE;
  GArray *way = way_to (g, last);
  guint from = 0;
  while (g_array_index (way, guint32, from) != node)
    from++;
  g_array_remove_range (way, 0, from);
  return way;
}

/* The first tasks of all queues, those that lack space before those that lack an input. */
static GArray *
find_starts (HdEngine *e)
{
  GArray *starts = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (int ready = 1; ready >= 0; ready--)
    for (guint q = 0; q < e->schedule->n_queues && starts->len < STARTS_MAX; q++) {
      gboolean is_ready;
      HdTaskId task = _hd_queue_next_task (e, q, &is_ready);
      if (task != HD_NONE && is_ready == (ready == 1))
        g_array_append_val (starts, task);
    }
  for (guint32 t = 0; t < e->schedule->n_tasks && starts->len == 0; t++)
    if (e->end[t] == NEVER)
      g_array_append_val (starts, t);
  return starts;
}

static GArray *
find_way (Graph *g, gboolean *closed)
{
  g_autoptr (GArray) starts = find_starts (g->engine);
  GArray *best = NULL;
  for (guint i = 0; i < starts->len && g->budget > 0; i++) {
    GArray *way = circle_through (g, g_array_index (starts, guint32, i), best != NULL ? best->len : G_MAXUINT);
    if (way == NULL)
      continue;
    g_clear_pointer (&best, g_array_unref);
    best = way;
  }
  *closed = TRUE;
  return best != NULL ? best : any_way (g, g_array_index (starts, guint32, 0), closed);
}

/* --- words ------------------------------------------------------------------------------------------------------ */

static void
say_task (const HdEngine *e, GString *text, HdTaskId task)
{
  const HdSchedule *s = e->schedule;
  g_string_append_printf (text, "%s %u", s->kind[task] == HD_TASK_COMPUTE ? "compute" : "transfer", task);
  if (s->layer[task] < s->n_layers)
    g_string_append_printf (text, " (%s)", s->layer_name[s->layer[task]]);
}

static void
say_piece (const HdEngine *e, GString *text, HdPieceId piece)
{
  const HdSchedule *s = e->schedule;
  g_string_append_printf (text, "piece %u (", piece);
  if (s->piece_tensor[piece] < s->n_tensors)
    g_string_append_printf (text, "%s, ", s->tensor_name[s->piece_tensor[piece]]);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " bit)", s->piece_bits[piece]);
}

static void
say_space (HdEngine *e, GString *text, HdTaskId task, HdMemoryId m)
{
  guint64 need = 0;
  for (guint32 p = e->first_piece[task]; p != LINK_END; p = e->piece[p].next & LINK_END)
    if (e->schedule->piece_memory[p] == m && !hd_add_u64 (need, e->schedule->piece_bits[p], &need))
      need = G_MAXUINT64;
  guint64 capacity = e->memory[m].capacity;
  g_string_append_printf (text, " waits for space in %s: need %" G_GUINT64_FORMAT " bit, free %" G_GUINT64_FORMAT " bit, capacity %" G_GUINT64_FORMAT " bit",
                          e->platform->memory[m].id, need, capacity - e->memory[m].occupied, capacity);
  if (need > capacity)
    g_string_append (text, ", which it can never have");
}

static void
say_input (const HdEngine *e, GString *text, HdTaskId task, HdTaskId other)
{
  const HdSchedule *s = e->schedule;
  g_string_append (text, " waits for ");
  say_task (e, text, other);
  for (guint64 u = s->use_begin[task]; u < s->use_begin[task + 1]; u++)
    if (s->piece_creator[s->use[u]] == other) {
      g_string_append (text, " to make ");
      say_piece (e, text, s->use[u]);
      return;
    }
  g_string_append (text, " to end");
}

/* What of @m goes when @other has ended; HD_NONE: nobody releases it. */
static void
say_memory (const Graph *g, GString *text, HdMemoryId m, HdTaskId other)
{
  const HdEngine *e = g->engine;
  const HdSchedule *s = e->schedule;
  guint said = 0;
  guint64 others = 0, other_bits = 0;
  g_string_append_printf (text, "%s holds", e->platform->memory[m].id);
  for (guint64 i = g->held_begin[m]; i < g->held_begin[m + 1]; i++) {
    HdPieceId p = g->held[i];
    gboolean meant = other == HD_NONE;
    for (guint64 r = s->release_begin[p]; r < s->release_begin[p + 1]; r++)
      meant |= s->release[r] == other;
    if (!meant || said == 3) {
      others++;
      other_bits += s->piece_bits[p];
      continue;
    }
    g_string_append (text, said++ > 0 ? ", " : " ");
    say_piece (e, text, p);
  }
  g_string_append (text, said == 0 ? " nothing" : other == HD_NONE ? ", which nobody releases" : " until ");
  if (other != HD_NONE) {
    say_task (e, text, other);
    g_string_append (text, " has ended");
  }
  if (others > 0)
    g_string_append_printf (text, "; others: %" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT " bit)", others, other_bits);
}

/* Why @node waits for @next (HD_NONE: it is the end of the way). */
static void
say_wait (const Graph *g, GString *text, guint32 node, guint32 next)
{
  HdEngine *e = g->engine;
  if (node >= g->n_tasks) {
    say_memory (g, text, node - g->n_tasks, next);
    return;
  }
  say_task (e, text, node);
  g_string_append_printf (text, " in queue %s", e->schedule->queue[e->schedule->queue_of[node]].name);
  if (next != HD_NONE && next >= g->n_tasks) {
    say_space (e, text, node, next - g->n_tasks);
  } else if (e->issue[node] > 0) {
    say_input (e, text, node, next);
  } else {
    g_string_append (text, " waits for its turn behind ");
    say_task (e, text, next);
  }
}

static void
say_way (const Graph *g, GString *text, const GArray *way, gboolean closed)
{
  for (guint i = 0; i < way->len; i++) {
    if (way->len > SENTENCES_MAX && i == SENTENCES_MAX - 4) {
      guint skip = way->len - SENTENCES_MAX;
      g_string_append_printf (text, "\n  ... %u more ...", skip);
      i += skip;
    }
    guint32 next = i + 1 < way->len ? g_array_index (way, guint32, i + 1) : closed ? g_array_index (way, guint32, 0) : HD_NONE;
    g_string_append (text, "\n  ");
    say_wait (g, text, g_array_index (way, guint32, i), next);
  }
}

void
_hd_deadlock_explain (HdEngine *self, GString *text)
{
  guint32 n = self->schedule->n_tasks, nodes = n + self->platform->n_memories;
  gboolean closed;
  Graph g = { .engine = self, .n_tasks = n, .parent = g_new (guint32, nodes), .budget = BUDGET,
              .line = g_array_new (FALSE, FALSE, sizeof (guint32)), .edges = g_array_new (FALSE, FALSE, sizeof (guint32)) };
  for (guint32 i = 0; i < nodes; i++)
    g.parent[i] = UNSEEN;
  find_held (&g);
  g_autoptr (GArray) way = find_way (&g, &closed);
  g_string_printf (text, "deadlock at cycle %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT " of %u tasks have not ended and nothing can move%s",
                   self->last_moved, n - self->n_ended, n, closed ? "; in a circle," : ":");
  say_way (&g, text, way, closed);
  g_free (g.parent);
  g_free (g.held_begin);
  g_free (g.held);
  g_array_unref (g.line);
  g_array_unref (g.edges);
}
