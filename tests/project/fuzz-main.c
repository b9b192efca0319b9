/* Runs a fuzz target over files, or over standard input (AFL); no fuzzer is needed. libFuzzer has its own main: build-aux/fuzz leaves this one out. */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#ifndef HD_FUZZER_HAS_MAIN
static int
run (const char *path)
{
  g_autofree char *data = NULL;
  gsize size;
  g_autoptr (GError) error = NULL;
  if (!g_file_get_contents (path, &data, &size, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  return LLVMFuzzerTestOneInput ((const uint8_t *) data, size);
}

int
main (int argc, char **argv)
{
  int failed = 0;
  for (int i = 1; i < argc; i++)
    failed |= run (argv[i]);
  return argc > 1 ? failed : run ("/dev/stdin");
}
#endif
