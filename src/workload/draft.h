/* A workload while it is being made: layers name their tensors, nothing is checked or sorted yet.
 *
 * Both readers fill a draft: lowered XML directly, operators (XML or ONNX) through the operator table. _hd_workload_draft_finish() checks all of it,
 * puts it in canonical order and makes the workload. What the checks find goes to the diagnostics of the file, with the line of the
 * element (XML) or the name of the layer (ONNX, which has no lines).
 */
#pragma once

#include <heddle/workload.h>

G_BEGIN_DECLS

/** Sizes above this are refused: products of a coefficient and a size then fit 62 bits [1]. */
#define HD_SIZE_MAX G_MAXINT32
/** The most elements of a tensor, and points of a layer [1]. */
#define HD_VOLUME_MAX (G_GUINT64_CONSTANT (1) << 56)
/** The most operands of a layer [1]. */
#define HD_OPERANDS_MAX 4096u
/** The most layers, and operators before they are lowered (constants among them) [1]. */
#define HD_LAYERS_MAX 20000u
#define HD_OPERATORS_MAX 50000u

typedef struct {
  HdTensor tensor;     /* name, kind, sizes, bits */
  guint line;
} HdDraftTensor;

typedef struct {
  HdOperand operand;
  char *tensor;
  guint line;      /* of the element; 0 for operands of operators */
  guint n_dims;    /* of its index as written, to be compared with the tensor's; 0: not written */
} HdDraftOperand;

typedef struct {
  HdLayer layer;           /* without operands */
  GPtrArray *operands;     /* HdDraftOperand, in any order */
  guint line;
  gboolean broken;         /* a fault has been told; no others about it */
} HdDraftLayer;

typedef struct {
  char *name;
  HdDiagnostics *diagnostics;  /* not owned */
  guint line;                  /* of the root element; 0: none (ONNX) */
  gboolean prune;              /* drop tensors that nobody reads and layers whose output nobody needs (ONNX) */
  GHashTable *tensors;         /* name -> HdDraftTensor */
  GPtrArray *layers;           /* HdDraftLayer */
} HdDraft;

HdDraft *_hd_workload_draft_new (const char *name, HdDiagnostics *diagnostics);
void _hd_workload_draft_free (HdDraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdDraft, _hd_workload_draft_free)

/** Returns: the new tensor, or NULL when there is one of that name. */
HdDraftTensor *_hd_workload_draft_add_tensor (HdDraft *self, const char *name, guint line);
HdDraftTensor *_hd_workload_draft_find_tensor (HdDraft *self, const char *name);

/** A layer that belongs to no draft yet. */
HdDraftLayer *_hd_workload_draft_layer_new (const char *name, const char *operator_type, guint line);
void _hd_workload_draft_layer_free (HdDraftLayer *self);
/** Returns: the new rank's index; -1, and a broken layer, when there are too many. */
int _hd_workload_draft_layer_add_rank (HdDraftLayer *self, const char *name, guint64 size);
HdDraftOperand *_hd_workload_draft_layer_add_operand (HdDraftLayer *self, const char *tensor, HdRole role);

/**
 * _hd_workload_draft_finish:
 *
 * Checks the draft and makes the workload of it. The draft's tensors and layers are used up.
 * Errors: all faults in the diagnostics (those from before too) as one %HD_ERROR_INPUT.
 */
HdWorkload *_hd_workload_draft_finish (HdDraft *self, GError **error);

/** Whether a workload that says so consists of several copies of a network, as hd_workload_repeat() makes them. */
void _hd_workload_check_inferences (const HdWorkload *self, HdDiagnostics *diagnostics, guint line);

/* Its parts. */
gboolean _hd_workload_draft_check (HdDraft *self);
HdWorkload *_hd_workload_new (void);
/** Layer indices in topological order, ties by name; a fault and NULL on a cycle. */
GArray *_hd_workload_draft_sort_layers (HdDraft *self);

G_END_DECLS
