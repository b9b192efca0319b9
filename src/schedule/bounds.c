/* Lower bounds of a schedule: the critical path and the work of each kind of core. See heddle/bounds.h. */
#include "config.h"
#include "schedule/bounds.h"

#include <string.h>

/* --- the critical path -------------------------------------------------------------------------------- */

/* A transfer's time alone, at least: to each destination the latencies on the way, and the longest hold of all its bits. */
static guint64
route_cycles (const HdPlatform *platform, const HdRoute *route, guint64 bits)
{
  guint64 most = 0;
  for (guint h = 0; h < route->n_hops; h++) {
    guint64 latency = 0, hold = 0;
    if (route->hop[h].arrives == HD_NONE)
      continue;
    for (guint32 i = h; i != HD_NONE; i = route->hop[i].parent) {
      const HdResource *resource = &platform->resource[route->hop[i].resource];
      latency = _hd_bounds_add (latency, resource->latency);
      hold = MAX (hold, _hd_bounds_hold (resource, bits));
    }
    most = MAX (most, _hd_bounds_add (latency, hold));
  }
  return most;
}

static guint64
task_cycles (const HdPlatform *platform, const HdSchedule *schedule, HdTaskId task)
{
  return schedule->kind[task] == HD_TASK_COMPUTE ? schedule->cost[schedule->what[task]].cycles
                                                 : route_cycles (platform, &schedule->route[schedule->what[task]], schedule->bits[task]);
}

/* Who uses what a task makes, as rows. */
typedef struct {
  guint64 *begin;      /* by piece */
  HdTaskId *user;
  guint64 *made_begin; /* by task */
  HdPieceId *made;
} Users;

static void
users_clear (Users *self)
{
  g_free (self->begin);
  g_free (self->user);
  g_free (self->made_begin);
  g_free (self->made);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Users, users_clear)

/* Counts were put one place to the right; each entry then goes to its row's end so far, so that rows begin where they should. */
static void
sum_up (guint64 *begin, guint64 n)
{
  for (guint64 i = 0; i < n; i++)
    begin[i + 1] += begin[i];
}

static void
users_init (Users *self, const HdSchedule *s)
{
  guint64 n_uses = s->use_begin[s->n_tasks];
  self->begin = g_new0 (guint64, (gsize) s->n_pieces + 2);
  self->user = g_new (HdTaskId, n_uses + 1);
  self->made_begin = g_new0 (guint64, (gsize) s->n_tasks + 2);
  self->made = g_new (HdPieceId, (gsize) s->n_pieces + 1);
  for (guint64 i = 0; i < n_uses; i++)
    self->begin[s->use[i] + 2]++;
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] != HD_NONE)
      self->made_begin[s->piece_creator[p] + 2]++;
  sum_up (self->begin + 1, s->n_pieces);
  sum_up (self->made_begin + 1, s->n_tasks);
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    for (guint64 i = s->use_begin[t]; i < s->use_begin[t + 1]; i++)
      self->user[self->begin[s->use[i] + 1]++] = t;
  for (HdPieceId p = 0; p < s->n_pieces; p++)
    if (s->piece_creator[p] != HD_NONE)
      self->made[self->made_begin[s->piece_creator[p] + 1]++] = p;
}

/* Tasks in an order in which data flows; each hands its end on to those that use what it made. What stands on a cycle has no end and counts nothing. */
static guint64
longest_path (const HdPlatform *platform, const HdSchedule *s)
{
  g_auto (Users) users = { 0 };
  g_autofree guint32 *missing = g_new0 (guint32, (gsize) s->n_tasks + 1);
  g_autofree guint64 *ready = g_new0 (guint64, (gsize) s->n_tasks + 1);
  g_autofree HdTaskId *stack = g_new (HdTaskId, (gsize) s->n_tasks + 1);
  guint64 longest = 0;
  guint32 n = 0;
  users_init (&users, s);
  for (HdTaskId t = 0; t < s->n_tasks; t++) {
    for (guint64 i = s->use_begin[t]; i < s->use_begin[t + 1]; i++)
      missing[t] += s->piece_creator[s->use[i]] != HD_NONE;
    if (missing[t] == 0)
      stack[n++] = t;
  }
  while (n > 0) {
    HdTaskId t = stack[--n];
    guint64 end = _hd_bounds_add (ready[t], task_cycles (platform, s, t));
    longest = MAX (longest, end);
    for (guint64 m = users.made_begin[t]; m < users.made_begin[t + 1]; m++)
      for (guint64 i = users.begin[users.made[m]]; i < users.begin[users.made[m] + 1]; i++) {
        HdTaskId user = users.user[i];
        ready[user] = MAX (ready[user], end);
        if (--missing[user] == 0)
          stack[n++] = user;
      }
  }
  return longest;
}

/* --- work ------------------------------------------------------------------------------------------------ */

static gboolean
levels_are_alike (const HdLevel *a, const HdLevel *b)
{
  return a->operands == b->operands && a->size_bits == b->size_bits && a->read_width == b->read_width && a->write_width == b->write_width && a->read_granularity == b->read_granularity
         && a->write_granularity == b->write_granularity && a->read_pj == b->read_pj && a->write_pj == b->write_pj && a->serves == b->serves && a->double_buffered == b->double_buffered
         && a->n_ports == b->n_ports && memcmp (a->port_kind, b->port_kind, a->n_ports * sizeof *a->port_kind) == 0 && memcmp (a->port_of, b->port_of, sizeof a->port_of) == 0;
}

static gboolean
dataflows_are_alike (const HdDataflow *a, const HdDataflow *b)
{
  if (a->n_unrolls != b->n_unrolls)
    return FALSE;
  for (guint u = 0; u < a->n_unrolls; u++)
    if (!g_str_equal (a->unroll[u].rank, b->unroll[u].rank) || a->unroll[u].dimension != b->unroll[u].dimension || a->unroll[u].factor != b->unroll[u].factor)
      return FALSE;
  return TRUE;
}

static gboolean
tables_are_alike (const HdFixedCost *a, const HdFixedCost *b)
{
  return g_str_equal (a->operator_type, b->operator_type) && a->cycles_per_node == b->cycles_per_node && a->cycles_per_point == b->cycles_per_point && a->pj_per_node == b->pj_per_node
         && a->pj_per_point == b->pj_per_point;
}

static gboolean
macros_are_alike (const HdCore *a, const HdCore *b)
{
  return a->imc_rows == b->imc_rows && a->imc_columns == b->imc_columns && a->imc_macros == b->imc_macros && a->imc_cell_bits == b->imc_cell_bits && a->imc_dac_bits == b->imc_dac_bits
         && a->imc_columns_per_adc == b->imc_columns_per_adc && a->imc_cycles_per_conversion == b->imc_cycles_per_conversion && a->imc_write_width == b->imc_write_width;
}

/* Equal but for their names and the memories that they stand at. */
static gboolean
are_alike (const HdCore *a, const HdCore *b)
{
  gboolean alike = a->kind == b->kind && a->period == b->period && a->operators == b->operators && a->lanes == b->lanes && a->n_dimensions == b->n_dimensions && a->n_levels == b->n_levels
                   && a->n_dataflows == b->n_dataflows && a->n_fixed == b->n_fixed && macros_are_alike (a, b)
                   && memcmp (a->dimension_size, b->dimension_size, a->n_dimensions * sizeof *a->dimension_size) == 0;
  for (guint i = 0; alike && i < a->n_levels; i++)
    alike = levels_are_alike (&a->level[i], &b->level[i]);
  for (guint i = 0; alike && i < a->n_dataflows; i++)
    alike = dataflows_are_alike (&a->dataflow[i], &b->dataflow[i]);
  for (guint i = 0; alike && i < a->n_fixed; i++)
    alike = tables_are_alike (&a->fixed[i], &b->fixed[i]);
  return alike;
}

/* The cores like @first that come after it, and itself; they are marked as seen. */
static HdBoundWork
collect_kind (const HdPlatform *platform, HdCoreId first, const guint64 *load, gboolean *seen)
{
  HdBoundWork work = { .core = g_new (HdCoreId, platform->n_cores - first) };
  for (HdCoreId c = first; c < platform->n_cores; c++)
    if (!seen[c] && are_alike (&platform->core[first], &platform->core[c])) {
      seen[c] = TRUE;
      work.core[work.n_cores++] = c;
      work.total_cycles = _hd_bounds_add (work.total_cycles, load[c]);
    }
  work.cycles = work.total_cycles / work.n_cores + (work.total_cycles % work.n_cores != 0);
  return work;
}

static void
share_work (HdBounds *self, const HdPlatform *platform, const HdSchedule *s)
{
  g_autofree guint64 *load = g_new0 (guint64, platform->n_cores + 1);
  g_autofree gboolean *seen = g_new0 (gboolean, platform->n_cores + 1);
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    if (s->kind[t] == HD_TASK_COMPUTE) {
      HdCoreId core = s->queue[s->queue_of[t]].core;
      load[core] = _hd_bounds_add (load[core], s->cost[s->what[t]].cycles);
    }
  self->work = g_new0 (HdBoundWork, platform->n_cores + 1);
  for (HdCoreId c = 0; c < platform->n_cores; c++) {
    if (seen[c])
      continue;
    HdBoundWork work = collect_kind (platform, c, load, seen);
    if (work.total_cycles > 0)
      self->work[self->n_works++] = work;
    else
      g_free (work.core);
  }
}

/* --- all of them ----------------------------------------------------------------------------------------- */

HdBounds *
hd_bounds_new (const HdPlatform *platform, const HdSchedule *schedule)
{
  HdBounds *self = g_new0 (HdBounds, 1);
  self->path_cycles = longest_path (platform, schedule);
  share_work (self, platform, schedule);
  _hd_bounds_bandwidth (self, platform, schedule);
  self->cycles = self->path_cycles;
  for (guint i = 0; i < self->n_works; i++)
    self->cycles = MAX (self->cycles, self->work[i].cycles);
  for (guint i = 0; i < self->n_bandwidths; i++)
    self->cycles = MAX (self->cycles, self->bandwidth[i].cycles);
  return self;
}

void
hd_bounds_free (HdBounds *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_works; i++)
    g_free (self->work[i].core);
  g_free (self->work);
  g_free (self->bandwidth);
  g_free (self);
}
