/*
 * /run/user/UID is where systemd and elogind keep a user's sockets, from the first login to the end of the last.
 */
#define G_LOG_DOMAIN "contactfs"

#include "desktop/session-bus.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Also where it cannot be looked at, since it is in a folder that only they may enter. */
static gboolean
is_of_others (const char *path)
{
  struct stat status;
  return stat (path, &status) == 0 ? status.st_uid != getuid () : errno == EACCES;
}

/* The socket of an address like unix:path=/run/user/1000/bus,guid=…; NULL: it names none. Transfer full. */
static char *
socket_of (const char *address)
{
  if (!g_str_has_prefix (address, "unix:path="))
    return NULL;
  g_autofree char *escaped
      = g_strndup (address + strlen ("unix:path="), strcspn (address + strlen ("unix:path="), ",;"));
  return g_uri_unescape_string (escaped, NULL);
}

/* As `su` and mount(8) with setuid= leave them behind. */
static void
drop_what_is_of_others (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR"), *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *socket = address != NULL ? socket_of (address) : NULL;
  if (runtime != NULL && is_of_others (runtime))
    g_unsetenv ("XDG_RUNTIME_DIR");
  if (socket != NULL && is_of_others (socket))
    g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
}

void
session_bus_find (void)
{
  drop_what_is_of_others ();
  if (g_getenv ("XDG_RUNTIME_DIR") != NULL)
    return;
  g_autofree char *runtime = g_strdup_printf ("/run/user/%u", getuid ());
  struct stat status;
  if (stat (runtime, &status) == 0 && S_ISDIR (status.st_mode) && status.st_uid == getuid ())
    g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE);
}

char *
session_bus_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  if (address != NULL && address[0] != '\0')
    return strstr (address, "autolaunch:") != NULL ? NULL : g_strdup (address);
  g_autofree char *socket = g_build_filename (runtime != NULL ? runtime : "/", "bus", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (socket);
  return runtime != NULL && g_file_test (socket, G_FILE_TEST_EXISTS) ? g_strconcat ("unix:path=", escaped, NULL) : NULL;
}
