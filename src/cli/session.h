/*
 * The desktop session of whoever runs us, also where the environment does not tell of it (cron, sudo -u, mount(8), ssh
 * without PAM).
 */
#pragma once

#include <glib.h>

/* Sets XDG_RUNTIME_DIR, where GDBus finds the session bus and with it the keyring, to /run/user/UID when it is not set and
 * that is ours. A folder or a bus that is somebody else's counts as not set. Before anything else asks GLib for folders, and before there are threads. */
void session_find (void);

/* Whether there is a session bus to ask. Without one, GDBus would start a bus of its own. */
gboolean session_has_bus (void);
