/* The order of the stacks: Kahn's, ties by first layer. What is left over waits for itself: a stack with a hole. */
#include "config.h"
#include "mapping/rules.h"

#include <string.h>

/* Layers that no stack names are stacks of their own. */
static void
add_single_stacks (HdMappingReader *reader)
{
  for (HdLayerId l = 0; l < reader->mapping->workload->n_layers; l++) {
    if (reader->stack_of_layer[l] != 0)
      continue;
    HdMappingStack stack = { .n_layers = 1, .layers = g_memdup2 (&l, sizeof l) };
    g_array_append_val (reader->stacks, stack);
    reader->stack_of_layer[l] = reader->stacks->len;
  }
}

/* Calls for each edge between two stacks: from the producer's to the reader's (indices in @stacks). */
#define FOR_EACH_PRODUCER(workload, l, producer)                                                          \
  for (guint operand_ = 0; operand_ + 1 < (workload)->layers[l].n_operands; operand_++)                    \
    for (HdLayerId producer = (workload)->tensors[(workload)->layers[l].operands[operand_].tensor].producer, \
                   once_ = 1;                                                                             \
         producer != HD_NONE && once_ != 0; once_ = 0)

/* The first layer, before which nothing of the stack stands. */
static HdLayerId
first_of (const HdMappingReader *reader, guint s)
{
  return g_array_index (reader->stacks, HdMappingStack, s).layers[0];
}

/* A heap would do; the number of stacks that are ready at once is small, so a sorted list by first layer does as well. */
static void
insert_ready (const HdMappingReader *reader, GArray *ready, guint s)
{
  guint i = ready->len;
  while (i > 0 && first_of (reader, g_array_index (ready, guint, i - 1)) < first_of (reader, s))
    i--;
  g_array_insert_val (ready, i, s);
}

static void
release_consumers (HdMappingReader *reader, guint s, guint *waits, GArray *ready)
{
  const HdWorkload *workload = reader->mapping->workload;
  const HdMappingStack *stack = &g_array_index (reader->stacks, HdMappingStack, s);
  for (guint i = 0; i < stack->n_layers; i++) {
    const HdTensor *made = &workload->tensors[hd_layer_output (&workload->layers[stack->layers[i]])->tensor];
    for (guint c = 0; c < made->n_consumers; c++) {
      guint other = reader->stack_of_layer[made->consumers[c]] - 1;
      if (other != s && --waits[other] == 0)
        insert_ready (reader, ready, other);
    }
  }
}

static void
count_waits (HdMappingReader *reader, guint *waits)
{
  const HdWorkload *workload = reader->mapping->workload;
  for (HdTensorId t = 0; t < workload->n_tensors; t++) {
    const HdTensor *tensor = &workload->tensors[t];
    for (guint c = 0; tensor->producer != HD_NONE && c < tensor->n_consumers; c++)
      if (reader->stack_of_layer[tensor->producer] != reader->stack_of_layer[tensor->consumers[c]])
        waits[reader->stack_of_layer[tensor->consumers[c]] - 1]++;
  }
}

/* --- what is wrong with stacks that wait for themselves ------------------------------------------------- */

/* A path that leaves the stack and comes back: tells of the layer by which it comes back. */
static gboolean
tell_hole (HdMappingReader *reader, guint s)
{
  const HdWorkload *workload = reader->mapping->workload;
  const HdMappingStack *stack = &g_array_index (reader->stacks, HdMappingStack, s);
  g_autofree gboolean *outside = g_new0 (gboolean, workload->n_layers);
  for (HdLayerId l = stack->layers[0]; l <= stack->layers[stack->n_layers - 1]; l++)
    FOR_EACH_PRODUCER (workload, l, producer) {
    gboolean inside = reader->stack_of_layer[l] == s + 1;
    if (inside && outside[producer]) {
      hd_diagnostics_add (reader->faults, stack->line, "the stack has a hole: \"%s\" in it needs \"%s\", which needs the stack but is not in it", workload->layers[l].name,
                          workload->layers[producer].name);
      return TRUE;
    }
    if (!inside && (outside[producer] || reader->stack_of_layer[producer] == s + 1))
      outside[l] = TRUE;
  }
  return FALSE;
}

static void
tell_cycle (HdMappingReader *reader, const guint *waits)
{
  gboolean told = FALSE;
  guint first = G_MAXUINT;
  for (guint s = 0; s < reader->stacks->len && hd_diagnostics_count (reader->faults) < HD_DIAGNOSTICS_MAX; s++) {
    const HdMappingStack *stack = &g_array_index (reader->stacks, HdMappingStack, s);
    if (waits[s] == 0 || stack->n_layers < 2)
      continue;
    told |= tell_hole (reader, s);
    first = MIN (first, s);
  }
  if (!told && first != G_MAXUINT)
    hd_diagnostics_add (reader->faults, g_array_index (reader->stacks, HdMappingStack, first).line, "the stack waits for another stack that waits for it");
}

/* --- the order ------------------------------------------------------------------------------------------ */

static void
take_in_order (HdMappingReader *reader, const guint *order)
{
  HdMapping *mapping = reader->mapping;
  mapping->n_stacks = reader->stacks->len;
  mapping->stack = g_new0 (HdMappingStack, mapping->n_stacks);
  for (HdStackId s = 0; s < mapping->n_stacks; s++) {
    mapping->stack[s] = g_array_index (reader->stacks, HdMappingStack, order[s]);
    for (guint i = 0; i < mapping->stack[s].n_layers; i++)
      mapping->layer[mapping->stack[s].layers[i]].stack = s;
  }
}

void
_hd_mapping_order_stacks (HdMappingReader *reader)
{
  add_single_stacks (reader);
  guint n = reader->stacks->len, done = 0;
  g_autofree guint *waits = g_new0 (guint, n);
  g_autofree guint *order = g_new0 (guint, n);
  g_autoptr (GArray) ready = g_array_new (FALSE, FALSE, sizeof (guint));
  count_waits (reader, waits);
  for (guint s = 0; s < n; s++)
    if (waits[s] == 0)
      insert_ready (reader, ready, s);
  while (ready->len > 0) {
    guint s = g_array_index (ready, guint, ready->len - 1);
    g_array_set_size (ready, ready->len - 1);
    order[done++] = s;
    release_consumers (reader, s, waits, ready);
  }
  if (done < n) {
    tell_cycle (reader, waits);
    for (guint s = 0; s < n; s++)
      order[s] = s;
  }
  take_in_order (reader, order);
}
