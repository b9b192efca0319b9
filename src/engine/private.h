/* What the files of the engine share: the plan (derived from the schedule once) and the state of a run.
 *
 * | file         | is about                                                                          |
 * |--------------|-----------------------------------------------------------------------------------|
 * | engine.c     | the loop: events, phases, cycles                                                  |
 * | plan.c       | what is derived once: routes with their holds, who waits for whom                 |
 * | task.c       | a task's moments: ready, issue, end                                               |
 * | grants.c     | phase 2: whose turn has come, whose pieces fit                                    |
 * | space.c      | what the memories hold                                                            |
 * | transfer.c   | a transfer's bursts: offers, travels, arrivals                                    |
 * | arbiter.c    | phase 3: resources choose among the bursts that wait                              |
 * | lone.c       | a transfer that shares no resource: its whole course in closed form               |
 * | turns.c      | transfers that take turns at one resource: whole rounds of them in closed form    |
 * | settle.c     | first-come resources whose grants nobody watches: late, but as they were          |
 * | pour.c       | a first hop that has its resource for itself, and pours its bursts into the next  |
 * | follow.c     | hops whose bursts need no steps, since nobody else is there and they come slowly  |
 * | states.c     | the state of every core                                                           |
 * | series.c     | the batch of changes; bits per cycle                                              |
 * | power.c      | energy and its series                                                             |
 * | result.c     | the summary and the columns                                                       |
 * | deadlock.c   | a deadlock in words                                                               |
 *
 * Memory for each task: the result's columns (37 byte) and 8 bytes of links; for each piece 8 bytes; 4 bytes for each order dependency. Columns hold
 * something else before their moment comes: `issue` counts the dependencies that have not ended (HD_WAITS), `ready` is the end of the last of them so far, and `start` the
 * first cycle in which the pieces did not fit.
 */
#pragma once

#include <heddle/checked.h>
#include <heddle/engine.h>
#include <heddle/event-queue.h>

#define NEVER G_MAXUINT64

/* --- the plan ------------------------------------------------------------------------------------ */

/* How the bursts of a transfer that is alone get through a hop: bursts that come more slowly than it serves them follow at once,
 * those that come faster keep it busy without a gap. MIXED: neither for sure. */
typedef enum { PACE_PASS, PACE_FOLLOW, PACE_BUSY, PACE_MIXED } Pace;

typedef struct {
  HdResourceId resource;
  guint32 parent, first_child, next_sibling;  /* hops of the route, or HD_NONE */
  gboolean limited;                           /* its resource has a width */
  gboolean arrives;                           /* it names a destination */
  gboolean quiet;                             /* only the last burst's arrival behind it matters to anybody */
  gboolean silent;                            /* so it is before it, too: only the last burst is offered to it */
  gboolean may_follow;                        /* full bursts that come from the hop before are served when they come, if nobody else is here (follow.c) */
  Pace pace;
  guint64 period, latency;                    /* [cycle] */
  guint64 hold;                               /* of a full burst [cycle] */
} Hop;

typedef struct {
  guint32 first_hop, n_hops;                  /* in plan.hop */
  guint32 first_passed, n_passed;             /* in plan.passed: resources that take no time; their hops are left out */
  guint32 first_limited;                      /* hop, or HD_NONE */
  guint32 n_destinations, n_dram_destinations;
  gboolean from_dram;
  gboolean closed;                            /* the course of a lone transfer has a closed form */
  guint64 steady;                             /* closed, and bursts leave every hop this far apart [cycle]; else 0 */
  guint64 burst;                              /* [bit] */
  double price;                               /* [pJ/bit] */
} Route;

/* The links of a piece. Where its users are just those that release it, the rows of the schedule say who waits for it and what goes
 * with whom; else these edges stand in the tasks' extra rows. */
typedef struct {
  guint32 conditions;                         /* ends before it goes; counted down in a run */
  guint32 next;                               /* the next piece of the same creator; bit 31: extra rows */
} PieceLink;

/* What a task waits for, in its `issue`: a number of ends, and the smallest task of those that came last. Both are wanted at each end. */
#define HD_WAITS(count, cause) ((guint64) (cause) << 32 | (count))
#define HD_WAITS_COUNT(waits) ((guint32) (waits))
#define HD_WAITS_CAUSE(waits) ((HdTaskId) ((waits) >> 32))

#define LINK_END 0x7fffffffu
#define LINK_EXTRA 0x80000000u
#define EXTRA_RELEASE 0x80000000u             /* an extra row's entry is a piece to release, not a task that depends */

/* Nobody outside the library calls what is declared from here on: calls need no indirection. */
#pragma GCC visibility push(hidden)

/* --- the state of a run ----------------------------------------------------------------------------- */

/* An event's id: what is to happen, and to whom. */
typedef enum { EVENT_COMPUTE_END, EVENT_CLOCK_EDGE, EVENT_RESOURCE, EVENT_ARRIVE, EVENT_LONE_END, EVENT_TURNS_END, EVENT_POUR_END } EventKind;
#define EVENT(kind, index) ((guint32) (kind) << 28 | (index))
#define EVENT_KIND(id) ((EventKind) ((id) >> 28))
#define EVENT_INDEX(id) ((id) & 0x0fffffffu)
#define EVENT_INDEX_MAX 0x0fffffffu

typedef struct {
  guint32 *item;
  guint32 n, capacity;
} IdList;

/* Ready tasks of a queue by priority, computes and transfers apart: a core that is busy holds up only its computes. */
typedef struct {
  IdList heap;       /* not tried since they were ready or space became free; by (priority, ready, task) */
  IdList blocked;    /* did not fit */
  guint32 n_marked;  /* so many of the blocked have their first cycle of it written down */
} Lane;

typedef struct {
  guint64 head, end;               /* IN_ORDER: in queue_task */
  guint64 unended, unissued;       /* tasks */
  guint32 in_flight, outstanding;
  HdCoreId core;
  guint64 period;                  /* of its core */
  guint32 resident_key;
  HdTaskId running;                /* the compute that holds the core, or HD_NONE */
  guint64 last_end;                /* cycle of the last end; ... */
  HdTaskId last_ended;             /* the smallest id that ended in it */
  guint32 next_waiter;             /* in the list of a memory */
  gboolean by_priority, waits, dirty, touched, tried, at_edge_list;
  guint64 edge;                    /* the clock edge that is waited for; its event is in the queue */
  guint8 state;
  guint64 state_since;
  Lane lane[2];                    /* BY_PRIORITY; by HdTaskKind */
} Queue;

typedef struct {
  guint64 occupied, capacity, peak;
  guint64 freed_cycle;             /* the last cycle in which a piece went; ... */
  HdTaskId freed_by;               /* the smallest task that ended in it and that such a piece had waited for */
  guint32 waiters;                 /* queues whose head lacks space here */
  gboolean touched;
  guint64 shown;                   /* occupancy as last reported */
} Memory;

#define PAST 4   /* grants that a stream remembers: those of the hold and the latency of a hop that is followed, and one more (follow.c) */

/* Cycles of offers in arithmetic progression: the bursts of one transfer that wait at one hop. */
typedef struct {
  guint64 first, step, count;
  guint32 next;
} OfferRun;

/* One hop of a transfer under way. */
typedef struct {
  guint64 waiting;                 /* bursts offered and not granted */
  guint64 granted;                 /* bursts */
  OfferRun offers;                 /* the first run; further ones are linked */
  guint32 transfer, hop;
  guint32 told;                    /* hops behind that are told of every burst; 0: only the last burst's arrival behind this one matters */
  guint32 last_run;                /* HD_NONE: the first is the only one */
  guint64 arrived;                 /* bursts: behind the hop's latency */
  guint64 past[PAST];              /* the cycles of the last grants; burst k's at k modulo PAST */
  guint64 last_hold;               /* of the last burst [cycle] */
  gboolean follows;                /* its full bursts take no steps (follow.c); ... */
  guint32 next_follower, previous_follower;   /* in the list of its resource, or HD_NONE */
  guint64 lone_first, lone_last;   /* lone: grants of the first and of the last burst */
} Stream;

typedef struct {
  HdTaskId task;
  HdQueueId queue;
  const Route *route;
  gboolean lone, active, pours;
  guint32 destinations_left;
  guint32 first_stream;            /* of as many as its route has hops */
  guint64 n_bursts, last_bits;
  guint64 issue;
  guint64 issue_round;             /* the round in which it was issued */
  guint64 lone_end, pour_end;
} Transfer;

/* A burst that waits at a resource, with what arbiters look at. */
typedef struct {
  guint64 offer;
  HdQueueId queue;
  HdTaskId task;
  guint32 hop, stream;
} Waiting;

typedef struct {
  /* what most steps look at */
  guint64 period;                  /* of the platform's, at hand, as are `latency` and `width` */
  guint64 busy_until;
  Waiting *waiting;                /* a queue in an array, in the order (offer, queue, task, hop) */
  guint32 first_waiting, n_waiting, capacity;
  HdArbiter arbiter;
  guint32 users;                   /* hops of transfers under way with bursts to be granted here */
  guint32 watched;                 /* of these, so many are told > 0: their bursts must be granted when it is time */
  gboolean dirty;
  gboolean wakes_itself;           /* an event at busy_until is in the queue: the arrival of the burst that is being served */
  guint32 pour;                    /* the transfer that has it for its first hop and pours, or HD_NONE */
  guint32 turns_at;                /* the resource at which the transfer that has it takes turns with others (turns.c), or HD_NONE */
  HdTaskId last_task;
  guint32 last_queue;              /* HD_NONE: nobody was granted yet */
  guint64 busy_cycles, bits;
  guint64 wake;                    /* the event that is in the queue for it; 0: none */
  guint32 steps_before_turns;      /* grants before it is asked again whether its users take turns; ... */
  guint32 steps;                   /* as they were after the last failure: the double after the next */
  /* the rest */
  guint32 lone;                    /* the lone transfer that has it, or HD_NONE */
  guint32 follower;                /* the first of the streams that follow at it, or HD_NONE; ... */
  guint32 n_followers;
  HdResourceId followed;           /* the resource that all of them come from; ... */
  guint64 pace, slowest;           /* the shortest hold of their full bursts there, and the longest here, or shorter and longer [cycle] */
  guint64 turns, round;            /* they take turns: so many each; in a round, of so many cycles, each has one [cycle] */
  guint64 last_since;              /* `wake` is for the first of the last bursts that waited at this cycle (settle.c): none that comes later goes before it; NEVER: for something else */
  guint64 latency, width;
  guint64 shown, shown_until;      /* bits per cycle as last reported, and until when they hold */
} Resource;

typedef struct {
  guint32 priority;
  HdQueueId queue;
  guint64 ready;
  HdTaskId task;
  guint32 lane;
} Candidate;

typedef struct {
  HdEventQueue *deltas;            /* ids: of amount */
  __int128 *amount;
  guint32 n_amounts, capacity;
  IdList free_amounts;
  gsize flush_at;                  /* deltas */
  struct { guint64 cycle; guint32 id; } recent[16];   /* deltas that wait, by their cycle modulo 16: what comes to the same cycle is added to them */
  __int128 level;                  /* of the cycles since the last delta that was taken out */
  guint64 shown;
  guint64 instant_cycle;           /* tasks of no length: their cycle, and their energy in it */
  unsigned __int128 instant;
  guint64 static_aj;               /* of a cycle */
  unsigned __int128 compute_aj, transfer_aj;
} Power;

struct HdEngine {
  const HdPlatform *platform;
  const HdSchedule *schedule;
  const volatile int *cancel;
  guint n_queues, n_resources;     /* for freeing: the schedule may have gone before */
  char *columns;                   /* one block: those of the plan and of the result */
  /* the plan */
  Hop *hop;
  HdResourceId *passed;
  Route *route;
  guint32 max_hops;
  guint32 *first_piece;            /* by task: the first that it creates, or LINK_END */
  PieceLink *piece;
  guint32 *extra_begin, *extra;
  guint64 *resident_bits;          /* by memory */
  /* the run */
  guint64 now, round, last_moved;
  guint64 n_ended, n_events;
  guint64 n_moves;                 /* issues, grants, arrivals, ends */
  HdEventQueue *events;
  gboolean *core_has_queue;
  Queue *queue;
  Memory *memory;
  Resource *resource;
  Transfer *transfer;
  Stream *stream;
  guint32 n_transfers, transfer_capacity, n_streams, stream_capacity;
  guint32 *free_streams;           /* by number of hops: the first stream of the first block of so many, linked by `transfer`; HD_NONE: none */
  IdList free_transfers;
  OfferRun *run;
  guint32 n_runs, run_capacity, free_run;
  IdList ending;                   /* tasks whose end is now */
  IdList dirty_queues, touched_queues, tried_queues, edge_queues, dirty_resources, touched_memories;
  guint32 any_waiters;             /* queues by priority with blocked tasks */
  Candidate *candidate;
  guint32 n_candidates, candidate_capacity;
  guint64 *need;                   /* by memory: scratch of _hd_fits() */
  /* recording */
  HdSink *sink;
  gboolean recording;              /* there is a sink and it has not failed */
  GError *sink_error;
  HdSeries *series;
  HdRunInfo info;
  guint32 *resource_series;        /* HD_NONE: has none */
  guint32 memory_series, power_series;   /* the first memory's; the one of power */
  HdChange *change;
  gsize n_changes;
  Power power;
  /* what comes out */
  guint64 *ready, *issue, *start, *end;
  guint8 *wait_kind;
  guint32 *wait_cause;
  guint64 (*core_state_cycles)[HD_N_STATES];
  guint64 *memory_peak, *resource_busy, *resource_bits;
  guint64 dram_read_bits, dram_write_bits;
  GString *deadlock_text;
};

/* --- small things ------------------------------------------------------------------------------------- */

static inline guint64
_hd_align (guint64 cycle, guint64 period)
{
  guint64 over = period == 1 ? 0 : cycle % period;
  return over == 0 ? cycle : hd_cycle_add (cycle, period - over);
}

static inline guint64
_hd_cycles_times (guint64 n, guint64 cycles)
{
  guint64 product;
  hd_assert_invariant (hd_mul_u64 (n, cycles, &product), "time overflows 64 bits: %" G_GUINT64_FORMAT " times %" G_GUINT64_FORMAT " cycles", n, cycles);
  return product;
}

static inline gboolean
_hd_has_creator (const HdSchedule *s, HdPieceId p)
{
  return s->piece_creator[p] != HD_NONE;
}

void _hd_id_list_grow (IdList *list);
static inline void
_hd_id_list_add (IdList *list, guint32 id)
{
  if (G_UNLIKELY (list->n == list->capacity))
    _hd_id_list_grow (list);
  list->item[list->n++] = id;
}

/* Sets a flag and puts the index in the list of those that have it. */
#define HD_MARK(array, flag, index, list)       \
  do {                                          \
    if (!(array)[index].flag) {                 \
      (array)[index].flag = TRUE;               \
      _hd_id_list_add (&(list), (index));       \
    }                                           \
  } while (0)

/* plan.c */
gboolean _hd_plan_make (HdEngine *self, GError **error);
void _hd_plan_reset_links (HdEngine *self);

/* task.c */
void _hd_task_issue (HdEngine *self, HdTaskId task);
void _hd_task_end_all (HdEngine *self);
void _hd_queue_dirty (HdEngine *self, HdQueueId q);

/* grants.c */
void _hd_grant_space (HdEngine *self);
void _hd_queue_task_ready (HdEngine *self, HdQueueId q, HdTaskId task);
void _hd_queue_retry (HdEngine *self, HdQueueId q);
HdTaskId _hd_queue_next_task (const HdEngine *self, HdQueueId q, gboolean *ready);

/* space.c */
gboolean _hd_fits (HdEngine *self, HdTaskId task, HdMemoryId *lacking);
void _hd_space_take (HdEngine *self, HdTaskId task);
void _hd_piece_condition_met (HdEngine *self, HdPieceId piece);
HdTaskId _hd_space_cause (const HdEngine *self, HdTaskId task);
void _hd_space_show (HdEngine *self);

/* transfer.c */
void _hd_transfer_issue (HdEngine *self, HdTaskId task);
void _hd_stream_arrive (HdEngine *self, guint32 stream);
void _hd_stream_granted (HdEngine *self, guint32 stream, const Hop *hop, guint64 cycle, guint64 idle);
void _hd_stream_watch (HdEngine *self, const Stream *stream, const Hop *hop);
void _hd_stream_unwatch (HdEngine *self, const Stream *stream, const Hop *hop);
void _hd_stream_queue_offer (HdEngine *self, Stream *stream, guint64 cycle);
void _hd_transfer_started (HdEngine *self, HdTaskId task, guint64 cycle, HdTaskId served_before);
void _hd_transfer_complete (HdEngine *self, guint32 transfer);
static inline guint64
_hd_burst_bits (const Transfer *t, guint64 burst)
{
  return burst == t->n_bursts - 1 ? t->last_bits : t->route->burst;
}

/* arbiter.c */
void _hd_resource_wait (HdEngine *self, HdResourceId r, guint32 stream, guint64 offer);
void _hd_resource_dirty (HdEngine *self, HdResourceId r);
void _hd_resources_grant (HdEngine *self);
void _hd_resource_grant (HdEngine *self, HdResourceId r, guint32 chosen, guint64 cycle);
void _hd_resource_wake_at (HdEngine *self, HdResourceId r, guint64 cycle);
void _hd_resource_leave (Resource *r, guint32 stream);

/* settle.c */
static inline gboolean
_hd_is_unwatched (const Resource *r)
{
  return r->watched == 0 && r->arbiter == HD_ARBITER_FIRST_COME;
}
void _hd_settle (HdEngine *self, HdResourceId r, guint64 until);
void _hd_settle_before (HdEngine *self, HdResourceId r);
void _hd_settle_wake (HdEngine *self, HdResourceId r);

/* pour.c */
gboolean _hd_pour_begin (HdEngine *self, guint32 transfer);
void _hd_pour_end (HdEngine *self, guint32 transfer);
void _hd_pour_break (HdEngine *self, guint32 transfer);

/* lone.c */
gboolean _hd_lone_begin (HdEngine *self, guint32 transfer);
void _hd_lone_end (HdEngine *self, guint32 transfer);
void _hd_lone_break (HdEngine *self, guint32 transfer);

/* turns.c */
gboolean _hd_turns_begin (HdEngine *self, HdResourceId r);
void _hd_turns_end (HdEngine *self, HdResourceId r);
void _hd_turns_break (HdEngine *self, HdResourceId r);

/* follow.c */
void _hd_follow_begin (HdEngine *self, guint32 transfer);
gboolean _hd_follow_may_join (const HdEngine *self, guint32 stream);
void _hd_follow_break (HdEngine *self, HdResourceId r);
void _hd_follow_last (HdEngine *self, guint32 stream);

/* states.c */
void _hd_states_update (HdEngine *self);
void _hd_states_finish (HdEngine *self, guint64 cycles);

/* series.c */
gboolean _hd_engine_series_begin (HdEngine *self, GError **error);
void _hd_series_emit (HdEngine *self, guint32 series, guint64 cycle, guint64 value);
void _hd_series_hold (HdEngine *self, HdResourceId r, guint64 cycle, guint64 bits);
void _hd_series_flush (HdEngine *self);
void _hd_series_finish (HdEngine *self);
void _hd_series_make (HdEngine *self);

/* power.c */
void _hd_power_init (HdEngine *self);
void _hd_power_reset (HdEngine *self);
void _hd_power_compute (HdEngine *self, HdTaskId task, gboolean loaded, guint64 end);
void _hd_power_transfer (HdEngine *self, HdTaskId task, const Route *route);
void _hd_power_finish (HdEngine *self, guint64 cycles);

/* result.c */
void _hd_result_fill (HdEngine *self, gboolean deadlock, HdResult *result);

/* deadlock.c */
void _hd_deadlock_explain (HdEngine *self, GString *text);

#pragma GCC visibility pop
