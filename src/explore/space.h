/* The space: what may be chosen for each layer. Internal to the room. */
#pragma once

#include <heddle/explore.h>
#include <heddle/mapping.h>

#include <glib.h>

/** Pieces per core, and tiles of a stack, at most that a gene offers. */
#define MAX_PIECES 1024

/** A set of cores that a layer can be put on, and how it is dealt to them. */
typedef struct {
  guint n_cores;
  HdCoreId *cores;
  int split;             /* rank dealt in blocks; -1: in turn */
  guint grid;            /* in turn, > 0: so many pieces of the slice rank, the rest of the row rank, one for each core */
  guint64 least_slices;  /* pieces per core of the slice rank without which no node fits its memories */
  guint64 least_rows;    /* tiles along the row rank likewise */
  guint64 easy_rows;     /* and so that a quarter of each memory is left: pieces come larger than what one node reads of them */
  guint64 least_columns, easy_columns;  /* likewise, where single rows are too long; else 1 */
} Placement;

typedef enum { GENE_CORES, GENE_SLICES, GENE_ROWS, GENE_COLUMNS, GENE_ENDS, GENE_RETENTION, N_GENE_KINDS, GENE_ORDER = N_GENE_KINDS } GeneKind;

#define NO_GENE G_MAXUINT

/** What is known of one layer. */
typedef struct {
  int slice_rank;        /* largest rank of the output that chooses among weights (else among channels); -1: none */
  int row_rank;          /* outermost of the others that are windows or positions; -1: none */
  int column_rank;       /* the next one; -1: none */
  GArray *placement;     /* of Placement */
  GArray *slices;        /* of guint64: pieces per core, ascending from 1 */
  GArray *rows;          /* of guint64: tiles, ascending from 1 */
  GArray *columns;       /* of guint64 */
  guint gene[N_GENE_KINDS];  /* NO_GENE: nothing to choose */
} LayerSpace;

struct HdExploreSpace {
  gint references;
  HdWorkload *workload;
  HdPlatform *platform;
  HdPlatform *draft_platform;  /* the same, with coarser bursts */
  HdExploreOptions options;
  char *pass;
  HdCostModel *cost;
  HdCostModel *draft_cost;     /* nearly the same, found in a fraction of the time */
  LayerSpace *layer;     /* by layer */
  guint order_gene;      /* by what the pass orders nodes, from HD_PRIORITY_LATENCY on; NO_GENE: by the options' priority */
  HdSearchProblem problem;
  GArray *n_values;      /* of guint16, by gene */
  GArray *kind;          /* of HdGeneKind, by gene */
  GArray *gene_of;       /* of GeneOf, by gene */
  GArray *starts;        /* of guint16 */
  guint n_starts;
  guint n_plain;         /* the first of them: each mapping once; the others are the same in other orders */
  guint64 most_nodes;          /* of a mapping that a search runs */
};

typedef struct {
  HdLayerId layer;       /* HD_NONE: of all */
  GeneKind kind;
} GeneOf;

/** The layer's value of a gene; 0 where there is nothing to choose. */
static inline guint
gene_value (const HdExploreSpace *self, const guint16 *genes, HdLayerId layer, GeneKind kind)
{
  guint gene = self->layer[layer].gene[kind];
  return gene != NO_GENE ? genes[gene] : 0;
}

static inline void
set_gene (const HdExploreSpace *self, guint16 *genes, HdLayerId layer, GeneKind kind, guint value)
{
  guint gene = self->layer[layer].gene[kind];
  if (gene != NO_GENE)
    genes[gene] = (guint16) value;
}

/* layer.c: ranks, placements, and the least pieces */
void _hd_explore_layer_init (HdExploreSpace *self, HdLayerId layer);
void _hd_explore_layer_clear (LayerSpace *layer);
/** The size of a piece when @size is cut into @n. */
guint64 _hd_explore_piece (guint64 size, guint64 n);

/* decode.c */
/** Whether a stack ends with @layer. */
gboolean _hd_explore_ends (const HdExploreSpace *self, const guint16 *genes, HdLayerId layer);
HdMapping *_hd_explore_decode (const HdExploreSpace *self, HdPlatform *platform, const guint16 *genes, GError **error);
guint64 _hd_explore_dealt_rows (const HdExploreSpace *self, HdLayerId layer, const Placement *placement);
void _hd_explore_repair (gpointer data, guint16 *genes);
/** In which order the pass is to draft it. */
HdPriority _hd_explore_order (const HdExploreSpace *self, const guint16 *genes);

/* score.c: HdSearchProblem.evaluate; the context is the space */
gboolean _hd_explore_evaluate (gpointer context, const guint16 *genes, double *objectives);

/* effort.c: sets most_nodes; FALSE when a mapping has more */
void _hd_explore_limit_effort (HdExploreSpace *self);
gboolean _hd_explore_check_effort (const HdExploreSpace *self, const HdMapping *mapping, GError **error);

/* allocate.c: the starts */
void _hd_explore_starts (HdExploreSpace *self);
