/* A file is walked in a child process before this process trusts libhdf5 with it.
 *
 * libhdf5 is known to crash, to run for ever, and to ask for any amount of memory on damaged metadata. The child opens every object, reads every
 * attribute and every string, and loads every chunk index, under limits of time and memory. It answers by a pipe: "k" when all went well, else the reason.
 * The calls of this process are among those of the child, so what the child survived this process survives too.
 */
#include "config.h"
#include "h5/read-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  PATIENCE = 30,                      /* seconds on the clock, for a child that waits instead of working */
  MILLISECONDS = 400,                 /* of processor time, and a second more ... */
  BYTES_PER_SECOND = 64 << 20,        /* ... for so many bytes of file */
  MEMORY_BYTES = 160 << 20,           /* beyond what the process has; and the file's own size */
  OBJECTS_MAX = 1 << 20,
};

/* --- in the child ----------------------------------------------------------------------------------------- */

typedef struct {
  HdH5Reader *reader;
  guint n_objects;
  GError *error;
} Walk;

/* FALSE on a failure of HDF5. Only strings lead to the heap, where a hostile file can do harm. */
static herr_t
visit_attribute (hid_t object, const char *name, const H5A_info_t *info, void *data)
{
  AUTO_ID attribute = H5Aopen (object, name, H5P_DEFAULT);
  AUTO_ID type = attribute < 0 ? H5I_INVALID_HID : H5Aget_type (attribute);
  AUTO_ID space = attribute < 0 ? H5I_INVALID_HID : H5Aget_space (attribute);
  if (type < 0 || space < 0)
    return -1;
  if (H5Tget_class (type) != H5T_STRING || H5Tis_variable_str (type) <= 0 || H5Sget_simple_extent_npoints (space) != 1)
    return 0;
  AUTO_ID memory = _hd_h5_string_type ();
  char *text = NULL;
  if (memory < 0 || H5Aread (attribute, memory, &text) < 0)
    return -1;
  H5free_memory (text);
  return 0;
}

static gboolean
visit_strings (Walk *walk, const char *path, hid_t dataset)
{
  AUTO_ID space = H5Dget_space (dataset);
  int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims (space);
  guint64 rows = HD_H5_ANY_ROWS;
  if (rank == 0) {
    g_autofree char *text = hd_h5_read_text (walk->reader, path, &walk->error);
    return text != NULL;
  }
  if (rank != 1)
    return _hd_h5_read_error (walk->reader, path, &walk->error, "is not a list of strings - expected one dimension");
  g_auto (GStrv) strings = hd_h5_read_strings (walk->reader, path, &rows, &walk->error);
  return strings != NULL;
}

static gboolean
visit_dataset (Walk *walk, const char *path, hid_t dataset)
{
  hsize_t n_chunks;
  AUTO_ID type = H5Dget_type (dataset);
  AUTO_ID space = H5Dget_space (dataset);
  AUTO_ID list = H5Dget_create_plist (dataset);
  if (type < 0 || space < 0 || list < 0)
    return _hd_h5_read_failed (walk->reader, path, &walk->error);
  if (H5Tget_class (type) == H5T_STRING && H5Tis_variable_str (type) > 0)
    return visit_strings (walk, path, dataset);
  /* This loads the whole index of chunks. */
  if (H5Pget_layout (list) == H5D_CHUNKED && H5Dget_num_chunks (dataset, space, &n_chunks) < 0)
    return _hd_h5_read_failed (walk->reader, path, &walk->error);
  return TRUE;
}

static herr_t
visit_object (hid_t root, const char *name, const H5O_info_t *info, void *data)
{
  Walk *walk = data;
  g_autofree char *path = g_str_equal (name, ".") ? g_strdup ("/") : g_strconcat ("/", name, NULL);
  if (++walk->n_objects > OBJECTS_MAX) {
    _hd_h5_read_error (walk->reader, path, &walk->error, "is one of too many objects - expected at most %d", OBJECTS_MAX);
    return -1;
  }
  AUTO_ID object = H5Oopen (root, name, H5P_DEFAULT);
  hsize_t next = 0;
  if (object < 0 || H5Aiterate2 (object, H5_INDEX_NAME, H5_ITER_NATIVE, &next, visit_attribute, NULL) < 0) {
    _hd_h5_read_failed (walk->reader, path, &walk->error);
    return -1;
  }
  return info->type != H5O_TYPE_DATASET || visit_dataset (walk, path, object) ? 0 : -1;
}

static void
limit (int resource, rlim_t value)
{
  struct rlimit rule;
  if (getrlimit (resource, &rule) != 0 || (rule.rlim_max != RLIM_INFINITY && rule.rlim_max < value))
    return;
  rule.rlim_cur = rule.rlim_max = value;
  (void) !setrlimit (resource, &rule);
}

/* The memory that the process has now, of which the limit is to be counted [byte]; 0: not known. */
static guint64
address_space (void)
{
  unsigned long pages = 0;
  FILE *file = fopen ("/proc/self/statm", "re");
  if (file == NULL)
    return 0;
  if (fscanf (file, "%lu", &pages) != 1)
    pages = 0;
  fclose (file);
  return (guint64) pages * sysconf (_SC_PAGESIZE);
}

/* A crash here is an answer: nobody else's handler is to report it. */
static void
become_probe (guint64 file_size)
{
  static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF, SIGTERM, SIGINT, SIGALRM };
  guint64 memory = address_space ();
  int null = open ("/dev/null", O_RDWR);
  for (guint i = 0; i < G_N_ELEMENTS (fatal); i++)
    signal (fatal[i], SIG_DFL);
  if (null >= 0) {
    dup2 (null, STDOUT_FILENO);
    dup2 (null, STDERR_FILENO);
  }
  _hd_h5_forget_lock ();
  alarm (PATIENCE + file_size / BYTES_PER_SECOND);
  limit (RLIMIT_CORE, 0);
  setitimer (ITIMER_PROF, &(struct itimerval) { .it_value = { file_size / BYTES_PER_SECOND, MILLISECONDS * 1000 } }, NULL);
  if (memory > 0)
    limit (RLIMIT_AS, memory + MEMORY_BYTES + file_size);
}

static void
probe_and_exit (HdH5Reader *reader, int answer)
{
  Walk walk = { reader, 0, NULL };
  const char *text = "k";
  become_probe (reader->size);
  reader->file = _hd_h5_open_file (reader->path);
  if (reader->file < 0)
    _hd_h5_read_failed (reader, "/", &walk.error);
  else if (H5Ovisit (reader->file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_object, &walk) < 0 && walk.error == NULL)
    _hd_h5_read_failed (reader, "/", &walk.error);
  if (walk.error != NULL)
    text = walk.error->message;
  (void) !write (answer, text, strlen (text));
  _exit (0);
}

/* --- in the parent ------------------------------------------------------------------------------------------ */

/* What the child says until it ends; longer answers are cut. */
static void
hear (int fd, char *text, gsize size)
{
  gsize n = 0;
  while (n < size - 1) {
    gssize got = read (fd, text + n, size - 1 - n);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    n += got;
  }
  text[n] = '\0';
}

static void
reap (pid_t child)
{
  while (waitpid (child, NULL, 0) < 0 && errno == EINTR)
    continue;
}

gboolean
_hd_h5_probe (const HdH5Reader *self, GError **error)
{
  int ends[2];
  char text[4096];
  gboolean piped = pipe2 (ends, O_CLOEXEC) == 0;
  pid_t child = piped ? fork () : -1;
  if (child < 0) {
    if (piped) {
      close (ends[0]);
      close (ends[1]);
    }
    g_set_error (error, HD_ERROR, HD_ERROR_NO_INPUT, "%s: cannot be examined (%s)", self->path, g_strerror (errno));
    return FALSE;
  }
  if (child == 0)
    probe_and_exit (&(HdH5Reader) { self->path, self->size, H5I_INVALID_HID }, ends[1]);
  close (ends[1]);
  hear (ends[0], text, sizeof text);
  close (ends[0]);
  reap (child);
  if (g_str_equal (text, "k"))
    return TRUE;
  if (text[0] != '\0')
    g_set_error_literal (error, HD_ERROR, HD_ERROR_INPUT, text);
  else
    g_set_error (error, HD_ERROR, HD_ERROR_INPUT, "%s:/: cannot be examined within the limits of time and memory - the file is damaged", self->path);
  return FALSE;
}
