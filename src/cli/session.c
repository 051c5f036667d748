/*
 * /run/user/UID is where systemd and elogind keep a user's sockets, from the first login to the end of the last.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/session.h"

#include <sys/stat.h>
#include <unistd.h>

void
session_find (void)
{
  if (g_getenv ("XDG_RUNTIME_DIR") != NULL)
    return;
  g_autofree char *runtime = g_strdup_printf ("/run/user/%u", getuid ());
  struct stat status;
  if (stat (runtime, &status) == 0 && S_ISDIR (status.st_mode) && status.st_uid == getuid ())
    g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE);
}

gboolean
session_has_bus (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *socket = runtime != NULL ? g_build_filename (runtime, "bus", NULL) : NULL;
  return (address != NULL && address[0] != '\0') || (socket != NULL && g_file_test (socket, G_FILE_TEST_EXISTS));
}
