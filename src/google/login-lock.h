/*
 * One process at a time renews, replaces or ends a stored login: a service that hands out a new refresh token with each
 * access token takes the old one for stolen when it is used again, and a token that is on its way to be stored must not
 * come back after a logout. Loop thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct LoginLock LoginLock;

/* Waits for whoever has it, until it is cancelled: whoever has it may be waiting for a slow service or a password, and
 * nobody may overtake it. urgent: somebody sits in a terminal, and comes before all who are not. The kernel lets go of it when its process ends. folder: the account's; where no lock can be
 * made in it, there is nothing to renew either, and the wait is over at once. */
void login_lock_async (const char *folder, gboolean urgent, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data);
/* Never NULL, unless it was cancelled. */
LoginLock *login_lock_finish (GAsyncResult *result, GError **error);
void login_lock_free (LoginLock *self); /* lets go; NULL is fine */
/* Lets go, and leaves no files of its own in the folder. Whoever waits for it goes on waiting for the next one. */
void login_lock_remove (LoginLock *self);
