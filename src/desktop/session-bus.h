/*
 * The session bus of whoever runs us, also where the environment does not name it (cron, sudo -u, mount(8), ssh without
 * PAM).
 */
#pragma once

#include <glib.h>

/* Sets XDG_RUNTIME_DIR to /run/user/UID, when it is not set and that folder is ours. GDBus finds the session bus there,
 * and with it the keyring. A folder or a bus of somebody else counts as not set. Call it before anything else asks GLib
 * for folders, and before there are threads. */
void session_bus_find (void);

/* The bus's D-Bus address, transfer full. NULL: there is none, or GDBus would have to start one. */
char *session_bus_address (void);
