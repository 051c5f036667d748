/*
 * Being called by mount(8), through mount.fuse3: whose surroundings these are.
 */
#pragma once

#include <glib.h>

/* mount(8) drops what a user's environment says, and mount.fuse3 makes up HOME=/root in its place, also for an ordinary
 * user (`user` in fstab) and after setuid=. Puts back what can be known: HOME, USER and LOGNAME from the user database
 * (XDG_RUNTIME_DIR: desktop/session-bus.h). What is right stays. Before anything else asks GLib for folders, and before there are
 * threads. A GIO error with a sentence when we have no home at all. */
gboolean environment_restore_home (GError **error);
