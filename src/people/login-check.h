/*
 * Whether the contacts can be had with a login that was just made: the People API may not be enabled in the client's project.
 * Loop thread only.
 */
#pragma once

#include "account/token-endpoint.h"
#include "people/people.h"

/* Borrows http. deadline: monotonic, microseconds. finish: FALSE with PEOPLE_ERROR, or cancelled. */
void login_check_async (HttpClient *http, const TokenResponse *response, const char *api_url, gint64 deadline,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean login_check_finish (GAsyncResult *result, GError **error);
