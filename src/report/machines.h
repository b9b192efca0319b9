/* Two machines: which has more, and when the one that has more is slower, why. */
#pragma once

#include "base/json.h"
#include "report/view.h"

/** What a machine has in all. */
typedef struct {
  double cores;          /* [1] */
  double operations;     /* at most [1/s] */
  double chip_bits;      /* on-chip memory [bit] */
  double dram_rate;      /* of all DRAM ports [bit/s] */
  double network_rate;   /* of all buses and links that have a width; infinite when none has [bit/s] */
} HdMachine;

#define HD_MACHINE_N_TOTALS 5

typedef struct {
  const HdView *a, *b;
  HdMachine machine_a, machine_b;
  int larger;                          /* 0: a, 1: b, has more of something and less of nothing; -1: neither */
  int stronger;                        /* the larger, or where neither is, that with more operations per second; -1: neither */
  guint64 compute_a, compute_b;        /* all computes [cycle] */
  guint64 nodes_a, nodes_b;
  guint64 common, moved, reordered;    /* nodes in both runs, 0 when these cut the network differently; of these on another core; on the same core, but behind another node */
} HdMachines;

/** FALSE: there is nothing to say, being the same platform, or none. Both views have their tables. */
gboolean _hd_machines_compare (HdMachines *self, const HdView *a, const HdView *b);
/** Nothing unless the stronger machine is the slower one. */
void _hd_machines_text (const HdMachines *self, GString *out);
/** The object "machines". */
void _hd_machines_json (const HdMachines *self, HdJson *json);
