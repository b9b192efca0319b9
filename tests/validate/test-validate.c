/* Files of targets: what is read, and how each fault is told. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <glib/gstdio.h>
#include <heddle/error.h>
#include <heddle/validate.h>

#include <string.h>

#define HEAD "<validation version=\"1\" chip=\"c\">\n"
#define RUN "<run id=\"r\" platform=\"p.xml\" workload=\"w.xml\"/>\n"
#define TARGET(more) "<target id=\"t\" quantity=\"latency\" unit=\"cycle\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"-1\" most=\"1\" " more "/>\n"
#define END "</validation>\n"

static HdValidation *
load (const char *text, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp ("heddle-validate-XXXXXX", NULL), *path = g_build_filename (folder, "chip.xml", NULL);
  const char *paths[] = { path };
  g_file_set_contents (path, text, -1, NULL);
  HdValidation *self = hd_validation_load (paths, 1, error);
  g_unlink (path);
  g_rmdir (folder);
  return self;
}

Test (targets, all_is_read)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdValidation) self = load (HEAD "<publication>a\n   book</publication>\n" TARGET ("") "<parameter name=\"n\" value=\"v\" provenance=\"derived\">1 + 1</parameter>\n"
                                        "<run id=\"r\" platform=\"p.xml\" workload=\"/w.xml\" mapping=\"../m.xml\" pass=\"layer-by-layer\">"
                                        "<parameter name=\"k\" value=\"v\" provenance=\"fitted\" concerns=\"energy\">to it</parameter></run>\n" END, &error);
  cr_assert (self != NULL, "%s", error ? error->message : "");
  cr_assert (self->n_chips == 1 && self->n_runs == 1 && self->n_targets == 1);
  cr_assert (eq (str, self->chip[0].publication[0], (char *) "a book"));
  cr_assert (self->chip[0].parameter[0].provenance == HD_PROVENANCE_DERIVED && !self->chip[0].parameter[0].energy);
  cr_assert (self->run[0].parameter[0].provenance == HD_PROVENANCE_FITTED && self->run[0].parameter[0].energy);
  cr_assert (g_str_has_suffix (self->run[0].platform_path, "/p.xml") && g_path_is_absolute (self->run[0].platform_path), "paths are seen from the file's folder");
  cr_assert (g_str_has_suffix (self->run[0].mapping_path, "/m.xml") && strstr (self->run[0].mapping_path, "..") == NULL);
  cr_assert (eq (str, self->run[0].workload_path, (char *) "/w.xml"));
  cr_assert (eq (str, self->run[0].pass, (char *) "layer-by-layer"));
  cr_assert (self->target[0].run == 0 && self->target[0].baseline == HD_NONE && self->target[0].wanted);
  cr_assert (self->target[0].published == 10 && self->target[0].least == -1 && self->target[0].most == 1);
}

static const struct {
  const char *text, *fault;
} BROKEN[] = {
  { "<validation version=\"2\" chip=\"c\"/>", "chip.xml:1: " },
  { "<validation version=\"1\"/>", "chip.xml:1: <validation> lacks the attribute \"chip\"" },
  { HEAD RUN TARGET ("memory=\"l1\"") END, "chip.xml:3: " },
  { HEAD RUN "<tarket/>\n" END, "chip.xml:3: " },
  { HEAD RUN RUN END, "chip.xml:3: a second run \"r\"" },
  { HEAD RUN TARGET ("") TARGET ("") END, "chip.xml:4: a second target \"t\"" },
  { HEAD TARGET ("") END, "chip.xml:2: run=\"r\" is no run of this file" },
  { HEAD "<run id=\"rr\" platform=\"p\" workload=\"w\"/>\n" TARGET ("") END, "chip.xml:3: run=\"r\" is no run of this file - did you mean \"rr\"?" },
  { HEAD "<run id=\"r\" platform=\"p\"/>\n" END, "chip.xml:2: <run> lacks the attribute \"workload\"" },
  { HEAD "<run id=\"r\" platform=\"p\" workload=\"w\" pass=\"best\"/>\n" END, "chip.xml:2: " },
  { HEAD "<parameter name=\"n\" value=\"v\" provenance=\"assumed\"/>\n" END, "chip.xml:2: the parameter says nothing" },
  { HEAD "<parameter name=\"n\" value=\"v\" provenance=\"guessed\">x</parameter>\n" END, "chip.xml:2: " },
  { HEAD "<parameter name=\"n\" value=\"v\" provenance=\"assumed\">x</parameter>\n<parameter name=\"n\" value=\"v\" provenance=\"assumed\">x</parameter>\n" END, "chip.xml:3: a second parameter \"n\"" },
  { HEAD RUN "<target id=\"t\" quantity=\"latency\" unit=\"ms\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: unit=\"ms\" - expected \"cycle\" for the quantity latency" },
  { HEAD RUN "<target id=\"t\" quantity=\"latenzy\" unit=\"cycle\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: " },
  { HEAD RUN "<target id=\"t\" quantity=\"latency\" unit=\"cycle\" run=\"r\" published=\"10 cycle\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: published=\"10 cycle\" - expected a number" },
  { HEAD RUN "<target id=\"t\" quantity=\"latency\" unit=\"cycle\" run=\"r\" published=\"1e999\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: published=\"1e999\" - expected a number" },
  { HEAD RUN "<target id=\"t\" quantity=\"latency\" unit=\"cycle\" run=\"r\" published=\"0\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: published is not positive" },
  { HEAD RUN "<target id=\"t\" quantity=\"latency\" unit=\"cycle\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"2\" most=\"1\"/>\n" END, "chip.xml:3: least is greater than most" },
  { HEAD RUN "<target id=\"t\" quantity=\"latency\" unit=\"cycle\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"nan\" most=\"1\"/>\n" END, "chip.xml:3: least=\"nan\" - expected a number" },
  { HEAD RUN "<target id=\"t\" quantity=\"peak-memory\" unit=\"KiB\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: <target> lacks the attribute \"memory\"" },
  { HEAD RUN "<target id=\"t\" quantity=\"latency-reduction\" unit=\"%\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: <target> lacks the attribute \"baseline\"" },
  { HEAD RUN "<target id=\"t\" quantity=\"peak-throughput\" unit=\"TOPS\" bits=\"99 bit\" run=\"r\" published=\"10\" certainty=\"certain\" source=\"s\" least=\"0\" most=\"1\"/>\n" END, "chip.xml:3: bits is 99" },
};

Test (targets, faults_have_a_line)
{
  for (gsize i = 0; i < G_N_ELEMENTS (BROKEN); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (HdValidation) self = load (BROKEN[i].text, &error);
    cr_expect (self == NULL && error->code == HD_ERROR_INPUT && strstr (error->message, BROKEN[i].fault) != NULL, "%" G_GSIZE_FORMAT ": %s - expected %s", i, error ? error->message : "no fault", BROKEN[i].fault);
  }
}

Test (targets, all_faults_are_told_at_once)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HdValidation) self = load (HEAD "<run id=\"r\" platform=\"p\"/>\n<nonsense/>\n" TARGET ("bits=\"8 bit\"") END, &error);
  cr_assert (self == NULL);
  cr_assert (strstr (error->message, ":2: ") && strstr (error->message, ":3: ") && strstr (error->message, ":4: "), "%s", error->message);
}

Test (targets, the_same_id_in_two_files)
{
  g_autofree char *folder = g_dir_make_tmp ("heddle-validate-XXXXXX", NULL), *a = g_build_filename (folder, "a.xml", NULL), *b = g_build_filename (folder, "b.xml", NULL);
  const char *paths[] = { a, b };
  g_autoptr (GError) error = NULL;
  g_file_set_contents (a, HEAD RUN TARGET ("") END, -1, NULL);
  g_file_set_contents (b, HEAD RUN TARGET ("") END, -1, NULL);
  g_autoptr (HdValidation) self = hd_validation_load (paths, 2, &error);
  cr_assert (self == NULL && strstr (error->message, "b.xml:3: a second target \"t\""), "%s", error->message);
  g_unlink (a);
  g_unlink (b);
  g_rmdir (folder);
}

/* 2 macros of 8 x 32 cells of 1 bit, 1 bit of input at a time, 3 cycles a conversion, at 1 GHz. 8 bit: 8 rows x 4 outputs x 2 operations x 2 macros / (8 x 3) cycles = 5.33 operations a cycle; 4 bit: 8 x 8 x 2 x 2 / 12 = 21.33. */
Test (quantities, peak_throughput)
{
  g_autofree char *folder = g_dir_make_tmp ("heddle-validate-XXXXXX", NULL), *chip = g_build_filename (folder, "c.xml", NULL), *platform = g_build_filename (folder, "p.xml", NULL),
                  *workload = g_build_filename (folder, "w.xml", NULL);
  const char *paths[] = { chip };
  g_autoptr (GError) error = NULL;
  g_file_set_contents (chip, HEAD RUN "<target id=\"t8\" quantity=\"peak-throughput\" unit=\"TOPS\" bits=\"8 bit\" run=\"r\" published=\"1\" certainty=\"certain\" source=\"s\" least=\"-100\" most=\"0\"/>\n"
                       "<target id=\"t4\" quantity=\"peak-throughput\" unit=\"TOPS\" bits=\"4 bit\" run=\"r\" published=\"1\" certainty=\"certain\" source=\"s\" least=\"-100\" most=\"0\"/>\n"
                       "<target id=\"t\" quantity=\"throughput\" unit=\"TOPS\" run=\"r\" published=\"1\" certainty=\"certain\" source=\"s\" least=\"-100\" most=\"0\"/>\n"
                       "<target id=\"m\" quantity=\"peak-memory\" memory=\"sram\" unit=\"KiB\" run=\"r\" published=\"1\" certainty=\"certain\" source=\"s\" least=\"-100\" most=\"0\"/>\n" END, -1, NULL);
  g_file_set_contents (platform, "<platform version=\"1\" name=\"p\" clock=\"1 GHz\"><memory id=\"dram\" kind=\"dram\" width=\"64 bit/cycle\"/><memory id=\"sram\" size=\"64 KiB\" width=\"64 bit/cycle\"/><bus id=\"b\" connects=\"dram sram\"/>"
                       "<core id=\"c\" kind=\"imc\"><macro rows=\"8\" columns=\"32\" count=\"2\" copies=\"2\" dac-bits=\"1 bit\" cycles-per-conversion=\"3 cycle\" write-width=\"64 bit/cycle\"/><level memory=\"sram\" operands=\"I W O\"/></core></platform>", -1, NULL);
  g_file_set_contents (workload, "<workload version=\"1\" name=\"w\"><tensor id=\"x\" kind=\"input\" shape=\"1 8 1 4\"/><layer id=\"l\" operator=\"Conv\" inputs=\"x\" channels=\"4\" kernel_shape=\"1 1\"/></workload>", -1, NULL);
  g_autoptr (HdValidation) self = hd_validation_load (paths, 1, &error);
  cr_assert (self != NULL, "%s", error ? error->message : "");
  cr_assert (hd_validation_simulate (self, NULL, &error), "%s", error ? error->message : "");
  cr_expect (ieee_ulp_eq (dbl, self->target[0].simulated, 128.0 / 24 * 1e9 / 1e12, 4));
  cr_expect (ieee_ulp_eq (dbl, self->target[1].simulated, 256.0 / 12 * 1e9 / 1e12, 4));
  cr_expect (ieee_ulp_eq (dbl, self->target[2].simulated, 256.0 * 1e9 / (double) self->run[0].cycles / 1e12, 4));
  /* What is in use at once: weights 8 x 4, inputs 8 x 4, outputs 4 x 4, of 8 bit. */
  cr_expect (ieee_ulp_eq (dbl, self->target[3].simulated, (32 + 32 + 16) / 1024.0, 4));
  cr_expect (self->run[0].traffic == 32 + 16 && self->run[0].operations == 2 * 8 * 4 * 4 && self->run[0].nodes >= 1);
  g_unlink (chip);
  g_unlink (platform);
  g_unlink (workload);
  g_rmdir (folder);
}
