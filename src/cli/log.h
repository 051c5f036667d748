/*
 * Where g_warning, g_info and the like go: stderr in the foreground, else journald, else syslog. One line each,
 * whatever is in them.
 */
#pragma once

#include <glib.h>

/* Takes over GLib's logging, to stderr. Once, first thing in main. */
void log_init (void);

void log_set_verbose (gboolean verbose); /* info and debug messages as well, and the time */

/* From here on to the journal or syslog; warnings_to_stderr: these there too, while somebody still waits. */
void log_to_system (gboolean warnings_to_stderr);
