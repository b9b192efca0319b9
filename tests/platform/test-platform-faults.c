/* Broken platforms: each file of tests/corpus/platform is refused with the right line and the right words. */
#include <criterion/criterion.h>
#include <heddle/platform.h>

#include "platform/fuzz-platform.h"

#include <string.h>

/* A file and the first of its faults (by file and line). */
static const struct {
  const char *file, *fault;
} BROKEN[] = {
  { "bad-id", "bad-id.xml:3: id \"buf fer\" of <memory> - expected letters, digits and . _ - : / only" },
  { "bad-ports", "bad-ports.xml:7: ports of <level>: \"5q\" - expected 1 to 4 of r, w or rw each, such as \"1r 1w\" or \"2rw\"" },
  { "billion-laughs", "billion-laughs.xml:2: a DOCTYPE is not allowed - expected plain elements" },
  { "binary", "binary.xml:1: byte 0 (0x00) is not part of a UTF-8 text - expected a file in UTF-8" },
  { "bus-to-nowhere", "bus-to-nowhere.xml:4: bus \"spare\" is no way from anything to anything - expected connects=\"...\" or links that name it" },
  { "byte-order-mark-twice", "byte-order-mark-twice.xml:1: not well-formed XML: Start tag expected, '<' not found" },
  { "clocks-without-divisor", "clocks-without-divisor.xml:3: clock 999999893 Hz: the smallest clock that all clocks up to here divide is above 1099511627776 Hz (2^40) - expected frequencies with a larger common divisor" },
  { "core-without-levels", "core-without-levels.xml:5: core \"core\" has no level for its weights (W)" },
  { "core-without-memory", "core-without-memory.xml:5: core \"core\" has no memory for its inputs - expected a level that names one, or the attribute \"input-memory\"" },
  { "deep", "deep.xml:258: elements inside each other too deep - expected at most 256" },
  { "dma-of-dram", "dma-of-dram.xml:5: memories of <dma>: \"dram\" is a dram - expected on-chip memories; loads come from a dram, stores go to one" },
  { "dma-of-nothing", "dma-of-nothing.xml:5: dma \"dma\" serves no memory - expected memories=\"...\"" },
  { "dma-of-unknown-memory", "dma-of-unknown-memory.xml:5: memories of <dma>: there is no memory \"bufer\" - did you mean \"buffer\"?" },
  { "dma-without-direction", "dma-without-direction.xml:5: dma \"dma\" neither loads nor stores" },
  { "doctype", "doctype.xml:3: a DOCTYPE is not allowed - expected plain elements" },
  { "duplicate-attribute", "duplicate-attribute.xml:3: not well-formed XML: Attribute size redefined" },
  { "duplicate-dimension", "duplicate-dimension.xml:6: a second dimension \"rows\"" },
  { "duplicate-id-of-another-kind", "duplicate-id-of-another-kind.xml:5: id \"bus\" stands twice, in line 4 too - expected different names" },
  { "duplicate-id", "duplicate-id.xml:3: id \"dram\" stands twice, in line 2 too - expected different names" },
  { "duplicate-level", "duplicate-level.xml:9: level \"buffer\" stands twice in core \"core\"" },
  { "empty-dataflow", "empty-dataflow.xml:9: dataflow \"flow\" unrolls nothing - expected one <unroll> at least" },
  { "empty", "empty.xml:1: the file is empty - expected <platform>" },
  { "external-entity", "external-entity.xml:2: a DOCTYPE is not allowed - expected plain elements" },
  { "fixed-without-table", "fixed-without-table.xml:5: fixed core \"core\" has no <operator>" },
  { "foreign-namespace", "foreign-namespace.xml:4: an element of a foreign namespace - expected plain elements" },
  { "fraction-of-a-bit", "fraction-of-a-bit.xml:3: size of <memory>: \"0.3 bit\" is not a whole number of bit" },
  { "granularity-above-width", "granularity-above-width.xml:7: level \"register\" has a granularity above its width" },
  { "huge-array", "huge-array.xml:5: the array of core \"core\" has too many units - expected at most 1099511627776" },
  { "huge-burst", "huge-burst.xml:1: burst of <platform> is 9000000000000000000 bit - expected 1 to 4294967296 bit" },
  { "huge-energy", "huge-energy.xml:3: read-energy of <memory> is 1e+300 pJ/bit - expected at most 1000000000 pJ/bit" },
  { "huge-exponent", "huge-exponent.xml:3: size of <memory>: \"1e308 KiB\" is too large" },
  { "huge-latency", "huge-latency.xml:4: latency of <bus>: \"18446744073709551615 cycle\" is too large - expected less than 2^63 cycle" },
  { "huge-round-of-slots", "huge-round-of-slots.xml:4: a round of 65536 slots of 1048576000000000000 base cycles is too long - expected less than 2^63 cycles" },
  { "huge-size", "huge-size.xml:3: size of <memory>: \"99999999999999999999 KiB\" is too large - expected less than 2^63 bit" },
  { "imc-without-macro", "imc-without-macro.xml:5: imc core \"core\" has no <macro>" },
  { "include-absolute", "include-absolute.xml:4: href \"/etc/passwd\" - expected the relative path of a file below this one's folder" },
  { "include-as-text", "include-as-text.xml:4: an include has no attribute \"parse\" - expected href only" },
  { "include-broken", "parts/broken.xml:2: width of <bus> is 0 bit/cycle - expected 1 to 4294967296 bit/cycle" },
  { "include-in-memory", "include-in-memory.xml:4: href \"../outside.xml\" - expected the relative path of a file below this one's folder" },
  { "include-itself", "include-itself.xml:4: includes inside each other - expected at most 8 levels" },
  { "include-missing", "include-missing.xml:4: href \"no-such-file.xml\" - there is no such file" },
  { "include-network", "include-network.xml:4: href \"http://example.invalid/x.xml\" - expected the relative path of a file below this one's folder" },
  { "infinite-energy", "infinite-energy.xml:3: read-energy of <memory>: \"1e999 pJ/bit\" is too large" },
  { "instances-above-capacity", "instances-above-capacity.xml:8: level \"buffer\" has 8388608 bit in all its instances - expected at most the 524288 bit of memory \"buffer\"" },
  { "latin1", "latin1.xml:1: byte 30 (0xf6) is not part of a UTF-8 text - expected a file in UTF-8" },
  { "level-of-unknown-operand", "level-of-unknown-operand.xml:8: operands of <level>: \"X\" is not one of I, W, O" },
  { "level-without-operands", "level-without-operands.xml:8: <level> lacks the attribute \"operands\"" },
  { "link-to-core", "link-to-core.xml:4: to of <link>: there is no memory or bus \"core\"" },
  { "long-id", "long-id.xml:3: id of <memory> is 300 characters long - expected at most 200" },
  { "macro-in-spatial", "macro-in-spatial.xml:6: <macro> in a core of another kind - expected kind=\"imc\" at the core" },
  { "many-faults", "many-faults.xml:3: size of <memory> is 0 bit - expected 1 to 1152921504606846976 bit" },
  { "memory-of-another-core", "memory-of-another-core.xml:5: core \"other\" has its inputs in memory \"buffer\", which is private to core \"core\"" },
  { "memory-of-unknown-core", "memory-of-unknown-core.xml:3: core of <memory>: there is no core \"cores\" - did you mean \"core\"?" },
  { "memory-without-dma", "memory-without-dma.xml:5: memory \"more\" is served by no dma - expected one that names it, or no <dma> at all" },
  { "misspelt-arbiter", "misspelt-arbiter.xml:4: arbiter of <bus>: \"round-robbin\" is not one of first-come, round-robin, fixed-priority, time-slots - did you mean \"round-robin\"?" },
  { "misspelt-attribute", "misspelt-attribute.xml:3: <memory> has no attribute \"widht\" - did you mean \"width\"?" },
  { "misspelt-dimension", "misspelt-dimension.xml:9: dimension of <unroll>: there is no array dimension \"row\" - did you mean \"rows\"?" },
  { "misspelt-element", "misspelt-element.xml:3: <memroy> is not expected here - did you mean \"memory\"?" },
  { "misspelt-kind", "misspelt-kind.xml:5: kind of <core>: \"spacial\" is not one of spatial, systolic, vector, pooling, imc, fixed - did you mean \"spatial\"?" },
  { "misspelt-level-memory", "misspelt-level-memory.xml:8: memory of <level>: there is no memory \"bufffer\" - did you mean \"buffer\"?" },
  { "misspelt-reference", "misspelt-reference.xml:4: connects of <bus>: there is no memory or bus \"bufer\" - did you mean \"buffer\"?" },
  { "misspelt-serves", "misspelt-serves.xml:7: serves of <level>: there is no array dimension \"rowss\" - did you mean \"rows\"?" },
  { "movement-that-does-not-happen", "movement-that-does-not-happen.xml:7: movement from-low of operand W does not happen in this level" },
  { "name-of-a-port", "name-of-a-port.xml:4: id \"buffer.read\" is the name of a memory's port - expected another one" },
  { "nan-energy", "nan-energy.xml:3: read-energy of <memory>: \"nan pJ/bit\" is not a quantity here - expected a number and its unit, such as \"1.5 pJ/bit\"" },
  { "negative-size", "negative-size.xml:3: size of <memory>: \"-64 KiB\" is not a quantity here - expected a number and its unit, such as \"256 KiB\"" },
  { "no-bus", "no-bus.xml:2: memory \"dram\" is connected to nothing - expected a bus or link that names it" },
  { "no-core", "no-core.xml:1: no core - expected one <core> at least" },
  { "no-dram", "no-dram.xml:1: no dram - expected one <memory kind=\"dram\"> at least: inputs and weights are there at the beginning, outputs at the end" },
  { "no-port-that-writes", "no-port-that-writes.xml:7: level \"register\" has no port that writes - expected ports=\"1r 1w\" or the like" },
  { "no-unit", "no-unit.xml:3: size of <memory>: \"65536\" is not a quantity here - expected a number and its unit, such as \"256 KiB\"" },
  { "no-version", "no-version.xml:1: <platform> lacks the attribute \"version\"" },
  { "not-a-number", "not-a-number.xml:3: size of <memory>: \"many KiB\" is not a quantity here - expected a number and its unit, such as \"256 KiB\"" },
  { "not-xml", "not-xml.xml:1: not well-formed XML: Start tag expected, '<' not found" },
  { "nothing", "nothing.xml:1: no core - expected one <core> at least" },
  { "nul", "nul.xml:1: byte 31 (0x00) is not part of a UTF-8 text - expected a file in UTF-8" },
  { "one-way-in-only", "one-way-in-only.xml:5: the outputs of core \"core\" are lost: there is no way from memory \"buffer\" to any dram" },
  { "one-way-out-only", "one-way-out-only.xml:5: core \"core\" cannot get its inputs: there is no way from any dram to memory \"buffer\"" },
  { "other-version", "other-version.xml:1: version \"2\" of <platform> is not known - expected \"1\"" },
  { "port-of-shared", "port-of-shared.xml:2: a read port of a memory whose ports are shared - expected ports=\"separate\" at the memory" },
  { "port-of-the-wrong-kind", "port-of-the-wrong-kind.xml:7: movement from-low writes the level - expected a port that does, not \"r1\"" },
  { "port-that-does-not-exist", "port-that-does-not-exist.xml:7: port of <use>: this level has no port \"w7\" - expected one of those that ports= makes, such as \"r1\"" },
  { "register-above-memory", "register-above-memory.xml:8: level \"register\" is inside the core but above memory \"buffer\" - expected levels bottom-up, registers first" },
  { "register-without-serves", "register-without-serves.xml:7: level \"register\" lacks the attribute \"serves\" - expected the array dimensions that one instance serves, \"all\" or \"none\"" },
  { "route-that-does-not-join", "route-that-does-not-join.xml:7: via of <route>: \"side\" does not lead to \"buffer.write\"" },
  { "route-through-nothing", "route-through-nothing.xml:5: via of <route>: there is no bus or link \"buss\" - did you mean \"bus\"?" },
  { "route-twice", "route-twice.xml:6: a second route from \"dram\" to \"buffer\"" },
  { "self-bus", "self-bus.xml:4: bus \"bus\" is connected to itself" },
  { "self-link", "self-link.xml:4: link \"link\" leads from \"dram\" to itself - expected two different ends" },
  { "slots-without-time-slots", "slots-without-time-slots.xml:4: slots of <bus> without arbiter=\"time-slots\"" },
  { "systolic-of-one-dimension", "systolic-of-one-dimension.xml:5: systolic core \"core\" has 1 array dimensions - expected two: rows and columns" },
  { "text", "text.xml:6: text between elements - expected elements and comments only" },
  { "third-port", "third-port.xml:3: a second read port - expected one at most" },
  { "time-slots-without-slots", "time-slots-without-slots.xml:4: <bus> lacks the attribute \"slot-length\"" },
  { "too-many-ports", "too-many-ports.xml:7: 12 ports - expected at most 8" },
  { "truncated-tag", "truncated-tag.xml:1: not well-formed XML: Couldn't find end of Start Tag platform line 1" },
  { "truncated", "truncated.xml:9: not well-formed XML: Couldn't find end of Start Tag dataflow line 9" },
  { "two-roots", "two-roots.xml:12: not well-formed XML: Extra content at the end of the document" },
  { "undeclared-entity", "undeclared-entity.xml:1: not well-formed XML: Entity 'nothing' not defined" },
  { "unreachable-group", "unreachable-group.xml:4: memory \"island\" is out of reach: there is no way from any dram to it, nor from it to any dram" },
  { "unreachable-memory", "unreachable-memory.xml:4: memory \"island\" is connected to nothing - expected a bus or link that names it" },
  { "unroll-beyond-dimension", "unroll-beyond-dimension.xml:9: dataflow \"flow\" unrolls 17 over dimension \"rows\" - expected at most its size 16" },
  { "unroll-product-beyond-dimension", "unroll-product-beyond-dimension.xml:9: dataflow \"flow\" unrolls 24 over dimension \"rows\" - expected at most its size 16" },
  { "utf16", "utf16.xml:1: byte 0 (0xff) is not part of a UTF-8 text - expected a file in UTF-8" },
  { "vector-without-lanes", "vector-without-lanes.xml:5: vector core \"core\" lacks the attribute \"lanes\"" },
  { "wrong-root", "wrong-root.xml:1: the root element is <workload> - expected <platform>" },
  { "wrong-unit", "wrong-unit.xml:3: size of <memory>: \"64 bit/cycle\" is not a quantity here - expected a number and its unit, such as \"256 KiB\"" },
  { "zero-clock", "zero-clock.xml:1: clock of <platform> is 0 Hz - expected 1 to 1099511627776 Hz" },
  { "zero-dimension", "zero-dimension.xml:6: size of <dimension> is 0 - expected 1 to 1099511627776" },
  { "zero-level-width", "zero-level-width.xml:7: read-width of <level> is 0 bit/cycle - expected 1 to 4294967296 bit/cycle" },
  { "zero-size", "zero-size.xml:3: size of <memory> is 0 bit - expected 1 to 1152921504606846976 bit" },
  { "zero-width", "zero-width.xml:3: width of <memory> is 0 bit/cycle - expected 1 to 4294967296 bit/cycle" },
};

static char *
corpus_folder (void)
{
  return g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", "platform", NULL);
}

Test (platform_faults, every_broken_file_is_refused_where_it_is_broken)
{
  g_autofree char *folder = corpus_folder ();
  for (guint i = 0; i < G_N_ELEMENTS (BROKEN); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = g_strdup_printf ("%s/%s.xml", folder, BROKEN[i].file), *expected = g_strdup_printf ("%s/%s", folder, BROKEN[i].fault);
    g_autoptr (HdPlatform) platform = hd_platform_load (path, &error);
    cr_expect_null (platform, "%s loads", BROKEN[i].file);
    if (error == NULL)
      continue;
    cr_expect (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT), "%s: code %d", BROKEN[i].file, error->code);
    g_auto (GStrv) lines = g_strsplit (error->message, "\n", 2);
    cr_expect_str_eq (lines[0], expected);
  }
}

Test (platform_faults, every_file_of_the_corpus_is_in_the_table)
{
  g_autofree char *folder = corpus_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint found = 0;
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    found += g_str_has_suffix (name, ".xml");
  cr_assert_eq (found, G_N_ELEMENTS (BROKEN));
}

Test (platform_faults, all_faults_of_a_file_are_told_at_once)
{
  g_autofree char *folder = corpus_folder (), *path = g_build_filename (folder, "many-faults.xml", NULL);
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_platform_load (path, &error));
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
  static const char *const PLACES[] = { ":3: ", ":4: ", ":5: ", ":6: ", ":9: " };
  cr_assert_eq (g_strv_length (lines), G_N_ELEMENTS (PLACES), "%s", error->message);
  for (guint i = 0; i < G_N_ELEMENTS (PLACES); i++)
    cr_assert_not_null (strstr (lines[i], PLACES[i]), "%s", lines[i]);
}

Test (platform_faults, a_file_that_is_not_there_is_told_apart)
{
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_platform_load ("no/such/platform.xml", &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_NO_INPUT));
}

/* --- what is too large to stand in a folder --------------------------------------------------------- */

static const char HEAD[] = "<platform version=\"1\" name=\"%s\" clock=\"1 MHz\">\n";

static void
assert_refused (const char *text, gsize length, const char *expected)
{
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_platform_parse_xml (text, length, "big.xml", &error));
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT));
  cr_assert (g_str_has_prefix (error->message, "big.xml:"), "%s", error->message);
  cr_assert_not_null (strstr (error->message, expected), "%.300s", error->message);
}

Test (platform_faults, a_huge_attribute)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *name = g_strnfill (11 << 20, 'x');
  g_string_printf (text, HEAD, name);
  g_string_append (text, "</platform>");
  assert_refused (text->str, text->len, "big.xml:1: ");
}

Test (platform_faults, a_hundred_thousand_cores)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text, HEAD, "big");
  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (text, "<core id=\"c%u\" kind=\"vector\" lanes=\"1\" input-memory=\"m\" output-memory=\"m\"/>\n", i);
  g_string_append (text, "</platform>");
  assert_refused (text->str, text->len, "too many elements and attributes - expected at most 200000");
}

Test (platform_faults, a_hundred_thousand_attributes)
{
  g_autoptr (GString) text = g_string_new ("<platform");
  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (text, " a%u='1'", i);
  g_string_append (text, "/>");
  assert_refused (text->str, text->len, "too many attributes - expected at most 200");
}

Test (platform_faults, names_that_nothing_has)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text, HEAD, "big");
  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (text, "<memory id=\"m%u\" size=\"1 bit\"/>\n", i);
  g_string_append (text, "<bus id=\"bus\" connects=\"");
  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (text, "n%u ", i);
  g_string_append (text, "\"/></platform>");
  assert_refused (text->str, text->len, "these are the first 20");
}

/* --- the fuzz target, over the corpus and what a few changes make of it --------------------------------- */

Test (platform_faults, the_fuzz_target_takes_the_corpus_cut_at_every_64_bytes)
{
  g_autofree char *folder = corpus_folder ();
  for (guint i = 0; i < G_N_ELEMENTS (BROKEN); i++) {
    g_autofree char *path = g_strdup_printf ("%s/%s.xml", folder, BROKEN[i].file), *text = NULL;
    gsize length;
    cr_assert (g_file_get_contents (path, &text, &length, NULL));
    for (gsize n = 0; n <= length; n += n + 64 <= length || n == length ? 64 : length - n)
      LLVMFuzzerTestOneInput ((const guint8 *) text, n);
  }
}

Test (platform_faults, the_fuzz_target_takes_changed_bytes)
{
  const char *text = hd_platform_template_xml ();
  gsize length = strlen (text);
  static const char BYTES[] = { '\0', '"', '<', '>', '0', '9', ' ', '\xff' };
  for (gsize at = 0; at < length; at += 7) {
    g_autofree char *changed = g_memdup2 (text, length);
    changed[at] = BYTES[(at / 7) % G_N_ELEMENTS (BYTES)];
    LLVMFuzzerTestOneInput ((const guint8 *) changed, length);
  }
}

/* --- one-line platforms --------------------------------------------------------------------------------- */

Test (platform_faults, broken_lines)
{
  static const struct {
    const char *line, *fault;
  } LINES[] = {
    { "", "has no core" },
    { "core:4", "has no dram" },
    { "core:4 dram:64b", "expected either sram:SIZE or shared:SIZE" },
    { "core:4 dram:64b sram:1KiB shared:1KiB", "expected either sram:SIZE or shared:SIZE" },
    { "core:0 dram:64b sram:1KiB", "core \"0\" - expected a whole number from 1 to 1024" },
    { "core:99999999999999999999 dram:64b sram:1KiB", "expected a whole number from 1 to 1024" },
    { "core:1 dram:0b sram:1KiB", "width of <memory> is 0 bit/cycle" },
    { "core:1 dram:64b sram:lots", "is not a quantity here" },
    { "core:1 dram:64b srm:1KiB", "did you mean \"sram\"?" },
    { "core:1 dram:64b,latncy=3 sram:1KiB", "did you mean \"latency\"?" },
    { "core:1 core:2 dram:64b sram:1KiB", "\"core\" stands twice" },
    { "core:1 dram: sram:1KiB", "expected NAME:VALUE" },
    { "core:1 dram:64b sram:1KiB array:16", "expected ROWSxCOLUMNS" },
    { "core:1 dram:64b sram:1KiB word:16", "word \"16\" - expected bits, such as 16b" },
    { "core:1 dram:64b sram:1KiB word:0b", "word \"0\" - expected a whole number from 1 to 4096" },
    { "core:1 dram:64b sram:1KiB burst:64B@1Hz", "takes neither a clock nor options" },
    { "core:1 dram:64b@ sram:1KiB", "clock of <memory>" },
    { "core:1 dram:64b sram:1KiB bus:64b,=", "is not one of" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (LINES); i++) {
    g_autoptr (GError) error = NULL;
    cr_expect_null (hd_platform_parse_synthetic (LINES[i].line, &error), "\"%s\" is taken", LINES[i].line);
    cr_expect (error != NULL && error->code == HD_ERROR_INPUT && strstr (error->message, LINES[i].fault) != NULL, "\"%s\": %s", LINES[i].line, error != NULL ? error->message : "");
  }
}
