/* The validation's life, its words, and the questions that others ask it. */
#include "config.h"
#include "validate/words.h"

#include <heddle/error.h>
#include <heddle/units.h>

#include <math.h>

const char *const _hd_quantity_words[] = { "latency", "peak-memory", "traffic", "throughput", "peak-throughput", "efficiency", "core-efficiency", "latency-reduction", "memory-ratio",
                                           "traffic-ratio", "energy-ratio", "inference-rate", "inferences-per-joule", NULL };
const char *const _hd_certainty_words[] = { "certain", "secondary", "uncertain", NULL };
const char *const _hd_provenance_words[] = { "published", "derived", "assumed", "fitted", NULL };

static const char *const UNITS[] = { "cycle", "KiB", "feature", "TOPS", "TOPS", "TOPS/W", "TOPS/W", "%", "1", "1", "1", "1/s", "1/J" };

const char *hd_validation_unit (HdValidationQuantity quantity) { return UNITS[quantity]; }
const char *hd_validation_quantity_name (HdValidationQuantity quantity) { return _hd_quantity_words[quantity]; }
const char *hd_validation_certainty_name (HdCertainty certainty) { return _hd_certainty_words[certainty]; }

char *
_hd_validation_number (double value)
{
  if (fabs (value) >= 1000 && fabs (value) < 1e18)
    return hd_count_for_people ((guint64) llround (fabs (value)));
  g_autoptr (GString) text = g_string_new (NULL);
  hd_append_double (text, fabs (value) >= 100 ? "%.1f" : "%.2f", value);
  return g_strdup (text->str);
}

void
_hd_validation_append_error (GString *out, double percent)
{
  if (fabs (percent) < 0.05)
    g_string_append (out, "0.0");
  else
    hd_append_double (out, "%+.1f", percent);
}

static void
free_parameters (HdValidationParameter *parameter, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_free (parameter[i].name);
    g_free (parameter[i].value);
    g_free (parameter[i].reason);
  }
  g_free (parameter);
}

static void
clear_chip (HdValidationChip *chip)
{
  g_free (chip->name);
  g_free (chip->file);
  for (guint i = 0; i < chip->n_publications; i++)
    g_free (chip->publication[i]);
  g_free (chip->publication);
  free_parameters (chip->parameter, chip->n_parameters);
}

static void
clear_run (HdValidationRun *run)
{
  g_free (run->id);
  g_free (run->platform_path);
  g_free (run->workload_path);
  g_free (run->mapping_path);
  g_free (run->pass);
  free_parameters (run->parameter, run->n_parameters);
  g_clear_pointer (&run->platform, hd_platform_unref);
  g_free (run->memory_peak_bits);
}

static void
clear_target (HdValidationTarget *target)
{
  g_free (target->id);
  g_free (target->memory);
  g_free (target->source);
  g_free (target->note);
}

void
hd_validation_free (HdValidation *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_chips; i++)
    clear_chip (&self->chip[i]);
  for (guint i = 0; i < self->n_runs; i++)
    clear_run (&self->run[i]);
  for (guint i = 0; i < self->n_targets; i++)
    clear_target (&self->target[i]);
  g_free (self->chip);
  g_free (self->run);
  g_free (self->target);
  g_free (self);
}

gboolean
hd_validation_select (HdValidation *self, const char *const *ids, guint n_ids, GError **error)
{
  g_autofree const char **all = g_new (const char *, self->n_targets);
  for (guint t = 0; t < self->n_targets; t++) {
    all[t] = self->target[t].id;
    self->target[t].wanted = FALSE;
  }
  for (guint i = 0; i < n_ids; i++) {
    gboolean found = FALSE;
    for (guint t = 0; t < self->n_targets; t++)
      if (g_str_equal (all[t], ids[i]) || g_pattern_match_simple (ids[i], all[t]))
        found = self->target[t].wanted = TRUE;
    if (!found) {
      const char *near = hd_suggest (ids[i], all, self->n_targets);
      g_set_error (error, HD_ERROR, HD_ERROR_USAGE, "there is no target \"%.60s\" - %s%s%s", ids[i], near ? "did you mean \"" : "expected one of those that heddle validate prints, or a pattern such as \"*latency*\"", near ? near : "", near ? "\"?" : "");
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
hd_validation_needs_run (const HdValidation *self, guint run)
{
  for (guint t = 0; t < self->n_targets; t++)
    if (self->target[t].wanted && (self->target[t].run == run || self->target[t].baseline == run))
      return TRUE;
  return FALSE;
}

gboolean
hd_validation_inside (const HdValidation *self)
{
  for (guint t = 0; t < self->n_targets; t++)
    if (self->target[t].wanted && !self->target[t].inside)
      return FALSE;
  return TRUE;
}

static void
add_names (GPtrArray *names, const HdValidationParameter *parameter, guint n, HdProvenance provenance, gboolean energy)
{
  for (guint i = 0; i < n; i++)
    if (parameter[i].provenance == provenance && (energy || !parameter[i].energy) && !g_ptr_array_find_with_equal_func (names, parameter[i].name, g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (parameter[i].name));
}

static gboolean
is_about_energy (HdValidationQuantity quantity)
{
  return quantity == HD_QUANTITY_EFFICIENCY || quantity == HD_QUANTITY_CORE_EFFICIENCY || quantity == HD_QUANTITY_ENERGY_RATIO || quantity == HD_QUANTITY_INFERENCES_PER_JOULE;
}

char **
hd_validation_parameters (const HdValidation *self, const HdValidationTarget *target, HdProvenance provenance)
{
  GPtrArray *names = g_ptr_array_new ();
  const HdValidationRun *run = &self->run[target->run];
  const HdValidationChip *chip = &self->chip[run->chip];
  gboolean energy = is_about_energy (target->quantity);
  add_names (names, chip->parameter, chip->n_parameters, provenance, energy);
  add_names (names, run->parameter, run->n_parameters, provenance, energy);
  if (target->baseline != HD_NONE)
    add_names (names, self->run[target->baseline].parameter, self->run[target->baseline].n_parameters, provenance, energy);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}
