/* Two machines: which has more, and when the one that has more is slower, why.
 *
 * More cores, memory or bandwidth do not make every schedule faster. A pass decides anew on each machine; who gets which node and when then depends on times that have changed, and the outcome can be
 * longer: Graham, "Bounds on multiprocessing timing anomalies", 1969. What is told here is what can be seen: whether there is more to do, who waited longer, what was held longer, which nodes changed place.
 */
#include "config.h"
#include "report/machines.h"

#include "report/peak.h"

#include <heddle/platform.h>
#include <heddle/units.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 3

/* --- what a machine has ------------------------------------------------------------------------------------- */

static HdMachine
measure (const HdPlatform *platform)
{
  HdMachine machine = { .cores = platform->n_cores };
  for (guint c = 0; c < platform->n_cores; c++)
    machine.operations += _hd_peak_of_core (&platform->core[c], PEAK_BITS, PEAK_BITS) * (double) platform->clock_hz / (double) platform->core[c].period;
  for (guint m = 0; m < platform->n_memories; m++) {
    const HdMemory *memory = &platform->memory[m];
    if (memory->dram)
      machine.dram_rate += _hd_peak_of_resource (platform, memory->read_port) + (memory->write_port != memory->read_port ? _hd_peak_of_resource (platform, memory->write_port) : 0);
    else
      machine.chip_bits += (double) memory->capacity_bits;
  }
  for (guint r = 0; r < platform->n_resources; r++)
    if (platform->resource[r].kind != HD_RESOURCE_PORT && platform->resource[r].width_bits > 0)
      machine.network_rate += _hd_peak_of_resource (platform, r);
  machine.network_rate = machine.network_rate > 0 ? machine.network_rate : (double) INFINITY;
  return machine;
}

static void
list_totals (const HdMachine *machine, double totals[HD_MACHINE_N_TOTALS])
{
  const double list[] = { machine->cores, machine->operations, machine->chip_bits, machine->dram_rate, machine->network_rate };
  memcpy (totals, list, sizeof list);
}

static int
larger_of (const HdMachine *a, const HdMachine *b)
{
  double x[HD_MACHINE_N_TOTALS], y[HD_MACHINE_N_TOTALS];
  guint more = 0, less = 0;
  list_totals (a, x);
  list_totals (b, y);
  for (guint i = 0; i < HD_MACHINE_N_TOTALS; i++) {
    more += y[i] > x[i];
    less += y[i] < x[i];
  }
  return more > 0 && less == 0 ? 1 : less > 0 && more == 0 ? 0 : -1;
}

static int
stronger_of (const HdMachine *a, const HdMachine *b)
{
  return b->operations > a->operations ? 1 : a->operations > b->operations ? 0 : -1;
}

static gboolean
measure_trace (const HdView *view, HdMachine *machine)
{
  const char *text = hd_trace_text (view->trace, "/meta/platform", NULL);
  g_autoptr (HdPlatform) platform = text != NULL ? hd_platform_parse_xml (text, strlen (text), "platform", NULL) : NULL;
  if (platform != NULL)
    *machine = measure (platform);
  return platform != NULL;
}

/* --- places: where each node stands ----------------------------------------------------------------------------- */

typedef struct {
  guint64 key;          /* layer, by its number in the first run, and node */
  const char *core;
  guint64 before;       /* key of the compute before it on that core; VIEW_NEVER: none */
} Place;

static int
compare_places (gconstpointer a, gconstpointer b)
{
  guint64 x = ((const Place *) a)->key, y = ((const Place *) b)->key;
  return x < y ? -1 : x > y;
}

/* Numbers of @view's layers in the first run's; VIEW_NONE: it has no such layer. Returns (transfer full). */
static guint32 *
layers_in (const HdView *view, const HdView *first)
{
  g_autoptr (GHashTable) index = g_hash_table_new (g_str_hash, g_str_equal);
  guint32 *layers = g_new (guint32, view->n_layers + 1);
  for (guint64 l = 0; l < first->n_layers; l++)
    g_hash_table_insert (index, (gpointer) first->layer_name[l], GSIZE_TO_POINTER (l + 1));
  for (guint64 l = 0; l < view->n_layers; l++)
    layers[l] = (guint32) (GPOINTER_TO_SIZE (g_hash_table_lookup (index, view->layer_name[l])) - 1);
  return layers;
}

/* Of all nodes of @view that have a name, by key. */
static GArray *
find_places (const HdView *view, const HdView *first)
{
  guint64 n;
  g_autofree guint32 *order = _hd_view_by_start (view, &n), *layers = layers_in (view, first);
  g_autofree guint64 *last = g_new (guint64, view->n_cores + 1);
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Place));
  memset (last, 0xff, (view->n_cores + 1) * sizeof *last);
  for (guint64 i = 0; i < n; i++) {
    guint32 t = order[i];
    if (view->kind[t] != HD_TRACE_COMPUTE || view->layer[t] == VIEW_NONE || view->node[t] == VIEW_NONE || layers[view->layer[t]] == VIEW_NONE)
      continue;
    Place place = { (guint64) layers[view->layer[t]] << 32 | view->node[t], view->core_name[view->core[t]], last[view->core[t]] };
    last[view->core[t]] = place.key;
    g_array_append_val (places, place);
  }
  g_array_sort (places, compare_places);
  return places;
}

static void
compare_all_places (HdMachines *self)
{
  g_autoptr (GArray) a = find_places (self->a, self->a), b = find_places (self->b, self->a);
  self->nodes_a = a->len;
  self->nodes_b = b->len;
  for (guint i = 0, j = 0; i < a->len && j < b->len;) {
    const Place *x = &g_array_index (a, Place, i), *y = &g_array_index (b, Place, j);
    if (x->key != y->key) {
      i += x->key < y->key;
      j += x->key > y->key;
      continue;
    }
    self->common++;
    if (!g_str_equal (x->core, y->core))
      self->moved++;
    else if (x->before != y->before)
      self->reordered++;
    i++;
    j++;
  }
  /* Nodes are numbered through all layers: when one layer is cut differently, those behind it have other numbers. */
  if (self->common != self->nodes_a || self->common != self->nodes_b)
    self->common = self->moved = self->reordered = 0;
}

static guint64
all_computes (const HdView *view)
{
  guint64 sum = 0;
  for (guint64 c = 0; c < view->n_cores; c++)
    sum += view->state[HD_STATE_COMPUTE][c];
  return sum;
}

gboolean
_hd_machines_compare (HdMachines *self, const HdView *a, const HdView *b)
{
  *self = (HdMachines) { .a = a, .b = b, .larger = -1 };
  if (g_strcmp0 (hd_trace_info (a->trace)->platform_sha256, hd_trace_info (b->trace)->platform_sha256) == 0 || !measure_trace (a, &self->machine_a) || !measure_trace (b, &self->machine_b))
    return FALSE;
  self->larger = larger_of (&self->machine_a, &self->machine_b);
  self->stronger = self->larger >= 0 ? self->larger : stronger_of (&self->machine_a, &self->machine_b);
  self->compute_a = all_computes (a);
  self->compute_b = all_computes (b);
  compare_all_places (self);
  return TRUE;
}

/* --- what grew ------------------------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  guint64 growth;
  guint64 part[3];      /* cores: input, space, turn: how much of it [cycle] */
} Grown;

static int
compare_grown (gconstpointer a, gconstpointer b)
{
  const Grown *x = a, *y = b;
  if (x->growth != y->growth)
    return x->growth > y->growth ? -1 : 1;
  return strcmp (x->name, y->name);
}

static gint64
find_name (const char *const *names, guint64 n, const char *name)
{
  for (guint64 i = 0; i < n; i++)
    if (g_str_equal (names[i], name))
      return (gint64) i;
  return -1;
}

/* Cores of both runs whose waits are longer in the one of the larger machine, by how much. Those that only it has are left out. */
static GArray *
grown_waits (const HdView *small, const HdView *large)
{
  static const HdCoreState WAITS[] = { HD_STATE_WAIT_INPUT, HD_STATE_WAIT_SPACE, HD_STATE_WAIT_TURN };
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (Grown));
  for (guint64 c = 0; c < large->n_cores; c++) {
    gint64 s = find_name (small->core_name, small->n_cores, large->core_name[c]);
    Grown row = { .name = large->core_name[c] };
    guint64 before = 0, after = 0;
    for (guint w = 0; w < G_N_ELEMENTS (WAITS) && s >= 0; w++) {
      guint64 x = small->state[WAITS[w]][s], y = large->state[WAITS[w]][c];
      before += x;
      after += y;
      row.part[w] = y > x ? y - x : 0;
    }
    row.growth = after > before ? after - before : 0;
    if (row.growth > 0)
      g_array_append_val (rows, row);
  }
  g_array_sort (rows, compare_grown);
  return rows;
}

/* The same of resources: how much longer they were held. */
static GArray *
grown_holds (const HdView *small, const HdView *large)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (Grown));
  for (guint64 r = 0; r < large->n_resources; r++) {
    gint64 s = find_name (small->resource_name, small->n_resources, large->resource_name[r]);
    guint64 before = s >= 0 ? small->busy[s] : 0;
    Grown row = { .name = large->resource_name[r], .growth = large->busy[r] > before ? large->busy[r] - before : 0 };
    if (row.growth > 0)
      g_array_append_val (rows, row);
  }
  g_array_sort (rows, compare_grown);
  return rows;
}

/* --- in words ------------------------------------------------------------------------------------------------------ */

static void
append_total (GString *out, const char *what, double value)
{
  g_autofree char *text = NULL;
  if (isinf (value))
    text = g_strdup ("no limit");
  else if (g_str_has_suffix (what, "on chip"))
    text = hd_bits_for_people ((guint64) value);
  if (text != NULL)
    g_string_append (out, text);
  else
    hd_append_double (out, "%.6g", value);
}

/* What the machine has more of than the other, or less of. */
static void
append_totals (const HdMachine *machine, const HdMachine *other, gboolean more, GString *out)
{
  static const char *const WHAT[HD_MACHINE_N_TOTALS] = { "cores", "operations/s", "on chip", "bit/s of DRAM", "bit/s of buses and links" };
  double x[HD_MACHINE_N_TOTALS], y[HD_MACHINE_N_TOTALS];
  gboolean any = FALSE;
  list_totals (other, x);
  list_totals (machine, y);
  for (guint i = 0; i < HD_MACHINE_N_TOTALS; i++) {
    if (more ? y[i] <= x[i] : y[i] >= x[i])
      continue;
    g_string_append (out, any ? ", " : "");
    append_total (out, WHAT[i], y[i]);
    g_string_append_printf (out, " %s for ", WHAT[i]);
    append_total (out, WHAT[i], x[i]);
    any = TRUE;
  }
}

static void
append_work (const HdMachines *self, guint64 before, guint64 after, GString *out)
{
  g_autofree char *x = hd_count_for_people (before), *y = hd_count_for_people (after);
  if (before == after)
    g_string_append_printf (out, "  computing takes the same %s cycles in all\n", x);
  else
    g_string_append_printf (out, "  computing takes %s cycles in all, for %s: %s\n", y, x, after > before ? "there is more to do" : "there is less to do");
}

static guint64
busiest_core (const HdView *view)
{
  guint64 busiest = 0;
  for (guint64 c = 1; c < view->n_cores; c++)
    if (view->state[HD_STATE_COMPUTE][c] > view->state[HD_STATE_COMPUTE][busiest])
      busiest = c;
  return busiest;
}

/* Less evenly shared work. */
static void
append_busiest (const HdView *small, const HdView *large, GString *out)
{
  guint64 before = busiest_core (small), after = busiest_core (large);
  guint64 x = small->n_cores > 0 ? small->state[HD_STATE_COMPUTE][before] : 0, y = large->n_cores > 0 ? large->state[HD_STATE_COMPUTE][after] : 0;
  if (y <= x)
    return;
  g_autofree char *less = hd_count_for_people (x), *more = hd_count_for_people (y);
  g_string_append_printf (out, "  the busiest core, %s, computes for %s cycles; on the other machine none more than %s\n", large->core_name[after], more, less);
}

/* @before: of the weaker machine. */
static void
append_cut (guint64 before, guint64 after, GString *out)
{
  g_autofree char *x = hd_count_for_people (before), *y = hd_count_for_people (after);
  if (before != after)
    g_string_append_printf (out, "  the network is cut into %s nodes, for %s: another mapping\n", y, x);
  else
    g_string_append_printf (out, "  the network is cut into %s nodes as well, but into others: another mapping\n", y);
}

static void
append_traffic (const HdView *small, const HdView *large, GString *out)
{
  guint64 before = small->dram_read_bits + small->dram_write_bits, after = large->dram_read_bits + large->dram_write_bits;
  g_autofree char *x = hd_bits_for_people (before), *y = hd_bits_for_people (after);
  if (before != after)
    g_string_append_printf (out, "  from and to DRAM %s are moved, for %s\n", y, x);
}

static void
append_places (const HdMachines *self, GString *out)
{
  g_autofree char *common = hd_count_for_people (self->common), *moved = hd_count_for_people (self->moved), *reordered = hd_count_for_people (self->reordered);
  if (self->moved + self->reordered > 0)
    g_string_append_printf (out, "  of %s nodes %s are on another core and %s behind another node: the order changed (with another order, more can take longer: Graham's anomaly)\n", common, moved, reordered);
  else if (self->common == 0)
    append_cut (self->stronger == 1 ? self->nodes_a : self->nodes_b, self->stronger == 1 ? self->nodes_b : self->nodes_a, out);
  else
    g_string_append_printf (out, "  all %s nodes are on the same cores in the same order\n", common);
}

static void
append_grown (GArray *rows, const char *what, gboolean parts, GString *out)
{
  static const char *const PART[] = { "input", "space", "turn" };
  for (guint i = 0; i < MIN (rows->len, MOST_ROWS); i++) {
    const Grown *row = &g_array_index (rows, Grown, i);
    g_autofree char *growth = hd_count_for_people (row->growth);
    g_string_append_printf (out, "%s%s by %s", i == 0 ? what : ", ", row->name, growth);
    for (guint p = 0, told = 0; p < 3 && parts; p++)
      if (row->part[p] > 0) {
        g_autofree char *cycles = hd_count_for_people (row->part[p]);
        g_string_append_printf (out, "%s%s %s", told++ == 0 ? " (" : ", ", PART[p], cycles);
      }
    g_string_append (out, parts ? ")" : "");
  }
  if (rows->len > 0)
    g_string_append_c (out, '\n');
}

/* Whether the machine that is 0: a, 1: b, takes longer. */
static gboolean
is_slower (const HdMachines *self, int machine)
{
  return machine >= 0 && (machine == 1 ? self->b->cycles > self->a->cycles : self->a->cycles > self->b->cycles);
}

static void
append_head (const HdMachines *self, guint64 longer, GString *out)
{
  const HdMachine *small = self->stronger == 1 ? &self->machine_a : &self->machine_b, *large = self->stronger == 1 ? &self->machine_b : &self->machine_a;
  g_autofree char *cycles = hd_count_for_people (longer);
  g_string_append_printf (out, "%s %s (", self->stronger == 1 ? "b" : "a", self->larger >= 0 ? "is the larger machine" : "has more");
  append_totals (large, small, TRUE, out);
  if (self->larger < 0) {
    g_string_append (out, ") but less (");
    append_totals (large, small, FALSE, out);
  }
  g_string_append_printf (out, ") and takes %s cycles longer:\n", cycles);
}

void
_hd_machines_text (const HdMachines *self, GString *out)
{
  const HdView *small = self->stronger == 1 ? self->a : self->b, *large = self->stronger == 1 ? self->b : self->a;
  if (!is_slower (self, self->stronger))
    return;
  g_autoptr (GArray) waits = grown_waits (small, large), holds = grown_holds (small, large);
  append_head (self, large->cycles - small->cycles, out);
  append_work (self, self->stronger == 1 ? self->compute_a : self->compute_b, self->stronger == 1 ? self->compute_b : self->compute_a, out);
  append_busiest (small, large, out);
  append_places (self, out);
  append_traffic (small, large, out);
  append_grown (waits, "  waits grew most on ", TRUE, out);
  append_grown (holds, "  held longer: ", FALSE, out);
}

/* --- JSON -------------------------------------------------------------------------------------------------------------- */

static void
json_pair (HdJson *json, const char *key, double a, double b)
{
  const double values[] = { a, b };
  hd_json_open_array (json, key);
  for (guint i = 0; i < 2; i++)
    if (isinf (values[i]))
      hd_json_null (json, NULL);
    else
      hd_json_double (json, NULL, values[i]);
  hd_json_close_array (json);
}

static void
json_grown (HdJson *json, const char *key, GArray *rows)
{
  hd_json_open_array (json, key);
  for (guint i = 0; i < rows->len; i++) {
    hd_json_open_object (json, NULL);
    hd_json_string (json, "id", g_array_index (rows, Grown, i).name);
    hd_json_u64 (json, "cycles", g_array_index (rows, Grown, i).growth);
    hd_json_close_object (json);
  }
  hd_json_close_array (json);
}

void
_hd_machines_json (const HdMachines *self, HdJson *json)
{
  static const char *const KEY[HD_MACHINE_N_TOTALS] = { "cores", "operations_per_s", "chip_bits", "dram_bits_per_s", "network_bits_per_s" };
  const HdView *small = self->stronger == 0 ? self->b : self->a, *large = self->stronger == 0 ? self->a : self->b;
  double x[HD_MACHINE_N_TOTALS], y[HD_MACHINE_N_TOTALS];
  g_autoptr (GArray) waits = grown_waits (small, large), holds = grown_holds (small, large);
  list_totals (&self->machine_a, x);
  list_totals (&self->machine_b, y);
  hd_json_open_object (json, "machines");
  if (self->larger < 0)
    hd_json_null (json, "larger");
  else
    hd_json_string (json, "larger", self->larger == 1 ? "b" : "a");
  hd_json_boolean (json, "larger_is_slower", is_slower (self, self->larger));
  for (guint i = 0; i < HD_MACHINE_N_TOTALS; i++)
    json_pair (json, KEY[i], x[i], y[i]);
  json_pair (json, "compute_cycles", (double) self->compute_a, (double) self->compute_b);
  json_pair (json, "nodes", (double) self->nodes_a, (double) self->nodes_b);
  hd_json_u64 (json, "common_nodes", self->common);
  hd_json_u64 (json, "moved_nodes", self->moved);
  hd_json_u64 (json, "reordered_nodes", self->reordered);
  json_grown (json, "grown_waits", waits);
  json_grown (json, "grown_holds", holds);
  hd_json_close_object (json);
}
