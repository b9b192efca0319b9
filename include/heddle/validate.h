/* Validation: published measurements of chips, held against simulations.
 *
 * | thing     | is                                                                                                                |
 * |-----------|-------------------------------------------------------------------------------------------------------------------|
 * | chip      | a file of validation/: a chip, its publications, what is known of its parameters, runs and targets               |
 * | parameter | a number or a rule that a simulation stands on, and where it is from: published, derived, assumed or fitted       |
 * | run       | platform, workload, mapping and pass: what is simulated. It can have parameters of its own beside the chip's      |
 * | target    | one published quantity, the run that gives it, and the band of errors in which it is expected                     |
 *
 * A run is simulated once, whatever the number of targets that ask it. doc/validation.md tells the file's form and what the chips are.
 *
 * Ownership: everything reached from a HdValidation lives as long as it does.
 */
#pragma once

#include <heddle/platform.h>
#include <heddle/workload.h>

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

/** Where a parameter is from. */
typedef enum {
  HD_PROVENANCE_PUBLISHED,
  HD_PROVENANCE_DERIVED,   /* by arithmetic that is shown */
  HD_PROVENANCE_ASSUMED,   /* for a reason that is told */
  HD_PROVENANCE_FITTED,    /* to the measurement */
} HdProvenance;

/** How far the published value itself can be trusted. */
typedef enum {
  HD_CERTAINTY_CERTAIN,    /* read in the publication or its abstract */
  HD_CERTAINTY_SECONDARY,  /* read where others quote or use it */
  HD_CERTAINTY_UNCERTAIN,  /* remembered, read off an axis, or contradicted */
} HdCertainty;

typedef enum {
  HD_QUANTITY_LATENCY,             /* of the run [cycle] */
  HD_QUANTITY_PEAK_MEMORY,         /* the most that a memory held [KiB] */
  HD_QUANTITY_TRAFFIC,             /* elements of activations that passed a DRAM [1] */
  HD_QUANTITY_THROUGHPUT,          /* two operations a MAC, over the run [TOPS] */
  HD_QUANTITY_PEAK_THROUGHPUT,     /* of the platform, all its units busy [TOPS] */
  HD_QUANTITY_EFFICIENCY,          /* operations by all energy [TOPS/W] */
  HD_QUANTITY_CORE_EFFICIENCY,     /* operations by the energy of computes, without transfers [TOPS/W] */
  HD_QUANTITY_LATENCY_REDUCTION,   /* against a baseline run [%] */
  HD_QUANTITY_MEMORY_RATIO,        /* how much more a memory held in a baseline run [1] */
  HD_QUANTITY_TRAFFIC_RATIO,       /* how many more elements passed a DRAM in a baseline run [1] */
  HD_QUANTITY_ENERGY_RATIO,        /* how much more energy a baseline run took [1] */
  HD_QUANTITY_INFERENCE_RATE,      /* of the run's inference: its clock by its cycles [1/s] */
  HD_QUANTITY_INFERENCES_PER_JOULE, /* one by the run's energy [1/J] */
} HdValidationQuantity;

typedef struct {
  char *name;                /* what it is */
  char *value;               /* with its unit */
  HdProvenance provenance;
  gboolean energy;           /* only energies depend on it: targets of other quantities do not count it */
  char *reason;              /* the source, the arithmetic, or why */
} HdValidationParameter;

typedef struct {
  char *name;                /* of the chip */
  char *file;
  guint n_publications;
  char **publication;
  guint n_parameters;
  HdValidationParameter *parameter;  /* of all its runs */
} HdValidationChip;

typedef struct {
  char *id;
  guint chip;
  char *platform_path, *workload_path, *mapping_path; /* mapping: NULL: the default one */
  char *pass;
  guint n_parameters;
  HdValidationParameter *parameter;  /* of this run, besides the chip's */
  /* after hd_validation_simulate() */
  HdPlatform *platform;      /* NULL: not simulated */
  guint64 cycles;            /* [cycle] */
  double energy_pj, compute_pj;
  guint64 operations;        /* two for each MAC of the workload [1] */
  guint64 traffic;           /* elements of activations into and out of DRAM [1] */
  guint64 *memory_peak_bits; /* by memory [bit] */
  guint64 nodes;             /* computation nodes */
} HdValidationRun;

typedef struct {
  char *id;
  HdValidationQuantity quantity;
  guint run;
  guint baseline;            /* run; HD_NONE: the quantity needs none */
  char *memory;              /* id; NULL: the quantity needs none */
  guint bits;                /* of inputs and weights; 0: the quantity needs none */
  double published;          /* in the quantity's unit */
  HdCertainty certainty;
  char *source;
  double least, most;        /* the error is expected between them [%] */
  char *note;                /* what the error is due to */
  /* after hd_validation_simulate() */
  gboolean wanted;
  double simulated;
  double error_percent;
  gboolean inside;           /* of its band */
} HdValidationTarget;

typedef struct {
  guint n_chips;
  HdValidationChip *chip;
  guint n_runs;
  HdValidationRun *run;
  guint n_targets;
  HdValidationTarget *target;
} HdValidation;

/** "cycle", "KiB", "TOPS", ... */
const char *hd_validation_unit (HdValidationQuantity quantity);
/** "latency", "peak-memory", ...: as in the files. */
const char *hd_validation_quantity_name (HdValidationQuantity quantity);
const char *hd_validation_certainty_name (HdCertainty certainty);

/**
 * hd_validation_load:
 * @paths: (array length=n_paths): files of chips
 *
 * Paths in a file are relative to its folder. All targets are wanted.
 * Errors: %HD_ERROR_NO_INPUT; %HD_ERROR_INPUT with file:line for every fault of a file: unknown quantities, runs and units, ids that stand twice, ...
 */
HdValidation *hd_validation_load (const char *const *paths, guint n_paths, GError **error);
void hd_validation_free (HdValidation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdValidation, hd_validation_free)

/** Only the targets with these ids are wanted, or whose ids match one of these patterns (`*` and `?`). Errors: %HD_ERROR_USAGE for an unknown one, with a suggestion. */
gboolean hd_validation_select (HdValidation *self, const char *const *ids, guint n_ids, GError **error);

/** Whether a wanted target asks @run. */
gboolean hd_validation_needs_run (const HdValidation *self, guint run);

/**
 * hd_validation_simulate:
 * @cancel: (nullable): stops soon when it becomes non-zero
 *
 * Simulates the runs that wanted targets ask, each once, and fills what stands "after" in the structures.
 * Errors: those of the files that the runs name, of the pass and of the engine; %HD_ERROR_NEGATIVE for a deadlock; %HD_ERROR_INPUT for a memory that the platform does not have.
 */
gboolean hd_validation_simulate (HdValidation *self, const volatile int *cancel, GError **error);

/** Whether the errors of all wanted targets are in their bands. */
gboolean hd_validation_inside (const HdValidation *self);

/** Returns (transfer full): names of the parameters on which @target depends with this provenance, of its chip and its runs, NULL-ended. */
char **hd_validation_parameters (const HdValidation *self, const HdValidationTarget *target, HdProvenance provenance);

/* --- reports of the wanted targets, after hd_validation_simulate() -------------------------------------- */

/** A table, and what was fitted and assumed. */
void hd_validation_text (const HdValidation *self, GString *out);
/** One object, `{"targets":[...]}`. */
void hd_validation_json (const HdValidation *self, GString *out);
/** A picture: the error of each target, its band, and whether anything was fitted. */
void hd_validation_svg (const HdValidation *self, FILE *out);

G_END_DECLS
