/*
 * Who keeps a mount alive that was taken away where we are: a mount namespace has a copy of its own (unshare(1), a
 * container), or it is bound to another folder. Made for short-lived, single-threaded commands.
 */
#pragma once

#include "mounts/mounts.h"

/* In words: “sleep” (PID 12), …; transfer full. daemon: the mount's process. NULL when nobody is found: programs of other
 * users are visible to root alone, those of other PID namespaces to nobody here. Asks the mount for its status, for as long
 * as mounts_read_status waits. */
char *mounts_find_copy (const Mount *mount, gint64 daemon);
