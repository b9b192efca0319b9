/* Reading the files of validation/. A run is known by its id inside its file; targets have ids that no other file has. */
#include "config.h"
#include "validate/words.h"
#include "xml/xml.h"

#include <heddle/error.h>
#include <heddle/passes.h>

#include <math.h>
#include <string.h>

/* Elements and attributes of a file; errors and published values of a target. */
#define MAX_NODES 20000u
#define MAX_NUMBER 1e18

typedef struct {
  HdXmlDocument *xml;
  char *folder;
  guint chip;
  guint first_run;           /* of this file */
  GArray *runs, *targets;    /* of all files */
} Reader;

/* --- values ---------------------------------------------------------------------------------- */

/* A number without a unit, which may be negative. */
static double
read_number (Reader *reader, HdXmlNode *node, const char *name)
{
  const char *text = hd_xml_require (reader->xml, node, name);
  char *end = NULL;
  double value = g_ascii_strtod (text, &end);
  if (*text == '\0')
    return 0;
  if (*end != '\0' || !isfinite (value) || fabs (value) > MAX_NUMBER || strpbrk (text, "xX \t\n") != NULL) {
    hd_xml_fault (reader->xml, node, "%s=\"%.40s\" - expected a number of at most 1e18", name, text);
    return 0;
  }
  return value;
}

/* Runs of white space, in which texts are wrapped, are one space. */
static char *
read_text (Reader *reader, const HdXmlNode *node)
{
  g_autofree char *text = hd_xml_text (reader->xml, node);
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  GString *out = g_string_new (NULL);
  for (guint i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", words[i]);
  return g_string_free (out, FALSE);
}

/* The path of a file that the document names, seen from the current folder: "../platforms/a.xml" in validation/ is "platforms/a.xml". */
static char *
read_path (Reader *reader, HdXmlNode *node, const char *name, gboolean required)
{
  const char *text = required ? hd_xml_require (reader->xml, node, name) : hd_xml_attribute (reader->xml, node, name);
  if (text == NULL || *text == '\0')
    return NULL;
  if (g_path_is_absolute (text))
    return g_strdup (text);
  g_autofree char *folder = g_strdup (reader->folder), *last = g_path_get_basename (folder);
  while (g_str_has_prefix (text, "../") && !g_str_equal (last, ".") && !g_str_equal (last, "..") && !g_str_equal (last, "/")) {
    char *above = g_path_get_dirname (folder);
    g_free (folder);
    folder = above;
    g_free (last);
    last = g_path_get_basename (folder);
    text += 3;
  }
  return g_str_equal (folder, ".") ? g_strdup (text) : g_build_filename (folder, text, NULL);
}

/* --- elements -------------------------------------------------------------------------------- */

static void
read_parameter (Reader *reader, HdXmlNode *node, GArray *parameters)
{
  static const char *const CONCERNS[] = { "all", "energy", NULL };
  HdValidationParameter parameter = {
    .name = g_strdup (hd_xml_require (reader->xml, node, "name")),
    .value = g_strdup (hd_xml_require (reader->xml, node, "value")),
    .provenance = (HdProvenance) MAX (0, hd_xml_choice (reader->xml, node, "provenance", _hd_provenance_words, -1)),
    .energy = hd_xml_choice (reader->xml, node, "concerns", CONCERNS, 0) == 1,
    .reason = read_text (reader, node),
  };
  if (parameter.reason[0] == '\0')
    hd_xml_fault (reader->xml, node, "the parameter says nothing - expected its source, its arithmetic, or why it is assumed");
  for (guint i = 0; i < parameters->len; i++)
    if (g_str_equal (g_array_index (parameters, HdValidationParameter, i).name, parameter.name))
      hd_xml_fault (reader->xml, node, "a second parameter \"%.60s\" - expected each name once", parameter.name);
  hd_xml_finish_element (reader->xml, node);
  g_array_append_val (parameters, parameter);
}

static void
read_run (Reader *reader, HdXmlNode *node)
{
  static const char *const INSIDE[] = { "parameter", NULL };
  GArray *parameters = g_array_new (FALSE, TRUE, sizeof (HdValidationParameter));
  HdValidationRun run = {
    .id = g_strdup (hd_xml_require_id (reader->xml, node, "id")),
    .chip = reader->chip,
    .platform_path = read_path (reader, node, "platform", TRUE),
    .workload_path = read_path (reader, node, "workload", TRUE),
    .mapping_path = read_path (reader, node, "mapping", FALSE),
    .pass = g_strdup (hd_pass_names ()[MAX (0, hd_xml_choice (reader->xml, node, "pass", hd_pass_names (), 0))]),
  };
  hd_xml_finish_element (reader->xml, node);
  for (HdXmlNode *child = hd_xml_first (reader->xml, node); child != NULL; child = hd_xml_next (reader->xml, child)) {
    if (hd_xml_is (child, "parameter"))
      read_parameter (reader, child, parameters);
    else
      hd_xml_unexpected (reader->xml, child, INSIDE);
  }
  for (guint r = reader->first_run; r < reader->runs->len; r++)
    if (g_str_equal (g_array_index (reader->runs, HdValidationRun, r).id, run.id))
      hd_xml_fault (reader->xml, node, "a second run \"%s\" - expected each id once", run.id);
  run.n_parameters = parameters->len;
  run.parameter = (HdValidationParameter *) (void *) g_array_free (parameters, FALSE);
  g_array_append_val (reader->runs, run);
}

/* The index of the run that an attribute names; 0 (and a fault) when there is none. */
static guint
find_run (Reader *reader, HdXmlNode *node, const char *name)
{
  const char *id = hd_xml_require (reader->xml, node, name);
  guint n = reader->runs->len - reader->first_run;
  g_autofree const char **ids = g_new (const char *, n + 1);
  for (guint r = 0; r < n; r++) {
    ids[r] = g_array_index (reader->runs, HdValidationRun, reader->first_run + r).id;
    if (g_str_equal (ids[r], id))
      return reader->first_run + r;
  }
  const char *near = hd_suggest (id, ids, n);
  if (*id != '\0')
    hd_xml_fault (reader->xml, node, "%s=\"%.60s\" is no run of this file%s%s%s", name, id, near ? " - did you mean \"" : "", near ? near : "", near ? "\"?" : "");
  return 0;
}

static void
read_unit (Reader *reader, HdXmlNode *node, HdValidationQuantity quantity)
{
  const char *unit = hd_xml_require (reader->xml, node, "unit");
  if (*unit != '\0' && !g_str_equal (unit, hd_validation_unit (quantity)))
    hd_xml_fault (reader->xml, node, "unit=\"%.40s\" - expected \"%s\" for the quantity %s", unit, hd_validation_unit (quantity), hd_validation_quantity_name (quantity));
}

/* What only some quantities have: a memory, a baseline, bits. */
static void
read_particulars (Reader *reader, HdXmlNode *node, HdValidationTarget *target)
{
  HdValidationQuantity quantity = target->quantity;
  target->baseline = HD_NONE;
  if (quantity == HD_QUANTITY_PEAK_MEMORY || quantity == HD_QUANTITY_MEMORY_RATIO)
    target->memory = g_strdup (hd_xml_require (reader->xml, node, "memory"));
  if (quantity == HD_QUANTITY_LATENCY_REDUCTION || quantity == HD_QUANTITY_MEMORY_RATIO || quantity == HD_QUANTITY_TRAFFIC_RATIO || quantity == HD_QUANTITY_ENERGY_RATIO)
    target->baseline = find_run (reader, node, "baseline");
  if (quantity == HD_QUANTITY_PEAK_THROUGHPUT)
    target->bits = (guint) hd_xml_u64 (reader->xml, node, "bits", HD_UNIT_BIT, TRUE, 8);
  if (target->bits > 64)
    hd_xml_fault (reader->xml, node, "bits is %u - expected 1 to 64 bit", target->bits);
}

static void
read_target (Reader *reader, HdXmlNode *node)
{
  int quantity = hd_xml_choice (reader->xml, node, "quantity", _hd_quantity_words, -1);
  HdValidationTarget target = {
    .id = g_strdup (hd_xml_require_id (reader->xml, node, "id")),
    .quantity = (HdValidationQuantity) MAX (0, quantity),
    .run = find_run (reader, node, "run"),
    .published = read_number (reader, node, "published"),
    .certainty = (HdCertainty) MAX (0, hd_xml_choice (reader->xml, node, "certainty", _hd_certainty_words, -1)),
    .source = g_strdup (hd_xml_require (reader->xml, node, "source")),
    .least = read_number (reader, node, "least"),
    .most = read_number (reader, node, "most"),
    .note = read_text (reader, node),
    .wanted = TRUE,
  };
  if (quantity >= 0) {
    read_unit (reader, node, target.quantity);
    read_particulars (reader, node, &target);
    hd_xml_finish_element (reader->xml, node);
  }
  if (target.published <= 0)
    hd_xml_fault (reader->xml, node, "published is not positive - expected the published value");
  if (target.least > target.most)
    hd_xml_fault (reader->xml, node, "least is greater than most - expected the band from its least to its greatest error");
  for (guint t = 0; t < reader->targets->len; t++)
    if (g_str_equal (g_array_index (reader->targets, HdValidationTarget, t).id, target.id))
      hd_xml_fault (reader->xml, node, "a second target \"%s\" - expected each id once, in all files", target.id);
  g_array_append_val (reader->targets, target);
}

/* --- the file -------------------------------------------------------------------------------- */

/* Targets may stand before the runs that they ask: they are read in a second round. */
static void
read_children (Reader *reader, HdXmlNode *root, HdValidationChip *chip)
{
  static const char *const INSIDE[] = { "publication", "parameter", "run", "target", NULL };
  GPtrArray *publications = g_ptr_array_new ();
  GArray *parameters = g_array_new (FALSE, TRUE, sizeof (HdValidationParameter));
  for (HdXmlNode *node = hd_xml_first (reader->xml, root); node != NULL; node = hd_xml_next (reader->xml, node)) {
    if (hd_xml_is (node, "publication")) {
      g_ptr_array_add (publications, read_text (reader, node));
      hd_xml_finish_element (reader->xml, node);
    } else if (hd_xml_is (node, "parameter"))
      read_parameter (reader, node, parameters);
    else if (hd_xml_is (node, "run"))
      read_run (reader, node);
    else if (!hd_xml_is (node, "target"))
      hd_xml_unexpected (reader->xml, node, INSIDE);
  }
  for (HdXmlNode *node = hd_xml_first (reader->xml, root); node != NULL; node = hd_xml_next (reader->xml, node))
    if (hd_xml_is (node, "target"))
      read_target (reader, node);
  chip->n_publications = publications->len;
  chip->publication = (char **) g_ptr_array_free (publications, FALSE);
  chip->n_parameters = parameters->len;
  chip->parameter = (HdValidationParameter *) (void *) g_array_free (parameters, FALSE);
}

static gboolean
read_file (const char *path, GArray *chips, GArray *runs, GArray *targets, GError **error)
{
  g_autoptr (HdXmlDocument) xml = hd_xml_load_limited (path, "validation", "1", MAX_NODES, error);
  if (xml == NULL)
    return FALSE;
  g_autofree char *folder = g_path_get_dirname (path);
  Reader reader = { .xml = xml, .folder = folder, .chip = chips->len, .first_run = runs->len, .runs = runs, .targets = targets };
  HdXmlNode *root = hd_xml_root (xml);
  HdValidationChip chip = { .name = g_strdup (hd_xml_require (xml, root, "chip")), .file = g_strdup (path) };
  hd_xml_finish_element (xml, root);
  read_children (&reader, root, &chip);
  if (targets->len > 0 && runs->len == 0)
    hd_xml_fault (xml, root, "there is no <run> - expected one at least");
  g_array_append_val (chips, chip);
  return hd_diagnostics_check (hd_xml_diagnostics (xml), error);
}

HdValidation *
hd_validation_load (const char *const *paths, guint n_paths, GError **error)
{
  GArray *chips = g_array_new (FALSE, TRUE, sizeof (HdValidationChip));
  GArray *runs = g_array_new (FALSE, TRUE, sizeof (HdValidationRun));
  GArray *targets = g_array_new (FALSE, TRUE, sizeof (HdValidationTarget));
  gboolean fine = TRUE;
  for (guint i = 0; i < n_paths && fine; i++)
    fine = read_file (paths[i], chips, runs, targets, error);
  g_autoptr (HdValidation) self = g_new0 (HdValidation, 1);
  self->n_chips = chips->len;
  self->chip = (HdValidationChip *) (void *) g_array_free (chips, FALSE);
  self->n_runs = runs->len;
  self->run = (HdValidationRun *) (void *) g_array_free (runs, FALSE);
  self->n_targets = targets->len;
  self->target = (HdValidationTarget *) (void *) g_array_free (targets, FALSE);
  return fine ? g_steal_pointer (&self) : NULL;
}
