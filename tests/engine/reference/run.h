/* The state of a run of the reference engine, and what its files ask of each other. Private to them. */
#pragma once

#include "reference.h"

/* A burst at a hop: it waits for the hop's resource, or has left it and travels. */
typedef struct {
  HdTaskId task;
  guint32 burst, hop;
  gboolean waits;
  guint64 cycle;   /* of the offer when it waits; else when its travel is over */
} Burst;

typedef struct {
  HdResourceId resource;
  guint64 from, bits;
} Hold;

typedef struct {
  const HdPlatform *platform;
  const HdSchedule *schedule;
  Trace *trace;
  guint64 now;
  gboolean changed;               /* in this round */
  /* by task */
  gboolean *ended;
  guint64 *lacked_space;          /* first cycle with a phase 2 that left it with its turn but without space */
  guint64 *burst_bits;            /* of its route */
  guint32 *n_bursts, *n_offered, *n_granted, *n_arrived;   /* transfers: bursts offered and granted at hop 0, arrived everywhere */
  gboolean *paid_load;
  guint8 **arrivals;              /* [task][burst]: destinations reached */
  /* by core */
  HdTaskId *computing;            /* HD_NONE: idle */
  guint32 *resident_key;
  /* by resource */
  guint64 *busy_until;
  HdTaskId *served_last;
  HdQueueId *granted_queue;
  /* by memory; by piece */
  guint64 *occupancy;
  guint64 *went;                  /* cycle in which the piece went */
  gboolean *occupies;
  GArray *bursts;                 /* Burst, those that wait or travel */
  GArray *holds;                  /* Hold */
  GArray **recorded_state, **recorded_occupancy;
} Run;

/* queues.c: what the schedule says, and whose turn it is */
const HdQueue *run_queue_of (const Run *run, HdTaskId task);
const HdRoute *run_route_of (const Run *run, HdTaskId task);
gboolean run_is_compute (const Run *run, HdTaskId task);
gboolean run_is_issued (const Run *run, HdTaskId task);
gboolean run_is_ready (const Run *run, HdTaskId task);
gboolean run_depends_on (const Run *run, HdTaskId task, HdTaskId other);
HdTaskId run_head (const Run *run, HdQueueId queue);
gboolean run_has_turn_at_edge (const Run *run, HdTaskId task);
gboolean run_has_turn (const Run *run, HdTaskId task);
gboolean run_is_candidate_before (const Run *run, HdTaskId a, HdTaskId b);
gboolean run_fits (const Run *run, HdTaskId task);

/* transfers.c: bursts, resources, arbiters */
guint64 run_route_burst (const HdPlatform *platform, const HdRoute *route);
guint32 run_first_limited_hop (const Run *run, HdTaskId task);
void run_offer_next_bursts (Run *run, HdTaskId task);
void run_land_bursts (Run *run);
void run_phase_starts (Run *run);

/* record.c: what is recorded */
void run_record_cycle (Run *run);
void run_record_end (Run *run);
