/* Transfers in time: none is faster than its route would be without any other, and no resource moves more than its width.
 *
 * Bursts pass a route store-and-forward. With d_h the time that a full burst holds hop h, and e_h the short last one, a transfer of B bursts that is
 * alone needs, along each way from the source to a destination, at least the longest of these: burst 0 comes to hop b; B - 2 more full bursts pass b one after the
 * other; the one before the last goes on to hop c (b <= c); the last passes c, and goes on to the end. Latencies are added on the way, clock edges where a burst waits for one.
 * The recursion below carries the three stages along the way; it is closed in B.
 *
 * A resource's load: a transfer's bursts hold it for a known time in all, not before its first burst can be there and not after its end less the rest of the way. Whether that
 * can be for all transfers is asked by serving whoever must be done first, with preemption, which finds a way if there is one (Dertouzos 1974).
 */
#include "config.h"
#include "schedule/check.h"
#include <heddle/checked.h>

#include <stdlib.h>

#define CYCLE "%" G_GUINT64_FORMAT

static guint64
align (guint64 cycle, guint64 period)
{
  return hd_ceil_div (cycle, period) * period;
}

/* How a transfer cuts into bursts. */
typedef struct {
  guint64 n, full, last;   /* bursts; bits of each but the last, and of that one */
} Cut;

static Cut
cut_of (guint64 bits, guint64 burst)
{
  Cut cut = { .n = hd_ceil_div (bits, burst), .full = burst };
  cut.last = bits - (cut.n - 1) * burst;
  if (cut.n == 1)
    cut.full = cut.last;
  return cut;
}

/* How long a burst holds a resource [base cycle]; 0 without a width. */
static guint64
hold (const HdResource *resource, guint64 bits)
{
  return resource->width_bits == 0 ? 0 : hd_ceil_div (bits, resource->width_bits) * resource->period;
}

static guint64
grant (const HdResource *resource, guint64 offered)
{
  return resource->width_bits == 0 ? offered : align (offered, resource->period);
}

/* Earliest moments at the end of a hop, latency included. */
typedef struct {
  guint64 first_offer;   /* of burst 0 at this hop */
  guint64 first;         /* burst 0 has passed */
  guint64 full;          /* the one before the last has passed (as `first` when there is only one) */
  guint64 last;          /* the last has passed */
} Passing;

static Passing
pass_hop (const HdResource *resource, const Passing *before, const Cut *cut, guint64 start)
{
  Passing now;
  guint64 d = hold (resource, cut->full), e = hold (resource, cut->last);
  guint64 first_grant = MAX (grant (resource, before->first), start);
  now.first_offer = before->first;
  now.first = first_grant + (cut->n == 1 ? e : d);
  if (cut->n == 1) {
    now.full = now.last = now.first;
  } else {
    /* The full ones in a row at this hop, or the one before the last coming from the hop before. */
    now.full = MAX (first_grant + (cut->n - 1) * d, grant (resource, before->full) + d);
    now.last = MAX (now.full + e, grant (resource, before->last) + e);
  }
  now.first += resource->latency;
  now.full += resource->latency;
  now.last += resource->latency;
  return now;
}

/* Past this many cycles the bounds are not computed: they could overflow, and no run is that long. */
#define TIME_MAX (G_GUINT64_CONSTANT (1) << 62)

typedef struct {
  const HdCheck *check;
  const HdTaskTimes *times;
  const guint64 *burst;    /* by route */
  Passing *hops;           /* scratch: by hop of the transfer at hand */
  guint64 *tail;           /* scratch: of the last burst behind each hop's hold [cycle] */
} Routes;

static guint
first_limited_hop (const HdPlatform *platform, const HdRoute *route)
{
  for (guint h = 0; h < route->n_hops; h++)
    if (platform->resource[route->hop[h].resource].width_bits != 0)
      return h;
  return HD_NONE;
}

/* Fills routes->hops from the moment of issue, and the known start at the first limited hop. */
static Cut
pass_route (const Routes *routes, HdTaskId t)
{
  const HdSchedule *s = routes->check->s;
  const HdRoute *route = &s->route[s->what[t]];
  const HdPlatform *platform = routes->check->platform;
  Cut cut = cut_of (s->bits[t], routes->burst[s->what[t]]);
  guint64 issue = routes->times->issue[t];
  const Passing source = { issue, issue, issue, issue };
  guint limited = first_limited_hop (platform, route);
  for (guint h = 0; h < route->n_hops; h++) {
    const Passing *before = h == 0 ? &source : &routes->hops[route->hop[h].parent];
    routes->hops[h] = pass_hop (&platform->resource[route->hop[h].resource], before, &cut, h == limited ? routes->times->start[t] : 0);
  }
  return cut;
}

static void
check_start (const Routes *routes, HdTaskId t)
{
  const HdCheck *check = routes->check;
  const HdRoute *route = &check->s->route[check->s->what[t]];
  guint64 start = routes->times->start[t];
  guint limited = first_limited_hop (check->platform, route);
  if (limited == HD_NONE) {
    if (start != routes->times->issue[t])
      HD_VIOLATION (check, "%s starts at " CYCLE " - expected " CYCLE ", when it is issued: nothing on its route has a width", _hd_check_task_name (check, t), start, routes->times->issue[t]);
    return;
  }
  const HdResource *resource = &check->platform->resource[route->hop[limited].resource];
  if (start % resource->period != 0)
    HD_VIOLATION (check, "%s starts at " CYCLE " - expected a clock edge of %s, every " CYCLE " cycles", _hd_check_task_name (check, t), start, resource->id, resource->period);
  if (start < routes->hops[limited].first_offer)
    HD_VIOLATION (check, "%s starts at " CYCLE " - expected " CYCLE " at the earliest, when its first burst comes to %s", _hd_check_task_name (check, t), start, routes->hops[limited].first_offer,
                  resource->id);
}

static void
check_end (const Routes *routes, HdTaskId t)
{
  const HdCheck *check = routes->check;
  const HdRoute *route = &check->s->route[check->s->what[t]];
  guint64 earliest = 0;
  for (guint h = 0; h < route->n_hops; h++)
    if (route->hop[h].arrives != HD_NONE)
      earliest = MAX (earliest, routes->hops[h].last);
  gboolean unlimited = first_limited_hop (check->platform, route) == HD_NONE;
  if (routes->times->end[t] < earliest)
    HD_VIOLATION (check, "%s ends at " CYCLE " - expected " CYCLE " at the earliest: its route takes that long alone", _hd_check_task_name (check, t), routes->times->end[t], earliest);
  else if (unlimited && check->platform->window == 0 && routes->times->end[t] != earliest)
    HD_VIOLATION (check, "%s ends at " CYCLE " - expected " CYCLE ": nothing on its route has a width to wait for", _hd_check_task_name (check, t), routes->times->end[t], earliest);
}

/* --- load of resources ---------------------------------------------------------------------------- */

typedef struct {
  guint64 from, to, work;   /* [cycle] */
  HdTaskId task;
} Job;

static int
compare_jobs (const void *a, const void *b)
{
  const Job *x = a, *y = b;
  if (x->from != y->from)
    return x->from < y->from ? -1 : 1;
  return (x->task > y->task) - (x->task < y->task);
}

/* A binary heap of jobs by (to, task). */
typedef struct {
  Job *job;
  gsize n;
} Heap;

static gboolean
is_earlier (const Job *a, const Job *b)
{
  return a->to < b->to || (a->to == b->to && a->task < b->task);
}

static void
heap_push (Heap *heap, Job job)
{
  gsize at = heap->n++;
  for (; at > 0 && is_earlier (&job, &heap->job[(at - 1) / 2]); at = (at - 1) / 2)
    heap->job[at] = heap->job[(at - 1) / 2];
  heap->job[at] = job;
}

static void
heap_pop (Heap *heap)
{
  Job moving = heap->job[--heap->n];
  gsize at = 0;
  for (gsize child = 1; child < heap->n; child = 2 * at + 1) {
    if (child + 1 < heap->n && is_earlier (&heap->job[child + 1], &heap->job[child]))
      child++;
    if (!is_earlier (&heap->job[child], &moving))
      break;
    heap->job[at] = heap->job[child];
    at = child;
  }
  heap->job[at] = moving;
}

/* Serves the jobs, most urgent first; tells the first that cannot be done in time. */
static void
serve (const HdCheck *check, const HdResource *resource, Job *jobs, gsize n)
{
  g_autofree Job *room = g_new (Job, MAX (1, n));
  Heap heap = { room, 0 };
  guint64 now = 0;
  gsize next = 0;
  qsort (jobs, n, sizeof *jobs, compare_jobs);
  while (next < n || heap.n > 0) {
    if (heap.n == 0)
      now = MAX (now, jobs[next].from);
    for (; next < n && jobs[next].from <= now; next++)
      heap_push (&heap, jobs[next]);
    guint64 until = next < n ? jobs[next].from : G_MAXUINT64, work = MIN (heap.job[0].work, until - now);
    now += work;
    heap.job[0].work -= work;
    if (now > heap.job[0].to || (heap.job[0].work > 0 && now >= heap.job[0].to)) {
      HD_VIOLATION (check, "%s must be done with %s by " CYCLE ", but what moves over it until then does not fit its width", _hd_check_task_name (check, heap.job[0].task), resource->id, heap.job[0].to);
      return;
    }
    if (heap.job[0].work == 0)
      heap_pop (&heap);
  }
}

/* The longest way of the last burst from the end of its hold at each hop to the destinations below. */
static void
find_tails (const Routes *routes, const HdRoute *route, const Cut *cut)
{
  const HdPlatform *platform = routes->check->platform;
  for (guint h = 0; h < route->n_hops; h++)
    routes->tail[h] = platform->resource[route->hop[h].resource].latency;
  for (guint h = route->n_hops - 1; h > 0; h--) {
    const HdResource *resource = &platform->resource[route->hop[h].resource];
    guint parent = route->hop[h].parent;
    guint64 below = hold (resource, cut->last) + routes->tail[h];
    routes->tail[parent] = MAX (routes->tail[parent], platform->resource[route->hop[parent].resource].latency + below);
  }
}

static void
add_jobs (const Routes *routes, HdTaskId t, HdResourceId r, GArray *jobs)
{
  const HdSchedule *s = routes->check->s;
  const HdRoute *route = &s->route[s->what[t]];
  const HdResource *resource = &routes->check->platform->resource[r];
  Cut cut = pass_route (routes, t);
  find_tails (routes, route, &cut);
  for (guint h = 0; h < route->n_hops; h++) {
    if (route->hop[h].resource != r)
      continue;
    guint64 work = (cut.n - 1) * hold (resource, cut.full) + hold (resource, cut.last), end = routes->times->end[t];
    Job job = { grant (resource, routes->hops[h].first_offer), end - MIN (end, routes->tail[h]), work, t };
    g_array_append_val (jobs, job);
  }
}

/* Tasks by route, in rows. */
static guint64 *
find_tasks_of_routes (const HdSchedule *s, HdTaskId **tasks)
{
  guint64 *begin = g_new0 (guint64, (gsize) s->n_routes + 2);
  *tasks = g_new (HdTaskId, MAX (1, s->n_tasks));
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    if (s->kind[t] == HD_TASK_TRANSFER)
      begin[(gsize) s->what[t] + 2]++;
  for (gsize r = 2; r < (gsize) s->n_routes + 2; r++)
    begin[r] += begin[r - 1];
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    if (s->kind[t] == HD_TASK_TRANSFER)
      (*tasks)[begin[(gsize) s->what[t] + 1]++] = t;
  return begin;
}

static gboolean
passes (const HdRoute *route, HdResourceId resource)
{
  for (guint h = 0; h < route->n_hops; h++)
    if (route->hop[h].resource == resource)
      return TRUE;
  return FALSE;
}

static void
check_loads (const Routes *routes)
{
  const HdSchedule *s = routes->check->s;
  const HdPlatform *platform = routes->check->platform;
  g_autofree HdTaskId *tasks = NULL;
  g_autofree guint64 *begin = find_tasks_of_routes (s, &tasks);
  g_autoptr (GArray) jobs = g_array_new (FALSE, FALSE, sizeof (Job));
  for (HdResourceId resource = 0; resource < platform->n_resources; resource++) {
    if (platform->resource[resource].width_bits == 0)
      continue;
    g_array_set_size (jobs, 0);
    for (guint r = 0; r < s->n_routes; r++)
      for (guint64 i = begin[r]; i < begin[r + 1] && passes (&s->route[r], resource); i++)
        add_jobs (routes, tasks[i], resource, jobs);
    if (jobs->len > 0)
      serve (routes->check, &platform->resource[resource], (Job *) (gpointer) jobs->data, jobs->len);
  }
}

void
_hd_check_times_routes (const HdCheck *check, const HdTaskTimes *times)
{
  const HdSchedule *s = check->s;
  guint longest = 1;
  g_autofree guint64 *burst = g_new (guint64, MAX (1, s->n_routes));
  guint64 before = check->faults->n;
  if (times->cycles > TIME_MAX)
    return;
  for (guint r = 0; r < s->n_routes; r++) {
    burst[r] = hd_platform_route_burst (check->platform, &s->route[r]);
    longest = MAX (longest, s->route[r].n_hops);
  }
  g_autofree Passing *hops = g_new (Passing, longest);
  g_autofree guint64 *tail = g_new (guint64, longest);
  const Routes routes = { check, times, burst, hops, tail };
  for (HdTaskId t = 0; t < s->n_tasks; t++)
    if (s->kind[t] == HD_TASK_TRANSFER) {
      pass_route (&routes, t);
      check_start (&routes, t);
      check_end (&routes, t);
    }
  /* A transfer that is too fast by itself would overload its resources as well. */
  if (check->faults->n == before)
    check_loads (&routes);
}
