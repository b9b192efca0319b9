/* A preloaded library that makes the system say no: the FAIL_AT-th write, truncation or synchronisation fails as on a full disk, and so do all after it
 * unless FAIL_ONCE is set. FAIL_RENAME makes every rename fail. FAIL_COUNT names a file to which the number of calls is written at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pwrite (int fd, const void *bytes, size_t n, off_t offset);
ssize_t pwrite64 (int fd, const void *bytes, size_t n, off64_t offset);
int ftruncate (int fd, off_t length);
int ftruncate64 (int fd, off64_t length);
int fsync (int fd);
int rename (const char *from, const char *to);

static int calls;

static int
fails (void)
{
  const char *at = getenv ("FAIL_AT");
  int k = at != NULL ? atoi (at) : 0, now = __atomic_add_fetch (&calls, 1, __ATOMIC_SEQ_CST);
  if (k == 0 || now < k || (now > k && getenv ("FAIL_ONCE") != NULL))
    return 0;
  errno = ENOSPC;
  return 1;
}

#define NEXT(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

ssize_t
pwrite (int fd, const void *bytes, size_t n, off_t offset)
{
  return fails () ? -1 : NEXT (pwrite) (fd, bytes, n, offset);
}

ssize_t
pwrite64 (int fd, const void *bytes, size_t n, off64_t offset)
{
  return fails () ? -1 : NEXT (pwrite64) (fd, bytes, n, offset);
}

int
ftruncate (int fd, off_t length)
{
  return fails () ? -1 : NEXT (ftruncate) (fd, length);
}

int
ftruncate64 (int fd, off64_t length)
{
  return fails () ? -1 : NEXT (ftruncate64) (fd, length);
}

int
fsync (int fd)
{
  return fails () ? -1 : NEXT (fsync) (fd);
}

int
rename (const char *from, const char *to)
{
  if (getenv ("FAIL_RENAME") == NULL)
    return NEXT (rename) (from, to);
  errno = EXDEV;
  return -1;
}

__attribute__ ((destructor)) static void
tell (void)
{
  const char *path = getenv ("FAIL_COUNT");
  FILE *file = path != NULL ? fopen (path, "w") : NULL;
  if (file == NULL)
    return;
  fprintf (file, "%d\n", calls);
  fclose (file);
}
