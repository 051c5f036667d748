/*
 * HOME and the like for a process that was started without.
 */
#define G_LOG_DOMAIN "contactfs"

#include "settings/environment.h"

#include <errno.h>
#include <gio/gio.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
is_our_folder (const char *path)
{
  struct stat status;
  return path != NULL && path[0] == '/' && stat (path, &status) == 0 && S_ISDIR (status.st_mode)
         && status.st_uid == getuid ();
}

gboolean
environment_restore_home (GError **error)
{
  if (!is_our_folder (g_getenv ("HOME"))) {
    const struct passwd *user = getpwuid (getuid ());
    if (user == NULL || user->pw_dir == NULL || user->pw_dir[0] != '/') {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "the user %u has no home, where the account would be kept; setuid=NAME in fstab says who mounts",
                   getuid ());
      return FALSE;
    }
    g_setenv ("HOME", user->pw_dir, TRUE);
    g_setenv ("USER", user->pw_name, TRUE);
    g_setenv ("LOGNAME", user->pw_name, TRUE);
  }
  return TRUE;
}
