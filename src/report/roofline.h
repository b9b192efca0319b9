/* The numbers of a roofline: what each layer reached on a core, and what the core could. */
#pragma once

#include "report/view.h"

#include <heddle/platform.h>
#include <heddle/workload.h>

enum { ROOF_DRAM, ROOF_LOCAL, ROOF_N_TRAFFICS };
enum { ROOF_MOST_CORES = 16 };

typedef struct {
  guint64 operations;               /* [1] */
  guint64 cycles;                   /* of the run: its computes on this core, and the waits before them */
  guint64 bits[ROOF_N_TRAFFICS];    /* moved for its nodes here, from or to DRAM; into or out of the core's own memories [bit] */
} RoofPoint;

typedef struct {
  guint32 core;
  double peak;                      /* [1/cycle of the core] */
  guint input_bits, weight_bits;    /* in-memory compute: the operands for which that is the peak, the narrowest of its layers; 0: it is for all */
  double slope[ROOF_N_TRAFFICS];    /* [bit/cycle of the core]; infinite: no limit */
  double cycles_per_own;            /* base cycles in a cycle of the core */
  RoofPoint *point;                 /* by layer; those without operations are not drawn */
} RoofCore;

typedef struct {
  const HdView *view;
  guint n;                          /* by core */
  guint left_out;                   /* cores that computed and are not among them */
  RoofCore *core;
} Roofline;

/** @workload (nullable): how wide operands are; NULL: nothing is known of them. */
gboolean _hd_roofline_collect (Roofline *self, const HdView *view, const HdPlatform *platform, const HdWorkload *workload, GError **error);
void _hd_roofline_clear (Roofline *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Roofline, _hd_roofline_clear)
