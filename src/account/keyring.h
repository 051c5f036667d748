/*
 * The Secret Service (GNOME's keyring, KWallet, KeePassXC …): a secret for each login, found by its account and its
 * generation. The only door to libsecret. Loop thread only.
 *
 * Nothing here blocks, and every call is answered by its deadline (monotonic, microseconds) whatever the service does.
 * It may ask the person for the keyring's password meanwhile. Errors: PEOPLE_ERROR_UNREACHABLE (no session bus, no
 * service, locked), PEOPLE_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED.
 * Document: the Secret Service API of freedesktop.org; the schema is "contactfs" with the attributes "account" and "generation".
 */
#pragma once

#include <gio/gio.h>

void keyring_lookup_async (const char *account, const char *generation, gint64 deadline, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
/* The secret, in memory that is not paged out and wiped when freed. NULL without an error: there is none, or the person
 * did not unlock it. */
GBytes *keyring_lookup_finish (GAsyncResult *result, GError **error);

/* secret: UTF-8. Takes the place of what was there of this login. */
void keyring_store_async (const char *account, const char *generation, GBytes *secret, gint64 deadline,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean keyring_store_finish (GAsyncResult *result, GError **error);

/* generation NULL: every login of the account. Nothing there is success; any, which may be NULL, says whether there was
 * something. PEOPLE_ERROR_AUTH: there is something, and the keyring is locked. */
void keyring_clear_async (const char *account, const char *generation, gint64 deadline, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);
gboolean keyring_clear_finish (GAsyncResult *result, gboolean *any, GError **error);
