#define G_LOG_DOMAIN "contactfs"

#include "net/private-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
private_file_write (const char *path, const char *text, gsize length, GError **error)
{
  /* newer GLib (Debian 13's) leaves the mode of what is there */
  if (private_file_is_exposed (path) && g_chmod (path, 0600) != 0 && errno != ENOENT) {
    g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "%s cannot be made private: %s", path,
                 g_strerror (errno));
    return FALSE;
  }
  return g_file_set_contents_full (path, text, (gssize)length,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

gboolean
private_file_remove (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean good = (g_unlink (path) == 0 || errno == ENOENT) && (fd < 0 || fsync (fd) == 0);

  if (!good)
    g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "%s cannot be removed: %s", path,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return good;
}

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
