/* Small random networks and mappings, as XML: every operator that addresses its input in a way of its own, joined at random. */
#pragma once

#include <heddle/mapping.h>
#include <heddle/random.h>
#include <string.h>

static inline guint64
pick (HdRandom *random, guint64 low, guint64 high)
{
  return low + hd_random_below (random, high - low + 1);
}

/* A tensor of the network so far, at random; with @like one of the same shape, or the same rows and columns, or NULL. */
static inline const HdTensor *
pick_tensor (HdRandom *random, const HdWorkload *workload, const HdTensor *like, guint from)
{
  const HdTensor *found = NULL;
  guint n = 0;
  for (guint t = 0; t < workload->n_tensors; t++) {
    const HdTensor *tensor = &workload->tensors[t];
    gboolean fits = tensor->kind != HD_TENSOR_WEIGHT && (tensor->n_dims == 4 || like != NULL);
    for (guint d = from; like != NULL && d < 4 && fits; d++)
      fits = tensor->n_dims == like->n_dims && tensor->size[d] == like->size[d];
    if (fits && hd_random_below (random, ++n) == 0)
      found = tensor;
  }
  return found;
}

static inline char *
random_window (HdRandom *random)
{
  guint64 ky = pick (random, 1, 3), kx = pick (random, 1, 4);
  return g_strdup_printf ("kernel_shape=\"%u %u\" strides=\"%u %u\" pads=\"%u %u %u %u\"", (guint) ky, (guint) kx, (guint) pick (random, 1, 3), (guint) pick (random, 1, 2),
                          (guint) pick (random, 0, ky - 1), (guint) pick (random, 0, kx - 1), (guint) pick (random, 0, ky - 1), (guint) pick (random, 0, kx - 1));
}

/* One more layer, as text; it may turn out not to be possible. */
static inline char *
random_layer_text (HdRandom *random, const HdWorkload *workload, guint i)
{
  const HdTensor *x = pick_tensor (random, workload, NULL, 0), *y;
  if (x == NULL)
    return NULL;
  g_autofree char *window = random_window (random);
  switch (hd_random_below (random, 22)) {
    case 0: case 1: case 2:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Conv\" inputs=\"%s\" channels=\"%u\" %s dilations=\"%u 1\"/>", i, x->name, (guint) pick (random, 1, 5), window,
                              (guint) pick (random, 1, 2));
    case 3:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Conv\" inputs=\"%s\" channels=\"%u\" group=\"2\" %s/>", i, x->name, 2 * (guint) pick (random, 1, 3), window);
    case 4:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"%s\" inputs=\"%s\" %s/>", i, hd_random_below (random, 2) ? "MaxPool" : "AveragePool", x->name, window);
    case 5:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Relu\" inputs=\"%s\"/>", i, x->name);
    case 6: case 7:
      y = pick_tensor (random, workload, x, 0);
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Add\" inputs=\"%s %s\"/>", i, x->name, y->name);
    case 8: case 9:
      y = pick_tensor (random, workload, x, 2);
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Concat\" inputs=\"%s %s\" axis=\"1\"/>", i, x->name, y->name);
    case 10:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"MatMul\" inputs=\"%s %s\"/>", i, x->name, pick_tensor (random, workload, NULL, 0)->name);
    case 11:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"MatMul\" inputs=\"%s\" channels=\"%u\"/>", i, x->name, (guint) pick (random, 1, 5));
    case 12:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"ConvTranspose\" inputs=\"%s\" channels=\"%u\" kernel_shape=\"3 2\" strides=\"2 %u\" pads=\"1 0 1 0\"/>", i, x->name,
                              (guint) pick (random, 1, 3), (guint) pick (random, 1, 2));
    case 13:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"DepthToSpace\" inputs=\"%s\" blocksize=\"2\"/>", i, x->name);
    case 14:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Transpose\" inputs=\"%s\" perm=\"0 1 3 2\"/>", i, x->name);
    case 15:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Resize\" inputs=\"%s\" scales=\"1 1 2 %u\"/>", i, x->name, (guint) pick (random, 1, 2));
    case 16: {
      /* Some channels, or every second row, from either end. */
      guint rows = (guint) hd_random_below (random, 2), size = (guint) x->size[rows ? 2 : 1], from = (guint) hd_random_below (random, size);
      if (rows && hd_random_below (random, 2) == 0)
        return g_strdup_printf ("<layer id=\"l%u\" operator=\"Slice\" inputs=\"%s\" starts=\"%u\" ends=\"-1000\" axes=\"2\" steps=\"-%u\"/>", i, x->name, from,
                                (guint) pick (random, 1, 2));
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Slice\" inputs=\"%s\" starts=\"%u\" ends=\"1000\" axes=\"%u\" steps=\"%u\"/>", i, x->name, from, rows ? 2 : 1,
                              (guint) pick (random, 1, 3));
    }
    case 17:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"GlobalAveragePool\" inputs=\"%s\"/>", i, x->name);
    case 18:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Pad\" inputs=\"%s\" pads=\"0 %u %u 1 0 0 1 0\"/>", i, x->name, (guint) pick (random, 0, 1), (guint) pick (random, 0, 3));
    case 19:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"ReduceMean\" inputs=\"%s\" axes=\"%u\" keepdims=\"1\"/>", i, x->name, (guint) pick (random, 1, 3));
    case 20:
      y = pick_tensor (random, workload, x, 3);
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"Mul\" inputs=\"%s %s\"/>", i, x->name, y->name);
    default:
      return g_strdup_printf ("<layer id=\"l%u\" operator=\"%s\" inputs=\"%s\" axis=\"%u\"/>", i, "Softmax", x->name, (guint) pick (random, 1, 3));
  }
}

static inline gboolean
is_small (const HdWorkload *workload)
{
  for (guint l = 0; l < workload->n_layers; l++)
    if (workload->layers[l].points > 6000)
      return FALSE;
  for (guint t = 0; t < workload->n_tensors; t++)
    if (workload->tensors[t].total_bits / workload->tensors[t].bits > 1500)
      return FALSE;
  return TRUE;
}

/* Grown layer by layer; what cannot be is left out. */
static inline HdWorkload *
random_workload (HdRandom *random)
{
  g_autoptr (GString) body = g_string_new (NULL);
  guint n = (guint) pick (random, 1, 6), height = (guint) pick (random, 1, 10), width = (guint) pick (random, 1, 7);
  HdWorkload *workload = NULL;
  g_string_printf (body, "<workload version=\"1\" name=\"random\"><tensor id=\"in\" kind=\"input\" shape=\"1 %u %u %u\"/>\n", (guint) pick (random, 1, 4), height, width);
  g_autofree char *first = g_strdup_printf ("%s<layer id=\"l0\" operator=\"Relu\" inputs=\"in\"/></workload>", body->str);
  workload = hd_workload_parse_xml (first, strlen (first), "random", NULL);
  g_string_append (body, "<layer id=\"l0\" operator=\"Relu\" inputs=\"in\"/>\n");
  for (guint i = 1; i <= n; i++) {
    g_autofree char *layer = random_layer_text (random, workload, i);
    g_autofree char *text = layer != NULL ? g_strdup_printf ("%s%s</workload>", body->str, layer) : NULL;
    HdWorkload *grown = text != NULL ? hd_workload_parse_xml (text, strlen (text), "random", NULL) : NULL;
    if (grown != NULL && is_small (grown)) {
      g_string_append (body, layer);
      g_string_append_c (body, '\n');
      hd_workload_unref (workload);
      workload = grown;
    } else if (grown != NULL)
      hd_workload_unref (grown);
  }
  return workload;
}

static inline const char *
random_mode (HdRandom *random, gboolean inside)
{
  static const char *const MODES[] = { "retain", "refetch", "recompute" };
  return MODES[hd_random_below (random, inside ? 3 : 2)];
}

static inline void
random_tensors (HdRandom *random, const HdWorkload *workload, guint first, guint last, const char *rank, GString *text)
{
  for (guint t = 0; t < workload->n_tensors; t++) {
    const HdTensor *tensor = &workload->tensors[t];
    gboolean inside = tensor->producer != HD_NONE && tensor->producer >= first && tensor->producer <= last, touched = inside;
    for (guint c = 0; c < tensor->n_consumers; c++)
      touched |= tensor->consumers[c] >= first && tensor->consumers[c] <= last;
    if (!touched || hd_random_below (random, 3) != 0)
      continue;
    g_string_append_printf (text, "  <tensor id=\"%s\" mode=\"%s\"", tensor->name, random_mode (random, inside));
    if (rank != NULL && hd_random_below (random, 2) == 0)
      g_string_append_printf (text, " ranks=\"%s\"", rank);
    g_string_append (text, "/>\n");
  }
}

static inline void
random_stack (HdRandom *random, const HdWorkload *workload, guint first, guint last, GString *text)
{
  const HdLayer *layer = &workload->layers[last];
  const char *rank = NULL;
  g_string_append (text, " <stack layers=\"");
  for (guint l = first; l <= last; l++)
    g_string_append_printf (text, "%s ", workload->layers[l].name);
  g_string_append_printf (text, "\" mode=\"%s\">\n  <tile", random_mode (random, TRUE));
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  for (guint r = 0; r < layer->n_ranks; r++) {
    if (hd_random_below (random, 2) != 0)
      continue;
    g_string_append_printf (text, " %s=\"%u\"", layer->rank[r].name, (guint) pick (random, 1, layer->rank[r].size));
    g_ptr_array_insert (order, (gint) hd_random_below (random, order->len + 1), layer->rank[r].name);
    rank = layer->rank[r].name;
  }
  g_string_append (text, " order=\"");
  for (guint i = 0; i < order->len; i++)
    g_string_append_printf (text, "%s ", (char *) g_ptr_array_index (order, i));
  g_string_append (text, "\"/>\n");
  random_tensors (random, workload, first, last, rank, text);
  g_string_append (text, " </stack>\n");
}

/* Runs of layers in topological order are stacks without holes. */
static inline char *
random_mapping_text (HdRandom *random, const HdWorkload *workload)
{
  GString *text = g_string_new ("<mapping version=\"1\">\n");
  for (guint first = 0; first < workload->n_layers;) {
    guint last = first + (guint) hd_random_below (random, 5);
    last = MIN (last, workload->n_layers - 1);
    random_stack (random, workload, first, last, text);
    first = last + 1;
  }
  for (guint l = 0; l < workload->n_layers; l++) {
    const HdLayer *layer = &workload->layers[l];
    if (hd_random_below (random, 2) == 0)
      continue;
    g_string_append_printf (text, " <layer id=\"%s\" cores=\"core0 core1\">\n", layer->name);
    for (guint r = 0; r < layer->n_ranks; r++)
      if (hd_random_below (random, 3) == 0)
        g_string_append_printf (text, "  <cut rank=\"%s\" size=\"%u\"/>\n", layer->rank[r].name, (guint) pick (random, 1, layer->rank[r].size));
    g_string_append (text, " </layer>\n");
  }
  g_string_append (text, "</mapping>\n");
  return g_string_free (text, FALSE);
}
