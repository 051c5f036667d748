/*
 * Ctrl-C for a command that goes from contact to contact: it ends after the one under way. Main thread.
 */
#pragma once

#include <glib.h>

/* From now on SIGINT, SIGTERM and SIGHUP are taken by a thread, and interrupt no call: the first one asks for the end, and
 * says so on stderr; a second one ends the process at once. Before any other thread is started. */
void stop_watch (void);

gboolean stop_is_wanted (void);
