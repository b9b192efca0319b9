/* Making a failing instance small: each step is tried, and kept when the instance still fails; round after round until none is kept. */
#include "config.h"
#include "shrink.h"

#include <string.h>

typedef struct {
  Instance *best;
  InstanceFails fails;
  gpointer data;
  gboolean kept;     /* something, in this round */
} Shrinking;

static gboolean
try_one (Shrinking *self, const Instance *smaller)
{
  if (memcmp (smaller, self->best, sizeof *smaller) == 0 || !self->fails (smaller, self->data))
    return FALSE;
  *self->best = *smaller;
  self->kept = TRUE;
  return TRUE;
}

/* --- taking things away: what stands behind moves up, and whoever names it is told ------------------------------ */

static guint64
without (guint64 set, guint i)
{
  guint64 below = SET_OF (i) - 1;
  return (set & below) | (set >> 1 & ~below);
}

static guint32
moved (guint32 id, guint i)
{
  return id != HD_NONE && id > i ? id - 1 : id;
}

#define REMOVE(array, count, i) \
  (count--, memmove (&(array)[i], &(array)[(i) + 1], (count - (i)) * sizeof (array)[0]), memset (&(array)[count], 0, sizeof (array)[0]))

static void
remove_piece (Instance *self, guint i)
{
  REMOVE (self->piece, self->n_pieces, i);
  for (guint t = 0; t < self->n_tasks; t++)
    self->task[t].uses = without (self->task[t].uses, i);
}

static void
remove_task (Instance *self, guint i)
{
  for (guint p = self->n_pieces; p-- > 0;)
    if (self->piece[p].creator == i)
      remove_piece (self, p);
  REMOVE (self->task, self->n_tasks, i);
  for (guint t = 0; t < self->n_tasks; t++)
    self->task[t].after = without (self->task[t].after, i);
  for (guint p = 0; p < self->n_pieces; p++) {
    self->piece[p].creator = moved (self->piece[p].creator, i);
    self->piece[p].release = without (self->piece[p].release, i);
  }
}

static gboolean
remove_queue (Instance *self, guint i)
{
  for (guint t = 0; t < self->n_tasks; t++)
    if (self->task[t].queue == i)
      return FALSE;
  REMOVE (self->queue, self->n_queues, i);
  for (guint t = 0; t < self->n_tasks; t++)
    self->task[t].queue = moved (self->task[t].queue, i);
  return TRUE;
}

static gboolean
remove_route (Instance *self, guint i)
{
  for (guint t = 0; t < self->n_tasks; t++)
    if (self->task[t].kind == HD_TASK_TRANSFER && self->task[t].route == i)
      return FALSE;
  REMOVE (self->route, self->n_routes, i);
  for (guint t = 0; t < self->n_tasks; t++)
    self->task[t].route = self->task[t].kind == HD_TASK_TRANSFER ? moved (self->task[t].route, i) : 0;
  return TRUE;
}

static gboolean
remove_resource (Instance *self, guint i)
{
  for (guint r = 0; r < self->n_routes; r++)
    for (guint h = 0; h < self->route[r].n_hops; h++)
      if (self->route[r].hop[h].resource == i)
        return FALSE;
  if (self->n_resources == 1)
    return FALSE;
  REMOVE (self->resource, self->n_resources, i);
  for (guint r = 0; r < self->n_routes; r++)
    for (guint h = 0; h < self->route[r].n_hops; h++)
      self->route[r].hop[h].resource = moved (self->route[r].hop[h].resource, i);
  return TRUE;
}

static gboolean
uses_memory (const Instance *self, guint i)
{
  for (guint p = 0; p < self->n_pieces; p++)
    if (self->piece[p].memory == i)
      return TRUE;
  for (guint r = 0; r < self->n_routes; r++) {
    if (self->route[r].source == i)
      return TRUE;
    for (guint h = 0; h < self->route[r].n_hops; h++)
      if (self->route[r].hop[h].arrives == i)
        return TRUE;
  }
  return self->n_memories == 1;
}

static gboolean
remove_memory (Instance *self, guint i)
{
  if (uses_memory (self, i))
    return FALSE;
  REMOVE (self->memory, self->n_memories, i);
  for (guint p = 0; p < self->n_pieces; p++)
    self->piece[p].memory = moved (self->piece[p].memory, i);
  for (guint r = 0; r < self->n_routes; r++) {
    self->route[r].source = moved (self->route[r].source, i);
    for (guint h = 0; h < self->route[r].n_hops; h++)
      self->route[r].hop[h].arrives = moved (self->route[r].hop[h].arrives, i);
  }
  return TRUE;
}

static gboolean
remove_core (Instance *self, guint i)
{
  for (guint q = 0; q < self->n_queues; q++)
    if (self->queue[q].core == i)
      return FALSE;
  if (self->n_cores == 1)
    return FALSE;
  REMOVE (self->core, self->n_cores, i);
  for (guint q = 0; q < self->n_queues; q++)
    self->queue[q].core = moved (self->queue[q].core, i);
  return TRUE;
}

/* A leaf hop of a route. */
static gboolean
remove_hop (Instance *self, guint r, guint i)
{
  InstanceRoute *route = &self->route[r];
  for (guint h = 0; h < route->n_hops; h++)
    if (route->hop[h].parent == i)
      return FALSE;
  if (route->n_hops == 1)
    return FALSE;
  if (route->hop[route->hop[i].parent].arrives == HD_NONE)
    route->hop[route->hop[i].parent].arrives = route->hop[i].arrives;
  REMOVE (route->hop, route->n_hops, i);
  for (guint h = 0; h < route->n_hops; h++)
    route->hop[h].parent = moved (route->hop[h].parent, i);
  return TRUE;
}

static void
try_removals (Shrinking *self)
{
  Instance smaller;
#define TRY_EACH(count, step) \
  for (guint i = self->best->count; i-- > 0;) { \
    smaller = *self->best; \
    if (step) \
      try_one (self, &smaller); \
  }
  TRY_EACH (n_tasks, (remove_task (&smaller, i), TRUE))
  TRY_EACH (n_pieces, (remove_piece (&smaller, i), TRUE))
  TRY_EACH (n_queues, remove_queue (&smaller, i))
  TRY_EACH (n_routes, remove_route (&smaller, i))
  for (guint r = 0; r < self->best->n_routes; r++)
    TRY_EACH (route[r].n_hops, remove_hop (&smaller, r, i))
  TRY_EACH (n_resources, remove_resource (&smaller, i))
  TRY_EACH (n_memories, remove_memory (&smaller, i))
  TRY_EACH (n_cores, remove_core (&smaller, i))
#undef TRY_EACH
}

/* --- making numbers simple ----------------------------------------------------------------------------------------- */

/* @field points into the best instance; simpler values are tried there. */
static void
try_value (Shrinking *self, guint64 *field, guint64 value)
{
  Instance smaller = *self->best;
  *(guint64 *) (void *) ((char *) &smaller + ((char *) field - (char *) self->best)) = value;
  try_one (self, &smaller);
}

static void
try_value32 (Shrinking *self, guint32 *field, guint32 value)
{
  Instance smaller = *self->best;
  *(guint32 *) (void *) ((char *) &smaller + ((char *) field - (char *) self->best)) = value;
  try_one (self, &smaller);
}

static void
try_smaller (Shrinking *self, guint64 *field, guint64 least)
{
  if (*field > least)
    try_value (self, field, least);
  if (*field / 2 > least)
    try_value (self, field, *field / 2);
  if (*field > least)
    try_value (self, field, *field - 1);
}

static void
try_smaller32 (Shrinking *self, guint32 *field, guint32 least)
{
  if (*field > least && *field != HD_NONE)
    try_value32 (self, field, least);
  if (*field > least && *field != HD_NONE)
    try_value32 (self, field, *field - 1);
}

static void
try_zero (Shrinking *self, double *field)
{
  Instance smaller = *self->best;
  *(double *) (void *) ((char *) &smaller + ((char *) field - (char *) self->best)) = 0;
  try_one (self, &smaller);
}

static void
try_members (Shrinking *self, guint64 *set)
{
  for (guint i = 0; i < 64; i++)
    if (SET_HAS (*set, i))
      try_value (self, set, *set & ~SET_OF (i));
}

static void
try_platform_numbers (Shrinking *self)
{
  Instance *x = self->best;
  try_smaller (self, &x->window, 0);
  try_smaller (self, &x->burst_bits, 1);
  for (guint i = 0; i < x->n_cores; i++) {
    try_smaller (self, &x->core[i].period, 1);
    try_zero (self, &x->core[i].static_pj);
  }
  for (guint i = 0; i < x->n_memories; i++) {
    try_value (self, &x->memory[i].capacity, HD_UNLIMITED_BITS);
    if (x->memory[i].capacity != HD_UNLIMITED_BITS)
      try_smaller (self, &x->memory[i].capacity, 1);
    try_smaller32 (self, (guint32 *) &x->memory[i].dram, 0);
    try_zero (self, &x->memory[i].read_pj);
    try_zero (self, &x->memory[i].write_pj);
    try_zero (self, &x->memory[i].static_pj);
  }
  for (guint i = 0; i < x->n_resources; i++) {
    InstanceResource *r = &x->resource[i];
    try_smaller (self, &r->width, 0);
    try_smaller32 (self, &r->arbiter, 0);
    try_smaller (self, &r->latency, 0);
    try_smaller32 (self, &r->n_slots, 1);
    if (r->slot_cycles != r->period)
      try_value (self, &r->slot_cycles, r->period);
    if (r->period > 1) {
      Instance smaller = *x;
      smaller.resource[i].period = 1;
      try_one (self, &smaller);
    }
    try_zero (self, &r->bit_pj);
    try_zero (self, &r->static_pj);
  }
}

static void
try_schedule_numbers (Shrinking *self)
{
  Instance *x = self->best;
  for (guint i = 0; i < x->n_queues; i++) {
    try_smaller32 (self, &x->queue[i].order, HD_QUEUE_IN_ORDER);
    try_smaller32 (self, &x->queue[i].outstanding, 1);
    try_smaller32 (self, &x->queue[i].priority, 0);
    try_smaller32 (self, &x->queue[i].slot, 0);
  }
  for (guint i = 0; i < x->n_tasks; i++) {
    InstanceTask *t = &x->task[i];
    try_members (self, &t->uses);
    try_members (self, &t->after);
    try_smaller32 (self, &t->weight_key, 0);
    try_smaller32 (self, &t->priority, 0);
    try_smaller32 (self, &t->position, 0);
    try_smaller (self, &t->cycles, 0);
    try_smaller (self, &t->load_cycles, 0);
    try_smaller (self, &t->energy, 0);
    try_smaller (self, &t->load_energy, 0);
    try_smaller (self, &t->bits, t->kind == HD_TASK_TRANSFER ? 1 : 0);
  }
  for (guint i = 0; i < x->n_pieces; i++) {
    try_smaller (self, &x->piece[i].bits, 1);
    try_members (self, &x->piece[i].release);
  }
}

void
shrink_instance (Instance *instance, InstanceFails fails, gpointer data)
{
  Shrinking self = { instance, fails, data, TRUE };
  for (guint round = 0; self.kept && round < 100; round++) {
    self.kept = FALSE;
    try_removals (&self);
    try_platform_numbers (&self);
    try_schedule_numbers (&self);
  }
}
