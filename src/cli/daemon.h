/*
 * A process of its own: in the background, with nothing to give away, and words to those who wait for it.
 */
#pragma once

#include <glib.h>

/* Forks. Returns in the child, a session leader that still has the caller's stdio; the parent stays in here until the
 * child is ready or has ended, and exits as the child says. Before any thread exists: fork keeps only the calling one.
 */
gboolean daemon_detach (GError **error);

/* No core file and no debugger: there is a token in memory. */
void daemon_guard_memory (void);

/* The same, and files for the owner alone, and no folder kept busy. */
void daemon_harden (void);

/* To those who wait that we are ready: the parent of daemon_detach, which then exits with 0 (stdio goes to /dev/null
 * first), and the service manager in $NOTIFY_SOCKET. The parent is told last, but waits two seconds at most for a manager
 * that does not read. */
void daemon_ready (void);

/* To the service manager: a line for `systemctl status`. */
void daemon_status (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* To the service manager that we are on our way out, and how long that may take: waiting changes are still to be sent,
 * each within upload_timeout seconds. */
void daemon_stopping (guint waiting, guint upload_timeout);
