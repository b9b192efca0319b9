/* The Pareto front, kept as points come, and what a goal is: one objective, or the product of all. */
#include "config.h"
#include "search/private.h"

#include <math.h>

gboolean
hd_search_dominates (const double *a, const double *b, guint n)
{
  gboolean better = FALSE;
  for (guint i = 0; i < n; i++) {
    if (a[i] > b[i])
      return FALSE;
    better |= a[i] < b[i];
  }
  return better;
}

static gboolean
nowhere_worse (const double *a, const double *b, guint n)
{
  for (guint i = 0; i < n; i++)
    if (a[i] > b[i])
      return FALSE;
  return TRUE;
}

/* What has refused one point is likely to refuse the next: it is moved towards the beginning. */
static gboolean
is_refused (Front *self, const Store *store, const double *objectives)
{
  for (guint i = 0; i < self->n; i++)
    if (nowhere_worse (store_objectives (store, self->point[i]), objectives, store->n_objectives)) {
      guint32 refuser = self->point[i];
      self->point[i] = self->point[i / 2];
      self->point[i / 2] = refuser;
      return TRUE;
    }
  return FALSE;
}

void
_hd_front_add (Front *self, const Store *store, guint32 point)
{
  const double *objectives = store_objectives (store, point);
  if (is_refused (self, store, objectives))
    return;
  guint kept = 0;
  for (guint i = 0; i < self->n; i++)
    if (!nowhere_worse (objectives, store_objectives (store, self->point[i]), store->n_objectives))
      self->point[kept++] = self->point[i];
  self->n = kept;
  if (self->n == self->capacity) {
    self->capacity = MAX (16, self->capacity * 2);
    self->point = g_renew (guint32, self->point, self->capacity);
  }
  self->point[self->n++] = point;
}

static int
by_objectives (gconstpointer a, gconstpointer b, gpointer store)
{
  guint32 p = *(const guint32 *) a, q = *(const guint32 *) b;
  const double *x = store_objectives (store, p), *y = store_objectives (store, q);
  for (guint i = 0; i < ((const Store *) store)->n_objectives; i++)
    if (x[i] != y[i])
      return x[i] < y[i] ? -1 : 1;
  return p < q ? -1 : p > q;
}

void
_hd_front_sort (Front *self, const Store *store)
{
  if (self->n > 1)
    g_qsort_with_data (self->point, (gint) self->n, sizeof *self->point, by_objectives, (gpointer) store);
}

Product
_hd_product (const double *objectives, guint n)
{
  Product product = { 0.5, 1 };
  for (guint i = 0; i < n; i++) {
    int of_factor, of_product;
    double factor = frexp (objectives[i], &of_factor);
    product.mantissa = frexp (product.mantissa * factor, &of_product);
    product.exponent += of_factor + of_product;
  }
  if (product.mantissa == 0)
    product.exponent = G_MININT;
  return product;
}

int
_hd_compare_goal (const double *a, const double *b, guint n, int objective)
{
  if (objective >= 0 && a[objective] != b[objective])
    return a[objective] < b[objective] ? -1 : 1;
  Product p = _hd_product (a, n), q = _hd_product (b, n);
  if (p.exponent != q.exponent)
    return p.exponent < q.exponent ? -1 : 1;
  return p.mantissa < q.mantissa ? -1 : p.mantissa > q.mantissa;
}
