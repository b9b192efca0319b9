/* Sweeping a check over seeds and over the corpus, in child processes. */
#include "config.h"
#include "shrink.h"
#include "sweep.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 250, CHUNK_SECONDS = 60, ONE_SECONDS = 5, SHRINK_SECONDS = 120 };

gboolean
instance_is_sound (const Instance *self)
{
  HdPlatform platform;
  HdSchedule schedule;
  gboolean sound = self->burst_bits > 0;
  for (guint i = 0; i < self->n_cores; i++)
    sound = sound && self->core[i].period > 0;
  for (guint i = 0; i < self->n_resources; i++)
    sound = sound && self->resource[i].period > 0 && self->resource[i].n_slots > 0 && self->resource[i].slot_cycles > 0 && self->resource[i].slot_cycles % self->resource[i].period == 0;
  for (guint i = 0; i < self->n_memories; i++) {
    guint64 residents = 0;
    for (guint p = 0; p < self->n_pieces; p++)
      residents += self->piece[p].creator == HD_NONE && self->piece[p].memory == i ? self->piece[p].bits : 0;
    sound = sound && residents <= self->memory[i].capacity;
  }
  if (!sound)
    return FALSE;
  instance_build (self, &platform, &schedule);
  sound = hd_schedule_validate (&schedule, &platform, NULL);
  instance_free_built (&platform, &schedule);
  return sound;
}

/* --- one instance in a child -------------------------------------------------------------------------------- */

/* What the child says goes to @said (nullable) through a pipe. Returns TRUE when it fails in whatever way. */
static gboolean
fails_in_child (InstanceCheck check, const Instance *instance, char **said)
{
  int ends[2], status;
  char buffer[65536];
  gsize n = 0;
  gssize got;
  if (pipe (ends) != 0)
    g_error ("no pipe");
  fflush (NULL);
  pid_t child = fork ();
  if (child == 0) {
    dup2 (ends[1], STDERR_FILENO);
    alarm (ONE_SECONDS);
    g_autofree char *wrong = check (instance);
    if (wrong != NULL && write (ends[1], wrong, strlen (wrong)) < 0)
      _exit (2);
    _exit (wrong != NULL);
  }
  close (ends[1]);
  while ((got = read (ends[0], buffer + n, sizeof buffer - 1 - n)) > 0)
    n += (gsize) got;
  close (ends[0]);
  buffer[n] = '\0';
  waitpid (child, &status, 0);
  if (said != NULL)
    *said = WIFSIGNALED (status) ? g_strdup_printf ("%s\nended by signal %d", buffer, WTERMSIG (status)) : g_strdup (buffer);
  return !WIFEXITED (status) || WEXITSTATUS (status) != 0;
}

typedef struct {
  InstanceCheck check;
  gint64 until;
} ShrinkLimit;

static gboolean
still_fails (const Instance *instance, gpointer data)
{
  const ShrinkLimit *limit = data;
  return g_get_monotonic_time () < limit->until && instance_is_sound (instance) && fails_in_child (limit->check, instance, NULL);
}

static char *
corpus_path (void)
{
  const char *source = g_getenv ("HEDDLE_SRCDIR");
  return g_build_filename (source != NULL ? source : ".", "tests", "corpus", "engine", NULL);
}

static void
report_failure (const char *name, InstanceMaker make, InstanceCheck check, guint64 seed)
{
  Instance instance;
  ShrinkLimit limit = { check, g_get_monotonic_time () + SHRINK_SECONDS * G_USEC_PER_SEC };
  g_autofree char *said = NULL, *directory = corpus_path ();
  g_autofree char *base = g_strdup_printf ("%s-%" G_GUINT64_FORMAT ".instance", name, seed), *path = g_build_filename (directory, base, NULL);
  make (&instance, seed);
  if (!fails_in_child (check, &instance, NULL)) {
    fprintf (stderr, "%s: seed %" G_GUINT64_FORMAT " failed once, but passes alone\n", name, seed);
    return;
  }
  shrink_instance (&instance, still_fails, &limit);
  fails_in_child (check, &instance, &said);
  g_autofree char *text = instance_to_text (&instance);
  g_autofree char *file = g_strdup_printf ("# %s, shrunk from seed %" G_GUINT64_FORMAT "\n%s", name, seed, text);
  fprintf (stderr, "%s: seed %" G_GUINT64_FORMAT " fails; the smallest instance that does:\n%s\n%s\n", name, seed, text, said);
  if (g_file_set_contents (path, file, -1, NULL) || g_file_set_contents (base, file, -1, NULL))
    fprintf (stderr, "kept as %s\n", base);
}

/* --- many seeds ------------------------------------------------------------------------------------------------- */

typedef struct {
  pid_t pid;
  guint64 from, to;
  volatile guint64 *now;   /* the seed at work, in memory shared with the child */
} Chunk;

static void
start_chunk (Chunk *chunk, InstanceMaker make, InstanceCheck check, guint64 from, guint64 to)
{
  chunk->from = from;
  chunk->to = to;
  fflush (NULL);
  chunk->pid = fork ();
  if (chunk->pid != 0)
    return;
  alarm (CHUNK_SECONDS);
  for (guint64 seed = from; seed < to; seed++) {
    Instance instance;
    *chunk->now = seed;
    make (&instance, seed);
    g_autofree char *wrong = check (&instance);
    if (wrong != NULL)
      _exit (1);
  }
  _exit (0);
}

/* Waits for one of the chunks; NULL when it passed, else the one that failed. */
static const Chunk *
finish_one (Chunk *chunks, guint jobs, guint *freed)
{
  int status;
  pid_t pid = wait (&status);
  for (guint i = 0; i < jobs; i++)
    if (chunks[i].pid == pid) {
      chunks[i].pid = 0;
      *freed = i;
      return WIFEXITED (status) && WEXITSTATUS (status) == 0 ? NULL : &chunks[i];
    }
  return NULL;
}

gboolean
sweep_seeds (const char *name, InstanceMaker make, InstanceCheck check, guint64 from, guint64 count, guint jobs, gboolean progress)
{
  g_autofree Chunk *chunks = g_new0 (Chunk, jobs);
  volatile guint64 *shared = mmap (NULL, jobs * sizeof (guint64), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const Chunk *failed = NULL;
  guint64 next = from, done = 0, to = from + count;
  guint running = 0, slot = 0;
  g_assert (shared != MAP_FAILED);
  for (guint i = 0; i < jobs; i++)
    chunks[i].now = &shared[i];
  while ((next < to && failed == NULL) || running > 0) {
    while (running < jobs && next < to && failed == NULL) {
      while (chunks[slot].pid != 0)
        slot = (slot + 1) % jobs;
      start_chunk (&chunks[slot], make, check, next, MIN (next + CHUNK, to));
      next = MIN (next + CHUNK, to);
      running++;
    }
    const Chunk *bad = finish_one (chunks, jobs, &slot);
    running--;
    done += chunks[slot].to - chunks[slot].from;
    failed = failed != NULL ? failed : bad;
    if (progress && done % 10000 < CHUNK)
      fprintf (stderr, "# %s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "\n", name, done, count);
  }
  if (failed != NULL)
    report_failure (name, make, check, *failed->now);
  munmap ((void *) shared, jobs * sizeof (guint64));
  return failed == NULL;
}

/* --- the corpus ------------------------------------------------------------------------------------------------- */

gboolean
sweep_file (const char *name, InstanceCheck check, const char *path)
{
  g_autofree char *text = NULL, *said = NULL;
  Instance instance;
  guint line = 0;
  if (!g_file_get_contents (path, &text, NULL, NULL) || !instance_parse (&instance, text, &line) || !instance_is_sound (&instance)) {
    fprintf (stderr, "%s:%u: not a sound instance\n", path, line);
    return FALSE;
  }
  if (!fails_in_child (check, &instance, &said))
    return TRUE;
  fprintf (stderr, "%s fails on %s:\n%s\n%s\n", name, path, text, said);
  return FALSE;
}

int
sweep_corpus (const char *name, InstanceCheck check)
{
  g_autofree char *directory = corpus_path ();
  g_autoptr (GDir) files = g_dir_open (directory, 0, NULL);
  const char *file;
  gboolean fine = TRUE;
  int n = 0;
  while (files != NULL && (file = g_dir_read_name (files)) != NULL)
    if (g_str_has_suffix (file, ".instance")) {
      g_autofree char *path = g_build_filename (directory, file, NULL);
      fine = sweep_file (name, check, path) && fine;
      n++;
    }
  return fine ? n : -1;
}
