/* Complete DRAM schedules, as SoMa's model defines them (HPCA 2025): a row of tiles computed in order on one core, and DRAM tensors moved in order over one channel.
 *
 * A tensor occupies the buffer in the intervals [start, end): interval p is "tile p runs", -1 is before tile 0. A load may begin when tile start-1 has ended, a store when its
 * producer has; tile p begins when tile p-1, the loads that it needs, and the stores with end = p have ended.
 */
#pragma once

#include <heddle/schedule.h>

typedef enum { TENSOR_LOAD, TENSOR_STORE, TENSOR_LOCAL } TensorKind;

typedef struct {
  TensorKind kind;
  guint64 bytes;
  int start, end;          /* interval of occupation */
  int producer;            /* tile; stores and locals */
  int dram_order;          /* stores and loads: place in the channel's queue; else -1 */
  guint64 dram_start;      /* expected [cycle] */
} DramTensor;

typedef struct {
  guint64 cycles;
  guint64 start, end;      /* expected [cycle] */
  GArray *needs;           /* of guint: tensors */
} DramTile;

typedef struct {
  GArray *tensors;         /* of DramTensor */
  GArray *tiles;           /* of DramTile */
  guint64 bytes_per_cycle, buffer_bytes, latency;
} DramCase;

void dram_case_free (DramCase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DramCase, dram_case_free)

/** Reads NAME_tiles.csv, NAME_tensors.csv and NAME_meta.txt; NULL when they are not there. */
DramCase *dram_case_load (const char *folder, const char *name);
HdPlatform *dram_case_platform (const DramCase *self);
/** Task p is tile p; *@transfer_of (one per tensor) tells the task that moves it, HD_NONE: none. */
HdSchedule *dram_case_schedule (const DramCase *self, const HdPlatform *platform, HdTaskId **transfer_of);
