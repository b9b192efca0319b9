/* What came out, for people (a table) and for programs (JSON). */
#include "config.h"
#include "base/json.h"
#include "validate/words.h"

#include <heddle/units.h>

static void
append_row (const HdValidation *self, const HdValidationTarget *target, GString *out)
{
  g_auto (GStrv) fitted = hd_validation_parameters (self, target, HD_PROVENANCE_FITTED), assumed = hd_validation_parameters (self, target, HD_PROVENANCE_ASSUMED);
  g_autofree char *published = _hd_validation_number (target->published), *result = _hd_validation_number (target->simulated);
  g_autofree char *quantity = g_strdup_printf ("%s [%s]", hd_validation_quantity_name (target->quantity), hd_validation_unit (target->quantity));
  g_autoptr (GString) error = g_string_new (NULL);
  _hd_validation_append_error (error, target->error_percent);
  g_string_append_printf (out, "%-32s %-26s %11s %11s %8s", target->id, quantity, published, result, error->str);
  g_string_append_printf (out, " %7u %7u  %-9s  %s\n", g_strv_length (fitted), g_strv_length (assumed), hd_validation_certainty_name (target->certainty), target->inside ? "in its band" : "OUT OF ITS BAND");
}

/* The parameters of one provenance that stand with the chip or with a run that was simulated. */
static void
append_parameters (const HdValidationParameter *parameter, guint n, HdProvenance provenance, const char *where, GString *out)
{
  for (guint i = 0; i < n; i++)
    if (parameter[i].provenance == provenance)
      g_string_append_printf (out, "%s: %s: %s: %s\n", _hd_provenance_words[provenance], where, parameter[i].name, parameter[i].value);
}

static gboolean
chip_is_wanted (const HdValidation *self, guint chip)
{
  for (guint r = 0; r < self->n_runs; r++)
    if (self->run[r].chip == chip && hd_validation_needs_run (self, r))
      return TRUE;
  return FALSE;
}

static void
append_provenance (const HdValidation *self, HdProvenance provenance, GString *out)
{
  for (guint c = 0; c < self->n_chips; c++) {
    if (!chip_is_wanted (self, c))
      continue;
    append_parameters (self->chip[c].parameter, self->chip[c].n_parameters, provenance, self->chip[c].name, out);
    for (guint r = 0; r < self->n_runs; r++)
      if (self->run[r].chip == c && hd_validation_needs_run (self, r)) {
        g_autofree char *where = g_strdup_printf ("%s, run %s", self->chip[c].name, self->run[r].id);
        append_parameters (self->run[r].parameter, self->run[r].n_parameters, provenance, where, out);
      }
  }
}

void
hd_validation_text (const HdValidation *self, GString *out)
{
  g_string_append_printf (out, "%-32s %-26s %11s %11s %8s %7s %7s  %s\n", "target", "quantity", "published", "simulated", "error/%", "fitted", "assumed", "value is");
  for (guint t = 0; t < self->n_targets; t++)
    if (self->target[t].wanted)
      append_row (self, &self->target[t], out);
  g_string_append_c (out, '\n');
  append_provenance (self, HD_PROVENANCE_FITTED, out);
  append_provenance (self, HD_PROVENANCE_ASSUMED, out);
}

static void
json_strings (HdJson *json, const char *key, char **strings)
{
  hd_json_open_array (json, key);
  for (guint i = 0; strings[i] != NULL; i++)
    hd_json_string (json, NULL, strings[i]);
  hd_json_close_array (json);
}

static void
json_target (const HdValidation *self, const HdValidationTarget *target, HdJson *json)
{
  g_auto (GStrv) fitted = hd_validation_parameters (self, target, HD_PROVENANCE_FITTED), assumed = hd_validation_parameters (self, target, HD_PROVENANCE_ASSUMED);
  const HdValidationRun *run = &self->run[target->run];
  hd_json_open_object (json, NULL);
  hd_json_string (json, "id", target->id);
  hd_json_string (json, "chip", self->chip[run->chip].name);
  hd_json_string (json, "quantity", hd_validation_quantity_name (target->quantity));
  hd_json_string (json, "unit", hd_validation_unit (target->quantity));
  hd_json_double (json, "published", target->published);
  hd_json_double (json, "simulated", target->simulated);
  hd_json_double (json, "error_percent", target->error_percent);
  json_strings (json, "fitted", fitted);
  json_strings (json, "assumed", assumed);
  hd_json_string (json, "source", target->source);
  hd_json_string (json, "certainty", hd_validation_certainty_name (target->certainty));
  hd_json_double (json, "least_error_percent", target->least);
  hd_json_double (json, "most_error_percent", target->most);
  hd_json_boolean (json, "inside", target->inside);
  hd_json_string (json, "run", run->id);
  hd_json_string (json, "platform", run->platform_path);
  hd_json_string (json, "workload", run->workload_path);
  hd_json_string (json, "mapping", run->mapping_path != NULL ? run->mapping_path : "");
  hd_json_string (json, "pass", run->pass);
  hd_json_string (json, "note", target->note);
  hd_json_close_object (json);
}

void
hd_validation_json (const HdValidation *self, GString *out)
{
  HdJson json = { .text = out };
  hd_json_open_object (&json, NULL);
  hd_json_open_array (&json, "targets");
  for (guint t = 0; t < self->n_targets; t++)
    if (self->target[t].wanted)
      json_target (self, &self->target[t], &json);
  hd_json_close_array (&json);
  hd_json_close_object (&json);
  g_string_append_c (out, '\n');
}
