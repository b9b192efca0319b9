/* Small instances: a platform and a schedule in one flat value that can be copied, changed and compared, so that a failing one can be
 * shrunk. Lists are bit sets. instance_build() makes the platform and schedule that the engines take, without any loader or builder.
 */
#pragma once

#include <heddle/platform.h>
#include <heddle/random.h>
#include <heddle/schedule.h>

enum { CORES_MAX = 5, MEMORIES_MAX = 5, RESOURCES_MAX = 6, QUEUES_MAX = 60, ROUTES_MAX = 6, HOPS_MAX = 6, TASKS_MAX = 63, PIECES_MAX = 40 };

typedef struct {
  guint64 period;
  double static_pj;
} InstanceCore;

typedef struct {
  guint64 capacity;          /* G_MAXUINT64: unlimited */
  gboolean dram;
  double read_pj, write_pj, static_pj;
} InstanceMemory;

typedef struct {
  guint64 width, period, latency, slot_cycles;
  guint arbiter, n_slots;
  double bit_pj, static_pj;
} InstanceResource;

typedef struct {
  guint order, outstanding, priority, slot;
  guint32 core;
} InstanceQueue;

typedef struct {
  guint32 source;
  guint n_hops;
  HdHop hop[HOPS_MAX];
} InstanceRoute;

typedef struct {
  guint kind;
  guint32 queue, route, weight_key, priority;
  guint32 position;          /* order in its queue: ascending; equal: by id */
  guint64 cycles, load_cycles, energy, load_energy, bits;
  guint64 uses;              /* set of pieces */
  guint64 after;             /* set of tasks */
} InstanceTask;

typedef struct {
  guint32 memory, creator;
  guint64 bits;
  guint64 release;           /* set of tasks */
} InstancePiece;

typedef struct {
  guint64 burst_bits, window;
  guint n_cores, n_memories, n_resources, n_queues, n_routes, n_tasks, n_pieces;
  InstanceCore core[CORES_MAX];
  InstanceMemory memory[MEMORIES_MAX];
  InstanceResource resource[RESOURCES_MAX];
  InstanceQueue queue[QUEUES_MAX];
  InstanceRoute route[ROUTES_MAX];
  InstanceTask task[TASKS_MAX];
  InstancePiece piece[PIECES_MAX];
} Instance;

/** The instance of a seed: always the same. */
void instance_generate (Instance *self, guint64 seed);
/** The same of machines and transfers that contend for a few ports and a bus. */
void instance_generate_contended (Instance *self, guint64 seed);

/** What the engines take. Free it with instance_free_built(). */
void instance_build (const Instance *self, HdPlatform *platform, HdSchedule *schedule);
void instance_free_built (HdPlatform *platform, HdSchedule *schedule);

/** @copies of a built schedule, in the same queues, with the residents shared. Free it with schedule_free_built(). */
void schedule_repeat (const HdSchedule *one, guint copies, HdSchedule *many);
void schedule_free_built (HdSchedule *schedule);

/** A text that instance_parse() reads back exactly; (transfer full). */
char *instance_to_text (const Instance *self);
/** FALSE: the text is not an instance; @error_line says where. */
gboolean instance_parse (Instance *self, const char *text, guint *error_line);

#define SET_HAS(set, i) (((set) >> (i) & 1) != 0)
#define SET_OF(i) (G_GUINT64_CONSTANT (1) << (i))
