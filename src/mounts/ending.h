/*
 * How many changes a mount that ends still has to send. `contactfs unmount` waits for them, and nothing can be asked of a
 * folder that is unmounted. So the count is in the file "ending.json" of the account's state folder, until the end.
 * A file that a kill left behind names a process that is gone.
 */
#pragma once

#include <glib.h>

typedef struct Ending Ending;

typedef guint (*EndingCount) (gpointer data);

/* Asks count twice a second, and writes what it says, without fsync. state_dir: the account's. Loop thread. */
Ending *ending_new (const char *state_dir, EndingCount count, gpointer data);
void ending_free (Ending *self); /* removes the file */

/* What the mount of that process has to send; -1: it does not tell. state_dir: the account's. Any thread. */
gint64 ending_read (const char *state_dir, gint64 pid);
