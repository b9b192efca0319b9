/* Reading a core into its draft: array, levels of its memory hierarchy, dataflows, and what the special kinds have. */
#include "config.h"
#include "platform/draft.h"

#include <string.h>

const char *const _hd_core_kind_words[] = { "spatial", "systolic", "vector", "pooling", "imc", "fixed", NULL };
const char *const _hd_class_words[] = { "mac", "pool", "vector", "move", NULL };
const char *const _hd_operand_words[] = { "I", "W", "O", NULL };
const char *const _hd_move_words[] = { "from-high", "to-low", "from-low", "to-high", NULL };

#define MAX_PORTS_OF_A_KIND 4

/* The set of words out of @known, as bits; unknown ones are faults. */
static guint
parse_set (HdDraft *self, HdXmlNode *node, const char *name, const char *const *known, guint fallback)
{
  g_auto (GStrv) words = hd_xml_words (self->xml, node, name);
  guint set = 0;
  for (char **word = words; *word != NULL; word++) {
    guint i = 0;
    while (known[i] != NULL && !g_str_equal (known[i], *word))
      i++;
    if (known[i] != NULL) {
      set |= 1u << i;
      continue;
    }
    g_autofree char *list = g_strjoinv (", ", (char **) known);
    hd_xml_fault (self->xml, node, "%s of <%s>: \"%.60s\" is not one of %s", name, hd_xml_name (node), *word, list);
  }
  return words[0] != NULL ? set : fallback;
}

/* --- levels ----------------------------------------------------------------------------------- */

static void
add_port (HdLevel *level, HdPortKind kind, guint number)
{
  static const char *const PREFIX[] = { "r", "w", "rw" };
  level->port_kind[level->n_ports] = kind;
  level->port_name[level->n_ports++] = g_strdup_printf ("%s%u", PREFIX[kind], number);
}

/* "1r 1w", "2rw": how many ports of which kind; they are called r1, r2, w1, rw1, ... */
static void
parse_ports (HdDraft *self, HdXmlNode *node, HdLevel *level)
{
  static const char *const KINDS[] = { "r", "w", "rw" };
  guint count[3] = { 0 };
  g_auto (GStrv) words = hd_xml_words (self->xml, node, "ports");
  for (char **word = words; *word != NULL; word++) {
    guint kind = 0;
    while (kind < 3 && (!g_ascii_isdigit (**word) || !g_str_equal (*word + 1, KINDS[kind])))
      kind++;
    if (kind == 3 || **word == '0' || **word - '0' > MAX_PORTS_OF_A_KIND || count[kind] != 0)
      hd_xml_fault (self->xml, node, "ports of <level>: \"%.60s\" - expected 1 to %d of r, w or rw each, such as \"1r 1w\" or \"2rw\"", *word, MAX_PORTS_OF_A_KIND);
    else
      count[kind] = (guint) (**word - '0');
  }
  if (count[0] + count[1] + count[2] == 0)
    count[HD_PORT_READ] = count[HD_PORT_WRITE] = 1;
  for (guint kind = 0; kind < 3; kind++)
    for (guint i = 0; i < count[kind] && level->n_ports < HD_LEVEL_PORTS_MAX; i++)
      add_port (level, (HdPortKind) kind, i + 1);
  if (count[0] + count[1] + count[2] > HD_LEVEL_PORTS_MAX)
    hd_xml_fault (self->xml, node, "%u ports - expected at most %d", count[0] + count[1] + count[2], HD_LEVEL_PORTS_MAX);
}

static void
parse_use (HdDraft *self, HdXmlNode *node, DraftLevel *level)
{
  int operand = hd_xml_choice (self->xml, node, "operand", _hd_operand_words, -1), move = hd_xml_choice (self->xml, node, "movement", _hd_move_words, -1);
  DraftUse use = { node, (guint) operand, (HdMovement) move, hd_xml_require (self->xml, node, "port") };
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
  if (operand >= 0 && move >= 0)
    g_array_append_val (level->uses, use);
}

static void
parse_level (HdDraft *self, HdXmlNode *node, DraftCore *core)
{
  static const char *const CHILDREN[] = { "use", NULL };
  DraftLevel draft = { .node = node, .memory = hd_xml_attribute (self->xml, node, "memory") };
  HdLevel *level = &draft.level;
  gboolean inner = draft.memory == NULL;
  draft.id = inner || hd_xml_attribute (self->xml, node, "id") != NULL ? hd_xml_require_id (self->xml, node, "id") : draft.memory;
  (void) hd_xml_require (self->xml, node, "operands");
  level->operands = parse_set (self, node, "operands", _hd_operand_words, 0);
  draft.has_size = inner || hd_xml_attribute (self->xml, node, "size") != NULL;
  level->size_bits = _hd_draft_positive (self, node, "size", HD_UNIT_BIT, inner, 0, HD_PLATFORM_MAX_BITS);
  level->read_width = _hd_draft_positive (self, node, "read-width", HD_UNIT_BIT_PER_CYCLE, inner, 0, HD_PLATFORM_MAX_WIDTH);
  level->write_width = _hd_draft_positive (self, node, "write-width", HD_UNIT_BIT_PER_CYCLE, inner, 0, HD_PLATFORM_MAX_WIDTH);
  level->read_granularity = _hd_draft_positive (self, node, "read-granularity", HD_UNIT_BIT, FALSE, 0, HD_PLATFORM_MAX_WIDTH);
  level->write_granularity = _hd_draft_positive (self, node, "write-granularity", HD_UNIT_BIT, FALSE, 0, HD_PLATFORM_MAX_WIDTH);
  draft.has_read_pj = inner || hd_xml_attribute (self->xml, node, "read-energy") != NULL;
  draft.has_write_pj = inner || hd_xml_attribute (self->xml, node, "write-energy") != NULL;
  level->read_pj = _hd_draft_real (self, node, "read-energy", HD_UNIT_PJ);
  level->write_pj = _hd_draft_real (self, node, "write-energy", HD_UNIT_PJ);
  level->double_buffered = hd_xml_boolean (self->xml, node, "double-buffered", FALSE);
  if (hd_xml_attribute (self->xml, node, "serves") != NULL)
    draft.serves = hd_xml_words (self->xml, node, "serves");
  parse_ports (self, node, level);
  draft.uses = g_array_new (FALSE, FALSE, sizeof (DraftUse));
  for (HdXmlNode *child = hd_xml_first (self->xml, node); child != NULL; child = hd_xml_next (self->xml, child)) {
    if (hd_xml_is (child, "use"))
      parse_use (self, child, &draft);
    else
      hd_xml_unexpected (self->xml, child, CHILDREN);
  }
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (core->levels, draft);
}

/* --- array and dataflows ------------------------------------------------------------------------ */

static void
parse_dimension (HdDraft *self, HdXmlNode *node, DraftCore *draft)
{
  HdCore *core = &draft->core;
  const char *id = hd_xml_require_id (self->xml, node, "id");
  guint64 size = _hd_draft_positive (self, node, "size", HD_UNIT_COUNT, TRUE, 1, HD_PLATFORM_MAX_ARRAY);
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
  for (guint i = 0; i < core->n_dimensions; i++)
    if (g_str_equal (draft->dimension_name[i], id))
      hd_xml_fault (self->xml, node, "a second dimension \"%s\"", id);
  if (core->n_dimensions == HD_ARRAY_DIMS_MAX) {
    hd_xml_fault (self->xml, node, "more than %d array dimensions", HD_ARRAY_DIMS_MAX);
    return;
  }
  draft->dimension_name[core->n_dimensions] = id;
  core->dimension_size[core->n_dimensions++] = size;
}

static void
parse_unroll (HdDraft *self, HdXmlNode *node, DraftDataflow *dataflow)
{
  DraftUnroll draft = { .node = node };
  draft.rank = hd_xml_require_id (self->xml, node, "rank");
  draft.dimension = hd_xml_require (self->xml, node, "dimension");
  draft.factor = _hd_draft_positive (self, node, "factor", HD_UNIT_COUNT, FALSE, 0, HD_PLATFORM_MAX_ARRAY);
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (dataflow->unrolls, draft);
}

static void
parse_dataflow (HdDraft *self, HdXmlNode *node, DraftCore *core)
{
  static const char *const CHILDREN[] = { "unroll", NULL };
  DraftDataflow draft = { .node = node, .id = hd_xml_require_id (self->xml, node, "id"), .unrolls = g_array_new (FALSE, FALSE, sizeof (DraftUnroll)) };
  for (HdXmlNode *child = hd_xml_first (self->xml, node); child != NULL; child = hd_xml_next (self->xml, child)) {
    if (hd_xml_is (child, "unroll"))
      parse_unroll (self, child, &draft);
    else
      hd_xml_unexpected (self->xml, child, CHILDREN);
  }
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (core->dataflows, draft);
}

/* --- special kinds -------------------------------------------------------------------------------- */

static void
parse_macro (HdDraft *self, HdXmlNode *node, DraftCore *draft)
{
  HdCore *core = &draft->core;
  const guint64 many = 1u << 20;
  if (core->kind != HD_CORE_IMC)
    hd_xml_fault (self->xml, node, "<macro> in a core of another kind - expected kind=\"imc\" at the core");
  if (core->imc_rows != 0)
    hd_xml_fault (self->xml, node, "a second <macro> - expected one; count says how many stand side by side");
  core->imc_rows = _hd_draft_positive (self, node, "rows", HD_UNIT_COUNT, TRUE, 1, many);
  core->imc_columns = _hd_draft_positive (self, node, "columns", HD_UNIT_COUNT, TRUE, 1, many);
  core->imc_macros = _hd_draft_positive (self, node, "count", HD_UNIT_COUNT, FALSE, 1, many);
  core->imc_copies = _hd_draft_positive (self, node, "copies", HD_UNIT_COUNT, FALSE, 1, many);
  core->imc_cell_bits = (guint) _hd_draft_positive (self, node, "cell-bits", HD_UNIT_BIT, FALSE, 1, 64);
  core->imc_dac_bits = (guint) _hd_draft_positive (self, node, "dac-bits", HD_UNIT_BIT, FALSE, 1, 64);
  core->imc_columns_per_adc = _hd_draft_positive (self, node, "columns-per-adc", HD_UNIT_COUNT, FALSE, 1, many);
  core->imc_cycles_per_conversion = _hd_draft_positive (self, node, "cycles-per-conversion", HD_UNIT_CYCLE, FALSE, 1, HD_PLATFORM_MAX_CYCLES);
  core->imc_write_width = _hd_draft_positive (self, node, "write-width", HD_UNIT_BIT_PER_CYCLE, TRUE, 1, HD_PLATFORM_MAX_WIDTH);
  core->imc_pj_per_conversion = _hd_draft_real (self, node, "conversion-energy", HD_UNIT_PJ);
  core->imc_pj_per_write_bit = _hd_draft_real (self, node, "write-energy", HD_UNIT_PJ_PER_BIT);
  if (core->imc_columns_per_adc > core->imc_columns)
    hd_xml_fault (self->xml, node, "columns-per-adc is %" G_GUINT64_FORMAT " - expected at most the %" G_GUINT64_FORMAT " columns", core->imc_columns_per_adc, core->imc_columns);
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
}

static void
parse_operator (HdDraft *self, HdXmlNode *node, DraftCore *core)
{
  HdFixedCost cost = { .operator_type = g_strdup (hd_xml_require (self->xml, node, "type")) };
  if (core->core.kind != HD_CORE_FIXED)
    hd_xml_fault (self->xml, node, "<operator> in a core of another kind - expected kind=\"fixed\" at the core");
  cost.cycles_per_node = _hd_draft_bounded (self, node, "cycles-per-node", HD_UNIT_CYCLE, FALSE, 0, 0, G_GUINT64_CONSTANT (1) << 40);
  cost.cycles_per_point = hd_xml_double (self->xml, node, "cycles-per-point", HD_UNIT_CYCLE, FALSE, 0);
  if (cost.cycles_per_point > HD_PLATFORM_MAX_CYCLES)
    hd_xml_fault (self->xml, node, "cycles-per-point of <operator> is too large - expected at most %" G_GUINT64_FORMAT " cycle", HD_PLATFORM_MAX_CYCLES);
  cost.pj_per_node = _hd_draft_real (self, node, "energy-per-node", HD_UNIT_PJ);
  cost.pj_per_point = _hd_draft_real (self, node, "energy-per-point", HD_UNIT_PJ);
  _hd_draft_no_children (self, node);
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (core->fixed, cost);
}

/* --- the core --------------------------------------------------------------------------------------- */

/* What a core takes when it does not say: bits of mac, pool, vector, move. */
static const guint DEFAULT_OPERATORS[] = {
  [HD_CORE_SPATIAL] = 1, [HD_CORE_SYSTOLIC] = 1, [HD_CORE_VECTOR] = 4 | 8, [HD_CORE_POOLING] = 2, [HD_CORE_IMC] = 1, [HD_CORE_FIXED] = 15,
};

static void
parse_child (HdDraft *self, HdXmlNode *node, DraftCore *draft)
{
  static const struct {
    const char *name;
    void (*parse) (HdDraft *, HdXmlNode *, DraftCore *);
  } ELEMENTS[] = {
    { "dimension", parse_dimension }, { "level", parse_level }, { "dataflow", parse_dataflow }, { "macro", parse_macro }, { "operator", parse_operator },
  };
  static const char *const NAMES[] = { "dimension", "level", "dataflow", "macro", "operator", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (ELEMENTS); i++)
    if (hd_xml_is (node, ELEMENTS[i].name)) {
      ELEMENTS[i].parse (self, node, draft);
      return;
    }
  hd_xml_unexpected (self->xml, node, NAMES);
}

/* What each kind needs to be one. */
static void
check_kind (HdDraft *self, const DraftCore *draft)
{
  const HdCore *core = &draft->core;
  guint64 units = 1;
  for (guint i = 0; i < core->n_dimensions; i++)
    units = units > HD_PLATFORM_MAX_ARRAY / core->dimension_size[i] ? G_MAXUINT64 : units * core->dimension_size[i];
  if (units > HD_PLATFORM_MAX_ARRAY)
    hd_xml_fault (self->xml, draft->node, "the array of core \"%s\" has too many units - expected at most %" G_GUINT64_FORMAT, draft->id, HD_PLATFORM_MAX_ARRAY);
  if (core->kind == HD_CORE_SPATIAL && core->n_dimensions == 0)
    hd_xml_fault (self->xml, draft->node, "spatial core \"%s\" has no array - expected one <dimension> at least", draft->id);
  if (core->kind == HD_CORE_SYSTOLIC && core->n_dimensions != 2)
    hd_xml_fault (self->xml, draft->node, "systolic core \"%s\" has %u array dimensions - expected two: rows and columns", draft->id, core->n_dimensions);
  if ((core->kind == HD_CORE_VECTOR || core->kind == HD_CORE_POOLING) && core->lanes == 0)
    hd_xml_fault (self->xml, draft->node, "%s core \"%s\" lacks the attribute \"lanes\"", _hd_core_kind_words[core->kind], draft->id);
  if (core->kind == HD_CORE_IMC && core->imc_rows == 0)
    hd_xml_fault (self->xml, draft->node, "imc core \"%s\" has no <macro>", draft->id);
  if (core->kind == HD_CORE_FIXED && draft->fixed->len == 0)
    hd_xml_fault (self->xml, draft->node, "fixed core \"%s\" has no <operator>", draft->id);
}

void
_hd_draft_parse_core (HdDraft *self, HdXmlNode *node)
{
  static const char *const MEMORY[] = { "input-memory", "weight-memory", "output-memory" };
  DraftCore draft = { .node = node, .id = hd_xml_require_id (self->xml, node, "id") };
  HdCore *core = &draft.core;
  draft.levels = g_array_new (FALSE, TRUE, sizeof (DraftLevel));
  draft.dataflows = g_array_new (FALSE, TRUE, sizeof (DraftDataflow));
  draft.fixed = g_array_new (FALSE, TRUE, sizeof (HdFixedCost));
  core->kind = (HdCoreKind) MAX (0, hd_xml_choice (self->xml, node, "kind", _hd_core_kind_words, -1));
  core->operators = parse_set (self, node, "operators", _hd_class_words, DEFAULT_OPERATORS[core->kind]);
  core->mac_pj = _hd_draft_real (self, node, "operation-energy", HD_UNIT_PJ);
  core->node_overhead = _hd_draft_bounded (self, node, "node-overhead", HD_UNIT_CYCLE, FALSE, 0, 0, HD_PLATFORM_MAX_CYCLES);
  core->static_w = _hd_draft_real (self, node, "static-power", HD_UNIT_WATT);
  core->lanes = _hd_draft_positive (self, node, "lanes", HD_UNIT_COUNT, FALSE, 0, HD_PLATFORM_MAX_WIDTH);
  draft.hz = _hd_draft_clock (self, node);
  for (guint operand = 0; operand < HD_N_OPERANDS; operand++)
    draft.operand_memory[operand] = hd_xml_attribute (self->xml, node, MEMORY[operand]);
  for (HdXmlNode *child = hd_xml_first (self->xml, node); child != NULL; child = hd_xml_next (self->xml, child))
    parse_child (self, child, &draft);
  check_kind (self, &draft);
  hd_xml_finish_element (self->xml, node);
  g_array_append_val (self->cores, draft);
}
