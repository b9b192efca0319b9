/* Energy: exact sums in attojoules, and the series of the energy of each cycle.
 *
 * A task's energy is spread over its cycles when they are known: a compute's at its start, a transfer's at its end. Each gives up to three deltas, which wait in an
 * event queue of their own until no task can add to their cycle any more: it must be before the start of every transfer under way, and before the
 * last cycle that the run may turn out to have (what ends in the makespan, in no time, counts in the cycle before).
 */
#include "config.h"
#include "engine/private.h"

#include <math.h>

#define FLUSH_AT 16384   /* pending deltas, at least */
#define RECENT G_N_ELEMENTS (((Power *) NULL)->recent)

/* @pj as whole attojoules. */
static guint64
attojoules (double pj)
{
  double aj = rint (pj * HD_AJ_PER_PJ);
  hd_assert_invariant (aj >= 0 && aj < 18446744073709551616.0, "an energy of %g pJ does not fit in 64 bits of aJ", pj);
  return (guint64) aj;
}

static void
delta (Power *power, guint64 cycle, __int128 amount)
{
  if (amount == 0)
    return;
  guint slot = cycle % RECENT;   /* one task's end is often the next one's start */
  if (power->recent[slot].cycle == cycle) {
    power->amount[power->recent[slot].id] += amount;
    return;
  }
  guint32 id = power->free_amounts.n > 0 ? power->free_amounts.item[--power->free_amounts.n] : power->n_amounts++;
  if (G_UNLIKELY (id >= power->capacity)) {
    power->capacity = MAX (1024, power->capacity * 2);
    power->amount = g_renew (__int128, power->amount, power->capacity);
  }
  power->amount[id] = amount;
  hd_event_queue_push (power->deltas, cycle, id);
  power->recent[slot].cycle = cycle;
  power->recent[slot].id = id;
}

/* Deltas up to @limit do not wait any more. */
static void
forget_recent (Power *power, guint64 limit)
{
  for (guint i = 0; i < RECENT; i++)
    if (power->recent[i].cycle <= limit)
      power->recent[i].cycle = NEVER;
}

void
_hd_power_init (HdEngine *self)
{
  const HdPlatform *p = self->platform;
  double leakage = 0;
  for (guint c = 0; c < p->n_cores; c++)
    leakage += p->core[c].static_pj_per_cycle;
  for (guint m = 0; m < p->n_memories; m++)
    leakage += p->memory[m].static_pj_per_cycle;
  for (guint r = 0; r < p->n_resources; r++)
    leakage += p->resource[r].static_pj_per_cycle;
  self->power.static_aj = attojoules (leakage);
}

void
_hd_power_reset (HdEngine *self)
{
  Power *power = &self->power;
  power->n_amounts = 0;
  power->free_amounts.n = 0;
  power->flush_at = FLUSH_AT;
  power->level = 0;
  power->shown = 0;
  power->instant_cycle = 0;
  power->instant = 0;
  power->compute_aj = power->transfer_aj = 0;
  for (guint i = 0; i < RECENT; i++)
    power->recent[i].cycle = NEVER;
  if (power->deltas != NULL) {
    hd_event_queue_clear (power->deltas);
    delta (power, 0, power->static_aj);
  }
}

/* --- the series --------------------------------------------------------------------------------------------- */

static void
close_instant (Power *power, guint64 cycle)
{
  if (power->instant == 0)
    return;
  delta (power, cycle, (__int128) power->instant);
  delta (power, cycle + 1, -(__int128) power->instant);
  power->instant = 0;
}

/* Everything up to @limit is known. */
static void
show_until (HdEngine *self, guint64 limit)
{
  Power *power = &self->power;
  guint64 cycle;
  const guint32 *ids;
  gsize n;
  forget_recent (power, limit);
  while (self->recording && hd_event_queue_pop (power->deltas, limit, &cycle, &ids, &n)) {
    for (gsize i = 0; i < n; i++) {
      power->level += power->amount[ids[i]];
      _hd_id_list_add (&power->free_amounts, ids[i]);
    }
    hd_assert_invariant (power->level >= 0 && power->level <= G_MAXUINT64, "the energy of cycle %" G_GUINT64_FORMAT " does not fit in 64 bits of aJ", cycle);
    if ((guint64) power->level != power->shown)
      _hd_series_emit (self, self->power_series, cycle, (guint64) power->level);
    power->shown = (guint64) power->level;
  }
}

/* The first cycle to which energy may still come. */
static guint64
horizon (const HdEngine *self)
{
  guint64 least = self->last_moved > 0 ? self->last_moved - 1 : 0;
  if (self->power.instant > 0)
    least = MIN (least, self->power.instant_cycle);
  for (guint32 i = 0; i < self->n_transfers; i++) {
    const Transfer *t = &self->transfer[i];
    if (t->active)
      least = MIN (least, self->issue[t->task]);
  }
  return least;
}

/* When many deltas wait, those whose cycle is known in full are shown. */
static void
flush (HdEngine *self)
{
  Power *power = &self->power;
  if (hd_event_queue_size (power->deltas) < power->flush_at)
    return;
  guint64 end = horizon (self);
  if (end > 0)
    show_until (self, end - 1);
  power->flush_at = MAX (FLUSH_AT, 2 * hd_event_queue_size (power->deltas));
}

static void
spread (HdEngine *self, guint64 start, guint64 end, guint64 energy)
{
  Power *power = &self->power;
  guint64 length = end - start;
  if (length == 0) {
    if (power->instant_cycle != start)
      close_instant (power, power->instant_cycle);
    power->instant_cycle = start;
    power->instant += energy;
    return;
  }
  guint64 even = energy / length, rest = energy % length;
  delta (power, start, (__int128) even + rest);
  delta (power, start + 1, -(__int128) rest);
  delta (power, end, -(__int128) even);
}

/* --- energies --------------------------------------------------------------------------------------------------- */

void
_hd_power_compute (HdEngine *self, HdTaskId task, gboolean loaded, guint64 end)
{
  const HdTaskCost *cost = &self->schedule->cost[self->schedule->what[task]];
  guint64 energy = cost->energy_aj;
  if (loaded)
    hd_assert_invariant (hd_add_u64 (energy, cost->load_energy_aj, &energy), "the energy of task %u does not fit in 64 bits of aJ", task);
  self->power.compute_aj += energy;
  if (!self->recording)
    return;
  spread (self, self->now, end, energy);
  flush (self);
}

void
_hd_power_transfer (HdEngine *self, HdTaskId task, const Route *route)
{
  guint64 energy = attojoules ((double) self->schedule->bits[task] * route->price);
  self->power.transfer_aj += energy;
  if (!self->recording)
    return;
  spread (self, self->start[task], self->now, energy);
  flush (self);
}

/* The run is over: shows the rest. */
void
_hd_power_finish (HdEngine *self, guint64 cycles)
{
  Power *power = &self->power;
  if (cycles == 0)
    return;
  close_instant (power, MIN (power->instant_cycle, cycles - 1));
  show_until (self, cycles - 1);
}
