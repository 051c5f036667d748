#define G_LOG_DOMAIN "contactfs"

#include "settings/programs.h"

#include <sys/stat.h>

#include "config.h"

static char *
find_in (const char *folder, const char *below, const char *name)
{
  g_autofree char *path = g_build_filename (folder, below, name, NULL);

  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) && !g_file_test (path, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&path);
  return NULL;
}

char *
programs_find (const char *name, const char *build)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = self != NULL ? g_path_get_dirname (self) : g_strdup (CONTACTFS_BINDIR);
  g_autofree char *beside = g_build_filename ("..", build, NULL);
  const char *const folders[][2] = { { here, "." },
                                     { here, beside },
                                     { here, "../libexec/contactfs" },
                                     { CONTACTFS_BINDIR, "." },
                                     { CONTACTFS_LIBEXECDIR, "." } };
  char *found = NULL;

  for (gsize i = 0; found == NULL && i < G_N_ELEMENTS (folders); i++)
    found = find_in (folders[i][0], folders[i][1], name);
  return found != NULL ? found : g_find_program_in_path (name);
}

char *
programs_own_command (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *found = g_find_program_in_path ("contactfs");
  struct stat ours, theirs;

  if (self == NULL
      || (found != NULL && stat (self, &ours) == 0 && stat (found, &theirs) == 0 && ours.st_dev == theirs.st_dev
          && ours.st_ino == theirs.st_ino))
    return g_strdup ("contactfs");
  return g_shell_quote (self);
}
