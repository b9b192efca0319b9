/* Broken schedule files: XML (tests/corpus/schedule/bad-*.xml) and HDF5 are refused with the place and in words, and quickly; nothing crashes. */
#include "schedule/fuzz.h"
#include "schedule/h5.h"
#include "schedule/random-schedule.h"
#include "h5/h5.h"

#include <glib/gstdio.h>
#include <string.h>

#define PLATFORM "core:2 sram:64KiB bus:64b dram:64b"

typedef struct {
  const char *file;
  guint line;
  const char *message;
} Bad;

static const Bad BAD[] = {
  { "unknown-queue", 7, "queue \"laod\" is not known - did you mean \"load\"?" },
  { "unknown-layer", 7, "layer \"con\" is not known - did you mean \"conv\"?" },
  { "unknown-tensor", 6, "tensor \"y\" is not known" },
  { "unknown-memory", 6, "memory \"drm\" is not known - did you mean \"dram\"?" },
  { "unknown-core", 4, "core \"core7\" is not known - did you mean \"core0\"?" },
  { "unknown-destination", 7, "memory \"sram9\" is not known" },
  { "unknown-resource", 8, "resource \"dram.prt\" is not known - did you mean \"dram.port\"?" },
  { "unknown-attribute", 10, "<compute> has no attribute \"cycle\"" },
  { "unknown-element", 5, "<queu> is not expected here - did you mean \"queue\"?" },
  { "missing-cycles", 10, "<compute> lacks the attribute \"cycles\"" },
  { "missing-id", 10, "<compute> lacks the attribute \"id\"" },
  { "missing-bits", 6, "<piece> lacks the attribute \"bits\"" },
  { "missing-to", 7, "<transfer> lacks the attribute \"to\"" },
  { "duplicate-task", 10, "task 0 stands twice" },
  { "duplicate-piece", 8, "piece 0 stands twice" },
  { "duplicate-queue", 5, "queue \"c0\" stands twice" },
  { "duplicate-layer", 3, "layer \"conv\" stands twice" },
  { "duplicate-use", 10, "uses of <compute> names 1 twice" },
  { "task-beyond", 10, "task 7: there are 2 of them - expected a number less than that" },
  { "piece-beyond", 8, "piece 4000000000: there are 2 of them" },
  { "dangling-use", 10, "task 1: piece 9 does not exist - there are 2" },
  { "dangling-after", 10, "task 1: task 5 does not exist - there are 2" },
  { "dangling-release", 8, "piece 1: task 77 does not exist - there are 2" },
  { "dangling-queue-task", 5, "tasks are listed - expected the 1 that name it" },
  { "queue-of-other-task", 5, "queue \"load\": task 1 stands in a queue twice" },
  { "two-queues-of-a-core", 5, "queues \"c0\" and \"load\" are both of core \"core0\"" },
  { "compute-without-core", 10, "task 1 is a compute in queue \"load\", which has no core" },
  { "priority-in-order", 10, "task 1 has priority 3 in a queue in order" },
  { "zero-bits", 6, "piece 0 of 0 bit - expected 1 to 2^62" },
  { "zero-moved", 7, "task 0 is a transfer of 0 bit" },
  { "zero-outstanding", 5, "queue \"load\": outstanding 0" },
  { "huge-bits", 6, "bits of <piece>: " },
  { "huge-cycles", 10, "cost 0: a value is greater than 2^62" },
  { "huge-energy", 10, "is too large - expected at most 2^62 aJ" },
  { "huge-in-all", 1, "the tasks can take more than 2^62 cycles one after the other" },
  { "huge-id", 10, "id of <compute>: 4294967295 is too large - expected less than 4294967295" },
  { "huge-use", 10, "uses of <compute>: " },
  { "negative-id", 10, "id of <compute>: " },
  { "words-for-numbers", 10, "uses of <compute>: \"one\" - expected numbers" },
  { "no-unit", 10, "cycles of <compute>: " },
  { "wrong-unit", 7, "bits of <transfer>: " },
  { "empty-box", 6, "the range 4:4 of its box is empty" },
  { "broken-box", 6, "box of <piece>: \"0-4\" is not a range - expected FROM:TO" },
  { "huge-box", 6, "beyond 2^62" },
  { "deep-box", 6, "box of <piece> has 13 dimensions - expected at most 12" },
  { "box-of-nothing", 6, "piece 0 has a box but no tensor" },
  { "to-itself", 7, "stands twice, or is where the transfer begins" },
  { "to-twice", 7, "stands twice, or is where the transfer begins" },
  { "hops-elsewhere", 7, "the hops of <transfer> do not arrive at the memories of \"to\"" },
  { "hop-without-parent", 7, "its parent is hop 4294967295 - expected one before it" },
  { "hop-of-later-parent", 7, "its parent is hop 9 - expected one before it" },
  { "hop-in-compute", 11, "<hop> is not expected here - expected piece" },
  { "task-before-queue", 3, "<queue> stands behind <compute>" },
  { "child-in-piece", 7, "<piece> is not expected in <piece>" },
  { "empty-name", 2, "name of <layer> is empty" },
  { "text", 6, "text between elements" },
  { "workload-of-elements", 2, "<workload> has elements in it - expected text" },
  { "workload-twice", 3, "<workload> stands twice" },
  { "other-platform", 1, "made for another version of the platform \"synthetic\" (sha256 0123)" },
  { "no-platform", 1, "<schedule> lacks the attribute \"platform\"" },
  { "version", 1, "version \"2\" of <schedule> is not known" },
  { "root", 1, "the root element is <plan> - expected <schedule>" },
  { "order", 5, "\"sorted\" is not one of in-order, by-priority" },
  { "truncated", 8, "not well-formed XML" },
  { "empty", 1, "the file is empty" },
  { "not-xml", 1, "not well-formed XML" },
  { "doctype", 1, "a DOCTYPE is not allowed" },
  { "external-entity", 1, "a DOCTYPE is not allowed" },
  { "utf16", 1, "is not part of a UTF-8 text" },
  { "nul", 2, "byte 61 (0x00) is not part of a UTF-8 text" },
  { "include", 2, "an element of a foreign namespace" },
  { "deep", 1, "deep" },
  { "circle", 15, "task 0 depends on itself by way of 2 - expected dependencies without a circle" },
  { "self-after", 27, "task 4 depends on itself - expected dependencies without a circle" },
  { "self-use", 21, "task 2 depends on itself - expected dependencies without a circle" },
  { "many-attributes", 1, "an element with too many attributes" },
};

static char *
corpus_path (const char *file)
{
  return g_strdup_printf ("%s/tests/corpus/schedule/bad-%s.xml", g_getenv ("HEDDLE_SRCDIR"), file);
}

Test (bad_xml, each_file_is_refused_at_its_line)
{
  g_autoptr (HdPlatform) platform = small_platform (PLATFORM);
  for (gsize i = 0; i < G_N_ELEMENTS (BAD); i++) {
    g_autofree char *path = corpus_path (BAD[i].file), *place = g_strdup_printf ("%s:%u: ", path, BAD[i].line);
    g_autoptr (GError) error = NULL;
    g_autoptr (HdSchedule) schedule = hd_schedule_load (path, platform, &error);
    cr_assert_null (schedule, "%s is accepted", BAD[i].file);
    cr_assert_not_null (error, "%s is refused without a word", BAD[i].file);
    cr_expect (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT), "%s: %s", BAD[i].file, error->message);
    cr_expect_not_null (strstr (error->message, place), "%s: \"%s\" lacks \"%s\"", BAD[i].file, error->message, place);
    cr_expect_not_null (strstr (error->message, BAD[i].message), "%s: \"%s\" lacks \"%s\"", BAD[i].file, error->message, BAD[i].message);
  }
}

Test (bad_xml, each_file_is_in_the_table)
{
  g_autofree char *path = g_build_filename (g_getenv ("HEDDLE_SRCDIR"), "tests", "corpus", "schedule", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint found = 0;
  for (const char *name; (name = g_dir_read_name (folder)) != NULL;)
    found += g_str_has_prefix (name, "bad-");
  cr_assert_eq (found, G_N_ELEMENTS (BAD));
}

Test (bad_xml, all_faults_of_a_file_are_told_at_once)
{
  const char *xml = "<schedule version='1' platform='synthetic'>\n<queue name='c' core='core9'/>\n<queue name='d' outstanding='x'/>\n"
                    "<compute id='0' queue='e' cycles='3'/>\n<transfer id='1' queue='d' from='dram' to='sram7' bits='1 bit'/>\n</schedule>";
  g_autoptr (HdPlatform) platform = small_platform (PLATFORM);
  g_autoptr (GError) error = NULL;
  cr_assert_null (hd_schedule_parse_xml (xml, strlen (xml), "t.xml", platform, &error));
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
  static const char *const PLACES[] = { "t.xml:2: ", "t.xml:3: ", "t.xml:4: ", "t.xml:4: ", "t.xml:5: " };
  cr_assert_eq (g_strv_length (lines), G_N_ELEMENTS (PLACES), "%s", error->message);
  for (guint i = 0; i < G_N_ELEMENTS (PLACES); i++)
    cr_assert (g_str_has_prefix (lines[i], PLACES[i]), "%s", lines[i]);
}

Test (bad_xml, names_that_nothing_has_cost_no_time)
{
  g_autoptr (HdPlatform) platform = small_platform (PLATFORM);
  g_autoptr (GString) xml = g_string_new ("<schedule version='1' platform='synthetic'>\n");
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < 9000; i++)
    g_string_append_printf (xml, "<queue name='queue-%u'/>\n", i);
  for (guint i = 0; i < 30000; i++)
    g_string_append_printf (xml, "<compute id='%u' queue='queues-%u' cycles='1 cycle'/>\n", i, i);
  g_string_append (xml, "</schedule>");
  cr_assert_null (hd_schedule_parse_xml (xml->str, xml->len, "t.xml", platform, &error));
  cr_assert_not_null (strstr (error->message, "these are the first 20"), "%s", error->message);
}

/* --- the fuzz targets, over the corpus cut and changed ---------------------------------------------------- */

Test (bad_xml, the_fuzz_target_takes_the_corpus_cut_and_changed)
{
  static const char BYTES[] = { '\0', '"', '<', '>', '0', '9', ' ', '\xff' };
  for (gsize i = 0; i < G_N_ELEMENTS (BAD); i++) {
    g_autofree char *path = corpus_path (BAD[i].file), *text = NULL;
    gsize length;
    cr_assert (g_file_get_contents (path, &text, &length, NULL));
    for (gsize n = 0; n < length; n += 97)
      fuzz_xml ((const guint8 *) text, n);
    for (gsize at = i % 13; at < length; at += 61) {
      char kept = text[at];
      text[at] = BYTES[at % G_N_ELEMENTS (BYTES)];
      fuzz_xml ((const guint8 *) text, length);
      text[at] = kept;
    }
  }
}

/* --- HDF5 --------------------------------------------------------------------------------------------- */

typedef struct {
  RandomSchedule random;
  HdSchedule *schedule;
  char *folder, *path;
} Sound;

static void
make_sound (Sound *sound, guint n_tasks)
{
  sound->schedule = random_schedule (&sound->random, 11, n_tasks, TRUE);
  sound->folder = g_dir_make_tmp ("heddle-test-XXXXXX", NULL);
  sound->path = g_build_filename (sound->folder, "s.h5", NULL);
}

static void
clear_sound (Sound *sound)
{
  g_unlink (sound->path);
  g_rmdir (sound->folder);
  g_free (sound->path);
  g_free (sound->folder);
  hd_schedule_unref (sound->schedule);
  random_clear (&sound->random);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sound, clear_sound)

static void
assert_refused (const Sound *sound, const char *dataset, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *place = g_strdup_printf ("%s:%s", sound->path, dataset);
  g_autoptr (HdSchedule) loaded = hd_schedule_load (sound->path, sound->random.platform, &error);
  cr_assert_null (loaded, "accepted: %s %s", dataset, message);
  cr_assert (g_error_matches (error, HD_ERROR, HD_ERROR_INPUT), "%s", error->message);
  cr_assert_not_null (strstr (error->message, place), "\"%s\" lacks \"%s\"", error->message, place);
  cr_assert_not_null (strstr (error->message, message), "\"%s\" lacks \"%s\"", error->message, message);
}

static void
save (const Sound *sound)
{
  g_autoptr (GError) error = NULL;
  cr_assert (hd_schedule_save (sound->schedule, sound->random.platform, sound->path, &error), "%s", error != NULL ? error->message : "");
}

typedef struct {
  gsize offset;            /* of the column in HdSchedule */
  gsize row;
  guint64 value;
  guint bytes;             /* 1, 4 or 8 */
  const char *dataset, *message;
} Spoiled;

#define SPOIL(column, row, value, bytes, dataset, message) { offsetof (HdSchedule, column), row, value, bytes, dataset, message }

static const Spoiled SPOILED[] = {
  SPOIL (kind, 3, 7, 1, "/tasks/kind", "task 3: kind 7"),
  SPOIL (queue_of, 2, 99, 4, "/tasks/queue", "task 2: queue 99 does not exist"),
  SPOIL (what, 4, 1000, 4, "/tasks/what", "task 4: "),
  SPOIL (layer, 0, 5, 4, "/tasks/layer", "task 0: layer 5 does not exist"),
  SPOIL (use_begin, 0, 1, 8, "/tasks/use", "the rows do not begin at 0 and ascend"),
  SPOIL (use_begin, 5, G_MAXUINT64, 8, "/tasks/use", "the rows do not begin at 0 and ascend"),
  SPOIL (after_begin, 9, 1u << 30, 8, "/tasks/after", "the rows do not begin at 0 and ascend"),
  SPOIL (use, 0, 4000000000u, 4, "/tasks/use", "piece 4000000000 does not exist"),
  SPOIL (queue_task, 0, 555, 4, "/queues/tasks", "task 555 does not exist"),
  SPOIL (queue_begin, 1, G_MAXUINT64, 8, "/queues/begin", "the rows do not begin at 0 and ascend"),
  SPOIL (piece_memory, 1, 77, 4, "/pieces/memory", "piece 1: memory 77 does not exist"),
  SPOIL (piece_bits, 1, 0, 8, "/pieces/bits", "piece 1 of 0 bit"),
  SPOIL (piece_creator, 6, 1u << 31, 4, "/pieces/creator", "piece 6: task 2147483648 does not exist"),
  SPOIL (piece_tensor, 6, 12345, 4, "/pieces/tensor", "piece 6: tensor 12345 does not exist"),
  SPOIL (piece_box_begin, 2, 1u << 20, 8, "/pieces/box_begin", "the rows do not begin at 0 and ascend"),
  SPOIL (release_begin, 3, G_MAXUINT64 - 1, 8, "/pieces/release", "the rows do not begin at 0 and ascend"),
  SPOIL (release, 0, 999, 4, "/pieces/release", "task 999 does not exist"),
};

static void
put_value (void *column, const Spoiled *spoiled, guint64 value)
{
  if (spoiled->bytes == 1)
    ((guint8 *) column)[spoiled->row] = (guint8) value;
  else if (spoiled->bytes == 4)
    ((guint32 *) column)[spoiled->row] = (guint32) value;
  else
    ((guint64 *) column)[spoiled->row] = value;
}

static guint64
get_value (const void *column, const Spoiled *spoiled)
{
  if (spoiled->bytes == 1)
    return ((const guint8 *) column)[spoiled->row];
  return spoiled->bytes == 4 ? ((const guint32 *) column)[spoiled->row] : ((const guint64 *) column)[spoiled->row];
}

Test (bad_h5, values_are_refused_at_their_dataset)
{
  g_auto (Sound) sound = { 0 };
  make_sound (&sound, 20);
  for (gsize i = 0; i < G_N_ELEMENTS (SPOILED); i++) {
    void *column = *(void **) (gpointer) ((char *) sound.schedule + SPOILED[i].offset);
    guint64 kept = get_value (column, &SPOILED[i]);
    put_value (column, &SPOILED[i], SPOILED[i].value);
    save (&sound);
    put_value (column, &SPOILED[i], kept);
    assert_refused (&sound, SPOILED[i].dataset, SPOILED[i].message);
  }
}

/* A file that is sound up to where each case goes wrong: reading stops there. */
typedef enum { NO_FORMAT, OTHER_FORMAT, OTHER_PLATFORM, NO_META, NO_NAMES, OTHER_MEMORIES, NO_TASKS, WIDE_KIND, FEW_QUEUES, N_STOPS } Stop;

static const struct { const char *dataset, *message; } STOPS[N_STOPS] = {
  [NO_FORMAT] = { "/: ", "there is no attribute \"format\" - expected \"heddle-schedule\"" },
  [OTHER_FORMAT] = { "/: ", "format \"heddle-trace\"" },
  [OTHER_PLATFORM] = { "/: ", "made for the platform \"other\" (sha256 abc)" },
  [NO_META] = { "/meta/workload_xml", "" },
  [NO_NAMES] = { "/names/layers", "" },
  [OTHER_MEMORIES] = { "/names/memories", "" },
  [NO_TASKS] = { "/tasks/kind", "" },
  [WIDE_KIND] = { "/tasks/kind", "" },
  [FEW_QUEUES] = { "/tasks/queue", "" },
};

static void
write_strings (HdH5Writer *file, const char *path, const char *const *names, guint n)
{
  cr_assert (hd_h5_write_column (file, &(HdH5Column) { .path = path, .type = HD_H5_STRING, .units = "1", .long_name = "x" }, names, n, NULL));
}

static void
write_names (HdH5Writer *file, const HdPlatform *platform, Stop stop)
{
  g_autofree const char **memories = g_new (const char *, platform->n_memories), **cores = g_new (const char *, platform->n_cores), **resources = g_new (const char *, platform->n_resources);
  for (guint i = 0; i < platform->n_memories; i++)
    memories[i] = stop == OTHER_MEMORIES ? "elsewhere" : platform->memory[i].id;
  for (guint i = 0; i < platform->n_cores; i++)
    cores[i] = platform->core[i].id;
  for (guint i = 0; i < platform->n_resources; i++)
    resources[i] = platform->resource[i].id;
  write_strings (file, "/names/layers", NULL, 0);
  write_strings (file, "/names/tensors", NULL, 0);
  write_strings (file, "/names/memories", memories, platform->n_memories);
  write_strings (file, "/names/cores", cores, platform->n_cores);
  write_strings (file, "/names/resources", resources, platform->n_resources);
}

static void
write_tasks (HdH5Writer *file, Stop stop)
{
  const guint32 words[4] = { 0 };
  const guint8 bytes[4] = { 0 };
  const HdH5Column wide = { .path = "/tasks/kind", .type = HD_H5_U32, .units = "1", .long_name = "x" };
  const HdH5Column kind = { .path = "/tasks/kind", .type = HD_H5_U8, .units = "1", .long_name = "x" };
  const HdH5Column queue = { .path = "/tasks/queue", .type = HD_H5_U32, .units = "1", .long_name = "x" };
  cr_assert (hd_h5_write_column (file, stop == WIDE_KIND ? &wide : &kind, stop == WIDE_KIND ? (gconstpointer) words : bytes, 4, NULL));
  cr_assert (hd_h5_write_column (file, &queue, words, 3, NULL));
}

static void
write_until (const Sound *sound, Stop stop)
{
  g_autoptr (HdH5Writer) file = hd_h5_create (sound->path, NULL);
  g_autofree char *sha256 = hd_platform_sha256 (sound->random.platform);
  if (stop > NO_FORMAT) {
    cr_assert (hd_h5_write_string_attribute (file, "/", "format", stop == OTHER_FORMAT ? "heddle-trace" : HD_SCHEDULE_FORMAT, NULL));
    cr_assert (hd_h5_write_string_attribute (file, "/", "version", HD_SCHEDULE_VERSION, NULL));
    cr_assert (hd_h5_write_string_attribute (file, "/", "platform", stop == OTHER_PLATFORM ? "other" : "synthetic", NULL));
    cr_assert (hd_h5_write_string_attribute (file, "/", "platform_sha256", stop == OTHER_PLATFORM ? "abc" : sha256, NULL));
    cr_assert (hd_h5_write_string_attribute (file, "/", "pass", "", NULL));
  }
  if (stop > NO_META) {
    cr_assert (hd_h5_write_text (file, "/meta/workload_xml", "x", "", NULL));
    cr_assert (hd_h5_write_text (file, "/meta/mapping_xml", "x", "", NULL));
  }
  if (stop > NO_NAMES)
    write_names (file, sound->random.platform, stop);
  if (stop > NO_TASKS)
    write_tasks (file, stop);
  cr_assert (hd_h5_commit (file, NULL));
}

Test (bad_h5, what_lacks_or_has_another_form_is_refused)
{
  g_auto (Sound) sound = { 0 };
  make_sound (&sound, 4);
  for (Stop stop = 0; stop < N_STOPS; stop++) {
    write_until (&sound, stop);
    assert_refused (&sound, STOPS[stop].dataset, STOPS[stop].message);
  }
}

Test (bad_h5, cut_and_changed_files_are_refused_or_read)
{
  g_auto (Sound) sound = { 0 };
  g_autofree char *bytes = NULL;
  gsize length;
  HdRandom random;
  hd_random_init (&random, 1);
  make_sound (&sound, 12);
  save (&sound);
  cr_assert (g_file_get_contents (sound.path, &bytes, &length, NULL));
  for (guint i = 0; i < 60; i++) {
    gsize n = i < 20 ? length * i / 20 : length;
    g_autofree char *changed = g_memdup2 (bytes, length);
    for (guint k = 0; i >= 20 && k < 1 + i % 4; k++)
      changed[hd_random_below (&random, length)] ^= (char) (1u << hd_random_below (&random, 8));
    cr_assert (g_file_set_contents (sound.path, changed, (gssize) n, NULL));
    g_autoptr (GError) error = NULL;
    g_autoptr (HdSchedule) loaded = hd_schedule_load (sound.path, sound.random.platform, &error);
    cr_assert (loaded != NULL || g_error_matches (error, HD_ERROR, HD_ERROR_INPUT), "%s", error->message);
    cr_assert (i >= 20 || loaded == NULL, "cut at %zu", n);
  }
}
