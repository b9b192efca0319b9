/* A part of a space: some genes are searched, the others stay as they are. With few enough of them the search is exhaustive, a grid. */
#include "config.h"
#include "cli/explore.h"

#include <string.h>

struct CliPart {
  const HdSearchProblem *whole;
  HdSearchProblem problem;
  guint *gene;               /* of the whole, by gene of the part */
  guint16 *n_values;
  HdGeneKind *kind;
  guint16 *base;
};

/* A context of the whole, and a genome of it to write to. */
typedef struct {
  const CliPart *part;
  gpointer context;
  guint16 *genes;
} PartContext;

void
cli_part_expand (const CliPart *self, const guint16 *part, guint16 *genes)
{
  memcpy (genes, self->base, self->whole->n_genes * sizeof *genes);
  for (guint i = 0; i < self->problem.n_genes; i++)
    genes[self->gene[i]] = part[i];
  if (self->whole->repair != NULL)
    self->whole->repair (self->whole->data, genes);
}

void
cli_part_project (const CliPart *self, const guint16 *genes, guint16 *part)
{
  for (guint i = 0; i < self->problem.n_genes; i++)
    part[i] = genes[self->gene[i]];
}

static void
context_free (gpointer data)
{
  PartContext *context = data;
  const HdSearchProblem *whole = context->part->whole;
  if (whole->context_new != NULL && whole->context_free != NULL && context->context != NULL)
    whole->context_free (context->context);
  g_free (context->genes);
  g_free (context);
}

static gpointer
context_new (gpointer data, GError **error)
{
  const CliPart *part = data;
  PartContext *context = g_new0 (PartContext, 1);
  context->part = part;
  context->genes = g_new (guint16, part->whole->n_genes + 1);
  context->context = part->whole->context_new != NULL ? part->whole->context_new (part->whole->data, error) : part->whole->data;
  if (context->context == NULL)
    g_clear_pointer (&context, context_free);
  return context;
}

static gboolean
evaluate (gpointer data, const guint16 *genes, double *objectives)
{
  PartContext *context = data;
  cli_part_expand (context->part, genes, context->genes);
  return context->part->whole->evaluate (context->context, context->genes, objectives);
}

static void
repair (gpointer data, guint16 *genes)
{
  const CliPart *part = data;
  g_autofree guint16 *whole = g_new (guint16, part->whole->n_genes + 1);
  cli_part_expand (part, genes, whole);
  cli_part_project (part, whole, genes);
}

static gboolean
matches_any (char **patterns, const char *name)
{
  for (; *patterns != NULL; patterns++)
    if (g_pattern_match_simple (*patterns, name))
      return TRUE;
  return FALSE;
}

CliPart *
cli_part_new (const HdExploreSpace *space, const char *patterns, const guint16 *base, GError **error)
{
  const HdSearchProblem *whole = hd_explore_space_problem (space);
  g_auto (GStrv) list = g_strsplit (patterns != NULL ? patterns : "*", ",", -1);
  CliPart *self = g_new0 (CliPart, 1);
  self->whole = whole;
  self->gene = g_new0 (guint, whole->n_genes + 1);
  self->n_values = g_new0 (guint16, whole->n_genes + 1);
  self->kind = g_new0 (HdGeneKind, whole->n_genes + 1);
  self->base = g_memdup2 (base, whole->n_genes * sizeof *base);
  self->problem = *whole;
  self->problem.n_genes = 0;
  for (guint i = 0; i < whole->n_genes; i++) {
    g_autofree char *name = hd_explore_space_gene_name (space, i);
    if (!matches_any (list, name))
      continue;
    self->gene[self->problem.n_genes] = i;
    self->n_values[self->problem.n_genes] = whole->n_values[i];
    self->kind[self->problem.n_genes++] = whole->kind != NULL ? whole->kind[i] : HD_GENE_CATEGORICAL;
  }
  self->problem.n_values = self->n_values;
  self->problem.kind = self->kind;
  self->problem.data = self;
  self->problem.context_new = context_new;
  self->problem.context_free = context_free;
  self->problem.evaluate = evaluate;
  self->problem.repair = whole->repair != NULL ? repair : NULL;
  if (self->problem.n_genes > 0 || patterns == NULL)
    return self;
  g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "--vary %s matches nothing that can be chosen - --list tells what can", patterns);
  cli_part_free (self);
  return NULL;
}

void
cli_part_free (CliPart *self)
{
  if (self == NULL)
    return;
  g_free (self->gene);
  g_free (self->n_values);
  g_free (self->kind);
  g_free (self->base);
  g_free (self);
}

const HdSearchProblem *
cli_part_problem (const CliPart *self)
{
  return &self->problem;
}

/* --- the list --------------------------------------------------------------------------------------------- */

void
cli_explore_list (const CliExplore *self, const HdSearchProblem *problem, const CliPart *part, GString *out)
{
  for (guint i = 0; i < problem->n_genes; i++) {
    g_autofree char *name = hd_explore_space_gene_name (self->space, part->gene[i]);
    g_string_append_printf (out, "%s:", name);
    for (guint value = 0; value < problem->n_values[i]; value++) {
      g_autofree char *text = hd_explore_space_value_name (self->space, part->gene[i], value);
      g_string_append_printf (out, "%s %s", value > 0 ? " |" : "", text);
    }
    g_string_append_c (out, '\n');
  }
  guint64 size = hd_search_size (problem);
  if (size == G_MAXUINT64)
    g_string_append_printf (out, "%u choices, more than 10^19 candidates\n", problem->n_genes);
  else
    g_string_append_printf (out, "%u choices, %" G_GUINT64_FORMAT " candidates\n", problem->n_genes, size);
}
