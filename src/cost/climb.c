/* Hill climbing from a mapping: for latency and the product, where no sum tells the way.
 *
 * Steps: exchange two loops, move one to another place, move one boundary of one operand anywhere between its neighbours. The first step that is better is taken; it ends where
 * none is, or when STEPS mappings have been looked at. Deterministic.
 */
#include "cost/search.h"

#include <string.h>

#define STEPS 4000

typedef struct {
  HdNest *nest;
  HdSolution *best;
  guint64 *evaluations;
  guint64 left;
} Climb;

static gboolean
try_step (Climb *c, HdSolution *trial)
{
  if (c->left == 0)
    return FALSE;
  c->left--;
  ++*c->evaluations;
  if (!_hd_solution_fits (c->nest, trial))
    return FALSE;
  _hd_solution_evaluate (c->nest, trial);
  if (!_hd_solution_better (trial, c->best))
    return FALSE;
  *c->best = *trial;
  return TRUE;
}

static gboolean
move_boundaries (Climb *c)
{
  gboolean improved = FALSE;

  for (guint o = 0; o < HD_N_OPERANDS; o++)
    for (guint l = 0; l + 1 < c->nest->n_levels[o]; l++)
      for (guint at = 0; at <= c->best->n; at++) {
        HdSolution trial = *c->best;
        if (at == trial.below[o][l] || (l > 0 && at < trial.below[o][l - 1]) || at > trial.below[o][l + 1])
          continue;
        trial.below[o][l] = (guint8) at;
        improved |= try_step (c, &trial);
      }
  return improved;
}

static gboolean
exchange_loops (Climb *c)
{
  gboolean improved = FALSE;

  for (guint i = 0; i + 1 < c->best->n; i++)
    for (guint j = i + 1; j < c->best->n; j++) {
      HdSolution trial = *c->best;
      if (trial.loop[i] == trial.loop[j])
        continue;
      trial.loop[i] = c->best->loop[j];
      trial.loop[j] = c->best->loop[i];
      improved |= try_step (c, &trial);
    }
  return improved;
}

static gboolean
move_loops (Climb *c)
{
  gboolean improved = FALSE;

  for (guint i = 0; i < c->best->n; i++)
    for (guint j = 0; j < c->best->n; j++) {
      HdSolution trial = *c->best;
      guint8 loop = trial.loop[i];
      if (j == i)
        continue;
      memmove (&trial.loop[i], &trial.loop[i + 1], trial.n - i - 1);
      memmove (&trial.loop[j + 1], &trial.loop[j], trial.n - 1 - j);
      trial.loop[j] = loop;
      improved |= try_step (c, &trial);
    }
  return improved;
}

void
_hd_search_climb (HdNest *nest, HdSolution *solution, guint64 *evaluations)
{
  Climb c = { nest, solution, evaluations, STEPS };
  gboolean improved = TRUE;

  while (improved && c.left > 0) {
    improved = move_boundaries (&c);
    if (!nest->ordered) {
      improved |= exchange_loops (&c);
      improved |= move_loops (&c);
    }
  }
}
