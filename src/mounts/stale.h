/*
 * Mounts whose daemon has died ("Transport endpoint is not connected"): told from living ones, and taken away.
 *
 * Dead is what the kernel says is dead (ENOTCONN, ECONNABORTED); a mount that does not answer is alive. For
 * short-lived, single-threaded commands; asks for at most some seconds.
 */
#pragma once

#include "mounts/mounts.h"

/* Takes it out of the tree; lazily: also while it is in use. G_IO_ERROR_BUSY and others with a sentence. */
gboolean stale_detach (const Mount *mount, gboolean lazily, GError **error);

/* Takes away the dead contactfs mounts of this user that lie on path, all of them when they are stacked; taken says
 * how many. A living mount, another user's and another file system's are left alone, and so is what lies below them:
 * that is no error. FALSE with a sentence when a dead one cannot be taken away, or one does not answer. */
gboolean stale_repair (const char *path, guint *taken, GError **error);
