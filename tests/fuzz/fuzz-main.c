/* Runs a fuzz target over the files and folders given as arguments; without libFuzzer. */
#define G_LOG_DOMAIN "contactfs"

#include <glib.h>

#include "fuzz.h"

static guint
run_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *contents = NULL;
  g_autofree guint8 *exact = NULL;
  gsize size;

  if (!g_file_get_contents (path, &contents, &size, &error))
    g_error ("%s", error->message);
  exact = g_memdup2 (contents, size); /* without GLib's final zero: a sanitizer sees a read past the end */
  LLVMFuzzerTestOneInput (exact, size);
  return 1;
}

static guint
run_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint count = 0;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    count += run_file (child);
  }
  return count;
}

int
main (int argc, char **argv)
{
  guint count = 0;

  for (int i = 1; i < argc; i++)
    count += g_file_test (argv[i], G_FILE_TEST_IS_DIR) ? run_folder (argv[i]) : run_file (argv[i]);
  if (count == 0)
    g_error ("no input files: the corpus is missing");
  g_print ("%u inputs\n", count);
  return 0;
}
