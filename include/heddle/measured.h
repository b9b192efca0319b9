/* A user's own measurements, layer by layer, held against a trace.
 *
 * They come as CSV. The first line names the columns: `layer`, and `cycles`, or `start` and `end`, or all of these, in any order; times are in base cycles of the platform, whole or not. A row is a layer of the trace,
 * `*` is the whole run. Fields may stand in double quotes; lines that begin with `#` and empty lines are left out.
 *
 *     layer,start,end
 *     conv1,0,5100
 *     conv2,5000,9800.5
 *
 * A layer's time in the trace goes from the start of its first compute to the end of its last; the whole run's from 0 to its end.
 *
 * Ownership: hd_measured_free() frees all.
 */
#pragma once

#include <heddle/error.h>
#include <heddle/trace.h>

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

/** What a file of measurements may have at most. */
#define HD_MEASURED_MAX_BYTES (32u << 20)

typedef struct {
  char *layer;                          /* "*": the whole run */
  guint line;                           /* of the file */
  gboolean has_times;                   /* start and end were measured */
  double start, end, cycles;            /* measured [cycle] */
  guint64 simulated_start, simulated_end; /* [cycle] */
  double error_percent;                 /* of the time that it took, against the measured one; NaN: measured is 0 */
} HdMeasuredRow;

typedef struct {
  char *file, *title;                   /* of the measurements; of the trace */
  guint n_rows;
  HdMeasuredRow *row;                   /* in the order of the file */
  guint n_unmeasured;                   /* layers of the trace without a row [1] */
  double mean_error_percent;            /* of the layers' absolute errors; NaN: none has one */
  int worst;                            /* row of the layer with the greatest absolute error; -1: none */
} HdMeasured;

/**
 * hd_measured_load:
 * @path: the CSV file
 * @trace: what it is held against
 *
 * Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT with file:line for every fault: unknown columns and layers (with a suggestion), numbers that are none, an end before its start, cycles that are not end - start,
 * layers that stand twice or did nothing in the trace.
 */
HdMeasured *hd_measured_load (const char *path, HdTrace *trace, GError **error);
void hd_measured_free (HdMeasured *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdMeasured, hd_measured_free)

/** A table. */
void hd_measured_text (const HdMeasured *self, GString *out);
/** One object with the array "layers". */
void hd_measured_json (const HdMeasured *self, GString *out);
/** A picture: for each row the measured time above the simulated one, on one axis, and the error. */
void hd_measured_svg (const HdMeasured *self, FILE *out);

G_END_DECLS
