/*
 * One process at a time renews, replaces or ends an account's login: a service that hands out a new refresh token with each
 * access token takes the old one for stolen when it is used again, and a token that is on its way to be stored must not
 * come back after a logout. Loop thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct LoginLock LoginLock;

/* Waits for whoever has it, until it is cancelled: whoever has it may be waiting for a slow service or a password, and
 * nobody may overtake it. The kernel lets go of it when its process ends. folder: the account's. The lock is a file beside it,
 * which stays; where none can be made, since there is not even the folder of all accounts, there is nothing to guard
 * either, and the wait is over at once. */
void login_lock_async (const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* Never NULL, unless it was cancelled. */
LoginLock *login_lock_finish (GAsyncResult *result, GError **error);
void login_lock_free (LoginLock *self); /* lets go; NULL is fine */
