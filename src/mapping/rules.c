/* <operator>, <layer> and what they hold: cores, cuts, spatial and temporal loops, as names. */
#include "config.h"
#include "mapping/rules.h"

/* Of one element; a stack's layers can have more ranks in all than one layer has. */
#define MAX_CUTS 256

static void
clear_term (gpointer data)
{
  HdMappingTerm *term = data;
  g_free (term->rank);
  g_free (term->dimension);
  for (guint o = 0; o < HD_N_OPERANDS; o++)
    g_free (term->level[o]);
}

static GArray *
terms_new (void)
{
  GArray *terms = g_array_new (FALSE, TRUE, sizeof (HdMappingTerm));
  g_array_set_clear_func (terms, clear_term);
  return terms;
}

HdMappingRule *
_hd_mapping_rule_new (const char *name, guint line)
{
  HdMappingRule *rule = g_new0 (HdMappingRule, 1);
  rule->name = g_strdup (name);
  rule->line = line;
  rule->cuts = terms_new ();
  return rule;
}

void
_hd_mapping_rule_free (HdMappingRule *rule)
{
  if (rule == NULL)
    return;
  g_clear_pointer (&rule->cores, g_array_unref);
  g_clear_pointer (&rule->cuts, g_array_unref);
  g_clear_pointer (&rule->unrolls, g_array_unref);
  g_clear_pointer (&rule->loops, g_array_unref);
  g_free (rule->name);
  g_free (rule->split);
  g_free (rule);
}

/* A size or factor; a zero is told of at once, and becomes 1 so that reading can go on. */
static guint64
read_size (HdMappingReader *reader, HdXmlNode *node, const char *name)
{
  guint64 size = hd_xml_u64 (reader->document, node, name, HD_UNIT_COUNT, TRUE, 1);
  if (size == 0)
    hd_xml_fault (reader->document, node, "%s of <%s> is 0 - expected at least 1", name, hd_xml_name (node));
  return MAX (size, 1);
}

static HdMappingTerm
read_term (HdMappingReader *reader, HdXmlNode *node, const char *size)
{
  return (HdMappingTerm) {
    .rank = g_strdup (hd_xml_require (reader->document, node, "rank")),
    .size = read_size (reader, node, size),
    .line = hd_xml_line (node),
  };
}

static void
finish_term (HdMappingReader *reader, HdXmlNode *node)
{
  static const char *const NONE[] = { NULL };
  hd_xml_finish_element (reader->document, node);
  for (HdXmlNode *child = hd_xml_first (reader->document, node); child != NULL; child = hd_xml_next (reader->document, child))
    hd_xml_unexpected (reader->document, child, NONE);
}

const HdMappingTerm *
_hd_mapping_find_term (const GArray *terms, const char *rank)
{
  for (guint i = 0; i < terms->len; i++)
    if (g_str_equal (g_array_index (terms, HdMappingTerm, i).rank, rank))
      return &g_array_index (terms, HdMappingTerm, i);
  return NULL;
}

void
_hd_mapping_read_cut (HdMappingReader *reader, HdXmlNode *node, HdMappingRule *rule)
{
  HdMappingTerm term = read_term (reader, node, "size");
  finish_term (reader, node);
  const HdMappingTerm *other = _hd_mapping_find_term (rule->cuts, term.rank);
  if (other != NULL)
    hd_xml_fault (reader->document, node, "the rank \"%.60s\" is cut twice (line %u)", term.rank, other->line);
  else if (rule->cuts->len >= MAX_CUTS)
    hd_xml_fault (reader->document, node, "more than %d cuts in one <%s>", MAX_CUTS, rule->name);
  else {
    g_array_append_val (rule->cuts, term);
    return;
  }
  clear_term (&term);
}

static void
read_unrolls (HdMappingReader *reader, HdXmlNode *node, HdMappingRule *rule)
{
  static const char *const EXPECTED[] = { "unroll", NULL };
  HdXmlDocument *document = reader->document;
  if (rule->unrolls != NULL)
    hd_xml_fault (document, node, "a second <spatial> - expected one");
  else
    rule->unrolls = terms_new ();
  hd_xml_finish_element (document, node);
  for (HdXmlNode *child = hd_xml_first (document, node); child != NULL; child = hd_xml_next (document, child)) {
    if (!hd_xml_is (child, "unroll")) {
      hd_xml_unexpected (document, child, EXPECTED);
      continue;
    }
    HdMappingTerm term = read_term (reader, child, "factor");
    term.dimension = g_strdup (hd_xml_require (document, child, "dimension"));
    finish_term (reader, child);
    g_array_append_val (rule->unrolls, term);
  }
}

static void
read_loops (HdMappingReader *reader, HdXmlNode *node, HdMappingRule *rule)
{
  static const char *const EXPECTED[] = { "loop", NULL };
  static const char *const OPERANDS[HD_N_OPERANDS] = { "input", "weight", "output" };
  HdXmlDocument *document = reader->document;
  if (rule->loops != NULL)
    hd_xml_fault (document, node, "a second <temporal> - expected one");
  else
    rule->loops = terms_new ();
  hd_xml_finish_element (document, node);
  for (HdXmlNode *child = hd_xml_first (document, node); child != NULL; child = hd_xml_next (document, child)) {
    if (!hd_xml_is (child, "loop")) {
      hd_xml_unexpected (document, child, EXPECTED);
      continue;
    }
    HdMappingTerm term = read_term (reader, child, "factor");
    for (guint o = 0; o < HD_N_OPERANDS; o++)
      term.level[o] = g_strdup (hd_xml_attribute (document, child, OPERANDS[o]));
    finish_term (reader, child);
    g_array_append_val (rule->loops, term);
  }
}

static void
add_core (HdMappingReader *reader, guint line, const char *id, GArray *cores)
{
  const HdPlatform *platform = reader->mapping->platform;
  HdCoreId core = hd_platform_find_core (platform, id);
  if (core == HD_NONE) {
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (guint c = 0; c < platform->n_cores; c++)
      g_ptr_array_add (names, platform->core[c].id);
    _hd_mapping_unknown (reader, line, "core", id, (const char *const *) names->pdata, names->len);
    return;
  }
  for (guint i = 0; i < cores->len; i++)
    if (g_array_index (cores, HdCoreId, i) == core) {
      hd_diagnostics_add (reader->faults, line, "the core \"%s\" is named twice", id);
      return;
    }
  g_array_append_val (cores, core);
}

static GArray *
read_cores (HdMappingReader *reader, HdXmlNode *node)
{
  const char *text = hd_xml_attribute (reader->document, node, "cores");
  if (text == NULL)
    return NULL;
  g_auto (GStrv) ids = hd_xml_words (reader->document, node, "cores");
  GArray *cores = g_array_new (FALSE, FALSE, sizeof (HdCoreId));
  if (ids[0] == NULL)
    hd_xml_fault (reader->document, node, "cores of <%s> is empty - expected the id of a core", hd_xml_name (node));
  for (char **id = ids; *id != NULL; id++)
    add_core (reader, hd_xml_line (node), *id, cores);
  return cores;
}

HdMappingRule *
_hd_mapping_read_rule (HdMappingReader *reader, HdXmlNode *node, const char *name)
{
  static const char *const EXPECTED[] = { "cut", "spatial", "temporal", NULL };
  HdMappingRule *rule = _hd_mapping_rule_new (name, hd_xml_line (node));
  rule->cores = read_cores (reader, node);
  rule->split = g_strdup (hd_xml_attribute (reader->document, node, "split"));
  hd_xml_finish_element (reader->document, node);
  for (HdXmlNode *child = hd_xml_first (reader->document, node); child != NULL; child = hd_xml_next (reader->document, child)) {
    if (hd_xml_is (child, "cut"))
      _hd_mapping_read_cut (reader, child, rule);
    else if (hd_xml_is (child, "spatial"))
      read_unrolls (reader, child, rule);
    else if (hd_xml_is (child, "temporal"))
      read_loops (reader, child, rule);
    else
      hd_xml_unexpected (reader->document, child, EXPECTED);
  }
  return rule;
}
