/* Every order of a tiling's nodes in which each comes after what it needs, planned and run: the best there is for an allocation, found without any idea of what is good. */
#pragma once

#include <criterion/criterion.h>
#include <heddle/engine.h>
#include <heddle/passes.h>

#define ALL_ORDERS_NODES 16   /* larger tilings are left out */

typedef struct {
  const HdPlatform *platform;
  HdTiling *tiling;
  HdCostModel *cost;
  HdNodeId order[ALL_ORDERS_NODES];
  guint8 done[ALL_ORDERS_NODES];
  gboolean counting;
  guint n_orders, most;
  guint64 best;
} AllOrders;

static inline void
all_orders_try (AllOrders *self)
{
  HdPassOptions options = { .order = self->order, .draft = TRUE };
  HdResult result;
  self->n_orders++;
  g_autoptr (HdSchedule) schedule = self->counting ? NULL : hd_pass_run ("multi-core", self->tiling, self->cost, &options, NULL);
  if (schedule == NULL)
    return;
  g_autoptr (HdEngine) engine = hd_engine_new (self->platform, schedule, NULL);
  cr_assert (hd_engine_run (engine, NULL, &result, NULL) && !result.deadlock);
  self->best = MIN (self->best, result.cycles);
}

static inline gboolean
all_orders_is_ready (const AllOrders *self, HdNodeId node)
{
  guint64 n;
  const HdDependency *d = hd_tiling_dependencies (self->tiling, node, &n);
  for (guint64 i = 0; i < n; i++)
    if (!self->done[d[i].from])
      return FALSE;
  return !self->done[node];
}

static inline void
all_orders_extend (AllOrders *self, guint place)
{
  guint32 n = self->tiling->n_nodes;
  if (place == n)
    all_orders_try (self);
  for (HdNodeId node = 0; node < n && self->n_orders <= self->most; node++) {
    if (!all_orders_is_ready (self, node))
      continue;
    self->done[node] = 1;
    self->order[place] = node;
    all_orders_extend (self, place + 1);
    self->done[node] = 0;
  }
}

/* The least cycles of all orders; G_MAXUINT64 where they are more than @most, or fewer than @least, or nothing fits. */
static inline guint64
all_orders_best (const HdPlatform *platform, HdTiling *tiling, HdCostModel *cost, guint least, guint most)
{
  AllOrders all = { .platform = platform, .tiling = tiling, .cost = cost, .counting = TRUE, .most = most, .best = G_MAXUINT64 };
  if (tiling->n_nodes > ALL_ORDERS_NODES)
    return G_MAXUINT64;
  all_orders_extend (&all, 0);
  if (all.n_orders < least || all.n_orders > most)
    return G_MAXUINT64;
  all.counting = FALSE;
  all.n_orders = 0;
  all_orders_extend (&all, 0);
  return all.best;
}
