/*
 * One process at a time renews or replaces a stored login: a service that hands out a new refresh token with each access
 * token takes the old one for stolen when it is used again. Loop thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct LoginLock LoginLock;

/* Waits at most five seconds for whoever has it, and then goes on without: a process that hangs must not take the others
 * along, and what it wrote is read again in any case. folder: the account's. */
void login_lock_async (const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* Never NULL, unless it was cancelled. */
LoginLock *login_lock_finish (GAsyncResult *result, GError **error);
void login_lock_free (LoginLock *self); /* lets go; NULL is fine */
