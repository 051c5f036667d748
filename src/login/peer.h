/*
 * Whose program is at the other end of a TCP connection on this computer: sock_diag(7). Any thread; does not block.
 */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* connection: an accepted IPv4 connection. uid: who made the socket at its other end. G_IO_ERROR_NOT_FOUND when no program
 * of this computer holds that end (any more), other errors when the kernel does not tell; each with a sentence. */
gboolean peer_uid (GSocket *connection, uid_t *uid, GError **error);
