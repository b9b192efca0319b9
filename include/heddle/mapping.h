/* The mapping: how a workload is put on a platform. Which layers are fused, into what tiles, what is kept, and which core does what.
 *
 * A mapping is resolved: it has one row for every layer and every layer is in exactly one stack, whatever its file left unsaid. Layers that no
 * stack names are stacks of their own, untiled; a layer without cores gets the first core (by name) that takes its class.
 *
 * | thing     | is                                                                                                    |
 * |-----------|-------------------------------------------------------------------------------------------------------|
 * | stack     | layers fused together: worked on tile by tile                                                         |
 * | tile      | sizes per rank of the stack's last layer; a rank that is not named is whole. Each named rank is an axis |
 * | retention | what becomes of the part of a tensor that several tiles need: per tensor and tile axis                |
 * | cut       | a further grid of one layer, at multiples of a size from 0: any rank, reductions too (partial sums)   |
 *
 * Ownership: a mapping holds references to its workload and platform; everything reached from it lives as long as it does.
 */
#pragma once

#include <heddle/platform.h>
#include <heddle/workload.h>

#include <glib.h>

G_BEGIN_DECLS

typedef guint32 HdStackId;

/** What becomes of data that an earlier tile had and a later tile needs again. */
typedef enum {
  HD_RETENTION_RETAIN,     /* computed (or fetched) once and kept: later tiles read it where it is */
  HD_RETENTION_RECOMPUTE,  /* each tile computes all that it needs; tensors made inside the stack only */
  HD_RETENTION_REFETCH,    /* computed (or fetched) once, not kept: later tiles fetch it from DRAM again */
} HdRetention;

/** One rank and how large its pieces are; the last one may be smaller. */
typedef struct {
  char *rank;
  guint64 size;              /* [1], >= 1; not more than the rank's */
  guint line;                /* where the mapping says so; 0: nowhere */
} HdMappingCut;

/** How one tensor is kept, along one tile axis. */
typedef struct {
  HdTensorId tensor;
  HdRetention *mode;         /* by tile axis of the stack */
  guint line;
} HdMappingTensor;

typedef struct {
  guint n_layers;
  HdLayerId *layers;         /* ascending: a topological order; the last of them is what the tile is measured on */
  guint n_axes;
  HdMappingCut *axis;        /* the tile: outermost loop first */
  HdRetention mode;          /* of the tensors that are not named */
  guint n_tensors;
  HdMappingTensor *tensor;   /* ascending by tensor; made or read by a layer of the stack */
  guint line;
} HdMappingStack;

/** One loop spread over the core's array: at most @factor points of @rank side by side. */
typedef struct {
  char *rank;
  guint dimension;           /* index of the array dimension of the layer's first core */
  guint64 factor;            /* >= 1 */
} HdMappingUnroll;

/** One temporal loop; the list goes from the innermost to the outermost. */
typedef struct {
  char *rank;
  guint64 factor;            /* >= 1 */
  char *level[HD_N_OPERANDS]; /* per HdCostOperand: id of the core's level in which the operand stays during this loop; NULL: the search's choice */
} HdMappingLoop;

typedef struct {
  HdStackId stack;
  guint n_cores;             /* >= 1 */
  HdCoreId *cores;           /* in the order of the file: the nodes are dealt to them in turn */
  int split;                 /* rank whose pieces are dealt in contiguous blocks instead; -1: none. Not cut otherwise: it is cut into n_cores pieces */
  guint n_cuts;
  HdMappingCut *cut;         /* in the order of the layer's ranks */
  guint n_unrolls;
  HdMappingUnroll *unroll;   /* none: the platform's dataflows, or the search's choice */
  guint n_loops;
  HdMappingLoop *loop;       /* none: the search's choice */
  guint line;                /* 0: the file does not name it */
} HdMappingLayer;

/** DRAM policy. Outputs of the network are always written back. */
typedef struct {
  HdMemoryId memory;         /* where inputs and weights come from and outputs go: the first DRAM by name; HD_NONE: the platform has none */
  guint prefetch;            /* loads may be issued for the next so many nodes of a core; 0: as early as space allows */
} HdMappingDram;

typedef struct HdMapping {
  gint references;           /* hd_mapping_ref()'s */
  char *file;                /* for messages; "" for the default mapping */
  HdWorkload *workload;
  HdPlatform *platform;
  guint n_stacks;
  HdMappingStack *stack;     /* in an order in which they can be executed, ties by first layer */
  HdMappingLayer *layer;     /* by layer of the workload */
  HdMappingDram dram;
} HdMapping;

/**
 * hd_mapping_load:
 * @path: a mapping file
 * @workload: what it maps
 * @platform: onto what
 *
 * Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT with file:line for every fault: unknown layers, ranks, tensors and cores (with a suggestion), a layer in two stacks,
 * a stack with a hole (a path that leaves it and comes back), sizes of 0 or larger than the rank, a core that does not take the layer, a cut whose output is no box.
 */
HdMapping *hd_mapping_load (const char *path, HdWorkload *workload, HdPlatform *platform, GError **error);
/** As hd_mapping_load(), from memory; @name stands for the file in messages. */
HdMapping *hd_mapping_parse_xml (const char *text, gsize length, const char *name, HdWorkload *workload, HdPlatform *platform, GError **error);

/**
 * hd_mapping_default:
 *
 * For those who wrote none: each layer a stack of its own, on the first core that takes it, cut until what a node needs takes no more than half of the core's memories.
 * Errors: %HD_ERROR_NEGATIVE when the platform has no core for a layer; all such layers are named.
 */
HdMapping *hd_mapping_default (HdWorkload *workload, HdPlatform *platform, GError **error);

/* --- made in code ------------------------------------------------------------------------------------ */

/** What a layer's row is to be. */
typedef struct {
  guint n_cores;             /* 0: the first core that takes it */
  const HdCoreId *cores;     /* distinct; the nodes are dealt to them in this order */
  int split;                 /* index of the rank whose pieces are dealt in contiguous blocks; -1: none. Not cut otherwise: it is cut into n_cores pieces */
  guint64 cut[HD_RANKS_MAX]; /* by rank of the layer: size of its pieces [1]; 0: not cut */
} HdMappingLayerChoice;

/** Layers to be fused. */
typedef struct {
  guint n_layers;
  const HdLayerId *layers;   /* in any order, each once */
  guint n_axes;
  guint axis_rank[HD_RANKS_MAX];    /* of the stack's last layer; outermost loop first */
  guint64 axis_size[HD_RANKS_MAX];  /* [1] */
  HdRetention mode;
} HdMappingStackChoice;

typedef struct {
  const HdMappingLayerChoice *layer;  /* by layer of the workload */
  guint n_stacks;
  const HdMappingStackChoice *stack;  /* layers in none are stacks of their own, untiled */
  guint prefetch;                     /* as in HdMappingDram */
} HdMappingChoices;

/**
 * hd_mapping_new_choices:
 *
 * A mapping out of choices made in code, checked as a file's are; no text on the way: microseconds, for searches. hd_mapping_to_xml() of it reads back as the same.
 *
 * Errors: %HD_ERROR_INPUT; every fault names its layer.
 */
HdMapping *hd_mapping_new_choices (HdWorkload *workload, HdPlatform *platform, const HdMappingChoices *choices, GError **error);

/**
 * hd_mapping_repeat:
 * @n: how many inferences
 *
 * The mapping of hd_workload_repeat(): each copy of the network is mapped as @self maps the one. With 1: @self.
 *
 * Errors: %HD_ERROR_INPUT, those of hd_workload_repeat().
 */
HdMapping *hd_mapping_repeat (HdMapping *self, guint n, GError **error);

/** Whether @core takes layers like @layer. */
gboolean hd_mapping_core_takes (const HdCore *core, const HdLayer *layer);

HdMapping *hd_mapping_ref (HdMapping *self);
void hd_mapping_unref (HdMapping *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdMapping, hd_mapping_unref)

/** Returns (transfer full): canonical XML: resolved, stacks and layers by name. Parsing it gives the same mapping. */
char *hd_mapping_to_xml (const HdMapping *self);

/** How the stack keeps @tensor along its tile axis @axis. */
HdRetention hd_mapping_retention (const HdMapping *self, HdStackId stack, HdTensorId tensor, guint axis);

/** "retain", "recompute", "refetch". */
const char *hd_retention_name (HdRetention mode);

G_END_DECLS
