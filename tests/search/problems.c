/* Problems whose answers are known. */
#include "search/problems.h"

#include <heddle/random.h>

#include <math.h>
#include <string.h>

static gpointer
context_new (gpointer data, GError **error)
{
  Toy *toy = data;
  (void) error;
  g_atomic_int_inc (&toy->n_contexts);
  return toy;
}

static void
context_free (gpointer data)
{
  Toy *toy = data;
  g_atomic_int_inc (&toy->n_freed);
}

static void
count (Toy *toy, const guint16 *genes)
{
  gint n = g_atomic_int_add (&toy->n_evaluations, 1) + 1;
  if (toy->cancel_after != 0 && n >= toy->cancel_after)
    g_atomic_int_set (&toy->cancel, 1);
  if (toy->seen == NULL)
    return;
  gsize number = 0;
  for (guint i = 0; i < toy->problem.n_genes; i++)
    number = number * toy->n_values[i] + genes[i];
  if (toy->seen[number]++ != 0)
    g_error ("a genome was evaluated twice");
}

static void
toy_init (Toy *self, guint n_genes, guint n_values, guint n_objectives, gboolean (*evaluate) (gpointer, const guint16 *, double *))
{
  *self = (Toy) { 0 };
  for (guint i = 0; i < n_genes; i++)
    self->n_values[i] = (guint16) n_values;
  self->problem = (HdSearchProblem) {
    .n_genes = n_genes, .n_values = self->n_values, .kind = self->kind, .n_objectives = n_objectives, .data = self,
    .context_new = context_new, .context_free = context_free, .evaluate = evaluate,
  };
}

static void
fill (double table[64][16], guint n_genes, guint n_values, HdRandom *random, guint least, guint range)
{
  for (guint i = 0; i < n_genes; i++)
    for (guint v = 0; v < n_values; v++)
      table[i][v] = (double) (least + hd_random_below (random, range));
}

static double
sum_of (const Toy *toy, double table[64][16], const guint16 *genes)
{
  double sum = 0;
  for (guint i = 0; i < toy->problem.n_genes; i++)
    sum += table[i][genes[i]];
  return sum;
}

static gboolean
evaluate_separable (gpointer context, const guint16 *genes, double *objectives)
{
  Toy *toy = context;
  count (toy, genes);
  objectives[0] = sum_of (toy, toy->table, genes);
  return TRUE;
}

void
toy_separable (Toy *self, guint n_genes, guint n_values, guint64 seed)
{
  HdRandom random;
  hd_random_init (&random, seed);
  toy_init (self, n_genes, n_values, 1, evaluate_separable);
  fill (self->table, n_genes, n_values, &random, 0, 1000);
}

static gboolean
evaluate_allocation (gpointer context, const guint16 *genes, double *objectives)
{
  Toy *toy = context;
  count (toy, genes);
  double busy[16] = { 0 }, makespan = 0;
  for (guint i = 0; i < toy->problem.n_genes; i++)
    busy[genes[i]] += toy->table[i][genes[i]];
  for (guint core = 0; core < 16; core++)
    makespan = MAX (makespan, busy[core]);
  objectives[0] = makespan;
  objectives[1] = sum_of (toy, toy->other, genes);
  return TRUE;
}

void
toy_allocation (Toy *self, guint n_tasks, guint n_cores, guint64 seed)
{
  HdRandom random;
  hd_random_init (&random, seed);
  toy_init (self, n_tasks, n_cores, 2, evaluate_allocation);
  fill (self->table, n_tasks, n_cores, &random, 10, 90);
  fill (self->other, n_tasks, n_cores, &random, 1, 50);
}

static gboolean
evaluate_knapsack (gpointer context, const guint16 *genes, double *objectives)
{
  Toy *toy = context;
  count (toy, genes);
  double weight = sum_of (toy, toy->other, genes);
  objectives[0] = weight - toy->limit;
  if (weight > toy->limit)
    return FALSE;
  objectives[0] = sum_of (toy, toy->table, genes);
  objectives[1] = weight;
  return TRUE;
}

void
toy_knapsack (Toy *self, guint n_items, guint64 seed)
{
  HdRandom random;
  hd_random_init (&random, seed);
  toy_init (self, n_items, 2, 2, evaluate_knapsack);
  for (guint i = 0; i < n_items; i++) {
    self->table[i][0] = (double) (1 + hd_random_below (&random, 50)); /* the value that is lost when the item stays */
    self->other[i][1] = (double) (1 + hd_random_below (&random, 50));
    self->limit += self->other[i][1] / 2;
  }
}

static gboolean
evaluate_zdt1 (gpointer context, const guint16 *genes, double *objectives)
{
  Toy *toy = context;
  count (toy, genes);
  guint n = toy->problem.n_genes;
  double g = 1;
  for (guint i = 1; i < n; i++)
    g += 9.0 * genes[i] / (toy->n_values[i] - 1) / (n - 1);
  objectives[0] = (double) genes[0] / (toy->n_values[0] - 1);
  objectives[1] = g * (1 - sqrt (objectives[0] / g));
  return TRUE;
}

void
toy_zdt1 (Toy *self, guint n_genes, guint n_values)
{
  toy_init (self, n_genes, n_values, 2, evaluate_zdt1);
  for (guint i = 0; i < n_genes; i++)
    self->kind[i] = HD_GENE_ORDINAL;
}

static gboolean
evaluate_equal (gpointer context, const guint16 *genes, double *objectives)
{
  Toy *toy = context;
  count (toy, genes);
  guint n_different = 0;
  for (guint i = 1; i < toy->problem.n_genes; i++)
    n_different += genes[i] != genes[0];
  objectives[0] = n_different != 0 ? n_different : genes[0];
  objectives[1] = toy->n_values[0] - genes[0];
  return n_different == 0;
}

void
toy_equal (Toy *self, guint n_genes, guint n_values)
{
  toy_init (self, n_genes, n_values, 2, evaluate_equal);
}

static void
repair_by_sorting (gpointer data, guint16 *genes)
{
  Toy *toy = data;
  for (guint i = 1; i < toy->problem.n_genes; i++)
    for (guint j = i; j > 0 && genes[j] < genes[j - 1]; j--) {
      guint16 swapped = genes[j];
      genes[j] = genes[j - 1];
      genes[j - 1] = swapped;
    }
}

void
toy_sorted (Toy *self, guint n_genes, guint n_values, guint64 seed)
{
  toy_separable (self, n_genes, n_values, seed);
  self->problem.repair = repair_by_sorting;
}

static int
by_value (gconstpointer a, gconstpointer b)
{
  const double *x = a, *y = b;
  return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : x[1] < y[1] ? -1 : x[1] > y[1];
}

guint
toy_brute_front (Toy *self, double **front)
{
  guint n = self->problem.n_genes, n_points = 0;
  gsize size = 1;
  for (guint i = 0; i < n; i++)
    size *= self->n_values[i];
  double (*point)[2] = g_malloc0_n (size, sizeof *point);
  for (gsize number = 0; number < size; number++) {
    guint16 genes[64];
    gsize rest = number;
    for (guint i = 0; i < n; i++) {
      genes[i] = (guint16) (rest % self->n_values[i]);
      rest /= self->n_values[i];
    }
    double objectives[HD_SEARCH_MAX_OBJECTIVES] = { 0 };
    if (!self->problem.evaluate (self, genes, objectives))
      continue;
    memcpy (point[n_points++], objectives, sizeof *point);
  }
  /* In this order a point is on the front when its second objective is less than that of all before. */
  qsort (point, n_points, sizeof *point, by_value);
  guint n_front = 0;
  double least = INFINITY;
  for (guint i = 0; i < n_points; i++)
    if (point[i][1] < least || (self->problem.n_objectives == 1 && n_front == 0)) {
      least = point[i][1];
      memmove (point[n_front++], point[i], sizeof *point);
    }
  *front = (double *) point;
  self->n_evaluations = 0;
  return n_front;
}
