/* A schedule's columns as datasets of an HDF5 file. One table says which column is which dataset; writing and reading walk it.
 *
 * | group    | holds                                                                                                   |
 * |----------|---------------------------------------------------------------------------------------------------------|
 * | /        | attributes: format, version, platform, platform_sha256, pass                                             |
 * | /meta    | workload_xml, mapping_xml                                                                                |
 * | /names   | layers and tensors; memories, cores and resources of the platform, to which the numbers refer             |
 * | /queues  | name, order, outstanding, priority, slot, core; tasks of queue q: tasks[begin[q]] .. tasks[begin[q+1]-1]    |
 * | /routes  | source; hops of route r: resource, parent, arrives [begin[r]] .. [begin[r+1]-1]                             |
 * | /costs   | cycles, load_cycles, energy, load_energy, macs                                                           |
 * | /tasks   | kind, queue, what, bits, layer, node, weight_key, priority, and rows of use and after                      |
 * | /pieces  | memory, bits, creator, tensor, and rows of box_from, box_to and release                                    |
 */
#pragma once

#include "schedule/files.h"

#define HD_SCHEDULE_FORMAT "heddle-schedule"

/** Errors: %HD_ERROR_CREATE, %HD_ERROR_WRITE. */
gboolean _hd_schedule_to_h5 (const HdSchedule *self, const HdPlatform *platform, const char *path, GError **error);
/** Errors: %HD_ERROR_NO_INPUT, %HD_ERROR_INPUT with file:dataset, %HD_ERROR_MEMORY. */
HdSchedule *_hd_schedule_from_h5 (const char *path, const HdPlatform *platform, GError **error);
