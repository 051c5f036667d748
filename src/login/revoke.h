/*
 * Ending a login at the service (RFC 7009). Loop thread only.
 */
#pragma once

#include "account/stored-login.h"
#include "net/http.h"

/* login: with its secrets. A login that the service no longer knows is revoked. Else PEOPLE_ERROR, or cancelled. */
void login_revoke_async (HttpClient *http, const StoredLogin *login, gint64 deadline, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
gboolean login_revoke_finish (GAsyncResult *result, GError **error);
