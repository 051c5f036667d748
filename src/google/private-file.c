#define G_LOG_DOMAIN "contactfs"

#include "google/private-file.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
private_file_is_exposed (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 && S_ISREG (status.st_mode)
         && (status.st_mode & (status.st_uid == geteuid () ? S_IRWXG | S_IRWXO : S_IRWXO)) != 0;
}

gboolean
private_file_mend (const char *path)
{
  return private_file_is_exposed (path) && g_chmod (path, 0600) == 0;
}
