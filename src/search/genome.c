/* Random steps on genomes. Both crossovers give a child whose every gene is one of a parent's: right for genes that are names, whose values have no order and may repeat
 * (a crossover made for permutations keeps no such gene). A mutated size moves by a small step more often than by a large one. */
#include "config.h"
#include "search/private.h"

#include <string.h>

void
_hd_genome_random (Search *self, guint16 *genes)
{
  for (guint i = 0; i < self->problem->n_genes; i++)
    genes[i] = (guint16) hd_random_below (&self->random, self->problem->n_values[i]);
}

/* 1 with probability 1/2, 2 with 1/4, ... */
static guint
geometric (HdRandom *random)
{
  guint64 bits = hd_random_u64 (random);
  return 1 + (guint) __builtin_ctzll (bits | (G_GUINT64_CONSTANT (1) << 40));
}

void
_hd_genome_step (Search *self, guint16 *genes, guint gene)
{
  guint n = self->problem->n_values[gene], value = genes[gene];
  gboolean ordinal = self->problem->kind != NULL && self->problem->kind[gene] == HD_GENE_ORDINAL;
  if (!ordinal || n < 4 || hd_random_below (&self->random, 8) == 0) {
    guint other = (guint) hd_random_below (&self->random, n - 1);
    genes[gene] = (guint16) (other < value ? other : other + 1);
    return;
  }
  guint step = geometric (&self->random);
  gboolean up = hd_random_below (&self->random, 2) == 0;
  if (up ? value == n - 1 : value == 0)
    up = !up;
  genes[gene] = (guint16) (up ? MIN (value + step, n - 1) : value - MIN (step, value));
}

void
_hd_genome_mutate (Search *self, guint16 *genes)
{
  const HdSearchProblem *problem = self->problem;
  guint n_free = 0, n_changed = 0;
  for (guint i = 0; i < problem->n_genes; i++)
    n_free += problem->n_values[i] > 1;
  if (n_free == 0)
    return;
  while (n_changed == 0)
    for (guint i = 0; i < problem->n_genes; i++)
      if (problem->n_values[i] > 1 && hd_random_below (&self->random, n_free) == 0) {
        _hd_genome_step (self, genes, i);
        n_changed++;
      }
}

void
_hd_genome_cross (Search *self, const guint16 *a, const guint16 *b, guint16 *child)
{
  guint n = self->problem->n_genes;
  memcpy (child, a, n * sizeof *child);
  if (hd_random_below (&self->random, 2) == 0) {
    for (guint i = 0; i < n; i++)
      if (hd_random_below (&self->random, 2) == 0)
        child[i] = b[i];
    return;
  }
  guint from = (guint) hd_random_below (&self->random, n + 1), to = (guint) hd_random_below (&self->random, n + 1);
  for (guint i = MIN (from, to); i < MAX (from, to); i++)
    child[i] = b[i];
}
