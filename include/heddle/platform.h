/* The platform: an immutable description of cores, memories, and what moves bits between them.
 *
 * Time is counted in base cycles: the base clock is the smallest common refinement of the platform's clocks. A resource of period r
 * starts work only at multiples of r. Everything is an index; the order is by name, so it does not depend on the file's.
 *
 * | thing    | is                                                                                                     |
 * |----------|--------------------------------------------------------------------------------------------------------|
 * | core     | executes computation nodes, one at a time                                                              |
 * | memory   | holds pieces, up to its capacity; DRAM is a memory too (capacity may be unlimited)                     |
 * | resource | moves bits, one burst at a time: a memory's port, a bus, a link. No width: unlimited, no time          |
 * | level    | a memory of a core's inner hierarchy as the cost model sees it: a register, or one of the memories     |
 * | dma      | where transfers queue: a DMA engine; passes make one schedule queue of each                            |
 * | route    | the resources that a transfer passes from a memory to one or several others: a tree of hops            |
 *
 * Ownership: hd_platform_load() returns a reference; everything reached from it lives as long as it does.
 */
#pragma once

#include <heddle/error.h>

#include <glib.h>

G_BEGIN_DECLS

typedef guint32 HdCoreId;
typedef guint32 HdMemoryId;
typedef guint32 HdResourceId;

#ifndef HD_NONE
#define HD_NONE G_MAXUINT32
#endif
#define HD_UNLIMITED_BITS G_MAXUINT64

/* --- what moves bits ---------------------------------------------------------------------------- */

typedef enum {
  HD_RESOURCE_PORT,  /* of a memory: read, write, or both */
  HD_RESOURCE_BUS,
  HD_RESOURCE_LINK,
} HdResourceKind;

typedef enum {
  HD_ARBITER_FIRST_COME,      /* the burst that was offered first; ties by queue id */
  HD_ARBITER_ROUND_ROBIN,     /* the next queue id after the one granted last, cyclically */
  HD_ARBITER_FIXED_PRIORITY,  /* the smallest queue priority; ties: offered first, then queue id */
  HD_ARBITER_TIME_SLOTS,      /* only queues whose slot is now; among them first-come */
} HdArbiter;

typedef struct {
  char *id;                   /* bus and link: their id; port: "MEMORY.port", "MEMORY.read" or "MEMORY.write" */
  HdResourceKind kind;
  guint64 width_bits;         /* moved per own cycle [bit/cycle]; 0: unlimited, no time, no arbitration */
  guint64 period;             /* of its clock [base cycle], >= 1 */
  guint64 latency;            /* after a burst has left, until it is at the next resource [base cycle] (own cycles times period) */
  HdArbiter arbiter;
  guint n_slots;              /* TIME_SLOTS: slots in a round, >= 1 */
  guint64 slot_cycles;        /* TIME_SLOTS: length of a slot [base cycle], a multiple of the period */
  double energy_pj_per_bit;   /* of moving a bit over it [pJ/bit]; ports: 0, the memory's prices count */
  double static_w;            /* leakage [W]; ports: 0, the memory's counts */
  double static_pj_per_cycle; /* the same [pJ per base cycle] */
  HdMemoryId memory;          /* PORT: whose; else HD_NONE */
} HdResource;

/* --- what holds bits ------------------------------------------------------------------------------ */

typedef struct {
  char *id;
  gboolean dram;              /* off chip: where inputs and weights are at the beginning and outputs at the end */
  guint64 capacity_bits;      /* [bit]; HD_UNLIMITED_BITS: no limit */
  HdResourceId read_port;     /* the same as write_port when there is one for both */
  HdResourceId write_port;
  double read_pj_per_bit;     /* of a transfer's bit [pJ/bit] */
  double write_pj_per_bit;
  double static_w;            /* leakage [W] */
  double static_pj_per_cycle; /* the same [pJ per base cycle] */
  HdCoreId core;              /* the one core that it is private to, or HD_NONE: shared */
} HdMemory;

/* --- what computes -------------------------------------------------------------------------------- */

typedef enum {
  HD_CORE_SPATIAL,  /* an array of multiply-accumulate units */
  HD_CORE_SYSTOLIC, /* an array with fill and drain */
  HD_CORE_VECTOR,   /* SIMD: lanes */
  HD_CORE_POOLING,  /* windows: lanes */
  HD_CORE_IMC,      /* an in-memory-compute macro */
  HD_CORE_FIXED,    /* a table: cycles and energy per operator */
} HdCoreKind;

typedef enum {
  HD_OPERAND_INPUT = 0,    /* I, I1 */
  HD_OPERAND_WEIGHT = 1,   /* W, or the second variable input, I2 */
  HD_OPERAND_OUTPUT = 2,   /* O */
  HD_N_OPERANDS = 3,
} HdCostOperand;

/** The four movements of an operand at a memory (ZigZag's names in brackets). */
typedef enum {
  HD_MOVE_FROM_HIGH = 0, /* written by the level above (fh, wr_in_by_high) */
  HD_MOVE_TO_LOW = 1,    /* read by the level below (tl, rd_out_to_low) */
  HD_MOVE_FROM_LOW = 2,  /* written by the level below (fl, wr_in_by_low) */
  HD_MOVE_TO_HIGH = 3,   /* read by the level above (th, rd_out_to_high) */
  HD_N_MOVES = 4,
} HdMovement;

#define HD_ARRAY_DIMS_MAX 8
#define HD_LEVEL_PORTS_MAX 8

typedef enum { HD_PORT_READ, HD_PORT_WRITE, HD_PORT_READ_WRITE } HdPortKind;

/** A memory as the core's cost model sees it; levels are listed bottom-up (registers first). */
typedef struct {
  char *id;
  HdMemoryId memory;                 /* the platform memory that this is, or HD_NONE: inside the core (register, array) */
  guint operands;                    /* bit i: it holds HdCostOperand i */
  guint64 size_bits;                 /* of one instance [bit]; HD_UNLIMITED_BITS: a DRAM without a size */
  guint64 read_width, write_width;   /* [bit/cycle] */
  guint64 read_granularity, write_granularity; /* smallest access that is paid [bit]; = width when not given */
  double read_pj, write_pj;          /* of one full-width access [pJ] */
  guint serves;                      /* bit d: one instance serves the whole of array dimension d; others multiply the instances */
  gboolean double_buffered;          /* half of it is reserved for the next data */
  guint n_ports;
  HdPortKind port_kind[HD_LEVEL_PORTS_MAX];
  char *port_name[HD_LEVEL_PORTS_MAX];
  gint8 port_of[HD_N_OPERANDS][HD_N_MOVES]; /* which port a movement uses; -1: that movement does not happen here (nothing moves
                                               beyond an operand's topmost level, and inputs and weights only go down) */
} HdLevel;

/** One loop that is unrolled over an array dimension. */
typedef struct {
  char *rank;        /* the layer rank's name, e.g. "K" */
  guint dimension;   /* array dimension */
  guint64 factor;    /* how far, at most; >= 1 */
} HdUnroll;

/** A way to spread a layer's loops over the array. A core lists several; which fits is the cost model's choice. */
typedef struct {
  char *id;
  guint n_unrolls;
  HdUnroll *unroll;
} HdDataflow;

/** FIXED cores: what an operator costs. cycles = ceil (points * cycles_per_point + cycles_per_node). */
typedef struct {
  char *operator_type;         /* "Conv", ...; "*": any other */
  guint64 cycles_per_node;     /* [own cycle] */
  double cycles_per_point;     /* [own cycle] */
  double pj_per_node, pj_per_point;
} HdFixedCost;

typedef struct {
  char *id;
  HdCoreKind kind;
  guint64 period;              /* [base cycle] */
  guint n_dimensions;          /* of the array */
  char *dimension_name[HD_ARRAY_DIMS_MAX];
  guint64 dimension_size[HD_ARRAY_DIMS_MAX];
  guint64 node_overhead;       /* cycles that every node takes besides its work: starting it, control [own cycle] */
  double mac_pj;               /* of one MAC, or of one element operation [pJ] */
  double static_w;             /* leakage [W] */
  double static_pj_per_cycle;  /* the same [pJ per base cycle] */
  guint operators;             /* bit c: it takes layers of HdLayerClass c (mac, pool, vector, move) */
  guint n_levels;
  HdLevel *level;              /* bottom-up */
  guint n_dataflows;
  HdDataflow *dataflow;        /* none: every spatial mapping that fits may be tried */
  guint n_fixed;
  HdFixedCost *fixed;
  /* VECTOR and POOLING */
  guint64 lanes;               /* element operations per own cycle (pooling: window points) */
  /* IMC: rows x columns of cells, `macros` of them side by side */
  guint64 imc_rows, imc_columns, imc_macros;
  guint64 imc_copies;          /* of a layer's weights in macros that would be idle, at most */
  guint imc_cell_bits;         /* weight bits a cell holds */
  guint imc_dac_bits;          /* input bits applied per conversion step */
  guint64 imc_columns_per_adc; /* columns that share a converter, one after the other */
  guint64 imc_cycles_per_conversion; /* [own cycle] */
  guint64 imc_write_width;     /* bits of weights written per own cycle [bit/cycle] */
  double imc_pj_per_conversion, imc_pj_per_write_bit;
  /* where its operands stand when it computes: platform memories, HD_NONE when the core has none for it */
  HdMemoryId operand_memory[HD_N_OPERANDS];
} HdCore;

/** Where the core has an operand: a core without a memory of its own for it takes it from where its inputs are, or its outputs. HD_NONE: it has none at all. */
static inline HdMemoryId
hd_core_operand_memory (const HdCore *core, HdCostOperand operand)
{
  if (core->operand_memory[operand] != HD_NONE)
    return core->operand_memory[operand];
  return core->operand_memory[HD_OPERAND_INPUT] != HD_NONE ? core->operand_memory[HD_OPERAND_INPUT] : core->operand_memory[HD_OPERAND_OUTPUT];
}

/* --- DMA engines: where transfers queue ----------------------------------------------------------- */

typedef struct {
  char *id;
  gboolean loads, stores;      /* which directions it serves: into its memories, out of them */
  guint n_memories;
  HdMemoryId *memories;        /* on-chip memories it serves, ascending */
  guint outstanding;           /* transfers in flight, >= 1 */
  guint priority;              /* for FIXED_PRIORITY arbiters: smaller goes first */
  guint slot;                  /* for TIME_SLOTS arbiters: slot mod the resource's n_slots; where none is given, its index */
  HdCoreId core;               /* the core whose own queue it is (the core moves its own data, nothing overlaps), or HD_NONE */
} HdDma;

/* --- routes --------------------------------------------------------------------------------------- */

typedef struct {
  HdResourceId resource;
  guint32 parent;              /* the hop before, by index in the route; HD_NONE: it starts at the source */
  HdMemoryId arrives;          /* the destination that is reached after this hop, or HD_NONE */
} HdHop;

/** Hops stand parents first; siblings by resource id. A path has one hop per resource, the last arrives. */
typedef struct {
  HdMemoryId source;
  guint n_hops;
  HdHop *hop;
} HdRoute;

/** Frees what the route holds, and empties it. */
void hd_route_clear (HdRoute *route);

typedef struct HdPlatform {
  char *name;
  guint64 clock_hz;            /* of the base clock [Hz] */
  guint64 burst_bits;          /* the least size of a burst [bit]; 512 */
  guint64 window;              /* bursts of one transfer in flight at most; 0: no limit */
  guint n_cores;      HdCore *core;
  guint n_memories;   HdMemory *memory;
  guint n_resources;  HdResource *resource;
  guint n_dmas;       HdDma *dma;   /* never none: where the file names no dma, each on-chip memory M has "M.load" and "M.store" */
  gboolean has_topology;            /* TRUE for platforms of this room; one that is made by hand, field by field, has no more than what stands here */
} HdPlatform;

HdPlatform *hd_platform_ref (HdPlatform *self);
void hd_platform_unref (HdPlatform *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdPlatform, hd_platform_unref)

/**
 * hd_platform_load:
 *
 * Reads a platform file (XInclude of files below the including folder only). Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT with file:line for every fault.
 */
HdPlatform *hd_platform_load (const char *path, GError **error);
HdPlatform *hd_platform_parse_xml (const char *text, gsize length, const char *name, GError **error);

/**
 * hd_platform_parse_synthetic:
 * @text: e.g. "core:4 sram:64KiB bus:128b dram:64b@200MHz"
 *
 * A platform in one line, for tests and questions; the grammar stands in doc/platform.md.
 */
HdPlatform *hd_platform_parse_synthetic (const char *text, GError **error);

/** Returns (transfer full): the XML that a synthetic platform stands for. Errors: %HD_ERROR_INPUT. */
char *hd_platform_synthetic_to_xml (const char *text, GError **error);

/** A small, commented platform file to start from; it loads as it stands. */
const char *hd_platform_template_xml (void);

/** Returns (transfer full): canonical XML, elements by name; parsing it gives the same platform (one of more than some
 * 5,000 memories can come out larger than may be read). Its sha256 identifies the platform. */
char *hd_platform_to_xml (const HdPlatform *self);
/** Returns (transfer full): sha256 of the canonical XML, in hexadecimal. */
char *hd_platform_sha256 (const HdPlatform *self);

/**
 * hd_platform_route:
 * @source: the memory that is read
 * @destinations: (array length=n): the memories that are written; distinct, not @source
 * @route: (out): clear it with hd_route_clear()
 *
 * The way that the file gives, else the one with the fewest resources; ties by the names of the resources in order. It begins with the source's read
 * port and ends with the destination's write port; other memories' ports are never on the way. Several destinations: the union
 * of their ways, shared from the start as far as they agree.
 *
 * Time: O(resources and their connections) for each destination: ask once for each distinct route.
 * Errors: %HD_ERROR_NEGATIVE when there is no way; the message names both ends.
 */
gboolean hd_platform_route (const HdPlatform *self, HdMemoryId source, const HdMemoryId *destinations, guint n, HdRoute *route, GError **error);

/** Fills @hops, by memory, with the hops of hd_platform_route() from there to @destination alone; G_MAXUINT32: there is no way. Time: O(resources and their connections) for all of them. */
void hd_platform_hops (const HdPlatform *self, HdMemoryId destination, guint32 *hops);

/** Whether a burst can go from one resource straight to the other, as the topology says; where there is none, it can. */
gboolean hd_platform_connects (const HdPlatform *self, HdResourceId from, HdResourceId to);

/** The burst of a route [bit]: the smallest multiple of all its finite widths that is at least burst_bits. No finite width: burst_bits. G_MAXUINT64 when it does not fit in 63 bits. */
guint64 hd_platform_route_burst (const HdPlatform *self, const HdRoute *route);

/**
 * hd_platform_next:
 * @to: (out) (array length=return): the resources that a burst can go to from @resource, ascending; belongs to the platform
 *
 * The topology: what a route is made of. Read ports lead to buses and links, these to others of their kind and to write ports.
 */
guint hd_platform_next (const HdPlatform *self, HdResourceId resource, const HdResourceId **to);

/** By id; %HD_NONE when there is none. */
HdCoreId hd_platform_find_core (const HdPlatform *self, const char *id);
HdMemoryId hd_platform_find_memory (const HdPlatform *self, const char *id);
HdResourceId hd_platform_find_resource (const HdPlatform *self, const char *id);

G_END_DECLS
