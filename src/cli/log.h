/*
 * Where g_warning, g_info and the like go: stderr in the foreground, else journald, else syslog. One line each,
 * whatever is in them. In the journal each has the fields CONTACTFS_ACCOUNT and CONTACTFS_MOUNTPOINT, and a failure has
 * CONTACTFS_ERRNO and, if it is somebody's photo, CONTACTFS_CONTACT.
 */
#pragma once

#include <glib.h>

/* Takes over GLib's logging, to stderr. Once, first thing in main. */
void log_init (void);

void log_set_verbose (gboolean verbose); /* info and debug messages as well, and the time */

/* What every message to the journal is about, from here on: CONTACTFS_ACCOUNT and CONTACTFS_MOUNTPOINT. Once, before
 * there are threads. */
void log_set_context (const char *account, const char *mountpoint);

/* TRUE if stderr leads to the journal, as a service's does: there messages are better told with their fields. */
gboolean log_stderr_is_journal (void);

/* From here on to the journal or syslog; warnings_to_stderr: these there too, while somebody still waits. */
void log_to_system (gboolean warnings_to_stderr);
