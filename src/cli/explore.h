/* What the files of `heddle explore` share: what was asked for, the candidates that came out, and how they are told. */
#pragma once

#include "cli/cli.h"
#include "cli/inputs.h"

#include <heddle/explore.h>
#include <heddle/search.h>

#include <glib.h>

/** One of the front, as `heddle run` would have it. */
typedef struct {
  guint32 point;             /* of the search; HD_NONE: the mapping that was given */
  HdMapping *mapping;
  HdExploreScore score;
  char *choice;              /* in words */
  char *path;                /* (nullable): where its mapping was written */
} CliCandidate;

typedef struct {
  CliInputs inputs;
  char *objectives, *method, *vary, *svg, *output, *folder;
  gint evaluations, population, threads;
  gint64 seed;
  gdouble seconds;
  gboolean layer_by_layer, list;
  guint n_metrics;           /* the objectives */
  HdMetric metric[HD_N_METRICS];
  HdExploreSpace *space;
  GArray *starts;            /* of guint16: genomes of the space */
  HdSearchResult *result;
  GArray *front;             /* of CliCandidate: no other dominates them; ascending by the first objective */
  guint best;                /* of front: the least product */
  gboolean exact;            /* all mappings there are were run, by all that the pass can do */
  CliCandidate given;        /* -m; without a mapping when there was none or it is infeasible */
  GError *given_error;       /* why it is infeasible; NULL: it is not */
} CliExplore;

/* explore.c */
/** As a user names it: "latency", "energy", "edp", "peak-memory", "traffic". */
const char *cli_metric_name (HdMetric metric);

/* explore-space.c */
/** The problem of a search in which only the genes that one of @patterns (nullable; separated by commas) matches are searched, the others are as in @base. */
typedef struct CliPart CliPart;
CliPart *cli_part_new (const HdExploreSpace *space, const char *patterns, const guint16 *base, GError **error);
void cli_part_free (CliPart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliPart, cli_part_free)
const HdSearchProblem *cli_part_problem (const CliPart *self);
/** From the part's genome to the space's, and back. */
void cli_part_expand (const CliPart *self, const guint16 *part, guint16 *genes);
void cli_part_project (const CliPart *self, const guint16 *genes, guint16 *part);
/** Genes and their values, as --list prints them. */
void cli_explore_list (const CliExplore *self, const HdSearchProblem *problem, const CliPart *part, GString *out);

/* explore-front.c */
/** Scores what the search found as `heddle run` would, and keeps what nothing dominates. */
gboolean cli_explore_take_front (CliExplore *self, const CliPart *part, GError **error);
void cli_candidate_clear (CliCandidate *self);

/* explore-print.c */
void cli_explore_text (const CliExplore *self, GString *out);
void cli_explore_json (const CliExplore *self, GString *out);

/* explore-draw.c */
gboolean cli_explore_draw (const CliExplore *self, const CliPart *part, GError **error);
